#ifndef REPLAY_RPC_H
#define REPLAY_RPC_H

/*
 * JSON-RPC 2.0 over a node: requests and batches in, answers out, in the dialect of the node's kind
 * (Ethereum, TRON, BTTC). Never fails: what can not be answered becomes a JSON-RPC error.
 */
#include "base/json.h"
#include "replay/node.h"

struct fault_set;

#define RPC_PARAMS_MAX 3

/** Error codes of JSON-RPC and of nodes. */
enum {
	RPC_PARSE = -32700,
	RPC_INVALID = -32600,
	RPC_NO_METHOD = -32601,
	RPC_PARAMS = -32602,
	RPC_SERVER = -32000,
	RPC_TOO_LARGE = -32003,
	RPC_LIMIT = -32005,
};

/** One question to a node. The handler appends the result to out, or fails with rpc_fail(). */
struct ask {
	struct node *node;
	struct fault_set *faults; /* NULL: an honest node */
	const struct rpc_method *method;
	struct jval params[RPC_PARAMS_MAX];
	unsigned param_count;
	struct buf *out;
	int code; /* of the failure; 0: none */
	char message[300];
};

struct rpc_method {
	const char *name;
	bool (*answer)(struct ask *a);
	unsigned kinds; /* bits 1 << enum rec_kind */
	bool nullable;  /* null is an answer that a node may give */
};

/** All methods; the index of one is its place in counters. */
extern const struct rpc_method rpc_methods[];
extern const size_t rpc_method_count;

/** Always false, so that a handler ends in `return rpc_fail(...)`. */
bool rpc_fail(struct ask *a, int code, const char *fmt, ...) PRINTF(3, 4);

/** How a parameter that names a block came out. */
enum found {
	FOUND,
	ABSENT,  /* well-formed, but the node has no such block */
	REFUSED, /* rpc_fail was called */
};

/** Parameter i as a block: quantity, tag, {blockNumber}, {blockHash}, (hash_too) a hash. */
enum found rpc_block(struct ask *a, unsigned i, bool hash_too, struct body_block *out);
/** The number that a quantity or tag stands for; it need not exist. */
bool rpc_number(struct ask *a, unsigned arg, struct jval v, uint64_t *out);
bool rpc_hash(struct ask *a, unsigned i, struct hash32 *out);

/** Append a log with what faults make of it; handlers of receipts and filters share it. */
void rpc_put_log(struct ask *a, const struct body_block *k, uint32_t log, bool *comma);

/**
 * When a fault says so, append a log that the block does not have. like: address and topics to take
 * where a set names one (a filter's); NULL: the block's last log's.
 */
struct filter;
void rpc_put_forged(
	struct ask *a, const struct body_block *k, const struct filter *like, bool *comma);

bool rpc_get_logs(struct ask *a);
bool rpc_get_bor_logs(struct ask *a);

/** Handles bodies; one a server. */
struct rpc;
struct rpc *rpc_new(void);
void rpc_free(struct rpc *r);

/** A parsed HTTP body: its calls, good or bad. */
struct rpc_call {
	const struct rpc_method *method; /* NULL: `refusal` says why */
	int refusal;
	struct jval id, object;
	bool has_id;
	struct jval params[RPC_PARAMS_MAX];
	unsigned param_count;
};

struct rpc_batch {
	struct rpc_call *calls;
	size_t count;
	bool array;
	int refusal; /* the body as a whole is refused with this code; 0: not */
	const char *why;
	struct jval first_id;
	bool has_first_id;
};

/** Parse a body. The batch is valid until the next call. */
void rpc_parse(
	struct rpc *r, const struct node *n, const char *body, size_t len, struct rpc_batch *out);

/** Does a call ask about that block: by number, tag, hash, transaction, or in a range? */
bool rpc_concerns(const struct node *n, const struct rpc_call *c, uint64_t block);

/** Answer a batch into out (emptied first). */
void rpc_answer(struct rpc *r, struct node *n, struct fault_set *faults,
	const struct rpc_batch *batch, struct buf *out);

#endif
