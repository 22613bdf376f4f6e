/*
 * Where the files that ship with the program are: $BTTC_SCHEMA_DIR, else found from the place of
 * the binary, so that neither a build tree nor an installation has a path compiled in. A binary of
 * the build tree lies in a directory of the source tree (build/bttc-indexer, build/tests/test_x),
 * so the parents are tried one after the other.
 */
#include "network/network.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[PATH_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool try_dir(const char *base, const char *tail)
{
	char path[PATH_MAX + 40], probe[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s%s", base, tail);
	snprintf(probe, sizeof(probe), "%s/network.schema.json", path);
	if (access(probe, R_OK) || strlen(path) >= sizeof(dir))
		return false;
	memcpy(dir, path, strlen(path) + 1);
	return true;
}

static void find_dir(void)
{
	const char *env = getenv("BTTC_SCHEMA_DIR");
	char base[PATH_MAX];
	ssize_t n;

	if (env && *env) {
		snprintf(dir, sizeof(dir), "%s", env);
		return;
	}
	n = readlink("/proc/self/exe", base, sizeof(base) - 1);
	base[n > 0 ? n : 0] = 0;
	for (char *cut; (cut = strrchr(base, '/'));) {
		*cut = 0;
		if (try_dir(base, "/schema") || try_dir(base, "/share/bttc-indexer/schema"))
			return;
	}
	snprintf(dir, sizeof(dir), "schema");
}

const char *network_schema_dir(void)
{
	pthread_once(&once, find_dir);
	return dir;
}
