/* The shipped network files: they load, and hold the facts that the rest of the program relies on. */
#include "lib/check.h"

#include "base/hex.h"
#include "chain/base58.h"
#include "network/network.h"

static struct network *load(const char *name)
{
	struct network *n = NULL;
	struct err e = {0};

	if (network_load(&n, name, &e) != ERR_NONE)
		fail_msg("%s: %s", name, e.msg);
	return n;
}

static struct address address(const char *text)
{
	struct address a;
	const char *why = "";

	if (!address_parse(&a, text, strlen(text), &why))
		fail_msg("%s: %s", text, why);
	return a;
}

static void assert_address(const struct chain_conf *c, const char *name, const char *text)
{
	const struct contract *k = network_contract(c, name);
	struct address want = address(text);

	assert_non_null(k);
	assert_true(k->fixed);
	assert_true(address_eq(&k->address, &want));
}

static const struct abi_event *event(const struct contract *c, const char *name, unsigned indexed)
{
	for (size_t i = 0; i < c->event_count; i++)
		if (!strcmp(c->events[i]->name, name) && c->events[i]->indexed_count == indexed)
			return c->events[i];
	return NULL;
}

static void assert_topic(const struct chain_conf *c, const char *contract, const char *name,
	unsigned indexed, const char *topic)
{
	const struct contract *k = network_contract(c, contract);
	const struct abi_event *ev = k ? event(k, name, indexed) : NULL;
	struct hash32 want;

	if (!ev)
		fail_msg("%s has no %s with %u indexed parameters", contract, name, indexed);
	assert_true(hex_fixed(want.b, 32, topic, strlen(topic)));
	assert_true(hash_eq(&ev->topic0, &want));
	assert_string_equal(ev->contract, contract);
}

static size_t watches_on(const struct chain_conf *c, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < c->watch_count; i++)
		n += !strcmp(c->watches[i].contract->name, name);
	return n;
}

static void test_golden(void **state)
{
	struct network *n = load("golden");
	const struct chain_conf *c = network_chain(n, "root");
	const struct contract *p;
	size_t fixed = 0;

	(void)state;
	assert_string_equal(n->name, "golden");
	assert_int_equal(n->chain_count, 1);
	assert_null(network_chain(n, "bttc"));
	assert_int_equal(c->chain_id, 31337);
	assert_int_equal(c->kind, CHAIN_ETHEREUM);
	assert_int_equal(c->role, ROLE_STAKING);
	assert_int_equal(c->root_chain_id, 1);
	assert_int_equal(c->first_block, 109);
	assert_true(c->has_parent_hash);
	assert_int_equal(c->parent_hash.b[0], 0xa1);
	assert_false(c->has_first_hash);
	assert_int_equal(c->finality, FINALITY_DEPTH);
	assert_int_equal(c->safe_depth, 10);
	assert_int_equal(c->final_depth, 64);
	assert_int_equal(c->fork_window, 256);
	assert_int_equal(c->tx_scan, TX_SCAN_FULL);
	assert_non_null(strstr(c->recording, "/tests/recordings/golden"));
	assert_int_equal(c->recording[0], '/');
	assert_null(strstr(c->recording, ".."));
	assert_non_null(n->initial_state);
	assert_non_null(strstr(n->initial_state, "\"checkPointBlockInterval\":\"1024\""));
	assert_int_equal(strlen(n->revision), 16);
	for (size_t i = 0; i < c->contract_count; i++)
		fixed += c->contracts[i].fixed && !strcmp(c->contracts[i].name, "ValidatorPartnership");
	assert_int_equal(fixed, 3);
	p = network_template(c, "ValidatorPartnership");
	assert_non_null(p);
	assert_true(p->accounted);
	assert_ptr_not_equal(p, network_contract(c, "ValidatorPartnership"));
	assert_non_null(p->mapping);
	assert_int_equal(p->mapping->event_count, p->event_count);
	assert_int_equal(p->event_count, 15);
	assert_int_equal(p->mapping->role_count, 3);
	assert_int_equal(watches_on(c, "ValidatorPartnership"), 4);
	assert_int_equal(watches_on(c, "ValidatorShare"), 1);
	assert_int_equal(watches_on(c, "ValidatorShareFactory"), 0);
	assert_int_equal(c->rule_count, 2);
	assert_int_equal(c->rules[0].kind, DISCOVER_OWNER_UPDATE);
	assert_false(c->rules[0].has_old_owner);
	assert_ptr_equal(c->rules[0].finds, network_template(c, "ValidatorShare"));
	assert_true(address_eq(&c->rules[0].new_owner, &network_contract(c, "StakeManager")->address));
	assert_int_equal(c->rules[1].kind, DISCOVER_NFT_OWNER);
	network_free(n);
}

static void test_topics(void **state)
{
	struct network *n = load("golden");
	const struct chain_conf *c = network_chain(n, "root");

	(void)state;
	assert_topic(c, "RootChain", "NewHeaderBlock", 3,
		"0xba5de06d22af2685c6c7765f60067f7d2b08c2d29f53cdf14d67f6d1c9bfb527");
	assert_topic(c, "StakingInfo", "Staked", 3,
		"0x68c13e4125b983d7e2d6114246f443e567ec6c4ee5b4d4a7ef6100b1402bfd84");
	assert_topic(c, "StakingInfo", "StakeUpdate", 2,
		"0x8a9fd81e4de0eb5b1f4055c5b30b562c02c95613ea0c5259c23033a90d1de4b4");
	assert_topic(c, "ValidatorShare", "OwnerUpdate", 0,
		"0x343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a");
	assert_topic(c, "StakeManager", "ProxyUpdated", 2,
		"0xd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1");
	assert_topic(c, "StakeManager", "RootChainChanged", 2,
		"0x211c9015fc81c0dbd45bd99f0f29fc1c143bfd53442d5ffd722bbbef7a887fe9");
	assert_topic(c, "Token", "Transfer", 2,
		"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
	assert_topic(c, "StakingNFT", "Transfer", 3,
		"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
	assert_topic(c, "Registry", "ContractMapUpdated", 3,
		"0xffb8cfd9cecbede837eec100fb8e17560ea22bf018e065366ee5e2ff5e0bd10c");
	assert_int_equal(event(network_contract(c, "StakingInfo"), "Staked", 3)->validator_param, 1);
	assert_int_equal(
		event(network_contract(c, "StakingInfo"), "ConfirmAuction", 3)->validator_param, 0);
	assert_int_equal(event(network_contract(c, "StakingInfo"), "TopUpFee", 2)->validator_param, -1);
	assert_int_equal(event(network_contract(c, "StakingNFT"), "Transfer", 3)->validator_param, 2);
	assert_int_equal(event(network_contract(c, "Token"), "Transfer", 2)->validator_param, -1);
	network_free(n);
}

static void test_world(void **state)
{
	struct network *n = load("world");
	const struct chain_conf *c = network_chain(n, "bttc");
	unsigned sums = 0;

	(void)state;
	assert_int_equal(n->chain_count, 2);
	assert_int_equal(c->chain_id, 199);
	assert_int_equal(c->kind, CHAIN_BTTC);
	assert_int_equal(c->role, ROLE_CHILD);
	assert_int_equal(c->root_chain_id, 0);
	assert_int_equal(c->first_block, 0);
	assert_true(c->has_first_hash);
	assert_int_equal(c->first_hash.b[0], 0xaa);
	assert_int_equal(c->final_depth, 0);
	assert_int_equal(c->fork_window, 1024);
	assert_int_equal(c->tx_scan, TX_SCAN_NONE);
	assert_topic(c, "MRC20", "Deposit", 2,
		"0x4e2ca0515ed1aef1395f66b5303bb5d6f1bf9d61a353fa53f73f8ac9973fa9f6");
	assert_topic(c, "MRC20", "Withdraw", 2,
		"0xebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f");
	assert_topic(c, "MRC20", "WithdrawTo", 2,
		"0x67b714876402c93362735688659e2283b4a37fb21bab24bc759ca759ae851fd8");
	assert_topic(c, "MRC20", "LogTransfer", 3,
		"0xe6497e3ee548a3372136af2fcb0696db31fc6cf20260707645068bd3fe97f3c4");
	assert_topic(c, "MRC20", "LogFeeTransfer", 3,
		"0x4dfe1bbbcf077ddc3e01291eea2d5c70c2b422b415d95645b9adcfd678cb1d63");
	assert_topic(c, "ValidatorSet", "NewSpan", 3,
		"0xac9e8537ff98ccc9f53f34174714e4b56eee15cb11eafa9512d2914c60790c62");
	assert_topic(c, "StateReceiver", "StateCommitted", 1,
		"0x5a22725590b0a51c923940223f7458512164b1113359a735e86e7f27f44791ee");
	assert_int_equal(c->watch_count, 4);
	for (size_t i = 0; i < c->watch_count; i++)
		if (c->watches[i].sum_only) {
			sums++;
			assert_int_equal(c->watches[i].topic_count[0], 1);
			assert_int_equal(c->watches[i].topics[0][0].b[0], 0x4d);
		}
	assert_int_equal(sums, 1);
	network_free(n);
}

/* Addresses are keyed by chain: the same deployer made the same ones for different contracts. */
static void test_mainnet(void **state)
{
	struct network *n = load("mainnet");
	const struct chain_conf *tron = network_chain(n, "tron"), *eth = network_chain(n, "ethereum"),
				*bsc = network_chain(n, "bsc"), *bttc = network_chain(n, "bttc");
	const struct watch *token = NULL;

	(void)state;
	assert_int_equal(n->chain_count, 4);
	assert_int_equal(tron->chain_id, 0x2b6653dc);
	assert_int_equal(tron->kind, CHAIN_TRON);
	assert_int_equal(tron->finality, FINALITY_TAGS);
	assert_int_equal(tron->required, LEVEL_LINKED);
	assert_null(tron->recording);
	assert_string_equal(tron->endpoints[0], "https://api.trongrid.io/jsonrpc");
	assert_address(tron, "StakeManager", "0x353e4da7c074be2ff9e3e692eaeb1e65f0f32e10");
	assert_address(tron, "RootChain", "0x8330108cfdd47544b398c15a3c252ad1d5a5566c");
	assert_address(tron, "StakingInfo", "0x20078df1672790b2963e8c4e5e527dd1225c3430");
	assert_address(tron, "EventsHub", "0x6d233805c44504f11ffd539b31e4472c78ca5e4a");
	assert_address(tron, "StakingNFT", "0x1aecd65863768d24a450635ae15c312d4db9e840");
	assert_address(tron, "Token", "0x032017411f4663b317fe77c257d28d5cd1b26e3d");
	assert_address(tron, "Registry", "0x7423568d790224e562b391857c395cbfb71d79d6");
	assert_address(tron, "Governance", "0x9a06181636a64cc8d40441aa73071d0fb28d807f");
	assert_address(tron, "ValidatorShareFactory", "0x504337e49609fd1afe93b87905e3b2f04af78e7f");
	assert_address(tron, "StateSender", "0x5d8702466692a9174667821741b7e7799a0a0560");
	for (size_t i = 0; i < tron->watch_count; i++)
		if (!strcmp(tron->watches[i].contract->name, "Token"))
			token = &tron->watches[i];
	assert_non_null(token);
	assert_true(token->accounted_from_to);
	assert_int_equal(token->topic_count[0], 1);
	assert_address(eth, "RootChain", "0x98dfb360cbc65045a8415fa2514f549cd3000f02");
	assert_address(bsc, "Governance", "0x98dfb360cbc65045a8415fa2514f549cd3000f02");
	assert_address(eth, "EventsHub", "0x2255686dff7bcc3aee7277ee751647261e75afb4");
	assert_address(bsc, "Registry", "0x2255686dff7bcc3aee7277ee751647261e75afb4");
	assert_address(eth, "StakeManager", "0xe887512ab8bc60bcc9224e1c3b5be68e26048b8b");
	assert_address(bsc, "RootChain", "0x9b5f27f6ea9bbd753ce3793a07cba3c74644330d");
	assert_address(bsc, "StakingInfo", "0x1249c65afb11d179ffb3ce7d4eedd1d9b98ad006");
	assert_topic(bsc, "StakingInfo", "StakeUpdate", 3,
		"0x35af9eea1f0e7b300b0a14fae90139a072470e44daa3f14b5069bebbc1265bda");
	assert_topic(eth, "StakingInfo", "StakeAck", 2,
		"0x4643d2836f85923259a5a998fcadf64a50de43237434716feec3b19ff1d1329b");
	assert_null(event(network_contract(eth, "StakingInfo"), "CheckpointSyncAck", 3));
	assert_topic(tron, "StateSender", "StateSynced", 2,
		"0x103fed9db65eac19c4d870f49ab7520fe03b99f1838e5996caf47e9e43308392");
	assert_int_equal(bttc->chain_id, 199);
	assert_int_equal(bttc->first_hash.b[0], 0x02);
	assert_int_equal(bttc->first_hash.b[1], 0x1e);
	assert_non_null(strstr(n->initial_state, "\"sources\""));
	network_free(n);
}

static void assert_selector(const struct chain_conf *c, const char *contract, const char *name,
	const char *selector)
{
	const struct contract *k = network_contract(c, contract);
	uint8_t want[4];

	assert_true(hex_fixed(want, 4, selector, 10));
	for (size_t i = 0; i < k->function_count; i++) {
		if (memcmp(k->functions[i]->selector, want, 4) != 0)
			continue;
		assert_string_equal(k->functions[i]->name, name);
		assert_false(k->functions[i]->constant);
		return;
	}
	fail_msg("%s has no function with selector %s", contract, selector);
}

/* Selectors and how many words come back: protocol.md 6.8. */
static void test_getters(void **state)
{
	static const struct {
		const char *contract, *name, *selector;
		size_t outputs;
	} known[] = {{"StakeManager", "validators", "0x35aa2e44", 13},
		{"StakeManager", "CHAIN_CHECKPOINT_REWARD", "0x76e4db65", 1},
		{"StakeManager", "checkPointBlockInterval", "0x25316411", 1},
		{"StakeManager", "validatorState", "0xe59ee0c6", 2}, {"StakeManager", "signers", "0x2079fb9a", 1},
		{"StakeManager", "validatorStateChanges", "0x25726df2", 2},
		{"RootChain", "headerBlocks", "0x41539d4a", 5}, {"ValidatorShare", "withdrawShares", "0x8d086da4", 1}};
	struct network *n = load("mainnet");
	const struct chain_conf *tron = network_chain(n, "tron");

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const struct abi_function *f = network_function(network_contract(tron, known[i].contract), known[i].name);
		uint8_t want[4];

		assert_non_null(f);
		assert_true(hex_fixed(want, 4, known[i].selector, 10));
		assert_memory_equal(f->selector, want, 4);
		assert_int_equal(f->output_count, known[i].outputs);
		assert_true(f->constant);
	}
	assert_string_equal(network_function(network_contract(tron, "StakeManager"), "validators")->outputs[6].name,
		"contractAddress");
	assert_null(network_function(network_contract(tron, "StakeManager"), "validator"));
	network_free(n);
}

static void test_selectors(void **state)
{
	struct network *n = load("mainnet");
	const struct chain_conf *tron = network_chain(n, "tron"), *eth = network_chain(n, "ethereum");

	(void)state;
	assert_selector(tron, "RootChain", "submitCheckpoint", "0x4e43e495");
	assert_selector(tron, "StakeManager", "submitCheckpointSync", "0xd2ada573");
	assert_selector(tron, "Governance", "update", "0x02a688ed");
	assert_selector(tron, "StakeManager", "updateCheckPointBlockInterval", "0xa440ab1e");
	assert_selector(tron, "StakeManager", "setCurrentEpoch", "0x1dd6b9b1");
	assert_selector(tron, "StakeManager", "setDelegationEnabled", "0xf28699fa");
	assert_selector(tron, "StakeManager", "forceUnstake", "0x91460149");
	assert_selector(tron, "StakeManager", "drain", "0xb184be81");
	assert_selector(tron, "StakeManager", "insertSigners", "0x2cf44a43");
	assert_selector(tron, "StakeManager", "migrateValidatorsData", "0x9ddbbf85");
	assert_selector(tron, "StakeManager", "updateValidatorDelegation", "0xd6de07d0");
	assert_selector(tron, "ValidatorPartnership", "setPartners", "0xb34e2277");
	assert_selector(eth, "StakeManager", "validatorJoin", "0xd1fb3d90");
	assert_selector(eth, "StakeManager", "validatorExit", "0xaa6cdb94");
	assert_selector(eth, "StakeManager", "signerUpdate", "0xb3f958b9");
	assert_selector(eth, "StakeManager", "stakeUpdate", "0xa3175557");
	assert_selector(eth, "RootChain", "submitCheckpoint", "0x4e43e495");
	network_free(n);
}

static void test_donau(void **state)
{
	struct network *n = load("donau");

	(void)state;
	assert_int_equal(network_chain(n, "bttc")->chain_id, 1029);
	assert_int_equal(network_chain(n, "bttc")->first_hash.b[0], 0x9b);
	assert_address(network_chain(n, "tron"), "StakeManager",
		"0x80b4ef3b990f46626cd537b7d5b84353604246b7");
	assert_false(network_chain(n, "tron")->rules[0].has_old_owner);
	assert_address(network_chain(n, "ethereum"), "RootChain",
		"0x2f6a202ad7c6873b3cbd1f397e99b2b0bb148a87");
	assert_address(network_chain(n, "bsc"), "StakingInfo",
		"0x0557d1f12aac6d20873df9cc65d4a0f061a78e56");
	network_free(n);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(partnership_kind_name(PARTNERSHIP_CREATED), "created");
	assert_string_equal(partnership_kind_name(PARTNERSHIP_UNPAUSED), "unpaused");
	assert_string_equal(partnership_kind_name(PARTNERSHIP_KIND_COUNT), "unknown");
	assert_string_equal(partnership_kind_name(0), "unknown");
	for (unsigned i = 1; i < PARTNERSHIP_KIND_COUNT; i++)
		assert_true(strcmp(partnership_kind_name(i), "unknown"));
	assert_string_equal(partnership_field_name(PF_ADMIN), "admin");
	assert_string_equal(partnership_field_name(PF_COUNT), "unknown");
	/* stored in rows: these numbers stay */
	assert_int_equal(PARTNERSHIP_CREATED, 1);
	assert_int_equal(PARTNERSHIP_ALLOCATED, 9);
	assert_int_equal(PARTNERSHIP_CLAIMED, 10);
	assert_int_equal(PARTNERSHIP_UNPAUSED, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_topics),
		cmocka_unit_test(test_world), cmocka_unit_test(test_mainnet),
		cmocka_unit_test(test_selectors), cmocka_unit_test(test_getters), cmocka_unit_test(test_donau),
		cmocka_unit_test(test_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
