import {act, byID, chip, clock, el, facts, get, instant, mono, submit, t, table} from "./page.js";
import {listen, perFrame} from "./events.js";
import {liveList} from "./live.js";

function parsed(d) { try { return JSON.parse(d.body); } catch { return {}; } }

// event says what a delivery carries.
function event(d) {
  const e = parsed(d);
  if (d.kind === "order") return [t("delivery.order"), `${e.orderNo} ${e.orderStatusDesc ?? ""}`];
  return [t(e.type === "report" ? "delivery.report" : "delivery.inbox"), e.content ?? e.msg ?? e.sms_id ?? ""];
}

const result = d => chip(d.httpStatus ? `HTTP ${d.httpStatus}` : t("delivery.noResponse"), d.ok ? "ok" : "bad");

function row(d) {
  const [title, text] = event(d);
  return el("tr", {},
    el("td", {className: "c-time"}, clock(d.time)),
    el("td", {}, el("a", {className: "main"}, title, el("span", {className: "title"}, text)),
      el("span", {className: "sub" + (d.ok ? "" : " why")}, d.ok ? d.url : d.err)),
    el("td", {className: "c-attempt number"}, String(d.attempt)),
    el("td", {className: "c-result"}, result(d)));
}

function detail(d, close, all) {
  const [title, text] = event(d), list = el("dl", {className: "facts"});
  facts(list, [["URL", mono(d.url)], [t("time.sim"), instant(d.time)]]);
  let body = d.body;
  try { body = JSON.stringify(JSON.parse(d.body), null, 2); } catch { /* as it was sent */ }
  return [
    el("div", {className: "detail-head"},
      el("div", {}, el("h2", {}, title), el("p", {className: "hint"}, text)), close),
    el("div", {className: "chips"}, result(d), el("button", {type: "button",
      onclick: () => act("POST", "/redeliver", {callbacks: [d.callbackID]})}, t("delivery.redeliver"))),
    ...(d.ok ? [] : [el("p", {className: "callout bad"}, d.err),
      el("p", {className: "hint"}, t(d.kind === "order" ? "delivery.wantOrder" : "delivery.wantSMS"))]),
    list,
    el("h3", {}, t("delivery.attempts")), table(all.filter(other => other.callbackID === d.callbackID), [
      ["", a => String(a.attempt)], [t("time"), a => instant(a.time)], [t("result"), result]]),
    el("h3", {}, t("delivery.body")), el("pre", {}, body),
    el("h3", {}, t("calls.response")), el("pre", {}, d.response || "–"),
  ];
}

const list = liveList({row, detail});
async function load() {
  const [receivers] = await Promise.all([get("/callbacks"), list.load(() => get("/deliveries", {limit: 500}))]);
  byID("receivers-set").textContent = [receivers.sms, receivers.orders].filter(Boolean).join(", ") || t("none");
}
listen({delivery: perFrame(batch => list.add(batch), 2000), settings: load}, load);

submit("receivers-form", () =>
  act("POST", "/callbacks", {sms: byID("receiver-sms").value, orders: byID("receiver-order").value}));
