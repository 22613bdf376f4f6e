#ifndef CHAIN_AGREED_H
#define CHAIN_AGREED_H

#include "chain/types.h"

/**
 * SHA-256 over what is kept of a block: number, hash, logs and transactions with their status, in the form
 * that schema/evidence/README.md ("TRON") defines. Two endpoints that say the same give the same digest.
 */
void agreed_digest(struct hash32 *out, const struct block *b);

#endif
