#ifndef CHAIN_BLOOM_H
#define CHAIN_BLOOM_H

#include "base/arena.h"
#include "chain/types.h"

/** The three bits of one address or topic, computed once and tested many times. */
struct bloom_key {
	uint16_t bit[3]; /* 0..2047 */
};

struct bloom_key bloom_key(const void *p, size_t n);

/**
 * Keys of values met lately: the logs of a block name the same addresses and topics again and
 * again. Results are those of bloom_key. About 11 KB, made for the stack.
 */
#define BLOOM_CACHE 256
struct bloom_cache {
	uint8_t used[BLOOM_CACHE]; /* length of the value, 0: empty */
	uint8_t value[BLOOM_CACHE][32];
	struct bloom_key key[BLOOM_CACHE];
};
void bloom_cache_init(struct bloom_cache *c);
struct bloom_key bloom_cache_key(struct bloom_cache *c, const void *p, size_t n); /* n: 20 or 32 */

/**
 * Keys of many values, hashed together: collect them, then ask by the numbers that they got. Equal
 * values mostly share one. Values stay where they are until bloom_set_hash.
 */
struct bloom_set {
	struct bytes *value;
	struct bloom_key *key;
	size_t n;
	uint32_t slot[BLOOM_CACHE]; /* number + 1 */
};
void bloom_set_init(struct bloom_set *s, size_t room, struct arena *mem);
uint32_t bloom_set_add(struct bloom_set *s, const void *p, size_t n); /* n: 20 or 32; at most room */
void bloom_set_hash(struct bloom_set *s); /* s->key[number] from then on */

bool bloom_has(const uint8_t bloom[256], struct bloom_key k);
void bloom_add(uint8_t bloom[256], struct bloom_key k);

/** Add a log's address and topics. */
void bloom_add_log(uint8_t bloom[256], const struct log *l);
void bloom_cache_add_log(struct bloom_cache *c, uint8_t bloom[256], const struct log *l);

/** True when every bit of a log's address and topics is set in the bloom. */
bool bloom_has_log(const uint8_t bloom[256], const struct log *l);
bool bloom_cache_has_log(struct bloom_cache *c, const uint8_t bloom[256], const struct log *l);

bool bloom_is_zero(const uint8_t bloom[256]);

#endif
