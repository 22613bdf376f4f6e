/*
 * 256-bit integers on four 64-bit words. Multiplication is schoolbook with 128-bit products;
 * division is Knuth's algorithm D on 32-bit digits (one path for every divisor size).
 */
#include "base/u256.h"

#include <string.h>

typedef unsigned __int128 u128;

struct u256 u256_u64(uint64_t v)
{
	return (struct u256){{v, 0, 0, 0}};
}

struct u256 u256_be(const uint8_t b[32])
{
	struct u256 v;

	for (int i = 0; i < 4; i++) {
		uint64_t w;

		memcpy(&w, b + 8 * (3 - i), 8);
		v.w[i] = __builtin_bswap64(w);
	}
	return v;
}

struct u256 u256_be_n(const uint8_t *b, size_t n)
{
	uint8_t t[32] = {0};

	if (n > 32) {
		b += n - 32;
		n = 32;
	}
	if (n)
		memcpy(t + 32 - n, b, n);
	return u256_be(t);
}

void u256_to_be(uint8_t out[32], struct u256 v)
{
	for (int i = 0; i < 4; i++) {
		uint64_t w = __builtin_bswap64(v.w[i]);

		memcpy(out + 8 * (3 - i), &w, 8);
	}
}

int u256_cmp(struct u256 a, struct u256 b)
{
	for (int i = 3; i >= 0; i--)
		if (a.w[i] != b.w[i])
			return a.w[i] < b.w[i] ? -1 : 1;
	return 0;
}

bool u256_is_zero(struct u256 v)
{
	return !(v.w[0] | v.w[1] | v.w[2] | v.w[3]);
}

bool u256_fits_u64(struct u256 v)
{
	return !(v.w[1] | v.w[2] | v.w[3]);
}

unsigned u256_bits(struct u256 v)
{
	for (int i = 3; i >= 0; i--)
		if (v.w[i])
			return (unsigned)(64 * i + 64 - __builtin_clzll(v.w[i]));
	return 0;
}

bool u256_add_ok(struct u256 *out, struct u256 a, struct u256 b)
{
	u128 c = 0;

	for (int i = 0; i < 4; i++) {
		c += (u128)a.w[i] + b.w[i];
		out->w[i] = (uint64_t)c;
		c >>= 64;
	}
	return !c;
}

bool u256_sub_ok(struct u256 *out, struct u256 a, struct u256 b)
{
	uint64_t borrow = 0;

	for (int i = 0; i < 4; i++) {
		u128 d = (u128)a.w[i] - b.w[i] - borrow;

		out->w[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	return !borrow;
}

static void mul_full(uint64_t out[8], struct u256 a, struct u256 b)
{
	memset(out, 0, 8 * sizeof(*out));
	for (int i = 0; i < 4; i++) {
		u128 c = 0;

		for (int j = 0; j < 4; j++) {
			c += (u128)a.w[i] * b.w[j] + out[i + j];
			out[i + j] = (uint64_t)c;
			c >>= 64;
		}
		out[i + 4] = (uint64_t)c;
	}
}

bool u256_mul_ok(struct u256 *out, struct u256 a, struct u256 b)
{
	uint64_t p[8];

	mul_full(p, a, b);
	memcpy(out->w, p, sizeof(out->w));
	return !(p[4] | p[5] | p[6] | p[7]);
}

struct u256 u256_add(struct u256 a, struct u256 b)
{
	struct u256 r;

	(void)!u256_add_ok(&r, a, b);
	return r;
}

struct u256 u256_sub(struct u256 a, struct u256 b)
{
	struct u256 r;

	(void)!u256_sub_ok(&r, a, b);
	return r;
}

struct u256 u256_mul(struct u256 a, struct u256 b)
{
	struct u256 r;

	(void)!u256_mul_ok(&r, a, b);
	return r;
}

/* Divide by one 64-bit word. Returns the remainder. */
static uint64_t div_word(struct u256 *quo, struct u256 a, uint64_t b)
{
	u128 r = 0;

	for (int i = 3; i >= 0; i--) {
		r = r << 64 | a.w[i];
		quo->w[i] = (uint64_t)(r / b);
		r %= b;
	}
	return (uint64_t)r;
}

static void to_digits(uint32_t *d, struct u256 v, unsigned shift)
{
	uint64_t carry = 0;

	for (int i = 0; i < 8; i++) {
		uint64_t x = i & 1 ? v.w[i / 2] >> 32 : v.w[i / 2] & 0xffffffff;

		x = x << shift | carry;
		d[i] = (uint32_t)x;
		carry = x >> 32;
	}
	d[8] = (uint32_t)carry;
}

static struct u256 from_digits(const uint32_t *d, unsigned shift)
{
	struct u256 v = U256_ZERO;

	for (int i = 0; i < 8; i++) {
		uint64_t x = d[i] >> shift;

		if (shift)
			x |= (uint64_t)d[i + 1] << (32 - shift) & 0xffffffff;
		v.w[i / 2] |= x << (i & 1 ? 32 : 0);
	}
	return v;
}

/* Knuth, TAOCP volume 2, 4.3.1, algorithm D; n >= 2 digits in the divisor. */
static void div_long(uint32_t *q, uint32_t *u, const uint32_t *v, int n)
{
	for (int j = 8 - n; j >= 0; j--) {
		uint64_t num = (uint64_t)u[j + n] << 32 | u[j + n - 1];
		uint64_t qhat = num / v[n - 1], rhat = num % v[n - 1];
		int64_t borrow = 0;
		uint64_t carry = 0;

		while (qhat >> 32 || qhat * v[n - 2] > (rhat << 32 | u[j + n - 2])) {
			qhat--;
			rhat += v[n - 1];
			if (rhat >> 32)
				break;
		}
		for (int i = 0; i < n; i++) {
			uint64_t p = qhat * v[i] + carry;
			int64_t t = (int64_t)u[i + j] - borrow - (int64_t)(p & 0xffffffff);

			carry = p >> 32;
			u[i + j] = (uint32_t)t;
			borrow = t < 0;
		}
		int64_t t = (int64_t)u[j + n] - borrow - (int64_t)carry;

		u[j + n] = (uint32_t)t;
		q[j] = (uint32_t)qhat;
		if (t < 0) {
			uint64_t c = 0;

			q[j]--;
			for (int i = 0; i < n; i++) {
				c += (uint64_t)u[i + j] + v[i];
				u[i + j] = (uint32_t)c;
				c >>= 32;
			}
			u[j + n] += (uint32_t)c;
		}
	}
}

bool u256_div(struct u256 *quo, struct u256 *rem, struct u256 a, struct u256 b)
{
	uint32_t u[9], v[9], q[9] = {0};
	struct u256 r;
	unsigned shift;
	int n;

	if (u256_is_zero(b))
		return false;
	if (u256_fits_u64(b)) {
		r = u256_u64(div_word(quo, a, b.w[0]));
	} else {
		n = (int)(u256_bits(b) + 31) / 32;
		shift = (unsigned)(32 * n) - u256_bits(b);
		to_digits(v, b, shift);
		to_digits(u, a, shift);
		div_long(q, u, v, n);
		*quo = from_digits(q, 0);
		for (int i = n; i < 9; i++)
			u[i] = 0;
		r = from_digits(u, shift);
	}
	if (rem)
		*rem = r;
	return true;
}

size_t u256_dec(char out[U256_DEC_MAX + 1], struct u256 v)
{
	char t[100];
	size_t i = sizeof(t), n;

	while (!u256_fits_u64(v)) {
		uint64_t r = div_word(&v, v, 10000000000000000000ull);

		for (int k = 0; k < 19; k++, r /= 10)
			t[--i] = (char)('0' + r % 10);
	}
	do
		t[--i] = (char)('0' + v.w[0] % 10);
	while (v.w[0] /= 10);
	n = sizeof(t) - i;
	memcpy(out, t + i, n);
	out[n] = 0;
	return n;
}

/* v = v * m + add; false when that is over 256 bits. */
static bool mul_add_word(struct u256 *v, uint64_t m, uint64_t add)
{
	u128 carry = add;

	for (int i = 0; i < 4; i++) {
		carry += (u128)v->w[i] * m;
		v->w[i] = (uint64_t)carry;
		carry >>= 64;
	}
	return !carry;
}

/* A word holds 19 digits. */
bool u256_parse_dec(struct u256 *out, const char *s, size_t len)
{
	struct u256 v = U256_ZERO;

	if (!len)
		return false;
	for (size_t i = 0; i < len;) {
		uint64_t part = 0, scale = 1;

		for (unsigned k = 0; k < 19 && i < len; k++, i++) {
			if (s[i] < '0' || s[i] > '9')
				return false;
			part = part * 10 + (uint64_t)(s[i] - '0');
			scale *= 10;
		}
		if (!mul_add_word(&v, scale, part))
			return false;
	}
	*out = v;
	return true;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool u256_parse_hex(struct u256 *out, const char *s, size_t len)
{
	struct u256 v = U256_ZERO;

	if (len < 3 || len > 66 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return false;
	for (size_t i = 2; i < len; i++) {
		size_t place = len - 1 - i; /* digits behind this one */
		int d = nibble(s[i]);

		if (d < 0)
			return false;
		v.w[place / 16] = v.w[place / 16] << 4 | (unsigned)d;
	}
	*out = v;
	return true;
}
