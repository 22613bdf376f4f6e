/* `override FILE`: an operator's word about parameters that the chain does not show. */
#include "bin/command.h"

#include "books/overrides.h"

#include <inttypes.h>
#include <stdio.h>

struct override_conf {
	struct common_conf common; /* first */
	char *database;
	bool show;
};

#define AT(f) offsetof(struct override_conf, f)
static const struct opt opts[] = {
	{"database", "URL", OPT_STRING, AT(database), NULL, 0, 0, OPT_SECRET | OPT_REQUIRED,
		"Database of the ledger."},
	{"show", NULL, OPT_FLAG, AT(show), "false", 0, 0, 0,
		"Print the set in force instead of storing one."},
	OPT_END,
};

static int store(const struct override_conf *c, const char *file)
{
	struct err e;
	size_t count = 0;
	int64_t id = 0;

	if (overrides_store(c->database, file, &id, &count, &e) != ERR_NONE)
		return command_fail("override", EXIT_FAILED, &e);
	printf("set %" PRId64 " of %zu overrides is in force; the ledger is redone from the first block that"
	       " it changes\n",
		id, count);
	return EXIT_OK;
}

int cmd_override(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct override_conf c = {0};
	struct opt_set *set = NULL;
	const char *const *rest;
	size_t rest_n;
	struct err e;
	int code = command_options(&set, "override", "FILE --database URL | --show --database URL", tables,
		&c, argc, argv, &rest, &rest_n);

	if (code < 0 && c.show && rest_n)
		code = command_usage("override", "--show takes no file, but here is", rest[0], NULL);
	else if (code < 0 && !c.show && rest_n != 1)
		code = command_usage("override", "expects one FILE (- reads standard input)", NULL, NULL);
	else if (code < 0 && !c.show)
		code = store(&c, rest[0]);
	else if (code < 0 && overrides_show(c.database, &e) == ERR_NONE)
		code = EXIT_OK;
	else if (code < 0)
		code = command_fail("override", EXIT_FAILED, &e);
	opt_free(set);
	return code;
}
