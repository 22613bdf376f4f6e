/* `up`: everything in one process. */
#include "bin/pipeline.h"

#include "api/serve.h"
#include "base/log.h"
#include "base/stop.h"

#include <stdio.h>

struct up_conf {
	struct pipeline_conf p; /* first */
	char *listen;
	char *sql_listen;
	bool until_head;
	int64_t connections, lag_limit_ms;
};

#define AT(f) offsetof(struct up_conf, f)
static const struct opt opts[] = {
	{"listen", "HOST:PORT", OPT_STRING, AT(listen), "127.0.0.1:8080", 0, 0, 0,
		"Where the HTTP API listens; port 0 takes a free one."},
	{"sql-listen", "HOST:PORT", OPT_STRING, AT(sql_listen), NULL, 0, 0, 0,
		"Let analysts reach the private PostgreSQL by TCP here (password, role bttc_analyst)."},
	{"until-head", NULL, OPT_FLAG, AT(until_head), "false", 0, 0, 0,
		"End with exit code 0 once everything up to the head at the start is stored."},
	{"connections", "N", OPT_INT, AT(connections), "2", 1, 32, 0,
		"Database connections of the API, each pipelined."},
	{"lag-limit", "TIME", OPT_TIME, AT(lag_limit_ms), "0", 0, 86400000, 0,
		"readyz: most lag of a chain, milliseconds; 0: from the block period, at least 60 s."},
	OPT_END,
};

static size_t live_endpoints(void *arg, const char *key, struct endpoint_info *out, size_t max)
{
	struct pipeline *p = arg;

	for (size_t c = 0; c < p->net->chain_count; c++)
		if (p->run[c] && &p->net->chains[c] == network_chain(p->net, key))
			return chain_run_endpoints(p->run[c], out, max);
	return 0;
}

static const char *live_trouble(void *arg, const char *key)
{
	struct pipeline *p = arg;

	for (size_t c = 0; c < p->net->chain_count; c++)
		if (p->run[c] && &p->net->chains[c] == network_chain(p->net, key)) {
			const char *why = chain_run_trouble(p->run[c]);

			return why || !p->books || &p->net->chains[c] != network_staking(p->net)
				? why : books_trouble(p->books);
		}
	return NULL;
}

static const char *live_note(void *arg, const char *key)
{
	struct pipeline *p = arg;

	for (size_t c = 0; c < p->net->chain_count; c++)
		if (p->run[c] && &p->net->chains[c] == network_chain(p->net, key))
			return chain_run_note(p->run[c]);
	return NULL;
}

static enum err_kind run(struct pipeline *p, const struct up_conf *c, struct err *e)
{
	struct serve_live live = {.arg = p, .endpoints = live_endpoints,
		.trouble = live_trouble, .note = live_note};
	struct serve_conf sc = {.listen = c->listen, .connections = c->connections,
		.lag_limit_ms = c->lag_limit_ms, .live = &live};
	struct ingest_conf ic = {.poll_ms = c->p.poll_ms, .range_blocks = c->p.range_blocks,
		.window_ranges = c->p.window, .until_head = c->until_head};
	struct writer_conf wc = {.bulk = true};
	struct serve *serve = NULL;
	enum err_kind k = pipeline_open(p, c->sql_listen, e);

	/* The API's thread reads the runs, so they are all there before it starts. */
	for (size_t i = 0; !k && i < p->net->chain_count; i++)
		k = pipeline_start(p, i, &ic, &wc, e);
	if (!k)
		k = books_begin(&p->books, p->net, p->url, e);
	if (!k) {
		sc.url = p->api_url;
		k = serve_start(&serve, p->net, &sc, e);
	}
	if (!k) {
		log_info("up", "started", "network=%s api=\"http://%.*s:%u\" version=" BTTC_VERSION,
			p->net->name, listen_host_len(c->listen), c->listen, serve_port(serve));
		k = pipeline_wait(p, !c->until_head, e);
		log_info("up", "stopping", "reason=%s", k == ERR_STOP ? "signal" : k ? "error" : "done");
	} else {
		stop_request();
	}
	serve_stop(serve);
	return k;
}

/* From a plan to an exit code. Whatever the plan holds is freed, also when it fails. */
static int plan_and_run(const struct up_conf *c)
{
	struct err e = {0}, ce;
	struct pipeline p;
	int failure = EXIT_USAGE;
	enum err_kind k = pipeline_plan(&p, &c->p, &e);

	if (!k && !c->p.common.check_config) {
		failure = EXIT_FAILED;
		k = stop_install(&e);
		if (!k)
			k = run(&p, c, &e);
	}
	if (pipeline_close(&p, &ce) && !k) {
		k = ERR_FATAL;
		e = ce;
	}
	return k && k != ERR_STOP ? command_fail("up", failure, &e) : EXIT_OK;
}

int cmd_up(int argc, char **argv)
{
	static const struct opt *const tables[] = {node_opts, pipeline_opts, opts, NULL};
	struct up_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "up", "--network NAME|FILE (--data DIR | --database URL) [OPTIONS]",
		tables, &c, argc, argv, &rest, &n);

	if (rc < 0 && n)
		rc = command_usage("up", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = plan_and_run(&c);
	opt_free(set);
	return rc;
}
