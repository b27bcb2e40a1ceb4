#!/usr/bin/env bash
# Makes the screenshots in docs/images anew.
set -euo pipefail
cd "$(dirname "$0")/../../.."
mkdir -p docs/images
bash internal/simulator/browsertest/test.sh -run TestScreenshots -args -screenshots "$PWD/docs/images"
