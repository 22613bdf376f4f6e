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
 * Lines that can repeat for each request, block, record or try: of those with the same mod, msg and `who`
 * (what it is about: a chain, an endpoint; NULL: nothing in particular) LOG_BURST are written in
 * LOG_WINDOW_MS. The rest is counted: the next line that passes ends with suppressed=N, or log_tick
 * reports the number in a line of its own. mod and msg: literals. Any thread.
 */
#define LOG_BURST     5
#define LOG_WINDOW_MS 10000
void log_line_often(enum log_level level, const char *mod, const char *msg, const char *who,
	const char *fmt, ...) PRINTF(5, 6);

#define log_info_often(mod, msg, who, ...)  LOG_OFTEN_IF(LOG_INFO, mod, msg, who, __VA_ARGS__)
#define log_warn_often(mod, msg, who, ...)  LOG_OFTEN_IF(LOG_WARN, mod, msg, who, __VA_ARGS__)
#define log_error_often(mod, msg, who, ...) LOG_OFTEN_IF(LOG_ERROR, mod, msg, who, __VA_ARGS__)
#define LOG_OFTEN_IF(level, mod, msg, who, ...)                                                    \
	do {                                                                                       \
		if (log_on(level))                                                                 \
			log_line_often(level, mod, msg, who, __VA_ARGS__);                         \
	} while (0)

/**
 * Report counts of suppressed lines whose window is over; all: at the end of the process, those of open
 * windows too. Called about once a second by whoever waits for the end of a command.
 */
void log_tick(bool all);

/**
 * The limiter behind it: passes `burst` lines a window and counts the rest, which the first pass of the
 * next window gives back. Zero-initialised; not for two threads at once.
 */
struct log_limit {
	unsigned long long window_start_ms;
	unsigned passed, dropped;
};
bool log_limit_pass(struct log_limit *l, unsigned burst, unsigned window_ms, unsigned *suppressed);

#endif
