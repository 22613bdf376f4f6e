/*
 * Any body to the replayed nodes: one of each kind answers it, with and without faults. What comes
 * back is always JSON, and for a body that is JSON always JSON-RPC. Input: the HTTP body.
 */
#include "base/json.h"
#include "replay/fault.h"
#include "replay/rpc.h"
#include "replay/synthetic.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

enum { NODES = 3 };

static struct node nodes[NODES];
static struct rpc *rpc;
static struct json_parser *parser;
static struct fault_set *faults;
static struct buf answer;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_nodes(void)
{
	static const char *const texts[NODES] = {"synthetic:blocks=70,logs=3,per-tx=2",
		"synthetic:kind=bttc,blocks=70,logs=2", "synthetic:blocks=70,logs=3,per-tx=2"};
	static const char *const lies[] = {"null:rate=300", "shuffle:rate=500", "missing:rate=300",
		"drop-log:rate=200", "alter-log:rate=300", "duplicate-log:rate=200",
		"forge-log:rate=200", "forge-log:method=eth_getBlockReceipts",
		"wrong-chain:rate=500", "head-back:rate=100,ms=1"};
	struct synthetic_live live;
	struct body *body;
	struct err e;

	for (int i = 0; i < NODES; i++) {
		MUST(!synthetic_make(&body, texts[i], &live, &e));
		if (i == 2)
			body->kind = REC_TRON;
		node_init(&nodes[i], body->key, body);
	}
	MUST(!fault_set_parse(&faults, lies, sizeof(lies) / sizeof(lies[0]), &e));
	rpc = rpc_new();
	parser = json_parser_new(256u << 20);
	buf_init(&answer, 256u << 20);
}

static bool is_response(struct jval v)
{
	struct jval x;

	return json_type(v) == JSON_OBJECT && json_get(v, "id", &x) && json_get(v, "jsonrpc", &x) &&
	       json_get(v, "result", &x) != json_get(v, "error", &x);
}

static void check_answer(void)
{
	struct jval root, x;
	struct jiter it;
	struct err e;

	MUST(!answer.bad);
	MUST(!json_parse(parser, answer.p, answer.n, &root, &e));
	if (json_type(root) != JSON_ARRAY)
		MUST(is_response(root));
	for (json_iter(root, &it); json_type(root) == JSON_ARRAY && json_next(&it, &x);)
		MUST(is_response(x));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_batch batch;

	if (!rpc)
		open_nodes();
	for (int i = 0; i < NODES; i++) {
		uint64_t seconds = 0;

		rpc_parse(rpc, &nodes[i], (const char *)data, size, &batch);
		rpc_answer(rpc, &nodes[i], NULL, &batch, &answer);
		check_answer();
		fault_on_request(faults, &nodes[i], &batch, &seconds);
		nodes[i].lag = fault_on_head(faults, &nodes[i], &batch, 1);
		rpc_answer(rpc, &nodes[i], faults, &batch, &answer);
		nodes[i].lag = 0;
		check_answer();
	}
	return 0;
}
