/*
 * The loop of one chain: poll the stream, decode, write. It owns what to do about an error, and
 * nothing below it retries:
 *
 *   AGAIN   everything is closed, a while is waited, and the stored position says where to go on.
 * That is right for every cause (lost connection, commit in doubt, another writer), because rows
 * and position are one transaction and repeats are skipped. REJECT  the batch is offered step by
 * step; the step that fails is offered once more with its rows parked, so a block is never missing
 * and nothing is dropped. FATAL   the chain halts with the message; what is stored stays as it is.
 */
#include "index/index.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/stop.h"
#include "decode/decode.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define POLL_MS     200
#define BATCH_BYTES (2u * 1024 * 1024)
#define BATCH_CAP   (1024u * 1024 * 1024) /* memory of a batch that is no longer normal */
#define PAST_CAP    (256u * 1024 * 1024)
#define NEAR_BLOCKS 128 /* this close to the head a first load is over */

struct meters {
	struct metric_series *rows, *blocks, *commits, *parked, *retries, *undone;
	struct metric_series *batches, *block, *head, *lag, *phase;
};

struct index {
	const char *url;
	const struct chain_conf *chain;
	struct writer_conf conf;
	const struct index_input *in;
	struct index_state *state;
	struct arena *past_mem, *mem;
	struct backoff backoff;
	struct meters m;
	bool told_busy;
	int64_t head_time, newest_time; /* of blocks, unix seconds; 0: not known */

	/* of the present session */
	struct writer *writer;
	struct stream_reader *reader;
	struct decoder *decoder;
	int64_t offset; /* position before the batch in hand */
};

/* A batch decoded, with what the writer takes. */
struct work {
	struct step_batch in;
	struct write_step *steps;
	struct decoded *decoded; /* one a step */
};

static void meters_open(struct meters *m, const char *key)
{
	struct buf label;

	buf_init(&label, 200);
	metric_label(&label, "chain", key);
	m->rows = metric_get(METRIC_COUNTER, "bttc_index_logs_total", "Logs written.", label.p);
	m->blocks =
		metric_get(METRIC_COUNTER, "bttc_index_blocks_total", "Blocks written.", label.p);
	m->undone = metric_get(METRIC_COUNTER, "bttc_index_undone_blocks_total",
		"Blocks that forks removed.", label.p);
	m->commits = metric_get(METRIC_HISTOGRAM, "bttc_index_apply_seconds",
		"Time to make one batch durable.", label.p);
	m->parked = metric_get(METRIC_COUNTER, "bttc_index_parked_total",
		"Logs and records set aside because they do not decode.", label.p);
	m->retries = metric_get(METRIC_COUNTER, "bttc_index_retries_total",
		"Times the writer was opened anew.", label.p);
	m->batches = metric_get(METRIC_COUNTER, "bttc_index_batches_total",
		"Batches made durable; blocks and logs per batch are quotients of the totals.",
		label.p);
	m->block = metric_get(
		METRIC_GAUGE, "bttc_index_block", "Newest block of the visible prefix.", label.p);
	m->head = metric_get(METRIC_GAUGE, "bttc_index_head_block",
		"Newest block of the node, as the stream says.", label.p);
	m->lag = metric_get(METRIC_GAUGE, "bttc_index_lag_seconds",
		"Time of the node's newest block minus that of the newest stored one.", label.p);
	m->phase = metric_get(METRIC_GAUGE, "bttc_index_phase",
		"0 starting, 1 running, 2 waiting for database or stream, 3 building indexes,"
		" 4 halted, 5 done, 6 standby.",
		label.p);
	buf_free(&label);
}

static void set_phase(struct index *x, enum index_phase phase)
{
	atomic_store(&x->state->phase, phase);
	metric_set(x->m.phase, phase);
}

/* -------- a session: from opening the writer to the first error -------- */

static void session_close(struct index *x)
{
	if (x->reader)
		stream_reader_close(x->reader);
	decoder_free(x->decoder);
	writer_close(x->writer);
	x->reader = NULL;
	x->decoder = NULL;
	x->writer = NULL;
}

static enum err_kind session_open(struct index *x, struct err *e)
{
	struct writer_past past;
	enum err_kind k;

	arena_reset(x->past_mem);
	if ((k = writer_open(&x->writer, x->url, x->chain, &x->conf, e)) ||
		(k = writer_past(x->writer, x->chain->fork_window, x->past_mem, &past, e)))
		return k;
	x->decoder = decoder_new(x->chain);
	for (size_t i = 0; i < past.found_count; i++)
		decoder_found(x->decoder, &past.found[i]);
	if ((x->in->resume && (k = x->in->resume(x->in->arg, x->writer, &past, e))) ||
		(k = x->in->open(x->in->arg, &past, &x->reader, e)) ||
		(!x->conf.has_range && !atomic_load(&x->state->keep_halt) &&
			(k = writer_resumed(x->writer, e))))
		return k;
	if (past.tail.has_id) {
		metric_set(x->m.block, (int64_t)past.tail.id.number);
		atomic_store(&x->state->indexed, past.tail.id.number);
	}
	set_phase(x, INDEX_RUNNING);
	if (x->backoff.attempts)
		log_info_often("index", "writing again", x->chain->key, "chain=%s block=%" PRIu64,
			x->chain->key, past.start);
	x->offset = past.next_offset;
	x->told_busy = false;
	return ERR_NONE;
}

static void decode_all(struct index *x, struct work *w)
{
	size_t n = w->in.n;

	w->steps = arena_calloc(x->mem, n, sizeof(*w->steps));
	w->decoded = arena_calloc(x->mem, n, sizeof(*w->decoded));
	for (size_t i = 0; i < n; i++) {
		const struct step *s = &w->in.steps[i];

		w->steps[i].step = s;
		if (s->kind == STEP_UNDO)
			decoder_undo(x->decoder, s->id.number);
		if (s->kind != STEP_NEW)
			continue;
		decode_block(x->decoder, s->block, x->mem, &w->decoded[i]);
		w->steps[i].decoded = &w->decoded[i];
	}
}

/* Offer a rejected batch step by step; what fails alone is parked. */
static enum err_kind apply_singly(struct index *x, const struct work *w, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < w->in.n; i++) {
		struct write_step s = w->steps[i];
		struct write_batch one = {.steps = &s, .n = 1, .next_offset = x->offset};
		char reason[sizeof(e->msg)];

		memcpy(one.stream_id, w->in.stream_id, sizeof(one.stream_id));
		k = writer_apply(x->writer, &one, e);
		if (k != ERR_REJECT || s.step->kind != STEP_NEW)
			continue;
		log_warn_often("index", "rows do not fit, parking them", x->chain->key,
			"chain=%s block=%" PRIu64 " err=%s", x->chain->key, s.step->id.number,
			log_quotes(e->msg));
		snprintf(reason, sizeof(reason), "%s", e->msg);
		s.park = reason;
		k = writer_apply(x->writer, &one, e);
	}
	if (!k) {
		struct write_batch rest = {
			.bad = w->in.bad, .bad_n = w->in.bad_n, .next_offset = w->in.next_offset};

		memcpy(rest.stream_id, w->in.stream_id, sizeof(rest.stream_id));
		k = writer_apply(x->writer, &rest, e);
	}
	if (k == ERR_REJECT) /* even the bare block: no input can be to blame any more */
		k = e->kind = ERR_FATAL;
	return k;
}

/* Where the batch leaves the chain, for those who watch. */
static void measure(struct index *x, const struct step_batch *b, uint64_t newest)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct step *s = &b->steps[i];

		if (s->kind == STEP_NEW)
			x->newest_time = (int64_t)s->block->h.time;
		if (s->kind != STEP_HEIGHTS)
			continue;
		x->head_time = s->head_time;
		metric_set(x->m.head, (int64_t)s->head);
	}
	metric_set(x->m.block, (int64_t)newest);
	if (x->head_time && x->newest_time)
		metric_set(x->m.lag,
			x->head_time > x->newest_time ? x->head_time - x->newest_time : 0);
}

static void count(struct index *x, const struct work *w, uint64_t us)
{
	uint64_t rows = 0, blocks = 0, undone = 0, parked = w->in.bad_n;
	uint64_t newest = atomic_load(&x->state->indexed);

	for (size_t i = 0; i < w->in.n; i++) {
		const struct step *s = &w->in.steps[i];

		rows += w->decoded[i].event_count;
		parked += w->decoded[i].parked_count;
		blocks += s->kind == STEP_NEW;
		undone += s->kind == STEP_UNDO;
		if (s->kind == STEP_NEW)
			newest = s->id.number;
		if (s->kind == STEP_UNDO)
			newest = s->id.number ? s->id.number - 1 : 0;
	}
	atomic_store(&x->state->indexed, newest);
	measure(x, &w->in, newest);
	atomic_fetch_add(&x->state->events, rows);
	atomic_fetch_add(&x->state->parked, parked);
	metric_add(x->m.rows, (int64_t)rows);
	metric_add(x->m.blocks, (int64_t)blocks);
	metric_add(x->m.undone, (int64_t)undone);
	metric_add(x->m.parked, (int64_t)parked);
	if (blocks || undone) {
		metric_observe_us(x->m.commits, us);
		metric_add(x->m.batches, 1);
	}
	for (size_t i = 0; i < w->in.bad_n; i++)
		log_warn_often("index", "record parked", x->chain->key,
			"chain=%s offset=%" PRId64 " err=%s", x->chain->key, w->in.bad[i].offset, log_quotes(w->in.bad[i].reason));
}

/* The table keeps a bad record whole, so only a broker that may come back is waited for. */
static enum err_kind park_elsewhere(struct index *x, const struct step_batch *b, struct err *e)
{
	enum err_kind k = x->in->park ? x->in->park(x->in->arg, b->bad, b->bad_n, e) : ERR_NONE;

	if (k && k != ERR_AGAIN && k != ERR_STOP) {
		log_warn_often("index", "a bad record is kept in the database alone", x->chain->key,
			"chain=%s err=%s", x->chain->key, log_quotes(e->msg));
		k = ERR_NONE;
	}
	return k;
}

static enum err_kind write_work(struct index *x, const struct work *w, struct err *e)
{
	struct write_batch b = {.steps = w->steps,
		.n = w->in.n,
		.bad = w->in.bad,
		.bad_n = w->in.bad_n,
		.next_offset = w->in.next_offset};
	uint64_t start = clock_us();
	enum err_kind k;

	memcpy(b.stream_id, w->in.stream_id, sizeof(b.stream_id));
	if (w->in.bad_n && (k = park_elsewhere(x, &w->in, e)))
		return k;
	k = writer_apply(x->writer, &b, e);
	if (k == ERR_REJECT)
		k = apply_singly(x, w, e);
	if (k)
		return k;
	count(x, w, clock_us() - start);
	x->offset = w->in.next_offset;
	stream_ack(x->reader, x->offset);
	backoff_reset(&x->backoff);
	return ERR_NONE;
}

/* Is the first load over? HEIGHTS tell where the node's head is. */
static bool is_near(const struct index *x, const struct step_batch *b)
{
	uint64_t at = atomic_load(&x->state->indexed);

	for (size_t i = 0; i < b->n; i++)
		if (b->steps[i].kind == STEP_HEIGHTS && b->steps[i].head <= at + NEAR_BLOCKS)
			return true;
	return false;
}

static enum err_kind finish_bulk(struct index *x, struct err *e)
{
	enum err_kind k;

	if (!x->conf.bulk)
		return ERR_NONE;
	set_phase(x, INDEX_BUILDING);
	if ((k = writer_finish_bulk(x->writer, e)))
		return k;
	set_phase(x, INDEX_RUNNING);
	x->conf.bulk = false;
	return ERR_NONE;
}

static enum err_kind session_run(struct index *x, struct err *e)
{
	struct work w;
	enum err_kind k;

	for (;;) {
		bool ended = x->in->ended && x->in->ended(x->in->arg);

		if (stop_asked())
			return err_set(e, ERR_STOP, "index", 0, "stopped");
		arena_reset(x->mem);
		k = stream_poll(x->reader, ended ? 0 : POLL_MS, BATCH_BYTES, x->mem, &w.in, e);
		if (k)
			return k;
		if (w.in.n || w.in.bad_n) {
			decode_all(x, &w);
			if (arena_over(x->mem))
				return err_set(e, ERR_FATAL, "index", 0,
					"chain %s: one batch takes over %u MiB", x->chain->key,
					BATCH_CAP >> 20);
			if ((k = write_work(x, &w, e)))
				return k;
		} else if (ended) {
			return finish_bulk(x, e);
		}
		if (x->conf.bulk && is_near(x, &w.in) && (k = finish_bulk(x, e)))
			return k;
	}
}

/* -------- the loop over sessions -------- */

static void wait_again(struct index *x, const struct err *e)
{
	unsigned ms = backoff_next_ms(&x->backoff);

	set_phase(x, e->code == WRITER_BUSY ? INDEX_STANDBY : INDEX_WAITING);
	metric_add(x->m.retries, 1);
	if (e->code == WRITER_BUSY) {
		if (!x->told_busy)
			log_info("index", "waiting for the other process", "chain=%s err=%s",
				x->chain->key, log_quotes(e->msg));
		x->told_busy = true;
	} else {
		log_warn_often("index", "will try again", x->chain->key,
			"chain=%s wait_ms=%u err=%s", x->chain->key, ms, log_quotes(e->msg));
	}
	(void)stop_wait_ms(ms);
}

/* Other processes can not know why this one stopped. */
static void leave_note(struct index *x, const struct err *why)
{
	struct err e;

	if (store_halt(x->url, x->chain, why->msg, &e))
		log_warn("index", "the halt can not be noted in the database", "chain=%s err=%s",
			x->chain->key, log_quotes(e.msg));
}

enum err_kind index_run(const char *url, const struct chain_conf *chain,
	const struct writer_conf *conf, const struct index_input *in, struct index_state *state,
	struct err *e)
{
	struct index x = {.url = url, .chain = chain, .conf = *conf, .in = in, .state = state};
	enum err_kind k;

	x.past_mem = arena_new(PAST_CAP);
	x.mem = arena_new(BATCH_CAP);
	backoff_init(&x.backoff, 100, 2000);
	meters_open(&x.m, chain->key);
	do {
		k = session_open(&x, e);
		if (!k)
			k = session_run(&x, e);
		session_close(&x);
		if (k == ERR_AGAIN)
			wait_again(&x, e);
	} while (k == ERR_AGAIN && !stop_asked());
	if (k == ERR_AGAIN)
		k = e->kind = ERR_STOP;
	if (k == ERR_REJECT || k == ERR_REWIND)
		k = e->kind = ERR_FATAL;
	if (k == ERR_FATAL && !conf->has_range)
		leave_note(&x, e);
	set_phase(&x, k == ERR_FATAL ? INDEX_HALTED : INDEX_DONE);
	arena_free(x.past_mem);
	arena_free(x.mem);
	return k;
}
