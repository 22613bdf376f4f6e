/*
 * eth_getLogs and its state-sync sibling: a walk over the blocks of a range with the filter tested
 * on addresses and topics that were decoded at load, copying the text of what matches.
 */
#include "replay/rpc.h"

#include "replay/fault.h"
#include "replay/filter.h"

#include <inttypes.h>
#include <string.h>

#define TRON_RANGE_MAX 5000
#define TRON_LOGS_MAX  10000

enum which { HEADER_LOGS, STATE_SYNC_LOGS, ALL_LOGS };

struct walk {
	struct ask *a;
	struct filter filter;
	enum which which;
	size_t found;
	bool comma;
};

/* Change the last hex digit of the log's data in the text from `from` on, or of its last topic. */
static void alter(struct buf *out, size_t from)
{
	static const char data[] = "\"data\":\"0x";
	char *text = out->p + from, *end;

	end = memmem(text, out->n - from, data, sizeof(data) - 1);
	end = end ? memchr(end + sizeof(data) - 1, '"',
			    out->n - (size_t)(end + sizeof(data) - 1 - out->p))
		  : NULL;
	if (end && end[-1] == 'x') {
		end = memmem(text, out->n - from, "\"]", 2);
		if (end && end[-1] == '[')
			end = NULL;
	}
	if (end)
		end[-1] = end[-1] == '7' ? '8' : '7';
}

static void put_once(
	struct ask *a, const struct body_block *k, uint32_t log, bool altered, bool *comma)
{
	size_t start;

	if (*comma)
		buf_chr(a->out, ',');
	*comma = true;
	start = a->out->n;
	a->node->body->ops->put_log(a->node->body, k, log, a->out);
	if (altered && !a->out->bad)
		alter(a->out, start);
}

void rpc_put_log(struct ask *a, const struct body_block *k, uint32_t log, bool *comma)
{
	unsigned what = a->faults ? fault_on_log(a->faults, a, k->number, log) : 0;

	if (what & FAULT_DROP)
		return;
	put_once(a, k, log, what & FAULT_ALTER, comma);
	if (what & FAULT_TWICE)
		put_once(a, k, log, what & FAULT_ALTER, comma);
}

/* Address and topics of the forged log: the last log's, then what the filter asks for. */
static void model(
	struct ask *a, const struct body_block *k, const struct filter *like, struct rec_log *out)
{
	const struct rec_log *logs;
	uint32_t n = a->node->body->ops->logs(a->node->body, k, &logs);

	*out = n ? logs[n - 1] : (struct rec_log){.topic_count = 1};
	out->index = n ? out->index + 1 : 0;
	if (!like)
		return;
	if (like->addresses)
		out->address = like->address;
	for (unsigned i = 0; i < like->positions; i++)
		if (like->topics[i]) {
			out->topics[i] = like->topic[i];
			if (out->topic_count <= i)
				out->topic_count = (uint8_t)(i + 1);
		}
	if (out->topic_count < like->positions)
		out->topic_count = (uint8_t)like->positions;
}

void rpc_put_forged(
	struct ask *a, const struct body_block *k, const struct filter *like, bool *comma)
{
	const struct body *b = a->node->body;
	uint32_t txs = b->ops->tx_count(b, k);
	uint8_t data[32] = {[31] = 1};
	struct rec_log log;
	struct hash32 tx;
	struct jw w;

	if (!a->faults || !fault_on_block_logs(a->faults, a, k->number))
		return;
	model(a, k, like, &log);
	memset(&tx, 0x5a, sizeof(tx));
	if (txs)
		b->ops->tx_hash(b, k, txs - 1, &tx);
	if (*comma)
		buf_chr(a->out, ',');
	*comma = true;
	jw_init(&w, a->out);
	jw_obj(&w);
	jw_key(&w, "address");
	jw_hex(&w, log.address.b, 20);
	jw_key(&w, "topics");
	jw_arr(&w);
	for (unsigned i = 0; i < log.topic_count; i++)
		jw_hex(&w, log.topics[i].b, 32);
	jw_arr_end(&w);
	jw_key(&w, "data");
	jw_hex(&w, data, sizeof(data));
	jw_key(&w, "blockNumber");
	jw_hex_u64(&w, k->number);
	jw_key(&w, "transactionHash");
	jw_hex(&w, tx.b, 32);
	jw_key(&w, "transactionIndex");
	jw_hex_u64(&w, txs ? txs - 1 : 0);
	jw_key(&w, "blockHash");
	jw_hex(&w, k->hash.b, 32);
	jw_key(&w, "logIndex");
	jw_hex_u64(&w, log.index);
	jw_key(&w, "removed");
	jw_bool(&w, false);
	jw_obj_end(&w);
}

static void walk_block(struct walk *w, const struct body_block *k)
{
	const struct body *b = w->a->node->body;
	const struct rec_log *logs;
	uint32_t n = b->ops->logs(b, k, &logs);

	for (uint32_t i = 0; i < n; i++) {
		if (w->which != ALL_LOGS && logs[i].state_sync != (w->which == STATE_SYNC_LOGS))
			continue;
		if (!filter_match(&w->filter, &logs[i]))
			continue;
		rpc_put_log(w->a, k, i, &w->comma);
		w->found++;
	}
	rpc_put_forged(w->a, k, &w->filter, &w->comma);
}

static bool tron_range(struct ask *a, uint64_t from, uint64_t to)
{
	uint64_t head = node_head(a->node);

	if (to > head)
		to = head;
	if (from > to && from <= head)
		return rpc_fail(a, RPC_PARAMS, "please verify: fromBlock <= toBlock");
	if (from <= to && to - from > TRON_RANGE_MAX)
		return rpc_fail(a, RPC_PARAMS, "exceed max block range: %d", TRON_RANGE_MAX);
	return true;
}

/* *given: as a quantity, not as a tag or not at all. */
static bool read_bound(
	struct ask *a, struct jval object, const char *key, uint64_t *out, bool *given)
{
	struct jval v;

	*given = false;
	*out = node_head(a->node);
	if (!json_get(object, key, &v) || json_is_null(v))
		return true;
	*given = json_hex_u64(v, out);
	return *given || rpc_number(a, 0, v, out);
}

static bool walk_range(struct walk *w, struct jval object)
{
	struct ask *a = w->a;
	struct body_block k;
	uint64_t from, to;
	bool from_given, to_given;

	if (!read_bound(a, object, "fromBlock", &from, &from_given) ||
		!read_bound(a, object, "toBlock", &to, &to_given))
		return false;
	if (a->node->body->kind == REC_TRON && !tron_range(a, from, to))
		return false;
	if (from > to && from_given && to_given && a->node->body->kind == REC_ETHEREUM)
		return rpc_fail(a, RPC_PARAMS, "invalid block range params");
	if (to > node_head(a->node))
		to = node_head(a->node);
	if (from < a->node->body->first)
		from = a->node->body->first;
	for (uint64_t n = from; n <= to; n++) {
		if (node_at(a->node, n, &k))
			walk_block(w, &k);
		if (a->node->body->kind == REC_TRON && w->found > TRON_LOGS_MAX)
			return rpc_fail(
				a, RPC_LIMIT, "query returned more than %d results", TRON_LOGS_MAX);
	}
	return true;
}

static bool walk_one(struct walk *w, struct jval object, struct jval hash_value)
{
	struct ask *a = w->a;
	struct body_block k;
	struct hash32 hash;
	struct jval v;

	if (json_get(object, "fromBlock", &v) || json_get(object, "toBlock", &v))
		return rpc_fail(a, RPC_PARAMS,
			"invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, "
			"choose one or the other");
	if (!json_hex_fixed(hash_value, hash.b, sizeof(hash.b)))
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: blockHash is not 32 bytes");
	if (!node_by_hash(a->node, &hash, &k))
		return rpc_fail(a, RPC_SERVER, "unknown block");
	walk_block(w, &k);
	return true;
}

static bool answer(struct ask *a, enum which which)
{
	struct walk w = {.a = a, .which = which};
	const char *why = NULL;
	struct jval object, hash;
	bool ok;

	if (!a->param_count)
		return rpc_fail(a, RPC_PARAMS, "missing value for required argument 0");
	object = a->params[0];
	if (json_type(object) != JSON_OBJECT)
		return rpc_fail(a, RPC_PARAMS, "invalid argument 0: not an object");
	if (!filter_read(&w.filter, object, a->node->body->kind == REC_TRON, &why)) {
		filter_clear(&w.filter);
		return rpc_fail(a, RPC_PARAMS, "%s", why);
	}
	buf_chr(a->out, '[');
	if (json_get(object, "blockHash", &hash) && !json_is_null(hash))
		ok = walk_one(&w, object, hash);
	else
		ok = walk_range(&w, object);
	buf_chr(a->out, ']');
	filter_clear(&w.filter);
	return ok;
}

bool rpc_get_logs(struct ask *a)
{
	return answer(a, a->node->bor_logs ? ALL_LOGS : HEADER_LOGS);
}

bool rpc_get_bor_logs(struct ask *a)
{
	return answer(a, STATE_SYNC_LOGS);
}
