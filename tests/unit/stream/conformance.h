#ifndef UNIT_STREAM_CONFORMANCE_H
#define UNIT_STREAM_CONFORMANCE_H

/*
 * What every body of the stream has to do, as tests that know only stream.h. test_queue.c and
 * tests/kafka/test_kafka_stream.c run them, each with its own way to make and open a stream.
 *
 * A test makes steps, publishes them and keeps them; whatever the reader gives is compared with
 * what was kept, field by field. HEIGHTS may be merged by a body (only the newest counts), but none
 * may come before the records that were published before it.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "stream/batch.h"

#include "unit/stream/steps.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CF_DEADLINE_MS 60000
#define CF_CHAIN       1029u
#define CF_MAX_STEPS   4000

struct cf_body {
	void (*fresh)(void); /* an empty stream, nothing open */
	struct stream_writer *(*open_writer)(void);
	struct stream_reader *(*open_reader)(int64_t next_offset, const struct stream_tail *expect);
	void (*done)(void); /* close and forget the stream */
};

/** The stream as it should be. */
struct cf {
	const struct cf_body *body;
	struct rng rng;
	struct arena *mem, *batch_mem;
	struct step steps[CF_MAX_STEPS];
	size_t n;   /* published */
	size_t got; /* NEW and UNDO among steps[] that the reader gave */
	struct step last_heights;
	bool has_heights;        /* the reader gave last_heights */
	struct stream_tail tail; /* after steps[0..n) */
	struct stream_tail read; /* after what the reader gave */
	int64_t next_offset;     /* where the reader stands */
};

static const struct cf_body *cf_body; /* set by the test program */

static inline int cf_setup(void **state)
{
	struct cf *c = calloc(1, sizeof(*c));

	c->body = cf_body;
	c->rng = rng_seeded(4242);
	c->mem = arena_new(SIZE_MAX);
	c->batch_mem = arena_new(SIZE_MAX);
	c->body->fresh();
	*state = c;
	return 0;
}

static inline int cf_teardown(void **state)
{
	struct cf *c = *state;

	c->body->done();
	arena_free(c->batch_mem);
	arena_free(c->mem);
	free(c);
	return 0;
}

static inline struct step *cf_add(struct cf *c, struct step s)
{
	assert_in_range(c->n, 0, CF_MAX_STEPS - 1);
	c->steps[c->n] = s;
	stream_tail_after(&c->tail, &s);
	return &c->steps[c->n++];
}

static inline void cf_new(struct cf *c, size_t logs, size_t data_max)
{
	cf_add(c, random_new(&c->rng, c->mem, c->tail.seq + 1, c->tail.id, logs, data_max));
}

static inline struct hash32 cf_parent_of(const struct cf *c, struct block_id id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->steps[i].kind == STEP_NEW && hash_eq(&c->steps[i].id.hash, &id.hash))
			return c->steps[i].parent;
	fail_msg("block %" PRIu64 " was never added", id.number);
	return id.hash;
}

static inline void cf_undo(struct cf *c)
{
	cf_add(c, undo_of(c->tail.seq + 1, c->tail.id, cf_parent_of(c, c->tail.id)));
}

static inline void cf_heights(struct cf *c)
{
	struct step *s = cf_add(c, random_heights(&c->rng));

	s->after_seq = c->tail.seq;
	c->last_heights = *s;
	c->has_heights = false;
}

/** Some random steps: mostly blocks, a fork of up to three now and then, heights. */
static inline void cf_random(struct cf *c, size_t n)
{
	size_t depth = 0;

	for (size_t to = c->n + n; c->n < to;) {
		if (depth) {
			depth--;
			cf_undo(c);
		} else if (c->tail.id.number > 5 && !rng_below(&c->rng, 15)) {
			depth = rng_below(&c->rng, 3);
			cf_undo(c);
		} else if (!rng_below(&c->rng, 10)) {
			cf_heights(c);
		} else {
			cf_new(c, 8, 300);
		}
	}
}

static inline void cf_publish(struct cf *c, struct stream_writer *w, size_t from)
{
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct err e = {0};
	enum err_kind k;

	do
		k = stream_publish(w, c->steps + from, c->n - from, &e);
	while (k == ERR_AGAIN && clock_ms() < until);
	if (k)
		fail_msg("publish: %s: %s", err_kind_name(k), e.msg);
}

/** Publish everything that is not published yet (from `from` on) in batches of random size. */
static inline void cf_publish_batches(
	struct cf *c, struct stream_writer *w, size_t from, size_t max)
{
	size_t n = c->n;

	while (from < n) {
		size_t k = 1 + rng_below(&c->rng, max);

		c->n = from + k < n ? from + k : n;
		cf_publish(c, w, from);
		from = c->n;
	}
}

static inline void cf_take(struct cf *c, const struct step *s)
{
	const char *d = "nothing more was published";

	if (s->kind == STEP_HEIGHTS) {
		if (s->after_seq > c->read.seq)
			fail_msg("HEIGHTS after seq %" PRIu64 " at seq %" PRIu64, s->after_seq,
				c->read.seq);
		c->has_heights = !step_differs(&c->last_heights, s);
		return;
	}
	while (c->got < c->n && c->steps[c->got].kind == STEP_HEIGHTS)
		c->got++;
	if (c->got < c->n)
		d = step_differs(&c->steps[c->got], s);
	if (d)
		fail_msg("step %zu, seq %" PRIu64 " after %" PRIu64 ": %s", c->got, s->seq,
			c->read.seq, d);
	c->got++;
	stream_tail_after(&c->read, s);
}

/** One poll, compared; returns how many steps came. */
static inline size_t cf_poll(struct cf *c, struct stream_reader *r, unsigned timeout_ms, size_t max)
{
	struct step_batch b;
	struct err e = {0};
	enum err_kind k;

	arena_reset(c->batch_mem);
	k = stream_poll(r, timeout_ms, max, c->batch_mem, &b, &e);
	if (k == ERR_AGAIN)
		return 0;
	if (k)
		fail_msg("poll: %s: %s", err_kind_name(k), e.msg);
	assert_int_equal(b.bad_n, 0);
	for (size_t i = 0; i < b.n; i++)
		cf_take(c, &b.steps[i]);
	memcpy(c->read.stream_id, b.stream_id, sizeof(b.stream_id));
	c->next_offset = b.next_offset;
	return b.n;
}

static inline bool cf_all_read(struct cf *c)
{
	while (c->got < c->n && c->steps[c->got].kind == STEP_HEIGHTS)
		c->got++;
	return c->got == c->n && (!c->last_heights.kind || c->has_heights);
}

/** Read until everything published has come; ack after every batch. */
static inline void cf_read_all(struct cf *c, struct stream_reader *r, size_t max)
{
	uint64_t until = clock_ms() + CF_DEADLINE_MS;

	while (!cf_all_read(c)) {
		if (clock_ms() > until)
			fail_msg("%zu of %zu steps came in %d s", c->got, c->n,
				CF_DEADLINE_MS / 1000);
		cf_poll(c, r, 200, max);
		stream_ack(r, c->next_offset);
	}
	assert_int_equal(c->read.seq, c->tail.seq);
}

static inline void cf_assert_tail(struct cf *c, struct stream_writer *w)
{
	struct stream_tail t;
	struct err e = {0};

	assert_int_equal(stream_tail(w, &t, &e), ERR_NONE);
	assert_int_equal(t.seq, c->tail.seq);
	assert_int_equal(t.has_id, c->tail.has_id);
	assert_int_equal(t.id.number, c->tail.id.number);
	assert_memory_equal(&t.id.hash, &c->tail.id.hash, sizeof(t.id.hash));
}

/* -------- the tests -------- */

static inline void cf_test_order(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);

	cf_random(c, 800);
	cf_publish_batches(c, w, 0, 40);
	cf_assert_tail(c, w);
	cf_read_all(c, r, 40000);
	stream_reader_close(r);
	stream_writer_close(w);
}

static inline void cf_test_empty(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	struct err e = {0};
	uint64_t t0;

	cf_assert_tail(c, w);
	assert_int_equal(stream_publish(w, c->steps, 0, &e), ERR_NONE);
	t0 = clock_ms();
	assert_int_equal(cf_poll(c, r, 60, SIZE_MAX), 0);
	assert_in_range(clock_ms() - t0, 55, 5000);
	stream_reader_close(r);
	stream_writer_close(w);
}

/** A batch that breaks a rule leaves no trace: not the good steps in it, not the number. */
static inline void cf_test_all_or_none(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	struct step bad[4];
	struct err e = {0};

	cf_random(c, 20);
	cf_publish(c, w, 0);
	for (unsigned kind = 0; kind < 5; kind++) {
		struct stream_tail t = c->tail;

		for (size_t i = 0; i < 4; i++) {
			bad[i] = random_new(&c->rng, c->mem, t.seq + 1, t.id, 2, 50);
			stream_tail_after(&t, &bad[i]);
		}
		if (kind == 0)
			bad[2].seq++; /* hole */
		else if (kind == 1)
			bad[2].seq--; /* repeat */
		else if (kind == 2)
			bad[3].parent.b[0] ^= 1; /* another parent */
		else if (kind == 3)
			bad[3].id.number++; /* a block left out */
		else
			bad[3] = undo_of(bad[3].seq, bad[1].id, bad[1].parent); /* not the newest */
		assert_int_equal(stream_publish(w, bad, 4, &e), ERR_FATAL);
		assert_non_null(strstr(e.msg, "nothing was published"));
	}
	cf_assert_tail(c, w);
	cf_random(c, 20);
	cf_publish(c, w, 20);
	cf_read_all(c, r, SIZE_MAX);
	stream_reader_close(r);
	stream_writer_close(w);
}

/** Read a part, apply a part of that, open again: it goes on after what was applied. */
static inline void cf_test_resume(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct stream_reader *r;

	cf_random(c, 600);
	cf_publish_batches(c, w, 0, 100);
	while (!cf_all_read(c)) {
		struct stream_tail applied = c->read;
		int64_t offset = c->next_offset;
		bool heights = c->has_heights;
		size_t got = c->got;

		assert_true(clock_ms() < until);
		r = c->body->open_reader(offset, &applied);
		for (int i = 0; i < 3 && !cf_all_read(c); i++)
			cf_poll(c, r, 200, 30000); /* taken, not acked: comes again */
		c->read = applied;
		c->got = got;
		c->has_heights = heights;
		stream_reader_close(r);
		r = c->body->open_reader(offset, &applied);
		for (int i = 0; i < 5 && !cf_all_read(c); i++) {
			cf_poll(c, r, 200, 30000);
			stream_ack(r, c->next_offset);
		}
		stream_reader_close(r);
	}
	stream_writer_close(w);
}

static inline void cf_test_undo(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	struct block_id first;

	for (int i = 0; i < 6; i++)
		cf_new(c, 2, 40);
	first = c->steps[0].id;
	for (int i = 0; i < 5; i++)
		cf_undo(c);
	cf_publish(c, w, 0);
	cf_assert_tail(c, w);
	assert_int_equal(c->tail.seq, 11);
	assert_memory_equal(&c->tail.id, &first, sizeof(first));
	for (int i = 0; i < 3; i++)
		cf_new(c, 2, 40);
	cf_publish(c, w, 11);
	cf_read_all(c, r, SIZE_MAX);
	stream_reader_close(r);
	stream_writer_close(w);
}

/** Five megabytes, and nearly the largest record there is, between small ones. */
static inline void cf_test_big_records(void **state)
{
	static const size_t sizes[] = {100, 5000000, 200, 15900000, 300};
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *data = arena_alloc(c->mem, sizes[i]);
		struct log *l = arena_calloc(c->mem, 1, sizeof(*l));

		for (size_t k = 0; k < sizes[i]; k += 8)
			rng_fill(&c->rng, data + k, sizes[i] - k < 8 ? sizes[i] - k : 8);
		l->data = (struct bytes){data, sizes[i]};
		cf_new(c, 0, 0);
		c->steps[c->n - 1].block->logs = l;
		c->steps[c->n - 1].block->log_count = 1;
	}
	for (size_t i = 0; i < c->n;) {
		size_t n = c->n;

		c->n = i + 1;
		cf_publish(c, w, i);
		while (c->got < c->n) {
			cf_poll(c, r, 500, 1000);
			stream_ack(r, c->next_offset);
		}
		i = c->n;
		c->n = n;
	}
	stream_reader_close(r);
	stream_writer_close(w);
}

/** max_bytes bounds a batch, but one record always comes. */
static inline void cf_test_batch_limit(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = c->body->open_writer();
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	uint64_t until = clock_ms() + CF_DEADLINE_MS;

	for (int i = 0; i < 30; i++)
		cf_new(c, 4, 200);
	cf_publish(c, w, 0);
	while (!cf_all_read(c)) {
		assert_true(clock_ms() < until);
		assert_in_range(cf_poll(c, r, 200, 1), 0, 1);
		stream_ack(r, c->next_offset);
	}
	stream_reader_close(r);
	stream_writer_close(w);
}

/** Both ends are closed while records are on the way; the next ones take up the stream. */
static inline void cf_test_close_in_the_middle(void **state)
{
	struct cf *c = *state;
	size_t at = 0;

	for (int round = 0; round < 4; round++) {
		struct stream_writer *w = c->body->open_writer();
		struct stream_reader *r = c->body->open_reader(c->next_offset, &c->read);

		cf_assert_tail(c, w);
		cf_random(c, 150);
		cf_publish_batches(c, w, at, 30);
		at = c->n;
		cf_poll(c, r, 300, 20000);
		stream_ack(r, c->next_offset);
		stream_reader_close(r);
		stream_writer_close(w);
	}
	{
		struct stream_reader *r = c->body->open_reader(c->next_offset, &c->read);

		cf_read_all(c, r, 100000);
		stream_reader_close(r);
	}
}

struct cf_publisher {
	struct cf *c;
	struct stream_writer *w;
	size_t from;
	_Atomic bool done;
};

static inline void *cf_publish_thread(void *arg)
{
	struct cf_publisher *p = arg;
	struct err e = {0};
	enum err_kind k = ERR_NONE;
	size_t to;

	for (size_t i = p->from; i < p->c->n && !k; i = to) {
		to = i + 7 < p->c->n ? i + 7 : p->c->n;
		do
			k = stream_publish(p->w, p->c->steps + i, to - i, &e);
		while (k == ERR_AGAIN);
	}
	p->done = true;
	return k ? strdup(e.msg) : NULL;
}

/** Writer and reader at the same time; more goes through than fits. */
static inline void cf_test_two_threads(void **state)
{
	struct cf *c = *state;
	struct cf_publisher p = {.c = c, .w = c->body->open_writer()};
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	pthread_t t;
	void *failed;

	cf_random(c, 2500);
	assert_int_equal(pthread_create(&t, NULL, cf_publish_thread, &p), 0);
	cf_read_all(c, r, 50000);
	pthread_join(t, &failed);
	assert_null(failed);
	stream_reader_close(r);
	stream_writer_close(p.w);
}

/** In a process of its own, because a stop can not be taken back. Returns its exit code. */
static inline int cf_in_child(void (*body)(struct cf *c), struct cf *c)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		body(c);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static inline void *cf_stop_soon(void *arg)
{
	(void)arg;
	clock_sleep_ms(150);
	stop_request();
	return NULL;
}

static inline void cf_child_stop_poll(struct cf *c)
{
	struct stream_reader *r = c->body->open_reader(0, &c->read);
	struct step_batch b;
	struct err e = {0};
	enum err_kind k = ERR_NONE;
	uint64_t t0 = clock_ms();
	pthread_t t;

	if (pthread_create(&t, NULL, cf_stop_soon, NULL))
		_exit(1);
	while (!k && clock_ms() - t0 < CF_DEADLINE_MS)
		k = stream_poll(r, 30000, 1000, c->batch_mem, &b, &e);
	pthread_join(t, NULL);
	if (k != ERR_STOP)
		_exit(2);
	if (clock_ms() - t0 > 150 + 100 + 400) /* 100 ms promised; the rest for a loaded machine */
		_exit(3);
}

static inline void cf_test_stop_while_polling(void **state)
{
	struct cf *c = *state;

	assert_int_equal(cf_in_child(cf_child_stop_poll, c), 0);
}

#define CF_TEST(name) cmocka_unit_test_setup_teardown(cf_test_##name, cf_setup, cf_teardown)
#define CF_TESTS                                                                                   \
	CF_TEST(empty), CF_TEST(order), CF_TEST(all_or_none), CF_TEST(resume), CF_TEST(undo),      \
		CF_TEST(big_records), CF_TEST(batch_limit), CF_TEST(close_in_the_middle),          \
		CF_TEST(two_threads), CF_TEST(stop_while_polling)

#endif
