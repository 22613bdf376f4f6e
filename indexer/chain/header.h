#ifndef CHAIN_HEADER_H
#define CHAIN_HEADER_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/**
 * RLP of the header in the layout that h->has names: 15 fields, then the optional ones in order of
 * their HEADER_* bit; one that is absent below one that is present is the empty string, as nodes
 * do. h->more is not part of it.
 */
void header_rlp(struct buf *out, const struct header *h);

/** keccak256 of header_rlp; allocates nothing. */
void header_hash(struct hash32 *out, const struct header *h);

/** Block hashes, each as header_hash gives it, of at most HEADERS_TOGETHER headers. */
#define HEADERS_TOGETHER 64
void header_hash_many(struct hash32 *out, const struct header *h, size_t n);

/**
 * Seal hashes likewise, as header_seal_hash gives them; every extraData has 97 bytes at least, or the
 * result is of no use.
 */
void header_seal_hash_many(struct hash32 *out, const struct header *h, size_t n);

#define HEADER_ALL  31   /* all HEADER_* bits */
#define HEADER_MORE 256  /* in a layout: items of h->more follow the known fields */

/**
 * Find the layout under which h hashes to h->hash: first h->has, then every other set of optional
 * fields, then all known fields with unknown ones of h->more behind them (at most four, any
 * selection in order). Sets *layout to HEADER_* bits. False when none fits.
 */
bool header_match(const struct header *h, unsigned *layout);

/** Decode header RLP (15 to 21 fields). Errors: ERR_REJECT naming the field. `hash` is computed. */
MUST_USE enum err_kind header_decode(struct header *out, struct bytes rlp, struct arena *mem,
	struct err *e);

/**
 * Hash that a BTTC producer signs: 15 fields, extraData without its last 65 bytes, never baseFee.
 * False when extraData is shorter than 97 bytes.
 */
bool header_seal_hash(struct hash32 *out, const struct header *h);

/**
 * Author of a BTTC block: recovered from the last 65 bytes of extraData. False when extraData is
 * shorter than 97 bytes or the signature recovers to nothing. Genesis (number 0) has none.
 */
bool header_author(struct address *out, const struct header *h);

#define BTTC_SPRINT 64

struct producer {
	struct address address;
	uint64_t power;
};

/**
 * Is the producer set that a sprint-end header ((number + 1) % 64 == 0) announces well formed? It
 * is in force from the next block on, strictly ascending by address. *n: its size, at least 1.
 * Errors: ERR_REJECT not a sprint end, a length that is not 97 + 40k with k > 0, wrong order, a
 * power of zero or over 64 bits.
 */
MUST_USE enum err_kind header_check_producers(const struct header *h, size_t *n, struct err *e);

/** Copy the n producers of a header that passed header_check_producers. */
void header_copy_producers(const struct header *h, struct producer *out, size_t n);

/** Both in one: the set in the arena. */
MUST_USE enum err_kind header_producers(const struct header *h, struct arena *mem,
	struct producer **out, size_t *n, struct err *e);

#endif
