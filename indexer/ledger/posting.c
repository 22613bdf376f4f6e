/*
 * Double entry: every unit that moves, from which account to which, and why.
 *
 * The token says who paid whom, the staking contracts say for what, in logs of their own before or
 * after it. Both are posted where they are logged; between them stands an account of the holder,
 * clearing, that must be empty when the transaction ends. What is left on it is what no event
 * explains: money that came unasked, or money that left.
 *
 * Postings take no part in the state: nothing here changes it.
 */
#include "ledger/state.h"
#include "ledger/view.h"

#include "base/hex.h"

#include <stdio.h>

static const char *const posting_names[POSTING_KIND_COUNT] = {
	[POSTING_OPENING] = "opening",
	[POSTING_TRANSFER] = "transfer",
	[POSTING_CREDITED] = "credited",
	[POSTING_COMMISSION] = "commission",
	[POSTING_BONUS] = "proposer_bonus",
	[POSTING_DUST] = "dust",
	[POSTING_SETTLED] = "settled",
	[POSTING_SHARED_OUT] = "shared_out",
	[POSTING_CLAIMED] = "claimed",
	[POSTING_RESTAKED] = "restaked",
	[POSTING_STAKED] = "staked",
	[POSTING_UNSTAKED] = "unstaked",
	[POSTING_DELEGATED] = "delegated",
	[POSTING_UNBONDED] = "unbonded",
	[POSTING_WITHDRAWN] = "withdrawn",
	[POSTING_MIGRATED] = "migrated",
	[POSTING_SHARE_TRANSFER] = "share_transfer",
	[POSTING_FEE] = "fee",
	[POSTING_FEE_CLAIMED] = "fee_claimed",
	[POSTING_BID] = "bid",
	[POSTING_BID_REFUNDED] = "bid_refunded",
	[POSTING_RECEIVED] = "received",
	[POSTING_ALLOCATED] = "allocated",
	[POSTING_PAID] = "paid",
	[POSTING_CONTRIBUTED] = "contributed",
	[POSTING_RETURNED] = "returned",
	[POSTING_UNSOLICITED] = "unsolicited",
	[POSTING_DRAINED] = "drained",
	[POSTING_UNEXPLAINED] = "unexplained",
	[POSTING_UNSEEN] = "unseen",
	[POSTING_ADJUSTED] = "adjusted",
};

const char *ledger_posting_name(enum ledger_posting_kind kind)
{
	return (unsigned)kind < POSTING_KIND_COUNT && posting_names[kind] ? posting_names[kind] : "unknown";
}

/* ---- names --------------------------------------------------------------------------------- */

enum parts { PART_NONE, PART_N, PART_A, PART_AB };

/* HOLDER/NAME/KEY; a partnership's own address belongs to HOLDER. */
static const struct {
	const char *holder, *name;
	enum parts parts;
} accounts[ACCOUNT_KIND_COUNT] = {
	[ACCOUNT_OPENING] = {"", "opening", PART_NONE},
	[ACCOUNT_WALLET] = {"", "wallet", PART_A},
	[ACCOUNT_CLEARING] = {"partnership/", "clearing", PART_A},
	[ACCOUNT_RESERVE] = {"stake_manager/", "reserve", PART_NONE},
	[ACCOUNT_DUST] = {"stake_manager/", "dust", PART_NONE},
	[ACCOUNT_FEE] = {"stake_manager/", "fee", PART_NONE},
	[ACCOUNT_STAKE] = {"stake_manager/", "stake", PART_N},
	[ACCOUNT_BID] = {"stake_manager/", "bid", PART_N},
	[ACCOUNT_ACCRUED] = {"stake_manager/", "accrued", PART_N},
	[ACCOUNT_REWARD] = {"stake_manager/", "reward", PART_N},
	[ACCOUNT_DELEGATORS_ACCRUED] = {"stake_manager/", "delegators_accrued", PART_N},
	[ACCOUNT_DELEGATORS_REWARD] = {"stake_manager/", "delegators_reward", PART_N},
	[ACCOUNT_SHARE_REWARD] = {"stake_manager/", "share_reward", PART_A},
	[ACCOUNT_DELEGATION] = {"stake_manager/", "delegation", PART_AB},
	[ACCOUNT_UNBONDING] = {"stake_manager/", "unbonding", PART_AB},
	[ACCOUNT_FREE_CAPITAL] = {"partnership/", "free_capital", PART_A},
	[ACCOUNT_INCOME] = {"partnership/", "income", PART_A},
	[ACCOUNT_CLAIMABLE] = {"partnership/", "claimable", PART_AB},
	[ACCOUNT_UNSOLICITED] = {"partnership/", "unsolicited", PART_A},
	[ACCOUNT_ENTRUSTED] = {"", "entrusted", PART_A},
	[ACCOUNT_CONTRIBUTED] = {"", "contributed", PART_AB},
};

static char *put(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

static char *put_address(char *p, const struct address *a)
{
	p = put(p, "0x");
	hex_encode(p, a->b, sizeof(a->b));
	return p + 2 * sizeof(a->b);
}

static char *put_id(char *p, uint64_t id)
{
	if (id == LEDGER_SINK)
		return put(p, "retired");
	return p + snprintf(p, 24, "%llu", (unsigned long long)id);
}

size_t ledger_account_name(
	char out[LEDGER_ACCOUNT_NAME_MAX], const struct ledger *l, const struct ledger_account *a)
{
	const char *holder = accounts[a->kind].holder;
	enum parts parts = accounts[a->kind].parts;
	char *p = out;

	if (holder[0] == 'p' && address_eq(&a->key.a, ledger_stake_manager(l))) {
		p = put(p, "stake_manager/");
		parts = PART_NONE;
	} else if (holder[0] == 'p') {
		p = put_address(put(p, holder), &a->key.a);
		*p++ = '/';
	} else {
		p = put(p, holder);
	}
	p = put(p, accounts[a->kind].name);
	if (parts == PART_N)
		p = put_id(put(p, "/"), a->key.n);
	if ((parts == PART_A || parts == PART_AB) && holder[0] != 'p')
		p = put_address(put(p, "/"), &a->key.a);
	if (parts == PART_AB)
		p = put_address(put(p, "/"), &a->key.b);
	*p = 0;
	return (size_t)(p - out);
}

/* ---- posting ------------------------------------------------------------------------------- */

static bool same(const struct ledger_account *a, const struct ledger_account *b)
{
	return a->kind == b->kind && a->key.n == b->key.n && address_eq(&a->key.a, &b->key.a) &&
	       address_eq(&a->key.b, &b->key.b);
}

static struct clearing *clearing_of(struct fold *f, const struct address *holder)
{
	for (size_t i = 0; i < f->clearing_count; i++)
		if (address_eq(&f->clearing[i].holder, holder))
			return &f->clearing[i];
	arena_grow(f->mem, &f->clearing, &f->clearing_cap, f->clearing_count + 1, sizeof(*f->clearing));
	f->clearing[f->clearing_count] = (struct clearing){.holder = *holder};
	return &f->clearing[f->clearing_count++];
}

static void append(struct fold *f, const struct ledger_posting *p)
{
	arena_grow(f->mem, &f->postings, &f->posting_cap, f->posting_count + 1, sizeof(*p));
	f->postings[f->posting_count++] = *p;
}

void post(struct fold *f, enum ledger_posting_kind kind, struct ledger_account from,
	struct ledger_account to, struct u256 amount)
{
	struct ledger_posting p = {.kind = kind, .from = from, .to = to, .amount = amount};

	if (u256_is_zero(amount) || same(&from, &to))
		return;
	if (f->call) {
		p.tx_hash = f->call->hash;
		p.log_index = UINT32_MAX;
	} else {
		p.tx_hash = f->items[f->at].log->tx_hash;
		p.log_index = f->items[f->at].log->log_index;
	}
	if (from.kind == ACCOUNT_CLEARING) {
		struct clearing *c = clearing_of(f, &from.key.a);

		c->balance = u256_sub(c->balance, amount);
	}
	if (to.kind == ACCOUNT_CLEARING) {
		struct clearing *c = clearing_of(f, &to.key.a);

		c->balance = u256_add(c->balance, amount);
	}
	append(f, &p);
}

static struct ledger_account clearing(const struct fold *f)
{
	return account_a(ACCOUNT_CLEARING, ledger_stake_manager(f->l));
}

void post_out(struct fold *f, enum ledger_posting_kind kind, struct ledger_account to, struct u256 amount)
{
	post(f, kind, clearing(f), to, amount);
}

void post_in(struct fold *f, enum ledger_posting_kind kind, struct ledger_account from, struct u256 amount)
{
	post(f, kind, from, clearing(f), amount);
}

void post_adjusted(struct fold *f, struct ledger_account a, struct u256 before, struct u256 after)
{
	struct ledger_account reserve = account_n(ACCOUNT_RESERVE, 0);

	if (u256_cmp(before, after) < 0)
		post(f, POSTING_ADJUSTED, reserve, a, u256_sub(after, before));
	else
		post(f, POSTING_ADJUSTED, a, reserve, u256_sub(before, after));
}

static bool is_holder(const struct fold *f, const struct address *a)
{
	return address_eq(a, ledger_stake_manager(f->l)) || has_books(f->l, a);
}

void post_transfer(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount)
{
	post(f, POSTING_TRANSFER,
		account_a(is_holder(f, from) ? ACCOUNT_CLEARING : ACCOUNT_WALLET, from),
		account_a(is_holder(f, to) ? ACCOUNT_CLEARING : ACCOUNT_WALLET, to), amount);
}

void post_adopt(struct fold *f, const struct address *partnership)
{
	post(f, POSTING_UNSOLICITED, account_a(ACCOUNT_WALLET, partnership),
		account_a(ACCOUNT_CLEARING, partnership), ledger_balance(f->l, partnership));
}

/* ---- the end of a transaction -------------------------------------------------------------- */

static bool is_negative(struct u256 v)
{
	return v.w[3] >> 63;
}

/* Tokens left that no event accounts for. Where another check of the transaction failed, that is why. */
static void close_outflow(struct fold *f, const struct clearing *c, struct ledger_account rest)
{
	bool manager = rest.kind == ACCOUNT_RESERVE;
	struct u256 missing = u256_sub(U256_ZERO, c->balance);
	struct finding_at at = {FINDING_OUTFLOW, key_a(&c->holder), f->items[f->at].log};
	struct ledger_account clear = account_a(ACCOUNT_CLEARING, &c->holder);

	if (manager && f->drained) {
		post(f, POSTING_DRAINED, rest, clear, missing);
	} else if (!manager && u256_cmp(missing, f->fees) <= 0) {
		post(f, POSTING_FEE, rest, clear, missing);
	} else if (!manager && f->l->partial_token) {
		post(f, POSTING_UNSEEN, rest, clear, missing);
	} else {
		post(f, POSTING_UNEXPLAINED, rest, clear, missing);
		if (f->finding_count == f->findings_before)
			check_fail(f, &at, U256_ZERO, missing);
	}
}

void post_end_tx(struct fold *f)
{
	for (size_t i = 0; i < f->clearing_count; i++) {
		struct clearing c = f->clearing[i];
		struct ledger_account rest = account_a(ACCOUNT_UNSOLICITED, &c.holder);

		if (address_eq(&c.holder, ledger_stake_manager(f->l)))
			rest = account_n(ACCOUNT_RESERVE, 0);
		if (is_negative(c.balance))
			close_outflow(f, &c, rest);
		else
			post(f, POSTING_UNSOLICITED, account_a(ACCOUNT_CLEARING, &c.holder), rest, c.balance);
	}
	f->findings_before = f->finding_count;
	f->clearing_count = 0;
	f->fees = U256_ZERO;
	f->drained = false;
}

/* ---- the opening --------------------------------------------------------------------------- */

struct opening {
	struct fold f; /* only l, mem and postings are used */
	struct u256 manager;                  /* in accounts of the StakeManager so far */
	const struct ledger_partnership *in; /* the partnership in hand */
	struct u256 held;                     /* in its accounts so far */
};

static void open_account(struct opening *o, struct ledger_account a, struct u256 amount)
{
	struct ledger_posting p = {.kind = POSTING_OPENING, .amount = amount, .log_index = UINT32_MAX};
	struct ledger_account opening = account_n(ACCOUNT_OPENING, 0);

	if (u256_is_zero(amount))
		return;
	p.from = is_negative(amount) ? a : opening;
	p.to = is_negative(amount) ? opening : a;
	p.amount = is_negative(amount) ? u256_sub(U256_ZERO, amount) : amount;
	append(&o->f, &p);
}

static void open_manager(struct opening *o, struct ledger_account a, struct u256 amount)
{
	open_account(o, a, amount);
	o->manager = u256_add(o->manager, amount);
}

static void open_held(struct opening *o, struct ledger_account a, struct u256 amount)
{
	open_account(o, a, amount);
	o->held = u256_add(o->held, amount);
}

static struct u256 above_one(struct u256 v)
{
	return u256_is_zero(v) ? v : u256_sub(v, u256_u64(1));
}

static void open_validator(struct opening *o, const struct ledger_validator *v)
{
	bool nobody = !v->key.n || v->key.n == LEDGER_SINK; /* begin with 0 and not with 1 */
	struct u256 own, delegators;

	open_manager(o, account_n(ACCOUNT_STAKE, v->key.n), v->amount);
	open_manager(o, account_n(ACCOUNT_BID, v->key.n), v->auction_amount);
	open_manager(o, account_n(ACCOUNT_REWARD, v->key.n), nobody ? v->reward : above_one(v->reward));
	open_manager(o, account_n(ACCOUNT_DELEGATORS_REWARD, v->key.n), above_one(v->delegators_reward));
	if (nobody || !view_pending(&own, &delegators, v, ledger_global(o->f.l)->reward_per_stake))
		return;
	open_manager(o, account_n(ACCOUNT_ACCRUED, v->key.n), own);
	open_manager(o, account_n(ACCOUNT_DELEGATORS_ACCRUED, v->key.n), delegators);
}

static void open_position(struct opening *o, const struct ledger_position *p)
{
	const struct ledger_share *s = ledger_share(o->f.l, &p->key.a);
	const struct ledger_validator *v = ledger_validator(o->f.l, p->validator_id);
	struct u256 rate, stake, reward;

	if (!s || !v)
		return;
	if (view_exchange_rate(&rate, s, v) && view_total_stake(&stake, p, rate))
		open_manager(o, account_ab(ACCOUNT_DELEGATION, &p->key.a, &p->key.b), stake);
	if (view_liquid_rewards(&reward, p, s->reward_per_share))
		open_manager(o, account_a(ACCOUNT_SHARE_REWARD, &p->key.a), reward);
}

static void open_unbond(struct opening *o, const struct ledger_unbond *u)
{
	const struct ledger_share *s = ledger_share(o->f.l, &u->key.a);
	struct u256 rate, product, amount;

	if (s && view_withdraw_exchange_rate(&rate, s) && u256_mul_ok(&product, rate, u->shares) &&
		u256_div(&amount, NULL, product, view_rate_precision(s->validator_id)))
		open_manager(o, account_ab(ACCOUNT_UNBONDING, &u->key.a, &u->key.b), amount);
}

static void open_person(struct opening *o, const struct ledger_person *w)
{
	open_held(o, account_ab(ACCOUNT_CLAIMABLE, &w->key.a, &w->key.b), w->claimable);
}

static void open_partnership(struct opening *o, const struct ledger_partnership *p)
{
	struct u256 balance = ledger_balance(o->f.l, &p->key.a), claims = U256_ZERO;

	if (p->phase == PHASE_INFERRED)
		return;
	o->held = U256_ZERO;
	open_held(o, account_a(ACCOUNT_FREE_CAPITAL, &p->key.a), p->free_capital);
	for (size_t i = 0; i < ledger_count(o->f.l, LEDGER_PERSON); i++) {
		const struct ledger_person *w = ledger_at(o->f.l, LEDGER_PERSON, i);

		if (!address_eq(&w->key.a, &p->key.a))
			continue;
		open_person(o, w);
		open_account(o, account_ab(ACCOUNT_CONTRIBUTED, &w->key.a, &w->key.b), w->contributed);
		claims = u256_add(claims, w->contributed);
	}
	open_account(o, account_a(ACCOUNT_ENTRUSTED, &p->key.a), u256_sub(U256_ZERO, claims));
	open_account(o, account_a(ACCOUNT_UNSOLICITED, &p->key.a), u256_sub(balance, o->held));
}

static void open_wallet(struct opening *o, const struct ledger_balance *b)
{
	const struct address *manager = ledger_stake_manager(o->f.l);

	if (address_eq(&b->key.a, manager))
		open_account(o, account_n(ACCOUNT_RESERVE, 0), u256_sub(b->amount, o->manager));
	else if (!has_books(o->f.l, &b->key.a))
		open_account(o, account_a(ACCOUNT_WALLET, &b->key.a), b->amount);
}

static void each(struct opening *o, enum ledger_kind kind)
{
	for (size_t i = 0; i < ledger_count(o->f.l, kind); i++) {
		const void *x = ledger_at(o->f.l, kind, i);

		switch ((unsigned)kind) {
		case LEDGER_VALIDATOR: open_validator(o, x); break;
		case LEDGER_POSITION: open_position(o, x); break;
		case LEDGER_UNBOND: open_unbond(o, x); break;
		case LEDGER_PARTNERSHIP: open_partnership(o, x); break;
		case LEDGER_BALANCE: open_wallet(o, x); break;
		default: break;
		}
	}
}

void ledger_opening(
	const struct ledger *l, struct arena *mem, const struct ledger_posting **out, size_t *count)
{
	struct opening o = {.f = {.mem = mem}};
	struct ledger *not_changed = (struct ledger *)(uintptr_t)l;

	o.f.l = not_changed;
	open_manager(&o, account_n(ACCOUNT_FEE, 0), ledger_global(l)->total_heimdall_fee);
	each(&o, LEDGER_VALIDATOR);
	each(&o, LEDGER_POSITION);
	each(&o, LEDGER_UNBOND);
	each(&o, LEDGER_PARTNERSHIP);
	each(&o, LEDGER_BALANCE);
	if (!ledger_record(l, LEDGER_BALANCE, &(struct ledger_key){.a = *ledger_stake_manager(l)}))
		open_account(&o, account_n(ACCOUNT_RESERVE, 0), u256_sub(U256_ZERO, o.manager));
	*out = o.f.postings;
	*count = o.f.posting_count;
}
