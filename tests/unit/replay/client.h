#ifndef TESTS_UNIT_REPLAY_CLIENT_H
#define TESTS_UNIT_REPLAY_CLIENT_H

/* Questions and answers as JSON, judged by jansson. */
#include "http.h"

#include <jansson.h>

/** The parsed body of an answer with status 200. */
static inline json_t *post_json(struct client *c, const char *path, const char *body)
{
	struct http h = post(c, path, body);
	json_error_t je;
	json_t *v;

	assert_int_equal(h.status, 200);
	assert_false(h.cut);
	v = json_loadb(h.body, h.n, 0, &je);
	if (!v)
		fail_msg("no JSON: %s: %.200s", je.text, h.body);
	free(h.body);
	return v;
}

/** A whole response object; params: JSON text. */
static inline json_t *call(
	struct client *c, const char *path, const char *method, const char *params)
{
	size_t n = strlen(method) + strlen(params) + 100;
	char *body = malloc(n);
	json_t *v;

	snprintf(body, n, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}", method,
		params);
	v = post_json(c, path, body);
	free(body);
	assert_int_equal(json_integer_value(json_object_get(v, "id")), 7);
	return v;
}

/** The result, which must be there; the caller decrefs. */
static inline json_t *result(
	struct client *c, const char *path, const char *method, const char *params)
{
	json_t *v = call(c, path, method, params), *r = json_object_get(v, "result");

	if (!r)
		fail_msg("%s %s: %s", method, params, json_dumps(v, 0));
	json_incref(r);
	json_decref(v);
	return r;
}

static inline long error_code(
	struct client *c, const char *path, const char *method, const char *params)
{
	json_t *v = call(c, path, method, params);
	long code = (long)json_integer_value(json_object_get(json_object_get(v, "error"), "code"));

	json_decref(v);
	return code;
}

static inline uint64_t quantity(
	struct client *c, const char *path, const char *method, const char *params)
{
	json_t *v = result(c, path, method, params);
	uint64_t n = strtoull(json_string_value(v), NULL, 16);

	json_decref(v);
	return n;
}

static inline uint64_t head_of(struct client *c, const char *path)
{
	return quantity(c, path, "eth_blockNumber", "[]");
}

static inline void control(struct client *c, const char *body)
{
	struct http h = post(c, "/control", body);

	if (h.status != 200)
		fail_msg("control %s: %d %s", body, h.status, h.body);
	free(h.body);
}

/** Hits of fault i. */
static inline long fault_hits(struct client *c, size_t i)
{
	struct http h = ask_http(c->fd, "GET", "/control", "", 0);
	json_t *v = json_loadb(h.body, h.n, 0, NULL);
	long n;

	assert_int_equal(h.status, 200);
	n = (long)json_integer_value(
		json_object_get(json_array_get(json_object_get(v, "faults"), i), "hits"));
	json_decref(v);
	free(h.body);
	return n;
}

static inline json_t *load_gz(const char *path)
{
	size_t n;
	char *p = read_gz(path, &n);
	json_t *v = json_loadb(p, n, JSON_DECODE_ANY, NULL);

	free(p);
	assert_non_null(v);
	return v;
}

#endif
