/*
 * Turn order of Bor. With N producers sorted by address, difficulty = N - succession and succession
 * = (index of the author - index of the in-turn producer) mod N. So the in-turn producer follows
 * from any one block, and every other block of the sprint must agree with it.
 *
 * The first sprint (blocks 0..63) is announced by no header; nothing can be checked there.
 */
#include "verify/sprint.h"

#include "chain/keccak.h"

#include <inttypes.h>

enum err_kind sprint_load(struct sprint *s, const struct header *end, struct err *e)
{
	size_t n;
	enum err_kind k = header_check_producers(end, &n, e);

	if (k)
		return k;
	if (n > SPRINT_PRODUCERS_MAX)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 " announces %zu producers, more than %d", end->number, n,
			SPRINT_PRODUCERS_MAX);
	header_copy_producers(end, s->list, n);
	s->count = n;
	s->first = end->number + 1;
	s->proposer = -1;
	return ERR_NONE;
}

static int find(const struct sprint *s, const struct address *a)
{
	for (size_t i = 0; i < s->count; i++)
		if (address_eq(&s->list[i].address, a))
			return (int)i;
	return -1;
}

enum err_kind sprint_check(struct sprint *s, const struct header *h, const struct address *author,
	unsigned *succession, struct err *e)
{
	int at = find(s, author), n = (int)s->count, behind, proposer;

	if (h->number < s->first || h->number - s->first >= BTTC_SPRINT)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 " is not in the sprint that starts at %" PRIu64, h->number,
			s->first);
	if (at < 0)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64
			" was sealed by an account that is no producer of its sprint",
			h->number);
	if (u256_is_zero(h->difficulty) || u256_cmp(h->difficulty, u256_u64(s->count)) > 0)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64 ": difficulty is not between 1 and the %zu producers",
			h->number, s->count);
	behind = n - (int)h->difficulty.w[0];
	proposer = (at - behind + n) % n;
	if (s->proposer >= 0 && s->proposer != proposer)
		return err_set(e, ERR_REJECT, "verify", 0,
			"block %" PRIu64
			": its difficulty makes producer %d in turn, earlier blocks of "
			"the sprint producer %d",
			h->number, proposer, s->proposer);
	s->proposer = proposer;
	*succession = (unsigned)behind;
	return ERR_NONE;
}

void sprint_set_hash(struct hash32 *out, const struct sprint *s)
{
	struct keccak k;

	keccak_init(&k);
	for (size_t i = 0; i < s->count; i++) {
		uint8_t power[32];

		u256_to_be(power, u256_u64(s->list[i].power));
		keccak_add(&k, s->list[i].address.b, 20);
		keccak_add(&k, power + 12, 20);
	}
	keccak_done(&k, out);
}
