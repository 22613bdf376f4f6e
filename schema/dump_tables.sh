#!/bin/sh
# Writes schema/tables.sql: the database after all migrations, as text for people and for the test that
# compares it (tests/pg/test_migrate.c). Needs a database that `bttc-indexer migrate up` was run on:
#   schema/dump_tables.sh "host=/tmp/... user=postgres dbname=..."
set -eu
cd "$(dirname "$0")"
[ $# -eq 1 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
{
	echo "-- All tables, views and functions after all migrations. Written by schema/dump_tables.sh."
	psql -XAtq -v ON_ERROR_STOP=1 -c 'SET search_path = pg_catalog' -f tables_query.sql "$1"
} > tables.sql.new
mv tables.sql.new tables.sql
