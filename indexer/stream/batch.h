#ifndef STREAM_BATCH_H
#define STREAM_BATCH_H

/* What the bodies of the stream share. Only for them and their tests. */
#include "stream/stream.h"

/** Where the stream stands after s was appended to it. */
void stream_tail_after(struct stream_tail *t, const struct step *s);

/**
 * What both bodies demand of a batch that is to go behind t: seq is dense, a NEW stands on the
 * newest block, an UNDO is of the newest block.
 *
 * Errors: ERR_FATAL, naming the step.
 */
MUST_USE enum err_kind stream_check(
	const struct stream_tail *t, const struct step *steps, size_t n, struct err *e);

/** 16 random bytes. */
void stream_new_id(uint8_t id[16]);

/** A batch that is being filled; set mem and chain_id, the rest is zero. */
struct batch {
	struct step_batch out;
	size_t cap, bad_cap;
	uint64_t chain_id;
	uint8_t stream_id[16]; /* of the newest good record */
	struct arena *mem;
};

/** Decode raw (it lives in b->mem) into the batch, or put it to the bad ones. True: it is good. */
bool batch_add(struct batch *b, struct bytes raw, int64_t offset);

/** Put a step that was decoded elsewhere into the batch. */
void batch_add_step(struct batch *b, const struct step *s);

#endif
