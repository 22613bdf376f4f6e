/*
 * Any types and any data through the ABI decoder. Input: number of parameters, their types (a byte
 * a base, a byte of dimensions), then the data. What the strict decoder accepts, the lenient one
 * must read as the same values; decoded bytes lie inside the data; memory stays in proportion to
 * the data.
 */
#include "base/json.h"
#include "chain/abi.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define PARAMS_MAX 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(struct bytes *in)
{
	uint8_t b = 0;

	if (in->n) {
		b = in->p[0];
		*in = (struct bytes){in->p + 1, in->n - 1};
	}
	return b;
}

static void take_type(struct bytes *in, struct abi_type *t, unsigned depth, struct arena *mem)
{
	static const char *const bases[] = {"uint256", "uint8", "int256", "int40", "address",
		"bool", "bytes32", "bytes4", "bytes", "string", "tuple"};
	uint8_t dims;

	MUST(abi_type_parse(t, bases[take(in) % (depth < 3 ? 11 : 10)]));
	dims = take(in);
	for (t->dim_count = 0; t->dim_count < 3 && dims & 1; t->dim_count++, dims >>= 2)
		t->dims[t->dim_count] = dims & 2 ? -1 : 2;
	if (t->base == ABI_TUPLE) {
		struct abi_param *f;

		t->field_count = 1 + take(in) % 3;
		t->fields = f = arena_calloc(mem, t->field_count, sizeof(*f));
		for (size_t i = 0; i < t->field_count; i++) {
			f[i].name = "";
			take_type(in, &f[i].type, depth + 1, mem);
		}
	}
}

static void inside(const struct abi_value *v, struct bytes data)
{
	if (v->data.n)
		MUST(v->data.p >= data.p && v->data.p + v->data.n <= data.p + data.n);
	for (size_t i = 0; i < v->item_count; i++)
		inside(&v->items[i], data);
}

static void json(struct buf *b, const struct abi_value *v, size_t n, struct bytes data)
{
	struct jw w;

	jw_init(&w, b);
	jw_arr(&w);
	for (size_t i = 0; i < n; i++) {
		inside(&v[i], data);
		abi_value_json(&w, &v[i]);
	}
	jw_arr_end(&w);
}

static void decode(const struct abi_param *p, size_t n, struct bytes data, struct arena *mem)
{
	struct abi_event ev = {.name = "E", .params = (struct abi_param *)p, .param_count = n};
	struct log l = {.topic_count = 1, .data = data};
	struct abi_value *strict = NULL, *lenient = NULL;
	struct buf a, b;
	struct err e;
	size_t before = arena_used(mem);
	bool ok = !abi_decode_event(&ev, &l, mem, &strict, &e);
	bool also = !abi_decode_params(p, n, data, mem, &lenient, &e);

	MUST(arena_used(mem) - before < (1u << 16) + 200 * data.n);
	MUST(also || !ok);
	buf_init(&a, 1u << 26);
	buf_init(&b, 1u << 26);
	if (ok)
		json(&a, strict, n, data);
	if (also)
		json(&b, lenient, n, data);
	if (ok)
		MUST(a.n == b.n && !memcmp(a.p, b.p, a.n));
	buf_free(&a);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_new(1u << 28);
	struct bytes in = {data, size};
	struct abi_param p[PARAMS_MAX];
	size_t n = take(&in) % (PARAMS_MAX + 1);
	uint8_t *exact;

	memset(p, 0, sizeof(p));
	for (size_t i = 0; i < n; i++) {
		p[i].name = "p";
		take_type(&in, &p[i].type, 0, mem);
	}
	exact = malloc(in.n + !in.n); /* so that the sanitizer sees every read outside */
	if (in.n)
		memcpy(exact, in.p, in.n);
	decode(p, n, (struct bytes){exact, in.n}, mem);
	free(exact);
	arena_free(mem);
	return 0;
}
