/*
 * The question and the answer about a state. The page of a list is fixed to its block by the cursor,
 * which carries the block's hash: a fork that takes the block away is answered with 409, as in lists.
 */
#include "api/state.h"

#include "api/cursor.h"
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/clock.h"
#include "chain/base58.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_KEYS 500u
#define SQL_MAX     (1u << 16)

/* Rows are (kind of record, its text, ..); kind 0 is the head, KEY_ROW a key. */
#define HEAD_SQL                                                                                   \
	"WITH " SQL_RESETS                                                                         \
	", h AS MATERIALIZED (SELECT c.first_block, least(ch.indexed, lh.block) AS top,"           \
	" coalesce($2::int8, least(ch.indexed, lh.block)) AS at, ch.final, ch.safe"                \
	" FROM chain.chain c JOIN chain.head ch ON ch.chain_id = c.chain_id"                       \
	" JOIN ledger.head lh ON lh.chain_id = c.chain_id WHERE c.chain_id = $1::int8),"           \
	" keys AS MATERIALIZED ("
/* The parent of the first block is the hash of the initial state's; else it is not looked for. */
#define ROWS_SQL                                                                                   \
	" SELECT 0::int8, NULL::text, h.first_block, h.top, h.at, h.final, h.safe, r.resets,"      \
	" k.hash, extract(epoch FROM k.time)::int8, (SELECT l.level::int8 FROM ledger.block l"     \
	" WHERE l.chain_id = $1::int8 AND l.block <= h.at ORDER BY l.block DESC LIMIT 1),"         \
	" (SELECT b.parent FROM chain.block b WHERE b.chain_id = $1::int8 AND b.number ="          \
	" h.first_block AND h.at < h.first_block), r.unreconciled FROM h CROSS JOIN r LEFT JOIN LATERAL (SELECT"   \
	" b.hash, b.time FROM chain.block b WHERE b.chain_id = $1::int8 AND b.number = h.at LIMIT" \
	" 1) k ON true"
#define NO_HEAD ", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM "
#define KEY_ROW (-1)

enum { KIND, TEXT, FIRST, TOP, AT, FINAL, SAFE, RESETS, HASH, TIME, LEVEL, PARENT, UNRECONCILED };

struct state {
	struct call *call;
	const struct state_kind *kind;
	const struct chain_conf *chain;
	bool list, streaming;
	enum format format;
	struct hash32 bound;
	bool fixed; /* `at` is: given, or of the cursor */
	int64_t at;
	bool guarded; /* the block at `at` must have this hash */
	struct hash32 guard;
	bool placed; /* keys beyond `place` only */
	struct state_key place;
	struct buf with, rows; /* relations and records of the question at hand */
	struct cells inner;

	/* of the result at hand; texts in mem */
	struct arena *mem;
	const struct pg_result *res;
	int head;
	struct state_key *keys;
	size_t key_count;
	void **records[LEDGER_KIND_COUNT];
	size_t counts[LEDGER_KIND_COUNT];
	struct address *signers;
	size_t signer_count;
};

/* -------- the question -------- */

/* Their table, alias x, comes next. */
static void select_records(struct state *s, enum ledger_kind kind)
{
	buf_printf(&s->rows, " UNION ALL SELECT %d::int8, ", (int)kind);
	if (kind == LEDGER_SIGNERS)
		buf_str(&s->rows, "encode(x.signers, 'hex')");
	else
		ledger_fields_select(&s->rows, kind);
	buf_str(&s->rows, NO_HEAD);
}

static void newest(struct buf *q, enum ledger_kind kind, const char *where)
{
	buf_printf(q,
		"(SELECT y.* FROM ledger.%s y WHERE y.chain_id = $1::int8 AND %s AND y.block <="
		" (SELECT at FROM h) ORDER BY y.block DESC LIMIT 1) x",
		ledger_kind_name(kind), where);
}

void state_newest(struct state *s, enum ledger_kind kind, const char *where)
{
	select_records(s, kind);
	newest(&s->rows, kind, where);
}

void state_each(struct state *s, enum ledger_kind kind, const char *set, const char *where)
{
	select_records(s, kind);
	buf_printf(&s->rows, "(SELECT DISTINCT * FROM (%s) j) j CROSS JOIN LATERAL ", set);
	newest(&s->rows, kind, where);
}

void state_relation(
	struct state *s, const char *name, enum ledger_kind kind, const char *set, const char *where)
{
	buf_printf(&s->with, ", %s AS MATERIALIZED (SELECT x.* FROM (%s) j CROSS JOIN LATERAL ", name, set);
	newest(&s->with, kind, where);
	buf_chr(&s->with, ')');
	select_records(s, kind);
	buf_printf(&s->rows, "%s x", name);
}

void state_rows(struct state *s, enum ledger_kind kind, const char *from)
{
	select_records(s, kind);
	buf_str(&s->rows, from);
}

static const char *key_text(struct arena *mem, const struct state_kind *kind, const struct state_key *k)
{
	if (kind->by_address)
		return list_bytea(mem, k->a.b, sizeof(k->a.b));
	return arena_printf(mem, "%lld", (long long)k->n);
}

static void add_keys(struct state *s, struct buf *q)
{
	const struct state_kind *kind = s->kind;
	const char *type = kind->by_address ? "bytea" : "int8";
	bool up = s->call->q.ascending;

	if (!s->list) {
		buf_printf(q, "SELECT $3::%s AS k WHERE $4::int8 = 1", type);
		return;
	}
	buf_printf(q,
		"SELECT DISTINCT z.%s AS k FROM ledger.%s z WHERE z.created AND z.chain_id = $1::int8"
		" AND z.block <= (SELECT at FROM h)",
		kind->column, kind->table);
	if (!kind->by_address) /* where lost credits go */
		buf_printf(q, " AND z.%s > 0", kind->column);
	if (s->placed)
		buf_printf(q, " AND z.%s %s $3::%s", kind->column, up ? ">" : "<", type);
	else
		buf_printf(q, " AND $3::%s IS NULL", type);
	buf_printf(q, " ORDER BY 1%s LIMIT $4::int8", up ? "" : " DESC");
}

static void on_answer(void *arg, const struct pg_result *res, const struct err *e);

static void ask(struct call *c)
{
	struct state *s = c->state;
	struct arena *mem = c->api->ask_mem;
	unsigned n = !s->list ? 1 : s->format == FORMAT_JSON ? c->q.limit + 1 : STREAM_KEYS + 1;
	const char *values[4] = {
		arena_printf(mem, "%llu", (unsigned long long)s->chain->chain_id),
		s->fixed ? arena_printf(mem, "%lld", (long long)s->at) : NULL,
		s->placed ? key_text(mem, s->kind, &s->place) : NULL,
		arena_printf(mem, "%u", n),
	};
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_init(&s->with, SQL_MAX);
	buf_init(&s->rows, SQL_MAX);
	buf_str(&sql, HEAD_SQL);
	add_keys(s, &sql);
	buf_chr(&sql, ')');
	state_relation(s, "g", LEDGER_GLOBAL, "SELECT", "true");
	s->kind->ask(s);
	buf_add(&sql, s->with.p, s->with.n);
	buf_str(&sql, ROWS_SQL);
	buf_printf(&sql, " UNION ALL SELECT %d::int8, %s" NO_HEAD "keys", KEY_ROW,
		s->kind->by_address ? "encode(k, 'hex')" : "k::text");
	buf_add(&sql, s->rows.p, s->rows.n);
	call_ask(c, s->format != FORMAT_JSON, sql.p, 4, values, on_answer);
	buf_free(&sql);
	buf_free(&s->with);
	buf_free(&s->rows);
	arena_reset(mem);
}

/* -------- reading the answer -------- */

static void from_hex(uint8_t *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char two[3] = {(char)p[2 * i], (char)p[2 * i + 1], 0};

		out[i] = (uint8_t)strtoul(two, NULL, 16);
	}
}

static bool keep(struct state *s, enum ledger_kind kind, struct bytes text)
{
	void *record;

	if (kind == LEDGER_SIGNERS) {
		s->signer_count = text.n / 40;
		s->signers = arena_calloc(s->mem, s->signer_count + 1, sizeof(*s->signers));
		from_hex(s->signers->b, text.p, s->signer_count * sizeof(*s->signers));
		return true;
	}
	record = arena_calloc(s->mem, 1, ledger_record_size(kind));
	s->records[kind][s->counts[kind]++] = record;
	return ledger_fields_parse(record, kind, (const char *)text.p, text.n);
}

static void keep_key(struct state *s, struct bytes text)
{
	struct state_key *k = &s->keys[s->key_count++];

	if (s->kind->by_address)
		from_hex(k->a.b, text.p, text.n / 2 < 20 ? text.n / 2 : 20);
	else
		k->n = strtoull((const char *)text.p, NULL, 10); /* ends with a zero byte */
}

static int by_key(const void *a, const void *b)
{
	const struct state_key *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->a.b, y->a.b, sizeof(x->a.b));
}

/* False: a record is not of the form that was written. */
static bool keep_all(struct state *s, const struct pg_result *res)
{
	size_t n = (size_t)pgres_rows(res), per_kind[LEDGER_KIND_COUNT] = {0};

	memset(s->counts, 0, sizeof(s->counts));
	s->keys = arena_calloc(s->mem, n + 1, sizeof(*s->keys));
	s->key_count = s->signer_count = 0;
	s->res = res;
	for (size_t i = 0; i < n; i++) {
		int64_t kind = pgres_i64(res, (int)i, KIND);

		if (kind > 0 && kind < LEDGER_KIND_COUNT)
			per_kind[kind]++;
	}
	for (unsigned k = 0; k < LEDGER_KIND_COUNT; k++)
		s->records[k] = arena_calloc(s->mem, per_kind[k] + 1, sizeof(void *));
	for (int i = 0; i < (int)n; i++) {
		int64_t kind = pgres_i64(res, i, KIND);

		if (!kind)
			s->head = i;
		else if (kind == KEY_ROW)
			keep_key(s, pgres_bytes(res, i, TEXT));
		else if (!keep(s, (enum ledger_kind)kind, pgres_bytes(res, i, TEXT)))
			return false;
	}
	qsort(s->keys, s->key_count, sizeof(*s->keys), by_key);
	if (s->kind->sort)
		s->kind->sort(s);
	return true;
}

const struct chain_conf *state_chain(const struct state *s)
{
	return s->chain;
}

const struct ledger_global *state_global(const struct state *s)
{
	return s->records[LEDGER_GLOBAL][0];
}

const void *state_find(
	const struct state *s, enum ledger_kind kind, uint64_t n, const struct address *a)
{
	for (size_t i = 0; i < s->counts[kind]; i++) {
		const struct ledger_key *key = s->records[kind][i];

		if (a ? address_eq(&key->a, a) : key->n == n)
			return key;
	}
	return NULL;
}

size_t state_count(const struct state *s, enum ledger_kind kind)
{
	return s->counts[kind];
}

const void *state_at(const struct state *s, enum ledger_kind kind, size_t i)
{
	return s->records[kind][i];
}

void state_sort(struct state *s, enum ledger_kind kind, int (*cmp)(const void *, const void *))
{
	qsort(s->records[kind], s->counts[kind], sizeof(void *), cmp);
}

const struct address *state_signers(const struct state *s, size_t *n)
{
	*n = s->signer_count;
	return s->signers;
}

static int64_t head(const struct state *s, int col)
{
	return pgres_i64(s->res, s->head, col);
}

/* -------- cells -------- */

void state_u256(struct cells *out, const char *name, struct u256 v)
{
	char text[U256_DEC_MAX + 1];

	cell_strn(out, name, text, u256_dec(text, v));
}

void state_view(struct cells *out, const char *name, bool ok, struct u256 v)
{
	if (ok)
		state_u256(out, name, v);
	else
		cell_null(out, name);
}

void state_u64(struct cells *out, const char *name, uint64_t v)
{
	cell_i64(out, name, (int64_t)v);
}

void state_small(struct cells *out, const char *name, struct u256 v)
{
	if (u256_fits_u64(v) && v.w[0] <= INT64_MAX)
		cell_i64(out, name, (int64_t)v.w[0]);
	else
		state_u256(out, name, v);
}

void state_address_cell(
	const struct state *s, struct cells *out, const char *name, const struct address *a)
{
	cell_address(out, name, a ? a->b : NULL, s->chain->kind == CHAIN_TRON);
}

struct cells *state_inner(const struct state *s, bool array)
{
	struct cells *in = &((struct state *)s->call->state)->inner;

	buf_clear(&s->call->api->small);
	cells_init(in, FORMAT_JSON, &s->call->api->small);
	if (array)
		jw_arr(&in->w);
	else
		jw_obj(&in->w);
	return in;
}

void state_inner_end(const struct state *s, struct cells *out, const char *name)
{
	struct buf *b = &s->call->api->small;

	buf_chr(b, *b->p == '[' ? ']' : '}');
	cell_json(out, name, b);
}

/* -------- the answer -------- */

static const char *finality(const struct state *s)
{
	int64_t at = head(s, AT);

	if (at < head(s, FIRST) ||
		(!pgres_null(s->res, s->head, FINAL) && at <= head(s, FINAL)))
		return "final";
	return !pgres_null(s->res, s->head, SAFE) && at <= head(s, SAFE) ? "safe" : "pending";
}

static struct bytes at_hash(const struct state *s)
{
	return pgres_bytes(s->res, s->head, head(s, AT) < head(s, FIRST) ? PARENT : HASH);
}

/* From the first open discrepancy about rewards on, computed amounts are doubtful. */
static void put_reconciled(const struct state *s, struct jw *w)
{
	bool doubtful = !pgres_null(s->res, s->head, UNRECONCILED) &&
			head(s, UNRECONCILED) <= head(s, AT);

	jw_key(w, "reconciled");
	jw_bool(w, !doubtful);
	jw_key(w, "unreconciled_from");
	if (doubtful)
		jw_i64(w, head(s, UNRECONCILED));
	else
		jw_null(w);
}

static void put_at(const struct state *s, struct jw *w)
{
	bool before = head(s, AT) < head(s, FIRST);
	struct bytes hash = at_hash(s);
	char text[32];

	jw_key(w, "at");
	jw_obj(w);
	jw_key(w, "chain");
	jw_str(w, s->chain->key);
	jw_key(w, "block");
	jw_i64(w, head(s, AT));
	jw_key(w, "hash");
	if (hash.n == 32)
		jw_hex(w, hash.p, 32);
	else
		jw_null(w);
	jw_key(w, "time");
	if (pgres_null(s->res, s->head, TIME))
		jw_null(w);
	else {
		clock_rfc3339(text, head(s, TIME));
		jw_str(w, text);
	}
	jw_key(w, "finality");
	jw_str(w, finality(s));
	jw_key(w, "verification");
	jw_str(w, level_name(before ? s->chain->required : (enum level)head(s, LEVEL)));
	put_reconciled(s, w);
	jw_obj_end(w);
}

static void fresh(const struct state *s, const char *revision, struct freshness *f)
{
	struct call *c = s->call;
	struct bytes hash = at_hash(s);
	struct buf *b = &c->api->small;

	*f = (struct freshness){
		.revision = revision, .settled = s->fixed && !strcmp(finality(s), "final")};
	buf_clear(b);
	buf_printf(b, "%s|", revision);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "|%lld|%s|%d|%u|%d|", (long long)head(s, AT), finality(s), (int)s->format,
		c->q.limit, c->q.ascending);
	buf_add(b, c->q.cursor.p, c->q.cursor.n);
	buf_chr(b, '|');
	buf_hex(b, hash.p, hash.n);
	respond_tag(&f->tag, b);
}

static void not_in_range(struct call *c, const struct state *s)
{
	struct jw w;

	buf_clear(&c->api->small);
	jw_init(&w, &c->api->small);
	jw_key(&w, "indexed_block");
	jw_i64(&w, head(s, TOP));
	respond_problem_with(c, 404, "at", &c->api->small,
		head(s, AT) > head(s, TOP) ? "this block is not indexed"
					   : "this block is before the first one of the network");
}

/* Does the answer speak about the block that was asked for? False: answered otherwise. */
static bool stands(struct call *c, struct state *s)
{
	struct bytes hash = at_hash(s);
	bool in = head(s, AT) >= head(s, FIRST) - 1 && head(s, AT) <= head(s, TOP);

	if (s->guarded && (!in || hash.n != 32 || memcmp(hash.p, s->guard.b, 32))) {
		if (s->streaming)
			stream_abort(c);
		else
			list_orphaned(c, s->chain, &s->guard);
		return false;
	}
	if (!in)
		not_in_range(c, s);
	return in;
}

static void write_row(const struct state *s, const struct state_key *k, struct cells *out)
{
	if (s->list && s->kind->there && !s->kind->there(s, k))
		return;
	cells_begin(out);
	s->kind->row(s, k, out);
	cells_end(out);
}

static void write_one(struct call *c, struct state *s, const char *revision)
{
	struct cells out;

	buf_clear(&c->api->body);
	cells_init(&out, FORMAT_JSON, &c->api->body);
	cells_begin(&out);
	put_at(s, &out.w);
	s->kind->row(s, &s->keys[0], &out);
	cell_str(&out, "revision", revision);
	cells_end(&out);
}

/* Keys of this page; they are in ascending order in memory. */
static const struct state_key *page_key(const struct state *s, size_t i)
{
	return &s->keys[s->call->q.ascending ? i : s->key_count - 1 - i];
}

static void write_next(const struct state *s, const struct state_key *last, struct jw *w)
{
	struct cursor cur = {.n = 2};
	char text[CURSOR_TEXT_MAX];

	jw_key(w, "next");
	if (!last) {
		jw_null(w);
		return;
	}
	cur.pos[0] = (struct cursor_pos){
		.given = true, .guarded = true, .block = (uint64_t)(head(s, AT) + 1)};
	if (at_hash(s).n == 32)
		memcpy(cur.pos[0].hash.b, at_hash(s).p, 32);
	cur.pos[1] = (struct cursor_pos){.given = true, .guarded = true, .block = last->n};
	memcpy(cur.pos[1].hash.b, last->a.b, sizeof(last->a.b));
	cursor_encode(&cur, &s->bound, text);
	jw_str(w, text);
}

static void write_page(struct call *c, struct state *s, const char *revision)
{
	bool more = s->key_count > c->q.limit;
	size_t n = more ? c->q.limit : s->key_count;
	struct cells out;

	buf_clear(&c->api->body);
	cells_init(&out, FORMAT_JSON, &c->api->body);
	jw_obj(&out.w);
	put_at(s, &out.w);
	jw_key(&out.w, "data");
	jw_arr(&out.w);
	for (size_t i = 0; i < n; i++)
		write_row(s, page_key(s, i), &out);
	jw_arr_end(&out.w);
	write_next(s, more ? page_key(s, n - 1) : NULL, &out.w);
	jw_key(&out.w, "revision");
	jw_str(&out.w, revision);
	jw_obj_end(&out.w);
}

/* -------- streams -------- */

/* Headers, when the first rows are here. True: the answer needed no body. */
static bool start_stream(struct call *c, struct state *s, const struct freshness *f)
{
	struct bytes hash = at_hash(s);

	if (respond_cached(c, f))
		return true;
	s->at = head(s, AT);
	s->fixed = true;
	s->guarded = hash.n == 32;
	if (s->guarded)
		memcpy(s->guard.b, hash.p, 32);
	respond_stream(c,
		s->format == FORMAT_CSV ? "text/csv; charset=utf-8; header=present"
					: "application/x-ndjson",
		f, ask);
	s->streaming = true;
	return false;
}

static void write_names(struct state *s, struct cells *out)
{
	static const struct state_key none;

	out->names = true;
	cells_begin(out);
	s->kind->row(s, &none, out);
	cells_end(out);
	out->names = false;
}

static void write_stream(struct call *c, struct state *s, const struct freshness *f)
{
	bool first = !s->streaming, more = s->key_count > STREAM_KEYS;
	size_t n = more ? STREAM_KEYS : s->key_count;
	struct cells out;

	if (first && start_stream(c, s, f))
		return;
	buf_clear(&c->api->body);
	cells_init(&out, s->format, &c->api->body);
	if (first && s->format == FORMAT_CSV)
		write_names(s, &out);
	for (size_t i = 0; i < n; i++)
		write_row(s, page_key(s, i), &out);
	if (more) {
		s->place = *page_key(s, n - 1);
		s->placed = true;
	}
	stream_send(c, &c->api->body, !more);
}

static void answer(struct call *c, struct state *s)
{
	struct freshness f;
	char revision[64];

	list_revision(revision, c->api, head(s, RESETS));
	fresh(s, revision, &f);
	if (s->list && s->format != FORMAT_JSON) {
		write_stream(c, s, &f);
		return;
	}
	if (!s->list && s->kind->there && !s->kind->there(s, &s->keys[0])) {
		respond_problem(c, 404, NULL, "%s", s->kind->absent);
		return;
	}
	if (respond_cached(c, &f))
		return;
	if (s->list)
		write_page(c, s, revision);
	else
		write_one(c, s, revision);
	respond_json(c, 200, &f);
}

static void on_answer(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct state *s = c->state;

	c->ask = NULL;
	if (!res && s->streaming)
		stream_abort(c);
	else if (!res)
		respond_err(c, e);
	if (!res)
		return;
	s->mem = c->api->row_mem;
	if (!keep_all(s, res)) {
		respond_problem(c, 500, NULL, "a stored record is damaged");
	} else if (s->counts[LEDGER_GLOBAL] != 1 && (!pgres_rows(res) || pgres_null(res, s->head, TOP))) {
		respond_problem(c, 404, "at", "nothing is indexed yet");
	} else if (stands(c, s)) {
		answer(c, s);
	}
	arena_reset(c->api->row_mem);
}

/* -------- start -------- */

static struct state *begin(struct call *c, const struct state_kind *kind)
{
	struct state *s = arena_calloc(c->mem, 1, sizeof(*s));

	s->call = c;
	s->kind = kind;
	c->state = s;
	if (c->q.given & PARAM_BIT(PARAM_AT)) {
		s->fixed = true;
		s->at = c->q.at;
	}
	s->chain = network_staking(c->api->net);
	if (!s->chain)
		respond_problem(c, 404, NULL, "this network has no staking chain");
	return s->chain ? s : NULL;
}

void state_one(struct call *c, const struct state_kind *kind, const struct state_key *key)
{
	struct state *s = begin(c, kind);

	if (!s)
		return;
	s->format = FORMAT_JSON;
	s->placed = key != NULL;
	if (key)
		s->place = *key;
	ask(c);
}

static bool take_cursor(struct call *c, struct state *s)
{
	struct cursor cur;

	if (!(c->q.given & PARAM_BIT(PARAM_CURSOR)))
		return true;
	if (!cursor_decode(&cur, &s->bound, c->q.cursor.p, c->q.cursor.n) || cur.n != 2) {
		respond_problem(c, 400, "cursor",
			"is no cursor of this path with these filters and this order");
		return false;
	}
	s->fixed = s->guarded = s->placed = true;
	s->at = (int64_t)cur.pos[0].block - 1;
	s->guard = cur.pos[0].hash;
	s->place.n = cur.pos[1].block;
	memcpy(s->place.a.b, cur.pos[1].hash.b, sizeof(s->place.a.b));
	return true;
}

void state_list(struct call *c, const struct state_kind *kind)
{
	struct state *s = begin(c, kind);
	struct buf *b = &c->api->small;

	if (!s)
		return;
	s->list = true;
	s->format = respond_format(c);
	if (!(c->q.given & PARAM_BIT(PARAM_ORDER)))
		c->q.ascending = true;
	buf_clear(b);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "?%d&%d&%lld", c->q.ascending, s->fixed, (long long)s->at);
	respond_tag(&s->bound, b);
	if (take_cursor(c, s))
		ask(c);
}

bool state_id(struct call *c, struct state_key *out)
{
	int64_t id = 0;

	*out = (struct state_key){0};
	if (query_int(&id, c->args[0])) {
		out->n = (uint64_t)id;
		return true;
	}
	respond_problem(c, 400, "id", "must be an integer");
	return false;
}

bool state_address(struct call *c, struct state_key *out)
{
	const char *why = "";

	*out = (struct state_key){0};
	if (address_parse(&out->a, c->args[0].p, c->args[0].n, &why))
		return true;
	respond_problem(c, 400, "address", "is no address: %s", why);
	return false;
}
