#ifndef LEDGER_TABLE_H
#define LEDGER_TABLE_H

/*
 * Records of one kind: found by key, numbered in order of creation, at addresses that never move.
 * The newest record can be removed, no other. Running out of memory aborts.
 */
#include "ledger/ledger.h"

struct table {
	size_t size;  /* of a record */
	size_t entry; /* of a record and its stamp */
	char **chunks;
	size_t chunk_count;
	uint32_t count;
	uint32_t *slots; /* index + 1; 0: empty */
	size_t mask;
};

void table_init(struct table *t, size_t record_size);
void table_free(struct table *t);

/** UINT32_MAX: none. */
uint32_t table_find(const struct table *t, const struct ledger_key *key);

/** A new cleared record with that key, which must not be there; its stamp is 0. */
uint32_t table_add(struct table *t, const struct ledger_key *key);
void table_drop_newest(struct table *t);

static inline char *table_entry(const struct table *t, uint32_t i)
{
	return t->chunks[i >> 8] + (i & 255) * t->entry;
}

static inline void *table_record(const struct table *t, uint32_t i)
{
	return table_entry(t, i) + sizeof(uint64_t);
}

/** For the journal: the last block in which the record was saved. */
static inline uint64_t *table_stamp(const struct table *t, uint32_t i)
{
	return (uint64_t *)(void *)table_entry(t, i);
}

/** At least `need` items of `size` bytes; *cap as arena_grow has it. */
void table_grow(void *p, size_t *cap, size_t need, size_t size);

#endif
