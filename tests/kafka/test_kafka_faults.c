/*
 * What only Kafka can do to a stream: other writers, brokers that die, transactions that stay open,
 * topics that are deleted, shortened, made again or written to by strangers. After each, readers
 * have exactly what was published, or are told to start again from a named block.
 */
#include "base/fault.h"
#include "stream/record.h"

#include "kafka/kafka_env.h"

#include <librdkafka/rdkafka.h>

#define TXN_TEXT "transaction.timeout.ms=2000"

static const char *const short_txn[] = {TXN_TEXT, NULL};

/* -------- the topic from outside -------- */

static void topic_name(char out[256], const char *kind)
{
	snprintf(out, 256, "bttc.%s.%s", kind, ke_chain);
}

static int64_t delivered_at; /* offset of the record that was delivered last; -1: not yet */

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
	(void)rk;
	(void)arg;
	if (!m->err)
		delivered_at = m->offset;
}

static rd_kafka_t *raw_client(rd_kafka_type_t type, const char *isolation)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *rk;

	assert_int_equal(
		rd_kafka_conf_set(conf, "bootstrap.servers", ke_conf.brokers, text, 256), 0);
	if (isolation)
		rd_kafka_conf_set(conf, "isolation.level", isolation, text, 256);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rk = rd_kafka_new(type, conf, text, sizeof(text));
	assert_non_null(rk);
	return rk;
}

/**
 * A stranger writes to the chain's topic. Returns the record's offset, as delivered: the mark of a transaction
 * before it may come behind it, so the topic's end does not tell.
 */
static int64_t raw_produce(const void *p, size_t n)
{
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER, NULL);
	char topic[256];

	topic_name(topic, "blocks");
	delivered_at = -1;
	assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
				 RD_KAFKA_V_VALUE((void *)p, n),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
		0);
	assert_int_equal(rd_kafka_flush(rk, CF_DEADLINE_MS), 0);
	rd_kafka_destroy(rk);
	assert_true(delivered_at >= 0);
	return delivered_at;
}

static int64_t high_mark(const char *isolation)
{
	rd_kafka_t *rk = raw_client(RD_KAFKA_CONSUMER, isolation);
	int64_t low, high;
	char topic[256];

	topic_name(topic, "blocks");
	assert_int_equal(
		rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, CF_DEADLINE_MS), 0);
	rd_kafka_destroy(rk);
	return high;
}

static void await_admin(rd_kafka_queue_t *q)
{
	rd_kafka_event_t *ev = rd_kafka_queue_poll(q, CF_DEADLINE_MS);

	assert_non_null(ev);
	assert_int_equal(rd_kafka_event_error(ev), 0);
	rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
}

static void delete_topics(void)
{
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_DeleteTopic_t *t[2];
	char name[2][256];

	topic_name(name[0], "blocks");
	topic_name(name[1], "final");
	for (int i = 0; i < 2; i++)
		t[i] = rd_kafka_DeleteTopic_new(name[i]);
	rd_kafka_DeleteTopics(rk, t, 2, NULL, q);
	await_admin(q);
	rd_kafka_DeleteTopic_destroy_array(t, 2);
	rd_kafka_destroy(rk);
}

static void delete_records_before(int64_t offset)
{
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *d;
	char name[256];

	topic_name(name, "blocks");
	rd_kafka_topic_partition_list_add(l, name, 0)->offset = offset;
	d = rd_kafka_DeleteRecords_new(l);
	rd_kafka_DeleteRecords(rk, &d, 1, NULL, q);
	await_admin(q);
	rd_kafka_DeleteRecords_destroy(d);
	rd_kafka_topic_partition_list_destroy(l);
	rd_kafka_destroy(rk);
}

static void make_topic(const char *kind, const char *key, const char *value)
{
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER, NULL);
	rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *t;
	char name[256];

	topic_name(name, kind);
	t = rd_kafka_NewTopic_new(name, 1, 1, NULL, 0);
	rd_kafka_NewTopic_set_config(t, key, value);
	rd_kafka_CreateTopics(rk, &t, 1, NULL, q);
	await_admin(q);
	rd_kafka_NewTopic_destroy(t);
	rd_kafka_destroy(rk);
}

/* -------- helpers -------- */

static void reader_refused(
	int64_t offset, const struct stream_tail *expect, const char *want, uint64_t block)
{
	struct stream_reader *r;
	struct err e = {0};
	char again[64];

	snprintf(again, sizeof(again), "re-ingest from block %" PRIu64, block);
	assert_int_equal(kafka_reader_open(&r, &ke_conf, 0, offset, expect, &e), ERR_FATAL);
	assert_says(&e, want);
	assert_says(&e, again);
}

/* -------- writers -------- */

static void test_second_writer_fences(void **state)
{
	struct cf *c = *state;
	struct stream_writer *first = ke_writer(), *second;
	struct err e;
	size_t at;

	cf_random(c, 60);
	cf_publish(c, first, 0);
	second = ke_writer();
	cf_assert_tail(c, second);
	at = c->n;
	cf_random(c, 30);
	assert_int_equal(offer(first, c, at, &e), ERR_FATAL); /* the zombie */
	assert_says(&e, "another writer");
	cf_publish(c, second, at);
	assert_int_equal(offer(first, c, at, &e), ERR_FATAL);
	stream_writer_close(first);
	at = c->n;
	cf_random(c, 30);
	cf_publish(c, second, at);
	stream_writer_close(second);
	assert_stream(c);
}

/** A client that hangs while it takes the stream over is given up, and another one is made. */
static void test_client_that_hangs(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = NULL;
	size_t at;

	ke_conf.init_ms = 400;
	fault_arm("kafka-init-hang", 1);
	w = ke_writer();
	cf_random(c, 40);
	cf_publish(c, w, 0);
	at = c->n;
	cf_random(c, 40);
	cf_publish(c, w, at);
	stream_writer_close(w);
	assert_stream(c);
}

/** All of them hang: an end with the reason, not a wait for ever. */
static void test_clients_that_all_hang(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = NULL;
	struct err e;

	ke_conf.init_ms = 200;
	for (unsigned i = 1; i <= 3; i++)
		fault_arm("kafka-init-hang", i);
	assert_int_equal(kafka_writer_open(&w, &ke_conf, &e), ERR_FATAL);
	assert_says(&e, "3 clients did not return from taking over the stream bttc.blocks.");
	assert_says(&e, "Start the process again");
	fault_clear();
	ke_conf.init_ms = 0;
	w = ke_writer(); /* the abandoned ones harm nobody */
	cf_random(c, 40);
	cf_publish(c, w, 0);
	stream_writer_close(w);
	assert_stream(c);
}

/** Stopped for longer than the transaction may take: the broker fences, but nobody else wrote. */
static void test_pause_without_rival(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w;
	struct err e;

	ke_conf.props = short_txn;
	w = ke_writer();
	cf_random(c, 40);
	fault_arm("kafka-slow-commit", 1);
	assert_int_equal(offer(w, c, 0, &e), ERR_AGAIN);
	cf_publish(c, w, 0);
	cf_random(c, 20);
	cf_publish(c, w, 40);
	cf_assert_tail(c, w);
	stream_writer_close(w);
	assert_stream(c);
}

static void *pause_publish(void *arg)
{
	struct cf_publisher *p = arg;
	struct err e = {0};
	enum err_kind k = stream_publish(p->w, p->c->steps, p->c->n, &e);

	if (k == ERR_AGAIN)
		k = stream_publish(p->w, p->c->steps, p->c->n, &e);
	p->done = k == ERR_FATAL;
	return NULL;
}

/** The same while another writer takes over: the paused one ends, the other one is left alone. */
static void test_pause_with_rival(void **state)
{
	struct cf *c = *state, *other = calloc(1, sizeof(*other));
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct cf_publisher p = {.c = other};
	struct stream_writer *rival;
	pthread_t t;

	ke_conf.props = short_txn;
	p.w = ke_writer();
	other->mem = c->mem;
	other->rng = (struct rng){99};
	cf_random(other, 40);
	fault_arm("kafka-slow-commit", 1);
	assert_int_equal(pthread_create(&t, NULL, pause_publish, &p), 0);
	while (high_mark("read_uncommitted") == 0)
		assert_true(clock_ms() < until);
	rival = ke_writer();
	cf_assert_tail(c, rival);
	cf_random(c, 50);
	cf_publish(c, rival, 0);
	pthread_join(t, NULL);
	assert_true(p.done);
	cf_random(c, 50);
	cf_publish(c, rival, 50);
	stream_writer_close(p.w);
	stream_writer_close(rival);
	assert_stream(c);
	free(other);
}

/** The answer to a commit is lost: the batch is found in the topic and not written again. */
static void test_lost_commit(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct err e;
	size_t at;

	cf_random(c, 30);
	cf_publish(c, w, 0);
	for (int round = 0; round < 2; round++) {
		at = c->n;
		cf_random(c, 30);
		cf_new(c, 1, 10);
		fault_clear();
		fault_arm("kafka-lost-commit", 1);
		assert_int_equal(offer(w, c, at, &e), ERR_AGAIN);
		assert_int_equal(offer(w, c, at, &e), ERR_NONE);
		cf_assert_tail(c, w);
	}
	stream_writer_close(w);
	assert_stream(c);
}

static void child_open_transaction(struct cf *c)
{
	struct stream_writer *w;
	struct err e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	w = ke_writer();
	fault_arm("kafka-slow-commit", 1);
	(void)offer(w, c, 30, &e);
}

/** Killed between sending and committing: the next writer sees none of it, at once. */
static void test_killed_in_transaction(void **state)
{
	struct cf *c = *state;
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct stream_writer *w = ke_writer();
	int64_t before;
	pid_t pid;

	cf_random(c, 30);
	cf_publish(c, w, 0);
	stream_writer_close(w);
	before = high_mark("read_uncommitted");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		for (int i = 0; i < 20; i++)
			cf_new(c, 3, 100);
		child_open_transaction(c);
		_exit(0);
	}
	while (high_mark("read_uncommitted") <= before + 15)
		assert_true(clock_ms() < until);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	w = ke_writer();
	cf_assert_tail(c, w);
	cf_random(c, 30);
	cf_publish(c, w, 30);
	stream_writer_close(w);
	assert_stream(c);
}

/* -------- topics -------- */

static void test_no_topic(void **state)
{
	struct stream_tail none = {0};
	struct stream_reader *r;
	struct err e = {0};
	int32_t n;

	(void)state;
	ke_new_chain();
	assert_int_equal(kafka_reader_open(&r, &ke_conf, 0, 0, &none, &e), ERR_AGAIN);
	assert_says(&e, ke_chain);
	assert_int_equal(kafka_partition_count(&ke_conf, &n, &e), ERR_AGAIN);
	assert_int_equal(e.code, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	stream_writer_close(ke_writer());
	assert_int_equal(kafka_partition_count(&ke_conf, &n, &e), ERR_NONE);
	assert_int_equal(n, 1);
	assert_int_equal(kafka_reader_open(&r, &ke_conf, 1, 0, &none, &e), ERR_FATAL);
	assert_says(&e, "has 1 partitions");
}

/** Read some, remember where; then the topic is deleted and filled again, less and more than
 * before. */
static void test_topic_made_again(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r = ke_reader(0, &c->read);
	struct stream_tail applied, unknown;
	int64_t offset;

	for (int i = 0; i < 60; i++)
		cf_new(c, 2, 50);
	cf_publish(c, w, 0);
	cf_read_all(c, r, 1 << 20);
	stream_reader_close(r);
	stream_writer_close(w);
	applied = unknown = c->read;
	memset(unknown.stream_id, 0, 16);
	offset = c->next_offset;
	delete_topics();
	w = ke_writer();
	c->n = 0;
	c->tail = (struct stream_tail){0};
	cf_assert_tail(c, w);
	reader_refused(offset, &applied, "ends at offset", 61);
	for (int i = 0; i < 20; i++)
		cf_new(c, 2, 50);
	cf_publish(c, w, 0);
	reader_refused(offset, &applied, "ends at offset", 61);
	for (int i = 0; i < 200; i++)
		cf_new(c, 2, 50);
	cf_publish(c, w, 20);
	reader_refused(offset, &applied, "it was made again", 61);
	reader_refused(offset, &unknown, "it was made again", 61);
	stream_writer_close(w);
	assert_stream(c);
}

/** Same blocks, same seq, but a new stream: only its id tells. */
static void test_same_blocks_again(void **state)
{
	struct cf *c = *state;
	struct stream_tail applied;
	int64_t offset = 0;

	for (int i = 0; i < 10; i++)
		cf_new(c, 1, 20);
	for (int round = 0; round < 2; round++) {
		struct stream_writer *w = ke_writer();

		cf_publish(c, w, 0);
		stream_writer_close(w);
		if (round)
			break;
		assert_stream(c);
		applied = c->read;
		offset = c->next_offset;
		delete_topics();
	}
	reader_refused(offset, &applied, "it was made again", 11);
}

static void test_retention(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r = ke_reader(0, &c->read);
	struct stream_tail at_5, none = {0};
	int64_t offset_5, offset_end;
	struct err e = {0};

	for (int i = 0; i < 20; i++) {
		cf_new(c, 1, 20);
		cf_publish(c, w, c->n - 1);
	}
	while (c->got < 5)
		cf_poll(c, r, 500, 1);
	at_5 = c->read;
	offset_5 = c->next_offset;
	while (c->got < 10)
		cf_poll(c, r, 500, 1);
	offset_end = c->next_offset;
	stream_reader_close(r);
	delete_records_before(offset_end);
	reader_refused(offset_5, &at_5, "retention has deleted", 6);
	assert_int_equal(kafka_reader_open(&r, &ke_conf, 0, 0, &none, &e), ERR_FATAL);
	assert_says(&e, "re-ingest from the chain's first block");
	r = ke_reader(offset_end, &c->read); /* the applied ones may go */
	cf_read_all(c, r, 1 << 20);
	stream_reader_close(r);
	stream_writer_close(w);
}

/** The log is cut below a reader that is running. */
static void test_deleted_while_reading(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r;
	struct step_batch b;
	enum err_kind k = ERR_NONE;
	struct err e = {0};
	uint64_t until = clock_ms() + CF_DEADLINE_MS;

	for (int i = 0; i < 30; i++)
		cf_new(c, 1, 20);
	cf_publish(c, w, 0);
	r = ke_reader(0, &c->read);
	delete_records_before(20); /* before the first poll; some may be in the client already */
	while (!k && c->got < 30) {
		assert_true(clock_ms() < until);
		k = stream_poll(r, 200, 1, c->batch_mem, &b, &e);
		for (size_t i = 0; !k && i < b.n; i++)
			cf_take(c, &b.steps[i]); /* fails on a hole */
	}
	if (k) {
		assert_int_equal(k, ERR_FATAL);
		assert_says(&e, "is not there any more; re-ingest from");
	}
	stream_reader_close(r);
	stream_writer_close(w);
}

static void test_bad_records(void **state)
{
	static const char garbage[] = "not a record";
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r;
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	int64_t at[3];
	size_t bad = 0;

	for (int i = 0; i < 3; i++) {
		cf_random(c, 10);
		cf_publish(c, w, c->n - 10);
		at[i] = raw_produce(garbage, sizeof(garbage) - (size_t)i);
	}
	stream_writer_close(w);
	w = ke_writer(); /* looks behind the garbage at the end */
	cf_assert_tail(c, w);
	cf_random(c, 10);
	cf_publish(c, w, 30);
	r = ke_reader(0, &c->read);
	while (!cf_all_read(c)) {
		struct step_batch b;
		struct err e;

		assert_true(clock_ms() < until);
		assert_int_equal(stream_poll(r, 200, 1 << 20, c->batch_mem, &b, &e), ERR_NONE);
		for (size_t i = 0; i < b.n; i++)
			cf_take(c, &b.steps[i]);
		for (size_t i = 0; i < b.bad_n; i++, bad++) {
			assert_in_range(bad, 0, 2);
			assert_int_equal(b.bad[i].offset, at[bad]);
			assert_int_equal(b.bad[i].raw.n, sizeof(garbage) - bad);
			assert_memory_equal(b.bad[i].raw.p, garbage, b.bad[i].raw.n);
			assert_true(*b.bad[i].reason);
		}
	}
	assert_int_equal(bad, 3);
	stream_reader_close(r);
	stream_writer_close(w);
}

/** Two streams in one topic: neither end goes on. */
static void test_record_of_another_stream(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct step foreign = random_new(&c->rng, c->mem, 900, (struct block_id){0}, 1, 10);
	struct stream_reader *r;
	struct step_batch b;
	enum err_kind k = ERR_NONE;
	struct err e = {0};
	struct buf raw;

	cf_random(c, 10);
	cf_publish(c, w, 0);
	r = ke_reader(0, &c->read);
	buf_init(&raw, 1 << 20);
	assert_int_equal(record_encode(&raw, &foreign, CF_CHAIN, (uint8_t[16]){1}, &e), ERR_NONE);
	raw_produce(raw.p, raw.n);
	buf_free(&raw);
	for (int i = 0; i < 100 && !k; i++)
		k = stream_poll(r, 200, 1 << 20, c->batch_mem, &b, &e);
	assert_int_equal(k, ERR_FATAL);
	assert_says(&e, "is of another stream; re-ingest from block");
	stream_reader_close(r);
	stream_writer_close(w);
}

static void test_partitions(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w;
	size_t next[4] = {0}, total = 0;

	ke_new_chain();
	ke_conf.partitions = 4;
	w = ke_writer();
	c->tail.id.number = 500; /* the chain starts at block 501 */
	for (int i = 0; i < 3700; i++) {
		cf_new(c, 0, 0);
		if (c->tail.id.number % 1024 == 1 && i % 2)
			for (int k = 0; k < 5; k++)
				cf_undo(c);
	}
	cf_publish_batches(c, w, 0, 700);
	stream_writer_close(w);
	w = ke_writer();
	cf_assert_tail(c, w);
	for (int32_t p = 0; p < 4; p++) {
		struct stream_tail none = {0};
		struct stream_reader *r = ke_reader_of(p, 0, &none);
		struct step_batch b;
		struct err e;

		assert_false(kafka_reader_at_end(r));
		while (!kafka_reader_at_end(r)) {
			assert_int_equal(
				stream_poll(r, 1000, 1 << 20, c->batch_mem, &b, &e), ERR_NONE);
			for (size_t i = 0; i < b.n; i++, total++) {
				while (kafka_partition_of(c->steps[next[p]].id.number, 4) != p)
					next[p]++;
				assert_null(step_differs(&c->steps[next[p]], &b.steps[i]));
				next[p]++;
			}
		}
		stream_reader_close(r);
	}
	assert_int_equal(total, c->n);
	stream_writer_close(w);
}

/** Heights written long ago come once, behind the records before them, and only the newest. */
static void test_late_reader(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r;
	struct step_batch b;
	struct err e;
	size_t heights = 0;

	for (int i = 0; i < 20; i++) {
		cf_new(c, 1, 10);
		cf_heights(c);
		cf_publish(c, w, c->n - 2);
	}
	r = ke_reader(0, &c->read);
	for (int i = 0; i < 100 && !cf_all_read(c); i++) {
		assert_int_equal(stream_poll(r, 200, 1, c->batch_mem, &b, &e), ERR_NONE);
		for (size_t k = 0; k < b.n; k++) {
			heights += b.steps[k].kind == STEP_HEIGHTS;
			cf_take(c, &b.steps[k]);
		}
	}
	assert_true(cf_all_read(c));
	assert_int_equal(heights, 1);
	cf_poll(c, r, 300, 1 << 20);
	assert_true(kafka_reader_at_end(r));
	stream_reader_close(r);
	stream_writer_close(w);
}

/** A reader slower than the broker: the client's full queue must not stop it for a second each
 * time. */
static void test_slow_reader(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	struct stream_reader *r;
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	unsigned stalls = 0;

	for (int i = 0; i < 40; i++) {
		uint8_t *data = arena_alloc(c->mem, 1000000);
		struct log *l = arena_calloc(c->mem, 1, sizeof(*l));

		rng_fill(&c->rng, data, 1000000);
		l->data = (struct bytes){data, 1000000};
		cf_new(c, 0, 0);
		c->steps[i].block->logs = l;
		c->steps[i].block->log_count = 1;
		cf_publish(c, w, (size_t)i);
	}
	stream_writer_close(w);
	r = ke_reader(0, &c->read);
	while (!cf_all_read(c)) {
		uint64_t t0 = clock_ms();

		assert_true(t0 < until);
		cf_poll(c, r, 5000, 1000000);
		stalls += clock_ms() - t0 > 450;
		clock_sleep_ms(25); /* what the store takes */
	}
	assert_in_range(stalls, 0, 2); /* the loaded machine's; the client's own would be five */
	stream_reader_close(r);
}

/** A topic made by hand that takes small records only. */
static void test_size_limit(void **state)
{
	struct cf *c = *state;
	struct log *l = arena_calloc(c->mem, 1, sizeof(*l));
	uint8_t *data = arena_alloc(c->mem, 2000000);
	struct stream_writer *w;
	struct err e;

	ke_new_chain();
	make_topic("blocks", "max.message.bytes", "300000");
	w = ke_writer();
	cf_random(c, 20);
	cf_publish(c, w, 0);
	rng_fill(&c->rng, data, 2000000);
	l->data = (struct bytes){data, 2000000};
	cf_new(c, 0, 0);
	c->steps[20].block->logs = l;
	c->steps[20].block->log_count = 1;
	assert_int_equal(offer(w, c, 20, &e), ERR_FATAL);
	assert_says(&e, "set its max.message.bytes to 16777216");
	stream_writer_close(w);
	c->n = 20;
	stream_tail_after(&c->tail, &c->steps[0]);
	c->tail = (struct stream_tail){0};
	for (size_t i = 0; i < 20; i++)
		stream_tail_after(&c->tail, &c->steps[i]);
	w = ke_writer();
	cf_assert_tail(c, w);
	stream_writer_close(w);
	assert_stream(c);
}

/** A compacted topic would keep the newest record only. */
static void test_compacted_topic(void **state)
{
	struct stream_writer *w;
	struct err e = {0};

	(void)state;
	ke_new_chain();
	make_topic("blocks", "cleanup.policy", "compact");
	assert_int_equal(kafka_writer_open(&w, &ke_conf, &e), ERR_FATAL);
	assert_says(&e, "cleanup.policy=compact");
}

/* -------- settings -------- */

static void test_settings(void **state)
{
	static const struct {
		const char *prop, *want;
	} bad[] = {
		{"transactional.id=x", "transactional.id is set by the program"},
		{"isolation.level=read_uncommitted", "isolation.level is set by the program"},
		{"acks=1", "acks is set by the program"},
		{"no.such.setting=1", "knows no setting no.such.setting"},
		{"linger.ms=soon-hunter2",
			"does not accept the value of the Kafka setting linger.ms"},
		{"linger.ms", "KEY=VALUE"},
		{"=5", "KEY=VALUE"},
	};
	struct kafka_conf c = ke_conf;
	struct stream_writer *w;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const props[] = {bad[i].prop, NULL};

		c.props = props;
		assert_int_equal(kafka_writer_open(&w, &c, &e), ERR_FATAL);
		assert_says(&e, bad[i].want);
		assert_null(strstr(e.msg, "hunter2"));
	}
	c.props = NULL;
	c.chain_key = "a b";
	assert_int_equal(kafka_writer_open(&w, &c, &e), ERR_FATAL);
	assert_says(&e, "only letters, digits");
}

static int setup(void **state)
{
	fault_clear();
	ke_conf.init_ms = 0;
	return cf_setup(state);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, setup, cf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(settings),
		T(second_writer_fences),
		T(client_that_hangs),
		T(clients_that_all_hang),
		T(pause_without_rival),
		T(pause_with_rival),
		T(lost_commit),
		T(killed_in_transaction),
		T(no_topic),
		T(topic_made_again),
		T(same_blocks_again),
		T(retention),
		T(deleted_while_reading),
		T(bad_records),
		T(record_of_another_stream),
		T(partitions),
		T(late_reader),
		T(slow_reader),
		T(size_limit),
		T(compacted_topic),
	};

	if (!ke_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
