#ifndef BOOKS_JOIN_H
#define BOOKS_JOIN_H

#include "books/body.h"

/*
 * The child chain's stored blocks joined to the staking chain: counters of producers per day, and the
 * roots of checkpoints recomputed.
 */

/**
 * One transaction's worth of work. *any: something was done, ask again.
 * child: the network's chain of role child; NULL: there is none, checkpoints stay unchecked.
 */
MUST_USE enum err_kind join_step(
	struct session *s, const struct chain_conf *child, bool *any, struct err *e);

#endif
