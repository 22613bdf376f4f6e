/* See fake_node.h. */
#include "lib/fake_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const methods[] = {"eth_chainId", "eth_blockNumber", "eth_getBlockByNumber",
	"eth_getBlockByHash", "eth_getLogs", "eth_getBlockReceipts",
	"eth_getTransactionReceiptsByBlock", "eth_getTransactionReceipt", "eth_getCode",
	"eth_getBorBlockLogs"};
#define METHODS (sizeof(methods) / sizeof(*methods))

static int method_index(const char *name)
{
	for (size_t i = 0; i < METHODS; i++)
		if (!strcmp(methods[i], name))
			return (int)i;
	return -1;
}

unsigned fake_node_count(struct fake_node *n, const char *method)
{
	return atomic_load(&n->calls[method_index(method)]);
}

/* ---- the chain ------------------------------------------------------------------------------- */

void fake_block_hash(const struct fake_node *n, struct hash32 *out, uint64_t number)
{
	memset(out, 0, sizeof(*out));
	out->b[0] = 0xb0;
	out->b[1] = n->fork;
	for (int i = 0; i < 8; i++)
		out->b[31 - i] = (uint8_t)(number >> (8 * i));
}

static void add_hash(struct buf *out, const char *key, const struct fake_node *n, uint64_t number)
{
	struct hash32 h;

	fake_block_hash(n, &h, number);
	buf_printf(out, "\"%s\":\"0x", key);
	buf_hex(out, h.b, sizeof(h.b));
	buf_chr(out, '"');
}

static void add_tx_hash(struct buf *out, const struct fake_node *n, uint64_t number, unsigned i)
{
	buf_printf(out, "\"0x70%02x%028x%016x%016llx\"", n->fork, 0, i, (unsigned long long)number);
}

void fake_log(const struct fake_node *n, struct buf *out, uint64_t number, unsigned i)
{
	buf_printf(out,
		"{\"address\":\"0x%040x\",\"topics\":[\"0x%064llx\"],"
		"\"data\":\"0x%048llx%016x\",\"blockNumber\":\"0x%llx\",\"transactionHash\":",
		0xa0 + i, (unsigned long long)number, (unsigned long long)number, i,
		(unsigned long long)number);
	add_tx_hash(out, n, number, i);
	buf_printf(out, ",\"transactionIndex\":\"0x%x\",", i);
	add_hash(out, "blockHash", n, number);
	buf_printf(out, ",\"logIndex\":\"0x%x\",\"removed\":false}", i);
}

static void add_tx(struct buf *out, const struct fake_node *n, uint64_t number, unsigned i)
{
	buf_chr(out, '{');
	add_hash(out, "blockHash", n, number);
	buf_printf(out,
		",\"blockNumber\":\"0x%llx\",\"from\":\"0x%040x\",\"gas\":\"0x5208\","
		"\"gasPrice\":\"0x1\",\"input\":\"0x\",\"nonce\":\"0x%x\",\"to\":\"0x%040x\","
		"\"transactionIndex\":\"0x%x\",\"value\":\"0x0\",\"type\":\"0x%x\",\"v\":\"0x1b\","
		"\"r\":\"0x1\",\"s\":\"0x2\",\"hash\":",
		(unsigned long long)number, 7, i, 0xa0 + i, i, i % 3);
	add_tx_hash(out, n, number, i);
	buf_chr(out, '}');
}

void fake_block(const struct fake_node *n, struct buf *out, uint64_t number, bool full)
{
	buf_chr(out, '{');
	add_hash(out, "hash", n, number);
	buf_chr(out, ',');
	add_hash(out, "parentHash", n, number - 1);
	buf_printf(out,
		",\"number\":\"0x%llx\",\"timestamp\":\"0x%llx\",\"miner\":\"0x%040x\","
		"\"sha3Uncles\":\"0x%064x\",\"stateRoot\":\"0x%064x\",\"transactionsRoot\":\"0x%"
		"064x\","
		"\"receiptsRoot\":\"0x%064x\",\"logsBloom\":\"0x%0512x\",\"difficulty\":\"0x2\","
		"\"gasLimit\":\"0x1c9c380\",\"gasUsed\":\"0x0\",\"extraData\":\"0x\","
		"\"mixHash\":\"0x%064x\",\"nonce\":\"0x%016x\",\"size\":\"0x220\",\"uncles\":[],"
		"\"transactions\":[",
		(unsigned long long)number, (unsigned long long)(1700000000 + 2 * number), 1, 2, 3,
		4, 5, 6, 7, 0);
	for (unsigned i = 0; i < n->logs; i++) {
		if (i)
			buf_chr(out, ',');
		if (full)
			add_tx(out, n, number, i);
		else
			add_tx_hash(out, n, number, i);
	}
	buf_str(out, "]}");
}

static void add_receipt(const struct fake_node *n, struct buf *out, uint64_t number, unsigned i)
{
	buf_chr(out, '{');
	add_hash(out, "blockHash", n, number);
	buf_printf(out,
		",\"blockNumber\":\"0x%llx\",\"contractAddress\":null,"
		"\"cumulativeGasUsed\":\"0x%x\",\"gasUsed\":\"0x5208\",\"from\":\"0x%040x\","
		"\"to\":\"0x%040x\",\"logsBloom\":\"0x%0512x\",\"status\":\"0x1\","
		"\"transactionIndex\":\"0x%x\",\"transactionHash\":",
		(unsigned long long)number, 21000 * (i + 1), 7, 0xa0 + i, 1, i);
	add_tx_hash(out, n, number, i);
	buf_str(out, ",\"logs\":[");
	fake_log(n, out, number, i);
	buf_str(out, "]}");
}

void fake_receipts(const struct fake_node *n, struct buf *out, uint64_t number)
{
	buf_chr(out, '[');
	for (unsigned i = 0; i < n->logs; i++) {
		if (i)
			buf_chr(out, ',');
		add_receipt(n, out, number, i);
	}
	buf_chr(out, ']');
}

/* ---- default answers ------------------------------------------------------------------------- */

static struct jval param(const struct fake_call *c, size_t at)
{
	struct jval v = {0};
	struct jiter it;
	size_t i = 0;

	for (json_iter(c->params, &it); json_next(&it, &v); i++)
		if (i == at)
			return v;
	return c->params;
}

/* The block a parameter names, by number, tag or hash. */
static bool block_param(const struct fake_node *n, struct jval v, uint64_t *number)
{
	struct hash32 h, want;
	const char *s;
	size_t len;

	if (!json_str(v, &s, &len))
		return false;
	if (len == 66) {
		if (!json_hex_fixed(v, h.b, sizeof(h.b)))
			return false;
		*number = 0;
		for (int i = 24; i < 32; i++)
			*number = *number << 8 | h.b[i];
		fake_block_hash(n, &want, *number);
		return hash_eq(&h, &want);
	}
	if (!json_hex_u64(v, number)) {
		*number = atomic_load(&n->head);
		if (len == 9) /* finalized */
			*number = *number > 64 ? *number - 64 : 0;
		else if (len == 4) /* safe */
			*number = *number > 32 ? *number - 32 : 0;
	}
	return true;
}

static bool wants(struct jval filter, const char *key, unsigned value)
{
	struct jval list, v;
	struct jiter it;
	uint8_t a[20];

	if (!json_get(filter, key, &list))
		return true;
	for (json_iter(list, &it); json_next(&it, &v);)
		if (json_hex_fixed(v, a, 20) && (unsigned)(a[18] << 8 | a[19]) == value)
			return true;
	return false;
}

static void answer_logs(struct fake_node *n, struct fake_call *c)
{
	const uint64_t head = atomic_load(&n->head);
	const uint64_t to = c->to < head ? c->to : head; /* clipped without a word */
	bool first = true;

	if (c->to - c->from + 1 > atomic_load(&n->widest))
		atomic_store(&n->widest, c->to - c->from + 1);
	buf_chr(c->result, '[');
	for (uint64_t b = c->from; b <= to; b++)
		for (unsigned i = 0; i < n->logs; i++) {
			if (!wants(param(c, 0), "address", 0xa0 + i))
				continue;
			if (!first)
				buf_chr(c->result, ',');
			first = false;
			fake_log(n, c->result, b, i);
		}
	buf_chr(c->result, ']');
}

static void answer_one_receipt(struct fake_node *n, struct fake_call *c)
{
	uint64_t number = 0, index = 0;
	uint8_t h[32];

	if (!json_hex_fixed(param(c, 0), h, 32)) {
		buf_str(c->result, "null");
		return;
	}
	for (int i = 24; i < 32; i++)
		number = number << 8 | h[i];
	for (int i = 16; i < 24; i++)
		index = index << 8 | h[i];
	add_receipt(n, c->result, number, (unsigned)index);
}

static void answer(struct fake_node *n, struct fake_call *c)
{
	const uint64_t head = atomic_load(&n->head);
	struct jval v;
	uint64_t number;
	bool full = false, found;

	if (!strcmp(c->method, "eth_chainId")) {
		buf_printf(c->result, "\"0x%llx\"", (unsigned long long)n->chain_id);
	} else if (!strcmp(c->method, "eth_blockNumber")) {
		buf_printf(c->result, "\"0x%llx\"", (unsigned long long)head);
	} else if (!strncmp(c->method, "eth_getBlockBy", 14)) {
		found = block_param(n, param(c, 0), &number) && number <= head;
		json_bool(param(c, 1), &full);
		if (found)
			fake_block(n, c->result, number, full);
		else
			buf_str(c->result, "null");
	} else if (!strcmp(c->method, "eth_getLogs")) {
		answer_logs(n, c);
	} else if (!strcmp(c->method, "eth_getBlockReceipts")) {
		found = block_param(n, param(c, 0), &number) && number <= head;
		if (found)
			fake_receipts(n, c->result, number);
		else
			buf_str(c->result, "null");
	} else if (!strcmp(c->method, "eth_getTransactionReceipt")) {
		answer_one_receipt(n, c);
	} else if (!strcmp(c->method, "eth_getCode")) {
		uint8_t a[20] = {0};

		v = param(c, 0);
		json_hex_fixed(v, a, 20);
		buf_str(c->result, a[19] == 0xc0 ? "\"0x6001\"" : "\"0x\"");
	} else {
		c->error = -32601;
		c->message = "the method does not exist/is not available";
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static void read_range(const struct fake_node *n, struct fake_call *c)
{
	struct jval v, filter = param(c, 0);

	if (!strcmp(c->method, "eth_getBlockByNumber"))
		(void)json_hex_u64(filter, &c->from);
	if (strcmp(c->method, "eth_getLogs") && strcmp(c->method, "eth_getBorBlockLogs"))
		return;
	if (json_get(filter, "blockHash", &v)) {
		c->by_hash = true;
		(void)block_param(n, v, &c->from);
		c->to = c->from;
		return;
	}
	if (json_get(filter, "fromBlock", &v))
		(void)json_hex_u64(v, &c->from);
	if (json_get(filter, "toBlock", &v))
		(void)json_hex_u64(v, &c->to);
}

static bool answer_call(struct fake_node *n, struct jval rq, struct buf *out)
{
	struct fake_call c = {0};
	struct jval v;
	struct buf result;
	const char *s;
	char method[64];
	size_t len;
	int64_t id = 0;

	if (!json_get(rq, "method", &v) || !json_str(v, &s, &len) || len >= sizeof(method) ||
		!json_get(rq, "id", &v) || !json_i64(v, &id) ||
		!json_get(rq, "params", &c.params)) {
		buf_str(out, "{\"jsonrpc\":\"2.0\",\"id\":null,"
			     "\"error\":{\"code\":-32600,\"message\":\"invalid request\"}}");
		return true;
	}
	memcpy(method, s, len);
	method[len] = 0;
	c.method = method;
	if (method_index(method) >= 0)
		atomic_fetch_add(&n->calls[method_index(method)], 1);
	read_range(n, &c);
	buf_init(&result, 256u << 20);
	c.result = &result;
	if (!n->call || !n->call(n, &c))
		answer(n, &c);
	if (c.leave_out) {
		buf_free(&result);
		return false;
	}
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%lld,", (long long)id);
	if (c.error)
		buf_printf(out, "\"error\":{\"code\":%lld,\"message\":\"%s\"%s%s}",
			(long long)c.error, c.message, c.data ? ",\"data\":" : "",
			c.data ? c.data : "");
	else {
		buf_str(out, "\"result\":");
		buf_add(out, result.p, result.n);
	}
	buf_chr(out, '}');
	buf_free(&result);
	return true;
}

static void answer_batch(struct fake_node *n, struct jval root, struct buf *out)
{
	const unsigned size = (unsigned)json_count(root);
	struct jval items[2048], v;
	struct jiter it;
	unsigned count = 0;
	bool first = true;

	atomic_fetch_add(&n->batches, 1);
	if (size > atomic_load(&n->largest_batch))
		atomic_store(&n->largest_batch, size);
	if (n->batch_max && size > n->batch_max) {
		buf_str(out, "[{\"jsonrpc\":\"2.0\",\"id\":null,"
			     "\"error\":{\"code\":-32600,\"message\":\"batch too large\"}}]");
		return;
	}
	for (json_iter(root, &it); json_next(&it, &v) && count < 2048;)
		items[count++] = v;
	buf_chr(out, '[');
	for (unsigned i = 0; i < count; i++) {
		const size_t at = out->n;

		if (!first)
			buf_chr(out, ',');
		if (answer_call(n, items[n->shuffle ? count - 1 - i : i], out))
			first = false;
		else
			out->n = at;
	}
	buf_chr(out, ']');
}

static void handle(void *arg, const struct fake_request *q, struct fake_reply *r)
{
	struct fake_node *n = arg;
	struct jval root;

	if (n->request && n->request(n, q, r))
		return;
	if (json_parse(n->json, q->body, q->body_len, &root, NULL)) {
		r->status = 400;
		return;
	}
	if (json_type(root) == JSON_ARRAY)
		answer_batch(n, root, &r->body);
	else
		(void)answer_call(n, root, &r->body);
}

struct fake_node *fake_node_new(uint64_t chain_id, uint64_t head)
{
	struct fake_node *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->json = json_parser_new(64u << 20);
	n->chain_id = chain_id;
	atomic_store(&n->head, head);
	n->logs = 3;
	return n;
}

void fake_node_start(struct fake_node *n)
{
	n->http = fake_http_start(handle, n);
}

void fake_node_stop(struct fake_node *n)
{
	fake_http_stop(n->http);
	json_parser_free(n->json);
	free(n);
}
