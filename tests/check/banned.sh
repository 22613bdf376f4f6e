#!/usr/bin/env bash
# Calls and types that this project does not use, and words that do not belong in a commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bad=0
deny() {
  local why=$1 pattern=$2 hits
  shift 2
  hits=$(grep -rnE --include='*.[ch]' --include='*.cc' "$pattern" "$@" || true)
  [ -z "$hits" ] || { printf '%s\n%s\n' "$why:" "$hits"; bad=1; }
}
deny 'unbounded or thread-unsafe C' '(^|[^_[:alnum:].>])(sprintf|strcpy|strcat|strtok|gets|atoi|atol|localtime|gmtime|system|rand|srand|tmpnam)\(' indexer api
deny 'floating point near money' '(^|[^_[:alnum:]])(float|double)([^_[:alnum:]]|$)' indexer/chain indexer/decode indexer/verify indexer/store indexer/ledger indexer/ingest indexer/network
deny 'goto to another label than out' 'goto +[^o;]|goto +o[^u]' indexer api
hits=$(git grep -nIE '(TODO|FIXME|XXX|HACK)([^[:alnum:]X]|$)' -- ':!tests/recordings' ':!tests/vectors' ':!tests/check' ':!*/check/*' 2>/dev/null | grep -v XXXXXX || true)
[ -z "$hits" ] || { printf 'unfinished work:\n%s\n' "$hits"; bad=1; }
# Addresses, chain ids and block numbers of a network stand in network files only.
deny 'an address in code' '"0x[0-9a-fA-F]{40}"|"T[1-9A-HJ-NP-Za-km-z]{33}"' indexer/source indexer/ingest indexer/decode indexer/store indexer/index indexer/bin indexer/stream api
exit $bad
