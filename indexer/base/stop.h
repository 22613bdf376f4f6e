#ifndef BASE_STOP_H
#define BASE_STOP_H

#include "base/err.h"

/**
 * The process's one request to end. Set by SIGINT/SIGTERM (stop_install) or by stop_request(); every
 * loop tests stop_asked() between two units of work. stop_fd() becomes readable then and stays so,
 * for poll(2) and event loops.
 */
MUST_USE enum err_kind stop_install(struct err *e); /* once, in main, before any thread */
void stop_request(void);                             /* any thread, also a signal handler */
bool stop_asked(void);
int stop_fd(void);

/** Wait up to ms or until a stop is asked for. Returns stop_asked(). */
bool stop_wait_ms(unsigned ms);

#endif
