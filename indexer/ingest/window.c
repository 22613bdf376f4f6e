/*
 * How many blocks a unit has follows from what the last ones weighed: a unit should bring about
 * half a megabyte of answers, so that a window of them stays small on chains whose blocks hold
 * hundreds of transactions, and requests are few where blocks are nearly empty. The size at most
 * doubles from unit to unit, never over the configured one, and falls at once. With full
 * transactions it starts small, because one block of a busy chain can be as large as a thousand of a
 * quiet one.
 */
#include "ingest/window.h"

#include "ingest/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_BYTES (512u << 10)
#define START_FULL 64 /* blocks in the first unit when transactions are fetched */
#define START_BARE 128
#define PATIENCE   6 /* times that a unit gives up before it is cut smaller */

void window_init(struct window *w, struct unit_env *env, const struct ingest_conf *conf)
{
	uint64_t range = conf->range_blocks ? (uint64_t)conf->range_blocks : 1;

	*w = (struct window){.env = env,
		.max = conf->window_ranges > 2 ? (size_t)conf->window_ranges : 2,
		.unit_bytes = conf->unit_bytes ? conf->unit_bytes : UNIT_BYTES};
	w->units = calloc(w->max, sizeof(*w->units));
	if (!w->units) {
		fputs("out of memory\n", stderr);
		abort();
	}
	w->size_max = range;
	w->size = env->with_txs ? START_FULL : START_BARE;
	if (w->size > range)
		w->size = range;
}

void window_close(struct window *w)
{
	window_drop(w, 0);
	free(w->units);
	w->units = NULL;
}

void window_drop(struct window *w, size_t from)
{
	while (w->count > from)
		unit_free(w->units[--w->count]);
	metric_set(w->env->tally->window, (int64_t)w->count);
}

static void add(struct window *w, struct block_range r, struct job *head)
{
	w->units[w->count++] = unit_new(w->env, r, head);
	metric_set(w->env->tally->window, (int64_t)w->count);
}

void window_add(struct window *w, uint64_t number, struct job *head)
{
	add(w, (struct block_range){number, number}, head);
}

uint64_t window_next(const struct window *w, uint64_t next)
{
	return w->count ? unit_range(w->units[w->count - 1]).to + 1 : next;
}

void window_plan(struct window *w, uint64_t next, uint64_t limit)
{
	uint64_t span = source_logs_span(w->env->src);

	next = window_next(w, next);
	while (w->count < w->max && next <= limit) {
		uint64_t n = span && span < w->size ? span : w->size, to;

		if (!w->env->bloom) { /* what may change: one by one, asked for by hash */
			if (next > w->env->settled)
				n = 1;
			else if (w->env->settled - next < n)
				n = w->env->settled - next + 1;
		}
		to = limit - next < n ? limit : next + n - 1;
		add(w, (struct block_range){next, to}, NULL);
		next = to + 1;
	}
}

/* Does unit i follow unit i - 1, as far as both have headers? */
static bool linked(const struct window *w, size_t i)
{
	size_t n = unit_headers(w->units[i - 1]);

	if (!n || !unit_headers(w->units[i]))
		return true;
	return hash_eq(
		&unit_header(w->units[i - 1], n - 1)->hash, &unit_header(w->units[i], 0)->parent);
}

/* Unit i had fewer blocks than the one behind it was planned for. */
static bool came_short(const struct window *w, size_t i)
{
	return i + 1 < w->count &&
	       unit_range(w->units[i]).to + 1 != unit_range(w->units[i + 1]).from;
}

/* What fails again and again is tried in smaller pieces, so that all that is good goes on. */
static bool shrink(struct window *w, size_t i)
{
	struct block_range r = unit_range(w->units[i]);
	uint64_t blocks = r.to - r.from + 1;

	if (blocks == 1)
		return false;
	w->size = blocks > 4 ? blocks / 4 : 1;
	return true;
}

/*
 * The unit behind the front one can not be had, and so nothing confirms the front one's last block. All
 * blocks before it are confirmed: in smaller pieces they go on.
 */
static bool free_front(struct window *w, size_t i)
{
	if (i != 1 || unit_headers(w->units[1]) || !shrink(w, 0))
		return false;
	w->missing = 0;
	window_drop(w, 0);
	return true;
}

/* Two units came that do not follow each other: a fork meanwhile, or somebody made a block up. */
static enum err_kind unlinked(struct window *w, size_t i, struct err *e)
{
	uint64_t number = unit_range(w->units[i]).from;

	unit_doubt(w->units[i - 1]);
	unit_doubt(w->units[i]);
	window_drop(w, i - 1);
	err_set(e, ERR_REJECT, "ingest", 0,
		"block %" PRIu64 " has another parent than the block %" PRIu64 " that was read with it",
		number, number - 1);
	tally_trouble(w->env->tally, e);
	return ++w->env->contradictions > CONTRADICTIONS_MAX ? e->kind = ERR_FATAL : ERR_NONE;
}

bool window_confirms(const struct window *w)
{
	return w->count > 1 && unit_headers(w->units[1]);
}

enum err_kind window_advance(struct window *w, uint64_t now_ms, bool *cut, struct err *e)
{
	*cut = false;
	for (size_t i = 0; i < w->count; i++) {
		enum err_kind k = unit_advance(w->units[i], now_ms, e);
		bool stuck = unit_troubles(w->units[i]) >= PATIENCE;

		if (k)
			return k;
		if (stuck && shrink(w, i)) {
			window_drop(w, i);
			*cut = true;
		} else if (stuck && free_front(w, i)) {
			*cut = true;
		} else if (unit_empty(w->units[i])) {
			w->missing += i == 1;
			if (w->missing < PATIENCE || !free_front(w, i))
				window_drop(w, i);
			*cut = true;
		} else if (came_short(w, i)) {
			window_drop(w, i + 1);
			*cut = true;
		} else if (i && !linked(w, i)) {
			k = unlinked(w, i, e);
			*cut = true;
			if (k)
				return k;
		}
	}
	return ERR_NONE;
}

bool window_denies(const struct window *w, const struct header *h)
{
	for (size_t i = 0; i < w->count; i++) {
		struct block_range r = unit_range(w->units[i]);

		if (h->number < r.from || h->number > r.to || !unit_headers(w->units[i]))
			continue;
		return !hash_eq(
			&unit_header(w->units[i], (size_t)(h->number - r.from))->hash, &h->hash);
	}
	return false;
}

void window_done(struct window *w)
{
	struct block_range r = unit_range(w->units[0]);
	uint64_t blocks = r.to - r.from + 1;
	uint64_t each = unit_bytes(w->units[0]) / blocks + 1;
	uint64_t want = w->unit_bytes / each;

	w->env->dense = unit_dense(w->units[0]);
	unit_free(w->units[0]);
	w->count--;
	w->missing = 0;
	memmove(w->units, w->units + 1, w->count * sizeof(*w->units));
	if (blocks >= w->size || want < w->size)
		w->size = want > w->size * 2 ? w->size * 2 : want;
	if (w->size > w->size_max)
		w->size = w->size_max;
	if (!w->size)
		w->size = 1;
	metric_set(w->env->tally->range, (int64_t)w->size);
	metric_set(w->env->tally->window, (int64_t)w->count);
}

uint64_t window_wait_ms(const struct window *w, uint64_t now_ms, uint64_t most)
{
	for (size_t i = 0; i < w->count; i++) {
		uint64_t wakes = unit_wakes_ms(w->units[i]);

		if (wakes && wakes <= now_ms)
			return 0;
		if (wakes && wakes - now_ms < most)
			most = wakes - now_ms;
	}
	return most;
}
