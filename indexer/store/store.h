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

/**
 * Apply what is pending, each step in one transaction. url is a libpq URI or DSN. Waits for another
 * process that is migrating.
 * Errors: ERR_AGAIN no connection; ERR_FATAL the database is newer than this program, or a recorded
 * step differs; ERR_STOP.
 */
MUST_USE enum err_kind migrate_up(const char *url, unsigned *applied, struct err *e);
MUST_USE enum err_kind migrate_down(const char *url, unsigned steps, struct err *e);
/** Print a table of migrations: number, name, state (applied, pending, changed, unknown). */
MUST_USE enum err_kind migrate_status(const char *url, FILE *to, bool *pending, struct err *e);

/** Insert or check the network's chains (chain.chain); another network's database is refused. */
MUST_USE enum err_kind store_register(const char *url, const struct network *net, struct err *e);

/* -------- writer -------- */

struct writer;

/** Where a chain (or a range of it, writer_conf.has_range) stands; everything in mem. */
struct writer_past {
	struct stream_tail tail; /* newest applied record and newest stored block */
	struct header *recent;   /* newest last: number, hash, parent, time; up to `window` */
	size_t recent_count;
	struct discovery *found;
	size_t found_count;
	bool has_final;
	uint64_t final;
	uint64_t start;      /* first block that is missing from the prefix, or the range */
	int64_t next_offset; /* stored position of `partition`; 0: none */
};

struct writer_conf {
	bool bulk;         /* first load: an (almost) empty chain.log goes without secondary
			      indexes until writer_finish_bulk; else they are made sure of */
	int32_t partition; /* Kafka partition, 0 in process */
	bool has_range;    /* only blocks from..to, both included */
	uint64_t from, to;
};

#define WRITER_BUSY 1 /* err.code of ERR_AGAIN: another process writes this chain */

/**
 * Open the writer of one chain; takes the chain's advisory lock. The url must outlive the writer.
 *
 * A range that begins at or below the first missing block extends the visible prefix like a writer
 * without a range. One that begins above it is stored out of readers' sight, under a lock of its
 * own, and joined to the prefix by the writer that gets there, when parent hash and discovered
 * contracts fit; otherwise it is dropped and read again.
 *
 * Errors: ERR_AGAIN no connection, or WRITER_BUSY (say so once and wait); ERR_FATAL schema version
 * is not this program's, chain not registered, range overlaps a stored one (the message says which
 * ranges to ask for); ERR_STOP.
 */
MUST_USE enum err_kind writer_open(struct writer **out, const char *url,
	const struct chain_conf *chain, const struct writer_conf *conf, struct err *e);
void writer_close(struct writer *w);

MUST_USE enum err_kind writer_past(struct writer *w, uint64_t window, struct arena *mem,
	struct writer_past *out, struct err *e);

/**
 * Can another stream be taken up, whose first record is this NEW block? Only when the block is
 * stored, or stands on a stored one, of the visible prefix. Not for ranges.
 */
MUST_USE enum err_kind writer_fits(struct writer *w, const struct block_id *first,
	const struct hash32 *parent, bool *fits, struct err *e);

/**
 * Take up another stream, one that fits: its records are numbered from 1 again, the stored position
 * becomes next_offset. Blocks that are stored already are compared when they come. Durable when it
 * returns. Errors: as writer_apply.
 */
MUST_USE enum err_kind writer_adopt(
	struct writer *w, const uint8_t stream_id[16], int64_t next_offset, struct err *e);

/** One step with its rows; decoded is NULL for UNDO and HEIGHTS. */
struct write_step {
	const struct step *step;
	const struct decoded *decoded;
	const char *park; /* not NULL: its rows do not fit; keep the block, park logs and calls for
			     this reason */
};

/** What one stream_poll gave. */
struct write_batch {
	const struct write_step *steps;
	size_t n;
	const struct bad_record *bad;
	size_t bad_n;
	int64_t next_offset; /* position after it */
	uint8_t stream_id[16];
};

/**
 * Apply the steps in order, bad records and the new position in one transaction. Either all is
 * durable or nothing. Steps at or below the stored seq are skipped (a repeat changes nothing); a
 * gap in seq or a parent that is not the stored newest block is refused.
 *
 * UNDO moves the block's rows to the orphan tables; UNDOs in a row, also over several calls, are
 * one fork. A NEW block that a backfilled range has stored already is compared, not written; when
 * it differs, the stored ones from there on are undone first.
 *
 * Values that no column can hold (over 63 bits, years over 9999) are parked with their log.
 *
 * Errors: ERR_AGAIN connection lost or serialization failure (outcome of a commit in doubt: reopen,
 * read the position, offer again); ERR_REJECT a row breaks a constraint (table and key named);
 * ERR_FATAL gap in the stream ("re-ingest from block N"), a final block undone; ERR_STOP.
 * After ERR_REJECT nothing was written and the writer can be used; after ERR_AGAIN it must be
 * closed.
 */
MUST_USE enum err_kind writer_apply(struct writer *w, const struct write_batch *b, struct err *e);

/** The chain can be written (again): remove what store_halt left. Errors: ERR_AGAIN, ERR_FATAL. */
MUST_USE enum err_kind writer_resumed(struct writer *w, struct err *e);

/**
 * Note durably that the chain is not written any more until a person has looked. A repeat with the same
 * reason keeps its time. Errors: ERR_AGAIN no connection; ERR_FATAL.
 */
MUST_USE enum err_kind store_halt(
	const char *url, const struct chain_conf *chain, const char *reason, struct err *e);

/** What two nodes of a chain say differently about something that no header commits to. */
struct dispute {
	uint64_t block;
	int32_t log_index; /* -1: of no log */
	const char *what;
	const char *endpoints[2], *answers[2];
	const char *outcome;
};

/** Note a dispute durably; a repeat counts. Errors: ERR_AGAIN no connection; ERR_FATAL. */
MUST_USE enum err_kind store_dispute(
	const char *url, const struct chain_conf *chain, const struct dispute *d, struct err *e);

/**
 * After a bulk load: build what was left out; the tables are then as if written live. Nothing to do
 * when it is all there. A stop cancels the build (ERR_STOP); the next writer_open makes up for it.
 */
MUST_USE enum err_kind writer_finish_bulk(struct writer *w, struct err *e);

#endif
