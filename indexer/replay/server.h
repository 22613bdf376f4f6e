#ifndef REPLAY_SERVER_H
#define REPLAY_SERVER_H

/*
 * HTTP/1.1 around a function: one thread, one event loop (h2o). The handler is called on that
 * thread.
 */
#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct server;

/** How an answer goes out. */
enum reply_way {
	REPLY_WHOLE,
	REPLY_TRUNCATED, /* half of the announced body, then a normal close */
	REPLY_RESET,     /* half of it, then RST */
};

struct reply {
	int status;
	enum reply_way way;
	unsigned delay_ms;        /* answer so much later */
	unsigned retry_after;     /* seconds for a Retry-After header; 0: none */
	const char *content_type; /* static */
	struct buf *body;         /* empty buffer to fill */
};

struct request {
	const char *method, *path, *body;
	size_t method_len, path_len, body_len;
	bool gzip; /* the client takes gzip */
};

/** Called for every request, on the server's thread; r comes with status 200 and JSON. */
typedef void server_handler(void *user, const struct request *q, struct reply *r);

/** listen: "HOST:PORT" with an IPv4 or bracketed IPv6 address, port 0 for a free one. */
MUST_USE enum err_kind server_start(struct server **out, const char *listen,
	server_handler *handler, void *user, struct err *e);
unsigned server_port(const struct server *s);
void server_stop(struct server *s); /* NULL is legal; joins the thread */

#endif
