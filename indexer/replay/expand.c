/* From what the user names to the chains to serve. */
#include "replay/replay.h"

#include "replay/synthetic.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FROM    "replay"
#define KEY_MAX 32

struct replay_dirs {
	struct arena *mem;
	bool tron;
	struct replay_chain *chains;
	size_t max, count;
};

static bool has_meta(const char *dir)
{
	char path[4096];

	return snprintf(path, sizeof(path), "%s/meta.json", dir) < (int)sizeof(path) &&
	       !access(path, R_OK);
}

/* "bttc" when meta.json has bor's settings, else "root"; the recording is read in full later. */
static const char *key_of(const char *dir)
{
	static const char mark[] = "\"validatorContract\"";
	char path[4096], text[8192];
	const char *key = "root";
	size_t n, keep = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/meta.json", dir);
	f = fopen(path, "r");
	if (!f)
		return key;
	while ((n = fread(text + keep, 1, sizeof(text) - keep, f)) > 0) {
		n += keep;
		if (memmem(text, n, mark, sizeof(mark) - 1))
			key = "bttc";
		keep = n < sizeof(mark) ? n : sizeof(mark);
		memmove(text, text + n - keep, keep);
	}
	fclose(f);
	return key;
}

static enum err_kind add(struct replay_dirs *d, const char *key, const char *dir, struct err *e)
{
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->chains[i].key, key))
			return err_set(e, ERR_FATAL, FROM, 0,
				"%s: chain \"%s\" is served from %s already; write KEY=DIR", dir,
				key, d->chains[i].dir);
	if (d->count == d->max)
		return err_set(e, ERR_FATAL, FROM, 0, "%s: more than %zu chains", dir, d->max);
	d->chains[d->count++] = (struct replay_chain){
		.key = arena_strdup(d->mem, key),
		.dir = arena_strdup(d->mem, dir),
		.tron_shape = d->tron,
	};
	return ERR_NONE;
}

/* "root" before "bttc": the staking chain is the first one, to which --head applies. */
static int backwards(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

static enum err_kind add_children(struct replay_dirs *d, const char *dir, struct err *e)
{
	struct dirent **names;
	int count = scandir(dir, &names, NULL, backwards);
	size_t before = d->count;
	enum err_kind k = ERR_NONE;

	for (int i = 0; i < count; i++) {
		const char *path = arena_printf(d->mem, "%s/%s", dir, names[i]->d_name);

		if (!k && names[i]->d_name[0] != '.' && has_meta(path))
			k = add(d, key_of(path), path, e);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	if (!k && d->count == before)
		return err_set(e, ERR_FATAL, FROM, 0,
			"%s: no recording there (no meta.json in it or one level below)", dir);
	return k;
}

/* "KEY=DIR": the key, and *dir moved on; NULL when the text has none. */
static const char *split_key(struct replay_dirs *d, const char *text, const char **dir)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	if (!n || n > KEY_MAX || text[n] != '=')
		return NULL;
	*dir = text + n + 1;
	return arena_printf(d->mem, "%.*s", (int)n, text);
}

static enum err_kind add_text(struct replay_dirs *d, const char *text, struct err *e)
{
	const char *dir = text;
	const char *key = split_key(d, text, &dir);

	if (synthetic_is(dir))
		return add(d, key ? key : synthetic_key(dir), dir, e);
	if (has_meta(dir))
		return add(d, key ? key : key_of(dir), dir, e);
	if (key)
		return err_set(e, ERR_FATAL, FROM, 0, "%s: no recording there (no meta.json)", dir);
	return add_children(d, dir, e);
}

enum err_kind replay_expand(struct replay_dirs **out, const char *const *texts, size_t n,
	bool tron_shape, struct replay_chain *chains, size_t max, size_t *count, struct err *e)
{
	struct arena *mem = arena_new(SIZE_MAX / 2);
	struct replay_dirs *d = arena_calloc(mem, 1, sizeof(*d));

	*out = NULL;
	*d = (struct replay_dirs){.mem = mem, .tron = tron_shape, .chains = chains, .max = max};
	for (size_t i = 0; i < n; i++)
		if (add_text(d, texts[i], e)) {
			replay_dirs_free(d);
			return e->kind;
		}
	*count = d->count;
	*out = d;
	return ERR_NONE;
}

void replay_dirs_free(struct replay_dirs *d)
{
	if (d)
		arena_free(d->mem);
}
