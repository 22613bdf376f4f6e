/*
 * A validator's life: StakeManager's storage as its events, the NFT's and the token's tell it.
 *
 * Events come after the change of storage that they announce, and say less than it: a claim settles
 * first, a restake compounds without a word. Settlement happens exactly where the contract settles,
 * because rounding differs when two settlements are merged.
 */
#include "ledger/state.h"
#include "ledger/view.h"

void validator_settle(
	struct fold *f, struct ledger_validator *v, struct u256 current, struct u256 next)
{
	struct u256 own, delegators;

	if (u256_cmp(v->initial_reward_per_stake, current) < 0) {
		if (!view_split(
			    &own, &delegators, v, u256_sub(current, v->initial_reward_per_stake)))
			f->bad = true;
		v->reward = safe_add(f, v->reward, own);
		v->delegators_reward = safe_add(f, v->delegators_reward, delegators);
		post(f, POSTING_SETTLED, account_n(ACCOUNT_ACCRUED, v->key.n),
			account_n(ACCOUNT_REWARD, v->key.n), own);
		post(f, POSTING_SETTLED, account_n(ACCOUNT_DELEGATORS_ACCRUED, v->key.n),
			account_n(ACCOUNT_DELEGATORS_REWARD, v->key.n), delegators);
	}
	if (u256_cmp(next, v->initial_reward_per_stake) > 0)
		v->initial_reward_per_stake = next;
}

void validator_update(struct fold *f, struct ledger_validator *v)
{
	struct u256 g = ledger_global(f->l)->reward_per_stake;

	if (!v->deactivation_epoch)
		validator_settle(f, v, g, g);
}

/* ---- signers[] and signerToValidator ------------------------------------------------------- */

static void map_signer(struct ledger *l, const struct address *a, uint64_t id)
{
	struct ledger_key key = key_a(a);
	struct ledger_signer_key *s = state_edit(l, LEDGER_SIGNER_KEY, &key);

	s->validator_id = id;
}

/* The contract's bubble from the end: an address that is not there costs the first one its place.
 */
bool signers_remove(struct ledger *l, const struct address *a)
{
	size_t n = l->signer_count;
	struct address *s, carried, other;

	if (!n)
		return false;
	s = edit_signers(l, n);
	carried = s[n - 1];
	for (size_t i = n - 1; i > 0 && !address_eq(&carried, a); i--) {
		other = s[i - 1];
		s[i - 1] = carried;
		carried = other;
	}
	l->signer_count = n - 1;
	return address_eq(&carried, a);
}

void signers_insert(struct ledger *l, const struct address *a)
{
	size_t i = l->signer_count;
	struct address *s = edit_signers(l, i + 1);

	for (; i > 0 && memcmp(s[i - 1].b, a->b, sizeof(a->b)) >= 0; i--)
		s[i] = s[i - 1];
	s[i] = *a;
	l->signer_count++;
}

/* ---- events -------------------------------------------------------------------------------- */

static struct ledger_share *share_of(struct fold *f, const struct ledger_validator *v)
{
	static const struct address nobody;

	return address_eq(&v->contract, &nobody) ? NULL : edit_share(f->l, &v->contract);
}

static void take_nonce(struct fold *f, struct ledger_validator *v, struct u256 stated)
{
	v->nonce++;
	check_u64(f, FINDING_NONCE, v->key.n, v->nonce, stated);
}

static void nft_transfer(struct fold *f, const struct log *g)
{
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 3));

	v->owner = log_topic_address(g, 2);
	flow_owner(f, v->key.n, &v->owner);
}

/* The ValidatorShare that announced itself before this Staked, and after any earlier one. */
static struct address new_share(struct fold *f)
{
	struct address none = {{0}};

	for (size_t i = f->at; i-- > f->first;) {
		if (f->items[i].op == OP_OWNER_UPDATE)
			return f->items[i].log->address;
		if (f->items[i].op == OP_STAKED)
			break;
	}
	return none;
}

static void make_share(struct fold *f, struct ledger_validator *v)
{
	struct ledger_share *s;

	v->contract = new_share(f);
	s = share_of(f, v);
	if (!s)
		return;
	s->validator_id = v->key.n;
	s->delegation = 1;
	s->locked = 0;
}

static void staked(struct fold *f, const struct log *g)
{
	struct ledger_global *all = edit_global(f->l);
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 2));
	struct u256 amount = log_word(g, 1);

	v->amount = amount;
	v->reward = v->delegators_reward = u256_u64(1);
	v->delegated_amount = v->commission_rate = U256_ZERO;
	v->initial_reward_per_stake = all->reward_per_stake;
	v->activation_epoch = log_topic_id(g, 3);
	v->deactivation_epoch = v->jail_epoch = v->last_commission_update = 0;
	v->latest_signer_update_epoch = all->current_epoch;
	v->signer = log_topic_address(g, 1);
	v->status = STATUS_ACTIVE;
	take_nonce(f, v, log_word(g, 0));
	make_share(f, v);
	map_signer(f->l, &v->signer, v->key.n);
	signers_insert(f->l, &v->signer);
	all->total_stake = u256_add(all->total_stake, amount);
	post_out(f, POSTING_STAKED, account_n(ACCOUNT_STAKE, v->key.n), amount);
	all->staker_count++;
	all->total_staked = u256_add(all->total_staked, amount);
	flow_own_stake(f, &v->owner, v);
	if (v->key.n != LEDGER_SINK)
		all->nft_counter = v->key.n + 1;
	check_value(f, FINDING_TOTAL_STAKED, v->key.n, all->total_staked, log_word(g, 2));
}

/* Stake and count go now, or when the exit epoch is entered. */
static void leave_timeline(struct fold *f, const struct ledger_validator *v)
{
	struct ledger_global *g = edit_global(f->l);
	struct u256 power = u256_add(v->amount, v->delegated_amount);
	struct ledger_key key = key_n(v->deactivation_epoch);
	struct ledger_epoch *change;

	if (v->deactivation_epoch <= g->current_epoch) {
		g->total_stake = safe_sub(f, g->total_stake, power);
		g->staker_count--;
		return;
	}
	change = state_edit(f->l, LEDGER_EPOCH, &key);
	change->amount = u256_sub(change->amount, power);
	change->staker_count--;
}

static void unstake_init(struct fold *f, const struct log *g)
{
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 2));
	struct ledger_share *s = share_of(f, v);

	check_value(f, FINDING_OWN_STAKE, v->key.n, v->amount, log_topic(g, 3));
	validator_update(f, v);
	v->deactivation_epoch = u64_of(log_word(g, 1));
	if (s)
		s->locked = 1;
	signers_remove(f->l, &v->signer);
	leave_timeline(f, v);
	take_nonce(f, v, log_word(g, 0));
	partnership_unstake_init(f, v);
}

/* The contract clears the signer before it clears the mapping, and so maps the zero address. */
static void unstaked(struct fold *f, const struct log *g)
{
	struct ledger_global *all = edit_global(f->l);
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 2));
	struct address user = log_topic_address(g, 1);
	struct u256 amount = v->amount;

	check_value(f, FINDING_OWN_STAKE, v->key.n, amount, log_word(g, 0));
	check_payout(f, ledger_stake_manager(f->l), &user, amount);
	entry_validator(f, ENTRY_VALIDATOR_PRINCIPAL, v, &user, amount);
	post_in(f, POSTING_UNSTAKED, account_n(ACCOUNT_STAKE, v->key.n), amount);
	all->total_staked = safe_sub(f, all->total_staked, amount);
	check_value(f, FINDING_TOTAL_STAKED, v->key.n, all->total_staked, log_word(g, 1));
	v->amount = U256_ZERO;
	v->jail_epoch = 0;
	memset(&v->signer, 0, sizeof(v->signer));
	v->status = STATUS_UNSTAKED;
	map_signer(f->l, &v->signer, LEDGER_SINK);
	partnership_unstaked(f, v->key.n, &user, amount);
	flow_principal(f, &user, amount);
	flow_own_stake(f, &user, v);
}

static void signer_change(struct fold *f, const struct log *g)
{
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 1));
	struct address old = v->signer, new = log_topic_address(g, 3);

	signers_remove(f->l, &old);
	signers_insert(f->l, &new);
	map_signer(f->l, &old, LEDGER_SINK);
	map_signer(f->l, &new, v->key.n);
	v->signer = new;
	v->latest_signer_update_epoch = ledger_global(f->l)->current_epoch;
	take_nonce(f, v, log_word(g, 0));
}

/*
 * What of the increase was paid in and what was reward. Reward is all of it or none; money is the
 * transfer before the StakeUpdate, unless that belonged to the action before.
 */
static bool split_increase(
	struct u256 increase, struct u256 reward, struct u256 *paid_in, bool *compounded)
{
	struct u256 transfer = *paid_in;

	*compounded = false;
	if (!u256_is_zero(transfer) && !u256_cmp(increase, transfer))
		return true;
	*compounded = true;
	if (!u256_is_zero(transfer) && !u256_cmp(increase, u256_add(transfer, reward)))
		return true;
	*paid_in = U256_ZERO;
	if (!u256_cmp(increase, reward))
		return true;
	*compounded = false;
	return u256_is_zero(increase);
}

/* Restaked contradicts what is known: by the StakeUpdate before it, else by the money that came in.
 */
static struct u256 other_increase(struct fold *f, const struct ledger_validator *v,
	struct u256 reward, struct u256 *paid_in, bool *compounded)
{
	struct u256 transfer = token_paid_in(f, f->at ? f->at - 1 : 0, &v->owner);
	const struct item *before = item_before(f, f->at);
	const struct ledger_share *s = share_of(f, v);
	struct u256 increase;

	*paid_in = transfer;
	if (before && before->op == OP_STAKE_UPDATE) {
		increase = u256_sub(log_topic(before->log, 2), view_total_validator_stake(v, s));
		if (split_increase(increase, reward, paid_in, compounded))
			return increase;
	}
	*paid_in = transfer;
	*compounded = u256_is_zero(transfer);
	return *compounded ? reward : transfer;
}

static void restaked(struct fold *f, const struct log *g)
{
	struct ledger_global *all = edit_global(f->l);
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 1));
	struct u256 stated = log_word(g, 0), increase, reward;
	struct u256 paid_in = token_paid_in(f, f->at ? f->at - 1 : 0, &v->owner);
	bool compounded;

	validator_update(f, v);
	increase = u256_sub(stated, v->amount);
	reward = safe_sub(f, v->reward, u256_u64(1));
	if (!split_increase(increase, reward, &paid_in, &compounded)) {
		increase = other_increase(f, v, reward, &paid_in, &compounded);
		check_value(f, FINDING_OWN_STAKE, v->key.n, u256_add(v->amount, increase), stated);
	}
	if (compounded) {
		entry_validator(f, ENTRY_VALIDATOR_RESTAKE, v, &v->owner, reward);
		post(f, POSTING_RESTAKED, account_n(ACCOUNT_REWARD, v->key.n),
			account_n(ACCOUNT_STAKE, v->key.n), reward);
		v->reward = u256_u64(1);
	}
	post_out(f, POSTING_STAKED, account_n(ACCOUNT_STAKE, v->key.n), paid_in);
	post_adjusted(f, account_n(ACCOUNT_STAKE, v->key.n),
		u256_add(paid_in, compounded ? reward : U256_ZERO), increase);
	v->amount = u256_add(v->amount, increase);
	all->total_stake = u256_add(all->total_stake, increase);
	all->total_staked = u256_add(all->total_staked, increase);
	check_value(f, FINDING_TOTAL_STAKED, v->key.n, all->total_staked, log_word(g, 1));
	partnership_restaked(f, v, paid_in, increase);
	flow_own_stake(f, &v->owner, v);
}

static void check_stake(struct fold *f, const struct ledger_validator *v, struct u256 stated)
{
	static const struct address nobody;
	const struct ledger_share *s =
		address_eq(&v->contract, &nobody) ? NULL : ledger_share(f->l, &v->contract);

	check_value(f, FINDING_STAKE_UPDATE, v->key.n, view_total_validator_stake(v, s), stated);
}

/* A validator's own restake says StakeUpdate first: then it is checked when Restaked was applied.
 */
static void stake_update(struct fold *f, const struct log *g)
{
	const struct item *next = item_after(f, f->at);
	const struct ledger_validator *v = ledger_validator(f->l, log_topic_id(g, 1));

	if (next && next->op == OP_RESTAKED && log_topic_id(next->log, 1) == log_topic_id(g, 1))
		return;
	if (v)
		check_stake(f, v, log_topic(g, 2));
}

static void stake_update_of_restake(struct fold *f, const struct log *g)
{
	const struct item *before = item_before(f, f->at);
	const struct ledger_validator *v = ledger_validator(f->l, log_topic_id(g, 1));

	if (before && before->op == OP_STAKE_UPDATE &&
		log_topic_id(before->log, 1) == log_topic_id(g, 1))
		check_stake(f, v, log_topic(before->log, 2));
}

static void claim_rewards(struct fold *f, const struct log *g)
{
	struct ledger_global *all = edit_global(f->l);
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 1));
	struct u256 paid;

	validator_update(f, v);
	paid = safe_sub(f, v->reward, u256_u64(1));
	check_value(f, FINDING_CLAIM_AMOUNT, v->key.n, paid, log_topic(g, 2));
	check_payout(f, ledger_stake_manager(f->l), &v->owner, paid);
	entry_validator(f, ENTRY_VALIDATOR_CLAIM, v, &v->owner, paid);
	post_in(f, POSTING_CLAIMED, account_n(ACCOUNT_REWARD, v->key.n), paid);
	partnership_paid(f, &v->owner, paid);
	all->total_rewards_liquidated = safe_add(f, all->total_rewards_liquidated, paid);
	check_value(
		f, FINDING_CLAIM_TOTAL, v->key.n, all->total_rewards_liquidated, log_topic(g, 3));
	v->reward = u256_u64(1);
	v->initial_reward_per_stake = all->reward_per_stake;
}

static void commission(struct fold *f, const struct log *g)
{
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(g, 1));

	validator_update(f, v);
	check_value(f, FINDING_PARAMETER, v->key.n, v->commission_rate, log_topic(g, 3));
	v->commission_rate = log_topic(g, 2);
	v->last_commission_update = ledger_global(f->l)->current_epoch;
}

static void auction(struct fold *f, const struct item *it)
{
	bool start = it->op == OP_START_AUCTION;
	struct ledger_validator *v = edit_validator(f->l, log_topic_id(it->log, start ? 1 : 2));

	post_in(f, POSTING_BID_REFUNDED, account_n(ACCOUNT_BID, v->key.n), v->auction_amount);
	v->auction_amount = start ? log_topic(it->log, 3) : U256_ZERO;
	post_out(f, POSTING_BID, account_n(ACCOUNT_BID, v->key.n), v->auction_amount);
}

void validator_event(struct fold *f, struct item *it)
{
	switch ((unsigned)it->op) {
	case OP_NFT_TRANSFER: nft_transfer(f, it->log); break;
	case OP_STAKED: staked(f, it->log); break;
	case OP_UNSTAKE_INIT: unstake_init(f, it->log); break;
	case OP_UNSTAKED: unstaked(f, it->log); break;
	case OP_SIGNER_CHANGE: signer_change(f, it->log); break;
	case OP_RESTAKED:
		restaked(f, it->log);
		stake_update_of_restake(f, it->log);
		break;
	case OP_STAKE_UPDATE: stake_update(f, it->log); break;
	case OP_CLAIM_REWARDS: claim_rewards(f, it->log); break;
	case OP_COMMISSION: commission(f, it->log); break;
	case OP_START_AUCTION:
	case OP_CONFIRM_AUCTION: auction(f, it); break;
	default: break;
	}
}
