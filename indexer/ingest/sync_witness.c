/*
 * The other endpoint is asked for the range, not for the blocks in which the unit has such logs: the unit's
 * own node may have left the transaction out of the block's list too.
 *
 * These logs are few and the rest of a block is proven, so an endpoint that is silent must not hold the chain
 * up: it is waited for a moment, and then, for a while, not at all. Only where a difference is open its
 * silence settles nothing: the block waits until two agree.
 */
#include "ingest/sync_witness.h"

#include "base/clock.h"
#include "chain/header.h"
#include "ingest/dispute.h"

#include <inttypes.h>

#define PATIENCE_MS 5000  /* for an answer */
#define MUTE_MS     30000 /* after one that did not come: the next are not waited for */
#define TRIES       4
#define WAIT_MS     300

/* ---- asking -------------------------------------------------------------------------------- */

static bool may_have_logs(const struct body *b)
{
	return b->h->number % BTTC_SPRINT == 0;
}

static bool any_sprint_start(const struct own_answers *own)
{
	uint64_t first = own->bodies[0].h->number;
	uint64_t over = first % BTTC_SPRINT;

	return !over || BTTC_SPRINT - over < own->n;
}

/* Whose word the unit's own logs are, or that there are none. */
static uint32_t own_who(const struct own_answers *own)
{
	uint32_t who = source_who(own->blocks) | own->logs_who;

	for (size_t i = 0; i < own->n; i++)
		if (may_have_logs(&own->bodies[i]))
			who |= own->bodies[i].receipts_who;
	return who;
}

static void ask(struct sync_witness *w, const struct unit_env *env, const struct own_answers *own)
{
	struct block_range r = {own->bodies[0].h->number, own->bodies[own->n - 1].h->number};
	size_t endpoints = source_endpoint_count(env->src);
	struct arena *mem = arena_new(1u << 24);
	uint32_t avoid = own_who(own), all = endpoints < 32 ? (1u << endpoints) - 1 : UINT32_MAX;
	struct log_filter *f;
	size_t count = watchset_filters(env->ws, r, 0, mem, &f);

	if (!(all & ~avoid)) /* several gave parts: at least somebody else than who listed the blocks */
		avoid = source_who(own->blocks);
	for (unsigned i = 0; i < w->asked; i++)
		avoid |= source_who(w->other[i]);
	w->other[w->asked] = source_sync_logs(env->src, r, f, count);
	source_alone(w->other[w->asked]);
	source_elsewhere(w->other[w->asked], avoid);
	w->asked++;
	w->asked_ms = clock_ms();
	arena_free(mem);
}

static void forget(struct sync_witness *w)
{
	for (unsigned i = 0; i < w->asked; i++)
		job_free(w->other[i]);
	w->asked = 0;
}

void sync_witness_drop(struct sync_witness *w)
{
	forget(w);
	*w = (struct sync_witness){0};
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* Kept state-sync logs in order: the unit's own (j NULL), or another endpoint's. */
struct side {
	const struct own_answers *own;
	const struct job *j;
	size_t block, at;
};

struct sync_log {
	size_t block; /* place in the unit; own->n: no log is left */
	const struct log *log;
};

static struct sync_log next_own(struct side *s, const struct unit_env *env)
{
	for (; s->block < s->own->n; s->block++, s->at = 0) {
		const struct body *b = &s->own->bodies[s->block];

		while (s->at < b->log_count) {
			const struct log *g = &b->logs[s->at++];

			if (g->state_sync && watchset_match(env->ws, b->h->number, g))
				return (struct sync_log){s->block, g};
		}
	}
	return (struct sync_log){s->own->n, NULL};
}

static struct sync_log next_log(struct side *s, const struct unit_env *env)
{
	if (!s->j)
		return next_own(s, env);
	while (s->at < s->j->log_count) {
		const struct block_log *g = &s->j->logs[s->at++];

		if (g->log.state_sync && watchset_match(env->ws, g->block.number, &g->log))
			return (struct sync_log){g->block.number - s->own->bodies[0].h->number, &g->log};
	}
	return (struct sync_log){s->own->n, NULL};
}

/* The first log that only one of them has, or that is not the same. */
struct difference {
	size_t block;
	const struct log *log[2];
};

static bool comes_before(const struct sync_log *x, const struct sync_log *y)
{
	if (x->block != y->block)
		return x->block < y->block;
	return x->log->log_index < y->log->log_index;
}

static bool same(struct side a, struct side b, const struct unit_env *env, struct difference *d)
{
	for (;;) {
		struct sync_log x = next_log(&a, env), y = next_log(&b, env);

		if (!x.log && !y.log)
			return true;
		if (x.log && y.log && x.block == y.block && body_same_log(x.log, y.log))
			continue;
		*d = (struct difference){x.block, {x.log, y.log}};
		if (comes_before(&x, &y))
			d->log[1] = NULL;
		else if (comes_before(&y, &x))
			*d = (struct difference){y.block, {NULL, y.log}};
		return false;
	}
}

/* Does it speak of the unit's blocks, and of nothing else? */
static bool on_branch(const struct own_answers *own, const struct job *j)
{
	uint64_t first = own->bodies[0].h->number;

	for (size_t i = 0; i < j->log_count; i++) {
		const struct block_id *b = &j->logs[i].block;

		if (b->number < first || b->number - first >= own->n ||
			!hash_eq(&own->bodies[b->number - first].h->hash, &b->hash))
			return false;
	}
	return true;
}

/* ---- deciding ------------------------------------------------------------------------------ */

static enum err_kind refuse(struct unit_env *env, const struct own_answers *own,
	const struct job *other, const struct difference *d, const char *outcome, struct err *e)
{
	const struct body *b = &own->bodies[d->block];
	const struct log *g = d->log[0] ? d->log[0] : d->log[1];
	struct ingest_dispute t = {.block = b->h->number,
		.log_index = g->log_index,
		.what = "state-sync log",
		.endpoints = {b->receipts_endpoint ? b->receipts_endpoint : own->blocks->endpoint,
			other->endpoint},
		.outcome = outcome};
	struct buf text[2];

	for (int i = 0; i < 2; i++) {
		buf_init(&text[i], DISPUTE_ANSWER_MAX);
		dispute_say_log(&text[i], d->log[i]);
		t.answers[i] = text[i].p;
		t.endpoints[i] = t.endpoints[i] ? t.endpoints[i] : "";
	}
	dispute_tell(env->conf, env->tally, &t);
	env->sync_open = b->h->number;
	buf_free(&text[0]);
	buf_free(&text[1]);
	return err_set(e, ERR_AGAIN, "ingest", 0,
		"block %" PRIu64 ": two endpoints do not agree on its state-sync log %u; %s", b->h->number,
		g->log_index, outcome);
}

/* Has somebody said something else about a block of the unit, and nothing came of it yet? */
static bool is_open(const struct unit_env *env, const struct own_answers *own)
{
	uint64_t first = own->bodies[0].h->number;

	return env->sync_open >= first && env->sync_open - first < own->n;
}

static bool tells(const struct own_answers *own, const struct job *j)
{
	return j->state == JOB_DONE && on_branch(own, j);
}

static enum err_kind decide(struct sync_witness *w, struct unit_env *env,
	const struct own_answers *own, const struct difference *first, struct err *e)
{
	struct side mine = {.own = own}, second = {.own = own, .j = w->other[0]},
		    third = {.own = own, .j = w->other[1]};
	struct difference d;
	struct err told;

	if (tells(own, third.j) && same(mine, third, env, &d)) {
		(void)refuse(env, own, second.j, first, "a third endpoint says as the first", &told);
		source_doubt(env->src, source_who(second.j));
		env->sync_open = 0;
		return ERR_NONE;
	}
	if (tells(own, third.j) && same(second, third, env, &d)) {
		source_doubt(env->src, own_who(own) & ~source_who(second.j) & ~source_who(third.j));
		return refuse(env, own, second.j, first, "a third endpoint says as the second", e);
	}
	return refuse(env, own, second.j, first, "waits: no two endpoints agree", e);
}

static enum err_kind compare(struct sync_witness *w, struct unit_env *env,
	const struct own_answers *own, struct err *e)
{
	struct side mine = {.own = own}, second = {.own = own, .j = w->other[0]};
	struct difference d;

	if (same(mine, second, env, &d)) {
		env->sync_open = is_open(env, own) ? 0 : env->sync_open;
		return ERR_NONE;
	}
	if (w->asked == 2)
		return decide(w, env, own, &d, e);
	if (!env->three)
		return refuse(env, own, second.j, &d, "waits", e);
	ask(w, env, own);
	w->over = false;
	return ERR_NONE;
}

/* Is the newest one's answer still worth waiting for? */
static bool waits(
	const struct sync_witness *w, struct unit_env *env, const struct own_answers *own)
{
	uint64_t now = clock_ms();

	if (w->other[w->asked - 1]->state != JOB_RUNNING)
		return false;
	if (w->asked == 2 || is_open(env, own))
		return true;
	if (now < env->mute_ms)
		return false;
	if (now - w->asked_ms < PATIENCE_MS)
		return true;
	env->mute_ms = now + MUTE_MS;
	return false;
}

enum err_kind sync_witness_step(struct sync_witness *w, struct unit_env *env,
	const struct own_answers *own, struct err *e)
{
	if (w->version != watchset_version(env->ws)) {
		sync_witness_drop(w);
		w->version = watchset_version(env->ws);
		w->over = !any_sprint_start(own);
	}
	if (w->over || clock_ms() < w->wake_ms)
		return ERR_NONE;
	if (!w->asked)
		ask(w, env, own);
	if (waits(w, env, own))
		return ERR_NONE;
	w->over = true;
	if (tells(own, w->other[0]))
		return compare(w, env, own, e);
	if (w->other[0]->state == JOB_DONE && ++w->tries < TRIES) { /* another branch: it may come over */
		forget(w);
		w->over = false;
		w->wake_ms = clock_ms() + WAIT_MS;
		return ERR_NONE;
	}
	if (!is_open(env, own))
		return ERR_NONE;
	return err_set(e, ERR_AGAIN, "ingest", 0,
		"block %" PRIu64
		": two endpoints did not agree on its state-sync logs, and nobody else answers",
		env->sync_open);
}
