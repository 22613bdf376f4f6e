/* RLP: known answers, seeded round trips, and everything that is not canonical is refused. */
#include "chain/rlp.h"

#include "base/hex.h"
#include "lib/check.h"

static void expect_hex(const struct buf *b, const char *want)
{
	struct buf text;

	buf_init(&text, 1u << 20);
	buf_hex(&text, b->p, b->n);
	assert_string_equal(text.p ? text.p : "", want);
	buf_free(&text);
}

static struct bytes view(const struct buf *b)
{
	return (struct bytes){(const uint8_t *)b->p, b->n};
}

static void known_numbers(void **state)
{
	static const struct {
		uint64_t v;
		const char *want;
	} cases[] = {
		{0, "80"},
		{1, "01"},
		{0x7f, "7f"},
		{0x80, "8180"},
		{0xff, "81ff"},
		{0x100, "820100"},
		{1024, "820400"},
		{0xffffff, "83ffffff"},
		{0x1000000, "8401000000"},
		{UINT64_MAX, "88ffffffffffffffff"},
	};
	struct rlp_writer w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		rlp_init(&w, &b);
		rlp_u64(&w, cases[i].v);
		expect_hex(&b, cases[i].want);
		buf_clear(&b);
		rlp_u256(&w, u256_u64(cases[i].v));
		expect_hex(&b, cases[i].want);
		buf_clear(&b);
	}
	rlp_u256(&w, (struct u256){{0, 0, 0, 1ull << 63}});
	expect_hex(&b, "a08000000000000000000000000000000000000000000000000000000000000000");
	buf_free(&b);
}

static void known_lists(void **state)
{
	struct rlp_writer w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	rlp_init(&w, &b);
	rlp_list(&w); /* [ "cat", "dog" ] */
	rlp_bytes(&w, "cat", 3);
	rlp_bytes(&w, "dog", 3);
	rlp_list_end(&w);
	expect_hex(&b, "c88363617483646f67");
	buf_clear(&b);
	rlp_list(&w); /* [ [], [[]], [ [], [[]] ] ] */
	rlp_list(&w);
	rlp_list_end(&w);
	rlp_list(&w);
	rlp_list(&w);
	rlp_list_end(&w);
	rlp_list_end(&w);
	rlp_list(&w);
	rlp_list(&w);
	rlp_list_end(&w);
	rlp_list(&w);
	rlp_list(&w);
	rlp_list_end(&w);
	rlp_list_end(&w);
	rlp_list_end(&w);
	rlp_list_end(&w);
	expect_hex(&b, "c7c0c1c0c3c0c1c0");
	buf_free(&b);
}

/* Payloads around the lengths where the prefix grows. */
static void prefix_lengths(void **state)
{
	static const struct {
		size_t n;
		const char *string, *list;
	} cases[] = {
		{55, "b7", "f7"},
		{56, "b838", "f838"},
		{255, "b8ff", "f8ff"},
		{256, "b90100", "f90100"},
		{65535, "b9ffff", "f9ffff"},
		{65536, "ba010000", "fa010000"},
	};
	static const uint8_t zero[65536];
	struct rlp_writer w;
	struct rlp_item it;
	struct bytes in;
	uint8_t want[9];
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int list = 0; list < 2; list++) {
			const char *text = list ? cases[i].list : cases[i].string;

			buf_clear(&b);
			rlp_init(&w, &b);
			if (list) {
				rlp_list(&w);
				rlp_raw(&w, zero, cases[i].n);
				rlp_list_end(&w);
			} else {
				rlp_bytes(&w, zero, cases[i].n);
			}
			assert_true(hex_decode(want, text, strlen(text) / 2));
			assert_int_equal(b.n, cases[i].n + strlen(text) / 2);
			assert_memory_equal(b.p, want, strlen(text) / 2);
			in = view(&b);
			assert_true(rlp_next(&in, &it));
			assert_int_equal(it.list, list);
			assert_int_equal(it.payload.n, cases[i].n);
			assert_int_equal(it.whole.n, b.n);
			assert_int_equal(in.n, 0);
		}
	}
	buf_free(&b);
}

static void refused(void **state)
{
	static const char *const cases[] = {
		"",                   /* nothing */
		"8100",               /* a byte below 0x80 needs no prefix */
		"817f",               /* the same */
		"81",                 /* cut */
		"b800",               /* long form for a short string */
		"b837",               /* 55 in long form */
		"b90038",             /* leading zero in the length */
		"f800", "f837", "f90038",
		"b838",               /* payload missing */
		"c2",                 /* list cut */
		"bfffffffffffffffff", /* 2^64 - 1 bytes */
		"ffffffffffffffffff",
		"bf8000000000000000",
		"b9ff",               /* length cut */
		"bf01",
	};
	uint8_t raw[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = strlen(cases[i]) / 2;
		uint8_t *exact = malloc(n + !n); /* so that ASan sees a read outside */
		struct bytes in = {exact, n};
		struct rlp_item it;

		assert_true(hex_decode(raw, cases[i], n));
		memcpy(exact, raw, n);
		assert_false(rlp_next(&in, &it));
		assert_int_equal(in.n, n);
		free(exact);
	}
}

static void numbers_are_minimal(void **state)
{
	static const struct {
		const char *hex;
		bool u64, u256;
	} cases[] = {
		{"80", true, true},
		{"05", true, true},
		{"00", false, false},
		{"820001", false, false},
		{"88ffffffffffffffff", true, true},
		{"89010000000000000000", false, true},
		{"a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false, true},
		{"a101ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false,
			false},
		{"c0", false, false},
	};
	uint8_t raw[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bytes in = {raw, strlen(cases[i].hex) / 2};
		struct rlp_item it;
		struct u256 big;
		uint64_t v;

		assert_true(hex_decode(raw, cases[i].hex, in.n));
		assert_true(rlp_next(&in, &it));
		assert_int_equal(rlp_item_u64(&it, &v), cases[i].u64);
		assert_int_equal(rlp_item_u256(&it, &big), cases[i].u256);
	}
}

static void nesting_is_bounded(void **state)
{
	struct rlp_writer w;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	rlp_init(&w, &b);
	for (int i = 0; i < 8; i++)
		rlp_list(&w);
	for (int i = 0; i < 8; i++)
		rlp_list_end(&w);
	expect_hex(&b, "c7c6c5c4c3c2c1c0");
	buf_clear(&b);
	rlp_init(&w, &b);
	for (int i = 0; i < 9; i++)
		rlp_list(&w);
	for (int i = 0; i < 9; i++)
		rlp_list_end(&w);
	assert_true(b.bad);
	assert_int_equal(b.n, 0);
	buf_free(&b);
}

/* A random tree is written, read back item by item, and compared. */
static void write_tree(uint64_t *seed, struct rlp_writer *w, unsigned depth)
{
	uint8_t raw[400];
	size_t n = rnd(seed) % 5;

	rlp_list(w);
	for (size_t i = 0; i < n; i++) {
		if (depth < 7 && rnd(seed) % 3 == 0) {
			write_tree(seed, w, depth + 1);
			continue;
		}
		size_t len = rnd(seed) % 4 ? rnd(seed) % 4 : rnd(seed) % sizeof(raw);

		for (size_t k = 0; k < len; k++)
			raw[k] = (uint8_t)rnd(seed);
		rlp_bytes(w, raw, len);
	}
	rlp_list_end(w);
}

static void read_tree(uint64_t *seed, struct bytes *in, unsigned depth)
{
	size_t n = rnd(seed) % 5;
	struct rlp_item list, it;

	assert_true(rlp_next(in, &list));
	assert_true(list.list);
	for (size_t i = 0; i < n; i++) {
		if (depth < 7 && rnd(seed) % 3 == 0) {
			read_tree(seed, &list.payload, depth + 1);
			continue;
		}
		size_t len = rnd(seed) % 4 ? rnd(seed) % 4 : rnd(seed) % 400;

		assert_true(rlp_next(&list.payload, &it));
		assert_false(it.list);
		assert_int_equal(it.payload.n, len);
		for (size_t k = 0; k < len; k++)
			assert_int_equal(it.payload.p[k], (uint8_t)rnd(seed));
	}
	assert_int_equal(list.payload.n, 0);
}

static void trees_round_trip(void **state)
{
	uint64_t seed = rnd_seed("trees_round_trip");
	struct rlp_writer w;
	struct bytes in;
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 24);
	for (int i = 0; i < 3000; i++) {
		uint64_t s = rnd(&seed), again = s;

		buf_clear(&b);
		rlp_init(&w, &b);
		write_tree(&s, &w, 0);
		assert_false(b.bad);
		in = view(&b);
		read_tree(&again, &in, 0);
		assert_int_equal(in.n, 0);
	}
	buf_free(&b);
}

/* Whatever the reader accepts, writing it again gives the same bytes; it never reads outside. */
static void random_bytes(void **state)
{
	uint64_t seed = rnd_seed("random_bytes");
	struct rlp_writer w;
	struct buf b;

	(void)state;
	buf_init(&b, 1u << 20);
	for (int i = 0; i < 50000; i++) {
		size_t n = 1 + rnd(&seed) % 80;
		uint8_t *raw = malloc(n);
		struct bytes in = {raw, n};
		struct rlp_item it;

		for (size_t k = 0; k < n; k++)
			raw[k] = (uint8_t)rnd(&seed);
		raw[0] |= 0x80;
		while (rlp_next(&in, &it)) {
			assert_true(it.payload.p + it.payload.n == it.whole.p + it.whole.n);
			buf_clear(&b);
			rlp_init(&w, &b);
			if (it.list) {
				rlp_list(&w);
				rlp_raw(&w, it.payload.p, it.payload.n);
				rlp_list_end(&w);
			} else {
				rlp_bytes(&w, it.payload.p, it.payload.n);
			}
			assert_int_equal(b.n, it.whole.n);
			assert_memory_equal(b.p, it.whole.p, b.n);
		}
		free(raw);
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_numbers),
		cmocka_unit_test(known_lists),
		cmocka_unit_test(prefix_lengths),
		cmocka_unit_test(refused),
		cmocka_unit_test(numbers_are_minimal),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(trees_round_trip),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
