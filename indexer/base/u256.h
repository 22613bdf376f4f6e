#ifndef BASE_U256_H
#define BASE_U256_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/** An unsigned 256-bit integer, as the EVM has it. w[0] is the least significant word. */
struct u256 {
	uint64_t w[4];
};

#define U256_ZERO      ((struct u256){{0, 0, 0, 0}})
#define U256_DEC_MAX   78 /* digits of 2^256-1 */

struct u256 u256_u64(uint64_t v);
struct u256 u256_be(const uint8_t b[32]);
struct u256 u256_be_n(const uint8_t *b, size_t n); /* n <= 32 */
void u256_to_be(uint8_t out[32], struct u256 v);
int u256_cmp(struct u256 a, struct u256 b);
bool u256_is_zero(struct u256 v);
bool u256_fits_u64(struct u256 v);
unsigned u256_bits(struct u256 v); /* position of the highest set bit plus one; 0 for zero */

/* Modulo 2^256, as unchecked EVM arithmetic. */
struct u256 u256_add(struct u256 a, struct u256 b);
struct u256 u256_sub(struct u256 a, struct u256 b);
struct u256 u256_mul(struct u256 a, struct u256 b);

/* As SafeMath: false when the exact result does not fit, then *out is undefined. */
MUST_USE bool u256_add_ok(struct u256 *out, struct u256 a, struct u256 b);
MUST_USE bool u256_sub_ok(struct u256 *out, struct u256 a, struct u256 b);
MUST_USE bool u256_mul_ok(struct u256 *out, struct u256 a, struct u256 b);

/** Quotient and remainder; false when b is zero (the contract reverts). rem may be NULL. */
MUST_USE bool u256_div(struct u256 *quo, struct u256 *rem, struct u256 a, struct u256 b);

/** Decimal text without leading zeros; returns its length. Not NUL-terminated by length 78: out has 79. */
size_t u256_dec(char out[U256_DEC_MAX + 1], struct u256 v);

/** Parse decimal digits only (no sign, no space); false when empty, not digits or over 2^256-1. */
MUST_USE bool u256_parse_dec(struct u256 *out, const char *s, size_t len);

/** Parse "0x" and 1 to 64 digits. */
MUST_USE bool u256_parse_hex(struct u256 *out, const char *s, size_t len);

#endif
