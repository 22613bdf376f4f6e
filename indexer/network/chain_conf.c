/*
 * The facts of one chain: identity, endpoints or recording, where it begins, when a block is final.
 */
#include "network/load.h"

#include <jansson.h>

#include <stdlib.h>

static const char chain_keys[] =
	"key! kind! role! chain_id! root_chain_id endpoints recording first_block! parent_hash "
	"first_hash finality! fork_window block_period_ms! required_level! tx_scan! contracts! "
	"watches! "
	"discovery rule_sets note";

static bool read_endpoints(struct reader *r, const json_t *list, struct chain_conf *c)
{
	const char **urls;

	if (list && !reader_array(r, list, 100))
		return false;
	urls = arena_calloc(r->mem, json_array_size(list) + 1, sizeof(*urls));
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t mark = reader_in_item(r, i);

		if (!reader_text(r, json_array_get(list, i), &urls[i]))
			return false;
		if (strncmp(urls[i], "http://", 7) && strncmp(urls[i], "https://", 8))
			return reader_fail(r, "must begin with http:// or https://");
		for (const char *s = urls[i]; *s; s++)
			if ((unsigned char)*s <= ' ')
				return reader_fail(r, "has a blank or control character");
		for (size_t k = 0; k < i; k++)
			if (!strcmp(urls[k], urls[i]))
				return reader_fail(r, "is listed twice");
		reader_out(r, mark);
	}
	c->endpoints = urls;
	c->endpoint_count = json_array_size(list);
	return true;
}

/*
 * A recording's directory, relative to the network file. It need not exist here: with another node
 * given on the command line it is not used.
 */
static bool read_recording(struct load *l, const json_t *v, struct chain_conf *c)
{
	static const char *const shapes[] = {"ethereum", "tron", NULL};
	struct reader *r = &l->r;
	const char *path = NULL;
	unsigned shape = 0;
	char *real;

	if (!reader_object(r, v, "path! shape") || !reader_str(r, v, "path", &path) ||
		!reader_word(r, v, "shape", shapes, &shape))
		return false;
	c->recording_tron_shape = shape;
	if (c->recording_tron_shape != (c->kind == CHAIN_TRON))
		return reader_fail(r, "shape \"tron\" and kind \"tron\" go together");
	if (path[0] != '/')
		path = arena_printf(l->mem, "%s/%s", l->dir, path);
	real = realpath(path, NULL);
	c->recording = arena_strdup(l->mem, real ? real : path);
	free(real);
	return true;
}

static bool read_begin(struct reader *r, const json_t *v, struct chain_conf *c)
{
	static const uint64_t any[2] = {0, INT64_MAX};

	c->has_parent_hash = json_object_get(v, "parent_hash");
	c->has_first_hash = json_object_get(v, "first_hash");
	return reader_u64(r, v, "first_block", any, &c->first_block) &&
	       reader_hash(r, v, "parent_hash", &c->parent_hash) &&
	       reader_hash(r, v, "first_hash", &c->first_hash);
}

static bool read_finality(struct reader *r, const json_t *v, struct chain_conf *c)
{
	static const char *const rules[] = {"depth", "tags", NULL};
	static const uint64_t depth[2] = {0, 1000000};
	const json_t *f = json_object_get(v, "finality");
	size_t mark = reader_in(r, "finality");
	unsigned rule = 0;

	if (!reader_object(r, f, "rule! safe! final!") ||
		!reader_word(r, f, "rule", rules, &rule) ||
		!reader_u64(r, f, "safe", depth, &c->safe_depth) ||
		!reader_u64(r, f, "final", depth, &c->final_depth))
		return false;
	c->finality = rule ? FINALITY_TAGS : FINALITY_DEPTH;
	if (c->final_depth && c->final_depth < c->safe_depth)
		return reader_fail(r, "\"final\" must not be less than \"safe\" (0: never final)");
	if (rule && !c->final_depth)
		return reader_fail(r, "rule \"tags\" needs a \"final\" depth for nodes that refuse "
				      "the tag");
	reader_out(r, mark);
	return true;
}

static bool read_level(struct reader *r, const json_t *v, struct chain_conf *c)
{
	const char *level = NULL;
	size_t mark;

	if (!reader_str(r, v, "required_level", &level))
		return false;
	mark = reader_in(r, "required_level");
	if (!level_parse(&c->required, level))
		return reader_fail(r, "\"%.60s\" is not a verification level", level);
	if (c->kind == CHAIN_TRON ? c->required > LEVEL_LINKED && c->required != LEVEL_QUORUM
				  : c->required == LEVEL_QUORUM)
		return reader_fail(r, "a chain of this kind never reaches level \"%s\"", level);
	reader_out(r, mark);
	return true;
}

static bool read_periods(struct reader *r, const json_t *v, struct chain_conf *c)
{
	static const uint64_t window[2] = {1, 100000}, period[2] = {1, 3600000};

	c->fork_window = c->kind == CHAIN_BTTC ? 1024 : 256;
	if (!reader_u64(r, v, "fork_window", window, &c->fork_window) ||
		!reader_u64(r, v, "block_period_ms", period, &c->block_period_ms))
		return false;
	if (c->fork_window < c->safe_depth || c->fork_window < c->final_depth)
		return reader_fail(r, "\"fork_window\" must not be less than the depths of "
				      "\"finality\"");
	return true;
}

/* Kind, role and ids, and what they allow together. */
static bool read_identity(struct reader *r, const json_t *v, struct chain_conf *c)
{
	static const char *const kinds[] = {"ethereum", "tron", "bttc", NULL};
	static const char *const chain_roles[] = {"staking", "mirror", "child", NULL};
	static const uint64_t id[2] = {1, INT64_MAX}, root_id[2] = {1, 1000};
	unsigned kind = 0, role = 0;
	uint64_t root = 0;

	if (!reader_str(r, v, "key", &c->key) || !reader_name(r, c->key, "_", 31))
		return false;
	for (const char *s = c->key; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			return reader_fail(r, "the key \"%s\" must be in lower case", c->key);
	if (!reader_word(r, v, "kind", kinds, &kind) ||
		!reader_word(r, v, "role", chain_roles, &role) ||
		!reader_u64(r, v, "chain_id", id, &c->chain_id) ||
		!reader_u64(r, v, "root_chain_id", root_id, &root))
		return false;
	c->kind = kind == 1 ? CHAIN_TRON : kind == 2 ? CHAIN_BTTC : CHAIN_ETHEREUM;
	c->role = role == 1 ? ROLE_MIRROR : role == 2 ? ROLE_CHILD : ROLE_STAKING;
	c->root_chain_id = (unsigned)root;
	if ((c->kind == CHAIN_BTTC) != (c->role == ROLE_CHILD))
		return reader_fail(r, "kind \"bttc\" and role \"child\" go together");
	if ((c->role == ROLE_CHILD) != !root)
		return reader_fail(r, "\"root_chain_id\" is for root chains, and every root chain "
				      "needs it");
	return true;
}

bool chain_conf_read(struct load *l, const json_t *v, struct chain_conf *c)
{
	static const char *const scans[] = {"none", "full", "native", NULL};
	struct reader *r = &l->r;
	const json_t *recording;
	unsigned scan = 0;
	size_t mark;

	if (!reader_object(r, v, chain_keys) || !read_identity(r, v, c))
		return false;
	mark = reader_in(r, "endpoints");
	if (!read_endpoints(r, json_object_get(v, "endpoints"), c))
		return false;
	reader_out(r, mark);
	recording = json_object_get(v, "recording");
	mark = reader_in(r, "recording");
	if (recording && !read_recording(l, recording, c))
		return false;
	reader_out(r, mark);
	if (recording && c->endpoint_count)
		return reader_fail(r, "\"recording\" and \"endpoints\" exclude each other");
	if (!read_begin(r, v, c) || !read_finality(r, v, c) || !read_periods(r, v, c) ||
		!read_level(r, v, c) || !reader_word(r, v, "tx_scan", scans, &scan))
		return false;
	mark = reader_in(r, "rule_sets");
	if (!rule_sets_read(r, json_object_get(v, "rule_sets"), c))
		return false;
	reader_out(r, mark);
	c->tx_scan = scan == 1 ? TX_SCAN_FULL : scan == 2 ? TX_SCAN_NATIVE : TX_SCAN_NONE;
	if (c->tx_scan == TX_SCAN_NATIVE && c->kind != CHAIN_TRON)
		return reader_fail(r, "\"tx_scan\": \"native\" is for kind \"tron\"");
	return true;
}
