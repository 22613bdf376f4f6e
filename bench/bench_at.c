/*
 * A database as large as years of a staking chain make it, and what one checkpoint more costs:
 *
 *   bench_at make NETWORK DSN CHECKPOINTS   into a migrated database without blocks
 *   bench_at add NETWORK DSN COUNT          checkpoints one by one, each in transactions of its own
 *   bench_at names NETWORK                  the keys that are in it
 *
 * Blocks are made (at_chain.h), written by the store's writer as `index` does it, and folded and
 * stored by the books. `make` takes only the signers of checkpoints from the maker; `add` reads the
 * blocks back and recovers the signatures, as the indexer does at the head of a chain.
 */
#include "at_chain.h"

#include "base/clock.h"
#include "books/body.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK    4000 /* blocks of a transaction */
#define MEM_CAP  ((size_t)1 << 30)
#define ADDS_MAX 100000

struct bench {
	struct network *net;
	struct books_conf conf;
	struct at_chain *chain;
	struct session s;
	struct writer *w;
	struct decoder *decoder; /* the writer's */
	struct arena *mem;
	uint64_t seq;
};

static void die(const struct err *e)
{
	fprintf(stderr, "bench_at: %s\n", e->msg);
	exit(1);
}

static void must(enum err_kind k, const struct err *e)
{
	if (k)
		die(e);
}

static void usage(void)
{
	fprintf(stderr, "usage: bench_at make|add NETWORK DSN COUNT\n       bench_at names NETWORK\n");
	exit(2);
}

/* ---- both ends of the database ------------------------------------------------------------- */

static void begin(struct bench *b, const char *network, const char *dsn)
{
	struct err e;

	must(network_load(&b->net, network, &e), &e);
	b->conf = (struct books_conf){.chain = network_staking(b->net),
		.database = dsn,
		.initial_state = b->net->initial_state,
		.revision = b->net->revision};
	if (!b->conf.chain) {
		fprintf(stderr, "bench_at: the network has no staking chain\n");
		exit(1);
	}
	b->chain = at_chain_new(b->conf.chain);
}

static void open_all(struct bench *b, bool bulk)
{
	struct writer_conf conf = {.bulk = bulk};
	struct writer_past past;
	struct err e;

	b->mem = arena_new(MEM_CAP);
	must(store_register(b->conf.database, b->net, &e), &e);
	must(writer_open(&b->w, b->conf.database, b->conf.chain, &conf, &e), &e);
	must(writer_past(b->w, 1, b->mem, &past, &e), &e);
	b->seq = past.tail.seq;
	b->decoder = decoder_new(b->conf.chain);
	for (size_t i = 0; i < past.found_count; i++)
		decoder_found(b->decoder, &past.found[i]);
	if (past.tail.has_id)
		at_chain_resume(b->chain, &past.tail.id);
	b->s = (struct session){.conf = &b->conf, .chain_id = (int64_t)b->conf.chain->chain_id};
	b->s.mem = arena_new(MEM_CAP);
	rows_init(&b->s);
	must(books_open(&b->s, "bench_at", &e), &e);
	arena_reset(b->mem);
}

static void close_all(struct bench *b)
{
	rows_free(&b->s);
	pg_close(b->s.pg);
	ledger_free(b->s.ledger);
	decoder_free(b->s.decoder);
	arena_free(b->s.mem);
	writer_close(b->w);
	decoder_free(b->decoder);
	arena_free(b->mem);
	at_chain_free(b->chain);
	network_free(b->net);
}

/* Bring the ledger to the head; the first call makes its initial rows. */
static void catch_up(struct bench *b)
{
	bool any = true;
	struct err e;

	while (any)
		must(books_step(&b->s, &any, &e), &e);
}

/* ---- make ---------------------------------------------------------------------------------- */

static struct write_step store_step(struct bench *b, struct block *block)
{
	struct step *s = arena_calloc(b->mem, 1, sizeof(*s));

	*s = (struct step){.kind = STEP_NEW,
		.seq = ++b->seq,
		.id = {block->h.number, block->h.hash},
		.parent = block->h.parent,
		.block = block};
	return (struct write_step){.step = s};
}

static struct write_step heights_step(struct bench *b, const struct block *newest)
{
	const struct chain_conf *c = b->conf.chain;
	struct step *s = arena_calloc(b->mem, 1, sizeof(*s));

	*s = (struct step){.kind = STEP_HEIGHTS,
		.head = newest->h.number,
		.safe = newest->h.number - c->safe_depth,
		.final = newest->h.number - c->final_depth,
		.has_safe = true,
		.has_final = newest->h.number >= c->first_block + c->final_depth,
		.head_time = (int64_t)newest->h.time};
	return (struct write_step){.step = s};
}

static void write_steps(struct bench *b, const struct write_step *steps, size_t n)
{
	struct write_batch batch = {
		.steps = steps, .n = n, .next_offset = (int64_t)b->seq, .stream_id = "bench/at"};
	struct err e;

	must(writer_apply(b->w, &batch, &e), &e);
}

/* Both transactions over the same blocks; the ledger's is written while they are made. */
static void make_chunk(struct bench *b, size_t blocks)
{
	struct write_step *steps = arena_calloc(b->mem, blocks + 1, sizeof(*steps));
	struct block *made = arena_calloc(b->mem, blocks, sizeof(*made));
	struct decoded *d = arena_calloc(b->mem, blocks, sizeof(*d));
	struct err e;

	must(pg_exec(b->s.pg, "BEGIN", &e), &e);
	must(load_match(&b->s, &e), &e);
	for (size_t i = 0; i < blocks; i++) {
		struct ledger_votes votes;

		at_chain_next(b->chain, b->s.ledger, b->mem, &made[i]);
		decode_block(b->decoder, &made[i], b->mem, &d[i]);
		at_chain_votes(b->chain, &d[i], b->mem, &votes);
		must(books_fold_block(&b->s, &made[i], &votes, &e), &e);
		steps[i] = store_step(b, &made[i]);
		steps[i].decoded = &d[i];
		if (b->s.findings) {
			fprintf(stderr, "bench_at: block %" PRIu64 " disagrees with the ledger\n",
				made[i].h.number);
			exit(1);
		}
	}
	steps[blocks] = heights_step(b, &made[blocks - 1]);
	must(rows_flush(&b->s, &e), &e);
	write_steps(b, steps, blocks + 1);
	must(books_advance(&b->s, (int64_t)made[blocks - 1].h.number, &e), &e);
	must(pg_exec(b->s.pg, "COMMIT", &e), &e);
	b->s.block = (int64_t)made[blocks - 1].h.number;
	arena_reset(b->s.mem);
	arena_reset(b->mem);
}

static void make(struct bench *b, uint64_t checkpoints)
{
	uint64_t blocks, start = clock_us();
	struct err e;

	open_all(b, true);
	if (b->seq) {
		fprintf(stderr, "bench_at: make: the database has blocks already\n");
		exit(1);
	}
	catch_up(b);
	blocks = at_chain_start(b->chain) + checkpoints * AT_ROUND;
	for (uint64_t at = 0; at < blocks; at += CHUNK)
		make_chunk(b, blocks - at < CHUNK ? (size_t)(blocks - at) : CHUNK);
	must(writer_finish_bulk(b->w, &e), &e);
	printf("blocks %" PRIu64 " %" PRIu64 "\n", b->conf.chain->first_block,
		b->conf.chain->first_block + blocks - 1);
	printf("rounds_from %" PRIu64 "\n", b->conf.chain->first_block + at_chain_start(b->chain));
	printf("seconds %.1f\n", (double)(clock_us() - start) / 1e6);
}

/* ---- add ----------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void show(const char *what, uint64_t *us, size_t n)
{
	qsort(us, n, sizeof(*us), by_value);
	printf("%s %.3f %.3f %.3f %.3f\n", what, (double)us[n / 2] / 1e3, (double)us[n * 95 / 100] / 1e3,
		(double)us[n * 99 / 100] / 1e3, (double)us[n - 1] / 1e3);
}

/* One block; true: it has a checkpoint. */
static bool add_block(struct bench *b, uint64_t *write_us, uint64_t *fold_us)
{
	struct block block;
	struct decoded d;
	struct write_step step[2];
	uint64_t start;
	bool any;
	struct err e;

	at_chain_next(b->chain, b->s.ledger, b->mem, &block);
	decode_block(b->decoder, &block, b->mem, &d);
	step[0] = store_step(b, &block);
	step[0].decoded = &d;
	step[1] = heights_step(b, &block);
	start = clock_us();
	write_steps(b, step, 2);
	*write_us = clock_us() - start;
	start = clock_us();
	must(books_step(&b->s, &any, &e), &e);
	*fold_us = clock_us() - start;
	arena_reset(b->mem);
	return d.checkpoint_count > 0;
}

static void add_many(struct bench *b, size_t count, const char *how)
{
	uint64_t *write_us = calloc(count, sizeof(*write_us)), *fold_us = calloc(count, sizeof(*fold_us));
	char name[64];

	if (!write_us || !fold_us)
		abort();
	for (size_t n = 0; n < count;)
		n += add_block(b, &write_us[n], &fold_us[n]);
	if (b->s.findings)
		printf("findings %" PRIu64 "\n", b->s.findings);
	snprintf(name, sizeof(name), "write_%s", how);
	show(name, write_us, count);
	snprintf(name, sizeof(name), "ledger_%s", how);
	show(name, fold_us, count);
	free(write_us);
	free(fold_us);
}

static void add(struct bench *b, size_t count)
{
	uint64_t start = clock_us();
	struct err e;

	open_all(b, false);
	catch_up(b);
	printf("load_seconds %.2f\n", (double)(clock_us() - start) / 1e6);
	add_many(b, count, "durable");
	must(pg_exec(b->s.pg, "SET synchronous_commit = off", &e), &e);
	add_many(b, count, "unflushed");
}

/* ---- names --------------------------------------------------------------------------------- */

static void print_address(const char *kind, struct address a)
{
	printf("%s 0x", kind);
	for (unsigned i = 0; i < sizeof(a.b); i++)
		printf("%02x", a.b[i]);
	printf("\n");
}

static void names(const struct bench *b)
{
	const struct chain_conf *c = b->conf.chain;

	for (unsigned i = 1; i <= AT_VALIDATORS; i++)
		printf("validator %u\n", i);
	for (size_t i = 0; i < c->contract_count; i++)
		if (c->contracts[i].fixed && c->contracts[i].mapping)
			print_address("partnership", c->contracts[i].address);
	for (unsigned i = 0; i < AT_PARTNERS; i++)
		print_address("partner", at_account(AT_PARTNER, i));
	for (unsigned i = 0; i < AT_DELEGATORS; i++)
		print_address("delegator", at_account(AT_DELEGATOR, i));
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	uint64_t count = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;

	if (argc == 3 && !strcmp(argv[1], "names")) {
		begin(&b, argv[2], NULL);
		names(&b);
		return 0;
	}
	if (argc != 5 || !count || count > 10000000)
		usage();
	begin(&b, argv[2], argv[3]);
	if (!strcmp(argv[1], "make"))
		make(&b, count);
	else if (!strcmp(argv[1], "add") && count <= ADDS_MAX)
		add(&b, (size_t)count);
	else
		usage();
	close_all(&b);
	return 0;
}
