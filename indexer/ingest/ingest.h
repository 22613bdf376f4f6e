#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

/*
 * source -> verify -> stream for one chain: plans ranges, applies watches and discovery, follows
 * the head, finds forks, publishes steps in chain order. One thread.
 */
#include "base/err.h"
#include "network/network.h"
#include "source/source.h"
#include "stream/stream.h"

/** What two endpoints say about one thing that no header commits to. Texts live during the call. */
struct ingest_dispute {
	uint64_t block;
	uint32_t log_index;       /* UINT32_MAX: of no log */
	const char *what;         /* "hash", "log", "transaction", ... */
	const char *endpoints[2]; /* names: whose answer was there first, and the other */
	const char *answers[2];   /* for people: what each says */
	const char *outcome;      /* "waits", "a third endpoint says as the first", ... */
};

struct ingest_conf {
	int64_t poll_ms;       /* 0: a fraction of the block period */
	int64_t range_blocks;  /* most blocks in one unit of fetching while behind */
	int64_t window_ranges; /* units in flight while behind */
	size_t unit_bytes;     /* answers that a unit should bring while behind; 0: half a megabyte.
				  Where publishing has a price of its own, larger ones share it */
	bool until_head;       /* end once what was the head at the start is published */
	/** Told of each difference between endpoints, again while it lasts; NULL: nobody. */
	void (*dispute)(void *arg, const struct ingest_dispute *d);
	void *dispute_arg;
	bool has_to;           /* end after block `to` (backfill) */
	uint64_t to;
};

/** What ingest has to know of the past: blocks published and not undone, and contracts found. */
struct ingest_past {
	const struct header
		*recent; /* newest last, up to fork_window; hash, parent, number, time; extraData of
			    sprint ends, if it is known */
	size_t recent_count;
	const struct discovery *found; /* in (block, log index) order */
	size_t found_count;
	uint64_t final; /* highest block ever called final */
	bool has_final;
	uint64_t next_seq; /* seq of the next record */
	uint64_t start;    /* next block to publish when recent_count is 0 */
};

/** Seen by other threads (status); fields are read and written atomically. */
struct ingest_state {
	_Atomic uint64_t head, safe, final, published;
	_Atomic int64_t head_time;
	_Atomic uint64_t disputed; /* block that endpoints do not agree about, above published; 0: none */
	_Atomic int phase;       /* 0 starting, 1 behind, 2 at head, 3 stalled, 4 halted, 5 done */
	_Atomic uint64_t target; /* until_head / backfill: block to reach */
	_Atomic uint64_t offered_ms; /* clock_ms since when the stream does not take what is offered; 0 */
};

/**
 * Run until done, a stop, or an error that a person has to look at. AGAIN errors are waited out
 * inside (counted, logged with a limiter).
 * Errors: ERR_NONE target reached (until_head, to); ERR_STOP; ERR_FATAL: fork at or below a final
 * block or deeper than the window ("nothing was changed" and what to do), contradicting nodes.
 */
MUST_USE enum err_kind ingest_run(const struct chain_conf *chain, const struct ingest_conf *conf,
	const struct ingest_past *past, struct source *src, struct stream_writer *out,
	struct ingest_state *state, struct err *e);

#endif
