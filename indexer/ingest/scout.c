/* One question at a time, to the endpoint that was silent longest; a slow answer is given up. */
#include "ingest/scout.h"

#include "base/clock.h"

#define EVERY_MIN_MS 1000
#define EVERY_MAX_MS 15000
#define PATIENCE_MS  10000

void scout_init(struct scout *s, size_t endpoints, uint64_t block_period_ms, uint64_t now_ms)
{
	*s = (struct scout){.endpoints = endpoints < SCOUT_ENDPOINTS_MAX ? endpoints : SCOUT_ENDPOINTS_MAX,
		.every_ms = block_period_ms};
	if (s->every_ms < EVERY_MIN_MS)
		s->every_ms = EVERY_MIN_MS;
	if (s->every_ms > EVERY_MAX_MS)
		s->every_ms = EVERY_MAX_MS;
	for (size_t i = 0; i < s->endpoints; i++)
		s->heard_ms[i] = now_ms;
}

void scout_close(struct scout *s)
{
	job_free(s->job);
	s->job = NULL;
}

void scout_heard(struct scout *s, uint32_t who, uint64_t now_ms)
{
	for (size_t i = 0; i < s->endpoints; i++)
		if (who >> i & 1)
			s->heard_ms[i] = now_ms;
}

void scout_send(struct scout *s, struct source *src, uint64_t now_ms)
{
	size_t at = 0;

	if (s->endpoints < 2 || s->job)
		return;
	for (size_t i = 1; i < s->endpoints; i++)
		if (s->heard_ms[i] < s->heard_ms[at])
			at = i;
	if (now_ms - s->heard_ms[at] < s->every_ms)
		return;
	s->heard_ms[at] = s->sent_ms = now_ms;
	s->job = source_head(src, false);
	source_only(s->job, 1u << at);
}

struct job *scout_take(struct scout *s, uint64_t now_ms)
{
	struct job *j = s->job;

	if (!j || (j->state == JOB_RUNNING && now_ms - s->sent_ms < PATIENCE_MS))
		return NULL;
	s->job = NULL;
	if (j->state == JOB_DONE && j->header_count)
		return j;
	job_free(j);
	return NULL;
}
