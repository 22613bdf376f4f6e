/*
 * Each fault really happens on the wire, when it should and as often as it should. The golden
 * recording is the chain.
 */
#include "client.h"

#define NUMBER "{\"id\":7,\"method\":\"eth_blockNumber\"}"
#define BLOCK  "[\"0x100\",false]"
/* Block 644 (0x284) of golden has 16 logs, the 17 blocks around it 187. */
#define LOGS(from, to) "[{\"fromBlock\":\"" from "\",\"toBlock\":\"" to "\"}]"

static struct client with(const char *fault)
{
	struct client c = client_open(serve_one(RECORDING("golden"), (struct replay_conf){0}));
	char body[300];

	snprintf(body, sizeof(body), "{\"faults\":[\"%s\"]}", fault);
	control(&c, body);
	return c;
}

static void redial(struct client *c, unsigned seconds)
{
	close(c->fd);
	c->fd = dial(c->r, seconds);
}

static json_t *logs_of(struct client *c, const char *params)
{
	return result(c, "/root", "eth_getLogs", params);
}

/* ---- HTTP ------------------------------------------------------------------------------- */

static void status_429_and_503(void **state)
{
	struct client c = with("429:count=2,seconds=3");
	struct http h;

	(void)state;
	for (int i = 0; i < 3; i++) {
		h = post(&c, "/root", NUMBER);
		assert_int_equal(h.status, i < 2 ? 429 : 200);
		assert_int_equal(h.retry_after, i < 2 ? 3 : -1);
		free(h.body);
	}
	control(&c, "{\"faults\":[\"503:method=eth_getLogs\"]}");
	assert_int_equal(head_of(&c, "/root"), 1184);
	h = post(&c, "/root", "[" NUMBER ",{\"id\":1,\"method\":\"eth_getLogs\",\"params\":[{}]}]");
	assert_int_equal(h.status, 503);
	free(h.body);
	assert_int_equal(fault_hits(&c, 0), 1);
	client_close(&c);
}

static void reset_in_the_body(void **state)
{
	struct client c = with("reset:count=1");
	struct http h = post(&c, "/root",
		"{\"id\":7,\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x0\"}]}");

	(void)state;
	assert_true(h.cut);
	assert_int_equal(h.error, ECONNRESET);
	assert_true(h.n < (size_t)h.length || h.length < 0);
	free(h.body);
	redial(&c, 60);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

static void truncated_body(void **state)
{
	struct client c = with("truncated:count=1");
	struct http h = post(&c, "/root",
		"{\"id\":7,\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x0\"}]}");

	(void)state;
	assert_int_equal(h.status, 200);
	assert_true(h.cut);
	assert_int_equal(h.error, 0);
	assert_int_equal(h.n, (size_t)h.length / 2);
	free(h.body);
	redial(&c, 60);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

static void not_json(void **state)
{
	struct client c = with("nonjson:count=1");
	struct http h = post(&c, "/root", NUMBER);

	(void)state;
	assert_int_equal(h.status, 200);
	assert_non_null(strstr(h.body, "lack of computing resources"));
	assert_null(strstr(h.body, "jsonrpc"));
	free(h.body);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

static void hangs(void **state)
{
	struct client c = with("hang:seconds=2,count=2");
	struct timespec a, b;
	struct http h;

	(void)state;
	redial(&c, 1);
	h = post(&c, "/root", NUMBER);
	assert_int_equal(h.status, 0); /* gave up after a second without a byte */
	assert_int_equal(h.error, EAGAIN);
	free(h.body);
	redial(&c, 10);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(head_of(&c, "/root"), 1184); /* late, but whole */
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_in_range(
		b.tv_sec * 1000 + b.tv_nsec / 1000000 - a.tv_sec * 1000 - a.tv_nsec / 1000000, 1900,
		9000);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

static void stop_while_hanging(void **state)
{
	struct client c = with("hang:seconds=3600");
	int fd = dial(c.r, 1);
	time_t start = time(NULL);
	struct http h = ask_http(fd, "POST", "/root", NUMBER, strlen(NUMBER));

	(void)state;
	assert_int_equal(h.status, 0);
	free(h.body);
	client_close(&c);
	close(fd);
	assert_true(time(NULL) - start < 10);
}

/* ---- answers ---------------------------------------------------------------------------- */

static void null_for_a_known_block(void **state)
{
	struct client c = with("null:at=256,count=2");
	json_t *v;

	(void)state;
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"0x101\",false]");
	assert_true(json_is_object(v));
	json_decref(v);
	for (int i = 0; i < 3; i++) {
		v = result(&c, "/root", "eth_getBlockByNumber", BLOCK);
		assert_int_equal(json_is_null(v), i < 2);
		json_decref(v);
	}
	control(&c, "{\"faults\":[\"null:method=eth_getBlockReceipts\"]}");
	v = result(&c, "/root", "eth_getBlockReceipts", "[\"0x100\"]");
	assert_true(json_is_null(v));
	json_decref(v);
	v = result(&c, "/root", "eth_getBlockByNumber", BLOCK);
	assert_true(json_is_object(v));
	json_decref(v);
	assert_int_equal(head_of(&c, "/root"), 1184); /* a number is never null */
	client_close(&c);
}

static void head_goes_back(void **state)
{
	struct client c = with("head-back:blocks=5,ms=400,count=1");
	json_t *v;
	time_t end = time(NULL) + 10;

	(void)state;
	assert_int_equal(head_of(&c, "/root"), 1179);
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"0x49c\",false]"); /* 1180 */
	assert_true(json_is_null(v));
	json_decref(v);
	while (head_of(&c, "/root") != 1184)
		assert_true(time(NULL) < end);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

static void another_chain(void **state)
{
	struct client c = with("wrong-chain:id=99");
	json_t *v;

	(void)state;
	assert_int_equal(quantity(&c, "/root", "eth_chainId", "[]"), 99);
	v = result(&c, "/root", "net_version", "[]");
	assert_string_equal(json_string_value(v), "99");
	json_decref(v);
	assert_int_equal(head_of(&c, "/root"), 1184);
	client_close(&c);
}

#define THREE                                                                                      \
	"[{\"id\":1,\"method\":\"eth_blockNumber\"},{\"id\":2,\"method\":\"eth_chainId\"},"        \
	"{\"id\":3,\"method\":\"net_version\"}]"

static long id_at(const json_t *batch, size_t i)
{
	return (long)json_integer_value(json_object_get(json_array_get(batch, i), "id"));
}

static void batch_shuffled(void **state)
{
	struct client c = with("shuffle");
	json_t *v;

	(void)state;
	for (int i = 0; i < 20; i++) {
		v = post_json(&c, "/root", THREE);
		assert_int_equal(json_array_size(v), 3);
		assert_int_equal(id_at(v, 0) + id_at(v, 1) + id_at(v, 2), 6);
		assert_int_equal(id_at(v, 0) * id_at(v, 1) * id_at(v, 2), 6);
		assert_false(id_at(v, 0) == 1 && id_at(v, 1) == 2);
		json_decref(v);
	}
	client_close(&c);
}

static void batch_answer_missing(void **state)
{
	struct client c = with("missing:after=1,count=1");
	json_t *v;

	(void)state;
	for (int i = 0; i < 3; i++) {
		v = post_json(&c, "/root", THREE);
		assert_int_equal(json_array_size(v), i == 1 ? 2 : 3);
		json_decref(v);
	}
	client_close(&c);
}

/* ---- logs ------------------------------------------------------------------------------- */

static json_t *honest_logs(void)
{
	struct client c = client_open(serve_one(RECORDING("golden"), (struct replay_conf){0}));
	json_t *v = logs_of(&c, LOGS("0x278", "0x288"));

	assert_true(json_array_size(v) > 30);
	client_close(&c);
	return v;
}

static bool in_block(const json_t *log, const char *number)
{
	return !strcmp(json_string_value(json_object_get(log, "blockNumber")), number);
}

static void logs_dropped(void **state)
{
	json_t *honest = honest_logs(), *want = json_array(), *log, *got, *b;
	struct client c = with("drop-log:at=644,log=1");
	size_t i;

	(void)state;
	json_array_foreach(honest, i,
		log) if (!in_block(log, "0x284") ||
			 strcmp(json_string_value(json_object_get(log, "logIndex")), "0x1"))
		json_array_append(want, log);
	got = logs_of(&c, LOGS("0x278", "0x288"));
	assert_true(json_equal(got, want));
	assert_int_equal(json_array_size(got) + 1, json_array_size(honest));
	json_decref(got);
	got = logs_of(&c, LOGS("0x270", "0x285")); /* the same lie in another range */
	assert_int_equal(fault_hits(&c, 0), 2);
	json_decref(got);
	b = result(&c, "/root", "eth_getBlockReceipts", "[\"0x284\"]"); /* receipts are honest */
	json_decref(b);
	assert_int_equal(fault_hits(&c, 0), 2);
	control(&c, "{\"faults\":[\"drop-log:at=644\"]}");
	got = logs_of(&c, LOGS("0x284", "0x284"));
	assert_int_equal(json_array_size(got), 0);
	json_decref(got);
	json_decref(want);
	json_decref(honest);
	client_close(&c);
}

static void logs_altered(void **state)
{
	json_t *honest = honest_logs(), *got, *a, *b;
	struct client c = with("alter-log:at=644");
	unsigned changed = 0;
	size_t i;

	(void)state;
	got = logs_of(&c, LOGS("0x278", "0x288"));
	assert_int_equal(json_array_size(got), json_array_size(honest));
	json_array_foreach(got, i, a)
	{
		b = json_array_get(honest, i);
		if (!in_block(b, "0x284")) {
			assert_true(json_equal(a, b));
			continue;
		}
		changed++;
		assert_false(json_equal(a, b));
		json_object_del(a, "data");
		json_object_del(b, "data");
		if (json_equal(a, b))
			continue;
		json_object_del(a, "topics");
		json_object_del(b, "topics");
		assert_true(json_equal(a, b));
	}
	assert_true(changed > 0);
	assert_int_equal(fault_hits(&c, 0), changed);
	json_decref(got);
	json_decref(honest);
	client_close(&c);
}

static void logs_twice(void **state)
{
	json_t *honest = honest_logs(), *got;
	struct client c = with("duplicate-log:at=644,log=0");
	size_t i, twice = 0;

	(void)state;
	got = logs_of(&c, LOGS("0x278", "0x288"));
	assert_int_equal(json_array_size(got), json_array_size(honest) + 1);
	for (i = 1; i < json_array_size(got); i++)
		if (json_equal(json_array_get(got, i), json_array_get(got, i - 1))) {
			assert_true(in_block(json_array_get(got, i), "0x284"));
			twice++;
		}
	assert_int_equal(twice, 1);
	json_decref(got);
	json_decref(honest);
	client_close(&c);
}

static void log_forged(void **state)
{
	static const char filter[] =
		"[{\"fromBlock\":\"0x284\",\"toBlock\":\"0x285\","
		"\"address\":\"0x1111111111111111111111111111111111111111\",\"topics\":["
		"\"0x2222222222222222222222222222222222222222222222222222222222222222\"]}]";
	struct client c = with("forge-log:at=644");
	json_t *got = logs_of(&c, filter), *log, *b;

	(void)state;
	assert_int_equal(json_array_size(got), 1);
	log = json_array_get(got, 0);
	assert_string_equal(json_string_value(json_object_get(log, "address")),
		"0x1111111111111111111111111111111111111111");
	assert_string_equal(json_string_value(json_array_get(json_object_get(log, "topics"), 0)),
		"0x2222222222222222222222222222222222222222222222222222222222222222");
	b = result(&c, "/root", "eth_getBlockByNumber", "[\"0x284\",false]");
	assert_true(json_equal(json_object_get(log, "blockHash"), json_object_get(b, "hash")));
	json_decref(b);
	json_decref(got);
	control(&c, "{\"faults\":[\"forge-log:at=644,method=eth_getBlockReceipts\"]}");
	got = logs_of(&c, filter);
	assert_int_equal(json_array_size(got), 0);
	json_decref(got);
	got = result(&c, "/root", "eth_getBlockReceipts", "[\"0x284\"]");
	json_decref(got);
	assert_int_equal(fault_hits(&c, 0), 1);
	client_close(&c);
}

/* Every other log, the same ones for the same seed whatever the range, others for another seed. */
static void rate_and_seed(void **state)
{
	struct client c = with("drop-log:rate=500,seed=7");
	json_t *honest = honest_logs(), *one = logs_of(&c, LOGS("0x278", "0x288")),
	       *parts = json_array(), *v;
	size_t n = json_array_size(honest);

	(void)state;
	assert_in_range(json_array_size(one), n / 4, n - n / 4);
	for (unsigned b = 0x278; b <= 0x288; b++) {
		char params[100];

		snprintf(params, sizeof(params), "[{\"fromBlock\":\"0x%x\",\"toBlock\":\"0x%x\"}]",
			b, b);
		v = logs_of(&c, params);
		json_array_extend(parts, v);
		json_decref(v);
	}
	assert_true(json_equal(one, parts));
	control(&c, "{\"faults\":[\"drop-log:rate=500,seed=8\"]}");
	v = logs_of(&c, LOGS("0x278", "0x288"));
	assert_false(json_equal(one, v));
	json_decref(v);
	json_decref(one);
	json_decref(parts);
	json_decref(honest);
	client_close(&c);
}

static void http_rate_is_repeatable(void **state)
{
	char first[101] = {0}, second[101] = {0};
	struct client c = with("503:rate=300,seed=5");
	struct http h;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			h = post(&c, "/root", NUMBER);
			(round ? second : first)[i] = h.status == 503 ? 'x' : '.';
			free(h.body);
		}
		control(&c, "{\"faults\":[\"503:rate=300,seed=5\"]}");
	}
	assert_string_equal(first, second);
	assert_non_null(strchr(first, 'x'));
	assert_non_null(strchr(first, '.'));
	client_close(&c);
}

static void only_that_chain(void **state)
{
	struct client c = client_open(serve_one(RECORDING("world"), (struct replay_conf){0}));
	struct http h;

	(void)state;
	control(&c, "{\"faults\":[\"503:chain=bttc\"]}");
	assert_int_equal(head_of(&c, "/root"), 389);
	h = post(&c, "/bttc", NUMBER);
	assert_int_equal(h.status, 503);
	free(h.body);
	control(&c, "{\"faults\":[]}");
	assert_int_equal(head_of(&c, "/bttc"), 7778);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_429_and_503),
		cmocka_unit_test(reset_in_the_body),
		cmocka_unit_test(truncated_body),
		cmocka_unit_test(not_json),
		cmocka_unit_test(hangs),
		cmocka_unit_test(stop_while_hanging),
		cmocka_unit_test(null_for_a_known_block),
		cmocka_unit_test(head_goes_back),
		cmocka_unit_test(another_chain),
		cmocka_unit_test(batch_shuffled),
		cmocka_unit_test(batch_answer_missing),
		cmocka_unit_test(logs_dropped),
		cmocka_unit_test(logs_altered),
		cmocka_unit_test(logs_twice),
		cmocka_unit_test(log_forged),
		cmocka_unit_test(rate_and_seed),
		cmocka_unit_test(http_rate_is_repeatable),
		cmocka_unit_test(only_that_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
