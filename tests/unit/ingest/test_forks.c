/*
 * Forks: all that the recordings have, played live and while ranges are in flight, deeper than the
 * window, at a final block, twice in a row, with a shorter winner, over restarts.
 */
#include "base/log.h"
#include "base/metric.h"
#include "unit/ingest/harness.h"

static struct network *golden_net, *world_net;
static struct source *golden, *root, *bttc;
static struct sink golden_clean, root_clean, bttc_clean;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	golden_net = load_network("golden");
	world_net = load_network("world");
	golden = fake_open("golden", false);
	root = fake_open("world/root", false);
	bttc = fake_open("world/bttc", false);
	run_clean(golden, network_chain(golden_net, "root"), &golden_clean);
	run_clean(root, network_chain(world_net, "root"), &root_clean);
	run_clean(bttc, network_chain(world_net, "bttc"), &bttc_clean);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sink_free(&golden_clean);
	sink_free(&root_clean);
	sink_free(&bttc_clean);
	fake_close(golden);
	fake_close(root);
	fake_close(bttc);
	network_free(golden_net);
	network_free(world_net);
	return 0;
}

/* Every fork in order: the losing branch to its end, then the winner, at last the whole chain. */
static size_t all_forks(const struct source *s, struct view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < s->fork_count; i++) {
		const struct fake_fork *f = &s->forks[i];

		v[n++] = (struct view){(int)i, 0, f->orphan_count};
		v[n++] = (struct view){-1, f->jump, 0};
	}
	v[n++] = (struct view){-1, fake_last(s), 0};
	return n;
}

static void play_live(
	struct source *s, const struct chain_conf *c, const struct sink *clean, size_t undos)
{
	struct ingest_conf conf = {
		.range_blocks = 500, .window_ranges = 4, .has_to = true, .to = fake_last(s)};
	struct view v[20];
	struct play p = {.views = v, .count = all_forks(s, v)};
	struct sink k;

	sink_init(&k);
	fake_reset(s, 11);
	p.sink = &k;
	play_start(s, &p);
	run(s, c, &conf, &k);
	assert_steps(s, &k, v, p.count);
	assert_int_equal(k.undos, undos);
	assert_int_equal(k.split, 0);
	sink_equal(clean, &k);
	sink_free(&k);
}

/* Kind and help were given by the first run. */
static int64_t metric_of(const char *name)
{
	return metric_value(metric_get(METRIC_COUNTER, name, "", "chain=\"root\""));
}

static int64_t blocks_of_all_levels(void)
{
	int64_t n = 0;

	for (int i = 0; i <= LEVEL_QUORUM; i++) {
		char labels[80];

		snprintf(labels, sizeof(labels), "chain=\"root\",level=\"%s\"", level_name((enum level)i));
		n += metric_value(
			metric_get(METRIC_COUNTER, "bttc_ingest_level_blocks_total", "", labels));
	}
	return n;
}

static void golden_live(void **state)
{
	const int64_t forks = metric_of("bttc_ingest_forks_total");
	const int64_t undone = metric_of("bttc_ingest_undone_blocks_total");
	const int64_t blocks = metric_of("bttc_ingest_blocks_total");

	(void)state;
	assert_int_equal(golden->fork_count, 4);
	play_live(golden, network_chain(golden_net, "root"), &golden_clean, 32 + 4 + 3 + 8);
	assert_int_equal(metric_of("bttc_ingest_forks_total") - forks, 4);
	assert_int_equal(metric_of("bttc_ingest_undone_blocks_total") - undone, 32 + 4 + 3 + 8);
	assert_int_equal(metric_of("bttc_ingest_blocks_total") - blocks,
		(int64_t)golden_clean.count + 32 + 4 + 3 + 8);
	assert_int_equal(blocks_of_all_levels(), metric_of("bttc_ingest_blocks_total"));
	assert_int_equal(metric_of("bttc_ingest_fork_depth_blocks"), 8);
	assert_int_equal(metric_of("bttc_ingest_fork_depth_max_blocks"), 32);
	assert_int_equal(metric_of("bttc_ingest_published_block"), fake_last(golden));
	assert_int_equal(metric_of("bttc_ingest_lag_blocks"), 0);
	assert_int_equal(metric_of("bttc_ingest_lag_seconds"), 0);
	assert_int_equal(metric_of("bttc_ingest_window_units"), 0);
	assert_true(metric_of("bttc_ingest_batch_blocks") > 0);
}

static void root_live(void **state)
{
	(void)state;
	assert_int_equal(root->fork_count, 2);
	play_live(root, network_chain(world_net, "root"), &root_clean, 16 + 4);
}

/* The last one: seven blocks replace nine, the head number goes down. */
static void bttc_live(void **state)
{
	(void)state;
	assert_int_equal(bttc->fork_count, 3);
	assert_int_equal(bttc->forks[2].orphan_count, 9);
	assert_int_equal(bttc->forks[2].jump, 5435 + 7);
	play_live(bttc, network_chain(world_net, "bttc"), &bttc_clean, 1 + 3 + 9);
}

/* Every fork, sometimes with the loser back once more, with some of its blocks. */
static size_t wild_views(const struct source *s, struct view *v, uint64_t *seed)
{
	struct view all[20];
	size_t n = all_forks(s, all), count = 0;

	for (size_t i = 0; i < n; i++) {
		v[count++] = all[i];
		if (i % 2 && rnd(seed) % 2) {
			v[count] = all[i - 1];
			v[count++].n = 1 + rnd(seed) % all[i - 1].n;
			v[count++] = all[i];
		}
	}
	return count;
}

/* Views change at any moment, also while ranges are half fetched; stops and starts in between. */
static void play_wild(struct source *s, const struct chain_conf *c, const struct sink *clean,
	uint64_t seed, bool restarts)
{
	struct ingest_conf conf = {.range_blocks = (int64_t)(1 + seed * 37 % 200),
		.window_ranges = (int64_t)(1 + seed % 8),
		.has_to = true,
		.to = fake_last(s)};
	struct view v[40];
	struct play p = {.views = v, .count = wild_views(s, v, &seed), .chance = 40 + seed % 100};
	enum err_kind kind;
	struct sink k;
	struct err e;

	sink_init(&k);
	fake_reset(s, seed);
	k.again_every = (unsigned)(seed % 3 ? 5 : 0);
	p.sink = &k;
	play_start(s, &p);
	do {
		if (restarts)
			s->stop_at = s->polls + 1 + rnd(&s->seed) % 120;
		kind = run_once(s, c, &conf, &k, &e);
		if (kind && kind != ERR_STOP)
			fail_msg("%s: %s", err_kind_name(kind), e.msg);
	} while (kind);
	while (p.at + 1 < p.count) { /* `to` was reached on a branch that lost: the chain goes on */
		p.chance = 1;
		play_script(s, true);
	}
	if (memcmp(&k.chain[k.count - 1].b.h.hash, &clean->chain[clean->count - 1].b.h.hash, 32)) {
		conf.has_to = false;
		conf.until_head = true;
		s->stop_at = 0;
		run(s, c, &conf, &k);
	}
	sink_equal(clean, &k);
	sink_free(&k);
}

static void wild(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		play_wild(golden, network_chain(golden_net, "root"), &golden_clean, seed, false);
		play_wild(root, network_chain(world_net, "root"), &root_clean, seed, false);
	}
	for (uint64_t seed = 1; seed <= 2; seed++)
		play_wild(bttc, network_chain(world_net, "bttc"), &bttc_clean, seed, false);
}

/* In TRON's form nothing but the block hash of each log says which branch an answer is of. */
static void wild_tron(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct source *s = fake_open("golden", true);
	struct sink clean;

	(void)state;
	c.kind = CHAIN_TRON;
	c.required = LEVEL_LINKED;
	tron_hash(&c.parent_hash, 108);
	run_clean(s, &c, &clean);
	for (uint64_t seed = 1; seed <= 8; seed++)
		play_wild(s, &c, &clean, seed, seed % 2);
	sink_free(&clean);
	fake_close(s);
}

static void wild_restarts(void **state)
{
	(void)state;
	for (uint64_t seed = 21; seed <= 32; seed++) {
		play_wild(golden, network_chain(golden_net, "root"), &golden_clean, seed, true);
		play_wild(root, network_chain(world_net, "root"), &root_clean, seed, true);
	}
	for (uint64_t seed = 21; seed <= 22; seed++)
		play_wild(bttc, network_chain(world_net, "bttc"), &bttc_clean, seed, true);
}

/* The losing branch is published, the process stops, the node changes its mind, the process starts.
 */
static void while_down(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};
	struct sink k;

	(void)state;
	for (size_t i = 0; i < golden->fork_count; i++) {
		struct view v[2] = {
			{(int)i, 0, golden->forks[i].orphan_count}, {-1, fake_last(golden), 0}};

		sink_init(&k);
		fake_reset(golden, i);
		play_view(golden, &v[0]);
		run(golden, c, &conf, &k);
		play_view(golden, &v[1]);
		run(golden, c, &conf, &k);
		assert_steps(golden, &k, v, 2);
		sink_equal(&golden_clean, &k);
		sink_free(&k);
	}
}

static void assert_refused(
	struct source *s, const struct chain_conf *c, struct sink *k, const char *why)
{
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};
	size_t steps = k->step_count, calls = k->calls;
	struct err e;

	assert_int_equal(run_once(s, c, &conf, k, &e), ERR_FATAL);
	assert_text(e.msg, why);
	assert_text(e.msg, "nothing was changed");
	assert_text(e.msg, c->key);
	assert_int_equal(k->step_count, steps);
	assert_int_equal(k->calls, calls);
	assert_int_equal(run_state.phase, 4);
}

static void publish_orphans(
	struct source *s, const struct chain_conf *c, size_t fork, struct sink *k)
{
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};

	sink_init(k);
	fake_reset(s, 3);
	fake_orphan(s, fork, s->forks[fork].orphan_count);
	run(s, c, &conf, k);
	fake_view(s, fake_last(s));
}

/* Depth 32: a window of 31 is too small, one of 32 just large enough. */
static void deeper_than_window(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};
	struct sink k;

	(void)state;
	c.fork_window = 31;
	publish_orphans(golden, &c, 0, &k);
	assert_refused(golden, &c, &k, "deeper than the fork window");
	sink_free(&k);

	c.fork_window = 32;
	publish_orphans(golden, &c, 0, &k);
	run(golden, &c, &conf, &k);
	assert_int_equal(k.undos, 32);
	assert_int_equal(k.count, golden_clean.count);
	sink_free(&k);
}

/* Depth 32, head 709: final at depth 32 is the common block itself, at depth 31 one above it. */
static void at_final(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 2, .until_head = true};
	struct sink k;

	(void)state;
	c.final_depth = 31;
	publish_orphans(golden, &c, 0, &k);
	assert_int_equal(k.last_final, 709 - 31);
	assert_refused(golden, &c, &k, "fork below final block 678");
	sink_free(&k);

	c.final_depth = 32;
	publish_orphans(golden, &c, 0, &k);
	assert_int_equal(k.last_final, 677);
	run(golden, &c, &conf, &k);
	assert_int_equal(k.undos, 32);
	sink_free(&k);
}

/* The same while the process runs: the chain stops, nothing of the other branch was published. */
static void at_final_live(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 64, .window_ranges = 2, .has_to = true, .to = fake_last(golden)};
	struct view v[2] = {{0, 0, 32}, {-1, fake_last(golden), 0}};
	struct play p = {.views = v, .count = 2};
	struct sink k;
	struct err e;

	(void)state;
	c.final_depth = 20;
	sink_init(&k);
	fake_reset(golden, 5);
	p.sink = &k;
	play_start(golden, &p);
	assert_int_equal(run_once(golden, &c, &conf, &k, &e), ERR_FATAL);
	assert_text(e.msg, "fork below final block 689");
	assert_int_equal(k.undos, 0);
	assert_int_equal(sink_tip(&k), 709);
	assert_int_equal(run_state.phase, 4);
	sink_free(&k);
}

/* One block of the winner takes the place of 32, then the losers come back, then the winner wins.
 */
static void there_and_back(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 64, .window_ranges = 2, .has_to = true, .to = fake_last(golden)};
	struct view v[] = {{0, 0, 32}, {-1, 678, 0}, {0, 0, 20}, {-1, 680, 0}, {0, 0, 1},
		{-1, 709, 0}, {1, 0, 4}, {-1, fake_last(golden), 0}};
	struct play p = {.views = v, .count = 8};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 6);
	p.sink = &k;
	play_start(golden, &p);
	run(golden, c, &conf, &k);
	assert_steps(golden, &k, v, 8);
	assert_int_equal(k.undos, 32 + 1 + 20 + 3 + 1 + 4);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
}

/* The switch comes at the n-th poll while one range holds both sides of the fork. */
static void inside_a_range(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 200, .window_ranges = 3, .until_head = true};
	struct view v[2] = {{0, 0, 32}, {-1, fake_last(golden), 0}};
	(void)state;
	for (uint64_t n = 1; n < 160; n += 3) {
		struct sink k;
		struct err e;

		sink_init(&k);
		fake_reset(golden, n);
		play_view(golden, &v[0]);
		golden->stop_at = n;
		assert_true(run_once(golden, c, &conf, &k, &e) == ERR_STOP || sink_tip(&k) == 709);
		golden->stop_at = 0;
		play_view(golden, &v[1]);
		run(golden, c, &conf, &k);
		sink_equal(&golden_clean, &k);
		sink_free(&k);
	}
}

/* Everything that was published is of the losing branch. */
static void back_to_the_start(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 8, .window_ranges = 2, .until_head = true};
	struct sink k, clean;

	(void)state;
	c.first_block = 678;
	c.parent_hash = golden->canon[677 - 109].h.hash;
	run_clean(golden, &c, &clean);
	publish_orphans(golden, &c, 0, &k);
	assert_int_equal(k.count, 32);
	run(golden, &c, &conf, &k);
	assert_int_equal(k.undos, 32);
	sink_equal(&clean, &k);
	sink_free(&clean);
	sink_free(&k);

	c.first_block = 680; /* below it nothing is in common */
	c.parent_hash = golden->forks[0].orphan[679 - 678].h.hash;
	publish_orphans(golden, &c, 0, &k);
	assert_refused(golden, &c, &k, "deeper than the fork window");
	sink_free(&k);
}

/* The first block does not follow the pinned hash. */
static void wrong_chain(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	c.parent_hash.b[5] ^= 1;
	assert_refused(golden, &c, &k, "block 109");
	sink_free(&k);

	c = *network_chain(world_net, "bttc");
	sink_init(&k);
	fake_reset(bttc, 1);
	c.first_hash.b[5] ^= 1;
	assert_refused(bttc, &c, &k, "block 0");
	sink_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_live),
		cmocka_unit_test(root_live),
		cmocka_unit_test(bttc_live),
		cmocka_unit_test(while_down),
		cmocka_unit_test(deeper_than_window),
		cmocka_unit_test(at_final),
		cmocka_unit_test(at_final_live),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(inside_a_range),
		cmocka_unit_test(back_to_the_start),
		cmocka_unit_test(wrong_chain),
		cmocka_unit_test(wild),
		cmocka_unit_test(wild_tron),
		cmocka_unit_test(wild_restarts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
