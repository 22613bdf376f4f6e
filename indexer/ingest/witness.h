#ifndef INGEST_WITNESS_H
#define INGEST_WITNESS_H

/*
 * TRON headers prove nothing, so the highest level there is that independent nodes agree. A witness asks
 * another endpoint for the same headers, transactions and logs. Where it says something else, and three
 * endpoints are configured, a third one decides.
 */
#include "ingest/body.h"

/** What one other endpoint says. */
struct opinion {
	struct job *blocks, *logs; /* running or done; NULL: not asked */
	struct job **receipts;     /* n; NULL: the unit does not use the receipts of that block */
	size_t n;
};

struct witness {
	struct opinion other[2]; /* the second endpoint's, and the third's */
	unsigned asked;          /* opinions */
	unsigned version;        /* of the set that they were asked for; 0: not asked */
	unsigned tries;          /* times that no other endpoint had all blocks */
	uint32_t broken;         /* endpoints that contradicted themselves: others are asked, if there are */
	uint64_t wake_ms;        /* asked again then */
	bool over;               /* an answer is there, or will not come; the bodies' `agreed` is set */
};

/** The unit's own answers: the other endpoints have to be others than theirs. logs may be NULL. */
struct own_answers {
	struct body *bodies; /* n, consecutive */
	size_t n;
	const struct job *blocks, *logs; /* the newest of those for logs */
	uint32_t logs_who;               /* of all of those for logs */
};

/** Ask for the same again. */
void witness_ask(struct witness *w, const struct unit_env *env, const struct own_answers *own);

/**
 * Look at what came. A body whose block another endpoint has told the same about in every part becomes
 * `agreed`; one that it can not tell all of (no receipts) does not.
 * Errors: ERR_AGAIN the endpoints contradict each other and no majority is there, or the majority is against
 * the unit's own answers (whose endpoint is then doubted): nothing of it may be used, ask again.
 */
MUST_USE enum err_kind witness_step(struct witness *w, const struct unit_env *env,
	const struct own_answers *own, struct err *e);

void witness_drop(struct witness *w); /* forget it, cancel what runs */

#endif
