#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include "base/buf.h"

#include <stdint.h>

/**
 * Process-wide metrics in the Prometheus text format. A metric is declared once with its help
 * text; a series is a metric with label values. Getting a series takes a lock and may allocate: do
 * it once and keep the pointer; it is valid for the life of the process. Updates are atomic.
 *
 * Names: bttc_<stage>_<thing>_<unit>; counters end in _total, others in _seconds, _bytes, _blocks,
 * _ratio or a plain noun for counts of things.
 */
enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM, /* of times */
	METRIC_SIZES      /* histogram of counts of things */
};

struct metric_series;

/**
 * The series of `name` with the given labels, made when new. labels: NULL or text as it stands
 * between the braces, e.g. "chain=\"root\",method=\"eth_getLogs\"" (the caller escapes values with
 * metric_label). Kind and help of the first call count. Histograms have fixed buckets (1-2-5): of
 * times from 100 us to 100 s, of sizes from 1 to 1,000,000.
 */
struct metric_series *metric_get(enum metric_kind kind, const char *name, const char *help,
	const char *labels);

void metric_add(struct metric_series *m, int64_t n);
void metric_set(struct metric_series *m, int64_t v);
void metric_max(struct metric_series *m, int64_t v);           /* raise a gauge to v */
void metric_observe_us(struct metric_series *m, uint64_t us);  /* METRIC_HISTOGRAM */
void metric_observe_size(struct metric_series *m, uint64_t n); /* METRIC_SIZES */
int64_t metric_value(const struct metric_series *m);           /* histograms: count */
/** Histograms: sum of what was observed, in microseconds or things. */
uint64_t metric_sum(const struct metric_series *m);

/** Write key="escaped value" to b, with a comma before it when b is not empty. */
void metric_label(struct buf *b, const char *key, const char *value);

/** All metrics, plus process_resident_memory_bytes, process_cpu_seconds_total, open fds. */
void metric_format(struct buf *out);

#endif
