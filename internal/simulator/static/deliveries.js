import {act, byID, chip, clock, el, facts, get, instant, submit, t} from "./page.js";
import {listen, perFrame} from "./events.js";
import {liveList} from "./live.js";

function parsed(d) { try { return JSON.parse(d.body); } catch { return {}; } }

// event says what a delivery carries.
function event(d) {
  const e = parsed(d);
  if (e.orderNo) return [t("delivery.order"), `${e.orderNo} ${e.orderStatusDesc ?? ""}`];
  return [t(e.type === "report" ? "delivery.report" : "delivery.inbox"), e.content ?? e.msg ?? e.sms_id ?? ""];
}

const isOrder = d => !!parsed(d).orderNo;
const result = d => d.ok ? chip(`${d.httpStatus} ✓`, "ok") : chip(d.httpStatus || t("delivery.noResponse"), "bad");
const why = d => d.err ?? (d.ok ? "" : t(isOrder(d) ? "delivery.wantOrder" : "delivery.wantSMS"));

function row(d) {
  const [title, text] = event(d);
  return el("tr", {},
    el("td", {className: "c-time"}, clock(d.time)),
    el("td", {}, el("a", {className: "main"}, title, " ", text), el("span", {className: "sub" + (d.ok ? "" : " why")}, why(d) || d.url)),
    el("td", {className: "c-attempt number"}, String(d.attempt)),
    el("td", {className: "c-result"}, result(d)));
}

function detail(d, close) {
  const [title, text] = event(d), list = el("dl", {className: "facts"});
  facts(list, [["URL", el("span", {className: "mono"}, d.url)], [t("time.sim"), instant(d.time)], [t("delivery.attempt"), String(d.attempt)]]);
  let body = d.body;
  try { body = JSON.stringify(JSON.parse(d.body), null, 2); } catch { /* as it was sent */ }
  return [
    el("div", {className: "detail-head"}, el("div", {}, el("h2", {}, title), el("p", {className: "hint"}, text)), close),
    el("div", {className: "chips"}, result(d),
      el("button", {type: "button", onclick: () => act("POST", `/deliveries/${d.id}/redeliver`)}, t("delivery.redeliver"))),
    ...(why(d) ? [el("p", {className: "callout bad"}, why(d))] : []),
    list,
    el("h3", {}, t("delivery.body")), el("pre", {}, body),
    el("h3", {}, t("calls.response")), el("pre", {}, d.response || "–"),
  ];
}

const list = liveList({row, detail});
const load = async () => list.load(await get("/deliveries"));
listen({delivery: perFrame(batch => list.add(batch), 2000)}, load);
document.addEventListener("changed", load);

submit("receivers-form", () => act("PUT", "/callbacks", {sms: byID("receiver-sms").value, order: byID("receiver-order").value}));
