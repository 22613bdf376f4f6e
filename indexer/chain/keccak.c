/*
 * Keccak-256 as Ethereum uses it: Keccak-f[1600], rate 136, padding 0x01 .. 0x80.
 *
 * The permutation keeps the 25 lanes in local variables and is unrolled by two rounds (A to E and
 * back), so that no lane is ever copied; theta, rho, pi and chi of a round are one expression a
 * row. On x86-64 the same text is compiled a second time with BMI1/BMI2 (andn, rorx), chosen at run
 * time. Input is absorbed straight from the caller's memory when a whole block of it is there.
 *
 * SHA-256 is OpenSSL's, looked up once: its one-call form looks it up each time.
 */
#include "chain/keccak.h"

#include <openssl/evp.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RATE 136

#define ROL(x, n) ((x) << (n) | (x) >> (64 - (n)))

/* One row of the next state from five rotated lanes. */
#define CHI(E, i, b0, b1, b2, b3, b4)                                                              \
	do {                                                                                       \
		uint64_t c0 = (b0), c1 = (b1), c2 = (b2), c3 = (b3), c4 = (b4);                    \
		E##i##0 = c0 ^ (~c1 & c2);                                                         \
		E##i##1 = c1 ^ (~c2 & c3);                                                         \
		E##i##2 = c2 ^ (~c3 & c4);                                                         \
		E##i##3 = c3 ^ (~c4 & c0);                                                         \
		E##i##4 = c4 ^ (~c0 & c1);                                                         \
	} while (0)

#define ROUND(A, E, rc)                                                                            \
	do {                                                                                       \
		uint64_t t0 = A##00 ^ A##10 ^ A##20 ^ A##30 ^ A##40;                               \
		uint64_t t1 = A##01 ^ A##11 ^ A##21 ^ A##31 ^ A##41;                               \
		uint64_t t2 = A##02 ^ A##12 ^ A##22 ^ A##32 ^ A##42;                               \
		uint64_t t3 = A##03 ^ A##13 ^ A##23 ^ A##33 ^ A##43;                               \
		uint64_t t4 = A##04 ^ A##14 ^ A##24 ^ A##34 ^ A##44;                               \
		uint64_t d0 = t4 ^ ROL(t1, 1), d1 = t0 ^ ROL(t2, 1), d2 = t1 ^ ROL(t3, 1);         \
		uint64_t d3 = t2 ^ ROL(t4, 1), d4 = t3 ^ ROL(t0, 1);                               \
		CHI(E, 0, A##00 ^ d0, ROL(A##11 ^ d1, 44), ROL(A##22 ^ d2, 43),                    \
			ROL(A##33 ^ d3, 21), ROL(A##44 ^ d4, 14));                                 \
		E##00 ^= (rc);                                                                     \
		CHI(E, 1, ROL(A##03 ^ d3, 28), ROL(A##14 ^ d4, 20), ROL(A##20 ^ d0, 3),            \
			ROL(A##31 ^ d1, 45), ROL(A##42 ^ d2, 61));                                 \
		CHI(E, 2, ROL(A##01 ^ d1, 1), ROL(A##12 ^ d2, 6), ROL(A##23 ^ d3, 25),             \
			ROL(A##34 ^ d4, 8), ROL(A##40 ^ d0, 18));                                  \
		CHI(E, 3, ROL(A##04 ^ d4, 27), ROL(A##10 ^ d0, 36), ROL(A##21 ^ d1, 10),           \
			ROL(A##32 ^ d2, 15), ROL(A##43 ^ d3, 56));                                 \
		CHI(E, 4, ROL(A##02 ^ d2, 62), ROL(A##13 ^ d3, 55), ROL(A##24 ^ d4, 39),           \
			ROL(A##30 ^ d0, 41), ROL(A##41 ^ d1, 2));                                  \
	} while (0)

#define LANES(X)                                                                                   \
	X##00, X##01, X##02, X##03, X##04, X##10, X##11, X##12, X##13, X##14, X##20, X##21, X##22, \
		X##23, X##24, X##30, X##31, X##32, X##33, X##34, X##40, X##41, X##42, X##43, X##44

static const uint64_t round_constant[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline __attribute__((always_inline)) void rounds(uint64_t s[25])
{
	uint64_t LANES(a), LANES(e);

	a00 = s[0], a01 = s[1], a02 = s[2], a03 = s[3], a04 = s[4];
	a10 = s[5], a11 = s[6], a12 = s[7], a13 = s[8], a14 = s[9];
	a20 = s[10], a21 = s[11], a22 = s[12], a23 = s[13], a24 = s[14];
	a30 = s[15], a31 = s[16], a32 = s[17], a33 = s[18], a34 = s[19];
	a40 = s[20], a41 = s[21], a42 = s[22], a43 = s[23], a44 = s[24];
	for (int i = 0; i < 24; i += 2) {
		ROUND(a, e, round_constant[i]);
		ROUND(e, a, round_constant[i + 1]);
	}
	s[0] = a00, s[1] = a01, s[2] = a02, s[3] = a03, s[4] = a04;
	s[5] = a10, s[6] = a11, s[7] = a12, s[8] = a13, s[9] = a14;
	s[10] = a20, s[11] = a21, s[12] = a22, s[13] = a23, s[14] = a24;
	s[15] = a30, s[16] = a31, s[17] = a32, s[18] = a33, s[19] = a34;
	s[20] = a40, s[21] = a41, s[22] = a42, s[23] = a43, s[24] = a44;
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
