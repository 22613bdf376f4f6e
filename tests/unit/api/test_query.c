/* Query strings: what each parameter takes, and by which name it is refused. */
#include "api/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ALL ((1u << PARAM_COUNT) - 1)

static struct network *net;
static struct arena *mem;

static int set_up(void **state)
{
	struct err e;

	(void)state;
	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 1);
	mem = arena_new(1 << 20);
	if (network_load(&net, "golden", &e)) {
		print_error("%s\n", e.msg);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	network_free(net);
	arena_free(mem);
	return 0;
}

static struct query good(const char *text)
{
	struct query_fault fault;
	struct query q;

	arena_reset(mem);
	if (!query_parse(&q, net, ALL, (struct text){text, strlen(text)}, mem, &fault))
		fail_msg("%s: %s %s", text, fault.parameter, fault.detail);
	return q;
}

static void bad_within(unsigned allowed, const char *text, const char *parameter)
{
	struct query_fault fault;
	struct query q;

	arena_reset(mem);
	if (query_parse(&q, net, allowed, (struct text){text, strlen(text)}, mem, &fault))
		fail_msg("accepted: %s", text);
	assert_string_equal(fault.parameter, parameter);
	assert_true(strlen(fault.detail) > 5);
}

static void bad(const char *text, const char *parameter)
{
	bad_within(ALL, text, parameter);
}

static void test_defaults(void **state)
{
	struct query q = good("");

	(void)state;
	assert_int_equal(q.limit, 50);
	assert_false(q.ascending);
	assert_int_equal(q.from.kind, WHEN_NONE);
	assert_int_equal(q.to.kind, WHEN_NONE);
	assert_int_equal(q.finality, FINALITY_PENDING);
	assert_int_equal(q.verification, LEVEL_TRUSTED);
	assert_null(q.chain);
	assert_null(q.contract);
	assert_null(q.event);
	assert_int_equal(q.given, 0);
	assert_int_equal(q.format, FORMAT_JSON);
	assert_int_equal(good("&&").given, 0);
}

static void test_limit(void **state)
{
	static const char *const wrong[] = {"limit=0", "limit=501", "limit=-1", "limit=+5",
		"limit=", "limit", "limit=5x", "limit=05", "limit=1e2",
		"limit=99999999999999999999", "limit= 5"};

	(void)state;
	assert_int_equal(good("limit=1").limit, 1);
	assert_int_equal(good("limit=500").limit, 500);
	assert_int_equal(good("%6cimit=%35").limit, 5);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad(wrong[i], "limit");
}

static void test_when(void **state)
{
	struct query q = good("from=12&to=9223372036854775807");

	(void)state;
	assert_int_equal(q.from.kind, WHEN_BLOCK);
	assert_int_equal(q.from.value, 12);
	assert_int_equal(q.to.value, INT64_MAX);
	q = good("from=2024-01-01T00:00:00Z&to=2024-01-01T02:00:00+01:00");
	assert_int_equal(q.from.kind, WHEN_TIME);
	assert_int_equal(q.from.value, 1704067200);
	assert_int_equal(q.to.value, 1704067200 + 3600);
	/* whole seconds: the first at or after from, the last at or before to */
	q = good("from=2024-01-01T00:00:00.001Z&to=2024-01-01T00:00:01.999Z");
	assert_int_equal(q.from.value, 1704067201);
	assert_int_equal(q.to.value, 1704067201);
	assert_int_equal(good("from=2024-01-01T00:00:00.000Z").from.value, 1704067200);
	bad("from=9223372036854775808", "from");
	bad("from=-1", "from");
	bad("to=2024-01-01", "to");
	bad("to=yesterday", "to");
	bad("to=2024-02-30T00:00:00Z", "to");
	bad("from=5&to=4", "from");
	bad("from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z", "from");
	assert_int_equal(good("from=4&to=4").to.value, 4);
}

static void test_words(void **state)
{
	(void)state;
	assert_true(good("order=asc").ascending);
	assert_false(good("order=desc").ascending);
	bad("order=ASC", "order");
	assert_int_equal(good("finality=safe").finality, FINALITY_SAFE);
	assert_int_equal(good("finality=final").finality, FINALITY_FINAL);
	assert_int_equal(good("finality=checkpointed").finality, FINALITY_FINAL);
	bad("finality=finalized", "finality");
	assert_int_equal(good("verification=quorum").verification, LEVEL_QUORUM);
	assert_int_equal(good("verification=linked").verification, LEVEL_LINKED);
	bad("verification=", "verification");
	bad("verification=5", "verification");
	assert_int_equal(good("format=csv").format, FORMAT_CSV);
	assert_int_equal(good("format=ndjson").format, FORMAT_NDJSON);
	bad("format=xml", "format");
	assert_int_equal(good("kind=main").kind, 1);
	assert_int_equal(good("kind=sync").kind, 2);
	assert_int_equal(good("kind=mirror").kind, 3);
	bad("kind=1", "kind");
	bad("root_chain_id=0", "root_chain_id");
	assert_int_equal(good("root_chain_id=3").root_chain_id, 3);
	bad("rev=", "rev");
	bad("cursor=", "cursor");
}

static void test_network_names(void **state)
{
	(void)state;
	assert_string_equal(good("chain=root").chain->key, "root");
	bad("chain=Root", "chain");
	bad("chain=", "chain");
	assert_string_equal(good("contract=StakeManager").contract, "StakeManager");
	bad("contract=stakemanager", "contract");
	assert_string_equal(good("event=NewHeaderBlock").event, "NewHeaderBlock");
	bad("event=NoSuchEvent", "event");
	bad("event=", "event");
	assert_int_equal(good("validator_id=0").validator_id, 0);
	assert_int_equal(good("validator_id=9223372036854775807").validator_id, INT64_MAX);
	bad("validator_id=9223372036854775808", "validator_id");
	bad("validator_id=0x1", "validator_id");
	assert_int_equal(good("checkpoint_id=650").checkpoint_id, 650);
	bad("checkpoint_id=-1", "checkpoint_id");
}

static void test_addresses(void **state)
{
	static const char hex[] = "address=0xa614f803b6fd780986a42c78ec9c7f77e6ded13c";
	static const char upper[] = "address=0xA614F803B6FD780986A42C78EC9C7F77E6DED13C";
	static const char tron[] = "address=TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
	struct address a = good(hex).address;

	(void)state;
	assert_int_equal(a.b[0], 0xa6);
	assert_int_equal(a.b[19], 0x3c);
	assert_memory_equal(good(upper).address.b, a.b, 20);
	assert_memory_equal(good(tron).address.b, a.b, 20);
	assert_memory_equal(
		good("proposer=0xa614f803b6fd780986a42c78ec9c7f77e6ded13c").proposer.b, a.b, 20);
	bad("address=TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", "address");
	bad("address=0xa614f803b6fd780986a42c78ec9c7f77e6ded1", "address");
	bad("address=0xA614f803B6FD780986A42c78Ec9c7f77e6DeD13c", "address"); /* checksum */
	bad("address=a614f803b6fd780986a42c78ec9c7f77e6ded13c", "address");
	bad("proposer=", "proposer");
}

static void test_refusals(void **state)
{
	(void)state;
	bad("bogus=1", "bogus");
	bad("Limit=1", "Limit");
	bad("limit=1&limit=1", "limit");
	bad("limit=1;order=asc", "limit");
	bad("=5", "");
	bad("a%00b=1", "");
	bad("%=1", "");
	bad("%f=1", "");
	bad("%fe=1", "");
	bad("chain=%", "chain");
	bad("chain=%0", "chain");
	bad("chain=%zz", "chain");
	bad("chain=ro%00ot", "chain");
	bad("chain=%c0%af", "chain");       /* overlong */
	bad("chain=%ed%a0%80", "chain");    /* surrogate */
	bad("chain=%f4%90%80%80", "chain"); /* above U+10FFFF */
	bad("chain=%e2%82", "chain");       /* cut */
	bad("chain=\x80", "chain");
	bad("chain=\xe2\x82\xac", "chain"); /* valid UTF-8, no chain */
	bad("\xe2\x82\xac=1", "\xe2\x82\xac");
	/* parameters of another path */
	bad_within(PARAM_BIT(PARAM_REV), "limit=5", "limit");
	bad_within(0, "rev=1", "rev");
}

static void canonical(char *out, size_t size, const char *text)
{
	struct query q = good(text);
	struct buf b;

	buf_init(&b, 4000);
	query_canonical(&q, &b);
	assert_true(b.n < size);
	memcpy(out, b.p, b.n + 1);
	buf_free(&b);
}

static void test_canonical(void **state)
{
	static const char *const filters[] = {"", "order=asc", "from=1", "to=1",
		"from=1970-01-01T00:00:01Z", "finality=safe", "verification=bloom", "chain=root",
		"contract=StakeManager", "event=Transfer",
		"address=0xa614f803b6fd780986a42c78ec9c7f77e6ded13c",
		"proposer=0xa614f803b6fd780986a42c78ec9c7f77e6ded13c", "validator_id=1",
		"checkpoint_id=1", "kind=main", "root_chain_id=1"};
	char a[2000], b[2000];

	(void)state;
	/* every filter counts */
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (size_t j = 0; j < i; j++) {
			canonical(a, sizeof(a), filters[i]);
			canonical(b, sizeof(b), filters[j]);
			assert_string_not_equal(a, b);
		}
	/* how it is written does not, nor does the page */
	canonical(a, sizeof(a),
		"chain=root&address=TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t&limit=7&order=desc");
	canonical(b, sizeof(b),
		"cursor=x&address=0xa614f803b6fd780986a42c78ec9c7f77e6ded13c&ch%61in=root&format="
		"csv&rev=1");
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_network_names),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_canonical),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
