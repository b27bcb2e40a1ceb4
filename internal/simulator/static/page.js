// What all scripts of the page share: texts, elements, requests to the control, and the strip with their curl command.

const texts = JSON.parse(document.getElementById("texts").textContent);

// t returns a text in the reader's language, with {name} replaced by values.name.
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// term returns the text of a value of the protocol, such as the state of a card, or the value itself.
export const term = (kind, value) => texts[kind + "." + value] ?? value;

// terms returns the values of a kind that have a text.
export const terms = kind => valuesOf[kind] ?? [];
const valuesOf = {};
for (const key of Object.keys(texts)) {
  const dot = key.indexOf(".");
  if (dot > 0) (valuesOf[key.slice(0, dot)] ??= []).push(key.slice(dot + 1));
}

export const byID = id => document.getElementById(id);

// el makes an element. Properties that elements do not have become attributes. Empty children are left out.
export function el(tag, properties, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null) continue;
    if (name in e) e[name] = value; else e.setAttribute(name, value);
  }
  e.append(...children.flat().filter(c => c !== undefined && c !== null && c !== ""));
  return e;
}

// A Failure is a response of the control that is no success.
export class Failure extends Error {}

async function request(method, path, body) {
  const headers = body === undefined ? {} : {"Content-Type": "application/json"};
  let response, text;
  try {
    response = await fetch(path, {method, headers, body});
    text = await response.text();
  } catch {
    throw new Failure(t("offline"));
  }
  let result;
  try { result = JSON.parse(text); } catch { result = undefined; }
  if (!response.ok) throw new Failure(result?.error ?? `HTTP ${response.status}`);
  return {status: response.status, result};
}

// get reads from the control. Parameters without a value are left out.
export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const query = new URLSearchParams(given);
  return (await request("GET", query.size ? `${path}?${query}` : path)).result;
}

export const quote = text => "'" + text.replaceAll("'", "'\\''") + "'";

// curl returns the command that sends the same request to the control.
export function curl(method, path, body) {
  let command = "curl -s";
  if (method !== (body === undefined ? "GET" : "POST")) command += " -X " + method;
  command += " " + (/^[\w.:/-]+$/.test(location.host + path) ? location.host + path : quote(location.host + path));
  if (body !== undefined) command += " -d " + (body.startsWith("@") ? body : quote(body));
  return command;
}

// act sends a request that changes the simulator and shows the command that does the same. It returns the result, or
// undefined after a failure, which the strip shows. A file takes the place of the body.
export async function act(method, path, body, file) {
  const text = file ?? (body === undefined ? undefined : JSON.stringify(body));
  const command = curl(method, path, file === undefined ? text : "@" + file.name);
  show(command, t("strip.sent"), "");
  try {
    const {status, result} = await request(method, path, file ?? text);
    show(command, `✓ ${status}`, "ok");
    document.dispatchEvent(new CustomEvent("changed"));
    return result ?? {};
  } catch (failure) {
    show(command, `✕ ${failure.message}`, "bad");
    return undefined;
  }
}

function show(command, state, kind) {
  byID("strip-curl").textContent = "$ " + command;
  byID("strip-curl").dataset.command = command;
  byID("strip-state").textContent = state;
  byID("strip-state").className = "chip " + kind;
  byID("strip").hidden = false;
}
byID("strip-close").onclick = () => { byID("strip").hidden = true; };
byID("strip-copy").onclick = e => copy(byID("strip-curl").dataset.command, e.currentTarget);

// copy copies a text to the clipboard and says so on the button.
export async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // without the permission, or without TLS on a name other than localhost
    const area = el("textarea", {value: text, className: "unseen"});
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = t("copied");
  say(t("copied"));
  setTimeout(() => { button.textContent = label; }, 1500);
}

// say tells a screen reader.
export function say(text) { byID("live").textContent = text; }

// submit runs a function when a form is sent, and disables the form's button meanwhile.
export const submit = (form, run) => byID(form).addEventListener("submit", async e => {
  e.preventDefault();
  const button = e.target.querySelector("button:not([type=button])");
  button.disabled = true;
  try { await run(); } finally { button.disabled = false; }
});

// Times are China Standard Time, as the protocol's.
const zone = {timeZone: "Asia/Shanghai"};
const dayFormat = new Intl.DateTimeFormat("en-CA", {...zone, year: "numeric", month: "2-digit", day: "2-digit"});
const clockFormat = new Intl.DateTimeFormat("en-GB", {...zone, hour: "2-digit", minute: "2-digit", second: "2-digit"});
export const day = time => time ? dayFormat.format(new Date(time)) : "";
export const clock = time => time ? clockFormat.format(new Date(time)) : "";
export const instant = time => time ? `${day(time)} ${clock(time)}` : "";

// duration writes seconds in a fitting unit.
export function duration(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return `${seconds.toFixed(2)} s`;
}

export const count = n => n.toLocaleString(document.documentElement.lang);
export const megabytes = mb => `${(+mb).toLocaleString(document.documentElement.lang, {maximumFractionDigits: 2})} MB`;

export const chip = (text, kind = "", title) => el("span", {className: "chip " + kind, title}, text);

// statusChip shows the state of a card.
export function statusChip(status, title) {
  const kind = {"正常": "ok", "测试期正常": "ok", "停机": "bad", "测试期停机": "bad", "预销号": "warn", "停机保号": "warn"}[status];
  return chip(term("status", status), kind, title ?? status);
}

export const mono = text => el("span", {className: "mono"}, text);
export const hint = text => el("span", {className: "hint"}, text);
export const yesNo = value => t(value ? "yes" : "no");

// options returns an option for each value of a kind.
export const options = kind => terms(kind).map(value => el("option", {value}, term(kind, value)));

export const cardLink = number => el("a", {href: `/ui/cards/${encodeURIComponent(number)}`, className: "mono"}, number);

// facts fills a list of names and values. Empty values are left out.
export function facts(list, rows) {
  list.replaceChildren(...rows.filter(([, value]) => value !== "" && value !== undefined && value !== null)
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

// table makes a table of rows, or says that there are none. A column is a title, a function, and a class.
export function table(rows, columns, none = t("none")) {
  if (!rows?.length) return el("p", {className: "none"}, none);
  return el("table", {className: "plain"},
    el("thead", {}, el("tr", {}, columns.map(([title, , name]) => el("th", {className: name, scope: "col"}, title)))),
    el("tbody", {}, rows.map(row =>
      el("tr", {}, columns.map(([, value, name]) => el("td", {className: name}, value(row)))))));
}
