#ifndef TESTS_PG_STORY_H
#define TESTS_PG_STORY_H

/*
 * A recording as the steps that ingest would publish: the canonical chain alone, or with every
 * recorded fork in its place (loser, UNDO from the tip down, winner). Also the writing of steps in
 * batches, with the decoding that index does.
 */
#include "pg/pg_kit.h"

#include "lib/recording.h"

#include "decode/decode.h"
#include "ingest/discover.h"

struct story {
	struct network *net;
	const struct chain_conf *chain;
	struct arena *mem;
	struct step *steps;
	size_t n, cap;
	struct discovery *found; /* while it is made: contracts found so far */
	size_t found_n, found_cap;
	uint64_t seq;
};

/* -------- blocks as ingest keeps them -------- */

static bool watches_address(const struct story *s, const struct watch *w, const struct log *l)
{
	if (w->contract->fixed)
		return address_eq(&w->contract->address, &l->address);
	for (size_t i = 0; i < s->found_n; i++)
		if (address_eq(&s->found[i].address, &l->address) &&
			!strcmp(s->found[i].contract, w->contract->name))
			return true;
	return false;
}

static const struct watch *watched(const struct story *s, const struct log *l)
{
	for (size_t i = 0; i < s->chain->watch_count; i++) {
		const struct watch *w = &s->chain->watches[i];
		bool fits = watches_address(s, w, l);

		for (unsigned t = 0; fits && t < LOG_TOPICS_MAX; t++) {
			bool any = !w->topic_count[t];

			for (size_t k = 0; k < w->topic_count[t] && t < l->topic_count; k++)
				any |= hash_eq(&w->topics[t][k], &l->topics[t]);
			fits = any;
		}
		if (fits)
			return w;
	}
	return NULL;
}

static void story_find(struct story *s, struct block *b, const struct log *logs, size_t n)
{
	b->found = arena_calloc(s->mem, n + 1, sizeof(*b->found));
	for (size_t i = 0; i < n; i++) {
		const struct discovery_rule *r =
			discover_trigger(s->chain, DISCOVER_OWNER_UPDATE, &logs[i]);
		struct discovery d;
		bool known = false;

		if (!r || !discover_owner_update(r, b->h.number, logs, i, &d))
			continue;
		for (size_t k = 0; k < s->found_n; k++)
			known |= address_eq(&s->found[k].address, &d.address);
		if (known)
			continue;
		b->found[b->found_count++] = d;
		arena_grow(s->mem, &s->found, &s->found_cap, s->found_n + 1, sizeof(d));
		s->found[s->found_n++] = d;
	}
}

static bool keeps_tx(const struct story *s, const struct tx *t, const struct block *b)
{
	for (size_t i = 0; i < s->chain->contract_count && !t->creates && !t->state_sync; i++)
		if (s->chain->contracts[i].fixed && s->chain->contracts[i].accounted &&
			address_eq(&s->chain->contracts[i].address, &t->to))
			return true;
	for (size_t i = 0; i < b->log_count; i++)
		if (b->logs[i].tx_index == t->index && discover_checkpoint(s->chain, &b->logs[i]))
			return true;
	return false;
}

static struct block *story_block(struct story *s, const struct rec_block *r)
{
	struct block *b = arena_calloc(s->mem, 1, sizeof(*b));
	size_t n = 0, all = 0;
	struct log *logs;

	for (size_t i = 0; i < r->receipt_count; i++)
		n += r->receipts[i].log_count;
	logs = arena_calloc(s->mem, n + 1, sizeof(*logs));
	for (size_t i = 0; i < r->receipt_count; i++)
		for (size_t k = 0; k < r->receipts[i].log_count; k++) {
			logs[all] = r->receipts[i].logs[k];
			logs[all++].state_sync = r->receipts[i].state_sync;
		}
	b->h = r->h;
	b->level = r->h.number % 4 ? LEVEL_BLOOM : LEVEL_RECEIPTS;
	b->has_author = r->h.number % 7 != 0;
	b->author = r->h.miner;
	b->tx_total = (uint32_t)r->tx_count;
	b->tx_total_known = r->h.number % 5 != 0;
	b->fees_known = s->chain->kind == CHAIN_BTTC;
	story_find(s, b, logs, all);
	b->logs = arena_calloc(s->mem, all + 1, sizeof(*logs));
	for (size_t i = 0; i < all; i++) {
		const struct watch *w = watched(s, &logs[i]);

		if (w && w->sum_only) {
			b->fee_sum = u256_add(b->fee_sum, u256_be(logs[i].data.p));
			b->fee_count++;
		} else if (w) {
			b->logs[b->log_count++] = logs[i];
		}
	}
	b->txs = arena_calloc(s->mem, r->tx_count + 1, sizeof(*b->txs));
	for (size_t i = 0; i < r->tx_count; i++)
		if (keeps_tx(s, &r->txs[i], b)) {
			b->txs[b->tx_count] = r->txs[i];
			b->txs[b->tx_count++].status =
				i < r->receipt_count ? (int8_t)r->receipts[i].status : -1;
		}
	return b;
}

/* -------- steps -------- */

static struct step *story_add(struct story *s, enum step_kind kind, const struct header *h)
{
	struct step *t;

	arena_grow(s->mem, &s->steps, &s->cap, s->n + 1, sizeof(*t));
	t = &s->steps[s->n++];
	*t = (struct step){.kind = kind};
	if (kind != STEP_HEIGHTS) {
		t->seq = ++s->seq;
		t->id = (struct block_id){h->number, h->hash};
		t->parent = h->parent;
	}
	return t;
}

static void story_new(struct story *s, const struct rec_block *r)
{
	struct block *b = story_block(s, r);

	story_add(s, STEP_NEW, &b->h)->block = b;
}

static void story_undo(struct story *s, const struct rec_block *r)
{
	story_add(s, STEP_UNDO, &r->h);
	while (s->found_n && s->found[s->found_n - 1].block >= r->h.number)
		s->found_n--;
}

static void story_heights(struct story *s, uint64_t head, uint64_t final)
{
	struct step *t = story_add(s, STEP_HEIGHTS, NULL);

	t->head = head;
	t->has_safe = head > 10;
	t->safe = head - 10;
	t->has_final = true;
	t->final = final;
	t->head_time = 1700000000 + (int64_t)head;
}

struct story_fork {
	uint64_t point;
	struct rec_block *loser;
	size_t n;
};

static struct story_fork *story_forks(struct story *s, const char *recording, size_t *n)
{
	struct jval root, f, x;
	struct json_parser *p =
		rec_file(arena_printf(s->mem, "recordings/%s/reorg.json.gz", recording), &root);
	struct story_fork *forks = arena_calloc(s->mem, json_count(root) + 1, sizeof(*forks));
	struct jiter it, in;

	*n = 0;
	for (json_iter(root, &it); json_next(&it, &f); (*n)++) {
		struct story_fork *k = &forks[*n];
		struct jval list = rec_get(f, "orphaned");

		k->point = rec_u64(rec_get(f, "forkPoint"));
		k->loser = arena_calloc(s->mem, json_count(list) + 1, sizeof(*k->loser));
		for (json_iter(list, &in); json_next(&in, &x);)
			rec_block(rec_get(x, "block"), rec_get(x, "receipts"), s->mem,
				&k->loser[k->n++]);
	}
	rec_file_free(p);
	return forks;
}

/** recording: "golden", "world/root", "world/bttc"; network: that of the files. limit: 0 or so many
 * blocks. */
static void story_make(
	struct story *s, const char *network, const char *recording, bool forks, size_t limit)
{
	struct recording *r = recording_open(recording);
	struct story_fork *fork = NULL;
	struct rec_block b;
	size_t fork_n = 0, blocks = 0;
	struct err e;

	*s = (struct story){.mem = arena_new((size_t)4 << 30)};
	ASSERT_OK(network_load(&s->net, network, &e), e);
	for (size_t i = 0; i < s->net->chain_count; i++)
		if (s->net->chains[i].recording && strstr(s->net->chains[i].recording, recording))
			s->chain = &s->net->chains[i];
	assert_non_null(s->chain);
	if (forks)
		fork = story_forks(s, recording, &fork_n);
	while (recording_next(r, s->mem, &b) && (!limit || blocks++ < limit)) {
		story_new(s, &b);
		for (size_t i = 0; i < fork_n; i++) {
			if (fork[i].point != b.h.number)
				continue;
			story_heights(
				s, b.h.number + fork[i].n, b.h.number > 40 ? b.h.number - 40 : 0);
			for (size_t k = 0; k < fork[i].n; k++)
				story_new(s, &fork[i].loser[k]);
			for (size_t k = fork[i].n; k--;)
				story_undo(s, &fork[i].loser[k]);
		}
	}
	recording_close(r);
}

static void story_free(struct story *s)
{
	network_free(s->net);
	arena_free(s->mem);
}

/* -------- writing -------- */

/** A writer with the decoder that index would have. */
struct pen {
	struct writer *w;
	struct decoder *d;
	struct arena *mem;
	uint64_t seq;   /* newest applied */
	uint64_t start; /* next block */
};

static enum err_kind pen_open(struct pen *p, const struct test_db *db, const struct story *s,
	const struct writer_conf *conf, struct err *e)
{
	static const struct writer_conf plain;
	struct writer_past past;
	enum err_kind k;

	*p = (struct pen){.mem = arena_new((size_t)1 << 30)};
	k = writer_open(&p->w, db->dsn, s->chain, conf ? conf : &plain, e);
	if (!k)
		k = writer_past(p->w, 256, p->mem, &past, e);
	if (k) {
		writer_close(p->w);
		arena_free(p->mem);
		*p = (struct pen){0};
		return k;
	}
	p->d = decoder_new(s->chain);
	for (size_t i = 0; i < past.found_count; i++)
		decoder_found(p->d, &past.found[i]);
	p->seq = past.tail.seq;
	p->start = past.start;
	return ERR_NONE;
}

static void pen_close(struct pen *p)
{
	writer_close(p->w);
	decoder_free(p->d);
	arena_free(p->mem);
	*p = (struct pen){0};
}

static enum err_kind pen_write(struct pen *p, const struct step *steps, size_t n, struct err *e)
{
	struct write_batch b = {.n = n, .next_offset = (int64_t)(n ? steps[n - 1].seq : 0)};
	struct write_step *ws;
	enum err_kind k;

	arena_reset(p->mem);
	ws = arena_calloc(p->mem, n, sizeof(*ws));
	for (size_t i = 0; i < n; i++) {
		ws[i].step = &steps[i];
		if (steps[i].kind == STEP_UNDO)
			decoder_undo(p->d, steps[i].id.number);
		if (steps[i].kind == STEP_NEW) {
			struct decoded *d = arena_calloc(p->mem, 1, sizeof(*d));

			decode_block(p->d, steps[i].block, p->mem, d);
			ws[i].decoded = d;
		}
	}
	b.steps = ws;
	k = writer_apply(p->w, &b, e);
	if (!k)
		for (size_t i = 0; i < n; i++)
			if (steps[i].kind != STEP_HEIGHTS && steps[i].seq > p->seq)
				p->seq = steps[i].seq;
	return k;
}

/** All steps above what is stored, in batches of `batch`. */
static enum err_kind pen_write_all(
	struct pen *p, const struct story *s, size_t batch, struct err *e)
{
	enum err_kind k = ERR_NONE;
	size_t at = 0;

	while (at < s->n && s->steps[at].kind != STEP_HEIGHTS && s->steps[at].seq <= p->seq)
		at++;
	for (; !k && at < s->n; at += batch)
		k = pen_write(p, s->steps + at, s->n - at < batch ? s->n - at : batch, e);
	return k;
}

/** A whole story into a fresh database. */
static void story_write(const struct story *s, struct test_db *db, size_t batch)
{
	struct pen p;
	struct err e;

	db_open_network(db, s->net);
	ASSERT_OK(pen_open(&p, db, s, NULL, &e), e);
	ASSERT_OK(pen_write_all(&p, s, batch, &e), e);
	pen_close(&p);
}

#endif
