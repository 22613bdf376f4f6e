/*
 * Histories that the ledger made: what partners, validators and delegators were credited and paid, who
 * had which role, and where the chain says something else than the ledger.
 */
#include "api/list.h"
#include "api/periods.h"
#include "api/respond.h"
#include "api/route.h"
#include "api/state.h"
#include "base/hex.h"

#include <string.h>

static bool staking(const struct chain_conf *chain, const struct query *q)
{
	(void)q;
	return chain->role == ROLE_STAKING;
}

static void by_address(const struct call *c, struct list_plan *p, const char *column)
{
	p->drive = (struct list_filter){
		column, "bytea", list_bytea(p->mem, c->q.address.b, sizeof(c->q.address.b))};
}

static void by_validator(const struct call *c, struct list_plan *p)
{
	p->drive = (struct list_filter){"validator_id", "int8",
		arena_printf(p->mem, "%lld", (long long)c->q.validator_id)};
}

/* The {address} or {id} of the path, where the plans look for it. */
static bool take_address(struct call *c)
{
	struct state_key k;

	if (!state_address(c, &k))
		return false;
	c->q.address = k.a;
	return true;
}

static bool take_id(struct call *c)
{
	struct state_key k;

	if (!state_id(c, &k))
		return false;
	c->q.validator_id = (int64_t)k.n;
	return true;
}

static void reconciled_cell(struct cells *out, const struct list_row *row, int col)
{
	cell_bool(out, "reconciled", pgres_bool(row->res, row->at, col));
}

/* A path of this row's chain, transaction and log. */
static void link_cell(struct cells *out, const char *name, const struct list_row *row)
{
	struct bytes tx = pgres_bytes(row->res, row->at, LIST_TX);
	char hash[2 * 32 + 1] = "";

	if (tx.n == 32)
		hex_encode(hash, tx.p, tx.n);
	cell_str(out, name,
		arena_printf(row->api->row_mem, "/v1/%s/%s/0x%.64s/%lld", name, row->chain->key, hash,
			(long long)pgres_i64(row->res, row->at, LIST_LOG_INDEX)));
}

/* -------- partners -------- */

enum {
	PARTNER = LIST_OWN,
	KIND,
	AMOUNT,
	ORIGIN,
	PARTNERSHIP,
	VALIDATOR_ID,
	RECIPIENT,
	SHARE_BPS,
	TERMS_TX,
	CLAIMABLE,
	CLAIMED,
	CONTRIBUTED
};

#define PARTNER_COLUMNS                                                                            \
	", x.partner, x.kind, x.amount::text, x.origin, x.partnership, x.validator_id, x.recipient,"  \
	" x.share_bps, x.terms_tx, x.claimable_after::text, x.claimed_after::text,"                   \
	" x.contributed_after::text"

static void plan_partner(const struct call *c, struct list_plan *p)
{
	by_address(c, p, "partner");
}

static bool partner_row(struct cells *out, const struct list_row *row)
{
	list_text_cell(out, "kind", row, KIND);
	list_address_cell(out, "partner", row, PARTNER);
	list_text_cell(out, "amount", row, AMOUNT);
	list_text_cell(out, "origin", row, ORIGIN);
	list_address_cell(out, "partnership", row, PARTNERSHIP);
	list_int_cell(out, "validator_id", row, VALIDATOR_ID);
	list_address_cell(out, "recipient", row, RECIPIENT);
	list_int_cell(out, "share_bps", row, SHARE_BPS);
	list_hex_cell(out, "terms_tx", row, TERMS_TX);
	list_text_cell(out, "claimable_after", row, CLAIMABLE);
	list_text_cell(out, "claimed_after", row, CLAIMED);
	list_text_cell(out, "contributed_after", row, CONTRIBUTED);
	return true;
}

static bool payout_row(struct cells *out, const struct list_row *row)
{
	bool lasting = partner_row(out, row);

	link_cell(out, "audit", row);
	link_cell(out, "evidence", row);
	return lasting;
}

static const struct list_kind PARTNER_REWARDS = {
	.table = "ledger.partner_entry",
	.columns = PARTNER_COLUMNS,
	.ledger = true,
	.has_rows = staking,
	.plan = plan_partner,
	.row = partner_row,
};

/* The subquery is part of the statement's text, so that the index of payouts fits. */
#define PAYOUT_TABLE "(SELECT * FROM ledger.partner_entry WHERE kind = 'payout')"

static const struct list_kind PARTNER_PAYOUTS = {
	.table = PAYOUT_TABLE,
	.columns = PARTNER_COLUMNS,
	.ledger = true,
	.has_rows = staking,
	.plan = plan_partner,
	.row = payout_row,
};

static void plan_all(const struct call *c, struct list_plan *p)
{
	(void)c;
	(void)p;
}

static const struct list_kind PAYOUTS = {
	.table = PAYOUT_TABLE,
	.columns = PARTNER_COLUMNS,
	.ledger = true,
	.has_rows = staking,
	.plan = plan_all,
	.row = payout_row,
};

static const struct periods PARTNER_PERIODS = {
	.table = "ledger.partner_entry",
	.key = "partner",
	.key_type = "bytea",
	.sums = {{"allocated", "amount) FILTER (WHERE x.kind = 'allocation'", false},
		{"claimed", "amount) FILTER (WHERE x.kind = 'payout'", false}},
};

void get_partner_rewards(struct call *c)
{
	if (!take_address(c))
		return;
	if (c->q.interval)
		periods_answer(c, &PARTNER_PERIODS,
			list_bytea(c->mem, c->q.address.b, sizeof(c->q.address.b)));
	else
		list_answer(c, &PARTNER_REWARDS);
}

void get_partner_payouts(struct call *c)
{
	if (take_address(c))
		list_answer(c, &PARTNER_PAYOUTS);
}

void get_payouts(struct call *c)
{
	list_answer(c, &PAYOUTS);
}

/* -------- roles -------- */

enum { ROLE = LIST_OWN, ACCOUNT, TO_BLOCK, TO_TX, FROM_BLOCK, ROLE_LOG };

#define TAKEN(column)                                                                              \
	"(SELECT t." column " FROM ledger.role_entry t WHERE t.chain_id = x.chain_id AND"              \
	" t.partnership = x.partnership AND t.role = x.role AND t.account = x.account AND NOT t.given" \
	" AND (t.block, t.log_index) > (x.given_block, x.given_log) AND t.block <= b.indexed ORDER BY" \
	" t.block, t.log_index LIMIT 1)"

/* Roles of the initial state come before the first block's logs; no cursor goes below 0. */
#define ROLE_TABLE                                                                                 \
	"(SELECT e.chain_id, greatest(e.block, c.first_block) AS block, e.log_index + 1048576 AS"      \
	" log_index, e.tx, e.partnership, e.role, e.account, e.block AS given_block, e.log_index AS"   \
	" given_log FROM ledger.role_entry e JOIN chain.chain c ON c.chain_id = e.chain_id WHERE"      \
	" e.given)"

static void plan_role(const struct call *c, struct list_plan *p)
{
	by_address(c, p, "partnership");
}

/* A role that is held may be taken later. */
static bool role_row(struct cells *out, const struct list_row *row)
{
	list_text_cell(out, "role", row, ROLE);
	list_address_cell(out, "account", row, ACCOUNT);
	list_int_cell(out, "from_block", row, FROM_BLOCK);
	list_hex_cell(out, "from_tx", row, LIST_TX);
	list_int_cell(out, "to_block", row, TO_BLOCK);
	list_hex_cell(out, "to_tx", row, TO_TX);
	return false;
}

static const struct list_kind ROLES = {
	.table = ROLE_TABLE,
	.columns = ", x.role, x.account, " TAKEN("block") " AS to_block, " TAKEN("tx") " AS to_tx,"
		   " x.given_block, CASE WHEN x.given_log >= 0 THEN x.given_log END",
	.ledger = true,
	.log_index = ROLE_LOG,
	.has_rows = staking,
	.plan = plan_role,
	.row = role_row,
};

void get_roles(struct call *c)
{
	if (take_address(c))
		list_answer(c, &ROLES);
}

/* -------- who sent what to a partnership -------- */

enum { TX_ACTOR = LIST_OWN, TX_ROLES, TX_CALLED, TX_FUNCTION, TX_SUCCEEDED, TX_VALUE, TX_INDEX, TX_LOG };

/* Sent to it, reverted ones too; and those that made it log by way of another contract. */
#define TRANSACTIONS                                                                               \
	"(SELECT t.chain_id, t.block, t.tx_index AS log_index, t.hash AS tx, t.recipient AS"           \
	" partnership, t.recipient, t.sender, t.function, t.succeeded, t.value FROM chain.tx t UNION"   \
	" ALL SELECT DISTINCT l.chain_id, l.block, l.tx_index, l.tx, l.address, o.recipient, o.sender," \
	" o.function, true, o.value FROM chain.log l LEFT JOIN chain.tx o ON o.chain_id = l.chain_id"   \
	" AND o.block = l.block AND o.tx_index = l.tx_index WHERE o.recipient IS DISTINCT FROM"         \
	" l.address)"

static bool transaction_row(struct cells *out, const struct list_row *row)
{
	list_int_cell(out, "tx_index", row, TX_INDEX);
	list_address_cell(out, "actor", row, TX_ACTOR);
	list_text_cell(out, "roles", row, TX_ROLES);
	list_address_cell(out, "called", row, TX_CALLED);
	list_text_cell(out, "function", row, TX_FUNCTION);
	cell_bool(out, "succeeded", !pgres_null(row->res, row->at, TX_SUCCEEDED) &&
					    pgres_i64(row->res, row->at, TX_SUCCEEDED));
	list_text_cell(out, "value", row, TX_VALUE);
	return true;
}

static const struct list_kind PARTNERSHIP_TRANSACTIONS = {
	.table = TRANSACTIONS,
	.columns = ", x.sender, ledger.roles_at(x.chain_id, x.partnership, x.sender, x.block,"
		   " x.log_index), x.recipient, x.function, x.succeeded::int4::int8, x.value::text,"
		   " x.log_index::int8 AS place, NULL::int8 AS none",
	.ledger = true,
	.log_index = TX_LOG,
	.has_rows = staking,
	.plan = plan_role,
	.row = transaction_row,
};

void get_partnership_transactions(struct call *c)
{
	if (take_address(c))
		list_answer(c, &PARTNERSHIP_TRANSACTIONS);
}

/* -------- validators -------- */

enum { CHECKPOINT = LIST_OWN, CHECKPOINT_CHAIN, OWN, DELEGATORS, BONUS, COMMISSION, ACCRUAL_RECONCILED };

static bool accrual_row(struct cells *out, const struct list_row *row)
{
	list_int_cell(out, "checkpoint", row, CHECKPOINT);
	list_int_cell(out, "checkpoint_chain", row, CHECKPOINT_CHAIN);
	list_text_cell(out, "own", row, OWN);
	list_text_cell(out, "delegators", row, DELEGATORS);
	list_text_cell(out, "proposer_bonus", row, BONUS);
	list_text_cell(out, "commission", row, COMMISSION);
	reconciled_cell(out, row, ACCRUAL_RECONCILED);
	return true;
}

static const struct list_kind VALIDATOR_REWARDS = {
	.table = "ledger.accrual",
	.columns = ", x.checkpoint_id, x.root_chain_id, x.own::text, x.delegators::text,"
		   " x.proposer_bonus::text, x.commission::text" SQL_RECONCILED,
	.ledger = true,
	.has_rows = staking,
	.plan = by_validator,
	.row = accrual_row,
};

static const struct periods VALIDATOR_PERIODS = {
	.table = "ledger.accrual",
	.key = "validator_id",
	.key_type = "int8",
	.sums = {{"own", "own", false}, {"delegators", "delegators", false},
		{"proposer_bonus", "proposer_bonus", false}, {"commission", "commission", false}},
};

void get_validator_rewards(struct call *c)
{
	if (!take_id(c))
		return;
	if (c->q.interval)
		periods_answer(c, &VALIDATOR_PERIODS,
			arena_printf(c->mem, "%lld", (long long)c->q.validator_id));
	else
		list_answer(c, &VALIDATOR_REWARDS);
}

/*
 * Of a validator's signer keys, ever, what they did as producers (a day is a row), and what the
 * validator did at checkpoints. $1: the staking chain; $2: the validator.
 */
#define PERFORMANCE                                                                                \
	"(SELECT $1::int8 AS chain_id, $2::int8 AS validator_id, 0::int8 AS block, d.day::timestamp AT" \
	" TIME ZONE 'UTC' AS time, d.blocks, d.in_turn, d.missed, d.fees, 0 AS expected, 0 AS signed, 0"  \
	" AS proposed, 0 AS sync_expected, 0 AS sync_signed FROM (SELECT DISTINCT signer FROM"           \
	" ledger.signer_key WHERE chain_id = $1::int8 AND validator_id = $2::int8) k JOIN"               \
	" ledger.producer_day d ON d.producer = k.signer UNION ALL SELECT c.chain_id, $2::int8, c.block," \
	" c.time, 0, 0, 0, 0, (m AND e)::int4, (m AND s)::int4, (m AND coalesce(c.proposer_id ="          \
	" $2::int8, false))::int4, (NOT m AND e)::int4, (NOT m AND s)::int4 FROM ledger.checkpoint c CROSS" \
	" JOIN LATERAL (SELECT c.root_chain_id = 1 AS m, $2::int8 = ANY (c.signed) AS s, $2::int8 = ANY"  \
	" (c.missed) OR ($2::int8 = ANY (c.signed) AND NOT $2::int8 = ANY (c.leaving)) AS e) t WHERE"     \
	" c.chain_id = $1::int8)"

static const struct periods PERFORMANCE_PERIODS = {
	.table = PERFORMANCE,
	.key = "validator_id",
	.key_type = "int8",
	.known = "EXISTS (SELECT FROM ledger.validator v WHERE v.chain_id = $1::int8 AND v.id = $2::int8"
		 " AND v.id > 0)",
	.absent = "this validator id was never used",
	.sums = {{"blocks_proposed", "blocks", true}, {"in_turn", "in_turn", true},
		{"out_of_turn", "blocks - x.in_turn", true}, {"missed_turns", "missed", true},
		{"fee_income", "fees", false}, {"checkpoints_expected", "expected", true},
		{"checkpoints_signed", "signed", true}, {"checkpoints_proposed", "proposed", true},
		{"sync_expected", "sync_expected", true}, {"sync_signed", "sync_signed", true}},
};

void get_performance(struct call *c)
{
	if (take_id(c))
		periods_answer(c, &PERFORMANCE_PERIODS,
			arena_printf(c->mem, "%lld", (long long)c->q.validator_id));
}

enum { PAID_KIND = LIST_OWN, PAID_AMOUNT, PAID_TO, PAID_RECONCILED, PAID_VALIDATOR = PAID_TO };

static bool validator_payout_row(struct cells *out, const struct list_row *row)
{
	list_text_cell(out, "kind", row, PAID_KIND);
	list_text_cell(out, "amount", row, PAID_AMOUNT);
	list_address_cell(out, "account", row, PAID_TO);
	reconciled_cell(out, row, PAID_RECONCILED);
	return true;
}

static const struct list_kind VALIDATOR_PAYOUTS = {
	.table = "ledger.validator_payout",
	.columns = ", x.kind, x.amount::text, x.account" SQL_RECONCILED,
	.ledger = true,
	.has_rows = staking,
	.plan = by_validator,
	.row = validator_payout_row,
};

void get_validator_payouts(struct call *c)
{
	if (take_id(c))
		list_answer(c, &VALIDATOR_PAYOUTS);
}

/* -------- delegators -------- */

static void plan_delegator(const struct call *c, struct list_plan *p)
{
	by_address(c, p, "delegator");
}

static bool delegator_row(struct cells *out, const struct list_row *row)
{
	list_text_cell(out, "kind", row, PAID_KIND);
	list_text_cell(out, "amount", row, PAID_AMOUNT);
	list_int_cell(out, "validator_id", row, PAID_VALIDATOR);
	reconciled_cell(out, row, PAID_RECONCILED);
	return true;
}

static const struct list_kind DELEGATOR_REWARDS = {
	.table = "ledger.delegator_entry",
	.columns = ", x.kind, x.amount::text, x.validator_id" SQL_RECONCILED,
	.ledger = true,
	.has_rows = staking,
	.plan = plan_delegator,
	.row = delegator_row,
};

void get_delegator_rewards(struct call *c)
{
	if (take_address(c))
		list_answer(c, &DELEGATOR_REWARDS);
}

/* -------- discrepancies -------- */

enum { CHECK = LIST_OWN, SUBJECT, EXPECTED, OBSERVED, RESOLVED, AT_LOG, EXPLANATION };

static bool logs_checkpoints(const struct chain_conf *chain, const struct query *q)
{
	(void)q;
	return chain->role != ROLE_CHILD;
}

static bool discrepancy_row(struct cells *out, const struct list_row *row)
{
	list_text_cell(out, "kind", row, CHECK);
	list_text_cell(out, "subject", row, SUBJECT);
	list_text_cell(out, "expected", row, EXPECTED);
	list_text_cell(out, "observed", row, OBSERVED);
	cell_bool(out, "resolved", pgres_bool(row->res, row->at, RESOLVED));
	list_text_cell(out, "explanation", row, EXPLANATION);
	return false;
}

static const struct list_kind DISCREPANCIES = {
	/* A call has no log index: their order in the block is that of the findings. */
	.table = "(SELECT chain_id, block, ordinal AS log_index, tx, kind, subject, expected, observed,"
		 " resolved, log_index AS at_log, explanation FROM ledger.finding)",
	.columns = ", x.kind, x.subject, x.expected::text, x.observed::text, x.resolved, x.at_log,"
		   " x.explanation",
	.log_index = AT_LOG,
	.has_rows = logs_checkpoints,
	.plan = plan_all,
	.row = discrepancy_row,
};

void get_discrepancies(struct call *c)
{
	list_answer(c, &DISCREPANCIES);
}
