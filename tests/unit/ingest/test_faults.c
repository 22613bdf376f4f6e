/*
 * Nodes that misbehave: whatever they do, what is published equals a clean run's, or nothing is and
 * the reason is said.
 */
#include "base/log.h"
#include "base/metric.h"
#include "chain/header.h"
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
	bttc->canon_count = 2001; /* enough of it: state-sync logs, rows, the first fork */
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

typedef void mangle_fn(struct source *s, struct fake_job *f);

static int64_t count_of(const char *metric, const char *chain)
{
	char labels[64];

	snprintf(labels, sizeof(labels), "chain=\"%s\"", chain);
	return metric_value(metric_get(METRIC_COUNTER, metric, "", labels));
}

static void faulty(struct source *s, const struct chain_conf *c, const struct sink *clean,
	mangle_fn *mangle, uint64_t seed)
{
	struct ingest_conf conf = {
		.range_blocks = 100, .window_ranges = 4, .has_to = true, .to = fake_last(s)};
	struct sink k;

	sink_init(&k);
	fake_reset(s, seed);
	s->mangle = mangle;
	run(s, c, &conf, &k);
	sink_equal(clean, &k);
	sink_free(&k);
}

static void all_faulty(mangle_fn *mangle)
{
	faulty(golden, network_chain(golden_net, "root"), &golden_clean, mangle, 1);
	faulty(root, network_chain(world_net, "root"), &root_clean, mangle, 2);
	faulty(bttc, network_chain(world_net, "bttc"), &bttc_clean, mangle, 3);
}

static bool are_logs(const struct fake_job *f)
{
	return (f->kind == J_LOGS || f->kind == J_BLOCK_LOGS) && f->j.state == JOB_DONE;
}

static void drop_at(struct job *j, size_t i)
{
	memmove(j->logs + i, j->logs + i + 1, (--j->log_count - i) * sizeof(*j->logs));
}

/* State-sync logs stay: no header says that they are there. */
static void drop_all(struct source *s, struct fake_job *f)
{
	(void)s;
	for (size_t i = f->j.log_count; are_logs(f) && i-- > 0;)
		if (!f->j.logs[i].log.state_sync)
			drop_at(&f->j, i);
}

static void drop_some_real(struct source *s, struct fake_job *f)
{
	for (size_t i = f->j.log_count; are_logs(f) && i-- > 0;)
		if (!f->j.logs[i].log.state_sync && rnd(&s->seed) % 3 == 0)
			drop_at(&f->j, i);
}

static struct block_log *any_log(struct source *s, struct fake_job *f)
{
	struct block_log *l;

	if (!are_logs(f) || !f->j.log_count)
		return NULL;
	l = &f->j.logs[rnd(&s->seed) % f->j.log_count];
	return l->log.state_sync ? NULL : l;
}

static void alter_data(struct source *s, struct fake_job *f)
{
	struct block_log *l = any_log(s, f);
	uint8_t *copy;

	if (!l || !l->log.data.n)
		return;
	copy = arena_dup(f->j.mem, l->log.data.p, l->log.data.n);
	copy[rnd(&s->seed) % l->log.data.n] ^= (uint8_t)(1 + rnd(&s->seed) % 255);
	l->log.data.p = copy;
}

static void alter_topic(struct source *s, struct fake_job *f)
{
	struct block_log *l = any_log(s, f);

	if (l && l->log.topic_count)
		l->log.topics[l->log.topic_count - 1].b[rnd(&s->seed) % 32] ^= 0x55;
}

static void other_hash(struct source *s, struct fake_job *f)
{
	struct block_log *l = any_log(s, f);

	if (l && rnd(&s->seed) % 2)
		l->block.hash.b[3] ^= 1;
}

/* A log of the block that nobody asked for. */
static void uninvited(struct source *s, struct fake_job *f)
{
	struct job *j = &f->j;
	const struct rec_block *b;
	size_t room = 0;

	if (f->kind != J_BLOCK_LOGS && f->kind != J_LOGS)
		return;
	b = f->kind == J_LOGS ? by_number(s, f->range.from) : by_hash(s, &f->id.hash);
	if (!b || !b->receipt_count || !b->receipts[0].log_count || j->state != JOB_DONE)
		return;
	if (j->log_count && j->logs[0].block.number == b->h.number)
		return;
	if (b->receipts[0].state_sync)
		return;
	arena_grow(j->mem, &j->logs, &room, j->log_count + 1, sizeof(*j->logs));
	memmove(j->logs + 1, j->logs, j->log_count++ * sizeof(*j->logs));
	j->logs[0] = (struct block_log){{b->h.number, b->h.hash}, b->receipts[0].logs[0]};
}

static void bad_receipts(struct source *s, struct fake_job *f)
{
	struct receipt *r;

	if (f->kind != J_RECEIPTS || f->j.state != JOB_DONE || rnd(&s->seed) % 3)
		return;
	r = &f->j.receipts[rnd(&s->seed) % f->j.receipt_count];
	if (r->state_sync)
		return;
	switch (rnd(&s->seed) % 3) {
	case 0: r->status ^= 1; break;
	case 1: r->cumulative_gas++; break;
	default:
		if (r->log_count)
			r->log_count--;
		else
			r->status ^= 1;
	}
}

static void bad_headers(struct source *s, struct fake_job *f)
{
	struct header *h;

	if (!f->j.header_count || f->kind == J_RECEIPTS || rnd(&s->seed) % 4)
		return;
	h = &f->j.headers[rnd(&s->seed) % f->j.header_count];
	switch (rnd(&s->seed) % 5) {
	case 0: h->bloom[rnd(&s->seed) % 256] ^= 4; break;
	case 1: h->receipts_root.b[0] ^= 1; break;
	case 2: h->time++; break;
	case 3: h->hash.b[31] ^= 1; break;
	default: h->parent.b[9] ^= 1;
	}
}

static void no_answer(struct source *s, struct fake_job *f)
{
	if (rnd(&s->seed) % 10 == 0)
		job_fail(f, rnd(&s->seed) % 2 ? ERR_AGAIN : ERR_REJECT, "by chance");
}

/* Fewer blocks than there are, or none; a head that is behind. */
static void nulls(struct source *s, struct fake_job *f)
{
	if (f->kind == J_BLOCKS && rnd(&s->seed) % 3 == 0) {
		f->j.header_count = rnd(&s->seed) % (f->j.header_count + 1);
		f->j.short_by_head = true;
	}
	if (f->kind == J_HEAD && rnd(&s->seed) % 2) {
		size_t back = rnd(&s->seed) % 8;

		if (f->tags)
			return;
		f->j.header_count = 0;
		put_block(f, s->view[s->view_count - 1 - back]);
		f->j.head = f->j.headers[0].number;
	}
}

/* Headers of the losing branch mixed into answers: two endpoints that do not agree. */
static void mixed(struct source *s, struct fake_job *f)
{
	if ((f->kind != J_BLOCKS && f->kind != J_HEAD) || rnd(&s->seed) % 6)
		return;
	for (size_t k = 0; k < s->fork_count; k++)
		for (size_t i = 0; i < f->j.header_count; i++) {
			uint64_t n = f->j.headers[i].number - s->forks[k].point - 1;

			if (n < s->forks[k].orphan_count) {
				const struct rec_block *b = &s->forks[k].orphan[n];

				f->j.headers[i] = b->h;
				f->j.tx_counts[i] = b->tx_count;
				f->j.state_sync[i] =
					b->tx_count && b->txs[b->tx_count - 1].state_sync;
				if (f->j.txs)
					f->j.txs[i] = b->txs;
			}
		}
}

static void invented_head(struct source *s, struct fake_job *f)
{
	if (f->kind == J_HEAD && rnd(&s->seed) % 2)
		f->j.head += 100000;
}

/*
 * Where only hashed headers are required rows come from eth_getLogs: what its answers lack or have
 * too much against the bloom is still noticed.
 */
static void hashed(void **state)
{
	static mangle_fn *const mangles[] = {
		drop_all, alter_topic, other_hash, uninvited, no_answer};
	struct chain_conf g = *network_chain(golden_net, "root");
	struct chain_conf b = *network_chain(world_net, "bttc");
	struct sink gold, bt;

	(void)state;
	g.required = b.required = LEVEL_HASHED;
	g.tx_scan = TX_SCAN_NONE;
	run_clean(golden, &g, &gold);
	assert_true(golden->asked[J_LOGS] > 0);
	run_clean(bttc, &b, &bt);
	for (size_t i = 0; i < gold.count; i++)
		assert_int_equal(gold.chain[i].b.log_count, golden_clean.chain[i].b.log_count);
	for (size_t i = 0; i < bt.count; i++)
		assert_int_equal(bt.chain[i].b.log_count, bttc_clean.chain[i].b.log_count);
	for (size_t i = 0; i < sizeof(mangles) / sizeof(*mangles); i++) {
		faulty(golden, &g, &gold, mangles[i], 20 + i);
		assert_true(golden->answered[J_LOGS] > 0);
		faulty(bttc, &b, &bt, mangles[i], 30 + i);
	}
	sink_free(&gold);
	sink_free(&bt);
}

#define TEST_OF(name)                                                                              \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		all_faulty(name);                                                                  \
	}
TEST_OF(drop_all)
TEST_OF(drop_some_real)
TEST_OF(alter_data)
TEST_OF(alter_topic)
TEST_OF(other_hash)
TEST_OF(uninvited)
TEST_OF(bad_receipts)
TEST_OF(bad_headers)
TEST_OF(no_answer)
TEST_OF(nulls)
TEST_OF(mixed)
TEST_OF(invented_head)

/* Blocks made up from the hash down: only their children show it. Where a range ends, that comes later. */
static void made_up(struct source *s, struct fake_job *f)
{
	struct header *h;

	if (f->kind != J_BLOCKS || !f->j.header_count || rnd(&s->seed) % 3)
		return;
	h = &f->j.headers[f->j.header_count - 1];
	if (h->number >= fake_last(s))
		return;
	h->time++;
	header_hash(&h->hash, h);
}

static void test_made_up(void **state)
{
	struct ingest_conf conf = {
		.range_blocks = 20, .window_ranges = 1, .has_to = true, .to = fake_last(golden)};
	unsigned before = doubted;
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 7);
	golden->mangle = made_up;
	run(golden, network_chain(golden_net, "root"), &conf, &k);
	sink_equal(&golden_clean, &k);
	assert_true(doubted > before);
	sink_free(&k);
}

static void counters(void **state)
{
	const struct chain_conf *c = network_chain(world_net, "bttc");
	int64_t missing = count_of("bttc_ingest_bloom_missing_logs_total", "bttc");
	int64_t denied = count_of("bttc_ingest_bloom_denied_total", "bttc");

	(void)state;
	faulty(bttc, c, &bttc_clean, drop_all, 4);
	assert_true(count_of("bttc_ingest_bloom_missing_logs_total", "bttc") - missing > 1000);
	assert_int_equal(count_of("bttc_ingest_bloom_denied_total", "bttc"), denied);
	missing = count_of("bttc_ingest_bloom_missing_logs_total", "bttc");
	faulty(bttc, c, &bttc_clean, alter_topic, 5);
	assert_true(count_of("bttc_ingest_bloom_denied_total", "bttc") > denied);
	(void)missing;
}

/* Nothing that fits ever comes: the run ends and says why; what was right before stays. */
static void always_bad(struct source *s, struct fake_job *f)
{
	(void)s;
	for (size_t i = 0; i < f->j.header_count; i++)
		if (f->j.headers[i].number == 300)
			f->j.headers[i].gas_used++;
}

static void contradiction_ends(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 16, .window_ranges = 2, .until_head = true};
	struct sink k;
	struct err e;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	golden->mangle = always_bad;
	assert_int_equal(run_once(golden, c, &conf, &k, &e), ERR_FATAL);
	assert_text(e.msg, "root");
	assert_text(e.msg, "contradict");
	assert_text(e.msg, "nothing of it was used");
	assert_true(sink_tip(&k) < 300 && sink_tip(&k) > 200);
	assert_int_equal(run_state.phase, 4);
	golden->mangle = NULL;
	run(golden, c, &conf, &k);
	sink_equal(&golden_clean, &k);
	sink_free(&k);
}

static void wrong_chain_everywhere(struct source *s, struct fake_job *f)
{
	(void)s;
	job_fail(f, ERR_FATAL, "no usable endpoint: all answer for another chain id");
}

static void fatal_source(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	struct ingest_conf conf = {.range_blocks = 16, .window_ranges = 2, .until_head = true};
	struct sink k;
	struct err e;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	golden->mangle = wrong_chain_everywhere;
	assert_int_equal(run_once(golden, c, &conf, &k, &e), ERR_FATAL);
	assert_text(e.msg, "another chain id");
	assert_int_equal(k.calls, 0);
	sink_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop_all),
		cmocka_unit_test(test_drop_some_real),
		cmocka_unit_test(test_alter_data),
		cmocka_unit_test(test_alter_topic),
		cmocka_unit_test(test_other_hash),
		cmocka_unit_test(test_uninvited),
		cmocka_unit_test(test_bad_receipts),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_nulls),
		cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_invented_head),
		cmocka_unit_test(hashed),
		cmocka_unit_test(counters),
		cmocka_unit_test(contradiction_ends),
		cmocka_unit_test(fatal_source),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
