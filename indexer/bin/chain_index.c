/*
 * Where an index process takes up the stream of a chain. Normally that is the stored position. When the
 * topic does not hold what the position says (it was made again, or lost records, or the database was
 * filled without Kafka), there may be another stream in it that goes on where the database stands, made
 * by `ingest --from`: the first one that begins with record 1, on a stored block, is taken up. Without one
 * the process ends with what is to be done. Nothing is ever skipped.
 */
#include "bin/chain_index.h"

#include "base/log.h"
#include "stream/kafka_parked.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct chain_index {
	struct chain_index_conf conf;
	struct index_state state;
	struct kafka_parked *parked;
	pthread_t thread;
	struct stream_reader *reader; /* of the present session; index_run closes it */
	bool lost;                    /* the stream at the position has ended: `why` */
	struct err why;
	enum err_kind kind;
	struct err err;
	_Atomic bool done;
};

/** A stream that continues what is stored, behind `offset`; found false: none. */
static enum err_kind find_stream(struct chain_index *x, struct writer *w, int64_t offset,
	const uint8_t not_this[16], struct kafka_start *out, struct err *e)
{
	uint8_t id[16];
	bool fits = false;
	enum err_kind k;

	memcpy(id, not_this, sizeof(id));
	for (;;) {
		if ((k = kafka_other_stream(out, &x->conf.kafka, offset, id, e)) || !out->found)
			return k;
		if (out->step.kind == STEP_NEW && out->step.seq == 1 &&
			(k = writer_fits(w, &out->step.id, &out->step.parent, &fits, e)))
			return k;
		if (fits)
			return ERR_NONE;
		offset = out->offset + 1;
		memcpy(id, out->stream_id, sizeof(id));
	}
}

/** The position is of no use: take up another stream, or end with the reason. */
static enum err_kind take_up(struct chain_index *x, struct writer *w, struct writer_past *past,
	int64_t offset, struct err *e)
{
	const struct err why = *e;
	struct kafka_start s;
	enum err_kind k = find_stream(x, w, offset, past->tail.stream_id, &s, e);

	if (k)
		return k;
	if (!s.found) {
		*e = why;
		return e->kind;
	}
	log_warn("index", "taking up another stream of the topic",
		"chain=%s block=%" PRIu64 " offset=%" PRId64 " reason=%s", x->conf.chain->key,
		s.step.id.number, s.offset, log_quotes(why.msg));
	if ((k = writer_adopt(w, s.stream_id, s.offset, e)))
		return k;
	past->tail.seq = 0;
	memcpy(past->tail.stream_id, s.stream_id, sizeof(past->tail.stream_id));
	past->next_offset = s.offset;
	x->lost = false;
	return kafka_reader_open(&x->reader, &x->conf.kafka, 0, s.offset, &past->tail, e);
}

/** An empty database begins with the first stream that starts at the chain's first block. */
static enum err_kind begin(struct chain_index *x, struct writer *w, struct writer_past *past,
	struct err *e)
{
	static const uint8_t none[16];
	struct kafka_start any;
	enum err_kind k;

	if ((k = kafka_reader_open(&x->reader, &x->conf.kafka, 0, 0, &past->tail, e)))
		return k == ERR_FATAL && e->code == KAFKA_LOST ? take_up(x, w, past, 0, e) : k;
	k = kafka_other_stream(&any, &x->conf.kafka, 0, none, e);
	if (!k && (!any.found || any.step.id.number == x->conf.chain->first_block))
		return ERR_NONE;
	stream_reader_close(x->reader);
	x->reader = NULL;
	if (k)
		return k;
	err_set(e, ERR_FATAL, "index", KAFKA_LOST,
		"the topic of chain %s begins at block %" PRIu64 ", but the database is empty: re-ingest "
		"from block %" PRIu64, x->conf.chain->key, any.step.id.number,
		x->conf.chain->first_block);
	return take_up(x, w, past, 0, e);
}

static enum err_kind resume(void *arg, struct writer *w, struct writer_past *past, struct err *e)
{
	struct chain_index *x = arg;
	int32_t partitions;
	enum err_kind k;

	x->reader = NULL;
	if ((k = kafka_partition_count(&x->conf.kafka, &partitions, e)))
		return k;
	if (partitions != 1)
		return err_set(e, ERR_FATAL, "index", 0,
			"the topic of chain %s has %d partitions: a chain is indexed in order, through one "
			"partition; make the topic again with 1", x->conf.chain->key, (int)partitions);
	if (x->lost) {
		*e = x->why;
		return take_up(x, w, past, past->next_offset, e);
	}
	if (!past->tail.seq && !past->next_offset)
		return begin(x, w, past, e);
	k = kafka_reader_open(&x->reader, &x->conf.kafka, 0, past->next_offset, &past->tail, e);
	return k == ERR_FATAL && e->code == KAFKA_LOST ? take_up(x, w, past, 0, e) : k;
}

static enum err_kind open_input(void *arg, const struct writer_past *past, struct stream_reader **out,
	struct err *e)
{
	struct chain_index *x = arg;

	(void)past;
	(void)e;
	*out = x->reader;
	return ERR_NONE;
}

static enum err_kind park(void *arg, const struct bad_record *bad, size_t n, struct err *e)
{
	struct chain_index *x = arg;

	return kafka_parked_put(x->parked, 0, bad, n, e);
}

static bool input_ended(void *arg)
{
	struct chain_index *x = arg;

	return x->conf.until_head && kafka_reader_at_end(x->reader);
}

static void *index_main(void *arg)
{
	struct chain_index *x = arg;
	const struct index_input in = {.resume = resume, .open = open_input, .park = park,
		.ended = input_ended, .arg = x};
	const struct writer_conf wc = {.bulk = true};

	/* A reader that comes to the end of its stream stops; then there may be another one behind. */
	do {
		x->lost = x->err.code == KAFKA_LOST;
		x->why = x->err;
		x->reader = NULL;
		x->kind = index_run(x->conf.database, x->conf.chain, &wc, &in, &x->state, &x->err);
	} while (x->kind == ERR_FATAL && x->err.code == KAFKA_LOST && x->reader);
	if (x->kind == ERR_FATAL)
		log_error("index", "chain stopped", "chain=%s err=%s", x->conf.chain->key,
			log_quotes(x->err.msg));
	atomic_store(&x->done, true);
	return NULL;
}

enum err_kind chain_index_start(struct chain_index **out, const struct chain_index_conf *conf,
	struct err *e)
{
	struct chain_index *x = calloc(1, sizeof(*x));

	if (!x)
		abort();
	x->conf = *conf;
	x->parked = kafka_parked_new(&x->conf.kafka);
	if (pthread_create(&x->thread, NULL, index_main, x)) {
		kafka_parked_free(x->parked);
		free(x);
		return err_set(e, ERR_FATAL, "index", 0, "can not start a thread");
	}
	*out = x;
	return ERR_NONE;
}

const struct index_state *chain_index_state(const struct chain_index *x)
{
	return &x->state;
}

const char *chain_index_trouble(const struct chain_index *x)
{
	if (atomic_load(&x->done))
		return x->kind == ERR_FATAL ? x->err.msg : NULL;
	if (x->state.phase == INDEX_STARTING)
		return "it is starting";
	if (x->state.phase == INDEX_WAITING)
		return "the database or the stream can not be used at the moment";
	return NULL;
}

bool chain_index_ended(const struct chain_index *x)
{
	return atomic_load(&x->done);
}

enum err_kind chain_index_join(struct chain_index *x, struct err *e)
{
	enum err_kind k;

	pthread_join(x->thread, NULL);
	k = x->kind;
	*e = x->err;
	kafka_parked_free(x->parked);
	free(x);
	return k;
}
