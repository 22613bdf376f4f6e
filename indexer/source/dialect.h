#ifndef SOURCE_DIALECT_H
#define SOURCE_DIALECT_H

#include "network/network.h"

/** Ways to ask for the receipts of a block; tried in a dialect's order, remembered per endpoint. */
enum receipts_way {
	RECEIPTS_BLOCK,    /* eth_getBlockReceipts(hash) */
	RECEIPTS_BY_BLOCK, /* eth_getTransactionReceiptsByBlock(hash): BTTC, old bor */
	RECEIPTS_ONE,      /* eth_getTransactionReceipt(hash of each transaction) */
	RECEIPTS_WAY_COUNT
};

/** How the nodes of one kind of chain differ from what the Ethereum specification says. */
struct dialect {
	enum chain_kind kind;
	const enum receipts_way *receipts; /* RECEIPTS_WAY_COUNT or fewer, RECEIPTS_ONE last */
	size_t receipts_count;
	uint64_t logs_range_max; /* blocks in one eth_getLogs, both ends counted; 0: no fixed limit
				  */
	unsigned batch_max;      /* 0: no fixed limit */
	unsigned addresses_max;  /* addresses in one filter */
	unsigned topics_max;     /* alternatives in one position of a filter */
	bool tag_safe, tag_final;
	bool head_may_fall; /* a heavier branch can be shorter */
	bool empty_header;  /* fields other than hash, parent, number, time, miner and roots say
			       nothing and may be malformed */
	bool loose_tx;      /* null where a transaction has no such thing */
	unsigned state_sync_every; /* blocks that may hold a state-sync transaction; 0: none */
};

const struct dialect *dialect_of(enum chain_kind kind);

extern const struct dialect dialect_tron;
extern const struct dialect dialect_bttc;

/* BTTC. State-sync transactions and receipts stand outside the block (protocol.md 4). */

/** Hash of the state-sync transaction of a block. */
void bttc_state_sync_hash(struct hash32 *out, const struct block_id *block);

/** First block at or after n that may hold a state-sync transaction. */
uint64_t bttc_sprint_start(uint64_t n);

/**
 * Finish what a BTTC node said about a block: mark its state-sync transaction, which must be the
 * last one and come at a sprint start. Errors: ERR_REJECT.
 */
MUST_USE enum err_kind bttc_mark_txs(
	const struct block_id *block, struct tx *txs, size_t n, struct err *e);

/** Mark the receipt and the logs of the state-sync transaction among the receipts of a block. */
void bttc_mark_receipts(const struct block_id *block, struct receipt *receipts, size_t n);

#endif
