#ifndef STREAM_QUEUE_H
#define STREAM_QUEUE_H

#include "stream/stream.h"

/**
 * The in-process body: one writer thread, one reader thread, bounded by bytes of encoded records.
 * Records stay in the queue until they are acked, so that a reader that lost its database goes on
 * where the store stands.
 */
struct queue;

/**
 * tail: where the store stands (the queue itself keeps nothing between runs). max_bytes: a batch
 * that is larger by itself is taken when the queue is empty.
 *
 * Memory: free after both threads are done with it.
 */
struct queue *queue_new(uint64_t chain_id, size_t max_bytes, const struct stream_tail *tail);
void queue_free(struct queue *q);
/** Show its depth as metrics of this chain from now on. Before the threads start. */
void queue_measure(struct queue *q, const char *chain_key);
struct stream_writer *queue_writer(struct queue *q); /* owned by the queue */

/**
 * Owned by the queue. Each call is a re-open, by the reader's thread: everything that was taken but
 * not acked is offered again.
 */
struct stream_reader *queue_reader(struct queue *q);

/** No more records will come: what is there is read, then polls give n == 0 at once. Any thread. */
void queue_end(struct queue *q);
/** Nobody will read any more: publish ends with ERR_STOP from now on. Any thread. */
void queue_abandon(struct queue *q);
/** queue_end was called and everything is acked. Any thread. */
bool queue_drained(const struct queue *q);
/** Bytes not acked yet. Any thread. */
size_t queue_bytes(const struct queue *q);

#endif
