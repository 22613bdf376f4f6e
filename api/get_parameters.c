/*
 * /v1/parameters: the values that governance sets, each change with its source: the network file, an event,
 * the calldata of a call that logs nothing, an operator's override, or a snapshot of the contract itself.
 * There are few: one answer has all.
 */
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"

/* $1 the staking chain. */
static const char PARAMETERS_SQL[] =
	"WITH " SQL_RESETS ", h AS MATERIALIZED (SELECT least(c.indexed, l.block) AS top FROM chain.head c JOIN"
	" ledger.head l ON l.chain_id = c.chain_id WHERE c.chain_id = $1::int8)"
	" SELECT r.resets, coalesce((SELECT json_agg(json_build_object('parameter', p.parameter, 'block', p.block,"
	" 'time', to_char(p.time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'value', p.value::text,"
	" 'previous', p.previous::text, 'source', p.source, 'tx', chain.hex(p.tx), 'log_index', p.log_index,"
	" 'reason', p.reason)"
	" ORDER BY p.block, p.ordinal) FROM ledger.parameter p, h WHERE p.chain_id = $1::int8 AND p.block <="
	" h.top), '[]')::text FROM r";

enum { RESETS, DATA };

static void on_parameters(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct freshness f = {0};
	struct bytes data;
	char revision[64];
	struct jw w;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	list_revision(revision, c->api, pgres_i64(res, 0, RESETS));
	f.revision = revision;
	data = pgres_bytes(res, 0, DATA);
	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	jw_obj(&w);
	jw_key(&w, "data");
	jw_raw(&w, (const char *)data.p, data.n);
	jw_key(&w, "revision");
	jw_str(&w, revision);
	jw_obj_end(&w);
	respond_tag(&f.tag, &c->api->body);
	if (!respond_cached(c, &f))
		respond_json(c, 200, &f);
}

void get_parameters(struct call *c)
{
	const struct chain_conf *chain = network_staking(c->api->net);
	const char *values[1] = {
		chain ? arena_printf(c->mem, "%llu", (unsigned long long)chain->chain_id) : NULL};

	call_ask(c, false, PARAMETERS_SQL, 1, values, on_parameters);
}
