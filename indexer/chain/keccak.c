/*
 * Keccak-256 as Ethereum uses it: Keccak-f[1600], rate 136, padding 0x01 .. 0x80.
 *
 * On x86-64 the permutation is compiled a second time with BMI1/BMI2 (andn, rorx), chosen at run
 * time. Input is absorbed straight from the caller's memory when a whole block of it is there.
 *
 * SHA-256 is OpenSSL's, looked up once: its one-call form looks it up each time.
 */
#include "chain/keccak.h"

#include "chain/keccak_round.h"

#include <openssl/evp.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RATE KECCAK_RATE

static inline __attribute__((always_inline)) void rounds(uint64_t s[25])
{
	KECCAK_ROUNDS(uint64_t, s);
}

#ifdef __x86_64__
__attribute__((target("bmi,bmi2"))) static void permute_bmi(uint64_t s[25])
{
	rounds(s);
}
#endif

static void permute_plain(uint64_t s[25])
{
	rounds(s);
}

static inline void permute(uint64_t s[25])
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")) {
		permute_bmi(s);
		return;
	}
#endif
	permute_plain(s);
}

static inline void absorb(uint64_t s[25], const uint8_t *p)
{
	for (int i = 0; i < RATE / 8; i++) {
		uint64_t w;

		memcpy(&w, p + 8 * i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		w = __builtin_bswap64(w);
#endif
		s[i] ^= w;
	}
	permute(s);
}

/* Pad the last n < RATE bytes, absorb them and squeeze. */
static void finish(uint64_t s[25], const uint8_t *p, size_t n, struct hash32 *out)
{
	uint8_t last[RATE] = {0};

	if (n)
		memcpy(last, p, n);
	last[n] = 0x01;
	last[RATE - 1] |= 0x80;
	absorb(s, last);
	for (int i = 0; i < 4; i++) {
		uint64_t w = s[i];

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		w = __builtin_bswap64(w);
#endif
		memcpy(out->b + 8 * i, &w, 8);
	}
}

void keccak256(struct hash32 *out, const void *p, size_t n)
{
	uint64_t s[25] = {0};
	const uint8_t *b = p;

	for (; n >= RATE; b += RATE, n -= RATE)
		absorb(s, b);
	finish(s, b, n, out);
}

void keccak_init(struct keccak *k)
{
	memset(k->s, 0, sizeof(k->s));
	k->n = 0;
}

void keccak_add(struct keccak *k, const void *p, size_t n)
{
	const uint8_t *b = p;

	if (!n)
		return;
	if (k->n) {
		size_t take = RATE - k->n < n ? RATE - k->n : n;

		memcpy(k->part + k->n, b, take);
		k->n += (unsigned)take;
		b += take;
		n -= take;
		if (k->n < RATE)
			return;
		absorb(k->s, k->part);
	}
	for (; n >= RATE; b += RATE, n -= RATE)
		absorb(k->s, b);
	memcpy(k->part, b, n);
	k->n = (unsigned)n;
}

void keccak_done(struct keccak *k, struct hash32 *out)
{
	finish(k->s, k->part, k->n, out);
}

static EVP_MD *sha256_md;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void sha256_find(void)
{
	sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256_md)
		abort();
}

void sha256(struct hash32 *out, const void *p, size_t n)
{
	pthread_once(&sha256_once, sha256_find);
	if (!EVP_Digest(p, n, out->b, NULL, sha256_md, NULL))
		abort();
}
