/*
 * What the chain says about itself against what was computed. A disagreement is a finding of the
 * block; it changes nothing else: the fold goes on with its own values, so one wrong statement
 * gives one finding.
 */
#include "ledger/state.h"

static const char *const names[FINDING_KIND_COUNT] = {
	[FINDING_CHECKPOINT_REWARD] = "checkpoint_reward",
	[FINDING_CHECKPOINT_ID] = "checkpoint_id",
	[FINDING_CHECKPOINT_RELAYED] = "checkpoint_relayed",
	[FINDING_CHECKPOINT_SIGNERS] = "checkpoint_signers",
	[FINDING_STAKE_UPDATE] = "stake_update",
	[FINDING_CLAIM_AMOUNT] = "claim_amount",
	[FINDING_CLAIM_TOTAL] = "claim_total",
	[FINDING_NONCE] = "nonce",
	[FINDING_TOTAL_STAKED] = "total_staked",
	[FINDING_OWN_STAKE] = "own_stake",
	[FINDING_DELEGATOR_REWARD] = "delegator_reward",
	[FINDING_UNBOND] = "unbond",
	[FINDING_ALLOCATION] = "allocation",
	[FINDING_TOTAL_RECEIVED] = "total_received",
	[FINDING_PARTNER_CLAIM] = "partner_claim",
	[FINDING_PAYOUT] = "payout",
	[FINDING_PARAMETER] = "parameter",
	[FINDING_BALANCE] = "balance",
	[FINDING_ARITHMETIC] = "arithmetic",
	[FINDING_CHECKPOINT_INFERRED] = "checkpoint_inferred",
	[FINDING_IMPLEMENTATION] = "implementation",
	[FINDING_OUTFLOW] = "outflow",
	[FINDING_PARTNERSHIP_FLOW] = "partnership_flow",
};

const char *ledger_finding_name(enum ledger_finding_kind kind)
{
	return (unsigned)kind < FINDING_KIND_COUNT && names[kind] ? names[kind] : "unknown";
}

void check_fail(
	struct fold *f, const struct finding_at *at, struct u256 expected, struct u256 observed)
{
	struct ledger_finding *x;

	arena_grow(f->mem, &f->findings, &f->finding_cap, f->finding_count + 1, sizeof(*x));
	x = &f->findings[f->finding_count++];
	*x = (struct ledger_finding){.kind = at->kind,
		.subject = at->subject,
		.expected = expected,
		.observed = observed,
		.log_index = at->log ? at->log->log_index : UINT32_MAX};
	if (at->log)
		x->tx_hash = at->log->tx_hash;
}

void check_equal(
	struct fold *f, const struct finding_at *at, struct u256 expected, struct u256 observed)
{
	if (u256_cmp(expected, observed))
		check_fail(f, at, expected, observed);
}

void check_value(struct fold *f, enum ledger_finding_kind kind, uint64_t subject,
	struct u256 expected, struct u256 observed)
{
	struct finding_at at = {kind, key_n(subject), f->items[f->at].log};

	check_equal(f, &at, expected, observed);
}

void check_u64(struct fold *f, enum ledger_finding_kind kind, uint64_t subject, uint64_t expected,
	struct u256 observed)
{
	check_value(f, kind, subject, u256_u64(expected), observed);
}

static bool is_transfer(const struct item *it, const struct ledger_key *parties, struct u256 amount)
{
	struct address from, to;

	if (it->op != OP_TOKEN_TRANSFER || it->used || u256_cmp(log_word(it->log, 0), amount))
		return false;
	from = log_topic_address(it->log, 1);
	to = log_topic_address(it->log, 2);
	return address_eq(&from, &parties->a) && address_eq(&to, &parties->b);
}

void check_payout(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount)
{
	struct ledger_key parties = key_ab(from, to);
	struct finding_at at = {FINDING_PAYOUT, key_a(to), f->items[f->at].log};

	for (size_t i = f->at; i-- > f->first;) {
		if (is_transfer(&f->items[i], &parties, amount)) {
			f->items[i].used = true;
			return;
		}
	}
	for (size_t i = f->at + 1; i < f->end; i++) {
		if (is_transfer(&f->items[i], &parties, amount)) {
			f->items[i].used = true;
			return;
		}
	}
	check_fail(f, &at, amount, U256_ZERO);
}
