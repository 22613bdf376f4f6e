/*
 * The in-process body of the stream: a list of chunks of encoded records between one writer and one
 * reader thread.
 *
 * The writer encodes outside of the lock and appends a whole batch at once, when there is room. The
 * reader copies records out without the lock: chunks are only appended at one end by the writer and
 * only freed at the other by the reader's own ack, and it never looks beyond the count of records
 * that it saw under the lock. What is taken but not acked stays, because the store may have to read
 * it again after it lost its connection.
 *
 * Waits are cut into slices, so that a stop is seen in time: condition variables know no file
 * descriptor.
 */
#include "stream/queue.h"

#include "base/clock.h"
#include "base/metric.h"
#include "base/stop.h"
#include "stream/batch.h"
#include "stream/record.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHUNK_BYTES (256u * 1024) /* a chunk is closed when it has this much */
#define CHUNK_MAX   (CHUNK_BYTES + 2 * RECORD_MAX_BYTES)
#define SLICE_MS    50u

struct rec {
	size_t at, n;
	uint64_t after; /* newest seq once this record was read */
};

struct chunk {
	struct chunk *next;
	uint64_t base; /* number of its first record, counted from 0 over the queue's life */
	struct buf b;
	struct rec *recs;
	size_t n, cap;
};

struct chunk_list {
	struct chunk *first, *last;
	size_t bytes;
};

struct queue {
	struct stream_writer w;
	struct stream_reader r;
	uint64_t chain_id;
	uint8_t stream_id[16];
	size_t max_bytes;
	struct stream_tail tail; /* writer's thread */

	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t room, more;
	struct chunk_list list;
	uint64_t published, acked; /* counts of records */
	bool ended;
	bool abandoned;
	struct metric_series *m_records, *m_bytes; /* NULL: not shown */

	/* reader's thread */
	uint64_t taken;
	struct chunk *at; /* chunk of record `taken`, or one before it; NULL: list.first */
	uint64_t after;   /* newest seq taken */
};

static struct queue *of_writer(struct stream_writer *w)
{
	return (struct queue *)((char *)w - offsetof(struct queue, w));
}

static struct queue *of_reader(struct stream_reader *r)
{
	return (struct queue *)((char *)r - offsetof(struct queue, r));
}

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static void chunk_free(struct chunk *c)
{
	buf_free(&c->b);
	free(c->recs);
	free(c);
}

static void list_free(struct chunk_list *l)
{
	for (struct chunk *c = l->first, *next; c; c = next) {
		next = c->next;
		chunk_free(c);
	}
	*l = (struct chunk_list){0};
}

static struct chunk *list_add_chunk(struct chunk_list *l)
{
	struct chunk *c = must(calloc(1, sizeof(*c)));

	buf_init(&c->b, CHUNK_MAX);
	if (l->last)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
	return c;
}

static void chunk_add_rec(struct chunk *c, struct rec rec)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->recs = must(realloc(c->recs, c->cap * sizeof(*c->recs)));
	}
	c->recs[c->n++] = rec;
}

/** Encode a batch into chunks of its own. */
static enum err_kind encode(const struct queue *q, const struct step *steps, size_t n,
	struct chunk_list *out, struct err *e)
{
	uint64_t after = q->tail.seq;
	enum err_kind k;

	for (size_t i = 0; i < n; i++) {
		struct chunk *c = out->last;
		struct step s = steps[i];
		size_t at;

		if (!c || c->b.n >= CHUNK_BYTES)
			c = list_add_chunk(out);
		at = c->b.n;
		if (s.kind != STEP_HEIGHTS)
			after = s.seq;
		s.after_seq = s.kind == STEP_HEIGHTS ? after : 0;
		if ((k = record_encode(&c->b, &s, q->chain_id, q->stream_id, e)))
			return k;
		chunk_add_rec(c, (struct rec){at, c->b.n - at, after});
		out->bytes += c->b.n - at;
	}
	return ERR_NONE;
}

/** Wait on c for up to ms, called and left with the lock held. */
static void wait_ms(struct queue *q, pthread_cond_t *c, unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(c, &q->lock, &t);
}

/* With the lock held. */
static void show(struct queue *q)
{
	if (!q->m_records)
		return;
	metric_set(q->m_records, (int64_t)(q->published - q->acked));
	metric_set(q->m_bytes, (int64_t)q->list.bytes);
}

static void append(struct queue *q, struct chunk_list *l)
{
	uint64_t base = q->published;

	for (struct chunk *c = l->first; c; c = c->next) {
		c->base = base;
		base += c->n;
	}
	if (q->list.last)
		q->list.last->next = l->first;
	else
		q->list.first = l->first;
	q->list.last = l->last;
	q->list.bytes += l->bytes;
	q->published = base;
	show(q);
}

static enum err_kind publish(
	struct stream_writer *w, const struct step *steps, size_t n, struct err *e)
{
	struct queue *q = of_writer(w);
	struct chunk_list l = {0};
	bool stopped = false;
	enum err_kind k;

	if (!n)
		return ERR_NONE;
	if ((k = stream_check(&q->tail, steps, n, e)) || (k = encode(q, steps, n, &l, e))) {
		list_free(&l);
		return k;
	}
	pthread_mutex_lock(&q->lock);
	assert(!q->ended);
	stopped = q->abandoned;
	while (q->list.bytes && q->list.bytes + l.bytes > q->max_bytes && !stopped) {
		wait_ms(q, &q->room, SLICE_MS);
		stopped = stop_asked() || q->abandoned;
	}
	if (!stopped) {
		append(q, &l);
		pthread_cond_signal(&q->more);
	}
	pthread_mutex_unlock(&q->lock);
	if (stopped) {
		list_free(&l);
		return err_set(
			e, ERR_STOP, "stream", 0, "nobody takes records from the queue any more");
	}
	for (size_t i = 0; i < n; i++)
		stream_tail_after(&q->tail, &steps[i]);
	return ERR_NONE;
}

static enum err_kind writer_tail(struct stream_writer *w, struct stream_tail *out, struct err *e)
{
	(void)e;
	*out = of_writer(w)->tail;
	return ERR_NONE;
}

static void writer_close(struct stream_writer *w)
{
	(void)w; /* owned by the queue */
}

/** Records that can be taken now; waits for the first one. */
static uint64_t wait_for_more(struct queue *q, unsigned timeout_ms)
{
	uint64_t until = clock_ms() + timeout_ms, now, n;

	pthread_mutex_lock(&q->lock);
	while (q->published == q->taken && !q->ended && !stop_asked() && (now = clock_ms()) < until)
		wait_ms(q, &q->more, until - now < SLICE_MS ? (unsigned)(until - now) : SLICE_MS);
	if (!q->at)
		q->at = q->list.first;
	n = q->published - q->taken;
	pthread_mutex_unlock(&q->lock);
	return n;
}

/** One run of records that stand together in a chunk: copied at once, then decoded. */
static void take_run(
	struct queue *q, const struct rec *recs, size_t n, struct arena *mem, struct batch *b)
{
	size_t from = recs[0].at, bytes = recs[n - 1].at + recs[n - 1].n - from;
	const uint8_t *copy = arena_dup(mem, q->at->b.p + from, bytes);

	for (size_t i = 0; i < n; i++)
		batch_add(b, (struct bytes){copy + recs[i].at - from, recs[i].n}, -1);
	q->after = recs[n - 1].after;
	q->taken += n;
}

static enum err_kind poll_queue(struct stream_reader *r, unsigned timeout_ms, size_t max_bytes,
	struct arena *mem, struct step_batch *out, struct err *e)
{
	struct queue *q = of_reader(r);
	struct batch b = {.mem = mem, .chain_id = q->chain_id};
	size_t bytes = 0, n = 1;
	uint64_t ready;

	if (stop_asked())
		return err_set(e, ERR_STOP, "stream", 0, "stop asked for");
	for (ready = wait_for_more(q, timeout_ms); ready && n; ready -= n) {
		const struct rec *recs;
		size_t first;

		while (q->taken >= q->at->base + q->at->n)
			q->at = q->at->next;
		first = (size_t)(q->taken - q->at->base);
		recs = q->at->recs + first;
		for (n = 0; n < ready && first + n < q->at->n; n++) {
			if (bytes && bytes + recs[n].n > max_bytes)
				break;
			bytes += recs[n].n;
		}
		if (n)
			take_run(q, recs, n, mem, &b);
	}
	b.out.next_offset = (int64_t)q->after;
	memcpy(b.out.stream_id, q->stream_id, sizeof(b.out.stream_id));
	*out = b.out;
	return ERR_NONE;
}

/** Records are acked in order; a chunk goes when all of it is. */
static void ack(struct stream_reader *r, int64_t next_offset)
{
	struct queue *q = of_reader(r);
	struct chunk *c;

	pthread_mutex_lock(&q->lock);
	while (q->acked < q->taken && (c = q->list.first)) {
		if (next_offset < 0 || c->recs[q->acked - c->base].after > (uint64_t)next_offset)
			break;
		if (++q->acked < c->base + c->n)
			continue;
		if (q->at == c)
			q->at = NULL;
		q->list.first = c->next;
		if (!c->next)
			q->list.last = NULL;
		q->list.bytes -= c->b.n;
		chunk_free(c);
		pthread_cond_signal(&q->room);
	}
	show(q);
	pthread_mutex_unlock(&q->lock);
}

static void reader_close(struct stream_reader *r)
{
	(void)r; /* owned by the queue */
}

struct queue *queue_new(uint64_t chain_id, size_t max_bytes, const struct stream_tail *tail)
{
	struct queue *q = must(calloc(1, sizeof(*q)));
	pthread_condattr_t attr;

	q->w = (struct stream_writer){publish, writer_tail, writer_close};
	q->r = (struct stream_reader){poll_queue, ack, reader_close};
	q->chain_id = chain_id;
	q->max_bytes = max_bytes;
	q->tail = *tail;
	q->after = tail->seq;
	stream_new_id(q->stream_id);
	memcpy(q->tail.stream_id, q->stream_id, sizeof(q->stream_id));
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->room, &attr);
	pthread_cond_init(&q->more, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void queue_measure(struct queue *q, const char *chain_key)
{
	struct buf labels;

	buf_init(&labels, 1000);
	metric_label(&labels, "chain", chain_key);
	q->m_records = metric_get(METRIC_GAUGE, "bttc_stream_queue_records",
		"Records between ingest and index that the database does not have yet.", labels.p);
	q->m_bytes = metric_get(METRIC_GAUGE, "bttc_stream_queue_bytes",
		"Memory of the queue's records; its bound is the option queue.", labels.p);
	buf_free(&labels);
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	list_free(&q->list);
	pthread_cond_destroy(&q->more);
	pthread_cond_destroy(&q->room);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

struct stream_writer *queue_writer(struct queue *q)
{
	return &q->w;
}

struct stream_reader *queue_reader(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->taken = q->acked;
	q->at = NULL;
	pthread_mutex_unlock(&q->lock);
	return &q->r;
}

void queue_end(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->ended = true;
	pthread_cond_signal(&q->more);
	pthread_mutex_unlock(&q->lock);
}

void queue_abandon(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->abandoned = true;
	pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
}

bool queue_drained(const struct queue *q)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&q->lock;
	bool yes;

	pthread_mutex_lock(lock);
	yes = q->ended && q->acked == q->published;
	pthread_mutex_unlock(lock);
	return yes;
}

size_t queue_bytes(const struct queue *q)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&q->lock;
	size_t n;

	pthread_mutex_lock(lock);
	n = q->list.bytes;
	pthread_mutex_unlock(lock);
	return n;
}
