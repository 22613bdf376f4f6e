/* One transaction that reads the newest rows at or below a block. */
#include "books/at.h"

#include "books/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum err_kind check_block(struct session *s, const struct block_id *block, struct err *e)
{
	struct pg_args a = {0};
	char rules[64];
	const char *hash;
	enum err_kind k;
	size_t n;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	k = pg_query(s->pg,
		"SELECT l.rules, l.block, b.hash FROM ledger.head l LEFT JOIN chain.block b ON b.chain_id = l.chain_id"
		" AND b.number = $2 WHERE l.chain_id = $1",
		&a, e);
	if (k)
		return k;
	load_rules(s, rules);
	if (!pg_count(s->pg))
		return err_set(e, ERR_FATAL, "books", 0, "there is no ledger of chain %s in this database",
			s->conf->chain->key);
	if (strcmp(pg_text(s->pg, 0, 0, NULL), rules) != 0)
		return err_set(e, ERR_FATAL, "books", 0,
			"the ledger in this database is of another network file or another version of the program");
	if (pg_i64(s->pg, 0, 1) < s->block)
		return err_set(e, ERR_AGAIN, "books", 0,
			"the ledger is at block %" PRId64 ", before %" PRId64, pg_i64(s->pg, 0, 1), s->block);
	hash = pg_text(s->pg, 0, 2, &n);
	if (pg_null(s->pg, 0, 2) || n != sizeof(block->hash.b) || memcmp(hash, block->hash.b, n) != 0)
		return err_set(
			e, ERR_REWIND, "books", 0, "the database has another block %" PRId64, s->block);
	return ERR_NONE;
}

static enum err_kind load(struct session *s, const struct block_id *block, struct err *e)
{
	static const enum ledger_kind kinds[] = {
		LEDGER_GLOBAL, LEDGER_ROOT_CHAIN, LEDGER_VALIDATOR, LEDGER_SHARE};
	enum err_kind k = check_block(s, block, e);

	if (!k)
		k = ledger_new(&s->ledger, s->conf->chain, NULL, e);
	for (size_t i = 0; !k && i < sizeof(kinds) / sizeof(*kinds); i++)
		k = load_kind(s, kinds[i], e);
	if (!k)
		k = load_signers(s, e);
	if (!k)
		ledger_load_end(s->ledger, block->number);
	return k;
}

enum err_kind books_at(
	struct ledger **out, const struct books_conf *conf, const struct block_id *block, struct err *e)
{
	struct session s = {.conf = conf,
		.chain_id = (int64_t)conf->chain->chain_id,
		.block = (int64_t)block->number};
	enum err_kind k;

	*out = NULL;
	k = books_open(&s, "bttc-indexer snapshot", e);
	if (!k)
		k = pg_exec(s.pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
	if (!k)
		k = load(&s, block, e);
	pg_close(s.pg);
	if (k)
		ledger_free(s.ledger);
	else
		*out = s.ledger;
	return k;
}

enum err_kind books_parameter_source(
	char out[160], const struct books_conf *conf, const char *parameter, uint64_t block, struct err *e)
{
	struct pg_args a = {0};
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, conf->database, "bttc-indexer snapshot", e);

	pg_arg_i64(&a, (int64_t)conf->chain->chain_id);
	pg_arg_text(&a, parameter);
	pg_arg_i64(&a, (int64_t)block);
	if (!k)
		k = pg_query(pg,
			"SELECT source, block FROM ledger.parameter WHERE chain_id = $1 AND parameter = $2 AND block <= $3"
			" ORDER BY block DESC, ordinal DESC LIMIT 1",
			&a, e);
	out[0] = 0;
	if (!k && pg_count(pg))
		snprintf(out, 160, "%s of block %" PRId64, pg_text(pg, 0, 0, NULL), pg_i64(pg, 0, 1));
	pg_close(pg);
	return k;
}
