#ifndef BOOKS_AT_H
#define BOOKS_AT_H

/* The ledger's state at a block, out of the database. */
#include "books/books.h"
#include "ledger/ledger.h"

/**
 * What the staking contracts tell of themselves (globals, root chains, validators, share contracts, signers)
 * as the database has it at the end of a block; free it with ledger_free. Nothing is changed.
 * Errors: as pg_open and pg_query; ERR_AGAIN the ledger does not have the block yet; ERR_REWIND
 * it has another block of that number; ERR_FATAL there is no ledger, or it is of other rules or of another
 * network revision.
 */
MUST_USE enum err_kind books_at(
	struct ledger **out, const struct books_conf *conf, const struct block_id *block, struct err *e);

/** Where the ledger has a parameter from: "network_file of block 108", "event of block 600". */
MUST_USE enum err_kind books_parameter_source(char out[160], const struct books_conf *conf,
	const char *parameter, uint64_t block, struct err *e);

#endif
