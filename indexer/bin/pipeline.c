/*
 * Assembly that `up`, `backfill` and, in part, `ingest` and `index` share. Resources are opened in one
 * order and closed in the reverse: network, private PostgreSQL, replay server, chain runs.
 */
#include "bin/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "bin/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE_WAIT_MS 30000

#define AT(f) offsetof(struct pipeline_conf, f)
const struct opt node_opts[] = {
	{"network", "NAME|FILE", OPT_STRING, AT(network), NULL, 0, 0, OPT_REQUIRED,
		"Network: mainnet, donau, golden, world, or a network file."},
	{"rpc", "CHAIN=URL", OPT_LIST, AT(rpc), NULL, 0, 0, 0,
		"JSON-RPC endpoint of a chain; replaces those of the network file. SSL_CERT_FILE names own authorities."},
	{"rpc-timeout", "TIME", OPT_TIME, AT(timeout_ms), "20s", 100, 600000, 0,
		"Longest wait for one HTTP request, milliseconds or with a unit."},
	{"rpc-body-max", "BYTES", OPT_SIZE, AT(body_max), "64M", 65536, 1 << 30, 0,
		"A larger answer is refused while it is read, bytes or with a unit."},
	{"rpc-batch", "N", OPT_INT, AT(batch), "100", 1, 1000, 0,
		"Requests in one JSON-RPC batch; 1 turns batches off."},
	{"rpc-in-flight", "N", OPT_INT, AT(in_flight), "8", 1, 64, 0,
		"HTTP requests at once to one endpoint."},
	{"rpc-rate", "N", OPT_INT, AT(rate), "0", 0, 100000, 0,
		"HTTP requests a second to one endpoint; 0: no limit."},
	{"logs-range", "BLOCKS", OPT_INT, AT(logs_range), "2000", 1, 1000000, 0,
		"Widest eth_getLogs range, blocks; shrinks by itself when a node refuses."},
	{"range", "BLOCKS", OPT_INT, AT(range_blocks), "500", 1, 100000, 0,
		"Blocks fetched as one unit while behind."},
	{"window", "N", OPT_INT, AT(window), "4", 1, 64, 0, "Units in flight while behind."},
	{"poll-period", "TIME", OPT_TIME, AT(poll_ms), "0", 0, 600000, 0,
		"How often the head is asked for, milliseconds; 0: from the chain's block period."},
	{"replay-speed", "N", OPT_INT, AT(replay_speed), "0", 0, 1000000, 0,
		"Recorded networks: play the recording N times as fast as it was made; 0: all at once."},
	OPT_END,
};

const struct opt pipeline_opts[] = {
	{"data", "DIR", OPT_STRING, AT(data), NULL, 0, 0, 0,
		"Directory of the private PostgreSQL; made when missing."},
	{"database", "URL", OPT_STRING, AT(database), NULL, 0, 0, OPT_SECRET,
		"Use this PostgreSQL instead of a private one."},
	{"queue", "BYTES", OPT_SIZE, AT(queue_bytes), "8M", 65536, 1 << 30, 0,
		"Most bytes of records that wait between ingest and index, for each chain."},
	{"progress", NULL, OPT_FLAG, AT(progress), "true", 0, 0, 0,
		"Show progress (a bar on a terminal, a line every 10 s elsewhere)."},
	OPT_END,
};

static size_t chain_index(const struct network *net, const char *key, size_t len)
{
	size_t i = 0;

	while (i < net->chain_count &&
		(strlen(net->chains[i].key) != len || memcmp(net->chains[i].key, key, len)))
		i++;
	return i;
}

static enum err_kind add_url(struct pipeline *p, size_t chain, const char *url, struct err *e)
{
	if (p->url_count[chain] == 16)
		return err_set(e, ERR_FATAL, "opt", 0, "option \"rpc\": more than 16 endpoints for chain %s",
			p->net->chains[chain].key);
	p->urls[chain][p->url_count[chain]++] = strdup(url);
	return ERR_NONE;
}

static bool is_wanted(const struct pipeline *p, size_t chain)
{
	return p->only == ALL_CHAINS || p->only == chain;
}

static enum err_kind sort_endpoints(struct pipeline *p, struct err *e)
{
	for (size_t i = 0; i < p->conf->rpc.n; i++) {
		const char *text = p->conf->rpc.v[i], *eq = strchr(text, '=');
		size_t c = eq ? chain_index(p->net, text, (size_t)(eq - text)) : p->net->chain_count;
		enum err_kind k;

		if (c == p->net->chain_count)
			return err_set(e, ERR_FATAL, "opt", 0,
				"option \"rpc\": \"%.100s\" is not CHAIN=URL with a chain of network %s (%s, ...)",
				text, p->net->name, p->net->chains[0].key);
		if (strncmp(eq + 1, "http://", 7) && strncmp(eq + 1, "https://", 8))
			return err_set(e, ERR_FATAL, "opt", 0,
				"option \"rpc\": \"%.100s\" is no http:// or https:// URL", eq + 1);
		k = add_url(p, c, eq + 1, e);
		if (k)
			return k;
	}
	for (size_t c = 0; c < p->net->chain_count; c++) {
		const struct chain_conf *cc = &p->net->chains[c];

		if (p->url_count[c] || cc->recording || !is_wanted(p, c))
			continue;
		for (size_t i = 0; i < cc->endpoint_count && i < 16; i++)
			if (add_url(p, c, cc->endpoints[i], e))
				return ERR_FATAL;
		if (!p->url_count[c])
			return err_set(e, ERR_FATAL, "opt", 0,
				"chain %s has no endpoint: give --rpc %s=URL, or endpoints in %s", cc->key,
				cc->key, p->net->path);
	}
	return ERR_NONE;
}

enum err_kind pipeline_load(struct pipeline *p, const struct pipeline_conf *conf, const char *only,
	struct err *e)
{
	enum err_kind k;

	*p = (struct pipeline){.conf = conf, .only = ALL_CHAINS};
	k = network_load(&p->net, conf->network, e);
	if (k)
		return k;
	if (p->net->chain_count > CHAINS_MAX)
		return err_set(e, ERR_FATAL, "opt", 0, "%s: more than %d chains", p->net->path, CHAINS_MAX);
	if (only) {
		p->only = chain_index(p->net, only, strlen(only));
		if (p->only == p->net->chain_count)
			return err_set(e, ERR_FATAL, "opt", 0,
				"option \"chain\": network %s has no chain \"%.40s\"", p->net->name, only);
	}
	return sort_endpoints(p, e);
}

enum err_kind pipeline_plan(struct pipeline *p, const struct pipeline_conf *conf, struct err *e)
{
	*p = (struct pipeline){.conf = conf, .only = ALL_CHAINS};
	if (!conf->data == !conf->database)
		return err_set(e, ERR_FATAL, "opt", 0, conf->data
			? "options \"data\" and \"database\" exclude each other"
			: "give --data DIR (a private PostgreSQL) or --database URL");
	return pipeline_load(p, conf, NULL, e);
}

/* Recorded chains without --rpc are played by a replay server of our own. */
enum err_kind pipeline_replay(struct pipeline *p, struct err *e)
{
	struct replay_chain rc[CHAINS_MAX];
	struct replay_conf conf = {.listen = "127.0.0.1:0", .chains = rc, .speed = p->conf->replay_speed};
	size_t which[CHAINS_MAX], n = 0;
	enum err_kind k;

	for (size_t c = 0; c < p->net->chain_count; c++) {
		const struct chain_conf *cc = &p->net->chains[c];

		if (p->url_count[c] || !cc->recording || !is_wanted(p, c))
			continue;
		rc[n] = (struct replay_chain){.key = cc->key, .dir = cc->recording,
			.tron_shape = cc->recording_tron_shape, .safe_depth = cc->safe_depth,
			.final_depth = cc->final_depth};
		which[n++] = c;
		if (cc->kind != CHAIN_BTTC || !conf.final_depth) {
			conf.final_depth = cc->final_depth;
			conf.safe_depth = cc->safe_depth;
		}
	}
	if (!n)
		return ERR_NONE;
	conf.chain_count = n;
	k = replay_start(&p->replay, &conf, e);
	for (size_t i = 0; !k && i < n; i++) {
		char url[200];

		snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", replay_port(p->replay), rc[i].key);
		k = add_url(p, which[i], url, e);
	}
	return k;
}

/* Migrations and registration; a server that is lost meanwhile is waited for. */
enum err_kind schema_prepare(const char *url, const struct network *net, struct postgres *server,
	struct err *e)
{
	uint64_t start = clock_ms();
	unsigned applied;
	struct err watch;
	enum err_kind k;

	for (;;) {
		k = migrate_up(url, &applied, e);
		if (!k)
			k = store_register(url, net, e);
		if (k != ERR_AGAIN || clock_ms() - start > DATABASE_WAIT_MS)
			return k;
		if (server && postgres_watch(server, &watch) == ERR_FATAL) {
			*e = watch;
			return ERR_FATAL;
		}
		if (stop_wait_ms(200))
			return err_set(e, ERR_STOP, "up", 0, "stopped");
	}
}

enum err_kind pipeline_open(struct pipeline *p, const char *sql_listen, struct err *e)
{
	struct postgres_conf pc = {.data_dir = p->conf->data, .sql_listen = sql_listen};
	enum err_kind k = ERR_NONE;

	if (p->conf->data) {
		k = postgres_start(&p->postgres, &pc, e);
		if (k)
			return k;
		p->url = postgres_url(p->postgres);
		p->api_url = postgres_api_url(p->postgres);
	} else {
		p->url = p->api_url = p->conf->database;
	}
	k = schema_prepare(p->url, p->net, p->postgres, e);
	if (!k)
		k = pipeline_replay(p, e);
	return k;
}

struct source_conf pipeline_source(const struct pipeline_conf *c)
{
	return (struct source_conf){.timeout_ms = c->timeout_ms,
		.body_max_bytes = c->body_max,
		.batch_max = c->batch,
		.in_flight = c->in_flight,
		.rate_per_s = c->rate,
		.logs_range_max = c->logs_range};
}

enum err_kind pipeline_start(struct pipeline *p, size_t chain, const struct ingest_conf *ic,
	const struct writer_conf *wc, struct err *e)
{
	const struct pipeline_conf *c = p->conf;

	p->run_conf[chain] = (struct chain_run_conf){
		.net = p->net,
		.chain = &p->net->chains[chain],
		.database = p->url,
		.urls = (const char *const *)p->urls[chain],
		.url_count = p->url_count[chain],
		.source = pipeline_source(c),
		.ingest = *ic,
		.writer = *wc,
		.queue_bytes = (size_t)c->queue_bytes,
	};
	return chain_run_start(&p->run[chain], &p->run_conf[chain], e);
}

enum err_kind books_begin(struct books **out, const struct network *net, const char *database,
	struct err *e)
{
	struct books_conf conf = {.chain = network_staking(net), .database = database,
		.initial_state = net->initial_state, .revision = net->revision};

	*out = NULL;
	for (size_t c = 0; c < net->chain_count; c++)
		if (net->chains[c].role == ROLE_CHILD)
			conf.child = &net->chains[c];
	return conf.chain ? books_start(out, &conf, e) : ERR_NONE;
}

/* The ledger ends when it has all that the runs stored. */
static bool books_settled(struct pipeline *p)
{
	if (!p->books)
		return true;
	books_finish(p->books);
	return books_ended(p->books);
}

static bool all_ended(const struct pipeline *p)
{
	for (size_t c = 0; c < p->net->chain_count; c++)
		if (p->run[c] && !chain_run_ended(p->run[c]))
			return false;
	return true;
}

enum err_kind pipeline_wait(struct pipeline *p, bool stay, struct err *e)
{
	struct progress bar;
	struct err pe;

	progress_init(&bar, p->conf->progress);
	while (!stop_wait_ms(100)) {
		log_tick(false);
		if (p->postgres && postgres_watch(p->postgres, &pe) == ERR_FATAL) {
			*e = pe;
			progress_end(&bar);
			return ERR_FATAL;
		}
		progress_show(&bar, p->run, p->net->chain_count);
		if (!stay && all_ended(p) && books_settled(p))
			break;
	}
	progress_end(&bar);
	return stop_asked() ? ERR_STOP : ERR_NONE;
}

enum err_kind pipeline_close(struct pipeline *p, struct err *e)
{
	enum err_kind first = ERR_NONE, k;
	struct err ce;

	for (size_t c = 0; p->net && c < p->net->chain_count; c++) {
		if (!p->run[c])
			continue;
		k = chain_run_join(p->run[c], &ce);
		if (k && k != ERR_STOP && !first) {
			first = k;
			*e = ce;
		}
	}
	if (p->books) {
		k = books_join(p->books, &ce);
		if (k && k != ERR_STOP && !first) {
			first = k;
			*e = ce;
		}
	}
	replay_stop(p->replay);
	postgres_stop(p->postgres);
	for (size_t c = 0; c < CHAINS_MAX; c++)
		for (size_t i = 0; i < p->url_count[c]; i++)
			free(p->urls[c][i]);
	network_free(p->net);
	return first;
}
