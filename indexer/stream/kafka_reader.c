/*
 * The reading end of the Kafka body: one partition of a chain's records from the offset that
 * PostgreSQL holds, and the newest heights.
 *
 * Kafka promises nothing about an offset that was written down: the topic may have been made again,
 * its beginning may have been deleted, its end may have been lost. So the record before the stored
 * offset is read again and must be the one that was applied last. Whatever does not fit is for a
 * person, because the only cure is to fill the topic again.
 *
 * Messages are taken from the client in handfuls; what does not fit in a batch waits for the next
 * one. Offsets have holes (transaction markers, aborted records), so the end is where Kafka says
 * "end of partition", never an offset that was computed.
 */
#include "base/clock.h"
#include "base/metric.h"
#include "base/stop.h"
#include "stream/batch.h"
#include "stream/kafka_handle.h"
#include "stream/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 50
#define HANDFUL  512

struct heights {
	struct step step;
	uint8_t stream_id[16];
	bool set;
};

struct kafka_reader {
	struct stream_reader face;
	char blocks[KAFKA_NAME_MAX], final[KAFKA_NAME_MAX];
	uint64_t chain_id;
	int32_t partition, partitions;
	struct kafka_handle *h;
	/* The final topic has a queue of its own. A client whose queue is full asks for more only
	   when its broker answers something, or after a second; the final topic, never full, is
	   asked for all the time and so keeps the other one going. */
	rd_kafka_queue_t *queue, *final_queue;
	rd_kafka_message_t *hand[HANDFUL]; /* [hand_at, hand_n) are not taken yet */
	size_t hand_at, hand_n;

	int64_t next_offset;   /* after everything taken */
	int64_t end;           /* committed end when it was opened */
	bool final_end;        /* the end of the final topic was seen */
	struct stream_tail at; /* after everything taken; seq 0: nothing yet */
	bool has_stream;
	/* Heights wait until the records before them were taken. The oldest waiting one is not
	   replaced, or none would ever come while the writer is ahead. */
	struct heights due, newest;
	struct err later; /* came up behind records that had to be given first; kind 0: none */

	struct metric_series *records, *bytes, *bad;
};

static struct kafka_reader *of_face(struct stream_reader *r)
{
	return (struct kafka_reader *)((char *)r - offsetof(struct kafka_reader, face));
}

/** Every fault of the topic ends here; block: the first that is missing. */
static enum err_kind lost(const struct kafka_reader *r, struct err *e, const char *fmt, ...)
	PRINTF(3, 4);

static enum err_kind lost(const struct kafka_reader *r, struct err *e, const char *fmt, ...)
{
	char why[220], from[40] = "the chain's first block";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (r->at.has_id)
		snprintf(from, sizeof(from), "block %" PRIu64, r->at.id.number + 1);
	return err_set(e, ERR_FATAL, "kafka", KAFKA_LOST, "topic %s, partition %d: %s; re-ingest from %s",
		r->blocks, (int)r->partition, why, from);
}

/* -------- taking messages -------- */

static void take_heights(struct kafka_reader *r, const rd_kafka_message_t *m, struct arena *mem)
{
	struct bytes raw = {m->payload, m->len};
	struct heights h = {.set = true};
	struct err e = {.msg = "not HEIGHTS"};

	if (record_decode(&h.step, raw, r->chain_id, h.stream_id, mem, &e) ||
		h.step.kind != STEP_HEIGHTS)
		log_warn_often("kafka", "heights record ignored", r->final,
			"topic=%s offset=%" PRId64 " reason=%s",
			r->final, m->offset, log_quotes(e.msg));
	else
		*(r->due.set ? &r->newest : &r->due) = h;
}

/** Left over from a topic that was made again. */
static bool is_stale(const struct kafka_reader *r, const struct heights *h)
{
	return r->has_stream && memcmp(h->stream_id, r->at.stream_id, sizeof(h->stream_id));
}

/** Heights whose time has come go behind the steps taken so far. */
static void give_heights(struct kafka_reader *r, struct batch *b)
{
	while (r->due.set &&
		(is_stale(r, &r->due) || r->partitions > 1 || r->due.step.after_seq <= r->at.seq)) {
		if (!is_stale(r, &r->due))
			batch_add_step(b, &r->due.step);
		r->due = r->newest;
		r->newest.set = false;
	}
}

static enum err_kind take_record(
	struct kafka_reader *r, const rd_kafka_message_t *m, struct batch *b, struct err *e)
{
	struct bytes raw = arena_bytes(b->mem, m->payload, m->len);

	r->next_offset = m->offset + 1;
	metric_add(r->records, 1);
	metric_add(r->bytes, (int64_t)m->len);
	if (!batch_add(b, raw, m->offset)) {
		metric_add(r->bad, 1);
		return ERR_NONE;
	}
	if (r->has_stream && memcmp(r->at.stream_id, b->stream_id, sizeof(b->stream_id)))
		return lost(
			r, e, "the record at offset %" PRId64 " is of another stream", m->offset);
	memcpy(r->at.stream_id, b->stream_id, sizeof(b->stream_id));
	r->has_stream = true;
	stream_tail_after(&r->at, &b->out.steps[b->out.n - 1]);
	return ERR_NONE;
}

static bool is_blocks(const struct kafka_reader *r, const rd_kafka_message_t *m)
{
	return m->rkt && !strcmp(rd_kafka_topic_name(m->rkt), r->blocks);
}

/** An event of the client that is no record. */
static enum err_kind take_event(struct kafka_reader *r, const rd_kafka_message_t *m, struct err *e)
{
	switch ((int)m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		if (is_blocks(r, m) && m->offset > r->next_offset)
			r->next_offset = m->offset;
		r->final_end |= !is_blocks(r, m);
		return ERR_NONE;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
		if (is_blocks(r, m))
			return lost(r, e, "offset %" PRId64 " is not there any more", m->offset);
		return err_set(e, ERR_AGAIN, "kafka", m->err,
			"topic %s was shortened while it was read", r->final);
	default: return kafka_error(r->h, m->err, e, "reading");
	}
}

/**
 * Make sure that there is a message in hand; false: none came in time. The batch call would wait
 * for a whole handful, so the first message is waited for alone.
 */
static bool fill_hand(struct kafka_reader *r, unsigned wait_ms)
{
	rd_kafka_message_t *first;
	ssize_t n;

	if (r->hand_at < r->hand_n)
		return true;
	r->hand_at = r->hand_n = 0;
	first = rd_kafka_consume_queue(r->queue, (int)wait_ms);
	if (!first)
		return false;
	r->hand[0] = first;
	n = rd_kafka_consume_batch_queue(r->queue, 0, r->hand + 1, HANDFUL - 1);
	r->hand_n = n > 0 ? (size_t)n + 1 : 1;
	return true;
}

/** A message goes by its topic, whatever queue it came through. */
static enum err_kind take_message(
	struct kafka_reader *r, rd_kafka_message_t *m, struct batch *b, struct err *e)
{
	enum err_kind k = ERR_NONE;

	if (m->err)
		k = take_event(r, m, e);
	else if (is_blocks(r, m))
		k = take_record(r, m, b, e);
	else
		take_heights(r, m, b->mem);
	give_heights(r, b);
	rd_kafka_message_destroy(m);
	return k;
}

/** Take what is in hand, up to max_bytes in all. full: stopped because of the limit. */
static enum err_kind take_hand(struct kafka_reader *r, size_t max_bytes, size_t *bytes,
	struct batch *b, bool *full, struct err *e)
{
	enum err_kind k = ERR_NONE;

	while (r->hand_at < r->hand_n && !k) {
		const size_t n = r->hand[r->hand_at]->err ? 0 : r->hand[r->hand_at]->len;

		*full = n && *bytes && *bytes + n > max_bytes;
		if (*full)
			break;
		*bytes += n;
		k = take_message(r, r->hand[r->hand_at++], b, e);
	}
	return k;
}

/** Heights that have come; does not wait. Not before the records in hand: no overtaking. */
static enum err_kind take_final(struct kafka_reader *r, struct batch *b, struct err *e)
{
	const bool in_hand = r->hand_at < r->hand_n;
	rd_kafka_message_t *m;
	enum err_kind k = ERR_NONE;

	while (!in_hand && !k && (m = rd_kafka_consume_queue(r->final_queue, 0)))
		k = take_message(r, m, b, e);
	give_heights(r, b);
	return k;
}

/** Fill the batch: waits for the first record until `until`, then takes what is there. */
static enum err_kind take_batch(
	struct kafka_reader *r, uint64_t until, size_t max_bytes, struct batch *b, struct err *e)
{
	enum err_kind k = take_final(r, b, e);
	bool full = false;
	size_t bytes = 0;

	while (!full && !k && !stop_asked()) {
		const bool some = b->out.n || b->out.bad_n;
		uint64_t now = clock_ms();
		unsigned wait = 0;

		if (!some && now < until)
			wait = until - now < SLICE_MS ? (unsigned)(until - now) : SLICE_MS;
		if (fill_hand(r, wait))
			k = take_hand(r, max_bytes, &bytes, b, &full, e);
		else if (some || now >= until)
			break;
		if (!k)
			k = take_final(r, b, e);
	}
	return k;
}

static enum err_kind poll_kafka(struct stream_reader *face, unsigned timeout_ms, size_t max_bytes,
	struct arena *mem, struct step_batch *out, struct err *e)
{
	struct kafka_reader *r = of_face(face);
	struct batch b = {.mem = mem, .chain_id = r->chain_id};
	struct err none;
	enum err_kind k;

	e = e ? e : &none;
	if (stop_asked())
		return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
	if (r->later.kind) {
		*e = r->later;
		r->later.kind = ERR_NONE;
		return e->kind;
	}
	k = take_batch(r, clock_ms() + timeout_ms, max_bytes, &b, e);
	if (k && !b.out.n && !b.out.bad_n)
		return k;
	if (k)
		r->later = *e;
	b.out.next_offset = r->next_offset;
	memcpy(b.out.stream_id, r->at.stream_id, sizeof(b.out.stream_id));
	*out = b.out;
	return ERR_NONE;
}

static void ack(struct stream_reader *face, int64_t next_offset)
{
	(void)face; /* the position is in PostgreSQL */
	(void)next_offset;
}

/* -------- opening and closing -------- */

static void reader_close(struct stream_reader *face)
{
	struct kafka_reader *r = of_face(face);

	while (r->hand_at < r->hand_n)
		rd_kafka_message_destroy(r->hand[r->hand_at++]);
	if (r->queue)
		rd_kafka_queue_destroy(r->queue);
	if (r->final_queue)
		rd_kafka_queue_destroy(r->final_queue);
	kafka_handle_close(r->h);
	free(r);
}

/** The record before next_offset must be the one that was applied last. */
static enum err_kind check_position(struct kafka_reader *r, struct kafka_handle *probe,
	const struct stream_tail *expect, struct err *e)
{
	const struct kafka_place at = {r->blocks, r->partition, false, r->next_offset};
	struct stream_tail now = {0};
	struct kafka_newest n;
	enum err_kind k = kafka_find_newest(probe, &at, r->chain_id, &n, e);

	if (k)
		return k;
	r->end = n.high;
	if (r->next_offset > n.high)
		return lost(r, e,
			"it ends at offset %" PRId64 ", but %" PRId64 " was applied already: "
			"it was made again or has lost records",
			n.high, r->next_offset);
	if (r->next_offset < n.low)
		return lost(r, e,
			"it begins at offset %" PRId64 ", but %" PRId64 " is needed: "
			"retention has deleted records",
			n.low, r->next_offset);
	if (!expect->seq || (!n.found && n.low == r->next_offset))
		return ERR_NONE; /* nothing to compare with; the store checks the next one */
	if (n.found)
		stream_tail_after(&now, &n.step);
	if (n.found && n.step.seq == expect->seq && now.has_id == expect->has_id &&
		hash_eq(&now.id.hash, &expect->id.hash) &&
		(!r->has_stream || !memcmp(n.stream_id, expect->stream_id, sizeof(n.stream_id))))
		return ERR_NONE;
	return lost(r, e,
		"before offset %" PRId64 " stands seq %" PRIu64 ", but seq %" PRIu64
		" was applied: it was made again",
		r->next_offset, n.found ? n.step.seq : 0, expect->seq);
}

static enum err_kind assign_both(struct kafka_reader *r, int64_t final_offset, struct err *e)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(l, r->blocks, r->partition)->offset = r->next_offset;
	rd_kafka_topic_partition_list_add(l, r->final, 0)->offset = final_offset;
	code = rd_kafka_assign(r->h->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	return code ? kafka_error(r->h, code, e, "assign") : ERR_NONE;
}

static enum err_kind look_around(struct kafka_reader *r, struct kafka_handle *probe,
	const struct stream_tail *expect, int64_t *final_offset, struct err *e)
{
	const struct kafka_place at = {r->final, 0, true, -1};
	struct kafka_newest n;
	int32_t one;
	enum err_kind k;

	if ((k = kafka_topic_find(probe, r->blocks, &r->partitions, e)) ||
		(k = kafka_topic_find(probe, r->final, &one, e)))
		return k;
	if (r->partition < 0 || r->partition >= r->partitions)
		return err_set(e, ERR_FATAL, "kafka", 0,
			"topic %s has %d partitions, there is no %d", r->blocks, (int)r->partitions,
			(int)r->partition);
	if ((k = check_position(r, probe, expect, e)) ||
		(k = kafka_find_newest(probe, &at, r->chain_id, &n, e)))
		return k;
	*final_offset = n.found ? n.offset : n.high;
	return ERR_NONE;
}

static enum err_kind open_all(struct kafka_reader *r, const struct kafka_conf *c,
	const struct stream_tail *expect, struct err *e)
{
	static const struct kafka_setting hard[] = {
		{"group.id", "bttc-indexer"}, /* has to be there; nothing is committed to it */
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "error"},
		{"isolation.level", "read_committed"},
		{"enable.partition.eof", "true"},
		{NULL, NULL},
	};
	static const struct kafka_setting soft[] = {
		{"fetch.wait.max.ms", "100"},
		{"fetch.min.bytes", "1"},
		{"max.partition.fetch.bytes", "2097152"},
		{"fetch.max.bytes", "20000000"},
		{"queued.max.messages.kbytes", "8192"},
		{"reconnect.backoff.ms", "50"},
		{"reconnect.backoff.max.ms", "500"},
		{NULL, NULL},
	};
	struct kafka_handle *probe = NULL;
	int64_t final_offset = 0;
	int32_t one;
	enum err_kind k;

	if ((k = kafka_topic_name(r->blocks, c, KAFKA_BLOCKS, e)) ||
		(k = kafka_topic_name(r->final, c, KAFKA_FINAL, e)) ||
		(k = kafka_probe_open(&probe, c, e)))
		return k;
	k = look_around(r, probe, expect, &final_offset, e);
	kafka_handle_close(probe);
	if (k || (k = kafka_handle_open(&r->h, RD_KAFKA_CONSUMER, c, hard, soft, e)))
		return k;
	/* A client that was told of the leaders begins at once, not with its next timer of a
	 * second. */
	if ((k = kafka_topic_find(r->h, r->blocks, &r->partitions, e)) ||
		(k = kafka_topic_find(r->h, r->final, &one, e)))
		return k;
	r->queue = rd_kafka_queue_get_consumer(r->h->rk);
	r->final_queue = rd_kafka_queue_get_partition(r->h->rk, r->final, 0);
	rd_kafka_queue_forward(r->final_queue, NULL);
	return assign_both(r, final_offset, e);
}

static void open_metrics(struct kafka_reader *r, const char *chain_key)
{
	struct buf labels;

	buf_init(&labels, 1000);
	metric_label(&labels, "chain", chain_key);
	r->records = metric_get(METRIC_COUNTER, "bttc_stream_read_records_total",
		"Records taken from Kafka.", labels.p);
	r->bytes = metric_get(METRIC_COUNTER, "bttc_stream_read_bytes_total",
		"Encoded bytes of the records taken from Kafka.", labels.p);
	r->bad = metric_get(METRIC_COUNTER, "bttc_stream_bad_records_total",
		"Records from Kafka that could not be decoded.", labels.p);
	buf_free(&labels);
}

enum err_kind kafka_reader_open(struct stream_reader **out, const struct kafka_conf *c,
	int32_t partition, int64_t next_offset, const struct stream_tail *expect, struct err *e)
{
	static const uint8_t unknown[16];
	struct kafka_reader *r = calloc(1, sizeof(*r));
	enum err_kind k;

	if (!r)
		abort();
	r->face = (struct stream_reader){poll_kafka, ack, reader_close};
	r->chain_id = c->chain_id;
	r->partition = partition;
	r->next_offset = next_offset;
	r->at = *expect;
	r->has_stream = memcmp(expect->stream_id, unknown, sizeof(unknown)) != 0;
	open_metrics(r, c->chain_key);
	if ((k = open_all(r, c, expect, e))) {
		reader_close(&r->face);
		return k == ERR_STOP ? k : err_wrap(e, "Kafka at %s", c->brokers);
	}
	*out = &r->face;
	return ERR_NONE;
}

bool kafka_reader_at_end(const struct stream_reader *face)
{
	const struct kafka_reader *r =
		(const struct kafka_reader *)((const char *)face -
					      offsetof(struct kafka_reader, face));

	return r->next_offset >= r->end && r->final_end;
}
