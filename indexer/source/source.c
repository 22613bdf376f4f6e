/*
 * A source: opening and closing, and the loop that drives it.
 *
 * source_poll alternates between two steps that never wait: send what can be sent (schedule.c) and
 * take in what arrived (rpc.c). Only when neither finished a job does it wait, for the network, for
 * the next moment at which something may be sent, or for a stop.
 */
#include "source/engine.h"

#include "base/clock.h"
#include "base/stop.h"

#include <stdlib.h>
#include <sys/random.h>

#define TIMEOUT_MS  20000
#define RETRY_MS    60000
#define BODY_BYTES  (64 << 20)
#define BATCH       100
#define IN_FLIGHT   8
#define LOGS_RANGE  5000
#define WAIT_MAX_MS 1000

static void set_default(int64_t *v, int64_t def)
{
	if (*v <= 0)
		*v = def;
}

static struct source_conf complete(const struct source_conf *given, const struct dialect *d)
{
	struct source_conf c = given ? *given : (struct source_conf){0};
	int64_t range = d->logs_range_max ? (int64_t)d->logs_range_max : INT64_MAX;

	set_default(&c.timeout_ms, TIMEOUT_MS);
	set_default(&c.retry_ms, RETRY_MS);
	set_default(&c.body_max_bytes, BODY_BYTES);
	set_default(&c.batch_max, BATCH);
	set_default(&c.in_flight, IN_FLIGHT);
	set_default(&c.logs_range_max, LOGS_RANGE);
	if (c.rate_per_s < 0)
		c.rate_per_s = 0;
	if (c.logs_range_max > range)
		c.logs_range_max = range;
	if (d->batch_max && c.batch_max > d->batch_max)
		c.batch_max = d->batch_max;
	return c;
}

enum err_kind source_open(struct source **out, const struct chain_conf *chain,
	const char *const *urls, size_t url_count, const struct source_conf *conf, struct err *e)
{
	struct source *s;

	if (!url_count || url_count > ENDPOINTS_MAX)
		return err_set(e, ERR_FATAL, "rpc", 0, "chain %s: %zu endpoints, expected 1 to %d",
			chain->key, url_count, ENDPOINTS_MAX);
	s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->chain = chain;
	s->dialect = dialect_of(chain->kind);
	s->conf = complete(conf, s->dialect);
	s->jobs_end = &s->jobs;
	s->next_id = 1;
	s->json = json_parser_new((size_t)s->conf.body_max_bytes);
	buf_init(&s->text, 64 * 1024);
	if (getrandom(&s->random, sizeof(s->random), 0) < 0)
		s->random = clock_us();
	for (; s->ep_count < url_count; s->ep_count++)
		if (endpoint_open(
			    &s->ep[s->ep_count], s, (unsigned)s->ep_count, urls[s->ep_count], e)) {
			err_wrap(e, "chain %s", chain->key);
			source_close(s);
			return e->kind;
		}
	if (rpc_open(s, e)) {
		source_close(s);
		return e->kind;
	}
	*out = s;
	return ERR_NONE;
}

void source_close(struct source *s)
{
	struct err e;

	if (!s)
		return;
	rpc_close(s);
	while (s->jobs) {
		err_set(&e, ERR_STOP, "rpc", 0, "the source was closed");
		job_fail(s->jobs, &e);
	}
	for (size_t i = 0; i < s->ep_count; i++)
		endpoint_close(s->ep[i]);
	json_parser_free(s->json);
	buf_free(&s->text);
	free(s);
}

/* How long nothing can happen but network events. */
static unsigned pause_ms(const struct source *s, uint64_t now, uint64_t deadline)
{
	uint64_t until = deadline < s->wake_ms ? deadline : s->wake_ms;

	if (until <= now)
		return 0;
	return until - now < WAIT_MAX_MS ? (unsigned)(until - now) : WAIT_MAX_MS;
}

enum err_kind source_poll(struct source *s, unsigned timeout_ms, struct err *e)
{
	const uint64_t deadline = clock_ms() + timeout_ms;
	uint64_t now;

	for (;;) {
		if (stop_asked())
			return err_set(e, ERR_STOP, "rpc", 0, "stop asked for");
		now = clock_ms();
		schedule(s, now);
		if (rpc_work(s))
			schedule(s, clock_ms());
		if (s->finished) {
			s->finished = 0;
			return ERR_NONE;
		}
		now = clock_ms();
		if (now >= deadline)
			return ERR_NONE;
		rpc_wait(s, pause_ms(s, now, deadline));
	}
}

enum err_kind source_wait(struct source *s, struct job *j, struct err *e)
{
	while (j->state == JOB_RUNNING)
		if (source_poll(s, WAIT_MAX_MS, e))
			return e->kind;
	if (j->state == JOB_DONE)
		return ERR_NONE;
	if (e)
		*e = j->err;
	return j->err.kind;
}
