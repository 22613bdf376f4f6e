/* Contract state that a recording's oracle knows: expected values stand in the oracle's text itself. */
#include "replay/oracle.h"

#include "lib/check.h"

#include "base/hex.h"
#include "base/u256.h"
#include "chain/keccak.h"

#include <stdio.h>

static struct oracle *o;

static struct address address(const char *hex)
{
	struct address a;

	assert_true(hex_fixed(a.b, sizeof(a.b), hex, strlen(hex)));
	return a;
}

#define MANAGER "0x49d340e0a228b0bde7b4c26a47d722d516584238"
#define INFO    "0xf4ac3720f252643000a735b81fe0a2d3353585e1"
#define NFT     "0x6ec9cf44a185102b9a312dae7c8f6d8961c0e020"
#define ROOT    "0x643518fa20b62311e840e127258c528cb9346a7f"
#define TOKEN   "0x5f0160ff94a80556f58cae00daaa2703ed0adaa5"
#define SHARE1  "0x5c57ddedf7cd46eedcd711b061c8506a282ee09b"

/* At golden's last block; argument: decimal, or NULL. */
static enum oracle_answer asked(const char *to, const char *signature, const char *argument, struct buf *out)
{
	const struct address a = address(to);
	uint8_t input[36] = {0};
	struct hash32 hash;
	struct u256 arg;

	keccak256(&hash, signature, strlen(signature));
	memcpy(input, hash.b, 4);
	if (argument) {
		assert_true(u256_parse_dec(&arg, argument, strlen(argument)));
		u256_to_be(input + 4, arg);
	}
	buf_clear(out);
	return oracle_call(o, 1184, &a, (struct bytes){input, argument ? 36 : 4}, out);
}

/* Word `i` of the answer, decimal. */
static void is(const char *to, const char *signature, const char *argument, size_t i, const char *want)
{
	char text[U256_DEC_MAX + 1];
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_int_equal(asked(to, signature, argument, &out), ORACLE_VALUE);
	assert_true(out.n >= 32 * (i + 1));
	text[u256_dec(text, u256_be((const uint8_t *)out.p + 32 * i))] = 0;
	assert_string_equal(text, want);
	buf_free(&out);
}

static void refused(const char *to, const char *signature, const char *argument, enum oracle_answer want)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	assert_int_equal(asked(to, signature, argument, &out), want);
	buf_free(&out);
}

#define SINK "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static void values(void **state)
{
	(void)state;
	is(MANAGER, "dynasty()", NULL, 0, "40");
	is(MANAGER, "delegationEnabled()", NULL, 0, "1");
	is(MANAGER, "CHAIN_CHECKPOINT_REWARD(uint256)", "2", 0, "400000001000000000000000000");
	is(MANAGER, "CHAIN_CHECKPOINT_REWARD(uint256)", "9", 0, "0");
	is(MANAGER, "validatorState()", NULL, 1, "10");
	is(MANAGER, "validators(uint256)", "1", 0, "2929788798787569267125331161081");
	is(MANAGER, "validators(uint256)", "1", 8, "15");
	is(MANAGER, "validators(uint256)", "1", 12, "15202900014948546306817");
	is(MANAGER, "validators(uint256)", "99", 12, "0");
	is(MANAGER, "validators(uint256)", SINK, 1, "2489466245128587120055394");
	is(MANAGER, "validatorStateChanges(uint256)", "441", 1, "0");
	is(INFO, "validatorNonce(uint256)", "1", 0, "4");
	is(ROOT, "headerBlocks(uint256)", "4360000", 1, "841581");
	is(ROOT, "_nextHeaderBlock()", NULL, 0, "4370000");
	is(SHARE1, "totalSupply()", NULL, 0, "250701283314540413047091446244");
}

static void reverts_and_what_is_not_known(void **state)
{
	const struct address to = address(MANAGER);
	const uint8_t short_input[2] = {1, 2};
	struct buf out;

	(void)state;
	refused(MANAGER, "signers(uint256)", "10", ORACLE_REVERTED); /* there are ten */
	is(MANAGER, "signers(uint256)", "9", 0, "1456663492680664851714376351305339207680943835627");
	refused(NFT, "ownerOf(uint256)", "4", ORACLE_REVERTED);
	refused(MANAGER, "delegatorsReward(uint256)", "0", ORACLE_REVERTED);
	refused(MANAGER, "owner()", NULL, ORACLE_NO_STATE);
	refused(ROOT, "headerBlocks(uint256)", "10000", ORACLE_NO_STATE);
	refused(TOKEN, "balanceOf(address)", "5", ORACLE_NO_STATE);
	buf_init(&out, 1000);
	assert_int_equal(asked("0x00000000000000000000000000000000000000aa", "dynasty()", NULL, &out), ORACLE_VALUE);
	assert_int_equal(out.n, 0); /* no code */
	assert_int_equal(oracle_call(o, 1183, &to, (struct bytes){short_input, 2}, &out), ORACLE_NO_STATE);
	assert_int_equal(oracle_call(o, 1184, &to, (struct bytes){short_input, 2}, &out), ORACLE_NO_STATE);
	buf_free(&out);
}

/* Negative numbers are two's complement. */
static void pending_changes(void **state)
{
	const struct address to = address(MANAGER);
	uint8_t input[36] = {0};
	bool seen = false;
	struct hash32 hash;
	struct buf out;

	(void)state;
	keccak256(&hash, "validatorStateChanges(uint256)", 30);
	memcpy(input, hash.b, 4);
	input[35] = 161;
	buf_init(&out, 1000);
	for (uint64_t block = 109; block <= 1184; block++) {
		buf_clear(&out);
		if (oracle_call(o, block, &to, (struct bytes){input, 36}, &out) != ORACLE_VALUE)
			continue;
		assert_int_equal(out.n, 64);
		if (u256_is_zero(u256_be((const uint8_t *)out.p + 32)))
			continue;
		seen = true;
		assert_int_equal(u256_cmp(u256_add(u256_be((const uint8_t *)out.p + 32), u256_u64(1)), U256_ZERO), 0);
	}
	assert_true(seen);
	buf_free(&out);
}

static void a_directory_without_an_oracle(void **state)
{
	struct oracle *none = oracle_new(TEST_DIR "/unit");
	const struct address to = address(MANAGER);
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(oracle_call(none, 1184, &to, (struct bytes){to.b, 4}, &out), ORACLE_NO_STATE);
	buf_free(&out);
	oracle_free(none);
	oracle_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(reverts_and_what_is_not_known),
		cmocka_unit_test(pending_changes),
		cmocka_unit_test(a_directory_without_an_oracle),
	};
	int failed;

	o = oracle_new(TEST_DIR "/recordings/golden");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	oracle_free(o);
	return failed;
}
