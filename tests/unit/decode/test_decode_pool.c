/*
 * A partnership contract with its own vocabulary, described by JSON files alone (pool/): other names,
 * another order of parameters, other widths, a string in front, a static array in between.
 */
#include "decode_kit.h"

static struct network *net;
static const struct contract *pool;
static struct decoder *dec;
static struct arena *mem;

static int setup(void **state)
{
	(void)state;
	net = kit_network(TEST_DIR "/unit/decode/pool/network.json");
	pool = network_contract(network_chain(net, "root"), "StakePool");
	dec = decoder_new(network_chain(net, "root"));
	mem = arena_new(1u << 20);
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

static struct decoded decode_one(struct log *l)
{
	struct block *b = arena_calloc(mem, 1, sizeof(*b));
	struct decoded out;

	b->logs = l;
	b->log_count = 1;
	decode_block(dec, b, mem, &out);
	return out;
}

static const struct address who = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	20}};
static const struct address other = {{0xff, [19] = 0xee}};

static const struct partnership_row *row_of(struct log *l, enum partnership_kind kind)
{
	struct decoded *out = arena_alloc(mem, sizeof(*out));

	*out = decode_one(l);
	if (out->parked_count)
		fail_msg("parked: %s", out->parked[0].reason);
	assert_int_equal(out->event_count, 1);
	assert_int_equal(out->partnership_count, 1);
	assert_int_equal(out->partnership[0].map->kind, kind);
	assert_ptr_equal(out->partnership[0].log, l);
	return &out->partnership[0];
}

static void test_created(void **state)
{
	struct hash32 w[] = {kit_word(42), kit_address_word(&who), kit_address_word(&other)};
	struct log l = kit_log(mem, pool, "PoolOpened", w, 3);
	const struct partnership_row *r = row_of(&l, PARTNERSHIP_CREATED);
	struct decoded out = decode_one(&l);

	(void)state;
	assert_true(r->has[PF_ADMIN] && r->has[PF_OPERATOR] && r->has[PF_VALIDATOR_ID]);
	assert_false(r->has[PF_PARTNER] || r->has[PF_AMOUNT] || r->has[PF_ROLE]);
	assert_true(address_eq(&r->admin, &who));
	assert_true(address_eq(&r->operator_, &other));
	assert_int_equal(r->validator_id, 42);
	assert_true(out.events[0].has_validator);
	assert_int_equal(out.events[0].validator_id, 42);
}

/* The string's offset stands before the numbers; its bytes come behind. */
static void test_behind_a_string(void **state)
{
	struct hash32 w[] = {kit_word(96), kit_word(900), kit_word(500), kit_word(5), {.b = "hello"}};
	struct log l = kit_log(mem, pool, "Income", w, 5);
	const struct partnership_row *r = row_of(&l, PARTNERSHIP_REWARD_RECEIVED);

	(void)state;
	assert_int_equal(r->amount.w[0], 500);
	assert_int_equal(r->total.w[0], 900);
}

static void test_topics(void **state)
{
	struct hash32 w[] = {{.b = {[0] = 0xff, [31] = 1}}, kit_address_word(&who),
		kit_address_word(&other)};
	struct log l = kit_log(mem, pool, "Payout", w, 3);
	const struct partnership_row *r = row_of(&l, PARTNERSHIP_CLAIMED);

	(void)state;
	assert_true(r->amount.w[3] == 0xff00000000000000ull && r->amount.w[0] == 1);
	assert_true(address_eq(&r->partner, &who));
	assert_true(address_eq(&r->recipient, &other));
}

static void test_behind_an_array(void **state)
{
	struct hash32 w[] = {kit_word(7000), kit_word(1), kit_word(2), kit_word(2500),
		kit_address_word(&who)};
	struct log l = kit_log(mem, pool, "Quota", w, 5);
	const struct partnership_row *r = row_of(&l, PARTNERSHIP_SHARE_CHANGED);

	(void)state;
	assert_int_equal(r->share_bps, 7000);
	assert_int_equal(r->old_share_bps, 2500);
	assert_true(address_eq(&r->partner, &who));
}

static void test_roles(void **state)
{
	struct hash32 w[] = {kit_address_word(&who), kit_word(3)};
	struct log l = kit_log(mem, pool, "Badge(address,uint8)", w, 2);
	struct hash32 unknown[] = {kit_address_word(&who), kit_word(4)};
	struct log m = kit_log(mem, pool, "Badge(address,uint8)", unknown, 2);
	const struct partnership_row *r = row_of(&l, PARTNERSHIP_ROLE_GRANTED);

	(void)state;
	assert_string_equal(r->role_name, "operator");
	assert_true(address_eq(&r->account, &who));
	r = row_of(&m, PARTNERSHIP_ROLE_GRANTED);
	assert_null(r->role_name);
	assert_int_equal(r->role.b[31], 4);
}

/* The event of the same name that the mapping does not mean. */
static void test_overload(void **state)
{
	struct hash32 w[] = {kit_address_word(&who)};
	struct log l = kit_log(mem, pool, "Badge(address)", w, 1);
	struct decoded out = decode_one(&l);

	(void)state;
	assert_int_equal(out.event_count, 1);
	assert_string_equal(out.events[0].event->signature, "Badge(address)");
	assert_int_equal(out.partnership_count, 0);
}

static void test_call(void **state)
{
	struct tx tx = {.to = pool->address, .status = 1};
	struct block b = {.txs = &tx, .tx_count = 1};
	const struct abi_function *f = pool->functions[0];
	uint8_t input[36] = {0};
	struct decoded out;

	(void)state;
	memcpy(input, f->selector, 4);
	tx.input = (struct bytes){input, sizeof(input)};
	decode_block(dec, &b, mem, &out);
	assert_int_equal(out.call_count, 1);
	assert_string_equal(out.calls[0].function->name, "payOut");
	assert_ptr_equal(out.calls[0].contract, pool);
	input[0] ^= 1;
	decode_block(dec, &b, mem, &out);
	assert_null(out.calls[0].function);
	assert_ptr_equal(out.calls[0].contract, pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_created),
		cmocka_unit_test(test_behind_a_string), cmocka_unit_test(test_topics),
		cmocka_unit_test(test_behind_an_array), cmocka_unit_test(test_roles),
		cmocka_unit_test(test_overload), cmocka_unit_test(test_call)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
