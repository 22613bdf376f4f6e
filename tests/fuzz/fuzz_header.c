/*
 * Any bytes as a header. What header_decode accepts is written again byte for byte, hashes to what
 * it says, and matches its own layout; the checks of BTTC must only refuse or accept.
 */
#include "chain/header.h"
#include "chain/keccak.h"
#include "verify/block.h"
#include "verify/sprint.h"

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

static void check(const struct header *h, const uint8_t *data, size_t size)
{
	struct header_check c;
	struct hash32 hash;
	struct sprint s;
	struct buf b;
	struct err e;
	unsigned layout;

	buf_init(&b, 1u << 24);
	header_rlp(&b, h);
	MUST(b.n == size && !memcmp(b.p, data, size));
	buf_free(&b);
	header_hash(&hash, h);
	MUST(hash_eq(&hash, &h->hash));
	MUST(header_match(h, &layout) && layout == h->has);
	MUST(!verify_header(HEADER_ETHEREUM, h->number, h, &c, &e));
	if (!verify_header(HEADER_BTTC, h->number, h, &c, &e))
		MUST(c.has_author == (h->number != 0) && !h->has);
	if (!sprint_load(&s, h, &e)) {
		MUST(s.count > 0 && s.count <= SPRINT_PRODUCERS_MAX);
		MUST(h->extra.n == 97 + 40 * s.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_new(1u << 26);
	struct header h;
	struct err e;

	if (header_decode(&h, (struct bytes){data, size}, mem, &e))
		MUST(e.kind == ERR_REJECT && e.msg[0]);
	else
		check(&h, data, size);
	arena_free(mem);
	return 0;
}
