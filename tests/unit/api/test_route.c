/* Paths, and that schema/api/openapi.json says the same as the route table. */
#include "api/route.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct arena *mem;
static struct text args[CALL_ARGS_MAX];
static bool bad;

static const char *find(const char *path)
{
	const struct route *r = route_find((struct text){path, strlen(path)}, mem, args, &bad);

	return r ? r->pattern : NULL;
}

static void test_find(void **state)
{
	static const char *const none[] = {"", "*", "v1/status", "/v1", "/v1/", "/v1/status/", "//",
		"//v1/status", "/v1//status", "/V1/status", "/v1/statuss", "/v1%2fstatus",
		"/v1/checkpoints/root", "/v1/checkpoints/root/main/0x1",
		"/v1/checkpoints/root/main/0x1/2/3", "/v1/../v1/status", "/a/b/c/d/e/f/g/h/i/j",
		"/{chain}"};

	(void)state;
	assert_string_equal(find("/"), "/");
	assert_string_equal(find("/v1/status"), "/v1/status");
	assert_string_equal(find("/v1/%73tatus"), "/v1/status");
	assert_string_equal(find("/v1/checkpoints"), "/v1/checkpoints");
	assert_string_equal(find("/v1/checkpoints/root/main/0x12/3"),
		"/v1/checkpoints/{chain}/{kind}/{tx}/{log_index}");
	assert_memory_equal(args[0].p, "root", 4);
	assert_memory_equal(args[2].p, "0x12", 4);
	assert_int_equal(args[3].n, 1);
	/* an escaped slash is part of its segment */
	assert_non_null(find("/v1/checkpoints/a%2fb/main/x/3"));
	assert_string_equal(args[0].p, "a/b");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (find(none[i]))
			fail_msg("found %s", none[i]);
		assert_false(bad);
	}
	assert_null(find("/v1/%ff"));
	assert_true(bad);
	assert_null(find("/v1/%4"));
	assert_true(bad);
	assert_null(find("/v1/checkpoints/%00/main/x/3"));
	assert_true(bad);
}

/* A parsed file of schema/api. */
struct doc {
	struct json_parser *parser;
	struct jval root;
};

static struct doc load(const char *name)
{
	static char text[1 << 20];
	struct doc d = {json_parser_new(sizeof(text)), {0}};
	char path[1024];
	struct err e;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/api/%s.json", SCHEMA_DIR, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (json_parse(d.parser, text, n, &d.root, &e))
		fail_msg("%s: %s", path, e.msg);
	return d;
}

/* The member at the end of a path of keys, which must be there; keys end with NULL. */
static struct jval at(struct jval v, const char *const *keys)
{
	for (; *keys; keys++)
		if (!json_get(v, *keys, &v))
			fail_msg("no member %s", *keys);
	return v;
}
#define AT(v, ...) at(v, (const char *const[]){__VA_ARGS__, NULL})

static const char *string(struct jval v)
{
	const char *s;
	size_t n;

	assert_true(json_str(v, &s, &n));
	return arena_printf(mem, "%.*s", (int)n, s);
}

/* Query parameters of an operation as bits; path parameters are counted. */
static unsigned described(struct jval root, struct jval get, size_t *path_count)
{
	struct jval list, p, ref;
	unsigned bits = 0;
	struct jiter it;

	*path_count = 0;
	if (!json_get(get, "parameters", &list))
		return 0;
	for (json_iter(list, &it); json_next(&it, &p);) {
		const char *name;
		enum param id = 0;

		if (!json_get(p, "$ref", &ref)) {
			assert_string_equal(string(AT(p, "in")), "path");
			++*path_count;
			continue;
		}
		name = strrchr(string(ref), '/') + 1;
		while (id < PARAM_COUNT && strcmp(param_name(id), name))
			id++;
		assert_true(id < PARAM_COUNT);
		assert_false(bits & PARAM_BIT(id));
		bits |= PARAM_BIT(id);
		assert_string_equal(
			string(AT(root, "components", "parameters", name, "name")), name);
	}
	return bits;
}

static size_t count_braces(const char *pattern)
{
	size_t n = 0;

	for (; *pattern; pattern++)
		n += *pattern == '{';
	return n;
}

static void check_schema(struct jval root, struct jval get, const char *name)
{
	const char *ref = arena_printf(mem, "openapi.json#/components/schemas/%s", name);
	struct doc file = load(name);

	assert_string_equal(string(AT(file.root, "$ref")), ref);
	assert_string_equal(string(AT(get, "responses", "200", "content", "application/json",
				    "schema", "$ref")),
		strchr(ref, '#'));
	AT(root, "components", "schemas", name, "type");
	json_parser_free(file.parser);
}

static void test_openapi(void **state)
{
	struct doc d = load("openapi");

	(void)state;
	assert_string_equal(string(AT(d.root, "openapi")), "3.1.0");
	assert_int_equal(json_count(AT(d.root, "paths")), ROUTE_COUNT);
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const struct route *r = &ROUTES[i];
		struct jval get = AT(d.root, "paths", r->pattern, "get");
		size_t path_count;

		if (described(d.root, get, &path_count) != r->params)
			fail_msg("parameters of %s differ", r->pattern);
		assert_int_equal(path_count, count_braces(r->pattern));
		if (r->schema)
			check_schema(d.root, get, r->schema);
	}
	json_parser_free(d.parser);
}

static int set_up(void **state)
{
	(void)state;
	mem = arena_new(1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_openapi),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
