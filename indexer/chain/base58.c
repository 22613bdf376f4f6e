/*
 * Addresses as people write them. TRON: base58check of 0x41 and the 20 bytes, checksum = the first
 * four bytes of the SHA-256 of the SHA-256. Ethereum: hex, mixed case being the EIP-55 checksum. A
 * mistyped address must never become another valid one, so every form that carries a checksum has
 * it checked.
 */
#include "chain/base58.h"

#include "base/hex.h"
#include "chain/keccak.h"

#include <string.h>

#define TRON_PREFIX 0x41
#define RAW         25 /* prefix, address, checksum */
#define LIMBS       7
#define DIGITS_5    656356768u /* 58^5 */

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

static void checksum(uint8_t out[4], const uint8_t payload[21])
{
	struct hash32 h;

	sha256(&h, payload, 21);
	sha256(&h, h.b, sizeof(h.b));
	memcpy(out, h.b, 4);
}

/* One digit of base 58^5 of a number of LIMBS words, most significant first; the rest stays there. */
static uint32_t take_digits(uint32_t w[LIMBS])
{
	uint64_t rem = 0;

	for (int k = 0; k < LIMBS; k++) {
		rem = rem << 32 | w[k];
		w[k] = (uint32_t)(rem / DIGITS_5);
		rem %= DIGITS_5;
	}
	return (uint32_t)rem;
}

/* 25 bytes that start with 0x41 always give 34 digits, the first of them T. */
void base58_address(char out[BASE58_ADDRESS_LEN + 1], const struct address *a)
{
	uint8_t raw[4 * LIMBS] = {0}, *payload = raw + sizeof(raw) - RAW;
	uint32_t w[LIMBS];

	payload[0] = TRON_PREFIX;
	memcpy(payload + 1, a->b, 20);
	checksum(payload + 21, payload);
	for (int k = 0; k < LIMBS; k++)
		w[k] = (uint32_t)raw[4 * k] << 24 | (uint32_t)raw[4 * k + 1] << 16 |
		       (uint32_t)raw[4 * k + 2] << 8 | raw[4 * k + 3];
	for (int i = BASE58_ADDRESS_LEN; i > 0;) {
		uint32_t five = take_digits(w);

		for (int k = 0; k < 5 && i > 0; k++, five /= 58)
			out[--i] = alphabet[five % 58];
	}
	out[BASE58_ADDRESS_LEN] = 0;
}

bool base58_parse(struct address *out, const char *s, size_t len)
{
	uint8_t raw[RAW] = {0}, sum[4];

	if (len != BASE58_ADDRESS_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] ? strchr(alphabet, s[i]) : NULL;
		unsigned carry;

		if (!at)
			return false;
		carry = (unsigned)(at - alphabet);
		for (int k = RAW - 1; k >= 0; k--) {
			carry += 58u * raw[k];
			raw[k] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry)
			return false;
	}
	checksum(sum, raw);
	if (raw[0] != TRON_PREFIX || memcmp(sum, raw + 21, 4))
		return false;
	memcpy(out->b, raw + 1, 20);
	return true;
}

/* out: 40 digits with EIP-55 case and a NUL. */
static void eip55(char out[41], const struct address *a)
{
	struct hash32 h;

	hex_encode(out, a->b, 20);
	out[40] = 0;
	keccak256(&h, out, 40);
	for (int i = 0; i < 40; i++)
		if (out[i] >= 'a' && (h.b[i / 2] >> (i % 2 ? 0 : 4) & 8))
			out[i] = (char)(out[i] - 'a' + 'A');
}

void address_eip55(char out[ADDRESS_HEX_LEN + 1], const struct address *a)
{
	out[0] = '0';
	out[1] = 'x';
	eip55(out + 2, a);
}

static bool parse_hex(struct address *out, const char *s, size_t len, const char **why)
{
	bool lower = false, upper = false;
	struct address a;
	char sum[41];

	if (len != ADDRESS_HEX_LEN) {
		*why = "a hex address has 0x and 40 digits";
		return false;
	}
	if (!hex_fixed(a.b, sizeof(a.b), s, len)) {
		*why = "not hexadecimal";
		return false;
	}
	for (size_t i = 2; i < len; i++) {
		lower |= s[i] >= 'a';
		upper |= s[i] >= 'A' && s[i] <= 'F';
	}
	eip55(sum, &a);
	if (lower && upper && memcmp(sum, s + 2, 40)) {
		*why = "mixed case and the EIP-55 checksum is wrong";
		return false;
	}
	*out = a;
	return true;
}

bool address_parse(struct address *out, const char *s, size_t len, const char **why)
{
	if (len >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_hex(out, s, len, why);
	if (base58_parse(out, s, len))
		return true;
	*why = len == BASE58_ADDRESS_LEN && s[0] == 'T'
		? "base58check with a wrong digit or checksum"
		: "neither 0x and 40 hex digits nor a TRON address (34 characters, T...)";
	return false;
}
