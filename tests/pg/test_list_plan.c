/*
 * Every shape of list statement walks one index and stops at the limit: with and without
 * statistics, for values that are everywhere, rare, or not there at all. Checked on what the server
 * says it did.
 */
#include "pg/pg_kit.h"

#include "api/list_sql.h"
#include "api/pgpool.h"
#include "base/arena.h"

#include <stdlib.h>

#define BLOCKS 30000
#define LIMIT  51
#define FEW    100 /* the page, the binary searches of two chains, a line without rows */

static struct network *net;
static struct arena *mem;
static struct test_db db;

/* Four logs a block: Transfers of one token, an event of one of 40 names for one of 200 validators;
 * one event that happens once. A checkpoint every second block. */
static const char FILL[] =
	"INSERT INTO chain.block SELECT c.chain_id, n, sha256((c.key || n)::bytea),"
	" sha256((c.key || (n - 1))::bytea), '2024-01-01Z'::timestamptz + n * interval '3 s', NULL,"
	" 4, 0, 0, 0, '', '', NULL, NULL, '' FROM chain.chain c,"
	" generate_series(c.first_block, 30000) n;"
	"INSERT INTO chain.log SELECT 31337, n, i, 0, false, sha256((n || '/' || i)::bytea),"
	" substring(sha256((CASE WHEN i < 3 THEN 0 ELSE n % 200 END)::text::bytea) FOR 20),"
	" CASE WHEN i < 3 THEN 'Token' ELSE 'ValidatorShare' END,"
	" CASE WHEN n = 777 AND i = 3 THEN 'Once' WHEN i < 3 THEN 'Transfer' ELSE 'E' || n % 40 "
	"END,"
	" CASE WHEN i = 3 THEN n % 200 END, sha256('x'), sha256('d')"
	" FROM generate_series(111, 30000) n, generate_series(0, 3) i;"
	"INSERT INTO chain.contract SELECT 31337, substring(sha256(n::text::bytea) FOR 20),"
	" 'ValidatorShare', 'rule', n, 1, n FROM generate_series(1, 199) n;"
	"INSERT INTO staking.checkpoint (chain_id, block, log_index, tx, kind, root_chain_id,"
	" checkpoint_id, header_block_id, proposer, start_block, end_block) SELECT 31337, n, 9,"
	" sha256(n::text::bytea), 1 + n % 4 / 2, 1, n / 2, n / 2 * 10000,"
	" substring(sha256((n % 30)::text::bytea) FOR 20), n, n"
	" FROM generate_series(112, 30000, 2) n;"
	"UPDATE chain.head h SET seq = 1, (indexed, indexed_hash, indexed_time, safe, final) ="
	" (SELECT number, hash, time, number - 10, number - 64 FROM chain.block b"
	" WHERE b.chain_id = h.chain_id ORDER BY number DESC LIMIT 1);"
	"INSERT INTO chain.level_count SELECT chain_id, level, count(*) FROM chain.block GROUP BY "
	"1, 2";

static int set_up(void **state)
{
	struct err e;

	(void)state;
	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 1);
	mem = arena_new(1 << 20);
	ASSERT_OK(network_load(&net, "world", &e), e);
	db_open_network(&db, net);
	pg_do(db.c, FILL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_close(&db);
	network_free(net);
	arena_free(mem);
	return 0;
}

static struct list_plan plan_of(const char *table, bool ascending, bool several)
{
	return (struct list_plan){
		.mem = mem,
		.table = table,
		.columns = ", x.chain_id",
		.ascending = ascending,
		.several = several,
		.only_chain = several ? NULL : "31337",
		.rows = LIMIT,
		.chain_ids = several ? "{199,31337}" : "{31337}",
		.first_blocks = several ? "{0,111}" : "{111}",
		.pos_blocks = several ? "{NULL,15000}" : "{15000}",
		.pos_logs = several ? "{NULL,2}" : "{2}",
		.guard_blocks = several ? "{NULL,NULL}" : "{NULL}",
		.guard_hashes = several ? "{NULL,NULL}" : "{NULL}",
		.finality = several ? "{0,0}" : "{0}",
		.tops = several ? "{NULL,NULL}" : "{NULL}",
	};
}

/* EXPLAIN ANALYZE of the prepared statement, as text. */
static const char *explain(PGconn *c, const struct sql *s)
{
	struct buf b;
	PGresult *r;
	char *out;

	buf_init(&b, 1 << 20);
	pg_do(c, "DEALLOCATE ALL");
	buf_printf(&b, "PREPARE p AS %s", s->text.p);
	pg_do(c, b.p);
	buf_clear(&b);
	buf_str(&b, "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) EXECUTE p(");
	for (int i = 0; i < s->n; i++) {
		char *q = PQescapeLiteral(c, s->values[i], strlen(s->values[i]));

		buf_printf(&b, "%s%s", i ? ", " : "", q);
		PQfreemem(q);
	}
	buf_str(&b, ")");
	r = pg_rows(c, b.p);
	buf_clear(&b);
	for (int i = 0; i < PQntuples(r); i++)
		buf_printf(&b, "%s\n", PQgetvalue(r, i, 0));
	PQclear(r);
	assert_false(b.bad);
	out = arena_strdup(mem, b.p);
	buf_free(&b);
	return out;
}

/* The largest rows * loops of the plan's nodes. */
static long most_rows(const char *plan)
{
	long most = 0;

	while ((plan = strstr(plan, "(actual rows="))) {
		char *end;
		long rows = strtol(plan + 13, &end, 10);
		const char *loops = strstr(end, "loops=");
		long n = rows * strtol(loops + 6, NULL, 10);

		most = n > most ? n : most;
		plan = end;
	}
	return most;
}

static long most_removed(const char *plan)
{
	static const char what[] = "Rows Removed by Filter: ";
	long most = 0;

	while ((plan = strstr(plan, what))) {
		long n = strtol(plan + sizeof(what) - 1, NULL, 10);

		most = n > most ? n : most;
		plan++;
	}
	return most;
}

static void check(const char *name, const struct list_plan *p, const char *index, long rows)
{
	PGconn *c = pg_connect(db.dsn);
	const char *timeout = "10000", *plan;
	PGresult *r = PQexecParams(c, PGPOOL_SETTINGS, 1, NULL, &timeout, NULL, NULL, 0);
	struct sql s;

	assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
	assert_string_equal(PQgetvalue(r, 0, 0), "world");
	PQclear(r);
	sql_init(&s, mem);
	list_sql(&s, p);
	assert_false(s.text.bad);
	plan = explain(c, &s);
	if (!strstr(plan, index))
		fail_msg("%s does not use %s:\n%s", name, index, plan);
	if (most_rows(plan) > rows || most_removed(plan) > 250)
		fail_msg("%s reads too much:\n%s", name, plan);
	sql_free(&s);
	PQfinish(c);
	arena_reset(mem);
}

static const char TOKEN[] = "\\x5feceb66ffc86f38d952786c6d696c79c2dbc239"; /* of sha256("0") */

static void check_events(bool ascending)
{
	static const struct {
		const char *name, *column, *type, *value, *index;
	} shapes[] = {
		{"all", NULL, NULL, NULL, "log_31337_pkey"},
		{"common event", "event", "text", "Transfer", "log_31337_event_ix"},
		{"rare event", "event", "text", "Once", "log_31337_event_ix"},
		{"no such event", "event", "text", "Never", "log_31337_event_ix"},
		{"validator", "validator_id", "int8", "7", "log_31337_validator_ix"},
		{"no such validator", "validator_id", "int8", "999", "log_31337_validator_ix"},
		{"common address", "address", "bytea", TOKEN, "log_31337_address_ix"},
		{"no such address", "address", "bytea", "\\x00", "log_31337_address_ix"},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct list_plan p = plan_of("chain.log", ascending, false);

		p.drive = (struct list_filter){shapes[i].column, shapes[i].type, shapes[i].value};
		check(shapes[i].name, &p, shapes[i].index, FEW);
		p.verification = LEVEL_BLOOM;
		check(shapes[i].name, &p, shapes[i].index, FEW);
		p.verification = LEVEL_QUORUM; /* no block has it: nothing is read */
		check(shapes[i].name, &p, "level_count_pk", FEW);
		p = plan_of("chain.log", ascending, true);
		p.drive = (struct list_filter){shapes[i].column, shapes[i].type, shapes[i].value};
		p.from = (struct when){WHEN_TIME, 1704067200 + 3000};
		p.to = (struct when){WHEN_TIME, 1704067200 + 80000};
		check(shapes[i].name, &p, shapes[i].index, FEW);
	}
}

static void check_contracts(bool ascending)
{
	struct list_plan p = plan_of("chain.log", ascending, false);

	p.contract = "ValidatorShare";
	p.addresses = "{}";
	p.filters[p.filter_count++] = (struct list_filter){"contract", "text", "ValidatorShare"};
	/* the first keys of each of 199 addresses, then the first of all */
	check("contract of many addresses", &p, "log_31337_address_ix", 199 * LIMIT);
	p.contract = "Token";
	p.addresses = "{\"\\\\x5feceb66ffc86f38d952786c6d696c79c2dbc239\"}";
	p.filters[0].value = "Token";
	check("contract of one address", &p, "log_31337_address_ix", FEW);
}

static void check_checkpoints(bool ascending)
{
	static const struct {
		const char *name, *column, *type, *value, *index;
	} shapes[] = {
		{"all checkpoints", NULL, NULL, NULL, "checkpoint_pk"},
		{"number", "checkpoint_id", "int8", "7700", "checkpoint_number_ix"},
		{"no such number", "checkpoint_id", "int8", "77", "checkpoint_number_ix"},
		{"no such proposer", "proposer", "bytea", "\\x00", "checkpoint_proposer_ix"},
		{"root chain", "root_chain_id", "int8", "1", "checkpoint_root_ix"},
		{"no such root chain", "root_chain_id", "int8", "3", "checkpoint_root_ix"},
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct list_plan p = plan_of("staking.checkpoint", ascending, false);

		p.drive = (struct list_filter){shapes[i].column, shapes[i].type, shapes[i].value};
		check(shapes[i].name, &p, shapes[i].index, FEW);
	}
}

static void check_all(void)
{
	for (int ascending = 0; ascending < 2; ascending++) {
		check_events(ascending);
		check_contracts(ascending);
		check_checkpoints(ascending);
	}
}

static void test_without_statistics(void **state)
{
	(void)state;
	check_all();
}

static void test_with_statistics(void **state)
{
	(void)state;
	pg_do(db.c, "VACUUM ANALYZE");
	check_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_statistics),
		cmocka_unit_test(test_with_statistics),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
