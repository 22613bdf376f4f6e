#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

/** Exponential backoff with full jitter between base and the doubled step, capped at max. */
struct backoff {
	unsigned base_ms, max_ms;
	unsigned step_ms;   /* 0: not in trouble */
	unsigned attempts;
};

void backoff_init(struct backoff *b, unsigned base_ms, unsigned max_ms);
/** How long to wait before the next try; counts the attempt. */
unsigned backoff_next_ms(struct backoff *b);
void backoff_reset(struct backoff *b);

#endif
