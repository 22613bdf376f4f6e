/*
 * The thread. A step is one transaction: it locks the row of ledger.head (the writer's UNDO does the
 * same first, so nothing that is read can be taken away meanwhile), reads a range of blocks, folds
 * them, and writes what they changed with the new position. Whatever fails, memory is thrown away
 * and the tables say where to go on.
 */
#include "books/join.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/stop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BLOCKS 2000
#define STEP_LOGS   5000
#define STEP_CAP    (1024u * 1024 * 1024)
#define WAIT_MS     250 /* for news from the writer; also how often the lock is tried */

struct meters {
	struct metric_series *block, *findings;
};

struct books {
	struct books_conf conf;
	struct meters m;
	pthread_t thread;
	_Atomic bool finish, done;
	enum err_kind kind;
	struct err err;
};

/* Prepared statements are planned once, also when tables are still empty: by their indexes then. */
enum err_kind books_open(struct session *s, const char *app, struct err *e)
{
	enum err_kind k = pg_open(&s->pg, s->conf->database, app, e);

	if (k)
		return k;
	return pg_exec(s->pg, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off", e);
}

enum err_kind books_fold_block(
	struct session *s, const struct block *b, const struct ledger_votes *votes, struct err *e)
{
	struct ledger_input in = {.block = b, .votes = votes};
	struct ledger_outcome out;
	struct decoded d;
	enum err_kind k;

	decode_block(s->decoder, b, s->mem, &d);
	in.decoded = &d;
	k = ledger_apply(s->ledger, &in, s->mem, &out, e);
	if (!k)
		rows_outcome(s, b, &out);
	return k;
}

enum err_kind books_fold(struct session *s, int64_t to, struct err *e)
{
	struct block *blocks;
	enum err_kind k;
	size_t n;

	if ((k = read_blocks(s, to, &blocks, &n, e)))
		return k;
	for (size_t i = 0; !k && i < n; i++)
		k = books_fold_block(s, &blocks[i], NULL, e);
	if (!k && arena_over(s->mem))
		k = err_set(e, ERR_FATAL, "books", 0, "one step takes over %u MiB", STEP_CAP >> 20);
	return k;
}

enum err_kind books_step_end(struct session *s, int64_t *to, bool *any, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, s->block);
	pg_arg_i64(&a, STEP_BLOCKS);
	pg_arg_i64(&a, STEP_LOGS);
	k = pg_query_kept(s->pg,
		"SELECT least(h.indexed, $2 + $3, (SELECT greatest(l.block - 1, $2 + 1) FROM chain.log l"
		" WHERE l.chain_id = $1 AND l.block > $2 ORDER BY l.block, l.log_index OFFSET $4 LIMIT"
		" 1)) FROM chain.head h WHERE h.chain_id = $1 AND h.indexed > $2",
		&a, e);
	if (k)
		return k;
	*any = pg_count(s->pg) == 1;
	*to = *any ? pg_i64(s->pg, 0, 0) : 0;
	return ERR_NONE;
}

enum err_kind books_advance(struct session *s, int64_t to, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	pg_arg_i64(&a, to);
	pg_arg_i64(&a, s->block);
	pg_arg_i64(&a, s->generation);
	k = pg_query_kept(s->pg,
		"UPDATE ledger.head SET block = $2 WHERE chain_id = $1 AND block = $3 AND generation ="
		" $4",
		&a, e);
	if (!k && pg_changed(s->pg) != 1)
		k = err_set(e, ERR_AGAIN, "books", 0, "another process moved the ledger");
	return k;
}

enum err_kind books_step(struct session *s, bool *any, struct err *e)
{
	enum err_kind k;
	int64_t to = 0;

	arena_reset(s->mem);
	s->begun = false;
	s->findings = 0;
	if ((k = pg_exec(s->pg, "BEGIN", e)) || (k = load_match(s, e)))
		return k;
	if (s->begun) { /* a row that nobody else sees yet locks nothing */
		*any = true;
		return pg_exec(s->pg, "COMMIT", e);
	}
	if ((k = books_step_end(s, &to, any, e)))
		return k;
	if (*any && ((k = books_fold(s, to, e)) || (k = rows_flush(s, e)) || (k = books_advance(s, to, e))))
		return k;
	if ((k = pg_exec(s->pg, "COMMIT", e)))
		return k;
	if (*any)
		s->block = to;
	return ERR_NONE;
}

/* ---- for those who watch ---- */

static void meters_open(struct meters *m, const char *key)
{
	struct buf label;

	buf_init(&label, 200);
	metric_label(&label, "chain", key);
	m->block = metric_get(
		METRIC_GAUGE, "bttc_ledger_block", "Newest block that the ledger has.", label.p);
	m->findings = metric_get(METRIC_COUNTER, "bttc_ledger_discrepancies_total",
		"Discrepancies between the chain and the ledger, since the start of the process.", label.p);
	buf_free(&label);
}

static void tell(const struct books *b, const struct session *s)
{
	metric_set(b->m.block, s->block);
	metric_add(b->m.findings, (int64_t)s->findings);
	if (s->findings)
		log_warn_often("books",
			"the chain says something else than the ledger, see /v1/discrepancies",
			b->conf.chain->key, "chain=%s up_to_block=%" PRId64 " count=%" PRIu64,
			b->conf.chain->key, s->block, s->findings);
}

/* ---- who works ---- */

static enum err_kind try_lock(struct session *s, bool *got, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query(s->pg,
		"SELECT pg_try_advisory_lock(hashtextextended('bttc-indexer ledger ' || $1, 0))", &a, e);
	*got = !k && pg_i64(s->pg, 0, 0);
	return k;
}

static enum err_kind caught_up(struct session *s, bool *yes, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, s);
	k = pg_query(s->pg,
		"SELECT coalesce((SELECT indexed FROM chain.head WHERE chain_id = $1), -1) <="
		" coalesce((SELECT block FROM ledger.head WHERE chain_id = $1), -2)",
		&a, e);
	*yes = !k && pg_i64(s->pg, 0, 0);
	return k;
}

static enum err_kind wait_for_lock(struct books *b, struct session *s, bool *got, struct err *e)
{
	bool told = false, done = false;
	enum err_kind k;

	for (;;) {
		bool finish = atomic_load(&b->finish);

		if ((k = try_lock(s, got, e)) || *got)
			return k;
		if (finish && ((k = caught_up(s, &done, e)) || done))
			return k;
		if (!told)
			log_info("books", "waiting for the other process", "chain=%s",
				b->conf.chain->key);
		told = true;
		if (stop_wait_ms(WAIT_MS))
			return err_set(e, ERR_STOP, "books", 0, "stopped");
	}
}

static enum err_kind work(struct books *b, struct session *s, struct backoff *backoff, struct err *e)
{
	bool got = false;
	enum err_kind k;

	if ((k = books_open(s, "bttc-indexer ledger", e)) || (k = wait_for_lock(b, s, &got, e)) || !got ||
		(k = pg_exec(s->pg, "LISTEN bttc_head", e)))
		return k;
	for (;;) {
		bool finish = atomic_load(&b->finish), any = false;

		if (stop_asked())
			return err_set(e, ERR_STOP, "books", 0, "stopped");
		if ((k = books_step(s, &any, e)) || (!any && (k = join_step(s, b->conf.child, &any, e))))
			return k;
		backoff_reset(backoff);
		tell(b, s);
		s->findings = 0;
		if (any)
			continue;
		if (finish)
			return ERR_NONE;
		if ((k = pg_wait_news(s->pg, WAIT_MS, e)))
			return k;
	}
}

static void session_free(struct session *s)
{
	rows_free(s);
	pg_close(s->pg);
	ledger_free(s->ledger);
	decoder_free(s->decoder);
	arena_free(s->kept);
	arena_free(s->mem);
}

static void *books_main(void *arg)
{
	struct books *b = arg;
	struct backoff backoff;
	enum err_kind k;

	backoff_init(&backoff, 100, 2000);
	do {
		struct session s = {.conf = &b->conf, .chain_id = (int64_t)b->conf.chain->chain_id,
			.override_id = -1};
		unsigned ms;

		s.mem = arena_new(STEP_CAP);
		rows_init(&s);
		k = work(b, &s, &backoff, &b->err);
		session_free(&s);
		if (k != ERR_AGAIN)
			break;
		ms = backoff_next_ms(&backoff);
		log_warn_often("books", "will try again", b->conf.chain->key,
			"chain=%s wait_ms=%u err=%s", b->conf.chain->key, ms, log_quotes(b->err.msg));
		(void)stop_wait_ms(ms);
	} while (!stop_asked());
	if (k == ERR_AGAIN)
		k = b->err.kind = ERR_STOP;
	if (k == ERR_REJECT || k == ERR_REWIND)
		k = b->err.kind = ERR_FATAL;
	if (k == ERR_FATAL)
		log_error("books", "ledger stopped", "chain=%s err=%s", b->conf.chain->key,
			log_quotes(b->err.msg));
	b->kind = k;
	atomic_store(&b->done, true);
	return NULL;
}

enum err_kind books_start(struct books **out, const struct books_conf *conf, struct err *e)
{
	struct books *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->conf = *conf;
	meters_open(&b->m, conf->chain->key);
	if (pthread_create(&b->thread, NULL, books_main, b)) {
		free(b);
		return err_set(e, ERR_FATAL, "books", 0, "can not start a thread");
	}
	*out = b;
	return ERR_NONE;
}

void books_finish(struct books *b)
{
	atomic_store(&b->finish, true);
}

bool books_ended(const struct books *b)
{
	return atomic_load(&b->done);
}

const char *books_trouble(const struct books *b)
{
	return atomic_load(&b->done) && b->kind == ERR_FATAL ? b->err.msg : NULL;
}

enum err_kind books_join(struct books *b, struct err *e)
{
	enum err_kind k;

	pthread_join(b->thread, NULL);
	k = b->kind;
	*e = b->err;
	free(b);
	return k;
}
