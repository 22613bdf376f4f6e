/*
 * Merkle-Patricia tries with the keys rlp(0), rlp(1), ..., as transactionsRoot and receiptsRoot are
 * built.
 *
 * The keys of such a trie are known and their order is arithmetic (1..127, 0, 128, ...), so the
 * trie is never stored: a node over a range of ordered keys is encoded by encoding its children
 * first, on the stack. No key is the prefix of another, so branch nodes never have a value. Leaves
 * are hashed beforehand, all together and where the values lie (keccak256_many): how deep a leaf is
 * follows from its neighbours.
 *
 * The same recursion yields proofs: nodes whose range holds the wanted key are copied as they are
 * made.
 */
#include "chain/trie.h"

#include "chain/keccak.h"
#include "chain/rlp.h"

#include <stdlib.h>
#include <string.h>

#define LEAVES_MAX 64 /* hashed together */
#define KEY_MAX    18  /* nibbles of rlp(index) */
#define BRANCH_MAX (3 + 16 * 33 + 1)

const struct hash32 trie_empty_root = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83,
	0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01,
	0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

struct key {
	uint8_t nibble[KEY_MAX];
	unsigned n;
};

struct build {
	const struct bytes *values; /* may be NULL when none is wanted */
	const struct trie_ref *leaves; /* by position */
	size_t n;
	/* before[i]: wanted values at positions below i of the order of keys; NULL: none is wanted */
	const size_t *before;
	struct arena *mem;
	struct bytes *nodes; /* children before their parents */
	size_t node_count, node_room;
};

static bool wanted_in(const struct build *b, size_t begin, size_t end)
{
	return b->before && b->before[end] > b->before[begin];
}

static void key_of(struct key *k, uint64_t index)
{
	uint8_t be[8], raw[9];
	unsigned n = 0;

	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(index >> 8 * (7 - i));
	while (n < 8 && !be[n])
		n++;
	if (n == 7 && be[7] < 0x80) {
		raw[0] = be[7];
		k->n = 2;
	} else {
		raw[0] = (uint8_t)(0x80 + 8 - n);
		memcpy(raw + 1, be + n, 8 - n);
		k->n = 2 * (1 + 8 - n);
	}
	for (unsigned i = 0; i < k->n; i++)
		k->nibble[i] = i % 2 ? raw[i / 2] & 15 : raw[i / 2] >> 4;
}

/* Index of the key at a position in ascending order of keys: 1..127, 0, 128, 129, ... */
static uint64_t index_at(size_t pos, size_t n)
{
	size_t low = n - 1 < 127 ? n - 1 : 127;

	return pos < low ? pos + 1 : pos == low ? 0 : pos;
}

/* Hex-prefix form of nibbles [from, to) as an RLP string. Returns its length, at most 12. */
static size_t compact(uint8_t *out, const struct key *k, unsigned from, unsigned to, bool leaf)
{
	uint8_t raw[1 + KEY_MAX / 2];
	unsigned odd = (to - from) & 1, n = 1;

	raw[0] = (uint8_t)((leaf ? 0x20 : 0) + (odd ? 0x10 + k->nibble[from] : 0));
	for (unsigned i = from + odd; i < to; i += 2)
		raw[n++] = (uint8_t)(k->nibble[i] << 4 | k->nibble[i + 1]);
	if (n == 1) { /* always below 0x80: its own encoding */
		out[0] = raw[0];
		return 1;
	}
	out[0] = (uint8_t)(0x80 + n);
	memcpy(out + 1, raw, n);
	return 1 + n;
}

static void keep_node(struct build *b, struct bytes head, struct bytes body)
{
	uint8_t *copy = arena_alloc(b->mem, head.n + body.n);

	memcpy(copy, head.p, head.n);
	if (body.n)
		memcpy(copy + head.n, body.p, body.n);
	arena_grow(b->mem, &b->nodes, &b->node_room, b->node_count + 1, sizeof(*b->nodes));
	b->nodes[b->node_count++] = (struct bytes){copy, head.n + body.n};
}

/* Short nodes lie in their parents; the root is always hashed. */
static bool is_inline(size_t n, bool root)
{
	return n < 32 && !root;
}

static void set_hash(struct trie_ref *out, const struct hash32 *h)
{
	out->b[0] = 0xa0;
	memcpy(out->b + 1, h->b, 32);
	out->n = 33;
}

static void set_inline(struct trie_ref *out, struct bytes head, struct bytes body)
{
	memcpy(out->b, head.p, head.n);
	if (body.n)
		memcpy(out->b + head.n, body.p, body.n);
	out->n = (uint8_t)(head.n + body.n);
}

/*
 * Make the reference to the node head||body, keep a copy when it is on the wanted path. Who collects a
 * proof knows the root.
 */
static void refer(struct build *b, bool root, bool on_path, struct bytes head, struct bytes body,
	struct trie_ref *out)
{
	struct hash32 h;
	struct keccak k;

	if (is_inline(head.n + body.n, root)) {
		set_inline(out, head, body);
		return;
	}
	if (on_path)
		keep_node(b, head, body);
	if (on_path && root)
		return;
	keccak_init(&k);
	keccak_add(&k, head.p, head.n);
	keccak_add(&k, body.p, body.n);
	keccak_done(&k, &h);
	set_hash(out, &h);
}

/* ---- leaves -------------------------------------------------------------------------------- */

/* A leaf in front of its value. */
struct leaf {
	uint8_t head[32];
	size_t n;
};

static unsigned common(const struct key *a, const struct key *b)
{
	unsigned n = 0;

	while (a->nibble[n] == b->nibble[n])
		n++;
	return n;
}

/* Nibbles that lead to the leaf at a position: one more than it shares with a neighbour. */
static unsigned depth_of(const struct key *k, size_t pos, size_t n)
{
	unsigned depth = 0;
	struct key other;

	for (int side = -1; side <= 1; side += 2) {
		unsigned with;

		if ((side < 0 && !pos) || (side > 0 && pos + 1 == n))
			continue;
		key_of(&other, index_at(side < 0 ? pos - 1 : pos + 1, n));
		with = common(k, &other) + 1;
		depth = with > depth ? with : depth;
	}
	return depth;
}

static void make_leaf(struct leaf *l, size_t pos, size_t n, struct bytes v)
{
	uint8_t item[9], path[12];
	size_t item_n = 0, path_n;
	struct key k;

	key_of(&k, index_at(pos, n));
	path_n = compact(path, &k, depth_of(&k, pos, n), k.n, true);
	if (v.n != 1 || v.p[0] >= 0x80)
		item_n = rlp_prefix(item, 0x80, v.n);
	l->n = rlp_prefix(l->head, 0xc0, path_n + item_n + v.n);
	memcpy(l->head + l->n, path, path_n);
	memcpy(l->head + l->n + path_n, item, item_n);
	l->n += path_n + item_n;
}

void trie_leaves(struct trie_ref *out, const struct bytes *values, size_t n)
{
	struct keccak_input in[LEAVES_MAX];
	struct hash32 hash[LEAVES_MAX];
	struct leaf leaf[LEAVES_MAX];
	size_t at[LEAVES_MAX], count = 0;

	for (size_t pos = 0; pos < n; pos++) {
		struct bytes v = values[index_at(pos, n)], head;

		make_leaf(&leaf[count], pos, n, v);
		head = (struct bytes){leaf[count].head, leaf[count].n};
		if (is_inline(head.n + v.n, n == 1)) {
			set_inline(&out[pos], head, v);
		} else {
			in[count] = (struct keccak_input){head, v};
			at[count++] = pos;
		}
		if (count < LEAVES_MAX && pos + 1 < n)
			continue;
		keccak256_many(hash, in, count);
		for (; count; count--)
			set_hash(&out[at[count - 1]], &hash[count - 1]);
	}
}

static void take_leaf(struct build *b, size_t pos, struct trie_ref *out)
{
	struct leaf l;

	*out = b->leaves[pos];
	if (!wanted_in(b, pos, pos + 1) || out->n < 33)
		return;
	make_leaf(&l, pos, b->n, b->values[index_at(pos, b->n)]);
	keep_node(b, (struct bytes){l.head, l.n}, b->values[index_at(pos, b->n)]);
}

/* ---- above them ---------------------------------------------------------------------------- */

static void node(struct build *b, size_t begin, size_t end, unsigned depth, bool root,
	struct trie_ref *out);

static void branch(struct build *b, size_t begin, size_t end, unsigned depth, bool root,
	struct trie_ref *out)
{
	uint8_t payload[BRANCH_MAX], head[9];
	size_t n = 0, at = begin, stop, head_n;
	struct trie_ref child;
	struct key k;

	for (unsigned nibble = 0; nibble < 16; nibble++) {
		for (stop = at; stop < end; stop++) {
			key_of(&k, index_at(stop, b->n));
			if (k.nibble[depth] != nibble)
				break;
		}
		if (stop == at) {
			payload[n++] = 0x80;
			continue;
		}
		node(b, at, stop, depth + 1, false, &child);
		memcpy(payload + n, child.b, child.n);
		n += child.n;
		at = stop;
	}
	payload[n++] = 0x80;
	head_n = rlp_prefix(head, 0xc0, n);
	refer(b, root, wanted_in(b, begin, end), (struct bytes){head, head_n},
		(struct bytes){payload, n}, out);
}

/* The node over the keys at positions [begin, end), which agree in their first `depth` nibbles. */
static void node(struct build *b, size_t begin, size_t end, unsigned depth, bool root,
	struct trie_ref *out)
{
	struct key first, last;
	unsigned same = depth;
	uint8_t head[32], path[12];
	size_t n, path_n;
	struct trie_ref child;

	if (end - begin == 1) {
		take_leaf(b, begin, out);
		return;
	}
	key_of(&first, index_at(begin, b->n));
	key_of(&last, index_at(end - 1, b->n));
	while (first.nibble[same] == last.nibble[same])
		same++;
	if (same == depth) {
		branch(b, begin, end, depth, root, out);
		return;
	}
	branch(b, begin, end, same, false, &child);
	path_n = compact(path, &first, depth, same, false);
	n = rlp_prefix(head, 0xc0, path_n + child.n);
	memcpy(head + n, path, path_n);
	refer(b, root, wanted_in(b, begin, end), (struct bytes){head, n + path_n},
		(struct bytes){child.b, child.n}, out);
}

void trie_root_of(struct hash32 *out, const struct trie_ref *leaves, size_t n)
{
	struct build b = {.leaves = leaves, .n = n};
	struct trie_ref r;

	if (!n) {
		*out = trie_empty_root;
		return;
	}
	node(&b, 0, n, 0, true, &r);
	memcpy(out->b, r.b + 1, 32);
}

void trie_root(struct hash32 *out, const struct bytes *values, size_t n)
{
	struct trie_ref *leaves = malloc((n + 1) * sizeof(*leaves));

	if (!leaves)
		abort();
	trie_leaves(leaves, values, n);
	trie_root_of(out, leaves, n);
	free(leaves);
}

void trie_prove_many(const struct trie_values *t, const bool *wanted, struct arena *mem,
	struct bytes **nodes, size_t *node_count)
{
	size_t n = t->n, *before = arena_calloc(mem, n + 1, sizeof(*before));
	struct build b = {.values = t->v, .leaves = t->leaves, .n = n, .before = before, .mem = mem};
	struct trie_ref r;

	for (size_t pos = 0; pos < n; pos++)
		before[pos + 1] = before[pos] + wanted[index_at(pos, n)];
	if (n)
		node(&b, 0, n, 0, true, &r);
	for (size_t i = 0; i < b.node_count / 2; i++) {
		const struct bytes swap = b.nodes[i];

		b.nodes[i] = b.nodes[b.node_count - 1 - i];
		b.nodes[b.node_count - 1 - i] = swap;
	}
	*nodes = b.nodes;
	*node_count = b.node_count;
}

void trie_prove(const struct bytes *values, size_t n, size_t index, struct arena *mem,
	struct bytes **nodes, size_t *node_count)
{
	struct trie_ref *leaves = arena_calloc(mem, n, sizeof(*leaves));
	bool *wanted = arena_calloc(mem, n, sizeof(*wanted));

	wanted[index] = true;
	trie_leaves(leaves, values, n);
	trie_prove_many(&(struct trie_values){values, leaves, n}, wanted, mem, nodes, node_count);
}

/* ---- checking a proof ---------------------------------------------------------------------- */

struct walk {
	const struct bytes *nodes;
	size_t count, next;
	const struct hash32 *hashes; /* of the nodes, which are in any order; NULL: root first */
	struct bytes *taken;         /* with hashes: the nodes of the path */
	struct key key;
	unsigned at; /* nibbles of the key already walked */
	struct err *e;
};

static enum err_kind bad(const struct walk *w, const char *why)
{
	return err_set(w->e, ERR_REJECT, "trie", 0, "proof node %zu: %s", w->next ? w->next - 1 : 0,
		why);
}

/* Find the node with that hash in the heap. */
static enum err_kind find_node(struct walk *w, const uint8_t *hash, struct bytes *out)
{
	size_t i = 0;

	while (i < w->count && memcmp(w->hashes[i].b, hash, 32))
		i++;
	if (i == w->count || w->next == KEY_MAX)
		return err_set(w->e, ERR_REJECT, "trie", 0, "a node of the path is missing");
	*out = w->taken[w->next++] = w->nodes[i];
	return ERR_NONE;
}

/* Take the next listed node, which must hash to the reference. */
static enum err_kind next_node(struct walk *w, const uint8_t *hash, struct bytes *out)
{
	struct hash32 h;

	if (w->hashes)
		return find_node(w, hash, out);
	if (w->next == w->count)
		return err_set(w->e, ERR_REJECT, "trie", 0, "the proof ends before the value");
	*out = w->nodes[w->next++];
	keccak256(&h, out->p, out->n);
	if (memcmp(h.b, hash, 32))
		return bad(w, "does not hash to its reference");
	if (out->n < 32 && w->next > 1)
		return bad(w, "is too short to be referred to by hash");
	return ERR_NONE;
}

/* Split a node into its 2 or 17 items; 0 when it is neither. */
static size_t split(struct bytes node_rlp, struct rlp_item items[17])
{
	struct rlp_item list;
	struct bytes in = node_rlp;
	size_t n = 0;

	if (!rlp_next(&in, &list) || !list.list || in.n)
		return 0;
	in = list.payload;
	while (in.n) {
		if (n == 17 || !rlp_next(&in, &items[n]))
			return 0;
		n++;
	}
	return n == 2 || n == 17 ? n : 0;
}

/* Match a hex-prefix path with the key. Sets *is_leaf and moves on; false when malformed. */
static bool match_path(struct walk *w, const struct rlp_item *path, bool *is_leaf, bool *same)
{
	struct bytes p = path->payload;
	unsigned flag, from;

	if (path->list || !p.n)
		return false;
	flag = p.p[0] >> 4;
	if (flag > 3 || (!(flag & 1) && p.p[0] & 15))
		return false;
	*is_leaf = flag & 2;
	from = flag & 1 ? 1 : 2;
	if (!*is_leaf && 2 * p.n == from)
		return false;
	*same = true;
	for (size_t i = from; i < 2 * p.n; i++) {
		unsigned nibble = i % 2 ? p.p[i / 2] & 15 : p.p[i / 2] >> 4;

		if (w->at == w->key.n || w->key.nibble[w->at] != nibble) {
			*same = false;
			return true;
		}
		w->at++;
	}
	return true;
}

/* Follow a child: inline node or hash. *found is false when the slot is empty. */
static enum err_kind follow(struct walk *w, const struct rlp_item *child, struct bytes *out,
	bool *found)
{
	*found = true;
	if (child->list) {
		if (child->whole.n >= 32)
			return bad(w, "holds a node that is too long to be inline");
		*out = child->whole;
		return ERR_NONE;
	}
	if (!child->payload.n) {
		*found = false;
		return ERR_NONE;
	}
	if (child->payload.n != 32)
		return bad(w, "refers to a child by something that is no hash");
	return next_node(w, child->payload.p, out);
}

/* One step down from a node. Sets *value when it is reached. */
static enum err_kind step(struct walk *w, struct bytes *at, struct bytes *value, bool *done)
{
	struct rlp_item items[17];
	size_t n = split(*at, items);
	bool is_leaf = false, found = true;
	enum err_kind k;

	if (!n)
		return bad(w, "is no trie node");
	if (n == 17) {
		if (w->at == w->key.n)
			return bad(w, "the key ends in a branch");
		k = follow(w, &items[w->key.nibble[w->at++]], at, &found);
	} else {
		if (!match_path(w, &items[0], &is_leaf, &found))
			return bad(w, "has a malformed path");
		if (is_leaf && found && w->at == w->key.n && !items[1].list) {
			*value = items[1].payload;
			*done = true;
			return ERR_NONE;
		}
		found = found && !is_leaf;
		k = found ? follow(w, &items[1], at, &found) : ERR_NONE;
	}
	return k ? k : found ? ERR_NONE : bad(w, "the key is not in the trie");
}

static enum err_kind walk_down(
	struct walk *w, const struct hash32 *root, uint64_t index, struct bytes *value)
{
	struct bytes at;
	bool done = false;
	enum err_kind k;

	key_of(&w->key, index);
	k = next_node(w, root->b, &at);
	while (!k && !done)
		k = step(w, &at, value, &done);
	return k;
}

enum err_kind trie_verify(const struct hash32 *root, uint64_t index, const struct bytes *nodes,
	size_t node_count, struct bytes *value, struct err *e)
{
	struct walk w = {.nodes = nodes, .count = node_count, .e = e};
	struct bytes found = {0};
	enum err_kind k = walk_down(&w, root, index, &found);

	if (k)
		return k;
	if (w.next != node_count)
		return err_set(e, ERR_REJECT, "trie", 0, "%zu superfluous proof nodes",
			node_count - w.next);
	*value = found;
	return ERR_NONE;
}

enum err_kind trie_pick(const struct hash32 *root, uint64_t index, const struct bytes *heap,
	size_t heap_count, struct arena *mem, struct bytes **nodes, size_t *node_count, struct err *e)
{
	struct hash32 *hashes = arena_calloc(mem, heap_count + 1, sizeof(*hashes));
	struct walk w = {.nodes = heap, .count = heap_count, .hashes = hashes, .e = e};
	struct bytes value;
	enum err_kind k;

	for (size_t i = 0; i < heap_count; i++)
		keccak256(&hashes[i], heap[i].p, heap[i].n);
	w.taken = arena_calloc(mem, KEY_MAX, sizeof(*w.taken));
	k = walk_down(&w, root, index, &value);
	if (k)
		return k;
	*nodes = w.taken;
	*node_count = w.next;
	return ERR_NONE;
}
