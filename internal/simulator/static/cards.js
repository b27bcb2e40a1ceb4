import {byID, count, el, get, megabytes, options, statusChip, t, term} from "./page.js";
import {listen, soon} from "./events.js";

const size = 50;
const filters = ["text", "status", "carrier", "group"];
const url = new URL(location);
let starts = [Number(url.searchParams.get("start")) || 0]; // of the pages up to this one

function row(card) {
  const meter = card.allowance ? el("meter", {className: "meter",
    max: card.allowance, high: card.allowance * .8, value: card.cycleFlow,
    ariaLabel: `${megabytes(card.cycleFlow)} / ${megabytes(card.allowance)}`}) : "";
  return el("tr", {},
    el("td", {}, el("a", {className: "main mono", href: `/ui/cards/${card.iccid}`}, card.msisdn),
      el("span", {className: "sub mono"}, card.iccid)),
    el("td", {className: "c-status"}, statusChip(card.status),
      el("span", {className: "sub"}, term("reason", card.pauseReason))),
    el("td", {className: "c-carrier"}, term("carrier", card.carrier)),
    el("td", {className: "c-plan"}, el("span", {className: "sub-main"}, card.planName),
      el("span", {className: "sub"}, `${t("group")} ${card.billingID}`)),
    el("td", {className: "c-usage"}, megabytes(Math.round(card.cycleFlow)),
      card.allowance ? el("span", {className: "title"}, "/ " + count(card.allowance)) : "", meter),
    el("td", {className: "c-date"}, card.expiryDate || "–"));
}

let latest = 0, next = 0;
async function load() {
  const asked = ++latest, start = starts.at(-1);
  const parameters = {limit: size, start};
  for (const id of filters) parameters[id] = byID(id).value.trim();
  const page = await get("/cards", parameters);
  if (asked !== latest) return; // a later load has begun
  next = page.next;
  byID("rows").replaceChildren(...page.cards.map(row));
  byID("empty").hidden = page.cards.length > 0;
  byID("summary").textContent = page.total >= 0 ? t("cards.total", {n: count(page.total)})
    : t(next ? "cards.some" : "cards.last", {n: count(page.cards.length)});
  byID("page").textContent = t("cards.page", {n: count(starts.length)});
  byID("previous").disabled = start === 0;
  byID("next").disabled = next === 0;
}

function go(to) {
  starts = to;
  if (starts.at(-1)) url.searchParams.set("start", starts.at(-1)); else url.searchParams.delete("start");
  for (const id of filters) {
    if (byID(id).value) url.searchParams.set(id, byID(id).value); else url.searchParams.delete(id);
  }
  history.replaceState(null, "", url.search || location.pathname);
}

byID("status").append(...options("status"));
byID("carrier").append(...options("carrier"));
get("/groups").then(groups => {
  byID("group").append(...groups.map(g => el("option", {value: g.id}, `${g.id} ${g.name}`)));
  begin();
});

const loadSoon = soon(load, 150);
function begin() {
  for (const id of filters) {
    byID(id).value = url.searchParams.get(id) ?? "";
    byID(id).addEventListener("input", () => {
      go([0]);
      loadSoon();
    });
  }
  byID("previous").onclick = () => {
    go(starts.length > 1 ? starts.slice(0, -1) : [0]);
    load();
  };
  byID("next").onclick = () => {
    go([...starts, next]);
    load();
    scrollTo(0, 0);
  };
  document.addEventListener("changed", loadSoon);
  listen({card: soon(load, 1000), clock: loadSoon}, load);
}
