/*
 * A wall clock that can be stepped for some processes only: a library for LD_PRELOAD. The file that
 * BTTC_CHAOS_CLOCK names holds seconds, an int64_t of this machine, that are added to the wall clock;
 * whoever writes there steps the clock of all processes that have the file. Clocks that only count
 * (monotonic, boot time, CPU) stay as they are, as they would if the machine's clock were stepped.
 * A wait for a condition until a time of the wall clock ends when this clock says so, also when it is
 * stepped meanwhile; the kernel, which knows the true clock, is asked for short waits only.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* Seconds since 1970 are above this, seconds since the start of a machine below. */
#define WALL     1000000000
#define SECOND   1000000000L
#define SLICE_NS 50000000L

static const int64_t zero;
static const volatile int64_t *step = &zero;
static int (*clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
static int (*semwait)(sem_t *, clockid_t, const struct timespec *);

__attribute__((constructor)) static void open_step(void)
{
	const char *path = getenv("BTTC_CHAOS_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*step), PROT_READ, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (p != MAP_FAILED)
		step = p;
	*(void **)&clockwait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
	*(void **)&semwait = dlsym(RTLD_NEXT, "sem_clockwait");
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (!rc && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI))
		ts->tv_sec += *step;
	return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int timespec_get(struct timespec *ts, int base)
{
	if (base != TIME_UTC || clock_gettime(CLOCK_REALTIME, ts))
		return 0;
	return base;
}

/* Nanoseconds from now until a time of the wall clock, at most a slice; 0: it has come. */
static long slice(const struct timespec *until)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_REALTIME, &now);
	if (until->tv_sec - now.tv_sec > 1)
		return SLICE_NS;
	left = (int64_t)(until->tv_sec - now.tv_sec) * SECOND + until->tv_nsec - now.tv_nsec;
	return left < 0 ? 0 : left < SLICE_NS ? (long)left : SLICE_NS;
}

static struct timespec after(long ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += ns;
	ts.tv_sec += ts.tv_nsec / SECOND;
	ts.tv_nsec %= SECOND;
	return ts;
}

int pthread_cond_clockwait(
	pthread_cond_t *c, pthread_mutex_t *m, clockid_t id, const struct timespec *until)
{
	long ns;

	if (id != CLOCK_REALTIME)
		return clockwait(c, m, id, until);
	while ((ns = slice(until))) {
		struct timespec ts = after(ns);
		int rc = clockwait(c, m, CLOCK_MONOTONIC, &ts);

		if (rc != ETIMEDOUT)
			return rc;
	}
	return ETIMEDOUT;
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
	const struct timespec *restrict until)
{
	/* The condition's own clock can not be asked for, but the time tells which it is. */
	return pthread_cond_clockwait(
		c, m, until->tv_sec < WALL ? CLOCK_MONOTONIC : CLOCK_REALTIME, until);
}

/* glibc's C11 conditions and mutexes are its POSIX ones. */
int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
	int rc = pthread_cond_clockwait(
		(pthread_cond_t *)c, (pthread_mutex_t *)m, CLOCK_REALTIME, until);

	return rc == 0 ? thrd_success : rc == ETIMEDOUT ? thrd_timedout : thrd_error;
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until)
{
	long ns;

	while ((ns = slice(until))) {
		struct timespec ts = after(ns);

		if (!semwait(s, CLOCK_MONOTONIC, &ts))
			return 0;
		if (errno != ETIMEDOUT)
			return -1;
	}
	errno = ETIMEDOUT;
	return -1;
}
