/* View functions: what was returned, what reverts, and what ends the question. */
#include "rig.h"

static const struct address contract = {{0xc0, 1}};

static const char *param_text(const struct fake_call *c, struct buf *out)
{
	buf_clear(out);
	json_dump(out, c->params);
	return out->p;
}

/* Which block each call names; answers by the first byte of its data. */
struct script {
	unsigned latest, by_hash;
	int64_t error;
	const char *message;
};

static bool answer(struct fake_node *n, struct fake_call *c)
{
	struct script *s = n->arg;
	struct buf text;
	bool named;

	if (strcmp(c->method, "eth_call") != 0)
		return false;
	buf_init(&text, 4000);
	param_text(c, &text);
	assert_non_null(strstr(text.p, "\"to\":\"0xc001000000000000000000000000000000000000\""));
	named = strstr(text.p, "{\"blockHash\":\"0xb0") != NULL;
	assert_true(named != (strstr(text.p, "\"latest\"") != NULL));
	s->by_hash += named;
	s->latest += !named;
	if (s->error) {
		c->error = s->error;
		c->message = s->message;
	} else if (strstr(text.p, "\"data\":\"0x01\"")) {
		buf_str(c->result, "\"0x0000000000000000000000000000000000000000000000000000000000000007\"");
	} else if (strstr(text.p, "\"data\":\"0x02\"")) {
		c->error = 3;
		c->message = "execution reverted: timeout of your patience";
	} else {
		buf_str(c->result, "\"0x\"");
	}
	buf_free(&text);
	return true;
}

static const uint8_t one[] = {1}, two[] = {2}, three[] = {3};
static const struct view_call calls[] = {{contract, {one, 1}}, {contract, {two, 1}}, {contract, {three, 1}}};

static void answers_and_reverts(void **state)
{
	struct script s = {0};
	struct hash32 block;
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = answer;
	r.node[0]->arg = &s;
	rig_open(&r);
	fake_block_hash(r.node[0], &block, 1000);
	for (int named = 0; named < 2; named++) {
		j = source_calls(r.s, named ? &block : NULL, calls, 3);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_false(j->results[0].reverted);
		assert_int_equal(j->results[0].data.n, 32);
		assert_int_equal(j->results[0].data.p[31], 7);
		assert_true(j->results[1].reverted);
		assert_false(j->results[2].reverted);
		assert_int_equal(j->results[2].data.n, 0);
		assert_string_equal(j->endpoint, strstr(fake_http_url(r.node[0]->http), "//") + 2);
		job_free(j);
	}
	assert_int_equal(s.latest, 3); /* a revert is asked once */
	assert_int_equal(s.by_hash, 3);
	rig_close(&r);
}

static void what_ends_it(void **state)
{
	static const struct {
		int64_t code;
		const char *message;
		enum err_kind want;
	} said[] = {
		{-32602, "invalid argument 1: json: cannot unmarshal object", ERR_REJECT},
		{-32000, "missing trie node 12ab (path )", ERR_REJECT},
		{-32000, "out of gas", ERR_REJECT},
		{-32000, "header for hash not found", ERR_AGAIN},
		{-32601, "the method eth_call does not exist/is not available", ERR_AGAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct script s = {.error = said[i].code, .message = said[i].message};
		struct hash32 block;
		struct rig r;
		struct job *j;

		rig_init(&r, 1);
		r.conf.retry_ms = 60000; /* none of these waits for it */
		r.node[0]->call = answer;
		r.node[0]->arg = &s;
		rig_open(&r);
		fake_block_hash(r.node[0], &block, 1000);
		j = source_calls(r.s, &block, calls, 1);
		assert_int_equal(rig_wait(&r, j), said[i].want);
		job_free(j);
		rig_close(&r);
	}
}

static bool odd(struct fake_node *n, struct fake_call *c)
{
	(void)n;
	if (strcmp(c->method, "eth_call") != 0)
		return false;
	buf_str(c->result, "\"0x123\"");
	return true;
}

static void odd_bytes_are_no_answer(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	r.node[0]->call = odd;
	rig_open(&r);
	j = source_calls(r.s, NULL, calls, 1);
	assert_int_equal(rig_wait(&r, j), ERR_REJECT);
	assert_non_null(strstr(j->err.msg, "expected hex bytes"));
	assert_true(rig_errors(&r, 0, "grammar") > 0);
	job_free(j);
	rig_close(&r);
}

static void nothing_to_ask(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	rig_init(&r, 1);
	rig_open(&r);
	j = source_calls(r.s, NULL, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(fake_http_requests(r.node[0]->http), 0);
	job_free(j);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_reverts),
		cmocka_unit_test(what_ends_it),
		cmocka_unit_test(odd_bytes_are_no_answer),
		cmocka_unit_test(nothing_to_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
