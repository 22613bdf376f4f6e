/* Recovery against the synthetic checkpoint signatures, real TRON witnesses, and own signatures. */
#include "chain/recover.h"

#include "base/hex.h"
#include "chain/base58.h"
#include "chain/keccak.h"
#include "lib/check.h"
#include "lib/recording.h"

#include <pthread.h>

static struct arena *mem;

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new(1u << 26);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

/*
 * Vote hash = keccak256(0x01 || data); each signature is r, s, v words at the end of the calldata.
 */
static void check_votes(const char *file)
{
	struct json_parser *p;
	struct bytes data, calldata, vote;
	struct hash32 hash, want;
	struct jval root, v;
	struct jiter it;
	char path[200];
	size_t n = 0;

	snprintf(path, sizeof(path), "vectors/%s.json", file);
	p = rec_file(path, &root);
	data = rec_hex(rec_get(root, "data"), mem);
	calldata = rec_hex(rec_get(root, "calldata"), mem);
	vote = (struct bytes){arena_alloc(mem, data.n + 1), data.n + 1};
	((uint8_t *)vote.p)[0] = 1;
	memcpy((uint8_t *)vote.p + 1, data.p, data.n);
	keccak256(&hash, vote.p, vote.n);
	rec_fixed(rec_get(root, "voteHash"), want.b, 32);
	assert_memory_equal(hash.b, want.b, 32);
	for (json_iter(rec_get(root, "signed"), &it); json_next(&it, &v); n++) {
		const uint8_t *sig = calldata.p + calldata.n - 5 * 96 + n * 96;
		struct address got, signer;

		rec_fixed(v, signer.b, 20);
		assert_true(recover_address(&got, &hash, sig, sig[95] - 27u));
		assert_memory_equal(got.b, signer.b, 20);
		assert_true(recover_address(&got, &hash, sig, (sig[95] - 27u) ^ 1));
		assert_memory_not_equal(got.b, signer.b, 20);
	}
	assert_int_equal(n, 5);
	rec_file_free(p);
}

static void checkpoint_votes(void **state)
{
	(void)state;
	check_votes("synthetic_submitCheckpoint");
	check_votes("synthetic_submitCheckpointSync");
}

/* TRON: block id = number || sha256(raw data)[8:], and the witness signs that sha256. */
static void check_witness(const char *file)
{
	struct json_parser *p;
	struct bytes raw, sig, id;
	struct address got;
	struct hash32 hash;
	struct jval v, header;
	uint8_t witness[21];
	uint64_t number = 0;
	char path[200];

	snprintf(path, sizeof(path), "vectors/%s.json", file);
	p = rec_file(path, &v);
	header = rec_get(v, "block_header");
	raw = rec_hex(rec_get(rec_get(v, "computed"), "rawDataHex"), mem);
	sig = rec_hex(rec_get(header, "witness_signature"), mem);
	id = rec_hex(rec_get(v, "blockID"), mem);
	rec_fixed(rec_get(rec_get(header, "raw_data"), "witness_address"), witness, 21);
	sha256(&hash, raw.p, raw.n);
	assert_int_equal(id.n, 32);
	assert_memory_equal(hash.b + 8, id.p + 8, 24);
	for (int i = 0; i < 8; i++)
		number = number << 8 | id.p[i];
	assert_int_equal(number, rec_u64(rec_get(rec_get(header, "raw_data"), "number")));
	assert_int_equal(sig.n, 65);
	assert_true(recover_address(&got, &hash, sig.p, sig.p[64] % 27));
	assert_int_equal(witness[0], 0x41);
	assert_memory_equal(got.b, witness + 1, 20);
	rec_file_free(p);
}

static void tron_witnesses(void **state)
{
	(void)state;
	check_witness("tron_nile_block_66987565");
	check_witness("tron_nile_block_66987627");
}

/* Addresses of the private keys 1 and 2, known everywhere. */
static void secret_addresses(void **state)
{
	uint8_t secret[32] = {0};
	struct address a, want;
	const char *why;

	(void)state;
	secret[31] = 1;
	assert_true(recover_secret_address(&a, secret));
	assert_true(address_parse(&want, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", 42, &why));
	assert_memory_equal(a.b, want.b, 20);
	secret[31] = 2;
	assert_true(recover_secret_address(&a, secret));
	assert_true(address_parse(&want, "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF", 42, &why));
	assert_memory_equal(a.b, want.b, 20);
	secret[31] = 0;
	assert_false(recover_secret_address(&a, secret));
	memset(secret, 0xff, 32);
	assert_false(recover_secret_address(&a, secret));
}

static void own_signatures(void **state)
{
	uint64_t seed = rnd_seed("own_signatures");
	struct address got, want;
	struct hash32 hash;
	uint8_t secret[32], sig[64], key[64];
	unsigned recid;

	(void)state;
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 32; k++) {
			secret[k] = (uint8_t)rnd(&seed);
			hash.b[k] = (uint8_t)rnd(&seed);
		}
		secret[0] &= 0x7f; /* below the group order */
		assert_true(recover_secret_address(&want, secret));
		assert_true(recover_sign(sig, &recid, &hash, secret));
		assert_true(recover_address(&got, &hash, sig, recid));
		assert_memory_equal(got.b, want.b, 20);
		assert_true(recover_pubkey(key, &hash, sig, recid));
		recover_key_address(&got, key);
		assert_memory_equal(got.b, want.b, 20);
		hash.b[rnd(&seed) % 32] ^= 1;
		if (recover_address(&got, &hash, sig, recid))
			assert_memory_not_equal(got.b, want.b, 20);
	}
}

static void no_key(void **state)
{
	struct hash32 hash = {{1}};
	struct address a = {{7}};
	uint8_t sig[64] = {0};

	(void)state;
	assert_false(recover_address(&a, &hash, sig, 0)); /* r = s = 0 */
	memset(sig, 0xff, 64);
	assert_false(recover_address(&a, &hash, sig, 0)); /* both above the order */
	memset(sig, 0, 64);
	sig[31] = sig[63] = 1;
	for (unsigned recid = 2; recid < 10;
		recid++) /* no curve point has x = order + 1; no such id */
		assert_false(recover_address(&a, &hash, sig, recid));
	sig[31] = 5; /* x = 5 is on no point of the curve */
	assert_false(recover_address(&a, &hash, sig, 0));
	assert_int_equal(a.b[0], 7);
}

struct work {
	struct hash32 hash;
	uint8_t sig[64];
	unsigned recid;
	struct address want;
	int wrong;
};

static void *recover_many(void *arg)
{
	struct work *w = arg;
	struct address a;
	uint8_t sig[64], secret[32] = {[31] = 3};
	unsigned recid;

	for (int i = 0; i < 50; i++) {
		w->wrong += !recover_address(&a, &w->hash, w->sig, w->recid) ||
			!address_eq(&a, &w->want);
		w->wrong += !recover_sign(sig, &recid, &w->hash, secret);
	}
	return NULL;
}

static void many_threads(void **state)
{
	uint8_t secret[32] = {[31] = 9};
	struct work w[4];
	pthread_t t[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		memset(&w[i], 0, sizeof(w[i]));
		w[i].hash.b[0] = (uint8_t)i;
		secret[30] = (uint8_t)i;
		assert_true(recover_secret_address(&w[i].want, secret));
		assert_true(recover_sign(w[i].sig, &w[i].recid, &w[i].hash, secret));
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, recover_many, &w[i]), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_int_equal(w[i].wrong, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_threads),
		cmocka_unit_test(checkpoint_votes),
		cmocka_unit_test(tron_witnesses),
		cmocka_unit_test(secret_addresses),
		cmocka_unit_test(own_signatures),
		cmocka_unit_test(no_key),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
