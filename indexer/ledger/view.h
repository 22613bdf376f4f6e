#ifndef LEDGER_VIEW_H
#define LEDGER_VIEW_H

/*
 * The contracts' view functions over stored records. Pure; a false result is a call that reverts.
 * `g` and the records are of the same block.
 */
#include "ledger/ledger.h"

/** 10^25: scale of rewardPerStake and rewardPerShare. */
struct u256 view_reward_precision(void);

/** Scale of share rates: 100 below id 8, else 10^29. */
struct u256 view_rate_precision(uint64_t validator_id);

/** What settling would add now to the validator's and the delegators' reward. */
MUST_USE bool view_pending(struct u256 *own, struct u256 *delegators,
	const struct ledger_validator *v, struct u256 reward_per_stake);

/** Parts of `reward` earned on amount + delegated (6.2); commission included in own. */
MUST_USE bool view_split(struct u256 *own, struct u256 *delegators,
	const struct ledger_validator *v, struct u256 per_stake);

MUST_USE bool view_validator_reward(
	struct u256 *out, const struct ledger_validator *v, const struct ledger_global *g);
MUST_USE bool view_delegators_reward(
	struct u256 *out, const struct ledger_validator *v, const struct ledger_global *g);
bool view_is_validator(const struct ledger_validator *v, uint64_t epoch);

/** StakingInfo.totalValidatorStake; s NULL: no share contract. */
struct u256 view_total_validator_stake(
	const struct ledger_validator *v, const struct ledger_share *s);

MUST_USE bool view_exchange_rate(
	struct u256 *out, const struct ledger_share *s, const struct ledger_validator *v);
MUST_USE bool view_withdraw_exchange_rate(struct u256 *out, const struct ledger_share *s);

/** getRewardPerShare. */
MUST_USE bool view_reward_per_share(struct u256 *out, const struct ledger_share *s,
	const struct ledger_validator *v, const struct ledger_global *g);

/** The reward of `shares` between two values of rewardPerShare. */
MUST_USE bool view_share_reward(
	struct u256 *out, struct u256 shares, struct u256 from, struct u256 to);

/** getLiquidRewards; per_share from view_reward_per_share. */
MUST_USE bool view_liquid_rewards(
	struct u256 *out, const struct ledger_position *p, struct u256 per_share);

/** getTotalStake.0; rate from view_exchange_rate. */
MUST_USE bool view_total_stake(struct u256 *out, const struct ledger_position *p, struct u256 rate);

/** RootChain.currentHeaderBlock. */
uint64_t view_current_header(const struct ledger_global *g);

#endif
