#ifndef STREAM_KAFKA_H
#define STREAM_KAFKA_H

#include "stream/stream.h"

struct kafka_conf {
	const char *brokers;
	const char *chain_key;      /* topic bttc.blocks.<chain_key> */
	uint64_t chain_id;
	int64_t partitions;         /* of a topic made here; default 1 */
	const char *const *props;   /* further librdkafka "key=value" settings (TLS, SASL); NULL-terminated */
	const char *topic_prefix;   /* "bttc" */
};

/**
 * Create the topics when missing, fence other writers by transactional.id.
 * Errors: ERR_AGAIN broker not reachable; ERR_FATAL bad settings.
 */
MUST_USE enum err_kind kafka_writer_open(struct stream_writer **out, const struct kafka_conf *c,
	struct err *e);

/**
 * Read from next_offset of the partition (position kept in PostgreSQL); expect: the record before it,
 * to notice a topic that was made again (seq 0: nothing applied yet).
 */
MUST_USE enum err_kind kafka_reader_open(struct stream_reader **out, const struct kafka_conf *c,
	int32_t partition, int64_t next_offset, const struct stream_tail *expect, struct err *e);

#endif
