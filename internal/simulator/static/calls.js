import {
  byID, cardLink, chip, clock, copy, count, duration, el, facts, get, instant, mono, say, t, term, terms, yesNo,
} from "./page.js";
import {listen, perFrame, soon} from "./events.js";
import {liveList} from "./live.js";
import {signedCurl} from "./signed.js";

const short = method => method.replace(/^fc\.function\./, "");

// titleOf returns the title of a method, or an empty text for an unknown one.
const titles = new Set(terms("method"));
const titleOf = name => titles.has(name) ? term("method", name) : "";

// cardsOf returns the cards of a call as it names them.
const cardsOf = params => params.iccid ?? params.msisdn ?? params.iccids ?? params.msisdns ?? "";

function outcome(r) {
  if (r.httpStatus === 0) return ["fault", t("calls.cut"), "warn"];
  if (r.faults?.length && (r.httpStatus !== 200 || !r.executed)) {
    return ["fault", r.httpStatus === 200 ? String(r.resultCode) : `HTTP ${r.httpStatus}`, "warn"];
  }
  if (r.resultCode !== 0) return ["refused", String(r.resultCode), "bad"];
  return [r.faults?.length ? "fault" : "ok", "0", "ok"];
}

function matches(r) {
  const chosen = byID("outcome").value, words = byID("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  if (chosen && outcome(r)[0] !== chosen) return false;
  if (!words.length) return true;
  const text = [r.method, term("method", short(r.method)), r.reason, ...(r.faults ?? []), ...Object.values(r.params)]
    .join(" ").toLowerCase();
  return words.every(word => text.includes(word));
}

function row(r) {
  const [, code, kind] = outcome(r), cards = cardsOf(r.params);
  const name = short(r.method) || t("calls.noMethod");
  const why = kind === "ok" ? "" : r.reason || r.faults?.join(", ");
  return el("tr", {},
    el("td", {className: "c-time sub-time"}, clock(r.time)),
    el("td", {}, el("a", {className: "main"}, mono(name), el("span", {className: "title"}, titleOf(name))),
      why ? el("span", {className: "sub why"}, why) : ""),
    el("td", {className: "c-card mono"}, cards.length > 20 ? cards.split(",")[0] + " …" : cards),
    el("td", {className: "c-result"}, chip(code, kind)),
    el("td", {className: "c-duration number"}, duration(r.duration)));
}

function section(title, content, ...buttons) {
  return content ? [el("h3", {}, title, ...buttons), content] : [];
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// signature explains why a signature is wrong.
function signature(r) {
  if (!r.mismatch) return [];
  const s = r.mismatch, list = el("dl", {className: "facts mono-values"});
  facts(list, [[t("sign.expected"), s.expected], [t("sign.received"), s.received]]);
  return [
    el("h3", {}, t("sign")),
    el("p", {className: "callout"}, (t("lang") === "en" ? s.guess : s.guessZH) || t("sign.noGuess")),
    list,
    el("h3", {}, t("sign.text")),
    el("pre", {}, s.text),
    el("p", {className: "hint"}, t("sign.hint")),
  ];
}

function parameters(r) {
  const list = el("dl", {className: "facts mono-values"});
  const links = value => value.split(",").slice(0, 100).flatMap((number, i) => [i ? ", " : "", cardLink(number)]);
  facts(list, Object.entries(r.params).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => [name, /^(iccid|msisdn)s?$/.test(name) ? links(value) : value]));
  return list;
}

// headers shows what the request had besides its parameters.
function headers(r) {
  if (!r.header) return "";
  const list = el("dl", {className: "facts mono-values"});
  const fields = Object.entries(r.header).sort().map(([name, values]) => [name, values.join(", ")]);
  facts(list, [[r.verb, r.origin + r.path], ...fields]);
  return list;
}

function detail(r, close) {
  const [, code, kind] = outcome(r), name = short(r.method);
  const button = el("button", {type: "button"}, t("copyCurl"));
  button.onclick = () => copy(signedCurl(r), button);
  const times = el("dl", {className: "facts"});
  facts(times, [[t("time.sim"), instant(r.time)], [t("time.real"), instant(r.arrived)],
    [t("duration"), duration(r.duration)], [t("calls.effect"), yesNo(r.executed)],
    [t("faults"), r.faults?.join(", ")]]);
  return [
    el("div", {className: "detail-head"}, el("div", {}, el("h2", {className: "name"}, r.method || t("calls.noMethod")),
      el("p", {className: "hint"}, titleOf(name))), close),
    el("div", {className: "chips"},
      chip(r.httpStatus ? `HTTP ${r.httpStatus}` : t("calls.cut"), r.httpStatus === 200 ? "" : "warn"),
      chip(`resultCode ${code === "0" ? 0 : r.resultCode}`, kind), button),
    ...(r.reason ? [el("p", {className: "callout bad"}, r.reason)] : []),
    ...signature(r),
    ...section(t("calls.params"), parameters(r)),
    ...section(t("calls.response"), r.response ? el("pre", {}, pretty(r.response)) : ""),
    ...section(t("calls.times"), times),
    ...section(t("calls.headers"), headers(r)),
  ];
}
const list = liveList({row, detail, matches, changed: soon(summarize, 200)});
let seen = 0;

function summarize(entries, waiting) {
  byID("empty").querySelector("h2").textContent = t(entries.length ? "calls.noMatch" : "calls.none");
  byID("empty").querySelector("p").hidden = entries.length > 0;
  const refused = entries.filter(r => outcome(r)[0] !== "ok").length;
  const text = t("calls.summary", {calls: count(entries.length), refused: count(refused)});
  byID("summary").textContent = entries.length + waiting === 0 ? ""
    : waiting ? `${text} · ${t("calls.waiting", {n: count(waiting)})}` : text;
}

const arrive = perFrame(batch => { seen += batch.length; list.add(batch); }, 2000);
listen({request: arrive}, () => list.load(() => get("/requests", {limit: 500})));

// A screen reader hears of new calls at most every five seconds.
setInterval(() => {
  if (seen) say(t("calls.new", {n: count(seen)}));
  seen = 0;
}, 5000);

const url = new URL(location);
for (const id of ["filter", "outcome"]) {
  byID(id).value = url.searchParams.get(id) ?? "";
  byID(id).addEventListener("input", () => {
    if (byID(id).value) url.searchParams.set(id, byID(id).value); else url.searchParams.delete(id);
    history.replaceState(null, "", url.search + location.hash || location.pathname);
    list.render();
  });
}
byID("pause").onclick = e => {
  const on = e.currentTarget.getAttribute("aria-pressed") !== "true";
  e.currentTarget.setAttribute("aria-pressed", on);
  e.currentTarget.textContent = t(on ? "calls.resume" : "calls.pause");
  list.pause(on);
};
