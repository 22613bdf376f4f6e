/*
 * Makes a network file for recorded chains.
 *
 * schema/recorded/{root,bttc}.json is a chain as a network file has it, in which the string
 * "$a.b" stands for member b of member a of the recording's meta.json. What meta.json does not name
 * is left out, together with the watches and rules that speak of it. Where a recording begins, the
 * hash before it and the path are put in here, because they are not (only) in meta.json.
 */
#include "network/load.h"

#include "base/hex.h"
#include "chain/keccak.h"

#include <jansson.h>
#include <zlib.h>

#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64u << 20)

struct maker {
	struct load l;
	struct err *e;
	bool tron;
	json_t *chains;        /* array */
	json_t *initial_state; /* NULL: no staking chain */
	const char *name;      /* of the network: the first directory's */
};

static bool fail(struct maker *m, const char *path, const char *what)
{
	err_set(m->e, ERR_FATAL, "network", 0, "%s: %s", path, what);
	return false;
}

/* ---- substitution -------------------------------------------------------------------------- */

/* "$a.b": borrowed value of meta, or NULL. */
static json_t *look_up(const json_t *meta, const char *path)
{
	char key[64];
	const json_t *v = meta;

	while (v && *path) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = 0;
		v = json_object_get(v, key);
		path += n + (path[n] == '.');
	}
	return (json_t *)v;
}

/* New reference: v with every "$..." replaced; a member or item whose value is unknown is left out.
 */
static json_t *fill_in(const json_t *v, const json_t *meta)
{
	const char *key;
	json_t *out, *item, *filled;
	size_t i;

	if (json_is_string(v) && json_string_value(v)[0] == '$') {
		item = look_up(meta, json_string_value(v) + 1);
		return item == meta ? json_deep_copy(v) : json_incref(item);
	}
	if (json_is_object(v)) {
		out = json_object();
		json_object_foreach((json_t *)v, key, item) if ((filled = fill_in(item, meta)))
			json_object_set_new(out, key, filled);
		return out;
	}
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach(v, i, item) if ((filled = fill_in(item, meta)))
			json_array_append_new(out, filled);
		return out;
	}
	return json_deep_copy(v);
}

static bool has_place(const json_t *contract)
{
	return json_object_get(contract, "address") || json_object_get(contract, "addresses") ||
	       json_object_get(contract, "template");
}

static bool is_contract(const json_t *chain, const json_t *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(chain, "contracts"), i,
		item) if (json_equal(json_object_get(item, "name"), name)) return true;
	return false;
}

/* Does a watch or rule name a contract that is not there? */
static bool dangles(const json_t *chain, const json_t *v)
{
	static const char *const keys[] = {"contract", "new_owner", "finds", NULL};
	const json_t *trigger = json_object_get(v, "trigger");

	for (const char *const *k = keys; *k; k++) {
		const json_t *name = json_object_get(v, *k);

		if (name && !is_contract(chain, name))
			return true;
	}
	return trigger && dangles(chain, trigger);
}

static void drop_unknown(json_t *chain)
{
	static const char *const lists[] = {"watches", "discovery", NULL};
	json_t *list = json_object_get(chain, "contracts"), *rule;
	size_t n;

	for (size_t i = json_array_size(list); i-- > 0;)
		if (!has_place(json_array_get(list, i)))
			json_array_remove(list, i);
	json_array_foreach(json_object_get(chain, "discovery"), n,
		rule) if (!is_contract(chain, json_object_get(rule, "old_owner")))
		json_object_del(rule, "old_owner"); /* any old owner will do */
	for (const char *const *k = lists; *k; k++) {
		list = json_object_get(chain, *k);
		for (size_t i = json_array_size(list); i-- > 0;)
			if (dangles(chain, json_array_get(list, i)))
				json_array_remove(list, i);
	}
}

/* ---- the recording ------------------------------------------------------------------------- */

/* The first line of a gzip file, which is one JSON value. */
static bool first_line(struct maker *m, const char *path, json_t **out)
{
	gzFile f = gzopen(path, "rb");
	json_error_t where;
	struct buf line;
	char part[65536];
	bool ok = true, bad;

	*out = NULL;
	if (!f)
		return fail(m, path, "can not be opened");
	buf_init(&line, LINE_MAX_BYTES);
	while (ok && gzgets(f, part, sizeof(part))) {
		ok = buf_str(&line, part);
		if (strchr(part, '\n'))
			break;
	}
	bad = gzerror(f, &(int){0})[0] && !gzeof(f) && !line.n;
	gzclose(f);
	if (ok && !bad && line.n)
		*out = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &where);
	buf_free(&line);
	if (!*out)
		return fail(m, path, "its first line is no JSON value");
	return true;
}

/* Number, hash and parent hash of the recording's first block. */
static bool first_block(struct maker *m, const char *dir, json_t **block, uint64_t *number)
{
	const char *path = arena_printf(m->l.mem, "%s/blocks.ndjson.gz", dir);
	struct hash32 hash;
	const char *s;

	if (!first_line(m, path, block))
		return false;
	s = json_string_value(json_object_get(*block, "number"));
	if (!s || !hex_u64(number, s, strlen(s)) || *number > INT64_MAX)
		return fail(m, path, "the first block has no number");
	for (const char *const *k = (const char *const[]){"hash", "parentHash", NULL}; *k; k++) {
		s = json_string_value(json_object_get(*block, *k));
		if (!s || !hex_fixed(hash.b, 32, s, strlen(s)))
			return fail(m, path, "the first block has no hash and parentHash");
	}
	return true;
}

/* The hash of block `number` as a chain of TRON's kind has it. */
static json_t *tron_hash(const char *hex, uint64_t number)
{
	char text[67] = "0x";
	struct hash32 h = {0}, digest;

	hex_fixed(h.b, 32, hex, strlen(hex));
	sha256(&digest, h.b, 32);
	memcpy(h.b, digest.b, 32);
	for (unsigned i = 0; i < 8; i++)
		h.b[i] = (uint8_t)(number >> (56 - 8 * i));
	hex_encode(text + 2, h.b, 32);
	text[66] = 0;
	return json_string(text);
}

static void put_tron(json_t *chain)
{
	json_object_set_new(chain, "kind", json_string("tron"));
	json_object_set_new(json_object_get(chain, "recording"), "shape", json_string("tron"));
	json_object_set_new(chain, "required_level", json_string("linked"));
}

/* Where the chain begins, and its directory. */
static bool put_begin(struct maker *m, json_t *chain, const char *dir, bool tron)
{
	char *real = realpath(dir, NULL);
	json_t *block = NULL, *parent;
	uint64_t number;
	bool ok;

	json_object_set_new(
		json_object_get(chain, "recording"), "path", json_string(real ? real : dir));
	free(real);
	ok = first_block(m, dir, &block, &number);
	if (ok) {
		json_object_set_new(chain, "first_block", json_integer((json_int_t)number));
		parent = json_object_get(block, "parentHash");
		if (tron && number)
			json_object_set_new(chain, "parent_hash",
				tron_hash(json_string_value(parent), number - 1));
		else
			json_object_set(chain, "parent_hash", parent);
		if (json_object_get(chain, "first_hash"))
			json_object_set(chain, "first_hash", json_object_get(block, "hash"));
	}
	json_decref(block);
	return ok;
}

/* meta.json against what the recording says, where both know it. */
static bool check_meta(struct maker *m, const json_t *meta, const json_t *chain, const char *path)
{
	const json_t *first = json_object_get(meta, "firstBlock");
	const json_t *genesis = json_object_get(meta, "genesisHash");
	const json_t *begins = json_object_get(chain, "first_block");

	if (!json_is_integer(json_object_get(chain, "chain_id")))
		return fail(m, path, "has no integer chainId");
	if (first && !json_equal(first, begins))
		return fail(m, path, "firstBlock is not the first block of blocks.ndjson.gz");
	if (genesis && !json_integer_value(begins) &&
		!json_equal(genesis, json_object_get(chain, "first_hash")))
		return fail(m, path, "genesisHash is not that of block 0 in blocks.ndjson.gz");
	return true;
}

static bool add_chain(struct maker *m, const char *dir, const json_t *meta, bool staking)
{
	const char *kind = staking ? "root" : "bttc", *path = NULL;
	const json_t *template;
	json_t *chain, *state = json_object_get(meta, "initialState");
	bool ok;

	for (size_t i = 0; i < json_array_size(m->chains); i++)
		if (!strcmp(json_string_value(json_object_get(json_array_get(m->chains, i), "key")),
			    kind))
			return fail(m, dir,
				staking ? "is a second staking chain" : "is a second BTTC chain");
	if (!load_side(&m->l, "recorded", kind, &template, &path))
		return false;
	chain = fill_in(template, meta);
	drop_unknown(chain);
	ok = put_begin(m, chain, dir, staking && m->tron) && check_meta(m, meta, chain, dir);
	if (ok && staking && m->tron)
		put_tron(chain);
	if (ok)
		json_array_append(m->chains, chain);
	if (ok && staking && json_is_object(state))
		m->initial_state = json_incref(state);
	json_decref(chain);
	return ok;
}

static bool add_dir(struct maker *m, const char *dir, bool expand)
{
	const char *path = arena_printf(m->l.mem, "%s/meta.json", dir);
	json_t *meta;
	bool ok;

	if (access(path, R_OK) && expand) {
		static const char *const subs[] = {"root", "bttc"};
		size_t before = json_array_size(m->chains);

		for (size_t i = 0; i < 2; i++) {
			const char *sub = arena_printf(m->l.mem, "%s/%s", dir, subs[i]);

			if (!access(arena_printf(m->l.mem, "%s/meta.json", sub), R_OK) &&
				!add_dir(m, sub, false))
				return false;
		}
		if (json_array_size(m->chains) == before)
			return fail(m, dir,
				"is no recording: there is no meta.json in it, nor in "
				"root/ or bttc/");
		return true;
	}
	if (!load_json(&m->l, path, &meta, m->e))
		return false;
	if (json_is_string(look_up(meta, "contracts.stakeManager")))
		ok = add_chain(m, dir, meta, true);
	else if (json_is_object(json_object_get(meta, "chainConfig")))
		ok = add_chain(m, dir, meta, false);
	else
		ok = fail(m, path,
			"has neither contracts.stakeManager (a staking chain) nor "
			"chainConfig (a BTTC chain)");
	json_decref(meta);
	return ok;
}

/* ---- output -------------------------------------------------------------------------------- */

/* A network name from a directory: its last part, in the characters that a name may have. */
static const char *network_name(struct arena *mem, const char *dir)
{
	char *real = realpath(dir, NULL);
	char *name = arena_strdup(mem, load_base_name(mem, real ? real : dir));
	size_t n = 0;

	free(real);
	for (const char *s = name; *s && n < 60; s++) {
		bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

		if (letter || (n && ((*s >= '0' && *s <= '9') || *s == '-' || *s == '_')))
			name[n++] = *s;
	}
	name[n] = 0;
	return n ? name : "recording";
}

static bool print(struct maker *m, FILE *to)
{
	json_t *root = json_object();
	char *text;
	bool ok;

	json_object_set_new(root, "name", json_string(m->name));
	json_object_set_new(root, "description", json_string("Made from recordings."));
	json_object_set(root, "chains", m->chains);
	if (m->initial_state)
		json_object_set(root, "initial_state", m->initial_state);
	text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!text)
		abort();
	ok = fprintf(to, "%s\n", text) > 0 && !fflush(to);
	free(text);
	if (!ok)
		return fail(m, "output", "can not be written");
	return true;
}

enum err_kind network_from_recording(
	const char *const *dirs, size_t n, bool tron_shape, FILE *to, struct err *e)
{
	struct arena *mem = arena_new(256u << 20);
	struct maker m = {.l = {.mem = mem}, .e = e, .tron = tron_shape};
	bool ok = n;

	reader_init(&m.l.r, mem, "recording", e);
	buf_init(&m.l.digests, 1u << 20);
	m.chains = json_array();
	if (!n)
		fail(&m, "from-recording", "needs at least one directory");
	else
		m.name = network_name(mem, dirs[0]);
	for (size_t i = 0; ok && i < n; i++)
		ok = add_dir(&m, dirs[i], true);
	ok = ok && print(&m, to);
	json_decref(m.chains);
	json_decref(m.initial_state);
	load_close(&m.l);
	arena_free(mem);
	return ok ? ERR_NONE : ERR_FATAL;
}
