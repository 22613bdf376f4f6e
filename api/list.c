/*
 * A page: one question, then the rows of each chain (already in order) merged and cut at the limit.
 * The next cursor holds a position for every listed chain, so nothing is passed over when chains
 * move at different speeds; each position carries the hash of its block, and a fork that took that
 * block away is answered with 409 and the newest block that is still good.
 *
 * A stream is pages without a limit: each is asked for when the client has taken the one before.
 * Its newest block is fixed by the first page. When a fork takes away rows that were sent, the
 * connection is cut, because what the client has is no longer the whole truth of any moment.
 */
#include "api/list.h"

#include "api/cursor.h"
#include "api/respond.h"
#include "base/hex.h"

#include <stdio.h>
#include <string.h>

#define STREAM_ROWS (LIST_ROWS_MAX - 1)
#define BODY_SOFT   (8u * 1024 * 1024) /* a page ends early rather than growing beyond this */

struct listed {
	const struct chain_conf *chain;
	bool barren; /* can have no such rows */
	struct cursor_pos pos;
	bool guarded; /* newest row sent: its block must stay canonical */
	uint64_t guard_block;
	struct hash32 guard_hash;
	bool topped; /* stream: newest block to list */
	int64_t top;
	/* of the result at hand */
	int next_row, end_row; /* rows not yet taken */
	int head_row;          /* any row, for the head columns */
};

struct list {
	const struct list_kind *kind;
	enum format format;
	size_t n;
	struct listed chains[CURSOR_CHAINS];
	struct hash32 bound;
	bool streaming; /* headers are sent */
	bool lasting;   /* no row written so far may change once final */
};

static void ask_page(struct call *c);

/* -------- small things -------- */

const char *list_bytea(struct arena *mem, const void *p, size_t n)
{
	char *out = arena_alloc(mem, 2 * n + 3);

	memcpy(out, "\\x", 2);
	hex_encode(out + 2, p, n);
	out[2 + 2 * n] = 0;
	return out;
}

void list_revision(char out[64], const struct api *api, int64_t resets)
{
	int64_t overrides = resets >> 32;
	int n = snprintf(out, 64, "%.32s-%d.%lld", api->net->revision, API_RULES,
		(long long)(resets & UINT32_MAX));

	if (overrides)
		snprintf(out + n, 64 - (size_t)n, ".%lld", (long long)overrides);
}

static int64_t num(const struct list_row *row, int col)
{
	return pgres_i64(row->res, row->at, col);
}

static bool is_final(const struct list_row *row)
{
	return row->chain->kind != CHAIN_BTTC && !pgres_null(row->res, row->at, LIST_FINAL_BLOCK) &&
	       num(row, LIST_BLOCK) <= num(row, LIST_FINAL_BLOCK);
}

static const char *finality_text(const struct list_row *row)
{
	if (is_final(row))
		return "final";
	if (row->chain->kind == CHAIN_BTTC && !pgres_null(row->res, row->at, LIST_COVERED) &&
		pgres_bool(row->res, row->at, LIST_COVERED))
		return "checkpointed";
	if (!pgres_null(row->res, row->at, LIST_SAFE_BLOCK) &&
		num(row, LIST_BLOCK) <= num(row, LIST_SAFE_BLOCK))
		return "safe";
	return "pending";
}

/* -------- cells -------- */

void list_hex_cell(struct cells *out, const char *name, const struct list_row *row, int col)
{
	struct bytes b = pgres_bytes(row->res, row->at, col);

	cell_hex(out, name, b.p, b.n);
}

void list_int_cell(struct cells *out, const char *name, const struct list_row *row, int col)
{
	if (pgres_null(row->res, row->at, col))
		cell_null(out, name);
	else
		cell_i64(out, name, num(row, col));
}

void list_text_cell(struct cells *out, const char *name, const struct list_row *row, int col)
{
	struct bytes b = pgres_bytes(row->res, row->at, col);

	cell_strn(out, name, (const char *)b.p, b.n);
}

void list_address_cell(struct cells *out, const char *name, const struct list_row *row, int col)
{
	struct bytes b = pgres_bytes(row->res, row->at, col);

	cell_address(out, name, b.n == 20 ? b.p : NULL, row->chain->kind == CHAIN_TRON);
}

void list_common_cells(struct cells *out, const struct list_row *row)
{
	cell_str(out, "chain", row->chain->key);
	list_int_cell(out, "block", row, LIST_BLOCK);
	list_hex_cell(out, "block_hash", row, LIST_HASH);
	cell_time(out, "time", num(row, LIST_TIME));
	list_hex_cell(out, "tx", row, LIST_TX);
	list_int_cell(out, "log_index", row, row->log_index);
	cell_str(out, "finality", finality_text(row));
	cell_str(out, "verification", level_name((enum level)num(row, LIST_LEVEL)));
}

/* -------- the question -------- */

/* One element a chain, as a PostgreSQL array literal. */
static const char *array_of(struct call *c, const struct list *l, struct arena *mem,
	void (*put)(struct buf *b, const struct call *c, const struct listed *at))
{
	struct buf *b = &c->api->small;

	buf_clear(b);
	buf_chr(b, '{');
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_chr(b, ',');
		put(b, c, &l->chains[i]);
	}
	buf_chr(b, '}');
	return arena_strdup(mem, b->p);
}

static void put_chain_id(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	buf_u64(b, at->chain->chain_id);
}

static void put_first_block(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	buf_u64(b, at->chain->first_block);
}

static void put_or_null(struct buf *b, bool given, uint64_t v)
{
	if (given)
		buf_u64(b, v);
	else
		buf_str(b, "NULL");
}

static void put_pos_block(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	put_or_null(b, at->pos.given, at->pos.block);
}

static void put_pos_log(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	put_or_null(b, at->pos.given, at->pos.log_index);
}

static void put_guard_block(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	put_or_null(b, at->guarded, at->guard_block);
}

static void put_guard_hash(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	if (!at->guarded) {
		buf_str(b, "NULL");
		return;
	}
	buf_str(b, "\"\\\\x");
	buf_hex(b, at->guard_hash.b, sizeof(at->guard_hash.b));
	buf_chr(b, '"');
}

static void put_finality(struct buf *b, const struct call *c, const struct listed *at)
{
	int v = at->barren                          ? LIST_NONE
		: c->q.finality == FINALITY_PENDING ? LIST_ANY
		: c->q.finality == FINALITY_SAFE    ? LIST_SAFE
		: at->chain->kind == CHAIN_BTTC     ? LIST_CHECKPOINTED
						    : LIST_FINAL;

	buf_i64(b, v);
}

static void put_top(struct buf *b, const struct call *c, const struct listed *at)
{
	(void)c;
	if (at->topped)
		buf_i64(b, at->top);
	else
		buf_str(b, "NULL");
}

static void make_plan(struct call *c, struct list *l, struct arena *mem, struct list_plan *p)
{
	*p = (struct list_plan){
		.mem = mem,
		.table = l->kind->table,
		.columns = l->kind->columns,
		.ascending = c->q.ascending,
		.ledger = l->kind->ledger,
		.several = l->n > 1,
		.only_chain = l->n > 1 ? NULL
				       : arena_printf(mem, "%llu",
						 (unsigned long long)l->chains[0].chain->chain_id),
		.from = c->q.from,
		.to = c->q.to,
		.verification = c->q.verification,
		.rows = l->format == FORMAT_JSON ? c->q.limit + 1 : STREAM_ROWS + 1,
		.chain_ids = array_of(c, l, mem, put_chain_id),
		.first_blocks = array_of(c, l, mem, put_first_block),
		.pos_blocks = array_of(c, l, mem, put_pos_block),
		.pos_logs = array_of(c, l, mem, put_pos_log),
		.guard_blocks = array_of(c, l, mem, put_guard_block),
		.guard_hashes = array_of(c, l, mem, put_guard_hash),
		.finality = array_of(c, l, mem, put_finality),
		.tops = array_of(c, l, mem, put_top),
	};
	for (size_t i = 0; i < l->n; i++)
		if (l->chains[i].chain->kind == CHAIN_BTTC)
			p->child = arena_printf(mem, "%llu",
				(unsigned long long)l->chains[i].chain->chain_id);
	p->checkpointed = c->q.finality == FINALITY_FINAL;
	l->kind->plan(c, p);
}

/* -------- the rows -------- */

/* Where each chain's rows are in the result; a chain without rows has one line of heads. */
static void index_rows(struct list *l, const struct pg_result *res)
{
	for (size_t i = 0; i < l->n; i++)
		l->chains[i].head_row = -1;
	for (int r = 0; r < pgres_rows(res); r++) {
		struct listed *at = &l->chains[pgres_i64(res, r, LIST_ORD) - 1];

		if (at->head_row < 0)
			at->head_row = at->next_row = r;
		at->end_row = pgres_null(res, r, LIST_BLOCK) ? r : r + 1;
	}
}

/* Chain with the next row in list order, or NULL. Ties go by the order of chains. */
static struct listed *next_chain(const struct call *c, struct list *l, const struct pg_result *res)
{
	struct listed *best = NULL;
	int64_t best_time = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct listed *at = &l->chains[c->q.ascending ? i : l->n - 1 - i];
		int64_t t;

		if (at->next_row >= at->end_row)
			continue;
		t = pgres_i64(res, at->next_row, LIST_TIME);
		if (!best || (c->q.ascending ? t < best_time : t > best_time)) {
			best = at;
			best_time = t;
		}
	}
	return best;
}

static void take_hash(struct hash32 *out, const struct pg_result *res, int row)
{
	struct bytes b = pgres_bytes(res, row, LIST_HASH);

	if (b.n == sizeof(out->b))
		memcpy(out->b, b.p, b.n);
}

/* The row at next_row is sent: move the position, and the guard to the newest block sent. */
static void advance(struct listed *at, const struct pg_result *res, bool streaming)
{
	int r = at->next_row++;
	uint64_t block = (uint64_t)pgres_i64(res, r, LIST_BLOCK);

	at->pos = (struct cursor_pos){.given = true,
		.guarded = true,
		.block = block,
		.log_index = (uint32_t)pgres_i64(res, r, LIST_LOG_INDEX)};
	take_hash(&at->pos.hash, res, r);
	if (!streaming || !at->guarded || block >= at->guard_block) {
		at->guarded = true;
		at->guard_block = block;
		at->guard_hash = at->pos.hash;
	}
}

static int log_index_column(const struct list_kind *kind)
{
	return kind->log_index ? kind->log_index : LIST_LOG_INDEX;
}

/* Write up to `max` rows in order; returns how many. */
static unsigned write_rows(struct call *c, struct list *l, const struct pg_result *res,
	struct cells *out, unsigned max)
{
	unsigned n = 0;
	struct listed *at;

	while (n < max && out->b->n < BODY_SOFT && (at = next_chain(c, l, res))) {
		struct list_row row = {c->api, res, at->next_row, at->chain, log_index_column(l->kind)};

		cells_begin(out);
		list_common_cells(out, &row);
		l->lasting &= l->kind->row(out, &row);
		cells_end(out);
		arena_reset(c->api->row_mem);
		advance(at, res, l->format != FORMAT_JSON);
		n++;
	}
	return n;
}

static bool rows_left(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->chains[i].next_row < l->chains[i].end_row)
			return true;
	return false;
}

/* Newest first: a chain without rows so far starts the next page where it would have started now.
 */
static void hold_tops(const struct call *c, struct list *l, const struct pg_result *res)
{
	for (size_t i = 0; i < l->n; i++) {
		struct listed *at = &l->chains[i];
		int64_t top = pgres_i64(res, at->head_row, LIST_TOP);

		if (!c->q.ascending && !at->pos.given)
			at->pos = (struct cursor_pos){.given = true, .block = (uint64_t)(top + 1)};
	}
}

/* -------- caching -------- */

/* Newest block that this page speaks about, when later blocks cannot change it; else -1. */
static int64_t settled_top(
	const struct call *c, const struct list *l, const struct cursor_pos *came, bool more)
{
	const struct listed *at = &l->chains[0];

	if (l->n != 1)
		return -1;
	if (c->q.ascending && more)
		return (int64_t)at->pos.block;
	if (!c->q.ascending && came->given)
		return (int64_t)came->block;
	return c->q.to.kind == WHEN_BLOCK ? c->q.to.value : -1;
}

static void tag_start(struct call *c, const char *revision, struct buf *b)
{
	buf_clear(b);
	buf_printf(b, "%s|", revision);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "|%d|%u|", (int)respond_format(c), c->q.limit);
	buf_add(b, c->q.cursor.p, c->q.cursor.n);
	buf_chr(b, '|');
	query_canonical(&c->q, b);
}

static void tag_head(struct buf *b, const struct pg_result *res, int row)
{
	for (int col = LIST_INDEXED; col <= LIST_FINAL_BLOCK; col++) {
		struct bytes v = pgres_bytes(res, row, col);

		buf_chr(b, '|');
		buf_hex(b, v.p, v.n);
	}
}

static void list_freshness(struct call *c, struct list *l, const struct pg_result *res,
	const struct cursor_pos *came, bool more, struct freshness *f)
{
	int64_t top = settled_top(c, l, came, more);
	int row = l->chains[0].head_row;
	struct buf *b = &c->api->small;

	tag_start(c, f->revision, b);
	f->settled = l->lasting && top >= 0 && l->chains[0].chain->kind != CHAIN_BTTC &&
		     !pgres_null(res, row, LIST_FINAL_BLOCK) &&
		     top <= pgres_i64(res, row, LIST_FINAL_BLOCK);
	if (f->settled)
		buf_hex(b, l->chains[0].pos.hash.b, sizeof(struct hash32));
	else
		for (size_t i = 0; i < l->n; i++)
			tag_head(b, res, l->chains[i].head_row);
	/* Another chain's checkpoint may come to cover rows that stay as they are. */
	for (int r = 0; !f->settled && r < pgres_rows(res); r++)
		buf_chr(b, !pgres_null(res, r, LIST_COVERED) && pgres_bool(res, r, LIST_COVERED) ? '1' : '0');
	respond_tag(&f->tag, b);
}

void list_row_freshness(struct call *c, const struct list_row *row, bool lasting,
	const char *revision, struct freshness *out)
{
	struct buf *b = &c->api->small;
	struct bytes hash = pgres_bytes(row->res, row->at, LIST_HASH);

	*out = (struct freshness){.revision = revision, .settled = lasting && is_final(row)};
	tag_start(c, revision, b);
	buf_hex(b, hash.p, hash.n);
	if (!out->settled)
		tag_head(b, row->res, row->at);
	respond_tag(&out->tag, b);
}

/* -------- orphaned cursors -------- */

static const char COMMON_BLOCK_SQL[] =
	"WITH RECURSIVE good AS (SELECT h.indexed FROM chain.head h WHERE h.chain_id = $1::int8),"
	" w AS (SELECT o.number, o.parent FROM chain.orphan_block o"
	" WHERE o.chain_id = $1::int8 AND o.hash = $2::bytea UNION ALL"
	" SELECT o.number, o.parent FROM w JOIN chain.orphan_block o ON o.chain_id = $1::int8"
	" AND o.hash = w.parent WHERE NOT EXISTS (SELECT FROM chain.block k, good WHERE"
	" k.chain_id = $1::int8 AND k.number = w.number - 1 AND k.hash = w.parent"
	" AND k.number <= good.indexed))"
	" SELECT (SELECT count(*) FROM w)::int8, (SELECT max(k.number) FROM w JOIN chain.block k"
	" ON k.chain_id = $1::int8 AND k.number = w.number - 1 AND k.hash = w.parent"
	" JOIN good ON k.number <= good.indexed)::int8";

static void on_common_block(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	const struct chain_conf *chain = c->state;
	struct jw w;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	if (!pgres_i64(res, 0, 0)) {
		respond_problem(c, 400, "cursor", "the block of this cursor is not known here");
		return;
	}
	buf_clear(&c->api->small);
	jw_init(&w, &c->api->small);
	jw_key(&w, "common_block");
	if (pgres_null(res, 0, 1))
		jw_null(&w);
	else
		jw_i64(&w, pgres_i64(res, 0, 1));
	jw_key(&w, "chain");
	jw_str(&w, chain->key);
	respond_problem_with(c, 409, "cursor", &c->api->small,
		"the cursor's block was orphaned by a fork; common_block is the newest block of "
		"its "
		"branch that is still canonical");
}

void list_orphaned(struct call *c, const struct chain_conf *chain, const struct hash32 *hash)
{
	const char *values[2] = {arena_printf(c->mem, "%llu", (unsigned long long)chain->chain_id),
		list_bytea(c->mem, hash->b, sizeof(hash->b))};

	c->state = (void *)(uintptr_t)chain;
	call_ask(c, false, COMMON_BLOCK_SQL, 2, values, on_common_block);
}

/* True when a guard does not hold; the call is then taken care of. */
static bool orphaned(struct call *c, struct list *l, const struct pg_result *res)
{
	for (size_t i = 0; i < l->n; i++) {
		struct listed *at = &l->chains[i];

		if (pgres_bool(res, at->head_row, LIST_GUARD_OK))
			continue;
		if (l->streaming) {
			stream_abort(c);
			return true;
		}
		list_orphaned(c, at->chain, &at->guard_hash);
		return true;
	}
	return false;
}

/* -------- pages -------- */

static void write_next(const struct list *l, bool more, struct jw *w)
{
	char text[CURSOR_TEXT_MAX];
	struct cursor cur = {.n = l->n};

	jw_key(w, "next");
	if (!more) {
		jw_null(w);
		return;
	}
	for (size_t i = 0; i < l->n; i++)
		cur.pos[i] = l->chains[i].pos;
	cursor_encode(&cur, &l->bound, text);
	jw_str(w, text);
}

static void answer_page(struct call *c, struct list *l, const struct pg_result *res, char *revision)
{
	struct freshness f = {.revision = revision};
	struct cursor_pos came = l->chains[0].pos;
	struct cells out;
	bool more;

	buf_clear(&c->api->body);
	cells_init(&out, FORMAT_JSON, &c->api->body);
	jw_obj(&out.w);
	jw_key(&out.w, "data");
	jw_arr(&out.w);
	write_rows(c, l, res, &out, c->q.limit);
	jw_arr_end(&out.w);
	more = rows_left(l);
	if (more)
		hold_tops(c, l, res);
	write_next(l, more, &out.w);
	jw_key(&out.w, "revision");
	jw_str(&out.w, revision);
	jw_obj_end(&out.w);
	list_freshness(c, l, res, &came, more, &f);
	if (!respond_cached(c, &f))
		respond_json(c, 200, &f);
}

/* -------- streams -------- */

/* Headers, when the first rows are here. True: the answer needed no body. */
static bool start_stream(
	struct call *c, struct list *l, const struct pg_result *res, char *revision)
{
	struct freshness f = {.revision = revision};
	struct cursor_pos came = l->chains[0].pos;

	list_freshness(c, l, res, &came, false, &f);
	f.settled = false; /* what later pages hold is not known yet */
	if (respond_cached(c, &f))
		return true;
	for (size_t i = 0; i < l->n; i++) {
		l->chains[i].topped = true;
		l->chains[i].top = pgres_i64(res, l->chains[i].head_row, LIST_TOP);
	}
	respond_stream(c,
		l->format == FORMAT_CSV ? "text/csv; charset=utf-8; header=present"
					: "application/x-ndjson",
		&f, ask_page);
	l->streaming = true;
	return false;
}

static void write_names(
	struct call *c, struct list *l, const struct pg_result *res, struct cells *out)
{
	struct list_row row = {c->api, res, 0, l->chains[0].chain, log_index_column(l->kind)};

	out->names = true;
	cells_begin(out);
	list_common_cells(out, &row);
	(void)l->kind->row(out, &row);
	cells_end(out);
	out->names = false;
	arena_reset(c->api->row_mem);
}

static void answer_stream(
	struct call *c, struct list *l, const struct pg_result *res, char *revision)
{
	bool first = !l->streaming, more;
	struct cells out;

	if (first && start_stream(c, l, res, revision))
		return;
	buf_clear(&c->api->body);
	cells_init(&out, l->format, &c->api->body);
	if (first && l->format == FORMAT_CSV)
		write_names(c, l, res, &out);
	write_rows(c, l, res, &out, STREAM_ROWS);
	more = rows_left(l);
	if (more)
		hold_tops(c, l, res);
	stream_send(c, &c->api->body, !more);
}

static void on_page(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct list *l = c->state;
	char revision[64];

	c->ask = NULL;
	if (!res && l->streaming) {
		stream_abort(c);
		return;
	}
	if (!res) {
		respond_err(c, e);
		return;
	}
	index_rows(l, res);
	if (orphaned(c, l, res))
		return;
	list_revision(revision, c->api, pgres_i64(res, 0, LIST_RESETS));
	if (l->format == FORMAT_JSON)
		answer_page(c, l, res, revision);
	else
		answer_stream(c, l, res, revision);
}

static void ask_page(struct call *c)
{
	struct list *l = c->state;
	struct list_plan p;
	struct sql s;

	make_plan(c, l, c->api->ask_mem, &p);
	sql_init(&s, c->api->ask_mem);
	list_sql(&s, &p);
	call_ask(c, l->format != FORMAT_JSON, s.text.p, s.n, s.values, on_page);
	sql_free(&s);
	arena_reset(c->api->ask_mem);
}

/* -------- start -------- */

/* Rows of the same second are in the order of their chains' keys. */
static void insert_by_key(struct list *l, const struct chain_conf *chain)
{
	size_t i = l->n++;

	for (; i && strcmp(l->chains[i - 1].chain->key, chain->key) > 0; i--)
		l->chains[i] = l->chains[i - 1];
	l->chains[i] = (struct listed){.chain = chain};
}

static void choose_chains(const struct call *c, struct list *l)
{
	const struct network *net = c->api->net;

	if (c->q.chain)
		l->chains[l->n++] = (struct listed){
			.chain = c->q.chain, .barren = !l->kind->has_rows(c->q.chain, &c->q)};
	for (size_t i = 0; !c->q.chain && i < net->chain_count && l->n < CURSOR_CHAINS; i++)
		if (l->kind->has_rows(&net->chains[i], &c->q))
			insert_by_key(l, &net->chains[i]);
}

/* Cursors belong to the path and its filters. */
static void bind(const struct call *c, struct list *l)
{
	struct buf *b = &c->api->small;

	buf_clear(b);
	buf_add(b, c->path.p, c->path.n);
	buf_chr(b, '?');
	query_canonical(&c->q, b);
	respond_tag(&l->bound, b);
}

static bool take_cursor(struct call *c, struct list *l)
{
	struct cursor cur;

	if (!(c->q.given & PARAM_BIT(PARAM_CURSOR)))
		return true;
	if (!cursor_decode(&cur, &l->bound, c->q.cursor.p, c->q.cursor.n) || cur.n != l->n) {
		respond_problem(c, 400, "cursor",
			"is no cursor of this path with these filters and this order");
		return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct listed *at = &l->chains[i];

		at->pos = cur.pos[i];
		at->guarded = at->pos.guarded;
		at->guard_block = at->pos.block;
		at->guard_hash = at->pos.hash;
	}
	return true;
}

void list_answer(struct call *c, const struct list_kind *kind)
{
	struct list *l = arena_calloc(c->mem, 1, sizeof(*l));

	c->state = l;
	l->kind = kind;
	l->lasting = true;
	l->format = respond_format(c);
	choose_chains(c, l);
	if (!l->n) /* no chain of the network can have such rows: any chain answers with none */
		l->chains[l->n++] =
			(struct listed){.chain = &c->api->net->chains[0], .barren = true};
	if (l->n > 1 && (c->q.from.kind == WHEN_BLOCK || c->q.to.kind == WHEN_BLOCK)) {
		respond_problem(c, 400, "chain",
			"is required when `from` or `to` is a block number, because blocks of "
			"several "
			"chains would be listed");
		return;
	}
	bind(c, l);
	if (take_cursor(c, l))
		ask_page(c);
}
