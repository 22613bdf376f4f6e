/*
 * Contracts of a chain, what of them is watched, and the rules that find more.
 *
 * One entry of "contracts" gives one struct contract per address, and one more when it is a
 * template; all share the events, functions and mapping. Fixed ones come first, so that watches and
 * lookups by name meet them before the template.
 */
#include "network/load.h"

#include <jansson.h>

#define CONTRACTS_MAX 10000

static const char contract_keys[] =
	"name! address addresses template abi! accounted from_block mapping validator_params note";

/* ---- one entry ----------------------------------------------------------------------------- */

static bool read_abis(struct load *l, const json_t *list, const char *contract, struct abi_set *set)
{
	if (!reader_array(&l->r, list, 20))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t mark = reader_in_item(&l->r, i);
		const char *ref, *path;
		const json_t *abi;
		struct reader side;

		if (!reader_text(&l->r, json_array_get(list, i), &ref) ||
			!load_side(l, "abi", ref, &abi, &path))
			return false;
		reader_init(&side, l->mem, path, l->r.e);
		if (!abi_file_add(&side, abi, contract, set))
			return false;
		reader_out(&l->r, mark);
	}
	return true;
}

const struct abi_event *contract_event(const struct contract *c, const char *name, bool *more)
{
	const struct abi_event *found = NULL;

	*more = false;
	for (size_t i = 0; i < c->event_count; i++) {
		if (strcmp(c->events[i]->name, name) && strcmp(c->events[i]->signature, name))
			continue;
		*more = found;
		if (!found)
			found = c->events[i];
	}
	return found;
}

/* "validator_params": parameters that are validator ids under another name. */
static bool read_validator_params(struct reader *r, const json_t *v, struct abi_set *set)
{
	const char *name;
	json_t *item;

	if (v && !json_is_object(v))
		return reader_fail(r, "must be an object: event name to parameter name");
	json_object_foreach((json_t *)v, name, item)
	{
		size_t mark = reader_in(r, name);
		const char *param;
		bool done = false;

		if (!reader_text(r, item, &param))
			return false;
		for (size_t i = 0; i < set->event_count; i++) {
			struct abi_event *ev = set->events[i];

			for (size_t k = 0; k < ev->param_count && !strcmp(ev->name, name); k++) {
				const struct abi_param *p = &ev->params[k];

				if (strcmp(p->name, param) || p->type.base != ABI_UINT ||
					p->type.dim_count)
					continue;
				ev->validator_param = (int)k;
				done = true;
			}
		}
		if (!done)
			return reader_fail(r,
				"there is no such event with an unsigned integer "
				"parameter \"%.60s\"",
				param);
		reader_out(r, mark);
	}
	return true;
}

static bool read_mapping(struct load *l, const char *name, struct contract *c)
{
	const json_t *own = json_object_get(l->mappings, name), *side;
	struct reader r = l->r;
	struct mapping *m;
	const char *path;
	size_t mark;

	if (own) {
		reader_out(&r, 0);
		reader_in(&r, "mappings");
		reader_in(&r, name);
		if (!mapping_read(&r, own, name, c, &m))
			return false;
		c->mapping = m;
		return true;
	}
	mark = reader_in(&l->r, "mapping");
	if (!load_side(l, "mappings", name, &side, &path))
		return false;
	reader_out(&l->r, mark);
	reader_init(&r, l->mem, path, l->r.e);
	if (!mapping_read(&r, side, load_base_name(l->mem, name), c, &m))
		return false;
	c->mapping = m;
	return true;
}

/* Everything of an entry but its addresses. */
static bool read_entry(struct load *l, const json_t *v, struct contract *c)
{
	static const uint64_t any[2] = {0, INT64_MAX};
	struct abi_set set = {0};
	const char *mapping = NULL;
	struct reader *r = &l->r;
	size_t mark;

	if (!reader_object(r, v, contract_keys) || !reader_str(r, v, "name", &c->name) ||
		!reader_name(r, c->name, "", 63) ||
		!reader_bool(r, v, "accounted", &c->accounted) ||
		!reader_u64(r, v, "from_block", any, &c->from_block))
		return false;
	mark = reader_in(r, "abi");
	if (!read_abis(l, json_object_get(v, "abi"), c->name, &set))
		return false;
	reader_out(r, mark);
	mark = reader_in(r, "validator_params");
	if (!read_validator_params(r, json_object_get(v, "validator_params"), &set))
		return false;
	reader_out(r, mark);
	c->events = (const struct abi_event *const *)set.events;
	c->event_count = set.event_count;
	c->functions = (const struct abi_function *const *)set.functions;
	c->function_count = set.function_count;
	if (!reader_str(r, v, "mapping", &mapping))
		return false;
	return !mapping || read_mapping(l, mapping, c);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static bool add_fixed(
	struct reader *r, const json_t *v, const struct contract *like, struct chain_conf *c)
{
	struct contract *to = &c->contracts[c->contract_count];

	*to = *like;
	to->fixed = true;
	if (!reader_address_value(r, v, &to->address))
		return false;
	for (size_t i = 0; i < c->contract_count; i++)
		if (c->contracts[i].fixed && address_eq(&c->contracts[i].address, &to->address))
			return reader_fail(
				r, "this address is already that of %s", c->contracts[i].name);
	c->contract_count++;
	return true;
}

static bool read_addresses(
	struct reader *r, const json_t *v, const struct contract *like, struct chain_conf *c)
{
	const json_t *one = json_object_get(v, "address"), *list = json_object_get(v, "addresses");
	bool template = false;
	size_t mark;

	if (!reader_bool(r, v, "template", &template))
		return false;
	if (!!one + !!list + (template && !list) != 1)
		return reader_fail(r, "give one of \"address\", \"addresses\" and \"template\" "
				      "(\"addresses\" and \"template\" may go together)");
	mark = reader_in(r, one ? "address" : "addresses");
	if (one && !add_fixed(r, one, like, c))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t item = reader_in_item(r, i);

		if (!add_fixed(r, json_array_get(list, i), like, c))
			return false;
		reader_out(r, item);
	}
	reader_out(r, mark);
	if (template)
		c->contracts[c->contract_count++] = *like;
	return true;
}

/* How many struct contract the list can give; 0 and a refusal when its shape is wrong. */
static bool count_contracts(struct reader *r, const json_t *list, size_t *n)
{
	*n = 0;
	if (!reader_array(r, list, CONTRACTS_MAX))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *more = json_object_get(json_array_get(list, i), "addresses");
		size_t mark = reader_in_item(r, i);

		reader_in(r, "addresses");
		if (more && !reader_array(r, more, CONTRACTS_MAX))
			return false;
		reader_out(r, mark);
		*n += json_array_size(more) + 1;
	}
	if (*n > CONTRACTS_MAX)
		return reader_fail(r, "more than %d contracts", CONTRACTS_MAX);
	return true;
}

bool contracts_read(struct load *l, const json_t *v, struct chain_conf *c)
{
	const json_t *list = json_object_get(v, "contracts");
	struct reader *r = &l->r;
	size_t n, mark = reader_in(r, "contracts");

	if (!count_contracts(r, list, &n))
		return false;
	c->contracts = arena_calloc(l->mem, n + 1, sizeof(*c->contracts));
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct contract like = {0};
		size_t item = reader_in_item(r, i);

		if (!read_entry(l, json_array_get(list, i), &like))
			return false;
		if (network_contract(c, like.name))
			return reader_fail(r, "there is already a contract \"%s\"", like.name);
		if (!read_addresses(r, json_array_get(list, i), &like, c))
			return false;
		reader_out(r, item);
	}
	reader_out(r, mark);
	return true;
}
