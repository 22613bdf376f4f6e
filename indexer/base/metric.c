/*
 * Registry of metrics: a list of families in order of first use, each with its series. Series are
 * never freed, so that callers can keep pointers. Updates are relaxed atomics; a scrape reads them
 * one by one and may see two that belong together a moment apart.
 */
#include "base/metric.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Bounds of sizes; of times in units of 100 microseconds. */
static const uint64_t bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000,
	100000, 200000, 500000, 1000000};
static const char *const bound_seconds[] = {"0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005",
	"0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100"};
#define BOUNDS  (sizeof(bounds) / sizeof(*bounds))
#define UNIT_US 100

struct metric_series {
	struct metric_series *next;
	char *labels; /* never NULL */
	enum metric_kind kind;
	_Atomic int64_t value; /* histogram: count */
	_Atomic uint64_t sum;  /* microseconds or things */
	_Atomic uint64_t bucket[BOUNDS]; /* not cumulative; above the last bound: only in value */
};

struct family {
	struct family *next;
	char *name, *help;
	enum metric_kind kind;
	struct metric_series *first, **last;
};

static struct family *families, **families_end = &families;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static struct family *find_family(enum metric_kind kind, const char *name, const char *help)
{
	struct family *f;

	for (f = families; f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	f = must(calloc(1, sizeof(*f)));
	f->name = must(strdup(name));
	f->help = must(strdup(help));
	f->kind = kind;
	f->last = &f->first;
	*families_end = f;
	families_end = &f->next;
	return f;
}

struct metric_series *metric_get(enum metric_kind kind, const char *name, const char *help,
	const char *labels)
{
	struct metric_series *s;
	struct family *f;

	pthread_mutex_lock(&lock);
	f = find_family(kind, name, help);
	for (s = f->first; s; s = s->next)
		if (!strcmp(s->labels, labels ? labels : ""))
			break;
	if (!s) {
		s = must(calloc(1, sizeof(*s)));
		s->labels = must(strdup(labels ? labels : ""));
		s->kind = f->kind;
		*f->last = s;
		f->last = &s->next;
	}
	pthread_mutex_unlock(&lock);
	return s;
}

void metric_add(struct metric_series *m, int64_t n)
{
	atomic_fetch_add_explicit(&m->value, n, memory_order_relaxed);
}

void metric_set(struct metric_series *m, int64_t v)
{
	atomic_store_explicit(&m->value, v, memory_order_relaxed);
}

void metric_max(struct metric_series *m, int64_t v)
{
	int64_t old = metric_value(m);

	while (v > old && !atomic_compare_exchange_weak_explicit(&m->value, &old, v,
				  memory_order_relaxed, memory_order_relaxed))
		;
}

static void observe(struct metric_series *m, uint64_t v, uint64_t unit)
{
	for (size_t i = 0; i < BOUNDS; i++)
		if (v <= bounds[i] * unit) {
			atomic_fetch_add_explicit(&m->bucket[i], 1, memory_order_relaxed);
			break;
		}
	atomic_fetch_add_explicit(&m->sum, v, memory_order_relaxed);
	metric_add(m, 1);
}

void metric_observe_us(struct metric_series *m, uint64_t us)
{
	observe(m, us, UNIT_US);
}

void metric_observe_size(struct metric_series *m, uint64_t n)
{
	observe(m, n, 1);
}

uint64_t metric_sum(const struct metric_series *m)
{
	return atomic_load_explicit(&m->sum, memory_order_relaxed);
}

int64_t metric_value(const struct metric_series *m)
{
	return atomic_load_explicit(&m->value, memory_order_relaxed);
}

void metric_label(struct buf *b, const char *key, const char *value)
{
	if (b->n)
		buf_chr(b, ',');
	buf_str(b, key);
	buf_str(b, "=\"");
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_chr(b, '\\');
		if (*value == '\n')
			buf_str(b, "\\n");
		else
			buf_chr(b, *value);
	}
	buf_chr(b, '"');
}

static void format_histogram(struct buf *out, const struct family *f, const struct metric_series *s)
{
	const char *comma = *s->labels ? "," : "";
	uint64_t sum = 0, all = metric_sum(s), total = (uint64_t)metric_value(s);

	for (size_t i = 0; i < BOUNDS; i++) {
		sum += s->bucket[i];
		buf_printf(out, "%s_bucket{%s%sle=\"", f->name, s->labels, comma);
		if (f->kind == METRIC_SIZES)
			buf_printf(out, "%llu", (unsigned long long)bounds[i]);
		else
			buf_str(out, bound_seconds[i]);
		buf_printf(out, "\"} %llu\n", (unsigned long long)sum);
	}
	if (total < sum)
		total = sum;
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", f->name, s->labels, comma,
		(unsigned long long)total);
	if (f->kind == METRIC_SIZES)
		buf_printf(out, "%s_sum{%s} %llu\n", f->name, s->labels, (unsigned long long)all);
	else
		buf_printf(out, "%s_sum{%s} %llu.%06llu\n", f->name, s->labels,
			(unsigned long long)(all / 1000000), (unsigned long long)(all % 1000000));
	buf_printf(out, "%s_count{%s} %llu\n", f->name, s->labels, (unsigned long long)total);
}

static void format_process(struct buf *out)
{
	struct rusage ru;
	unsigned long size = 0, resident = 0;
	unsigned fds = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	DIR *d = opendir("/proc/self/fd");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	if (d) {
		while (readdir(d))
			fds++;
		closedir(d);
	}
	getrusage(RUSAGE_SELF, &ru);
	buf_printf(out,
		"# HELP process_resident_memory_bytes Resident memory.\n"
		"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %lu\n"
		"# HELP process_open_fds Open file descriptors.\n"
		"# TYPE process_open_fds gauge\nprocess_open_fds %u\n"
		"# HELP process_cpu_seconds_total User and system time.\n"
		"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %ld.%06ld\n",
		resident * (unsigned long)sysconf(_SC_PAGESIZE), fds > 3 ? fds - 3 : 0,
		(long)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec +
			(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000000),
		(long)((ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) % 1000000));
}

void metric_format(struct buf *out)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram", "histogram"};

	pthread_mutex_lock(&lock);
	for (const struct family *f = families; f; f = f->next) {
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
			kinds[f->kind]);
		for (const struct metric_series *s = f->first; s; s = s->next) {
			if (f->kind == METRIC_HISTOGRAM || f->kind == METRIC_SIZES) {
				format_histogram(out, f, s);
				continue;
			}
			buf_str(out, f->name);
			if (*s->labels)
				buf_printf(out, "{%s}", s->labels);
			buf_printf(out, " %lld\n", (long long)metric_value(s));
		}
	}
	pthread_mutex_unlock(&lock);
	format_process(out);
}
