/*
 * Envelope and parameters. A body is parsed once (simdjson); the batch refers into that document,
 * so it has to be answered before the next body is parsed. Deep nesting, bad UTF-8 and anything
 * that is no JSON end as error -32700 here.
 */
#include "replay/rpc.h"

#include "base/hex.h"
#include "replay/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX      (8u << 20)
#define BATCH_MAX     1000
#define BATCH_TRON    100
#define TRON_BODY_MAX (25u << 20)

struct rpc {
	struct json_parser *parser;
	struct rpc_call *calls;
	size_t cap;
	struct buf answers; /* of a batch that faults rearrange */
};

struct rpc *rpc_new(void)
{
	struct rpc *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->parser = json_parser_new(BODY_MAX);
	buf_init(&r->answers, SIZE_MAX / 4);
	return r;
}

void rpc_free(struct rpc *r)
{
	if (!r)
		return;
	json_parser_free(r->parser);
	free(r->calls);
	buf_free(&r->answers);
	free(r);
}

bool rpc_fail(struct ask *a, int code, const char *fmt, ...)
{
	va_list ap;

	a->code = code;
	va_start(ap, fmt);
	vsnprintf(a->message, sizeof(a->message), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- parameters ------------------------------------------------------------------------- */

static bool is_text(struct jval v, const char *text)
{
	const char *s;
	size_t n;

	return json_str(v, &s, &n) && n == strlen(text) && !memcmp(s, text, n);
}

static bool refuse_tag(struct ask *a, unsigned arg, struct jval v)
{
	const char *s;
	size_t n;

	if (!json_str(v, &s, &n))
		return rpc_fail(a, RPC_PARAMS,
			"invalid argument %u: json: cannot unmarshal non-string into Go value of "
			"type "
			"rpc.BlockNumber",
			arg);
	if (a->node->body->kind == REC_TRON && (is_text(v, "safe") || is_text(v, "pending")))
		return rpc_fail(a, RPC_PARAMS, "TAG %.*s not supported", (int)n, s);
	if (n < 2 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return rpc_fail(
			a, RPC_PARAMS, "invalid argument %u: hex string without 0x prefix", arg);
	return rpc_fail(
		a, RPC_PARAMS, "invalid argument %u: hex number > 64 bits or not a number", arg);
}

static uint64_t below(const struct node *n, uint64_t depth)
{
	uint64_t head = node_head(n);

	return head > depth ? head - depth : 0;
}

bool rpc_number(struct ask *a, unsigned arg, struct jval v, uint64_t *out)
{
	const struct node *n = a->node;

	if (json_hex_u64(v, out))
		return true;
	if (is_text(v, "latest"))
		*out = node_head(n);
	else if (is_text(v, "earliest"))
		*out = 0;
	else if (is_text(v, "pending") && n->body->kind != REC_TRON)
		*out = node_head(n) + 1;
	else if (is_text(v, "finalized") && n->body->kind != REC_BTTC)
		*out = below(n, n->final_depth);
	else if (is_text(v, "safe") && n->body->kind == REC_ETHEREUM)
		*out = below(n, n->safe_depth);
	else
		return refuse_tag(a, arg, v);
	return true;
}

static bool missing(struct ask *a, unsigned i)
{
	return rpc_fail(a, RPC_PARAMS, "missing value for required argument %u", i);
}

static enum found by_object(struct ask *a, unsigned i, struct jval v, struct body_block *out)
{
	struct jval x;
	struct hash32 hash;
	uint64_t number;

	if (json_get(v, "blockHash", &x)) {
		if (!json_hex_fixed(x, hash.b, sizeof(hash.b))) {
			rpc_fail(
				a, RPC_PARAMS, "invalid argument %u: blockHash is not 32 bytes", i);
			return REFUSED;
		}
		return node_by_hash(a->node, &hash, out) ? FOUND : ABSENT;
	}
	if (!json_get(v, "blockNumber", &x)) {
		rpc_fail(
			a, RPC_PARAMS, "invalid argument %u: neither blockNumber nor blockHash", i);
		return REFUSED;
	}
	if (!rpc_number(a, i, x, &number))
		return REFUSED;
	return node_at(a->node, number, out) ? FOUND : ABSENT;
}

enum found rpc_block(struct ask *a, unsigned i, bool hash_too, struct body_block *out)
{
	struct hash32 hash;
	uint64_t number;

	if (i >= a->param_count) {
		missing(a, i);
		return REFUSED;
	}
	if (json_type(a->params[i]) == JSON_OBJECT)
		return by_object(a, i, a->params[i], out);
	if (hash_too && json_hex_fixed(a->params[i], hash.b, sizeof(hash.b)))
		return node_by_hash(a->node, &hash, out) ? FOUND : ABSENT;
	if (!rpc_number(a, i, a->params[i], &number))
		return REFUSED;
	return node_at(a->node, number, out) ? FOUND : ABSENT;
}

bool rpc_hash(struct ask *a, unsigned i, struct hash32 *out)
{
	if (i >= a->param_count)
		return missing(a, i);
	if (!json_hex_fixed(a->params[i], out->b, sizeof(out->b)))
		return rpc_fail(a, RPC_PARAMS,
			"invalid argument %u: json: cannot unmarshal into Go value of type "
			"common.Hash",
			i);
	return true;
}

static bool hash_concerns(const struct node *n, const struct hash32 *hash, uint64_t block)
{
	struct body_block k;
	uint32_t tx;

	return (node_by_hash(n, hash, &k) || node_tx(n, hash, &k, &tx)) && k.number == block;
}

static bool filter_concerns(struct ask *a, struct jval filter, uint64_t block)
{
	uint64_t from = node_head(a->node), to = from;
	struct hash32 hash;
	struct jval v;

	if (json_get(filter, "blockHash", &v) && json_hex_fixed(v, hash.b, sizeof(hash.b)))
		return hash_concerns(a->node, &hash, block);
	if (json_get(filter, "fromBlock", &v) && !rpc_number(a, 0, v, &from))
		return false;
	if (json_get(filter, "toBlock", &v) && !rpc_number(a, 0, v, &to))
		return false;
	return from <= block && block <= to;
}

bool rpc_concerns(const struct node *n, const struct rpc_call *c, uint64_t block)
{
	struct ask a = {.node = (struct node *)n};
	struct hash32 hash;
	uint64_t number;

	if (!c->param_count)
		return false;
	if (json_type(c->params[0]) == JSON_OBJECT)
		return filter_concerns(&a, c->params[0], block);
	if (json_hex_fixed(c->params[0], hash.b, sizeof(hash.b)))
		return hash_concerns(n, &hash, block);
	return json_type(c->params[0]) == JSON_STRING && rpc_number(&a, 0, c->params[0], &number) &&
	       number == block;
}

/* ---- requests --------------------------------------------------------------------------- */

static const struct rpc_method *method_named(const char *name, size_t n, enum rec_kind kind)
{
	for (size_t i = 0; i < rpc_method_count; i++)
		if (strlen(rpc_methods[i].name) == n && !memcmp(rpc_methods[i].name, name, n))
			return rpc_methods[i].kinds & 1u << kind ? &rpc_methods[i] : NULL;
	return NULL;
}

static void read_params(struct rpc_call *c, struct jval v)
{
	struct jiter it;
	struct jval x;

	if (json_type(v) != JSON_ARRAY) {
		if (!json_is_null(v))
			c->refusal = RPC_PARAMS;
		return;
	}
	for (json_iter(v, &it); json_next(&it, &x) && c->param_count < RPC_PARAMS_MAX;)
		c->params[c->param_count++] = x;
	/* trailing nulls stand for nothing */
	while (c->param_count && json_is_null(c->params[c->param_count - 1]))
		c->param_count--;
}

static void read_call(struct rpc_call *c, struct jval v, enum rec_kind kind)
{
	struct jval x;
	const char *name;
	size_t n;

	*c = (struct rpc_call){.object = v, .refusal = RPC_INVALID};
	if (json_type(v) != JSON_OBJECT)
		return;
	if (json_get(v, "id", &x)) {
		if (json_type(x) == JSON_OBJECT || json_type(x) == JSON_ARRAY)
			return;
		c->id = x;
		c->has_id = true;
	}
	if (json_get(v, "jsonrpc", &x) && !is_text(x, "2.0"))
		return;
	if (!json_get(v, "method", &x) || !json_str(x, &name, &n))
		return;
	c->refusal = 0;
	if (json_get(v, "params", &x))
		read_params(c, x);
	c->method = method_named(name, n, kind);
	if (!c->method)
		c->refusal = RPC_NO_METHOD;
}

static struct rpc_call *next_call(struct rpc *r, struct rpc_batch *b)
{
	if (b->count == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->calls = realloc(r->calls, r->cap * sizeof(*r->calls));
		if (!r->calls)
			abort();
	}
	b->calls = r->calls;
	return &r->calls[b->count++];
}

static void read_array(struct rpc *r, const struct node *n, struct jval root, struct rpc_batch *b)
{
	size_t max = n->body->kind == REC_TRON ? BATCH_TRON : BATCH_MAX;
	struct jiter it;
	struct jval x;

	b->array = true;
	for (json_iter(root, &it); json_next(&it, &x);) {
		if (!b->count && json_type(x) == JSON_OBJECT)
			b->has_first_id = json_get(x, "id", &b->first_id);
		if (b->count == max) {
			b->refusal = n->body->kind == REC_TRON ? RPC_LIMIT : RPC_INVALID;
			b->why = "batch too large";
			return;
		}
		read_call(next_call(r, b), x, n->body->kind);
	}
	if (!b->count) {
		b->refusal = RPC_INVALID;
		b->why = "empty batch";
		b->array = false;
	}
}

void rpc_parse(
	struct rpc *r, const struct node *n, const char *body, size_t len, struct rpc_batch *out)
{
	struct jval root;
	struct err e = {0};

	*out = (struct rpc_batch){0};
	if (json_parse(r->parser, body, len, &root, &e)) {
		out->refusal = RPC_PARSE;
		out->why = "parse error";
	} else if (json_type(root) == JSON_ARRAY) {
		read_array(r, n, root, out);
	} else {
		read_call(next_call(r, out), root, n->body->kind);
	}
}

/* ---- answers ---------------------------------------------------------------------------- */

static void put_id(struct buf *out, struct jval id, bool has_id)
{
	buf_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	if (has_id)
		json_dump(out, id);
	else
		buf_str(out, "null");
}

static void put_error(struct buf *out, int code, const char *message)
{
	struct jw w;

	buf_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
	jw_init(&w, out);
	jw_str(&w, message);
	buf_str(out, "}}");
}

static void refuse_call(struct ask *a, const struct rpc_call *c)
{
	struct jval name;
	const char *s = "";
	size_t n = 0;

	if (c->refusal == RPC_INVALID)
		rpc_fail(a, RPC_INVALID, "invalid request");
	else if (c->refusal == RPC_PARAMS)
		rpc_fail(a, RPC_PARAMS, "non-array args");
	else {
		if (json_get(c->object, "method", &name))
			json_str(name, &s, &n);
		rpc_fail(a, RPC_NO_METHOD, "the method %.*s does not exist/is not available",
			(int)(n < 100 ? n : 100), s);
	}
}

static void answer_call(
	struct node *n, struct fault_set *faults, const struct rpc_call *c, struct buf *out)
{
	struct ask a = {.node = n, .faults = faults, .method = c->method, .out = out};
	size_t start;

	n->calls[c->method ? c->method - rpc_methods : NODE_CALLS - 1]++;
	put_id(out, c->id, c->has_id);
	start = out->n;
	if (c->refusal) {
		refuse_call(&a, c);
	} else {
		memcpy(a.params, c->params, sizeof(a.params));
		a.param_count = c->param_count;
		buf_str(out, ",\"result\":");
		if (c->method->answer(&a) && n->body->kind == REC_TRON &&
			out->n - start > TRON_BODY_MAX)
			rpc_fail(&a, RPC_TOO_LARGE, "response too large");
	}
	if (!a.code && faults && c->method->nullable && fault_on_answer(faults, n, c)) {
		out->n = start;
		buf_str(out, ",\"result\":null");
	}
	if (a.code) {
		out->n = start;
		put_error(out, a.code, a.message);
	} else {
		buf_chr(out, '}');
	}
}

/* The same, with answers in an order that faults choose. */
static void answer_crooked(struct rpc *r, struct node *n, struct fault_set *faults,
	const struct rpc_batch *b, struct buf *out)
{
	size_t *end = calloc(b->count + 1, sizeof(*end)), *order = calloc(b->count, sizeof(*order));
	size_t count = b->count;

	if (!end || !order)
		abort();
	buf_clear(&r->answers);
	for (size_t i = 0; i < b->count; i++) {
		answer_call(n, faults, &b->calls[i], &r->answers);
		end[i + 1] = r->answers.n;
		order[i] = i;
	}
	fault_on_batch(faults, n, b, order, &count);
	buf_chr(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_chr(out, ',');
		buf_add(out, r->answers.p + end[order[i]], end[order[i] + 1] - end[order[i]]);
	}
	buf_chr(out, ']');
	free(end);
	free(order);
}

void rpc_answer(struct rpc *r, struct node *n, struct fault_set *faults, const struct rpc_batch *b,
	struct buf *out)
{
	buf_clear(out);
	n->bodies++;
	if (b->refusal) {
		bool wrap = b->array && b->refusal == RPC_INVALID;

		if (wrap)
			buf_chr(out, '[');
		put_id(out, b->first_id, b->has_first_id);
		put_error(out, b->refusal, b->why);
		if (wrap)
			buf_chr(out, ']');
		return;
	}
	if (!b->array) {
		answer_call(n, faults, &b->calls[0], out);
		return;
	}
	if (faults && fault_set_count(faults)) {
		answer_crooked(r, n, faults, b, out);
		return;
	}
	buf_chr(out, '[');
	for (size_t i = 0; i < b->count; i++) {
		if (i)
			buf_chr(out, ',');
		answer_call(n, faults, &b->calls[i], out);
	}
	buf_chr(out, ']');
}
