#ifndef REPLAY_FAULT_H
#define REPLAY_FAULT_H

/*
 * Scripted faults of a replayed node. A fault is text, KIND[:key=value,...]:
 *
 *   kind           what happens                                                 own keys
 *   429            HTTP 429 with Retry-After                                    seconds (1)
 *   503            HTTP 503
 *   reset          RST after half of the body
 *   truncated      the connection ends after half of the body
 *   nonjson        HTTP 200 with {"Error": "...lack of computing resources..."}
 *   hang           the answer comes after so many seconds                       seconds (30)
 *   null           null for a block, transaction or receipt that exists
 *   head-back      the head goes back by `blocks` for `ms` milliseconds         blocks (3), ms
 * (300) wrong-chain    eth_chainId and net_version name another chain               id (1) shuffle
 * answers of a batch in another order missing        one answer of a batch is left out drop-log
 * logs are left out                                            log alter-log      the last digit of
 * a log's data (or last topic) is another    log duplicate-log  logs are listed twice log forge-log
 * one more log in a block, that matches the filter
 *
 * Keys of every kind:
 *   chain=KEY      only on that chain
 *   method=NAME    only on calls of that method (log kinds: eth_getLogs unless given)
 *   at=BLOCK       only on calls (log kinds: logs) that concern that block
 *   rate=N         N of 1000 opportunities, chosen by the seed; 1000 unless given
 *   seed=N         1 unless given
 *   count=N        at most N times
 *   after=N        not at the first N opportunities
 *
 * An opportunity is an HTTP request (429 to hang, head-back), a call (null, wrong-chain), a batch
 * (shuffle, missing), a log or for forge-log a block. Log kinds choose by seed, block and log
 * index: the node tells the same lie whenever it is asked, until `count` is used up. The others
 * choose by seed and how many opportunities there were.
 */
#include "base/err.h"
#include "replay/rpc.h"

#include <stdio.h>

struct fault_set;

/** Errors: ERR_REJECT naming the text, what is wrong and the nearest valid word. *out is never
 * NULL. */
MUST_USE enum err_kind fault_set_parse(
	struct fault_set **out, const char *const *texts, size_t n, struct err *e);
void fault_set_free(struct fault_set *s); /* NULL is legal */
size_t fault_set_count(const struct fault_set *s);
const char *fault_set_text(const struct fault_set *s, size_t i, uint64_t *hits);

/** The table above, for --help. */
void fault_help(FILE *to);

/** What an HTTP request meets. */
enum fault_http {
	FAULT_NONE,
	FAULT_429,
	FAULT_503,
	FAULT_RESET,
	FAULT_TRUNCATED,
	FAULT_NONJSON,
	FAULT_HANG,
};
enum fault_http fault_on_request(
	struct fault_set *s, const struct node *n, const struct rpc_batch *b, uint64_t *seconds);

/** Blocks that the node is behind for this request; now_ms: a clock that never goes back. */
uint64_t fault_on_head(
	struct fault_set *s, const struct node *n, const struct rpc_batch *b, uint64_t now_ms);

/** The answer of this call is null instead. */
bool fault_on_answer(struct fault_set *s, const struct node *n, const struct rpc_call *c);

/** The chain id that eth_chainId and net_version tell. */
uint64_t fault_on_chain_id(struct fault_set *s, const struct node *n);

/** How a log is listed: bits. */
enum { FAULT_DROP = 1, FAULT_ALTER = 2, FAULT_TWICE = 4 };
unsigned fault_on_log(struct fault_set *s, const struct ask *a, uint64_t block, uint32_t log);
bool fault_on_block_logs(struct fault_set *s, const struct ask *a, uint64_t block); /* forge one */

/**
 * Reorder or leave out answers of a batch. order: indices of the answers, *n of them; changed in
 * place.
 */
void fault_on_batch(struct fault_set *s, const struct node *n, const struct rpc_batch *b,
	size_t *order, size_t *count);

#endif
