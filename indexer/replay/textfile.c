/* Reads plain or gzip text whole; zlib tells the two apart by itself. */
#include "replay/textfile.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define FROM     "replay"
#define TEXT_MAX ((size_t)4 << 30)
#define PIECE    (1u << 20)

static enum err_kind read_all(char **text, size_t *n, gzFile f, const char *path, struct err *e)
{
	size_t size = 4 * PIECE, used = 0;
	char *p = malloc(size);
	int got;

	if (!p)
		abort();
	while ((got = gzread(f, p + used, PIECE)) > 0) {
		used += (size_t)got;
		if (used > TEXT_MAX) {
			free(p);
			return err_set(
				e, ERR_FATAL, FROM, 0, "%s: larger than 4 GiB unpacked", path);
		}
		if (size - used <= PIECE) {
			size *= 2;
			p = realloc(p, size);
			if (!p)
				abort();
		}
	}
	if (got < 0 || gzclose_r(f) != Z_OK) {
		free(p);
		return err_set(e, ERR_FATAL, FROM, 0,
			"%s: damaged or not gzip; fetch the file again", path);
	}
	p[used] = 0;
	*text = p;
	*n = used;
	return ERR_NONE;
}

enum err_kind textfile_read(
	char **text, size_t *n, const char *dir, const char *name, bool *missing, struct err *e)
{
	char path[4096];
	gzFile f;

	if (snprintf(path, sizeof(path), "%s/%s.gz", dir, name) >= (int)sizeof(path))
		return err_set(e, ERR_FATAL, FROM, 0, "path too long: %.100s...", dir);
	if (access(path, F_OK))
		path[strlen(path) - 3] = 0;
	if (missing) {
		*missing = access(path, F_OK) != 0;
		if (*missing)
			return ERR_NONE;
	}
	f = gzopen(path, "rb");
	if (!f)
		return err_set(e, ERR_FATAL, FROM, errno, "%s: %s; is it a recording directory?",
			path, strerror(errno));
	gzbuffer(f, PIECE);
	return read_all(text, n, f, path, e);
}
