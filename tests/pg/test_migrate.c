/*
 * Migrations: every way to the newest schema gives the same schema, what is recorded is enforced,
 * and everything in it is explained and permitted as intended.
 */
#include "pg/pg_kit.h"

#include "base/buf.h"
#include "store/migration_list.h"

#include <pthread.h>

static unsigned migration_count(void)
{
	unsigned n = 0;

	while (migration_list[n].name)
		n++;
	return n;
}

static char *slurp(FILE *f)
{
	struct buf b;
	char chunk[4096];
	size_t n;

	buf_init(&b, 16 << 20);
	while ((n = fread(chunk, 1, sizeof(chunk), f)))
		buf_add(&b, chunk, n);
	assert_false(b.bad);
	return b.p;
}

/* Output of a shell command; DSN in $DSN. The key lines that newer pg_dump versions add are random.
 */
static char *shell(const char *dsn, const char *command)
{
	FILE *f;
	char *out;

	setenv("DSN", dsn, 1);
	f = popen(command, "r");
	assert_non_null(f);
	out = slurp(f);
	if (pclose(f))
		fail_msg("%s: failed", command);
	return out;
}

static char *dump(const char *dsn)
{
	return shell(dsn, "pg_dump -s \"$DSN\" | grep -v '^.\\(un\\)\\?restrict '");
}

static char *described(struct test_db *db)
{
	FILE *f = fopen(SCHEMA_DIR "/tables_query.sql", "r");
	char *sql;
	PGresult *r;
	struct buf b;

	assert_non_null(f);
	sql = slurp(f);
	fclose(f);
	pg_do(db->c, "SET search_path = pg_catalog");
	r = pg_rows(db->c, sql);
	buf_init(&b, 16 << 20);
	buf_str(&b, "-- All tables, views and functions after all migrations. Written by "
		    "schema/dump_tables.sh.\n");
	for (int i = 0; i < PQntuples(r); i++) {
		buf_str(&b, PQgetvalue(r, i, 0));
		buf_chr(&b, '\n');
	}
	PQclear(r);
	free(sql);
	return b.p;
}

static void test_fresh_equals_tables_sql(void **state)
{
	struct test_db db;
	unsigned applied = 0;
	struct err e;
	FILE *f;
	char *have, *want, *a, *b;

	(void)state;
	db_open(&db);
	ASSERT_OK(migrate_up(db.dsn, &applied, &e), e);
	assert_int_equal(applied, migration_count());
	ASSERT_OK(migrate_up(db.dsn, &applied, &e), e);
	assert_int_equal(applied, 0);
	have = described(&db);
	f = fopen(SCHEMA_DIR "/tables.sql", "r");
	assert_non_null(f);
	want = slurp(f);
	fclose(f);
	for (a = have, b = want; *a && *a == *b; a++, b++)
		;
	if (*a || *b)
		fail_msg("schema/tables.sql is out of date (run schema/dump_tables.sh): has "
			 "\"%.200s\","
			 " should have \"%.200s\"",
			b, a);
	free(have);
	free(want);
	db_close(&db);
}

static void test_down_and_up(void **state)
{
	struct test_db db;
	struct err e;
	char *first, *again;

	(void)state;
	db_open(&db);
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	first = dump(db.dsn);
	for (unsigned steps = 1; steps <= migration_count(); steps++) {
		unsigned applied;

		ASSERT_OK(migrate_down(db.dsn, steps, &e), e);
		ASSERT_OK(migrate_up(db.dsn, &applied, &e), e);
		assert_int_equal(applied, steps);
		again = dump(db.dsn);
		assert_string_equal(first, again);
		free(again);
	}
	ASSERT_OK(migrate_down(db.dsn, migration_count(), &e), e);
	assert_string_equal(
		pg_value(db.c, "SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname IN"
			       " ('chain','staking','partnership','ledger','api','analytics')"),
		"");
	assert_int_equal(migrate_down(db.dsn, 1, &e), ERR_FATAL);
	free(first);
	db_close(&db);
}

static void test_dump_and_restore(void **state)
{
	struct network *net = NULL;
	struct test_db db, copy;
	struct err e;
	char *first, *again, command[1200];

	(void)state;
	ASSERT_OK(network_load(&net, "world", &e), e);
	db_open_network(&db, net);
	db_open(&copy);
	snprintf(command, sizeof(command),
		"pg_dump \"$DSN\" | psql -Xq -v ON_ERROR_STOP=1 '%s' >/dev/null", copy.dsn);
	free(shell(db.dsn, command));
	first = dump(db.dsn);
	again = dump(copy.dsn);
	assert_string_equal(first, again);
	same_table(db.c, copy.c, "chain.chain");
	same_table(db.c, copy.c, "bttc.migration");
	ASSERT_OK(store_register(copy.dsn, net, &e), e);
	free(first);
	free(again);
	db_close(&db);
	db_close(&copy);
	network_free(net);
}

static void test_refusals(void **state)
{
	struct network *net = NULL;
	struct test_db db;
	struct err e;
	bool pending;
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	ASSERT_OK(network_load(&net, "golden", &e), e);
	db_open(&db);
	assert_int_equal(store_register(db.dsn, net, &e), ERR_FATAL); /* not migrated */
	assert_non_null(strstr(e.msg, "migrate up"));
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	ASSERT_OK(store_register(db.dsn, net, &e), e);

	pg_do(db.c, "UPDATE bttc.migration SET sha256 = repeat('0', 64) WHERE number = 1");
	assert_int_equal(migrate_up(db.dsn, NULL, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, migration_list[0].name));
	assert_int_equal(migrate_down(db.dsn, 1, &e), ERR_FATAL);
	assert_int_equal(store_register(db.dsn, net, &e), ERR_FATAL);
	ASSERT_OK(migrate_status(db.dsn, to, &pending, &e), e);
	fflush(to);
	assert_non_null(strstr(text, "changed"));
	assert_non_null(strstr(text, "applied"));
	assert_false(pending);

	pg_do(db.c,
		"DELETE FROM bttc.migration; DROP SCHEMA chain, staking, partnership, ledger, api,"
		" analytics CASCADE");
	ASSERT_OK(migrate_status(db.dsn, to, &pending, &e), e);
	fflush(to);
	assert_non_null(strstr(text, "pending"));
	assert_true(pending);
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	pg_do(db.c, "INSERT INTO bttc.migration SELECT max(number) + 1, '9999_future', '', 0, "
		    "'99', now()"
		    " FROM bttc.migration");
	assert_int_equal(migrate_up(db.dsn, NULL, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "9999_future"));
	assert_int_equal(store_register(db.dsn, net, &e), ERR_FATAL);
	ASSERT_OK(migrate_status(db.dsn, to, &pending, &e), e);
	fflush(to);
	assert_non_null(strstr(text, "unknown"));
	fclose(to);
	free(text);
	db_close(&db);
	network_free(net);
}

static void test_wrong_encoding(void **state)
{
	PGconn *c = pg_connect(pg_server());
	char sql[200], dsn[1100];
	struct err e;

	(void)state;
	snprintf(sql, sizeof(sql),
		"CREATE DATABASE bttc_ascii_%d ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE"
		" template0",
		(int)getpid());
	pg_do(c, sql);
	snprintf(dsn, sizeof(dsn), "%s dbname=bttc_ascii_%d", pg_server(), (int)getpid());
	assert_int_equal(migrate_up(dsn, NULL, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "SQL_ASCII"));
	snprintf(sql, sizeof(sql), "DROP DATABASE bttc_ascii_%d WITH (FORCE)", (int)getpid());
	pg_do(c, sql);
	PQfinish(c);
}

/* A step that fails leaves nothing of itself. */
static void test_failed_step(void **state)
{
	struct test_db db;
	struct err e;

	(void)state;
	db_open(&db);
	pg_do(db.c, "CREATE SCHEMA staking"); /* the second step makes it */
	assert_int_equal(migrate_up(db.dsn, NULL, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, migration_list[1].name));
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM bttc.migration"), 1);
	assert_string_equal(pg_value(db.c, "SELECT to_regnamespace('partnership')"), "");
	pg_do(db.c, "DROP SCHEMA staking");
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	db_close(&db);
}

static void *migrate_thread(void *dsn)
{
	unsigned applied = 0;
	struct err e;

	if (migrate_up(dsn, &applied, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return (void *)-1;
	}
	return (void *)(uintptr_t)applied;
}

static void test_at_once(void **state)
{
	struct test_db db;
	pthread_t t[4];
	uintptr_t sum = 0;

	(void)state;
	db_open(&db);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, migrate_thread, db.dsn), 0);
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		assert_true((intptr_t)r >= 0);
		sum += (uintptr_t)r;
	}
	assert_int_equal(sum, migration_count());
	db_close(&db);
}

static void test_everything_has_a_comment(void **state)
{
	static const char missing[] = "WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE "
				      "nspname IN ('bttc', 'chain',"
				      " 'staking', 'partnership', 'ledger', 'api', 'analytics')) "
				      "SELECT string_agg(what, ', ') FROM ("
				      " SELECT 'schema ' || nspname AS what FROM ours WHERE "
				      "obj_description(oid, 'pg_namespace') IS"
				      " NULL UNION ALL SELECT format('%s.%s', nspname, relname) "
				      "FROM pg_class c JOIN ours o ON o.oid ="
				      " relnamespace WHERE relkind IN ('r','p','v','m') AND "
				      "coalesce(obj_description(c.oid,"
				      " 'pg_class'), '') = '' UNION ALL SELECT format('%s.%s.%s', "
				      "nspname, relname, attname) FROM"
				      " pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN "
				      "ours o ON o.oid = relnamespace WHERE"
				      " relkind IN ('r','p','v','m') AND NOT relispartition AND "
				      "attnum > 0 AND NOT attisdropped AND"
				      " coalesce(col_description(attrelid, attnum), '') = '' UNION "
				      "ALL SELECT p.oid::regprocedure::text"
				      " FROM pg_proc p JOIN ours o ON o.oid = pronamespace WHERE "
				      "coalesce(obj_description(p.oid,"
				      " 'pg_proc'), '') = '') x";
	struct network *net = NULL;
	struct test_db db;
	struct err e;

	(void)state;
	ASSERT_OK(network_load(&net, "golden", &e), e);
	db_open_network(&db, net);
	assert_string_equal(pg_value(db.c, missing), "");
	pg_do(db.c,
		"COMMENT ON COLUMN chain.log.data IS NULL; COMMENT ON TABLE chain.fork IS NULL");
	assert_string_equal(
		pg_value(db.c, missing), "chain.fork, chain.log.data"); /* it can fail */
	db_close(&db);
	network_free(net);
}

static bool allowed(PGconn *c, const char *role, const char *sql)
{
	char text[200];
	PGresult *r;
	bool ok;

	snprintf(text, sizeof(text), "BEGIN; SET LOCAL ROLE %s", role);
	pg_do(c, text);
	r = PQexec(c, sql);
	ok = PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!ok && strcmp(PQresultErrorField(r, PG_DIAG_SQLSTATE), "42501"))
		fail_msg("%s as %s: %s", sql, role, PQerrorMessage(c));
	PQclear(r);
	pg_do(c, "ROLLBACK");
	return ok;
}

static void test_roles(void **state)
{
	static const struct {
		const char *sql;
		bool writer, api, analyst;
	} rules[] = {
		{"SELECT * FROM chain.log LIMIT 1", true, true, true},
		{"SELECT * FROM staking.staked LIMIT 1", true, true, true},
		{"SELECT * FROM partnership.claimed LIMIT 1", true, true, true},
		{"SELECT * FROM chain.position", true, true, false},
		{"SELECT * FROM chain.coverage", true, true, false},
		{"SELECT * FROM bttc.migration", true, false, false},
		{"INSERT INTO chain.network VALUES ('x', 'y')", true, false, false},
		{"DELETE FROM chain.log_31337", true, false, false},
		{"UPDATE chain.head SET seq = 0", true, false, false},
		{"SELECT chain.drop_log_indexes(31337)", true, false, false},
		{"SELECT chain.build_log_indexes(31337)", true, false, false},
		{"CREATE TABLE chain.t ()", false, false, false},
		{"CREATE TABLE public.t ()", false, false, false},
		{"TRUNCATE chain.log", false, false, false},
		{"DROP TABLE chain.log", false, false, false},
	};
	struct network *net = NULL;
	struct test_db db;
	struct err e;

	(void)state;
	ASSERT_OK(network_load(&net, "golden", &e), e);
	db_open_network(&db, net);
	pg_do(db.c, "DELETE FROM chain.network");
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		if (allowed(db.c, "bttc_writer", rules[i].sql) != rules[i].writer)
			fail_msg("bttc_writer: %s", rules[i].sql);
		if (allowed(db.c, "bttc_api", rules[i].sql) != rules[i].api)
			fail_msg("bttc_api: %s", rules[i].sql);
		if (allowed(db.c, "bttc_analyst", rules[i].sql) != rules[i].analyst)
			fail_msg("bttc_analyst: %s", rules[i].sql);
	}
	assert_string_equal(
		pg_value(db.c,
			"SELECT array_to_string(rolconfig, ' ') FROM pg_roles WHERE rolname ="
			" 'bttc_analyst'"),
		"statement_timeout=5min default_transaction_read_only=on");
	db_close(&db);
	network_free(net);
}

static void test_register(void **state)
{
	struct network *golden = NULL, *world = NULL;
	struct test_db db;
	struct err e;

	(void)state;
	ASSERT_OK(network_load(&golden, "golden", &e), e);
	ASSERT_OK(network_load(&world, "world", &e), e);
	db_open_network(&db, world);
	ASSERT_OK(store_register(db.dsn, world, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.chain"), world->chain_count);
	assert_int_equal(
		pg_number(
			db.c, "SELECT count(*) FROM chain.head WHERE indexed IS NULL AND seq = 0"),
		world->chain_count);
	assert_int_equal(store_register(db.dsn, golden, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "golden"));
	assert_non_null(strstr(e.msg, "world"));
	assert_string_equal(pg_value(db.c, "SELECT name FROM chain.network"), "world");

	world->chains[0].first_block++;
	assert_int_equal(store_register(db.dsn, world, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "first block"));
	world->chains[0].first_block--;
	world->chains[0].required = LEVEL_RECEIPTS;
	memcpy(world->revision, "feedfeedfeedfeed", 16);
	ASSERT_OK(store_register(db.dsn, world, &e), e);
	assert_string_equal(
		pg_value(db.c, "SELECT revision FROM chain.network"), "feedfeedfeedfeed");
	assert_int_equal(
		pg_number(db.c, "SELECT required_level FROM chain.chain ORDER BY key DESC LIMIT 1"),
		LEVEL_RECEIPTS);
	db_close(&db);
	network_free(golden);
	network_free(world);
}

/* What comes from outside is never part of a statement. */
static void test_hostile_names(void **state)
{
	static const char hostile[] = "x'; DROP SCHEMA chain CASCADE; --";
	struct network *net = NULL;
	struct test_db db;
	struct err e;

	(void)state;
	ASSERT_OK(network_load(&net, "golden", &e), e);
	db_open(&db);
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	net->name = hostile;
	net->chains[0].key = hostile;
	ASSERT_OK(store_register(db.dsn, net, &e), e);
	assert_string_equal(pg_value(db.c, "SELECT key FROM chain.chain"), hostile);
	assert_string_equal(pg_value(db.c, "SELECT name FROM chain.network"), hostile);
	db_close(&db);
	network_free(net);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fresh_equals_tables_sql),
		cmocka_unit_test(test_down_and_up),
		cmocka_unit_test(test_dump_and_restore),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_wrong_encoding),
		cmocka_unit_test(test_failed_step),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_everything_has_a_comment),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_hostile_names),
	};

	pg_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
