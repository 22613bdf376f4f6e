/*
 * The state before the chain's first block, from an oracle record (network file, initial_state):
 * the getters' names, integers as decimal strings. A record of any block is understood, so a fold
 * can begin anywhere that a full record exists. What it lacks is zero.
 */
#include "ledger/state.h"

#include "base/hex.h"
#include "base/json.h"

#include <stdlib.h>

#define INITIAL_MAX (64u << 20)

struct reading {
	struct ledger *l;
	struct err *e;
	bool bad;
};

static void refuse(struct reading *r, const char *key)
{
	if (!r->bad)
		err_set(r->e, ERR_FATAL, "ledger", 0,
			"initial_state of the network file: \"%s\" is not of the expected form",
			key);
	r->bad = true;
}

static struct u256 number(struct reading *r, struct jval object, const char *key)
{
	struct u256 v = U256_ZERO;
	struct jval x;
	const char *s;
	size_t n;

	if (!json_get(object, key, &x) || json_is_null(x))
		return v;
	if (!json_str(x, &s, &n) || !u256_parse_dec(&v, s, n))
		refuse(r, key);
	return v;
}

static uint64_t small(struct reading *r, struct jval object, const char *key)
{
	struct u256 v = number(r, object, key);

	if (!u256_fits_u64(v))
		refuse(r, key);
	return v.w[0];
}

static uint32_t truth(struct jval object, const char *key)
{
	struct jval x;
	bool b = false;

	return json_get(object, key, &x) && json_bool(x, &b) && b;
}

static void fixed(struct reading *r, struct jval object, const char *key, void *out, size_t n)
{
	struct jval x;

	memset(out, 0, n);
	if (json_get(object, key, &x) && !json_is_null(x) && !json_hex_fixed(x, out, n))
		refuse(r, key);
}

static bool member(struct jval object, const char *key, struct jval *out)
{
	return json_get(object, key, out) && !json_is_null(*out);
}

/* A member's name as a number or an address. */
static uint64_t name_number(struct reading *r, const char *key, size_t n)
{
	struct u256 v;

	if (u256_parse_dec(&v, key, n))
		return u64_of(v);
	refuse(r, key);
	return 0;
}

static struct address name_address(struct reading *r, const char *key, size_t n)
{
	struct address a = {{0}};

	if (!hex_fixed(a.b, sizeof(a.b), key, n))
		refuse(r, key);
	return a;
}

static void read_root_chains(struct reading *r, struct jval g)
{
	static const char *const maps[] = {"CHAIN_CHECKPOINT_REWARD", "currentHeaderBlockId"};
	struct jval map, x;
	struct jiter it;
	const char *key;
	size_t n;

	for (unsigned m = 0; m < 2; m++) {
		if (!member(g, maps[m], &map))
			continue;
		for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
			char name[U256_DEC_MAX + 2];
			struct ledger_key k = key_n(name_number(r, key, n));
			struct ledger_root_chain *c = state_edit(r->l, LEDGER_ROOT_CHAIN, &k);

			if (n >= sizeof(name)) {
				refuse(r, maps[m]);
				continue;
			}
			memcpy(name, key, n);
			name[n] = 0;
			if (m) {
				c->header_id = small(r, map, name);
			} else {
				c->reward = number(r, map, name);
				c->rewarded = 1;
			}
		}
	}
}

static void read_epochs(struct reading *r, struct jval g)
{
	struct jval map, x, amount;
	struct jiter it;
	const char *key, *s;
	size_t n, len;

	if (!member(g, "validatorStateChanges", &map))
		return;
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
		struct ledger_key k = key_n(name_number(r, key, n));
		struct ledger_epoch *c = state_edit(r->l, LEDGER_EPOCH, &k);
		static const char *const parts[] = {"amount", "stakerCount"};

		for (unsigned i = 0; i < 2; i++) {
			struct u256 v;
			bool minus;

			if (!json_get(x, parts[i], &amount) || !json_str(amount, &s, &len))
				continue;
			minus = len && *s == '-';
			if (!u256_parse_dec(&v, s + minus, len - minus))
				refuse(r, parts[i]);
			else if (minus)
				v = u256_sub(U256_ZERO, v);
			if (i)
				c->staker_count = v.w[0];
			else
				c->amount = v;
		}
	}
}

static void read_global(struct reading *r, struct jval v)
{
	struct ledger_global *g = edit_global(r->l);
	struct jval state;
	const struct {
		const char *key;
		struct u256 *to;
	} amounts[] = {{"rewardPerStake", &g->reward_per_stake}, {"totalStaked", &g->total_staked},
		{"totalRewards", &g->total_rewards},
		{"totalRewardsLiquidated", &g->total_rewards_liquidated},
		{"totalHeimdallFee", &g->total_heimdall_fee}, {"minDeposit", &g->min_deposit},
		{"minHeimdallFee", &g->min_heimdall_fee},
		{"prevBlockInterval", &g->prev_block_interval},
		{"rewardDecreasePerCheckpoint", &g->reward_decrease_per_checkpoint},
		{"maxRewardedCheckpoints", &g->max_rewarded_checkpoints},
		{"checkpointRewardDelta", &g->checkpoint_reward_delta},
		{"checkPointBlockInterval", &g->checkpoint_block_interval},
		{"proposerBonus", &g->proposer_bonus}, {"WITHDRAWAL_DELAY", &g->withdrawal_delay},
		{"dynasty", &g->dynasty}, {"auctionPeriod", &g->auction_period},
		{"replacementCoolDown", &g->replacement_cool_down},
		{"signerUpdateLimit", &g->signer_update_limit},
		{"validatorThreshold", &g->validator_threshold}};

	for (size_t i = 0; i < sizeof(amounts) / sizeof(*amounts); i++)
		*amounts[i].to = number(r, v, amounts[i].key);
	g->current_epoch = small(r, v, "currentEpoch");
	g->nft_counter = small(r, v, "NFTCounter");
	g->next_header_block = small(r, v, "nextHeaderBlock");
	g->delegation_enabled = truth(v, "delegationEnabled");
	fixed(r, v, "accountStateRoot", g->account_state_root.b, 32);
	if (member(v, "validatorState", &state)) {
		g->total_stake = number(r, state, "amount");
		g->staker_count = small(r, state, "stakerCount");
	}
	edit_validator(r->l, LEDGER_SINK)->reward = number(r, v, "sinkValidatorMaxReward");
	if (json_get(v, "stakeManagerTokenBalance", &state)) {
		struct ledger_key k = key_a(&r->l->contracts[CONTRACT_STAKE_MANAGER]);
		struct ledger_balance *b = state_edit(r->l, LEDGER_BALANCE, &k);

		b->amount = number(r, v, "stakeManagerTokenBalance");
	}
	read_root_chains(r, v);
	read_epochs(r, v);
}

static void read_share(struct reading *r, uint64_t id, const struct address *a, struct jval v)
{
	struct ledger_share *s = edit_share(r->l, a);

	s->validator_id = id;
	s->total_supply = number(r, v, "totalSupply");
	s->reward_per_share = number(r, v, "rewardPerShare");
	s->active_amount = number(r, v, "activeAmount");
	s->withdraw_pool = number(r, v, "withdrawPool");
	s->withdraw_shares = number(r, v, "withdrawShares");
	s->delegation = truth(v, "delegation");
	s->locked = truth(v, "locked");
}

static void read_validator(struct reading *r, uint64_t id, struct jval x)
{
	struct ledger_validator *v = edit_validator(r->l, id);
	struct jval share;

	v->amount = number(r, x, "amount");
	v->reward = number(r, x, "reward");
	v->delegators_reward = number(r, x, "delegatorsReward");
	v->delegated_amount = number(r, x, "delegatedAmount");
	v->initial_reward_per_stake = number(r, x, "initialRewardPerStake");
	v->commission_rate = number(r, x, "commissionRate");
	v->activation_epoch = small(r, x, "activationEpoch");
	v->deactivation_epoch = small(r, x, "deactivationEpoch");
	v->jail_epoch = small(r, x, "jailTime");
	v->last_commission_update = small(r, x, "lastCommissionUpdate");
	v->latest_signer_update_epoch = small(r, x, "latestSignerUpdateEpoch");
	v->nonce = small(r, x, "nonce");
	v->status = (uint32_t)small(r, x, "status");
	fixed(r, x, "signer", v->signer.b, 20);
	fixed(r, x, "contractAddress", v->contract.b, 20);
	fixed(r, x, "owner", v->owner.b, 20);
	if (member(x, "share", &share))
		read_share(r, id, &v->contract, share);
}

static void read_position(struct reading *r, const struct address *who, uint64_t id, struct jval x)
{
	const struct ledger_validator *v = edit_validator(r->l, id);
	struct ledger_position *p = edit_position(r->l, edit_share(r->l, &v->contract), who);
	struct jval list, item;
	struct jiter it;
	const char *key;
	size_t n;

	p->shares = number(r, x, "shares");
	p->initial_reward_per_share = number(r, x, "initalRewardPerShare");
	p->unbond_nonce = small(r, x, "unbondNonce");
	if (member(x, "unbond", &item) && !u256_is_zero(number(r, item, "shares"))) {
		struct ledger_unbond *u = edit_unbond(r->l, p, 0);

		u->shares = number(r, item, "shares");
		u->withdraw_epoch = small(r, item, "withdrawEpoch");
	}
	if (!member(x, "unbondsNew", &list))
		return;
	for (json_iter(list, &it); json_next_member(&it, &key, &n, &item);) {
		struct ledger_unbond *u = edit_unbond(r->l, p, name_number(r, key, n));

		u->shares = number(r, item, "shares");
		u->withdraw_epoch = small(r, item, "withdrawEpoch");
	}
}

static void read_delegators(struct reading *r, struct jval map)
{
	struct jval positions, x;
	struct jiter it, inner;
	const char *key;
	size_t n;

	for (json_iter(map, &it); json_next_member(&it, &key, &n, &positions);) {
		struct address who = name_address(r, key, n);

		for (json_iter(positions, &inner); json_next_member(&inner, &key, &n, &x);)
			read_position(r, &who, name_number(r, key, n), x);
	}
}

static void read_people(struct reading *r, struct ledger_partnership *p, struct jval x)
{
	struct jval map, item;
	struct jiter it;
	const char *key;
	size_t n;

	if (member(x, "people", &map)) {
		for (json_iter(map, &it); json_next_member(&it, &key, &n, &item);) {
			struct address who = name_address(r, key, n);
			struct ledger_person *w = edit_person(r->l, &p->key.a, &who);

			w->share_bps = small(r, item, "shareBps");
			w->claimable = number(r, item, "claimable");
			w->claimed = number(r, item, "claimed");
			w->contributed = number(r, item, "contributed");
			w->allocated = u256_add(w->claimable, w->claimed);
		}
	}
	if (!member(x, "partners", &map))
		return;
	for (json_iter(map, &it); json_next(&it, &item);) {
		struct address who = {{0}};
		struct ledger_person *w;

		if (!json_hex_fixed(item, who.b, 20))
			refuse(r, "partners");
		w = edit_person(r->l, &p->key.a, &who);
		w->active = 1;
		w->order = p->next_order++;
		p->partner_count++;
	}
}

static void read_partnership(struct reading *r, struct jval x)
{
	struct address a;
	struct ledger_partnership *p;
	struct ledger_balance *b;
	struct ledger_key k;
	bool unknown;

	fixed(r, x, "address", a.b, 20);
	p = edit_partnership(r->l, &a);
	unknown = p->phase == PHASE_INFERRED;
	p->total_received = number(r, x, "totalReceived");
	p->free_capital = number(r, x, "freeCapital");
	p->staked_capital = number(r, x, "stakedCapital");
	p->validator_id = small(r, x, "validatorId");
	p->phase = (uint32_t)small(r, x, "phase");
	if (unknown)
		p->phase = PHASE_INFERRED;
	p->paused = truth(x, "paused");
	fixed(r, x, "admin", p->admin.b, 20);
	fixed(r, x, "operator", p->operator_.b, 20);
	fixed(r, x, "dustPartner", p->dust_partner.b, 20);
	k = key_a(&a);
	b = state_edit(r->l, LEDGER_BALANCE, &k);
	b->amount = number(r, x, "tokenBalance");
	read_people(r, p, x);
}

/* signerToValidator from the record where it has it, else from the validators. */
static void read_keys(struct reading *r, struct jval root)
{
	struct jval map, x;
	struct jiter it;
	const char *key, *s;
	size_t n, len;

	if (!member(root, "signerToValidator", &map))
		return;
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
		struct address a = name_address(r, key, n);
		struct ledger_key k = key_a(&a);
		struct ledger_signer_key *w = state_edit(r->l, LEDGER_SIGNER_KEY, &k);

		if (json_str(x, &s, &len))
			w->validator_id = name_number(r, s, len);
		else
			refuse(r, "signerToValidator");
	}
}

static void read_balances(struct reading *r, struct jval root)
{
	struct jval map, x;
	struct jiter it;
	const char *key, *s;
	size_t n, len;

	if (!member(root, "tokenBalances", &map))
		return;
	for (json_iter(map, &it); json_next_member(&it, &key, &n, &x);) {
		struct address a = name_address(r, key, n);
		struct ledger_key k = key_a(&a);
		struct ledger_balance *w = state_edit(r->l, LEDGER_BALANCE, &k);

		if (!json_str(x, &s, &len) || !u256_parse_dec(&w->amount, s, len))
			refuse(r, "tokenBalances");
	}
}

static void read_header(struct reading *r, struct jval root)
{
	const struct ledger_global *g = ledger_global(r->l);
	struct ledger_header *h;
	struct ledger_key k;
	struct jval x;

	if (!member(root, "headerBlock", &x) || !g->next_header_block)
		return;
	k = key_n(g->next_header_block - 10000);
	h = state_edit(r->l, LEDGER_HEADER, &k);
	fixed(r, x, "root", h->root.b, 32);
	fixed(r, x, "proposer", h->proposer.b, 20);
	h->start = small(r, x, "start");
	h->end = small(r, x, "end");
	h->created_at = small(r, x, "createdAt");
	h->present = 1;
}

static void read_signers(struct reading *r, struct jval root)
{
	struct jval list, x;
	struct jiter it;

	if (!member(root, "signers", &list))
		return;
	for (json_iter(list, &it); json_next(&it, &x);) {
		struct address *s = edit_signers(r->l, r->l->signer_count + 1);

		if (!json_hex_fixed(x, s[r->l->signer_count++].b, 20))
			refuse(r, "signers");
	}
}

static void read_all(struct reading *r, struct jval root)
{
	struct jval v, x;
	struct jiter it;
	const char *key;
	size_t n;

	if (member(root, "global", &v))
		read_global(r, v);
	read_signers(r, root);
	if (member(root, "validators", &v))
		for (json_iter(v, &it); json_next_member(&it, &key, &n, &x);)
			read_validator(r, name_number(r, key, n), x);
	if (member(root, "partnerships", &v))
		for (json_iter(v, &it); json_next(&it, &x);)
			read_partnership(r, x);
	if (member(root, "delegators", &v))
		read_delegators(r, v);
	read_keys(r, root);
	read_balances(r, root);
	read_header(r, root);
}

enum err_kind initial_read(struct ledger *l, const char *text, struct err *e)
{
	struct json_parser *p = json_parser_new(INITIAL_MAX);
	struct reading r = {.l = l, .e = e};
	enum err_kind kind;
	struct jval root;

	kind = json_parse(p, text, strlen(text), &root, e);
	if (kind != ERR_NONE) {
		json_parser_free(p);
		err_wrap(e, "initial_state of the network file");
		e->kind = ERR_FATAL;
		return ERR_FATAL;
	}
	read_all(&r, root);
	json_parser_free(p);
	return r.bad ? ERR_FATAL : ERR_NONE;
}
