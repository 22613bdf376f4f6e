#ifndef STREAM_RECORD_H
#define STREAM_RECORD_H

#include "base/buf.h"
#include "stream/stream.h"

#define RECORD_VERSION   1
#define RECORD_MAX_BYTES 16000000 /* below the topics' max.message.bytes */

/**
 * Append one encoded record (schema/records/block.proto, message Step). stream_id: 16 bytes.
 * Of a transaction only what the schema has is kept (no nonce, gas, signature).
 *
 * Errors: ERR_FATAL the record is over RECORD_MAX_BYTES or over what out may hold; out is then to
 * be cleared.
 */
MUST_USE enum err_kind record_encode(struct buf *out, const struct step *s, uint64_t chain_id,
	const uint8_t stream_id[16], struct err *e);

/**
 * Decode. Arrays and names are made in mem; extraData, log data and calldata point into raw, which
 * therefore has to live as long as mem. Fields that this version does not know are skipped. The
 * header is taken apart again and its hash, when the level says hashed or better, is not recomputed
 * here.
 *
 * Errors: ERR_REJECT with the field that is missing, out of range or of wrong length.
 */
MUST_USE enum err_kind record_decode(struct step *out, struct bytes raw, uint64_t chain_id,
	uint8_t stream_id[16], struct arena *mem, struct err *e);

#endif
