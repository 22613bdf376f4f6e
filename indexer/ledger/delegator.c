/*
 * ValidatorShare: positions, their rewards, and unbonds.
 *
 * Every action of a delegator first settles the validator, moves the delegators' reward into
 * rewardPerShare and pays the user, also when nothing comes of it and nothing is logged. Between
 * two checkpoints that is idempotent, so it is done again at each log that shows it: whichever log
 * comes first does the work. What it yields must be paid: by a DelegatorClaimedRewards, or
 * reinvested by a DelegatorRestaked.
 */
#include "ledger/state.h"
#include "ledger/view.h"

/* The validator and its share contract; false when there is none. */
struct pool {
	struct ledger_validator *v;
	struct ledger_share *s;
};

static bool find_pool(struct fold *f, uint64_t id, struct pool *out)
{
	const struct ledger_validator *v = ledger_validator(f->l, id);

	if (!v || !ledger_share(f->l, &v->contract)) {
		f->bad = true;
		return false;
	}
	out->v = edit_validator(f->l, id);
	out->s = edit_share(f->l, &v->contract);
	return true;
}

static struct u256 claim(struct fold *f, const struct pool *p, const struct address *user)
{
	struct ledger_position *pos = edit_position(f->l, p->s, user);
	struct ledger_account pending = account_n(ACCOUNT_DELEGATORS_REWARD, p->v->key.n);
	struct ledger_account shared = account_a(ACCOUNT_SHARE_REWARD, &p->s->key.a);
	struct u256 reward, payout;

	validator_update(f, p->v);
	reward = safe_sub(f, p->v->delegators_reward, u256_u64(1));
	p->v->delegators_reward = u256_u64(1);
	if (u256_is_zero(p->s->total_supply))
		post(f, POSTING_DUST, pending, account_n(ACCOUNT_DUST, 0), reward);
	else
		post(f, POSTING_SHARED_OUT, pending, shared, reward);
	if (!u256_is_zero(reward) && !u256_is_zero(p->s->total_supply))
		p->s->reward_per_share = safe_add(f, p->s->reward_per_share,
			safe_div(f, safe_mul(f, reward, view_reward_precision()),
				p->s->total_supply));
	if (!view_liquid_rewards(&payout, pos, p->s->reward_per_share)) {
		f->bad = true;
		payout = U256_ZERO;
	}
	pos->initial_reward_per_share = p->s->reward_per_share;
	post_in(f, POSTING_CLAIMED, shared, payout);
	return payout;
}

/* A claim whose payout was logged before, if there was one. */
static void claim_paid(struct fold *f, const struct pool *p, const struct address *user)
{
	check_value(f, FINDING_DELEGATOR_REWARD, p->v->key.n, claim(f, p, user), U256_ZERO);
}

/* ---- reinvested rewards -------------------------------------------------------------------- */

static bool is_reinvest(const struct fold *f, const struct log *g)
{
	struct address user = log_topic_address(g, 2);

	return f->reinvest.open && f->reinvest.id == log_topic_id(g, 1) &&
	       address_eq(&f->reinvest.user, &user);
}

/* No DelegatorRestaked said so: the reward was paid to nobody. */
static void drop_reinvest(struct fold *f)
{
	struct reinvest *r = &f->reinvest;
	struct finding_at at = {FINDING_DELEGATOR_REWARD, key_n(r->id), r->log};

	if (r->open)
		check_fail(f, &at, r->reward, U256_ZERO);
	r->open = false;
}

static void restaked(struct fold *f, const struct log *g)
{
	struct reinvest *r = &f->reinvest;

	if (!is_reinvest(f, g))
		return;
	check_value(f, FINDING_DELEGATOR_REWARD, r->id, r->reward, u256_add(r->bought, r->change));
	entry_delegator(f, ENTRY_DELEGATOR_RESTAKE, r->id, &r->user, r->bought);
	r->open = false;
}

static void claimed(struct fold *f, const struct log *g)
{
	struct address user = log_topic_address(g, 2);
	struct u256 stated = log_topic(g, 3), payout;
	struct pool p;

	if (!find_pool(f, log_topic_id(g, 1), &p))
		return;
	if (is_reinvest(f, g) && u256_is_zero(f->reinvest.change)) {
		payout = u256_sub(f->reinvest.reward, f->reinvest.bought);
		f->reinvest.change = payout;
	} else {
		payout = claim(f, &p, &user);
	}
	check_value(f, FINDING_DELEGATOR_REWARD, p.v->key.n, payout, stated);
	check_payout(f, ledger_stake_manager(f->l), &user, payout);
	entry_delegator(f, ENTRY_DELEGATOR_CLAIM, p.v->key.n, &user, payout);
	partnership_paid(f, &user, payout);
}

/* ---- shares -------------------------------------------------------------------------------- */

static void minted(struct fold *f, const struct log *g)
{
	struct address user = log_topic_address(g, 2);
	struct u256 amount = log_topic(g, 3), tokens = log_word(g, 0), reward;
	struct ledger_global *all = edit_global(f->l);
	struct ledger_position *pos;
	struct pool p;

	if (!find_pool(f, log_topic_id(g, 1), &p))
		return;
	drop_reinvest(f);
	reward = claim(f, &p, &user);
	if (!u256_is_zero(reward))
		f->reinvest = (struct reinvest){.open = true,
			.id = p.v->key.n,
			.user = user,
			.reward = reward,
			.bought = amount,
			.log = g};
	pos = edit_position(f->l, p.s, &user);
	pos->shares = safe_add(f, pos->shares, tokens);
	post_out(f, u256_is_zero(reward) ? POSTING_DELEGATED : POSTING_RESTAKED,
		account_ab(ACCOUNT_DELEGATION, &p.s->key.a, &user), amount);
	if (u256_is_zero(reward))
		partnership_delegated(f, &user, amount);
	p.s->total_supply = safe_add(f, p.s->total_supply, tokens);
	p.s->active_amount = safe_add(f, p.s->active_amount, amount);
	p.v->delegated_amount = safe_add(f, p.v->delegated_amount, amount);
	if (!p.v->deactivation_epoch)
		all->total_stake = safe_add(f, all->total_stake, amount);
}

/* Of a leaving validator all stake left the total when it left; at launch what was sold left it once more. */
static bool leaves_total(const struct fold *f, const struct ledger_validator *v)
{
	return !v->deactivation_epoch || (f->rules && f->rules->rules == RULES_STAKE_2021_12);
}

/* What every burn does; true: pos and p are of that log. */
static bool burn(struct fold *f, const struct log *g, struct pool *p, struct ledger_position **pos)
{
	struct address user = log_topic_address(g, 2);
	struct u256 amount = log_topic(g, 3), tokens = log_word(g, 0);
	struct ledger_global *all = edit_global(f->l);

	if (!find_pool(f, log_topic_id(g, 1), p))
		return false;
	drop_reinvest(f);
	claim_paid(f, p, &user);
	*pos = edit_position(f->l, p->s, &user);
	(*pos)->shares = safe_sub(f, (*pos)->shares, tokens);
	p->s->total_supply = safe_sub(f, p->s->total_supply, tokens);
	p->s->active_amount = safe_sub(f, p->s->active_amount, amount);
	p->v->delegated_amount = safe_sub(f, p->v->delegated_amount, amount);
	if (leaves_total(f, p->v))
		all->total_stake = safe_sub(f, all->total_stake, amount);
	return true;
}

/* Into the withdraw pool; the shares of it that the unbond gets. */
static struct u256 into_pool(struct fold *f, struct ledger_share *s, struct u256 amount)
{
	struct u256 rate, shares;

	if (!view_withdraw_exchange_rate(&rate, s)) {
		f->bad = true;
		return U256_ZERO;
	}
	shares = safe_div(f, safe_mul(f, amount, view_rate_precision(s->validator_id)), rate);
	s->withdraw_pool = safe_add(f, s->withdraw_pool, amount);
	s->withdraw_shares = safe_add(f, s->withdraw_shares, shares);
	return shares;
}

static bool same_holder(const struct item *a, const struct item *b)
{
	return hash_eq(&a->log->topics[1], &b->log->topics[1]) &&
	       hash_eq(&a->log->topics[2], &b->log->topics[2]);
}

/* ShareBurned at i, StakeUpdate, DelegatorUnstaked, same validator and user: a migration. */
static bool is_migration(struct fold *f, size_t i)
{
	const struct item *burnt = &f->items[i];

	return i + 2 < f->end && burnt->op == OP_SHARE_BURNED && burnt[1].op == OP_STAKE_UPDATE &&
	       burnt[2].op == OP_DELEGATOR_UNSTAKED &&
	       hash_eq(&burnt[1].log->topics[1], &burnt->log->topics[1]) &&
	       same_holder(burnt, &burnt[2]);
}

static void sold(
	struct fold *f, const struct pool *p, const struct address *user, struct u256 amount)
{
	post(f, POSTING_UNBONDED, account_ab(ACCOUNT_DELEGATION, &p->s->key.a, user),
		account_ab(ACCOUNT_UNBONDING, &p->s->key.a, user), amount);
}

static void burned(struct fold *f, const struct log *g)
{
	struct address user = log_topic_address(g, 2);
	struct ledger_position *pos;
	struct ledger_unbond *u;
	struct pool p;

	if (!burn(f, g, &p, &pos))
		return;
	if (is_migration(f, f->at)) {
		entry_delegator(f, ENTRY_DELEGATOR_MIGRATION, p.v->key.n, &user, log_topic(g, 3));
		post_in(f, POSTING_MIGRATED, account_ab(ACCOUNT_DELEGATION, &p.s->key.a, &user),
			log_topic(g, 3));
		return;
	}
	sold(f, &p, &user, log_topic(g, 3));
	u = edit_unbond(f->l, pos, 0);
	u->shares = safe_add(f, u->shares, into_pool(f, p.s, log_topic(g, 3)));
	u->withdraw_epoch = ledger_global(f->l)->current_epoch;
}

static void burned_id(struct fold *f, const struct log *g)
{
	struct ledger_position *pos;
	struct ledger_unbond *u;
	struct pool p;

	struct address user = log_topic_address(g, 2);

	if (!burn(f, g, &p, &pos))
		return;
	sold(f, &p, &user, log_topic(g, 3));
	pos->unbond_nonce++;
	check_u64(f, FINDING_UNBOND, p.v->key.n, pos->unbond_nonce, log_word(g, 1));
	u = edit_unbond(f->l, pos, pos->unbond_nonce);
	u->shares = into_pool(f, p.s, log_topic(g, 3));
	u->withdraw_epoch = ledger_global(f->l)->current_epoch;
}

/* ---- unbonds ------------------------------------------------------------------------------- */

static void unstake(struct fold *f, const struct log *g, uint64_t nonce)
{
	struct address user = log_topic_address(g, 2);
	struct u256 rate, amount;
	struct ledger_unbond *u;
	struct pool p;

	if (!find_pool(f, log_topic_id(g, 1), &p))
		return;
	u = edit_unbond(f->l, edit_position(f->l, p.s, &user), nonce);
	if (!view_withdraw_exchange_rate(&rate, p.s))
		f->bad = true;
	amount = safe_div(f, safe_mul(f, rate, u->shares), view_rate_precision(p.s->validator_id));
	check_value(f, FINDING_UNBOND, p.v->key.n, amount, log_word(g, 0));
	check_payout(f, ledger_stake_manager(f->l), &user, amount);
	entry_delegator(f, ENTRY_DELEGATOR_UNSTAKE, p.v->key.n, &user, amount);
	post_in(f, POSTING_WITHDRAWN, account_ab(ACCOUNT_UNBONDING, &p.s->key.a, &user), amount);
	partnership_withdrawn(f, &user, amount);
	p.s->withdraw_shares = safe_sub(f, p.s->withdraw_shares, u->shares);
	p.s->withdraw_pool = safe_sub(f, p.s->withdraw_pool, amount);
	u->shares = U256_ZERO;
	u->withdraw_epoch = 0;
}

/* ---- transfers of shares ------------------------------------------------------------------- */

static void transferred(struct fold *f, const struct log *g)
{
	static const struct address nobody;
	struct address from = log_topic_address(g, 1), to = log_topic_address(g, 2);
	const struct ledger_share *s = ledger_share(f->l, &g->address);
	struct ledger_position *a, *b;
	struct u256 rate, stake;
	struct pool p;

	if (!s || address_eq(&from, &nobody) || address_eq(&to, &nobody) ||
		!find_pool(f, s->validator_id, &p))
		return;
	if (!address_eq(&p.v->contract, &g->address)) {
		f->bad = true;
		return;
	}
	claim_paid(f, &p, &to);
	claim_paid(f, &p, &from);
	a = edit_position(f->l, p.s, &from);
	b = edit_position(f->l, p.s, &to);
	if (view_exchange_rate(&rate, p.s, p.v) &&
		view_total_stake(&stake, &(struct ledger_position){.key = a->key,
				.shares = log_word(g, 0), .validator_id = a->validator_id}, rate))
		post(f, POSTING_SHARE_TRANSFER, account_ab(ACCOUNT_DELEGATION, &g->address, &from),
			account_ab(ACCOUNT_DELEGATION, &g->address, &to), stake);
	a->shares = safe_sub(f, a->shares, log_word(g, 0));
	b->shares = safe_add(f, b->shares, log_word(g, 0));
}

void delegator_event(struct fold *f, struct item *it)
{
	switch ((unsigned)it->op) {
	case OP_SHARE_TRANSFER: transferred(f, it->log); break;
	case OP_SHARE_MINTED: minted(f, it->log); break;
	case OP_SHARE_BURNED: burned(f, it->log); break;
	case OP_SHARE_BURNED_ID: burned_id(f, it->log); break;
	case OP_DELEGATOR_CLAIMED: claimed(f, it->log); break;
	case OP_DELEGATOR_RESTAKED: restaked(f, it->log); break;
	case OP_DELEGATOR_UNSTAKED:
		if (f->at < f->first + 2 || !is_migration(f, f->at - 2))
			unstake(f, it->log, 0);
		break;
	case OP_DELEGATOR_UNSTAKE_ID: unstake(f, it->log, u64_of(log_word(it->log, 1))); break;
	default: break;
	}
}

void delegator_end_tx(struct fold *f)
{
	drop_reinvest(f);
}
