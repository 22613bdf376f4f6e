#!/usr/bin/env bash
# Ceilings: 900 lines a file, 100 lines a function, 110 columns a line (a tab counts eight; lines that
# are a string apart).
# Exceptions with their reason: length.allow ("path function" or "path file", then why).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0
allowed() { grep -qE "^$1 $2( |\$)" tests/check/length.allow; }
while IFS= read -r f; do
  n=$(wc -l <"$f")
  if [ "$n" -gt 900 ] && ! allowed "$f" file; then echo "$f: $n lines, at most 900"; bad=1; fi
  while IFS=: read -r name lines; do
    allowed "$f" "$name" || { echo "$f: function $name has $lines lines, at most 100"; bad=1; }
  done < <(awk '
    /^[A-Za-z_].*\(/ && !/;[ \t]*$/ { sig = $0; start = FNR }
    /^\{/ { open = start ? start : FNR }
    /^\}/ { if (open && FNR - open > 100) { s = sig; sub(/\(.*/, "", s); n = split(s, w, /[ *]+/); print w[n] ":" FNR - open } open = 0; start = 0 }' "$f")
  wide=$(expand -t 8 "$f" | awk 'length($0) > 110 && !/^[ ]*"/ { n++ } END { print n + 0 }')
  if [ "$wide" -gt 0 ] && ! allowed "$f" wide; then echo "$f: $wide lines over 110 columns"; bad=1; fi
done < <(find indexer api bench -name '*.[ch]' -o -name '*.cc')
exit $bad
