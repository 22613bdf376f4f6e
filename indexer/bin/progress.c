/*
 * Progress for people. A chain's share is (indexed - first) of (target - first); the rate is blocks a
 * second since the start, the time left follows from it. Nothing is drawn once all chains have
 * reached their target: then the log says so once, and the terminal stays quiet.
 */
#include "bin/progress.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define BAR 30

void progress_init(struct progress *p, bool on)
{
	*p = (struct progress){.on = on, .tty = isatty(STDERR_FILENO), .started_ms = clock_ms()};
}

struct view {
	uint64_t first, at, target, rate, left_s;
	unsigned percent;
	bool known;
};

static struct view view_of(struct progress *p, struct chain_run *r, size_t i)
{
	const struct ingest_state *in = chain_run_ingest(r);
	const struct index_state *ix = chain_run_index(r);
	uint64_t ms = clock_ms() - p->started_ms + 1, done, all;
	struct view v = {.at = ix->indexed, .target = in->target ? in->target : in->head};

	if (!p->first[i] && v.target)
		p->first[i] = chain_run_chain(r)->first_block + (v.at ? 0 : 0) + 1;
	if (!p->first[i])
		return v;
	v.known = true;
	v.first = p->first[i] - 1;
	done = v.at > v.first ? v.at - v.first : 0;
	all = v.target > v.first ? v.target - v.first : 0;
	v.percent = all ? (unsigned)(done >= all ? 100 : done * 100 / all) : 100;
	v.rate = done * 1000 / ms;
	v.left_s = v.rate && all > done ? (all - done) / v.rate : 0;
	return v;
}

static void draw(const char *key, const struct view *v)
{
	char bar[BAR + 1];

	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i * 100 < v->percent * BAR ? '#' : '.';
	bar[BAR] = 0;
	fprintf(stderr, "\r\033[K%-9s [%s] %3u%%  block %" PRIu64 " of %" PRIu64 "  %" PRIu64
		" blocks/s  %" PRIu64 " s left\n", key, bar, v->percent, v->at, v->target, v->rate,
		v->left_s);
}

void progress_show(struct progress *p, struct chain_run *const *runs, size_t n)
{
	uint64_t now = clock_ms(), period = p->tty ? 200 : 10000;
	bool all_done = true;

	if (!p->on || p->finished || now - p->shown_ms < period)
		return;
	p->shown_ms = now;
	if (p->tty && p->drawn)
		fprintf(stderr, "\033[%uA", p->lines);
	p->lines = 0;
	for (size_t i = 0; i < n && i < 16; i++) {
		struct view v;

		if (!runs[i])
			continue;
		v = view_of(p, runs[i], i);
		all_done &= v.known && v.at >= v.target;
		if (p->tty) {
			draw(chain_run_chain(runs[i])->key, &v);
			p->lines++;
		} else {
			log_info("progress", "indexing",
				"chain=%s block=%" PRIu64 " target=%" PRIu64 " percent=%u blocks_per_s=%" PRIu64
				" left_s=%" PRIu64, chain_run_chain(runs[i])->key, v.at, v.target, v.percent,
				v.rate, v.left_s);
		}
	}
	p->drawn = true;
	p->finished = all_done;
}

void progress_end(struct progress *p)
{
	p->finished = true;
}
