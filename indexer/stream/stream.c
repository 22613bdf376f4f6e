/*
 * The face of the stream: calls go to the body that made the handle (queue.c, kafka_writer.c,
 * kafka_reader.c), and the rules that every body keeps are here once.
 *
 * The rules make a stream that a consumer can check by itself: numbers without holes, every block
 * standing on the one before, and only the newest block taken back. A caller that breaks them has a
 * fault that no retry heals, so it is ERR_FATAL and nothing is published.
 */
#include "stream/stream.h"

#include "stream/batch.h"
#include "stream/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum err_kind stream_publish(
	struct stream_writer *w, const struct step *steps, size_t n, struct err *e)
{
	return w->publish(w, steps, n, e);
}

enum err_kind stream_tail(struct stream_writer *w, struct stream_tail *out, struct err *e)
{
	return w->tail(w, out, e);
}

void stream_writer_close(struct stream_writer *w)
{
	if (w)
		w->close(w);
}

enum err_kind stream_poll(struct stream_reader *r, unsigned timeout_ms, size_t max_bytes,
	struct arena *mem, struct step_batch *out, struct err *e)
{
	return r->poll(r, timeout_ms, max_bytes, mem, out, e);
}

void stream_ack(struct stream_reader *r, int64_t next_offset)
{
	r->ack(r, next_offset);
}

void stream_reader_close(struct stream_reader *r)
{
	if (r)
		r->close(r);
}

void stream_tail_after(struct stream_tail *t, const struct step *s)
{
	if (s->kind == STEP_HEIGHTS)
		return;
	t->seq = s->seq;
	if (s->kind == STEP_NEW) {
		t->id = s->id;
		t->has_id = true;
		return;
	}
	t->has_id = s->id.number > 0;
	t->id = (struct block_id){t->has_id ? s->id.number - 1 : 0, s->parent};
}

static enum err_kind check_place(const struct stream_tail *t, const struct step *s, struct err *e)
{
	const bool is_new = s->kind == STEP_NEW;
	const uint64_t number = is_new ? s->id.number - 1 : s->id.number;
	const struct hash32 *hash = is_new ? &s->parent : &s->id.hash;

	if (is_new && !s->id.number && !t->has_id)
		return ERR_NONE;
	if (t->has_id && (number != t->id.number || !hash_eq(hash, &t->id.hash)))
		return err_set(e, ERR_FATAL, "stream", 0,
			"%s of block %" PRIu64 " with seq %" PRIu64
			" does not fit on block %" PRIu64
			", the newest of the stream: nothing was published",
			is_new ? "NEW" : "UNDO", s->id.number, s->seq, t->id.number);
	return ERR_NONE;
}

enum err_kind stream_check(
	const struct stream_tail *t, const struct step *steps, size_t n, struct err *e)
{
	struct stream_tail now = *t;
	enum err_kind k;

	for (size_t i = 0; i < n; i++) {
		if (steps[i].kind == STEP_HEIGHTS)
			continue;
		if (steps[i].seq != now.seq + 1)
			return err_set(e, ERR_FATAL, "stream", 0,
				"seq %" PRIu64 " of block %" PRIu64 " after seq %" PRIu64
				": the next one is wanted, nothing was published",
				steps[i].seq, steps[i].id.number, now.seq);
		if ((k = check_place(&now, &steps[i], e)))
			return k;
		stream_tail_after(&now, &steps[i]);
	}
	return ERR_NONE;
}

void stream_new_id(uint8_t id[16])
{
	size_t n = 0;

	while (n < 16) {
		ssize_t got = getrandom(id + n, 16 - n, 0);

		if (got < 0 && errno != EINTR) {
			perror("getrandom");
			abort();
		}
		n += got > 0 ? (size_t)got : 0;
	}
}

bool batch_add(struct batch *b, struct bytes raw, int64_t offset)
{
	struct err e;
	struct bad_record *bad;

	arena_grow(b->mem, &b->out.steps, &b->cap, b->out.n + 1, sizeof(*b->out.steps));
	if (!record_decode(&b->out.steps[b->out.n], raw, b->chain_id, b->stream_id, b->mem, &e)) {
		b->out.n++;
		return true;
	}
	arena_grow(b->mem, &b->out.bad, &b->bad_cap, b->out.bad_n + 1, sizeof(*b->out.bad));
	bad = &b->out.bad[b->out.bad_n++];
	bad->raw = raw;
	bad->offset = offset;
	snprintf(bad->reason, sizeof(bad->reason), "%.*s", (int)sizeof(bad->reason) - 1, e.msg);
	return false;
}

void batch_add_step(struct batch *b, const struct step *s)
{
	arena_grow(b->mem, &b->out.steps, &b->cap, b->out.n + 1, sizeof(*b->out.steps));
	b->out.steps[b->out.n++] = *s;
}
