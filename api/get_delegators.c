/* /v1/delegators and /v1/delegators/{address}: positions in every ValidatorShare, with what they earned. */
#include "api/route.h"
#include "api/state.h"

#include <string.h>

/* One walk of the index gives the newest row of every unbond that a position ever had. */
#define OPEN_UNBONDS                                                                               \
	"p CROSS JOIN LATERAL (SELECT DISTINCT ON (y.nonce) y.* FROM ledger.unbond y WHERE"        \
	" y.chain_id = $1::int8 AND y.share_contract = p.share_contract AND y.delegator ="         \
	" p.delegator AND y.block <= " STATE_AT " ORDER BY y.nonce DESC, y.block DESC) x"          \
	" WHERE x.shares > 0"

static void ask(struct state *s)
{
	state_relation(s, "p", LEDGER_POSITION,
		STATE_CREATED("position", "z.share_contract, z.delegator", "z.delegator = k"),
		"y.share_contract = j.share_contract AND y.delegator = j.delegator");
	state_each(s, LEDGER_SHARE, "SELECT share_contract FROM p", "y.contract = j.share_contract");
	state_each(s, LEDGER_VALIDATOR, "SELECT validator_id FROM p", "y.id = j.validator_id");
	state_rows(s, LEDGER_UNBOND, OPEN_UNBONDS);
}

static void unbonds(const struct state *s, struct jw *w, const struct ledger_position *p)
{
	struct u256 claimable;
	struct cells c = {.b = w->b, .w = *w, .format = FORMAT_JSON};

	jw_key(&c.w, "unbonds");
	jw_arr(&c.w);
	for (size_t i = 0; i < state_count(s, LEDGER_UNBOND); i++) {
		const struct ledger_unbond *u = state_at(s, LEDGER_UNBOND, i);

		if (u256_is_zero(u->shares) || !address_eq(&u->key.a, &p->key.a) ||
			!address_eq(&u->key.b, &p->key.b))
			continue;
		claimable = u256_add(u256_u64(u->withdraw_epoch), state_global(s)->withdrawal_delay);
		cells_begin(&c);
		state_u64(&c, "nonce", u->key.n);
		state_u256(&c, "shares", u->shares);
		state_u64(&c, "withdraw_epoch", u->withdraw_epoch);
		state_small(&c, "claimable_epoch", claimable);
		cells_end(&c);
	}
	jw_arr_end(&c.w);
	*w = c.w;
}

static void position(const struct state *s, struct cells *out, const struct ledger_position *p)
{
	const struct ledger_validator *v = state_find(s, LEDGER_VALIDATOR, p->validator_id, NULL);
	const struct ledger_share *share = state_find(s, LEDGER_SHARE, 0, &p->key.a);
	struct u256 rate = U256_ZERO, x = U256_ZERO;
	bool known = v && share, has_rate = known && view_exchange_rate(&rate, share, v), ok;

	cells_begin(out);
	state_u64(out, "validator_id", p->validator_id);
	state_u256(out, "shares", p->shares);
	ok = has_rate && view_total_stake(&x, p, rate);
	state_view(out, "stake", ok, x);
	state_view(out, "exchange_rate", has_rate, rate);
	ok = known && view_reward_per_share(&x, share, v, state_global(s)) &&
	     view_liquid_rewards(&x, p, x);
	state_view(out, "reward", ok, x);
	state_u256(out, "initial_reward_per_share", p->initial_reward_per_share);
	state_u64(out, "unbond_nonce", p->unbond_nonce);
	unbonds(s, &out->w, p);
	cells_end(out);
}

static int by_validator(const void *a, const void *b)
{
	const struct ledger_position *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->validator_id != y->validator_id)
		return x->validator_id < y->validator_id ? -1 : 1;
	return memcmp(x->key.a.b, y->key.a.b, sizeof(x->key.a.b));
}

static int by_nonce(const void *a, const void *b)
{
	const struct ledger_unbond *x = *(void *const *)a, *y = *(void *const *)b;

	return x->key.n < y->key.n ? -1 : x->key.n > y->key.n;
}

static void sort(struct state *s)
{
	state_sort(s, LEDGER_POSITION, by_validator);
	state_sort(s, LEDGER_UNBOND, by_nonce);
}

static void row(const struct state *s, const struct state_key *k, struct cells *out)
{
	struct cells *in;

	state_address_cell(s, out, "address", &k->a);
	in = state_inner(s, true);
	for (size_t i = 0; i < state_count(s, LEDGER_POSITION); i++) {
		const struct ledger_position *p = state_at(s, LEDGER_POSITION, i);

		if (address_eq(&p->key.b, &k->a))
			position(s, in, p);
	}
	state_inner_end(s, out, "positions");
}

static const struct state_kind DELEGATORS = {
	.by_address = true,
	.table = "position",
	.column = "delegator",
	.ask = ask,
	.sort = sort,
	.row = row,
};

void get_delegators(struct call *c)
{
	state_list(c, &DELEGATORS);
}

void get_delegator(struct call *c)
{
	struct state_key k;

	if (state_address(c, &k))
		state_one(c, &DELEGATORS, &k);
}
