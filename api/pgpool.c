/*
 * Pipelined libpq. Each connection keeps a queue of what the server still owes it (prepare, query,
 * sync); results are matched with the head of that queue. Every question ends in its own sync, so
 * an error ends one question and not its neighbours.
 *
 * libpq owns its socket and h2o closes the ones it is given, so h2o watches a duplicate. While a
 * connection is being made libpq may replace its socket; the watch is renewed after each step.
 *
 * Questions are read-only and idempotent, hence asking again after a lost connection is harmless.
 */
#include "api/pgpool.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#include <h2o.h>
#include <libpq-fe.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH      64   /* questions in flight on one connection */
#define STATEMENTS 512  /* shapes of statements known */
#define WAIT_MS    2000 /* how long a question waits for a connection */
#define AWAY_MS    1500 /* no connection for so long: questions fail at once */
#define CONNECT_MS 5000

enum conn_state { CONN_DOWN, CONN_CONNECTING, CONN_SETTING, CONN_READY };
enum owed { OWED_SETTINGS, OWED_PREPARE, OWED_QUERY, OWED_SYNC };

struct statement {
	char *sql;
	char name[16];
	int n;
};

struct pg_ask {
	h2o_linklist_t link; /* in the pool's waiting list */
	struct pgpool *pool;
	bool bulk, cancelled;
	unsigned tries;
	uint64_t asked_us, give_up_ms;
	int statement;
	pg_done *done;
	void *arg;
	const char **values; /* texts follow in the same allocation */
};

struct item {
	enum owed kind;
	int statement;
	struct pg_ask *ask; /* OWED_QUERY */
};

#define ITEMS (DEPTH * 3 + 8)

struct conn {
	struct pgpool *pool;
	unsigned index;
	enum conn_state state;
	PGconn *pg;
	h2o_socket_t *sock;
	bool writing, settings_bad;
	struct backoff backoff;
	uint64_t retry_ms, deadline_ms;
	struct item items[ITEMS]; /* ring */
	unsigned head, count, asks;
	bool prepared[STATEMENTS];
};

struct pgpool {
	h2o_loop_t *loop;
	const struct pgpool_conf *conf;
	struct conn *conns;
	struct statement statements[STATEMENTS];
	int statement_count;
	h2o_linklist_t waiting;
	uint64_t down_since_ms; /* 0: a connection is up */
	char trouble[256];
	struct metric_series *up, *seconds, *lost, *failed;
};

static void on_readable(h2o_socket_t *sock, const char *err);
static void connect_step(struct conn *c);
static void dispatch(struct pgpool *p);

/* -------- questions -------- */

static void ask_free(struct pg_ask *a)
{
	if (h2o_linklist_is_linked(&a->link))
		h2o_linklist_unlink(&a->link);
	free(a);
}

static void ask_fail(struct pg_ask *a, enum err_kind kind, int code, const char *why)
{
	struct err e = {0};

	err_set(&e, kind, "pg", code, "%s", why);
	if (!a->cancelled)
		a->done(a->arg, NULL, &e);
	ask_free(a);
}

static void ask_again(struct pgpool *p, struct pg_ask *a, const char *why)
{
	if (a->cancelled) {
		ask_free(a);
		return;
	}
	if (++a->tries > 2) {
		metric_add(p->failed, 1);
		ask_fail(a, ERR_AGAIN, 0, why);
		return;
	}
	h2o_linklist_insert(p->waiting.next, &a->link);
}

static int statement_find(struct pgpool *p, const char *sql, int n)
{
	struct statement *s;

	for (int i = 0; i < p->statement_count; i++)
		if (!strcmp(p->statements[i].sql, sql))
			return i;
	if (p->statement_count == STATEMENTS)
		return -1;
	s = &p->statements[p->statement_count];
	if (!(s->sql = strdup(sql)))
		abort();
	snprintf(s->name, sizeof(s->name), "s%d", p->statement_count);
	s->n = n;
	return p->statement_count++;
}

static struct pg_ask *ask_new(int n, const char *const *values)
{
	size_t bytes = sizeof(struct pg_ask) + (size_t)n * sizeof(char *);
	struct pg_ask *a;
	char *to;

	for (int i = 0; i < n; i++)
		bytes += values[i] ? strlen(values[i]) + 1 : 0;
	if (!(a = calloc(1, bytes)))
		abort();
	a->values = (const char **)(a + 1);
	to = (char *)(a->values + n);
	for (int i = 0; i < n; i++) {
		size_t len = values[i] ? strlen(values[i]) + 1 : 0;

		a->values[i] = values[i] ? memcpy(to, values[i], len) : NULL;
		to += len;
	}
	return a;
}

struct pg_ask *pgpool_ask(struct pgpool *p, bool bulk, const char *sql, int n,
	const char *const *values, pg_done *done, void *arg)
{
	struct pg_ask *a = ask_new(n, values);

	a->pool = p;
	a->bulk = bulk;
	a->done = done;
	a->arg = arg;
	a->asked_us = clock_us();
	a->give_up_ms = clock_ms() + WAIT_MS;
	a->statement = statement_find(p, sql, n);
	if (a->statement < 0) {
		ask_fail(a, ERR_FATAL, 0, "too many shapes of statements");
		return NULL;
	}
	if (p->down_since_ms && clock_ms() - p->down_since_ms > AWAY_MS) {
		metric_add(p->failed, 1);
		ask_fail(a, ERR_AGAIN, 0, p->trouble);
		return NULL;
	}
	h2o_linklist_insert(&p->waiting, &a->link);
	dispatch(p);
	return a;
}

void pg_ask_cancel(struct pg_ask *a)
{
	if (!a)
		return;
	if (h2o_linklist_is_linked(&a->link))
		ask_free(a);
	else
		a->cancelled = true; /* the server still owes the answer */
}

/* -------- connection: state -------- */

static struct item *item_head(struct conn *c)
{
	return &c->items[c->head];
}

static void item_push(struct conn *c, struct item it)
{
	if (c->count == ITEMS)
		abort();
	c->items[(c->head + c->count++) % ITEMS] = it;
}

static void item_pop(struct conn *c)
{
	c->head = (c->head + 1) % ITEMS;
	c->count--;
}

static void note_state(struct pgpool *p)
{
	unsigned up = 0;

	for (unsigned i = 0; i < p->conf->connections; i++)
		up += p->conns[i].state == CONN_READY;
	metric_set(p->up, up);
	if (up)
		p->down_since_ms = 0;
	else if (!p->down_since_ms)
		p->down_since_ms = clock_ms();
}

static void unwatch(struct conn *c)
{
	if (c->sock)
		h2o_socket_close(c->sock);
	c->sock = NULL;
	c->writing = false;
}

static void conn_fail(struct conn *c, const char *why)
{
	struct pgpool *p = c->pool;
	size_t n = strcspn(why, "\n");

	snprintf(p->trouble, sizeof(p->trouble), "%.*s", (int)(n < 240 ? n : 240), why);
	log_warn_often("api", "database connection lost", NULL, "conn=%u why=%s", c->index,
		log_quotes(p->trouble));
	metric_add(p->lost, 1);
	unwatch(c);
	PQfinish(c->pg);
	c->pg = NULL;
	c->state = CONN_DOWN;
	c->retry_ms = clock_ms() + backoff_next_ms(&c->backoff);
	note_state(p);
	/* newest first, because each is put at the front */
	for (; c->count; c->count--) {
		struct item *it = &c->items[(c->head + c->count - 1) % ITEMS];

		if (it->kind == OWED_QUERY)
			ask_again(p, it->ask, "the connection to the database was lost");
	}
	c->head = c->asks = 0;
	memset(c->prepared, 0, sizeof(c->prepared));
}

static void on_writable(h2o_socket_t *sock, const char *err);

/* False when the connection is gone. */
static bool flush(struct conn *c)
{
	int k = PQflush(c->pg);

	if (k < 0) {
		conn_fail(c, PQerrorMessage(c->pg));
		return false;
	}
	if (k > 0 && !c->writing) {
		c->writing = true;
		h2o_socket_notify_write(c->sock, on_writable);
	}
	return true;
}

static void on_writable(h2o_socket_t *sock, const char *err)
{
	struct conn *c = sock->data;

	c->writing = false;
	if (c->state == CONN_CONNECTING)
		connect_step(c);
	else if (err)
		conn_fail(c, err);
	else
		flush(c);
}

static bool watch(struct conn *c)
{
	int fd = fcntl(PQsocket(c->pg), F_DUPFD_CLOEXEC, 0);

	unwatch(c);
	if (fd < 0)
		return false;
	c->sock = h2o_evloop_socket_create(c->pool->loop, fd, H2O_SOCKET_FLAG_DONT_READ);
	c->sock->data = c;
	return true;
}

/* -------- connection: sending -------- */

static bool send_ask(struct conn *c, struct pg_ask *a)
{
	struct statement *s = &c->pool->statements[a->statement];

	if (!c->prepared[a->statement]) {
		if (!PQsendPrepare(c->pg, s->name, s->sql, s->n, NULL))
			return false;
		item_push(c, (struct item){.kind = OWED_PREPARE, .statement = a->statement});
		c->prepared[a->statement] = true;
	}
	if (!PQsendQueryPrepared(c->pg, s->name, s->n, a->values, NULL, NULL, 1))
		return false;
	item_push(c, (struct item){.kind = OWED_QUERY, .statement = a->statement, .ask = a});
	c->asks++;
	if (!PQpipelineSync(c->pg))
		return false;
	item_push(c, (struct item){.kind = OWED_SYNC});
	return true;
}

/* The ready connection of the right sort with the shortest queue, or NULL. */
static struct conn *choose(struct pgpool *p, bool bulk)
{
	unsigned n = p->conf->connections, split = n > 1 ? n - 1 : 0;
	struct conn *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct conn *c = &p->conns[i];

		if (c->state != CONN_READY || c->asks >= DEPTH || (n > 1 && (i == split) != bulk))
			continue;
		if (!best || c->asks < best->asks)
			best = c;
	}
	return best;
}

static void dispatch(struct pgpool *p)
{
	h2o_linklist_t *at = p->waiting.next;

	while (at != &p->waiting) {
		struct pg_ask *a = H2O_STRUCT_FROM_MEMBER(struct pg_ask, link, at);
		struct conn *c = choose(p, a->bulk);

		at = at->next;
		if (!c)
			continue;
		h2o_linklist_unlink(&a->link);
		if (send_ask(c, a)) {
			if (!flush(c))
				return;
			continue;
		}
		if (!c->count || c->items[(c->head + c->count - 1) % ITEMS].ask != a)
			h2o_linklist_insert(p->waiting.next, &a->link);
		conn_fail(c, PQerrorMessage(c->pg));
		return; /* the list has changed; the next tick goes on */
	}
}

/* -------- connection: results -------- */

static void settings_done(struct conn *c, PGresult *res)
{
	struct pgpool *p = c->pool;

	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		c->settings_bad = true;
		snprintf(p->trouble, sizeof(p->trouble), "the database refuses: %.200s",
			PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
	} else if (!PQgetisnull(res, 0, 0) && strcmp(PQgetvalue(res, 0, 0), p->conf->network)) {
		c->settings_bad = true;
		snprintf(p->trouble, sizeof(p->trouble),
			"the database belongs to network %.100s, not %.100s", PQgetvalue(res, 0, 0),
			p->conf->network);
	}
}

static bool sqlstate_in(const char *state, const char *const *list)
{
	for (; *list; list++)
		if (!strncmp(state, *list, strlen(*list)))
			return true;
	return false;
}

static void query_failed(struct conn *c, struct item *it, PGresult *res)
{
	/* lost, shutting down, out of resources, cancelled by timeout, conflict with recovery */
	static const char *const away[] = {"08", "57", "53", "40", "25P02", NULL};
	/* the prepared statement is gone or its tables have changed */
	static const char *const stale[] = {"26000", "0A000", NULL};
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (!state || sqlstate_in(state, stale)) {
		ask_again(c->pool, it->ask, "the statement has to be prepared again");
		return;
	}
	metric_add(c->pool->failed, 1);
	if (!strcmp(state, "57014")) {
		ask_fail(it->ask, ERR_AGAIN, PG_TOO_SLOW, "the query took too long");
	} else if (sqlstate_in(state, away)) {
		ask_fail(it->ask, ERR_AGAIN, 0, text ? text : "the database is not available");
	} else {
		log_error_often("api", "statement refused", state, "sqlstate=%s text=%s", state,
			log_quotes(text ? text : ""));
		ask_fail(it->ask, ERR_FATAL, 0, "the database refused a statement");
	}
}

static void query_done(struct conn *c, struct item *it, PGresult *res)
{
	struct pg_ask *a = it->ask;

	it->ask = NULL;
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		struct item failed = {.kind = OWED_QUERY, .statement = it->statement, .ask = a};

		query_failed(c, &failed, res);
		return;
	}
	metric_observe_us(c->pool->seconds, clock_us() - a->asked_us);
	if (!a->cancelled)
		a->done(a->arg, (const struct pg_result *)res, NULL);
	ask_free(a);
}

static void prepare_failed(PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	if (state && strncmp(state, "57", 2))
		log_error_often("api", "statement refused", state, "sqlstate=%s text=%s", state,
			log_quotes(PQresultErrorMessage(res)));
}

static void on_result(struct conn *c, PGresult *res)
{
	struct item *it = item_head(c);
	ExecStatusType status = PQresultStatus(res);

	if (!c->count)
		return;
	switch (it->kind) {
	case OWED_SETTINGS: settings_done(c, res); break;
	case OWED_PREPARE:
		if (status == PGRES_COMMAND_OK)
			break;
		c->prepared[it->statement] = false;
		prepare_failed(res);
		break;
	case OWED_QUERY:
		if (!it->ask)
			break;
		c->asks--;
		if (status == PGRES_PIPELINE_ABORTED) {
			struct pg_ask *a = it->ask;

			it->ask = NULL;
			ask_fail(a, ERR_FATAL, 0, "the database refused a statement");
		} else {
			query_done(c, it, res);
		}
		break;
	case OWED_SYNC:
		if (status == PGRES_PIPELINE_SYNC)
			item_pop(c);
		break;
	}
}

static void on_sync_of_settings(struct conn *c)
{
	if (c->settings_bad) {
		char why[sizeof(c->pool->trouble)];

		memcpy(why, c->pool->trouble, sizeof(why));
		conn_fail(c, why);
		return;
	}
	c->state = CONN_READY;
	backoff_reset(&c->backoff);
	note_state(c->pool);
	dispatch(c->pool);
}

/* Take all results that are here. Callbacks may ask anew, but never close this connection. */
static void drain(struct conn *c)
{
	while (c->pg && c->count && !PQisBusy(c->pg)) {
		PGresult *res = PQgetResult(c->pg);
		struct item *it = item_head(c);

		if (res) {
			on_result(c, res);
			PQclear(res);
		} else if (it->kind == OWED_SYNC || (it->kind == OWED_QUERY && it->ask)) {
			return; /* the connection broke; conn_fail takes what is owed */
		} else {
			item_pop(c);
		}
		if (c->state == CONN_SETTING && !c->count)
			on_sync_of_settings(c);
	}
}

static void on_readable(h2o_socket_t *sock, const char *err)
{
	struct conn *c = sock->data;

	if (c->state == CONN_CONNECTING) {
		connect_step(c);
		return;
	}
	if (err || !PQconsumeInput(c->pg) || PQstatus(c->pg) == CONNECTION_BAD) {
		/* results that came before the end still count */
		drain(c);
		if (c->pg)
			conn_fail(c, err ? err : PQerrorMessage(c->pg));
		return;
	}
	drain(c);
	if (c->pg && c->state == CONN_READY && flush(c))
		dispatch(c->pool);
}

/* -------- connection: opening -------- */

const char PGPOOL_SETTINGS[] =
	"SELECT (SELECT name FROM chain.network), set_config('statement_timeout', $1, false),"
	" set_config(v.name, v.setting, false) FROM (VALUES"
	" ('default_transaction_read_only', 'on'), ('jit', 'off'), ('TimeZone', 'UTC'),"
	" ('plan_cache_mode', 'force_generic_plan'), ('enable_mergejoin', 'off'),"
	" ('enable_hashjoin', 'off'), ('enable_bitmapscan', 'off'), ('enable_seqscan', 'off'),"
	" ('enable_sort', 'off'), ('enable_incremental_sort', 'off')"
	") v(name, setting)";

static void send_settings(struct conn *c)
{
	char timeout[16];
	const char *values[] = {timeout};

	snprintf(timeout, sizeof(timeout), "%u", c->pool->conf->timeout_ms);
	c->state = CONN_SETTING;
	c->settings_bad = false;
	if (PQsetnonblocking(c->pg, 1) || !PQenterPipelineMode(c->pg) || !watch(c) ||
		!PQsendQueryParams(c->pg, PGPOOL_SETTINGS, 1, NULL, values, NULL, NULL, 0) ||
		!PQpipelineSync(c->pg)) {
		conn_fail(c, PQerrorMessage(c->pg));
		return;
	}
	item_push(c, (struct item){.kind = OWED_SETTINGS});
	item_push(c, (struct item){.kind = OWED_SYNC});
	h2o_socket_read_start(c->sock, on_readable);
	flush(c);
}

static void connect_step(struct conn *c)
{
	PostgresPollingStatusType k = PQconnectPoll(c->pg);

	if (k == PGRES_POLLING_OK) {
		send_settings(c);
	} else if (k == PGRES_POLLING_FAILED || !watch(c)) {
		conn_fail(c, PQerrorMessage(c->pg));
	} else if (k == PGRES_POLLING_WRITING) {
		c->writing = true;
		h2o_socket_notify_write(c->sock, on_writable);
	} else {
		h2o_socket_read_start(c->sock, on_readable);
	}
}

static void conn_open(struct conn *c)
{
	const char *const keys[] = {"dbname", "fallback_application_name", "connect_timeout", NULL};
	const char *const values[] = {c->pool->conf->url, "bttc-indexer serve", "5", NULL};

	c->pg = PQconnectStartParams(keys, values, 1);
	if (!c->pg)
		abort();
	c->state = CONN_CONNECTING;
	c->deadline_ms = clock_ms() + CONNECT_MS;
	if (PQstatus(c->pg) == CONNECTION_BAD || !watch(c)) {
		conn_fail(c, PQerrorMessage(c->pg));
		return;
	}
	c->writing = true;
	h2o_socket_notify_write(c->sock, on_writable);
}

/* -------- pool -------- */

struct pgpool *pgpool_new(struct st_h2o_evloop_t *loop, const struct pgpool_conf *conf)
{
	struct pgpool *p = calloc(1, sizeof(*p));

	if (!p || !(p->conns = calloc(conf->connections, sizeof(*p->conns))))
		abort();
	p->loop = loop;
	p->conf = conf;
	h2o_linklist_init_anchor(&p->waiting);
	snprintf(p->trouble, sizeof(p->trouble), "no connection to the database yet");
	p->up = metric_get(METRIC_GAUGE, "bttc_api_database_connections",
		"Connections to the database that are up.", NULL);
	p->seconds = metric_get(METRIC_HISTOGRAM, "bttc_api_query_seconds",
		"From asking the database to its answer.", NULL);
	p->lost = metric_get(METRIC_COUNTER, "bttc_api_database_connections_lost_total",
		"Connections to the database that failed or could not be made.", NULL);
	p->failed = metric_get(METRIC_COUNTER, "bttc_api_query_failures_total",
		"Questions to the database that ended in an error.", NULL);
	for (unsigned i = 0; i < conf->connections; i++) {
		p->conns[i].pool = p;
		p->conns[i].index = i;
		backoff_init(&p->conns[i].backoff, 100, 3000);
		conn_open(&p->conns[i]);
	}
	note_state(p);
	return p;
}

void pgpool_free(struct pgpool *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->conf->connections; i++) {
		struct conn *c = &p->conns[i];

		unwatch(c);
		PQfinish(c->pg);
		for (; c->count; item_pop(c))
			if (item_head(c)->kind == OWED_QUERY && item_head(c)->ask)
				ask_free(item_head(c)->ask);
	}
	while (!h2o_linklist_is_empty(&p->waiting))
		ask_free(H2O_STRUCT_FROM_MEMBER(struct pg_ask, link, p->waiting.next));
	for (int i = 0; i < p->statement_count; i++)
		free(p->statements[i].sql);
	free(p->conns);
	free(p);
}

void pgpool_tick(struct pgpool *p)
{
	uint64_t now = clock_ms();
	h2o_linklist_t *at, *next;

	for (unsigned i = 0; i < p->conf->connections; i++) {
		struct conn *c = &p->conns[i];

		if (c->state == CONN_DOWN && now >= c->retry_ms)
			conn_open(c);
		else if ((c->state == CONN_CONNECTING || c->state == CONN_SETTING) &&
			 now > c->deadline_ms)
			conn_fail(c, "the database does not answer");
	}
	for (at = p->waiting.next; at != &p->waiting; at = next) {
		struct pg_ask *a = H2O_STRUCT_FROM_MEMBER(struct pg_ask, link, at);

		next = at->next;
		if (now <= a->give_up_ms)
			continue;
		h2o_linklist_unlink(&a->link);
		metric_add(p->failed, 1);
		ask_fail(a, ERR_AGAIN, 0,
			p->down_since_ms ? p->trouble : "too many questions are waiting");
		next = p->waiting.next; /* the callback may have changed the list */
	}
	dispatch(p);
}

const char *pgpool_trouble(const struct pgpool *p)
{
	return p->down_since_ms ? p->trouble : NULL;
}

/* -------- results -------- */

int pgres_rows(const struct pg_result *r)
{
	return PQntuples(r);
}

bool pgres_null(const struct pg_result *r, int row, int col)
{
	return PQgetisnull(r, row, col);
}

struct bytes pgres_bytes(const struct pg_result *r, int row, int col)
{
	if (PQgetisnull(r, row, col))
		return (struct bytes){NULL, 0};
	return (struct bytes){
		(const uint8_t *)PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col)};
}

int64_t pgres_i64(const struct pg_result *r, int row, int col)
{
	struct bytes b = pgres_bytes(r, row, col);
	uint64_t v = b.n && b.p[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < b.n && i < 8; i++)
		v = v << 8 | b.p[i];
	return (int64_t)v;
}

bool pgres_bool(const struct pg_result *r, int row, int col)
{
	struct bytes b = pgres_bytes(r, row, col);

	return b.n == 1 && b.p[0];
}
