/*
 * Runs the numbered migrations that are built into the program (migrations/, embed.cmake).
 *
 * Each step is one transaction together with its row in bttc.migration, under an advisory lock, so
 * two processes that start at once apply each step once. What is recorded must be what is built in:
 * a step whose text has changed since, or one that this program does not know, is refused, because
 * nobody can say what such a schema means.
 */
#include "store/store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "store/migration_list.h"
#include "store/operation.h"
#include "store/pg.h"
#include "store/schema_version.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_POLL_MS 100

static const char table_sql[] =
	"CREATE SCHEMA IF NOT EXISTS bttc;"
	"CREATE TABLE IF NOT EXISTS bttc.migration ("
	" number integer CONSTRAINT migration_pk PRIMARY KEY, name text NOT NULL, sha256 text NOT "
	"NULL,"
	" duration_ms bigint NOT NULL, version text NOT NULL, applied_at timestamptz NOT NULL);"
	"COMMENT ON SCHEMA bttc IS 'Bookkeeping of the program itself.';"
	"COMMENT ON TABLE bttc.migration IS 'Schema changes that were applied, in order.';"
	"COMMENT ON COLUMN bttc.migration.number IS 'Number of the step, from 1.';"
	"COMMENT ON COLUMN bttc.migration.name IS 'Name of its files in migrations/.';"
	"COMMENT ON COLUMN bttc.migration.sha256 IS 'SHA-256 of the text that was run, hex.';"
	"COMMENT ON COLUMN bttc.migration.duration_ms IS 'How long it took, milliseconds.';"
	"COMMENT ON COLUMN bttc.migration.version IS 'Version of the program that ran it.';"
	"COMMENT ON COLUMN bttc.migration.applied_at IS 'When it was run.'";

static unsigned known_count(void)
{
	unsigned n = 0;

	while (migration_list[n].name)
		n++;
	return n;
}

/* Which of the recorded steps is not as built in; the number of recorded steps in *applied. */
static enum err_kind compare(struct pg *pg, unsigned *applied, struct err *e)
{
	unsigned known = known_count();
	enum err_kind k;

	*applied = 0;
	k = pg_query(pg, "SELECT to_regclass('bttc.migration') IS NOT NULL", NULL, e);
	if (k || !pg_i64(pg, 0, 0))
		return k;
	if ((k = pg_query(pg, "SELECT number, name, sha256 FROM bttc.migration ORDER BY number",
		     NULL, e)))
		return k;
	for (int i = 0; i < pg_count(pg); i++) {
		const char *name = pg_text(pg, i, 1, NULL);

		if ((unsigned)i >= known)
			return err_set(e, ERR_FATAL, "migrate", 0,
				"the database has migration %s, which this program does not know: "
				"use the newer program that made it",
				name);
		if (pg_i64(pg, i, 0) != i + 1 || strcmp(name, migration_list[i].name) ||
			strcmp(pg_text(pg, i, 2, NULL), migration_list[i].sha256))
			return err_set(e, ERR_FATAL, "migrate", 0,
				"migration %s in the database is not the one built into this "
				"program (%s): "
				"use the program that made it, or another database",
				name, migration_list[i].name);
	}
	*applied = (unsigned)pg_count(pg);
	return ERR_NONE;
}

enum err_kind schema_version_check(struct pg *pg, struct err *e)
{
	unsigned applied;
	enum err_kind k = compare(pg, &applied, e);

	if (k || applied == known_count())
		return k;
	return err_set(e, ERR_FATAL, "migrate", 0,
		"the database has %u of %u migrations: run `bttc-indexer migrate up` first",
		applied, known_count());
}

static enum err_kind lock(struct pg *pg, struct err *e)
{
	bool told = false;

	for (;;) {
		enum err_kind k = pg_query(pg,
			"SELECT pg_try_advisory_lock(hashtextextended('bttc-indexer migrate', 0))",
			NULL, e);

		if (k || pg_i64(pg, 0, 0))
			return k;
		if (!told)
			log_info("migrate", "another process is migrating, waiting", "pid=%d", 0);
		told = true;
		if (stop_wait_ms(LOCK_POLL_MS))
			return err_set(e, ERR_STOP, "migrate", 0, "stopped");
	}
}

static enum err_kind check_server(struct pg *pg, struct err *e)
{
	enum err_kind k = pg_query(pg,
		"SELECT current_setting('server_version_num')::bigint, "
		"current_setting('server_encoding')",
		NULL, e);

	if (k)
		return k;
	if (pg_i64(pg, 0, 0) < 150000)
		return err_set(e, ERR_FATAL, "migrate", 0,
			"PostgreSQL 15 or newer is needed, this server is version %d",
			(int)(pg_i64(pg, 0, 0) / 10000));
	if (strcmp(pg_text(pg, 0, 1, NULL), "UTF8"))
		return err_set(e, ERR_FATAL, "migrate", 0,
			"the database has encoding %.20s: make one with CREATE DATABASE ... "
			"ENCODING UTF8",
			pg_text(pg, 0, 1, NULL));
	return ERR_NONE;
}

static enum err_kind open_locked(struct pg **out, const char *url, struct err *e)
{
	struct pg *pg;
	enum err_kind k = pg_open(&pg, url, "bttc-indexer migrate", e);

	if (k)
		return k;
	if ((k = check_server(pg, e)) || (k = lock(pg, e)) || (k = pg_exec(pg, table_sql, e))) {
		pg_close(pg);
		return k;
	}
	*out = pg;
	return ERR_NONE;
}

static enum err_kind record(
	struct pg *pg, unsigned number, const struct migration *m, uint64_t ms, struct err *e)
{
	struct pg_args a = {0};

	pg_arg_i64(&a, number);
	pg_arg_text(&a, m->name);
	pg_arg_text(&a, m->sha256);
	pg_arg_i64(&a, (int64_t)ms);
	pg_arg_text(&a, BTTC_VERSION);
	return pg_query(pg, "INSERT INTO bttc.migration VALUES ($1, $2, $3, $4, $5, now())", &a, e);
}

static enum err_kind forget(struct pg *pg, unsigned number, struct err *e)
{
	struct pg_args a = {0};

	pg_arg_i64(&a, number);
	return pg_query(pg, "DELETE FROM bttc.migration WHERE number = $1", &a, e);
}

/* One step up or down with its bookkeeping, in one transaction. number counts from 1. */
static enum err_kind step(struct pg *pg, unsigned number, bool up, struct err *e)
{
	const struct migration *m = &migration_list[number - 1];
	uint64_t start = clock_ms();
	enum err_kind k;

	if ((k = pg_exec(pg, "BEGIN", e)))
		return k;
	if ((k = pg_exec_cancellable(pg, up ? m->up : m->down, e))) {
		if (k != ERR_STOP)
			(void)err_wrap(e, "migration %s, %s", m->name, up ? "up" : "down");
		return k == ERR_REJECT ? e->kind = ERR_FATAL : k;
	}
	k = up ? record(pg, number, m, clock_ms() - start, e) : forget(pg, number, e);
	if (!k)
		k = operation_record_migration(pg, up, m->name, m->sha256, e);
	return k ? k : pg_exec(pg, "COMMIT", e);
}

enum err_kind migrate_up(const char *url, unsigned *applied, struct err *e)
{
	struct pg *pg = NULL;
	unsigned have, n = 0;
	enum err_kind k;

	if ((k = open_locked(&pg, url, e)))
		return k;
	if (!(k = compare(pg, &have, e)))
		for (unsigned i = have; !k && i < known_count(); i++, n++)
			k = step(pg, i + 1, true, e);
	pg_close(pg);
	if (!k && applied)
		*applied = n;
	return k;
}

enum err_kind migrate_down(const char *url, unsigned steps, struct err *e)
{
	struct pg *pg = NULL;
	unsigned have;
	enum err_kind k;

	if ((k = open_locked(&pg, url, e)))
		return k;
	if (!(k = compare(pg, &have, e)) && steps > have)
		k = err_set(e, ERR_FATAL, "migrate", 0, "only %u migrations are applied", have);
	for (; !k && steps; steps--, have--)
		k = step(pg, have, false, e);
	pg_close(pg);
	return k;
}

/* -------- status -------- */

static const char *state_of(struct pg *pg, unsigned i, unsigned have)
{
	if (i >= have)
		return "pending";
	if (i >= known_count())
		return "unknown";
	return strcmp(pg_text(pg, (int)i, 0, NULL), migration_list[i].name) ||
			       strcmp(pg_text(pg, (int)i, 1, NULL), migration_list[i].sha256)
		       ? "changed"
		       : "applied";
}

enum err_kind migrate_status(const char *url, FILE *to, bool *pending, struct err *e)
{
	unsigned known = known_count(), have = 0;
	struct pg *pg = NULL;
	enum err_kind k;

	if ((k = pg_open(&pg, url, "bttc-indexer migrate", e)))
		return k;
	k = pg_query(pg, "SELECT to_regclass('bttc.migration') IS NOT NULL", NULL, e);
	if (!k && pg_i64(pg, 0, 0)) {
		k = pg_query(
			pg, "SELECT name, sha256 FROM bttc.migration ORDER BY number", NULL, e);
		have = k ? 0 : (unsigned)pg_count(pg);
	}
	for (unsigned i = 0; !k && i < (have > known ? have : known); i++)
		fprintf(to, "%04u  %-24s %s\n", i + 1,
			i < known ? migration_list[i].name : pg_text(pg, (int)i, 0, NULL),
			state_of(pg, i, have));
	pg_close(pg);
	if (!k && pending)
		*pending = have < known;
	return k;
}
