/*
 * Roots of checkpoints. The tree is a binary counter of complete subtrees, so any number of blocks
 * takes 40 hashes of memory; missing leaves on the right are subtrees of zeros, whose roots are
 * folded in at the end.
 */
#include "chain/checkpoint.h"

#include "chain/keccak.h"

static void parent(struct hash32 *out, const struct hash32 *left, const struct hash32 *right)
{
	uint8_t pair[64];

	memcpy(pair, left->b, 32);
	memcpy(pair + 32, right->b, 32);
	keccak256(out, pair, sizeof(pair));
}

void checkpoint_leaf(struct hash32 *out, const struct header *h)
{
	uint8_t leaf[128];

	u256_to_be(leaf, u256_u64(h->number));
	u256_to_be(leaf + 32, u256_u64(h->time));
	memcpy(leaf + 64, h->tx_root.b, 32);
	memcpy(leaf + 96, h->receipts_root.b, 32);
	keccak256(out, leaf, sizeof(leaf));
}

void checkpoint_tree_init(struct checkpoint_tree *t)
{
	t->count = 0;
}

void checkpoint_tree_add(struct checkpoint_tree *t, const struct hash32 *leaf)
{
	struct hash32 h = *leaf;
	unsigned level = 0;

	for (; t->count >> level & 1; level++)
		parent(&h, &t->part[level], &h);
	t->part[level] = h;
	t->count++;
}

bool checkpoint_tree_root(struct hash32 *root, const struct checkpoint_tree *t)
{
	struct hash32 zero = {{0}}, h = zero;
	bool started = false;

	if (!t->count)
		return false;
	for (unsigned level = 0; t->count >> level; level++) {
		bool last = !(t->count >> level >> 1);
		bool set = t->count >> level & 1;

		if (last && !started)
			h = t->part[level];
		else if (set)
			parent(&h, &t->part[level], started ? &h : &zero);
		else if (started)
			parent(&h, &h, &zero);
		started = started || set;
		parent(&zero, &zero, &zero);
	}
	*root = h;
	return true;
}

void checkpoint_root(struct hash32 *root, const struct hash32 *leaves, size_t n)
{
	struct checkpoint_tree t;

	checkpoint_tree_init(&t);
	for (size_t i = 0; i < n; i++)
		checkpoint_tree_add(&t, &leaves[i]);
	(void)checkpoint_tree_root(root, &t);
}

size_t checkpoint_path(struct hash32 out[CHECKPOINT_PATH_MAX], const struct hash32 *leaves,
	size_t n, size_t at, struct arena *mem)
{
	size_t width = 1, depth = 0;
	struct hash32 *row;

	if (at >= n || n > (size_t)1 << CHECKPOINT_PATH_MAX)
		return SIZE_MAX;
	while (width < n)
		width *= 2;
	row = arena_calloc(mem, width, sizeof(*row)); /* padded with zero leaves */
	memcpy(row, leaves, n * sizeof(*row));
	for (; width > 1; width /= 2, at /= 2) {
		out[depth++] = row[at ^ 1];
		for (size_t i = 0; i < width / 2; i++)
			parent(&row[i], &row[2 * i], &row[2 * i + 1]);
	}
	return depth;
}

void checkpoint_path_root(struct hash32 *root, const struct hash32 *leaf, uint64_t at,
	const struct hash32 *path, size_t n)
{
	*root = *leaf;
	for (size_t i = 0; i < n; i++, at /= 2) {
		const struct hash32 here = *root;

		if (at % 2)
			parent(root, &path[i], &here);
		else
			parent(root, &here, &path[i]);
	}
}
