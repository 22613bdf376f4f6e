/* /v1/staking: the global values of the StakeManager, the RootChain and the list of signers. */
#include "api/respond.h"
#include "api/route.h"
#include "api/state.h"
#include "chain/base58.h"

#include <stdio.h>

static void ask(struct state *s)
{
	state_newest(s, LEDGER_SIGNERS, "true");
	state_newest(s, LEDGER_BALANCE, "y.account = $3::bytea");
	state_newest(s, LEDGER_VALIDATOR, "y.id = 0");
	state_newest(s, LEDGER_VALIDATOR, "y.id = -1");
	state_each(s, LEDGER_ROOT_CHAIN, STATE_CREATED("root_chain", "z.root_chain_id", "true"),
		"y.root_chain_id = j.root_chain_id");
	state_each(s, LEDGER_HEADER, "SELECT next_header_block - 10000 AS id FROM g",
		"y.header_block_id = j.id");
}

static void rewards(const struct state *s, struct cells *out)
{
	struct cells *in = state_inner(s, false);
	char name[24];

	for (size_t i = 0; i < state_count(s, LEDGER_ROOT_CHAIN); i++) {
		const struct ledger_root_chain *x = state_at(s, LEDGER_ROOT_CHAIN, i);

		snprintf(name, sizeof(name), "%llu", (unsigned long long)x->key.n);
		if (x->rewarded)
			state_u256(in, name, x->reward);
	}
	state_inner_end(s, out, "checkpoint_reward");
}

static void current_headers(const struct state *s, struct cells *out)
{
	struct cells *in = state_inner(s, false);

	for (uint64_t n = 2; n <= 3; n++) {
		const struct ledger_root_chain *x = state_find(s, LEDGER_ROOT_CHAIN, n, NULL);

		state_u64(in, n == 2 ? "2" : "3", x ? x->header_id : 0);
	}
	state_inner_end(s, out, "current_header_block_id");
}

static void root_chain(const struct state *s, struct cells *out)
{
	const struct ledger_global *g = state_global(s);
	const struct ledger_header *h = state_find(s, LEDGER_HEADER, view_current_header(g), NULL);
	struct cells *in = state_inner(s, false);

	state_u64(in, "next_header_block", g->next_header_block);
	state_u64(in, "current_header_block", view_current_header(g));
	state_u64(in, "last_child_block", h ? h->end : 0);
	state_inner_end(s, out, "root_chain");
}

static void signers(const struct state *s, struct cells *out)
{
	char text[BASE58_ADDRESS_LEN + 1];
	const struct address *a;
	struct cells *in = state_inner(s, true);
	size_t n;

	a = state_signers(s, &n);
	for (size_t i = 0; i < n; i++)
		jw_hex(&in->w, a[i].b, 20);
	state_inner_end(s, out, "signers");
	if (state_chain(s)->kind != CHAIN_TRON)
		return;
	in = state_inner(s, true);
	for (size_t i = 0; i < n; i++) {
		base58_address(text, &a[i]);
		jw_str(&in->w, text);
	}
	state_inner_end(s, out, "signers_base58");
}

/* Credits to ids that nobody has: 0 and 2^256-1. */
static struct u256 unattributed(const struct state *s)
{
	struct u256 sum = U256_ZERO;

	for (size_t i = 0; i < state_count(s, LEDGER_VALIDATOR); i++) {
		const struct ledger_validator *v = state_at(s, LEDGER_VALIDATOR, i);

		sum = u256_add(sum, v->reward);
	}
	return sum;
}

static void row(const struct state *s, const struct state_key *k, struct cells *out)
{
	const struct ledger_global *g = state_global(s);
	const struct ledger_balance *b = state_find(s, LEDGER_BALANCE, 0, &k->a);

	state_u256(out, "reward_per_stake", g->reward_per_stake);
	state_u256(out, "total_staked", g->total_staked);
	state_u256(out, "total_rewards", g->total_rewards);
	state_u256(out, "total_rewards_liquidated", g->total_rewards_liquidated);
	state_u256(out, "total_stake", g->total_stake);
	state_u256(out, "token_balance", b ? b->amount : U256_ZERO);
	state_u256(out, "total_heimdall_fee", g->total_heimdall_fee);
	state_u256(out, "min_deposit", g->min_deposit);
	state_u256(out, "min_heimdall_fee", g->min_heimdall_fee);
	state_u256(out, "unattributed_rewards", unattributed(s));
	state_u64(out, "current_epoch", g->current_epoch);
	state_u64(out, "validator_count", g->staker_count);
	state_u64(out, "nft_counter", g->nft_counter);
	state_small(out, "prev_block_interval", g->prev_block_interval);
	state_small(out, "reward_decrease_per_checkpoint", g->reward_decrease_per_checkpoint);
	state_small(out, "max_rewarded_checkpoints", g->max_rewarded_checkpoints);
	state_small(out, "checkpoint_reward_delta", g->checkpoint_reward_delta);
	state_small(out, "checkpoint_block_interval", g->checkpoint_block_interval);
	state_small(out, "proposer_bonus", g->proposer_bonus);
	state_small(out, "withdrawal_delay", g->withdrawal_delay);
	state_small(out, "dynasty", g->dynasty);
	state_small(out, "auction_period", g->auction_period);
	state_small(out, "replacement_cool_down", g->replacement_cool_down);
	state_small(out, "signer_update_limit", g->signer_update_limit);
	state_small(out, "validator_threshold", g->validator_threshold);
	cell_bool(out, "delegation_enabled", g->delegation_enabled);
	cell_hex(out, "account_state_root", g->account_state_root.b, 32);
	rewards(s, out);
	current_headers(s, out);
	root_chain(s, out);
	signers(s, out);
}

void get_staking(struct call *c)
{
	static const struct state_kind STAKING = {.by_address = true, .ask = ask, .row = row};
	const struct chain_conf *chain = network_staking(c->api->net);
	struct state_key manager = {0};

	if (chain)
		manager.a = network_contract(chain, "StakeManager")->address;
	state_one(c, &STAKING, &manager);
}
