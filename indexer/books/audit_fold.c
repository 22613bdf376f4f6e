/*
 * The ledger made anew from the stored blocks alone, its rows in temporary tables, and what differs from
 * the stored rows: checksums of each block first, then every table.
 */
#include "books/audit.h"
#include "books/body.h"

#include <stdio.h>
#include <string.h>

static const char ANEW[] =
	"delete the chain's row of ledger.head and start `index` or `up`: the ledger is made anew";

/* The end of the stored ledger. *there false: told already. */
static enum err_kind stored_end(
	const struct audit_conf *c, struct session *s, int64_t *end, int64_t *set, bool *there,
	struct err *e)
{
	struct pg_args a = {0};
	char rules[64];
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query(s->pg, "SELECT block, rules, overrides FROM ledger.head WHERE chain_id = $1", &a, e);
	if (k)
		return k;
	load_rules(s, rules);
	*set = pg_i64(s->pg, 0, 2);
	*there = pg_count(s->pg) == 1 && !strcmp(pg_text(s->pg, 0, 1, NULL), rules);
	if (*there)
		*end = pg_i64(s->pg, 0, 0);
	else
		audit_tell(c, "ledger.head", -1,
			pg_count(s->pg) ? "its rows are by other rules or of another network revision"
					: "there is no ledger of this chain",
			"start `index` or `up` with this network: the ledger is made anew");
	return ERR_NONE;
}

static enum err_kind fold_all(
	const struct audit_conf *c, struct session *s, int64_t end, struct err *e)
{
	enum err_kind k = ERR_NONE;
	bool any = true;

	while (!k && s->block < end) {
		int64_t to = 0;

		arena_reset(s->mem);
		if ((k = books_step_end(s, &to, &any, e)) || !any)
			break;
		to = to < end ? to : end;
		if ((k = books_fold(s, to, e)) || (k = rows_flush(s, e)))
			break;
		s->block = to;
		if (c->progress)
			c->progress(c->arg, c->books.chain->key, "ledger", to);
	}
	return k;
}

static enum err_kind compare(
	const struct audit_conf *c, struct session *s, unsigned t, struct err *e)
{
	struct pg_args a = {0};
	struct buf sql, cols;
	enum err_kind k;
	char name[80];

	buf_init(&sql, 1 << 16);
	buf_init(&cols, 1 << 13);
	rows_columns(&cols, t);
	buf_printf(&sql,
		"SELECT block, min(w) FROM ((SELECT 'a row is missing or other than its blocks make it' AS w,"
		" %s FROM pg_temp.%s EXCEPT ALL SELECT 'a row is missing or other than its blocks make it',"
		" %s FROM ledger.%s WHERE chain_id = $1) UNION ALL (SELECT 'a row is there that its blocks do"
		" not make', %s FROM ledger.%s WHERE chain_id = $1 EXCEPT ALL SELECT 'a row is there that its"
		" blocks do not make', %s FROM pg_temp.%s)) x GROUP BY block ORDER BY block LIMIT 1",
		cols.p, rows_table(t), cols.p, rows_table(t), cols.p, rows_table(t), cols.p, rows_table(t));
	arg_chain(&a, s);
	k = sql.bad || cols.bad ? err_set(e, ERR_FATAL, "audit", 0, "a statement is too long")
				: pg_query(s->pg, sql.p, &a, e);
	snprintf(name, sizeof(name), "ledger.%s", rows_table(t));
	if (!k && pg_count(s->pg))
		audit_tell(c, name, pg_i64(s->pg, 0, 0), pg_text(s->pg, 0, 1, NULL), ANEW);
	buf_free(&sql);
	buf_free(&cols);
	return k;
}

enum err_kind audit_fold(const struct audit_conf *c, struct session *s, struct err *e)
{
	enum err_kind k;
	int64_t end = 0, set = 0;
	bool there = false;

	if ((k = stored_end(c, s, &end, &set, &there, e)) || !there)
		return k;
	decoder_free(s->decoder);
	s->decoder = decoder_new(s->conf->chain);
	if ((k = ledger_new(&s->ledger, s->conf->chain, s->conf->initial_state, e)) ||
		(k = load_overrides(s, set, e)))
		return k;
	s->block = (int64_t)s->conf->chain->first_block - 1;
	s->level = LEVEL_QUORUM;
	rows_all(s, s->block);
	if ((k = rows_flush(s, e)) || (k = fold_all(c, s, end, e)))
		return k;
	for (unsigned t = 0; !k && t < BOOKS_TABLES; t++)
		k = compare(c, s, t, e);
	return k;
}
