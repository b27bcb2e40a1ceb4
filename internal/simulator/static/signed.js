// The curl command that makes a call again. It signs in the shell: the secret is on no page.

import {quote} from "./page.js";

const unsigned = ["sign", "alarmParam", "alarmStatus", "pauseStatus"];

// signedCurl returns the command for a call. The variable QUECLOUD_SECRET of the shell has the secret.
export function signedCurl(r) {
  const params = Object.entries(r.params)
    .filter(([name, value]) => name !== "t" && value !== "" && !value.includes("(hidden)"));
  const text = [...params, ["t", ""]].filter(([name]) => !unsigned.includes(name))
    .sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
    .map(([name, value]) => name === "t" ? 't"$t"' : quote(name + value)).join("");
  return [
    "t=$(date +%s)",
    `sign=$(printf %s "$QUECLOUD_SECRET"${text}"$QUECLOUD_SECRET" | openssl sha1 -r | cut -c 1-40 | tr a-f A-F)`,
    `curl -s ${quote(r.origin + r.path)} -d t="$t" -d sign="$sign" ` +
      params.map(([name, value]) => "--data-urlencode " + quote(name + "=" + value)).join(" "),
  ].join("\n");
}
