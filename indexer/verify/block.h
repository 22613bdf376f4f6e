#ifndef VERIFY_BLOCK_H
#define VERIFY_BLOCK_H

/*
 * Is what a node said about blocks consistent with the block headers? Pure: no clock, no I/O.
 */
#include "base/err.h"
#include "chain/bloom.h"
#include "chain/types.h"

/** Which rules a chain's headers follow. TRON headers commit to nothing but the parent. */
enum header_kind { HEADER_ETHEREUM, HEADER_BTTC, HEADER_TRON };

/**
 * Check one header on its own: number as asked, hash of the content (all layouts; TRON: block id
 * starts with the number), BTTC: seal recovers, sprint extra data well formed, fixed fields.
 * Sets *level (HASHED, or TRUSTED on TRON) and, on BTTC, the author; elsewhere author = miner.
 * Errors: ERR_REJECT, the message names the field; the answer must not be used.
 */
MUST_USE enum err_kind verify_header(enum header_kind kind, uint64_t number, const struct header *h,
	enum level *level, struct address *author, bool *has_author, struct err *e);

/** Parent link and time order. Errors: ERR_REWIND the parent is another block; ERR_REJECT time. */
MUST_USE enum err_kind verify_link(enum header_kind kind, const struct block_id *parent,
	uint64_t parent_time, const struct header *h, struct err *e);

/** One (address set, topic sets) watch as bloom keys; empty set = anything. */
struct bloom_watch {
	const struct bloom_key *addresses;
	size_t address_count;
	const struct bloom_key *topics[LOG_TOPICS_MAX];
	size_t topic_count[LOG_TOPICS_MAX];
};

/** May a block with this bloom hold a log of the watch? */
bool verify_bloom_may(const uint8_t bloom[256], const struct bloom_watch *w);

/**
 * Do the logs that the node gave agree with the header: same block, ascending log index without
 * repeats, transaction indexes not descending, every log within the bloom (state-sync logs apart)?
 * Errors: ERR_REJECT with the log index.
 */
MUST_USE enum err_kind verify_logs(enum header_kind kind, const struct header *h,
	const struct log *logs, size_t n, struct err *e);

/**
 * Receipts and transactions of one whole block against the header: count, order, cumulative gas,
 * blooms, receiptsRoot; transactionsRoot when txs is not NULL. State-sync parts are left out as
 * protocol.md 4 says. TRON: only order and block membership.
 * Errors: ERR_REJECT naming what differs.
 */
MUST_USE enum err_kind verify_receipts(enum header_kind kind, const struct header *h,
	const struct receipt *receipts, size_t n, const struct tx *txs, size_t tx_count,
	struct arena *mem, struct err *e);

/** Hash of the state-sync transaction of a BTTC block (protocol.md 4). */
void verify_state_sync_hash(struct hash32 *out, uint64_t number, const struct hash32 *block_hash);

#endif
