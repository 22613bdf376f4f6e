#ifndef STREAM_KAFKA_HANDLE_H
#define STREAM_KAFKA_HANDLE_H

/* What writer and reader of the Kafka body share: client handles, topics. Only for them. */
#include "base/log.h"
#include "stream/kafka.h"

#include <librdkafka/rdkafka.h>

#define KAFKA_NAME_MAX    250 /* a topic's name: Kafka allows 249 characters */
#define KAFKA_BLOCKS      "blocks"
#define KAFKA_FINAL       "final"
#define KAFKA_RECORD_ROOM 16777216 /* max.message.bytes: RECORD_MAX_BYTES and what Kafka adds */

/** A librdkafka client with our callbacks. Callbacks of errors run in the thread that polls. */
struct kafka_handle {
	rd_kafka_t *rk;
	rd_kafka_resp_err_t last_code; /* newest error_cb: information, not an outcome */
	char last_text[300];
	rd_kafka_resp_err_t delivery_code; /* first failed delivery since it was cleared */
};

struct kafka_setting {
	const char *key, *value; /* key NULL at the end */
};

/**
 * Soft settings (NULL: none), then the user's (c->props; those that exactness depends on are
 * refused), then the hard ones.
 *
 * Errors: ERR_FATAL, naming the setting.
 */
MUST_USE enum err_kind kafka_handle_open(struct kafka_handle **out, rd_kafka_type_t type,
	const struct kafka_conf *c, const struct kafka_setting *hard,
	const struct kafka_setting *soft, struct err *e);
void kafka_handle_close(struct kafka_handle *h); /* NULL is legal */

/**
 * A consumer to look around with: reads committed records quickly, and is used for metadata and for
 * making topics, because a consumer never creates a topic by asking for it.
 */
MUST_USE enum err_kind kafka_probe_open(
	struct kafka_handle **out, const struct kafka_conf *c, struct err *e);

/** Let callbacks run that wait for the thread; of a probe, while nothing is assigned. */
void kafka_probe_serve(struct kafka_handle *h);

/** Waiting does not help: authentication, authorization, certificates, a broker that is too old. */
bool kafka_needs_person(rd_kafka_resp_err_t code);

/**
 * init_transactions of a producer, given up when it has not returned after one and a half times
 * patience_ms (kafka_fence.c); then *hangs is true, ERR_AGAIN is returned, and *h is NULL: the client
 * stays with the call. Errors: ERR_AGAIN no answer of the broker in patience_ms; ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind kafka_fence(
	struct kafka_handle **h, unsigned patience_ms, bool *hangs, struct err *e);

/** ERR_AGAIN, or ERR_FATAL where waiting can not help (authentication, authorization). */
enum err_kind kafka_error(
	struct kafka_handle *h, rd_kafka_resp_err_t code, struct err *e, const char *doing);

/** <prefix>.<kind>.<chain_key>. Errors: ERR_FATAL not a legal topic name. */
MUST_USE enum err_kind kafka_topic_name(
	char out[KAFKA_NAME_MAX], const struct kafka_conf *c, const char *kind, struct err *e);

/**
 * Partitions of a topic of which all have a leader; waits for one that is being made.
 *
 * Errors: ERR_AGAIN (code UNKNOWN_TOPIC_OR_PART when there is none); ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind kafka_topic_find(
	struct kafka_handle *h, const char *topic, int32_t *partitions, struct err *e);

/** Create both topics where they are missing. Errors as kafka_topic_find. */
MUST_USE enum err_kind kafka_topics_make(struct kafka_handle *h, const struct kafka_conf *c,
	const char *blocks, const char *final, struct err *e);

/** <prefix>.parked. Errors: ERR_FATAL not a legal topic name. */
MUST_USE enum err_kind kafka_parked_name(
	char out[KAFKA_NAME_MAX], const struct kafka_conf *c, struct err *e);

/** Create the topic of parked records where it is missing. Errors as kafka_topic_find. */
MUST_USE enum err_kind kafka_parked_make(struct kafka_handle *h, const char *topic, struct err *e);

/**
 * Warn about settings that let a blocks topic lose or refuse records.
 *
 * Errors: ERR_FATAL it is compacted.
 */
MUST_USE enum err_kind kafka_topic_check(struct kafka_handle *h, const char *topic, struct err *e);

/** Where to look for a record. */
struct kafka_place {
	const char *topic;
	int32_t partition;
	bool heights;   /* for HEIGHTS; else for NEW and UNDO */
	int64_t before; /* below this offset; -1: below the end */
};

/** The newest record of ours there, as values (step.block is NULL). */
struct kafka_newest {
	bool found;
	int64_t offset;
	struct step step;
	uint8_t stream_id[16];
	int64_t low, high; /* what the partition holds: [low, high), committed */
};

/**
 * Offsets have holes and aborted records, so it looks at a stretch that grows until one is found or
 * the partition ends.
 *
 * Errors: ERR_AGAIN; ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind kafka_find_newest(struct kafka_handle *probe, const struct kafka_place *at,
	uint64_t chain_id, struct kafka_newest *out, struct err *e);

#endif
