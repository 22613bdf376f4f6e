/*
 * TRON (java-tron's JSON-RPC; protocol.md 7), all differences in one place:
 *
 * - eth_getLogs takes 5001 blocks (toBlock - fromBlock <= 5000) and answers at most 10,000 logs;
 *   1000 addresses and 1000 alternatives of a topic in a filter; batches of at most 100.
 * - No `safe` and `pending` tag; `finalized` is the solidified block.
 * - Headers commit to nothing but the parent: bloom, receipts root, uncles, nonce, difficulty,
 * extra data are constants, stateRoot is normally "0x", baseFeePerGas says nothing. None of them is
 * read.
 * - Transactions of other kinds than contract calls have null where Ethereum always has a value.
 * - eth_getBlockReceipts since 4.8.1, before that only receipts one by one.
 * - Clipping: toBlock above the head is no error, the answer just ends at the head. The same as
 * BTTC: logs.c asks for the head in the same batch.
 */
#include "source/dialect.h"

static const enum receipts_way ways[] = {RECEIPTS_BLOCK, RECEIPTS_ONE};

const struct dialect dialect_tron = {
	.kind = CHAIN_TRON,
	.receipts = ways,
	.receipts_count = sizeof(ways) / sizeof(ways[0]),
	.logs_range_max = 5001,
	.batch_max = 100,
	.addresses_max = 1000,
	.topics_max = 1000,
	.tag_final = true,
	.empty_header = true,
	.loose_tx = true,
};
