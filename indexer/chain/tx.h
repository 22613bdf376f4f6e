#ifndef CHAIN_TX_H
#define CHAIN_TX_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/**
 * Transaction as the trie holds it: legacy, 1 (access list), 2 (fee market), 3 (blob), 4 (set
 * code). Its keccak256 is the transaction hash.
 * Errors: ERR_REJECT a type that we can not encode.
 */
MUST_USE enum err_kind tx_encode(struct buf *out, const struct tx *tx, struct err *e);

/**
 * Account that signed a transaction, recovered from v, r, s.
 * Errors: ERR_REJECT as tx_encode, or the signature recovers to nothing.
 */
MUST_USE enum err_kind tx_sender(struct address *out, const struct tx *tx, struct err *e);

/**
 * The same of an encoded transaction (tx_encode), whatever its type: signed is all but the signature.
 * Errors: ERR_REJECT it is malformed, or the signature recovers to nothing.
 */
MUST_USE enum err_kind tx_raw_sender(struct address *out, struct bytes raw, struct err *e);

#endif
