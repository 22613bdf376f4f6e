#ifndef BIN_INGEST_PAST_H
#define BIN_INGEST_PAST_H

#include "ingest/ingest.h"
#include "stream/kafka.h"

/** What `ingest` starts from. Memory: ingest_start_free. */
struct ingest_start {
	struct ingest_past past; /* recent and found are in mem */
	/* Blocks to read again for the contracts that they announce, without publishing them. */
	bool learn;
	struct ingest_past learn_past;
	uint64_t learn_to;
	struct arena *mem;
};

/**
 * Read the topic back and find out what is missing. has_from: a new stream begins at block `from`.
 * next_seq: of the next record. Errors: ERR_AGAIN; ERR_STOP; ERR_FATAL.
 */
struct ingest_plan {
	const struct chain_conf *chain;
	const struct kafka_conf *kafka;
	bool has_from;
	uint64_t from;
};
MUST_USE enum err_kind ingest_start_read(struct ingest_start *out, const struct ingest_plan *plan,
	const struct stream_tail *tail, struct err *e);

/** Run the learning part, if there is one; then out->past is complete. */
MUST_USE enum err_kind ingest_start_learn(struct ingest_start *s, const struct ingest_plan *plan,
	const struct ingest_conf *conf, struct source *src, struct ingest_state *state, struct err *e);

void ingest_start_free(struct ingest_start *s);

#endif
