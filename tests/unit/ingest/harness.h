#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

/* Runs of ingest between the node in memory and the checking sink. */
#include "ingest/ingest.h"
#include "unit/ingest/fake_node.h"
#include "unit/ingest/sink.h"

static struct network *load_network(const char *name)
{
	struct network *n;
	struct err e;

	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 1);
	if (network_load(&n, name, &e))
		fail_msg("%s", e.msg);
	return n;
}

static struct ingest_state run_state; /* of the newest run */

/* One run from where the sink stands. */
static enum err_kind run_once(struct source *s, const struct chain_conf *c,
	const struct ingest_conf *conf, struct sink *k, struct err *e)
{
	struct arena *mem = arena_new(1u << 28);
	struct ingest_past past;
	enum err_kind kind;

	sink_past(k, c, mem, &past);
	memset(&run_state, 0, sizeof(run_state));
	kind = ingest_run(c, conf, &past, s, &k->w, &run_state, e);
	assert_null(s->jobs);
	arena_free(mem);
	return kind;
}

static void run(struct source *s, const struct chain_conf *c, const struct ingest_conf *conf,
	struct sink *k)
{
	struct err e;

	if (run_once(s, c, conf, k, &e))
		fail_msg("%s: %s", err_kind_name(e.kind), e.msg);
	assert_int_equal(run_state.phase, 5);
	assert_int_equal(run_state.published, sink_tip(k));
}

/* A clean run over the node's whole chain. */
static void run_clean(struct source *s, const struct chain_conf *c, struct sink *k)
{
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 4, .until_head = true};

	sink_init(k);
	fake_reset(s, 1);
	run(s, c, &conf, k);
}

static void assert_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* ---- views: what the node's chain is, one after the other ---------------------------------------
 */

struct view {
	int fork;      /* -1: the winning chain; else the orphaned branch of that fork */
	uint64_t head; /* -1: winning chain up to this block */
	size_t n;      /* fork: so many of its blocks */
};

struct play {
	const struct view *views;
	size_t count, at;
	const struct sink *sink; /* go on when it has reached the head of the view */
	uint64_t chance;         /* or by chance: one in so many polls; 0: never */
	size_t waited;
};

static void play_view(struct source *s, const struct view *v)
{
	if (v->fork < 0)
		fake_view(s, v->head);
	else
		fake_orphan(s, (size_t)v->fork, v->n);
}

static bool play_reached(const struct source *s, const struct sink *k)
{
	const struct header *head = &s->view[s->view_count - 1]->h;

	return k->count && hash_eq(&k->chain[k->count - 1].b.h.hash, &head->hash) &&
	       k->last_heights.head == head->number;
}

static void play_script(struct source *s, bool idle)
{
	struct play *p = s->arg;

	if (p->at + 1 >= p->count)
		return;
	if (!(p->chance && rnd(&s->seed) % p->chance == 0)) {
		if (!idle || !play_reached(s, p->sink) || ++p->waited < 3)
			return;
	}
	p->waited = 0;
	play_view(s, &p->views[++p->at]);
}

static void play_start(struct source *s, struct play *p)
{
	s->script = play_script;
	s->arg = p;
	play_view(s, &p->views[p->at]);
}

/* The steps that following these views exactly gives. */
static void assert_steps(struct source *s, const struct sink *k, const struct view *views, size_t n)
{
	struct block_id *chain = calloc(s->canon_count + 2048, sizeof(*chain));
	size_t count = 0, at = 0;

	for (size_t v = 0; v < n; v++) {
		size_t common = 0;

		play_view(s, &views[v]);
		while (common < count && common < s->view_count &&
			hash_eq(&chain[common].hash, &s->view[common]->h.hash))
			common++;
		for (; count > common && common < s->view_count; count--, at++) {
			assert_true(at < k->step_count);
			assert_int_equal(k->steps[at].kind, STEP_UNDO);
			assert_memory_equal(k->steps[at].id.hash.b, chain[count - 1].hash.b, 32);
		}
		for (; count < s->view_count; count++, at++) {
			const struct header *h = &s->view[count]->h;

			assert_true(at < k->step_count);
			assert_int_equal(k->steps[at].kind, STEP_NEW);
			assert_memory_equal(k->steps[at].id.hash.b, h->hash.b, 32);
			chain[count] = (struct block_id){h->number, h->hash};
		}
	}
	assert_int_equal(at, k->step_count);
	free(chain);
}

#endif
