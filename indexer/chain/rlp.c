/*
 * Recursive Length Prefix. The writer appends to a buf; a list is closed by moving its payload to
 * make room for the prefix, which for the sizes here (below a few KB) is cheaper than a first pass
 * that counts. The reader accepts canonical RLP only: shortest prefixes, no single byte below 0x80
 * behind a prefix, nothing reaching outside its list.
 */
#include "chain/rlp.h"

#include <string.h>

void rlp_init(struct rlp_writer *w, struct buf *b)
{
	*w = (struct rlp_writer){.b = b};
}

size_t rlp_prefix(uint8_t out[9], uint8_t base, size_t n)
{
	size_t k = 0;

	if (n < 56) {
		out[0] = (uint8_t)(base + n);
		return 1;
	}
	for (size_t v = n; v; v >>= 8)
		k++;
	out[0] = (uint8_t)(base + 55 + k);
	for (size_t i = 0; i < k; i++)
		out[1 + i] = (uint8_t)(n >> 8 * (k - 1 - i));
	return 1 + k;
}

void rlp_bytes(struct rlp_writer *w, const void *p, size_t n)
{
	uint8_t head[9];

	if (n == 1 && *(const uint8_t *)p < 0x80) {
		buf_add(w->b, p, 1);
		return;
	}
	buf_add(w->b, head, rlp_prefix(head, 0x80, n));
	buf_add(w->b, p, n);
}

void rlp_u64(struct rlp_writer *w, uint64_t v)
{
	uint64_t be = __builtin_bswap64(v);
	size_t skip = v ? (size_t)__builtin_clzll(v) / 8 : 8;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	be = v;
#endif
	rlp_bytes(w, (const uint8_t *)&be + skip, 8 - skip);
}

void rlp_u256(struct rlp_writer *w, struct u256 v)
{
	uint8_t be[32];
	size_t n = (u256_bits(v) + 7) / 8;

	u256_to_be(be, v);
	rlp_bytes(w, be + 32 - n, n);
}

void rlp_raw(struct rlp_writer *w, const void *p, size_t n)
{
	buf_add(w->b, p, n);
}

void rlp_list(struct rlp_writer *w)
{
	if (w->depth >= sizeof(w->start) / sizeof(*w->start))
		(void)buf_reserve(w->b, SIZE_MAX); /* marks the buffer bad */
	else
		w->start[w->depth] = w->b->n;
	w->depth++;
}

void rlp_list_end(struct rlp_writer *w)
{
	uint8_t head[9];
	size_t start, n, k;

	w->depth--;
	if (w->b->bad)
		return;
	start = w->start[w->depth];
	n = w->b->n - start;
	k = rlp_prefix(head, 0xc0, n);
	if (!buf_add(w->b, head, k)) /* makes room; the place is put right below */
		return;
	memmove(w->b->p + start + k, w->b->p + start, n);
	memcpy(w->b->p + start, head, k);
}

/* Length of a long form: k big-endian bytes at p, no leading zero, at least 56. */
static bool long_length(const uint8_t *p, size_t k, size_t *out)
{
	uint64_t v = 0;

	if (!p[0])
		return false;
	for (size_t i = 0; i < k; i++)
		v = v << 8 | p[i];
	if (v < 56 || v > SIZE_MAX)
		return false;
	*out = (size_t)v;
	return true;
}

bool rlp_next(struct bytes *in, struct rlp_item *out)
{
	const uint8_t *p = in->p;
	size_t head = 1, n = 0, k;
	uint8_t base;

	if (!in->n)
		return false;
	if (p[0] < 0x80) {
		*out = (struct rlp_item){false, {p, 1}, {p, 1}};
		*in = (struct bytes){p + 1, in->n - 1};
		return true;
	}
	base = p[0] < 0xc0 ? 0x80 : 0xc0;
	if (p[0] - base < 56) {
		n = (size_t)(p[0] - base);
	} else {
		k = (size_t)(p[0] - base - 55);
		if (in->n - 1 < k || !long_length(p + 1, k, &n))
			return false;
		head += k;
	}
	if (in->n - head < n || (base == 0x80 && n == 1 && p[1] < 0x80))
		return false;
	*out = (struct rlp_item){base == 0xc0, {p + head, n}, {p, head + n}};
	*in = (struct bytes){p + head + n, in->n - head - n};
	return true;
}

bool rlp_item_u64(const struct rlp_item *it, uint64_t *out)
{
	uint64_t v = 0;

	if (it->list || it->payload.n > 8 || (it->payload.n && !it->payload.p[0]))
		return false;
	for (size_t i = 0; i < it->payload.n; i++)
		v = v << 8 | it->payload.p[i];
	*out = v;
	return true;
}

bool rlp_item_u256(const struct rlp_item *it, struct u256 *out)
{
	if (it->list || it->payload.n > 32 || (it->payload.n && !it->payload.p[0]))
		return false;
	*out = u256_be_n(it->payload.p, it->payload.n);
	return true;
}
