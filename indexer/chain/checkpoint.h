#ifndef CHAIN_CHECKPOINT_H
#define CHAIN_CHECKPOINT_H

#include "chain/types.h"

/*
 * The root that a checkpoint commits to (bttc:consensus/bor/api.go): leaves padded with 32 zero
 * bytes to a power of two, parent = keccak256(left || right).
 */

/** Leaf of a block: keccak256(number32 || time32 || transactionsRoot || receiptsRoot). */
void checkpoint_leaf(struct hash32 *out, const struct header *h);

/** The tree in constant memory: add leaves in block order, ask for the root at any time. */
struct checkpoint_tree {
	struct hash32 part[40]; /* part[k]: root of 2^k leaves, when bit k of count is set */
	uint64_t count;
};
void checkpoint_tree_init(struct checkpoint_tree *t);
void checkpoint_tree_add(struct checkpoint_tree *t, const struct hash32 *leaf);
bool checkpoint_tree_root(struct hash32 *root, const struct checkpoint_tree *t); /* false: empty */

#define CHECKPOINT_PATH_MAX 16 /* a node makes roots over at most 2^15 blocks */

/**
 * The siblings of leaf `at` from the bottom up, ceil(log2(n)) of them, at most CHECKPOINT_PATH_MAX.
 * Returns how many; SIZE_MAX: at >= n, or n is over 2^CHECKPOINT_PATH_MAX.
 */
size_t checkpoint_path(struct hash32 out[CHECKPOINT_PATH_MAX], const struct hash32 *leaves,
	size_t n, size_t at, struct arena *mem);

/** The root that a leaf at that position and its siblings give. */
void checkpoint_path_root(struct hash32 *root, const struct hash32 *leaf, uint64_t at,
	const struct hash32 *path, size_t n);

/** Root over leaves in block order; *root untouched when n is 0. */
void checkpoint_root(struct hash32 *root, const struct hash32 *leaves, size_t n);

#endif
