#ifndef VERIFY_SPRINT_H
#define VERIFY_SPRINT_H

/*
 * May this account have sealed this BTTC block, and was it its turn? The last header of a sprint
 * announces the producers of the next one; a block's difficulty says how many of them were passed
 * over. Pure; the caller keeps one struct sprint per branch.
 */
#include "base/err.h"
#include "chain/header.h"

#define SPRINT_PRODUCERS_MAX 128

/** Producers of the sprint that starts at block `first`. Plain value, may be copied. */
struct sprint {
	uint64_t first;
	size_t count;
	int proposer; /* index of the in-turn producer; -1 until a block was checked */
	struct producer list[SPRINT_PRODUCERS_MAX]; /* ascending by address */
};

/**
 * The producers that a sprint-end header announces. The header must have passed verify_header.
 * Errors: ERR_REJECT as header_check_producers, or more than SPRINT_PRODUCERS_MAX.
 */
MUST_USE enum err_kind sprint_load(struct sprint *s, const struct header *end, struct err *e);

/**
 * Check the author of a block of this sprint. *succession: producers passed over, 0 = in turn.
 * The first block checked fixes the in-turn producer, which is the same for the whole sprint.
 * Errors: ERR_REJECT the block is not of this sprint, the author is no producer, or the difficulty
 * is out of range or means another in-turn producer than before. *s and *succession are then
 * untouched.
 */
MUST_USE enum err_kind sprint_check(struct sprint *s, const struct header *h,
	const struct address *author, unsigned *succession, struct err *e);

/**
 * keccak256 over address and 20-byte power of each producer, in order: equal sets, equal hashes.
 */
void sprint_set_hash(struct hash32 *out, const struct sprint *s);

#endif
