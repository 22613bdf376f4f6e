/*
 * Builds the order of events. At a fork the orphaned blocks appear at their own times; the
 * canonical ones that replace them stay unseen until the one that won (rec_fork.won_at) and all
 * orphaned ones are due: then the node switches, its head may go down, and the rest follows block
 * by block.
 */
#include "replay/timeline.h"

#include <stdlib.h>

static void add(struct timeline *t, uint64_t time, uint64_t head, unsigned fork)
{
	uint64_t before = t->n ? t->v[t->n - 1].time : 0;

	t->v[t->n++] = (struct moment){time > before ? time : before, head, fork};
}

static void add_branch(struct timeline *t, const struct body *b, unsigned fork)
{
	const struct rec_fork *f = &b->forks[fork - 1];
	struct body_block k;

	for (uint64_t n = f->point + 1; n <= f->point + f->count; n++)
		if (b->ops->at(b, fork, n, &k))
			add(t, k.time, n, fork);
}

void timeline_build(struct timeline *t, const struct body *b)
{
	uint64_t next_seen = b->first;
	size_t max = b->last - b->first + 1;
	struct body_block k;

	for (uint32_t i = 0; i < b->fork_count; i++)
		max += b->forks[i].count;
	*t = (struct timeline){calloc(max, sizeof(*t->v)), 0};
	if (!t->v)
		abort();
	for (uint64_t n = b->first; n <= b->last; n++) {
		if (n < next_seen || !b->ops->at(b, 0, n, &k))
			continue;
		add(t, k.time, n, 0);
		for (uint32_t i = 0; i < b->fork_count; i++)
			if (b->forks[i].point == n) {
				add_branch(t, b, i + 1);
				next_seen = b->forks[i].won_at;
			}
	}
}

void timeline_free(struct timeline *t)
{
	free(t->v);
	*t = (struct timeline){0};
}

size_t timeline_at(const struct timeline *t, uint64_t time)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->v[mid].time <= time)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : 0;
}

bool timeline_find(const struct timeline *t, uint64_t head, unsigned fork, size_t *at)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].head == head && t->v[i].fork == fork) {
			*at = i;
			return true;
		}
	return false;
}
