#ifndef CHAIN_KECCAK_ROUND_H
#define CHAIN_KECCAK_ROUND_H

/*
 * The permutation Keccak-f[1600] as text, for words and for vectors of words. For keccak.c and
 * keccak_many.c only.
 *
 * It keeps the 25 lanes in local variables and is unrolled by two rounds (A to E and back), so that no
 * lane is ever copied; theta, rho, pi and chi of a round are one expression a row.
 */
#include <stdint.h>

#define KECCAK_RATE 136

#define ROL(x, n) ((x) << (n) | (x) >> (64 - (n)))

/* One row of the next state from five rotated lanes. */
#define CHI(E, i, b0, b1, b2, b3, b4)                                                              \
	do {                                                                                       \
		__typeof__(E##00) c0 = (b0), c1 = (b1), c2 = (b2), c3 = (b3), c4 = (b4);                    \
		E##i##0 = c0 ^ (~c1 & c2);                                                         \
		E##i##1 = c1 ^ (~c2 & c3);                                                         \
		E##i##2 = c2 ^ (~c3 & c4);                                                         \
		E##i##3 = c3 ^ (~c4 & c0);                                                         \
		E##i##4 = c4 ^ (~c0 & c1);                                                         \
	} while (0)

#define ROUND(A, E, rc)                                                                            \
	do {                                                                                       \
		__typeof__(A##00) t0 = A##00 ^ A##10 ^ A##20 ^ A##30 ^ A##40;                               \
		__typeof__(A##00) t1 = A##01 ^ A##11 ^ A##21 ^ A##31 ^ A##41;                               \
		__typeof__(A##00) t2 = A##02 ^ A##12 ^ A##22 ^ A##32 ^ A##42;                               \
		__typeof__(A##00) t3 = A##03 ^ A##13 ^ A##23 ^ A##33 ^ A##43;                               \
		__typeof__(A##00) t4 = A##04 ^ A##14 ^ A##24 ^ A##34 ^ A##44;                               \
		__typeof__(A##00) d0 = t4 ^ ROL(t1, 1), d1 = t0 ^ ROL(t2, 1), d2 = t1 ^ ROL(t3, 1);         \
		__typeof__(A##00) d3 = t2 ^ ROL(t4, 1), d4 = t3 ^ ROL(t0, 1);                               \
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

/* WORD: uint64_t or a vector of them; s: 25 of them. */
#define KECCAK_ROUNDS(WORD, s)                                                                     \
	do {                                                                                       \
		WORD LANES(a), LANES(e);                                                           \
                                                                                                   \
		a00 = (s)[0], a01 = (s)[1], a02 = (s)[2], a03 = (s)[3], a04 = (s)[4];              \
		a10 = (s)[5], a11 = (s)[6], a12 = (s)[7], a13 = (s)[8], a14 = (s)[9];              \
		a20 = (s)[10], a21 = (s)[11], a22 = (s)[12], a23 = (s)[13], a24 = (s)[14];         \
		a30 = (s)[15], a31 = (s)[16], a32 = (s)[17], a33 = (s)[18], a34 = (s)[19];         \
		a40 = (s)[20], a41 = (s)[21], a42 = (s)[22], a43 = (s)[23], a44 = (s)[24];         \
		for (int i = 0; i < 24; i += 2) {                                                  \
		        ROUND(a, e, round_constant[i]);                                            \
		        ROUND(e, a, round_constant[i + 1]);                                        \
		}                                                                                  \
		(s)[0] = a00, (s)[1] = a01, (s)[2] = a02, (s)[3] = a03, (s)[4] = a04;              \
		(s)[5] = a10, (s)[6] = a11, (s)[7] = a12, (s)[8] = a13, (s)[9] = a14;              \
		(s)[10] = a20, (s)[11] = a21, (s)[12] = a22, (s)[13] = a23, (s)[14] = a24;         \
		(s)[15] = a30, (s)[16] = a31, (s)[17] = a32, (s)[18] = a33, (s)[19] = a34;         \
		(s)[20] = a40, (s)[21] = a41, (s)[22] = a42, (s)[23] = a43, (s)[24] = a44;         \
	} while (0)

#endif
