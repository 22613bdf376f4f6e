/* Hexadecimal text to bytes and back. A table lookup a digit; the two halves are checked together. */
#include "base/hex.h"

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

bool hex_decode(uint8_t *out, const char *s, size_t n)
{
	const uint8_t *t = (const uint8_t *)s;
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		int hi = digit[t[2 * i]] - 1, lo = digit[t[2 * i + 1]] - 1;

		bad |= hi | lo;
		out[i] = (uint8_t)((unsigned)hi << 4 | (unsigned)lo);
	}
	return bad >= 0;
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
