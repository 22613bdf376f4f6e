/* `verify --database`: each chain of the network against what is stored; findings are lines of output. */
#include "bin/verify_database.h"

#include "base/arena.h"
#include "base/log.h"
#include "bin/command.h"
#include "books/audit.h"
#include "store/operation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TELL_EVERY 2 /* seconds */

struct telling {
	unsigned findings;
	time_t told;
};

static void found(void *arg, const char *chain, const char *table, int64_t block, const char *text,
	const char *advice)
{
	struct telling *t = arg;

	t->findings++;
	if (block >= 0)
		printf("FAILED  chain %s, block %" PRId64 ", %s: %s; %s\n", chain, block, table, text,
			advice);
	else
		printf("FAILED  chain %s, %s: %s; %s\n", chain, table, text, advice);
}

static void progress(void *arg, const char *chain, const char *what, int64_t block)
{
	struct telling *t = arg;
	time_t now = time(NULL);

	if (now - t->told < TELL_EVERY)
		return;
	t->told = now;
	fprintf(stderr, "chain %s: %s checked up to block %" PRId64 "\n", chain, what, block);
}

/* The stored network's name and revision; the name in mem. */
static enum err_kind stored_network(
	const char *database, struct arena *mem, char **name, char **revision, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, database, "bttc-indexer verify", e);

	if (!k)
		k = pg_query(pg, "SELECT name, revision FROM chain.network", NULL, e);
	if (!k && !pg_count(pg))
		k = err_set(e, ERR_FATAL, "verify", 0, "no network is stored in this database yet");
	if (!k) {
		*name = arena_strdup(mem, pg_text(pg, 0, 0, NULL));
		*revision = arena_strdup(mem, pg_text(pg, 0, 1, NULL));
	}
	pg_close(pg);
	return k;
}

static enum err_kind check_chains(const struct verify_database *c, const struct network *net,
	struct telling *t, struct err *e)
{
	const struct chain_conf *staking = network_staking(net);
	uint64_t seed = c->seed ? (uint64_t)c->seed : (uint64_t)time(NULL);
	enum err_kind k = ERR_NONE;

	if (!c->full)
		printf("a sample of %" PRId64 " blocks a chain, seed %" PRIu64 "\n", c->sample, seed);
	for (size_t i = 0; !k && i < net->chain_count; i++) {
		const struct chain_conf *chain = &net->chains[i];
		struct audit_conf a = {
			.books = {.chain = chain, .database = c->database, .revision = net->revision,
				.initial_state = chain == staking ? net->initial_state : NULL},
			.staking = chain == staking,
			.sample = c->full ? 0 : (size_t)c->sample,
			.seed = seed,
			.found = found,
			.progress = c->progress ? progress : NULL,
			.arg = t,
		};
		unsigned before = t->findings;

		if (c->chain && strcmp(c->chain, chain->key))
			continue;
		k = audit_chain(&a, e);
		if (!k && t->findings == before)
			printf("ok      chain %s\n", chain->key);
	}
	return k;
}

/* Is the log of operations whole? */
static enum err_kind check_operations(struct pg *pg, struct telling *t, struct err *e)
{
	enum err_kind k = pg_query(pg,
		"SELECT operation, fault FROM chain.operation_fault() LIMIT 20", NULL, e);

	for (int i = 0; !k && i < pg_count(pg); i++) {
		t->findings++;
		printf("FAILED  chain.operation, entry %" PRId64 ": %s; restore the log from a backup\n",
			pg_i64(pg, i, 0), pg_text(pg, i, 1, NULL));
	}
	if (k || pg_count(pg))
		return k;
	k = pg_query(pg, "SELECT id, encode(hash, 'hex') FROM chain.operation_head", NULL, e);
	if (!k && pg_count(pg) == 1)
		printf("ok      log of %" PRId64 " operations, hash 0x%s\n", pg_i64(pg, 0, 0),
			pg_text(pg, 0, 1, NULL));
	return k;
}

/* A reader who may not write, or a copy that can not be written, leaves no entry. */
static enum err_kind log_result(struct pg *pg, const struct verify_database *c, unsigned findings,
	struct err *e)
{
	enum err_kind k = pg_query(pg,
		"SELECT has_function_privilege('chain.record_operation(text, text)', 'EXECUTE') AND NOT"
		" pg_is_in_recovery() AND EXISTS (SELECT FROM chain.operation_head)",
		NULL, e);
	char sample[40];

	if (k || !pg_i64(pg, 0, 0))
		return k;
	snprintf(sample, sizeof(sample), "a sample of %" PRId64, c->sample);
	return operation_record(pg, e, "verify", "%s blocks of %s: %u findings", c->full ? "all" : sample,
		c->chain ? c->chain : "each chain", findings);
}

static enum err_kind check_log(const struct verify_database *c, struct telling *t, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, c->database, "bttc-indexer verify", e);

	if (!k)
		k = check_operations(pg, t, e);
	if (!k)
		k = log_result(pg, c, t->findings, e);
	pg_close(pg);
	return k;
}

int verify_database(const struct verify_database *c)
{
	struct arena *mem = arena_new(1u << 20);
	struct network *net = NULL;
	struct telling t = {0};
	char *name = NULL, *revision = NULL;
	struct err e;
	enum err_kind k = stored_network(c->database, mem, &name, &revision, &e);

	if (!k)
		k = network_load(&net, c->network ? c->network : name, &e);
	if (!k && strcmp(net->revision, revision))
		k = err_set(&e, ERR_FATAL, "verify", 0,
			"the database is of network %s, revision %s; %s is revision %s: give its "
			"file by --network",
			name, revision, net->name, net->revision);
	if (!k && c->chain && !network_chain(net, c->chain))
		k = err_set(&e, ERR_FATAL, "verify", 0, "network %s has no chain %s", net->name, c->chain);
	if (!k)
		k = check_chains(c, net, &t, &e);
	if (!k)
		k = check_log(c, &t, &e);
	network_free(net);
	arena_free(mem);
	if (k)
		return command_fail("verify", EXIT_USAGE, &e);
	return t.findings ? EXIT_FAILED : EXIT_OK;
}
