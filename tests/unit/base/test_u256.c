/* 256-bit integers: known values, the laws of arithmetic on random and extreme operands. */
#include "lib/check.h"

#include "base/hex.h"
#include "base/u256.h"

static struct u256 dec(const char *s)
{
	struct u256 v;

	assert_true(u256_parse_dec(&v, s, strlen(s)));
	return v;
}

static void same(struct u256 a, struct u256 b)
{
	char x[U256_DEC_MAX + 1], y[U256_DEC_MAX + 1];

	u256_dec(x, a);
	u256_dec(y, b);
	assert_string_equal(x, y);
}

#define MAX "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static void test_text(void **state)
{
	static const char *const good[] = {"0", "1", "9", "10", "18446744073709551615",
		"18446744073709551616", "340282366920938463463374607431768211456",
		"10000000000000000000", "100000000000000000000000000000000000000", MAX};
	char t[U256_DEC_MAX + 1];
	struct u256 v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(u256_dec(t, dec(good[i])), strlen(good[i]));
		assert_string_equal(t, good[i]);
	}
	assert_false(u256_parse_dec(&v, "", 0));
	assert_false(u256_parse_dec(&v, "-1", 2));
	assert_false(u256_parse_dec(&v, "1 ", 2));
	assert_false(u256_parse_dec(&v,
		"115792089237316195423570985008687907853269984665640564039457584007913129639936", 78));
	assert_true(u256_parse_hex(&v, "0xff", 4));
	same(v, u256_u64(255));
	assert_false(u256_parse_hex(&v, "0x", 2));
	assert_false(u256_parse_hex(&v, "0xg", 3));
	assert_false(u256_parse_hex(&v, "ff", 2));
}

/* Every number of digits against the same with zeros in front, as bytes. */
static void test_hex_digits(void **state)
{
	char t[67] = "0x", full[65];
	uint8_t be[32];
	struct u256 v;

	(void)state;
	for (size_t n = 1; n <= 64; n++) {
		t[1 + n] = "123456789abcdefABCDEF"[n * 5 % 21];
		memset(full, '0', 64);
		memcpy(full + 64 - n, t + 2, n);
		assert_true(hex_decode(be, full, 32));
		assert_true(u256_parse_hex(&v, t, 2 + n));
		same(v, u256_be(be));
		t[2 + n / 2] ^= 0x40;
		assert_false(u256_parse_hex(&v, t, 2 + n));
		t[2 + n / 2] ^= 0x40;
	}
	t[66] = 0;
	assert_false(u256_parse_hex(&v, "0x10000000000000000000000000000000000000000000000000000000000000000", 67));
}

/* Every number of digits, also with zeros in front and a wrong one in any place, against digit by digit. */
static void test_digits(void **state)
{
	struct u256 want = U256_ZERO, v;
	char t[100] = "", zeros[200];

	(void)state;
	for (size_t n = 1; n <= 77; n++) {
		uint64_t digit = (n * 7 + n / 19) % 10;

		t[n - 1] = (char)('0' + digit);
		want = u256_add(u256_mul(want, u256_u64(10)), u256_u64(digit));
		same(dec(t), want);
		for (size_t lead = 0; lead < 60; lead++) {
			memset(zeros, '0', lead);
			memcpy(zeros + lead, t, n + 1);
			same(dec(zeros), want);
		}
		for (size_t i = 0; i < n; i++) {
			char right = t[i];

			t[i] = i % 2 ? '/' : ':';
			assert_false(u256_parse_dec(&v, t, n));
			t[i] = right;
		}
	}
	assert_false(u256_parse_dec(&v, "1" MAX, 79));
	assert_false(u256_parse_dec(&v, MAX "0", 79));
}

static void test_known_division(void **state)
{
	struct u256 q, r;

	(void)state;
	/* Knuth's correction step: the estimated quotient digit is one too large. */
	assert_true(u256_div(&q, &r, dec("170141183460469231731687303715884105727"),
		dec("39614081257132168796771975168")));
	same(q, dec("4294967295"));
	same(r, dec("39614081257132168796771975167"));
	assert_true(u256_div(&q, &r, dec(MAX), dec("10000000000000000000000000")));
	same(q, dec("11579208923731619542357098500868790785326998466564056"));
	same(r, dec("4039457584007913129639935"));
	assert_false(u256_div(&q, &r, u256_u64(1), U256_ZERO));
}

static struct u256 pick(uint64_t *s)
{
	struct u256 v;
	unsigned words = (unsigned)(rnd(s) % 5);

	for (unsigned i = 0; i < 4; i++) {
		switch (rnd(s) % 4) {
		case 0: v.w[i] = 0; break;
		case 1: v.w[i] = UINT64_MAX; break;
		case 2: v.w[i] = 1ull << (rnd(s) % 64); break;
		default: v.w[i] = rnd(s); break;
		}
		if (i >= words)
			v.w[i] = 0;
	}
	return v;
}

static void test_laws(void **state)
{
	uint64_t s = rnd_seed("u256");

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct u256 a = pick(&s), b = pick(&s), q, r, t;
		char text[U256_DEC_MAX + 1];
		uint8_t be[32];
		bool ok;

		same(u256_sub(u256_add(a, b), b), a);
		ok = u256_add_ok(&t, a, b);
		assert_int_equal(ok, u256_cmp(t, a) >= 0);
		ok = u256_sub_ok(&t, a, b);
		assert_int_equal(ok, u256_cmp(a, b) >= 0);
		if (u256_div(&q, &r, a, b)) {
			assert_true(u256_cmp(r, b) < 0);
			assert_true(u256_mul_ok(&t, q, b));
			assert_true(u256_add_ok(&t, t, r));
			same(t, a);
		} else {
			assert_true(u256_is_zero(b));
		}
		if (u256_mul_ok(&t, a, b) && !u256_is_zero(b)) {
			assert_true(u256_div(&q, &r, t, b));
			same(q, a);
			assert_true(u256_is_zero(r));
		} else if (!u256_is_zero(b)) {
			assert_true(u256_bits(a) + u256_bits(b) > 256);
		}
		u256_to_be(be, a);
		same(u256_be(be), a);
		same(dec((u256_dec(text, a), text)), a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_hex_digits),
		cmocka_unit_test(test_known_division),
		cmocka_unit_test(test_laws),
	};

	return cmocka_run_group_tests_name("u256", tests, NULL, NULL);
}
