#ifndef CHAIN_RECOVER_H
#define CHAIN_RECOVER_H

#include "chain/types.h"

/**
 * Address whose key made a recoverable ECDSA signature (secp256k1) over a 32-byte hash.
 * sig: r(32) s(32); recid 0..3. False when nothing can be recovered. Threads: any.
 */
bool recover_address(struct address *out, const struct hash32 *hash, const uint8_t sig[64],
	unsigned recid);

/** The same, giving the 64-byte public key. */
bool recover_pubkey(uint8_t out[64], const struct hash32 *hash, const uint8_t sig[64],
	unsigned recid);

/** Address of a 64-byte public key: the last 20 bytes of its keccak256. */
void recover_key_address(struct address *out, const uint8_t key[64]);

/** Sign (for test chains only): r||s and recid with a 32-byte secret key. */
bool recover_sign(uint8_t sig[64], unsigned *recid, const struct hash32 *hash,
	const uint8_t secret[32]);
bool recover_secret_address(struct address *out, const uint8_t secret[32]);

#endif
