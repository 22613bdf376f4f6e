#ifndef TESTS_UNIT_REPLAY_HTTP_H
#define TESTS_UNIT_REPLAY_HTTP_H

/*
 * A replay server and a plain HTTP/1.1 client over a socket, for the tests of the server. The
 * client does not share code with the server.
 */
#include "lib/check.h"
#include "replay/replay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#define RECORDING(name) TEST_DIR "/recordings/" name

/** An HTTP answer as it came. */
struct http {
	int status;
	long length;     /* Content-Length; -1: none */
	int retry_after; /* -1: none */
	char *body;
	size_t n;
	int error; /* errno of the read that ended it early; 0 */
	bool cut;  /* the connection ended before `length` bytes */
};

struct client {
	struct replay *r;
	int fd;
};

static inline struct replay *serve(
	const char *const *texts, size_t n, bool tron, struct replay_conf conf)
{
	struct replay_chain chains[16];
	struct replay_dirs *dirs;
	struct replay *r = NULL;
	struct err e = {0};

	conf.listen = "127.0.0.1:0";
	conf.chains = chains;
	conf.control = true;
	if (replay_expand(&dirs, texts, n, tron, chains, 16, &conf.chain_count, &e) ||
		replay_start(&r, &conf, &e))
		fail_msg("%s", e.msg);
	replay_dirs_free(dirs);
	return r;
}

static inline struct replay *serve_one(const char *dir, struct replay_conf conf)
{
	return serve(&dir, 1, false, conf);
}

static inline int dial(const struct replay *r, unsigned seconds)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)replay_port(r)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval tv = {.tv_sec = seconds};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

static inline void send_all(int fd, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);

		if (k <= 0)
			return; /* the server may refuse the rest; the answer tells */
		done += (size_t)k;
	}
}

static inline const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p + 2, "\r\n"))
		if (!strncasecmp(p + 2, name, n) && p[2 + n] == ':')
			return p + 3 + n;
	return NULL;
}

/** Read one answer. */
static inline struct http read_http(int fd)
{
	struct http h = {.length = -1, .retry_after = -1};
	size_t size = 1 << 16, n = 0, start = 0;
	char *p = malloc(size + 1), *end = NULL;

	for (;;) {
		ssize_t k;

		if (end && h.length >= 0 && n - start >= (size_t)h.length)
			break;
		if (n == size)
			p = realloc(p, (size *= 2) + 1);
		k = recv(fd, p + n, size - n, 0);
		if (k <= 0) {
			h.error = k < 0 ? errno : 0;
			h.cut = !end || h.length < 0 || n - start < (size_t)h.length;
			break;
		}
		n += (size_t)k;
		p[n] = 0;
		if (!end && (end = strstr(p, "\r\n\r\n"))) {
			const char *v;

			start = (size_t)(end - p) + 4;
			*end = 0;
			h.status = atoi(p + 9);
			v = header(p, "content-length");
			h.length = v ? atol(v) : -1;
			v = header(p, "retry-after");
			h.retry_after = v ? atoi(v) : -1;
		}
	}
	h.n = end ? n - start : 0;
	memmove(p, p + start, h.n);
	p[h.n] = 0;
	h.body = p;
	return h;
}

static inline struct http ask_http(
	int fd, const char *method, const char *path, const char *body, size_t n)
{
	char head[300];
	int k = snprintf(head, sizeof(head),
		"%s %s HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n\r\n",
		method, path, n);

	send_all(fd, head, (size_t)k);
	send_all(fd, body, n);
	return read_http(fd);
}

static inline struct client client_open(struct replay *r)
{
	return (struct client){r, dial(r, 60)};
}

static inline void client_close(struct client *c)
{
	close(c->fd);
	replay_stop(c->r);
}

static inline struct http post(struct client *c, const char *path, const char *body)
{
	return ask_http(c->fd, "POST", path, body, strlen(body));
}

/** A gzip text file whole. */
static inline char *read_gz(const char *path, size_t *n)
{
	gzFile f = gzopen(path, "rb");
	size_t size = 1 << 22;
	char *p = malloc(size);
	int k;

	if (!f)
		fail_msg("%s", path);
	*n = 0;
	while ((k = gzread(f, p + *n, 1 << 20)) > 0) {
		*n += (size_t)k;
		if (size - *n < (2 << 20))
			p = realloc(p, size *= 2);
	}
	gzclose(f);
	p[*n] = 0;
	return p;
}

/** Next line of a text (without its end); false at the end. */
static inline bool next_line(char **at, char **line, size_t *n)
{
	char *end = strchr(*at, '\n');

	if (!end)
		return false;
	*line = *at;
	*n = (size_t)(end - *at);
	*at = end + 1;
	return true;
}

#endif
