/* JSON-RPC's hexadecimal strings. */
#include "base/json.h"

#include "base/hex.h"

bool json_hex_fixed(struct jval v, uint8_t *out, size_t n)
{
	const char *s;
	size_t len;

	return json_str(v, &s, &len) && hex_fixed(out, n, s, len);
}

bool json_hex_u64(struct jval v, uint64_t *out)
{
	const char *s;
	size_t len;

	return json_str(v, &s, &len) && hex_u64(out, s, len);
}

bool json_hex_u256(struct jval v, struct u256 *out)
{
	const char *s;
	size_t len;

	return json_str(v, &s, &len) && u256_parse_hex(out, s, len);
}
