/*
 * A cursor in a read-only transaction of isolation REPEATABLE READ gives the rows, some thousand at a time:
 * memory does not grow with their number, and no fork falls between two of them.
 */
#include "bin/export.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/stop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_ROWS 4000
#define LINE_MAX_  (1u << 20)

enum err_kind export_begin(struct export *x, const char *url, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;
	size_t n;
	const char *p;

	buf_init(&x->line, LINE_MAX_);
	if ((k = pg_open(&x->pg, url, "bttc-indexer export", e)) ||
		(k = pg_exec(x->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e)))
		return k;
	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	k = pg_query(x->pg,
		"SELECT b.number, b.hash, extract(epoch FROM b.time)::bigint, h.final, l.rules FROM chain.head"
		" h JOIN ledger.head l ON l.chain_id = h.chain_id JOIN chain.block b ON b.chain_id = h.chain_id"
		" AND b.number = least(h.indexed, l.block) WHERE h.chain_id = $1",
		&a, e);
	if (k)
		return k;
	if (!pg_count(x->pg))
		return err_set(e, ERR_FATAL, "export", 0, "chain %s: nothing is indexed yet", x->chain->key);
	x->head = pg_i64(x->pg, 0, 0);
	p = pg_text(x->pg, 0, 1, &n);
	memcpy(x->hash.b, p, n < 32 ? n : 32);
	x->head_time = pg_i64(x->pg, 0, 2);
	x->has_final = !pg_null(x->pg, 0, 3);
	x->final = pg_i64(x->pg, 0, 3);
	snprintf(x->revision, sizeof(x->revision), "%.79s", pg_text(x->pg, 0, 4, NULL));
	return ERR_NONE;
}

void export_end(struct export *x)
{
	pg_close(x->pg);
	buf_free(&x->line);
}

/* ---- bounds ---- */

static enum err_kind time_of(struct export *x, int64_t block, int64_t *out, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_i64(&a, block);
	k = pg_query(x->pg,
		"SELECT extract(epoch FROM time)::bigint FROM chain.block WHERE chain_id = $1 AND number = $2",
		&a, e);
	*out = !k && pg_count(x->pg) ? pg_i64(x->pg, 0, 0) : 0;
	return k;
}

/* First block whose time is at or after t; one above the head: none. Times do not fall. */
static enum err_kind first_at(struct export *x, int64_t t, int64_t *out, struct err *e)
{
	int64_t low = (int64_t)x->chain->first_block, high = x->head + 1, at;
	enum err_kind k;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;

		if ((k = time_of(x, mid, &at, e)))
			return k;
		if (at < t)
			low = mid + 1;
		else
			high = mid;
	}
	*out = low;
	return ERR_NONE;
}

enum err_kind export_bound(
	struct export *x, const char *name, const char *text, bool upper, int64_t *out, struct err *e)
{
	int64_t t = 0, block;
	enum err_kind k;
	char *end;

	errno = 0;
	block = strtoll(text, &end, 10);
	if (*text && !*end && !errno && block >= 0) {
		*out = block;
		return ERR_NONE;
	}
	if (clock_parse_rfc3339(&t, text, strlen(text)))
		return err_set(e, ERR_FATAL, "export", 0,
			"option \"%s\": \"%.40s\" is neither a block number nor a time like "
			"2024-01-31T00:00:00Z",
			name, text);
	k = first_at(x, upper ? t + 1 : t, out, e);
	*out -= upper;
	return k;
}

/* ---- lines ---- */

enum err_kind export_flush(struct export *x, struct err *e)
{
	if (x->line.bad)
		return err_set(e, ERR_FATAL, "export", 0, "a row is over %u bytes", LINE_MAX_);
	if (x->line.n && fwrite(x->line.p, 1, x->line.n, x->out) != x->line.n)
		return err_set(e, ERR_FATAL, "export", errno, "can not write: %s", strerror(errno));
	buf_clear(&x->line);
	return ERR_NONE;
}

void export_cell(struct export *x, const struct export_column *c, int row, int col)
{
	bool null = row < 0 || pg_null(x->pg, row, col);
	size_t n = 0;
	const char *p = null ? NULL : pg_text(x->pg, row, col, &n);

	switch (c->type) {
	case EXPORT_TEXT:
	case EXPORT_AMOUNT:
	case EXPORT_BALANCE: cell_strn(&x->cells, c->name, p, n); break;
	case EXPORT_ADDRESS:
		cell_address(&x->cells, c->name, n == 20 ? (const uint8_t *)p : NULL,
			x->chain->kind == CHAIN_TRON);
		break;
	case EXPORT_HEX: cell_hex(&x->cells, c->name, p, n); break;
	case EXPORT_INT:
		if (null)
			cell_null(&x->cells, c->name);
		else
			cell_i64(&x->cells, c->name, pg_i64(x->pg, row, col));
		break;
	case EXPORT_TIME: cell_time(&x->cells, c->name, null ? 0 : pg_i64(x->pg, row, col)); break;
	case EXPORT_BOOL: cell_bool(&x->cells, c->name, !null && pg_i64(x->pg, row, col)); break;
	}
}

void export_names(struct export *x, const struct export_column *columns)
{
	cells_init(&x->cells, x->format, &x->line);
	if (x->format != FORMAT_CSV)
		return;
	x->cells.names = true;
	cells_begin(&x->cells);
	for (size_t i = 0; columns[i].name; i++)
		export_cell(x, &columns[i], -1, (int)i);
	cells_end(&x->cells);
	x->cells.names = false;
}

static enum err_kind add_sums(struct export *x, const struct export_column *columns, int row, struct err *e)
{
	for (size_t i = 0; columns[i].name; i++) {
		struct u256 v;
		size_t n;
		const char *p;

		if (columns[i].type != EXPORT_AMOUNT || pg_null(x->pg, row, (int)i))
			continue;
		p = pg_text(x->pg, row, (int)i, &n);
		if (!u256_parse_dec(&v, p, n) || !u256_add_ok(&x->sums[i], x->sums[i], v))
			return err_set(
				e, ERR_FATAL, "export", 0, "the sum of %s is over 2^256", columns[i].name);
	}
	return ERR_NONE;
}

enum err_kind export_closing(struct export *x, const struct export_column *columns, struct err *e)
{
	char text[U256_DEC_MAX + 1], time[32];
	struct jw w;

	if (x->format == FORMAT_CSV)
		buf_str(&x->line, "# ");
	jw_init(&w, &x->line);
	jw_obj(&w);
	jw_key(&w, "summary");
	jw_obj(&w);
	jw_key(&w, "rows");
	jw_u64(&w, x->rows);
	jw_key(&w, "sums");
	jw_obj(&w);
	for (size_t i = 0; columns[i].name; i++) {
		if (columns[i].type != EXPORT_AMOUNT)
			continue;
		jw_key(&w, columns[i].name);
		text[u256_dec(text, x->sums[i])] = 0;
		jw_str(&w, text);
	}
	jw_obj_end(&w);
	jw_key(&w, "chain");
	jw_str(&w, x->chain->key);
	jw_key(&w, "head");
	jw_i64(&w, x->head);
	jw_key(&w, "head_hash");
	jw_hex(&w, x->hash.b, 32);
	clock_rfc3339(time, x->head_time);
	jw_key(&w, "head_time");
	jw_str(&w, time);
	jw_key(&w, "final");
	if (x->has_final)
		jw_i64(&w, x->final);
	else
		jw_null(&w);
	jw_key(&w, "revision");
	jw_str(&w, x->revision);
	jw_obj_end(&w);
	jw_obj_end(&w);
	buf_str(&x->line, x->format == FORMAT_CSV ? "\r\n" : "\n");
	return export_flush(x, e);
}

/* ---- rows ---- */

static void declare_sql(struct buf *q, const struct export_kind *kind, bool keyed)
{
	buf_str(q, "DECLARE rows NO SCROLL CURSOR FOR SELECT ");
	for (size_t i = 0; kind->columns[i].name; i++)
		buf_printf(q, "%s%s", i ? ", " : "", kind->columns[i].sql);
	buf_printf(q,
		" FROM %s x JOIN chain.block k ON k.chain_id = x.chain_id AND k.number = x.block JOIN chain.head h"
		" ON h.chain_id = x.chain_id WHERE x.chain_id = $1 AND x.block BETWEEN $2 AND $3",
		kind->table);
	if (keyed)
		buf_printf(q, " AND x.%s = $4::%s", kind->key, kind->key_type);
	else
		buf_str(q, " AND $4::text IS NULL");
	buf_str(q, " ORDER BY x.block, x.log_index");
}

static enum err_kind declare(struct export *x, const struct export_kind *kind, const char *key,
	const struct export_range *range, struct err *e)
{
	int64_t to = range->to > x->head ? x->head : range->to;
	struct pg_args a = {0};
	enum err_kind k;
	struct buf q;

	if (range->final_only && (!x->has_final || to > x->final))
		to = x->has_final ? x->final : -1;
	pg_arg_i64(&a, (int64_t)x->chain->chain_id);
	pg_arg_i64(&a, range->from);
	pg_arg_i64(&a, to);
	pg_arg_text(&a, key);
	buf_init(&q, 16384);
	declare_sql(&q, kind, key != NULL);
	k = pg_query(x->pg, q.p, &a, e);
	buf_free(&q);
	return k;
}

enum err_kind export_rows(struct export *x, const struct export_kind *kind, const char *key,
	const struct export_range *range, struct err *e)
{
	char fetch[48];
	enum err_kind k = declare(x, kind, key, range, e);
	bool more = true;

	snprintf(fetch, sizeof(fetch), "FETCH %d FROM rows", FETCH_ROWS);
	if (!k) {
		export_names(x, kind->columns);
		k = export_flush(x, e);
	}
	while (!k && more) {
		k = pg_query(x->pg, fetch, NULL, e);
		more = !k && pg_count(x->pg) > 0;
		for (int i = 0; !k && i < pg_count(x->pg); i++) {
			cells_begin(&x->cells);
			for (size_t c = 0; kind->columns[c].name; c++)
				export_cell(x, &kind->columns[c], i, (int)c);
			cells_end(&x->cells);
			x->rows++;
			if (!(k = add_sums(x, kind->columns, i, e)))
				k = export_flush(x, e);
		}
		if (!k && stop_asked())
			k = err_set(e, ERR_STOP, "export", 0, "stopped");
	}
	return k ? k : export_closing(x, kind->columns, e);
}
