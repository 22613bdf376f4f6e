/*
 * eth_getLogs and its state-sync sibling: a walk over the blocks of a range with the filter tested on
 * addresses and topics that were decoded at load, copying the text of what matches.
 */
#include "replay/filter.h"
#include "replay/rpc.h"

#include "replay/fault.h"

#include <inttypes.h>

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

void rpc_put_log(struct ask *a, const struct body_block *k, uint32_t log, bool *comma)
{
	if (*comma)
		buf_chr(a->out, ',');
	*comma = true;
	a->node->body->ops->put_log(a->node->body, k, log, a->out);
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
static bool read_bound(struct ask *a, struct jval object, const char *key, uint64_t *out, bool *given)
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
			return rpc_fail(a, RPC_LIMIT, "query returned more than %d results",
				TRON_LOGS_MAX);
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
