#ifndef STORE_OPERATION_H
#define STORE_OPERATION_H

/*
 * The log of what operators did (chain.operation). An entry is part of the caller's transaction: what
 * is taken back leaves none.
 */
#include "store/pg.h"

/**
 * Add an entry: kind as the column's comment lists them, detail as printf; the program's version is
 * added. Others wait with theirs until the transaction ends. Errors: as pg_query.
 */
__attribute__((format(printf, 4, 5))) MUST_USE enum err_kind operation_record(
	struct pg *pg, struct err *e, const char *kind, const char *detail, ...);

/** The same, where the log may be missing because its migration was not run or was taken back. */
MUST_USE enum err_kind operation_record_migration(
	struct pg *pg, bool up, const char *name, const char *sha256, struct err *e);

#endif
