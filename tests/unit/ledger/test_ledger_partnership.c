/*
 * Partnerships: what no recording has, on made-up blocks. The contract is golden's first.
 */
#include "made.h"

#include "chain/keccak.h"

static struct address pact, ann, bob, cat;

static const struct ledger_partnership *deal(const struct made *m)
{
	return ledger_partnership(m->k.l, &pact);
}

static const struct ledger_person *person(const struct made *m, const struct address *a)
{
	const struct ledger_person *w = ledger_person(m->k.l, &pact, a);

	assert_non_null(w);
	return w;
}

static void is(struct u256 v, uint64_t want)
{
	assert_true(u256_fits_u64(v));
	assert_int_equal(v.w[0], want);
}

static void event(struct made *m, const char *name, const struct hash32 *words, size_t n)
{
	made_log(m, "ValidatorPartnership", &pact, name, words, n);
}

static void deposit(struct made *m, const struct address *a, uint64_t amount)
{
	pay(m, a, &pact, amount);
	event(m, "StakeDeposited", WORDS(A(a), N(amount)));
}

/* ann 50 %, bob 30 %, cat 20 % and the dust; 1000 staked as validator 1, 40 left over. */
static void setup(struct made *m)
{
	made_open(m);
	pact = made_address(m, "ValidatorPartnership");
	ann = who(501);
	bob = who(502);
	cat = who(503);
	made_begin(m);
	event(m, "PartnerAdded", WORDS(A(&ann), N(5000)));
	event(m, "PartnerAdded", WORDS(A(&bob), N(3000)));
	event(m, "PartnerAdded", WORDS(A(&cat), N(2000)));
	event(m, "DustPartnerChanged", WORDS(N(0), A(&cat)));
	made_tx(m);
	deposit(m, &ann, 1040);
	made_tx(m);
	stake_for(m, &pact, 1, 1000, false);
	event(m, "PartnershipCreated", WORDS(N(1), A(&ann), A(&bob)));
	made_tx(m);
	stake(m, 2, 1000, false);
	made_clean(m);
	assert_int_equal(deal(m)->phase, PHASE_STAKED);
	assert_int_equal(deal(m)->validator_id, 1);
	is(deal(m)->free_capital, 40);
	is(deal(m)->staked_capital, 1000);
	is(ledger_balance(m->k.l, &pact), 40);
}

/* Only deposits behind RewardsRestaked, up to its amount, are restaked rewards. */
static void restaked_rewards(void **state)
{
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	deposit(&m, &bob, 7);
	event(&m, "RewardsRestaked", WORDS(N(101)));
	event(&m, "StakeDeposited", WORDS(A(&ann), N(50)));
	event(&m, "StakeDeposited", WORDS(A(&bob), N(30)));
	event(&m, "StakeDeposited", WORDS(A(&cat), N(20)));
	event(&m, "StakeDeposited", WORDS(A(&cat), N(1)));
	deposit(&m, &cat, 9);
	made_tx(&m);
	deposit(&m, &ann, 5);
	made_clean(&m);
	is(deal(&m)->free_capital, 40 + 7 + 9 + 5);
	is(person(&m, &cat)->contributed, 30);
	is(person(&m, &cat)->restaked, 21);
	is(person(&m, &bob)->contributed, 37);
	is(person(&m, &bob)->restaked, 30);
	is(deal(&m)->total_received, 0);
	made_close(&m);
}

/* Money paid in and reward compounded in one restake. */
static void restake(void **state)
{
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	pay(&m, &pact, &m.sm, 25);
	LOG(&m, "StakingInfo", "StakeUpdate", N(1), N(1025));
	LOG(&m, "StakingInfo", "Restaked", N(1), N(1025), N(2025));
	made_clean(&m);
	is(deal(&m)->free_capital, 15);
	is(deal(&m)->staked_capital, 1025);
	made_close(&m);
}

static void unstake_logs(struct made *m, uint64_t exit)
{
	pay(m, &m->sm, &pact, 0);
	LOG(m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	LOG(m, "StakingInfo", "UnstakeInit", A(&pact), N(1), N(1000), N(2), N(exit));
}

/* Governance's forceUnstake leaves the phase, even when a pull follows in the same transaction. */
static void forced_exit(void **state)
{
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	unstake_logs(&m, 1);
	pay(&m, &m.sm, &pact, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	event(&m, "RewardsReceived", WORDS(N(0), N(0)));
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_STAKED);
	made_close(&m);
}

static void own_exit(void **state)
{
	struct address nobody = {{0}};
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	unstake_logs(&m, 1);
	event(&m, "RewardsReceived", WORDS(N(0), N(0)));
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_UNSTAKING);
	made_begin(&m);
	pay(&m, &m.sm, &pact, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	LOG(&m, "StakingNFT", "Transfer", A(&pact), A(&nobody), N(1));
	pay(&m, &m.sm, &pact, 1000);
	LOG(&m, "StakingInfo", "Unstaked", A(&pact), N(1), N(1000), N(1000));
	event(&m, "RewardsReceived", WORDS(N(0), N(0)));
	pay(&m, &pact, &ann, 1040);
	event(&m, "StakeReturned", WORDS(A(&ann), N(1040)));
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_CLOSED);
	is(deal(&m)->free_capital, 0);
	is(deal(&m)->staked_capital, 0);
	is(person(&m, &ann)->contributed, 0);
	made_close(&m);
}

/* A foreign NFT that the partnership was given changes neither its phase nor its capital. */
static void foreign_nft(void **state)
{
	struct address owner = owner_of(2), nobody = {{0}};
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	LOG(&m, "StakingNFT", "Transfer", A(&owner), A(&pact), N(2));
	made_tx(&m);
	pay(&m, &pact, &m.sm, 10);
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1010));
	LOG(&m, "StakingInfo", "Restaked", N(2), N(1010), N(2010));
	made_tx(&m);
	pay(&m, &m.sm, &pact, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(2), N(0), N(0));
	LOG(&m, "StakingInfo", "UnstakeInit", A(&pact), N(2), N(1010), N(2), N(1));
	event(&m, "RewardsReceived", WORDS(N(0), N(0)));
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_STAKED);
	is(deal(&m)->free_capital, 40);
	is(deal(&m)->staked_capital, 1000);
	made_begin(&m);
	pay(&m, &m.sm, &pact, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(2), N(0), N(0));
	LOG(&m, "StakingNFT", "Transfer", A(&pact), A(&nobody), N(2));
	pay(&m, &m.sm, &pact, 1010);
	LOG(&m, "StakingInfo", "Unstaked", A(&pact), N(2), N(1010), N(1000));
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_STAKED);
	is(deal(&m)->free_capital, 40);
	made_close(&m);
}

static void flow_differs(const struct made *m, size_t i, uint64_t said, uint64_t seen)
{
	assert_true(m->out.finding_count > i);
	assert_int_equal(m->out.findings[i].kind, FINDING_PARTNERSHIP_FLOW);
	assert_true(address_eq(&m->out.findings[i].subject.a, &pact));
	is(m->out.findings[i].expected, said);
	is(m->out.findings[i].observed, seen);
}

/* Floors, the dust, a claim to somebody else, ratios changed in the block of the claim. The rewards that are said
 * to have come did not: that is found once a transaction, where nothing else is. */
static void allocation(void **state)
{
	struct address other = who(600);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	event(&m, "RewardsReceived", WORDS(N(99), N(99)));
	event(&m, "RewardAllocated", WORDS(A(&ann), N(49)));
	event(&m, "RewardAllocated", WORDS(A(&bob), N(29)));
	event(&m, "RewardAllocated", WORDS(A(&cat), N(21)));
	event(&m, "PartnerShareChanged", WORDS(A(&bob), N(3000), N(0)));
	event(&m, "PartnerRemoved", WORDS(A(&bob)));
	event(&m, "PartnerShareChanged", WORDS(A(&ann), N(5000), N(8000)));
	made_tx(&m);
	pay(&m, &pact, &other, 29);
	event(&m, "RewardClaimed", WORDS(A(&bob), A(&other), N(29)));
	made_tx(&m);
	event(&m, "RewardsReceived", WORDS(N(7), N(106)));
	event(&m, "RewardAllocated", WORDS(A(&ann), N(5)));
	event(&m, "RewardAllocated", WORDS(A(&cat), N(2)));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 2);
	flow_differs(&m, 0, 99, 0);
	flow_differs(&m, 1, 7, 0);
	is(person(&m, &bob)->claimed, 29);
	is(person(&m, &bob)->claimable, 0);
	assert_int_equal(person(&m, &bob)->active, 0);
	is(person(&m, &cat)->claimable, 23);
	is(person(&m, &cat)->allocated, 23);
	assert_int_equal(deal(&m)->partner_count, 2);
	/* One unit too much for the dust partner. */
	made_begin(&m);
	event(&m, "RewardsReceived", WORDS(N(7), N(113)));
	event(&m, "RewardAllocated", WORDS(A(&ann), N(5)));
	event(&m, "RewardAllocated", WORDS(A(&cat), N(3)));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_ALLOCATION);
	is(m.out.findings[0].expected, 2);
	is(m.out.findings[0].observed, 3);
	/* A part that was not allocated is found, also when another pull follows in the
	 * transaction. */
	made_begin(&m);
	event(&m, "RewardsReceived", WORDS(N(10), N(123)));
	event(&m, "RewardAllocated", WORDS(A(&ann), N(8)));
	event(&m, "RewardsReceived", WORDS(N(10), N(133)));
	event(&m, "RewardAllocated", WORDS(A(&ann), N(8)));
	event(&m, "RewardAllocated", WORDS(A(&cat), N(2)));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	is(m.out.findings[0].expected, 2);
	is(m.out.findings[0].observed, 0);
	made_close(&m);
}

/* The list is in the order of setPartners' calldata; removed and added again keeps what it has. */
static void partner_order(void **state)
{
	struct hash32 words[] = {
		N(64), N(192), N(3), A(&cat), A(&bob), A(&ann), N(3), N(1), N(2), N(9997)};
	struct bytes in;
	struct made m;

	(void)state;
	setup(&m);
	words[3] = A(&cat);
	words[4] = A(&bob);
	words[5] = A(&ann);
	in = made_input(&m, "ValidatorPartnership", "setPartners(address[],uint256[])", words, 10);
	made_begin(&m);
	event(&m, "PartnerShareChanged", WORDS(A(&bob), N(3000), N(0)));
	event(&m, "PartnerRemoved", WORDS(A(&bob)));
	made_tx(&m);
	made_call(&m, &ann, &pact, in);
	event(&m, "PartnerAdded", WORDS(A(&bob), N(2)));
	event(&m, "PartnerShareChanged", WORDS(A(&cat), N(2000), N(1)));
	event(&m, "PartnerShareChanged", WORDS(A(&ann), N(5000), N(9997)));
	made_clean(&m);
	assert_true(person(&m, &cat)->order < person(&m, &bob)->order);
	assert_true(person(&m, &bob)->order < person(&m, &ann)->order);
	assert_int_equal(person(&m, &bob)->active, 1);
	assert_int_equal(person(&m, &bob)->share_bps, 2);
	assert_int_equal(deal(&m)->partner_count, 3);
	made_close(&m);
}

/* Admin: the newest grant, whether the old one was revoked before or after. */
static void roles(void **state)
{
	struct hash32 operator_role;
	struct made m;

	(void)state;
	setup(&m);
	keccak256(&operator_role, "OPERATOR_ROLE", 13);
	made_begin(&m);
	event(&m, "RoleGranted", WORDS(N(0), A(&bob), A(&ann)));
	event(&m, "RoleRevoked", WORDS(N(0), A(&ann), A(&ann)));
	event(&m, "RoleRevoked", WORDS(operator_role, A(&ann), A(&ann)));
	event(&m, "RoleGranted", WORDS(operator_role, A(&cat), A(&ann)));
	event(&m, "Paused", WORDS(A(&bob)));
	made_clean(&m);
	assert_true(address_eq(&deal(&m)->admin, &bob));
	assert_true(address_eq(&deal(&m)->operator_, &cat));
	assert_int_equal(deal(&m)->paused, 1);
	made_close(&m);
}

/* Events that fit the balance and not who paid: a deposit out of a fee that came back, a return that nobody got. */
static void said_and_seen(void **state)
{
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	pay(&m, &bob, &m.sm, 5);
	LOG(&m, "StakingInfo", "TopUpFee", A(&bob), N(5));
	made_clean(&m);
	made_begin(&m);
	pay(&m, &ann, &pact, 7);
	pay(&m, &m.sm, &pact, 3);
	LOG(&m, "StakingInfo", "ClaimFee", A(&pact), N(3));
	event(&m, "StakeDeposited", WORDS(A(&ann), N(10)));
	made_tx(&m);
	event(&m, "StakeReturned", WORDS(A(&ann), N(4)));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 2);
	flow_differs(&m, 0, 10, 7);
	flow_differs(&m, 1, 4, 0);
	/* The same as it should be. */
	made_begin(&m);
	deposit(&m, &ann, 10);
	made_tx(&m);
	pay(&m, &pact, &ann, 4);
	event(&m, "StakeReturned", WORDS(A(&ann), N(4)));
	made_clean(&m);
	made_close(&m);
}

static const struct ledger_flow *flow(const struct made *m, const struct address *a)
{
	struct ledger_key key = {.a = *a};
	const struct ledger_flow *x = ledger_record(m->k.l, LEDGER_FLOW, &key);

	assert_non_null(x);
	return x;
}

/* A contract that gets a validator's token: of its events nothing is known. */
static struct address pool_setup(struct made *m)
{
	struct address pool = who(700);

	made_open(m);
	ann = who(501);
	bob = who(502);
	cat = who(503);
	made_begin(m);
	pay(m, &ann, &pool, 1000);
	made_tx(m);
	m->found[m->b.found_count++] = (struct discovery){.address = pool,
		.contract = "ValidatorPartnership",
		.rule = "nft_owner",
		.block = m->b.h.number,
		.log_index = (uint32_t)m->b.log_count + 1};
	stake_for(m, &pool, 1, 1000, false);
	made_clean(m);
	assert_int_equal(ledger_partnership(m->k.l, &pool)->phase, PHASE_INFERRED);
	assert_int_equal(ledger_partnership(m->k.l, &pool)->validator_id, 1);
	is(ledger_partnership(m->k.l, &pool)->staked_capital, 1000);
	return pool;
}

static const struct ledger_person *member(
	const struct made *m, const struct address *pool, const struct address *who_)
{
	const struct ledger_person *w = ledger_person(m->k.l, pool, who_);

	assert_non_null(w);
	return w;
}

/* Whoever pays in is a partner, and whoever is paid more than once; stake is no payout, principal no income. */
static void inferred(void **state)
{
	struct address nobody = {{0}}, pool;
	struct made m;

	(void)state;
	pool = pool_setup(&m);
	made_begin(&m);
	pay(&m, &bob, &pool, 50);
	made_tx(&m);
	pay(&m, &pool, &m.sm, 25);
	LOG(&m, "StakingInfo", "StakeUpdate", N(1), N(1025));
	LOG(&m, "StakingInfo", "Restaked", N(1), N(1025), N(1025));
	made_tx(&m);
	pay(&m, &pool, &cat, 10);
	made_clean(&m);
	assert_int_equal(member(&m, &pool, &cat)->active, 0);
	made_begin(&m);
	pay(&m, &pool, &cat, 5);
	pay(&m, &pool, &ann, 3);
	pay(&m, &pool, &pool, 2);
	made_clean(&m);
	assert_int_equal(member(&m, &pool, &cat)->active, 1);
	assert_int_equal(member(&m, &pool, &bob)->active, 1);
	assert_int_equal(member(&m, &pool, &ann)->active, 0);
	assert_null(ledger_person(m.k.l, &pool, &pool));
	assert_null(ledger_person(m.k.l, &pool, &m.sm));
	assert_int_equal(ledger_partnership(m.k.l, &pool)->partner_count, 2);
	is(member(&m, &pool, &cat)->claimed, 15);
	is(member(&m, &pool, &bob)->contributed, 50);
	is(flow(&m, &pool)->paid_in, 52);
	is(flow(&m, &pool)->paid_out, 20);
	is(flow(&m, &pool)->to_manager, 25);
	is(ledger_partnership(m.k.l, &pool)->staked_capital, 1025);
	made_begin(&m);
	pay(&m, &m.sm, &pool, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	LOG(&m, "StakingInfo", "UnstakeInit", A(&pool), N(1), N(1025), N(2), N(1));
	made_tx(&m);
	LOG(&m, "StakingNFT", "Transfer", A(&pool), A(&nobody), N(1));
	pay(&m, &m.sm, &pool, 1025);
	LOG(&m, "StakingInfo", "Unstaked", A(&pool), N(1), N(1025), N(0));
	made_clean(&m);
	is(flow(&m, &pool)->principal, 1025);
	is(flow(&m, &pool)->from_manager, 1025);
	is(flow(&m, &pool)->rewards, 0);
	is(ledger_partnership(m.k.l, &pool)->total_received, 0);
	is(ledger_partnership(m.k.l, &pool)->staked_capital, 0);
	kit_undo(&m.k, 1002);
	is(flow(&m, &pool)->to_manager, 0);
	assert_null(ledger_person(m.k.l, &pool, &cat));
	made_close(&m);
}

/* The first event of its own that is known ends the guessing: only what events say counts from there. */
static void inferred_no_more(void **state)
{
	struct made m;

	(void)state;
	pact = pool_setup(&m);
	made_begin(&m);
	pay(&m, &bob, &pact, 50);
	made_clean(&m);
	is(person(&m, &bob)->contributed, 50);
	made_begin(&m);
	event(&m, "PartnerAdded", WORDS(A(&ann), N(10000)));
	made_tx(&m);
	deposit(&m, &ann, 9);
	made_clean(&m);
	assert_int_equal(deal(&m)->phase, PHASE_INITIALIZED);
	is(person(&m, &bob)->contributed, 0);
	assert_int_equal(person(&m, &bob)->active, 0);
	is(person(&m, &ann)->contributed, 9);
	assert_int_equal(deal(&m)->partner_count, 1);
	is(deal(&m)->free_capital, 9);
	is(flow(&m, &pact)->paid_in, 59);
	made_close(&m);
}

/* One person in two contracts: what one does is nothing to the other. Money that comes unasked is nobody's. */
static void several(void **state)
{
	struct address first, second = {{0}};
	const struct ledger_person *w;
	struct made m;
	size_t n = 0;

	(void)state;
	setup(&m);
	first = pact;
	for (size_t i = 0; i < m.k.chain->contract_count; i++)
		if (!strcmp(m.k.chain->contracts[i].name, "ValidatorPartnership") &&
			m.k.chain->contracts[i].fixed && n++ == 1)
			second = m.k.chain->contracts[i].address;
	assert_true(n > 1);
	made_begin(&m);
	pact = second;
	event(&m, "PartnerAdded", WORDS(A(&ann), N(10000)));
	event(&m, "DustPartnerChanged", WORDS(N(0), A(&ann)));
	made_tx(&m);
	deposit(&m, &ann, 11);
	made_tx(&m);
	pay(&m, &cat, &second, 1000);
	pay(&m, &cat, &first, 77);
	made_tx(&m);
	event(&m, "Paused", WORDS(A(&ann)));
	made_clean(&m);
	w = ledger_person(m.k.l, &second, &ann);
	is(w->contributed, 11);
	assert_int_equal(w->share_bps, 10000);
	assert_int_equal(ledger_partnership(m.k.l, &second)->paused, 1);
	assert_int_equal(ledger_partnership(m.k.l, &first)->paused, 0);
	is(ledger_partnership(m.k.l, &second)->free_capital, 11);
	is(ledger_balance(m.k.l, &second), 1011);
	is(flow(&m, &second)->paid_in, 1011);
	w = ledger_person(m.k.l, &first, &ann);
	is(w->contributed, 1040);
	assert_int_equal(w->share_bps, 5000);
	is(ledger_partnership(m.k.l, &first)->free_capital, 40);
	is(ledger_balance(m.k.l, &first), 117);
	assert_null(ledger_person(m.k.l, &second, &cat));
	/* A paused contract's books go on when it does; what left unasked is an outflow. */
	made_begin(&m);
	event(&m, "Unpaused", WORDS(A(&ann)));
	pay(&m, &second, &cat, 1000);
	made_end(&m);
	assert_int_equal(ledger_partnership(m.k.l, &second)->paused, 0);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_OUTFLOW);
	made_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(restaked_rewards),
		cmocka_unit_test(restake), cmocka_unit_test(forced_exit),
		cmocka_unit_test(own_exit), cmocka_unit_test(foreign_nft),
		cmocka_unit_test(allocation), cmocka_unit_test(partner_order),
		cmocka_unit_test(roles), cmocka_unit_test(said_and_seen), cmocka_unit_test(inferred),
		cmocka_unit_test(inferred_no_more), cmocka_unit_test(several)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
