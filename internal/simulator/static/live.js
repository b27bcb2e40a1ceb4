// A live list: the newest rows first, and details of the chosen row. The table has few rows, since the browser lays
// all of them out when one arrives.

import {byID, el, t} from "./page.js";

const kept = 2000; // entries in memory
const shown = 100; // rows in the table

// liveList fills the table with the element rows. A row's entry has a unique id.
//
//   row(entry)       returns a table row whose first link, of class main, opens the details
//   detail(entry, close, entries)   returns the elements of the details, with the button that closes them
//   matches(entry)  reports whether the filter shows it
//   changed(list)   is called after each update
export function liveList({row, detail, matches = () => true, changed = () => {}}) {
  const body = byID("rows"), panel = byID("detail"), split = body.closest(".split");
  let entries = []; // oldest first
  let last = 0; // highest id so far
  let during; // entries that arrive during a load
  let paused = [];
  let pausing = false;
  let chosen;

  function make(entry, fresh) {
    const tr = row(entry);
    tr.dataset.id = entry.id;
    if (fresh) tr.classList.add("new");
    if (entry.id === chosen) tr.classList.add("chosen");
    const link = tr.querySelector("a.main");
    link.href = "#" + entry.id;
    link.tabIndex = -1;
    return tr;
  }

  // settle keeps one row in the order of Tab. Arrows move on from there.
  function settle() {
    const current = body.querySelector("a.main[tabindex='0']");
    if (!current) body.querySelector("a.main")?.setAttribute("tabindex", "0");
    byID("empty").hidden = body.childElementCount > 0;
    byID("more").hidden = body.childElementCount < shown;
    changed(entries, paused.length);
  }

  function render() {
    const fragment = document.createDocumentFragment();
    for (let i = entries.length - 1, n = 0; i >= 0 && n < shown; i--) {
      if (!matches(entries[i])) continue;
      fragment.append(make(entries[i]));
      n++;
    }
    body.replaceChildren(fragment);
    settle();
  }

  function keep(list) {
    entries.push(...list);
    if (entries.length > kept + 500) entries = entries.slice(-kept);
  }

  // add puts entries on top, in one change of the document.
  function add(list) {
    during?.push(...list);
    list = list.filter(entry => entry.id > last);
    if (!list.length) return;
    last = list[list.length - 1].id;
    if (pausing) {
      paused = paused.concat(list).slice(-kept);
      changed(entries, paused.length);
      return;
    }
    keep(list);
    const fragment = document.createDocumentFragment();
    const fresh = list.length <= 4;
    for (const entry of list.filter(matches).slice(-shown).reverse()) fragment.append(make(entry, fresh));
    const focused = body.contains(document.activeElement) ? document.activeElement : undefined;
    body.prepend(fragment);
    while (body.childElementCount > shown) {
      let oldest = body.lastElementChild;
      if (focused && oldest.contains(focused)) oldest = oldest.previousElementSibling; // keeps the focus where it is
      oldest.remove();
    }
    settle();
  }

  // load replaces all entries by what read returns, and keeps those that arrive meanwhile.
  async function load(read) {
    const arrived = during = [];
    const list = await read();
    if (arrived !== during) return; // a later load has begun
    during = undefined;
    entries = [];
    paused = [];
    last = list.length ? list[list.length - 1].id : 0;
    keep(list.slice(-kept));
    render();
    if (!chosen) openHash();
    add(arrived);
  }

  function pause(on) {
    pausing = on;
    if (!on) {
      const waiting = paused;
      paused = [];
      last = entries.length ? entries[entries.length - 1].id : 0;
      add(waiting);
    }
    changed(entries, paused.length);
  }

  function open(id) {
    const entry = entries.find(e => e.id === id) ?? paused.find(e => e.id === id);
    chosen = entry?.id;
    for (const tr of body.querySelectorAll("tr.chosen")) tr.classList.remove("chosen");
    panel.hidden = !entry;
    split.classList.toggle("open", !!entry);
    if (!entry) return;
    body.querySelector(`tr[data-id="${entry.id}"]`)?.classList.add("chosen");
    const close = el("button", {type: "button", className: "quiet", onclick: shut, ariaLabel: t("close")}, "×");
    panel.replaceChildren(...detail(entry, close, entries));
    panel.scrollTop = 0;
  }

  function shut() {
    const back = body.querySelector("tr.chosen a.main") ?? body.querySelector("a.main");
    history.replaceState(null, "", location.pathname + location.search);
    open(undefined);
    back?.focus();
  }

  function openHash() { open(Number(location.hash.slice(1)) || undefined); }

  addEventListener("hashchange", () => {
    openHash();
    if (!panel.hidden) panel.focus({preventScroll: true});
  });
  document.addEventListener("keydown", e => {
    if (e.key === "Escape" && !panel.hidden && !document.querySelector(":popover-open")) shut();
  });
  body.addEventListener("keydown", e => {
    const step = {ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling"}[e.key];
    const next = step && e.target.closest("tr")?.[step]?.querySelector("a.main");
    if (!next) return;
    e.preventDefault();
    e.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
    if (!panel.hidden) {
      history.replaceState(null, "", next.hash);
      openHash();
    }
  });
  body.addEventListener("focusin", e => {
    for (const other of body.querySelectorAll("a.main[tabindex='0']")) other.tabIndex = -1;
    e.target.closest("tr").querySelector("a.main").tabIndex = 0;
  });
  return {add, load, render, pause};
}
