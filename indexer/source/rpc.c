/*
 * HTTP requests with JSON-RPC in them, over libcurl's multi interface.
 *
 * A transfer carries one call, or several as a batch, also of several jobs. Its body is collected
 * up to the cap, parsed once, and every member of the answer is handed to the call that asked, by
 * id, in whatever order they come. A call that found no answer goes back to its job; an answer to
 * nobody is dropped. What a node says instead of an answer, with any HTTP status and in any form,
 * becomes one rpc_class (error_class.c).
 *
 * An answer that came over a new connection a while after the last check of the chain id is not
 * used: behind the name may be another node now. The calls are asked again after a check.
 */
#include "source/engine.h"
#include "source/reply.h"

#include "base/clock.h"
#include "base/stop.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#define TRUST_US    1000000    /* a check covers new connections of requests sent so soon after */
#define KEEP_BYTES  (4u << 20) /* a larger buffer is not kept for reuse */
#define REQUEST_MAX (16u << 20)
#define PADDING     128 /* room that the JSON parser may read behind the text */
#define CONNECT_MS  10000

struct transfer {
	struct transfer *next, **link; /* in active or idle */
	CURL *easy;
	struct endpoint *ep;
	enum control control;
	struct call **calls; /* NULL: its job is gone. None: control */
	size_t n, room;
	enum method method; /* of the first call */
	uint64_t first_id; /* calls have consecutive ids */
	uint64_t guard_id; /* 0: no guard */
	struct buf out, in;
	struct curl_slist *headers;
	uint64_t start_us;
	bool over; /* the body passed the cap */
};

/* ---- sending --------------------------------------------------------------------------------- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_state;

static void start_curl(void)
{
	curl_state = curl_global_init(CURL_GLOBAL_ALL);
}

enum err_kind rpc_open(struct source *s, struct err *e)
{
	pthread_once(&curl_once, start_curl);
	if (curl_state || !(s->multi = curl_multi_init()))
		return err_set(e, ERR_FATAL, "rpc", (int)curl_state, "libcurl does not start");
	curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS,
		(long)(s->conf.in_flight * (int64_t)s->ep_count + 4));
	return ERR_NONE;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const size_t max = (size_t)t->ep->s->conf.body_max_bytes;

	n *= size;
	if (n > max || t->in.n > max - n || !buf_reserve(&t->in, n + PADDING)) {
		t->over = true;
		return 0;
	}
	buf_add(&t->in, p, n);
	return n;
}

/* As curl does: a file of authorities instead of the system's, for nodes with a certificate of one's own. */
static const char *authorities(void)
{
	const char *file = getenv("CURL_CA_BUNDLE");

	if (!file || !*file)
		file = getenv("SSL_CERT_FILE");
	return file && *file ? file : NULL;
}

static void set_fixed(struct transfer *t, const struct source_conf *conf)
{
	const char *ca = authorities();
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "bttc-indexer/" BTTC_VERSION);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(conf->timeout_ms < CONNECT_MS ? conf->timeout_ms : CONNECT_MS));
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 0L);
	if (ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
}

static struct transfer *take_transfer(struct endpoint *ep)
{
	struct source *s = ep->s;
	struct transfer *t = s->idle;

	if (t) {
		s->idle = t->next;
	} else {
		t = calloc(1, sizeof(*t));
		if (!t || !(t->easy = curl_easy_init()))
			abort();
		buf_init(&t->out, REQUEST_MAX);
		buf_init(&t->in, (size_t)s->conf.body_max_bytes + PADDING + 1);
		set_fixed(t, &s->conf);
	}
	t->ep = ep;
	t->control = CONTROL_NONE;
	t->n = 0;
	t->guard_id = 0;
	t->over = false;
	buf_clear(&t->out);
	buf_clear(&t->in);
	return t;
}

/* Loopback: no proxy, and no compression, which costs more than it saves there. */
static void set_endpoint(struct transfer *t)
{
	const struct endpoint *ep = t->ep;
	struct curl_slist *h = NULL;

	h = curl_slist_append(h, "Content-Type: application/json");
	h = curl_slist_append(h, "Accept: application/json");
	h = curl_slist_append(h, "Expect:");
	if (ep->loopback)
		h = curl_slist_append(h, "Accept-Encoding: identity");
	if (ep->header)
		h = curl_slist_append(h, ep->header);
	t->headers = h;
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(t->easy, CURLOPT_URL, ep->url);
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, ep->loopback ? "*" : NULL);
}

static void launch(struct transfer *t, unsigned requests)
{
	struct source *s = t->ep->s;

	set_endpoint(t);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->out.p);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->out.n);
	t->start_us = clock_us();
	metric_set(t->ep->m_in_flight, ++t->ep->in_flight);
	metric_observe_size(t->ep->m_batch, requests);
	metric_add(t->ep->m_sent, (int64_t)t->out.n);
	endpoint_spend(t->ep, requests);
	t->next = s->active;
	t->link = &s->active;
	if (t->next)
		t->next->link = &t->next;
	s->active = t;
	if (curl_multi_add_handle(s->multi, t->easy))
		abort(); /* only a handle added twice, or no memory */
}

static void write_guard(struct transfer *t)
{
	struct call guard = {.method = M_BLOCK_NUMBER};

	guard.id = t->guard_id = t->ep->s->next_id++;
	method_write(&t->out, &guard, t->ep);
	metric_add(t->ep->m_requests[M_BLOCK_NUMBER], 1);
}

void rpc_send(struct endpoint *ep, struct call **calls, size_t n, bool guard)
{
	struct transfer *t = take_transfer(ep);
	const bool batch = guard || n > 1;

	if (t->room < n) {
		t->calls = realloc(t->calls, n * sizeof(*calls));
		if (!t->calls)
			abort();
		t->room = n;
	}
	t->method = calls[0]->method;
	if (batch)
		buf_chr(&t->out, '[');
	if (guard)
		write_guard(t);
	t->first_id = ep->s->next_id;
	for (size_t i = 0; i < n; i++) {
		if (guard || i)
			buf_chr(&t->out, ',');
		calls[i]->state = CALL_SENT;
		calls[i]->id = ep->s->next_id++;
		calls[i]->job->in_flight++;
		method_write(&t->out, calls[i], ep);
		metric_add(ep->m_requests[calls[i]->method], 1);
		t->calls[i] = calls[i];
	}
	t->n = n;
	if (batch)
		buf_chr(&t->out, ']');
	launch(t, (unsigned)n + guard);
}

void rpc_control(struct endpoint *ep, enum control what)
{
	struct transfer *t = take_transfer(ep);
	struct call c = {.method = what == CONTROL_CHECK ? M_CHAIN_ID : M_BLOCK_NUMBER};

	t->control = what;
	t->first_id = c.id = ep->s->next_id++;
	ep->controlling = true;
	method_write(&t->out, &c, ep);
	metric_add(ep->m_requests[c.method], 1);
	launch(t, 1);
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void detach(struct transfer *t)
{
	struct source *s = t->ep->s;

	curl_multi_remove_handle(s->multi, t->easy);
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	metric_set(t->ep->m_in_flight, --t->ep->in_flight);
	if (t->control)
		t->ep->controlling = false;
	for (size_t i = 0; i < t->n; i++)
		if (t->calls[i])
			t->calls[i]->job->in_flight--;
}

static void give_back(struct transfer *t)
{
	struct source *s = t->ep->s;

	curl_slist_free_all(t->headers);
	t->headers = NULL;
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
	if (t->in.size > KEEP_BYTES)
		buf_free(&t->in);
	if (t->out.size > KEEP_BYTES)
		buf_free(&t->out);
	t->next = s->idle;
	s->idle = t;
}

/* Forget the job's calls in a transfer. False: others' are in it. */
static bool forget_calls(struct transfer *t, struct job_run *j)
{
	bool others = false;

	for (size_t i = 0; i < t->n; i++) {
		if (t->calls[i] && t->calls[i]->job == j) {
			t->calls[i] = NULL;
			j->in_flight--;
		}
		others = others || t->calls[i];
	}
	return !others;
}

void rpc_cancel(struct job_run *j)
{
	if (!j->in_flight)
		return; /* also: the source may be closed already */
	for (struct transfer *t = j->s->active, *next; t && j->in_flight; t = next) {
		next = t->next;
		if (!t->control && forget_calls(t, j)) {
			detach(t);
			give_back(t);
		}
	}
}

void rpc_close(struct source *s)
{
	while (s->active) {
		struct transfer *t = s->active;

		detach(t);
		give_back(t);
	}
	while (s->idle) {
		struct transfer *t = s->idle;

		s->idle = t->next;
		curl_easy_cleanup(t->easy);
		buf_free(&t->in);
		buf_free(&t->out);
		free(t->calls);
		free(t);
	}
	if (s->multi)
		curl_multi_cleanup(s->multi);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Reactions that concern the endpoint as a whole, not one call. */
static bool is_endpoint_trouble(enum rpc_class c)
{
	return c == RPC_TRANSPORT || c == RPC_RATE || c == RPC_BUSY || c == RPC_AUTH ||
	       c == RPC_GRAMMAR;
}

static uint64_t retry_after_ms(struct transfer *t)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds);
	return seconds > 0 && seconds < 1000000 ? (uint64_t)seconds * 1000 : 0;
}

/*
 * Call i, when its answer is still waited for: not when its job ended meanwhile, nor when it was sent
 * again with another id.
 */
static struct call *expecting(const struct transfer *t, size_t i)
{
	struct call *c = t->calls[i];

	return c && c->job->pub.state == JOB_RUNNING && c->state == CALL_SENT &&
			       c->id == t->first_id + i
		       ? c
		       : NULL;
}

static void refuse_all(struct transfer *t, enum rpc_class why, const struct err *e)
{
	for (size_t i = 0; i < t->n; i++)
		if (expecting(t, i))
			job_refusal(t->calls[i], t->ep, why, e);
}

/* The transfer as a whole brought no answers. */
static void fail_transfer(struct transfer *t, enum rpc_class why, const struct err *e)
{
	const size_t members = t->n + (t->guard_id != 0);

	if (members > 1 && (why == RPC_BATCH || why == RPC_RESULTS || why == RPC_RANGE)) {
		endpoint_batch_refused(t->ep, (unsigned)members, e);
		why = RPC_BATCH;
	} else if (is_endpoint_trouble(why) || t->control) {
		endpoint_failed(t->ep, why, retry_after_ms(t), e);
	} else {
		endpoint_count(t->ep, why);
	}
	refuse_all(t, why, e);
}

static void transport_error(struct transfer *t, CURLcode rc, struct err *e)
{
	if (rc == CURLE_OPERATION_TIMEDOUT)
		err_set(e, ERR_AGAIN, "rpc", 0, "%s: no answer within %lld ms", t->ep->name,
			(long long)t->ep->s->conf.timeout_ms);
	else
		err_set(e, ERR_AGAIN, "rpc", (int)rc, "%s: %s", t->ep->name,
			curl_easy_strerror(rc));
}

static long http_status(struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Classify the JSON-RPC error and say what happened. */
static enum rpc_class judge(
	struct transfer *t, const char *method, struct jval err, bool whole, struct err *e)
{
	struct source *s = t->ep->s;
	struct rpc_failure f = {
		.http = (int)http_status(t), .json_rpc = true, .whole_batch = whole};

	reply_error(&s->text, err, &f.code);
	f.text = s->text.p;
	f.text_len = s->text.n;
	err_set(e, ERR_AGAIN, "rpc", (int)f.code, "%s: %s: error %lld %s", t->ep->name, method,
		(long long)f.code, log_quote(f.text, f.text_len));
	return rpc_classify(&f);
}

/* ---- answers --------------------------------------------------------------------------------- */

static const char *method_of(const struct transfer *t)
{
	if (t->control)
		return method_name(t->control == CONTROL_CHECK ? M_CHAIN_ID : M_BLOCK_NUMBER);
	return method_name(t->method);
}

static void take_guard(struct transfer *t, const struct reply *r)
{
	uint64_t head;

	if (r->has_result && json_hex_u64(r->result, &head))
		endpoint_saw_head(t->ep, head, true);
	else
		t->guard_id = 0; /* the head is not known: what needs it is asked again */
}

/* Blocks that a call covers, for the cost of an answer. */
static uint64_t width(const struct call *c)
{
	return c->by_hash ? 1 : c->to - c->from + 1;
}

static bool is_logs(const struct call *c)
{
	return c->method == M_LOGS || c->method == M_BOR_LOGS;
}

static bool beyond_head(const struct transfer *t, const struct call *c, bool guarded)
{
	return guarded && is_logs(c) && !c->by_hash && (!t->guard_id || t->ep->head < c->to);
}

static void take_reply(struct transfer *t, struct call *c, const struct reply *r, bool guarded)
{
	struct err e = {0};

	if (r->has_error) {
		enum rpc_class why = judge(t, method_name(c->method), r->error, false, &e);

		if (is_endpoint_trouble(why))
			endpoint_failed(t->ep, why, retry_after_ms(t), &e);
		else
			endpoint_count(t->ep, why);
		if (t->n > 1 && (why == RPC_BATCH || (why == RPC_RESULTS && !is_logs(c))))
			endpoint_batch_refused(t->ep, (unsigned)t->n + guarded, &e);
		job_refusal(c, t->ep, why, &e);
	} else if (!r->has_result) {
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: %s: neither result nor error", t->ep->name,
			method_name(c->method));
		endpoint_failed(t->ep, RPC_GRAMMAR, 0, &e);
		job_refusal(c, t->ep, RPC_GRAMMAR, &e);
	} else if (beyond_head(t, c, guarded)) {
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: its head %llu is below block %llu",
			t->ep->name, (unsigned long long)t->ep->head, (unsigned long long)c->to);
		endpoint_count(t->ep, RPC_HEAD);
		job_refusal(c, t->ep, RPC_HEAD, &e);
	} else {
		job_answer(c, t->ep, r->result);
	}
}

static void take_batch(struct transfer *t, struct jval root)
{
	const bool guarded = t->guard_id != 0;
	const uint64_t guard = t->guard_id;
	struct jiter it;
	struct jval v;
	struct err e;

	for (json_iter(root, &it); guarded && json_next(&it, &v);) {
		struct reply r = reply_read(v);

		if (r.has_id && r.id == guard)
			take_guard(t, &r);
	}
	for (json_iter(root, &it); json_next(&it, &v);) {
		struct reply r = reply_read(v);
		struct call *c = NULL;

		if (r.has_id && r.id >= t->first_id && r.id < t->first_id + t->n)
			c = expecting(t, (size_t)(r.id - t->first_id));
		if (c)
			take_reply(t, c, &r, guarded);
	}
	for (size_t i = 0; i < t->n; i++) {
		struct call *c = expecting(t, i);

		if (!c)
			continue;
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: %s: the batch's answer lacks one",
			t->ep->name, method_name(c->method));
		endpoint_count(t->ep, RPC_GRAMMAR);
		job_refusal(c, t->ep, RPC_GRAMMAR, &e);
	}
}

static void take_control(struct transfer *t, const struct reply *r)
{
	struct err e = {0};
	uint64_t v;

	if (r->has_error) {
		fail_transfer(t, judge(t, method_of(t), r->error, false, &e), &e);
	} else if (!r->has_result || !json_hex_u64(r->result, &v)) {
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: %s: no quantity in the answer", t->ep->name,
			method_of(t));
		fail_transfer(t, RPC_GRAMMAR, &e);
	} else if (t->control == CONTROL_PROBE) {
		endpoint_saw_head(t->ep, v, true);
	} else if (v != t->ep->s->chain->chain_id) {
		endpoint_wrong_chain(t->ep, v);
	} else {
		t->ep->state = EP_OK;
		t->ep->checked_us = clock_us();
	}
}

/* Is this array the answer to our batch, or one error for all of it? */
static bool one_error(const struct transfer *t, struct jval root, struct reply *r)
{
	struct jiter it;
	struct jval v;

	json_iter(root, &it);
	if (!json_next(&it, &v))
		return false;
	*r = reply_read(v);
	if (json_next(&it, &v) || !r->has_error)
		return false;
	return !r->has_id ||
	       (r->id != t->guard_id && (r->id < t->first_id || r->id >= t->first_id + t->n));
}

/* What the answer weighed, shared out over the blocks that it is about, whatever was asked of them. */
static void weigh(struct transfer *t)
{
	uint64_t blocks[M_COUNT] = {0}, all = 0;
	const struct call *of[M_COUNT];

	for (size_t i = 0; i < t->n; i++) {
		const struct call *c = t->calls[i];

		if (!c)
			continue;
		of[c->method] = c;
		blocks[c->method] += width(c);
		all += width(c);
	}
	for (int m = 0; m < M_COUNT; m++)
		if (blocks[m])
			endpoint_weigh(t->ep, of[m], blocks[m], t->in.n * blocks[m] / all);
}

static void take_body(struct transfer *t, uint64_t us)
{
	struct source *s = t->ep->s;
	const bool batch = t->n + (t->guard_id != 0) > 1;
	const long status = http_status(t);
	struct err e = {0};
	struct jval root;
	struct reply r = {0};
	bool array = false;

	if (!json_parse(s->json, t->in.p ? t->in.p : "", t->in.n, &root, &e)) {
		array = json_type(root) == JSON_ARRAY;
		if (!array)
			r = reply_read(root);
		if ((array && batch && !one_error(t, root, &r)) ||
			(!array && !batch && (r.has_result || r.has_error) && r.has_id &&
				r.id == t->first_id)) {
			if (status < 300)
				endpoint_succeeded(t->ep, us);
			weigh(t);
			if (batch)
				endpoint_batch_taken(t->ep, (unsigned)t->n);
			if (t->control)
				take_control(t, &r);
			else if (array)
				take_batch(t, root);
			else if (expecting(t, 0))
				take_reply(t, t->calls[0], &r, false);
			return;
		}
	}
	if (r.has_error && json_type(r.error) == JSON_OBJECT) {
		fail_transfer(t, judge(t, method_of(t), r.error, batch, &e), &e);
	} else {
		const struct rpc_failure f = {.http = (int)status,
			.text = t->in.p ? t->in.p : "",
			.text_len = t->in.n,
			.whole_batch = batch};

		err_set(&e, ERR_AGAIN, "rpc", (int)status, "%s: %s: HTTP %ld, not an answer: %s",
			t->ep->name, method_of(t), status,
			log_quote(f.text, f.text_len < 120 ? f.text_len : 120));
		fail_transfer(t, rpc_classify(&f), &e);
	}
}

/* May an answer over this connection be believed? */
static bool trusted(struct transfer *t)
{
	long fresh = 0;

	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &fresh);
	return t->control == CONTROL_CHECK || !fresh || t->start_us < t->ep->checked_us + TRUST_US;
}

static void ask_again(struct transfer *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (expecting(t, i))
			job_wait(t->calls[i], 0);
}

static void settle_jobs(struct transfer *t)
{
	const struct job_run *last = NULL;

	for (size_t i = 0; i < t->n; i++) {
		struct job_run *j = t->calls[i] ? t->calls[i]->job : NULL;

		if (j && j != last)
			job_settle(j);
		last = j;
	}
}

static void finish(struct transfer *t, CURLcode rc)
{
	const uint64_t us = clock_us() - t->start_us;
	struct source *s = t->ep->s;
	struct err e = {0};

	detach(t);
	buf_clear(&s->text);
	metric_observe_us(t->ep->m_seconds, us);
	metric_add(t->ep->m_bytes, (int64_t)t->in.n);
	atomic_fetch_add_explicit(&t->ep->bytes, t->in.n, memory_order_relaxed);
	if (t->ep->state == EP_WRONG_CHAIN) {
		ask_again(t);
	} else if (t->over) {
		err_set(&e, ERR_AGAIN, "rpc", 0, "%s: %s: the answer is larger than %lld bytes",
			t->ep->name, method_of(t), (long long)t->ep->s->conf.body_max_bytes);
		fail_transfer(t, RPC_RESULTS, &e);
	} else if (rc) {
		transport_error(t, rc, &e);
		fail_transfer(t, RPC_TRANSPORT, &e);
	} else if (!trusted(t)) {
		t->ep->state = EP_UNCHECKED;
		ask_again(t);
	} else {
		take_body(t, us);
	}
	settle_jobs(t);
	give_back(t);
}

size_t rpc_work(struct source *s)
{
	size_t ended = 0;
	CURLMsg *m;
	int n;

	if (curl_multi_perform(s->multi, &n))
		return 0;
	while ((m = curl_multi_info_read(s->multi, &n))) {
		struct transfer *t;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(t, m->data.result);
		ended++;
	}
	return ended;
}

void rpc_wait(struct source *s, unsigned ms)
{
	struct curl_waitfd stop = {.fd = stop_fd(), .events = CURL_WAIT_POLLIN};

	(void)curl_multi_poll(s->multi, &stop, stop.fd >= 0, (int)ms, NULL);
}
