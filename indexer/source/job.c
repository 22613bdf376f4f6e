/*
 * The life of a job: its calls wait, are sent, and are done; when none is left the kind of job puts
 * the result together.
 *
 * A call that is refused goes back to the waiting ones. A job fails when it made no progress for
 * conf.retry_ms, when one answer broke the grammar again and again, or when what it asks for is not
 * there after several tries. Nothing here sleeps: a pause is the time before which a call is not
 * sent.
 */
#include "source/engine.h"

#include "base/clock.h"

#include <stdlib.h>

#define BROKEN_MAX   5           /* answers that break the grammar, for one call */
#define ABSENT_MAX   6           /* answers "not there", for one call that must be there */
#define ARENA_BYTES  (2ll << 30) /* of one job */
#define PAUSE_MIN_MS 40
#define PAUSE_MAX_MS 1000

uint64_t job_jitter(struct source *s, uint64_t ms)
{
	s->random = s->random * 6364136223846793005ull + 1442695040888963407ull;
	return ms / 2 + (s->random >> 33) % (ms / 2 + 1);
}

/* Longer with every time it was refused. */
static uint64_t pause_of(struct call *c)
{
	const unsigned doublings = c->refused < 5 ? c->refused : 5;
	const uint64_t ms = (uint64_t)PAUSE_MIN_MS << doublings;

	return job_jitter(c->job->s, ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS);
}

struct job_run *job_new(struct source *s, const struct job_kind *kind, bool first)
{
	struct job_run *j = calloc(1, sizeof(*j));

	if (!j)
		abort();
	j->s = s;
	j->kind = kind;
	j->pub.mem = arena_new(ARENA_BYTES);
	j->waiting_end = &j->waiting;
	j->link = first ? &s->jobs : s->jobs_end;
	j->next = *j->link;
	*j->link = j;
	if (j->next)
		j->next->link = &j->next;
	else
		s->jobs_end = &j->next;
	return j;
}

static void unlink_job(struct job_run *j)
{
	if (!j->link)
		return;
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	else
		j->s->jobs_end = j->link;
	j->link = NULL;
}

void job_free(struct job *pub)
{
	struct job_run *j = (struct job_run *)pub;

	if (!j)
		return;
	rpc_cancel(j);
	unlink_job(j);
	arena_free(j->pub.mem);
	free(j);
}

struct call *job_call(struct job_run *j, enum method m)
{
	struct call *c = arena_calloc(j->pub.mem, 1, sizeof(*c));

	c->job = j;
	c->method = m;
	c->state = CALL_WAITING;
	*j->waiting_end = c;
	j->waiting_end = &c->next;
	j->left++;
	return c;
}

void job_wait(struct call *c, uint64_t ready_ms)
{
	struct job_run *j = c->job;

	if (c->state == CALL_DONE)
		j->left++;
	c->state = CALL_WAITING;
	c->ready_ms = ready_ms;
	c->next = j->waiting;
	j->waiting = c;
	if (!c->next)
		j->waiting_end = &c->next;
}

void job_done(struct call *c)
{
	c->state = CALL_DONE;
	c->job->left--;
}

static void end(struct job_run *j, enum job_state state)
{
	j->pub.state = state;
	j->s->finished++;
	rpc_cancel(j);
	unlink_job(j);
}

void job_fail(struct job_run *j, const struct err *e)
{
	if (j->pub.state != JOB_RUNNING)
		return;
	j->pub.err = *e;
	end(j, JOB_FAILED);
}

void job_settle(struct job_run *j)
{
	struct err e = {0};

	if (j->pub.state != JOB_RUNNING || j->left)
		return;
	if (j->kind->finish && j->kind->finish(j, &e)) {
		job_fail(j, &e);
		return;
	}
	if (j->left)
		return;
	if (arena_over(j->pub.mem)) {
		err_set(&e, ERR_REJECT, "rpc", 0,
			"the answers of one %s job hold more than %lld bytes: ask for fewer blocks",
			j->kind->name, (long long)ARENA_BYTES);
		job_fail(j, &e);
		return;
	}
	memset(&j->pub.err, 0, sizeof(j->pub.err));
	end(j, JOB_DONE);
}

void job_trouble(struct job_run *j, const struct err *e, uint64_t now)
{
	if (!j->trouble_ms)
		j->trouble_ms = now;
	if (e->kind)
		j->pub.err = *e;
}

void job_expire(struct source *s, uint64_t now)
{
	const uint64_t budget = (uint64_t)s->conf.retry_ms;

	for (struct job_run *j = s->jobs, *next; j; j = next) {
		struct err e = j->pub.err;

		next = j->next;
		if (!j->trouble_ms)
			continue;
		if (now - j->trouble_ms < budget) {
			if (j->trouble_ms + budget < s->wake_ms)
				s->wake_ms = j->trouble_ms + budget;
			continue;
		}
		e.kind = ERR_AGAIN;
		err_wrap(&e, "nothing got for %llu ms", (unsigned long long)(now - j->trouble_ms));
		job_fail(j, &e);
	}
}

struct parse job_parse(struct job_run *j, struct err *e)
{
	return (struct parse){.dialect = j->s->dialect, .mem = j->pub.mem, .e = e};
}

/* ---- what becomes of a call ------------------------------------------------------------------ */

static bool too_often(struct call *c, unsigned *count, unsigned max, const struct err *e)
{
	if (++*count < max)
		return false;
	job_fail(c->job, e);
	return true;
}

static void refuse(struct call *c, struct endpoint *ep, enum rpc_class why, const struct err *e);

void job_answer(struct call *c, struct endpoint *ep, struct jval v)
{
	struct job_run *j = c->job;
	struct err e = {0};
	enum err_kind k = j->kind->answer(c, ep, v, &e);

	if (!k) {
		if (c->state == CALL_SENT)
			job_done(c);
		c->refused = 0;
		j->trouble_ms = 0;
		j->used |= 1u << ep->index;
		j->pub.endpoint = ep->name;
		return;
	}
	if (c->from && c->from == c->to && !c->by_hash)
		err_wrap(&e, "block %llu", (unsigned long long)c->from);
	err_wrap(&e, "%s: %s", ep->name, method_name(c->method));
	if (k == ERR_AGAIN) {
		endpoint_count(ep, RPC_HEAD);
		if (!too_often(c, &c->absent, ABSENT_MAX, &e))
			refuse(c, ep, RPC_HEAD, &e);
	} else {
		endpoint_failed(ep, RPC_GRAMMAR, 0, &e);
		log_warn_often("source", "answer refused, it contradicts itself", ep->name,
			"chain=%s error=%s", j->s->chain->key, log_quotes(e.msg));
		if (!too_often(c, &c->broken, BROKEN_MAX, &e))
			refuse(c, ep, RPC_GRAMMAR, &e);
	}
}

void job_refusal(struct call *c, struct endpoint *ep, enum rpc_class why, const struct err *e)
{
	const struct job_run *j = c->job;
	struct err copy = *e;

	if (why == RPC_HEAD && c->by_hash && too_often(c, &c->absent, ABSENT_MAX, e))
		return;
	if (!j->kind->refused || !j->kind->refused(c, ep, why, &copy))
		refuse(c, ep, why, e);
}

/* Receipts by block hash are not understood, or there are too many for one answer. */
static bool receipts_refused(
	struct call *c, struct endpoint *ep, enum rpc_class why, const struct err *e)
{
	if (!c->any_receipts)
		return false;
	if (why == RPC_OTHER && e->code == -32602 && c->by_hash && !ep->receipts_by_number) {
		ep->receipts_by_number = true;
		job_wait(c, 0);
		return true;
	}
	if (why == RPC_RESULTS && c->job->kind->one_by_one && c->job->kind->one_by_one(c))
		return true;
	return false;
}

static void refuse(struct call *c, struct endpoint *ep, enum rpc_class why, const struct err *e)
{
	const uint64_t now = clock_ms();
	struct job_run *j = c->job;
	uint64_t ready = 0;

	metric_add(ep->m_retries, 1);
	c->last = ep;
	c->refused++;
	job_trouble(j, e, now);
	if (receipts_refused(c, ep, why, e))
		return;
	switch (why) {
	case RPC_UNSUPPORTED: endpoint_lack(ep, c->method); break;
	case RPC_HEAD:
	case RPC_RANGE:
	case RPC_RESULTS:
	case RPC_GRAMMAR:
	case RPC_REVERTED:
	case RPC_OTHER: ready = now + pause_of(c); break;
	case RPC_TRANSPORT: /* the endpoint itself is left alone for a while */
	case RPC_RATE:
	case RPC_BUSY:
	case RPC_AUTH:
	case RPC_BATCH:
	case RPC_CLASS_COUNT: break;
	}
	job_wait(c, ready);
}

uint32_t source_who(const struct job *j)
{
	return j ? ((const struct job_run *)j)->used : 0;
}

void source_alone(struct job *j)
{
	((struct job_run *)j)->alone = true;
}

void source_only(struct job *j, uint32_t who)
{
	((struct job_run *)j)->only = who;
}

void source_elsewhere(struct job *j, uint32_t who)
{
	((struct job_run *)j)->avoid |= who;
}
