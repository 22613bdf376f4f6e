/*
 * A statement: what an account was owed and what it had staked before the range, every movement with the
 * balances after it, and both at the end; at each turn of a month the same again. Openings and closings are
 * read from the state at those blocks, the balances between are added up; that they meet is checked, and a
 * statement that does not add up is an error.
 */
#include "bin/export.h"

#include "base/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_ROWS 4000
#define MONTHS_MAX 2400

enum { TIME, BLOCK, TX, LOG_INDEX, KIND, ACCOUNT, CREDIT, DEBIT, CAPITAL_IN, CAPITAL_OUT };

/* "account": the partnership, the checkpoint that credited, the validator. credit, debit: of what is owed. */
static const struct export_column columns[] = {
	{"time", EXPORT_TIME, NULL}, {"block", EXPORT_INT, NULL}, {"tx", EXPORT_HEX, NULL},
	{"log_index", EXPORT_INT, NULL}, {"kind", EXPORT_TEXT, NULL}, {"account", EXPORT_TEXT, NULL},
	{"credit", EXPORT_AMOUNT, NULL}, {"debit", EXPORT_AMOUNT, NULL}, {"capital_in", EXPORT_AMOUNT, NULL},
	{"capital_out", EXPORT_AMOUNT, NULL}, {NULL, EXPORT_TEXT, NULL}};

/* A block and what the state says at its end. */
struct edge {
	int64_t block;
	struct u256 owed, capital;
};

struct statement {
	struct export *x;
	enum statement_of of;
	const char *key;
	struct edge edges[MONTHS_MAX + 1]; /* before the first block, then the last block of each month */
	size_t count, at;                  /* at: of the last closing line */
	struct u256 owed, capital;         /* after the last line */
};

static const struct {
	const char *name;
	const char *owed;  /* $1 block, $2 key: rows, owed, capital */
	const char *moves; /* $1 chain, $2 from, $3 to, $4 key: the columns above */
} kinds[] = {
	[STATEMENT_PARTNER] = {"partner",
		"SELECT count(*), coalesce(sum(p.claimable), 0)::text, coalesce(sum(p.contributed), 0)::text FROM"
		" analytics.partner_at($1) p WHERE p.partner = chain.hex($2::bytea)",
		"SELECT extract(epoch FROM x.time)::bigint, x.block, x.tx, x.log_index::bigint, x.kind || coalesce(' '"
		" || x.origin, ''), chain.hex(x.partnership), CASE WHEN x.kind = 'allocation' THEN x.amount ELSE 0"
		" END::text, CASE WHEN x.kind = 'payout' THEN x.amount ELSE 0 END::text, CASE WHEN x.kind ="
		" 'contribution' THEN x.amount ELSE 0 END::text, CASE WHEN x.kind = 'return' THEN x.amount ELSE 0"
		" END::text FROM ledger.partner_entry x WHERE x.chain_id = $1 AND x.partner = $4::bytea AND x.block"
		" BETWEEN $2 AND $3 ORDER BY x.block, x.log_index"},
	/* Own stake is in several events; what it changed by is in the state. */
	[STATEMENT_VALIDATOR] = {"validator",
		"SELECT count(*), coalesce(sum(v.reward), 0)::text, coalesce(sum(v.own_stake), 0)::text FROM"
		" analytics.validator_at($1) v WHERE v.validator_id = $2::bigint",
		"SELECT extract(epoch FROM m.time)::bigint, m.block, m.tx, m.log_index::bigint, m.kind, m.account,"
		" m.credit::text, m.debit::text, m.capital_in::text, m.capital_out::text FROM (SELECT x.time, x.block,"
		" x.tx, x.log_index, 'accrual' AS kind, 'checkpoint ' || x.checkpoint_id || ' of chain ' ||"
		" x.root_chain_id AS account, x.own AS credit, 0 AS debit, 0 AS capital_in, 0 AS capital_out FROM"
		" ledger.accrual x WHERE x.chain_id = $1 AND x.validator_id = $4::bigint AND x.block BETWEEN $2 AND $3"
		" UNION ALL SELECT x.time, x.block, x.tx, x.log_index, x.kind, chain.hex(x.account), 0, x.amount, 0, 0"
		" FROM ledger.validator_payout x WHERE x.chain_id = $1 AND x.validator_id = $4::bigint AND x.kind <>"
		" 'principal' AND x.block BETWEEN $2 AND $3 UNION ALL SELECT k.time, s.block, l.tx, l.log_index, CASE"
		" WHEN s.more > 0 THEN 'stake' ELSE 'unstake' END, NULL, 0, 0, greatest(s.more, 0), greatest(-s.more,"
		" 0) FROM (SELECT v.block, v.amount - coalesce(lag(v.amount) OVER (ORDER BY v.block), 0) AS more FROM"
		" ledger.validator v WHERE v.chain_id = $1 AND v.id = $4::bigint AND v.block <= $3) s JOIN chain.block"
		" k ON k.chain_id = $1 AND k.number = s.block LEFT JOIN LATERAL (SELECT y.tx, y.log_index FROM"
		" chain.log y WHERE y.chain_id = $1 AND y.block = s.block AND y.validator_id = $4::bigint AND y.event"
		" IN ('Staked', 'Restaked', 'Unstaked', 'UnstakeInit') ORDER BY y.log_index DESC LIMIT 1) l ON true"
		" WHERE s.more <> 0 AND s.block BETWEEN $2 AND $3) m ORDER BY m.block, m.log_index, m.kind"},
	[STATEMENT_DELEGATOR] = {"delegator",
		"SELECT count(*), coalesce(sum(p.reward), 0)::text, coalesce(sum(p.stake + p.unbonding), 0)::text FROM"
		" analytics.delegator_at($1, chain.hex($2::bytea)) p",
		"SELECT extract(epoch FROM m.time)::bigint, m.block, chain.bytes(m.tx), m.log_index::bigint, m.kind,"
		" 'validator ' || m.validator_id, m.credit::text, m.debit::text, m.capital_in::text,"
		" m.capital_out::text FROM analytics.delegator_moves(chain.hex($4::bytea), $2, $3) m WHERE $1::bigint"
		" IS NOT NULL"},
};

/* ---- the state at the edges ---- */

static bool amount(const struct export *x, int row, int col, struct u256 *out)
{
	size_t n;
	const char *p = pg_text(x->pg, row, col, &n);

	return u256_parse_dec(out, p, n);
}

static enum err_kind read_edge(struct statement *s, struct edge *at, bool *known, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	pg_arg_i64(&a, at->block);
	pg_arg_text(&a, s->key);
	k = pg_query(s->x->pg, kinds[s->of].owed, &a, e);
	if (k)
		return k;
	*known = pg_i64(s->x->pg, 0, 0) > 0;
	return amount(s->x, 0, 1, &at->owed) && amount(s->x, 0, 2, &at->capital)
		       ? ERR_NONE
		       : err_set(e, ERR_FATAL, "export", 0, "a stored balance is damaged");
}

/* First days of the months that begin after block `from` and not after block `to`. */
static enum err_kind turns(struct export *x, int64_t from, int64_t to, char (*out)[24], size_t *n,
	struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_i64(&a, from);
	pg_arg_i64(&a, to);
	k = pg_query(x->pg,
		"SELECT to_char(m, 'YYYY-MM-DD') || 'T00:00:00Z' FROM chain.block a JOIN chain.block b ON b.chain_id"
		" = $1 AND b.number = $3 CROSS JOIN generate_series(date_trunc('month', a.time AT TIME ZONE 'UTC') +"
		" interval '1 month', b.time AT TIME ZONE 'UTC', interval '1 month') m WHERE a.chain_id = $1 AND"
		" a.number = $2 ORDER BY m",
		&a, e);
	if (k)
		return k;
	*n = (size_t)pg_count(x->pg);
	if (*n >= MONTHS_MAX)
		return err_set(
			e, ERR_FATAL, "export", 0, "the range has %zu months, at most %d", *n, MONTHS_MAX);
	for (size_t i = 0; i < *n; i++)
		snprintf(out[i], sizeof(out[i]), "%s", pg_text(x->pg, (int)i, 0, NULL));
	return ERR_NONE;
}

static enum err_kind read_edges(struct statement *s, int64_t from, int64_t to, struct err *e)
{
	char(*months)[24] = calloc(MONTHS_MAX, sizeof(*months));
	enum err_kind k = ERR_NONE;
	bool known = false;
	size_t n = 0;

	if (!months)
		abort();
	if (from <= to)
		k = turns(s->x, from, to, months, &n, e);
	s->edges[0].block = from - 1;
	s->edges[n + 1].block = to;
	for (size_t i = 0; !k && i < n; i++) {
		k = export_bound(s->x, "month", months[i], false, &s->edges[i + 1].block, e);
		s->edges[i + 1].block--;
	}
	free(months);
	s->count = n + 2;
	for (size_t i = 0; !k && i < s->count; i++)
		k = read_edge(s, &s->edges[i], &known, e);
	if (!k && !known)
		k = err_set(e, ERR_FATAL, "export", 0, "no %s of that name at block %lld",
			kinds[s->of].name, (long long)to);
	return k;
}

/* ---- lines ---- */

static void balances(struct export *x, struct u256 owed, struct u256 capital)
{
	char text[U256_DEC_MAX + 1];

	cell_strn(&x->cells, "balance", text, u256_dec(text, owed));
	cell_strn(&x->cells, "capital", text, u256_dec(text, capital));
}

/* An opening or closing line. */
static enum err_kind edge_line(struct export *x, const char *kind, const struct edge *at, struct err *e)
{
	cells_begin(&x->cells);
	cell_null(&x->cells, "time");
	cell_i64(&x->cells, "block", at->block);
	cell_null(&x->cells, "tx");
	cell_null(&x->cells, "log_index");
	cell_str(&x->cells, "kind", kind);
	for (int i = ACCOUNT; i <= CAPITAL_OUT; i++)
		cell_null(&x->cells, columns[i].name);
	balances(x, at->owed, at->capital);
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
	balances(x, U256_ZERO, U256_ZERO);
	cells_end(&x->cells);
	x->cells.names = false;
}

static bool take(struct export *x, int row, int col, struct u256 *balance, bool more)
{
	struct u256 v;

	return amount(x, row, col, &v) && u256_add_ok(&x->sums[col], x->sums[col], v) &&
	       (more ? u256_add_ok(balance, *balance, v) : u256_sub_ok(balance, *balance, v));
}

static enum err_kind line(struct statement *s, int row, struct err *e)
{
	struct export *x = s->x;

	if (!take(x, row, CREDIT, &s->owed, true) || !take(x, row, DEBIT, &s->owed, false) ||
		!take(x, row, CAPITAL_IN, &s->capital, true) ||
		!take(x, row, CAPITAL_OUT, &s->capital, false))
		return err_set(e, ERR_FATAL, "export", 0,
			"block %lld: the balance would leave the range of amounts",
			(long long)pg_i64(x->pg, row, BLOCK));
	cells_begin(&x->cells);
	for (size_t c = 0; columns[c].name; c++)
		export_cell(x, &columns[c], row, (int)c);
	balances(x, s->owed, s->capital);
	cells_end(&x->cells);
	x->rows++;
	return export_flush(x, e);
}

/* Close months up to the one that `block` is in, and open that. */
static enum err_kind turn_to(struct statement *s, int64_t block, struct err *e)
{
	enum err_kind k = ERR_NONE;

	while (!k && s->at + 1 < s->count && s->edges[s->at + 1].block < block) {
		const struct edge *next = &s->edges[++s->at];

		if (u256_cmp(s->owed, next->owed) || u256_cmp(s->capital, next->capital))
			return err_set(e, ERR_FATAL, "export", 0,
				"the movements do not add up to the state at block %lld: run `bttc-indexer "
				"status`",
				(long long)next->block);
		k = edge_line(s->x, "closing", next, e);
		if (!k && s->at + 1 < s->count)
			k = edge_line(s->x, "opening", next, e);
	}
	return k;
}

static enum err_kind lines(struct statement *s, int64_t from, int64_t to, struct err *e)
{
	struct export *x = s->x;
	struct pg_args a = {0};
	char sql[8192];
	enum err_kind k;
	int n = 1;

	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_i64(&a, from);
	pg_arg_i64(&a, to);
	pg_arg_text(&a, s->key);
	snprintf(sql, sizeof(sql), "DECLARE moves NO SCROLL CURSOR FOR %s", kinds[s->of].moves);
	k = pg_query(x->pg, sql, &a, e);
	snprintf(sql, sizeof(sql), "FETCH %d FROM moves", FETCH_ROWS);
	while (!k && n) {
		k = pg_query(x->pg, sql, NULL, e);
		n = k ? 0 : pg_count(x->pg);
		for (int i = 0; !k && i < n; i++) {
			k = turn_to(s, pg_i64(x->pg, i, BLOCK), e);
			if (!k)
				k = line(s, i, e);
		}
		if (!k && stop_asked())
			k = err_set(e, ERR_STOP, "export", 0, "stopped");
	}
	return k;
}

enum err_kind export_statement(struct export *x, enum statement_of of, const char *key,
	const struct export_range *range, struct err *e)
{
	int64_t to = range->to > x->head ? x->head : range->to;
	struct statement *s = calloc(1, sizeof(*s));
	enum err_kind k;

	if (!s)
		abort();
	if (range->final_only && (!x->has_final || to > x->final))
		to = x->has_final ? x->final : range->from - 1;
	*s = (struct statement){.x = x, .of = of, .key = key};
	if (!(k = read_edges(s, range->from, to, e))) {
		s->owed = s->edges[0].owed;
		s->capital = s->edges[0].capital;
		names(x);
		k = export_flush(x, e);
	}
	if (!k)
		k = edge_line(x, "opening", &s->edges[0], e);
	if (!k)
		k = lines(s, range->from, to, e);
	if (!k)
		k = turn_to(s, INT64_MAX, e);
	free(s);
	return k ? k : export_closing(x, columns, e);
}

enum err_kind export_account_kind(struct export *x, const char *key, enum statement_of *out, struct err *e)
{
	struct pg_args a = {0};
	bool partner, delegator;
	enum err_kind k;

	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_text(&a, key);
	k = pg_query(x->pg,
		"SELECT EXISTS (SELECT FROM ledger.person WHERE chain_id = $1 AND account = $2::bytea AND created),"
		" EXISTS (SELECT FROM ledger.position WHERE chain_id = $1 AND delegator = $2::bytea AND created)",
		&a, e);
	if (k)
		return k;
	partner = pg_i64(x->pg, 0, 0) != 0;
	delegator = pg_i64(x->pg, 0, 1) != 0;
	if (partner && delegator)
		return err_set(e, ERR_FATAL, "export", 0,
			"the account is a partner and a delegator: say which with option \"as\"");
	*out = delegator ? STATEMENT_DELEGATOR : STATEMENT_PARTNER;
	return ERR_NONE;
}
