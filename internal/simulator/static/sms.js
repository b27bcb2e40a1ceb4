import {act, byID, cardLink, chip, get, instant, submit, t, table, term} from "./page.js";
import {listen, soon} from "./events.js";

const shown = 200;
const kind = {100: "warn", 200: "ok", 400: "bad"};

async function load() {
  const [sent, received] = await Promise.all([get("/sms", {limit: shown}), get("/received", {limit: shown})]);
  byID("to").replaceChildren(table(sent.reverse(), [
    [t("time"), s => instant(s.sent)], [t("card"), s => cardLink(s.msisdn || s.iccid)], [t("text"), s => s.content],
    [t("status"), s => chip(term("sms", s.status), kind[s.status])], ["ID", s => s.id, "wide-only"]], t("sms.none")));
  byID("from").replaceChildren(table(received.reverse(), [
    [t("time"), s => instant(s.time)], [t("card"), s => cardLink(s.msisdn || s.iccid)], [t("text"), s => s.content],
    ["ID", s => s.id, "wide-only"]], t("sms.none")));
}

submit("sms-form", () =>
  act("POST", "/sms", {card: byID("sms-card").value.trim(), content: byID("sms-content").value}));
const later = soon(load, 500);
document.addEventListener("changed", soon(load, 100));
listen({sms: later, received: later}, load);
