#!/usr/bin/env bash
# Tests the store against a real Redis. On Debian and Ubuntu it installs redis-server if there is none, as root.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v redis-server >/dev/null; then
  apt-get update -q
  # With this runlevel the package does not start a server of its own.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends redis-server
fi

work=$(mktemp -d)
redis-server --port 0 --unixsocket "$work/redis.sock" --dir "$work" --save '' >"$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
  [ ! -S "$work/redis.sock" ] || break
  sleep 0.1
done
[ -S "$work/redis.sock" ] || { cat "$work/log" >&2; exit 1; }

redis-server --version
QUECLOUD_REDIS=unix://$work/redis.sock go test -race -count=1 -v -tags redis ./... | tee "$work/results"
grep -q '^--- PASS: TestStoreKeepsTheContractOnAServer' "$work/results"
