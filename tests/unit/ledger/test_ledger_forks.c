/*
 * Orphaned branches and undo: a branch that was taken back leaves no trace, at any depth.
 */
#include "oracle.h"

struct fork_test {
	struct kit k;
	struct arena *all, *mem;
	struct kit_chain chain;
	struct buf before, after;
};

static void open_test(struct fork_test *t, const char *recording, const char *network)
{
	t->all = arena_new(1u << 30);
	t->mem = arena_new(64 << 20);
	kit_load(&t->chain, recording, t->all);
	kit_open(&t->k, network, t->mem);
	buf_init(&t->before, 1u << 28);
	buf_init(&t->after, 1u << 28);
}

static void close_test(struct fork_test *t)
{
	kit_close(&t->k);
	buf_free(&t->before);
	buf_free(&t->after);
	arena_free(t->all);
	arena_free(t->mem);
}

static void apply(struct fork_test *t, struct block *b)
{
	struct ledger_outcome out;

	arena_reset(t->mem);
	kit_apply(&t->k, b, &out);
}

static size_t apply_branch(struct fork_test *t, struct jval branch, struct jval oracle)
{
	struct arena *mem = arena_new(64 << 20);
	struct jiter it, records;
	struct jval x, record;
	size_t n = 0;
	bool more;

	json_iter(oracle, &records);
	more = json_next(&records, &record);
	for (json_iter(branch, &it); json_next(&it, &x);) {
		struct rec_block raw;
		struct block b;

		rec_block(rec_get(x, "block"), rec_get(x, "receipts"), mem, &raw);
		b = kit_block(&raw, mem);
		apply(t, &b);
		for (; more && rec_u64(rec_get(record, "block")) == b.h.number;
			more = json_next(&records, &record))
			n += oracle_compare(&t->k, record);
	}
	assert_false(more);
	assert_int_equal(oracle_bad, 0);
	arena_free(mem);
	return n;
}

static void same_sum(struct fork_test *t, struct ledger_sum sum)
{
	struct ledger_sum now = ledger_checksum(t->k.l), full = ledger_checksum_full(t->k.l);

	assert_memory_equal(&sum, &now, sizeof(sum));
	assert_memory_equal(&sum, &full, sizeof(sum));
}

static void same_state(struct fork_test *t, struct ledger_sum sum)
{
	kit_snapshot(&t->k, &t->after);
	same_sum(t, sum);
	assert_int_equal(t->before.n, t->after.n);
	assert_memory_equal(t->before.p, t->after.p, t->before.n);
}

static void play_forks(const char *recording, const char *network, size_t forks)
{
	char path[100];
	struct fork_test t = {0};
	struct json_parser *p;
	struct jval root, f;
	struct jiter it;
	size_t at = 0, compared = 0, seen = 0;

	snprintf(path, sizeof(path), "recordings/%s/reorg.json.gz", recording);
	p = rec_file(path, &root);
	open_test(&t, recording, network);
	for (json_iter(root, &it); json_next(&it, &f); seen++) {
		uint64_t point = rec_u64(rec_get(f, "forkPoint"));
		struct ledger_sum sum;

		while (t.chain.blocks[at].h.number <= point)
			apply(&t, &t.chain.blocks[at++]);
		sum = ledger_checksum(t.k.l);
		kit_snapshot(&t.k, &t.before);
		compared += apply_branch(&t, rec_get(f, "orphaned"), rec_get(f, "orphanedOracle"));
		kit_undo(&t.k, point + 1);
		same_state(&t, sum);
		assert_int_equal(ledger_block(t.k.l), point);
		compared +=
			apply_branch(&t, rec_get(f, "canonical"), rec_get(f, "canonicalOracle"));
		kit_undo(&t.k, point + 1);
		same_state(&t, sum);
	}
	assert_int_equal(seen, forks);
	assert_int_equal(t.k.findings, 0);
	assert_true(compared > forks * 1000);
	print_message("%s: %zu values at %zu forks\n", recording, compared, seen);
	close_test(&t);
	rec_file_free(p);
}

static void golden_forks(void **state)
{
	(void)state;
	play_forks("golden", "golden", 4);
}

static void world_forks(void **state)
{
	(void)state;
	play_forks("world/root", "world", 2);
}

static uint64_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005ULL + 1442695040888963407ULL;
	return *s >> 33;
}

/* Back and forth at random depths: the state of each height is the same every time. */
static void undo_redo(void **state)
{
	struct fork_test t = {0};
	struct ledger_sum *sums;
	uint64_t seed = 20240101;
	size_t at = 0, undone = 0;

	(void)state;
	open_test(&t, "golden", "golden");
	sums = arena_calloc(t.all, t.chain.count, sizeof(*sums));
	while (at < t.chain.count) {
		size_t stop = at + 1 + next_random(&seed) % 60, depth;

		for (; at < stop && at < t.chain.count; at++) {
			struct ledger_sum sum;

			apply(&t, &t.chain.blocks[at]);
			sum = ledger_checksum(t.k.l);
			if (sums[at].w[0])
				assert_memory_equal(&sums[at], &sum, sizeof(sum));
			sums[at] = sum;
		}
		if (at == t.chain.count)
			break;
		depth = 1 + next_random(&seed) % 50;
		if (depth >= at)
			continue;
		at -= depth;
		kit_undo(&t.k, t.chain.blocks[at].h.number);
		undone += depth;
		same_sum(&t, sums[at - 1]);
	}
	assert_true(undone > 500);
	assert_int_equal(t.k.findings, 0);
	close_test(&t);
}

/* One word in twenty logs is random: whatever that makes of the state, undo takes all of it back.
 */
static void damage(struct block *b, uint64_t *seed, struct arena *mem)
{
	b->logs = arena_dup(mem, b->logs, b->log_count * sizeof(*b->logs));
	for (size_t i = 0; i < b->log_count; i++) {
		struct log *g = &b->logs[i];
		size_t word = next_random(seed) % 80;
		uint64_t value = next_random(seed);
		uint8_t *p = NULL;

		if (word >= 1 && word < g->topic_count) {
			p = g->topics[word].b;
		} else if (word >= 4 && word - 4 < g->data.n / 32) {
			g->data.p = arena_dup(mem, g->data.p, g->data.n);
			p = (uint8_t *)(uintptr_t)g->data.p + 32 * (word - 4);
		}
		for (unsigned k = 0; p && k < 1 + value % 4; k++)
			p[31 - next_random(seed) % (value & 1 ? 32 : 8)] =
				(uint8_t)next_random(seed);
	}
}

static void damaged_input(void **state)
{
	struct fork_test t = {0};
	uint64_t seed = 7;
	size_t undone = 0;

	(void)state;
	open_test(&t, "world/root", "world");
	t.k.quiet = true;
	for (unsigned round = 0; round < 8; round++) {
		for (size_t at = 0; at < t.chain.count;) {
			size_t stop = at + 1 + next_random(&seed) % 12;
			struct ledger_sum sum = ledger_checksum(t.k.l);

			if (round & 1)
				kit_snapshot(&t.k, &t.before);
			for (size_t i = at; i < stop && i < t.chain.count; i++) {
				struct block b = t.chain.blocks[i];

				damage(&b, &seed, t.all);
				apply(&t, &b);
			}
			if (round & 1 && next_random(&seed) % 2) {
				kit_undo(&t.k, t.chain.blocks[at].h.number);
				same_state(&t, sum);
				undone++;
			} else {
				at = stop;
			}
		}
		assert_true(t.k.findings > 100);
		close_test(&t);
		open_test(&t, "world/root", "world");
		t.k.quiet = true;
	}
	assert_true(undone > 50);
	close_test(&t);
}

/* Deeper than the window: refused, and nothing is lost. */
static void too_deep(void **state)
{
	struct fork_test t = {0};
	struct ledger_sum sum;
	uint64_t window;
	struct err e;

	(void)state;
	open_test(&t, "golden", "golden");
	window = t.k.chain->fork_window;
	assert_true(t.chain.count > window + 10);
	for (size_t i = 0; i < window + 10; i++)
		apply(&t, &t.chain.blocks[i]);
	sum = ledger_checksum(t.k.l);
	kit_snapshot(&t.k, &t.before);
	assert_int_equal(ledger_undo(t.k.l, t.chain.blocks[9].h.number, &e), ERR_FATAL);
	same_state(&t, sum);
	assert_int_equal(ledger_undo(t.k.l, t.chain.blocks[10].h.number, &e), ERR_NONE);
	assert_int_equal(ledger_block(t.k.l), t.chain.blocks[9].h.number);
	close_test(&t);
}

/* Records saved at some block and loaded elsewhere, in another order, go on in the same way. */
static void saved_state(void **state)
{
	struct fork_test t = {0};
	struct ledger_sum there;
	struct ledger *copy;
	size_t n, half;
	const struct address *signers;
	struct err e;

	(void)state;
	open_test(&t, "golden", "golden");
	half = t.chain.count / 2;
	for (size_t i = 0; i < half; i++)
		apply(&t, &t.chain.blocks[i]);
	if (ledger_new(&copy, t.k.chain, NULL, &e) != ERR_NONE)
		fail_msg("%s", e.msg);
	for (unsigned kind = LEDGER_GLOBAL; kind < LEDGER_KIND_COUNT; kind++)
		for (size_t i = ledger_count(t.k.l, (enum ledger_kind)kind); i-- > 0;)
			ledger_load(copy, (enum ledger_kind)kind,
				ledger_at(t.k.l, (enum ledger_kind)kind, i));
	signers = ledger_signers(t.k.l, &n);
	ledger_load_signers(copy, signers, n);
	ledger_load_end(copy, ledger_block(t.k.l));
	there = ledger_checksum(t.k.l);
	ledger_free(t.k.l);
	t.k.l = copy;
	same_sum(&t, there);
	assert_int_equal(ledger_undo(copy, t.chain.blocks[half - 1].h.number, &e), ERR_FATAL);
	for (size_t i = half; i < t.chain.count; i++)
		apply(&t, &t.chain.blocks[i]);
	there = ledger_checksum(copy);
	assert_int_equal(t.k.findings, 0);
	close_test(&t);
	open_test(&t, "golden", "golden");
	for (size_t i = 0; i < t.chain.count; i++)
		apply(&t, &t.chain.blocks[i]);
	same_sum(&t, there);
	close_test(&t);
}

/* A block that is not above the newest one changes nothing. */
static void out_of_order(void **state)
{
	struct fork_test t = {0};
	struct ledger_outcome out;
	struct decoded none = {0};
	struct ledger_sum sum;
	struct err e;

	(void)state;
	open_test(&t, "world/root", "world");
	for (size_t i = 0; i < 20; i++)
		apply(&t, &t.chain.blocks[i]);
	sum = ledger_checksum(t.k.l);
	kit_snapshot(&t.k, &t.before);
	assert_int_equal(
		ledger_apply(t.k.l,
			&(struct ledger_input){.block = &t.chain.blocks[19], .decoded = &none},
			t.mem, &out, &e),
		ERR_FATAL);
	same_state(&t, sum);
	close_test(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden_forks),
		cmocka_unit_test(world_forks), cmocka_unit_test(undo_redo),
		cmocka_unit_test(damaged_input), cmocka_unit_test(saved_state),
		cmocka_unit_test(too_deep), cmocka_unit_test(out_of_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
