/*
 * Which rule an event belongs to. The table names each event by contract and signature; a chain's
 * events are looked up in it once, and found by the addresses of their descriptions afterwards.
 */
#include "ledger/state.h"

#include <stdlib.h>

static const struct {
	const char *contract, *signature;
	unsigned indexed;
	enum op op;
} known[] = {
	{"Token", "Transfer(address,address,uint256)", 2, OP_TOKEN_TRANSFER},
	{"Token", "Approval(address,address,uint256)", 2, OP_IGNORED},
	{"StakingNFT", "Transfer(address,address,uint256)", 3, OP_NFT_TRANSFER},
	{"ValidatorShare", "Transfer(address,address,uint256)", 2, OP_SHARE_TRANSFER},
	{"ValidatorShare", "OwnerUpdate(address,address)", 0, OP_OWNER_UPDATE},
	{"StakeManager", "ProxyUpdated(address,address)", 2, OP_PROXY_UPDATED},
	{"RootChain", "ProxyUpdated(address,address)", 2, OP_PROXY_UPDATED},
	{"EventsHub", "ProxyUpdated(address,address)", 2, OP_PROXY_UPDATED},
	{"Registry", "ContractMapUpdated(bytes32,address,address)", 3, OP_CONTRACT_MAP},
	{"RootChain", "NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)", 3,
		OP_MAIN_CHECKPOINT},
	{"RootChain", "ResetHeaderBlock(address,uint256)", 2, OP_RESET_HEADER},
	{"StakingInfo", "CheckpointSyncAck(address,uint256,uint256,uint256,uint256)", 3,
		OP_SYNC_CHECKPOINT},
	{"StakingInfo", "Staked(address,uint256,uint256,uint256,uint256,uint256,bytes)", 3,
		OP_STAKED},
	{"StakingInfo", "UnstakeInit(address,uint256,uint256,uint256,uint256)", 3, OP_UNSTAKE_INIT},
	{"StakingInfo", "Unstaked(address,uint256,uint256,uint256)", 2, OP_UNSTAKED},
	{"StakingInfo", "SignerChange(uint256,uint256,address,address,bytes)", 3, OP_SIGNER_CHANGE},
	{"StakingInfo", "Restaked(uint256,uint256,uint256)", 1, OP_RESTAKED},
	{"StakingInfo", "StakeUpdate(uint256,uint256)", 2, OP_STAKE_UPDATE},
	{"StakingInfo", "ClaimRewards(uint256,uint256,uint256)", 3, OP_CLAIM_REWARDS},
	{"EventsHub", "UpdateCommissionRate(uint256,uint256,uint256)", 3, OP_COMMISSION},
	{"StakingInfo", "UpdateCommissionRate(uint256,uint256,uint256)", 3, OP_COMMISSION},
	{"StakingInfo", "StartAuction(uint256,uint256,uint256)", 3, OP_START_AUCTION},
	{"StakingInfo", "ConfirmAuction(uint256,uint256,uint256)", 3, OP_CONFIRM_AUCTION},
	{"StakingInfo", "TopUpFee(address,uint256)", 2, OP_TOP_UP_FEE},
	{"StakingInfo", "ClaimFee(address,uint256)", 2, OP_CLAIM_FEE},
	{"StakingInfo", "ThresholdChange(uint256,uint256)", 0, OP_THRESHOLD},
	{"StakingInfo", "DynastyValueChange(uint256,uint256)", 0, OP_DYNASTY},
	{"StakingInfo", "ProposerBonusChange(uint256,uint256)", 0, OP_PROPOSER_BONUS},
	{"StakingInfo", "ChainRewardUpdate(uint256,uint256,uint256)", 0, OP_CHAIN_REWARD},
	{"EventsHub", "RewardParams(uint256,uint256,uint256)", 0, OP_REWARD_PARAMS},
	{"StakingInfo", "ShareMinted(uint256,address,uint256,uint256)", 3, OP_SHARE_MINTED},
	{"StakingInfo", "ShareBurned(uint256,address,uint256,uint256)", 3, OP_SHARE_BURNED},
	{"EventsHub", "ShareBurnedWithId(uint256,address,uint256,uint256,uint256)", 3,
		OP_SHARE_BURNED_ID},
	{"StakingInfo", "DelegatorClaimedRewards(uint256,address,uint256)", 3,
		OP_DELEGATOR_CLAIMED},
	{"StakingInfo", "DelegatorRestaked(uint256,address,uint256)", 3, OP_DELEGATOR_RESTAKED},
	{"StakingInfo", "DelegatorUnstaked(uint256,address,uint256)", 2, OP_DELEGATOR_UNSTAKED},
	{"EventsHub", "DelegatorUnstakeWithId(uint256,address,uint256,uint256)", 2,
		OP_DELEGATOR_UNSTAKE_ID},
};

struct slot {
	const struct contract *contract;
	const struct abi_event *event;
	enum op op;
};

struct dispatch {
	struct slot *slots;
	size_t mask;
};

static size_t place(const struct dispatch *d, const struct contract *c, const struct abi_event *ev)
{
	uint64_t h = (uintptr_t)c * 0x9e3779b97f4a7c15ULL ^ (uintptr_t)ev * 0xc2b2ae3d27d4eb4fULL;

	return (h ^ h >> 29) & d->mask;
}

static enum op classify(const struct contract *c, const struct abi_event *ev)
{
	if (c->mapping)
		for (size_t i = 0; i < c->mapping->event_count; i++)
			if (c->mapping->events[i].event == ev)
				return OP_PARTNERSHIP;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].contract, c->name) &&
			!strcmp(known[i].signature, ev->signature) &&
			known[i].indexed == ev->indexed_count)
			return known[i].op;
	return OP_OTHER;
}

static void add(struct dispatch *d, const struct contract *c, const struct abi_event *ev)
{
	enum op op = classify(c, ev);
	size_t s = place(d, c, ev);

	if (op == OP_OTHER)
		return;
	while (d->slots[s].event)
		s = (s + 1) & d->mask;
	d->slots[s] = (struct slot){c, ev, op};
}

struct dispatch *dispatch_new(const struct chain_conf *chain)
{
	struct dispatch *d = calloc(1, sizeof(*d));
	size_t n = 0;

	for (size_t i = 0; i < chain->contract_count; i++)
		n += chain->contracts[i].event_count;
	if (!d)
		abort();
	for (d->mask = 63; d->mask < 4 * n;)
		d->mask = d->mask * 2 + 1;
	d->slots = calloc(d->mask + 1, sizeof(*d->slots));
	if (!d->slots)
		abort();
	for (size_t i = 0; i < chain->contract_count; i++)
		for (size_t k = 0; k < chain->contracts[i].event_count; k++)
			add(d, &chain->contracts[i], chain->contracts[i].events[k]);
	return d;
}

void dispatch_free(struct dispatch *d)
{
	if (!d)
		return;
	free(d->slots);
	free(d);
}

enum op dispatch_find(const struct dispatch *d, const struct event_row *row)
{
	if (!row->event)
		return OP_OTHER;
	for (size_t s = place(d, row->contract, row->event); d->slots[s].event;
		s = (s + 1) & d->mask)
		if (d->slots[s].event == row->event && d->slots[s].contract == row->contract)
			return d->slots[s].op;
	return OP_OTHER;
}
