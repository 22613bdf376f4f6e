/* JSON in and out. */
#include "lib/check.h"

#include "base/json.h"

static struct json_parser *p;

static struct jval parse(const char *s)
{
	struct err e;
	struct jval v;

	if (json_parse(p, s, strlen(s), &v, &e))
		fail_msg("%s: %s", s, e.msg);
	return v;
}

static void refused(const char *s, size_t n)
{
	struct err e;
	struct jval v;

	assert_int_equal(json_parse(p, s, n, &v, &e), ERR_REJECT);
	assert_true(strlen(e.msg) > 4);
}

static void test_read(void **state)
{
	struct jval v = parse("{\"a\":[1,-2,\"x\\u0041\",{\"b\":null},true,[],1.5,18446744073709551615],\"a\":2,\"h\":\"0x1f\"}");
	struct jval a, x;
	struct jiter it;
	int64_t i;
	uint64_t u;
	const char *s;
	size_t n;
	bool b;

	(void)state;
	assert_true(json_get(v, "a", &a));
	assert_int_equal(json_type(a), JSON_ARRAY);
	assert_int_equal(json_count(a), 8);
	json_iter(a, &it);
	assert_true(json_next(&it, &x) && json_i64(x, &i) && i == 1);
	assert_true(json_next(&it, &x) && json_i64(x, &i) && i == -2);
	assert_true(json_next(&it, &x) && json_str(x, &s, &n));
	assert_int_equal(n, 2);
	assert_memory_equal(s, "xA", 2);
	assert_true(json_next(&it, &x) && json_get(x, "b", &x) && json_is_null(x));
	assert_true(json_next(&it, &x) && json_bool(x, &b) && b);
	assert_true(json_next(&it, &x) && json_count(x) == 0 && json_type(x) == JSON_ARRAY);
	assert_true(json_next(&it, &x) && json_type(x) == JSON_NUMBER && !json_i64(x, &i));
	assert_true(json_next(&it, &x) && !json_i64(x, &i));
	assert_false(json_next(&it, &x));
	assert_true(json_get(v, "h", &x) && json_hex_u64(x, &u) && u == 31);
	assert_false(json_get(v, "zz", &x));
	assert_false(json_get(a, "a", &x));
	json_iter(parse("7"), &it);
	assert_false(json_next(&it, &x));
}

static void test_dump_round_trip(void **state)
{
	static const char text[] = "{\"a\":[1,-2,\"\\\"\\\\\\n\",{\"b\":null},true,false,[],{}],\"\":\"\xc3\xa9\"}";
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_dump(&b, parse(text));
	assert_string_equal(b.p, text);
	buf_free(&b);
}

static void test_refused(void **state)
{
	char deep[400];

	(void)state;
	refused("", 0);
	refused("{", 1);
	refused("{\"a\":}", 6);
	refused("\"\xff\"", 3);
	refused("01", 2);
	refused("[1] 2", 5);
	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	refused(deep, 400);
	struct json_parser *old = p;

	p = json_parser_new(4);
	refused("[1,2]", 5);
	json_parser_free(p);
	p = old;
}

static void test_write(void **state)
{
	struct buf b;
	struct jw w;

	(void)state;
	buf_init(&b, 10000);
	jw_init(&w, &b);
	jw_obj(&w);
	jw_key(&w, "s");
	jw_str(&w, "q\" b\\ \x01 \xc3\xa9 \xff \xed\xa0\x80 \x7f");
	jw_key(&w, "n");
	jw_arr(&w);
	jw_u64(&w, UINT64_MAX);
	jw_i64(&w, -5);
	jw_null(&w);
	jw_bool(&w, true);
	jw_hex(&w, "\xab", 1);
	jw_hex_u64(&w, 0);
	jw_u256(&w, u256_u64(12));
	jw_arr(&w);
	jw_arr_end(&w);
	jw_arr_end(&w);
	jw_key(&w, "z");
	jw_str(&w, NULL);
	jw_obj_end(&w);
	assert_string_equal(b.p,
		"{\"s\":\"q\\\" b\\\\ \\u0001 \xc3\xa9 \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \\u007f\","
		"\"n\":[18446744073709551615,-5,null,true,\"0xab\",\"0x0\",\"12\",[]],\"z\":null}");
	parse(b.p);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_dump_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_write),
	};
	int rc;

	p = json_parser_new(1 << 20);
	rc = cmocka_run_group_tests_name("json", tests, NULL, NULL);
	json_parser_free(p);
	return rc;
}
