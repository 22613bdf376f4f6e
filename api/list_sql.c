/*
 * Builds the list statement. Its parts, in order:
 *   u     the listed chains with their positions and chain.head
 *   slow  (several chains) the indexed time of the slowest
 *   r     resets, for the revision
 *   c     per chain the newest and oldest block to list, and whether the guard holds
 *   b     the same as row bounds: lo is excluded, hi included
 *   x     the rows, by a lateral join that walks one index and stops at the limit
 * Times become blocks by binary search over chain.block: blocks are contiguous and times do not
 * fall.
 */
#include "api/list_sql.h"

#include <string.h>

#define LOG_MAX "2147483647"

void sql_init(struct sql *s, struct arena *mem)
{
	*s = (struct sql){.mem = mem};
	buf_init(&s->text, 16384);
}

void sql_free(struct sql *s)
{
	buf_free(&s->text);
}

void sql_param(struct sql *s, const char *value, const char *type)
{
	if (s->n == SQL_VALUES_MAX) {
		s->text.bad = true;
		return;
	}
	s->values[s->n++] = value;
	buf_printf(&s->text, "$%d::%s", s->n, type);
}

static void add(struct sql *s, const char *text)
{
	buf_str(&s->text, text);
}

static void add_chains(struct sql *s, const struct list_plan *p)
{
	add(s, "WITH u AS (SELECT v.*, h.indexed, h.indexed_hash, h.indexed_time, h.safe, h.final"
	       " FROM unnest(");
	sql_param(s, p->chain_ids, "int8[]");
	add(s, ", ");
	sql_param(s, p->first_blocks, "int8[]");
	add(s, ", ");
	sql_param(s, p->pos_blocks, "int8[]");
	add(s, ", ");
	sql_param(s, p->pos_logs, "int4[]");
	add(s, ", ");
	sql_param(s, p->guard_blocks, "int8[]");
	add(s, ", ");
	sql_param(s, p->guard_hashes, "bytea[]");
	add(s, ", ");
	sql_param(s, p->finality, "int2[]");
	add(s, ", ");
	sql_param(s, p->tops, "int8[]");
	add(s, ") WITH ORDINALITY AS v(chain_id, first, pos_b, pos_l, guard_b, guard_h, fin, most, "
	       "ord)"
	       " LEFT JOIN ");
	add(s, p->ledger
		       ? "LATERAL (SELECT k.number AS indexed, k.hash AS indexed_hash, k.time AS"
			 " indexed_time, n.safe, n.final FROM chain.head n JOIN ledger.head g ON"
			 " g.chain_id = n.chain_id JOIN chain.block k ON k.chain_id = n.chain_id AND"
			 " k.number = least(n.indexed, g.block) WHERE n.chain_id = v.chain_id) h ON true), "
		       : "chain.head h ON h.chain_id = v.chain_id), ");
	if (p->several)
		add(s, "slow AS (SELECT CASE WHEN count(*) = count(indexed_time) THEN "
		       "min(indexed_time) END"
		       " AS t FROM u), ");
	add(s, SQL_RESETS ", ");
}

/* Newest indexed block whose time is before (or at) a time; the block before the first: none. */
static void add_search(struct sql *s, const char *op, const char *time)
{
	buf_printf(&s->text,
		"(WITH RECURSIVE s(lo, hi) AS (SELECT CASE WHEN u.indexed_time %s %s THEN u.indexed"
		" ELSE u.first - 1 END, u.indexed + 1 UNION ALL"
		" SELECT CASE WHEN g.time %s %s THEN g.number ELSE s.lo END,"
		" CASE WHEN g.time %s %s THEN s.hi ELSE g.number END"
		" FROM s JOIN chain.block g ON g.chain_id = u.chain_id AND g.number = (s.lo + "
		"s.hi) / 2"
		" WHERE s.hi - s.lo > 1) SELECT s.lo FROM s WHERE s.hi - s.lo = 1)",
		op, time, op, time, op, time);
}

static const char *add_time(struct sql *s, int64_t value)
{
	s->values[s->n++] = arena_printf(s->mem, "%lld", (long long)value);
	return arena_printf(s->mem, "to_timestamp($%d::int8)", s->n);
}

static void add_top(struct sql *s, const struct list_plan *p)
{
	add(s, "CASE WHEN u.indexed IS NULL THEN -1 ELSE LEAST(u.indexed, u.most, CASE u.fin WHEN "
	       "1 THEN"
	       " coalesce(u.safe, -1) WHEN 2 THEN coalesce(u.final, -1) WHEN 3 THEN -1 END");
	if (p->to.kind == WHEN_BLOCK) {
		add(s, ", ");
		sql_param(s, arena_printf(s->mem, "%lld", (long long)p->to.value), "int8");
	}
	if (p->several || p->to.kind == WHEN_TIME) {
		const char *to = p->to.kind == WHEN_TIME ? add_time(s, p->to.value) : NULL;
		const char *t = !p->several ? to
				: !to       ? "slow.t"
					    : arena_printf(s->mem,
						      "(CASE WHEN slow.t < %s THEN slow.t WHEN slow.t >= "
							    "%s THEN %s END)",
						      to, to, to);

		add(s, ", coalesce(");
		add_search(s, "<=", t);
		add(s, ", -1)");
	}
	add(s, ") END AS top, ");
	if (p->from.kind == WHEN_BLOCK) {
		sql_param(s, arena_printf(s->mem, "%lld", (long long)p->from.value), "int8");
		add(s, " - 1");
	} else if (p->from.kind == WHEN_TIME) {
		add(s, "coalesce(");
		add_search(s, "<", add_time(s, p->from.value));
		add(s, ", u.indexed)");
	} else {
		add(s, "-1::int8");
	}
	add(s, " AS low");
}

/* The chain of the row at hand. A parameter where there is one chain: the server then forgets the
 * partitions of the others when it starts, not row by row. */
static const char *chain_of(const struct sql *s, const char *alias)
{
	return s->chain ? s->chain : arena_printf(s->mem, "%s.chain_id", alias);
}

static void add_bounds(struct sql *s, const struct list_plan *p)
{
	buf_printf(&s->text,
		"c AS MATERIALIZED (SELECT u.*, (u.guard_h IS NULL OR EXISTS (SELECT FROM "
		"chain.block g"
		" WHERE g.chain_id = %s AND g.number = u.guard_b AND g.hash = u.guard_h"
		" AND g.number <= u.indexed)) AS guard_ok, ",
		chain_of(s, "u"));
	add_top(s, p);
	add(s, p->several ? " FROM u CROSS JOIN slow), " : " FROM u), ");
	if (p->ascending)
		add(s, "b AS (SELECT c.*, coalesce(c.pos_b, c.low) AS lo_b, "
		       "coalesce(c.pos_l, " LOG_MAX ")"
		       " AS lo_l, c.top AS hi_b, " LOG_MAX " AS hi_l FROM c) ");
	else
		add(s, "b AS (SELECT c.*, c.low AS lo_b, " LOG_MAX
		       " AS lo_l, LEAST(c.pos_b, c.top) AS hi_b,"
		       " CASE WHEN c.pos_b <= c.top THEN c.pos_l - 1 ELSE " LOG_MAX
		       " END AS hi_l FROM c) ");
}

/* Bounds of the table alias x, led by a column or by nothing. */
static void add_between(struct sql *s, const char *lead, const char *value, const char *type)
{
	static const char *const ends[][3] = {
		{">", "b.lo_b", "b.lo_l"}, {"<=", "b.hi_b", "b.hi_l"}};
	int at = 0;

	for (int i = 0; i < 2; i++) {
		buf_printf(&s->text, " AND (%s%sx.block, x.log_index) %s (", lead ? lead : "",
			lead ? ", " : "", ends[i][0]);
		if (lead && !type)
			buf_printf(&s->text, "%s, ", value);
		else if (lead && !at) {
			sql_param(s, value, type);
			add(s, ", ");
			at = s->n;
		} else if (lead)
			buf_printf(&s->text, "$%d::%s, ", at, type);
		buf_printf(&s->text, "%s, %s)", ends[i][1], ends[i][2]);
	}
}

static void add_filters(struct sql *s, const struct list_plan *p)
{
	if (p->child && p->checkpointed)
		buf_printf(&s->text, " AND (b.fin <> %d OR ledger.is_checkpointed(x.block))",
			LIST_CHECKPOINTED);
	for (size_t i = 0; i < p->filter_count; i++) {
		buf_printf(&s->text, " AND x.%s = ", p->filters[i].column);
		sql_param(s, p->filters[i].value, p->filters[i].type);
	}
	if (p->verification > LEVEL_TRUSTED) {
		add(s, " AND k.level >= ");
		sql_param(s, arena_printf(s->mem, "%d", p->verification), "int2");
		add(s, " AND EXISTS (SELECT FROM chain.level_count n WHERE n.chain_id = b.chain_id"
		       " AND n.blocks > 0 AND n.level >= ");
		sql_param(s, s->values[s->n - 1], "int2");
		add(s, ")");
	}
}

static void add_order(struct sql *s, const struct list_plan *p, const char *lead, const char *alias)
{
	const char *way = p->ascending ? "" : " DESC";

	add(s, " ORDER BY ");
	if (lead)
		buf_printf(&s->text, "%s%s, ", lead, way);
	buf_printf(&s->text, "%s.block%s, %s.log_index%s LIMIT ", alias, way, alias, way);
	sql_param(s, arena_printf(s->mem, "%u", p->rows), "int8");
}

/* Subqueries with a LIMIT stay what they are: one probe of one primary key for each row. */
static void add_block(struct sql *s)
{
	buf_printf(&s->text,
		" CROSS JOIN LATERAL (SELECT g.hash, g.time, g.level FROM chain.block g"
		" WHERE g.chain_id = %s AND g.number = x.block LIMIT 1) k",
		chain_of(s, "x"));
}

static void add_select(struct sql *s, const struct list_plan *p)
{
	buf_printf(&s->text,
		"SELECT x.block, x.log_index, k.hash, extract(epoch FROM k.time)::int8 AS time,"
		" k.level, x.tx, ");
	if (p->child)
		buf_printf(&s->text, "x.chain_id = %s::int8 AND ledger.is_checkpointed(x.block)", p->child);
	else
		add(s, "false");
	buf_printf(&s->text, " AS covered%s FROM ", p->columns);
}

/* The first rows of one range of the index that `lead` leads: of several ranges only their keys. */
static void add_range(struct sql *s, const struct list_plan *p, const char *lead)
{
	buf_printf(&s->text, "SELECT %s FROM %s x", p->contract ? "x.block, x.log_index" : "x.*",
		p->table);
	if (p->verification > LEVEL_TRUSTED)
		add_block(s);
	buf_printf(&s->text, " WHERE x.chain_id = %s", chain_of(s, "b"));
	if (lead) /* implied by the bounds; said for partial indexes */
		buf_printf(&s->text, " AND %s IS NOT NULL", lead);
	if (p->contract)
		add_between(s, lead, "a.address", NULL);
	else
		add_between(s, lead, p->drive.value, p->drive.type);
	add_filters(s, p);
	add_order(s, p, lead, "x");
}

/* Of all addresses of a contract: the first keys of each address, then the first of all. */
static void add_contract_keys(struct sql *s, const struct list_plan *p)
{
	add(s, "SELECT m.block, m.log_index FROM (SELECT unnest(");
	sql_param(s, p->addresses, "bytea[]");
	add(s, ") AS address UNION SELECT ct.address FROM chain.contract ct WHERE"
	       " ct.chain_id = b.chain_id AND ct.contract = ");
	sql_param(s, p->contract, "text");
	add(s, ") a CROSS JOIN LATERAL (");
	add_range(s, p, "x.address");
	add(s, ") m");
	add_order(s, p, NULL, "m");
}

/* The literal LIMIT tells the planner that there are few. */
static void add_rows(struct sql *s, const struct list_plan *p)
{
	add_select(s, p);
	add(s, "(SELECT w.* FROM (");
	if (p->contract)
		add_contract_keys(s, p);
	else
		add_range(s, p,
			p->drive.column ? arena_printf(s->mem, "x.%s", p->drive.column) : NULL);
	buf_printf(&s->text, ") w LIMIT %d) ", LIST_ROWS_MAX);
	if (p->contract)
		buf_printf(&s->text,
			"o CROSS JOIN LATERAL (SELECT * FROM %s g WHERE g.chain_id = %s"
			" AND g.block = o.block AND g.log_index = o.log_index LIMIT 1) ",
			p->table, chain_of(s, "b"));
	add(s, "x");
	add_block(s);
}

void list_sql(struct sql *s, const struct list_plan *p)
{
	if (p->only_chain) {
		s->values[s->n++] = p->only_chain;
		s->chain = arena_printf(s->mem, "$%d::int8", s->n);
	}
	add_chains(s, p);
	add_bounds(s, p);
	add(s, "SELECT b.ord, b.indexed, b.indexed_hash, b.safe, b.final, r.resets, b.guard_ok,"
	       " b.top::int8, y.* FROM b CROSS JOIN r LEFT JOIN LATERAL (");
	add_rows(s, p);
	buf_printf(&s->text, ") y ON b.guard_ok ORDER BY b.ord, y.block%s, y.log_index%s",
		p->ascending ? "" : " DESC", p->ascending ? "" : " DESC");
}
