/*
 * Receipts in the form that receiptsRoot commits to: before Byzantium (a state root in place of the
 * status), after it, and typed. The first is that of a real block, Ethereum mainnet 46147.
 */
#include "chain/receipt.h"

#include "chain/trie.h"
#include "lib/check.h"

static struct hash32 hash_of(const char *hex)
{
	struct hash32 h;

	assert_int_equal(strlen(hex), 64);
	for (int i = 0; i < 32; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &h.b[i]), 1);
	return h;
}

static void root_of(struct hash32 *out, const struct receipt *r)
{
	struct bytes value;
	struct buf b;

	buf_init(&b, 1 << 16);
	receipt_encode(&b, r);
	value = (struct bytes){(const uint8_t *)b.p, b.n};
	trie_root(out, &value, 1);
	buf_free(&b);
}

static void before_byzantium(void **state)
{
	struct receipt r = {.cumulative_gas = 21000, .gas_used = 21000};
	struct hash32 want = hash_of("fe2bf2a941abf41d72637e5b91750332a30283efd40c424dc522b77e6f0ed8c4"), got;

	(void)state;
	r.root = hash_of("96a8e009d2b88b1483e6941e6812e32263b05683fac202abc622a3e31aed1957");
	root_of(&got, &r);
	assert_memory_equal(got.b, want.b, 32);
	r.has_status = true; /* read as a later one: another root */
	root_of(&got, &r);
	assert_memory_not_equal(got.b, want.b, 32);
}

/* Ethereum mainnet's smallest later receipt: f9 0108 | status | gas | bloom | c0. */
static void with_status(void **state)
{
	struct receipt r = {.has_status = true, .status = 1, .cumulative_gas = 21000};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	receipt_encode(&b, &r);
	assert_int_equal(b.n, 3 + 1 + 3 + 259 + 1);
	assert_memory_equal(b.p, "\xf9\x01\x08\x01\x82\x52\x08\xb9\x01\x00", 10);
	assert_int_equal((uint8_t)b.p[b.n - 1], 0xc0);
	b.n = 0;
	r.status = 0; /* failed: the empty string */
	r.type = 2;
	receipt_encode(&b, &r);
	assert_memory_equal(b.p, "\x02\xf9\x01\x08\x80\x82\x52\x08", 8);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_byzantium),
		cmocka_unit_test(with_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
