/*
 * BTTC (bor of release 1.1.0; protocol.md 4 and 4.1), all differences in one place:
 *
 * - No `safe` and `finalized` tag, no eth_getBlockReceipts: receipts come by
 *   eth_getTransactionReceiptsByBlock, which lacks `type` and answers `from` = 0 for some; both are
 *   taken from the transaction.
 * - A batch over 1000 is answered by an array with one error.
 * - At a sprint start (number % 64 == 0) a state-sync transaction may stand last in `transactions`,
 *   from 0 to 0, in no root and no bloom. It is recognised by its hash, keccak256 of a fixed
 * prefix, the number and the block hash; a transaction from 0 to 0 under another hash is of another
 * block.
 * - eth_getLogs leaves state-sync logs out, except on nodes with a flag: eth_getBorBlockLogs gives
 *   them, and where that is missing the receipts of the sprint starts.
 * - toBlock above the head is clipped without an error, and the head number can go down.
 */
#include "source/dialect.h"

#include "chain/header.h"
#include "chain/keccak.h"

static const enum receipts_way ways[] = {RECEIPTS_BY_BLOCK, RECEIPTS_BLOCK, RECEIPTS_ONE};

const struct dialect dialect_bttc = {
	.kind = CHAIN_BTTC,
	.receipts = ways,
	.receipts_count = sizeof(ways) / sizeof(ways[0]),
	.batch_max = 1000,
	.addresses_max = 1000,
	.topics_max = 1000,
	.head_may_fall = true,
	.state_sync_every = BTTC_SPRINT,
};

void bttc_state_sync_hash(struct hash32 *out, const struct block_id *block)
{
	static const char prefix[] = "matic-bor-receipt-";
	struct keccak k;
	uint8_t number[8];

	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)(block->number >> (56 - 8 * i));
	keccak_init(&k);
	keccak_add(&k, prefix, sizeof(prefix) - 1);
	keccak_add(&k, number, sizeof(number));
	keccak_add(&k, block->hash.b, sizeof(block->hash.b));
	keccak_done(&k, out);
}

uint64_t bttc_sprint_start(uint64_t n)
{
	uint64_t over = n % BTTC_SPRINT;

	return over ? n + BTTC_SPRINT - over : n;
}

enum err_kind bttc_mark_txs(const struct block_id *block, struct tx *txs, size_t n, struct err *e)
{
	static const struct address zero;
	struct hash32 want;

	if (!n || block->number % BTTC_SPRINT)
		return ERR_NONE;
	bttc_state_sync_hash(&want, block);
	for (size_t i = 0; i + 1 < n; i++)
		if (hash_eq(&txs[i].hash, &want))
			return err_set(e, ERR_REJECT, "rpc", 0,
				"transactions[%zu] is the state-sync transaction, but not the last",
				i);
	if (hash_eq(&txs[n - 1].hash, &want)) {
		txs[n - 1].state_sync = true;
		return ERR_NONE;
	}
	if (!txs[n - 1].creates && address_eq(&txs[n - 1].from, &zero) &&
		address_eq(&txs[n - 1].to, &zero))
		return err_set(e, ERR_REJECT, "rpc", 0,
			"transactions[%zu] is the state-sync transaction of another block", n - 1);
	return ERR_NONE;
}

void bttc_mark_receipts(const struct block_id *block, struct receipt *receipts, size_t n)
{
	struct hash32 want;
	struct receipt *last = n ? &receipts[n - 1] : NULL;

	if (!last || block->number % BTTC_SPRINT)
		return;
	bttc_state_sync_hash(&want, block);
	if (!hash_eq(&last->tx_hash, &want))
		return;
	last->state_sync = true;
	for (size_t i = 0; i < last->log_count; i++)
		last->logs[i].state_sync = true;
}
