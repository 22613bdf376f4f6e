/*
 * Headers: hashes, layouts, decoding and seals, against real headers (tests/vectors) and
 * recordings.
 */
#include "chain/header.h"

#include "base/hex.h"
#include "chain/keccak.h"
#include "chain/recover.h"
#include "chain/rlp.h"
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

static void load_vector(const char *name, struct header *h)
{
	struct json_parser *p;
	struct jval v;
	char path[200];

	snprintf(path, sizeof(path), "vectors/%s.json", name);
	p = rec_file(path, &v);
	rec_header(v, mem, h);
	rec_file_free(p);
}

static struct address address_of(const char *hex)
{
	struct address a;

	assert_true(hex_fixed(a.b, 20, hex, strlen(hex)));
	return a;
}

static const struct {
	const char *file, *author; /* NULL: genesis, no seal */
} sealed[] = {
	{"bttc_mainnet-v1_genesis_header", NULL},
	{"bttc_testnet-1029_genesis_header", NULL},
	{"header_polygon_mainnet_block_436", "0xf84c74dea96df0ec22e11e7c33996c73fcc2d822"},
	{"header_polygon_mainnet_block_16334151", "0xe7e2cb8c81c10ff191a73fe266788c9ce62ec754"},
	{"header_polygon_mainnet_block_20244522", "0xf0245f6251bef9447a08766b9da2b07b28ad80b0"},
	{"header_rinkeby_clique_block_2657422", "0xda35dee8eddeaa556e4c26268463e26fb91ff74f"},
};

static void real_headers(void **state)
{
	struct address author, want;
	struct hash32 hash;
	struct header h;

	(void)state;
	for (size_t i = 0; i < sizeof(sealed) / sizeof(*sealed); i++) {
		load_vector(sealed[i].file, &h);
		header_hash(&hash, &h);
		assert_memory_equal(hash.b, h.hash.b, 32);
		assert_int_equal(header_author(&author, &h), sealed[i].author != NULL);
		if (!sealed[i].author)
			continue;
		want = address_of(sealed[i].author);
		assert_memory_equal(author.b, want.b, 20);
	}
}

/* One header of each fork that added fields. */
static void every_fork(void **state)
{
	static const unsigned layouts[] = {1, 3, 15, 31};
	struct json_parser *p;
	struct hash32 hash;
	struct header h;
	struct jval list, v;
	struct jiter it;
	unsigned layout;
	size_t n = 0;

	(void)state;
	p = rec_file("vectors/ethereum_fork_headers.json", &list);
	for (json_iter(list, &it); json_next(&it, &v); n++) {
		rec_header(v, mem, &h);
		assert_int_equal(h.has, layouts[n]);
		header_hash(&hash, &h);
		assert_memory_equal(hash.b, h.hash.b, 32);
		h.has = 0; /* as if the node had shown none of them */
		assert_true(header_match(&h, &layout));
		assert_int_equal(layout, layouts[n]);
	}
	assert_int_equal(n, 4);
	rec_file_free(p);
}

/* The seal of a post-London Bor header covers baseFee, BTTC's rule must not give that signer. */
static void seal_without_base_fee(void **state)
{
	struct address author, with_base_fee;
	struct hash32 hash;
	struct header h;

	(void)state;
	load_vector("header_polygon_amoy_block_12984689_baseFee", &h);
	assert_int_equal(h.has, HEADER_BASE_FEE);
	header_hash(&hash, &h);
	assert_memory_equal(hash.b, h.hash.b, 32);
	with_base_fee = address_of("0xba60fe9f3372f53397bee44e2a4d3087aa5f281f");
	assert_true(header_author(&author, &h));
	assert_memory_not_equal(author.b, with_base_fee.b, 20);
}

/* Headers of all layouts and extraData of all lengths, together and one by one. */
static void many_equal_one(void **state)
{
	static uint8_t extra[3000];
	uint64_t seed = rnd_seed("many_equal_one");
	struct hash32 got[HEADERS_TOGETHER], want;
	struct header h[HEADERS_TOGETHER];

	(void)state;
	for (size_t i = 0; i < sizeof(extra); i++)
		extra[i] = (uint8_t)rnd(&seed);
	for (int round = 0; round < 100; round++) {
		size_t n = (size_t)round % (HEADERS_TOGETHER + 1);

		for (size_t i = 0; i < n; i++) {
			load_vector(sealed[rnd(&seed) % 6].file, &h[i]);
			h[i].has = rnd(&seed) % (HEADER_ALL + 1);
			h[i].number = rnd(&seed) >> rnd(&seed) % 64;
			h[i].base_fee = u256_u64(rnd(&seed));
			h[i].extra.p = extra + rnd(&seed) % 900;
			h[i].extra.n = rnd(&seed) % 3 ? 97 + rnd(&seed) % 2000 : rnd(&seed) % 100;
		}
		header_hash_many(got, h, n);
		for (size_t i = 0; i < n; i++) {
			header_hash(&want, &h[i]);
			assert_memory_equal(got[i].b, want.b, 32);
		}
		header_seal_hash_many(got, h, n);
		for (size_t i = 0; i < n; i++)
			if (header_seal_hash(&want, &h[i]))
				assert_memory_equal(got[i].b, want.b, 32);
		arena_reset(mem);
	}
}

static void genesis_rlp(void **state)
{
	struct json_parser *p;
	struct jval v;
	struct bytes want;
	struct header h;
	struct buf b;

	(void)state;
	p = rec_file("vectors/bttc_mainnet-v1_genesis_header.json", &v);
	rec_header(v, mem, &h);
	want = rec_hex(rec_get(v, "headerRlp"), mem);
	rec_file_free(p);
	buf_init(&b, 10000);
	header_rlp(&b, &h);
	assert_int_equal(b.n, want.n);
	assert_memory_equal(b.p, want.p, want.n);
	buf_free(&b);
}

static void same_header(const struct header *a, const struct header *b)
{
	assert_memory_equal(a->hash.b, b->hash.b, 32);
	assert_memory_equal(a->parent.b, b->parent.b, 32);
	assert_memory_equal(a->uncles.b, b->uncles.b, 32);
	assert_memory_equal(a->state_root.b, b->state_root.b, 32);
	assert_memory_equal(a->tx_root.b, b->tx_root.b, 32);
	assert_memory_equal(a->receipts_root.b, b->receipts_root.b, 32);
	assert_memory_equal(a->mix_hash.b, b->mix_hash.b, 32);
	assert_memory_equal(a->withdrawals_root.b, b->withdrawals_root.b, 32);
	assert_memory_equal(a->beacon_root.b, b->beacon_root.b, 32);
	assert_memory_equal(a->requests_hash.b, b->requests_hash.b, 32);
	assert_memory_equal(a->miner.b, b->miner.b, 20);
	assert_memory_equal(a->bloom, b->bloom, 256);
	assert_memory_equal(a->nonce, b->nonce, 8);
	assert_int_equal(u256_cmp(a->difficulty, b->difficulty), 0);
	assert_int_equal(u256_cmp(a->base_fee, b->base_fee), 0);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->gas_limit, b->gas_limit);
	assert_int_equal(a->gas_used, b->gas_used);
	assert_int_equal(a->time, b->time);
	assert_int_equal(a->blob_gas_used, b->blob_gas_used);
	assert_int_equal(a->excess_blob_gas, b->excess_blob_gas);
	assert_int_equal(a->extra.n, b->extra.n);
	if (a->extra.n)
		assert_memory_equal(a->extra.p, b->extra.p, a->extra.n);
	assert_int_equal(a->has, b->has);
}

static void check_round_trip(const char *name, size_t blocks, unsigned has)
{
	struct recording *r = recording_open(name);
	struct rec_block b;
	struct hash32 hash;
	struct header back;
	struct buf rlp;
	struct err e;
	size_t n = 0;

	buf_init(&rlp, 100000);
	while (recording_next(r, mem, &b)) {
		header_hash(&hash, &b.h);
		assert_memory_equal(hash.b, b.h.hash.b, 32);
		assert_int_equal(b.h.has, has);
		buf_clear(&rlp);
		header_rlp(&rlp, &b.h);
		if (header_decode(&back, (struct bytes){(uint8_t *)rlp.p, rlp.n}, mem, &e))
			fail_msg("%s", e.msg);
		same_header(&b.h, &back);
		n++;
		arena_reset(mem);
	}
	buf_free(&rlp);
	recording_close(r);
	assert_int_equal(n, blocks);
}

static void recorded_headers_round_trip(void **state)
{
	(void)state;
	check_round_trip("golden", 1076, HEADER_ALL);
	check_round_trip("world/root", 279, HEADER_ALL);
	check_round_trip("world/bttc", 7779, 0);
}

static void random_header(uint64_t *seed, struct header *h)
{
	uint8_t *raw = (uint8_t *)h;

	for (size_t i = 0; i < sizeof(*h); i++)
		raw[i] = (uint8_t)rnd(seed);
	h->difficulty = u256_u64(rnd(seed) >> rnd(seed) % 64);
	h->base_fee = rnd(seed) % 4 ? u256_u64(rnd(seed) >> rnd(seed) % 64) : U256_ZERO;
	h->number = rnd(seed) >> rnd(seed) % 64;
	h->gas_limit = rnd(seed) >> rnd(seed) % 64;
	h->gas_used = rnd(seed) % 3 ? rnd(seed) >> rnd(seed) % 64 : 0;
	h->time = rnd(seed) >> rnd(seed) % 64;
	h->blob_gas_used = rnd(seed) % 200;
	h->excess_blob_gas = rnd(seed) % 200;
	h->extra.n = rnd(seed) % 3 ? rnd(seed) % 3 : rnd(seed) % 700;
	h->extra.p = arena_alloc(mem, h->extra.n + 1);
	for (size_t i = 0; i < h->extra.n; i++)
		((uint8_t *)h->extra.p)[i] = (uint8_t)rnd(seed);
	h->more = (struct bytes){0};
}

/* In every layout: hash = keccak(rlp), and decoding gives back the fields the layout has. */
static void layouts_round_trip(void **state)
{
	uint64_t seed = rnd_seed("layouts_round_trip");
	struct header h, back;
	struct hash32 hash;
	struct buf rlp;
	struct err e;

	(void)state;
	buf_init(&rlp, 100000);
	for (unsigned i = 0; i < 2000; i++) {
		random_header(&seed, &h);
		h.has = i % (HEADER_ALL + 1);
		buf_clear(&rlp);
		header_rlp(&rlp, &h);
		header_hash(&h.hash, &h);
		keccak256(&hash, rlp.p, rlp.n);
		assert_memory_equal(hash.b, h.hash.b, 32);
		if (header_decode(&back, (struct bytes){(uint8_t *)rlp.p, rlp.n}, mem, &e))
			fail_msg("layout %u: %s", h.has, e.msg);
		header_hash(&hash, &back);
		assert_memory_equal(hash.b, h.hash.b, 32);
		assert_memory_equal(back.hash.b, h.hash.b, 32);
		assert_int_equal(back.number, h.number);
		assert_int_equal(back.extra.n, h.extra.n);
		if (h.has & HEADER_REQUESTS)
			assert_memory_equal(back.requests_hash.b, h.requests_hash.b, 32);
		arena_reset(mem);
	}
	buf_free(&rlp);
}

/* The node shows other optional fields than the hash commits to: the right layout is found. */
static void match_finds_layout(void **state)
{
	uint64_t seed = rnd_seed("match_finds_layout");
	struct header h;
	unsigned layout;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		random_header(&seed, &h);
		h.base_fee = u256_u64(7); /* zero would make two layouts equal */
		h.blob_gas_used = h.excess_blob_gas = 9;
		h.has = (unsigned)rnd(&seed) % (HEADER_ALL + 1);
		header_hash(&h.hash, &h);
		unsigned want = h.has;

		h.has = (unsigned)rnd(&seed) % (HEADER_ALL + 1);
		assert_true(header_match(&h, &layout));
		assert_int_equal(layout, want);
		h.time++;
		assert_false(header_match(&h, &layout));
		arena_reset(mem);
	}
}

/* Hash of h with further raw items, made by taking the RLP apart. */
static void hash_with(struct header *h, const struct bytes *items, size_t n)
{
	struct rlp_writer w;
	struct rlp_item list;
	struct buf plain, longer;
	struct bytes in;

	buf_init(&plain, 100000);
	buf_init(&longer, 100000);
	header_rlp(&plain, h);
	in = (struct bytes){(uint8_t *)plain.p, plain.n};
	assert_true(rlp_next(&in, &list));
	rlp_init(&w, &longer);
	rlp_list(&w);
	rlp_raw(&w, list.payload.p, list.payload.n);
	for (size_t i = 0; i < n; i++)
		rlp_raw(&w, items[i].p, items[i].n);
	rlp_list_end(&w);
	keccak256(&h->hash, longer.p, longer.n);
	buf_free(&plain);
	buf_free(&longer);
}

/*
 * Fields of a fork that this program does not know: some of the unknown members belong to the hash.
 */
static void match_tries_unknown_fields(void **state)
{
	static const uint8_t hash_item[33] = {0xa0, 1, 2, 3}, slot[] = {0x82, 0x12, 0x34},
			     one[] = {7};
	const struct bytes items[] = {{hash_item, 33}, {slot, 3}, {one, 1}};
	const struct bytes used[] = {items[0], items[2]};
	uint64_t seed = 5;
	struct header h;
	struct buf more;
	unsigned layout;

	(void)state;
	random_header(&seed, &h);
	h.has = HEADER_ALL;
	buf_init(&more, 1000);
	for (size_t i = 0; i < 3; i++)
		buf_add(&more, items[i].p, items[i].n);
	h.more = (struct bytes){(uint8_t *)more.p, more.n};
	hash_with(&h, used, 2);
	assert_true(header_match(&h, &layout));
	assert_int_equal(layout, HEADER_ALL | HEADER_MORE);
	hash_with(&h, items, 3);
	assert_true(header_match(&h, &layout));
	hash_with(&h, NULL, 0);
	assert_true(header_match(&h, &layout));
	assert_int_equal(layout, HEADER_ALL);
	h.gas_used ^= 1;
	assert_false(header_match(&h, &layout));
	h.gas_used ^= 1;
	hash_with(&h, used, 2);
	h.more.n -= 1; /* cut in the middle: the last item is gone, so nothing fits */
	assert_false(header_match(&h, &layout));
	buf_free(&more);
}

static void expect_decode_error(struct bytes rlp, const char *part)
{
	struct header out = {.number = 99};
	struct err e;

	assert_int_equal(header_decode(&out, rlp, mem, &e), ERR_REJECT);
	if (!strstr(e.msg, part))
		fail_msg("\"%s\" has no \"%s\"", e.msg, part);
	assert_int_equal(out.number, 99);
}

static void decode_refuses(void **state)
{
	static const char *const fields[] = {"parentHash", "sha3Uncles", "miner", "stateRoot",
		"transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number", "gasLimit",
		"gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas",
		"withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
		"requestsHash"};
	static const uint8_t list_item[] = {0xc0};
	struct rlp_item list, item;
	uint64_t seed = 11;
	struct header h;
	struct buf good, bad;
	struct bytes in;
	struct rlp_writer w;

	(void)state;
	random_header(&seed, &h);
	h.has = HEADER_ALL;
	buf_init(&good, 10000);
	buf_init(&bad, 10000);
	header_rlp(&good, &h);
	for (size_t field = 0; field < 21; field++) {
		in = (struct bytes){(uint8_t *)good.p, good.n};
		assert_true(rlp_next(&in, &list));
		buf_clear(&bad);
		rlp_init(&w, &bad);
		rlp_list(&w);
		for (size_t i = 0; rlp_next(&list.payload, &item); i++)
			rlp_raw(&w, i == field ? list_item : item.whole.p,
				i == field ? 1 : item.whole.n);
		rlp_list_end(&w);
		expect_decode_error((struct bytes){(uint8_t *)bad.p, bad.n}, fields[field]);
	}
	for (size_t n = 0; n < good.n; n++)
		expect_decode_error((struct bytes){(uint8_t *)good.p, n}, "not one RLP list");
	buf_chr(&good, 0);
	expect_decode_error((struct bytes){(uint8_t *)good.p, good.n}, "not one RLP list");
	buf_free(&good);
	buf_free(&bad);
}

/* Numbers with a leading zero, or too wide. */
static void decode_refuses_numbers(void **state)
{
	static const uint8_t zero_first[] = {0x82, 0x00, 0x11}, nine[10] = {0x89, 1};
	static const size_t narrow[] = {8, 9, 10, 11, 17, 18}; /* 64-bit fields */
	uint64_t seed = 13;
	struct rlp_item list, item;
	struct rlp_writer w;
	struct header h;
	struct buf good, bad;
	struct bytes in;

	(void)state;
	random_header(&seed, &h);
	h.has = HEADER_ALL;
	buf_init(&good, 10000);
	buf_init(&bad, 10000);
	header_rlp(&good, &h);
	for (size_t k = 0; k < 2 * sizeof(narrow) / sizeof(*narrow); k++) {
		const uint8_t *p = k % 2 ? nine : zero_first;

		in = (struct bytes){(uint8_t *)good.p, good.n};
		assert_true(rlp_next(&in, &list));
		buf_clear(&bad);
		rlp_init(&w, &bad);
		rlp_list(&w);
		for (size_t i = 0; rlp_next(&list.payload, &item); i++)
			rlp_raw(&w, i == narrow[k / 2] ? p : item.whole.p,
				i == narrow[k / 2] ? (k % 2 ? 10 : 3) : item.whole.n);
		rlp_list_end(&w);
		expect_decode_error((struct bytes){(uint8_t *)bad.p, bad.n}, "malformed");
	}
	buf_free(&good);
	buf_free(&bad);
}

static void decode_refuses_surplus(void **state)
{
	uint64_t seed = 12;
	struct rlp_item list;
	struct rlp_writer w;
	struct header h;
	struct buf good, bad;
	struct bytes in;

	(void)state;
	random_header(&seed, &h);
	h.has = HEADER_ALL;
	buf_init(&good, 10000);
	buf_init(&bad, 10000);
	header_rlp(&good, &h);
	in = (struct bytes){(uint8_t *)good.p, good.n};
	assert_true(rlp_next(&in, &list));
	rlp_init(&w, &bad);
	rlp_list(&w);
	rlp_raw(&w, list.payload.p, list.payload.n);
	rlp_u64(&w, 5);
	rlp_list_end(&w);
	expect_decode_error((struct bytes){(uint8_t *)bad.p, bad.n}, "behind the last known field");
	buf_free(&good);
	buf_free(&bad);
}

/* ---- Bor ----------------------------------------------------------------------------------- */

static void put_producer(uint8_t *p, uint8_t address, uint64_t power)
{
	memset(p, address, 20);
	memset(p + 20, 0, 20);
	for (int i = 0; i < 8; i++)
		p[39 - i] = (uint8_t)(power >> 8 * i);
}

static void expect_producers_error(const struct header *h, const char *part)
{
	struct producer *list = NULL;
	struct err e;
	size_t n;

	assert_int_equal(header_producers(h, mem, &list, &n, &e), ERR_REJECT);
	if (!strstr(e.msg, part))
		fail_msg("\"%s\" has no \"%s\"", e.msg, part);
	assert_null(list);
}

static void producers(void **state)
{
	uint8_t extra[32 + 3 * 40 + 65] = {0};
	struct header h = {.number = 127, .extra = {extra, sizeof(extra)}};
	struct producer *list;
	struct err e;
	size_t n;

	(void)state;
	put_producer(extra + 32, 1, 3);
	put_producer(extra + 72, 2, 1ull << 40);
	put_producer(extra + 112, 9, UINT64_MAX);
	assert_int_equal(header_producers(&h, mem, &list, &n, &e), ERR_NONE);
	assert_int_equal(n, 3);
	assert_int_equal(list[0].power, 3);
	assert_int_equal(list[1].power, 1ull << 40);
	assert_int_equal(list[2].power, UINT64_MAX);
	assert_int_equal(list[2].address.b[19], 9);
	extra[112 + 31] = 1; /* 2^64 and more */
	expect_producers_error(&h, "power of producer 2");
	put_producer(extra + 112, 2, 1);
	expect_producers_error(&h, "producer 2 is not above");
	put_producer(extra + 112, 9, 0);
	expect_producers_error(&h, "power of producer 2");
	h.extra.n--;
	expect_producers_error(&h, "has 216 bytes");
	h.extra.n = 97;
	expect_producers_error(&h, "has 97 bytes");
	h.extra.n = 0;
	expect_producers_error(&h, "has 0 bytes");
	h.number = 128;
	expect_producers_error(&h, "ends no sprint");
}

static void seal_needs_97_bytes(void **state)
{
	uint8_t extra[97] = {0}, secret[32] = {[31] = 5}, sig[64];
	struct header h = {.number = 1, .extra = {extra, sizeof(extra)}};
	struct address author, want;
	struct hash32 hash;
	unsigned recid;

	(void)state;
	assert_true(recover_secret_address(&want, secret));
	assert_true(header_seal_hash(&hash, &h));
	assert_true(recover_sign(sig, &recid, &hash, secret));
	memcpy(extra + 32, sig, 64);
	extra[96] = (uint8_t)recid;
	assert_true(header_author(&author, &h));
	assert_memory_equal(author.b, want.b, 20);
	h.has = HEADER_ALL; /* never part of the seal hash */
	assert_true(header_author(&author, &h));
	assert_memory_equal(author.b, want.b, 20);
	extra[96] = 4;
	assert_false(header_author(&author, &h));
	extra[96] = (uint8_t)recid;
	memset(extra + 32, 0, 32);
	assert_false(header_author(&author, &h));
	h.extra.n = 96;
	assert_false(header_seal_hash(&hash, &h));
	assert_false(header_author(&author, &h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_headers),
		cmocka_unit_test(every_fork),
		cmocka_unit_test(seal_without_base_fee),
		cmocka_unit_test(many_equal_one),
		cmocka_unit_test(genesis_rlp),
		cmocka_unit_test(recorded_headers_round_trip),
		cmocka_unit_test(layouts_round_trip),
		cmocka_unit_test(match_finds_layout),
		cmocka_unit_test(match_tries_unknown_fields),
		cmocka_unit_test(decode_refuses),
		cmocka_unit_test(decode_refuses_numbers),
		cmocka_unit_test(decode_refuses_surplus),
		cmocka_unit_test(producers),
		cmocka_unit_test(seal_needs_97_bytes),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
