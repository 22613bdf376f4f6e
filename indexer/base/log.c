/*
 * Logfmt on stderr. A line is formatted into a stack buffer and written with one write(2), so lines
 * of several threads never mix. Text that a line's caller has not made safe (log_quote) can still not
 * break the line: control bytes are replaced when the line is written.
 *
 * Limiters of lines that repeat live in a table for the life of the process, so that what they
 * suppressed can be told also when the thing that the lines were about is gone.
 */
#include "base/log.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMITERS 256 /* more kinds of lines than that share the last one */

static _Atomic int lowest = LOG_INFO;
static const char *const names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
	lowest = (int)level;
}

bool log_level_parse(enum log_level *out, const char *text)
{
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(text, names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool log_on(enum log_level level)
{
	return (int)level >= lowest;
}

static size_t put_time(char *out, size_t size)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	return (size_t)snprintf(out, size, "ts=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		ts.tv_nsec / 1000000);
}

/* dropped: lines like this one that were suppressed before it. */
static void write_line(enum log_level level, const char *mod, const char *msg, unsigned dropped,
	const char *fmt, va_list ap)
{
	char line[2048];
	size_t room = sizeof(line) - 24, n = put_time(line, room);
	int k;

	k = snprintf(line + n, room - n, " level=%s mod=%s msg=\"%s\"", names[level], mod, msg);
	n += k > 0 ? (size_t)k : 0;
	if (fmt && *fmt && n + 2 < room) {
		line[n++] = ' ';
		k = vsnprintf(line + n, room - n, fmt, ap);
		n += k > 0 ? (size_t)k : 0;
	}
	if (n >= room)
		n = room - 1;
	if (dropped)
		n += (size_t)snprintf(line + n, 23, " suppressed=%u", dropped);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere left to say it */
}

void log_line(enum log_level level, const char *mod, const char *msg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(level, mod, msg, 0, fmt, ap);
	va_end(ap);
}

const char *log_quote(const char *s, size_t n)
{
	static _Thread_local char bufs[8][340];
	static _Thread_local unsigned turn;
	char *out = bufs[turn++ % 8], *p = out;

	*p++ = '"';
	for (size_t i = 0; i < n && i < 160; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			*p++ = '\\';
		*p++ = c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
	if (n > 160)
		p = stpcpy(p, "...");
	*p++ = '"';
	*p = 0;
	return out;
}

const char *log_quotes(const char *s)
{
	return log_quote(s, strlen(s));
}

bool log_limit_pass(struct log_limit *l, unsigned burst, unsigned window_ms, unsigned *suppressed)
{
	uint64_t now = clock_ms();

	*suppressed = 0;
	if (!l->window_start_ms || now - l->window_start_ms >= window_ms) {
		l->window_start_ms = now;
		l->passed = 0;
		*suppressed = l->dropped;
		l->dropped = 0;
	}
	if (l->passed < burst) {
		l->passed++;
		return true;
	}
	l->dropped++;
	return false;
}

/* -------- lines that repeat -------- */

struct limiter {
	const char *mod, *msg;
	char who[96];
	enum log_level level;
	struct log_limit limit;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the table */
static struct limiter table[LIMITERS];
static size_t table_n;

static struct limiter *limiter_of(enum log_level level, const char *mod, const char *msg, const char *who)
{
	struct limiter *l;

	for (size_t i = 0; i < table_n; i++)
		if (!strcmp(table[i].mod, mod) && !strcmp(table[i].msg, msg) &&
			!strncmp(table[i].who, who, sizeof(l->who) - 1))
			return &table[i];
	if (table_n == LIMITERS)
		return &table[LIMITERS - 1];
	l = &table[table_n++];
	l->mod = mod;
	l->msg = msg;
	l->level = level;
	snprintf(l->who, sizeof(l->who), "%s", who);
	return l;
}

void log_line_often(enum log_level level, const char *mod, const char *msg, const char *who,
	const char *fmt, ...)
{
	unsigned dropped;
	va_list ap;
	bool pass;

	pthread_mutex_lock(&lock);
	pass = log_limit_pass(&limiter_of(level, mod, msg, who ? who : "")->limit, LOG_BURST,
		LOG_WINDOW_MS, &dropped);
	pthread_mutex_unlock(&lock);
	if (!pass)
		return;
	va_start(ap, fmt);
	write_line(level, mod, msg, dropped, fmt, ap);
	va_end(ap);
}

void log_tick(bool all)
{
	const uint64_t now = clock_ms();

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < table_n; i++) {
		struct limiter *l = &table[i];

		if (!l->limit.dropped || (!all && now - l->limit.window_start_ms < LOG_WINDOW_MS))
			continue;
		log_line(l->level, l->mod, "lines like this were suppressed",
			"line=%s about=%s suppressed=%u", log_quotes(l->msg), log_quotes(l->who), l->limit.dropped);
		l->limit.dropped = 0;
	}
	pthread_mutex_unlock(&lock);
}
