/*
 * Open addressing with linear probing over a dense, chunked array of records.
 *
 * Slots hold numbers of records, so that growing the slots moves no record, and records keep their
 * addresses while others are made: code that edits two records at once needs no care. Removal is
 * only ever of the newest record (an undone block takes back what it made, newest first), by
 * backward shift, so that no tombstones gather.
 */
#include "ledger/table.h"

#include <stdlib.h>

#define CHUNK 256

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void table_grow(void *p, size_t *cap, size_t need, size_t size)
{
	void **array = p;
	size_t n = *cap ? *cap : 16;

	if (need <= *cap)
		return;
	while (n < need)
		n *= 2;
	*array = must(realloc(*array, n * size));
	*cap = n;
}

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	unsigned __int128 p = (unsigned __int128)(h ^ v) * 0x9e3779b97f4a7c15ULL;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t hash_key(const struct ledger_key *key)
{
	uint64_t w[6];
	uint64_t h = 0x243f6a8885a308d3ULL;

	_Static_assert(sizeof(*key) == sizeof(w), "a key has no padding");
	memcpy(w, key, sizeof(w));
	for (unsigned i = 0; i < 6; i++)
		h = mix(h + i, w[i]);
	return h;
}

void table_init(struct table *t, size_t record_size)
{
	*t = (struct table){.size = record_size, .entry = record_size + sizeof(uint64_t)};
	t->mask = 63;
	t->slots = must(calloc(t->mask + 1, sizeof(*t->slots)));
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->chunk_count; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->slots);
}

static const struct ledger_key *key_at(const struct table *t, uint32_t i)
{
	return table_record(t, i);
}

uint32_t table_find(const struct table *t, const struct ledger_key *key)
{
	for (size_t s = hash_key(key) & t->mask; t->slots[s]; s = (s + 1) & t->mask)
		if (!memcmp(key_at(t, t->slots[s] - 1), key, sizeof(*key)))
			return t->slots[s] - 1;
	return UINT32_MAX;
}

static void put_slot(struct table *t, uint32_t i)
{
	size_t s = hash_key(key_at(t, i)) & t->mask;

	while (t->slots[s])
		s = (s + 1) & t->mask;
	t->slots[s] = i + 1;
}

static void grow_slots(struct table *t)
{
	free(t->slots);
	t->mask = t->mask * 2 + 1;
	t->slots = must(calloc(t->mask + 1, sizeof(*t->slots)));
	for (uint32_t i = 0; i < t->count; i++)
		put_slot(t, i);
}

uint32_t table_add(struct table *t, const struct ledger_key *key)
{
	uint32_t i = t->count;

	if (i == UINT32_MAX - 1)
		abort();
	if ((size_t)i >= t->chunk_count * CHUNK) {
		t->chunks = must(realloc(t->chunks, (t->chunk_count + 1) * sizeof(*t->chunks)));
		t->chunks[t->chunk_count++] = must(malloc(CHUNK * t->entry));
	}
	memset(table_entry(t, i), 0, t->entry);
	memcpy(table_record(t, i), key, sizeof(*key));
	t->count++;
	if ((size_t)t->count * 2 > t->mask)
		grow_slots(t);
	else
		put_slot(t, i);
	return i;
}

/* Close the gap at slot `hole`: whatever follows and may stand nearer to its own slot moves up. */
static void close_gap(struct table *t, size_t hole)
{
	for (size_t s = (hole + 1) & t->mask; t->slots[s]; s = (s + 1) & t->mask) {
		size_t home = hash_key(key_at(t, t->slots[s] - 1)) & t->mask;

		if (((s - home) & t->mask) < ((s - hole) & t->mask))
			continue;
		t->slots[hole] = t->slots[s];
		hole = s;
	}
	t->slots[hole] = 0;
}

void table_drop_newest(struct table *t)
{
	uint32_t i = t->count - 1;
	size_t s = hash_key(key_at(t, i)) & t->mask;

	while (t->slots[s] != i + 1)
		s = (s + 1) & t->mask;
	close_gap(t, s);
	t->count--;
}
