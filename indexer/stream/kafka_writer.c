/*
 * The writing end of the Kafka body: one transaction for a batch of records.
 *
 * Who owns the stream is decided by transactional.id: opening a writer fences the ones before it.
 * What the stream holds is decided by the topic alone: the newest committed record is looked up
 * after every fence and after every transaction whose outcome is not a plain success, so a batch is
 * never taken for published, or for lost, on the word of a timeout.
 *
 * A client that failed is given up and made again by the next publish. One failure is final: being
 * fenced by another writer. The broker says the same when our own transaction was open for too long
 * (a stopped process, a sleeping machine); then nobody else is to blame, and the look at the topic
 * tells whether anybody wrote meanwhile.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/metric.h"
#include "base/stop.h"
#include "stream/batch.h"
#include "stream/kafka_handle.h"
#include "stream/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_MS    200
#define PATIENCE_MS 15000 /* for one init_transactions */
#define INIT_TRIES  3
#define LEAVE_MS    2000  /* how long a stop waits for a commit that is under way */

struct kafka_writer {
	struct stream_writer face;
	struct kafka_conf conf; /* owned copies */
	char blocks[KAFKA_NAME_MAX], final[KAFKA_NAME_MAX];
	char key[24]; /* chain id, decimal: key of every message */
	uint8_t stream_id[16];
	struct stream_tail tail;
	int32_t partitions;
	struct buf record;

	struct kafka_handle *h; /* NULL: to be opened again */
	rd_kafka_topic_t *to_blocks, *to_final;
	uint64_t begun_ms; /* boot time of the transaction's begin */
	uint64_t txn_timeout_ms;
	bool fenced; /* for good */

	struct metric_series *records, *bytes, *commits, *aborts, *batch;
};

static struct kafka_writer *of_face(struct stream_writer *w)
{
	return (struct kafka_writer *)((char *)w - offsetof(struct kafka_writer, face));
}

/** Runs on while the process is stopped or the machine sleeps, as the broker's clock does. */
static uint64_t boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

/* -------- the client -------- */

static void drop_client(struct kafka_writer *w)
{
	if (w->to_blocks)
		rd_kafka_topic_destroy(w->to_blocks);
	if (w->to_final)
		rd_kafka_topic_destroy(w->to_final);
	w->to_blocks = w->to_final = NULL;
	kafka_handle_close(w->h);
	w->h = NULL;
}

static enum err_kind stopped(struct err *e)
{
	return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
}

/** As the client has it: the user may change it. */
static uint64_t transaction_timeout_ms(rd_kafka_t *rk)
{
	char text[32] = "60000";
	size_t n = sizeof(text);

	if (rd_kafka_conf_get(rd_kafka_conf(rk), "transaction.timeout.ms", text, &n))
		return 60000;
	return strtoull(text, NULL, 10);
}

static enum err_kind open_client(struct kafka_writer *w, struct err *e)
{
	const struct kafka_setting hard[] = {
		{"transactional.id", w->blocks},
		{"message.max.bytes", "16777216"},
		{NULL, NULL},
	};
	static const struct kafka_setting soft[] = {
		{"transaction.timeout.ms", "60000"},
		{"queue.buffering.max.kbytes", "32768"},
		{"compression.codec", "lz4"},
		{"linger.ms", "5"},
		{"reconnect.backoff.ms", "50"},
		{"reconnect.backoff.max.ms", "500"},
		{NULL, NULL},
	};
	const unsigned patience = w->conf.init_ms ? w->conf.init_ms : PATIENCE_MS;
	bool hangs = true;
	enum err_kind k = ERR_NONE;

	for (unsigned i = 0; hangs && i < INIT_TRIES; i++) {
		if (i)
			log_warn("kafka", "the client hangs, making another one", "topic=%s try=%u of=%d",
				w->blocks, i + 1, INIT_TRIES);
		k = kafka_handle_open(&w->h, RD_KAFKA_PRODUCER, &w->conf, hard, soft, e);
		hangs = false;
		if (!k)
			k = kafka_fence(&w->h, patience, &hangs, e);
		if (k == ERR_STOP)
			return k;
	}
	if (hangs)
		return err_set(e, ERR_FATAL, "kafka", 0,
			"%d clients did not return from taking over the stream %s, each was given up after "
			"%u s: they wait by the wall clock, was it set back? Start the process again",
			INIT_TRIES, w->blocks, patience * 3 / 2000);
	if (k)
		return k;
	w->txn_timeout_ms = transaction_timeout_ms(w->h->rk);
	w->to_blocks = rd_kafka_topic_new(w->h->rk, w->blocks, NULL);
	w->to_final = rd_kafka_topic_new(w->h->rk, w->final, NULL);
	return ERR_NONE;
}

/* -------- what the topic holds -------- */

/** The newest record over all partitions. */
static enum err_kind find_tail(
	struct kafka_writer *w, struct kafka_handle *probe, struct stream_tail *out, struct err *e)
{
	struct kafka_newest n;
	enum err_kind k;

	*out = (struct stream_tail){0};
	for (int32_t p = 0; p < w->partitions; p++) {
		const struct kafka_place at = {w->blocks, p, false, -1};

		if ((k = kafka_find_newest(probe, &at, w->conf.chain_id, &n, e)))
			return k;
		if (!n.found || (w->conf.new_stream &&
					memcmp(n.stream_id, w->stream_id, sizeof(w->stream_id))))
			continue;
		if (out->seq && memcmp(out->stream_id, n.stream_id, sizeof(n.stream_id)))
			return err_set(e, ERR_FATAL, "kafka", 0,
				"topic %s holds records of two streams: delete it and ingest again",
				w->blocks);
		memcpy(out->stream_id, n.stream_id, sizeof(n.stream_id));
		if (n.step.seq > out->seq)
			stream_tail_after(out, &n.step);
	}
	return ERR_NONE;
}

static bool same_place(const struct stream_tail *a, const struct stream_tail *b)
{
	return a->seq == b->seq && a->has_id == b->has_id && a->id.number == b->id.number &&
	       hash_eq(&a->id.hash, &b->id.hash);
}

/**
 * After a transaction of unknown outcome: does the stream hold the steps? A transaction is all or
 * nothing, and the caller offers the same batch again. If so, they are behind the tail now.
 *
 * Errors: ERR_AGAIN could not look; ERR_STOP; ERR_FATAL somebody else wrote.
 */
static enum err_kind look_up_outcome(
	struct kafka_writer *w, const struct step *steps, size_t n, bool *committed, struct err *e)
{
	struct stream_tail now, after = w->tail;
	struct kafka_handle *probe;
	enum err_kind k = kafka_probe_open(&probe, &w->conf, e);

	if (k)
		return k;
	k = find_tail(w, probe, &now, e);
	kafka_handle_close(probe);
	if (k)
		return k;
	for (size_t i = 0; i < n; i++)
		stream_tail_after(&after, &steps[i]);
	*committed = after.seq != w->tail.seq && same_place(&now, &after);
	if (*committed)
		w->tail = after;
	if (same_place(&now, &w->tail))
		return ERR_NONE;
	w->fenced = true;
	return err_set(e, ERR_FATAL, "kafka", 0,
		"topic %s ends at seq %" PRIu64 ", but this writer published up to seq %" PRIu64
		": another writer took over, or records were lost. Only one ingest may run for a "
		"chain",
		w->blocks, now.seq, w->tail.seq);
}

/* -------- transactions -------- */

/**
 * A call of the transaction failed with `code`. The client is given up whatever the reason: the
 * next one ends its transaction, and then the topic tells what became of it.
 */
static enum err_kind failed(struct kafka_writer *w, rd_kafka_resp_err_t code, struct err *e)
{
	const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(w->h->rk, NULL, 0);
	const rd_kafka_resp_err_t delivery = w->h->delivery_code;
	const uint64_t open_ms = boot_ms() - w->begun_ms;
	enum err_kind k;

	metric_add(w->aborts, 1);
	if (fatal == RD_KAFKA_RESP_ERR__FENCED && open_ms < w->txn_timeout_ms * 9 / 10) {
		w->fenced = true;
		k = err_set(e, ERR_FATAL, "kafka", fatal,
			"another writer took over the stream %s: only one ingest may run for "
			"a chain, this one has to end",
			w->blocks);
	} else if (delivery == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
		   code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		k = err_set(e, ERR_FATAL, "kafka", RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
			"the topic %s refuses a record for its size: set its "
			"max.message.bytes to %d",
			w->blocks, KAFKA_RECORD_ROOM);
	} else {
		k = kafka_error(w->h, fatal ? fatal : delivery ? delivery : code, e, "publishing");
	}
	drop_client(w);
	return k == ERR_AGAIN && stop_asked() ? stopped(e) : k;
}

static enum err_kind begin(struct kafka_writer *w, struct err *e)
{
	rd_kafka_error_t *error;
	rd_kafka_resp_err_t code;

	w->h->delivery_code = RD_KAFKA_RESP_ERR_NO_ERROR;
	w->begun_ms = boot_ms();
	if (!(error = rd_kafka_begin_transaction(w->h->rk)))
		return ERR_NONE;
	code = rd_kafka_error_code(error);
	rd_kafka_error_destroy(error);
	return failed(w, code, e);
}

/** Hand one record to the client; waits while its buffer is full. */
static enum err_kind send_one(
	struct kafka_writer *w, const struct step *s, rd_kafka_resp_err_t *code, struct err *e)
{
	const bool heights = s->kind == STEP_HEIGHTS;
	rd_kafka_topic_t *to = heights ? w->to_final : w->to_blocks;
	int32_t partition = heights ? 0 : kafka_partition_of(s->id.number, w->partitions);
	enum err_kind k;

	buf_clear(&w->record);
	if ((k = record_encode(&w->record, s, w->conf.chain_id, w->stream_id, e)))
		return k;
	while (rd_kafka_produce(to, partition, RD_KAFKA_MSG_F_COPY, w->record.p, w->record.n,
		w->key, strlen(w->key), NULL)) {
		*code = rd_kafka_last_error();
		if (*code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			return ERR_NONE;
		*code = RD_KAFKA_RESP_ERR_NO_ERROR;
		rd_kafka_poll(w->h->rk, SLICE_MS / 4);
		if (stop_asked())
			return stopped(e);
	}
	metric_add(w->bytes, (int64_t)w->record.n);
	return ERR_NONE;
}

static enum err_kind send_all(struct kafka_writer *w, const struct step *steps, size_t n,
	rd_kafka_resp_err_t *code, struct err *e)
{
	uint64_t after = w->tail.seq;
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; i < n && !k && !*code; i++) {
		struct step s = steps[i];

		if (s.kind == STEP_HEIGHTS)
			s.after_seq = after;
		else
			after = s.seq;
		k = send_one(w, &s, code, e);
	}
	return k;
}

/** Commit in slices, so that a stop is seen. code: why it failed. */
static enum err_kind commit(struct kafka_writer *w, rd_kafka_resp_err_t *code, struct err *e)
{
	uint64_t leave = 0, t0 = clock_us();
	rd_kafka_error_t *error;
	bool retriable;

	/* As a process that was stopped, or a machine asleep. */
	if (fault_hit("kafka-slow-commit")) {
		rd_kafka_flush(w->h->rk, 5000);
		clock_sleep_ms((unsigned)w->txn_timeout_ms + 3000);
	}
	while ((error = rd_kafka_commit_transaction(w->h->rk, SLICE_MS))) {
		*code = rd_kafka_error_code(error);
		retriable = rd_kafka_error_is_retriable(error);
		rd_kafka_error_destroy(error);
		rd_kafka_poll(w->h->rk, 0);
		if (!retriable)
			return ERR_NONE;
		if (stop_asked() && !leave)
			leave = clock_ms() + LEAVE_MS;
		if (leave && clock_ms() > leave)
			return stopped(e);
	}
	*code = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (fault_hit("kafka-lost-commit")) /* done, but the answer did not arrive */
		*code = RD_KAFKA_RESP_ERR__TIMED_OUT;
	metric_observe_us(w->commits, clock_us() - t0);
	return ERR_NONE;
}

static enum err_kind publish_batch(
	struct kafka_writer *w, const struct step *steps, size_t n, struct err *e)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	enum err_kind k;

	if ((k = begin(w, e)))
		return k;
	k = send_all(w, steps, n, &code, e);
	if (!k && !code)
		k = commit(w, &code, e);
	if (!k && code)
		return failed(w, code, e);
	if (k) { /* a stop, or a record too big for any topic */
		drop_client(w);
		return k;
	}
	for (size_t i = 0; i < n; i++)
		stream_tail_after(&w->tail, &steps[i]);
	return ERR_NONE;
}

/**
 * A client again, after one failed. The topic is looked at before as well, so that a writer that
 * took over meanwhile is not fenced by one that has to end anyway.
 */
static enum err_kind reopen(
	struct kafka_writer *w, const struct step *steps, size_t n, bool *committed, struct err *e)
{
	enum err_kind k;

	if ((k = look_up_outcome(w, steps, n, committed, e)))
		return k;
	if ((k = open_client(w, e))) {
		drop_client(w);
		return k;
	}
	return *committed ? ERR_NONE : look_up_outcome(w, steps, n, committed, e);
}

static enum err_kind publish(
	struct stream_writer *face, const struct step *steps, size_t n, struct err *e)
{
	struct kafka_writer *w = of_face(face);
	bool committed = false;
	enum err_kind k;

	if (!n)
		return ERR_NONE;
	if (w->fenced)
		return err_set(e, ERR_FATAL, "kafka", RD_KAFKA_RESP_ERR__FENCED,
			"another writer took over the stream %s", w->blocks);
	if ((k = stream_check(&w->tail, steps, n, e)))
		return k;
	if (!w->h && (k = reopen(w, steps, n, &committed, e)))
		return k;
	k = committed ? ERR_NONE : publish_batch(w, steps, n, e);
	if (k)
		return k;
	metric_add(w->records, (int64_t)n);
	metric_observe_size(w->batch, n);
	return ERR_NONE;
}

static enum err_kind writer_tail(struct stream_writer *face, struct stream_tail *out, struct err *e)
{
	(void)e;
	*out = of_face(face)->tail;
	return ERR_NONE;
}

/* -------- opening and closing -------- */

static void free_conf(struct kafka_conf *c)
{
	for (const char *const *p = c->props; p && *p; p++)
		free((char *)*p);
	free((void *)c->props);
	free((char *)c->brokers);
	free((char *)c->chain_key);
	free((char *)c->topic_prefix);
}

static void copy_conf(struct kafka_conf *to, const struct kafka_conf *c)
{
	size_t n = 0;
	char **props;

	while (c->props && c->props[n])
		n++;
	props = must(calloc(n + 1, sizeof(*props)));
	for (size_t i = 0; i < n; i++)
		props[i] = must(strdup(c->props[i]));
	*to = *c;
	to->props = (const char *const *)props;
	to->brokers = must(strdup(c->brokers));
	to->chain_key = must(strdup(c->chain_key));
	to->topic_prefix = c->topic_prefix ? must(strdup(c->topic_prefix)) : NULL;
}

static void writer_close(struct stream_writer *face)
{
	struct kafka_writer *w = of_face(face);

	drop_client(w);
	buf_free(&w->record);
	free_conf(&w->conf);
	free(w);
}

static void open_metrics(struct kafka_writer *w)
{
	struct buf labels;

	buf_init(&labels, 1000);
	metric_label(&labels, "chain", w->conf.chain_key);
	w->records = metric_get(METRIC_COUNTER, "bttc_stream_published_records_total",
		"Records committed to Kafka.", labels.p);
	w->bytes = metric_get(METRIC_COUNTER, "bttc_stream_published_bytes_total",
		"Encoded bytes handed to Kafka.", labels.p);
	w->commits = metric_get(METRIC_HISTOGRAM, "bttc_stream_commit_seconds",
		"Time to deliver and commit one Kafka transaction.", labels.p);
	w->aborts = metric_get(METRIC_COUNTER, "bttc_stream_aborts_total",
		"Kafka transactions that had to be aborted.", labels.p);
	w->batch = metric_get(METRIC_SIZES, "bttc_stream_batch_records",
		"Records in one Kafka transaction.", labels.p);
	buf_free(&labels);
}

/** Topics, then the fence, then the newest record: in this order nothing is missed. */
static enum err_kind take_over(struct kafka_writer *w, struct err *e)
{
	struct kafka_handle *probe = NULL;
	int32_t one;
	enum err_kind k;

	if ((k = kafka_topic_name(w->blocks, &w->conf, KAFKA_BLOCKS, e)) ||
		(k = kafka_topic_name(w->final, &w->conf, KAFKA_FINAL, e)) ||
		(k = kafka_probe_open(&probe, &w->conf, e)))
		return k;
	if (!(k = kafka_topics_make(probe, &w->conf, w->blocks, w->final, e)) &&
		!(k = kafka_topic_find(probe, w->blocks, &w->partitions, e)) &&
		!(k = kafka_topic_find(probe, w->final, &one, e)) &&
		!(k = kafka_topic_check(probe, w->blocks, e)) && !(k = open_client(w, e)))
		k = find_tail(w, probe, &w->tail, e);
	kafka_handle_close(probe);
	if (k)
		return k;
	if (w->conf.partitions > 0 && w->conf.partitions != w->partitions)
		log_warn("kafka", "the topic keeps the partitions it was made with",
			"topic=%s partitions=%d asked_for=%" PRId64, w->blocks, (int)w->partitions,
			w->conf.partitions);
	if (w->tail.seq)
		memcpy(w->stream_id, w->tail.stream_id, sizeof(w->stream_id));
	memcpy(w->tail.stream_id, w->stream_id, sizeof(w->stream_id));
	return ERR_NONE;
}

enum err_kind kafka_writer_open(
	struct stream_writer **out, const struct kafka_conf *c, struct err *e)
{
	struct kafka_writer *w = must(calloc(1, sizeof(*w)));
	enum err_kind k;

	w->face = (struct stream_writer){publish, writer_tail, writer_close};
	copy_conf(&w->conf, c);
	buf_init(&w->record, RECORD_MAX_BYTES + 65536);
	snprintf(w->key, sizeof(w->key), "%" PRIu64, c->chain_id);
	stream_new_id(w->stream_id); /* unless the topic has one to go on with */
	open_metrics(w);
	if ((k = take_over(w, e))) {
		writer_close(&w->face);
		return k == ERR_STOP ? k : err_wrap(e, "Kafka at %s", c->brokers);
	}
	*out = &w->face;
	return ERR_NONE;
}
