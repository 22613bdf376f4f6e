/*
 * Partnership contracts, in the common vocabulary of the network's mapping.
 *
 * The contract's own events tell rewards, claims, deposits and roles. What its capital does in
 * StakeManager is told by the validator's events. Capital and income never mix: restaked rewards
 * are income and come back as deposits that are already staked, so they are no free capital.
 */
#include "ledger/state.h"

#define BPS 10000

static const struct partnership_row *row_of(const struct fold *f, const struct item *it)
{
	return it->row < f->d->partnership_count ? &f->d->partnership[it->row] : NULL;
}

static bool is_null(const struct address *a)
{
	static const struct address nobody;

	return address_eq(a, &nobody);
}

static struct ledger_account clearing(const struct ledger_partnership *p)
{
	return account_a(ACCOUNT_CLEARING, &p->key.a);
}

static struct ledger_account free_capital(const struct ledger_partnership *p)
{
	return account_a(ACCOUNT_FREE_CAPITAL, &p->key.a);
}

/* ---- allocation of a reward ---------------------------------------------------------------- */

/* The dust partner gets what the others' floors leave; a contract without one says nothing. */
static void close_allocation(struct fold *f)
{
	struct allotting *a = &f->allot;
	struct finding_at at = {FINDING_ALLOCATION, key_a(&a->partnership), a->log};

	if (a->open && !is_null(&a->dust_partner))
		check_equal(f, &at, a->rest, a->dust_part);
	a->open = false;
}

static void received(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct finding_at at = {FINDING_TOTAL_RECEIVED, p->key, r->log};
	struct allotting *a = &f->allot;

	close_allocation(f);
	p->total_received = safe_add(f, p->total_received, r->amount);
	flow_say(f, FLOW_REWARD, &p->key.a, r->amount);
	if (r->has[PF_TOTAL])
		check_equal(f, &at, p->total_received, r->total);
	a->open = !u256_is_zero(r->amount);
	a->partnership = p->key.a;
	a->dust_partner = p->dust_partner;
	a->amount = a->rest = r->amount;
	a->dust_part = U256_ZERO;
	a->log = r->log;
}

static void allocated(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);
	struct finding_at at = {FINDING_ALLOCATION, w->key, r->log};
	struct allotting *a = &f->allot;
	struct u256 part;

	w->claimable = safe_add(f, w->claimable, r->amount);
	w->allocated = safe_add(f, w->allocated, r->amount);
	post(f, POSTING_ALLOCATED, account_a(ACCOUNT_INCOME, &p->key.a),
		account_ab(ACCOUNT_CLAIMABLE, &p->key.a, &w->key.b), r->amount);
	entry_partner(f, ENTRY_ALLOCATION, p, w, r->amount);
	if (!a->open || !address_eq(&a->partnership, &p->key.a))
		return;
	if (address_eq(&r->partner, &a->dust_partner)) {
		a->dust_part = safe_add(f, a->dust_part, r->amount);
		return;
	}
	part = safe_div(f, safe_mul(f, a->amount, u256_u64(w->share_bps)), u256_u64(BPS));
	check_equal(f, &at, part, r->amount);
	a->rest = safe_sub(f, a->rest, part);
}

static void claimed(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);
	struct finding_at at = {FINDING_PARTNER_CLAIM, w->key, r->log};
	const struct address *to = r->has[PF_RECIPIENT] ? &r->recipient : &r->partner;

	check_equal(f, &at, w->claimable, r->amount);
	check_payout(f, &p->key.a, to, w->claimable);
	w->claimable = u256_cmp(r->amount, w->claimable) > 0 ? U256_ZERO
							     : u256_sub(w->claimable, r->amount);
	w->claimed = safe_add(f, w->claimed, r->amount);
	entry_partner(f, ENTRY_PAYOUT, p, w, r->amount)->recipient = *to;
	flow_say(f, FLOW_OUT, &p->key.a, r->amount);
	post(f, POSTING_PAID, account_ab(ACCOUNT_CLAIMABLE, &p->key.a, &w->key.b), clearing(p), r->amount);
}

/* ---- capital ------------------------------------------------------------------------------- */

static void deposited(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);
	struct allotting *a = &f->allot;

	w->contributed = safe_add(f, w->contributed, r->amount);
	post(f, POSTING_CONTRIBUTED, account_a(ACCOUNT_ENTRUSTED, &p->key.a),
		account_ab(ACCOUNT_CONTRIBUTED, &p->key.a, &w->key.b), r->amount);
	if (address_eq(&a->restaker, &p->key.a) && u256_cmp(r->amount, a->restaked) <= 0 &&
		!u256_is_zero(r->amount)) {
		a->restaked = u256_sub(a->restaked, r->amount);
		w->restaked = safe_add(f, w->restaked, r->amount);
		entry_partner(f, ENTRY_CONTRIBUTION, p, w, r->amount)->income = true;
		return;
	}
	entry_partner(f, ENTRY_CONTRIBUTION, p, w, r->amount);
	flow_say(f, FLOW_IN, &p->key.a, r->amount);
	p->free_capital = safe_add(f, p->free_capital, r->amount);
	post(f, POSTING_CONTRIBUTED, clearing(p), free_capital(p), r->amount);
}

static void returned(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);

	w->contributed = safe_sub(f, w->contributed, r->amount);
	p->free_capital = safe_sub(f, p->free_capital, r->amount);
	entry_partner(f, ENTRY_RETURN, p, w, r->amount);
	flow_say(f, FLOW_OUT, &p->key.a, r->amount);
	post(f, POSTING_RETURNED, account_ab(ACCOUNT_CONTRIBUTED, &p->key.a, &w->key.b),
		account_a(ACCOUNT_ENTRUSTED, &p->key.a), r->amount);
	post(f, POSTING_RETURNED, free_capital(p), clearing(p), r->amount);
}

/* In the transaction of Staked, whose amount is then the validator's stake. */
static void created(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	const struct ledger_validator *v = ledger_validator(f->l, r->validator_id);

	p->validator_id = r->validator_id;
	p->phase = PHASE_STAKED;
	if (!v)
		return;
	p->free_capital = safe_sub(f, p->free_capital, v->amount);
	p->staked_capital = safe_add(f, p->staked_capital, v->amount);
	post(f, POSTING_STAKED, free_capital(p), clearing(p), v->amount);
}

/* ---- people -------------------------------------------------------------------------------- */

static void set_terms(struct ledger_person *w, const struct partnership_row *r, uint64_t share_bps)
{
	w->share_bps = share_bps;
	w->terms_tx = r->log->tx_hash;
}

static void added(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);

	if (!w->active)
		entry_role(f, ENTRY_ROLE_GIVEN, p, "partner", &r->partner);
	p->partner_count += !w->active;
	w->active = 1;
	w->order = p->next_order++;
	if (r->has[PF_SHARE_BPS])
		set_terms(w, r, r->share_bps);
	if (p->phase == PHASE_NONE)
		p->phase = PHASE_INITIALIZED;
}

static void removed(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	struct ledger_person *w = edit_person(f->l, &p->key.a, &r->partner);

	if (w->active)
		entry_role(f, ENTRY_ROLE_TAKEN, p, "partner", &r->partner);
	p->partner_count -= (uint32_t)w->active;
	w->active = 0;
	set_terms(w, r, 0);
}

/* The newest grant counts: one handover revokes before it grants, the other after. */
static void granted(struct fold *f, struct ledger_partnership *p, const struct partnership_row *r)
{
	if (!r->role_name)
		return;
	entry_role(f, ENTRY_ROLE_GIVEN, p, r->role_name, &r->account);
	if (!strcmp(r->role_name, "admin"))
		p->admin = r->account;
	else if (!strcmp(r->role_name, "operator"))
		p->operator_ = r->account;
}

static void revoked(struct fold *f, const struct ledger_partnership *p, const struct partnership_row *r)
{
	if (r->role_name)
		entry_role(f, ENTRY_ROLE_TAKEN, p, r->role_name, &r->account);
}

void partnership_event(struct fold *f, struct item *it)
{
	const struct partnership_row *r = row_of(f, it);
	struct ledger_partnership *p;

	if (!r)
		return;
	if (!has_books(f->l, &it->log->address)) {
		post_adopt(f, &it->log->address);
		flow_adopt(f, edit_partnership(f->l, &it->log->address));
	}
	p = edit_partnership(f->l, &it->log->address);
	switch (r->map->kind) {
	case PARTNERSHIP_CREATED: created(f, p, r); break;
	case PARTNERSHIP_ROLE_GRANTED: granted(f, p, r); break;
	case PARTNERSHIP_ROLE_REVOKED: revoked(f, p, r); break;
	case PARTNERSHIP_PARTNER_ADDED: added(f, p, r); break;
	case PARTNERSHIP_PARTNER_REMOVED: removed(f, p, r); break;
	case PARTNERSHIP_SHARE_CHANGED:
		set_terms(edit_person(f->l, &p->key.a, &r->partner), r, r->share_bps);
		break;
	case PARTNERSHIP_DUST_PARTNER: p->dust_partner = r->partner; break;
	case PARTNERSHIP_REWARD_RECEIVED: received(f, p, r); break;
	case PARTNERSHIP_ALLOCATED: allocated(f, p, r); break;
	case PARTNERSHIP_CLAIMED: claimed(f, p, r); break;
	case PARTNERSHIP_RESTAKED:
		f->allot.restaker = p->key.a;
		f->allot.restaked = r->amount;
		break;
	case PARTNERSHIP_CAPITAL_IN: deposited(f, p, r); break;
	case PARTNERSHIP_CAPITAL_OUT: returned(f, p, r); break;
	case PARTNERSHIP_PAUSED: p->paused = 1; break;
	case PARTNERSHIP_UNPAUSED: p->paused = 0; break;
	case PARTNERSHIP_KIND_COUNT: break;
	}
}

void partnership_end_tx(struct fold *f)
{
	close_allocation(f);
}

/* ---- what the validator's events mean ------------------------------------------------------ */

/* The partnership whose validator this is; an NFT that came from elsewhere makes none. */
static struct ledger_partnership *owner_of(struct fold *f, const struct address *a, uint64_t id)
{
	const struct ledger_partnership *p = is_null(a) ? NULL : ledger_partnership(f->l, a);

	return p && p->validator_id == id && id && has_books(f->l, a) ? edit_partnership(f->l, a) : NULL;
}

void partnership_restaked(
	struct fold *f, const struct ledger_validator *v, struct u256 paid_in, struct u256 increase)
{
	struct ledger_partnership *p = owner_of(f, &v->owner, v->key.n);

	if (!p) {
		partnership_delegated(f, &v->owner, paid_in);
		return;
	}
	p->free_capital = safe_sub(f, p->free_capital, paid_in);
	post(f, POSTING_STAKED, free_capital(p), clearing(p), paid_in);
	p->staked_capital = safe_add(f, p->staked_capital, increase);
}

/* Its own unstake goes on with RewardsReceived; governance's forceUnstake does not. */
void partnership_unstake_init(struct fold *f, const struct ledger_validator *v)
{
	struct ledger_partnership *p = owner_of(f, &v->owner, v->key.n);

	for (size_t i = f->at + 1; p && i < f->end; i++) {
		const struct item *it = &f->items[i];
		const struct partnership_row *r = it->op == OP_PARTNERSHIP ? row_of(f, it) : NULL;

		if (it->op == OP_CLAIM_REWARDS && log_topic_id(it->log, 1) == v->key.n)
			return;
		if (r && r->map->kind == PARTNERSHIP_REWARD_RECEIVED &&
			address_eq(&it->log->address, &p->key.a)) {
			p->phase = PHASE_UNSTAKING;
			return;
		}
	}
}

void partnership_unstaked(
	struct fold *f, uint64_t id, const struct address *user, struct u256 amount)
{
	struct ledger_partnership *p = owner_of(f, user, id);

	if (!p)
		return;
	p->phase = PHASE_CLOSED;
	p->free_capital = safe_add(f, p->free_capital, amount);
	post(f, POSTING_UNSTAKED, clearing(p), free_capital(p), amount);
	p->staked_capital = safe_sub(f, p->staked_capital, amount);
}

/* ---- what it gets and gives like any other account ------------------------------------------ */

void partnership_paid(struct fold *f, const struct address *to, struct u256 reward)
{
	flow_reward(f, to, reward);
	if (has_books(f->l, to))
		post(f, POSTING_RECEIVED, account_a(ACCOUNT_CLEARING, to), account_a(ACCOUNT_INCOME, to),
			reward);
}

void partnership_delegated(struct fold *f, const struct address *user, struct u256 amount)
{
	if (has_books(f->l, user))
		post(f, POSTING_DELEGATED, account_a(ACCOUNT_UNSOLICITED, user),
			account_a(ACCOUNT_CLEARING, user), amount);
}

void partnership_withdrawn(struct fold *f, const struct address *user, struct u256 amount)
{
	flow_principal(f, user, amount);
	if (has_books(f->l, user))
		post(f, POSTING_WITHDRAWN, account_a(ACCOUNT_CLEARING, user),
			account_a(ACCOUNT_UNSOLICITED, user), amount);
}

/* ---- setPartners: events do not fix the order ---------------------------------------------- */

void partnership_call(struct fold *f, const struct call_row *c)
{
	static const char set_partners[] = "setPartners(address[],uint256[])";
	struct bytes in = c->tx->input;
	struct ledger_partnership *p;
	uint64_t at, n;

	if (!c->contract || !c->contract->mapping || !c->function ||
		strcmp(c->function->signature, set_partners) || in.n < 4 + 64)
		return;
	in = (struct bytes){in.p + 4, in.n - 4};
	at = u64_of(u256_be(in.p));
	if (at > in.n || in.n - at < 32)
		return;
	n = u64_of(u256_be(in.p + at));
	at += 32;
	if (n > (in.n - at) / 32)
		return;
	p = edit_partnership(f->l, &c->tx->to);
	for (uint64_t i = 0; i < n; i++) {
		struct address who;

		memcpy(who.b, in.p + at + 32 * i + 12, sizeof(who.b));
		edit_person(f->l, &p->key.a, &who)->order = p->next_order++;
	}
}
