#ifndef CHAIN_BASE58_H
#define CHAIN_BASE58_H

#include "chain/types.h"

#define BASE58_ADDRESS_LEN 34

/** TRON's base58check form of a 20-byte address (0x41 prefix); out has 35 bytes with the NUL. */
void base58_address(char out[BASE58_ADDRESS_LEN + 1], const struct address *a);

/** Parse base58check; false on a wrong character, length, prefix or checksum. */
bool base58_parse(struct address *out, const char *s, size_t len);

#define ADDRESS_HEX_LEN 42

/** 0x and 40 digits in EIP-55 case; out has 43 bytes with the NUL. */
void address_eip55(char out[ADDRESS_HEX_LEN + 1], const struct address *a);

/**
 * Parse an address as a person may write it: 0x hex of 20 bytes in one case, or with a correct
 * EIP-55 checksum in mixed case, or base58check. False otherwise, *why is then a static reason.
 */
bool address_parse(struct address *out, const char *s, size_t len, const char **why);

#endif
