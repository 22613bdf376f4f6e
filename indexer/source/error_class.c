/*
 * What nodes and providers say when they refuse, as one table.
 *
 * There is no standard: the same limit is -32005, -32602, -32600, -32000, 35 or -32614, with HTTP
 * 200, 400 or 413, and only the text tells a rate limit from a range limit. So rules look for words
 * in the text first, in order (narrow ones before wide ones), and fall back on the code and the
 * status. A rule that needs a code or a status as well names it. Texts are those of geth, erigon,
 * reth, besu, nethermind, bor, java-tron, and of Alchemy, Ankr, BlockPI, Chainstack, dRPC,
 * GetBlock, Infura, PublicNode, QuickNode, Tenderly, TronGrid; test_error_class.c has them whole.
 *
 * What is not recognised is RPC_OTHER: retried elsewhere, and shown with its text when the job
 * fails.
 */
#include "source/error_class.h"

#include <string.h>

#define TEXT_MAX 600 /* what is looked at */

struct rule {
	const char *words; /* lower case; found in the text in any case */
	enum rpc_class means;
	int64_t code; /* only with this JSON-RPC code; 0: any */
	int http;     /* only with this HTTP status; 0: any */
	bool batch;   /* only when a whole batch was refused */
};

#define SAYS(text, class)                                                                          \
	{                                                                                          \
		.words = text, .means = class                                                      \
	}

static const struct rule rules[] = {
	/* "execution reverted", "VM execution error: revert", "REVERT opcode executed"; first, as the
	   contract's own words may follow. */
	SAYS("revert", RPC_REVERTED),

	/* Batches. "exceeds ... batch" must come before words about sizes. */
	SAYS("batch too large", RPC_BATCH),
	SAYS("batch size", RPC_BATCH),
	SAYS("batch limit", RPC_BATCH),
	SAYS("batch request",
		RPC_BATCH), /* "... are not supported", "... was too large", "... disabled" */
	SAYS("batch call", RPC_BATCH),
	SAYS("batching", RPC_BATCH),
	SAYS("requests in batch", RPC_BATCH),
	SAYS("requests in a batch", RPC_BATCH),
	SAYS("batch of more than", RPC_BATCH),
	{.words = "too many requests in", .means = RPC_BATCH, .batch = true},
	SAYS("not a single method call", RPC_BATCH),

	/* A range or a number of results, with a proposal. */
	SAYS("block range should work", RPC_RESULTS),
	SAYS("try with this block range", RPC_RESULTS),
	SAYS("retry with the range", RPC_RESULTS),

	/* Too many results or bytes. */
	SAYS("query returned more than", RPC_RESULTS),
	SAYS("returned more than", RPC_RESULTS),
	SAYS("exceeds max results", RPC_RESULTS),
	SAYS("more than 10000 results", RPC_RESULTS),
	SAYS("too many results", RPC_RESULTS),
	SAYS("too many logs", RPC_RESULTS),
	SAYS("logs matched by query exceeds limit", RPC_RESULTS),
	SAYS("query exceeds limit", RPC_RESULTS),
	SAYS("log response size exceeded", RPC_RESULTS),
	SAYS("response size exceeded", RPC_RESULTS),
	SAYS("response size should not", RPC_RESULTS),
	SAYS("response too large", RPC_RESULTS),
	SAYS("response is too big", RPC_RESULTS),
	SAYS("response is too large", RPC_RESULTS),
	SAYS("response size is larger", RPC_RESULTS),
	SAYS("exceeds the limit of response", RPC_RESULTS),
	SAYS("result set too large", RPC_RESULTS),
	SAYS("content too large", RPC_RESULTS),
	SAYS("please reduce", RPC_RESULTS),
	SAYS("reducing your block range", RPC_RESULTS),
	SAYS("query timeout exceeded", RPC_RESULTS),
	SAYS("query timed out", RPC_RESULTS),
	SAYS("query timeout", RPC_RESULTS),
	SAYS("limit the query to", RPC_RESULTS),
	SAYS("specify less number of address", RPC_RESULTS),

	/* What the endpoint will not do under this plan or at all. */
	SAYS("is not whitelisted", RPC_UNSUPPORTED),
	SAYS("not included in your current plan", RPC_UNSUPPORTED),
	SAYS("unsupported method", RPC_UNSUPPORTED),
	SAYS("method not found", RPC_UNSUPPORTED),
	SAYS("method not supported", RPC_UNSUPPORTED),
	SAYS("method is not supported", RPC_UNSUPPORTED),
	SAYS("method is not available", RPC_UNSUPPORTED),
	SAYS("method not available", RPC_UNSUPPORTED),
	SAYS("method not allowed", RPC_UNSUPPORTED),
	SAYS("method is disabled", RPC_UNSUPPORTED),
	SAYS("does not exist/is not available", RPC_UNSUPPORTED),
	SAYS("tag not supported", RPC_UNSUPPORTED),
	SAYS("hex string without 0x prefix",
		RPC_UNSUPPORTED), /* a block tag unknown to an old geth */
	SAYS("safe block not found", RPC_UNSUPPORTED),
	SAYS("finalized block not found", RPC_UNSUPPORTED),

	/* Beyond the head, or of a branch that the node left. Before ranges: they speak of ranges.
	 */
	SAYS("beyond current head", RPC_HEAD),
	SAYS("beyond the head", RPC_HEAD),
	SAYS("block beyond", RPC_HEAD),
	SAYS("after last accepted block", RPC_HEAD),
	SAYS("invalid block range params", RPC_HEAD),
	SAYS("specified in filter",
		RPC_HEAD), /* "One of the blocks specified in filter ... cannot be found" */
	SAYS("unknown block", RPC_HEAD),
	SAYS("block not found", RPC_HEAD),
	SAYS("header not found", RPC_HEAD),
	SAYS("header for hash not found", RPC_HEAD),
	SAYS("could not find block", RPC_HEAD),
	SAYS("not currently canonical", RPC_HEAD),
	SAYS("pruned", RPC_HEAD), /* "history has been pruned for this block" */
	SAYS("block is not available", RPC_HEAD),
	SAYS("block is out of range", RPC_HEAD),
	SAYS("block number is out of range", RPC_HEAD),
	SAYS("fromblock <= toblock", RPC_HEAD),

	/* Too many blocks. */
	SAYS("block range",
		RPC_RANGE), /* "... is too wide", "exceed maximum ...", "limit exceeded", ... */
	SAYS("blocks range", RPC_RANGE),
	SAYS("range too large", RPC_RANGE),
	SAYS("range is too large", RPC_RANGE),
	SAYS("range too wide", RPC_RANGE),
	SAYS("range is too wide", RPC_RANGE),
	SAYS("range limit", RPC_RANGE),
	SAYS("ranges over", RPC_RANGE),
	SAYS("max range", RPC_RANGE),
	SAYS("maximum range", RPC_RANGE),
	SAYS("exceeds the range", RPC_RANGE),
	SAYS("exceeds limit of", RPC_RANGE), /* "range 1000000 exceeds limit of 10000" */
	SAYS("blocks distance", RPC_RANGE),  /* "maximum [from, to] blocks distance: 10000" */
	SAYS("too many blocks", RPC_RANGE),
	SAYS("block count exceeds", RPC_RANGE),
	{.words = "limited to",
		.means = RPC_RANGE,
		.code = -32614}, /* "eth_getLogs is limited to a 10,000 range" */

	/* Quotas that end only when somebody pays. */
	SAYS("reached the free tier", RPC_AUTH),
	SAYS("monthly capacity limit", RPC_AUTH),
	SAYS("invalid api key", RPC_AUTH),
	SAYS("invalid project id", RPC_AUTH),
	SAYS("must be authenticated", RPC_AUTH),
	SAYS("unauthorized", RPC_AUTH),
	SAYS("apikey not exists", RPC_AUTH),

	/* Asked too often. */
	SAYS("rate limit", RPC_RATE),
	SAYS("rate exceeded",
		RPC_RATE), /* "request rate exceeded the allowed_rps(10), ... suspended" */
	SAYS("ratelimit", RPC_RATE),
	SAYS("rate-limit", RPC_RATE),
	SAYS("too many requests", RPC_RATE),
	SAYS("too many connections", RPC_RATE),
	SAYS("requests limited to", RPC_RATE),
	SAYS("request limit", RPC_RATE),
	SAYS("frequency limit", RPC_RATE),
	SAYS("request too quickly", RPC_RATE),
	SAYS("compute units per second", RPC_RATE),
	SAYS("throughput", RPC_RATE),
	SAYS("capacity exceeded", RPC_RATE),
	SAYS("exceeded the quota", RPC_RATE),
	SAYS("reached the quota", RPC_RATE),
	SAYS("daily request count", RPC_RATE),
	SAYS("call rate", RPC_RATE),
	{.words = "credits", .means = RPC_RATE, .http = 429},

	/* In trouble. */
	SAYS("computing resources", RPC_BUSY),
	SAYS("too much load", RPC_BUSY),
	SAYS("overloaded", RPC_BUSY),
	SAYS("service unavailable", RPC_BUSY),
	SAYS("temporarily unavailable", RPC_BUSY),
	SAYS("temporary internal error", RPC_BUSY),
	SAYS("timeout", RPC_BUSY),
	SAYS("timed out", RPC_BUSY),
	SAYS("deadline exceeded", RPC_BUSY),
	SAYS("no available", RPC_BUSY), /* "no available upstream", "no available nodes" */
	SAYS("internal error", RPC_BUSY),
	SAYS("bad gateway", RPC_BUSY),
};

static const char *const names[RPC_CLASS_COUNT] = {
	[RPC_TRANSPORT] = "transport",
	[RPC_RATE] = "rate",
	[RPC_BUSY] = "busy",
	[RPC_RANGE] = "range",
	[RPC_RESULTS] = "results",
	[RPC_HEAD] = "head",
	[RPC_UNSUPPORTED] = "unsupported",
	[RPC_BATCH] = "batch",
	[RPC_AUTH] = "auth",
	[RPC_GRAMMAR] = "grammar",
	[RPC_REVERTED] = "reverted",
	[RPC_OTHER] = "other",
};

const char *rpc_class_name(enum rpc_class c)
{
	return c < RPC_CLASS_COUNT ? names[c] : "?";
}

static enum rpc_class by_status(const struct rpc_failure *f)
{
	switch (f->http) {
	case 401:
	case 402: return RPC_AUTH;
	case 403: return f->json_rpc ? RPC_AUTH : RPC_RATE; /* TronGrid answers excess with 403 */
	case 404:
	case 405:
	case 415: return RPC_UNSUPPORTED;
	case 413: return f->whole_batch ? RPC_BATCH : RPC_RESULTS;
	case 408:
	case 425: return RPC_BUSY;
	case 429: return RPC_RATE;
	default: return f->http >= 500 ? RPC_BUSY : RPC_OTHER;
	}
}

static enum rpc_class by_code(const struct rpc_failure *f)
{
	switch (f->code) {
	case -32601:
	case -32004: return RPC_UNSUPPORTED;
	case -32005:
	case -32029:
	case -32090:
	case 429: return RPC_RATE;
	case -32003: return RPC_RESULTS;
	case -32603:
	case -32001: return RPC_BUSY;
	case -32700:
	case -32600: return f->whole_batch ? RPC_BATCH : RPC_OTHER;
	default: return RPC_OTHER;
	}
}

static size_t lower(char *out, const char *text, size_t n)
{
	if (n > TEXT_MAX)
		n = TEXT_MAX;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 32 : text[i]);
	return n;
}

enum rpc_class rpc_classify(const struct rpc_failure *f)
{
	char text[TEXT_MAX];
	const size_t n = lower(text, f->text, f->text_len);
	enum rpc_class c;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if ((r->code && r->code != f->code) || (r->http && r->http != f->http) ||
			(r->batch && !f->whole_batch))
			continue;
		if (memmem(text, n, r->words, strlen(r->words)))
			return r->means;
	}
	c = f->json_rpc ? by_code(f) : RPC_OTHER;
	if (c == RPC_OTHER)
		c = by_status(f);
	if (c == RPC_OTHER && !f->json_rpc)
		c = RPC_GRAMMAR;
	return c;
}

/* A number at *i of text, decimal (with commas) or 0x hexadecimal, with an optional k. Moves *i on.
 */
static bool take_number(const char *text, size_t n, size_t *i, uint64_t *out)
{
	size_t at = *i;
	uint64_t v = 0;
	bool hex = at + 2 < n && text[at] == '0' && (text[at + 1] == 'x' || text[at + 1] == 'X');
	size_t digits = 0;

	for (at += hex ? 2 : 0; at < n; at++) {
		char ch = text[at];
		unsigned d;

		if (!hex && ch == ',' && digits && at + 3 < n && text[at + 1] >= '0' &&
			text[at + 1] <= '9')
			continue;
		if (ch >= '0' && ch <= '9')
			d = (unsigned)(ch - '0');
		else if (hex && (ch | 32) >= 'a' && (ch | 32) <= 'f')
			d = (unsigned)((ch | 32) - 'a') + 10;
		else
			break;
		if (v >> 59)
			return false;
		v = v * (hex ? 16 : 10) + d;
		digits++;
	}
	if (!hex && at < n && (text[at] | 32) == 'k') {
		v *= 1000;
		at++;
	}
	*i = at;
	*out = v;
	return digits > 0;
}

uint64_t rpc_range_hint(enum rpc_class c, const char *text, size_t n, uint64_t asked)
{
	uint64_t v, prev = 0, named = 0;
	size_t prev_end = 0;

	if (n > TEXT_MAX)
		n = TEXT_MAX;
	for (size_t i = 0; i < n;) {
		size_t start = i;

		if (text[i] < '0' || text[i] > '9') {
			i++;
			continue;
		}
		if (!take_number(text, n, &i, &v)) {
			i++;
			continue;
		}
		/* "[0x10, 0x1f]" or "16-31": two heights close together propose a range */
		if (prev_end && start - prev_end <= 2 && v >= prev && v - prev + 1 < asked &&
			(text[prev_end] == ',' || text[prev_end] == '-'))
			return v - prev + 1;
		if (v > named && v < asked)
			named = v;
		prev = v;
		prev_end = i;
	}
	return c == RPC_RANGE ? named : 0;
}
