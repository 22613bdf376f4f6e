/* Options: four origins, ranges, and messages that name the option, its place and the nearest one. */
#include "lib/check.h"

#include "base/opt.h"

#include <unistd.h>

struct conf {
	int64_t count, size, wait;
	bool quick;
	char *name;
	struct opt_list urls;
};

#define AT(f) offsetof(struct conf, f)
static const struct opt table[] = {
	{"count", "N", OPT_INT, AT(count), "5", 1, 100, 0, "How many."},
	{"size", "BYTES", OPT_SIZE, AT(size), "1M", 0, 1 << 30, 0, "How large."},
	{"wait", "TIME", OPT_TIME, AT(wait), "2s", 0, 3600000, 0, "How long."},
	{"quick", NULL, OPT_FLAG, AT(quick), "false", 0, 0, 0, "Hurry."},
	{"name", "TEXT", OPT_STRING, AT(name), NULL, 0, 0, 0, "A name."},
	{"rpc", "URL", OPT_LIST, AT(urls), NULL, 0, 0, 0, "Endpoints."},
	OPT_END,
};
static const struct opt *const tables[] = {table, NULL};

static struct conf c;
static struct opt_set *set;
static const char *const *rest;
static size_t rest_n;
static struct err e;

static enum err_kind parse(const char *line)
{
	static char copy[500];
	char *argv[30];
	int argc = 0;

	opt_free(set);
	set = NULL;
	memset(&c, 0, sizeof(c));
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *s, *w = strtok_r(copy, " ", &s); w; w = strtok_r(NULL, " ", &s))
		argv[argc++] = w;
	return opt_parse(&set, "test", "[options]", tables, &c, argc, argv, &rest, &rest_n, &e);
}

static void test_values(void **state)
{
	(void)state;
	assert_int_equal(parse(""), ERR_NONE);
	assert_int_equal(c.count, 5);
	assert_int_equal(c.size, 1 << 20);
	assert_int_equal(c.wait, 2000);
	assert_null(c.name);
	assert_int_equal(parse("--count=7 --size 3K a --wait 1m --quick --rpc x --rpc=y -- --b"), ERR_NONE);
	assert_int_equal(c.count, 7);
	assert_int_equal(c.size, 3072);
	assert_int_equal(c.wait, 60000);
	assert_true(c.quick);
	assert_int_equal(c.urls.n, 2);
	assert_string_equal(c.urls.v[1], "y");
	assert_int_equal(rest_n, 2);
	assert_string_equal(rest[1], "--b");
	assert_int_equal(parse("--no-quick"), ERR_NONE);
	assert_false(c.quick);
}

static void refused(const char *line, const char *text)
{
	assert_int_equal(parse(line), ERR_FATAL);
	assert_string_equal(e.msg, text);
}

static void test_refused(void **state)
{
	(void)state;
	refused("--cuont 5", "argument: unknown option \"cuont\"; did you mean \"count\"?");
	refused("--zzzzzzz", "argument: unknown option \"zzzzzzz\"");
	refused("--count 0", "argument: option \"count\": 0 is outside 1 to 100");
	refused("--count 5x", "argument: option \"count\": \"5x\" is not a whole number");
	refused("--size 99999999999999999999", "argument: option \"size\": \"99999999999999999999\" is not a size such as 64M (B, K, M, G)");
	refused("--wait 5d", "argument: option \"wait\": \"5d\" is not a time such as 250ms, 2s, 5m, 1h");
	refused("--quick=maybe", "argument: option \"quick\": \"maybe\" is not true or false");
	refused("--count", "argument: option \"count\" needs a value (N)");
	refused("--count 5 --count 6", "argument: option \"count\" is given twice");
	refused("-x", "argument: unknown option \"-x\"");
}

static void test_origins(void **state)
{
	char path[] = "/tmp/bttc_opt_XXXXXX", line[100];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	(void)state;
	fputs("# comment\n count = 20\n\nname = \"a b\"\nwait=3s\n", f);
	fflush(f);
	setenv("BTTC_WAIT", "4s", 1);
	snprintf(line, sizeof(line), "--config %s --name z", path);
	assert_int_equal(parse(line), ERR_NONE);
	assert_int_equal(c.count, 20);
	assert_int_equal(c.wait, 4000);
	assert_string_equal(c.name, "z");
	setenv("BTTC_WAIT", "x", 1);
	refused("", "BTTC_WAIT: option \"wait\": \"x\" is not a time such as 250ms, 2s, 5m, 1h");
	unsetenv("BTTC_WAIT");
	fputs("cont = 1\n", f);
	fclose(f);
	snprintf(line, sizeof(line), "--config %s", path);
	assert_int_equal(parse(line), ERR_FATAL);
	assert_non_null(strstr(e.msg, ":6: unknown option \"cont\"; did you mean \"count\"?"));
	unlink(path);
	assert_int_equal(parse("--config /nonexistent/x"), ERR_FATAL);
	assert_non_null(strstr(e.msg, "/nonexistent/x: No such file"));
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"serve", "status", "migrate", NULL};

	(void)state;
	assert_string_equal(opt_nearest("stauts", names), "status");
	assert_string_equal(opt_nearest("mig", names), "migrate");
	assert_null(opt_nearest("frobnicate", names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_nearest),
	};
	int rc = cmocka_run_group_tests_name("opt", tests, NULL, NULL);

	opt_free(set);
	return rc;
}
