#ifndef SOURCE_REPLY_H
#define SOURCE_REPLY_H

#include "base/buf.h"
#include "base/json.h"

/** One member of an answer, or a whole answer; what is missing or malformed is just not there. */
struct reply {
	bool has_id, has_result, has_error;
	uint64_t id;
	struct jval result, error; /* error: whatever is under "error" (any case) and is not null */
};

/** Pure; v may be anything. An id may be a number or its digits in a string. */
struct reply reply_read(struct jval v);

/**
 * The text of an error in any of its forms (object with code, message and data; a string) in *text,
 * which is cleared first and cut at some 1000 bytes, and its code, 0 when there is none.
 */
void reply_error(struct buf *text, struct jval error, int64_t *code);

#endif
