/*
 * Options from four places, weakest first: defaults, a config file, the environment, arguments. Every
 * value goes through one setter, whatever its origin, so that a range or a spelling is checked once
 * and the origin is remembered for messages and --print-config.
 */
#include "base/opt.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OPTS_MAX 128

struct slot {
	const struct opt *o;
	int rank;            /* 0 default, 1 file, 2 environment, 3 argument */
	char origin[300];    /* "argument", "environment", "FILE:LINE" */
	char *text;          /* as given; for lists the newest */
};

struct opt_set {
	struct slot slot[OPTS_MAX];
	size_t n;
	char *config;        /* the caller's struct */
	const char **rest;
	size_t rest_n;
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static const struct opt common[] = {
	{.name = "config", .arg = "FILE", .type = OPT_STRING,
		.help = "Read settings from FILE: lines of \"option = value\", # starts a comment."},
	OPT_END,
};

/* Damerau-Levenshtein without transposition tables: names are short. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[64], diag, up;

	if (la > 63 || lb > 63)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		diag = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = diag + (a[i - 1] != b[j - 1]);

			up = row[j];
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diag = up;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *opt_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned least = (unsigned)strlen(word) / 2 + 1;

	if (least > 4)
		least = 4;

	for (; *names; names++) {
		unsigned d = distance(word, *names);

		if (strlen(word) >= 3 && !strncmp(word, *names, strlen(word)) && d > 1)
			d = 1;
		if (d < least) {
			least = d;
			best = *names;
		}
	}
	return best;
}

static struct slot *find(struct opt_set *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->slot[i].o->name) == len && !memcmp(s->slot[i].o->name, name, len))
			return &s->slot[i];
	return NULL;
}

static enum err_kind unknown(const struct opt_set *s, const char *word, size_t len,
	const char *where, struct err *e)
{
	const char *names[OPTS_MAX + 1], *near;
	char name[64];

	for (size_t i = 0; i < s->n; i++)
		names[i] = s->slot[i].o->name;
	names[s->n] = NULL;
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	near = opt_nearest(name, names);
	return err_set(e, ERR_FATAL, "opt", 0, "%s: unknown option \"%s\"%s%s%s", where, name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool parse_scaled(const char *text, const char *const *units, const int64_t *scale,
	int64_t *out)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || errno || isspace((unsigned char)*text))
		return false;
	for (; *units; units++, scale++)
		if (!strcmp(end, *units))
			return !__builtin_mul_overflow(v, *scale, out);
	return false;
}

static bool parse_number(const struct opt *o, const char *text, int64_t *out)
{
	static const char *const plain[] = {"", NULL};
	static const int64_t one[] = {1};
	static const char *const sizes[] = {"", "B", "K", "M", "G", NULL};
	static const int64_t bytes[] = {1, 1, 1024, 1048576, 1073741824};
	static const char *const times[] = {"", "ms", "s", "m", "h", NULL};
	static const int64_t ms[] = {1, 1, 1000, 60000, 3600000};

	if (o->type == OPT_SIZE)
		return parse_scaled(text, sizes, bytes, out);
	if (o->type == OPT_TIME)
		return parse_scaled(text, times, ms, out);
	return parse_scaled(text, plain, one, out);
}

static const char *form_of(const struct opt *o)
{
	switch (o->type) {
	case OPT_SIZE: return "a size such as 64M (B, K, M, G)";
	case OPT_TIME: return "a time such as 250ms, 2s, 5m, 1h";
	case OPT_INT: return "a whole number";
	case OPT_FLAG: return "true or false";
	case OPT_STRING:
	case OPT_LIST: break;
	}
	return "a text";
}

static enum err_kind set_value(struct opt_set *s, struct slot *sl, const char *text, struct err *e)
{
	const struct opt *o = sl->o;
	void *at = s->config + o->offset;
	int64_t v;

	switch (o->type) {
	case OPT_FLAG:
		if (strcmp(text, "true") && strcmp(text, "false"))
			break;
		*(bool *)at = !strcmp(text, "true");
		return ERR_NONE;
	case OPT_INT:
	case OPT_SIZE:
	case OPT_TIME:
		if (!parse_number(o, text, &v))
			break;
		if (v < o->min || v > o->max)
			return err_set(e, ERR_FATAL, "opt", 0,
				"%s: option \"%s\": %s is outside %" PRId64 " to %" PRId64,
				sl->origin, o->name, text, o->min, o->max);
		*(int64_t *)at = v;
		return ERR_NONE;
	case OPT_STRING:
		*(char **)at = sl->text;
		return ERR_NONE;
	case OPT_LIST: {
		struct opt_list *l = at;

		l->v = must(realloc(l->v, (l->n + 2) * sizeof(*l->v)));
		l->v[l->n++] = must(strdup(text));
		l->v[l->n] = NULL;
		return ERR_NONE;
	}
	}
	return err_set(e, ERR_FATAL, "opt", 0, "%s: option \"%s\": \"%.80s\" is not %s", sl->origin,
		o->name, text, form_of(o));
}

static void clear_list(struct opt_set *s, const struct opt *o)
{
	struct opt_list *l = (struct opt_list *)(void *)(s->config + o->offset);

	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct opt_list){0};
}

/* One value from one place. rank 3 twice for the same single option is an error. */
static enum err_kind take(struct opt_set *s, struct slot *sl, const char *text, int rank,
	const char *origin, struct err *e)
{
	if (sl->o->type == OPT_LIST) {
		if (rank > sl->rank)
			clear_list(s, sl->o);
	} else if (rank == sl->rank && rank) {
		return err_set(e, ERR_FATAL, "opt", 0, "%s: option \"%s\" is given twice", origin,
			sl->o->name);
	}
	sl->rank = rank;
	snprintf(sl->origin, sizeof(sl->origin), "%s", origin);
	free(sl->text);
	sl->text = must(strdup(text));
	return set_value(s, sl, text, e);
}

static enum err_kind add_table(struct opt_set *s, const struct opt *t, struct err *e)
{
	enum err_kind k;

	for (; t->name; t++) {
		if (s->n == OPTS_MAX || find(s, t->name, strlen(t->name)))
			return err_set(e, ERR_FATAL, "opt", 0, "option \"%s\" is declared twice", t->name);
		s->slot[s->n] = (struct slot){.o = t};
		snprintf(s->slot[s->n].origin, sizeof(s->slot[0].origin), "default");
		s->n++;
		if (t->def && t != common) {
			k = take(s, &s->slot[s->n - 1], t->def, 0, "default", e);
			if (k)
				return k;
		}
	}
	return ERR_NONE;
}

static void env_name(char *out, size_t size, const char *name)
{
	size_t n = (size_t)snprintf(out, size, "BTTC_%s", name);

	for (size_t i = 5; i < n && i < size; i++)
		out[i] = out[i] == '-' || out[i] == '.' ? '_' : (char)toupper((unsigned char)out[i]);
}

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

static enum err_kind parse_line(struct opt_set *s, char *line, const char *origin, struct err *e)
{
	char *key = trim(line), *eq, *val;
	struct slot *sl;
	size_t n;

	if (!*key || *key == '#')
		return ERR_NONE;
	eq = strchr(key, '=');
	if (!eq)
		return err_set(e, ERR_FATAL, "opt", 0, "%s: expected \"option = value\"", origin);
	*eq = 0;
	key = trim(key);
	val = trim(eq + 1);
	n = strlen(val);
	if (n >= 2 && *val == '"' && val[n - 1] == '"') {
		val[n - 1] = 0;
		val++;
	}
	sl = find(s, key, strlen(key));
	if (!sl || sl->o == common)
		return unknown(s, key, strlen(key), origin, e);
	return take(s, sl, val, 1, origin, e);
}

static enum err_kind read_file(struct opt_set *s, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	enum err_kind k = ERR_NONE;
	char *line = NULL, origin[300];
	size_t size = 0;
	unsigned no = 0;

	if (!f)
		return err_set(e, ERR_FATAL, "opt", errno, "config file %s: %s", path, strerror(errno));
	while (!k && getline(&line, &size, f) >= 0) {
		snprintf(origin, sizeof(origin), "%s:%u", path, ++no);
		k = parse_line(s, line, origin, e);
	}
	free(line);
	fclose(f);
	return k;
}

static enum err_kind read_env(struct opt_set *s, struct err *e)
{
	char name[96];
	enum err_kind k;

	for (size_t i = 1; i < s->n; i++) {
		const char *v;

		env_name(name, sizeof(name), s->slot[i].o->name);
		v = getenv(name);
		if (!v)
			continue;
		k = take(s, &s->slot[i], v, 2, name, e);
		if (k)
			return k;
	}
	return ERR_NONE;
}

/* Finds the option a word names; *neg for --no-x. NULL: unknown. */
static struct slot *of_word(struct opt_set *s, const char *w, size_t len, bool *neg)
{
	struct slot *sl = find(s, w, len);

	*neg = false;
	if (sl || len < 4 || memcmp(w, "no-", 3))
		return sl;
	sl = find(s, w + 3, len - 3);
	*neg = true;
	return sl && sl->o->type == OPT_FLAG ? sl : NULL;
}

static enum err_kind take_word(struct opt_set *s, int argc, char **argv, int *i, int pass,
	struct err *e)
{
	const char *w = argv[*i] + 2, *eq = strchr(w, '='), *val;
	size_t len = eq ? (size_t)(eq - w) : strlen(w);
	struct slot *sl;
	bool neg;

	sl = of_word(s, w, len, &neg);
	if (!sl)
		return unknown(s, w, len, "argument", e);
	if (sl->o->type == OPT_FLAG) {
		val = eq ? eq + 1 : neg ? "false" : "true";
	} else if (eq) {
		val = eq + 1;
	} else if (*i + 1 < argc) {
		val = argv[++*i];
	} else {
		return err_set(e, ERR_FATAL, "opt", 0, "argument: option \"%s\" needs a value (%s)",
			sl->o->name, sl->o->arg ? sl->o->arg : form_of(sl->o));
	}
	if ((pass == 0) != (sl->o == common))
		return ERR_NONE;
	if (sl->o == common) {
		free(sl->text);
		sl->text = must(strdup(val));
		return ERR_NONE;
	}
	return take(s, sl, val, 3, "argument", e);
}

/* pass 0: find --config only; pass 1: everything. */
static enum err_kind read_args(struct opt_set *s, int argc, char **argv, int pass, struct err *e)
{
	bool only_words = false;
	enum err_kind k;

	s->rest_n = 0;
	for (int i = 0; i < argc; i++) {
		const char *w = argv[i];

		if (only_words || w[0] != '-' || !w[1]) {
			s->rest[s->rest_n++] = w;
		} else if (!strcmp(w, "--")) {
			only_words = true;
		} else if (!strcmp(w, "--help") || !strcmp(w, "-h")) {
			return err_set(e, ERR_STOP, "opt", 0, "help");
		} else if (w[1] != '-') {
			return unknown(s, w, strlen(w), "argument", e);
		} else {
			k = take_word(s, argc, argv, &i, pass, e);
			if (k)
				return k;
		}
	}
	return ERR_NONE;
}

static void print_help(const struct opt_set *s, const char *command, const char *synopsis)
{
	printf("Usage: bttc-indexer %s %s\n\nOptions (also from the environment, or a config file):\n",
		command, synopsis);
	for (size_t i = 0; i < s->n; i++) {
		const struct opt *o = s->slot[i].o;
		char env[96];

		env_name(env, sizeof(env), o->name);
		printf("  --%s%s%s\n      %s\n", o->name, o->arg ? " " : "", o->arg ? o->arg : "",
			o->help);
		if (o == common)
			continue;
		printf("      [env %s", env);
		if (o->flags & OPT_REQUIRED)
			printf(", required");
		if (o->def && *o->def)
			printf(", default %s", o->def);
		if (o->type == OPT_LIST)
			printf(", may be given several times");
		if ((o->type == OPT_INT || o->type == OPT_SIZE || o->type == OPT_TIME) &&
			o->max < INT64_MAX)
			printf(", range %" PRId64 " to %" PRId64 "%s", o->min, o->max,
				o->type == OPT_SIZE ? " bytes" : o->type == OPT_TIME ? " ms" : "");
		printf("]\n");
	}
}

static enum err_kind check_required(const struct opt_set *s, const char *command, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct opt *o = s->slot[i].o;

		if ((o->flags & OPT_REQUIRED) && !s->slot[i].text)
			return err_set(e, ERR_FATAL, "opt", 0,
				"option \"%s\" is required: --%s %s (see bttc-indexer %s --help)",
				o->name, o->name, o->arg ? o->arg : "", command);
	}
	return ERR_NONE;
}

enum err_kind opt_parse(struct opt_set **out, const char *command, const char *synopsis,
	const struct opt *const *tables, void *config, int argc, char **argv, const char *const **rest,
	size_t *rest_n, struct err *e)
{
	struct opt_set *s = must(calloc(1, sizeof(*s)));
	enum err_kind k;

	s->config = config;
	s->rest = must(calloc((size_t)argc + 1, sizeof(*s->rest)));
	k = add_table(s, common, e);
	for (; !k && *tables; tables++)
		k = add_table(s, *tables, e);
	if (!k)
		k = read_args(s, argc, argv, 0, e);
	if (k == ERR_STOP)
		print_help(s, command, synopsis);
	if (!k && s->slot[0].text)
		k = read_file(s, s->slot[0].text, e);
	if (!k)
		k = read_env(s, e);
	if (!k)
		k = read_args(s, argc, argv, 1, e);
	if (!k)
		k = check_required(s, command, e);
	if (k) {
		opt_free(s);
		return k;
	}
	*out = s;
	*rest = s->rest;
	*rest_n = s->rest_n;
	return ERR_NONE;
}

void opt_free(struct opt_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (s->slot[i].o->type == OPT_LIST)
			clear_list(s, s->slot[i].o);
		free(s->slot[i].text);
	}
	free(s->rest);
	free(s);
}

void opt_print_config(const struct opt_set *s, FILE *to)
{
	for (size_t i = 1; i < s->n; i++) {
		const struct slot *sl = &s->slot[i];

		if (!sl->text) {
			fprintf(to, "# %s is not set\n", sl->o->name);
			continue;
		}
		fprintf(to, "%s = %s  # %s\n", sl->o->name,
			sl->o->flags & OPT_SECRET ? "***" : sl->text, sl->origin);
	}
}
