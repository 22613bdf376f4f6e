/*
 * Clients of Kafka: settings, callbacks, errors.
 *
 * librdkafka reports trouble in three ways. Return codes and delivery reports are outcomes; they
 * are handled where they come up. The error callback is information (a broker that restarts makes a
 * dozen of them, with texts that guess wrong): the newest is kept and added to messages for people.
 * Log lines go through a limiter to our log, because some faults show nowhere else.
 */
#include "stream/kafka_handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------- callbacks -------- */

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	/* Syslog levels: 4 is a warning. CONFWARN: a producer's setting in a consumer. */
	const bool warn = level <= 4 && strcmp(fac, "CONFWARN");
	const enum log_level at = warn ? LOG_WARN : LOG_DEBUG;

	(void)rk;
	LOG_OFTEN_IF(at, "kafka", "client", fac, "facility=%s text=%s", log_quotes(fac), log_quotes(text));
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	struct kafka_handle *h = opaque;

	(void)rk;
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && h->last_code)
		return; /* says less than what is known */
	/* A handshake is also cut off by a broker that goes down; only certificates stay wrong. */
	if (code == RD_KAFKA_RESP_ERR__SSL && !strstr(reason, "certificate"))
		code = RD_KAFKA_RESP_ERR__TRANSPORT;
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

bool kafka_needs_person(rd_kafka_resp_err_t code)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR__SSL:
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

	if (kafka_needs_person(code) || kafka_needs_person(also))
		k = ERR_FATAL;
	if (also && also != code)
		return err_set(e, k, "kafka", code, "%s: %s (%s)", doing, rd_kafka_err2str(code),
			h->last_text);
	return err_set(e, k, "kafka", code, "%s: %s", doing, rd_kafka_err2str(code));
}
