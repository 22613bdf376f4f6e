#ifndef API_CALL_H
#define API_CALL_H

#include "api/pgpool.h"
#include "api/query.h"
#include "api/serve.h"

/*
 * One request on its way through a handler. Lives in h2o's request pool and dies with the request;
 * an outstanding question to the database is cancelled then. h2o's types stay in serve.c and
 * respond.c.
 */
struct api;
struct call;
struct route;
struct st_h2o_req_t;
struct stream;

/** What all handlers share. One thread. */
struct api {
	const struct network *net;
	struct serve_conf conf;
	struct pgpool *pool;
	struct buf body;       /* scratch of the answer being written */
	struct buf small;      /* scratch of one cell */
	struct arena *row_mem; /* scratch of one row */
	struct arena *ask_mem; /* scratch of one question */
	uint64_t started_ms;
};

#define CALL_ARGS_MAX 4

struct call {
	struct api *api;
	struct st_h2o_req_t *req;
	const struct route *route;
	bool head; /* HEAD: no body */
	bool answered;
	struct text path;                /* decoded, without query */
	struct text args[CALL_ARGS_MAX]; /* the {..} parts of the path */
	struct query q;
	struct arena *mem; /* until the request ends */
	struct pg_ask *ask;
	struct stream *stream; /* a streamed answer under way */
	void *state;           /* the handler's, in mem */
	uint64_t began_us;
};

/** Ask the database; the question is cancelled when the request ends. */
void call_ask(struct call *c, bool bulk, const char *sql, int n, const char *const *values,
	pg_done *done);

#endif
