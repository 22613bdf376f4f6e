/* What the tests of a whole source share: fake nodes, a source over them, waiting. */
#include "lib/check.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "lib/fake_node.h"
#include "source/source.h"

#define CHAIN_ID 4711u
#define NODES    3

struct rig {
	struct fake_node *node[NODES];
	unsigned nodes;
	struct chain_conf chain;
	struct source_conf conf;
	struct source *s;
};

static inline void rig_init(struct rig *r, unsigned nodes)
{
	memset(r, 0, sizeof(*r));
	log_set_level(LOG_ERROR + 1);
	r->nodes = nodes;
	r->chain = (struct chain_conf){.key = "test",
		.chain_id = CHAIN_ID,
		.kind = CHAIN_ETHEREUM,
		.finality = FINALITY_TAGS};
	r->conf = (struct source_conf){.timeout_ms = 3000, .retry_ms = 3000};
	for (unsigned i = 0; i < nodes; i++)
		r->node[i] = fake_node_new(CHAIN_ID, 1000);
}

static inline void rig_open(struct rig *r)
{
	const char *urls[NODES];
	struct err e;

	for (unsigned i = 0; i < r->nodes; i++) {
		fake_node_start(r->node[i]);
		urls[i] = fake_http_url(r->node[i]->http);
	}
	assert_int_equal(source_open(&r->s, &r->chain, urls, r->nodes, &r->conf, &e), ERR_NONE);
}

static inline void rig_close(struct rig *r)
{
	source_close(r->s);
	for (unsigned i = 0; i < r->nodes; i++)
		fake_node_stop(r->node[i]);
}

/* Wait for a job and print why it failed when that was not expected. */
static inline enum err_kind rig_wait(struct rig *r, struct job *j)
{
	struct err e = {0};
	enum err_kind k = source_wait(r->s, j, &e);

	if (k)
		print_message("    %s: %s\n", err_kind_name(k), e.msg);
	return k;
}

static inline int64_t rig_errors(struct rig *r, unsigned node, const char *class)
{
	struct buf b;
	int64_t v;

	buf_init(&b, 1000);
	metric_label(&b, "chain", r->chain.key);
	metric_label(&b, "endpoint", strstr(fake_http_url(r->node[node]->http), "//") + 2);
	metric_label(&b, "class", class);
	v = metric_value(metric_get(METRIC_COUNTER, "bttc_source_errors_total", "", b.p));
	buf_free(&b);
	return v;
}

static const struct log_filter rig_all;
