import {el, megabytes, t} from "./page.js";

const space = "http://www.w3.org/2000/svg";
function svg(tag, attributes, ...children) {
  const e = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

const height = 190, left = 52, bottom = 22, top = 8;

// nice returns a round number that is at least v, for the top of the axis.
function nice(v) {
  if (v <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return power * [1, 2, 2.5, 5, 10].find(step => step * power >= v);
}

// usageChart returns a chart of days, {date, mb}, oldest first, and the same as a table. Its width is in pixels.
export function usageChart(days, width) {
  const high = nice(Math.max(...days.map(d => d.mb), 0)), tall = height - bottom - top;
  const step = (width - left) / Math.max(days.length, 1);
  const y = mb => top + tall * (1 - mb / high);
  const total = days.reduce((sum, d) => sum + d.mb, 0);
  const chart = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": t("card.chart", {days: days.length, mb: megabytes(total)})});
  for (const part of [0, .5, 1]) {
    chart.append(svg("line", {x1: left, x2: width, y1: y(part * high), y2: y(part * high)}),
      svg("text", {x: left - 8, y: y(part * high) + 4, "text-anchor": "end"}, (part * high).toLocaleString()));
  }
  const labels = Math.ceil(days.length * 75 / width);
  days.forEach((d, i) => {
    const x = left + i * step, tip = svg("title", {});
    tip.append(`${d.date}: ${megabytes(d.mb)}`);
    chart.append(svg("rect", {x: x + step * .15, y: y(d.mb), width: step * .7,
      height: Math.max(0, top + tall - y(d.mb)), rx: 2, class: i === days.length - 1 ? "today" : "day"}, tip));
    if (i % labels === 0) {
      chart.append(svg("text", {x: x + step / 2, y: height - 5, "text-anchor": "middle"}, d.date.slice(5)));
    }
  });
  const list = el("details", {}, el("summary", {className: "hint"}, t("card.asTable")),
    el("table", {className: "plain"}, el("tbody", {}, days.toReversed().map(d =>
      el("tr", {}, el("td", {}, d.date), el("td", {className: "number"}, megabytes(d.mb)))))));
  const figure = document.createDocumentFragment();
  figure.append(chart, list);
  return figure;
}
