#ifndef CHAIN_KECCAK_H
#define CHAIN_KECCAK_H

#include "chain/types.h"

/** Keccak-256 with the original padding (0x01), as Ethereum uses it; not SHA3-256. */
void keccak256(struct hash32 *out, const void *p, size_t n);

/**
 * Hashes of n inputs, each head followed by body, at a third of the cost of one after the other where
 * the processor has wide vectors.
 */
struct keccak_input {
	struct bytes head, body; /* either may be empty */
};
void keccak256_many(struct hash32 *out, const struct keccak_input *in, size_t n);

/** In pieces: init, any number of adds, done. Plain value, may be copied between adds. */
struct keccak {
	uint64_t s[25];
	uint8_t part[136];
	unsigned n;
};
void keccak_init(struct keccak *k);
void keccak_add(struct keccak *k, const void *p, size_t n);
void keccak_done(struct keccak *k, struct hash32 *out);

/** SHA-256, for TRON ids and address checksums (OpenSSL underneath). */
void sha256(struct hash32 *out, const void *p, size_t n);

#endif
