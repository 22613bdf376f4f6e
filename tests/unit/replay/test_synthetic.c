/*
 * Synthetic chains hold what real headers promise: hashes, links, blooms, receipts and transactions
 * under their roots, signatures, seals and turns. Checked from the served JSON with the project's
 * own chain code (which has its own vectors), through the readers of tests/lib.
 */
#include "http.h"

#include "base/json.h"
#include "chain/bloom.h"
#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/trie.h"
#include "chain/tx.h"
#include "lib/recording.h"
#include "replay/synthetic.h"

struct chain {
	struct client c;
	struct json_parser *parser;
	struct arena *mem;
	const char *path;
	char *body;
};

static struct chain open_chain(const char *text)
{
	return (struct chain){
		.c = client_open(serve_one(text, (struct replay_conf){0})),
		.parser = json_parser_new(256u << 20),
		.mem = arena_new(SIZE_MAX / 2),
		.path = strstr(text, "kind=bttc") ? "/bttc" : "/root",
	};
}

static void close_chain(struct chain *h)
{
	client_close(&h->c);
	json_parser_free(h->parser);
	arena_free(h->mem);
	free(h->body);
}

/* The result of a call; valid until the next. */
static struct jval ask(struct chain *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static struct jval ask(struct chain *h, const char *fmt, ...)
{
	char params[400], body[600];
	struct jval root, result;
	struct http a;
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(params, sizeof(params), fmt, ap);
	va_end(ap);
	snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":%s}", params);
	a = post(&h->c, h->path, body);
	assert_int_equal(a.status, 200);
	free(h->body);
	h->body = a.body;
	if (json_parse(h->parser, a.body, a.n, &root, &e))
		fail_msg("%s", e.msg);
	if (!json_get(root, "result", &result))
		fail_msg("%s: %.300s", body, a.body);
	return result;
}

static struct header header_of(struct chain *h, uint64_t n)
{
	struct header x;

	rec_header(ask(h, "\"eth_getBlockByNumber\",\"params\":[\"0x%llx\",false]",
			   (unsigned long long)n),
		h->mem, &x);
	return x;
}

/* ---- one block -------------------------------------------------------------------------- */

struct content {
	struct header h;
	struct tx *txs;
	struct receipt *receipts;
	size_t tx_count, receipt_count;
};

static struct content content_of(struct chain *h, uint64_t n)
{
	struct content c;
	struct jval b = ask(
		h, "\"eth_getBlockByNumber\",\"params\":[\"0x%llx\",true]", (unsigned long long)n);
	struct jval txs;

	rec_header(b, h->mem, &c.h);
	assert_true(json_get(b, "transactions", &txs));
	c.txs = rec_txs(txs, h->mem, &c.tx_count);
	c.receipts =
		rec_receipts(ask(h, "\"%s\",\"params\":[\"0x%llx\"]",
				     strcmp(h->path, "/root") ? "eth_getTransactionReceiptsByBlock"
							      : "eth_getBlockReceipts",
				     (unsigned long long)n),
			h->mem, &c.receipt_count);
	return c;
}

static void check_roots(struct chain *h, const struct content *c)
{
	struct bytes *txs = arena_calloc(h->mem, c->tx_count + 1, sizeof(*txs));
	struct bytes *receipts = arena_calloc(h->mem, c->tx_count + 1, sizeof(*receipts));
	uint8_t bloom[256] = {0}, own[256];
	struct hash32 root, hash;
	uint64_t gas = 0;
	struct buf b;
	struct err e;

	assert_int_equal(c->receipt_count, c->tx_count);
	buf_init(&b, 1 << 24);
	for (size_t i = 0; i < c->tx_count; i++) {
		struct address from;

		buf_clear(&b);
		assert_int_equal(tx_encode(&b, &c->txs[i], &e), ERR_NONE);
		txs[i] = arena_bytes(h->mem, b.p, b.n);
		keccak256(&hash, b.p, b.n);
		assert_memory_equal(&hash, &c->txs[i].hash, 32);
		assert_memory_equal(&c->receipts[i].tx_hash, &hash, 32);
		assert_int_equal(tx_sender(&from, &c->txs[i], &e), ERR_NONE);
		assert_memory_equal(&from, &c->txs[i].from, 20);
		buf_clear(&b);
		receipt_encode(&b, &c->receipts[i]);
		receipts[i] = arena_bytes(h->mem, b.p, b.n);
		receipt_bloom(own, &c->receipts[i]);
		assert_memory_equal(own, c->receipts[i].bloom, 256);
		for (size_t k = 0; k < c->receipts[i].log_count; k++)
			bloom_add_log(bloom, &c->receipts[i].logs[k]);
		gas += c->receipts[i].gas_used;
		assert_int_equal(c->receipts[i].cumulative_gas, gas);
	}
	trie_root(&root, txs, c->tx_count);
	assert_memory_equal(&root, &c->h.tx_root, 32);
	trie_root(&root, receipts, c->tx_count);
	assert_memory_equal(&root, &c->h.receipts_root, 32);
	assert_memory_equal(bloom, c->h.bloom, 256);
	assert_int_equal(c->h.gas_used, gas);
	buf_free(&b);
}

/* The logs of a range are those of the receipts, in order. */
static void check_logs(struct chain *h, const struct content *c)
{
	struct jval logs = ask(h,
		"\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\"}]",
		(unsigned long long)c->h.number, (unsigned long long)c->h.number);
	struct jiter it;
	struct jval v;
	size_t tx = 0, k = 0, n = 0;

	for (json_iter(logs, &it); json_next(&it, &v); n++, k++) {
		const struct log *want;
		struct bytes data;
		struct hash32 hash;

		while (k == c->receipts[tx].log_count) {
			tx++;
			k = 0;
		}
		want = &c->receipts[tx].logs[k];
		rec_fixed(rec_get(v, "transactionHash"), &hash, 32);
		assert_memory_equal(&hash, &c->receipts[tx].tx_hash, 32);
		rec_fixed(rec_get(v, "blockHash"), &hash, 32);
		assert_memory_equal(&hash, &c->h.hash, 32);
		assert_int_equal(rec_u64(rec_get(v, "logIndex")), n);
		assert_int_equal(want->log_index, n);
		assert_int_equal(rec_u64(rec_get(v, "blockNumber")), c->h.number);
		data = rec_hex(rec_get(v, "data"), h->mem);
		assert_int_equal(data.n, want->data.n);
		if (data.n)
			assert_memory_equal(data.p, want->data.p, data.n);
	}
}

static void check_block(struct chain *h, uint64_t n, size_t logs)
{
	struct content c = content_of(h, n);
	struct header parent;
	struct hash32 hash;
	size_t count = 0;

	assert_int_equal(c.h.number, n);
	header_hash(&hash, &c.h);
	assert_memory_equal(&hash, &c.h.hash, 32);
	if (n) {
		parent = header_of(h, n - 1);
		assert_memory_equal(&parent.hash, &c.h.parent, 32);
		assert_true(c.h.time > parent.time);
	}
	check_roots(h, &c);
	check_logs(h, &c);
	for (size_t i = 0; i < c.receipt_count; i++)
		count += c.receipts[i].log_count;
	assert_int_equal(count, logs);
}

/* ---- chains ----------------------------------------------------------------------------- */

static void ethereum_chain(void **state)
{
	struct chain h = open_chain("synthetic:blocks=300,logs=12,per-tx=5,seed=3");

	(void)state;
	check_block(&h, 0, 0);
	for (uint64_t n = 1; n <= 300; n += n < 40 ? 1 : 13)
		check_block(&h, n, 12);
	assert_true(json_is_null(ask(&h, "\"eth_getBlockByNumber\",\"params\":[\"0x12d\",false]")));
	assert_int_equal(
		json_count(ask(&h, "\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x0\"}]")), 3600);
	close_chain(&h);
}

static void sparse_chain(void **state)
{
	struct chain h = open_chain("synthetic:blocks=100,logs=3,per-tx=2,every=7");

	(void)state;
	for (uint64_t n = 0; n <= 100; n++)
		check_block(&h, n, n && n % 7 == 0 ? 3 : 0);
	close_chain(&h);
}

static void without_logs(void **state)
{
	struct chain h = open_chain("synthetic:blocks=20,logs=0");

	(void)state;
	check_block(&h, 7, 0);
	close_chain(&h);
}

static void bttc_chain(void **state)
{
	struct chain h = open_chain("synthetic:kind=bttc,blocks=400,logs=5,per-tx=2");
	struct producer *set = NULL;
	uint64_t before = 0;
	size_t count = 0;
	int proposer = -1, behind = 0;
	struct err e;

	(void)state;
	for (uint64_t n = 1; n <= 400; n++) {
		struct header x = header_of(&h, n);
		struct address author;
		struct hash32 hash;
		int at = -1;
		unsigned k;

		header_hash(&hash, &x);
		assert_memory_equal(&hash, &x.hash, 32);
		assert_true(header_author(&author, &x));
		if (n % 64 == 0)
			proposer = -1;
		if (set) {
			for (size_t i = 0; i < count; i++)
				if (address_eq(&set[i].address, &author))
					at = (int)i;
			assert_true(at >= 0);
			k = (unsigned)(count - x.difficulty.w[0]);
			assert_true(k < count);
			behind += k > 0;
			if (proposer < 0)
				proposer = (int)(((unsigned)at + count - k) % count);
			assert_int_equal(((unsigned)proposer + k) % count, at);
			assert_true(x.time >= before + (n % 64 ? 2 : 6) + 2 * k);
		}
		if (n % 64 == 63) {
			assert_int_equal(header_producers(&x, h.mem, &set, &count, &e), ERR_NONE);
			assert_int_equal(count, 7);
		}
		before = x.time;
	}
	assert_in_range(behind, 10, 120);
	for (uint64_t n = 60; n < 70; n++)
		check_block(&h, n, 5);
	close_chain(&h);
}

static void same_text_same_chain(void **state)
{
	struct header a, b;
	struct chain h = open_chain("synthetic:blocks=200,logs=4");

	(void)state;
	a = header_of(&h, 200);
	close_chain(&h);
	h = open_chain("synthetic:logs=4,blocks=500");
	b = header_of(&h, 200);
	assert_memory_equal(&a.hash, &b.hash, 32);
	close_chain(&h);
	h = open_chain("synthetic:blocks=200,logs=4,seed=2");
	b = header_of(&h, 200);
	assert_memory_not_equal(&a.hash, &b.hash, 32);
	close_chain(&h);
}

static uint64_t number(struct chain *h)
{
	uint64_t n;

	assert_true(json_hex_u64(ask(h, "\"eth_blockNumber\""), &n));
	return n;
}

static void grows_in_time(void **state)
{
	struct chain h = open_chain("synthetic:blocks=100000,logs=0,head=50,period=20");
	struct timespec a, b;
	uint64_t first, last, ms;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &a);
	first = number(&h);
	assert_true(first >= 50 && first < 500);
	do
		last = number(&h);
	while (last < first + 25);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (uint64_t)((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000);
	assert_true(ms >= 24 * 20 && ms < 20000);
	assert_true(json_is_null(ask(&h, "\"eth_getBlockByNumber\",\"params\":[\"0x%llx\",false]",
		(unsigned long long)last + 50)));
	close_chain(&h);
}

static void bad_texts(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"synthetic:block=5", "did you mean \"blocks\"?"},
		{"synthetic:blocks=0", "from 1 to"},
		{"synthetic:blocks=x", "not \"x\""},
		{"synthetic:blocks", "not key=value"},
		{"synthetic:kind=solana", "ethereum or bttc"},
		{"synthetic:blocks=5,head=6", "above the last"},
		{"synthetic:logs=10000,per-tx=1,blocks=100000000", "2,000,000,000"},
	};
	struct synthetic_live live;
	struct body *b = NULL;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(synthetic_make(&b, bad[i].text, &live, &e), ERR_FATAL);
		if (!strstr(e.msg, bad[i].says) || !strstr(e.msg, bad[i].text))
			fail_msg("%s: %s", bad[i].text, e.msg);
		assert_null(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethereum_chain),
		cmocka_unit_test(sparse_chain),
		cmocka_unit_test(without_logs),
		cmocka_unit_test(bttc_chain),
		cmocka_unit_test(same_text_same_chain),
		cmocka_unit_test(grows_in_time),
		cmocka_unit_test(bad_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
