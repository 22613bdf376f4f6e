/*
 * Assembly of the API: one thread with an h2o event loop, a listener, the pool of database
 * connections.
 *
 * HTTP/2 is off: the library's version cannot fend off rapid resets; a proxy in front may speak it.
 * A connection costs a bounded amount of memory: URLs, headers, request bodies and pieces of
 * streamed answers have limits, connections are counted, and one whose client takes nothing for a
 * while is cut.
 *
 * Ending: no new connections; requests in flight get up to two seconds; then sockets are shut down,
 * so that h2o lets go of every connection before its context is freed.
 */
#include "api/serve.h"

#include "api/call.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#include <h2o.h>
#include <h2o/http1.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define URL_MAX      8000
#define ENTITY_MAX   16384
#define BODY_MAX     (64u * 1024 * 1024)
#define CONNECTIONS  4096
#define TICK_MS      100
#define STALL_MS     30000 /* a client that takes nothing for so long is cut off */
#define DRAIN_MS     2000
#define CLOSE_MS     500
#define STATEMENT_MS 15000
#define SPARE_ARENAS 64
#define CALL_MEM_MAX (4u * 1024 * 1024)

struct serve {
	struct api api;
	struct pgpool_conf pg;
	char *url;
	int listen_fd, wake_fd, watch_fd; /* watch_fd: wake_fd again, for h2o to close */
	unsigned port;
	pthread_t thread;
	bool started;
	/* the thread's */
	h2o_globalconf_t h2o;
	h2o_context_t ctx;
	h2o_accept_ctx_t accept;
	h2o_socket_t *listener, *waker;
	h2o_timeout_t tick;
	h2o_timeout_entry_t tick_entry;
	h2o_linklist_t calls;
	struct arena *spare[SPARE_ARENAS];
	size_t spare_count;
	unsigned connections, connections_max, ticks;
	bool paused, stopping;
	struct metric_series *open_connections;
};

/** A call with what only this file needs of it. */
struct live {
	struct call call;
	struct serve *serve;
	h2o_linklist_t link;
	uint64_t moved_ms, mark;
};

struct handler {
	h2o_handler_t super;
	struct serve *serve;
};

/* -------- requests -------- */

static void live_dispose(void *p)
{
	struct live *v = p;
	struct serve *s = v->serve;

	pg_ask_cancel(v->call.ask);
	h2o_linklist_unlink(&v->link);
	if (s->spare_count == SPARE_ARENAS) {
		arena_free(v->call.mem);
		return;
	}
	arena_reset(v->call.mem);
	s->spare[s->spare_count++] = v->call.mem;
}

static struct call *call_new(struct serve *s, h2o_req_t *req)
{
	struct live *v = h2o_mem_alloc_shared(&req->pool, sizeof(*v), live_dispose);

	memset(v, 0, sizeof(*v));
	v->serve = s;
	v->moved_ms = clock_ms();
	v->call.api = &s->api;
	v->call.req = req;
	v->call.began_us = clock_us();
	v->call.mem = s->spare_count ? s->spare[--s->spare_count] : arena_new(CALL_MEM_MAX);
	v->call.head = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD"));
	h2o_linklist_insert(&s->calls, &v->link);
	return &v->call;
}

void call_ask(
	struct call *c, bool bulk, const char *sql, int n, const char *const *values, pg_done *done)
{
	struct pg_ask *a = pgpool_ask(c->api->pool, bulk, sql, n, values, done, c);

	if (a)
		c->ask = a;
}

static void route_call(struct call *c, struct text path, struct text query)
{
	h2o_iovec_t method = c->req->method;
	struct query_fault fault;
	bool bad;

	c->path = path;
	c->route = route_find(path, c->mem, c->args, &bad);
	if (bad) {
		respond_problem(c, 400, NULL, "the path is no valid percent-encoded UTF-8 text");
	} else if (!c->route || (!c->api->pool && !route_alone(c->route))) {
		respond_problem(c, 404, NULL,
			c->api->pool ? "no such path; /openapi.json lists them"
				     : "no such path; /healthz, /readyz and /metrics are there");
	} else if (h2o_memis(method.base, method.len, H2O_STRLIT("OPTIONS"))) {
		respond_options(c);
	} else if (!c->head && !h2o_memis(method.base, method.len, H2O_STRLIT("GET"))) {
		respond_problem(c, 405, NULL, "this API is read-only: GET, HEAD and OPTIONS");
	} else if (!query_parse(&c->q, c->api->net, c->route->params, query, c->mem, &fault)) {
		respond_problem(c, 400, fault.parameter, "%s%s%s", fault.parameter,
			*fault.parameter ? " " : "", fault.detail);
	} else {
		c->route->get(c);
	}
}

/* "http://host/path" (RFC 9112 3.2.2) without scheme and host. */
static struct text origin_form(struct text target)
{
	const char *slashes =
		target.n && target.p[0] != '/' ? memmem(target.p, target.n, "://", 3) : NULL;
	const char *end = target.p + target.n, *at;

	if (!slashes)
		return target;
	for (at = slashes + 3; at < end && *at != '/' && *at != '?'; at++)
		;
	return at < end && *at == '/' ? (struct text){at, (size_t)(end - at)}
				      : (struct text){"/", 1};
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
	struct call *c = call_new(((struct handler *)self)->serve, req);
	struct text path = origin_form((struct text){req->input.path.base, req->input.path.len});
	const char *mark = memchr(path.p, '?', path.n);
	struct text query = {"", 0};

	if (mark) {
		query = (struct text){mark + 1, path.n - (size_t)(mark - path.p) - 1};
		path.n = (size_t)(mark - path.p);
	}
	if (req->input.path.len > URL_MAX)
		respond_problem(c, 414, NULL, "the URL is longer than %d bytes", URL_MAX);
	else
		route_call(c, path, query);
	return 0;
}

/* -------- connections -------- */

static void on_connection_closed(void *data)
{
	struct serve *s = data;

	metric_set(s->open_connections, --s->connections);
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
	struct serve *s = listener->data;

	if (err)
		return;
	for (int i = 0; i < 16; i++) {
		h2o_socket_t *sock;

		if (s->connections >= s->connections_max) {
			h2o_socket_read_stop(listener);
			s->paused = true;
			return;
		}
		if (!(sock = h2o_evloop_socket_accept(listener)))
			return;
		sock->on_close.cb = on_connection_closed;
		sock->on_close.data = s;
		metric_set(s->open_connections, ++s->connections);
		h2o_accept(&s->accept, sock);
	}
}

static h2o_socket_t *socket_of(h2o_req_t *req)
{
	return req->conn->callbacks->get_socket(req->conn);
}

/* A number that changes when the client takes bytes. */
static uint64_t progress(h2o_req_t *req)
{
	h2o_socket_t *sock = socket_of(req);
	int queued = 0;

	if (ioctl(h2o_socket_get_fd(sock), TIOCOUTQ, &queued))
		queued = 0;
	return (uint64_t)sock->bytes_written * 31 + (uint64_t)queued;
}

static void cut_stalled(struct serve *s, uint64_t now)
{
	for (h2o_linklist_t *at = s->calls.next; at != &s->calls; at = at->next) {
		struct live *v = H2O_STRUCT_FROM_MEMBER(struct live, link, at);
		uint64_t mark = progress(v->call.req);

		if (mark != v->mark || !v->call.answered) {
			v->mark = mark;
			v->moved_ms = now;
		} else if (now - v->moved_ms > STALL_MS) {
			shutdown(h2o_socket_get_fd(socket_of(v->call.req)), SHUT_RDWR);
			v->moved_ms = now;
		}
	}
}

static void on_tick(h2o_timeout_entry_t *entry)
{
	struct serve *s = H2O_STRUCT_FROM_MEMBER(struct serve, tick_entry, entry);

	if (s->api.pool)
		pgpool_tick(s->api.pool);
	if (++s->ticks % 10 == 0)
		cut_stalled(s, clock_ms());
	if (s->paused && s->connections < s->connections_max && s->listener) {
		s->paused = false;
		h2o_socket_read_start(s->listener, on_accept);
	}
	h2o_timeout_link(s->ctx.loop, &s->tick, &s->tick_entry);
}

static void on_wake(h2o_socket_t *sock, const char *err)
{
	struct serve *s = sock->data;

	(void)err;
	s->stopping = true;
	h2o_socket_read_stop(sock);
}

/* -------- the thread -------- */

static int shut_connection(h2o_req_t *req, void *data)
{
	(void)data;
	shutdown(h2o_socket_get_fd(socket_of(req)), SHUT_RDWR);
	return 0;
}

static void run_until(struct serve *s, unsigned ms, bool (*done)(const struct serve *s))
{
	uint64_t end = clock_ms() + ms;

	while (!done(s) && clock_ms() < end)
		h2o_evloop_run(s->ctx.loop, 20);
}

static bool no_calls(const struct serve *s)
{
	return h2o_linklist_is_empty((h2o_linklist_t *)(uintptr_t)&s->calls);
}

static bool no_connections(const struct serve *s)
{
	return !s->connections;
}

static void drain_and_close(struct serve *s)
{
	h2o_socket_close(s->listener);
	s->listener = NULL;
	/* h2o_context_request_shutdown() would also arm HTTP/2's timer, which outlives the context.
	 */
	s->ctx.shutdown_requested = 1;
	run_until(s, DRAIN_MS, no_calls);
	s->h2o.http1.callbacks.foreach_request(&s->ctx, shut_connection, NULL);
	run_until(s, CLOSE_MS, no_connections);
	if (s->connections)
		log_warn("api", "connections left at the end", "count=%u", s->connections);
}

static void thread_open(struct serve *s)
{
	h2o_evloop_t *loop = h2o_evloop_create();

	h2o_context_init(&s->ctx, loop, &s->h2o);
	s->accept = (h2o_accept_ctx_t){.ctx = &s->ctx, .hosts = s->h2o.hosts};
	if (s->url)
		s->api.pool = pgpool_new(loop, &s->pg);
	s->listener = h2o_evloop_socket_create(loop, s->listen_fd, H2O_SOCKET_FLAG_DONT_READ);
	s->listener->data = s;
	h2o_socket_read_start(s->listener, on_accept);
	s->waker = h2o_evloop_socket_create(loop, s->watch_fd, H2O_SOCKET_FLAG_DONT_READ);
	s->waker->data = s;
	h2o_socket_read_start(s->waker, on_wake);
	h2o_timeout_init(loop, &s->tick, TICK_MS);
	s->tick_entry.cb = on_tick;
	h2o_timeout_link(loop, &s->tick, &s->tick_entry);
}

static void thread_close(struct serve *s)
{
	h2o_loop_t *loop = s->ctx.loop;

	h2o_timeout_unlink(&s->tick_entry);
	h2o_timeout_dispose(loop, &s->tick);
	h2o_socket_close(s->waker);
	if (s->api.pool)
		pgpool_free(s->api.pool);
	h2o_evloop_run(loop, 0); /* closed sockets are freed by the loop */
	h2o_context_dispose(&s->ctx);
	h2o_evloop_run(loop, 0);
	h2o_evloop_destroy(loop);
}

static void *thread_main(void *arg)
{
	struct serve *s = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(
		SIG_BLOCK, &all, NULL); /* signals are the main thread's; EPIPE is an error code */
	thread_open(s);
	while (!s->stopping)
		h2o_evloop_run(s->ctx.loop, 1000);
	drain_and_close(s);
	thread_close(s);
	return NULL;
}

/* -------- start and stop -------- */

static void configure(struct serve *s)
{
	static h2o_compress_args_t gzip = {
		.min_size = 1024, .gzip = {.quality = 1}, .brotli = {.quality = -1}};
	h2o_hostconf_t *host;
	h2o_pathconf_t *path;
	struct handler *h;

	h2o_config_init(&s->h2o);
	s->h2o.server_name = h2o_iovec_init(H2O_STRLIT("bttc-indexer"));
	s->h2o.http1.upgrade_to_http2 = 0;
	s->h2o.max_request_entity_size = ENTITY_MAX;
	host = h2o_config_register_host(&s->h2o, h2o_iovec_init(H2O_STRLIT("default")), 65535);
	respond_refusals(&host->fallback_path);
	path = h2o_config_register_path(host, "/", 0);
	h2o_compress_register(path, &gzip);
	h = (struct handler *)h2o_create_handler(path, sizeof(*h));
	h->super.on_req = on_request;
	h->serve = s;
}

/* "HOST:PORT", "[v6]:PORT"; host empty or *: all addresses. */
static enum err_kind split_listen(
	const char *text, char *host, size_t host_size, const char **port, struct err *e)
{
	const char *colon = strrchr(text, ':'), *from = text;
	size_t n;

	if (!colon)
		return err_set(
			e, ERR_FATAL, "api", 0, "listen address %.100s is not HOST:PORT", text);
	n = (size_t)(colon - text);
	if (n >= 2 && from[0] == '[' && from[n - 1] == ']') {
		from++;
		n -= 2;
	}
	if (n >= host_size)
		return err_set(
			e, ERR_FATAL, "api", 0, "listen address %.100s has too long a host", text);
	memcpy(host, from, n);
	host[n] = 0;
	*port = colon + 1;
	return ERR_NONE;
}

static int open_listener(const struct addrinfo *ai)
{
	int fd = socket(
		ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, 1024))
		return fd;
	on = errno;
	close(fd);
	errno = on;
	return -1;
}

static enum err_kind bind_listener(struct serve *s, const char *listen_text, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	const char *port = NULL;
	char host[256];
	int k;

	if (split_listen(listen_text, host, sizeof(host), &port, e))
		return ERR_FATAL;
	k = getaddrinfo(*host && strcmp(host, "*") ? host : NULL, port, &hints, &list);
	if (k)
		return err_set(e, ERR_FATAL, "api", 0, "listen address %.100s: %s", listen_text,
			gai_strerror(k));
	for (struct addrinfo *ai = list; ai && s->listen_fd < 0; ai = ai->ai_next)
		s->listen_fd = open_listener(ai);
	k = errno;
	freeaddrinfo(list);
	if (s->listen_fd < 0)
		return err_set(e, ERR_FATAL, "api", k, "cannot listen on %.100s: %s", listen_text,
			strerror(k));
	if (getsockname(s->listen_fd, (struct sockaddr *)&at, &len))
		return err_set(e, ERR_FATAL, "api", errno, "getsockname: %s", strerror(errno));
	s->port = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
						 : ((struct sockaddr_in *)&at)->sin_port);
	return ERR_NONE;
}

static unsigned connection_limit(void)
{
	struct rlimit r;
	unsigned room;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= CONNECTIONS + 256)
		return CONNECTIONS;
	room = (unsigned)r.rlim_cur;
	return room > 512 ? room - 256 : room / 2;
}

static void serve_free(struct serve *s)
{
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	if (s->watch_fd >= 0 && !s->started)
		close(s->watch_fd);
	if (s->listen_fd >= 0 && !s->started)
		close(s->listen_fd);
	if (s->h2o.hosts)
		h2o_config_dispose(&s->h2o);
	for (size_t i = 0; i < s->spare_count; i++)
		arena_free(s->spare[i]);
	arena_free(s->api.row_mem);
	arena_free(s->api.ask_mem);
	buf_free(&s->api.body);
	buf_free(&s->api.small);
	free(s->url);
	free(s);
}

static struct serve *serve_new(const struct network *net, const struct serve_conf *conf)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (!s || (conf->url && !(s->url = strdup(conf->url))))
		abort();
	s->listen_fd = s->wake_fd = s->watch_fd = -1;
	s->api.net = net;
	s->api.conf = *conf;
	s->api.started_ms = clock_ms();
	s->api.row_mem = arena_new(BODY_MAX);
	s->api.ask_mem = arena_new(CALL_MEM_MAX);
	buf_init(&s->api.body, BODY_MAX);
	buf_init(&s->api.small, BODY_MAX);
	s->pg = (struct pgpool_conf){.url = s->url,
		.network = net->name,
		.connections = conf->connections > 0 ? (unsigned)conf->connections : 4,
		.timeout_ms = STATEMENT_MS};
	s->connections_max = connection_limit();
	h2o_linklist_init_anchor(&s->calls);
	s->open_connections = metric_get(
		METRIC_GAUGE, "bttc_api_connections", "HTTP connections that are open.", NULL);
	return s;
}

enum err_kind serve_start(
	struct serve **out, const struct network *net, const struct serve_conf *conf, struct err *e)
{
	struct serve *s = serve_new(net, conf);

	if (bind_listener(s, conf->listen, e)) {
		serve_free(s);
		return ERR_FATAL;
	}
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->watch_fd = s->wake_fd < 0 ? -1 : fcntl(s->wake_fd, F_DUPFD_CLOEXEC, 0);
	if (s->watch_fd < 0) {
		err_set(e, ERR_FATAL, "api", errno, "eventfd: %s", strerror(errno));
		serve_free(s);
		return ERR_FATAL;
	}
	configure(s);
	if (pthread_create(&s->thread, NULL, thread_main, s)) {
		serve_free(s);
		return err_set(e, ERR_FATAL, "api", errno, "no thread for the API");
	}
	s->started = true;
	log_info("api", "listening", "port=%u", s->port);
	*out = s;
	return ERR_NONE;
}

unsigned serve_port(const struct serve *s)
{
	return s->port;
}

void serve_stop(struct serve *s)
{
	uint64_t one = 1;

	if (!s)
		return;
	while (write(s->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(s->thread, NULL);
	serve_free(s);
}
