/* The parts of a URL: path, query string, cursor. Input: "path?query". */
#include "api/cursor.h"
#include "api/query.h"
#include "api/route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct network *load(void)
{
	struct network *net;
	struct err e;

	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 1);
	if (network_load(&net, "golden", &e))
		abort();
	return net;
}

static void check_query(
	const struct network *net, unsigned allowed, struct text raw, struct arena *mem)
{
	static const struct hash32 bound = {{9}};
	struct query_fault fault;
	struct cursor cur, again;
	char text[CURSOR_TEXT_MAX];
	struct query q;
	struct buf b;

	if (!query_parse(&q, net, allowed, raw, mem, &fault)) {
		if (!*fault.detail || strlen(fault.parameter) > 64)
			abort();
		return;
	}
	if (q.limit < 1 || q.limit > QUERY_LIMIT_MAX || (q.given & ~allowed))
		abort();
	buf_init(&b, 10000);
	query_canonical(&q, &b);
	if (b.bad)
		abort();
	buf_free(&b);
	if (!cursor_decode(&cur, &bound, q.cursor.p, q.cursor.n))
		return;
	cursor_encode(&cur, &bound, text);
	if (!cursor_decode(&again, &bound, text, strlen(text)) || strlen(text) != q.cursor.n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct network *net;
	static struct arena *mem;
	struct text args[CALL_ARGS_MAX], path = {(const char *)data, size}, query = {"", 0};
	const char *mark = size ? memchr(data, '?', size) : NULL;
	const struct route *r;
	bool bad;

	if (!net) {
		net = load();
		mem = arena_new(1 << 20);
	}
	if (mark) {
		path.n = (size_t)(mark - path.p);
		query = (struct text){mark + 1, size - path.n - 1};
	}
	r = route_find(path, mem, args, &bad);
	if (r && bad)
		abort();
	check_query(net, r ? r->params : (1u << PARAM_COUNT) - 1, query, mem);
	arena_reset(mem);
	return 0;
}
