/*
 * Recovery takes R from (r, recid) and solves s R = m G + r Q for the key Q. With a Q in hand the
 * equation is used the other way: R' = (m/s) G + (r/s) Q is computed from tables of multiples of G and
 * Q, without a doubling, and Q is what recovery gives exactly when R' is the point that r and recid
 * name: x of R' is r (r + n with bit 1 of recid), bit 0 is whether y is odd.
 *
 * A scalar is taken as 32 odd digits of 8 bits, all of them non-zero, so each R' is a sum of 64 table
 * entries and the sums of many signatures have the same shape (curve_sums). An odd scalar below 2^256 is
 * the sum of d_i 2^(8i) with d_i = 2 * (bits 8i+1..8i+8) - 255, bit 256 counting as set; an even one is
 * replaced by n minus it, and its point by the opposite.
 */
#include "chain/known_key.h"

#include "chain/curve.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define GROUP 64 /* signatures that share divisions: their points fit the second-level cache */
#define WIDTH (2 * CURVE_WINDOWS)

typedef unsigned __int128 u128;

struct known_key {
	struct curve_table table;
};

static struct curve_table *generator;
static pthread_once_t generator_once = PTHREAD_ONCE_INIT;

static void generator_make(void)
{
	generator = malloc(sizeof(*generator));
	if (!generator || !curve_table_make(generator, &curve_generator))
		abort();
}

struct known_key *known_key_new(const uint8_t key[64])
{
	struct curve_point p = {u256_be(key), u256_be(key + 32)};
	struct known_key *k = malloc(sizeof(*k));

	if (!k)
		abort();
	if (!curve_table_make(&k->table, &p)) {
		free(k);
		return NULL;
	}
	return k;
}

void known_key_free(struct known_key *k)
{
	free(k);
}

/* ---- scalars modulo the order n of the curve ----------------------------------------------- */

static const struct u256 order = {
	{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, UINT64_MAX}};
/* 2^256 - n */
static const uint64_t fold[3] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};

/* t = low 256 bits of t + fold * the words above, which are n many. The result has n + 3 or 5 words. */
static void fold_once(uint64_t t[8], int n)
{
	uint64_t high[4] = {0};

	memcpy(high, t + 4, (size_t)n * sizeof(*t));
	memset(t + 4, 0, 4 * sizeof(*t));
	for (int i = 0; i < n; i++) {
		u128 c = 0;

		for (int j = 0; j < 3; j++) {
			c += (u128)high[i] * fold[j] + t[i + j];
			t[i + j] = (uint64_t)c;
			c >>= 64;
		}
		for (int j = i + 3; j < 8 && c; j++) {
			c += t[j];
			t[j] = (uint64_t)c;
			c >>= 64;
		}
	}
}

/* a * b mod n; both below n. */
static struct u256 mul(struct u256 a, struct u256 b)
{
	uint64_t t[8] = {0};
	struct u256 r;

	for (int i = 0; i < 4; i++) {
		u128 c = 0;

		for (int j = 0; j < 4; j++) {
			c += (u128)a.w[i] * b.w[j] + t[i + j];
			t[i + j] = (uint64_t)c;
			c >>= 64;
		}
		t[i + 4] = (uint64_t)c;
	}
	/* 512 bits, then 386, then 260, then at most one above 256. */
	fold_once(t, 4);
	fold_once(t, 3);
	fold_once(t, 1);
	fold_once(t, 1);
	memcpy(r.w, t, sizeof(r.w));
	return u256_cmp(r, order) < 0 ? r : u256_sub(r, order);
}

/* a^(n - 2). */
static struct u256 inverse(struct u256 a)
{
	struct u256 r = u256_u64(1), e = u256_sub(order, u256_u64(2)), power[16] = {u256_u64(1)};

	for (int i = 1; i < 16; i++)
		power[i] = mul(power[i - 1], a);
	for (int i = 63; i >= 0; i--) {
		for (int k = 0; k < 4; k++)
			r = mul(r, r);
		r = mul(r, power[e.w[i / 16] >> 4 * (i % 16) & 15]);
	}
	return r;
}

/* ---- a group of signatures ----------------------------------------------------------------- */

struct group {
	struct curve_term p[GROUP * WIDTH];
	struct curve_fe prefix[GROUP * WIDTH / 2];
	struct u256 r[GROUP], s[GROUP], part[GROUP];
	struct signature *of[GROUP];
	bool bad[GROUP];
	size_t n;
};

/* The 32 terms that add up to `scalar` times the table's point; scalar below n. */
static void terms_of(struct curve_term *out, const struct curve_table *t, struct u256 scalar)
{
	bool even = !(scalar.w[0] & 1);

	if (even)
		scalar = u256_sub(order, scalar);
	for (int i = 0; i < CURVE_WINDOWS; i++) {
		unsigned at = 8 * (unsigned)i + 1;
		uint64_t bits = scalar.w[at / 64] >> at % 64;
		int digit;

		if (at % 64 > 56)
			bits |= (at / 64 < 3 ? scalar.w[at / 64 + 1] : 1) << (64 - at % 64);
		digit = 2 * (int)(bits & 255) - 255;
		curve_term_set(&out[i], &t->p[i][abs(digit) / 2], (digit < 0) != even);
	}
}

/* Does the sum name the same point as r and recid do? */
static bool matches(const struct curve_term *term, struct u256 r, unsigned recid)
{
	struct curve_point sum = curve_term_point(term);

	if (recid & 2 && !curve_x_above_order(&r))
		return false;
	return !u256_cmp(sum.x, r) && (sum.y.w[0] & 1) == (recid & 1);
}

static void check_group(struct group *g)
{
	struct u256 all = u256_u64(1);

	memset(g->bad, 0, sizeof(g->bad));
	for (size_t i = 0; i < g->n; i++) {
		g->part[i] = all;
		all = mul(all, g->s[i]);
	}
	all = inverse(all);
	for (size_t i = g->n; i-- > 0;) {
		struct u256 by_s = mul(all, g->part[i]), m = u256_be(g->of[i]->hash.b);

		if (u256_cmp(m, order) >= 0)
			m = u256_sub(m, order);
		all = mul(all, g->s[i]);
		terms_of(g->p + i * WIDTH, generator, mul(m, by_s));
		terms_of(g->p + i * WIDTH + CURVE_WINDOWS, &g->of[i]->key->table, mul(g->r[i], by_s));
	}
	curve_sums(g->p, g->n, WIDTH, g->prefix, g->bad);
	for (size_t i = 0; i < g->n; i++)
		g->of[i]->proven = !g->bad[i] && matches(&g->p[i], g->r[i], g->of[i]->recid);
	g->n = 0;
}

static bool in_range(struct u256 v)
{
	return !u256_is_zero(v) && u256_cmp(v, order) < 0;
}

void known_keys_check(struct signature *v, size_t n)
{
	struct group *g = malloc(sizeof(*g));

	if (!g)
		abort();
	pthread_once(&generator_once, generator_make);
	g->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct u256 r = u256_be(v[i].sig), s = u256_be(v[i].sig + 32);

		v[i].proven = false;
		if (v[i].recid > 3 || !in_range(r) || !in_range(s))
			continue;
		g->r[g->n] = r;
		g->s[g->n] = s;
		g->of[g->n++] = &v[i];
		if (g->n == GROUP)
			check_group(g);
	}
	if (g->n)
		check_group(g);
	free(g);
}
