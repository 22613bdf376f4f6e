/*
 * Balances of the staking token. On a recorded network every transfer is seen and every account is
 * kept; on a real one only transfers of the accounts that money of this protocol rests in are, so
 * only those accounts have a balance here.
 */
#include "ledger/state.h"

static bool is_ours(const struct ledger *l, const struct address *a)
{
	return address_eq(a, &l->contracts[CONTRACT_STAKE_MANAGER]) || ledger_partnership(l, a);
}

/* Was every transfer of it seen? A partnership of a real network is known from its NFT on. */
static bool is_complete(const struct ledger *l, const struct address *a)
{
	return address_eq(a, &l->contracts[CONTRACT_STAKE_MANAGER]) ||
	       (!l->partial_token && is_ours(l, a));
}

/* Zero address: minted or burnt. */
static bool kept(const struct ledger *l, const struct address *a)
{
	static const struct address nobody;

	return !address_eq(a, &nobody) && (!l->partial_token || is_ours(l, a));
}

static struct ledger_balance *edit_balance(struct ledger *l, const struct address *a)
{
	struct ledger_key key = key_a(a);

	return state_edit(l, LEDGER_BALANCE, &key);
}

void token_transfer(struct fold *f, struct item *it)
{
	struct address from = log_topic_address(it->log, 1), to = log_topic_address(it->log, 2);
	struct u256 amount = log_word(it->log, 0);
	struct ledger_balance *b;

	if (u256_is_zero(amount))
		return;
	post_transfer(f, &from, &to, amount);
	flow_transfer(f, &from, &to, amount);
	if (kept(f->l, &from)) {
		struct finding_at at = {FINDING_BALANCE, key_a(&from), it->log};

		b = edit_balance(f->l, &from);
		if (u256_cmp(b->amount, amount) < 0 && is_complete(f->l, &from))
			check_fail(f, &at, b->amount, amount);
		b->amount = u256_sub(b->amount, amount);
	}
	if (kept(f->l, &to)) {
		b = edit_balance(f->l, &to);
		b->amount = u256_add(b->amount, amount);
	}
}

struct u256 token_paid_in(struct fold *f, size_t i, const struct address *from)
{
	struct item *it = item_before(f, i);
	struct address a, b;

	if (!it || it->op != OP_TOKEN_TRANSFER)
		return U256_ZERO;
	a = log_topic_address(it->log, 1);
	b = log_topic_address(it->log, 2);
	if (!address_eq(&a, from) || !address_eq(&b, &f->l->contracts[CONTRACT_STAKE_MANAGER]))
		return U256_ZERO;
	return log_word(it->log, 0);
}
