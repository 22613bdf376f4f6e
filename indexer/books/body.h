#ifndef BOOKS_BODY_H
#define BOOKS_BODY_H

/* What the files of this stage share. Internal to the stage. */
#include "books/books.h"
#include "books/overrides.h"
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
	TABLE_POSTING,
	TABLE_PARAMETER,
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
	uint64_t findings;     /* discrepancies of this step */
	int64_t override_id;   /* of the set that the ledger in memory has; 0: none, -1: not read yet */
	struct overrides overrides;
	struct arena *kept;    /* of overrides; NULL: none yet */
	bool apart;            /* rows go to temporary tables, to be compared (audit_fold.c) */
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
const char *rows_table(unsigned t);                /* name in schema ledger */
void rows_columns(struct buf *sql, unsigned t);    /* those that are written, apart by ", " */
MUST_USE enum err_kind rows_flush(struct session *s, struct err *e);

/* ---- entries.c: what moved, as COPY rows ---- */

const char *entries_table(unsigned t);         /* name in schema ledger */
const char *entries_columns(unsigned t);       /* apart by ", " */
unsigned entries_column_count(unsigned t);
void entries_rows(struct session *s, const struct block *b, const struct ledger_outcome *out);
/** Roles that the initial state gives, as of `block`. */
void entries_initial_roles(struct session *s, int64_t block);
/** Movements between accounts; b NULL: the opening, of `block`. */
void entries_postings(struct session *s, const struct block *b, int64_t block,
	const struct ledger_posting *p, size_t n);

/** Values that governance or an override set; b NULL: the initial ones, of `block`. */
void entries_parameters(struct session *s, const struct block *b, int64_t block,
	const struct ledger_parameter_change *v, size_t n);

/* ---- load.c: the state from the tables ---- */

/**
 * Bring memory to what ledger.head says, whose row this transaction has locked: take blocks back,
 * or load everything. Makes the initial rows where there are none yet.
 */
MUST_USE enum err_kind load_match(struct session *s, struct err *e);

/** All records of a kind as of s->block, and the list of signers, into s->ledger. Errors: as pg_query. */
MUST_USE enum err_kind load_kind(struct session *s, enum ledger_kind kind, struct err *e);
MUST_USE enum err_kind load_signers(struct session *s, struct err *e);

/* ---- read.c: blocks from the tables ---- */

/**
 * Blocks above s->block with something kept, up to and including `to`, in order, in s->mem, with
 * their discoveries. Errors: as pg_query; ERR_REJECT a row is missing or damaged.
 */
MUST_USE enum err_kind read_blocks(
	struct session *s, int64_t to, struct block **out, size_t *n, struct err *e);

/* ---- books.c: a step's parts ---- */

/** Read blocks above s->block up to `to`, fold them, and hold what they change as rows. */
MUST_USE enum err_kind books_fold(struct session *s, int64_t to, struct err *e);
/** Connect to conf->database with the settings that the statements here are written for. */
MUST_USE enum err_kind books_open(struct session *s, const char *app, struct err *e);
/** Fold one block into memory and rows; votes NULL: recovered here. */
MUST_USE enum err_kind books_fold_block(
	struct session *s, const struct block *b, const struct ledger_votes *votes, struct err *e);
/** Write that the rows of this transaction reach up to `to`. */
MUST_USE enum err_kind books_advance(struct session *s, int64_t to, struct err *e);
/** One transaction: what is stored above s->block, as much as a step may. *any false: nothing was. */
MUST_USE enum err_kind books_step(struct session *s, bool *any, struct err *e);
/** The last block of the next step: few enough logs, at least one block. *any false: at the head. */
MUST_USE enum err_kind books_step_end(struct session *s, int64_t *to, bool *any, struct err *e);

/* ---- audit_*.c: stored rows against what they follow from ---- */

struct audit_conf;
/** Tell one finding; block -1: of the table as a whole. */
void audit_tell(const struct audit_conf *c, const char *table, int64_t block, const char *text,
	const char *advice);
/** Headers, logs and calldata against the stored proofs. Errors: as pg_query. */
MUST_USE enum err_kind audit_proofs(
	const struct audit_conf *c, struct session *s, int64_t head, struct err *e);
struct apart;
/** Names, checkpoints, partnership events against the stored logs and calls. Errors: as pg_query. */
MUST_USE enum err_kind audit_decoded(const struct audit_conf *c, struct session *s, struct apart *rows,
	int64_t head, struct err *e);
/** All rows of the ledger against a fold of the stored blocks. Errors: as pg_query, ledger_new. */
MUST_USE enum err_kind audit_fold(
	const struct audit_conf *c, struct session *s, struct err *e);

/**
 * Read a set and give it to the ledger in memory, if there is one. id 0: none.
 * Errors: as pg_query, overrides_parse.
 */
MUST_USE enum err_kind load_overrides(struct session *s, int64_t id, struct err *e);

/** Rules that rows are made by, as in ledger.head. */
void load_rules(const struct session *s, char out[64]);
/** Tell the decoder of contracts discovered up to s->block. Errors: as pg_query. */
MUST_USE enum err_kind load_found(struct session *s, struct err *e);

static inline void arg_chain(struct pg_args *a, const struct session *s)
{
	pg_arg_i64(a, s->chain_id);
}

#endif
