/*
 * Many hashes side by side: each element of a vector is a word of another sponge, so one permutation
 * serves 8 (AVX-512) or 4 (AVX2) of them; which, is found out at run time. A sponge whose input is over
 * gives its place to the next input, so inputs of all lengths may be mixed. What is left when no
 * inputs wait any more goes on one by one when it is too little for a vector.
 */
#include "chain/keccak.h"

#include "chain/keccak_round.h"

#include <string.h>

#define RATE KECCAK_RATE

/* One by one: 3 permutations cost as much as one of vectors. */
#define FEW 3

static void hash_one(struct hash32 *out, const struct keccak_input *in)
{
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, in->head.p, in->head.n);
	keccak_add(&k, in->body.p, in->body.n);
	keccak_done(&k, out);
}

#if defined(__x86_64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#define WIDEST 8

/* An input on its way. */
struct sponge {
	const struct keccak_input *in; /* NULL: the place is empty */
	struct hash32 *out;
	size_t at, n; /* bytes absorbed, of so many */
};

/* The next RATE bytes of an input, in place or put together (with padding) in room. */
static const uint8_t *next_block(const struct sponge *s, uint8_t room[RATE])
{
	const struct bytes *head = &s->in->head, *body = &s->in->body;
	size_t left = s->n - s->at, n = left < RATE ? left : RATE, first = 0;

	if (left >= RATE && s->at >= head->n)
		return body->p + (s->at - head->n);
	if (s->at + RATE <= head->n)
		return head->p + s->at;
	if (s->at < head->n) {
		first = head->n - s->at < n ? head->n - s->at : n;
		memcpy(room, head->p + s->at, first);
	}
	if (first < n)
		memcpy(room + first, body->p + (s->at + first - head->n), n - first);
	if (left < RATE) {
		memset(room + n, 0, RATE - n);
		room[n] = 0x01;
		room[RATE - 1] |= 0x80;
	}
	return room;
}

/* Words of `lanes` sponges, word by word. */
struct state {
	uint64_t w[25 * WIDEST] __attribute__((aligned(64)));
	struct sponge s[WIDEST];
	const struct keccak_input *in; /* that wait */
	struct hash32 *out;
	size_t waiting;
};

static void fill_place(struct state *t, unsigned lanes, unsigned place)
{
	struct sponge *s = &t->s[place];

	*s = (struct sponge){0};
	if (!t->waiting)
		return;
	*s = (struct sponge){t->in, t->out, 0, t->in->head.n + t->in->body.n};
	t->in++;
	t->out++;
	t->waiting--;
	for (unsigned i = 0; i < 25; i++)
		t->w[i * lanes + place] = 0;
}

static void absorb_all(struct state *t, unsigned lanes)
{
	uint8_t room[RATE];

	for (unsigned p = 0; p < lanes; p++) {
		const uint8_t *block;

		if (!t->s[p].in)
			continue;
		block = next_block(&t->s[p], room);
		for (unsigned i = 0; i < RATE / 8; i++) {
			uint64_t w;

			memcpy(&w, block + 8 * i, 8);
			t->w[i * lanes + p] ^= w;
		}
	}
}

/* After a permutation: take results, begin the next inputs. Returns the places in use. */
static unsigned move_on(struct state *t, unsigned lanes)
{
	unsigned used = 0;

	for (unsigned p = 0; p < lanes; p++) {
		struct sponge *s = &t->s[p];

		if (!s->in)
			continue;
		s->at += RATE;
		if (s->at > s->n) { /* the padded block was the last */
			for (unsigned i = 0; i < 4; i++)
				memcpy(s->out->b + 8 * i, &t->w[i * lanes + p], 8);
			fill_place(t, lanes, p);
		}
		used += s->in != NULL;
	}
	return used;
}

/* The rest of what is in place p, alone. */
static void finish_alone(const struct state *t, unsigned lanes, unsigned p)
{
	const struct sponge *s = &t->s[p];
	const struct bytes *head = &s->in->head, *body = &s->in->body;
	size_t in_head = s->at < head->n ? head->n - s->at : 0, in_body = s->n - s->at - in_head;
	struct keccak k = {.n = 0};

	for (unsigned i = 0; i < 25; i++)
		k.s[i] = t->w[i * lanes + p];
	if (in_head)
		keccak_add(&k, head->p + (head->n - in_head), in_head);
	if (in_body)
		keccak_add(&k, body->p + (body->n - in_body), in_body);
	keccak_done(&k, s->out);
}

typedef uint64_t words4 __attribute__((vector_size(32), may_alias));
typedef uint64_t words8 __attribute__((vector_size(64), may_alias));

__attribute__((target("avx2"))) static void permute4(uint64_t *w)
{
	words4 *s = (words4 *)w;

	KECCAK_ROUNDS(words4, s);
}

__attribute__((target("avx512f"))) static void permute8(uint64_t *w)
{
	words8 *s = (words8 *)w;

	KECCAK_ROUNDS(words8, s);
}

static void hash_lanes(struct hash32 *out, const struct keccak_input *in, size_t n, unsigned lanes)
{
	struct state t = {.in = in, .out = out, .waiting = n};
	unsigned used;

	for (unsigned p = 0; p < lanes; p++)
		fill_place(&t, lanes, p);
	do {
		absorb_all(&t, lanes);
		if (lanes == 8)
			permute8(t.w);
		else
			permute4(t.w);
		used = move_on(&t, lanes);
	} while (used >= FEW);
	for (unsigned p = 0; p < lanes && used; p++)
		if (t.s[p].in)
			finish_alone(&t, lanes, p);
}

/* Sponges that this machine serves at once. */
static unsigned lanes_here(void)
{
	return __builtin_cpu_supports("avx512f") ? 8 : __builtin_cpu_supports("avx2") ? 4 : 1;
}

#else

static void hash_lanes(struct hash32 *out, const struct keccak_input *in, size_t n, unsigned lanes)
{
	(void)lanes;
	for (size_t i = 0; i < n; i++)
		hash_one(&out[i], &in[i]);
}

static unsigned lanes_here(void)
{
	return 1;
}

#endif

void keccak256_many(struct hash32 *out, const struct keccak_input *in, size_t n)
{
	unsigned lanes = lanes_here();

	if (lanes > 1 && n >= FEW) {
		hash_lanes(out, in, n, lanes);
		return;
	}
	for (size_t i = 0; i < n; i++)
		hash_one(&out[i], &in[i]);
}
