/* /v1/validators and /v1/validators/{id}. */
#include "api/route.h"
#include "api/state.h"

#include <string.h>

static void ask(struct state *s)
{
	state_relation(s, "v", LEDGER_VALIDATOR, "SELECT k FROM keys", "y.id = j.k AND y.id > 0");
	state_each(s, LEDGER_SHARE, "SELECT contract FROM v", "y.contract = j.contract");
	state_each(s, LEDGER_PARTNERSHIP, "SELECT owner FROM v", "y.address = j.owner");
}

static bool there(const struct state *s, const struct state_key *k)
{
	return state_find(s, LEDGER_VALIDATOR, k->n, NULL);
}

static const char *status_text(uint32_t status)
{
	static const char *const names[] = {"inactive", "active", "locked", "unstaked"};

	return status < sizeof(names) / sizeof(*names) ? names[status] : NULL;
}

static void share_cell(const struct state *s, struct cells *out, const struct ledger_validator *v)
{
	const struct ledger_share *share = state_find(s, LEDGER_SHARE, 0, &v->contract);
	struct u256 x = U256_ZERO;
	struct cells *in;
	bool ok;

	if (!share) {
		cell_null(out, "share");
		return;
	}
	in = state_inner(s, false);
	ok = view_exchange_rate(&x, share, v);
	state_view(in, "exchange_rate", ok, x);
	state_u256(in, "total_supply", share->total_supply);
	state_u256(in, "reward_per_share", share->reward_per_share);
	ok = view_reward_per_share(&x, share, v, state_global(s));
	state_view(in, "current_reward_per_share", ok, x);
	state_u256(in, "active_amount", share->active_amount);
	state_u256(in, "withdraw_pool", share->withdraw_pool);
	state_u256(in, "withdraw_shares", share->withdraw_shares);
	ok = view_withdraw_exchange_rate(&x, share);
	state_view(in, "withdraw_exchange_rate", ok, x);
	cell_bool(in, "delegation", share->delegation);
	cell_bool(in, "locked", share->locked);
	state_inner_end(s, out, "share");
}

static void row(const struct state *s, const struct state_key *k, struct cells *out)
{
	static const struct ledger_validator none;
	const struct ledger_validator *v = state_find(s, LEDGER_VALIDATOR, k->n, NULL);
	const struct ledger_global *g = state_global(s);
	struct u256 x = U256_ZERO;
	bool ok;

	if (!v)
		v = &none; /* names of columns */
	state_u64(out, "id", v->key.n);
	cell_str(out, "status", status_text(v->status));
	cell_bool(out, "is_active", view_is_validator(v, g->current_epoch));
	state_address_cell(s, out, "owner", &v->owner);
	state_address_cell(s, out, "signer", &v->signer);
	state_address_cell(s, out, "share_contract", &v->contract);
	state_u256(out, "own_stake", v->amount);
	state_u256(out, "delegated_stake", v->delegated_amount);
	state_u256(out, "total_stake", u256_add(v->amount, v->delegated_amount));
	ok = view_validator_reward(&x, v, g);
	state_view(out, "reward", ok, x);
	ok = view_delegators_reward(&x, v, g);
	state_view(out, "delegators_reward", ok, x);
	state_u256(out, "initial_reward_per_stake", v->initial_reward_per_stake);
	state_u256(out, "stored_reward", v->reward);
	state_u256(out, "stored_delegators_reward", v->delegators_reward);
	state_small(out, "commission_rate", v->commission_rate);
	state_u64(out, "last_commission_update", v->last_commission_update);
	state_u64(out, "activation_epoch", v->activation_epoch);
	state_u64(out, "deactivation_epoch", v->deactivation_epoch);
	state_u64(out, "jail_epoch", v->jail_epoch);
	state_u64(out, "nonce", v->nonce);
	state_u64(out, "latest_signer_update_epoch", v->latest_signer_update_epoch);
	share_cell(s, out, v);
	state_address_cell(s, out, "partnership",
		state_find(s, LEDGER_PARTNERSHIP, 0, &v->owner) ? &v->owner : NULL);
}

static const struct state_kind VALIDATORS = {
	.table = "validator",
	.column = "id",
	.ask = ask,
	.there = there,
	.absent = "this validator id was never used",
	.row = row,
};

void get_validators(struct call *c)
{
	state_list(c, &VALIDATORS);
}

void get_validator(struct call *c)
{
	struct state_key k;

	if (state_id(c, &k))
		state_one(c, &VALIDATORS, &k);
}
