#ifndef INGEST_WATCHSET_H
#define INGEST_WATCHSET_H

/*
 * Which logs and transactions of a chain are kept: the watches of the network file applied to its
 * fixed contracts and to the contracts that discovery has found so far. The set only grows while a
 * branch is followed; every addition is a new version, so that what was asked for with an older
 * version can be completed by asking for the difference.
 */
#include "chain/types.h"
#include "network/network.h"
#include "source/source.h"

struct watchset;

struct watchset *watchset_new(const struct chain_conf *chain);
void watchset_free(struct watchset *ws);

/** Forget what was discovered, then add found[0..n) in order; starts again at version 1. */
void watchset_reset(struct watchset *ws, const struct discovery *found, size_t n);

/**
 * Add a discovered contract, in force from block d->block on (the whole block). False, and nothing
 * changes, when the address is in the set already or no template has that name.
 */
bool watchset_add(struct watchset *ws, const struct discovery *d);

unsigned watchset_version(const struct watchset *ws); /* 1: fixed contracts only */

/** Is this address a fixed or discovered contract (of any block)? */
bool watchset_knows(const struct watchset *ws, const struct address *a);

/** The lowest block from which a member newer than version `since` is in force. */
uint64_t watchset_from(const struct watchset *ws, unsigned since);

enum { WATCH_KEEP = 1, WATCH_SUM = 2 }; /* a row; counted in the block's fee sum */

/** What becomes of a log of that block: WATCH_* bits, 0: nobody watches it. */
unsigned watchset_match(const struct watchset *ws, uint64_t number, const struct log *l);

/** The accounted contract at that address at that block, or NULL. */
const struct contract *watchset_accounted(
	const struct watchset *ws, uint64_t number, const struct address *a);

/** Is the contract a partnership, whose reverted transactions are kept too? */
bool watchset_partnership(const struct watchset *ws, const struct contract *c);

/**
 * Filters for eth_getLogs over a range that cover members newer than version `since` (0: all), in
 * mem. None (0) when no member is in force in the range.
 */
size_t watchset_filters(const struct watchset *ws, struct block_range r, unsigned since,
	struct arena *mem, struct log_filter **out);

/**
 * May a block with that bloom hold a log that a member newer than `since` watches? bits: only
 * watches with one of these WATCH_* outcomes.
 */
bool watchset_bloom(const struct watchset *ws, uint64_t number, const uint8_t bloom[256],
	unsigned since, unsigned bits);

/**
 * Does the bloom allow a watched log of an address (and party of a token transfer) of which logs[]
 * holds none? True means: logs are missing, or the bloom says so by chance.
 */
bool watchset_missing(const struct watchset *ws, uint64_t number, const uint8_t bloom[256],
	const struct log *logs, size_t n);

#endif
