/*
 * The fold against what the contracts answered: every value of every oracle record of both
 * recordings, and of the branches that were orphaned. No self-check may find anything.
 */
#include "oracle.h"

static void fold_recording(const char *recording, const char *network, size_t records, size_t values)
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
	print_message("%s: %zu values of %zu records, %llu events, %llu changes\n", recording, compared,
		seen, (unsigned long long)k.events, (unsigned long long)k.changes);
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(world)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
