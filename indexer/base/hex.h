#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Write 2*n lower-case digits to out; no prefix, no NUL. */
void hex_encode(char *out, const void *p, size_t n);

/** Decode exactly 2*n digits (no prefix, any case). False when a character is no digit. */
bool hex_decode(uint8_t *out, const char *s, size_t n);

/**
 * Decode "0x" followed by exactly 2*n digits; len is the length of s. False on anything else.
 * Any case. Nothing is written beyond out[n-1]; out is undefined on failure.
 */
bool hex_fixed(uint8_t *out, size_t n, const char *s, size_t len);

/**
 * A JSON-RPC quantity: "0x" and 1 to 16 digits. Leading zeros are accepted (some nodes send them),
 * more than 64 bits are not. False on anything else.
 */
bool hex_u64(uint64_t *out, const char *s, size_t len);

#endif
