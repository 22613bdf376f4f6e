#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * PostgreSQL: one writer per chain (advisory lock), one transaction per batch, stream position
 * included. Schema: migrations/. Only this folder and api/ use libpq.
 */
#include "base/err.h"
#include "decode/decode.h"
#include "network/network.h"
#include "stream/stream.h"

/* -------- connection and migrations -------- */

/** Wait for the server (AGAIN until it answers) is the caller's; url is a libpq URI or DSN. */
MUST_USE enum err_kind migrate_up(const char *url, unsigned *applied, struct err *e);
MUST_USE enum err_kind migrate_down(const char *url, unsigned steps, struct err *e);
/** Print a table of migrations: number, name, state (applied, pending, changed, unknown). */
MUST_USE enum err_kind migrate_status(const char *url, FILE *to, bool *pending, struct err *e);

/** Insert or check the network's chains (chain.chain); another network's database is refused. */
MUST_USE enum err_kind store_register(const char *url, const struct network *net, struct err *e);

/* -------- writer -------- */

struct writer;

/** Where a chain stands in the database; everything in mem. */
struct writer_past {
	struct stream_tail tail;       /* newest applied record of the visible prefix */
	struct header *recent;         /* newest last: number, hash, parent, time; up to `window` */
	size_t recent_count;
	struct discovery *found;
	size_t found_count;
	bool has_final;
	uint64_t final;
	uint64_t start;                /* first block that is missing from the canonical prefix */
	int64_t next_offset;           /* Kafka position of `partition` */
};

struct writer_conf {
	bool bulk;                     /* backfill: no secondary indexes until writer_finish_bulk */
	int32_t partition;             /* Kafka partition, 0 in process */
};

/**
 * Open the writer of one chain; takes the chain's advisory lock.
 * Errors: ERR_AGAIN no connection, or another process holds the lock (code 1: say so once and wait);
 * ERR_FATAL schema version is not this binary's.
 */
MUST_USE enum err_kind writer_open(struct writer **out, const char *url, const struct network *net,
	const struct chain_conf *chain, const struct writer_conf *conf, struct err *e);
void writer_close(struct writer *w);

MUST_USE enum err_kind writer_past(struct writer *w, uint64_t window, struct arena *mem,
	struct writer_past *out, struct err *e);

/** One step with its rows; decoded is NULL for UNDO and HEIGHTS. */
struct write_step {
	const struct step *step;
	const struct decoded *decoded;
};

/**
 * Apply steps in order, with bad records and the new position, in one transaction. Either all is
 * durable or nothing. Steps at or below the stored seq are skipped (a repeat changes nothing); a gap
 * in seq or a parent that is not the stored newest block is refused.
 * UNDO moves the block's rows to the orphan tables.
 * Errors: ERR_AGAIN connection lost or serialization failure (outcome of a commit in doubt: reopen,
 * read the position, offer again); ERR_REJECT a row breaks a constraint (table and key named);
 * ERR_FATAL gap in the stream ("re-ingest from block N").
 */
MUST_USE enum err_kind writer_apply(struct writer *w, const struct write_step *steps, size_t n,
	const struct bad_record *bad, size_t bad_n, int64_t next_offset, struct err *e);

/** After a bulk load: build what was left out; the tables are then as if written live. */
MUST_USE enum err_kind writer_finish_bulk(struct writer *w, struct err *e);

#endif
