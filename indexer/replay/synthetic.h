#ifndef REPLAY_SYNTHETIC_H
#define REPLAY_SYNTHETIC_H

/*
 * Synthetic chains of any size, for benches: text "synthetic:key=value,...".
 *
 *   kind=ethereum|bttc  whose headers (ethereum); bttc's are sealed by seven known keys
 *   blocks=N            blocks 1..N after the genesis block 0 (20000)
 *   logs=L              logs of a block that has any (5)
 *   per-tx=N            logs of a transaction (5)
 *   every=N             only every N-th block has transactions and logs (1)
 *   seed=N              another seed, other values (1)
 *   step=SECONDS        between two blocks (3; bttc by its rules)
 *   time=UNIX           of the genesis block (1704067200)
 *   chain=ID            eth_chainId (424242)
 *   head=N              where the head stands at the start (the last block)
 *   period=MS           from there a block every so many milliseconds (0: the head stands)
 *
 * All logs are of one contract (synthetic_contract): ShareMinted and StakeUpdate of StakingInfo in
 * turn, with plausible values. Headers hash and link, blooms, receiptsRoot and transactionsRoot are
 * real, transactions are signed. The same text gives the same chain, byte for byte.
 */
#include "base/err.h"
#include "chain/types.h"

#include <stdio.h>

struct body;

bool synthetic_is(const char *text);
/** Key that the chain is served at when none is given: "root" or "bttc". */
const char *synthetic_key(const char *text);

struct synthetic_live {
	uint64_t head;      /* at the start */
	uint64_t period_us; /* 0: the head stands */
};

/**
 * Make the chain: hashes of all blocks (and little else) are computed now, contents when asked for.
 * Errors: ERR_FATAL a key or value that can not be, with the nearest valid one.
 */
MUST_USE enum err_kind synthetic_make(
	struct body **out, const char *text, struct synthetic_live *live, struct err *e);

/** The contract that all logs are of, and a network file that watches it. */
extern const struct address synthetic_contract;
MUST_USE enum err_kind synthetic_network(FILE *to, const char *text, struct err *e);

#endif
