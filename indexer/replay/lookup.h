#ifndef REPLAY_LOOKUP_H
#define REPLAY_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Keys of one fixed size (a hash, an address) to numbers; a key may be there several times. */
struct lookup;

struct lookup *lookup_new(size_t key_size);
void lookup_free(struct lookup *l);                                 /* NULL is legal */
void lookup_add(struct lookup *l, const void *key, uint64_t value); /* key is copied */

/** First value of a key; *at is for lookup_next. False when there is none. */
bool lookup_get(const struct lookup *l, const void *key, uint64_t *value, size_t *at);
/** Further values of the same key, in no particular order. */
bool lookup_next(const struct lookup *l, const void *key, uint64_t *value, size_t *at);
bool lookup_has(const struct lookup *l, const void *key);

#endif
