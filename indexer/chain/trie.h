#ifndef CHAIN_TRIE_H
#define CHAIN_TRIE_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/** Root of the Merkle-Patricia trie rlp(index) -> values[index], as block headers use it. */
void trie_root(struct hash32 *out, const struct bytes *values, size_t n, struct arena *mem);

/** Proof (list of RLP nodes, root first) that values[index] is in that trie. */
void trie_prove(const struct bytes *values, size_t n, size_t index, struct arena *mem,
	struct bytes **nodes, size_t *node_count);

/**
 * Check a proof offline. The value found under rlp(index) is put in *value (pointing into nodes).
 * Errors: ERR_REJECT a node does not hash to its reference, is malformed, is superfluous, or the
 * key is absent.
 */
MUST_USE enum err_kind trie_verify(const struct hash32 *root, uint64_t index,
	const struct bytes *nodes, size_t node_count, struct bytes *value, struct err *e);

/** Receipt as the trie holds it: [type byte] RLP[status or root, cumulative gas, bloom, logs]. */
void receipt_encode(struct buf *out, const struct receipt *r);

/**
 * Transaction as the trie holds it: legacy, 1 (access list), 2 (fee market), 3 (blob), 4 (set code).
 * Its keccak256 is the transaction hash.
 * Errors: ERR_REJECT a type that we can not encode.
 */
MUST_USE enum err_kind tx_encode(struct buf *out, const struct tx *tx, struct err *e);

/**
 * Account that signed a transaction, recovered from v, r, s.
 * Errors: ERR_REJECT as tx_encode, or the signature recovers to nothing.
 */
MUST_USE enum err_kind tx_sender(struct address *out, const struct tx *tx, struct err *e);

/** Checkpoint root of protocol.md 3.6 over leaves in block order; *root untouched when n is 0. */
void checkpoint_leaf(struct hash32 *out, const struct header *h);
void checkpoint_root(struct hash32 *root, const struct hash32 *leaves, size_t n, struct arena *mem);

#endif
