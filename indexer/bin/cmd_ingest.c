/*
 * `ingest`: one chain from its nodes into Kafka. Opening the writer fences whoever wrote before; what the
 * process has to know of the past it reads back from the topic. Nothing is kept outside Kafka, so the
 * process can be killed at any time and started anywhere.
 */
#include "bin/ingest_past.h"
#include "bin/kafka_opts.h"
#include "bin/pipeline.h"

#include "api/serve.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MS 10000
#define OFFER_MS 3000 /* a transaction that takes longer is a broker in trouble */
#define UNIT_BYTES (3u << 20) /* a unit is a transaction of some milliseconds */
#define VISIBLE_MS 30000
#define VISIBLE_MEM (16u << 20)

struct lone_ingest_conf {
	struct pipeline_conf p; /* first */
	struct kafka_opts kafka;
	char *chain, *metrics_listen;
	int64_t from;
	bool until_head;
};

#define AT(f) offsetof(struct lone_ingest_conf, f)
static const struct opt opts[] = {
	{"chain", "CHAIN", OPT_STRING, AT(chain), NULL, 0, 0, OPT_REQUIRED, "Key of the chain."},
	KAFKA_OPTS(struct lone_ingest_conf, kafka),
	{"from", "BLOCK", OPT_INT, AT(from), "-1", -1, INT64_MAX, 0,
		"Begin another stream at this block, as \"re-ingest from block N\" asks for; -1: go on. Give "
		"it once, not at every start."},
	{"metrics-listen", "HOST:PORT", OPT_STRING, AT(metrics_listen), NULL, 0, 0, 0,
		"Serve /metrics, /healthz and /readyz here; port 0 takes a free one."},
	{"until-head", NULL, OPT_FLAG, AT(until_head), "false", 0, 0, 0,
		"End with exit code 0 once everything up to the head at the start is in Kafka."},
	OPT_END,
};

struct lone_ingest {
	const struct lone_ingest_conf *conf;
	struct pipeline p;
	struct kafka_conf kafka;
	struct ingest_plan plan;
	struct ingest_start start;
	struct stream_writer *writer;
	struct source *source;
	struct ingest_state state;
	enum err_kind kind;
	struct err err;
	_Atomic bool done;
};

/* -------- starting: everything that may have to wait for Kafka -------- */

static enum err_kind open_once(struct lone_ingest *g, struct stream_tail *tail, struct err *e)
{
	enum err_kind k = ERR_NONE;

	if (!g->writer)
		k = kafka_writer_open(&g->writer, &g->kafka, e);
	if (!k)
		k = stream_tail(g->writer, tail, e);
	return k ? k : ingest_start_read(&g->start, &g->plan, tail, e);
}

static enum err_kind open_stream(struct lone_ingest *g, struct err *e)
{
	const char *key = g->plan.chain->key;
	const uint64_t t0 = clock_ms();
	struct stream_tail tail;
	struct backoff b;
	enum err_kind k;

	backoff_init(&b, 200, 5000);
	while ((k = open_once(g, &tail, e)) == ERR_AGAIN) {
		log_warn_often("ingest", "waiting for Kafka", key, "chain=%s err=%s", key,
			log_quotes(e->msg));
		if (stop_wait_ms(backoff_next_ms(&b)))
			return err_set(e, ERR_STOP, "ingest", 0, "stopped");
	}
	if (!k)
		log_info("ingest", "started",
			"chain=%s next_block=%" PRIu64 " next_seq=%" PRIu64
			" contracts=%zu read_back_ms=%" PRIu64 " new_stream=%s", key,
			g->start.past.start,
			g->start.past.next_seq, g->start.past.found_count, clock_ms() - t0,
			g->plan.has_from ? "yes" : "no");
	return k;
}

/**
 * Kafka answers a commit before readers can see it. Who runs `index --until-head` next expects all of
 * it, so the end is waited for.
 */
static enum err_kind wait_until_visible(struct lone_ingest *g, struct err *e)
{
	const uint64_t until = clock_ms() + VISIBLE_MS;
	struct stream_tail tail;
	enum err_kind k = stream_tail(g->writer, &tail, e);

	while (!k && tail.seq) {
		struct arena *mem = arena_new(VISIBLE_MEM);
		struct kafka_past p;
		enum err_kind read = kafka_past_read(&p, &g->kafka, 1, false, mem, e);

		arena_free(mem);
		if (!read && p.tail.seq >= tail.seq)
			return ERR_NONE;
		if (clock_ms() > until || (read && read != ERR_AGAIN))
			return read ? read : err_set(e, ERR_FATAL, "ingest", 0,
				"record %" PRIu64 " was committed, but can not be read from the topic",
				tail.seq);
		if (stop_wait_ms(20))
			k = err_set(e, ERR_STOP, "ingest", 0, "stopped");
	}
	return k;
}

static enum err_kind ingest_chain(struct lone_ingest *g, struct err *e)
{
	const struct lone_ingest_conf *c = g->conf;
	const struct ingest_conf ic = {.poll_ms = c->p.poll_ms, .range_blocks = c->p.range_blocks,
		.window_ranges = c->p.window, .unit_bytes = UNIT_BYTES, .until_head = c->until_head};
	enum err_kind k = open_stream(g, e);

	if (!k)
		k = ingest_start_learn(&g->start, &g->plan, &ic, g->source, &g->state, e);
	if (!k)
		k = ingest_run(g->plan.chain, &ic, &g->start.past, g->source, g->writer, &g->state, e);
	if (!k && c->until_head)
		k = wait_until_visible(g, e);
	return k;
}

static void *ingest_main(void *arg)
{
	struct lone_ingest *g = arg;

	g->kind = ingest_chain(g, &g->err);
	atomic_store(&g->done, true);
	return NULL;
}

/* -------- the process -------- */

static void wait_for_end(struct lone_ingest *g)
{
	uint64_t said = clock_ms();

	while (!atomic_load(&g->done)) {
		(void)stop_wait_ms(50);
		log_tick(false);
		if (stop_asked())
			clock_sleep_ms(10);
		if (!g->conf->p.progress || clock_ms() - said < REPORT_MS)
			continue;
		said = clock_ms();
		log_info("ingest", "publishing", "chain=%s block=%" PRIu64 " head=%" PRIu64,
			g->plan.chain->key, g->state.published, g->state.head);
	}
}

static const char *live_trouble(void *arg, const char *key)
{
	const struct lone_ingest *g = arg;
	const uint64_t offered = atomic_load(&g->state.offered_ms);

	if (strcmp(g->plan.chain->key, key))
		return NULL;
	if (atomic_load(&g->done))
		return g->kind == ERR_FATAL ? g->err.msg : NULL;
	if (offered && clock_ms() - offered > OFFER_MS)
		return "Kafka takes no records at the moment";
	switch (atomic_load(&g->state.phase)) {
	case 0: return "it is starting: waiting for Kafka, or reading the topic back";
	case 3: return "the node's head does not advance";
	case 4: return "it has stopped, see its log";
	default: return NULL;
	}
}

static enum err_kind work(struct lone_ingest *g, struct err *e)
{
	struct serve_live live = {.arg = g, .trouble = live_trouble};
	struct serve_conf sc = {.listen = g->conf->metrics_listen, .live = &live};
	struct serve *monitor = NULL;
	pthread_t thread;
	enum err_kind k = sc.listen ? serve_start(&monitor, g->p.net, &sc, e) : ERR_NONE;

	if (k)
		return k;
	if (pthread_create(&thread, NULL, ingest_main, g)) {
		serve_stop(monitor);
		return err_set(e, ERR_FATAL, "ingest", 0, "can not start a thread");
	}
	wait_for_end(g);
	serve_stop(monitor);
	pthread_join(thread, NULL);
	*e = g->err;
	return g->kind;
}

static enum err_kind run(struct lone_ingest *g, struct err *e)
{
	const size_t c = g->p.only;
	enum err_kind k;

	if ((k = pipeline_replay(&g->p, e)))
		return k;
	{
		const struct source_conf sc = pipeline_source(&g->conf->p);

		k = source_open(&g->source, g->plan.chain, (const char *const *)g->p.urls[c],
			g->p.url_count[c], &sc, e);
	}
	if (k)
		return k;
	k = work(g, e);
	log_info("ingest", "stopping", "chain=%s reason=%s", g->plan.chain->key,
		k == ERR_STOP ? "signal" : k ? "error" : "done");
	return k;
}

static enum err_kind check_from(const struct lone_ingest *g, struct err *e)
{
	const struct chain_conf *cc = g->plan.chain;

	if (g->conf->from >= 0 && (uint64_t)g->conf->from < cc->first_block)
		return err_set(e, ERR_FATAL, "opt", 0,
			"option \"from\": %" PRId64 " is below the first block of chain %s, %" PRIu64,
			g->conf->from, cc->key, cc->first_block);
	return ERR_NONE;
}

static int plan_and_run(const struct lone_ingest_conf *c)
{
	struct lone_ingest g = {.conf = c};
	const char **props = NULL;
	struct err e = {0}, ce;
	enum err_kind k = pipeline_load(&g.p, &c->p, c->chain, &e);
	bool usage = true;

	if (!k) {
		g.plan = (struct ingest_plan){.chain = &g.p.net->chains[g.p.only], .kafka = &g.kafka,
			.has_from = c->from >= 0, .from = (uint64_t)c->from};
		kafka_opts_conf(&g.kafka, &c->kafka, g.plan.chain, &props);
		g.kafka.new_stream = g.plan.has_from;
		k = check_from(&g, &e);
	}
	if (!k && !c->p.common.check_config) {
		usage = false;
		k = stop_install(&e);
		if (!k)
			k = run(&g, &e);
	}
	source_close(g.source);
	stream_writer_close(g.writer);
	if (g.start.mem)
		ingest_start_free(&g.start);
	(void)pipeline_close(&g.p, &ce);
	free(props);
	return k && k != ERR_STOP ? command_fail("ingest", usage ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_OK;
}

int cmd_ingest(int argc, char **argv)
{
	static const struct opt *const tables[] = {node_opts, opts, NULL};
	struct lone_ingest_conf c = {.p = {.progress = true}};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "ingest",
		"--network NAME|FILE --chain CHAIN --brokers HOST:PORT[,...] [OPTIONS]", tables, &c, argc,
		argv, &rest, &n);

	if (rc < 0 && n)
		rc = command_usage("ingest", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = plan_and_run(&c);
	opt_free(set);
	return rc;
}
