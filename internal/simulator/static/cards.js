import {byID, count, el, get, megabytes, statusChip, t, term, terms} from "./page.js";
import {listen, soon} from "./events.js";

const size = 50;
const filters = ["search", "status", "carrier", "group"];
const url = new URL(location);
let offset = Number(url.searchParams.get("offset")) || 0;

function row(card) {
  const meter = card.allowance ? el("meter", {className: "meter", max: card.allowance, value: card.cycleFlow,
    ariaLabel: `${megabytes(card.cycleFlow)} / ${megabytes(card.allowance)}`}) : "";
  return el("tr", {},
    el("td", {}, el("a", {className: "main mono", href: `/ui/cards/${card.iccid}`}, card.msisdn),
      el("span", {className: "sub mono"}, card.iccid)),
    el("td", {className: "c-status"}, statusChip(card.status), el("span", {className: "sub"}, term("reason", card.pauseReason))),
    el("td", {className: "c-carrier"}, term("carrier", card.carrier)),
    el("td", {className: "c-plan"}, el("span", {className: "sub-main"}, card.planName),
      el("span", {className: "sub"}, `${t("group")} ${card.billingID}`)),
    el("td", {className: "c-usage"}, el("span", {className: "numbers"}, card.allowance
      ? `${Math.round(card.cycleFlow).toLocaleString()} / ${megabytes(Math.round(card.allowance))}` : megabytes(card.cycleFlow)), meter),
    el("td", {className: "c-date"}, card.expiryDate || "–"));
}

let latest = 0;
async function load() {
  const asked = ++latest;
  const parameters = {limit: size, offset};
  for (const id of filters) parameters[id] = byID(id).value.trim();
  const {cards, total} = await get("/cards", parameters);
  if (asked !== latest) return;
  if (offset > 0 && offset >= total) {
    offset = 0;
    return load();
  }
  byID("rows").replaceChildren(...cards.map(row));
  byID("empty").hidden = total > 0;
  byID("summary").textContent = t("cards.total", {n: count(total)});
  byID("page").textContent = total ? `${count(offset + 1)}–${count(offset + cards.length)} / ${count(total)}` : "";
  byID("previous").disabled = offset === 0;
  byID("next").disabled = offset + cards.length >= total;
}

function remember() {
  for (const id of filters) {
    if (byID(id).value) url.searchParams.set(id, byID(id).value); else url.searchParams.delete(id);
  }
  if (offset) url.searchParams.set("offset", offset); else url.searchParams.delete("offset");
  history.replaceState(null, "", url.search || location.pathname);
}

byID("status").append(...terms("status").map(s => el("option", {value: s}, term("status", s))));
byID("carrier").append(...terms("carrier").map(c => el("option", {value: c}, term("carrier", c))));
get("/groups").then(groups => {
  byID("group").append(...groups.map(g => el("option", {value: g.id}, `${g.id} ${g.name}`)));
  start();
});

const loadSoon = soon(load, 150);
function start() {
  for (const id of filters) {
    byID(id).value = url.searchParams.get(id) ?? "";
    byID(id).addEventListener("input", () => {
      offset = 0;
      remember();
      loadSoon();
    });
  }
  for (const [id, by] of [["previous", -size], ["next", size]]) {
    byID(id).onclick = () => {
      offset = Math.max(0, offset + by);
      remember();
      load();
      scrollTo(0, 0);
    };
  }
  document.addEventListener("changed", loadSoon);
  const later = soon(load, 2000);
  listen({request: r => { if (r.executed && !/\.(list|info|get|details|status|down)$/.test(r.method)) later(); }}, load);
}
