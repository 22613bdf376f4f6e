/*
 * Partnerships seen from outside: what the token's transfers and the staking events say about an
 * account, whatever its own events are. Kept for every partnership; of one of which nothing else is
 * known (phase inferred) it is all there is, and whoever pays in or is paid counts as a partner.
 *
 * Where a contract's own events are known, they are compared with this, transaction by transaction,
 * in what both can know: no more reward was received than staking paid, no more was deposited than
 * came in, and what went out is what was claimed or returned.
 */
#include "ledger/state.h"

/** What the contract's events and the outside say of one transaction. */
struct flow_said {
	struct address partnership;
	struct u256 reward, in, out;             /* by its events */
	struct u256 paid_reward, came, went, put; /* seen; put: paid to the StakeManager */
};

static bool is_manager(const struct fold *f, const struct address *a)
{
	return address_eq(a, ledger_stake_manager(f->l));
}

static bool is_nobody(const struct address *a)
{
	static const struct address nobody;

	return address_eq(a, &nobody);
}

static struct ledger_flow *edit_flow(struct fold *f, const struct address *a)
{
	struct ledger_key key = key_a(a);

	return state_edit(f->l, LEDGER_FLOW, &key);
}

static struct flow_said *said_of(struct fold *f, const struct address *a)
{
	for (size_t i = 0; i < f->said_count; i++)
		if (address_eq(&f->said[i].partnership, a))
			return &f->said[i];
	arena_grow(f->mem, &f->said, &f->said_cap, f->said_count + 1, sizeof(*f->said));
	f->said[f->said_count] = (struct flow_said){.partnership = *a};
	return &f->said[f->said_count++];
}

static struct ledger_partnership *inferred(struct fold *f, const struct address *a)
{
	const struct ledger_partnership *p = ledger_partnership(f->l, a);

	return p && p->phase == PHASE_INFERRED ? edit_partnership(f->l, a) : NULL;
}

/* ---- who is one ---------------------------------------------------------------------------- */

/* A contract that a rule of the network found with this log's block, or that its file names. */
static bool is_candidate(const struct fold *f, const struct address *a)
{
	for (size_t i = 0; i < f->b->found_count; i++) {
		const struct discovery *d = &f->b->found[i];
		const struct contract *c = network_template(f->l->chain, d->contract);

		if (c && c->mapping && address_eq(&d->address, a))
			return true;
	}
	return false;
}

void flow_owner(struct fold *f, uint64_t id, const struct address *owner)
{
	struct ledger_partnership *p;

	if (is_nobody(owner))
		return;
	if (!ledger_partnership(f->l, owner) && is_candidate(f, owner))
		edit_partnership(f->l, owner)->phase = PHASE_INFERRED;
	if ((p = inferred(f, owner)) && !p->validator_id)
		p->validator_id = id;
	if (ledger_partnership(f->l, owner))
		edit_flow(f, owner)->validator_id = id;
}

void flow_adopt(struct fold *f, struct ledger_partnership *p)
{
	p->phase = PHASE_NONE;
	p->validator_id = 0;
	p->partner_count = 0;
	p->total_received = p->staked_capital = U256_ZERO;
	for (size_t i = 0; i < ledger_count(f->l, LEDGER_PERSON); i++) {
		const struct ledger_person *w = ledger_at(f->l, LEDGER_PERSON, i);
		struct ledger_person *x;

		if (!address_eq(&w->key.a, &p->key.a))
			continue;
		x = edit_person(f->l, &w->key.a, &w->key.b);
		x->contributed = x->claimed = U256_ZERO;
		x->active = x->order = 0;
	}
}

/* ---- transfers ----------------------------------------------------------------------------- */

static void person_paid_in(struct fold *f, struct ledger_partnership *p, const struct address *who,
	struct u256 amount)
{
	struct ledger_person *w;

	if (!p || is_nobody(who) || address_eq(who, &p->key.a))
		return;
	w = edit_person(f->l, &p->key.a, who);
	p->partner_count += !w->active;
	w->active = 1;
	w->contributed = u256_add(w->contributed, amount);
	entry_partner(f, ENTRY_CONTRIBUTION, p, w, amount);
}

/* Whoever is paid once may be a shop; twice is a habit. order: how often. */
static void person_paid(struct fold *f, struct ledger_partnership *p, const struct address *who,
	struct u256 amount)
{
	struct ledger_person *w;

	if (!p || is_nobody(who) || address_eq(who, &p->key.a))
		return;
	w = edit_person(f->l, &p->key.a, who);
	w->order++;
	p->partner_count += !w->active && w->order > 1;
	w->active |= w->order > 1;
	w->claimed = u256_add(w->claimed, amount);
	entry_partner(f, ENTRY_PAYOUT, p, w, amount)->recipient = *who;
}

void flow_transfer(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount)
{
	struct ledger_flow *x;

	if (ledger_partnership(f->l, from)) {
		x = edit_flow(f, from);
		if (is_manager(f, to)) {
			x->to_manager = u256_add(x->to_manager, amount);
			said_of(f, from)->put = u256_add(said_of(f, from)->put, amount);
		} else {
			x->paid_out = u256_add(x->paid_out, amount);
			said_of(f, from)->went = u256_add(said_of(f, from)->went, amount);
			person_paid(f, inferred(f, from), to, amount);
		}
	}
	if (ledger_partnership(f->l, to)) {
		x = edit_flow(f, to);
		if (is_manager(f, from)) {
			x->from_manager = u256_add(x->from_manager, amount);
		} else {
			x->paid_in = u256_add(x->paid_in, amount);
			said_of(f, to)->came = u256_add(said_of(f, to)->came, amount);
			person_paid_in(f, inferred(f, to), from, amount);
		}
	}
}

/* ---- staking events ------------------------------------------------------------------------ */

void flow_reward(struct fold *f, const struct address *to, struct u256 amount)
{
	struct ledger_partnership *p = inferred(f, to);
	struct ledger_flow *x;

	if (!ledger_partnership(f->l, to) || u256_is_zero(amount))
		return;
	x = edit_flow(f, to);
	x->rewards = u256_add(x->rewards, amount);
	said_of(f, to)->paid_reward = u256_add(said_of(f, to)->paid_reward, amount);
	if (p)
		p->total_received = u256_add(p->total_received, amount);
}

void flow_principal(struct fold *f, const struct address *to, struct u256 amount)
{
	struct ledger_flow *x;

	if (!ledger_partnership(f->l, to) || u256_is_zero(amount))
		return;
	x = edit_flow(f, to);
	x->principal = u256_add(x->principal, amount);
}

void flow_own_stake(struct fold *f, const struct address *owner, const struct ledger_validator *v)
{
	struct ledger_partnership *p = inferred(f, owner);

	if (p && p->validator_id == v->key.n)
		p->staked_capital = v->amount;
}

/* ---- both sides ---------------------------------------------------------------------------- */

void flow_say(struct fold *f, enum flow_side side, const struct address *partnership, struct u256 amount)
{
	struct flow_said *s = said_of(f, partnership);
	struct u256 *of = side == FLOW_REWARD ? &s->reward : side == FLOW_IN ? &s->in : &s->out;

	*of = u256_add(*of, amount);
}

static void differ(struct fold *f, const struct flow_said *s, struct u256 by_events, struct u256 seen)
{
	struct finding_at at = {
		FINDING_PARTNERSHIP_FLOW, key_a(&s->partnership), f->items[f->at].log};

	check_fail(f, &at, by_events, seen);
}

static void compare(struct fold *f, const struct flow_said *s)
{
	const struct ledger_partnership *p = ledger_partnership(f->l, &s->partnership);

	if (!p || p->phase == PHASE_INFERRED)
		return;
	if (u256_cmp(s->reward, s->paid_reward) > 0)
		differ(f, s, s->reward, s->paid_reward);
	else if (u256_cmp(s->in, s->came) > 0)
		differ(f, s, s->in, s->came);
	else if (u256_cmp(s->out, s->went) < 0 || u256_cmp(s->out, u256_add(s->went, s->put)) > 0)
		differ(f, s, s->out, s->went);
}

void flow_end_tx(struct fold *f, size_t findings_before)
{
	for (size_t i = 0; i < f->said_count && f->finding_count == findings_before; i++)
		compare(f, &f->said[i]);
	f->said_count = 0;
}
