/*
 * Who signed a main checkpoint whose signatures are nowhere in its transaction (another contract
 * made them up or kept them): the stated reward tells.
 *
 * reward = floor(X·S/T), with X and T known, puts S into a range that is narrower than any
 * difference of stakes; so those who did not sign are the one set of validators, small because two
 * thirds must have signed, whose stake is the rest. More than one such set, or none: nothing is
 * inferred.
 */
#include "ledger/state.h"
#include "ledger/view.h"

#include <stdlib.h>

#define CANDIDATES_MAX 128
#define STEPS_MAX      2000000

struct search {
	uint64_t ids[CANDIDATES_MAX];
	struct u256 stake[CANDIDATES_MAX];
	struct u256 below[CANDIDATES_MAX + 1]; /* sum of this and all later stakes */
	bool out[CANDIDATES_MAX], found[CANDIDATES_MAX];
	size_t n, may_miss, solutions, steps;
	struct u256 low, high; /* of the stake that did not sign */
};

/* Everybody who may sign; not all of them need to be in signers[]. */
static void candidates(struct fold *f, struct search *s)
{
	uint64_t epoch = ledger_global(f->l)->current_epoch;

	for (size_t i = 0; i < ledger_count(f->l, LEDGER_VALIDATOR); i++) {
		const struct ledger_validator *v = ledger_at(f->l, LEDGER_VALIDATOR, i);

		if (s->n == CANDIDATES_MAX || !view_is_validator(v, epoch))
			continue;
		s->ids[s->n] = v->key.n;
		s->stake[s->n++] = u256_add(v->amount, v->delegated_amount);
	}
}

/* Depth first over who is left out; sums only grow, so a branch ends when it is over the range. */
static void walk(struct search *s, size_t i, struct u256 sum, size_t missed)
{
	if (++s->steps > STEPS_MAX || s->solutions > 1 || u256_cmp(sum, s->high) > 0 ||
		missed > s->may_miss)
		return;
	if (i == s->n) {
		if (u256_cmp(sum, s->low) < 0)
			return;
		s->solutions++;
		memcpy(s->found, s->out, sizeof(s->found));
		return;
	}
	if (u256_cmp(u256_add(sum, s->below[i]), s->low) < 0)
		return;
	s->out[i] = false;
	walk(s, i + 1, sum, missed);
	s->out[i] = true;
	walk(s, i + 1, u256_add(sum, s->stake[i]), missed + 1);
	s->out[i] = false;
}

/* S from ceil(reward·T/X) to ceil((reward+1)·T/X) - 1; what did not sign is the total less S. */
static bool set_range(struct fold *f, struct search *s, struct u256 full, struct u256 reward)
{
	struct u256 t = ledger_global(f->l)->total_stake, total = s->below[0], x, rest, from, to;

	if (!u256_mul_ok(&x, reward, t) || !u256_div(&from, &rest, x, full))
		return false;
	if (!u256_is_zero(rest))
		from = u256_add(from, u256_u64(1));
	if (!u256_add_ok(&x, x, t) || !u256_div(&to, &rest, x, full))
		return false;
	if (u256_is_zero(rest))
		to = u256_sub(to, u256_u64(1));
	if (u256_cmp(from, total) > 0 || u256_cmp(to, from) < 0)
		return false;
	s->high = u256_sub(total, from);
	s->low = u256_cmp(to, total) > 0 ? U256_ZERO : u256_sub(total, to);
	return true;
}

static int by_address(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

bool infer_signers(struct fold *f, struct ledger_vote *out, struct u256 full, struct u256 reward)
{
	uint64_t stakers = ledger_global(f->l)->staker_count;
	struct search *s = arena_calloc(f->mem, 1, sizeof(*s));
	uint64_t quorum = 2 * stakers / 3 + 1;

	candidates(f, s);
	if (s->n < quorum || s->n == CANDIDATES_MAX)
		return false;
	s->may_miss = s->n - (size_t)quorum;
	for (size_t i = s->n; i-- > 0;)
		s->below[i] = u256_add(s->below[i + 1], s->stake[i]);
	if (!set_range(f, s, full, reward))
		return false;
	walk(s, 0, U256_ZERO, 0);
	if (s->solutions != 1 || s->steps > STEPS_MAX)
		return false;
	*out = (struct ledger_vote){.signers = arena_alloc(f->mem, s->n * sizeof(*out->signers))};
	for (size_t i = 0; i < s->n; i++)
		if (!s->found[i])
			out->signers[out->count++] = ledger_validator(f->l, s->ids[i])->signer;
	qsort(out->signers, out->count, sizeof(*out->signers), by_address);
	return true;
}
