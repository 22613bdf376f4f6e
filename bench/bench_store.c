/*
 * How fast rows get durable: bench_store DSN [BLOCKS] [LOGS A BLOCK]
 *
 * Synthetic blocks of a contract with token transfers (four fifths with a validator id), written
 * the way index does it, into a database made for this run. Phases, each on a fresh database:
 *   encode     rows to COPY BINARY in memory only
 *   copy       the same bytes by COPY into the partition, no position (what PostgreSQL can take)
 *   bulk       writer_apply without secondary indexes, then writer_finish_bulk
 *   indexed    writer_apply with all indexes in place
 *   live       one block a transaction
 */
#include "base/clock.h"
#include "store/store.h"
#include "store/writer_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct chain_conf chain = {.key = "bench",
	.chain_id = 1,
	.kind = CHAIN_ETHEREUM,
	.role = ROLE_STAKING,
	.fork_window = 256};
static struct network net = {
	.name = "bench", .revision = "0000000000000000", .chains = &chain, .chain_count = 1};
static struct contract contract = {.name = "StakingInfo", .fixed = true};
static struct abi_event event = {.name = "ShareMinted"};

struct batch {
	struct step *steps;
	struct write_step *ws;
	size_t n;
};

static void die(const struct err *e)
{
	fprintf(stderr, "bench_store: %s\n", e->msg);
	exit(1);
}

static void fill(void *p, size_t n, uint64_t seed)
{
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		b[i] = (uint8_t)(seed >> 56);
	}
}

static void make_logs(struct block *b, struct decoded *d, size_t n, struct arena *mem)
{
	b->logs = arena_calloc(mem, n, sizeof(*b->logs));
	d->events = arena_calloc(mem, n, sizeof(*d->events));
	b->log_count = d->event_count = n;
	for (size_t i = 0; i < n; i++) {
		struct log *l = &b->logs[i];
		uint8_t *data = arena_calloc(mem, 1, 64);

		fill(data + 20, 12, b->h.number + i);
		fill(l->tx_hash.b, 32, b->h.number * 31 + i / 2);
		memset(l->address.b, 7, 20);
		fill(l->topics, sizeof(l->topics), b->h.number * 8 + i);
		l->topic_count = 4;
		l->log_index = (uint32_t)i;
		l->data = (struct bytes){data, 64};
		d->events[i] = (struct event_row){.log = l,
			.contract = &contract,
			.event = &event,
			.has_validator = i % 5 != 0,
			.validator_id = 1 + (b->h.number + i) % 40};
	}
}

static struct batch make(uint64_t from, size_t blocks, size_t logs, struct arena *mem)
{
	struct batch out = {.n = blocks};

	out.steps = arena_calloc(mem, blocks, sizeof(*out.steps));
	out.ws = arena_calloc(mem, blocks, sizeof(*out.ws));
	for (size_t i = 0; i < blocks; i++) {
		struct block *b = arena_calloc(mem, 1, sizeof(*b));
		struct decoded *d = arena_calloc(mem, 1, sizeof(*d));
		struct step *s = &out.steps[i];

		b->h.number = from + i;
		fill(b->h.hash.b, 32, from + i);
		if (from + i)
			fill(b->h.parent.b, 32, from + i - 1);
		fill(b->h.tx_root.b, 64, from + i + 7);
		b->h.time = 1700000000 + 3 * (from + i);
		b->h.gas_used = 21000;
		b->level = LEVEL_BLOOM;
		b->has_author = true;
		make_logs(b, d, logs, mem);
		*s = (struct step){.kind = STEP_NEW,
			.seq = from + i + 1,
			.id = {from + i, b->h.hash},
			.parent = b->h.parent,
			.block = b};
		out.ws[i] = (struct write_step){.step = s, .decoded = d};
	}
	return out;
}

static void fresh(const char *dsn, const char *name, char *out, size_t n)
{
	struct err e;
	struct pg *pg;
	char sql[200];

	if (pg_open(&pg, dsn, "bench_store", &e))
		die(&e);
	snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %s", name);
	if (pg_exec(pg, sql, &e))
		die(&e);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
	if (out && pg_exec(pg, sql, &e))
		die(&e);
	pg_close(pg);
	if (!out)
		return;
	snprintf(out, n, "%s dbname=%s", dsn, name);
	if (migrate_up(out, NULL, &e) || store_register(out, &net, &e))
		die(&e);
}

/* Wall time and, because the machine may be shared, CPU time of the server's backend. */
static void report(const char *what, uint64_t rows, uint64_t us, uint64_t cpu_us)
{
	printf("%-30s %8.3f s %9.0f rows/s   backend CPU %6.3f s, %6.3f us/row\n", what,
		(double)us / 1e6, (double)rows * 1e6 / (double)us, (double)cpu_us / 1e6,
		(double)cpu_us / (double)rows);
	fflush(stdout);
}

/* CPU time of the backend so far; 0 when it is on another machine. */
static uint64_t backend_cpu_us(struct pg *pg)
{
	unsigned long long user = 0, system = 0;
	char path[64];
	struct err e;
	FILE *f;

	if (pg_query(pg, "SELECT pg_backend_pid()", NULL, &e))
		die(&e);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pg_i64(pg, 0, 0));
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		    &system) != 2)
		user = system = 0;
	fclose(f);
	return (user + system) * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t write_all(struct writer *w, uint64_t blocks, size_t logs, uint64_t *us)
{
	struct arena *mem = arena_new((size_t)1 << 30);
	size_t per = 4u * 1024 * 1024 / (320 + logs * 330) + 1;
	uint64_t rows = 0;
	struct err e;

	*us = 0;
	for (uint64_t at = 0; at < blocks; at += per) {
		size_t n = blocks - at < per ? (size_t)(blocks - at) : per;
		struct batch b = make(at, n, logs, mem);
		struct write_batch wb = {.steps = b.ws, .n = n, .next_offset = (int64_t)(at + n)};
		uint64_t start = clock_us();

		if (writer_apply(w, &wb, &e))
			die(&e);
		*us += clock_us() - start;
		rows += n * logs;
		arena_reset(mem);
	}
	arena_free(mem);
	return rows;
}

static void bench_writer(const char *dsn, uint64_t blocks, size_t logs, bool bulk)
{
	struct writer_conf conf = {.bulk = bulk};
	uint64_t us, start, rows, cpu, built;
	struct writer *w;
	char url[1200];
	struct err e;

	fresh(dsn, "bench_store", url, sizeof(url));
	if (writer_open(&w, url, &chain, &conf, &e))
		die(&e);
	cpu = backend_cpu_us(w->pg);
	rows = write_all(w, blocks, logs, &us);
	built = backend_cpu_us(w->pg);
	report(bulk ? "bulk: rows durable" : "indexed: rows durable", rows, us, built - cpu);
	start = clock_us();
	if (bulk && writer_finish_bulk(w, &e))
		die(&e);
	if (bulk) {
		uint64_t end = clock_us(), last = backend_cpu_us(w->pg);

		report("bulk: building indexes", rows, end - start, last - built);
		report("bulk: together", rows, us + end - start, last - cpu);
	}
	writer_close(w);
}

static void bench_copy(const char *dsn, uint64_t blocks, size_t logs)
{
	struct arena *mem = arena_new((size_t)1 << 30);
	uint64_t encode = 0, send = 0, bytes = 0, rows = 0, stored, start, cpu;
	struct writer w = {.chain = &chain, .chain_id = 1};
	char url[1200];
	struct err e;

	fresh(dsn, "bench_store", url, sizeof(url));
	if (pg_open(&w.pg, url, "bench_store", &e) ||
		pg_exec(w.pg, "SELECT chain.drop_log_indexes(1)", &e))
		die(&e);
	cpu = backend_cpu_us(w.pg);
	copy_init(&w.rows[T_BLOCK], 15);
	copy_init(&w.rows[T_LOG], 12);
	for (uint64_t at = 0; at < blocks; at += 2000) {
		struct batch b = make(at, 2000, logs, mem);

		start = clock_us();
		for (size_t i = 0; i < b.n; i++) {
			w.rows[T_LOG].b.max = w.rows[T_BLOCK].b.max = COPY_ROW_MAX;
			if (rows_add(&w, &b.ws[i], &e))
				die(&e);
		}
		encode += clock_us() - start;
		rows += b.n * logs;
		for (int t = T_BLOCK; t <= T_LOG; t++) {
			struct copy *c = &w.rows[t];

			if (!copy_end(c))
				exit(1);
			bytes += c->b.n;
			start = clock_us();
			if (pg_copy(w.pg,
				    t == T_LOG ? "COPY chain.log_1 FROM STDIN BINARY"
					       : "COPY chain.block_1 FROM STDIN BINARY",
				    &c->b, &stored, &e))
				die(&e);
			send += clock_us() - start;
			copy_clear(c);
		}
		arena_reset(mem);
	}
	report("encode: rows to COPY BINARY", rows, encode, 0);
	report("copy: client COPY, key only", rows, send, backend_cpu_us(w.pg) - cpu);
	printf("%-30s %8.1f bytes a log, blocks included\n", "copy: size",
		(double)bytes / (double)rows);
	arena_free(mem);
	pg_close(w.pg);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One block a transaction, as at the head of the chain. */
static void bench_live(const char *dsn, size_t logs)
{
	struct writer_conf conf = {0};
	uint64_t us[1000], cpu;
	struct arena *mem = arena_new(64 << 20);
	struct writer *w;
	char url[1200];
	struct err e;

	fresh(dsn, "bench_store", url, sizeof(url));
	if (writer_open(&w, url, &chain, &conf, &e))
		die(&e);
	cpu = backend_cpu_us(w->pg);
	for (uint64_t at = 0; at < 1000; at++) {
		struct batch b = make(at, 1, logs, mem);
		struct write_batch wb = {.steps = b.ws, .n = 1, .next_offset = (int64_t)(at + 1)};
		uint64_t start = clock_us();

		if (writer_apply(w, &wb, &e))
			die(&e);
		us[at] = clock_us() - start;
		arena_reset(mem);
	}
	qsort(us, 1000, sizeof(*us), by_value);
	printf("%-30s p50 %.2f ms, p95 %.2f ms, p99 %.2f ms; backend CPU %.2f ms a block\n",
		"live: one block durable", (double)us[500] / 1e3, (double)us[950] / 1e3,
		(double)us[990] / 1e3, (double)(backend_cpu_us(w->pg) - cpu) / 1e6);
	writer_close(w);
	arena_free(mem);
}

int main(int argc, char **argv)
{
	uint64_t blocks = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
	size_t logs = argc > 3 ? strtoull(argv[3], NULL, 10) : 5;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_store DSN [BLOCKS] [LOGS A BLOCK]\n");
		return 2;
	}
	printf("%llu blocks, %zu logs each\n", (unsigned long long)blocks, logs);
	bench_copy(argv[1], blocks / 2000 * 2000, logs);
	bench_writer(argv[1], blocks, logs, true);
	bench_writer(argv[1], blocks, logs, false);
	bench_live(argv[1], logs);
	fresh(argv[1], "bench_store", NULL, 0);
	return 0;
}
