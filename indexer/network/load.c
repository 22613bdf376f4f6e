/*
 * Loads a network file and everything that it names.
 *
 * jansson parses (and knows lines), the reader checks (and knows JSON pointers); chain by chain the
 * facts, then contracts, then the watches and rules that refer to contracts. The result is one
 * arena, never changed afterwards. The revision covers the bytes of every file read, in the order
 * of first use, so it changes whenever an answer may.
 */
#include "network/load.h"

#include "base/hex.h"
#include "chain/keccak.h"

#include <jansson.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX   (16u << 20)
#define CHAINS_MAX 64

/* ---- files --------------------------------------------------------------------------------- */

static bool fail_file(struct err *e, const char *path, const char *what)
{
	err_set(e, ERR_FATAL, "network", errno, "%s: %s", path, what);
	return false;
}

static bool read_file(struct buf *b, const char *path, struct err *e)
{
	FILE *f = fopen(path, "rbe");
	char part[16384];
	size_t n;
	bool ok;

	if (!f)
		return fail_file(e, path, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)) && buf_add(b, part, n))
		;
	ok = !ferror(f);
	fclose(f);
	if (!ok)
		return fail_file(e, path, "can not be read");
	if (b->bad)
		return fail_file(e, path, "is larger than 16 MB");
	return true;
}

bool load_json(struct load *l, const char *path, json_t **out, struct err *e)
{
	json_error_t where;
	struct hash32 digest;
	struct buf text;
	bool ok;

	buf_init(&text, FILE_MAX);
	ok = read_file(&text, path, e);
	if (ok) {
		sha256(&digest, text.p ? text.p : "", text.n);
		buf_add(&l->digests, digest.b, sizeof(digest.b));
		*out = json_loadb(text.p ? text.p : "", text.n,
			JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
		ok = *out;
		if (!ok)
			err_set(e, ERR_FATAL, "network", 0, "%s:%d: %s (column %d)", path,
				where.line, where.text, where.column);
	}
	buf_free(&text);
	return ok;
}

static bool is_path(const char *ref)
{
	size_t n = strlen(ref);

	return strchr(ref, '/') || (n > 5 && !strcmp(ref + n - 5, ".json"));
}

bool load_side(
	struct load *l, const char *kind, const char *ref, const json_t **out, const char **path)
{
	struct side_file *f;
	json_t *json;
	struct err e;

	if (!is_path(ref) && !reader_name(&l->r, ref, "_-", 100))
		return false;
	if (!is_path(ref))
		*path = arena_printf(l->mem, "%s/%s/%s.json", network_schema_dir(), kind, ref);
	else
		*path = ref[0] == '/' ? ref : arena_printf(l->mem, "%s/%s", l->dir, ref);
	for (f = l->files; f; f = f->next) {
		if (!strcmp(f->path, *path)) {
			*out = f->json;
			return true;
		}
	}
	if (access(*path, R_OK))
		return reader_fail(&l->r, "file %s: %s", *path, strerror(errno));
	if (!load_json(l, *path, &json, &e)) {
		*l->r.e = e;
		return false;
	}
	f = arena_alloc(l->mem, sizeof(*f));
	*f = (struct side_file){.path = *path, .json = json, .next = l->files};
	l->files = f;
	*out = json;
	return true;
}

const char *load_base_name(struct arena *mem, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = arena_strdup(mem, slash ? slash + 1 : path);
	size_t n = strlen(name);

	if (n > 5 && !strcmp(name + n - 5, ".json"))
		name[n - 5] = 0;
	return name;
}

void load_close(struct load *l)
{
	for (struct side_file *f = l->files; f; f = f->next)
		json_decref(f->json);
	buf_free(&l->digests);
}

/* ---- the file ------------------------------------------------------------------------------ */

static bool read_chain(struct load *l, const json_t *v, struct network *n)
{
	struct chain_conf *c = &n->chains[n->chain_count];

	if (!chain_conf_read(l, v, c))
		return false;
	for (size_t i = 0; i < n->chain_count; i++) {
		const struct chain_conf *o = &n->chains[i];

		if (!strcmp(o->key, c->key))
			return reader_fail(&l->r, "there is already a chain \"%s\"", c->key);
		if (o->chain_id == c->chain_id)
			return reader_fail(&l->r, "chain_id %llu is already that of %s",
				(unsigned long long)c->chain_id, o->key);
		if (o->root_chain_id && o->root_chain_id == c->root_chain_id)
			return reader_fail(&l->r, "root_chain_id %u is already that of %s",
				c->root_chain_id, o->key);
		if (o->role != ROLE_MIRROR && o->role == c->role)
			return reader_fail(&l->r, "chain %s already has this role", o->key);
	}
	if (!contracts_read(l, v, c) || !watches_read(l, v, c) || !rules_read(l, v, c))
		return false;
	n->chain_count++;
	return true;
}

static bool read_chains(struct load *l, const json_t *list, struct network *n)
{
	struct reader *r = &l->r;
	size_t mark = reader_in(r, "chains");

	if (!reader_array(r, list, CHAINS_MAX))
		return false;
	if (!json_array_size(list))
		return reader_fail(r, "is empty; a network has at least one chain");
	n->chains = arena_calloc(n->mem, json_array_size(list), sizeof(*n->chains));
	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t item = reader_in_item(r, i);

		if (!read_chain(l, json_array_get(list, i), n))
			return false;
		reader_out(r, item);
	}
	reader_out(r, mark);
	return true;
}

/* Every mapping of the file must be some contract's: an unused one is a name mistyped somewhere. */
static bool check_mappings(struct load *l, const struct network *n)
{
	const char *name;
	json_t *item;

	json_object_foreach((json_t *)l->mappings, name, item)
	{
		bool used = false;

		for (size_t i = 0; i < n->chain_count; i++)
			for (size_t k = 0; k < n->chains[i].contract_count; k++) {
				const struct mapping *m = n->chains[i].contracts[k].mapping;

				used |= m && !strcmp(m->name, name);
			}
		if (!used) {
			reader_in(&l->r, "mappings");
			reader_in(&l->r, name);
			return reader_fail(&l->r, "no contract has this mapping");
		}
	}
	return true;
}

static bool read_network(struct load *l, const json_t *root, struct network *n)
{
	const json_t *state;
	struct reader *r = &l->r;
	size_t mark;

	if (!reader_object(
		    r, root, "$schema name! description chains! mappings initial_state note") ||
		!reader_str(r, root, "name", &n->name) || !reader_name(r, n->name, "-_", 63))
		return false;
	l->mappings = json_object_get(root, "mappings");
	mark = reader_in(r, "mappings");
	if (l->mappings && !json_is_object(l->mappings))
		return reader_fail(r, "must be an object of mapping names");
	reader_out(r, mark);
	if (!read_chains(l, json_object_get(root, "chains"), n) || !check_mappings(l, n))
		return false;
	state = json_object_get(root, "initial_state");
	mark = reader_in(r, "initial_state");
	if (state && !initial_state_read(r, state, n))
		return false;
	reader_out(r, mark);
	return true;
}

static void set_revision(struct network *n, const struct buf *digests)
{
	sha256(&n->digest, digests->p, digests->n);
	hex_encode(n->revision, n->digest.b, 8);
	n->revision[16] = 0;
}

/* NAME -> a file of the schema directory; anything that looks like a path stays. */
static bool find_network(
	struct arena *mem, const char *name_or_file, const char **path, struct err *e)
{
	char *real;

	*path = name_or_file;
	if (!is_path(name_or_file)) {
		*path = arena_printf(
			mem, "%s/networks/%s.json", network_schema_dir(), name_or_file);
		if (access(*path, R_OK)) {
			err_set(e, ERR_FATAL, "network", 0,
				"no network \"%.60s\": there is no file %s; shipped are mainnet, "
				"donau, "
				"golden and world, another one is given as a path",
				name_or_file, *path);
			return false;
		}
	}
	real = realpath(*path, NULL);
	if (real)
		*path = arena_strdup(mem, real);
	free(real);
	return true;
}

enum err_kind network_load(struct network **out, const char *name_or_file, struct err *e)
{
	struct arena *mem = arena_new(256u << 20);
	struct network *n = arena_calloc(mem, 1, sizeof(*n));
	struct load l = {.mem = mem};
	json_t *root = NULL;
	char *slash;
	bool ok;

	n->mem = mem;
	buf_init(&l.digests, FILE_MAX);
	ok = find_network(mem, name_or_file, &n->path, e);
	if (ok) {
		l.dir = arena_strdup(mem, n->path);
		slash = strrchr(l.dir, '/');
		if (slash)
			*slash = 0;
		else
			l.dir = ".";
		reader_init(&l.r, mem, n->path, e);
		ok = load_json(&l, n->path, &root, e) && read_network(&l, root, n);
	}
	if (ok && arena_over(mem)) {
		err_set(e, ERR_FATAL, "network", 0, "%s: needs more than 256 MB", n->path);
		ok = false;
	}
	if (ok)
		set_revision(n, &l.digests);
	json_decref(root);
	load_close(&l);
	if (!ok) {
		arena_free(mem);
		return ERR_FATAL;
	}
	*out = n;
	return ERR_NONE;
}

void network_free(struct network *n)
{
	if (n)
		arena_free(n->mem);
}

/* ---- lookups ------------------------------------------------------------------------------- */

const struct chain_conf *network_chain(const struct network *n, const char *key)
{
	for (size_t i = 0; i < n->chain_count; i++)
		if (!strcmp(n->chains[i].key, key))
			return &n->chains[i];
	return NULL;
}

const struct contract *network_contract(const struct chain_conf *c, const char *name)
{
	for (size_t i = 0; i < c->contract_count; i++)
		if (!strcmp(c->contracts[i].name, name))
			return &c->contracts[i];
	return NULL;
}

const struct abi_function *network_function(const struct contract *c, const char *name)
{
	for (size_t i = 0; i < c->function_count; i++)
		if (!strcmp(c->functions[i]->name, name))
			return c->functions[i];
	return NULL;
}

const struct chain_conf *network_staking(const struct network *n)
{
	for (size_t i = 0; i < n->chain_count; i++) {
		const struct contract *c = network_contract(&n->chains[i], "StakeManager");

		if (n->chains[i].role == ROLE_STAKING && c && c->fixed)
			return &n->chains[i];
	}
	return NULL;
}

const struct contract *network_template(const struct chain_conf *c, const char *name)
{
	for (size_t i = 0; i < c->contract_count; i++)
		if (!c->contracts[i].fixed && !strcmp(c->contracts[i].name, name))
			return &c->contracts[i];
	return NULL;
}
