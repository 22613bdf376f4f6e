#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "base/buf.h"
#include "base/u256.h"

/*
 * Rows in PostgreSQL's COPY BINARY format. A row is copy_row() and then exactly `columns` fields in
 * column order; a row with another number of fields is a bug and aborts.
 */
struct copy {
	struct buf b;
	unsigned columns, left; /* fields still to come in this row */
	uint64_t rows;
};

#define COPY_ROW_MAX                                                                               \
	(1024u * 1024 * 1024) /* limit of PostgreSQL for one field, of ours for a buffer */

void copy_init(struct copy *c, unsigned columns);
void copy_free(struct copy *c);
void copy_clear(struct copy *c); /* no rows; keeps the memory */

void copy_row(struct copy *c);
void copy_null(struct copy *c);
void copy_i16(struct copy *c, int16_t v); /* smallint */
void copy_i32(struct copy *c, int32_t v); /* integer */
void copy_i64(struct copy *c, int64_t v); /* bigint */
void copy_bool(struct copy *c, bool v);
void copy_time(struct copy *c, int64_t unix_seconds);     /* timestamptz; years 1970 to 9999 */
void copy_bytes(struct copy *c, const void *p, size_t n); /* bytea */
void copy_text(struct copy *c, const char *s);            /* text; NULL: NULL */
void copy_i64_array(struct copy *c, const int64_t *v, size_t n); /* bigint[], one dimension */
void copy_u256(struct copy *c, struct u256 v);            /* numeric, scale 0 */

/** Close the buffer for sending. False: over COPY_ROW_MAX, nothing to send. */
bool copy_end(struct copy *c);

#define COPY_NUMERIC_MAX (8 + 2 * 20)
/** A numeric in the binary wire form; returns its length. */
size_t copy_numeric(uint8_t out[COPY_NUMERIC_MAX], struct u256 v);

#endif
