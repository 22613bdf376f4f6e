/*
 * /v1/audit: the chain of causes of a payout to a partner. Back from the claim: what was allocated since the
 * partner's last claim, the reward of the partnership that each part is of, the validator's claim that
 * brought it, the accruals that it claimed, and the checkpoints and BTTC blocks that they are for. Each
 * level names what it adds up to, and what it leaves over.
 *
 * Of an inferred partnership (nothing of its own events is known) nobody knows which tokens a payment is of.
 * Then the causes are what its tokens did since the partner was paid before, from the end of one block to the
 * end of another: what it had, every reward that staking paid to it with its claim and accruals, what else
 * came and went, what it has. That adds up as well, and is marked inferred.
 */
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/hex.h"
#include "ledger/ledger.h"

#include <string.h>

enum { PARTNER = LIST_OWN, AMOUNT, PARTNERSHIP, VALIDATOR_ID, RECIPIENT, SHARE_BPS, TERMS_TX, CAUSES };

#define LINK(path, row, index)                                                                     \
	"'/v1/" path "/' || $4::text || '/0x' || encode(" row ".tx, 'hex') || '/' || " index

/* The accruals of a validator between two of its claims, and what their checkpoints cover. */
#define ACCRUALS                                                                                   \
	"(SELECT json_build_object('count', count(*), 'own', coalesce(sum(r.own), 0)::text, 'main',"    \
	" count(*) FILTER (WHERE r.root_chain_id = 1), 'sync', count(*) FILTER (WHERE r.root_chain_id"  \
	" <> 1), 'signed', count(*) FILTER (WHERE r.validator_id = ANY (g.signed)), 'bttc_from',"       \
	" min(c.start_block) FILTER (WHERE c.kind = 1), 'bttc_to', max(c.end_block) FILTER (WHERE"      \
	" c.kind = 1), 'bttc_blocks', coalesce(sum(c.end_block - c.start_block + 1) FILTER (WHERE"      \
	" c.kind = 1), 0), 'mismatches', count(*) FILTER (WHERE d.verdict = 'mismatch'), 'rewards',"    \
	" '/v1/validators/' || v.validator_id || '/rewards?from=' || min(r.block) || '&to=' ||"         \
	" max(r.block)) FROM ledger.accrual r JOIN ledger.checkpoint g ON g.chain_id = r.chain_id AND"  \
	" g.block = r.block AND g.log_index = r.log_index JOIN staking.checkpoint c ON c.chain_id ="    \
	" r.chain_id AND c.block = r.block AND c.log_index = r.log_index LEFT JOIN ledger.verdict d ON" \
	" d.chain_id = r.chain_id AND d.block = r.block AND d.log_index = r.log_index WHERE r.chain_id" \
	" = v.chain_id AND r.validator_id = v.validator_id AND (r.block, r.log_index) < (v.block,"      \
	" v.log_index) AND (r.block, r.log_index) > (coalesce(w.block, -1), coalesce(w.log_index, -1)))"

/* The validator's claim in the transaction of a reward, back to its claim or restake before. */
#define CLAIM                                                                                      \
	"(SELECT json_build_object('log_index', v.log_index, 'amount', v.amount::text, 'evidence', "    \
	LINK("evidence", "v", "v.log_index") ", 'accruals', " ACCRUALS ") FROM ledger.validator_payout v"  \
	" LEFT JOIN LATERAL (SELECT p.block, p.log_index FROM ledger.validator_payout p WHERE p.chain_id"  \
	" = v.chain_id AND p.validator_id = v.validator_id AND p.kind IN ('claim', 'restake') AND"      \
	" (p.block, p.log_index) < (v.block, v.log_index) ORDER BY p.block DESC, p.log_index DESC LIMIT"  \
	" 1) w ON true WHERE v.chain_id = a.chain_id AND v.validator_id = a.validator_id AND v.block ="  \
	" a.block AND v.tx = a.tx AND v.kind = 'claim' AND v.log_index < e.log_index ORDER BY"          \
	" v.log_index DESC LIMIT 1)"

#define ALLOCATION                                                                                 \
	"json_build_object('block', a.block, 'time', to_char(a.time AT TIME ZONE 'UTC',"                \
	" 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'tx', '0x' || encode(a.tx, 'hex'), 'log_index', a.log_index,"  \
	" 'amount', a.amount::text, 'share_bps', a.share_bps, 'terms_tx', '0x' || encode(a.terms_tx,"   \
	" 'hex'), 'floor', div(e.amount * a.share_bps, 10000)::text, 'dust', (a.amount - div(e.amount *"  \
	" a.share_bps, 10000))::text, 'evidence', " LINK("evidence", "a", "a.log_index") ", 'reward',"  \
	" CASE WHEN e.amount IS NOT NULL THEN json_build_object('log_index', e.log_index, 'amount',"    \
	" e.amount::text, 'evidence', " LINK("evidence", "a", "e.log_index") ", 'claim', " CLAIM ") END)"

/* The newest row of a partnership's tokens at the end of a block. */
#define AT_END(table, key, block, as)                                                              \
	" LEFT JOIN LATERAL (SELECT y.* FROM ledger." table " y WHERE y.chain_id = x.chain_id AND y." key  \
	" = x.partnership AND y.block <= " block " ORDER BY y.block DESC LIMIT 1) " as " ON true"

#define GREW(column) "(coalesce(f2." column ", 0) - coalesce(f1." column ", 0))"

/* Rewards that staking paid to the contract: as a validator's owner, as a delegator. */
#define RECEIVED                                                                                   \
	"(SELECT coalesce(json_agg(i.j ORDER BY i.block, i.log_index), '[]'::json) FROM (SELECT v.block,"  \
	" v.log_index, json_build_object('kind', 'validator', 'validator_id', v.validator_id, 'block',"    \
	" v.block, 'time', to_char(v.time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'tx', '0x'"  \
	" || encode(v.tx, 'hex'), 'log_index', v.log_index, 'amount', v.amount::text, 'evidence', "         \
	LINK("evidence", "v", "v.log_index") ", 'accruals', " ACCRUALS ") AS j FROM"                    \
	" ledger.validator_payout v LEFT JOIN LATERAL (SELECT p.block, p.log_index FROM ledger.validator_payout p WHERE p.chain_id"   \
	" = v.chain_id AND p.validator_id = v.validator_id AND p.kind IN ('claim', 'restake') AND"         \
	" (p.block, p.log_index) < (v.block, v.log_index) ORDER BY p.block DESC, p.log_index DESC LIMIT"   \
	" 1) w ON true WHERE v.chain_id = x.chain_id AND v.validator_id IN (x.validator_id, f1.validator_id,"  \
	" f2.validator_id) AND v.account = x.partnership AND v.kind = 'claim' AND v.block > s.block AND"   \
	" v.block <= x.block AND v.amount > 0 UNION ALL SELECT d.block, d.log_index,"                      \
	" json_build_object('kind', 'delegator', 'validator_id', d.validator_id, 'block', d.block, 'time',"   \
	" to_char(d.time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'tx', '0x' || encode(d.tx,"   \
	" 'hex'), 'log_index', d.log_index, 'amount', d.amount::text, 'evidence', "                        \
	LINK("evidence", "d", "d.log_index") ", 'accruals', NULL) FROM ledger.delegator_entry d WHERE"     \
	" d.chain_id = x.chain_id AND d.delegator = x.partnership AND d.kind = 'claim' AND d.block > s.block"  \
	" AND d.block <= x.block) i)"

#define INFERRED                                                                                   \
	"(SELECT json_build_object('inferred', true, 'since_block', s.block, 'balance_before',"            \
	" coalesce(b1.amount, 0)::text, 'rewards', " GREW("rewards") "::text, 'principal', "               \
	GREW("principal") "::text, 'other_from_staking', (" GREW("from_manager") " - " GREW("rewards") " - " \
	GREW("principal") ")::text, 'paid_in', " GREW("paid_in") "::text, 'to_staking', "                  \
	GREW("to_manager") "::text, 'paid', m.amount::text, 'paid_to_others', (" GREW("paid_out")          \
	" - m.amount)::text, 'balance_after', coalesce(b2.amount, 0)::text, 'received', " RECEIVED ")"     \
	" FROM (SELECT coalesce((SELECT q.block FROM ledger.partner_entry q WHERE q.chain_id = x.chain_id"  \
	" AND q.partner = x.partner AND q.partnership = x.partnership AND q.kind = 'payout' AND q.block <"  \
	" x.block ORDER BY q.block DESC LIMIT 1), (SELECT y.block - 1 FROM ledger.flow y WHERE y.chain_id"  \
	" = x.chain_id AND y.partnership = x.partnership AND y.created)) AS block) s"                      \
	AT_END("flow", "partnership", "s.block", "f1") AT_END("flow", "partnership", "x.block", "f2")      \
	AT_END("balance", "account", "s.block", "b1") AT_END("balance", "account", "x.block", "b2")        \
	" CROSS JOIN LATERAL (SELECT coalesce(sum(q.amount), 0) AS amount FROM ledger.partner_entry q WHERE"  \
	" q.chain_id = x.chain_id AND q.partner = x.partner AND q.partnership = x.partnership AND q.kind ="  \
	" 'payout' AND q.block > s.block AND q.block <= x.block) m)"

static const char SQL[] =
	"WITH " SQL_RESETS
	" SELECT 1::int8, b.indexed, b.indexed_hash, b.safe, b.final, r.resets, true, b.indexed, x.block,"
	" x.log_index, k.hash, extract(epoch FROM k.time)::int8, k.level, x.tx, false, x.partner,"
	" x.amount::text, x.partnership, x.validator_id, x.recipient, x.share_bps, x.terms_tx, CASE WHEN n.phase = $6::int4"
	" THEN " INFERRED "::text ELSE c.causes END"
	" FROM r LEFT JOIN chain.head b ON b.chain_id = $1::int8 LEFT JOIN ledger.partner_entry x ON"
	" x.chain_id = b.chain_id AND x.kind = 'payout' AND x.tx = $2::bytea AND x.log_index = $3::int4 AND"
	" x.block <= b.indexed LEFT JOIN chain.block k ON k.chain_id = x.chain_id AND k.number = x.block"
	" LEFT JOIN LATERAL (SELECT y.phase FROM ledger.partnership y WHERE y.chain_id = x.chain_id AND"
	" y.address = x.partnership AND y.block <= x.block ORDER BY y.block DESC LIMIT 1) n ON true"
	" LEFT JOIN LATERAL (SELECT q.block, q.log_index FROM ledger.partner_entry q WHERE q.chain_id ="
	" x.chain_id AND q.partner = x.partner AND q.partnership = x.partnership AND q.kind = 'payout' AND"
	" (q.block, q.log_index) < (x.block, x.log_index) ORDER BY q.block DESC, q.log_index DESC LIMIT 1)"
	" last ON true LEFT JOIN LATERAL (SELECT json_build_object('inferred', false, 'allocated',"
	" coalesce(sum(a.amount), 0)::text, 'brought_forward', (x.amount + x.claimable_after - coalesce(sum(a.amount), 0))::text,"
	" 'left_over', x.claimable_after::text, 'allocations', coalesce(json_agg(" ALLOCATION " ORDER BY"
	" a.block, a.log_index), '[]'::json))::text AS causes FROM ledger.partner_entry a LEFT JOIN LATERAL"
	" (SELECT p.log_index, p.amount FROM partnership.event p WHERE p.chain_id = a.chain_id AND p.block ="
	" a.block AND p.tx = a.tx AND p.address = a.partnership AND p.kind = $5::int2 AND p.log_index <"
	" a.log_index ORDER BY p.log_index DESC LIMIT 1) e ON true WHERE a.chain_id = x.chain_id AND"
	" a.partner = x.partner AND a.partnership = x.partnership AND a.kind = 'allocation' AND (a.block,"
	" a.log_index) < (x.block, x.log_index) AND (a.block, a.log_index) > (coalesce(last.block, -1),"
	" coalesce(last.log_index, -1))) c ON true";

static void write_payout(struct cells *out, const struct list_row *row)
{
	list_common_cells(out, row);
	list_address_cell(out, "partner", row, PARTNER);
	list_address_cell(out, "recipient", row, RECIPIENT);
	list_address_cell(out, "partnership", row, PARTNERSHIP);
	list_int_cell(out, "validator_id", row, VALIDATOR_ID);
	list_text_cell(out, "amount", row, AMOUNT);
	list_int_cell(out, "share_bps", row, SHARE_BPS);
	list_hex_cell(out, "terms_tx", row, TERMS_TX);
}

/* {"payout": {..}, "causes": {..}}; causes as the database writes JSON. */
static void write_audit(struct call *c, const struct list_row *row, const char *revision)
{
	struct bytes causes = pgres_bytes(row->res, row->at, CAUSES);
	struct cells out;

	buf_clear(&c->api->body);
	cells_init(&out, FORMAT_JSON, &c->api->body);
	jw_obj(&out.w);
	jw_key(&out.w, "payout");
	cells_begin(&out);
	write_payout(&out, row);
	cells_end(&out);
	jw_key(&out.w, "causes");
	jw_raw(&out.w, (const char *)causes.p, causes.n);
	jw_key(&out.w, "revision");
	jw_str(&out.w, revision);
	jw_obj_end(&out.w);
}

static void on_audit(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct list_row row = {c->api, res, 0, c->state, LIST_LOG_INDEX};
	struct freshness f;
	char revision[64];

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	if (pgres_null(res, 0, LIST_BLOCK)) {
		respond_problem(c, 404, NULL, "no payout to a partner at that log of an indexed block");
		return;
	}
	list_revision(revision, c->api, pgres_i64(res, 0, LIST_RESETS));
	write_audit(c, &row, revision);
	list_row_freshness(c, &row, true, revision, &f);
	if (!respond_cached(c, &f))
		respond_json(c, 200, &f);
}

void get_audit(struct call *c)
{
	const struct text *a = c->args;
	const struct chain_conf *chain = network_chain(c->api->net, a[0].p);
	const char *values[6];
	struct hash32 tx;
	int64_t log_index;

	if (!chain || strlen(a[0].p) != a[0].n) {
		respond_problem(c, 404, NULL, "no such chain in this network");
	} else if (!hex_fixed(tx.b, sizeof(tx.b), a[1].p, a[1].n)) {
		respond_problem(c, 400, "tx", "must be a transaction hash: 0x and 64 hex digits");
	} else if (!query_int(&log_index, a[2]) || log_index > INT32_MAX) {
		respond_problem(c, 400, "log_index", "must be an integer");
	} else {
		c->state = (void *)(uintptr_t)chain;
		values[0] = arena_printf(c->mem, "%llu", (unsigned long long)chain->chain_id);
		values[1] = list_bytea(c->mem, tx.b, sizeof(tx.b));
		values[2] = arena_printf(c->mem, "%lld", (long long)log_index);
		values[3] = chain->key;
		values[4] = arena_printf(c->mem, "%d", PARTNERSHIP_REWARD_RECEIVED);
		values[5] = arena_printf(c->mem, "%d", PHASE_INFERRED);
		call_ask(c, false, SQL, 6, values, on_audit);
	}
}
