#ifndef BIN_VERIFY_DATABASE_H
#define BIN_VERIFY_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

/** Options of `verify --database`. */
struct verify_database {
	char *database, *network, *chain; /* network, chain NULL: as stored, all */
	int64_t sample, seed;
	bool full, progress;
};

/** Check and print. 0 all fits, 1 a finding was printed, 2 could not check. */
int verify_database(const struct verify_database *c);

#endif
