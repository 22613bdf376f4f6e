#ifndef BOOKS_BOOKS_H
#define BOOKS_BOOKS_H

/*
 * The ledger of a staking chain in the database: one thread reads the canonical prefix as it is
 * stored, folds it (ledger/) and writes what changed. Any number of processes may run it; one works
 * at a time.
 */
#include "base/err.h"
#include "network/network.h"

struct books;

struct books_conf {
	const struct chain_conf *chain; /* of role staking */
	const struct chain_conf *child; /* of role child: BTTC; NULL: none */
	const char *database;
	const char *initial_state; /* of the network; NULL: none */
	const char *revision;      /* of the network: rows of another one are made anew */
};

/** Start the thread; conf's parts outlive it. */
MUST_USE enum err_kind books_start(
	struct books **out, const struct books_conf *conf, struct err *e);

/** End when everything that is stored now and until then is folded. */
void books_finish(struct books *b);

bool books_ended(const struct books *b);

/** Why the thread ended although nobody asked, or NULL. Lives as long as b. */
const char *books_trouble(const struct books *b);

/** Wait for the end and free. ERR_NONE, ERR_STOP, or ERR_FATAL: a person has to look. */
enum err_kind books_join(struct books *b, struct err *e);

#endif
