#ifndef BIN_SNAPSHOT_H
#define BIN_SNAPSHOT_H

/*
 * The staking contracts' state as their own view functions tell it at one block, by eth_call: the values
 * that governance sets, and what each validator and share contract stores; no positions of delegators.
 */
#include "ledger/ledger.h"
#include "source/source.h"

struct snapshot {
	struct block_id block;
	struct ledger *ledger; /* what snapshot_take asked for is in it, nothing else */
	char *json;            /* the same in the form of the network file's initial_state */
	char endpoint[128];    /* who answered */
	size_t calls;
};

/**
 * Ask the one endpoint of s. The state is that of one block: named by its hash where the node takes that,
 * else (TRON) the newest one, which has to be the same before and after. at: of this block; NULL: of the
 * newest.
 * Errors: as source_wait; ERR_AGAIN blocks came in between each time, or the node's newest block is not `at`;
 * ERR_FATAL a contract has no code, or an answer is of another form than the network file's ABI says.
 */
MUST_USE enum err_kind snapshot_take(struct snapshot *out, struct source *s, const struct chain_conf *chain,
	const struct block_id *at, struct err *e);
void snapshot_free(struct snapshot *x);

#endif
