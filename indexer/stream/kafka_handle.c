/*
 * Clients of Kafka and the topics of a chain.
 *
 * librdkafka reports trouble in three ways. Return codes and delivery reports are outcomes; they
 * are handled where they come up. The error callback is information (a broker that restarts makes a
 * dozen of them, with texts that guess wrong): the newest is kept and added to messages for people.
 * Log lines go through a limiter to our log, because some faults show nowhere else.
 */
#include "stream/kafka_handle.h"

#include "base/clock.h"
#include "base/stop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS    100
#define PATIENCE_MS 10000 /* for one answer of the broker */

/* -------- callbacks -------- */

/** One limiter for the process, because clients come and go. */
static bool log_pass(unsigned *dropped)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct log_limit limit;
	bool pass;

	pthread_mutex_lock(&lock);
	pass = log_limit_pass(&limit, 6, 10000, dropped);
	pthread_mutex_unlock(&lock);
	return pass;
}

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	/* Syslog levels: 4 is a warning. CONFWARN: a producer's setting in a consumer. */
	const bool warn = level <= 4 && strcmp(fac, "CONFWARN");
	unsigned dropped = 0;

	(void)rk;
	if (!log_on(warn ? LOG_WARN : LOG_DEBUG) || !log_pass(&dropped))
		return;
	log_line(warn ? LOG_WARN : LOG_DEBUG, "kafka", "client",
		"facility=%s text=%s suppressed=%u", log_quotes(fac), log_quotes(text), dropped);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka_handle *h = opaque;

	(void)rk;
	h->last_code = (rd_kafka_resp_err_t)code;
	snprintf(h->last_text, sizeof(h->last_text), "%s", reason);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_handle *h = opaque;

	(void)rk;
	if (m->err && !h->delivery_code)
		h->delivery_code = m->err;
}

/* -------- settings -------- */

/** Settings on which exactness depends. */
static bool is_ours(const char *key)
{
	static const char *const ours[] = {"bootstrap.servers", "metadata.broker.list", "client.id",
		"enable.idempotence", "acks", "request.required.acks", "transactional.id",
		"message.timeout.ms", "delivery.timeout.ms", "message.max.bytes", "partitioner",
		"isolation.level", "group.id", "enable.auto.commit", "enable.auto.offset.store",
		"auto.offset.reset", "enable.partition.eof", "allow.auto.create.topics"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (!strcmp(ours[i], key))
			return true;
	return false;
}

/** The library's text about a bad value repeats the value, which may be a password: not used. */
static enum err_kind set_user(rd_kafka_conf_t *conf, const char *prop, struct err *e)
{
	const char *eq = strchr(prop, '=');
	char key[128], text[256];
	rd_kafka_conf_res_t res;
	size_t n;

	if (!eq || eq == prop || (size_t)(eq - prop) >= sizeof(key))
		return err_set(e, ERR_FATAL, "kafka", 0,
			"a Kafka setting has to be KEY=VALUE, with a key of librdkafka");
	n = (size_t)(eq - prop);
	memcpy(key, prop, n);
	key[n] = 0;
	if (is_ours(key))
		return err_set(e, ERR_FATAL, "kafka", 0,
			"the Kafka setting %s is set by the program, because exactness depends on "
			"it: remove it",
			key);
	res = rd_kafka_conf_set(conf, key, eq + 1, text, sizeof(text));
	if (res == RD_KAFKA_CONF_UNKNOWN)
		return err_set(e, ERR_FATAL, "kafka", 0, "librdkafka knows no setting %s", key);
	if (res != RD_KAFKA_CONF_OK)
		return err_set(e, ERR_FATAL, "kafka", 0,
			"librdkafka does not accept the value of the Kafka setting %s", key);
	return ERR_NONE;
}

static enum err_kind set_ours(rd_kafka_conf_t *conf, const struct kafka_setting *s, struct err *e)
{
	char text[256];

	for (; s && s->key; s++)
		if (rd_kafka_conf_set(conf, s->key, s->value, text, sizeof(text)))
			return err_set(e, ERR_FATAL, "kafka", 0, "setting %s: %s", s->key, text);
	return ERR_NONE;
}

static enum err_kind set_all(rd_kafka_conf_t *conf, const struct kafka_conf *c,
	const struct kafka_setting *hard, const struct kafka_setting *soft, struct err *e)
{
	const struct kafka_setting common[] = {
		{"bootstrap.servers", c->brokers},
		{"client.id", "bttc-indexer"},
		{NULL, NULL},
	};
	enum err_kind k = set_ours(conf, soft, e);

	for (const char *const *p = c->props; !k && p && *p; p++)
		k = set_user(conf, *p, e);
	if (!k)
		k = set_ours(conf, common, e);
	return k ? k : set_ours(conf, hard, e);
}

enum err_kind kafka_handle_open(struct kafka_handle **out, rd_kafka_type_t type,
	const struct kafka_conf *c, const struct kafka_setting *hard,
	const struct kafka_setting *soft, struct err *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct kafka_handle *h = calloc(1, sizeof(*h));
	enum err_kind k;
	char text[256];

	if (!h)
		abort();
	if ((k = set_all(conf, c, hard, soft, e))) {
		rd_kafka_conf_destroy(conf);
		kafka_handle_close(h);
		return k;
	}
	if (type == RD_KAFKA_PRODUCER)
		rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, h);
	h->rk = rd_kafka_new(type, conf, text, sizeof(text));
	if (!h->rk) {
		rd_kafka_conf_destroy(conf);
		kafka_handle_close(h);
		return err_set(
			e, ERR_FATAL, "kafka", 0, "the settings do not fit together: %s", text);
	}
	if (type == RD_KAFKA_CONSUMER)
		rd_kafka_poll_set_consumer(h->rk);
	*out = h;
	return ERR_NONE;
}

void kafka_handle_close(struct kafka_handle *h)
{
	if (!h)
		return;
	if (h->rk)
		rd_kafka_destroy(h->rk);
	free(h);
}

enum err_kind kafka_probe_open(struct kafka_handle **out, const struct kafka_conf *c, struct err *e)
{
	static const struct kafka_setting hard[] = {
		{"group.id", "bttc-indexer"}, /* has to be there; nothing is committed to it */
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "error"},
		{"isolation.level", "read_committed"},
		{"enable.partition.eof", "true"},
		{"fetch.wait.max.ms", "10"},
		{"queued.max.messages.kbytes", "2048"},
		{"reconnect.backoff.ms", "50"},
		{"reconnect.backoff.max.ms", "500"},
		{NULL, NULL},
	};

	return kafka_handle_open(out, RD_KAFKA_CONSUMER, c, hard, NULL, e);
}

void kafka_probe_serve(struct kafka_handle *h)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(h->rk, 0);

	if (m)
		rd_kafka_message_destroy(m);
}

/* -------- errors -------- */

static bool is_for_a_person(rd_kafka_resp_err_t code)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE: return true;
	default: return false;
	}
}

enum err_kind kafka_error(
	struct kafka_handle *h, rd_kafka_resp_err_t code, struct err *e, const char *doing)
{
	const rd_kafka_resp_err_t also = h->last_code;
	enum err_kind k = ERR_AGAIN;

	if (is_for_a_person(code) || is_for_a_person(also))
		k = ERR_FATAL;
	if (also && also != code)
		return err_set(e, k, "kafka", code, "%s: %s (%s)", doing, rd_kafka_err2str(code),
			h->last_text);
	return err_set(e, k, "kafka", code, "%s: %s", doing, rd_kafka_err2str(code));
}

/* -------- topics -------- */

enum err_kind kafka_topic_name(
	char out[KAFKA_NAME_MAX], const struct kafka_conf *c, const char *kind, struct err *e)
{
	const char *prefix = c->topic_prefix ? c->topic_prefix : "bttc";
	int n = snprintf(out, KAFKA_NAME_MAX, "%s.%s.%s", prefix, kind, c->chain_key);

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
	uint64_t until = clock_ms() + PATIENCE_MS;
	rd_kafka_resp_err_t code;
	bool stopped = false;

	while ((code = look(h, rkt, partitions))) {
		kafka_probe_serve(h);
		if (is_for_a_person(code) || is_for_a_person(h->last_code) ||
			code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || clock_ms() >= until)
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

	while (!ev && !stop_asked() && !is_for_a_person(h->last_code) && clock_ms() < until) {
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

enum err_kind kafka_topics_make(struct kafka_handle *h, const struct kafka_conf *c,
	const char *blocks, const char *final, struct err *e)
{
	static const struct kafka_setting of_blocks[] = {
		{"cleanup.policy", "delete"},
		{"retention.ms", "-1"},
		{"retention.bytes", "-1"},
		{"max.message.bytes", "16777216"},
		{NULL, NULL},
	};
	static const struct kafka_setting of_final[] = {
		{"cleanup.policy", "compact"},
		{"segment.ms", "3600000"}, /* only closed segments are compacted */
		{"min.cleanable.dirty.ratio", "0.1"},
		{NULL, NULL},
	};
	rd_kafka_NewTopic_t *topics[2] = {
		new_topic(blocks, c->partitions > 0 ? c->partitions : 1, of_blocks),
		new_topic(final, 1, of_final),
	};
	rd_kafka_queue_t *q = rd_kafka_queue_new(h->rk);
	rd_kafka_event_t *ev = NULL;
	enum err_kind k;

	if (!topics[0] || !topics[1]) {
		k = err_set(e, ERR_FATAL, "kafka", 0, "%" PRId64 " partitions are not possible",
			c->partitions);
	} else {
		rd_kafka_CreateTopics(h->rk, topics, 2, NULL, q);
		ev = await(h, q);
		k = created(h, ev, e);
	}
	if (ev)
		rd_kafka_event_destroy(ev);
	rd_kafka_queue_destroy(q);
	for (int i = 0; i < 2; i++)
		if (topics[i])
			rd_kafka_NewTopic_destroy(topics[i]);
	return k;
}

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
