/*
 * A poll costs a token of a bucket that fills slowly enough for PACE_PER_S; a poll that brings a
 * block gets its token back. Around the expected arrival the polls are dense: they begin earlier by
 * twice the mean error of past predictions, and are that far apart, further the later the block is.
 * In between polls are rare, and a part of the bucket is kept for the next dense stretch.
 *
 * A block arrived somewhere between two polls; the middle is what is learned from, and what the
 * polls were apart is no error of the prediction. The distance is a median, so that a missed block
 * (BTTC producers skip turns) moves neither it nor the phase: the next multiple is awaited. The
 * phase follows an arrival by half of the error, because half of it is that block's own delay; it
 * jumps when the prediction was no good.
 */
#include "ingest/pace.h"

#define TOKEN      1000000 /* one request */
#define BUCKET     (20 * TOKEN)
#define RESERVE    (6 * TOKEN)
#define FILL_PER_S (PACE_PER_S - 1)
#define HALF_MIN   3000
#define STEP_MAX   100000
#define SLOW_MIN   300000
#define BLIND_MIN  20000
#define TIRED_MIN  250000
#define BUSY_MIN   1000000
#define FAST_GAP   1000000 /* blocks come faster than this: two polls for each are free */
#define GAP_MIN    10000
#define NEVER      60000000

static uint64_t clamp(uint64_t v, uint64_t lo, uint64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

void pace_init(struct pace *p, uint64_t period_ms, uint64_t poll_ms, uint64_t now_us)
{
	*p = (struct pace){.period_us = (period_ms ? period_ms : 1000) * 1000,
		.fixed_us = poll_ms * 1000,
		.next_us = now_us,
		.tokens = BUCKET,
		.tokens_us = now_us};
	p->gap_us = clamp(p->period_us, GAP_MIN, NEVER);
	p->err_us = p->gap_us / 8;
}

static void refill(struct pace *p, uint64_t now_us)
{
	uint64_t passed = clamp(now_us - p->tokens_us, 0, NEVER);

	p->tokens += (int64_t)(passed * FILL_PER_S);
	if (p->tokens > BUCKET)
		p->tokens = BUCKET;
	p->tokens_us = now_us;
}

/* How long before the expected arrival polls begin. */
static uint64_t half_width(const struct pace *p)
{
	return clamp(2 * p->err_us, HALF_MIN, p->gap_us / 2);
}

/* The expected arrival that is nearest to now, the next one at first. */
static uint64_t expected(const struct pace *p, uint64_t now_us)
{
	uint64_t due = p->seen_us + p->gap_us, over = due + p->gap_us / 2;

	if (!p->seen_us)
		return now_us + p->gap_us;
	if (over < now_us)
		due += ((now_us - over) / p->gap_us + 1) * p->gap_us;
	return due;
}

static uint64_t plan(const struct pace *p, uint64_t now_us)
{
	uint64_t due = expected(p, now_us), half = half_width(p);
	uint64_t opens = due > half ? due - half : 0;
	uint64_t late = now_us > due ? (now_us - due) / 3 : 0;
	uint64_t slow = clamp(due > now_us ? (due - now_us) / 2 : 0, SLOW_MIN, NEVER);

	uint64_t paid =
		p->tokens >= TOKEN ? now_us : now_us + (uint64_t)(TOKEN - p->tokens) / FILL_PER_S;
	uint64_t next = opens;

	if (!p->seen_us) /* nothing to predict from */
		next = now_us + clamp(p->gap_us / 8, BLIND_MIN, NEVER);
	else if (now_us > due + 4 * half && p->tokens < RESERVE)
		next = now_us + clamp(p->gap_us / 4, TIRED_MIN, opens + p->gap_us - now_us);
	else if (now_us >= opens)
		next = now_us + clamp(clamp(half, HALF_MIN, STEP_MAX), late, NEVER);
	else if (p->tokens >= RESERVE && now_us + slow < opens)
		next = now_us + slow;
	return next > paid ? next : paid;
}

void pace_polled(struct pace *p, uint64_t now_us, unsigned requests, bool busy)
{
	refill(p, now_us);
	p->tokens -= (int64_t)requests * TOKEN;
	p->before_us = p->polled_us;
	p->polled_us = now_us;
	if (p->fixed_us)
		p->next_us = now_us + p->fixed_us;
	else if (busy)
		p->next_us = now_us + clamp(p->period_us, BUSY_MIN, NEVER);
	else
		p->next_us = plan(p, now_us);
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
	p->gap_us = clamp(sorted[(n - 1) / 2], GAP_MIN, NEVER);
}

void pace_seen(struct pace *p, uint64_t n)
{
	uint64_t at =
		p->before_us ? p->polled_us - (p->polled_us - p->before_us) / 2 : p->polled_us;
	uint64_t phase = at, unsure = p->polled_us - at;

	p->tokens += p->gap_us < FAST_GAP ? 2 * TOKEN : TOKEN;
	if (p->tokens > BUCKET)
		p->tokens = BUCKET;
	if (p->seen_us && n && at > p->arrived_us) {
		uint64_t due = expected(p, at), half = half_width(p);
		uint64_t error = due > at ? due - at : at - due;

		if (error <= half)
			phase = due > at ? at + error / 2 : at - error / 2;
		error = error > unsure ? error - unsure : 0;
		p->err_us = (p->err_us * 2 + error) / 3;
		learn_gap(p, (at - p->arrived_us) / n);
	}
	p->arrived_us = at;
	p->seen_us = phase;
	if (!p->fixed_us)
		p->next_us = plan(p, p->polled_us);
}

void pace_hurry(struct pace *p, uint64_t now_us)
{
	p->next_us = now_us;
}

uint64_t pace_wait_us(const struct pace *p, uint64_t now_us)
{
	return p->next_us > now_us ? p->next_us - now_us : 0;
}
