/*
 * UNDO steps travel in the same publication as the first blocks of the winning branch, so that
 * readers see the switch and never a hole; until those blocks are complete nothing is undone. That
 * is a courtesy: the steps are also right one by one.
 */
#include "ingest/publish.h"

#include "base/clock.h"
#include "ingest/fork.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BLOCKS 1024
#define AGAIN_MS     100

void publisher_init(struct publisher *p, const struct chain_conf *chain,
	const struct ingest_past *past, uint64_t now_ms)
{
	const struct header *oldest = past->recent_count ? &past->recent[0] : NULL;
	uint64_t window = chain->fork_window ? chain->fork_window : 256;

	p->chain = chain;
	p->ring = ring_new((size_t)window);
	p->next_seq = past->next_seq;
	head_init(&p->head, chain, past->has_final, past->final, now_ms);
	if (oldest) {
		p->below = (struct link){
			.next = oldest->number, .known = true, .hash = oldest->parent};
	} else {
		p->below = (struct link){.next = past->start};
		if (past->start == chain->first_block && chain->has_parent_hash) {
			p->below.known = true;
			p->below.hash = chain->parent_hash;
		}
	}
	for (size_t i = 0; i < past->recent_count; i++) {
		const struct header *h = &past->recent[i];

		ring_push(p->ring,
			&(struct ring_block){
				.id = {h->number, h->hash}, .parent = h->parent, .time = h->time});
	}
	p->found = malloc((past->found_count + 1) * sizeof(*p->found));
	if (!p->found)
		abort();
	p->found_room = past->found_count + 1;
	p->found_count = past->found_count;
	for (size_t i = 0; i < past->found_count; i++)
		p->found[i] = past->found[i];
}

void publisher_close(struct publisher *p)
{
	ring_free(p->ring);
	free(p->found);
	p->ring = NULL;
	p->found = NULL;
}

/* What a fork that leaves nothing of the ring starts from. */
static struct link below_ring(const struct publisher *p)
{
	const struct ring_block *base = ring_base(p->ring);

	return (struct link){.next = base->id.number, .known = true, .hash = base->parent};
}

struct link publisher_link(const struct publisher *p)
{
	const struct ring_block *b = p->forked ? ring_at(p->ring, p->common) : ring_tip(p->ring);

	if (!b)
		return p->forked ? below_ring(p) : p->below;
	return (struct link){.next = b->id.number + 1,
		.known = true,
		.hash = b->id.hash,
		.has_time = true,
		.time = b->time};
}

size_t publisher_found(const struct publisher *p)
{
	uint64_t next = publisher_link(p).next;
	size_t n = p->found_count;

	while (n && p->found[n - 1].block >= next)
		n--;
	return n;
}

bool publisher_tip(const struct publisher *p, uint64_t *number)
{
	const struct ring_block *tip = ring_tip(p->ring);

	if (tip)
		*number = tip->id.number;
	return tip;
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct steps {
	struct step *v;
	size_t n, undos;
};

static void add_undos(struct publisher *p, struct steps *s)
{
	uint64_t tip = 0;

	if (!p->forked || !publisher_tip(p, &tip))
		return;
	for (uint64_t at = tip; at > p->common; at--) {
		const struct ring_block *b = ring_at(p->ring, at);

		if (!b)
			break;
		s->v[s->n++] = (struct step){.kind = STEP_UNDO,
			.seq = p->next_seq + s->undos++,
			.id = b->id,
			.parent = b->parent};
	}
}

static enum err_kind offer(struct publisher *p, const struct steps *s, struct err *e)
{
	p->state->offered_ms = clock_ms();
	for (;;) {
		enum err_kind k = stream_publish(p->out, s->v, s->n, e);

		if (k != ERR_AGAIN) {
			p->state->offered_ms = 0;
			return k;
		}
		tally_trouble(p->tally, e);
		k = fork_pause(p->src, AGAIN_MS, e);
		if (k)
			return k;
	}
}

static void remember_found(struct publisher *p, const struct block *b)
{
	for (size_t i = 0; i < b->found_count; i++) {
		if (p->found_count == p->found_room) {
			p->found_room *= 2;
			p->found = realloc(p->found, p->found_room * sizeof(*p->found));
			if (!p->found)
				abort();
		}
		p->found[p->found_count++] = b->found[i];
	}
	metric_add(p->tally->found, (int64_t)b->found_count);
}

/* The fork is carried out: what was undone is forgotten. */
static void took_undos(struct publisher *p, size_t undos)
{
	p->found_count = publisher_found(p);
	if (undos == ring_count(p->ring))
		p->below = below_ring(p);
	for (size_t i = 0; i < undos; i++)
		ring_pop(p->ring);
	p->forked = false;
	metric_add(p->tally->forks, 1);
	metric_add(p->tally->undone, (int64_t)undos);
	metric_set(p->tally->fork_depth, (int64_t)undos);
	metric_max(p->tally->fork_depth_max, (int64_t)undos);
}

static void took_block(struct publisher *p, const struct block *b)
{
	ring_push(p->ring,
		&(struct ring_block){
			.id = {b->h.number, b->h.hash}, .parent = b->h.parent, .time = b->h.time});
	remember_found(p, b);
	metric_add(p->tally->blocks, 1);
	metric_add(p->tally->logs, (int64_t)b->log_count);
	metric_add(p->tally->txs, (int64_t)b->tx_count);
	metric_add(p->tally->level[b->level], 1);
}

static enum err_kind put_chunk(struct publisher *p, struct block *blocks, size_t n, bool last,
	struct steps *s, struct err *e)
{
	struct step heights;
	uint64_t tip = 0;
	bool has_tip = publisher_tip(p, &tip), send = false;
	enum err_kind k;

	s->n = s->undos = 0;
	if (n) {
		add_undos(p, s);
		has_tip = true;
		tip = blocks[n - 1].h.number;
	}
	for (size_t i = 0; i < n; i++)
		s->v[s->n++] = (struct step){.kind = STEP_NEW,
			.seq = p->next_seq + s->undos + i,
			.id = {blocks[i].h.number, blocks[i].h.hash},
			.parent = blocks[i].h.parent,
			.block = &blocks[i]};
	if (last) {
		send = head_heights(&p->head, has_tip, tip, &heights);
		if (send)
			s->v[s->n++] = heights;
	}
	if (!s->n)
		return ERR_NONE;
	k = offer(p, s, e);
	if (k)
		return k;
	p->next_seq += s->undos + n;
	if (s->undos)
		took_undos(p, s->undos);
	for (size_t i = 0; i < n; i++)
		took_block(p, &blocks[i]);
	if (n)
		metric_observe_size(p->tally->batch, n);
	if (send)
		head_sent(&p->head, &heights);
	return ERR_NONE;
}

void publisher_lag(struct publisher *p)
{
	const struct ring_block *tip = ring_tip(p->ring);
	const struct head *h = &p->head;

	if (!tip || !h->known)
		return;
	metric_set(p->tally->lag_blocks,
		h->number > tip->id.number ? (int64_t)(h->number - tip->id.number) : 0);
	metric_set(p->tally->lag_seconds, h->time > tip->time ? (int64_t)(h->time - tip->time) : 0);
}

static void show(struct publisher *p)
{
	uint64_t tip = 0;

	if (publisher_tip(p, &tip)) {
		p->state->published = tip;
		metric_set(p->tally->published, (int64_t)tip);
	}
	publisher_lag(p);
	p->state->safe = p->head.last.safe;
	p->state->final = p->head.last.final;
}

enum err_kind publisher_put(struct publisher *p, struct block *blocks, size_t n, struct err *e)
{
	size_t undos = p->forked ? ring_count(p->ring) : 0;
	struct steps s = {.v = calloc(undos + CHUNK_BLOCKS + 1, sizeof(*s.v))};
	enum err_kind k = ERR_NONE;

	if (!s.v) {
		fputs("out of memory\n", stderr);
		abort();
	}
	do {
		size_t part = n < CHUNK_BLOCKS ? n : CHUNK_BLOCKS;

		k = put_chunk(p, blocks, part, part == n, &s, e);
		blocks += part;
		n -= part;
	} while (!k && n);
	free(s.v);
	if (!k)
		show(p);
	return k;
}
