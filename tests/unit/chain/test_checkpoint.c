/*
 * Checkpoint roots against the node's own answers (world/bttc/roots.json) and the synthetic vector.
 */
#include "chain/checkpoint.h"

#include "chain/keccak.h"
#include "lib/check.h"
#include "lib/recording.h"

#define BLOCKS 7779

static struct arena *mem;
static struct hash32 leaves[BLOCKS];

static int load_leaves(void **state)
{
	struct recording *r = recording_open("world/bttc");
	struct rec_block b;

	(void)state;
	mem = arena_new(1u << 30);
	for (size_t i = 0; i < BLOCKS; i++) {
		assert_true(recording_next(r, mem, &b));
		assert_int_equal(b.h.number, i);
		checkpoint_leaf(&leaves[i], &b.h);
		arena_reset(mem);
	}
	assert_false(recording_next(r, mem, &b));
	recording_close(r);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static size_t check_roots(struct jval list)
{
	struct jiter it;
	struct jval v;
	size_t n = 0;

	for (json_iter(list, &it); json_next(&it, &v); n++) {
		uint64_t start = rec_u64(rec_get(v, "start")), end = rec_u64(rec_get(v, "end"));
		struct hash32 got = {{0}}, want;

		assert_true(start <= end && end < BLOCKS);
		rec_fixed(rec_get(v, "root"), want.b, 32);
		checkpoint_root(&got, leaves + start, end - start + 1);
		assert_memory_equal(got.b, want.b, 32);
	}
	return n;
}

static void node_roots(void **state)
{
	struct json_parser *p;
	struct jval root;

	(void)state;
	p = rec_file("recordings/world/bttc/roots.json", &root);
	assert_int_equal(check_roots(rec_get(root, "ranges")), 65);
	assert_int_equal(check_roots(rec_get(root, "extra")), 16);
	rec_file_free(p);
}

static void synthetic_three_leaves(void **state)
{
	struct hash32 leaf[3], want, root;
	struct json_parser *p;
	struct jval v, x;
	struct jiter it;
	size_t n = 0;

	(void)state;
	p = rec_file("vectors/synthetic_checkpoint_root_3_leaves.json", &v);
	for (json_iter(rec_get(v, "headers"), &it); json_next(&it, &x); n++) {
		struct header h = {0};

		h.number = rec_u64(rec_get(x, "number"));
		h.time = rec_u64(rec_get(x, "timestamp"));
		rec_fixed(rec_get(x, "transactionsRoot"), h.tx_root.b, 32);
		rec_fixed(rec_get(x, "receiptsRoot"), h.receipts_root.b, 32);
		checkpoint_leaf(&leaf[n], &h);
	}
	n = 0;
	for (json_iter(rec_get(v, "leaves"), &it); json_next(&it, &x); n++) {
		rec_fixed(x, want.b, 32);
		assert_memory_equal(leaf[n].b, want.b, 32);
	}
	assert_int_equal(n, 3);
	rec_fixed(rec_get(v, "root"), want.b, 32);
	checkpoint_root(&root, leaf, 3);
	assert_memory_equal(root.b, want.b, 32);
	rec_file_free(p);
}

/* The rule word by word: a padded array, halved until one is left. */
static void plain_root(struct hash32 *out, const struct hash32 *leaf, size_t n)
{
	size_t width = 1;
	struct hash32 *a;

	while (width < n)
		width *= 2;
	a = arena_calloc(mem, width, sizeof(*a));
	memcpy(a, leaf, n * sizeof(*a));
	for (; width > 1; width /= 2)
		for (size_t i = 0; i < width / 2; i++)
			keccak256(&a[i], &a[2 * i], 64);
	*out = a[0];
	arena_reset(mem);
}

static void every_size(void **state)
{
	struct checkpoint_tree t;
	struct hash32 want, got;

	(void)state;
	checkpoint_tree_init(&t);
	got.b[0] = 0x5a;
	assert_false(checkpoint_tree_root(&got, &t));
	checkpoint_root(&got, leaves, 0);
	assert_int_equal(got.b[0], 0x5a);
	for (size_t n = 1; n <= 300; n++) {
		checkpoint_tree_add(&t, &leaves[n - 1]);
		assert_true(checkpoint_tree_root(&got, &t));
		plain_root(&want, leaves, n);
		assert_memory_equal(got.b, want.b, 32);
		checkpoint_root(&got, leaves, n);
		assert_memory_equal(got.b, want.b, 32);
	}
	checkpoint_root(&got, leaves, 1);
	assert_memory_equal(got.b, leaves[0].b, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(node_roots),
		cmocka_unit_test(synthetic_three_leaves),
		cmocka_unit_test(every_size),
	};

	return cmocka_run_group_tests(tests, load_leaves, drop);
}
