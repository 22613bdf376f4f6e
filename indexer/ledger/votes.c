/*
 * Who signed a checkpoint: the part that costs time (a signature recovery takes longer than all of
 * the fold) and needs no state.
 *
 * The hash is over a byte 0x01 and the signed bytes as they were sent: mainnet's validators sign
 * seven words, the contract reads six. A checkpoint that another contract relayed has its call
 * inside that contract's calldata, or nowhere; what is found there is accepted only when every word
 * that the event repeats is equal.
 */
#include "ledger/state.h"

#include "chain/keccak.h"
#include "chain/recover.h"

#define MAIN_WORDS        6
#define SYNC_WORDS        5
#define ACCOUNT_ROOT_WORD 4
#define SIGNATURE_SIZE    96

static const uint8_t submit_checkpoint[4] = {0x4e, 0x43, 0xe4, 0x95};
static const uint8_t submit_checkpoint_sync[4] = {0xd2, 0xad, 0xa5, 0x73};

/* n/2 of secp256k1: a larger s gives no address (contracts: ECVerify). */
static const uint8_t half_order[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf,
	0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

static struct address recover_one(const struct hash32 *hash, const uint8_t sig[SIGNATURE_SIZE])
{
	struct address a = {{0}};
	unsigned v = sig[SIGNATURE_SIZE - 1];

	if (v < 27)
		v += 27;
	if ((v != 27 && v != 28) || memcmp(sig + 32, half_order, 32) > 0 ||
		!recover_address(&a, hash, sig, v - 27))
		memset(&a, 0, sizeof(a));
	return a;
}

static void recover_all(
	struct ledger_vote *v, struct bytes data, struct bytes sigs, struct arena *mem)
{
	struct keccak k;
	struct hash32 hash;

	keccak_init(&k);
	keccak_add(&k, "\x01", 1);
	keccak_add(&k, data.p, data.n);
	keccak_done(&k, &hash);
	v->known = true;
	v->count = sigs.n / SIGNATURE_SIZE;
	v->signers = arena_alloc(mem, v->count * sizeof(*v->signers));
	for (size_t i = 0; i < v->count; i++)
		v->signers[i] = recover_one(&hash, sigs.p + i * SIGNATURE_SIZE);
}

static bool word_is(const uint8_t *w, uint64_t want)
{
	struct u256 v = u256_be(w);

	return u256_fits_u64(v) && v.w[0] == want;
}

static bool same_words(const struct checkpoint_row *c, struct bytes data)
{
	bool sync = c->kind == CHECKPOINT_SYNC;

	if (data.n < 32 * (size_t)(sync ? SYNC_WORDS : MAIN_WORDS) ||
		memcmp(data.p + 12, c->proposer.b, 20) || !word_is(data.p + 32, c->start) ||
		!word_is(data.p + 64, c->end))
		return false;
	if (sync)
		return word_is(data.p + 96, c->checkpoint_id) &&
		       word_is(data.p + 128, c->root_chain_id);
	return !memcmp(data.p + 96, c->root.b, 32);
}

static bool offset_at(struct bytes args, size_t word, uint64_t *at, uint64_t *count)
{
	struct u256 offset, n;

	if (args.n / 32 <= word)
		return false;
	offset = u256_be(args.p + 32 * word);
	if (!u256_fits_u64(offset) || offset.w[0] > args.n || args.n - offset.w[0] < 32)
		return false;
	n = u256_be(args.p + offset.w[0]);
	*at = offset.w[0] + 32;
	*count = n.w[0];
	return u256_fits_u64(n);
}

/* (bytes data, uint256[3][] sigs) at the start of args. */
static bool split(struct bytes args, struct bytes *data, struct bytes *sigs)
{
	uint64_t at, n;

	if (!offset_at(args, 0, &at, &n) || n > args.n - at)
		return false;
	*data = (struct bytes){args.p + at, (size_t)n};
	if (!offset_at(args, 1, &at, &n) || n > (args.n - at) / SIGNATURE_SIZE)
		return false;
	*sigs = (struct bytes){args.p + at, (size_t)n * SIGNATURE_SIZE};
	return true;
}

static bool find_nested(
	const struct checkpoint_row *c, struct bytes input, struct bytes *data, struct bytes *sigs)
{
	const uint8_t *selector =
		c->kind == CHECKPOINT_SYNC ? submit_checkpoint_sync : submit_checkpoint;
	const uint8_t *end = input.p + input.n;

	for (const uint8_t *p = input.p; p && end - p > 4; p++) {
		p = memmem(p, (size_t)(end - p), selector, 4);
		if (!p)
			return false;
		if (split((struct bytes){p + 4, (size_t)(end - p - 4)}, data, sigs) &&
			same_words(c, *data))
			return true;
	}
	return false;
}

static const struct tx *find_tx(const struct block *b, const struct log *g)
{
	for (size_t i = 0; i < b->tx_count; i++)
		if (b->txs[i].index == g->tx_index)
			return &b->txs[i];
	return NULL;
}

static void recover_checkpoint(const struct block *b, const struct checkpoint_row *c,
	struct arena *mem, struct ledger_vote *v)
{
	const struct tx *tx = c->has_call ? NULL : find_tx(b, c->log);
	struct bytes data, sigs;

	*v = (struct ledger_vote){0};
	if (c->has_call) {
		data = c->vote_data;
		sigs = c->signatures;
	} else if (tx && find_nested(c, tx->input, &data, &sigs)) {
		v->relayed = true;
	} else {
		return;
	}
	recover_all(v, data, sigs, mem);
	if (c->kind == CHECKPOINT_MAIN) {
		v->has_account_root = true;
		memcpy(v->account_root.b, data.p + 32 * ACCOUNT_ROOT_WORD, 32);
	}
}

void ledger_recover(
	const struct block *b, const struct decoded *d, struct arena *mem, struct ledger_votes *out)
{
	out->count = d->checkpoint_count;
	out->v = arena_alloc(mem, d->checkpoint_count * sizeof(*out->v));
	for (size_t i = 0; i < d->checkpoint_count; i++)
		recover_checkpoint(b, &d->checkpoints[i], mem, &out->v[i]);
}
