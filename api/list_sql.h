#ifndef API_LIST_SQL_H
#define API_LIST_SQL_H

#include "api/query.h"
#include "base/buf.h"

/*
 * The one statement behind a page of a list: where each listed chain stands, whether the cursor's
 * blocks are still canonical, and the rows, all in one snapshot. Pure text work.
 *
 * Order and bounds are row comparisons that start with the column of the index to use, so that only
 * that index can give the order and the planner has no worse choice, whatever the statistics say.
 */

/** A statement with its parameters. */
#define SQL_VALUES_MAX 24
struct sql {
	struct buf text;
	struct arena *mem;
	const char *values[SQL_VALUES_MAX];
	int n;
	const char *chain; /* placeholder of the only chain's id, or NULL */
};

void sql_init(struct sql *s, struct arena *mem);
void sql_free(struct sql *s);

/** Add a parameter of that SQL type and write its placeholder into the text. */
void sql_param(struct sql *s, const char *value, const char *type);

/** column = value. column NULL: none. */
struct list_filter {
	const char *column; /* of the listed table */
	const char *type;   /* SQL type of the value */
	const char *value;
};

#define LIST_FILTERS_MAX 8
#define LIST_ROWS_MAX    501

struct list_plan {
	struct arena *mem;   /* of the plan's texts */
	const char *table;   /* with columns chain_id, block, log_index */
	const char *columns; /* ", x.a, x.b": further columns, the table is x, its block k, its
				chain b */
	struct list_filter
		drive;        /* leading column of the index (chain_id, column, block, log_index) */
	const char *contract; /* drive by all addresses of this contract instead (chain.log only) */
	const char *addresses; /*   bytea[] of its fixed addresses */
	struct list_filter filters[LIST_FILTERS_MAX];
	size_t filter_count;
	bool ascending;
	const char *only_chain; /* chain id where one chain is listed; NULL: several */
	const char *child;  /* id of BTTC where it is listed, or NULL */
	bool checkpointed;  /* of BTTC only rows that are */
	bool ledger;  /* up to what the ledger has reached */
	bool several; /* rows of several chains: up to the slowest one's indexed time */
	struct when from, to;
	enum level verification;
	unsigned rows; /* at most so many rows of each chain, up to LIST_ROWS_MAX */
	/* one element a listed chain, as array literals */
	const char *chain_ids, *first_blocks, *finality;
	const char *pos_blocks, *pos_logs; /* rows strictly beyond; NULL elements: from the end */
	const char *guard_blocks, *guard_hashes; /* must be canonical, or there are no rows */
	const char *tops; /* int8[]: rows at or below only; NULL elements: no such bound */
};

/** Values of the `finality` array. */
enum { LIST_ANY = 0, LIST_SAFE = 1, LIST_FINAL = 2, LIST_NONE = 3, LIST_CHECKPOINTED = 4 };

/** Columns of the result; the plan's own columns follow. Row columns are NULL for a chain without
 * rows. */
enum list_column {
	LIST_ORD,     /* int8: 1 for the first listed chain */
	LIST_INDEXED, /* int8, NULL: nothing indexed yet */
	LIST_INDEXED_HASH,
	LIST_SAFE_BLOCK,
	LIST_FINAL_BLOCK,
	LIST_RESETS,   /* int8: final ResetHeaderBlock events of all chains */
	LIST_GUARD_OK, /* bool: the chain's guard is canonical */
	LIST_TOP,      /* int8: newest block of the chain that may be listed now */
	LIST_BLOCK,
	LIST_LOG_INDEX,
	LIST_HASH,
	LIST_TIME, /* int8, seconds since 1970 */
	LIST_LEVEL,
	LIST_TX,
	LIST_COVERED, /* bool: a final checkpoint covers it (rows of BTTC) */
	LIST_OWN /* first of the plan's columns */
};

void list_sql(struct sql *s, const struct list_plan *p);

/** Discrepancies that make computed amounts doubtful from their block on (ledger.unreconciled_from). */
#define SQL_DOUBTFUL \
	"NOT d.resolved AND d.kind IN ('checkpoint_reward', 'checkpoint_signers', 'arithmetic', 'implementation')"

/** Column: may the row's computed amounts be relied on? */
#define SQL_RECONCILED                                                                             \
	", x.block < coalesce((SELECT r.unreconciled FROM r), 9223372036854775807) AS reconciled"

/**
 * Relation `r`: resets, how many ResetHeaderBlock events of all chains are final and how many discrepancies
 * are resolved, with the set of overrides in the upper 32 bits (for the revision); seen, how many resets are
 * visible at all; unreconciled, the first block from which amounts are doubtful, or NULL.
 */
#define SQL_RESETS                                                                                 \
	"r AS MATERIALIZED (SELECT coalesce(sum(y.n), 0)::int8 + (SELECT count(*) FROM"               \
	" ledger.discrepancy d WHERE d.resolved) + (SELECT coalesce(max(o.overrides), 0) FROM"        \
	" ledger.head o) * 4294967296 AS resets, (SELECT min(d.block) FROM ledger.discrepancy d WHERE " \
	SQL_DOUBTFUL ") AS unreconciled,"                                                              \
	" coalesce(sum(y.seen), 0)::int8 AS seen FROM chain.head h CROSS JOIN LATERAL ("             \
	"SELECT count(*) FILTER (WHERE l.block <= h.final) AS n, count(*) AS seen FROM chain.log l"  \
	" WHERE l.chain_id = h.chain_id AND l.event = 'ResetHeaderBlock' AND l.block <= h.indexed) y)"

#endif
