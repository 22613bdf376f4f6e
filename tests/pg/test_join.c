/* Verdicts on checkpoints while forks take them away. */
#include "pg/pg_kit.h"

#include "books/join.h"

#include <pthread.h>
#include <stdlib.h>

static struct network *net;

/* One thread's session of the books; joins until there is nothing to do. */
struct joining {
	struct books_conf conf;
	struct session s;
	enum err_kind kind;
	struct err err;
};

static void open_session(struct joining *j, const char *dsn)
{
	struct err e;

	*j = (struct joining){.conf = {.chain = network_staking(net),
				      .child = network_chain(net, "bttc"),
				      .database = dsn,
				      .revision = net->revision}};
	j->s = (struct session){.conf = &j->conf, .chain_id = (int64_t)j->conf.chain->chain_id};
	j->s.mem = arena_new(64 << 20);
	ASSERT_OK(books_open(&j->s, "test", &e), e);
}

static void close_session(struct joining *j)
{
	pg_close(j->s.pg);
	arena_free(j->s.mem);
}

static void *join_all(void *arg)
{
	struct joining *j = arg;
	bool any = true;

	while (!j->kind && any)
		j->kind = join_step(&j->s, j->conf.child, &any, &j->err);
	return NULL;
}

/* Two checkpoints over blocks of the child chain that are not there. */
static void set_up(struct test_db *db)
{
	db_open_network(db, net);
	pg_do(db->c, "INSERT INTO staking.checkpoint (chain_id, block, log_index, tx, kind, root_chain_id,"
		     " checkpoint_id, proposer, start_block, end_block) SELECT 31337, b, 0, '', 1, 1, b, '', b, b + 9"
		     " FROM (VALUES (120), (130)) v (b)");
	pg_do(db->c, "UPDATE chain.head SET (indexed, indexed_hash, indexed_time) = (200, sha256(''), now())"
		     " WHERE chain_id = 199");
}

static void test_gap(void **state)
{
	struct test_db db;
	struct joining j;

	(void)state;
	set_up(&db);
	open_session(&j, db.dsn);
	join_all(&j);
	ASSERT_OK(j.kind, j.err);
	assert_string_equal(pg_value(db.c, "SELECT string_agg(block || ' ' || verdict, ', ' ORDER BY block) FROM"
					   " ledger.verdict"),
		"120 gap, 130 gap");
	close_session(&j);
	db_close(&db);
}

static void wait_until_blocked(PGconn *c)
{
	for (int i = 0; i < 3000; i++) {
		if (pg_number(c, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test' AND"
				 " wait_event_type = 'Lock'"))
			return;
		usleep(10000);
	}
	fail_msg("the verdict does not wait for the fork");
}

/* The fork is under way when the verdict is written, and done before it can be. */
static void test_fork_meanwhile(void **state)
{
	struct test_db db;
	struct joining j;
	pthread_t t;

	(void)state;
	set_up(&db);
	open_session(&j, db.dsn);
	pg_do(db.c, "BEGIN");
	pg_do(db.c, "DELETE FROM staking.checkpoint WHERE block = 130");
	assert_int_equal(pthread_create(&t, NULL, join_all, &j), 0);
	wait_until_blocked(db.c);
	pg_do(db.c, "COMMIT");
	pthread_join(t, NULL);
	ASSERT_OK(j.kind, j.err);
	assert_string_equal(pg_value(db.c, "SELECT string_agg(block || ' ' || verdict, ', ') FROM ledger.verdict"),
		"120 gap");
	close_session(&j);
	db_close(&db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_fork_meanwhile),
	};
	struct err e;
	int failed;

	pg_server();
	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 1);
	if (network_load(&net, "world", &e)) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	network_free(net);
	return failed;
}
