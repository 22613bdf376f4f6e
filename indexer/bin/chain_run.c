/*
 * Joins the stages for one chain. The index thread owns the position: it opens the writer, reads where
 * the chain stands, and only then is the ingest thread started from there. When the database is lost
 * and comes back, the queue offers again what was not acknowledged; the writer skips what it has.
 */
#include "bin/chain_run.h"

#include "base/log.h"
#include "base/stop.h"
#include "stream/queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct chain_run {
	struct chain_run_conf conf;
	pthread_t index_thread, ingest_thread;
	_Atomic bool ingest_started;
	struct queue *queue;
	struct arena *past_mem;
	struct ingest_past past;
	struct ingest_state ingest;
	struct index_state index;
	struct source *_Atomic source;
	enum err_kind ingest_kind, index_kind;
	struct err ingest_err, index_err;
	_Atomic bool ingest_done, index_done;
};

static void copy_past(struct chain_run *r, const struct writer_past *p)
{
	struct arena *a = r->past_mem;

	r->past = (struct ingest_past){
		.recent = arena_dup(a, p->recent, p->recent_count * sizeof(*p->recent)),
		.recent_count = p->recent_count,
		.found = arena_dup(a, p->found, p->found_count * sizeof(*p->found)),
		.found_count = p->found_count,
		.final = p->final,
		.has_final = p->has_final,
		.next_seq = p->tail.seq + 1,
		.start = p->start,
	};
}

/* Nodes say different things: where every process can read it. */
static void note_dispute(void *arg, const struct ingest_dispute *t)
{
	const struct chain_run *r = arg;
	struct dispute d = {.block = t->block,
		.log_index = t->log_index == UINT32_MAX ? -1 : (int32_t)t->log_index,
		.what = t->what,
		.endpoints = {t->endpoints[0], t->endpoints[1]},
		.answers = {t->answers[0], t->answers[1]},
		.outcome = t->outcome};
	struct err e;

	if (store_dispute(r->conf.database, r->conf.chain, &d, &e))
		log_warn_often("ingest", "a dispute can not be noted in the database", r->conf.chain->key,
			"chain=%s err=%s", r->conf.chain->key, log_quotes(e.msg));
}

static void *ingest_main(void *arg)
{
	struct chain_run *r = arg;
	struct err *e = &r->ingest_err, note;
	enum err_kind k;

	r->conf.ingest.dispute = note_dispute;
	r->conf.ingest.dispute_arg = r;
	k = ingest_run(r->conf.chain, &r->conf.ingest, &r->past, r->source, queue_writer(r->queue),
		&r->ingest, e);
	if (k == ERR_FATAL)
		log_error("ingest", "chain stopped", "chain=%s err=%s", r->conf.chain->key,
			log_quotes(e->msg));
	atomic_store(&r->index.keep_halt, k == ERR_FATAL);
	if (k == ERR_FATAL && !r->conf.writer.has_range &&
		store_halt(r->conf.database, r->conf.chain, e->msg, &note))
		log_warn("ingest", "the halt can not be noted in the database", "chain=%s err=%s",
			r->conf.chain->key, log_quotes(note.msg));
	r->ingest_kind = k;
	queue_end(r->queue);
	atomic_store(&r->ingest_done, true);
	return NULL;
}

/* index_input.open: the first call starts the ingest thread, later ones rewind the queue. */
static enum err_kind open_input(void *arg, const struct writer_past *past, struct stream_reader **out,
	struct err *e)
{
	struct chain_run *r = arg;
	struct source *source;
	enum err_kind k;

	if (!r->ingest_started) {
		copy_past(r, past);
		k = source_open(&source, r->conf.chain, r->conf.urls, r->conf.url_count,
			&r->conf.source, e);
		if (k)
			return k;
		atomic_store(&r->source, source);
		r->queue = queue_new(r->conf.chain->chain_id, r->conf.queue_bytes, &past->tail);
		queue_measure(r->queue, r->conf.chain->key);
		if (pthread_create(&r->ingest_thread, NULL, ingest_main, r))
			return err_set(e, ERR_FATAL, "up", 0, "can not start a thread");
		r->ingest_started = true;
	}
	*out = queue_reader(r->queue);
	return ERR_NONE;
}

static bool input_ended(void *arg)
{
	struct chain_run *r = arg;

	return r->queue && queue_drained(r->queue);
}

static void *index_main(void *arg)
{
	struct chain_run *r = arg;
	struct index_input in = {.open = open_input, .ended = input_ended, .arg = r};

	r->index_kind = index_run(r->conf.database, r->conf.chain, &r->conf.writer, &in,
		&r->index, &r->index_err);
	if (r->index_kind == ERR_FATAL)
		log_error("index", "chain stopped", "chain=%s err=%s", r->conf.chain->key,
			log_quotes(r->index_err.msg));
	/* An ingest thread that waits for room in the queue must see that nobody reads any more. */
	if (r->ingest_started)
		queue_abandon(r->queue);
	atomic_store(&r->index_done, true);
	return NULL;
}

enum err_kind chain_run_start(struct chain_run **out, const struct chain_run_conf *conf, struct err *e)
{
	struct chain_run *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->conf = *conf;
	r->past_mem = arena_new(64 << 20);
	if (pthread_create(&r->index_thread, NULL, index_main, r)) {
		arena_free(r->past_mem);
		free(r);
		return err_set(e, ERR_FATAL, "up", 0, "can not start a thread");
	}
	*out = r;
	return ERR_NONE;
}

const struct ingest_state *chain_run_ingest(const struct chain_run *r)
{
	return &r->ingest;
}

const struct index_state *chain_run_index(const struct chain_run *r)
{
	return &r->index;
}

const struct chain_conf *chain_run_chain(const struct chain_run *r)
{
	return r->conf.chain;
}

bool chain_run_ended(const struct chain_run *r)
{
	return r->index_done && (r->ingest_done || !r->ingest_started);
}

size_t chain_run_endpoints(struct chain_run *r, struct endpoint_info *out, size_t max)
{
	struct source *source = atomic_load(&r->source);

	return source ? source_endpoints(source, out, max) : 0;
}

const char *chain_run_trouble(const struct chain_run *r)
{
	if (atomic_load(&r->ingest_done) && r->ingest_kind == ERR_FATAL)
		return r->ingest_err.msg;
	if (atomic_load(&r->index_done) && r->index_kind == ERR_FATAL)
		return r->index_err.msg;
	if (r->index.phase == INDEX_WAITING || r->index.phase == INDEX_STANDBY)
		return "the database can not be written at the moment";
	return NULL;
}

const char *chain_run_note(const struct chain_run *r)
{
	const int phase = r->ingest.phase;

	if (r->index.phase == INDEX_BUILDING)
		return "indexes are being built after the first load";
	if (!r->ingest_started || r->ingest_done)
		return NULL;
	if (r->ingest.disputed)
		return "its nodes do not agree on a block, which waits (disputed_block)";
	if (phase == 3)
		return "the node's head does not advance";
	if (queue_bytes(r->queue) > r->conf.queue_bytes / 4 * 3)
		return "catching up: the database is the slower side";
	if (phase == 1)
		return "catching up: the node is the slower side";
	return NULL;
}

enum err_kind chain_run_join(struct chain_run *r, struct err *e)
{
	enum err_kind k;

	pthread_join(r->index_thread, NULL);
	if (r->ingest_started) {
		pthread_join(r->ingest_thread, NULL);
		source_close(r->source);
		queue_free(r->queue);
	}
	if (r->ingest_kind == ERR_FATAL) {
		*e = r->ingest_err;
		k = ERR_FATAL;
	} else {
		*e = r->index_err;
		k = r->index_kind;
	}
	arena_free(r->past_mem);
	free(r);
	return k;
}
