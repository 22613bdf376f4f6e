#ifndef CHAIN_RLP_H
#define CHAIN_RLP_H

#include "base/buf.h"
#include "chain/types.h"

/* Writing. A list is its payload between rlp_list and rlp_list_end; nesting to 8 levels. */
struct rlp_writer {
	struct buf *b;
	size_t start[8];
	unsigned depth;
};

/**
 * Prefix of a string (base 0x80) or list (base 0xc0) of n payload bytes. Returns its length, 1..9.
 */
size_t rlp_prefix(uint8_t out[9], uint8_t base, size_t n);

/* Errors are the buffer's: look at b->bad at the end (also set when nested too deep). */
void rlp_init(struct rlp_writer *w, struct buf *b);
void rlp_bytes(struct rlp_writer *w, const void *p, size_t n);
void rlp_u64(struct rlp_writer *w, uint64_t v); /* minimal big-endian; zero is the empty string */
void rlp_u256(struct rlp_writer *w, struct u256 v);
void rlp_raw(struct rlp_writer *w, const void *p, size_t n); /* already RLP */
void rlp_list(struct rlp_writer *w);
void rlp_list_end(struct rlp_writer *w);

/* Reading: strict canonical RLP. */
struct rlp_item {
	bool list;
	struct bytes payload;  /* content without the prefix */
	struct bytes whole;    /* with the prefix */
};

/** Take the next item off *in. False when *in is empty, truncated or not canonical. */
bool rlp_next(struct bytes *in, struct rlp_item *out);
bool rlp_item_u64(const struct rlp_item *it, uint64_t *out);   /* no leading zeros, <= 8 bytes */
bool rlp_item_u256(const struct rlp_item *it, struct u256 *out);

#endif
