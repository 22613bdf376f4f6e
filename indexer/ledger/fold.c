/*
 * One block: its events and calls in the order in which they happened.
 *
 * Events are grouped by transaction, because several rules look at neighbours: a payout at its
 * transfer, a restake at the transfer before it. They go by adjacency and ids, never by "one action
 * a transaction". Calls that log nothing take effect before the logs of their transaction;
 * setPartners, which only fixes an order, after them.
 */
#include "ledger/state.h"

struct u256 log_word(const struct log *g, unsigned i)
{
	if (g->data.n < 32 * ((size_t)i + 1))
		return U256_ZERO;
	return u256_be(g->data.p + 32 * (size_t)i);
}

struct u256 log_topic(const struct log *g, unsigned i)
{
	return i < g->topic_count ? u256_be(g->topics[i].b) : U256_ZERO;
}

struct address log_topic_address(const struct log *g, unsigned i)
{
	struct address a = {{0}};

	if (i < g->topic_count)
		memcpy(a.b, g->topics[i].b + 12, sizeof(a.b));
	return a;
}

uint64_t u64_of(struct u256 v)
{
	return u256_fits_u64(v) ? v.w[0] : UINT64_MAX;
}

uint64_t log_topic_id(const struct log *g, unsigned i)
{
	return u64_of(log_topic(g, i));
}

struct item *item_before(struct fold *f, size_t i)
{
	return i > f->first ? &f->items[i - 1] : NULL;
}

struct item *item_after(struct fold *f, size_t i)
{
	return i + 1 < f->end ? &f->items[i + 1] : NULL;
}

struct u256 safe_add(struct fold *f, struct u256 a, struct u256 b)
{
	struct u256 r;

	if (u256_add_ok(&r, a, b))
		return r;
	f->bad = true;
	return U256_ZERO;
}

struct u256 safe_sub(struct fold *f, struct u256 a, struct u256 b)
{
	struct u256 r;

	if (u256_sub_ok(&r, a, b))
		return r;
	f->bad = true;
	return U256_ZERO;
}

struct u256 safe_mul(struct fold *f, struct u256 a, struct u256 b)
{
	struct u256 r;

	if (u256_mul_ok(&r, a, b))
		return r;
	f->bad = true;
	return U256_ZERO;
}

struct u256 safe_div(struct fold *f, struct u256 a, struct u256 b)
{
	struct u256 r;

	if (u256_div(&r, NULL, a, b))
		return r;
	f->bad = true;
	return U256_ZERO;
}

/* ---- items --------------------------------------------------------------------------------- */

static void make_items(struct fold *f)
{
	const struct decoded *d = f->d;
	uint32_t checkpoint = 0, partnership = 0;

	f->items = arena_alloc(f->mem, d->event_count * sizeof(*f->items));
	for (size_t i = 0; i < d->event_count; i++) {
		const struct event_row *row = &d->events[i];
		struct item it = {.log = row->log, .op = dispatch_find(f->l->dispatch, row)};

		if (it.op == OP_IGNORED)
			continue;
		if (it.op == OP_MAIN_CHECKPOINT || it.op == OP_SYNC_CHECKPOINT) {
			while (checkpoint < d->checkpoint_count &&
				d->checkpoints[checkpoint].log != row->log)
				checkpoint++;
			it.row = checkpoint;
		} else if (it.op == OP_PARTNERSHIP) {
			while (partnership < d->partnership_count &&
				d->partnership[partnership].log != row->log)
				partnership++;
			it.row = partnership;
		}
		f->items[f->count++] = it;
	}
}

static void handle(struct fold *f, struct item *it)
{
	switch (it->op) {
	case OP_TOKEN_TRANSFER: token_transfer(f, it); break;
	case OP_MAIN_CHECKPOINT:
	case OP_SYNC_CHECKPOINT: checkpoint_event(f, it); break;
	case OP_RESET_HEADER: header_reset(f, it); break;
	case OP_NFT_TRANSFER:
	case OP_STAKED:
	case OP_UNSTAKE_INIT:
	case OP_UNSTAKED:
	case OP_SIGNER_CHANGE:
	case OP_RESTAKED:
	case OP_STAKE_UPDATE:
	case OP_CLAIM_REWARDS:
	case OP_COMMISSION:
	case OP_START_AUCTION:
	case OP_CONFIRM_AUCTION: validator_event(f, it); break;
	case OP_TOP_UP_FEE:
	case OP_CLAIM_FEE:
	case OP_THRESHOLD:
	case OP_DYNASTY:
	case OP_PROPOSER_BONUS:
	case OP_CHAIN_REWARD:
	case OP_REWARD_PARAMS: governance_event(f, it); break;
	case OP_PROXY_UPDATED:
	case OP_CONTRACT_MAP: upgrade_event(f, it); break;
	case OP_SHARE_TRANSFER:
	case OP_SHARE_MINTED:
	case OP_SHARE_BURNED:
	case OP_SHARE_BURNED_ID:
	case OP_DELEGATOR_CLAIMED:
	case OP_DELEGATOR_RESTAKED:
	case OP_DELEGATOR_UNSTAKED:
	case OP_DELEGATOR_UNSTAKE_ID: delegator_event(f, it); break;
	case OP_PARTNERSHIP: partnership_event(f, it); break;
	case OP_OTHER:
	case OP_OWNER_UPDATE:
	case OP_IGNORED:
	case OP_COUNT: break;
	}
	if (f->bad) {
		struct finding_at at = {FINDING_ARITHMETIC, key_n(0), it->log};

		check_fail(f, &at, U256_ZERO, U256_ZERO);
		f->bad = false;
	}
}

/* Items of one transaction; f->first is the first of them. */
static void fold_items(struct fold *f)
{
	uint32_t tx = f->items[f->first].log->tx_index;
	size_t findings = f->finding_count;

	for (f->end = f->first; f->end < f->count && f->items[f->end].log->tx_index == tx;)
		f->end++;
	f->reinvest = (struct reinvest){0};
	f->allot = (struct allotting){0};
	f->call = NULL;
	for (f->at = f->first; f->at < f->end; f->at++)
		handle(f, &f->items[f->at]);
	f->at = f->end - 1;
	delegator_end_tx(f);
	partnership_end_tx(f);
	post_end_tx(f);
	flow_end_tx(f, findings);
	f->first = f->end;
}

static void fold_block(struct fold *f)
{
	const struct decoded *d = f->d;
	size_t c = 0;

	while (f->first < f->count || c < d->call_count) {
		uint32_t tx = UINT32_MAX;
		const struct call_row *call = NULL;

		f->drained = false;
		if (f->first < f->count)
			tx = f->items[f->first].log->tx_index;
		if (c < d->call_count && d->calls[c].tx->index <= tx) {
			call = &d->calls[c++];
			if (!call->tx->status)
				continue;
			f->call = call->tx;
			governance_call(f, call);
		}
		if (f->first < f->count && (!call || call->tx->index == tx))
			fold_items(f);
		if (call)
			partnership_call(f, call);
	}
}

enum err_kind ledger_apply(struct ledger *l, const struct ledger_input *in, struct arena *mem,
	struct ledger_outcome *out, struct err *e)
{
	struct fold f = {.l = l, .b = in->block, .d = in->decoded, .votes = in->votes, .mem = mem};
	uint64_t newest = l->block;
	struct ledger_votes votes;

	*out = (struct ledger_outcome){0};
	if (journal_any(&l->journal) && in->block->h.number <= l->block)
		return err_set(e, ERR_FATAL, "ledger", 0,
			"block %llu was given after block %llu: take blocks back first",
			(unsigned long long)in->block->h.number, (unsigned long long)l->block);
	if (!f.votes) {
		ledger_recover(in->block, in->decoded, mem, &votes);
		f.votes = &votes;
	}
	f.rules = network_rules_at(l->chain, in->block->h.number);
	make_items(&f);
	journal_begin(l, in->block->h.number);
	parameters_override(&f, newest);
	fold_block(&f);
	journal_end(l, mem, out);
	out->findings = f.findings;
	out->finding_count = f.finding_count;
	out->entries = f.entries;
	out->entry_count = f.entry_count;
	out->postings = f.postings;
	out->posting_count = f.posting_count;
	out->parameters = f.parameters;
	out->parameter_count = f.parameter_count;
	return ERR_NONE;
}
