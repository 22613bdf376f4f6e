#ifndef TESTS_SINK_H
#define TESTS_SINK_H

/*
 * The far end of a stream for ingest's tests: checks the rules of the stream at every publication,
 * carries the steps out, and remembers what stands at the end and how it came about.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "chain/keccak.h"
#include "ingest/ingest.h"
#include "lib/check.h"
#include "stream/record.h"
#include "stream/stream.h"

#include <inttypes.h>

#pragma GCC diagnostic ignored "-Wunused-function"

struct sink_block {
	struct hash32 digest; /* of the whole step except its seq */
	struct block b;       /* deep enough: header, logs, txs, found */
	struct arena *mem;
};

struct sink_step {
	enum step_kind kind;
	struct block_id id;
	uint64_t us; /* when */
};

struct sink {
	struct stream_writer w; /* first */
	struct sink_block *chain;
	size_t count, room;
	struct sink_step *steps;
	size_t step_count, step_room;
	uint64_t seq, last_final;
	size_t undos, calls, heights, split; /* split: UNDO and NEW in different calls */
	struct step last_heights;
	unsigned again_every; /* refuse every n-th call with AGAIN */
};

static void *grow(void *p, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return p;
	*room = need * 2;
	p = realloc(p, *room * size);
	assert_non_null(p);
	return p;
}

static void sink_digest(const struct step *s, struct hash32 *out)
{
	static const uint8_t id[16];
	struct step plain = *s;
	struct buf b;
	struct err e;

	plain.seq = 1;
	buf_init(&b, RECORD_MAX_BYTES);
	assert_int_equal(record_encode(&b, &plain, 1, id, &e), ERR_NONE);
	keccak256(out, b.p, b.n);
	buf_free(&b);
}

static void sink_new(struct sink *k, const struct step *s)
{
	struct sink_block *c;
	struct block *b;

	k->chain = grow(k->chain, &k->room, k->count + 1, sizeof(*k->chain));
	c = &k->chain[k->count++];
	c->mem = arena_new(1u << 28);
	sink_digest(s, &c->digest);
	c->b = *s->block;
	b = &c->b;
	b->logs = arena_dup(c->mem, b->logs, b->log_count * sizeof(*b->logs));
	for (size_t i = 0; i < b->log_count; i++)
		b->logs[i].data = arena_bytes(c->mem, b->logs[i].data.p, b->logs[i].data.n);
	b->txs = arena_dup(c->mem, b->txs, b->tx_count * sizeof(*b->txs));
	for (size_t i = 0; i < b->tx_count; i++)
		b->txs[i].input = arena_bytes(c->mem, b->txs[i].input.p, b->txs[i].input.n);
	b->proof = arena_bytes(c->mem, b->proof.p, b->proof.n);
	b->found = arena_dup(c->mem, b->found, b->found_count * sizeof(*b->found));
}

static void sink_one(struct sink *k, const struct step *s)
{
	struct sink_block *tip = k->count ? &k->chain[k->count - 1] : NULL;

	if (s->kind == STEP_HEIGHTS) {
		assert_int_equal(s->seq, 0);
		assert_true(!s->has_final || s->final >= k->last_final);
		assert_true(!s->has_safe || !tip || s->safe <= tip->b.h.number);
		k->last_final = s->final;
		k->last_heights = *s;
		k->heights++;
		return;
	}
	assert_int_equal(s->seq, ++k->seq);
	k->steps = grow(k->steps, &k->step_room, k->step_count + 1, sizeof(*k->steps));
	k->steps[k->step_count++] = (struct sink_step){s->kind, s->id, clock_us()};
	if (s->kind == STEP_UNDO) {
		assert_non_null(tip);
		assert_int_equal(s->id.number, tip->b.h.number);
		assert_memory_equal(s->id.hash.b, tip->b.h.hash.b, 32);
		assert_memory_equal(s->parent.b, tip->b.h.parent.b, 32);
		assert_true(s->id.number > k->last_final || !k->last_heights.has_final);
		arena_free(tip->mem);
		k->count--;
		k->undos++;
		return;
	}
	assert_int_equal(s->kind, STEP_NEW);
	assert_memory_equal(s->id.hash.b, s->block->h.hash.b, 32);
	assert_int_equal(s->id.number, s->block->h.number);
	if (tip) {
		assert_int_equal(s->id.number, tip->b.h.number + 1);
		assert_memory_equal(s->parent.b, tip->b.h.hash.b, 32);
	}
	sink_new(k, s);
}

static enum err_kind sink_publish(
	struct stream_writer *w, const struct step *steps, size_t n, struct err *e)
{
	struct sink *k = (struct sink *)w;

	assert_true(n > 0);
	k->calls++;
	if (k->again_every && k->calls % k->again_every == 0)
		return err_set(e, ERR_AGAIN, "sink", 0, "full");
	for (size_t i = 0; i < n; i++)
		sink_one(k, &steps[i]);
	k->split += steps[n - 1].kind == STEP_UNDO;
	return ERR_NONE;
}

static enum err_kind sink_tail(struct stream_writer *w, struct stream_tail *out, struct err *e)
{
	(void)w;
	(void)out;
	(void)e;
	fail_msg("nobody asks for the tail");
	return ERR_FATAL;
}

static void sink_init(struct sink *k)
{
	*k = (struct sink){.w = {.publish = sink_publish, .tail = sink_tail}};
}

static void sink_free(struct sink *k)
{
	while (k->count)
		arena_free(k->chain[--k->count].mem);
	free(k->chain);
	free(k->steps);
	*k = (struct sink){0};
}

static uint64_t sink_tip(const struct sink *k)
{
	return k->count ? k->chain[k->count - 1].b.h.number : UINT64_MAX;
}

/* What a store would hand to the next run; valid until the sink changes. */
static void sink_past(
	const struct sink *k, const struct chain_conf *c, struct arena *mem, struct ingest_past *p)
{
	size_t n = k->count < c->fork_window ? k->count : (size_t)c->fork_window;
	struct header *recent = arena_calloc(mem, n, sizeof(*recent));
	struct discovery *found;
	size_t f = 0;

	*p = (struct ingest_past){.recent = recent,
		.recent_count = n,
		.next_seq = k->seq + 1,
		.has_final = k->last_heights.has_final,
		.final = k->last_heights.final,
		.start = k->count ? sink_tip(k) + 1 : c->first_block};
	for (size_t i = 0; i < n; i++)
		recent[i] = k->chain[k->count - n + i].b.h;
	for (size_t i = 0; i < k->count; i++)
		f += k->chain[i].b.found_count;
	found = arena_calloc(mem, f, sizeof(*found));
	p->found = found;
	for (size_t i = 0; i < k->count; i++)
		for (size_t m = 0; m < k->chain[i].b.found_count; m++)
			found[p->found_count++] = k->chain[i].b.found[m];
}

/* All blocks equal, content and all. */
static void sink_equal(const struct sink *a, const struct sink *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct sink_block *x = &a->chain[i], *y = &b->chain[i];

		if (memcmp(&x->digest, &y->digest, 32))
			fail_msg("block %" PRIu64 " differs: level %d/%d logs %zu/%zu txs %zu/%zu "
				 "found %zu/%zu fees %u/%u",
				x->b.h.number, x->b.level, y->b.level, x->b.log_count,
				y->b.log_count, x->b.tx_count, y->b.tx_count, x->b.found_count,
				y->b.found_count, x->b.fee_count, y->b.fee_count);
	}
}

#endif
