/*
 * Rules that no recording exercises, on made-up blocks with small numbers: expected values are
 * worked out by hand. A checkpoint of one block is worth 1,000,000 when everybody signs; its bonus
 * of a tenth goes to an unknown proposer, that is to id 0.
 */
#include "made.h"

static const uint64_t all3[] = {1, 2, 3};

static const struct ledger_validator *val(const struct made *m, uint64_t id)
{
	const struct ledger_validator *v = ledger_validator(m->k.l, id);

	assert_non_null(v);
	return v;
}

static const struct ledger_share *share(const struct made *m, uint64_t id)
{
	const struct ledger_share *s = ledger_share(m->k.l, &val(m, id)->contract);

	assert_non_null(s);
	return s;
}

static void is(struct u256 v, uint64_t want)
{
	assert_true(u256_fits_u64(v));
	assert_int_equal(v.w[0], want);
}

static struct u256 times_precision(uint64_t n)
{
	return u256_mul(u256_u64(n), view_reward_precision());
}

/* Three validators of 1000 each; 2 and 3 take delegation. */
static void setup(struct made *m)
{
	const struct ledger_root_chain *c;

	made_open(m);
	c = ledger_root_chain(m->k.l, 1);
	made_begin(m);
	LOG(m, "StakingInfo", "ChainRewardUpdate", N(1), N(1024000000), big(c->reward));
	made_tx(m);
	stake(m, 1, 1000, false);
	made_tx(m);
	stake(m, 2, 1000, true);
	made_tx(m);
	stake(m, 3, 1000, true);
	made_clean(m);
	is(ledger_global(m->k.l)->total_stake, 3000);
	assert_int_equal(ledger_global(m->k.l)->staker_count, 3);
}

static void checkpoint_block(struct made *m, uint64_t reward, const uint64_t *ids, size_t n)
{
	made_begin(m);
	checkpoint(m, reward, ids, n);
	made_clean(m);
}

static void plain_checkpoint(void **state)
{
	static const uint64_t two[] = {1, 3};
	struct made m;
	struct u256 x;

	(void)state;
	setup(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	is(val(&m, 0)->reward, 100000);
	assert_true(view_validator_reward(&x, val(&m, 1), ledger_global(m.k.l)));
	is(x, 300000);
	/* S = 2000 of 3000: 666666; bonus 66666; 600000 to two. 2 keeps what it had. */
	checkpoint_block(&m, 666666, two, 2);
	is(val(&m, 0)->reward, 166666);
	is(val(&m, 2)->reward, 300001);
	assert_true(view_validator_reward(&x, val(&m, 3), ledger_global(m.k.l)));
	is(x, 600000);
	assert_int_equal(ledger_global(m.k.l)->current_epoch, 3);
	made_close(&m);
}

/* Out of order ends the reading; twice counts once; a stranger does not count; zero first is
 * skipped. */
static void odd_signatures(void **state)
{
	static const uint64_t ids[] = {1, 1, 50, 3, 2};
	struct made m;
	struct u256 x;

	(void)state;
	setup(&m);
	made_begin(&m);
	checkpoint(&m, 333333, ids, 5);
	memset(&m.votes[0].signers[0], 0, sizeof(m.votes[0].signers[0]));
	/* zero, 1, 50 (no validator), 3, 2: the stranger is above 3 and does not move the last one.
	 */
	m.votes[0].signers[2] = who(5000);
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_CHECKPOINT_REWARD);
	is(m.out.findings[0].expected, 666666);
	assert_true(view_validator_reward(&x, val(&m, 3), ledger_global(m.k.l)));
	is(x, 300000);
	is(val(&m, 2)->reward, 1);
	made_close(&m);
}

/* Removing a signer that is not listed drops the smallest; a signer outside the list counts in S.
 */
static void unlisted_signer(void **state)
{
	struct address a1 = signer_of(1), a2 = signer_of(2), a3 = signer_of(3);
	struct hash32 words[4] = {N(32), N(2), A(&a2), A(&a3)};
	static const uint64_t signed_by[] = {2, 3};
	const struct address *s;
	struct address fresh = who(150);
	struct made m;
	struct u256 x;
	size_t n;

	(void)state;
	setup(&m);
	made_begin(&m);
	direct(&m, "StakeManager", "insertSigners(address[])", words, 4);
	made_clean(&m);
	s = ledger_signers(m.k.l, &n);
	assert_int_equal(n, 2);
	/* 1 changes its key: it is not in the list, so 2 loses its place; the new key goes in. */
	made_begin(&m);
	LOG(&m, "StakingInfo", "SignerChange", N(1), A(&a1), A(&fresh), N(2), N(64), N(64), N(1),
		N(2));
	made_clean(&m);
	s = ledger_signers(m.k.l, &n);
	assert_int_equal(n, 2);
	assert_true(address_eq(&s[0], &a3));
	assert_true(address_eq(&s[1], &fresh));
	assert_true(ledger_signer_to_validator(m.k.l, &a1) == LEDGER_SINK);
	assert_int_equal(ledger_signer_to_validator(m.k.l, &fresh), 1);
	/* 2 signs, is not listed: counts in S, and runs the pointer to the end: 3 is unsigned
	   although it signed, and so is 1. S = 2000: reward 666666, 600000 of it shared over 2000.
	 */
	made_begin(&m);
	checkpoint(&m, 666666, signed_by, 2);
	made_clean(&m);
	assert_int_equal(u256_cmp(ledger_global(m.k.l)->reward_per_stake, times_precision(300)), 0);
	is(val(&m, 3)->reward, 1);
	assert_int_equal(u256_cmp(val(&m, 3)->initial_reward_per_stake, times_precision(300)), 0);
	assert_true(view_validator_reward(&x, val(&m, 2), ledger_global(m.k.l)));
	is(x, 300000);
	made_close(&m);
}

/* An address in signers[] that maps to nobody settles id 0. */
static void unmapped_signer(void **state)
{
	struct address a1 = signer_of(1), a2 = signer_of(2), a3 = signer_of(3), odd = who(50);
	struct hash32 words[6] = {N(32), N(4), A(&odd), A(&a1), A(&a2), A(&a3)};
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	direct(&m, "StakeManager", "insertSigners(address[])", words, 6);
	made_clean(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	is(val(&m, 0)->reward, 100000);
	assert_int_equal(u256_cmp(val(&m, 0)->initial_reward_per_stake, times_precision(300)), 0);
	assert_true(u256_is_zero(val(&m, 1)->initial_reward_per_stake));
	made_close(&m);
}

/* Governance's setters without an event; a call that reverted does nothing. */
static void silent_setters(void **state)
{
	const struct ledger_global *g;
	struct made m;

	(void)state;
	setup(&m);
	g = ledger_global(m.k.l);
	made_begin(&m);
	govern(&m, "StakeManager", "stopAuctions(uint256)", WORDS(N(77)));
	made_tx(&m);
	govern(&m, "StakeManager", "updateCheckPointBlockInterval(uint256)", WORDS(N(512)));
	made_tx(&m);
	govern(&m, "StakeManager", "setDelegationEnabled(bool)", WORDS(N(0)));
	made_tx(&m);
	govern(&m, "StakeManager", "updateMinAmounts(uint256,uint256)", WORDS(N(5), N(6)));
	made_tx(&m);
	govern(&m, "StakeManager", "updateSignerUpdateLimit(uint256)", WORDS(N(9)));
	made_tx(&m);
	govern(&m, "StakeManager", "setCurrentEpoch(uint256)", WORDS(N(41)));
	m.txs[5].status = 0;
	made_clean(&m);
	is(g->replacement_cool_down, 78);
	is(g->checkpoint_block_interval, 512);
	assert_int_equal(g->delegation_enabled, 0);
	is(g->min_deposit, 5);
	is(g->min_heimdall_fee, 6);
	is(g->signer_update_limit, 9);
	assert_int_equal(g->current_epoch, 1);
	made_close(&m);
}

static void nonces_by_owner(void **state)
{
	struct made m;
	struct address owner = owner_of(1);

	(void)state;
	setup(&m);
	made_begin(&m);
	direct(&m, "StakingInfo", "updateNonce(uint256[],uint256[])",
		WORDS(N(64), N(160), N(2), N(1), N(3), N(2), N(40), N(50)));
	made_clean(&m);
	assert_int_equal(val(&m, 1)->nonce, 40);
	assert_int_equal(val(&m, 3)->nonce, 50);
	made_begin(&m);
	pay(&m, &m.sm, &owner, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	LOG(&m, "StakingInfo", "UnstakeInit", A(&owner), N(1), N(1000), N(41), N(2));
	made_clean(&m);
	assert_int_equal(val(&m, 1)->nonce, 41);
	made_close(&m);
}

static void unstake(struct made *m, uint64_t id, uint64_t exit, uint64_t paid, uint64_t total)
{
	struct address owner = owner_of(id);

	pay(m, &m->sm, &owner, paid);
	LOG(m, "StakingInfo", "ClaimRewards", N(id), N(paid), N(total));
	LOG(m, "StakingInfo", "UnstakeInit", A(&owner), N(id), N(own_stake(m, id)), N(2), N(exit));
}

/* Stake leaves when its epoch is entered; skipped epochs take nothing, entering again takes again.
 */
static void epochs(void **state)
{
	static const uint64_t one[] = {3};
	const struct ledger_global *g;
	struct made m;

	(void)state;
	setup(&m);
	g = ledger_global(m.k.l);
	made_begin(&m);
	unstake(&m, 1, 2, 0, 0);
	made_tx(&m);
	unstake(&m, 2, 2, 0, 0);
	made_clean(&m);
	is(g->total_stake, 3000);
	made_begin(&m);
	govern(&m, "StakeManager", "setCurrentEpoch(uint256)", WORDS(N(5)));
	made_clean(&m);
	is(g->total_stake, 3000);
	checkpoint_block(&m, 333333, one, 1);
	assert_int_equal(g->current_epoch, 6);
	is(g->total_stake, 3000);
	made_begin(&m);
	govern(&m, "StakeManager", "setCurrentEpoch(uint256)", WORDS(N(1)));
	made_clean(&m);
	/* Both still count when epoch 2 is entered: two exits in one epoch. */
	checkpoint_block(&m, 333333, one, 1);
	is(g->total_stake, 1000);
	assert_int_equal(g->staker_count, 1);
	/* Once epoch 2 was left its entry is gone: entering it again takes nothing. */
	checkpoint_block(&m, 1000000, one, 1);
	assert_int_equal(g->current_epoch, 3);
	made_begin(&m);
	govern(&m, "StakeManager", "setCurrentEpoch(uint256)", WORDS(N(1)));
	made_clean(&m);
	checkpoint_block(&m, 1000000, one, 1);
	assert_int_equal(g->current_epoch, 2);
	is(g->total_stake, 1000);
	assert_int_equal(g->staker_count, 1);
	made_close(&m);
}

/* The zero address maps to the sink after a claimed exit; the old key keeps its validator. */
static void exit_and_zero_address(void **state)
{
	struct address nobody = {{0}}, owner = owner_of(1), old = signer_of(1);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	unstake(&m, 1, 1, 0, 0);
	made_clean(&m);
	is(ledger_global(m.k.l)->total_stake, 2000);
	assert_int_equal(ledger_global(m.k.l)->staker_count, 2);
	made_begin(&m);
	pay(&m, &m.sm, &owner, 0);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
	LOG(&m, "StakingNFT", "Transfer", A(&owner), A(&nobody), N(1));
	pay(&m, &m.sm, &owner, 1000);
	LOG(&m, "StakingInfo", "Unstaked", A(&owner), N(1), N(1000), N(2000));
	made_clean(&m);
	assert_int_equal(val(&m, 1)->status, STATUS_UNSTAKED);
	assert_true(ledger_signer_to_validator(m.k.l, &nobody) == LEDGER_SINK);
	assert_int_equal(ledger_signer_to_validator(m.k.l, &old), 1);
	is(ledger_global(m.k.l)->total_staked, 2000);
	made_close(&m);
}

/* A validator that left by force is un-staked once more by a confirmed auction. */
static void exit_twice(void **state)
{
	struct address a3 = signer_of(3);
	const struct address *s;
	struct made m;
	size_t n;

	(void)state;
	setup(&m);
	made_begin(&m);
	unstake(&m, 1, 1, 0, 0);
	made_tx(&m);
	{
		struct address owner = owner_of(1);

		pay(&m, &m.sm, &owner, 0);
		LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(0), N(0));
		LOG(&m, "StakingInfo", "UnstakeInit", A(&owner), N(1), N(1000), N(3), N(1));
	}
	made_clean(&m);
	is(ledger_global(m.k.l)->total_stake, 1000);
	assert_int_equal(ledger_global(m.k.l)->staker_count, 1);
	s = ledger_signers(m.k.l, &n);
	assert_int_equal(n, 1);
	assert_true(address_eq(&s[0], &a3));
	made_close(&m);
}

/* A migration and a legacy claim in one transaction, both with DelegatorUnstaked. */
static void migration_and_claim(void **state)
{
	struct address u = who(700), nobody = {{0}}, s2 = share_of(2);
	const struct ledger_unbond *slot;
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 500, 1500);
	made_tx(&m);
	/* A legacy sale of 200, then 100 migrate to 3, then the slot is claimed. */
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(200));
	LOG(&m, "StakingInfo", "ShareBurned", N(2), A(&u), N(200), N(200));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1300));
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(100));
	LOG(&m, "StakingInfo", "ShareBurned", N(2), A(&u), N(100), N(100));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1200));
	LOG(&m, "StakingInfo", "DelegatorUnstaked", N(2), A(&u), N(100));
	LOG(&m, "StakingInfo", "ShareMinted", N(3), A(&u), N(100), N(100));
	LOG(&m, "StakingInfo", "StakeUpdate", N(3), N(1100));
	made_clean(&m);
	slot = ledger_unbond(m.k.l, &u, 2, 0);
	is(slot->shares, 200);
	is(share(&m, 2)->withdraw_pool, 200);
	is(ledger_position(m.k.l, &u, 2)->shares, 200);
	is(ledger_position(m.k.l, &u, 3)->shares, 100);
	made_begin(&m);
	/* A sale, the claim of what is in the slot, and a migration behind it. */
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(50));
	LOG(&m, "StakingInfo", "ShareBurned", N(2), A(&u), N(50), N(50));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1150));
	pay(&m, &m.sm, &u, 250);
	LOG(&m, "StakingInfo", "DelegatorUnstaked", N(2), A(&u), N(250));
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(150));
	LOG(&m, "StakingInfo", "ShareBurned", N(2), A(&u), N(150), N(150));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1000));
	LOG(&m, "StakingInfo", "DelegatorUnstaked", N(2), A(&u), N(150));
	LOG(&m, "StakingInfo", "ShareMinted", N(3), A(&u), N(150), N(150));
	LOG(&m, "StakingInfo", "StakeUpdate", N(3), N(1250));
	made_clean(&m);
	is(ledger_unbond(m.k.l, &u, 2, 0)->shares, 0);
	is(share(&m, 2)->withdraw_pool, 0);
	is(share(&m, 2)->withdraw_shares, 0);
	is(ledger_position(m.k.l, &u, 3)->shares, 250);
	is(ledger_global(m.k.l)->total_stake, 3250);
	made_close(&m);
}

/* A sale of nothing takes a nonce and leaves an entry that is not open. */
static void sale_of_nothing(void **state)
{
	struct address u = who(701), nobody = {{0}}, s2 = share_of(2);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 500, 1500);
	LOG_AT(&m, "ValidatorShare", &s2, "Transfer", A(&u), A(&nobody), N(0));
	LOG(&m, "EventsHub", "ShareBurnedWithId", N(2), A(&u), N(0), N(0), N(1));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1500));
	LOG(&m, "EventsHub", "ShareBurnedWithId", N(2), A(&u), N(30), N(30), N(2));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1470));
	made_clean(&m);
	assert_int_equal(ledger_position(m.k.l, &u, 2)->unbond_nonce, 2);
	is(ledger_unbond(m.k.l, &u, 2, 1)->shares, 0);
	assert_int_equal(ledger_unbond(m.k.l, &u, 2, 1)->withdraw_epoch, 1);
	is(ledger_unbond(m.k.l, &u, 2, 2)->shares, 30);
	made_close(&m);
}

/* buyVoucher by the owner, then its restake of rewards: the transfer before belongs to the
 * purchase. */
static void restake_behind_purchase(void **state)
{
	struct address owner = owner_of(1);
	struct made m;

	(void)state;
	setup(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	buy(&m, 2, &owner, 500, 1500);
	LOG(&m, "StakingInfo", "StakeUpdate", N(1), N(301000));
	LOG(&m, "StakingInfo", "Restaked", N(1), N(301000), N(303000));
	made_tx(&m);
	pay(&m, &owner, &m.sm, 70);
	LOG(&m, "StakingInfo", "StakeUpdate", N(1), N(301070));
	LOG(&m, "StakingInfo", "Restaked", N(1), N(301070), N(303070));
	made_clean(&m);
	is(val(&m, 1)->reward, 1);
	is(val(&m, 1)->amount, 301070);
	is(ledger_global(m.k.l)->total_staked, 303070);
	made_close(&m);
}

/* Another share contract: its supply is empty, the delegated amount stays. */
static void other_share_contract(void **state)
{
	struct address u = who(702), fresh = who(800), old = share_of(2);
	const struct ledger_position *p;
	struct u256 rate, x;
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 600, 1600);
	made_clean(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	govern(&m, "StakeManager", "updateValidatorContractAddress(uint256,address)",
		WORDS(N(2), A(&fresh)));
	made_clean(&m);
	is(share(&m, 2)->total_supply, 0);
	assert_int_equal(share(&m, 2)->delegation, 1);
	assert_int_equal(share(&m, 2)->validator_id, 2);
	is(val(&m, 2)->delegated_amount, 600);
	assert_null(ledger_position(m.k.l, &u, 2));
	/* The first purchase finds no supply: what the delegators had earned is dropped. 100 at
	   rate 100/100, since supply is 0. */
	made_begin(&m);
	LOG(&m, "StakingInfo", "ShareMinted", N(2), A(&u), N(100), N(100));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(1100));
	pay(&m, &u, &m.sm, 100);
	made_clean(&m);
	is(val(&m, 2)->delegators_reward, 1);
	is(share(&m, 2)->reward_per_share, 0);
	is(val(&m, 2)->delegated_amount, 700);
	p = ledger_position(m.k.l, &u, 2);
	assert_true(view_exchange_rate(&rate, share(&m, 2), val(&m, 2)));
	is(rate, 700);
	assert_true(view_total_stake(&x, p, rate));
	is(x, 700);
	/* The old contract's position is still there. */
	made_begin(&m);
	govern(&m, "StakeManager", "updateValidatorContractAddress(uint256,address)",
		WORDS(N(2), A(&old)));
	made_clean(&m);
	is(ledger_position(m.k.l, &u, 2)->shares, 600);
	is(share(&m, 2)->total_supply, 600);
	made_close(&m);
}

/* A delegator's restake can leave change: paid out, and together the whole reward. */
static void restake_with_change(void **state)
{
	struct address u = who(703);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 1000, 2000);
	made_clean(&m);
	/* T = 4000: 900000 over 4000 is 225 each; 225000 for the delegators. */
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	LOG(&m, "StakingInfo", "ShareMinted", N(2), A(&u), N(224993), N(224993));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(226993));
	pay(&m, &m.sm, &u, 7);
	LOG(&m, "StakingInfo", "DelegatorClaimedRewards", N(2), A(&u), N(7));
	LOG(&m, "StakingInfo", "DelegatorRestaked", N(2), A(&u), N(225993));
	made_clean(&m);
	is(ledger_position(m.k.l, &u, 2)->shares, 225993);
	/* A reward that neither was paid nor reinvested is found. */
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	LOG(&m, "StakingInfo", "ShareMinted", N(2), A(&u), N(1), N(1));
	LOG(&m, "StakingInfo", "StakeUpdate", N(2), N(226994));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_DELEGATOR_REWARD);
	made_close(&m);
}

static void migrate_validators(void **state)
{
	struct address u = who(704);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 600, 1600);
	LOG(&m, "EventsHub", "UpdateCommissionRate", N(2), N(20), N(0));
	LOG(&m, "EventsHub", "UpdateCommissionRate", N(1), N(30), N(0));
	made_clean(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	direct(&m, "StakeManager", "migrateValidatorsData(uint256,uint256)", WORDS(N(1), N(3)));
	made_clean(&m);
	is(val(&m, 1)->reward, 2);
	is(val(&m, 1)->commission_rate, 30);
	is(val(&m, 2)->reward, 1);
	is(val(&m, 2)->delegated_amount, 600);
	is(val(&m, 2)->commission_rate, 0);
	is(val(&m, 2)->delegators_reward, 1);
	is(val(&m, 3)->reward, 1);
	assert_true(u256_is_zero(val(&m, 2)->initial_reward_per_stake));
	made_close(&m);
}

/* Delegation of a validator is switched by its signer, not by its owner. */
static void delegation_by_signer(void **state)
{
	struct address owner = owner_of(2), signer = signer_of(2);
	struct hash32 off = N(0);
	struct bytes in;
	struct made m;

	(void)state;
	setup(&m);
	in = made_input(&m, "StakeManager", "updateValidatorDelegation(bool)", &off, 1);
	made_begin(&m);
	made_call(&m, &owner, &m.sm, in);
	made_clean(&m);
	assert_int_equal(share(&m, 2)->delegation, 1);
	made_begin(&m);
	made_call(&m, &signer, &m.sm, in);
	made_clean(&m);
	assert_int_equal(share(&m, 2)->delegation, 0);
	assert_int_equal(share(&m, 3)->delegation, 1);
	made_close(&m);
}

/* A sync for a chain without a reward settles who did not sign, and credits nothing. */
static void sync_without_reward(void **state)
{
	struct address proposer = who(9999);
	static const uint64_t two[] = {1, 2};
	struct made m;

	(void)state;
	setup(&m);
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	checkpoint(&m, 0, two, 2);
	m.b.log_count = 0;
	LOG(&m, "StakingInfo", "CheckpointSyncAck", A(&proposer), N(8), N(1), N(0), N(0));
	made_clean(&m);
	is(val(&m, 3)->reward, 300001);
	is(val(&m, 1)->reward, 1);
	assert_int_equal(ledger_global(m.k.l)->current_epoch, 2);
	assert_int_equal(ledger_root_chain(m.k.l, 8)->header_id, 1);
	made_begin(&m);
	checkpoint(&m, 0, all3, 3);
	m.b.log_count = 0;
	LOG(&m, "StakingInfo", "CheckpointSyncAck", A(&proposer), N(1), N(1), N(0), N(0));
	made_clean(&m);
	assert_int_equal(ledger_root_chain(m.k.l, 1)->header_id, 1);
	is(ledger_global(m.k.l)->total_rewards, 2000000);
	made_close(&m);
}

/* base * delta wraps before it is divided. */
static void wrapping_delta(void **state)
{
	const struct ledger_global *g;
	struct hash32 huge;
	struct u256 x, delta, quotient;
	struct made m;

	(void)state;
	setup(&m);
	g = ledger_global(m.k.l);
	delta = u256_sub(U256_ZERO, u256_u64(1));
	huge = big(delta);
	made_begin(&m);
	govern(&m, "StakeManager", "updateCheckPointBlockInterval(uint256)", WORDS(N(1)));
	made_tx(&m);
	LOG(&m, "EventsHub", "RewardParams", N(0), N(4), huge);
	made_clean(&m);
	/* prev is 0: no change of the base yet. One block is one full interval: 1024000000. */
	checkpoint_block(&m, 1024000000, all3, 3);
	is(g->prev_block_interval, 1);
	/* Two blocks: f = 2, prev = 1 < 2: base -= (2^256 - base)/100, modulo 2^256. */
	assert_true(u256_div(
		&quotient, NULL, u256_sub(U256_ZERO, u256_u64(1024000000)), u256_u64(100)));
	x = u256_sub(u256_u64(1024000000), quotient);
	made_begin(&m);
	checkpoint(&m, 1, all3, 3);
	m.b.log_count = 0;
	{
		struct address proposer = who(9999);

		LOG(&m, "RootChain", "NewHeaderBlock", A(&proposer), N(g->next_header_block), N(1),
			N(0), N(1), N(7));
	}
	made_end(&m);
	/* So large a base reverts in SafeMath: said, not guessed. */
	assert_true(m.out.finding_count >= 1);
	assert_true(u256_bits(x) > 250);
	is(g->prev_block_interval, 2);
	made_close(&m);
}

/* Rewards credited to a key that was given up go to the sink; the id is never used. */
static void retired_proposer(void **state)
{
	struct address a1 = signer_of(1), fresh = who(151);
	static const uint64_t two[] = {2, 3};
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	LOG(&m, "StakingInfo", "SignerChange", N(1), A(&a1), A(&fresh), N(2), N(64), N(64), N(1),
		N(2));
	made_tx(&m);
	checkpoint(&m, 666666, two, 2);
	memcpy(m.logs[m.b.log_count - 1].topics[1].b + 12, a1.b, 20);
	made_clean(&m);
	is(val(&m, LEDGER_SINK)->reward, 66666);
	is(val(&m, 0)->reward, 0);
	made_close(&m);
}

static void sync_log(struct made *m, uint64_t id, const uint64_t *ids, size_t n)
{
	struct address proposer = who(9999);

	made_begin(m);
	checkpoint(m, 0, ids, n);
	m->b.log_count = 0;
	LOG(m, "StakingInfo", "CheckpointSyncAck", A(&proposer), N(2), N(id), N(0), N(0));
	made_clean(m);
}

/*
 * A leaving validator that skips one sync and signs the next is paid for both: it is in no list, so
 * the skipped one did not move its marker. Afterwards nothing settles it: a commission changes
 * without a word, a claim pays what is stored.
 */
static void leaving_signer(void **state)
{
	static const uint64_t two[] = {2, 3};
	const struct ledger_root_chain *c;
	struct address owner = owner_of(1);
	struct made m;
	struct u256 x;

	(void)state;
	setup(&m);
	c = ledger_root_chain(m.k.l, 2);
	made_begin(&m);
	LOG(&m, "StakingInfo", "ChainRewardUpdate", N(2), N(1024000000), big(c->reward));
	made_tx(&m);
	unstake(&m, 1, 2, 0, 0);
	made_clean(&m);
	sync_log(&m, 1, two, 2);
	is(val(&m, 1)->reward, 1);
	sync_log(&m, 2, all3, 3);
	is(val(&m, 1)->reward, 600001);
	assert_int_equal(u256_cmp(val(&m, 1)->initial_reward_per_stake, times_precision(600)), 0);
	sync_log(&m, 3, two, 2);
	made_begin(&m);
	LOG(&m, "EventsHub", "UpdateCommissionRate", N(1), N(20), N(0));
	made_tx(&m);
	pay(&m, &m.sm, &owner, 600000);
	LOG(&m, "StakingInfo", "ClaimRewards", N(1), N(600000), N(600000));
	made_clean(&m);
	is(val(&m, 1)->reward, 1);
	is(val(&m, 1)->commission_rate, 20);
	assert_int_equal(u256_cmp(val(&m, 1)->initial_reward_per_stake, times_precision(900)), 0);
	assert_true(view_validator_reward(&x, val(&m, 1), ledger_global(m.k.l)));
	is(x, 0);
	assert_true(view_is_validator(val(&m, 1), 1));
	assert_false(view_is_validator(val(&m, 1), 2));
	made_close(&m);
}

/* Settling at the old commission: 20 % of the delegators' part goes to the validator. */
static void commission_and_delegators(void **state)
{
	struct address u = who(705);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	buy(&m, 2, &u, 3000, 4000);
	LOG(&m, "EventsHub", "UpdateCommissionRate", N(2), N(20), N(0));
	made_clean(&m);
	/* T = S = 6000: 150 each. 2 earns 600000: 150000 of its own, 450000 less a fifth for u. */
	checkpoint_block(&m, 1000000, all3, 3);
	made_begin(&m);
	LOG(&m, "EventsHub", "UpdateCommissionRate", N(2), N(0), N(20));
	made_clean(&m);
	is(val(&m, 2)->reward, 240001);
	is(val(&m, 2)->delegators_reward, 360001);
	made_begin(&m);
	pay(&m, &m.sm, &u, 360000);
	LOG(&m, "StakingInfo", "DelegatorClaimedRewards", N(2), A(&u), N(360000));
	made_clean(&m);
	assert_int_equal(u256_cmp(share(&m, 2)->reward_per_share, times_precision(120)), 0);
	is(val(&m, 2)->delegators_reward, 1);
	made_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plain_checkpoint),
		cmocka_unit_test(odd_signatures), cmocka_unit_test(unlisted_signer),
		cmocka_unit_test(unmapped_signer), cmocka_unit_test(silent_setters),
		cmocka_unit_test(nonces_by_owner), cmocka_unit_test(epochs),
		cmocka_unit_test(exit_and_zero_address), cmocka_unit_test(exit_twice),
		cmocka_unit_test(migration_and_claim), cmocka_unit_test(sale_of_nothing),
		cmocka_unit_test(restake_behind_purchase), cmocka_unit_test(other_share_contract),
		cmocka_unit_test(restake_with_change), cmocka_unit_test(migrate_validators),
		cmocka_unit_test(delegation_by_signer), cmocka_unit_test(sync_without_reward),
		cmocka_unit_test(wrapping_delta), cmocka_unit_test(retired_proposer),
		cmocka_unit_test(leaving_signer), cmocka_unit_test(commission_and_delegators)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
