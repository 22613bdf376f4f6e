/*
 * Endpoints agree when they name the same hashes, the same transactions and the same watched logs. What
 * only one of them says (a lagging one may not have the newest block) is no contradiction: the block then
 * stays at the level it has, and its row says so.
 *
 * The first thing in which two answers differ is told with both: the block, the log or transaction, and
 * who said what. Two against one decide; one against one waits, asked again and again in smaller ranges, so
 * that everything before goes on and the gap is one block.
 */
#include "ingest/witness.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "ingest/dispute.h"

#include <inttypes.h>

#define ANSWER_MAX 4096
#define TRIES      4   /* before a block stays at the level that it has */
#define WAIT_MS    300 /* between them */

/* ---- asking -------------------------------------------------------------------------------- */

static void elsewhere(struct job *j, const struct job *than)
{
	if (than)
		source_elsewhere(j, than);
}

static void ask(struct witness *w, const struct unit_env *env, const struct own_answers *own)
{
	struct block_range r = {own->bodies[0].h->number, own->bodies[own->n - 1].h->number};
	struct arena *mem = arena_new(1u << 24);
	struct opinion *o = &w->other[w->asked];
	struct log_filter *f;
	size_t count = watchset_filters(env->ws, r, 0, mem, &f);

	o->blocks = source_blocks(env->src, r, env->with_txs);
	source_alone(o->blocks);
	elsewhere(o->blocks, own->blocks);
	for (unsigned i = 0; i < w->asked; i++)
		elsewhere(o->blocks, w->other[i].blocks);
	if (count) {
		o->logs = source_logs(env->src, r, f, count);
		source_alone(o->logs);
		elsewhere(o->logs, own->logs ? own->logs : own->blocks);
	}
	for (unsigned i = 0; count && i < w->asked; i++)
		elsewhere(o->logs, w->other[i].logs ? w->other[i].logs : w->other[i].blocks);
	w->asked++;
	arena_free(mem);
}

static void forget(struct witness *w)
{
	for (unsigned i = 0; i < w->asked; i++) {
		job_free(w->other[i].blocks);
		job_free(w->other[i].logs);
		w->other[i] = (struct opinion){0};
	}
	w->asked = 0;
}

void witness_ask(struct witness *w, const struct unit_env *env, const struct own_answers *own)
{
	witness_drop(w);
	w->version = watchset_version(env->ws);
	ask(w, env, own);
}

void witness_drop(struct witness *w)
{
	forget(w);
	*w = (struct witness){0};
}

/* ---- comparing ----------------------------------------------------------------------------- */

/* An answer seen block by block: the unit's own (o NULL), or another endpoint's. */
struct side {
	const struct own_answers *own;
	const struct opinion *o;
	size_t at; /* log in hand: of the block's own, or of the other's job */
};

struct difference {
	uint64_t block;
	const char *what;
	uint32_t log_index; /* UINT32_MAX: of no log */
	struct buf *answers; /* two texts */
};

static const struct header *side_header(const struct side *s, size_t i)
{
	return s->o ? &s->o->blocks->headers[i] : s->own->bodies[i].h;
}

static const struct tx *side_txs(const struct side *s, size_t i, size_t *n)
{
	const struct job *j = s->o ? s->o->blocks : NULL;

	if (j) {
		*n = j->tx_counts ? j->tx_counts[i] : 0;
		return j->txs ? j->txs[i] : NULL;
	}
	*n = s->own->bodies[i].tx_count;
	return s->own->bodies[i].txs;
}

/* The next log of block i that the set keeps; *stray: it names another block hash than the header. */
static const struct log *side_log(
	struct side *s, const struct unit_env *env, size_t i, bool *stray)
{
	const struct header *h = side_header(s, i);
	const struct job *j = s->o ? s->o->logs : NULL;

	if (!s->o) {
		const struct body *b = &s->own->bodies[i];

		while (s->at < b->log_count && !watchset_match(env->ws, h->number, &b->logs[s->at]))
			s->at++;
		return s->at < b->log_count ? &b->logs[s->at++] : NULL;
	}
	for (; j && s->at < j->log_count && j->logs[s->at].block.number == h->number; s->at++) {
		*stray = *stray || !hash_eq(&j->logs[s->at].block.hash, &h->hash);
		if (watchset_match(env->ws, h->number, &j->logs[s->at].log))
			return &j->logs[s->at++].log;
	}
	return NULL;
}

static void say_hex(struct buf *out, const char *name, const void *p, size_t n)
{
	buf_printf(out, "%s%s 0x", out->n ? ", " : "", name);
	buf_hex(out, p, n < 1024 ? n : 1024);
	if (n > 1024)
		buf_printf(out, "... (%zu bytes)", n);
}

static void say_log(struct buf *out, const struct log *g)
{
	if (!g) {
		buf_str(out, "there is no such log");
		return;
	}
	say_hex(out, "tx", g->tx_hash.b, sizeof(g->tx_hash.b));
	say_hex(out, "address", g->address.b, sizeof(g->address.b));
	for (unsigned i = 0; i < g->topic_count; i++)
		say_hex(out, "topic", g->topics[i].b, sizeof(g->topics[i].b));
	say_hex(out, "data", g->data.p, g->data.n);
}

static void say_tx(struct buf *out, const struct tx *t)
{
	if (!t) {
		buf_str(out, "there is no such transaction");
		return;
	}
	say_hex(out, "hash", t->hash.b, sizeof(t->hash.b));
	say_hex(out, "from", t->from.b, sizeof(t->from.b));
	say_hex(out, "to", t->to.b, sizeof(t->to.b));
	say_hex(out, "input", t->input.p, t->input.n);
}

static bool differ_log(struct difference *d, const struct log *a, const struct log *b)
{
	d->what = "log";
	d->log_index = !b || (a && a->log_index < b->log_index) ? a->log_index : b->log_index;
	say_log(&d->answers[0], a && a->log_index == d->log_index ? a : NULL);
	say_log(&d->answers[1], b && b->log_index == d->log_index ? b : NULL);
	return false;
}

static bool same_logs(
	struct side *a, struct side *b, const struct unit_env *env, size_t i, struct difference *d)
{
	bool stray = false;

	if (!a->o)
		a->at = 0;
	for (;;) {
		const struct log *x = side_log(a, env, i, &stray), *y = side_log(b, env, i, &stray);

		if (stray) {
			d->what = "hash of a log's block";
			return false;
		}
		if (!x && !y)
			return true;
		if (!x || !y || !body_same_log(x, y))
			return differ_log(d, x, y);
	}
}

static bool same_tx(const struct tx *a, const struct tx *b)
{
	return hash_eq(&a->hash, &b->hash) && address_eq(&a->from, &b->from) &&
	       address_eq(&a->to, &b->to) && a->creates == b->creates &&
	       !u256_cmp(a->value, b->value) && a->input.n == b->input.n &&
	       (!a->input.n || !memcmp(a->input.p, b->input.p, a->input.n));
}

/* Transactions that only one of them was asked for are not compared. */
static bool same_txs(const struct side *a, const struct side *b, size_t i, struct difference *d)
{
	size_t n, m;
	const struct tx *x = side_txs(a, i, &n), *y = side_txs(b, i, &m);

	if (!x || !y)
		return true;
	for (size_t k = 0; k < n || k < m; k++) {
		if (k < n && k < m && same_tx(&x[k], &y[k]))
			continue;
		d->what = "transaction";
		say_tx(&d->answers[0], k < n ? &x[k] : NULL);
		say_tx(&d->answers[1], k < m ? &y[k] : NULL);
		return false;
	}
	return true;
}

static bool same_answers(
	struct side a, struct side b, const struct unit_env *env, struct difference *d)
{
	for (size_t i = 0; i < a.own->n; i++) {
		const struct header *x = side_header(&a, i), *y = side_header(&b, i);

		d->block = a.own->bodies[i].h->number;
		if (!hash_eq(&x->hash, &y->hash)) {
			d->what = "hash";
			say_hex(&d->answers[0], "hash", x->hash.b, 32);
			say_hex(&d->answers[1], "hash", y->hash.b, 32);
			return false;
		}
		if (!same_txs(&a, &b, i, d) || !same_logs(&a, &b, env, i, d))
			return false;
	}
	return true;
}

/* ---- deciding ------------------------------------------------------------------------------ */

static bool running(const struct job *j)
{
	return j && j->state == JOB_RUNNING;
}

/* Does this opinion have all blocks? */
static bool is_whole(const struct opinion *o, size_t n)
{
	return o->blocks->state == JOB_DONE && o->blocks->header_count >= n &&
	       (!o->logs || o->logs->state == JOB_DONE);
}

/* Of two jobs the one that a difference is about. */
static const struct job *about(
	const struct difference *d, const struct job *blocks, const struct job *logs)
{
	return d->log_index != UINT32_MAX && logs ? logs : blocks;
}

/* Two say something else: tell what, and who. */
static void tell(const struct unit_env *env, const struct difference *d, const struct job *a,
	const struct job *b, const char *outcome)
{
	struct ingest_dispute t = {.block = d->block,
		.log_index = d->log_index,
		.what = d->what,
		.endpoints = {a->endpoint ? a->endpoint : "", b->endpoint ? b->endpoint : ""},
		.answers = {d->answers[0].n ? d->answers[0].p : "", d->answers[1].n ? d->answers[1].p : ""},
		.outcome = outcome};

	dispute_tell(env->conf, env->tally, &t);
}

static enum err_kind refuse(struct err *e, const struct difference *d, const char *why)
{
	char log[40] = "";

	if (d->log_index != UINT32_MAX)
		snprintf(log, sizeof(log), " (log %u)", d->log_index);
	return err_set(e, ERR_AGAIN, "ingest", 0,
		"block %" PRIu64 ": two endpoints do not agree on its %s%s; %s", d->block, d->what, log, why);
}

/* The third opinion is there: who is alone? */
static enum err_kind decide(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, const struct difference *first, struct err *e)
{
	const struct opinion *b = &w->other[0], *c = &w->other[1];
	struct side mine = {own, NULL, 0}, second = {own, b, 0}, third = {own, c, 0};
	const struct job *x = about(first, own->blocks, own->logs), *y = about(first, b->blocks, b->logs);
	struct buf texts[2];
	struct difference d = {.log_index = UINT32_MAX, .answers = texts};
	enum err_kind k = ERR_NONE;

	buf_init(&texts[0], ANSWER_MAX);
	buf_init(&texts[1], ANSWER_MAX);
	if (is_whole(c, own->n) && same_answers(mine, third, env, &d)) {
		w->agrees = true;
		tell(env, first, x, y, "a third endpoint says as the first");
		source_doubt(env->src, source_who(y));
	} else if (is_whole(c, own->n) && same_answers(second, third, env, &d)) {
		tell(env, first, x, y, "a third endpoint says as the second");
		source_doubt(env->src, source_who(x));
		k = refuse(e, first, "a third one says as the second");
	} else {
		tell(env, first, x, y, "waits: no two endpoints agree");
		k = refuse(e, first, "no third one decides: the block waits until two agree");
	}
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return k;
}

static enum err_kind compare(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, struct err *e)
{
	struct side mine = {own, NULL, 0}, second = {own, &w->other[0], 0};
	struct buf texts[2];
	struct difference d = {.log_index = UINT32_MAX, .answers = texts};
	enum err_kind k = ERR_NONE;

	buf_init(&texts[0], ANSWER_MAX);
	buf_init(&texts[1], ANSWER_MAX);
	if (same_answers(mine, second, env, &d)) {
		w->agrees = true;
	} else if (w->asked == 2) {
		k = decide(w, env, own, &d, e);
	} else if (env->three) {
		ask(w, env, own);
		w->over = false;
	} else {
		tell(env, &d, about(&d, own->blocks, own->logs),
			about(&d, w->other[0].blocks, w->other[0].logs), "waits");
		k = refuse(e, &d, "with two endpoints the block waits until they agree");
	}
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return k;
}

/* An answer that contradicts itself: rather ask another one. */
static void doubt_broken(const struct unit_env *env, const struct job *j)
{
	if (j && j->state == JOB_FAILED && j->err.kind == ERR_REJECT)
		source_doubt(env->src, source_who(j));
}

enum err_kind witness_step(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, struct err *e)
{
	if (w->over || clock_ms() < w->wake_ms)
		return ERR_NONE;
	if (!w->asked)
		ask(w, env, own);
	for (unsigned i = 0; i < w->asked; i++)
		if (running(w->other[i].blocks) || running(w->other[i].logs))
			return ERR_NONE;
	w->over = true;
	if (is_whole(&w->other[0], own->n))
		return compare(w, env, own, e);
	if (env->others && ++w->tries < TRIES) { /* it may only be a little behind */
		doubt_broken(env, w->other[0].blocks);
		doubt_broken(env, w->other[0].logs);
		forget(w);
		w->over = false;
		w->wake_ms = clock_ms() + WAIT_MS;
	}
	return ERR_NONE;
}
