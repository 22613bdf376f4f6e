/*
 * Arithmetic in the field of secp256k1 and affine addition of points.
 *
 * An affine addition is one division and three multiplications. Divisions are shared: the product of
 * all divisors is inverted once and taken apart again (Montgomery's trick), so an addition costs six
 * multiplications when many independent ones are made together. A sum of 64 points is made as a tree
 * for that reason: six rounds, in each of which all additions are independent.
 *
 * A field element is five limbs of 52 bits in words of 64, so that sums and differences need no carries.
 * "Small" below means limbs below 2^52 and the highest below 2^49: what fe_mul, fe_settle and fe_unpack
 * give. fe_mul takes limbs below 2^56 (the highest below 2^52), fe_sub a small subtrahend.
 */
#include "chain/curve.h"

#define LIMB 0xfffffffffffffu /* 2^52 - 1 */
#define TOP  0xffffffffffffu  /* 2^48 - 1 */
#define FOLD 0x1000003d1u     /* 2^256 - p */

typedef unsigned __int128 u128;
typedef struct curve_fe fe;

static const struct u256 prime = {{0xfffffffefffffc2f, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
static const struct u256 order = {
	{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, UINT64_MAX}};

const struct curve_point curve_generator = {
	{{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}},
	{{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465}}};

/* ---- field --------------------------------------------------------------------------------- */

static inline void fe_unpack(fe *r, const struct u256 *a)
{
	const uint64_t *w = a->w;

	r->w[0] = w[0] & LIMB;
	r->w[1] = (w[0] >> 52 | w[1] << 12) & LIMB;
	r->w[2] = (w[1] >> 40 | w[2] << 24) & LIMB;
	r->w[3] = (w[2] >> 28 | w[3] << 36) & LIMB;
	r->w[4] = w[3] >> 16;
}

/* Carry, and fold what is above 2^256: small afterwards. */
static inline void fe_settle(fe *r)
{
	uint64_t t = r->w[0] + (r->w[4] >> 48) * FOLD;

	r->w[4] &= TOP;
	r->w[0] = t & LIMB;
	t = r->w[1] + (t >> 52);
	r->w[1] = t & LIMB;
	t = r->w[2] + (t >> 52);
	r->w[2] = t & LIMB;
	t = r->w[3] + (t >> 52);
	r->w[3] = t & LIMB;
	r->w[4] += t >> 52;
}

/* The value itself, below p. */
static struct u256 fe_pack(const fe *a)
{
	struct u256 r;
	fe t = *a;

	fe_settle(&t);
	fe_settle(&t); /* the first may have left bit 256 set, then with next to nothing below it */
	r.w[0] = t.w[0] | t.w[1] << 52;
	r.w[1] = t.w[1] >> 12 | t.w[2] << 40;
	r.w[2] = t.w[2] >> 24 | t.w[3] << 28;
	r.w[3] = t.w[3] >> 36 | t.w[4] << 16;
	return u256_cmp(r, prime) < 0 ? r : u256_sub(r, prime);
}

/* a + 4p - b: limbs grow by less than 2^54. */
static inline void fe_sub(fe *r, const fe *a, const fe *b)
{
	r->w[0] = a->w[0] + 4 * (LIMB - FOLD + 1) - b->w[0];
	r->w[1] = a->w[1] + 4 * LIMB - b->w[1];
	r->w[2] = a->w[2] + 4 * LIMB - b->w[2];
	r->w[3] = a->w[3] + 4 * LIMB - b->w[3];
	r->w[4] = a->w[4] + 4 * TOP - b->w[4];
}

static inline void fe_add(fe *r, const fe *a, const fe *b)
{
	for (int i = 0; i < 5; i++)
		r->w[i] = a->w[i] + b->w[i];
}

/*
 * Columns of the product; 2^260 is congruent to FOLD16, by which the columns from 5 on are brought
 * down. c collects columns 0, 1, 2 and d those above them, each carried into the next.
 */
#define FOLD16 ((uint64_t)FOLD << 4)

static inline __attribute__((always_inline)) void fe_mul(fe *r, const fe *x, const fe *y)
{
	const uint64_t a0 = x->w[0], a1 = x->w[1], a2 = x->w[2], a3 = x->w[3], a4 = x->w[4];
	const uint64_t b0 = y->w[0], b1 = y->w[1], b2 = y->w[2], b3 = y->w[3], b4 = y->w[4];
	uint64_t r0, r1, r2, r3, r4, over, u;
	u128 c, d;

	d = (u128)a0 * b3 + (u128)a1 * b2 + (u128)a2 * b1 + (u128)a3 * b0; /* column 3 */
	c = (u128)a4 * b4;						    /* column 8 */
	d += (u128)FOLD16 * (uint64_t)c;
	c >>= 64;
	r3 = (uint64_t)d & LIMB;
	d >>= 52;
	d += (u128)a0 * b4 + (u128)a1 * b3 + (u128)a2 * b2 + (u128)a3 * b1 + (u128)a4 * b0; /* 4 */
	d += (u128)(FOLD16 << 12) * (uint64_t)c;
	r4 = (uint64_t)d & LIMB;
	d >>= 52;
	over = r4 >> 48; /* bits from 256 on */
	r4 &= TOP;
	c = (u128)a0 * b0;							       /* column 0 */
	d += (u128)a1 * b4 + (u128)a2 * b3 + (u128)a3 * b2 + (u128)a4 * b1; /* 5 */
	u = (uint64_t)d & LIMB;
	d >>= 52;
	c += (u128)(u << 4 | over) * FOLD;
	r0 = (uint64_t)c & LIMB;
	c >>= 52;
	c += (u128)a0 * b1 + (u128)a1 * b0;			/* column 1 */
	d += (u128)a2 * b4 + (u128)a3 * b3 + (u128)a4 * b2; /* 6 */
	c += (u128)((uint64_t)d & LIMB) * FOLD16;
	d >>= 52;
	r1 = (uint64_t)c & LIMB;
	c >>= 52;
	c += (u128)a0 * b2 + (u128)a1 * b1 + (u128)a2 * b0; /* column 2 */
	d += (u128)a3 * b4 + (u128)a4 * b3;		    /* 7 */
	c += (u128)FOLD16 * (uint64_t)d;
	d >>= 64;
	r2 = (uint64_t)c & LIMB;
	c >>= 52;
	c += (u128)(FOLD16 << 12) * (uint64_t)d + r3;
	r->w[0] = r0;
	r->w[1] = r1;
	r->w[2] = r2;
	r->w[3] = (uint64_t)c & LIMB;
	r->w[4] = r4 + (uint64_t)(c >> 52);
}

/* a^(p - 2), four bits at a time. */
static void fe_inverse(fe *r, const fe *a)
{
	struct u256 e = u256_sub(prime, u256_u64(2));
	fe power[16] = {{{1}}}, acc = power[0];

	for (int i = 1; i < 16; i++)
		fe_mul(&power[i], &power[i - 1], a);
	for (int i = 63; i >= 0; i--) {
		for (int k = 0; k < 4; k++)
			fe_mul(&acc, &acc, &acc);
		fe_mul(&acc, &acc, &power[e.w[i / 16] >> 4 * (i % 16) & 15]);
	}
	*r = acc;
}

static bool fe_is_zero(const fe *a)
{
	return u256_is_zero(fe_pack(a));
}

/* ---- points -------------------------------------------------------------------------------- */

void curve_term_set(struct curve_term *t, const struct curve_point *p, bool opposite)
{
	struct u256 y = opposite ? u256_sub(prime, p->y) : p->y; /* no point has y = 0 */

	fe_unpack(&t->x, &p->x);
	fe_unpack(&t->y, &y);
}

struct curve_point curve_term_point(const struct curve_term *t)
{
	return (struct curve_point){fe_pack(&t->x), fe_pack(&t->y)};
}

bool curve_x_above_order(struct u256 *x)
{
	struct u256 sum;

	if (!u256_add_ok(&sum, *x, order) || u256_cmp(sum, prime) >= 0)
		return false;
	*x = sum;
	return true;
}

static bool on_curve(const struct curve_point *p)
{
	fe cube, square, seven = {{7}};
	struct curve_term t;

	if (u256_cmp(p->x, prime) >= 0 || u256_cmp(p->y, prime) >= 0)
		return false;
	curve_term_set(&t, p, false);
	fe_mul(&cube, &t.x, &t.x);
	fe_mul(&cube, &cube, &t.x);
	fe_add(&cube, &cube, &seven);
	fe_mul(&square, &t.y, &t.y);
	fe_sub(&cube, &cube, &square);
	return fe_is_zero(&cube);
}

/*
 * The line through a and a point of x coordinate bx meets the curve a third time; the sum is that
 * point's opposite. a = b: the tangent.
 */
static inline void third(struct curve_term *r, const fe *slope, const struct curve_term *a, const fe *bx)
{
	struct curve_term t;

	fe_mul(&t.x, slope, slope);
	fe_sub(&t.x, &t.x, &a->x);
	fe_sub(&t.x, &t.x, bx);
	fe_settle(&t.x);
	fe_sub(&t.y, &a->x, &t.x);
	fe_mul(&t.y, slope, &t.y);
	fe_sub(&t.y, &t.y, &a->y);
	fe_settle(&t.y);
	*r = t;
}

static void twice(struct curve_term *t)
{
	fe slope, part;

	fe_mul(&part, &t->x, &t->x);
	fe_add(&slope, &part, &part);
	fe_add(&slope, &slope, &part);
	fe_add(&part, &t->y, &t->y);
	fe_inverse(&part, &part);
	fe_mul(&slope, &slope, &part);
	third(t, &slope, t, &t->x);
}

/*
 * Where two points of a pair have equal x there is no line through them. Their sum is given up: the
 * pair gets any two different x.
 */
static void part_pairs(struct curve_term *p, size_t pairs, size_t each, bool *bad)
{
	for (size_t j = 0; j < pairs; j++) {
		struct curve_term *a = p + 2 * j, *b = a + 1;
		fe d;

		fe_sub(&d, &b->x, &a->x);
		if (!fe_is_zero(&d))
			continue;
		bad[j / each] = true;
		a->x = (fe){{1}};
		b->x = (fe){{2}};
	}
}

/* The product of all divisors; prefix[j] is that of the divisors behind j. */
static inline __attribute__((always_inline)) void multiply_up(
	fe *all, const struct curve_term *p, size_t pairs, fe *prefix)
{
	fe acc = {{1}};

	for (size_t j = pairs; j-- > 0;) {
		fe d;

		prefix[j] = acc;
		fe_sub(&d, &p[2 * j + 1].x, &p[2 * j].x);
		fe_mul(&acc, &acc, &d);
	}
	*all = acc;
}

/* p[j] = p[2j] + p[2j + 1]; `each` results in a row belong to one flag of bad. */
static inline __attribute__((always_inline)) void add_pairs(
	struct curve_term *p, size_t pairs, size_t each, fe *prefix, bool *bad)
{
	fe all;

	multiply_up(&all, p, pairs, prefix);
	if (fe_is_zero(&all)) {
		part_pairs(p, pairs, each, bad);
		multiply_up(&all, p, pairs, prefix);
	}
	fe_inverse(&all, &all);
	for (size_t j = 0; j < pairs; j++) {
		const struct curve_term *a = p + 2 * j, *b = a + 1;
		fe d, slope;

		fe_sub(&d, &b->y, &a->y);
		fe_mul(&slope, &all, &prefix[j]);
		fe_mul(&slope, &slope, &d);
		fe_sub(&d, &b->x, &a->x);
		fe_mul(&all, &all, &d);
		third(&p[j], &slope, a, &b->x);
	}
}

void curve_sums(struct curve_term *p, size_t sums, size_t width, struct curve_fe *prefix, bool *bad)
{
	for (; width > 1; width /= 2)
		add_pairs(p, sums * width / 2, width / 2, prefix, bad);
}

bool curve_table_make(struct curve_table *t, const struct curve_point *p)
{
	struct curve_term base, row[CURVE_WINDOWS], step[CURVE_WINDOWS], pair[2 * CURVE_WINDOWS];
	bool bad[CURVE_WINDOWS] = {false}, any = false;
	fe prefix[CURVE_WINDOWS];

	if (!on_curve(p))
		return false;
	curve_term_set(&base, p, false);
	for (int i = 0; i < CURVE_WINDOWS; i++) {
		row[i] = base;
		twice(&base);
		step[i] = base;
		for (int k = 1; k < 8; k++)
			twice(&base);
	}
	for (int k = 0; k < CURVE_ODD; k++) {
		for (int i = 0; i < CURVE_WINDOWS; i++) {
			t->p[i][k] = curve_term_point(&row[i]);
			pair[2 * i] = row[i];
			pair[2 * i + 1] = step[i];
		}
		curve_sums(pair, CURVE_WINDOWS, 2, prefix, bad);
		for (int i = 0; i < CURVE_WINDOWS; i++) {
			row[i] = pair[i];
			any = any || bad[i];
		}
	}
	return !any; /* small multiples of a point of prime order never meet */
}
