/*
 * The announcements of as many sprints are kept as a fork can undo. A check works on a copy, because the
 * blocks may be refused, or the fork never come about.
 */
#include "ingest/turns.h"

#include <stdlib.h>
#include <string.h>

struct turn {
	struct sprint sprint;
	uint64_t fixed_by; /* block that showed who is in turn, while sprint.proposer >= 0 */
};

struct turns {
	bool bttc;
	size_t room;
	struct turn *now, *next; /* ascending */
	size_t now_count, next_count;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void announce(struct turns *t, const struct header *h)
{
	struct turn n;
	struct err e;

	if ((h->number + 1) % BTTC_SPRINT || sprint_load(&n.sprint, h, &e))
		return;
	n.fixed_by = 0;
	if (t->next_count == t->room)
		memmove(t->next, t->next + 1, --t->next_count * sizeof(*t->next));
	t->next[t->next_count++] = n;
}

struct turns *turns_new(const struct chain_conf *chain, const struct header *recent, size_t n)
{
	struct turns *t = must(calloc(1, sizeof(*t)));

	t->bttc = chain->kind == CHAIN_BTTC;
	t->room = (size_t)chain->fork_window / BTTC_SPRINT + 2;
	t->now = must(calloc(t->room, sizeof(*t->now)));
	t->next = must(calloc(t->room, sizeof(*t->next)));
	for (size_t i = 0; t->bttc && i < n; i++)
		announce(t, &recent[i]);
	turns_take(t);
	return t;
}

void turns_free(struct turns *t)
{
	if (!t)
		return;
	free(t->now);
	free(t->next);
	free(t);
}

/* What holds below block `first`. */
static void rewind_to(struct turns *t, uint64_t first)
{
	size_t n = t->now_count;

	while (n && t->now[n - 1].sprint.first > first)
		n--;
	memcpy(t->next, t->now, n * sizeof(*t->next));
	t->next_count = n;
	if (n && t->next[n - 1].fixed_by >= first)
		t->next[n - 1].sprint.proposer = -1;
}

static enum err_kind check_one(struct turns *t, const struct body *b, struct err *e)
{
	struct turn *last = t->next_count ? &t->next[t->next_count - 1] : NULL;
	uint64_t number = b->h->number;
	unsigned succession;
	bool open;
	enum err_kind k;

	if (!last || !b->check.has_author || number - last->sprint.first >= BTTC_SPRINT)
		return ERR_NONE;
	open = last->sprint.proposer < 0;
	k = sprint_check(&last->sprint, b->h, &b->check.author, &succession, e);
	if (!k && open)
		last->fixed_by = number;
	return k;
}

enum err_kind turns_check(
	struct turns *t, uint64_t first, const struct body *b, size_t n, struct err *e)
{
	if (!t->bttc)
		return ERR_NONE;
	rewind_to(t, first);
	for (size_t i = 0; i < n; i++) {
		enum err_kind k = check_one(t, &b[i], e);

		if (k)
			return k;
		announce(t, b[i].h);
	}
	return ERR_NONE;
}

void turns_take(struct turns *t)
{
	struct turn *old = t->now;

	t->now = t->next;
	t->now_count = t->next_count;
	t->next = old;
}
