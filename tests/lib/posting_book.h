#ifndef POSTING_BOOK_H
#define POSTING_BOOK_H

/*
 * Accounts kept from postings alone, and what must hold of them at the end of every block: the trial
 * balance is zero, holders have the tokens that the token's transfers left them, and every account
 * has what the state says. posting_book_check names the first that has not.
 */
#include "ledger/ledger.h"
#include "ledger/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct posting_book {
	struct posted {
		char name[LEDGER_ACCOUNT_NAME_MAX];
		struct ledger_account of;
		struct u256 balance; /* two's complement */
	} *v;
	size_t n, cap;
	uint32_t *slots; /* index + 1 */
	size_t slot_count;
	size_t kinds[POSTING_KIND_COUNT];
	struct u256 credited; /* by checkpoints, from the reserve */
	struct u256 rewards_before;
	char trouble[400];
};

static inline size_t posting_book_hash(const char *name)
{
	size_t h = 1469598103934665603ull;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211ull;
	return h;
}

static inline void posting_book_index(struct posting_book *b)
{
	free(b->slots);
	b->slot_count = 4 * b->cap;
	b->slots = calloc(b->slot_count, sizeof(*b->slots));
	for (size_t i = 0; i < b->n; i++) {
		size_t s = posting_book_hash(b->v[i].name) % b->slot_count;

		while (b->slots[s])
			s = (s + 1) % b->slot_count;
		b->slots[s] = (uint32_t)i + 1;
	}
}

static inline struct posted *posting_book_find(
	struct posting_book *b, const struct ledger *l, const struct ledger_account *a)
{
	char name[LEDGER_ACCOUNT_NAME_MAX];
	size_t s;

	ledger_account_name(name, l, a);
	if (b->n + 1 >= b->cap) {
		b->cap = b->cap ? 2 * b->cap : 256;
		b->v = realloc(b->v, b->cap * sizeof(*b->v));
		posting_book_index(b);
	}
	for (s = posting_book_hash(name) % b->slot_count; b->slots[s]; s = (s + 1) % b->slot_count)
		if (!strcmp(b->v[b->slots[s] - 1].name, name))
			return &b->v[b->slots[s] - 1];
	b->slots[s] = (uint32_t)b->n + 1;
	b->v[b->n] = (struct posted){.of = *a};
	snprintf(b->v[b->n].name, sizeof(b->v[b->n].name), "%s", name);
	return &b->v[b->n++];
}

static inline struct u256 posting_book_of(
	struct posting_book *b, const struct ledger *l, struct ledger_account a)
{
	return posting_book_find(b, l, &a)->balance;
}

static inline void posting_book_add(struct posting_book *b, const struct ledger *l,
	const struct ledger_posting *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct posted *x = posting_book_find(b, l, &p[i].from);

		x->balance = u256_sub(x->balance, p[i].amount);
		x = posting_book_find(b, l, &p[i].to);
		x->balance = u256_add(x->balance, p[i].amount);
		b->kinds[p[i].kind]++;
		if (p[i].kind != POSTING_CREDITED && p[i].kind != POSTING_COMMISSION &&
			p[i].kind != POSTING_BONUS && p[i].kind != POSTING_DUST)
			continue;
		if (p[i].from.kind == ACCOUNT_RESERVE)
			b->credited = u256_add(b->credited, p[i].amount);
		if (p[i].to.kind == ACCOUNT_RESERVE)
			b->credited = u256_sub(b->credited, p[i].amount);
	}
}

static inline bool posting_book_differs(
	struct posting_book *b, const char *what, struct u256 account, struct u256 state)
{
	char x[U256_DEC_MAX + 1], y[U256_DEC_MAX + 1];

	if (!u256_cmp(account, state))
		return false;
	x[u256_dec(x, account)] = 0;
	y[u256_dec(y, state)] = 0;
	snprintf(b->trouble, sizeof(b->trouble), "%s has %s, expected %s", what, x, y);
	return true;
}

static inline bool posting_book_is(struct posting_book *b, const struct ledger *l,
	struct ledger_account a, struct u256 state)
{
	const struct posted *x = posting_book_find(b, l, &a);

	return !posting_book_differs(b, x->name, x->balance, state);
}

static inline struct u256 posting_book_sum(
	const struct posting_book *b, const char *prefix, enum ledger_account_kind kind)
{
	struct u256 sum = U256_ZERO;
	size_t n = strlen(prefix);

	for (size_t i = 0; i < b->n; i++)
		if (!strncmp(b->v[i].name, prefix, n) && (!kind || b->v[i].of.kind == kind))
			sum = u256_add(sum, b->v[i].balance);
	return sum;
}

static inline struct u256 posting_book_less_one(const struct ledger_validator *v, struct u256 r)
{
	bool nobody = !v->key.n || v->key.n == LEDGER_SINK; /* begin with 0 and not with 1 */

	return nobody || u256_is_zero(r) ? r : u256_sub(r, u256_u64(1));
}

static inline bool posting_book_validator(
	struct posting_book *b, const struct ledger *l, const struct ledger_validator *v)
{
	static const enum ledger_account_kind kinds[] = {ACCOUNT_STAKE, ACCOUNT_BID, ACCOUNT_REWARD,
		ACCOUNT_DELEGATORS_REWARD, ACCOUNT_ACCRUED, ACCOUNT_DELEGATORS_ACCRUED};
	struct u256 want[6] = {v->amount, v->auction_amount, posting_book_less_one(v, v->reward),
		posting_book_less_one(v, v->delegators_reward)};

	if (!view_pending(&want[4], &want[5], v, ledger_global(l)->reward_per_stake))
		return true;
	if (!v->key.n || v->key.n == LEDGER_SINK || v->deactivation_epoch)
		want[4] = want[5] = U256_ZERO;
	for (unsigned i = 0; i < 6; i++)
		if (!posting_book_is(b, l, (struct ledger_account){kinds[i], v->key}, want[i]))
			return false;
	return true;
}

static inline bool posting_book_share(
	struct posting_book *b, const struct ledger *l, const struct ledger_share *s)
{
	struct ledger_account pool = {ACCOUNT_SHARE_REWARD, {.a = s->key.a}};
	struct u256 delegated = U256_ZERO, unbonding = U256_ZERO, due = U256_ZERO, reward;

	for (size_t i = 0; i < b->n; i++) {
		if (!address_eq(&b->v[i].of.key.a, &s->key.a))
			continue;
		if (b->v[i].of.kind == ACCOUNT_DELEGATION)
			delegated = u256_add(delegated, b->v[i].balance);
		if (b->v[i].of.kind == ACCOUNT_UNBONDING)
			unbonding = u256_add(unbonding, b->v[i].balance);
	}
	for (size_t i = 0; i < ledger_count(l, LEDGER_POSITION); i++) {
		const struct ledger_position *p = ledger_at(l, LEDGER_POSITION, i);

		if (address_eq(&p->key.a, &s->key.a) && view_liquid_rewards(&reward, p, s->reward_per_share))
			due = u256_add(due, reward);
	}
	if (posting_book_differs(b, "delegations of a share contract", delegated, s->active_amount) ||
		posting_book_differs(b, "unbonds of a share contract", unbonding, s->withdraw_pool))
		return false;
	if (u256_cmp(posting_book_of(b, l, pool), due) >= 0)
		return true;
	posting_book_differs(b, "share_reward below what is due", posting_book_of(b, l, pool), due);
	return false;
}

static inline bool posting_book_partnership(
	struct posting_book *b, const struct ledger *l, const struct ledger_partnership *p)
{
	struct ledger_account a = {ACCOUNT_FREE_CAPITAL, {.a = p->key.a}};
	char prefix[LEDGER_ACCOUNT_NAME_MAX];

	if (p->phase == PHASE_INFERRED)
		return true;
	if (!posting_book_is(b, l, a, p->free_capital))
		return false;
	ledger_account_name(prefix, l, &a);
	*(strrchr(prefix, '/') + 1) = 0;
	return !posting_book_differs(
		b, prefix, posting_book_sum(b, prefix, 0), ledger_balance(l, &p->key.a));
}

static inline bool posting_book_person(
	struct posting_book *b, const struct ledger *l, const struct ledger_person *w)
{
	if (ledger_partnership(l, &w->key.a)->phase == PHASE_INFERRED)
		return true;
	return posting_book_is(b, l, (struct ledger_account){ACCOUNT_CLAIMABLE, w->key}, w->claimable) &&
	       posting_book_is(b, l, (struct ledger_account){ACCOUNT_CONTRIBUTED, w->key}, w->contributed);
}

static inline bool posting_book_each(
	struct posting_book *b, const struct ledger *l, enum ledger_kind kind)
{
	for (size_t i = 0; i < ledger_count(l, kind); i++) {
		const void *x = ledger_at(l, kind, i);
		bool ok = kind == LEDGER_VALIDATOR     ? posting_book_validator(b, l, x)
			  : kind == LEDGER_SHARE       ? posting_book_share(b, l, x)
			  : kind == LEDGER_PARTNERSHIP ? posting_book_partnership(b, l, x)
						       : posting_book_person(b, l, x);

		if (!ok)
			return false;
	}
	return true;
}

/** False: b->trouble says which account. */
static inline bool posting_book_check(struct posting_book *b, const struct ledger *l)
{
	struct ledger_account fee = {ACCOUNT_FEE, {0}};
	const struct ledger_global *g = ledger_global(l);

	return !posting_book_differs(b, "the trial balance", posting_book_sum(b, "", 0), U256_ZERO) &&
	       !posting_book_differs(b, "clearing", posting_book_sum(b, "", ACCOUNT_CLEARING), U256_ZERO) &&
	       !posting_book_differs(b, "stake_manager/", posting_book_sum(b, "stake_manager/", 0),
		       ledger_balance(l, ledger_stake_manager(l))) &&
	       !posting_book_differs(b, "credited by checkpoints", b->credited,
		       u256_sub(g->total_rewards, b->rewards_before)) &&
	       posting_book_is(b, l, fee, g->total_heimdall_fee) &&
	       posting_book_each(b, l, LEDGER_VALIDATOR) && posting_book_each(b, l, LEDGER_SHARE) &&
	       posting_book_each(b, l, LEDGER_PARTNERSHIP) && posting_book_each(b, l, LEDGER_PERSON);
}

/** Begin with what the state in hand has. */
static inline void posting_book_open(struct posting_book *b, const struct ledger *l, struct arena *mem)
{
	const struct ledger_posting *p;
	size_t n;

	*b = (struct posting_book){.rewards_before = ledger_global(l)->total_rewards};
	ledger_opening(l, mem, &p, &n);
	posting_book_add(b, l, p, n);
}

static inline void posting_book_free(struct posting_book *b)
{
	free(b->v);
	free(b->slots);
	*b = (struct posting_book){0};
}

#endif
