/*
 * A period's sums grow while its blocks arrive, so the answer is tagged with the head; a page goes on
 * below the last period that was given out.
 */
#include "api/periods.h"

#include "api/cells.h"
#include "api/cursor.h"
#include "api/list.h"
#include "api/respond.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Days of 270 years: all that a chain can have. */
#define PERIODS_MAX 100000u

enum { INDEXED, HASH, RESETS, KNOWN, START, END, SUMS };

struct answer {
	const struct periods *kind;
	const struct chain_conf *chain;
	struct hash32 bound;
	const char *key;
	unsigned sums;
};

static const char *const INTERVALS[] = {NULL, "day", "week", "month", "year"};

static void statement(struct buf *q, const struct call *c, const struct answer *a)
{
	const char *unit = c->q.interval ? INTERVALS[c->q.interval] : NULL;

	buf_printf(q,
		"WITH " SQL_RESETS
		", h AS MATERIALIZED (SELECT k.number AS indexed, k.hash FROM chain.head n JOIN"
		" ledger.head g ON g.chain_id = n.chain_id JOIN chain.block k ON k.chain_id = n.chain_id"
		" AND k.number = least(n.indexed, g.block) WHERE n.chain_id = $1::int8), p AS (SELECT ");
	if (unit)
		buf_printf(q, "date_trunc('%s', x.time, 'UTC') AS start", unit);
	else
		buf_str(q, "NULL::timestamptz AS start");
	for (unsigned i = 0; i < a->sums; i++)
		buf_printf(q, ", coalesce(sum(x.%s), 0)::text AS s%u", a->kind->sums[i].of, i);
	buf_printf(q,
		" FROM %s x, h WHERE x.chain_id = $1::int8 AND x.%s = $2::%s AND x.block <= h.indexed"
		" AND ($3::int8 IS NULL OR x.time < to_timestamp($3::int8)) GROUP BY 1 ORDER BY 1 DESC"
		" LIMIT $4::int8) SELECT h.indexed, h.hash, r.resets, (%s)::int4::int8, extract(epoch FROM"
		" p.start)::int8, extract(epoch FROM (p.start AT TIME ZONE 'UTC' + '1 %s'::interval) AT"
		" TIME ZONE 'UTC')::int8",
		a->kind->table, a->kind->key, a->kind->key_type,
		a->kind->known ? a->kind->known : "true", unit ? unit : "day");
	for (unsigned i = 0; i < a->sums; i++)
		buf_printf(q, ", p.s%u", i);
	buf_str(q, " FROM r LEFT JOIN h ON true LEFT JOIN p ON true ORDER BY p.start DESC");
}

/* Sums come as text; none where there are no rows at all. */
static void sum_cells(struct cells *out, const struct answer *a, const struct pg_result *res, int row)
{
	for (unsigned i = 0; i < a->sums; i++) {
		struct bytes b = pgres_bytes(res, row, SUMS + (int)i);
		const char *text = b.n ? (const char *)b.p : "0";

		if (a->kind->sums[i].count)
			cell_i64(out, a->kind->sums[i].name, strtoll(text, NULL, 10));
		else
			cell_str(out, a->kind->sums[i].name, text);
	}
}

static void write_period(struct cells *out, const struct answer *a, const struct pg_result *res, int row)
{
	cells_begin(out);
	cell_time(out, "period_start", pgres_i64(res, row, START));
	cell_time(out, "period_end", pgres_i64(res, row, END));
	sum_cells(out, a, res, row);
	cells_end(out);
}

static void write_next(const struct answer *a, const struct pg_result *res, int last, struct jw *w)
{
	char text[CURSOR_TEXT_MAX];
	struct cursor cur = {.n = 1};

	jw_key(w, "next");
	if (last < 0) {
		jw_null(w);
		return;
	}
	cur.pos[0] = (struct cursor_pos){.given = true, .block = (uint64_t)pgres_i64(res, last, START)};
	cursor_encode(&cur, &a->bound, text);
	jw_str(w, text);
}

static int period_count(const struct pg_result *res)
{
	return pgres_rows(res) && !pgres_null(res, 0, START) ? pgres_rows(res) : 0;
}

/* Over all time: one object. */
static void write_total(
	struct call *c, const struct answer *a, const struct pg_result *res, const char *revision)
{
	struct cells out;

	cells_init(&out, FORMAT_JSON, &c->api->body);
	cells_begin(&out);
	cell_i64(&out, "validator_id", c->q.validator_id);
	sum_cells(&out, a, res, 0);
	cell_i64(&out, "block", pgres_i64(res, 0, INDEXED));
	cell_str(&out, "revision", revision);
	cells_end(&out);
}

static void write_json(
	struct call *c, const struct answer *a, const struct pg_result *res, const char *revision)
{
	int n = period_count(res), most = (int)c->q.limit;
	struct cells out;

	cells_init(&out, FORMAT_JSON, &c->api->body);
	jw_obj(&out.w);
	jw_key(&out.w, "data");
	jw_arr(&out.w);
	for (int i = 0; i < n && i < most; i++)
		write_period(&out, a, res, i);
	jw_arr_end(&out.w);
	write_next(a, res, n > most ? most - 1 : -1, &out.w);
	jw_key(&out.w, "revision");
	jw_str(&out.w, revision);
	jw_obj_end(&out.w);
}

static void write_lines(struct call *c, const struct answer *a, const struct pg_result *res)
{
	enum format format = respond_format(c);
	struct cells out;

	cells_init(&out, format, &c->api->body);
	if (format == FORMAT_CSV) {
		out.names = true;
		write_period(&out, a, res, 0);
		out.names = false;
	}
	for (int i = 0; i < period_count(res); i++)
		write_period(&out, a, res, i);
}

static void fresh(struct call *c, const struct pg_result *res, const char *revision, struct freshness *f)
{
	struct buf *b = &c->api->small;
	struct bytes hash = pgres_bytes(res, 0, HASH);

	*f = (struct freshness){.revision = revision};
	buf_clear(b);
	buf_printf(b, "%s|", revision);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "|%u|%u|%d|%lld|", c->q.interval, c->q.limit, (int)respond_format(c),
		(long long)pgres_i64(res, 0, INDEXED));
	buf_add(b, c->q.cursor.p, c->q.cursor.n);
	buf_hex(b, hash.p, hash.n);
	respond_tag(&f->tag, b);
}

static void on_periods(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	const struct answer *a = c->state;
	enum format format = respond_format(c);
	struct freshness f;
	char revision[64];

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	list_revision(revision, c->api, pgres_i64(res, 0, RESETS));
	fresh(c, res, revision, &f);
	if (!pgres_i64(res, 0, KNOWN)) {
		respond_problem(c, 404, NULL, "%s", a->kind->absent);
		return;
	}
	if (respond_cached(c, &f))
		return;
	buf_clear(&c->api->body);
	if (format == FORMAT_JSON || !c->q.interval) {
		if (c->q.interval)
			write_json(c, a, res, revision);
		else
			write_total(c, a, res, revision);
		respond_json(c, 200, &f);
		return;
	}
	write_lines(c, a, res);
	respond_text(c, 200, format == FORMAT_CSV ? "text/csv; charset=utf-8; header=present"
						  : "application/x-ndjson",
		c->api->body.p, c->api->body.n);
}

static bool take_cursor(struct call *c, const struct answer *a, const char **below)
{
	struct cursor cur;

	*below = NULL;
	if (!(c->q.given & PARAM_BIT(PARAM_CURSOR)))
		return true;
	if (!cursor_decode(&cur, &a->bound, c->q.cursor.p, c->q.cursor.n) || cur.n != 1) {
		respond_problem(c, 400, "cursor", "is no cursor of this path with this interval");
		return false;
	}
	*below = arena_printf(c->mem, "%lld", (long long)cur.pos[0].block);
	return true;
}

static bool only_interval(struct call *c)
{
	static const enum param others[] = {PARAM_ORDER, PARAM_FROM, PARAM_TO, PARAM_FINALITY,
		PARAM_VERIFICATION};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (c->q.given & PARAM_BIT(others[i])) {
			respond_problem(c, 400, param_name(others[i]), "does not go with `interval`");
			return false;
		}
	return true;
}

void periods_answer(struct call *c, const struct periods *kind, const char *key)
{
	struct answer *a = arena_calloc(c->mem, 1, sizeof(*a));
	struct buf *b = &c->api->small, q;
	const char *values[4];

	*a = (struct answer){.kind = kind, .chain = network_staking(c->api->net), .key = key};
	c->state = a;
	while (a->sums < PERIOD_SUMS_MAX && kind->sums[a->sums].name)
		a->sums++;
	buf_clear(b);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "?interval=%u", c->q.interval);
	respond_tag(&a->bound, b);
	if (!only_interval(c) || !take_cursor(c, a, &values[2]))
		return;
	values[0] = a->chain ? arena_printf(c->mem, "%llu", (unsigned long long)a->chain->chain_id) : NULL;
	values[1] = key;
	values[3] = arena_printf(c->mem, "%u",
		respond_format(c) == FORMAT_JSON ? c->q.limit + 1 : PERIODS_MAX);
	buf_init(&q, 8192);
	statement(&q, c, a);
	/* sums over years take long: no page waits behind them */
	call_ask(c, true, arena_strdup(c->mem, q.p), 4, values, on_periods);
	buf_free(&q);
}
