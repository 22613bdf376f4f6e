#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum opt_type {
	OPT_FLAG,   /* bool; --name, --no-name, name = true|false */
	OPT_INT,    /* int64_t in [min, max] */
	OPT_STRING, /* char * (owned by the option set) */
	OPT_SIZE,   /* int64_t bytes; "64M", "1G" */
	OPT_TIME,   /* int64_t milliseconds; "250ms", "2s", "5m", "1h"; a plain number is ms */
	OPT_LIST,   /* struct opt_list; may be given several times */
};

enum { OPT_REQUIRED = 1, OPT_SECRET = 2 };

struct opt_list {
	char **v;
	size_t n;
};

/** One setting. The parser, --help, --print-config and the config reference all read this table. */
struct opt {
	const char *name;    /* "poll-period"; environment BTTC_POLL_PERIOD; config key poll-period */
	const char *arg;     /* what stands for the value in --help: "MS", "URL"; NULL for a flag */
	enum opt_type type;
	size_t offset;       /* into the command's config struct */
	const char *def;     /* parsed like user input; NULL: none */
	int64_t min, max;    /* both included, in the type's unit (INT, SIZE, TIME) */
	unsigned flags;
	const char *help;    /* one sentence, names the unit */
};

#define OPT_END {.name = NULL}

struct opt_set; /* what was parsed; owns strings and lists */

/**
 * Fill *config from defaults < file (--config FILE, "key = value" lines, # comments) < environment <
 * arguments. tables: NULL-terminated list of tables. rest/rest_n: the words that are no options.
 * --help prints to stdout and gives ERR_STOP. Unknown option, bad or missing value, a key given
 * twice in one source (lists apart): ERR_FATAL with one line that names it, where it stands and the
 * nearest valid one. The caller exits 2 on ERR_FATAL, 0 on ERR_STOP.
 */
MUST_USE enum err_kind opt_parse(struct opt_set **out, const char *command, const char *synopsis,
	const struct opt *const *tables, void *config, int argc, char **argv, const char *const **rest,
	size_t *rest_n, struct err *e);
void opt_free(struct opt_set *s);

/** All settings with value and origin (default, file:line, environment, argument); secrets masked. */
void opt_print_config(const struct opt_set *s, FILE *to);

/** The closest name within edit distance 3, or NULL. names: NULL-terminated. */
const char *opt_nearest(const char *word, const char *const *names);

#endif
