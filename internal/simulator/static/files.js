import {byID, chip, count, get, instant, t, table} from "./page.js";
import {listen, soon} from "./events.js";

async function load() {
  byID("files").replaceChildren(table((await get("/files")).toReversed(), [
    [t("files.task"), f => String(f.id)],
    [t("status"), f => f.end ? chip(t("files.done"), "ok") : chip(t("files.running"), "warn")],
    [t("files.start"), f => instant(f.start)], [t("files.end"), f => instant(f.end) || "–"],
    [t("files.size"), f => f.end ? count(f.size) : "–", "number"],
  ], t("files.none")));
}

listen({file: soon(load, 500)}, load);
