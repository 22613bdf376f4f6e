#ifndef BIN_EXPORT_H
#define BIN_EXPORT_H

/*
 * Rows of the ledger as CSV or NDJSON: streamed from one snapshot of the database, with sums and the head
 * they were taken at as the last line.
 */
#include "api/cells.h"
#include "network/network.h"
#include "store/pg.h"

#include <stdio.h>

#define EXPORT_COLUMNS_MAX 24

enum export_type {
	EXPORT_TEXT,
	EXPORT_INT,     /* bigint */
	EXPORT_AMOUNT,  /* numeric as text; summed */
	EXPORT_BALANCE, /* numeric as text; not summed */
	EXPORT_ADDRESS, /* bytea, with its base58 sibling */
	EXPORT_HEX,     /* bytea */
	EXPORT_TIME,    /* bigint, unix seconds */
	EXPORT_BOOL
};

struct export_column {
	const char *name; /* as in the API */
	enum export_type type;
	const char *sql; /* over the table's alias x, chain.block k, chain.head h */
};

/** One kind of rows. Table of schema ledger with chain_id, block, log_index. */
struct export_kind {
	const char *name;
	const char *table;
	const char *key, *key_type; /* column of the account, "bytea" or "bigint"; NULL: all rows */
	struct export_column columns[EXPORT_COLUMNS_MAX];
};

struct export_range {
	int64_t from, to; /* blocks, both included */
	bool final_only;
};

struct export {
	struct pg *pg;
	const struct network *net;
	const struct chain_conf *chain;
	enum format format;
	FILE *out;
	struct buf line;
	struct cells cells;

	/* where the snapshot stands */
	int64_t head, final;
	struct hash32 hash;
	int64_t head_time;
	char revision[80];
	bool has_final;

	/* of the rows so far */
	uint64_t rows;
	struct u256 sums[EXPORT_COLUMNS_MAX];
};

/** Begin a snapshot, find out where it stands. Errors: ERR_FATAL nothing is there yet. */
MUST_USE enum err_kind export_begin(struct export *x, const char *url, struct err *e);
void export_end(struct export *x);

/** The block that a bound means: a number, or a time (first block at or after; last before or at). */
MUST_USE enum err_kind export_bound(
	struct export *x, const char *name, const char *text, bool upper, int64_t *out, struct err *e);

/** All rows of a kind; key: "\x..." or a number, NULL: of all accounts. */
MUST_USE enum err_kind export_rows(struct export *x, const struct export_kind *kind, const char *key,
	const struct export_range *range, struct err *e);

/** Any range of one account, month by month: opening balances, movements, closing balances. */
enum statement_of { STATEMENT_PARTNER, STATEMENT_VALIDATOR, STATEMENT_DELEGATOR };
MUST_USE enum err_kind export_statement(struct export *x, enum statement_of of, const char *key,
	const struct export_range *range, struct err *e);

/** Which of partner and delegator an address is. Errors: ERR_FATAL it is both. Neither: partner. */
MUST_USE enum err_kind export_account_kind(
	struct export *x, const char *key, enum statement_of *out, struct err *e);

/* ---- shared by export.c and statement.c ---- */

/** Write the line at hand. Errors: ERR_FATAL the file can not be written. */
MUST_USE enum err_kind export_flush(struct export *x, struct err *e);
/** Last line: rows, sums of the columns of type AMOUNT, the head. */
MUST_USE enum err_kind export_closing(
	struct export *x, const struct export_column *columns, struct err *e);
/** One cell from a column of the current result. */
void export_cell(struct export *x, const struct export_column *c, int row, int col);
void export_names(struct export *x, const struct export_column *columns);

#endif
