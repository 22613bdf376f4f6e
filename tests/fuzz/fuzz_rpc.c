/*
 * Answers of nodes from bytes to structs. Must never read outside the input, never leave an error
 * without a text, and never accept what contradicts its scope.
 */
#include "base/arena.h"
#include "source/error_class.h"
#include "source/parse.h"
#include "source/reply.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_err(enum err_kind k, const struct err *e)
{
	must(k == ERR_NONE || ((k == ERR_REJECT || k == ERR_AGAIN) && e->kind == k && e->msg[0]));
}

static void parse_value(enum chain_kind kind, struct jval v, struct arena *mem)
{
	const struct parse_scope scope = {5, 500, NULL};
	struct err e = {0};
	struct parse p = {.dialect = dialect_of(kind), .mem = mem, .e = &e};
	struct parsed_block b;
	struct block_log *logs;
	struct receipt *receipts;
	struct block_id id;
	uint64_t u;
	size_t n;
	enum err_kind k;

	for (int full = 0; full < 2; full++) {
		k = parse_block(&p, v, full, &b);
		check_err(k, &e);
		if (!k && full)
			for (size_t i = 0; i < b.tx_count; i++)
				must(b.txs[i].index == i);
	}
	k = parse_logs(&p, v, &scope, &logs, &n);
	check_err(k, &e);
	for (size_t i = 0; !k && i < n; i++)
		must(logs[i].block.number >= 5 && logs[i].block.number <= 500 &&
			logs[i].log.topic_count <= LOG_TOPICS_MAX);
	k = parse_receipts(&p, v, &scope, &receipts, &n, &id);
	check_err(k, &e);
	for (size_t i = 0; !k && i < n; i++)
		must(receipts[i].status <= 1);
	check_err(parse_u64(&p, v, &u), &e);
}

static void read_one(struct jval v, struct arena *mem)
{
	struct reply r = reply_read(v);
	struct buf text;
	int64_t code;

	if (r.has_error) {
		buf_init(&text, 64 * 1024);
		reply_error(&text, r.error, &code);
		must(!text.bad && text.p && text.n < 4096);
		const struct rpc_failure f = {.http = 200,
			.code = code,
			.text = text.p,
			.text_len = text.n,
			.json_rpc = true};
		const enum rpc_class c = rpc_classify(&f);

		must(c < RPC_CLASS_COUNT);
		must(rpc_range_hint(c, text.p, text.n, 1000) < 1000);
		buf_free(&text);
	}
	if (r.has_result)
		for (int kind = CHAIN_ETHEREUM; kind <= CHAIN_BTTC; kind++)
			parse_value(kind, r.result, mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_parser *json;
	struct arena *mem = arena_new(1 << 24);
	struct jval root, v;
	struct jiter it;
	char *text = malloc(size + 1);
	const struct rpc_failure f = {
		.http = 502, .text = text, .text_len = size, .whole_batch = true};

	if (!text)
		abort();
	if (!json)
		json = json_parser_new(1 << 20);
	memcpy(text, data, size);
	must(rpc_classify(&f) < RPC_CLASS_COUNT);
	if (!json_parse(json, text, size, &root, NULL)) {
		if (json_type(root) == JSON_ARRAY)
			for (json_iter(root, &it); json_next(&it, &v);)
				read_one(v, mem);
		else
			read_one(root, mem);
	}
	free(text);
	arena_free(mem);
	return 0;
}
