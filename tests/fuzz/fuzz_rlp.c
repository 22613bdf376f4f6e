/*
 * Any bytes as RLP: what the reader accepts is canonical, so writing it again gives the same bytes.
 */
#include "chain/rlp.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void numbers(const struct rlp_item *it, struct buf *b)
{
	struct rlp_writer w;
	struct u256 big;
	uint64_t v;

	rlp_init(&w, b);
	if (rlp_item_u64(it, &v)) {
		buf_clear(b);
		rlp_u64(&w, v);
		MUST(b->n == it->whole.n && !memcmp(b->p, it->whole.p, b->n));
		MUST(rlp_item_u256(it, &big) && u256_fits_u64(big) && big.w[0] == v);
	}
	if (rlp_item_u256(it, &big)) {
		buf_clear(b);
		rlp_u256(&w, big);
		MUST(b->n == it->whole.n && !memcmp(b->p, it->whole.p, b->n));
	}
}

static void walk(struct bytes in, unsigned depth, struct buf *b)
{
	struct rlp_writer w;
	struct rlp_item it;
	const uint8_t *end = in.p + in.n;

	while (rlp_next(&in, &it)) {
		MUST(it.whole.p + it.whole.n == in.p && in.p + in.n == end);
		MUST(it.payload.p + it.payload.n == it.whole.p + it.whole.n);
		buf_clear(b);
		rlp_init(&w, b);
		if (it.list) {
			rlp_list(&w);
			rlp_raw(&w, it.payload.p, it.payload.n);
			rlp_list_end(&w);
		} else {
			rlp_bytes(&w, it.payload.p, it.payload.n);
		}
		MUST(b->n == it.whole.n && !memcmp(b->p, it.whole.p, b->n));
		if (it.list && depth < 50)
			walk(it.payload, depth + 1, b);
		else if (!it.list)
			numbers(&it, b);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b;

	buf_init(&b, 1u << 24);
	walk((struct bytes){data, size}, 0, &b);
	buf_free(&b);
	return 0;
}
