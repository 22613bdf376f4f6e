/* `backfill`: a bounded range of one chain. */
#include "bin/pipeline.h"

#include "base/stop.h"
#include "store/operation.h"

#include <inttypes.h>
#include <stdio.h>

struct backfill_conf {
	struct pipeline_conf p; /* first */
	char *chain;
	int64_t from, to;
	bool plan;
};

#define AT(f) offsetof(struct backfill_conf, f)
static const struct opt opts[] = {
	{"chain", "CHAIN", OPT_STRING, AT(chain), NULL, 0, 0, OPT_REQUIRED, "Key of the chain."},
	{"from", "BLOCK", OPT_INT, AT(from), NULL, 0, INT64_MAX, OPT_REQUIRED,
		"First block, included."},
	{"to", "BLOCK", OPT_INT, AT(to), NULL, 0, INT64_MAX, OPT_REQUIRED, "Last block, included."},
	{"plan", NULL, OPT_FLAG, AT(plan), "false", 0, 0, 0,
		"Say what would be done, ask the node for its head, change nothing."},
	OPT_END,
};

static enum err_kind check_range(const struct backfill_conf *c, const struct chain_conf *cc,
	struct err *e)
{
	if (c->from > c->to)
		return err_set(e, ERR_FATAL, "opt", 0,
			"option \"from\": %" PRId64 " is above option \"to\": %" PRId64, c->from, c->to);
	if ((uint64_t)c->from < cc->first_block)
		return err_set(e, ERR_FATAL, "opt", 0,
			"option \"from\": %" PRId64 " is below the first block of chain %s, %" PRIu64, c->from,
			cc->key, cc->first_block);
	return ERR_NONE;
}

static void print_plan(const struct pipeline *p, const struct backfill_conf *c, size_t chain)
{
	const struct chain_conf *cc = &p->net->chains[chain];
	uint64_t blocks = (uint64_t)(c->to - c->from) + 1;
	uint64_t batches = (blocks + (uint64_t)c->p.batch - 1) / (uint64_t)c->p.batch;
	uint64_t ranges = (blocks + (uint64_t)c->p.logs_range - 1) / (uint64_t)c->p.logs_range;

	printf("chain %s of network %s, blocks %" PRId64 " to %" PRId64 " (%" PRIu64 ")\n", cc->key,
		p->net->name, c->from, c->to, blocks);
	printf("  headers%s: about %" PRIu64 " requests of up to %" PRId64 " blocks\n",
		cc->tx_scan == TX_SCAN_FULL ? " with transactions" : "", batches, c->p.batch);
	printf("  logs: at least %" PRIu64 " requests of up to %" PRId64 " blocks, %zu watches\n", ranges,
		c->p.logs_range, cc->watch_count);
	printf("  receipts: of each block with a kept transaction, an announcement of a contract, or a "
		"bloom that does not fit its logs\n");
	for (size_t i = 0; i < p->url_count[chain]; i++)
		printf("  endpoint %s\n", p->urls[chain][i]);
	if (!p->url_count[chain])
		printf("  endpoint: its own recording %s\n", cc->recording);
	printf("  into %s\n", c->p.data ? c->p.data : "the given database");
}

/* It is many transactions: that it was begun is what the log says. */
static enum err_kind log_begin(const struct pipeline *p, const struct backfill_conf *c, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, p->url, "bttc-indexer backfill", e);

	if (!k)
		k = operation_record(pg, e, "backfill", "chain %s, blocks %" PRId64 " to %" PRId64 ", begun",
			c->chain, c->from, c->to);
	pg_close(pg);
	return k;
}

static enum err_kind run(struct pipeline *p, const struct backfill_conf *c, size_t chain,
	struct err *e)
{
	struct ingest_conf ic = {.poll_ms = c->p.poll_ms, .range_blocks = c->p.range_blocks,
		.window_ranges = c->p.window, .has_to = true, .to = (uint64_t)c->to};
	struct writer_conf wc = {.bulk = true, .has_range = true, .from = (uint64_t)c->from,
		.to = (uint64_t)c->to};
	enum err_kind k = pipeline_open(p, NULL, e);

	if (!k)
		k = log_begin(p, c, e);
	if (!k)
		k = pipeline_start(p, chain, &ic, &wc, e);
	if (!k && &p->net->chains[chain] == network_staking(p->net))
		k = books_begin(&p->books, p->net, p->url, e);
	if (!k)
		k = pipeline_wait(p, false, e);
	else
		stop_request();
	return k;
}

static int plan_or_run(struct backfill_conf *c)
{
	struct err e = {0}, ce;
	struct pipeline p;
	size_t chain = 0;
	enum err_kind k = pipeline_plan(&p, &c->p, &e);

	while (!k && chain < p.net->chain_count && &p.net->chains[chain] != network_chain(p.net, c->chain))
		chain++;
	if (!k && chain == p.net->chain_count)
		k = err_set(&e, ERR_FATAL, "opt", 0, "option \"chain\": network %s has no chain \"%.40s\"",
			p.net->name, c->chain);
	if (!k)
		k = check_range(c, &p.net->chains[chain], &e);
	if (k || c->p.common.check_config || c->plan) {
		if (!k && c->plan)
			print_plan(&p, c, chain);
		(void)pipeline_close(&p, &ce);
		return k ? command_fail("backfill", EXIT_USAGE, &e) : EXIT_OK;
	}
	k = stop_install(&e);
	if (!k)
		k = run(&p, c, chain, &e);
	if (pipeline_close(&p, &ce) && !k) {
		k = ERR_FATAL;
		e = ce;
	}
	return k && k != ERR_STOP ? command_fail("backfill", EXIT_FAILED, &e) : EXIT_OK;
}

int cmd_backfill(int argc, char **argv)
{
	static const struct opt *const tables[] = {node_opts, pipeline_opts, opts, NULL};
	struct backfill_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "backfill",
		"--network NAME|FILE --chain CHAIN --from N --to N (--data DIR | --database URL) [OPTIONS]",
		tables, &c, argc, argv, &rest, &n);

	if (rc < 0 && n)
		rc = command_usage("backfill", "unexpected word", rest[0], NULL);
	if (rc < 0)
		rc = plan_or_run(&c);
	opt_free(set);
	return rc;
}
