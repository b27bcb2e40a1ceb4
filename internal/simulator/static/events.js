// The stream of events of the control. It is closed while the tab is hidden: a browser has few connections per host.

const handlers = {};
let source;
let reload = () => {};

function open() {
  if (source || document.hidden) return;
  source = new EventSource("/events");
  source.addEventListener("open", () => reload());
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, e => handle(JSON.parse(e.data)));
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return open();
  source?.close();
  source = undefined;
});

// listen calls handlers with the data of events by their names. It calls load when the stream opens, again too.
export function listen(handle, load) {
  Object.assign(handlers, handle);
  reload = load;
  open();
}

// soon returns a function that calls run at most once every delay milliseconds, the last time after the last call.
export function soon(run, delay = 300) {
  let timer, last = 0;
  return () => {
    if (timer) return;
    timer = setTimeout(() => { timer = undefined; last = Date.now(); run(); }, Math.max(0, last + delay - Date.now()));
  };
}

// perFrame collects values and passes them on in one batch per animation frame, the last limit of them.
export function perFrame(flush, limit) {
  let batch = [], waiting = false;
  return value => {
    batch.push(value);
    if (batch.length > 2 * limit) batch = batch.slice(-limit); // no frames while the tab is hidden
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
