/* `network check FILE` and `network from-recording DIR...`. */
#include "bin/command.h"

#include "network/network.h"

#include <stdio.h>
#include <string.h>

struct network_conf {
	struct common_conf common;
	char *shape;
};

static const struct opt opts[] = {
	{"shape", "ethereum|tron", OPT_STRING, offsetof(struct network_conf, shape), "ethereum", 0, 0, 0,
		"from-recording: form in which the staking chain will be replayed."},
	OPT_END,
};

static int check(const char *file)
{
	struct network *net;
	struct err e;

	if (network_load(&net, file, &e))
		return command_fail("network check", EXIT_FAILED, &e);
	printf("%s: network \"%s\", revision %s\n", net->path, net->name, net->revision);
	for (size_t i = 0; i < net->chain_count; i++) {
		const struct chain_conf *c = &net->chains[i];

		printf("  chain %-9s id %-10llu %zu contracts, %zu watches, %zu discovery rules\n",
			c->key, (unsigned long long)c->chain_id, c->contract_count, c->watch_count,
			c->rule_count);
	}
	network_free(net);
	return EXIT_OK;
}

static int from_recording(const struct network_conf *c, const char *const *dirs, size_t n)
{
	struct err e;
	bool tron = !strcmp(c->shape, "tron");

	if (!tron && strcmp(c->shape, "ethereum"))
		return command_usage("network", "option \"shape\" is ethereum or tron, not", c->shape, NULL);
	if (!n)
		return command_usage("network", "from-recording needs at least one directory", NULL, NULL);
	if (network_from_recording(dirs, n, tron, stdout, &e))
		return command_fail("network from-recording", EXIT_FAILED, &e);
	return EXIT_OK;
}

int cmd_network(int argc, char **argv)
{
	static const char *const verbs[] = {"check", "from-recording", NULL};
	static const struct opt *const tables[] = {opts, NULL};
	struct network_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "network", "check FILE | from-recording DIR... [OPTIONS]", tables,
		&c, argc, argv, &rest, &n);

	if (rc >= 0)
		;
	else if (!n)
		rc = command_usage("network", "say `check FILE` or `from-recording DIR...`", NULL, NULL);
	else if (!strcmp(rest[0], "check"))
		rc = n == 2 ? check(rest[1])
			: command_usage("network", "check takes one FILE", NULL, NULL);
	else if (!strcmp(rest[0], "from-recording"))
		rc = from_recording(&c, rest + 1, n - 1);
	else
		rc = command_usage("network", "unknown word", rest[0], opt_nearest(rest[0], verbs));
	opt_free(set);
	return rc;
}
