/*
 * secp256k1 by libsecp256k1. Recovery works on the library's constant static context, so any thread
 * may call it without a lock. Signing exists for test chains and needs a context of its own, made
 * once.
 */
#include "chain/recover.h"

#include "chain/keccak.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <pthread.h>
#include <stdlib.h>

static secp256k1_context *signer;
static pthread_once_t signer_once = PTHREAD_ONCE_INIT;

static void signer_make(void)
{
	signer = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
	if (!signer)
		abort();
}

static const secp256k1_context *signing(void)
{
	pthread_once(&signer_once, signer_make);
	return signer;
}

static void serialize(uint8_t out[64], const secp256k1_pubkey *key)
{
	uint8_t full[65];
	size_t n = sizeof(full);

	secp256k1_ec_pubkey_serialize(secp256k1_context_static, full, &n, key,
		SECP256K1_EC_UNCOMPRESSED);
	memcpy(out, full + 1, 64);
}

void recover_key_address(struct address *out, const uint8_t key[64])
{
	struct hash32 h;

	keccak256(&h, key, 64);
	memcpy(out->b, h.b + 12, 20);
}

bool recover_pubkey(uint8_t out[64], const struct hash32 *hash, const uint8_t sig[64],
	unsigned recid)
{
	secp256k1_ecdsa_recoverable_signature parsed;
	secp256k1_pubkey key;

	if (recid > 3 || !secp256k1_ecdsa_recoverable_signature_parse_compact(
			secp256k1_context_static, &parsed, sig, (int)recid) ||
		!secp256k1_ecdsa_recover(secp256k1_context_static, &key, &parsed, hash->b))
		return false;
	serialize(out, &key);
	return true;
}

bool recover_address(struct address *out, const struct hash32 *hash, const uint8_t sig[64],
	unsigned recid)
{
	uint8_t key[64];

	if (!recover_pubkey(key, hash, sig, recid))
		return false;
	recover_key_address(out, key);
	return true;
}

bool recover_sign(uint8_t sig[64], unsigned *recid, const struct hash32 *hash,
	const uint8_t secret[32])
{
	secp256k1_ecdsa_recoverable_signature made;
	int id;

	if (!secp256k1_ecdsa_sign_recoverable(signing(), &made, hash->b, secret, NULL, NULL))
		return false;
	secp256k1_ecdsa_recoverable_signature_serialize_compact(signing(), sig, &id, &made);
	*recid = (unsigned)id;
	return true;
}

bool recover_secret_address(struct address *out, const uint8_t secret[32])
{
	secp256k1_pubkey key;
	uint8_t raw[64];

	if (!secp256k1_ec_pubkey_create(signing(), &key, secret))
		return false;
	serialize(raw, &key);
	recover_key_address(out, raw);
	return true;
}
