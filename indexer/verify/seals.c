/*
 * Who sealed a block follows from its difficulty once one block of its sprint is known (verify/sprint),
 * and a signature is checked against a known key at a quarter of the cost of recovering the key from it
 * (chain/known_key). So of each sprint one seal is recovered, the rest is checked against the guess, and
 * only where the guess is not confirmed the seal is recovered after all. What is guessed from can
 * therefore be as old or as wrong as it likes: it decides about the cost, never about an author.
 */
#include "verify/seals.h"

#include "chain/known_key.h"
#include "chain/recover.h"
#include "verify/sprint.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCERS   31 /* with tables of 256 KiB each */
#define TABLE_AFTER 64 /* recoveries cost as much as a table */
#define TOGETHER_MIN 4 /* fewer signatures are recovered as fast one by one */

struct producer_key {
	struct address address; /* of `key` */
	uint8_t key[64];
	unsigned seen;           /* recoveries; UINT_MAX: no table, ever */
	struct known_key *known; /* NULL: no table yet */
	uint64_t used;
};

struct seals {
	struct producer_key list[PRODUCERS];
	size_t count;
	uint64_t clock, begun; /* clock of uses, and at the begin of this range */
	struct sprint last; /* the newest announcement met, for guesses */
	struct signature *asked;
	size_t *asked_at, asked_room;
};

struct seals *seals_new(void)
{
	struct seals *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->last.proposer = -1;
	return s;
}

void seals_free(struct seals *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		known_key_free(s->list[i].known);
	free(s->asked);
	free(s->asked_at);
	free(s);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static struct producer_key *find(struct seals *s, const struct address *a)
{
	for (size_t i = 0; i < s->count; i++)
		if (address_eq(&s->list[i].address, a))
			return &s->list[i];
	return NULL;
}

/*
 * Room for a key: a new one, or that of the key that was not used for the longest time. NULL: all were
 * used for this range, so their tables may be waited for.
 */
static struct producer_key *place(struct seals *s)
{
	struct producer_key *oldest = &s->list[0];

	if (s->count < PRODUCERS)
		return &s->list[s->count++];
	for (size_t i = 1; i < s->count; i++)
		if (s->list[i].used < oldest->used)
			oldest = &s->list[i];
	if (oldest->used > s->begun)
		return NULL;
	known_key_free(oldest->known);
	return oldest;
}

/* A table is kept when it confirms the signature that the key was recovered from. */
static void make_table(struct producer_key *p, const struct signature *from)
{
	struct signature again = *from;

	p->known = known_key_new(p->key);
	again.key = p->known;
	if (p->known)
		known_keys_check(&again, 1);
	if (again.proven)
		return;
	known_key_free(p->known);
	p->known = NULL;
	p->seen = UINT_MAX;
}

static void note_key(struct seals *s, const struct address *a, const uint8_t key[64],
	const struct signature *from)
{
	struct producer_key *p = find(s, a);

	if (!p) {
		p = place(s);
		if (!p)
			return;
		*p = (struct producer_key){.address = *a};
		memcpy(p->key, key, sizeof(p->key));
	}
	p->used = ++s->clock;
	if (!p->known && p->seen != UINT_MAX && ++p->seen == TABLE_AFTER)
		make_table(p, from);
}

static bool recover(struct seals *s, const struct signature *sig, struct header_check *out)
{
	uint8_t key[64];

	out->has_author = recover_pubkey(key, &sig->hash, sig->sig, sig->recid);
	if (!out->has_author)
		return false;
	recover_key_address(&out->author, key);
	note_key(s, &out->author, key, sig);
	return true;
}

/* ---- guesses ------------------------------------------------------------------------------- */

/* The producers of the sprint that h belongs to, as far as is known: those of the newest one. */
static struct sprint *turns_of(struct seals *s, const struct header *h)
{
	uint64_t first = h->number - h->number % BTTC_SPRINT;

	if (s->last.first != first) {
		s->last.first = first;
		s->last.proposer = -1;
	}
	return &s->last;
}

static struct producer_key *guess(struct seals *s, const struct header *h)
{
	struct sprint *t = turns_of(s, h);
	size_t n = t->count, behind;

	if (t->proposer < 0 || !u256_fits_u64(h->difficulty) || h->difficulty.w[0] > n ||
		!h->difficulty.w[0])
		return NULL;
	behind = n - (size_t)h->difficulty.w[0];
	return find(s, &t->list[((size_t)t->proposer + behind) % n].address);
}

/* An author is known for sure: it tells who is in turn. */
static void learn(struct seals *s, const struct header *h, const struct address *author)
{
	unsigned succession;
	struct err e;

	(void)!sprint_check(turns_of(s, h), h, author, &succession, &e);
}

static void note_announcement(struct seals *s, const struct header *h)
{
	struct sprint next;
	struct err e;

	if ((h->number + 1) % BTTC_SPRINT == 0 && !sprint_load(&next, h, &e))
		s->last = next;
}

/* ---- a range ------------------------------------------------------------------------------- */

static void make_room(struct seals *s, size_t n)
{
	if (n <= s->asked_room)
		return;
	free(s->asked);
	free(s->asked_at);
	s->asked = calloc(n, sizeof(*s->asked));
	s->asked_at = calloc(n, sizeof(*s->asked_at));
	if (!s->asked || !s->asked_at)
		abort();
	s->asked_room = n;
}

/* Authors of n headers that passed verify_unsealed; returns how many come before the first without one. */
static size_t find_authors(
	struct seals *s, const struct header *h, size_t n, struct header_check *out)
{
	struct hash32 hash[HEADERS_TOGETHER];
	size_t asked = 0, good = n;

	make_room(s, n);
	s->begun = s->clock;
	for (size_t i = 0; i < n; i++) {
		size_t left = n - i < HEADERS_TOGETHER ? n - i : HEADERS_TOGETHER;
		struct producer_key *p;
		struct signature sig;

		if (i % HEADERS_TOGETHER == 0)
			header_seal_hash_many(hash, h + i, left);
		if (!h[i].number)
			continue;
		sig = (struct signature){.hash = hash[i % HEADERS_TOGETHER],
			.sig = h[i].extra.p + h[i].extra.n - 65};
		sig.recid = sig.sig[64];
		p = guess(s, &h[i]);
		if (p && p->known) {
			p->used = ++s->clock;
			sig.key = p->known;
			out[i].author = p->address;
			s->asked_at[asked] = i;
			s->asked[asked++] = sig;
		} else if (recover(s, &sig, &out[i])) {
			learn(s, &h[i], &out[i].author);
		} else {
			good = i;
			break;
		}
		note_announcement(s, &h[i]);
	}
	if (asked >= TOGETHER_MIN)
		known_keys_check(s->asked, asked);
	for (size_t k = 0; k < asked; k++) {
		size_t i = s->asked_at[k];

		out[i].has_author = true;
		if (!s->asked[k].proven && !recover(s, &s->asked[k], &out[i]))
			return i;
	}
	return good;
}

/* All but the seals; returns the number of headers before the first that fails. */
static size_t check_contents(enum header_kind kind, uint64_t first, const struct header *h, size_t n,
	struct header_check *out, enum err_kind *k, struct err *e)
{
	struct hash32 hash[HEADERS_TOGETHER];

	*k = ERR_NONE;
	for (size_t i = 0; i < n; i++) {
		size_t left = n - i < HEADERS_TOGETHER ? n - i : HEADERS_TOGETHER;

		if (kind != HEADER_TRON && i % HEADERS_TOGETHER == 0)
			header_hash_many(hash, h + i, left);
		*k = verify_unsealed(
			kind, first + i, &h[i], &hash[i % HEADERS_TOGETHER], &out[i], e);
		if (*k)
			return i;
	}
	return n;
}

enum err_kind verify_headers(struct seals *s, enum header_kind kind, uint64_t first,
	const struct header *h, size_t n, struct header_check *out, struct err *e)
{
	enum err_kind k;
	size_t fit = check_contents(kind, first, h, n, out, &k, e), sealed = fit;

	if (kind == HEADER_BTTC)
		sealed = find_authors(s, h, fit, out);
	if (sealed < fit)
		return verify_header(kind, first + sealed, &h[sealed], &out[sealed], e);
	return k;
}
