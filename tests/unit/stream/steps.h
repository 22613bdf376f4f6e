#ifndef UNIT_STREAM_STEPS_H
#define UNIT_STREAM_STEPS_H

/*
 * Steps with random contents for the tests of the stream, and their comparison field by field. The
 * seed comes from BTTC_SEED or is fixed; it is printed, so that a failure can be repeated.
 */
#include "stream/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct rng {
	uint64_t s;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return rng_next(r) % n;
}

static inline struct rng rng_seeded(uint64_t fixed)
{
	const char *s = getenv("BTTC_SEED");
	struct rng r = {s ? strtoull(s, NULL, 0) : fixed};

	printf("seed: BTTC_SEED=%" PRIu64 "\n", r.s);
	return r;
}

static inline void rng_fill(struct rng *r, void *p, size_t n)
{
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)rng_next(r);
}

/** A number of any size: small ones, powers of two and their neighbours, and the largest. */
static inline uint64_t rng_u64(struct rng *r, unsigned bits)
{
	uint64_t v = rng_next(r) >> rng_below(r, 64);

	if (!rng_below(r, 8))
		v = UINT64_MAX;
	if (!rng_below(r, 8))
		v = 0;
	return bits == 64 ? v : v & ((UINT64_C(1) << bits) - 1);
}

static inline struct u256 rng_u256(struct rng *r)
{
	struct u256 v;
	unsigned words = (unsigned)rng_below(r, 5);

	for (unsigned i = 0; i < 4; i++)
		v.w[i] = i < words ? rng_u64(r, 64) : 0;
	return v;
}

static inline struct bytes rng_bytes(struct rng *r, struct arena *mem, size_t max)
{
	size_t n = rng_below(r, max + 1);
	uint8_t *p = arena_alloc(mem, n);

	rng_fill(r, p, n);
	return (struct bytes){p, n};
}

static inline void random_header(struct rng *r, struct arena *mem, struct header *h)
{
	rng_fill(r, &h->uncles, sizeof(h->uncles));
	rng_fill(r, &h->state_root, sizeof(h->state_root));
	rng_fill(r, &h->tx_root, sizeof(h->tx_root));
	rng_fill(r, &h->receipts_root, sizeof(h->receipts_root));
	rng_fill(r, &h->mix_hash, sizeof(h->mix_hash));
	rng_fill(r, &h->miner, sizeof(h->miner));
	rng_fill(r, h->nonce, sizeof(h->nonce));
	if (rng_below(r, 2))
		rng_fill(r, h->bloom, sizeof(h->bloom));
	h->difficulty = rng_u256(r);
	h->gas_limit = rng_u64(r, 64);
	h->gas_used = rng_u64(r, 64);
	h->time = rng_u64(r, 63);
	h->extra = rng_bytes(r, mem, 700);
	h->has = (unsigned)rng_below(r, 32);
	if (h->has & HEADER_BASE_FEE)
		h->base_fee = rng_u256(r);
	if (h->has & HEADER_WITHDRAWALS)
		rng_fill(r, &h->withdrawals_root, 32);
	if (h->has & HEADER_BLOB) {
		h->blob_gas_used = rng_u64(r, 64);
		h->excess_blob_gas = rng_u64(r, 64);
	}
	if (h->has & HEADER_BEACON_ROOT)
		rng_fill(r, &h->beacon_root, 32);
	if (h->has & HEADER_REQUESTS)
		rng_fill(r, &h->requests_hash, 32);
}

static inline void random_logs(
	struct rng *r, struct arena *mem, struct block *b, size_t max, size_t data_max)
{
	uint32_t index = (uint32_t)rng_below(r, 3);

	b->log_count = rng_below(r, max + 1);
	b->logs = arena_calloc(mem, b->log_count, sizeof(*b->logs));
	for (size_t i = 0; i < b->log_count; i++, index += 1 + (uint32_t)rng_below(r, 4)) {
		struct log *l = &b->logs[i];

		rng_fill(r, &l->address, sizeof(l->address));
		l->topic_count = (uint8_t)rng_below(r, LOG_TOPICS_MAX + 1);
		rng_fill(r, l->topics, l->topic_count * sizeof(l->topics[0]));
		l->data = rng_bytes(r, mem, data_max);
		rng_fill(r, &l->tx_hash, sizeof(l->tx_hash));
		l->tx_index = (uint32_t)rng_u64(r, 32);
		l->log_index = index;
		l->state_sync = rng_below(r, 2);
	}
}

static inline void random_txs(struct rng *r, struct arena *mem, struct block *b, size_t max)
{
	uint32_t index = (uint32_t)rng_below(r, 3);

	b->tx_count = rng_below(r, max + 1);
	b->txs = arena_calloc(mem, b->tx_count, sizeof(*b->txs));
	for (size_t i = 0; i < b->tx_count; i++, index += 1 + (uint32_t)rng_below(r, 4)) {
		struct tx *t = &b->txs[i];

		rng_fill(r, &t->hash, sizeof(t->hash));
		rng_fill(r, &t->from, sizeof(t->from));
		t->creates = rng_below(r, 2);
		if (!t->creates)
			rng_fill(r, &t->to, sizeof(t->to));
		t->state_sync = rng_below(r, 2);
		t->type = (uint8_t)rng_u64(r, 8);
		t->status = (int8_t)((int)rng_below(r, 3) - 1);
		t->index = index;
		t->value = rng_u256(r);
		t->input = rng_bytes(r, mem, 400);
	}
}

static inline void random_found(struct rng *r, struct arena *mem, struct block *b, size_t max)
{
	static const char *const names[] = {"ValidatorShare", "ValidatorPartnership", "x"};

	b->found_count = rng_below(r, max + 1);
	b->found = arena_calloc(mem, b->found_count, sizeof(*b->found));
	for (size_t i = 0; i < b->found_count; i++) {
		struct discovery *d = &b->found[i];

		rng_fill(r, &d->address, sizeof(d->address));
		d->contract = names[rng_below(r, 3)];
		d->rule = names[rng_below(r, 3)];
		d->block = b->h.number;
		d->log_index = (uint32_t)rng_u64(r, 32);
		d->has_validator = rng_below(r, 2);
		if (d->has_validator)
			d->validator_id = rng_u64(r, 64);
	}
}

/** A NEW block on top of parent. */
static inline struct step random_new(struct rng *r, struct arena *mem, uint64_t seq,
	struct block_id parent, size_t logs, size_t data_max)
{
	struct block *b = arena_calloc(mem, 1, sizeof(*b));
	struct step s = {.kind = STEP_NEW, .seq = seq, .block = b};

	random_header(r, mem, &b->h);
	rng_fill(r, &b->h.hash, sizeof(b->h.hash));
	b->h.number = parent.number + 1;
	b->h.parent = parent.hash;
	b->level = (enum level)rng_below(r, LEVEL_QUORUM + 1);
	b->has_author = rng_below(r, 2);
	if (b->has_author)
		rng_fill(r, &b->author, sizeof(b->author));
	b->tx_total_known = rng_below(r, 2);
	if (b->tx_total_known)
		b->tx_total = (uint32_t)rng_u64(r, 32);
	b->fees_known = rng_below(r, 2);
	if (b->fees_known) {
		b->fee_sum = rng_u256(r);
		b->fee_count = (uint32_t)rng_u64(r, 32);
	}
	if (rng_below(r, 2))
		b->proof = rng_bytes(r, mem, data_max);
	random_logs(r, mem, b, logs, data_max);
	random_txs(r, mem, b, 4);
	random_found(r, mem, b, 3);
	s.id = (struct block_id){b->h.number, b->h.hash};
	s.parent = b->h.parent;
	return s;
}

static inline struct step undo_of(uint64_t seq, struct block_id id, struct hash32 parent)
{
	return (struct step){.kind = STEP_UNDO, .seq = seq, .id = id, .parent = parent};
}

static inline struct step random_heights(struct rng *r)
{
	struct step s = {.kind = STEP_HEIGHTS, .head = rng_u64(r, 63)};

	s.has_safe = rng_below(r, 2);
	s.has_final = rng_below(r, 2);
	if (s.has_safe)
		s.safe = rng_u64(r, 63);
	if (s.has_final)
		s.final = rng_u64(r, 63);
	s.head_time = (int64_t)rng_u64(r, 63);
	return s;
}

/* -------- comparison: the name of the first field that differs, NULL when none does -------- */

#define SAME(a, b, f)                                                                              \
	do {                                                                                       \
		if (memcmp(&(a)->f, &(b)->f, sizeof((a)->f)))                                      \
			return #f;                                                                 \
	} while (0)

static inline bool same_bytes(struct bytes a, struct bytes b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static inline const char *header_differs(const struct header *a, const struct header *b)
{
	SAME(a, b, hash);
	SAME(a, b, parent);
	SAME(a, b, uncles);
	SAME(a, b, state_root);
	SAME(a, b, tx_root);
	SAME(a, b, receipts_root);
	SAME(a, b, mix_hash);
	SAME(a, b, withdrawals_root);
	SAME(a, b, beacon_root);
	SAME(a, b, requests_hash);
	SAME(a, b, miner);
	SAME(a, b, bloom);
	SAME(a, b, nonce);
	SAME(a, b, difficulty);
	SAME(a, b, base_fee);
	SAME(a, b, number);
	SAME(a, b, gas_limit);
	SAME(a, b, gas_used);
	SAME(a, b, time);
	SAME(a, b, blob_gas_used);
	SAME(a, b, excess_blob_gas);
	SAME(a, b, has);
	return same_bytes(a->extra, b->extra) ? NULL : "extra";
}

static inline const char *log_differs(const struct log *a, const struct log *b)
{
	SAME(a, b, address);
	SAME(a, b, topic_count);
	if (memcmp(a->topics, b->topics, a->topic_count * sizeof(a->topics[0])))
		return "topics";
	SAME(a, b, tx_hash);
	SAME(a, b, tx_index);
	SAME(a, b, log_index);
	SAME(a, b, state_sync);
	return same_bytes(a->data, b->data) ? NULL : "data";
}

static inline const char *tx_differs(const struct tx *a, const struct tx *b)
{
	SAME(a, b, hash);
	SAME(a, b, from);
	SAME(a, b, to);
	SAME(a, b, creates);
	SAME(a, b, state_sync);
	SAME(a, b, type);
	SAME(a, b, status);
	SAME(a, b, index);
	SAME(a, b, value);
	return same_bytes(a->input, b->input) ? NULL : "input";
}

static inline const char *discovery_differs(const struct discovery *a, const struct discovery *b)
{
	SAME(a, b, address);
	SAME(a, b, block);
	SAME(a, b, log_index);
	SAME(a, b, has_validator);
	SAME(a, b, validator_id);
	if (strcmp(a->contract, b->contract))
		return "contract";
	return strcmp(a->rule, b->rule) ? "rule" : NULL;
}

static inline const char *block_differs(const struct block *a, const struct block *b)
{
	const char *d = header_differs(&a->h, &b->h);

	SAME(a, b, author);
	SAME(a, b, has_author);
	SAME(a, b, level);
	SAME(a, b, tx_total);
	SAME(a, b, tx_total_known);
	SAME(a, b, fee_sum);
	SAME(a, b, fee_count);
	SAME(a, b, fees_known);
	if (!d && !same_bytes(a->proof, b->proof))
		d = "proof";
	SAME(a, b, log_count);
	SAME(a, b, tx_count);
	SAME(a, b, found_count);
	for (size_t i = 0; !d && i < a->log_count; i++)
		d = log_differs(&a->logs[i], &b->logs[i]);
	for (size_t i = 0; !d && i < a->tx_count; i++)
		d = tx_differs(&a->txs[i], &b->txs[i]);
	for (size_t i = 0; !d && i < a->found_count; i++)
		d = discovery_differs(&a->found[i], &b->found[i]);
	return d;
}

/** after_seq is set by the body: not compared. */
static inline const char *step_differs(const struct step *a, const struct step *b)
{
	SAME(a, b, kind);
	SAME(a, b, seq);
	SAME(a, b, id.number);
	SAME(a, b, id.hash);
	SAME(a, b, parent);
	SAME(a, b, head);
	SAME(a, b, safe);
	SAME(a, b, final);
	SAME(a, b, has_safe);
	SAME(a, b, has_final);
	SAME(a, b, head_time);
	if (!a->block != !b->block)
		return "block";
	return a->block ? block_differs(a->block, b->block) : NULL;
}

#endif
