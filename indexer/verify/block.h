#ifndef VERIFY_BLOCK_H
#define VERIFY_BLOCK_H

/*
 * Is what a node said about blocks consistent with the block headers? Pure: no clock, no I/O.
 */
#include "base/err.h"
#include "chain/bloom.h"
#include "chain/trie.h"
#include "chain/types.h"

/** Which rules a chain's headers follow. TRON headers commit to nothing but the parent. */
enum header_kind { HEADER_ETHEREUM, HEADER_BTTC, HEADER_TRON };

/** What verify_header found out. */
struct header_check {
	enum level level;      /* LEVEL_HASHED; LEVEL_TRUSTED on TRON */
	bool has_author;       /* false for BTTC's genesis */
	struct address author; /* BTTC: recovered from the seal; elsewhere the miner */
	/* HEADER_* bits that the hash commits to (header_match); may differ from h->has. The caller
	 * puts it there: a field outside it is not proven. */
	unsigned layout;
};

/**
 * Check one header on its own: number as asked, hash of the content (all layouts; TRON: block id
 * starts with the number), BTTC: seal recovers, sprint extra data well formed, fixed fields.
 * Errors: ERR_REJECT, the message names the field; the answer must not be used.
 */
MUST_USE enum err_kind verify_header(enum header_kind kind, uint64_t number, const struct header *h,
	struct header_check *out, struct err *e);

/**
 * The same without BTTC's seal: out->has_author is false there. hash: header_hash of h, when it has been
 * computed, or NULL.
 */
MUST_USE enum err_kind verify_unsealed(enum header_kind kind, uint64_t number, const struct header *h,
	const struct hash32 *hash, struct header_check *out, struct err *e);

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
 * Do the logs that the node gave agree with the header: ascending log index without repeats,
 * transaction indexes not descending, one transaction hash an index, every log within the bloom
 * (state-sync logs apart: those must be BTTC's, at a sprint start, under the hash of
 * verify_state_sync_hash, after all others)? That they are of this block (blockHash of each log) is
 * the reader's to check, because struct log does not carry it.
 * Errors: ERR_REJECT with the log index.
 */
MUST_USE enum err_kind verify_logs(enum header_kind kind, const struct header *h,
	const struct log *logs, size_t n, struct err *e);

/** Receipts and transactions of one whole block, in index order; state-sync ones included, last. */
struct block_body {
	const struct receipt *receipts; /* NULL: not fetched, only the transactions are checked */
	size_t receipt_count;
	const struct tx *txs; /* NULL: not fetched, only the receipts are checked */
	size_t tx_count;
};

/**
 * Receipts and transactions of one whole block against the header: count, order, hashes, cumulative
 * gas, blooms, log indexes, receiptsRoot; transactionsRoot when txs is not NULL, and then the type
 * of a receipt is taken from its transaction. State-sync parts are left out as protocol.md 4 says.
 * TRON: only order and indexes, its headers commit to nothing.
 * Errors: ERR_REJECT naming what differs. A type of transaction that can not be encoded is
 * ERR_REJECT with code VERIFY_UNSUPPORTED, after all else passed: unproven, not contradicted.
 */
#define VERIFY_UNSUPPORTED 1
MUST_USE enum err_kind verify_receipts(enum header_kind kind, const struct header *h,
	const struct block_body *body, struct arena *mem, struct err *e);

/** What the two roots of a block are over, for proofs (trie_prove_many): the real ones, all in mem. */
struct block_values {
	struct trie_values receipts, txs;
};

/** The same, giving what it made on the way: all of it when it succeeds and both were there. */
MUST_USE enum err_kind verify_receipts_values(enum header_kind kind, const struct header *h,
	const struct block_body *body, struct arena *mem, struct block_values *out, struct err *e);

/**
 * Is tx->from the account that signed it? transactionsRoot commits to the signature only, so a kept
 * transaction whose sender matters is checked by this after verify_receipts. Not for TRON (signed
 * in another way); a state-sync transaction has no sender and passes.
 * Errors: ERR_REJECT another account or none; code VERIFY_UNSUPPORTED as above.
 */
MUST_USE enum err_kind verify_sender(const struct tx *tx, struct err *e);

/** Hash of the state-sync transaction of a BTTC block (protocol.md 4). */
void verify_state_sync_hash(struct hash32 *out, uint64_t number, const struct hash32 *block_hash);

#endif
