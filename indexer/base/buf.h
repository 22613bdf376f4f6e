#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A growing byte buffer with a maximum. A failed append (over the maximum) empties the buffer and
 * marks it bad, so that half-written data can not be used; later appends do nothing.
 * The data is always followed by a NUL byte that `n` does not count.
 */
struct buf {
	char *p;
	size_t n, size, max;
	bool bad;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empty and usable again; keeps the memory */
bool buf_reserve(struct buf *b, size_t more);
bool buf_add(struct buf *b, const void *p, size_t n);
bool buf_str(struct buf *b, const char *s);
bool buf_chr(struct buf *b, char c);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_u64(struct buf *b, uint64_t v); /* decimal */
bool buf_i64(struct buf *b, int64_t v);  /* decimal */
bool buf_hex(struct buf *b, const void *p, size_t n); /* lower-case digits, no 0x */

#endif
