/* Time: a monotonic clock for intervals, the wall clock for display, RFC 3339 in and out. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void clock_rfc3339(char out[32], int64_t unix_seconds)
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year + 1900 < 0)
		memcpy(out, "0000-00-00T00:00:00Z", 21);
	else
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
static int64_t days_of(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static int digits(const char **s, const char *end, int n, unsigned *out)
{
	unsigned v = 0;

	for (; n; n--, (*s)++) {
		if (*s >= end || **s < '0' || **s > '9')
			return -1;
		v = v * 10 + (unsigned)(**s - '0');
	}
	*out = v;
	return 0;
}

static int expect(const char **s, const char *end, const char *set)
{
	if (*s >= end || !strchr(set, **s))
		return -1;
	(*s)++;
	return 0;
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const unsigned char n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return n[m - 1] + (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

int clock_parse_rfc3339(int64_t *unix_seconds, const char *s, uint64_t len)
{
	const char *end = s + len;
	unsigned y, mo, d, h, mi, sec, oh = 0, om = 0;
	int sign = 1;

	if (digits(&s, end, 4, &y) || expect(&s, end, "-") || digits(&s, end, 2, &mo) ||
		expect(&s, end, "-") || digits(&s, end, 2, &d) || expect(&s, end, "Tt ") ||
		digits(&s, end, 2, &h) || expect(&s, end, ":") || digits(&s, end, 2, &mi) ||
		expect(&s, end, ":") || digits(&s, end, 2, &sec))
		return -1;
	if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || sec > 60)
		return -1;
	if (s < end && *s == '.') {
		const char *first = ++s;

		while (s < end && *s >= '0' && *s <= '9')
			s++;
		if (s == first)
			return -1;
	}
	if (s >= end)
		return -1;
	if (*s == 'Z' || *s == 'z') {
		s++;
	} else {
		sign = *s == '-' ? -1 : 1;
		if (expect(&s, end, "+-") || digits(&s, end, 2, &oh) || expect(&s, end, ":") ||
			digits(&s, end, 2, &om) || oh > 23 || om > 59)
			return -1;
	}
	if (s != end)
		return -1;
	*unix_seconds = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec -
		sign * (int64_t)(oh * 3600 + om * 60);
	return 0;
}

void clock_sleep_ms(unsigned ms)
{
	struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}
