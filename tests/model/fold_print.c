#include "model/fold_print.h"

#include <stdio.h>
#include <stdlib.h>

struct move {
	uint64_t block, validator_id;
	enum ledger_entry_kind kind;
	struct address partnership, account;
	struct u256 amount, delegators;
	bool income;
};

static const char *const kinds[ENTRY_KIND_COUNT] = {
	[ENTRY_ACCRUAL] = "accrual",
	[ENTRY_VALIDATOR_CLAIM] = "validator_claim",
	[ENTRY_VALIDATOR_RESTAKE] = "validator_restake",
	[ENTRY_VALIDATOR_PRINCIPAL] = "validator_principal",
	[ENTRY_DELEGATOR_CLAIM] = "delegator_claim",
	[ENTRY_DELEGATOR_RESTAKE] = "delegator_restake",
	[ENTRY_DELEGATOR_MIGRATION] = "delegator_migration",
	[ENTRY_DELEGATOR_UNSTAKE] = "delegator_unstake",
	[ENTRY_ALLOCATION] = "allocation",
	[ENTRY_PAYOUT] = "payout",
	[ENTRY_CONTRIBUTION] = "contribution",
	[ENTRY_RETURN] = "return",
};

/* ---- values ---- */

struct hexa {
	char s[41];
};

static struct hexa hexa(const struct address *a)
{
	struct hexa h;

	for (unsigned i = 0; i < 20; i++)
		snprintf(h.s + 2 * i, 3, "%02x", a->b[i]);
	return h;
}

struct ids {
	char s[24];
};

static struct ids id_text(uint64_t id)
{
	struct ids t;

	if (id == LEDGER_SINK)
		snprintf(t.s, sizeof(t.s), "max");
	else
		snprintf(t.s, sizeof(t.s), "%llu", (unsigned long long)id);
	return t;
}

static const char *dec(struct u256 v)
{
	static char text[8][U256_DEC_MAX + 1];
	static unsigned turn;
	char *s = text[turn++ % 8];

	s[u256_dec(s, v)] = 0;
	return s;
}

static void big(const char *of, const char *name, struct u256 v)
{
	if (!u256_is_zero(v))
		printf("%s%s %s\n", of, name, dec(v));
}

static void num(const char *of, const char *name, uint64_t v)
{
	if (v)
		printf("%s%s %llu\n", of, name, (unsigned long long)v);
}

static void addr(const char *of, const char *name, const struct address *a)
{
	static const struct address nobody;

	if (!address_eq(a, &nobody))
		printf("%s%s %s\n", of, name, hexa(a).s);
}

static void view(const char *of, const char *name, bool ok, struct u256 v)
{
	if (!ok)
		printf("%s%s revert\n", of, name);
	else
		big(of, name, v);
}

static void word(const char *of, const char *name, const struct hash32 *h)
{
	big(of, name, u256_be(h->b));
}

/* ---- records ---- */

/* Nothing but its key: as if it were not there. */
static bool is_blank(enum ledger_kind kind, const void *record)
{
	const char *p = record;
	size_t n = ledger_record_size(kind);

	for (size_t i = sizeof(struct ledger_key); i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void print_global(const struct ledger *l)
{
	const struct ledger_global *g = ledger_global(l);
	const struct address *s;
	size_t n;

	big("", "rewardPerStake", g->reward_per_stake);
	big("", "totalStaked", g->total_staked);
	big("", "totalRewards", g->total_rewards);
	big("", "totalRewardsLiquidated", g->total_rewards_liquidated);
	big("", "totalStake", g->total_stake);
	big("", "totalHeimdallFee", g->total_heimdall_fee);
	big("", "minDeposit", g->min_deposit);
	big("", "minHeimdallFee", g->min_heimdall_fee);
	big("", "prevBlockInterval", g->prev_block_interval);
	big("", "rewardDecreasePerCheckpoint", g->reward_decrease_per_checkpoint);
	big("", "maxRewardedCheckpoints", g->max_rewarded_checkpoints);
	big("", "checkpointRewardDelta", g->checkpoint_reward_delta);
	big("", "checkPointBlockInterval", g->checkpoint_block_interval);
	big("", "proposerBonus", g->proposer_bonus);
	big("", "WITHDRAWAL_DELAY", g->withdrawal_delay);
	big("", "dynasty", g->dynasty);
	big("", "auctionPeriod", g->auction_period);
	big("", "replacementCoolDown", g->replacement_cool_down);
	big("", "signerUpdateLimit", g->signer_update_limit);
	big("", "validatorThreshold", g->validator_threshold);
	word("", "accountStateRoot", &g->account_state_root);
	num("", "currentEpoch", g->current_epoch);
	num("", "stakerCount", g->staker_count);
	num("", "NFTCounter", g->nft_counter);
	num("", "nextHeaderBlock", g->next_header_block);
	num("", "currentHeaderBlock", view_current_header(g));
	num("", "delegationEnabled", g->delegation_enabled);
	s = ledger_signers(l, &n);
	printf("signers ");
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? "," : "", hexa(&s[i]).s);
	printf("\n");
}

static void print_validator(const struct ledger *l, const struct ledger_validator *v)
{
	const struct ledger_global *g = ledger_global(l);
	struct u256 x;
	bool ok;
	char of[40];

	snprintf(of, sizeof(of), "validator.%s.", id_text(v->key.n).s);
	big(of, "amount", v->amount);
	big(of, "reward", v->reward);
	num(of, "activationEpoch", v->activation_epoch);
	num(of, "deactivationEpoch", v->deactivation_epoch);
	num(of, "jailTime", v->jail_epoch);
	addr(of, "signer", &v->signer);
	addr(of, "contractAddress", &v->contract);
	num(of, "status", v->status);
	big(of, "commissionRate", v->commission_rate);
	num(of, "lastCommissionUpdate", v->last_commission_update);
	big(of, "delegatorsReward", v->delegators_reward);
	big(of, "delegatedAmount", v->delegated_amount);
	big(of, "initialRewardPerStake", v->initial_reward_per_stake);
	num(of, "latestSignerUpdateEpoch", v->latest_signer_update_epoch);
	num(of, "nonce", v->nonce);
	addr(of, "owner", &v->owner);
	big(of, "auction", v->auction_amount);
	ok = view_validator_reward(&x, v, g);
	view(of, "validatorReward", ok, x);
	ok = view_delegators_reward(&x, v, g);
	view(of, "delegatorsRewardView", ok, x);
	num(of, "isValidator", view_is_validator(v, g->current_epoch));
	big(of, "totalValidatorStake",
		view_total_validator_stake(v, ledger_share(l, &v->contract)));
}

static void print_share(const struct ledger *l, const struct ledger_share *s)
{
	const struct ledger_validator *v = ledger_validator(l, s->validator_id);
	struct u256 x;
	bool ok;
	char of[60];

	snprintf(of, sizeof(of), "share.%s.", hexa(&s->key.a).s);
	big(of, "totalSupply", s->total_supply);
	big(of, "rewardPerShare", s->reward_per_share);
	big(of, "activeAmount", s->active_amount);
	big(of, "withdrawPool", s->withdraw_pool);
	big(of, "withdrawShares", s->withdraw_shares);
	num(of, "validatorId", s->validator_id);
	num(of, "delegation", s->delegation);
	num(of, "locked", s->locked);
	if (!v)
		return;
	ok = view_exchange_rate(&x, s, v);
	view(of, "exchangeRate", ok, x);
	ok = view_withdraw_exchange_rate(&x, s);
	view(of, "withdrawExchangeRate", ok, x);
	ok = view_reward_per_share(&x, s, v, ledger_global(l));
	view(of, "getRewardPerShare", ok, x);
}

static void print_position(const struct ledger *l, const struct ledger_position *p)
{
	const struct ledger_share *s = ledger_share(l, &p->key.a);
	const struct ledger_validator *v = ledger_validator(l, p->validator_id);
	struct u256 x, y;
	bool ok;
	char of[100];

	snprintf(of, sizeof(of), "position.%s.%s.", hexa(&p->key.a).s, hexa(&p->key.b).s);
	big(of, "balanceOf", p->shares);
	big(of, "initalRewardPerShare", p->initial_reward_per_share);
	num(of, "unbondNonces", p->unbond_nonce);
	if (u256_is_zero(p->shares) && u256_is_zero(p->initial_reward_per_share) &&
		!p->unbond_nonce)
		return;
	if (!s || !v) {
		printf("%sof no share contract or validator\n", of);
		return;
	}
	ok = view_reward_per_share(&x, s, v, ledger_global(l)) && view_liquid_rewards(&y, p, x);
	view(of, "getLiquidRewards", ok, y);
	ok = view_exchange_rate(&x, s, v) && view_total_stake(&y, p, x);
	view(of, "getTotalStake", ok, y);
}

static void print_unbond(const struct ledger_unbond *u)
{
	char of[120];

	snprintf(of, sizeof(of), "unbond.%s.%s.%llu.", hexa(&u->key.a).s, hexa(&u->key.b).s,
		(unsigned long long)u->key.n);
	big(of, "shares", u->shares);
	num(of, "withdrawEpoch", u->withdraw_epoch);
}

static void print_header(const struct ledger_header *h)
{
	char of[40];

	if (!h->present)
		return;
	snprintf(of, sizeof(of), "header.%llu.", (unsigned long long)h->key.n);
	word(of, "root", &h->root);
	num(of, "start", h->start);
	num(of, "end", h->end);
	num(of, "createdAt", h->created_at);
	addr(of, "proposer", &h->proposer);
}

static int by_order(const void *pa, const void *pb)
{
	const struct ledger_person *const *a = pa, *const *b = pb;

	return (*a)->order < (*b)->order ? -1 : (*a)->order > (*b)->order;
}

#define PARTNERS_MAX 64

static void print_partners(const struct ledger *l, const char *of, const struct ledger_partnership *p)
{
	const struct ledger_person *active[PARTNERS_MAX];
	size_t n = 0, all = ledger_count(l, LEDGER_PERSON);

	for (size_t i = 0; i < all && n < PARTNERS_MAX; i++) {
		const struct ledger_person *w = ledger_at(l, LEDGER_PERSON, i);

		if (w->active && address_eq(&w->key.a, &p->key.a))
			active[n++] = w;
	}
	if (!n)
		return;
	qsort(active, n, sizeof(*active), by_order);
	printf("%spartners ", of);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? "," : "", hexa(&active[i]->key.b).s);
	printf("\n");
}

static void print_partnership(const struct ledger *l, const struct ledger_partnership *p)
{
	char of[60];

	snprintf(of, sizeof(of), "partnership.%s.", hexa(&p->key.a).s);
	num(of, "phase", p->phase);
	num(of, "paused", p->paused);
	addr(of, "admin", &p->admin);
	addr(of, "operator", &p->operator_);
	num(of, "validatorId", p->validator_id);
	big(of, "totalReceived", p->total_received);
	big(of, "freeCapital", p->free_capital);
	big(of, "stakedCapital", p->staked_capital);
	addr(of, "dustPartner", &p->dust_partner);
	num(of, "partnerCount", p->partner_count);
	print_partners(l, of, p);
}

static void print_person(const struct ledger_person *w)
{
	char of[100];

	snprintf(of, sizeof(of), "person.%s.%s.", hexa(&w->key.a).s, hexa(&w->key.b).s);
	num(of, "shareBps", w->share_bps);
	big(of, "claimable", w->claimable);
	big(of, "claimed", w->claimed);
	big(of, "contributed", w->contributed);
	big(of, "allocated", w->allocated);
	big(of, "restaked", w->restaked);
}

static void print_record(const struct ledger *l, enum ledger_kind kind, const void *r)
{
	const struct ledger_balance *b = r;
	const struct ledger_signer_key *k = r;
	const struct ledger_root_chain *c = r;
	const struct ledger_epoch *e = r;
	char of[60];

	if (kind == LEDGER_VALIDATOR && is_blank(kind, r))
		return;
	if (kind == LEDGER_VALIDATOR) {
		print_validator(l, r);
	} else if (kind == LEDGER_SHARE) {
		print_share(l, r);
	} else if (kind == LEDGER_POSITION) {
		print_position(l, r);
	} else if (kind == LEDGER_UNBOND) {
		print_unbond(r);
	} else if (kind == LEDGER_PARTNERSHIP) {
		print_partnership(l, r);
	} else if (kind == LEDGER_PERSON) {
		print_person(r);
	} else if (kind == LEDGER_HEADER) {
		print_header(r);
	} else if (kind == LEDGER_BALANCE) {
		big("balance.", hexa(&b->key.a).s, b->amount);
	} else if (kind == LEDGER_SIGNER_KEY && k->validator_id) {
		printf("key.%s %s\n", hexa(&k->key.a).s, id_text(k->validator_id).s);
	} else if (kind == LEDGER_ROOT_CHAIN) {
		snprintf(of, sizeof(of), "chain.%llu.", (unsigned long long)c->key.n);
		big(of, "reward", c->reward);
		num(of, "currentHeaderBlockId", c->header_id);
	} else if (kind == LEDGER_EPOCH) {
		snprintf(of, sizeof(of), "change.%llu.", (unsigned long long)e->key.n);
		big(of, "amount", e->amount);
		num(of, "stakerCount", e->staker_count);
	}
}

/* ---- entries ---- */

void moves_add(struct moves *m, uint64_t block, const struct ledger_outcome *out)
{
	for (size_t i = 0; i < out->entry_count; i++) {
		const struct ledger_entry *x = &out->entries[i];

		if (!kinds[x->kind])
			continue;
		if (m->count == m->cap) {
			m->cap = m->cap ? 2 * m->cap : 1024;
			m->v = realloc(m->v, m->cap * sizeof(*m->v));
			if (!m->v)
				abort();
		}
		m->v[m->count++] = (struct move){.block = block,
			.validator_id = x->kind < ENTRY_ALLOCATION ? x->validator_id : 0,
			.kind = x->kind,
			.partnership = x->partnership,
			.income = x->income,
			.account = x->kind == ENTRY_ACCRUAL ? (struct address){{0}} : x->account,
			.amount = x->amount,
			.delegators = x->delegators};
	}
}

void moves_undo(struct moves *m, uint64_t from)
{
	while (m->count && m->v[m->count - 1].block >= from)
		m->count--;
}

static int by_subject(const void *pa, const void *pb)
{
	const struct move *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->validator_id != b->validator_id)
		return a->validator_id < b->validator_id ? -1 : 1;
	if (a->income != b->income)
		return a->income < b->income ? -1 : 1;
	if (!address_eq(&a->partnership, &b->partnership))
		return memcmp(a->partnership.b, b->partnership.b, sizeof(a->partnership.b));
	return memcmp(a->account.b, b->account.b, sizeof(a->account.b));
}

static void print_sums(const struct moves *m)
{
	struct move *v = malloc((m->count + 1) * sizeof(*v));
	char of[140];

	if (!v)
		abort();
	if (m->count)
		memcpy(v, m->v, m->count * sizeof(*v));
	qsort(v, m->count, sizeof(*v), by_subject);
	for (size_t i = 0, j; i < m->count; i = j) {
		struct move sum = v[i];

		for (j = i + 1; j < m->count && !by_subject(&v[i], &v[j]); j++) {
			sum.amount = u256_add(sum.amount, v[j].amount);
			sum.delegators = u256_add(sum.delegators, v[j].delegators);
		}
		snprintf(of, sizeof(of), "sum.%s%s.%s.%s", kinds[sum.kind],
			sum.income ? "_income" : "",
			sum.kind < ENTRY_ALLOCATION ? id_text(sum.validator_id).s
						    : hexa(&sum.partnership).s,
			hexa(&sum.account).s);
		big(of, "", sum.amount);
		if (sum.kind == ENTRY_ACCRUAL)
			big("sum.accrual_delegators.", id_text(sum.validator_id).s, sum.delegators);
	}
	free(v);
}

static void print_ids(const uint64_t *ids, size_t n)
{
	printf(" ");
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? "," : "", id_text(ids[i]).s);
}

static void print_checksum(const struct ledger *l, char what)
{
	struct ledger_sum sum = ledger_checksum(l);

	printf("%c %016llx%016llx\n", what, (unsigned long long)sum.w[0],
		(unsigned long long)sum.w[1]);
}

void print_outcome(const struct ledger *l, const struct ledger_outcome *out)
{
	for (size_t i = 0; i < out->finding_count; i++) {
		const struct ledger_finding *f = &out->findings[i];

		printf("! %s of %s %s: expected %s, observed %s, log %u\n",
			ledger_finding_name(f->kind), id_text(f->subject.n).s,
			hexa(&f->subject.a).s, dec(f->expected), dec(f->observed), f->log_index);
	}
	for (size_t i = 0; i < out->entry_count; i++) {
		const struct ledger_entry *e = &out->entries[i];

		if (e->kind != ENTRY_CHECKPOINT)
			continue;
		printf("checkpoint %u %s %s %s %s", e->root_chain_id, dec(e->amount), dec(e->bonus),
			dec(e->signed_stake), dec(e->total_stake));
		print_ids(e->signed_ids, e->signed_count);
		print_ids(e->missed_ids, e->missed_count);
		print_ids(e->leaving_ids, e->leaving_count);
		printf("\n");
	}
	print_checksum(l, ';');
}

void print_state(const struct ledger *l, const struct moves *m)
{
	struct ledger_sum sum = ledger_checksum(l), full = ledger_checksum_full(l);

	print_global(l);
	for (unsigned kind = LEDGER_VALIDATOR; kind < LEDGER_KIND_COUNT; kind++) {
		size_t n = ledger_count(l, (enum ledger_kind)kind);

		for (size_t i = 0; i < n; i++)
			print_record(l, (enum ledger_kind)kind,
				ledger_at(l, (enum ledger_kind)kind, i));
	}
	print_sums(m);
	if (memcmp(&sum, &full, sizeof(sum)))
		printf("! checksum: not that of all records\n");
	print_checksum(l, '.');
}
