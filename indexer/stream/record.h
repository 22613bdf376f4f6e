#ifndef STREAM_RECORD_H
#define STREAM_RECORD_H

#include "base/buf.h"
#include "stream/stream.h"

/** Append one encoded record (schema/records/block.proto, message Step). stream_id: 16 bytes. */
void record_encode(struct buf *out, const struct step *s, uint64_t chain_id,
	const uint8_t stream_id[16]);

/**
 * Decode; everything variable in mem. The header is taken apart again and its hash, when the level
 * says hashed or better, is not recomputed here.
 * Errors: ERR_REJECT with the field that is missing, out of range or of wrong length.
 */
MUST_USE enum err_kind record_decode(struct step *out, struct bytes raw, uint64_t chain_id,
	uint8_t stream_id[16], struct arena *mem, struct err *e);

#endif
