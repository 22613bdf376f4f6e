/* Parts of the replay server without a server: fault texts, slices, lookups, what to serve. */
#include "lib/check.h"
#include "replay/fault.h"
#include "replay/lookup.h"
#include "replay/replay.h"
#include "replay/slice.h"

#define RECORDING(name) TEST_DIR "/recordings/" name

/* ---- texts ------------------------------------------------------------------------------ */

static void fault_texts(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "unknown kind"},
		{"42", "unknown kind"},
		{"drop-logs", "did you mean \"drop-log\"?"},
		{"rest", "did you mean \"reset\"?"},
		{"429:sed=5", "did you mean \"seed\"?"},
		{"429:rate=1001", "0 to 1000"},
		{"429:rate=-1", "0 to 1000"},
		{"429:rate=", "0 to 1000"},
		{"429:rate=5x", "not \"5x\""},
		{"429:rate", "not key=value"},
		{"429:chain=", "chain is empty"},
		{"429:,", "not key=value"},
		{"null:at=99999999999999999999999", "at is a number"},
	};
	static const char *const good[] = {"429", "429:rate=100,seed=7",
		"hang:seconds=1,chain=root",
		"null:at=0x10,method=eth_getBlockByNumber,count=3,after=2", "503", "reset",
		"truncated", "nonjson", "head-back:blocks=7,ms=50", "wrong-chain:id=1", "shuffle",
		"missing", "drop-log:log=3", "alter-log", "duplicate-log", "forge-log"};
	struct fault_set *s = NULL;
	uint64_t hits;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(fault_set_parse(&s, &bad[i].text, 1, &e), ERR_REJECT);
		if (!strstr(e.msg, bad[i].says))
			fail_msg("\"%s\" gives: %s", bad[i].text, e.msg);
	}
	assert_int_equal(fault_set_parse(&s, good, sizeof(good) / sizeof(good[0]), &e), ERR_NONE);
	assert_int_equal(fault_set_count(s), sizeof(good) / sizeof(good[0]));
	assert_string_equal(fault_set_text(s, 1, &hits), good[1]);
	assert_int_equal(hits, 0);
	fault_set_free(s);
}

/* ---- slices ----------------------------------------------------------------------------- */

static struct slice of(const char *text)
{
	struct slice s = {NULL, 0};
	size_t used;

	slice_value(&s, text, strlen(text), &used);
	return s;
}

static void slices_of_json(void **state)
{
	struct slice o = of(" {\"a\" : [1, \"x\\\"]\", {\"b\":[]}] "
			    ",\"hash\":\"0x0aFF\",\"n\":\"0x10\",\"m\":12,\"z\":null} tail");
	struct slice_iter it;
	struct slice item, key;
	uint8_t b[2];
	uint64_t v;
	size_t n = 0;

	(void)state;
	assert_int_equal(o.p[o.n - 1], '}');
	for (slice_iter(&it, slice_get(o, "a")); slice_next(&it, &item); n++)
		assert_true(slice_is(item, n == 0 ? "1" : n == 1 ? "\"x\\\"]\"" : "{\"b\":[]}"));
	assert_int_equal(n, 3);
	assert_false(it.bad);
	for (n = 0, slice_iter(&it, o); slice_member(&it, &key, &item); n++)
		;
	assert_int_equal(n, 5);
	assert_true(slice_hex(slice_get(o, "hash"), b, 2));
	assert_int_equal(b[0] << 8 | b[1], 0x0aff);
	assert_true(slice_u64(slice_get(o, "n"), &v) && v == 16);
	assert_true(slice_u64(slice_get(o, "m"), &v) && v == 12);
	assert_false(slice_u64(slice_get(o, "z"), &v));
	assert_null(slice_get(o, "absent").p);
	assert_null(slice_get(slice_get(o, "n"), "x").p);
}

static void broken_slices(void **state)
{
	static const char *const bad[] = {"", "  ", "{", "[1,2", "\"abc", "\"abc\\\"", "{\"a\":[}"};
	static const char *const inside[] = {
		"{\"a\"}", "{a:1}", "[1 2]", "{\"a\":1 \"b\":2}", "{\"a\":}"};
	struct slice s, k, v;
	struct slice_iter it;
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(slice_value(&s, bad[i], strlen(bad[i]), &used));
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		slice_iter(&it, of(inside[i]));
		while (inside[i][0] == '{' ? slice_member(&it, &k, &v) : slice_next(&it, &v))
			;
		assert_true(it.bad);
	}
}

/* Cut anywhere, a text never makes the walk read beyond its end (a sanitizer tells). */
static void cut_slices(void **state)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"c\\\\\"}],\"d\":{\"e\":null},\"f\":-1.5e3}";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);
		struct slice s;
		size_t used;

		memcpy(copy, text, n);
		assert_int_equal(slice_value(&s, copy, n, &used), n >= sizeof(text) - 1);
		free(copy);
	}
}

/* ---- lookups ---------------------------------------------------------------------------- */

static void lookups(void **state)
{
	struct lookup *l = lookup_new(20);
	uint64_t seed = rnd_seed("lookup"), s = seed, v;
	uint8_t key[20] = {0};
	size_t at, n = 0;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t r = rnd(&s);

		memcpy(key + 12, &r, 8);
		lookup_add(l, key, i);
	}
	lookup_add(l, key, 7);
	s = seed;
	for (uint64_t i = 0; i < 4999; i++) {
		uint64_t r = rnd(&s);

		memcpy(key + 12, &r, 8);
		assert_true(lookup_get(l, key, &v, &at) && v == i);
		assert_false(lookup_next(l, key, &v, &at));
	}
	v = rnd(&s);
	memcpy(key + 12, &v, 8);
	for (bool got = lookup_get(l, key, &v, &at); got; got = lookup_next(l, key, &v, &at), n++)
		assert_true(v == 4999 || v == 7);
	assert_int_equal(n, 2);
	key[0] = 1;
	assert_false(lookup_has(l, key));
	lookup_free(l);
}

/* ---- what to serve ---------------------------------------------------------------------- */

static void expands(void **state)
{
	static const char *const world = RECORDING("world"), *const golden = RECORDING("golden");
	static const char *const named[] = {"one=" RECORDING("golden"),
		"two=" RECORDING("world/root"), RECORDING("world/bttc")};
	struct replay_chain c[4];
	struct replay_dirs *d;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(replay_expand(&d, &world, 1, true, c, 4, &n, &e), ERR_NONE);
	assert_int_equal(n, 2);
	assert_string_equal(c[0].key, "root");
	assert_string_equal(c[1].key, "bttc");
	assert_true(c[0].tron_shape);
	replay_dirs_free(d);
	assert_int_equal(replay_expand(&d, &golden, 1, false, c, 4, &n, &e), ERR_NONE);
	assert_int_equal(n, 1);
	assert_string_equal(c[0].key, "root");
	assert_string_equal(c[0].dir, RECORDING("golden"));
	replay_dirs_free(d);
	assert_int_equal(replay_expand(&d, named, 3, false, c, 4, &n, &e), ERR_NONE);
	assert_int_equal(n, 3);
	assert_string_equal(c[1].key, "two");
	assert_string_equal(c[1].dir, RECORDING("world/root"));
	replay_dirs_free(d);
}

static void expands_nothing(void **state)
{
	static const char *const twice[] = {RECORDING("golden"), RECORDING("world")};
	static const char *const none[] = {TEST_DIR "/vectors", "/nonexistent", "a=/nonexistent"};
	struct replay_chain c[4];
	struct replay_dirs *d;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(replay_expand(&d, twice, 2, false, c, 4, &n, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "KEY=DIR"));
	assert_null(d);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(replay_expand(&d, &none[i], 1, false, c, 4, &n, &e), ERR_FATAL);
		assert_non_null(strstr(e.msg, "no recording there"));
	}
	assert_int_equal(replay_expand(&d, twice + 1, 1, false, c, 1, &n, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "more than 1 chains"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fault_texts),
		cmocka_unit_test(slices_of_json),
		cmocka_unit_test(broken_slices),
		cmocka_unit_test(cut_slices),
		cmocka_unit_test(lookups),
		cmocka_unit_test(expands),
		cmocka_unit_test(expands_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
