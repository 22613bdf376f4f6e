/*
 * Encoder for COPY ... FROM STDIN BINARY (PostgreSQL manual, COPY, "Binary Format"): a header, rows
 * of length-prefixed fields, a trailer. Field forms are those of the types' receive functions:
 * integers big-endian, timestamptz as microseconds since 2000-01-01, numeric as base-10000 digits.
 */
#include "store/copy.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_2000 946684800          /* 2000-01-01 in unix seconds */
#define OID_INT8   20 /* pg_type */
#define CHUNK      10000000000000000u /* 10^16: four base-10000 digits */

static const char header[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

void copy_init(struct copy *c, unsigned columns)
{
	*c = (struct copy){.columns = columns};
	buf_init(&c->b, COPY_ROW_MAX);
}

void copy_free(struct copy *c)
{
	buf_free(&c->b);
}

void copy_clear(struct copy *c)
{
	buf_clear(&c->b);
	c->rows = 0;
	c->left = 0;
}

void copy_row(struct copy *c)
{
	uint16_t n = htobe16((uint16_t)c->columns);

	if (c->left)
		abort();
	if (!c->rows)
		buf_add(&c->b, header, sizeof(header));
	buf_add(&c->b, &n, sizeof(n));
	c->left = c->columns;
	c->rows++;
}

static void field(struct copy *c)
{
	if (!c->left)
		abort();
	c->left--;
}

void copy_null(struct copy *c)
{
	field(c);
	buf_add(&c->b, "\377\377\377\377", 4);
}

void copy_i16(struct copy *c, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);
	uint8_t f[6] = {0, 0, 0, 2};

	field(c);
	memcpy(f + 4, &be, 2);
	buf_add(&c->b, f, sizeof(f));
}

void copy_i32(struct copy *c, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);
	uint8_t f[8] = {0, 0, 0, 4};

	field(c);
	memcpy(f + 4, &be, 4);
	buf_add(&c->b, f, sizeof(f));
}

void copy_i64(struct copy *c, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);
	uint8_t f[12] = {0, 0, 0, 8};

	field(c);
	memcpy(f + 4, &be, 8);
	buf_add(&c->b, f, sizeof(f));
}

void copy_bool(struct copy *c, bool v)
{
	uint8_t f[5] = {0, 0, 0, 1, v};

	field(c);
	buf_add(&c->b, f, sizeof(f));
}

void copy_time(struct copy *c, int64_t unix_seconds)
{
	copy_i64(c, (unix_seconds - EPOCH_2000) * 1000000);
}

void copy_bytes(struct copy *c, const void *p, size_t n)
{
	uint32_t be = htobe32((uint32_t)n);

	field(c);
	if (n > INT32_MAX) /* longer than any field: the buffer goes bad, the caller notices */
		n = COPY_ROW_MAX;
	if (buf_reserve(&c->b, n + 4)) {
		buf_add(&c->b, &be, 4);
		buf_add(&c->b, p, n);
	}
}

void copy_text(struct copy *c, const char *s)
{
	if (s)
		copy_bytes(c, s, strlen(s));
	else
		copy_null(c);
}

static void put_be32(struct buf *b, uint32_t v)
{
	uint32_t be = htobe32(v);

	buf_add(b, &be, sizeof(be));
}

void copy_i64_array(struct copy *c, const int64_t *v, size_t n)
{
	field(c);
	if (n > (COPY_ROW_MAX - 20) / 12) {
		c->b.bad = true; /* longer than any field: the caller notices */
		return;
	}
	put_be32(&c->b, (uint32_t)(n ? 20 + 12 * n : 12));
	put_be32(&c->b, n > 0); /* dimensions */
	put_be32(&c->b, 0);     /* no NULL in it */
	put_be32(&c->b, OID_INT8);
	if (n) {
		put_be32(&c->b, (uint32_t)n);
		put_be32(&c->b, 1); /* index of the first */
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t be = htobe64((uint64_t)v[i]);

		put_be32(&c->b, 8);
		buf_add(&c->b, &be, sizeof(be));
	}
}

/* v = v / CHUNK, returns the remainder. */
static uint64_t take_chunk(struct u256 *v)
{
	unsigned __int128 rest = 0;

	for (int i = 3; i >= 0; i--) {
		rest = rest << 64 | v->w[i];
		v->w[i] = (uint64_t)(rest / CHUNK);
		rest %= CHUNK;
	}
	return (uint64_t)rest;
}

size_t copy_numeric(uint8_t out[COPY_NUMERIC_MAX], struct u256 v)
{
	uint16_t digit[20], head[4];
	unsigned n = 0, low = 0, count;

	while (!u256_is_zero(v)) { /* least significant digit first */
		uint64_t chunk = take_chunk(&v);

		for (int i = 0; i < 4; i++, chunk /= 10000)
			digit[n++] = (uint16_t)(chunk % 10000);
	}
	while (n && !digit[n - 1])
		n--;
	while (low < n && !digit[low])
		low++;
	count = n - low;
	head[0] = htobe16((uint16_t)count);
	head[1] = htobe16((uint16_t)(n ? n - 1 : 0)); /* weight of the first digit */
	head[2] = head[3] = 0;                        /* positive, scale 0 */
	memcpy(out, head, sizeof(head));
	for (unsigned i = 0; i < count; i++) {
		uint16_t be = htobe16(digit[n - 1 - i]);

		memcpy(out + sizeof(head) + 2 * i, &be, 2);
	}
	return sizeof(head) + 2 * count;
}

void copy_u256(struct copy *c, struct u256 v)
{
	uint8_t out[COPY_NUMERIC_MAX];

	copy_bytes(c, out, copy_numeric(out, v));
}

bool copy_end(struct copy *c)
{
	if (c->left)
		abort();
	return buf_add(&c->b, "\377\377", 2);
}
