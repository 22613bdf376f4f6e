/* `snapshot`: the staking contracts' own values by eth_call, against the ledger, as an override file. */
#include "bin/command.h"

#include "base/clock.h"
#include "base/stop.h"
#include "bin/pipeline.h"
#include "bin/snapshot.h"
#include "books/at.h"
#include "books/overrides.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS  10000 /* a node that gives nothing for so long ends it */
#define TRIES     20    /* to find all at one block */
#define PAUSE_MS  200
#define FILE_MAX  (2u << 20)
#define VALUE_MAX 60    /* characters of a value that are shown */

struct snapshot_conf {
	struct pipeline_conf p; /* first */
	char *output, *state;
	int64_t wait_ms;
};

#define AT(f) offsetof(struct snapshot_conf, f)
static const struct opt opts[] = {
	{"network", "NAME|FILE", OPT_STRING, AT(p.network), NULL, 0, 0, OPT_REQUIRED,
		"Network: mainnet, donau, golden, world, or a network file."},
	{"rpc", "CHAIN=URL", OPT_LIST, AT(p.rpc), NULL, 0, 0, 0,
		"Node of the staking chain; several are all asked and have to agree."},
	{"rpc-timeout", "TIME", OPT_TIME, AT(p.timeout_ms), "20s", 100, 600000, 0,
		"Longest wait for one HTTP request, milliseconds or with a unit."},
	{"rpc-batch", "N", OPT_INT, AT(p.batch), "100", 1, 1000, 0,
		"Requests in one JSON-RPC batch; 1 turns batches off."},
	{"rpc-in-flight", "N", OPT_INT, AT(p.in_flight), "8", 1, 64, 0,
		"HTTP requests at once to one endpoint."},
	{"rpc-rate", "N", OPT_INT, AT(p.rate), "0", 0, 100000, 0,
		"HTTP requests a second to one endpoint; 0: no limit."},
	{"database", "URL", OPT_STRING, AT(p.database), NULL, 0, 0, OPT_SECRET,
		"Compare with the ledger in this database, at the same block; nothing is written to it."},
	{"wait", "TIME", OPT_TIME, AT(wait_ms), "60s", 0, 3600000, 0,
		"How long to wait for the ledger to reach the block, milliseconds or with a unit."},
	{"output", "FILE", OPT_STRING, AT(output), NULL, 0, 0, 0,
		"Write a file for `override`: with --database the set in force and what differs, else all parameters."},
	{"state", "FILE", OPT_STRING, AT(state), NULL, 0, 0, 0,
		"Write what the contracts said, in the form of the network file's initial_state."},
	OPT_END,
};

struct work {
	const struct snapshot_conf *c;
	struct pipeline p;
	const struct chain_conf *chain;
	struct books_conf books;
	struct source *sources[16];
	struct snapshot taken[16]; /* by endpoint, all of one block */
	size_t n;
	struct buf lines; /* of the override file */
	size_t differ, parameters;
	struct err *e;
};

/* ---- all endpoints at one block ------------------------------------------------------------- */

static void drop(struct work *w)
{
	for (size_t i = 0; i < w->n; i++)
		snapshot_free(&w->taken[i]);
}

static enum err_kind take_once(struct work *w)
{
	enum err_kind k = ERR_NONE;

	drop(w);
	for (size_t i = 0; !k && i < w->n; i++)
		k = snapshot_take(&w->taken[i], w->sources[i], w->chain, i ? &w->taken[0].block : NULL, w->e);
	return k;
}

static enum err_kind take_all(struct work *w)
{
	enum err_kind k;

	for (int i = 0;; i++) {
		k = take_once(w);
		if (k != ERR_AGAIN || w->n == 1 || i == TRIES)
			return k;
		if (stop_wait_ms(PAUSE_MS))
			return err_set(w->e, ERR_STOP, "snapshot", 0, "stopped");
	}
}

struct disagreement {
	const char *a, *b;
	size_t n;
};

static void tell_dispute(void *arg, const struct ledger_difference *d)
{
	struct disagreement *x = arg;

	x->n++;
	printf("%s: %s says %.*s, %s says %.*s\n", d->name, x->a, VALUE_MAX, d->a, x->b, VALUE_MAX, d->b);
}

static enum err_kind agree(struct work *w)
{
	for (size_t i = 1; i < w->n; i++) {
		struct disagreement x = {w->taken[0].endpoint, w->taken[i].endpoint, 0};

		ledger_compare(w->taken[0].ledger, w->taken[i].ledger, tell_dispute, &x);
		if (x.n)
			return err_set(w->e, ERR_FATAL, "snapshot", 0,
				"%s and %s do not agree on %zu values of block %" PRIu64 ": nothing was compared or written",
				x.a, x.b, x.n, w->taken[0].block.number);
	}
	return ERR_NONE;
}

/* ---- what comes of it ----------------------------------------------------------------------- */

/* In force from the next block on: the values are those at the end of this one. */
static void add_line(struct work *w, struct ledger_parameter p, struct u256 value)
{
	const struct block_id *b = &w->taken[0].block;
	char name[LEDGER_PARAMETER_NAME_MAX], number[U256_DEC_MAX + 1];

	ledger_parameter_name(name, p);
	number[u256_dec(number, value)] = 0;
	buf_printf(&w->lines, "%" PRIu64 " %s %s " SNAPSHOT_PREFIX "%" PRIu64 " 0x", b->number + 1, name,
		number, b->number);
	buf_hex(&w->lines, b->hash.b, sizeof(b->hash.b));
	buf_str(&w->lines, " by eth_call at ");
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&w->lines, "%s%s", i ? ", " : "", w->taken[i].endpoint);
	buf_chr(&w->lines, '\n');
	w->parameters++;
}

static void tell_difference(void *arg, const struct ledger_difference *d)
{
	struct work *w = arg;
	char source[160] = "";
	struct err e;

	w->differ++;
	if (d->is_parameter) {
		add_line(w, d->parameter, d->value);
		if (books_parameter_source(source, &w->books, d->name, w->taken[0].block.number, &e))
			source[0] = 0;
	}
	printf("%s: the ledger has %.*s%s%s%s, the contract %.*s\n", d->name, VALUE_MAX, d->a,
		source[0] ? " (" : "", source, source[0] ? ")" : "", VALUE_MAX, d->b);
}

/* The ledger at the same block; it may have to come to it, or be on another branch for a while. */
static enum err_kind find_ledger(struct work *w, struct ledger **out)
{
	const uint64_t end = clock_ms() + (uint64_t)w->c->wait_ms;
	enum err_kind k;

	for (;;) {
		k = books_at(out, &w->books, &w->taken[0].block, w->e);
		if ((k != ERR_AGAIN && k != ERR_REWIND) || clock_ms() >= end)
			return k;
		if (stop_wait_ms(PAUSE_MS))
			return err_set(w->e, ERR_STOP, "snapshot", 0, "stopped");
		if (k == ERR_REWIND && (k = take_all(w)))
			return k;
	}
}

static enum err_kind compare(struct work *w)
{
	struct ledger *stored = NULL;
	enum err_kind k = find_ledger(w, &stored);
	size_t n;

	if (k || (k = agree(w))) {
		ledger_free(stored);
		return k;
	}
	n = ledger_compare(stored, w->taken[0].ledger, tell_difference, w);
	ledger_free(stored);
	printf("%zu of %zu values differ at block %" PRIu64 "%s\n", w->differ, n, w->taken[0].block.number,
		w->differ > w->parameters ? "; those that are no parameters an override can not put right"
					  : "");
	return ERR_NONE;
}

static void add_all(struct work *w)
{
	struct arena *mem = arena_new(1u << 20);
	const struct ledger_parameter_change *v;
	size_t n;

	ledger_parameters(w->taken[0].ledger, mem, &v, &n);
	for (size_t i = 0; i < n; i++)
		add_line(w, v[i].parameter, v[i].value);
	arena_free(mem);
}

static enum err_kind write_file(const char *path, const char *head, const struct buf *text, struct err *e)
{
	FILE *f = strcmp(path, "-") != 0 ? fopen(path, "we") : stdout;
	bool bad;

	if (!f)
		return err_set(e, ERR_FATAL, "snapshot", errno, "%s: %s", path, strerror(errno));
	fputs(head, f);
	fwrite(text->p, 1, text->n, f);
	bad = fflush(f) || ferror(f);
	if (f != stdout)
		bad |= fclose(f) != 0;
	return bad ? err_set(e, ERR_FATAL, "snapshot", errno, "%s: can not be written", path) : ERR_NONE;
}

/* A file replaces the set in force as a whole, so it begins with that. */
static enum err_kind write_overrides(struct work *w)
{
	struct buf text;
	enum err_kind k = ERR_NONE;

	if (!w->parameters) {
		fprintf(stderr, "no parameter differs: %s is not written\n", w->c->output);
		return ERR_NONE;
	}
	buf_init(&text, FILE_MAX);
	if (w->c->p.database)
		k = overrides_text(w->c->p.database, &text, w->e);
	if (!k && text.n && text.p[text.n - 1] != '\n')
		buf_chr(&text, '\n');
	buf_add(&text, w->lines.p, w->lines.n);
	if (!k && (text.bad || w->lines.bad))
		k = err_set(w->e, ERR_FATAL, "snapshot", 0, "%s: would be over 2 MiB", w->c->output);
	if (!k)
		k = write_file(w->c->output, w->c->p.database ? "" : "# block parameter value reason\n",
			&text, w->e);
	if (!k)
		fprintf(stderr, "%s: %zu parameters; `bttc-indexer override` puts them in force\n",
			w->c->output, w->parameters);
	buf_free(&text);
	return k;
}

static enum err_kind write_state(struct work *w)
{
	struct buf text;
	enum err_kind k;

	buf_init(&text, UINT32_MAX);
	buf_str(&text, w->taken[0].json);
	buf_chr(&text, '\n');
	k = write_file(w->c->state, "", &text, w->e);
	buf_free(&text);
	return k;
}

/* ---- start and end -------------------------------------------------------------------------- */

/* The staking chain's endpoints only; of a recorded network its own replay server. */
static enum err_kind plan(struct work *w)
{
	struct network *net = NULL;
	enum err_kind k = network_load(&net, w->c->p.network, w->e);
	const struct chain_conf *staking = k ? NULL : network_staking(net);

	if (!k && !staking)
		k = err_set(w->e, ERR_FATAL, "snapshot", 0,
			"network %s has no staking chain with a StakeManager", net->name);
	if (!k)
		k = pipeline_load(&w->p, &w->c->p, staking->key, w->e);
	network_free(net);
	if (!k)
		w->chain = network_staking(w->p.net);
	return k;
}

static enum err_kind open_sources(struct work *w)
{
	struct source_conf conf = pipeline_source(&w->c->p);
	const size_t c = (size_t)(w->chain - w->p.net->chains);
	enum err_kind k = pipeline_replay(&w->p, w->e);

	conf.retry_ms = RETRY_MS;
	while (!k && w->n < w->p.url_count[c]) {
		const char *const url[1] = {w->p.urls[c][w->n]};

		k = source_open(&w->sources[w->n], w->chain, url, 1, &conf, w->e);
		w->n += !k;
	}
	return k;
}

static enum err_kind work(struct work *w)
{
	enum err_kind k = open_sources(w);

	if (!k)
		k = take_all(w);
	if (!k && !w->c->p.database)
		k = agree(w);
	if (!k && w->c->p.database)
		k = compare(w);
	else if (!k)
		add_all(w);
	if (!k)
		fprintf(stderr, "snapshot of block %" PRIu64 " of chain %s: %zu calls to %s%s\n",
			w->taken[0].block.number, w->chain->key, w->taken[0].calls, w->taken[0].endpoint,
			w->n > 1 ? ", the others say the same" : "");
	if (!k && w->c->output)
		k = write_overrides(w);
	if (!k && w->c->state)
		k = write_state(w);
	return k;
}

static int run(const struct snapshot_conf *c)
{
	struct err e, closing;
	struct work w = {.c = c, .e = &e};
	enum err_kind k = plan(&w);
	int code;

	if (k || c->p.common.check_config) {
		(void)pipeline_close(&w.p, &closing);
		return k ? command_fail("snapshot", EXIT_USAGE, &e) : EXIT_OK;
	}
	w.books = (struct books_conf){.chain = w.chain, .database = c->p.database,
		.initial_state = w.p.net->initial_state, .revision = w.p.net->revision};
	buf_init(&w.lines, FILE_MAX);
	k = stop_install(&e);
	if (!k)
		k = work(&w);
	code = !k && w.differ ? EXIT_FAILED : EXIT_OK;
	if (k && k != ERR_STOP)
		code = command_fail("snapshot", EXIT_FAILED, &e);
	drop(&w);
	for (size_t i = 0; i < w.n; i++)
		source_close(w.sources[i]);
	buf_free(&w.lines);
	(void)pipeline_close(&w.p, &closing);
	return code;
}

int cmd_snapshot(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct snapshot_conf c = {.p.body_max = 64 << 20};
	struct opt_set *set = NULL;
	const char *const *rest;
	size_t n;
	int code = command_options(&set, "snapshot",
		"--network NAME|FILE [--rpc CHAIN=URL]... [--database URL] [--output FILE]", tables, &c, argc, argv,
		&rest, &n);

	if (code < 0 && n)
		code = command_usage("snapshot", "unexpected word", rest[0], NULL);
	if (code < 0)
		code = run(&c);
	opt_free(set);
	return code;
}
