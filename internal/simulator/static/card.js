import {
  act, byID, chip, day, el, facts, get, hint, instant, megabytes, mono, options, statusChip, submit, t, table,
  term, terms, yesNo,
} from "./page.js";
import {usageChart} from "./chart.js";
import {listen, soon} from "./events.js";

const number = decodeURIComponent(location.pathname.split("/").pop());
const path = `/cards/${encodeURIComponent(number)}`;
let card;
const shown = 200; // rows of a list
const charted = 30; // days of the chart

async function load() {
  try {
    card = await get(path);
  } catch {
    byID("missing").hidden = false;
    byID("card").hidden = true;
    return;
  }
  byID("missing").hidden = true;
  byID("card").hidden = false;
  showCard();
  const of = {card: card.iccid, limit: shown};
  const [usage, history, orders, sent, received] = await Promise.all([
    get(`${path}/usage`, {first: await firstDay()}), get(`${path}/history`),
    get("/orders", of), get("/sms", of), get("/received", of),
  ]);
  showUsage(usage);
  showHistory(history);
  showOrders(orders);
  showSMS(sent, received);
}

function showCard() {
  document.title = `${card.msisdn} · quecloud-sim`;
  byID("title").textContent = card.msisdn;
  byID("chips").replaceChildren(statusChip(card.status), ...[
    card.pauseReason && chip(term("reason", card.pauseReason), "warn", card.pauseReason),
    card.gprsClosed && card.pauseReason !== "数据服务关闭" && chip(t("card.gprsClosed"), "warn"),
    card.locked && chip(t("card.locked"), "warn"),
    chip(term("carrier", card.carrier), "", card.carrier), chip(card.planName),
  ].filter(Boolean));
  const used = [card.cycleFlow, card.allowance].filter((mb, i) => mb || i === 0).map(megabytes).join(" / ");
  facts(byID("facts"), [
    ["ICCID", mono(card.iccid)], ["MSISDN", mono(card.msisdn)], ["IMSI", mono(card.imsi)],
    ["IMEI", card.imei && mono(card.imei)],
    [t("status"), card.pauseReason ? `${card.status} · ${card.pauseReason}` : card.status],
    [t("group"), `${card.billingID}`], [t("plan"), card.planName], [t("cycleUsage"), used],
    [t("card.type"), card.cardType],
    [t("card.allotted"), card.allotDate], [t("card.opened"), card.openDate], [t("card.activated"), card.activeDate],
    [t("expiry"), card.expiryDate], [t("card.voice"), t("voice." + card.voice)],
    [t("card.whitelist"), card.voiceWhitelist?.join(", ")], [t("card.realName"), yesNo(card.realName)],
  ]);
  const alarm = card.alarm;
  facts(byID("alarm"), alarm ? [
    [t("alarm.warn"), alarm.thresholds.filter(Boolean).map(megabytes).join(", ")],
    [t("alarm.enabled"), yesNo(alarm.enabled)],
    [t("alarm.pause"), alarm.pauseThreshold ? megabytes(alarm.pauseThreshold) : ""],
    [t("alarm.pauseEnabled"), yesNo(alarm.pauseEnabled)], [t("alarm.emails"), alarm.emails?.join(", ")],
  ] : [["", el("span", {className: "none"}, t("card.noAlarm"))]]);
  byID("packages").replaceChildren(table(card.packages, [
    [t("name"), p => p.name], ["MB", p => p.mb, "number"], [t("until"), p => day(p.end)]]));
  const state = card.status + card.pauseReason;
  if (state !== byID("state-form").dataset.state) { // otherwise somebody may be choosing
    byID("state-form").dataset.state = state;
    byID("state-status").value = card.status;
    byID("state-reason").value = card.pauseReason;
    chooseReason();
  }
}

// firstDay returns the first day of the chart.
async function firstDay() {
  const now = await get("/clock");
  return day(new Date(now.time) - (charted - 1) * 86_400_000);
}

function showUsage(days) {
  byID("chart").replaceChildren(usageChart(days, Math.max(byID("chart").clientWidth, 280)));
  byID("usage-total").textContent = t("card.month", {mb: megabytes(card.monthFlow)});
}

function showHistory(history) {
  byID("history").replaceChildren(table(history.slice(-shown).reverse(), [
    [t("time"), h => instant(h.time)], [t("card.cause"), h => causeOf(h.cause)],
    [t("card.changes"), h => h.fields.map(f =>
      el("div", {}, hint(f.field + " "), `${valueOf(f.field, f.from)} → ${valueOf(f.field, f.to)}`))],
  ]));
}

// valueOf returns the text of a value of a field.
const valueOf = (field, value) => term({status: "status", pauseReason: "reason", voice: "voice"}[field], value) || "–";

// causeOf says what made a change: a method, or something else.
function causeOf(cause) {
  const method = cause.replace(/^fc\.function\./, "");
  return method === cause ? cause : [el("div", {}, mono(method)), hint(term("method", method))];
}

function showOrders(orders) {
  byID("orders").replaceChildren(table(orders.reverse(), [
    [t("order.no"), o => mono(o.no)], [t("order.product"), o => o.productName],
    [t("status"), o => term("order", o.status)],
    [t("yuan"), o => o.price, "number"], [t("time"), o => instant(o.created), "wide-only"]]));
}

function showSMS(sent, received) {
  const all = [...sent.map(s => ({...s, time: s.sent, to: true})), ...received];
  all.sort((a, b) => a.time < b.time ? 1 : -1);
  byID("sms").replaceChildren(table(all.slice(0, shown), [
    [t("time"), s => instant(s.time)], ["", s => s.to ? t("sms.to") : t("sms.from")], [t("text"), s => s.content],
    [t("status"), s => s.to ? term("sms", s.status) : ""]]));
}

// Only a suspended card has a reason.
function chooseReason() {
  const suspended = byID("state-status").value === "停机";
  byID("state-reason").disabled = !suspended;
  if (!suspended) byID("state-reason").value = "";
  else if (!byID("state-reason").value) byID("state-reason").value = terms("reason")[0];
}
byID("state-status").append(...options("status"));
byID("state-reason").append(el("option", {value: ""}, "–"), ...options("reason"));
byID("state-status").onchange = chooseReason;

submit("sms-form", () => act("POST", "/sms", {card: card.iccid, content: byID("sms-content").value}));
submit("usage-form", async () => {
  const date = byID("usage-date").value, [{mb: before}] = await get(`${path}/usage`, {first: date, last: date});
  const mb = Math.round((before + Number(byID("usage-mb").value)) * 1e6) / 1e6; // POST /usage sets the whole day
  await act("POST", "/usage", {card: card.iccid, date, mb});
});
submit("state-form", () =>
  act("PATCH", path, {status: byID("state-status").value, pauseReason: byID("state-reason").value}));
get("/clock").then(now => { byID("usage-date").value = day(now.time); });

const loadSoon = soon(load, 150), later = soon(load, 500);
const mine = of => { if (!card || of.iccid === card.iccid) later(); };
document.addEventListener("changed", loadSoon);
listen({card: mine, order: mine, sms: mine, received: mine, clock: loadSoon}, load);
