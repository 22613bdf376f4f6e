/*
 * What an `ingest` process knows when it starts. It keeps no state of its own: the newest headers
 * (to notice a fork that happened meanwhile) and the contracts found so far come back from the topic.
 *
 * Contracts that were announced below the first block of the topic stand nowhere in it: after a
 * re-created topic, or when retention has deleted its beginning. Without them logs would be missed
 * silently. So those blocks are read from the node once more, checked like any others, but not published.
 */
#include "bin/ingest_past.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MEM_MAX (256u << 20)

static uint64_t window_of(const struct chain_conf *c)
{
	return c->fork_window ? c->fork_window : 256;
}

/** The network's own copies of names, which live as long as the network. */
static enum err_kind own_names(struct discovery *d, const struct chain_conf *c, struct err *e)
{
	const char *contract = NULL, *rule = NULL;

	for (size_t i = 0; i < c->contract_count; i++)
		if (!strcmp(c->contracts[i].name, d->contract))
			contract = c->contracts[i].name;
	for (size_t i = 0; i < c->rule_count; i++)
		if (!strcmp(c->rules[i].name, d->rule))
			rule = c->rules[i].name;
	if (!contract || !rule)
		return err_set(e, ERR_FATAL, "ingest", 0,
			"chain %s: the topic has a contract %.60s found by rule %.60s, which the network "
			"file does not have any more: restore it, or begin again with --from %" PRIu64,
			c->key, d->contract, d->rule, c->first_block);
	d->contract = contract;
	d->rule = rule;
	return ERR_NONE;
}

/** Forget what a new stream will say again. */
static void cut(struct kafka_past *p, uint64_t from)
{
	while (p->recent_count && p->recent[p->recent_count - 1].number >= from)
		p->recent_count--;
	while (p->found_count && p->found[p->found_count - 1].block >= from)
		p->found_count--;
}

/** First block after what the topic tells about, from p->from on without a hole. */
static uint64_t known_to(const struct kafka_past *p)
{
	return p->has_from && p->tail.has_id ? p->tail.id.number + 1 : 0;
}

static void plan_learning(struct ingest_start *s, const struct ingest_plan *plan,
	const struct kafka_past *p)
{
	const struct chain_conf *c = plan->chain;
	const bool whole = p->has_from && p->from == c->first_block;
	const uint64_t known = whole ? known_to(p) : c->first_block;
	/* Without --from the topic itself goes on from its first block to its end. */
	const uint64_t wanted = plan->has_from ? s->past.start : p->has_from ? p->from : s->past.start;

	if (!c->rule_count || known >= wanted)
		return;
	s->learn = true;
	s->learn_to = wanted - 1;
	s->learn_past = (struct ingest_past){.start = known, .next_seq = 1};
	if (whole) {
		s->learn_past.recent = s->past.recent;
		s->learn_past.recent_count = s->past.recent_count;
		s->learn_past.found = s->past.found;
		s->learn_past.found_count = s->past.found_count;
	}
	if (whole || plan->has_from) /* learning gives all of it */
		s->past.found_count = 0;
}

static enum err_kind take_past(struct ingest_start *s, const struct ingest_plan *plan,
	struct kafka_past *p, const struct stream_tail *tail, struct err *e)
{
	const struct chain_conf *c = plan->chain;
	enum err_kind k;

	if (!plan->has_from && tail->seq && (p->tail.seq != tail->seq ||
				       memcmp(p->tail.stream_id, tail->stream_id, 16)))
		return err_set(e, ERR_FATAL, "ingest", 0,
			"chain %s: the topic changed while it was read back: another ingest runs for this "
			"chain, only one may", c->key);
	if (plan->has_from)
		cut(p, plan->from);
	for (size_t i = 0; i < p->found_count; i++)
		if ((k = own_names(&p->found[i], c, e)))
			return k;
	s->past = (struct ingest_past){.recent = p->recent,
		.recent_count = p->recent_count,
		.found = p->found,
		.found_count = p->found_count,
		.final = p->final,
		.has_final = p->has_final,
		.next_seq = tail->seq + 1,
		.start = plan->has_from ? plan->from
			: tail->has_id ? tail->id.number + 1 : c->first_block};
	if (!plan->has_from && tail->seq && !tail->has_id)
		s->past.start = c->first_block;
	plan_learning(s, plan, p);
	/* Headers that do not reach up to the first new block say nothing about it. */
	if (s->past.recent_count && s->past.recent[s->past.recent_count - 1].number + 1 != s->past.start)
		s->past.recent_count = 0;
	return ERR_NONE;
}

enum err_kind ingest_start_read(struct ingest_start *out, const struct ingest_plan *plan,
	const struct stream_tail *tail, struct err *e)
{
	const struct chain_conf *c = plan->chain;
	struct kafka_past p;
	enum err_kind k;

	*out = (struct ingest_start){.mem = arena_new(MEM_MAX)};
	k = kafka_past_read(&p, plan->kafka, window_of(c), c->rule_count > 0 || plan->has_from, out->mem,
		e);
	if (!k)
		k = take_past(out, plan, &p, tail, e);
	if (k)
		ingest_start_free(out);
	return k;
}

void ingest_start_free(struct ingest_start *s)
{
	arena_free(s->mem);
	s->mem = NULL;
}

/* -------- learning -------- */

/** A stream that nobody reads: what was published is remembered. */
struct notebook {
	struct stream_writer face;
	struct arena *mem;
	struct stream_tail tail;
	struct header *recent; /* the newest n; room for 2 * window */
	size_t n, window;
	struct discovery *found;
	size_t found_n, found_cap;
	bool has_final;
	uint64_t final;
};

static struct notebook *of_face(struct stream_writer *w)
{
	return (struct notebook *)((char *)w - offsetof(struct notebook, face));
}

static void note_header(struct notebook *b, const struct header *h)
{
	if (b->n == 2 * b->window) {
		memmove(b->recent, b->recent + b->window, b->window * sizeof(*b->recent));
		b->n = b->window;
	}
	b->recent[b->n++] = (struct header){.number = h->number, .hash = h->hash, .parent = h->parent,
		.time = h->time};
}

static void note_found(struct notebook *b, const struct discovery *d, size_t n)
{
	if (!n)
		return;
	arena_grow(b->mem, &b->found, &b->found_cap, b->found_n + n, sizeof(*b->found));
	memcpy(b->found + b->found_n, d, n * sizeof(*d));
	b->found_n += n;
}

static void note_undo(struct notebook *b, uint64_t number)
{
	while (b->n && b->recent[b->n - 1].number >= number)
		b->n--;
	while (b->found_n && b->found[b->found_n - 1].block >= number)
		b->found_n--;
}

static enum err_kind note(struct stream_writer *face, const struct step *steps, size_t n, struct err *e)
{
	struct notebook *b = of_face(face);

	for (size_t i = 0; i < n; i++) {
		const struct step *s = &steps[i];

		if (s->kind == STEP_NEW) {
			note_header(b, &s->block->h);
			note_found(b, s->block->found, s->block->found_count);
		} else if (s->kind == STEP_UNDO) {
			note_undo(b, s->id.number);
		} else if (s->has_final && (!b->has_final || s->final > b->final)) {
			b->has_final = true;
			b->final = s->final;
		}
		if (s->kind != STEP_HEIGHTS)
			b->tail.seq = s->seq;
	}
	return arena_over(b->mem)
		? err_set(e, ERR_FATAL, "ingest", 0, "too many contracts were found") : ERR_NONE;
}

static enum err_kind note_tail(struct stream_writer *face, struct stream_tail *out, struct err *e)
{
	(void)e;
	*out = of_face(face)->tail;
	return ERR_NONE;
}

static void note_close(struct stream_writer *face)
{
	free(of_face(face)->recent);
}

/** What was learnt comes before what the topic says. */
static void add_learnt(struct ingest_start *s, struct notebook *b)
{
	const size_t known = b->found_n;

	note_found(b, s->past.found, s->past.found_count);
	if (s->past.found_count && b->found[known].block <= s->learn_to)
		b->found_n = known;
	s->past.found = b->found;
	s->past.found_count = b->found_n;
	if (s->learn_to + 1 == s->past.start && b->n) {
		const size_t n = b->n < b->window ? b->n : b->window;

		s->past.recent = arena_dup(s->mem, b->recent + (b->n - n), n * sizeof(*b->recent));
		s->past.recent_count = n;
	}
	if (b->has_final && (!s->past.has_final || b->final > s->past.final)) {
		s->past.has_final = true;
		s->past.final = b->final;
	}
}

enum err_kind ingest_start_learn(struct ingest_start *s, const struct ingest_plan *plan,
	const struct ingest_conf *conf, struct source *src, struct ingest_state *state, struct err *e)
{
	struct ingest_conf c = *conf;
	struct notebook b = {.face = {note, note_tail, note_close}, .mem = s->mem,
		.window = (size_t)window_of(plan->chain)};
	enum err_kind k;

	if (!s->learn)
		return ERR_NONE;
	b.recent = calloc(2 * b.window, sizeof(*b.recent));
	if (!b.recent)
		abort();
	for (size_t i = 0; i < s->learn_past.recent_count; i++)
		note_header(&b, &s->learn_past.recent[i]);
	note_found(&b, s->learn_past.found, s->learn_past.found_count);
	c.until_head = false;
	c.has_to = true;
	c.to = s->learn_to;
	log_info("ingest", "looking for contracts below the topic's blocks",
		"chain=%s from=%" PRIu64 " to=%" PRIu64, plan->chain->key, s->learn_past.start, c.to);
	k = ingest_run(plan->chain, &c, &s->learn_past, src, &b.face, state, e);
	if (!k)
		add_learnt(s, &b);
	note_close(&b.face);
	return k;
}
