/*
 * /v1/checkpoints and one of them. What the root chains logged, as decoded, beside what the ledger
 * computed: null until it has, and for mirrors, which credit nothing here.
 *
 * `reset` is 1 when a later ResetHeaderBlock of the same chain voided the header, 2 when that event
 * is final: until then the row may still change.
 */
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KIND = LIST_OWN,
	ROOT_CHAIN_ID,
	CHECKPOINT_ID,
	HEADER_BLOCK_ID,
	PROPOSER,
	START,
	END,
	ROOT,
	REWARD,
	SUBMITTED_BY,
	RESET,
	REWARD_COMPUTED,
	BONUS,
	SIGNED_STAKE,
	TOTAL_STAKE,
	EPOCH,
	COMPUTED_ROOT,
	VERDICT,
	SIGNERS,
	NON_SIGNERS
};

/* clang-format off */
#define COLUMNS \
	", x.kind, x.root_chain_id, x.checkpoint_id, x.header_block_id, x.proposer," \
	" x.start_block, x.end_block, x.root, x.reward::text, x.submitted_by," \
	" CASE WHEN x.header_block_id IS NULL OR r.seen = 0 THEN 0 ELSE (" \
	"SELECT CASE WHEN min(l.block) <= b.final THEN 2 WHEN count(*) > 0 THEN 1 ELSE 0 END" \
	" FROM chain.log l WHERE l.chain_id = x.chain_id AND l.event = 'ResetHeaderBlock'" \
	" AND (l.block, l.log_index) > (x.block, x.log_index) AND l.block <= b.indexed" \
	" AND substring(l.topics FROM 65 FOR 32) <=" \
	" decode(lpad(to_hex(x.header_block_id), 64, '0'), 'hex')) END::int2 AS reset," \
	COMPUTED("reward::text") " AS reward_computed," COMPUTED("bonus::text") " AS bonus," \
	COMPUTED("signed_stake::text") " AS signed_stake," COMPUTED("total_stake::text") " AS total_stake," \
	COMPUTED("epoch") " AS epoch," VERDICT_OF("computed_root") " AS computed_root," \
	VERDICT_OF("verdict") " AS verdict"

/* Of the recomputed root; none while the blocks are not all there. */
#define VERDICT_OF(column) \
	"(SELECT g." column " FROM ledger.verdict g WHERE g.chain_id = x.chain_id AND g.block = x.block" \
	" AND g.log_index = x.log_index)"

/* Of the ledger's row of the same log; a mirror has none. */
#define COMPUTED(column) \
	"(SELECT g." column " FROM ledger.checkpoint g WHERE g.chain_id = x.chain_id AND g.block = x.block" \
	" AND g.log_index = x.log_index)"

/* "id:address id:address": the signers' keys of that moment */
#define PEOPLE(column) \
	", (SELECT coalesce(string_agg(i.id || ':' || encode(v.signer, 'hex'), ' ' ORDER BY i.place), '')" \
	" FROM ledger.checkpoint g CROSS JOIN LATERAL unnest(g." column ") WITH ORDINALITY i(id, place)" \
	" CROSS JOIN LATERAL (SELECT s.signer FROM ledger.validator s WHERE s.chain_id = g.chain_id AND" \
	" s.id = i.id AND s.block <= g.block ORDER BY s.block DESC LIMIT 1) v WHERE g.chain_id = x.chain_id" \
	" AND g.block = x.block AND g.log_index = x.log_index)"
/* clang-format on */

/* The staking chain logs main and sync checkpoints, the other root chains mirror ones. */
static bool root_chains(const struct chain_conf *chain, const struct query *q)
{
	if (chain->role == ROLE_CHILD)
		return false;
	return !q->kind || (chain->role == ROLE_MIRROR) == (q->kind == 3);
}

static void filter(struct list_plan *p, const char *column, const char *type, const char *value)
{
	struct list_filter f = {column, type, value};

	if (!p->drive.column && strcmp(column, "kind"))
		p->drive = f;
	else
		p->filters[p->filter_count++] = f;
}

static void plan(const struct call *c, struct list_plan *p)
{
	const struct query *q = &c->q;

	if (q->given & PARAM_BIT(PARAM_CHECKPOINT_ID))
		filter(p, "checkpoint_id", "int8",
			arena_printf(p->mem, "%lld", (long long)q->checkpoint_id));
	if (q->given & PARAM_BIT(PARAM_PROPOSER))
		filter(p, "proposer", "bytea",
			list_bytea(p->mem, q->proposer.b, sizeof(q->proposer.b)));
	if (q->root_chain_id)
		filter(p, "root_chain_id", "int8", arena_printf(p->mem, "%u", q->root_chain_id));
	if (q->kind)
		filter(p, "kind", "int2", arena_printf(p->mem, "%u", q->kind));
}

static bool write_row(struct cells *out, const struct list_row *row)
{
	int64_t reset = pgres_i64(row->res, row->at, RESET);

	list_int_cell(out, "checkpoint_id", row, CHECKPOINT_ID);
	list_int_cell(out, "header_block_id", row, HEADER_BLOCK_ID);
	cell_str(out, "kind", checkpoint_kind_text((unsigned)pgres_i64(row->res, row->at, KIND)));
	list_int_cell(out, "root_chain_id", row, ROOT_CHAIN_ID);
	list_address_cell(out, "proposer", row, PROPOSER);
	list_int_cell(out, "start", row, START);
	list_int_cell(out, "end", row, END);
	list_hex_cell(out, "root", row, ROOT);
	list_hex_cell(out, "computed_root", row, COMPUTED_ROOT);
	if (pgres_null(row->res, row->at, VERDICT))
		cell_str(out, "verdict", "unchecked");
	else
		list_text_cell(out, "verdict", row, VERDICT);
	list_text_cell(out, "reward", row, REWARD);
	list_text_cell(out, "reward_computed", row, REWARD_COMPUTED);
	list_text_cell(out, "bonus", row, BONUS);
	list_text_cell(out, "signed_stake", row, SIGNED_STAKE);
	list_text_cell(out, "total_stake", row, TOTAL_STAKE);
	list_int_cell(out, "epoch", row, EPOCH);
	cell_bool(out, "reset", reset > 0);
	return reset != 1 && !pgres_null(row->res, row->at, VERDICT) &&
	       (row->chain->role != ROLE_STAKING || !pgres_null(row->res, row->at, EPOCH));
}

static const struct list_kind CHECKPOINTS = {
	.table = "staking.checkpoint",
	.columns = COLUMNS,
	.has_rows = root_chains,
	.plan = plan,
	.row = write_row,
};

void get_checkpoints(struct call *c)
{
	list_answer(c, &CHECKPOINTS);
}

/* -------- one -------- */

static const char ONE_SQL[] =
	"WITH " SQL_RESETS
	" SELECT 1::int8, b.indexed, b.indexed_hash, b.safe, b.final, r.resets, true,"
	" b.indexed, x.block, x.log_index, k.hash, extract(epoch FROM k.time)::int8, k.level, "
	"x.tx, false" COLUMNS PEOPLE("signed") " AS signed" PEOPLE("missed") " AS missed FROM r LEFT JOIN chain.head b ON b.chain_id = $1::int8"
	" LEFT JOIN staking.checkpoint x ON x.chain_id = b.chain_id AND x.tx = $2::bytea"
	" AND x.log_index = $3::int4 AND x.kind = $4::int2 AND x.block <= b.indexed"
	" LEFT JOIN chain.block k ON k.chain_id = x.chain_id AND k.number = x.block";

/* [{"validator_id", "address"}]; null: not computed (yet). */
static void people_cell(struct cells *out, const char *name, const struct list_row *row, int col)
{
	struct bytes text = pgres_bytes(row->res, row->at, col);
	const char *at = (const char *)text.p, *end = at + text.n;
	struct cells in;

	if (pgres_null(row->res, row->at, EPOCH)) {
		cell_null(out, name);
		return;
	}
	buf_clear(&row->api->small);
	cells_init(&in, FORMAT_JSON, &row->api->small);
	jw_arr(&in.w);
	while (at < end) {
		char *colon, hex[2 + 40 + 1] = "0x";
		long long id = strtoll(at, &colon, 10); /* libpq ends the text with a zero byte */
		struct address a = {{0}};

		if (end - colon < 41)
			break;
		memcpy(hex + 2, colon + 1, 40);
		(void)hex_fixed(a.b, sizeof(a.b), hex, 42);
		cells_begin(&in);
		cell_i64(&in, "validator_id", id);
		cell_address(&in, "address", a.b, row->chain->kind == CHAIN_TRON);
		cells_end(&in);
		at = colon + 41;
	}
	jw_arr_end(&in.w);
	cell_json(out, name, &row->api->small);
}

static void on_one(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct list_row row = {c->api, res, 0, c->state, LIST_LOG_INDEX};
	struct freshness f;
	char revision[64];
	struct cells out;
	bool lasting;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	if (pgres_null(res, 0, LIST_BLOCK)) {
		respond_problem(c, 404, NULL, "no such checkpoint among the indexed blocks");
		return;
	}
	list_revision(revision, c->api, pgres_i64(res, 0, LIST_RESETS));
	buf_clear(&c->api->body);
	cells_init(&out, FORMAT_JSON, &c->api->body);
	cells_begin(&out);
	list_common_cells(&out, &row);
	lasting = write_row(&out, &row);
	list_address_cell(&out, "submitted_by", &row, SUBMITTED_BY);
	people_cell(&out, "signers", &row, SIGNERS);
	people_cell(&out, "non_signers", &row, NON_SIGNERS);
	cell_str(&out, "revision", revision);
	cells_end(&out);
	list_row_freshness(c, &row, lasting, revision, &f);
	if (!respond_cached(c, &f))
		respond_json(c, 200, &f);
}

void get_checkpoint(struct call *c)
{
	const struct text *a = c->args;
	struct arena *mem = c->mem;
	const struct chain_conf *chain = network_chain(c->api->net, a[0].p);
	unsigned kind = checkpoint_kind_parse(a[1]);
	const char *values[4];
	struct hash32 tx;
	int64_t log_index;

	if (!chain || strlen(a[0].p) != a[0].n) {
		respond_problem(c, 404, NULL, "no such chain in this network");
	} else if (!kind) {
		respond_problem(c, 404, NULL, "the kind of a checkpoint is main, sync or mirror");
	} else if (!hex_fixed(tx.b, sizeof(tx.b), a[2].p, a[2].n)) {
		respond_problem(c, 400, "tx", "must be a transaction hash: 0x and 64 hex digits");
	} else if (!query_int(&log_index, a[3]) || log_index > INT32_MAX) {
		respond_problem(c, 400, "log_index", "must be an integer");
	} else {
		c->state = (void *)(uintptr_t)chain;
		values[0] = arena_printf(mem, "%llu", (unsigned long long)chain->chain_id);
		values[1] = list_bytea(mem, tx.b, sizeof(tx.b));
		values[2] = arena_printf(mem, "%lld", (long long)log_index);
		values[3] = arena_printf(mem, "%u", kind);
		call_ask(c, false, ONE_SQL, 4, values, on_one);
	}
}
