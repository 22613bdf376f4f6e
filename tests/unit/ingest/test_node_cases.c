/*
 * Cases of tests/CASES.md that need a node which behaves oddly over time: heads that are never
 * announced or flap, gaps that can not be filled, forks and long stretches without a watched event,
 * a bloom that nothing explains, logs of no transaction.
 */
#include "base/log.h"
#include "chain/header.h"
#include "unit/ingest/harness.h"

static struct network *golden_net, *world_net;
static struct source *golden, *bttc;
static struct sink golden_clean, bttc_clean;

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	golden_net = load_network("golden");
	world_net = load_network("world");
	golden = fake_open("golden", false);
	bttc = fake_open("world/bttc", false);
	run_clean(golden, network_chain(golden_net, "root"), &golden_clean);
	run_clean(bttc, network_chain(world_net, "bttc"), &bttc_clean);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sink_free(&golden_clean);
	sink_free(&bttc_clean);
	fake_close(golden);
	fake_close(bttc);
	network_free(golden_net);
	network_free(world_net);
	return 0;
}

/* ---- nothing to see -------------------------------------------------------------------------- */

static void hashes_are_canonical(const struct source *s, const struct sink *k)
{
	assert_int_equal(k->count, s->canon_count);
	for (size_t i = 0; i < k->count; i++)
		assert_memory_equal(k->chain[i].b.h.hash.b, s->canon[i].h.hash.b, 32);
}

/* All forks of a recording on a chain whose blocks hold no watched event: undone all the same. */
static void forks_without_events(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 500, .window_ranges = 4, .has_to = true, .to = fake_last(golden)};
	struct view v[20];
	struct play p = {.views = v};
	struct sink k;

	(void)state;
	c.watch_count = c.rule_count = 0;
	c.tx_scan = TX_SCAN_NONE;
	for (size_t i = 0; i < golden->fork_count; i++) {
		v[p.count++] = (struct view){(int)i, 0, golden->forks[i].orphan_count};
		v[p.count++] = (struct view){-1, golden->forks[i].jump, 0};
	}
	v[p.count++] = (struct view){-1, fake_last(golden), 0};
	sink_init(&k);
	fake_reset(golden, 1);
	p.sink = &k;
	play_start(golden, &p);
	run(golden, &c, &conf, &k);
	assert_steps(golden, &k, v, p.count);
	assert_int_equal(k.undos, 32 + 4 + 3 + 8);
	hashes_are_canonical(golden, &k);
	for (size_t i = 0; i < k.count; i++)
		assert_int_equal(k.chain[i].b.log_count + k.chain[i].b.tx_count, 0);
	assert_int_equal(golden->asked[J_LOGS] + golden->asked[J_BLOCK_LOGS], 0);
	sink_free(&k);
}

static size_t logs_of(const struct rec_block *b, const struct address *a)
{
	size_t n = 0;

	for (size_t i = 0; i < b->receipt_count; i++)
		for (size_t l = 0; l < b->receipts[i].log_count; l++)
			n += address_eq(&b->receipts[i].logs[l].address, a);
	return n;
}

/* One contract at a time: every header is there, the rows are that contract's, block by block. */
static void silent_contracts(void **state)
{
	const struct chain_conf *full = network_chain(golden_net, "root");
	size_t longest = 0, most = 0, contracts = 0;

	(void)state;
	for (size_t w = 0; w < full->watch_count; w++) {
		struct chain_conf c = *full;
		const struct contract *of = full->watches[w].contract;
		size_t quiet = 0;
		struct sink k;

		if (!of->fixed || full->watches[w].topic_count[0])
			continue;
		c.watches = &full->watches[w];
		c.watch_count = 1;
		c.rule_count = 0;
		run_clean(golden, &c, &k);
		hashes_are_canonical(golden, &k);
		for (size_t i = 0; i < k.count; i++) {
			size_t n = logs_of(&golden->canon[i], &of->address);

			assert_int_equal(k.chain[i].b.log_count, n);
			quiet = n ? 0 : quiet + 1;
			longest = quiet > longest ? quiet : longest;
			most = n > most ? n : most;
		}
		contracts++;
		sink_free(&k);
	}
	print_message("%zu contracts, up to %zu blocks without and %zu logs in one\n", contracts,
		longest, most);
	assert_true(contracts >= 5 && longest >= 50 && most >= 5);
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* Every height in turn, also of the losers; each is left out with the given chance. */
static size_t every_head(const struct source *s, unsigned skip_percent, uint64_t *seed, struct view *v)
{
	size_t n = 0, fork = 0;

	for (uint64_t at = s->first + 20; at < fake_last(s); at++) {
		if (rnd(seed) % 100 >= skip_percent)
			v[n++] = (struct view){-1, at, 0};
		if (fork == s->fork_count || s->forks[fork].point != at)
			continue;
		for (size_t i = 1; i <= s->forks[fork].orphan_count; i++)
			if (rnd(seed) % 100 >= skip_percent)
				v[n++] = (struct view){(int)fork, 0, i};
		at = s->forks[fork].jump - 1; /* the winner takes over in one step */
		fork++;
	}
	v[n++] = (struct view){-1, fake_last(s), 0};
	return n;
}

/* The node goes on at any moment, so most of its heads are never seen. */
static void heads_never_announced(void **state)
{
	static const unsigned skip[] = {0, 25, 50, 75};
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 500, .window_ranges = 4, .has_to = true, .to = fake_last(golden)};
	struct view *v = calloc(2000, sizeof(*v));

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			uint64_t chance_seed = seed;
			struct play p = {.views = v, .chance = 1 + seed * 4};
			struct sink k;

			p.count = every_head(golden, skip[i], &chance_seed, v);
			sink_init(&k);
			fake_reset(golden, seed);
			p.sink = &k;
			play_start(golden, &p);
			run(golden, c, &conf, &k);
			sink_equal(&golden_clean, &k);
			sink_free(&k);
		}
	free(v);
}

/* Stands at 200, or goes between two values, for a while; then there is block 201. */
struct flap {
	uint64_t until_us;
	int sibling; /* -1: between 199 and 200; 0: 200 and another 200; 1: stands still */
	bool other, stalled;
	unsigned cleared;
	struct rec_block *at_200, sibling_200;
};

static void flap_script(struct source *s, bool idle)
{
	struct flap *f = s->arg;

	if (s->now_us > f->until_us) {
		if (fake_head(s) < 201) {
			f->stalled = run_state.phase == 3;
			fake_view(s, 201);
		} else if (run_state.phase == 2 && ++f->cleared == 10) {
			s->stop_at = s->polls + 1;
		}
		return;
	}
	if (!idle || rnd(&s->seed) % 3)
		return;
	f->other = !f->other;
	if (f->sibling < 0)
		fake_view(s, f->other ? 199 : 200);
	if (f->sibling == 0)
		s->view[200 - s->first] = f->other ? &f->sibling_200 : f->at_200;
}

static void make_sibling(const struct rec_block *b, struct rec_block *out)
{
	*out = *b;
	out->h.gas_limit++; /* nobody checks it: another block with the same content */
	header_hash(&out->h.hash, &out->h);
	out->receipts = arena_dup(golden->mem, b->receipts, b->receipt_count * sizeof(*b->receipts));
}

static void flapping(int sibling)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4};
	struct flap f = {.sibling = sibling, .at_200 = &golden->canon[200 - golden->first]};
	struct sink k;
	struct err e;

	make_sibling(f.at_200, &f.sibling_200);
	c.block_period_ms = 2000;
	fake_reset(golden, 3);
	fake_view(golden, 200);
	f.until_us = golden->now_us + 55000000; /* the limit is 20 periods */
	golden->arg = &f;
	golden->script = flap_script;
	sink_init(&k);
	assert_int_equal(run_once(golden, &c, &conf, &k, &e), ERR_STOP);
	assert_true(f.stalled);
	assert_int_equal(f.cleared, 10);
	assert_int_equal(sink_tip(&k), 201);
	assert_true(sibling ? !k.undos : k.undos > 5);
	assert_memory_equal(
		k.chain[k.count - 1].b.h.hash.b, golden->canon[201 - golden->first].h.hash.b, 32);
	sink_free(&k);
}

static void head_stands_still(void **state)
{
	(void)state;
	flapping(1);
}

static void head_goes_to_and_fro(void **state)
{
	(void)state;
	flapping(-1);
}

static void siblings_take_turns(void **state)
{
	(void)state;
	flapping(0);
}

/* ---- a gap that can not be filled ------------------------------------------------------------ */

struct gap {
	const struct sink *sink;
	uint64_t until_us; /* 0: not yet */
	size_t steps, failed;
};

static void gap_script(struct source *s, bool idle)
{
	struct gap *g = s->arg;

	if (!g->until_us && idle && play_reached(s, g->sink)) {
		fake_view(s, fake_last(s)); /* hundreds of blocks and a fork of 32, in one step */
		g->until_us = s->now_us + 20000000;
		g->steps = g->sink->step_count;
	}
	if (g->until_us && s->now_us < g->until_us)
		assert_int_equal(g->sink->step_count, g->steps);
}

static void gap_mangle(struct source *s, struct fake_job *f)
{
	struct gap *g = s->arg;

	if (!g->until_us || s->now_us >= g->until_us || f->kind == J_HEAD)
		return;
	g->failed++;
	job_fail(f, ERR_AGAIN, "not now");
}

/* Only the head is told: nothing is undone or accepted until the blocks between can be had. */
static void gap_is_not_skipped(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {
		.range_blocks = 100, .window_ranges = 4, .has_to = true, .to = fake_last(golden)};
	struct view v[2] = {{0, 0, 32}, {-1, fake_last(golden), 0}};
	struct sink k;
	struct gap g = {.sink = &k};

	(void)state;
	sink_init(&k);
	fake_reset(golden, 2);
	play_view(golden, &v[0]);
	golden->arg = &g;
	golden->script = gap_script;
	golden->mangle = gap_mangle;
	run(golden, c, &conf, &k);
	assert_true(g.failed > 5);
	assert_steps(golden, &k, v, 2);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* No hash of the block before the first one is known: it is taken as it comes. */
static void unknown_parent(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct sink k;

	(void)state;
	c.has_parent_hash = false;
	memset(&c.parent_hash, 0xee, sizeof(c.parent_hash));
	c.first_block = 500;
	run_clean(golden, &c, &k);
	assert_int_equal(k.count, 1184 - 500 + 1);
	assert_int_equal(k.chain[0].b.h.number, 500);
	assert_memory_equal(k.chain[0].b.h.hash.b, golden->canon[500 - golden->first].h.hash.b, 32);
	sink_free(&k);
}

/* The header hashes, but its bloom has bits that no receipt explains: never taken, never for ever. */
static void unexplained_bloom(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 4, .until_head = true};
	struct rec_block *last = &golden->canon[golden->canon_count - 1], keep = *last;
	struct sink k;
	struct err e;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	memset(last->h.bloom, 0xff, sizeof(last->h.bloom));
	header_hash(&last->h.hash, &last->h);
	assert_int_equal(run_once(golden, c, &conf, &k, &e), ERR_FATAL);
	assert_text(e.msg, "block 1184");
	assert_text(e.msg, "loom");
	*last = keep;
	print_message("stopped at %" PRIu64 " after %" PRIu64 " answers\n", sink_tip(&k), golden->requests);
	assert_true(sink_tip(&k) < 1184 && sink_tip(&k) > 1184 - 5 * 64); /* four were in flight */
	assert_int_equal(run_state.phase, 4);
	assert_true(golden->requests < 3000);
	run(golden, c, &conf, &k);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
}

static void no_tx_hash(struct source *s, struct fake_job *f)
{
	(void)s;
	if (f->kind != J_LOGS && f->kind != J_BLOCK_LOGS)
		return;
	for (size_t i = 0; i < f->j.log_count; i++)
		if (!f->j.logs[i].log.state_sync)
			memset(&f->j.logs[i].log.tx_hash, 0, sizeof(struct hash32));
}

/* Logs of no transaction: what is proven by receipts comes out as it should, nothing crashes. */
static void zero_tx_hash(void **state)
{
	struct ingest_conf conf = {.range_blocks = 100, .window_ranges = 4, .until_head = true};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	golden->mangle = no_tx_hash;
	run(golden, network_chain(golden_net, "root"), &conf, &k);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
	sink_init(&k);
	fake_reset(bttc, 1);
	bttc->mangle = no_tx_hash;
	run(bttc, network_chain(world_net, "bttc"), &conf, &k);
	sink_equal(&bttc_clean, &k);
	sink_free(&k);
}

/* One header of the losing branch inside a range: right by itself, but it does not link. */
struct swap {
	size_t times, done;
};

static void one_of_the_losers(struct source *s, struct fake_job *f)
{
	const struct fake_fork *k = &s->forks[0];
	struct swap *x = s->arg;
	size_t i;

	if (f->kind != J_BLOCKS || f->j.header_count < 3 || x->done == x->times)
		return;
	for (i = 1; i < f->j.header_count - 1 && f->j.headers[i].number <= k->point + 5; i++)
		;
	if (i == f->j.header_count - 1 || f->j.headers[i].number > k->point + k->orphan_count)
		return;
	f->j.headers[i] = k->orphan[f->j.headers[i].number - k->point - 1].h;
	x->done++;
}

static void mismatch_inside_a_batch(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 32, .window_ranges = 3, .until_head = true};
	struct swap x = {.times = 5};
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	golden->mangle = one_of_the_losers;
	golden->arg = &x;
	run(golden, c, &conf, &k);
	assert_int_equal(x.done, 5);
	assert_int_equal(k.undos, 0); /* nothing of a mixed answer was published, ever */
	sink_equal(&golden_clean, &k);
	sink_free(&k);

	x = (struct swap){.times = 1000000}; /* in every range: until ranges are too small for it */
	sink_init(&k);
	fake_reset(golden, 1);
	golden->mangle = one_of_the_losers;
	golden->arg = &x;
	run(golden, c, &conf, &k);
	assert_true(x.done >= 6);
	assert_int_equal(k.undos, 0);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forks_without_events),
		cmocka_unit_test(silent_contracts),
		cmocka_unit_test(heads_never_announced),
		cmocka_unit_test(head_stands_still),
		cmocka_unit_test(head_goes_to_and_fro),
		cmocka_unit_test(siblings_take_turns),
		cmocka_unit_test(gap_is_not_skipped),
		cmocka_unit_test(unknown_parent),
		cmocka_unit_test(unexplained_bloom),
		cmocka_unit_test(zero_tx_hash),
		cmocka_unit_test(mismatch_inside_a_batch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
