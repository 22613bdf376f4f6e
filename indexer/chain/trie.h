#ifndef CHAIN_TRIE_H
#define CHAIN_TRIE_H

#include "base/buf.h"
#include "base/err.h"
#include "chain/types.h"

/** Root of the Merkle-Patricia trie rlp(index) -> values[index], as block headers use it. */
void trie_root(struct hash32 *out, const struct bytes *values, size_t n);

/** What a parent node holds of a child: the node itself when it is short, else the string of its hash. */
struct trie_ref {
	uint8_t b[33];
	uint8_t n;
};

/**
 * The same in two steps: hashing the leaves, which is nearly all the work, and what stands above them.
 * out, leaves: n, in an order of their own.
 */
void trie_leaves(struct trie_ref *out, const struct bytes *values, size_t n);
void trie_root_of(struct hash32 *out, const struct trie_ref *leaves, size_t n);

/** Root of the trie without entries: keccak256(0x80). */
extern const struct hash32 trie_empty_root;

/**
 * Proof that values[index] is in that trie (index < n): the nodes from the root down to the one
 * that holds the value, each as RLP; nodes of less than 32 bytes lie inside their parent and are
 * not listed.
 */
void trie_prove(const struct bytes *values, size_t n, size_t index, struct arena *mem,
	struct bytes **nodes, size_t *node_count);

/**
 * The nodes that prove all wanted values at once, root first, none twice; wanted[i]: values[i] is
 * wanted. leaves: of trie_leaves. What trie_pick takes a single proof from.
 */
struct trie_values {
	const struct bytes *v;
	const struct trie_ref *leaves;
	size_t n;
};
void trie_prove_many(const struct trie_values *t, const bool *wanted, struct arena *mem,
	struct bytes **nodes, size_t *node_count);

/**
 * The proof of one index out of a heap of nodes in any order, others among them. The nodes stay
 * where they are.
 * Errors: ERR_REJECT as trie_verify, or a node of the path is not in the heap.
 */
MUST_USE enum err_kind trie_pick(const struct hash32 *root, uint64_t index,
	const struct bytes *heap, size_t heap_count, struct arena *mem, struct bytes **nodes,
	size_t *node_count, struct err *e);

/**
 * Check a proof offline. The value found under rlp(index) is put in *value (pointing into nodes).
 * Errors: ERR_REJECT a node does not hash to its reference, is malformed, is superfluous, or the
 * key is absent.
 */
MUST_USE enum err_kind trie_verify(const struct hash32 *root, uint64_t index,
	const struct bytes *nodes, size_t node_count, struct bytes *value, struct err *e);

#endif
