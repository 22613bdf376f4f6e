/*
 * The fold against what the contracts answered: every value of every oracle record of both
 * recordings, and of the branches that were orphaned. No self-check may find anything.
 */
#include "oracle.h"

static void fold_recording(
	const char *recording, const char *network, size_t records, size_t values)
{
	struct arena *mem = arena_new(64 << 20);
	struct recording *r = recording_open(recording);
	char path[100];
	struct rec_lines *lines;
	size_t compared = 0, seen = 0;
	struct rec_block raw;
	struct jval record;
	struct kit k;

	snprintf(path, sizeof(path), "recordings/%s/oracle.ndjson.gz", recording);
	lines = rec_lines_open(path);
	kit_open(&k, network, mem);
	assert_true(rec_lines_next(lines, &record));
	for (bool more = true; recording_next(r, mem, &raw); arena_reset(mem)) {
		struct block b = kit_block(&raw, mem);
		struct ledger_sum full, sum;
		struct ledger_outcome out;

		kit_apply(&k, &b, &out);
		full = ledger_checksum_full(k.l);
		sum = ledger_checksum(k.l);
		assert_memory_equal(&full, &sum, sizeof(sum));
		while (more && rec_u64(rec_get(record, "block")) == b.h.number) {
			compared += oracle_compare(&k, record);
			seen++;
			more = rec_lines_next(lines, &record);
		}
	}
	print_message("%s: %zu values of %zu records, %llu events, %llu changes\n", recording,
		compared, seen, (unsigned long long)k.events, (unsigned long long)k.changes);
	assert_int_equal(oracle_bad, 0);
	assert_int_equal(k.findings, 0);
	assert_int_equal(seen, records);
	assert_true(compared >= values);
	kit_close(&k);
	rec_lines_close(lines);
	recording_close(r);
	arena_free(mem);
}

static void golden(void **state)
{
	(void)state;
	fold_recording("golden", "golden", 585, 480000);
}

static void world(void **state)
{
	(void)state;
	fold_recording("world/root", "world", 123, 110000);
}

/* A full record is an initial state: the fold begins there and says the same to the end. */
static void from_the_middle(void **state)
{
	struct arena *mem = arena_new(64 << 20), *all = arena_new(64 << 20);
	struct rec_lines *lines = rec_lines_open("recordings/golden/oracle.ndjson.gz");
	struct recording *r = recording_open("golden");
	struct discovery *found;
	struct rec_block raw;
	struct jval record;
	struct buf text;
	size_t n, seen = 0;
	uint64_t start;
	struct kit k;
	struct err e;

	(void)state;
	buf_init(&text, 64 << 20);
	do
		assert_true(rec_lines_next(lines, &record));
	while (rec_u64(rec_get(record, "block")) < 700 ||
		!json_get(record, "delegators", &(struct jval){0}));
	start = rec_u64(rec_get(record, "block"));
	json_dump(&text, record);
	kit_open(&k, "golden", mem);
	ledger_free(k.l);
	if (ledger_new(&k.l, k.chain, text.p, &e) != ERR_NONE)
		fail_msg("%s", e.msg);
	found = kit_shares("golden", start, all, &n);
	for (size_t i = 0; i < n; i++)
		decoder_found(k.decoder, &found[i]);
	oracle_bad = 0;
	assert_true(rec_lines_next(lines, &record));
	for (bool more = true; recording_next(r, mem, &raw); arena_reset(mem)) {
		struct block b = kit_block(&raw, mem);
		struct ledger_outcome out;

		if (b.h.number <= start)
			continue;
		kit_apply(&k, &b, &out);
		for (; more && rec_u64(rec_get(record, "block")) == b.h.number;
			more = rec_lines_next(lines, &record), seen++)
			oracle_compare(&k, record);
	}
	assert_int_equal(oracle_bad, 0);
	assert_int_equal(k.findings, 0);
	assert_true(seen > 200);
	print_message("%zu records behind block %llu\n", seen, (unsigned long long)start);
	kit_close(&k);
	buf_free(&text);
	rec_lines_close(lines);
	recording_close(r);
	arena_free(all);
	arena_free(mem);
}

/* The real networks have what a ledger needs; an initial state without partnerships or validators.
 */
static void real_networks(void **state)
{
	static const char *const names[] = {"mainnet", "donau"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct network *net = kit_network(names[i]);
		const struct chain_conf *chain = NULL;
		struct ledger *l;
		struct err e;

		for (size_t c = 0; c < net->chain_count; c++)
			if (net->chains[c].role == ROLE_STAKING)
				chain = &net->chains[c];
		assert_non_null(chain);
		if (ledger_new(&l, chain, net->initial_state, &e) != ERR_NONE)
			fail_msg("%s: %s", names[i], e.msg);
		assert_int_equal(ledger_global(l)->nft_counter, 1);
		assert_int_equal(ledger_global(l)->proposer_bonus.w[0], 10);
		ledger_free(l);
		network_free(net);
	}
}

static void bad_initial_states(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {{"{\"global\":{\"rewardPerStake\":\"12x\"}}", "\"rewardPerStake\""},
		{"{\"global\":{\"currentEpoch\":\"99999999999999999999999\"}}", "\"currentEpoch\""},
		{"{\"signers\":[\"0x12\"]}", "\"signers\""},
		{"{\"tokenBalances\":{\"0x12\":\"1\"}}", "\"0x12\""},
		{"{\"validators\":{\"x\":{}}}", "\"x\""}, {"{", "initial_state"}};
	struct network *net = kit_network("golden");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ledger *l = NULL;
		struct err e = {0};

		assert_int_equal(
			ledger_new(&l, network_chain(net, "root"), bad[i].text, &e), ERR_FATAL);
		if (!strstr(e.msg, bad[i].says))
			fail_msg("%s: %s", bad[i].text, e.msg);
		assert_null(l);
	}
	network_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(world),
		cmocka_unit_test(from_the_middle), cmocka_unit_test(bad_initial_states),
		cmocka_unit_test(real_networks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
