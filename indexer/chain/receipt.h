#ifndef CHAIN_RECEIPT_H
#define CHAIN_RECEIPT_H

#include "base/buf.h"
#include "chain/types.h"

/** Receipt as the trie holds it: [type byte] RLP[status or root, cumulative gas, bloom, logs]. */
void receipt_encode(struct buf *out, const struct receipt *r);

/** The bloom that the receipt's logs must have. */
void receipt_bloom(uint8_t out[256], const struct receipt *r);

#endif
