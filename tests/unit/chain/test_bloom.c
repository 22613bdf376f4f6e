/* Blooms: every recorded receipt (bit order included), and seeded membership. */
#include "chain/bloom.h"

#include "chain/receipt.h"
#include "lib/check.h"
#include "lib/recording.h"

static void zero(void **state)
{
	uint8_t bloom[256] = {0};

	(void)state;
	assert_true(bloom_is_zero(bloom));
	for (int i = 0; i < 256; i++) {
		bloom[i] = 0x10;
		assert_false(bloom_is_zero(bloom));
		bloom[i] = 0;
	}
}

static void check_recording(const char *name, size_t want)
{
	struct arena *mem = arena_new(1u << 30);
	struct recording *r = recording_open(name);
	uint8_t bloom[256];
	struct rec_block b;
	size_t n = 0;

	while (recording_next(r, mem, &b)) {
		for (size_t i = 0; i < b.receipt_count; i++, n++) {
			const struct receipt *rc = &b.receipts[i];

			receipt_bloom(bloom, rc);
			assert_memory_equal(bloom, rc->bloom, 256);
			for (size_t k = 0; k < rc->log_count; k++)
				assert_true(bloom_has_log(bloom, &rc->logs[k]));
			assert_int_equal(bloom_is_zero(bloom), rc->log_count == 0);
		}
		arena_reset(mem);
	}
	recording_close(r);
	arena_free(mem);
	assert_int_equal(n, want);
}

static void recorded_receipts(void **state)
{
	(void)state;
	check_recording("golden", 2532);
	check_recording("world/root", 783);
	check_recording("world/bttc", 19160 + 69);
}

/* Members are always found; a key whose bits are not all set never is. */
static void membership(void **state)
{
	uint64_t seed = rnd_seed("membership");
	size_t false_hits = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		uint8_t bloom[256] = {0}, bits[2048] = {0};
		uint64_t values[20];

		for (int i = 0; i < 20; i++) {
			struct bloom_key k;

			values[i] = rnd(&seed);
			k = bloom_key(&values[i], 8);
			bloom_add(bloom, k);
			bits[k.bit[0]] = bits[k.bit[1]] = bits[k.bit[2]] = 1;
		}
		for (int i = 0; i < 20; i++)
			assert_true(bloom_has(bloom, bloom_key(&values[i], 8)));
		for (int i = 0; i < 500; i++) {
			uint64_t v = rnd(&seed);
			struct bloom_key k = bloom_key(&v, 8);
			bool all = bits[k.bit[0]] && bits[k.bit[1]] && bits[k.bit[2]];

			assert_int_equal(bloom_has(bloom, k), all);
			false_hits += all;
		}
	}
	assert_true(false_hits < 100); /* 60 of 2048 bits set: about 0.6 expected of 25000 */
}

/* Every topic counts. */
static void log_needs_all_topics(void **state)
{
	struct log l = {.topic_count = 4};
	uint8_t bloom[256];

	(void)state;
	for (int i = 0; i < 4; i++)
		l.topics[i].b[5] = (uint8_t)(i + 1);
	l.address.b[0] = 9;
	for (int skip = 0; skip < 5; skip++) {
		memset(bloom, 0, sizeof(bloom));
		if (skip != 4)
			bloom_add(bloom, bloom_key(l.address.b, 20));
		for (int i = 0; i < 4; i++)
			if (i != skip)
				bloom_add(bloom, bloom_key(l.topics[i].b, 32));
		assert_false(bloom_has_log(bloom, &l));
	}
	memset(bloom, 0, sizeof(bloom));
	bloom_add_log(bloom, &l);
	assert_true(bloom_has_log(bloom, &l));
}

/* With the cache every answer is the same, also when values fall into one slot. */
static void cache_changes_nothing(void **state)
{
	uint64_t seed = rnd_seed("cache_changes_nothing");
	uint8_t values[600][32], bloom[256];
	struct bloom_cache cache;

	(void)state;
	bloom_cache_init(&cache);
	for (int i = 0; i < 600; i++)
		for (int k = 0; k < 32; k++)
			values[i][k] = (uint8_t)(k > 7 && k < 24 ? rnd(&seed) : (unsigned)i % 5);
	for (int i = 0; i < 20000; i++) {
		const uint8_t *v = values[rnd(&seed) % 600];
		size_t n = rnd(&seed) % 2 ? 20 : 32;
		struct bloom_key a = bloom_key(v, n), b = bloom_cache_key(&cache, v, n);

		assert_memory_equal(&a, &b, sizeof(a));
	}
	memset(bloom, 0, sizeof(bloom));
	for (int i = 0; i < 2; i++) {
		struct log l = {.topic_count = 1};

		memcpy(l.address.b, values[0], 20);
		memcpy(l.topics[0].b, values[1], 32);
		assert_int_equal(bloom_cache_has_log(&cache, bloom, &l), i);
		bloom_cache_add_log(&cache, bloom, &l);
		assert_true(bloom_has_log(bloom, &l));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero),
		cmocka_unit_test(recorded_receipts),
		cmocka_unit_test(membership),
		cmocka_unit_test(log_needs_all_topics),
		cmocka_unit_test(cache_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
