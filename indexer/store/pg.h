#ifndef STORE_PG_H
#define STORE_PG_H

/*
 * One connection to PostgreSQL: statements, COPY, and the translation of SQLSTATE into what the
 * caller does next. For stages that own a transaction, and commands that read; the API has a pool of
 * its own. No call blocks beyond a stop by more than PG_STOP_GRACE_MS.
 */
#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pg;

#define PG_ARGS_MAX      24
#define PG_MANY_MAX      8
#define PG_TEXT_MAX      (1u << 20)
#define PG_STOP_GRACE_MS 2000

/** Parameters $1.. of one statement. Zero-initialise, then add in order. Views are not copied. */
struct pg_args {
	int n;
	const char *v[PG_ARGS_MAX];
	int len[PG_ARGS_MAX], format[PG_ARGS_MAX];
	unsigned type[PG_ARGS_MAX];
	uint8_t number[PG_ARGS_MAX][8];
};
void pg_arg_i64(struct pg_args *a, int64_t v);                 /* bigint */
void pg_arg_opt_i64(struct pg_args *a, bool has, int64_t v);   /* bigint or NULL */
void pg_arg_bytes(struct pg_args *a, const void *p, size_t n); /* bytea; p NULL: NULL */
void pg_arg_text(struct pg_args *a, const char *s);            /* text; NULL: NULL */

/**
 * Connect. url is a libpq URI or DSN; `app` becomes application_name unless the url has one.
 * Times are UTC and names are not looked up outside pg_catalog on this connection.
 * Errors: ERR_AGAIN not reachable, starting, too many connections; ERR_FATAL bad url, password,
 * no such database; ERR_STOP.
 */
MUST_USE enum err_kind pg_open(struct pg **out, const char *url, const char *app, struct err *e);
void pg_close(struct pg *pg); /* NULL is legal; an open transaction is rolled back by the server */

/** True when a statement ended without an answer: its outcome is not known. */
bool pg_lost(const struct pg *pg);

/**
 * Run one or more statements without parameters; rows are dropped.
 * Errors: as SQLSTATE says (ERR_AGAIN connection, resources, serialization; ERR_REJECT data and
 * constraints, with table and constraint; else ERR_FATAL); ERR_STOP asked and no answer in time.
 */
MUST_USE enum err_kind pg_exec(struct pg *pg, const char *sql, struct err *e);

/** Take back the open transaction, if the connection lives; whatever fails shows at the next call.
 */
void pg_rollback(struct pg *pg);

/** As pg_exec, but a stop cancels the statement at once (index builds, waits). */
MUST_USE enum err_kind pg_exec_cancellable(struct pg *pg, const char *sql, struct err *e);

/** The same on two connections at once; waits for both. The first error of either. */
MUST_USE enum err_kind pg_exec_both(
	struct pg *a, const char *sql_a, struct pg *b, const char *sql_b, struct err *e);

/** One statement with parameters (NULL: none); its rows are the current result until the next call.
 */
MUST_USE enum err_kind pg_query(
	struct pg *pg, const char *sql, const struct pg_args *args, struct err *e);

/**
 * As pg_query, of a text that is asked again and again and outlives the connection: the server takes
 * it apart once. The same text means the same pointer.
 */
MUST_USE enum err_kind pg_query_kept(
	struct pg *pg, const char *sql, const struct pg_args *args, struct err *e);

/**
 * Several such SELECTs with the same arguments in one exchange. Then pg_take(i) makes the rows of the
 * i-th the current result, each once. Errors: the first one's, as pg_query.
 */
MUST_USE enum err_kind pg_query_many(struct pg *pg, const char *const *sql, int n,
	const struct pg_args *args, struct err *e);
void pg_take(struct pg *pg, int i);

/* The current result. Columns of type boolean, smallint, integer, bigint; bytea; text. */
int pg_count(const struct pg *pg);
int64_t pg_changed(const struct pg *pg); /* rows that INSERT, UPDATE, DELETE touched */
bool pg_null(const struct pg *pg, int row, int col);
int64_t pg_i64(const struct pg *pg, int row, int col);                 /* 0 for NULL */
const char *pg_text(const struct pg *pg, int row, int col, size_t *n); /* n may be NULL */

/** Wait up to ms for a notification that this connection listens for; less on one or on a stop. */
MUST_USE enum err_kind pg_wait_news(struct pg *pg, unsigned ms, struct err *e);

/** COPY ... FROM STDIN BINARY of one encoded buffer (copy.h). Sets *rows to what was stored. */
MUST_USE enum err_kind pg_copy(
	struct pg *pg, const char *sql, const struct buf *data, uint64_t *rows, struct err *e);

/** The same of several tables, in half the exchanges. In a transaction. */
struct pg_copy_in {
	const char *sql;
	const struct buf *data;
	uint64_t rows; /* set: what was stored */
};
MUST_USE enum err_kind pg_copy_many(
	struct pg *pg, struct pg_copy_in *c, size_t n, struct err *e);

#endif
