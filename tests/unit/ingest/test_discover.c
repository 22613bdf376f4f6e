/*
 * Discovery in the logs of one block: several stakes in one transaction, forged announcements,
 * other parameters, tokens minted, moved and burnt.
 */
#include "ingest/discover.h"

#include "lib/check.h"

static struct address addr(int n)
{
	struct address a;

	memset(a.b, n, sizeof(a.b));
	return a;
}

static struct hash32 word(int n)
{
	struct hash32 t = {{0}};

	memset(t.b + 12, n, 20);
	return t;
}

static struct hash32 number(uint64_t v)
{
	struct hash32 t = {{0}};

	for (int i = 0; i < 8; i++)
		t.b[31 - i] = (uint8_t)(v >> 8 * i);
	return t;
}

enum { STAKING_INFO = 1, NFT = 2, MANAGER = 3, FACTORY = 4 };

static const struct hash32 staked = {{0x57}}, announce = {{0xa0}}, other = {{0x99}},
			   moved = {{0xdd}};
static struct abi_param staked_params[3] = {{.name = "signer", .indexed = true}, {.name = "nonce"},
	{.name = "validatorId", .indexed = true}};
static struct abi_event staked_event = {
	.name = "Staked", .params = staked_params, .param_count = 3, .validator_param = 2};
static struct abi_event header_event = {.name = "NewHeaderBlock", .validator_param = -1};
static const struct abi_event *events[] = {&staked_event, &header_event};
static struct contract contracts[3];
static struct discovery_rule rules[2];
static struct chain_conf chain;
static uint8_t right[64], wrong[64];

static int setup(void **state)
{
	struct hash32 manager = word(MANAGER), factory = word(FACTORY);

	(void)state;
	staked_event.topic0 = staked;
	header_event.topic0 = (struct hash32){{0x11}};
	contracts[0] = (struct contract){.name = "StakingInfo",
		.fixed = true,
		.address = addr(STAKING_INFO),
		.events = events,
		.event_count = 2};
	contracts[1] = (struct contract){.name = "StakingNFT", .fixed = true, .address = addr(NFT)};
	contracts[2] = (struct contract){.name = "Found"};
	rules[0] = (struct discovery_rule){.name = "share",
		.kind = DISCOVER_OWNER_UPDATE,
		.trigger_contract = &contracts[0],
		.trigger_topic0 = staked,
		.announce_topic0 = announce,
		.new_owner = addr(MANAGER),
		.old_owner = addr(FACTORY),
		.has_old_owner = true,
		.finds = &contracts[2]};
	rules[1] = (struct discovery_rule){.name = "nft",
		.kind = DISCOVER_NFT_OWNER,
		.trigger_contract = &contracts[1],
		.trigger_topic0 = moved,
		.finds = &contracts[2]};
	chain = (struct chain_conf){
		.contracts = contracts, .contract_count = 3, .rules = rules, .rule_count = 2};
	memcpy(right, manager.b, 32);
	memcpy(right + 32, factory.b, 32);
	memcpy(wrong, factory.b, 32);
	memcpy(wrong + 32, manager.b, 32);
	return 0;
}

static struct log logs[32];
static size_t count;

static void put(uint32_t tx, int address, struct hash32 t0, int topics, const uint8_t *data)
{
	logs[count] = (struct log){.address = addr(address),
		.topics = {t0},
		.topic_count = (uint8_t)topics,
		.tx_index = tx,
		.log_index = (uint32_t)count,
		.data = {data, data ? 64 : 0}};
	count++;
}

static void put_staked(uint32_t tx, uint64_t validator)
{
	put(tx, STAKING_INFO, staked, 3, NULL);
	logs[count - 1].topics[1] = word(0x66);
	logs[count - 1].topics[2] = number(validator);
}

static bool find(size_t i, struct discovery *d)
{
	const struct discovery_rule *r = discover_trigger(&chain, DISCOVER_OWNER_UPDATE, &logs[i]);

	return r && discover_owner_update(r, 77, logs, i, d);
}

static void one_stake(void **state)
{
	struct discovery d;

	(void)state;
	count = 0;
	put(0, STAKING_INFO, other, 1, NULL);
	put(0, 0x50, announce, 1, right);
	put(0, 0x50, other, 1, NULL);
	put(0, NFT, moved, 1, NULL);
	put_staked(0, 9);
	for (size_t i = 0; i < 4; i++)
		assert_false(find(i, &d));
	assert_true(find(4, &d));
	assert_int_equal(d.address.b[3], 0x50);
	assert_string_equal(d.contract, "Found");
	assert_string_equal(d.rule, "share");
	assert_int_equal(d.block, 77);
	assert_int_equal(d.log_index, 1);
	assert_true(d.has_validator);
	assert_int_equal(d.validator_id, 9);
}

/* Two stakes in one transaction, the second without a share; the next transaction has one again. */
static void several(void **state)
{
	struct discovery d;

	(void)state;
	count = 0;
	put(3, 0x50, announce, 1, right);
	put_staked(3, 1);
	put_staked(3, 2);
	put(3, 0x51, announce, 1, right);
	put_staked(3, 4);
	put(4, 0x52, announce, 1, right);
	put_staked(5, 5);
	put(5, 0x53, announce, 1, right);
	assert_true(find(1, &d));
	assert_int_equal(d.address.b[0], 0x50);
	assert_int_equal(d.validator_id, 1);
	assert_false(find(2, &d));
	assert_true(find(4, &d));
	assert_int_equal(d.address.b[0], 0x51);
	assert_int_equal(d.validator_id, 4);
	assert_false(find(6, &d)); /* announced in another transaction, or after */
}

static void forged(void **state)
{
	struct discovery d;

	(void)state;
	count = 0;
	put(0, 0x60, announce, 1, right); /* before the contract's own log of this stake */
	put(0, STAKING_INFO, other, 1, NULL);
	put(0, 0x61, announce, 1, right);
	put_staked(0, 3);
	assert_true(find(3, &d));
	assert_int_equal(d.address.b[0], 0x61);

	count = 0;
	put(0, 0x60, announce, 1, right);
	put(0, STAKING_INFO, other, 1, NULL);
	put_staked(0, 3);
	assert_false(find(2, &d));

	count = 0;
	put(0, 0x60, announce, 1, wrong);
	put_staked(0, 3);
	assert_false(find(1, &d));
	logs[0].data = (struct bytes){right, 32};
	assert_false(find(1, &d));
	logs[0].data = (struct bytes){right, 63};
	assert_false(find(1, &d));
	logs[0].data = (struct bytes){NULL, 0};
	logs[0].topic_count = 3; /* the same with indexed parameters */
	logs[0].topics[1] = word(MANAGER);
	logs[0].topics[2] = word(FACTORY);
	assert_true(find(1, &d));
	logs[0].topics[2] = word(0x12);
	assert_false(find(1, &d));
	rules[0].has_old_owner = false;
	assert_true(find(1, &d));
	rules[0].has_old_owner = true;
}

static void nft(void **state)
{
	const struct discovery_rule *r;
	struct discovery d;

	(void)state;
	count = 0;
	put(0, NFT, moved, 4, NULL);
	logs[0].topics[2] = word(0x44);
	logs[0].topics[3] = number(12);
	r = discover_trigger(&chain, DISCOVER_NFT_OWNER, &logs[0]);
	assert_ptr_equal(r, &rules[1]);
	assert_null(discover_trigger(&chain, DISCOVER_OWNER_UPDATE, &logs[0]));
	assert_true(discover_nft_owner(r, 5, &logs[0], &d));
	assert_int_equal(d.address.b[7], 0x44);
	assert_int_equal(d.validator_id, 12);
	assert_string_equal(d.rule, "nft");
	logs[0].topics[2] = word(0); /* burnt */
	assert_false(discover_nft_owner(r, 5, &logs[0], &d));
	logs[0].topics[2] = word(0x44);
	logs[0].topic_count = 3; /* a transfer of an ERC-20 has the same topic0 */
	assert_false(discover_nft_owner(r, 5, &logs[0], &d));
	logs[0].address = addr(9);
	assert_null(discover_trigger(&chain, DISCOVER_NFT_OWNER, &logs[0]));
}

static void checkpoints(void **state)
{
	(void)state;
	count = 0;
	put(0, STAKING_INFO, header_event.topic0, 1, NULL);
	put_staked(0, 1);
	put(0, NFT, header_event.topic0, 1, NULL);
	put(0, STAKING_INFO, header_event.topic0, 0, NULL);
	assert_true(discover_checkpoint(&chain, &logs[0]));
	for (size_t i = 1; i < count; i++)
		assert_false(discover_checkpoint(&chain, &logs[i]));
	logs[0].state_sync = true;
	assert_false(discover_checkpoint(&chain, &logs[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stake),
		cmocka_unit_test(several),
		cmocka_unit_test(forged),
		cmocka_unit_test(nft),
		cmocka_unit_test(checkpoints),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
