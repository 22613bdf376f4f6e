/* Fault points for tests; an empty file in release builds. */
#include "base/fault.h"

#ifdef BTTC_FAULTS

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINTS_MAX 32

static struct {
	char name[48];
	unsigned left;
	bool die;
} points[POINTS_MAX];
static unsigned count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void arm_locked(const char *name, size_t n, unsigned nth)
{
	if (count == POINTS_MAX || !n || n >= sizeof(points[0].name))
		return;
	points[count].die = name[n - 1] == '!';
	n -= points[count].die;
	memcpy(points[count].name, name, n);
	points[count].name[n] = 0;
	points[count++].left = nth;
}

static void from_env(void)
{
	const char *s = getenv("BTTC_FAULT_POINTS");

	while (s && *s) {
		const char *colon = strchr(s, ':'), *comma = strchr(s, ',');

		if (!colon)
			return;
		arm_locked(s, (size_t)(colon - s), (unsigned)strtoul(colon + 1, NULL, 10));
		s = comma ? comma + 1 : NULL;
	}
}

bool fault_hit(const char *name)
{
	bool hit = false;

	pthread_once(&once, from_env);
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < count; i++) {
		if (!points[i].left || strcmp(points[i].name, name) || --points[i].left)
			continue;
		if (points[i].die)
			kill(getpid(), SIGKILL);
		hit = true;
	}
	pthread_mutex_unlock(&lock);
	return hit;
}

void fault_arm(const char *name, unsigned nth)
{
	pthread_once(&once, from_env);
	pthread_mutex_lock(&lock);
	arm_locked(name, strlen(name), nth);
	pthread_mutex_unlock(&lock);
}

void fault_clear(void)
{
	pthread_once(&once, from_env);
	pthread_mutex_lock(&lock);
	count = 0;
	pthread_mutex_unlock(&lock);
}

#endif
