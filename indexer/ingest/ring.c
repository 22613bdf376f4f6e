/*
 * The last N headers of the published branch, by number. A fork is found by comparing what a node
 * says now with what stands here, and undone from here, so the ring changes only after the stream
 * has taken a step. N is the chain's fork window: a fork that reaches below is not followed.
 */
#include "ingest/ring.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct ring {
	size_t capacity, first, count;
	struct ring_block v[];
};

struct ring *ring_new(size_t capacity)
{
	struct ring *r = calloc(1, sizeof(*r) + capacity * sizeof(*r->v));

	assert(capacity);
	if (!r) {
		fputs("out of memory\n", stderr);
		abort();
	}
	r->capacity = capacity;
	return r;
}

void ring_free(struct ring *r)
{
	free(r);
}

static struct ring_block *slot(const struct ring *r, size_t i)
{
	return (struct ring_block *)&r->v[(r->first + i) % r->capacity];
}

void ring_push(struct ring *r, const struct ring_block *b)
{
	assert(!r->count || slot(r, r->count - 1)->id.number + 1 == b->id.number);
	if (r->count == r->capacity) {
		r->first = (r->first + 1) % r->capacity;
		r->count--;
	}
	*slot(r, r->count++) = *b;
}

void ring_pop(struct ring *r)
{
	assert(r->count);
	r->count--;
}

size_t ring_count(const struct ring *r)
{
	return r->count;
}

const struct ring_block *ring_tip(const struct ring *r)
{
	return r->count ? slot(r, r->count - 1) : NULL;
}

const struct ring_block *ring_base(const struct ring *r)
{
	return r->count ? slot(r, 0) : NULL;
}

const struct ring_block *ring_at(const struct ring *r, uint64_t number)
{
	const struct ring_block *base = ring_base(r);

	if (!base || number < base->id.number || number - base->id.number >= r->count)
		return NULL;
	return slot(r, (size_t)(number - base->id.number));
}
