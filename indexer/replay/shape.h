#ifndef REPLAY_SHAPE_H
#define REPLAY_SHAPE_H

/*
 * Recorded objects rewritten into another node's form. All functions append JSON text to out.
 */
#include "base/buf.h"
#include "chain/types.h"
#include "replay/slice.h"

/** Members to change: new raw value, or NULL to leave the member out. */
struct edit {
	const char *key, *value;
};
void shape_edit(struct buf *out, struct slice object, const struct edit *edits, size_t n);

/**
 * A TRON block id made of a recorded hash: uint64be(number) || sha256(hash)[8:32], so that it
 * carries the number as real ids do. The same rule makes every id, also the one of the first
 * block's parent.
 */
void shape_tron_id(struct hash32 *out, uint64_t number, const struct hash32 *hash);

/** Block and receipt of the recording as a TRON node answers them (protocol: zero blooms and
 * roots). */
void shape_tron_block(struct buf *out, struct slice block);
void shape_tron_receipt(struct buf *out, struct slice receipt, uint64_t block_time);

/** A receipt as eth_getTransactionReceiptsByBlock lists it; typed: of a type-1 transaction. */
void shape_by_block(struct buf *out, struct slice receipt, bool typed);

/** The answer of eth_getBorBlockReceipt, without the content of its logs array: head and tail. */
void shape_bor_receipt(struct buf *head, struct buf *tail, struct slice receipt);

#endif
