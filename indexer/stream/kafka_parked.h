#ifndef STREAM_KAFKA_PARKED_H
#define STREAM_KAFKA_PARKED_H

/* The topic of records that could not be decoded, for those who look after the cluster. */
#include "stream/kafka.h"

struct kafka_parked;

/**
 * Topic <prefix>.parked, made when missing. Nothing is asked of a broker before the first record.
 * Memory: close it; the texts of c outlive it.
 */
struct kafka_parked *kafka_parked_new(const struct kafka_conf *c);
void kafka_parked_free(struct kafka_parked *p); /* NULL is legal */

/**
 * Publish the records of `partition` whole, with headers chain, topic, partition, offset and reason; the
 * key is "topic:partition:offset". Returns when all are acknowledged. Call it before the position moves:
 * a crash between the two publishes them once more, under the same key, and loses none.
 *
 * Errors: ERR_AGAIN broker not reachable, offer the same again; ERR_STOP; ERR_FATAL no right to
 * write, a record that is too large with its headers.
 */
MUST_USE enum err_kind kafka_parked_put(struct kafka_parked *p, int32_t partition,
	const struct bad_record *bad, size_t n, struct err *e);

#endif
