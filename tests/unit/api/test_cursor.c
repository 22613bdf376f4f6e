/* Cursors: round trips, and that nothing else decodes. */
#include "api/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct hash32 HERE = {{1, 2, 3}}, ELSEWHERE = {{1, 2, 4}};

static struct cursor sample(size_t n)
{
	struct cursor c = {.n = n};

	for (size_t i = 0; i < n; i++) {
		struct cursor_pos *p = &c.pos[i];

		p->given = i % 3 != 2;
		if (!p->given)
			continue;
		p->guarded = i % 2 == 0;
		p->block = i == 0 ? INT64_MAX : i * 1000003;
		p->log_index = i == 0 ? INT32_MAX : (uint32_t)i;
		if (p->guarded)
			memset(p->hash.b, (int)(0xf0 + i), sizeof(p->hash.b));
	}
	return c;
}

static void test_round_trip(void **state)
{
	char text[CURSOR_TEXT_MAX];

	(void)state;
	for (size_t n = 0; n <= CURSOR_CHAINS; n++) {
		struct cursor in = sample(n), out = {0};

		cursor_encode(&in, &HERE, text);
		assert_true(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234"
					 "56789-_") == strlen(text));
		assert_true(cursor_decode(&out, &HERE, text, strlen(text)));
		assert_memory_equal(&in, &out, sizeof(in));
		assert_false(cursor_decode(&out, &ELSEWHERE, text, strlen(text)));
	}
}

static void test_every_change_is_noticed(void **state)
{
	struct cursor in = sample(4), out;
	char text[CURSOR_TEXT_MAX], changed[CURSOR_TEXT_MAX + 1];
	size_t n;

	(void)state;
	cursor_encode(&in, &HERE, text);
	n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		memcpy(changed, text, n + 1);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_false(cursor_decode(&out, &HERE, changed, n));
		changed[i] = '=';
		assert_false(cursor_decode(&out, &HERE, changed, n));
		changed[i] = 0;
		assert_false(cursor_decode(&out, &HERE, changed, n));
		assert_false(cursor_decode(&out, &HERE, text, i)); /* cut */
	}
	memcpy(changed, text, n);
	changed[n] = 'A';
	assert_false(cursor_decode(&out, &HERE, changed, n + 1));
}

static void test_any_text(void **state)
{
	struct cursor out;
	char text[3000];

	(void)state;
	srandom(7);
	assert_false(cursor_decode(&out, &HERE, "", 0));
	memset(text, 'A', sizeof(text));
	assert_false(cursor_decode(&out, &HERE, text, sizeof(text)));
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)random() % 200;

		for (size_t k = 0; k < n; k++)
			text[k] = (char)random();
		assert_false(cursor_decode(&out, &HERE, text, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_change_is_noticed),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
