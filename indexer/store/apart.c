/* A writer whose rows go to temporary tables, and a join of those with the stored ones, column by column. */
#include "store/apart.h"

#include "store/writer_state.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX (1u << 16)

static const struct {
	int table;
	const char *name, *key; /* of the temporary table; the column besides block */
} compared[] = {
	{T_LOG, "decoded_log", "log_index"},
	{T_TX, "decoded_tx", "tx_index"},
	{T_CHECKPOINT, "decoded_checkpoint", "log_index"},
	{T_PARTNERSHIP, "decoded_partnership", "log_index"},
};
#define COMPARED (sizeof(compared) / sizeof(compared[0]))

struct apart {
	struct writer w;
};

void apart_table_name(struct buf *sql, int table)
{
	for (size_t i = 0; i < COMPARED; i++)
		if (compared[i].table == table)
			buf_printf(sql, "pg_temp.%s", compared[i].name);
}

enum err_kind apart_open(
	struct apart **out, struct pg *pg, const struct chain_conf *chain, struct err *e)
{
	struct apart *a = calloc(1, sizeof(*a));
	enum err_kind k = ERR_NONE;

	if (!a)
		abort();
	*out = a;
	a->w.pg = pg;
	a->w.chain = chain;
	a->w.chain_id = (int64_t)chain->chain_id;
	a->w.apart = true;
	for (int t = 0; t < TABLE_COUNT; t++)
		copy_init(&a->w.rows[t], writer_tables[t].count);
	for (size_t i = 0; !k && i < COMPARED; i++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "CREATE TEMP TABLE IF NOT EXISTS %s (LIKE %s)",
			compared[i].name, writer_tables[compared[i].table].name);
		k = pg_exec(pg, sql, e);
	}
	return k;
}

void apart_close(struct apart *a)
{
	if (!a)
		return;
	for (int t = 0; t < TABLE_COUNT; t++)
		copy_free(&a->w.rows[t]);
	free(a);
}

enum err_kind apart_add(
	struct apart *a, const struct block *b, const struct decoded *d, struct err *e)
{
	enum err_kind k = rows_decoded(&a->w, b, d, e);

	for (size_t i = 0; !k && i < COMPARED; i++)
		if (a->w.rows[compared[i].table].b.n > COPY_ROW_MAX / 256)
			return writer_flush(&a->w, e);
	return k;
}

/* "CASE WHEN d.x IS DISTINCT FROM s.x THEN 'x' END, ..." of each column */
static void differing_columns(struct buf *sql, const char *columns)
{
	const char *at = columns;

	while (*at) {
		int n = (int)strcspn(at, ", ");

		buf_printf(sql, "%sCASE WHEN d.%.*s IS DISTINCT FROM s.%.*s THEN '%.*s' END",
			at == columns ? "" : ", ", n, at, n, at, n, at);
		at += n;
		at += strspn(at, ", ");
	}
}

static enum err_kind compare(struct apart *a, size_t i, int64_t to, const char *blocks,
	apart_found *found, void *arg, struct err *e)
{
	const struct writer_table *t = &writer_tables[compared[i].table];
	const char *key = compared[i].key;
	struct pg_args args = {0};
	enum err_kind k;
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql,
		"SELECT * FROM (SELECT block, %s, CASE WHEN s.chain_id IS NULL THEN 'a row is missing' WHEN"
		" d.chain_id IS NULL THEN 'a row is there that the stored logs and calls do not make' ELSE"
		" 'not what the stored logs and calls make: ' || nullif(concat_ws(', ', ",
		key);
	differing_columns(&sql, t->columns);
	buf_printf(&sql,
		"), '') END AS text FROM pg_temp.%s d FULL JOIN (SELECT * FROM %s WHERE chain_id = $1 AND block"
		" <= $2%s) s USING (block, %s)) x WHERE text IS NOT NULL ORDER BY 1, 2 LIMIT 5",
		compared[i].name, t->name, blocks ? " AND block = ANY ($3::bigint[])" : "", key);
	pg_arg_i64(&args, a->w.chain_id);
	pg_arg_i64(&args, to);
	if (blocks)
		pg_arg_text(&args, blocks);
	k = sql.bad ? err_set(e, ERR_FATAL, "store", 0, "a statement is too long")
		    : pg_query(a->w.pg, sql.p, &args, e);
	for (int r = 0; !k && r < pg_count(a->w.pg); r++)
		found(arg, t->name, pg_i64(a->w.pg, r, 0), pg_i64(a->w.pg, r, 1),
			pg_text(a->w.pg, r, 2, NULL));
	buf_free(&sql);
	return k;
}

enum err_kind apart_compare(struct apart *a, int64_t to, const int64_t *blocks, size_t n,
	apart_found *found, void *arg, struct err *e)
{
	enum err_kind k = writer_flush(&a->w, e);
	struct buf list;

	buf_init(&list, COPY_ROW_MAX);
	buf_str(&list, "{");
	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%s%" PRId64, i ? "," : "", blocks[i]);
	buf_str(&list, "}");
	for (size_t i = 0; !k && i < COMPARED; i++)
		k = compare(a, i, to, n ? list.p : NULL, found, arg, e);
	buf_free(&list);
	return k;
}
