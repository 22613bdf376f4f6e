#!/usr/bin/env bash
# An include of ours must be allowed by layers.txt; a third-party header only in its own stage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

find indexer api -name '*.[ch]' -o -name '*.cc' | sort | xargs awk -v rules=tests/check/layers.txt '
BEGIN {
  while ((getline line < rules) > 0) {
    n = split(line, w, /[ :]+/); known[w[1]] = 1
    for (i = 1; i <= n; i++) ok[w[1], w[i]] = 1
  }
}
FNR == 1 {
  me = ""; n = split(FILENAME, p, "/")
  for (i = 1; i < n; i++) if (p[i] in known) me = p[i]
}
/^#include "[a-z0-9_]+\// {
  split($2, t, /["\/]/); to = t[2]
  if (me != "" && (to in known) && !((me, to) in ok)) {
    print FILENAME ":" FNR ": " me " may not include " to; bad = 1
  }
}
END { exit bad }'

# third-party header -> the only folders that may include it
bad=0
only() {
  local header=$1 hits
  shift
  hits=$(grep -rlE "^#include [<\"]$header" indexer api | grep -vE "^($(IFS='|'; echo "$*"))/" || true)
  [ -z "$hits" ] || { echo "$header is included outside $*: $hits"; bad=1; }
}
only 'curl/' indexer/source
only 'librdkafka/' indexer/stream
only 'protobuf-c/' indexer/stream indexer/evidence
only 'libpq-fe.h' indexer/store api
only 'h2o' indexer/replay api
only 'jansson.h' indexer/network indexer/replay
only 'simdjson.h' indexer/base
only 'secp256k1' indexer/chain
headers=$(find indexer api -name '*.h' -print0 | xargs -0 grep -lE '^#include <(curl/|librdkafka/|protobuf-c/|libpq-fe|jansson|secp256k1|simdjson)' || true)
for h in $headers; do
  case $h in *_int.h | indexer/store/pg.h | api/pgpool.h | indexer/network/*.h | indexer/stream/*.h) ;;
    *) echo "$h: a header that others may include has a third-party header"; bad=1 ;; esac
done
exit $bad
