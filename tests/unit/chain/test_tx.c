/* Transactions: hashes and senders of real ones of every type, and of every recorded one. */
#include "chain/tx.h"

#include "chain/keccak.h"
#include "chain/recover.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new(1u << 30);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static void check_tx(const struct tx *tx, bool sender)
{
	struct address from;
	struct hash32 hash;
	struct buf b;
	struct err e;

	buf_init(&b, 1u << 24);
	if (tx_encode(&b, tx, &e))
		fail_msg("%s", e.msg);
	keccak256(&hash, b.p, b.n);
	assert_memory_equal(hash.b, tx->hash.b, 32);
	if (sender) {
		if (tx_raw_sender(&from, (struct bytes){(const uint8_t *)b.p, b.n}, &e))
			fail_msg("%s", e.msg);
		assert_memory_equal(from.b, tx->from.b, 20);
		for (size_t n = 0; n < b.n; n++) /* cut short */
			assert_int_equal(tx_raw_sender(&from, (struct bytes){(const uint8_t *)b.p, n}, &e),
				ERR_REJECT);
	}
	buf_free(&b);
	if (!sender)
		return;
	if (tx_sender(&from, tx, &e))
		fail_msg("%s", e.msg);
	assert_memory_equal(from.b, tx->from.b, 20);
}

static void every_type(void **state)
{
	static const uint8_t types[] = {0, 1, 3, 4};
	struct json_parser *p;
	struct jval list;
	struct tx *txs;
	size_t n;

	(void)state;
	p = rec_file("vectors/ethereum_typed_transactions.json", &list);
	txs = rec_txs(list, mem, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(txs[i].type, types[i]);
		check_tx(&txs[i], true);
	}
	assert_true(txs[0].creates);
	assert_int_equal(txs[2].blob_hash_count, 1);
	assert_int_equal(txs[3].auth_count, 1);
	rec_file_free(p);
}

/* Senders of every `step`th transaction, hashes of all. */
static void check_recording(const char *name, size_t step, size_t want)
{
	struct recording *r = recording_open(name);
	struct rec_block b;
	size_t n = 0;

	while (recording_next(r, mem, &b)) {
		for (size_t i = 0; i < b.tx_count; i++)
			if (!b.txs[i].state_sync)
				check_tx(&b.txs[i], n++ % step == 0);
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(n, want);
}

static void recorded(void **state)
{
	(void)state;
	check_recording("golden", 1, 2532);
	check_recording("world/root", 1, 783);
	check_recording("world/bttc", 7, 19160);
}

/* A transaction of a type, signed by a key of ours. */
static void sign(struct tx *tx, const uint8_t secret[32], uint64_t chain)
{
	struct tx plain = *tx;
	struct hash32 hash;
	uint8_t sig[64];
	unsigned recid;
	struct buf b;
	struct err e;

	/*
	 * The signed form of a typed transaction ends before v; made here by cutting r, s, v off.
	 */
	plain.v = plain.r = plain.s = U256_ZERO;
	buf_init(&b, 10000);
	assert_int_equal(tx_encode(&b, &plain, &e), ERR_NONE);
	if (tx->type) {
		assert_true((uint8_t)b.p[1] < 0xf8); /* a short list */
		b.p[1] = (char)(b.p[1] - 3);
		b.n -= 3;
	} else if (chain) {
		b.n -= 3;
		b.p[0] = (char)(b.p[0] - 3 + 3);
		buf_chr(&b, (char)chain); /* below 0x80 */
		buf_add(&b, "\x80\x80", 2);
	} else {
		b.p[0] = (char)(b.p[0] - 3);
		b.n -= 3;
	}
	keccak256(&hash, b.p, b.n);
	buf_free(&b);
	assert_true(recover_sign(sig, &recid, &hash, secret));
	tx->r = u256_be(sig);
	tx->s = u256_be(sig + 32);
	tx->v = u256_u64(tx->type ? recid : chain ? 35 + 2 * chain + recid : 27 + recid);
}

static void raw_sender(struct address *out, const struct tx *tx)
{
	struct buf b;
	struct err e;

	buf_init(&b, 1u << 20);
	assert_int_equal(tx_encode(&b, tx, &e), ERR_NONE);
	assert_int_equal(tx_raw_sender(out, (struct bytes){(const uint8_t *)b.p, b.n}, &e), ERR_NONE);
	buf_free(&b);
}

static void own_keys(void **state)
{
	uint8_t secret[32] = {[31] = 77};
	struct address want, got;
	struct err e;

	(void)state;
	assert_true(recover_secret_address(&want, secret));
	for (unsigned type = 0; type <= 4; type++) {
		for (uint64_t chain = 0; chain < (type ? 1 : 3); chain++) {
			struct tx tx = {.type = (uint8_t)type, .nonce = 5, .gas = 21000,
				.gas_price = u256_u64(9), .max_fee = u256_u64(9),
				.chain_id = u256_u64(100)};

			sign(&tx, secret, chain);
			assert_int_equal(tx_sender(&got, &tx, &e), ERR_NONE);
			assert_memory_equal(got.b, want.b, 20);
			raw_sender(&got, &tx);
			assert_memory_equal(got.b, want.b, 20);
			tx.nonce++;
			if (!tx_sender(&got, &tx, &e))
				assert_memory_not_equal(got.b, want.b, 20);
		}
	}
}

static void refused(void **state)
{
	struct tx tx = {.type = 5, .index = 3};
	struct address got = {{7}};
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(tx_encode(&b, &tx, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "type 5"));
	assert_int_equal(b.n, 0);
	assert_int_equal(tx_sender(&got, &tx, &e), ERR_REJECT);
	for (unsigned v = 0; v < 40; v++) { /* r = s = 0 never recovers, whatever v */
		tx.type = 0;
		tx.v = u256_u64(v);
		assert_int_equal(tx_sender(&got, &tx, &e), ERR_REJECT);
	}
	tx.r = tx.s = u256_u64(1);
	tx.v = u256_u64(29);
	assert_int_equal(tx_sender(&got, &tx, &e), ERR_REJECT);
	tx.type = 2;
	tx.v = u256_u64(2);
	assert_int_equal(tx_sender(&got, &tx, &e), ERR_REJECT);
	tx.v = (struct u256){{0, 1, 0, 0}};
	assert_int_equal(tx_sender(&got, &tx, &e), ERR_REJECT);
	assert_int_equal(got.b[0], 7);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type),
		cmocka_unit_test(recorded),
		cmocka_unit_test(own_keys),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
