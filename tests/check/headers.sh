#!/usr/bin/env bash
# Every header compiles alone; its guard spells its path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0
flags=$(pkg-config --cflags libh2o-evloop jansson libpq libprotobuf-c rdkafka libsecp256k1 2>/dev/null || true)
gen=$(mktemp -d)
trap 'rm -rf "$gen"' EXIT
protoc-c --proto_path=schema/records --c_out="$gen" schema/records/block.proto
while IFS= read -r h; do
  guard=$(printf %s "${h#indexer/}" | tr 'a-z/.' 'A-Z__')
  grep -q "^#ifndef $guard\$" "$h" || { echo "$h: guard is not $guard"; bad=1; }
  # shellcheck disable=SC2086
  cc -std=gnu17 -fsyntax-only -Wall -Werror -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -Iindexer -I. -I"$gen" $flags -include "$h" -x c /dev/null ||
    { echo "$h: does not compile alone"; bad=1; }
done < <(find indexer api -name '*.h')
exit $bad
