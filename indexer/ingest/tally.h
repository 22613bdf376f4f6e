#ifndef INGEST_TALLY_H
#define INGEST_TALLY_H

#include "base/err.h"
#include "base/log.h"
#include "base/metric.h"
#include "chain/types.h"

/** Metric series of one chain's ingest; see tally.c for their names and meaning. */
struct tally {
	struct metric_series *blocks, *undone, *logs, *txs, *found;
	struct metric_series *level[LEVEL_QUORUM + 1];
	struct metric_series *forks, *fork_depth, *fork_depth_max;
	struct metric_series *polls, *again, *contradictions, *disputes;
	struct metric_series *receipts, *bloom_denied, *bloom_missing, *bloom_false;
	struct metric_series *unproven, *bad_sender;
	struct metric_series *range, *window, *batch;
	struct metric_series *head, *published, *stalled, *lag_blocks, *lag_seconds;
	const char *chain; /* key, for log lines */
};

void tally_init(struct tally *t, const char *chain_key);

/** Count and log (limited) an answer that has to be asked for again, or that contradicts itself. */
void tally_trouble(struct tally *t, const struct err *e);

#endif
