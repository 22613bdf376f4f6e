#ifndef STORE_WRITER_STATE_H
#define STORE_WRITER_STATE_H

/*
 * What the files of the writer share: writer.c (open, apply, position), rows.c (a block's rows),
 * undo.c (forks), coverage.c (ranges above the visible prefix). Private to indexer/store.
 */
#include "base/metric.h"
#include "store/copy.h"
#include "store/pg.h"
#include "store/store.h"

#include <inttypes.h>

enum table {
	T_BLOCK,
	T_LOG,
	T_TX,
	T_CONTRACT,
	T_CHECKPOINT,
	T_PARTNERSHIP,
	T_EVIDENCE,
	T_EVIDENCE_TX,
	TABLE_COUNT
};

#define LEVEL_COUNT (LEVEL_QUORUM + 1)
#define TIME_MAX    253402300799u /* 9999-12-31T23:59:59Z */

/** Newest fork: a run of UNDO records, row of chain.fork. last_seq 0: no fork yet. */
struct fork_run {
	int64_t number, depth;
	uint64_t first_seq, last_seq;
};

/** Where the prefix (or the range) stands. Copied, moved on, and put back when it is durable. */
struct tip {
	uint64_t seq;
	bool has;           /* any block at all */
	struct block_id id; /* newest block */
	uint64_t time;
	bool has_final;
	uint64_t final; /* highest block ever called final */
	bool has_heights;
	uint64_t head, safe; /* as last heard */
	bool has_safe;
	int64_t head_time;
	struct fork_run fork;
	int64_t next_offset;
	uint8_t stream_id[16];
};

/** A row of chain.coverage that the prefix will meet; has false: none. */
struct upper {
	bool has, empty;
	uint64_t from, to;
	struct hash32 from_parent, to_hash;
	uint8_t contracts[32];
};

/** A COPY target; columns in the order of rows.c. A partitioned one is named with its chain. */
struct writer_table {
	const char *name, *columns;
	bool partitioned;
	unsigned count;
};
extern const struct writer_table writer_tables[TABLE_COUNT];

struct writer {
	struct pg *pg;
	const char *url; /* outlives the writer */
	const struct chain_conf *chain;
	struct writer_conf conf;
	int64_t chain_id;
	bool ranged;    /* writes chain.coverage row `first`, else chain.head */
	bool complete;  /* the range was stored already: nothing may be written */
	bool apart;     /* rows go to temporary tables, to be compared (apart.c); nothing is parked */
	uint64_t first; /* first block of the prefix or the range */
	struct tip at;  /* durable */
	struct copy rows[TABLE_COUNT];
	int64_t levels[LEVEL_COUNT]; /* blocks not yet added to chain.level_count */
	uint64_t sent[TABLE_COUNT]; /* rows of the open transaction */
	struct metric_series *m_rows[TABLE_COUNT], *m_batch, *m_commit;
	struct upper upper;          /* the lowest range above the prefix, as of this transaction */
};

/** Does v fit a bigint column? */
static inline bool fits(uint64_t v)
{
	return v <= INT64_MAX;
}

/** Send what is encoded so far. In a transaction. */
MUST_USE enum err_kind writer_flush(struct writer *w, struct err *e);

/** Encode one NEW step (rows.c). Parked rows are inserted at once. */
MUST_USE enum err_kind rows_add(struct writer *w, const struct write_step *s, struct err *e);

/** Encode what a block's logs and calls mean: rows of log, tx, checkpoint, partnership (rows.c). */
MUST_USE enum err_kind rows_decoded(
	struct writer *w, const struct block *b, const struct decoded *d, struct err *e);

/** Where rows of a table go in a writer of apart.c. */
void apart_table_name(struct buf *sql, int table);

/** Keep a stream record that could not be decoded (rows.c). */
MUST_USE enum err_kind rows_park_record(
	struct writer *w, const struct bad_record *bad, struct err *e);

/**
 * Undo blocks from the tip down to `number` (undo.c), for the record `seq`. Everything encoded is
 * flushed first.
 */
MUST_USE enum err_kind undo_to(
	struct writer *w, struct tip *tip, uint64_t number, uint64_t seq, struct err *e);

/** Hash of a stored block; *found false when there is none. */
MUST_USE enum err_kind stored_hash(
	struct writer *w, uint64_t number, struct hash32 *out, bool *found, struct err *e);

/** Choose between prefix and range, take the lock, read the range's position (coverage.c). */
MUST_USE enum err_kind coverage_open(struct writer *w, struct err *e);

/** Read the lowest range above the prefix into w->upper; lock: keep it so until the transaction
 * ends. */
MUST_USE enum err_kind coverage_look(struct writer *w, bool lock, struct err *e);

/** While a range begins right above the tip: join it to the prefix, or drop it. In a transaction.
 */
MUST_USE enum err_kind coverage_meet(struct writer *w, struct tip *tip, struct err *e);

/** Write the range's position: compare-and-set on the stored seq. */
MUST_USE enum err_kind coverage_advance(struct writer *w, const struct tip *tip, struct err *e);

/** Add w->chain_id as the next parameter; bytes of a hash. */
void arg_chain(struct pg_args *a, const struct writer *w);
void arg_hash(struct pg_args *a, const struct hash32 *h);

/** A 32-byte column; false when it has another length. */
bool col_hash(const struct pg *pg, int row, int col, struct hash32 *out);

#endif
