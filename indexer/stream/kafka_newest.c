/*
 * The newest record of a partition. The end of a Kafka partition is not a record: every transaction
 * leaves a marker, aborted records can be of any number, and a foreign program may have written
 * there. So stretches before the end are read, each four times as long as the last, until one holds
 * a record.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "stream/kafka_handle.h"
#include "stream/record.h"

#define SLICE_MS    100
#define PATIENCE_MS 30000

struct search {
	struct kafka_handle *h;
	const struct kafka_place *at;
	uint64_t chain_id;
	uint64_t until;
	struct arena *mem;
	struct kafka_newest *out;
};

static enum err_kind assign(struct search *s, int64_t offset, struct err *e)
{
	rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	rd_kafka_topic_partition_list_add(l, s->at->topic, s->at->partition)->offset = offset;
	code = rd_kafka_assign(s->h->rk, l);
	rd_kafka_topic_partition_list_destroy(l);
	return code ? kafka_error(s->h, code, e, "assign") : ERR_NONE;
}

static void keep(struct search *s, const rd_kafka_message_t *m)
{
	struct bytes raw = {m->payload, m->len};
	uint8_t id[16];
	struct step step;
	struct err e;

	arena_reset(s->mem);
	if (record_decode(&step, raw, s->chain_id, id, s->mem, &e) ||
		(step.kind == STEP_HEIGHTS) != s->at->heights)
		return;
	step.block = NULL;
	s->out->found = true;
	s->out->offset = m->offset;
	s->out->step = step;
	memcpy(s->out->stream_id, id, sizeof(id));
}

/** One message: true when the stretch is read to its end. */
static bool take(
	struct search *s, const rd_kafka_message_t *m, int64_t end, rd_kafka_resp_err_t *code)
{
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return true;
	*code = m->err;
	if (m->err || m->offset >= end)
		return true;
	keep(s, m);
	return false;
}

/** Read [from, end). */
static enum err_kind read_stretch(struct search *s, int64_t from, int64_t end, struct err *e)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	enum err_kind k = assign(s, from, e);

	for (bool done = false; !done && !k;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(s->h->rk, SLICE_MS);

		if (m) {
			done = take(s, m, end, &code);
			rd_kafka_message_destroy(m);
		}
		if (stop_asked())
			k = err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
		else if (!done && clock_ms() > s->until)
			k = kafka_error(s->h, RD_KAFKA_RESP_ERR__TIMED_OUT, e, "reading");
	}
	if (!k && code)
		k = kafka_error(s->h, code, e, "reading");
	return k;
}

static enum err_kind watermarks(struct search *s, struct err *e)
{
	rd_kafka_resp_err_t code;

	while ((code = rd_kafka_query_watermark_offsets(s->h->rk, s->at->topic, s->at->partition,
			&s->out->low, &s->out->high, 5 * SLICE_MS))) {
		kafka_probe_serve(s->h);
		if (stop_wait_ms(SLICE_MS))
			return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
		if (clock_ms() > s->until)
			return kafka_error(s->h, code, e, "asking for the ends of the log");
	}
	return ERR_NONE;
}

enum err_kind kafka_find_newest(struct kafka_handle *probe, const struct kafka_place *at,
	uint64_t chain_id, struct kafka_newest *out, struct err *e)
{
	struct search s = {probe, at, chain_id, clock_ms() + PATIENCE_MS, arena_new(SIZE_MAX), out};
	int64_t back = 1, from, end;
	enum err_kind k;

	*out = (struct kafka_newest){0};
	k = watermarks(&s, e);
	end = at->before >= 0 && at->before < out->high ? at->before : out->high;
	from = end;
	while (!k && !out->found && from > out->low) {
		from = end - out->low > back ? end - back : out->low;
		k = read_stretch(&s, from, end, e);
		back *= 4;
	}
	rd_kafka_assign(probe->rk, NULL);
	arena_free(s.mem);
	return k ? err_wrap(e, "topic %s, partition %d", at->topic, (int)at->partition) : ERR_NONE;
}
