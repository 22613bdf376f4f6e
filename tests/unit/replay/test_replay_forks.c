/*
 * Heads, forks and time: what a node that follows the recording's life says at each point of it.
 */
#include "client.h"

#include "replay/timeline.h"

static char *number_of(const json_t *block)
{
	static char t[32];

	snprintf(t, sizeof(t), "[\"%s\",false]",
		json_string_value(json_object_get(block, "number")));
	return t;
}

static char *hash_of(struct client *c, const char *path, const char *params)
{
	static char t[80];
	json_t *b = result(c, path, "eth_getBlockByNumber", params);

	snprintf(t, sizeof(t), "%s",
		json_is_null(b) ? "null" : json_string_value(json_object_get(b, "hash")));
	json_decref(b);
	return t;
}

static bool known(struct client *c, const char *path, const char *hash)
{
	char params[100];
	json_t *b;
	bool is;

	snprintf(params, sizeof(params), "[\"%s\",true]", hash);
	b = result(c, path, "eth_getBlockByHash", params);
	is = !json_is_null(b);
	json_decref(b);
	return is;
}

static const char *block_hash(const json_t *list, size_t i)
{
	return json_string_value(
		json_object_get(json_object_get(json_array_get(list, i), "block"), "hash"));
}

static uint64_t number(const json_t *list, size_t i)
{
	return strtoull(json_string_value(json_object_get(
				json_object_get(json_array_get(list, i), "block"), "number")),
		NULL, 16);
}

static void order(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void order(struct client *c, const char *fmt, ...)
{
	char t[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t, sizeof(t), fmt, ap);
	va_end(ap);
	control(c, t);
}

/* The transactions of the orphaned branch that the other one has not: their receipts are gone. */
static void check_orphaned_txs(
	struct client *c, const char *path, const json_t *fork, bool orphaned_now)
{
	json_t *item, *tx, *r;
	size_t i, k;

	json_array_foreach(json_object_get(fork, "orphaned"), i, item)
	{
		json_array_foreach(
			json_object_get(json_object_get(item, "block"), "transactions"), k, tx)
		{
			const char *at, *hash = json_string_value(json_object_get(tx, "hash"));
			char params[100];

			snprintf(params, sizeof(params), "[\"%s\"]", hash);
			r = result(c, path, "eth_getTransactionReceipt", params);
			at = json_string_value(json_object_get(r, "blockHash"));
			if (orphaned_now)
				assert_true(!at ||
					    strcmp(at, block_hash(json_object_get(fork, "orphaned"),
							       i)));
			else
				assert_string_equal(
					at, block_hash(json_object_get(fork, "orphaned"), i));
			json_decref(r);
		}
	}
}

static void walk_fork(struct client *c, const char *key, const json_t *fork, unsigned id)
{
	json_t *orphaned = json_object_get(fork, "orphaned"),
	       *canonical = json_object_get(fork, "canonical");
	size_t n = json_array_size(orphaned);
	uint64_t point = (uint64_t)json_integer_value(json_object_get(fork, "forkPoint"));
	uint64_t tip = number(orphaned, n - 1);
	char path[20];
	json_t *logs, *log;
	size_t i;

	snprintf(path, sizeof(path), "/%s", key);
	order(c, "{\"%s\":{\"head\":%llu}}", key, (unsigned long long)point);
	assert_int_equal(head_of(c, path), point);
	assert_string_equal(
		hash_of(c, path, number_of(json_object_get(json_array_get(orphaned, 0), "block"))),
		"null");
	order(c, "{\"%s\":{\"head\":%llu,\"fork\":%u}}", key, (unsigned long long)tip, id);
	assert_int_equal(head_of(c, path), tip);
	for (i = 0; i < n; i++) {
		json_t *b = json_object_get(json_array_get(orphaned, i), "block");

		assert_string_equal(hash_of(c, path, number_of(b)), block_hash(orphaned, i));
		assert_true(known(c, path, block_hash(orphaned, i)));
	}
	check_orphaned_txs(c, path, fork, false);
	order(c, "{\"%s\":{\"head\":%llu}}", key, (unsigned long long)number(canonical, 0));
	assert_int_equal(head_of(c, path), number(canonical, 0));
	assert_string_equal(hash_of(c, path, "[\"latest\",false]"), block_hash(canonical, 0));
	if (n > 1) /* heights above the new head are gone, their blocks are not */
		assert_string_equal(hash_of(c, path,
					    number_of(json_object_get(
						    json_array_get(orphaned, n - 1), "block"))),
			"null");
	assert_true(known(c, path, block_hash(orphaned, n - 1)));
	order(c, "{\"%s\":{\"head\":%llu,\"fork\":0}}", key, (unsigned long long)tip);
	for (i = 0; i < n; i++) {
		json_t *b = json_object_get(json_array_get(canonical, i), "block");

		assert_string_equal(hash_of(c, path, number_of(b)), block_hash(canonical, i));
		assert_true(known(c, path, block_hash(orphaned, i)));
	}
	if (!strcmp(key, "root"))
		check_orphaned_txs(c, path, fork, true);
	logs = result(c, path, "eth_getLogs", "[{\"fromBlock\":\"0x0\"}]");
	json_array_foreach(logs, i, log) for (size_t k = 0; k < n; k++) assert_string_not_equal(
		json_string_value(json_object_get(log, "blockHash")), block_hash(orphaned, k));
	json_decref(logs);
}

static void check_forks(const char *dir, const char *key)
{
	struct client c =
		client_open(serve_one(dir, (struct replay_conf){.has_head = true, .head = 600}));
	char name[300];
	json_t *forks, *fork;
	size_t i;

	snprintf(name, sizeof(name), "%s/reorg.json.gz", dir);
	forks = load_gz(name);
	json_array_foreach(forks, i, fork) walk_fork(&c, key, fork, (unsigned)i + 1);
	json_decref(forks);
	client_close(&c);
}

static void golden_forks_by_control(void **state)
{
	(void)state;
	check_forks(RECORDING("golden"), "root");
}

static void bttc_forks_by_control(void **state)
{
	(void)state;
	check_forks(RECORDING("world/bttc"), "bttc");
}

static void future_is_unknown(void **state)
{
	struct client c = client_open(serve_one(
		RECORDING("golden"), (struct replay_conf){.has_head = true, .head = 677}));
	json_t *forks = load_gz(RECORDING("golden/reorg.json.gz")), *v;

	(void)state;
	assert_int_equal(head_of(&c, "/root"), 677);
	assert_false(known(
		&c, "/root", block_hash(json_object_get(json_array_get(forks, 0), "orphaned"), 0)));
	assert_false(known(&c, "/root",
		block_hash(json_object_get(json_array_get(forks, 0), "canonical"), 0)));
	v = result(&c, "/root", "eth_getLogs", "[{\"fromBlock\":\"0x2a6\",\"toBlock\":\"0x400\"}]");
	assert_int_equal(json_array_size(v), 0);
	json_decref(v);
	json_decref(forks);
	client_close(&c);
}

static void starts_on_a_fork(void **state)
{
	struct client c =
		client_open(serve_one(RECORDING("golden"), (struct replay_conf){.fork = 2}));
	json_t *forks = load_gz(RECORDING("golden/reorg.json.gz"));
	json_t *orphaned = json_object_get(json_array_get(forks, 1), "orphaned");

	(void)state;
	assert_int_equal(head_of(&c, "/root"), 942);
	assert_string_equal(hash_of(&c, "/root", "[\"latest\",false]"),
		block_hash(orphaned, json_array_size(orphaned) - 1));
	json_decref(forks);
	client_close(&c);
}

/* Both chains of a world stand at the same recorded time. */
static void one_time_line(void **state)
{
	struct client c = client_open(
		serve_one(RECORDING("world"), (struct replay_conf){.has_head = true, .head = 250}));
	json_t *root = result(&c, "/root", "eth_getBlockByNumber", "[\"latest\",false]");
	uint64_t now = strtoull(json_string_value(json_object_get(root, "timestamp")), NULL, 16),
		 head, t;
	json_t *b = result(&c, "/bttc", "eth_getBlockByNumber", "[\"latest\",false]");

	(void)state;
	assert_int_equal(head_of(&c, "/root"), 250);
	head = head_of(&c, "/bttc");
	assert_in_range(head, 1000, 7000);
	t = strtoull(json_string_value(json_object_get(b, "timestamp")), NULL, 16);
	assert_true(t <= now && now - t < 60);
	json_decref(root);
	json_decref(b);
	client_close(&c);
}

static void refused_control_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"root\":7}",
		"{\"nochain\":{\"head\":1}}",
		"{\"root\":{\"head\":5}}",
		"{\"root\":{\"head\":99999}}",
		"{\"root\":{\"fork\":9}}",
		"{\"root\":{\"head\":900,\"fork\":1}}",
		"{\"root\":{\"head\":200},\"faults\":[\"nosuch\"]}",
		"{\"root\":{\"head\":200},\"faults\":7}",
		"{\"root\":{\"head\":200},\"bttc\":{}}",
		"{\"root\":{\"head\":-3}}",
	};
	struct client c = client_open(serve_one(RECORDING("golden"), (struct replay_conf){0}));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http h = post(&c, "/control", bad[i]);

		assert_int_equal(h.status, 400);
		assert_true(h.n > 5);
		free(h.body);
		assert_int_equal(head_of(&c, "/root"), 1184);
	}
	client_close(&c);
}

/* ---- time ------------------------------------------------------------------------------- */

/*
 * Follow a chain that plays at full speed: every head that is seen belongs to the expected course
 * of heads, in order, and it ends at the last block.
 */
struct course {
	uint64_t head[20000];
	char hash[20000][67];
	size_t n;
};

static void expect(struct course *o, uint64_t head, const char *hash)
{
	o->head[o->n] = head;
	snprintf(o->hash[o->n++], 67, "%s", hash);
}

static void expected_course(struct course *o, const char *dir)
{
	char name[300], *text, *at, *line;
	json_t *forks, *f;
	size_t n, i;
	uint64_t hidden_until = 0;

	snprintf(name, sizeof(name), "%s/reorg.json.gz", dir);
	forks = load_gz(name);
	snprintf(name, sizeof(name), "%s/blocks.ndjson.gz", dir);
	text = at = read_gz(name, &n);
	while (next_line(&at, &line, &n)) {
		json_t *b = json_loadb(line, n, 0, NULL);
		uint64_t num = strtoull(json_string_value(json_object_get(b, "number")), NULL, 16);

		if (num >= hidden_until)
			expect(o, num, json_string_value(json_object_get(b, "hash")));
		json_array_foreach(forks, i, f)
		{
			json_t *steps = json_object_get(f, "steps"),
			       *orphaned = json_object_get(f, "orphaned");
			json_t *s;
			size_t k;

			if ((uint64_t)json_integer_value(json_object_get(f, "forkPoint")) != num)
				continue;
			for (k = 0; k < json_array_size(orphaned); k++)
				expect(o, number(orphaned, k), block_hash(orphaned, k));
			hidden_until = number(orphaned, k - 1) + 1;
			json_array_foreach(steps, k, s)
			{
				json_t *in = json_object_get(s, "inserted");

				if (json_equal(in, json_object_get(s, "headAfter")) &&
					(uint64_t)json_integer_value(in) < hidden_until)
					hidden_until = (uint64_t)json_integer_value(in);
			}
		}
		json_decref(b);
	}
	free(text);
	json_decref(forks);
}

static void plays_time(const char *dir, const char *path, int64_t speed, uint64_t last)
{
	struct course *o = calloc(1, sizeof(*o));
	struct client c;
	size_t at = 0, seen = 0;
	char hash[80];
	time_t end;

	expected_course(o, dir); /* before the clock starts */
	c = client_open(serve_one(dir, (struct replay_conf){.speed = speed}));
	end = time(NULL) + 60;
	for (;;) {
		snprintf(hash, sizeof(hash), "%s", hash_of(&c, path, "[\"latest\",false]"));
		if (strcmp(hash, o->hash[at])) {
			for (at++; at < o->n && strcmp(hash, o->hash[at]); at++)
				;
			assert_true(at <
				    o->n); /* else: a head that was never one, or one seen before */
			seen++;
		}
		if (o->head[at] == last)
			break;
		assert_true(time(NULL) < end);
	}
	assert_true(seen > 50);
	free(o);
	client_close(&c);
}

static void golden_plays_time(void **state)
{
	(void)state;
	plays_time(RECORDING("golden"), "/root", 10000, 1184);
}

static void bttc_plays_time(void **state)
{
	(void)state;
	plays_time(RECORDING("world/bttc"), "/bttc", 4000, 7778);
}

/* The whole course of heads, moment by moment, equals the recorded one. */
static void course_is_the_recorded_one(void **state)
{
	static const char *const dirs[] = {
		RECORDING("golden"), RECORDING("world/root"), RECORDING("world/bttc")};
	struct course *o = calloc(1, sizeof(*o));

	(void)state;
	for (size_t d = 0; d < 3; d++) {
		struct recording *r;
		struct timeline t;
		struct body *b;
		struct err e;

		assert_int_equal(recording_load(&r, dirs[d], false, &e), ERR_NONE);
		b = body_recorded(r);
		timeline_build(&t, b);
		o->n = 0;
		expected_course(o, dirs[d]);
		assert_int_equal(t.n, o->n);
		for (size_t i = 0; i < t.n; i++) {
			struct body_block k;
			char hash[67];

			assert_int_equal(t.v[i].head, o->head[i]);
			assert_true(b->ops->at(b, t.v[i].fork, t.v[i].head, &k));
			snprintf(hash, sizeof(hash), "0x");
			for (int x = 0; x < 32; x++)
				snprintf(hash + 2 + 2 * x, 3, "%02x", k.hash.b[x]);
			assert_string_equal(hash, o->hash[i]);
			assert_true(!i || t.v[i].time >= t.v[i - 1].time);
			assert_true(t.v[i].time >= k.time);
		}
		timeline_free(&t);
		body_free(b);
	}
	free(o);
}

static void starts_in_time(void **state)
{
	struct client c = client_open(serve_one(RECORDING("golden"),
		(struct replay_conf){.speed = 1, .has_head = true, .head = 700, .fork = 1}));
	json_t *forks = load_gz(RECORDING("golden/reorg.json.gz"));

	(void)state;
	assert_string_equal(hash_of(&c, "/root", "[\"latest\",false]"),
		block_hash(json_object_get(json_array_get(forks, 0), "orphaned"), 700 - 678));
	order(&c, "{\"root\":{\"head\":1184}}"); /* moved by hand: time does not move it back */
	usleep(50000);
	assert_int_equal(head_of(&c, "/root"), 1184);
	json_decref(forks);
	client_close(&c);
}

static void restarts(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct client c =
			client_open(serve_one(RECORDING("world/root"), (struct replay_conf){0}));
		int idle = dial(c.r, 5);

		assert_int_equal(head_of(&c, "/root"), 389);
		client_close(&c); /* with an idle connection open */
		close(idle);
	}
}

static void refuses_to_start(void **state)
{
	struct replay_chain chain = {.key = "root", .dir = RECORDING("golden")};
	const char *const fault = "nosuchfault";
	struct replay_conf conf = {.listen = "127.0.0.1:0", .chains = &chain, .chain_count = 1};
	struct replay *r = NULL;
	struct err e;

	(void)state;
	conf.has_head = true;
	conf.head = 5;
	assert_int_equal(replay_start(&r, &conf, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "109 to 1184"));
	conf.has_head = false;
	conf.fork = 5;
	assert_int_equal(replay_start(&r, &conf, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "4 forks"));
	conf.fork = 0;
	conf.faults = &fault;
	conf.fault_count = 1;
	assert_int_equal(replay_start(&r, &conf, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "nosuchfault"));
	conf.fault_count = 0;
	conf.listen = "256.0.0.1:1";
	assert_int_equal(replay_start(&r, &conf, &e), ERR_FATAL);
	conf.listen = "127.0.0.1:0";
	chain.dir = TEST_DIR "/vectors";
	assert_int_equal(replay_start(&r, &conf, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "meta.json"));
	assert_null(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_forks_by_control),
		cmocka_unit_test(bttc_forks_by_control),
		cmocka_unit_test(future_is_unknown),
		cmocka_unit_test(starts_on_a_fork),
		cmocka_unit_test(one_time_line),
		cmocka_unit_test(refused_control_changes_nothing),
		cmocka_unit_test(course_is_the_recorded_one),
		cmocka_unit_test(golden_plays_time),
		cmocka_unit_test(bttc_plays_time),
		cmocka_unit_test(starts_in_time),
		cmocka_unit_test(restarts),
		cmocka_unit_test(refuses_to_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
