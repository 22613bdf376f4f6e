#ifndef VERIFY_SEALS_H
#define VERIFY_SEALS_H

/*
 * Headers checked many at a time. On BTTC most of a header's cost is finding out who sealed it; the few
 * producers of the time are remembered here, and whoever probably sealed a block is asked about first.
 */
#include "verify/block.h"

/** Producers met so far: at most 8 MiB. One thread. */
struct seals;

struct seals *seals_new(void);
void seals_free(struct seals *s);

/**
 * verify_header for each of n headers from block `first` on, in order, with the same results and the
 * same error: that of the first header that fails. out: n results, all written when it succeeds.
 */
MUST_USE enum err_kind verify_headers(struct seals *s, enum header_kind kind, uint64_t first,
	const struct header *h, size_t n, struct header_check *out, struct err *e);

#endif
