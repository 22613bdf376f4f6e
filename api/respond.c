/*
 * Bodies, headers and errors. Small answers are copied into the request's pool and sent at once;
 * streamed ones go out piece by piece, each when the client has taken the one before, so that a
 * slow client costs one piece of memory and no more.
 *
 * Tags are weak: a compressed answer has the same tag as the plain one.
 */
#include "api/respond.h"

#include "api/route.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "chain/keccak.h"

#include <h2o.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct stream {
	h2o_generator_t super;
	struct call *call;
	void (*more)(struct call *c);
	struct buf sent; /* what h2o is sending */
};

/* -------- counting -------- */

static const int COUNTED[] = {200, 204, 304, 400, 404, 405, 409, 414, 503};
#define COUNTED_N (sizeof(COUNTED) / sizeof(COUNTED[0]))

static void count(const struct call *c, int status)
{
	static struct metric_series *series[32][COUNTED_N], *seconds[32];
	size_t r = c->route ? (size_t)(c->route - ROUTES) : ROUTE_COUNT, s = 0;
	const char *path = c->route ? c->route->pattern : "none";
	char labels[160];

	if (r >= 32)
		return;
	while (s + 1 < COUNTED_N && COUNTED[s] != status)
		s++;
	if (!series[r][s]) {
		snprintf(labels, sizeof(labels), "path=\"%s\",status=\"%d\"", path, status);
		series[r][s] = metric_get(METRIC_COUNTER, "bttc_api_requests_total",
			"Requests answered, by path and status.", labels);
	}
	if (!seconds[r]) {
		snprintf(labels, sizeof(labels), "path=\"%s\"", path);
		seconds[r] = metric_get(METRIC_HISTOGRAM, "bttc_api_request_seconds",
			"From the request to its answer (streams: to the first piece).", labels);
	}
	metric_add(series[r][s], 1);
	metric_observe_us(seconds[r], clock_us() - c->began_us);
}

/* -------- headers -------- */

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 204: return "No Content";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 414: return "URI Too Long";
	default: return "Service Unavailable";
	}
}

static void header(struct call *c, const char *name, const char *value)
{
	h2o_req_t *req = c->req;
	h2o_iovec_t copy = h2o_strdup(&req->pool, value, strlen(value));

	h2o_add_header_by_str(
		&req->pool, &req->res.headers, name, strlen(name), 1, NULL, copy.base, copy.len);
}

static void common(struct call *c, int status, const char *type)
{
	static h2o_mime_attributes_t text = {.is_compressible = 1};

	c->answered = true;
	c->req->res.status = status;
	c->req->res.reason = reason(status);
	c->req->res.mime_attr = &text;
	if (type)
		header(c, "content-type", type);
	header(c, "access-control-allow-origin", "*");
	header(c, "access-control-expose-headers", "ETag, Revision, Retry-After");
	header(c, "x-content-type-options", "nosniff");
	header(c, "vary", "accept, accept-encoding");
	count(c, status);
}

static void etag_text(char out[40], const struct hash32 *tag)
{
	memcpy(out, "W/\"", 3);
	hex_encode(out + 3, tag->b, 16);
	memcpy(out + 35, "\"", 2);
}

static void fresh(struct call *c, const struct freshness *f)
{
	char tag[40];

	if (!f) {
		header(c, "cache-control", "no-store");
		return;
	}
	etag_text(tag, &f->tag);
	header(c, "etag", tag);
	header(c, "cache-control",
		f->settled && c->q.rev.n ? "public, immutable, max-age=31536000" : "no-cache");
	if (f->revision)
		header(c, "revision", f->revision);
}

static void send_body(struct call *c, const char *p, size_t n)
{
	h2o_iovec_t body = h2o_strdup(&c->req->pool, p, n);

	c->req->res.content_length = n;
	h2o_send_inline(c->req, body.base, body.len);
}

/* -------- answers -------- */

void respond_json(struct call *c, int status, const struct freshness *f)
{
	common(c, status, "application/json");
	fresh(c, f);
	send_body(c, c->api->body.p, c->api->body.n);
}

void respond_text(struct call *c, int status, const char *type, const char *p, size_t n)
{
	common(c, status, type);
	fresh(c, NULL);
	send_body(c, p, n);
}

void respond_options(struct call *c)
{
	common(c, 204, NULL);
	header(c, "allow", "GET, HEAD, OPTIONS");
	header(c, "access-control-allow-methods", "GET, HEAD, OPTIONS");
	header(c, "access-control-allow-headers", "Accept, If-None-Match, Last-Event-ID");
	header(c, "access-control-max-age", "86400");
	h2o_send_inline(c->req, "", 0);
}

/* -------- errors -------- */

static const char *title(int status)
{
	return reason(status);
}

void respond_problem_with(struct call *c, int status, const char *parameter,
	const struct buf *members, const char *detail)
{
	struct buf *b = &c->api->body;
	struct jw w;

	buf_clear(b);
	jw_init(&w, b);
	jw_obj(&w);
	jw_key(&w, "type");
	jw_str(&w, "about:blank");
	jw_key(&w, "title");
	jw_str(&w, title(status));
	jw_key(&w, "status");
	jw_i64(&w, status);
	jw_key(&w, "detail");
	jw_str(&w, detail);
	if (parameter && *parameter) {
		jw_key(&w, "parameter");
		jw_str(&w, parameter);
	}
	if (members)
		jw_raw(&w, members->p, members->n);
	jw_obj_end(&w);
	common(c, status, "application/problem+json");
	header(c, "cache-control", "no-store");
	if (status == 405)
		header(c, "allow", "GET, HEAD, OPTIONS");
	if (status == 503)
		header(c, "retry-after", "2");
	send_body(c, b->p, b->n);
}

void respond_problem(struct call *c, int status, const char *parameter, const char *fmt, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	respond_problem_with(c, status, parameter, NULL, detail);
}

void respond_err(struct call *c, const struct err *e)
{
	log_warn_often("api", "request not answered", NULL, "path=%s kind=%s why=%s",
		log_quote(c->path.p, c->path.n), err_kind_name(e->kind), log_quotes(e->msg));
	respond_problem(c, 503, NULL, "%s",
		e->code == PG_TOO_SLOW ? "the query took too long; narrow it with more filters"
		: e->kind == ERR_AGAIN ? "the database is not available at the moment; try again"
				       : "the database has not the schema of this program");
}

/* -------- what h2o refuses by itself -------- */

struct refusal {
	h2o_ostream_t super;
	h2o_iovec_t body;
};

static void send_refusal(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t count,
	h2o_send_state_t state)
{
	struct refusal *r = (struct refusal *)self;

	(void)bufs;
	(void)count;
	h2o_ostream_send_next(self, req, &r->body, r->body.len ? 1 : 0, state);
	r->body.len = 0;
}

/* The plain text of an error that h2o made (413) becomes a problem. Bytes that cannot be parsed as
 * a request get h2o's bare 400, which passes no filter. */
static void replace_refusal(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	int status = req->res.status;
	struct refusal *r;
	struct buf b;

	(void)self;
	if (status >= 400) {
		buf_init(&b, 1000);
		buf_printf(&b,
			"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":"
			"\"the request is no HTTP/1.1 that this server takes\"}",
			req->res.reason, status);
		r = (struct refusal *)h2o_add_ostream(req, sizeof(*r), slot);
		r->super.do_send = send_refusal;
		r->body = h2o_strdup(&req->pool, b.p, b.n);
		buf_free(&b);
		h2o_set_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
			H2O_STRLIT("application/problem+json"), 1);
		req->res.content_length = r->body.len;
		slot = &r->super.next;
	}
	h2o_setup_next_ostream(req, slot);
}

void respond_refusals(struct st_h2o_pathconf_t *path)
{
	h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream = replace_refusal;
}

/* -------- caching -------- */

void respond_tag(struct hash32 *out, const struct buf *of)
{
	sha256(out, of->p, of->n);
}

static bool tag_listed(const char *s, size_t n, const char *tag)
{
	size_t len = strlen(tag) - 2;
	const char *opaque = tag + 2; /* weak comparison: without W/ */

	for (; n >= len; s++, n--)
		if (*s == '*' || !memcmp(s, opaque, len))
			return true;
	return n && memchr(s, '*', n);
}

static bool not_modified(struct call *c, const struct freshness *f)
{
	ssize_t at = h2o_find_header(&c->req->headers, H2O_TOKEN_IF_NONE_MATCH, SIZE_MAX);
	char tag[40];

	etag_text(tag, &f->tag);
	for (; at >= 0; at = h2o_find_header(&c->req->headers, H2O_TOKEN_IF_NONE_MATCH, at)) {
		h2o_iovec_t v = c->req->headers.entries[at].value;

		if (tag_listed(v.base, v.len, tag))
			return true;
	}
	return false;
}

bool respond_cached(struct call *c, const struct freshness *f)
{
	if (c->q.rev.n && f->revision &&
		(c->q.rev.n != strlen(f->revision) ||
			memcmp(c->q.rev.p, f->revision, c->q.rev.n))) {
		struct jw w;

		buf_clear(&c->api->small);
		jw_init(&w, &c->api->small);
		jw_key(&w, "revision");
		jw_str(&w, f->revision);
		respond_problem_with(c, 404, "rev", &c->api->small,
			"this revision is outdated; `revision` names the current one");
		return true;
	}
	if (!not_modified(c, f))
		return false;
	common(c, 304, NULL);
	fresh(c, f);
	h2o_send_inline(c->req, "", 0);
	return true;
}

void respond_file(struct call *c, const char *type, const void *p, size_t n)
{
	struct freshness f = {.settled = false};

	sha256(&f.tag, p, n);
	if (respond_cached(c, &f))
		return;
	common(c, 200, type);
	fresh(c, &f);
	header(c, "content-security-policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	header(c, "referrer-policy", "no-referrer");
	c->req->res.content_length = n;
	h2o_send_inline(c->req, p, n);
}

/* -------- format -------- */

/* Quality (0..1000) of one item of an Accept header. */
static int quality(const char *s, size_t n)
{
	for (size_t i = 1; i + 2 < n; i++) {
		int q, place = 100;

		if ((s[i] | 0x20) != 'q' || s[i + 1] != '=' || (s[i - 1] != ';' && s[i - 1] != ' '))
			continue;
		q = s[i + 2] == '1' ? 1000 : 0;
		for (i += 4; q < 1000 && i < n && place; i++, place /= 10)
			if (s[i] >= '0' && s[i] <= '9')
				q += place * (s[i] - '0');
		return q;
	}
	return 1000;
}

static bool type_is(const char *s, size_t n, const char *type)
{
	size_t len = strlen(type);

	return n >= len && h2o_lcstris(s, len, type, len) &&
	       (n == len || s[len] == ';' || s[len] == ' ');
}

enum format respond_format(const struct call *c)
{
	static const struct {
		const char *type;
		enum format format;
	} types[] = {{"application/json", FORMAT_JSON}, {"*/*", FORMAT_JSON},
		{"application/x-ndjson", FORMAT_NDJSON}, {"text/csv", FORMAT_CSV}};
	ssize_t at = h2o_find_header(&c->req->headers, H2O_TOKEN_ACCEPT, SIZE_MAX);
	enum format best = FORMAT_JSON;
	int best_q = 0;
	h2o_iovec_t v, item;
	size_t len;
	const char *s;

	if (c->q.given & PARAM_BIT(PARAM_FORMAT) || at < 0)
		return c->q.format;
	v = c->req->headers.entries[at].value;
	item = v;
	while ((s = h2o_next_token(&item, ',', &len, NULL)))
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (type_is(s, len, types[i].type) && quality(s, len) > best_q) {
				best = types[i].format;
				best_q = quality(s, len);
			}
	return best;
}

/* -------- streams -------- */

static void on_proceed(h2o_generator_t *self, h2o_req_t *req)
{
	struct stream *s = (struct stream *)self;

	(void)req;
	s->more(s->call);
}

static void on_stop(h2o_generator_t *self, h2o_req_t *req)
{
	struct stream *s = (struct stream *)self;

	(void)req;
	pg_ask_cancel(s->call->ask);
	s->call->ask = NULL;
}

static void stream_dispose(void *p)
{
	buf_free(&((struct stream *)p)->sent);
}

void respond_stream(
	struct call *c, const char *type, const struct freshness *f, void (*more)(struct call *c))
{
	struct stream *s = h2o_mem_alloc_shared(&c->req->pool, sizeof(*s), stream_dispose);

	*s = (struct stream){.super = {on_proceed, on_stop}, .call = c, .more = more};
	buf_init(&s->sent, c->api->body.max);
	c->stream = s;
	common(c, 200, type);
	fresh(c, f);
	h2o_start_response(c->req, &s->super);
}

void stream_send(struct call *c, struct buf *b, bool last)
{
	struct stream *s = c->stream;
	struct buf spare = s->sent;
	h2o_iovec_t v;

	s->sent = *b;
	*b = spare;
	buf_clear(b);
	v = h2o_iovec_init(s->sent.p, c->head ? 0 : s->sent.n);
	h2o_send(c->req, &v, v.len ? 1 : 0,
		last || c->head ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

void stream_abort(struct call *c)
{
	h2o_send(c->req, NULL, 0, H2O_SEND_STATE_ERROR);
}
