/*
 * Every recorded log is decoded to the right name. What is right is not asked from the program's ABIs:
 * the expected name follows from topic 0 (a table written from the protocol's documentation) and, for
 * Transfer, the number of topics; counts per name are the recordings' own documented ones.
 */
#include "decode_kit.h"

#define NAMES 64

static const struct {
	const char *topic0; /* first 8 digits */
	const char *name;
	unsigned golden, world;
} known[] = {
	{"ba5de06d", "NewHeaderBlock", 440, 66},
	{"dfdf2691", "CheckpointSyncAck", 209, 37},
	{"ca1d8316", "ResetHeaderBlock", 2, 1},
	{"68c13e41", "Staked", 14, 14},
	{"69b288bb", "UnstakeInit", 4, 4},
	{"204fccf0", "Unstaked", 3, 3},
	{"086044c0", "SignerChange", 16, 7},
	{"09b24121", "Restaked", 116, 38},
	{"8a9fd81e", "StakeUpdate", 1010, 325},
	{"41e5e459", "ClaimRewards", 228, 71},
	{"2c3bb545", "TopUpFee", 62, 28},
	{"f40b9ca2", "ClaimFee", 1, 1},
	{"683d0f47", "StartAuction", 2, 2},
	{"1002381e", "ConfirmAuction", 1, 1},
	{"c9afff09", "ShareMinted", 647, 204},
	{"7e86625a", "ShareBurned", 133, 41},
	{"502f5a66", "ShareBurnedWithId", 114, 42},
	{"31d17150", "DelegatorClaimedRewards", 651, 192},
	{"0f9ccdda", "DelegatorRestaked", 161, 30},
	{"770c7c7d", "DelegatorUnstaked", 110, 36},
	{"7beb9bef", "DelegatorUnstakeWithId", 61, 20},
	{"7d5da5ec", "UpdateCommissionRate", 40, 14},
	{"5d16a900", "ThresholdChange", 2, 2},
	{"9444bfcf", "DynastyValueChange", 1, 2},
	{"4a501a9c", "ProposerBonusChange", 4, 4},
	{"44f86fce", "ChainRewardUpdate", 4, 4},
	{"801c2d11", "RewardParams", 4, 4},
	{"55c32cd0", "PartnershipCreated", 3, 3},
	{"2b06702f", "PartnerAdded", 20, 20},
	{"d2639eca", "PartnerRemoved", 3, 3},
	{"fd0b8e0f", "PartnerShareChanged", 19, 19},
	{"9c917719", "DustPartnerChanged", 6, 6},
	{"61cb44cb", "RewardsReceived", 106, 32},
	{"098780f7", "RewardAllocated", 517, 160},
	{"0aa4d283", "RewardClaimed", 83, 29},
	{"e7675eef", "RewardsRestaked", 14, 5},
	{"0a7bb2e2", "StakeDeposited", 122, 55},
	{"d2ba84da", "StakeReturned", 5, 5},
	{"2f878811", "RoleGranted", 30, 30},
	{"f6391f5c", "RoleRevoked", 7, 7},
	{"62e78cea", "Paused", 2, 2},
	{"5db9ee0a", "Unpaused", 2, 2},
	{"34376542", "OwnerUpdate", 13, 13},
	{"8be0079c", "OwnershipTransferred", 13, 13},
	{"ddf252ad", "Transfer", 2669, 889},
	{"8c5be1e5", "Approval", 665, 292},
};
#define KNOWN (sizeof(known) / sizeof(*known))

static size_t index_of(const struct log *l)
{
	char hex[8];

	assert_true(l->topic_count);
	hex_encode(hex, l->topics[0].b, 4);
	for (size_t i = 0; i < KNOWN; i++)
		if (!memcmp(known[i].topic0, hex, 8))
			return i;
	fail_msg("unexpected topic %.8s", hex);
	return 0;
}

struct totals {
	unsigned names[KNOWN], tokens, nfts, shares;
	unsigned partnership[PARTNERSHIP_KIND_COUNT];
	unsigned checkpoints[4], with_call, signatures, calls, unknown_calls, inner;
	size_t logs;
};

static void count_event(struct totals *t, const struct event_row *row)
{
	const struct log *l = row->log;
	size_t i = index_of(l);

	assert_non_null(row->contract);
	assert_non_null(row->event);
	assert_string_equal(row->event->name, known[i].name);
	t->names[i]++;
	t->tokens += !strcmp(row->event->name, "Transfer") && !strcmp(row->contract->name, "Token");
	t->shares += !strcmp(row->event->name, "Transfer") &&
		     !strcmp(row->contract->name, "ValidatorShare");
	if (!strcmp(row->event->name, "Transfer") && !strcmp(row->contract->name, "StakingNFT")) {
		t->nfts++;
		assert_int_equal(l->topic_count, 4);
		assert_true(row->has_validator);
		assert_int_equal(row->validator_id, l->topics[3].b[31]);
	}
}

static bool signed_count(const struct checkpoint_row *c, struct totals *t)
{
	assert_int_equal(c->signatures.n, 96 * c->signature_count);
	t->with_call += c->has_call;
	t->signatures += (unsigned)c->signature_count;
	return c->has_call;
}

static void count_block(struct totals *t, const struct decoded *d, const struct block *b)
{
	assert_int_equal(d->parked_count, 0);
	assert_int_equal(d->unknown_events, 0);
	assert_int_equal(d->event_count, b->log_count);
	t->logs += b->log_count;
	for (size_t i = 0; i < d->event_count; i++) {
		assert_ptr_equal(d->events[i].log, &b->logs[i]);
		count_event(t, &d->events[i]);
	}
	for (size_t i = 0; i < d->checkpoint_count; i++) {
		const struct checkpoint_row *c = &d->checkpoints[i];

		t->checkpoints[c->kind]++;
		assert_true(signed_count(c, t));
		assert_true(c->start <= c->end);
		assert_int_equal(c->vote_data.n, c->kind == CHECKPOINT_SYNC ? 160 : 192);
		assert_false(c->has_call_epoch);
		if (c->kind == CHECKPOINT_MAIN) {
			assert_int_equal(c->root_chain_id, 1);
			assert_int_equal(c->header_block_id, 10000 * c->checkpoint_id);
			assert_true(c->has_bttc_chain_id);
			assert_int_equal(c->bttc_chain_id, 199);
		} else {
			assert_true(c->root_chain_id == 2 || c->root_chain_id == 3);
			assert_false(c->has_root);
		}
	}
	for (size_t i = 0; i < d->partnership_count; i++)
		t->partnership[d->partnership[i].map->kind]++;
	for (size_t i = 0; i < d->call_count; i++) {
		t->calls++;
		if (!d->calls[i].contract)
			continue;
		t->unknown_calls += !d->calls[i].function;
		t->inner += d->calls[i].inner_input.n > 0;
		if (d->calls[i].inner_input.n)
			assert_non_null(d->calls[i].inner);
	}
}

static struct totals run(const char *network, const char *recording)
{
	struct network *n = kit_network(network);
	const struct chain_conf *c = network_chain(n, "root");
	struct recording *r = recording_open(recording);
	struct arena *mem = arena_new(1u << 30), *meta = arena_new(1u << 20);
	struct decoder *d = decoder_new(c);
	struct totals t = {0};
	struct rec_block rb;
	size_t shares;
	struct discovery *found = kit_shares(recording, c->first_block, meta, &shares);

	while (recording_next(r, mem, &rb)) {
		struct block b = kit_block(&rb, mem);
		struct decoded out;

		if (rb.h.number == c->first_block) {
			b.found = found;
			b.found_count = shares;
		}
		decode_block(d, &b, mem, &out);
		count_block(&t, &out, &b);
		arena_reset(mem);
	}
	decoder_free(d);
	recording_close(r);
	arena_free(mem);
	arena_free(meta);
	network_free(n);
	return t;
}

static void test_golden(void **state)
{
	struct totals t = run("golden", "golden");

	(void)state;
	for (size_t i = 0; i < KNOWN; i++)
		if (t.names[i] != known[i].golden)
			fail_msg("%s: %u, not %u", known[i].name, t.names[i], known[i].golden);
	assert_int_equal(t.logs, 8339);
	assert_int_equal(t.tokens, 1690);
	assert_int_equal(t.nfts, 18);
	assert_int_equal(t.shares, 961);
	assert_int_equal(t.checkpoints[CHECKPOINT_MAIN], 440);
	assert_int_equal(t.checkpoints[CHECKPOINT_SYNC], 209);
	assert_int_equal(t.with_call, 649);
	assert_int_equal(t.partnership[PARTNERSHIP_ALLOCATED], 517);
	assert_int_equal(t.partnership[PARTNERSHIP_CLAIMED], 83);
	assert_int_equal(t.partnership[PARTNERSHIP_CREATED], 3);
	assert_int_equal(t.partnership[PARTNERSHIP_ROLE_GRANTED], 30);
	assert_int_equal(t.partnership[PARTNERSHIP_CAPITAL_IN], 122);
	assert_int_equal(t.partnership[PARTNERSHIP_UNPAUSED], 2);
	assert_int_equal(t.calls, 2532);
	assert_int_equal(t.inner, 22);
	assert_int_equal(t.unknown_calls, 0);
}

static void test_world_root(void **state)
{
	struct totals t = run("world", "world/root");

	(void)state;
	for (size_t i = 0; i < KNOWN; i++)
		if (t.names[i] != known[i].world)
			fail_msg("%s: %u, not %u", known[i].name, t.names[i], known[i].world);
	assert_int_equal(t.logs, 2778);
	assert_int_equal(t.checkpoints[CHECKPOINT_MAIN], 66);
	assert_int_equal(t.checkpoints[CHECKPOINT_SYNC], 37);
	assert_int_equal(t.with_call, 103);
	assert_int_equal(t.inner, 24);
	assert_int_equal(t.unknown_calls, 0);
}

/* Each checkpoint's words against what the generator of the recording says it meant. */
static void test_signers(void **state)
{
	struct rec_lines *lines = rec_lines_open("recordings/golden/checkpoints.ndjson.gz");
	struct arena *mem = arena_new(64u << 20);
	unsigned meant = 0;
	struct jval v;

	(void)state;
	while (rec_lines_next(lines, &v)) {
		bool fails = false;

		json_bool(rec_get(v, "expectFail"), &fails);
		if (!fails)
			meant += (unsigned)json_count(rec_get(v, "signers"));
	}
	rec_lines_close(lines);
	arena_free(mem);
	assert_int_equal(run("golden", "golden").signatures, meant);
}

/* A BTTC chain has anything on it: anonymous logs, four topics and no data, topics of nobody. */
static void test_world_bttc(void **state)
{
	struct network *n = kit_network("world");
	struct recording *r = recording_open("world/bttc");
	struct arena *mem = arena_new(1u << 30);
	struct decoder *d = decoder_new(network_chain(n, "bttc"));
	unsigned withdraw = 0, withdraw_to = 0, fees = 0, transfers = 0, anonymous = 0, strangers = 0;
	unsigned logs = 0;
	struct rec_block rb;

	(void)state;
	while (recording_next(r, mem, &rb)) {
		struct block b = kit_block(&rb, mem);
		struct decoded out;

		decode_block(d, &b, mem, &out);
		assert_int_equal(out.parked_count, 0);
		assert_int_equal(out.event_count, b.log_count);
		assert_int_equal(out.checkpoint_count, 0);
		for (size_t i = 0; i < out.event_count; i++) {
			const struct event_row *row = &out.events[i];

			logs++;
			strangers += !row->contract;
			anonymous += !row->log->topic_count;
			assert_true(row->contract || !row->event);
			if (!row->event)
				continue;
			withdraw += !strcmp(row->event->name, "Withdraw");
			withdraw_to += !strcmp(row->event->name, "WithdrawTo");
			fees += !strcmp(row->event->name, "LogFeeTransfer");
			transfers += !strcmp(row->event->name, "LogTransfer");
		}
		arena_reset(mem);
	}
	assert_int_equal(logs, 41719);
	assert_int_equal(withdraw, 293);
	assert_int_equal(withdraw_to, 293);
	assert_int_equal(fees, 18933);
	assert_int_equal(transfers, 11780);
	assert_true(anonymous > 200);
	assert_int_equal(strangers, 41719 - 293 - 293 - 18933 - 11780 - 837);
	decoder_free(d);
	recording_close(r);
	arena_free(mem);
	network_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
		cmocka_unit_test(test_world_root), cmocka_unit_test(test_signers),
		cmocka_unit_test(test_world_bttc)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
