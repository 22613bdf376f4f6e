#ifndef STREAM_KAFKA_H
#define STREAM_KAFKA_H

#include "stream/stream.h"

struct kafka_conf {
	const char *brokers;   /* host:port[,host:port]... */
	const char *chain_key; /* topics <prefix>.blocks.<chain_key>, <prefix>.final.<chain_key> */
	uint64_t chain_id;
	int64_t partitions;       /* of a topic made here; 0: 1. An existing topic keeps its own */
	const char *const *props; /* further librdkafka "key=value" settings (TLS, SASL), NULL at
				     the end; NULL: none */
	const char *topic_prefix; /* NULL: "bttc" */
	unsigned init_ms;         /* writer: longest wait for one try to take the stream over; 0: 15000 */
	bool new_stream;          /* writer: begin another stream behind what the topic holds */
};

#define KAFKA_LOST 100001 /* err.code of ERR_FATAL: the topic does not hold what the position says */

/**
 * Create the topics when missing, fence other writers by transactional.id, find the newest record.
 * Publishing returns ERR_FATAL once another writer has taken over; a broker that was away is
 * ERR_AGAIN and what was in doubt is looked up before the next batch is accepted. Blocks up to
 * about 30 s, or until a stop. A client that hangs (a clock that was set back) is left behind and
 * made anew, three times; then ERR_FATAL.
 *
 * Errors: ERR_AGAIN broker not reachable; ERR_STOP; ERR_FATAL bad settings, no permission, records
 * of two streams in the topic.
 */
MUST_USE enum err_kind kafka_writer_open(
	struct stream_writer **out, const struct kafka_conf *c, struct err *e);

/**
 * Read from next_offset of the partition (position kept in PostgreSQL; 0: from the start); expect:
 * the record before it, to notice a topic that was made again (seq 0: nothing applied yet). What
 * was committed by a writer is read, in the order of offsets. HEIGHTS of the final topic are given
 * once the records before them were; of several only the newest may come. With more than one
 * partition they come at once: compare after_seq.
 *
 * Errors: ERR_AGAIN broker not reachable, topic not there yet; ERR_STOP; ERR_FATAL the topic does
 * not hold what the position says ("re-ingest from block N"), bad settings, no such partition.
 */
MUST_USE enum err_kind kafka_reader_open(struct stream_reader **out, const struct kafka_conf *c,
	int32_t partition, int64_t next_offset, const struct stream_tail *expect, struct err *e);

/** Everything that was committed when r was opened has been taken from it, heights too (until-head). */
bool kafka_reader_at_end(const struct stream_reader *r);

/** Partitions of the topic. Errors: ERR_AGAIN no broker or no topic; ERR_STOP; ERR_FATAL. */
MUST_USE enum err_kind kafka_partition_count(
	const struct kafka_conf *c, int32_t *out, struct err *e);

/** What a writer has to know of the blocks that a topic of one partition holds; everything in mem. */
struct kafka_past {
	struct stream_tail tail;  /* newest record of all */
	struct header *recent;    /* newest last: number, hash, parent, time; consecutive */
	size_t recent_count;
	struct discovery *found;  /* of blocks from..tail, in order; contract and rule are in mem */
	size_t found_count;
	bool has_from;
	uint64_t from;            /* whole only: all blocks from here to the tail's were seen */
	bool has_final;
	uint64_t final;
};

/**
 * Read the topic back, after kafka_writer_open has fenced other writers. whole: from its beginning,
 * which `found` and `from` need; else only the end, enough for `window` blocks.
 * Errors: ERR_AGAIN; ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind kafka_past_read(struct kafka_past *out, const struct kafka_conf *c,
	uint64_t window, bool whole, struct arena *mem, struct err *e);

/** The beginning of a stream in a topic: its first record. */
struct kafka_start {
	bool found;
	int64_t offset;
	struct step step; /* values only, block is NULL */
	uint8_t stream_id[16];
};

/**
 * The first record at or behind `offset` that is not of stream `id` (streams of a topic lie one behind
 * the other). Errors: ERR_AGAIN; ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind kafka_other_stream(struct kafka_start *out, const struct kafka_conf *c,
	int64_t offset, const uint8_t id[16], struct err *e);

/** The partition that a block's records are in: (number / 1024) mod partitions. */
int32_t kafka_partition_of(uint64_t number, int32_t partitions);

#endif
