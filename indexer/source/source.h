#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

/*
 * The nodes of one chain, by JSON-RPC over HTTP(S). Jobs are asked for and polled; the engine
 * behind them (libcurl multi) chooses endpoints, batches, retries with backoff and jitter, honours
 * Retry-After and rate budgets, halves ranges that a node refuses and grows them on success, and
 * speaks the dialects of TRON and BTTC. One thread owns a source.
 */
#include "base/err.h"
#include "chain/types.h"
#include "network/network.h"

struct source;

/** A field that is 0 means its default (in brackets). */
struct source_conf {
	int64_t timeout_ms;     /* of one HTTP request [20000] */
	int64_t retry_ms;       /* a job that made no progress for so long fails [60000] */
	int64_t body_max_bytes; /* a larger answer is refused while it is read [64 MiB] */
	int64_t batch_max;      /* requests in one JSON-RPC batch; 1 turns batches off [100] */
	int64_t in_flight;      /* HTTP requests at once per endpoint [8] */
	int64_t rate_per_s;     /* requests (members of batches count) a second per endpoint; 0: no
				   budget */
	int64_t logs_range_max; /* widest eth_getLogs range asked for [5000; TRON at most 5001] */
};

/**
 * urls: endpoints to use (the caller has merged --rpc and the network file), at most 32; http or
 * https. A fragment is a header for every request and is never shown:
 * "https://api.trongrid.io/jsonrpc#TRON-PRO-API-KEY: secret". Nothing is sent before the first job;
 * an endpoint that answers for another chain id is dropped for good (an error log line and state
 * "wrong-chain"). Certificates are checked against the system's authorities, or those in the file that
 * $CURL_CA_BUNDLE or $SSL_CERT_FILE names. Errors: ERR_FATAL a URL that can not be used, no URL.
 */
MUST_USE enum err_kind source_open(struct source **out, const struct chain_conf *chain,
	const char *const *urls, size_t url_count, const struct source_conf *conf, struct err *e);
/** Aborts what is in flight; running jobs fail with STOP and stay to be freed by their owners. */
void source_close(struct source *s);

/** One log filter; sets are alternatives, an empty set means anything. Not kept after the call. */
struct log_filter {
	const struct address *addresses;
	size_t address_count;
	const struct hash32 *topics[LOG_TOPICS_MAX];
	size_t topic_count[LOG_TOPICS_MAX];
};

/** A log together with the block that it says it is in. */
struct block_log {
	struct block_id block;
	struct log log;
};

/** A view function to ask for. */
struct view_call {
	struct address to;
	struct bytes data; /* calldata; copied */
};

struct call_result {
	bool reverted;
	struct bytes data; /* what it returned; nothing at an address without code */
};

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED };

/**
 * An outstanding question. Results live in the job's own arena, until job_free. A failed job has
 * its error in `err`: AGAIN (every endpoint failed for longer than the job's budget; ask again
 * later), REJECT (the answers break the grammar), FATAL (no usable endpoint: wrong chain
 * everywhere).
 */
struct job {
	enum job_state state;
	struct err err;
	struct arena *mem;
	/* results, by kind of job */
	uint64_t head;            /* job_head: newest block number; its header is headers[0] */
	bool has_safe, has_final; /*   tags answered */
	uint64_t safe, final;
	struct header *headers; /* job_blocks: one for each number, in order */
	struct tx **txs;        /*   transactions of each block (with_txs), else NULL */
	size_t *tx_counts;      /*   real + state-sync transactions listed by the node */
	bool *state_sync;       /*   BTTC: the last one listed is the state-sync transaction (its
				     hash says so: verify_state_sync_hash; also without txs) */
	size_t header_count;
	bool short_by_head;     /*   the node does not have the last ones yet (null) */
	struct block_log *logs; /* job_logs: in (block, log index) order, merged, no repeats */
	size_t log_count;
	struct receipt *receipts; /* job_receipts: of one block, in index order */
	size_t receipt_count;
	bool has_code;        /* job_code */
	struct call_result *results; /* job_calls: one for each call, in order */
	const char *endpoint; /* name of the endpoint that answered (the last one); lives as long
				 as the source */
	void *user;           /* the caller's */
};

/**
 * The newest block: its number in `head`, its header (without transactions) as source_blocks gives
 * it in headers[0]: one request, eth_getBlockByNumber("latest", false), so that a poll of an idle
 * node sees new blocks and a replaced head at once. tags: ask for the safe and finalized tags too,
 * where the chain's rule uses them.
 */
struct job *source_head(struct source *s, bool tags);

/**
 * Headers from..to (both included), with full transactions when with_txs. The answer is dense: when
 * the node does not have the last ones (yet), header_count is smaller and short_by_head is set.
 * Each transaction says the hash and number of its block, and its place in it: checked. Links
 * between the blocks are not: answers may mix two branches.
 */
struct job *source_blocks(struct source *s, struct block_range r, bool with_txs);

/** One header by hash; header_count 0 when the node does not know it (any more). */
struct job *source_block_by_hash(struct source *s, const struct hash32 *hash);

/**
 * Logs of from..to that match any of the filters, each once, in order. BTTC: with state-sync logs
 * of the sprint starts in the range (asked for apart, marked state_sync). The answering node's head
 * was at `to` or above. `removed: true` logs, and logs of one height that name two blocks, fail the
 * job with AGAIN. That the block hashes are the caller's is the caller's to check.
 */
struct job *source_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count);

/** BTTC: the state-sync logs of that range alone, as source_logs gives them among the others. */
struct job *source_sync_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count);

/**
 * The same as source_logs for one block by its hash: the answer can be of no other branch. AGAIN when no node
 * knows the block (any more).
 */
struct job *source_block_logs(struct source *s, const struct block_id *block,
	const struct log_filter *filters, size_t filter_count);

/**
 * All receipts of one block, which must have that hash (else AGAIN: it was replaced). One receipt a
 * transaction, in index order, same hashes. txs (not kept): the block's transactions as
 * source_blocks gave them; NULL: the job fetches them with the header, results in headers[0],
 * txs[0], tx_counts[0]. On BTTC type is taken from the transaction, which its answers lack.
 */
struct job *source_receipts(
	struct source *s, const struct block_id *block, const struct tx *txs, size_t tx_count);

/** eth_getCode at the head: has_code. For discovery. */
struct job *source_code(struct source *s, const struct address *a);

/**
 * eth_call of each: in the state at the end of the block with that hash, or of the newest one (NULL), which
 * may be another for each call: the caller sees to it that no block came meanwhile. A TRON node ignores the
 * hash.
 * Besides as told above a job fails with REJECT, at once, when the node refuses for another reason than a
 * revert: it does not take hashes, has no such state any more, ran out of gas.
 */
struct job *source_calls(
	struct source *s, const struct hash32 *block, const struct view_call *calls, size_t n);

/**
 * The answer to j must not come from these endpoints (bits as of source_who): a second opinion. Call it
 * before the next source_poll. When there is no other endpoint j fails with AGAIN.
 */
void source_elsewhere(struct job *j, uint32_t who);

/** Which endpoint is the next question's that may not go to those of `avoid`, as a bit; 0: not known yet. */
uint32_t source_choose(struct source *s, uint32_t avoid);

/**
 * One endpoint has to answer all of j, so that there is somebody else to ask (source_elsewhere), unless that
 * one falls silent. Call it before the next source_poll.
 */
void source_alone(struct job *j);

/**
 * Only these endpoints (bits as of source_who) are asked for j, unless all of them fall silent. Call it
 * before the next source_poll.
 */
void source_only(struct job *j, uint32_t who);

/** Which endpoints gave parts of the answer to j, as bits; 0: none. */
uint32_t source_who(const struct job *j);

/**
 * What these endpoints said does not hold (a header or another answer contradicts it). For a while, longer
 * each time, the others are asked first; an endpoint is never given up for it, since it may be the only one.
 */
void source_doubt(struct source *s, uint32_t who);

/** Is one of these endpoints doubted more than another one that can be asked? */
bool source_doubted(const struct source *s, uint32_t who);

void job_free(struct job *j); /* also of a running one: it is cancelled; NULL is legal */

/**
 * Drive transfers; returns when something finished, or after timeout_ms, or when a stop is asked
 * for. Errors: ERR_STOP only.
 */
MUST_USE enum err_kind source_poll(struct source *s, unsigned timeout_ms, struct err *e);

/** Poll until the job is finished. Returns its error kind, or ERR_STOP. */
MUST_USE enum err_kind source_wait(struct source *s, struct job *j, struct err *e);

/**
 * For status: name (host and port, no secrets; "#2" for the second of that name), state
 * "ok|slow|limited|down|wrong-chain", counters. requests: members of batches count. Any thread.
 */
struct endpoint_info {
	char name[128];
	const char *state;
	uint64_t requests, errors, bytes;
	unsigned latency_ms;
};
size_t source_endpoints(struct source *s, struct endpoint_info *out, size_t max);

/** Endpoints that source_open was given. */
size_t source_endpoint_count(const struct source *s);

/** Widest range that eth_getLogs is known to take at the moment; the planner's hint. */
uint64_t source_logs_span(const struct source *s);

#endif
