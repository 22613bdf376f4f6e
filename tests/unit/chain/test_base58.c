/* Addresses in all forms: the deployed TRON contracts, the EIP-55 examples, and single mistakes. */
#include "chain/base58.h"

#include "base/hex.h"
#include "lib/check.h"
#include "lib/recording.h"

static const struct {
	const char *base58, *hex;
} tron[] = {
	{"TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj",
		"0x8330108cfdd47544b398c15a3c252ad1d5a5566c"},
	{"TPkYpqBAdSqaRs2cuhcWG6bNnF7x1HGNUz",
		"0x972ce6c4196e653074287377a2510e937af7cd43"},
	{"TEpjT8xbAe3FPCPFziqFfEjLVXaw9NbGXj",
		"0x353e4da7c074be2ff9e3e692eaeb1e65f0f32e10"},
	{"TUQoj5GCHXvv4LLJUXMuEKEj7rAHHKWEdF",
		"0xca49a64dba58edcff2670d8fdb5af84515e082d1"},
	{"TJZQLJLnk6o1e8N9ipsaY8fFvhEHQhmKSR",
		"0x5e389bb4eebd2a0b99fb4e35fc773e71b24f103b"},
	{"TTuZ9aoUgK8KD1hQQzppfwjci7nx6pkWv4",
		"0xc4c16b0936931a3b8c926cba8fd32c0d2806a094"},
	{"TCtZg6ELHBZb1FzntFw6WP1aotvq5px1Nn",
		"0x20078df1672790b2963e8c4e5e527dd1225c3430"},
	{"TKvGr1u1nihZu2xhzxTJeX2UFYA6kAK3pg",
		"0x6d233805c44504f11ffd539b31e4472c78ca5e4a"},
	{"TLFnvxqowWEwin8myL65rPeuBnsixzcyPM",
		"0x70d43c6e12f1d4db282dcfaacb8381a730bf66ab"},
	{"TCRaHnktKiSL8wMAeL5FE6XVMr115dQD5g",
		"0x1aecd65863768d24a450635ae15c312d4db9e840"},
	{"TUyomXRswgWAX867h9GWeBezKW3SJd5mVP",
		"0xd087696145fa7f1e99669fb737cd80db2af7a463"},
	{"THHbapLdbXv6dpzYouTTAwN8bxt8ffYAHK",
		"0x504337e49609fd1afe93b87905e3b2f04af78e7f"},
	{"TJVjaUrn6PNpCDYLvdRTXmwBULND2a9AkS",
		"0x5d8702466692a9174667821741b7e7799a0a0560"},
	{"TLZHieP2s7T87NB7T7zpzoNU4goCgKN5yd",
		"0x7423568d790224e562b391857c395cbfb71d79d6"},
	{"TQ1cN2SPyuoGP52XeaZ77gDv3SE4r6g4eu",
		"0x9a06181636a64cc8d40441aa73071d0fb28d807f"},
	{"TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4",
		"0x032017411f4663b317fe77c257d28d5cd1b26e3d"},
	{"TERZyb9z3RW23HzkSuSsN34wgyJp1vQxta",
		"0x30dcd3b081c573f5636e21306e0408bff2e2171d"},
	{"TDgrSuii9e7HLfY1DhEBxkcFa3vrLgS3Gx",
		"0x28c8b09c317c2a9e202dc47b1719443097553533"},
	{"TMZqpi58aSmgqaXHL28DPks8KnLgJgqkGz",
		"0x7f36436e82ed2dee196a05e3d606d2551296a33a"},
	{"TMhkFAQUBGh556x1CVfgrxYjeDegaMokCb",
		"0x80b4ef3b990f46626cd537b7d5b84353604246b7"},
	{"TGncz2EJ4KYF4Svs7Goh7CXz6WUhV84oKn",
		"0x4ac852fd0223e2a6482c75bd6234d9b67bddee2a"},
	{"TWQ5snSvPtvianWAGfp1iohXQXRUwEQaXC",
		"0xe016f77aab49cb86cd3ef9aedd0530f30d3234d1"},
};

#define TRON_COUNT (sizeof(tron) / sizeof(*tron))

static struct address from_hex(const char *hex)
{
	struct address a;

	assert_true(hex_fixed(a.b, 20, hex, strlen(hex)));
	return a;
}

static void tron_contracts(void **state)
{
	char text[BASE58_ADDRESS_LEN + 1];
	struct address a, want;
	const char *why;

	(void)state;
	for (size_t i = 0; i < TRON_COUNT; i++) {
		want = from_hex(tron[i].hex);
		assert_true(base58_parse(&a, tron[i].base58, strlen(tron[i].base58)));
		assert_memory_equal(a.b, want.b, 20);
		base58_address(text, &want);
		assert_string_equal(text, tron[i].base58);
		assert_true(address_parse(&a, tron[i].base58, 34, &why));
		assert_memory_equal(a.b, want.b, 20);
	}
}

/* Change any one character to any other: never accepted. */
static void one_wrong_digit(void **state)
{
	struct address a = {{0}};
	const char *why = NULL;
	char text[35];

	(void)state;
	for (size_t at = 0; at < 34; at++) {
		for (int c = 1; c < 256; c++) {
			memcpy(text, tron[0].base58, 35);
			if ((unsigned char)text[at] == c)
				continue;
			text[at] = (char)c;
			assert_false(base58_parse(&a, text, 34));
			why = NULL;
			assert_false(address_parse(&a, text, 34, &why));
			assert_non_null(why);
		}
	}
}

static void wrong_lengths_and_prefix(void **state)
{
	static const char zeros[] = "1111111111111111111111111111111111";
	struct address a;

	(void)state;
	for (size_t n = 0; n < 34; n++)
		assert_false(base58_parse(&a, tron[0].base58, n));
	assert_false(base58_parse(&a, "TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNjj", 35));
	assert_false(base58_parse(&a, zeros, 34));
	assert_false(
		base58_parse(&a, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 34)); /* over 25 bytes */
	/*
	 * The zero address with prefix 0x00 and its right checksum: a bitcoin address, 34 digits.
	 */
	assert_false(base58_parse(&a, "1111111111111111111114oLvT2", 27));
	assert_false(base58_parse(&a, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", 34));
}

static void base58_round_trip(void **state)
{
	uint64_t seed = rnd_seed("base58_round_trip");
	char text[BASE58_ADDRESS_LEN + 1], hex[ADDRESS_HEX_LEN + 1];
	struct address a, back;
	const char *why;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		for (int k = 0; k < 20; k++)
			a.b[k] = i == 0 ? 0 : i == 1 ? 0xff : (uint8_t)rnd(&seed);
		base58_address(text, &a);
		assert_int_equal(strlen(text), BASE58_ADDRESS_LEN);
		assert_int_equal(text[0], 'T');
		assert_true(base58_parse(&back, text, 34));
		assert_memory_equal(a.b, back.b, 20);
		address_eip55(hex, &a);
		assert_true(address_parse(&back, hex, 42, &why));
		assert_memory_equal(a.b, back.b, 20);
	}
}

/* The examples of the EIP. */
static const char *const eip55[] = {
	"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
	"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
	"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
	"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

static void eip55_examples(void **state)
{
	char text[ADDRESS_HEX_LEN + 1];
	struct address a;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(eip55) / sizeof(*eip55); i++) {
		assert_true(address_parse(&a, eip55[i], 42, &why));
		address_eip55(text, &a);
		assert_string_equal(text, eip55[i]);
	}
}

/* Flip the case of one letter of a mixed-case address: refused with the reason. */
static void eip55_wrong_case(void **state)
{
	struct address a;
	const char *why;
	char text[43];

	(void)state;
	for (size_t i = 4; i < sizeof(eip55) / sizeof(*eip55); i++) {
		for (size_t at = 2; at < 42; at++) {
			memcpy(text, eip55[i], 43);
			if (text[at] <= '9')
				continue;
			text[at] ^= 0x20;
			assert_false(address_parse(&a, text, 42, &why));
			assert_string_equal(why, "mixed case and the EIP-55 checksum is wrong");
		}
	}
}

static void one_case_has_no_checksum(void **state)
{
	struct address a, b;
	const char *why;

	(void)state;
	assert_true(address_parse(&a, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 42, &why));
	assert_true(address_parse(&b, "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", 42, &why));
	assert_memory_equal(a.b, b.b, 20);
	assert_true(address_parse(&b, "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", 42, &why));
}

static void refused_with_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "neither"}, {"0", "neither"}, {"0x", "40 digits"}, {"0x12", "40 digits"},
		{"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed0", "40 digits"},
		{"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", "not hexadecimal"},
		{"5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "neither"},
		{"TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNk", "wrong digit or checksum"},
		{"TMvs6n9qy1R13CPd1AfxhW41GBG21NSXN", "neither"},
		{" 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "neither"},
	};
	struct address a = {{1}};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		why = "";
		assert_false(address_parse(&a, cases[i].text, strlen(cases[i].text), &why));
		if (!strstr(why, cases[i].why))
			fail_msg("%s: \"%s\" has no \"%s\"", cases[i].text, why, cases[i].why);
	}
	assert_int_equal(a.b[0], 1);
}

static size_t check_checksums(struct jval v)
{
	char text[ADDRESS_HEX_LEN + 1];
	struct jiter it;
	struct jval item;
	struct address a;
	const char *s, *why;
	size_t n = 0, len;

	if (json_str(v, &s, &len) && len == 42) {
		assert_true(address_parse(&a, s, len, &why));
		address_eip55(text, &a);
		assert_memory_equal(text, s, 42);
		return 1;
	}
	for (json_iter(v, &it); json_next(&it, &item);)
		n += check_checksums(item);
	return n;
}

/* The actors of golden are recorded with checksums made by another program. */
static void recorded_checksums(void **state)
{
	struct json_parser *p;
	struct jval meta;

	(void)state;
	p = rec_file("recordings/golden/meta.json", &meta);
	assert_int_equal(check_checksums(rec_get(meta, "actors")), 100);
	rec_file_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tron_contracts),
		cmocka_unit_test(one_wrong_digit),
		cmocka_unit_test(wrong_lengths_and_prefix),
		cmocka_unit_test(base58_round_trip),
		cmocka_unit_test(eip55_examples),
		cmocka_unit_test(eip55_wrong_case),
		cmocka_unit_test(one_case_has_no_checksum),
		cmocka_unit_test(refused_with_reason),
		cmocka_unit_test(recorded_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
