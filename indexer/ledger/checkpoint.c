/*
 * Checkpoints: which validators signed, what the checkpoint is worth, and how it is credited.
 *
 * The loop over signatures is StakeManager's: a repeated address is skipped, a smaller one than the
 * last valid one ends the reading, a stranger does not count; a valid signer moves a pointer
 * through signers[], and everything it passes over did not sign. A valid signer that is not in the
 * list runs the pointer to the end, so everybody behind it counts as unsigned although they signed.
 * A leaving validator that signs is settled apart, after the credit.
 *
 * Signed validators are not touched: their reward is the growth of rewardPerStake. Those that did
 * not sign are settled before it grows, and their marker set behind it.
 */
#include "ledger/state.h"
#include "ledger/view.h"

#define HEADER_STEP 10000
#define PERCENT     100

/* Everything up to the signer is unsigned; NULL: the rest. */
static void pass_over(struct fold *f, struct signing *s, const struct address *signer)
{
	const struct ledger *l = f->l;

	while (s->next < l->signer_count && !(signer && address_eq(&l->signers[s->next], signer))) {
		s->missed[s->missed_count++] = ledger_signer_to_validator(l, &l->signers[s->next]);
		s->next++;
	}
	s->next++;
}

static void read_signatures(struct fold *f, struct signing *s, const struct ledger_vote *vote)
{
	uint64_t epoch = ledger_global(f->l)->current_epoch;
	struct address last = {{0}};

	for (size_t i = 0; i < vote->count; i++) {
		const struct address *a = &vote->signers[i];
		int order = memcmp(a->b, last.b, sizeof(last.b));
		const struct ledger_validator *v;

		if (!order)
			continue;
		if (order < 0)
			break;
		v = ledger_validator(f->l, ledger_signer_to_validator(f->l, a));
		if (!v || !view_is_validator(v, epoch))
			continue;
		last = *a;
		s->signed_[s->signed_count++] = v->key.n;
		s->stake = safe_add(f, s->stake, safe_add(f, v->amount, v->delegated_amount));
		if (v->deactivation_epoch)
			s->leaving[s->leaving_count++] = v->key.n;
		else
			pass_over(f, s, a);
	}
	pass_over(f, s, NULL);
}

/* Signatures that nobody has: as if all of the list had signed. */
static void assume_all(struct fold *f, struct signing *s)
{
	for (size_t i = 0; i < f->l->signer_count; i++) {
		const struct ledger_validator *v =
			ledger_validator(f->l, ledger_signer_to_validator(f->l, &f->l->signers[i]));

		if (!v)
			continue;
		s->stake = safe_add(f, s->stake, safe_add(f, v->amount, v->delegated_amount));
		s->signed_[s->signed_count++] = v->key.n;
	}
}

static struct u256 least(struct u256 a, struct u256 b)
{
	return u256_cmp(a, b) < 0 ? a : b;
}

/* base·(f-1)·f/2·dec/100: what later full intervals of one checkpoint lose. (f-1)·f/2 wraps at f =
 * 0. */
static struct u256 decrease(
	struct fold *f, const struct ledger_global *g, struct u256 base, struct u256 full)
{
	struct u256 steps, half;

	steps = u256_mul(u256_sub(full, u256_u64(1)), full);
	half = safe_div(f, steps, u256_u64(2));
	half = safe_mul(f, half, g->reward_decrease_per_checkpoint);
	return safe_div(f, safe_mul(f, base, half), u256_u64(PERCENT));
}

struct u256 checkpoint_full_reward(
	struct fold *f, struct ledger_global *g, struct u256 base, struct u256 blocks)
{
	struct u256 target = g->checkpoint_block_interval, hundred = u256_u64(PERCENT);
	struct u256 full = least(safe_div(f, blocks, target), g->max_rewarded_checkpoints);
	struct u256 reward = U256_ZERO, delta, lost;

	if (!u256_is_zero(full) && u256_cmp(full, g->prev_block_interval)) {
		if (!u256_is_zero(g->prev_block_interval)) {
			delta = safe_div(f, u256_mul(base, g->checkpoint_reward_delta), hundred);
			base = u256_cmp(g->prev_block_interval, full) > 0 ? u256_add(base, delta)
									  : u256_sub(base, delta);
		}
		g->prev_block_interval = full;
	}
	if (u256_cmp(blocks, target) > 0) {
		reward = safe_sub(f, safe_mul(f, base, full), decrease(f, g, base, full));
		blocks = safe_sub(f, blocks, safe_mul(f, full, target));
		lost = safe_mul(f, safe_mul(f, base, full), g->reward_decrease_per_checkpoint);
		base = safe_sub(f, base, safe_div(f, lost, hundred));
	}
	return safe_add(f, reward, safe_div(f, safe_mul(f, blocks, base), target));
}

static void settle_list(struct fold *f, const uint64_t *ids, size_t n, struct u256 next)
{
	struct u256 current = ledger_global(f->l)->reward_per_stake;

	for (size_t i = 0; i < n; i++)
		validator_settle(f, edit_validator(f->l, ids[i]), current, next);
}

/* What the checkpoint is worth and who took part; `missed` without zero ids of unknown signers. */
static void tell(struct fold *f, const struct checkpoint_row *c, const struct signing *s,
	struct u256 reward, struct u256 bonus)
{
	struct ledger_entry *x = entry_add(f, ENTRY_CHECKPOINT, c->log);
	const struct ledger_global *g = ledger_global(f->l);

	x->validator_id = ledger_signer_to_validator(f->l, &c->proposer);
	x->account = c->proposer;
	x->checkpoint_id = c->checkpoint_id;
	x->root_chain_id = c->root_chain_id;
	x->epoch = g->current_epoch;
	x->amount = reward;
	x->bonus = bonus;
	x->signed_stake = s->stake;
	x->total_stake = g->total_stake;
	x->signed_ids = s->signed_;
	x->signed_count = s->signed_count;
	x->missed_ids = s->missed;
	x->missed_count = s->missed_count;
	x->leaving_ids = s->leaving;
	x->leaving_count = s->leaving_count;
}

/* Steps 6 to 9: the bonus, those that did not sign, the credit, those that leave. */
static void credit(
	struct fold *f, const struct checkpoint_row *c, const struct signing *s, struct u256 reward)
{
	const struct growth *before = growth_before(f);
	struct ledger_global *g = edit_global(f->l);
	struct u256 bonus, growth, next;
	struct proposal told = {.checkpoint_id = c->checkpoint_id, .root_chain_id = c->root_chain_id};
	struct ledger_validator *proposer;

	bonus = safe_div(f, safe_mul(f, reward, g->proposer_bonus), u256_u64(PERCENT));
	proposer = edit_validator(f->l, ledger_signer_to_validator(f->l, &c->proposer));
	proposer->reward = safe_add(f, proposer->reward, bonus);
	post(f, POSTING_BONUS, account_n(ACCOUNT_RESERVE, 0), account_n(ACCOUNT_REWARD, proposer->key.n),
		bonus);
	g->total_rewards = safe_add(f, g->total_rewards, reward);
	growth = safe_mul(f, safe_sub(f, reward, bonus), view_reward_precision());
	next = safe_add(f, g->reward_per_stake, safe_div(f, growth, s->stake));
	settle_list(f, s->missed, s->missed_count, next);
	g->reward_per_stake = next;
	settle_list(f, s->leaving, s->leaving_count, next);
	tell(f, c, s, reward, bonus);
	told.proposer = proposer->key.n;
	told.bonus = bonus;
	told.reward = reward;
	growth_after(f, before, &told);
}

static void enter_epoch(struct fold *f)
{
	struct ledger_global *g = edit_global(f->l);
	const struct ledger_epoch *change = ledger_epoch(f->l, g->current_epoch + 1);
	struct ledger_key key = key_n(g->current_epoch);

	if (change) {
		g->total_stake = u256_add(g->total_stake, change->amount);
		g->staker_count += change->staker_count;
	}
	if (ledger_epoch(f->l, g->current_epoch)) {
		struct ledger_epoch *left = state_edit(f->l, LEDGER_EPOCH, &key);

		left->amount = U256_ZERO;
		left->staker_count = 0;
	}
	g->current_epoch++;
}

/* What is not taken from the transaction's own call is said. */
static void say_source(
	struct fold *f, const struct checkpoint_row *c, enum ledger_finding_kind kind)
{
	struct finding_at at = {kind, key_n(c->checkpoint_id), c->log};

	check_fail(f, &at, U256_ZERO, U256_ZERO);
}

static void find_signers(struct fold *f, struct signing *s, const struct checkpoint_row *c,
	const struct ledger_vote *vote, struct u256 full)
{
	struct ledger_vote inferred;
	size_t most = f->l->signer_count + vote->count + ledger_count(f->l, LEDGER_VALIDATOR);

	s->missed = arena_alloc(f->mem, most * sizeof(*s->missed));
	s->leaving = arena_alloc(f->mem, most * sizeof(*s->leaving));
	s->signed_ = arena_alloc(f->mem, most * sizeof(*s->signed_));
	if (vote->known) {
		read_signatures(f, s, vote);
		if (vote->relayed)
			say_source(f, c, FINDING_CHECKPOINT_RELAYED);
	} else if (c->kind == CHECKPOINT_MAIN && infer_signers(f, &inferred, full, c->reward)) {
		read_signatures(f, s, &inferred);
		say_source(f, c, FINDING_CHECKPOINT_INFERRED);
	} else {
		assume_all(f, s);
		say_source(f, c, FINDING_CHECKPOINT_SIGNERS);
	}
}

static void add_header(struct fold *f, const struct checkpoint_row *c)
{
	struct ledger_global *g = edit_global(f->l);
	struct ledger_key key = key_n(g->next_header_block);
	struct ledger_header *h = state_edit(f->l, LEDGER_HEADER, &key);

	check_u64(f, FINDING_CHECKPOINT_ID, g->next_header_block, g->next_header_block,
		u256_u64(c->header_block_id));
	h->root = c->root;
	h->start = c->start;
	h->end = c->end;
	h->proposer = c->proposer;
	h->created_at = f->b->h.time;
	h->present = 1;
	g->next_header_block += HEADER_STEP;
}

static void count_sync(struct fold *f, const struct checkpoint_row *c)
{
	struct ledger_key key = key_n(c->root_chain_id);
	struct ledger_root_chain *chain = state_edit(f->l, LEDGER_ROOT_CHAIN, &key);

	chain->header_id++;
	check_u64(f, FINDING_CHECKPOINT_ID, chain->header_id, chain->header_id,
		u256_u64(c->checkpoint_id));
}

void checkpoint_event(struct fold *f, struct item *it)
{
	const struct checkpoint_row *c;
	const struct ledger_vote *vote;
	const struct ledger_root_chain *chain;
	struct ledger_global *g = edit_global(f->l);
	struct signing s = {0};
	struct reward_case why = {.before = *g};
	struct u256 reward, blocks;

	if (it->row >= f->d->checkpoint_count || it->row >= f->votes->count)
		return;
	c = &f->d->checkpoints[it->row];
	vote = &f->votes->v[it->row];
	chain = ledger_root_chain(f->l, c->root_chain_id);
	blocks = safe_add(f, u256_sub(u256_u64(c->end), u256_u64(c->start)), u256_u64(1));
	reward = checkpoint_full_reward(f, g, chain ? chain->reward : U256_ZERO, blocks);
	find_signers(f, &s, c, vote, reward);
	reward = safe_div(f, safe_mul(f, reward, s.stake), g->total_stake);
	if (c->kind == CHECKPOINT_MAIN && vote->known && u256_cmp(reward, c->reward)) {
		check_value(f, FINDING_CHECKPOINT_REWARD, c->checkpoint_id, reward, c->reward);
		why.base = chain ? chain->reward : U256_ZERO;
		why.blocks = blocks;
		why.signed_stake = s.stake;
		why.observed = c->reward;
		why.root_chain_id = c->root_chain_id;
		explain_reward(&why, &f->findings[f->finding_count - 1]);
	}
	if (c->kind == CHECKPOINT_MAIN && !vote->known)
		reward = c->reward;
	credit(f, c, &s, reward);
	if (c->kind == CHECKPOINT_SYNC) {
		count_sync(f, c);
		return;
	}
	if (vote->has_account_root)
		g->account_state_root = vote->account_root;
	add_header(f, c);
	enter_epoch(f);
}

void header_reset(struct fold *f, struct item *it)
{
	struct ledger_global *g = edit_global(f->l);
	uint64_t to = log_topic_id(it->log, 2);

	for (size_t i = 0; i < ledger_count(f->l, LEDGER_HEADER); i++) {
		const struct ledger_header *h = ledger_at(f->l, LEDGER_HEADER, i);
		struct ledger_key key = h->key;

		if (h->present && key.n >= to && key.n < g->next_header_block &&
			(key.n - to) % HEADER_STEP == 0)
			*(struct ledger_header *)state_edit(f->l, LEDGER_HEADER, &key) =
				(struct ledger_header){.key = key};
	}
	g->next_header_block = to;
}
