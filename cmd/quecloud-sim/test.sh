#!/usr/bin/env bash
# Tests what the Dockerfile makes, without Docker: builds the binary with the files and the command of the Dockerfile,
# and runs it as its user, in an otherwise empty folder, with its health check. It needs root, for chroot.
set -euo pipefail
cd "$(dirname "$0")"
dockerfile=$PWD/Dockerfile
cd ../..

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
instruction() { sed -n "s/^$1 //p" "$dockerfile"; }
words() { tr -d '[],"' <<<"$1"; } # of a command in JSON

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
mkdir -p "$work/src" "$work/image/data"

# The copied files, and nothing else, must be enough.
grep -E '^COPY [^-]' "$dockerfile" | while read -r _ sources; do
  target=${sources##* }
  for source in ${sources% *}; do # expands *.go
    mkdir -p "$work/src/$target"
    if [ -d "$source" ]; then cp -R "$source/." "$work/src/$target"; else cp "$source" "$work/src/$target"; fi
  done
done
build=$(instruction RUN | grep 'go build')
(cd "$work/src" && bash -c "${build/-o \/quecloud-sim/-o $work/image/quecloud-sim}")

user=$(instruction USER)
[ "${user%%:*}" -ne 0 ] || fail "the image runs as root"
chown "$user" "$work/image/data"
image() { # sets the command that runs another in the image, with the variables of the Dockerfile, on free ports
  in_image=(env -i $(instruction ENV) QUECLOUD_SIM_ADDR=127.0.0.1:0 "QUECLOUD_SIM_CONTROL=127.0.0.1:$control"
    /usr/sbin/chroot --userspec="$user" "$work/image")
}
entrypoint=$(words "$(instruction ENTRYPOINT)")
health=$(words "$(instruction HEALTHCHECK | sed 's/.*CMD //')")

for lap in 1 2; do # the second starts with the state of the first
  control=0
  image
  "${in_image[@]}" $entrypoint -state /data/state.json -tls -tls-ca /data/ca.pem >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    control=$(sed -n 's|.*page on http://127.0.0.1:\([0-9]*\)/.*|\1|p' "$work/log")
    [ -z "$control" ] || break
    sleep 0.1
  done
  [ -n "$control" ] || { cat "$work/log" >&2; fail "it does not serve"; }
  image
  "${in_image[@]}" $health || fail "the health check fails"
  kill "$server"
  status=0
  wait "$server" || status=$?
  [ "$status" = 0 ] || { cat "$work/log" >&2; fail "it ended with status $status"; }
  server=
  [ -s "$work/image/data/state.json" ] || fail "it saved no state"
  [ -s "$work/image/data/ca.pem" ] || fail "it wrote no certificate"
  if "${in_image[@]}" $health 2>/dev/null; then fail "the health check succeeds without a server"; fi
  echo "lap $lap: served, healthy, stopped"
done
