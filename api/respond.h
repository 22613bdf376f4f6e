#ifndef API_RESPOND_H
#define API_RESPOND_H

#include "api/call.h"

/*
 * The only place that writes status lines, headers, bodies and errors. Every function ends the
 * call: nothing else may be sent for it (streams apart).
 */

/** What caches may do with an answer. */
struct freshness {
	struct hash32 tag;    /* changes when the answer does */
	bool settled;         /* wholly final: immutable when the URL names the revision */
	const char *revision; /* of the data; NULL: none is named */
};

/**
 * True when the answer is 304 or "outdated revision" (404) and has been sent; otherwise the caller
 * makes the body.
 */
bool respond_cached(struct call *c, const struct freshness *f);

/** 200 with api->body, or with the status given. f may be NULL: no-store. */
void respond_json(struct call *c, int status, const struct freshness *f);
void respond_text(struct call *c, int status, const char *type, const char *p, size_t n);

/** Answer to OPTIONS: what is allowed, also across origins. */
void respond_options(struct call *c);

/** A file that is part of the program; tag: its hash. */
void respond_file(struct call *c, const char *type, const void *p, size_t n);

/** RFC 9457. parameter: NULL or the one at fault. detail: printf text for people. */
void respond_problem(struct call *c, int status, const char *parameter, const char *fmt, ...)
	PRINTF(4, 5);

/** As above with further members: their JSON text without braces ("a":1,"b":2). */
void respond_problem_with(struct call *c, int status, const char *parameter,
	const struct buf *members, const char *detail);

/** For the path that h2o answers by itself: request bodies that are too large. */
struct st_h2o_pathconf_t;
void respond_refusals(struct st_h2o_pathconf_t *path);

/** A failed question: 503 with Retry-After. What the database said is logged, not sent. */
void respond_err(struct call *c, const struct err *e);

/**
 * A body of unknown length. more() is called whenever the client has taken what was sent; it
 * answers, at once or later, with stream_send() or stream_abort(). The call and its mem live until
 * the end.
 */
void respond_stream(
	struct call *c, const char *type, const struct freshness *f, void (*more)(struct call *c));
void stream_send(struct call *c, struct buf *b, bool last); /* takes the content of b */

/** The client must not take what it has for the whole: the connection is cut. */
void stream_abort(struct call *c);

/** JSON, NDJSON or CSV by `format` or the Accept header. */
enum format respond_format(const struct call *c);

/** Tag over anything that determines an answer. */
void respond_tag(struct hash32 *out, const struct buf *of);

#endif
