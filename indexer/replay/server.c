/*
 * The h2o side: accepts connections, hands whole requests to the handler, sends what it returns.
 * HTTP/2 is off. Bodies live in buffers of a small pool, so that large answers do not pay for fresh
 * memory every time. Delayed answers hang on h2o's timers; a reset is SO_LINGER 0 before the close.
 *
 * Stop: a byte in a pipe wakes the loop; it then closes the listener, answers nothing more, and
 * shuts the sockets down until h2o has disposed of all connections.
 */
#include "replay/server.h"

#include "base/clock.h"

#include <h2o.h>
#include <h2o/http1.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FROM       "replay"
#define BODY_MAX   (8u << 20) /* of a request */
#define ANSWER_MAX ((size_t)2 << 30)
#define IDLE_MS    (3600u * 1000)
#define DRAIN_MS   2000u
#define SPARES     8
#define SPARE_MAX  (16u << 20)
#define DELAYS     16

struct delay {
	unsigned ms;
	h2o_timeout_t timeout;
};

struct server {
	pthread_t thread;
	server_handler *handler;
	void *user;
	int listen_fd, wake[2];
	unsigned port;
	bool stopping;
	h2o_globalconf_t conf;
	h2o_context_t ctx;
	h2o_accept_ctx_t accept;
	h2o_socket_t *listener, *waker;
	struct buf spare[SPARES];
	size_t spare_count;
	struct delay delays[DELAYS];
	size_t delay_count;
};

/* An answer on its way; lives in the request's pool, so its end is the request's end. */
struct answer {
	h2o_generator_t generator;
	h2o_timeout_entry_t timer;
	struct server *server;
	h2o_req_t *req;
	struct reply reply;
	struct buf body;
};

struct handler {
	h2o_handler_t super;
	struct server *server;
};

static void take_spare(struct server *s, struct buf *b)
{
	if (s->spare_count)
		*b = s->spare[--s->spare_count];
	else
		buf_init(b, ANSWER_MAX);
	buf_clear(b);
}

static void give_spare(struct server *s, struct buf *b)
{
	if (s->spare_count < SPARES && b->size <= SPARE_MAX)
		s->spare[s->spare_count++] = *b;
	else
		buf_free(b);
}

static void dispose(void *p)
{
	struct answer *a = p;

	if (h2o_timeout_is_linked(&a->timer))
		h2o_timeout_unlink(&a->timer);
	give_spare(a->server, &a->body);
}

static void set_linger(h2o_req_t *req)
{
	h2o_socket_t *sock = req->conn->callbacks->get_socket(req->conn);
	struct linger l = {.l_onoff = 1};

	setsockopt(h2o_socket_get_fd(sock), SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* The first half is out: end it the hard way. */
static void proceed(h2o_generator_t *g, h2o_req_t *req)
{
	struct answer *a = H2O_STRUCT_FROM_MEMBER(struct answer, generator, g);

	if (a->reply.way == REPLY_RESET)
		set_linger(req);
	h2o_send(req, NULL, 0, H2O_SEND_STATE_ERROR);
}

static void stop(h2o_generator_t *g, h2o_req_t *req)
{
	(void)g;
	(void)req;
}

static void send_now(struct answer *a)
{
	h2o_req_t *req = a->req;
	h2o_iovec_t body = {a->body.p, a->body.n};

	req->res.status = a->reply.status;
	req->res.reason = a->reply.status == 200 ? "OK" : "Error";
	req->res.content_length = body.len;
	h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
		a->reply.content_type, strlen(a->reply.content_type));
	if (a->reply.retry_after) {
		char *text = h2o_mem_alloc_pool(&req->pool, 16);
		int n = snprintf(text, 16, "%u", a->reply.retry_after);

		h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("retry-after"), 0,
			NULL, text, (size_t)n);
	}
	h2o_start_response(req, &a->generator);
	if (a->reply.way == REPLY_WHOLE) {
		h2o_send(req, &body, 1, H2O_SEND_STATE_FINAL);
	} else {
		body.len /= 2;
		h2o_send(req, &body, 1, H2O_SEND_STATE_IN_PROGRESS);
	}
}

static void on_due(h2o_timeout_entry_t *t)
{
	send_now(H2O_STRUCT_FROM_MEMBER(struct answer, timer, t));
}

/* h2o has one timeout object a duration; a server uses few different ones. */
static h2o_timeout_t *delay_of(struct server *s, unsigned ms)
{
	for (size_t i = 0; i < s->delay_count; i++)
		if (s->delays[i].ms == ms)
			return &s->delays[i].timeout;
	if (s->delay_count == DELAYS)
		return &s->delays[DELAYS - 1].timeout;
	s->delays[s->delay_count].ms = ms;
	h2o_timeout_init(s->ctx.loop, &s->delays[s->delay_count].timeout, ms);
	return &s->delays[s->delay_count++].timeout;
}

static bool takes_gzip(const h2o_req_t *req)
{
	ssize_t i = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT_ENCODING, -1);

	return i >= 0 && h2o_contains_token(req->headers.entries[i].value.base,
				 req->headers.entries[i].value.len, H2O_STRLIT("gzip"), ',');
}

static int on_req(h2o_handler_t *h, h2o_req_t *req)
{
	struct server *s = ((struct handler *)h)->server;
	struct answer *a = h2o_mem_alloc_shared(&req->pool, sizeof(*a), dispose);
	struct request q = {
		.method = req->method.base,
		.method_len = req->method.len,
		.path = req->path_normalized.base,
		.path_len = req->path_normalized.len,
		.body = req->entity.base ? req->entity.base : "",
		.body_len = req->entity.len,
		.gzip = takes_gzip(req),
	};

	memset(a, 0, sizeof(*a));
	a->generator = (h2o_generator_t){proceed, stop};
	a->timer.cb = on_due;
	a->server = s;
	a->req = req;
	take_spare(s, &a->body);
	a->reply =
		(struct reply){.status = 200, .content_type = "application/json", .body = &a->body};
	s->handler(s->user, &q, &a->reply);
	if (a->reply.delay_ms && !s->stopping)
		h2o_timeout_link(s->ctx.loop, delay_of(s, a->reply.delay_ms), &a->timer);
	else
		send_now(a);
	return 0;
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
	struct server *s = listener->data;
	h2o_socket_t *sock;
	int on = 1;

	if (err)
		return;
	for (int i = 0; i < 64 && (sock = h2o_evloop_socket_accept(listener)); i++) {
		setsockopt(h2o_socket_get_fd(sock), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		h2o_accept(&s->accept, sock);
	}
}

static int shut_down(h2o_req_t *req, void *unused)
{
	(void)unused;
	shutdown(h2o_socket_get_fd(req->conn->callbacks->get_socket(req->conn)), SHUT_RDWR);
	return 0;
}

static void on_wake(h2o_socket_t *sock, const char *err)
{
	struct server *s = sock->data;

	(void)err;
	s->stopping = true;
	h2o_socket_read_stop(sock);
}

static void drain(struct server *s)
{
	uint64_t end = clock_ms() + DRAIN_MS;
	const h2o_protocol_callbacks_t *cb = &s->conf.http1.callbacks;

	h2o_socket_read_stop(s->listener);
	h2o_socket_close(s->listener);
	s->ctx.shutdown_requested = 1; /* h2o_context_request_shutdown starts an HTTP/2 timer too */
	/* answers that wait for their delay go out now, so that their requests can end */
	for (size_t i = 0; i < s->delay_count; i++) {
		s->delays[i].timeout.timeout = 0;
		h2o_timeout_run(s->ctx.loop, &s->delays[i].timeout, UINT64_MAX);
	}
	while (!h2o_linklist_is_empty(&s->ctx.http1._conns) && clock_ms() < end) {
		cb->foreach_request(&s->ctx, shut_down, NULL);
		h2o_evloop_run(s->ctx.loop, 10);
	}
}

static void *run(void *p)
{
	struct server *s = p;

	while (!s->stopping)
		h2o_evloop_run(s->ctx.loop, INT32_MAX);
	drain(s);
	return NULL;
}

static enum err_kind open_socket(struct server *s, const char *listen_at, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *ai = NULL;
	struct sockaddr_storage at;
	socklen_t at_len = sizeof(at);
	const char *colon = strrchr(listen_at, ':');
	char host[64];
	size_t n = colon ? (size_t)(colon - listen_at) : 0;
	int on = 1;

	if (n >= 2 && listen_at[0] == '[' && listen_at[n - 1] == ']') {
		listen_at++;
		n -= 2;
	}
	if (!n || n >= sizeof(host))
		return err_set(e, ERR_FATAL, FROM, 0,
			"listen address \"%s\": give HOST:PORT, as 127.0.0.1:8545", listen_at);
	memcpy(host, listen_at, n);
	host[n] = 0;
	if (!strcmp(host, "localhost"))
		strncpy(host, "127.0.0.1", sizeof(host) - 1);
	if (getaddrinfo(host, colon + 1, &hints, &ai))
		return err_set(e, ERR_FATAL, FROM, 0,
			"listen address \"%s\": no numeric address and port", listen_at);
	s->listen_fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(s->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s->listen_fd, ai->ai_addr, ai->ai_addrlen) || listen(s->listen_fd, 1024) ||
		getsockname(s->listen_fd, (struct sockaddr *)&at, &at_len)) {
		freeaddrinfo(ai);
		return err_set(
			e, ERR_FATAL, FROM, errno, "listen on %s: %s", listen_at, strerror(errno));
	}
	freeaddrinfo(ai);
	s->port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
						 : ((struct sockaddr_in *)&at)->sin_port);
	return ERR_NONE;
}

static void set_up(struct server *s)
{
	h2o_hostconf_t *host;
	h2o_pathconf_t *path;
	struct handler *h;

	h2o_config_init(&s->conf);
	s->conf.http1.req_timeout = IDLE_MS;
	s->conf.http1.upgrade_to_http2 = 0;
	s->conf.max_request_entity_size = BODY_MAX;
	s->conf.server_name = (h2o_iovec_t){NULL, 0};
	host = h2o_config_register_host(&s->conf, h2o_iovec_init(H2O_STRLIT("default")), 65535);
	path = h2o_config_register_path(host, "/", 0);
	h = (struct handler *)h2o_create_handler(path, sizeof(*h));
	h->super.on_req = on_req;
	h->server = s;
	h2o_context_init(&s->ctx, h2o_evloop_create(), &s->conf);
	s->accept = (h2o_accept_ctx_t){.ctx = &s->ctx, .hosts = s->conf.hosts};
	s->listener =
		h2o_evloop_socket_create(s->ctx.loop, s->listen_fd, H2O_SOCKET_FLAG_DONT_READ);
	s->listener->data = s;
	h2o_socket_read_start(s->listener, on_accept);
	s->waker = h2o_evloop_socket_create(s->ctx.loop, s->wake[0], 0);
	s->waker->data = s;
	h2o_socket_read_start(s->waker, on_wake);
}

/* The thread takes no signals: neither the process's, nor SIGPIPE for clients that left. */
static void start_thread(struct server *s)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&s->thread, NULL, run, s))
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum err_kind server_start(struct server **out, const char *listen_at, server_handler *handler,
	void *user, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	enum err_kind k;

	if (!s)
		abort();
	s->handler = handler;
	s->user = user;
	s->listen_fd = -1;
	k = open_socket(s, listen_at, e);
	if (k) {
		if (s->listen_fd >= 0)
			close(s->listen_fd);
		free(s);
		return k;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s->wake))
		abort();
	set_up(s);
	start_thread(s);
	*out = s;
	return ERR_NONE;
}

unsigned server_port(const struct server *s)
{
	return s->port;
}

void server_stop(struct server *s)
{
	h2o_multithread_queue_t *queue;
	h2o_loop_t *loop;

	if (!s)
		return;
	if (write(s->wake[1], "x", 1) != 1)
		abort();
	pthread_join(s->thread, NULL);
	loop = s->ctx.loop;
	for (size_t i = 0; i < s->delay_count; i++)
		h2o_timeout_dispose(loop, &s->delays[i].timeout);
	h2o_socket_close(s->waker);
	h2o_evloop_run(loop, 0);
	if (h2o_linklist_is_empty(&s->ctx.http1._conns)) {
		queue = s->ctx.queue;
		h2o_context_dispose(&s->ctx);
		h2o_config_dispose(&s->conf);
		h2o_evloop_run(loop, 0);
		h2o_evloop_destroy(loop);
		free(queue); /* h2o empties it only */
	}
	close(s->wake[1]);
	while (s->spare_count)
		buf_free(&s->spare[--s->spare_count]);
	free(s);
}
