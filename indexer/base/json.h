#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/u256.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Reading: a C face of simdjson's DOM, for everything that arrives in bulk (node answers, recordings).
 * Network files and ABIs are read with jansson, which names lines.
 */

/** Owns the memory of one parsed document; reused for the next. One thread at a time. */
struct json_parser;

/** A value inside the parser's current document; plain value, valid until the next json_parse. */
struct jval {
	const void *doc;
	size_t at;
};

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_parser *json_parser_new(size_t max_bytes);
void json_parser_free(struct json_parser *p);

/**
 * Parse a whole document (UTF-8 and grammar are checked completely).
 * Errors: ERR_REJECT not JSON, nested deeper than 64, or over max_bytes; the message has the reason.
 */
MUST_USE enum err_kind json_parse(struct json_parser *p, const char *text, size_t n,
	struct jval *root, struct err *e);

enum json_type json_type(struct jval v);
bool json_is_null(struct jval v);

/** Member of an object by key; false when v is no object or has no such key. First one wins. */
bool json_get(struct jval v, const char *key, struct jval *out);

/** Text of a string; false when v is none. Not NUL-terminated; valid as long as the document. */
bool json_str(struct jval v, const char **s, size_t *n);
bool json_bool(struct jval v, bool *out);
bool json_i64(struct jval v, int64_t *out); /* integer number that fits */

/** Iterate an array: `struct jiter it; struct jval x; for (json_iter(v, &it); json_next(&it, &x);)`. */
struct jiter {
	const void *doc;
	size_t at, end;
	bool object;
};
void json_iter(struct jval v, struct jiter *it);          /* of no array and no object: empty */
bool json_next(struct jiter *it, struct jval *out);       /* array items, or member values */
bool json_next_member(struct jiter *it, const char **key, size_t *key_len, struct jval *out);
size_t json_count(struct jval v);                          /* items or members; 0 for others */

/** The value as compact JSON text. */
void json_dump(struct buf *out, struct jval v);

/* JSON-RPC forms: hex strings. False when v is no string of that form. */
bool json_hex_fixed(struct jval v, uint8_t *out, size_t n);
bool json_hex_u64(struct jval v, uint64_t *out);
bool json_hex_u256(struct jval v, struct u256 *out);

/*
 * Writing: straight into a buf. Commas are put by the writer; nesting is the caller's.
 */
struct jw {
	struct buf *b;
	bool comma;
};
void jw_init(struct jw *w, struct buf *b);
void jw_obj(struct jw *w);
void jw_obj_end(struct jw *w);
void jw_arr(struct jw *w);
void jw_arr_end(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_str(struct jw *w, const char *s); /* NULL writes null; escapes; bad UTF-8 becomes U+FFFD */
void jw_strn(struct jw *w, const char *s, size_t n);
void jw_u64(struct jw *w, uint64_t v);
void jw_i64(struct jw *w, int64_t v);
void jw_bool(struct jw *w, bool v);
void jw_null(struct jw *w);
void jw_hex(struct jw *w, const void *p, size_t n);     /* "0x..." */
void jw_hex_u64(struct jw *w, uint64_t v);              /* "0x1f", minimal */
void jw_u256(struct jw *w, struct u256 v);              /* decimal string */
void jw_raw(struct jw *w, const char *s, size_t n);     /* already JSON */

#endif
