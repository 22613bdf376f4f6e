/*
 * Contract ABIs in the JSON form that compilers write.
 *
 * Unlike a network file an ABI may have members that this program does not know: compilers add some
 * with every release. What is read is checked all the same: types, names, at most three indexed
 * parameters. Events are keyed by topic 0 and the number of indexed parameters (ERC-20 and ERC-721
 * Transfer differ only in the latter), functions by selector. Several ABIs may make up one
 * contract: what a second one repeats is skipped, so the names of the first stay.
 */
#include "network/load.h"

#include "chain/keccak.h"

#include <jansson.h>

#define PARAMS_MAX 64
#define DEPTH_MAX  8

static bool read_params(
	struct reader *r, const json_t *list, struct abi_param **out, size_t *n, unsigned depth);

static bool read_type(struct reader *r, const json_t *v, struct abi_type *out, unsigned depth)
{
	const char *text = NULL;
	struct abi_param *fields = NULL;
	size_t mark;

	if (!reader_str(r, v, "type", &text))
		return false;
	if (!text)
		return reader_fail(r, "member \"type\" is missing");
	if (!abi_type_parse(out, text))
		return reader_fail(r, "\"%.60s\" is no ABI type", text);
	if (out->base != ABI_TUPLE)
		return true;
	mark = reader_in(r, "components");
	if (depth == DEPTH_MAX)
		return reader_fail(r, "tuples are nested too deep");
	if (!read_params(
		    r, json_object_get(v, "components"), &fields, &out->field_count, depth + 1))
		return false;
	out->fields = fields;
	reader_out(r, mark);
	return true;
}

static bool read_param(struct reader *r, const json_t *v, struct abi_param *p, unsigned depth)
{
	const json_t *name = json_object_get(v, "name");

	if (!json_is_object(v))
		return reader_fail(r, "must be an object with name and type");
	p->name = "";
	if (name && !json_is_string(name))
		return reader_fail(r, "its name must be a string");
	if (name && json_string_length(name)) {
		p->name = arena_strdup(r->mem, json_string_value(name));
		if (!reader_name(r, p->name, "_$", 128))
			return false;
	}
	return reader_bool(r, v, "indexed", &p->indexed) && read_type(r, v, &p->type, depth);
}

static bool read_params(
	struct reader *r, const json_t *list, struct abi_param **out, size_t *n, unsigned depth)
{
	if (!list)
		return reader_fail(r, "the list of parameters is missing");
	if (!reader_array(r, list, PARAMS_MAX))
		return false;
	*n = json_array_size(list);
	*out = arena_calloc(r->mem, *n ? *n : 1, sizeof(**out));
	for (size_t i = 0; i < *n; i++) {
		size_t mark = reader_in_item(r, i);

		if (!read_param(r, json_array_get(list, i), &(*out)[i], depth))
			return false;
		reader_out(r, mark);
	}
	return true;
}

/* What events and functions have in common. */
struct declared {
	const char *name, *signature;
	struct hash32 hash; /* of the signature */
	struct abi_param *params;
	size_t param_count;
};

static bool read_declared(struct reader *r, const json_t *v, struct declared *d)
{
	struct buf text;
	size_t mark;

	*d = (struct declared){0};
	if (!reader_str(r, v, "name", &d->name))
		return false;
	if (!d->name)
		return reader_fail(r, "member \"name\" is missing");
	if (!reader_name(r, d->name, "_$", 128))
		return false;
	mark = reader_in(r, "inputs");
	if (!read_params(r, json_object_get(v, "inputs"), &d->params, &d->param_count, 0))
		return false;
	reader_out(r, mark);
	buf_init(&text, 65536);
	abi_signature(&text, d->name, d->params, d->param_count);
	if (text.bad || !text.n) {
		buf_free(&text);
		return reader_fail(r, "its signature is too long");
	}
	d->signature = arena_strdup(r->mem, text.p);
	keccak256(&d->hash, text.p, text.n);
	buf_free(&text);
	return true;
}

static bool same_indexed(const struct abi_event *a, const struct abi_event *b)
{
	for (size_t i = 0; i < a->param_count; i++)
		if (a->params[i].indexed != b->params[i].indexed)
			return false;
	return true;
}

static bool add_event(struct reader *r, struct abi_set *set, struct abi_event *ev)
{
	for (size_t i = 0; i < set->event_count; i++) {
		const struct abi_event *old = set->events[i];

		if (old->anonymous != ev->anonymous || !hash_eq(&old->topic0, &ev->topic0) ||
			old->indexed_count != ev->indexed_count)
			continue;
		if (!same_indexed(old, ev))
			return reader_fail(r,
				"%.100s is declared twice with different indexed "
				"parameters; a log could be either",
				ev->signature);
		return true;
	}
	arena_grow(
		r->mem, &set->events, &set->event_cap, set->event_count + 1, sizeof(*set->events));
	set->events[set->event_count++] = ev;
	return true;
}

/* A parameter that names a validator by its id, by the name the contracts give it. */
static bool is_validator_id(const struct abi_param *p)
{
	return p->type.base == ABI_UINT && !p->type.dim_count &&
	       (!strcmp(p->name, "validatorId") || !strcmp(p->name, "_validatorId"));
}

static bool read_event(struct reader *r, const json_t *v, const char *contract, struct abi_set *set)
{
	struct abi_event *ev = arena_calloc(r->mem, 1, sizeof(*ev));
	struct declared d;

	if (!read_declared(r, v, &d))
		return false;
	*ev = (struct abi_event){.contract = contract,
		.name = d.name,
		.signature = d.signature,
		.topic0 = d.hash,
		.params = d.params,
		.param_count = d.param_count,
		.validator_param = -1};
	if (!reader_bool(r, v, "anonymous", &ev->anonymous))
		return false;
	for (size_t i = ev->param_count; i-- > 0;) {
		ev->indexed_count += ev->params[i].indexed;
		if (is_validator_id(&ev->params[i]))
			ev->validator_param = (int)i;
	}
	if (ev->indexed_count + !ev->anonymous > LOG_TOPICS_MAX)
		return reader_fail(r, "%u indexed parameters are more than a log has topics",
			ev->indexed_count);
	return add_event(r, set, ev);
}

static bool read_constant(struct reader *r, const json_t *v, bool *out)
{
	const char *mutability = NULL;

	if (!reader_bool(r, v, "constant", out) ||
		!reader_str(r, v, "stateMutability", &mutability))
		return false;
	if (mutability)
		*out = !strcmp(mutability, "view") || !strcmp(mutability, "pure");
	return true;
}

/* Some writers leave the list out where nothing is returned. */
static bool read_outputs(struct reader *r, const json_t *v, struct abi_function *f)
{
	const json_t *list = json_object_get(v, "outputs");
	size_t mark = reader_in(r, "outputs");

	if (list && !read_params(r, list, &f->outputs, &f->output_count, 0))
		return false;
	reader_out(r, mark);
	return true;
}

static bool read_function(
	struct reader *r, const json_t *v, const char *contract, struct abi_set *set)
{
	struct abi_function *f = arena_calloc(r->mem, 1, sizeof(*f));
	struct declared d;

	if (!read_declared(r, v, &d))
		return false;
	*f = (struct abi_function){.contract = contract,
		.name = d.name,
		.signature = d.signature,
		.params = d.params,
		.param_count = d.param_count};
	memcpy(f->selector, d.hash.b, sizeof(f->selector));
	if (!read_constant(r, v, &f->constant) || !read_outputs(r, v, f))
		return false;
	for (size_t i = 0; i < set->function_count; i++) {
		const struct abi_function *old = set->functions[i];

		if (memcmp(old->selector, f->selector, sizeof(f->selector)) != 0)
			continue;
		if (strcmp(old->signature, f->signature) != 0)
			return reader_fail(r, "%.100s has the selector of %.100s", f->signature,
				old->signature);
		return true;
	}
	arena_grow(r->mem, &set->functions, &set->function_cap, set->function_count + 1,
		sizeof(*set->functions));
	set->functions[set->function_count++] = f;
	return true;
}

static bool read_item(struct reader *r, const json_t *v, const char *contract, struct abi_set *set)
{
	const char *type = "function"; /* what the ABI specification says of an absent type */

	if (!json_is_object(v))
		return reader_fail(r, "must be an object");
	if (!reader_str(r, v, "type", &type))
		return false;
	if (!strcmp(type, "event"))
		return read_event(r, v, contract, set);
	if (!strcmp(type, "function"))
		return read_function(r, v, contract, set);
	if (!strcmp(type, "constructor") || !strcmp(type, "fallback") || !strcmp(type, "receive") ||
		!strcmp(type, "error"))
		return true;
	return reader_fail(r, "type \"%.60s\" is not known", type);
}

bool abi_file_add(struct reader *r, const json_t *abi, const char *contract, struct abi_set *set)
{
	if (!reader_array(r, abi, 10000))
		return false;
	for (size_t i = 0; i < json_array_size(abi); i++) {
		size_t mark = reader_in_item(r, i);

		if (!read_item(r, json_array_get(abi, i), contract, set))
			return false;
		reader_out(r, mark);
	}
	return true;
}
