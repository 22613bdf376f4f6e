/* Nodes and providers that misbehave: the same answers as from good ones, or a clear error. */
#include "rig.h"

/* ---- HTTP ------------------------------------------------------------------------------------ */

enum fault_kind {
	RATE_LIMITED,
	RATE_LIMITED_SILENT,
	UNAVAILABLE,
	RESET,
	CUT,
	DROP,
	HTML,
	OVERLOADED,
	HALF_JSON,
	NOT_RPC,
	KIND_COUNT
};
static enum fault_kind fault;

/* True: the reply is complete. */
static bool misbehave(enum fault_kind kind, struct fake_reply *r)
{
	switch (kind) {
	case RATE_LIMITED:
		buf_str(&r->headers, "Retry-After: 1\r\n");
		/* fall through */
	case RATE_LIMITED_SILENT:
		r->status = 429;
		buf_str(&r->body,
			"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32005,"
			"\"message\":\"daily request count exceeded, request rate limited\"}}");
		return true;
	case UNAVAILABLE: r->status = 503; return true;
	case RESET: r->reset = true; return false;
	case CUT: r->cut = true; return false;
	case DROP: r->drop = true; return true;
	case HTML:
		r->status = 502;
		buf_str(&r->body, "<html><body>502 Bad Gateway</body></html>");
		return true;
	case OVERLOADED:
		buf_str(&r->body, "{\"Error\":\"class org.tron.core.exception: "
				  "this node is lack of computing resources\"}");
		return true;
	case HALF_JSON:
		buf_str(&r->body, "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{");
		return true;
	case NOT_RPC: buf_str(&r->body, "{\"hello\":\"world\"}"); return true;
	case KIND_COUNT: break;
	}
	return false;
}

static bool faulty(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	if (strstr(q->body, "eth_chainId") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	return misbehave(fault, r);
}

static void check_blocks(struct rig *r, uint64_t from, uint64_t to)
{
	struct job *j = source_blocks(r->s, (struct block_range){from, to}, true);
	struct hash32 h;

	assert_int_equal(rig_wait(r, j), ERR_NONE);
	assert_int_equal(j->header_count, to - from + 1);
	for (size_t i = 0; i < j->header_count; i++) {
		fake_block_hash(r->node[0], &h, from + i);
		assert_memory_equal(j->headers[i].hash.b, h.b, 32);
		assert_int_equal(j->tx_counts[i], 3);
	}
	job_free(j);
}

static const struct {
	int kind;
	const char *class;
	unsigned times;
	bool checked_again; /* the chain id is asked for again after it */
} http_faults[] = {
	{RATE_LIMITED, "rate", 2, false},
	{RATE_LIMITED_SILENT, "rate", 2, false},
	{UNAVAILABLE, "busy", 2, true},
	{RESET, "transport", 2, true},
	{CUT, "transport", 2, true},
	{DROP, "transport", 1, true}, /* libcurl itself asks again when a kept connection ends */
	{HTML, "busy", 2, true},
	{OVERLOADED, "busy", 2, true},
	{HALF_JSON, "grammar", 2, true},
	{NOT_RPC, "grammar", 2, true},
};

static void http_faults_are_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(http_faults) / sizeof(*http_faults); i++) {
		const uint64_t t0 = clock_ms();
		struct rig r;

		fault = http_faults[i].kind;
		rig_init(&r, 1);
		r.node[0]->request = faulty;
		r.conf.in_flight = 1;
		atomic_store(&r.node[0]->countdown, 2);
		rig_open(&r);
		check_blocks(&r, 10, 60);
		assert_int_equal(rig_errors(&r, 0, http_faults[i].class), http_faults[i].times);
		assert_int_equal(fake_node_count(r.node[0], "eth_chainId"),
			http_faults[i].checked_again ? http_faults[i].times + 1 : 1);
		if (fault == RATE_LIMITED)
			assert_true(clock_ms() - t0 >= 2000); /* as it named, twice */
		else
			assert_true(clock_ms() - t0 < 2000);
		rig_close(&r);
	}
}

static void trouble_of_one_endpoint_is_avoided(void **state)
{
	struct endpoint_info info[2];
	const uint64_t t0 = clock_ms();
	struct rig r;

	(void)state;
	fault = RATE_LIMITED;
	rig_init(&r, 2);
	r.node[0]->request = faulty;
	atomic_store(&r.node[0]->countdown, 1000000);
	rig_open(&r);
	do {
		const uint64_t t1 = clock_ms();

		check_blocks(&r, 10, 400);
		assert_true(clock_ms() - t1 < 900); /* no wait for Retry-After: 1 */
		source_endpoints(r.s, info, 2);
	} while (strcmp(info[0].state, "limited") && clock_ms() - t0 < 10000);
	assert_string_equal(info[0].state, "limited");
	assert_string_equal(info[1].state, "ok");
	rig_close(&r);
}

static bool hang_once(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	if (strstr(q->body, "eth_chainId") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	r->hang = true;
	return true;
}

static void a_hanging_node_is_given_up(void **state)
{
	const uint64_t t0 = clock_ms();
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = hang_once;
	r.conf.timeout_ms = 200;
	atomic_store(&r.node[0]->countdown, 1);
	rig_open(&r);
	check_blocks(&r, 10, 12);
	assert_true(clock_ms() - t0 >= 200);
	assert_int_equal(rig_errors(&r, 0, "transport"), 1);
	rig_close(&r);
}

static bool always_503(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	(void)q;
	r->status = 503;
	buf_str(&r->body, "maintenance until Sunday");
	return true;
}

static void a_dead_node_fails_the_job_in_time(void **state)
{
	struct endpoint_info info;
	uint64_t t0;
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = always_503;
	r.conf.retry_ms = 1600;
	rig_open(&r);
	t0 = clock_ms();
	j = source_blocks(r.s, (struct block_range){1, 2}, false);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_true(clock_ms() - t0 >= 1600);
	assert_true(clock_ms() - t0 < 5000);
	assert_non_null(strstr(j->err.msg, "503"));
	assert_non_null(strstr(j->err.msg, "maintenance until Sunday"));
	source_endpoints(r.s, &info, 1);
	assert_string_equal(info.state, "down");
	assert_true(info.errors >= 3);
	job_free(j);
	rig_close(&r);
}

static void nobody_listens(void **state)
{
	const char *url = "http://127.0.0.1:1";
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 0);
	r.conf.retry_ms = 300;
	assert_int_equal(source_open(&r.s, &r.chain, &url, 1, &r.conf, &e), ERR_NONE);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_non_null(strstr(j->err.msg, "127.0.0.1:1"));
	job_free(j);
	source_close(r.s);
}

static bool zip(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	(void)q;
	r->gzip = true;
	return false;
}

static void gzip_is_taken(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = zip;
	rig_open(&r);
	check_blocks(&r, 10, 60);
	assert_int_equal(rig_errors(&r, 0, "grammar"), 0);
	rig_close(&r);
}

static bool always_close(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	(void)q;
	r->close = true;
	return false;
}

static void a_connection_for_every_request(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = always_close;
	rig_open(&r);
	check_blocks(&r, 10, 200);
	assert_int_equal(fake_node_count(r.node[0], "eth_chainId"), 1);
	rig_close(&r);
}

/* ---- size ------------------------------------------------------------------------------------ */

static void bodies_over_the_cap_shrink_the_question(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.conf.body_max_bytes = 20000; /* three blocks with transactions */
	rig_open(&r);
	check_blocks(&r, 10, 60);
	assert_true(atomic_load(&r.node[0]->largest_batch) > 3);
	j = source_logs(r.s, (struct block_range){1, 200}, &rig_all, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 600);
	assert_true(source_logs_span(r.s) < 20);
	job_free(j);
	rig_close(&r);
}

static void one_block_over_the_cap_is_an_error(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.conf.body_max_bytes = 2000;
	r.conf.retry_ms = 300;
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){10, 10}, true);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_non_null(strstr(j->err.msg, "larger than 2000 bytes"));
	job_free(j);
	rig_close(&r);
}

/* ---- batches --------------------------------------------------------------------------------- */

static void batches_too_large_are_halved(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->batch_max = 7;
	rig_open(&r);
	check_blocks(&r, 10, 300);
	assert_int_equal(rig_errors(&r, 0, "rate"), 0);
	assert_true(rig_errors(&r, 0, "batch") >= 1);
	rig_close(&r);
}

static bool no_batches(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	if (q->body[0] != '[')
		return false;
	r->status = 400;
	buf_str(&r->body, "{\"error\":\"Batch requests are not supported\"}");
	return true;
}

static void nodes_without_batches(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = no_batches;
	r.conf.batch_max = 4;
	rig_open(&r);
	check_blocks(&r, 10, 60);
	assert_int_equal(atomic_load(&r.node[0]->batches), 0);
	/* without batches the head is asked for before logs */
	j = source_logs(r.s, (struct block_range){900, 1000}, &rig_all, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 303);
	assert_true(fake_node_count(r.node[0], "eth_blockNumber") >= 1);
	job_free(j);
	rig_close(&r);
}

static void single_requests_wait_for_the_head_too(void **state)
{
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	r.conf.batch_max = 1;
	rig_open(&r);
	j = source_logs(r.s, (struct block_range){990, 1002}, &rig_all, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(source_poll(r.s, 50, &e), ERR_NONE);
	assert_int_equal(j->state, JOB_RUNNING);
	assert_int_equal(fake_node_count(r.node[0], "eth_getLogs"), 0);
	atomic_store(&r.node[0]->head, 1002);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 39);
	job_free(j);
	rig_close(&r);
}

static bool lose_some(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockByNumber") || c->from % 10 ||
		atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	c->leave_out = true;
	return true;
}

static void answers_missing_in_a_batch_are_asked_again(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = lose_some;
	atomic_store(&r.node[0]->countdown, 5);
	rig_open(&r);
	check_blocks(&r, 10, 100);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber"), 91 + 5);
	assert_int_equal(rig_errors(&r, 0, "grammar"), 5);
	rig_close(&r);
}

/* geth answers what fits and refuses the rest of the batch one by one. */
static bool fills_up(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockByNumber") || c->from < 30 ||
		atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	c->error = -32003;
	c->message = "response too large";
	return true;
}

static void rest_of_a_batch_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = fills_up;
	atomic_store(&r.node[0]->countdown, 20);
	rig_open(&r);
	check_blocks(&r, 10, 60);
	rig_close(&r);
}

static bool odd_ids(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	(void)n;
	if (q->body[0] != '[')
		return false;
	/* ids as strings, an answer to nobody, and one given twice */
	buf_str(&r->body, "[{\"id\":99999,\"result\":\"0x1\"},");
	for (const char *p = strstr(q->body, "\"id\":"); p; p = strstr(p + 5, "\"id\":")) {
		const unsigned long id = strtoul(p + 5, NULL, 10);
		const char *at = strstr(p, "[\"0x") + 2;

		for (int i = 0; i < 2; i++) {
			buf_printf(&r->body, "{\"jsonrpc\":\"2.0\",\"id\":\"%lu\",\"result\":", id);
			fake_block(n, &r->body, strtoull(at, NULL, 16), true);
			buf_str(&r->body, "},");
		}
	}
	r->body.p[r->body.n - 1] = ']';
	return true;
}

static void odd_ids_are_understood(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = odd_ids;
	rig_open(&r);
	check_blocks(&r, 10, 20);
	assert_int_equal(rig_errors(&r, 0, "grammar"), 0);
	rig_close(&r);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static uint64_t absent_block;

static bool says_null(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockByNumber") || c->from != absent_block ||
		atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	buf_str(c->result, "null");
	return true;
}

static void null_for_a_known_block(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	for (absent_block = 10; absent_block <= 20; absent_block += 5) {
		rig_init(&r, 1);
		r.node[0]->call = says_null;
		atomic_store(&r.node[0]->countdown, 2);
		rig_open(&r);
		j = source_head(r.s, false); /* so that the head is known */
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		job_free(j);
		check_blocks(&r, 10, 20);
		rig_close(&r);
	}
	/* for good, in the middle: an error that names it */
	absent_block = 15;
	rig_init(&r, 1);
	r.node[0]->call = says_null;
	atomic_store(&r.node[0]->countdown, 1000);
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){10, 20}, false);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_non_null(strstr(j->err.msg, "block 15 is null, but 20 is there"));
	job_free(j);
	/* for good, at the end: the head went down */
	absent_block = 20;
	j = source_blocks(r.s, (struct block_range){10, 20}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 10);
	assert_true(j->short_by_head);
	job_free(j);
	rig_close(&r);
}

/* Far below the head null can not be about the head. */
static void a_node_without_old_blocks(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	absent_block = 10;
	rig_init(&r, 1);
	r.node[0]->call = says_null;
	atomic_store(&r.node[0]->countdown, 1000);
	atomic_store(&r.node[0]->head, 100000);
	rig_open(&r);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	j = source_blocks(r.s, (struct block_range){10, 10}, false);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_non_null(strstr(j->err.msg, "block 10 is null, but the head was 100000: pruned?"));
	job_free(j);
	rig_close(&r);
}

static bool wrong_tx(struct fake_node *n, struct fake_call *c)
{
	char *p;

	if (strcmp(c->method, "eth_getBlockByNumber") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	fake_block(n, c->result, c->from, true);
	p = strstr(strstr(c->result->p, "\"transactions\""), "\"blockHash\":\"0xb0");
	p[15] = 'c';
	return true;
}

static void contradictions_in_a_block(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = wrong_tx;
	atomic_store(&r.node[0]->countdown, 3);
	rig_open(&r);
	check_blocks(&r, 10, 10);
	assert_int_equal(rig_errors(&r, 0, "grammar"), 3);
	atomic_store(&r.node[0]->countdown, 1000);
	j = source_blocks(r.s, (struct block_range){10, 10}, true);
	assert_int_equal(rig_wait(&r, j), ERR_REJECT);
	assert_non_null(strstr(j->err.msg, "transactions[0]: blockHash: not the block's hash"));
	job_free(j);
	rig_close(&r);
}

static bool other_number(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockByNumber"))
		return false;
	fake_block(n, c->result, c->from + 1, true);
	return true;
}

static void another_block_than_asked(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = other_number;
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){10, 10}, true);
	assert_int_equal(rig_wait(&r, j), ERR_REJECT);
	assert_non_null(strstr(j->err.msg, "number: 11, asked for 10"));
	job_free(j);
	rig_close(&r);
}

/* ---- the wrong chain ------------------------------------------------------------------------- */

static void wrong_chain_everywhere(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 2);
	r.node[0]->chain_id = 1;
	r.node[1]->chain_id = 56;
	rig_open(&r);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_FATAL);
	assert_non_null(strstr(j->err.msg, "every endpoint of chain test"));
	assert_int_equal(fake_http_requests(r.node[0]->http), 1); /* nothing else was sent */
	assert_int_equal(fake_http_requests(r.node[1]->http), 1);
	job_free(j);
	rig_close(&r);
}

static void wrong_chain_of_one(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 2);
	r.node[0]->chain_id = 1;
	rig_open(&r);
	check_blocks(&r, 10, 300);
	assert_int_equal(fake_http_requests(r.node[0]->http), 1);
	rig_close(&r);
}

static bool switch_after_error(
	struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	if (strstr(q->body, "eth_chainId") || atomic_fetch_sub(&n->countdown, 1) != 1)
		return false;
	n->chain_id = 5;
	r->drop = true;
	return true;
}

static void wrong_chain_after_a_reconnect(void **state)
{
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = switch_after_error;
	atomic_store(&r.node[0]->countdown, 2);
	rig_open(&r);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	assert_int_equal(source_poll(r.s, 1050, &e), ERR_NONE); /* the check is no longer fresh */
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_FATAL);
	job_free(j);
	rig_close(&r);
}

/* Long after the check, on a connection that the node closed and libcurl opened again. */
static void new_connections_are_checked(void **state)
{
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = always_close;
	rig_open(&r);
	check_blocks(&r, 10, 11);
	assert_int_equal(source_poll(r.s, 1050, &e), ERR_NONE);
	check_blocks(&r, 10, 11);
	assert_int_equal(fake_node_count(r.node[0], "eth_chainId"), 2);
	assert_int_equal(
		fake_node_count(r.node[0], "eth_getBlockByNumber"), 6); /* one answer unused */
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	rig_close(&r);
}

/* ---- logs ------------------------------------------------------------------------------------ */

static uint64_t range_limit, result_limit;
static const char *range_text;
static int64_t range_code;

static bool limited_logs(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getLogs"))
		return false;
	if (range_limit && c->to - c->from + 1 > range_limit) {
		c->error = range_code;
		c->message = range_text;
		return true;
	}
	if (result_limit && (c->to - c->from + 1) * n->logs > result_limit) {
		c->error = -32005;
		c->message = "query returned more than 10000 results";
		return true;
	}
	return false;
}

static void logs_of(struct rig *r, uint64_t from, uint64_t to)
{
	struct job *j = source_logs(r->s, (struct block_range){from, to}, &rig_all, 1);

	assert_int_equal(rig_wait(r, j), ERR_NONE);
	assert_int_equal(j->log_count, (to - from + 1) * 3);
	for (size_t i = 0; i < j->log_count; i++) {
		assert_int_equal(j->logs[i].block.number, from + i / 3);
		assert_int_equal(j->logs[i].log.log_index, i % 3);
	}
	job_free(j);
}

static void ranges_too_wide_shrink_to_what_is_named(void **state)
{
	struct rig r;

	(void)state;
	range_limit = 30;
	result_limit = 0;
	range_code = -32000;
	range_text = "exceed maximum block range: 30";
	rig_init(&r, 1);
	r.node[0]->call = limited_logs;
	rig_open(&r);
	logs_of(&r, 1, 1000);
	assert_int_equal(atomic_load(&r.node[0]->widest), 30);
	assert_in_range(source_logs_span(r.s), 30, 60);
	assert_in_range(
		rig_errors(&r, 0, "range"), 1, 6); /* the first ones, and now and then a try */
	rig_close(&r);
	range_code = -32005; /* with no number named */
	range_text = "block range is too wide";
	rig_init(&r, 1);
	r.node[0]->call = limited_logs;
	rig_open(&r);
	logs_of(&r, 1, 1000);
	assert_in_range(source_logs_span(r.s), 15, 30);
	rig_close(&r);
}

static void too_many_results_halve_and_grow(void **state)
{
	struct rig r;

	(void)state;
	range_limit = 0;
	result_limit = 33;
	rig_init(&r, 1);
	r.node[0]->call = limited_logs;
	rig_open(&r);
	logs_of(&r, 1, 600);
	assert_in_range(source_logs_span(r.s), 5, 11);
	result_limit = 1000000;
	for (int i = 0; i < 40; i++)
		logs_of(&r, 1, 600);
	assert_true(source_logs_span(r.s) > 200);
	rig_close(&r);
}

/* Even one block is too much: its receipts are read instead. */
static void one_block_with_too_many_logs(void **state)
{
	struct rig r;

	(void)state;
	range_limit = 0;
	result_limit = 2;
	rig_init(&r, 1);
	r.node[0]->call = limited_logs;
	rig_open(&r);
	logs_of(&r, 100, 103);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockReceipts"), 4);
	rig_close(&r);
}

static enum { TWICE, UNSORTED, ELSEWHERE, REMOVED, CHANGED, FORKED, NOT_HEX } log_fault;

static bool bad_logs(struct fake_node *n, struct fake_call *c)
{
	struct buf *b = c->result;
	char *p;

	if (strcmp(c->method, "eth_getLogs") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	buf_chr(b, '[');
	fake_log(n, b, c->from, 0);
	buf_chr(b, ',');
	switch (log_fault) {
	case TWICE: fake_log(n, b, c->from, 0); break;
	case UNSORTED:
		fake_log(n, b, c->to, 1);
		buf_chr(b, ',');
		fake_log(n, b, c->to, 0);
		break;
	case ELSEWHERE: fake_log(n, b, c->to + 1, 0); break;
	case REMOVED:
		fake_log(n, b, c->from, 1);
		p = strstr(b->p + b->n - 10, "false");
		memcpy(p, "true ", 5);
		break;
	case CHANGED:
		fake_log(n, b, c->from, 0);
		p = strrchr(b->p, 'T') ? NULL : b->p + b->n;
		while (memcmp(--p, "\"data\":\"0x0", 11))
			;
		p[10] = '7';
		break;
	case FORKED:
		n->fork = 1;
		fake_log(n, b, c->from, 1);
		n->fork = 0;
		break;
	case NOT_HEX:
		fake_log(n, b, c->from, 1);
		p = b->p + b->n;
		while (memcmp(--p, "\"data\":\"0x0", 11))
			;
		p[10] = 'g';
		break;
	}
	buf_chr(b, ']');
	return true;
}

static struct job *ask_bad_logs(struct rig *r, int kind, int times)
{
	log_fault = kind;
	rig_init(r, 1);
	r->node[0]->call = bad_logs;
	atomic_store(&r->node[0]->countdown, times);
	rig_open(r);
	return source_logs(r->s, (struct block_range){50, 51}, &rig_all, 1);
}

static void repeated_and_unsorted_logs(void **state)
{
	struct rig r;
	struct job *j = ask_bad_logs(&r, TWICE, 100);

	(void)state;
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 1);
	job_free(j);
	rig_close(&r);
	j = ask_bad_logs(&r, UNSORTED, 100);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 3);
	assert_int_equal(j->logs[0].block.number, 50);
	assert_int_equal(j->logs[1].block.number, 51);
	assert_int_equal(j->logs[1].log.log_index, 0);
	assert_int_equal(j->logs[2].log.log_index, 1);
	job_free(j);
	rig_close(&r);
}

static const struct {
	int kind;
	enum err_kind err;
	const char *text;
	bool passes; /* when the node recovers */
} log_faults[] = {
	{ELSEWHERE, ERR_REJECT, "result[1]: blockNumber: the log is of another block, 52", true},
	{REMOVED, ERR_AGAIN, "result[1]: removed: true", true},
	{CHANGED, ERR_REJECT, "block 50: two different logs with logIndex 0", false},
	{FORKED, ERR_AGAIN, "logs of two blocks at height 50", false},
	{NOT_HEX, ERR_REJECT, "result[1]: data: expected \"0x\" and an even number of hex digits",
		true},
};

static void logs_that_can_not_be_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(log_faults) / sizeof(*log_faults); i++) {
		struct rig r;
		struct job *j = ask_bad_logs(&r, log_faults[i].kind, 1000);

		assert_int_equal(rig_wait(&r, j), log_faults[i].err);
		assert_non_null(strstr(j->err.msg, log_faults[i].text));
		job_free(j);
		rig_close(&r);
		if (!log_faults[i].passes)
			continue;
		j = ask_bad_logs(&r, log_faults[i].kind, 2);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->log_count, 6);
		job_free(j);
		rig_close(&r);
	}
}

static bool lagging(struct fake_node *n, struct fake_call *c)
{
	(void)n;
	if (strcmp(c->method, "eth_getLogs"))
		return false;
	c->error = -32602;
	c->message = "block range extends beyond current head block";
	return atomic_fetch_sub(&n->countdown, 1) > 0 || (c->error = 0);
}

static void beyond_head_is_retried(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = lagging;
	atomic_store(&r.node[0]->countdown, 4);
	rig_open(&r);
	logs_of(&r, 990, 1000);
	assert_int_equal(rig_errors(&r, 0, "head"), 4);
	rig_close(&r);
}

/* ---- receipts -------------------------------------------------------------------------------- */

static bool other_receipts(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockReceipts") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	n->fork = 2; /* of the block that took its place */
	fake_receipts(n, c->result, 500);
	n->fork = 0;
	return true;
}

static bool few_receipts(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockReceipts") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	n->logs = 2;
	fake_receipts(n, c->result, 500);
	n->logs = 3;
	return true;
}

static bool null_receipts(struct fake_node *n, struct fake_call *c)
{
	if (strcmp(c->method, "eth_getBlockReceipts") || atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	buf_str(c->result, "null");
	return true;
}

static const struct {
	bool (*call)(struct fake_node *n, struct fake_call *c);
	enum err_kind err;
	const char *text;
} receipt_faults[] = {
	{other_receipts, ERR_AGAIN,
		"result[0]: blockHash: the receipt is of another block at height 500"},
	{few_receipts, ERR_REJECT, "block 500: 2 receipts for 3 transactions"},
};

/* Null although the block is there: one by one then. */
static void null_receipts_are_asked_one_by_one(void **state)
{
	struct block_id b = {.number = 500};
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = null_receipts;
	atomic_store(&r.node[0]->countdown, 1000);
	rig_open(&r);
	fake_block_hash(r.node[0], &b.hash, 500);
	j = source_receipts(r.s, &b, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 3);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceipt"), 3);
	job_free(j);
	b.hash.b[1] = 9; /* a block that nobody knows */
	j = source_receipts(r.s, &b, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_AGAIN);
	assert_non_null(strstr(j->err.msg, " by its hash"));
	job_free(j);
	rig_close(&r);
}

static void receipts_must_fit_the_block(void **state)
{
	struct block_id b = {.number = 500};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (int good = 0; good < 2; good++) {
			struct rig r;
			struct job *j;

			rig_init(&r, 1);
			r.node[0]->call = receipt_faults[i].call;
			atomic_store(&r.node[0]->countdown, good ? 2 : 1000);
			rig_open(&r);
			fake_block_hash(r.node[0], &b.hash, 500);
			j = source_receipts(r.s, &b, NULL, 0);
			assert_int_equal(rig_wait(&r, j), good ? ERR_NONE : receipt_faults[i].err);
			if (!good)
				assert_non_null(strstr(j->err.msg, receipt_faults[i].text));
			else
				assert_int_equal(j->receipt_count, 3);
			job_free(j);
			rig_close(&r);
		}
	}
}

static bool by_number_only(struct fake_node *n, struct fake_call *c)
{
	struct jiter it;
	struct jval v;
	uint64_t number;

	(void)n;
	json_iter(c->params, &it);
	if (strcmp(c->method, "eth_getBlockReceipts") || !json_next(&it, &v) ||
		json_hex_u64(v, &number))
		return false;
	c->error = -32602;
	c->message = "invalid argument 0: hex number > 64 bits";
	return true;
}

static void receipts_by_number_where_hashes_are_refused(void **state)
{
	struct block_id b = {.number = 500};
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = by_number_only;
	rig_open(&r);
	fake_block_hash(r.node[0], &b.hash, 500);
	j = source_receipts(r.s, &b, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 3);
	job_free(j);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceipt"), 0);
	rig_close(&r);
}

/* ---- everything at once ---------------------------------------------------------------------- */

/* One in ten requests and one in twenty calls fail; each node has a seed of its own in arg. */
static bool chaos_request(struct fake_node *n, const struct fake_request *q, struct fake_reply *r)
{
	const unsigned x = (unsigned)(rnd(n->arg) % 100);

	(void)q;
	return x < KIND_COUNT && misbehave(x == RATE_LIMITED ? RATE_LIMITED_SILENT : x, r);
}

static bool chaos_call(struct fake_node *n, struct fake_call *c)
{
	switch (rnd(n->arg) % 60) {
	case 0: c->leave_out = true; return true;
	case 1:
		c->error = -32603;
		c->message = "internal error";
		return true;
	case 2:
		if (strcmp(c->method, "eth_getBlockByNumber"))
			return false;
		buf_str(c->result, "null");
		return true;
	case 3: atomic_store(&n->countdown, 1); return bad_logs(n, c);
	default: return false;
	}
}

static void a_whole_sync_through_random_faults(void **state)
{
	uint64_t seed[3];
	struct rig r;

	(void)state;
	log_fault = ELSEWHERE;
	seed[0] = rnd_seed("chaos");
	rig_init(&r, 3);
	r.conf.retry_ms = 20000;
	for (int i = 0; i < 3; i++) {
		seed[i] = seed[0] + (unsigned)i;
		r.node[i]->arg = &seed[i];
		r.node[i]->request = chaos_request;
		r.node[i]->call = chaos_call;
		r.node[i]->shuffle = i == 1;
	}
	rig_open(&r);
	for (uint64_t from = 1; from < 900; from += 90) {
		check_blocks(&r, from, from + 89);
		logs_of(&r, from, from + 89);
	}
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_faults_are_survived),
		cmocka_unit_test(trouble_of_one_endpoint_is_avoided),
		cmocka_unit_test(a_hanging_node_is_given_up),
		cmocka_unit_test(a_dead_node_fails_the_job_in_time),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(gzip_is_taken),
		cmocka_unit_test(a_connection_for_every_request),
		cmocka_unit_test(bodies_over_the_cap_shrink_the_question),
		cmocka_unit_test(one_block_over_the_cap_is_an_error),
		cmocka_unit_test(batches_too_large_are_halved),
		cmocka_unit_test(nodes_without_batches),
		cmocka_unit_test(single_requests_wait_for_the_head_too),
		cmocka_unit_test(answers_missing_in_a_batch_are_asked_again),
		cmocka_unit_test(rest_of_a_batch_refused),
		cmocka_unit_test(odd_ids_are_understood),
		cmocka_unit_test(null_for_a_known_block),
		cmocka_unit_test(a_node_without_old_blocks),
		cmocka_unit_test(contradictions_in_a_block),
		cmocka_unit_test(another_block_than_asked),
		cmocka_unit_test(wrong_chain_everywhere),
		cmocka_unit_test(wrong_chain_of_one),
		cmocka_unit_test(wrong_chain_after_a_reconnect),
		cmocka_unit_test(new_connections_are_checked),
		cmocka_unit_test(ranges_too_wide_shrink_to_what_is_named),
		cmocka_unit_test(too_many_results_halve_and_grow),
		cmocka_unit_test(one_block_with_too_many_logs),
		cmocka_unit_test(repeated_and_unsorted_logs),
		cmocka_unit_test(logs_that_can_not_be_right),
		cmocka_unit_test(beyond_head_is_retried),
		cmocka_unit_test(null_receipts_are_asked_one_by_one),
		cmocka_unit_test(receipts_must_fit_the_block),
		cmocka_unit_test(receipts_by_number_where_hashes_are_refused),
		cmocka_unit_test(a_whole_sync_through_random_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
