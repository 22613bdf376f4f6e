/*
 * Loads a recording. Lines of blocks.ndjson and receipts.ndjson are walked in step; each gives one
 * rec_block whose slices point into the file text (or, in the TRON form and for the by-block
 * receipts of BTTC, into text rewritten here). Then the orphaned branches of reorg.json follow in
 * the same array, and hashes, transactions and contracts are indexed.
 *
 * Invariants after loading: canonical numbers are dense, each parent hash is the hash before,
 * receipts are those of their block's transactions in order.
 */
#include "replay/recording.h"

#include "replay/oracle.h"
#include "replay/shape.h"
#include "replay/textfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FROM "replay"

struct load {
	struct recording *r;
	const char *dir;
	const char *file; /* what is being read, for messages */
	size_t line;
	struct buf tmp;
	size_t block_cap;
	struct err *e;
};

static enum err_kind bad(struct load *l, const char *what)
{
	return err_set(l->e, ERR_FATAL, FROM, 0, "%s/%s:%zu: %s", l->dir, l->file, l->line, what);
}

/* Keep what is in l->tmp. */
static struct slice keep(struct load *l)
{
	struct slice s = {arena_dup(l->r->mem, l->tmp.p, l->tmp.n), l->tmp.n};

	buf_clear(&l->tmp);
	return s;
}

/* Text of an object before and after the content of its array `array`. */
static bool split(struct slice object, struct slice array, struct slice *head, struct slice *tail)
{
	if (array.n < 2 || array.p[0] != '[')
		return false;
	*head = (struct slice){object.p, (size_t)(array.p - object.p) + 1};
	*tail = (struct slice){
		array.p + array.n - 1, (size_t)(object.p + object.n - (array.p + array.n)) + 1};
	return true;
}

static bool read_topics(struct rec_log *log, struct slice topics)
{
	struct slice_iter it;
	struct slice t;

	for (slice_iter(&it, topics); slice_next(&it, &t); log->topic_count++)
		if (log->topic_count == LOG_TOPICS_MAX ||
			!slice_hex(t, log->topics[log->topic_count].b, 32))
			return false;
	return !it.bad;
}

static bool read_log(struct rec_log *log, struct slice text, bool state_sync)
{
	struct slice_iter it;
	struct slice k, v;
	uint64_t index = 0;
	bool ok = true;

	*log = (struct rec_log){.text = text, .state_sync = state_sync};
	for (slice_iter(&it, text); slice_member(&it, &k, &v);) {
		if (k.n == 7 && !memcmp(k.p, "address", 7))
			ok = ok && slice_hex(v, log->address.b, 20);
		else if (k.n == 6 && !memcmp(k.p, "topics", 6))
			ok = ok && read_topics(log, v);
		else if (k.n == 8 && !memcmp(k.p, "logIndex", 8))
			ok = ok && slice_u64(v, &index);
	}
	log->index = (uint32_t)index;
	return ok && !it.bad;
}

static enum err_kind read_logs(
	struct load *l, struct rec_block *b, struct rec_tx *tx, struct slice logs, size_t *cap)
{
	struct slice_iter it;
	struct slice text;

	tx->first_log = b->log_count;
	for (slice_iter(&it, logs); slice_next(&it, &text); tx->log_count++) {
		arena_grow(l->r->mem, &b->logs, cap, b->log_count + 1u, sizeof(*b->logs));
		if (!read_log(&b->logs[b->log_count], text, tx->state_sync))
			return bad(l, "a log without address, topics or logIndex");
		if (!lookup_has(l->r->code, b->logs[b->log_count].address.b))
			lookup_add(l->r->code, b->logs[b->log_count].address.b, 1);
		b->log_count++;
	}
	return it.bad ? bad(l, "logs are no array") : ERR_NONE;
}

/* Contracts made by this transaction have code. */
static void note_created(struct load *l, struct slice receipt)
{
	struct address a;

	if (slice_hex(slice_get(receipt, "contractAddress"), a.b, sizeof(a.b)) &&
		slice_is(slice_get(receipt, "status"), "\"0x1\"") &&
		!slice_is(
			slice_get(receipt, "to"), "\"0x0000000000000000000000000000000000000000\""))
		lookup_add(l->r->code, a.b, 1);
}

static enum err_kind read_receipt(
	struct load *l, struct rec_block *b, struct rec_tx *tx, struct slice receipt, size_t *cap)
{
	struct slice logs = slice_get(receipt, "logs"), listed;
	struct hash32 hash;

	if (!slice_hex(slice_get(receipt, "transactionHash"), hash.b, sizeof(hash.b)) ||
		!hash_eq(&hash, &tx->hash))
		return bad(l, "a receipt that is not of the block's transaction at that index");
	if (!split(receipt, logs, &tx->receipt.head, &tx->receipt.tail))
		return bad(l, "a receipt without logs");
	note_created(l, receipt);
	if (l->r->kind == REC_BTTC) {
		shape_edit(&l->tmp, receipt, (struct edit[]){{"logs", "[]"}}, 1);
		listed = keep(l);
		shape_by_block(&l->tmp, listed, slice_is(slice_get(receipt, "type"), "\"0x1\""));
		listed = keep(l);
		if (!split(listed, slice_get(listed, "logs"), &tx->by_block.head,
			    &tx->by_block.tail))
			return bad(l, "a receipt without logs");
	}
	return read_logs(l, b, tx, logs, cap);
}

static enum err_kind read_receipts(struct load *l, struct rec_block *b, struct slice receipts)
{
	struct slice_iter it;
	struct slice text;
	size_t n = 0, cap = 0;
	enum err_kind k;

	for (slice_iter(&it, receipts); slice_next(&it, &text); n++) {
		if (n == b->tx_count)
			return bad(l, "more receipts than transactions");
		if (l->r->kind == REC_TRON) {
			shape_tron_receipt(&l->tmp, text, b->time);
			text = keep(l);
		}
		k = read_receipt(l, b, &b->txs[n], text, &cap);
		if (k)
			return k;
	}
	if (it.bad)
		return bad(l, "receipts are no array");
	return n == b->tx_count ? ERR_NONE : bad(l, "fewer receipts than transactions");
}

/* A BTTC state-sync transaction: from and to are zero, gas is zero. */
static bool is_state_sync(struct slice tx)
{
	return slice_is(slice_get(tx, "from"), "\"0x0000000000000000000000000000000000000000\"") &&
	       slice_is(slice_get(tx, "gas"), "\"0x0\"") && slice_is(slice_get(tx, "r"), "\"0x0\"");
}

static enum err_kind read_txs(struct load *l, struct rec_block *b, struct slice txs)
{
	struct slice_iter it;
	struct slice text;
	size_t cap = 0;

	for (slice_iter(&it, txs); slice_next(&it, &text); b->tx_count++) {
		struct rec_tx *tx;

		arena_grow(l->r->mem, &b->txs, &cap, b->tx_count + 1u, sizeof(*b->txs));
		tx = &b->txs[b->tx_count];
		*tx = (struct rec_tx){.text = text};
		if (!slice_hex(slice_get(text, "hash"), tx->hash.b, sizeof(tx->hash.b)))
			return bad(l, "a transaction without hash");
		tx->state_sync = l->r->kind == REC_BTTC && is_state_sync(text);
	}
	return it.bad ? bad(l, "transactions are no array") : ERR_NONE;
}

static enum err_kind read_block(struct load *l, struct rec_block *b, struct slice block)
{
	struct slice txs;

	if (l->r->kind == REC_TRON) {
		shape_tron_block(&l->tmp, block);
		block = keep(l);
	}
	b->text = block;
	txs = slice_get(block, "transactions");
	if (!slice_u64(slice_get(block, "number"), &b->number) ||
		!slice_u64(slice_get(block, "timestamp"), &b->time) ||
		!slice_hex(slice_get(block, "hash"), b->hash.b, 32) ||
		!slice_hex(slice_get(block, "parentHash"), b->parent.b, 32) ||
		!slice_hex(slice_get(block, "transactionsRoot"), b->tx_root.b, 32) ||
		!slice_hex(slice_get(block, "receiptsRoot"), b->receipts_root.b, 32) ||
		!split(block, txs, &b->head, &b->tail))
		return bad(l, "a block without number, timestamp, hashes, roots or transactions");
	if (!slice_u64(slice_get(block, "totalDifficulty"), &b->difficulty))
		b->difficulty = 0;
	return read_txs(l, b, txs);
}

static struct rec_block *add_block(struct load *l)
{
	struct recording *r = l->r;

	arena_grow(r->mem, &r->blocks, &l->block_cap, r->block_count + 1u, sizeof(*r->blocks));
	r->blocks[r->block_count] = (struct rec_block){0};
	return &r->blocks[r->block_count++];
}

static enum err_kind check_link(
	struct load *l, const struct rec_block *b, const struct rec_block *prev)
{
	if (b->number != prev->number + 1)
		return bad(l, "block numbers have a gap");
	if (!hash_eq(&b->parent, &prev->hash))
		return bad(l, "the parent hash is not the hash of the block before");
	return ERR_NONE;
}

static bool next_line(struct slice *rest, struct slice *value, size_t *line)
{
	size_t used;

	(*line)++;
	if (!slice_value(value, rest->p, rest->n, &used))
		return false;
	rest->p += used;
	rest->n -= used;
	return true;
}

static enum err_kind read_text(struct load *l, const char *name, struct slice *out, bool *missing)
{
	struct recording *r = l->r;
	char *text;
	size_t n;
	enum err_kind k = textfile_read(&text, &n, l->dir, name, missing, l->e);

	if (k || (missing && *missing))
		return k;
	r->texts = realloc(r->texts, (r->text_count + 1) * sizeof(*r->texts));
	if (!r->texts)
		abort();
	r->texts[r->text_count++] = text;
	*out = (struct slice){text, n};
	l->file = name;
	l->line = 0;
	return ERR_NONE;
}

static enum err_kind read_canonical(struct load *l)
{
	struct recording *r = l->r;
	struct slice blocks, receipts, line, listed;
	size_t receipts_line = 0;
	enum err_kind k;

	k = read_text(l, "receipts.ndjson", &receipts, NULL);
	if (!k)
		k = read_text(l, "blocks.ndjson", &blocks, NULL);
	while (!k && next_line(&blocks, &line, &l->line)) {
		struct rec_block *b = add_block(l);

		if (!next_line(&receipts, &listed, &receipts_line))
			return bad(l, "no line for this block in receipts.ndjson");
		k = read_block(l, b, line);
		if (!k)
			k = read_receipts(l, b, slice_get(listed, "receipts"));
		if (!k && r->block_count > 1)
			k = check_link(l, b, b - 1);
	}
	if (k)
		return k;
	if (!r->block_count)
		return bad(l, "no blocks");
	r->canonical_count = r->block_count;
	r->first = r->blocks[0].number;
	r->last = r->blocks[r->block_count - 1].number;
	return ERR_NONE;
}

/*
 * The canonical block whose arrival made the node leave the branch: the first with more total
 * difficulty where the chain counts it, else the first that is higher than the branch.
 */
static uint64_t winner(const struct recording *r, const struct rec_fork *f)
{
	const struct rec_block *tip = &r->blocks[f->first + f->count - 1];

	for (uint64_t n = f->point + 1; n <= r->last; n++) {
		const struct rec_block *b = &r->blocks[n - r->first];

		if (tip->difficulty ? b->difficulty > tip->difficulty : b->number > tip->number)
			return n;
	}
	return r->last;
}

static enum err_kind read_fork(struct load *l, struct rec_fork *f, struct slice fork, unsigned id)
{
	struct recording *r = l->r;
	struct slice_iter it;
	struct slice item;
	enum err_kind k;

	if (!slice_u64(slice_get(fork, "forkPoint"), &f->point) || f->point < r->first ||
		f->point >= r->last)
		return bad(l, "a fork without forkPoint, or with one outside the recorded blocks");
	f->first = r->block_count;
	for (slice_iter(&it, slice_get(fork, "orphaned")); slice_next(&it, &item); f->count++) {
		struct rec_block *b = add_block(l);

		b->fork = id;
		k = read_block(l, b, slice_get(item, "block"));
		if (!k)
			k = read_receipts(l, b, slice_get(item, "receipts"));
		if (!k)
			k = check_link(l, b, f->count ? b - 1 : &r->blocks[f->point - r->first]);
		if (k)
			return k;
	}
	if (!f->count)
		return bad(l, "a fork without orphaned blocks");
	f->won_at = winner(r, f);
	return ERR_NONE;
}

static enum err_kind read_forks(struct load *l)
{
	struct recording *r = l->r;
	struct slice text, array, item;
	struct slice_iter it;
	bool missing = false;
	size_t used, cap = 0;
	enum err_kind k = read_text(l, "reorg.json", &text, &missing);

	if (k || missing)
		return k;
	l->line = 1;
	if (!slice_value(&array, text.p, text.n, &used))
		return bad(l, "no JSON array");
	for (slice_iter(&it, array); slice_next(&it, &item); r->fork_count++) {
		arena_grow(r->mem, &r->forks, &cap, r->fork_count + 1u, sizeof(*r->forks));
		r->forks[r->fork_count] = (struct rec_fork){0};
		k = read_fork(l, &r->forks[r->fork_count], item, r->fork_count + 1);
		if (k)
			return k;
	}
	return it.bad ? bad(l, "forks are no array") : ERR_NONE;
}

/* Every address that stands in a value has code. */
static void note_contracts(struct lookup *code, struct slice v)
{
	struct slice_iter it;
	struct slice k, x;
	struct address a;

	if (slice_hex(v, a.b, sizeof(a.b)))
		lookup_add(code, a.b, 1);
	slice_iter(&it, v);
	if (v.n && v.p[0] == '{')
		while (slice_member(&it, &k, &x))
			note_contracts(code, x);
	else if (v.n && v.p[0] == '[')
		while (slice_next(&it, &x))
			note_contracts(code, x);
}

static enum err_kind read_meta(struct load *l, bool tron)
{
	struct recording *r = l->r;
	struct slice text, meta, bor, client;
	const char *name;
	size_t used, n;
	enum err_kind k = read_text(l, "meta.json", &text, NULL);

	if (k)
		return k;
	l->line = 1;
	if (!slice_value(&meta, text.p, text.n, &used) ||
		!slice_u64(slice_get(meta, "chainId"), &r->chain_id))
		return bad(l, "no chainId");
	bor = slice_get(slice_get(meta, "chainConfig"), "bor");
	r->kind = bor.n ? REC_BTTC : tron ? REC_TRON : REC_ETHEREUM;
	r->key = bor.n ? "bttc" : "root";
	client = slice_get(meta, bor.n ? "clientVersion" : "node");
	r->client = "unknown/v1";
	if (r->kind == REC_TRON)
		r->client = "TRON/v4.8.2/Linux/Java1.8/GreatVoyage-v4.8.2";
	else if (slice_str(client, &name, &n))
		r->client = arena_printf(r->mem, "%.*s", (int)n, name);
	note_contracts(r->code, slice_get(meta, "contracts"));
	note_contracts(r->code, slice_get(meta, "validatorShares"));
	note_contracts(r->code, slice_get(meta, "receivers"));
	note_contracts(r->code, bor);
	return ERR_NONE;
}

static void index_blocks(struct recording *r)
{
	for (uint32_t i = 0; i < r->block_count; i++) {
		struct rec_block *b = &r->blocks[i];

		lookup_add(r->by_hash, b->hash.b, i);
		for (uint32_t t = 0; t < b->tx_count; t++)
			lookup_add(r->by_tx, b->txs[t].hash.b, (uint64_t)i << 16 | t);
	}
}

enum err_kind recording_load(struct recording **out, const char *dir, bool tron, struct err *e)
{
	struct recording *r = calloc(1, sizeof(*r));
	struct load l = {.r = r, .dir = dir, .e = e};
	enum err_kind k;

	if (!r)
		abort();
	r->mem = arena_new(SIZE_MAX / 2);
	r->by_hash = lookup_new(32);
	r->by_tx = lookup_new(32);
	r->code = lookup_new(20);
	r->dir = arena_strdup(r->mem, dir);
	buf_init(&l.tmp, SIZE_MAX / 4);
	k = read_meta(&l, tron);
	if (!k)
		k = read_canonical(&l);
	if (!k)
		k = read_forks(&l);
	buf_free(&l.tmp);
	if (k) {
		recording_free(r);
		return k;
	}
	index_blocks(r);
	*out = r;
	return ERR_NONE;
}

void recording_free(struct recording *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
	free(r->texts);
	oracle_free(r->oracle);
	lookup_free(r->by_hash);
	lookup_free(r->by_tx);
	lookup_free(r->code);
	arena_free(r->mem);
	free(r);
}
