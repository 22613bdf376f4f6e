/*
 * Names of the stored enumerations. The numbers are in database rows, the names in API answers:
 * both only ever grow.
 */
#include "chain/types.h"

static const char *const level_names[] = {
	[LEVEL_TRUSTED] = "trusted",
	[LEVEL_LINKED] = "linked",
	[LEVEL_HASHED] = "hashed",
	[LEVEL_BLOOM] = "bloom",
	[LEVEL_RECEIPTS] = "receipts",
	[LEVEL_QUORUM] = "quorum",
};

#define LEVEL_COUNT (sizeof(level_names) / sizeof(*level_names))

const char *level_name(enum level level)
{
	return (unsigned)level < LEVEL_COUNT ? level_names[level] : "unknown";
}

bool level_parse(enum level *out, const char *text)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (!strcmp(text, level_names[i])) {
			*out = (enum level)i;
			return true;
		}
	}
	return false;
}
