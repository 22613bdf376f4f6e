/*
 * Index tries against an independent, naive trie; proofs that verify, and every damaged proof
 * refused; one real proof of Polygon mainnet (tests/vectors/exit_payload_...).
 */
#include "chain/trie.h"

#include "chain/keccak.h"
#include "chain/rlp.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new(1u << 30);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

/* ---- a trie as the yellow paper writes it: sets of (nibbles, value), by copying ------------- */

struct pair {
	uint8_t key[32];
	unsigned n; /* nibbles */
	struct bytes value;
};

static struct bytes naive_node(const struct pair *set, size_t n, unsigned depth);

static void naive_ref(struct rlp_writer *w, struct bytes node)
{
	struct hash32 h;

	if (node.n < 32) {
		rlp_raw(w, node.p, node.n);
	} else {
		keccak256(&h, node.p, node.n);
		rlp_bytes(w, h.b, 32);
	}
}

static void naive_path(struct rlp_writer *w, const uint8_t *nibbles, unsigned n, bool leaf)
{
	uint8_t raw[40];
	unsigned at = 0, len = 0;

	raw[len] = (uint8_t)((leaf ? 2 : 0) + n % 2) << 4;
	if (n % 2)
		raw[len] |= nibbles[at++];
	len++;
	for (; at < n; at += 2)
		raw[len++] = (uint8_t)(nibbles[at] << 4 | nibbles[at + 1]);
	rlp_bytes(w, raw, len);
}

static void naive_branch(struct rlp_writer *w, const struct pair *set, size_t n, unsigned depth)
{
	for (unsigned nibble = 0; nibble < 16; nibble++) {
		struct pair *sub = arena_calloc(mem, n, sizeof(*sub));
		size_t count = 0;

		for (size_t i = 0; i < n; i++)
			if (set[i].key[depth] == nibble)
				sub[count++] = set[i];
		if (count)
			naive_ref(w, naive_node(sub, count, depth + 1));
		else
			rlp_bytes(w, NULL, 0);
	}
	rlp_bytes(w, NULL, 0);
}

static struct bytes naive_node(const struct pair *set, size_t n, unsigned depth)
{
	struct rlp_writer w;
	struct bytes out;
	unsigned same = depth;
	struct buf b;

	buf_init(&b, 1u << 24);
	rlp_init(&w, &b);
	rlp_list(&w);
	if (n == 1) {
		naive_path(&w, set->key + depth, set->n - depth, true);
		rlp_bytes(&w, set->value.p, set->value.n);
	} else {
		for (bool all = true; all; same += all)
			for (size_t i = 1; i < n; i++)
				all = all && set[i].key[same] == set[0].key[same];
		if (same > depth) {
			naive_path(&w, set->key + depth, same - depth, false);
			struct rlp_writer branch;
			struct buf inner;

			buf_init(&inner, 1u << 20);
			rlp_init(&branch, &inner);
			rlp_list(&branch);
			naive_branch(&branch, set, n, same);
			rlp_list_end(&branch);
			naive_ref(&w, (struct bytes){(uint8_t *)inner.p, inner.n});
			buf_free(&inner);
		} else {
			naive_branch(&w, set, n, depth);
		}
	}
	rlp_list_end(&w);
	out = arena_bytes(mem, b.p, b.n);
	buf_free(&b);
	return out;
}

static void naive_root(struct hash32 *out, const struct bytes *values, size_t n)
{
	struct pair *set = arena_calloc(mem, n, sizeof(*set));
	struct bytes root;
	struct rlp_writer w;
	struct buf b;

	buf_init(&b, 100);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&b);
		rlp_init(&w, &b);
		rlp_u64(&w, i);
		set[i].n = (unsigned)b.n * 2;
		set[i].value = values[i];
		for (size_t k = 0; k < b.n; k++) {
			set[i].key[2 * k] = (uint8_t)b.p[k] >> 4;
			set[i].key[2 * k + 1] = (uint8_t)b.p[k] & 15;
		}
	}
	buf_free(&b);
	root = naive_node(set, n, 0);
	keccak256(out, root.p, root.n);
}

/* ---- values -------------------------------------------------------------------------------- */

/* n random values; `small` gives many below 32 bytes, so that nodes lie inside their parents. */
static struct bytes *random_values(uint64_t *seed, size_t n, bool small)
{
	struct bytes *v = arena_calloc(mem, n, sizeof(*v));

	for (size_t i = 0; i < n; i++) {
		size_t len = small ? 1 + rnd(seed) % 34 : 1 + rnd(seed) % 700;
		uint8_t *p = arena_alloc(mem, len);

		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)rnd(seed);
		v[i] = (struct bytes){p, len};
	}
	return v;
}

static void known_roots(void **state)
{
	struct hash32 root, want;

	(void)state;
	trie_root(&root, NULL, 0);
	keccak256(&want, "\x80", 1);
	assert_memory_equal(root.b, want.b, 32);
	assert_memory_equal(root.b, trie_empty_root.b, 32);
}

static void roots_equal_naive(void **state)
{
	static const size_t sizes[] = {
		1, 2, 3, 15, 16, 17, 18, 126, 127, 128, 129, 130, 144, 255, 256, 257, 300, 500};
	uint64_t seed = rnd_seed("roots_equal_naive");
	struct hash32 got, want;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int small = 0; small < 2; small++) {
			struct bytes *v = random_values(&seed, sizes[s], small);

			trie_root(&got, v, sizes[s]);
			naive_root(&want, v, sizes[s]);
			assert_memory_equal(got.b, want.b, 32);
			arena_reset(mem);
		}
	}
}

/* Keys of three bytes begin at index 65536. */
static void root_of_many(void **state)
{
	enum { N = 65800 };
	struct bytes *v = arena_calloc(mem, N, sizeof(*v));
	struct hash32 root;
	struct bytes *nodes, value;
	uint8_t *raw = arena_calloc(mem, N, 4);
	struct err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		memcpy(raw + 4 * i, &(uint32_t){(uint32_t)i}, 4);
		v[i] = (struct bytes){raw + 4 * i, 4};
	}
	trie_root(&root, v, N);
	for (size_t i = 65530; i < 65545; i++) {
		trie_prove(v, N, i, mem, &nodes, &n);
		if (trie_verify(&root, i, nodes, n, &value, &e))
			fail_msg("%zu: %s", i, e.msg);
		assert_int_equal(value.n, 4);
		assert_memory_equal(value.p, v[i].p, 4);
	}
	arena_reset(mem);
}

static void proofs_verify(void **state)
{
	static const size_t sizes[] = {1, 2, 17, 127, 128, 129, 200, 300};
	uint64_t seed = rnd_seed("proofs_verify");
	struct bytes *nodes, value;
	struct hash32 root;
	struct err e;
	size_t n;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int small = 0; small < 2; small++) {
			struct bytes *v = random_values(&seed, sizes[s], small);

			trie_root(&root, v, sizes[s]);
			for (size_t i = 0; i < sizes[s]; i++) {
				trie_prove(v, sizes[s], i, mem, &nodes, &n);
				if (trie_verify(&root, i, nodes, n, &value, &e))
					fail_msg("%zu of %zu: %s", i, sizes[s], e.msg);
				assert_int_equal(value.n, v[i].n);
				assert_memory_equal(value.p, v[i].p, v[i].n);
			}
			arena_reset(mem);
		}
	}
}

/* One heap for several values: each proof can be picked from it, shuffled and with others' nodes. */
static void proofs_of_many(void **state)
{
	static const size_t sizes[] = {1, 2, 17, 128, 129, 300};
	uint64_t seed = rnd_seed("proofs_of_many");
	struct bytes *heap, *single, value, *picked;
	size_t heap_n, single_n, picked_n;
	struct hash32 root, again;
	struct trie_ref *leaves;
	struct err e;

	(void)state;
	for (size_t s = 0; s < 2 * sizeof(sizes) / sizeof(*sizes); s++) {
		size_t n = sizes[s / 2];
		struct bytes *v = random_values(&seed, n, s % 2);
		bool *wanted = arena_calloc(mem, n, sizeof(*wanted));

		trie_root(&root, v, n);
		for (size_t i = 0; i < n; i++)
			wanted[i] = rnd(&seed) % 4 == 0;
		leaves = arena_calloc(mem, n, sizeof(*leaves));
		trie_leaves(leaves, v, n);
		trie_root_of(&again, leaves, n);
		assert_memory_equal(again.b, root.b, 32);
		trie_prove_many(&(struct trie_values){v, leaves, n}, wanted, mem, &heap, &heap_n);
		for (size_t i = heap_n; i > 1; i--) {
			size_t k = rnd(&seed) % i;
			struct bytes swap = heap[k];

			heap[k] = heap[i - 1];
			heap[i - 1] = swap;
		}
		for (size_t i = 0; i < n; i++) {
			enum err_kind k = trie_pick(&root, i, heap, heap_n, mem, &picked, &picked_n, &e);

			if (!wanted[i]) { /* lies inside a node that is there, or is missing */
				assert_true(!k || strstr(e.msg, "missing"));
				continue;
			}
			if (k)
				fail_msg("%zu of %zu: %s", i, n, e.msg);
			trie_prove(v, n, i, mem, &single, &single_n);
			assert_int_equal(picked_n, single_n);
			for (size_t j = 0; j < single_n; j++)
				assert_memory_equal(picked[j].p, single[j].p, single[j].n);
			assert_int_equal(trie_verify(&root, i, picked, picked_n, &value, &e), ERR_NONE);
			assert_memory_equal(value.p, v[i].p, v[i].n);
		}
		arena_reset(mem);
	}
	assert_int_equal(trie_pick(&root, 0, NULL, 0, mem, &picked, &picked_n, &e), ERR_REJECT);
}

static void expect_bad(const struct hash32 *root, uint64_t index, const struct bytes *nodes,
	size_t n, const char *part)
{
	struct bytes value = {(const uint8_t *)"x", 1};
	struct err e;

	assert_int_equal(trie_verify(root, index, nodes, n, &value, &e), ERR_REJECT);
	if (!strstr(e.msg, part))
		fail_msg("\"%s\" has no \"%s\"", e.msg, part);
	assert_int_equal(value.n, 1);
	assert_int_equal(*value.p, 'x');
}

static void damaged_proofs(void **state)
{
	uint64_t seed = rnd_seed("damaged_proofs");
	struct bytes *v = random_values(&seed, 200, false), *nodes, more[20];
	struct hash32 root, other;
	size_t n;

	(void)state;
	trie_root(&root, v, 200);
	trie_prove(v, 200, 150, mem, &nodes, &n);
	assert_true(n >= 3);
	other = root;
	other.b[31] ^= 1;
	expect_bad(&other, 150, nodes, n, "does not hash");
	expect_bad(&root, 150, nodes, 0, "ends before the value");
	expect_bad(&root, 150, nodes, n - 1, "ends before the value");
	expect_bad(&root, 150, nodes + 1, n - 1, "does not hash");
	memcpy(more, nodes, n * sizeof(*nodes));
	more[n] = nodes[n - 1];
	expect_bad(&root, 150, more, n + 1, "superfluous");
	for (uint64_t i = 0; i < 400; i++) {
		struct bytes value;
		struct err e;

		if (i != 150) /* another key: another path, or not there at all */
			assert_int_equal(trie_verify(&root, i, nodes, n, &value, &e), ERR_REJECT);
	}
	for (size_t k = 0; k < n; k++) {
		for (size_t at = 0; at < nodes[k].n; at++) {
			uint8_t *copy = arena_dup(mem, nodes[k].p, nodes[k].n);

			copy[at] ^= (uint8_t)(1 + rnd(&seed) % 255);
			memcpy(more, nodes, n * sizeof(*nodes));
			more[k].p = copy;
			expect_bad(&root, 150, more, n, "does not hash");
		}
	}
	arena_reset(mem);
}

/* Nodes that hash right but are malformed: made by hand, with their own root. */
static void malformed_nodes(void **state)
{
	static const struct {
		const char *what;
		uint8_t node[40];
		size_t n;
	} cases[] = {
		{"is no trie node", {0x80}, 1}, {"is no trie node", {0xc0}, 1},
		{"is no trie node", {0xc3, 0x80, 0x80, 0x80}, 4},
		{"is no trie node", {0xc2, 0x20, 0x01, 0x00}, 4}, /* surplus byte */
		{"malformed path", {0xc2, 0x80, 0x01}, 3},        /* empty path */
		{"malformed path", {0xc3, 0x81, 0x80, 0x01}, 4},  /* flag 8 */
		{"malformed path", {0xc2, 0x21, 0x01}, 3},        /* even, second nibble not zero */
		{"malformed path", {0xc2, 0x00, 0x01}, 3},        /* extension of nothing */
		{"malformed path", {0xc2, 0xc0, 0x01}, 3},        /* path is a list */
		{"not in the trie", {0xc4, 0x82, 0x20, 0x01, 0x05}, 5}, /* key 01, asked 05 */
		{"not in the trie", {0xc2, 0x20, 0x05}, 3},  /* path ends before the key */
		{"is no hash", {0xc3, 0x10, 0x81, 0x81}, 4}, /* extension to a one-byte child */
		{"not in the trie", {0xc4, 0x82, 0x20, 0x05, 0xc0}, 5}, /* leaf holding a list */
	};
	struct bytes node;
	struct hash32 root;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		node = (struct bytes){cases[i].node, cases[i].n};
		keccak256(&root, node.p, node.n);
		expect_bad(&root, 5, &node, 1, cases[i].what);
	}
}

/* An extension over the whole key 05, with the given child. */
static struct bytes extension(struct buf *b, const void *child, size_t n)
{
	static const uint8_t path[] = {0x00, 0x05};
	struct rlp_writer w;

	buf_clear(b);
	rlp_init(&w, b);
	rlp_list(&w);
	rlp_bytes(&w, path, 2);
	rlp_raw(&w, child, n);
	rlp_list_end(&w);
	return (struct bytes){(const uint8_t *)b->p, b->n};
}

static void malformed_children(void **state)
{
	static const uint8_t branch[18] = {0xd1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
	uint8_t wide[40] = {0xe3, 0x20, 0xa1}; /* a leaf of 36 bytes, which must not be inline */
	struct hash32 root, h;
	struct bytes nodes[2];
	uint8_t ref[33];
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	nodes[0] = extension(&b, branch, sizeof(branch));
	keccak256(&root, nodes[0].p, nodes[0].n);
	expect_bad(&root, 5, nodes, 1, "the key ends in a branch");
	nodes[0] = extension(&b, wide, 36);
	keccak256(&root, nodes[0].p, nodes[0].n);
	expect_bad(&root, 5, nodes, 1, "too long to be inline");
	nodes[1] = (struct bytes){(const uint8_t *)"\xc2\x20\x01", 3}; /* short, yet by hash */
	keccak256(&h, nodes[1].p, nodes[1].n);
	ref[0] = 0xa0;
	memcpy(ref + 1, h.b, 32);
	nodes[0] = extension(&b, ref, 33);
	keccak256(&root, nodes[0].p, nodes[0].n);
	expect_bad(&root, 5, nodes, 2, "too short to be referred to by hash");
	buf_free(&b);
}

/* The receipt proof of an exit on Polygon: [.., 5 receiptRoot, 6 receipt, 7 proof, 8 path, ..]. */
static void real_proof(void **state)
{
	struct json_parser *p;
	struct rlp_item item[10], node, key;
	struct bytes payload, in, nodes[20], value;
	struct hash32 root;
	uint64_t index;
	struct err e;
	struct jval v;
	size_t n = 0;

	(void)state;
	p = rec_file("vectors/exit_payload_polygon_mainnet_block_44976883.json", &v);
	payload = rec_hex(rec_get(v, "payload"), mem);
	rec_file_free(p);
	assert_true(rlp_next(&payload, &item[0]));
	in = item[0].payload;
	for (int i = 0; i < 10; i++)
		assert_true(rlp_next(&in, &item[i]));
	memcpy(root.b, item[5].payload.p, 32);
	in = item[7].payload; /* a string that holds a list */
	assert_true(rlp_next(&in, &node));
	assert_true(node.list);
	for (in = node.payload; rlp_next(&in, &node); n++)
		nodes[n] = node.whole;
	in = (struct bytes){item[8].payload.p + 1, item[8].payload.n - 1}; /* hex prefix 0x00 */
	assert_true(rlp_next(&in, &key));
	assert_true(rlp_item_u64(&key, &index));
	if (trie_verify(&root, index, nodes, n, &value, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(value.n, item[6].payload.n);
	assert_memory_equal(value.p, item[6].payload.p, value.n);
	expect_bad(&root, index + 1, nodes, n, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_roots),
		cmocka_unit_test(roots_equal_naive),
		cmocka_unit_test(root_of_many),
		cmocka_unit_test(proofs_verify),
		cmocka_unit_test(proofs_of_many),
		cmocka_unit_test(damaged_proofs),
		cmocka_unit_test(malformed_nodes),
		cmocka_unit_test(malformed_children),
		cmocka_unit_test(real_proof),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
