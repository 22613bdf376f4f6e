/*
 * Votes with real signatures: over seven words, with a malleated s, relayed by another contract,
 * and nowhere to be found.
 */
#include "made.h"

#include "chain/keccak.h"
#include "chain/recover.h"

struct ballot {
	struct hash32 data[7];
	size_t words;
	struct hash32 sigs[3 * 8];
	size_t count;
};

static void secret_of(uint64_t id, uint8_t out[32])
{
	memset(out, 0, 32);
	out[0] = 1;
	out[31] = (uint8_t)id;
}

static struct address key_of(uint64_t id)
{
	struct address a;
	uint8_t secret[32];

	secret_of(id, secret);
	assert_true(recover_secret_address(&a, secret));
	return a;
}

static void vote(struct ballot *b, uint64_t id, unsigned v_base)
{
	struct keccak k;
	struct hash32 hash;
	uint8_t secret[32], sig[64];
	unsigned recid;

	secret_of(id, secret);
	keccak_init(&k);
	keccak_add(&k, "\x01", 1);
	keccak_add(&k, b->data, 32 * b->words);
	keccak_done(&k, &hash);
	assert_true(recover_sign(sig, &recid, &hash, secret));
	memcpy(&b->sigs[3 * b->count], sig, 64);
	b->sigs[3 * b->count++ + 2] = kit_word(v_base + recid);
}

/* submitCheckpoint(data, sigs) with `lead` bytes before it. */
static struct bytes input_of(struct made *m, const struct ballot *b, size_t lead)
{
	static const uint8_t selector[4] = {0x4e, 0x43, 0xe4, 0x95};
	size_t n = lead + 4 + 32 * (2 + 1 + b->words + 1 + 3 * b->count);
	uint8_t *p = arena_calloc(m->k.mem, n, 1), *w = p + lead + 4;
	struct hash32 head[3] = {N(64), N(64 + 32 + 32 * b->words), N(32 * b->words)};
	struct hash32 count = N(b->count);

	memset(p, 0x4e, lead);
	memcpy(p + lead, selector, 4);
	memcpy(w, head, sizeof(head));
	memcpy(w + 96, b->data, 32 * b->words);
	memcpy(w + 96 + 32 * b->words, &count, 32);
	memcpy(w + 128 + 32 * b->words, b->sigs, 96 * b->count);
	return (struct bytes){p, n};
}

/* Order of ids by the addresses of their keys. */
static uint64_t sorted[4];

static void sort_keys(void)
{
	for (uint64_t id = 1; id <= 4; id++)
		sorted[id - 1] = id;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++) {
			struct address a = key_of(sorted[j]), b = key_of(sorted[j + 1]);
			uint64_t t = sorted[j];

			if (memcmp(a.b, b.b, 20) > 0) {
				sorted[j] = sorted[j + 1];
				sorted[j + 1] = t;
			}
		}
}

static const uint64_t stakes[] = {0, 1000, 1307, 2011, 3777};

/* Four validators with keys of their own; a checkpoint of one block is worth 10^9 for all. */
static void setup(struct made *m)
{
	const struct ledger_root_chain *c;

	sort_keys();
	made_open(m);
	c = ledger_root_chain(m->k.l, 1);
	made_begin(m);
	LOG(m, "StakingInfo", "ChainRewardUpdate", N(1), N(1024000000000), big(c->reward));
	for (uint64_t id = 1; id <= 4; id++) {
		struct address key = key_of(id);

		made_tx(m);
		stake(m, id, stakes[id], false);
		memcpy(m->logs[m->b.log_count - 1].topics[1].b + 12, key.b, 20);
	}
	made_clean(m);
}

static void header_log(struct made *m, const struct ballot *b, uint64_t reward)
{
	LOG(m, "RootChain", "NewHeaderBlock", b->data[0],
		N(ledger_global(m->k.l)->next_header_block), N(reward), b->data[1], b->data[2],
		b->data[3]);
}

static struct ballot ballot(size_t words)
{
	return (struct ballot){.words = words,
		.data = {kit_word(0x9999), kit_word(0), kit_word(0), kit_word(77), kit_word(88),
			kit_word(199), kit_word(5)}};
}

static uint64_t reward_of(uint64_t stake)
{
	return 1000000000 * stake / 8095;
}

static uint64_t earned(const struct made *m, uint64_t id)
{
	struct u256 x;

	assert_true(view_validator_reward(&x, ledger_validator(m->k.l, id), ledger_global(m->k.l)));
	return x.w[0];
}

static void send(struct made *m, const struct ballot *b, const struct address *to, size_t lead)
{
	struct address from = who(999);

	made_call(m, &from, to, input_of(m, b, lead));
}

/* All bytes are hashed, also the seventh word; v may be 0 or 27. */
static void seven_words(void **state)
{
	struct ballot b = ballot(7);
	struct address root;
	struct made m;

	(void)state;
	setup(&m);
	root = made_address(&m, "RootChain");
	for (unsigned i = 0; i < 4; i++)
		vote(&b, sorted[i], i & 1 ? 27 : 0);
	made_begin(&m);
	send(&m, &b, &root, 0);
	header_log(&m, &b, reward_of(8095));
	made_clean(&m);
	assert_int_equal(ledger_global(m.k.l)->account_state_root.b[31], 88);
	assert_true(earned(&m, 1) > 0);
	made_close(&m);
}

/* s over half the order gives no address: at the start it is skipped. */
static void high_s(void **state)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0,
		0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
	struct ballot b = ballot(6);
	struct address root;
	struct made m;
	struct u256 s;

	(void)state;
	setup(&m);
	root = made_address(&m, "RootChain");
	for (unsigned i = 0; i < 4; i++)
		vote(&b, sorted[i], 27);
	s = u256_sub(u256_be(order), u256_be(b.sigs[1].b));
	b.sigs[1] = big(s);
	b.sigs[2].b[31] ^= 27 ^ 28;
	made_begin(&m);
	send(&m, &b, &root, 0);
	header_log(&m, &b, reward_of(8095 - stakes[sorted[0]]));
	made_clean(&m);
	assert_int_equal(earned(&m, sorted[0]), 0);
	made_close(&m);
}

/* Inside another contract's calldata: found, used, and said. */
static void relayed(void **state)
{
	struct ballot b = ballot(6);
	struct address relay = who(888);
	struct made m;

	(void)state;
	setup(&m);
	for (unsigned i = 1; i < 4; i++)
		vote(&b, sorted[i], 27);
	made_begin(&m);
	send(&m, &b, &relay, 71);
	header_log(&m, &b, reward_of(8095 - stakes[sorted[0]]));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_CHECKPOINT_RELAYED);
	assert_int_equal(earned(&m, sorted[0]), 0);
	assert_true(earned(&m, sorted[1]) > 0);
	assert_int_equal(ledger_global(m.k.l)->account_state_root.b[31], 88);
	made_close(&m);
}

/* Nowhere: the reward says who signed; it is said that this was inferred. */
static void inferred(void **state)
{
	struct ballot b = ballot(6);
	struct u256 expected[5];
	struct made m;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		setup(&m);
		made_begin(&m);
		if (round) {
			header_log(&m, &b, reward_of(8095 - stakes[3]));
		} else {
			struct address root = made_address(&m, "RootChain");

			for (unsigned i = 0; i < 4; i++)
				if (sorted[i] != 3)
					vote(&b, sorted[i], 27);
			send(&m, &b, &root, 0);
			header_log(&m, &b, reward_of(8095 - stakes[3]));
		}
		made_end(&m);
		assert_int_equal(m.out.finding_count, round);
		if (round)
			assert_int_equal(m.out.findings[0].kind, FINDING_CHECKPOINT_INFERRED);
		for (uint64_t id = 1; id <= 4; id++) {
			const struct ledger_validator *v = ledger_validator(m.k.l, id);

			if (round)
				assert_int_equal(
					u256_cmp(expected[id], v->initial_reward_per_stake), 0);
			expected[id] = v->initial_reward_per_stake;
		}
		assert_int_equal(earned(&m, 3), 0);
		assert_true(earned(&m, 4) > 0);
		made_close(&m);
	}
}

static void expect_as_before(const struct made *m, struct ledger_validator *before, bool compare)
{
	for (uint64_t id = 1; id <= 5; id++) {
		const struct ledger_validator *v = ledger_validator(m->k.l, id);

		if (compare)
			assert_memory_equal(&before[id], v, sizeof(*v));
		before[id] = *v;
	}
}

/* What was inferred counts as the signatures would: a listed validator without stake, and one that signs
 * without being listed. */
static void inferred_as_signed(void **state)
{
	struct ledger_validator before[6];
	struct made m;

	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		bool unlisted = round >= 2;
		struct ballot b = ballot(6);
		struct address root;

		setup(&m);
		root = made_address(&m, "RootChain");
		made_begin(&m);
		stake(&m, 5, 0, false);
		made_clean(&m);
		made_begin(&m);
		if (unlisted) {
			struct address last = signer_of(5), rest[3];
			struct hash32 words[6] = {N(32), N(4)};

			for (unsigned i = 0; i < 3; i++) {
				rest[i] = key_of(sorted[i < 1 ? 0 : i + 1]);
				words[2 + i] = A(&rest[i]);
			}
			words[5] = A(&last);
			direct(&m, "StakeManager", "insertSigners(address[])", words, 6);
		}
		made_clean(&m);
		made_begin(&m);
		if (round % 2 == 0) {
			for (unsigned i = 0; i < 4; i++)
				vote(&b, sorted[i], 27);
			send(&m, &b, &root, 0);
		}
		header_log(&m, &b, reward_of(8095));
		made_end(&m);
		assert_int_equal(m.out.finding_count, round % 2);
		if (round % 2)
			assert_int_equal(m.out.findings[0].kind, FINDING_CHECKPOINT_INFERRED);
		assert_int_equal(u256_cmp(ledger_validator(m.k.l, 5)->initial_reward_per_stake,
					 ledger_global(m.k.l)->reward_per_stake),
			0);
		assert_int_equal(earned(&m, sorted[3]) > 0, !unlisted);
		expect_as_before(&m, before, round % 2);
		made_close(&m);
	}
}

/* A reward that no set of two thirds explains: everybody is assumed, and that is said. */
static void unknown(void **state)
{
	struct ballot b = ballot(6);
	struct made m;

	(void)state;
	setup(&m);
	made_begin(&m);
	header_log(&m, &b, reward_of(1000));
	made_end(&m);
	assert_int_equal(m.out.finding_count, 1);
	assert_int_equal(m.out.findings[0].kind, FINDING_CHECKPOINT_SIGNERS);
	assert_int_equal(ledger_global(m.k.l)->total_rewards.w[0], reward_of(1000));
	assert_int_equal(ledger_global(m.k.l)->current_epoch, 2);
	made_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(seven_words), cmocka_unit_test(high_s),
		cmocka_unit_test(relayed), cmocka_unit_test(inferred),
		cmocka_unit_test(inferred_as_signed), cmocka_unit_test(unknown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
