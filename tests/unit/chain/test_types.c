/* Stored numbers and names of the levels: pinned, because database rows hold them. */
#include "chain/types.h"

#include "lib/check.h"

static void level_numbers(void **state)
{
	(void)state;
	assert_int_equal(LEVEL_TRUSTED, 0);
	assert_int_equal(LEVEL_LINKED, 1);
	assert_int_equal(LEVEL_HASHED, 2);
	assert_int_equal(LEVEL_BLOOM, 3);
	assert_int_equal(LEVEL_RECEIPTS, 4);
	assert_int_equal(LEVEL_QUORUM, 5);
}

static void level_names(void **state)
{
	static const char *const names[] = {
		"trusted", "linked", "hashed", "bloom", "receipts", "quorum"};
	enum level level;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_string_equal(level_name((enum level)i), names[i]);
		assert_true(level_parse(&level, names[i]));
		assert_int_equal(level, i);
	}
	level = LEVEL_BLOOM;
	assert_false(level_parse(&level, "Trusted"));
	assert_false(level_parse(&level, ""));
	assert_false(level_parse(&level, "receipt"));
	assert_int_equal(level, LEVEL_BLOOM);
	assert_string_equal(level_name((enum level)6), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_numbers),
		cmocka_unit_test(level_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
