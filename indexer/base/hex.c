/*
 * Hexadecimal text to bytes and back. 32 digits at a time as two vectors of 16 bytes, which every machine
 * has (compilers take wider ones apart, byte by byte); what is left by a table lookup a digit.
 */
#include "base/hex.h"

#include <string.h>

/* Value of a digit plus one; 0 for every other character. */
static const int8_t digit[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
	['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

void hex_encode(char *out, const void *p, size_t n)
{
	static const char text[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = text[b[i] >> 4];
		out[2 * i + 1] = text[b[i] & 15];
	}
}

#define WIDE 16 /* digits in a vector, bytes that two of them make */

typedef uint8_t digits __attribute__((vector_size(WIDE)));
typedef uint16_t pairs __attribute__((vector_size(WIDE)));

/* The values of 16 digits; sets bits of *bad where a character is none. */
static inline digits values(const uint8_t *t, digits *bad)
{
	digits c, number, letter, is_number, is_letter;

	memcpy(&c, t, sizeof(c));
	number = c - '0';
	letter = (c | 0x20) - 'a';
	is_number = (digits)(number < 10);
	is_letter = (digits)(letter < 6);
	*bad |= ~(is_number | is_letter);
	return (number & is_number) | ((letter + 10) & is_letter);
}

/* Every second byte of the result is a byte of the text. */
static inline digits joined(digits v)
{
	pairs p = (pairs)v;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (digits)((p << 4 | p >> 8) & 255);
#else
	return (digits)((p >> 4 | p) << 8);
#endif
}

/* 32 digits to 16 bytes. */
static inline void decode_wide(uint8_t *out, const uint8_t *t, digits *bad)
{
	digits bytes = __builtin_shufflevector(joined(values(t, bad)), joined(values(t + WIDE, bad)), 0, 2,
		4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);

	memcpy(out, &bytes, sizeof(bytes));
}

bool hex_decode(uint8_t *out, const char *s, size_t n)
{
	const uint8_t *t = (const uint8_t *)s;
	digits wide = {0}, none = {0};
	int bad = 0;

	for (; n >= WIDE; n -= WIDE, t += 2 * WIDE, out += WIDE)
		decode_wide(out, t, &wide);
	for (size_t i = 0; i < n; i++) {
		int hi = digit[t[2 * i]] - 1, lo = digit[t[2 * i + 1]] - 1;

		bad |= hi | lo;
		out[i] = (uint8_t)((unsigned)hi << 4 | (unsigned)lo);
	}
	return bad >= 0 && !memcmp(&wide, &none, sizeof(wide));
}

bool hex_fixed(uint8_t *out, size_t n, const char *s, size_t len)
{
	return len == 2 * n + 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
		hex_decode(out, s + 2, n);
}

bool hex_u64(uint64_t *out, const char *s, size_t len)
{
	uint64_t v = 0;

	if (len < 3 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return false;
	for (size_t i = 2; i < len; i++) {
		int d = digit[(uint8_t)s[i]] - 1;

		if (d < 0 || v >> 60)
			return false;
		v = v << 4 | (unsigned)d;
	}
	*out = v;
	return true;
}
