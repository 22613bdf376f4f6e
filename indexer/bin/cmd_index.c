/*
 * `index`: the chains of a network from Kafka into PostgreSQL. Several processes share the chains: who
 * holds a chain's advisory lock works on it, the others wait for the lock and take over.
 */
#include "bin/chain_index.h"
#include "bin/kafka_opts.h"
#include "bin/pipeline.h"

#include "api/serve.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MS 10000

struct lone_index_conf {
	struct common_conf common; /* first */
	char *network, *database, *metrics_listen;
	struct kafka_opts kafka;
	struct opt_list chain;
	bool until_head, progress;
};

#define AT(f) offsetof(struct lone_index_conf, f)
static const struct opt opts[] = {
	{"network", "NAME|FILE", OPT_STRING, AT(network), NULL, 0, 0, OPT_REQUIRED,
		"Network: mainnet, donau, golden, world, or a network file."},
	{"database", "URL", OPT_STRING, AT(database), NULL, 0, 0, OPT_REQUIRED | OPT_SECRET,
		"PostgreSQL to write to; its schema is brought up to date."},
	KAFKA_OPTS(struct lone_index_conf, kafka),
	{"chain", "CHAIN", OPT_LIST, AT(chain), NULL, 0, 0, 0,
		"Only these chains of the network; all when none is named."},
	{"metrics-listen", "HOST:PORT", OPT_STRING, AT(metrics_listen), NULL, 0, 0, 0,
		"Serve /metrics, /healthz and /readyz here; port 0 takes a free one."},
	{"until-head", NULL, OPT_FLAG, AT(until_head), "false", 0, 0, 0,
		"End with exit code 0 once everything that the topics held at the start is stored."},
	{"progress", NULL, OPT_FLAG, AT(progress), "true", 0, 0, 0,
		"Log a line for each chain every 10 s."},
	OPT_END,
};

struct lone_index {
	const struct lone_index_conf *conf;
	struct network *net;
	struct chain_index_conf chain_conf[CHAINS_MAX];
	const char **props[CHAINS_MAX];
	struct chain_index *run[CHAINS_MAX];
	struct books *books; /* where the staking chain is worked on */
	size_t n;
};

static bool is_named(const struct opt_list *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], key))
			return true;
	return !l->n;
}

static enum err_kind plan(struct lone_index *x, struct err *e)
{
	const struct lone_index_conf *c = x->conf;
	enum err_kind k = network_load(&x->net, c->network, e);

	if (k)
		return k;
	if (x->net->chain_count > CHAINS_MAX)
		return err_set(e, ERR_FATAL, "opt", 0, "%s: more than %d chains", x->net->path, CHAINS_MAX);
	for (size_t i = 0; i < c->chain.n; i++)
		if (!network_chain(x->net, c->chain.v[i]))
			return err_set(e, ERR_FATAL, "opt", 0,
				"option \"chain\": network %s has no chain \"%.40s\"", x->net->name,
				c->chain.v[i]);
	for (size_t i = 0; i < x->net->chain_count; i++) {
		struct chain_index_conf *cc = &x->chain_conf[x->n];

		if (!is_named(&c->chain, x->net->chains[i].key))
			continue;
		*cc = (struct chain_index_conf){.chain = &x->net->chains[i], .database = c->database,
			.until_head = c->until_head};
		kafka_opts_conf(&cc->kafka, &c->kafka, cc->chain, &x->props[x->n++]);
	}
	return ERR_NONE;
}

/** A chain that has to stop stops the process, so that whoever watches it notices. */
static bool any_ended_badly(const struct lone_index *x, bool *all)
{
	bool bad = false;

	*all = true;
	for (size_t i = 0; i < x->n; i++) {
		*all &= chain_index_ended(x->run[i]);
		bad |= chain_index_ended(x->run[i]) && chain_index_state(x->run[i])->phase == INDEX_HALTED;
	}
	return bad;
}

static void report(const struct lone_index *x)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct index_state *s = chain_index_state(x->run[i]);

		log_info("index", "indexing",
			"chain=%s block=%" PRIu64 " events=%" PRIu64 " parked=%" PRIu64 " state=%s",
			x->chain_conf[i].chain->key, s->indexed, s->events, s->parked,
			s->phase == INDEX_WAITING ? "waiting" : s->phase == INDEX_DONE ? "done"
			: s->phase == INDEX_STANDBY ? "standby" : "running");
	}
}

static void wait_for_end(const struct lone_index *x)
{
	uint64_t said = clock_ms();
	bool all;

	while (!stop_wait_ms(50)) {
		log_tick(false);
		if (any_ended_badly(x, &all) || (x->books && books_trouble(x->books)))
			break;
		if (all && x->books)
			books_finish(x->books);
		if (all && (!x->books || books_ended(x->books)))
			break;
		if (!x->conf->progress || clock_ms() - said < REPORT_MS)
			continue;
		said = clock_ms();
		report(x);
	}
}

static const char *live_trouble(void *arg, const char *key)
{
	const struct lone_index *x = arg;

	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->chain_conf[i].chain->key, key)) {
			const char *why = chain_index_trouble(x->run[i]);

			return why || !x->books || x->chain_conf[i].chain != network_staking(x->net)
				       ? why
				       : books_trouble(x->books);
		}
	return NULL;
}

static enum err_kind work(struct lone_index *x, struct err *e)
{
	struct serve_live live = {.arg = x, .trouble = live_trouble};
	struct serve_conf sc = {.listen = x->conf->metrics_listen, .live = &live};
	struct serve *monitor = NULL;
	enum err_kind k = sc.listen ? serve_start(&monitor, x->net, &sc, e) : ERR_NONE;

	if (k)
		return k;
	log_info("index", "started", "network=%s chains=%zu", x->net->name, x->n);
	wait_for_end(x);
	serve_stop(monitor);
	return ERR_NONE;
}

static enum err_kind run(struct lone_index *x, struct err *e)
{
	enum err_kind k = schema_prepare(x->conf->database, x->net, NULL, e), ended;
	size_t started = 0;
	struct err ce;
	bool asked;

	while (!k && started < x->n) {
		k = chain_index_start(&x->run[started], &x->chain_conf[started], e);
		started += !k;
	}
	for (size_t i = 0; !k && !x->books && i < x->n; i++)
		if (x->chain_conf[i].chain == network_staking(x->net))
			k = books_begin(&x->books, x->net, x->conf->database, e);
	if (!k)
		k = work(x, e);
	asked = stop_asked();
	stop_request();
	for (size_t i = 0; i < started; i++) {
		ended = chain_index_join(x->run[i], &ce);
		if (ended && ended != ERR_STOP && !k) {
			k = ended;
			*e = ce;
		}
	}
	if (x->books) {
		ended = books_join(x->books, &ce);
		if (ended && ended != ERR_STOP && !k) {
			k = ended;
			*e = ce;
		}
	}
	log_info("index", "stopping", "reason=%s", asked ? "signal" : k ? "error" : "done");
	return k;
}

static int plan_and_run(const struct lone_index_conf *c)
{
	struct lone_index x = {.conf = c};
	struct err e = {0};
	enum err_kind k = plan(&x, &e);
	bool usage = true;

	if (!k && !c->common.check_config) {
		usage = false;
		k = stop_install(&e);
		if (!k)
			k = run(&x, &e);
	}
	for (size_t i = 0; i < x.n; i++)
		free(x.props[i]);
	network_free(x.net);
	return k && k != ERR_STOP ? command_fail("index", usage ? EXIT_USAGE : EXIT_FAILED, &e) : EXIT_OK;
}

int cmd_index(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct lone_index_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "index",
		"--network NAME|FILE --brokers HOST:PORT[,...] --database URL [OPTIONS]", tables, &c, argc,
		argv, &rest, &n);

	if (rc < 0 && n)
		rc = command_usage("index", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = plan_and_run(&c);
	opt_free(set);
	return rc;
}
