/*
 * What one core takes for each step from a node's bytes to bytes for PostgreSQL, one step at a time
 * over the same synthetic blocks, nothing else running: where the time of a backfill can go, and
 * how far from the limit it is. The answers are the replayed node's own, made in this process.
 *
 *   bench_stages [BLOCKS [LOGS [DSN]]]      default 4000 blocks of 5 logs; DSN: also COPY the rows
 * there
 */
#include "base/clock.h"
#include "base/json.h"
#include "chain/header.h"
#include "decode/decode.h"
#include "replay/body.h"
#include "replay/node.h"
#include "replay/rpc.h"
#include "replay/synthetic.h"
#include "source/parse.h"
#include "store/copy.h"
#include "stream/record.h"
#include "verify/block.h"

#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS       5
#define BATCH      100  /* headers in a request */
#define LOGS_RANGE 2000 /* blocks in a request */

struct bench {
	uint64_t blocks, logs; /* logs of a block */
	struct node node;
	struct rpc *rpc;
	struct json_parser *parser;
	struct arena *mem, *tmp;
	struct buf *answers; /* headers in batches, then logs in ranges */
	size_t answer_count, header_answers;
	struct parsed_block *headers;
	struct block *out; /* blocks with their logs, as ingest makes them */
	struct buf *records;
	struct network *net;
	struct decoder *decoder;
	struct decoded *decoded;
	struct copy copy;
	PGconn *pg;           /* NULL: no server */
	struct hash32 digest; /* of what the steps produced, so that no work is dropped */
};

static void die(const struct err *e)
{
	fprintf(stderr, "bench_stages: %s\n", e->msg);
	exit(1);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void ask(struct bench *b, const struct buf *question, struct buf *answer)
{
	struct rpc_batch batch;

	rpc_parse(b->rpc, &b->node, question->p, question->n, &batch);
	rpc_answer(b->rpc, &b->node, NULL, &batch, answer);
}

static void step_node(struct bench *b)
{
	struct buf q;
	size_t at = 0;

	buf_init(&q, 1u << 20);
	for (uint64_t n = 1; n <= b->blocks; n += BATCH) {
		buf_clear(&q);
		for (uint64_t i = n; i < n + BATCH && i <= b->blocks; i++)
			buf_printf(&q,
				"%c{\"jsonrpc\":\"2.0\",\"id\":%" PRIu64
				",\"method\":\"eth_getBlockByNumber\",\"params\":[\"0x%" PRIx64
				"\",false]}",
				i == n ? '[' : ',', i, i);
		buf_chr(&q, ']');
		ask(b, &q, &b->answers[at++]);
	}
	b->header_answers = at;
	for (uint64_t n = 1; n <= b->blocks; n += LOGS_RANGE) {
		buf_clear(&q);
		buf_printf(&q,
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getLogs\",\"params\":[{"
			"\"fromBlock\":"
			"\"0x%" PRIx64 "\",\"toBlock\":\"0x%" PRIx64 "\"}]}",
			n, n + LOGS_RANGE - 1 < b->blocks ? n + LOGS_RANGE - 1 : b->blocks);
		ask(b, &q, &b->answers[at++]);
	}
	b->answer_count = at;
	buf_free(&q);
}

static struct jval parse_answer(struct bench *b, size_t i)
{
	struct jval root;
	struct err e;

	if (json_parse(b->parser, b->answers[i].p, b->answers[i].n, &root, &e))
		die(&e);
	return root;
}

static void step_json(struct bench *b)
{
	for (size_t i = 0; i < b->answer_count; i++)
		b->digest.b[0] ^= (uint8_t)json_count(parse_answer(b, i));
}

static void read_headers(struct bench *b, struct parse *p, struct jval answer, uint64_t *n)
{
	struct jiter it;
	struct jval x, result;

	for (json_iter(answer, &it); json_next(&it, &x); (*n)++)
		if (!json_get(x, "result", &result) ||
			parse_block(p, result, false, &b->headers[*n]))
			die(p->e);
}

/* A range's logs are in block order: hand each block its run of them. */
static void read_logs(struct bench *b, struct parse *p, struct jval answer, uint64_t from)
{
	struct parse_scope scope = {from, from + LOGS_RANGE - 1, NULL};
	struct block_log *logs;
	struct jval result;
	size_t n;

	if (!json_get(answer, "result", &result) || parse_logs(p, result, &scope, &logs, &n))
		die(p->e);
	for (size_t i = 0; i < n;) {
		struct block *to = &b->out[logs[i].block.number - 1];
		size_t start = i;

		while (i < n && logs[i].block.number == to->h.number)
			i++;
		to->logs = arena_alloc(b->mem, (i - start) * sizeof(*to->logs));
		to->log_count = i - start;
		for (size_t k = start; k < i; k++)
			to->logs[k - start] = logs[k].log;
	}
}

static void step_structs(struct bench *b)
{
	struct err e;
	struct parse p = {dialect_of(CHAIN_ETHEREUM), b->mem, &e};
	uint64_t n = 0;

	arena_reset(b->mem);
	for (size_t i = 0; i < b->header_answers; i++)
		read_headers(b, &p, parse_answer(b, i), &n);
	for (uint64_t i = 0; i < b->blocks; i++)
		b->out[i] = (struct block){.h = b->headers[i].h};
	for (size_t i = b->header_answers; i < b->answer_count; i++)
		read_logs(b, &p, parse_answer(b, i), 1 + (i - b->header_answers) * LOGS_RANGE);
}

static void step_verify(struct bench *b)
{
	struct err e;

	for (uint64_t i = 0; i < b->blocks; i++) {
		struct block *k = &b->out[i];
		struct header_check check;
		struct block_id parent = {k->h.number - 1, k->h.parent};

		if (i)
			parent.hash = b->out[i - 1].h.hash;
		if (verify_header(HEADER_ETHEREUM, i + 1, &k->h, &check, &e) ||
			verify_link(HEADER_ETHEREUM, &parent, i ? b->out[i - 1].h.time : 0, &k->h,
				&e) ||
			verify_logs(HEADER_ETHEREUM, &k->h, k->logs, k->log_count, &e))
			die(&e);
		k->level = LEVEL_BLOOM;
	}
}

static void step_encode(struct bench *b)
{
	static const uint8_t stream[16] = {1};
	struct err e;

	for (uint64_t i = 0; i < b->blocks; i++) {
		struct step s = {.kind = STEP_NEW,
			.seq = i + 1,
			.id = {i + 1, b->out[i].h.hash},
			.parent = b->out[i].h.parent,
			.block = &b->out[i]};

		buf_clear(&b->records[i]);
		if (record_encode(&b->records[i], &s, b->node.body->chain_id, stream, &e))
			die(&e);
	}
}

static void step_decode(struct bench *b)
{
	uint8_t stream[16];
	struct step s;
	struct err e;

	for (uint64_t i = 0; i < b->blocks; i++) {
		struct bytes raw = {(const uint8_t *)b->records[i].p, b->records[i].n};

		if (i % 100 == 0)
			arena_reset(b->tmp);
		if (record_decode(&s, raw, b->node.body->chain_id, stream, b->tmp, &e))
			die(&e);
		b->digest.b[1] ^= (uint8_t)s.seq;
	}
}

static void step_events(struct bench *b)
{
	for (uint64_t i = 0; i < b->blocks; i++) {
		if (i % 1000 == 0)
			arena_reset(b->tmp);
		decode_block(b->decoder, &b->out[i], b->tmp, &b->decoded[i]);
		if (b->decoded[i].event_count != b->out[i].log_count) {
			fputs("bench_stages: an event was not recognised\n", stderr);
			exit(1);
		}
	}
}

/* The columns of chain.log. */
static void copy_log(struct copy *c, const struct block *k, const struct event_row *r)
{
	const struct log *l = r->log;

	copy_row(c);
	copy_i64(c, 424242);
	copy_i64(c, (int64_t)k->h.number);
	copy_i32(c, (int32_t)l->log_index);
	copy_i32(c, (int32_t)l->tx_index);
	copy_bool(c, l->state_sync);
	copy_bytes(c, l->tx_hash.b, 32);
	copy_bytes(c, l->address.b, 20);
	copy_text(c, r->contract->name);
	copy_text(c, r->event->name);
	copy_i64(c, (int64_t)r->validator_id);
	copy_bytes(c, l->topics[0].b, l->topic_count * 32u);
	copy_bytes(c, l->data.p, l->data.n);
}

static void step_copy(struct bench *b)
{
	arena_reset(b->tmp);
	copy_clear(&b->copy);
	for (uint64_t i = 0; i < b->blocks; i++)
		for (size_t k = 0; k < b->out[i].log_count; k++) {
			struct event_row r = {.log = &b->out[i].logs[k],
				.contract = &b->net->chains[0].contracts[0],
				.event = b->net->chains[0].contracts[0].events[0],
				.validator_id = 3};

			copy_log(&b->copy, &b->out[i], &r);
		}
}

static void sql(PGconn *pg, const char *text, ExecStatusType want)
{
	PGresult *r = PQexec(pg, text);

	if (PQresultStatus(r) != want) {
		fprintf(stderr, "bench_stages: %s: %s", text, PQerrorMessage(pg));
		exit(1);
	}
	PQclear(r);
}

/* The encoded rows into an empty table with a key, durable at the end. */
static void step_server(struct bench *b)
{
	PGresult *r;

	sql(b->pg, "TRUNCATE bench_log", PGRES_COMMAND_OK);
	sql(b->pg, "COPY bench_log FROM STDIN (FORMAT binary)", PGRES_COPY_IN);
	if (PQputCopyData(b->pg, b->copy.b.p, (int)b->copy.b.n) != 1 ||
		PQputCopyEnd(b->pg, NULL) != 1)
		exit(1);
	while ((r = PQgetResult(b->pg))) {
		if (PQresultStatus(r) != PGRES_COMMAND_OK) {
			fprintf(stderr, "bench_stages: %s", PQerrorMessage(b->pg));
			exit(1);
		}
		PQclear(r);
	}
}

static void open_server(struct bench *b, const char *dsn)
{
	b->pg = PQconnectdb(dsn);
	if (PQstatus(b->pg) != CONNECTION_OK) {
		fprintf(stderr, "bench_stages: %s", PQerrorMessage(b->pg));
		exit(1);
	}
	sql(b->pg,
		"CREATE TABLE bench_log (chain_id bigint, block bigint, log_index int, tx_index "
		"int, "
		"state_sync boolean, tx_hash bytea, address bytea, contract text, event text, "
		"validator_id bigint, topics bytea, data bytea, PRIMARY KEY (chain_id, block, "
		"log_index))",
		PGRES_COMMAND_OK);
}

/* ---- measuring -------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t measure(
	struct bench *b, const char *name, void (*step)(struct bench *b), size_t bytes)
{
	uint64_t us[RUNS], events = b->blocks * b->logs;

	step(b);
	for (int i = 0; i < RUNS; i++) {
		uint64_t start = clock_us();

		step(b);
		us[i] = clock_us() - start;
	}
	qsort(us, RUNS, sizeof(us[0]), by_value);
	printf("  %-34s %7" PRIu64 " ns/event  %9" PRIu64 " events/s", name,
		us[RUNS / 2] * 1000 / events, events * 1000000 / us[RUNS / 2]);
	if (bytes)
		printf("  %6.0f MB/s", (double)bytes / (double)us[RUNS / 2]);
	printf("  (%" PRIu64 "-%" PRIu64 ")\n", us[0] * 1000 / events,
		us[RUNS - 1] * 1000 / events);
	return us[RUNS / 2];
}

static struct network *load_network(const char *text)
{
	char path[] = "/tmp/bttc-bench.XXXXXX.json";
	struct network *net;
	struct err e;
	int fd = mkstemps(path, 5);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		perror(path);
		exit(1);
	}
	if (synthetic_network(f, text, &e))
		die(&e);
	fclose(f);
	if (network_load(&net, path, &e))
		die(&e);
	unlink(path);
	return net;
}

static void open_bench(struct bench *b, const char *text)
{
	struct synthetic_live live;
	struct body *body;
	struct err e;

	if (synthetic_make(&body, text, &live, &e))
		die(&e);
	node_init(&b->node, body->key, body);
	b->rpc = rpc_new();
	b->parser = json_parser_new(1u << 30);
	b->mem = arena_new(SIZE_MAX / 2);
	b->tmp = arena_new(SIZE_MAX / 2);
	b->answers = calloc(b->blocks / BATCH + b->blocks / LOGS_RANGE + 2, sizeof(*b->answers));
	for (size_t i = 0; i < b->blocks / BATCH + b->blocks / LOGS_RANGE + 2; i++)
		buf_init(&b->answers[i], 1u << 30);
	b->headers = calloc(b->blocks + 1, sizeof(*b->headers));
	b->out = calloc(b->blocks + 1, sizeof(*b->out));
	b->decoded = calloc(b->blocks + 1, sizeof(*b->decoded));
	b->records = calloc(b->blocks + 1, sizeof(*b->records));
	for (uint64_t i = 0; i <= b->blocks; i++)
		buf_init(&b->records[i], 1u << 24);
	b->net = load_network(text);
	b->decoder = decoder_new(&b->net->chains[0]);
	copy_init(&b->copy, 12);
}

static void close_bench(struct bench *b)
{
	for (size_t i = 0; i < b->blocks / BATCH + b->blocks / LOGS_RANGE + 2; i++)
		buf_free(&b->answers[i]);
	for (uint64_t i = 0; i <= b->blocks; i++)
		buf_free(&b->records[i]);
	free(b->answers);
	free(b->headers);
	free(b->out);
	free(b->decoded);
	free(b->records);
	copy_free(&b->copy);
	decoder_free(b->decoder);
	network_free(b->net);
	arena_free(b->mem);
	arena_free(b->tmp);
	json_parser_free(b->parser);
	rpc_free(b->rpc);
	node_free(&b->node);
}

int main(int argc, char **argv)
{
	struct bench b = {.blocks = argc > 1 ? strtoull(argv[1], NULL, 10) : 4000,
		.logs = argc > 2 ? strtoull(argv[2], NULL, 10) : 5};
	uint64_t all = 0, made;
	size_t bytes = 0;
	char text[100];

	if (!b.blocks || !b.logs) {
		fputs("usage: bench_stages [BLOCKS [LOGS]]\n", stderr);
		return 2;
	}
	snprintf(
		text, sizeof(text), "synthetic:blocks=%" PRIu64 ",logs=%" PRIu64, b.blocks, b.logs);
	open_bench(&b, text);
	step_node(&b);
	for (size_t i = 0; i < b.answer_count; i++)
		bytes += b.answers[i].n;
	printf("stages, one core, %" PRIu64 " blocks of %" PRIu64
	       " logs, %zu bytes an event, medians of %d\n",
		b.blocks, b.logs, bytes / (b.blocks * b.logs), RUNS);
	made = measure(&b, "(node: make the answers)", step_node, bytes);
	measure(&b, "JSON parse alone", step_json, bytes);
	all += measure(&b, "JSON parse and read into structs", step_structs, bytes);
	all += measure(&b, "verify header, link, logs, bloom", step_verify, 0);
	all += measure(&b, "record encode", step_encode, 0);
	all += measure(&b, "record decode", step_decode, 0);
	all += measure(&b, "decode events", step_events, 0);
	all += measure(&b, "COPY encode of log rows", step_copy, 0);
	if (argc > 3) {
		open_server(&b, argv[3]);
		copy_end(&b.copy);
		measure(&b, "(COPY to PostgreSQL, key only)", step_server, b.copy.b.n);
		sql(b.pg, "DROP TABLE bench_log", PGRES_COMMAND_OK);
		PQfinish(b.pg);
	}
	printf("  %-34s %7" PRIu64 " ns/event  %9" PRIu64 " events/s  (node: %" PRIu64 " %%)\n",
		"all of ours, one after the other", all * 1000 / (b.blocks * b.logs),
		b.blocks * b.logs * 1000000 / all, made * 100 / all);
	close_bench(&b);
	return 0;
}
