/* Exponential backoff with jitter, so that many clients of one trouble do not return in step. */
#include "base/backoff.h"

#include <stdint.h>
#include <sys/random.h>

void backoff_init(struct backoff *b, unsigned base_ms, unsigned max_ms)
{
	*b = (struct backoff){.base_ms = base_ms, .max_ms = max_ms};
}

unsigned backoff_next_ms(struct backoff *b)
{
	uint32_t r = 0;
	unsigned span;

	b->attempts++;
	b->step_ms = b->step_ms ? b->step_ms * 2 : b->base_ms;
	if (b->step_ms > b->max_ms)
		b->step_ms = b->max_ms;
	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = 0x80000000u;
	span = b->step_ms > b->base_ms ? b->step_ms - b->base_ms : 0;
	return b->base_ms + (unsigned)((uint64_t)span * r >> 32);
}

void backoff_reset(struct backoff *b)
{
	b->step_ms = 0;
	b->attempts = 0;
}
