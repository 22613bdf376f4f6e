/*
 * When do readers see a block? Polls a chain's position as the API's readers know it
 * (chain.head.indexed, with the block's rows there) every half millisecond, and prints for each new
 * block how many microseconds after it could be read from the node it became visible.
 *
 *   bench_live DSN CHAIN_ID START_HEAD ZERO_US PERIOD_US COUNT
 *
 * The node makes block START_HEAD + i at wall clock ZERO_US + i * PERIOD_US. The first block seen
 * is not counted: it may have been there before.
 */
#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define POLL_NS 500000

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Newest visible block, 0 before the first; ends the program when its rows are not there. */
static uint64_t visible(PGconn *c, const char *chain)
{
	PGresult *r = PQexecPrepared(c, "visible", 1, &chain, NULL, NULL, 0);
	uint64_t n = 0;

	if (PQresultStatus(r) != PGRES_TUPLES_OK) {
		fprintf(stderr, "bench_live: %s", PQerrorMessage(c));
		exit(1);
	}
	if (PQntuples(r) && !PQgetisnull(r, 0, 0)) {
		n = strtoull(PQgetvalue(r, 0, 0), NULL, 10);
		if (PQgetvalue(r, 0, 1)[0] != 't') {
			fprintf(stderr,
				"bench_live: block %" PRIu64 " is visible without its rows\n", n);
			exit(1);
		}
	}
	PQclear(r);
	return n;
}

int main(int argc, char **argv)
{
	const struct timespec nap = {0, POLL_NS};
	uint64_t start, zero, period, left, seen;
	PGconn *c;

	if (argc != 7) {
		fputs("usage: bench_live DSN CHAIN_ID START_HEAD ZERO_US PERIOD_US COUNT\n",
			stderr);
		return 2;
	}
	start = strtoull(argv[3], NULL, 10);
	zero = strtoull(argv[4], NULL, 10);
	period = strtoull(argv[5], NULL, 10);
	left = strtoull(argv[6], NULL, 10);
	c = PQconnectdb(argv[1]);
	PQclear(PQprepare(c, "visible",
		"SELECT h.indexed, EXISTS (SELECT FROM chain.log l WHERE l.chain_id = h.chain_id "
		"AND "
		"l.block = h.indexed) FROM chain.head h WHERE h.chain_id = $1",
		1, NULL));
	for (seen = visible(c, argv[2]); left;) {
		uint64_t n = visible(c, argv[2]), at = now_us();

		for (; seen && seen < n && left; left--) {
			seen++;
			printf("%" PRId64 "\n", (int64_t)(at - (zero + (seen - start) * period)));
		}
		seen = n;
		fflush(stdout);
		nanosleep(&nap, NULL);
	}
	PQfinish(c);
	return 0;
}
