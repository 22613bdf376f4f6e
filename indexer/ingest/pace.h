#ifndef INGEST_PACE_H
#define INGEST_PACE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * When to ask for the newest block. Learns the distance between arrivals and asks densely around
 * the moment when the next block is due, seldom in between: on average at most PACE_PER_S requests
 * a second while nothing arrives, and about that while blocks arrive. Pure: times are given, in
 * microseconds of a clock that never goes back. Plain value.
 */
#define PACE_PER_S 5

struct pace {
	uint64_t period_us; /* configured distance between blocks */
	uint64_t fixed_us;  /* poll so often whatever happens; 0: predict */
	uint64_t gap_us;    /* learned distance between arrivals: median of gaps */
	uint64_t err_us;    /* learned mean error of the prediction */
	uint64_t gaps[8];   /* newest distances between single arrivals, a ring */
	unsigned gap_count;
	uint64_t arrived_us; /* newest arrival */
	uint64_t seen_us;    /* the same, smoothed: predictions start here; 0: none yet */
	uint64_t polled_us;  /* newest poll */
	uint64_t before_us;  /* the poll before it */
	uint64_t next_us;    /* when the next poll is due */
	int64_t tokens;      /* requests that may be sent, in millionths */
	uint64_t tokens_us;  /* time of `tokens` */
};

/** poll_ms: 0 to predict. The first poll is due at once. */
void pace_init(struct pace *p, uint64_t period_ms, uint64_t poll_ms, uint64_t now_us);

/** A poll with so many requests goes out now. busy: blocks are being fetched, the head can wait. */
void pace_polled(struct pace *p, uint64_t now_us, unsigned requests, bool busy);

/** The answer to the newest poll showed n blocks that are new. */
void pace_seen(struct pace *p, uint64_t n);

void pace_hurry(struct pace *p, uint64_t now_us); /* poll again at once */

uint64_t pace_wait_us(const struct pace *p, uint64_t now_us); /* 0: a poll is due */

#endif
