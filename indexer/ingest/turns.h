#ifndef INGEST_TURNS_H
#define INGEST_TURNS_H

/*
 * Whose turn it was, for the blocks that get published: on BTTC only a producer that the sprint before
 * has announced may seal, and the difficulties of a sprint have to agree on who is in turn.
 */
#include "ingest/body.h"
#include "verify/sprint.h"

struct turns;

/** recent: published headers, newest last, of which the sprint ends have extraData. */
struct turns *turns_new(const struct chain_conf *chain, const struct header *recent, size_t n);
void turns_free(struct turns *t);

/**
 * Check n blocks that follow block first - 1 of the published branch, above which everything is
 * forgotten. Where the announcement was never seen (the first sprint of a chain, a start in the middle of
 * one) nothing can be said. *t is as before until turns_take.
 * Errors: ERR_REJECT as sprint_check.
 */
MUST_USE enum err_kind turns_check(struct turns *t, uint64_t first, const struct body *b, size_t n,
	struct err *e);

/** What was checked last is published. */
void turns_take(struct turns *t);

#endif
