/*
 * Endpoints agree when they name the same hashes, the same transactions, the same watched logs and, where
 * the unit took its word from receipts, the same status of what is kept and the same logs in receipts. What
 * only one of them says (a lagging one may not have the newest block, another gives no receipts) is no
 * contradiction: the block then stays at the level it has, and its row says so.
 *
 * The first thing in which two answers differ is told with both: the block, the log or transaction, and
 * who said what. Two against one decide; one against one waits, asked again and again in smaller ranges, so
 * that everything before goes on and the gap is one block.
 */
#include "ingest/witness.h"

#include "base/buf.h"
#include "base/clock.h"
#include "ingest/dispute.h"

#include <inttypes.h>
#include <stdlib.h>

#define TRIES      4   /* before a block stays at the level that it has */
#define WAIT_MS    300 /* between them */

/* ---- asking -------------------------------------------------------------------------------- */

static uint32_t receipts_who(const struct opinion *o, size_t i)
{
	return o->receipts ? source_who(o->receipts[i]) : 0;
}

/* One endpoint, if it can: not one of `avoid`, rather `rather`. */
static struct job *from(struct job *j, uint32_t avoid, uint32_t rather)
{
	source_alone(j);
	source_elsewhere(j, avoid);
	if (rather & ~avoid)
		source_only(j, rather & ~avoid);
	return j;
}

static void ask_receipts(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, uint32_t rather)
{
	struct opinion *o = &w->other[w->asked];

	o->n = own->n;
	o->receipts = calloc(own->n, sizeof(struct job *));
	if (!o->receipts)
		abort();
	for (size_t i = 0; i < own->n; i++) {
		const struct body *b = &own->bodies[i];
		struct block_id id = {b->h->number, b->h->hash};
		uint32_t avoid = b->receipts_who;

		if (!b->have_receipts)
			continue;
		for (unsigned k = 0; k < w->asked; k++)
			avoid |= receipts_who(&w->other[k], i);
		o->receipts[i] = from(source_receipts(env->src, &id, env->with_txs ? b->txs : NULL,
					      env->with_txs ? b->tx_count : 0),
			avoid, rather);
	}
}

static void ask(struct witness *w, const struct unit_env *env, const struct own_answers *own)
{
	struct block_range r = {own->bodies[0].h->number, own->bodies[own->n - 1].h->number};
	struct arena *mem = arena_new(1u << 24);
	struct opinion *o = &w->other[w->asked];
	uint32_t broken = env->three ? w->broken : 0, rather;
	uint32_t blocks = source_who(own->blocks) | broken;
	uint32_t logs = own->logs_who ? own->logs_who | broken : blocks;
	struct log_filter *f;
	size_t count = watchset_filters(env->ws, r, 0, mem, &f);

	for (unsigned i = 0; i < w->asked; i++) {
		blocks |= source_who(w->other[i].blocks);
		logs |= source_who(w->other[i].logs);
	}
	rather = source_choose(env->src, blocks | logs);
	o->blocks = from(source_blocks(env->src, r, env->with_txs), blocks, rather);
	if (count)
		o->logs = from(source_logs(env->src, r, f, count), logs, rather);
	ask_receipts(w, env, own, rather);
	w->asked++;
	arena_free(mem);
}

static void forget(struct witness *w)
{
	for (unsigned i = 0; i < w->asked; i++) {
		struct opinion *o = &w->other[i];

		job_free(o->blocks);
		job_free(o->logs);
		for (size_t k = 0; k < o->n; k++)
			job_free(o->receipts[k]);
		free(o->receipts);
		*o = (struct opinion){0};
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
	bool from_receipts; /* logs in hand are those of o's receipts */
	size_t at, in; /* log in hand: of the block's own, or of the other's job; receipt that it is in */
};

struct difference {
	uint64_t block;
	size_t i; /* the block's place in the unit */
	const char *what;
	uint32_t log_index; /* UINT32_MAX: of no log */
	bool of_receipts;   /* receipts say so */
	struct buf *answers; /* two texts */
};

static const struct header *side_header(const struct side *s, size_t i)
{
	return s->o ? &s->o->blocks->headers[i] : s->own->bodies[i].h;
}

/* The other's receipts of block i, once they are there. */
static const struct job *receipts_of(const struct opinion *o, size_t i)
{
	const struct job *j = o->receipts[i];

	return j && j->state == JOB_DONE ? j : NULL;
}

/* Blocks are asked for with their transactions, or these come with receipts (*of_receipts). */
static const struct tx *side_txs(const struct side *s, size_t i, size_t *n, bool *of_receipts)
{
	const struct job *j = s->o ? s->o->blocks : NULL;

	*n = s->own->bodies[i].tx_count;
	if (!j)
		return s->own->bodies[i].txs;
	*of_receipts = !j->txs;
	if (*of_receipts)
		j = receipts_of(s->o, i);
	if (!j || !j->txs)
		return NULL;
	*n = j->tx_counts[*of_receipts ? 0 : i];
	return j->txs[*of_receipts ? 0 : i];
}

static bool knows_receipts(const struct side *s, size_t i)
{
	return s->o ? receipts_of(s->o, i) != NULL : s->own->bodies[i].have_receipts;
}

/* Status of transaction k as receipts say: 1, 0, or -1 where they say nothing. */
static int side_status(const struct side *s, size_t i, size_t k)
{
	const struct body *b = &s->own->bodies[i];
	const struct job *j;

	if (!s->o)
		return k < b->status_count ? b->status[k] : -1;
	j = receipts_of(s->o, i);
	return k < j->receipt_count && j->receipts[k].has_status ? (int)j->receipts[k].status : -1;
}

static const struct log *receipts_log(struct side *s, const struct unit_env *env, size_t i)
{
	const struct job *j = receipts_of(s->o, i);

	for (; s->in < j->receipt_count; s->in++, s->at = 0) {
		const struct receipt *r = &j->receipts[s->in];

		while (s->at < r->log_count) {
			const struct log *g = &r->logs[s->at++];

			if (watchset_match(env->ws, s->own->bodies[i].h->number, g))
				return g;
		}
	}
	return NULL;
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
	if (s->from_receipts)
		return receipts_log(s, env, i);
	for (; j && s->at < j->log_count && j->logs[s->at].block.number == h->number; s->at++) {
		*stray = *stray || !hash_eq(&j->logs[s->at].block.hash, &h->hash);
		if (watchset_match(env->ws, h->number, &j->logs[s->at].log))
			return &j->logs[s->at++].log;
	}
	return NULL;
}

static void say_tx(struct buf *out, const struct tx *t)
{
	if (!t) {
		buf_str(out, "there is no such transaction");
		return;
	}
	dispute_say_hex(out, "hash", t->hash.b, sizeof(t->hash.b));
	dispute_say_hex(out, "from", t->from.b, sizeof(t->from.b));
	dispute_say_hex(out, "to", t->to.b, sizeof(t->to.b));
	dispute_say_hex(out, "input", t->input.p, t->input.n);
}

static bool differ_log(struct difference *d, const struct log *a, const struct log *b)
{
	d->what = "log";
	d->log_index = !b || (a && a->log_index < b->log_index) ? a->log_index : b->log_index;
	dispute_say_log(&d->answers[0], a && a->log_index == d->log_index ? a : NULL);
	dispute_say_log(&d->answers[1], b && b->log_index == d->log_index ? b : NULL);
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
	bool other = false;
	const struct tx *x = side_txs(a, i, &n, &other), *y = side_txs(b, i, &m, &other);

	if (!x || !y)
		return true;
	d->of_receipts = other;
	for (size_t k = 0; k < n || k < m; k++) {
		if (k < n && k < m && same_tx(&x[k], &y[k]))
			continue;
		d->what = "transaction";
		say_tx(&d->answers[0], k < n ? &x[k] : NULL);
		say_tx(&d->answers[1], k < m ? &y[k] : NULL);
		return false;
	}
	d->of_receipts = false;
	return true;
}

static void say_status(struct buf *out, const struct tx *t, int status)
{
	dispute_say_hex(out, "tx", t->hash.b, sizeof(t->hash.b));
	buf_printf(out, ", %s", status < 0 ? "no status" : status ? "succeeded" : "reverted");
}

/* Is the transaction kept, or would it be if it had another status? */
static bool status_matters(const struct unit_env *env, const struct body *b, const struct tx *t)
{
	if (body_candidate(env, b, t))
		return true;
	for (size_t i = 0; i < b->log_count; i++)
		if (b->logs[i].tx_index == t->index && watchset_match(env->ws, b->h->number, &b->logs[i]))
			return true;
	return false;
}

/* What receipts say, where both were asked for them and could tell. */
static bool same_receipts(
	struct side a, struct side b, const struct unit_env *env, size_t i, struct difference *d)
{
	const struct body *own = &a.own->bodies[i];

	if (!knows_receipts(&a, i) || !knows_receipts(&b, i))
		return true;
	d->of_receipts = true;
	for (size_t k = 0; own->txs && k < own->tx_count; k++) {
		int x = side_status(&a, i, k), y = side_status(&b, i, k);

		if (x == y || !status_matters(env, own, &own->txs[k]))
			continue;
		d->what = "status";
		say_status(&d->answers[0], &own->txs[k], x);
		say_status(&d->answers[1], &own->txs[k], y);
		return false;
	}
	a.from_receipts = b.from_receipts = true;
	a.at = b.at = a.in = b.in = 0;
	if (!same_logs(&a, &b, env, i, d))
		return false;
	d->of_receipts = false;
	return true;
}

static bool same_answers(
	struct side a, struct side b, const struct unit_env *env, struct difference *d)
{
	for (size_t i = 0; i < a.own->n; i++) {
		const struct header *x = side_header(&a, i), *y = side_header(&b, i);

		d->block = a.own->bodies[i].h->number;
		d->i = i;
		if (!hash_eq(&x->hash, &y->hash)) {
			d->what = "hash";
			dispute_say_hex(&d->answers[0], "hash", x->hash.b, 32);
			dispute_say_hex(&d->answers[1], "hash", y->hash.b, 32);
			return false;
		}
		if (!same_txs(&a, &b, i, d) || !same_logs(&a, &b, env, i, d) ||
			!same_receipts(a, b, env, i, d))
			return false;
	}
	return true;
}

/* Did somebody else than who gave the unit's own answers say all that is kept of block i? */
static bool says_all(const struct own_answers *own, const struct opinion *o, size_t i)
{
	const struct body *b = &own->bodies[i];
	uint32_t txs = o->blocks->txs ? source_who(o->blocks) : receipts_who(o, i);

	if ((source_who(o->blocks) & source_who(own->blocks)) || (b->txs && (!txs || txs & b->txs_who)))
		return false;
	if (b->have_receipts)
		return receipts_of(o, i) && !(source_who(o->receipts[i]) & b->receipts_who);
	return !(source_who(o->logs) & own->logs_who);
}

static void mark_agreed(const struct own_answers *own, const struct opinion *o)
{
	for (size_t i = 0; i < own->n; i++) {
		own->bodies[i].agreed = says_all(own, o, i);
		own->bodies[i].agreed_by[0] = own->blocks->endpoint;
		own->bodies[i].agreed_by[1] = o->blocks->endpoint;
	}
}

/* ---- deciding ------------------------------------------------------------------------------ */

static bool running(const struct job *j)
{
	return j && j->state == JOB_RUNNING;
}

static bool any_runs(const struct opinion *o)
{
	bool runs = running(o->blocks) || running(o->logs);

	for (size_t i = 0; i < o->n && !runs; i++)
		runs = running(o->receipts[i]);
	return runs;
}

/* Does this opinion have all blocks? */
static bool is_whole(const struct opinion *o, size_t n)
{
	return o->blocks->state == JOB_DONE && o->blocks->header_count >= n &&
	       (!o->logs || o->logs->state == JOB_DONE);
}

/* Who said one side of a difference. */
struct teller {
	const char *name;
	uint32_t who;
};

static struct teller teller_of(const struct side *s, const struct difference *d)
{
	const struct body *b = &s->own->bodies[d->i];
	const struct job *blocks = s->o ? s->o->blocks : s->own->blocks;
	const struct job *logs = s->o ? s->o->logs : s->own->logs;
	const struct job *j = d->log_index != UINT32_MAX && logs ? logs : blocks;

	if (!s->o && b->have_receipts && (d->of_receipts || d->log_index != UINT32_MAX))
		return (struct teller){b->receipts_endpoint, b->receipts_who};
	if (s->o && d->of_receipts)
		j = s->o->receipts[d->i];
	return (struct teller){j->endpoint, source_who(j)};
}

/* Two say something else: tell what, and who. */
static void tell(const struct unit_env *env, const struct difference *d, const struct side *a,
	const struct side *b, const char *outcome)
{
	struct teller x = teller_of(a, d), y = teller_of(b, d);
	struct ingest_dispute t = {.block = d->block,
		.log_index = d->log_index,
		.what = d->what,
		.endpoints = {x.name ? x.name : "", y.name ? y.name : ""},
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

/* Says the third the same as that side, of what the first two differ about too? */
static bool sides_with(struct side third, struct side with, const struct unit_env *env,
	const struct difference *first)
{
	struct buf texts[2];
	struct difference d = {.log_index = UINT32_MAX, .answers = texts};
	bool same;

	if (!is_whole(third.o, third.own->n) || (first->of_receipts && !knows_receipts(&third, first->i)))
		return false;
	buf_init(&texts[0], DISPUTE_ANSWER_MAX);
	buf_init(&texts[1], DISPUTE_ANSWER_MAX);
	same = same_answers(with, third, env, &d);
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return same;
}

/* The third opinion is there: who is alone? */
static enum err_kind decide(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, const struct difference *first, struct err *e)
{
	struct side mine = {.own = own}, second = {.own = own, .o = &w->other[0]},
		    third = {.own = own, .o = &w->other[1]};

	if (sides_with(third, mine, env, first)) {
		mark_agreed(own, third.o);
		tell(env, first, &mine, &second, "a third endpoint says as the first");
		source_doubt(env->src, teller_of(&second, first).who);
		return ERR_NONE;
	}
	if (sides_with(third, second, env, first)) {
		tell(env, first, &mine, &second, "a third endpoint says as the second");
		source_doubt(env->src, teller_of(&mine, first).who);
		return refuse(e, first, "a third one says as the second");
	}
	tell(env, first, &mine, &second, "waits: no two endpoints agree");
	return refuse(e, first, "no third one decides: the block waits until two agree");
}

static enum err_kind compare(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, struct err *e)
{
	struct side mine = {.own = own}, second = {.own = own, .o = &w->other[0]};
	struct buf texts[2];
	struct difference d = {.log_index = UINT32_MAX, .answers = texts};
	enum err_kind k = ERR_NONE;

	buf_init(&texts[0], DISPUTE_ANSWER_MAX);
	buf_init(&texts[1], DISPUTE_ANSWER_MAX);
	if (same_answers(mine, second, env, &d)) {
		mark_agreed(own, second.o);
	} else if (w->asked == 2) {
		k = decide(w, env, own, &d, e);
	} else if (env->three) {
		ask(w, env, own);
		w->over = false;
	} else {
		tell(env, &d, &mine, &second, "waits");
		k = refuse(e, &d, "with two endpoints the block waits until they agree");
	}
	buf_free(&texts[0]);
	buf_free(&texts[1]);
	return k;
}

/* An answer that contradicts itself: rather ask another one. */
static void doubt_broken(struct witness *w, const struct unit_env *env, const struct job *j)
{
	if (!j || j->state != JOB_FAILED || j->err.kind != ERR_REJECT)
		return;
	w->broken |= source_who(j);
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
		if (any_runs(&w->other[i]))
			return ERR_NONE;
	w->over = true;
	if (is_whole(&w->other[0], own->n))
		return compare(w, env, own, e);
	if (env->others && ++w->tries < TRIES) { /* it may only be a little behind */
		doubt_broken(w, env, w->other[0].blocks);
		doubt_broken(w, env, w->other[0].logs);
		forget(w);
		w->over = false;
		w->wake_ms = clock_ms() + WAIT_MS;
	}
	return ERR_NONE;
}
