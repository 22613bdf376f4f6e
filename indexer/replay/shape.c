/*
 * What differs between the recorded form (Hardhat's or the BTTC node's) and another node's form, as
 * tables of members to replace or leave out. TRON facts: java-tron's JSON-RPC, seen in
 * tests/vectors/tron_nile_*.json. BTTC facts: tests/recordings/world/bttc/byblock and logs.
 */
#include "replay/shape.h"

#include "base/hex.h"
#include "chain/keccak.h"

#include <inttypes.h>
#include <string.h>

/* Hex digits of so many zero bytes. */
#define ZERO_4       "00000000"
#define ZERO_8       ZERO_4 ZERO_4
#define ZERO_20      ZERO_8 ZERO_8 ZERO_4
#define ZERO_32      ZERO_8 ZERO_8 ZERO_8 ZERO_8
#define ZERO_128     ZERO_32 ZERO_32 ZERO_32 ZERO_32
#define QUOTED_BLOOM "\"0x" ZERO_128 ZERO_128 "\""
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { QUOTED_HASH = 69 }; /* "0x..." with quotes and NUL */

void shape_edit(struct buf *out, struct slice object, const struct edit *edits, size_t n)
{
	struct slice_iter it;
	struct slice k, v;
	bool comma = false;

	buf_chr(out, '{');
	slice_iter(&it, object);
	while (slice_member(&it, &k, &v)) {
		const struct edit *e = NULL;

		for (size_t i = 0; i < n && !e; i++)
			if (strlen(edits[i].key) == k.n && !memcmp(edits[i].key, k.p, k.n))
				e = &edits[i];
		if (e && !e->value)
			continue;
		if (comma)
			buf_chr(out, ',');
		comma = true;
		buf_chr(out, '"');
		buf_add(out, k.p, k.n);
		buf_str(out, "\":");
		if (e)
			buf_str(out, e->value);
		else
			buf_add(out, v.p, v.n);
	}
	buf_chr(out, '}');
}

void shape_tron_id(struct hash32 *out, uint64_t number, const struct hash32 *hash)
{
	sha256(out, hash->b, sizeof(hash->b));
	for (int i = 0; i < 8; i++)
		out->b[i] = (uint8_t)(number >> (56 - 8 * i));
}

/* The id of `number` for the recorded hash in member `key`, as a quoted JSON string. */
static void quoted_id(char out[QUOTED_HASH], struct slice object, const char *key, uint64_t number)
{
	struct hash32 h = {{0}};

	if (slice_hex(slice_get(object, key), h.b, sizeof(h.b)))
		shape_tron_id(&h, number, &h);
	memcpy(out, "\"0x", 3);
	hex_encode(out + 3, h.b, sizeof(h.b));
	memcpy(out + QUOTED_HASH - 2, "\"", 2);
}

static void tron_txs(struct buf *out, struct slice txs, const char *block_hash)
{
	const struct edit edits[] = {
		{"blockHash", block_hash},
		{"nonce", "\"0x" ZERO_8 "\""},
		{"type", "\"0x0\""},
		{"chainId", NULL},
		{"accessList", NULL},
		{"maxFeePerGas", NULL},
		{"maxPriorityFeePerGas", NULL},
		{"maxFeePerBlobGas", NULL},
		{"blobVersionedHashes", NULL},
		{"authorizationList", NULL},
		{"yParity", NULL},
	};
	struct slice_iter it;
	struct slice tx;
	bool comma = false;

	buf_chr(out, '[');
	slice_iter(&it, txs);
	while (slice_next(&it, &tx)) {
		if (comma)
			buf_chr(out, ',');
		comma = true;
		shape_edit(out, tx, edits, ARRAY_LEN(edits));
	}
	buf_chr(out, ']');
}

void shape_tron_block(struct buf *out, struct slice block)
{
	char hash[QUOTED_HASH], parent[QUOTED_HASH];
	uint64_t number = 0;
	struct buf txs;

	slice_u64(slice_get(block, "number"), &number);
	quoted_id(hash, block, "hash", number);
	quoted_id(parent, block, "parentHash", number - 1);
	buf_init(&txs, SIZE_MAX / 4);
	tron_txs(&txs, slice_get(block, "transactions"), hash);
	shape_edit(out, block,
		(struct edit[]){
			{"hash", hash},
			{"parentHash", parent},
			{"transactions", txs.p},
			{"sha3Uncles", "\"0x" ZERO_32 "\""},
			{"stateRoot", "\"0x\""},
			{"receiptsRoot", "\"0x" ZERO_32 "\""},
			{"logsBloom", QUOTED_BLOOM},
			{"difficulty", "\"0x0\""},
			{"totalDifficulty", "\"0x0\""},
			{"extraData", "\"0x\""},
			{"mixHash", "\"0x" ZERO_32 "\""},
			{"nonce", "\"0x" ZERO_8 "\""},
			{"baseFeePerGas", "\"0x0\""},
			{"withdrawals", NULL},
			{"withdrawalsRoot", NULL},
			{"blobGasUsed", NULL},
			{"excessBlobGas", NULL},
			{"parentBeaconBlockRoot", NULL},
			{"requestsHash", NULL},
		},
		19);
	buf_free(&txs);
}

static void tron_logs(struct buf *out, struct slice logs, const char *block_hash, uint64_t time)
{
	struct slice_iter it;
	struct slice log;
	bool comma = false;

	buf_chr(out, '[');
	slice_iter(&it, logs);
	while (slice_next(&it, &log)) {
		if (comma)
			buf_chr(out, ',');
		comma = true;
		shape_edit(out, log, (struct edit[]){{"blockHash", block_hash}}, 1);
		out->n--; /* reopen the object */
		buf_printf(out, ",\"blockTimestamp\":\"0x%" PRIx64 "\"}", time);
	}
	buf_chr(out, ']');
}

void shape_tron_receipt(struct buf *out, struct slice receipt, uint64_t block_time)
{
	char hash[QUOTED_HASH];
	uint64_t number = 0;
	struct buf logs;

	slice_u64(slice_get(receipt, "blockNumber"), &number);
	quoted_id(hash, receipt, "blockHash", number);
	buf_init(&logs, SIZE_MAX / 4);
	tron_logs(&logs, slice_get(receipt, "logs"), hash, block_time);
	shape_edit(out, receipt,
		(struct edit[]){
			{"blockHash", hash},
			{"logs", logs.p},
			{"logsBloom", QUOTED_BLOOM},
			{"type", "\"0x0\""},
			{"blobGasUsed", NULL},
			{"blobGasPrice", NULL},
		},
		6);
	buf_free(&logs);
}

void shape_by_block(struct buf *out, struct slice receipt, bool typed)
{
	shape_edit(out, receipt,
		(struct edit[]){
			{"type", NULL},
			{"effectiveGasPrice", NULL},
			{"from", "\"0x" ZERO_20 "\""},
		},
		typed ? 3 : 2);
}

static void copy_member(struct buf *out, struct slice receipt, const char *key)
{
	struct slice v = slice_get(receipt, key);

	buf_printf(out, "\"%s\":", key);
	buf_add(out, v.p, v.n);
}

void shape_bor_receipt(struct buf *head, struct buf *tail, struct slice receipt)
{
	static const char *const after[] = {
		"transactionHash", "gasUsed", "blockHash", "blockNumber", "transactionIndex"};

	buf_str(head, "{\"root\":\"0x\",");
	copy_member(head, receipt, "status");
	buf_chr(head, ',');
	copy_member(head, receipt, "cumulativeGasUsed");
	buf_chr(head, ',');
	copy_member(head, receipt, "logsBloom");
	buf_str(head, ",\"logs\":[");
	buf_str(tail, "],\"contractAddress\":\"0x" ZERO_20 "\"");
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		buf_chr(tail, ',');
		copy_member(tail, receipt, after[i]);
	}
	buf_chr(tail, '}');
}
