#ifndef INGEST_SYNC_WITNESS_H
#define INGEST_SYNC_WITNESS_H

/*
 * BTTC: no header commits to logs of state-sync transactions, so where there is another endpoint it is asked
 * for those that are kept, of all sprint starts of a unit in one question. Where it says something else, and
 * three endpoints are configured, a third one decides; with two the unit waits.
 */
#include "ingest/witness.h"

struct sync_witness {
	struct job *other[2]; /* the second endpoint's, and the third's */
	unsigned asked;
	unsigned version;   /* of the set that they were asked for; 0: not asked */
	unsigned tries;     /* times that it spoke of other blocks */
	uint64_t asked_ms;  /* when the newest was asked */
	uint64_t wake_ms;   /* asked again then */
	bool over;          /* the endpoints agree, or none has an opinion */
};

/**
 * Ask, and look at what came. An endpoint that does not answer soon, does not know the method or is on
 * another branch has no opinion, and nothing waits for it. Errors: as witness_step.
 */
MUST_USE enum err_kind sync_witness_step(struct sync_witness *w, struct unit_env *env,
	const struct own_answers *own, struct err *e);

void sync_witness_drop(struct sync_witness *w);

#endif
