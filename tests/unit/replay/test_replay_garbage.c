/*
 * Whatever arrives, the server answers with JSON-RPC or HTTP errors and goes on: malformed, huge
 * and deep bodies, odd parameters, other methods and paths, clients that go away in the middle.
 */
#include "client.h"

static void expect_error(struct client *c, const char *body, size_t n, long code)
{
	struct http h = ask_http(c->fd, "POST", "/root", body, n);
	json_t *v = json_loadb(h.body, h.n, 0, NULL), *o;

	assert_int_equal(h.status, 200);
	assert_non_null(v);
	o = json_is_array(v) ? json_array_get(v, 0) : v;
	if (json_integer_value(json_object_get(json_object_get(o, "error"), "code")) != code)
		fail_msg("%.100s: %.200s", body, h.body);
	json_decref(v);
	free(h.body);
}

static void bodies(void **state)
{
	static const struct {
		const char *text;
		long code;
	} bad[] = {
		{"", -32700},
		{"{", -32700},
		{"nonsense", -32700},
		{"{\"id\":1", -32700},
		{"\xff\xfe{}", -32700},
		{"{\"method\":\"\xc3\x28\"}", -32700},
		{"7", -32600},
		{"null", -32600},
		{"\"x\"", -32600},
		{"[]", -32600},
		{"[1]", -32600},
		{"[null]", -32600},
		{"{}", -32600},
		{"{\"method\":7}", -32600},
		{"{\"id\":{},\"method\":\"eth_chainId\"}", -32600},
		{"{\"id\":[1],\"method\":\"eth_chainId\"}", -32600},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}", -32600},
		{"{\"id\":1,\"method\":\"\"}", -32601},
		{"{\"id\":1,\"method\":\"eth_nothing\"}", -32601},
		{"{\"id\":1,\"method\":\"eth_getRootHash\",\"params\":[0,1]}", -32601},
		{"{\"id\":1,\"method\":\"eth_getLogs\",\"params\":{}}", -32602},
		{"{\"id\":1,\"method\":\"eth_getLogs\",\"params\":7}", -32602},
	};
	static const char with_nul[] = "{\"id\":1,\"method\":\"a\0b\"}";
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error(&c, bad[i].text, strlen(bad[i].text), bad[i].code);
	expect_error(&c, with_nul, sizeof(with_nul) - 1, -32700);
	assert_int_equal(head_of(&c, "/root"), 389);
	client_close(&c);
}

static void parameters(void **state)
{
	static const char *const bad[][2] = {
		{"eth_getBlockByNumber", "[]"},
		{"eth_getBlockByNumber", "[\"0x80\"]"},
		{"eth_getBlockByNumber", "[\"0x80\",7]"},
		{"eth_getBlockByNumber", "[128,true]"},
		{"eth_getBlockByNumber", "[\"80\",true]"},
		{"eth_getBlockByNumber", "[\"0x\",true]"},
		{"eth_getBlockByNumber", "[\"0x1ffffffffffffffffff\",true]"},
		{"eth_getBlockByNumber", "[\"0xzz\",true]"},
		{"eth_getBlockByNumber", "[{},true]"},
		{"eth_getBlockByNumber", "[[],true]"},
		{"eth_getBlockByNumber", "[\"newest\",true]"},
		{"eth_getBlockByHash", "[\"0x80\",true]"},
		{"eth_getBlockByHash", "[7,true]"},
		{"eth_getTransactionReceipt", "[]"},
		{"eth_getTransactionReceipt", "[\"0x00\"]"},
		{"eth_getLogs", "[]"},
		{"eth_getLogs", "[7]"},
		{"eth_getLogs", "[[]]"},
		{"eth_getLogs", "[{\"fromBlock\":7}]"},
		{"eth_getLogs", "[{\"fromBlock\":\"x\"}]"},
		{"eth_getLogs", "[{\"address\":\"0x12\"}]"},
		{"eth_getLogs", "[{\"address\":[7]}]"},
		{"eth_getLogs", "[{\"topics\":7}]"},
		{"eth_getLogs", "[{\"topics\":[\"0x12\"]}]"},
		{"eth_getLogs", "[{\"topics\":[null,null,null,null,null]}]"},
		{"eth_getLogs", "[{\"topics\":[[[\"0x00\"]]]}]"},
		{"eth_getLogs", "[{\"blockHash\":\"0x12\"}]"},
		{"eth_getLogs", "[{\"fromBlock\":\"0x90\",\"toBlock\":\"0x80\"}]"},
		{"eth_getCode", "[\"0x12\"]"},
		{"eth_getBlockReceipts", "[]"},
		{"eth_getTransactionByBlockNumberAndIndex", "[\"0x80\"]"},
		{"eth_getTransactionByBlockNumberAndIndex", "[\"0x80\",7]"},
	};
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (error_code(&c, "/root", bad[i][0], bad[i][1]) != -32602)
			fail_msg("%s %s", bad[i][0], bad[i][1]);
	assert_int_equal(
		error_code(&c, "/root", "eth_getLogs",
			"[{\"blockHash\":\"0x111111111111111111111111111111111111111111111111111111"
			"1111111111\"}]"),
		-32000);
	client_close(&c);
}

static void deep_and_huge(void **state)
{
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));
	size_t n = 4 << 20;
	char *p = malloc(n + 100);
	struct http h;

	(void)state;
	memset(p, '[', n);
	expect_error(&c, p, n, -32700);
	memset(p, '{', n);
	expect_error(&c, p, n, -32700);
	memset(p, '"', n);
	expect_error(&c, p, n, -32700);
	n = (size_t)snprintf(p, 64, "{\"id\":1,\"method\":\"");
	memset(p + n, 'm', 2 << 20);
	n += 2 << 20;
	n += (size_t)snprintf(p + n, 8, "\"}");
	expect_error(&c, p, n, -32601);
	h = ask_http(c.fd, "POST", "/root", "", 0);
	free(h.body);
	free(p);
	/* over the limit: refused before it is sent */
	send_all(c.fd, "POST /root HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", 59);
	h = read_http(c.fd);
	assert_int_equal(h.status, 413);
	free(h.body);
	close(c.fd);
	c.fd = dial(c.r, 10);
	assert_int_equal(head_of(&c, "/root"), 389);
	client_close(&c);
}

static void other_paths_and_methods(void **state)
{
	static const char *const asked[][2] = {{"GET", "/root"}, {"POST", "/"},
		{"POST", "/nothere"}, {"GET", "/"}, {"PUT", "/root"}, {"DELETE", "/root"},
		{"POST", "/roo"}, {"POST", "/root/x"}, {"GET", "/../../etc/passwd"},
		{"PUT", "/control"}};
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));

	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct http h = ask_http(c.fd, asked[i][0], asked[i][1], "{}", 2);

		if (h.status != 404)
			fail_msg("%s %s: %d", asked[i][0], asked[i][1], h.status);
		free(h.body);
	}
	client_close(&c);
}

static void no_control_unless_allowed(void **state)
{
	struct replay_chain chain = {.key = "root", .dir = RECORDING("world/root")};
	struct replay_conf conf = {.listen = "127.0.0.1:0", .chains = &chain, .chain_count = 1};
	struct replay *r;
	struct client c;
	struct err e;
	struct http h;

	(void)state;
	assert_int_equal(replay_start(&r, &conf, &e), ERR_NONE);
	c = client_open(r);
	h = post(&c, "/control", "{\"root\":{\"head\":200}}");
	assert_int_equal(h.status, 404);
	free(h.body);
	h = ask_http(c.fd, "GET", "/control", "", 0);
	assert_int_equal(h.status, 404);
	free(h.body);
	assert_int_equal(head_of(&c, "/root"), 389);
	client_close(&c);
}

static void broken_http(void **state)
{
	static const char *const bad[] = {"\r\n\r\n\r\n", "GET\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /root HTTP/1.1\r\nContent-Length: x\r\n\r\n",
		"POST /root HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"};
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = dial(c.r, 1);
		struct http h;

		send_all(fd, bad[i], strlen(bad[i]));
		shutdown(fd, SHUT_WR);
		h = read_http(fd);
		assert_true(h.status == 0 || h.status == 400);
		free(h.body);
		close(fd);
		assert_int_equal(head_of(&c, "/root"), 389);
	}
	client_close(&c);
}

static void chunked_body(void **state)
{
	static const char ask[] =
		"POST /root HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		"10\r\n{\"id\":7,\"method\"\r\n12\r\n:\"eth_blockNumber\"\r\n1\r\n}\r\n0\r\n\r\n";
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));
	struct http h;

	(void)state;
	send_all(c.fd, ask, sizeof(ask) - 1);
	h = read_http(c.fd);
	assert_int_equal(h.status, 200);
	assert_non_null(strstr(h.body, "\"0x185\""));
	free(h.body);
	client_close(&c);
}

/* Clients that ask for much and leave without reading. */
static void clients_that_leave(void **state)
{
	static const char ask[] =
		"{\"id\":7,\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0x0\"}]}";
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));
	char text[300];
	int n = snprintf(text, sizeof(text),
		"POST /root HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", sizeof(ask) - 1,
		ask);

	(void)state;
	for (int i = 0; i < 40; i++) {
		int fd = dial(c.r, 5);

		send_all(fd, text, (size_t)(i % 2 ? n : n / 2));
		if (i % 3 == 0) {
			struct linger l = {.l_onoff = 1};

			setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		}
		close(fd);
	}
	assert_int_equal(head_of(&c, "/root"), 389);
	client_close(&c);
}

/* Random bytes, and good requests with random bytes changed: always an answer. */
static void random_bodies(void **state)
{
	static const char *const seeds[] = {
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getLogs\",\"params\":[{"
		"\"fromBlock\":\"0x80\","
		"\"toBlock\":\"0x90\",\"address\":[\"0x5f0160ff94a80556f58cae00daaa2703ed0adaa5\"],"
		"\"topics\":"
		"[null,[\"0x2222222222222222222222222222222222222222222222222222222222222222\"]]}]"
		"}",
		"[{\"id\":\"a\",\"method\":\"eth_getBlockByNumber\",\"params\":[\"0x80\",true]},{"
		"\"id\":null,"
		"\"method\":\"eth_getTransactionReceipt\",\"params\":[\"0x22\"]}]",
	};
	struct client c = client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));
	uint64_t s = rnd_seed("bodies");
	char body[600];

	(void)state;
	for (int i = 0; i < 1500; i++) {
		size_t n = strlen(strcpy(body, seeds[i % 2]));
		struct http h;

		for (unsigned k = (unsigned)(rnd(&s) % 6); k; k--)
			body[rnd(&s) % n] = (char)rnd(&s);
		h = ask_http(c.fd, "POST", "/root", body, rnd(&s) % 8 ? n : rnd(&s) % n);
		assert_int_equal(h.status, 200);
		assert_true(h.n > 10);
		free(h.body);
	}
	assert_int_equal(head_of(&c, "/root"), 389);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(parameters),
		cmocka_unit_test(deep_and_huge),
		cmocka_unit_test(other_paths_and_methods),
		cmocka_unit_test(no_control_unless_allowed),
		cmocka_unit_test(broken_http),
		cmocka_unit_test(chunked_body),
		cmocka_unit_test(clients_that_leave),
		cmocka_unit_test(random_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
