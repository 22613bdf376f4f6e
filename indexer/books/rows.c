/* Records as rows: the columns come from the ledger's own list of fields. */
#include "books/body.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_BLOCK       5
#define COLUMNS_DISCREPANCY 10
#define COLUMNS_SIGNERS     3

static const char *table_columns(unsigned t)
{
	if (t > TABLE_DISCREPANCY)
		return entries_columns(t);
	if (t == TABLE_BLOCK)
		return "chain_id, block, hash, checksum, level";
	if (t == TABLE_DISCREPANCY)
		return "chain_id, block, ordinal, kind, subject, expected, observed, tx, log_index,"
		       " explanation";
	return "chain_id, block, signers";
}

const char *rows_table(unsigned t)
{
	if (t == TABLE_BLOCK)
		return "block";
	if (t > TABLE_DISCREPANCY)
		return entries_table(t);
	return t == TABLE_DISCREPANCY ? "discrepancy" : ledger_kind_name((enum ledger_kind)t);
}

static bool is_record(unsigned t)
{
	return t != TABLE_BLOCK && t < TABLE_DISCREPANCY && t != LEDGER_SIGNERS;
}

void rows_init(struct session *s)
{
	for (unsigned t = 0; t < BOOKS_TABLES; t++) {
		unsigned n = t == TABLE_BLOCK         ? COLUMNS_BLOCK
			     : t == TABLE_DISCREPANCY ? COLUMNS_DISCREPANCY
			     : t > TABLE_DISCREPANCY  ? entries_column_count(t)
			     : t == LEDGER_SIGNERS
				     ? COLUMNS_SIGNERS
				     : ledger_fields((enum ledger_kind)t).n + 3;

		copy_init(&s->rows[t], n);
	}
}

void rows_free(struct session *s)
{
	for (unsigned t = 0; t < BOOKS_TABLES; t++)
		copy_free(&s->rows[t]);
}

static void put_field(struct copy *c, const struct ledger_field *f, const void *record)
{
	const char *at = (const char *)record + f->offset;
	uint64_t big;
	uint32_t small;
	struct u256 v;

	switch (f->type) {
	case FIELD_U64:
		memcpy(&big, at, sizeof(big));
		copy_i64(c, (int64_t)big);
		break;
	case FIELD_U32:
		memcpy(&small, at, sizeof(small));
		copy_i32(c, (int32_t)small);
		break;
	case FIELD_U256:
		memcpy(&v, at, sizeof(v));
		copy_u256(c, v);
		break;
	case FIELD_ADDRESS: copy_bytes(c, at, 20); break;
	case FIELD_HASH: copy_bytes(c, at, 32); break;
	}
}

void rows_record(struct session *s, enum ledger_kind kind, const struct ledger_key *key,
	int64_t block, bool created)
{
	struct copy *c = &s->rows[kind];
	struct ledger_fields f;
	const void *record;
	size_t n;

	copy_row(c);
	copy_i64(c, s->chain_id);
	if (kind == LEDGER_SIGNERS) {
		const struct address *a = ledger_signers(s->ledger, &n);

		copy_i64(c, block);
		copy_bytes(c, n ? a->b : NULL, n * sizeof(*a));
		return;
	}
	f = ledger_fields(kind);
	record = ledger_record(s->ledger, kind, key);
	for (unsigned i = 0; i < f.n; i++) {
		if (i == f.keys) {
			copy_i64(c, block);
			copy_bool(c, created);
		}
		put_field(c, &f.v[i], record);
	}
}

static void put_block(
	struct session *s, int64_t block, const void *hash, size_t hash_n, int level)
{
	struct copy *c = &s->rows[TABLE_BLOCK];
	struct ledger_sum sum = ledger_checksum(s->ledger);
	uint8_t bytes[16];

	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (uint8_t)(sum.w[i / 8] >> (56 - 8 * (i % 8)));
	copy_row(c);
	copy_i64(c, s->chain_id);
	copy_i64(c, block);
	copy_bytes(c, hash, hash_n);
	copy_bytes(c, bytes, sizeof(bytes));
	copy_i16(c, (int16_t)level);
}

/* "5", "0x..", "0x.. 0x.. 7": what of the key is not zero. */
static void subject_text(struct buf *out, const struct ledger_key *key)
{
	static const struct address none;

	if (!address_eq(&key->a, &none)) {
		buf_str(out, "0x");
		buf_hex(out, key->a.b, 20);
	}
	if (!address_eq(&key->b, &none)) {
		buf_str(out, " 0x");
		buf_hex(out, key->b.b, 20);
	}
	if (key->n || !out->n)
		buf_printf(out, out->n ? " %llu" : "%llu", (unsigned long long)key->n);
}

static void put_explanation(struct copy *c, const struct ledger_finding *f)
{
	char text[LEDGER_PARAMETER_NAME_MAX + U256_DEC_MAX + 8], *p = text;

	if (!f->explained) {
		copy_null(c);
		return;
	}
	p += ledger_parameter_name(p, f->parameter);
	memcpy(p, " = ", 3);
	p += 3;
	p[u256_dec(p, f->value)] = 0;
	copy_text(c, text);
}

static void put_finding(
	struct session *s, int64_t block, int32_t ordinal, const struct ledger_finding *f)
{
	struct copy *c = &s->rows[TABLE_DISCREPANCY];
	struct buf subject;

	buf_init(&subject, 200);
	subject_text(&subject, &f->subject);
	copy_row(c);
	copy_i64(c, s->chain_id);
	copy_i64(c, block);
	copy_i32(c, ordinal);
	copy_text(c, ledger_finding_name(f->kind));
	copy_text(c, subject.p);
	copy_u256(c, f->expected);
	copy_u256(c, f->observed);
	copy_bytes(c, f->tx_hash.b, 32);
	if (f->log_index == UINT32_MAX)
		copy_null(c);
	else
		copy_i32(c, (int32_t)f->log_index);
	put_explanation(c, f);
	buf_free(&subject);
}

void rows_outcome(struct session *s, const struct block *b, const struct ledger_outcome *out)
{
	int64_t block = (int64_t)b->h.number;

	for (size_t i = 0; i < out->change_count; i++)
		rows_record(s, out->changes[i].kind, &out->changes[i].key, block,
			out->changes[i].created);
	for (size_t i = 0; i < out->finding_count; i++)
		put_finding(s, block, (int32_t)i, &out->findings[i]);
	s->findings += out->finding_count;
	entries_rows(s, b, out);
	if (!out->change_count)
		return;
	if ((int)b->level < s->level)
		s->level = (int)b->level;
	put_block(s, block, b->h.hash.b, 32, s->level);
}

void rows_all(struct session *s, int64_t block)
{
	const struct ledger_posting *opening;
	const struct ledger_parameter_change *parameters;
	size_t n;

	for (unsigned k = LEDGER_GLOBAL; k < LEDGER_KIND_COUNT; k++) {
		n = k == LEDGER_SIGNERS ? 0 : ledger_count(s->ledger, (enum ledger_kind)k);

		for (size_t i = 0; i < n; i++)
			rows_record(s, (enum ledger_kind)k,
				ledger_at(s->ledger, (enum ledger_kind)k, i), block, true);
	}
	rows_record(s, LEDGER_SIGNERS, NULL, block, true);
	entries_initial_roles(s, block);
	ledger_opening(s->ledger, s->mem, &opening, &n);
	entries_postings(s, NULL, block, opening, n);
	ledger_parameters(s->ledger, s->mem, &parameters, &n);
	entries_parameters(s, NULL, block, parameters, n);
	put_block(s, block, "", 0, LEVEL_QUORUM);
}

void rows_columns(struct buf *sql, unsigned t)
{
	struct ledger_fields f;

	if (is_record(t)) {
		f = ledger_fields((enum ledger_kind)t);
		buf_str(sql, "chain_id");
		for (unsigned i = 0; i < f.n; i++) {
			if (i == f.keys)
				buf_str(sql, ", block, created");
			buf_printf(sql, ", %s", f.v[i].column);
		}
	} else {
		buf_str(sql, table_columns(t));
	}
}

static void copy_sql(const struct session *s, struct buf *sql, unsigned t)
{
	buf_printf(sql, "COPY %s.%s (", s->apart ? "pg_temp" : "ledger", rows_table(t));
	rows_columns(sql, t);
	buf_str(sql, ") FROM STDIN BINARY");
}

enum err_kind rows_flush(struct session *s, struct err *e)
{
	struct pg_copy_in in[BOOKS_TABLES];
	struct buf sql[BOOKS_TABLES];
	struct copy *of[BOOKS_TABLES];
	enum err_kind k = ERR_NONE;
	size_t n = 0;

	for (unsigned t = 0; t < BOOKS_TABLES; t++) {
		struct copy *c = &s->rows[t];

		if (!c->rows)
			continue;
		if (!k && !copy_end(c))
			k = err_set(e, ERR_FATAL, "books", 0, "the rows of one step are over 1 GiB");
		buf_init(&sql[n], 4000);
		copy_sql(s, &sql[n], t);
		in[n] = (struct pg_copy_in){.sql = sql[n].p, .data = &c->b};
		of[n++] = c;
	}
	if (!k)
		k = pg_copy_many(s->pg, in, n, e);
	for (size_t i = 0; i < n; i++) {
		if (!k && in[i].rows != of[i]->rows)
			k = err_set(e, ERR_FATAL, "books", 0, "not all rows were stored");
		copy_clear(of[i]);
		buf_free(&sql[i]);
	}
	return k;
}
