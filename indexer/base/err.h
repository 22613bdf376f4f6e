#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/** What the caller does next. One value per action, never per cause. */
enum err_kind {
	ERR_NONE = 0,
	ERR_AGAIN,  /* the input is fine: wait, then offer the same input again */
	ERR_REJECT, /* this input can never pass: set it aside, go on to the next */
	ERR_REWIND, /* the source chain changed: go back to a named height */
	ERR_STOP,   /* shutdown was asked for: finish the batch in hand and leave */
	ERR_FATAL,  /* a person has to act: log, exit non-zero */
};

/** Why. Lives on the caller's stack, owns nothing, is never freed. */
struct err {
	enum err_kind kind;
	int code;         /* errno, HTTP status, Kafka code; 0 when none applies */
	const char *from; /* static string: "rpc", "pg", "abi", ... */
	char msg[400];    /* for people: says what to do next; never parsed, never holds a secret */
};

/** Fill *e and return kind, so that a failing function ends in `return err_set(...)`. e may be NULL. */
enum err_kind err_set(struct err *e, enum err_kind kind, const char *from, int code,
	const char *fmt, ...) PRINTF(5, 6);

/** Put "text: " before the message of *e, keeping its kind. Returns e->kind. */
enum err_kind err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/** "again", "reject", ... for logs and metrics. */
const char *err_kind_name(enum err_kind kind);

#endif
