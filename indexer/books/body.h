#ifndef BOOKS_BODY_H
#define BOOKS_BODY_H

/* What the files of this stage share. Internal to the stage. */
#include "books/books.h"
#include "decode/decode.h"
#include "ledger/fields.h"
#include "store/copy.h"
#include "store/pg.h"

#include <stdatomic.h>

/** Tables beside those of records. */
enum {
	TABLE_BLOCK = 0,
	TABLE_DISCREPANCY = LEDGER_KIND_COUNT,
	TABLE_CHECKPOINT, /* from here on: entries.c */
	TABLE_ACCRUAL,
	TABLE_VALIDATOR_PAYOUT,
	TABLE_DELEGATOR_ENTRY,
	TABLE_PARTNER_ENTRY,
	TABLE_ROLE_ENTRY,
	BOOKS_TABLES
};

/** What is in the database and the same in memory. */
struct session {
	const struct books_conf *conf;
	struct pg *pg;
	int64_t chain_id;
	struct ledger *ledger;
	struct decoder *decoder;
	uint64_t found_below;  /* discoveries below this block were told */
	int64_t block;         /* as ledger.head; one below the first block: -1 is legal */
	int64_t generation;
	int level;             /* lowest so far */
	bool begun;            /* this step made the initial rows */
	struct arena *mem;
	struct copy rows[BOOKS_TABLES];
};

/* ---- rows.c: what a block changed, as COPY rows ---- */

void rows_init(struct session *s);
void rows_free(struct session *s);
/** The record with this key, as of `block`. */
void rows_record(struct session *s, enum ledger_kind kind, const struct ledger_key *key,
	int64_t block, bool created);
void rows_outcome(struct session *s, const struct block *b, const struct ledger_outcome *out);
void rows_all(struct session *s, int64_t block); /* the whole state */
MUST_USE enum err_kind rows_flush(struct session *s, struct err *e);

/* ---- entries.c: what moved, as COPY rows ---- */

const char *entries_table(unsigned t);         /* name in schema ledger */
const char *entries_columns(unsigned t);       /* apart by ", " */
unsigned entries_column_count(unsigned t);
void entries_rows(struct session *s, const struct block *b, const struct ledger_outcome *out);

/* ---- load.c: the state from the tables ---- */

/**
 * Bring memory to what ledger.head says, whose row this transaction has locked: take blocks back,
 * or load everything. Makes the initial rows where there are none yet.
 */
MUST_USE enum err_kind load_match(struct session *s, struct err *e);

/* ---- read.c: blocks from the tables ---- */

/**
 * Blocks above s->block with something kept, up to and including `to`, in order, in s->mem, with
 * their discoveries.
 */
MUST_USE enum err_kind read_blocks(
	struct session *s, int64_t to, struct block **out, size_t *n, struct err *e);

static inline void arg_chain(struct pg_args *a, const struct session *s)
{
	pg_arg_i64(a, s->chain_id);
}

#endif
