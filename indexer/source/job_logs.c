/*
 * Jobs for logs: several filters over a range, or over one block by its hash.
 *
 * Every filter is a question of its own, cut into ranges that the endpoint takes (schedule.c). The
 * parts are put together at the end: in order of block and log index, each log once. A log that two
 * filters or two overlapping answers gave must be the same; two block hashes at one height mean
 * that the chain changed in between, and the caller has to ask again.
 *
 * A single block whose logs are still too many is read from its receipts and filtered here. So are
 * BTTC's state-sync logs where eth_getBorBlockLogs is missing, and always for a block by its hash:
 * about a block that it does not know that method says "none", the receipts say so.
 */
#include "source/engine.h"

#include "base/clock.h"

#include <stdlib.h>

struct part {
	struct part *next;
	struct block_log *logs;
	size_t n;
	struct endpoint *from;
};

struct filter {
	struct log_filter f; /* in the job's arena */
	const char *text;
	size_t text_len;
	struct filter *next;
};

struct logs {
	struct filter *filters, **end;
	struct filter **by_slot;
	uint32_t count;
	struct part *parts, **parts_end;
	size_t total;
};

/* ---- filters --------------------------------------------------------------------------------- */

static void add_filter(struct job_run *j, const struct log_filter *f)
{
	struct arena *mem = j->pub.mem;
	struct logs *own = j->own;
	struct filter *x = arena_calloc(mem, 1, sizeof(*x));
	struct buf b;

	x->f = *f;
	if (f->address_count)
		x->f.addresses =
			arena_dup(mem, f->addresses, f->address_count * sizeof(*f->addresses));
	for (int i = 0; i < LOG_TOPICS_MAX; i++)
		if (f->topic_count[i])
			x->f.topics[i] = arena_dup(
				mem, f->topics[i], f->topic_count[i] * sizeof(*f->topics[i]));
	buf_init(&b, 8u << 20);
	method_filter(&b, f);
	x->text = b.n ? arena_dup(mem, b.p, b.n) : "";
	x->text_len = b.n;
	buf_free(&b);
	*own->end = x;
	own->end = &x->next;
	own->count++;
}

/* Sets larger than a node takes are halved: the union of the answers is the same. */
static void split_filter(struct job_run *j, const struct log_filter *f)
{
	const struct dialect *d = j->s->dialect;
	struct log_filter a = *f, b = *f;

	if (f->address_count > d->addresses_max) {
		a.address_count /= 2;
		b.addresses += a.address_count;
		b.address_count -= a.address_count;
		split_filter(j, &a);
		split_filter(j, &b);
		return;
	}
	for (int i = 0; i < LOG_TOPICS_MAX; i++)
		if (f->topic_count[i] > d->topics_max) {
			a.topic_count[i] /= 2;
			b.topics[i] += a.topic_count[i];
			b.topic_count[i] -= a.topic_count[i];
			split_filter(j, &a);
			split_filter(j, &b);
			return;
		}
	add_filter(j, f);
}

static bool filter_takes(const struct log_filter *f, const struct log *l)
{
	bool hit = !f->address_count;

	for (size_t i = 0; i < f->address_count && !hit; i++)
		hit = address_eq(&f->addresses[i], &l->address);
	for (unsigned t = 0; t < LOG_TOPICS_MAX && hit; t++) {
		if (!f->topic_count[t])
			continue;
		hit = false;
		for (size_t i = 0; i < f->topic_count[t] && t < l->topic_count && !hit; i++)
			hit = hash_eq(&f->topics[t][i], &l->topics[t]);
	}
	return hit;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void add_part(struct job_run *j, struct block_log *logs, size_t n, struct endpoint *from)
{
	struct logs *own = j->own;
	struct part *p;

	if (!n)
		return;
	p = arena_calloc(j->pub.mem, 1, sizeof(*p));
	p->logs = logs;
	p->n = n;
	p->from = from;
	*own->parts_end = p;
	own->parts_end = &p->next;
	own->total += n;
}

/* The logs of a block from its receipts. */
static enum err_kind from_receipts(
	struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	const struct logs *own = c->job->own;
	const struct log_filter *f = &own->by_slot[c->slot]->f;
	const struct parse_scope scope = {c->from, c->to, c->by_hash ? &c->hash : NULL};
	struct parse p = job_parse(c->job, e);
	struct receipt *list;
	struct block_id block;
	struct block_log *out;
	size_t n, count = 0, max = 0;

	if (parse_receipts(&p, v, &scope, &list, &n, &block))
		return e->kind;
	for (size_t i = 0; i < n; i++)
		max += list[i].log_count;
	out = arena_alloc(c->job->pub.mem, max * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].log_count; k++)
			if (filter_takes(f, &list[i].logs[k]))
				out[count++] = (struct block_log){block, list[i].logs[k]};
	add_part(c->job, out, count, ep);
	return ERR_NONE;
}

static enum err_kind logs_answer(struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	const struct parse_scope scope = {c->from, c->to, c->by_hash ? &c->hash : NULL};
	struct parse p = job_parse(c->job, e);
	struct block_log *logs;
	size_t n;

	if (json_is_null(v))
		return err_set(
			e, ERR_AGAIN, "rpc", 0, "null for block %llu", (unsigned long long)c->from);
	if (c->any_receipts)
		return from_receipts(c, ep, v, e);
	if (parse_logs(&p, v, &scope, &logs, &n))
		return e->kind;
	if (c->method == M_BOR_LOGS)
		for (size_t i = 0; i < n; i++)
			logs[i].log.state_sync = true;
	if (!c->by_hash)
		endpoint_span_taken(ep, c->to - c->from + 1);
	add_part(c->job, logs, n, ep);
	return ERR_NONE;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void by_receipts(struct call *c)
{
	c->any_receipts = true;
	c->method = M_RECEIPTS;
	job_wait(c, 0);
}

/* One call for the receipts of each sprint start. */
static void sprints_by_receipts(struct call *c)
{
	struct job_run *j = c->job;

	for (uint64_t n = bttc_sprint_start(c->from); n <= c->to;
		n += j->s->dialect->state_sync_every) {
		struct call *one = job_call(j, M_RECEIPTS);

		one->any_receipts = true;
		one->from = one->to = n;
		one->slot = c->slot;
	}
	job_done(c);
}

static bool logs_nobody(struct call *c)
{
	if (c->method != M_BOR_LOGS || c->any_receipts)
		return false;
	sprints_by_receipts(c);
	return true;
}

static bool logs_refused(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e)
{
	const uint64_t asked = c->to - c->from + 1;
	const struct buf *text = &c->job->s->text;

	(void)e;
	if (c->any_receipts)
		return false;
	if (why == RPC_RANGE || why == RPC_RESULTS) {
		if (c->by_hash || asked == 1) {
			by_receipts(c);
			return true;
		}
		endpoint_span_refused(
			ep, asked, text->n ? rpc_range_hint(why, text->p, text->n, asked) : 0);
		job_wait(c, 0);
		return true;
	}
	return false;
}

/* ---- putting it together --------------------------------------------------------------------- */

struct key {
	uint64_t block;
	uint32_t index, part;
	struct block_log *log;
};

static int by_place(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool same_log(const struct log *a, const struct log *b)
{
	return address_eq(&a->address, &b->address) && hash_eq(&a->tx_hash, &b->tx_hash) &&
	       a->tx_index == b->tx_index && a->topic_count == b->topic_count &&
	       !memcmp(a->topics, b->topics, a->topic_count * sizeof(a->topics[0])) &&
	       a->data.n == b->data.n && (!a->data.n || !memcmp(a->data.p, b->data.p, a->data.n));
}

/* Keys of all logs in order. */
static struct key *order(struct job_run *j)
{
	struct logs *own = j->own;
	struct key *keys = arena_alloc(j->pub.mem, own->total * sizeof(*keys));
	uint32_t part = 0;
	bool sorted = true;
	size_t n = 0;

	for (struct part *p = own->parts; p; p = p->next, part++)
		for (size_t i = 0; i < p->n; i++, n++) {
			struct block_log *l = &p->logs[i];

			keys[n] = (struct key){l->block.number, l->log.log_index, part, l};
			if (n && by_place(&keys[n - 1], &keys[n]) > 0)
				sorted = false;
		}
	if (!sorted)
		qsort(keys, n, sizeof(*keys), by_place);
	return keys;
}

static enum err_kind merge_one(
	struct job_run *j, const struct key *prev, const struct key *k, struct err *e)
{
	struct block_log *last = j->pub.log_count ? &j->pub.logs[j->pub.log_count - 1] : NULL;

	if (last && last->block.number == k->block) {
		if (!hash_eq(&last->block.hash, &k->log->block.hash))
			return err_set(e, ERR_AGAIN, "rpc", 0,
				"logs of two blocks at height %llu: the chain changed meanwhile",
				(unsigned long long)k->block);
		if (last->log.log_index == k->index) {
			if (!same_log(&last->log, &k->log->log))
				return err_set(e, ERR_REJECT, "rpc", 0,
					"block %llu: two different logs with logIndex %u",
					(unsigned long long)k->block, k->index);
			last->log.state_sync |= k->log->log.state_sync;
			if (prev->part == k->part) {
				struct part *p = ((struct logs *)j->own)->parts;

				for (uint32_t i = 0; i < k->part; i++)
					p = p->next;
				metric_add(p->from->m_repeats, 1);
			}
			return ERR_NONE;
		}
	}
	j->pub.logs[j->pub.log_count++] = *k->log;
	return ERR_NONE;
}

static enum err_kind logs_finish(struct job_run *j, struct err *e)
{
	struct logs *own = j->own;
	struct key *keys;

	j->pub.log_count = 0;
	if (!own->total)
		return ERR_NONE;
	keys = order(j);
	j->pub.logs = arena_alloc(j->pub.mem, own->total * sizeof(*j->pub.logs));
	for (size_t i = 0; i < own->total; i++)
		if (merge_one(j, i ? &keys[i - 1] : NULL, &keys[i], e))
			return e->kind;
	return ERR_NONE;
}

static const struct job_kind logs_kind = {.name = "logs",
	.answer = logs_answer,
	.refused = logs_refused,
	.nobody = logs_nobody,
	.finish = logs_finish};

/* ---- asking ---------------------------------------------------------------------------------- */

static struct job_run *new_job(struct source *s, const struct log_filter *filters, size_t n)
{
	struct job_run *j = job_new(s, &logs_kind, false);
	struct logs *own = arena_calloc(j->pub.mem, 1, sizeof(*own));
	uint32_t slot = 0;

	j->own = own;
	own->end = &own->filters;
	own->parts_end = &own->parts;
	for (size_t i = 0; i < n; i++)
		split_filter(j, &filters[i]);
	own->by_slot = arena_calloc(j->pub.mem, own->count, sizeof(*own->by_slot));
	for (struct filter *f = own->filters; f; f = f->next)
		own->by_slot[slot++] = f;
	return j;
}

static void ask(struct job_run *j, enum method m, struct block_range r, const struct hash32 *hash)
{
	const struct logs *own = j->own;

	for (uint32_t i = 0; i < own->count; i++) {
		struct call *c = job_call(j, m);

		c->from = r.from;
		c->to = r.to;
		c->slot = i;
		c->filter = own->by_slot[i]->text;
		c->filter_len = own->by_slot[i]->text_len;
		if (hash) {
			c->by_hash = true;
			c->hash = *hash;
		}
		c->any_receipts = m == M_RECEIPTS;
	}
}

static struct job *ask_logs(struct source *s, struct block_range r, const struct hash32 *hash,
	const struct log_filter *filters, size_t n)
{
	struct job_run *j = new_job(s, filters, n);
	struct block_range sprints = {bttc_sprint_start(r.from), r.to};

	if (r.from <= r.to)
		ask(j, M_LOGS, r, hash);
	if (s->dialect->state_sync_every && sprints.from <= sprints.to)
		ask(j, hash ? M_RECEIPTS : M_BOR_LOGS, sprints, hash);
	return &j->pub;
}

struct job *source_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count)
{
	return ask_logs(s, r, NULL, filters, filter_count);
}

struct job *source_sync_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count)
{
	struct job_run *j = new_job(s, filters, filter_count);
	struct block_range sprints = {bttc_sprint_start(r.from), r.to};

	if (sprints.from <= sprints.to)
		ask(j, M_BOR_LOGS, sprints, NULL);
	return &j->pub;
}

struct job *source_block_logs(struct source *s, const struct block_id *block,
	const struct log_filter *filters, size_t filter_count)
{
	struct block_range r = {block->number, block->number};

	return ask_logs(s, r, &block->hash, filters, filter_count);
}
