/* Growing byte buffer with a hard maximum; see buf.h for the contract. */
#include "base/buf.h"

#include "base/hex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max = max_bytes};
}

void buf_free(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->size = 0;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->bad = false;
	if (b->p)
		b->p[0] = 0;
}

bool buf_reserve(struct buf *b, size_t more)
{
	size_t size;

	if (b->bad)
		return false;
	if (more > b->max || b->n > b->max - more) {
		b->n = 0;
		b->bad = true;
		return false;
	}
	if (b->n + more < b->size)
		return true;
	size = b->size ? b->size : 256;
	while (size <= b->n + more)
		size *= 2;
	b->p = realloc(b->p, size);
	if (!b->p)
		abort();
	b->size = size;
	return true;
}

bool buf_add(struct buf *b, const void *p, size_t n)
{
	if (!buf_reserve(b, n))
		return false;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = 0;
	return true;
}

bool buf_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool buf_chr(struct buf *b, char c)
{
	if (b->bad || b->n + 1 >= b->size || b->n >= b->max)
		return buf_add(b, &c, 1);
	b->p[b->n++] = c;
	b->p[b->n] = 0;
	return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n))
		return false;
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
	return true;
}

bool buf_u64(struct buf *b, uint64_t v)
{
	char t[20];
	size_t i = sizeof(t);

	do
		t[--i] = (char)('0' + v % 10);
	while (v /= 10);
	return buf_add(b, t + i, sizeof(t) - i);
}

bool buf_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		return buf_chr(b, '-') && buf_u64(b, -(uint64_t)v);
	return buf_u64(b, (uint64_t)v);
}

bool buf_hex(struct buf *b, const void *p, size_t n)
{
	if (n > SIZE_MAX / 2 || !buf_reserve(b, 2 * n))
		return false;
	hex_encode(b->p + b->n, p, n);
	b->n += 2 * n;
	b->p[b->n] = 0;
	return true;
}
