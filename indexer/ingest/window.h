#ifndef INGEST_WINDOW_H
#define INGEST_WINDOW_H

/*
 * The units in flight, consecutive, oldest first. Asked side by side, finished in order.
 */
#include "ingest/unit.h"

struct window {
	struct unit_env *env;
	struct unit **units;
	size_t count, max;
	uint64_t size, size_max; /* blocks of the next unit, and the most of it */
	size_t unit_bytes;
	unsigned missing; /* times that the second unit was not there, since the last window_done */
};

struct ingest_conf;

/** At least two units, so that a block which is not the newest is confirmed by its child. */
void window_init(struct window *w, struct unit_env *env, const struct ingest_conf *conf);
void window_close(struct window *w);

/** Start units for next..limit as far as there is room; next follows the newest unit (or the tip).
 */
void window_plan(struct window *w, uint64_t next, uint64_t limit);

/** One unit for one block whose header a head job has brought (job: freed here, or NULL). */
void window_add(struct window *w, uint64_t number, struct job *head);

/** Block that follows the newest unit; `next` when there is none. */
uint64_t window_next(const struct window *w, uint64_t next);

/**
 * Advance all units; units that the node has no blocks for, and units that do not link to the one
 * before, are dropped with all behind them. *cut: some were; look at the head again.
 * Errors: as unit_advance.
 */
MUST_USE enum err_kind window_advance(struct window *w, uint64_t now_ms, bool *cut, struct err *e);

/** Does the second unit's header confirm the last block of the front one? */
bool window_confirms(const struct window *w);

void window_drop(struct window *w, size_t from); /* units from that index on */

/** Does a unit hold a header of that number with another hash? Its branch is gone then. */
bool window_denies(const struct window *w, const struct header *h);

/** Take the front unit off after it was published; learns the size of ranges from it. */
void window_done(struct window *w);

/** Milliseconds until a waiting unit asks again; `most` when none waits. */
uint64_t window_wait_ms(const struct window *w, uint64_t now_ms, uint64_t most);

#endif
