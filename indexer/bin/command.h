#ifndef BIN_COMMAND_H
#define BIN_COMMAND_H

#include "base/opt.h"

#include <stdbool.h>

/** Exit codes of every command; documented in the README. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,  /* the work could not be done, or what was checked is not in order */
	EXIT_USAGE = 2,   /* unknown command, option or value */
};

/** One sub-command: argv without the program and the command's name. */
struct command {
	const char *name;
	const char *summary;   /* one line for the list of commands */
	int (*run)(int argc, char **argv);
};

int cmd_up(int argc, char **argv);
int cmd_ingest(int argc, char **argv);
int cmd_index(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_backfill(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_override(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_network(int argc, char **argv);
int cmd_replay_server(int argc, char **argv);

/** Options that every long-running command takes. */
struct common_conf {
	char *log_level;
	bool print_config;
	bool check_config;
};
extern const struct opt common_opts[]; /* offsets are into a struct whose first member is common_conf */

/**
 * Parse a command's options, apply the common ones. tables: NULL-terminated, common_opts not included.
 * Returns -1 to go on, else the exit code to leave with (help, --print-config, a mistake).
 */
int command_options(struct opt_set **set, const char *command, const char *synopsis,
	const struct opt *const *tables, void *config, int argc, char **argv,
	const char *const **rest, size_t *rest_n);

/** Print "bttc-indexer COMMAND: message" and return the code. */
int command_fail(const char *command, int code, const struct err *e);

/** A wrong word or number of words: one line, EXIT_USAGE. near may be NULL. */
int command_usage(const char *command, const char *what, const char *word, const char *near);

/** Length of HOST in "HOST:PORT" (all of it when there is no colon), for "%.*s". */
int listen_host_len(const char *listen);

#endif
