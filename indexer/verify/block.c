/*
 * Checks of what a node said about single blocks.
 *
 * A header is believed when it hashes to the block hash; then every root in it is a commitment, and
 * receipts and transactions are believed when they rebuild those roots. Logs alone can only be held
 * against the bloom. What no header commits to, BTTC's state-sync transaction and its logs, is told
 * apart by the one hash that it can have and left out of the roots, as the node itself does.
 *
 * Values that the roots do not cover but that follow from covered ones (indexes, hashes, gas used,
 * blooms) are compared, because later stages read them.
 */
#include "verify/block.h"

#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/trie.h"
#include "chain/tx.h"

#include <inttypes.h>

#define EXTRA_PLAIN  97 /* 32 vanity and 65 seal */
#define TXS_TOGETHER 64 /* hashed at once */

/* keccak256 of the RLP of an empty list: no uncles. */
static const struct hash32 no_uncles = {{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85,
	0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13, 0xf0,
	0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

static enum err_kind reject(struct err *e, const struct header *h, const char *what)
{
	return err_set(e, ERR_REJECT, "verify", 0, "block %" PRIu64 ": %s", h->number, what);
}

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

/* ---- headers ------------------------------------------------------------------------------- */

static enum err_kind tron_header(const struct header *h, struct header_check *out, struct err *e)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | h->hash.b[i];
	if (number != h->number)
		return reject(e, h, "the block id does not start with the block number");
	*out = (struct header_check){LEVEL_TRUSTED, true, h->miner, h->has};
	return ERR_NONE;
}

/* The fields of BTTC and what Bor fixes in every block after genesis, but for the seal. */
static enum err_kind bttc_header(
	const struct header *h, const struct header_check *out, struct err *e)
{
	size_t producers;

	if (out->layout)
		return reject(e, h,
			"it has fields behind the 15 of BTTC, whose seal rule is not known "
			"to this version; update the program");
	if (!h->number)
		return ERR_NONE;
	if (!is_zero(h->miner.b, sizeof(h->miner.b)))
		return reject(e, h, "miner is not zero");
	if (!is_zero(h->nonce, sizeof(h->nonce)) || !is_zero(h->mix_hash.b, 32))
		return reject(e, h, "nonce or mixHash is not zero");
	if (!hash_eq(&h->uncles, &no_uncles))
		return reject(e, h, "sha3Uncles is not that of an empty list");
	if (u256_is_zero(h->difficulty))
		return reject(e, h, "difficulty is zero");
	if ((h->number + 1) % BTTC_SPRINT == 0) {
		enum err_kind k = header_check_producers(h, &producers, e);

		if (k)
			return k;
	} else if (h->extra.n != EXTRA_PLAIN) {
		return reject(e, h, "extraData has not 97 bytes");
	}
	return ERR_NONE;
}

enum err_kind verify_unsealed(enum header_kind kind, uint64_t number, const struct header *h,
	const struct hash32 *hash, struct header_check *out, struct err *e)
{
	struct header_check c = {.level = LEVEL_HASHED};
	enum err_kind k = ERR_NONE;

	if (h->number != number)
		return err_set(e, ERR_REJECT, "verify", 0,
			"asked for block %" PRIu64 ", the answer has number %" PRIu64, number,
			h->number);
	if (kind == HEADER_TRON) {
		k = tron_header(h, &c, e);
	} else if (hash && hash_eq(hash, &h->hash)) {
		c.layout = h->has & HEADER_ALL;
	} else if (!header_match(h, &c.layout)) {
		k = reject(e, h, "the header's content does not hash to its hash");
	}
	if (!k && kind == HEADER_BTTC)
		k = bttc_header(h, &c, e);
	if (!k && kind == HEADER_ETHEREUM) {
		c.has_author = true;
		c.author = h->miner;
	}
	if (!k)
		*out = c;
	return k;
}

enum err_kind verify_header(enum header_kind kind, uint64_t number, const struct header *h,
	struct header_check *out, struct err *e)
{
	struct header_check c;
	enum err_kind k = verify_unsealed(kind, number, h, NULL, &c, e);

	if (!k && kind == HEADER_BTTC && h->number) {
		c.has_author = header_author(&c.author, h);
		if (!c.has_author)
			k = reject(e, h, "the seal recovers to no account");
	}
	if (!k)
		*out = c;
	return k;
}

enum err_kind verify_link(enum header_kind kind, const struct block_id *parent,
	uint64_t parent_time, const struct header *h, struct err *e)
{
	if (h->number != parent->number + 1)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 " does not follow block %" PRIu64, h->number,
			parent->number);
	if (!hash_eq(&h->parent, &parent->hash))
		return err_set(e, ERR_REWIND, "verify", 0,
			"block %" PRIu64 " has another parent than the block %" PRIu64
			" that we hold",
			h->number, parent->number);
	/* Blocks faster than a second share their time on some chains; on BTTC never. */
	if (h->time < parent_time || (kind == HEADER_BTTC && h->time == parent_time))
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 ": time %" PRIu64 " is not after its parent's %" PRIu64,
			h->number, h->time, parent_time);
	return ERR_NONE;
}

/* ---- blooms and logs ----------------------------------------------------------------------- */

static bool any_in(const uint8_t bloom[256], const struct bloom_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bloom_has(bloom, keys[i]))
			return true;
	return !n;
}

bool verify_bloom_may(const uint8_t bloom[256], const struct bloom_watch *w)
{
	if (!any_in(bloom, w->addresses, w->address_count))
		return false;
	for (int i = 0; i < LOG_TOPICS_MAX; i++)
		if (!any_in(bloom, w->topics[i], w->topic_count[i]))
			return false;
	return true;
}

void verify_state_sync_hash(struct hash32 *out, uint64_t number, const struct hash32 *block_hash)
{
	static const char tag[] = "matic-bor-receipt-";
	uint8_t be[8];
	struct keccak k;

	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(number >> 8 * (7 - i));
	keccak_init(&k);
	keccak_add(&k, tag, sizeof(tag) - 1);
	keccak_add(&k, be, sizeof(be));
	keccak_add(&k, block_hash->b, sizeof(block_hash->b));
	keccak_done(&k, out);
}

/* The hash that a state-sync transaction of this block has; false where there can be none. */
static bool sync_hash(enum header_kind kind, const struct header *h, struct hash32 *out)
{
	if (kind != HEADER_BTTC || !h->number || h->number % BTTC_SPRINT)
		return false;
	verify_state_sync_hash(out, h->number, &h->hash);
	return true;
}

static enum err_kind log_reject(struct err *e, const struct header *h, const struct log *l,
	const char *what)
{
	return err_set(e, ERR_REJECT, "verify", 0, "block %" PRIu64 " log %u: %s", h->number,
		l->log_index, what);
}

/* A log against the one before it. */
static enum err_kind log_order(const struct header *h, const struct log *l, const struct log *last,
	struct err *e)
{
	if (l->log_index <= last->log_index)
		return log_reject(e, h, l, "its index is not above that of the log before");
	if (l->tx_index < last->tx_index)
		return log_reject(e, h, l, "its transaction index is below that of the log before");
	if ((l->tx_index == last->tx_index) != hash_eq(&l->tx_hash, &last->tx_hash))
		return log_reject(e, h, l,
			"transaction index and transaction hash do not go together");
	if (last->state_sync && !l->state_sync)
		return log_reject(e, h, l, "it comes after a state-sync log");
	return ERR_NONE;
}

enum err_kind verify_logs(enum header_kind kind, const struct header *h, const struct log *logs,
	size_t n, struct err *e)
{
	struct hash32 sync;
	bool may_sync = sync_hash(kind, h, &sync);
	struct bloom_cache cache;

	bloom_cache_init(&cache);
	for (size_t i = 0; i < n; i++) {
		const struct log *l = &logs[i];
		enum err_kind k = i ? log_order(h, l, l - 1, e) : ERR_NONE;

		if (k)
			return k;
		if (l->state_sync != (may_sync && hash_eq(&l->tx_hash, &sync)))
			return log_reject(e, h, l, l->state_sync
				? "it is called state-sync but has not that transaction's hash"
				: "it has the state-sync transaction's hash but is not called so");
		if (kind != HEADER_TRON && !l->state_sync &&
			!bloom_cache_has_log(&cache, h->bloom, l))
			return log_reject(e, h, l, "the header's bloom denies it");
	}
	return ERR_NONE;
}

/* ---- whole blocks -------------------------------------------------------------------------- */

struct body {
	enum header_kind kind;
	const struct header *h;
	const struct block_body *b;
	size_t receipts, txs; /* real ones */
	struct arena *mem;
	struct block_values values;
	struct err *e;
};

static enum err_kind item_reject(
	const struct body *w, const char *thing, size_t i, const char *what)
{
	return err_set(w->e, ERR_REJECT, "verify", 0, "block %" PRIu64 " %s %zu: %s", w->h->number,
		thing, i, what);
}

/* Find where the real receipts and transactions end; a state-sync one is the last or absent. */
static enum err_kind split_sync(struct body *w)
{
	struct hash32 sync;
	bool may = sync_hash(w->kind, w->h, &sync);
	size_t n;

	n = w->b->receipt_count;
	for (size_t i = 0; i < n; i++) {
		const struct receipt *r = &w->b->receipts[i];

		if (r->state_sync != (may && i + 1 == n && hash_eq(&r->tx_hash, &sync)))
			return item_reject(
				w, "receipt", i, "state-sync mark and place or hash differ");
		w->receipts += !r->state_sync;
	}
	n = w->b->tx_count;
	for (size_t i = 0; i < n; i++) {
		const struct tx *t = &w->b->txs[i];

		if (t->state_sync != (may && i + 1 == n && hash_eq(&t->hash, &sync)))
			return item_reject(w, "transaction", i,
				"state-sync mark and place or hash differ");
		w->txs += !t->state_sync;
	}
	return ERR_NONE;
}

/* Do receipts and transactions name each other, in the order of their indexes? */
static enum err_kind check_order(const struct body *w)
{
	const struct block_body *b = w->b;

	if (b->receipts && b->txs && b->receipt_count != b->tx_count)
		return err_set(w->e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 " has %zu transactions and %zu receipts", w->h->number,
			b->tx_count, b->receipt_count);
	for (size_t i = 0; b->receipts && i < b->receipt_count; i++)
		if (b->receipts[i].tx_index != i)
			return item_reject(w, "receipt", i, "transactionIndex is not its place");
	for (size_t i = 0; b->txs && i < b->tx_count; i++) {
		if (b->txs[i].index != i)
			return item_reject(
				w, "transaction", i, "transactionIndex is not its place");
		if (!b->receipts)
			continue;
		if (!hash_eq(&b->txs[i].hash, &b->receipts[i].tx_hash))
			return item_reject(w, "receipt", i, "it is of another transaction");
		if (b->receipts[i].type && b->receipts[i].type != b->txs[i].type)
			return item_reject(w, "receipt", i, "its type is not the transaction's");
	}
	return ERR_NONE;
}

/* Logs of all receipts: place, owner, and one running index (dense where the chain's is). */
static enum err_kind check_logs(const struct body *w)
{
	uint64_t next = 0;

	for (size_t i = 0; i < w->b->receipt_count; i++) {
		const struct receipt *r = &w->b->receipts[i];

		for (size_t k = 0; k < r->log_count; k++) {
			const struct log *l = &r->logs[k];

			if (w->kind == HEADER_TRON ? l->log_index < next : l->log_index != next)
				return log_reject(w->e, w->h, l, "its index is out of order");
			if (l->tx_index != r->tx_index || !hash_eq(&l->tx_hash, &r->tx_hash))
				return log_reject(w->e, w->h, l,
					"it names another transaction than its receipt");
			if (l->state_sync != r->state_sync)
				return log_reject(
					w->e, w->h, l, "state-sync mark unlike its receipt");
			next = (uint64_t)l->log_index + 1;
		}
	}
	return ERR_NONE;
}

/* Numbers of the keys of all logs' addresses and topics, in order. */
static uint32_t *bloom_numbers(const struct body *w, struct bloom_set *set)
{
	uint32_t *out;
	size_t n = 0;

	for (size_t i = 0; i < w->b->receipt_count; i++)
		for (size_t k = 0; k < w->b->receipts[i].log_count; k++)
			n += 1u + w->b->receipts[i].logs[k].topic_count;
	out = arena_alloc(w->mem, n * sizeof(*out));
	bloom_set_init(set, n, w->mem);
	n = 0;
	for (size_t i = 0; i < w->b->receipt_count; i++) {
		const struct receipt *r = &w->b->receipts[i];

		for (size_t k = 0; k < r->log_count; k++) {
			const struct log *l = &r->logs[k];

			out[n++] = bloom_set_add(set, l->address.b, sizeof(l->address.b));
			for (unsigned t = 0; t < l->topic_count; t++)
				out[n++] = bloom_set_add(set, l->topics[t].b, 32);
		}
	}
	bloom_set_hash(set);
	return out;
}

/* Gas and blooms of the receipts, and their sums against the header. */
static enum err_kind check_sums(const struct body *w)
{
	uint8_t all[256] = {0}, own[256];
	struct bloom_set set;
	const uint32_t *number = bloom_numbers(w, &set);
	uint64_t gas = 0;

	for (size_t i = 0; i < w->b->receipt_count; i++) {
		const struct receipt *r = &w->b->receipts[i];

		memset(own, 0, sizeof(own));
		for (size_t k = 0; k < r->log_count; k++)
			for (unsigned t = 0; t <= r->logs[k].topic_count; t++)
				bloom_add(own, set.key[*number++]);
		if (memcmp(own, r->bloom, sizeof(own)))
			return item_reject(w, "receipt", i, "logsBloom is not that of its logs");
		if (r->state_sync)
			continue;
		if (r->cumulative_gas < gas || r->cumulative_gas - gas != r->gas_used)
			return item_reject(
				w, "receipt", i, "cumulativeGasUsed is not the running sum");
		gas = r->cumulative_gas;
		for (int k = 0; k < 256; k++)
			all[k] |= own[k];
	}
	if (gas != w->h->gas_used)
		return reject(w->e, w->h, "gasUsed is not the sum over the receipts");
	if (memcmp(all, w->h->bloom, sizeof(all)))
		return reject(w->e, w->h, "logsBloom is not that of the receipts");
	return ERR_NONE;
}

/* n values that end in the buffer where `end` says, as the trie wants them. */
static struct trie_values values_of(
	const struct body *w, const size_t *end, size_t n, const struct buf *b)
{
	struct bytes *v = arena_alloc(w->mem, n * sizeof(*v));
	struct trie_ref *leaves = arena_alloc(w->mem, n * sizeof(*leaves));
	struct bytes all = arena_bytes(w->mem, b->p, b->n);

	for (size_t i = 0, start = 0; i < n; start = end[i++])
		v[i] = (struct bytes){all.p + start, end[i] - start};
	trie_leaves(leaves, v, n);
	return (struct trie_values){v, leaves, n};
}

static enum err_kind check_receipts_root(struct body *w)
{
	size_t *end = arena_calloc(w->mem, w->receipts, sizeof(*end));
	struct trie_values *v = &w->values.receipts;
	struct hash32 root;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	for (size_t i = 0; i < w->receipts; i++) {
		struct receipt r = w->b->receipts[i];

		if (w->b->txs)
			r.type = w->b->txs[i].type;
		receipt_encode(&b, &r);
		end[i] = b.n;
	}
	*v = values_of(w, end, w->receipts, &b);
	buf_free(&b);
	trie_root_of(&root, v->leaves, v->n);
	return hash_eq(&root, &w->h->receipts_root)
		? ERR_NONE
		: reject(w->e, w->h, "the receipts do not give receiptsRoot");
}

/* Transactions [from, to) of the buffer must have the hashes that the node says. */
static enum err_kind check_hashes(
	const struct body *w, const struct buf *b, const size_t *end, size_t from, size_t to)
{
	struct keccak_input in[TXS_TOGETHER];
	struct hash32 hash[TXS_TOGETHER];

	for (size_t i = from; i < to; i++) {
		size_t start = i ? end[i - 1] : 0;

		in[i - from].head = (struct bytes){0};
		in[i - from].body = (struct bytes){(const uint8_t *)b->p + start, end[i] - start};
	}
	keccak256_many(hash, in, to - from);
	for (size_t i = from; i < to; i++)
		if (!hash_eq(&hash[i - from], &w->b->txs[i].hash))
			return item_reject(w, "transaction", i,
				"its content does not hash to its hash");
	return ERR_NONE;
}

/* Encode all real transactions into b. The first that is wrong is named, for whatever reason. */
static enum err_kind encode_txs(const struct body *w, struct buf *b, size_t *end)
{
	size_t checked = 0;

	for (size_t i = 0; i < w->txs; i++) {
		bool bad = tx_encode(b, &w->b->txs[i], w->e);
		size_t to = bad ? i : i + 1;
		enum err_kind k = ERR_NONE;

		end[i] = b->n;
		if (bad || to - checked == TXS_TOGETHER || to == w->txs) {
			struct err unsupported = *w->e;

			k = check_hashes(w, b, end, checked, to);
			checked = to;
			if (bad && !k)
				*w->e = unsupported;
		}
		if (k)
			return k;
		if (bad) {
			err_wrap(w->e, "block %" PRIu64, w->h->number);
			w->e->code = VERIFY_UNSUPPORTED;
			return ERR_REJECT;
		}
	}
	return ERR_NONE;
}

static enum err_kind check_tx_root(struct body *w)
{
	size_t *end = arena_calloc(w->mem, w->txs, sizeof(*end));
	struct trie_values *v = &w->values.txs;
	struct hash32 root;
	enum err_kind k;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	k = encode_txs(w, &b, end);
	if (!k) {
		*v = values_of(w, end, w->txs, &b);
		trie_root_of(&root, v->leaves, v->n);
		if (!hash_eq(&root, &w->h->tx_root))
			k = reject(w->e, w->h, "the transactions do not give transactionsRoot");
	}
	buf_free(&b);
	return k;
}

enum err_kind verify_receipts_values(enum header_kind kind, const struct header *h,
	const struct block_body *body, struct arena *mem, struct block_values *out, struct err *e)
{
	struct block_body given = *body;
	struct err own = {0};
	struct body w = {.kind = kind, .h = h, .b = &given, .mem = mem, .e = e ? e : &own};
	enum err_kind k;

	if (!given.receipts)
		given.receipt_count = 0;
	if (!given.txs)
		given.tx_count = 0;

	if ((k = split_sync(&w)) || (k = check_order(&w)) || (k = check_logs(&w)))
		return k;
	if (kind == HEADER_TRON)
		return ERR_NONE;
	/* Receipts first: a transaction that can not be encoded must not hide a wrong receipt. */
	if (body->receipts && ((k = check_sums(&w)) || (k = check_receipts_root(&w))))
		return k;
	if (body->txs && (k = check_tx_root(&w)))
		return k;
	*out = w.values;
	return ERR_NONE;
}

enum err_kind verify_receipts(enum header_kind kind, const struct header *h,
	const struct block_body *body, struct arena *mem, struct err *e)
{
	struct block_values unused;

	return verify_receipts_values(kind, h, body, mem, &unused, e);
}

enum err_kind verify_sender(const struct tx *tx, struct err *e)
{
	struct address from;
	enum err_kind k;

	if (tx->state_sync)
		return ERR_NONE;
	k = tx_sender(&from, tx, e);
	if (k) {
		if (e && tx->type > 4)
			e->code = VERIFY_UNSUPPORTED;
		return k;
	}
	if (!address_eq(&from, &tx->from))
		return err_set(e, ERR_REJECT, "verify", 0,
			"transaction %u was signed by another account than its `from`", tx->index);
	return ERR_NONE;
}
