import {act, byID, cardLink, chip, el, get, hint, instant, mono, submit, t, table, term} from "./page.js";
import {listen, soon} from "./events.js";

const shown = 200;
const kind = status => ({"订单完成": "ok", "订单失败": "bad"})[status] ?? "warn";

async function load() {
  const [orders, wallet] = await Promise.all([get("/orders", {limit: shown}), get("/wallet")]);
  byID("balance").textContent = wallet.balance;
  byID("orders").replaceChildren(table(orders.reverse(), [
    [t("order.no"), o => mono(o.no)],
    [t("status"), o => chip(term("order", o.status), kind(o.status), o.result || o.status)],
    [t("order.product"), o => [el("div", {className: "nowrap"}, o.productName), hint(term("ordertype", o.type))]],
    [t("card"), o => cardLink(o.iccid), "wide-only"],
    [t("order.created"), o => [el("div", {}, instant(o.created)),
      o.completed ? hint(t("order.completed") + " " + instant(o.completed)) : ""], "wide-only"],
    [t("yuan"), o => o.price, "number"],
  ], t("orders.none")));
  byID("entries").replaceChildren(table(wallet.entries.slice(0, shown), [
    [t("time"), e => instant(e.time)], [t("wallet.kind"), e => term("wallet", e.kind)],
    [t("order.no"), e => mono(e.orderNo || "–"), "wide-only"],
    [t("yuan"), e => e.change, "number"],
  ]));
}

submit("deposit-form", () => act("POST", "/deposit", {yuan: byID("deposit-yuan").value}));
submit("fail-form", () =>
  act("POST", "/fail-orders", {n: Number(byID("fail-n").value), reason: byID("fail-reason").value}));
const later = soon(load, 500);
document.addEventListener("changed", soon(load, 100));
listen({order: later, wallet: later}, load);
