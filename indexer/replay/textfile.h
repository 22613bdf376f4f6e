#ifndef REPLAY_TEXTFILE_H
#define REPLAY_TEXTFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * The whole of dir/name.gz, or of dir/name when there is no such file, unpacked into memory that
 * the caller frees. A NUL follows the text. `missing`: NULL, or set to true instead of an error
 * when there is neither file. Errors: ERR_FATAL naming the file: not there, unreadable, damaged,
 * over 4 GiB.
 */
MUST_USE enum err_kind textfile_read(
	char **text, size_t *n, const char *dir, const char *name, bool *missing, struct err *e);

#endif
