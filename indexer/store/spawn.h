#ifndef STORE_SPAWN_H
#define STORE_SPAWN_H

/* Child processes, with another user's rights when we are root. Private to indexer/store. */
#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

/** Whose rights a child gets; `change` false: our own. */
struct spawn_user {
	bool change;
	uid_t uid;
	gid_t gid;
	char name[64];
};

/**
 * Run argv to its end; stdout and stderr go to *out (up to its maximum, the rest is dropped). The
 * environment is PATH, LC_ALL=C and TZ=UTC only.
 * Errors: ERR_FATAL it could not be started, or it ended with another code than 0 (e->code, and the
 * first error it named, else the last line it said); ERR_STOP.
 */
MUST_USE enum err_kind spawn_run(
	char *const argv[], const struct spawn_user *user, struct buf *out, struct err *e);

/**
 * Start argv in a session of its own (a terminal's Ctrl-C does not reach it; it outlives us), its
 * output appended to log_fd. Only async-signal-safe calls between fork and exec: threads may run.
 */
MUST_USE enum err_kind spawn_server(
	char *const argv[], const struct spawn_user *user, int log_fd, pid_t *pid, struct err *e);

/**
 * May the user enter directory `path` (absolute)? False: blocked is the first component that it may
 * not enter.
 */
bool spawn_may_enter(const char *path, const struct spawn_user *user, char *blocked, size_t n);

#endif
