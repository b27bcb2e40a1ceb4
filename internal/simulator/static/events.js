// The stream of updates of the control. It is closed while the tab is hidden: a browser has few connections per host.

import {byID, Failure} from "./page.js";

const listeners = []; // [kind, function]
const loads = [];
let source;

function attach([kind, handle]) {
  source.addEventListener(kind, e => {
    const update = JSON.parse(e.data);
    handle(update[kind] ?? update);
  });
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource("/events");
  source.addEventListener("open", () => {
    byID("offline").hidden = true;
    for (const load of loads) run(load);
  });
  source.addEventListener("error", () => { byID("offline").hidden = false; });
  for (const listener of listeners) attach(listener);
}

// run calls a function that reads from the control. It fails while the control is not there; a load follows then.
async function run(load) {
  try { await load(); } catch (e) { if (!(e instanceof Failure)) throw e; }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return open();
  source?.close();
  source = undefined;
});

// listen calls the functions of handle with what updates of their kinds contain. It calls load when the stream is open,
// and whenever updates may have been missed.
export function listen(handle, load) {
  for (const listener of [...Object.entries(handle), ["reset", () => run(load)], ["gap", () => run(load)]]) {
    listeners.push(listener);
    if (source) attach(listener);
  }
  loads.push(load);
  if (source?.readyState === EventSource.OPEN) run(load);
  open();
}

// soon returns a function that runs task with its last arguments, at most once every delay milliseconds.
export function soon(task, delay = 300) {
  let timer, last = 0, values;
  return (...args) => {
    values = args;
    if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      run(() => task(...values));
    }, Math.max(20, last + delay - Date.now()));
  };
}

// perFrame collects values and passes them on in one batch per animation frame, the last limit of them.
export function perFrame(flush, limit) {
  let batch = [], waiting = false;
  return value => {
    batch.push(value);
    if (batch.length > 2 * limit) batch = batch.slice(-limit); // there are no frames while the tab is hidden
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      const values = batch.slice(-limit);
      batch = [];
      waiting = false;
      flush(values);
    });
  };
}
