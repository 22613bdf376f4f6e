/*
 * View functions on plain records: the cases that no chain of today reaches, and the reverts.
 */
#include "lib/check.h"

#include "ledger/view.h"

static struct u256 dec(const char *s)
{
	struct u256 v;

	assert_true(u256_parse_dec(&v, s, strlen(s)));
	return v;
}

static void is(struct u256 v, const char *want)
{
	assert_int_equal(u256_cmp(v, dec(want)), 0);
}

static void precisions(void **state)
{
	(void)state;
	is(view_reward_precision(), "10000000000000000000000000");
	is(view_rate_precision(7), "100");
	is(view_rate_precision(8), "100000000000000000000000000000");
}

static void rates(void **state)
{
	struct ledger_share s = {.validator_id = 8};
	struct ledger_validator v = {.delegated_amount = u256_u64(90)};
	struct ledger_position p = {.shares = u256_u64(50), .validator_id = 8};
	struct u256 x;

	(void)state;
	assert_true(view_exchange_rate(&x, &s, &v));
	is(x, "100000000000000000000000000000");
	s.total_supply = u256_u64(100);
	assert_true(view_exchange_rate(&x, &s, &v));
	is(x, "90000000000000000000000000000");
	assert_true(view_total_stake(&x, &p, x));
	is(x, "45");
	s.withdraw_pool = u256_u64(10);
	s.withdraw_shares = u256_u64(30);
	assert_true(view_withdraw_exchange_rate(&x, &s));
	is(x, "33333333333333333333333333333");
	s.validator_id = 7;
	assert_true(view_withdraw_exchange_rate(&x, &s));
	is(x, "100");
	s.withdraw_shares = U256_ZERO;
	s.validator_id = 8;
	assert_true(view_withdraw_exchange_rate(&x, &s));
	is(x, "100000000000000000000000000000");
}

static void reverts(void **state)
{
	struct ledger_validator v = {.amount = u256_u64(5)};
	struct ledger_global g = {.reward_per_stake = U256_ZERO};
	struct u256 x, y, max = u256_sub(U256_ZERO, u256_u64(1));

	(void)state;
	assert_false(view_validator_reward(&x, &v, &g));
	assert_false(view_delegators_reward(&x, &v, &g));
	v.reward = u256_u64(1);
	assert_true(view_validator_reward(&x, &v, &g));
	is(x, "0");
	g.reward_per_stake = max;
	assert_false(view_validator_reward(&x, &v, &g));
	v.deactivation_epoch = 3;
	assert_true(view_validator_reward(&x, &v, &g));
	assert_false(view_split(&x, &y, &v, max));
	assert_false(view_share_reward(&x, u256_u64(1), u256_u64(2), u256_u64(1)));
	assert_true(view_share_reward(&x, U256_ZERO, u256_u64(2), u256_u64(1)));
	is(x, "0");
}

/* Every division truncates where the contract's does. */
static void split(void **state)
{
	struct ledger_validator v = {.amount = u256_u64(1000),
		.delegated_amount = u256_u64(2000),
		.commission_rate = u256_u64(33)};
	struct u256 own, delegators;

	(void)state;
	/* 3000 * 1/3: 999; own 333; a third of 666 is 219. */
	assert_true(view_split(&own, &delegators, &v, dec("3333333333333333333333333")));
	is(own, "552");
	is(delegators, "447");
	v.delegated_amount = U256_ZERO;
	assert_true(view_split(&own, &delegators, &v, dec("3333333333333333333333333")));
	is(own, "333");
	is(delegators, "0");
}

static void validators(void **state)
{
	struct ledger_validator v = {.amount = u256_u64(1), .status = STATUS_ACTIVE};
	struct ledger_share s = {.active_amount = u256_u64(9)};

	(void)state;
	assert_true(view_is_validator(&v, 100));
	v.deactivation_epoch = 7;
	assert_true(view_is_validator(&v, 6));
	assert_false(view_is_validator(&v, 7));
	v.deactivation_epoch = 0;
	v.status = STATUS_UNSTAKED;
	assert_false(view_is_validator(&v, 1));
	v.status = STATUS_ACTIVE;
	v.amount = U256_ZERO;
	assert_false(view_is_validator(&v, 1));
	is(view_total_validator_stake(&v, &s), "9");
	is(view_total_validator_stake(&v, NULL), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(precisions), cmocka_unit_test(rates),
		cmocka_unit_test(reverts), cmocka_unit_test(split), cmocka_unit_test(validators)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
