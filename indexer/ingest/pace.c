/*
 * A poll costs a request; a token bucket of PACE_PER_S a second pays for it. Around the expected
 * arrival (width from the mean error of past predictions) polls are as dense as half that width
 * allows, between 5 and 100 ms. A poll that brings blocks gets its tokens back: it was no idle one.
 * A block arrived somewhere between two polls; the middle is what is learned from. The distance is a
 * median, so that a missed block (BTTC producers skip turns) moves neither it nor the phase: the
 * next multiple is awaited.
 */
#include "ingest/pace.h"

#define TOKEN       1000000 /* one request */
#define BUCKET      (10 * TOKEN)
#define STEP_MIN    5000
#define STEP_MAX    100000
#define ERR_MIN     5000
#define BUSY_MIN    1000000
#define SLOW_MIN    200000

void pace_init(struct pace *p, uint64_t period_ms, uint64_t poll_ms, uint64_t now_us)
{
	*p = (struct pace){.period_us = (period_ms ? period_ms : 1000) * 1000,
		.fixed_us = poll_ms * 1000,
		.next_us = now_us,
		.tokens = BUCKET,
		.tokens_us = now_us};
	p->gap_us = p->period_us;
	p->err_us = p->period_us / 8;
}

static uint64_t clamp(uint64_t v, uint64_t lo, uint64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void refill(struct pace *p, uint64_t now_us)
{
	uint64_t passed = clamp(now_us - p->tokens_us, 0, 60000000);

	p->tokens += (int64_t)(passed * PACE_PER_S * 9 / 10);
	if (p->tokens > BUCKET)
		p->tokens = BUCKET;
	p->tokens_us = now_us;
}

/* Half the width of the window around an expected arrival. */
static uint64_t half_width(const struct pace *p)
{
	return clamp(2 * p->err_us, 2 * ERR_MIN, p->gap_us / 2 > 2 * ERR_MIN ? p->gap_us / 2
									     : 2 * ERR_MIN);
}

/* The first expected arrival whose window is not over at that time. */
static uint64_t expected(const struct pace *p, uint64_t now_us)
{
	uint64_t over = p->seen_us + 2 * half_width(p);

	if (!p->seen_us || over + p->gap_us >= now_us)
		return (p->seen_us ? p->seen_us : now_us) + p->gap_us;
	return p->seen_us + ((now_us - over) / p->gap_us + 1) * p->gap_us;
}

void pace_polled(struct pace *p, uint64_t now_us, unsigned requests, bool busy)
{
	uint64_t due, opens, half, slow = clamp(p->period_us / 8, SLOW_MIN, 60000000);

	refill(p, now_us);
	p->tokens -= (int64_t)requests * TOKEN;
	p->before_us = p->polled_us;
	p->polled_us = now_us;
	if (p->fixed_us) {
		p->next_us = now_us + p->fixed_us;
		return;
	}
	if (busy) {
		p->next_us = now_us + clamp(p->period_us, BUSY_MIN, 60000000);
		return;
	}
	due = expected(p, now_us);
	half = half_width(p);
	opens = due > half ? due - half : 0;
	if (now_us >= opens)
		p->next_us = now_us + clamp(half / 2, STEP_MIN, STEP_MAX);
	else
		p->next_us = now_us + slow < opens ? now_us + slow : opens;
	if (p->tokens < TOKEN) {
		uint64_t wait = (uint64_t)(TOKEN - p->tokens) * 10 / (PACE_PER_S * 9);

		if (p->next_us < now_us + wait)
			p->next_us = now_us + wait;
	}
}

static void learn_gap(struct pace *p, uint64_t gap)
{
	uint64_t sorted[8];
	unsigned n;

	p->gaps[p->gap_count++ % 8] = gap;
	n = p->gap_count < 8 ? p->gap_count : 8;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i;

		for (; k && sorted[k - 1] > p->gaps[i]; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = p->gaps[i];
	}
	p->gap_us = sorted[(n - 1) / 2] > STEP_MIN ? sorted[(n - 1) / 2] : STEP_MIN;
}

void pace_seen(struct pace *p, uint64_t n)
{
	uint64_t at = p->before_us ? p->polled_us - (p->polled_us - p->before_us) / 2 : p->polled_us;

	p->tokens = p->tokens + TOKEN > BUCKET ? BUCKET : p->tokens + TOKEN;
	if (p->seen_us && n && at > p->seen_us) {
		uint64_t due = expected(p, at);
		uint64_t error = due > at ? due - at : at - due;

		p->err_us = (p->err_us * 3 + error) / 4;
		learn_gap(p, (at - p->seen_us) / n);
	}
	p->seen_us = at;
}

void pace_hurry(struct pace *p, uint64_t now_us)
{
	p->next_us = now_us;
}

uint64_t pace_wait_us(const struct pace *p, uint64_t now_us)
{
	return p->next_us > now_us ? p->next_us - now_us : 0;
}
