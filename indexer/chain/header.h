#ifndef CHAIN_HEADER_H
#define CHAIN_HEADER_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/** RLP of the header in the layout that h->has names (15 fields, then the optional ones in order). */
void header_rlp(struct buf *out, const struct header *h);

/** keccak256 of header_rlp. */
void header_hash(struct hash32 *out, const struct header *h);

/** Decode header RLP (15 to 21 fields). Errors: ERR_REJECT naming the field. `hash` is computed. */
MUST_USE enum err_kind header_decode(struct header *out, struct bytes rlp, struct arena *mem,
	struct err *e);

/** Hash that a BTTC producer signs: 15 fields, extraData without its last 65 bytes, never baseFee. */
bool header_seal_hash(struct hash32 *out, const struct header *h);

/**
 * Author of a BTTC block: recovered from the last 65 bytes of extraData. False when extraData is
 * shorter than 97 bytes or the signature recovers to nothing. Genesis (number 0) has none.
 */
bool header_author(struct address *out, const struct header *h);

#define BTTC_SPRINT 64

/** The producer set that a sprint-end header announces: (address, power) ascending by address. */
struct producer {
	struct address address;
	uint64_t power;
};
MUST_USE enum err_kind header_producers(const struct header *h, struct arena *mem,
	struct producer **out, size_t *n, struct err *e);

#endif
