/*
 * Watches and discovery rules of a chain: which logs are kept, and how contracts announce
 * themselves.
 *
 * Both name contracts and events of the same chain; here the names become pointers and topics.
 * Ingest interprets them, decode only sees the result.
 */
#include "network/load.h"

#include <jansson.h>

#define WATCHES_MAX 10000

static bool find_contract(struct reader *r, const json_t *o, const char *key,
	const struct chain_conf *c, const struct contract **out)
{
	const char *name = NULL;
	size_t mark;

	if (!reader_str(r, o, key, &name))
		return false;
	*out = name ? network_contract(c, name) : NULL;
	mark = reader_in(r, key);
	if (!*out)
		return reader_fail(
			r, "chain %s has no contract \"%.60s\"", c->key, name ? name : "");
	reader_out(r, mark);
	return true;
}

/* Topic 0 of every event of that name (or signature), added to set 0 of the watch. */
static bool add_event(struct reader *r, const char *name, struct watch *w)
{
	const struct contract *c = w->contract;
	size_t before = w->topic_count[0];

	for (size_t i = 0; i < c->event_count; i++) {
		const struct abi_event *ev = c->events[i];
		bool known = false;

		if (ev->anonymous || (strcmp(ev->name, name) && strcmp(ev->signature, name)))
			continue;
		for (size_t k = 0; k < w->topic_count[0]; k++)
			known |= hash_eq(&w->topics[0][k], &ev->topic0);
		if (!known)
			w->topics[0][w->topic_count[0]++] = ev->topic0;
	}
	if (before == w->topic_count[0])
		return reader_fail(r,
			"contract %s has no event \"%.60s\" that is not listed "
			"already",
			c->name, name);
	return true;
}

static bool read_events(struct reader *r, const json_t *list, struct watch *w)
{
	if (!reader_array(r, list, 1000))
		return false;
	if (!json_array_size(list))
		return reader_fail(r, "is empty; leave it out to watch every event");
	w->topics[0] = arena_calloc(r->mem, w->contract->event_count + 1, sizeof(struct hash32));
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t mark = reader_in_item(r, i);
		const char *name;

		if (!reader_text(r, json_array_get(list, i), &name) || !add_event(r, name, w))
			return false;
		reader_out(r, mark);
	}
	return true;
}

static bool read_topics(struct reader *r, const json_t *list, struct watch *w)
{
	if (!reader_array(r, list, LOG_TOPICS_MAX))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *set = json_array_get(list, i);
		size_t mark = reader_in_item(r, i);

		if (!reader_array(r, set, 1000))
			return false;
		w->topic_count[i] = json_array_size(set);
		w->topics[i] = arena_calloc(r->mem, w->topic_count[i] + 1, sizeof(struct hash32));
		for (size_t k = 0; k < w->topic_count[i]; k++) {
			size_t item = reader_in_item(r, k);

			if (!reader_hash_value(r, json_array_get(set, k), &w->topics[i][k]))
				return false;
			reader_out(r, item);
		}
		reader_out(r, mark);
	}
	return true;
}

static bool is_transfer(const struct abi_event *ev)
{
	return ev->param_count == 3 && ev->params[0].indexed && ev->params[1].indexed &&
	       ev->params[0].type.base == ABI_ADDRESS && ev->params[1].type.base == ABI_ADDRESS &&
	       !ev->params[0].type.dim_count && !ev->params[1].type.dim_count;
}

/* "only": "accounted" needs Transfers to compare and contracts to compare with. */
static bool check_accounted(struct reader *r, const struct chain_conf *c, const struct watch *w)
{
	bool any = false;

	for (size_t i = 0; i < c->contract_count; i++)
		any |= c->contracts[i].accounted;
	if (!any)
		return reader_fail(r, "\"only\" needs an accounted contract on this chain");
	if (!w->topic_count[0])
		return reader_fail(r, "\"only\" needs \"events\"");
	for (size_t i = 0; i < w->contract->event_count; i++) {
		const struct abi_event *ev = w->contract->events[i];

		for (size_t k = 0; k < w->topic_count[0]; k++)
			if (hash_eq(&ev->topic0, &w->topics[0][k]) && !is_transfer(ev))
				return reader_fail(r,
					"\"only\" needs events whose first two "
					"parameters are indexed addresses; %s is not",
					ev->name);
	}
	return true;
}

static bool read_watch(
	struct reader *r, const json_t *v, const struct chain_conf *c, struct watch *w)
{
	static const char *const only_words[] = {"accounted", NULL};
	const json_t *events, *topics;
	unsigned only = 1;
	size_t mark;

	if (!reader_object(r, v, "contract! events topics only sum_only note") ||
		!find_contract(r, v, "contract", c, &w->contract))
		return false;
	events = json_object_get(v, "events");
	topics = json_object_get(v, "topics");
	if (events && topics)
		return reader_fail(r, "give \"events\" or \"topics\", not both");
	mark = reader_in(r, events ? "events" : "topics");
	if ((events && !read_events(r, events, w)) || (topics && !read_topics(r, topics, w)))
		return false;
	reader_out(r, mark);
	if (!reader_word(r, v, "only", only_words, &only) ||
		!reader_bool(r, v, "sum_only", &w->sum_only))
		return false;
	w->accounted_from_to = !only;
	if (w->accounted_from_to && !check_accounted(r, c, w))
		return false;
	if (w->sum_only && (c->kind != CHAIN_BTTC || !w->topic_count[0]))
		return reader_fail(r, "\"sum_only\" is for named events of a chain of kind bttc");
	return true;
}

bool watches_read(struct load *l, const json_t *v, struct chain_conf *c)
{
	const json_t *list = json_object_get(v, "watches");
	struct reader *r = &l->r;
	size_t cap = 0, mark = reader_in(r, "watches");

	if (!reader_array(r, list, WATCHES_MAX))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t item = reader_in_item(r, i);
		struct watch w = {0};

		if (!read_watch(r, json_array_get(list, i), c, &w))
			return false;
		for (size_t k = 0; k < c->contract_count; k++) {
			if (strcmp(c->contracts[k].name, w.contract->name) != 0)
				continue;
			arena_grow(
				l->mem, &c->watches, &cap, c->watch_count + 1, sizeof(*c->watches));
			c->watches[c->watch_count] = w;
			c->watches[c->watch_count++].contract = &c->contracts[k];
		}
		reader_out(r, item);
	}
	reader_out(r, mark);
	return true;
}

/* ---- discovery ----------------------------------------------------------------------------- */

static bool find_fixed(struct reader *r, const json_t *o, const char *key,
	const struct chain_conf *c, const struct contract **out)
{
	if (!find_contract(r, o, key, c, out))
		return false;
	if (!(*out)->fixed)
		return reader_fail(r, "\"%s\" must be a contract with an address, %s is a template",
			key, (*out)->name);
	return true;
}

static bool find_event(struct reader *r, const struct contract *c, const char *key,
	const char *name, const struct abi_event **out)
{
	size_t mark = reader_in(r, key);
	bool more;

	*out = contract_event(c, name, &more);
	if (!*out || more)
		return reader_fail(r, "contract %s has %s event \"%.60s\"", c->name,
			more ? "more than one" : "no", name);
	reader_out(r, mark);
	return true;
}

static bool read_trigger(
	struct reader *r, const json_t *v, const struct chain_conf *c, struct discovery_rule *rule)
{
	const json_t *t = json_object_get(v, "trigger");
	size_t mark = reader_in(r, "trigger");
	const struct abi_event *ev;
	const char *event = NULL;

	if (!reader_object(r, t, "contract! event!") ||
		!find_fixed(r, t, "contract", c, &rule->trigger_contract) ||
		!reader_str(r, t, "event", &event) ||
		!find_event(r, rule->trigger_contract, "event", event, &ev))
		return false;
	rule->trigger_topic0 = ev->topic0;
	if (rule->kind == DISCOVER_NFT_OWNER && (!is_transfer(ev) || !ev->params[2].indexed))
		return reader_fail(r, "kind nft_owner needs an event of three indexed parameters: "
				      "from, to, token");
	reader_out(r, mark);
	return true;
}

/* The announcing event: two addresses, new owner and old owner, both in the data. */
static bool read_announcement(
	struct reader *r, const json_t *v, const struct chain_conf *c, struct discovery_rule *rule)
{
	const struct contract *owner;
	const struct abi_event *ev;
	const char *event = NULL;

	if (!reader_str(r, v, "announce", &event))
		return false;
	if (!event || !json_object_get(v, "new_owner"))
		return reader_fail(r, "kind owner_update needs \"announce\" and \"new_owner\"");
	if (!find_event(r, rule->finds, "announce", event, &ev))
		return false;
	if (ev->indexed_count || ev->param_count != 2 || ev->params[0].type.base != ABI_ADDRESS ||
		ev->params[1].type.base != ABI_ADDRESS)
		return reader_fail(
			r, "\"announce\" must be an event of two addresses, not indexed");
	rule->announce_topic0 = ev->topic0;
	if (!find_fixed(r, v, "new_owner", c, &owner))
		return false;
	rule->new_owner = owner->address;
	if (!json_object_get(v, "old_owner"))
		return true;
	if (!find_fixed(r, v, "old_owner", c, &owner))
		return false;
	rule->old_owner = owner->address;
	rule->has_old_owner = true;
	return true;
}

static bool read_rule(
	struct reader *r, const json_t *v, const struct chain_conf *c, struct discovery_rule *rule)
{
	static const char *const kinds[] = {"owner_update", "nft_owner", NULL};
	const char *finds = NULL;
	unsigned kind = 0;

	if (!reader_object(r, v, "name! kind! trigger! finds! announce new_owner old_owner note") ||
		!reader_str(r, v, "name", &rule->name) || !reader_name(r, rule->name, "_", 63) ||
		!reader_word(r, v, "kind", kinds, &kind) || !reader_str(r, v, "finds", &finds))
		return false;
	rule->kind = kind ? DISCOVER_NFT_OWNER : DISCOVER_OWNER_UPDATE;
	rule->finds = network_template(c, finds);
	if (!rule->finds)
		return reader_fail(r, "chain %s has no template \"%.60s\" to find", c->key, finds);
	if (!read_trigger(r, v, c, rule))
		return false;
	if (rule->kind == DISCOVER_OWNER_UPDATE)
		return read_announcement(r, v, c, rule);
	if (json_object_get(v, "announce") || json_object_get(v, "new_owner") ||
		json_object_get(v, "old_owner"))
		return reader_fail(r, "kind nft_owner takes no \"announce\" and no owners");
	return true;
}

bool rules_read(struct load *l, const json_t *v, struct chain_conf *c)
{
	const json_t *list = json_object_get(v, "discovery");
	struct reader *r = &l->r;
	size_t mark = reader_in(r, "discovery");

	if (list && !reader_array(r, list, 100))
		return false;
	c->rules = arena_calloc(l->mem, json_array_size(list) + 1, sizeof(*c->rules));
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct discovery_rule *rule = &c->rules[c->rule_count];
		size_t item = reader_in_item(r, i);

		if (!read_rule(r, json_array_get(list, i), c, rule))
			return false;
		for (size_t k = 0; k < c->rule_count; k++)
			if (!strcmp(c->rules[k].name, rule->name))
				return reader_fail(r, "there is already a rule \"%s\"", rule->name);
		c->rule_count++;
		reader_out(r, item);
	}
	reader_out(r, mark);
	return true;
}
