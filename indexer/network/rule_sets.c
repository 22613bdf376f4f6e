/*
 * Which revision of the staking contracts was in force from which block, and by which implementations it is
 * known: an upgrade to another one can not be replayed by guess.
 */
#include "network/load.h"

#include <jansson.h>

#define SETS_MAX  100
#define ITEMS_MAX 100

/* Contracts whose code has a say in amounts. */
static const char *const contracts[] = {"StakeManager", "RootChain", "EventsHub", "ValidatorShare", NULL};
static const char *const names[] = {"stake-2022-03", "stake-2021-12", NULL};

static bool read_addresses(
	struct reader *r, const json_t *list, const char *contract, struct rule_set *s)
{
	if (!reader_array(r, list, ITEMS_MAX))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct implementation *m = &s->implementations[s->implementation_count];
		size_t mark = reader_in_item(r, i);

		m->contract = contract;
		if (!reader_address_value(r, json_array_get(list, i), &m->address))
			return false;
		s->implementation_count++;
		reader_out(r, mark);
	}
	return true;
}

static bool read_implementations(struct reader *r, const json_t *v, struct rule_set *s)
{
	if (!reader_object(r, v, "StakeManager RootChain EventsHub ValidatorShare"))
		return false;
	s->implementations = arena_calloc(r->mem, 4 * ITEMS_MAX, sizeof(*s->implementations));
	for (unsigned c = 0; contracts[c]; c++) {
		const json_t *list = json_object_get(v, contracts[c]);
		size_t mark = reader_in(r, contracts[c]);

		if (list && !read_addresses(r, list, contracts[c], s))
			return false;
		reader_out(r, mark);
	}
	return true;
}

static bool read_set(struct reader *r, const json_t *v, struct rule_set *s, const struct rule_set *before)
{
	static const uint64_t blocks[2] = {0, INT64_MAX};
	unsigned name = 0;
	size_t mark;

	if (!reader_object(r, v, "from_block! rules! implementations! note") ||
		!reader_u64(r, v, "from_block", blocks, &s->from_block) ||
		!reader_word(r, v, "rules", names, &name))
		return false;
	s->rules = (enum staking_rules)name;
	if (before && s->from_block <= before->from_block)
		return reader_fail(r, "\"from_block\" must be above that of the set before");
	mark = reader_in(r, "implementations");
	if (!read_implementations(r, json_object_get(v, "implementations"), s))
		return false;
	reader_out(r, mark);
	return true;
}

bool rule_sets_read(struct reader *r, const json_t *list, struct chain_conf *c)
{
	if (!list)
		return true;
	if (c->role != ROLE_STAKING)
		return reader_fail(r, "\"rule_sets\" are for the chain of role \"staking\"");
	if (!reader_array(r, list, SETS_MAX))
		return false;
	c->rule_sets = arena_calloc(r->mem, json_array_size(list) + 1, sizeof(*c->rule_sets));
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t mark = reader_in_item(r, i);

		if (!read_set(r, json_array_get(list, i), &c->rule_sets[i], i ? &c->rule_sets[i - 1] : NULL))
			return false;
		reader_out(r, mark);
	}
	c->rule_set_count = json_array_size(list);
	return true;
}

const char *staking_rules_name(enum staking_rules rules)
{
	return names[rules];
}

const struct rule_set *network_rules_at(const struct chain_conf *c, uint64_t block)
{
	const struct rule_set *s = NULL;

	for (size_t i = 0; i < c->rule_set_count && c->rule_sets[i].from_block <= block; i++)
		s = &c->rule_sets[i];
	return s;
}
