/*
 * The state of the staking contracts before the first block: governance values and counters that no
 * event carries. Its form is that of the recordings' oracle records (member "global" with the
 * getters' names), so that a recording's own record is taken as it is. Here only the forms are
 * checked; the meaning is the ledger's.
 */
#include "network/load.h"

#include "base/hex.h"

#include <jansson.h>

#include <stdlib.h>

static bool is_amount(const json_t *v)
{
	struct u256 n;

	return json_is_string(v) && u256_parse_dec(&n, json_string_value(v), json_string_length(v));
}

static bool is_hash(const json_t *v)
{
	uint8_t b[32];

	return json_is_string(v) && hex_fixed(b, 32, json_string_value(v), json_string_length(v));
}

static bool check_value(struct reader *r, const char *key, const json_t *v)
{
	size_t mark = reader_in(r, key);
	const char *inner;
	json_t *item;

	if (json_is_object(v)) {
		json_object_foreach((json_t *)v, inner, item)
		{
			reader_in(r, inner);
			if (!is_amount(item) && !json_is_object(item))
				return reader_fail(r, "must be an integer below 2^256 as a decimal "
						      "string");
			reader_out(r, mark);
			reader_in(r, key);
		}
	} else if (!json_is_boolean(v) && !json_is_null(v) && !is_amount(v) && !is_hash(v)) {
		return reader_fail(r,
			"must be an integer below 2^256 as a decimal string, a 32-byte "
			"hash, a boolean, null (not known), or an object of such integers");
	}
	reader_out(r, mark);
	return true;
}

static bool check_sources(struct reader *r, const json_t *list)
{
	size_t mark = reader_in(r, "sources");
	const char *key, *text;
	json_t *item;

	if (list && !json_is_object(list))
		return reader_fail(r, "must be an object: name of the value to where it is from");
	json_object_foreach((json_t *)list, key, item)
	{
		size_t in = reader_in(r, key);

		if (!reader_text(r, item, &text))
			return false;
		reader_out(r, in);
	}
	reader_out(r, mark);
	return true;
}

static bool has_staking(const struct network *n)
{
	for (size_t i = 0; i < n->chain_count; i++)
		if (n->chains[i].role == ROLE_STAKING)
			return true;
	return false;
}

bool initial_state_read(struct reader *r, const json_t *v, struct network *n)
{
	const json_t *global = json_object_get(v, "global");
	const char *key;
	json_t *item;
	char *text;
	size_t mark;

	if (!json_is_object(v))
		return reader_fail(r, "must be an object");
	if (!has_staking(n))
		return reader_fail(r, "no chain of this network has the role \"staking\"");
	mark = reader_in(r, "global");
	if (!json_is_object(global))
		return reader_fail(r, "must be an object of the staking contracts' values");
	json_object_foreach(
		(json_t *)global, key, item) if (!check_value(r, key, item)) return false;
	reader_out(r, mark);
	if (!check_sources(r, json_object_get(v, "sources")))
		return false;
	text = json_dumps(v, JSON_COMPACT);
	if (!text)
		abort();
	n->initial_state = arena_strdup(n->mem, text);
	free(text);
	return true;
}
