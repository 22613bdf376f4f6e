/*
 * An oracle record is a JSON object with the getters' names; a table says where in it each function's answer
 * is. Values are found in the text, not parsed.
 */
#include "replay/oracle.h"

#include "base/hex.h"
#include "base/log.h"
#include "base/u256.h"
#include "chain/keccak.h"
#include "replay/slice.h"
#include "replay/textfile.h"

#include <stdlib.h>
#include <string.h>

enum holder { STAKE_MANAGER, ROOT_CHAIN, STAKING_INFO, STAKING_NFT, TOKEN, HOLDERS, SHARE = HOLDERS };

/* How the one parameter, if any, leads to the value. */
enum path {
	GLOBAL,     /* global[key] */
	GLOBAL_MAP, /* global[key][argument], zero where it is not */
	VALIDATOR,  /* validators[argument][key], zero where it is not */
	SIGNER,     /* signers[argument] */
	HEADER,     /* headerBlock, when it is that one */
	BALANCE,    /* tokenBalances[argument] */
	OF_SHARE,   /* the validator's share[key] */
};

struct view {
	enum holder holder;
	const char *signature;
	enum path path;
	const char *key;    /* NULL: the function's name */
	const char *fields; /* of a struct, apart by spaces; NULL: a single value */
};

static const char validator_fields[] =
	"amount reward activationEpoch deactivationEpoch jailTime signer contractAddress status commissionRate"
	" lastCommissionUpdate delegatorsReward delegatedAmount initialRewardPerStake";

static const struct view views[] = {
	{STAKE_MANAGER, "rewardPerStake()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "totalStaked()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "currentEpoch()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "totalRewards()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "totalRewardsLiquidated()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "prevBlockInterval()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "rewardDecreasePerCheckpoint()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "maxRewardedCheckpoints()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "checkpointRewardDelta()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "accountStateRoot()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "NFTCounter()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "totalHeimdallFee()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "checkPointBlockInterval()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "proposerBonus()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "WITHDRAWAL_DELAY()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "withdrawalDelay()", GLOBAL, "WITHDRAWAL_DELAY", NULL},
	{STAKE_MANAGER, "dynasty()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "auctionPeriod()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "replacementCoolDown()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "signerUpdateLimit()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "minDeposit()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "minHeimdallFee()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "validatorThreshold()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "delegationEnabled()", GLOBAL, NULL, NULL},
	{STAKE_MANAGER, "validatorState()", GLOBAL, NULL, "amount stakerCount"},
	{STAKE_MANAGER, "CHAIN_CHECKPOINT_REWARD(uint256)", GLOBAL_MAP, NULL, NULL},
	{STAKE_MANAGER, "currentHeaderBlockId(uint256)", GLOBAL_MAP, NULL, NULL},
	{STAKE_MANAGER, "validatorStateChanges(uint256)", GLOBAL_MAP, NULL, "amount stakerCount"},
	{STAKE_MANAGER, "signers(uint256)", SIGNER, NULL, NULL},
	{STAKE_MANAGER, "validators(uint256)", VALIDATOR, NULL, validator_fields},
	{STAKE_MANAGER, "validatorReward(uint256)", VALIDATOR, NULL, NULL},
	{STAKE_MANAGER, "delegatorsReward(uint256)", VALIDATOR, "delegatorsRewardView", NULL},
	{STAKE_MANAGER, "latestSignerUpdateEpoch(uint256)", VALIDATOR, NULL, NULL},
	{STAKE_MANAGER, "isValidator(uint256)", VALIDATOR, NULL, NULL},
	{ROOT_CHAIN, "_nextHeaderBlock()", GLOBAL, "nextHeaderBlock", NULL},
	{ROOT_CHAIN, "currentHeaderBlock()", GLOBAL, NULL, NULL},
	{ROOT_CHAIN, "getLastChildBlock()", GLOBAL, "lastChildBlock", NULL},
	{ROOT_CHAIN, "headerBlocks(uint256)", HEADER, NULL, "root start end createdAt proposer"},
	{STAKING_INFO, "validatorNonce(uint256)", VALIDATOR, "nonce", NULL},
	{STAKING_INFO, "totalValidatorStake(uint256)", VALIDATOR, NULL, NULL},
	{STAKING_NFT, "ownerOf(uint256)", VALIDATOR, "owner", NULL},
	{TOKEN, "balanceOf(address)", BALANCE, NULL, NULL},
	{SHARE, "exchangeRate()", OF_SHARE, NULL, NULL},
	{SHARE, "totalSupply()", OF_SHARE, NULL, NULL},
	{SHARE, "rewardPerShare()", OF_SHARE, NULL, NULL},
	{SHARE, "getRewardPerShare()", OF_SHARE, NULL, NULL},
	{SHARE, "activeAmount()", OF_SHARE, NULL, NULL},
	{SHARE, "withdrawPool()", OF_SHARE, NULL, NULL},
	{SHARE, "withdrawShares()", OF_SHARE, NULL, NULL},
	{SHARE, "withdrawExchangeRate()", OF_SHARE, NULL, NULL},
	{SHARE, "delegation()", OF_SHARE, NULL, NULL},
	{SHARE, "locked()", OF_SHARE, NULL, NULL},
};
#define VIEWS (sizeof(views) / sizeof(*views))

struct record {
	uint64_t block;
	struct slice text;
};

struct oracle {
	char *meta, *text;
	struct address holders[HOLDERS];
	struct record *records; /* ascending */
	size_t count;
	uint8_t selectors[VIEWS][4];
};

/* ---- the files ------------------------------------------------------------------------------ */

static void read_records(struct oracle *o, size_t n)
{
	size_t at = 0, cap = 0, used;
	struct record r;

	while (at < n && slice_value(&r.text, o->text + at, n - at, &used)) {
		at += used;
		if (!slice_u64(slice_get(r.text, "block"), &r.block))
			continue;
		if (o->count == cap) {
			cap = cap ? 2 * cap : 256;
			o->records = realloc(o->records, cap * sizeof(*o->records));
			if (!o->records)
				abort();
		}
		o->records[o->count++] = r;
	}
}

static void read_holders(struct oracle *o, size_t n)
{
	static const char *const names[HOLDERS] = {
		"stakeManager", "rootChain", "stakingInfo", "stakingNFT", "token"};
	struct slice meta, contracts;
	size_t used;

	if (!slice_value(&meta, o->meta, n, &used))
		return;
	contracts = slice_get(meta, "contracts");
	for (unsigned h = 0; h < HOLDERS; h++)
		(void)slice_hex(slice_get(contracts, names[h]), o->holders[h].b, sizeof(o->holders[h].b));
}

struct oracle *oracle_new(const char *dir)
{
	struct oracle *o = calloc(1, sizeof(*o));
	bool missing = false;
	struct hash32 hash;
	struct err e;
	size_t n = 0;

	if (!o)
		abort();
	for (size_t i = 0; i < VIEWS; i++) {
		keccak256(&hash, views[i].signature, strlen(views[i].signature));
		memcpy(o->selectors[i], hash.b, 4);
	}
	if (textfile_read(&o->text, &n, dir, "oracle.ndjson", &missing, &e))
		log_warn("replay", "no contract state can be served", "err=%s", log_quotes(e.msg));
	else if (!missing)
		read_records(o, n);
	if (!missing && !textfile_read(&o->meta, &n, dir, "meta.json", NULL, &e))
		read_holders(o, n);
	return o;
}

void oracle_free(struct oracle *o)
{
	if (!o)
		return;
	free(o->records);
	free(o->text);
	free(o->meta);
	free(o);
}

/* ---- answers -------------------------------------------------------------------------------- */

static int by_block(const void *key, const void *item)
{
	uint64_t n = *(const uint64_t *)key, m = ((const struct record *)item)->block;

	return (n > m) - (n < m);
}

/* A number, perhaps below zero, a hash, an address or a truth as a word. */
static bool put_word(struct buf *out, struct slice v)
{
	uint8_t word[32] = {0};
	struct u256 n;
	const char *s;
	size_t len;
	bool minus;

	if (slice_is(v, "true") || slice_is(v, "false")) {
		word[31] = slice_is(v, "true");
	} else if (!slice_hex(v, word, 32) && !slice_hex(v, word + 12, 20)) {
		if (!slice_str(v, &s, &len))
			return false;
		minus = len && *s == '-';
		if (!u256_parse_dec(&n, s + minus, len - minus))
			return false;
		u256_to_be(word, minus ? u256_sub(U256_ZERO, n) : n);
	}
	buf_add(out, word, sizeof(word));
	return true;
}

/* A value, or a struct of `fields`; what is not there (`v` absent) is zero. */
static enum oracle_answer put_value(struct buf *out, struct slice v, const char *fields)
{
	static const uint8_t zero[32];
	char name[40];

	for (const char *f = fields; f && *f; f += strspn(f, " ")) {
		size_t n = strcspn(f, " ");
		struct slice x;

		if (n >= sizeof(name))
			return ORACLE_NO_STATE;
		memcpy(name, f, n);
		name[n] = 0;
		f += n;
		x = v.p ? slice_get(v, name) : v;
		if (!x.p)
			buf_add(out, zero, sizeof(zero));
		else if (!put_word(out, x))
			return ORACLE_NO_STATE;
	}
	if (fields)
		return ORACLE_VALUE;
	if (!v.p)
		buf_add(out, zero, sizeof(zero));
	else if (slice_is(v, "null"))
		return ORACLE_REVERTED;
	else if (!put_word(out, v))
		return ORACLE_NO_STATE;
	return ORACLE_VALUE;
}

static struct slice signer_at(struct slice list, const char *index)
{
	unsigned long i = strtoul(index, NULL, 10);
	struct slice none = {0}, item;
	struct slice_iter it;

	for (slice_iter(&it, list); slice_next(&it, &item); i--)
		if (!i)
			return item;
	return none;
}

/* Of the validator with number 2^256-1, which collects what nobody gets, the oracle has the reward. */
static enum oracle_answer put_validator(
	const struct view *v, struct slice record, const char *id, const char *key, struct buf *out)
{
	static const char sink[] =
		"115792089237316195423570985008687907853269984665640564039457584007913129639935";
	struct slice validator = slice_get(slice_get(record, "validators"), id);
	enum oracle_answer a;

	if (strcmp(id, sink) != 0)
		return put_value(
			out, v->fields || !validator.p ? validator : slice_get(validator, key), v->fields);
	a = put_value(out, validator, v->fields);
	if (a == ORACLE_VALUE && v->fields) {
		struct buf reward;

		buf_init(&reward, 100);
		a = put_value(
			&reward, slice_get(slice_get(record, "global"), "sinkValidatorMaxReward"), NULL);
		if (a == ORACLE_VALUE)
			memcpy(out->p + 32, reward.p, 32);
		buf_free(&reward);
	}
	return a;
}

static enum oracle_answer put_view(const struct oracle *o, const struct view *v, struct slice record,
	struct slice share, struct bytes input, struct buf *out)
{
	struct slice global = slice_get(record, "global"), x;
	char name[40], number[U256_DEC_MAX + 1], address[43] = "0x";
	size_t n = strcspn(v->signature, "(");

	memcpy(name, v->signature, n);
	name[n] = 0;
	number[u256_dec(number, u256_be(input.p + 4))] = 0;
	hex_encode(address + 2, input.p + 16, 20);
	address[42] = 0;
	switch (v->path) {
	case GLOBAL: return put_value(out, slice_get(global, v->key ? v->key : name), v->fields);
	case GLOBAL_MAP: return put_value(out, slice_get(slice_get(global, name), number), v->fields);
	case VALIDATOR: return put_validator(v, record, number, v->key ? v->key : name, out);
	case OF_SHARE: return put_value(out, slice_get(share, name), NULL);
	case SIGNER:
		x = signer_at(slice_get(record, "signers"), number);
		return x.p ? put_value(out, x, NULL) : ORACLE_REVERTED;
	case HEADER:
		x = slice_get(record, "headerBlock");
		if (x.p && slice_get(x, "id").n == strlen(number) + 2 &&
			!memcmp(slice_get(x, "id").p + 1, number, strlen(number)))
			return put_value(out, x, v->fields);
		return strcmp(number, "0") != 0 ? ORACLE_NO_STATE
						: put_value(out, (struct slice){0}, v->fields);
	case BALANCE: break;
	}
	x = !memcmp(input.p + 16, o->holders[STAKE_MANAGER].b, 20)
		    ? slice_get(global, "stakeManagerTokenBalance")
		    : slice_get(slice_get(record, "tokenBalances"), address);
	return x.p ? put_value(out, x, NULL) : ORACLE_NO_STATE;
}

/* Which contract is that? A share contract gives its values. */
static bool find_holder(const struct oracle *o, struct slice record, const struct address *to,
	enum holder *holder, struct slice *share)
{
	struct slice key, validator;
	struct slice_iter it;
	struct address a;

	for (unsigned h = 0; h < HOLDERS; h++)
		if (address_eq(to, &o->holders[h])) {
			*holder = (enum holder)h;
			return true;
		}
	*holder = SHARE;
	for (slice_iter(&it, slice_get(record, "validators")); slice_member(&it, &key, &validator);) {
		*share = slice_get(validator, "share");
		if (share->p && slice_hex(slice_get(validator, "contractAddress"), a.b, 20) &&
			address_eq(&a, to))
			return true;
	}
	return false;
}

enum oracle_answer oracle_call(
	struct oracle *o, uint64_t block, const struct address *to, struct bytes input, struct buf *out)
{
	const struct record *r = NULL;
	uint8_t padded[4 + 32] = {0};
	struct slice share = {0};
	enum holder holder;

	if (o->count)
		r = bsearch(&block, o->records, o->count, sizeof(*o->records), by_block);
	if (!r)
		return ORACLE_NO_STATE;
	if (!find_holder(o, r->text, to, &holder, &share))
		return ORACLE_VALUE;
	memcpy(padded, input.p, input.n < sizeof(padded) ? input.n : sizeof(padded));
	for (size_t i = 0; i < VIEWS && input.n >= 4; i++)
		if (views[i].holder == holder && !memcmp(o->selectors[i], input.p, 4))
			return put_view(
				o, &views[i], r->text, share, (struct bytes){padded, sizeof(padded)}, out);
	return ORACLE_NO_STATE;
}
