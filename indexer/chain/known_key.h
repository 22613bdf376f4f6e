#ifndef CHAIN_KNOWN_KEY_H
#define CHAIN_KNOWN_KEY_H

#include "chain/types.h"

/**
 * Was a recoverable signature made by the key that one expects? Answers the same question as
 * recover_pubkey and a comparison, five times as fast where many signatures of few keys are asked
 * about together. Threads: any, a key may be shared.
 */
struct known_key;

/** Make the tables of a 64-byte public key (2 ms, 256 KiB); NULL when it is not on the curve. */
struct known_key *known_key_new(const uint8_t key[64]);
void known_key_free(struct known_key *k);

struct signature {
	const struct known_key *key;
	struct hash32 hash;
	const uint8_t *sig; /* r(32) s(32) */
	unsigned recid;
	bool proven; /* set by known_keys_check */
};

/**
 * Sets `proven` of each: true exactly when recovery gives this key. False: it gives another or none,
 * or (never but by intent of who has the key) it can not be said here; recover_pubkey then knows.
 */
void known_keys_check(struct signature *v, size_t n);

#endif
