#ifndef TESTS_LIB_CHECK_H
#define TESTS_LIB_CHECK_H

/* What every cmocka test needs first, and a seeded generator for property tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/** splitmix64: small, good enough for tests. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/** Seed from BTTC_TEST_SEED, else the clock; printed, so that a failure can be repeated. */
static inline uint64_t rnd_seed(const char *what)
{
	const char *s = getenv("BTTC_TEST_SEED");
	uint64_t seed = s ? strtoull(s, NULL, 0) : (uint64_t)time(NULL);

	printf("%s: BTTC_TEST_SEED=%llu\n", what, (unsigned long long)seed);
	return seed;
}

#endif
