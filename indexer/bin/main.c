/*
 * bttc-indexer: the table of sub-commands. Each command is a file of its own here and only joins the
 * stages together.
 */
#include "bin/command.h"

#include "base/log.h"
#include "base/version.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
	{"up", "everything in one process: PostgreSQL, ingest, index, serve", cmd_up},
	{"ingest", "one chain from its nodes into Kafka", cmd_ingest},
	{"index", "all chains of a network from Kafka into PostgreSQL", cmd_index},
	{"serve", "the HTTP API over a database", cmd_serve},
	{"migrate", "bring the database's schema up or down, or show its state", cmd_migrate},
	{"backfill", "index a bounded range of one chain", cmd_backfill},
	{"status", "heads, lag and verification at a glance; exit code for monitoring", cmd_status},
	{"export", "histories and statements as CSV or NDJSON", cmd_export},
	{"verify", "check evidence files offline", cmd_verify},
	{"override", "state a parameter that the chain does not show", cmd_override},
	{"snapshot", "ask the staking contracts for their values, compare, make overrides", cmd_snapshot},
	{"network", "check a network file, or make one for recordings", cmd_network},
	{"replay-server", "serve recorded blocks as JSON-RPC nodes", cmd_replay_server},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

const struct opt common_opts[] = {
	{"log-level", "LEVEL", OPT_STRING, offsetof(struct common_conf, log_level), "info", 0, 0, 0,
		"Lowest level that is logged: debug, info, warn or error."},
	{"print-config", NULL, OPT_FLAG, offsetof(struct common_conf, print_config), "false", 0, 0, 0,
		"Print every setting with its origin (secrets masked) and exit."},
	{"check-config", NULL, OPT_FLAG, offsetof(struct common_conf, check_config), "false", 0, 0, 0,
		"Check options and network file, then exit without touching anything."},
	OPT_END,
};

static void help(FILE *to)
{
	fprintf(to, "Usage: bttc-indexer COMMAND [OPTIONS]\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\n`bttc-indexer COMMAND --help` shows every option.\n"
		"Exit codes: 0 done, 1 failed or not in order, 2 wrong command, option or value.\n");
}

int command_fail(const char *command, int code, const struct err *e)
{
	fprintf(stderr, "bttc-indexer %s: %s\n", command, e->msg);
	return code;
}

int command_usage(const char *command, const char *what, const char *word, const char *near)
{
	fprintf(stderr, "bttc-indexer %s: %s%s%s%s%s%s%s\n", command, what, word ? " \"" : "",
		word ? word : "", word ? "\"" : "", near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	return EXIT_USAGE;
}

int listen_host_len(const char *listen)
{
	const char *colon = strrchr(listen, ':');

	return (int)(colon ? (size_t)(colon - listen) : strlen(listen));
}

int command_options(struct opt_set **set, const char *command, const char *synopsis,
	const struct opt *const *tables, void *config, int argc, char **argv,
	const char *const **rest, size_t *rest_n)
{
	const struct opt *all[8] = {common_opts};
	struct common_conf *c = config;
	enum log_level level;
	struct err e;
	size_t n = 1;

	for (; *tables && n < 7; tables++)
		all[n++] = *tables;
	switch (opt_parse(set, command, synopsis, all, config, argc, argv, rest, rest_n, &e)) {
	case ERR_NONE: break;
	case ERR_STOP: return EXIT_OK;
	case ERR_AGAIN:
	case ERR_REJECT:
	case ERR_REWIND:
	case ERR_FATAL: return command_fail(command, EXIT_USAGE, &e);
	}
	if (!log_level_parse(&level, c->log_level)) {
		err_set(&e, ERR_FATAL, "opt", 0,
			"option \"log-level\": \"%.40s\" is none of debug, info, warn, error", c->log_level);
		return command_fail(command, EXIT_USAGE, &e);
	}
	log_set_level(level);
	if (c->print_config) {
		opt_print_config(*set, stdout);
		return EXIT_OK;
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *names[COMMANDS + 1];
	const char *word = argc > 1 ? argv[1] : NULL;

	if (!word) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(word, "--version")) {
		printf("bttc-indexer %s\n", version_text());
		return EXIT_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(word, commands[i].name)) {
			int code = commands[i].run(argc - 2, argv + 2);

			log_tick(true);
			return code;
		}
		names[i] = commands[i].name;
	}
	names[COMMANDS] = NULL;
	return command_usage("", "unknown command", word, opt_nearest(word, names));
}
