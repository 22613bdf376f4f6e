/*
 * /v1/status and /readyz: where every chain stands. One question gives the heads, the counts of
 * blocks by verification level, and what is parked; endpoints come from the process itself, when it
 * ingests.
 *
 * A chain that had to stop for a person says so in chain.halt, whichever process wrote it.
 *
 * Ready: every chain has a head from its node, lags no more than its limit, no indexed block is
 * below the chain's required level, and the ledger has every stored row. `indexed` is the newest
 * block whose rows and ledger are both there.
 */
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#define LAG_MIN_MS  60000
#define LAG_PERIODS 20
#define LEVELS      (LEVEL_QUORUM + 1)

/* $1 the chain with a ledger, or NULL. One line a chain and level; a chain without blocks has one line
 * with level NULL. */
static const char STATUS_SQL[] =
	"WITH " SQL_RESETS
	" SELECT h.chain_id, h.node_head, extract(epoch FROM h.node_head_time)::int8,"
	" v.number, v.hash, extract(epoch FROM v.time)::int8, h.safe, h.final,"
	" h.fork_count, n.level, n.blocks, r.resets, (SELECT count(*) FROM chain.parked)::int8,"
	" 'halted since ' || to_char(t.since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') ||"
	" ': ' || t.reason, (h.chain_id = $1::int8 AND (l.block IS NULL OR l.block <"
	" h.indexed))::int4::int8,"
	" (SELECT count(*) FROM ledger.finding d WHERE NOT d.resolved)::int8, r.unreconciled,"
	" extract(epoch FROM h.changed_at)::int8, extract(epoch FROM now() - h.changed_at)::int8,"
	" (SELECT min(x.block) FROM chain.dispute x WHERE x.chain_id = h.chain_id AND x.block > h.indexed),"
	" (SELECT o.id FROM chain.operation_head o), (SELECT o.hash FROM chain.operation_head o),"
	" (SELECT coalesce(json_agg(g ORDER BY g.chain, g.root_chain_id), '[]')::text FROM analytics.checkpoint_lag g)"
	" FROM r LEFT JOIN chain.head h ON true"
	" LEFT JOIN ledger.head l ON l.chain_id = h.chain_id AND l.chain_id = $1::int8"
	" LEFT JOIN chain.block v ON v.chain_id = h.chain_id AND v.number = CASE WHEN h.chain_id ="
	" $1::int8 AND coalesce(l.block, -1) < h.indexed THEN l.block ELSE h.indexed END"
	" LEFT JOIN chain.level_count n ON n.chain_id = h.chain_id AND n.blocks > 0"
	" LEFT JOIN chain.halt t ON t.chain_id = h.chain_id"
	" ORDER BY h.chain_id, n.level";

enum {
	CHAIN_ID,
	HEAD,
	HEAD_TIME,
	INDEXED,
	INDEXED_HASH,
	INDEXED_TIME,
	SAFE,
	FINAL,
	FORKS,
	LEVEL,
	BLOCKS,
	RESETS,
	PARKED,
	HALT,
	BEHIND,
	DISCREPANCIES,
	UNRECONCILED,
	CHANGED,
	AGE,
	DISPUTED,
	OPERATIONS,
	OPERATIONS_HASH,
	CHECKPOINT_LAG
};

/* A chain's lines in the result; rows 0: the database does not know it yet. */
struct stand {
	const struct chain_conf *chain;
	const struct pg_result *res;
	int first, rows;
};

static struct stand find_stand(const struct pg_result *res, const struct chain_conf *chain)
{
	struct stand s = {.chain = chain, .res = res};

	for (int r = 0; r < pgres_rows(res); r++) {
		if (pgres_null(res, r, CHAIN_ID) ||
			(uint64_t)pgres_i64(res, r, CHAIN_ID) != chain->chain_id)
			continue;
		if (!s.rows++)
			s.first = r;
	}
	return s;
}

static bool known(const struct stand *s, int col)
{
	return s->rows && !pgres_null(s->res, s->first, col);
}

static int64_t num(const struct stand *s, int col)
{
	return pgres_i64(s->res, s->first, col);
}

static bool lag_s(const struct stand *s, int64_t *out)
{
	if (!known(s, HEAD_TIME) || !known(s, INDEXED_TIME))
		return false;
	*out = num(s, HEAD_TIME) - num(s, INDEXED_TIME);
	if (*out < 0)
		*out = 0;
	return true;
}

/* The most lag that is in order. */
static int64_t limit_ms(const struct api *api, const struct stand *s)
{
	const int64_t limit = (int64_t)s->chain->block_period_ms * LAG_PERIODS;

	if (api->conf.lag_limit_ms)
		return api->conf.lag_limit_ms;
	return limit < LAG_MIN_MS ? LAG_MIN_MS : limit;
}

/*
 * Has nothing been written for longer than a lag may be? Lag itself can not tell: head and rows come
 * the same way. A recording is quiet at its end.
 */
static bool is_quiet(const struct api *api, const struct stand *s)
{
	return !s->chain->recording && known(s, INDEXED) && num(s, AGE) * 1000 > limit_ms(api, s);
}

static const char DISPUTE[] = "its nodes do not agree on a block, which waits (disputed_block)";

/* Why a chain is not ready, or NULL. */
static const char *unready(const struct api *api, const struct stand *s)
{
	const struct serve_live *live = api->conf.live;
	int64_t lag;
	const char *trouble = NULL;

	if (live && live->trouble)
		trouble = live->trouble(live->arg, s->chain->key);
	if (trouble)
		return trouble;
	if (known(s, HALT)) /* libpq ends every value with a zero byte */
		return (const char *)pgres_bytes(s->res, s->first, HALT).p;
	if (!known(s, INDEXED))
		return "nothing is indexed yet";
	if (known(s, BEHIND) && num(s, BEHIND))
		return "the ledger has not caught up with the stored rows";
	if (known(s, DISPUTED))
		return DISPUTE;
	if (!lag_s(s, &lag))
		return "the node's head is not known";
	if (lag * 1000 > limit_ms(api, s))
		return "it lags behind its node";
	for (int r = s->first; r < s->first + s->rows; r++)
		if (!pgres_null(s->res, r, LEVEL) &&
			pgres_i64(s->res, r, LEVEL) < (int64_t)s->chain->required)
			return "blocks are below the required verification level";
	return NULL;
}

static const char *all_unready(
	const struct api *api, const struct pg_result *res, const char **chain_key)
{
	for (size_t i = 0; i < api->net->chain_count; i++) {
		struct stand s = find_stand(res, &api->net->chains[i]);
		const char *why = unready(api, &s);

		if (why) {
			*chain_key = s.chain->key;
			return why;
		}
	}
	return NULL;
}

/* -------- /v1/status -------- */

static void put_int(struct jw *w, const char *key, const struct stand *s, int col)
{
	jw_key(w, key);
	if (known(s, col))
		jw_i64(w, num(s, col));
	else
		jw_null(w);
}

static void put_time(struct jw *w, const char *key, const struct stand *s, int col)
{
	char text[32];

	jw_key(w, key);
	if (!known(s, col)) {
		jw_null(w);
		return;
	}
	clock_rfc3339(text, num(s, col));
	jw_str(w, text);
}

static void put_levels(struct jw *w, const struct stand *s)
{
	jw_key(w, "verification");
	jw_obj(w);
	for (int r = s->first; r < s->first + s->rows; r++) {
		if (pgres_null(s->res, r, LEVEL))
			continue;
		jw_key(w, level_name((enum level)pgres_i64(s->res, r, LEVEL)));
		jw_i64(w, pgres_i64(s->res, r, BLOCKS));
	}
	jw_obj_end(w);
	jw_key(w, "required");
	jw_str(w, level_name(s->chain->required));
}

static void put_endpoints(struct jw *w, const struct api *api, const struct chain_conf *chain)
{
	const struct serve_live *live = api->conf.live;
	struct endpoint_info info[32];
	size_t n = 0;

	if (live && live->endpoints)
		n = live->endpoints(live->arg, chain->key, info, sizeof(info) / sizeof(info[0]));
	jw_key(w, "endpoints");
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		jw_obj(w);
		jw_key(w, "name");
		jw_str(w, info[i].name);
		jw_key(w, "state");
		jw_str(w, info[i].state);
		jw_key(w, "requests");
		jw_u64(w, info[i].requests);
		jw_key(w, "errors");
		jw_u64(w, info[i].errors);
		jw_key(w, "bytes");
		jw_u64(w, info[i].bytes);
		jw_key(w, "latency_ms");
		jw_u64(w, info[i].latency_ms);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void put_chain(struct jw *w, const struct api *api, const struct stand *s)
{
	static const char *const kinds[] = {
		[CHAIN_ETHEREUM] = "ethereum", [CHAIN_TRON] = "tron", [CHAIN_BTTC] = "bttc"};
	static const char *const roles[] = {
		[ROLE_STAKING] = "staking", [ROLE_MIRROR] = "mirror", [ROLE_CHILD] = "child"};
	const struct serve_live *live = api->conf.live;
	const char *why = unready(api, s);
	int64_t lag;

	jw_obj(w);
	jw_key(w, "chain");
	jw_str(w, s->chain->key);
	jw_key(w, "chain_id");
	jw_u64(w, s->chain->chain_id);
	jw_key(w, "kind");
	jw_str(w, kinds[s->chain->kind]);
	jw_key(w, "role");
	jw_str(w, roles[s->chain->role]);
	put_int(w, "head", s, HEAD);
	put_time(w, "head_time", s, HEAD_TIME);
	put_int(w, "indexed", s, INDEXED);
	jw_key(w, "indexed_hash");
	if (known(s, INDEXED_HASH))
		jw_hex(w, pgres_bytes(s->res, s->first, INDEXED_HASH).p, 32);
	else
		jw_null(w);
	put_time(w, "indexed_time", s, INDEXED_TIME);
	put_int(w, "safe", s, SAFE);
	put_int(w, "final", s, FINAL);
	jw_key(w, "lag_seconds");
	if (lag_s(s, &lag))
		jw_i64(w, lag);
	else
		jw_null(w);
	put_time(w, "changed_at", s, CHANGED);
	jw_key(w, "quiet");
	jw_bool(w, is_quiet(api, s));
	jw_key(w, "note");
	jw_str(w, live && live->note ? live->note(live->arg, s->chain->key) : NULL);
	put_int(w, "disputed_block", s, DISPUTED);
	put_int(w, "forks", s, FORKS);
	put_levels(w, s);
	put_endpoints(w, api, s->chain);
	jw_key(w, "ready");
	jw_bool(w, !why);
	jw_key(w, "unready");
	jw_str(w, why);
	jw_obj_end(w);
}

/* Rules by which amounts are computed: of the newest block that the ledger has. */
static const char *staking_rules(const struct api *api, const struct pg_result *res)
{
	const struct rule_set *set = NULL;

	for (size_t i = 0; i < api->net->chain_count; i++) {
		const struct chain_conf *chain = &api->net->chains[i];
		struct stand s = find_stand(res, chain);

		if (chain->role == ROLE_STAKING && known(&s, INDEXED))
			set = network_rules_at(chain, (uint64_t)num(&s, INDEXED));
	}
	return staking_rules_name(set ? set->rules : RULES_STAKE_2022_03);
}

/* What made the rows, so that two databases can be compared. */
static void put_origin(struct jw *w, const struct api *api, const struct pg_result *res)
{
	jw_key(w, "version");
	jw_str(w, BTTC_VERSION);
	jw_key(w, "git_revision");
	jw_str(w, version_git());
	jw_key(w, "network_sha256");
	jw_hex(w, api->net->digest.b, sizeof(api->net->digest.b));
	jw_key(w, "rules");
	jw_obj(w);
	jw_key(w, "api");
	jw_i64(w, API_RULES);
	jw_key(w, "ledger");
	jw_i64(w, LEDGER_RULES);
	jw_key(w, "staking");
	jw_str(w, staking_rules(api, res));
	jw_obj_end(w);
	jw_key(w, "operations");
	jw_obj(w);
	jw_key(w, "count");
	jw_i64(w, pgres_i64(res, 0, OPERATIONS));
	jw_key(w, "hash");
	jw_hex(w, pgres_bytes(res, 0, OPERATIONS_HASH).p, 32);
	jw_obj_end(w);
}

static void put_status(
	struct jw *w, const struct api *api, const struct pg_result *res, const char *revision)
{
	const char *key;

	jw_obj(w);
	jw_key(w, "network");
	jw_str(w, api->net->name);
	put_origin(w, api, res);
	jw_key(w, "revision");
	jw_str(w, revision);
	jw_key(w, "chains");
	jw_arr(w);
	for (size_t i = 0; i < api->net->chain_count; i++) {
		struct stand s = find_stand(res, &api->net->chains[i]);

		put_chain(w, api, &s);
	}
	jw_arr_end(w);
	jw_key(w, "checkpoint_lag");
	jw_raw(w, (const char *)pgres_bytes(res, 0, CHECKPOINT_LAG).p, pgres_bytes(res, 0, CHECKPOINT_LAG).n);
	jw_key(w, "discrepancies_open");
	jw_i64(w, pgres_i64(res, 0, DISCREPANCIES));
	jw_key(w, "unreconciled_from");
	if (pgres_null(res, 0, UNRECONCILED))
		jw_null(w);
	else
		jw_i64(w, pgres_i64(res, 0, UNRECONCILED));
	jw_key(w, "parked");
	jw_i64(w, pgres_i64(res, 0, PARKED));
	jw_key(w, "ready");
	jw_bool(w, !all_unready(api, res, &key));
	jw_obj_end(w);
}

static void on_status(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct freshness f = {0};
	char revision[64];
	struct jw w;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	list_revision(revision, c->api, pgres_i64(res, 0, RESETS));
	f.revision = revision;
	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	put_status(&w, c->api, res, revision);
	respond_tag(&f.tag, &c->api->body);
	if (!respond_cached(c, &f))
		respond_json(c, 200, &f);
}

static void ask_status(struct call *c, pg_done *done)
{
	const struct chain_conf *chain = network_staking(c->api->net);
	const char *values[1] = {
		chain ? arena_printf(c->mem, "%llu", (unsigned long long)chain->chain_id) : NULL};

	call_ask(c, false, STATUS_SQL, 1, values, done);
}

void get_status(struct call *c)
{
	ask_status(c, on_status);
}

/* -------- /readyz -------- */

static void put_ready(struct jw *w, bool ready, const char *key, const char *why)
{
	jw_obj(w);
	jw_key(w, "ready");
	jw_bool(w, ready);
	jw_key(w, "chain");
	jw_str(w, key);
	jw_key(w, "reason");
	jw_str(w, why);
	jw_obj_end(w);
}

static void on_ready(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	const char *key = NULL, *why;
	struct jw w;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	why = all_unready(c->api, res, &key);
	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	put_ready(&w, !why, why ? key : NULL, why);
	respond_json(c, why ? 503 : 200, NULL);
}

/* Without a database: what this process says of itself. */
static void ready_alone(struct call *c)
{
	const struct serve_live *live = c->api->conf.live;
	const char *key = NULL, *why = NULL;
	struct jw w;

	for (size_t i = 0; !why && live && i < c->api->net->chain_count; i++) {
		key = c->api->net->chains[i].key;
		why = live->trouble(live->arg, key);
	}
	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	put_ready(&w, !why, why ? key : NULL, why);
	respond_json(c, why ? 503 : 200, NULL);
}

void get_readyz(struct call *c)
{
	if (!c->api->pool) {
		ready_alone(c);
		return;
	}
	ask_status(c, on_ready);
}
