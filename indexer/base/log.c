/*
 * Logfmt on stderr. A line is formatted into a stack buffer and written with one write(2), so lines
 * of several threads never mix. Text that a line's caller has not made safe (log_quote) can still not
 * break the line: control bytes are replaced when the line is written.
 */
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

void log_line(enum log_level level, const char *mod, const char *msg, const char *fmt, ...)
{
	char line[2048];
	size_t room = sizeof(line) - 1, n = put_time(line, room);
	va_list ap;
	int k;

	k = snprintf(line + n, room - n, " level=%s mod=%s msg=\"%s\"", names[level], mod, msg);
	n += k > 0 ? (size_t)k : 0;
	if (fmt && *fmt && n + 2 < room) {
		line[n++] = ' ';
		va_start(ap, fmt);
		k = vsnprintf(line + n, room - n, fmt, ap);
		va_end(ap);
		n += k > 0 ? (size_t)k : 0;
	}
	if (n >= room)
		n = room - 1;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere left to say it */
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
