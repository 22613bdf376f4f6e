#ifndef INGEST_RING_H
#define INGEST_RING_H

#include "chain/types.h"

/** What is remembered of a published block. */
struct ring_block {
	struct block_id id;
	struct hash32 parent;
	uint64_t time;
};

/**
 * The newest published blocks, consecutive, oldest first. A push on a full ring drops the oldest.
 * Only what was published and not undone is in it; one thread.
 */
struct ring;

struct ring *ring_new(size_t capacity); /* capacity > 0 */
void ring_free(struct ring *r);

/** Put a block on top; its number must follow the tip's. */
void ring_push(struct ring *r, const struct ring_block *b);
void ring_pop(struct ring *r); /* take the tip off; not of an empty ring */

size_t ring_count(const struct ring *r);
const struct ring_block *ring_tip(const struct ring *r);  /* NULL: empty */
const struct ring_block *ring_base(const struct ring *r); /* the oldest; NULL: empty */
const struct ring_block *ring_at(const struct ring *r, uint64_t number); /* NULL: not there */

#endif
