/*
 * Mistakes in a network file: each is refused, and the message names the place (file and line for
 * syntax, JSON pointer for meaning) and what is wrong. Every case changes one thing of a file that
 * loads.
 */
#include "lib/check.h"

#include "network/network.h"

#include <sys/stat.h>
#include <unistd.h>

#define A1 "0x00000000000000000000000000000000000000a1"
#define A2 "0x00000000000000000000000000000000000000a2"
#define A3 "0x00000000000000000000000000000000000000a3"
#define H0 "0x0000000000000000000000000000000000000000000000000000000000000000"

static const char base[] =
	"{\n"
	"  \"name\": \"small\",\n"
	"  \"chains\": [\n"
	"    {\n"
	"      \"key\": \"root\", \"kind\": \"ethereum\", \"role\": \"staking\",\n"
	"      \"chain_id\": 7, \"root_chain_id\": 1,\n"
	"      \"endpoints\": [\"http://127.0.0.1:8545/root\"],\n"
	"      \"first_block\": 5, \"parent_hash\": \"" H0 "\",\n"
	"      \"finality\": {\"rule\": \"depth\", \"safe\": 10, \"final\": 64},\n"
	"      \"fork_window\": 256, \"block_period_ms\": 3000,\n"
	"      \"required_level\": \"bloom\", \"tx_scan\": \"full\",\n"
	"      \"contracts\": [\n"
	"        {\"name\": \"StakingInfo\", \"address\": \"" A1 "\", \"abi\": [\"StakingInfo\"],\n"
	"         \"validator_params\": {\"ConfirmAuction\": \"newValidatorId\"}},\n"
	"        {\"name\": \"Token\", \"address\": \"" A2 "\", \"abi\": [\"TestToken\"]},\n"
	"        {\"name\": \"StakingNFT\", \"address\": \"" A3 "\", \"abi\": [\"StakingNFT\"]},\n"
	"        {\"name\": \"Share\", \"template\": true, \"abi\": [\"ValidatorShare\", "
	"\"ValidatorShareProxy\"]},\n"
	"        {\"name\": \"Pool\", \"template\": true, \"abi\": [\"ValidatorPartnership\"], "
	"\"accounted\": true, \"mapping\": \"own\"}\n"
	"      ],\n"
	"      \"watches\": [\n"
	"        {\"contract\": \"StakingInfo\"},\n"
	"        {\"contract\": \"Token\", \"events\": [\"Transfer\"], \"only\": \"accounted\"},\n"
	"        {\"contract\": \"StakingNFT\", \"topics\": [[\"" H0 "\"], []]}\n"
	"      ],\n"
	"      \"discovery\": [\n"
	"        {\"name\": \"share\", \"kind\": \"owner_update\",\n"
	"         \"trigger\": {\"contract\": \"StakingInfo\", \"event\": \"Staked\"},\n"
	"         \"announce\": \"OwnerUpdate\", \"new_owner\": \"Token\", "
	"\"old_owner\": \"StakingNFT\", \"finds\": \"Share\"},\n"
	"        {\"name\": \"nft\", \"kind\": \"nft_owner\",\n"
	"         \"trigger\": {\"contract\": \"StakingNFT\", \"event\": \"Transfer\"}, "
	"\"finds\": \"Pool\"}\n"
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"key\": \"side\", \"kind\": \"bttc\", \"role\": \"child\", \"chain_id\": 8,\n"
	"      \"first_block\": 0, \"finality\": {\"rule\": \"depth\", \"safe\": 10, \"final\": 0},\n"
	"      \"block_period_ms\": 2000, \"required_level\": \"hashed\", \"tx_scan\": \"none\",\n"
	"      \"contracts\": [{\"name\": \"MRC20\", \"address\": \"" A1 "\", \"abi\": [\"MRC20\"]}],\n"
	"      \"watches\": [{\"contract\": \"MRC20\", \"events\": [\"LogFeeTransfer\"], "
	"\"sum_only\": true}]\n"
	"    }\n"
	"  ],\n"
	"  \"mappings\": {\n"
	"    \"own\": {\n"
	"      \"events\": {\"RewardClaimed\": {\"kind\": \"claimed\", \"fields\": {\"partner\": "
	"\"partner\", \"amount\": \"amount\"}}},\n"
	"      \"roles\": {\"" H0 "\": \"admin\"}\n"
	"    }\n"
	"  },\n"
	"  \"initial_state\": {\"global\": {\"dynasty\": \"80\", \"delegationEnabled\": true, "
	"\"accountStateRoot\": \"" H0 "\", \"CHAIN_CHECKPOINT_REWARD\": {\"1\": \"5\"}},\n"
	"    \"sources\": {\"dynasty\": \"here\"}}\n"
	"}\n";

static char dir[64];

/* The base with every `from` made `to`, in a file. */
static const char *changed(const char *from, const char *to)
{
	static char path[128];
	const char *s = base, *hit;
	FILE *f;

	snprintf(path, sizeof(path), "%s/net.json", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	if (!strstr(base, from))
		fail_msg("the base has no %s", from);
	while ((hit = strstr(s, from))) {
		fprintf(f, "%.*s%s", (int)(hit - s), s, to);
		s = hit + strlen(from);
	}
	fputs(s, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void write_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_refused(const char *from, const char *to, const char *place, const char *text)
{
	const char *path = changed(from, to);
	struct network *n = NULL;
	struct err e = {0};
	char want[400];

	if (network_load(&n, path, &e) == ERR_NONE)
		fail_msg("accepted: %s -> %s", from, to);
	assert_null(n);
	assert_int_equal(e.kind, ERR_FATAL);
	snprintf(want, sizeof(want), "net.json%s: ", place);
	if (!strstr(e.msg, want) || !strstr(e.msg, text))
		fail_msg("%s -> %s\n  said: %s\n  not:  ...%s...%s", from, to, e.msg, want, text);
}

static struct network *assert_loads(const char *from, const char *to)
{
	struct network *n = NULL;
	struct err e = {0};

	if (network_load(&n, changed(from, to), &e) != ERR_NONE)
		fail_msg("%s -> %s: %s", from, to, e.msg);
	return n;
}

struct refusal {
	const char *from, *to, *place, *text;
};

static void refuse_all(const struct refusal *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_refused(r[i].from, r[i].to, r[i].place, r[i].text);
}
#define REFUSE(list) refuse_all(list, sizeof(list) / sizeof(*(list)))

static void test_base(void **state)
{
	struct network *n = assert_loads("small", "small");
	const struct chain_conf *c = network_chain(n, "root");

	(void)state;
	assert_int_equal(c->watch_count, 3);
	assert_int_equal(c->watches[2].topic_count[0], 1);
	assert_int_equal(c->watches[2].topic_count[1], 0);
	assert_true(c->rules[0].has_old_owner);
	assert_int_equal(c->rules[0].new_owner.b[19], 0xa2);
	assert_int_equal(c->rules[0].old_owner.b[19], 0xa3);
	assert_int_equal(c->first_block, 5);
	assert_string_equal(c->endpoints[0], "http://127.0.0.1:8545/root");
	assert_int_equal(network_chain(n, "side")->fork_window, 1024);
	assert_int_equal(network_template(c, "Pool")->mapping->event_count, 1);
	network_free(n);
	network_free(NULL);
}

static void test_rule_sets(void **state)
{
	struct network *n = NULL;
	const struct chain_conf *c;
	const struct rule_set *now;
	struct err e = {0};

	(void)state;
	if (network_load(&n, "mainnet", &e) != ERR_NONE)
		fail_msg("%s", e.msg);
	c = network_chain(n, "tron");
	now = network_rules_at(c, 40000000);
	assert_non_null(now);
	assert_int_equal(now->rules, RULES_STAKE_2022_03);
	assert_string_equal(staking_rules_name(now->rules), "stake-2022-03");
	assert_true(now->implementation_count > 3);
	assert_string_equal(now->implementations[0].contract, "StakeManager");
	assert_null(network_rules_at(network_chain(n, "bsc"), 40000000));
	network_free(n);
}

static void test_syntax(void **state)
{
	static const struct refusal list[] = {
		{"\"chain_id\": 7,", "\"chain_id\": 7", ":6", "expected"},
		{"\"tx_scan\": \"full\",", "\"tx_scan\": \"full,", ":11", "newline"},
		{"\"name\": \"small\",", "\"name\": \"small\", \"name\": \"small\",", ":2", "duplicate"},
		{"\"first_block\": 5,", "\"first_block\": 99999999999999999999,", ":8", "big"},
		{"\"dynasty\": \"80\"", "\"dynasty\": \"\xff\"", ":47", "decode byte 0xff"},
	};

	(void)state;
	REFUSE(list);
}

static void test_members(void **state)
{
	static const struct refusal list[] = {
		{"\"tx_scan\": \"full\"", "\"tx_scam\": \"full\"", ": /chains/0/tx_scam",
			"did you mean \"tx_scan\""},
		{"\"name\": \"small\",", "", ": /", "\"name\" is missing"},
		{"\"name\": \"small\"", "\"name\": 5", ": /name", "must be a string, not an integer"},
		{"\"name\": \"small\"", "\"name\": \"../x\"", ": /", "no valid name"},
		{"\"chain_id\": 7", "\"chain_id\": \"7\"", ": /chains/0/chain_id",
			"must be an integer, not a string"},
		{"\"chain_id\": 7", "\"chain_id\": 7.5", ": /chains/0/chain_id", "fraction"},
		{"\"chain_id\": 7", "\"chain_id\": 0", ": /chains/0/chain_id", "must be from 1"},
		{"\"chain_id\": 7", "\"chain_id\": -1", ": /chains/0/chain_id", "must be from 1"},
		{"\"first_block\": 5", "\"first_block\": -1", ": /chains/0/first_block", "not -1"},
		{"\"first_block\": 5,", "", ": /chains/0", "\"first_block\" is missing"},
		{"\"parent_hash\": \"0x00", "\"parent_hash\": \"0x0", ": /chains/0/parent_hash",
			"64 hex digits"},
		{"\"chains\": [", "\"note\": 3, \"chains\": [\n 5,", ": /chains/0",
			"must be an object, not an integer"},
		{"\"sum_only\": true", "\"sum_only\": 1", ": /chains/1/watches/0/sum_only",
			"must be true or false"},
	};

	(void)state;
	REFUSE(list);
}

static void test_chain_facts(void **state)
{
	static const struct refusal list[] = {
		{"\"kind\": \"ethereum\"", "\"kind\": \"etherium\"", ": /chains/0/kind",
			"did you mean \"ethereum\""},
		{"\"role\": \"staking\"", "\"role\": \"child\"", ": /chains/0", "go together"},
		{", \"root_chain_id\": 1", "", ": /chains/0", "root_chain_id"},
		{"\"key\": \"side\"", "\"key\": \"root\"", ": /chains/1", "already a chain \"root\""},
		{"\"key\": \"side\"", "\"key\": \"Side\"", ": /chains/1", "lower case"},
		{"\"key\": \"side\"", "\"key\": \"si/de\"", ": /chains/1", "no valid name"},
		{"\"chain_id\": 8", "\"chain_id\": 7", ": /chains/1", "chain_id 7 is already that of root"},
		{"\"safe\": 10, \"final\": 64", "\"safe\": 10, \"final\": 9", ": /chains/0/finality",
			"must not be less"},
		{"\"rule\": \"depth\", \"safe\": 10, \"final\": 0",
			"\"rule\": \"tags\", \"safe\": 10, \"final\": 0", ": /chains/1/finality",
			"needs a \"final\" depth"},
		{"\"fork_window\": 256", "\"fork_window\": 63", ": /chains/0", "fork_window"},
		{"\"required_level\": \"bloom\"", "\"required_level\": \"all\"",
			": /chains/0/required_level", "not a verification level"},
		{"\"required_level\": \"bloom\"", "\"required_level\": \"quorum\"",
			": /chains/0/required_level", "never reaches"},
		{"\"tx_scan\": \"full\"", "\"tx_scan\": \"full\", \"rule_sets\": [{\"from_block\": 3, \"rules\": \"stake-2021-11\", \"implementations\": {}}]",
			": /chains/0/rule_sets/0/rules", "stake-2021-12"},
		{"\"tx_scan\": \"full\"",
			"\"tx_scan\": \"full\", \"rule_sets\": [{\"from_block\": 3, \"rules\": \"stake-2021-12\", "
			"\"implementations\": {}}, {\"from_block\": 3, \"rules\": \"stake-2022-03\", \"implementations\": {}}]",
			": /chains/0/rule_sets/1", "must be above"},
		{"\"tx_scan\": \"full\"",
			"\"tx_scan\": \"full\", \"rule_sets\": [{\"from_block\": 3, \"rules\": \"stake-2021-12\", "
			"\"implementations\": {\"StakeManger\": []}}]",
			": /chains/0/rule_sets/0/implementations/StakeManger", "StakeManager"},
		{"\"tx_scan\": \"full\"",
			"\"tx_scan\": \"full\", \"rule_sets\": [{\"from_block\": 3, \"rules\": \"stake-2021-12\", "
			"\"implementations\": {\"StakeManager\": [\"0x1\"]}}]",
			": /chains/0/rule_sets/0/implementations/StakeManager/0", "address"},
		{"\"tx_scan\": \"none\"", "\"tx_scan\": \"none\", \"rule_sets\": []", ": /chains/1/rule_sets", "role"},
		{"\"tx_scan\": \"full\"", "\"tx_scan\": \"native\"", ": /chains/0", "kind \"tron\""},
		{"http://127", "ftp://127", ": /chains/0/endpoints/0", "http://"},
		{"8545/root", "8545/ro ot", ": /chains/0/endpoints/0", "blank"},
		{"\"endpoints\": [", "\"recording\": {\"path\": \".\"}, \"endpoints\": [", ": /chains/0",
			"exclude each other"},
		{"\"endpoints\": [\"http://127.0.0.1:8545/root\"]",
			"\"recording\": {\"path\": \".\", \"shape\": \"tron\"}", ": /chains/0/recording",
			"go together"},
		{"\"block_period_ms\": 3000", "\"block_period_ms\": 0", ": /chains/0/block_period_ms",
			"must be from 1"},
	};

	(void)state;
	REFUSE(list);
}

static void test_contracts(void **state)
{
	static const struct refusal list[] = {
		{A2, A1, ": /chains/0/contracts/1/address", "already that of StakingInfo"},
		{A2, "0x00000000000000000000000000000000000000A2a", ": /chains/0/contracts/1/address",
			"is no address"},
		{A2, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", ": /chains/0/contracts/1/address",
			"checksum"}, /* last letter in the wrong case */
		{A2, "TEpjT8xbAe3FPCPFziqFfEjLVXaw9NbGXk", ": /chains/0/contracts/1/address",
			"checksum"},
		{"\"name\": \"Token\"", "\"name\": \"StakingInfo\"", ": /chains/0/contracts/1",
			"already a contract"},
		{"\"name\": \"Token\"", "\"name\": \"To'ken\"", ": /chains/0/contracts/1",
			"no valid name"},
		{"[\"TestToken\"]", "[\"NoToken\"]", ": /chains/0/contracts/1/abi/0",
			"abi/NoToken.json: No such file"},
		{"[\"TestToken\"]", "[\"../abi/TestToken\"]", ": /chains/0/contracts/1/abi/0",
			"No such file"},
		{"\"address\": \"" A2 "\"", "\"template\": false", ": /chains/0/contracts/1",
			"give one of"},
		{"\"address\": \"" A2 "\"", "\"address\": \"" A2 "\", \"template\": true",
			": /chains/0/contracts/1", "give one of"},
		{"\"newValidatorId\"", "\"validator\"",
			": /chains/0/contracts/0/validator_params/ConfirmAuction", "no such event"},
		{"\"ConfirmAuction\"", "\"Nothing\"", ": /chains/0/contracts/0/validator_params/Nothing",
			"no such event"},
		{"\"mapping\": \"own\"", "\"mapping\": \"foreign\"", ": /chains/0/contracts/4/mapping",
			"No such file"},
		{", \"mapping\": \"own\"", "", ": /mappings/own", "no contract has this mapping"},
	};
	struct network *n = assert_loads("\"address\": \"" A2 "\"",
		"\"addresses\": [\"" A2 "\", \"0x00000000000000000000000000000000000000b2\"], "
		"\"template\": true");
	const struct chain_conf *c = network_chain(n, "root");

	(void)state;
	assert_int_equal(c->contract_count, 7);
	assert_int_equal(c->watch_count, 5);
	assert_true(network_contract(c, "Token")->fixed);
	assert_false(network_template(c, "Token")->fixed);
	network_free(n);
	REFUSE(list);
}

static void test_watches(void **state)
{
	static const struct refusal list[] = {
		{"{\"contract\": \"Token\", \"events\"", "{\"contract\": \"Tokens\", \"events\"",
			": /chains/0/watches/1/contract", "no contract \"Tokens\""},
		{"[\"Transfer\"]", "[\"Transfers\"]", ": /chains/0/watches/1/events/0",
			"no event \"Transfers\""},
		{"[\"Transfer\"]", "[\"Transfer\", \"Transfer\"]", ": /chains/0/watches/1/events/1",
			"not listed already"},
		{"[\"Transfer\"]", "[]", ": /chains/0/watches/1/events", "is empty"},
		{"[\"Transfer\"]", "[\"MinterAdded\"]", ": /chains/0/watches/1",
			"MinterAdded is not"},
		{"\"only\": \"accounted\"", "\"only\": \"all\"", ": /chains/0/watches/1/only",
			"\"accounted\""},
		{", \"accounted\": true", "", ": /chains/0/watches/1", "needs an accounted contract"},
		{"\"topics\": [[\"0x00", "\"topics\": [[\"0x", ": /chains/0/watches/2/topics/0/0",
			"64 hex digits"},
		{"{\"contract\": \"StakingInfo\"},",
			"{\"contract\": \"StakingInfo\", \"events\": [\"Staked\"], \"topics\": []},",
			": /chains/0/watches/0", "not both"},
		{"{\"contract\": \"StakingInfo\"},", "{\"contract\": \"StakingInfo\", \"sum_only\": true},",
			": /chains/0/watches/0", "kind bttc"},
	};

	(void)state;
	REFUSE(list);
}

static void test_discovery(void **state)
{
	static const struct refusal list[] = {
		{"\"finds\": \"Share\"", "\"finds\": \"Token\"", ": /chains/0/discovery/0",
			"no template \"Token\""},
		{"\"event\": \"Staked\"", "\"event\": \"Stake\"", ": /chains/0/discovery/0/trigger/event",
			"no event \"Stake\""},
		{"\"announce\": \"OwnerUpdate\", ", "", ": /chains/0/discovery/0", "needs \"announce\""},
		{"\"announce\": \"OwnerUpdate\"", "\"announce\": \"ProxyUpdated\"",
			": /chains/0/discovery/0", "two addresses, not indexed"},
		{"\"new_owner\": \"Token\"", "\"new_owner\": \"Share\"", ": /chains/0/discovery/0",
			"is a template"},
		{"\"old_owner\": \"StakingNFT\"", "\"old_owner\": \"Nobody\"",
			": /chains/0/discovery/0/old_owner", "no contract"},
		{"\"new_owner\": \"Token\"", "\"new_owner\": \"Nobody\"",
			": /chains/0/discovery/0/new_owner", "no contract"},
		{"\"contract\": \"StakingNFT\", \"event\": \"Transfer\"",
			"\"contract\": \"Token\", \"event\": \"Transfer\"",
			": /chains/0/discovery/1/trigger", "three indexed"},
		{"\"name\": \"nft\"", "\"name\": \"share\"", ": /chains/0/discovery/1", "already a rule"},
		{"\"finds\": \"Pool\"", "\"finds\": \"Pool\", \"announce\": \"x\"",
			": /chains/0/discovery/1", "takes no"},
	};

	(void)state;
	REFUSE(list);
}

static void test_mapping(void **state)
{
	static const struct refusal list[] = {
		{"\"RewardClaimed\": {", "\"RewardPaid\": {", ": /mappings/own/events/RewardPaid",
			"no event of that name"},
		{"\"kind\": \"claimed\"", "\"kind\": \"claim\"", ": /mappings/own/events/RewardClaimed/kind",
			"did you mean \"claimed\""},
		{"\"amount\": \"amount\"", "\"amount\": \"amnt\"",
			": /mappings/own/events/RewardClaimed/fields/amount", "no parameter \"amnt\""},
		{"\"amount\": \"amount\"", "\"amount\": \"partner\"",
			": /mappings/own/events/RewardClaimed/fields/amount", "does not fit"},
		{", \"amount\": \"amount\"", "", ": /mappings/own/events/RewardClaimed/fields",
			"needs field \"amount\""},
		{"\"amount\": \"amount\"", "\"sum\": \"amount\"",
			": /mappings/own/events/RewardClaimed/fields/sum", "unknown member"},
		{"\": \"admin\"", "\": \"boss\"", ": /mappings/own/roles/" H0, "admin, operator"},
		{"\"roles\": {\"0x00", "\"roles\": {\"0x", ": /mappings/own/roles/0x00000000000000000000000000000000000000000000000000000000000000",
			"64 hex digits"},
	};

	(void)state;
	REFUSE(list);
	assert_refused("\"RewardClaimed\": {",
		"\"RewardClaimed(address,address,uint256)\": {\"kind\": \"claimed\", \"fields\": "
		"{\"partner\": \"partner\", \"amount\": \"amount\"}}, \"RewardClaimed\": {",
		": /mappings/own/events/RewardClaimed", "mapped twice");
}

static void test_state(void **state)
{
	static const struct refusal list[] = {
		{"\"dynasty\": \"80\"", "\"dynasty\": 80", ": /initial_state/global/dynasty",
			"decimal string"},
		{"\"dynasty\": \"80\"", "\"dynasty\": \"0x50\"", ": /initial_state/global/dynasty",
			"decimal string"},
		{"{\"1\": \"5\"}", "{\"1\": \"-5\"}",
			": /initial_state/global/CHAIN_CHECKPOINT_REWARD/1", "decimal string"},
		{"\"dynasty\": \"here\"", "\"dynasty\": 1", ": /initial_state/sources/dynasty",
			"must be a string"},
		{"{\"global\": {", "{\"globals\": {", ": /initial_state/global", "must be an object"},
		{"\"role\": \"staking\"", "\"role\": \"mirror\"", ": /initial_state", "\"staking\""},
	};

	(void)state;
	REFUSE(list);
}

/* Mistakes in a file beside the network file are reported in that file. */
static void test_side_files(void **state)
{
	static const struct {
		const char *text, *place, *said;
	} abis[] = {
		{"{", "own.json:1: ", "expected"},
		{"{}", "own.json: /: ", "must be an array"},
		{"[{\"type\": \"event\"}]", "own.json: /0: ", "\"name\" is missing"},
		{"[{\"type\": \"event\", \"name\": \"a b\", \"inputs\": []}]", "own.json: /0: ",
			"no valid name"},
		{"[{\"type\": \"event\", \"name\": \"E\"}]", "own.json: /0/inputs: ", "missing"},
		{"[{\"type\": \"evnt\", \"name\": \"E\"}]", "own.json: /0: ", "\"evnt\" is not known"},
		{"[{\"type\": \"event\", \"name\": \"E\", \"inputs\": [{\"type\": \"uint7\"}]}]",
			"own.json: /0/inputs/0: ", "\"uint7\" is no ABI type"},
		{"[{\"type\": \"event\", \"name\": \"E\", \"inputs\": [{\"type\": \"tuple\"}]}]",
			"own.json: /0/inputs/0/components: ", "missing"},
		{"[{\"type\": \"event\", \"name\": \"E\", \"inputs\": ["
		 "{\"type\": \"bool\", \"indexed\": true}, {\"type\": \"bool\", \"indexed\": true},"
		 "{\"type\": \"bool\", \"indexed\": true}, {\"type\": \"bool\", \"indexed\": true}]}]",
			"own.json: /0: ", "4 indexed parameters"},
		{"[{\"type\": \"event\", \"name\": \"E\", \"inputs\": ["
		 "{\"type\": \"bool\", \"indexed\": true}, {\"type\": \"bool\"}]},"
		 "{\"type\": \"event\", \"name\": \"E\", \"inputs\": ["
		 "{\"type\": \"bool\"}, {\"type\": \"bool\", \"indexed\": true}]}]",
			"own.json: /1: ", "declared twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(abis) / sizeof(*abis); i++) {
		struct network *n;
		struct err e = {0};

		write_file("own.json", abis[i].text);
		if (network_load(&n, changed("[\"TestToken\"]", "[\"own.json\"]"), &e) == ERR_NONE)
			fail_msg("accepted: %s", abis[i].text);
		if (!strstr(e.msg, abis[i].place) || !strstr(e.msg, abis[i].said))
			fail_msg("said: %s\n  not %s ... %s", e.msg, abis[i].place, abis[i].said);
	}
}

/* The revision follows the bytes of the file and of what it names, not its place. */
static void test_revision(void **state)
{
	static const char abi[] = "[{\"type\": \"event\", \"name\": \"Transfer\", \"inputs\": ["
				  "{\"name\": \"a\", \"type\": \"address\", \"indexed\": true},"
				  "{\"name\": \"b\", \"type\": \"address\", \"indexed\": true},"
				  "{\"name\": \"c\", \"type\": \"uint256\"}]}]";
	char first[17], second[17];
	struct network *n;

	(void)state;
	write_file("own.json", abi);
	n = assert_loads("[\"TestToken\"]", "[\"own.json\"]");
	memcpy(first, n->revision, 17);
	network_free(n);
	n = assert_loads("[\"TestToken\"]", "[\"./own.json\"]");
	memcpy(second, n->revision, 17);
	network_free(n);
	assert_string_not_equal(first, second); /* the network file's text differs */
	n = assert_loads("[\"TestToken\"]", "[\"own.json\"]");
	assert_string_equal(n->revision, first);
	network_free(n);
	write_file("own.json", "[]");
	assert_refused("[\"TestToken\"]", "[\"own.json\"]", ": /chains/0/watches/1/events/0", "no event");
	write_file("own.json",
		"[{\"type\": \"event\", \"name\": \"Transfer\", \"inputs\": ["
		"{\"name\": \"x\", \"type\": \"address\", \"indexed\": true},"
		"{\"name\": \"b\", \"type\": \"address\", \"indexed\": true},"
		"{\"name\": \"c\", \"type\": \"uint256\"}]}]");
	n = assert_loads("[\"TestToken\"]", "[\"own.json\"]");
	assert_string_not_equal(n->revision, first);
	network_free(n);
}

static void test_files(void **state)
{
	struct network *n;
	struct err e;
	char path[200];

	(void)state;
	assert_int_equal(network_load(&n, "nowhere", &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "no network \"nowhere\""));
	assert_int_equal(network_load(&n, "/nonexistent/x.json", &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "/nonexistent/x.json: No such file"));
	assert_int_equal(network_load(&n, dir, &e), ERR_FATAL);
	snprintf(path, sizeof(path), "%s/empty.json", dir);
	write_file("empty.json", "");
	assert_int_equal(network_load(&n, path, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "empty.json:1: "));
	write_file("empty.json", "{\"name\": \"a\", \"chains\": []}");
	assert_int_equal(network_load(&n, path, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "/chains: is empty"));
	write_file("empty.json", "7");
	assert_int_equal(network_load(&n, path, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "empty.json: /: must be an object"));
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/bttc-network.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"net.json", "own.json", "empty.json"};
	char path[200];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rule_sets), cmocka_unit_test(test_base), cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_members), cmocka_unit_test(test_chain_facts),
		cmocka_unit_test(test_contracts), cmocka_unit_test(test_watches),
		cmocka_unit_test(test_discovery), cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_state), cmocka_unit_test(test_side_files),
		cmocka_unit_test(test_revision), cmocka_unit_test(test_files)};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
