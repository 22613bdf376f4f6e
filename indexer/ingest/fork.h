#ifndef INGEST_FORK_H
#define INGEST_FORK_H

#include "ingest/body.h"
#include "ingest/ring.h"

/** How the node's branch relates to what was published. */
struct fork {
	enum {
		FORK_NONE,  /* the tip is on it, or it ends on a block of ours (a node that lags) */
		FORK_FOUND, /* it leaves ours after `common` */
		FORK_DEEP,  /* it has no block of the ring and starts from another one */
	} kind;
	uint64_t common;     /* FOUND: may be the block below the ring's oldest */
	uint64_t head;       /* of the node at that moment */
	struct hash32 newest; /* hash of the branch at the lower one of head and our tip */
	const char *endpoint; /* who said so */
	struct hash32 other; /* FOUND, DEEP: the node's lowest block that differs */
	uint64_t other_number;
};

/**
 * Walk down from the tip by number until the node and the ring (not empty) agree. Answers that do
 * not link to one walk are read again, so the result is a picture of one branch: that of the
 * endpoints `who` (as of source_who; 0: of whoever answers), as long as they answer.
 * Errors: ERR_STOP; ERR_FATAL from the source.
 */
MUST_USE enum err_kind fork_find(struct unit_env *env, const struct ring *ring, uint32_t who,
	struct fork *out, struct err *e);

/**
 * Is this block on the branch of another endpoint than `who`? *holder: its name, NULL when it is not, or
 * nobody says. Errors: ERR_STOP; ERR_FATAL from the source.
 */
MUST_USE enum err_kind fork_held(struct unit_env *env, const struct block_id *block, uint32_t who,
	const char **holder, struct err *e);

/** Drive the source for so long (something to wait with). Errors: ERR_STOP. */
MUST_USE enum err_kind fork_pause(struct source *src, uint64_t ms, struct err *e);

#endif
