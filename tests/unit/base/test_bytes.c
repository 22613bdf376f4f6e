/* hex, buf and arena: exact forms, refused forms, limits. */
#include "lib/check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hex.h"

#include <ctype.h>

/* Every character at every place of texts of all lengths; sscanf is the judge. */
static void every_digit(void)
{
	char text[2 * 70 + 1], two[3] = {0};
	uint8_t out[70];

	for (size_t n = 1; n <= 70; n++)
		for (size_t at = 0; at < 2 * n; at++)
			for (int c = 1; c < 256; c++) {
				unsigned want;

				for (size_t i = 0; i < 2 * n; i++)
					text[i] = "0123456789abcdefABCDEF"[(i * 7 + at) % 22];
				text[at] = (char)c;
				assert_int_equal(hex_decode(out, text, n), isxdigit(c) != 0);
				for (size_t i = 0; isxdigit(c) && i < n; i++) {
					memcpy(two, text + 2 * i, 2);
					assert_int_equal(sscanf(two, "%x", &want), 1);
					assert_int_equal(out[i], want);
				}
			}
}

static void test_hex(void **state)
{
	uint8_t b[4];
	uint64_t v;

	(void)state;
	assert_true(hex_fixed(b, 4, "0xDEADbeef", 10));
	assert_memory_equal(b, "\xde\xad\xbe\xef", 4);
	assert_false(hex_fixed(b, 4, "0xdeadbee", 9));
	assert_false(hex_fixed(b, 4, "0xdeadbeeg", 10));
	assert_false(hex_fixed(b, 4, "00deadbeef", 10));
	assert_false(hex_decode(b, "\xff\xff", 1));
	every_digit();
	assert_true(hex_u64(&v, "0xffffffffffffffff", 18));
	assert_true(v == UINT64_MAX);
	assert_true(hex_u64(&v, "0x00000000000000000000ff", 24));
	assert_int_equal(v, 255);
	assert_false(hex_u64(&v, "0x10000000000000000", 19));
	assert_false(hex_u64(&v, "0x", 2));
	assert_false(hex_u64(&v, "12", 2));
}

static void test_buf(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_true(buf_str(&b, "12345"));
	assert_true(buf_u64(&b, 67890));
	assert_string_equal(b.p, "1234567890");
	assert_false(buf_chr(&b, 'x'));
	assert_true(b.bad);
	assert_int_equal(b.n, 0);
	assert_false(buf_str(&b, "y"));
	buf_clear(&b);
	assert_true(buf_i64(&b, INT64_MIN + 1) == false);
	buf_clear(&b);
	assert_true(buf_i64(&b, -42));
	assert_true(buf_hex(&b, "\x01\xff", 2));
	assert_string_equal(b.p, "-4201ff");
	assert_true(buf_printf(&b, "%d", 7));
	assert_string_equal(b.p, "-4201ff7");
	assert_false(buf_reserve(&b, SIZE_MAX));
	buf_free(&b);
}

static void test_arena(void **state)
{
	struct arena *a = arena_new(1000000);
	uint32_t *list = NULL;
	size_t cap = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n += 7) {
			uint8_t *p = arena_alloc(a, n);

			assert_int_equal((uintptr_t)p % 16, 0);
			memset(p, 0xee, n);
		}
		assert_false(arena_over(a));
		arena_alloc(a, 999999);
		assert_true(arena_over(a));
		arena_reset(a);
		assert_false(arena_over(a));
		assert_int_equal(arena_used(a), 0);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		arena_grow(a, &list, &cap, i + 1, sizeof(*list));
		list[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	assert_string_equal(arena_printf(a, "%s-%d", "x", 5), "x-5");
	arena_free(a);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_arena),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
