#ifndef STORE_SCHEMA_VERSION_H
#define STORE_SCHEMA_VERSION_H

#include "base/err.h"

struct pg;

/** Is the schema exactly this program's? Errors: ERR_FATAL older, newer or changed; ERR_AGAIN. */
MUST_USE enum err_kind schema_version_check(struct pg *pg, struct err *e);

#endif
