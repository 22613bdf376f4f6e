#ifndef TESTS_PG_KIT_H
#define TESTS_PG_KIT_H

/*
 * What the tests against PostgreSQL share: throw-away databases on the server of BTTC_TEST_PG,
 * plain libpq queries, and tables as text so that two databases can be compared row for row.
 */
#include "lib/check.h"

#include "base/err.h"
#include "store/store.h"

#include <libpq-fe.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wunused-function"

#define ASSERT_OK(call, e)                                                                         \
	do {                                                                                       \
		if ((call) != ERR_NONE)                                                            \
			fail_msg("%s: %s: %s", #call, err_kind_name((e).kind), (e).msg);           \
	} while (0)

static const char *pg_server(void)
{
	const char *s = getenv("BTTC_TEST_PG");

	if (!s) {
		fprintf(stderr,
			"BTTC_TEST_PG is not set: a DSN of a throw-away superuser server\n");
		exit(1);
	}
	return s;
}

static PGconn *pg_connect(const char *dsn)
{
	PGconn *c = PQconnectdb(dsn);
	PGresult *r;

	if (PQstatus(c) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(c));
	r = PQexec(c, "SET client_min_messages = warning; SET timezone = 'UTC'");
	PQclear(r);
	return c;
}

/** Rows of a query; ends the test when it fails. */
static PGresult *pg_rows(PGconn *c, const char *sql)
{
	PGresult *r = PQexec(c, sql);
	ExecStatusType s = PQresultStatus(r);

	if (s != PGRES_TUPLES_OK && s != PGRES_COMMAND_OK)
		fail_msg("%.300s: %s", sql, PQerrorMessage(c));
	return r;
}

static void pg_do(PGconn *c, const char *sql)
{
	PQclear(pg_rows(c, sql));
}

/** One value as text; "" for NULL or no row. One of eight buffers. */
static const char *pg_value(PGconn *c, const char *sql)
{
	static char out[8][4096];
	static unsigned at;
	char *o = out[at++ % 8];
	PGresult *r = pg_rows(c, sql);

	snprintf(o, sizeof(out[0]), "%s", PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);
	return o;
}

static long long pg_number(PGconn *c, const char *sql)
{
	return strtoll(pg_value(c, sql), NULL, 10);
}

struct test_db {
	char name[64];
	char dsn[1024];
	PGconn *c;
};

static void db_dsn(char *out, size_t n, const char *name)
{
	snprintf(out, n, "%s dbname=%s", pg_server(), name);
}

static void db_open(struct test_db *db)
{
	static unsigned counter;
	PGconn *c = pg_connect(pg_server());
	char sql[128];

	snprintf(db->name, sizeof(db->name), "bttc_test_%d_%u", (int)getpid(), counter++);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", db->name);
	pg_do(c, sql);
	PQfinish(c);
	db_dsn(db->dsn, sizeof(db->dsn), db->name);
	db->c = pg_connect(db->dsn);
}

static void db_close(struct test_db *db)
{
	PGconn *c = pg_connect(pg_server());
	char sql[128];

	PQfinish(db->c);
	snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", db->name);
	pg_do(c, sql);
	PQfinish(c);
}

/** A database with the schema and the chains of a network. */
static void db_open_network(struct test_db *db, const struct network *net)
{
	struct err e;

	db_open(db);
	ASSERT_OK(migrate_up(db->dsn, NULL, &e), e);
	ASSERT_OK(store_register(db->dsn, net, &e), e);
}

/* -------- comparing databases -------- */

/* Everything that two runs over the same input must have in common, forks included. */
static const char *const story_tables[] = {"chain.block", "chain.log", "chain.tx", "chain.contract",
	"chain.parked", "chain.level_count", "chain.fork", "chain.orphan_block", "chain.orphan_log",
	"chain.orphan_tx", "chain.orphan_contract", "chain.orphan_parked", "staking.checkpoint",
	"staking.orphan_checkpoint", "partnership.event", "partnership.orphan_event",
	"chain.evidence", "chain.orphan_evidence", "chain.evidence_tx",
	"(SELECT chain_id, seq, indexed, indexed_hash, indexed_time, node_head, safe, final, "
	"fork_count"
	" FROM chain.head)",
	"chain.coverage", NULL};

/* What is left when forks are not looked at: equal to a run that never saw them. */
static const char *const canonical_tables[] = {"chain.block", "chain.log", "chain.tx",
	"chain.contract", "chain.parked", "chain.level_count", "staking.checkpoint",
	"partnership.event", "chain.evidence", "chain.evidence_tx",
	"(SELECT chain_id, indexed, indexed_hash, indexed_time FROM chain.head)", "chain.coverage",
	NULL};

static void same_table(PGconn *a, PGconn *b, const char *table)
{
	char sql[400];
	PGresult *x, *y;
	int n;

	snprintf(
		sql, sizeof(sql), "SELECT t::text FROM %s t ORDER BY t::text COLLATE \"C\"", table);
	x = pg_rows(a, sql);
	y = pg_rows(b, sql);
	n = PQntuples(x) < PQntuples(y) ? PQntuples(x) : PQntuples(y);
	for (int i = 0; i < n; i++)
		if (strcmp(PQgetvalue(x, i, 0), PQgetvalue(y, i, 0)))
			fail_msg("%.60s, row %d of %d/%d:\n  %.600s\n  %.600s", table, i,
				PQntuples(x), PQntuples(y), PQgetvalue(x, i, 0),
				PQgetvalue(y, i, 0));
	if (PQntuples(x) != PQntuples(y))
		fail_msg("%.60s: %d and %d rows; first surplus: %.300s", table, PQntuples(x),
			PQntuples(y), PQgetvalue(PQntuples(x) > n ? x : y, n, 0));
	PQclear(x);
	PQclear(y);
}

static void same_tables(PGconn *a, PGconn *b, const char *const *tables)
{
	for (; *tables; tables++)
		same_table(a, b, *tables);
}

#endif
