/*
 * C face of simdjson's DOM (the project's only C++). A jval is an index into the document's tape:
 * it holds nothing and costs nothing to copy. Tape layout: doc/tape.md of simdjson. The high byte of a
 * tape word is the type, the low 56 bits the payload; for '[' and '{' the low 32 bits are the index
 * after the matching close, the next 24 bits the (saturated) count.
 */
extern "C" {
#include "base/json.h"
}

#include <cstdlib>
#include <cstring>
#include <simdjson.h>

using namespace simdjson;

struct json_parser {
	dom::parser p;
	size_t max_bytes;
};

static inline const dom::document *doc_of(const void *p)
{
	return static_cast<const dom::document *>(p);
}

static inline uint64_t word(const void *doc, size_t at)
{
	return doc_of(doc)->tape[at];
}

static inline char type_at(const void *doc, size_t at)
{
	return char(word(doc, at) >> 56);
}

/* Tape index just after the value at `at`. */
static inline size_t after(const void *doc, size_t at)
{
	switch (type_at(doc, at)) {
	case '[':
	case '{': return uint32_t(word(doc, at));
	case 'l':
	case 'u':
	case 'd': return at + 2;
	default: return at + 1;
	}
}

static inline const char *text_at(const void *doc, size_t at, size_t *n)
{
	const uint8_t *s = doc_of(doc)->string_buf.get() + (word(doc, at) & 0x00ffffffffffffffull);
	uint32_t len;

	memcpy(&len, s, sizeof(len));
	*n = len;
	return reinterpret_cast<const char *>(s + sizeof(len));
}

extern "C" {

struct json_parser *json_parser_new(size_t max_bytes)
{
	json_parser *p = new (std::nothrow) json_parser;

	if (!p)
		abort();
	p->max_bytes = max_bytes;
	return p;
}

void json_parser_free(struct json_parser *p)
{
	delete p;
}

enum err_kind json_parse(struct json_parser *p, const char *text, size_t n, struct jval *root,
	struct err *e)
{
	if (n > p->max_bytes)
		return err_set(e, ERR_REJECT, "json", 0, "%zu bytes, at most %zu are taken", n,
			p->max_bytes);
	if (p->p.max_depth() != 64 || p->p.capacity() < n) {
		error_code rc = p->p.allocate(n < 4096 ? 4096 : n, 64);

		if (rc)
			return err_set(e, ERR_REJECT, "json", 0, "%s", error_message(rc));
	}
	error_code rc = p->p.parse(reinterpret_cast<const uint8_t *>(text), n, true).error();
	if (rc)
		return err_set(e, ERR_REJECT, "json", 0, "not JSON: %s", error_message(rc));
	root->doc = &p->p.doc;
	root->at = 1;
	return ERR_NONE;
}

enum json_type json_type(struct jval v)
{
	switch (type_at(v.doc, v.at)) {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case '"': return JSON_STRING;
	case 't':
	case 'f': return JSON_BOOL;
	case 'n': return JSON_NULL;
	default: return JSON_NUMBER;
	}
}

bool json_is_null(struct jval v)
{
	return type_at(v.doc, v.at) == 'n';
}

bool json_get(struct jval v, const char *key, struct jval *out)
{
	struct jiter it;
	struct jval x;
	const char *k;
	size_t n, want = strlen(key);

	if (type_at(v.doc, v.at) != '{')
		return false;
	json_iter(v, &it);
	while (json_next_member(&it, &k, &n, &x))
		if (n == want && !memcmp(k, key, n)) {
			*out = x;
			return true;
		}
	return false;
}

bool json_str(struct jval v, const char **s, size_t *n)
{
	if (type_at(v.doc, v.at) != '"')
		return false;
	*s = text_at(v.doc, v.at, n);
	return true;
}

bool json_bool(struct jval v, bool *out)
{
	char t = type_at(v.doc, v.at);

	*out = t == 't';
	return t == 't' || t == 'f';
}

bool json_i64(struct jval v, int64_t *out)
{
	char t = type_at(v.doc, v.at);

	if (t != 'l' && t != 'u')
		return false;
	uint64_t w = word(v.doc, v.at + 1);
	if (t == 'u' && w > uint64_t(INT64_MAX))
		return false;
	*out = int64_t(w);
	return true;
}

void json_iter(struct jval v, struct jiter *it)
{
	char t = type_at(v.doc, v.at);

	it->doc = v.doc;
	it->object = t == '{';
	if (t == '{' || t == '[') {
		it->at = v.at + 1;
		it->end = uint32_t(word(v.doc, v.at)) - 1;
	} else {
		it->at = it->end = v.at;
	}
}

bool json_next(struct jiter *it, struct jval *out)
{
	if (it->at >= it->end)
		return false;
	if (it->object)
		it->at++;
	out->doc = it->doc;
	out->at = it->at;
	it->at = after(it->doc, it->at);
	return true;
}

bool json_next_member(struct jiter *it, const char **key, size_t *key_len, struct jval *out)
{
	if (it->at >= it->end || !it->object)
		return false;
	*key = text_at(it->doc, it->at, key_len);
	return json_next(it, out);
}

size_t json_count(struct jval v)
{
	struct jiter it;
	struct jval x;
	size_t n = 0;

	json_iter(v, &it);
	while (json_next(&it, &x))
		n++;
	return n;
}

static void dump_scalar(struct jw *w, struct jval v)
{
	const char *s;
	size_t n;
	uint64_t bits;
	double d;
	char t[40];

	switch (type_at(v.doc, v.at)) {
	case '"':
		s = text_at(v.doc, v.at, &n);
		jw_strn(w, s, n);
		break;
	case 't': jw_bool(w, true); break;
	case 'f': jw_bool(w, false); break;
	case 'l': jw_i64(w, int64_t(word(v.doc, v.at + 1))); break;
	case 'u': jw_u64(w, word(v.doc, v.at + 1)); break;
	case 'd':
		bits = word(v.doc, v.at + 1);
		memcpy(&d, &bits, sizeof(d));
		snprintf(t, sizeof(t), "%.17g", d);
		jw_raw(w, t, strlen(t));
		break;
	default: jw_null(w); break;
	}
}

static void dump(struct jw *w, struct jval v)
{
	struct jiter it;
	struct jval x;
	const char *k;
	size_t n;

	switch (json_type(v)) {
	case JSON_OBJECT:
		jw_obj(w);
		json_iter(v, &it);
		while (json_next_member(&it, &k, &n, &x)) {
			jw_strn(w, k, n);
			buf_chr(w->b, ':');
			w->comma = false;
			dump(w, x);
		}
		jw_obj_end(w);
		break;
	case JSON_ARRAY:
		jw_arr(w);
		json_iter(v, &it);
		while (json_next(&it, &x))
			dump(w, x);
		jw_arr_end(w);
		break;
	case JSON_NULL:
	case JSON_BOOL:
	case JSON_NUMBER:
	case JSON_STRING: dump_scalar(w, v); break;
	}
}

void json_dump(struct buf *out, struct jval v)
{
	struct jw w;

	jw_init(&w, out);
	dump(&w, v);
}
}
