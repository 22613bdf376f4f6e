#ifndef STORE_MIGRATION_LIST_H
#define STORE_MIGRATION_LIST_H

/** One step of migrations/, built into the program. The list ends with name NULL. */
struct migration {
	const char *name; /* "0001_chain" */
	const char *up, *down;
	const char *sha256; /* hex, of the up text */
};
extern const struct migration migration_list[];

#endif
