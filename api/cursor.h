#ifndef API_CURSOR_H
#define API_CURSOR_H

#include "base/err.h"
#include "chain/types.h"

/*
 * Where a page ended, as opaque text that the client hands back. It holds one position a listed
 * chain and is bound to the path and its filters by a checksum; positions are not secret, and a
 * forged one could only ask for another place of the same list, so there is no key.
 */
#define CURSOR_CHAINS   16
#define CURSOR_TEXT_MAX 1024

struct cursor_pos {
	bool given;   /* false: this chain starts at its end of the list */
	bool guarded; /* hash is the block of the last row given out; it must still be canonical */
	uint64_t block; /* next rows are strictly beyond (block, log_index), in the list's order */
	uint32_t log_index;
	struct hash32 hash;
};

struct cursor {
	size_t n;
	struct cursor_pos pos[CURSOR_CHAINS]; /* in the order of the listed chains */
};

/** Text of c, NUL-terminated, URL-safe. `bound`: hash over path and filters. */
void cursor_encode(const struct cursor *c, const struct hash32 *bound, char out[CURSOR_TEXT_MAX]);

/** False for text that cursor_encode did not make for this `bound`. */
MUST_USE bool cursor_decode(
	struct cursor *out, const struct hash32 *bound, const char *s, size_t n);

#endif
