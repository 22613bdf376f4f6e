/*
 * Stored proofs: the header hashes to the block's hash and says what the row says; every kept log stands in
 * a receipt under receiptsRoot, every kept call in a transaction under transactionsRoot that its sender
 * signed.
 */
#include "books/audit.h"
#include "books/body.h"

#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "chain/tx.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW    500  /* blocks a query */
#define NODES_MAX 8192 /* of one block */

struct proof {
	int64_t block;
	struct bytes header, nodes;
	struct bytes hash, parent, tx_root, receipts_root, extra; /* of chain.block; hash empty: no row */
	int64_t time, gas_used;
	const char *difficulty;
};

static bool is(struct bytes row, const void *p, size_t n)
{
	return row.n == n && (!n || !memcmp(row.p, p, n));
}

/* What of the row the header contradicts, or NULL. */
static const char *header_trouble(const struct proof *p, struct header *h, struct arena *mem)
{
	char difficulty[U256_DEC_MAX + 1];
	struct err e;

	if (header_decode(h, p->header, mem, &e))
		return "the stored header is malformed";
	if (!is(p->hash, h->hash.b, 32))
		return "the stored header does not hash to the block's hash";
	u256_dec(difficulty, h->difficulty);
	if ((int64_t)h->number != p->block || !is(p->parent, h->parent.b, 32) ||
		(int64_t)h->time != p->time || (int64_t)h->gas_used != p->gas_used ||
		!is(p->tx_root, h->tx_root.b, 32) || !is(p->receipts_root, h->receipts_root.b, 32) ||
		!is(p->extra, h->extra.p, h->extra.n) || strcmp(difficulty, p->difficulty))
		return "the block's row is not what its header says";
	return NULL;
}

static bool same_log(const struct log *a, const struct log *b)
{
	return address_eq(&a->address, &b->address) && a->topic_count == b->topic_count &&
	       !memcmp(a->topics, b->topics, a->topic_count * sizeof(a->topics[0])) &&
	       a->data.n == b->data.n && (!a->data.n || !memcmp(a->data.p, b->data.p, a->data.n));
}

static bool leaf(const struct hash32 *root, uint64_t index, const struct bytes *heap, size_t heap_n,
	struct arena *mem, struct bytes *value)
{
	struct bytes *nodes;
	struct err e;
	size_t n;

	return !trie_pick(root, index, heap, heap_n, mem, &nodes, &n, &e) &&
	       !trie_verify(root, index, nodes, n, value, &e);
}

/* Logs in order, each behind the one before within its receipt. */
static bool logs_proven(const struct block *b, const struct header *h, const struct bytes *heap,
	size_t heap_n, struct arena *mem)
{
	struct receipt r = {0};
	size_t at = 0;

	for (size_t i = 0; i < b->log_count; i++) {
		const struct log *l = &b->logs[i];
		struct hash32 hash;
		struct bytes value;
		struct err e;

		if (l->state_sync)
			continue;
		if (!i || b->logs[i - 1].state_sync || b->logs[i - 1].tx_index != l->tx_index) {
			at = 0;
			if (!leaf(&h->receipts_root, l->tx_index, heap, heap_n, mem, &value) ||
				receipt_decode(&r, value, mem, &e) ||
				!leaf(&h->tx_root, l->tx_index, heap, heap_n, mem, &value))
				return false;
			keccak256(&hash, value.p, value.n);
			if (!hash_eq(&hash, &l->tx_hash))
				return false;
		}
		while (at < r.log_count && !same_log(&r.logs[at], l))
			at++;
		if (at++ >= r.log_count)
			return false;
	}
	return true;
}

/* Does the encoded transaction call the same with the same value? */
static bool same_call(const struct tx *t, struct bytes raw)
{
	unsigned to = !t->type ? 3 : t->type == 1 ? 4 : 5, at = 0;
	struct rlp_item list, it;
	struct u256 value;
	bool same = true;

	if (t->type && (!raw.n || raw.p[0] != t->type))
		return false;
	if (t->type)
		raw = (struct bytes){raw.p + 1, raw.n - 1};
	if (!rlp_next(&raw, &list) || !list.list)
		return false;
	for (; rlp_next(&list.payload, &it) && at <= to + 2; at++) {
		if (at == to)
			same &= t->creates ? !it.payload.n : is(it.payload, t->to.b, 20);
		if (at == to + 1)
			same &= rlp_item_u256(&it, &value) && !u256_cmp(value, t->value);
		if (at == to + 2)
			same &= is(it.payload, t->input.p, t->input.n);
	}
	return same && at == to + 3;
}

static bool txs_proven(const struct block *b, const struct header *h, const struct bytes *heap,
	size_t heap_n, struct arena *mem)
{
	for (size_t i = 0; i < b->tx_count; i++) {
		const struct tx *t = &b->txs[i];
		struct hash32 hash;
		struct bytes raw, value;
		struct address from;
		struct receipt r;
		struct err e;

		if (t->type == 127) /* BTTC's state-sync transaction: in no root */
			continue;
		if (!leaf(&h->tx_root, t->index, heap, heap_n, mem, &raw) ||
			!leaf(&h->receipts_root, t->index, heap, heap_n, mem, &value) ||
			receipt_decode(&r, value, mem, &e))
			return false;
		keccak256(&hash, raw.p, raw.n);
		if (!hash_eq(&hash, &t->hash) || !same_call(t, raw) ||
			tx_raw_sender(&from, raw, &e) || !address_eq(&from, &t->from) ||
			(r.has_status && t->status >= 0 && t->status != (int8_t)r.status))
			return false;
	}
	return true;
}

static void check_one(const struct audit_conf *c, const struct proof *p, const struct block *b,
	struct bytes *heap, struct arena *mem)
{
	struct bytes in = p->nodes;
	const char *trouble;
	struct rlp_item it;
	struct header h;
	size_t n = 0;

	if ((trouble = header_trouble(p, &h, mem))) {
		audit_tell(c, "chain.block", p->block, trouble, NULL);
		return;
	}
	while (in.n && n < NODES_MAX && rlp_next(&in, &it))
		heap[n++] = it.payload;
	if (in.n)
		audit_tell(c, "chain.evidence", p->block, "the stored proof is malformed", NULL);
	else if (b && !logs_proven(b, &h, heap, n, mem))
		audit_tell(c, "chain.log", p->block,
			"the stored proof (chain.evidence) does not prove the stored logs", NULL);
	else if (b && !txs_proven(b, &h, heap, n, mem))
		audit_tell(c, "chain.tx", p->block,
			"the stored proof (chain.evidence) does not prove the stored transactions", NULL);
}

static struct bytes column(const struct session *s, int row, int col)
{
	size_t n;
	const char *p = pg_text(s->pg, row, col, &n);

	return pg_null(s->pg, row, col) ? (struct bytes){0} : arena_bytes(s->mem, p, n);
}

/* Proofs of blocks above s->block up to `to`. */
static enum err_kind read_proofs(
	struct session *s, int64_t to, struct proof **out, size_t *n, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	pg_arg_i64(&a, to);
	k = pg_query(s->pg,
		"SELECT e.block, e.header, e.proof, b.hash, b.parent, b.tx_root, b.receipts_root, b.extra,"
		" extract(epoch FROM b.time)::bigint, b.gas_used, coalesce(b.difficulty::text, '') FROM"
		" chain.evidence e LEFT JOIN chain.block b ON b.chain_id = e.chain_id AND b.number = e.block"
		" WHERE e.chain_id = $1 AND e.block > $2 AND e.block <= $3 ORDER BY e.block",
		&a, e);
	if (k)
		return k;
	*n = (size_t)pg_count(s->pg);
	*out = arena_calloc(s->mem, *n + 1, sizeof(**out));
	for (size_t i = 0; i < *n; i++) {
		int row = (int)i;

		(*out)[i] = (struct proof){.block = pg_i64(s->pg, row, 0), .header = column(s, row, 1),
			.nodes = column(s, row, 2), .hash = column(s, row, 3), .parent = column(s, row, 4),
			.tx_root = column(s, row, 5), .receipts_root = column(s, row, 6),
			.extra = column(s, row, 7), .time = pg_i64(s->pg, row, 8),
			.gas_used = pg_i64(s->pg, row, 9),
			.difficulty = arena_strdup(s->mem, pg_text(s->pg, row, 10, NULL))};
	}
	return ERR_NONE;
}

static enum err_kind check_window(const struct audit_conf *c, struct session *s, int64_t to,
	struct bytes *heap, struct err *e)
{
	struct proof *proofs;
	struct block *blocks;
	size_t n, block_n, at = 0;
	enum err_kind k;

	if ((k = read_proofs(s, to, &proofs, &n, e)) || !n ||
		(k = read_blocks(s, to, &blocks, &block_n, e)))
		return k;
	for (size_t i = 0; i < n; i++) {
		while (at < block_n && (int64_t)blocks[at].h.number < proofs[i].block)
			at++;
		check_one(c, &proofs[i],
			at < block_n && (int64_t)blocks[at].h.number == proofs[i].block ? &blocks[at] : NULL,
			heap, s->mem);
	}
	return ERR_NONE;
}

/* Blocks with a proof that the seed picks, ascending; *out is the caller's to free. */
static enum err_kind pick(const struct audit_conf *c, struct session *s, int64_t head, int64_t **out,
	size_t *n, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, head);
	pg_arg_i64(&a, (int64_t)c->sample);
	pg_arg_i64(&a, (int64_t)c->seed);
	pg_arg_i64(&a, (int64_t)s->conf->chain->first_block);
	k = pg_query(s->pg,
		"SELECT DISTINCT x.block FROM generate_series(1, $3) i CROSS JOIN LATERAL (SELECT block FROM"
		" chain.evidence WHERE chain_id = $1 AND block <= $2 AND block >= $5 +"
		" abs(hashint8extended(i, $4) % greatest($2 - $5 + 1, 1)) ORDER BY block LIMIT 1) x ORDER BY 1",
		&a, e);
	if (k)
		return k;
	*n = (size_t)pg_count(s->pg);
	*out = calloc(*n + 1, sizeof(**out));
	if (!*out)
		abort();
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = pg_i64(s->pg, (int)i, 0);
	return ERR_NONE;
}

static enum err_kind some_proofs(const struct audit_conf *c, struct session *s, int64_t head,
	struct bytes *heap, struct err *e)
{
	int64_t *blocks = NULL;
	size_t n = 0;
	enum err_kind k = pick(c, s, head, &blocks, &n, e);

	for (size_t i = 0; !k && i < n; i++) {
		arena_reset(s->mem);
		s->block = blocks[i] - 1;
		k = check_window(c, s, blocks[i], heap, e);
		if (!k && c->progress)
			c->progress(c->arg, c->books.chain->key, "proofs", blocks[i]);
	}
	free(blocks);
	return k;
}

static enum err_kind all_proofs(const struct audit_conf *c, struct session *s, int64_t head,
	struct bytes *heap, struct err *e)
{
	enum err_kind k = ERR_NONE;

	s->block = (int64_t)s->conf->chain->first_block - 1;
	while (!k && s->block < head) {
		int64_t to = s->block + WINDOW < head ? s->block + WINDOW : head;

		arena_reset(s->mem);
		k = check_window(c, s, to, heap, e);
		s->block = to;
		if (!k && c->progress)
			c->progress(c->arg, c->books.chain->key, "proofs", to);
	}
	return k;
}

enum err_kind audit_proofs(
	const struct audit_conf *c, struct session *s, int64_t head, struct err *e)
{
	struct bytes *heap = calloc(NODES_MAX, sizeof(*heap));
	enum err_kind k;

	if (!heap)
		abort();
	k = c->sample ? some_proofs(c, s, head, heap, e) : all_proofs(c, s, head, heap, e);
	free(heap);
	return k;
}
