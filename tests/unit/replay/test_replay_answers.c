/*
 * Every answer equals the recording: all blocks, transactions, receipts and logs, the spot checks
 * and probes that were taken from the real node, and TRON's form by its own rules.
 */
#include "client.h"

#include "chain/keccak.h"

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	char *p;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&p, fmt, ap) >= 0);
	va_end(ap);
	return p;
}

static json_t *asked(struct client *c, const char *path, const char *method, char *params)
{
	json_t *v = result(c, path, method, params);

	free(params);
	return v;
}

/* The body is {"jsonrpc":"2.0","id":7,"result":<text>}, byte for byte. */
static void assert_raw(struct client *c, const char *path, char *body, const char *text, size_t n)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":";
	struct http h = post(c, path, body);
	size_t k = sizeof(head) - 1;

	assert_int_equal(h.status, 200);
	assert_int_equal(h.n, k + n + 1);
	assert_memory_equal(h.body, head, k);
	assert_memory_equal(h.body + k, text, n);
	assert_int_equal(h.body[k + n], '}');
	free(h.body);
	free(body);
}

static void check_block(struct client *c, const char *path, char *line, size_t n)
{
	json_t *want = json_loadb(line, n, 0, NULL), *list = json_array(), *got, *tx;
	const char *hash = json_string_value(json_object_get(want, "hash"));
	size_t i;

	assert_raw(c, path,
		format("{\"id\":7,\"method\":\"eth_getBlockByNumber\",\"params\":[\"%s\",true]}",
			json_string_value(json_object_get(want, "number"))),
		line, n);
	assert_raw(c, path,
		format("{\"id\":7,\"method\":\"eth_getBlockByHash\",\"params\":[\"%s\",true]}",
			hash),
		line, n);
	json_array_foreach(json_object_get(want, "transactions"), i, tx)
	{
		json_array_append(list, json_object_get(tx, "hash"));
		if (i % 4)
			continue;
		got = asked(c, path, "eth_getTransactionByHash",
			format("[\"%s\"]", json_string_value(json_object_get(tx, "hash"))));
		assert_true(json_equal(got, tx));
		json_decref(got);
	}
	json_object_set_new(want, "transactions", list);
	got = asked(c, path, "eth_getBlockByHash", format("[\"%s\",false]", hash));
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
}

/* {"blockNumber":..,"blockHash":..,"receipts":[...]...}: the text of the array. */
static char *receipts_text(char *line, size_t n, size_t *len)
{
	char *p = memmem(line, n, "\"receipts\":[", 12), *end;

	assert_non_null(p);
	end = memmem(p, n - (size_t)(p - line), "],\"borTxHash\"", 13);
	p += 11;
	*len = end ? (size_t)(end + 1 - p) : n - (size_t)(p - line) - 1;
	return p;
}

static void check_receipts(struct client *c, const char *path, char *line, size_t n, bool by_block)
{
	json_t *want = json_loadb(line, n, 0, NULL), *got, *r;
	char *text;
	size_t i, len;

	if (by_block) {
		text = receipts_text(line, n, &len);
		assert_raw(c, path,
			format("{\"id\":7,\"method\":\"eth_getBlockReceipts\",\"params\":[\"%s\"]}",
				json_string_value(json_object_get(want, "blockHash"))),
			text, len);
	} else {
		json_array_foreach(json_object_get(want, "receipts"), i, r)
		{
			got = asked(c, path, "eth_getTransactionReceipt",
				format("[\"%s\"]",
					json_string_value(json_object_get(r, "transactionHash"))));
			assert_true(json_equal(got, r));
			json_decref(got);
		}
	}
	json_decref(want);
}

static void check_recording(const char *dir, const char *path, bool by_block, unsigned every)
{
	struct client c = client_open(serve_one(dir, (struct replay_conf){0}));
	char *name = format("%s/blocks.ndjson.gz", dir), *text, *at, *line;
	size_t n, count = 0;

	text = at = read_gz(name, &n);
	free(name);
	while (next_line(&at, &line, &n))
		if (count++ % every == 0)
			check_block(&c, path, line, n);
	free(text);
	name = format("%s/receipts.ndjson.gz", dir);
	text = at = read_gz(name, &n);
	free(name);
	count = 0;
	while (next_line(&at, &line, &n))
		if (count++ % every == 0)
			check_receipts(&c, path, line, n, by_block);
	free(text);
	client_close(&c);
}

static void golden_is_served(void **state)
{
	(void)state;
	check_recording(RECORDING("golden"), "/root", true, 1);
}

static void world_root_is_served(void **state)
{
	(void)state;
	check_recording(RECORDING("world/root"), "/root", true, 1);
}

static void world_bttc_is_served(void **state)
{
	(void)state;
	check_recording(RECORDING("world/bttc"), "/bttc", false, 5);
}

/* ---- logs ------------------------------------------------------------------------------- */

struct all_logs {
	json_t *logs;       /* of the whole chain, in order, as objects */
	json_t *state_sync; /* set of transaction hashes */
};

static struct all_logs read_logs(const char *dir)
{
	struct all_logs a = {json_array(), json_object()};
	char *name = format("%s/receipts.ndjson.gz", dir), *text, *at, *line;
	size_t n, i, k;
	json_t *v, *r, *g;

	text = at = read_gz(name, &n);
	free(name);
	while (next_line(&at, &line, &n)) {
		v = json_loadb(line, n, 0, NULL);
		if (json_object_get(v, "borTxHash"))
			json_object_set_new(a.state_sync,
				json_string_value(json_object_get(v, "borTxHash")), json_true());
		json_array_foreach(json_object_get(v, "receipts"), i, r) json_array_foreach(
			json_object_get(r, "logs"), k, g) json_array_append(a.logs, g);
		json_decref(v);
	}
	free(text);
	return a;
}

static bool is_state_sync(const struct all_logs *a, const json_t *log)
{
	return json_object_get(
		a->state_sync, json_string_value(json_object_get(log, "transactionHash")));
}

static bool one_of(const json_t *set, const char *value)
{
	json_t *x;
	size_t i;

	if (!set || json_is_null(set))
		return true;
	if (json_is_string(set))
		return !strcmp(json_string_value(set), value);
	json_array_foreach(set, i, x) if (!strcmp(json_string_value(x), value)) return true;
	return !json_array_size(set);
}

static bool matches(const json_t *filter, const json_t *log)
{
	const json_t *topics = json_object_get(filter, "topics"),
		     *has = json_object_get(log, "topics");
	uint64_t n = strtoull(json_string_value(json_object_get(log, "blockNumber")), NULL, 16);

	if (n < strtoull(json_string_value(json_object_get(filter, "fromBlock")), NULL, 16) ||
		n > strtoull(json_string_value(json_object_get(filter, "toBlock")), NULL, 16))
		return false;
	if (!one_of(json_object_get(filter, "address"),
		    json_string_value(json_object_get(log, "address"))))
		return false;
	if (json_array_size(topics) > json_array_size(has))
		return false;
	for (size_t i = 0; i < json_array_size(topics); i++)
		if (!one_of(json_array_get(topics, i), json_string_value(json_array_get(has, i))))
			return false;
	return true;
}

static json_t *hex_of(uint64_t v)
{
	char t[24];

	snprintf(t, sizeof(t), "0x%llx", (unsigned long long)v);
	return json_string(t);
}

/* A filter made of parts of real logs. */
static json_t *random_filter(const struct all_logs *a, uint64_t first, uint64_t last, uint64_t *s)
{
	json_t *f = json_object(), *topics = json_array(), *set;
	uint64_t from = first + rnd(s) % (last - first + 1), span = rnd(s) % (last - first + 1);
	size_t n = json_array_size(a->logs);

	json_object_set_new(f, "fromBlock", hex_of(from));
	json_object_set_new(f, "toBlock", hex_of(from + span));
	if (rnd(s) % 3) {
		set = json_array();
		for (size_t i = rnd(s) % 4; i < 4; i++)
			json_array_append(set,
				json_object_get(json_array_get(a->logs, rnd(s) % n), "address"));
		json_object_set_new(f, "address", set);
	}
	for (size_t p = rnd(s) % 5; p < 4; p++) {
		json_t *log = json_array_get(a->logs, rnd(s) % n);
		json_t *t = json_array_get(json_object_get(log, "topics"), json_array_size(topics));

		if (rnd(s) % 3 == 0 || !t)
			json_array_append_new(topics, json_null());
		else if (rnd(s) % 2)
			json_array_append(topics, t);
		else
			json_array_append_new(topics, json_pack("[O]", t));
	}
	json_object_set_new(f, "topics", topics);
	return f;
}

static size_t check_filter(
	struct client *c, const char *path, const struct all_logs *a, json_t *filter)
{
	json_t *want = json_array(), *got, *log, *params = json_pack("[O]", filter);
	char *text = json_dumps(params, 0);
	size_t i, n;

	json_array_foreach(a->logs, i, log) if (!is_state_sync(a, log) && matches(filter, log))
		json_array_append(want, log);
	got = result(c, path, "eth_getLogs", text);
	n = json_array_size(want);
	if (!json_equal(got, want))
		fail_msg("%s: %zu logs, not %zu", text, json_array_size(got), n);
	free(text);
	json_decref(params);
	json_decref(want);
	json_decref(got);
	return n;
}

static void check_logs(const char *dir, const char *path, unsigned rounds)
{
	struct client c = client_open(serve_one(dir, (struct replay_conf){0}));
	struct all_logs a = read_logs(dir);
	uint64_t seed = rnd_seed("filters");
	uint64_t last = head_of(&c, path);
	uint64_t first = strtoull(
		json_string_value(json_object_get(json_array_get(a.logs, 0), "blockNumber")), NULL,
		16);
	json_t *whole = json_pack("{s:s, s:s}", "fromBlock", "0x0", "toBlock", "0xffffff");
	size_t found = 0;

	assert_true(check_filter(&c, path, &a, whole) > 2000);
	json_decref(whole);
	for (unsigned i = 0; i < rounds; i++) {
		json_t *f = random_filter(&a, first, last, &seed);

		found += check_filter(&c, path, &a, f);
		json_decref(f);
	}
	assert_true(found > 0);
	json_decref(a.logs);
	json_decref(a.state_sync);
	client_close(&c);
}

static void golden_logs_by_filter(void **state)
{
	(void)state;
	check_logs(RECORDING("golden"), "/root", 150);
}

static void bttc_logs_by_filter(void **state)
{
	(void)state;
	check_logs(RECORDING("world/bttc"), "/bttc", 20);
}

/* ---- what the real BTTC node said ------------------------------------------------------- */

/* Snapshots and contract state are not in a recording. */
static bool in_recording(const char *method)
{
	static const char *const not [] = {"bor_getSnapshot", "bor_getSigners", "bor_getCurrent",
		"eth_call", "eth_gasPrice", "eth_feeHistory", "rpc_modules"};

	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		if (!strncmp(method, not [i], strlen(not [i])))
			return false;
	return true;
}

/* The recorded node ran with the bor-logs flag; ours runs as most do, without. */
static json_t *without_state_sync(const struct all_logs *a, json_t *logs)
{
	json_t *out = json_array(), *log;
	size_t i;

	json_array_foreach(logs, i, log) if (!is_state_sync(a, log)) json_array_append(out, log);
	return out;
}

static unsigned check_spot(struct client *c, const struct all_logs *a, json_t *q, bool flag)
{
	const char *method = json_string_value(json_object_get(q, "method"));
	json_t *params = json_object_get(q, "params"), *want = json_object_get(q, "result");
	json_t *error = json_object_get(q, "error"), *v, *got;
	const char *text = json_string_value(want);
	char *p;

	if (!method || !in_recording(method) || (text && strlen(text) > 300))
		return 0; /* long answers are cut in probes.json */
	p = params && !json_is_null(params) ? json_dumps(params, 0) : strdup("[]");
	v = call(c, "/bttc", method, p);
	got = json_object_get(v, "result");
	json_incref(want);
	if (!flag && !strcmp(method, "eth_getLogs") && json_is_array(want)) {
		json_t *fewer = without_state_sync(a, want);

		json_decref(want);
		want = fewer;
	}
	if (error && !json_is_null(error) ? !json_equal(json_object_get(v, "error"), error)
					  : !got || !json_equal(got, want))
		fail_msg("%s %s: %.500s", method, p, json_dumps(v, 0));
	json_decref(want);
	json_decref(v);
	free(p);
	return 1;
}

static unsigned check_spots(struct client *c, const struct all_logs *a, json_t *list, bool flag)
{
	unsigned n = 0;
	json_t *q;
	size_t i;

	json_array_foreach(list, i, q) n += check_spot(c, a, q, flag);
	return n;
}

static void bttc_spot_checks(void **state)
{
	struct client c = client_open(serve_one(RECORDING("world/bttc"), (struct replay_conf){0}));
	struct all_logs a = read_logs(RECORDING("world/bttc"));
	json_t *logs = load_gz(RECORDING("world/bttc/logs.json.gz")), *f;
	json_t *probes = load_gz(RECORDING("world/bttc/probes.json"));
	json_t *forks = load_gz(RECORDING("world/bttc/reorg.json.gz"));
	unsigned n = 0;
	size_t i;

	(void)state;
	assert_true(check_spots(&c, &a, logs, false) > 110);
	assert_true(check_spots(&c, &a, json_object_get(probes, "answers"), false) > 20);
	json_array_foreach(forks, i, f) n +=
		check_spots(&c, &a, json_object_get(f, "orphanQueries"), false);
	assert_true(n >= 20);
	json_decref(logs);
	json_decref(probes);
	json_decref(forks);
	json_decref(a.logs);
	json_decref(a.state_sync);
	client_close(&c);
}

static void bttc_with_bor_logs(void **state)
{
	struct replay_chain chain = {
		.key = "bttc", .dir = RECORDING("world/bttc"), .bor_logs = true};
	struct replay_conf conf = {.listen = "127.0.0.1:0", .chains = &chain, .chain_count = 1};
	struct all_logs none = {json_array(), json_object()};
	json_t *logs = load_gz(RECORDING("world/bttc/logs.json.gz"));
	struct replay *r;
	struct client c;
	struct err e;

	(void)state;
	assert_int_equal(replay_start(&r, &conf, &e), ERR_NONE);
	c = client_open(r);
	assert_true(check_spots(&c, &none, logs, true) > 110);
	json_decref(logs);
	json_decref(none.logs);
	json_decref(none.state_sync);
	client_close(&c);
}

static void bttc_receipts_by_block(void **state)
{
	struct client c = client_open(serve_one(RECORDING("world/bttc"), (struct replay_conf){0}));
	char *text, *at, *line;
	size_t n, count = 0;

	(void)state;
	text = at = read_gz(RECORDING("world/bttc/byblock.ndjson.gz"), &n);
	for (; next_line(&at, &line, &n); count++) {
		json_t *want = json_loadb(line, n, 0, NULL);
		json_t *got = asked(&c, "/bttc", "eth_getTransactionReceiptsByBlock",
			format("[\"0x%llx\"]", (long long)json_integer_value(
						       json_object_get(want, "blockNumber"))));

		assert_true(json_equal(
			got, json_object_get(want, "eth_getTransactionReceiptsByBlock")));
		json_decref(got);
		json_decref(want);
	}
	assert_true(count > 200);
	free(text);
	client_close(&c);
}

static void bttc_roots_and_authors(void **state)
{
	struct client c = client_open(serve_one(RECORDING("world/bttc"), (struct replay_conf){0}));
	json_t *roots = load_gz(RECORDING("world/bttc/roots.json")), *x, *got;
	char *text, *at, *line;
	size_t i, n;

	(void)state;
	json_array_foreach(json_object_get(roots, "ranges"), i, x)
	{
		got = asked(&c, "/bttc", "eth_getRootHash",
			format("[%lld,%lld]",
				(long long)json_integer_value(json_object_get(x, "start")),
				(long long)json_integer_value(json_object_get(x, "end"))));
		assert_string_equal(
			json_string_value(got), json_string_value(json_object_get(x, "root")));
		json_decref(got);
	}
	json_array_foreach(json_object_get(roots, "extra"), i, x)
	{
		got = asked(&c, "/bttc", "bor_getRootHash",
			format("[%lld,%lld]",
				(long long)json_integer_value(json_object_get(x, "start")),
				(long long)json_integer_value(json_object_get(x, "end"))));
		assert_string_equal(
			json_string_value(got), json_string_value(json_object_get(x, "root")));
		json_decref(got);
	}
	json_decref(roots);
	text = at = read_gz(RECORDING("world/bttc/oracle.ndjson.gz"), &n);
	for (i = 0; next_line(&at, &line, &n); i++) {
		if (i % 9 != 1)
			continue;
		x = json_loadb(line, n, 0, NULL);
		got = asked(&c, "/bttc", "bor_getAuthor",
			format("[\"0x%llx\"]",
				(long long)json_integer_value(json_object_get(x, "number"))));
		assert_true(json_equal(got, json_object_get(x, "author")));
		json_decref(got);
		json_decref(x);
	}
	assert_int_equal(i, 7779);
	free(text);
	client_close(&c);
}

/* ---- batches, tags, code ---------------------------------------------------------------- */

static char *batch_of(unsigned n)
{
	char *p = malloc(n * 80 + 3), *at = p;

	*at++ = '[';
	for (unsigned i = 0; i < n; i++)
		at += sprintf(at,
			"%s{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"eth_blockNumber\"}",
			i ? "," : "", i);
	memcpy(at, "]", 2);
	return p;
}

static void batches(void **state)
{
	static const char *const dirs[] = {RECORDING("golden"), RECORDING("world/bttc")};
	struct client c = client_open(serve(dirs, 2, false, (struct replay_conf){0}));
	char *body = batch_of(1000);
	json_t *v = post_json(&c, "/bttc", body), *error;

	(void)state;
	assert_int_equal(json_array_size(v), 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(v, i), "id")), i);
	json_decref(v);
	free(body);
	body = batch_of(1001);
	v = post_json(&c, "/bttc", body);
	assert_int_equal(json_array_size(v), 1);
	error = json_object_get(json_array_get(v, 0), "error");
	assert_int_equal(json_integer_value(json_object_get(error, "code")), -32600);
	assert_string_equal(
		json_string_value(json_object_get(error, "message")), "batch too large");
	json_decref(v);
	free(body);
	v = post_json(&c, "/root", "[]");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(v, "error"), "code")), -32600);
	json_decref(v);
	client_close(&c);
}

static void tags_by_finality(void **state)
{
	struct client c = client_open(serve_one(RECORDING("golden"), (struct replay_conf){0}));
	json_t *v;

	(void)state;
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"finalized\",false]");
	assert_string_equal(
		json_string_value(json_object_get(v, "number")), "0x460"); /* 1184 - 64 */
	json_decref(v);
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"safe\",false]");
	assert_string_equal(
		json_string_value(json_object_get(v, "number")), "0x496"); /* 1184 - 10 */
	json_decref(v);
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"0x4a1\",false]");
	assert_true(json_is_null(v));
	json_decref(v);
	client_close(&c);
}

static void code_of_contracts(void **state)
{
	static const char *const dirs[] = {RECORDING("golden"), RECORDING("world/bttc")};
	struct client c = client_open(serve(dirs, 2, false, (struct replay_conf){0}));
	json_t *meta = load_gz(RECORDING("golden/meta.json")), *v, *x;
	const char *key;
	size_t i;

	(void)state;
	json_object_foreach(json_object_get(meta, "validatorShares"), key, x)
	{
		v = asked(&c, "/root", "eth_getCode",
			format("[\"%s\",\"latest\"]", json_string_value(x)));
		assert_true(strlen(json_string_value(v)) > 2);
		json_decref(v);
	}
	json_array_foreach(json_object_get(json_object_get(meta, "actors"), "delegators"), i, x)
	{
		v = asked(&c, "/root", "eth_getCode",
			format("[\"%s\",\"latest\"]", json_string_value(x)));
		assert_string_equal(json_string_value(v), "0x");
		json_decref(v);
	}
	v = result(&c, "/bttc", "eth_getCode",
		"[\"0x0000000000000000000000000000000000001000\",\"latest\"]");
	assert_true(strlen(json_string_value(v)) > 2);
	json_decref(v);
	json_decref(meta);
	client_close(&c);
}

/* ---- TRON's form ------------------------------------------------------------------------ */

static void tron_id(char out[67], uint64_t number, const char *recorded)
{
	uint8_t b[32];
	struct hash32 h;

	for (int i = 0; i < 32; i++)
		assert_int_equal(sscanf(recorded + 2 + 2 * i, "%2hhx", &b[i]), 1);
	sha256(&h, b, sizeof(b));
	snprintf(out, 67, "0x%016llx", (unsigned long long)number);
	for (int i = 8; i < 32; i++)
		snprintf(out + 2 + 2 * i, 3, "%02x", h.b[i]);
}

static bool all_zero(const json_t *v, size_t digits)
{
	const char *s = json_string_value(v);

	return s && strlen(s) == digits + 2 && strspn(s + 2, "0") == digits;
}

static void check_tron_block(struct client *c, const json_t *recorded)
{
	uint64_t number =
		strtoull(json_string_value(json_object_get(recorded, "number")), NULL, 16);
	json_t *b = asked(
		c, "/root", "eth_getBlockByNumber", format("[\"0x%llx\",true]", (long long)number));
	json_t *receipts, *tx, *log, *want_tx;
	char id[67], parent[67];
	size_t i, k;

	tron_id(id, number, json_string_value(json_object_get(recorded, "hash")));
	tron_id(parent, number - 1, json_string_value(json_object_get(recorded, "parentHash")));
	assert_string_equal(json_string_value(json_object_get(b, "hash")), id);
	assert_string_equal(json_string_value(json_object_get(b, "parentHash")), parent);
	assert_true(json_equal(
		json_object_get(b, "timestamp"), json_object_get(recorded, "timestamp")));
	assert_true(all_zero(json_object_get(b, "logsBloom"), 512));
	assert_true(all_zero(json_object_get(b, "receiptsRoot"), 64));
	assert_null(json_object_get(b, "withdrawalsRoot"));
	json_array_foreach(json_object_get(b, "transactions"), i, tx)
	{
		want_tx = json_array_get(json_object_get(recorded, "transactions"), i);
		assert_string_equal(json_string_value(json_object_get(tx, "blockHash")), id);
		assert_true(json_equal(
			json_object_get(tx, "input"), json_object_get(want_tx, "input")));
		assert_true(
			json_equal(json_object_get(tx, "hash"), json_object_get(want_tx, "hash")));
	}
	receipts = asked(c, "/root", "eth_getBlockReceipts", format("[\"%s\"]", id));
	assert_int_equal(json_array_size(receipts),
		json_array_size(json_object_get(recorded, "transactions")));
	json_array_foreach(receipts, i, tx)
	{
		assert_string_equal(json_string_value(json_object_get(tx, "blockHash")), id);
		assert_true(all_zero(json_object_get(tx, "logsBloom"), 512));
		json_array_foreach(json_object_get(tx, "logs"), k, log)
		{
			assert_string_equal(
				json_string_value(json_object_get(log, "blockHash")), id);
			assert_true(json_equal(json_object_get(log, "blockTimestamp"),
				json_object_get(b, "timestamp")));
		}
	}
	json_decref(receipts);
	json_decref(b);
}

static void tron_form(void **state)
{
	const char *dir = RECORDING("golden");
	struct client c = client_open(serve(&dir, 1, true, (struct replay_conf){0}));
	char *text, *at, *line;
	size_t n, count = 0;
	json_t *v;

	(void)state;
	text = at = read_gz(RECORDING("golden/blocks.ndjson.gz"), &n);
	for (; next_line(&at, &line, &n); count++) {
		v = json_loadb(line, n, 0, NULL);
		check_tron_block(&c, v);
		json_decref(v);
	}
	free(text);
	assert_int_equal(count, 1076);
	v = result(&c, "/root", "eth_getLogs", "[{\"fromBlock\":\"0x0\",\"toBlock\":\"latest\"}]");
	assert_int_equal(json_array_size(v), 8339);
	json_decref(v);
	v = result(
		&c, "/root", "eth_getLogs", "[{\"fromBlock\":\"0x6d\",\"toBlock\":\"0xfffffff\"}]");
	assert_int_equal(json_array_size(v), 8339); /* the head bounds the range */
	json_decref(v);
	assert_int_equal(
		error_code(&c, "/root", "eth_getLogs", "[{\"toBlock\":\"safe\"}]"), -32602);
	assert_int_equal(
		error_code(&c, "/root", "eth_getBlockByNumber", "[\"pending\",false]"), -32602);
	assert_int_equal(
		error_code(&c, "/root", "eth_getTransactionReceiptsByBlock", "[\"0x70\"]"), -32601);
	assert_int_equal(error_code(&c, "/root", "eth_getCode",
				 "[\"0x5f0160ff94a80556f58cae00daaa2703ed0adaa5\",\"0x70\"]"),
		-32602);
	v = result(&c, "/root", "eth_getBlockByNumber", "[\"finalized\",false]");
	assert_string_equal(json_string_value(json_object_get(v, "number")), "0x460");
	json_decref(v);
	client_close(&c);
}

static void tron_limits(void **state)
{
	static const char *const dirs[] = {RECORDING("golden")};
	struct client c = client_open(serve(dirs, 1, true, (struct replay_conf){0}));
	char *body = batch_of(101);
	json_t *v = post_json(&c, "/root", body);

	(void)state;
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(v, "error"), "code")), -32005);
	json_decref(v);
	free(body);
	body = batch_of(100);
	v = post_json(&c, "/root", body);
	assert_int_equal(json_array_size(v), 100);
	json_decref(v);
	free(body);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_is_served),
		cmocka_unit_test(world_root_is_served),
		cmocka_unit_test(world_bttc_is_served),
		cmocka_unit_test(golden_logs_by_filter),
		cmocka_unit_test(bttc_logs_by_filter),
		cmocka_unit_test(bttc_spot_checks),
		cmocka_unit_test(bttc_with_bor_logs),
		cmocka_unit_test(bttc_receipts_by_block),
		cmocka_unit_test(bttc_roots_and_authors),
		cmocka_unit_test(batches),
		cmocka_unit_test(tags_by_finality),
		cmocka_unit_test(code_of_contracts),
		cmocka_unit_test(tron_form),
		cmocka_unit_test(tron_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
