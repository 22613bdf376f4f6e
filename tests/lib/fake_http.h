#ifndef TESTS_LIB_FAKE_HTTP_H
#define TESTS_LIB_FAKE_HTTP_H

/*
 * An HTTP/1.1 server on loopback for tests of clients: raw sockets, a thread a connection,
 * keep-alive, and every way in which a server can misbehave. The handler is called for one request
 * at a time.
 */
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct fake_request {
	const char *head; /* request line and headers, NUL-terminated */
	const char *body; /* NUL-terminated */
	size_t body_len;
	unsigned connection; /* from 1 */
};

struct fake_reply {
	int status;         /* 200 */
	struct buf headers; /* further ones, each ending in \r\n */
	struct buf body;
	bool gzip;  /* compress the body and say so */
	bool close; /* say and do Connection: close */
	bool reset; /* send half of the body, then a TCP reset */
	bool cut;   /* send half of the body, then an orderly end */
	bool hang;  /* send nothing until the client gives up */
	bool drop;  /* end the connection without a byte */
	unsigned delay_ms;
};

typedef void fake_handler(void *arg, const struct fake_request *q, struct fake_reply *r);

struct fake_http;
struct fake_http *fake_http_start(fake_handler *handler, void *arg);
void fake_http_stop(struct fake_http *f);
const char *fake_http_url(const struct fake_http *f);      /* "http://127.0.0.1:PORT" */
unsigned fake_http_connections(const struct fake_http *f); /* accepted so far */
unsigned fake_http_requests(const struct fake_http *f);

#endif
