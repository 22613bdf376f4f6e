#ifndef SOURCE_FETCH_H
#define SOURCE_FETCH_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

/**
 * One blocking HTTP GET, for the command line's own questions to a server.
 *
 * @body: appended to, up to its maximum; a larger answer fails
 * Errors: ERR_AGAIN no answer within timeout_ms, refused, or a status other than 200 (the message
 * names the URL and what happened).
 */
MUST_USE enum err_kind fetch_get(
	const char *url, int64_t timeout_ms, struct buf *body, struct err *e);

#endif
