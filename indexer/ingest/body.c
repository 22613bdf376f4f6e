/*
 * When are the receipts of a block needed? Decided from the block's true content and the set of
 * watches in force at the block, never from how the block was fetched, so that the level of a block
 * is the same on every path:
 *   - the chain requires it of every block
 *   - all transactions are fetched and one is to a contract we account for: its status is in the
 * receipt
 *   - the bloom promises rows, and the chain requires more than hashed headers: then they are
 * proven whole, because a bloom shows that all logs of a contract are missing, not that one of
 * several is; eth_getLogs is not asked for such a block
 *   - it holds the trigger of a discovery: the announcing log is not watched yet
 *   - it holds a checkpoint and the chain's transactions are not fetched: its calldata is kept
 *   - the bloom promises a watched log of an address that gave none (by chance, as receipts show)
 * A node that leaves logs out makes us fetch receipts too, but the level stays what it would have
 * been: the rows of a faulty node's blocks equal those of a good one's.
 *
 * With receipts that the header commits to, what the node said in other answers does not count any
 * more: logs are taken from there. State-sync logs (BTTC) are in no bloom and no root; the receipts
 * of a block that lists a state-sync transaction are always fetched, which ties them to its hash.
 */
#include "ingest/body.h"

#include "chain/header.h"
#include "chain/receipt.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "chain/tx.h"
#include "ingest/discover.h"

#define UNIT_PROOF_MAX (256u << 20) /* bytes of the nodes of one block */

bool body_candidate(const struct unit_env *env, const struct body *b, const struct tx *tx)
{
	return !tx->creates && !tx->state_sync &&
	       watchset_accounted(env->ws, b->h->number, &tx->to);
}

void body_begin(const struct unit_env *env, struct body *b)
{
	if (env->with_txs && !b->txs && (b->tx_count || !b->tx_count_known))
		b->force = true;
	if (b->state_sync)
		b->force = true;
	if (env->bloom && env->chain->required == LEVEL_RECEIPTS)
		b->need = true;
	else if (env->prove)
		b->need = watchset_bloom(env->ws, b->h->number, b->h->bloom, 0, WATCH_KEEP);
	for (size_t i = 0; env->with_txs && b->txs && i < b->tx_count && !b->need; i++)
		b->need = body_candidate(env, b, &b->txs[i]);
}

/* ---- logs ------------------------------------------------------------------------------------ */

static struct log *copy_log(struct log *to, const struct log *from, struct arena *mem)
{
	*to = *from;
	to->data = arena_bytes(mem, from->data.p, from->data.n);
	return to;
}

/* Merge two ascending lists; of two logs with one index the first list's stays. */
static void merge(
	struct body *b, const struct log *more, size_t n, bool only_state_sync, struct arena *mem)
{
	struct log *out = arena_alloc(mem, (b->log_count + n) * sizeof(*out));
	size_t i = 0, k = 0, count = 0;

	while (i < b->log_count || k < n) {
		if (k < n && only_state_sync && !more[k].state_sync) {
			k++;
		} else if (k == n ||
			   (i < b->log_count && b->logs[i].log_index <= more[k].log_index)) {
			k += k < n && b->logs[i].log_index == more[k].log_index;
			out[count++] = b->logs[i++];
		} else {
			out[count++] = more[k++];
		}
	}
	b->logs = out;
	b->log_count = count;
}

bool body_same_log(const struct log *a, const struct log *b)
{
	return a->log_index == b->log_index && a->tx_index == b->tx_index &&
	       address_eq(&a->address, &b->address) && hash_eq(&a->tx_hash, &b->tx_hash) &&
	       a->topic_count == b->topic_count &&
	       !memcmp(a->topics, b->topics, a->topic_count * sizeof(a->topics[0])) &&
	       a->data.n == b->data.n && (!a->data.n || !memcmp(a->data.p, b->data.p, a->data.n));
}

static const struct log *find_log(const struct log *logs, size_t n, uint32_t index)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (logs[mid].log_index < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && logs[lo].log_index == index ? &logs[lo] : NULL;
}

/* TRON: nothing proves either answer, but they must agree. */
static enum err_kind agree(const struct body *b, const struct log *receipt_logs, size_t receipt_n,
	const struct log *given, size_t given_n, struct err *e)
{
	for (size_t i = 0; i < given_n; i++) {
		const struct log *l = find_log(receipt_logs, receipt_n, given[i].log_index);

		if (!l || !body_same_log(l, &given[i]))
			return err_set(e, ERR_REJECT, "ingest", 0,
				"block %llu: log %u of eth_getLogs is not in the block's receipts",
				(unsigned long long)b->h->number, given[i].log_index);
	}
	return ERR_NONE;
}

enum err_kind body_take_logs(const struct unit_env *env, struct body *b, const struct log *logs,
	size_t n, struct arena *mem, struct err *e)
{
	struct body merged = *b;
	enum err_kind k;

	if (b->have_receipts && !env->bloom)
		return agree(b, b->logs, b->log_count, logs, n, e);
	merge(&merged, logs, n, b->have_receipts, mem);
	k = verify_logs(env->kind, b->h, merged.logs, merged.log_count, e);
	if (k)
		return k;
	b->logs = merged.logs;
	b->log_count = merged.log_count;
	return ERR_NONE;
}

/* ---- receipts -------------------------------------------------------------------------------- */

/* How the node's other answer differs from the receipts: logs of the set it lacked, logs it made
 * up. */
static void count_lies(
	const struct unit_env *env, const struct body *b, const struct log *all, size_t n)
{
	for (size_t i = 0; i < b->log_count; i++) {
		const struct log *l = find_log(all, n, b->logs[i].log_index);

		if (!b->logs[i].state_sync && (!l || !body_same_log(l, &b->logs[i])))
			metric_add(env->tally->contradictions, 1);
	}
	for (size_t i = 0; i < n; i++)
		if (!all[i].state_sync && watchset_match(env->ws, b->h->number, &all[i]) &&
			!find_log(b->logs, b->log_count, all[i].log_index))
			metric_add(env->tally->bloom_missing, 1);
}

static struct log *all_logs(const struct job *j, struct arena *mem, size_t *count)
{
	struct log *all;
	size_t n = 0;

	for (size_t i = 0; i < j->receipt_count; i++)
		n += j->receipts[i].log_count;
	all = arena_alloc(mem, n * sizeof(*all));
	n = 0;
	for (size_t i = 0; i < j->receipt_count; i++)
		for (size_t k = 0; k < j->receipts[i].log_count; k++)
			copy_log(&all[n++], &j->receipts[i].logs[k], mem);
	*count = n;
	return all;
}

static void copy_tx(struct tx *to, const struct tx *from, struct arena *mem)
{
	*to = *from;
	to->input = arena_bytes(mem, from->input.p, from->input.n);
	to->access = arena_dup(mem, from->access, from->access_count * sizeof(*from->access));
	for (size_t i = 0; i < from->access_count; i++)
		to->access[i].keys = arena_dup(mem, from->access[i].keys,
			from->access[i].key_count * sizeof(*from->access[i].keys));
	to->blob_hashes = arena_dup(
		mem, from->blob_hashes, from->blob_hash_count * sizeof(*from->blob_hashes));
	to->auths = arena_dup(mem, from->auths, from->auth_count * sizeof(*from->auths));
}

/* The job fetched the transactions itself: keep them, they go with the job otherwise. */
static enum err_kind take_txs(struct body *b, const struct job *j, struct arena *mem, struct err *e)
{
	struct tx *txs;

	if (b->txs || !j->header_count)
		return ERR_NONE;
	if (!hash_eq(&j->headers[0].hash, &b->h->hash))
		return err_set(e, ERR_REJECT, "ingest", 0, "block %llu: receipts of another block",
			(unsigned long long)b->h->number);
	txs = arena_alloc(mem, j->tx_counts[0] * sizeof(*txs));
	for (size_t i = 0; i < j->tx_counts[0]; i++)
		copy_tx(&txs[i], &j->txs[0][i], mem);
	b->txs = txs;
	b->txs_who = source_who(j);
	b->tx_count = j->tx_counts[0];
	b->tx_count_known = true;
	b->state_sync = b->tx_count && txs[b->tx_count - 1].state_sync;
	return ERR_NONE;
}

static void take_status(struct body *b, const struct job *j, struct arena *mem)
{
	b->status = arena_alloc(mem, j->receipt_count);
	b->status_count = j->receipt_count;
	for (size_t i = 0; i < j->receipt_count; i++) {
		const struct receipt *r = &j->receipts[i];

		b->status[i] = r->has_status ? (int8_t)r->status : -1;
	}
}

enum err_kind body_take_receipts(
	const struct unit_env *env, struct body *b, struct arena *mem, struct err *e)
{
	const struct job *j = b->receipts;
	struct block_body whole = {.receipts = j->receipts, .receipt_count = j->receipt_count};
	struct log *given = b->logs, *all;
	size_t given_count = b->log_count, all_count;
	struct block_values values = {0};
	enum err_kind k;

	whole.txs = b->txs ? b->txs : j->header_count ? j->txs[0] : NULL;
	whole.tx_count = b->txs ? b->tx_count : j->header_count ? j->tx_counts[0] : 0;
	k = verify_receipts_values(env->kind, b->h, &whole, mem, &values, e);
	if (k && e->code != VERIFY_UNSUPPORTED)
		return k;
	if (k)
		metric_add(env->tally->unproven, 1);
	all = all_logs(j, mem, &all_count);
	if (!env->bloom && agree(b, all, all_count, given, given_count, e))
		return ERR_REJECT;
	if (take_txs(b, j, mem, e))
		return ERR_REJECT;
	if (b->asked)
		count_lies(env, b, all, all_count);
	b->proven = env->bloom && !k;
	b->logs = all;
	b->log_count = all_count;
	merge(b, given, given_count, true, mem);
	take_status(b, j, mem);
	if (b->proven && b->txs)
		b->values = values; /* body_finish proves what is kept by it */
	b->have_receipts = true;
	b->receipts_who = source_who(j);
	b->receipts_endpoint = j->endpoint;
	b->judged = false;
	metric_add(env->tally->receipts, 1);
	return ERR_NONE;
}

/* ---- judgement ------------------------------------------------------------------------------- */

static bool rows_need_receipts(const struct unit_env *env, const struct body *b)
{
	for (size_t i = 0; i < b->log_count; i++) {
		const struct log *l = &b->logs[i];

		if (discover_trigger(env->chain, DISCOVER_OWNER_UPDATE, l))
			return true;
		if (!env->with_txs && discover_checkpoint(env->chain, l))
			return true;
	}
	return false;
}

/* A fee log: amount, both balances before, both after; the amount is what they differ by. */
static bool fee_adds_up(const struct log *l)
{
	struct u256 word[5];

	if (l->data.n != sizeof(word))
		return false;
	for (int i = 0; i < 5; i++)
		word[i] = u256_be(l->data.p + 32 * i);
	return !u256_cmp(u256_sub(word[1], word[0]), word[3]) &&
	       !u256_cmp(u256_add(word[2], word[0]), word[4]);
}

/*
 * Summed logs leave no row that could be compared later. There is at most one of each transaction
 * and normally one of each, so fewer, or one that does not add up, is a reason to look at the
 * receipts.
 */
static bool fees_doubtful(const struct unit_env *env, const struct body *b)
{
	uint32_t before = UINT32_MAX;
	size_t n = 0;

	if (!env->fees || !env->prove)
		return false;
	for (size_t i = 0; i < b->log_count; i++) {
		const struct log *l = &b->logs[i];

		if (l->state_sync || !(watchset_match(env->ws, b->h->number, l) & WATCH_SUM))
			continue;
		if (!fee_adds_up(l) || l->tx_index == before)
			return true;
		before = l->tx_index;
		n++;
	}
	return b->tx_count_known && n != b->tx_count - b->state_sync;
}

void body_judge(const struct unit_env *env, struct body *b)
{
	bool missing;

	b->need = false;
	body_begin(env, b);
	b->need = b->need || rows_need_receipts(env, b);
	missing = env->bloom &&
		  watchset_missing(env->ws, b->h->number, b->h->bloom, b->logs, b->log_count);
	if (missing && b->have_receipts) {
		b->need = true; /* by chance: shown by the receipts */
		metric_add(env->tally->bloom_false, 1);
	} else if (missing || fees_doubtful(env, b)) {
		b->force = true;
	}
	b->judged = true;
	b->settled = b->have_receipts || !(b->need || b->force);
}

/* ---- result ---------------------------------------------------------------------------------- */

static void keep_logs(
	const struct unit_env *env, struct body *b, struct arena *mem, struct block *out)
{
	out->logs = arena_alloc(mem, b->log_count * sizeof(*out->logs));
	out->fees_known = env->fees;
	for (size_t i = 0; i < b->log_count; i++) {
		const struct log *l = &b->logs[i];
		unsigned bits = watchset_match(env->ws, b->h->number, l);

		if (bits & WATCH_KEEP)
			out->logs[out->log_count++] = *l;
		if (bits & WATCH_SUM && l->data.n >= 32) {
			out->fee_sum = u256_add(out->fee_sum, u256_be(l->data.p));
			out->fee_count++;
		}
	}
}

static bool is_checkpoint_tx(
	const struct unit_env *env, const struct block *out, const struct tx *tx)
{
	for (size_t i = 0; i < out->log_count; i++)
		if (out->logs[i].tx_index == tx->index &&
			discover_checkpoint(env->chain, &out->logs[i]))
			return true;
	return false;
}

/* A transaction with a log succeeded; others have their status in the receipt. */
static int8_t status_of(const struct body *b, const struct block *out, const struct tx *tx)
{
	if (tx->index < b->status_count)
		return b->status[tx->index];
	for (size_t i = 0; i < out->log_count; i++)
		if (out->logs[i].tx_index == tx->index)
			return 1;
	return -1;
}

static void keep_txs(
	const struct unit_env *env, struct body *b, struct arena *mem, struct block *out)
{
	size_t n = b->txs ? b->tx_count : 0;

	out->txs = arena_alloc(mem, n * sizeof(*out->txs));
	for (size_t i = 0; i < n; i++) {
		const struct tx *tx = &b->txs[i];
		const struct contract *c = NULL;
		int8_t status = status_of(b, out, tx);
		bool keep;

		if (tx->state_sync)
			continue;
		if (env->with_txs && !tx->creates)
			c = watchset_accounted(env->ws, b->h->number, &tx->to);
		keep = (c && (status != 0 || watchset_partnership(env->ws, c))) ||
		       is_checkpoint_tx(env, out, tx);
		if (!keep)
			continue;
		out->txs[out->tx_count] = *tx;
		out->txs[out->tx_count++].status = status;
	}
}

enum err_kind body_check_senders(
	const struct unit_env *env, struct body *b, struct arena *mem, struct err *e)
{
	struct block kept = {0};

	b->signed_by_senders = true;
	if (!b->need || !b->proven)
		return ERR_NONE;
	keep_logs(env, b, mem, &kept);
	keep_txs(env, b, mem, &kept);
	for (size_t i = 0; i < kept.tx_count; i++) {
		if (!verify_sender(&kept.txs[i], e))
			continue;
		metric_add(env->tally->bad_sender, 1);
		b->signed_by_senders = false;
		if (e->code != VERIFY_UNSUPPORTED)
			return err_wrap(e, "block %llu", (unsigned long long)b->h->number);
	}
	return ERR_NONE;
}

bool body_txs_hold(const struct unit_env *env, const struct body *b, struct arena *mem)
{
	struct block_body txs = {.txs = b->txs, .tx_count = b->tx_count};
	struct err e = {0};

	return !verify_receipts(env->kind, b->h, &txs, mem, &e) || e.code == VERIFY_UNSUPPORTED;
}

static void add_nodes(struct buf *out, const struct trie_values *values, const bool *wanted)
{
	struct arena *mem = arena_new(UNIT_PROOF_MAX);
	struct bytes *nodes;
	struct rlp_writer w;
	size_t count;

	rlp_init(&w, out);
	trie_prove_many(values, wanted, mem, &nodes, &count);
	for (size_t i = 0; i < count; i++)
		rlp_bytes(&w, nodes[i].p, nodes[i].n);
	arena_free(mem);
}

/* The evidence for what is kept of a block whose roots were rebuilt. */
static void keep_proof(const struct body *b, struct arena *mem, struct block *out)
{
	bool *wanted = arena_calloc(mem, b->values.txs.n + 1, sizeof(*wanted));
	bool any = false;
	struct buf nodes;

	for (size_t i = 0; i < out->log_count; i++)
		if (!out->logs[i].state_sync)
			any = wanted[out->logs[i].tx_index] = true;
	for (size_t i = 0; i < out->tx_count; i++)
		any = wanted[out->txs[i].index] = true;
	if (!any)
		return;
	buf_init(&nodes, SIZE_MAX / 4);
	add_nodes(&nodes, &b->values.receipts, wanted);
	add_nodes(&nodes, &b->values.txs, wanted);
	out->proof = arena_bytes(mem, nodes.p, nodes.n);
	buf_free(&nodes);
}

void body_finish(const struct unit_env *env, struct body *b, bool linked, struct arena *mem,
	struct block *out)
{
	*out = (struct block){
		.h = *b->h, .author = b->check.author, .has_author = b->check.has_author};
	out->h.has = b->check.layout;
	out->h.more = (struct bytes){0};
	out->level = b->check.level;
	out->tx_total = (uint32_t)(b->tx_count - b->state_sync);
	out->tx_total_known = b->tx_count_known;
	keep_logs(env, b, mem, out);
	keep_txs(env, b, mem, out);
	if (!env->bloom)
		out->level = linked ? LEVEL_LINKED : LEVEL_TRUSTED;
	else
		out->level = LEVEL_BLOOM;
	if (b->need && b->proven && b->signed_by_senders) {
		out->level = LEVEL_RECEIPTS;
		if (b->values.txs.n)
			keep_proof(b, mem, out);
	}
}
