/* Overrides: their file form, checked line by line, and the sets in the database. */
#include "books/overrides.h"

#include "base/hex.h"
#include "books/body.h"
#include "store/operation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)

struct reading {
	const char *file;
	unsigned line;
	uint64_t first_block;
	struct overrides *out;
	size_t cap;
	struct arena *mem;
	struct err *e;
};

static enum err_kind refuse(const struct reading *r, const char *field, const char *word, const char *why)
{
	return err_set(r->e, ERR_FATAL, "override", 0, "%s:%u: %s%s%.80s%s %s", r->file, r->line, field,
		word ? " \"" : "", word ? word : "", word ? "\"" : "", why);
}

static bool number(struct u256 *out, const char *word)
{
	return word && u256_parse_dec(out, word, strlen(word));
}

static enum err_kind take_block(const struct reading *r, const char *word, struct ledger_override *o)
{
	struct u256 v;

	if (!number(&v, word) || !u256_fits_u64(v) || v.w[0] > INT64_MAX)
		return refuse(r, "block", word, "is no block number");
	o->block = v.w[0];
	if (o->block < r->first_block) {
		char why[100];

		snprintf(why, sizeof(why), "is below the chain's first block, %" PRIu64, r->first_block);
		return refuse(r, "block", word, why);
	}
	return ERR_NONE;
}

static enum err_kind take_parameter(
	const struct reading *r, const char *word, struct ledger_override *o)
{
	char why[150];

	if (!word)
		return refuse(r, "parameter", NULL, "is missing");
	if (ledger_parameter_parse(&o->parameter, word))
		return ERR_NONE;
	snprintf(why, sizeof(why), "is not known; the nearest one is \"%.60s\"", ledger_parameter_near(word));
	return refuse(r, "parameter", word, ledger_parameter_near(word) ? why : "is not known");
}

static enum err_kind take_value(const struct reading *r, const char *word, struct ledger_override *o)
{
	if (!word)
		return refuse(r, "value", NULL, "is missing");
	if (!number(&o->value, word))
		return refuse(r, "value", word, "is no whole number below 2^256");
	if (!ledger_parameter_fits(o->parameter, o->value))
		return refuse(r, "value", word, "is more than this parameter can be");
	return ERR_NONE;
}

/* A snapshot's reason: SNAPSHOT_PREFIX BLOCK HASH, and what follows them. */
static bool take_snapshot(const char *reason, struct block_id *block)
{
	const char *text = reason + strlen(SNAPSHOT_PREFIX);
	size_t n = strcspn(text, " \t"), m;
	struct u256 v;

	if (!u256_parse_dec(&v, text, n) || !u256_fits_u64(v) || v.w[0] > INT64_MAX)
		return false;
	text += n;
	text += strspn(text, " \t");
	m = strcspn(text, " \t");
	block->number = v.w[0];
	return hex_fixed(block->hash.b, sizeof(block->hash.b), text, m) && text[m];
}

static enum err_kind take_reason(const struct reading *r, char *text, struct ledger_override *o)
{
	struct block_id block;
	size_t n;

	text += text ? strspn(text, " \t") : 0;
	n = text ? strlen(text) : 0;
	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = 0;
	if (!n)
		return refuse(r, "reason", NULL, "is missing: say why, whoever reads the books will ask");
	o->source = SOURCE_OVERRIDE;
	o->reason = text;
	if (strncmp(text, SNAPSHOT_PREFIX, strlen(SNAPSHOT_PREFIX)) != 0)
		return ERR_NONE;
	o->source = SOURCE_SNAPSHOT;
	if (take_snapshot(text, &block))
		return ERR_NONE;
	return refuse(r, "reason", text,
		"is no snapshot's: after \"" SNAPSHOT_PREFIX "\" come its block, the block's hash, and where it is from");
}

static bool same_parameter(struct ledger_parameter a, struct ledger_parameter b)
{
	return a.id == b.id && a.chain == b.chain;
}

/* Behind those of the same block. */
static enum err_kind insert(struct reading *r, const struct ledger_override *o)
{
	size_t i;

	for (i = 0; i < r->out->n; i++)
		if (r->out->v[i].block == o->block && same_parameter(r->out->v[i].parameter, o->parameter))
			return refuse(r, "parameter", NULL, "has a value from this block on already");
	arena_grow(r->mem, &r->out->v, &r->cap, r->out->n + 1, sizeof(*r->out->v));
	for (i = r->out->n++; i > 0 && r->out->v[i - 1].block > o->block; i--)
		r->out->v[i] = r->out->v[i - 1];
	r->out->v[i] = *o;
	return ERR_NONE;
}

static enum err_kind take_line(struct reading *r, char *line)
{
	struct ledger_override o = {0};
	char *save = NULL, *word;
	enum err_kind k;

	line[strcspn(line, "\r")] = 0;
	word = strtok_r(line, " \t", &save);
	if (!word || *word == '#')
		return ERR_NONE;
	if ((k = take_block(r, word, &o)) || (k = take_parameter(r, strtok_r(NULL, " \t", &save), &o)) ||
		(k = take_value(r, strtok_r(NULL, " \t", &save), &o)))
		return k;
	if ((k = take_reason(r, save, &o)))
		return k;
	return insert(r, &o);
}

enum err_kind overrides_parse(struct overrides *out, const char *text, const char *file,
	uint64_t first_block, struct arena *mem, struct err *e)
{
	struct reading r = {file, 0, first_block, out, 0, mem, e};
	char *rest = arena_strdup(mem, text);
	enum err_kind k = ERR_NONE;

	*out = (struct overrides){0};
	while (!k && rest) {
		r.line++;
		k = take_line(&r, strsep(&rest, "\n"));
	}
	return k;
}

/* Does b have this entry too, for the same reason? */
static bool has(const struct overrides *b, const struct ledger_override *o)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].block == o->block && same_parameter(b->v[i].parameter, o->parameter) &&
			!u256_cmp(b->v[i].value, o->value) && !strcmp(b->v[i].reason, o->reason))
			return true;
	return false;
}

uint64_t overrides_differ(const struct overrides *a, const struct overrides *b)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < a->n; i++)
		if (!has(b, &a->v[i]) && a->v[i].block < first)
			first = a->v[i].block;
	for (size_t i = 0; i < b->n; i++)
		if (!has(a, &b->v[i]) && b->v[i].block < first)
			first = b->v[i].block;
	return first;
}

/* ---- sets in the database ------------------------------------------------------------------ */

static enum err_kind read_text(const char *file, struct buf *text, struct err *e)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "r") : stdin;
	char part[4096];
	size_t n;
	bool bad;

	if (!f)
		return err_set(e, ERR_FATAL, "override", errno, "%s: %s", file, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(text, part, n);
	bad = ferror(f);
	if (f != stdin)
		fclose(f);
	if (bad || text->bad)
		return err_set(e, ERR_FATAL, "override", 0, "%s: %s", file,
			bad ? "can not be read" : "is over 1 MiB");
	if (text->n && memchr(text->p, 0, text->n))
		return err_set(e, ERR_FATAL, "override", 0, "%s: is no text: it has a zero byte", file);
	return ERR_NONE;
}

static enum err_kind open_chain(
	struct pg **pg, const char *database, int64_t *chain, uint64_t *first, struct err *e)
{
	enum err_kind k = pg_open(pg, database, "bttc-indexer override", e);

	if (!k)
		k = pg_query(*pg,
			"SELECT c.chain_id, c.first_block FROM ledger.head h JOIN chain.chain c USING (chain_id)",
			NULL, e);
	if (!k && pg_count(*pg) != 1)
		k = err_set(e, ERR_FATAL, "override", 0,
			"there is no ledger in this database yet: start `up` or `index` first");
	if (!k) {
		*chain = pg_i64(*pg, 0, 0);
		*first = (uint64_t)pg_i64(*pg, 0, 1);
	}
	return k;
}

/* A snapshot of another branch, or of another chain, says nothing about this one. */
static enum err_kind check_snapshots(
	struct pg *pg, int64_t chain, const struct overrides *set, const char *file, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < set->n; i++) {
		struct pg_args a = {0};
		struct block_id block;
		const char *hash;
		size_t n = 0;

		if (set->v[i].source != SOURCE_SNAPSHOT || !take_snapshot(set->v[i].reason, &block))
			continue;
		pg_arg_i64(&a, chain);
		pg_arg_i64(&a, (int64_t)block.number);
		k = pg_query(pg, "SELECT hash FROM chain.block WHERE chain_id = $1 AND number = $2", &a, e);
		if (k)
			break;
		hash = pg_count(pg) ? pg_text(pg, 0, 0, &n) : "";
		if (n != sizeof(block.hash.b) || memcmp(hash, block.hash.b, n) != 0)
			k = err_set(e, ERR_FATAL, "override", 0,
				"%s: reason: the snapshot is of a block %" PRIu64 " that %s: take it again", file,
				block.number,
				pg_count(pg) ? "is not this chain's" : "is not in the database (yet)");
	}
	return k;
}

static enum err_kind store_text(
	struct pg *pg, int64_t chain, const char *text, int64_t *id, struct err *e)
{
	struct pg_args a = {0};
	char sha256[65];
	enum err_kind k;

	pg_arg_i64(&a, chain);
	pg_arg_text(&a, text);
	if ((k = pg_exec(pg, "BEGIN", e)))
		return k;
	k = pg_query(pg,
		"INSERT INTO ledger.override_set (chain_id, body) VALUES ($1, $2)"
		" RETURNING id, encode(sha256(convert_to(body, 'UTF8')), 'hex')",
		&a, e);
	if (k)
		return k;
	*id = pg_i64(pg, 0, 0);
	snprintf(sha256, sizeof(sha256), "%s", pg_text(pg, 0, 1, NULL));
	if ((k = operation_record(pg, e, "override", "set %" PRId64 " of chain %" PRId64 ", SHA-256 %s", *id,
		     chain, sha256)))
		return k;
	return pg_exec(pg, "NOTIFY bttc_head; COMMIT", e);
}

enum err_kind overrides_store(
	const char *database, const char *file, int64_t *id, size_t *count, struct err *e)
{
	struct arena *mem = arena_new(64u << 20);
	struct overrides set;
	struct pg *pg = NULL;
	uint64_t first = 0;
	int64_t chain = 0;
	struct buf text;
	enum err_kind k;

	buf_init(&text, FILE_MAX);
	k = read_text(file, &text, e);
	if (!k)
		k = open_chain(&pg, database, &chain, &first, e);
	if (!k)
		k = overrides_parse(&set, text.n ? text.p : "", file, first, mem, e);
	if (!k)
		k = check_snapshots(pg, chain, &set, file, e);
	if (!k)
		k = store_text(pg, chain, text.n ? text.p : "", id, e);
	if (!k)
		*count = set.n;
	pg_close(pg);
	buf_free(&text);
	arena_free(mem);
	return k;
}

enum err_kind overrides_show(const char *database, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, database, "bttc-indexer override", e);

	if (!k)
		k = pg_query(pg,
			"SELECT s.id, to_char(s.added_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
			" s.added_by, s.body, s.id = h.overrides FROM ledger.override_set s LEFT JOIN ledger.head h"
			" ON h.chain_id = s.chain_id ORDER BY s.id DESC LIMIT 1",
			NULL, e);
	if (!k && !pg_count(pg))
		printf("# no overrides\n");
	else if (!k)
		printf("# set %" PRId64 ", stored %s by %s%s\n%s", pg_i64(pg, 0, 0), pg_text(pg, 0, 1, NULL),
			pg_text(pg, 0, 2, NULL),
			pg_i64(pg, 0, 4) ? "" : "; the ledger does not follow it yet",
			pg_text(pg, 0, 3, NULL));
	pg_close(pg);
	return k;
}

enum err_kind overrides_text(const char *database, struct buf *out, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, database, "bttc-indexer override", e);

	if (!k)
		k = pg_query(pg, "SELECT body FROM ledger.override_set ORDER BY id DESC LIMIT 1", NULL, e);
	if (!k && pg_count(pg))
		buf_str(out, pg_text(pg, 0, 0, NULL));
	pg_close(pg);
	return k;
}
