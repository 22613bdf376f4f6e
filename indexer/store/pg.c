/*
 * One libpq connection. Everything goes through the asynchronous calls, so that waiting for the
 * server can end when the process is asked to stop: a statement gets PG_STOP_GRACE_MS to answer,
 * then the connection is given up and its outcome is unknown (which the next start finds out from
 * the stored position). Results are binary.
 *
 * classify() is the only place that knows SQLSTATE. No SQLSTATE means that the connection broke, at
 * whatever statement, COMMIT included: the same input is offered again after a new connection has
 * read how far the database got. That is safe because rows and position are in one transaction.
 */
#include "store/pg.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/stop.h"

#include <libpq-fe.h>

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS 10000
#define COPY_CHUNK (64 * 1024)
#define KEPT_MAX   32 /* prepared statements of a connection */

/* Type oids of src/include/catalog/pg_type.dat; fixed for ever. */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25 };

struct pg {
	PGconn *conn;
	PGresult *res, *many[PG_MANY_MAX];
	bool lost;
	const char *kept[KEPT_MAX]; /* texts of prepared statements, named by their place */
	int kept_count;
};

/* -------- parameters -------- */

static int arg_next(struct pg_args *a, unsigned type, int format)
{
	if (a->n >= PG_ARGS_MAX)
		abort();
	a->type[a->n] = type;
	a->format[a->n] = format;
	a->v[a->n] = NULL;
	a->len[a->n] = 0;
	return a->n++;
}

void pg_arg_opt_i64(struct pg_args *a, bool has, int64_t v)
{
	int i = arg_next(a, OID_INT8, 1);
	uint64_t be = htobe64((uint64_t)v);

	memcpy(a->number[i], &be, 8);
	a->len[i] = 8;
	if (has)
		a->v[i] = (const char *)a->number[i];
}

void pg_arg_i64(struct pg_args *a, int64_t v)
{
	pg_arg_opt_i64(a, true, v);
}

void pg_arg_bytes(struct pg_args *a, const void *p, size_t n)
{
	int i = arg_next(a, OID_BYTEA, 1);

	a->v[i] = p;
	a->len[i] = (int)n;
}

void pg_arg_text(struct pg_args *a, const char *s)
{
	int i = arg_next(a, OID_TEXT, 0);

	a->v[i] = s;
}

/* -------- errors -------- */

static enum err_kind classify(const char *state)
{
	static const char *const again[] = {"08", "53", "57P", "40001", "40P01", "57014", "55P03"};

	if (!state || !*state)
		return ERR_AGAIN;
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++)
		if (!strncmp(state, again[i], strlen(again[i])))
			return ERR_AGAIN;
	return !strncmp(state, "22", 2) || !strncmp(state, "23", 2) ? ERR_REJECT : ERR_FATAL;
}

/* libpq's messages end in a newline and may have several lines: the first one is enough. */
static int first_line(const char *s)
{
	return (int)strcspn(s ? s : "", "\n");
}

static enum err_kind lost(struct pg *pg, struct err *e)
{
	const char *text = PQerrorMessage(pg->conn);

	pg->lost = true;
	if (!text || !*text)
		text = "no reason given";
	return err_set(e, ERR_AGAIN, "pg", 0, "connection to PostgreSQL lost: %.*s",
		first_line(text), text);
}

static enum err_kind failed(struct pg *pg, const PGresult *r, struct err *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *table = PQresultErrorField(r, PG_DIAG_TABLE_NAME);
	const char *what = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
	const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);

	if (!state || PQstatus(pg->conn) != CONNECTION_OK)
		return lost(pg, e);
	if (!detail)
		detail = hint;
	return err_set(e, classify(state), "pg", 0, "PostgreSQL %s: %s%s%s%s%s%s%.*s", state,
		text ? text : "", table ? ", table " : "", table ? table : "",
		what ? ", constraint " : "", what ? what : "", detail ? ": " : "",
		first_line(detail), detail ? detail : "");
}

/* -------- waiting -------- */

/* Wait for the socket, at most until `deadline` (0: none). ERR_STOP when a stop and its grace
 * passed. */
static enum err_kind wait_socket(
	struct pg *pg, short events, uint64_t deadline, uint64_t *stop_at, struct err *e)
{
	struct pollfd p[2] = {{.fd = PQsocket(pg->conn), .events = events},
		{.fd = *stop_at ? -1 : stop_fd(), .events = POLLIN}};
	uint64_t now = clock_ms();

	if (stop_asked() && !*stop_at)
		*stop_at = now + PG_STOP_GRACE_MS;
	if (*stop_at && (!deadline || *stop_at < deadline))
		deadline = *stop_at;
	if (deadline && now >= deadline) {
		pg->lost = true;
		if (*stop_at && now >= *stop_at)
			return err_set(
				e, ERR_STOP, "pg", 0, "stopped while PostgreSQL did not answer");
		return err_set(e, ERR_AGAIN, "pg", 0, "no answer from PostgreSQL in time");
	}
	(void)poll(p, 2, deadline ? (int)(deadline - now) : 60000);
	return ERR_NONE;
}

static enum err_kind flush(struct pg *pg, uint64_t *stop_at, struct err *e)
{
	enum err_kind k;
	int more;

	while ((more = PQflush(pg->conn)) > 0) {
		if ((k = wait_socket(pg, POLLIN | POLLOUT, 0, stop_at, e)))
			return k;
		if (!PQconsumeInput(pg->conn))
			return lost(pg, e);
	}
	return more < 0 ? lost(pg, e) : ERR_NONE;
}

static void cancel(struct pg *pg)
{
	PGcancel *c = PQgetCancel(pg->conn);
	char text[256];

	if (c && !PQcancel(c, text, sizeof(text)))
		log_debug("pg", "cancel refused", "error=%s", log_quotes(text));
	PQfreeCancel(c);
}

/* The next result of the statement under way; NULL in *r at its end. */
static enum err_kind next_result(
	struct pg *pg, bool cancellable, uint64_t *stop_at, PGresult **r, struct err *e)
{
	enum err_kind k;

	if ((k = flush(pg, stop_at, e)))
		return k;
	while (PQisBusy(pg->conn)) {
		if (cancellable && stop_asked() && !*stop_at)
			cancel(pg);
		if ((k = wait_socket(pg, POLLIN, 0, stop_at, e)))
			return k;
		if (!PQconsumeInput(pg->conn))
			return lost(pg, e);
	}
	*r = PQgetResult(pg->conn);
	return ERR_NONE;
}

/* No switch: newer libpq versions have more of them, and all others are failures. */
static bool is_good(ExecStatusType s)
{
	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY ||
	       s == PGRES_COPY_IN;
}

/* Take all results of a statement; the last good one stays as the current result. */
static enum err_kind finish(struct pg *pg, bool cancellable, struct err *e)
{
	enum err_kind k, first = ERR_NONE;
	uint64_t stop_at = 0;
	PGresult *r = NULL;

	for (;;) {
		if ((k = next_result(pg, cancellable, &stop_at, &r, e)))
			return k;
		if (!r)
			break;
		if (is_good(PQresultStatus(r))) {
			PQclear(pg->res);
			pg->res = r;
		} else {
			if (!first)
				first = failed(pg, r, e);
			PQclear(r);
		}
		if (!first && PQresultStatus(pg->res) == PGRES_COPY_IN)
			return ERR_NONE;
		if (pg->lost)
			return first;
	}
	if (!first && PQstatus(pg->conn) != CONNECTION_OK)
		return lost(pg, e);
	if (first == ERR_AGAIN && cancellable && stop_asked())
		return err_set(e, ERR_STOP, "pg", 0, "stopped");
	return first;
}

static void drop_result(struct pg *pg)
{
	PQclear(pg->res);
	pg->res = NULL;
	for (int i = 0; i < PG_MANY_MAX; i++) {
		PQclear(pg->many[i]);
		pg->many[i] = NULL;
	}
}

/* Test points: the connection breaks before a statement is sent, or after, with the answer lost. */
static void fault_before(struct pg *pg)
{
	if (fault_hit("pg.before"))
		(void)shutdown(PQsocket(pg->conn), SHUT_RDWR);
}

static void fault_after(struct pg *pg)
{
	if (fault_hit("pg.after")) {
		uint64_t none = 0;

		if (flush(pg, &none, NULL) == ERR_NONE)
			clock_sleep_ms(30); /* the server reads it; its answer is lost */
		(void)shutdown(PQsocket(pg->conn), SHUT_RDWR);
	}
}

/* -------- connection -------- */

static void quiet(void *arg, const PGresult *r)
{
	(void)arg;
	log_debug("pg", "notice", "text=%s", log_quotes(PQresultErrorMessage(r)));
}

/* SQLSTATE out of a verbose message "FATAL:  57P03: text", or "". */
static void state_of_text(char out[6], const char *text)
{
	out[0] = 0;
	for (const char *p = text; (p = strstr(p, ":  ")); p += 3) {
		size_t n = strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (n == 5 && p[8] == ':') {
			memcpy(out, p + 3, 5);
			out[5] = 0;
			return;
		}
	}
}

static enum err_kind connect_failed(struct pg *pg, struct err *e)
{
	const char *text = PQerrorMessage(pg->conn);
	char state[6];

	state_of_text(state, text);
	return err_set(e, classify(state), "pg", 0, "cannot connect to PostgreSQL: %.*s",
		first_line(text), text);
}

static enum err_kind connect_wait(struct pg *pg, struct err *e)
{
	uint64_t deadline = clock_ms() + CONNECT_MS, stop_at = 0;
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;
	enum err_kind k;

	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return connect_failed(pg, e);
	PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
	PQsetNoticeReceiver(pg->conn, quiet, NULL);
	while (s != PGRES_POLLING_OK) {
		if (s == PGRES_POLLING_FAILED)
			return connect_failed(pg, e);
		if ((k = wait_socket(pg, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline,
			     &stop_at, e)))
			return k;
		s = PQconnectPoll(pg->conn);
	}
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	return PQsetnonblocking(pg->conn, 1) ? lost(pg, e) : ERR_NONE;
}

static enum err_kind check_url(const char *url, struct err *e)
{
	char *text = NULL;
	PQconninfoOption *o = PQconninfoParse(url, &text);
	enum err_kind k = ERR_NONE;

	if (!o)
		k = err_set(e, ERR_FATAL, "pg", 0,
			"database URL is neither postgresql://... nor keyword=value: %.*s",
			first_line(text), text ? text : "");
	PQconninfoFree(o);
	PQfreemem(text);
	return k;
}

enum err_kind pg_open(struct pg **out, const char *url, const char *app, struct err *e)
{
	const char *const keys[] = {"fallback_application_name", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", NULL};
	const char *const values[] = {app, "15", "5", "3", "30000", url, NULL};
	enum err_kind k = check_url(url, e);
	struct pg *pg;

	if (k)
		return k;
	if (!(pg = calloc(1, sizeof(*pg))))
		abort();
	pg->conn = PQconnectStartParams(keys, values, 1);
	if (!pg->conn)
		abort();
	if ((k = connect_wait(pg, e)))
		goto out;
	k = pg_exec(pg,
		"SET search_path = pg_catalog; SET timezone = 'UTC'; SET client_encoding = 'UTF8';"
		"SET client_min_messages = warning; SET statement_timeout = 0; SET lock_timeout = "
		"0;"
		"SET idle_in_transaction_session_timeout = 0",
		e);
out:
	if (k) {
		pg_close(pg);
		return k;
	}
	*out = pg;
	return ERR_NONE;
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	drop_result(pg);
	PQfinish(pg->conn);
	free(pg);
}

bool pg_lost(const struct pg *pg)
{
	return pg->lost;
}

/* -------- statements -------- */

static enum err_kind begin(struct pg *pg, struct err *e)
{
	if (pg->lost)
		return err_set(e, ERR_AGAIN, "pg", 0, "connection to PostgreSQL was lost");
	drop_result(pg);
	fault_before(pg);
	return ERR_NONE;
}

static enum err_kind send_sql(
	struct pg *pg, const char *sql, const struct pg_args *a, struct err *e)
{
	enum err_kind k = begin(pg, e);
	int ok;

	if (k)
		return k;
	if (a)
		ok = PQsendQueryParams(pg->conn, sql, a->n, a->type, a->v, a->len, a->format, 1);
	else
		ok = PQsendQuery(pg->conn, sql);
	if (!ok)
		return lost(pg, e);
	fault_after(pg);
	return ERR_NONE;
}

enum err_kind pg_exec(struct pg *pg, const char *sql, struct err *e)
{
	enum err_kind k = send_sql(pg, sql, NULL, e);

	return k ? k : finish(pg, false, e);
}

void pg_rollback(struct pg *pg)
{
	struct err ignored;

	if (!pg->lost && pg_exec(pg, "ROLLBACK", &ignored))
		pg->lost = true;
}

enum err_kind pg_exec_cancellable(struct pg *pg, const char *sql, struct err *e)
{
	enum err_kind k = send_sql(pg, sql, NULL, e);

	return k ? k : finish(pg, true, e);
}

enum err_kind pg_exec_both(
	struct pg *a, const char *sql_a, struct pg *b, const char *sql_b, struct err *e)
{
	enum err_kind k = send_sql(b, sql_b, NULL, e), other;
	struct err oe;

	if (k)
		return k;
	k = pg_exec_cancellable(a, sql_a, e);
	other = finish(b, true, &oe);
	if (!k && other)
		*e = oe;
	return k ? k : other;
}

enum err_kind pg_query(struct pg *pg, const char *sql, const struct pg_args *args, struct err *e)
{
	static const struct pg_args none;
	enum err_kind k = send_sql(pg, sql, args ? args : &none, e);

	return k ? k : finish(pg, false, e);
}

/* -------- prepared statements -------- */

static void kept_name(char out[16], int i)
{
	snprintf(out, 16, "k%d", i);
}

/* Its place in *at; -1: there is no more room. */
static enum err_kind keep(
	struct pg *pg, const char *sql, const struct pg_args *a, int *at, struct err *e)
{
	char name[16];
	enum err_kind k;

	for (*at = 0; *at < pg->kept_count; ++*at)
		if (pg->kept[*at] == sql)
			return ERR_NONE;
	if (*at == KEPT_MAX) {
		*at = -1;
		return ERR_NONE;
	}
	if ((k = begin(pg, e)))
		return k;
	kept_name(name, *at);
	if (!PQsendPrepare(pg->conn, name, sql, a->n, a->type))
		return lost(pg, e);
	fault_after(pg);
	if ((k = finish(pg, false, e)))
		return k;
	pg->kept[pg->kept_count++] = sql;
	return ERR_NONE;
}

static enum err_kind send_kept(struct pg *pg, int at, const struct pg_args *a, struct err *e)
{
	char name[16];

	kept_name(name, at);
	return PQsendQueryPrepared(pg->conn, name, a->n, a->v, a->len, a->format, 1) ? ERR_NONE
										     : lost(pg, e);
}

enum err_kind pg_query_kept(
	struct pg *pg, const char *sql, const struct pg_args *args, struct err *e)
{
	enum err_kind k;
	int at;

	if ((k = keep(pg, sql, args, &at, e)))
		return k;
	if (at < 0)
		return pg_query(pg, sql, args, e);
	if ((k = begin(pg, e)) || (k = send_kept(pg, at, args, e)))
		return k;
	fault_after(pg);
	return finish(pg, false, e);
}

/* The results of n statements of a pipeline and of its end; the first error of any. */
static enum err_kind take_many(struct pg *pg, int n, struct err *e)
{
	enum err_kind k, first = ERR_NONE;
	uint64_t stop_at = 0;
	PGresult *r;

	for (int i = 0; i < n;) {
		if ((k = next_result(pg, false, &stop_at, &r, e)))
			return k;
		if (!r) { /* the end of one statement */
			i++;
		} else if (PQresultStatus(r) == PGRES_TUPLES_OK) {
			pg->many[i] = r;
		} else {
			if (!first && PQresultStatus(r) != PGRES_PIPELINE_ABORTED)
				first = failed(pg, r, e);
			PQclear(r);
			if (pg->lost || PQstatus(pg->conn) != CONNECTION_OK)
				return first ? first : lost(pg, e);
		}
	}
	if ((k = next_result(pg, false, &stop_at, &r, e)))
		return k;
	PQclear(r);
	if (!PQexitPipelineMode(pg->conn))
		return lost(pg, e);
	return first;
}

enum err_kind pg_query_many(struct pg *pg, const char *const *sql, int n,
	const struct pg_args *args, struct err *e)
{
	enum err_kind k = ERR_NONE;
	int at[PG_MANY_MAX];

	if (n > PG_MANY_MAX)
		abort();
	for (int i = 0; !k && i < n; i++) {
		k = keep(pg, sql[i], args, &at[i], e);
		if (!k && at[i] < 0)
			abort(); /* texts are literals: a connection has a few */
	}
	if (k || (k = begin(pg, e)))
		return k;
	if (!PQenterPipelineMode(pg->conn))
		return lost(pg, e);
	for (int i = 0; !k && i < n; i++)
		k = send_kept(pg, at[i], args, e);
	if (!k && !PQpipelineSync(pg->conn))
		k = lost(pg, e);
	fault_after(pg);
	return k ? k : take_many(pg, n, e);
}

void pg_take(struct pg *pg, int i)
{
	PQclear(pg->res);
	pg->res = pg->many[i];
	pg->many[i] = NULL;
}

int pg_count(const struct pg *pg)
{
	return pg->res ? PQntuples(pg->res) : 0;
}

int64_t pg_changed(const struct pg *pg)
{
	return pg->res ? strtoll(PQcmdTuples(pg->res), NULL, 10) : 0;
}

bool pg_null(const struct pg *pg, int row, int col)
{
	return PQgetisnull(pg->res, row, col);
}

int64_t pg_i64(const struct pg *pg, int row, int col)
{
	const uint8_t *p = (const uint8_t *)PQgetvalue(pg->res, row, col);
	int n = PQgetlength(pg->res, row, col);
	uint64_t v = 0;

	if (n < 1 || n > 8)
		return 0;
	if (n > 1 && p[0] & 0x80)
		v = UINT64_MAX;
	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

const char *pg_text(const struct pg *pg, int row, int col, size_t *n)
{
	if (n)
		*n = (size_t)PQgetlength(pg->res, row, col);
	return PQgetvalue(pg->res, row, col);
}

/* -------- notifications -------- */

static bool take_news(struct pg *pg)
{
	bool any = false;

	for (PGnotify *n; (n = PQnotifies(pg->conn)); any = true)
		PQfreemem(n);
	return any;
}

enum err_kind pg_wait_news(struct pg *pg, unsigned ms, struct err *e)
{
	uint64_t end = clock_ms() + ms, now;

	if (pg->lost)
		return err_set(e, ERR_AGAIN, "pg", 0, "connection to PostgreSQL was lost");
	while (!take_news(pg) && !stop_asked() && (now = clock_ms()) < end) {
		struct pollfd p = {.fd = PQsocket(pg->conn), .events = POLLIN};

		if (poll(&p, 1, end - now < 50 ? (int)(end - now) : 50) > 0 &&
			!PQconsumeInput(pg->conn))
			return lost(pg, e);
	}
	return ERR_NONE;
}

/* -------- COPY -------- */

static enum err_kind put_chunks(struct pg *pg, const struct buf *data, struct err *e)
{
	uint64_t stop_at = 0;
	enum err_kind k;

	for (size_t at = 0; at < data->n;) {
		size_t n = data->n - at < COPY_CHUNK ? data->n - at : COPY_CHUNK;
		int ok = PQputCopyData(pg->conn, data->p + at, (int)n);

		if (ok < 0)
			return lost(pg, e);
		if (ok)
			at += n;
		if ((k = flush(pg, &stop_at, e)))
			return k;
	}
	return ERR_NONE;
}

/* The data of the COPY that the server waits for. */
static enum err_kind put_data(struct pg *pg, const struct buf *data, struct err *e)
{
	enum err_kind k;

	fault_before(pg);
	drop_result(pg);
	if ((k = put_chunks(pg, data, e)))
		return k;
	if (PQputCopyEnd(pg->conn, NULL) < 0)
		return lost(pg, e);
	fault_after(pg);
	return ERR_NONE;
}

enum err_kind pg_copy(
	struct pg *pg, const char *sql, const struct buf *data, uint64_t *rows, struct err *e)
{
	enum err_kind k = pg_exec(pg, sql, e);

	if (k)
		return k;
	if (PQresultStatus(pg->res) != PGRES_COPY_IN)
		return err_set(e, ERR_FATAL, "pg", 0, "not a COPY FROM STDIN: %.60s", sql);
	if ((k = put_data(pg, data, e)) || (k = finish(pg, false, e)))
		return k;
	*rows = (uint64_t)pg_changed(pg);
	return ERR_NONE;
}

/* The answer to one COPY of several. */
static enum err_kind take_rows(struct pg *pg, uint64_t *rows, struct err *e)
{
	uint64_t stop_at = 0;
	enum err_kind k;
	PGresult *r;

	if ((k = next_result(pg, false, &stop_at, &r, e)))
		return k;
	if (r && PQresultStatus(r) == PGRES_COMMAND_OK)
		*rows = strtoull(PQcmdTuples(r), NULL, 10);
	else
		k = failed(pg, r, e);
	PQclear(r);
	return k;
}

enum err_kind pg_copy_many(struct pg *pg, struct pg_copy_in *c, size_t n, struct err *e)
{
	enum err_kind k = ERR_NONE, rest;
	struct err ignored;
	struct buf sql;

	if (!n)
		return ERR_NONE;
	buf_init(&sql, PG_TEXT_MAX);
	for (size_t i = 0; i < n; i++)
		buf_printf(&sql, "%s;", c[i].sql);
	if (sql.bad)
		abort(); /* texts of this program */
	k = send_sql(pg, sql.p, NULL, e);
	buf_free(&sql);
	if (k)
		return k;
	for (size_t i = 0; !k && i < n; i++) {
		if ((k = finish(pg, false, e)))
			return k;
		if (PQresultStatus(pg->res) != PGRES_COPY_IN)
			return err_set(e, ERR_FATAL, "pg", 0, "not a COPY FROM STDIN: %.60s", c[i].sql);
		if (!(k = put_data(pg, c[i].data, e)))
			k = take_rows(pg, &c[i].rows, e);
	}
	if (pg->lost)
		return k;
	rest = finish(pg, false, k ? &ignored : e);
	return k ? k : rest;
}
