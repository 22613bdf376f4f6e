#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#include <stddef.h>

/** Named by who should look: developer; changes of state, once; odd but handled; somebody must look. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/** Lowest level that is printed; INFO at start. Threads: set before others start. */
void log_set_level(enum log_level level);
bool log_level_parse(enum log_level *out, const char *text);
bool log_on(enum log_level level);

/**
 * One logfmt line on stderr: ts= level= mod= msg= and then `fmt`, which is printf text of further
 * key=value pairs ("chain=%s block=%" PRIu64). msg is a fixed phrase. Values from outside (node,
 * client) go through log_quote. Any thread; a line is written with one write(2).
 */
void log_line(enum log_level level, const char *mod, const char *msg, const char *fmt, ...)
	PRINTF(4, 5);

#define log_debug(mod, msg, ...) LOG_IF(LOG_DEBUG, mod, msg, __VA_ARGS__)
#define log_info(mod, msg, ...)  LOG_IF(LOG_INFO, mod, msg, __VA_ARGS__)
#define log_warn(mod, msg, ...)  LOG_IF(LOG_WARN, mod, msg, __VA_ARGS__)
#define log_error(mod, msg, ...) LOG_IF(LOG_ERROR, mod, msg, __VA_ARGS__)
#define LOG_IF(level, mod, msg, ...)                                                               \
	do {                                                                                       \
		if (log_on(level))                                                                 \
			log_line(level, mod, msg, __VA_ARGS__);                                    \
	} while (0)

/**
 * Text from outside made safe for a log line: quoted, control bytes and quotes escaped, cut at 160
 * characters. Returns one of eight per-thread buffers, valid until the eighth call after this one.
 */
const char *log_quote(const char *s, size_t n);
const char *log_quotes(const char *s); /* NUL-terminated text */

/**
 * For lines that could repeat: a limiter passes `burst` lines a window and counts the rest. The
 * first line of the next window carries suppressed=N. Static storage, zero-initialised.
 */
struct log_limit {
	unsigned long long window_start_ms;
	unsigned passed, dropped;
};
bool log_limit_pass(struct log_limit *l, unsigned burst, unsigned window_ms, unsigned *suppressed);

#endif
