#ifndef API_PGPOOL_H
#define API_PGPOOL_H

#include "base/arena.h"
#include "base/err.h"

/*
 * A few libpq connections in pipeline mode on an h2o event loop. Questions are single read-only
 * statements, prepared once a connection, many in flight on each; answers come by callback on the
 * loop's thread. A lost connection is opened again with backoff and its questions are asked once
 * more on another, so that a restart of the database is a pause, not an error, for as long as they
 * wait.
 */
struct pgpool;
struct pg_ask;    /* a question in flight */
struct pg_result; /* libpq's result, valid during the callback */
struct st_h2o_evloop_t;

struct pgpool_conf {
	const char *url;      /* libpq URI or DSN */
	const char *network;  /* the database must be of this network (chain.network) */
	unsigned connections; /* 2 or more: the last one is kept for bulk questions */
	unsigned timeout_ms;  /* of one statement */
};

/**
 * Asked first on every connection: the network's name and the settings of the session. $1: statement
 * timeout in ms. Statements are written for one walk of one index in its order: joining or sorting
 * whole tables is never wanted, whatever the statistics say (tests/pg/test_list_plan.c).
 */
extern const char PGPOOL_SETTINGS[];

/** Starts connecting at once; conf and its texts must outlive the pool. */
struct pgpool *pgpool_new(struct st_h2o_evloop_t *loop, const struct pgpool_conf *conf);

/** Closes all; questions in flight are dropped without a callback. NULL is legal. */
void pgpool_free(struct pgpool *p);

/** Call every 100 ms or so: opens connections, gives up questions that waited too long. */
void pgpool_tick(struct pgpool *p);

/**
 * res is NULL on failure; then e has AGAIN (database away, overloaded or shutting down) or FATAL
 * (the statement itself was refused: a fault of this program or of the schema); code PG_TOO_SLOW:
 * it was cancelled by its time limit. Messages are for logs, not for clients. Called once.
 */
enum { PG_TOO_SLOW = 1 };
typedef void pg_done(void *arg, const struct pg_result *res, const struct err *e);

/**
 * Ask. values are text forms, copied. bulk: may take long, others must not wait behind it.
 * Returns NULL when `done` has been called already (database away).
 */
struct pg_ask *pgpool_ask(struct pgpool *p, bool bulk, const char *sql, int n,
	const char *const *values, pg_done *done, void *arg);

/** The answer is not wanted any more: `done` will not be called. NULL is legal. */
void pg_ask_cancel(struct pg_ask *a);

/** A sentence on why no connection is up, or NULL when one is. */
const char *pgpool_trouble(const struct pgpool *p);

/* Values of a result; columns are binary. Integers of 2, 4 or 8 bytes; false booleans for NULL. */
int pgres_rows(const struct pg_result *r);
bool pgres_null(const struct pg_result *r, int row, int col);
int64_t pgres_i64(const struct pg_result *r, int row, int col);
bool pgres_bool(const struct pg_result *r, int row, int col);
struct bytes pgres_bytes(const struct pg_result *r, int row, int col);

#endif
