/* `migrate up|down|status`. */
#include "bin/command.h"

#include "store/store.h"

#include <stdio.h>
#include <string.h>

struct migrate_conf {
	struct common_conf common;
	char *database;
	int64_t steps;
};

static const struct opt opts[] = {
	{"database", "URL", OPT_STRING, offsetof(struct migrate_conf, database), NULL, 0, 0,
		OPT_REQUIRED | OPT_SECRET, "PostgreSQL to work on, as a libpq URL or key=value text."},
	{"steps", "N", OPT_INT, offsetof(struct migrate_conf, steps), "1", 1, 9999, 0,
		"down: how many migrations to take back."},
	OPT_END,
};

static int run(const struct migrate_conf *c, const char *verb)
{
	static const char *const verbs[] = {"up", "down", "status", NULL};
	unsigned applied = 0;
	bool pending = false;
	struct err e;

	if (!strcmp(verb, "up")) {
		if (migrate_up(c->database, &applied, &e))
			return command_fail("migrate up", EXIT_FAILED, &e);
		printf("%u migration%s applied\n", applied, applied == 1 ? "" : "s");
		return EXIT_OK;
	}
	if (!strcmp(verb, "down")) {
		if (migrate_down(c->database, (unsigned)c->steps, &e))
			return command_fail("migrate down", EXIT_FAILED, &e);
		return EXIT_OK;
	}
	if (!strcmp(verb, "status")) {
		if (migrate_status(c->database, stdout, &pending, &e))
			return command_fail("migrate status", EXIT_FAILED, &e);
		return pending ? EXIT_FAILED : EXIT_OK;
	}
	return command_usage("migrate", "unknown word", verb, opt_nearest(verb, verbs));
}

int cmd_migrate(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct migrate_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "migrate", "up|down|status --database URL [OPTIONS]", tables, &c,
		argc, argv, &rest, &n);

	if (rc < 0)
		rc = n == 1 ? run(&c, rest[0])
			: command_usage("migrate", "say up, down or status", NULL, NULL);
	opt_free(set);
	return rc;
}
