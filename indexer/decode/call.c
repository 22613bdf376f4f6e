/*
 * Transactions to watched contracts, by selector.
 *
 * Only what is needed to know which function was called: arguments stay as calldata and are decoded
 * by the ABI where they are served or folded. Governance owns StakeManager and calls it through
 * update(target, data); the call inside is recognised in the same way.
 */
#include "decode/decoder.h"

bool word_u63(const uint8_t w[32], uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 32; i++) {
		if (i < 24 && w[i])
			return false;
		v = v << 8 | w[i];
	}
	*out = v;
	return v <= INT64_MAX;
}

bool call_bytes(struct bytes args, size_t at, struct bytes *out)
{
	uint64_t offset, n;

	if (args.n / 32 <= at || !word_u63(args.p + 32 * at, &offset) || offset > args.n ||
		args.n - offset < 32 || !word_u63(args.p + offset, &n) || n > args.n - offset - 32)
		return false;
	*out = (struct bytes){args.p + offset + 32, (size_t)n};
	return true;
}

/* update(address target, bytes data): what Governance does in the name of its owner. */
static void read_inner(const struct decoder *d, struct bytes args, struct call_row *out)
{
	const struct known *known;
	struct address target;
	struct bytes inner;

	if (!call_bytes(args, 1, &inner))
		return;
	memcpy(target.b, args.p + 12, sizeof(target.b));
	known = decoder_find(d, &target);
	out->target = known ? known->contract : NULL;
	out->inner = known ? decoder_function(known->contract, inner) : NULL;
	out->inner_input = inner;
}

void call_read(const struct decoder *d, const struct tx *tx, struct call_row *out)
{
	const struct known *known = tx->creates ? NULL : decoder_find(d, &tx->to);

	*out = (struct call_row){.tx = tx, .contract = known ? known->contract : NULL};
	if (!known)
		return;
	out->function = decoder_function(known->contract, tx->input);
	if (out->function && !strcmp(out->function->signature, "update(address,bytes)"))
		read_inner(d, (struct bytes){tx->input.p + 4, tx->input.n - 4}, out);
}
