/*
 * Members are addresses; a watch applies to every member of its contract. For the bloom test each
 * (member, watch) is a probe: one address key and the alternatives of each topic. A watch on token
 * transfers from or to accounted contracts becomes one probe for each accounted member, so that a
 * transfer of one of them that a node leaves out is noticed although others are there.
 *
 * A member is in force from a block on: a fixed contract from the block the network file names, a
 * discovered one from the block that announced it, that whole block included. So what is kept of a
 * block depends on the discoveries up to that block and on nothing else: not on the range it was
 * fetched with, nor on how many ranges were in flight.
 */
#include "ingest/watchset.h"

#include "chain/bloom.h"
#include "verify/block.h"

#include <stdio.h>
#include <stdlib.h>

#define FILTER_ADDRESSES_MAX 500 /* in one filter; TRON refuses more than 1000 */

struct member {
	struct address address;
	const struct contract *contract;
	uint64_t from;
	unsigned version;
	struct bloom_key key;      /* the address as a log's emitter */
	struct bloom_key as_topic; /* the address as a topic */
};

struct probe {
	struct bloom_watch keys;
	const struct watch *watch;
	uint32_t member;
	int32_t party; /* accounted member that has to be from or to; -1: any */
	uint64_t from;
	unsigned version;
};

struct watchset {
	const struct chain_conf *chain;
	struct member *members;
	size_t count, room, fixed;
	uint32_t *by_address; /* indexes of members, ascending by address */
	unsigned version;
	struct arena *mem; /* probes and their keys; made again when the set changes */
	struct probe *probes;
	size_t probe_count;
};

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static struct hash32 topic_of(const struct address *a)
{
	struct hash32 t = {{0}};

	memcpy(t.b + 12, a->b, sizeof(a->b));
	return t;
}

static bool has_topic(const struct hash32 *set, size_t n, const struct hash32 *t)
{
	for (size_t i = 0; i < n; i++)
		if (hash_eq(&set[i], t))
			return true;
	return false;
}

/* ---- members --------------------------------------------------------------------------------- */

/* First position in by_address whose address is not below a. */
static size_t lower_bound(const struct watchset *ws, const struct address *a)
{
	size_t lo = 0, hi = ws->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(ws->members[ws->by_address[mid]].address.b, a->b, sizeof(a->b)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The i-th position's member when it has that address, else NULL. */
static const struct member *at(const struct watchset *ws, size_t i, const struct address *a)
{
	const struct member *m;

	if (i >= ws->count)
		return NULL;
	m = &ws->members[ws->by_address[i]];
	return address_eq(&m->address, a) ? m : NULL;
}

static void insert(
	struct watchset *ws, const struct address *a, const struct contract *c, uint64_t from)
{
	struct hash32 topic = topic_of(a);
	size_t pos;

	if (ws->count == ws->room) {
		ws->room = ws->room ? ws->room * 2 : 32;
		ws->members = must(realloc(ws->members, ws->room * sizeof(*ws->members)));
		ws->by_address = must(realloc(ws->by_address, ws->room * sizeof(*ws->by_address)));
	}
	pos = lower_bound(ws, a);
	memmove(ws->by_address + pos + 1, ws->by_address + pos,
		(ws->count - pos) * sizeof(*ws->by_address));
	ws->by_address[pos] = (uint32_t)ws->count;
	ws->members[ws->count++] = (struct member){.address = *a,
		.contract = c,
		.from = from,
		.version = ws->version,
		.key = bloom_key(a->b, sizeof(a->b)),
		.as_topic = bloom_key(topic.b, sizeof(topic.b))};
}

static const struct bloom_key *keys_of(struct arena *mem, const struct hash32 *topics, size_t n)
{
	struct bloom_key *k = arena_calloc(mem, n, sizeof(*k));

	for (size_t i = 0; i < n; i++)
		k[i] = bloom_key(topics[i].b, sizeof(topics[i].b));
	return k;
}

static void probe_add(struct watchset *ws, size_t *room, const struct probe *p)
{
	arena_grow(ws->mem, &ws->probes, room, ws->probe_count + 1, sizeof(*ws->probes));
	ws->probes[ws->probe_count++] = *p;
}

static void probes_of(
	struct watchset *ws, size_t *room, const struct watch *w, const struct bloom_watch *keys)
{
	for (size_t i = 0; i < ws->count; i++) {
		const struct member *m = &ws->members[i];
		struct probe p = {.keys = *keys,
			.watch = w,
			.member = (uint32_t)i,
			.party = -1,
			.from = m->from,
			.version = m->version};

		if (m->contract != w->contract)
			continue;
		p.keys.addresses = arena_dup(ws->mem, &m->key, sizeof(m->key));
		p.keys.address_count = 1;
		if (!w->accounted_from_to) {
			probe_add(ws, room, &p);
			continue;
		}
		for (size_t k = 0; k < ws->count; k++) {
			const struct member *a = &ws->members[k];
			struct probe q = p;

			if (!a->contract->accounted)
				continue;
			q.party = (int32_t)k;
			q.keys.topics[1] = arena_dup(ws->mem, &a->as_topic, sizeof(a->as_topic));
			q.keys.topic_count[1] = 1;
			q.from = a->from > m->from ? a->from : m->from;
			q.version = a->version > m->version ? a->version : m->version;
			probe_add(ws, room, &q);
		}
	}
}

static void build_probes(struct watchset *ws)
{
	size_t room = 0;

	arena_reset(ws->mem);
	ws->probes = NULL;
	ws->probe_count = 0;
	for (size_t i = 0; i < ws->chain->watch_count; i++) {
		const struct watch *w = &ws->chain->watches[i];
		struct bloom_watch keys = {0};

		for (int t = 0; t < LOG_TOPICS_MAX; t++) {
			keys.topics[t] = keys_of(ws->mem, w->topics[t], w->topic_count[t]);
			keys.topic_count[t] = w->topic_count[t];
		}
		probes_of(ws, &room, w, &keys);
	}
}

static const struct contract *template_of(const struct chain_conf *chain, const struct discovery *d)
{
	for (size_t i = 0; i < chain->rule_count; i++)
		if (d->rule && !strcmp(chain->rules[i].name, d->rule))
			return chain->rules[i].finds;
	for (size_t i = 0; i < chain->contract_count; i++)
		if (!chain->contracts[i].fixed && !strcmp(chain->contracts[i].name, d->contract))
			return &chain->contracts[i];
	return NULL;
}

struct watchset *watchset_new(const struct chain_conf *chain)
{
	struct watchset *ws = must(calloc(1, sizeof(*ws)));

	ws->chain = chain;
	ws->mem = arena_new(16u << 20);
	ws->version = 1;
	for (size_t i = 0; i < chain->contract_count; i++)
		if (chain->contracts[i].fixed)
			insert(ws, &chain->contracts[i].address, &chain->contracts[i],
				chain->contracts[i].from_block);
	ws->fixed = ws->count;
	build_probes(ws);
	return ws;
}

void watchset_free(struct watchset *ws)
{
	if (!ws)
		return;
	free(ws->members);
	free(ws->by_address);
	arena_free(ws->mem);
	free(ws);
}

static bool add(struct watchset *ws, const struct discovery *d)
{
	const struct contract *c = template_of(ws->chain, d);

	if (!c || watchset_knows(ws, &d->address))
		return false;
	ws->version++;
	insert(ws, &d->address, c, d->block);
	return true;
}

void watchset_reset(struct watchset *ws, const struct discovery *found, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < ws->count; i++)
		if (ws->by_address[i] < ws->fixed)
			ws->by_address[kept++] = ws->by_address[i];
	ws->count = kept;
	ws->version = 1;
	for (size_t i = 0; i < n; i++)
		add(ws, &found[i]);
	build_probes(ws);
}

bool watchset_add(struct watchset *ws, const struct discovery *d)
{
	if (!add(ws, d))
		return false;
	build_probes(ws);
	return true;
}

unsigned watchset_version(const struct watchset *ws)
{
	return ws->version;
}

bool watchset_knows(const struct watchset *ws, const struct address *a)
{
	return at(ws, lower_bound(ws, a), a);
}

uint64_t watchset_from(const struct watchset *ws, unsigned since)
{
	uint64_t from = UINT64_MAX;

	for (size_t i = 0; i < ws->count; i++)
		if (ws->members[i].version > since && ws->members[i].from < from)
			from = ws->members[i].from;
	return from;
}

/* ---- matching -------------------------------------------------------------------------------- */

static bool topics_match(const struct watch *w, const struct log *l)
{
	for (unsigned t = 0; t < LOG_TOPICS_MAX; t++) {
		if (!w->topic_count[t])
			continue;
		if (t >= l->topic_count ||
			!has_topic(w->topics[t], w->topic_count[t], &l->topics[t]))
			return false;
	}
	return true;
}

static bool topic_address(const struct hash32 *t, struct address *a)
{
	static const uint8_t zero[12];

	memcpy(a->b, t->b + 12, sizeof(a->b));
	return !memcmp(t->b, zero, sizeof(zero));
}

static bool party_match(const struct watchset *ws, uint64_t number, const struct log *l)
{
	struct address a;

	for (unsigned t = 1; t <= 2 && t < l->topic_count; t++)
		if (topic_address(&l->topics[t], &a) && watchset_accounted(ws, number, &a))
			return true;
	return false;
}

unsigned watchset_match(const struct watchset *ws, uint64_t number, const struct log *l)
{
	const struct member *m;
	unsigned bits = 0;

	for (size_t i = lower_bound(ws, &l->address); (m = at(ws, i, &l->address)); i++) {
		if (m->from > number)
			continue;
		for (size_t k = 0; k < ws->chain->watch_count; k++) {
			const struct watch *w = &ws->chain->watches[k];

			if (w->contract != m->contract || !topics_match(w, l))
				continue;
			if (w->accounted_from_to && !party_match(ws, number, l))
				continue;
			bits |= w->sum_only ? WATCH_SUM : WATCH_KEEP;
		}
	}
	return bits;
}

const struct contract *watchset_accounted(
	const struct watchset *ws, uint64_t number, const struct address *a)
{
	const struct member *m;

	for (size_t i = lower_bound(ws, a); (m = at(ws, i, a)); i++)
		if (m->from <= number && m->contract->accounted)
			return m->contract;
	return NULL;
}

bool watchset_partnership(const struct watchset *ws, const struct contract *c)
{
	const struct chain_conf *chain = ws->chain;

	if (c->mapping)
		return true;
	for (size_t i = 0; i < chain->rule_count; i++)
		if (chain->rules[i].kind == DISCOVER_NFT_OWNER &&
			(chain->rules[i].finds == c ||
				!strcmp(chain->rules[i].finds->name, c->name)))
			return true;
	return false;
}

/* ---- bloom ----------------------------------------------------------------------------------- */

bool watchset_bloom(const struct watchset *ws, uint64_t number, const uint8_t bloom[256],
	unsigned since, unsigned bits)
{
	for (size_t i = 0; i < ws->probe_count; i++) {
		const struct probe *p = &ws->probes[i];

		if (p->version > since && p->from <= number &&
			(p->watch->sum_only ? WATCH_SUM : WATCH_KEEP) & bits &&
			verify_bloom_may(bloom, &p->keys))
			return true;
	}
	return false;
}

static bool probe_match(const struct watchset *ws, const struct probe *p, const struct log *l)
{
	struct hash32 t;

	if (!address_eq(&l->address, &ws->members[p->member].address) || !topics_match(p->watch, l))
		return false;
	if (p->party < 0)
		return true;
	t = topic_of(&ws->members[p->party].address);
	return (l->topic_count > 1 && hash_eq(&l->topics[1], &t)) ||
	       (l->topic_count > 2 && hash_eq(&l->topics[2], &t));
}

bool watchset_missing(const struct watchset *ws, uint64_t number, const uint8_t bloom[256],
	const struct log *logs, size_t n)
{
	for (size_t i = 0; i < ws->probe_count; i++) {
		const struct probe *p = &ws->probes[i];
		size_t k = 0;

		if (p->from > number || !verify_bloom_may(bloom, &p->keys))
			continue;
		while (k < n && !probe_match(ws, p, &logs[k]))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

/* ---- filters --------------------------------------------------------------------------------- */

/* A filter that grows while it is put together. */
struct draft {
	struct address *addresses;
	size_t address_count, address_room;
	struct hash32 *topics[LOG_TOPICS_MAX];
	size_t topic_count[LOG_TOPICS_MAX], topic_room[LOG_TOPICS_MAX];
};

struct drafts {
	struct arena *mem;
	struct draft *v;
	size_t n, room;
};

static struct draft *draft_new(struct drafts *d)
{
	arena_grow(d->mem, &d->v, &d->room, d->n + 1, sizeof(*d->v));
	d->v[d->n] = (struct draft){0};
	return &d->v[d->n++];
}

static void draft_address(struct drafts *d, struct draft *f, const struct address *a)
{
	for (size_t i = 0; i < f->address_count; i++)
		if (address_eq(&f->addresses[i], a))
			return;
	arena_grow(d->mem, &f->addresses, &f->address_room, f->address_count + 1,
		sizeof(*f->addresses));
	f->addresses[f->address_count++] = *a;
}

static void draft_topics(
	struct drafts *d, struct draft *f, int t, const struct hash32 *set, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (has_topic(f->topics[t], f->topic_count[t], &set[i]))
			continue;
		arena_grow(d->mem, &f->topics[t], &f->topic_room[t], f->topic_count[t] + 1,
			sizeof(*f->topics[t]));
		f->topics[t][f->topic_count[t]++] = set[i];
	}
}

static bool only_topic0(const size_t counts[LOG_TOPICS_MAX])
{
	return counts[0] && !counts[1] && !counts[2] && !counts[3];
}

/* A draft for one address and topic0 alternatives can take further alternatives. */
static struct draft *draft_for_topic0(struct drafts *d, const struct address *a)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].address_count == 1 && address_eq(&d->v[i].addresses[0], a) &&
			only_topic0(d->v[i].topic_count))
			return &d->v[i];
	return NULL;
}

/* Parties of token transfers, newer than `since`, as topic i of the filter's copy. */
static void draft_parties(const struct watchset *ws, struct drafts *d, const struct watch *w,
	const struct address *token, struct block_range r, unsigned since)
{
	for (int t = 1; t <= 2; t++) {
		struct draft *f = NULL;

		for (size_t i = 0; i < ws->count; i++) {
			const struct member *m = &ws->members[i];
			struct hash32 topic = topic_of(&m->address);

			if (!m->contract->accounted || m->from > r.to || m->version <= since)
				continue;
			if (!f || f->topic_count[t] == FILTER_ADDRESSES_MAX) {
				f = draft_new(d);
				draft_address(d, f, token);
				draft_topics(d, f, 0, w->topics[0], w->topic_count[0]);
			}
			draft_topics(d, f, t, &topic, 1);
		}
	}
}

static void draft_watch(const struct watchset *ws, struct drafts *d, const struct watch *w,
	struct block_range r, unsigned since)
{
	bool any = true;
	size_t used = d->n; /* drafts of this watch start here */

	for (int t = 0; t < LOG_TOPICS_MAX; t++)
		any = any && !w->topic_count[t];
	for (size_t i = 0; i < ws->count; i++) {
		const struct member *m = &ws->members[i];
		struct draft *f = NULL;

		if (m->contract != w->contract || m->from > r.to)
			continue;
		if (w->accounted_from_to) {
			draft_parties(ws, d, w, &m->address, r, m->version > since ? 0 : since);
			continue;
		}
		if (m->version <= since)
			continue;
		if (any) { /* the first drafts of all: see watchset_filters */
			f = &d->v[0];
		} else if (only_topic0(w->topic_count) && m->contract->fixed) {
			f = draft_for_topic0(d, &m->address);
		} else if (d->n > used && d->v[d->n - 1].address_count < FILTER_ADDRESSES_MAX) {
			f = &d->v[d->n - 1];
		}
		if (!f)
			f = draft_new(d);
		draft_address(d, f, &m->address);
		for (int t = 0; t < LOG_TOPICS_MAX; t++)
			draft_topics(d, f, t, w->topics[t], w->topic_count[t]);
	}
}

size_t watchset_filters(const struct watchset *ws, struct block_range r, unsigned since,
	struct arena *mem, struct log_filter **out)
{
	struct drafts d = {.mem = mem};
	struct log_filter *f;
	size_t n = 0, parts = 0;

	draft_new(&d); /* [0]: every address of which anything is wanted */
	for (size_t i = 0; i < ws->chain->watch_count; i++)
		draft_watch(ws, &d, &ws->chain->watches[i], r, since);
	for (size_t i = 0; i < d.n; i++)
		parts += (d.v[i].address_count + FILTER_ADDRESSES_MAX - 1) / FILTER_ADDRESSES_MAX;
	f = arena_calloc(mem, parts, sizeof(*f));
	for (size_t i = 0; i < d.n; i++)
		for (size_t at0 = 0; at0 < d.v[i].address_count; at0 += FILTER_ADDRESSES_MAX) {
			size_t left = d.v[i].address_count - at0;

			f[n].addresses = d.v[i].addresses + at0;
			f[n].address_count =
				left < FILTER_ADDRESSES_MAX ? left : FILTER_ADDRESSES_MAX;
			for (int t = 0; t < LOG_TOPICS_MAX; t++) {
				f[n].topics[t] = d.v[i].topics[t];
				f[n].topic_count[t] = d.v[i].topic_count[t];
			}
			n++;
		}
	*out = f;
	return n;
}
