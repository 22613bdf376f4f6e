/* See fake_http.h. Whatever fails here is a broken test machine and ends the program. */
#include "lib/fake_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define BODY_MAX (256u << 20)
#define CONNS    256

struct conn {
	struct fake_http *f;
	pthread_t thread;
	int fd;
	unsigned number;
};

struct fake_http {
	fake_handler *handler;
	void *arg;
	int fd;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	_Atomic bool stop;
	_Atomic unsigned requests, count;
	struct conn conns[CONNS];
};

static void die(const char *what)
{
	fprintf(stderr, "fake_http: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool wait_readable(struct fake_http *f, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (!atomic_load(&f->stop))
		if (poll(&p, 1, 20) > 0)
			return true;
	return false;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Read one request into in (head and body). Returns the length of the head, 0 at the end. */
static size_t read_request(struct conn *c, struct buf *in, size_t *body_len)
{
	char piece[65536];
	size_t head = 0;

	for (;;) {
		const char *end = in->n && !head ? strstr(in->p, "\r\n\r\n") : NULL;
		ssize_t k;

		if (end) {
			const char *l = strcasestr(in->p, "\r\ncontent-length:");

			head = (size_t)(end - in->p) + 4;
			*body_len = l && l < end ? strtoul(l + 17, NULL, 10) : 0;
		}
		if (head && in->n >= head + *body_len)
			return head;
		if (!wait_readable(c->f, c->fd))
			return 0;
		k = recv(c->fd, piece, sizeof(piece), 0);
		if (k <= 0)
			return 0;
		buf_add(in, piece, (size_t)k);
	}
}

static void compress_body(struct fake_reply *r)
{
	struct buf out;
	z_stream z = {0};

	buf_init(&out, BODY_MAX);
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		die("zlib");
	buf_reserve(&out, deflateBound(&z, r->body.n));
	z.next_in = (Bytef *)r->body.p;
	z.avail_in = (uInt)r->body.n;
	z.next_out = (Bytef *)out.p;
	z.avail_out = (uInt)out.size;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		die("zlib");
	out.n = z.total_out;
	deflateEnd(&z);
	buf_free(&r->body);
	r->body = out;
	buf_str(&r->headers, "Content-Encoding: gzip\r\n");
}

static void reset(int fd)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* False: the connection ends. */
static bool send_reply(struct conn *c, struct fake_reply *r)
{
	bool ok;
	struct buf head;
	size_t n;

	if (r->drop)
		return false;
	if (r->hang) {
		(void)wait_readable(c->f, c->fd); /* the client hangs up */
		return false;
	}
	if (r->gzip)
		compress_body(r);
	buf_init(&head, 1 << 20);
	buf_printf(&head,
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
		r->status, r->body.n);
	buf_add(&head, r->headers.p, r->headers.n);
	buf_str(&head, r->close ? "Connection: close\r\n\r\n" : "\r\n");
	n = r->reset || r->cut ? r->body.n / 2 : r->body.n;
	ok = send_all(c->fd, head.p, head.n) && send_all(c->fd, r->body.p, n);
	buf_free(&head);
	if (r->reset)
		reset(c->fd);
	return ok && !r->reset && !r->cut && !r->close;
}

static void pause_for(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static bool serve_one(struct conn *c, struct buf *in)
{
	struct fake_reply r = {.status = 200};
	struct fake_request q = {.connection = c->number};
	size_t body_len = 0, head = read_request(c, in, &body_len);
	char *head_text, *body_text;
	bool more;

	if (!head)
		return false;
	head_text = strndup(in->p, head);
	body_text = strndup(in->p + head, body_len);
	q.head = head_text;
	q.body = body_text;
	q.body_len = body_len;
	buf_init(&r.headers, 1 << 20);
	buf_init(&r.body, BODY_MAX);
	pthread_mutex_lock(&c->f->lock);
	atomic_fetch_add(&c->f->requests, 1);
	c->f->handler(c->f->arg, &q, &r);
	pthread_mutex_unlock(&c->f->lock);
	if (r.delay_ms)
		pause_for(r.delay_ms);
	more = send_reply(c, &r);
	buf_free(&r.headers);
	buf_free(&r.body);
	free(head_text);
	free(body_text);
	buf_clear(
		in); /* no pipelining: a client that does would be noticed by its missing answer */
	return more;
}

static void *serve_conn(void *arg)
{
	struct conn *c = arg;
	struct buf in;

	buf_init(&in, BODY_MAX);
	while (serve_one(c, &in))
		;
	close(c->fd);
	buf_free(&in);
	return NULL;
}

static void *accept_loop(void *arg)
{
	struct fake_http *f = arg;
	int on = 1;

	while (wait_readable(f, f->fd)) {
		unsigned n = atomic_load(&f->count);
		int fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC);
		struct conn *c;

		if (fd < 0)
			continue;
		if (n == CONNS)
			die("too many connections");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		c = &f->conns[n];
		*c = (struct conn){.f = f, .fd = fd, .number = n + 1};
		atomic_store(&f->count, n + 1);
		if (pthread_create(&c->thread, NULL, serve_conn, c))
			die("pthread_create");
	}
	return NULL;
}

struct fake_http *fake_http_start(fake_handler *handler, void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct fake_http *f = calloc(1, sizeof(*f));
	socklen_t len = sizeof(a);

	if (!f)
		die("memory");
	f->handler = handler;
	f->arg = arg;
	pthread_mutex_init(&f->lock, NULL);
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || bind(f->fd, (struct sockaddr *)&a, sizeof(a)) || listen(f->fd, 64) ||
		getsockname(f->fd, (struct sockaddr *)&a, &len))
		die("listen");
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u", ntohs(a.sin_port));
	if (pthread_create(&f->thread, NULL, accept_loop, f))
		die("pthread_create");
	return f;
}

void fake_http_stop(struct fake_http *f)
{
	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
	for (unsigned i = 0; i < atomic_load(&f->count); i++)
		pthread_join(f->conns[i].thread, NULL);
	close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

const char *fake_http_url(const struct fake_http *f)
{
	return f->url;
}

unsigned fake_http_connections(const struct fake_http *f)
{
	return atomic_load(&f->count);
}

unsigned fake_http_requests(const struct fake_http *f)
{
	return atomic_load(&f->requests);
}
