/*
 * Three rounds of questions, as each needs answers of the one before: globals, then validators and signers,
 * then share contracts. The answers become a record of the form that initial states have, under the ABI's own
 * names, and the ledger reads it as it reads those.
 */
#include "bin/snapshot.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS       10
#define CHAINS         9     /* root chains have numbers from 1; parameters have names up to 9 */
#define CHAINS_USED    3     /* TRON, Ethereum, BSC: told also when zero */
#define VALIDATORS_MAX 10000
#define SPARE_SIGNERS  16
#define JSON_MAX       (64u << 20)

static const char *const globals[] = {"rewardPerStake", "totalStaked", "currentEpoch", "totalRewards",
	"totalRewardsLiquidated", "prevBlockInterval", "rewardDecreasePerCheckpoint", "maxRewardedCheckpoints",
	"checkpointRewardDelta", "accountStateRoot", "NFTCounter", "totalHeimdallFee", "checkPointBlockInterval",
	"proposerBonus", "WITHDRAWAL_DELAY", "dynasty", "auctionPeriod", "replacementCoolDown",
	"signerUpdateLimit", "minDeposit", "minHeimdallFee", "validatorThreshold", "delegationEnabled"};
#define GLOBALS (sizeof(globals) / sizeof(*globals))

static const char *const share_views[] = {"totalSupply", "rewardPerShare", "activeAmount", "withdrawPool",
	"withdrawShares", "delegation", "locked"};
#define SHARE_VIEWS (sizeof(share_views) / sizeof(*share_views))

/* One call and its answer. */
struct wish {
	const struct contract *contract; /* whose ABI it is */
	const char *name;
	struct address to;
	struct u256 arg;
	const struct abi_function *f;
	bool reverted;
	struct abi_value *values;
};

struct asking {
	struct source *s;
	const struct chain_conf *chain;
	const struct contract *manager, *info, *nft, *root, *share;
	const struct hash32 *pin; /* block; NULL: the newest */
	struct snapshot *out;
	struct arena *mem;
	struct err *e;
	struct wish *w;
	size_t n, cap;
};

/* ---- one round ------------------------------------------------------------------------------ */

static void want(struct asking *a, const struct contract *c, const char *name, const struct address *to,
	struct u256 arg)
{
	arena_grow(a->mem, &a->w, &a->cap, a->n + 1, sizeof(*a->w));
	a->w[a->n++] = (struct wish){.contract = c, .name = name, .to = to ? *to : c->address, .arg = arg};
}

static void want_n(struct asking *a, const struct contract *c, const char *name, uint64_t arg)
{
	want(a, c, name, NULL, u256_u64(arg));
}

static enum err_kind encode(struct asking *a, struct wish *w, struct view_call *out)
{
	struct u256 args[1] = {w->arg};
	struct buf data;

	w->f = network_function(w->contract, w->name);
	if (!w->f || w->f->param_count > 1 || !w->f->output_count)
		return err_set(a->e, ERR_FATAL, "snapshot", 0,
			"chain %s: the ABI of %s in the network file has no view function %s", a->chain->key,
			w->contract->name, w->name);
	buf_init(&data, 100);
	if (!abi_encode_call(&data, w->f, args))
		abort();
	*out = (struct view_call){w->to, arena_bytes(a->mem, data.p, data.n)};
	buf_free(&data);
	return ERR_NONE;
}

static enum err_kind decode(struct asking *a, struct wish *w, const struct call_result *r)
{
	char hex[41];

	w->reverted = r->reverted;
	if (r->reverted)
		return ERR_NONE;
	if (r->data.n)
		return abi_decode_result(
			w->f, arena_bytes(a->mem, r->data.p, r->data.n), a->mem, &w->values, a->e);
	hex_encode(hex, w->to.b, 20);
	hex[40] = 0;
	return err_set(a->e, ERR_FATAL, "snapshot", 0,
		"chain %s: %s() of %s at 0x%s returned nothing: there is no such contract, or it has no such function",
		a->chain->key, w->name, w->contract->name, hex);
}

static enum err_kind ask(struct asking *a)
{
	struct view_call *calls = arena_calloc(a->mem, a->n, sizeof(*calls));
	enum err_kind k = ERR_NONE;
	struct job *j;

	for (size_t i = 0; !k && i < a->n; i++)
		k = encode(a, &a->w[i], &calls[i]);
	if (k)
		return k;
	j = source_calls(a->s, a->pin, calls, a->n);
	k = source_wait(a->s, j, a->e);
	for (size_t i = 0; !k && i < a->n; i++)
		if ((k = decode(a, &a->w[i], &j->results[i])) == ERR_REJECT)
			k = a->e->kind = ERR_FATAL;
	if (!k)
		snprintf(a->out->endpoint, sizeof(a->out->endpoint), "%s", j->endpoint);
	a->out->calls += a->n;
	job_free(j);
	return k;
}

/* Only some may revert. */
static enum err_kind answered(struct asking *a, const struct wish *w)
{
	if (!w->reverted)
		return ERR_NONE;
	return err_set(a->e, ERR_FATAL, "snapshot", 0, "chain %s: %s.%s reverts", a->chain->key,
		w->contract->name, w->name);
}

/* ---- the record ----------------------------------------------------------------------------- */

/* A struct's members by their ABI names, into an object that is open. */
static void put_members(struct jw *w, const struct wish *x)
{
	for (size_t i = 0; i < x->f->output_count; i++) {
		jw_key(w, x->f->outputs[i].name);
		abi_value_json(w, &x->values[i]);
	}
}

static void put_value(struct jw *w, const char *key, const struct wish *x)
{
	jw_key(w, key);
	if (x->reverted)
		jw_null(w);
	else
		abi_value_json(w, &x->values[0]);
}

/* Wishes at i for the chains 1 to CHAINS. */
static void put_chains(struct jw *w, const char *key, const struct wish *x)
{
	jw_key(w, key);
	jw_obj(w);
	for (size_t c = 1; c <= CHAINS; c++) {
		const struct wish *one = &x[c - 1];
		char name[2] = {(char)('0' + c), 0};

		if (c <= CHAINS_USED || (!one->reverted && !u256_is_zero(abi_u256(&one->values[0]))))
			put_value(w, name, one);
	}
	jw_obj_end(w);
}

struct validators {
	uint64_t count, epoch;
};

static enum err_kind round_globals(struct asking *a, struct jw *w, struct validators *v)
{
	static const struct u256 sink = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	const struct wish *x;
	enum err_kind k;

	for (size_t i = 0; i < GLOBALS; i++)
		want_n(a, a->manager, globals[i], 0);
	want_n(a, a->manager, "validatorState", 0);
	want_n(a, a->root, "_nextHeaderBlock", 0);
	want(a, a->manager, "validators", NULL, sink);
	for (uint64_t c = 1; c <= CHAINS; c++)
		want_n(a, a->manager, "CHAIN_CHECKPOINT_REWARD", c);
	for (uint64_t c = 1; c <= CHAINS; c++)
		want_n(a, a->manager, "currentHeaderBlockId", c);
	k = ask(a);
	for (size_t i = 0; !k && i < a->n; i++)
		k = answered(a, &a->w[i]);
	if (k)
		return k;
	x = a->w;
	for (size_t i = 0; i < GLOBALS; i++, x++) {
		put_value(w, x->name, x);
		if (!strcmp(x->name, "NFTCounter") &&
			(!abi_u64(&x->values[0], &v->count) || v->count > VALIDATORS_MAX))
			return err_set(a->e, ERR_FATAL, "snapshot", 0, "chain %s: NFTCounter is over %d",
				a->chain->key, VALIDATORS_MAX);
		if (!strcmp(x->name, "currentEpoch") && !abi_u64(&x->values[0], &v->epoch))
			return err_set(a->e, ERR_FATAL, "snapshot", 0, "chain %s: currentEpoch is over 2^64",
				a->chain->key);
	}
	jw_key(w, "validatorState");
	jw_obj(w);
	put_members(w, x++);
	jw_obj_end(w);
	put_value(w, "nextHeaderBlock", x++);
	jw_key(w, "sinkValidatorMaxReward");
	abi_value_json(w, &x++->values[1]);
	put_chains(w, "CHAIN_CHECKPOINT_REWARD", x);
	put_chains(w, "currentHeaderBlockId", x + CHAINS);
	return ERR_NONE;
}

/* Of each validator four wishes, then those of the pending changes of stake, then the signers. */
#define EACH 4

static enum err_kind put_signers(struct asking *a, struct jw *w, const struct wish *x, size_t n)
{
	jw_key(w, "signers");
	jw_arr(w);
	for (size_t i = 0; i < n && !x[i].reverted; i++)
		abi_value_json(w, &x[i].values[0]);
	jw_arr_end(w);
	if (x[n - 1].reverted)
		return ERR_NONE;
	return err_set(a->e, ERR_FATAL, "snapshot", 0, "chain %s: there are more signers than validators",
		a->chain->key);
}

static void put_changes(struct jw *w, const struct wish *x, size_t n)
{
	char name[24];

	jw_key(w, "validatorStateChanges");
	jw_obj(w);
	for (size_t i = 0; i < n; i++) {
		if (u256_is_zero(abi_u256(&x[i].values[0])) && u256_is_zero(abi_u256(&x[i].values[1])))
			continue;
		snprintf(name, sizeof(name), "%" PRIu64, x[i].arg.w[0]);
		jw_key(w, name);
		jw_obj(w);
		put_members(w, &x[i]);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static enum err_kind round_validators(struct asking *a, const struct validators *v)
{
	enum err_kind k;

	a->n = 0;
	for (uint64_t id = 0; id < v->count; id++) {
		want_n(a, a->manager, "validators", id);
		want_n(a, a->manager, "latestSignerUpdateEpoch", id);
		want_n(a, a->info, "validatorNonce", id);
		want_n(a, a->nft, "ownerOf", id);
	}
	want_n(a, a->manager, "validatorStateChanges", v->epoch);
	want_n(a, a->manager, "validatorStateChanges", v->epoch + 1);
	for (uint64_t i = 0; i < v->count + SPARE_SIGNERS; i++)
		want_n(a, a->manager, "signers", i);
	k = ask(a);
	for (size_t i = 0; !k && i < EACH * v->count + 2; i++)
		if (i % EACH != 3 || i >= EACH * v->count) /* ownerOf reverts where there is no owner */
			k = answered(a, &a->w[i]);
	return k;
}

/* contractAddress of validators(id), the 7th of its members. */
static struct address share_of(const struct wish *x)
{
	for (size_t i = 0; i < x->f->output_count; i++)
		if (!strcmp(x->f->outputs[i].name, "contractAddress"))
			return abi_address(&x->values[i]);
	return (struct address){0};
}

static enum err_kind round_shares(struct asking *a, const struct wish *of, uint64_t count)
{
	static const struct address none;
	enum err_kind k;

	a->w = NULL;
	a->n = a->cap = 0;
	for (uint64_t id = 0; id < count; id++) {
		struct address to = share_of(&of[EACH * id]);

		for (size_t i = 0; !address_eq(&to, &none) && i < SHARE_VIEWS; i++)
			want(a, a->share, share_views[i], &to, U256_ZERO);
	}
	k = a->n ? ask(a) : ERR_NONE;
	for (size_t i = 0; !k && i < a->n; i++)
		k = answered(a, &a->w[i]);
	return k;
}

static void put_validators(struct asking *a, struct jw *w, const struct wish *of, uint64_t count)
{
	static const struct address none;
	const struct wish *share = a->w;
	char name[24];

	jw_key(w, "validators");
	jw_obj(w);
	for (uint64_t id = 0; id < count; id++) {
		struct address to = share_of(&of[EACH * id]);

		snprintf(name, sizeof(name), "%" PRIu64, id);
		jw_key(w, name);
		jw_obj(w);
		put_members(w, &of[EACH * id]);
		put_value(w, "latestSignerUpdateEpoch", &of[EACH * id + 1]);
		put_value(w, "nonce", &of[EACH * id + 2]);
		put_value(w, "owner", &of[EACH * id + 3]);
		if (!address_eq(&to, &none)) {
			jw_key(w, "share");
			jw_obj(w);
			for (size_t i = 0; i < SHARE_VIEWS; i++, share++)
				put_value(w, share->name, share);
			jw_obj_end(w);
		}
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static enum err_kind ask_all(struct asking *a, struct jw *w)
{
	struct validators v = {0};
	const struct wish *of;
	enum err_kind k;

	jw_obj(w);
	jw_key(w, "block");
	jw_u64(w, a->out->block.number);
	jw_key(w, "blockHash");
	jw_hex(w, a->out->block.hash.b, sizeof(a->out->block.hash.b));
	jw_key(w, "global");
	jw_obj(w);
	if ((k = round_globals(a, w, &v)) || (k = round_validators(a, &v)))
		return k;
	of = a->w;
	put_changes(w, &of[EACH * v.count], 2);
	jw_obj_end(w);
	if ((k = put_signers(a, w, &of[EACH * v.count + 2], (size_t)v.count + SPARE_SIGNERS)) ||
		(k = round_shares(a, of, v.count)))
		return k;
	put_validators(a, w, of, v.count);
	jw_obj_end(w);
	return ERR_NONE;
}

/* ---- one block ------------------------------------------------------------------------------ */

static enum err_kind newest(struct source *s, struct block_id *out, struct err *e)
{
	struct job *j = source_head(s, false);
	enum err_kind k = source_wait(s, j, e);

	if (!k)
		*out = (struct block_id){j->headers[0].number, j->headers[0].hash};
	job_free(j);
	return k;
}

static bool same_block(const struct block_id *a, const struct block_id *b)
{
	return a->number == b->number && hash_eq(&a->hash, &b->hash);
}

static enum err_kind find_contracts(struct asking *a)
{
	const struct {
		const struct contract **to;
		const char *name;
	} wanted[] = {{&a->manager, "StakeManager"}, {&a->info, "StakingInfo"}, {&a->nft, "StakingNFT"},
		{&a->root, "RootChain"}, {&a->share, "ValidatorShare"}};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		*wanted[i].to = network_contract(a->chain, wanted[i].name);
		if (!*wanted[i].to)
			return err_set(a->e, ERR_FATAL, "snapshot", 0,
				"chain %s has no contract %s in the network file", a->chain->key, wanted[i].name);
	}
	return ERR_NONE;
}

/* In the state of out->block, or (no pin) of whatever is the newest. */
static enum err_kind ask_at(struct snapshot *out, struct source *s, const struct chain_conf *chain, bool pin,
	struct buf *json, struct err *e)
{
	struct asking a = {.s = s, .chain = chain, .out = out, .e = e, .mem = arena_new(JSON_MAX),
		.pin = pin ? &out->block.hash : NULL};
	enum err_kind k = find_contracts(&a);
	struct jw w;

	buf_clear(json);
	jw_init(&w, json);
	out->calls = 0;
	if (!k)
		k = ask_all(&a, &w);
	if (!k && (json->bad || arena_over(a.mem)))
		k = err_set(e, ERR_FATAL, "snapshot", 0, "chain %s: the state takes over %u MiB", chain->key,
			JSON_MAX >> 20);
	arena_free(a.mem);
	return k;
}

static enum err_kind take(struct snapshot *out, struct source *s, const struct chain_conf *chain,
	const struct block_id *at, struct buf *json, struct err *e)
{
	bool pin = chain->kind != CHAIN_TRON; /* which would answer of the newest block */
	struct block_id after;
	enum err_kind k;

	for (int i = 0; i < ATTEMPTS; i++) {
		if ((k = newest(s, &out->block, e)))
			return k;
		if (at && pin)
			out->block = *at;
		else if (at && !same_block(at, &out->block))
			break;
		k = ask_at(out, s, chain, pin, json, e);
		if (k == ERR_REJECT && pin) {
			log_info("snapshot",
				"the node does not answer for a block by its hash, asking for the newest",
				"chain=%s err=%s", chain->key, log_quotes(e->msg));
			pin = false;
			continue;
		}
		if (k || pin || (k = newest(s, &after, e)) || same_block(&out->block, &after))
			return k;
	}
	return err_set(e, ERR_AGAIN, "snapshot", 0,
		at ? "chain %s: the nodes are at different blocks"
		   : "chain %s: new blocks came during each of 10 snapshots",
		chain->key);
}

enum err_kind snapshot_take(struct snapshot *out, struct source *s, const struct chain_conf *chain,
	const struct block_id *at, struct err *e)
{
	struct buf json;
	enum err_kind k;

	*out = (struct snapshot){0};
	buf_init(&json, JSON_MAX);
	k = take(out, s, chain, at, &json, e);
	if (!k)
		k = ledger_new(&out->ledger, chain, json.p, e);
	if (!k)
		out->json = strdup(json.p);
	buf_free(&json);
	if (k == ERR_REJECT)
		k = e->kind = ERR_FATAL;
	return k;
}

void snapshot_free(struct snapshot *x)
{
	ledger_free(x->ledger);
	free(x->json);
	*x = (struct snapshot){0};
}
