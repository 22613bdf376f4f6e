#ifndef STREAM_WIRE_H
#define STREAM_WIRE_H

/*
 * The wire format of Protocol Buffers, as far as schema/records/block.proto needs it: varints,
 * length-delimited fields, and skipping of fields that a newer writer added.
 * Source: the Protocol Buffers encoding specification (protobuf.dev/programming-guides/encoding).
 */
#include "base/arena.h"

#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_I64 = 1, WIRE_LEN = 2, WIRE_I32 = 5 };

#define WIRE_VARINT_MAX 10 /* bytes of the longest varint */
#define WIRE_VARINT32   5  /* the same for tags and lengths */

/* -------- writing: into memory that the caller has made large enough -------- */

static inline uint8_t *wire_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

static inline uint8_t *wire_tag(uint8_t *p, unsigned field, enum wire_type type)
{
	return wire_varint(p, (uint64_t)field << 3 | (unsigned)type);
}

/** A number that is there even when it is zero (proto3 "optional"). */
static inline uint8_t *wire_present(uint8_t *p, unsigned field, uint64_t v)
{
	return wire_varint(wire_tag(p, field, WIRE_VARINT), v);
}

/** A number; zero is left out. */
static inline uint8_t *wire_uint(uint8_t *p, unsigned field, uint64_t v)
{
	return v ? wire_present(p, field, v) : p;
}

/** Bytes; none are left out. */
static inline uint8_t *wire_bytes(uint8_t *p, unsigned field, const void *data, size_t n)
{
	if (!n)
		return p;
	p = wire_varint(wire_tag(p, field, WIRE_LEN), n);
	memcpy(p, data, n);
	return p + n;
}

/* -------- reading -------- */

struct wire_in {
	const uint8_t *p, *end;
};

struct wire_field {
	uint32_t no;
	enum wire_type type;
	uint64_t v;     /* VARINT; others 0 */
	struct bytes b; /* LEN: inside the input; others empty */
};

/** False when it is cut short, longer than max bytes, or does not fit in 64 bits. */
static inline bool wire_read_varint(struct wire_in *in, unsigned max, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 7 * max && in->p < in->end; shift += 7) {
		uint8_t b = *in->p++;

		if (shift == 63 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

static inline bool wire_skip(struct wire_in *in, size_t n)
{
	if (n > (size_t)(in->end - in->p))
		return false;
	in->p += n;
	return true;
}

/** The next field: 1; at the end of the input: 0; not in wire format: -1. */
static inline int wire_next(struct wire_in *in, struct wire_field *f)
{
	uint64_t tag, n;

	if (in->p == in->end)
		return 0;
	if (!wire_read_varint(in, WIRE_VARINT32, &tag) || tag >> 32 || !(tag >> 3))
		return -1;
	*f = (struct wire_field){.no = (uint32_t)(tag >> 3), .type = (enum wire_type)(tag & 7)};
	switch (tag & 7) {
	case WIRE_VARINT: return wire_read_varint(in, WIRE_VARINT_MAX, &f->v) ? 1 : -1;
	case WIRE_I64: return wire_skip(in, 8) ? 1 : -1;
	case WIRE_I32: return wire_skip(in, 4) ? 1 : -1;
	case WIRE_LEN:
		if (!wire_read_varint(in, WIRE_VARINT32, &n) || n > (size_t)(in->end - in->p))
			return -1;
		f->b = (struct bytes){in->p, (size_t)n};
		in->p += n;
		return 1;
	default: return -1; /* groups: not in proto3 */
	}
}

#endif
