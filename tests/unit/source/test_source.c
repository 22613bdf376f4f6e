/* Jobs against well-behaved nodes: what comes back, in how many requests and connections. */
#include "rig.h"
#include "source/engine.h"

static void head_has_header_and_tags(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_head(r.s, true);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->head, 1000);
	assert_int_equal(j->header_count, 1);
	assert_int_equal(j->headers[0].number, 1000);
	assert_int_equal(j->headers[0].time, 1700002000);
	assert_true(j->has_safe);
	assert_int_equal(j->safe, 968);
	assert_true(j->has_final);
	assert_int_equal(j->final, 936);
	assert_string_equal(j->endpoint, strstr(fake_http_url(r.node[0]->http), "//") + 2);
	job_free(j);
	/* one request for the chain id, one batch of three */
	assert_int_equal(fake_http_requests(r.node[0]->http), 2);
	assert_int_equal(fake_node_count(r.node[0], "eth_chainId"), 1);
	atomic_store(&r.node[0]->head, 1001);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->head, 1001);
	assert_false(j->has_safe);
	job_free(j);
	assert_int_equal(fake_http_requests(r.node[0]->http), 3);
	assert_int_equal(fake_http_connections(r.node[0]->http), 1); /* kept alive */
	rig_close(&r);
}

static bool no_tags(struct fake_node *n, struct fake_call *c)
{
	const char *s;
	size_t len;
	struct jval v;
	struct jiter it;

	(void)n;
	if (strcmp(c->method, "eth_getBlockByNumber"))
		return false;
	json_iter(c->params, &it);
	if (!json_next(&it, &v) || !json_str(v, &s, &len) || s[0] == '0' || s[0] == 'l')
		return false;
	c->error = -32602;
	c->message = "invalid argument 0: hex string without 0x prefix";
	return true;
}

static void unknown_tags_are_asked_once(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = no_tags;
	rig_open(&r);
	for (int i = 0; i < 2; i++) {
		struct job *j = source_head(r.s, true);

		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->head, 1000);
		assert_false(j->has_safe);
		assert_false(j->has_final);
		job_free(j);
	}
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber"), 3 + 1);
	rig_close(&r);
}

static void blocks_come_in_order_and_in_batches(void **state)
{
	struct rig r;
	struct job *j;
	struct hash32 h;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->shuffle = true;
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){100, 399}, true);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 300);
	assert_false(j->short_by_head);
	for (size_t i = 0; i < 300; i++) {
		fake_block_hash(r.node[0], &h, 100 + i);
		assert_int_equal(j->headers[i].number, 100 + i);
		assert_memory_equal(j->headers[i].hash.b, h.b, 32);
		assert_int_equal(j->tx_counts[i], 3);
		assert_int_equal(j->txs[i][2].index, 2);
		assert_int_equal(j->txs[i][2].type, 2);
		assert_int_equal(j->txs[i][2].status, -1);
		assert_false(j->txs[i][2].creates);
	}
	job_free(j);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber"), 300);
	assert_true(atomic_load(&r.node[0]->largest_batch) <= 100);
	assert_true(fake_http_requests(r.node[0]->http) <= 1 + 20);
	assert_true(fake_http_connections(r.node[0]->http) <= 8);
	rig_close(&r);
}

static void blocks_beyond_the_head_make_a_short_answer(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){998, 1004}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 3);
	assert_true(j->short_by_head);
	assert_int_equal(j->headers[2].number, 1000);
	assert_null(j->txs);
	assert_int_equal(j->tx_counts[2], 3);
	job_free(j);
	j = source_blocks(r.s, (struct block_range){1001, 1004}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 0);
	assert_true(j->short_by_head);
	job_free(j);
	rig_close(&r);
}

static void block_by_hash(void **state)
{
	struct rig r;
	struct hash32 h;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	fake_block_hash(r.node[0], &h, 77);
	j = source_block_by_hash(r.s, &h);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 1);
	assert_int_equal(j->headers[0].number, 77);
	job_free(j);
	h.b[1] = 9;
	j = source_block_by_hash(r.s, &h);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 0);
	job_free(j);
	rig_close(&r);
}

static void logs_of_several_filters_are_merged(void **state)
{
	struct address a[2] = {{.b = {[19] = 0xa0}}, {.b = {[19] = 0xa1}}};
	struct log_filter f[2] = {
		{.addresses = a, .address_count = 2}, {.addresses = &a[1], .address_count = 1}};
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_logs(r.s, (struct block_range){1, 1000}, f, 2);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 2000);
	for (size_t i = 0; i < j->log_count; i++) {
		assert_int_equal(j->logs[i].block.number, 1 + i / 2);
		assert_int_equal(j->logs[i].log.log_index, i % 2);
		assert_int_equal(j->logs[i].log.address.b[19], 0xa0 + i % 2);
		assert_int_equal(j->logs[i].log.topic_count, 1);
		assert_int_equal(j->logs[i].log.data.n, 32);
		assert_int_equal(j->logs[i].log.data.p[31], i % 2);
		assert_false(j->logs[i].log.state_sync);
	}
	job_free(j);
	rig_close(&r);
}

static void logs_wait_for_the_head(void **state)
{
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_logs(r.s, (struct block_range){990, 1003}, &rig_all, 1);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(source_poll(r.s, 50, &e), ERR_NONE);
		assert_int_equal(j->state, JOB_RUNNING);
	}
	atomic_store(&r.node[0]->head, 1003);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 14 * 3);
	assert_int_equal(j->logs[41].block.number, 1003);
	job_free(j);
	rig_close(&r);
}

static void logs_of_one_block_by_hash(void **state)
{
	struct rig r;
	struct block_id b = {.number = 500};
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	fake_block_hash(r.node[0], &b.hash, 500);
	j = source_block_logs(r.s, &b, &rig_all, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 3);
	assert_memory_equal(j->logs[0].block.hash.b, b.hash.b, 32);
	job_free(j);
	assert_int_equal(fake_node_count(r.node[0], "eth_blockNumber"), 0);
	rig_close(&r);
}

static void receipts_with_and_without_transactions(void **state)
{
	struct rig r;
	struct block_id b = {.number = 500};
	struct job *blocks, *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	fake_block_hash(r.node[0], &b.hash, 500);
	blocks = source_blocks(r.s, (struct block_range){500, 500}, true);
	assert_int_equal(rig_wait(&r, blocks), ERR_NONE);
	j = source_receipts(r.s, &b, blocks->txs[0], blocks->tx_counts[0]);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 3);
	assert_int_equal(j->header_count, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(j->receipts[i].type, i);
		assert_int_equal(j->receipts[i].cumulative_gas, 21000 * (i + 1));
		assert_int_equal(j->receipts[i].log_count, 1);
		assert_true(j->receipts[i].has_status);
		assert_int_equal(j->receipts[i].status, 1);
	}
	job_free(j);
	job_free(blocks);
	j = source_receipts(r.s, &b, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 3);
	assert_int_equal(j->header_count, 1);
	assert_int_equal(j->tx_counts[0], 3);
	assert_int_equal(j->txs[0][1].type, 1);
	job_free(j);
	rig_close(&r);
}

static bool no_block_receipts(struct fake_node *n, struct fake_call *c)
{
	(void)n;
	if (strcmp(c->method, "eth_getBlockReceipts"))
		return false;
	c->error = -32601;
	c->message = "the method eth_getBlockReceipts does not exist/is not available";
	return true;
}

static void receipts_fall_back_once(void **state)
{
	struct rig r;
	struct block_id b = {.number = 500};

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = no_block_receipts;
	rig_open(&r);
	fake_block_hash(r.node[0], &b.hash, 500);
	for (int i = 0; i < 2; i++) {
		struct job *j = source_receipts(r.s, &b, NULL, 0);

		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->receipt_count, 3);
		assert_int_equal(j->receipts[2].tx_index, 2);
		assert_int_equal(j->receipts[2].type, 2);
		job_free(j);
	}
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockReceipts"), 1);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceiptsByBlock"), 1);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceipt"), 6);
	rig_close(&r);
}

#define SHARED 60

static void ask_receipts(struct rig *r, struct job *j[SHARED])
{
	for (unsigned i = 0; i < SHARED; i++) {
		struct block_id b = {.number = 500 + i};

		fake_block_hash(r->node[0], &b.hash, b.number);
		j[i] = source_receipts(r->s, &b, NULL, 0);
	}
}

static void take_receipts(struct rig *r, struct job *j[SHARED])
{
	for (unsigned i = 0; i < SHARED; i++) {
		if (!j[i])
			continue;
		assert_int_equal(rig_wait(r, j[i]), ERR_NONE);
		assert_int_equal(j[i]->receipt_count, 3);
		assert_int_equal(j[i]->headers[0].number, 500 + i);
		assert_memory_equal(j[i]->receipts[2].tx_hash.b, j[i]->txs[0][2].hash.b, 32);
		job_free(j[i]);
	}
}

static void receipts_of_many_blocks_share_requests(void **state)
{
	struct job *j[SHARED];
	struct rig r;
	unsigned first;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	ask_receipts(&r, j);
	take_receipts(&r, j);
	first = fake_http_requests(r.node[0]->http);
	ask_receipts(&r, j);
	take_receipts(&r, j);
	assert_true(first < SHARED / 2);
	assert_true(fake_http_requests(r.node[0]->http) - first < 10); /* the cost is known now */
	assert_in_range(r.node[0]->largest_batch, 16, 32);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockReceipts"), 2 * SHARED);
	rig_close(&r);
}

/* Block 530 alone is refused, three times. */
static bool refuse_one(struct fake_node *n, struct fake_call *c)
{
	struct hash32 hash, asked;
	struct jiter it;
	struct jval v;

	fake_block_hash(n, &hash, 530);
	json_iter(c->params, &it);
	if (strcmp(c->method, "eth_getBlockReceipts") || !json_next(&it, &v) ||
		!json_hex_fixed(v, asked.b, 32) || !hash_eq(&hash, &asked) ||
		atomic_fetch_sub(&n->countdown, 1) <= 0)
		return false;
	c->error = -32000;
	c->message = "header not found";
	return true;
}

static void one_of_a_shared_request_is_refused(void **state)
{
	struct job *j[SHARED];
	struct rig r;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = refuse_one;
	r.node[0]->countdown = 3;
	rig_open(&r);
	ask_receipts(&r, j);
	take_receipts(&r, j);
	assert_true(r.node[0]->countdown < 0);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockReceipts"), SHARED + 3);
	rig_close(&r);
}

static bool slow_then_lost(struct fake_node *n, const struct fake_request *q, struct fake_reply *p)
{
	if (!strstr(q->body, "eth_getBlockReceipts"))
		return false;
	p->delay_ms = 20;
	p->drop = atomic_fetch_sub(&n->countdown, 1) > 0;
	return p->drop;
}

/* Jobs that share requests are freed while these run, and requests get lost. */
static void shared_requests_lose_jobs_and_get_lost(void **state)
{
	struct job *j[SHARED];
	struct rig r;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = slow_then_lost;
	r.node[0]->countdown = 3;
	rig_open(&r);
	ask_receipts(&r, j);
	for (unsigned i = 0; i < SHARED; i++) {
		if (i % 10 == 0)
			assert_int_equal(source_poll(r.s, 5, &e), ERR_NONE);
		if (i % 3) {
			job_free(j[i]);
			j[i] = NULL;
		}
	}
	take_receipts(&r, j);
	assert_true(r.node[0]->countdown < 0);
	rig_close(&r);
}

static void code_of_an_account(void **state)
{
	struct address contract = {.b = {[19] = 0xc0}}, person = {.b = {[19] = 0xc1}};
	struct rig r;
	struct job *a, *b;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	a = source_code(r.s, &contract);
	b = source_code(r.s, &person);
	assert_int_equal(rig_wait(&r, a), ERR_NONE);
	assert_int_equal(rig_wait(&r, b), ERR_NONE);
	assert_true(a->has_code);
	assert_false(b->has_code);
	job_free(a);
	job_free(b);
	rig_close(&r);
}

static void empty_questions_need_no_node(void **state)
{
	struct block_id b = {.number = 5};
	struct tx none;
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_receipts(r.s, &b, &none, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 0);
	job_free(j);
	j = source_logs(r.s, (struct block_range){7, 6}, &rig_all, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 0);
	job_free(j);
	rig_close(&r);
}

/* Sets larger than a node takes are halved; the union is the same. */
static void large_filters_are_split(void **state)
{
	struct address *a = calloc(1500, sizeof(*a));
	struct log_filter f = {.addresses = a, .address_count = 1500};
	struct rig r;
	struct job *j;

	(void)state;
	for (unsigned i = 0; i < 1500; i++) {
		a[i].b[18] = (uint8_t)(i >> 8);
		a[i].b[19] = (uint8_t)i;
	}
	rig_init(&r, 1);
	rig_open(&r);
	j = source_logs(r.s, (struct block_range){10, 12}, &f, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->log_count, 9);
	assert_int_equal(fake_node_count(r.node[0], "eth_getLogs"), 2);
	job_free(j);
	rig_close(&r);
	free(a);
}

static void a_second_opinion_comes_from_elsewhere(void **state)
{
	struct rig r;
	struct job *a, *b, *c;

	(void)state;
	rig_init(&r, 2);
	rig_open(&r);
	a = source_logs(r.s, (struct block_range){10, 20}, &rig_all, 1);
	assert_int_equal(rig_wait(&r, a), ERR_NONE);
	b = source_logs(r.s, (struct block_range){10, 20}, &rig_all, 1);
	source_elsewhere(b, source_who(a));
	assert_int_equal(rig_wait(&r, b), ERR_NONE);
	assert_string_not_equal(a->endpoint, b->endpoint);
	assert_int_equal(source_choose(r.s, source_who(a)), source_who(b));
	c = source_logs(r.s, (struct block_range){10, 20}, &rig_all, 1);
	source_elsewhere(c, source_who(a));
	source_elsewhere(c, source_who(b));
	assert_int_equal(source_choose(r.s, 3), 0);
	assert_int_equal(rig_wait(&r, c), ERR_AGAIN);
	assert_non_null(strstr(c->err.msg, "no other endpoint"));
	job_free(a);
	job_free(b);
	job_free(c);
	rig_close(&r);
}

static void the_named_endpoint_is_asked(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 2);
	rig_open(&r);
	for (unsigned i = 0; i < 8; i++) {
		struct job *j = source_head(r.s, false);

		source_only(j, 1u << i % 2);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(source_who(j), 1u << i % 2);
		job_free(j);
	}
	rig_close(&r);
}

static void polls_go_to_the_highest_head(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 2);
	rig_open(&r);
	for (unsigned i = 0; i < 2; i++) { /* both have been heard */
		j = source_head(r.s, false);
		source_only(j, 1u << i);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		job_free(j);
	}
	r.s->ep[0]->head--;
	r.s->ep[0]->latency_us = 1; /* quick, but it stands still */
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(source_who(j), 2);
	job_free(j);
	source_doubt(r.s, 2); /* whose answers do not hold is not followed */
	assert_true(source_doubted(r.s, 2));
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(source_who(j), 1);
	job_free(j);
	rig_close(&r);
}

static void a_running_job_can_be_freed(void **state)
{
	struct rig r;
	struct job *a, *b;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	a = source_blocks(r.s, (struct block_range){1, 500}, true);
	b = source_blocks(r.s, (struct block_range){1, 5}, true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(source_poll(r.s, 1, &e), ERR_NONE);
	job_free(a);
	assert_int_equal(rig_wait(&r, b), ERR_NONE);
	assert_int_equal(b->header_count, 5);
	job_free(b);
	a = source_blocks(r.s, (struct block_range){1, 500}, true);
	assert_int_equal(source_poll(r.s, 1, &e), ERR_NONE);
	rig_close(&r);
	assert_int_equal(a->state, JOB_FAILED);
	assert_int_equal(a->err.kind, ERR_STOP);
	job_free(a);
	job_free(NULL);
}

static void rate_budget_is_kept(void **state)
{
	struct rig r;
	struct job *j;
	uint64_t t0;

	(void)state;
	rig_init(&r, 1);
	r.conf.rate_per_s = 50;
	rig_open(&r);
	t0 = clock_ms();
	j = source_blocks(r.s, (struct block_range){1, 100}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	/* 101 requests, 50 of them at once: the others take at least a second */
	assert_true(clock_ms() - t0 >= 900);
	assert_true(clock_ms() - t0 < 5000);
	job_free(j);
	rig_close(&r);
}

static void status_of_endpoints(void **state)
{
	const uint64_t t0 = clock_ms();
	struct endpoint_info info[4];
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 2);
	r.node[1]->chain_id = 1;
	rig_open(&r);
	assert_int_equal(source_endpoints(r.s, info, 4), 2);
	assert_string_equal(info[0].state, "ok");
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	do {
		assert_int_equal(source_poll(r.s, 10, &e), ERR_NONE);
		assert_int_equal(source_endpoints(r.s, info, 4), 2);
	} while (strcmp(info[1].state, "wrong-chain") && clock_ms() - t0 < 5000);
	assert_string_equal(info[0].state, "ok");
	assert_int_equal(info[0].requests, 3);
	assert_int_equal(info[0].errors, 0);
	assert_true(info[0].bytes > 2000);
	assert_string_equal(info[1].state, "wrong-chain");
	assert_int_equal(source_endpoints(r.s, info, 1), 1);
	assert_int_equal(source_logs_span(r.s), 5000);
	rig_close(&r);
}

static void urls_are_checked_and_keep_secrets(void **state)
{
	const struct chain_conf chain = {.key = "x", .chain_id = 1};
	const char *bad[] = {"ftp://h/x", "nonsense", "http://h/#no header", ""};
	const char *good[] = {
		"https://user:pw@h.example/v2/secret#Key: secret", "https://h.example/v2/other"};
	struct endpoint_info info[2];
	struct source *s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(source_open(&s, &chain, &bad[i], 1, NULL, &e), ERR_FATAL);
		assert_non_null(strstr(e.msg, "chain x: endpoint 1: "));
	}
	assert_int_equal(source_open(&s, &chain, good, 0, NULL, &e), ERR_FATAL);
	assert_int_equal(source_open(&s, &chain, good, 2, NULL, &e), ERR_NONE);
	assert_int_equal(source_endpoints(s, info, 2), 2);
	assert_string_equal(info[0].name, "h.example");
	assert_string_equal(info[1].name, "h.example#2");
	source_close(s);
	source_close(NULL);
}

static char seen_head[4096];

static bool note_head(struct fake_node *n, const struct fake_request *q, struct fake_reply *rp)
{
	(void)n;
	(void)rp;
	snprintf(seen_head, sizeof(seen_head), "%s", q->head);
	return false;
}

static void a_fragment_is_a_header(void **state)
{
	struct rig r;
	char url[200];
	const char *urls[1] = {url};
	struct job *j;
	struct err e;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->request = note_head;
	fake_node_start(r.node[0]);
	snprintf(url, sizeof(url), "%s/jsonrpc#TRON-PRO-API-KEY: abc-1",
		fake_http_url(r.node[0]->http));
	assert_int_equal(source_open(&r.s, &r.chain, urls, 1, &r.conf, &e), ERR_NONE);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	assert_non_null(strstr(seen_head, "POST /jsonrpc HTTP/1.1\r\n"));
	assert_non_null(strstr(seen_head, "\r\nTRON-PRO-API-KEY: abc-1\r\n"));
	assert_non_null(strstr(seen_head, "\r\nContent-Type: application/json\r\n"));
	assert_null(strstr(seen_head, "Expect:"));
	rig_close(&r);
}

/* What a node said was refuted: the other one is asked, however slow; alone it would be asked again. */
static void a_doubted_node_is_asked_last(void **state)
{
	struct endpoint_info before[2], after[2];
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 2);
	rig_open(&r);
	j = source_blocks(r.s, (struct block_range){1, 20}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_true(source_who(j) == 1 || source_who(j) == 2 || source_who(j) == 3);
	job_free(j);
	source_doubt(r.s, 1);
	source_endpoints(r.s, before, 2);
	for (uint64_t n = 1; n < 400; n += 20) {
		j = source_blocks(r.s, (struct block_range){n, n + 19}, false);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(source_who(j), 2);
		job_free(j);
	}
	source_endpoints(r.s, after, 2);
	assert_true(after[0].requests == before[0].requests);
	source_doubt(r.s, 2);
	source_doubt(r.s, 2);
	j = source_blocks(r.s, (struct block_range){1, 20}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(source_who(j), 1);
	job_free(j);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_doubted_node_is_asked_last),
		cmocka_unit_test(head_has_header_and_tags),
		cmocka_unit_test(unknown_tags_are_asked_once),
		cmocka_unit_test(blocks_come_in_order_and_in_batches),
		cmocka_unit_test(blocks_beyond_the_head_make_a_short_answer),
		cmocka_unit_test(block_by_hash),
		cmocka_unit_test(logs_of_several_filters_are_merged),
		cmocka_unit_test(logs_wait_for_the_head),
		cmocka_unit_test(logs_of_one_block_by_hash),
		cmocka_unit_test(receipts_with_and_without_transactions),
		cmocka_unit_test(receipts_fall_back_once),
		cmocka_unit_test(receipts_of_many_blocks_share_requests),
		cmocka_unit_test(one_of_a_shared_request_is_refused),
		cmocka_unit_test(shared_requests_lose_jobs_and_get_lost),
		cmocka_unit_test(code_of_an_account),
		cmocka_unit_test(empty_questions_need_no_node),
		cmocka_unit_test(large_filters_are_split),
		cmocka_unit_test(a_second_opinion_comes_from_elsewhere),
		cmocka_unit_test(the_named_endpoint_is_asked),
		cmocka_unit_test(polls_go_to_the_highest_head),
		cmocka_unit_test(a_running_job_can_be_freed),
		cmocka_unit_test(rate_budget_is_kept),
		cmocka_unit_test(status_of_endpoints),
		cmocka_unit_test(urls_are_checked_and_keep_secrets),
		cmocka_unit_test(a_fragment_is_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
