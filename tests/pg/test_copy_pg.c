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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_errors),
	};

	pg_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
