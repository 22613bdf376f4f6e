/*
 * The lookup: address -> contract, then topic 0 and number of topics -> event.
 *
 * Two open-addressing tables. Addresses: the fixed contracts of the chain, and the discovered ones,
 * which come and go with blocks; removing rebuilds the table, because forks are rare and tombstones
 * would be forever. Events: one entry per event of each group of contracts that share their ABI,
 * hashed by group and topic 0 only, so that a log with a known topic 0 but another number of topics
 * finds the event that it is not.
 */
#include "decode/decoder.h"

#include <stdlib.h>

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static size_t mix(uint64_t v)
{
	v *= 0x9e3779b97f4a7c15ull;
	return (size_t)(v ^ v >> 29);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static size_t address_hash(const struct address *a)
{
	return mix(load64(a->b) ^ load64(a->b + 8) * 31 ^ load64(a->b + 12));
}

const struct known *decoder_find(const struct decoder *d, const struct address *a)
{
	size_t i = address_hash(a) & d->slot_mask;

	for (; d->slots[i].contract; i = (i + 1) & d->slot_mask)
		if (address_eq(&d->slots[i].address, a))
			return &d->slots[i];
	return NULL;
}

static void insert(struct decoder *d, const struct address *a, const struct contract *c)
{
	size_t i = address_hash(a) & d->slot_mask;

	while (d->slots[i].contract)
		i = (i + 1) & d->slot_mask;
	d->slots[i] = (struct known){
		.address = *a, .contract = c, .group = d->groups[c - d->chain->contracts]};
	d->slot_used++;
}

/* Make the table anew with room for one more than there are. */
static void rebuild(struct decoder *d)
{
	const struct chain_conf *c = d->chain;
	size_t n = 64;

	while (n < 4 * (c->contract_count + d->found_count + 1))
		n *= 2;
	free(d->slots);
	d->slots = calloc(n, sizeof(*d->slots));
	if (!d->slots)
		abort();
	d->slot_mask = n - 1;
	d->slot_used = 0;
	for (size_t i = 0; i < c->contract_count; i++)
		if (c->contracts[i].fixed)
			insert(d, &c->contracts[i].address, &c->contracts[i]);
	for (size_t i = 0; i < d->found_count; i++)
		insert(d, &d->found[i].address, d->found[i].contract);
}

void decoder_found(struct decoder *d, const struct discovery *f)
{
	const struct contract *c = network_template(d->chain, f->contract);

	if (!c || decoder_find(d, &f->address))
		return;
	if (d->found_count == d->found_cap) {
		d->found_cap = d->found_cap ? 2 * d->found_cap : 32;
		d->found = realloc(d->found, d->found_cap * sizeof(*d->found));
		if (!d->found)
			abort();
	}
	d->found[d->found_count++] =
		(struct found){.address = f->address, .contract = c, .block = f->block};
	if (2 * (d->slot_used + 1) > d->slot_mask)
		rebuild(d);
	else
		insert(d, &f->address, c);
}

void decoder_undo(struct decoder *d, uint64_t from_block)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->found_count; i++)
		if (d->found[i].block < from_block)
			d->found[kept++] = d->found[i];
	if (kept == d->found_count)
		return;
	d->found_count = kept;
	rebuild(d);
}

/* ---- events and functions ------------------------------------------------------------------ */

static size_t event_hash(unsigned group, const struct hash32 *topic0)
{
	return mix(load64(topic0->b) + group * 0xff51afd7ed558ccdull);
}

const struct plan *decoder_plan(
	const struct decoder *d, unsigned group, const struct log *l, const struct plan **other)
{
	size_t i;

	*other = NULL;
	if (!l->topic_count)
		return NULL;
	i = event_hash(group, &l->topics[0]) & d->plan_mask;
	for (; d->plan_slots[i]; i = (i + 1) & d->plan_mask) {
		const struct plan *p = &d->plans[d->plan_slots[i] - 1];

		if (p->group != group || !hash_eq(&p->event->topic0, &l->topics[0]))
			continue;
		if (p->topics == l->topic_count)
			return p;
		*other = p;
	}
	return NULL;
}

const struct abi_function *decoder_function(const struct contract *c, struct bytes input)
{
	if (input.n < 4)
		return NULL;
	for (size_t i = 0; i < c->function_count; i++)
		if (!memcmp(c->functions[i]->selector, input.p, 4))
			return c->functions[i];
	return NULL;
}

/* The first contract that has the same events and mapping stands for the group. */
static unsigned group_of(const struct chain_conf *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (c->contracts[k].events == c->contracts[i].events &&
			c->contracts[k].mapping == c->contracts[i].mapping)
			return (unsigned)k;
	return (unsigned)i;
}

static void add_plans(struct decoder *d, const struct contract *c, unsigned group)
{
	for (size_t i = 0; i < c->event_count; i++) {
		struct plan *p = &d->plans[d->plan_count];
		size_t at;

		if (c->events[i]->anonymous)
			continue;
		plan_make(p, d->chain, c, c->events[i]);
		p->group = group;
		d->plan_count++;
		at = event_hash(group, &p->event->topic0) & d->plan_mask;
		while (d->plan_slots[at])
			at = (at + 1) & d->plan_mask;
		d->plan_slots[at] = (uint32_t)d->plan_count;
	}
}

struct decoder *decoder_new(const struct chain_conf *chain)
{
	struct decoder *d = calloc(1, sizeof(*d));
	size_t events = 0, slots = 64;

	if (!d)
		abort();
	d->chain = chain;
	d->mem = arena_new(SIZE_MAX);
	d->groups = arena_calloc(d->mem, chain->contract_count + 1, sizeof(*d->groups));
	for (size_t i = 0; i < chain->contract_count; i++) {
		d->groups[i] = group_of(chain, i);
		if (d->groups[i] == i)
			events += chain->contracts[i].event_count;
	}
	while (slots < 4 * events)
		slots *= 2;
	d->plan_mask = slots - 1;
	d->plan_slots = arena_calloc(d->mem, slots, sizeof(*d->plan_slots));
	d->plans = arena_calloc(d->mem, events + 1, sizeof(*d->plans));
	for (size_t i = 0; i < chain->contract_count; i++)
		if (d->groups[i] == i)
			add_plans(d, &chain->contracts[i], (unsigned)i);
	rebuild(d);
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	arena_free(d->mem);
	free(d->slots);
	free(d->found);
	free(d);
}
