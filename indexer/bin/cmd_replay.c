/* `replay-server`: recordings as JSON-RPC nodes on loopback. */
#include "bin/command.h"

#include "base/stop.h"
#include "replay/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct replay_server_conf {
	struct common_conf common; /* first */
	struct opt_list recording, fault;
	char *listen, *shape;
	int64_t speed, head, fork, final_depth, safe_depth;
	bool control, bor_logs;
};

#define AT(f) offsetof(struct replay_server_conf, f)
static const struct opt opts[] = {
	{"recording", "DIR", OPT_LIST, AT(recording), NULL, 0, 0, OPT_REQUIRED,
		"Recording to serve, directory of several, KEY=DIR, or synthetic:blocks=N,logs=N,..."},
	{"listen", "HOST:PORT", OPT_STRING, AT(listen), "127.0.0.1:8545", 0, 0, 0,
		"Loopback address to listen on; port 0 takes a free one."},
	{"shape", "ethereum|tron", OPT_STRING, AT(shape), "ethereum", 0, 0, 0,
		"Form of the staking chain's answers."},
	{"speed", "N", OPT_INT, AT(speed), "0", 0, 1000000000, 0,
		"Play N times as fast as recorded, with the forks; 0: everything at once."},
	{"head", "BLOCK", OPT_INT, AT(head), "-1", -1, INT64_MAX, 0,
		"Start with the head at this block; -1: the last (or, with --speed, the first)."},
	{"fork", "N", OPT_INT, AT(fork), "0", 0, 1000, 0,
		"Start on the orphaned branch of the N-th recorded fork, at its tip; 0: canonical."},
	{"fault", "TEXT", OPT_LIST, AT(fault), NULL, 0, 0, 0,
		"Misbehave: KIND[:key=value,...]; the kinds are listed below."},
	{"safe-depth", "BLOCKS", OPT_INT, AT(safe_depth), "10", 0, 1000000, 0,
		"How far the `safe` tag is behind the head."},
	{"final-depth", "BLOCKS", OPT_INT, AT(final_depth), "64", 0, 1000000, 0,
		"How far the `finalized` tag is behind the head."},
	{"bor-logs", NULL, OPT_FLAG, AT(bor_logs), "false", 0, 0, 0,
		"BTTC: eth_getLogs lists state-sync logs too, as nodes with that flag do."},
	{"control", NULL, OPT_FLAG, AT(control), "false", 0, 0, 0,
		"Accept POST /control, which moves heads and changes faults (for tests)."},
	OPT_END,
};

static enum err_kind start(struct replay **r, const struct replay_conf *conf, bool bor_logs,
	struct replay_chain *chains, struct err *e)
{
	for (size_t i = 0; i < conf->chain_count; i++)
		chains[i].bor_logs = bor_logs;
	return replay_start(r, conf, e);
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int run(const struct replay_server_conf *c)
{
	struct replay_chain chains[16];
	struct replay_conf conf = {.listen = c->listen, .chains = chains, .speed = c->speed,
		.has_head = c->head >= 0, .head = (uint64_t)c->head, .fork = (unsigned)c->fork,
		.faults = (const char *const *)c->fault.v, .fault_count = c->fault.n,
		.final_depth = (uint64_t)c->final_depth, .safe_depth = (uint64_t)c->safe_depth,
		.control = c->control};
	struct replay_dirs *dirs = NULL;
	struct replay *r;
	struct err e;

	if (strcmp(c->shape, "ethereum") && strcmp(c->shape, "tron"))
		return command_usage("replay-server", "option \"shape\" is ethereum or tron, not", c->shape,
			NULL);
	if (replay_expand(&dirs, (const char *const *)c->recording.v, c->recording.n,
		    !strcmp(c->shape, "tron"), chains, 16, &conf.chain_count, &e) ||
		stop_install(&e) || start(&r, &conf, c->bor_logs, chains, &e)) {
		replay_dirs_free(dirs);
		return command_fail("replay-server",
			strcmp(e.from, "fault") ? EXIT_FAILED : EXIT_USAGE, &e);
	}
	for (size_t i = 0; i < conf.chain_count; i++)
		printf("http://%.*s:%u/%s  %s\n", listen_host_len(c->listen), c->listen, replay_port(r),
			chains[i].key, chains[i].dir);
	fflush(stdout);
	while (!stop_wait_ms(1000))
		;
	replay_stop(r);
	replay_dirs_free(dirs);
	return EXIT_OK;
}

int cmd_replay_server(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct replay_server_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "replay-server", "--recording DIR... [OPTIONS]", tables, &c, argc,
		argv, &rest, &n);

	if (rc == EXIT_OK && asks_help(argc, argv))
		replay_fault_help(stdout);
	if (rc < 0 && n)
		rc = command_usage("replay-server", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = run(&c);
	opt_free(set);
	return rc;
}
