#ifndef STREAM_QUEUE_H
#define STREAM_QUEUE_H

#include "stream/stream.h"

/** The in-process body: one writer thread, one reader thread, bounded by bytes of encoded records. */
struct queue;

/**
 * tail: where the store stands (the queue itself keeps nothing between runs).
 * Memory: free after both ends are closed.
 */
struct queue *queue_new(uint64_t chain_id, size_t max_bytes, const struct stream_tail *tail);
void queue_free(struct queue *q);
struct stream_writer *queue_writer(struct queue *q); /* owned by the queue */
struct stream_reader *queue_reader(struct queue *q); /* owned by the queue */

/** No more records will come: the reader drains, then gets n == 0 with *ended true. */
void queue_end(struct queue *q);
bool queue_drained(const struct queue *q);
size_t queue_bytes(const struct queue *q);

#endif
