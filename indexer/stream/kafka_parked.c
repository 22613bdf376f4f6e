/*
 * Records that do not decode, for other eyes than the database's: published whole to one topic for all
 * chains. An idempotent producer that waits for every acknowledgement; it is opened with the first such
 * record, because normally there is none.
 */
#include "stream/kafka_parked.h"

#include "base/clock.h"
#include "base/stop.h"
#include "stream/kafka_handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS    100
#define PATIENCE_MS 30000

struct kafka_parked {
	struct kafka_conf conf;
	char topic[KAFKA_NAME_MAX], blocks[KAFKA_NAME_MAX];
	struct kafka_handle *h; /* NULL: not open */
};

struct kafka_parked *kafka_parked_new(const struct kafka_conf *c)
{
	struct kafka_parked *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->conf = *c;
	return p;
}

static void drop_client(struct kafka_parked *p)
{
	kafka_handle_close(p->h);
	p->h = NULL;
}

void kafka_parked_free(struct kafka_parked *p)
{
	if (!p)
		return;
	drop_client(p);
	free(p);
}

static enum err_kind open_client(struct kafka_parked *p, struct err *e)
{
	static const struct kafka_setting hard[] = {
		{"enable.idempotence", "true"},
		{"acks", "all"},
		{"message.max.bytes", "16777216"},
		{NULL, NULL},
	};
	static const struct kafka_setting soft[] = {
		{"linger.ms", "0"},
		{"reconnect.backoff.ms", "50"},
		{"reconnect.backoff.max.ms", "500"},
		{NULL, NULL},
	};
	struct kafka_handle *probe = NULL;
	int32_t partitions;
	enum err_kind k;

	if ((k = kafka_parked_name(p->topic, &p->conf, e)) ||
		(k = kafka_topic_name(p->blocks, &p->conf, KAFKA_BLOCKS, e)) ||
		(k = kafka_probe_open(&probe, &p->conf, e)))
		return k;
	if (!(k = kafka_parked_make(probe, p->topic, e)))
		k = kafka_topic_find(probe, p->topic, &partitions, e);
	kafka_handle_close(probe);
	return k ? k : kafka_handle_open(&p->h, RD_KAFKA_PRODUCER, &p->conf, hard, soft, e);
}

static rd_kafka_headers_t *headers_of(
	const struct kafka_parked *p, int32_t partition, const struct bad_record *bad)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(5);
	char number[2][24];

	snprintf(number[0], sizeof(number[0]), "%" PRId32, partition);
	snprintf(number[1], sizeof(number[1]), "%" PRId64, bad->offset);
	rd_kafka_header_add(h, "chain", -1, p->conf.chain_key, -1);
	rd_kafka_header_add(h, "topic", -1, p->blocks, -1);
	rd_kafka_header_add(h, "partition", -1, number[0], -1);
	rd_kafka_header_add(h, "offset", -1, number[1], -1);
	rd_kafka_header_add(h, "reason", -1, bad->reason, -1);
	return h;
}

static rd_kafka_resp_err_t send_one(
	struct kafka_parked *p, int32_t partition, const struct bad_record *bad)
{
	rd_kafka_headers_t *headers = headers_of(p, partition, bad);
	char key[KAFKA_NAME_MAX + 48];
	rd_kafka_resp_err_t code;

	snprintf(key, sizeof(key), "%s:%" PRId32 ":%" PRId64, p->blocks, partition, bad->offset);
	code = rd_kafka_producev(p->h->rk, RD_KAFKA_V_TOPIC(p->topic), RD_KAFKA_V_PARTITION(0),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, strlen(key)),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)bad->raw.p, bad->raw.n),
		RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
	if (code)
		rd_kafka_headers_destroy(headers);
	return code;
}

/** Until the broker has it. One record at a time: there is hardly ever a second one. */
static enum err_kind deliver(struct kafka_parked *p, int32_t partition,
	const struct bad_record *bad, uint64_t until, struct err *e)
{
	rd_kafka_resp_err_t code;

	p->h->delivery_code = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!(code = send_one(p, partition, bad)))
		while ((code = rd_kafka_flush(p->h->rk, SLICE_MS)) && clock_ms() < until)
			if (stop_asked())
				return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
	if (!code)
		code = p->h->delivery_code;
	if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return err_set(e, ERR_FATAL, "kafka", code,
			"the topic %s refuses a record of %zu bytes for its size", p->topic,
			bad->raw.n);
	return code ? kafka_error(p->h, code, e, "parking a record") : ERR_NONE;
}

enum err_kind kafka_parked_put(struct kafka_parked *p, int32_t partition,
	const struct bad_record *bad, size_t n, struct err *e)
{
	const uint64_t until = clock_ms() + PATIENCE_MS;
	enum err_kind k = p->h || !n ? ERR_NONE : open_client(p, e);

	for (size_t i = 0; !k && i < n; i++)
		k = deliver(p, partition, &bad[i], until, e);
	if (k)
		drop_client(p);
	return k;
}
