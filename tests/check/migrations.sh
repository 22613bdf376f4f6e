#!/bin/sh
# Fails when migrations/HASHES does not list exactly the up files with their hashes, numbered from 1
# without a hole. A released line of HASHES is never edited: lines are only added.
set -eu
cd "$(dirname "$0")/../../migrations"
for f in *.up.sql; do
	[ -f "${f%.up.sql}.down.sql" ] || { echo "migrations: $f has no down file"; exit 1; }
done
sha256sum ./*.up.sql | sed 's|\./||' | cmp -s - HASHES || {
	echo "migrations: files and HASHES differ:"
	sha256sum ./*.up.sql | sed 's|\./||' | diff HASHES - || true
	exit 1
}
n=0
while read -r _ name; do
	n=$((n + 1))
	case $name in
	$(printf %04d $n)_*) ;;
	*) echo "migrations: $name should have number $(printf %04d $n)"; exit 1 ;;
	esac
done < HASHES
