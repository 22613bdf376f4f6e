/*
 * Checkpoints: the event, and what only the calldata of its transaction says (signatures, account
 * root, epoch).
 *
 * The event is the fact. Calldata is taken only when it can belong to no other event: the
 * transaction went straight to the contract (a relayer's calldata has the call somewhere inside, or
 * nowhere), it holds this one checkpoint event, and its words are those of the event. The signed
 * bytes are kept as received: votes sign all of them, and the contracts ignore surplus words
 * (protocol of the root chains: six words are decoded on TRON, seven are sent by mainnet's
 * validators).
 */
#include "decode/decoder.h"

/* RootChain gives header n the id n * MAX_DEPOSITS. */
#define HEADER_ID_STEP 10000

#define MAIN_WORDS 6
#define SYNC_WORDS 5

static bool read_number(
	const struct plan *p, const struct log *l, enum checkpoint_field f, uint64_t *out)
{
	return word_u63(plan_word(l, p->checkpoint_at[f]), out);
}

bool checkpoint_read(const struct decoder *d, const struct plan *p, const struct log *l,
	struct checkpoint_row *out, const char **why)
{
	uint64_t chain = d->chain->root_chain_id;

	*out = (struct checkpoint_row){.log = l, .kind = p->checkpoint};
	memcpy(out->proposer.b, plan_word(l, p->checkpoint_at[CF_PROPOSER]) + 12, 20);
	*why = "a block number over 63 bits";
	if (!read_number(p, l, CF_START, &out->start) || !read_number(p, l, CF_END, &out->end))
		return false;
	*why = "the checkpoint ends before it starts";
	if (out->end < out->start)
		return false;
	*why = "a checkpoint id over 63 bits";
	if (!read_number(p, l, CF_ID, &out->checkpoint_id))
		return false;
	*why = "a chain id over 31 bits";
	if (p->checkpoint == CHECKPOINT_SYNC &&
		(!read_number(p, l, CF_CHAIN, &chain) || chain > INT32_MAX))
		return false;
	out->root_chain_id = (unsigned)chain;
	if (p->checkpoint == CHECKPOINT_SYNC)
		return true;
	out->has_header_block_id = out->has_root = out->has_reward = true;
	out->header_block_id = out->checkpoint_id;
	out->checkpoint_id /= HEADER_ID_STEP;
	memcpy(out->root.b, plan_word(l, p->checkpoint_at[CF_ROOT]), sizeof(out->root.b));
	out->reward = u256_be(plan_word(l, p->checkpoint_at[CF_REWARD]));
	return true;
}

/* ---- calldata ------------------------------------------------------------------------------ */

/* The kept transaction of a log; txs are in index order. */
static const struct tx *find_tx(const struct block *b, const struct log *l)
{
	size_t lo = 0, hi = b->tx_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->txs[mid].index < l->tx_index)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == b->tx_count || b->txs[lo].index != l->tx_index ||
		!hash_eq(&b->txs[lo].hash, &l->tx_hash))
		return NULL;
	return &b->txs[lo];
}

/* Is this transaction a direct call of the function that emits such an event? */
static bool is_submission(
	const struct decoder *d, const struct tx *tx, const struct checkpoint_row *c)
{
	bool sync = c->kind == CHECKPOINT_SYNC;
	const struct abi_function *f;
	const struct known *known;

	if (tx->creates || !tx->status || (!sync && !address_eq(&tx->to, &c->log->address)))
		return false;
	known = decoder_find(d, &tx->to);
	f = known ? decoder_function(known->contract, tx->input) : NULL;
	return f && !strcmp(f->signature, sync ? "submitCheckpointSync(bytes,uint256[3][])"
					       : "submitCheckpoint(bytes,uint256[3][])");
}

static bool word_is(const uint8_t *w, uint64_t want)
{
	uint64_t v;

	return word_u63(w, &v) && v == want;
}

/* The signed words against the event's. */
static bool same_words(const struct checkpoint_row *c, struct bytes data)
{
	bool sync = c->kind == CHECKPOINT_SYNC;

	if (data.n < 32 * (sync ? SYNC_WORDS : MAIN_WORDS) ||
		memcmp(data.p + 12, c->proposer.b, 20) || !word_is(data.p + 32, c->start) ||
		!word_is(data.p + 64, c->end))
		return false;
	if (sync)
		return word_is(data.p + 96, c->checkpoint_id) &&
		       word_is(data.p + 128, c->root_chain_id);
	return !memcmp(data.p + 96, c->root.b, 32);
}

/* (bytes data, uint256[3][] sigs), as received. */
static bool split_input(struct bytes input, struct bytes *data, struct bytes *sigs, size_t *count)
{
	struct bytes args = {input.p + 4, input.n - 4};
	uint64_t offset, n;

	if (!call_bytes(args, 0, data) || args.n < 64 || !word_u63(args.p + 32, &offset) ||
		offset > args.n || args.n - offset < 32 || !word_u63(args.p + offset, &n) ||
		n > (args.n - offset - 32) / 96)
		return false;
	*sigs = (struct bytes){args.p + offset + 32, (size_t)n * 96};
	*count = (size_t)n;
	return true;
}

static void add_call(struct checkpoint_row *c, const struct tx *tx)
{
	struct bytes data, sigs;
	size_t count;

	if (!split_input(tx->input, &data, &sigs, &count) || !same_words(c, data))
		return;
	c->has_call = true;
	c->submitted_by = tx->from;
	c->vote_data = data;
	c->signatures = sigs;
	c->signature_count = count;
	if (c->kind == CHECKPOINT_SYNC)
		return;
	c->has_account_root = true;
	memcpy(c->account_root.b, data.p + 128, 32);
	c->has_bttc_chain_id = word_u63(data.p + 160, &c->bttc_chain_id);
	c->has_call_epoch =
		data.n >= 32 * (MAIN_WORDS + 1) && word_u63(data.p + 192, &c->call_epoch);
}

void checkpoint_calls(const struct decoder *d, const struct block *b, struct decoded *out)
{
	for (size_t i = 0; i < out->checkpoint_count; i++) {
		struct checkpoint_row *c = &out->checkpoints[i];
		uint32_t index = c->log->tx_index;
		bool alone = (!i || out->checkpoints[i - 1].log->tx_index != index) &&
			     (i + 1 == out->checkpoint_count ||
				     out->checkpoints[i + 1].log->tx_index != index);
		const struct tx *tx = alone ? find_tx(b, c->log) : NULL;

		if (tx && is_submission(d, tx, c))
			add_call(c, tx);
	}
}
