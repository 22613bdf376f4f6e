#ifndef API_LIST_H
#define API_LIST_H

#include "api/call.h"
#include "api/cells.h"
#include "api/list_sql.h"

/*
 * Lists of rows that have a block: pages by cursor, streams in CSV and NDJSON, one chain or several
 * merged by time, chain, block, log index. A resource says what its table is, which index drives a
 * filter, and how a row is written; everything else is here.
 */

/** Rules by which this program makes answers; raised when old answers change. */
#define API_RULES 1

/** A row of the result at hand. */
struct list_row {
	struct api *api;
	const struct pg_result *res;
	int at;
	const struct chain_conf *chain;
	int log_index; /* column of the cell of that name */
};

struct freshness;

struct list_kind {
	const char *table;
	bool ledger;   /* rows that the ledger made: only up to the block it has reached */
	int log_index; /* own column of the cell log_index, where rows have another order; else 0 */
	const char *columns; /* see struct list_plan */
	/** Chains that can have rows of this kind that pass the query's filters. */
	bool (*has_rows)(const struct chain_conf *chain, const struct query *q);
	/** Choose the index and the filters. Texts go into p->mem. */
	void (*plan)(const struct call *c, struct list_plan *p);
	/** Write the resource's own cells. False: they may change although the row is final. */
	bool (*row)(struct cells *out, const struct list_row *row);
};

/** Answer the call with a page or a stream of this list. kind has static storage. */
void list_answer(struct call *c, const struct list_kind *kind);

/* -------- for resources -------- */

/** The cells that every row has: chain to verification. */
void list_common_cells(struct cells *out, const struct list_row *row);

/** A text column (amounts come as decimal text), or null. */
void list_text_cell(struct cells *out, const char *name, const struct list_row *row, int col);
void list_int_cell(struct cells *out, const char *name, const struct list_row *row, int col);
void list_hex_cell(struct cells *out, const char *name, const struct list_row *row, int col);
void list_address_cell(struct cells *out, const char *name, const struct list_row *row, int col);

/** "\x..." text of bytes, for a bytea parameter. */
const char *list_bytea(struct arena *mem, const void *p, size_t n);

/** Revision of the data: network file, rules of this program, and `resets` of relation r. */
void list_revision(char out[64], const struct api *api, int64_t resets);

/** Answer that a cursor's block was orphaned: 409 with the newest block of its branch that is left. */
void list_orphaned(struct call *c, const struct chain_conf *chain, const struct hash32 *hash);

/** What caches may do with one row: settled when it is final and `lasting`. */
void list_row_freshness(struct call *c, const struct list_row *row, bool lasting,
	const char *revision, struct freshness *out);

#endif
