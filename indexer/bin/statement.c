/*
 * A statement: what an account was owed before the range, every movement with the balance after it, and what
 * it is owed at the end. Opening and closing are read from the state at those blocks, the balances between
 * are added up; that both meet is checked, and a statement that does not add up is an error.
 */
#include "bin/export.h"

#include "base/clock.h"

#include <string.h>

enum { TIME, BLOCK, TX, LOG_INDEX, KIND, ACCOUNT, IN, OUT };

/* "account": the partnership, or the checkpoint that credited. in, out: of what is owed. */
static const struct export_column columns[] = {
	{"time", EXPORT_TIME, NULL}, {"block", EXPORT_INT, NULL}, {"tx", EXPORT_HEX, NULL},
	{"log_index", EXPORT_INT, NULL}, {"kind", EXPORT_TEXT, NULL}, {"account", EXPORT_TEXT, NULL},
	{"credit", EXPORT_AMOUNT, NULL}, {"debit", EXPORT_AMOUNT, NULL}, {NULL, EXPORT_TEXT, NULL}};

static const char PARTNER_MOVES[] =
	"SELECT extract(epoch FROM x.time)::bigint, x.block, x.tx, x.log_index::bigint, x.kind || coalesce(' ' ||"
	" x.origin, ''), chain.hex(x.partnership), CASE WHEN x.kind = 'allocation' THEN x.amount ELSE 0 END::text,"
	" CASE WHEN x.kind = 'payout' THEN x.amount ELSE 0 END::text FROM ledger.partner_entry x WHERE x.chain_id ="
	" $1 AND x.partner = $4::bytea AND x.block BETWEEN $2 AND $3 ORDER BY x.block, x.log_index";
static const char VALIDATOR_MOVES[] =
	"SELECT extract(epoch FROM m.time)::bigint, m.block, m.tx, m.log_index::bigint, m.kind, m.account,"
	" m.credit::text, m.debit::text FROM (SELECT x.time, x.block, x.tx, x.log_index, 'accrual' AS kind,"
	" 'checkpoint ' || x.checkpoint_id || ' of chain ' || x.root_chain_id AS account, x.own AS credit, 0 AS debit"
	" FROM ledger.accrual x WHERE x.chain_id = $1 AND x.validator_id = $4::bigint AND x.block BETWEEN $2 AND $3"
	" UNION ALL SELECT x.time, x.block, x.tx, x.log_index, x.kind, chain.hex(x.account), 0, x.amount FROM"
	" ledger.validator_payout x WHERE x.chain_id = $1 AND x.validator_id = $4::bigint AND x.kind <> 'principal'"
	" AND x.block BETWEEN $2 AND $3) m ORDER BY m.block, m.log_index";
static const char PARTNER_OWED[] =
	"SELECT count(*), coalesce(sum(p.claimable), 0)::text FROM analytics.partner_at($1) p WHERE p.partner ="
	" chain.hex($2::bytea)";
static const char VALIDATOR_OWED[] =
	"SELECT count(*), coalesce(sum(v.reward), 0)::text FROM analytics.validator_at($1) v WHERE v.validator_id ="
	" $2::bigint";

static enum err_kind owed_at(struct export *x, enum statement_of of, const char *key, int64_t block,
	struct u256 *out, bool *known, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;
	const char *p;
	size_t n;

	pg_arg_i64(&a, block);
	pg_arg_text(&a, key);
	k = pg_query(x->pg, of == STATEMENT_PARTNER ? PARTNER_OWED : VALIDATOR_OWED, &a, e);
	if (k)
		return k;
	*known = pg_i64(x->pg, 0, 0) > 0;
	p = pg_text(x->pg, 0, 1, &n);
	return u256_parse_dec(out, p, n) ? ERR_NONE
					 : err_set(e, ERR_FATAL, "export", 0, "a stored balance is damaged");
}

static void balance_cell(struct export *x, struct u256 v)
{
	char text[U256_DEC_MAX + 1];

	cell_strn(&x->cells, "balance", text, u256_dec(text, v));
}

/* The opening or closing line. */
static enum err_kind edge(struct export *x, const char *kind, int64_t block, struct u256 v, struct err *e)
{
	cells_begin(&x->cells);
	cell_null(&x->cells, "time");
	cell_i64(&x->cells, "block", block);
	cell_null(&x->cells, "tx");
	cell_null(&x->cells, "log_index");
	cell_str(&x->cells, "kind", kind);
	cell_null(&x->cells, "account");
	cell_null(&x->cells, "credit");
	cell_null(&x->cells, "debit");
	balance_cell(x, v);
	cells_end(&x->cells);
	return export_flush(x, e);
}

static void names(struct export *x)
{
	cells_init(&x->cells, x->format, &x->line);
	if (x->format != FORMAT_CSV)
		return;
	x->cells.names = true;
	cells_begin(&x->cells);
	for (size_t i = 0; columns[i].name; i++)
		export_cell(x, &columns[i], -1, (int)i);
	balance_cell(x, U256_ZERO);
	cells_end(&x->cells);
	x->cells.names = false;
}

static bool take(struct export *x, int row, int col, struct u256 *out)
{
	size_t n;
	const char *p = pg_text(x->pg, row, col, &n);

	return u256_parse_dec(out, p, n) && u256_add_ok(&x->sums[col], x->sums[col], *out);
}

static enum err_kind move(struct export *x, int row, struct u256 *balance, struct err *e)
{
	struct u256 in, out;

	if (!take(x, row, IN, &in) || !take(x, row, OUT, &out) || !u256_add_ok(balance, *balance, in) ||
		!u256_sub_ok(balance, *balance, out))
		return err_set(e, ERR_FATAL, "export", 0,
			"block %lld: the balance would leave the range of amounts",
			(long long)pg_i64(x->pg, row, BLOCK));
	cells_begin(&x->cells);
	for (size_t c = 0; columns[c].name; c++)
		export_cell(x, &columns[c], row, (int)c);
	balance_cell(x, *balance);
	cells_end(&x->cells);
	x->rows++;
	return export_flush(x, e);
}

enum err_kind export_statement(struct export *x, enum statement_of of, const char *key,
	const struct export_range *range, struct err *e)
{
	int64_t to = range->to > x->head ? x->head : range->to;
	struct u256 balance, closing;
	struct pg_args a = {0};
	bool known, before;
	enum err_kind k;

	if ((k = owed_at(x, of, key, to, &closing, &known, e)) ||
		(k = owed_at(x, of, key, range->from - 1, &balance, &before, e)))
		return k;
	if (!known)
		return err_set(e, ERR_FATAL, "export", 0, "no %s of that name at block %lld",
			of == STATEMENT_PARTNER ? "partner" : "validator", (long long)to);
	names(x);
	if ((k = export_flush(x, e)) || (k = edge(x, "opening", range->from - 1, balance, e)))
		return k;
	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_i64(&a, range->from);
	pg_arg_i64(&a, to);
	pg_arg_text(&a, key);
	k = pg_query(x->pg, of == STATEMENT_PARTNER ? PARTNER_MOVES : VALIDATOR_MOVES, &a, e);
	for (int i = 0; !k && i < pg_count(x->pg); i++)
		k = move(x, i, &balance, e);
	if (!k && u256_cmp(balance, closing))
		k = err_set(e, ERR_FATAL, "export", 0,
			"the movements do not add up to the state at block %lld: run `bttc-indexer status`",
			(long long)to);
	if (!k)
		k = edge(x, "closing", to, closing, e);
	return k ? k : export_closing(x, columns, e);
}
