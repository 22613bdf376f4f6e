/*
 * Headers checked together against headers checked one by one: the same authors, the same refusals, at
 * the same place, on the recorded chain and on chains with tampered seals.
 */
#include "verify/seals.h"

#include "base/u256.h"
#include "chain/header.h"
#include "chain/recover.h"
#include "lib/check.h"
#include "lib/recording.h"

#define WORLD  7779
#define EXTRA  (97 + 40 * 128)
#define CHAIN  2000
#define STRANGERS 40

static struct arena *mem;
static struct header *world;

static int setup(void **state)
{
	struct recording *r = recording_open("world/bttc");
	struct rec_block b;

	(void)state;
	mem = arena_new(1u << 30);
	world = arena_calloc(mem, WORLD, sizeof(*world));
	for (size_t i = 0; i < WORLD; i++) {
		assert_true(recording_next(r, mem, &b));
		world[i] = b.h;
	}
	recording_close(r);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

/* One range both ways. Returns how many headers were good. */
static size_t compare(struct seals *s, uint64_t first, const struct header *h, size_t n)
{
	struct header_check *out = calloc(n, sizeof(*out)), one = {0};
	struct err e = {0}, want = {0};
	enum err_kind k = verify_headers(s, HEADER_BTTC, first, h, n, out, &e), w = ERR_NONE;
	size_t good = 0;

	for (; good < n; good++) {
		w = verify_header(HEADER_BTTC, first + good, &h[good], &one, &want);
		if (w)
			break;
		if (k)
			continue;
		assert_int_equal(out[good].has_author, one.has_author);
		assert_memory_equal(out[good].author.b, one.author.b, 20);
		assert_int_equal(out[good].level, one.level);
		assert_int_equal(out[good].layout, one.layout);
	}
	assert_int_equal(k, w);
	if (k)
		assert_string_equal(e.msg, want.msg);
	free(out);
	return good;
}

static void the_recorded_chain(void **state)
{
	uint64_t seed = rnd_seed("the_recorded_chain");

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct seals *s = seals_new();
		size_t n;

		for (size_t at = 0; at < WORLD; at += n) {
			n = 1 + rnd(&seed) % (round ? 20 : 600);
			n = n < WORLD - at ? n : WORLD - at;
			assert_int_equal(compare(s, at, world + at, n), n);
		}
		seals_free(s);
	}
}

/* Ranges come in any order, and forks bring other blocks of the same numbers. */
static void any_order(void **state)
{
	uint64_t seed = rnd_seed("any_order");
	struct seals *s = seals_new();

	(void)state;
	for (int i = 0; i < 40; i++) {
		size_t n = 1 + rnd(&seed) % 200, at = rnd(&seed) % (WORLD - n);

		assert_int_equal(compare(s, at, world + at, n), n);
	}
	seals_free(s);
}

/* ---- made chains --------------------------------------------------------------------------- */

struct made {
	struct header h[CHAIN];
	uint8_t extra[CHAIN][EXTRA];
	uint8_t secret[STRANGERS][32];
	struct address address[STRANGERS];
	unsigned producers; /* the first so many, ascending */
};

static void make_keys(struct made *m, unsigned producers, uint64_t *seed)
{
	m->producers = producers;
	for (unsigned i = 0; i < STRANGERS; i++) {
		unsigned at = i;
		uint8_t secret[32];
		struct address a;

		for (int k = 0; k < 32; k++)
			secret[k] = (uint8_t)rnd(seed);
		secret[0] &= 0x7f;
		assert_true(recover_secret_address(&a, secret));
		for (; at && memcmp(a.b, m->address[at - 1].b, 20) < 0; at--) {
			m->address[at] = m->address[at - 1];
			memcpy(m->secret[at], m->secret[at - 1], 32);
		}
		m->address[at] = a;
		memcpy(m->secret[at], secret, 32);
	}
}

static void rehash(struct header *h)
{
	header_hash(&h->hash, h);
}

static void seal(struct made *m, size_t i, unsigned who)
{
	struct header *h = &m->h[i];
	uint8_t *at = m->extra[i] + h->extra.n - 65;
	struct hash32 hash;
	unsigned recid;

	assert_true(header_seal_hash(&hash, h));
	assert_true(recover_sign(at, &recid, &hash, m->secret[who]));
	at[64] = (uint8_t)recid;
	rehash(h);
}

/* Headers as the world's, sealed in turn by our keys; every seventh by the next producer. */
static void make_chain(struct made *m, unsigned producers, uint64_t *seed)
{
	make_keys(m, producers, seed);
	for (size_t i = 0; i < CHAIN; i++) {
		struct header *h = &m->h[i];
		unsigned behind = i % 7 == 3;
		size_t n = 97;

		*h = world[i % 64 + 1];
		h->number = i;
		h->difficulty = u256_u64(producers - behind);
		memset(m->extra[i], 0, EXTRA);
		for (unsigned k = 0; i % 64 == 63 && k < producers; k++, n += 40) {
			memcpy(m->extra[i] + 32 + 40 * k, m->address[k].b, 20);
			m->extra[i][32 + 40 * k + 39] = 1;
		}
		h->extra = (struct bytes){m->extra[i], n};
		seal(m, i, (unsigned)(i / 64 + behind) % producers);
	}
}

#define WAYS 14

/* Make block i's seal another one; the header hashes to its hash all the same. */
static void tamper(struct made *m, size_t i, unsigned way, uint64_t *seed)
{
	static const struct u256 order = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
		0xfffffffffffffffe, UINT64_MAX}};
	struct header *h = &m->h[i];
	uint8_t *sig = m->extra[i] + h->extra.n - 65;
	size_t at = rnd(seed) % 32;

	switch (way) {
	case 0: sig[64] ^= 1; break;
	case 1: /* high s, same author */
		sig[64] ^= 1;
		u256_to_be(sig + 32, u256_sub(order, u256_be(sig + 32)));
		break;
	case 2: u256_to_be(sig + 32, u256_sub(order, u256_be(sig + 32))); break;
	case 3: memset(sig, 0, 32); break;
	case 4: memset(sig + 32, 0, 32); break;
	case 5: memset(sig, 0, 65); break;
	case 6: sig[64] = 27; break;
	case 7: sig[64] ^= 2; break;
	case 8: u256_to_be(sig, order); break;
	case 9: memset(sig + 32, 0xff, 32); break;
	case 10: sig[at] ^= (uint8_t)(1 + rnd(seed) % 255); break;
	case 11: sig[32 + at] ^= (uint8_t)(1 + rnd(seed) % 255); break;
	case 12: seal(m, i, STRANGERS - 1); return;
	default: h->gas_used ^= 1 + rnd(seed) % 255; break; /* another content under the seal */
	}
	rehash(h);
}

static void tampered_seals(void **state)
{
	uint64_t seed = rnd_seed("tampered_seals");
	struct made *m = calloc(1, sizeof(*m));
	unsigned refused[WAYS] = {0};

	(void)state;
	make_chain(m, 7, &seed);
	for (unsigned round = 0; round < 3 * WAYS; round++) {
		struct seals *s = seals_new();
		size_t from = 600 + rnd(&seed) % 300, n = 2 + rnd(&seed) % 400;
		size_t at = from + rnd(&seed) % n;
		struct header kept = m->h[at];
		uint8_t extra[EXTRA];

		memcpy(extra, m->extra[at], EXTRA);
		assert_int_equal(compare(s, 0, m->h, 600), 600); /* tables are there now */
		tamper(m, at, round % WAYS, &seed);
		refused[round % WAYS] += compare(s, from, m->h + from, n) < n;
		m->h[at] = kept;
		memcpy(m->extra[at], extra, EXTRA);
		assert_int_equal(compare(s, from, m->h + from, n), n);
		seals_free(s);
	}
	for (unsigned way = 3; way < 10; way++) /* no signature at all; of 7, r + n is no field element */
		assert_int_equal(refused[way], 3);
	assert_int_equal(refused[0] + refused[1] + refused[2] + refused[12] + refused[13], 0);
	free(m);
}

/* More producers than are remembered, each often enough to be worth a table. */
static void more_keys_than_places(void **state)
{
	uint64_t seed = rnd_seed("more_keys_than_places");
	struct made *m = calloc(1, sizeof(*m));
	struct seals *s = seals_new();

	(void)state;
	make_chain(m, 7, &seed);
	assert_int_equal(compare(s, 0, m->h, 700), 700);
	for (size_t i = 700; i < CHAIN; i++)
		if (i % 3)
			seal(m, i, (unsigned)(rnd(&seed) % STRANGERS));
	for (size_t at = 700; at < CHAIN; at += 650)
		assert_int_equal(compare(s, at, m->h + at, 650), 650);
	for (size_t at = 0; at < CHAIN; at += 100) /* and again, with what is left of the keys */
		assert_int_equal(compare(s, at, m->h + at, 100), 100);
	seals_free(s);
	free(m);
}

/* The first of two wrong headers is named, whichever kind of wrong it is. */
static void two_wrong_ones(void **state)
{
	uint64_t seed = rnd_seed("two_wrong_ones");
	struct made *m = calloc(1, sizeof(*m));
	struct seals *s = seals_new();

	(void)state;
	make_chain(m, 5, &seed);
	assert_int_equal(compare(s, 0, m->h, 800), 800);
	tamper(m, 900, 3, &seed);
	m->h[950].gas_used++; /* does not hash */
	assert_int_equal(compare(s, 800, m->h + 800, 300), 100);
	assert_int_equal(compare(s, 901, m->h + 901, 300), 49);
	m->h[850].gas_used++;
	assert_int_equal(compare(s, 800, m->h + 800, 300), 50);
	assert_int_equal(compare(s, 10, m->h, 300), 0); /* numbers do not fit */
	seals_free(s);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_recorded_chain),
		cmocka_unit_test(any_order),
		cmocka_unit_test(tampered_seals),
		cmocka_unit_test(more_keys_than_places),
		cmocka_unit_test(two_wrong_ones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
