#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/** Milliseconds and microseconds of a clock that never goes back; for intervals only. */
uint64_t clock_ms(void);
uint64_t clock_us(void);

/** Wall clock, milliseconds since 1970. May jump; never used to order or to time out. */
int64_t clock_wall_ms(void);

/** RFC 3339 in UTC with Z and no fraction ("2024-01-01T00:00:00Z"); out has at least 32 bytes. */
void clock_rfc3339(char out[32], int64_t unix_seconds);

/** Parse RFC 3339 with any offset or Z, optional fraction (dropped). Returns 0, or -1. */
int clock_parse_rfc3339(int64_t *unix_seconds, const char *s, uint64_t len);

/** Sleep at most ms. */
void clock_sleep_ms(unsigned ms);

#endif
