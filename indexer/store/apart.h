#ifndef STORE_APART_H
#define STORE_APART_H

/*
 * The rows that the writer makes of a block's logs and calls, in temporary tables of the connection: what
 * is stored is compared with them. chain.log, chain.tx, staking.checkpoint, partnership.event.
 */
#include "decode/decode.h"
#include "store/pg.h"

struct apart;

/** Makes the tables; before a read only transaction. pg outlives it. Errors: as pg_query. */
MUST_USE enum err_kind apart_open(
	struct apart **out, struct pg *pg, const struct chain_conf *chain, struct err *e);
void apart_close(struct apart *a); /* NULL is legal; the tables go with the connection */

/** Add what a stored block decodes to. Errors: as pg_query. */
MUST_USE enum err_kind apart_add(
	struct apart *a, const struct block *b, const struct decoded *d, struct err *e);

/** A stored row that is missing, too many, or another one. index: of the log or the transaction. */
typedef void apart_found(
	void *arg, const char *table, int64_t block, int64_t index, const char *text);

/**
 * Compare with the stored rows of blocks up to `to`; n: only of these blocks. The first few of each table are
 * told. Errors: as pg_query.
 */
MUST_USE enum err_kind apart_compare(struct apart *a, int64_t to, const int64_t *blocks, size_t n,
	apart_found *found, void *arg, struct err *e);

#endif
