/*
 * index_run with a stream in memory: it ends when the input ends, waits out lost connections and
 * other writers, parks what does not fit, halts on what a person has to see, and stops when asked.
 */
#include "pg/story.h"

#include "base/stop.h"
#include "index/index.h"

#include <pthread.h>
#include <stdatomic.h>

/* A stream over steps that are there already; position = index of the next step. */
struct tape {
	struct stream_reader r;
	const struct step *steps;
	size_t n, at, acked, batch;
	struct bad_record *bad; /* given once, before step bad_at */
	size_t bad_n, bad_at;
	unsigned opens;
	bool endless;
	void (*at_poll)(struct tape *t);
	void *arg;
};

static enum err_kind tape_poll(struct stream_reader *r, unsigned timeout_ms, size_t max_bytes,
	struct arena *mem, struct step_batch *out, struct err *e)
{
	struct tape *t = (struct tape *)r;
	size_t n = t->n - t->at < t->batch ? t->n - t->at : t->batch;

	(void)max_bytes;
	(void)e;
	if (t->at_poll)
		t->at_poll(t);
	*out = (struct step_batch){.next_offset = (int64_t)(t->at + n)};
	out->steps = arena_dup(mem, t->steps + t->at, n * sizeof(*t->steps));
	out->n = n;
	if (t->bad_n && t->at >= t->bad_at) {
		out->bad = t->bad;
		out->bad_n = t->bad_n;
	}
	t->at += n;
	if (!n)
		stop_wait_ms(timeout_ms);
	return ERR_NONE;
}

static void tape_ack(struct stream_reader *r, int64_t next_offset)
{
	struct tape *t = (struct tape *)r;

	t->acked = (size_t)next_offset;
	if (t->acked > t->bad_at)
		t->bad_n = 0;
}

static void tape_close(struct stream_reader *r)
{
	(void)r;
}

static enum err_kind tape_open(
	void *arg, const struct writer_past *past, struct stream_reader **out, struct err *e)
{
	struct tape *t = arg;

	(void)past;
	(void)e;
	t->opens++;
	t->at = t->acked; /* as the queue does: what was not acked is offered again */
	t->r = (struct stream_reader){tape_poll, tape_ack, tape_close};
	*out = &t->r;
	return ERR_NONE;
}

static bool tape_ended(void *arg)
{
	struct tape *t = arg;

	return !t->endless && t->acked == t->n && !t->bad_n;
}

static struct story golden;

static enum err_kind run(
	struct test_db *db, struct tape *t, bool bulk, struct index_state *state, struct err *e)
{
	struct writer_conf conf = {.bulk = bulk};
	struct index_input in = {.open = tape_open, .ended = tape_ended, .arg = t};

	return index_run(db->dsn, golden.chain, &conf, &in, state, e);
}

static int make_story(void **state)
{
	(void)state;
	story_make(&golden, "golden", "golden", true, 0);
	return 0;
}

static int free_story(void **state)
{
	(void)state;
	story_free(&golden);
	return 0;
}

static void test_to_the_end(void **state)
{
	struct tape t = {.steps = golden.steps, .n = golden.n, .batch = 37};
	struct index_state st = {0};
	struct test_db db, clean;
	uint64_t logs = 0;
	struct err e;

	(void)state;
	for (size_t i = 0; i < golden.n; i++)
		logs += golden.steps[i].block ? golden.steps[i].block->log_count : 0;
	story_write(&golden, &clean, 100);
	db_open_network(&db, golden.net);
	ASSERT_OK(run(&db, &t, true, &st, &e), e);
	same_tables(db.c, clean.c, story_tables);
	assert_int_equal(st.phase, INDEX_DONE);
	assert_int_equal(st.indexed, 1184);
	assert_int_equal(st.events, logs);
	assert_int_equal(st.parked, 0);
	assert_int_equal(pg_number(db.c, "SELECT chain.missing_log_indexes(31337)"), 0);
	assert_int_equal(pg_number(db.c, "SELECT next_offset FROM chain.position"), golden.n);
	ASSERT_OK(run(&db, &t, true, &st, &e), e); /* again: nothing to do */
	same_tables(db.c, clean.c, story_tables);
	db_close(&db);
	db_close(&clean);
}

/* The first load ends when the head is near, not only at the end of the input. */
static void no_index_yet(struct tape *t)
{
	PGconn *c = t->arg;
	long long missing = pg_number(c, "SELECT chain.missing_log_indexes(31337)");

	if (t->at && t->at <= 600)
		assert_int_equal(missing, 3);
	if (t->at > 700)
		assert_int_equal(missing, 0);
}

static void test_bulk_ends_near_the_head(void **state)
{
	struct step *steps = malloc((golden.n + 1) * sizeof(*steps));
	struct tape t = {.steps = steps, .n = golden.n + 1, .batch = 50, .at_poll = no_index_yet};
	struct index_state st = {0};
	struct test_db db;
	struct err e;

	(void)state;
	memcpy(steps, golden.steps, 640 * sizeof(*steps));
	steps[640] = (struct step){.kind = STEP_HEIGHTS, .head = golden.steps[639].id.number + 100};
	memcpy(steps + 641, golden.steps + 640, (golden.n - 640) * sizeof(*steps));
	for (size_t i = 0; i < golden.n; i++) /* the story's own heights are near as well */
		if (steps[i].kind == STEP_HEIGHTS && i != 640)
			steps[i].head = 1000000;
	db_open_network(&db, golden.net);
	t.arg = db.c;
	ASSERT_OK(run(&db, &t, true, &st, &e), e);
	free(steps);
	db_close(&db);
}

static void kill_now(struct tape *t)
{
	static unsigned polls;
	const struct test_db *db = t->arg;
	char sql[300];

	if (++polls != 1 && polls != 4 && polls != 5 && polls != 9)
		return;
	snprintf(sql, sizeof(sql),
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
		"'%s' AND"
		" application_name LIKE 'bttc-indexer%%'",
		db->name);
	pg_do(db->c, sql);
}

static void test_connection_lost(void **state)
{
	struct tape t = {.steps = golden.steps, .n = golden.n, .batch = 101, .at_poll = kill_now};
	struct index_state st = {0};
	struct test_db db, clean;
	struct err e;

	(void)state;
	story_write(&golden, &clean, 100);
	db_open_network(&db, golden.net);
	t.arg = &db;
	ASSERT_OK(run(&db, &t, false, &st, &e), e);
	assert_int_equal(t.opens, 5);
	same_tables(db.c, clean.c, story_tables);
	db_close(&db);
	db_close(&clean);
}

static void test_bad_records(void **state)
{
	struct bad_record bad[] = {{{(const uint8_t *)"abc", 3}, "no Step", 17}};
	struct tape t = {
		.steps = golden.steps, .n = 100, .batch = 10, .bad = bad, .bad_n = 1, .bad_at = 40};
	struct index_state st = {0};
	struct test_db db;
	struct err e;

	(void)state;
	db_open_network(&db, golden.net);
	ASSERT_OK(run(&db, &t, false, &st, &e), e);
	assert_int_equal(st.parked, 1);
	assert_string_equal(pg_value(db.c, "SELECT reason || encode(raw, 'hex') FROM chain.parked"),
		"no Step616263");
	assert_int_equal(pg_number(db.c, "SELECT indexed FROM chain.head"), 208);
	db_close(&db);
}

/* Rows that break a constraint: that block keeps its header, its logs are parked, the rest goes on.
 */
static void test_rejected_rows(void **state)
{
	struct step *steps = malloc(200 * sizeof(*steps));
	struct tape t = {.steps = steps, .n = 200, .batch = 50};
	struct index_state st = {0};
	struct block odd;
	struct log *logs;
	struct test_db db;
	struct err e;
	size_t i = 60;

	(void)state;
	memcpy(steps, golden.steps, 200 * sizeof(*steps));
	while (steps[i].block->log_count < 3)
		i++;
	odd = *steps[i].block;
	logs = malloc(odd.log_count * sizeof(*logs));
	memcpy(logs, odd.logs, odd.log_count * sizeof(*logs));
	logs[1].log_index = logs[0].log_index; /* the same key twice */
	odd.logs = logs;
	steps[i].block = &odd;
	db_open_network(&db, golden.net);
	ASSERT_OK(run(&db, &t, false, &st, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT indexed FROM chain.head"), 308);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.block"), 200);
	assert_int_equal(pg_number(db.c, "SELECT count(DISTINCT block) FROM chain.parked"), 1);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM chain.parked WHERE log_index IS NOT NULL"),
		odd.log_count);
	assert_true(
		strstr(pg_value(db.c, "SELECT reason FROM chain.parked LIMIT 1"), "log") != NULL);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM chain.block b WHERE NOT EXISTS (SELECT FROM"
				" chain.block p WHERE p.hash = b.parent) AND number > 109"),
		0);
	free(steps);
	free(logs);
	db_close(&db);
}

static void test_gap_halts(void **state)
{
	struct tape t = {.steps = golden.steps + 1, .n = 10, .batch = 5};
	struct index_state st = {0};
	struct test_db db;
	struct err e;

	(void)state;
	db_open_network(&db, golden.net);
	assert_int_equal(run(&db, &t, false, &st, &e), ERR_FATAL);
	assert_int_equal(st.phase, INDEX_HALTED);
	assert_non_null(strstr(e.msg, "re-ingest from block 109"));
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.block"), 0);
	db_close(&db);
}

/* -------- threads -------- */

struct runner {
	struct test_db *db;
	struct tape tape;
	struct index_state state;
	enum err_kind kind;
	struct err e;
};

static void *run_main(void *arg)
{
	struct runner *r = arg;

	r->kind = run(r->db, &r->tape, false, &r->state, &r->e);
	return NULL;
}

/* Wait for a condition, with a deadline. */
static void until(bool (*f)(void *), void *arg)
{
	for (int i = 0; i < 2000; i++) {
		if (f(arg))
			return;
		usleep(5000);
	}
	fail_msg("it did not happen within 10 s");
}

static bool stands_by(void *arg)
{
	return atomic_load(&((struct runner *)arg)->state.phase) == INDEX_STANDBY;
}

static bool is_done(void *arg)
{
	return atomic_load(&((struct runner *)arg)->state.phase) == INDEX_DONE;
}

static void test_takes_over(void **state)
{
	struct runner r = {.tape = {.steps = golden.steps, .n = 300, .batch = 60}};
	struct test_db db;
	struct pen first;
	struct err e;
	pthread_t t;

	(void)state;
	db_open_network(&db, golden.net);
	ASSERT_OK(pen_open(&first, &db, &golden, NULL, &e), e);
	ASSERT_OK(pen_write(&first, golden.steps, 100, &e), e);
	r.db = &db;
	assert_int_equal(pthread_create(&t, NULL, run_main, &r), 0);
	until(stands_by, &r);
	ASSERT_OK(pen_write(&first, golden.steps + 100, 50, &e), e);
	pen_close(&first);
	until(is_done, &r);
	pthread_join(t, NULL);
	ASSERT_OK(r.kind, r.e);
	assert_int_equal(pg_number(db.c, "SELECT indexed FROM chain.head"), 408);
	db_close(&db);
}

/* Last: a stop cannot be taken back. */
static void test_stop(void **state)
{
	struct runner r = {.tape = {.steps = golden.steps, .n = 300, .batch = 60, .endless = true}};
	struct test_db db;
	struct timespec a, b;
	pthread_t t;

	(void)state;
	db_open_network(&db, golden.net);
	r.db = &db;
	assert_int_equal(pthread_create(&t, NULL, run_main, &r), 0);
	while (pg_number(db.c, "SELECT coalesce(indexed, 0) FROM chain.head") != 408)
		usleep(5000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	stop_request();
	pthread_join(t, NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_int_equal(r.kind, ERR_STOP);
	assert_int_equal(r.state.phase, INDEX_DONE);
	assert_true(b.tv_sec - a.tv_sec < 3);
	db_close(&db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_the_end),
		cmocka_unit_test(test_bulk_ends_near_the_head),
		cmocka_unit_test(test_connection_lost),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_rejected_rows),
		cmocka_unit_test(test_gap_halts),
		cmocka_unit_test(test_takes_over),
		cmocka_unit_test(test_stop),
	};

	pg_server();
	return cmocka_run_group_tests(tests, make_story, free_story);
}
