/*
 * Stored logs and calls decoded again: names, validators, checkpoints and partnership events have to be what
 * the network's ABIs make of them.
 */
#include "books/audit.h"
#include "books/body.h"

#include "store/apart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 500 /* blocks a query */

static void tell(void *arg, const char *table, int64_t block, int64_t index, const char *text)
{
	const struct audit_conf *c = arg;
	char line[1200];

	snprintf(line, sizeof(line), "%s %lld: %.1000s",
		strcmp(table, "chain.tx") ? "log" : "transaction", (long long)index, text);
	audit_tell(c, table, block, line, NULL);
}

/* Blocks above s->block up to `to`. */
static enum err_kind add_window(struct session *s, struct apart *rows, int64_t to, struct err *e)
{
	struct block *blocks;
	size_t n;
	enum err_kind k;

	arena_reset(s->mem);
	k = read_blocks(s, to, &blocks, &n, e);
	for (size_t i = 0; !k && i < n; i++) {
		struct decoded d;

		blocks[i].found_count = 0; /* told already */
		decode_block(s->decoder, &blocks[i], s->mem, &d);
		k = apart_add(rows, &blocks[i], &d, e);
	}
	s->block = to;
	return k;
}

static void say(const struct audit_conf *c, int64_t block)
{
	if (c->progress)
		c->progress(c->arg, c->books.chain->key, "decoded rows", block);
}

static enum err_kind all_blocks(const struct audit_conf *c, struct session *s, struct apart *rows,
	int64_t head, struct err *e)
{
	enum err_kind k = ERR_NONE;

	s->block = (int64_t)s->conf->chain->first_block - 1;
	while (!k && s->block < head) {
		k = add_window(s, rows, s->block + WINDOW < head ? s->block + WINDOW : head, e);
		say(c, s->block);
	}
	return k ? k : apart_compare(rows, head, NULL, 0, tell, (void *)c, e);
}

/* Blocks with decoded rows that the seed picks, ascending; *out is the caller's to free. */
static enum err_kind pick(const struct audit_conf *c, struct session *s, int64_t head, int64_t **out,
	size_t *n, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, head);
	pg_arg_i64(&a, (int64_t)c->sample);
	pg_arg_i64(&a, (int64_t)c->seed);
	pg_arg_i64(&a, (int64_t)s->conf->chain->first_block);
	k = pg_query(s->pg,
		"SELECT DISTINCT x.block FROM generate_series(1, $3) i CROSS JOIN LATERAL (SELECT block FROM"
		" chain.log WHERE chain_id = $1 AND block <= $2 AND block >= $5 + abs(hashint8extended(i, $4) %"
		" greatest($2 - $5 + 1, 1)) ORDER BY block LIMIT 1) x ORDER BY 1",
		&a, e);
	if (k)
		return k;
	*n = (size_t)pg_count(s->pg);
	*out = calloc(*n + 1, sizeof(**out));
	if (!*out)
		abort();
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = pg_i64(s->pg, (int)i, 0);
	return ERR_NONE;
}

static enum err_kind some_blocks(const struct audit_conf *c, struct session *s, struct apart *rows,
	int64_t head, struct err *e)
{
	int64_t *blocks = NULL;
	size_t n = 0;
	enum err_kind k = pick(c, s, head, &blocks, &n, e);

	for (size_t i = 0; !k && i < n; i++) {
		s->block = blocks[i] - 1;
		k = add_window(s, rows, blocks[i], e);
		say(c, blocks[i]);
	}
	if (!k && n)
		k = apart_compare(rows, head, blocks, n, tell, (void *)c, e);
	free(blocks);
	return k;
}

enum err_kind audit_decoded(const struct audit_conf *c, struct session *s, struct apart *rows,
	int64_t head, struct err *e)
{
	enum err_kind k;

	decoder_free(s->decoder);
	s->decoder = decoder_new(s->conf->chain);
	s->block = head;
	k = load_found(s, e);
	if (!k)
		k = c->sample ? some_blocks(c, s, rows, head, e) : all_blocks(c, s, rows, head, e);
	return k;
}
