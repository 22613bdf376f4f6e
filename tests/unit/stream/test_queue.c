/* The in-process queue: what every body of the stream does, and what only the queue does. */
#include "base/metric.h"
#include "stream/queue.h"

#include "unit/stream/conformance.h"

#define ROOM 300000

static struct queue *queue;
static size_t room = ROOM;

static void fresh(void)
{
	queue = queue_new(CF_CHAIN, room, &(struct stream_tail){0});
}

static struct stream_writer *open_writer(void)
{
	return queue_writer(queue);
}

static struct stream_reader *open_reader(int64_t next_offset, const struct stream_tail *expect)
{
	(void)next_offset;
	(void)expect;
	return queue_reader(queue);
}

static void done(void)
{
	queue_free(queue);
	queue = NULL;
}

static const struct cf_body body = {fresh, open_writer, open_reader, done};

/** The conformance tests that publish first and read later need more room than the others. */
static int setup_large(void **state)
{
	room = (size_t)1 << 28;
	cf_setup(state);
	room = ROOM;
	return 0;
}

/** HEIGHTS stand exactly where they were published. */
static void test_heights_in_place(void **state)
{
	struct cf *c = *state;
	struct stream_reader *r = queue_reader(queue);
	struct step_batch b;
	struct err e = {0};

	cf_heights(c);
	cf_new(c, 1, 10);
	cf_new(c, 1, 10);
	cf_heights(c);
	cf_undo(c);
	cf_heights(c);
	cf_publish(c, queue_writer(queue), 0);
	assert_int_equal(stream_poll(r, 0, SIZE_MAX, c->batch_mem, &b, &e), ERR_NONE);
	assert_int_equal(b.n, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_null(step_differs(&c->steps[i], &b.steps[i]));
		assert_int_equal(b.steps[i].after_seq, c->steps[i].after_seq);
	}
	assert_int_equal(c->steps[3].after_seq, 2);
	assert_int_equal(b.next_offset, 3);
}

/** The writer waits at the bound, and goes on when the reader has acked, not when it has read. */
static void test_back_pressure(void **state)
{
	struct cf *c = *state;
	struct cf_publisher p = {.c = c, .w = queue_writer(queue)};
	struct stream_reader *r = queue_reader(queue);
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	size_t full;
	pthread_t t;

	for (int i = 0; i < 700; i++)
		cf_new(c, 4, 300);
	assert_int_equal(pthread_create(&t, NULL, cf_publish_thread, &p), 0);
	while ((full = queue_bytes(queue)) < ROOM * 9 / 10)
		assert_true(clock_ms() < until);
	cf_poll(c, r, 1000, 1 << 20);
	assert_in_range(queue_bytes(queue), full, ROOM);
	clock_sleep_ms(120); /* time in which a writer without bound would have ended */
	assert_in_range(queue_bytes(queue), full, ROOM);
	assert_false(p.done);
	stream_ack(r, c->next_offset);
	cf_read_all(c, r, 20000);
	pthread_join(t, NULL);
	assert_true(p.done);
	assert_int_equal(queue_bytes(queue), 0);
}

static void test_end(void **state)
{
	struct cf *c = *state;
	struct stream_reader *r = queue_reader(queue);
	uint64_t t0;

	cf_random(c, 50);
	cf_publish(c, queue_writer(queue), 0);
	assert_false(queue_drained(queue));
	queue_end(queue);
	assert_false(queue_drained(queue));
	while (!cf_all_read(c))
		cf_poll(c, r, 100, 5000);
	assert_false(queue_drained(queue)); /* read, but not durable yet */
	stream_ack(r, c->next_offset);
	assert_true(queue_drained(queue));
	t0 = clock_ms();
	assert_int_equal(cf_poll(c, r, 20000, 5000), 0);
	assert_in_range(clock_ms() - t0, 0, 2000);
}

/** Depth as metrics: records until they are acked, bytes until their chunk goes. */
static void test_depth_is_shown(void **state)
{
	static const char labels[] = "chain=\"depth\"";
	struct metric_series *records, *bytes;
	struct cf *c = *state;
	struct stream_reader *r = queue_reader(queue);

	queue_measure(queue, "depth");
	records = metric_get(METRIC_GAUGE, "bttc_stream_queue_records", "", labels);
	bytes = metric_get(METRIC_GAUGE, "bttc_stream_queue_bytes", "", labels);
	cf_new(c, 2, 30);
	cf_new(c, 2, 30);
	cf_heights(c);
	cf_publish(c, queue_writer(queue), 0);
	assert_int_equal(metric_value(records), 3);
	assert_int_equal(metric_value(bytes), queue_bytes(queue));
	assert_true(queue_bytes(queue) > 0);
	cf_read_all(c, r, 1 << 20);
	stream_ack(r, c->next_offset);
	assert_int_equal(metric_value(records), 0);
	assert_int_equal(metric_value(bytes), 0);
}

static void test_starts_at_tail(void **state)
{
	struct stream_tail at = {.seq = 77, .id = {500, {{5}}}, .has_id = true}, t;
	struct queue *q = queue_new(CF_CHAIN, ROOM, &at);
	struct stream_reader *r = queue_reader(q);
	struct cf *c = *state;
	struct step s = random_new(&c->rng, c->mem, 78, at.id, 2, 30);
	struct step_batch b;
	struct err e = {0};

	assert_int_equal(stream_tail(queue_writer(q), &t, &e), ERR_NONE);
	assert_int_equal(t.seq, 77);
	assert_int_equal(stream_poll(r, 0, 100, c->batch_mem, &b, &e), ERR_NONE);
	assert_int_equal(b.n, 0);
	assert_int_equal(b.next_offset, 77);
	assert_int_equal(stream_publish(queue_writer(q), &s, 1, &e), ERR_NONE);
	assert_int_equal(stream_poll(r, 0, 100, c->batch_mem, &b, &e), ERR_NONE);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.next_offset, 78);
	assert_memory_equal(b.stream_id, t.stream_id, 16);
	queue_free(q);
}

/** A waiting reader gets a record at once, not at the end of a slice. */
static void test_wakes_at_once(void **state)
{
	struct cf *c = *state;
	struct cf_publisher p = {.c = c, .w = queue_writer(queue)};
	struct stream_reader *r = queue_reader(queue);
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 10; i++) {
		uint64_t t0 = clock_us(), took;
		pthread_t t;

		p.from = c->n;
		cf_new(c, 1, 10);
		assert_int_equal(pthread_create(&t, NULL, cf_publish_thread, &p), 0);
		assert_int_equal(cf_poll(c, r, 20000, SIZE_MAX), 1);
		took = clock_us() - t0;
		best = took < best ? took : best;
		pthread_join(t, NULL);
		stream_ack(r, c->next_offset);
	}
	assert_in_range(best, 0, 20000);
}

static void child_stop_full(struct cf *c)
{
	struct stream_writer *w = queue_writer(queue);
	struct err e = {0};
	enum err_kind k = ERR_NONE;
	uint64_t t0 = clock_ms();
	pthread_t t;

	for (int i = 0; i < 700; i++)
		cf_new(c, 4, 300);
	if (pthread_create(&t, NULL, cf_stop_soon, NULL))
		_exit(1);
	for (size_t i = 0; i < c->n && !k; i++)
		k = stream_publish(w, c->steps + i, 1, &e);
	pthread_join(t, NULL);
	if (k != ERR_STOP)
		_exit(2);
	if (clock_ms() - t0 > 150 + 100 + 400)
		_exit(3);
}

static void test_stop_while_full(void **state)
{
	assert_int_equal(cf_in_child(child_stop_full, *state), 0);
}

#define LARGE(name) cmocka_unit_test_setup_teardown(cf_test_##name, setup_large, cf_teardown)
#define ONLY(name)  cmocka_unit_test_setup_teardown(test_##name, cf_setup, cf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LARGE(empty),
		LARGE(order),
		LARGE(all_or_none),
		LARGE(resume),
		LARGE(undo),
		LARGE(batch_limit),
		LARGE(close_in_the_middle),
		CF_TEST(big_records),
		CF_TEST(two_threads),
		CF_TEST(stop_while_polling),
		ONLY(heights_in_place),
		ONLY(back_pressure),
		ONLY(end),
		ONLY(depth_is_shown),
		ONLY(starts_at_tail),
		ONLY(wakes_at_once),
		ONLY(stop_while_full),
	};

	cf_body = &body;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
