#ifndef TESTS_LIB_FAKE_NODE_H
#define TESTS_LIB_FAKE_NODE_H

/*
 * A JSON-RPC node over a made-up chain, with hooks that let a test answer some calls itself. Every
 * block n has `logs` transactions, each with one log; hashes spell what they are of:
 *   block n        0xb0.. fork in byte 1, n in the last 8 bytes
 *   transaction    0x70.. fork in byte 1, index in bytes 16..23, n in the last 8 bytes
 * Log i of block n is of address 0x..a0 + i, topic 0 is 0x..(n), data is 32 bytes with n and i.
 */
#include "base/json.h"
#include "chain/types.h"
#include "lib/fake_http.h"

#include <stdatomic.h>

struct fake_node;

/** One call inside a request. */
struct fake_call {
	const char *method;
	struct jval params;
	uint64_t from, to; /* eth_getLogs and eth_getBlockByNumber: what is asked for */
	bool by_hash;
	struct buf *result; /* JSON of the result goes here */
	int64_t error;      /* not 0: an error instead */
	const char *message;
	const char *data; /* raw JSON for error.data, or NULL */
	bool leave_out;   /* no answer in the batch */
};

struct fake_node {
	struct fake_http *http;
	struct json_parser *json;
	uint64_t chain_id;
	_Atomic uint64_t head;
	unsigned logs; /* a block */
	uint8_t fork;
	unsigned batch_max;         /* 0: any; more is refused by an array with one error */
	_Atomic unsigned calls[16]; /* by fake_method_index */
	_Atomic unsigned batches, largest_batch;
	_Atomic uint64_t widest; /* eth_getLogs range that was answered */
	bool shuffle;
	/* Hooks; may be NULL. Request: true when the reply is complete. Call: true when answered.
	 */
	bool (*request)(struct fake_node *n, const struct fake_request *q, struct fake_reply *r);
	bool (*call)(struct fake_node *n, struct fake_call *c);
	_Atomic int countdown; /* for the hooks */
	void *arg;
};

/** Set the fields and hooks between new and start. */
struct fake_node *fake_node_new(uint64_t chain_id, uint64_t head);
void fake_node_start(struct fake_node *n);
void fake_node_stop(struct fake_node *n);
unsigned fake_node_count(struct fake_node *n, const char *method);

/* Pieces of answers, for hooks. */
void fake_block(const struct fake_node *n, struct buf *out, uint64_t number, bool full);
void fake_log(const struct fake_node *n, struct buf *out, uint64_t number, unsigned i);
void fake_receipts(const struct fake_node *n, struct buf *out, uint64_t number);
void fake_block_hash(const struct fake_node *n, struct hash32 *out, uint64_t number);

#endif
