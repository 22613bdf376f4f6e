/*
 * What a block changed, so that it can be taken back, reported and hashed.
 *
 * The first time a block touches a record, the record is copied into the journal; an entry without
 * bytes says that the block made it. Undo walks the entries backwards, so records are dropped in
 * the reverse order of their making, as the tables demand. Closing a block compares each copy with
 * what the record is now: that gives the list of changes and the step of the checksum, which is a
 * sum over all records and therefore independent of their order. Entries live in one buffer that is
 * reused; a steady state allocates nothing.
 */
#include "ledger/state.h"

#include <stdlib.h>

struct entry {
	uint32_t kind, index; /* of a list of signers: its length */
	uint64_t size;        /* of the copy that follows; 0: made in this block */
};

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Entry, copy, and the whole length again, to be read backwards. */
static size_t entry_length(size_t copy)
{
	return sizeof(struct entry) + padded(copy) + sizeof(uint64_t);
}

static void save(struct journal *j, struct entry head, const void *copy)
{
	size_t n = entry_length(head.size);
	uint64_t length = n;
	char *p;

	table_grow(&j->bytes, &j->cap, j->used + n, 1);
	p = j->bytes + j->used;
	memcpy(p, &head, sizeof(head));
	if (head.size)
		memcpy(p + sizeof(head), copy, head.size);
	memcpy(p + n - sizeof(length), &length, sizeof(length));
	j->used += n;
}

void *state_touch(struct ledger *l, enum ledger_kind kind, uint32_t i)
{
	struct table *t = &l->tables[kind];
	struct entry head = {.kind = kind, .index = i, .size = t->size};

	if (*table_stamp(t, i) != l->journal.stamp) {
		*table_stamp(t, i) = l->journal.stamp;
		save(&l->journal, head, table_record(t, i));
	}
	return table_record(t, i);
}

void *state_edit(struct ledger *l, enum ledger_kind kind, const struct ledger_key *key)
{
	struct table *t = &l->tables[kind];
	uint32_t i = table_find(t, key);
	struct entry head = {.kind = kind};

	if (i == UINT32_MAX) {
		i = table_add(t, key);
		head.index = i;
		*table_stamp(t, i) = l->journal.stamp;
		if (l->journal.stamp)
			save(&l->journal, head, NULL);
		return table_record(t, i);
	}
	return state_touch(l, kind, i);
}

struct address *edit_signers(struct ledger *l, size_t need)
{
	struct journal *j = &l->journal;
	struct entry head = {.kind = LEDGER_SIGNERS, .index = (uint32_t)l->signer_count};

	if (j->stamp && !j->signers_saved) {
		head.size = l->signer_count * sizeof(*l->signers);
		save(j, head, l->signers);
		j->signers_saved = true;
	}
	table_grow(&l->signers, &l->signer_cap, need + 1, sizeof(*l->signers));
	return l->signers;
}

/* ---- sums ---------------------------------------------------------------------------------- */

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	unsigned __int128 p = (unsigned __int128)(h ^ v) * 0xd6e8feb86659fd93ULL;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

struct ledger_sum journal_hash(enum ledger_kind kind, const void *record, size_t n)
{
	struct ledger_sum h = {{0x13198a2e03707344ULL + kind, 0xa4093822299f31d0ULL + n}};
	const char *p = record;

	while (n) {
		size_t part = n < 8 ? n : 8;
		uint64_t v = 0;

		memcpy(&v, p, part);
		h.w[0] = mix(h.w[0] + 0x9e3779b97f4a7c15ULL, v);
		h.w[1] = mix(h.w[1] + 0xbf58476d1ce4e5b9ULL, ~v);
		p += part;
		n -= part;
	}
	return h;
}

static void sum_change(struct ledger_sum *s, struct ledger_sum was, struct ledger_sum is)
{
	s->w[0] += is.w[0] - was.w[0];
	s->w[1] += is.w[1] - was.w[1];
}

static struct ledger_sum hash_signers(const struct address *a, size_t n)
{
	return journal_hash(LEDGER_SIGNERS, a, n * sizeof(*a));
}

struct ledger_sum ledger_checksum_full(const struct ledger *l)
{
	struct ledger_sum s = {{0, 0}}, zero = {{0, 0}};

	for (unsigned k = LEDGER_GLOBAL; k < LEDGER_KIND_COUNT; k++) {
		const struct table *t = &l->tables[k];

		for (uint32_t i = 0; k != LEDGER_SIGNERS && i < t->count; i++)
			sum_change(&s, zero,
				journal_hash((enum ledger_kind)k, table_record(t, i), t->size));
	}
	sum_change(&s, zero, hash_signers(l->signers, l->signer_count));
	return s;
}

/* ---- blocks -------------------------------------------------------------------------------- */

void journal_begin(struct ledger *l, uint64_t number)
{
	struct journal *j = &l->journal;

	table_grow(&j->blocks, &j->block_cap, j->block_count + 1, sizeof(*j->blocks));
	j->blocks[j->block_count++] = (struct journal_block){
		.number = number, .at = j->used, .sum = l->sum, .before = l->block};
	j->stamp++;
	j->signers_saved = false;
	l->block = number;
}

static void add_change(struct ledger_change *c, size_t *n, struct ledger_change change)
{
	c[(*n)++] = change;
}

static void end_entry(struct ledger *l, const struct entry *head, const char *copy,
	struct ledger_change *c, size_t *n)
{
	struct ledger_sum zero = {{0, 0}};
	const struct table *t = &l->tables[head->kind];
	const void *now;

	if (head->kind == LEDGER_SIGNERS) {
		if (head->index == l->signer_count &&
			(!head->size || !memcmp(copy, l->signers, head->size)))
			return;
		sum_change(&l->sum, journal_hash(LEDGER_SIGNERS, copy, head->size),
			hash_signers(l->signers, l->signer_count));
		add_change(c, n, (struct ledger_change){.kind = LEDGER_SIGNERS});
		return;
	}
	now = table_record(t, head->index);
	if (head->size && !memcmp(copy, now, head->size))
		return;
	sum_change(&l->sum,
		head->size ? journal_hash((enum ledger_kind)head->kind, copy, head->size) : zero,
		journal_hash((enum ledger_kind)head->kind, now, t->size));
	add_change(c, n,
		(struct ledger_change){.kind = (enum ledger_kind)head->kind,
			.created = !head->size,
			.key = *(const struct ledger_key *)now});
}

/* Blocks below the window are final: their entries go. */
static void forget(struct journal *j, uint64_t newest)
{
	while (j->block_first < j->block_count &&
		j->blocks[j->block_first].number + j->window <= newest) {
		j->floor = j->blocks[j->block_first++].number;
		j->bounded = true;
	}
	j->first = j->block_first < j->block_count ? j->blocks[j->block_first].at : j->used;
	if (j->first > j->used / 2) {
		memmove(j->bytes, j->bytes + j->first, j->used - j->first);
		for (size_t i = j->block_first; i < j->block_count; i++)
			j->blocks[i].at -= j->first;
		j->used -= j->first;
		j->first = 0;
	}
	if (j->block_first > j->block_count / 2) {
		memmove(j->blocks, j->blocks + j->block_first,
			(j->block_count - j->block_first) * sizeof(*j->blocks));
		j->block_count -= j->block_first;
		j->block_first = 0;
	}
}

void journal_end(struct ledger *l, struct arena *mem, struct ledger_outcome *out)
{
	struct journal *j = &l->journal;
	struct journal_block *b = &j->blocks[j->block_count - 1];
	size_t entries = 0, n = 0;
	struct ledger_change *c;
	struct entry head;

	for (size_t at = b->at; at < j->used; at += entry_length(head.size), entries++)
		memcpy(&head, j->bytes + at, sizeof(head));
	c = arena_alloc(mem, entries * sizeof(*c));
	for (size_t at = b->at; at < j->used; at += entry_length(head.size)) {
		memcpy(&head, j->bytes + at, sizeof(head));
		end_entry(l, &head, j->bytes + at + sizeof(head), c, &n);
	}
	out->changes = c;
	out->change_count = n;
	forget(j, b->number);
}

static void undo_entry(struct ledger *l, const struct entry *head, const char *copy)
{
	struct table *t = &l->tables[head->kind];

	if (head->kind == LEDGER_SIGNERS) {
		l->signer_count = head->index;
		if (head->size)
			memcpy(l->signers, copy, head->size);
	} else if (head->size) {
		memcpy(table_record(t, head->index), copy, head->size);
	} else {
		table_drop_newest(t);
	}
}

static void undo_block(struct ledger *l)
{
	struct journal *j = &l->journal;
	struct journal_block *b = &j->blocks[--j->block_count];
	struct entry head;
	uint64_t length;

	while (j->used > b->at) {
		memcpy(&length, j->bytes + j->used - sizeof(length), sizeof(length));
		j->used -= length;
		memcpy(&head, j->bytes + j->used, sizeof(head));
		undo_entry(l, &head, j->bytes + j->used + sizeof(head));
	}
	l->sum = b->sum;
	l->block = b->before;
	j->stamp++;
}

bool journal_undo(struct ledger *l, uint64_t from)
{
	struct journal *j = &l->journal;

	if (j->bounded && from <= j->floor)
		return false;
	while (j->block_count > j->block_first && j->blocks[j->block_count - 1].number >= from)
		undo_block(l);
	return true;
}

bool journal_any(const struct journal *j)
{
	return j->bounded || j->block_count > j->block_first;
}

void journal_free(struct journal *j)
{
	free(j->bytes);
	free(j->blocks);
}
