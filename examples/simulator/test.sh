#!/usr/bin/env bash
# Runs the tests in other languages against quecloud-sim, where the language is installed. With -all it installs what is
# missing on Debian and Ubuntu, as root, and fails if it cannot.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1:-}" = -all ]; then
  missing=()
  python3 -c 'import pytest' 2>/dev/null || missing+=(python3 python3-pytest)
  command -v node >/dev/null || missing+=(nodejs)
  command -v java >/dev/null || missing+=(default-jdk-headless)
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
fi

# python prints an interpreter that has pytest. Debian's packages are those of its own interpreter.
python() {
  for interpreter in python3 /usr/bin/python3; do
    if "$interpreter" -c 'import pytest' 2>/dev/null; then
      echo "$interpreter"
      return
    fi
  done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/quecloud-sim" ../../cmd/quecloud-sim
export QUECLOUD_SIM=$work/quecloud-sim PYTHONDONTWRITEBYTECODE=1

ran=0
absent() {
  [ "${1:-}" != -all ] || { echo "FAILED: $2 is missing" >&2; exit 1; }
  echo "left out: $2 is not installed"
}
interpreter=$(python)
if [ -n "$interpreter" ]; then
  "$interpreter" -m pytest -q -p no:cacheprovider test_simulator.py
  ran=$((ran + 1))
else
  absent "${1:-}" pytest
fi
if command -v node >/dev/null; then
  node --test simulator.test.mjs
  ran=$((ran + 1))
else
  absent "${1:-}" node
fi
if command -v java >/dev/null; then
  java -ea SimulatorTest.java
  ran=$((ran + 1))
else
  absent "${1:-}" java
fi
echo "tests in $ran languages passed"
