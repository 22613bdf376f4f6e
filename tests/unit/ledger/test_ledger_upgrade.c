/* Upgrades and rule sets: code that the network file names switches rules by block; other code is told. */
#include "unit/ledger/made.h"

#include "chain/keccak.h"

static void set_rules(struct made *m, struct rule_set *sets, size_t n)
{
	struct chain_conf *c = (struct chain_conf *)(uintptr_t)m->k.chain;

	c->rule_sets = sets;
	c->rule_set_count = n;
}

static void proxy(struct made *m, const char *contract, const struct address *code)
{
	struct address old = who(1);

	LOG(m, contract, "ProxyUpdated", A(code), A(&old));
}

static void registry(struct made *m, const char *key, const struct address *code)
{
	struct address old = who(1);
	struct hash32 name;

	keccak256(&name, key, strlen(key));
	LOG(m, "Registry", "ContractMapUpdated", name, A(&old), A(code));
}

static void told(const struct made *m, const struct address *code)
{
	assert_int_equal(m->out.finding_count, 1);
	assert_int_equal(m->out.findings[0].kind, FINDING_IMPLEMENTATION);
	assert_true(address_eq(&m->out.findings[0].subject.b, code));
}

static void unknown_code(void **state)
{
	struct address a = who(801), b = who(802), c = who(803), stranger = who(899);
	struct implementation first[] = {{"StakeManager", a}, {"ValidatorShare", c}}, second[] = {{"StakeManager", b}};
	struct rule_set sets[] = {{1000, RULES_STAKE_2022_03, first, 2}, {1004, RULES_STAKE_2022_03, second, 1}};
	struct made m;

	(void)state;
	made_open(&m);
	set_rules(&m, sets, 2);
	made_begin(&m); /* 1001 */
	proxy(&m, "StakeManager", &a);
	registry(&m, "validatorShare", &c);
	registry(&m, "somethingElse", &stranger);
	made_clean(&m);
	made_begin(&m);
	proxy(&m, "StakeManager", &stranger);
	made_end(&m);
	told(&m, &stranger);
	made_begin(&m);
	registry(&m, "validatorShare", &a); /* of another contract */
	made_end(&m);
	told(&m, &a);
	made_begin(&m); /* 1004: a is of the set before */
	proxy(&m, "StakeManager", &b);
	made_clean(&m);
	made_begin(&m);
	proxy(&m, "StakeManager", &a);
	made_end(&m);
	told(&m, &a);
	made_begin(&m);
	proxy(&m, "RootChain", &b);
	made_end(&m);
	told(&m, &b);
	made_close(&m);
}

/* A file that names no rule sets has nothing to check against. */
static void nothing_named(void **state)
{
	struct address stranger = who(899);
	struct made m;

	(void)state;
	made_open(&m);
	made_begin(&m);
	proxy(&m, "StakeManager", &stranger);
	registry(&m, "validatorShare", &stranger);
	made_clean(&m);
	made_close(&m);
}

/* Total stake after a validator with 500 delegated left and its delegator sold 200 of it. */
static uint64_t total_after_sale(struct rule_set *sets, size_t n)
{
	struct address u = who(700), nobody = {{0}}, owner = owner_of(2), s2 = share_of(2);
	uint64_t total;
	struct made m;

	made_open(&m);
	set_rules(&m, sets, n);
	made_begin(&m); /* 1001 */
	for (uint64_t id = 1; id <= 3; id++) {
		stake(&m, id, 1000, true);
		made_tx(&m);
	}
	made_clean(&m);
	made_begin(&m);
	buy(&m, 2, &u, 500, 1500);
	made_clean(&m);
	made_begin(&m);
	direct(&m, "StakeManager", "setCurrentEpoch(uint256)", WORDS(N(5)));
	pay(&m, &m.sm, &owner, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(2), N(0), N(0));
	LOG(&m, "StakingInfo", "UnstakeInit", A(&owner), N(2), N(1000), N(2), N(5)); /* at once */
	made_clean(&m);
	assert_int_equal(ledger_global(m.k.l)->total_stake.w[0], 2000);
	made_begin(&m); /* 1004 */
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(200));
	LOG(&m, "EventsHub", "ShareBurnedWithId", N(2), A(&u), N(200), N(200), N(1));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1300));
	made_clean(&m);
	total = ledger_global(m.k.l)->total_stake.w[0];
	made_close(&m);
	return total;
}

static void rules_by_block(void **state)
{
	struct rule_set launch[] = {{0, RULES_STAKE_2021_12, NULL, 0}};
	struct rule_set before[] = {{0, RULES_STAKE_2021_12, NULL, 0}, {1004, RULES_STAKE_2022_03, NULL, 0}};
	struct rule_set behind[] = {{0, RULES_STAKE_2021_12, NULL, 0}, {1005, RULES_STAKE_2022_03, NULL, 0}};

	(void)state;
	assert_int_equal(total_after_sale(NULL, 0), 2000);
	assert_int_equal(total_after_sale(launch, 1), 1800);
	assert_int_equal(total_after_sale(before, 2), 2000);
	assert_int_equal(total_after_sale(behind, 2), 1800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(unknown_code), cmocka_unit_test(nothing_named),
		cmocka_unit_test(rules_by_block)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
