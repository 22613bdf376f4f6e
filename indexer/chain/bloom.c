/*
 * The 2048-bit log bloom of headers and receipts. A value sets three bits: the low 11 bits of the
 * first three 16-bit big-endian words of its keccak256; bit 0 is the lowest bit of the last byte.
 */
#include "chain/bloom.h"

#include "chain/keccak.h"

struct bloom_key bloom_key(const void *p, size_t n)
{
	struct bloom_key k;
	struct hash32 h;

	keccak256(&h, p, n);
	for (int i = 0; i < 3; i++)
		k.bit[i] = (uint16_t)((h.b[2 * i] << 8 | h.b[2 * i + 1]) & 2047);
	return k;
}

bool bloom_has(const uint8_t bloom[256], struct bloom_key k)
{
	for (int i = 0; i < 3; i++)
		if (!(bloom[255 - k.bit[i] / 8] >> k.bit[i] % 8 & 1))
			return false;
	return true;
}

void bloom_add(uint8_t bloom[256], struct bloom_key k)
{
	for (int i = 0; i < 3; i++)
		bloom[255 - k.bit[i] / 8] |= (uint8_t)(1u << k.bit[i] % 8);
}

void bloom_add_log(uint8_t bloom[256], const struct log *l)
{
	bloom_add(bloom, bloom_key(l->address.b, sizeof(l->address.b)));
	for (unsigned i = 0; i < l->topic_count; i++)
		bloom_add(bloom, bloom_key(l->topics[i].b, sizeof(l->topics[i].b)));
}

bool bloom_has_log(const uint8_t bloom[256], const struct log *l)
{
	if (!bloom_has(bloom, bloom_key(l->address.b, sizeof(l->address.b))))
		return false;
	for (unsigned i = 0; i < l->topic_count; i++)
		if (!bloom_has(bloom, bloom_key(l->topics[i].b, sizeof(l->topics[i].b))))
			return false;
	return true;
}

bool bloom_is_zero(const uint8_t bloom[256])
{
	uint8_t any = 0;

	for (int i = 0; i < 256; i++)
		any |= bloom[i];
	return !any;
}
