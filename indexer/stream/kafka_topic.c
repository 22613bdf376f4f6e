/*
 * The topics of a chain: names, making them, their partitions and settings.
 *
 * Topics are made by request, with the settings that the stream needs; a broker that makes topics
 * by itself would give them its defaults, and a stream that is deleted after a week is no stream.
 * So everything here works through a consumer, whose questions make no topic.
 */
#include "base/clock.h"
#include "base/stop.h"
#include "stream/kafka_handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS    100
#define PATIENCE_MS 10000 /* for one answer of the broker */
#define UNKNOWN_MS  1000  /* a topic that was just made is not known everywhere yet */

static const char *prefix_of(const struct kafka_conf *c)
{
	return c->topic_prefix ? c->topic_prefix : "bttc";
}

/** n: what snprintf said of it. */
static enum err_kind check_name(const char *out, int n, const char *prefix, struct err *e)
{
	if (n < 0 || n >= KAFKA_NAME_MAX)
		return err_set(e, ERR_FATAL, "kafka", 0,
			"the topic name %.40s... is longer than Kafka allows", prefix);
	for (const char *p = out; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || *p == '.' || *p == '_' || *p == '-'))
			return err_set(e, ERR_FATAL, "kafka", 0,
				"topic name %.80s: only letters, digits, dot, underscore and dash "
				"are allowed",
				out);
	return ERR_NONE;
}

enum err_kind kafka_topic_name(
	char out[KAFKA_NAME_MAX], const struct kafka_conf *c, const char *kind, struct err *e)
{
	int n = snprintf(out, KAFKA_NAME_MAX, "%s.%s.%s", prefix_of(c), kind, c->chain_key);

	return check_name(out, n, prefix_of(c), e);
}

enum err_kind kafka_parked_name(
	char out[KAFKA_NAME_MAX], const struct kafka_conf *c, struct err *e)
{
	int n = snprintf(out, KAFKA_NAME_MAX, "%s.parked", prefix_of(c));

	return check_name(out, n, prefix_of(c), e);
}

/** One look: partitions with a leader, or an error code. */
static rd_kafka_resp_err_t look(struct kafka_handle *h, rd_kafka_topic_t *rkt, int32_t *partitions)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t code = rd_kafka_metadata(h->rk, 0, rkt, &md, 5 * SLICE_MS);
	const rd_kafka_metadata_topic_t *t;

	if (code)
		return code;
	t = md->topics;
	if (md->topic_cnt != 1)
		code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	else if (t->err)
		code = t->err;
	else if (!t->partition_cnt)
		code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	for (int i = 0; !code && i < t->partition_cnt; i++)
		if (t->partitions[i].leader < 0)
			code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
	if (!code)
		*partitions = t->partition_cnt;
	rd_kafka_metadata_destroy(md);
	return code;
}

enum err_kind kafka_topic_find(
	struct kafka_handle *h, const char *topic, int32_t *partitions, struct err *e)
{
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(h->rk, topic, NULL);
	const uint64_t until = clock_ms() + PATIENCE_MS;
	const uint64_t unknown_until = clock_ms() + UNKNOWN_MS;
	rd_kafka_resp_err_t code;
	bool stopped = false;

	while ((code = look(h, rkt, partitions))) {
		bool unknown = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

		kafka_probe_serve(h);
		if (kafka_needs_person(code) || kafka_needs_person(h->last_code) ||
			clock_ms() >= (unknown ? unknown_until : until))
			break;
		if ((stopped = stop_wait_ms(SLICE_MS)))
			break;
	}
	rd_kafka_topic_destroy(rkt);
	if (stopped)
		return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
	if (code && kafka_error(h, code, e, "metadata"))
		return err_wrap(e, "topic %s", topic);
	return ERR_NONE;
}

static rd_kafka_NewTopic_t *new_topic(
	const char *name, int64_t partitions, const struct kafka_setting *s)
{
	char text[256];
	rd_kafka_NewTopic_t *t = /* replication -1: as the broker has it by default */
		rd_kafka_NewTopic_new(name, (int)partitions, -1, text, sizeof(text));

	for (; t && s->key; s++)
		rd_kafka_NewTopic_set_config(t, s->key, s->value);
	return t;
}

/** Wait for the result of an admin request; NULL: none came (stop, or time is over). */
static rd_kafka_event_t *await(struct kafka_handle *h, rd_kafka_queue_t *q)
{
	uint64_t until = clock_ms() + PATIENCE_MS;
	rd_kafka_event_t *ev = NULL;

	while (!ev && !stop_asked() && !kafka_needs_person(h->last_code) && clock_ms() < until) {
		ev = rd_kafka_queue_poll(q, SLICE_MS);
		kafka_probe_serve(h);
	}
	return ev;
}

static enum err_kind created(struct kafka_handle *h, rd_kafka_event_t *ev, struct err *e)
{
	const rd_kafka_topic_result_t **results;
	size_t n;

	if (!ev && stop_asked())
		return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
	if (!ev)
		return kafka_error(h, RD_KAFKA_RESP_ERR__TIMED_OUT, e, "creating the topics");
	if (rd_kafka_event_error(ev))
		return kafka_error(h, rd_kafka_event_error(ev), e, "creating the topics");
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n);
	for (size_t i = 0; i < n; i++) {
		rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);

		/* Without the right to create it may still exist: the look that follows tells. */
		if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS &&
			code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED &&
			code != RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
			return kafka_error(h, code, e, rd_kafka_topic_result_name(results[i]));
	}
	return ERR_NONE;
}

/** Ask for n topics; those that are there already stay as they are. */
static enum err_kind make(
	struct kafka_handle *h, rd_kafka_NewTopic_t **topics, size_t n, struct err *e)
{
	rd_kafka_queue_t *q = rd_kafka_queue_new(h->rk);
	rd_kafka_event_t *ev;
	enum err_kind k;

	rd_kafka_CreateTopics(h->rk, topics, n, NULL, q);
	ev = await(h, q);
	k = created(h, ev, e);
	if (ev)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	return k;
}

static const struct kafka_setting keep_for_ever[] = {
	{"cleanup.policy", "delete"},
	{"retention.ms", "-1"},
	{"retention.bytes", "-1"},
	{"max.message.bytes", "16777216"},
	{NULL, NULL},
};

enum err_kind kafka_parked_make(struct kafka_handle *h, const char *topic, struct err *e)
{
	rd_kafka_NewTopic_t *t = new_topic(topic, 1, keep_for_ever);
	enum err_kind k;

	if (!t)
		return err_set(e, ERR_FATAL, "kafka", 0, "no topic %s", topic);
	k = make(h, &t, 1, e);
	rd_kafka_NewTopic_destroy(t);
	return k;
}

enum err_kind kafka_topics_make(struct kafka_handle *h, const struct kafka_conf *c,
	const char *blocks, const char *final, struct err *e)
{
	static const struct kafka_setting of_final[] = {
		{"cleanup.policy", "compact"},
		{"segment.ms", "3600000"}, /* only closed segments are compacted */
		{"min.cleanable.dirty.ratio", "0.1"},
		{NULL, NULL},
	};
	rd_kafka_NewTopic_t *topics[2] = {
		new_topic(blocks, c->partitions > 0 ? c->partitions : 1, keep_for_ever),
		new_topic(final, 1, of_final),
	};
	enum err_kind k;

	if (!topics[0] || !topics[1])
		k = err_set(e, ERR_FATAL, "kafka", 0, "%" PRId64 " partitions are not possible",
			c->partitions);
	else
		k = make(h, topics, 2, e);
	for (int i = 0; i < 2; i++)
		if (topics[i])
			rd_kafka_NewTopic_destroy(topics[i]);
	return k;
}

/* -------- settings of a topic that somebody else made -------- */

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rd_kafka_ConfigEntry_name(entries[i]), name)) {
			const char *v = rd_kafka_ConfigEntry_value(entries[i]);

			return v ? v : "";
		}
	return "";
}

static enum err_kind judge(const char *topic, rd_kafka_event_t *ev, struct err *e)
{
	const rd_kafka_ConfigResource_t **r;
	const rd_kafka_ConfigEntry_t **entries;
	const char *policy, *ms, *bytes, *size;
	size_t n = 0;

	r = ev && !rd_kafka_event_error(ev) ? rd_kafka_DescribeConfigs_result_resources(
						      rd_kafka_event_DescribeConfigs_result(ev), &n)
					    : NULL;
	if (!n || rd_kafka_ConfigResource_error(r[0]))
		return ERR_NONE; /* may not be asked: what goes wrong is noticed when it does */
	entries = rd_kafka_ConfigResource_configs(r[0], &n);
	policy = value_of(entries, n, "cleanup.policy");
	ms = value_of(entries, n, "retention.ms");
	bytes = value_of(entries, n, "retention.bytes");
	size = value_of(entries, n, "max.message.bytes");
	if (strstr(policy, "compact"))
		return err_set(e, ERR_FATAL, "kafka", 0,
			"topic %s has cleanup.policy=%s, which would delete records: set it to "
			"delete",
			topic, policy);
	if (strcmp(ms, "-1") || strcmp(bytes, "-1"))
		log_warn("kafka", "topic does not keep records for ever",
			"topic=%s retention_ms=%s retention_bytes=%s", topic, ms, bytes);
	if (strtoll(size, NULL, 10) < KAFKA_RECORD_ROOM)
		log_warn("kafka", "topic may refuse a large record",
			"topic=%s max_message_bytes=%s wanted=%d", topic, size, KAFKA_RECORD_ROOM);
	return ERR_NONE;
}

enum err_kind kafka_topic_check(struct kafka_handle *h, const char *topic, struct err *e)
{
	rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_queue_t *q = rd_kafka_queue_new(h->rk);
	rd_kafka_event_t *ev;
	enum err_kind k;

	rd_kafka_DescribeConfigs(h->rk, &r, 1, NULL, q);
	ev = await(h, q);
	k = judge(topic, ev, e);
	if (ev)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	rd_kafka_ConfigResource_destroy(r);
	return k;
}

/* -------- partitions -------- */

int32_t kafka_partition_of(uint64_t number, int32_t partitions)
{
	return (int32_t)(number / 1024 % (uint64_t)partitions);
}

enum err_kind kafka_partition_count(const struct kafka_conf *c, int32_t *out, struct err *e)
{
	struct kafka_handle *h;
	char topic[KAFKA_NAME_MAX];
	enum err_kind k;

	if ((k = kafka_topic_name(topic, c, KAFKA_BLOCKS, e)) || (k = kafka_probe_open(&h, c, e)))
		return k;
	k = kafka_topic_find(h, topic, out, e);
	kafka_handle_close(h);
	return k;
}
