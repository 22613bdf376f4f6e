/*
 * One error type for the whole program: a kind that says what the caller does
 * next, and a text that says why. Nothing here allocates.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err_kind err_set(struct err *e, enum err_kind kind, const char *from, int code,
	const char *fmt, ...)
{
	if (e) {
		va_list ap;

		e->kind = kind;
		e->code = code;
		e->from = from;
		va_start(ap, fmt);
		vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
		va_end(ap);
	}
	return kind;
}

enum err_kind err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	int n;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 3 < sizeof(e->msg)) {
		size_t room = sizeof(e->msg) - (size_t)n - 3, len = strlen(old);

		memcpy(e->msg + n, ": ", 2);
		memcpy(e->msg + n + 2, old, len < room ? len : room);
		e->msg[(size_t)n + 2 + (len < room ? len : room)] = 0;
	}
	return e->kind;
}

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {"none", "again", "reject", "rewind", "stop", "fatal"};

	return (unsigned)kind < sizeof(names) / sizeof(*names) ? names[kind] : "?";
}
