/*
 * Stored blocks as the fold wants them. Only blocks with kept logs, calls or discoveries are made;
 * of the header only what the fold reads: number, hash, time, level.
 */
#include "books/body.h"

#include <string.h>

struct reading {
	struct session *s;
	struct block *blocks;
	size_t n;
};

static struct block *block_of(struct reading *r, uint64_t number)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (r->blocks[mid].h.number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->n && r->blocks[low].h.number == number ? &r->blocks[low] : NULL;
}

static bool fixed(const struct pg *pg, int row, int col, void *out, size_t want)
{
	size_t n;
	const char *p = pg_text(pg, row, col, &n);

	if (n != want)
		return false;
	memcpy(out, p, want);
	return true;
}

static enum err_kind damaged(const char *what, struct err *e)
{
	return err_set(e, ERR_REJECT, "books", 0, "a stored %s is missing or damaged", what);
}

static enum err_kind take_blocks(struct reading *r, struct err *e)
{
	struct session *s = r->s;

	r->n = (size_t)pg_count(s->pg);
	r->blocks = arena_calloc(s->mem, r->n + 1, sizeof(*r->blocks));
	for (size_t i = 0; i < r->n; i++) {
		struct block *b = &r->blocks[i];

		b->h.number = (uint64_t)pg_i64(s->pg, (int)i, 0);
		if (!fixed(s->pg, (int)i, 1, b->h.hash.b, 32))
			return damaged("block", e);
		b->h.time = (uint64_t)pg_i64(s->pg, (int)i, 2);
		b->level = (enum level)pg_i64(s->pg, (int)i, 3);
		b->log_count = (size_t)pg_i64(s->pg, (int)i, 4);
		b->tx_count = (size_t)pg_i64(s->pg, (int)i, 5);
		b->found_count = (size_t)pg_i64(s->pg, (int)i, 6);
		b->logs = arena_calloc(s->mem, b->log_count + 1, sizeof(*b->logs));
		b->txs = arena_calloc(s->mem, b->tx_count + 1, sizeof(*b->txs));
		b->found = arena_calloc(s->mem, b->found_count + 1, sizeof(*b->found));
		b->log_count = b->tx_count = b->found_count = 0;
	}
	return ERR_NONE;
}

static enum err_kind take_logs(struct reading *r, struct err *e)
{
	struct pg *pg = r->s->pg;

	for (int i = 0; i < pg_count(pg); i++) {
		struct block *b = block_of(r, (uint64_t)pg_i64(pg, i, 0));
		struct log *g;
		const char *p;
		size_t n;

		if (!b)
			return damaged("log's block", e);
		g = &b->logs[b->log_count++];
		g->log_index = (uint32_t)pg_i64(pg, i, 1);
		g->tx_index = (uint32_t)pg_i64(pg, i, 2);
		g->state_sync = pg_i64(pg, i, 3) != 0;
		p = pg_text(pg, i, 6, &n);
		if (!fixed(pg, i, 4, g->tx_hash.b, 32) || !fixed(pg, i, 5, g->address.b, 20) ||
			n % 32 || n > 32 * LOG_TOPICS_MAX)
			return damaged("log", e);
		memcpy(g->topics, p, n);
		g->topic_count = (uint8_t)(n / 32);
		p = pg_text(pg, i, 7, &n);
		g->data = arena_bytes(r->s->mem, p, n);
	}
	return ERR_NONE;
}

static enum err_kind take_txs(struct reading *r, struct err *e)
{
	struct pg *pg = r->s->pg;

	for (int i = 0; i < pg_count(pg); i++) {
		struct block *b = block_of(r, (uint64_t)pg_i64(pg, i, 0));
		struct tx *t;
		const char *p;
		size_t n;

		if (!b)
			return damaged("transaction's block", e);
		t = &b->txs[b->tx_count++];
		t->index = (uint32_t)pg_i64(pg, i, 1);
		t->creates = pg_null(pg, i, 4);
		t->status = pg_null(pg, i, 6) ? -1 : (int8_t)pg_i64(pg, i, 6);
		t->type = (uint8_t)pg_i64(pg, i, 5);
		if (!fixed(pg, i, 2, t->hash.b, 32) || !fixed(pg, i, 3, t->from.b, 20) ||
			(!t->creates && !fixed(pg, i, 4, t->to.b, 20)))
			return damaged("transaction", e);
		p = pg_text(pg, i, 7, &n);
		t->input = arena_bytes(r->s->mem, p, n);
		p = pg_text(pg, i, 8, &n);
		if (!u256_parse_dec(&t->value, p, n))
			return damaged("transaction", e);
	}
	return ERR_NONE;
}

static const char *contract_name(const struct chain_conf *c, const char *name)
{
	for (size_t i = 0; i < c->contract_count; i++)
		if (!strcmp(c->contracts[i].name, name))
			return c->contracts[i].name;
	return NULL;
}

static enum err_kind take_found(struct reading *r, struct err *e)
{
	struct pg *pg = r->s->pg;

	for (int i = 0; i < pg_count(pg); i++) {
		struct block *b = block_of(r, (uint64_t)pg_i64(pg, i, 0));
		struct discovery *d;

		if (!b)
			return damaged("contract's block", e);
		d = &b->found[b->found_count++];
		d->block = b->h.number;
		d->log_index = (uint32_t)pg_i64(pg, i, 1);
		d->contract = contract_name(r->s->conf->chain, pg_text(pg, i, 3, NULL));
		d->rule = "";
		d->has_validator = !pg_null(pg, i, 4);
		d->validator_id = (uint64_t)pg_i64(pg, i, 4);
		if (!d->contract || !fixed(pg, i, 2, d->address.b, 20))
			return damaged("contract", e);
	}
	return ERR_NONE;
}

/* $1: the chain, $2: below the range, $3: its end. */
static const char *const questions[] = {
	"WITH l AS (SELECT block, count(*) AS n FROM chain.log WHERE chain_id = $1 AND block"
	" > $2 AND block <= $3 GROUP BY block), t AS (SELECT block, count(*) AS n FROM"
	" chain.tx WHERE chain_id = $1 AND block > $2 AND block <= $3 GROUP BY block),"
	" f AS (SELECT block, count(*) AS n FROM chain.contract WHERE chain_id = $1 AND block"
	" > $2 AND block <= $3 GROUP BY block)"
	" SELECT b.number, b.hash, extract(epoch FROM b.time)::bigint, b.level,"
	" coalesce(l.n, 0), coalesce(t.n, 0), coalesce(f.n, 0) FROM chain.block b"
	" LEFT JOIN l ON l.block = b.number LEFT JOIN t ON t.block = b.number"
	" LEFT JOIN f ON f.block = b.number WHERE b.chain_id = $1 AND b.number > $2 AND"
	" b.number <= $3 AND (l.n > 0 OR t.n > 0 OR f.n > 0) ORDER BY b.number",
	"SELECT block, log_index, tx_index, state_sync, tx, address, topics, data FROM"
	" chain.log WHERE chain_id = $1 AND block > $2 AND block <= $3"
	" ORDER BY block, log_index",
	"SELECT block, tx_index, hash, sender, recipient, type, succeeded, input, value::text FROM"
	" chain.tx WHERE chain_id = $1 AND block > $2 AND block <= $3"
	" ORDER BY block, tx_index",
	"SELECT block, log_index, address, contract, validator_id FROM chain.contract"
	" WHERE chain_id = $1 AND block > $2 AND block <= $3"
	" ORDER BY block, log_index, address",
};

enum err_kind read_blocks(
	struct session *s, int64_t to, struct block **out, size_t *n, struct err *e)
{
	static enum err_kind (*const take[])(struct reading *r, struct err *e) = {
		take_blocks, take_logs, take_txs, take_found};
	const int count = sizeof(questions) / sizeof(*questions);
	struct reading r = {.s = s};
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	pg_arg_i64(&a, to);
	k = pg_query_many(s->pg, questions, count, &a, e);
	for (int i = 0; !k && i < count; i++) {
		pg_take(s->pg, i);
		k = take[i](&r, e);
	}
	*out = r.blocks;
	*n = r.n;
	return k;
}
