/*
 * One chain: the checks that SQL can make (links, counters), then proofs and fold. Each check tells its
 * first few findings, so that a damaged table does not fill the screen.
 */
#include "books/audit.h"

#include "books/body.h"
#include "store/apart.h"
#include "store/schema_version.h"

#include <stdio.h>

static const char REINDEX[] = "index this chain again into an empty database";

struct sql_check {
	const char *table, *advice, *sql; /* $1 chain, $2 head; rows: block or NULL, text */
};

static const struct sql_check always[] = {
	{"chain.head", "restore the row, or index this chain again into an empty database",
		"SELECT h.indexed, 'its hash or time is not that of the newest stored block' FROM chain.head h"
		" LEFT JOIN chain.block b ON b.chain_id = h.chain_id AND b.number = h.indexed WHERE"
		" h.chain_id = $1 AND h.indexed = $2 AND (b.hash, b.time) IS DISTINCT FROM"
		" (h.indexed_hash, h.indexed_time)"},
	{"chain.level_count", "set the count to the number of visible blocks of that level",
		"SELECT NULL::bigint, format('level %s: %s blocks are counted, %s are stored',"
		" coalesce(c.level, n.level), coalesce(c.blocks, 0), coalesce(n.blocks, 0)) FROM (SELECT level,"
		" blocks FROM chain.level_count WHERE chain_id = $1) c FULL JOIN (SELECT level, count(*) AS"
		" blocks FROM chain.block WHERE chain_id = $1 AND number <= $2 GROUP BY level) n USING (level)"
		" WHERE coalesce(c.blocks, 0) <> coalesce(n.blocks, 0) LIMIT 5"},
	{"chain.block", REINDEX,
		"SELECT NULL::bigint, format('%s blocks up to the head are stored, %s have to be', n, $2 -"
		" first_block + 1) FROM (SELECT count(*) AS n FROM chain.block WHERE chain_id = $1 AND number"
		" <= $2) x, chain.chain WHERE chain_id = $1 AND n <> $2 - first_block + 1"},
	{"chain.log", REINDEX,
		"SELECT t.block, 'a transaction with evidence has no log' FROM chain.evidence_tx t WHERE"
		" t.chain_id = $1 AND t.block <= $2 AND NOT EXISTS (SELECT FROM chain.log l WHERE l.chain_id ="
		" t.chain_id AND l.block = t.block AND chain.tx_head(l.tx) = t.tx_head) AND NOT EXISTS (SELECT"
		" FROM chain.parked p WHERE p.chain_id = t.chain_id AND p.block = t.block)"
		" ORDER BY 1 LIMIT 5"},
	{"chain.evidence", REINDEX,
		"SELECT b.number, 'no proof is stored of a block of level receipts with kept logs or calls' FROM"
		" chain.block b WHERE b.chain_id = $1 AND b.number <= $2 AND b.level = 4 AND NOT EXISTS (SELECT"
		" FROM chain.evidence e WHERE e.chain_id = b.chain_id AND e.block = b.number) AND (EXISTS"
		" (SELECT FROM chain.log l WHERE l.chain_id = b.chain_id AND l.block = b.number AND NOT"
		" l.state_sync) OR EXISTS (SELECT FROM chain.tx t WHERE t.chain_id = b.chain_id AND t.block ="
		" b.number AND t.type <> 127)) ORDER BY 1 LIMIT 5"},
	{"analytics", "as the tables' owner run: SELECT analytics.remake()",
		"SELECT f.block, 'a row of ' || f.rollup || ' is other than the ledger makes it' FROM"
		" ledger.rollup_fault f WHERE f.chain_id = $1 AND $2::bigint IS NOT NULL LIMIT 5"},
};

/* $1 is not used: the ledger's functions know their chain. Balances that wrapped below zero are left out. */
static const struct sql_check balances = {"ledger.posting",
	"delete the chain's row of ledger.head and start `index` or `up`: the ledger is made anew",
	"SELECT NULL::bigint, format('the accounts of %s have %s, its token balance is %s', holder, in_accounts,"
	" tokens) FROM analytics.holder_balance((SELECT max(block) FROM ledger.head WHERE chain_id = $1 AND"
	" block <= $2)) WHERE in_accounts <> tokens AND tokens < 2::numeric ^ 255 LIMIT 5"};

#define LINK_TEXT \
	"CASE WHEN p.hash IS NULL THEN 'the block before it is missing' ELSE 'its parent is not the stored" \
	" block before it' END"

static const struct sql_check link_all = {"chain.block", REINDEX,
	"SELECT b.number, " LINK_TEXT " FROM chain.block b JOIN chain.chain c ON c.chain_id = b.chain_id LEFT"
	" JOIN chain.block p ON p.chain_id = b.chain_id AND p.number = b.number - 1 WHERE b.chain_id = $1 AND"
	" b.number <= $2 AND b.number > c.first_block AND p.hash IS DISTINCT FROM b.parent ORDER BY 1 LIMIT 5"};

/* $3 how many, $4 seed: numbers from a hash, so that a seed names the same blocks again. */
static const struct sql_check link_some = {"chain.block", REINDEX,
	"SELECT DISTINCT b.number, " LINK_TEXT " FROM chain.chain c CROSS JOIN generate_series(1, $3::bigint) i"
	" JOIN chain.block b ON b.chain_id = $1 AND b.number = c.first_block + 1 + abs(hashint8extended(i, $4) %"
	" greatest($2 - c.first_block, 1)) LEFT JOIN chain.block p ON p.chain_id = $1 AND p.number = b.number - 1"
	" WHERE c.chain_id = $1 AND b.number <= $2 AND p.hash IS DISTINCT FROM b.parent ORDER BY 1 LIMIT 5"};

void audit_tell(const struct audit_conf *c, const char *table, int64_t block, const char *text,
	const char *advice)
{
	c->found(c->arg, c->books.chain->key, table, block, text, advice ? advice : REINDEX);
}

static enum err_kind check_sql(const struct audit_conf *c, struct session *s, int64_t head,
	const struct sql_check *check, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, head);
	if (check == &link_some) {
		pg_arg_i64(&a, (int64_t)c->sample);
		pg_arg_i64(&a, (int64_t)c->seed);
	}
	k = pg_query(s->pg, check->sql, &a, e);
	for (int i = 0; !k && i < pg_count(s->pg); i++)
		audit_tell(c, check->table, pg_null(s->pg, i, 0) ? -1 : pg_i64(s->pg, i, 0),
			pg_text(s->pg, i, 1, NULL), check->advice);
	return k;
}

static enum err_kind read_head(struct session *s, int64_t *head, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query(s->pg, "SELECT indexed FROM chain.head WHERE chain_id = $1", &a, e);
	if (!k && !pg_count(s->pg))
		return err_set(e, ERR_FATAL, "audit", 0, "chain %s is not in the database",
			s->conf->chain->key);
	if (!k)
		*head = pg_null(s->pg, 0, 0) ? -1 : pg_i64(s->pg, 0, 0);
	return k;
}

/* Rows that can not be read as blocks are a finding too. */
static enum err_kind settle(
	const struct audit_conf *c, const char *table, enum err_kind k, const struct err *e)
{
	if (k != ERR_REJECT)
		return k;
	audit_tell(c, table, -1, e->msg, NULL);
	return ERR_NONE;
}

static enum err_kind checks(
	const struct audit_conf *c, struct session *s, struct apart *rows, struct err *e)
{
	enum err_kind k;
	int64_t head = -1;

	if ((k = read_head(s, &head, e)) || head < 0)
		return k;
	for (size_t i = 0; !k && i < sizeof(always) / sizeof(always[0]); i++)
		k = check_sql(c, s, head, &always[i], e);
	if (!k)
		k = check_sql(c, s, head, c->sample ? &link_some : &link_all, e);
	if (!k)
		k = settle(c, "chain.evidence", audit_proofs(c, s, head, e), e);
	if (!k)
		k = settle(c, "chain.log", audit_decoded(c, s, rows, head, e), e);
	if (!k && c->staking)
		k = check_sql(c, s, head, &balances, e);
	if (!k && c->staking)
		k = settle(c, "ledger.head", audit_fold(c, s, e), e);
	return k;
}

/* Made before the snapshot: a read only transaction may fill temporary tables, not make them. */
static enum err_kind make_apart(struct session *s, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (unsigned t = 0; !k && t < BOOKS_TABLES; t++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "CREATE TEMP TABLE %s (LIKE ledger.%s INCLUDING DEFAULTS)",
			rows_table(t), rows_table(t));
		k = pg_exec(s->pg, sql, e);
	}
	return k;
}

enum err_kind audit_chain(const struct audit_conf *c, struct err *e)
{
	struct session s = {.conf = &c->books, .chain_id = (int64_t)c->books.chain->chain_id, .apart = true};
	struct apart *rows = NULL;
	enum err_kind k;

	s.mem = arena_new(1024u << 20);
	rows_init(&s);
	k = pg_open(&s.pg, c->books.database, "bttc-indexer verify", e);
	if (!k)
		k = schema_version_check(s.pg, e);
	if (!k && c->staking)
		k = make_apart(&s, e);
	if (!k)
		k = apart_open(&rows, s.pg, c->books.chain, e);
	if (!k)
		k = pg_exec(s.pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
	if (!k)
		k = checks(c, &s, rows, e);
	rows_free(&s);
	apart_close(rows);
	pg_close(s.pg);
	ledger_free(s.ledger);
	decoder_free(s.decoder);
	arena_free(s.kept);
	arena_free(s.mem);
	return k;
}
