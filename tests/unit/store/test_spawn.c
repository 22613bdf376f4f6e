/* What a child that fails leaves as its message: the cause, not the last thing that it happened to say. */
#include "lib/check.h"

#include "store/spawn.h"

#include <string.h>

static void says(const char *script, int code, const char *expect)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
	struct spawn_user self = {0};
	struct err e;
	struct buf out;

	buf_init(&out, 65536);
	assert_int_equal(spawn_run(argv, &self, &out, &e), ERR_FATAL);
	assert_int_equal(e.code, code);
	assert_string_equal(e.msg, expect);
	buf_free(&out);
}

static void test_cause(void **state)
{
	(void)state;
	says("echo 'creating ... ok'; echo 'now FATAL:  no space' >&2; echo 'STATEMENT:  x'; echo 'removing d'; exit 1", 1,
		"/bin/sh failed (1): FATAL:  no space");
	says("echo 'initdb: error: no such user'; echo 'initdb: hint: make one'; exit 3", 3,
		"/bin/sh failed (3): error: no such user");
	says("echo 'PANIC:  torn'; echo 'FATAL:  later'; exit 1", 1, "/bin/sh failed (1): PANIC:  torn");
	says("echo one; echo two; echo; exit 2", 2, "/bin/sh failed (2): two");
	says("exit 4", 4, "/bin/sh failed (4): no message");
}

static void test_good(void **state)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo fine", NULL};
	struct spawn_user self = {0};
	struct err e;
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	assert_int_equal(spawn_run(argv, &self, &out, &e), ERR_NONE);
	assert_string_equal(out.p, "fine\n");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
