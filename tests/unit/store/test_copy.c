/* The COPY BINARY encoder against bytes written out by hand from PostgreSQL's manual. */
#include "lib/check.h"

#include "store/copy.h"

static void same(const struct copy *c, const char *expect, size_t n)
{
	assert_int_equal(c->b.n, n);
	assert_memory_equal(c->b.p, expect, n);
}

static void test_rows(void **state)
{
	static const char expect[] = "PGCOPY\n\377\r\n\0"
				     "\0\0\0\0"
				     "\0\0\0\0"
				     "\0\4"
				     "\0\0\0\10\377\377\377\377\377\377\377\376"
				     "\377\377\377\377"
				     "\0\0\0\2hi"
				     "\0\0\0\1\1"
				     "\0\4"
				     "\0\0\0\10\177\377\377\377\377\377\377\377"
				     "\0\0\0\4\200\0\0\0"
				     "\0\0\0\0"
				     "\0\0\0\2\377\377"
				     "\377\377";
	struct copy c;

	(void)state;
	copy_init(&c, 4);
	for (int again = 0; again < 2; again++) { /* the second time in memory that was used */
		copy_clear(&c);
		copy_row(&c);
		copy_i64(&c, -2);
		copy_text(&c, NULL);
		copy_text(&c, "hi");
		copy_bool(&c, true);
		copy_row(&c);
		copy_i64(&c, INT64_MAX);
		copy_i32(&c, INT32_MIN);
		copy_bytes(&c, NULL, 0);
		copy_i16(&c, -1);
		assert_true(copy_end(&c));
		assert_int_equal(c.rows, 2);
		same(&c, expect, sizeof(expect) - 1);
	}
	copy_free(&c);
}

static void test_time(void **state)
{
	static const struct {
		int64_t unix_s;
		const char *bytes;
	} at[] = {
		{946684800, "\0\0\0\0\0\0\0\0"},       /* 2000-01-01 */
		{946684801, "\0\0\0\0\0\17\102\100"},  /* one second = 1000000 us */
		{0, "\377\374\242\376\304\310\040\0"}, /* 1970-01-01 = -946684800000000 */
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct copy c;

		copy_init(&c, 1);
		copy_row(&c);
		copy_time(&c, at[i].unix_s);
		assert_memory_equal(c.b.p + c.b.n - 8, at[i].bytes, 8);
		copy_free(&c);
	}
}

static void numeric(const char *dec, const char *expect, size_t n)
{
	uint8_t out[COPY_NUMERIC_MAX];
	struct u256 v;

	assert_true(u256_parse_dec(&v, dec, strlen(dec)));
	assert_int_equal(copy_numeric(out, v), n);
	assert_memory_equal(out, expect, n);
}

/* Number of digits, weight, sign, scale, then digits of base 10000 without zeros at either end. */
static void test_numeric(void **state)
{
	(void)state;
	numeric("0", "\0\0\0\0\0\0\0\0", 8);
	numeric("1", "\0\1\0\0\0\0\0\0\0\1", 10);
	numeric("9999", "\0\1\0\0\0\0\0\0\x27\x0f", 10);
	numeric("10000", "\0\1\0\1\0\0\0\0\0\1", 10);
	numeric("10001", "\0\2\0\1\0\0\0\0\0\1\0\1", 12);
	numeric("100000000", "\0\1\0\2\0\0\0\0\0\1", 10);
	numeric("1000000000000000000", "\0\1\0\4\0\0\0\0\0\144", 10); /* 10^18 = 100 * 10000^4 */
	numeric("10000000000000000", "\0\1\0\4\0\0\0\0\0\1", 10);     /* the chunk of take_chunk */
	numeric("12345678900000000", "\0\3\0\4\0\0\0\0\0\1\x09\x29\x1a\x85", 14);
}

static void test_numeric_max(void **state)
{
	struct u256 v = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	uint8_t out[COPY_NUMERIC_MAX];
	size_t n = copy_numeric(out, v);
	char dec[90], *p = dec;

	(void)state;
	assert_int_equal(out[0] << 8 | out[1], 20);
	assert_int_equal(out[2] << 8 | out[3], 19);
	for (size_t i = 8; i < n; i += 2)
		p += sprintf(p, "%04d", out[i] << 8 | out[i + 1]);
	assert_string_equal(dec,
		"00115792089237316195423570985008687907853269984665640564039457584007913129639935");
}

/* A field beyond the limit makes the buffer useless, and that is seen at its end. */
static void test_too_large(void **state)
{
	struct copy c;

	(void)state;
	copy_init(&c, 1);
	copy_row(&c);
	copy_bytes(&c, "", (size_t)INT32_MAX + 1);
	assert_false(copy_end(&c));
	copy_clear(&c);
	copy_row(&c);
	copy_bytes(&c, "a", 1);
	assert_true(copy_end(&c));
	copy_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_numeric),
		cmocka_unit_test(test_numeric_max),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
