#ifndef REPLAY_NODE_H
#define REPLAY_NODE_H

/*
 * One chain as a node knows it at the moment: how far it is, on which branch, what its tags mean,
 * which blocks it has ever had. Used by one thread at a time (the server's lock).
 */
#include "replay/body.h"

enum { NODE_CALLS = 64 };

struct node {
	const char *key;   /* path it is served at */
	struct body *body; /* owned */
	uint64_t head;
	unsigned fork;       /* branch that the node follows; 0: canonical */
	uint64_t lag;        /* blocks that it pretends to be behind (fault head-back) */
	uint64_t seen;       /* highest canonical block ever had */
	uint64_t *seen_fork; /* highest block ever had of branch k, at [k - 1] */
	uint64_t safe_depth, final_depth;
	bool bor_logs;   /* BTTC: eth_getLogs lists state-sync logs too */
	uint64_t bodies; /* HTTP requests answered, and calls by index of the method; the */
	uint64_t calls[NODE_CALLS]; /* last slot counts unknown ones */
};

void node_init(struct node *n, const char *key, struct body *body);
void node_free(struct node *n);

/**
 * Put the head at `head` on branch `fork`. Errors: ERR_REJECT no such branch, or the head is not on
 * it.
 */
MUST_USE enum err_kind node_move(struct node *n, uint64_t head, unsigned fork, struct err *e);
MUST_USE enum err_kind node_can_move(
	const struct node *n, uint64_t head, unsigned fork, struct err *e);

/** The same at the start: what lies beyond was never seen, forks over by then were. */
MUST_USE enum err_kind node_begin(struct node *n, uint64_t head, unsigned fork, struct err *e);

uint64_t node_head(const struct node *n); /* the lag taken off */

/** The block at a number of the chain. False above the head and below the recording. */
bool node_at(const struct node *n, uint64_t number, struct body_block *out);
/** A block the node has or once had, also an orphaned one. */
bool node_by_hash(const struct node *n, const struct hash32 *hash, struct body_block *out);
/** A transaction of the chain up to the head. */
bool node_tx(const struct node *n, const struct hash32 *hash, struct body_block *out, uint32_t *tx);
/** The tx hash is a state-sync transaction's of an orphaned block: its number. */
bool node_orphan_state_sync(const struct node *n, const struct hash32 *hash, uint64_t *number);

#endif
