/*
 * A node of recordings or synthetic chains for benches and hand tests; bttc-indexer replay-server
 * is the same with all options. Prints "listening on PORT" and serves until SIGTERM.
 *
 *   bench_node --network-file synthetic:...      (a network file for it, to stdout)
 *   bench_node HOST:PORT RECORDING... [--tron] [--control] [--speed N] [--head N] [--fork N]
 * [--fault F]
 */
#include "base/stop.h"
#include "replay/replay.h"
#include "replay/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(struct replay_conf *conf, struct err *e)
{
	struct replay *r;

	if (stop_install(e) || replay_start(&r, conf, e))
		return 1;
	printf("listening on %u\n", replay_port(r));
	fflush(stdout);
	while (!stop_wait_ms(1000))
		;
	replay_stop(r);
	return 0;
}

int main(int argc, char **argv)
{
	struct replay_chain chains[16];
	struct replay_conf conf = {.listen = argc > 1 ? argv[1] : "127.0.0.1:0", .chains = chains};
	struct replay_dirs *dirs = NULL;
	const char *faults[64], *texts[16];
	struct err e = {0};
	size_t n = 0;
	bool tron = false;
	int rc;

	if (argc == 3 && !strcmp(argv[1], "--network-file")) {
		if (!synthetic_network(stdout, argv[2], &e))
			return 0;
		fprintf(stderr, "bench_node: %s\n", e.msg);
		return 2;
	}
	conf.faults = faults;
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--control"))
			conf.control = true;
		else if (!strcmp(argv[i], "--tron"))
			tron = true;
		else if (!strcmp(argv[i], "--speed") && i + 1 < argc)
			conf.speed = strtoll(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--fork") && i + 1 < argc)
			conf.fork = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--fault") && i + 1 < argc && conf.fault_count < 64)
			faults[conf.fault_count++] = argv[++i];
		else if (!strcmp(argv[i], "--head") && i + 1 < argc) {
			conf.has_head = true;
			conf.head = strtoull(argv[++i], NULL, 10);
		} else if (n < 16)
			texts[n++] = argv[i];
	}
	rc = replay_expand(&dirs, texts, n, tron, chains, 16, &conf.chain_count, &e)
		     ? 2
		     : run(&conf, &e);
	replay_dirs_free(dirs);
	if (rc)
		fprintf(stderr, "bench_node: %s\n", e.msg);
	return rc;
}
