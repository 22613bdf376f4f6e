/* What nodes and providers really say, and what it means. */
#include "lib/check.h"

#include "source/error_class.h"

static const struct {
	enum rpc_class want;
	int http;
	int64_t code;
	const char *text;
	bool batch; /* answers a whole batch */
	uint64_t asked, hint;
} said[] = {
	/* ranges */
	{RPC_RANGE, 200, -32602, "exceed max block range: 5000", false, 6000, 5000},
	{RPC_RANGE, 200, -32000, "exceed maximum block range: 5000", false, 5001, 5000},
	{RPC_RANGE, 413, -32614, "eth_getLogs is limited to a 10,000 range", false, 20000, 10000},
	{RPC_RANGE, 200, -32602,
		"eth_getLogs is limited to 1024 block range. Please check the parameter "
		"requirements at "
		"https://docs.blockpi.io/documentations/api-reference",
		false, 5000, 1024},
	{RPC_RANGE, 200, -32603, "eth_getLogs range is too large, max is 1k blocks", false, 5000,
		1000},
	{RPC_RANGE, 200, 35, "ranges over 10000 blocks are not supported on freetier", false, 20000,
		10000},
	{RPC_RANGE, 200, -32602, "range 1000000 exceeds limit of 10000", false, 1000000, 10000},
	{RPC_RANGE, 200, -32000, "maximum [from, to] blocks distance: 10000", false, 10241, 10000},
	{RPC_RANGE, 200, -32600, "block range too high", false, 5000, 0},
	{RPC_RANGE, 200, -32000,
		"block range is larger than max block range, block range = 5120, max block range = "
		"5000",
		false, 5120, 5000},
	{RPC_RANGE, 200, -32602, "query exceeds max block range 100000", false, 200000, 100000},
	{RPC_RANGE, 200, -32600, "Query exceeds max block range of 10000", false, 20000, 10000},
	{RPC_RANGE, 200, -32000, "block range is too wide (maximum 1024)", false, 2000, 1024},
	{RPC_RANGE, 200, -32000, "block range is bigger than maxBlockRange", false, 2000, 0},
	{RPC_RANGE, 200, -32602, "invalid params range 9009594 is bigger than range limit 2000",
		false, 5000, 2000},
	{RPC_RANGE, 200, -32600, "Block range limit exceeded. See more details at https://x", false,
		10, 0},
	{RPC_RANGE, 200, -32000,
		"requested too many blocks from 0 to 5000000, maximum is set to 1024", false, 5000,
		1024},
	/* results */
	{RPC_RESULTS, 200, -32005, "query returned more than 10000 results", false, 50000, 0},
	{RPC_RESULTS, 200, -32005,
		"query returned more than 10000 results. Try with this block range [0x10, 0x1f].",
		false, 5000, 16},
	{RPC_RESULTS, 400, -32600,
		"Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block "
		"range. "
		"Based on your parameters, this block range should work: [0x1180fca, 0x1180fd3]. "
		"Upgrade "
		"to PAYG for expanded block range.",
		false, 500, 10},
	{RPC_RESULTS, 200, -32602,
		"Log response size exceeded. You can make eth_getLogs requests with up to a 2K "
		"block range "
		"and no limit on the response size, or you can request any block range with a cap "
		"of 10K "
		"logs in the response. Based on your parameters and the response size limit, this "
		"block "
		"range should work: [0xc5dc00, 0xc614a7]",
		false, 100000, 0x38a8},
	{RPC_RESULTS, 400, -32000,
		"Query timeout exceeded. Consider reducing your block range. Based on your "
		"parameters and "
		"the response size limit, this block range should work: [0x5223c98, 0x5223e80]",
		false, 5000, 0x1e9},
	{RPC_RESULTS, 200, -32602,
		"query exceeds max results 20000, retry with the range 23879634-23879696", false,
		5000, 63},
	{RPC_RESULTS, 200, -32003, "response too large", false, 100, 0},
	{RPC_RESULTS, 200, -32008, "Response is too big", false, 100, 0},
	{RPC_RESULTS, 200, -32003, "The response exceeds the limit of response size", false, 100,
		0},
	{RPC_RESULTS, 413, 0, "", false, 0, 0},
	/* rates */
	{RPC_RATE, 429, -32005, "daily request count exceeded, request rate limited", false, 0, 0},
	{RPC_RATE, 429, 429,
		"Your app has exceeded its compute units per second capacity. If you have retries "
		"enabled, "
		"you can safely ignore this message.",
		false, 0, 0},
	{RPC_RATE, 200, -32016, "over rate limit", false, 0, 0},
	{RPC_RATE, 200, -32007, "50/second request limit reached - reduce calls per second", false,
		0, 0},
	{RPC_RATE, 429, -32029, "Too Many Requests", true, 0, 0},
	{RPC_RATE, 429, 0, "<html>Too Many Requests</html>", true, 0, 0},
	{RPC_RATE, 403, 0,
		"{\"Error\":\"request rate exceeded the allowed_rps(10), and the query server is "
		"suspended "
		"for 5 s\"}",
		false, 0, 0},
	{RPC_RATE, 403, 0, "", false, 0, 0},
	/* trouble */
	{RPC_BUSY, 200, 0,
		"{\"Error\":\"class org.tron.core.services.http: this node is lack of computing "
		"resources\"}",
		false, 0, 0},
	{RPC_BUSY, 503, 0, "", false, 0, 0},
	{RPC_BUSY, 502, 0, "<html><head><title>502 Bad Gateway</title>", true, 0, 0},
	{RPC_BUSY, 200, -32603, "Temporary internal error. Please retry, trace-id: 1", false, 0, 0},
	{RPC_BUSY, 200, -32000, "context deadline exceeded", false, 0, 0},
	{RPC_BUSY, 408, 30, "Request timeout on the free tier, please upgrade", false, 0, 0},
	{RPC_BUSY, 200, -32001, "no available upstreams to process a request", false, 0, 0},
	/* the head */
	{RPC_HEAD, 200, -32602, "block range extends beyond current head block", false, 10, 0},
	{RPC_HEAD, 200, -32602,
		"block range extends beyond current head block: requested 21000100, head 21000000",
		false, 10, 0},
	{RPC_HEAD, 200, -32602, "invalid block range params", false, 10, 0},
	{RPC_HEAD, 200, -32000, "requested from block 100 after last accepted block 50", false, 10,
		0},
	{RPC_HEAD, 200, -32000,
		"One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be "
		"found.",
		false, 10, 0},
	{RPC_HEAD, 200, -32000, "unknown block", false, 1, 0},
	{RPC_HEAD, 200, -32000, "header not found", false, 1, 0},
	{RPC_HEAD, 200, -32000, "hash 73402a is not currently canonical", false, 1, 0},
	/* what a node will not do */
	{RPC_UNSUPPORTED, 200, -32601,
		"the method eth_getBlockReceipts does not exist/is not available", false, 0, 0},
	{RPC_UNSUPPORTED, 200, -32601, "Method not found", false, 0, 0},
	{RPC_UNSUPPORTED, 404, -32601, "rpc method is not whitelisted", false, 0, 0},
	{RPC_UNSUPPORTED, 200, -32004, "trace_block is not included in your current plan", false, 0,
		0},
	{RPC_UNSUPPORTED, 200, -32602, "invalid argument 0: hex string without 0x prefix", false, 0,
		0},
	{RPC_UNSUPPORTED, 200, -32602, "TAG not supported: safe", false, 0, 0},
	{RPC_UNSUPPORTED, 404, 0, "404 page not found", false, 0, 0},
	/* batches */
	{RPC_BATCH, 200, -32600, "batch too large", true, 0, 0},
	{RPC_BATCH, 200, -32005, "Batch size 200 exceeds the limit of 100", true, 0, 0},
	{RPC_BATCH, 200, -32010, "The batch request was too large Exceeded max limit of 3", true, 0,
		0},
	{RPC_BATCH, 200, -32202, "Batch requests are disabled", true, 0, 0},
	{RPC_BATCH, 500, 31,
		"Batch of more than 3 requests are not allowed on free tier, to use this feature "
		"register",
		true, 0, 0},
	{RPC_BATCH, 200, -32602, "Number of requests in batch exceeds --rpc-max-batch-size.", true,
		0, 0},
	{RPC_BATCH, 200, -32600, "Invalid request", true, 0, 0},
	{RPC_BATCH, 413, 0, "", true, 0, 0},
	/* keys */
	{RPC_AUTH, 401, 0, "Unauthorized", false, 0, 0},
	{RPC_AUTH, 401, -32000, "Must be authenticated!", false, 0, 0},
	{RPC_AUTH, 429, 429, "Monthly capacity limit exceeded. Visit https://x to upgrade", false,
		0, 0},
	{RPC_AUTH, 403, -32000, "Message: token is invalid", false, 0, 0},
	/* and the rest */
	{RPC_REVERTED, 200, 3, "execution reverted: Invalid timeout", false, 0, 0},
	{RPC_REVERTED, 200, -32000, "REVERT opcode executed", false, 0, 0},
	{RPC_REVERTED, 200, -32015, "VM execution error. reverted 0x", false, 0, 0},
	{RPC_OTHER, 200, -32602, "invalid argument 0: json: cannot unmarshal", false, 0, 0},
	{RPC_OTHER, 200, 0, "", false, 0, 0},
};

static void real_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		const struct rpc_failure f = {.http = said[i].http,
			.code = said[i].code,
			.text = said[i].text,
			.text_len = strlen(said[i].text),
			.json_rpc = said[i].code || said[i].want == RPC_OTHER,
			.whole_batch = said[i].batch};
		const enum rpc_class got = rpc_classify(&f);

		if (got != said[i].want)
			print_error("%s: got %s\n", said[i].text, rpc_class_name(got));
		assert_int_equal(got, said[i].want);
		if (rpc_range_hint(got, f.text, f.text_len, said[i].asked) != said[i].hint)
			print_error("%s: hint %llu\n", said[i].text,
				(unsigned long long)rpc_range_hint(
					got, f.text, f.text_len, said[i].asked));
		assert_int_equal(
			rpc_range_hint(got, f.text, f.text_len, said[i].asked), said[i].hint);
	}
}

static void no_json_rpc_is_grammar(void **state)
{
	struct rpc_failure f = {.http = 200, .text = "<html>hello</html>", .text_len = 18};

	(void)state;
	assert_int_equal(rpc_classify(&f), RPC_GRAMMAR);
	f.text = "";
	f.text_len = 0;
	assert_int_equal(rpc_classify(&f), RPC_GRAMMAR);
}

static void names(void **state)
{
	(void)state;
	for (int i = 0; i < RPC_CLASS_COUNT; i++)
		assert_non_null(rpc_class_name(i));
	assert_string_equal(rpc_class_name(RPC_RESULTS), "results");
	assert_string_equal(rpc_class_name(RPC_CLASS_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_texts),
		cmocka_unit_test(no_json_rpc_is_grammar),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
