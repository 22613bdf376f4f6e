#!/usr/bin/env bash
# Every metric in the code stands in the list of indexer/README.md, and the other way round.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0
stages='api|source|ingest|stream|index|store|ledger'
code=$(grep -rhoE --include='*.c' "\"bttc_($stages)_[a-z_]+\"" indexer api | tr -d '"' | sort -u)
list=$(sed -n '/^## Metrics$/,/^## /p' indexer/README.md | grep -oE "bttc_($stages)_[a-z_]+" | sort -u)
[ -n "$code" ] && [ -n "$list" ] || { echo "no metrics found"; exit 1; }
while IFS= read -r m; do echo "indexer/README.md: metric $m is not listed"; bad=1; done < <(comm -23 <(echo "$code") <(echo "$list") | grep .)
while IFS= read -r m; do echo "indexer/README.md: metric $m is in no code"; bad=1; done < <(comm -13 <(echo "$code") <(echo "$list") | grep .)
exit $bad
