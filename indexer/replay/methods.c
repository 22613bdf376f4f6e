/*
 * The methods. Each handler reads its parameters, finds what is asked for in the node's view and
 * copies the recorded text. Messages and codes are those of the real nodes
 * (tests/recordings/world/bttc/probes for BTTC, java-tron for TRON, go-ethereum for the rest).
 */
#include "replay/rpc.h"

#include "base/hex.h"
#include "chain/checkpoint.h"
#include "chain/header.h"
#include "replay/fault.h"

#include <inttypes.h>
#include <string.h>

#define ETH  (1u << REC_ETHEREUM)
#define TRON (1u << REC_TRON)
#define BTTC (1u << REC_BTTC)
#define ALL  (ETH | TRON | BTTC)

#define CALL_MAX 1024 /* bytes of calldata */

static bool put_null(struct ask *a)
{
	buf_str(a->out, "null");
	return true;
}

static bool put_quantity(struct ask *a, uint64_t v)
{
	buf_printf(a->out, "\"0x%" PRIx64 "\"", v);
	return true;
}

static bool put_text(struct ask *a, const char *s)
{
	struct jw w;

	jw_init(&w, a->out);
	jw_str(&w, s);
	return true;
}

static bool chain_id(struct ask *a)
{
	return put_quantity(a, fault_on_chain_id(a->faults, a->node));
}

static bool net_version(struct ask *a)
{
	buf_printf(a->out, "\"%" PRIu64 "\"", fault_on_chain_id(a->faults, a->node));
	return true;
}

static bool client_version(struct ask *a)
{
	return put_text(a, a->node->body->client);
}

static bool block_number(struct ask *a)
{
	return put_quantity(a, node_head(a->node));
}

static bool syncing(struct ask *a)
{
	buf_str(a->out, "false");
	return true;
}

static bool net_listening(struct ask *a)
{
	buf_str(a->out, "true");
	return true;
}

/* ---- blocks ----------------------------------------------------------------------------- */

static bool put_block(struct ask *a, const struct body_block *k)
{
	bool full = false;

	if (a->param_count < 2)
		return rpc_fail(a, RPC_PARAMS, "missing value for required argument 1");
	if (!json_bool(a->params[1], &full))
		return rpc_fail(a, RPC_PARAMS,
			"invalid argument 1: json: cannot unmarshal into Go value of type bool");
	a->node->body->ops->put_block(a->node->body, k, full, a->out);
	return true;
}

static bool block_by_number(struct ask *a)
{
	struct body_block k;

	switch (rpc_block(a, 0, false, &k)) {
	case FOUND: return put_block(a, &k);
	case ABSENT: return put_null(a);
	case REFUSED: break;
	}
	return false;
}

static bool block_by_hash(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;

	if (!rpc_hash(a, 0, &hash))
		return false;
	return node_by_hash(a->node, &hash, &k) ? put_block(a, &k) : put_null(a);
}

static unsigned bits(struct slice quantity)
{
	uint64_t v = 0;

	return slice_u64(quantity, &v) && v ? 64u - (unsigned)__builtin_clzll(v) : 0;
}

/* `size` of a header answer: the node's own memory for it (a Go struct of 552 bytes and its big
 * parts). */
static uint64_t header_size(struct slice block)
{
	struct slice extra = slice_get(block, "extraData");

	return 552 + (extra.n - 4) / 2 +
	       (bits(slice_get(block, "difficulty")) + bits(slice_get(block, "number"))) / 8;
}

/* The header alone: the block without its lists. */
static bool put_header(struct ask *a, const struct body_block *k)
{
	struct buf text;
	struct slice_iter it;
	struct slice key, v;
	bool comma = false;

	buf_init(&text, SIZE_MAX / 4);
	a->node->body->ops->put_block(a->node->body, k, false, &text);
	buf_chr(a->out, '{');
	slice_iter(&it, (struct slice){text.p, text.n});
	while (slice_member(&it, &key, &v)) {
		if ((key.n == 12 && !memcmp(key.p, "transactions", 12)) ||
			(key.n == 6 && !memcmp(key.p, "uncles", 6)) ||
			(key.n == 11 && !memcmp(key.p, "withdrawals", 11)))
			continue;
		if (comma)
			buf_chr(a->out, ',');
		comma = true;
		buf_add(a->out, key.p - 1, key.n + 2);
		buf_chr(a->out, ':');
		if (key.n == 4 && !memcmp(key.p, "size", 4))
			put_quantity(a, header_size((struct slice){text.p, text.n}));
		else
			buf_add(a->out, v.p, v.n);
	}
	buf_chr(a->out, '}');
	buf_free(&text);
	return true;
}

static bool header_by_number(struct ask *a)
{
	struct body_block k;

	switch (rpc_block(a, 0, false, &k)) {
	case FOUND: return put_header(a, &k);
	case ABSENT: return put_null(a);
	case REFUSED: break;
	}
	return false;
}

static bool header_by_hash(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;

	if (!rpc_hash(a, 0, &hash))
		return false;
	return node_by_hash(a->node, &hash, &k) ? put_header(a, &k) : put_null(a);
}

/* ---- transactions ----------------------------------------------------------------------- */

static bool put_count(struct ask *a, const struct body_block *k)
{
	return put_quantity(a, a->node->body->ops->tx_count(a->node->body, k));
}

static bool count_by_number(struct ask *a)
{
	struct body_block k;

	switch (rpc_block(a, 0, false, &k)) {
	case FOUND: return put_count(a, &k);
	case ABSENT: return put_null(a);
	case REFUSED: break;
	}
	return false;
}

static bool count_by_hash(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;

	if (!rpc_hash(a, 0, &hash))
		return false;
	return node_by_hash(a->node, &hash, &k) ? put_count(a, &k) : put_null(a);
}

/* Put another hash after `key` in the text that was appended from `from` on. */
static void patch_hash(struct buf *out, size_t from, const char *key, const struct hash32 *hash)
{
	size_t n = strlen(key);
	char *at = out->p ? memmem(out->p + from, out->n - from, key, n) : NULL;

	if (at && (size_t)(at - out->p) + n + 64 <= out->n)
		hex_encode(at + n, hash->b, sizeof(hash->b));
}

/* BTTC's by-index methods give any state-sync transaction the hash of an empty one. */
static const struct hash32 empty_tx_hash = {{0xe7, 0x9e, 0x47, 0x19, 0xc6, 0x77, 0x0b, 0x41, 0x40,
	0x5f, 0x69, 0x1c, 0x18, 0xbe, 0x33, 0x46, 0xb6, 0x91, 0xe2, 0x20, 0xd7, 0x30, 0xd6, 0xb6,
	0x1a, 0xbb, 0x5d, 0xd3, 0xac, 0x9d, 0x71, 0xf0}};

static bool put_indexed(struct ask *a, const struct body_block *k)
{
	const struct body *b = a->node->body;
	size_t start = a->out->n;
	uint64_t i;

	if (a->param_count < 2)
		return rpc_fail(a, RPC_PARAMS, "missing value for required argument 1");
	if (!json_hex_u64(a->params[1], &i))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 1: hex string without 0x prefix");
	if (i >= b->ops->tx_count(b, k))
		return put_null(a);
	b->ops->put_tx(b, k, (uint32_t)i, a->out);
	if (b->ops->is_state_sync(b, k, (uint32_t)i))
		patch_hash(a->out, start, "\"hash\":\"0x", &empty_tx_hash);
	return true;
}

static bool tx_by_number(struct ask *a)
{
	struct body_block k;

	switch (rpc_block(a, 0, false, &k)) {
	case FOUND: return put_indexed(a, &k);
	case ABSENT: return put_null(a);
	case REFUSED: break;
	}
	return false;
}

static bool tx_by_block_hash(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;

	if (!rpc_hash(a, 0, &hash))
		return false;
	return node_by_hash(a->node, &hash, &k) ? put_indexed(a, &k) : put_null(a);
}

/*
 * BTTC finds state-sync transactions by the number that their hash was stored under: the hash of an
 * orphaned one leads to the canonical block's data, shown under the hash that was asked for.
 */
static bool canonical_state_sync(
	struct ask *a, const struct hash32 *hash, struct body_block *k, uint32_t *tx)
{
	const struct body *b = a->node->body;
	uint64_t number;

	if (b->kind != REC_BTTC || !node_orphan_state_sync(a->node, hash, &number) ||
		!node_at(a->node, number, k))
		return false;
	*tx = b->ops->tx_count(b, k);
	return *tx && b->ops->is_state_sync(b, k, --*tx);
}

static bool tx_by_hash(struct ask *a)
{
	const struct body *b = a->node->body;
	struct body_block k;
	struct hash32 hash;
	uint32_t tx;
	size_t start = a->out->n;

	if (!rpc_hash(a, 0, &hash))
		return false;
	if (node_tx(a->node, &hash, &k, &tx)) {
		b->ops->put_tx(b, &k, tx, a->out);
	} else if (canonical_state_sync(a, &hash, &k, &tx)) {
		b->ops->put_tx(b, &k, tx, a->out);
		patch_hash(a->out, start, "\"hash\":\"0x", &hash);
	} else {
		return put_null(a);
	}
	return true;
}

static bool raw_tx_by_hash(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;
	uint32_t tx;

	if (!rpc_hash(a, 0, &hash))
		return false;
	if (node_tx(a->node, &hash, &k, &tx) &&
		!a->node->body->ops->is_state_sync(a->node->body, &k, tx))
		return rpc_fail(a, RPC_SERVER, "raw transactions are not in a recording");
	return put_text(a, "0x");
}

/* ---- receipts --------------------------------------------------------------------------- */

/* Returns where in the output the part after the logs starts. */
static size_t put_receipt(
	struct ask *a, const struct body_block *k, uint32_t tx, enum receipt_form form)
{
	const struct body *b = a->node->body;
	uint32_t first, count;
	bool comma = false;
	size_t after;

	b->ops->put_receipt(b, k, tx, form, false, a->out);
	b->ops->tx_logs(b, k, tx, &first, &count);
	for (uint32_t i = first; i < first + count; i++)
		rpc_put_log(a, k, i, &comma);
	if (tx + 1 == b->ops->tx_count(b, k))
		rpc_put_forged(a, k, NULL, &comma);
	after = a->out->n;
	b->ops->put_receipt(b, k, tx, form, true, a->out);
	return after;
}

static bool put_receipts(struct ask *a, const struct body_block *k, enum receipt_form form)
{
	uint32_t n = a->node->body->ops->tx_count(a->node->body, k);

	buf_chr(a->out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_chr(a->out, ',');
		put_receipt(a, k, i, form);
	}
	buf_chr(a->out, ']');
	return true;
}

static bool tx_receipt(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;
	uint32_t tx;
	size_t after;

	if (!rpc_hash(a, 0, &hash))
		return false;
	if (node_tx(a->node, &hash, &k, &tx)) {
		put_receipt(a, &k, tx, RECEIPT_PLAIN);
		return true;
	}
	if (!canonical_state_sync(a, &hash, &k, &tx))
		return put_null(a);
	after = put_receipt(a, &k, tx, RECEIPT_PLAIN);
	patch_hash(a->out, after, "\"transactionHash\":\"0x", &hash);
	return true;
}

static bool block_receipts(struct ask *a)
{
	struct body_block k;

	switch (rpc_block(a, 0, true, &k)) {
	case FOUND:
		if (a->node->body->kind == REC_TRON && !k.number)
			return put_null(a);
		return put_receipts(a, &k, RECEIPT_PLAIN);
	case ABSENT: return put_null(a);
	case REFUSED: break;
	}
	return false;
}

static bool receipts_by_block(struct ask *a)
{
	struct body_block k;
	struct hash32 hash;

	switch (rpc_block(a, 0, true, &k)) {
	case FOUND: return put_receipts(a, &k, RECEIPT_BY_BLOCK);
	case ABSENT:
		if (json_hex_fixed(a->params[0], hash.b, sizeof(hash.b)))
			return rpc_fail(a, RPC_SERVER, "header for hash not found");
		return rpc_fail(a, RPC_SERVER, "block not found");
	case REFUSED: break;
	}
	return false;
}

static bool bor_receipt(struct ask *a)
{
	const struct body *b = a->node->body;
	struct body_block k;
	struct hash32 hash;
	uint32_t n;

	if (!rpc_hash(a, 0, &hash))
		return false;
	if (node_by_hash(a->node, &hash, &k)) {
		n = b->ops->tx_count(b, &k);
		if (n && b->ops->is_state_sync(b, &k, n - 1)) {
			put_receipt(a, &k, n - 1, RECEIPT_BOR);
			return true;
		}
	}
	return rpc_fail(a, RPC_SERVER, "not found");
}

/* ---- bor -------------------------------------------------------------------------------- */

/* The 15 fields of a BTTC header out of a block's text. */
static bool read_header(struct header *h, struct slice block, uint8_t extra[4096])
{
	struct slice s = slice_get(block, "extraData");
	const char *text;
	uint64_t difficulty;
	size_t n;

	*h = (struct header){0};
	if (!slice_str(s, &text, &n) || n < 2 || n > 2 * 4096 + 2 ||
		!hex_decode(extra, text + 2, (n - 2) / 2))
		return false;
	h->extra = (struct bytes){extra, (n - 2) / 2};
	return slice_hex(slice_get(block, "parentHash"), h->parent.b, 32) &&
	       slice_hex(slice_get(block, "sha3Uncles"), h->uncles.b, 32) &&
	       slice_hex(slice_get(block, "miner"), h->miner.b, 20) &&
	       slice_hex(slice_get(block, "stateRoot"), h->state_root.b, 32) &&
	       slice_hex(slice_get(block, "transactionsRoot"), h->tx_root.b, 32) &&
	       slice_hex(slice_get(block, "receiptsRoot"), h->receipts_root.b, 32) &&
	       slice_hex(slice_get(block, "logsBloom"), h->bloom, 256) &&
	       slice_hex(slice_get(block, "mixHash"), h->mix_hash.b, 32) &&
	       slice_hex(slice_get(block, "nonce"), h->nonce, 8) &&
	       slice_u64(slice_get(block, "difficulty"), &difficulty) &&
	       slice_u64(slice_get(block, "number"), &h->number) &&
	       slice_u64(slice_get(block, "gasLimit"), &h->gas_limit) &&
	       slice_u64(slice_get(block, "gasUsed"), &h->gas_used) &&
	       slice_u64(slice_get(block, "timestamp"), &h->time) &&
	       (h->difficulty = u256_u64(difficulty), true);
}

static bool bor_author(struct ask *a)
{
	struct body_block k;
	struct buf text;
	struct header h;
	struct address author;
	uint8_t extra[4096];
	bool ok;

	switch (rpc_block(a, 0, true, &k)) {
	case FOUND: break;
	case ABSENT: return rpc_fail(a, RPC_SERVER, "unknown block");
	case REFUSED: return false;
	}
	buf_init(&text, SIZE_MAX / 4);
	a->node->body->ops->put_block(a->node->body, &k, false, &text);
	ok = read_header(&h, (struct slice){text.p, text.n}, extra) && header_author(&author, &h);
	buf_free(&text);
	if (!ok)
		return rpc_fail(a, RPC_SERVER, "extra-data 65 byte signature suffix missing");
	buf_str(a->out, "\"0x");
	buf_hex(a->out, author.b, sizeof(author.b));
	buf_chr(a->out, '"');
	return true;
}

#define CHECKPOINT_MAX 32768

static bool root_range(struct ask *a, uint64_t *from, uint64_t *to)
{
	uint64_t v[2];
	int64_t x;

	for (unsigned i = 0; i < 2; i++) {
		if (i >= a->param_count)
			return rpc_fail(a, RPC_PARAMS, "missing value for required argument %u", i);
		if (json_type(a->params[i]) == JSON_STRING)
			return rpc_fail(a, RPC_PARAMS,
				"invalid argument %u: json: cannot unmarshal string into Go value "
				"of "
				"type uint64",
				i);
		if (!json_i64(a->params[i], &x) || x < 0)
			return rpc_fail(a, RPC_PARAMS,
				"invalid argument %u: json: cannot unmarshal into Go value of type "
				"uint64",
				i);
		v[i] = (uint64_t)x;
	}
	*from = v[0];
	*to = v[1];
	if (v[1] - v[0] + 1 > CHECKPOINT_MAX)
		return rpc_fail(a, RPC_SERVER,
			"Start: %" PRIu64 " and end block: %" PRIu64
			" exceed max allowed checkpoint length: %d",
			v[0], v[1], CHECKPOINT_MAX);
	if (v[0] > v[1] || v[1] > node_head(a->node))
		return rpc_fail(a, RPC_SERVER,
			"Invalid parameters start: %" PRIu64 " and end block: %" PRIu64 " params",
			v[0], v[1]);
	return true;
}

static bool root_hash(struct ask *a)
{
	const struct body *b = a->node->body;
	struct checkpoint_tree tree;
	struct hash32 leaf, root;
	struct header h = {0};
	struct body_block k;
	uint64_t from = 0, to = 0;

	if (!root_range(a, &from, &to))
		return false;
	checkpoint_tree_init(&tree);
	for (uint64_t n = from; n <= to; n++) {
		if (!node_at(a->node, n, &k))
			return rpc_fail(a, RPC_SERVER, "unknown block");
		b->ops->roots(b, &k, &h.tx_root, &h.receipts_root);
		h.number = k.number;
		h.time = k.time;
		checkpoint_leaf(&leaf, &h);
		checkpoint_tree_add(&tree, &leaf);
	}
	if (!checkpoint_tree_root(&root, &tree))
		return rpc_fail(a, RPC_SERVER, "unknown block");
	buf_chr(a->out, '"');
	buf_hex(a->out, root.b, sizeof(root.b));
	buf_chr(a->out, '"');
	return true;
}

/* ---- state ------------------------------------------------------------------------------ */

static bool latest_only(struct ask *a, unsigned i)
{
	const char *s;
	size_t n;

	if (a->node->body->kind != REC_TRON || i >= a->param_count)
		return true;
	if (json_type(a->params[i]) == JSON_OBJECT)
		return true; /* accepted, answered from the newest state */
	if (json_str(a->params[i], &s, &n) && n == 6 && !memcmp(s, "latest", 6))
		return true;
	return rpc_fail(a, RPC_PARAMS, "QUANTITY not supported, just support TAG as latest");
}

static bool get_code(struct ask *a)
{
	struct address address;
	struct body_block k;

	if (!a->param_count || !json_hex_fixed(a->params[0], address.b, sizeof(address.b)))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: not an address of 20 bytes");
	if (!latest_only(a, 1))
		return false;
	if (a->node->body->kind != REC_TRON && a->param_count > 1 &&
		rpc_block(a, 1, true, &k) != FOUND)
		return a->code ? false : rpc_fail(a, RPC_SERVER, "header not found");
	return put_text(a, a->node->body->ops->has_code(a->node->body, &address) ? "0x00" : "0x");
}

/* The block whose state is asked for; TRON knows the newest state only. */
static bool call_block(struct ask *a, struct body_block *k)
{
	if (!latest_only(a, 1))
		return false;
	if (a->node->body->kind == REC_TRON || a->param_count < 2)
		return node_at(a->node, node_head(a->node), k) || rpc_fail(a, RPC_SERVER, "header not found");
	if (rpc_block(a, 1, true, k) == FOUND)
		return true;
	return a->code ? false : rpc_fail(a, RPC_SERVER, "header not found");
}

static bool call_data(struct ask *a, uint8_t data[CALL_MAX], struct address *to, size_t *n)
{
	struct jval v;
	const char *s;

	if (!a->param_count || !json_get(a->params[0], "to", &v) || !json_hex_fixed(v, to->b, sizeof(to->b)))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: to is not an address of 20 bytes");
	if (!json_get(a->params[0], "data", &v) && !json_get(a->params[0], "input", &v))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: no data");
	if (!json_str(v, &s, n) || *n < 2 || *n % 2 || *n > 2 * CALL_MAX + 2 ||
		!hex_decode(data, s + 2, (*n - 2) / 2))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: data is not hex of at most %d bytes",
			CALL_MAX);
	*n = (*n - 2) / 2;
	return true;
}

static bool call(struct ask *a)
{
	const struct body *b = a->node->body;
	uint8_t data[CALL_MAX];
	struct body_block k;
	struct address to;
	struct buf out;
	size_t n = 0;

	if (!call_data(a, data, &to, &n) || !call_block(a, &k))
		return false;
	buf_init(&out, 1 << 16);
	switch (b->ops->call ? b->ops->call(b, &k, &to, (struct bytes){data, n}, &out) : ORACLE_NO_STATE) {
	case ORACLE_VALUE:
		buf_str(a->out, "\"0x");
		buf_hex(a->out, out.p, out.n);
		buf_chr(a->out, '"');
		break;
	case ORACLE_REVERTED:
		rpc_fail(a, b->kind == REC_TRON ? RPC_SERVER : 3,
			b->kind == REC_TRON ? "REVERT opcode executed" : "execution reverted");
		break;
	case ORACLE_NO_STATE:
		rpc_fail(a, RPC_SERVER, "the recording has no state of block %" PRIu64
			" for this call, only what its oracle lists", k.number);
		break;
	}
	buf_free(&out);
	return !a->code;
}

const struct rpc_method rpc_methods[] = {
	{"eth_getBlockByNumber", block_by_number, ALL, true},
	{"eth_getLogs", rpc_get_logs, ALL, false},
	{"eth_blockNumber", block_number, ALL, false},
	{"eth_getBlockReceipts", block_receipts, ETH | TRON, true},
	{"eth_getTransactionReceipt", tx_receipt, ALL, true},
	{"eth_getTransactionReceiptsByBlock", receipts_by_block, BTTC, true},
	{"eth_getBlockByHash", block_by_hash, ALL, true},
	{"eth_getTransactionByHash", tx_by_hash, ALL, true},
	{"eth_chainId", chain_id, ALL, false},
	{"net_version", net_version, ALL, false},
	{"net_listening", net_listening, ALL, false},
	{"web3_clientVersion", client_version, ALL, false},
	{"eth_syncing", syncing, ALL, false},
	{"eth_getHeaderByNumber", header_by_number, BTTC, true},
	{"eth_getHeaderByHash", header_by_hash, BTTC, true},
	{"eth_getBlockTransactionCountByNumber", count_by_number, ALL, true},
	{"eth_getBlockTransactionCountByHash", count_by_hash, ALL, true},
	{"eth_getTransactionByBlockNumberAndIndex", tx_by_number, ALL, true},
	{"eth_getTransactionByBlockHashAndIndex", tx_by_block_hash, ALL, true},
	{"eth_getRawTransactionByHash", raw_tx_by_hash, BTTC, false},
	{"eth_getBorBlockReceipt", bor_receipt, BTTC, false},
	{"eth_getBorBlockLogs", rpc_get_bor_logs, BTTC, false},
	{"bor_getAuthor", bor_author, BTTC, false},
	{"eth_getRootHash", root_hash, BTTC, false},
	{"bor_getRootHash", root_hash, BTTC, false},
	{"eth_getCode", get_code, ALL, false},
	{"eth_call", call, ALL, false},
};
const size_t rpc_method_count = sizeof(rpc_methods) / sizeof(rpc_methods[0]);
_Static_assert(sizeof(rpc_methods) / sizeof(rpc_methods[0]) < NODE_CALLS, "a counter each");
