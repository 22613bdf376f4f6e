/*
 * Keccak-256 and SHA-256 against known answers; pieces against the whole at every split. The source
 * is included to reach both compilations of the permutation, of which a machine runs only one.
 */
#include "chain/keccak.c"
#include "chain/keccak_many.c"

#include "base/hex.h"
#include "lib/check.h"

static void expect_hash(const struct hash32 *h, const char *want)
{
	char text[65] = {0};

	hex_encode(text, h->b, 32);
	assert_string_equal(text, want);
}

static void keccak_answers(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
		{"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
		{"Transfer(address,address,uint256)",
			"ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"},
		{"NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)",
			"ba5de06d22af2685c6c7765f60067f7d2b08c2d29f53cdf14d67f6d1c9bfb527"},
		{"matic.network.proxy.owner",
			"44f6e2e8884cba1236b7f22f351fa5d88b17292b7e0225ca47e5ecdf6055cdd6"},
	};
	struct hash32 h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		keccak256(&h, cases[i].in, strlen(cases[i].in));
		expect_hash(&h, cases[i].want);
	}
}

/*
 * Lengths around the rate of 136 bytes; answers of an independent implementation (bytes i & 255).
 */
static void keccak_block_edges(void **state)
{
	static const struct {
		size_t n;
		const char *want;
	} cases[] = {
		{1, "bc36789e7a1e281436464229828f817d6612f7b477d66591ff96a9e064bcc98a"},
		{8, "59e7c99f6be4fd053d7c99f54e371304a33213473dc41f1825b7f3ceb33841a6"},
		{31, "3e50547cf72e8583ee91462f9d99fe624f53282f78e1a5ec2347b1d0123d0d9b"},
		{32, "8ae1aa597fa146ebd3aa2ceddf360668dea5e526567e92b0321816a4e895bd2d"},
		{63, "eed42da65350e8490c201e15dd3bdb8aeaab8618692db71db386a19b6578c59d"},
		{64, "002030bde3d4cf89919649775cd71875c4d0ab1708a380e03fefc3a28aa24831"},
		{135, "cbdfd9dee5faad3818d6b06f95a219fd290b0e1706f6a82e5a595b9ce9faca62"},
		{136, "7ce759f1ab7f9ce437719970c26b0a66ff11fe3e38e17df89cf5d29c7d7f807e"},
		{137, "ac73d4fae68b8453f764007c1a20ce95994187861f0c3227a3a8e99a73a3b1db"},
		{271, "7c974895b2a88303ff2dc6b58f438ceb0b298cac91099ac0539cc0f477506191"},
		{272, "fdf2ec49e749960d3c8521a0219af8d03e30e2b3bf19bd16150ee0eaf133d66e"},
		{273, "4f707289a9c3ccd0c4a51f2f17339f5dd171d371c04ff7783b735b5b22682eaf"},
		{408, "4deeaefc26bf0becc5bf9603551584ca1d514238f2f84d0b6adb4bebde86ce61"},
		{512, "f55ba327291604f0e5be6651752398b7be2331aad65f5763ce067df95cc13be1"},
	};
	uint8_t in[512];
	struct hash32 h;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		keccak256(&h, in, cases[i].n);
		expect_hash(&h, cases[i].want);
	}
}

static void keccak_pieces_equal_whole(void **state)
{
	struct hash32 whole, parts;
	uint8_t in[410];
	struct keccak k;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n <= sizeof(in); n++) {
		keccak256(&whole, in, n);
		for (size_t cut = 0; cut <= n; cut += 1 + n / 11) {
			size_t second = cut + (n - cut) / 3;

			keccak_init(&k);
			keccak_add(&k, in, cut);
			keccak_add(&k, in + cut, second - cut);
			keccak_add(&k, in + second, n - second);
			keccak_done(&k, &parts);
			assert_memory_equal(parts.b, whole.b, 32);
		}
	}
}

static void both_permutations(void **state)
{
	uint64_t seed = rnd_seed("both_permutations"), a[25], b[25];

	(void)state;
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 25; i++)
			a[i] = b[i] = rnd(&seed);
		permute_plain(a);
		permute(b);
		assert_memory_equal(a, b, sizeof(a));
	}
}

/* Inputs of all lengths and in two pieces, as many as there are lanes and not, one by one and together. */
static void many_equal_one(void **state)
{
	static const unsigned lanes[] = {4, 8};
	uint64_t seed = rnd_seed("many_equal_one");
	struct keccak_input in[150];
	struct hash32 got[150], want;
	uint8_t bytes[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rnd(&seed);
	for (int round = 0; round < 600; round++) {
		size_t n = round < 40 ? (size_t)round : rnd(&seed) % 150;

		for (size_t i = 0; i < n; i++) {
			size_t len = round % 2 ? rnd(&seed) % 1000 : 136 * (rnd(&seed) % 5) + rnd(&seed) % 3;
			size_t cut = rnd(&seed) % 3 ? rnd(&seed) % (len + 1) : 0, at = rnd(&seed) % 900;

			in[i].head = (struct bytes){cut ? bytes + at : NULL, cut};
			in[i].body = (struct bytes){len - cut ? bytes + at + cut : NULL, len - cut};
		}
		for (size_t way = 0; way <= 2; way++) {
			if (way && (lanes[way - 1] > lanes_here() || !n))
				continue;
			memset(got, 0, sizeof(got));
			if (way)
				hash_lanes(got, in, n, lanes[way - 1]);
			else
				keccak256_many(got, in, n);
			for (size_t i = 0; i < n; i++) {
				const uint8_t *p = in[i].head.n ? in[i].head.p : in[i].body.p;

				keccak256(&want, p, in[i].head.n + in[i].body.n);
				assert_memory_equal(got[i].b, want.b, 32);
			}
		}
	}
}

static void sha256_answers(void **state)
{
	struct hash32 h;

	(void)state;
	sha256(&h, "", 0);
	expect_hash(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256(&h, "abc", 3);
	expect_hash(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keccak_answers),
		cmocka_unit_test(keccak_block_edges),
		cmocka_unit_test(keccak_pieces_equal_whole),
		cmocka_unit_test(both_permutations),
		cmocka_unit_test(many_equal_one),
		cmocka_unit_test(sha256_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
