#ifndef CHAIN_BLOOM_H
#define CHAIN_BLOOM_H

#include "chain/types.h"

/** The three bits of one address or topic, computed once and tested many times. */
struct bloom_key {
	uint16_t bit[3]; /* 0..2047 */
};

struct bloom_key bloom_key(const void *p, size_t n);
bool bloom_has(const uint8_t bloom[256], struct bloom_key k);
void bloom_add(uint8_t bloom[256], struct bloom_key k);

/** Add a log's address and topics. */
void bloom_add_log(uint8_t bloom[256], const struct log *l);

/** True when every bit of a log's address and topics is set in the bloom. */
bool bloom_has_log(const uint8_t bloom[256], const struct log *l);

bool bloom_is_zero(const uint8_t bloom[256]);

#endif
