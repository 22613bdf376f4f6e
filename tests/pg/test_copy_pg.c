/* What the COPY encoder writes is what PostgreSQL's own text input reads. */
#include "pg/pg_kit.h"

#include "store/copy.h"
#include "store/pg.h"

#include <inttypes.h>

#define ROWS 20000

static struct u256 random_amount(uint64_t *seed)
{
	struct u256 v = {{rnd(seed), rnd(seed), rnd(seed), rnd(seed)}}, ten = u256_u64(10);
	unsigned bits = (unsigned)(rnd(seed) % 257), zeros = (unsigned)(rnd(seed) % 78);

	switch (rnd(seed) % 4) {
	case 0: /* any number of bits */
		for (unsigned i = 0; i < 4; i++) {
			unsigned keep = bits > 64 * i ? bits - 64 * i : 0;

			v.w[i] &= keep >= 64 ? UINT64_MAX : (1ull << keep) - 1;
		}
		return v;
	case 1: /* a digit and zeros, near the limit too */
		v = u256_u64(rnd(seed) % 10);
		for (; zeros; zeros--) {
			struct u256 next;

			if (!u256_mul_ok(&next, v, ten))
				break;
			v = next;
		}
		return v;
	case 2: /* around powers of two */
		v = (struct u256){{0}};
		v.w[bits / 65] = 1ull << (bits % 64);
		return rnd(seed) % 2 ? v : u256_sub(v, u256_u64(1));
	default: return u256_u64(rnd(seed) >> (rnd(seed) % 64));
	}
}

static void test_numbers(void **state)
{
	uint64_t seed = rnd_seed("test_numbers"), rows;
	struct test_db db;
	struct copy c;
	struct pg *pg;
	struct err e;

	(void)state;
	db_open(&db);
	pg_do(db.c, "CREATE TABLE public.t (n numeric(78,0), text text)");
	copy_init(&c, 2);
	for (int i = 0; i < ROWS; i++) {
		struct u256 v = random_amount(&seed);
		char dec[U256_DEC_MAX + 1];

		dec[u256_dec(dec, v)] = 0;
		copy_row(&c);
		copy_u256(&c, v);
		copy_text(&c, dec);
	}
	assert_true(copy_end(&c));
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	ASSERT_OK(pg_copy(pg, "COPY public.t FROM STDIN BINARY", &c.b, &rows, &e), e);
	assert_int_equal(rows, ROWS);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM public.t WHERE n = text::numeric"), ROWS);
	/* the same bytes as PostgreSQL makes itself, so indexes and = agree */
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM public.t WHERE numeric_send(n) ="
					 " numeric_send(text::numeric(78,0)) AND n::text = text"),
		ROWS);
	pg_close(pg);
	copy_free(&c);
	db_close(&db);
}

/* NUL bytes, quotes, backslashes, the ends of all ranges. */
static void test_other_types(void **state)
{
	static const uint8_t bytes[] = {0, 1, '\'', '\\', '"', 0xff, 0, '\n'};
	static const char text[] = "quote ' backslash \\ tab \t euro \xe2\x82\xac";
	struct test_db db;
	struct copy c;
	struct pg *pg;
	struct err e;
	uint64_t rows;

	(void)state;
	db_open(&db);
	pg_do(db.c, "CREATE TABLE public.t (a bigint, b integer, c smallint, d boolean, e bytea, f "
		    "text,"
		    " g timestamptz)");
	copy_init(&c, 7);
	for (int i = 0; i < 2; i++) {
		copy_row(&c);
		copy_i64(&c, i ? INT64_MAX : INT64_MIN);
		copy_i32(&c, i ? INT32_MAX : INT32_MIN);
		copy_i16(&c, i ? INT16_MAX : INT16_MIN);
		copy_bool(&c, i);
		copy_bytes(&c, bytes, i ? sizeof(bytes) : 0);
		copy_text(&c, i ? text : NULL);
		copy_time(&c, i ? 253402300799 : 0);
	}
	assert_true(copy_end(&c));
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	ASSERT_OK(pg_copy(pg, "COPY public.t FROM STDIN BINARY", &c.b, &rows, &e), e);
	assert_string_equal(pg_value(db.c, "SELECT t::text FROM public.t WHERE d"),
		"(9223372036854775807,2147483647,32767,t,\"\\\\x0001275c22ff000a\","
		"\"quote ' backslash \\\\ tab \t euro \xe2\x82\xac\",\"9999-12-31 23:59:59+00\")");
	assert_string_equal(pg_value(db.c, "SELECT t::text FROM public.t WHERE NOT d"),
		"(-9223372036854775808,-2147483648,-32768,f,\"\\\\x\",,\"1970-01-01 "
		"00:00:00+00\")");
	pg_close(pg);
	copy_free(&c);
	db_close(&db);
}

/* Which error a caller sees decides what it does next. */
static void test_errors(void **state)
{
	struct test_db db;
	struct copy c;
	struct pg *pg, *none = NULL;
	struct err e = {0};
	uint64_t rows;
	char dsn[1100];

	(void)state;
	db_open(&db);
	pg_do(db.c, "CREATE TABLE public.t (a bigint CONSTRAINT t_pk PRIMARY KEY)");
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	copy_init(&c, 1);
	for (int i = 0; i < 2; i++) {
		copy_row(&c);
		copy_i64(&c, 7);
	}
	assert_true(copy_end(&c));
	assert_int_equal(
		pg_copy(pg, "COPY public.t FROM STDIN BINARY", &c.b, &rows, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "t_pk"));
	assert_int_equal(pg_exec(pg, "SELECT 1 / 0", &e), ERR_REJECT);
	assert_int_equal(pg_exec(pg, "SELECT nothing", &e), ERR_FATAL);
	assert_int_equal(
		pg_exec(pg, "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$", &e),
		ERR_AGAIN);
	ASSERT_OK(pg_exec(pg, "SELECT 1", &e), e); /* the connection is still good */
	pg_do(db.c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name "
		    "= 'test'");
	assert_int_equal(pg_exec(pg, "SELECT 1", &e), ERR_AGAIN);
	assert_true(pg_lost(pg));
	assert_int_equal(pg_exec(pg, "SELECT 1", &e), ERR_AGAIN);
	pg_close(pg);
	copy_free(&c);
	snprintf(dsn, sizeof(dsn), "%s dbname=bttc_no_such_database", pg_server());
	assert_int_equal(pg_open(&none, dsn, "test", &e), ERR_FATAL);
	assert_int_equal(pg_open(&none, "host=/nonexistent", "test", &e), ERR_AGAIN);
	assert_int_equal(pg_open(&none, "hots=/tmp", "test", &e), ERR_FATAL);
	db_close(&db);
}

static int64_t asked(struct pg *pg, const char *sql, int64_t a, int64_t b)
{
	struct pg_args args = {0};
	struct err e;

	pg_arg_i64(&args, a);
	pg_arg_i64(&args, b);
	ASSERT_OK(pg_query_kept(pg, sql, &args, &e), e);
	assert_int_equal(pg_count(pg), 1);
	return pg_i64(pg, 0, 0);
}

/* Prepared once, asked with other values, also after an error and in a transaction that was taken back. */
static void test_kept(void **state)
{
	static const char sum[] = "SELECT $1 + $2", quotient[] = "SELECT $1 / $2", wrong[] = "SELECT $1 + nothing";
	struct pg_args args = {0};
	struct test_db db;
	struct pg *pg;
	struct err e;

	(void)state;
	db_open(&db);
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	assert_int_equal(asked(pg, sum, 2, 3), 5);
	ASSERT_OK(pg_exec(pg, "BEGIN", &e), e);
	assert_int_equal(asked(pg, quotient, 12, 4), 3);
	pg_arg_i64(&args, 1);
	pg_arg_i64(&args, 0);
	assert_int_equal(pg_query_kept(pg, quotient, &args, &e), ERR_REJECT);
	pg_rollback(pg);
	assert_int_equal(asked(pg, quotient, 7, 7), 1);
	assert_int_equal(pg_query_kept(pg, wrong, &args, &e), ERR_FATAL);
	assert_int_equal(asked(pg, sum, -1, 1), 0);
	ASSERT_OK(pg_query(pg, "SELECT count(*) FROM pg_prepared_statements", NULL, &e), e);
	assert_int_equal(pg_i64(pg, 0, 0), 2);
	pg_close(pg);
	db_close(&db);
}

/* More texts than a connection keeps: the others are asked all the same. */
static void test_kept_limit(void **state)
{
	static char texts[100][40];
	struct test_db db;
	struct pg *pg;
	struct err e;

	(void)state;
	db_open(&db);
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100; i++) {
			snprintf(texts[i], sizeof(texts[i]), "SELECT $1 + $2 + %d", i);
			assert_int_equal(asked(pg, texts[i], 1, 2), i + 3);
		}
	pg_close(pg);
	db_close(&db);
}

static void test_many(void **state)
{
	static const char *const sums[] = {"SELECT $1 + $2", "SELECT g FROM generate_series($1, $2) g",
		"SELECT $1 - $2"};
	static const char *const bad[] = {"SELECT $1 * $2", "SELECT $1 / ($2 - $2)", "SELECT $1 - $2"};
	struct pg_args args = {0};
	struct test_db db;
	struct pg *pg;
	struct err e;

	(void)state;
	db_open(&db);
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	pg_arg_i64(&args, 3);
	pg_arg_i64(&args, 6);
	for (int round = 0; round < 2; round++) {
		ASSERT_OK(pg_query_many(pg, sums, 3, &args, &e), e);
		pg_take(pg, 0);
		assert_int_equal(pg_i64(pg, 0, 0), 9);
		pg_take(pg, 1);
		assert_int_equal(pg_count(pg), 4);
		assert_int_equal(pg_i64(pg, 3, 0), 6);
		pg_take(pg, 2);
		assert_int_equal(pg_i64(pg, 0, 0), -3);
		ASSERT_OK(pg_exec(pg, "BEGIN", &e), e);
		assert_int_equal(pg_query_many(pg, bad, 3, &args, &e), ERR_REJECT);
		assert_non_null(strstr(e.msg, "22012"));
		pg_rollback(pg);
	}
	pg_do(db.c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test'");
	assert_int_equal(pg_query_many(pg, sums, 3, &args, &e), ERR_AGAIN);
	assert_true(pg_lost(pg));
	pg_close(pg);
	db_close(&db);
}

static void put_numbers(struct copy *c, int64_t from, int64_t to)
{
	copy_clear(c);
	for (int64_t i = from; i < to; i++) {
		copy_row(c);
		copy_i64(c, i);
	}
	assert_true(copy_end(c));
}

static void test_copy_many(void **state)
{
	struct pg_copy_in in[2] = {{.sql = "COPY public.a FROM STDIN BINARY"},
		{.sql = "COPY public.b (n) FROM STDIN BINARY"}};
	struct test_db db;
	struct copy a, b;
	struct pg *pg;
	struct err e;

	(void)state;
	db_open(&db);
	pg_do(db.c, "CREATE TABLE public.a (n bigint CONSTRAINT a_pk PRIMARY KEY)");
	pg_do(db.c, "CREATE TABLE public.b (n bigint CONSTRAINT b_pk PRIMARY KEY)");
	copy_init(&a, 1);
	copy_init(&b, 1);
	in[0].data = &a.b;
	in[1].data = &b.b;
	ASSERT_OK(pg_open(&pg, db.dsn, "test", &e), e);
	ASSERT_OK(pg_copy_many(pg, in, 0, &e), e);
	put_numbers(&a, 0, 50000); /* over one chunk */
	put_numbers(&b, 0, 3);
	ASSERT_OK(pg_exec(pg, "BEGIN", &e), e);
	ASSERT_OK(pg_copy_many(pg, in, 2, &e), e);
	assert_int_equal(in[0].rows, 50000);
	assert_int_equal(in[1].rows, 3);
	ASSERT_OK(pg_exec(pg, "COMMIT", &e), e);
	for (int bad = 0; bad < 2; bad++) { /* the first or the second does not fit: nothing of both stays */
		put_numbers(&a, bad ? 60000 : 1, 60001);
		put_numbers(&b, bad ? 2 : 10, 20);
		ASSERT_OK(pg_exec(pg, "BEGIN", &e), e);
		assert_int_equal(pg_copy_many(pg, in, 2, &e), ERR_REJECT);
		assert_non_null(strstr(e.msg, bad ? "b_pk" : "a_pk"));
		pg_rollback(pg);
		assert_int_equal(pg_number(db.c, "SELECT count(*) FROM public.a"), 50000);
		assert_int_equal(pg_number(db.c, "SELECT count(*) FROM public.b"), 3);
	}
	in[1].sql = "SELECT 1";
	put_numbers(&a, 70000, 70001);
	assert_int_equal(pg_copy_many(pg, in, 2, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "not a COPY"));
	pg_close(pg);
	copy_free(&a);
	copy_free(&b);
	db_close(&db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_limit),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_copy_many),
	};

	pg_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
