#ifndef API_PERIODS_H
#define API_PERIODS_H

#include "api/call.h"

/*
 * Sums of a history per period (parameter `interval`), newest first: days, weeks from Monday, months
 * and years of UTC. Periods without rows are left out.
 */
#define PERIOD_SUMS_MAX 10

struct periods {
	const char *table;         /* with chain_id, block, time */
	const char *key, *key_type; /* column of the path's argument */
	const char *known, *absent; /* condition on $1 chain and $2 key, and what 404 says; or NULL */
	struct {
		const char *name;
		const char *of; /* inside "sum(x." and ")" */
		bool count;     /* a JSON integer, no amount */
	} sums[PERIOD_SUMS_MAX];
};

/** Answer the call; without an interval: one object over all time. kind has static storage. */
void periods_answer(struct call *c, const struct periods *kind, const char *key);

#endif
