#ifndef REPLAY_RECORDING_H
#define REPLAY_RECORDING_H

/*
 * A recording directory in memory (formats: tests/recordings/golden/README.md, world/README.md):
 * every block, receipt and log as the exact text that the node answered, found by number or hash.
 * Immutable after loading. With the TRON form the texts are rewritten once, at load.
 */
#include "base/arena.h"
#include "base/err.h"
#include "chain/types.h"
#include "replay/lookup.h"
#include "replay/slice.h"

struct rec_log {
	struct slice text;
	struct address address;
	struct hash32 topics[LOG_TOPICS_MAX];
	uint8_t topic_count;
	bool state_sync; /* of a BTTC state-sync receipt */
	uint32_t index;  /* logIndex */
};

/** A receipt is head + its logs, joined by commas + tail. */
struct rec_receipt {
	struct slice head, tail;
};

struct rec_tx {
	struct hash32 hash;
	struct slice text;
	struct rec_receipt receipt;    /* as eth_getTransactionReceipt */
	struct rec_receipt by_block;   /* as eth_getTransactionReceiptsByBlock; BTTC only */
	uint32_t first_log, log_count; /* in the block's logs */
	bool state_sync;
};

struct rec_block {
	uint64_t number, time;
	uint64_t difficulty; /* total, or 0 where the chain has none */
	struct hash32 hash, parent, tx_root, receipts_root;
	struct slice text;       /* with full transactions */
	struct slice head, tail; /* around the content of the transactions array */
	struct rec_tx *txs;
	struct rec_log *logs;
	uint32_t tx_count, log_count;
	unsigned fork; /* 0: canonical; k: orphaned branch k */
};

/** An orphaned branch: blocks point+1 .. point+count. */
struct rec_fork {
	uint64_t point;
	uint32_t first, count; /* in blocks[] */
	uint64_t won_at;       /* canonical block with which the other branch won */
};

enum rec_kind { REC_ETHEREUM, REC_TRON, REC_BTTC };

struct oracle;

struct recording {
	enum rec_kind kind;
	const char *key; /* "root" or "bttc" */
	uint64_t chain_id;
	const char *client;       /* web3_clientVersion */
	uint64_t first, last;     /* canonical numbers, both included */
	struct rec_block *blocks; /* canonical ones ascending, then the orphaned branches */
	uint32_t canonical_count, block_count;
	struct rec_fork *forks;
	uint32_t fork_count;
	struct lookup *by_hash; /* block hash -> index in blocks[] */
	struct lookup
		*by_tx; /* transaction hash -> block index << 16 | index in the block; several */
	struct lookup *code; /* address of a contract -> 1 */
	struct arena *mem;
	const char *dir;
	struct oracle *oracle; /* read when it is first asked for, which no answer shows */
	char **texts; /* file contents that slices point into */
	size_t text_count;
};

/**
 * Load a directory that has meta.json, blocks.ndjson.gz and receipts.ndjson.gz (reorg.json.gz when
 * there were forks). tron: rewrite everything into the form of a TRON node.
 * Errors: ERR_FATAL naming the file and line: not there, not gzip, not of this form, blocks that do
 * not link, receipts of another block.
 */
MUST_USE enum err_kind recording_load(
	struct recording **out, const char *dir, bool tron, struct err *e);
void recording_free(struct recording *r); /* NULL is legal */

#endif
