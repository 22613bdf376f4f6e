#ifndef REPLAY_BODY_H
#define REPLAY_BODY_H

/*
 * What a chain consists of: blocks with transactions, receipts and logs, on one canonical and any
 * number of orphaned branches. Two bodies: a recording in memory, and a synthetic chain made on
 * demand. Immutable; what a node says about it at the moment (head, branch, tags) is node.h.
 */
#include "base/buf.h"
#include "chain/types.h"
#include "replay/oracle.h"
#include "replay/recording.h"

struct body;

/** A block, by value; valid as long as the body. */
struct body_block {
	uint64_t number, time;
	unsigned fork; /* 0: canonical; k: orphaned branch k */
	struct hash32 hash;
	const void *p; /* the body's own */
};

enum receipt_form {
	RECEIPT_PLAIN,    /* eth_getTransactionReceipt, eth_getBlockReceipts */
	RECEIPT_BY_BLOCK, /* eth_getTransactionReceiptsByBlock */
	RECEIPT_BOR,      /* eth_getBorBlockReceipt */
};

struct body_ops {
	/** The block at a number when branch `fork` is the node's chain. */
	bool (*at)(const struct body *b, unsigned fork, uint64_t number, struct body_block *out);
	bool (*by_hash)(const struct body *b, const struct hash32 *hash, struct body_block *out);
	/** Blocks that hold a transaction, one a call; *cursor is SIZE_MAX before the first. */
	bool (*by_tx)(const struct body *b, const struct hash32 *hash, size_t *cursor,
		struct body_block *out, uint32_t *index);

	void (*put_block)(
		const struct body *b, const struct body_block *k, bool full, struct buf *out);
	uint32_t (*tx_count)(const struct body *b, const struct body_block *k);
	bool (*is_state_sync)(const struct body *b, const struct body_block *k, uint32_t tx);
	void (*tx_hash)(
		const struct body *b, const struct body_block *k, uint32_t tx, struct hash32 *out);
	void (*put_tx)(
		const struct body *b, const struct body_block *k, uint32_t tx, struct buf *out);
	/** A receipt up to its first log, and after its last. */
	void (*put_receipt)(const struct body *b, const struct body_block *k, uint32_t tx,
		enum receipt_form form, bool tail, struct buf *out);

	/** All logs of a block in order; a receipt's are [first, first+count). `text` may be
	 * absent. */
	uint32_t (*logs)(
		const struct body *b, const struct body_block *k, const struct rec_log **logs);
	void (*tx_logs)(const struct body *b, const struct body_block *k, uint32_t tx,
		uint32_t *first, uint32_t *count);
	void (*put_log)(
		const struct body *b, const struct body_block *k, uint32_t log, struct buf *out);

	/** transactionsRoot and receiptsRoot, for checkpoint roots. */
	void (*roots)(const struct body *b, const struct body_block *k, struct hash32 *txs,
		struct hash32 *receipts);
	bool (*has_code)(const struct body *b, const struct address *a);
	/** What a view function answered at the end of a block; NULL: no state is known. */
	enum oracle_answer (*call)(const struct body *b, const struct body_block *k, const struct address *to,
		struct bytes input, struct buf *out);
	void (*free)(struct body *b);
};

struct body {
	const struct body_ops *ops;
	enum rec_kind kind;
	const char *key;
	uint64_t chain_id;
	const char *client;
	uint64_t first, last;
	const struct rec_fork *forks;
	uint32_t fork_count;
};

/** A body over a recording, which it owns from then on. */
struct body *body_recorded(struct recording *r);
void body_free(struct body *b); /* NULL is legal */

#endif
