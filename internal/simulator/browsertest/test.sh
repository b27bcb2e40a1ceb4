#!/usr/bin/env bash
# Tests the page of the simulator in headless Chromium, or Chrome: test.sh [arguments of go test]. On Debian it installs
# Chromium, a Chinese font, curl and openssl if they are missing, as root.
set -euo pipefail
cd "$(dirname "$0")"

missing=
browser=$(command -v chromium || command -v google-chrome) || missing=" chromium"
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing="$missing fontconfig fonts-wqy-microhei"
command -v curl >/dev/null || missing="$missing curl"
command -v openssl >/dev/null || missing="$missing openssl"
if [ -n "$missing" ]; then
  apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

results=$(mktemp)
trap 'rm -f "$results"' EXIT
"${browser:-chromium}" --version
go vet -tags browser .
go test -count=1 -v -tags browser . "$@" | tee "$results"
grep -q '^--- PASS: ' "$results"
