/*
 * ABI decoding. Truth: the recordings (each log and each calldata, decoded and encoded again, gives
 * the recorded bytes), hand-written encodings, and seeded random types and values. Then everything
 * that must be refused.
 */
#include "chain/abi.h"

#include "base/hex.h"
#include "base/json.h"
#include "chain/keccak.h"
#include "lib/abi_set.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem, *abi_mem;
static struct abi_set set;

static const char *const abi_files[] = {"RootChain", "StakingInfo", "EventsHub", "StakingNFT",
	"TestToken", "ValidatorShare", "ValidatorPartnership", "Governance", "GovernanceProxy",
	"Registry", "StakeManager", "StakeManagerProxy", "StakeManagerExtension", "SlashingManager",
	"ValidatorShareFactory", "ValidatorShareProxy", "RootChainProxy", "EventsHubProxy"};

static int open_all(void **state)
{
	(void)state;
	mem = arena_new(1u << 30);
	abi_mem = arena_new(1u << 30);
	for (size_t i = 0; i < sizeof(abi_files) / sizeof(*abi_files); i++)
		abi_set_add(&set, abi_files[i], abi_mem);
	return 0;
}

static void *kept[4096]; /* data that decoded values point into */
static size_t kept_count;

static int close_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < kept_count; i++)
		free(kept[i]);
	arena_free(mem);
	arena_free(abi_mem);
	return 0;
}

/* ---- types --------------------------------------------------------------------------------- */

static void types_parse(void **state)
{
	static const struct {
		const char *text;
		enum abi_base base;
		unsigned bits, dims;
		int outer;
	} good[] = {
		{"uint256", ABI_UINT, 256, 0, 0}, {"uint", ABI_UINT, 256, 0, 0},
		{"uint8", ABI_UINT, 8, 0, 0}, {"int", ABI_INT, 256, 0, 0},
		{"int24", ABI_INT, 24, 0, 0}, {"address", ABI_ADDRESS, 0, 0, 0},
		{"bool", ABI_BOOL, 0, 0, 0}, {"bytes1", ABI_FIXED_BYTES, 8, 0, 0},
		{"bytes32", ABI_FIXED_BYTES, 256, 0, 0}, {"bytes", ABI_BYTES, 0, 0, 0},
		{"string", ABI_STRING, 0, 0, 0}, {"tuple", ABI_TUPLE, 0, 0, 0},
		{"uint256[3][]", ABI_UINT, 256, 2, -1}, {"uint256[][3]", ABI_UINT, 256, 2, 3},
		{"address[1][2][3][4]", ABI_ADDRESS, 0, 4, 4}, {"tuple[]", ABI_TUPLE, 0, 1, -1},
		{"bytes[17]", ABI_BYTES, 0, 1, 17},
	};
	static const char *const bad[] = {"", "uint0", "uint7", "uint264", "uint08", "uint256 ",
		" uint8", "bytes0", "bytes33", "bytes032", "address8", "bool1", "uint256[0]",
		"uint256[01]", "uint256[", "uint256]", "uint256[]x", "uint256[-1]",
		"uint256[9999999999]", "uint256[][][][][]", "function", "fixed128x18", "ufixed",
		"(uint256)", "Uint256", "byte", "uint4294967552", "string2"};
	struct abi_type t;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!abi_type_parse(&t, good[i].text))
			fail_msg("%s", good[i].text);
		assert_int_equal(t.base, good[i].base);
		assert_int_equal(t.bits, good[i].bits);
		assert_int_equal(t.dim_count, good[i].dims);
		if (t.dim_count)
			assert_int_equal(t.dims[t.dim_count - 1], good[i].outer);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (abi_type_parse(&t, bad[i]))
			fail_msg("accepted %s", bad[i]);
}

/* Topics of protocol.md, by signature of the ABI files. */
static void signatures(void **state)
{
	static const struct {
		const char *signature, *topic0;
	} want[] = {
		{"NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)",
			"ba5de06d22af2685c6c7765f60067f7d2b08c2d29f53cdf14d67f6d1c9bfb527"},
		{"Staked(address,uint256,uint256,uint256,uint256,uint256,bytes)",
			"68c13e4125b983d7e2d6114246f443e567ec6c4ee5b4d4a7ef6100b1402bfd84"},
		{"CheckpointSyncAck(address,uint256,uint256,uint256,uint256)",
			"dfdf269144f74a4d5a4487dae4ae7d89a0764033568a9003b6746591fdbb696c"},
		{"ClaimRewards(uint256,uint256,uint256)",
			"41e5e4590cfcde2f03ee9281c54d03acad8adffb83f8310d66b894532470ba35"},
	};
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < set.event_count; i++) {
		for (size_t k = 0; k < sizeof(want) / sizeof(*want); k++) {
			char hex[65] = {0};

			if (strcmp(set.events[i].signature, want[k].signature))
				continue;
			hex_encode(hex, set.events[i].topic0.b, 32);
			assert_string_equal(hex, want[k].topic0);
			found |= (size_t)1 << k;
		}
	}
	assert_int_equal(found, 15);
}

static void tuple_signature(void **state)
{
	struct abi_param fields[2] = {{.name = "a"}, {.name = "b"}}, p = {.name = "p"};
	struct buf b;

	(void)state;
	assert_true(abi_type_parse(&fields[0].type, "address"));
	assert_true(abi_type_parse(&fields[1].type, "uint[3][]"));
	assert_true(abi_type_parse(&p.type, "tuple[2]"));
	p.type.fields = fields;
	p.type.field_count = 2;
	buf_init(&b, 1000);
	abi_signature(&b, "f", &p, 1);
	assert_string_equal(b.p, "f((address,uint256[3][])[2])");
	buf_clear(&b);
	abi_signature(&b, "none", NULL, 0);
	assert_string_equal(b.p, "none()");
	buf_free(&b);
}

/* ---- recordings ---------------------------------------------------------------------------- */

static void check_log(const struct log *l)
{
	const struct abi_event *ev = abi_set_event(&set, l);
	struct abi_value *v;
	unsigned topic = 1;
	struct err e;
	struct buf b;

	assert_non_null(ev);
	if (abi_decode_event(ev, l, mem, &v, &e))
		fail_msg("%s", e.msg);
	buf_init(&b, 1u << 20);
	abi_set_encode(&b, ev->params, ev->param_count, v, false);
	assert_int_equal(b.n, l->data.n);
	if (b.n)
		assert_memory_equal(b.p, l->data.p, b.n);
	buf_free(&b);
	for (size_t i = 0; i < ev->param_count; i++)
		if (ev->params[i].indexed)
			assert_memory_equal(v[i].word, l->topics[topic++].b, 32);
	assert_int_equal(topic, l->topic_count);
}

static void check_call(const struct tx *tx, size_t *decoded)
{
	const struct abi_function *f = abi_set_function(&set, tx->input);
	struct abi_value *v;
	struct err e;
	struct buf b;

	if (!f)
		return;
	if (abi_decode_call(f, tx->input, mem, &v, &e))
		fail_msg("%s", e.msg);
	buf_init(&b, 1u << 20);
	abi_set_encode(&b, f->params, f->param_count, v, true);
	assert_int_equal(b.n, tx->input.n - 4);
	if (b.n)
		assert_memory_equal(b.p, tx->input.p + 4, b.n);
	buf_free(&b);
	(*decoded)++;
}

static void check_recording(const char *name, size_t want_logs, size_t want_calls)
{
	struct recording *r = recording_open(name);
	size_t logs = 0, calls = 0;
	struct rec_block b;

	while (recording_next(r, mem, &b)) {
		for (size_t i = 0; i < b.tx_count; i++)
			check_call(&b.txs[i], &calls);
		for (size_t i = 0; i < b.receipt_count; i++)
			for (size_t k = 0; k < b.receipts[i].log_count; k++, logs++)
				check_log(&b.receipts[i].logs[k]);
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(logs, want_logs);
	assert_int_equal(calls, want_calls);
}

static void recorded_logs_and_calls(void **state)
{
	(void)state;
	check_recording("golden", 8339, 2532);
	check_recording("world/root", 2778, 783);
}

static void checkpoint_vector(const char *file, const char *function, size_t words)
{
	char path[200];
	struct json_parser *p;
	struct jval root;
	struct bytes input, data;
	struct abi_value *v;
	const struct abi_function *f;
	struct address proposer, want;
	struct err e;
	uint64_t n;

	snprintf(path, sizeof(path), "vectors/%s.json", file);
	p = rec_file(path, &root);
	input = rec_hex(rec_get(root, "calldata"), mem);
	data = rec_hex(rec_get(root, "data"), mem);
	f = abi_set_function(&set, input);
	assert_non_null(f);
	assert_string_equal(f->name, function);
	assert_int_equal(abi_decode_call(f, input, mem, &v, &e), ERR_NONE);
	assert_int_equal(v[0].data.n, words * 32);
	assert_memory_equal(v[0].data.p, data.p, data.n);
	assert_int_equal(v[1].item_count, 5);
	assert_int_equal(v[1].items[4].item_count, 3);
	assert_true(abi_u64(&v[1].items[4].items[2], &n));
	assert_true(n == 27 || n == 28);
	memcpy(proposer.b, v[0].data.p + 12, 20);
	rec_fixed(rec_get(root, "proposer"), want.b, 20);
	assert_memory_equal(proposer.b, want.b, 20);
	rec_file_free(p);
}

static void checkpoint_calldata(void **state)
{
	(void)state;
	checkpoint_vector("synthetic_submitCheckpoint", "submitCheckpoint", 7);
	checkpoint_vector("synthetic_submitCheckpointSync", "submitCheckpointSync", 5);
}

/* ---- hand-written -------------------------------------------------------------------------- */

#define W(x)  "00000000000000000000000000000000000000000000000000000000000000" x
#define FF    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define A32   "61626300000000000000000000000000000000000000000000000000000000" "00"

static void make_params(struct abi_param *p, const char *const *types, size_t n)
{
	memset(p, 0, n * sizeof(*p));
	for (size_t i = 0; i < n; i++) {
		p[i].name = "";
		if (!abi_type_parse(&p[i].type, types[i]))
			fail_msg("%s", types[i]);
	}
}

/* Exact copy on the heap, so that ASan sees every read outside; lives to the end of the program. */
static struct bytes exact(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = malloc(n + !n);

	assert_true(hex_decode(p, hex, n));
	assert_true(kept_count < sizeof(kept) / sizeof(*kept));
	kept[kept_count++] = p;
	return (struct bytes){p, n};
}

static enum err_kind decode_event(const char *const *types, size_t n, const char *hex,
	struct abi_value **v, struct err *e)
{
	static struct abi_param params[8];
	struct abi_event ev = {.contract = "T", .name = "E", .params = params, .param_count = n};
	struct log l = {.topic_count = 1};

	make_params(params, types, n);
	l.data = exact(hex);
	return abi_decode_event(&ev, &l, mem, v, e);
}

static enum err_kind decode_params(const char *const *types, size_t n, const char *hex,
	struct abi_value **v, struct err *e)
{
	static struct abi_param params[8];

	make_params(params, types, n);
	return abi_decode_params(params, n, exact(hex), mem, v, e);
}

static void expect_json(const char *type, const char *hex, const char *want)
{
	struct abi_value *v;
	struct err e;
	struct buf b;
	struct jw w;

	if (decode_event(&type, 1, hex, &v, &e))
		fail_msg("%s: %s", type, e.msg);
	buf_init(&b, 10000);
	jw_init(&w, &b);
	abi_value_json(&w, v);
	assert_string_equal(b.p, want);
	buf_free(&b);
}

static void values_as_json(void **state)
{
	(void)state;
	expect_json("uint256", FF,
		"\"115792089237316195423570985008687907853269984665640564039457584007913129639935"
		"\"");
	expect_json("uint8", W("ff"), "\"255\"");
	expect_json("int256", FF, "\"-1\"");
	expect_json("int8", FF, "\"-1\"");
	expect_json("int8", W("7f"), "\"127\"");
	expect_json("int256", "8000000000000000000000000000000000000000000000000000000000000000",
		"\"-"
		"57896044618658097711785492504343953926634992332820282019728792003956564819968\"");
	expect_json("bool", W("01"), "true");
	expect_json("bool", W("00"), "false");
	expect_json("address", "0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
		"\"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed\"");
	expect_json("bytes3", A32, "\"0x616263\"");
	expect_json("bytes", W("20") W("03") A32, "\"0x616263\"");
	expect_json("bytes", W("20") W("00"), "\"0x\"");
	expect_json("string", W("20") W("03") A32, "\"abc\"");
	expect_json("string",
		W("20") W("03") "22005c0000000000000000000000000000000000000000000000000000000000",
		"\"\\\"\\u0000\\\\\"");
	expect_json("uint8[2]", W("05") W("06"), "[\"5\",\"6\"]");
	expect_json("uint8[]", W("20") W("02") W("05") W("06"), "[\"5\",\"6\"]");
	expect_json("uint8[]", W("20") W("00"), "[]");
	expect_json("uint8[2][]", W("20") W("01") W("05") W("06"), "[[\"5\",\"6\"]]");
	expect_json("uint8[][2]", W("20") W("40") W("80") W("01") W("07") W("00"), "[[\"7\"],[]]");
	expect_json("string[]", W("20") W("01") W("20") W("03") A32, "[\"abc\"]");
}

static void tuples_as_json(void **state)
{
	struct abi_param fields[2] = {{.name = "who"}, {.name = ""}}, p = {.name = "t"};
	struct abi_event ev = {.contract = "T", .name = "E", .params = &p, .param_count = 1};
	struct log l = {.topic_count = 1};
	struct abi_value *v;
	struct err e;
	struct buf b;
	struct jw w;

	(void)state;
	assert_true(abi_type_parse(&fields[0].type, "bool"));
	assert_true(abi_type_parse(&fields[1].type, "bytes"));
	assert_true(abi_type_parse(&p.type, "tuple[]"));
	p.type.fields = fields;
	p.type.field_count = 2;
	l.data = exact(W("20") W("01") W("20") W("01") W("40") W("03") A32);
	if (abi_decode_event(&ev, &l, mem, &v, &e))
		fail_msg("%s", e.msg);
	buf_init(&b, 1000);
	jw_init(&w, &b);
	abi_value_json(&w, v);
	assert_string_equal(b.p, "[{\"who\":true,\"arg1\":\"0x616263\"}]");
	buf_free(&b);
}

static void number_helpers(void **state)
{
	struct abi_value v = {.word = {[23] = 1}};
	uint64_t n;

	(void)state;
	assert_false(abi_u64(&v, &n));
	v.word[23] = 0;
	memset(v.word + 24, 0xff, 8);
	assert_true(abi_u64(&v, &n));
	assert_true(n == UINT64_MAX);
	assert_int_equal(abi_u256(&v).w[0], UINT64_MAX);
}

/* ---- refused ------------------------------------------------------------------------------- */

static void strict_refuses(void **state)
{
	static const struct {
		const char *type, *hex, *why;
	} cases[] = {
		{"uint256", "", "too short"},
		{"uint256", "00", "too short"},
		{"uint256", W("01") "00", "no parameter uses"},
		{"uint256", W("01") W("02"), "no parameter uses"},
		{"uint8", "00000000000000000000000000000000000000000000000000000000000001ff",
			"outside the type"},
		{"int8", W("80"), "outside the type"},
		{"int8", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
			"outside the type"},
		{"address", FF, "outside the type"},
		{"bool", W("02"), "outside the type"},
		{"bool", "0100000000000000000000000000000000000000000000000000000000000001",
			"outside the type"},
		{"bytes2", A32, "outside the type"},
		{"bytes", W("20"), "too short"},
		{"bytes", W("40") W("00"), "too short"},
		{"bytes", W("60") W("00"), "outside the data"},
		{"bytes", FF W("00"), "outside the data"},
		{"bytes", W("20") FF, "outside the data"},
		{"bytes", W("20") W("01"), "outside the data"},
		{"bytes", W("20") W("03") "616263", "outside the data"}, /* not padded */
		{"bytes", W("20") W("02") A32, "padding"},
		{"bytes", W("20") W("00") W("00"), "no parameter uses"},
		{"bytes", W("00"), "overlap"}, /* the offset is its own length of zero */
		{"bytes",
			"000000000000000000000000000000000000000000000000ffffffffffffffe0" W("00"),
			"outside the data"}, /* wraps when added to a pointer */
		{"uint256[]", W("20") W("01"), "outside the data"},
		{"uint256[]",
			W("20") "0000000000000000000000000000000000000000000000000800000000000000",
			"outside the data"}, /* count * 32 wraps to zero in 64 bits */
		{"uint256[]",
			W("20") "00000000000000000000000000000000000000000000000000000000ffffffff",
			"outside the data"},
		{"uint256[2]", W("01"), "too short"},
		{"string[2]", W("20") W("40"), "outside the data"}, /* two heads in one word */
		{"uint256[1048576][1048576][1048576][1048576]", W("00"), "too short"},
		{"bytes[]", W("20") W("02") W("40") W("40") W("00"), "overlap"},
	};
	struct abi_value *v;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		v = NULL;
		if (decode_event(&cases[i].type, 1, cases[i].hex, &v, &e) != ERR_REJECT)
			fail_msg("case %zu, %s: accepted", i, cases[i].type);
		if (!strstr(e.msg, cases[i].why))
			fail_msg("case %zu, %s: \"%s\" has no \"%s\"", i, cases[i].type, e.msg,
				cases[i].why);
		assert_null(v);
	}
}

/* What a contract built by an old compiler accepts, calldata may hold. */
static void lenient_accepts(void **state)
{
	static const char *const address = "address", *const small = "uint16", *const yes = "bool",
		*const fixed = "bytes2", *const bytes = "bytes", *const negative = "int8";
	struct abi_value *v;
	struct err e;

	(void)state;
	assert_int_equal(decode_params(&address, 1, FF, &v, &e), ERR_NONE);
	assert_int_equal(abi_address(v).b[0], 0xff);
	assert_int_equal(abi_address(v).b[19], 0xff);
	assert_int_equal(v->word[11], 0);
	assert_int_equal(v->word[12], 0xff);
	assert_int_equal(decode_params(&small, 1, FF W("00"), &v, &e), ERR_NONE);
	assert_int_equal(abi_u256(v).w[0], 0xffff);
	assert_int_equal(decode_params(&yes, 1, FF, &v, &e), ERR_NONE);
	assert_int_equal(abi_u256(v).w[0], 1);
	assert_true(u256_fits_u64(abi_u256(v)));
	assert_int_equal(decode_params(&fixed, 1, A32, &v, &e), ERR_NONE);
	assert_int_equal(v->word[1], 0x62);
	assert_int_equal(v->word[2], 0);
	assert_int_equal(decode_params(&negative, 1, W("80"), &v, &e), ERR_NONE);
	assert_int_equal(v->word[0], 0xff);
	assert_int_equal(decode_params(&bytes, 1, W("20") W("03") "616263", &v, &e), ERR_NONE);
	assert_int_equal(v->data.n, 3);
	assert_int_equal(decode_params(&bytes, 1, W("20") W("02") A32 "99", &v, &e), ERR_NONE);
	assert_int_equal(v->data.n, 2);
}

static void lenient_refuses(void **state)
{
	static const char *const bytes = "bytes", *const many = "uint8[][][][]";
	const char *const two[] = {"uint256", "uint256"};
	struct abi_value *v = NULL;
	struct buf hex;
	struct err e;

	(void)state;
	assert_int_equal(decode_params(two, 2, W("01"), &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "parameter 1"));
	assert_int_equal(decode_params(&bytes, 1, W("20") W("04") "616263", &v, &e), ERR_REJECT);
	/* Arrays that share one tail at every level: 64^4 values from 8 KB. */
	buf_init(&hex, 1u << 20);
	for (int level = 0; level < 4; level++) {
		char word[65];

		snprintf(word, sizeof(word), "%064x", level ? 64 : 32);
		if (!level)
			buf_str(&hex, word);
		snprintf(word, sizeof(word), "%064x", 64);
		buf_str(&hex, word);
		snprintf(word, sizeof(word), "%064x", level == 3 ? 1 : 64 * 32);
		for (int i = 0; i < 64; i++)
			buf_str(&hex, word);
	}
	assert_int_equal(decode_params(&many, 1, hex.p, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "overlap"));
	assert_null(v);
	assert_true(arena_used(mem) < 64u << 20);
	buf_free(&hex);
}

static void calls_need_their_selector(void **state)
{
	struct abi_function f = {.contract = "C", .name = "f", .selector = {1, 2, 3, 4}};
	static const uint8_t right[] = {1, 2, 3, 4}, wrong[] = {1, 2, 3, 5};
	struct abi_value *v = NULL;
	struct err e;

	(void)state;
	assert_int_equal(abi_decode_call(&f, (struct bytes){right, 4}, mem, &v, &e), ERR_NONE);
	v = NULL;
	assert_int_equal(abi_decode_call(&f, (struct bytes){wrong, 4}, mem, &v, &e), ERR_REJECT);
	assert_int_equal(abi_decode_call(&f, (struct bytes){right, 3}, mem, &v, &e), ERR_REJECT);
	assert_int_equal(abi_decode_call(&f, (struct bytes){NULL, 0}, mem, &v, &e), ERR_REJECT);
	assert_null(v);
}

/* ERC-20 and ERC-721 Transfer share topic 0; the number of topics tells them apart. */
static void topics_are_counted(void **state)
{
	struct abi_param p[3] = {{.name = "from", .indexed = true}, {.name = "to", .indexed = true},
		{.name = "value"}};
	struct abi_event ev = {.contract = "T", .name = "Transfer", .params = p, .param_count = 3,
		.indexed_count = 2};
	struct log l = {.topic_count = 4};
	struct abi_value *v = NULL;
	struct err e;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(abi_type_parse(&p[i].type, i < 2 ? "address" : "uint256"));
	keccak256(&ev.topic0, "Transfer(address,address,uint256)", 33);
	l.topics[0] = ev.topic0;
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "number of topics"));
	l.topic_count = 3;
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "value"));
	l.data = exact(W("09"));
	l.topics[2].b[11] = 1;
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "to: bits outside"));
	l.topics[2].b[11] = 0;
	l.topics[0].b[0] ^= 1;
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "topic 0"));
	assert_null(v);
	l.topics[0].b[0] ^= 1;
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_NONE);
}

/*
 * An indexed dynamic value is only there as its hash; an anonymous event has no topic 0 of its own.
 */
static void indexed_dynamic_and_anonymous(void **state)
{
	struct abi_param p[2] = {{.name = "text", .indexed = true}, {.name = "n", .indexed = true}};
	struct abi_event ev = {.contract = "T", .name = "E", .params = p, .param_count = 2,
		.indexed_count = 2, .anonymous = true};
	struct log l = {.topic_count = 2};
	struct abi_value *v;
	struct err e;

	(void)state;
	assert_true(abi_type_parse(&p[0].type, "string"));
	assert_true(abi_type_parse(&p[1].type, "uint8[2]"));
	memset(l.topics[0].b, 0xab, 32);
	memset(l.topics[1].b, 0xcd, 32);
	assert_int_equal(abi_decode_event(&ev, &l, mem, &v, &e), ERR_NONE);
	assert_int_equal(v[0].type->base, ABI_FIXED_BYTES);
	assert_int_equal(v[0].type->bits, 256);
	assert_int_equal(v[1].type->base, ABI_FIXED_BYTES);
	assert_memory_equal(v[0].word, l.topics[0].b, 32);
	assert_memory_equal(v[1].word, l.topics[1].b, 32);
}

/* ---- random types and values --------------------------------------------------------------- */

static void random_type(uint64_t *seed, struct abi_type *t, unsigned depth)
{
	static const char *const bases[] = {"uint256", "uint8", "int256", "int40", "address",
		"bool", "bytes32", "bytes4", "bytes", "string", "tuple"};

	assert_true(abi_type_parse(t, bases[rnd(seed) % (depth < 3 ? 11 : 10)]));
	for (t->dim_count = 0; t->dim_count < 3 && rnd(seed) % 3 == 0; t->dim_count++)
		t->dims[t->dim_count] = rnd(seed) % 2 ? -1 : 1 + (int)(rnd(seed) % 3);
	if (t->base == ABI_TUPLE) {
		struct abi_param *f;

		t->field_count = 1 + rnd(seed) % 3;
		t->fields = f = arena_calloc(mem, t->field_count, sizeof(*f));
		for (size_t i = 0; i < t->field_count; i++) {
			f[i].name = "f";
			random_type(seed, &f[i].type, depth + 1);
		}
	}
}

static void random_word(uint64_t *seed, const struct abi_type *t, uint8_t word[32])
{
	size_t used = t->base == ABI_ADDRESS ? 20 : t->base == ABI_BOOL ? 1 : t->bits / 8;
	bool left = t->base == ABI_FIXED_BYTES;

	memset(word, 0, 32);
	for (size_t i = 0; i < used; i++)
		word[left ? i : 31 - i] = t->base == ABI_BOOL ? rnd(seed) % 2 : (uint8_t)rnd(seed);
	if (t->base == ABI_INT && word[32 - used] & 0x80)
		memset(word, 0xff, 32 - used);
}

static void random_value(
	uint64_t *seed, const struct abi_type *t, unsigned dim, struct abi_value *v)
{
	v->type = t;
	v->dim = dim;
	if (dim || t->base == ABI_TUPLE) {
		v->item_count = !dim ? t->field_count
			: t->dims[dim - 1] < 0 ? rnd(seed) % 4 : (size_t)t->dims[dim - 1];
		v->items = arena_calloc(mem, v->item_count, sizeof(*v->items));
		for (size_t i = 0; i < v->item_count; i++) {
			const struct abi_type *inner = dim ? t : &t->fields[i].type;

			random_value(seed, inner, dim ? dim - 1 : inner->dim_count, &v->items[i]);
		}
	} else if (t->base == ABI_BYTES || t->base == ABI_STRING) {
		size_t n = rnd(seed) % 3 ? rnd(seed) % 5 : rnd(seed) % 100;
		uint8_t *p = arena_alloc(mem, n);

		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)rnd(seed);
		v->data = (struct bytes){p, n};
	} else {
		random_word(seed, t, v->word);
	}
}

static void same_value(const struct abi_value *a, const struct abi_value *b)
{
	assert_ptr_equal(a->type, b->type);
	assert_int_equal(a->dim, b->dim);
	assert_int_equal(a->item_count, b->item_count);
	assert_int_equal(a->data.n, b->data.n);
	assert_memory_equal(a->word, b->word, 32);
	if (a->data.n)
		assert_memory_equal(a->data.p, b->data.p, a->data.n);
	for (size_t i = 0; i < a->item_count; i++)
		same_value(&a->items[i], &b->items[i]);
}

/* Random damage must never be read outside (ASan) and, if accepted, means another encoding. */
static void damage(uint64_t *seed, struct abi_event *ev, const struct buf *good)
{
	for (int i = 0; i < 20; i++) {
		size_t n = rnd(seed) % 4 ? good->n : rnd(seed) % (good->n + 1);
		uint8_t *p = malloc(n + !n);
		struct log l = {.topic_count = 1, .topics = {ev->topic0}, .data = {p, n}};
		struct abi_value *v;
		struct err e;
		struct buf again;

		memcpy(p, good->p, n);
		for (size_t k = 0; n && k < 1 + rnd(seed) % 3; k++) {
			size_t at = rnd(seed) % n;

			p[rnd(seed) % 2 ? at : at / 32 * 32 + 31 < n ? at / 32 * 32 + 31 : at] =
				(uint8_t)rnd(seed);
		}
		(void)!abi_decode_params(ev->params, ev->param_count, l.data, mem, &v, &e);
		if (!abi_decode_event(ev, &l, mem, &v, &e)) {
			buf_init(&again, 1u << 24);
			abi_set_encode(&again, ev->params, ev->param_count, v, true);
			assert_int_equal(again.n, n); /* every byte was read exactly once */
			buf_free(&again);
		}
		free(p);
	}
}

static void random_types(void **state)
{
	uint64_t seed = rnd_seed("random_types");

	(void)state;
	for (int i = 0; i < 1500; i++) {
		size_t n = rnd(&seed) % 5;
		struct abi_param *p = arena_calloc(mem, n, sizeof(*p));
		struct abi_value *v = arena_calloc(mem, n, sizeof(*v)), *back;
		struct abi_event ev = {.contract = "T", .name = "E", .params = p, .param_count = n};
		struct log l = {.topic_count = 1};
		struct err e;
		struct buf b;

		for (size_t k = 0; k < n; k++) {
			p[k].name = "p";
			random_type(&seed, &p[k].type, 0);
			random_value(&seed, &p[k].type, p[k].type.dim_count, &v[k]);
		}
		buf_init(&b, 1u << 24);
		abi_set_encode(&b, p, n, v, true);
		l.data = (struct bytes){(uint8_t *)b.p, b.n};
		if (abi_decode_event(&ev, &l, mem, &back, &e))
			fail_msg("round %d: %s", i, e.msg);
		for (size_t k = 0; k < n; k++)
			same_value(&v[k], &back[k]);
		if (abi_decode_params(p, n, l.data, mem, &back, &e))
			fail_msg("round %d: %s", i, e.msg);
		for (size_t k = 0; k < n; k++)
			same_value(&v[k], &back[k]);
		if (b.n)
			damage(&seed, &ev, &b);
		buf_free(&b);
		arena_reset(mem);
	}
}

static const struct abi_function *function(const char *signature)
{
	for (size_t i = 0; i < set.function_count; i++)
		if (!strcmp(set.functions[i].signature, signature))
			return &set.functions[i];
	fail_msg("no %s", signature);
	return NULL;
}

static void calls_are_encoded(void **state)
{
	static const char *const want = "35aa2e44000000000000000000000000000000000000000000000000000000000000002a";
	const struct abi_function *f = function("validators(uint256)");
	struct u256 arg = u256_u64(42);
	struct abi_value *back;
	char hex[100] = {0};
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1000);
	assert_true(abi_encode_call(&b, f, &arg));
	assert_int_equal(b.n, 36);
	hex_encode(hex, b.p, b.n);
	assert_string_equal(hex, want);
	assert_int_equal(abi_decode_call(f, (struct bytes){(const uint8_t *)b.p, b.n}, mem, &back, &e), ERR_NONE);
	assert_int_equal(u256_cmp(abi_u256(&back[0]), arg), 0);
	assert_false(abi_encode_call(&b, function("submitCheckpoint(bytes,uint256[3][])"), &arg));
	buf_free(&b);
}

static void results_are_decoded(void **state)
{
	static const struct abi_param outputs[] = {{.name = "amount", .type = {.base = ABI_INT, .bits = 256}},
		{.name = "stakerCount", .type = {.base = ABI_INT, .bits = 256}}};
	const struct abi_function f = {.contract = "X", .name = "changes", .outputs = (struct abi_param *)outputs,
		.output_count = 2};
	uint8_t data[64] = {0};
	struct abi_value *v;
	struct err e;

	(void)state;
	memset(data, 0xff, 32);
	data[63] = 5;
	assert_int_equal(abi_decode_result(&f, (struct bytes){data, 64}, mem, &v, &e), ERR_NONE);
	assert_int_equal(u256_cmp(u256_add(abi_u256(&v[0]), u256_u64(1)), U256_ZERO), 0);
	assert_int_equal(abi_u256(&v[1]).w[0], 5);
	assert_int_equal(abi_decode_result(&f, (struct bytes){data, 63}, mem, &v, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "X.changes"));
	assert_int_equal(abi_decode_result(&f, (struct bytes){data, 0}, mem, &v, &e), ERR_REJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_parse),
		cmocka_unit_test(signatures),
		cmocka_unit_test(tuple_signature),
		cmocka_unit_test(recorded_logs_and_calls),
		cmocka_unit_test(checkpoint_calldata),
		cmocka_unit_test(values_as_json),
		cmocka_unit_test(tuples_as_json),
		cmocka_unit_test(number_helpers),
		cmocka_unit_test(strict_refuses),
		cmocka_unit_test(lenient_accepts),
		cmocka_unit_test(lenient_refuses),
		cmocka_unit_test(calls_need_their_selector),
		cmocka_unit_test(calls_are_encoded),
		cmocka_unit_test(results_are_decoded),
		cmocka_unit_test(topics_are_counted),
		cmocka_unit_test(indexed_dynamic_and_anonymous),
		cmocka_unit_test(random_types),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
