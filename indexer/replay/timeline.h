#ifndef REPLAY_TIMELINE_H
#define REPLAY_TIMELINE_H

#include "replay/body.h"

/** From `time` on (recorded seconds) the head is there. */
struct moment {
	uint64_t time, head;
	unsigned fork;
};

/**
 * The life of a recorded chain: each block as it came, orphaned branches before what replaced them,
 * the head going down where it did. Times ascend.
 */
struct timeline {
	struct moment *v;
	size_t n;
};

void timeline_build(struct timeline *t, const struct body *b);
void timeline_free(struct timeline *t);

/** Index of the last moment at or before a time; 0 when there is none. */
size_t timeline_at(const struct timeline *t, uint64_t time);
/** Index of the first moment with that head on that branch; false when there is none. */
bool timeline_find(const struct timeline *t, uint64_t head, unsigned fork, size_t *at);

#endif
