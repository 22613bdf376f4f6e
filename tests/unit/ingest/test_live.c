/*
 * At the head: how soon a block is published, how often an idle node is asked, heights, a head that
 * stands still or goes down, and what ends a run.
 */
#include "base/log.h"
#include "unit/ingest/harness.h"

static struct network *golden_net, *world_net;
static struct source *golden, *bttc;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	golden_net = load_network("golden");
	world_net = load_network("world");
	golden = fake_open("golden", false);
	bttc = fake_open("world/bttc", false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close(golden);
	fake_close(bttc);
	network_free(golden_net);
	network_free(world_net);
	return 0;
}

/* ---- arrivals -------------------------------------------------------------------------------- */

/* Block first + i can be had from us[i] on. */
struct arrivals {
	uint64_t first, us[400];
	size_t n, at;
	uint64_t polls_before; /* head questions when the last block was there */
};

static void arrive(struct source *s, bool idle)
{
	struct arrivals *a = s->arg;

	(void)idle;
	while (a->at < a->n && a->us[a->at] <= s->now_us) {
		fake_view(s, a->first + a->at++);
		a->polls_before = s->asked[J_HEAD];
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* gap and jitter of arrivals; limits of the latencies' percentiles. skip: missed turns. */
static void live(struct source *s, const struct chain_conf *c, uint64_t gap_ms, uint64_t jitter_ms,
	bool skip, unsigned p50_ms, unsigned p95_ms)
{
	struct arrivals a = {.first = s->first + 300, .n = 300};
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4, .has_to = true};
	uint64_t late[400], t, from, seed = gap_ms + jitter_ms;
	size_t n = 0;
	struct sink k;

	fake_reset(s, 9);
	fake_view(s, a.first - 1);
	from = s->now_us;
	t = s->now_us + 3000000;
	for (size_t i = 0; i < a.n; i++) {
		a.us[i] = t + (jitter_ms ? rnd(&seed) % (jitter_ms * 1000) : 0);
		t += gap_ms * 1000;
		if (skip && rnd(&seed) % 7 == 0)
			t += gap_ms * 1000;
	}
	conf.to = a.first + a.n - 1;
	s->arg = &a;
	s->script = arrive;
	sink_init(&k);
	run(s, c, &conf, &k);
	for (size_t i = 0; i < k.step_count; i++)
		if (k.steps[i].id.number >= a.first + 20) /* the first ones are for learning */
			late[n++] = k.steps[i].us - a.us[k.steps[i].id.number - a.first];
	assert_int_equal(n, a.n - 20);
	qsort(late, n, sizeof(*late), by_value);
	print_message("gap %" PRIu64 " ms jitter %" PRIu64
		      ": p50 %.1f p95 %.1f max %.1f ms, %.1f polls "
		      "a block, %.1f a second\n",
		gap_ms, jitter_ms, (double)late[n / 2] / 1000, (double)late[n * 95 / 100] / 1000,
		(double)late[n - 1] / 1000, (double)s->asked[J_HEAD] / (double)a.n,
		(double)s->asked[J_HEAD] * 1e6 / (double)(s->now_us - from));
	assert_true(late[n / 2] <= p50_ms * 1000);
	assert_true(late[n * 95 / 100] <= p95_ms * 1000);
	sink_free(&k);
}

static void latency(void **state)
{
	const struct chain_conf *b = network_chain(world_net, "bttc");
	struct chain_conf g = *network_chain(golden_net, "root");

	(void)state;
	live(bttc, b, 2000, 0, false, 10, 20);
	live(bttc, b, 2000, 40, false, 25, 60);
	live(bttc, b, 2000, 0, true, 10, 80);
	live(bttc, b, 2000, 400, false, 80, 150);
	live(bttc, b, 200, 0, false, 50, 150);
	live(bttc, b, 1000, 20, false, 20, 60);
	live(bttc, b, 500, 10, false, 20, 110);
	live(golden, &g, 1000, 0, false, 10, 20);
	live(golden, &g, 1000, 100, false, 40, 100);
	g.block_period_ms = 3000;
	live(golden, &g, 3000, 100, false, 40, 100);
	g.block_period_ms = 12000;
	live(golden, &g, 12000, 2000, false, 100, 500);
}

/* ---- idle ------------------------------------------------------------------------------------ */

static uint64_t idle_until_us;

static void idle_script(struct source *s, bool idle)
{
	(void)idle;
	if (s->now_us > idle_until_us && !s->stop_at)
		s->stop_at = s->polls + 1;
}

/* Requests a second to a node whose head stands still, after a while of blocks. */
static void idle_rate(void **state)
{
	static const uint64_t periods[] = {100, 500, 1000, 2000, 3000, 12000};
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4};

	(void)state;
	for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
		struct chain_conf c = *network_chain(world_net, "bttc");
		struct sink k;
		struct err e;

		c.block_period_ms = periods[i];
		fake_reset(bttc, i);
		fake_view(bttc, 400);
		bttc->script = idle_script;
		idle_until_us = bttc->now_us + 100000000;
		sink_init(&k);
		assert_int_equal(run_once(bttc, &c, &conf, &k, &e), ERR_STOP);
		assert_int_equal(sink_tip(&k), 400);
		print_message("period %" PRIu64 " ms: %.2f a second\n", periods[i],
			(double)bttc->asked[J_HEAD] / 100);
		assert_true(bttc->asked[J_HEAD] <= 505);
		assert_true(bttc->asked[J_HEAD] >= 20);
		assert_true(bttc->answered[J_LOGS] + bttc->answered[J_BLOCK_LOGS] <= 5);
		sink_free(&k);
	}
}

/* ---- stalled --------------------------------------------------------------------------------- */

static int seen_phase[6];

static void phase_script(struct source *s, bool idle)
{
	uint64_t *grow_us = s->arg;

	(void)idle;
	seen_phase[run_state.phase]++;
	if (s->now_us > *grow_us && fake_head(s) == 200) {
		assert_int_equal(run_state.phase, 3);
		assert_int_equal(run_state.head, 200);
		memset(seen_phase, 0, sizeof(seen_phase));
		fake_view(s, 201);
	}
	if (fake_head(s) == 201 && seen_phase[2] > 10)
		s->stop_at = s->polls + 1;
}

static void stalled(void **state)
{
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4};
	uint64_t grow_us;
	struct sink k;
	struct err e;

	(void)state;
	fake_reset(bttc, 1);
	fake_view(bttc, 200);
	grow_us = bttc->now_us + 45000000; /* 20 periods of 2 s */
	bttc->arg = &grow_us;
	bttc->script = phase_script;
	memset(seen_phase, 0, sizeof(seen_phase));
	sink_init(&k);
	assert_int_equal(run_once(bttc, network_chain(world_net, "bttc"), &conf, &k, &e), ERR_STOP);
	assert_int_equal(sink_tip(&k), 201);
	assert_true(seen_phase[2] > 10);
	sink_free(&k);
}

/* ---- what ends a run ------------------------------------------------------------------------- */

static void until_head(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 4, .until_head = true};
	struct arrivals a = {.first = 801, .n = 300};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1); /* blocks go on arriving while it runs: not waited for */
	fake_view(golden, 800);
	for (size_t i = 0; i < a.n; i++)
		a.us[i] = golden->now_us + 5000 + 300 * i;
	golden->arg = &a;
	golden->script = arrive;
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 800);
	assert_true(fake_head(golden) > 800);
	assert_int_equal(run_state.target, 800);

	fake_reset(golden, 2); /* nothing new */
	fake_view(golden, 800);
	k.heights = 0;
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 800);
	assert_int_equal(k.heights, 1);

	fake_reset(golden, 3); /* a node that is behind what was published: nothing is undone */
	fake_view(golden, 700);
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 800);
	assert_int_equal(k.undos, 0);
	sink_free(&k);
}

static void shrink(struct source *s, bool idle)
{
	const struct sink *k = s->arg;

	(void)idle;
	if (k->count > 300 && fake_head(s) > 700)
		fake_view(s, 700);
}

/* The head goes down for good while the run is on its way to the old one. */
static void until_lower_head(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 4);
	golden->arg = &k;
	golden->script = shrink;
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 700);
	assert_int_equal(k.undos, 0);
	sink_free(&k);
}

static void to_a_block(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 500, .window_ranges = 4, .has_to = true, .to = 333};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 5);
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 333);
	assert_int_equal(run_state.target, 333);
	assert_int_equal(k.last_heights.head, 1184);
	assert_int_equal(k.last_heights.final, 333); /* deep enough: as far as we have blocks */
	run(golden, c, &conf, &k);
	assert_int_equal(sink_tip(&k), 333);
	sink_free(&k);
}

/* ---- heights --------------------------------------------------------------------------------- */

static void tag_script(struct source *s, bool idle)
{
	const struct sink *k = s->arg;
	static const uint64_t final[] = {400, 390, 410, 395, 450};
	static size_t at;

	if (!s->idle)
		at = 0;
	if (!idle || s->idle % 8 || k->count < 2)
		return;
	s->final_tag = final[at < 4 ? at : 4];
	s->safe_tag = s->final_tag + 20;
	if (++at == 12)
		s->stop_at = s->polls + 1;
}

/* Tags; final does not follow one that goes down, safe does; neither is above what was published.
 */
static void tags(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4, .poll_ms = 1000};
	struct sink k;
	struct err e;

	(void)state;
	c.finality = FINALITY_TAGS;
	sink_init(&k);
	fake_reset(golden, 6);
	fake_view(golden, 460);
	golden->safe_tag = 380;
	golden->final_tag = 360;
	golden->arg = &k;
	golden->script = tag_script;
	assert_int_equal(run_once(golden, &c, &conf, &k, &e), ERR_STOP);
	assert_int_equal(k.last_final, 450);
	assert_int_equal(k.last_heights.safe, 460); /* the tag says 470 */
	assert_int_equal(k.last_heights.head, 460);
	sink_free(&k);

	fake_reset(golden, 7); /* a node that refuses tags: by depth */
	sink_init(&k);
	conf.until_head = true;
	run(golden, &c, &conf, &k);
	assert_int_equal(k.last_heights.final, 1184 - 64);
	sink_free(&k);
}

/* Final of an earlier run is not taken back by a node that is behind. */
static void final_stays(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4, .until_head = true};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 8);
	run(golden, &c, &conf, &k);
	assert_int_equal(k.last_final, 1120);
	fake_view(golden, 1180);
	run(golden, &c, &conf, &k);
	assert_int_equal(k.last_final, 1120);
	assert_int_equal(k.last_heights.head, 1180);
	assert_int_equal(k.last_heights.safe, 1170);
	sink_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latency),
		cmocka_unit_test(idle_rate),
		cmocka_unit_test(stalled),
		cmocka_unit_test(until_head),
		cmocka_unit_test(until_lower_head),
		cmocka_unit_test(to_a_block),
		cmocka_unit_test(tags),
		cmocka_unit_test(final_stays),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
