/* The body over a recording: everything is text that is there already. */
#include "replay/body.h"

#include "base/hex.h"
#include "replay/shape.h"

#include <stdlib.h>
#include <string.h>

struct recorded {
	struct body body;
	struct recording *r;
};

static const struct recording *rec(const struct body *b)
{
	return ((const struct recorded *)b)->r;
}

static void give(const struct rec_block *k, struct body_block *out)
{
	*out = (struct body_block){k->number, k->time, k->fork, k->hash, k};
}

static bool rec_at(const struct body *b, unsigned fork, uint64_t number, struct body_block *out)
{
	const struct recording *r = rec(b);

	if (fork && number > r->forks[fork - 1].point) {
		const struct rec_fork *f = &r->forks[fork - 1];

		if (number > f->point + f->count)
			return false;
		give(&r->blocks[f->first + (number - f->point - 1)], out);
		return true;
	}
	if (number < r->first || number > r->last)
		return false;
	give(&r->blocks[number - r->first], out);
	return true;
}

static bool rec_by_hash(const struct body *b, const struct hash32 *hash, struct body_block *out)
{
	const struct recording *r = rec(b);
	uint64_t i;
	size_t at;

	if (!lookup_get(r->by_hash, hash->b, &i, &at))
		return false;
	give(&r->blocks[i], out);
	return true;
}

static bool rec_by_tx(const struct body *b, const struct hash32 *hash, size_t *cursor,
	struct body_block *out, uint32_t *index)
{
	const struct recording *r = rec(b);
	uint64_t v;
	bool found = *cursor == SIZE_MAX ? lookup_get(r->by_tx, hash->b, &v, cursor)
					 : lookup_next(r->by_tx, hash->b, &v, cursor);

	if (!found)
		return false;
	give(&r->blocks[v >> 16], out);
	*index = (uint32_t)(v & 0xffff);
	return true;
}

static void put(struct buf *out, struct slice s)
{
	buf_add(out, s.p, s.n);
}

static void rec_put_block(
	const struct body *b, const struct body_block *k, bool full, struct buf *out)
{
	const struct rec_block *block = k->p;

	(void)b;
	if (full) {
		put(out, block->text);
		return;
	}
	put(out, block->head);
	for (uint32_t i = 0; i < block->tx_count; i++) {
		buf_str(out, i ? ",\"0x" : "\"0x");
		buf_hex(out, block->txs[i].hash.b, 32);
		buf_chr(out, '"');
	}
	put(out, block->tail);
}

static uint32_t rec_tx_count(const struct body *b, const struct body_block *k)
{
	(void)b;
	return ((const struct rec_block *)k->p)->tx_count;
}

static const struct rec_tx *tx_of(const struct body_block *k, uint32_t tx)
{
	return &((const struct rec_block *)k->p)->txs[tx];
}

static bool rec_is_state_sync(const struct body *b, const struct body_block *k, uint32_t tx)
{
	(void)b;
	return tx_of(k, tx)->state_sync;
}

static void rec_tx_hash(
	const struct body *b, const struct body_block *k, uint32_t tx, struct hash32 *out)
{
	(void)b;
	*out = tx_of(k, tx)->hash;
}

static void rec_put_tx(
	const struct body *b, const struct body_block *k, uint32_t tx, struct buf *out)
{
	(void)b;
	put(out, tx_of(k, tx)->text);
}

/* The plain receipt with an empty list of logs is a whole object again, to take members from. */
static void put_bor(const struct rec_tx *tx, bool want_tail, struct buf *out)
{
	struct buf plain, head, tail;
	struct buf *keep = want_tail ? &tail : &head;

	buf_init(&plain, 1u << 20);
	buf_init(&head, 1u << 20);
	buf_init(&tail, 1u << 20);
	put(&plain, tx->receipt.head);
	put(&plain, tx->receipt.tail);
	shape_bor_receipt(&head, &tail, (struct slice){plain.p, plain.n});
	buf_add(out, keep->p, keep->n);
	buf_free(&plain);
	buf_free(&head);
	buf_free(&tail);
}

static void rec_put_receipt(const struct body *b, const struct body_block *k, uint32_t tx,
	enum receipt_form form, bool tail, struct buf *out)
{
	const struct rec_tx *t = tx_of(k, tx);

	(void)b;
	switch (form) {
	case RECEIPT_PLAIN: put(out, tail ? t->receipt.tail : t->receipt.head); break;
	case RECEIPT_BY_BLOCK: put(out, tail ? t->by_block.tail : t->by_block.head); break;
	case RECEIPT_BOR: put_bor(t, tail, out); break;
	}
}

static uint32_t rec_logs(
	const struct body *b, const struct body_block *k, const struct rec_log **logs)
{
	const struct rec_block *block = k->p;

	(void)b;
	*logs = block->logs;
	return block->log_count;
}

static void rec_tx_logs(const struct body *b, const struct body_block *k, uint32_t tx,
	uint32_t *first, uint32_t *count)
{
	(void)b;
	*first = tx_of(k, tx)->first_log;
	*count = tx_of(k, tx)->log_count;
}

static void rec_put_log(
	const struct body *b, const struct body_block *k, uint32_t log, struct buf *out)
{
	(void)b;
	put(out, ((const struct rec_block *)k->p)->logs[log].text);
}

static void rec_roots(const struct body *b, const struct body_block *k, struct hash32 *txs,
	struct hash32 *receipts)
{
	const struct rec_block *block = k->p;

	(void)b;
	*txs = block->tx_root;
	*receipts = block->receipts_root;
}

static bool rec_has_code(const struct body *b, const struct address *a)
{
	return lookup_has(rec(b)->code, a->b);
}

static enum oracle_answer rec_call(const struct body *b, const struct body_block *k, const struct address *to,
	struct bytes input, struct buf *out)
{
	struct recording *r = ((const struct recorded *)b)->r;

	if (!r->oracle)
		r->oracle = oracle_new(r->dir);
	return k->fork ? ORACLE_NO_STATE : oracle_call(r->oracle, k->number, to, input, out);
}

static void rec_free(struct body *b)
{
	recording_free(((struct recorded *)b)->r);
	free(b);
}

static const struct body_ops recorded_ops = {
	.at = rec_at,
	.by_hash = rec_by_hash,
	.by_tx = rec_by_tx,
	.put_block = rec_put_block,
	.tx_count = rec_tx_count,
	.is_state_sync = rec_is_state_sync,
	.tx_hash = rec_tx_hash,
	.put_tx = rec_put_tx,
	.put_receipt = rec_put_receipt,
	.logs = rec_logs,
	.tx_logs = rec_tx_logs,
	.put_log = rec_put_log,
	.roots = rec_roots,
	.has_code = rec_has_code,
	.call = rec_call,
	.free = rec_free,
};

struct body *body_recorded(struct recording *r)
{
	struct recorded *x = calloc(1, sizeof(*x));

	if (!x)
		abort();
	x->r = r;
	x->body = (struct body){
		.ops = &recorded_ops,
		.kind = r->kind,
		.key = r->key,
		.chain_id = r->chain_id,
		.client = r->client,
		.first = r->first,
		.last = r->last,
		.forks = r->forks,
		.fork_count = r->fork_count,
	};
	return &x->body;
}

void body_free(struct body *b)
{
	if (b)
		b->ops->free(b);
}
