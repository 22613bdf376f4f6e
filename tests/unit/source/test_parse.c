/* Answers of nodes as structs: recordings against an independent reader, vectors, and broken
 * fields. */
#include "lib/check.h"

#include "chain/header.h"
#include "chain/tx.h"
#include "lib/recording.h"
#include "source/parse.h"

static struct err err;

static struct parse parser(enum chain_kind kind, struct arena *mem)
{
	memset(&err, 0, sizeof(err));
	return (struct parse){.dialect = dialect_of(kind), .mem = mem, .e = &err};
}

static bool same_bytes(struct bytes a, struct bytes b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

/* ---- recordings ------------------------------------------------------------------------------ */

static void check_header(const struct header *got, const struct header *want)
{
	struct hash32 h;

	header_hash(&h, got);
	assert_memory_equal(h.b, want->hash.b, 32); /* every field, in one */
	assert_memory_equal(got->hash.b, want->hash.b, 32);
	assert_int_equal(got->has, want->has);
	assert_int_equal(got->more.n, 0);
}

/* Encoding covers all fields that make up the transaction; the others are compared. */
static void check_tx(const struct tx *got, const struct tx *want)
{
	struct buf a, b;

	buf_init(&a, 1 << 24);
	buf_init(&b, 1 << 24);
	if (!got->state_sync) {
		assert_int_equal(tx_encode(&a, got, &err), ERR_NONE);
		assert_int_equal(tx_encode(&b, want, &err), ERR_NONE);
		assert_int_equal(a.n, b.n);
		assert_memory_equal(a.p, b.p, a.n);
	}
	assert_memory_equal(got->hash.b, want->hash.b, 32);
	assert_memory_equal(got->from.b, want->from.b, 20);
	assert_int_equal(got->state_sync, want->state_sync);
	assert_int_equal(got->index, want->index);
	assert_int_equal(got->type, want->type);
	assert_int_equal(got->creates, want->creates);
	assert_int_equal(got->status, -1);
	buf_free(&a);
	buf_free(&b);
}

static void check_log(const struct log *got, const struct log *want)
{
	assert_memory_equal(got->address.b, want->address.b, 20);
	assert_int_equal(got->topic_count, want->topic_count);
	assert_memory_equal(got->topics, want->topics, got->topic_count * sizeof(got->topics[0]));
	assert_true(same_bytes(got->data, want->data));
	assert_memory_equal(got->tx_hash.b, want->tx_hash.b, 32);
	assert_int_equal(got->tx_index, want->tx_index);
	assert_int_equal(got->log_index, want->log_index);
}

static void check_receipt(const struct receipt *got, const struct receipt *want)
{
	assert_memory_equal(got->tx_hash.b, want->tx_hash.b, 32);
	assert_int_equal(got->tx_index, want->tx_index);
	assert_int_equal(got->type, want->type);
	assert_int_equal(got->has_status, want->has_status);
	assert_int_equal(got->status, want->status);
	assert_int_equal(got->cumulative_gas, want->cumulative_gas);
	assert_int_equal(got->gas_used, want->gas_used);
	assert_memory_equal(got->bloom, want->bloom, 256);
	assert_int_equal(got->log_count, want->log_count);
	for (size_t i = 0; i < got->log_count; i++)
		check_log(&got->logs[i], &want->logs[i]);
}

struct counts {
	size_t blocks, txs, logs, state_syncs;
};

static void check_block(enum chain_kind kind, struct jval block, struct jval receipts,
	struct arena *mem, struct counts *n)
{
	struct parse p = parser(kind, mem);
	struct parsed_block b, hashes;
	struct rec_block want;
	struct receipt *list;
	struct block_id id, seen;
	struct parse_scope scope;
	size_t count;

	rec_block(block, receipts, mem, &want);
	if (parse_block(&p, block, true, &b) || parse_block(&p, block, false, &hashes))
		fail_msg("block %llu: %s", (unsigned long long)want.h.number, err.msg);
	check_header(&b.h, &want.h);
	assert_null(hashes.txs);
	assert_int_equal(hashes.tx_count, want.tx_count);
	assert_int_equal(b.tx_count, want.tx_count);
	for (size_t i = 0; i < b.tx_count; i++) {
		check_tx(&b.txs[i], &want.txs[i]);
		n->state_syncs += b.txs[i].state_sync;
	}
	assert_int_equal(b.state_sync, b.tx_count && b.txs[b.tx_count - 1].state_sync);
	id = (struct block_id){b.h.number, b.h.hash};
	scope = (struct parse_scope){id.number, id.number, &id.hash};
	if (parse_receipts(&p, receipts, &scope, &list, &count, &seen))
		fail_msg("block %llu: %s", (unsigned long long)want.h.number, err.msg);
	assert_int_equal(count, want.receipt_count);
	for (size_t i = 0; i < count; i++) {
		check_receipt(&list[i], &want.receipts[i]);
		assert_int_equal(list[i].state_sync, b.txs[i].state_sync);
		for (size_t k = 0; k < list[i].log_count; k++)
			assert_int_equal(list[i].logs[k].state_sync, b.txs[i].state_sync);
		n->logs += list[i].log_count;
	}
	n->txs += count;
	n->blocks++;
}

static struct counts check_recording(enum chain_kind kind, const char *name)
{
	struct arena *mem = arena_new(1 << 28);
	struct rec_lines *blocks, *receipts;
	struct counts n = {0};
	struct jval b, r;
	char path[200];

	snprintf(path, sizeof(path), "recordings/%s/blocks.ndjson.gz", name);
	blocks = rec_lines_open(path);
	snprintf(path, sizeof(path), "recordings/%s/receipts.ndjson.gz", name);
	receipts = rec_lines_open(path);
	while (rec_lines_next(blocks, &b)) {
		assert_true(rec_lines_next(receipts, &r));
		check_block(kind, b, rec_get(r, "receipts"), mem, &n);
		arena_reset(mem);
	}
	rec_lines_close(blocks);
	rec_lines_close(receipts);
	arena_free(mem);
	return n;
}

static void golden(void **state)
{
	struct counts n = check_recording(CHAIN_ETHEREUM, "golden");

	(void)state;
	assert_int_equal(n.blocks, 1076);
	assert_int_equal(n.txs, 2532);
	assert_int_equal(n.logs, 8339);
	assert_int_equal(n.state_syncs, 0);
}

static void world_root(void **state)
{
	struct counts n = check_recording(CHAIN_ETHEREUM, "world/root");

	(void)state;
	assert_int_equal(n.blocks, 279);
	assert_int_equal(n.txs, 783);
	assert_int_equal(n.logs, 2778);
}

static void world_bttc(void **state)
{
	struct counts n = check_recording(CHAIN_BTTC, "world/bttc");

	(void)state;
	assert_int_equal(n.blocks, 7779);
	assert_int_equal(n.txs, 19160 + 69);
	assert_int_equal(n.logs, 41719);
	assert_int_equal(n.state_syncs, 69);
}

/* What eth_getTransactionReceiptsByBlock answers: no type, other `from`. */
static void world_bttc_by_block(void **state)
{
	struct rec_lines *lines = rec_lines_open("recordings/world/bttc/byblock.ndjson.gz");
	struct arena *mem = arena_new(1 << 28);
	size_t blocks = 0, marked = 0;
	struct jval v;

	(void)state;
	while (rec_lines_next(lines, &v)) {
		struct parse p = parser(CHAIN_BTTC, mem);
		const uint64_t number = rec_u64(rec_get(v, "blockNumber"));
		struct parse_scope scope = {number, number, NULL};
		struct receipt *list;
		struct block_id id;
		size_t n;

		if (parse_receipts(&p, rec_get(v, "eth_getTransactionReceiptsByBlock"), &scope,
			    &list, &n, &id))
			fail_msg("block %llu: %s", (unsigned long long)number, err.msg);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(list[i].type, 0);
			marked += list[i].state_sync;
		}
		blocks++;
		arena_reset(mem);
	}
	assert_int_equal(marked, 69);
	assert_true(blocks > 200);
	rec_lines_close(lines);
	arena_free(mem);
}

/* ---- TRON vectors ---------------------------------------------------------------------------- */

/* The vectors are shortened by their authors: "0x0000...05f". Text with such words made whole. */
static char *whole(const char *path)
{
	struct jval root;
	struct json_parser *p = rec_file(path, &root);
	struct buf b;
	char *at;

	buf_init(&b, 1 << 20);
	json_dump(&b, rec_get(root, "result"));
	rec_file_free(p);
	while ((at = strstr(b.p, "...05f")))
		memcpy(at, "00005f", 6);
	return b.p;
}

static struct jval reparse(struct json_parser *p, const char *text)
{
	struct jval v;

	if (json_parse(p, text, strlen(text), &v, &err))
		fail_msg("%s", err.msg);
	return v;
}

static void tron_vectors(void **state)
{
	static const uint8_t block_hash[32] = {0, 0, 0, 0, 0x03, 0xfe, 0x1c, 0x00, 0x46, 0x2b, 0x49,
		0x8d, 0xda, 0xe6, 0x77, 0x17, 0xe9, 0x6c, 0x78, 0x50, 0x78, 0xad, 0xb5, 0xcc, 0xb7,
		0x27, 0x91, 0x48, 0x91, 0x6e, 0x6f, 0x97};
	struct arena *mem = arena_new(1 << 24);
	struct json_parser *jp = json_parser_new(1 << 24);
	struct parse p = parser(CHAIN_TRON, mem);
	struct parse_scope scope = {0x3fe1ca0, 0x3fe1ca0, NULL};
	struct parsed_block b;
	struct receipt *list, one;
	struct block_log *logs;
	struct block_id id;
	char *text;
	size_t n;

	(void)state;
	text = whole("vectors/tron_nile_eth_getBlockByNumber.json");
	assert_int_equal(parse_block(&p, reparse(jp, text), false, &b), ERR_NONE);
	assert_int_equal(b.h.number, 0x3fe1c00);
	assert_int_equal(b.h.time, 0x69f18a5c);
	assert_memory_equal(b.h.hash.b, block_hash, 32);
	assert_int_equal(b.h.miner.b[0], 0xa2);
	assert_int_equal(b.h.tx_root.b[0], 0xfd);
	assert_int_equal(b.h.state_root.b[0], 0);
	assert_int_equal(b.h.has, 0);
	assert_int_equal(b.tx_count, 8);
	free(text);
	text = whole("vectors/tron_nile_eth_getBlockReceipts_0x3fe1ca0.json");
	assert_int_equal(parse_receipts(&p, reparse(jp, text), &scope, &list, &n, &id), ERR_NONE);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].gas_used, 0xae29);
	assert_int_equal(list[0].log_count, 1);
	assert_int_equal(list[0].logs[0].topic_count, 3);
	assert_int_equal(list[0].logs[0].data.p[list[0].logs[0].data.n - 1], 0x5f);
	assert_int_equal(list[1].cumulative_gas, 0xae29);
	assert_int_equal(id.number, 0x3fe1ca0);
	free(text);
	text = whole("vectors/tron_nile_eth_getTransactionReceipt.json");
	assert_int_equal(parse_receipt(&p, reparse(jp, text), &scope, &one, &id), ERR_NONE);
	check_receipt(&one, &list[0]);
	free(text);
	text = whole("vectors/tron_nile_eth_getLogs.json");
	assert_int_equal(parse_logs(&p, reparse(jp, text), &scope, &logs, &n), ERR_NONE);
	assert_int_equal(n, 1);
	check_log(&logs[0].log, &list[0].logs[0]);
	free(text);
	json_parser_free(jp);
	arena_free(mem);
}

/* ---- broken fields --------------------------------------------------------------------------- */

#define H32(c) "0x" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define A20(c) "0x" c c c c c c c c c c c c c c c c c c c c

static const char good_log[] = "{\"address\":\"" A20("a1") "\",\"topics\":[\"" H32(
	"11") "\"],\"data\":\"0x0102\","
	      "\"blockNumber\":\"0x5\",\"transactionHash\":\"" H32(
		      "22") "\",\"transactionIndex\":\"0x1\","
			    "\"blockHash\":\"" H32(
				    "33") "\",\"logIndex\":\"0x7\",\"removed\":false}";

static const char good_tx[] = "{\"hash\":\"" H32("22") "\",\"blockHash\":\"" H32(
	"33") "\",\"blockNumber\":\"0x5\","
	      "\"transactionIndex\":\"0x0\",\"from\":\"" A20(
		      "a2") "\",\"to\":null,\"value\":\"0x0\","
			    "\"nonce\":\"0x1\",\"gas\":\"0x5208\",\"gasPrice\":\"0x1\",\"input\":"
			    "\"0x\",\"type\":\"0x4\","
			    "\"v\":\"0x0\",\"r\":\"0x1\",\"s\":\"0x2\",\"chainId\":\"0xc7\","
			    "\"accessList\":[{\"address\":\"" A20(
				    "a3") "\",\"storageKeys\":[\"" H32("44") "\"]}],"
									     "\"authorizationList\""
									     ":[{\"chainId\":"
									     "\"0x1\",\"address\":"
									     "\"" A20(
										     "a4") "\","
											   "\"nonce"
											   "\":"
											   "\"0x9\""
											   ","
											   "\"yPari"
											   "ty\":"
											   "\"0x1\""
											   ",\"r\":"
											   "\"0x3\""
											   ",\"s\":"
											   "\"0x4\""
											   "}],"
											   "\"blobV"
											   "ersione"
											   "dHashes"
											   "\":["
											   "\"" H32(
												   "55") "\"]}";

static const char good_receipt[] =
	"{\"transactionHash\":\"" H32("22") "\",\"transactionIndex\":\"0x1\",\"blockHash\":\"" H32(
		"33") "\",\"blockNumber\":\"0x5\",\"cumulativeGasUsed\":\"0x10\",\"gasUsed\":"
		      "\"0x10\","
		      "\"status\":\"0x1\",\"logsBloom\":\"0x%0512d\",\"logs\":[%s]}";

static const char good_block[] =
	"{\"hash\":\"" H32("33") "\",\"parentHash\":\"" H32("32") "\",\"sha3Uncles\":\"" H32("01") "\",\"miner\":\"" A20("00") "\",\"stateRoot\":\"" H32("02") "\",\"transactionsRoot\":\"" H32(
		"03") "\",\"receiptsRoot\":\"" H32("04") "\",\"logsBloom\":\"0x%0512d\","
							 "\"difficulty\":\"0x0\","
							 "\"number\":\"0x5\",\"gasLimit\":\"0x6\","
							 "\"gasUsed\":\"0x7\",\"timestamp\":"
							 "\"0x8\","
							 "\"extraData\":\"0xabcd\",\"mixHash\":"
							 "\"" H32("09") "\",\"nonce\":"
									"\"0x0000000000000042\","
									"\"milliTimestamp\":"
									"\"0x1f5\",\"newRoot\":"
									"\"" H32(
										"66") "\",\"note\":"
										      "7,"
										      "\"transactio"
										      "ns\":[%s]}";

struct broken {
	const char *find, *put, *text; /* text of the error; NULL: still good */
	enum err_kind kind;
};

static char *with(const char *whole_text, const char *find, const char *put)
{
	const char *at = find ? strstr(whole_text, find) : NULL;
	char *out = malloc(strlen(whole_text) + (put ? strlen(put) : 0) + 1);

	if (!find) {
		memcpy(out, whole_text, strlen(whole_text) + 1);
		return out;
	}
	assert_non_null(at);
	memcpy(out, whole_text, (size_t)(at - whole_text));
	snprintf(out + (at - whole_text), strlen(at) + strlen(put) + 1, "%s%s", put,
		at + strlen(find));
	return out;
}

typedef enum err_kind parse_it(struct parse *p, struct jval v);

static void run_broken(
	enum chain_kind kind, const char *good, const struct broken *list, size_t n, parse_it *it)
{
	struct json_parser *jp = json_parser_new(1 << 24);
	struct arena *mem = arena_new(1 << 24);

	for (size_t i = 0; i < n; i++) {
		struct parse p = parser(kind, mem);
		char *text = with(good, list[i].find, list[i].put);
		enum err_kind k = it(&p, reparse(jp, text));

		if (!list[i].text) {
			if (k)
				fail_msg("%s -> %s: %s", list[i].find, list[i].put, err.msg);
		} else {
			assert_int_equal(k, list[i].kind ? list[i].kind : ERR_REJECT);
			if (!strstr(err.msg, list[i].text))
				fail_msg("%s -> %s: %s", list[i].find, list[i].put, err.msg);
		}
		free(text);
	}
	json_parser_free(jp);
	arena_free(mem);
}

static enum err_kind parse_one_log(struct parse *p, struct jval v)
{
	const struct parse_scope scope = {5, 9, NULL};
	struct block_log *l;
	size_t n;

	return parse_logs(p, v, &scope, &l, &n);
}

static void broken_logs(void **state)
{
	static const struct broken list[] = {
		{NULL, NULL, NULL, 0},
		{"\"removed\":false", "\"blockTimestamp\":\"0x1\",\"unknown\":{\"x\":[1]}", NULL,
			0},
		{"\"0x0102\"", "\"0x\"", NULL, 0},
		{"\"0x0102\"", "\"0x010\"", "[0]: data: expected \"0x\" and an even number", 0},
		{"\"0x0102\"", "\"0102\"", "[0]: data: ", 0},
		{"\"0x0102\"", "\"0x01zz\"", "[0]: data: ", 0},
		{"\"0x0102\"", "\"\"", "[0]: data: ", 0},
		{"\"0x0102\"", "null",
			"[0]: data: expected \"0x\" and an even number of hex digits, "
			"got null",
			0},
		{"\"0x0102\"", "258", "got a number", 0},
		{"\"0x5\"", "\"0x4\"", "[0]: blockNumber: the log is of another block, 4", 0},
		{"\"0x5\"", "\"0xa\"", "[0]: blockNumber: the log is of another block, 10", 0},
		{"\"0x5\"", "\"0x10000000000000005\"",
			"[0]: blockNumber: expected a hex quantity of at "
			"most 64 bits",
			0},
		{"\"0x5\"", "\"5\"", "[0]: blockNumber: ", 0},
		{"\"0x5\"", "null", "[0]: blockNumber: ", 0},
		{"\"0x7\"", "\"0x100000000\"",
			"[0]: logIndex: expected a hex quantity of at most 32", 0},
		{"\"0x7\"", "\"0x\"", "[0]: logIndex: ", 0},
		{"\"logIndex\":\"0x7\",", "", "[0]: logIndex: missing", 0},
		{"\"address\":", "\"adress\":", "[0]: address: missing", 0},
		{"\"topics\":[", "\"topics\":[1,", "[0]: topics[0]: item: expected \"0x\" and 64",
			0},
		{"\"topics\":[",
			"\"topics\":[\"" H32("01") "\",\"" H32("01") "\",\"" H32("01") "\",", NULL,
			0},
		{"\"topics\":[",
			"\"topics\":[\"" H32("01") "\",\"" H32("01") "\",\"" H32("01") "\",\"" H32(
				"01") "\",",
			"[0]: topics: more than 4", 0},
		{"\"topics\":[", "\"x\":[", "[0]: topics: missing", 0},
		{"\"removed\":false", "\"removed\":true", "[0]: removed: true", ERR_AGAIN},
		{"\"removed\":false", "\"removed\":null", NULL, 0},
		{"\"" H32("22"), "\"" H32("00"), NULL,
			0}, /* a log of no transaction, on some chains */
		{"\"removed\":false", "\"removed\":\"false\"",
			"[0]: removed: expected true or false", 0},
		{"\"removed\":false", "\"logIndex\":\"0x8\"", "[0]: logIndex: given twice", 0},
		{"[{", "[[],{", "[0]: expected an object", 0},
		{"[{", "[null,{", "[0]: expected an object", 0},
	};
	char text[4000];

	(void)state;
	snprintf(text, sizeof(text), "[%s]", good_log);
	run_broken(CHAIN_ETHEREUM, text, list, sizeof(list) / sizeof(*list), parse_one_log);
}

static enum err_kind parse_one_block(struct parse *p, struct jval v)
{
	struct parsed_block b;

	if (parse_block(p, v, true, &b))
		return p->e->kind;
	assert_int_equal(b.h.number, 5);
	return ERR_NONE;
}

static void broken_blocks(void **state)
{
	static const struct broken list[] = {
		{NULL, NULL, NULL, 0},
		{"\"type\":\"0x4\"", "\"type\":null", NULL, 0},
		{"\"v\":\"0x0\"", "\"yParity\":\"0x1\"", NULL, 0},
		{"\"v\":\"0x0\",", "", "transactions[0]: v: missing", 0},
		{"\"to\":null", "\"to\":\"0x41\"", "transactions[0]: to: expected \"0x\" and 40",
			0},
		{"\"nonce\":\"0x1\"", "\"nonce\":null", "transactions[0]: nonce: expected a hex",
			0},
		{"\"from\":", "\"form\":", "transactions[0]: from: missing", 0},
		{"\"type\":\"0x4\"", "\"type\":\"0x100\"", "transactions[0]: type: ", 0},
		{"\"transactionIndex\":\"0x0\"", "\"transactionIndex\":\"0x1\"",
			"transactions[0]: transactionIndex: 1, but it stands at 0", 0},
		{"\"blockNumber\":\"0x5\"", "\"blockNumber\":\"0x6\"",
			"transactions[0]: blockNumber: not the block's", 0},
		{"\"blockHash\":\"0x33", "\"blockHash\":\"0x34",
			"transactions[0]: blockHash: not the block's", 0},
		{"\"storageKeys\":[\"", "\"storageKeys\":[\"0x1\",\"",
			"transactions[0]: accessList[0]: storageKeys[0]: item: ", 0},
		{"\"storageKeys\":", "\"keys\":",
			"transactions[0]: accessList[0]: storageKeys: missing", 0},
		{"\"yParity\":\"0x1\",\"r\":\"0x3\"", "\"r\":\"0x3\"",
			"transactions[0]: authorizationList[0]: yParity: missing", 0},
		{"\"nonce\":\"0x9\"", "\"nonce\":\"0x\"",
			"transactions[0]: authorizationList[0]: nonce: ", 0},
		{"\"blobVersionedHashes\":[\"", "\"blobVersionedHashes\":[7,\"",
			"transactions[0]: blobVersionedHashes[0]: item: ", 0},
		{"\"transactions\":[{", "\"transactions\":[\"0x1\",{",
			"transactions[0]: expected an object", 0},
		{"\"transactions\":[", "\"transactions\":null,\"x\":[",
			"transactions: expected an array", 0},
		{"\"hash\":\"0x33", "\"hash\":\"0x3", "hash: expected \"0x\" and 64 hex digits", 0},
		{"\"logsBloom\":\"0x00", "\"logsBloom\":\"0x0",
			"logsBloom: expected \"0x\" and 512", 0},
		{"\"difficulty\":\"0x0\"",
			"\"difficulty\":"
			"\"0x10000000000000000000000000000000000000000000000000000000000000000\"",
			"difficulty: expected a hex quantity of at most 256 bits", 0},
		{"\"timestamp\":\"0x8\"", "\"timestamp\":8", "timestamp: expected a hex quantity",
			0},
		{"\"number\":\"0x5\"", "\"number\":null", "number: expected", 0},
		{"\"receiptsRoot\":", "\"receiptRoot\":", "receiptsRoot: missing", 0},
		{"\"nonce\":\"0x0000000000000042\"", "\"nonce\":\"0x42\"", "nonce: expected", 0},
		{"\"extraData\":\"0xabcd\"", "\"extraData\":\"0xabc\"", "extraData: expected", 0},
	};
	char text[8000];

	(void)state;
	snprintf(text, sizeof(text), good_block, 0, good_tx);
	run_broken(CHAIN_ETHEREUM, text, list, sizeof(list) / sizeof(*list), parse_one_block);
}

static void a_block_with_everything(void **state)
{
	static const uint8_t more[] = {0x82, 0x01, 0xf5, 0xa0};
	struct json_parser *jp = json_parser_new(1 << 24);
	struct arena *mem = arena_new(1 << 24);
	struct parse p = parser(CHAIN_ETHEREUM, mem);
	struct parsed_block b;
	char text[8000];

	(void)state;
	snprintf(text, sizeof(text), good_block, 0, good_tx);
	assert_int_equal(parse_block(&p, reparse(jp, text), true, &b), ERR_NONE);
	assert_int_equal(b.h.nonce[7], 0x42);
	assert_int_equal(b.h.extra.n, 2);
	assert_int_equal(b.h.gas_limit, 6);
	assert_int_equal(b.h.time, 8);
	/* unknown members that may be header fields: a quantity and a root; `note` is neither */
	assert_int_equal(b.h.more.n, 3 + 33);
	assert_memory_equal(b.h.more.p, more, sizeof(more));
	assert_int_equal(b.tx_count, 1);
	assert_true(b.txs[0].creates);
	assert_true(b.txs[0].has_chain_id);
	assert_int_equal(b.txs[0].chain_id.w[0], 199);
	assert_int_equal(b.txs[0].type, 4);
	assert_int_equal(b.txs[0].access_count, 1);
	assert_int_equal(b.txs[0].access[0].address.b[0], 0xa3);
	assert_int_equal(b.txs[0].access[0].key_count, 1);
	assert_int_equal(b.txs[0].access[0].keys[0].b[31], 0x44);
	assert_int_equal(b.txs[0].auth_count, 1);
	assert_int_equal(b.txs[0].auths[0].nonce, 9);
	assert_int_equal(b.txs[0].auths[0].y_parity, 1);
	assert_int_equal(b.txs[0].auths[0].address.b[19], 0xa4);
	assert_int_equal(b.txs[0].blob_hash_count, 1);
	assert_int_equal(b.txs[0].blob_hashes[0].b[0], 0x55);
	json_parser_free(jp);
	arena_free(mem);
}

static enum err_kind parse_one_receipt(struct parse *p, struct jval v)
{
	const struct parse_scope scope = {5, 5, NULL};
	struct receipt *r;
	struct block_id id;
	size_t n;

	return parse_receipts(p, v, &scope, &r, &n, &id);
}

static void broken_receipts(void **state)
{
	static const struct broken list[] = {
		{NULL, NULL, NULL, 0},
		{"\"status\":\"0x1\"", "\"root\":\"" H32("77") "\"", NULL, 0},
		{"\"status\":\"0x1\"", "\"root\":\"0x\"", "[0]: status: missing, and no root", 0},
		{"\"status\":\"0x1\"", "\"status\":\"0x2\"", "[0]: status: 2, expected 0 or 1", 0},
		{"\"status\":\"0x1\",", "", "[0]: status: missing", 0},
		{"\"status\":\"0x1\",", "\"status\":\"0x0\",\"type\":\"0x7f\",", NULL, 0},
		{"\"logsBloom\"", "\"bloom\"", "[0]: logsBloom: missing", 0},
		{"\"blockNumber\":\"0x5\"", "\"blockNumber\":\"0x6\"",
			"[0]: blockNumber: the receipt is of another block, 6", 0},
		{"\"cumulativeGasUsed\":\"0x10\"", "\"cumulativeGasUsed\":\"-1\"",
			"[0]: cumulativeGasUsed: expected", 0},
		{"\"logs\":[", "\"logs\":{},\"x\":[", "[0]: logs: expected an array", 0},
		{"\"logs\":[{\"address\"", "\"logs\":[{\"adress\"",
			"[0]: logs[0]: address: missing", 0},
		{"\"transactionHash\":\"0x22", "\"transactionHash\":\"0x23",
			"[0]: logs[0]: transactionHash: not the receipt's", 0},
		{"\"removed\":false", "\"removed\":true", "[0]: logs[0]: removed: true", ERR_AGAIN},
	};
	char receipt[8000], text[8010];

	(void)state;
	snprintf(receipt, sizeof(receipt), good_receipt, 0, good_log);
	snprintf(text, sizeof(text), "[%s]", receipt);
	run_broken(CHAIN_ETHEREUM, text, list, sizeof(list) / sizeof(*list), parse_one_receipt);
}

static enum err_kind parse_tron_block(struct parse *p, struct jval v)
{
	struct parsed_block b;

	if (parse_block(p, v, true, &b))
		return p->e->kind;
	assert_int_equal(b.tx_count, 1);
	return ERR_NONE;
}

/* What is meaningless on TRON may be malformed; what carries meaning may not. */
static void tron_is_looser(void **state)
{
	static const struct broken list[] = {
		{NULL, NULL, NULL, 0},
		{"\"stateRoot\":\"" H32("02") "\"", "\"stateRoot\":\"0x\"", NULL, 0},
		{"\"nonce\":\"0x1\"", "\"nonce\":null", NULL, 0},
		{"\"v\":\"0x0\",\"r\":\"0x1\",\"s\":\"0x2\"", "\"v\":null,\"r\":null,\"s\":null",
			NULL, 0},
		{"\"from\":\"" A20("a2") "\"", "\"from\":null", NULL, 0},
		{"\"value\":\"0x0\"", "\"value\":null", NULL, 0},
		{"\"difficulty\":\"0x0\"", "\"difficulty\":\"nonsense\"", NULL, 0},
		{"\"hash\":\"0x33", "\"hash\":\"0x3", "hash: expected", 0},
		{"\"timestamp\":\"0x8\"", "\"timestamp\":null", "timestamp: expected", 0},
		{"\"input\":\"0x\"", "\"input\":null", "transactions[0]: input: expected", 0},
		{"\"blockHash\":\"0x33", "\"blockHash\":\"0x34", "transactions[0]: blockHash: not",
			0},
	};
	char text[8000];

	(void)state;
	snprintf(text, sizeof(text), good_block, 0, good_tx);
	run_broken(CHAIN_TRON, text, list, sizeof(list) / sizeof(*list), parse_tron_block);
}

/* ---- BTTC's state-sync transaction ------------------------------------------------------------
 */

static void state_sync_marks(void **state)
{
	struct block_id b = {.number = 128};
	struct tx txs[2] = {{.index = 0}, {.index = 1}};
	struct hash32 h;

	(void)state;
	b.hash.b[0] = 9;
	bttc_state_sync_hash(&h, &b);
	txs[0].hash.b[0] = 1;
	txs[0].from.b[0] = 1;
	txs[1].hash = h;
	assert_int_equal(bttc_mark_txs(&b, txs, 2, &err), ERR_NONE);
	assert_true(txs[1].state_sync);
	assert_false(txs[0].state_sync);
	/* of another block: from 0 to 0, but another hash */
	txs[1].state_sync = false;
	txs[1].hash.b[0] ^= 1;
	assert_int_equal(bttc_mark_txs(&b, txs, 2, &err), ERR_REJECT);
	assert_non_null(
		strstr(err.msg, "transactions[1] is the state-sync transaction of another"));
	/* not last */
	txs[0].hash = h;
	txs[1].from.b[0] = 1;
	assert_int_equal(bttc_mark_txs(&b, txs, 2, &err), ERR_REJECT);
	/* not at a sprint start: an ordinary transaction, whatever its hash */
	b.number = 129;
	assert_int_equal(bttc_mark_txs(&b, txs, 2, &err), ERR_NONE);
	assert_false(txs[0].state_sync);
	assert_int_equal(bttc_sprint_start(0), 0);
	assert_int_equal(bttc_sprint_start(1), 64);
	assert_int_equal(bttc_sprint_start(64), 64);
	assert_int_equal(bttc_sprint_start(127), 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(world_root),
		cmocka_unit_test(world_bttc),
		cmocka_unit_test(world_bttc_by_block),
		cmocka_unit_test(tron_vectors),
		cmocka_unit_test(broken_logs),
		cmocka_unit_test(broken_blocks),
		cmocka_unit_test(a_block_with_everything),
		cmocka_unit_test(broken_receipts),
		cmocka_unit_test(tron_is_looser),
		cmocka_unit_test(state_sync_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
