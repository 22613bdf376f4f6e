/*
 * Parameters: from events where there are any, and from calldata where the setters are silent.
 *
 * Governance owns StakeManager and calls it through update(target, data); validators' signers and
 * the contracts' owner call some functions directly. A call inside another contract's calldata can
 * not be seen; what it changed shows when a checkpoint's reward is not what was expected.
 */
#include "ledger/state.h"
#include "ledger/view.h"

static void fee(struct fold *f, const struct item *it)
{
	struct ledger_global *g = edit_global(f->l);
	struct address user = log_topic_address(it->log, 1);
	struct u256 amount = log_topic(it->log, 2);

	if (it->op == OP_TOP_UP_FEE) {
		g->total_heimdall_fee = safe_add(f, g->total_heimdall_fee, amount);
		f->fees = u256_add(f->fees, amount);
		post_out(f, POSTING_FEE, account_n(ACCOUNT_FEE, 0), amount);
		return;
	}
	g->total_heimdall_fee = safe_sub(f, g->total_heimdall_fee, amount);
	check_payout(f, ledger_stake_manager(f->l), &user, amount);
	post_in(f, POSTING_FEE_CLAIMED, account_n(ACCOUNT_FEE, 0), amount);
}

static void dynasty(struct fold *f, const struct log *log)
{
	struct ledger_global *g = edit_global(f->l);
	struct u256 value = log_word(log, 0);

	check_value(f, FINDING_PARAMETER, 0, g->dynasty, log_word(log, 1));
	g->dynasty = g->withdrawal_delay = value;
	g->auction_period = safe_div(f, value, u256_u64(4));
	g->replacement_cool_down = u256_add(u256_u64(g->current_epoch), g->auction_period);
}

static void chain_reward(struct fold *f, const struct log *log)
{
	struct ledger_key key = key_n(u64_of(log_word(log, 0)));
	struct ledger_root_chain *c = state_edit(f->l, LEDGER_ROOT_CHAIN, &key);

	check_value(f, FINDING_PARAMETER, key.n, c->reward, log_word(log, 2));
	parameter_chain_reward(f, key.n, c->reward, log_word(log, 1), SOURCE_EVENT);
	c->reward = log_word(log, 1);
	c->rewarded = 1;
}

/* An event (new, old) of one value. */
static void change(struct fold *f, const struct log *log, struct u256 *value)
{
	check_value(f, FINDING_PARAMETER, 0, *value, log_word(log, 1));
	*value = log_word(log, 0);
}

void governance_event(struct fold *f, struct item *it)
{
	struct ledger_global *g = edit_global(f->l);
	struct ledger_global before = *g;

	switch ((unsigned)it->op) {
	case OP_TOP_UP_FEE:
	case OP_CLAIM_FEE: fee(f, it); break;
	case OP_THRESHOLD: change(f, it->log, &g->validator_threshold); break;
	case OP_PROPOSER_BONUS: change(f, it->log, &g->proposer_bonus); break;
	case OP_DYNASTY: dynasty(f, it->log); break;
	case OP_CHAIN_REWARD: chain_reward(f, it->log); break;
	case OP_REWARD_PARAMS:
		g->reward_decrease_per_checkpoint = log_word(it->log, 0);
		g->max_rewarded_checkpoints = log_word(it->log, 1);
		g->checkpoint_reward_delta = log_word(it->log, 2);
		break;
	default: break;
	}
	parameters_changed(f, &before, SOURCE_EVENT);
}

/* ---- calls that log nothing ---------------------------------------------------------------- */

struct silent {
	struct bytes args; /* calldata after the selector */
	struct address sender;
};

static struct u256 arg(const struct silent *s, size_t word)
{
	return s->args.n / 32 > word ? u256_be(s->args.p + 32 * word) : U256_ZERO;
}

static struct address arg_address(const struct silent *s, size_t word)
{
	struct address a = {{0}};

	if (s->args.n / 32 > word)
		memcpy(a.b, s->args.p + 32 * word + 12, sizeof(a.b));
	return a;
}

/* Words of the dynamic array whose offset is head word `at`. */
static struct bytes arg_array(const struct silent *s, size_t at)
{
	struct u256 offset = arg(s, at), count;
	struct bytes none = {NULL, 0};
	uint64_t o = offset.w[0];

	if (s->args.n / 32 <= at || !u256_fits_u64(offset) || o > s->args.n || s->args.n - o < 32)
		return none;
	count = u256_be(s->args.p + o);
	if (!u256_fits_u64(count) || count.w[0] > (s->args.n - o - 32) / 32)
		return none;
	return (struct bytes){s->args.p + o + 32, 32 * (size_t)count.w[0]};
}

static void set_interval(struct fold *f, const struct silent *s)
{
	edit_global(f->l)->checkpoint_block_interval = arg(s, 0);
}

static void set_epoch(struct fold *f, const struct silent *s)
{
	edit_global(f->l)->current_epoch = u64_of(arg(s, 0));
}

static void set_delegation(struct fold *f, const struct silent *s)
{
	edit_global(f->l)->delegation_enabled = !u256_is_zero(arg(s, 0));
}

static void set_minimums(struct fold *f, const struct silent *s)
{
	struct ledger_global *g = edit_global(f->l);

	g->min_deposit = arg(s, 0);
	g->min_heimdall_fee = arg(s, 1);
}

static void set_signer_limit(struct fold *f, const struct silent *s)
{
	edit_global(f->l)->signer_update_limit = arg(s, 0);
}

static void stop_auctions(struct fold *f, const struct silent *s)
{
	struct ledger_global *g = edit_global(f->l);

	g->replacement_cool_down = u256_add(u256_u64(g->current_epoch), arg(s, 0));
}

static void insert_signers(struct fold *f, const struct silent *s)
{
	struct bytes list = arg_array(s, 0);
	struct address *to = edit_signers(f->l, list.n / 32);

	for (size_t i = 0; i < list.n / 32; i++)
		memcpy(to[i].b, list.p + 32 * i + 12, sizeof(to->b));
	f->l->signer_count = list.n / 32;
}

static void set_contract(struct fold *f, const struct silent *s)
{
	static const struct address nobody;
	uint64_t id = u64_of(arg(s, 0));
	struct address a = arg_address(s, 1);

	edit_validator(f->l, id)->contract = a;
	if (!address_eq(&a, &nobody) && !ledger_share(f->l, &a)) {
		struct ledger_share *share = edit_share(f->l, &a);

		share->validator_id = id;
		share->delegation = 1;
	}
}

/* Ids that no gas would reach are not walked. */
#define MIGRATE_MAX 100000

/* What a validator's accounts should have, by the views. */
struct worth {
	struct u256 own, delegators, accrued, delegators_accrued;
};

static struct worth worth_of(const struct fold *f, const struct ledger_validator *v)
{
	struct u256 one = u256_u64(1), none = U256_ZERO;
	struct worth w = {
		.own = u256_is_zero(v->reward) ? none : u256_sub(v->reward, one),
		.delegators = u256_is_zero(v->delegators_reward) ? none : u256_sub(v->delegators_reward, one),
	};

	if (!view_pending(&w.accrued, &w.delegators_accrued, v, ledger_global(f->l)->reward_per_stake))
		w.accrued = w.delegators_accrued = none;
	return w;
}

static void adjust(struct fold *f, const struct ledger_validator *v, const struct worth *was)
{
	struct worth is = worth_of(f, v);

	post_adjusted(f, account_n(ACCOUNT_REWARD, v->key.n), was->own, is.own);
	post_adjusted(f, account_n(ACCOUNT_DELEGATORS_REWARD, v->key.n), was->delegators, is.delegators);
	post_adjusted(f, account_n(ACCOUNT_ACCRUED, v->key.n), was->accrued, is.accrued);
	post_adjusted(f, account_n(ACCOUNT_DELEGATORS_ACCRUED, v->key.n), was->delegators_accrued,
		is.delegators_accrued);
}

static void migrate_data(struct fold *f, const struct silent *s)
{
	uint64_t from = u64_of(arg(s, 0)), to = u64_of(arg(s, 1));

	for (uint64_t id = from; id < to && id - from < MIGRATE_MAX; id++) {
		struct ledger_validator *v = edit_validator(f->l, id);
		const struct ledger_share *share = ledger_share(f->l, &v->contract);
		struct worth was = worth_of(f, v);

		v->delegators_reward = u256_u64(1);
		if (share) {
			v->reward = u256_u64(1);
			v->delegated_amount = share->active_amount;
			v->commission_rate = U256_ZERO;
		} else {
			v->reward = safe_add(f, v->reward, u256_u64(1));
		}
		adjust(f, v, &was);
	}
}

static void set_validator_delegation(struct fold *f, const struct silent *s)
{
	const struct ledger_validator *v =
		ledger_validator(f->l, ledger_signer_to_validator(f->l, &s->sender));

	if (v && ledger_share(f->l, &v->contract))
		edit_share(f->l, &v->contract)->delegation = !u256_is_zero(arg(s, 0));
}

static void set_nonces(struct fold *f, const struct silent *s)
{
	struct bytes ids = arg_array(s, 0), nonces = arg_array(s, 1);

	for (size_t i = 0; i < ids.n && i < nonces.n; i += 32)
		edit_validator(f->l, u64_of(u256_be(ids.p + i)))->nonce =
			u64_of(u256_be(nonces.p + i));
}

/* The tokens that go are in the token's own log. */
static void drain(struct fold *f, const struct silent *s)
{
	(void)s;
	f->drained = true;
}

static const struct {
	const char *contract, *signature;
	void (*apply)(struct fold *f, const struct silent *s);
} setters[] = {
	{"StakeManager", "updateCheckPointBlockInterval(uint256)", set_interval},
	{"StakeManager", "setCurrentEpoch(uint256)", set_epoch},
	{"StakeManager", "setDelegationEnabled(bool)", set_delegation},
	{"StakeManager", "updateMinAmounts(uint256,uint256)", set_minimums},
	{"StakeManager", "updateSignerUpdateLimit(uint256)", set_signer_limit},
	{"StakeManager", "stopAuctions(uint256)", stop_auctions},
	{"StakeManager", "insertSigners(address[])", insert_signers},
	{"StakeManager", "updateValidatorContractAddress(uint256,address)", set_contract},
	{"StakeManager", "migrateValidatorsData(uint256,uint256)", migrate_data},
	{"StakeManager", "updateValidatorDelegation(bool)", set_validator_delegation},
	{"StakeManager", "drain(address,uint256)", drain},
	{"StakeManager", "drainValidatorShares(uint256,address,address,uint256)", drain},
	{"StakingInfo", "updateNonce(uint256[],uint256[])", set_nonces},
};

void governance_call(struct fold *f, const struct call_row *c)
{
	bool inner = c->target && c->inner;
	const struct contract *contract = inner ? c->target : c->contract;
	const struct abi_function *function = inner ? c->inner : c->function;
	struct bytes input = inner ? c->inner_input : c->tx->input;
	struct silent s = {.sender = c->tx->from};
	struct ledger_global before = *ledger_global(f->l);

	if (!contract || !function || input.n < 4)
		return;
	s.args = (struct bytes){input.p + 4, input.n - 4};
	for (size_t i = 0; i < sizeof(setters) / sizeof(*setters); i++)
		if (!strcmp(setters[i].contract, contract->name) &&
			!strcmp(setters[i].signature, function->signature))
			setters[i].apply(f, &s);
	parameters_changed(f, &before, SOURCE_CALL);
	f->bad = false;
}
