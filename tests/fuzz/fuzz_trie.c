/*
 * Tries and proofs. The first byte chooses:
 *   even: an index and a list of nodes; the root is the hash of the first one, so the walk begins.
 *   Inline
 *         nodes of any shape are reached. Accepting means that the value lies inside the nodes.
 *   odd:  values of any lengths; each proof must verify, and no damaged proof may give another
 *   value.
 */
#include "chain/keccak.h"
#include "chain/rlp.h"
#include "chain/trie.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define VALUES_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void any_nodes(struct bytes in)
{
	struct bytes nodes[16], value = {0};
	const uint8_t *begin = in.p, *end = in.p + in.n;
	struct rlp_item it;
	struct hash32 root;
	struct err e;
	uint64_t index;
	size_t n = 0;

	if (in.n < 2)
		return;
	index = (uint64_t)in.p[0] << 8 | in.p[1];
	in = (struct bytes){in.p + 2, in.n - 2};
	while (n < 16 && rlp_next(&in, &it))
		nodes[n++] = it.whole;
	if (!n)
		return;
	keccak256(&root, nodes[0].p, nodes[0].n);
	if (!trie_verify(&root, index, nodes, n, &value, &e))
		MUST(value.p >= begin && value.p + value.n <= end);
	else
		MUST(e.kind == ERR_REJECT && e.msg[0]);
}

static size_t split_values(struct bytes in, struct bytes *v)
{
	size_t n = 0;

	while (in.n > 1 && n < VALUES_MAX) {
		size_t len = 1 + in.p[0];

		in = (struct bytes){in.p + 1, in.n - 1};
		if (len > in.n)
			len = in.n;
		v[n++] = (struct bytes){in.p, len};
		in = (struct bytes){in.p + len, in.n - len};
	}
	return n;
}

/* Flip one byte of one node of a good proof; the value must not change to another one. */
static void damage(const struct hash32 *root, size_t index, struct bytes *nodes, size_t n,
	struct bytes want, struct arena *mem)
{
	size_t node = want.p[0] % n, at = (want.p[want.n - 1] * 31u + index) % nodes[node].n;
	uint8_t *copy = arena_dup(mem, nodes[node].p, nodes[node].n);
	struct bytes value;
	struct err e;

	copy[at] ^= 1;
	nodes[node].p = copy;
	MUST(trie_verify(root, index, nodes, n, &value, &e) == ERR_REJECT);
}

static void any_values(struct bytes in)
{
	struct arena *mem = arena_new(1u << 28);
	struct bytes v[VALUES_MAX], *nodes, value;
	struct hash32 root;
	struct err e;
	size_t n = split_values(in, v), count;

	trie_root(&root, v, n);
	MUST(n || hash_eq(&root, &trie_empty_root));
	for (size_t i = 0; i < n; i += 1 + n / 20) {
		trie_prove(v, n, i, mem, &nodes, &count);
		MUST(!trie_verify(&root, i, nodes, count, &value, &e));
		MUST(value.n == v[i].n && !memcmp(value.p, v[i].p, value.n));
		MUST(trie_verify(&root, n, nodes, count, &value, &e) == ERR_REJECT);
		damage(&root, i, nodes, count, v[i], mem);
	}
	arena_free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest;

	if (!size)
		return 0;
	rest = (struct bytes){data + 1, size - 1};
	if (data[0] & 1)
		any_values(rest);
	else
		any_nodes(rest);
	return 0;
}
