/*
 * `verify --database URL` checks stored rows (verify_database.c). `verify FILE...` checks evidence files
 * offline, without a database or a network file. What each proves is printed line by line; what a reader
 * has to trust or look up elsewhere is said as such.
 */
#include "bin/command.h"
#include "bin/verify_database.h"

#include "base/hex.h"
#include "evidence/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verify_conf {
	struct common_conf common; /* first */
	struct opt_list blocks, roots;
	char *trust;
	bool quiet;
	struct verify_database db;
};

#define AT(f) offsetof(struct verify_conf, f)
static const struct opt opts[] = {
	{"trusted-block", "HASH", OPT_LIST, AT(blocks), NULL, 0, 0, 0,
		"Hash of a block that you know to be canonical."},
	{"trusted-root", "HASH", OPT_LIST, AT(roots), NULL, 0, 0, 0,
		"Root of a checkpoint that you know to be accepted."},
	{"trust", "FILE", OPT_STRING, AT(trust), NULL, 0, 0, 0,
		"More of both, a line each: \"block 0x...\" or \"root 0x...\"; # begins a comment."},
	{"quiet", NULL, OPT_FLAG, AT(quiet), "false", 0, 0, 0, "One line a file."},
	{"database", "URL", OPT_STRING, AT(db.database), NULL, 0, 0, OPT_SECRET,
		"Check what is stored there instead of files; all that is written is the result, into the log of "
		"operations."},
	{"network", "NAME|FILE", OPT_STRING, AT(db.network), NULL, 0, 0, 0,
		"Network of the database; default: the name that is stored there."},
	{"chain", "CHAIN", OPT_STRING, AT(db.chain), NULL, 0, 0, 0,
		"Only this chain of the database."},
	{"sample", "N", OPT_INT, AT(db.sample), "1000", 1, 1000000, 0,
		"Number of random blocks whose links and proofs are checked; counters and the ledger always "
		"are, as a whole."},
	{"seed", "N", OPT_INT, AT(db.seed), "0", 0, INT64_MAX, 0,
		"Seed of the sample; 0: a new one, which is printed."},
	{"full", NULL, OPT_FLAG, AT(db.full), "false", 0, 0, 0, "All blocks instead of a sample."},
	{"progress", NULL, OPT_FLAG, AT(db.progress), "false", 0, 0, 0,
		"Say on standard error how far it is."},
	OPT_END,
};

struct hash_list {
	struct hash32 *v;
	size_t n, cap;
};

struct trusted {
	struct hash_list blocks, roots;
};

static bool add_hash(struct hash_list *l, const char *text, size_t n)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (!l->v)
			abort();
	}
	return hex_fixed(l->v[l->n].b, 32, text, n) && ++l->n;
}

static enum err_kind add_options(
	struct hash_list *l, const struct opt_list *from, const char *name, struct err *e)
{
	for (size_t i = 0; i < from->n; i++)
		if (!add_hash(l, from->v[i], strlen(from->v[i])))
			return err_set(e, ERR_FATAL, "verify", 0,
				"option \"%s\": \"%.80s\" is not 0x and 64 hex digits", name, from->v[i]);
	return ERR_NONE;
}

static enum err_kind trust_line(struct trusted *t, const char *path, unsigned line, char *text,
	struct err *e)
{
	char *save, *word, *hash;

	text[strcspn(text, "#\r\n")] = 0;
	word = strtok_r(text, " \t", &save);
	if (!word)
		return ERR_NONE;
	hash = strtok_r(NULL, " \t", &save);
	if ((strcmp(word, "block") && strcmp(word, "root")) || !hash || strtok_r(NULL, " \t", &save) ||
		!add_hash(word[0] == 'b' ? &t->blocks : &t->roots, hash, strlen(hash)))
		return err_set(e, ERR_FATAL, "verify", 0,
			"%s:%u: must be \"block\" or \"root\", then 0x and 64 hex digits", path, line);
	return ERR_NONE;
}

static enum err_kind read_trust(struct trusted *t, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	enum err_kind k = ERR_NONE;
	char *line = NULL;
	size_t size = 0;
	unsigned n = 0;

	if (!f)
		return err_set(e, ERR_FATAL, "verify", errno, "%s: %s", path, strerror(errno));
	while (!k && getline(&line, &size, f) >= 0)
		k = trust_line(t, path, ++n, line, e);
	free(line);
	fclose(f);
	return k;
}

static enum err_kind read_file(struct buf *out, const char *path, struct err *e)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char part[65536];
	size_t n;

	buf_clear(out);
	if (!f)
		return err_set(e, ERR_FATAL, "verify", errno, "%s", strerror(errno));
	while ((n = fread(part, 1, sizeof(part), f)))
		if (!buf_add(out, part, n))
			break;
	if (ferror(f))
		err_set(e, ERR_FATAL, "verify", errno, "%s", strerror(errno));
	else if (out->bad)
		err_set(e, ERR_FATAL, "verify", 0, "is over %u bytes", EVIDENCE_FILE_MAX);
	else
		err_set(e, ERR_NONE, "verify", 0, " ");
	if (f != stdin)
		fclose(f);
	return e->kind;
}

static void print_report(const char *path, const struct evidence *ev,
	const struct evidence_report *r, bool quiet)
{
	const char *verdict = r->failed ? "FAILED" : r->anchored ? "verified" : "consistent";

	printf("%s: %s, log %u of block %llu of chain %s", path, verdict, ev->log.log_index,
		(unsigned long long)ev->block.number, ev->chain);
	if (quiet && r->failed)
		printf(": %s", r->lines[r->n - 1].text);
	printf("\n");
	for (size_t i = 0; !quiet && i < r->n; i++)
		printf("  %-7s %s\n", evidence_verdict_name(r->lines[i].verdict), r->lines[i].text);
}

/* One file: 0, 1 contradicted (or not anchored in what is trusted), 2 not readable. */
static int check_file(const struct verify_conf *c, const char *path,
	const struct evidence_trust *trust, struct arena *mem)
{
	struct evidence_report report;
	struct evidence *ev;
	struct buf text;
	struct err e;
	int rc = EXIT_USAGE;

	buf_init(&text, EVIDENCE_FILE_MAX);
	if (read_file(&text, path, &e) || evidence_read(&ev, text.p ? text.p : "", text.n, mem, &e)) {
		printf("%s: not readable: %s\n", path, e.msg);
	} else {
		evidence_check(ev, trust, mem, &report);
		print_report(path, ev, &report, c->quiet);
		rc = report.failed ? EXIT_FAILED : EXIT_OK;
		if (!rc && (trust->block_count || trust->root_count) && !report.anchored) {
			printf("  FAILED  nothing in the file is among what you trust\n");
			rc = EXIT_FAILED;
		}
	}
	buf_free(&text);
	return rc;
}

static int check_files(const struct verify_conf *c, const char *const *paths, size_t n)
{
	struct trusted t = {0};
	struct evidence_trust trust;
	struct arena *mem = arena_new(256u << 20);
	struct err e;
	int rc = EXIT_OK;

	if (add_options(&t.blocks, &c->blocks, "trusted-block", &e) ||
		add_options(&t.roots, &c->roots, "trusted-root", &e) ||
		(c->trust && read_trust(&t, c->trust, &e))) {
		rc = command_fail("verify", EXIT_USAGE, &e);
		n = 0;
	}
	trust = (struct evidence_trust){t.blocks.v, t.blocks.n, t.roots.v, t.roots.n};
	for (size_t i = 0; i < n; i++) {
		int one = check_file(c, paths[i], &trust, mem);

		rc = one > rc ? one : rc;
		arena_reset(mem);
	}
	arena_free(mem);
	free(t.blocks.v);
	free(t.roots.v);
	return rc;
}

int cmd_verify(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct verify_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "verify",
		"FILE...|--database URL [OPTIONS]  (\"-\": standard input)", tables, &c, argc, argv, &rest, &n);

	if (rc < 0 && c.db.database)
		rc = n ? command_usage("verify", "files and --database exclude each other", NULL, NULL)
		       : verify_database(&c.db);
	if (rc < 0 && !n)
		rc = command_usage("verify", "give at least one evidence file, or --database", NULL, NULL);
	if (rc < 0)
		rc = check_files(&c, rest, n);
	opt_free(set);
	return rc;
}
