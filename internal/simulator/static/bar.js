// The bar that is always there: the clock, faults, and the whole state.

import {listen, soon} from "./events.js";
import {act, byID, el, get, hint, instant, t, term, terms} from "./page.js";

// The clock
let shift = 0; // between the simulator's clock and this one, ms
let stopped; // the simulator's time, if its clock stands

async function readClock() {
  const now = await get("/clock");
  shift = new Date(now.time) - Date.now();
  stopped = now.running ? undefined : now.time;
  byID("clock").classList.toggle("stopped", !now.running);
  byID("clock").title = t(now.running ? "clock.runs" : "clock.stands");
  showClock();
}
function showClock() {
  const now = stopped ? new Date(stopped) : new Date(Date.now() + shift);
  byID("clock").textContent = instant(now);
  byID("clock").dateTime = now.toISOString();
}
// nextMonth returns the seconds until the first day of the next month, 00:00:00 China Standard Time.
function nextMonth() {
  const offset = 8 * 3600e3, now = (stopped ? +new Date(stopped) : Date.now() + shift) + offset, date = new Date(now);
  return Math.ceil((Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - now) / 1000);
}
for (const button of document.querySelectorAll("[data-advance]")) {
  button.onclick = () => {
    const by = button.dataset.advance;
    act("POST", "/advance", {seconds: by === "month" ? nextMonth() : Number(by)});
  };
}
byID("clock-now").onclick = () => act("POST", "/clock", {running: true});

// Faults
async function readFaults() {
  const faults = await get("/faults");
  byID("faults-count").textContent = faults.length;
  byID("faults-count").hidden = byID("faults-clear").hidden = faults.length === 0;
  byID("faults").replaceChildren(...faults.map(f =>
    el("li", {}, el("code", {}, f.fault), hint(t("faults.applied", {n: f.applied})),
      el("button", {type: "button", className: "quiet", ariaLabel: `${t("remove")} ${f.fault}`,
        onclick: () => act("DELETE", `/faults/${f.id}`)}, t("remove")))));
  if (faults.length === 0) byID("faults").append(el("li", {className: "none"}, t("faults.none")));
}
function writeFault() {
  const method = byID("fault-method").value, times = byID("fault-times").value;
  byID("fault-text").value = byID("fault-preset").value + (method && ",on=" + method) + (times && ",times=" + times);
}
byID("fault-method").append(...terms("method").map(name =>
  el("option", {value: name}, `${name} ${term("method", name)}`)));
for (const id of ["fault-preset", "fault-method", "fault-times"]) byID(id).addEventListener("change", writeFault);
writeFault();
byID("fault-form").onsubmit = e => {
  e.preventDefault();
  act("POST", "/faults", {fault: byID("fault-text").value});
};
byID("faults-clear").onclick = () => act("DELETE", "/faults");

// The whole state
byID("snapshot-download").onclick = async () => {
  const name = `quecloud-sim-${byID("clock").textContent.replace(/\D+/g, "-")}.json`;
  const state = await act("GET", "/snapshot");
  if (!state) return;
  const url = URL.createObjectURL(new Blob([JSON.stringify(state, null, 2)], {type: "application/json"}));
  el("a", {href: url, download: name}).click();
  URL.revokeObjectURL(url);
};
for (const [id, target] of [["snapshot-upload", "/snapshot"], ["scenario-upload", "/scenario"]]) {
  byID(id).onchange = async e => {
    const [file] = e.target.files;
    if (file) await act("POST", target, undefined, file);
    e.target.value = "";
  };
}
// Reset asks once more on the button.
byID("reset").onclick = e => {
  const button = e.currentTarget;
  if (button.dataset.asked) {
    delete button.dataset.asked;
    button.textContent = t("state.reset");
    act("POST", "/reset");
    return;
  }
  button.dataset.asked = "yes";
  button.textContent = button.dataset.sure;
};
byID("reset").addEventListener("blur", e => {
  delete e.target.dataset.asked;
  e.target.textContent = t("state.reset");
});

const refresh = () => Promise.all([readClock(), readFaults()]);
const refreshSoon = soon(refresh, 200);
document.addEventListener("changed", refreshSoon);
listen({clock: refreshSoon, faults: refreshSoon}, refresh);
setInterval(showClock, 1000);
setInterval(refreshSoon, 30_000); // the two clocks drift
