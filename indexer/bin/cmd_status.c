/*
 * `status`: asks a running server for /v1/status and prints one screen, or the JSON itself: where each
 * chain stands, what is slow or stuck, and what to do about it. The exit code says whether all is in
 * order, for monitoring. Of `ingest` and `index`, which have no /v1/status, it prints /readyz.
 */
#include "bin/command.h"

#include "base/json.h"
#include "base/log.h"
#include "source/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct status_conf {
	struct common_conf common; /* first */
	char *url;
	bool json;
	int64_t timeout_ms;
};

#define AT(f) offsetof(struct status_conf, f)
static const struct opt opts[] = {
	{"url", "URL", OPT_STRING, AT(url), "http://127.0.0.1:8080", 0, 0, 0, "Server to ask."},
	{"json", NULL, OPT_FLAG, AT(json), "false", 0, 0, 0, "Print the server's JSON as it is."},
	{"timeout", "TIME", OPT_TIME, AT(timeout_ms), "5s", 10, 600000, 0,
		"Longest wait for the answer, milliseconds or with a unit."},
	OPT_END,
};

static void text_of(struct jval obj, const char *key, char *out, size_t size)
{
	struct jval v;
	const char *s;
	size_t n;
	int64_t i;
	bool b;

	snprintf(out, size, "-");
	if (!json_get(obj, key, &v))
		return;
	if (json_str(v, &s, &n))
		snprintf(out, size, "%.*s", (int)n, s);
	else if (json_i64(v, &i))
		snprintf(out, size, "%" PRId64, i);
	else if (json_bool(v, &b))
		snprintf(out, size, "%s", b ? "yes" : "no");
}

static const char *endpoint_advice(const char *state)
{
	static const char *const known[][2] = {
		{"down", ": does not answer, is asked again from time to time; look at the node, or "
			 "give another one with --rpc"},
		{"limited", ": refuses our rate; --rpc-rate keeps below it, another --rpc shares the load"},
		{"slow", ": answers slowly; a nearer one, or a smaller --rpc-batch"},
		{"wrong-chain", ": serves another chain and is not used; correct its URL"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(state, known[i][0]))
			return known[i][1];
	return "";
}

static void print_endpoints(struct jval chain)
{
	struct jval list, x;
	struct jiter it;
	char name[128], state[32], requests[32], errors[32], latency[32];

	if (!json_get(chain, "endpoints", &list))
		return;
	json_iter(list, &it);
	while (json_next(&it, &x)) {
		text_of(x, "name", name, sizeof(name));
		text_of(x, "state", state, sizeof(state));
		text_of(x, "requests", requests, sizeof(requests));
		text_of(x, "errors", errors, sizeof(errors));
		text_of(x, "latency_ms", latency, sizeof(latency));
		printf("           endpoint %s: %s, %s requests, %s errors, %s ms%s\n", name, state,
			requests, errors, latency, endpoint_advice(state));
	}
}

static void print_levels(struct jval chain)
{
	struct jval levels, x;
	struct jiter it;
	const char *k;
	size_t n;
	int64_t v;

	if (!json_get(chain, "verification", &levels))
		return;
	printf("           blocks by verification:");
	json_iter(levels, &it);
	while (json_next_member(&it, &k, &n, &x))
		if (json_i64(x, &v) && v)
			printf(" %.*s %" PRId64, (int)n, k, v);
	printf("\n");
}

/** What to do about it, where the reason does not say so itself. */
static const char *advice(const char *why)
{
	static const struct {
		const char *reason, *advice;
	} known[] = {
		{"nothing is indexed yet", ": is `up`, or `ingest` and `index`, running?"},
		{"the node's head is not known",
			": is `up` or `ingest` running, do its nodes answer? (its log, endpoints)"},
		{"it lags behind its node",
			": falling behind? compare bttc_ingest_published_block with "
			"bttc_index_block: the stage that stands still has the reason in its log"},
		{"its nodes do not agree on a block, which waits (disputed_block)",
			": who said what is in chain.dispute; give a third --rpc, or replace the node that is wrong"},
		{"the node's head does not advance", ": look at the node, or give another one with --rpc"},
		{"catching up: the database is the slower side",
			": normal in a first load; else look at PostgreSQL's disk and at "
			"bttc_store_commit_seconds"},
		{"catching up: the node is the slower side",
			": normal in a first load; more --rpc endpoints, or a larger --window and "
			"--rpc-in-flight, where the node allows it"},
		{"Kafka takes no records at the moment",
			": look at the broker (deploy/kafka-local status); it goes on by itself when it is back"},
		{"it is starting: waiting for Kafka, or reading the topic back",
			": when it stays so, look at the broker and at --brokers"},
		{"the database or the stream can not be used at the moment",
			": its log has the reason; it goes on by itself when broker and PostgreSQL are back"},
		{"the ledger has not caught up with the stored rows",
			": the process that folds (`up` or `index`) is behind or gone; compare "
			"bttc_ledger_block with bttc_index_block"},
		{"blocks are below the required verification level",
			": the node gave no receipts or no headers that prove them; give one that does with "
			"--rpc and index the chain anew, or lower \"required\" in the network file"},
		{"the database can not be written at the moment",
			": it goes on by itself when PostgreSQL is back, or when the process that has "
			"the chain ends"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(why, known[i].reason))
			return known[i].advice;
	return "";
}

/* False: nothing moves any more. */
static bool print_chain(struct jval chain)
{
	char why[600], key[40], head[32], indexed[32], safe[32], final[32], lag[32];

	text_of(chain, "chain", key, sizeof(key));
	text_of(chain, "head", head, sizeof(head));
	text_of(chain, "indexed", indexed, sizeof(indexed));
	text_of(chain, "safe", safe, sizeof(safe));
	text_of(chain, "final", final, sizeof(final));
	text_of(chain, "lag_seconds", lag, sizeof(lag));
	printf("%-10s indexed %s of %s, safe %s, final %s, lag %s s\n", key, indexed, head, safe, final,
		lag);
	text_of(chain, "unready", why, sizeof(why));
	if (strcmp(why, "-"))
		printf("           NOT READY: %s%s\n", why, advice(why));
	text_of(chain, "note", why, sizeof(why));
	if (strcmp(why, "-"))
		printf("           %s%s\n", why, advice(why));
	print_levels(chain);
	print_endpoints(chain);
	text_of(chain, "quiet", why, sizeof(why));
	text_of(chain, "changed_at", key, sizeof(key));
	if (strcmp(why, "yes"))
		return true;
	printf("           STUCK: nothing new since %s: ask `ingest` and `index` themselves (status --url "
		"with their --metrics-listen), or look at the endpoints above; then at the broker\n",
		key);
	return false;
}

static int show(struct jval root)
{
	struct jval chains, x, ready;
	struct jiter it;
	char network[64], version[32], parked[32], open[32], from[32];
	bool is_ready = false, moves = true;

	text_of(root, "network", network, sizeof(network));
	text_of(root, "version", version, sizeof(version));
	text_of(root, "parked", parked, sizeof(parked));
	text_of(root, "discrepancies_open", open, sizeof(open));
	printf("network %s, version %s, discrepancies open: %s%s, parked records: %s\n", network, version,
		open, !strcmp(open, "0") || !strcmp(open, "-") ? "" : " (what and where: /v1/discrepancies)",
		parked);
	text_of(root, "unreconciled_from", from, sizeof(from));
	if (strcmp(from, "-"))
		printf("amounts from block %s on are UNRECONCILED: a checkpoint's reward is another than"
		       " computed; see the explanation in /v1/discrepancies, and `bttc-indexer override --help`\n",
			from);
	if (json_get(root, "chains", &chains)) {
		json_iter(chains, &it);
		while (json_next(&it, &x))
			moves &= print_chain(x);
	}
	if (json_get(root, "ready", &ready))
		(void)json_bool(ready, &is_ready);
	printf(is_ready ? "ready\n" : "NOT READY: a chain is behind, halted, or below its required "
		"verification level (see /readyz)\n");
	return is_ready && moves && (!strcmp(open, "0") || !strcmp(open, "-")) ? EXIT_OK : EXIT_FAILED;
}

/* What a process without an API says of itself. */
static int show_readyz(const struct status_conf *c, struct json_parser *parser, struct buf *body)
{
	char chain[40], why[600], ready[8];
	struct jval root;
	struct buf url;
	struct err e = {0};
	enum err_kind k;

	buf_clear(body);
	buf_init(&url, 4096);
	buf_printf(&url, "%s/readyz", c->url);
	k = fetch_get(url.p ? url.p : "", c->timeout_ms, body, &e);
	buf_free(&url);
	if ((k && e.code != 503) || json_parse(parser, body->p ? body->p : "", body->n, &root, &e))
		return command_fail("status", EXIT_FAILED, &e);
	text_of(root, "ready", ready, sizeof(ready));
	text_of(root, "chain", chain, sizeof(chain));
	text_of(root, "reason", why, sizeof(why));
	if (c->json)
		printf("%s\n", body->p);
	else if (strcmp(ready, "yes"))
		printf("%-10s NOT READY: %s%s\n", chain, why, advice(why));
	else
		printf("ready\n");
	return strcmp(ready, "yes") ? EXIT_FAILED : EXIT_OK;
}

static int run(const struct status_conf *c)
{
	struct json_parser *parser = json_parser_new(16 << 20);
	struct jval root;
	struct buf url, body;
	struct err e;
	int rc;

	buf_init(&url, 4096);
	buf_init(&body, 16 << 20);
	buf_printf(&url, "%s/v1/status", c->url);
	if (fetch_get(url.p ? url.p : "", c->timeout_ms, &body, &e)) {
		rc = e.code == 404 ? show_readyz(c, parser, &body) : command_fail("status", EXIT_FAILED, &e);
	} else if (json_parse(parser, body.p, body.n, &root, &e)) {
		rc = command_fail("status", EXIT_FAILED, &e);
	} else if (c->json) {
		printf("%s\n", body.p);
		rc = EXIT_OK;
	} else {
		rc = show(root);
	}
	buf_free(&url);
	buf_free(&body);
	json_parser_free(parser);
	return rc;
}

int cmd_status(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct status_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "status", "--url URL [--json] [OPTIONS]", tables, &c, argc, argv,
		&rest, &n);

	if (rc < 0 && n)
		rc = command_usage("status", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = run(&c);
	opt_free(set);
	return rc;
}
