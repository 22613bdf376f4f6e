/*
 * Self-checks: one word of one recorded log is changed, the whole recording is folded, and exactly
 * the check that this word belongs to fires, once, at that log.
 */
#include "ledger_kit.h"

struct tamper {
	const char *contract, *event;
	unsigned nth;    /* which log of that event; from 1 */
	int topic, word; /* which word; the other is -1 */
	uint64_t delta;
	enum ledger_finding_kind expected;
	bool last; /* the last log of that event instead */
};

static const struct tamper cases[] = {
	{"RootChain", "NewHeaderBlock", 200, 3, -1, 1, FINDING_CHECKPOINT_REWARD, false},
	{"RootChain", "NewHeaderBlock", 77, 2, -1, 10000, FINDING_CHECKPOINT_ID, false},
	{"StakingInfo", "StakeUpdate", 500, 2, -1, 1, FINDING_STAKE_UPDATE, false},
	{"StakingInfo", "ClaimRewards", 100, 2, -1, 1, FINDING_CLAIM_AMOUNT, false},
	{"StakingInfo", "ClaimRewards", 33, 3, -1, 1, FINDING_CLAIM_TOTAL, false},
	{"StakingInfo", "Staked", 5, -1, 0, 1, FINDING_NONCE, false},
	{"StakingInfo", "SignerChange", 7, -1, 0, 1, FINDING_NONCE, false},
	{"StakingInfo", "UnstakeInit", 2, -1, 0, 1, FINDING_NONCE, false},
	{"StakingInfo", "Staked", 4, -1, 2, 1, FINDING_TOTAL_STAKED, false},
	{"StakingInfo", "Restaked", 50, -1, 1, 1, FINDING_TOTAL_STAKED, false},
	{"StakingInfo", "Unstaked", 2, -1, 1, 1, FINDING_TOTAL_STAKED, false},
	{"StakingInfo", "Restaked", 60, -1, 0, 1, FINDING_OWN_STAKE, false},
	{"StakingInfo", "Unstaked", 1, -1, 0, 1, FINDING_OWN_STAKE, false},
	{"StakingInfo", "UnstakeInit", 1, 3, -1, 1, FINDING_OWN_STAKE, false},
	{"StakingInfo", "DelegatorClaimedRewards", 300, 3, -1, 1, FINDING_DELEGATOR_REWARD, false},
	{"EventsHub", "ShareBurnedWithId", 40, -1, 1, 1, FINDING_UNBOND, false},
	{"EventsHub", "DelegatorUnstakeWithId", 30, -1, 0, 1, FINDING_UNBOND, false},
	{"StakingInfo", "DynastyValueChange", 1, -1, 1, 1, FINDING_PARAMETER, false},
	{"StakingInfo", "ProposerBonusChange", 2, -1, 1, 1, FINDING_PARAMETER, false},
	{"StakingInfo", "ChainRewardUpdate", 2, -1, 2, 1, FINDING_PARAMETER, false},
	{"EventsHub", "UpdateCommissionRate", 20, 3, -1, 1, FINDING_PARAMETER, false},
	{"ValidatorPartnership", "RewardsReceived", 50, -1, 1, 1, FINDING_TOTAL_RECEIVED, false},
	{"ValidatorPartnership", "RewardAllocated", 0, -1, 0, 1, FINDING_ALLOCATION, true},
	{"ValidatorPartnership", "RewardClaimed", 0, -1, 0, 1, FINDING_PARTNER_CLAIM, true},
};

static bool is_event(const struct kit *k, const struct log *l, const struct tamper *t)
{
	const struct contract *c = network_contract(k->chain, t->contract);
	const struct abi_event *ev = kit_event(c, t->event);

	return l->topic_count && hash_eq(&l->topics[0], &ev->topic0);
}

static void change_word(struct log *l, const struct tamper *t, struct arena *mem)
{
	uint8_t *w;

	if (t->topic < 0)
		l->data.p = arena_dup(mem, l->data.p, l->data.n);
	w = t->topic >= 0 ? l->topics[t->topic].b : (uint8_t *)(uintptr_t)l->data.p + 32 * t->word;
	u256_to_be(w, u256_add(u256_be(w), u256_u64(t->delta)));
}

static size_t count_events(const struct kit *k, const struct kit_chain *c, const struct tamper *t)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		for (size_t j = 0; j < c->blocks[i].log_count; j++)
			n += is_event(k, &c->blocks[i].logs[j], t);
	return n;
}

/* An events' word is changed while the fold passes it, and put back. */
static void run_case(const struct kit_chain *chain, const struct tamper *t, struct arena *mem)
{
	size_t seen = 0, nth, findings = 0;
	struct ledger_finding found = {0};
	struct hash32 tx = {{0}};
	uint32_t index = 0;
	struct kit k;

	kit_open(&k, "golden", mem);
	k.quiet = true;
	nth = t->last ? count_events(&k, chain, t) : t->nth;
	for (size_t i = 0; i < chain->count; i++) {
		struct block b = chain->blocks[i];
		struct ledger_outcome out;

		b.logs = arena_dup(mem, b.logs, b.log_count * sizeof(*b.logs));
		for (size_t j = 0; j < b.log_count; j++) {
			if (!is_event(&k, &b.logs[j], t) || ++seen != nth)
				continue;
			change_word(&b.logs[j], t, mem);
			tx = b.logs[j].tx_hash;
			index = b.logs[j].log_index;
		}
		kit_apply(&k, &b, &out);
		for (size_t j = 0; j < out.finding_count; j++, findings++)
			found = out.findings[j];
		arena_reset(mem);
	}
	if (findings != 1 || found.kind != t->expected)
		fail_msg("%s %u, topic %d, word %d: %zu findings, the last %s", t->event, t->nth,
			t->topic, t->word, findings, ledger_finding_name(found.kind));
	assert_true(hash_eq(&found.tx_hash, &tx));
	if (t->expected != FINDING_ALLOCATION)
		assert_int_equal(found.log_index, index);
	kit_close(&k);
}

static void each_check_fires(void **state)
{
	struct arena *all = arena_new(1u << 30), *mem = arena_new(64 << 20);
	struct kit_chain chain;

	(void)state;
	kit_load(&chain, "golden", all);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		run_case(&chain, &cases[i], mem);
	arena_free(all);
	arena_free(mem);
}

/* A payout is looked for among the transfers of its transaction: each transfer serves one payout.
 */
static void payout_without_transfer(void **state)
{
	struct arena *all = arena_new(1u << 30), *mem = arena_new(64 << 20);
	const struct tamper claim = {
		"StakingInfo", "DelegatorClaimedRewards", 120, 3, -1, 0, FINDING_PAYOUT, false};
	struct kit_chain chain;
	size_t seen = 0, findings = 0;
	struct kit k;

	(void)state;
	kit_load(&chain, "golden", all);
	kit_open(&k, "golden", mem);
	k.quiet = true;
	for (size_t i = 0; i < chain.count; i++) {
		struct block b = chain.blocks[i];
		struct ledger_outcome out;

		for (size_t j = 1; j < b.log_count; j++) {
			const struct tamper value = {
				NULL, NULL, 0, -1, 0, 1, FINDING_PAYOUT, false};

			if (is_event(&k, &b.logs[j], &claim) && ++seen == claim.nth)
				change_word(&b.logs[j - 1], &value, mem);
		}
		kit_apply(&k, &b, &out);
		for (size_t j = 0; j < out.finding_count; j++, findings++)
			assert_int_equal(out.findings[j].kind, FINDING_PAYOUT);
		arena_reset(mem);
	}
	assert_int_equal(findings, 1);
	kit_close(&k);
	arena_free(all);
	arena_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_check_fires), cmocka_unit_test(payout_without_transfer)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
