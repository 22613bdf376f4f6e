/* See abi_set.h. Written apart from the program's own ABI reader, so that one checks the other. */
#include "lib/abi_set.h"

#include "chain/keccak.h"
#include "lib/recording.h"

#include <stdio.h>
#include <stdlib.h>

static void read_params(struct jval list, struct arena *mem, struct abi_param **out, size_t *n)
{
	struct abi_param *p = arena_calloc(mem, json_count(list), sizeof(*p));
	struct jiter it;
	struct jval v, x;

	*n = 0;
	for (json_iter(list, &it); json_next(&it, &v); (*n)++) {
		struct abi_param *q = &p[*n];

		q->name = rec_str(rec_get(v, "name"), mem);
		if (json_get(v, "indexed", &x))
			(void)json_bool(x, &q->indexed);
		if (!abi_type_parse(&q->type, rec_str(rec_get(v, "type"), mem))) {
			fprintf(stderr, "abi_set: unknown type of %s\n", q->name);
			exit(2);
		}
		if (q->type.base == ABI_TUPLE) {
			struct abi_param *fields;

			read_params(rec_get(v, "components"), mem, &fields, &q->type.field_count);
			q->type.fields = fields;
		}
	}
	*out = p;
}

static const char *signature(const char *name, const struct abi_param *p, size_t n,
	struct arena *mem, struct hash32 *hash)
{
	const char *text;
	struct buf b;

	buf_init(&b, 10000);
	abi_signature(&b, name, p, n);
	keccak256(hash, b.p, b.n);
	text = arena_strdup(mem, b.p);
	buf_free(&b);
	return text;
}

static void read_event(struct jval v, const char *contract, struct arena *mem, struct abi_event *ev)
{
	struct jval x;

	*ev = (struct abi_event){.contract = contract, .validator_param = -1};
	ev->name = rec_str(rec_get(v, "name"), mem);
	read_params(rec_get(v, "inputs"), mem, &ev->params, &ev->param_count);
	for (size_t i = 0; i < ev->param_count; i++)
		ev->indexed_count += ev->params[i].indexed;
	if (json_get(v, "anonymous", &x))
		(void)json_bool(x, &ev->anonymous);
	ev->signature = signature(ev->name, ev->params, ev->param_count, mem, &ev->topic0);
}

static void read_function(struct jval v, const char *contract, struct arena *mem,
	struct abi_function *f)
{
	struct hash32 hash;

	*f = (struct abi_function){.contract = contract};
	f->name = rec_str(rec_get(v, "name"), mem);
	read_params(rec_get(v, "inputs"), mem, &f->params, &f->param_count);
	f->signature = signature(f->name, f->params, f->param_count, mem, &hash);
	memcpy(f->selector, hash.b, 4);
}

void abi_set_add(struct abi_set *s, const char *name, struct arena *mem)
{
	char path[200];
	struct json_parser *p;
	size_t events = s->event_count, functions = s->function_count, n;
	struct jval root, v;
	struct jiter it;

	snprintf(path, sizeof(path), "../schema/abi/%s.json", name);
	p = rec_file(path, &root);
	n = json_count(root);
	name = arena_strdup(mem, name);
	arena_grow(mem, &s->events, &events, s->event_count + n, sizeof(*s->events));
	arena_grow(mem, &s->functions, &functions, s->function_count + n, sizeof(*s->functions));
	for (json_iter(root, &it); json_next(&it, &v);) {
		const char *type = rec_str(rec_get(v, "type"), mem);

		if (!strcmp(type, "event"))
			read_event(v, name, mem, &s->events[s->event_count++]);
		else if (!strcmp(type, "function"))
			read_function(v, name, mem, &s->functions[s->function_count++]);
	}
	rec_file_free(p);
}

const struct abi_event *abi_set_event(const struct abi_set *s, const struct log *l)
{
	for (size_t i = 0; i < s->event_count; i++)
		if (l->topic_count == s->events[i].indexed_count + 1u &&
			hash_eq(&s->events[i].topic0, &l->topics[0]))
			return &s->events[i];
	return NULL;
}

const struct abi_function *abi_set_function(const struct abi_set *s, struct bytes input)
{
	for (size_t i = 0; input.n >= 4 && i < s->function_count; i++)
		if (!memcmp(s->functions[i].selector, input.p, 4))
			return &s->functions[i];
	return NULL;
}

/* ---- encoding ------------------------------------------------------------------------------ */

static bool dynamic(const struct abi_value *v)
{
	const struct abi_type *t = v->type;

	for (unsigned i = 0; i < v->dim; i++)
		if (t->dims[i] < 0)
			return true;
	if (t->base == ABI_TUPLE) {
		for (size_t i = 0; i < t->field_count; i++) {
			struct abi_value field = {.type = &t->fields[i].type,
				.dim = t->fields[i].type.dim_count};

			if (dynamic(&field))
				return true;
		}
	}
	return t->base == ABI_BYTES || t->base == ABI_STRING;
}

static void put_word(struct buf *out, uint64_t v)
{
	uint8_t word[32];

	u256_to_be(word, u256_u64(v));
	buf_add(out, word, 32);
}

static void encode_value(struct buf *out, const struct abi_value *v);

static size_t static_size(const struct abi_value *v)
{
	struct buf b;
	size_t n;

	buf_init(&b, 1u << 24);
	encode_value(&b, v);
	n = b.n;
	buf_free(&b);
	return n;
}

/* A sequence of values: heads, then the tails of the dynamic ones. */
static void encode_list(struct buf *out, const struct abi_value *const *v, size_t n)
{
	size_t head = 0;
	struct buf tail;

	buf_init(&tail, 1u << 24);
	for (size_t i = 0; i < n; i++)
		head += dynamic(v[i]) ? 32 : static_size(v[i]);
	for (size_t i = 0; i < n; i++) {
		if (dynamic(v[i])) {
			put_word(out, head + tail.n);
			encode_value(&tail, v[i]);
		} else {
			encode_value(out, v[i]);
		}
	}
	buf_add(out, tail.p, tail.n);
	buf_free(&tail);
}

static void encode_value(struct buf *out, const struct abi_value *v)
{
	static const uint8_t zero[32];

	if (v->dim || v->type->base == ABI_TUPLE) {
		const struct abi_value **list = calloc(v->item_count + 1, sizeof(*list));

		for (size_t i = 0; i < v->item_count; i++)
			list[i] = &v->items[i];
		if (v->dim && v->type->dims[v->dim - 1] < 0)
			put_word(out, v->item_count);
		encode_list(out, list, v->item_count);
		free(list);
	} else if (v->type->base == ABI_BYTES || v->type->base == ABI_STRING) {
		put_word(out, v->data.n);
		buf_add(out, v->data.p, v->data.n);
		buf_add(out, zero, (32 - v->data.n % 32) % 32);
	} else {
		buf_add(out, v->word, 32);
	}
}

void abi_set_encode(struct buf *out, const struct abi_param *p, size_t n, const struct abi_value *v,
	bool all)
{
	const struct abi_value **list = calloc(n + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (all || !p[i].indexed)
			list[count++] = &v[i];
	encode_list(out, list, count);
	free(list);
}
