#ifndef CHAIN_RECEIPT_H
#define CHAIN_RECEIPT_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/** Receipt as the trie holds it: [type byte] RLP[status or root, cumulative gas, bloom, logs]. */
void receipt_encode(struct buf *out, const struct receipt *r);

/**
 * The reverse of receipt_encode, strict: canonical RLP, nothing missing or left over, at most 4
 * topics a log. tx_hash, indexes and gas_used are not part of the encoding and stay zero; logs are
 * in mem, their data points into `in`.
 * Errors: ERR_REJECT naming the part.
 */
MUST_USE enum err_kind receipt_decode(
	struct receipt *out, struct bytes in, struct arena *mem, struct err *e);

/** The bloom that the receipt's logs must have. */
void receipt_bloom(uint8_t out[256], const struct receipt *r);

#endif
