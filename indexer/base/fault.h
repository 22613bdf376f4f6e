#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/**
 * Named points where a test can make the program fail; nothing in a release build. A test arms a point
 * for its n-th passage (from 1): fault_hit() then answers true once. Environment
 * BTTC_FAULT_POINTS="name:n,..." arms points in a started process; a name ending in "!" kills the
 * process there (SIGKILL).
 */
#ifdef BTTC_FAULTS
bool fault_hit(const char *name);
void fault_arm(const char *name, unsigned nth);
void fault_clear(void);
#else
static inline bool fault_hit(const char *name)
{
	(void)name;
	return false;
}
static inline void fault_arm(const char *name, unsigned nth)
{
	(void)name;
	(void)nth;
}
static inline void fault_clear(void)
{
}
#endif

#endif
