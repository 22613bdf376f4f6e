/*
 * Jobs for the receipts of one block.
 *
 * The block is named by its hash wherever a node takes that, so that the answer can be of no other
 * branch. Receipts must match the block's transactions one to one; the transactions come from the
 * caller or are fetched in the same batch. Which method an endpoint has is found out by asking, in
 * the dialect's order; the last is one receipt for each transaction.
 */
#include "source/engine.h"

#include "base/clock.h"

#include <stdlib.h>

#define MISMATCH_MAX   3
#define NULLS_BELIEVED 3

struct receipts {
	struct block_id block;
	const struct tx *txs;
	size_t tx_count;
	bool have_txs;
	struct call *main;     /* that asks for all of them */
	struct endpoint *from; /* who answered it */
	struct receipt *list;
	size_t count;
	unsigned mismatches;
};

static enum err_kind take_block(
	struct job_run *j, struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct receipts *own = j->own;
	struct parse p = job_parse(j, e);
	struct parsed_block b;

	if (json_is_null(v))
		return err_set(e, ERR_AGAIN, "rpc", 0, "block %llu is not known by its hash",
			(unsigned long long)own->block.number);
	if (parse_block(&p, v, true, &b))
		return e->kind;
	if (!hash_eq(&b.h.hash, &c->hash) || b.h.number != own->block.number)
		return err_set(e, ERR_REJECT, "rpc", 0, "hash: not the one asked for");
	j->pub.headers[0] = b.h;
	j->pub.txs[0] = b.txs;
	j->pub.tx_counts[0] = b.tx_count;
	j->pub.state_sync[0] = b.state_sync;
	j->pub.header_count = 1;
	endpoint_saw_head(ep, b.h.number, false);
	own->txs = b.txs;
	own->tx_count = b.tx_count;
	own->have_txs = true;
	return ERR_NONE;
}

static struct call *ask_one(struct job_run *j, size_t i)
{
	const struct receipts *own = j->own;
	struct call *c = job_call(j, M_RECEIPT);

	c->by_hash = true;
	c->hash = own->txs[i].hash;
	c->slot = (uint32_t)i;
	c->from = c->to = own->block.number;
	return c;
}

static bool receipts_one_by_one(struct call *c)
{
	struct job_run *j = c->job;
	struct receipts *own = j->own;

	if (!own->have_txs)
		return false;
	own->list = arena_calloc(j->pub.mem, own->tx_count, sizeof(*own->list));
	own->count = own->tx_count;
	own->from = NULL;
	for (size_t i = 0; i < own->tx_count; i++)
		ask_one(j, i);
	job_done(c);
	return true;
}

/* Some nodes say null for blocks whose receipts they give one by one. */
static enum err_kind null_receipts(struct call *c, struct endpoint *ep, struct err *e)
{
	const struct receipts *own = c->job->own;

	if (c->method != M_RECEIPT && c->absent + 1 >= NULLS_BELIEVED && receipts_one_by_one(c)) {
		endpoint_say_once(ep, "receipts of a block are null and are asked for one by one");
		return ERR_NONE;
	}
	return err_set(e, ERR_AGAIN, "rpc", 0, "no receipts of block %llu by its hash",
		(unsigned long long)own->block.number);
}

static enum err_kind receipts_answer(
	struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct receipts *own = c->job->own;
	struct parse p = job_parse(c->job, e);
	struct parse_scope scope = {own->block.number, own->block.number, &own->block.hash};
	struct block_id block;

	if (c->method == M_BLOCK_BY_HASH)
		return take_block(c->job, c, ep, v, e);
	if (json_is_null(v))
		return null_receipts(c, ep, e);
	if (c->method == M_RECEIPT)
		return parse_receipt(&p, v, &scope, &own->list[c->slot], &block);
	own->from = ep;
	return parse_receipts(&p, v, &scope, &own->list, &own->count, &block);
}

static int by_index(const void *a, const void *b)
{
	const struct receipt *x = a, *y = b;

	return (x->tx_index > y->tx_index) - (x->tx_index < y->tx_index);
}

static enum err_kind match(const struct receipts *own, struct err *e)
{
	if (own->count != own->tx_count)
		return err_set(e, ERR_REJECT, "rpc", 0,
			"block %llu: %zu receipts for %zu transactions",
			(unsigned long long)own->block.number, own->count, own->tx_count);
	for (size_t i = 0; i < own->count; i++)
		if (own->list[i].tx_index != i ||
			!hash_eq(&own->list[i].tx_hash, &own->txs[i].hash))
			return err_set(e, ERR_REJECT, "rpc", 0,
				"block %llu: receipt %zu is not of transaction %zu",
				(unsigned long long)own->block.number, i, i);
	return ERR_NONE;
}

/* A node may leave the state-sync receipt out: it is asked for by the transaction's hash. */
static bool lacks_state_sync(const struct receipts *own)
{
	return own->count + 1 == own->tx_count && own->txs[own->count].state_sync;
}

static void ask_state_sync(struct job_run *j)
{
	struct receipts *own = j->own;
	struct receipt *list = arena_calloc(j->pub.mem, own->tx_count, sizeof(*list));

	if (own->count)
		memcpy(list, own->list, own->count * sizeof(*list));
	own->list = list;
	ask_one(j, own->count++);
}

static enum err_kind receipts_finish(struct job_run *j, struct err *e)
{
	struct receipts *own = j->own;

	if (lacks_state_sync(own)) {
		ask_state_sync(j);
		return ERR_NONE;
	}
	if (own->count)
		qsort(own->list, own->count, sizeof(*own->list), by_index);
	if (match(own, e)) {
		if (!own->from || ++own->mismatches >= MISMATCH_MAX)
			return e->kind;
		err_wrap(e, "%s", own->from->name);
		endpoint_failed(own->from, RPC_GRAMMAR, 0, e);
		own->main->last = own->from;
		job_wait(own->main, clock_ms() + job_jitter(j->s, 100));
		return ERR_NONE;
	}
	for (size_t i = 0; i < own->count; i++)
		own->list[i].type = own->txs[i].type;
	if (j->s->dialect->state_sync_every)
		bttc_mark_receipts(&own->block, own->list, own->count);
	j->pub.receipts = own->list;
	j->pub.receipt_count = own->count;
	return ERR_NONE;
}

static const struct job_kind receipts_kind = {.name = "receipts",
	.answer = receipts_answer,
	.one_by_one = receipts_one_by_one,
	.finish = receipts_finish,
	.together = true};

static void ask_block(struct job_run *j, const struct block_id *block)
{
	struct call *c = job_call(j, M_BLOCK_BY_HASH);

	j->pub.headers = arena_calloc(j->pub.mem, 1, sizeof(*j->pub.headers));
	j->pub.txs = arena_calloc(j->pub.mem, 1, sizeof(*j->pub.txs));
	j->pub.tx_counts = arena_calloc(j->pub.mem, 1, sizeof(*j->pub.tx_counts));
	j->pub.state_sync = arena_calloc(j->pub.mem, 1, sizeof(*j->pub.state_sync));
	c->by_hash = true;
	c->full = true;
	c->hash = block->hash;
	c->from = c->to = block->number;
}

struct job *source_receipts(
	struct source *s, const struct block_id *block, const struct tx *txs, size_t tx_count)
{
	struct job_run *j = job_new(s, &receipts_kind, false);
	struct receipts *own = arena_calloc(j->pub.mem, 1, sizeof(*own));

	j->own = own;
	own->block = *block;
	if (txs) {
		own->have_txs = true;
		own->tx_count = tx_count;
		own->txs = arena_dup(j->pub.mem, txs, tx_count * sizeof(*txs));
		if (!tx_count)
			return &j->pub; /* nothing to ask: done with the next source_poll */
	} else {
		ask_block(j, block);
	}
	own->main = job_call(j, M_RECEIPTS);
	own->main->any_receipts = true;
	own->main->by_hash = true;
	own->main->hash = block->hash;
	own->main->from = own->main->to = block->number;
	return &j->pub;
}
