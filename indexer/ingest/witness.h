#ifndef INGEST_WITNESS_H
#define INGEST_WITNESS_H

/*
 * TRON headers prove nothing, so the highest level there is that two independent nodes agree. A
 * witness asks another endpoint for the same headers and logs.
 */
#include "ingest/body.h"

struct witness {
	struct job *blocks, *logs; /* running or done; NULL: not asked */
	unsigned version;          /* of the set that it was asked for; 0: not asked */
	bool over;                 /* an answer is there, or will not come: */
	bool agrees;               /* false: there is no other endpoint, or it does not answer */
};

/**
 * Ask for bodies[0..n) (consecutive). first: the jobs that the unit's headers and logs are from
 * (the other endpoint has to be another one); NULL: none.
 */
void witness_ask(struct witness *w, const struct unit_env *env, const struct body *bodies, size_t n,
	const struct job *first[2]);

/** Look at what came. Errors: ERR_REJECT the endpoints contradict each other; ERR_FATAL. */
MUST_USE enum err_kind witness_step(struct witness *w, const struct unit_env *env,
	const struct body *bodies, size_t n, struct err *e);

void witness_drop(struct witness *w); /* forget it, cancel what runs */

#endif
