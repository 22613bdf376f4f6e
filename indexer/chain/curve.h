#ifndef CHAIN_CURVE_H
#define CHAIN_CURVE_H

/*
 * Points of secp256k1 added many at a time, and tables of multiples of one point. For chain/known_key
 * only. Not constant in time: nothing secret may come near it.
 */
#include "base/u256.h"

/** An affine point, coordinates below the field's prime; never the one at infinity. */
struct curve_point {
	struct u256 x, y;
};

#define CURVE_WINDOWS 32 /* digits of 8 bits */
#define CURVE_ODD     128

/** p[i][k] = (2k + 1) * 2^(8i) * P: 256 KiB. */
struct curve_table {
	struct curve_point p[CURVE_WINDOWS][CURVE_ODD];
};

extern const struct curve_point curve_generator;

/** False when p is not a point of the curve (coordinates below the field's prime included). */
MUST_USE bool curve_table_make(struct curve_table *t, const struct curve_point *p);

/** A field element as five limbs of 52 bits; what else is in it is curve.c's. */
struct curve_fe {
	uint64_t w[5];
};

/** A point that is being added up. */
struct curve_term {
	struct curve_fe x, y;
};

/** opposite: minus the point. */
void curve_term_set(struct curve_term *t, const struct curve_point *p, bool opposite);
struct curve_point curve_term_point(const struct curve_term *t);

/**
 * Add up `sums` times `width` terms that lie one after the other (width: a power of two); the results
 * replace the first `sums` terms. prefix: room for sums * width / 2 values. bad[i] is set, and sum i is
 * of no use, when two points with equal x met (a doubling, or opposites); else it is left alone.
 */
void curve_sums(struct curve_term *p, size_t sums, size_t width, struct curve_fe *prefix, bool *bad);

/** *x + the order of the curve, where that is below the field's prime; else false. */
MUST_USE bool curve_x_above_order(struct u256 *x);

#endif
