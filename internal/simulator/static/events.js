// The stream of updates of the control. It is closed while the tab is hidden: a browser has few connections per host.

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
  source.addEventListener("open", loadAll);
  for (const listener of listeners) attach(listener);
}

function loadAll() { for (const load of loads) load(); }

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return open();
  source?.close();
  source = undefined;
});

// listen calls the functions of handle with what updates of their kinds contain. It calls load at once, and whenever
// updates may have been missed.
export function listen(handle, load) {
  for (const listener of [...Object.entries(handle), ["reset", load], ["gap", load]]) {
    listeners.push(listener);
    if (source) attach(listener);
  }
  loads.push(load);
  load();
  open();
}

// soon returns a function that calls run at most once every delay milliseconds, the last time after the last call.
export function soon(run, delay = 300) {
  let timer, last = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      run();
    }, Math.max(50, last + delay - Date.now()));
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
