/* Entries of chain.operation. Number, time, actor and hashes are the database's (0018_operation). */
#include "store/operation.h"

#include "base/version.h"

#include <stdarg.h>
#include <stdio.h>

#define DETAIL_MAX 4000

static enum err_kind record(struct pg *pg, const char *kind, const char *detail, struct err *e)
{
	struct pg_args a = {0};

	pg_arg_text(&a, kind);
	pg_arg_text(&a, detail);
	pg_arg_text(&a, version_text());
	return pg_query(pg, "SELECT chain.record_operation($1, $2 || '; bttc-indexer ' || $3)", &a, e);
}

enum err_kind operation_record(struct pg *pg, struct err *e, const char *kind, const char *detail, ...)
{
	char text[DETAIL_MAX];
	va_list args;

	va_start(args, detail);
	vsnprintf(text, sizeof(text), detail, args);
	va_end(args);
	return record(pg, kind, text, e);
}

enum err_kind operation_record_migration(
	struct pg *pg, bool up, const char *name, const char *sha256, struct err *e)
{
	enum err_kind k = pg_query(
		pg, "SELECT to_regclass('chain.operation_head') IS NOT NULL", NULL, e);

	if (k || !pg_i64(pg, 0, 0))
		return k;
	return operation_record(
		pg, e, up ? "migrate_up" : "migrate_down", "migration %s, SHA-256 %s", name, sha256);
}
