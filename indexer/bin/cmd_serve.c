/* `serve`: the API alone. */
#include "bin/command.h"

#include "api/serve.h"
#include "base/log.h"
#include "base/stop.h"

#include <stdio.h>

struct lone_serve_conf {
	struct common_conf common; /* first */
	char *network, *database, *listen;
	int64_t connections, lag_limit_ms;
};

#define AT(f) offsetof(struct lone_serve_conf, f)
static const struct opt opts[] = {
	{"network", "NAME|FILE", OPT_STRING, AT(network), NULL, 0, 0, OPT_REQUIRED,
		"Network: mainnet, donau, golden, world, or a network file."},
	{"database", "URL", OPT_STRING, AT(database), NULL, 0, 0, OPT_REQUIRED | OPT_SECRET,
		"PostgreSQL to read from; the read-only role bttc_api suffices."},
	{"listen", "HOST:PORT", OPT_STRING, AT(listen), "127.0.0.1:8080", 0, 0, 0,
		"Where the HTTP API listens; port 0 takes a free one."},
	{"connections", "N", OPT_INT, AT(connections), "4", 1, 32, 0,
		"Database connections, each pipelined."},
	{"lag-limit", "TIME", OPT_TIME, AT(lag_limit_ms), "0", 0, 86400000, 0,
		"readyz: most lag of a chain, milliseconds; 0: from the block period, at least 60 s."},
	OPT_END,
};

static enum err_kind run(const struct lone_serve_conf *c, struct err *e)
{
	struct serve_conf sc = {.listen = c->listen, .url = c->database,
		.connections = c->connections, .lag_limit_ms = c->lag_limit_ms};
	struct serve *serve = NULL;
	struct network *net = NULL;
	enum err_kind k = network_load(&net, c->network, e);

	if (k || c->common.check_config) {
		network_free(net);
		return k;
	}
	k = stop_install(e);
	if (!k)
		k = serve_start(&serve, net, &sc, e);
	if (!k) {
		log_info("serve", "started", "network=%s api=\"http://%.*s:%u\"", net->name,
			listen_host_len(c->listen), c->listen, serve_port(serve));
		while (!stop_wait_ms(1000))
			log_tick(false);
	}
	serve_stop(serve);
	network_free(net);
	return k;
}

int cmd_serve(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct lone_serve_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	struct err e;
	size_t n;
	int rc = command_options(&set, "serve", "--network NAME|FILE --database URL [OPTIONS]", tables, &c,
		argc, argv, &rest, &n);

	if (rc < 0 && n)
		rc = command_usage("serve", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = run(&c, &e) ? command_fail("serve", EXIT_FAILED, &e) : EXIT_OK;
	opt_free(set);
	return rc;
}
