/*
 * The connection breaks: before each statement, after each statement with its answer lost (COMMIT
 * included, so the outcome is in doubt), and at random while a whole recording is written. Each
 * time the writer is opened again, told the same records again, and the tables must equal those of
 * a clean run.
 */
#include "pg/story.h"

#include "base/fault.h"

#include <pthread.h>
#include <stdatomic.h>

#define KILLS 40 /* in one run */

/* Saving and putting back a database's rows is cheaper than a database for each fault. */
static const char *const all_tables[] = {"chain.head", "chain.position", "chain.coverage",
	"chain.level_count", "chain.block", "chain.log", "chain.tx", "chain.contract",
	"chain.parked", "chain.fork", "chain.orphan_block", "chain.orphan_log", "chain.orphan_tx",
	"chain.orphan_contract", "chain.orphan_parked", "staking.checkpoint",
	"staking.orphan_checkpoint", "partnership.event", "partnership.orphan_event"};
#define TABLES (sizeof(all_tables) / sizeof(*all_tables))

static void save(struct test_db *db)
{
	char sql[200];

	pg_do(db->c, "CREATE SCHEMA saved");
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(sql, sizeof(sql), "CREATE TABLE saved.t%zu AS TABLE %s", i, all_tables[i]);
		pg_do(db->c, sql);
	}
}

static void put_back(struct test_db *db)
{
	char sql[200];

	pg_do(db->c, "BEGIN");
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(sql, sizeof(sql), "DELETE FROM %s; INSERT INTO %s TABLE saved.t%zu",
			all_tables[i], all_tables[i], i);
		pg_do(db->c, sql);
	}
	pg_do(db->c, "COMMIT");
}

/* Write all that is missing; every ERR_AGAIN opens the writer anew. Returns how many there were. */
static unsigned write_stubbornly(
	struct test_db *db, const struct story *s, size_t batch, const struct writer_conf *conf)
{
	unsigned again = 0;

	for (;;) {
		struct pen p = {0};
		struct err e;
		enum err_kind k = pen_open(&p, db, s, conf, &e);

		if (!k) {
			k = pen_write_all(&p, s, batch, &e);
			if (!k && conf && conf->bulk)
				k = writer_finish_bulk(p.w, &e);
			pen_close(&p);
		}
		if (!k)
			return again;
		if (k != ERR_AGAIN)
			fail_msg("%s: %s", err_kind_name(k), e.msg);
		if (e.code != WRITER_BUSY) /* the server has not noticed yet that we are gone */
			again++;
		else
			usleep(2000);
	}
}

static void every_statement(const char *point)
{
	struct test_db clean, db;
	struct story all, part;
	size_t undo = 0;
	unsigned n = 0, again;

	story_make(&all, "world", "world/root", true, 0);
	for (unsigned fork = 0; fork < 2; undo++) /* the second fork: depth 4 */
		fork += all.steps[undo].kind == STEP_UNDO && all.steps[undo - 1].kind != STEP_UNDO;
	part = all;
	part.n = undo + 5; /* up to two losers, four UNDO, two winners */
	story_write(&part, &clean, 1000);
	part.n = undo - 3;
	story_write(&part, &db, 1000);
	save(&db);
	part.n = undo + 5;
	do {
		put_back(&db);
		fault_clear();
		fault_arm(point, ++n);
		again = write_stubbornly(&db, &part, 2, NULL);
		fault_clear();
		same_tables(clean.c, db.c, story_tables);
	} while (again);
	printf("%s: %u statements\n", point, n - 1);
	assert_true(n > 60);
	db_close(&db);
	db_close(&clean);
	story_free(&all);
}

static void test_lost_before(void **state)
{
	(void)state;
	every_statement("pg.before");
}

static void test_lost_after(void **state)
{
	(void)state;
	every_statement("pg.after");
}

/* -------- backends killed at random -------- */

struct killer {
	const char *dsn, *name;
	uint64_t seed;
	_Atomic bool stop;
	_Atomic unsigned kills;
};

static void *kill_main(void *arg)
{
	struct killer *k = arg;
	PGconn *c = PQconnectdb(pg_server());
	char sql[300];

	snprintf(sql, sizeof(sql),
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
		"'%s' AND"
		" application_name LIKE 'bttc-indexer%%'",
		k->name);
	while (!atomic_load(&k->stop) && k->kills < KILLS) {
		PGresult *r;

		usleep(5000 + (unsigned)(rnd(&k->seed) % 95000));
		r = PQexec(c, sql);
		k->kills += (unsigned)atoi(PQgetvalue(r, 0, 0));
		PQclear(r);
	}
	PQfinish(c);
	return NULL;
}

static void at_random(const char *network, const char *recording, size_t batch, bool bulk)
{
	struct writer_conf conf = {.bulk = bulk};
	struct test_db clean, db;
	struct killer k = {.seed = rnd_seed(recording)};
	struct story s;
	pthread_t t;
	unsigned again;

	story_make(&s, network, recording, true, 0);
	story_write(&s, &clean, batch);
	db_open_network(&db, s.net);
	k.name = db.name;
	assert_int_equal(pthread_create(&t, NULL, kill_main, &k), 0);
	again = write_stubbornly(&db, &s, batch, &conf);
	atomic_store(&k.stop, true);
	pthread_join(t, NULL);
	printf("%s: %u kills, %u seen\n", recording, k.kills, again);
	same_tables(clean.c, db.c, story_tables);
	assert_int_equal(
		pg_number(db.c, "SELECT sum(chain.missing_log_indexes(chain_id)) FROM chain.chain"),
		0);
	db_close(&clean);
	db_close(&db);
	story_free(&s);
}

static void test_random_golden(void **state)
{
	(void)state;
	at_random("golden", "golden", 3, false);
}

/* A first load without secondary indexes: they are there in the end. */
static void test_random_bttc(void **state)
{
	(void)state;
	at_random("world", "world/bttc", 40, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_before),
		cmocka_unit_test(test_lost_after),
		cmocka_unit_test(test_random_golden),
		cmocka_unit_test(test_random_bttc),
	};

	pg_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
