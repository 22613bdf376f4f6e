/*
 * Memory follows the tables: after a fork it takes back the same blocks, which the stored checksum
 * confirms; in any other case it is thrown away and read anew, the newest row of every key.
 */
#include "books/body.h"

#include "base/hex.h"

#include "base/log.h"
#include "store/operation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>


static int64_t first_minus_one(const struct session *s)
{
	return (int64_t)s->conf->chain->first_block - 1;
}

static void drop_memory(struct session *s)
{
	ledger_free(s->ledger);
	decoder_free(s->decoder);
	s->ledger = NULL;
	s->decoder = decoder_new(s->conf->chain);
}

/* Of every key that was created by s->block ($2), one walk of the primary key to its newest row. */
static void load_sql(struct buf *sql, enum ledger_kind kind)
{
	struct ledger_fields f = ledger_fields(kind);
	const char *table = ledger_kind_name(kind);

	buf_str(sql, "SELECT ");
	ledger_fields_select(sql, kind);
	buf_str(sql, " FROM ");
	if (f.keys)
		buf_printf(sql, "ledger.%s z CROSS JOIN LATERAL ", table);
	buf_printf(sql, "(SELECT * FROM ledger.%s y WHERE y.chain_id = $1 AND y.block <= $2", table);
	for (unsigned i = 0; i < f.keys; i++)
		buf_printf(sql, " AND y.%s = z.%s", f.v[i].column, f.v[i].column);
	buf_str(sql, " ORDER BY y.block DESC LIMIT 1) x");
	if (f.keys)
		buf_str(sql, " WHERE z.chain_id = $1 AND z.block <= $2 AND z.created");
}

enum err_kind load_kind(struct session *s, enum ledger_kind kind, struct err *e)
{
	_Alignas(16) char record[LEDGER_RECORD_MAX];
	struct pg_args a = {0};
	struct buf sql;
	enum err_kind k;

	buf_init(&sql, 8000);
	load_sql(&sql, kind);
	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	k = pg_query(s->pg, sql.p, &a, e);
	for (int i = 0; !k && i < pg_count(s->pg); i++) {
		size_t n;
		const char *text = pg_text(s->pg, i, 0, &n);

		if (!ledger_fields_parse(record, kind, text, n))
			k = err_set(e, ERR_FATAL, "books", 0, "a row of ledger.%s is damaged",
				ledger_kind_name(kind));
		else
			ledger_load(s->ledger, kind, record);
	}
	buf_free(&sql);
	return k;
}

enum err_kind load_signers(struct session *s, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;
	const char *p;
	size_t n;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	k = pg_query(s->pg,
		"SELECT signers FROM ledger.signers WHERE chain_id = $1 AND block <= $2 ORDER BY block DESC LIMIT 1",
		&a, e);
	if (k || !pg_count(s->pg))
		return k;
	p = pg_text(s->pg, 0, 0, &n);
	ledger_load_signers(s->ledger, (const struct address *)(const void *)p, n / 20);
	return ERR_NONE;
}

enum err_kind load_found(struct session *s, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	k = pg_query(s->pg,
		"SELECT address, contract, block, log_index FROM chain.contract WHERE chain_id = $1 AND"
		" block <= $2 ORDER BY block, log_index, address",
		&a, e);
	for (int i = 0; !k && i < pg_count(s->pg); i++) {
		struct discovery d = {.rule = ""};
		const char *name = pg_text(s->pg, i, 1, NULL);

		for (size_t c = 0; c < s->conf->chain->contract_count; c++)
			if (!strcmp(s->conf->chain->contracts[c].name, name))
				d.contract = s->conf->chain->contracts[c].name;
		if (!d.contract)
			return err_set(e, ERR_FATAL, "books", 0,
				"the network file has no contract %.60s any more", name);
		memcpy(d.address.b, pg_text(s->pg, i, 0, NULL), 20);
		d.block = (uint64_t)pg_i64(s->pg, i, 2);
		d.log_index = (uint32_t)pg_i64(s->pg, i, 3);
		decoder_found(s->decoder, &d);
	}
	return k;
}

/* Does memory say what the newest row of ledger.block says? Takes over the level. */
static enum err_kind compare_sum(struct session *s, bool *same, struct err *e)
{
	struct ledger_sum sum = ledger_checksum(s->ledger);
	struct pg_args a = {0};
	enum err_kind k;
	const uint8_t *p;
	size_t n;

	arg_chain(&a, s);
	k = pg_query(s->pg,
		"SELECT checksum, level FROM ledger.block WHERE chain_id = $1 ORDER BY block DESC LIMIT"
		" 1",
		&a, e);
	if (k)
		return k;
	*same = pg_count(s->pg) == 1;
	if (!*same)
		return ERR_NONE;
	p = (const uint8_t *)pg_text(s->pg, 0, 0, &n);
	for (unsigned i = 0; i < 16 && n == 16; i++)
		*same &= p[i] == (uint8_t)(sum.w[i / 8] >> (56 - 8 * (i % 8)));
	s->level = (int)pg_i64(s->pg, 0, 1);
	return ERR_NONE;
}

static enum err_kind load_all(struct session *s, struct err *e)
{
	enum err_kind k;
	bool same = false;

	drop_memory(s);
	if ((k = ledger_new(&s->ledger, s->conf->chain, NULL, e)))
		return k;
	ledger_set_overrides(s->ledger, s->overrides.v, s->overrides.n);
	for (unsigned kind = LEDGER_GLOBAL; !k && kind < LEDGER_KIND_COUNT; kind++)
		if (kind != LEDGER_SIGNERS)
			k = load_kind(s, (enum ledger_kind)kind, e);
	if (!k)
		k = load_signers(s, e);
	if (k || (k = load_found(s, e)))
		return k;
	ledger_load_end(s->ledger, s->block < 0 ? 0 : (uint64_t)s->block);
	if ((k = compare_sum(s, &same, e)))
		return k;
	if (!same)
		return err_set(e, ERR_FATAL, "books", 0,
			"chain %s: the ledger's rows do not have the checksum that was stored with them: "
			"delete the row of ledger.head to have them made anew",
			s->conf->chain->key);
	log_info("books", "state loaded", "chain=%s block=%" PRId64, s->conf->chain->key, s->block);
	return ERR_NONE;
}

void load_rules(const struct session *s, char out[64])
{
	snprintf(out, 64, "%.32s-%d", s->conf->revision, LEDGER_RULES);
}

/* ---- overrides ------------------------------------------------------------------------------ */

static enum err_kind read_set(
	struct session *s, int64_t id, struct overrides *out, struct arena *mem, struct err *e)
{
	struct pg_args a = {0};
	char name[60];
	enum err_kind k;

	*out = (struct overrides){0};
	if (!id)
		return ERR_NONE;
	arg_chain(&a, s);
	pg_arg_i64(&a, id);
	k = pg_query(s->pg, "SELECT body FROM ledger.override_set WHERE chain_id = $1 AND id = $2", &a, e);
	if (k || !pg_count(s->pg))
		return k ? k
			 : err_set(e, ERR_FATAL, "books", 0, "ledger.override_set has no set %" PRId64, id);
	snprintf(name, sizeof(name), "override set %" PRId64, id);
	return overrides_parse(
		out, pg_text(s->pg, 0, 0, NULL), name, s->conf->chain->first_block, mem, e);
}

enum err_kind load_overrides(struct session *s, int64_t id, struct err *e)
{
	struct arena *mem = arena_new(64u << 20);
	struct overrides set;
	enum err_kind k = read_set(s, id, &set, mem, e);

	if (k) {
		arena_free(mem);
		return k;
	}
	if (s->ledger)
		ledger_set_overrides(s->ledger, set.v, set.n);
	arena_free(s->kept);
	s->kept = mem;
	s->overrides = set;
	s->override_id = id;
	return ERR_NONE;
}

/* Another set than the rows were made with: back to before the first block that it changes. */
static enum err_kind follow_overrides(struct session *s, int64_t block, int64_t newest, struct err *e)
{
	struct overrides old = s->overrides;
	struct arena *kept = s->kept;
	struct pg_args a = {0};
	uint64_t from;
	enum err_kind k;

	s->kept = NULL;
	k = load_overrides(s, newest, e);
	from = overrides_differ(&old, &s->overrides);
	arena_free(kept);
	if (k)
		return k;
	if (from > (uint64_t)(block + 1))
		from = (uint64_t)(block + 1);
	arg_chain(&a, s);
	pg_arg_i64(&a, (int64_t)from);
	if ((k = pg_query(s->pg, "SELECT ledger.undo($1, $2)", &a, e)))
		return k;
	a = (struct pg_args){0};
	arg_chain(&a, s);
	pg_arg_i64(&a, newest);
	if ((k = pg_query(s->pg,
		     "UPDATE ledger.head SET overrides = $2 WHERE chain_id = $1 RETURNING block, generation",
		     &a, e)))
		return k;
	log_info("books", "follows other overrides", "chain=%s set=%" PRId64 " redone_from=%" PRIu64,
		s->conf->chain->key, newest, from);
	s->block = pg_i64(s->pg, 0, 0);
	s->generation = pg_i64(s->pg, 0, 1);
	if ((k = operation_record(s->pg, e, "ledger_redone",
		     "chain %s, overrides %" PRId64 ", from block %" PRIu64, s->conf->chain->key, newest, from)))
		return k;
	return load_all(s, e);
}

/* ---- the beginning -------------------------------------------------------------------------- */

static enum err_kind newest_overrides(struct session *s, int64_t *id, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query(s->pg, "SELECT max(id) FROM ledger.override_set WHERE chain_id = $1", &a, e);
	if (!k)
		*id = pg_i64(s->pg, 0, 0);
	return k;
}

/* Nothing there (before: none), or made by other rules: the initial state. */
static enum err_kind begin(struct session *s, const char *before, struct err *e)
{
	struct pg_args a = {0};
	char rules[64], manager[41];
	int64_t newest = 0;
	enum err_kind k;

	drop_memory(s);
	if ((k = ledger_new(&s->ledger, s->conf->chain, s->conf->initial_state, e)) ||
		(k = newest_overrides(s, &newest, e)) || (k = load_overrides(s, newest, e)))
		return k;
	load_rules(s, rules);
	s->block = first_minus_one(s);
	s->level = LEVEL_QUORUM;
	s->begun = true;
	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	pg_arg_text(&a, rules);
	hex_encode(manager, ledger_stake_manager(s->ledger)->b, 20);
	manager[40] = 0;
	pg_arg_text(&a, manager);
	pg_arg_i64(&a, newest);
	k = pg_query(s->pg,
		"INSERT INTO ledger.head (chain_id, block, rules, stake_manager, overrides) VALUES ($1, $2, $3,"
		" decode($4, 'hex'), $5) ON CONFLICT (chain_id) DO UPDATE SET block = excluded.block, rules ="
		" excluded.rules, stake_manager = excluded.stake_manager, overrides = excluded.overrides,"
		" generation = head.generation + 1 RETURNING generation",
		&a, e);
	if (k)
		return k;
	s->generation = pg_i64(s->pg, 0, 0);
	if ((k = operation_record(s->pg, e, "ledger_begun",
		     "chain %s, rules %s, before: %s, overrides %" PRId64, s->conf->chain->key, rules, before, newest)))
		return k;
	a = (struct pg_args){0};
	arg_chain(&a, s);
	pg_arg_i64(&a, INT64_MIN);
	if ((k = pg_query(s->pg, "SELECT ledger.cut($1, $2)", &a, e)))
		return k;
	rows_all(s, s->block);
	log_info("books", "beginning with the initial state", "chain=%s", s->conf->chain->key);
	return rows_flush(s, e);
}

static enum err_kind take_back(struct session *s, int64_t block, struct err *e)
{
	struct err deep;
	bool same = false;
	enum err_kind k;

	s->block = block;
	if (ledger_undo(s->ledger, (uint64_t)(block + 1), &deep) == ERR_NONE) {
		decoder_undo(s->decoder, (uint64_t)(block + 1));
		if ((k = compare_sum(s, &same, e)) || same)
			return k;
	}
	return load_all(s, e);
}

enum err_kind load_match(struct session *s, struct err *e)
{
	struct pg_args a = {0};
	int64_t block, generation, applied, newest;
	char rules[64], before[64] = "none";
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query_kept(s->pg,
		"SELECT h.block, h.generation, h.rules, h.overrides, (SELECT coalesce(max(o.id), 0) FROM"
		" ledger.override_set o WHERE o.chain_id = h.chain_id) FROM ledger.head h WHERE h.chain_id ="
		" $1 FOR UPDATE",
		&a, e);
	if (k)
		return k;
	load_rules(s, rules);
	if (pg_count(s->pg))
		snprintf(before, sizeof(before), "%s", pg_text(s->pg, 0, 2, NULL));
	if (strcmp(before, rules))
		return begin(s, before, e);
	block = pg_i64(s->pg, 0, 0);
	generation = pg_i64(s->pg, 0, 1);
	applied = pg_i64(s->pg, 0, 3);
	newest = pg_i64(s->pg, 0, 4);
	if (s->override_id != applied && (k = load_overrides(s, applied, e)))
		return k;
	if (applied != newest)
		return follow_overrides(s, block, newest, e);
	if (s->ledger && generation == s->generation && block == s->block)
		return ERR_NONE;
	if (s->ledger && generation != s->generation && block < s->block) {
		s->generation = generation;
		return take_back(s, block, e);
	}
	s->generation = generation;
	s->block = block;
	return load_all(s, e);
}
