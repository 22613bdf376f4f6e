#!/usr/bin/env bash
# Shell scripts pass shellcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mapfile -t files < <(grep -rlE '^#!.*\b(ba)?sh$' deploy tests bench .ci schema --include='*' --exclude-dir=recordings --exclude-dir=corpus)
shellcheck -x -S warning "${files[@]}"
