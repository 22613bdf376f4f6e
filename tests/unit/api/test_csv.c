/* CSV fields, and the three forms of a row. */
#include "api/cells.h"
#include "api/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void check_field(const char *in, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	csv_field(&b, in, n);
	assert_false(b.bad);
	assert_string_equal(b.p ? b.p : "", want);
	buf_free(&b);
}

static void test_fields(void **state)
{
	(void)state;
	check_field("", 0, "");
	check_field("plain", 5, "plain");
	check_field(" spaces stay ", 13, " spaces stay ");
	check_field("a,b", 3, "\"a,b\"");
	check_field("say \"hi\"", 8, "\"say \"\"hi\"\"\"");
	check_field("\"", 1, "\"\"\"\"");
	check_field("two\nlines", 9, "\"two\nlines\"");
	check_field("cr\r", 3, "\"cr\r\"");
	check_field("{\"a\":\"1\",\"b\":[]}", 16, "\"{\"\"a\"\":\"\"1\"\",\"\"b\"\":[]}\"");
}

static const uint8_t SOME[20] = {0xa6, 0x14, 0xf8, 0x03, 0xb6, 0xfd, 0x78, 0x09, 0x86, 0xa4, 0x2c,
	0x78, 0xec, 0x9c, 0x7f, 0x77, 0xe6, 0xde, 0xd1, 0x3c};

static void write_row(struct cells *c, bool tron)
{
	static const uint8_t zero[20];
	struct buf json;

	buf_init(&json, 100);
	buf_str(&json, "{\"x\":\"1\"}");
	cells_begin(c);
	cell_str(c, "text", "a,\"b\"");
	cell_str(c, "none", NULL);
	cell_i64(c, "number", -7);
	cell_bool(c, "yes", true);
	cell_bool(c, "no", false);
	cell_hex(c, "hash", "\x00\xff", 2);
	cell_time(c, "time", 1704067200);
	cell_json(c, "args", &json);
	cell_address(c, "who", SOME, tron);
	cell_address(c, "nobody", zero, tron);
	cells_end(c);
	buf_free(&json);
}

static void check_row(enum format format, bool names, bool tron, const char *want)
{
	struct cells c;
	struct buf b;

	buf_init(&b, 10000);
	cells_init(&c, format, &b);
	c.names = names;
	write_row(&c, tron);
	assert_string_equal(b.p, want);
	buf_free(&b);
}

static void test_forms(void **state)
{
	(void)state;
	check_row(FORMAT_JSON, false, false,
		"{\"text\":\"a,\\\"b\\\"\",\"none\":null,\"number\":-7,\"yes\":true,\"no\":false,"
		"\"hash\":\"0x00ff\",\"time\":\"2024-01-01T00:00:00Z\",\"args\":{\"x\":\"1\"},"
		"\"who\":\"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c\",\"nobody\":null}");
	check_row(FORMAT_NDJSON, false, true,
		"{\"text\":\"a,\\\"b\\\"\",\"none\":null,\"number\":-7,\"yes\":true,\"no\":false,"
		"\"hash\":\"0x00ff\",\"time\":\"2024-01-01T00:00:00Z\",\"args\":{\"x\":\"1\"},"
		"\"who\":\"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c\","
		"\"who_base58\":\"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\",\"nobody\":null,"
		"\"nobody_base58\":null}\n");
	check_row(FORMAT_CSV, true, false,
		"text,none,number,yes,no,hash,time,args,who,who_base58,nobody,nobody_base58\r\n");
	check_row(FORMAT_CSV, true, true,
		"text,none,number,yes,no,hash,time,args,who,who_base58,nobody,nobody_base58\r\n");
	check_row(FORMAT_CSV, false, false,
		"\"a,\"\"b\"\"\",,-7,true,false,0x00ff,2024-01-01T00:00:00Z,\"{\"\"x\"\":\"\"1\"\"}"
		"\","
		"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c,,,\r\n");
	check_row(FORMAT_CSV, false, true,
		"\"a,\"\"b\"\"\",,-7,true,false,0x00ff,2024-01-01T00:00:00Z,\"{\"\"x\"\":\"\"1\"\"}"
		"\","
		"0xa614f803b6fd780986a42c78ec9c7f77e6ded13c,TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t,,"
		"\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
