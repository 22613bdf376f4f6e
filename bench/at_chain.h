#ifndef BENCH_AT_CHAIN_H
#define BENCH_AT_CHAIN_H

/*
 * A made staking chain for bench/at: blocks as a node would have given them, one after the other,
 * made from a block's number and the state before it alone, so that a later process goes on where
 * the first ended. Every statement of a log is what the ledger computes: folding gives no finding.
 *
 * First the contracts fill: validators stake, three partnerships among them, and the first 2,000
 * delegators buy; the others come one by one. Then rounds: actions of a delegator, of a partnership
 * and of owners; what partners claim; a checkpoint that one or two validators do not sign; an empty
 * block.
 */
#include "ledger/ledger.h"

#define AT_VALIDATORS   30
#define AT_DELEGATORS   10000
#define AT_PARTNERSHIPS 3
#define AT_PARTNERS     20
#define AT_TERMS        8 /* partners of one partnership */
#define AT_ROUND        4 /* blocks of a round, one of them with a checkpoint */

/** What an address made up for this chain belongs to. STORED in databases that are measured. */
enum at_account { AT_SIGNER = 1, AT_OWNER, AT_SHARE, AT_DELEGATOR, AT_PARTNER, AT_STRANGER };
struct address at_account(enum at_account kind, uint64_t n);

struct at_chain;

/** The conf's contracts are those of the recorded network `golden`; it must outlive the chain. */
struct at_chain *at_chain_new(const struct chain_conf *conf);
void at_chain_free(struct at_chain *c);

/** Blocks before the first round. */
uint64_t at_chain_start(const struct at_chain *c);

/** Go on after this block; all zero: before the first. */
void at_chain_resume(struct at_chain *c, const struct block_id *last);

/** The next block over the state `l`, in mem. l must have been given the block before. */
void at_chain_next(struct at_chain *c, const struct ledger *l, struct arena *mem, struct block *out);

/** The signers of the block just made, as recovering its signatures would give them. */
void at_chain_votes(const struct at_chain *c, const struct decoded *d, struct arena *mem,
	struct ledger_votes *out);

#endif
