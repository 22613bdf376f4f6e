/*
 * What moved in a block, for histories. Entries take no part in the state: nothing here changes it.
 *
 * A validator's accrual at a checkpoint is the difference of its view values right before and right
 * after the checkpoint's log, so that accruals add up to what the contract holds, to the last unit,
 * whatever the rounding of settlements. What is credited to ids that nobody has accrues to nobody.
 */
#include "ledger/state.h"
#include "ledger/view.h"

struct growth {
	size_t n;
	struct u256 per_stake; /* rewardPerStake before */
	struct before {
		bool known; /* its views did not revert */
		struct u256 own, delegators, marker;
	} *of;
};

struct ledger_entry *entry_add(struct fold *f, enum ledger_entry_kind kind, const struct log *g)
{
	struct ledger_entry *x;

	arena_grow(f->mem, &f->entries, &f->entry_cap, f->entry_count + 1, sizeof(*x));
	x = &f->entries[f->entry_count++];
	*x = (struct ledger_entry){.kind = kind, .log = g};
	return x;
}

void entry_validator(struct fold *f, enum ledger_entry_kind kind, const struct ledger_validator *v,
	const struct address *to, struct u256 amount)
{
	struct ledger_entry *x;

	if (u256_is_zero(amount))
		return;
	x = entry_add(f, kind, f->items[f->at].log);
	x->validator_id = v->key.n;
	x->account = *to;
	x->amount = amount;
}

void entry_delegator(struct fold *f, enum ledger_entry_kind kind, uint64_t validator_id,
	const struct address *who, struct u256 amount)
{
	struct ledger_entry *x;

	if (u256_is_zero(amount))
		return;
	x = entry_add(f, kind, f->items[f->at].log);
	x->validator_id = validator_id;
	x->account = *who;
	x->amount = amount;
}

struct ledger_entry *entry_partner(struct fold *f, enum ledger_entry_kind kind,
	const struct ledger_partnership *p, const struct ledger_person *w, struct u256 amount)
{
	struct ledger_entry *x = entry_add(f, kind, f->items[f->at].log);

	x->validator_id = p->validator_id;
	x->account = w->key.b;
	x->partnership = p->key.a;
	x->amount = amount;
	x->share_bps = w->share_bps;
	x->terms_tx = w->terms_tx;
	x->claimable_after = w->claimable;
	x->claimed_after = w->claimed;
	x->contributed_after = w->contributed;
	return x;
}

void entry_role(struct fold *f, enum ledger_entry_kind kind, const struct ledger_partnership *p,
	const char *role, const struct address *who)
{
	struct ledger_entry *x = entry_add(f, kind, f->items[f->at].log);

	x->partnership = p->key.a;
	x->account = *who;
	x->role = role;
}

/* ---- accruals ---- */

struct growth *growth_before(struct fold *f)
{
	const struct ledger_global *g = ledger_global(f->l);
	struct growth *b = arena_calloc(f->mem, 1, sizeof(*b));

	b->n = ledger_count(f->l, LEDGER_VALIDATOR);
	b->of = arena_calloc(f->mem, b->n + 1, sizeof(*b->of));
	b->per_stake = g->reward_per_stake;
	for (size_t i = 0; i < b->n; i++) {
		const struct ledger_validator *v = ledger_at(f->l, LEDGER_VALIDATOR, i);

		b->of[i].known = view_validator_reward(&b->of[i].own, v, g) &&
				 view_delegators_reward(&b->of[i].delegators, v, g);
		b->of[i].marker = v->initial_reward_per_stake;
	}
	return b;
}

/* Of what the validator earned on `per_stake`, the part that its delegators left to it. */
static struct u256 commission_of(const struct ledger_validator *v, struct u256 per_stake)
{
	struct ledger_validator plain = *v;
	struct u256 own, delegators, stake_part;

	plain.commission_rate = U256_ZERO;
	if (!view_split(&own, &delegators, v, per_stake) ||
		!view_split(&stake_part, &delegators, &plain, per_stake))
		return U256_ZERO;
	return u256_sub(own, stake_part);
}

/* What a checkpoint gives a validator; the bonus was posted when it was given. Returns all but the bonus. */
static struct u256 credit(struct fold *f, const struct ledger_entry *x)
{
	struct ledger_account reserve = account_n(ACCOUNT_RESERVE, 0);
	struct ledger_account accrued = account_n(ACCOUNT_ACCRUED, x->validator_id);
	struct u256 own = u256_sub(x->amount, x->bonus);

	post(f, POSTING_CREDITED, reserve, accrued, u256_sub(own, x->commission));
	post(f, POSTING_COMMISSION, reserve, accrued, x->commission);
	post(f, POSTING_CREDITED, reserve, account_n(ACCOUNT_DELEGATORS_ACCRUED, x->validator_id),
		x->delegators);
	return u256_add(own, x->delegators);
}

static struct u256 accrue(
	struct fold *f, const struct growth *b, size_t i, const struct proposal *c)
{
	const struct ledger_global *g = ledger_global(f->l);
	const struct ledger_validator *v = ledger_at(f->l, LEDGER_VALIDATOR, i);
	struct u256 own, delegators, bonus = v->key.n == c->proposer ? c->bonus : U256_ZERO;
	struct u256 marker = i < b->n ? b->of[i].marker : g->reward_per_stake;
	struct ledger_entry *x;

	if (!v->key.n || v->key.n == LEDGER_SINK)
		return U256_ZERO;
	if ((i < b->n && !b->of[i].known) || !view_validator_reward(&own, v, g) ||
		!view_delegators_reward(&delegators, v, g))
		return U256_ZERO;
	if (i < b->n) {
		own = u256_sub(own, b->of[i].own);
		delegators = u256_sub(delegators, b->of[i].delegators);
	}
	if (u256_is_zero(own) && u256_is_zero(delegators))
		return U256_ZERO;
	x = entry_add(f, ENTRY_ACCRUAL, f->items[f->at].log);
	x->validator_id = v->key.n;
	x->checkpoint_id = c->checkpoint_id;
	x->root_chain_id = c->root_chain_id;
	x->amount = own;
	x->delegators = delegators;
	x->bonus = bonus;
	if (u256_cmp(own, bonus) > 0)
		x->commission = u256_sub(commission_of(v, u256_sub(g->reward_per_stake, marker)),
			commission_of(v, u256_sub(b->per_stake, marker)));
	return credit(f, x);
}

void growth_after(struct fold *f, const struct growth *before, const struct proposal *c)
{
	struct u256 given = c->bonus;

	for (size_t i = 0; i < ledger_count(f->l, LEDGER_VALIDATOR); i++)
		given = u256_add(given, accrue(f, before, i, c));
	if (u256_cmp(given, c->reward) <= 0)
		post(f, POSTING_DUST, account_n(ACCOUNT_RESERVE, 0), account_n(ACCOUNT_DUST, 0),
			u256_sub(c->reward, given));
	else
		post(f, POSTING_DUST, account_n(ACCOUNT_DUST, 0), account_n(ACCOUNT_RESERVE, 0),
			u256_sub(given, c->reward));
}
