/*
 * Checkpoints and their calldata, on the vectors of submitCheckpoint (seven words) and
 * submitCheckpointSync, and on everything that must not be believed: relayed calls, other words than
 * the event's, several checkpoints in one transaction, calldata cut anywhere.
 */
#include "decode_kit.h"

static struct network *net;
static const struct chain_conf *tron;
static struct decoder *dec;
static struct arena *mem;
static struct bytes main_input, sync_input;
static struct address proposer;
static struct hash32 root, account_root;

static int setup(void **state)
{
	struct json_parser *p;
	struct jval v;

	(void)state;
	net = kit_network("mainnet");
	tron = network_chain(net, "tron");
	dec = decoder_new(tron);
	mem = arena_new(64u << 20);
	p = rec_file("vectors/synthetic_submitCheckpoint.json", &v);
	main_input = rec_hex(rec_get(v, "calldata"), mem);
	rec_fixed(rec_get(v, "proposer"), proposer.b, 20);
	rec_fixed(rec_get(v, "rootHash"), root.b, 32);
	rec_fixed(rec_get(v, "accountHash"), account_root.b, 32);
	rec_file_free(p);
	p = rec_file("vectors/synthetic_submitCheckpointSync.json", &v);
	sync_input = rec_hex(rec_get(v, "calldata"), mem);
	rec_file_free(p);
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

static struct log main_log(const struct chain_conf *c)
{
	struct hash32 w[] = {kit_address_word(&proposer), kit_word(10000), kit_word(12345), kit_word(0),
		kit_word(255), root};
	struct log l = kit_log(mem, network_contract(c, "RootChain"), "NewHeaderBlock", w, 6);

	l.tx_index = 4;
	l.tx_hash.b[0] = 0x77;
	return l;
}

static struct log sync_log(void)
{
	struct hash32 w[] = {kit_address_word(&proposer), kit_word(2), kit_word(1), kit_word(0),
		kit_word(1023)};
	struct log l = kit_log(mem, network_contract(tron, "StakingInfo"), "CheckpointSyncAck", w, 5);

	l.tx_index = 4;
	l.tx_hash.b[0] = 0x77;
	return l;
}

static struct tx tx_to(const struct chain_conf *c, const char *name, struct bytes input)
{
	return (struct tx){.to = network_contract(c, name)->address,
		.from = {{9, 9, 9}},
		.index = 4,
		.hash = {{0x77}},
		.status = 1,
		.input = input};
}

static struct checkpoint_row decode_in(struct decoder *d, struct log *l, struct tx *tx)
{
	struct tx txs[] = {{.index = 1}, *tx, {.index = 9}};
	struct block b = {.logs = l, .log_count = 1, .txs = txs, .tx_count = 3};
	struct decoded out;

	decode_block(d, &b, mem, &out);
	assert_int_equal(out.parked_count, 0);
	assert_int_equal(out.checkpoint_count, 1);
	assert_int_equal(out.event_count, 1);
	return out.checkpoints[0];
}

static void test_main(void **state)
{
	struct log l = main_log(tron);
	struct tx tx = tx_to(tron, "RootChain", main_input);
	struct checkpoint_row c = decode_in(dec, &l, &tx);

	(void)state;
	assert_int_equal(c.kind, CHECKPOINT_MAIN);
	assert_int_equal(c.root_chain_id, 1);
	assert_int_equal(c.checkpoint_id, 1);
	assert_true(c.has_header_block_id && c.has_root && c.has_reward);
	assert_int_equal(c.header_block_id, 10000);
	assert_int_equal(c.start, 0);
	assert_int_equal(c.end, 255);
	assert_int_equal(c.reward.w[0], 12345);
	assert_true(address_eq(&c.proposer, &proposer));
	assert_true(hash_eq(&c.root, &root));
	assert_true(c.has_call);
	assert_int_equal(c.submitted_by.b[0], 9);
	assert_int_equal(c.vote_data.n, 224);
	assert_ptr_equal(c.vote_data.p, main_input.p + 4 + 96);
	assert_int_equal(c.signature_count, 5);
	assert_int_equal(c.signatures.n, 480);
	assert_ptr_equal(c.signatures.p, main_input.p + main_input.n - 480);
	assert_true(c.has_account_root && c.has_bttc_chain_id && c.has_call_epoch);
	assert_true(hash_eq(&c.account_root, &account_root));
	assert_int_equal(c.bttc_chain_id, 199);
	assert_int_equal(c.call_epoch, 1);
}

static void test_sync(void **state)
{
	struct log l = sync_log();
	struct tx tx = tx_to(tron, "StakeManager", sync_input);
	struct checkpoint_row c = decode_in(dec, &l, &tx);

	(void)state;
	assert_int_equal(c.kind, CHECKPOINT_SYNC);
	assert_int_equal(c.root_chain_id, 2);
	assert_int_equal(c.checkpoint_id, 1);
	assert_false(c.has_header_block_id || c.has_root || c.has_reward || c.has_account_root);
	assert_int_equal(c.end, 1023);
	assert_true(c.has_call);
	assert_int_equal(c.vote_data.n, 160);
	assert_int_equal(c.signature_count, 5);
	tx.input = main_input; /* another function of another contract */
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = tx_to(tron, "RootChain", sync_input);
	assert_false(decode_in(dec, &l, &tx).has_call);
	l.topics[3] = kit_word(2);
	tx = tx_to(tron, "StakeManager", sync_input);
	assert_false(decode_in(dec, &l, &tx).has_call);
	l = sync_log();
	l.topics[2] = kit_word(3);
	assert_false(decode_in(dec, &l, &tx).has_call);
}

static void test_mirror(void **state)
{
	const struct chain_conf *bsc = network_chain(net, "bsc");
	struct decoder *d = decoder_new(bsc);
	struct log l = main_log(bsc);
	struct tx tx = tx_to(bsc, "RootChain", main_input);
	struct checkpoint_row c = decode_in(d, &l, &tx);

	(void)state;
	assert_int_equal(c.kind, CHECKPOINT_MIRROR);
	assert_int_equal(c.root_chain_id, 3);
	assert_true(c.has_call && c.has_call_epoch);
	decoder_free(d);
}

/* Whose transaction it is not. */
static void test_not_direct(void **state)
{
	struct log l = main_log(tron);
	struct tx good = tx_to(tron, "RootChain", main_input), tx = good;

	(void)state;
	tx.to.b[0] ^= 1; /* a relayer with the very same calldata */
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = good;
	tx.hash.b[0] = 0;
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = good;
	tx.index = 5;
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = good;
	tx.status = 0;
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = good;
	tx.creates = true;
	assert_false(decode_in(dec, &l, &tx).has_call);
	tx = good;
	tx.status = -1; /* no receipt was fetched: the log itself shows that it succeeded */
	assert_true(decode_in(dec, &l, &tx).has_call);
}

static void test_other_words(void **state)
{
	struct tx tx = tx_to(tron, "RootChain", main_input);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct log l = main_log(tron);
		uint8_t *data = arena_dup(mem, l.data.p, l.data.n);

		l.data.p = data;
		switch (i) {
		case 0: l.topics[1].b[31] ^= 1; break; /* proposer */
		case 1: data[31] = 1; break;           /* start */
		case 2: data[63] ^= 1; break;          /* end */
		case 3: data[64] ^= 1; break;          /* root */
		}
		assert_false(decode_in(dec, &l, &tx).has_call);
	}
}

static void test_cut(void **state)
{
	struct log l = main_log(tron);

	(void)state;
	for (size_t n = 0; n < main_input.n; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* its own allocation: a sanitizer sees any overrun */
		struct tx tx;

		assert_non_null(exact);
		memcpy(exact, main_input.p, n);
		tx = tx_to(tron, "RootChain", (struct bytes){exact, n});
		assert_false(decode_in(dec, &l, &tx).has_call);
		free(exact);
	}
}

/* Offsets and lengths that are huge, and six words instead of seven. */
static void test_forged_lengths(void **state)
{
	struct log l = main_log(tron);
	static const size_t words[] = {4, 4 + 32, 4 + 64, 4 + 320};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		uint8_t *input = arena_dup(mem, main_input.p, main_input.n);
		struct tx tx = tx_to(tron, "RootChain", (struct bytes){input, main_input.n});

		memset(input + words[i], 0xff, 32);
		assert_false(decode_in(dec, &l, &tx).has_call);
		memset(input + words[i], 0, 24);
		assert_false(decode_in(dec, &l, &tx).has_call);
	}
}

static void test_six_words(void **state)
{
	struct log l = main_log(tron);
	uint8_t *input = arena_dup(mem, main_input.p, main_input.n);
	struct tx tx = tx_to(tron, "RootChain", (struct bytes){input, main_input.n});
	struct checkpoint_row c;

	(void)state;
	input[4 + 64 + 31] = 192;
	c = decode_in(dec, &l, &tx);
	assert_true(c.has_call && c.has_bttc_chain_id);
	assert_false(c.has_call_epoch);
	assert_int_equal(c.vote_data.n, 192);
	input[4 + 64 + 31] = 191;
	assert_false(decode_in(dec, &l, &tx).has_call);
}

static void test_two_in_one(void **state)
{
	struct log logs[3] = {main_log(tron), main_log(tron), main_log(tron)};
	struct tx tx = tx_to(tron, "RootChain", main_input), txs[2] = {tx, tx};
	struct block b = {.logs = logs, .log_count = 2, .txs = txs, .tx_count = 1};
	struct decoded out;

	(void)state;
	decode_block(dec, &b, mem, &out);
	assert_int_equal(out.checkpoint_count, 2);
	assert_false(out.checkpoints[0].has_call || out.checkpoints[1].has_call);
	/* two transactions, one each: both are believed */
	logs[1].tx_index = 6;
	txs[1].index = 6;
	b.tx_count = 2;
	decode_block(dec, &b, mem, &out);
	assert_true(out.checkpoints[0].has_call && out.checkpoints[1].has_call);
	/* no transaction was kept at all */
	b.tx_count = 0;
	decode_block(dec, &b, mem, &out);
	assert_int_equal(out.checkpoint_count, 2);
	assert_false(out.checkpoints[0].has_call);
}

static void assert_parked(struct log *l, const char *reason)
{
	struct block b = {.logs = l, .log_count = 1};
	struct decoded out;

	decode_block(dec, &b, mem, &out);
	assert_int_equal(out.event_count + out.checkpoint_count, 0);
	assert_int_equal(out.parked_count, 1);
	assert_string_equal(out.parked[0].reason, reason);
}

static void test_ranges(void **state)
{
	struct log l = main_log(tron);
	uint8_t *data = arena_dup(mem, l.data.p, l.data.n);

	(void)state;
	l.data.p = data;
	data[0] = 1;
	assert_parked(&l, "a block number over 63 bits");
	data[0] = 0;
	data[24] = 0x80;
	assert_parked(&l, "a block number over 63 bits");
	data[24] = 1;
	assert_parked(&l, "the checkpoint ends before it starts");
	data[24] = 0;
	l.topics[2].b[0] = 1;
	assert_parked(&l, "a checkpoint id over 63 bits");
	l = sync_log();
	l.topics[2].b[28] = 0x80;
	assert_parked(&l, "a chain id over 31 bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_main), cmocka_unit_test(test_sync),
		cmocka_unit_test(test_mirror), cmocka_unit_test(test_not_direct),
		cmocka_unit_test(test_other_words), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_forged_lengths), cmocka_unit_test(test_six_words),
		cmocka_unit_test(test_two_in_one), cmocka_unit_test(test_ranges)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
