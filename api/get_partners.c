/* /v1/partnerships, /v1/partners and one of each: who holds which part, what is owed and what was paid. */
#include "api/route.h"
#include "api/state.h"

#include <string.h>

/* -------- partnerships -------- */

static void ask_partnership(struct state *s)
{
	state_each(s, LEDGER_PARTNERSHIP, "SELECT k FROM keys", "y.address = j.k");
	state_each(s, LEDGER_BALANCE, "SELECT k FROM keys", "y.account = j.k");
	state_each(s, LEDGER_PERSON,
		STATE_CREATED("person", "z.partnership, z.account", "z.partnership = k"),
		"y.partnership = j.partnership AND y.account = j.account");
}

static bool is_partnership(const struct state *s, const struct state_key *k)
{
	return state_find(s, LEDGER_PARTNERSHIP, 0, &k->a);
}

/* Present ones first, then past ones, in address order. */
static int by_presence(const void *a, const void *b)
{
	const struct ledger_person *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->active != y->active)
		return x->active ? -1 : 1;
	return memcmp(x->key.b.b, y->key.b.b, sizeof(x->key.b.b));
}

static void sort_people(struct state *s)
{
	state_sort(s, LEDGER_PERSON, by_presence);
}

/* Of an inferred partnership: the part of all payouts that one got; what is owed nobody knows. */
static void share_cell(struct cells *out, bool known, const struct ledger_person *x, struct u256 paid)
{
	struct u256 part;

	if (known)
		state_u64(out, "share_bps", x->share_bps);
	else if (u256_mul_ok(&part, x->claimed, u256_u64(10000)) && u256_div(&part, NULL, part, paid))
		state_small(out, "share_bps", part);
	else
		cell_null(out, "share_bps");
}

static void person(const struct state *s, struct cells *out, const struct ledger_person *x, bool known,
	struct u256 paid)
{
	cells_begin(out);
	state_address_cell(s, out, "address", &x->key.b);
	share_cell(out, known, x, paid);
	cell_bool(out, "active", x->active);
	state_view(out, "claimable", known, x->claimable);
	state_u256(out, "claimed", x->claimed);
	state_u256(out, "contributed", x->contributed);
	state_view(out, "earned", known, u256_add(x->allocated, x->restaked));
	cells_end(out);
}

static void people(
	const struct state *s, struct cells *out, const struct ledger_partnership *p, const struct address *a)
{
	struct u256 paid = U256_ZERO;
	struct cells *in;

	for (size_t i = 0; i < state_count(s, LEDGER_PERSON); i++) {
		const struct ledger_person *x = state_at(s, LEDGER_PERSON, i);

		if (address_eq(&x->key.a, a))
			paid = u256_add(paid, x->claimed);
	}
	in = state_inner(s, true);
	for (size_t i = 0; i < state_count(s, LEDGER_PERSON); i++) {
		const struct ledger_person *x = state_at(s, LEDGER_PERSON, i);

		if (address_eq(&x->key.a, a))
			person(s, in, x, p->phase != PHASE_INFERRED, paid);
	}
	state_inner_end(s, out, "partners");
}

static void validator_cell(struct cells *out, uint64_t id)
{
	if (id)
		state_u64(out, "validator_id", id);
	else
		cell_null(out, "validator_id");
}

static void partnership_row(const struct state *s, const struct state_key *k, struct cells *out)
{
	static const struct ledger_partnership none;
	const struct ledger_partnership *p = state_find(s, LEDGER_PARTNERSHIP, 0, &k->a);
	const struct ledger_balance *b = state_find(s, LEDGER_BALANCE, 0, &k->a);
	bool known;

	if (!p)
		p = &none; /* names of columns */
	known = p->phase != PHASE_INFERRED;
	state_address_cell(s, out, "address", &k->a);
	validator_cell(out, p->validator_id);
	cell_str(out, "source", known ? "abi" : "inferred");
	if (known)
		state_u64(out, "phase", p->phase);
	else
		cell_null(out, "phase");
	if (known)
		cell_bool(out, "paused", p->paused);
	else
		cell_null(out, "paused");
	state_address_cell(s, out, "admin", &p->admin);
	state_address_cell(s, out, "operator", &p->operator_);
	state_address_cell(s, out, "dust_partner", &p->dust_partner);
	state_u256(out, "total_received", p->total_received);
	state_view(out, "free_capital", known, p->free_capital);
	state_u256(out, "staked_capital", p->staked_capital);
	state_u256(out, "token_balance", b ? b->amount : U256_ZERO);
	people(s, out, p, &k->a);
}

static const struct state_kind PARTNERSHIPS = {
	.by_address = true,
	.table = "partnership",
	.column = "address",
	.ask = ask_partnership,
	.sort = sort_people,
	.there = is_partnership,
	.absent = "this address is no partnership",
	.row = partnership_row,
};

void get_partnerships(struct call *c)
{
	state_list(c, &PARTNERSHIPS);
}

void get_partnership(struct call *c)
{
	struct state_key k;

	if (state_address(c, &k))
		state_one(c, &PARTNERSHIPS, &k);
}

/* -------- partners -------- */

static void ask_partner(struct state *s)
{
	state_relation(s, "w", LEDGER_PERSON,
		STATE_CREATED("person", "z.partnership, z.account", "z.account = k"),
		"y.partnership = j.partnership AND y.account = j.account");
	state_relation(s, "p", LEDGER_PARTNERSHIP, "SELECT DISTINCT partnership FROM w",
		"y.address = j.partnership");
	state_each(s, LEDGER_VALIDATOR, "SELECT validator_id FROM p", "y.id = j.validator_id");
}

/* The partner's part of what its validator earned and the partnership did not pull yet. */
static bool accrued(struct u256 *out, const struct state *s, const struct ledger_person *x,
	const struct ledger_validator *v)
{
	struct u256 all;

	*out = U256_ZERO;
	return !v || !x->active ||
	       (view_validator_reward(&all, v, state_global(s)) &&
		       u256_mul_ok(&all, all, u256_u64(x->share_bps)) &&
		       u256_div(out, NULL, all, u256_u64(10000)));
}

static void stake_in(const struct state *s, struct cells *out, const struct ledger_person *x)
{
	const struct ledger_partnership *p = state_find(s, LEDGER_PARTNERSHIP, 0, &x->key.a);
	uint64_t id = p ? p->validator_id : 0;
	struct u256 v = U256_ZERO;
	bool known = !p || p->phase != PHASE_INFERRED;
	bool ok = known && accrued(&v, s, x, id ? state_find(s, LEDGER_VALIDATOR, id, NULL) : NULL);

	cells_begin(out);
	state_address_cell(s, out, "partnership", &x->key.a);
	validator_cell(out, id);
	if (known)
		state_u64(out, "share_bps", x->share_bps);
	else
		cell_null(out, "share_bps");
	cell_bool(out, "active", x->active);
	state_view(out, "accrued", ok, v);
	cell_bool(out, "estimate", true);
	state_view(out, "allocated", known, x->allocated);
	state_view(out, "claimable", known, x->claimable);
	state_u256(out, "claimed", x->claimed);
	state_u256(out, "contributed", x->contributed);
	cells_end(out);
}

static int by_partnership(const void *a, const void *b)
{
	const struct ledger_person *x = *(void *const *)a, *y = *(void *const *)b;

	return memcmp(x->key.a.b, y->key.a.b, sizeof(x->key.a.b));
}

static void sort_partnerships(struct state *s)
{
	state_sort(s, LEDGER_PERSON, by_partnership);
}

static void partner_row(const struct state *s, const struct state_key *k, struct cells *out)
{
	struct cells *in;

	state_address_cell(s, out, "address", &k->a);
	in = state_inner(s, true);
	for (size_t i = 0; i < state_count(s, LEDGER_PERSON); i++) {
		const struct ledger_person *x = state_at(s, LEDGER_PERSON, i);

		if (address_eq(&x->key.b, &k->a))
			stake_in(s, in, x);
	}
	state_inner_end(s, out, "partnerships");
}

static const struct state_kind PARTNERS = {
	.by_address = true,
	.table = "person",
	.column = "account",
	.ask = ask_partner,
	.sort = sort_partnerships,
	.row = partner_row,
};

void get_partners(struct call *c)
{
	state_list(c, &PARTNERS);
}

void get_partner(struct call *c)
{
	struct state_key k;

	if (state_address(c, &k))
		state_one(c, &PARTNERS, &k);
}
