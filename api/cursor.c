/*
 * Cursor text is base64url of: version, number of chains, then a chain: flags, block (8), log index
 * (4) and, when guarded, block hash (32), all big-endian; last 8 bytes of checksum. The checksum
 * covers the list's path and filters, so a cursor of another list, or a damaged one, does not
 * decode.
 */
#include "api/cursor.h"

#include "chain/keccak.h"

#include <string.h>

enum { VERSION = 1, GIVEN = 1, GUARDED = 2, SUM = 8 };
enum { RAW_MAX = 2 + CURSOR_CHAINS * (1 + 8 + 4 + 32) + SUM };

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void base64(char *out, const uint8_t *p, size_t n)
{
	uint32_t word = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++) {
		word = word << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = DIGITS[word >> (bits - 6) & 63];
	}
	if (bits)
		*out++ = DIGITS[word << (6 - bits) & 63];
	*out = 0;
}

/* Returns the number of bytes, or 0 for text that base64() would not have written. */
static size_t unbase64(uint8_t *out, size_t max, const char *s, size_t n)
{
	uint32_t word = 0;
	unsigned bits = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *d = s[i] ? strchr(DIGITS, s[i]) : NULL;

		if (!d)
			return 0;
		word = word << 6 | (uint32_t)(d - DIGITS);
		bits += 6;
		if (bits < 8)
			continue;
		if (used == max)
			return 0;
		bits -= 8;
		out[used++] = (uint8_t)(word >> bits);
	}
	return bits >= 6 || (word & ((1u << bits) - 1)) ? 0 : used;
}

static void checksum(uint8_t out[SUM], const struct hash32 *bound, const uint8_t *p, size_t n)
{
	uint8_t all[RAW_MAX + sizeof(bound->b)];
	struct hash32 h;

	memcpy(all, bound->b, sizeof(bound->b));
	memcpy(all + sizeof(bound->b), p, n);
	sha256(&h, all, sizeof(bound->b) + n);
	memcpy(out, h.b, SUM);
}

static uint8_t *put(uint8_t *p, uint64_t v, unsigned bytes)
{
	while (bytes--)
		*p++ = (uint8_t)(v >> 8 * bytes);
	return p;
}

static uint64_t take(const uint8_t **p, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *(*p)++;
	return v;
}

void cursor_encode(const struct cursor *c, const struct hash32 *bound, char out[CURSOR_TEXT_MAX])
{
	uint8_t raw[RAW_MAX], *p = raw;

	_Static_assert((RAW_MAX * 4 + 2) / 3 < CURSOR_TEXT_MAX, "a cursor fits");
	p = put(p, VERSION, 1);
	p = put(p, c->n, 1);
	for (size_t i = 0; i < c->n; i++) {
		const struct cursor_pos *q = &c->pos[i];

		p = put(p, (q->given ? GIVEN : 0u) | (q->guarded ? GUARDED : 0u), 1);
		if (!q->given)
			continue;
		p = put(p, q->block, 8);
		p = put(p, q->log_index, 4);
		if (q->guarded) {
			memcpy(p, q->hash.b, sizeof(q->hash.b));
			p += sizeof(q->hash.b);
		}
	}
	checksum(p, bound, raw, (size_t)(p - raw));
	base64(out, raw, (size_t)(p - raw) + SUM);
}

static bool take_pos(struct cursor_pos *q, const uint8_t **p, const uint8_t *end)
{
	unsigned flags;

	if (*p == end)
		return false;
	flags = (unsigned)take(p, 1);
	*q = (struct cursor_pos){.given = flags & GIVEN, .guarded = flags & GUARDED};
	if (flags & ~(GIVEN | GUARDED) || flags == GUARDED)
		return false;
	if (!q->given)
		return true;
	if ((size_t)(end - *p) < (q->guarded ? 44u : 12u))
		return false;
	q->block = take(p, 8);
	q->log_index = (uint32_t)take(p, 4);
	if (q->guarded) {
		memcpy(q->hash.b, *p, sizeof(q->hash.b));
		*p += sizeof(q->hash.b);
	}
	return q->block <= INT64_MAX && q->log_index <= INT32_MAX;
}

bool cursor_decode(struct cursor *out, const struct hash32 *bound, const char *s, size_t n)
{
	uint8_t raw[RAW_MAX], sum[SUM];
	size_t used = unbase64(raw, sizeof(raw), s, n);
	const uint8_t *p = raw, *end;
	struct cursor c = {0};

	if (used < 2 + SUM)
		return false;
	end = raw + used - SUM;
	checksum(sum, bound, raw, used - SUM);
	if (memcmp(sum, end, SUM) || take(&p, 1) != VERSION)
		return false;
	c.n = (size_t)take(&p, 1);
	if (c.n > CURSOR_CHAINS)
		return false;
	for (size_t i = 0; i < c.n; i++)
		if (!take_pos(&c.pos[i], &p, end))
			return false;
	*out = c;
	return p == end;
}
