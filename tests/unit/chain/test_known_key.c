/*
 * The check against a known key against the library's recovery: it may say yes exactly where recovery
 * gives that key, whatever was done to the signature.
 */
#include "chain/known_key.h"

#include "base/u256.h"
#include "chain/recover.h"
#include "lib/check.h"

#include <string.h>

#define KEYS 5

static const struct u256 order = {
	{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, UINT64_MAX}};

static uint64_t seed = 20240607;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill(uint8_t *out, size_t n)
{
	while (n--)
		*out++ = (uint8_t)(next() >> 24);
}

/* What a case is about; sig and hash are its own. */
struct one {
	struct hash32 hash;
	uint8_t sig[65];
	uint8_t key[64];
};

static uint8_t keys[KEYS][64];
static uint8_t secrets[KEYS][32];
static struct known_key *known[KEYS];

/* A key is learned as the program learns it: from a signature. */
static void make_keys(void)
{
	struct hash32 h = {{1}};
	uint8_t sig[64];
	unsigned recid;

	for (int i = 0; i < KEYS; i++) {
		fill(secrets[i], 32);
		secrets[i][0] &= 0x7f;
		assert_true(recover_sign(sig, &recid, &h, secrets[i]));
		assert_true(recover_pubkey(keys[i], &h, sig, recid));
		known[i] = known_key_new(keys[i]);
		assert_non_null(known[i]);
	}
}

static void drop_keys(void)
{
	for (int i = 0; i < KEYS; i++)
		known_key_free(known[i]);
}

static struct one sign(int key)
{
	struct one o;
	unsigned recid;

	fill(o.hash.b, 32);
	assert_true(recover_sign(o.sig, &recid, &o.hash, secrets[key]));
	o.sig[64] = (uint8_t)recid;
	memcpy(o.key, keys[key], 64);
	return o;
}

static bool recovers(const struct one *o, const uint8_t key[64])
{
	uint8_t got[64];

	return recover_pubkey(got, &o->hash, o->sig, o->sig[64]) && !memcmp(got, key, 64);
}

/* All cases asked about every key, in one go. Returns how many were proven. */
static size_t compare(const struct one *v, size_t n)
{
	struct signature *s = calloc(n * KEYS, sizeof(*s));
	size_t yes = 0;

	assert_non_null(s);
	for (size_t i = 0; i < n * KEYS; i++)
		s[i] = (struct signature){.key = known[i % KEYS], .hash = v[i / KEYS].hash,
			.sig = v[i / KEYS].sig, .recid = v[i / KEYS].sig[64], .proven = true};
	known_keys_check(s, n * KEYS);
	for (size_t i = 0; i < n * KEYS; i++) {
		if (s[i].proven != recovers(&v[i / KEYS], keys[i % KEYS]))
			fail_msg("case %zu, key %zu: %s", i / KEYS, i % KEYS,
				s[i].proven ? "proven, recovery denies it" : "not proven");
		yes += s[i].proven;
	}
	free(s);
	return yes;
}

static void right_and_other_keys(void **state)
{
	static struct one v[600];
	size_t sizes[] = {1, 2, 7, 63, 64, 65, 128, 270};
	size_t at = 0;

	(void)state;
	make_keys();
	for (size_t i = 0; i < 600; i++)
		v[i] = sign((int)(i % KEYS));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); at += sizes[i++])
		assert_int_equal(compare(v + at, sizes[i]), sizes[i]);
	assert_int_equal(at, 600);
	drop_keys();
}

static void set_word(uint8_t out[32], struct u256 v)
{
	u256_to_be(out, v);
}

/* One way of tampering. The ones below 3 leave a signature of the same key. */
#define WAYS     22
#define HARMLESS 3

static void tamper(struct one *o, int way)
{
	struct u256 s = u256_be(o->sig + 32);
	int bit = (int)(next() % 256);

	switch (way) {
	case 0:
		break;
	case 1: /* the other s: high instead of low, seen from the other side */
	case 2:
		set_word(o->sig + 32, u256_sub(order, s));
		o->sig[64] ^= 1;
		break;
	case 3: set_word(o->sig + 32, u256_sub(order, s)); break;
	case 4: o->sig[64] ^= 1; break;
	case 5: o->sig[64] ^= 2; break;
	case 6: o->sig[64] ^= 3; break;
	case 7: o->sig[64] = 4; break;
	case 8: o->sig[64] = 27; break;
	case 9: o->sig[64] = 255; break;
	case 10: memset(o->sig, 0, 32); break;
	case 11: memset(o->sig + 32, 0, 32); break;
	case 12: memset(o->sig, 0, 64); break;
	case 13: set_word(o->sig, order); break;
	case 14: set_word(o->sig + 32, order); break;
	case 15: memset(o->sig, 0xff, 32); break;
	case 16: memset(o->sig + 32, 0xff, 32); break;
	case 17: o->sig[bit / 8] ^= (uint8_t)(1 << bit % 8); break;
	case 18: o->sig[32 + bit / 8] ^= (uint8_t)(1 << bit % 8); break;
	case 19: o->hash.b[bit / 8] ^= (uint8_t)(1 << bit % 8); break;
	case 20: set_word(o->sig, u256_u64(1 + next() % 50)); break;
	default: set_word(o->sig + 32, u256_u64(1 + next() % 50)); break;
	}
}

static void tampered_seals(void **state)
{
	static struct one v[40 * WAYS];
	size_t n = sizeof(v) / sizeof(*v);

	(void)state;
	make_keys();
	for (size_t i = 0; i < n; i++) {
		v[i] = sign((int)(i % KEYS));
		tamper(&v[i], (int)(i % WAYS));
	}
	assert_int_equal(compare(v, n), 40 * HARMLESS);
	drop_keys();
}

/*
 * Any numbers at all are somebody's signature if r is an x on the curve: also r + n of recid 2 and 3,
 * hashes at and above n, and s of every size.
 */
static void made_up_signatures(void **state)
{
	unsigned found = 0, above = 0;

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct signature s;
		struct known_key *k;
		struct one o;

		fill(o.hash.b, 32);
		if (i % 4 == 1)
			memset(o.hash.b, 0xff, 16 + (size_t)i % 17);
		if (i % 8 == 2)
			set_word(o.hash.b, order);
		if (i % 8 == 2)
			o.hash.b[31]++; /* 1 after reduction */
		fill(o.sig, 64);
		if (i % 2)
			set_word(o.sig, u256_u64((uint64_t)i));
		o.sig[64] = (uint8_t)(i / 2 % 4);
		if (!recover_pubkey(o.key, &o.hash, o.sig, o.sig[64]))
			continue;
		k = known_key_new(o.key);
		assert_non_null(k);
		s = (struct signature){.key = k, .hash = o.hash, .sig = o.sig, .recid = o.sig[64]};
		known_keys_check(&s, 1);
		if (!s.proven)
			fail_msg("case %d: recovery gives the key, the check does not", i);
		found++;
		above += o.sig[64] >= 2;
		s.recid ^= 1;
		known_keys_check(&s, 1);
		assert_false(s.proven);
		known_key_free(k);
	}
	assert_true(found > 60);
	assert_true(above > 20);
}

/* Sums in which equal or opposite points meet are left to the library: never proven by accident. */
static void points_that_meet(void **state)
{
	/* x of 2 G; with r = s = m = x both summands are G, and Q = G. */
	static const struct u256 x2 = {{0xabac09b95c709ee5, 0x5c778e4b8cef3ca7, 0x3045406e95c07cd8,
		0xc6047f9441ed7d6d}};
	uint8_t one[32] = {[31] = 1}, minus[32];
	struct hash32 zero = {{0}};
	struct one o = {.sig = {0}};
	struct signature s;
	struct known_key *k;
	unsigned recid;

	(void)state;
	set_word(o.hash.b, x2);
	set_word(o.sig, x2);
	set_word(o.sig + 32, x2);
	assert_true(recover_pubkey(o.key, &o.hash, o.sig, 0));
	assert_memory_equal(o.key, "\x79\xbe\x66\x7e\xf9\xdc\xbb\xac", 8); /* G */
	k = known_key_new(o.key);
	assert_non_null(k);
	s = (struct signature){.key = k, .hash = o.hash, .sig = o.sig};
	known_keys_check(&s, 1);
	assert_false(s.proven);

	/* Opposites: the same with -G; m/s G + r/s Q is nothing, and there is no R. */
	set_word(minus, u256_sub(order, u256_u64(1)));
	known_key_free(k);
	assert_true(recover_sign(o.sig, &recid, &o.hash, minus));
	assert_true(recover_pubkey(o.key, &o.hash, o.sig, recid));
	k = known_key_new(o.key);
	set_word(o.sig, x2);
	set_word(o.sig + 32, x2);
	s = (struct signature){.key = k, .hash = o.hash, .sig = o.sig};
	known_keys_check(&s, 1);
	assert_false(s.proven);
	assert_false(recovers(&o, o.key));
	known_key_free(k);

	/* Nobody knows something that hashes to 0. */
	assert_true(recover_sign(o.sig, &recid, &zero, one));
	k = known_key_new(o.key);
	s = (struct signature){.key = k, .hash = zero, .sig = o.sig, .recid = recid};
	known_keys_check(&s, 1);
	assert_false(s.proven);
	known_key_free(k);
}

static void keys_off_the_curve(void **state)
{
	uint8_t key[64];

	(void)state;
	make_keys();
	memcpy(key, keys[0], 64);
	key[63] ^= 1;
	assert_null(known_key_new(key));
	memset(key, 0, 64);
	assert_null(known_key_new(key));
	memset(key, 0xff, 64);
	assert_null(known_key_new(key));
	drop_keys();
}

/* Many, once, with the seed printed: rare carries show only so. */
static void many_at_random(void **state)
{
	static struct one v[2000];
	size_t proven = 0;

	(void)state;
	printf("seed %llu\n", (unsigned long long)seed);
	make_keys();
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < 2000; i++) {
			v[i] = sign((int)(next() % KEYS));
			if (next() % 4 == 0)
				tamper(&v[i], (int)(next() % WAYS));
		}
		proven += compare(v, 2000);
	}
	assert_true(proven > 7000 && proven < 9000);
	drop_keys();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_and_other_keys),
		cmocka_unit_test(tampered_seals),
		cmocka_unit_test(made_up_signatures),
		cmocka_unit_test(points_that_meet),
		cmocka_unit_test(keys_off_the_curve),
		cmocka_unit_test(many_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
