/* Every value of an oracle record against the ledger. */
#ifndef LEDGER_ORACLE_H
#define LEDGER_ORACLE_H

#include "unit/ledger/ledger_kit.h"

struct oracle {
	const struct kit *k;
	const struct ledger *l;
	size_t compared;
	char where[160];
};

static size_t oracle_bad;

static void differ(struct oracle *o, const char *key, const char *want, size_t n, const char *got)
{
	if (oracle_bad++ < 20)
		print_message("%s %s: oracle %.*s, ledger %s\n", o->where, key, (int)n, want, got);
}

static void eq_text(struct oracle *o, struct jval v, const char *key, const char *got)
{
	struct jval x = rec_get(v, key);
	const char *s = "null";
	size_t n = 4;
	bool flag;

	o->compared++;
	if (json_bool(x, &flag)) {
		s = flag ? "true" : "false";
		n = strlen(s);
	} else if (!json_is_null(x) && !json_str(x, &s, &n)) {
		fail_msg("%s %s: odd type", o->where, key);
	}
	if (strlen(got) != n || memcmp(s, got, n))
		differ(o, key, s, n, got);
}

static void eq_u256(struct oracle *o, struct jval v, const char *key, struct u256 got)
{
	char text[U256_DEC_MAX + 1];

	text[u256_dec(text, got)] = 0;
	eq_text(o, v, key, text);
}

static void eq_u64(struct oracle *o, struct jval v, const char *key, uint64_t got)
{
	eq_u256(o, v, key, u256_u64(got));
}

static void eq_view(struct oracle *o, struct jval v, const char *key, bool ok, struct u256 got)
{
	if (ok)
		eq_u256(o, v, key, got);
	else
		eq_text(o, v, key, "null");
}

static void eq_bool(struct oracle *o, struct jval v, const char *key, bool got)
{
	eq_text(o, v, key, got ? "true" : "false");
}

static void eq_hex(struct oracle *o, struct jval v, const char *key, const void *p, size_t n)
{
	char text[2 + 64 + 1] = "0x";

	hex_encode(text + 2, p, n);
	text[2 + 2 * n] = 0;
	eq_text(o, v, key, text);
}

static void eq_address(struct oracle *o, struct jval v, const char *key, const struct address *a)
{
	eq_hex(o, v, key, a->b, 20);
}

static struct address address_of(const char *s, size_t n)
{
	struct address a;

	if (!hex_fixed(a.b, 20, s, n))
		fail_msg("bad address %.*s", (int)n, s);
	return a;
}

static uint64_t number_of(const char *s, size_t n)
{
	struct u256 v;

	if (!u256_parse_dec(&v, s, n))
		fail_msg("bad number %.*s", (int)n, s);
	return v.w[0];
}

static void global(struct oracle *o, struct jval v)
{
	const struct ledger_global *g = ledger_global(o->l);
	const struct ledger_header *h = ledger_header(o->l, view_current_header(g));
	struct jval map, x;
	struct jiter it;
	const char *key;
	size_t n, expected = 0, have = 0;
	char name[100];

	eq_u256(o, v, "rewardPerStake", g->reward_per_stake);
	eq_u256(o, v, "totalStaked", g->total_staked);
	eq_u64(o, v, "currentEpoch", g->current_epoch);
	eq_u256(o, rec_get(v, "validatorState"), "amount", g->total_stake);
	eq_u64(o, rec_get(v, "validatorState"), "stakerCount", g->staker_count);
	eq_u256(o, v, "totalRewards", g->total_rewards);
	eq_u256(o, v, "totalRewardsLiquidated", g->total_rewards_liquidated);
	eq_u256(o, v, "prevBlockInterval", g->prev_block_interval);
	eq_u256(o, v, "rewardDecreasePerCheckpoint", g->reward_decrease_per_checkpoint);
	eq_u256(o, v, "maxRewardedCheckpoints", g->max_rewarded_checkpoints);
	eq_u256(o, v, "checkpointRewardDelta", g->checkpoint_reward_delta);
	eq_hex(o, v, "accountStateRoot", g->account_state_root.b, 32);
	eq_u64(o, v, "NFTCounter", g->nft_counter);
	eq_u256(o, v, "totalHeimdallFee", g->total_heimdall_fee);
	eq_u256(o, v, "checkPointBlockInterval", g->checkpoint_block_interval);
	eq_u256(o, v, "proposerBonus", g->proposer_bonus);
	eq_u256(o, v, "WITHDRAWAL_DELAY", g->withdrawal_delay);
	eq_u256(o, v, "dynasty", g->dynasty);
	eq_u256(o, v, "auctionPeriod", g->auction_period);
	eq_u256(o, v, "replacementCoolDown", g->replacement_cool_down);
	eq_u256(o, v, "signerUpdateLimit", g->signer_update_limit);
	eq_u256(o, v, "minDeposit", g->min_deposit);
	eq_u256(o, v, "minHeimdallFee", g->min_heimdall_fee);
	eq_u256(o, v, "validatorThreshold", g->validator_threshold);
	eq_bool(o, v, "delegationEnabled", g->delegation_enabled);
	eq_u64(o, v, "nextHeaderBlock", g->next_header_block);
	eq_u64(o, v, "currentHeaderBlock", view_current_header(g));
	eq_u64(o, v, "lastChildBlock", h ? h->end : 0);
	eq_u256(o, v, "stakeManagerTokenBalance", ledger_balance(o->l, ledger_stake_manager(o->l)));
	eq_u256(o, v, "sinkValidatorMaxReward", ledger_validator(o->l, LEDGER_SINK)->reward);
	if (json_get(v, "totalRewardsAtPreviousBlock", &x)) {
		eq_u256(o, v, "totalRewardsAtPreviousBlock", o->k->before_rewards);
		eq_u256(o, v, "rewardPerStakeAtPreviousBlock", o->k->before_per_stake);
	}
	for (unsigned m = 0; m < 2; m++) {
		map = rec_get(v, m ? "currentHeaderBlockId" : "CHAIN_CHECKPOINT_REWARD");
		for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
			const struct ledger_root_chain *c =
				ledger_root_chain(o->l, number_of(key, n));

			snprintf(name, sizeof(name), "%.*s", (int)n, key);
			eq_u256(o, map, name,
				!c  ? U256_ZERO
				: m ? u256_u64(c->header_id)
				    : c->reward);
		}
	}
	map = rec_get(v, "validatorStateChanges");
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x); expected++) {
		const struct ledger_epoch *c = ledger_epoch(o->l, number_of(key, n));
		char text[U256_DEC_MAX + 2] = "-";

		if (!c || !(c->amount.w[3] >> 63)) {
			differ(o, "validatorStateChanges", key, n, "none");
			continue;
		}
		text[1 + u256_dec(text + 1, u256_sub(U256_ZERO, c->amount))] = 0;
		eq_text(o, x, "amount", text);
		snprintf(text, sizeof(text), "%lld", (long long)c->staker_count);
		eq_text(o, x, "stakerCount", text);
	}
	for (unsigned i = 0; i < 2; i++) {
		const struct ledger_epoch *c = ledger_epoch(o->l, g->current_epoch + i);

		have += c && (!u256_is_zero(c->amount) || c->staker_count);
	}
	o->compared++;
	if (have != expected)
		differ(o, "validatorStateChanges", "", 0, "another number");
}

static void signers(struct oracle *o, struct jval list)
{
	size_t n, i = 0;
	const struct address *s = ledger_signers(o->l, &n);
	struct jiter it;
	struct jval x;

	for (json_iter(list, &it); json_next(&it, &x); i++) {
		struct address a;

		rec_fixed(x, a.b, 20);
		o->compared++;
		if (i >= n || !address_eq(&a, &s[i]))
			differ(o, "signers", "", 0, "another");
	}
	o->compared++;
	if (i != n)
		differ(o, "signers", "", 0, "another number");
}

static void share(struct oracle *o, struct jval v, const struct ledger_validator *val)
{
	const struct ledger_share *s = ledger_share(o->l, &val->contract);
	struct u256 x = U256_ZERO;
	bool ok;

	assert_non_null(s);
	eq_u256(o, v, "totalSupply", s->total_supply);
	eq_u256(o, v, "rewardPerShare", s->reward_per_share);
	eq_u256(o, v, "activeAmount", s->active_amount);
	eq_u256(o, v, "withdrawPool", s->withdraw_pool);
	eq_u256(o, v, "withdrawShares", s->withdraw_shares);
	eq_bool(o, v, "delegation", s->delegation);
	eq_bool(o, v, "locked", s->locked);
	ok = view_exchange_rate(&x, s, val);
	eq_view(o, v, "exchangeRate", ok, x);
	ok = view_withdraw_exchange_rate(&x, s);
	eq_view(o, v, "withdrawExchangeRate", ok, x);
	ok = view_reward_per_share(&x, s, val, ledger_global(o->l));
	eq_view(o, v, "getRewardPerShare", ok, x);
}

static void validator(struct oracle *o, struct jval v, uint64_t id)
{
	static const struct address nobody;
	const struct ledger_global *g = ledger_global(o->l);
	const struct ledger_validator *val = ledger_validator(o->l, id);
	struct u256 x = U256_ZERO;
	struct jval sub;
	bool ok;

	if (!val) {
		differ(o, "validator", "", 0, "absent");
		return;
	}
	eq_u256(o, v, "amount", val->amount);
	eq_u256(o, v, "reward", val->reward);
	eq_u64(o, v, "activationEpoch", val->activation_epoch);
	eq_u64(o, v, "deactivationEpoch", val->deactivation_epoch);
	eq_u64(o, v, "jailTime", val->jail_epoch);
	eq_address(o, v, "signer", &val->signer);
	eq_address(o, v, "contractAddress", &val->contract);
	eq_u64(o, v, "status", val->status);
	eq_u256(o, v, "commissionRate", val->commission_rate);
	eq_u64(o, v, "lastCommissionUpdate", val->last_commission_update);
	eq_u256(o, v, "delegatorsReward", val->delegators_reward);
	eq_u256(o, v, "delegatedAmount", val->delegated_amount);
	eq_u256(o, v, "initialRewardPerStake", val->initial_reward_per_stake);
	ok = view_validator_reward(&x, val, g);
	eq_view(o, v, "validatorReward", ok, x);
	ok = view_delegators_reward(&x, val, g);
	eq_view(o, v, "delegatorsRewardView", ok, x);
	eq_u64(o, v, "latestSignerUpdateEpoch", val->latest_signer_update_epoch);
	eq_bool(o, v, "isValidator", view_is_validator(val, g->current_epoch));
	eq_u64(o, v, "nonce", val->nonce);
	eq_u256(o, v, "totalValidatorStake",
		view_total_validator_stake(val, ledger_share(o->l, &val->contract)));
	if (address_eq(&val->owner, &nobody))
		eq_text(o, v, "owner", "null");
	else
		eq_address(o, v, "owner", &val->owner);
	o->compared++;
	if (json_get(v, "share", &sub) == address_eq(&val->contract, &nobody))
		differ(o, "share", "", 0, "the other");
	else if (json_get(v, "share", &sub))
		share(o, sub, val);
}

static void validators(struct oracle *o, struct jval map)
{
	const char *key;
	struct jiter it;
	struct jval x;
	size_t n;
	char where[100];

	snprintf(where, sizeof(where), "%.60s", o->where);
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
		snprintf(o->where, sizeof(o->where), "%s validator %.*s", where, (int)n, key);
		validator(o, x, number_of(key, n));
	}
	snprintf(o->where, sizeof(o->where), "%.60s", where);
}

/* The person that comes after `order` in the contract's list. */
static const struct ledger_person *next_partner(
	const struct ledger *l, const struct address *p, const struct ledger_person *last)
{
	const struct ledger_person *best = NULL;

	for (size_t i = 0; i < ledger_count(l, LEDGER_PERSON); i++) {
		const struct ledger_person *w = ledger_at(l, LEDGER_PERSON, i);

		if (w->active && address_eq(&w->key.a, p) && (!last || w->order > last->order) &&
			(!best || w->order < best->order))
			best = w;
	}
	return best;
}

static void people(struct oracle *o, struct jval v, const struct ledger_partnership *p)
{
	static const struct ledger_person nobody;
	const struct ledger_person *w = NULL;
	struct jval map = rec_get(v, "people"), x;
	const char *key;
	struct jiter it;
	size_t n;

	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
		struct address a = address_of(key, n);

		w = ledger_person(o->l, &p->key.a, &a);
		if (!w)
			w = &nobody;
		eq_u64(o, x, "shareBps", w->share_bps);
		eq_u256(o, x, "claimable", w->claimable);
		eq_u256(o, x, "claimed", w->claimed);
		eq_u256(o, x, "contributed", w->contributed);
	}
	w = NULL;
	for (json_iter(rec_get(v, "partners"), &it); json_next(&it, &x);) {
		struct address a;

		rec_fixed(x, a.b, 20);
		w = next_partner(o->l, &p->key.a, w);
		o->compared++;
		if (!w || !address_eq(&a, &w->key.b)) {
			differ(o, "partners", "", 0, "another");
			return;
		}
	}
	o->compared++;
	if (next_partner(o->l, &p->key.a, w) && (w || p->partner_count))
		differ(o, "partners", "", 0, "more");
}

static void partnership(struct oracle *o, struct jval v)
{
	const struct ledger_partnership *p;
	struct address a;

	rec_fixed(rec_get(v, "address"), a.b, 20);
	p = ledger_partnership(o->l, &a);
	if (!p) {
		differ(o, "partnership", "", 0, "absent");
		return;
	}
	eq_u64(o, v, "phase", p->phase);
	eq_bool(o, v, "paused", p->paused);
	eq_address(o, v, "admin", &p->admin);
	eq_address(o, v, "operator", &p->operator_);
	eq_u64(o, v, "validatorId", p->validator_id);
	eq_u256(o, v, "totalReceived", p->total_received);
	eq_u256(o, v, "freeCapital", p->free_capital);
	eq_u256(o, v, "stakedCapital", p->staked_capital);
	eq_address(o, v, "dustPartner", &p->dust_partner);
	eq_u64(o, v, "partnerCount", p->partner_count);
	eq_u256(o, v, "tokenBalance", ledger_balance(o->l, &a));
	people(o, v, p);
}

static void position(struct oracle *o, struct jval v, const struct address *who, uint64_t id)
{
	static const struct ledger_unbond none;
	const struct ledger_position *p = ledger_position(o->l, who, id);
	const struct ledger_validator *val = ledger_validator(o->l, id);
	const struct ledger_share *s = val ? ledger_share(o->l, &val->contract) : NULL;
	const struct ledger_unbond *u;
	struct u256 x = U256_ZERO, rate = U256_ZERO;
	struct jval list, item;
	size_t n, open = 0, listed = 0;
	struct jiter it;
	const char *key;
	bool ok;

	if (!p || !s) {
		differ(o, "position", "", 0, "absent");
		return;
	}
	eq_u256(o, v, "shares", p->shares);
	eq_u256(o, v, "initalRewardPerShare", p->initial_reward_per_share);
	ok = view_reward_per_share(&x, s, val, ledger_global(o->l)) &&
	     view_liquid_rewards(&x, p, x);
	eq_view(o, v, "liquidRewards", ok, x);
	ok = view_exchange_rate(&rate, s, val);
	eq_view(o, v, "exchangeRate", ok, rate);
	ok = ok && view_total_stake(&x, p, rate);
	eq_view(o, v, "totalStake", ok, x);
	eq_u64(o, v, "unbondNonce", p->unbond_nonce);
	u = ledger_unbond(o->l, who, id, 0);
	u = u ? u : &none;
	eq_u256(o, rec_get(v, "unbond"), "shares", u->shares);
	eq_u64(o, rec_get(v, "unbond"), "withdrawEpoch", u->withdraw_epoch);
	for (uint64_t i = 1; i <= p->unbond_nonce; i++) {
		u = ledger_unbond(o->l, who, id, i);
		open += u && !u256_is_zero(u->shares);
	}
	if (json_get(v, "unbondsNew", &list)) {
		for (json_iter(list, &it); json_next_member(&it, &key, &n, &item); listed++) {
			u = ledger_unbond(o->l, who, id, number_of(key, n));
			u = u ? u : &none;
			eq_u256(o, item, "shares", u->shares);
			eq_u64(o, item, "withdrawEpoch", u->withdraw_epoch);
		}
	}
	o->compared++;
	if (listed != open)
		differ(o, "unbondsNew", "", 0, "another number");
}

static void delegators(struct oracle *o, struct jval map)
{
	struct jval positions, x;
	struct jiter it, inner;
	const char *key;
	size_t n, listed = 0, have = 0;
	char where[100];

	snprintf(where, sizeof(where), "%.60s", o->where);
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &positions);) {
		struct address who = address_of(key, n);

		for (json_iter(positions, &inner); json_next_member(&inner, &key, &n, &x);) {
			snprintf(o->where, sizeof(o->where), "%s position %02x%02x.. %.*s", where,
				who.b[0], who.b[1], (int)n, key);
			position(o, x, &who, number_of(key, n));
			if (ledger_position(o->l, &who, number_of(key, n)))
				listed += !u256_is_zero(
					ledger_position(o->l, &who, number_of(key, n))->shares);
		}
	}
	snprintf(o->where, sizeof(o->where), "%.60s", where);
	for (size_t i = 0; i < ledger_count(o->l, LEDGER_POSITION); i++) {
		const struct ledger_position *p = ledger_at(o->l, LEDGER_POSITION, i);

		have += !u256_is_zero(p->shares);
	}
	o->compared++;
	if (have != listed)
		differ(o, "positions", "", 0, "more");
}

static void keyed(struct oracle *o, struct jval map, bool balances)
{
	struct jiter it;
	struct jval x;
	const char *key;
	size_t n, listed = 0, have = 0;
	char name[50];

	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x); listed++) {
		struct address a = address_of(key, n);
		uint64_t id = ledger_signer_to_validator(o->l, &a);
		struct u256 all = {{~0ULL, ~0ULL, ~0ULL, ~0ULL}};

		snprintf(name, sizeof(name), "%.*s", (int)n, key);
		if (balances)
			eq_u256(o, map, name, ledger_balance(o->l, &a));
		else
			eq_u256(o, map, name, id == LEDGER_SINK ? all : u256_u64(id));
	}
	for (size_t i = 0; !balances && i < ledger_count(o->l, LEDGER_SIGNER_KEY); i++) {
		const struct ledger_signer_key *s = ledger_at(o->l, LEDGER_SIGNER_KEY, i);

		have += s->validator_id != 0;
	}
	o->compared++;
	if (!balances && have != listed)
		differ(o, "signerToValidator", "", 0, "another number");
}

static void header(struct oracle *o, struct jval v)
{
	static const struct ledger_header none;
	const struct ledger_header *h =
		ledger_header(o->l, view_current_header(ledger_global(o->l)));

	h = h ? h : &none;
	eq_hex(o, v, "root", h->root.b, 32);
	eq_u64(o, v, "start", h->start);
	eq_u64(o, v, "end", h->end);
	eq_u64(o, v, "createdAt", h->created_at);
	eq_address(o, v, "proposer", &h->proposer);
}

static size_t oracle_compare(const struct kit *k, struct jval record)
{
	struct oracle o = {.k = k, .l = k->l};
	struct jval x;
	struct jiter it;

	snprintf(o.where, sizeof(o.where), "block %llu", (unsigned long long)ledger_block(k->l));
	global(&o, rec_get(record, "global"));
	signers(&o, rec_get(record, "signers"));
	validators(&o, rec_get(record, "validators"));
	if (json_get(record, "partnerships", &x)) {
		struct jval p;

		for (json_iter(x, &it); json_next(&it, &p);)
			partnership(&o, p);
	}
	if (json_get(record, "delegators", &x))
		delegators(&o, x);
	if (json_get(record, "tokenBalances", &x))
		keyed(&o, x, true);
	if (json_get(record, "signerToValidator", &x))
		keyed(&o, x, false);
	if (json_get(record, "headerBlock", &x))
		header(&o, x);
	return o.compared;
}

#endif
