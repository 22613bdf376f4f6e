#ifndef INGEST_DISCOVER_H
#define INGEST_DISCOVER_H

/*
 * Contracts that stand in no file and announce themselves in logs (network file: discovery rules).
 * Pure functions over the logs of one block.
 */
#include "chain/types.h"
#include "network/network.h"

/** The rule of that kind which this log triggers, or NULL. */
const struct discovery_rule *discover_trigger(
	const struct chain_conf *chain, enum discovery_kind kind, const struct log *l);

/**
 * DISCOVER_OWNER_UPDATE: in all logs of a block (log index order), for each trigger log at index i
 * of logs[]: the announcing log that precedes it in the same transaction, nearest first and not
 * before an earlier trigger of that transaction. False: that validator has no such contract.
 */
bool discover_owner_update(const struct discovery_rule *rule, uint64_t number,
	const struct log *logs, size_t i, struct discovery *out);

/** DISCOVER_NFT_OWNER: who receives the token, unless it is burnt. Code is the caller's to check.
 */
bool discover_nft_owner(const struct discovery_rule *rule, uint64_t number, const struct log *l,
	struct discovery *out);

/** Is this the log of a checkpoint or mirror transaction, whose calldata is kept? */
bool discover_checkpoint(const struct chain_conf *chain, const struct log *l);

#endif
