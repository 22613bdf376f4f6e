/* Two states value by value: what differs, under which name; what views do not tell is left out. */
#include "ledger_kit.h"

static const char BASE[] =
	"{\"global\":{\"proposerBonus\":\"10\",\"currentEpoch\":\"7\",\"validatorState\":{\"amount\":\"5\",\"stakerCount\":\"1\"},"
	"\"CHAIN_CHECKPOINT_REWARD\":{\"1\":\"100\"},\"sinkValidatorMaxReward\":\"0\",\"delegationEnabled\":true},"
	"\"signers\":[\"0x00000000000000000000000000000000000000a1\"],"
	"\"validators\":{\"1\":{\"amount\":\"5\",\"contractAddress\":\"0x00000000000000000000000000000000000000c1\","
	"\"share\":{\"totalSupply\":\"9\",\"delegation\":true}}},\"tokenBalances\":{}}";

struct seen {
	char names[20][100];
	struct ledger_difference last;
	char a[100], b[100];
	size_t n;
};

static void note(void *arg, const struct ledger_difference *d)
{
	struct seen *s = arg;

	snprintf(s->names[s->n++], 100, "%s", d->name);
	snprintf(s->a, 100, "%s", d->a);
	snprintf(s->b, 100, "%s", d->b);
	s->last = *d;
}

static struct ledger *state_of(const struct chain_conf *c, const char *text)
{
	struct ledger *l = NULL;
	struct err e = {0};

	if (ledger_new(&l, c, text, &e))
		fail_msg("%s", e.msg);
	return l;
}

/* BASE against BASE with one text in place of another. */
static struct seen changed(const char *old, const char *new)
{
	struct network *net = kit_network("golden");
	const struct chain_conf *c = network_chain(net, "root");
	struct ledger *a = state_of(c, BASE), *b;
	char text[2000];
	const char *at = strstr(BASE, old);
	struct seen s = {0};
	size_t same;

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - BASE), BASE, new, at + strlen(old));
	b = state_of(c, text);
	same = ledger_compare(a, a, note, &s);
	assert_int_equal(s.n, 0);
	assert_true(same > 50);
	assert_true(ledger_compare(a, b, note, &s) >= same);
	ledger_free(a);
	ledger_free(b);
	network_free(net);
	return s;
}

static void a_parameter(void **state)
{
	struct seen s = changed("\"10\"", "\"11\"");

	(void)state;
	assert_int_equal(s.n, 1);
	assert_string_equal(s.names[0], "proposer_bonus");
	assert_string_equal(s.a, "10");
	assert_string_equal(s.b, "11");
	assert_true(s.last.is_parameter);
	assert_int_equal(u256_cmp(s.last.value, u256_u64(11)), 0);
	assert_true(ledger_parameter_is_set(s.last.parameter));
	s = changed("\"1\":\"100\"", "\"1\":\"100\",\"3\":\"7\"");
	assert_int_equal(s.n, 1);
	assert_string_equal(s.names[0], "checkpoint_reward/3");
	assert_string_equal(s.a, "0");
	assert_true(s.last.is_parameter);
	assert_int_equal(s.last.parameter.chain, 3);
	s = changed("\"currentEpoch\":\"7\"", "\"currentEpoch\":\"8\"");
	assert_string_equal(s.names[0], "current_epoch");
	assert_true(s.last.is_parameter);
	assert_false(ledger_parameter_is_set(s.last.parameter));
	s = changed("\"stakerCount\":\"1\"", "\"stakerCount\":\"2\"");
	assert_string_equal(s.names[0], "validator_count");
	assert_true(s.last.is_parameter);
	s = changed("\"delegationEnabled\":true", "\"delegationEnabled\":false");
	assert_string_equal(s.names[0], "delegation_enabled");
}

static void what_is_no_parameter(void **state)
{
	struct seen s = changed("\"totalSupply\":\"9\"", "\"totalSupply\":\"8\"");

	(void)state;
	assert_int_equal(s.n, 1);
	assert_string_equal(s.names[0], "share/0x00000000000000000000000000000000000000c1/total_supply");
	assert_false(s.last.is_parameter);
	s = changed("00a1", "00a2");
	assert_string_equal(s.names[0], "signers");
	assert_string_equal(s.b, "0x00000000000000000000000000000000000000a2");
	s = changed("\"sinkValidatorMaxReward\":\"0\"", "\"sinkValidatorMaxReward\":\"4\"");
	assert_string_equal(s.names[0], "validator/sink/reward");
	/* the other number of a validator: each value of both records */
	s = changed("{\"1\":{\"amount\"", "{\"2\":{\"amount\"");
	assert_int_equal(s.n, 5);
	assert_string_equal(s.names[0], "validator/2/amount");
	assert_string_equal(s.names[2], "validator/1/amount");
	assert_string_equal(s.names[4], "share/0x00000000000000000000000000000000000000c1/validator_id");
}

static void balances_are_not_compared(void **state)
{
	struct seen s = changed("\"tokenBalances\":{}",
		"\"tokenBalances\":{\"0x00000000000000000000000000000000000000b1\":\"5\"}");

	(void)state;
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_parameter), cmocka_unit_test(what_is_no_parameter),
		cmocka_unit_test(balances_are_not_compared)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
