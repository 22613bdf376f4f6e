/* What a source counts equals what its node received. */
#include "unit/source/rig.h"

/* The series of the rig's node; kind and help were given when the endpoint was opened. */
static struct metric_series *of_node(struct rig *r, const char *name, const char *label, const char *value)
{
	struct metric_series *m;
	struct buf b;

	buf_init(&b, 1000);
	metric_label(&b, "chain", r->chain.key);
	metric_label(&b, "endpoint", strstr(fake_http_url(r->node[0]->http), "//") + 2);
	if (label)
		metric_label(&b, label, value);
	m = metric_get(METRIC_COUNTER, name, "", b.p);
	buf_free(&b);
	return m;
}

static int64_t value(struct rig *r, const char *name)
{
	return metric_value(of_node(r, name, NULL, NULL));
}

static int64_t asked(struct rig *r, const char *method)
{
	return metric_value(of_node(r, "bttc_source_requests_total", "method", method));
}

static void ask_a_lot(struct rig *r)
{
	struct job *j[3] = {source_head(r->s, true),
		source_blocks(r->s, (struct block_range){100, 399}, true),
		source_logs(r->s, (struct block_range){500, 1000}, &rig_all, 1)};

	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_wait(r, j[i]), ERR_NONE);
		job_free(j[i]);
	}
}

static uint64_t received; /* bytes of bodies that came in at the node */

static bool weigh(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	(void)r;
	received += q->body_len;
	return false;
}

static void requests_equal_what_came_in(void **state)
{
	static const char *const methods[] = {"eth_chainId", "eth_blockNumber", "eth_getBlockByNumber",
		"eth_getLogs", "eth_getBlockReceipts"};
	uint64_t all = 0;
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = weigh;
	received = 0;
	rig_open(&r);
	ask_a_lot(&r);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const unsigned came = fake_node_count(r.node[0], methods[i]);

		assert_int_equal(asked(&r, methods[i]), came);
		all += came;
	}
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber"), 303);
	assert_int_equal(value(&r, "bttc_source_batch_requests"), fake_http_requests(r.node[0]->http));
	assert_int_equal(metric_sum(of_node(&r, "bttc_source_batch_requests", NULL, NULL)), all);
	assert_int_equal(value(&r, "bttc_source_request_seconds"), fake_http_requests(r.node[0]->http));
	assert_int_equal(value(&r, "bttc_source_sent_bytes_total"), received);
	assert_true(value(&r, "bttc_source_received_bytes_total") > 10000);
	assert_int_equal(value(&r, "bttc_source_in_flight_requests"), 0);
	assert_int_equal(value(&r, "bttc_source_endpoint_usable"), 1);
	assert_int_equal(value(&r, "bttc_source_retries_total"), 0);
	rig_close(&r);
}

/* The first answers to blocks are HTTP 503. */
static bool busy_at_first(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	if (strstr(q->body, "eth_chainId") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	r->status = 503;
	return true;
}

static void retries_and_errors_are_counted(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = busy_at_first;
	atomic_store(&r.node[0]->countdown, 2);
	rig_open(&r);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	assert_int_equal(rig_errors(&r, 0, "busy"), 2);
	assert_int_equal(value(&r, "bttc_source_retries_total"), 2);
	assert_int_equal(asked(&r, "eth_getBlockByNumber"), 3);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber"), 1);
	rig_close(&r);
}

static void a_wrong_node_is_not_usable(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->chain_id = CHAIN_ID + 1;
	rig_open(&r);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_FATAL);
	job_free(j);
	assert_int_equal(value(&r, "bttc_source_endpoint_usable"), 0);
	rig_close(&r);
}

/* User, password, path and header of an endpoint are nowhere in the text. */
static void labels_hold_no_secrets(void **state)
{
	const struct chain_conf chain = {.key = "secret", .chain_id = 1};
	const char *urls[] = {"https://user:hunter2@h.example:444/v2/apikey1?k=apikey2#Key: apikey3"};
	struct source *s;
	struct buf b;
	struct err e;

	(void)state;
	assert_int_equal(source_open(&s, &chain, urls, 1, NULL, &e), ERR_NONE);
	buf_init(&b, 8 << 20);
	metric_format(&b);
	assert_non_null(strstr(b.p, "{chain=\"secret\",endpoint=\"h.example:444\",method=\"eth_getLogs\"} 0\n"));
	assert_null(strstr(b.p, "hunter2"));
	assert_null(strstr(b.p, "user"));
	assert_null(strstr(b.p, "apikey"));
	buf_free(&b);
	source_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_equal_what_came_in),
		cmocka_unit_test(retries_and_errors_are_counted),
		cmocka_unit_test(a_wrong_node_is_not_usable),
		cmocka_unit_test(labels_hold_no_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
