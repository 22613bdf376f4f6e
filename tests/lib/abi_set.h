#ifndef TESTS_LIB_ABI_SET_H
#define TESTS_LIB_ABI_SET_H

/* Events and functions of ABI JSON files for tests of the chain stage, and an encoder of values. */
#include "chain/abi.h"

struct abi_set {
	struct abi_event *events;
	size_t event_count;
	struct abi_function *functions;
	size_t function_count;
};

/** Add schema/abi/NAME.json. Ends the test program when it does not read. */
void abi_set_add(struct abi_set *s, const char *name, struct arena *mem);

/** Event by topic 0 and number of indexed parameters; NULL when none. Equal ones: the first. */
const struct abi_event *abi_set_event(const struct abi_set *s, const struct log *l);
const struct abi_function *abi_set_function(const struct abi_set *s, struct bytes input);

/** Encode values canonically: those of parameters that are not indexed (all = false), or all. */
void abi_set_encode(struct buf *out, const struct abi_param *p, size_t n,
	const struct abi_value *v, bool all);

#endif
