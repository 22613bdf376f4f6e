/*
 * Which call goes to which endpoint, together with which others, and when.
 *
 * Jobs are served in the order in which they were made. The first waiting call of a job picks the
 * endpoint; further calls of the same job ride in the same batch, as long as the answer stays at a
 * size that is good to read (estimated from earlier answers), so that one HTTP request neither
 * holds up the others nor fills memory. Jobs for the receipts of single blocks ride together, a
 * smaller batch at a time, so that several are in flight.
 *
 * A question for logs is cut to the range that the endpoint takes at the moment; the rest waits as
 * a call of its own. Nodes clip a range at their head and say nothing, so near the head, and always
 * before the head is known, eth_blockNumber goes in front in the same batch, and the logs count
 * only if that answer is not below the range. Where batches are refused the head is asked for just
 * before.
 */
#include "source/engine.h"

#include "base/clock.h"

#define BATCH_BYTES   (1u << 20) /* of an answer, estimated */
#define LOGS_BYTES    (4u << 20)
#define SHARED_BYTES  (256u << 10) /* of batches of several jobs */
#define SHARED_MAX    32
#define LOGS_START    500 /* blocks, while the cost of one is not known */
#define BATCH_START   16  /* calls, likewise */
#define HEAD_MARGIN   64  /* blocks below the known head that still want a guard */
#define HEAD_FRESH_MS 1000
#define BATCH_LIMIT   1000

static bool is_logs(const struct call *c)
{
	return c->method == M_LOGS || c->method == M_BOR_LOGS;
}

static bool ranged(const struct call *c)
{
	return is_logs(c) && !c->by_hash;
}

static bool wants_guard(const struct endpoint *ep, const struct call *c)
{
	return ranged(c) && c->to + HEAD_MARGIN > ep->head;
}

static void wake_at(struct source *s, uint64_t at)
{
	if (at < s->wake_ms)
		s->wake_ms = at;
}

/* ---- what one call asks of an endpoint ------------------------------------------------------- */

static uint64_t span_of(const struct endpoint *ep, const struct call *c)
{
	const uint64_t cost = endpoint_cost(ep, c);
	uint64_t span = ep->span;
	uint64_t affordable = cost ? LOGS_BYTES / cost : LOGS_START;

	if (!affordable)
		affordable = 1;
	return span < affordable ? span : affordable;
}

/* Leave the part that the endpoint takes in c; the rest becomes a call of its own. */
static void cut_range(const struct endpoint *ep, struct call *c)
{
	const uint64_t span = span_of(ep, c);
	struct call *rest;

	if (!ranged(c) || c->to - c->from < span)
		return;
	rest = arena_dup(c->job->pub.mem, c, sizeof(*c));
	rest->from = c->from + span;
	rest->absent = rest->broken = rest->refused = 0;
	rest->state = CALL_WAITING;
	c->to = rest->from - 1;
	c->job->left++;
	rest->next = c->next;
	c->next = rest;
	if (c->job->waiting_end == &c->next)
		c->job->waiting_end = &rest->next;
}

static uint64_t cost_of(const struct endpoint *ep, const struct call *c)
{
	const uint64_t one = endpoint_cost(ep, c);

	if (!one)
		return BATCH_BYTES / BATCH_START;
	return one * (c->by_hash ? 1 : c->to - c->from + 1);
}

/* Without batches: may the logs be asked for, going by what is known of the head? */
static bool head_known(struct endpoint *ep, struct call *c, uint64_t now)
{
	struct err e;

	if (ep->head_ms && now - ep->head_ms < HEAD_FRESH_MS) {
		if (ep->head >= c->to)
			return true;
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: its head %llu is below block %llu", ep->name,
			(unsigned long long)ep->head, (unsigned long long)c->to);
		ep->head_ms = 0; /* ask again next time */
		job_trouble(c->job, &e, now);
		c->last = ep;
		c->refused++;
		c->ready_ms = now + job_jitter(ep->s, 200);
		wake_at(ep->s, c->ready_ms);
	} else if (!ep->controlling) {
		rpc_control(ep, CONTROL_PROBE);
	}
	return false;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* Make the call's method one that the endpoint has. False: it is not to be sent now. */
static bool settle_method(struct endpoint *ep, struct call *c, uint64_t now)
{
	struct err e;

	if (!c->any_receipts)
		return true;
	c->method = endpoint_receipts_method(ep);
	if (c->method != M_RECEIPT)
		return true;
	if (!c->job->kind->one_by_one) {
		err_set(&e, ERR_AGAIN, "rpc", 0,
			"%s: gives receipts one by one only, logs can not be read from them",
			ep->name);
		job_fail(c->job, &e);
	} else {
		c->ready_ms = now + 10; /* one_by_one is tried before sending: not possible yet */
		wake_at(ep->s, c->ready_ms);
	}
	return false;
}

static unsigned room_for(struct endpoint *ep, uint64_t now)
{
	const unsigned tokens = endpoint_tokens(ep, now);
	unsigned n = ep->batch < BATCH_LIMIT ? ep->batch : BATCH_LIMIT;

	if (ep->s->dialect->batch_max && n > ep->s->dialect->batch_max)
		n = ep->s->dialect->batch_max;
	return tokens < n ? tokens : n;
}

static void take_out(struct job_run *j, struct call **at)
{
	struct call *c = *at;

	*at = c->next;
	if (!c->next)
		j->waiting_end = at;
	c->next = NULL;
}

/* A batch that is being put together. */
struct batch {
	struct call *calls[BATCH_LIMIT];
	unsigned n, room;
	uint64_t cost;
};

/* May it go with others' calls? One that failed before goes its own way. */
static bool may_ride(const struct endpoint *ep, const struct call *c, uint64_t now)
{
	return c->ready_ms <= now && !c->last && !endpoint_lacks(ep, c->method, c->any_receipts) &&
	       (!c->any_receipts || endpoint_receipts_method(ep) != M_RECEIPT);
}

static uint32_t avoid_of(const struct job_run *j)
{
	return j->avoid | (j->pinned ? ~(1u << j->pinned->index) : 0) | (j->only ? ~j->only : 0);
}

/* Fill the batch with what later jobs of the same kind wait for. */
static void add_riders(struct batch *b, const struct job_run *j, struct endpoint *ep, uint64_t now)
{
	unsigned room = b->room < SHARED_MAX ? b->room : SHARED_MAX;

	for (struct job_run *o = j->next; o && b->n < room; o = o->next) {
		struct call **at = &o->waiting;

		if (o->kind != j->kind || o->avoid != j->avoid || o->only != j->only ||
			avoid_of(o) >> ep->index & 1)
			continue;
		while (*at && b->n < room) {
			struct call *c = *at;

			if (!may_ride(ep, c, now)) {
				at = &c->next;
				continue;
			}
			if (c->any_receipts)
				c->method = endpoint_receipts_method(ep);
			b->cost += cost_of(ep, c);
			if (b->cost > SHARED_BYTES)
				return;
			take_out(o, at);
			b->calls[b->n++] = c;
			if (o->alone)
				o->pinned = ep;
		}
	}
}

/* Take waiting calls from *at on that fit into one batch to ep, and send them. */
static bool send_batch(struct job_run *j, struct call **at, struct endpoint *ep, uint64_t now)
{
	struct batch b = {.room = room_for(ep, now)};
	const bool batches = ep->batch > 1;
	const uint64_t limit = is_logs(*at) ? LOGS_BYTES : BATCH_BYTES;
	bool guard = false, full = false;

	while (*at && b.n + guard < b.room) {
		struct call *c = *at;

		if (c->ready_ms > now || (b.n && endpoint_lacks(ep, c->method, c->any_receipts)) ||
			!settle_method(ep, c, now)) {
			if (j->pub.state != JOB_RUNNING)
				return false;
			at = &c->next;
			continue;
		}
		cut_range(ep, c);
		b.cost += cost_of(ep, c);
		full = b.n && b.cost > limit;
		if (full)
			break;
		if (wants_guard(ep, c) && !guard) {
			if (batches && b.room >= 2) {
				if (b.n + 2 > b.room)
					break;
				guard = true;
			} else if (!head_known(ep, c, now)) {
				break;
			}
		}
		take_out(j, at);
		b.calls[b.n++] = c;
	}
	if (b.n && !full && j->kind->together)
		add_riders(&b, j, ep, now);
	if (b.n)
		rpc_send(ep, b.calls, b.n, guard);
	return b.n > 0;
}

/* Replace calls for receipts by calls for each, where the endpoint knows nothing better. */
static bool split_receipts(struct endpoint *ep, struct job_run *j, struct call **at)
{
	struct call *c = *at;

	if (!c->any_receipts || endpoint_receipts_method(ep) != M_RECEIPT || !j->kind->one_by_one)
		return false;
	take_out(j, at);
	if (j->kind->one_by_one(c))
		return true;
	job_wait(c, clock_ms() + 10);
	return true;
}

static struct call **first_ready(struct job_run *j, uint64_t now)
{
	struct call **at = &j->waiting;

	while (*at && (*at)->ready_ms > now) {
		wake_at(j->s, (*at)->ready_ms);
		at = &(*at)->next;
	}
	return *at ? at : NULL;
}

/* Polls go to who has the newest block, so that a node that stands still is not the one that is heard. */
static uint64_t head_wanted(const struct source *s, const struct call *c, uint64_t now)
{
	if (c->by_hash)
		return 0;
	return c->method == M_TAG ? endpoint_head(s, now) : c->to;
}

/* Who was to answer can not: anybody may. False: anybody may already. */
static bool widen(struct job_run *j)
{
	bool narrow = j->pinned || j->only;

	j->pinned = NULL;
	j->only = 0;
	return narrow;
}

static void serve(struct job_run *j, uint64_t now)
{
	struct source *s = j->s;
	struct call **at;

	while (j->pub.state == JOB_RUNNING && (at = first_ready(j, now))) {
		struct need need = {.method = (*at)->method,
			.any_receipts = (*at)->any_receipts,
			.avoid = avoid_of(j),
			.head = head_wanted(s, *at, now),
			.last = (*at)->last};
		struct choice choice;
		struct err e = {0};

		if (endpoint_any(s, &need, &e)) {
			struct call *c = *at;

			if (e.kind == ERR_AGAIN && j->only && widen(j))
				continue;
			take_out(j, at);
			if (e.kind == ERR_AGAIN && j->kind->nobody && j->kind->nobody(c))
				continue;
			job_fail(j, &e);
			return;
		}
		choice = endpoint_pick(s, &need, now);
		if (!choice.ep && choice.stuck && widen(j)) /* it fell silent */
			continue;
		if (!choice.ep) {
			wake_at(s, choice.wake);
			if (choice.stuck && !j->in_flight)
				job_trouble(j, &s->trouble, now);
			return;
		}
		if (j->alone)
			j->pinned = choice.ep;
		if (split_receipts(choice.ep, j, at))
			continue;
		if (!send_batch(j, at, choice.ep, now))
			return;
	}
}

static void check_chains(struct source *s, uint64_t now)
{
	for (size_t i = 0; i < s->ep_count; i++) {
		struct endpoint *ep = s->ep[i];

		endpoint_review(ep, now);
		if (ep->state != EP_UNCHECKED || ep->controlling)
			continue;
		if (now < ep->not_before)
			wake_at(s, ep->not_before);
		else
			rpc_control(ep, CONTROL_CHECK);
	}
}

void schedule(struct source *s, uint64_t now)
{
	s->wake_ms = LATER;
	if (!s->jobs)
		return;
	check_chains(s, now);
	for (struct job_run *j = s->jobs, *next; j; j = next) {
		next = j->next;
		serve(j, now);
		job_settle(j);
	}
	job_expire(s, now);
}
