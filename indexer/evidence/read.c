/*
 * Evidence files to structs. A file comes from a stranger: every member is checked for presence,
 * type and form, and a member that the format does not know is refused, so that nothing in a file
 * can look proven without being looked at.
 */
#include "evidence/evidence.h"

#include "base/hex.h"
#include "chain/keccak.h"

#include <inttypes.h>
#include <stdio.h>

#define INPUTS_MAX    64
#define TUPLE_MAX     8
#define ENDPOINTS_MAX 16
#define PATH_TEXT_MAX 160
#define JSON_MAX      EVIDENCE_FILE_MAX

/** Where in the file the reader is, for messages. */
struct at {
	struct arena *mem;
	struct err *e;
	char path[PATH_TEXT_MAX];
};

static bool fail(struct at *at, const char *key, const char *why)
{
	err_set(at->e, ERR_REJECT, "evidence", 0, "%s%s%s: %s", at->path, *at->path && key ? "." : "",
		key ? key : "", why);
	return false;
}

/* Go into a member; returns the length of the path to go back to with leave(). */
static size_t enter(struct at *at, const char *key)
{
	size_t n = strlen(at->path);

	snprintf(at->path + n, sizeof(at->path) - n, "%s%s", n && key[0] != '[' ? "." : "", key);
	return n;
}

static size_t enter_item(struct at *at, size_t i)
{
	char key[24];

	snprintf(key, sizeof(key), "[%zu]", i);
	return enter(at, key);
}

static void leave(struct at *at, size_t n)
{
	at->path[n] = 0;
}

/* Only these members, each at most once; `known` ends with NULL. */
static bool only(struct at *at, struct jval obj, const char *const *known)
{
	bool seen[24] = {false};
	struct jiter it;
	struct jval v;
	const char *key;
	size_t n, i;

	if (json_type(obj) != JSON_OBJECT)
		return fail(at, NULL, "must be an object");
	json_iter(obj, &it);
	while (json_next_member(&it, &key, &n, &v)) {
		char name[48];

		for (i = 0; known[i] && (strlen(known[i]) != n || memcmp(known[i], key, n)); i++)
			;
		snprintf(name, sizeof(name), "%.*s", (int)(n < 40 ? n : 40), key);
		if (!known[i])
			return fail(at, name, "is no member of this format");
		if (seen[i])
			return fail(at, name, "is there twice");
		seen[i] = true;
	}
	return true;
}

static bool member(struct at *at, struct jval obj, const char *key, struct jval *out)
{
	return json_get(obj, key, out) || fail(at, key, "is missing");
}

static bool read_u64(struct at *at, struct jval obj, const char *key, uint64_t max, uint64_t *out)
{
	struct jval v;
	int64_t i;

	if (!member(at, obj, key, &v))
		return false;
	if (!json_i64(v, &i) || i < 0 || (uint64_t)i > max)
		return fail(at, key, "must be an integer in range, not negative");
	*out = (uint64_t)i;
	return true;
}

static bool read_u32(struct at *at, struct jval obj, const char *key, uint32_t *out)
{
	uint64_t v;

	if (!read_u64(at, obj, key, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool read_fixed(struct at *at, struct jval obj, const char *key, void *out, size_t n)
{
	char why[64];
	struct jval v;

	if (!member(at, obj, key, &v))
		return false;
	snprintf(why, sizeof(why), "must be 0x and %zu hex digits", 2 * n);
	return json_hex_fixed(v, out, n) || fail(at, key, why);
}

static bool text_of(struct at *at, struct jval v, const char *key, const char **out)
{
	const char *s;
	size_t n;

	if (!json_str(v, &s, &n) || n > 200 || memchr(s, 0, n))
		return fail(at, key, "must be a string of at most 200 bytes");
	*out = arena_printf(at->mem, "%.*s", (int)n, s);
	return true;
}

static bool read_text(struct at *at, struct jval obj, const char *key, const char **out)
{
	struct jval v;

	return member(at, obj, key, &v) && text_of(at, v, key, out);
}

/* Files of older programs do not have it. */
static bool read_text_if(struct at *at, struct jval obj, const char *key, const char **out)
{
	struct jval v;

	return !json_get(obj, key, &v) || text_of(at, v, key, out);
}

/* "0x..." of any length up to max bytes. */
static bool hex_of(struct at *at, struct jval v, const char *key, size_t max, struct bytes *out)
{
	const char *s;
	uint8_t *p;
	size_t n;

	if (!json_str(v, &s, &n) || n < 2 || n % 2 || s[0] != '0' || s[1] != 'x')
		return fail(at, key, "must be 0x and an even number of hex digits");
	n = (n - 2) / 2;
	if (n > max)
		return fail(at, key, "is too long");
	p = arena_alloc(at->mem, n);
	if (!hex_decode(p, s + 2, n))
		return fail(at, key, "has a character that is no hex digit");
	*out = (struct bytes){p, n};
	return true;
}

static bool read_hex(struct at *at, struct jval obj, const char *key, size_t max, struct bytes *out)
{
	struct jval v;

	return member(at, obj, key, &v) && hex_of(at, v, key, max, out);
}

static bool array_of(struct at *at, struct jval obj, const char *key, size_t max, struct jval *out)
{
	if (!member(at, obj, key, out))
		return false;
	if (json_type(*out) != JSON_ARRAY)
		return fail(at, key, "must be an array");
	return json_count(*out) <= max || fail(at, key, "has too many items");
}

/* ---- parts ---- */

static bool read_proof(struct at *at, struct jval obj, const char *key, struct evidence_proof *out)
{
	struct jval list, v;
	struct jiter it;
	size_t mark;

	if (!array_of(at, obj, key, EVIDENCE_NODES_MAX, &list))
		return false;
	out->nodes = arena_calloc(at->mem, json_count(list) + 1, sizeof(*out->nodes));
	mark = enter(at, key);
	json_iter(list, &it);
	while (json_next(&it, &v)) {
		size_t here = enter_item(at, out->n);

		if (!hex_of(at, v, NULL, EVIDENCE_FILE_MAX, &out->nodes[out->n++]))
			return false;
		leave(at, here);
	}
	leave(at, mark);
	return true;
}

static bool read_inputs(struct at *at, struct jval obj, const char *key, bool indexable,
	struct abi_param **out, size_t *n, unsigned depth);

static bool read_input(struct at *at, struct jval v, bool indexable, struct abi_param *p,
	unsigned depth)
{
	static const char *const known[] = {"name", "type", "indexed", "components", NULL};
	struct abi_param *fields = NULL;
	struct jval flag;
	const char *type;

	if (!only(at, v, known) || !read_text(at, v, "name", &p->name) ||
		!read_text(at, v, "type", &type))
		return false;
	if (!abi_type_parse(&p->type, type))
		return fail(at, "type", "is no ABI type");
	if (json_get(v, "indexed", &flag) && (!indexable || !json_bool(flag, &p->indexed)))
		return fail(at, "indexed", "must be true or false, and only of a parameter of the event");
	if (p->type.base != ABI_TUPLE)
		return !json_get(v, "components", &flag) ||
			fail(at, "components", "are for tuples only");
	if (depth == TUPLE_MAX)
		return fail(at, "components", "are nested too deep");
	if (!read_inputs(at, v, "components", false, &fields, &p->type.field_count, depth + 1))
		return false;
	p->type.fields = fields;
	return true;
}

static bool read_inputs(struct at *at, struct jval obj, const char *key, bool indexable,
	struct abi_param **out, size_t *n, unsigned depth)
{
	struct jval list, v;
	struct jiter it;
	size_t mark;

	if (!array_of(at, obj, key, INPUTS_MAX, &list))
		return false;
	*out = arena_calloc(at->mem, json_count(list) + 1, sizeof(**out));
	*n = 0;
	mark = enter(at, key);
	json_iter(list, &it);
	while (json_next(&it, &v)) {
		size_t here = enter_item(at, *n);

		if (!read_input(at, v, indexable, &(*out)[(*n)++], depth))
			return false;
		leave(at, here);
	}
	leave(at, mark);
	return true;
}

static bool read_event(struct at *at, struct jval claim, struct evidence *ev)
{
	static const char *const known[] = {"name", "inputs", NULL};
	struct abi_event *out = &ev->event;
	struct jval v, args;
	struct buf text;
	size_t mark;

	if (!member(at, claim, "event", &v) || !member(at, claim, "args", &args))
		return false;
	if (json_is_null(v))
		return json_is_null(args) || fail(at, "args", "must be null without an event");
	mark = enter(at, "event");
	if (!only(at, v, known) || !read_text(at, v, "name", &out->name) ||
		!read_inputs(at, v, "inputs", true, &out->params, &out->param_count, 0))
		return false;
	leave(at, mark);
	for (size_t i = 0; i < out->param_count; i++)
		out->indexed_count += out->params[i].indexed;
	if (out->indexed_count > 3)
		return fail(at, "event.inputs", "has more than three indexed parameters");
	if (json_type(args) != JSON_OBJECT)
		return fail(at, "args", "must be an object where there is an event");
	buf_init(&text, 65536);
	abi_signature(&text, out->name, out->params, out->param_count);
	out->signature = text.bad ? NULL : arena_strdup(at->mem, text.p);
	keccak256(&out->topic0, text.p, text.n);
	buf_free(&text);
	if (!out->signature)
		return fail(at, "event", "its signature is too long");
	buf_init(&text, JSON_MAX);
	json_dump(&text, args);
	ev->args = arena_bytes(at->mem, text.p, text.n);
	buf_free(&text);
	out->validator_param = -1;
	ev->has_event = true;
	return true;
}

static bool read_topics(struct at *at, struct jval claim, struct log *l)
{
	struct jval list, v;
	struct jiter it;
	size_t mark;

	if (!array_of(at, claim, "topics", LOG_TOPICS_MAX, &list))
		return false;
	mark = enter(at, "topics");
	json_iter(list, &it);
	while (json_next(&it, &v)) {
		size_t here = enter_item(at, l->topic_count);

		if (!json_hex_fixed(v, l->topics[l->topic_count++].b, 32))
			return fail(at, NULL, "must be 0x and 64 hex digits");
		leave(at, here);
	}
	leave(at, mark);
	return true;
}

static bool read_kind(struct at *at, struct jval claim, enum header_kind *out)
{
	static const char *const names[] = {"ethereum", "bttc", "tron"};
	static const enum header_kind kinds[] = {HEADER_ETHEREUM, HEADER_BTTC, HEADER_TRON};
	const char *text;

	if (!read_text(at, claim, "kind", &text))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			*out = kinds[i];
			return true;
		}
	return fail(at, "kind", "must be ethereum, bttc or tron");
}

static bool read_claim(struct at *at, struct jval root, struct evidence *ev)
{
	static const char *const known[] = {"chain", "chain_id", "kind", "block", "block_hash", "time",
		"tx", "tx_index", "log_index", "log_position", "address", "topics", "data", "event",
		"args", NULL};
	struct jval v;
	size_t mark;

	if (!member(at, root, "claim", &v))
		return false;
	mark = enter(at, "claim");
	if (!only(at, v, known) || !read_text(at, v, "chain", &ev->chain) ||
		!read_u64(at, v, "chain_id", INT64_MAX, &ev->chain_id) || !read_kind(at, v, &ev->kind) ||
		!read_u64(at, v, "block", INT64_MAX, &ev->block.number) ||
		!read_fixed(at, v, "block_hash", ev->block.hash.b, 32) ||
		!read_u64(at, v, "time", INT64_MAX, &ev->time) ||
		!read_fixed(at, v, "tx", ev->log.tx_hash.b, 32) ||
		!read_u32(at, v, "tx_index", &ev->log.tx_index) ||
		!read_u32(at, v, "log_index", &ev->log.log_index) ||
		!read_u32(at, v, "log_position", &ev->log_position) ||
		!read_fixed(at, v, "address", ev->log.address.b, 20) || !read_topics(at, v, &ev->log) ||
		!read_hex(at, v, "data", EVIDENCE_FILE_MAX, &ev->log.data) || !read_event(at, v, ev))
		return false;
	leave(at, mark);
	return true;
}

static bool read_origin(struct at *at, struct jval root, struct evidence *ev)
{
	struct evidence_origin *o = &ev->origin;
	struct jval v;
	size_t mark;

	if (!member(at, root, "origin", &v))
		return false;
	if (json_type(v) != JSON_OBJECT)
		return fail(at, "origin", "must be an object");
	mark = enter(at, "origin");
	if (!read_text(at, v, "version", &o->version) || !read_text(at, v, "network", &o->network) ||
		!read_fixed(at, v, "network_sha256", o->network_sha256.b, 32) ||
		!read_text(at, v, "rule_set", &o->rule_set) ||
		!read_text_if(at, v, "git_revision", &o->git_revision) ||
		!read_text_if(at, v, "ledger_rules", &o->ledger_rules) ||
		!read_text_if(at, v, "staking_rules", &o->staking_rules))
		return false;
	leave(at, mark);
	return true;
}

static bool read_endpoints(struct at *at, struct jval tron, struct evidence *ev)
{
	static const char *const known[] = {"name", "digest", NULL};
	struct jval list, v;
	struct jiter it;
	size_t mark;

	if (!array_of(at, tron, "endpoints", ENDPOINTS_MAX, &list))
		return false;
	ev->endpoints = arena_calloc(at->mem, json_count(list) + 1, sizeof(*ev->endpoints));
	mark = enter(at, "endpoints");
	json_iter(list, &it);
	while (json_next(&it, &v)) {
		struct evidence_endpoint *p = &ev->endpoints[ev->endpoint_count];
		size_t here = enter_item(at, ev->endpoint_count++);

		if (!only(at, v, known) || !read_text(at, v, "name", &p->name) ||
			!read_fixed(at, v, "digest", p->digest.b, 32))
			return false;
		leave(at, here);
	}
	leave(at, mark);
	return true;
}

/* raw_data and witness_signature are null where no native endpoint gave them. */
static bool read_tron(struct at *at, struct jval root, struct evidence *ev)
{
	static const char *const known[] = {"raw_data", "witness_signature", "endpoints", NULL};
	struct jval v, raw, sig;
	size_t mark;

	if (!member(at, root, "tron", &v))
		return false;
	mark = enter(at, "tron");
	if (!only(at, v, known) || !member(at, v, "raw_data", &raw) ||
		!member(at, v, "witness_signature", &sig))
		return false;
	if (json_is_null(raw) != json_is_null(sig))
		return fail(at, NULL, "raw_data and witness_signature belong together");
	if (!json_is_null(raw) && (!hex_of(at, raw, "raw_data", 4096, &ev->header) ||
		!hex_of(at, sig, "witness_signature", 65, &ev->witness_signature)))
		return false;
	if (ev->witness_signature.p && ev->witness_signature.n != 65)
		return fail(at, "witness_signature", "must be 65 bytes");
	if (!read_endpoints(at, v, ev))
		return false;
	leave(at, mark);
	return true;
}

static bool read_whole(struct at *at, struct jval root, bool inner, struct evidence **out);

static bool read_path(struct at *at, struct jval v, struct evidence_checkpoint *c)
{
	struct jval list, x;
	struct jiter it;
	size_t mark;

	if (!array_of(at, v, "path", CHECKPOINT_PATH_MAX, &list))
		return false;
	mark = enter(at, "path");
	json_iter(list, &it);
	while (json_next(&it, &x)) {
		size_t here = enter_item(at, c->path_n);

		if (!json_hex_fixed(x, c->path[c->path_n++].b, 32))
			return fail(at, NULL, "must be 0x and 64 hex digits");
		leave(at, here);
	}
	leave(at, mark);
	return true;
}

static bool read_checkpoint(struct at *at, struct jval root, struct evidence *ev)
{
	static const char *const known[] = {"header_block_id", "start", "end", "root", "path",
		"evidence", NULL};
	struct evidence_checkpoint *c = &ev->checkpoint;
	struct jval v, inner;
	size_t mark;

	if (!member(at, root, "checkpoint", &v))
		return false;
	if (json_is_null(v))
		return true;
	mark = enter(at, "checkpoint");
	if (ev->kind != HEADER_BTTC)
		return fail(at, NULL, "only blocks of BTTC have one");
	if (!only(at, v, known) || !read_u64(at, v, "header_block_id", INT64_MAX, &c->header_block_id) ||
		!read_u64(at, v, "start", INT64_MAX, &c->start) ||
		!read_u64(at, v, "end", INT64_MAX, &c->end) ||
		!read_fixed(at, v, "root", c->root.b, 32) || !read_path(at, v, c) ||
		!member(at, v, "evidence", &inner))
		return false;
	if (!json_is_null(inner)) {
		size_t here = enter(at, "evidence");

		if (!read_whole(at, inner, true, &c->of))
			return false;
		leave(at, here);
	}
	ev->has_checkpoint = true;
	leave(at, mark);
	return true;
}

static bool read_whole(struct at *at, struct jval root, bool inner, struct evidence **out)
{
	static const char *const provable[] = {"format", "origin", "claim", "header", "receipt_proof",
		"transaction_proof", "checkpoint", NULL};
	static const char *const tron[] = {"format", "origin", "claim", "tron", NULL};
	struct evidence *ev = arena_calloc(at->mem, 1, sizeof(*ev));
	const char *format;

	*out = ev;
	if (json_type(root) != JSON_OBJECT)
		return fail(at, inner ? NULL : "file", "must be an object");
	if (!read_text(at, root, "format", &format))
		return false;
	if (strcmp(format, EVIDENCE_FORMAT))
		return fail(at, "format", "is not " EVIDENCE_FORMAT);
	if (!read_origin(at, root, ev) || !read_claim(at, root, ev))
		return false;
	if (!only(at, root, ev->kind == HEADER_TRON ? tron : provable))
		return false;
	if (ev->kind == HEADER_TRON)
		return read_tron(at, root, ev);
	if (!read_hex(at, root, "header", 65536, &ev->header) ||
		!read_proof(at, root, "receipt_proof", &ev->receipt) ||
		!read_proof(at, root, "transaction_proof", &ev->tx) || !read_checkpoint(at, root, ev))
		return false;
	return !inner || !ev->has_checkpoint ||
		fail(at, "checkpoint", "evidence of a checkpoint has none itself");
}

enum err_kind evidence_read(struct evidence **out, const char *text, size_t n, struct arena *mem,
	struct err *e)
{
	struct json_parser *parser = json_parser_new(EVIDENCE_FILE_MAX);
	struct at at = {.mem = mem, .e = e};
	struct jval root;
	enum err_kind k = json_parse(parser, text, n, &root, e);

	if (!k && !read_whole(&at, root, false, out))
		k = e->kind;
	json_parser_free(parser);
	return k;
}
