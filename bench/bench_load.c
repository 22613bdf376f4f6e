/*
 * Requests at a fixed rate, whatever the server does:
 *
 *   bench_load PORT RATE SECONDS CONNECTIONS < list
 *
 * A line of the list is "CLASS PATH"; they are asked one after the other, from the start again at
 * the end. Request n is due at n / RATE seconds and its time counts from then, also when it has to
 * wait for a connection: a server that falls behind can not hide it. One second comes before the
 * counting begins. Output, a line a class and one for all:
 * CLASS COUNT ERRORS p50 p95 p99 MAX BYTES (milliseconds; bytes of a body, mean).
 */
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define CLASSES_MAX     64
#define ANSWER_MAX      (4u << 20)
#define GRACE_US        5000000u
#define WARM_SECONDS    1

struct line {
	unsigned class;
	char *request;
	size_t n;
};

struct conn {
	int fd;
	bool busy;
	size_t request; /* number of the one in hand */
	char *in;
	size_t used, cap;
};

static struct load {
	struct line *lines;
	size_t line_count;
	char *classes[CLASSES_MAX];
	unsigned class_count;
	struct conn conns[CONNECTIONS_MAX];
	unsigned conn_count;
	unsigned idle[CONNECTIONS_MAX], idle_at, idle_count; /* ring: each gets its turn */
	size_t total, warm, next, sent, done; /* next: the first that is not due; sent: given out */
	unsigned port;
	uint64_t rate, start_us;
	uint32_t *us;  /* of each request */
	bool *failed;
	uint64_t bytes[CLASSES_MAX];
	int epoll;
} x;

static void die(const char *what)
{
	fprintf(stderr, "bench_load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static void *grown(void *p, size_t bytes)
{
	p = realloc(p, bytes);
	if (!p)
		abort();
	return p;
}

/* ---- the list ------------------------------------------------------------------------------ */

static unsigned class_of(const char *name)
{
	for (unsigned i = 0; i < x.class_count; i++)
		if (!strcmp(x.classes[i], name))
			return i;
	if (x.class_count == CLASSES_MAX || !(x.classes[x.class_count] = strdup(name)))
		die("too many classes");
	return x.class_count++;
}

static void read_list(void)
{
	char text[2048], name[64], path[1900];
	size_t cap = 0;

	while (fgets(text, sizeof(text), stdin)) {
		struct line *l;
		int n;

		if (sscanf(text, "%63s %1899s", name, path) != 2)
			die("a line of the list is not CLASS PATH");
		if (x.line_count == cap) {
			cap = cap ? 2 * cap : 1024;
			x.lines = grown(x.lines, cap * sizeof(*x.lines));
		}
		l = &x.lines[x.line_count++];
		l->class = class_of(name);
		n = asprintf(&l->request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", path, x.port);
		if (n < 0)
			abort();
		l->n = (size_t)n;
	}
	if (!x.line_count)
		die("the list is empty");
}

static const struct line *line_of(size_t request)
{
	return &x.lines[request % x.line_count];
}

/* ---- connections --------------------------------------------------------------------------- */

static void put_idle(const struct conn *c)
{
	x.idle[(x.idle_at + x.idle_count++) % x.conn_count] = (unsigned)(c - x.conns);
}

static struct conn *take_idle(void)
{
	struct conn *c = &x.conns[x.idle[x.idle_at]];

	x.idle_at = (x.idle_at + 1) % x.conn_count;
	x.idle_count--;
	return c;
}

static void open_one(struct conn *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)x.port)};
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)(c - x.conns)};
	int one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) ||
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
		epoll_ctl(x.epoll, EPOLL_CTL_ADD, c->fd, &ev))
		die("cannot connect");
}

static void open_connections(unsigned n)
{
	x.conn_count = n;
	for (unsigned i = 0; i < n; i++) {
		open_one(&x.conns[i]);
		x.conns[i].in = grown(NULL, x.conns[i].cap = 65536);
		put_idle(&x.conns[i]);
	}
}

static void finish(struct conn *c, bool good, size_t body)
{
	uint64_t due = x.start_us + c->request * 1000000 / x.rate, now = clock_us();

	x.us[c->request] = now > due ? (uint32_t)(now - due) : 0;
	x.failed[c->request] = !good;
	if (c->request >= x.warm)
		x.bytes[line_of(c->request)->class] += body;
	x.done++;
	c->busy = false;
	c->used = 0;
	put_idle(c);
}

/* The length of the whole answer, or 0 while its head is not complete. */
static size_t answer_length(const struct conn *c, size_t *body)
{
	char *end = memmem(c->in, c->used, "\r\n\r\n", 4), *at;

	if (!end)
		return 0;
	*end = 0;
	at = strcasestr(c->in, "\ncontent-length:");
	if (!at)
		die("an answer without Content-Length");
	*body = strtoul(at + 16, NULL, 10);
	*end = '\r';
	return (size_t)(end - c->in) + 4 + *body;
}

static void receive(struct conn *c)
{
	size_t body = 0, whole;
	ssize_t n;

	if (c->used == c->cap) {
		if (c->cap >= ANSWER_MAX)
			die("an answer is too long");
		c->in = grown(c->in, c->cap *= 2);
	}
	n = recv(c->fd, c->in + c->used, c->cap - c->used, 0);
	if (n <= 0 && !c->busy) { /* it had nothing to do for long */
		close(c->fd);
		open_one(c);
		return;
	}
	if (n <= 0 || !c->busy)
		die("the server closed a connection with a request");
	c->used += (size_t)n;
	whole = answer_length(c, &body);
	if (whole && c->used >= whole)
		finish(c, !strncmp(c->in, "HTTP/1.1 200", 12), body);
}

/* ---- time ---------------------------------------------------------------------------------- */

static void send_due(void)
{
	uint64_t passed = clock_us() - x.start_us;

	x.next = (size_t)(passed * x.rate / 1000000) + 1;
	if (x.next > x.total)
		x.next = x.total;
	for (; x.sent < x.next && x.idle_count; x.sent++) {
		struct conn *c = take_idle();
		const struct line *l = line_of(x.sent);

		c->request = x.sent;
		c->busy = true;
		if (send(c->fd, l->request, l->n, MSG_NOSIGNAL) != (ssize_t)l->n)
			die("cannot send");
	}
}

static void run(void)
{
	struct epoll_event events[64];
	struct itimerspec every = {.it_interval.tv_nsec = 200000, .it_value.tv_nsec = 200000};
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t ticks, end = x.total * 1000000 / x.rate + GRACE_US;

	if (timer < 0 || timerfd_settime(timer, 0, &every, NULL) ||
		epoll_ctl(x.epoll, EPOLL_CTL_ADD, timer, &ev))
		die("cannot make a timer");
	x.start_us = clock_us();
	while (x.done < x.total && clock_us() - x.start_us < end) {
		int n;

		send_due();
		n = epoll_wait(x.epoll, events, 64, 100);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 != UINT32_MAX)
				receive(&x.conns[events[i].data.u32]);
			else if (read(timer, &ticks, sizeof(ticks)) < 0)
				die("timer");
		}
	}
	close(timer);
}

/* ---- figures ------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;

	return (p > q) - (p < q);
}

static double ms(const uint32_t *us, size_t n, double part)
{
	size_t at = (size_t)((double)n * part);

	return (double)us[at < n ? at : n - 1] / 1000;
}

/* class UINT32_MAX: all. What was never answered took for ever. */
static void show(unsigned class, const char *name)
{
	uint32_t *us = grown(NULL, x.total * sizeof(*us));
	size_t n = 0, errors = 0;
	uint64_t bytes = 0;

	for (size_t i = x.warm; i < x.total; i++) {
		if (class != UINT32_MAX && line_of(i)->class != class)
			continue;
		errors += x.failed[i];
		us[n++] = x.us[i];
	}
	for (unsigned k = 0; k < x.class_count; k++)
		bytes += class == UINT32_MAX || class == k ? x.bytes[k] : 0;
	qsort(us, n, sizeof(*us), by_value);
	if (n)
		printf("%s %zu %zu %.3f %.3f %.3f %.3f %zu\n", name, n, errors, ms(us, n, 0.5),
			ms(us, n, 0.95), ms(us, n, 0.99), ms(us, n, 1), (size_t)(bytes / n));
	free(us);
}

int main(int argc, char **argv)
{
	unsigned long port = argc == 5 ? strtoul(argv[1], NULL, 10) : 0, seconds, conns;

	if (!port || port > 65535 || !(x.rate = strtoul(argv[2], NULL, 10)) || x.rate > 100000 ||
		!(seconds = strtoul(argv[3], NULL, 10)) || seconds > 3600 ||
		!(conns = strtoul(argv[4], NULL, 10)) || conns > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: bench_load PORT RATE SECONDS CONNECTIONS < list\n");
		return 2;
	}
	x.port = (unsigned)port;
	read_list();
	x.total = x.rate * (seconds + WARM_SECONDS);
	x.warm = x.rate * WARM_SECONDS;
	x.us = grown(NULL, x.total * sizeof(*x.us));
	memset(x.us, 0xff, x.total * sizeof(*x.us));
	x.failed = grown(NULL, x.total * sizeof(*x.failed));
	memset(x.failed, 1, x.total * sizeof(*x.failed));
	x.epoll = epoll_create1(EPOLL_CLOEXEC);
	open_connections((unsigned)conns);
	run();
	for (unsigned k = 0; k < x.class_count; k++)
		show(k, x.classes[k]);
	show(UINT32_MAX, "all");
	return 0;
}
