/* JSON-RPC methods: their names and the text of a request. */
#include "source/engine.h"

static const char *const names[M_COUNT] = {
	[M_CHAIN_ID] = "eth_chainId",
	[M_BLOCK_NUMBER] = "eth_blockNumber",
	[M_TAG] = "eth_getBlockByNumber",
	[M_BLOCK] = "eth_getBlockByNumber",
	[M_BLOCK_BY_HASH] = "eth_getBlockByHash",
	[M_LOGS] = "eth_getLogs",
	[M_BOR_LOGS] = "eth_getBorBlockLogs",
	[M_RECEIPTS] = "eth_getBlockReceipts",
	[M_RECEIPTS_BY_BLOCK] = "eth_getTransactionReceiptsByBlock",
	[M_RECEIPT] = "eth_getTransactionReceipt",
	[M_CODE] = "eth_getCode",
	[M_CALL] = "eth_call",
};

const char *method_name(enum method m)
{
	return names[m];
}

static void write_filter(struct jw *w, const struct call *c)
{
	jw_obj(w);
	if (c->by_hash) {
		jw_key(w, "blockHash");
		jw_hex(w, c->hash.b, sizeof(c->hash.b));
	} else {
		jw_key(w, "fromBlock");
		jw_hex_u64(w, c->from);
		jw_key(w, "toBlock");
		jw_hex_u64(w, c->to);
	}
	if (c->filter_len) {
		buf_chr(w->b, ',');
		buf_add(w->b, c->filter, c->filter_len);
		w->comma = true;
	}
	jw_obj_end(w);
}

/* By hash: EIP-1898. */
static void write_call(struct jw *w, const struct call *c)
{
	jw_obj(w);
	jw_key(w, "to");
	jw_hex(w, c->address.b, sizeof(c->address.b));
	jw_key(w, "data");
	jw_hex(w, c->data.p, c->data.n);
	jw_obj_end(w);
	if (!c->by_hash) {
		jw_str(w, "latest");
		return;
	}
	jw_obj(w);
	jw_key(w, "blockHash");
	jw_hex(w, c->hash.b, sizeof(c->hash.b));
	jw_obj_end(w);
}

static void write_params(struct jw *w, const struct call *c, const struct endpoint *ep)
{
	static const char *const tags[] = {"latest", "safe", "finalized"};

	switch (c->method) {
	case M_TAG:
		jw_str(w, tags[c->tag]);
		jw_bool(w, false);
		break;
	case M_BLOCK:
		jw_hex_u64(w, c->from);
		jw_bool(w, c->full);
		break;
	case M_BLOCK_BY_HASH:
		jw_hex(w, c->hash.b, sizeof(c->hash.b));
		jw_bool(w, c->full);
		break;
	case M_LOGS:
	case M_BOR_LOGS: write_filter(w, c); break;
	case M_RECEIPTS:
	case M_RECEIPTS_BY_BLOCK:
		if (c->by_hash && !ep->receipts_by_number)
			jw_hex(w, c->hash.b, sizeof(c->hash.b));
		else
			jw_hex_u64(w, c->from);
		break;
	case M_RECEIPT: jw_hex(w, c->hash.b, sizeof(c->hash.b)); break;
	case M_CODE:
		jw_hex(w, c->address.b, sizeof(c->address.b));
		jw_str(w, "latest");
		break;
	case M_CALL: write_call(w, c); break;
	case M_CHAIN_ID:
	case M_BLOCK_NUMBER:
	case M_COUNT: break;
	}
}

void method_write(struct buf *b, const struct call *c, const struct endpoint *ep)
{
	struct jw w;

	jw_init(&w, b);
	jw_obj(&w);
	jw_key(&w, "jsonrpc");
	jw_str(&w, "2.0");
	jw_key(&w, "id");
	jw_u64(&w, c->id);
	jw_key(&w, "method");
	jw_str(&w, names[c->method]);
	jw_key(&w, "params");
	jw_arr(&w);
	write_params(&w, c, ep);
	jw_arr_end(&w);
	jw_obj_end(&w);
}

void method_filter(struct buf *b, const struct log_filter *f)
{
	size_t positions = LOG_TOPICS_MAX;
	struct jw w;

	jw_init(&w, b);
	if (f->address_count) {
		jw_key(&w, "address");
		jw_arr(&w);
		for (size_t i = 0; i < f->address_count; i++)
			jw_hex(&w, f->addresses[i].b, sizeof(f->addresses[i].b));
		jw_arr_end(&w);
	}
	while (positions && !f->topic_count[positions - 1])
		positions--;
	if (!positions)
		return;
	jw_key(&w, "topics");
	jw_arr(&w);
	for (size_t i = 0; i < positions; i++) {
		if (!f->topic_count[i]) {
			jw_null(&w);
			continue;
		}
		jw_arr(&w);
		for (size_t k = 0; k < f->topic_count[i]; k++)
			jw_hex(&w, f->topics[i][k].b, sizeof(f->topics[i][k].b));
		jw_arr_end(&w);
	}
	jw_arr_end(&w);
}
