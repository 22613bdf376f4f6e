/*
 * A kind of object is a table of its members: name, form, and where the value goes. One pass over
 * the members of an object fills a struct. Nodes write the members of every object in the same
 * order, so the member that stood at a position in the object before is tried first: as a rule one
 * comparison finds it. Members that are read by code of their own (arrays) are only kept in the
 * pass.
 *
 * Names with FORM_SKIP are known and say nothing we need. Unknown names are skipped too, except in
 * headers, where they may be header fields of a later fork: what looks like one is kept for
 * verify_header (header.more).
 */
#include "source/parse.h"

#include "base/hex.h"
#include "base/log.h"
#include "chain/rlp.h"

enum form {
	FORM_HASH,    /* 32 bytes */
	FORM_HASH0,   /* 32 bytes, or "0x": zero, and counts as absent */
	FORM_ADDRESS, /* 20 bytes */
	FORM_BLOOM,   /* 256 bytes */
	FORM_EIGHT,   /* 8 bytes */
	FORM_U64,
	FORM_U32,
	FORM_U8,
	FORM_U256,
	FORM_BYTES, /* any number of bytes, in the arena */
	FORM_BOOL,
	FORM_KEEP, /* the value itself, a struct jval */
	FORM_SKIP,
};

static const char *const form_names[] = {
	[FORM_HASH] = "\"0x\" and 64 hex digits",
	[FORM_HASH0] = "\"0x\" and 64 hex digits or none",
	[FORM_ADDRESS] = "\"0x\" and 40 hex digits",
	[FORM_BLOOM] = "\"0x\" and 512 hex digits",
	[FORM_EIGHT] = "\"0x\" and 16 hex digits",
	[FORM_U64] = "a hex quantity of at most 64 bits",
	[FORM_U32] = "a hex quantity of at most 32 bits",
	[FORM_U8] = "a hex quantity of at most 8 bits",
	[FORM_U256] = "a hex quantity of at most 256 bits",
	[FORM_BYTES] = "\"0x\" and an even number of hex digits",
	[FORM_BOOL] = "true or false",
	[FORM_KEEP] = "a value",
	[FORM_SKIP] = "anything",
};

struct member {
	const char *name;
	uint8_t len;
	uint8_t form;
	bool must;    /* absent (or null where null is legal) is an error */
	bool null_ok; /* null is the same as absent */
	uint16_t at;  /* offset in the struct */
};

#define MEMBER(n, f, type, field, ...)                                                             \
	{                                                                                          \
		.name = n, .len = sizeof(n) - 1, .form = f, .at = offsetof(type, field),           \
		__VA_ARGS__                                                                        \
	}
#define SKIP(n)                                                                                    \
	{                                                                                          \
		.name = n, .len = sizeof(n) - 1, .form = FORM_SKIP                                 \
	}
#define MUST    .must = true
#define NULL_OK .null_ok = true

#define MEMBERS_MAX 40

struct shape {
	const struct member *members;
	size_t count;
	uint8_t *order; /* member last seen at a position, plus one */
	bool more;      /* unknown members are collected */
};

/* ---- one object ------------------------------------------------------------------------------ */

static enum err_kind bad(struct parse *p, const char *name, enum form form, struct jval v)
{
	const char *s = NULL;
	size_t n = 0;

	switch (json_type(v)) {
	case JSON_STRING: (void)json_str(v, &s, &n); break;
	case JSON_NULL: s = "null"; break;
	case JSON_BOOL: s = "a boolean"; break;
	case JSON_NUMBER: s = "a number"; break;
	case JSON_ARRAY: s = "an array"; break;
	case JSON_OBJECT: s = "an object"; break;
	}
	if (json_type(v) == JSON_STRING)
		return err_set(p->e, ERR_REJECT, "rpc", 0,
			"%s: expected %s, got %s (%zu characters)", name, form_names[form],
			log_quote(s, n < 80 ? n : 80), n);
	return err_set(
		p->e, ERR_REJECT, "rpc", 0, "%s: expected %s, got %s", name, form_names[form], s);
}

static bool take_bytes(struct parse *p, struct jval v, struct bytes *out)
{
	const char *s;
	size_t n;
	uint8_t *b;

	if (!json_str(v, &s, &n) || n < 2 || n % 2 || s[0] != '0' || (s[1] | 32) != 'x')
		return false;
	n = n / 2 - 1;
	b = n ? arena_alloc(p->mem, n) : NULL;
	*out = (struct bytes){b, n};
	return !n || hex_decode(b, s + 2, n);
}

static bool take_small(struct jval v, uint64_t max, uint64_t *out)
{
	return json_hex_u64(v, out) && *out <= max;
}

/* *absent: the value is legal and means that there is none. */
static bool take(struct parse *p, enum form form, struct jval v, void *to, bool *absent)
{
	const char *s;
	uint64_t u;
	size_t n;

	switch (form) {
	case FORM_HASH: return json_hex_fixed(v, to, 32);
	case FORM_HASH0:
		if (json_str(v, &s, &n) && n == 2 && s[0] == '0' && s[1] == 'x') {
			*absent = true;
			return true;
		}
		return json_hex_fixed(v, to, 32);
	case FORM_ADDRESS: return json_hex_fixed(v, to, 20);
	case FORM_BLOOM: return json_hex_fixed(v, to, 256);
	case FORM_EIGHT: return json_hex_fixed(v, to, 8);
	case FORM_U64: return json_hex_u64(v, to);
	case FORM_U32:
		if (!take_small(v, UINT32_MAX, &u))
			return false;
		*(uint32_t *)to = (uint32_t)u;
		return true;
	case FORM_U8:
		if (!take_small(v, UINT8_MAX, &u))
			return false;
		*(uint8_t *)to = (uint8_t)u;
		return true;
	case FORM_U256: return json_hex_u256(v, to);
	case FORM_BYTES: return take_bytes(p, v, to);
	case FORM_BOOL: return json_bool(v, to);
	case FORM_KEEP: *(struct jval *)to = v; return true;
	case FORM_SKIP: return true;
	}
	return false;
}

static const struct member *find(const struct shape *shape, unsigned at, const char *name, size_t n)
{
	unsigned guess = at < MEMBERS_MAX ? shape->order[at] : 0;
	const struct member *m;

	if (guess) {
		m = &shape->members[guess - 1];
		if (m->len == n && !memcmp(m->name, name, n))
			return m;
	}
	for (unsigned i = 0; i < shape->count; i++) {
		m = &shape->members[i];
		if (m->len == n && !memcmp(m->name, name, n)) {
			if (at < MEMBERS_MAX)
				shape->order[at] = (uint8_t)(i + 1);
			return m;
		}
	}
	return NULL;
}

/* An unknown member of a header that may be a field of it: its RLP item. */
static void collect(struct buf *more, struct jval v)
{
	struct rlp_writer w;
	struct hash32 h;
	struct u256 u;
	const char *s;
	size_t n;

	if (!json_str(v, &s, &n))
		return;
	rlp_init(&w, more);
	if (n == 66 && json_hex_fixed(v, h.b, 32))
		rlp_bytes(&w, h.b, 32);
	else if (n < 66 && json_hex_u256(v, &u))
		rlp_u256(&w, u);
}

/*
 * Read the members of an object into *out, which the caller has cleared. Bit i of *seen: member i
 * was there. more: NULL, or gets the RLP of unknown members.
 */
static enum err_kind read_object(struct parse *p, const struct shape *shape, struct jval v,
	void *out, uint64_t *seen, struct buf *more)
{
	struct jiter it;
	struct jval x;
	const char *name;
	size_t n;

	*seen = 0;
	if (json_type(v) != JSON_OBJECT)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "expected an object");
	json_iter(v, &it);
	for (unsigned at = 0; json_next_member(&it, &name, &n, &x); at++) {
		const struct member *m = find(shape, at, name, n);
		bool absent = false;
		uint64_t bit;

		if (!m) {
			if (more)
				collect(more, x);
			continue;
		}
		if (m->form == FORM_SKIP || (m->null_ok && json_is_null(x)))
			continue;
		bit = 1ull << (m - shape->members);
		if (*seen & bit)
			return err_set(p->e, ERR_REJECT, "rpc", 0, "%s: given twice", m->name);
		if (!take(p, m->form, x, (char *)out + m->at, &absent))
			return bad(p, m->name, m->form, x);
		if (!absent)
			*seen |= bit;
	}
	for (size_t i = 0; i < shape->count; i++)
		if (shape->members[i].must && !(*seen >> i & 1))
			return err_set(
				p->e, ERR_REJECT, "rpc", 0, "%s: missing", shape->members[i].name);
	return ERR_NONE;
}

enum err_kind parse_u64(struct parse *p, struct jval v, uint64_t *out)
{
	if (!json_hex_u64(v, out))
		return bad(p, "result", FORM_U64, v);
	return ERR_NONE;
}

/* ---- transactions ---------------------------------------------------------------------------- */

struct tx_in {
	struct tx tx;
	struct block_id block;
	struct u256 y_parity;
	struct jval access, blobs, auths;
};

enum { TX_TO, TX_CHAIN_ID, TX_V, TX_Y, TX_ACCESS, TX_BLOBS, TX_AUTHS };

#define TX_OPTIONAL                                                                                \
	[TX_TO] = MEMBER("to", FORM_ADDRESS, struct tx_in, tx.to, NULL_OK),                        \
	[TX_CHAIN_ID] = MEMBER("chainId", FORM_U256, struct tx_in, tx.chain_id, NULL_OK),          \
	[TX_V] = MEMBER("v", FORM_U256, struct tx_in, tx.v, NULL_OK),                              \
	[TX_Y] = MEMBER("yParity", FORM_U256, struct tx_in, y_parity, NULL_OK),                    \
	[TX_ACCESS] = MEMBER("accessList", FORM_KEEP, struct tx_in, access, NULL_OK),              \
	[TX_BLOBS] = MEMBER("blobVersionedHashes", FORM_KEEP, struct tx_in, blobs, NULL_OK),       \
	[TX_AUTHS] = MEMBER("authorizationList", FORM_KEEP, struct tx_in, auths, NULL_OK),         \
	MEMBER("type", FORM_U8, struct tx_in, tx.type, NULL_OK),                                   \
	MEMBER("gasPrice", FORM_U256, struct tx_in, tx.gas_price, NULL_OK),                        \
	MEMBER("maxFeePerGas", FORM_U256, struct tx_in, tx.max_fee, NULL_OK),                      \
	MEMBER("maxPriorityFeePerGas", FORM_U256, struct tx_in, tx.max_priority_fee, NULL_OK),     \
	MEMBER("maxFeePerBlobGas", FORM_U256, struct tx_in, tx.max_fee_per_blob_gas, NULL_OK),     \
	MEMBER("hash", FORM_HASH, struct tx_in, tx.hash, MUST),                                    \
	MEMBER("blockHash", FORM_HASH, struct tx_in, block.hash, MUST),                            \
	MEMBER("blockNumber", FORM_U64, struct tx_in, block.number, MUST),                         \
	MEMBER("transactionIndex", FORM_U32, struct tx_in, tx.index, MUST), SKIP("publicKey"),     \
	SKIP("raw"), SKIP("creates"), SKIP("sourceHash")

static const struct member tx_members[] = {
	TX_OPTIONAL,
	MEMBER("from", FORM_ADDRESS, struct tx_in, tx.from, MUST),
	MEMBER("input", FORM_BYTES, struct tx_in, tx.input, MUST),
	MEMBER("nonce", FORM_U64, struct tx_in, tx.nonce, MUST),
	MEMBER("gas", FORM_U64, struct tx_in, tx.gas, MUST),
	MEMBER("value", FORM_U256, struct tx_in, tx.value, MUST),
	MEMBER("r", FORM_U256, struct tx_in, tx.r, MUST),
	MEMBER("s", FORM_U256, struct tx_in, tx.s, MUST),
};

static const struct member loose_tx_members[] = {
	TX_OPTIONAL,
	MEMBER("from", FORM_ADDRESS, struct tx_in, tx.from, NULL_OK),
	MEMBER("input", FORM_BYTES, struct tx_in, tx.input, MUST),
	MEMBER("nonce", FORM_U64, struct tx_in, tx.nonce, NULL_OK),
	MEMBER("gas", FORM_U64, struct tx_in, tx.gas, NULL_OK),
	MEMBER("value", FORM_U256, struct tx_in, tx.value, NULL_OK),
	MEMBER("r", FORM_U256, struct tx_in, tx.r, NULL_OK),
	MEMBER("s", FORM_U256, struct tx_in, tx.s, NULL_OK),
};

static enum err_kind read_hashes(
	struct parse *p, const char *name, struct jval v, struct hash32 **out, size_t *count)
{
	struct jiter it;
	struct jval x;
	size_t n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "%s: expected an array", name);
	*out = arena_alloc(p->mem, json_count(v) * sizeof(**out));
	for (json_iter(v, &it); json_next(&it, &x); n++)
		if (!json_hex_fixed(x, (*out)[n].b, 32)) {
			bad(p, "item", FORM_HASH, x);
			return err_wrap(p->e, "%s[%zu]", name, n);
		}
	*count = n;
	return ERR_NONE;
}

struct access_in {
	struct access_item item;
	struct jval keys;
};

static enum err_kind read_access(struct parse *p, struct jval v, struct tx *tx)
{
	static const struct member members[] = {
		MEMBER("address", FORM_ADDRESS, struct access_in, item.address, MUST),
		MEMBER("storageKeys", FORM_KEEP, struct access_in, keys, MUST),
	};
	static _Thread_local uint8_t order[MEMBERS_MAX];
	const struct shape shape = {members, 2, order, false};
	struct jiter it;
	struct jval x;
	uint64_t seen;
	size_t n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "accessList: expected an array");
	tx->access = arena_alloc(p->mem, json_count(v) * sizeof(*tx->access));
	for (json_iter(v, &it); json_next(&it, &x); n++) {
		struct access_in in = {0};

		if (read_object(p, &shape, x, &in, &seen, NULL) ||
			read_hashes(p, "storageKeys", in.keys, &in.item.keys, &in.item.key_count))
			return err_wrap(p->e, "accessList[%zu]", n);
		tx->access[n] = in.item;
	}
	tx->access_count = n;
	return ERR_NONE;
}

struct auth_in {
	struct authorization a;
	uint8_t v;
};

static enum err_kind read_auths(struct parse *p, struct jval v, struct tx *tx)
{
	static const struct member members[] = {
		MEMBER("yParity", FORM_U8, struct auth_in, a.y_parity, NULL_OK),
		MEMBER("v", FORM_U8, struct auth_in, v, NULL_OK),
		MEMBER("chainId", FORM_U256, struct auth_in, a.chain_id, MUST),
		MEMBER("address", FORM_ADDRESS, struct auth_in, a.address, MUST),
		MEMBER("nonce", FORM_U64, struct auth_in, a.nonce, MUST),
		MEMBER("r", FORM_U256, struct auth_in, a.r, MUST),
		MEMBER("s", FORM_U256, struct auth_in, a.s, MUST),
	};
	static _Thread_local uint8_t order[MEMBERS_MAX];
	const struct shape shape = {members, sizeof(members) / sizeof(*members), order, false};
	struct jiter it;
	struct jval x;
	uint64_t seen;
	size_t n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "authorizationList: expected an array");
	tx->auths = arena_alloc(p->mem, json_count(v) * sizeof(*tx->auths));
	for (json_iter(v, &it); json_next(&it, &x); n++) {
		struct auth_in in = {0};

		if (read_object(p, &shape, x, &in, &seen, NULL))
			return err_wrap(p->e, "authorizationList[%zu]", n);
		if (!(seen & 3))
			return err_set(p->e, ERR_REJECT, "rpc", 0,
				"authorizationList[%zu]: yParity: missing", n);
		if (!(seen & 1))
			in.a.y_parity = in.v;
		tx->auths[n] = in.a;
	}
	tx->auth_count = n;
	return ERR_NONE;
}

static enum err_kind read_tx(struct parse *p, const struct shape *shape, struct jval v,
	const struct header *h, uint32_t index, struct tx *out)
{
	struct tx_in in;
	uint64_t seen;

	memset(&in, 0, sizeof(in));
	if (read_object(p, shape, v, &in, &seen, NULL))
		return p->e->kind;
	in.tx.creates = !(seen >> TX_TO & 1);
	in.tx.has_chain_id = seen >> TX_CHAIN_ID & 1;
	in.tx.status = -1;
	if (!(seen >> TX_V & 1)) {
		if (!(seen >> TX_Y & 1) && !p->dialect->loose_tx)
			return err_set(p->e, ERR_REJECT, "rpc", 0, "v: missing");
		in.tx.v = in.y_parity;
	}
	if (!hash_eq(&in.block.hash, &h->hash))
		return err_set(p->e, ERR_REJECT, "rpc", 0, "blockHash: not the block's hash");
	if (in.block.number != h->number)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "blockNumber: not the block's number");
	if (in.tx.index != index)
		return err_set(p->e, ERR_REJECT, "rpc", 0,
			"transactionIndex: %u, but it stands at %u", in.tx.index, index);
	if (seen >> TX_ACCESS & 1 && read_access(p, in.access, &in.tx))
		return p->e->kind;
	if (seen >> TX_BLOBS & 1 && read_hashes(p, "blobVersionedHashes", in.blobs,
					    &in.tx.blob_hashes, &in.tx.blob_hash_count))
		return p->e->kind;
	if (seen >> TX_AUTHS & 1 && read_auths(p, in.auths, &in.tx))
		return p->e->kind;
	*out = in.tx;
	return ERR_NONE;
}

static enum err_kind read_txs(struct parse *p, struct jval v, struct parsed_block *b)
{
	static _Thread_local uint8_t order[MEMBERS_MAX], loose_order[MEMBERS_MAX];
	const struct shape strict = {
		tx_members, sizeof(tx_members) / sizeof(*tx_members), order, false};
	const struct shape loose = {loose_tx_members,
		sizeof(loose_tx_members) / sizeof(*loose_tx_members), loose_order, false};
	struct jiter it;
	struct jval x;
	uint32_t n = 0;

	b->txs = arena_alloc(p->mem, json_count(v) * sizeof(*b->txs));
	for (json_iter(v, &it); json_next(&it, &x); n++)
		if (read_tx(p, p->dialect->loose_tx ? &loose : &strict, x, &b->h, n, &b->txs[n]))
			return err_wrap(p->e, "transactions[%u]", n);
	return ERR_NONE;
}

/* The last of a list of hashes, or of transactions already read. */
static enum err_kind find_state_sync(struct parse *p, struct jval list, struct parsed_block *b)
{
	const struct block_id id = {b->h.number, b->h.hash};
	struct jval last = list, x;
	struct hash32 hash, want;
	struct jiter it;

	if (!b->tx_count || b->h.number % p->dialect->state_sync_every)
		return ERR_NONE;
	if (b->txs) {
		if (bttc_mark_txs(&id, b->txs, b->tx_count, p->e))
			return p->e->kind;
		b->state_sync = b->txs[b->tx_count - 1].state_sync;
		return ERR_NONE;
	}
	for (json_iter(list, &it); json_next(&it, &x);)
		last = x;
	if (json_get(last, "hash", &x))
		last = x;
	if (!json_hex_fixed(last, hash.b, sizeof(hash.b)))
		return bad(p, "transactions", FORM_HASH, last);
	bttc_state_sync_hash(&want, &id);
	b->state_sync = hash_eq(&hash, &want);
	return ERR_NONE;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

struct block_in {
	struct header h;
	struct jval txs;
};

enum { H_BASE_FEE, H_WITHDRAWALS, H_BLOB_USED, H_BLOB_EXCESS, H_BEACON, H_REQUESTS };

static const struct member block_members[] = {
	[H_BASE_FEE] = MEMBER("baseFeePerGas", FORM_U256, struct block_in, h.base_fee, NULL_OK),
	[H_WITHDRAWALS] =
		MEMBER("withdrawalsRoot", FORM_HASH, struct block_in, h.withdrawals_root, NULL_OK),
	[H_BLOB_USED] = MEMBER("blobGasUsed", FORM_U64, struct block_in, h.blob_gas_used, NULL_OK),
	[H_BLOB_EXCESS] =
		MEMBER("excessBlobGas", FORM_U64, struct block_in, h.excess_blob_gas, NULL_OK),
	[H_BEACON] =
		MEMBER("parentBeaconBlockRoot", FORM_HASH, struct block_in, h.beacon_root, NULL_OK),
	[H_REQUESTS] = MEMBER("requestsHash", FORM_HASH, struct block_in, h.requests_hash, NULL_OK),
	MEMBER("hash", FORM_HASH, struct block_in, h.hash, MUST),
	MEMBER("parentHash", FORM_HASH, struct block_in, h.parent, MUST),
	MEMBER("sha3Uncles", FORM_HASH, struct block_in, h.uncles, MUST),
	MEMBER("miner", FORM_ADDRESS, struct block_in, h.miner, MUST),
	MEMBER("stateRoot", FORM_HASH, struct block_in, h.state_root, MUST),
	MEMBER("transactionsRoot", FORM_HASH, struct block_in, h.tx_root, MUST),
	MEMBER("receiptsRoot", FORM_HASH, struct block_in, h.receipts_root, MUST),
	MEMBER("logsBloom", FORM_BLOOM, struct block_in, h.bloom, MUST),
	MEMBER("difficulty", FORM_U256, struct block_in, h.difficulty, MUST),
	MEMBER("number", FORM_U64, struct block_in, h.number, MUST),
	MEMBER("gasLimit", FORM_U64, struct block_in, h.gas_limit, MUST),
	MEMBER("gasUsed", FORM_U64, struct block_in, h.gas_used, MUST),
	MEMBER("timestamp", FORM_U64, struct block_in, h.time, MUST),
	MEMBER("extraData", FORM_BYTES, struct block_in, h.extra, MUST),
	MEMBER("mixHash", FORM_HASH, struct block_in, h.mix_hash, NULL_OK),
	MEMBER("nonce", FORM_EIGHT, struct block_in, h.nonce, NULL_OK),
	MEMBER("transactions", FORM_KEEP, struct block_in, txs, MUST),
	SKIP("uncles"),
	SKIP("size"),
	SKIP("totalDifficulty"),
	SKIP("withdrawals"),
};

/* TRON: what the others hold is constant or meaningless. */
static const struct member empty_block_members[] = {
	MEMBER("hash", FORM_HASH, struct block_in, h.hash, MUST),
	MEMBER("parentHash", FORM_HASH, struct block_in, h.parent, MUST),
	MEMBER("miner", FORM_ADDRESS, struct block_in, h.miner, MUST),
	MEMBER("stateRoot", FORM_HASH0, struct block_in, h.state_root, NULL_OK),
	MEMBER("transactionsRoot", FORM_HASH0, struct block_in, h.tx_root, NULL_OK),
	MEMBER("number", FORM_U64, struct block_in, h.number, MUST),
	MEMBER("gasLimit", FORM_U64, struct block_in, h.gas_limit, NULL_OK),
	MEMBER("gasUsed", FORM_U64, struct block_in, h.gas_used, NULL_OK),
	MEMBER("timestamp", FORM_U64, struct block_in, h.time, MUST),
	MEMBER("transactions", FORM_KEEP, struct block_in, txs, MUST),
	SKIP("logsBloom"),
	SKIP("receiptsRoot"),
	SKIP("sha3Uncles"),
	SKIP("nonce"),
	SKIP("difficulty"),
	SKIP("totalDifficulty"),
	SKIP("extraData"),
	SKIP("mixHash"),
	SKIP("baseFeePerGas"),
	SKIP("uncles"),
	SKIP("size"),
};

static enum err_kind read_header(struct parse *p, struct jval v, struct block_in *in)
{
	static _Thread_local uint8_t order[MEMBERS_MAX], empty_order[MEMBERS_MAX];
	const struct shape full = {
		block_members, sizeof(block_members) / sizeof(*block_members), order, true};
	const struct shape empty = {empty_block_members,
		sizeof(empty_block_members) / sizeof(*empty_block_members), empty_order, false};
	struct buf more;
	uint64_t seen;

	if (p->dialect->empty_header)
		return read_object(p, &empty, v, in, &seen, NULL);
	buf_init(&more, 64 * 1024);
	if (!read_object(p, &full, v, in, &seen, &more)) {
		in->h.has = (seen >> H_BASE_FEE & 1 ? HEADER_BASE_FEE : 0) |
			    (seen >> H_WITHDRAWALS & 1 ? HEADER_WITHDRAWALS : 0) |
			    ((seen >> H_BLOB_USED & 1) && (seen >> H_BLOB_EXCESS & 1) ? HEADER_BLOB
										      : 0) |
			    (seen >> H_BEACON & 1 ? HEADER_BEACON_ROOT : 0) |
			    (seen >> H_REQUESTS & 1 ? HEADER_REQUESTS : 0);
		if (more.n)
			in->h.more = arena_bytes(p->mem, more.p, more.n);
		p->e->kind = ERR_NONE;
	}
	buf_free(&more);
	return p->e->kind;
}

enum err_kind parse_block(struct parse *p, struct jval v, bool full, struct parsed_block *out)
{
	struct block_in in;

	memset(&in, 0, sizeof(in));
	if (read_header(p, v, &in))
		return p->e->kind;
	if (json_type(in.txs) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "transactions: expected an array");
	*out = (struct parsed_block){.h = in.h, .tx_count = json_count(in.txs)};
	if (full && read_txs(p, in.txs, out))
		return p->e->kind;
	return p->dialect->state_sync_every ? find_state_sync(p, in.txs, out) : ERR_NONE;
}

/* ---- logs ------------------------------------------------------------------------------------ */

struct log_in {
	struct block_log l;
	struct jval topics;
	bool removed;
};

static const struct member log_members[] = {
	MEMBER("address", FORM_ADDRESS, struct log_in, l.log.address, MUST),
	MEMBER("topics", FORM_KEEP, struct log_in, topics, MUST),
	MEMBER("data", FORM_BYTES, struct log_in, l.log.data, MUST),
	MEMBER("blockNumber", FORM_U64, struct log_in, l.block.number, MUST),
	MEMBER("transactionHash", FORM_HASH, struct log_in, l.log.tx_hash, MUST),
	MEMBER("transactionIndex", FORM_U32, struct log_in, l.log.tx_index, MUST),
	MEMBER("blockHash", FORM_HASH, struct log_in, l.block.hash, MUST),
	MEMBER("logIndex", FORM_U32, struct log_in, l.log.log_index, MUST),
	MEMBER("removed", FORM_BOOL, struct log_in, removed, NULL_OK),
	SKIP("blockTimestamp"),
};
static _Thread_local uint8_t log_order[MEMBERS_MAX];
static const size_t log_member_count = sizeof(log_members) / sizeof(*log_members);

static enum err_kind read_topics(struct parse *p, struct jval v, struct log *l)
{
	struct jiter it;
	struct jval x;
	unsigned n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "topics: expected an array");
	for (json_iter(v, &it); json_next(&it, &x); n++) {
		if (n == LOG_TOPICS_MAX)
			return err_set(
				p->e, ERR_REJECT, "rpc", 0, "topics: more than %d", LOG_TOPICS_MAX);
		if (!json_hex_fixed(x, l->topics[n].b, 32)) {
			bad(p, "item", FORM_HASH, x);
			return err_wrap(p->e, "topics[%u]", n);
		}
	}
	l->topic_count = (uint8_t)n;
	return ERR_NONE;
}

/* A block of the right height but another hash took its place; one of another height is nonsense.
 */
static enum err_kind check_scope(
	struct parse *p, const struct parse_scope *in, const struct block_id *b, const char *what)
{
	if (b->number < in->from || b->number > in->to)
		return err_set(p->e, ERR_REJECT, "rpc", 0,
			"blockNumber: the %s is of another block, %llu", what,
			(unsigned long long)b->number);
	if (in->hash && !hash_eq(in->hash, &b->hash))
		return err_set(p->e, ERR_AGAIN, "rpc", 0,
			"blockHash: the %s is of another block at height %llu", what,
			(unsigned long long)b->number);
	return ERR_NONE;
}

static enum err_kind read_log(
	struct parse *p, struct jval v, const struct parse_scope *in, struct block_log *out)
{
	const struct shape shape = {log_members, log_member_count, log_order, false};
	struct log_in l;
	uint64_t seen;

	memset(&l, 0, sizeof(l));
	if (read_object(p, &shape, v, &l, &seen, NULL) || read_topics(p, l.topics, &l.l.log))
		return p->e->kind;
	if (l.removed)
		return err_set(p->e, ERR_AGAIN, "rpc", 0,
			"removed: true, the node left this log's branch");
	if (check_scope(p, in, &l.l.block, "log"))
		return p->e->kind;
	*out = l.l;
	return ERR_NONE;
}

enum err_kind parse_logs(struct parse *p, struct jval v, const struct parse_scope *in,
	struct block_log **out, size_t *count)
{
	struct jiter it;
	struct jval x;
	size_t n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "result: expected an array of logs");
	*out = arena_alloc(p->mem, json_count(v) * sizeof(**out));
	for (json_iter(v, &it); json_next(&it, &x); n++)
		if (read_log(p, x, in, &(*out)[n]))
			return err_wrap(p->e, "result[%zu]", n);
	*count = n;
	return ERR_NONE;
}

/* ---- receipts -------------------------------------------------------------------------------- */

struct receipt_in {
	struct receipt r;
	struct block_id block;
	struct jval logs;
};

enum { R_STATUS, R_ROOT, R_BLOOM };

static const struct member receipt_members[] = {
	[R_STATUS] = MEMBER("status", FORM_U8, struct receipt_in, r.status, NULL_OK),
	[R_ROOT] = MEMBER("root", FORM_HASH0, struct receipt_in, r.root, NULL_OK),
	[R_BLOOM] = MEMBER("logsBloom", FORM_BLOOM, struct receipt_in, r.bloom, NULL_OK),
	MEMBER("transactionHash", FORM_HASH, struct receipt_in, r.tx_hash, MUST),
	MEMBER("transactionIndex", FORM_U32, struct receipt_in, r.tx_index, MUST),
	MEMBER("blockHash", FORM_HASH, struct receipt_in, block.hash, MUST),
	MEMBER("blockNumber", FORM_U64, struct receipt_in, block.number, MUST),
	MEMBER("cumulativeGasUsed", FORM_U64, struct receipt_in, r.cumulative_gas, MUST),
	MEMBER("gasUsed", FORM_U64, struct receipt_in, r.gas_used, MUST),
	MEMBER("logs", FORM_KEEP, struct receipt_in, logs, MUST),
	MEMBER("type", FORM_U8, struct receipt_in, r.type, NULL_OK),
	SKIP("from"),
	SKIP("to"),
	SKIP("contractAddress"),
	SKIP("effectiveGasPrice"),
	SKIP("blobGasUsed"),
	SKIP("blobGasPrice"),
};
/* TRON's bloom is a constant. */
static const struct member bare_receipt_members[] = {
	[R_STATUS] = MEMBER("status", FORM_U8, struct receipt_in, r.status, NULL_OK),
	[R_ROOT] = MEMBER("root", FORM_HASH0, struct receipt_in, r.root, NULL_OK),
	[R_BLOOM] = SKIP("logsBloom"),
	MEMBER("transactionHash", FORM_HASH, struct receipt_in, r.tx_hash, MUST),
	MEMBER("transactionIndex", FORM_U32, struct receipt_in, r.tx_index, MUST),
	MEMBER("blockHash", FORM_HASH, struct receipt_in, block.hash, MUST),
	MEMBER("blockNumber", FORM_U64, struct receipt_in, block.number, MUST),
	MEMBER("cumulativeGasUsed", FORM_U64, struct receipt_in, r.cumulative_gas, MUST),
	MEMBER("gasUsed", FORM_U64, struct receipt_in, r.gas_used, MUST),
	MEMBER("logs", FORM_KEEP, struct receipt_in, logs, MUST),
	MEMBER("type", FORM_U8, struct receipt_in, r.type, NULL_OK),
	SKIP("from"),
	SKIP("to"),
	SKIP("contractAddress"),
	SKIP("effectiveGasPrice"),
};

static enum err_kind read_receipt_logs(
	struct parse *p, const struct receipt_in *in, struct receipt *out)
{
	const struct parse_scope scope = {in->block.number, in->block.number, &in->block.hash};
	struct jiter it;
	struct jval x;
	size_t n = 0;

	if (json_type(in->logs) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "logs: expected an array");
	out->logs = arena_alloc(p->mem, json_count(in->logs) * sizeof(*out->logs));
	for (json_iter(in->logs, &it); json_next(&it, &x); n++) {
		struct block_log l;

		if (read_log(p, x, &scope, &l))
			return err_wrap(p->e, "logs[%zu]", n);
		if (!hash_eq(&l.log.tx_hash, &out->tx_hash) || l.log.tx_index != out->tx_index)
			return err_set(p->e, ERR_REJECT, "rpc", 0,
				"logs[%zu]: transactionHash: not the receipt's transaction", n);
		out->logs[n] = l.log;
	}
	out->log_count = n;
	return ERR_NONE;
}

enum err_kind parse_receipt(struct parse *p, struct jval v, const struct parse_scope *in,
	struct receipt *out, struct block_id *block)
{
	static _Thread_local uint8_t order[MEMBERS_MAX], bare_order[MEMBERS_MAX];
	const bool bare = p->dialect->empty_header;
	const struct shape shape = {bare ? bare_receipt_members : receipt_members,
		bare ? sizeof(bare_receipt_members) / sizeof(*bare_receipt_members)
		     : sizeof(receipt_members) / sizeof(*receipt_members),
		bare ? bare_order : order, false};
	struct receipt_in r;
	uint64_t seen;

	memset(&r, 0, sizeof(r));
	if (read_object(p, &shape, v, &r, &seen, NULL))
		return p->e->kind;
	if (!bare && !(seen >> R_BLOOM & 1))
		return err_set(p->e, ERR_REJECT, "rpc", 0, "logsBloom: missing");
	if (!(seen >> R_STATUS & 1) && !(seen >> R_ROOT & 1))
		return err_set(p->e, ERR_REJECT, "rpc", 0, "status: missing, and no root");
	if (r.r.status > 1)
		return err_set(
			p->e, ERR_REJECT, "rpc", 0, "status: %u, expected 0 or 1", r.r.status);
	if (check_scope(p, in, &r.block, "receipt"))
		return p->e->kind;
	r.r.has_status = seen >> R_STATUS & 1;
	if (read_receipt_logs(p, &r, &r.r))
		return p->e->kind;
	*out = r.r;
	*block = r.block;
	return ERR_NONE;
}

enum err_kind parse_receipts(struct parse *p, struct jval v, const struct parse_scope *in,
	struct receipt **out, size_t *count, struct block_id *block)
{
	struct block_id first = {0}, b;
	struct jiter it;
	struct jval x;
	size_t n = 0;

	if (json_type(v) != JSON_ARRAY)
		return err_set(p->e, ERR_REJECT, "rpc", 0, "result: expected an array of receipts");
	*out = arena_alloc(p->mem, json_count(v) * sizeof(**out));
	for (json_iter(v, &it); json_next(&it, &x); n++) {
		if (parse_receipt(p, x, in, &(*out)[n], &b))
			return err_wrap(p->e, "result[%zu]", n);
		if (!n)
			first = b;
		else if (first.number != b.number || !hash_eq(&first.hash, &b.hash))
			return err_set(p->e, ERR_REJECT, "rpc", 0,
				"result[%zu]: blockHash: receipts of two blocks", n);
	}
	if (n && p->dialect->state_sync_every)
		bttc_mark_receipts(&first, *out, n);
	*block = first;
	*count = n;
	return ERR_NONE;
}
