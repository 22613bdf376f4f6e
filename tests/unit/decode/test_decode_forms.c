/*
 * Forms of logs: what is parked and why, what is raw, what belongs to whom; contracts that come and go
 * with blocks; calls inside Governance.
 */
#include "decode_kit.h"

static struct network *net;
static const struct chain_conf *chain;
static struct decoder *dec;
static struct arena *mem;

static int setup(void **state)
{
	(void)state;
	net = kit_network("golden");
	chain = network_chain(net, "root");
	dec = decoder_new(chain);
	mem = arena_new(4u << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(mem);
	decoder_free(dec);
	network_free(net);
	return 0;
}

static struct decoded decode_log(const struct log *l)
{
	struct block *b = arena_calloc(mem, 1, sizeof(*b));
	struct decoded out;

	b->logs = arena_dup(mem, l, sizeof(*l));
	b->log_count = 1;
	decode_block(dec, b, mem, &out);
	assert_int_equal(out.event_count + out.parked_count, 1);
	return out;
}

static void assert_parked(const struct log *l, const char *event, const char *reason)
{
	struct decoded out = decode_log(l);

	assert_int_equal(out.parked_count, 1);
	assert_int_equal(out.unknown_events, 0);
	assert_string_equal(out.parked[0].event, event);
	assert_non_null(out.parked[0].contract);
	if (!strstr(out.parked[0].reason, reason))
		fail_msg("reason \"%s\" does not say \"%s\"", out.parked[0].reason, reason);
}

static const struct contract *contract(const char *name)
{
	return network_contract(chain, name);
}

/* The log as it is decodes; each change of it is parked. */
static void test_scalars(void **state)
{
	struct hash32 w[] = {kit_word(3), kit_word(77), kit_word(500), kit_word(501)};
	struct log good = kit_log(mem, contract("StakingInfo"), "ShareMinted", w, 4), l = good;
	struct decoded out = decode_log(&good);

	(void)state;
	assert_int_equal(out.event_count, 1);
	assert_string_equal(out.events[0].event->name, "ShareMinted");
	assert_string_equal(out.events[0].contract->name, "StakingInfo");
	assert_true(out.events[0].has_validator);
	assert_int_equal(out.events[0].validator_id, 3);
	l.data.n = 31;
	assert_parked(&l, "ShareMinted", "too short");
	l.data.n = 0;
	assert_parked(&l, "ShareMinted", "too short");
	l = good;
	l.data = (struct bytes){arena_calloc(mem, 2, 32), 64};
	assert_parked(&l, "ShareMinted", "no parameter uses");
	l.data.n = 33;
	assert_parked(&l, "ShareMinted", "no parameter uses");
	l = good;
	l.topics[2].b[11] = 1; /* an address of 21 bytes */
	assert_parked(&l, "ShareMinted", "user");
	l = good;
	l.topic_count = 3;
	assert_parked(&l, "ShareMinted", "3 topics");
}

static void test_dynamic(void **state)
{
	struct hash32 w[] = {kit_word(1), kit_word(9), kit_word(5), kit_word(1), kit_word(1000),
		kit_word(1000), kit_word(128), kit_word(64), {.b = "k"}, {.b = "l"}};
	struct log l = kit_log(mem, contract("StakingInfo"), "Staked", w, 10);
	struct decoded out = decode_log(&l);

	(void)state;
	assert_int_equal(out.event_count, 1);
	assert_int_equal(out.events[0].validator_id, 9);
	w[6] = kit_word(UINT64_MAX);
	l = kit_log(mem, contract("StakingInfo"), "Staked", w, 10);
	assert_parked(&l, "Staked", "signerPubkey");
	w[6] = kit_word(128);
	w[7] = kit_word(65);
	l = kit_log(mem, contract("StakingInfo"), "Staked", w, 10);
	assert_parked(&l, "Staked", "signerPubkey");
}

static void test_booleans(void **state)
{
	struct hash32 w[] = {kit_word(1), kit_word(2), kit_word(1)};
	struct log l = kit_log(mem, contract("StakingNFT"), "ApprovalForAll", w, 3);

	(void)state;
	assert_int_equal(decode_log(&l).event_count, 1);
	w[2] = kit_word(2);
	l = kit_log(mem, contract("StakingNFT"), "ApprovalForAll", w, 3);
	assert_parked(&l, "ApprovalForAll", "approved");
}

/* The same topic 0: ERC-20 has the amount in the data, ERC-721 the token as a fourth topic. */
static void test_transfers(void **state)
{
	struct hash32 w[] = {kit_word(1), kit_word(2), kit_word(6)};
	struct log token = kit_log(mem, contract("Token"), "Transfer", w, 3);
	struct log nft = kit_log(mem, contract("StakingNFT"), "Transfer", w, 3);
	struct decoded out = decode_log(&token);

	(void)state;
	assert_true(hash_eq(&token.topics[0], &nft.topics[0]));
	assert_int_equal(token.topic_count, 3);
	assert_int_equal(nft.topic_count, 4);
	assert_false(out.events[0].has_validator);
	assert_string_equal(out.events[0].event->params[2].name, "value");
	out = decode_log(&nft);
	assert_string_equal(out.events[0].event->params[2].name, "tokenId");
	assert_int_equal(out.events[0].validator_id, 6);
	token.address = contract("StakingNFT")->address;
	assert_parked(&token, "Transfer", "3 topics");
}

static void test_validator_ids(void **state)
{
	struct hash32 w[] = {kit_word(0), kit_word(5)};
	struct log l = kit_log(mem, contract("StakingInfo"), "StakeUpdate", w, 2);
	struct decoded out = decode_log(&l);

	(void)state;
	assert_int_equal(out.event_count, 1);
	assert_false(out.events[0].has_validator);
	memset(w[0].b, 0xff, 32); /* where rewards of unknown proposers go */
	l = kit_log(mem, contract("StakingInfo"), "StakeUpdate", w, 2);
	assert_false(decode_log(&l).events[0].has_validator);
	w[0] = kit_word(INT64_MAX);
	l = kit_log(mem, contract("StakingInfo"), "StakeUpdate", w, 2);
	assert_true(decode_log(&l).events[0].has_validator);
	w[0] = kit_word((uint64_t)INT64_MAX + 1);
	l = kit_log(mem, contract("StakingInfo"), "StakeUpdate", w, 2);
	assert_false(decode_log(&l).events[0].has_validator);
}

static void test_unknown(void **state)
{
	struct log l = {.address = contract("StakeManager")->address};
	struct decoded out = decode_log(&l);

	(void)state;
	assert_int_equal(out.unknown_events, 1); /* no topics at all */
	assert_null(out.events[0].event);
	assert_string_equal(out.events[0].contract->name, "StakeManager");
	l.topic_count = 1;
	l.topics[0].b[0] = 1;
	out = decode_log(&l);
	assert_int_equal(out.unknown_events, 1);
	assert_null(out.events[0].event);
	l.address.b[0] ^= 1;
	out = decode_log(&l);
	assert_int_equal(out.event_count, 1);
	assert_null(out.events[0].contract);
}

/* One bad log leaves the others of its block alone. */
static void test_block(void **state)
{
	struct hash32 w[] = {kit_word(1), kit_word(5)};
	struct log logs[3];
	struct block b = {.logs = logs, .log_count = 3};
	struct decoded out;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		w[0] = kit_word(i + 1);
		logs[i] = kit_log(mem, contract("StakingInfo"), "StakeUpdate", w, 2);
		logs[i].log_index = i;
	}
	logs[1].data = (struct bytes){arena_calloc(mem, 1, 32), 32};
	decode_block(dec, &b, mem, &out);
	assert_int_equal(out.event_count, 2);
	assert_int_equal(out.parked_count, 1);
	assert_int_equal(out.events[0].validator_id, 1);
	assert_int_equal(out.events[1].validator_id, 3);
	assert_ptr_equal(out.parked[0].log, &logs[1]);
}

static void test_discovery(void **state)
{
	struct hash32 w[] = {kit_word(1), kit_word(2), kit_word(6)};
	struct log l = kit_log(mem, network_template(chain, "ValidatorShare"), "Transfer", w, 3);
	struct discovery f = {.contract = "ValidatorShare", .rule = "validator_share"};
	struct block b = {.logs = &l, .log_count = 1, .found = &f, .found_count = 1};
	struct decoder *d = decoder_new(chain);
	struct decoded out;

	(void)state;
	for (uint64_t n = 1; n <= 300; n++) { /* grows the table */
		f.block = n;
		f.address = (struct address){{(uint8_t)n, (uint8_t)(n >> 8), 0xab}};
		l.address = f.address;
		decode_block(d, &b, mem, &out);
		assert_string_equal(out.events[0].contract->name, "ValidatorShare");
		assert_string_equal(out.events[0].event->name, "Transfer");
	}
	b.found_count = 0;
	decoder_undo(d, 151);
	for (uint64_t n = 1; n <= 300; n++) {
		l.address = (struct address){{(uint8_t)n, (uint8_t)(n >> 8), 0xab}};
		decode_block(d, &b, mem, &out);
		assert_true(!out.events[0].contract == (n > 150));
	}
	l.address = contract("Token")->address;
	decode_block(d, &b, mem, &out);
	assert_string_equal(out.events[0].contract->name, "Token");
	/* a fixed contract stays what it is, and a name without template finds nothing */
	f.address = contract("Token")->address;
	decoder_found(d, &f);
	f.address.b[0] ^= 1;
	f.contract = "StakeManager";
	decoder_found(d, &f);
	l.address = f.address;
	decode_block(d, &b, mem, &out);
	assert_null(out.events[0].contract);
	decoder_undo(d, 0);
	l.address = (struct address){{1, 0, 0xab}};
	decode_block(d, &b, mem, &out);
	assert_null(out.events[0].contract);
	decoder_free(d);
	decoder_free(NULL);
}

static struct call_row decode_call(struct tx *tx, const char *input)
{
	struct block *b = arena_calloc(mem, 1, sizeof(*b));
	struct decoded out;

	tx->input = kit_hex(mem, input);
	b->txs = tx;
	b->tx_count = 1;
	decode_block(dec, b, mem, &out);
	assert_int_equal(out.call_count, 1);
	return out.calls[0];
}

#define WORD(x) "00000000000000000000000000000000000000000000000000000000000000" x

static void test_governance(void **state)
{
	struct tx tx = {.to = contract("Governance")->address, .status = 1};
	char input[600], target[41];
	struct call_row c;

	(void)state;
	hex_encode(target, contract("StakeManager")->address.b, 20);
	target[40] = 0;
	snprintf(input, sizeof(input),
		"0x02a688ed000000000000000000000000%s" WORD("40") WORD("24") "a440ab1e" WORD("80")
		"00000000000000000000000000000000000000000000000000000000", target);
	c = decode_call(&tx, input);
	assert_string_equal(c.function->name, "update");
	assert_ptr_equal(c.target, contract("StakeManager"));
	assert_string_equal(c.inner->name, "updateCheckPointBlockInterval");
	assert_int_equal(c.inner_input.n, 36);
	assert_int_equal(c.inner_input.p[35], 0x80);
	input[12] = 'f'; /* padding of the target: contracts of that age do not look at it */
	c = decode_call(&tx, input);
	assert_ptr_equal(c.target, contract("StakeManager"));
	input[60] ^= 1; /* another target */
	c = decode_call(&tx, input);
	assert_null(c.target);
	assert_null(c.inner);
	assert_int_equal(c.inner_input.n, 36);
	input[10 + 127] = '3'; /* offset 0x43 points into nothing */
	c = decode_call(&tx, input);
	assert_string_equal(c.function->name, "update");
	assert_int_equal(c.inner_input.n, 0);
	c = decode_call(&tx, "0x02a688ed");
	assert_null(c.inner_input.p);
	c = decode_call(&tx, "0x02a688");
	assert_null(c.function);
	tx.creates = true;
	c = decode_call(&tx, input);
	assert_null(c.contract);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_dynamic), cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_transfers), cmocka_unit_test(test_validator_ids),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_block),
		cmocka_unit_test(test_discovery), cmocka_unit_test(test_governance)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
