/*
 * View functions of StakeManager and ValidatorShare, operation by operation as the contracts
 * compute them: SafeMath where they use SafeMath (a false result is their revert), truncating
 * division.
 *
 * A validator's reward between two settlements is implicit in rewardPerStake -
 * initialRewardPerStake. Settlement (validator.c) and the views share view_split, so that a view
 * can not disagree with the payout that follows.
 */
#include "ledger/view.h"

#define FOUNDATION_VALIDATORS 8 /* ids below have the coarse share rate, and fixed withdrawals */
#define HEADER_STEP           10000
#define PERCENT               100

struct u256 view_reward_precision(void)
{
	return (struct u256){{0x161401484a000000, 0x84595, 0, 0}};
}

struct u256 view_rate_precision(uint64_t validator_id)
{
	if (validator_id < FOUNDATION_VALIDATORS)
		return u256_u64(100);
	return (struct u256){{0x6d7217caa0000000, 0x1431e0fae, 0, 0}};
}

static bool mul_div(struct u256 *out, struct u256 a, struct u256 b, struct u256 c)
{
	struct u256 product;

	return u256_mul_ok(&product, a, b) && u256_div(out, NULL, product, c);
}

bool view_split(struct u256 *own, struct u256 *delegators, const struct ledger_validator *v,
	struct u256 per_stake)
{
	struct u256 combined, reward, commission;

	*own = *delegators = U256_ZERO;
	if (!u256_add_ok(&combined, v->amount, v->delegated_amount) ||
		!mul_div(&reward, per_stake, combined, view_reward_precision()))
		return false;
	if (u256_is_zero(reward))
		return true;
	if (u256_is_zero(v->delegated_amount)) {
		*own = reward;
		return true;
	}
	if (!mul_div(own, v->amount, reward, combined))
		return false;
	if (!u256_is_zero(v->commission_rate)) {
		if (!mul_div(&commission, u256_sub(reward, *own), v->commission_rate,
			    u256_u64(PERCENT)) ||
			!u256_add_ok(own, *own, commission))
			return false;
	}
	return u256_sub_ok(delegators, reward, *own);
}

bool view_pending(struct u256 *own, struct u256 *delegators, const struct ledger_validator *v,
	struct u256 reward_per_stake)
{
	*own = *delegators = U256_ZERO;
	if (v->deactivation_epoch)
		return true;
	return view_split(
		own, delegators, v, u256_sub(reward_per_stake, v->initial_reward_per_stake));
}

/* stored + pending - 1, the "empty" value of both rewards being 1. */
static bool without_one(struct u256 *out, struct u256 stored, struct u256 pending)
{
	return u256_add_ok(out, stored, pending) && u256_sub_ok(out, *out, u256_u64(1));
}

bool view_validator_reward(
	struct u256 *out, const struct ledger_validator *v, const struct ledger_global *g)
{
	struct u256 own, delegators;

	return view_pending(&own, &delegators, v, g->reward_per_stake) &&
	       without_one(out, v->reward, own);
}

bool view_delegators_reward(
	struct u256 *out, const struct ledger_validator *v, const struct ledger_global *g)
{
	struct u256 own, delegators;

	return view_pending(&own, &delegators, v, g->reward_per_stake) &&
	       without_one(out, v->delegators_reward, delegators);
}

bool view_is_validator(const struct ledger_validator *v, uint64_t epoch)
{
	return !u256_is_zero(v->amount) && v->status == STATUS_ACTIVE &&
	       (!v->deactivation_epoch || v->deactivation_epoch > epoch);
}

struct u256 view_total_validator_stake(
	const struct ledger_validator *v, const struct ledger_share *s)
{
	return s ? u256_add(v->amount, s->active_amount) : v->amount;
}

bool view_exchange_rate(
	struct u256 *out, const struct ledger_share *s, const struct ledger_validator *v)
{
	*out = view_rate_precision(s->validator_id);
	return u256_is_zero(s->total_supply) ||
	       mul_div(out, v->delegated_amount, *out, s->total_supply);
}

bool view_withdraw_exchange_rate(struct u256 *out, const struct ledger_share *s)
{
	*out = view_rate_precision(s->validator_id);
	return s->validator_id < FOUNDATION_VALIDATORS || u256_is_zero(s->withdraw_shares) ||
	       mul_div(out, s->withdraw_pool, *out, s->withdraw_shares);
}

bool view_reward_per_share(struct u256 *out, const struct ledger_share *s,
	const struct ledger_validator *v, const struct ledger_global *g)
{
	struct u256 reward, more;

	if (!view_delegators_reward(&reward, v, g))
		return false;
	*out = s->reward_per_share;
	if (u256_is_zero(reward) || u256_is_zero(s->total_supply))
		return true;
	return mul_div(&more, reward, view_reward_precision(), s->total_supply) &&
	       u256_add_ok(out, *out, more);
}

bool view_share_reward(struct u256 *out, struct u256 shares, struct u256 from, struct u256 to)
{
	struct u256 per_share;

	*out = U256_ZERO;
	if (u256_is_zero(shares) || !u256_cmp(from, to))
		return true;
	return u256_sub_ok(&per_share, to, from) &&
	       mul_div(out, per_share, shares, view_reward_precision());
}

bool view_liquid_rewards(struct u256 *out, const struct ledger_position *p, struct u256 per_share)
{
	return view_share_reward(out, p->shares, p->initial_reward_per_share, per_share);
}

bool view_total_stake(struct u256 *out, const struct ledger_position *p, struct u256 rate)
{
	return mul_div(out, p->shares, rate, view_rate_precision(p->validator_id));
}

uint64_t view_current_header(const struct ledger_global *g)
{
	return g->next_header_block - HEADER_STEP;
}
