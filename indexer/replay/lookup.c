/*
 * Open addressing with linear probing over keys that are hash values already (their first eight
 * bytes choose the place, after a multiplication for keys like 0x00..1010). Never more than half
 * full.
 */
#include "replay/lookup.h"

#include <stdlib.h>
#include <string.h>

struct lookup {
	size_t key_size, mask, count;
	uint8_t *keys;
	uint64_t *values; /* value + 1; 0: free */
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static size_t place(const struct lookup *l, const void *key)
{
	uint64_t a, b;

	memcpy(&a, key, sizeof(a));
	memcpy(&b, (const uint8_t *)key + l->key_size - sizeof(b), sizeof(b));
	return (size_t)(((a ^ b * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull) >> 20) & l->mask;
}

static void make(struct lookup *l, size_t slots)
{
	l->mask = slots - 1;
	l->count = 0;
	l->keys = must(malloc(slots * l->key_size));
	l->values = must(calloc(slots, sizeof(*l->values)));
}

struct lookup *lookup_new(size_t key_size)
{
	struct lookup *l = must(calloc(1, sizeof(*l)));

	l->key_size = key_size;
	make(l, 16);
	return l;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	free(l->keys);
	free(l->values);
	free(l);
}

static void put(struct lookup *l, const void *key, uint64_t stored)
{
	size_t at = place(l, key);

	while (l->values[at])
		at = (at + 1) & l->mask;
	memcpy(l->keys + at * l->key_size, key, l->key_size);
	l->values[at] = stored;
	l->count++;
}

void lookup_add(struct lookup *l, const void *key, uint64_t value)
{
	if ((l->count + 1) * 2 > l->mask) {
		struct lookup old = *l;

		make(l, (old.mask + 1) * 2);
		for (size_t i = 0; i <= old.mask; i++)
			if (old.values[i])
				put(l, old.keys + i * l->key_size, old.values[i]);
		free(old.keys);
		free(old.values);
	}
	put(l, key, value + 1);
}

static bool probe(const struct lookup *l, const void *key, uint64_t *value, size_t *at)
{
	for (; l->values[*at]; *at = (*at + 1) & l->mask)
		if (!memcmp(l->keys + *at * l->key_size, key, l->key_size)) {
			*value = l->values[*at] - 1;
			*at = (*at + 1) & l->mask;
			return true;
		}
	return false;
}

bool lookup_get(const struct lookup *l, const void *key, uint64_t *value, size_t *at)
{
	*at = place(l, key);
	return probe(l, key, value, at);
}

bool lookup_next(const struct lookup *l, const void *key, uint64_t *value, size_t *at)
{
	return probe(l, key, value, at);
}

bool lookup_has(const struct lookup *l, const void *key)
{
	uint64_t v;
	size_t at;

	return lookup_get(l, key, &v, &at);
}
