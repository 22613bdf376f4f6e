/*
 * Every event that the contracts of a chain are documented to emit (topic 0 and number of indexed
 * parameters written down here, not computed): the mainnet network knows it on that chain, and a log of
 * that form becomes a row of that name.
 */
#include "decode_kit.h"

enum { T = 1, E = 2, S = 4, B = 8 }; /* TRON, Ethereum, BSC, BTTC */

static const struct {
	unsigned chains;
	const char *contract, *event;
	unsigned indexed;
	const char *topic0;
} events[] = {
	{T | E | S, "RootChain", "NewHeaderBlock", 3,
		"0xba5de06d22af2685c6c7765f60067f7d2b08c2d29f53cdf14d67f6d1c9bfb527"},
	{T | E | S, "RootChain", "ResetHeaderBlock", 2,
		"0xca1d8316287f938830e225956a7bb10fd5a1a1506dd2eb3a476751a488117205"},
	{T, "RootChain", "NewChain", 1,
		"0x46d8e11a9f6eb349dbb840ef59be3b9f104a0ec5ef156698d105d99a2a33c00c"},
	{T | E | S, "StakingInfo", "Staked", 3,
		"0x68c13e4125b983d7e2d6114246f443e567ec6c4ee5b4d4a7ef6100b1402bfd84"},
	{T | E | S, "StakingInfo", "Unstaked", 2,
		"0x204fccf0d92ed8d48f204adb39b2e81e92bad0dedb93f5716ca9478cfb57de00"},
	{T | E | S, "StakingInfo", "UnstakeInit", 3,
		"0x69b288bb79cd5386c9fe0af060f650e823bcdfa96a44cdc07f862db060f57120"},
	{T | E | S, "StakingInfo", "SignerChange", 3,
		"0x086044c0612a8c965d4cccd907f0d588e40ad68438bd4c1274cac60f4c3a9d1f"},
	{T | E | S, "StakingInfo", "Restaked", 1,
		"0x09b24121f82c610c13909ec63bd0843468819a45f6eda5838c3a80568c2046a8"},
	{T | E | S, "StakingInfo", "Jailed", 3,
		"0xf6566d8fbe8f23227826ba3da2ecc1ec48698c5be051a829965e3358fd5b9658"},
	{T | E | S, "StakingInfo", "UnJailed", 2,
		"0xd3cb87a9c75a0d21336afc0f79f7e398f06748db5ce1815af01d315c7c135c0b"},
	{T | E | S, "StakingInfo", "Slashed", 2,
		"0x4f5f38ee30b01a960b4dfdcd520a3ca59c1a664a32dcfe5418ca79b0de6b7236"},
	{T | E | S, "StakingInfo", "ThresholdChange", 0,
		"0x5d16a900896e1160c2033bc940e6b072d3dc3b6a996fefb9b3b9b9678841824c"},
	{T | E | S, "StakingInfo", "DynastyValueChange", 0,
		"0x9444bfcfa6aed72a15da73de1220dcc07d7864119c44abfec0037bbcacefda98"},
	{T | E | S, "StakingInfo", "ProposerBonusChange", 0,
		"0x4a501a9c4d5cce5c32415945bbc8973764f31b844e3e8fd4c15f51f315ac8792"},
	{T | E | S, "StakingInfo", "RewardUpdate", 0,
		"0xf67f33e8589d3ea0356303c0f9a8e764873692159f777ff79e4fc523d389dfcd"},
	{T, "StakingInfo", "ChainRewardUpdate", 0,
		"0x44f86fce952d78a38177b943b035b297d88811e9da648db6112c4fb7d14f3d03"},
	{T, "StakingInfo", "StakeUpdate", 2,
		"0x8a9fd81e4de0eb5b1f4055c5b30b562c02c95613ea0c5259c23033a90d1de4b4"},
	{T | E | S, "StakingInfo", "ClaimRewards", 3,
		"0x41e5e4590cfcde2f03ee9281c54d03acad8adffb83f8310d66b894532470ba35"},
	{T | E | S, "StakingInfo", "StartAuction", 3,
		"0x683d0f47c7fa11331f4e9563b3f5a7fdc3d3c5b75c600357a91d991f5a13a437"},
	{T | E | S, "StakingInfo", "ConfirmAuction", 3,
		"0x1002381ecf76700f6f0ab4c90b9f523e39df7b0482b71ec63cf62cf854120470"},
	{T | E | S, "StakingInfo", "TopUpFee", 2,
		"0x2c3bb5458e3dd671c31974c4ca8e8ebc2cdd892ae8602374d9a6f789b00c6b94"},
	{T | E | S, "StakingInfo", "ClaimFee", 2,
		"0xf40b9ca28516abde647ef8ed0e7b155e16347eb4d8dd6eb29989ed2c0c3d27e8"},
	{T | E | S, "StakingInfo", "ShareMinted", 3,
		"0xc9afff0972d33d68c8d330fe0ebd0e9f54491ad8c59ae17330a9206f280f0865"},
	{T | E | S, "StakingInfo", "ShareBurned", 3,
		"0x7e86625aa6e668407f095af342e0cc237809c4c5086b4d665a0067de122980a9"},
	{T | E | S, "StakingInfo", "DelegatorClaimedRewards", 3,
		"0x31d1715032654fde9867c0f095aecce1113049e30b9f4ecbaa6954ed6c63b8df"},
	{T | E | S, "StakingInfo", "DelegatorRestaked", 3,
		"0x0f9ccdda16b467e719059c85ebd8383fcb7f8ffa5576629fe3b842836e04dad1"},
	{T | E | S, "StakingInfo", "DelegatorUnstaked", 2,
		"0x770c7c7d8e20347e5080e2ac70e8519793bedaff621f044396fd8d6d052c4aa8"},
	{T | E | S, "StakingInfo", "UpdateCommissionRate", 3,
		"0x7d5da5ece9d43013d62ab966f4704ca376b92be29ca6fbb958154baf1c0dc17e"},
	{T, "StakingInfo", "CheckpointSyncAck", 3,
		"0xdfdf269144f74a4d5a4487dae4ae7d89a0764033568a9003b6746591fdbb696c"},
	{T, "EventsHub", "ShareBurnedWithId", 3,
		"0x502f5a6697a92e602c626b931a4a771fef4360eb9cece7bf906f10c5cec96aaa"},
	{T, "EventsHub", "DelegatorUnstakeWithId", 2,
		"0x7beb9bef91040fcf7607c78d4fc668370a9036788d7e6f202a4a2db5b0c28c80"},
	{T, "EventsHub", "RewardParams", 0,
		"0x801c2d11f1d1780f228c2a497cf5eae033694c8eb057d636044683def26e03ec"},
	{T, "EventsHub", "UpdateCommissionRate", 3,
		"0x7d5da5ece9d43013d62ab966f4704ca376b92be29ca6fbb958154baf1c0dc17e"},
	{T, "Token", "Transfer", 2,
		"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
	{T, "StakingNFT", "Transfer", 3,
		"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
	{T, "Token", "Approval", 2,
		"0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"},
	{T, "StakingNFT", "ApprovalForAll", 2,
		"0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31"},
	{T, "Registry", "ContractMapUpdated", 3,
		"0xffb8cfd9cecbede837eec100fb8e17560ea22bf018e065366ee5e2ff5e0bd10c"},
	{T, "Registry", "TokenMapped", 2,
		"0x85920d35e6c72f6b2affffa04298b0cecfeba86e4a9f407df661f1cb8ab5e617"},
	{T, "Registry", "ProofValidatorAdded", 2,
		"0x3dc12d30280bcd33917d2b84141129635923441ba7e6b388b946b41f5ace697d"},
	{T, "Registry", "ProofValidatorRemoved", 2,
		"0x96bedef125d36a85bf369db1f6ac9d7487d9daf6d4c22539249f1bf94a11e119"},
	{T, "Registry", "PredicateAdded", 2,
		"0x0ea727f9bef04eb9a0e0da4d8fbb5b5319ddac03834baded53f84e0dcdddfedf"},
	{T, "Registry", "PredicateRemoved", 2,
		"0xd8b3c0235cefc5e19393dedb56c1ece6b41447ef932d7c6b34eb150a4b5d5f49"},
	{T, "StakeManager", "ProxyUpdated", 2,
		"0xd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1"},
	{T, "StakeManager", "OwnerUpdate", 0,
		"0x343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a"},
	{T, "RootChain", "ProxyUpdated", 2,
		"0xd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1"},
	{T, "RootChain", "OwnerUpdate", 0,
		"0x343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a"},
	{T, "EventsHub", "ProxyUpdated", 2,
		"0xd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1"},
	{T, "EventsHub", "OwnerUpdate", 0,
		"0x343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a"},
	{T, "Governance", "ProxyUpdated", 2,
		"0xd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1"},
	{T, "Governance", "OwnerUpdate", 0,
		"0x343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a"},
	{T, "StakeManager", "OwnershipTransferred", 2,
		"0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0"},
	{T, "StakeManager", "RootChainChanged", 2,
		"0x211c9015fc81c0dbd45bd99f0f29fc1c143bfd53442d5ffd722bbbef7a887fe9"},
	{T, "StateSender", "StateSynced", 2,
		"0x103fed9db65eac19c4d870f49ab7520fe03b99f1838e5996caf47e9e43308392"},
	{T, "StateSender", "NewRegistration", 3,
		"0x3f4512aacd7a664fdb321a48e8340120d63253a91c6367a143abd19ecf68aedd"},
	{T, "StateSender", "RegistrationUpdated", 3,
		"0xc51cb1a93ec91e927852b3445875ec77b148271953e5c0b43698c968ad6fc47d"},
	{E | S, "StakingInfo", "StakeUpdate", 3,
		"0x35af9eea1f0e7b300b0a14fae90139a072470e44daa3f14b5069bebbc1265bda"},
	{E | S, "StakingInfo", "StakeAck", 2,
		"0x4643d2836f85923259a5a998fcadf64a50de43237434716feec3b19ff1d1329b"},
	{B, "MRC20", "Deposit", 2,
		"0x4e2ca0515ed1aef1395f66b5303bb5d6f1bf9d61a353fa53f73f8ac9973fa9f6"},
	{B, "MRC20", "Withdraw", 2,
		"0xebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f"},
	{B, "MRC20", "WithdrawTo", 2,
		"0x67b714876402c93362735688659e2283b4a37fb21bab24bc759ca759ae851fd8"},
	{B, "MRC20", "LogTransfer", 3,
		"0xe6497e3ee548a3372136af2fcb0696db31fc6cf20260707645068bd3fe97f3c4"},
	{B, "MRC20", "LogFeeTransfer", 3,
		"0x4dfe1bbbcf077ddc3e01291eea2d5c70c2b422b415d95645b9adcfd678cb1d63"},
	{B, "ValidatorSet", "NewSpan", 3,
		"0xac9e8537ff98ccc9f53f34174714e4b56eee15cb11eafa9512d2914c60790c62"},
	{B, "StateReceiver", "StateCommitted", 1,
		"0x5a22725590b0a51c923940223f7458512164b1113359a735e86e7f27f44791ee"},
};

static bool is_bytes(const struct abi_param *p)
{
	return p->type.base == ABI_BYTES && !p->indexed;
}

/* A log with 1 in every word; bytes are one byte, its offset where the head ends. */
static struct log make_log(struct arena *mem, const struct contract *c, const struct abi_event *ev)
{
	struct hash32 words[24];
	size_t n = 0, head = ev->param_count - ev->indexed_count;

	for (size_t i = 0; i < ev->indexed_count; i++)
		words[n++] = kit_word(1);
	for (size_t i = 0; i < ev->param_count; i++)
		if (!ev->params[i].indexed)
			words[n++] = kit_word(is_bytes(&ev->params[i]) ? 32 * head : 1);
	for (size_t i = 0; i < ev->param_count; i++)
		if (is_bytes(&ev->params[i])) {
			words[n++] = kit_word(1);
			words[n++] = (struct hash32){{0xff}};
		}
	return kit_log(mem, c, ev->signature, words, n);
}

static void check_chain(const struct chain_conf *c, unsigned bit)
{
	struct decoder *d = decoder_new(c);
	struct arena *mem = arena_new(1u << 20);

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		const struct contract *k;
		struct hash32 topic0;
		struct decoded out;
		struct block b = {.log_count = 1};
		struct log l;

		if (!(events[i].chains & bit))
			continue;
		k = network_contract(c, events[i].contract);
		assert_non_null(k);
		l = make_log(mem, k, kit_event(k, events[i].event));
		assert_true(hex_fixed(topic0.b, 32, events[i].topic0, 66));
		if (!hash_eq(&l.topics[0], &topic0) || l.topic_count != 1 + events[i].indexed)
			fail_msg("%s.%s has another topic 0 or indexed parameters",
				events[i].contract, events[i].event);
		b.logs = &l;
		decode_block(d, &b, mem, &out);
		if (out.parked_count)
			fail_msg("%s: %s", events[i].event, out.parked[0].reason);
		assert_int_equal(out.event_count, 1);
		assert_ptr_equal(out.events[0].contract, k);
		assert_string_equal(out.events[0].event->name, events[i].event);
		assert_string_equal(out.events[0].event->contract, events[i].contract);
	}
	arena_free(mem);
	decoder_free(d);
}

static void test_events(void **state)
{
	struct network *n = kit_network("mainnet");

	(void)state;
	check_chain(network_chain(n, "tron"), T);
	check_chain(network_chain(n, "ethereum"), E);
	check_chain(network_chain(n, "bsc"), S);
	check_chain(network_chain(n, "bttc"), B);
	network_free(n);
}

/* What delivery's stale ABI still lists is unknown, not something else. */
static void test_dead_topics(void **state)
{
	static const char *const dead[] = {
		"0x9cc0e589f20d3310eb2ad571b23529003bd46048d0d1af29277dcf0aa3c398ce",
		"0x8df3db2462011d9f79ea35850218e22b9fc11eca880b4b674d6a2e36e52faf90",
		"0x6af042714f1fb2ecc9f4ea59df701c71414555a1f52c207a2d73fc33df3f0f87",
		"0x896207683bb844057e9f07d8ed9deb90f4440260772ab61ac8675f430a0e230a",
		"0x35af9eea1f0e7b300b0a14fae90139a072470e44daa3f14b5069bebbc1265bda", /* mirror only */
	};
	struct network *n = kit_network("mainnet");
	const struct chain_conf *c = network_chain(n, "tron");
	struct decoder *d = decoder_new(c);
	struct arena *mem = arena_new(1u << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(dead) / sizeof(*dead); i++) {
		struct log l = {.address = network_contract(c, "StakingInfo")->address,
			.topic_count = 4};
		struct block b = {.logs = &l, .log_count = 1};
		struct decoded out;

		assert_true(hex_fixed(l.topics[0].b, 32, dead[i], 66));
		decode_block(d, &b, mem, &out);
		assert_int_equal(out.unknown_events, 1);
		assert_null(out.events[0].event);
	}
	decoder_free(d);
	arena_free(mem);
	network_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_events),
		cmocka_unit_test(test_dead_topics)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
