#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

/*
 * The stream of block steps of one chain between ingest and index (design: records are Protocol
 * Buffers of schema/records/block.proto). Two bodies behind one face: a bounded in-process queue
 * (queue.c) and Kafka (kafka.c). The bodies carry encoded records; record.c encodes and decodes.
 */
#include "base/err.h"
#include "chain/types.h"

enum step_kind {
	STEP_NEW = 1,     /* a block on top of the one before */
	STEP_UNDO = 2,    /* the newest block is void; only id and parent are set */
	STEP_HEIGHTS = 3, /* nothing new in the chain: head, safe and final heights */
};

/** One record. STORED in Kafka: never renumber kinds. */
struct step {
	enum step_kind kind;
	uint64_t seq;               /* dense over the stream, from 1; HEIGHTS take no number (0) */
	struct block_id id;         /* NEW, UNDO */
	struct hash32 parent;       /* NEW, UNDO: parent of id */
	struct block *block;        /* NEW; block->h is complete */
	uint64_t head, safe, final; /* HEIGHTS; safe/final 0 = none yet */
	bool has_safe, has_final;
	int64_t head_time;  /* HEIGHTS: time of the node's head block, unix seconds */
	uint64_t after_seq; /* HEIGHTS: seq of the NEW or UNDO before it; the heights are about
			       the chain as it was then. Set by the body, not by the caller */
};

/** Where a stream's newest record stands. seq 0: the stream is empty. */
struct stream_tail {
	uint64_t seq;
	struct block_id id; /* newest block that is not undone */
	bool has_id;
	uint8_t stream_id[16]; /* of the topic or queue; all zero: not known */
};

struct stream_writer;
struct stream_reader;

/**
 * Publish steps in order, all or none. Blocks while the far side is full (back-pressure), wakes up
 * on a stop. seq is set by the caller: exactly tail.seq + 1 and dense over NEW and UNDO.
 *
 * Errors: ERR_STOP; ERR_AGAIN nothing was published, offer the same again; ERR_FATAL another writer
 * owns the stream, or the broker lost it.
 */
MUST_USE enum err_kind stream_publish(
	struct stream_writer *w, const struct step *steps, size_t n, struct err *e);

/** The newest record, read safely after this writer has fenced others. */
MUST_USE enum err_kind stream_tail(struct stream_writer *w, struct stream_tail *out, struct err *e);
void stream_writer_close(struct stream_writer *w);

/** A raw record that could not be decoded. */
struct bad_record {
	struct bytes raw;
	char reason[160];
	int64_t offset; /* Kafka; -1 elsewhere */
};

struct step_batch {
	struct step *steps;
	size_t n;
	struct bad_record *bad;
	size_t bad_n;
	int64_t next_offset; /* after this batch: Kafka offset; in process the newest seq taken */
	uint8_t stream_id[16];
};

/**
 * Up to max_bytes of records, in mem. Returns with n == 0 after timeout_ms. In the in-process body
 * a batch ends early when the queue is empty, so that the head is not delayed.
 *
 * Errors: ERR_STOP; ERR_AGAIN; ERR_FATAL (offset lost, stream made again: the text says what to
 * do).
 */
MUST_USE enum err_kind stream_poll(struct stream_reader *r, unsigned timeout_ms, size_t max_bytes,
	struct arena *mem, struct step_batch *out, struct err *e);

/** Records taken since the last ack are durable (or will be offered again after a re-open). */
void stream_ack(struct stream_reader *r, int64_t next_offset);
void stream_reader_close(struct stream_reader *r);

/* Bodies are made by queue.h and kafka.h; they fill these. */
struct stream_writer {
	enum err_kind (*publish)(
		struct stream_writer *w, const struct step *steps, size_t n, struct err *e);
	enum err_kind (*tail)(struct stream_writer *w, struct stream_tail *out, struct err *e);
	void (*close)(struct stream_writer *w);
};
struct stream_reader {
	enum err_kind (*poll)(struct stream_reader *r, unsigned timeout_ms, size_t max_bytes,
		struct arena *mem, struct step_batch *out, struct err *e);
	void (*ack)(struct stream_reader *r, int64_t next_offset);
	void (*close)(struct stream_reader *r);
};

#endif
