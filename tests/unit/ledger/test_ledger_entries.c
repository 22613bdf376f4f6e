/*
 * Histories add up to the state: after every block, for every validator and every partner, what was
 * credited less what was paid is what the contract's views say.
 */
#include "unit/ledger/ledger_kit.h"

#include "ledger/view.h"

#define VALIDATORS_MAX 64
#define PEOPLE_MAX     256

struct person_sums {
	struct address partnership, account;
	struct u256 allocated, paid, contributed, returned;
};

struct sums {
	struct u256 start[VALIDATORS_MAX], own[VALIDATORS_MAX], paid[VALIDATORS_MAX];
	struct u256 bonus, commission, delegators;
	struct person_sums people[PEOPLE_MAX];
	size_t person_count, checkpoints, accruals, kinds[ENTRY_KIND_COUNT];
};

static struct person_sums *person_of(struct sums *s, const struct ledger_entry *x)
{
	struct person_sums *p = s->people;

	for (; p < s->people + s->person_count; p++)
		if (address_eq(&p->partnership, &x->partnership) && address_eq(&p->account, &x->account))
			return p;
	assert_true(s->person_count < PEOPLE_MAX);
	s->person_count++;
	p->partnership = x->partnership;
	p->account = x->account;
	return p;
}

static void plus(struct u256 *to, struct u256 v)
{
	*to = u256_add(*to, v);
}

static void add_partner(struct sums *s, const struct ledger_entry *x)
{
	struct person_sums *p = person_of(s, x);

	if (x->kind == ENTRY_ALLOCATION)
		plus(&p->allocated, x->amount);
	else if (x->kind == ENTRY_PAYOUT)
		plus(&p->paid, x->amount);
	else if (x->kind == ENTRY_CONTRIBUTION)
		plus(&p->contributed, x->amount);
	else
		plus(&p->returned, x->amount);
	assert_int_equal(u256_cmp(x->claimed_after, p->paid), 0);
	assert_int_equal(u256_cmp(x->claimable_after, u256_sub(p->allocated, p->paid)), 0);
	assert_int_equal(u256_cmp(x->contributed_after, u256_sub(p->contributed, p->returned)), 0);
}

static void add(struct sums *s, const struct ledger_entry *x)
{
	s->kinds[x->kind]++;
	if (x->kind >= ENTRY_ALLOCATION && x->kind <= ENTRY_RETURN)
		add_partner(s, x);
	if (x->kind == ENTRY_ACCRUAL) {
		assert_true(x->validator_id < VALIDATORS_MAX);
		plus(&s->own[x->validator_id], x->amount);
		plus(&s->delegators, x->delegators);
		plus(&s->bonus, x->bonus);
		plus(&s->commission, x->commission);
		assert_true(u256_cmp(u256_add(x->bonus, x->commission), x->amount) <= 0);
	}
	if (x->kind == ENTRY_VALIDATOR_CLAIM || x->kind == ENTRY_VALIDATOR_RESTAKE)
		plus(&s->paid[x->validator_id], x->amount);
}

static struct u256 reward_now(const struct ledger *l, const struct ledger_validator *v)
{
	struct u256 r;

	assert_true(view_validator_reward(&r, v, ledger_global(l)));
	return r;
}

static void compare(const struct kit *k, const struct sums *s)
{
	for (size_t i = 0; i < ledger_count(k->l, LEDGER_VALIDATOR); i++) {
		const struct ledger_validator *v = ledger_at(k->l, LEDGER_VALIDATOR, i);
		struct u256 earned;

		if (!v->key.n || v->key.n == LEDGER_SINK)
			continue;
		earned = u256_add(reward_now(k->l, v), s->paid[v->key.n]);
		assert_int_equal(u256_cmp(u256_add(s->start[v->key.n], s->own[v->key.n]), earned), 0);
	}
	for (size_t i = 0; i < s->person_count; i++) {
		const struct person_sums *p = &s->people[i];
		const struct ledger_person *w = ledger_person(k->l, &p->partnership, &p->account);

		assert_non_null(w);
		assert_int_equal(u256_cmp(w->claimed, p->paid), 0);
		assert_int_equal(u256_cmp(w->claimable, u256_sub(p->allocated, p->paid)), 0);
	}
}

/* Every checkpoint's bonuses and growth are no more than its reward. */
static void check_block(const struct ledger_outcome *out)
{
	for (size_t i = 0; i < out->entry_count; i++) {
		const struct ledger_entry *c = &out->entries[i];
		struct u256 given = U256_ZERO, bonus = U256_ZERO;

		if (c->kind != ENTRY_CHECKPOINT)
			continue;
		assert_true(c->signed_count > 0);
		for (size_t j = i + 1; j < out->entry_count && out->entries[j].log == c->log; j++) {
			plus(&given, u256_add(out->entries[j].amount, out->entries[j].delegators));
			plus(&bonus, out->entries[j].bonus);
		}
		assert_true(u256_cmp(given, c->amount) <= 0);
		if (c->validator_id && c->validator_id != LEDGER_SINK)
			assert_int_equal(u256_cmp(bonus, c->bonus), 0);
		else
			assert_true(u256_is_zero(bonus));
	}
}

static void fold_all(const char *recording, const char *network, struct sums *s)
{
	struct arena *mem = arena_new(64 << 20);
	struct recording *r = recording_open(recording);
	struct rec_block raw;
	struct kit k;

	memset(s, 0, sizeof(*s));
	kit_open(&k, network, mem);
	for (size_t i = 0; i < ledger_count(k.l, LEDGER_VALIDATOR); i++) {
		const struct ledger_validator *v = ledger_at(k.l, LEDGER_VALIDATOR, i);

		if (v->key.n && v->key.n != LEDGER_SINK)
			s->start[v->key.n] = reward_now(k.l, v);
	}
	for (; recording_next(r, mem, &raw); arena_reset(mem)) {
		struct block b = kit_block(&raw, mem);
		struct ledger_outcome out;

		kit_apply(&k, &b, &out);
		for (size_t i = 0; i < out.entry_count; i++)
			add(s, &out.entries[i]);
		check_block(&out);
		compare(&k, s);
	}
	kit_close(&k);
	recording_close(r);
	arena_free(mem);
}

static void golden(void **state)
{
	static struct sums s;

	(void)state;
	fold_all("golden", "golden", &s);
	for (unsigned k = ENTRY_CHECKPOINT; k < ENTRY_KIND_COUNT; k++)
		assert_true(s.kinds[k] > 0);
	assert_false(u256_is_zero(s.commission));
	assert_false(u256_is_zero(s.delegators));
	assert_false(u256_is_zero(s.bonus));
}

static void world(void **state)
{
	static struct sums s;

	(void)state;
	fold_all("world/root", "world", &s);
	assert_true(s.kinds[ENTRY_CHECKPOINT] > 0 && s.kinds[ENTRY_ACCRUAL] > s.kinds[ENTRY_CHECKPOINT]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
