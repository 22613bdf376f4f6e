/*
 * Reading a topic back, for those who go on with it: a writer that starts again needs the newest
 * headers and the contracts that blocks have announced; an index process whose position is void looks
 * for another stream in the topic.
 *
 * A topic may hold several streams, one behind the other: after `ingest --from N` the next one begins
 * at block N. The walk follows the chain through all of them. Whatever does not stand on the block
 * before begins the known stretch anew, so that nothing is ever taken for complete that is not.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "stream/batch.h"
#include "stream/kafka_handle.h"
#include "stream/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS    100
#define PATIENCE_MS 30000
#define HANDFUL     512

/* -------- the walk over records -------- */

struct walk {
	char topic[KAFKA_NAME_MAX], final[KAFKA_NAME_MAX];
	uint64_t chain_id, window;
	struct arena *mem, *record;
	struct stream_tail tail;
	struct header *ring; /* room for 2 * room_half; the newest `n` are consecutive */
	size_t n, room;
	struct discovery *found;
	size_t found_n, found_cap;
	bool has_from;
	uint64_t from;
};

static void forget_from(struct walk *w, uint64_t number)
{
	while (w->n && w->ring[w->n - 1].number >= number)
		w->n--;
	while (w->found_n && w->found[w->found_n - 1].block >= number)
		w->found_n--;
}

/** Does the block stand on one that was seen? Blocks above that one are void then. */
static bool stands(struct walk *w, const struct step *s, bool same_stream)
{
	const uint64_t number = s->id.number;

	if (same_stream)
		return w->tail.has_id && s->seq == w->tail.seq + 1 &&
			w->tail.id.number + 1 == number && hash_eq(&w->tail.id.hash, &s->parent);
	if (w->has_from && number == w->from) {
		forget_from(w, number);
		return true;
	}
	forget_from(w, number);
	return w->n && w->ring[w->n - 1].number + 1 == number &&
		hash_eq(&w->ring[w->n - 1].hash, &s->parent);
}

static void remember(struct walk *w, const struct step *s)
{
	const struct block *b = s->block;

	if (w->n == w->room) {
		memmove(w->ring, w->ring + w->room / 2, (w->room - w->room / 2) * sizeof(*w->ring));
		w->n = w->room - w->room / 2;
	}
	w->ring[w->n++] = (struct header){.number = s->id.number,
		.hash = s->id.hash,
		.parent = s->parent,
		.time = b->h.time};
	for (size_t i = 0; i < b->found_count; i++) {
		struct discovery d = b->found[i];

		d.contract = arena_dup(w->mem, d.contract, strlen(d.contract) + 1);
		d.rule = arena_dup(w->mem, d.rule, strlen(d.rule) + 1);
		arena_grow(w->mem, &w->found, &w->found_cap, w->found_n + 1, sizeof(*w->found));
		w->found[w->found_n++] = d;
	}
}

static void walk_step(struct walk *w, const struct step *s, const uint8_t stream_id[16])
{
	const bool same = w->tail.seq && !memcmp(stream_id, w->tail.stream_id, 16);

	if (s->kind == STEP_HEIGHTS)
		return;
	if (s->kind == STEP_UNDO) {
		if (same && s->seq == w->tail.seq + 1) {
			forget_from(w, s->id.number);
		} else {
			w->n = w->found_n = 0;
			w->has_from = false;
		}
	} else {
		if (!w->has_from || !stands(w, s, same)) {
			w->n = w->found_n = 0;
			w->from = s->id.number;
			w->has_from = true;
		}
		remember(w, s);
	}
	stream_tail_after(&w->tail, s);
	memcpy(w->tail.stream_id, stream_id, 16);
}

static void walk_message(struct walk *w, const rd_kafka_message_t *m)
{
	struct bytes raw = {m->payload, m->len};
	uint8_t id[16];
	struct step step;
	struct err e;

	arena_reset(w->record);
	if (!record_decode(&step, raw, w->chain_id, id, w->record, &e))
		walk_step(w, &step, id);
}

/* -------- reading -------- */

/** A client for reading much. */
static enum err_kind open_reader(struct kafka_handle **out, const struct kafka_conf *c, struct err *e)
{
	static const struct kafka_setting hard[] = {
		{"group.id", "bttc-indexer"}, /* has to be there; nothing is committed to it */
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "error"},
		{"isolation.level", "read_committed"},
		{"enable.partition.eof", "true"},
		{"fetch.wait.max.ms", "10"},
		{"max.partition.fetch.bytes", "4194304"},
		{"queued.max.messages.kbytes", "16384"},
		{"reconnect.backoff.ms", "50"},
		{"reconnect.backoff.max.ms", "500"},
		{NULL, NULL},
	};

	return kafka_handle_open(out, RD_KAFKA_CONSUMER, c, hard, NULL, e);
}

/**
 * The end of the final topic is followed along, through a queue of its own: a client whose queue was
 * full asks for more only when its broker answers something.
 */
static enum err_kind assign(struct walk *w, struct kafka_handle *h, int64_t offset, struct err *e)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(2);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(l, w->topic, 0)->offset = offset;
	rd_kafka_topic_partition_list_add(l, w->final, 0)->offset = RD_KAFKA_OFFSET_END;
	code = rd_kafka_assign(h->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	return code ? kafka_error(h, code, e, "assign") : ERR_NONE;
}

/** A handful of messages: 1 some, 0 none in time, -1 the end. */
static int take_handful(struct walk *w, rd_kafka_queue_t *q, int64_t end, rd_kafka_resp_err_t *code)
{
	rd_kafka_message_t *m[HANDFUL];
	ssize_t n = rd_kafka_consume_batch_queue(q, SLICE_MS, m, HANDFUL);
	int result = n > 0;

	for (ssize_t i = 0; i < n; i++) {
		if (m[i]->rkt && strcmp(rd_kafka_topic_name(m[i]->rkt), w->topic)) {
			; /* heights */
		} else if (m[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			result = -1;
		} else if (m[i]->err) {
			*code = m[i]->err;
		} else if (result > 0 && !*code) {
			if (m[i]->offset < end)
				walk_message(w, m[i]);
			if (m[i]->offset >= end - 1)
				result = -1;
		}
		rd_kafka_message_destroy(m[i]);
	}
	return result;
}

static enum err_kind walk_queue(struct walk *w, struct kafka_handle *h, rd_kafka_queue_t *q, int64_t end,
	struct err *e)
{
	uint64_t until = clock_ms() + PATIENCE_MS;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	enum err_kind k = ERR_NONE;
	int more = 0;

	while (!k && !code && more >= 0) {
		more = take_handful(w, q, end, &code);
		if (more > 0)
			until = clock_ms() + PATIENCE_MS;
		if (stop_asked())
			k = err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
		else if (arena_over(w->mem))
			k = err_set(e, ERR_FATAL, "kafka", 0, "topic %s announces too many contracts",
				w->topic);
		else if (!more && clock_ms() > until)
			k = kafka_error(h, RD_KAFKA_RESP_ERR__TIMED_OUT, e, "reading");
	}
	return !k && code ? kafka_error(h, code, e, "reading") : k;
}

/** Walk over [from, end). */
static enum err_kind walk_topic(struct walk *w, const struct kafka_conf *c, int64_t from, int64_t end,
	struct err *e)
{
	struct kafka_handle *h;
	rd_kafka_queue_t *q, *final;
	int32_t partitions;
	enum err_kind k;

	if (from >= end)
		return ERR_NONE;
	if ((k = open_reader(&h, c, e)))
		return k;
	/* A client that was told of the leaders begins at once, not with its next timer of a second. */
	k = kafka_topic_find(h, w->topic, &partitions, e);
	q = rd_kafka_queue_get_consumer(h->rk);
	final = rd_kafka_queue_get_partition(h->rk, w->final, 0);
	rd_kafka_queue_forward(final, NULL);
	if (!k && !(k = kafka_topic_find(h, w->final, &partitions, e)) && !(k = assign(w, h, from, e)))
		k = walk_queue(w, h, q, end, e);
	rd_kafka_queue_destroy(final);
	rd_kafka_queue_destroy(q);
	kafka_handle_close(h);
	return k ? err_wrap(e, "topic %s", w->topic) : ERR_NONE;
}

static void walk_reset(struct walk *w)
{
	w->tail = (struct stream_tail){0};
	w->n = w->found_n = 0;
	w->has_from = false;
}

static enum err_kind read_blocks(struct walk *w, struct kafka_handle *h, const struct kafka_conf *c,
	bool whole, struct err *e)
{
	const struct kafka_place at = {w->topic, 0, false, -1};
	struct kafka_newest newest;
	enum err_kind k = kafka_find_newest(h, &at, w->chain_id, &newest, e);
	int64_t back = (int64_t)(w->window * 2 + 64), from;

	if (k || !newest.found)
		return k;
	do {
		walk_reset(w);
		from = whole || newest.high - newest.low <= back ? newest.low : newest.high - back;
		if ((k = walk_topic(w, c, from, newest.high, e)))
			return k;
		back *= 4;
	} while (from > newest.low && w->n < w->window);
	return ERR_NONE;
}

/** A topic of one partition; ERR_FATAL: it has more. */
static enum err_kind open_probe(struct kafka_handle **h, const struct kafka_conf *c,
	char topic[KAFKA_NAME_MAX], struct err *e)
{
	int32_t partitions = 0;
	enum err_kind k;

	if ((k = kafka_topic_name(topic, c, KAFKA_BLOCKS, e)) || (k = kafka_probe_open(h, c, e)))
		return k;
	k = kafka_topic_find(*h, topic, &partitions, e);
	if (!k && partitions != 1)
		k = err_set(e, ERR_FATAL, "kafka", 0,
			"topic %s has %d partitions: a chain is written and indexed in order, through one "
			"partition; make it again with 1", topic, (int)partitions);
	if (k)
		kafka_handle_close(*h);
	return k;
}

static void give(struct kafka_past *out, const struct walk *w)
{
	const size_t n = w->n < w->window ? w->n : (size_t)w->window;

	out->tail = w->tail;
	out->recent_count = n;
	out->recent = arena_dup(w->mem, w->ring + (w->n - n), n * sizeof(*w->ring));
	out->found = w->found;
	out->found_count = w->found_n;
	out->has_from = w->has_from;
	out->from = w->from;
}

enum err_kind kafka_past_read(struct kafka_past *out, const struct kafka_conf *c, uint64_t window,
	bool whole, struct arena *mem, struct err *e)
{
	struct walk w = {.chain_id = c->chain_id, .window = window, .mem = mem,
		.room = (size_t)window * 3 + 2};
	const struct kafka_place at = {w.final, 0, true, -1};
	struct kafka_newest heights;
	struct kafka_handle *h;
	enum err_kind k;

	*out = (struct kafka_past){0};
	if ((k = kafka_topic_name(w.final, c, KAFKA_FINAL, e)) ||
		(k = open_probe(&h, c, w.topic, e)))
		return k;
	w.record = arena_new(SIZE_MAX);
	w.ring = calloc(w.room, sizeof(*w.ring));
	if (!w.ring)
		abort();
	k = read_blocks(&w, h, c, whole, e);
	if (!k)
		k = kafka_find_newest(h, &at, c->chain_id, &heights, e);
	if (!k) {
		give(out, &w);
		out->has_final = heights.found && heights.step.has_final;
		out->final = heights.step.final;
	}
	free(w.ring);
	arena_free(w.record);
	kafka_handle_close(h);
	return k;
}

/* -------- another stream -------- */

/** A search for the first record behind `low` that is of another stream than `id`. */
struct hunt {
	struct kafka_handle *h;
	struct kafka_place at;
	uint64_t chain_id;
	const uint8_t *id;
	int64_t low;  /* no such record below */
	int64_t high; /* behind such a record; -1: there is none */
	struct kafka_start *out;
};

/** Is there one below `before`? Moves low or high. */
static enum err_kind hunt_below(struct hunt *t, int64_t before, struct err *e)
{
	struct kafka_newest n;
	enum err_kind k;

	t->at.before = before;
	if ((k = kafka_find_newest(t->h, &t->at, t->chain_id, &n, e)))
		return k;
	if (t->low < n.low)
		t->low = n.low;
	if (!n.found || n.offset < t->low || !memcmp(n.stream_id, t->id, sizeof(n.stream_id))) {
		t->low = before >= 0 ? before : t->low;
		return ERR_NONE;
	}
	*t->out = (struct kafka_start){.found = true, .offset = n.offset, .step = n.step};
	memcpy(t->out->stream_id, n.stream_id, sizeof(n.stream_id));
	t->high = n.offset + 1;
	return ERR_NONE;
}

/** Streams lie one behind the other, so it can be bisected; mostly it is near, so in growing steps. */
static enum err_kind hunt(struct hunt *t, struct err *e)
{
	int64_t stride = 1;
	enum err_kind k;

	t->high = -1;
	if ((k = hunt_below(t, -1, e)) || t->high < 0)
		return k;
	while (t->high - t->low > 1) {
		const int64_t half = (t->high - t->low) / 2, below = t->high;

		if ((k = hunt_below(t, t->low + (stride < half ? stride : half), e)))
			return k;
		stride = t->high < below ? INT64_MAX : stride < INT64_MAX / 2 ? stride * 2 : stride;
	}
	return ERR_NONE;
}

enum err_kind kafka_other_stream(struct kafka_start *out, const struct kafka_conf *c, int64_t offset,
	const uint8_t id[16], struct err *e)
{
	char topic[KAFKA_NAME_MAX];
	struct hunt t = {.at = {topic, 0, false, -1}, .chain_id = c->chain_id, .id = id, .low = offset,
		.out = out};
	enum err_kind k;

	*out = (struct kafka_start){0};
	if ((k = open_probe(&t.h, c, topic, e)))
		return k;
	k = hunt(&t, e);
	kafka_handle_close(t.h);
	return k;
}
