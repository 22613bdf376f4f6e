/* The ring of newest blocks: order, wrap-around, look-up by number. */
#include "ingest/ring.h"

#include "lib/check.h"

static struct ring_block block(uint64_t n)
{
	struct ring_block b = {.id = {.number = n}, .time = n * 2};

	b.id.hash.b[0] = (uint8_t)n;
	b.parent.b[0] = (uint8_t)(n - 1);
	return b;
}

static void push(struct ring *r, uint64_t n)
{
	struct ring_block b = block(n);

	ring_push(r, &b);
}

static void wraps(void **state)
{
	struct ring *r = ring_new(4);

	(void)state;
	assert_null(ring_tip(r));
	assert_null(ring_base(r));
	assert_null(ring_at(r, 0));
	for (uint64_t n = 10; n < 25; n++) {
		push(r, n);
		assert_int_equal(ring_tip(r)->id.number, n);
		assert_int_equal(ring_count(r), n < 13 ? n - 9 : 4);
		assert_int_equal(ring_base(r)->id.number, n < 13 ? 10 : n - 3);
	}
	assert_null(ring_at(r, 20));
	assert_null(ring_at(r, 25));
	for (uint64_t n = 21; n < 25; n++) {
		assert_int_equal(ring_at(r, n)->id.hash.b[0], n);
		assert_int_equal(ring_at(r, n)->parent.b[0], n - 1);
		assert_int_equal(ring_at(r, n)->time, 2 * n);
	}
	ring_free(r);
}

static void pops(void **state)
{
	struct ring *r = ring_new(3);

	(void)state;
	for (uint64_t n = 0; n < 5; n++)
		push(r, n);
	ring_pop(r);
	ring_pop(r);
	assert_int_equal(ring_tip(r)->id.number, 2);
	assert_null(ring_at(r, 3));
	push(r, 3); /* the other branch */
	assert_int_equal(ring_at(r, 3)->id.number, 3);
	assert_int_equal(ring_count(r), 2);
	ring_pop(r);
	ring_pop(r);
	assert_null(ring_tip(r));
	push(r, 7);
	assert_int_equal(ring_base(r)->id.number, 7);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(pops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
