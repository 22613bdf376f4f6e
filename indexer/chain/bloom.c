/*
 * The 2048-bit log bloom of headers and receipts. A value sets three bits: the low 11 bits of the
 * first three 16-bit big-endian words of its keccak256; bit 0 is the lowest bit of the last byte.
 */
#include "chain/bloom.h"

#include "chain/keccak.h"

#define TOGETHER 64 /* values hashed at once */

static struct bloom_key key_of(const struct hash32 *h)
{
	struct bloom_key k;

	for (int i = 0; i < 3; i++)
		k.bit[i] = (uint16_t)((h->b[2 * i] << 8 | h->b[2 * i + 1]) & 2047);
	return k;
}

struct bloom_key bloom_key(const void *p, size_t n)
{
	struct hash32 h;

	keccak256(&h, p, n);
	return key_of(&h);
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

void bloom_cache_init(struct bloom_cache *c)
{
	memset(c->used, 0, sizeof(c->used));
}

/* The first and the last 8 bytes: topics are numbers (end), hashes, or addresses (end). */
static unsigned slot_of(const uint8_t *p, size_t n)
{
	uint64_t head, tail;

	memcpy(&head, p, 8);
	memcpy(&tail, p + n - 8, 8);
	return (unsigned)((head ^ tail) * 0x9e3779b97f4a7c15ull >> 56);
}

struct bloom_key bloom_cache_key(struct bloom_cache *c, const void *p, size_t n)
{
	unsigned slot = slot_of(p, n);

	if (c->used[slot] != n || memcmp(c->value[slot], p, n)) {
		c->key[slot] = bloom_key(p, n);
		memcpy(c->value[slot], p, n);
		c->used[slot] = (uint8_t)n;
	}
	return c->key[slot];
}

void bloom_set_init(struct bloom_set *s, size_t room, struct arena *mem)
{
	*s = (struct bloom_set){.value = arena_alloc(mem, room * sizeof(*s->value)),
		.key = arena_alloc(mem, room * sizeof(*s->key))};
}

uint32_t bloom_set_add(struct bloom_set *s, const void *p, size_t n)
{
	uint32_t *slot = &s->slot[slot_of(p, n)];
	const struct bytes *v = *slot ? &s->value[*slot - 1] : NULL;

	if (v && v->n == n && !memcmp(v->p, p, n))
		return *slot - 1;
	s->value[s->n] = (struct bytes){p, n};
	*slot = (uint32_t)++s->n;
	return *slot - 1;
}

void bloom_set_hash(struct bloom_set *s)
{
	struct keccak_input in[TOGETHER];
	struct hash32 h[TOGETHER];

	for (size_t at = 0; at < s->n; at += TOGETHER) {
		size_t n = s->n - at < TOGETHER ? s->n - at : TOGETHER;

		for (size_t i = 0; i < n; i++)
			in[i] = (struct keccak_input){.body = s->value[at + i]};
		keccak256_many(h, in, n);
		for (size_t i = 0; i < n; i++)
			s->key[at + i] = key_of(&h[i]);
	}
}

static struct bloom_key key(struct bloom_cache *c, const void *p, size_t n)
{
	return c ? bloom_cache_key(c, p, n) : bloom_key(p, n);
}

void bloom_cache_add_log(struct bloom_cache *c, uint8_t bloom[256], const struct log *l)
{
	bloom_add(bloom, key(c, l->address.b, sizeof(l->address.b)));
	for (unsigned i = 0; i < l->topic_count; i++)
		bloom_add(bloom, key(c, l->topics[i].b, sizeof(l->topics[i].b)));
}

bool bloom_cache_has_log(struct bloom_cache *c, const uint8_t bloom[256], const struct log *l)
{
	if (!bloom_has(bloom, key(c, l->address.b, sizeof(l->address.b))))
		return false;
	for (unsigned i = 0; i < l->topic_count; i++)
		if (!bloom_has(bloom, key(c, l->topics[i].b, sizeof(l->topics[i].b))))
			return false;
	return true;
}

void bloom_add_log(uint8_t bloom[256], const struct log *l)
{
	bloom_cache_add_log(NULL, bloom, l);
}

bool bloom_has_log(const uint8_t bloom[256], const struct log *l)
{
	return bloom_cache_has_log(NULL, bloom, l);
}

bool bloom_is_zero(const uint8_t bloom[256])
{
	uint8_t any = 0;

	for (int i = 0; i < 256; i++)
		any |= bloom[i];
	return !any;
}
