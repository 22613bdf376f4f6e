#ifndef API_CSV_H
#define API_CSV_H

#include "base/buf.h"

/**
 * One field of a CSV line (RFC 4180): in quotes, with quotes doubled, when it holds a comma, a
 * quote or a line end; as it is otherwise. Commas and line ends are put by the caller.
 */
void csv_field(struct buf *b, const char *s, size_t n);

/** The end of a line: CR LF. */
void csv_end(struct buf *b);

#endif
