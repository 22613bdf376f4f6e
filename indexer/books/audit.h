#ifndef BOOKS_AUDIT_H
#define BOOKS_AUDIT_H

/*
 * Is what stands in the database what follows from the blocks that stand there? Reads one snapshot;
 * changes no table. What it needs to compare is in temporary tables of its own connection.
 */
#include "books/books.h"

struct audit_conf {
	struct books_conf books; /* chain: any chain; initial_state only for the staking one */
	bool staking;            /* the chain has a ledger */
	size_t sample;           /* blocks whose links and proofs are checked; 0: all */
	uint64_t seed;           /* of the sample */
	/* A finding. block -1: the table as a whole. */
	void (*found)(void *arg, const char *chain, const char *table, int64_t block,
		const char *text, const char *advice);
	void (*progress)(void *arg, const char *chain, const char *what, int64_t block); /* NULL: none */
	void *arg;
};

/**
 * Check one chain. Errors: could not check: as pg_open and pg_query; ERR_FATAL the schema is not this
 * program's, or the chain is not in the database.
 */
MUST_USE enum err_kind audit_chain(const struct audit_conf *c, struct err *e);

#endif
