/*
 * Columns of each kind of record, and the text form in which the database gives records back.
 */
#include "ledger/fields.h"

#include "base/hex.h"

#include <stddef.h>
#include <stdlib.h>

#define N(list)          (sizeof(list) / sizeof(*(list)))
#define AT(kind, member) offsetof(struct ledger_##kind, member)

static const struct ledger_field global_fields[] = {
	{"reward_per_stake", FIELD_U256, AT(global, reward_per_stake)},
	{"total_staked", FIELD_U256, AT(global, total_staked)},
	{"total_rewards", FIELD_U256, AT(global, total_rewards)},
	{"total_rewards_liquidated", FIELD_U256, AT(global, total_rewards_liquidated)},
	{"total_stake", FIELD_U256, AT(global, total_stake)},
	{"total_heimdall_fee", FIELD_U256, AT(global, total_heimdall_fee)},
	{"min_deposit", FIELD_U256, AT(global, min_deposit)},
	{"min_heimdall_fee", FIELD_U256, AT(global, min_heimdall_fee)},
	{"prev_block_interval", FIELD_U256, AT(global, prev_block_interval)},
	{"reward_decrease_per_checkpoint", FIELD_U256,
		AT(global, reward_decrease_per_checkpoint)},
	{"max_rewarded_checkpoints", FIELD_U256, AT(global, max_rewarded_checkpoints)},
	{"checkpoint_reward_delta", FIELD_U256, AT(global, checkpoint_reward_delta)},
	{"checkpoint_block_interval", FIELD_U256, AT(global, checkpoint_block_interval)},
	{"proposer_bonus", FIELD_U256, AT(global, proposer_bonus)},
	{"withdrawal_delay", FIELD_U256, AT(global, withdrawal_delay)},
	{"dynasty", FIELD_U256, AT(global, dynasty)},
	{"auction_period", FIELD_U256, AT(global, auction_period)},
	{"replacement_cool_down", FIELD_U256, AT(global, replacement_cool_down)},
	{"signer_update_limit", FIELD_U256, AT(global, signer_update_limit)},
	{"validator_threshold", FIELD_U256, AT(global, validator_threshold)},
	{"account_state_root", FIELD_HASH, AT(global, account_state_root)},
	{"current_epoch", FIELD_U64, AT(global, current_epoch)},
	{"staker_count", FIELD_U64, AT(global, staker_count)},
	{"nft_counter", FIELD_U64, AT(global, nft_counter)},
	{"next_header_block", FIELD_U64, AT(global, next_header_block)},
	{"delegation_enabled", FIELD_U64, AT(global, delegation_enabled)},
};

static const struct ledger_field validator_fields[] = {
	{"id", FIELD_U64, AT(validator, key.n)},
	{"amount", FIELD_U256, AT(validator, amount)},
	{"reward", FIELD_U256, AT(validator, reward)},
	{"delegators_reward", FIELD_U256, AT(validator, delegators_reward)},
	{"delegated_amount", FIELD_U256, AT(validator, delegated_amount)},
	{"initial_reward_per_stake", FIELD_U256, AT(validator, initial_reward_per_stake)},
	{"commission_rate", FIELD_U256, AT(validator, commission_rate)},
	{"auction_amount", FIELD_U256, AT(validator, auction_amount)},
	{"activation_epoch", FIELD_U64, AT(validator, activation_epoch)},
	{"deactivation_epoch", FIELD_U64, AT(validator, deactivation_epoch)},
	{"jail_epoch", FIELD_U64, AT(validator, jail_epoch)},
	{"last_commission_update", FIELD_U64, AT(validator, last_commission_update)},
	{"latest_signer_update_epoch", FIELD_U64, AT(validator, latest_signer_update_epoch)},
	{"nonce", FIELD_U64, AT(validator, nonce)},
	{"signer", FIELD_ADDRESS, AT(validator, signer)},
	{"contract", FIELD_ADDRESS, AT(validator, contract)},
	{"owner", FIELD_ADDRESS, AT(validator, owner)},
	{"status", FIELD_U32, AT(validator, status)},
};

static const struct ledger_field share_fields[] = {
	{"contract", FIELD_ADDRESS, AT(share, key.a)},
	{"total_supply", FIELD_U256, AT(share, total_supply)},
	{"reward_per_share", FIELD_U256, AT(share, reward_per_share)},
	{"active_amount", FIELD_U256, AT(share, active_amount)},
	{"withdraw_pool", FIELD_U256, AT(share, withdraw_pool)},
	{"withdraw_shares", FIELD_U256, AT(share, withdraw_shares)},
	{"validator_id", FIELD_U64, AT(share, validator_id)},
	{"delegation", FIELD_U32, AT(share, delegation)},
	{"locked", FIELD_U32, AT(share, locked)},
};

static const struct ledger_field position_fields[] = {
	{"share_contract", FIELD_ADDRESS, AT(position, key.a)},
	{"delegator", FIELD_ADDRESS, AT(position, key.b)},
	{"shares", FIELD_U256, AT(position, shares)},
	{"initial_reward_per_share", FIELD_U256, AT(position, initial_reward_per_share)},
	{"validator_id", FIELD_U64, AT(position, validator_id)},
	{"unbond_nonce", FIELD_U64, AT(position, unbond_nonce)},
};

static const struct ledger_field unbond_fields[] = {
	{"share_contract", FIELD_ADDRESS, AT(unbond, key.a)},
	{"delegator", FIELD_ADDRESS, AT(unbond, key.b)},
	{"nonce", FIELD_U64, AT(unbond, key.n)},
	{"shares", FIELD_U256, AT(unbond, shares)},
	{"withdraw_epoch", FIELD_U64, AT(unbond, withdraw_epoch)},
	{"validator_id", FIELD_U64, AT(unbond, validator_id)},
};

static const struct ledger_field partnership_fields[] = {
	{"address", FIELD_ADDRESS, AT(partnership, key.a)},
	{"total_received", FIELD_U256, AT(partnership, total_received)},
	{"free_capital", FIELD_U256, AT(partnership, free_capital)},
	{"staked_capital", FIELD_U256, AT(partnership, staked_capital)},
	{"validator_id", FIELD_U64, AT(partnership, validator_id)},
	{"next_order", FIELD_U64, AT(partnership, next_order)},
	{"admin", FIELD_ADDRESS, AT(partnership, admin)},
	{"operator", FIELD_ADDRESS, AT(partnership, operator_)},
	{"dust_partner", FIELD_ADDRESS, AT(partnership, dust_partner)},
	{"phase", FIELD_U32, AT(partnership, phase)},
	{"paused", FIELD_U32, AT(partnership, paused)},
	{"partner_count", FIELD_U32, AT(partnership, partner_count)},
};

static const struct ledger_field person_fields[] = {
	{"partnership", FIELD_ADDRESS, AT(person, key.a)},
	{"account", FIELD_ADDRESS, AT(person, key.b)},
	{"claimable", FIELD_U256, AT(person, claimable)},
	{"claimed", FIELD_U256, AT(person, claimed)},
	{"contributed", FIELD_U256, AT(person, contributed)},
	{"allocated", FIELD_U256, AT(person, allocated)},
	{"restaked", FIELD_U256, AT(person, restaked)},
	{"share_bps", FIELD_U64, AT(person, share_bps)},
	{"terms_tx", FIELD_HASH, AT(person, terms_tx)},
	{"list_order", FIELD_U64, AT(person, order)},
	{"active", FIELD_U64, AT(person, active)},
};

static const struct ledger_field balance_fields[] = {
	{"account", FIELD_ADDRESS, AT(balance, key.a)},
	{"amount", FIELD_U256, AT(balance, amount)},
};

static const struct ledger_field signer_key_fields[] = {
	{"signer", FIELD_ADDRESS, AT(signer_key, key.a)},
	{"validator_id", FIELD_U64, AT(signer_key, validator_id)},
};

static const struct ledger_field header_fields[] = {
	{"header_block_id", FIELD_U64, AT(header, key.n)},
	{"root", FIELD_HASH, AT(header, root)},
	{"start_block", FIELD_U64, AT(header, start)},
	{"end_block", FIELD_U64, AT(header, end)},
	{"created_at", FIELD_U64, AT(header, created_at)},
	{"proposer", FIELD_ADDRESS, AT(header, proposer)},
	{"present", FIELD_U32, AT(header, present)},
};

static const struct ledger_field root_chain_fields[] = {
	{"root_chain_id", FIELD_U64, AT(root_chain, key.n)},
	{"reward", FIELD_U256, AT(root_chain, reward)},
	{"header_id", FIELD_U64, AT(root_chain, header_id)},
	{"rewarded", FIELD_U64, AT(root_chain, rewarded)},
};

static const struct ledger_field epoch_fields[] = {
	{"epoch", FIELD_U64, AT(epoch, key.n)},
	{"amount", FIELD_U256, AT(epoch, amount)},
	{"staker_count", FIELD_U64, AT(epoch, staker_count)},
};

static const struct ledger_field flow_fields[] = {
	{"partnership", FIELD_ADDRESS, AT(flow, key.a)},
	{"rewards", FIELD_U256, AT(flow, rewards)},
	{"principal", FIELD_U256, AT(flow, principal)},
	{"from_manager", FIELD_U256, AT(flow, from_manager)},
	{"to_manager", FIELD_U256, AT(flow, to_manager)},
	{"paid_in", FIELD_U256, AT(flow, paid_in)},
	{"paid_out", FIELD_U256, AT(flow, paid_out)},
	{"validator_id", FIELD_U64, AT(flow, validator_id)},
};

static const struct ledger_fields all[LEDGER_KIND_COUNT] = {
	[LEDGER_GLOBAL] = {global_fields, N(global_fields), 0},
	[LEDGER_VALIDATOR] = {validator_fields, N(validator_fields), 1},
	[LEDGER_SHARE] = {share_fields, N(share_fields), 1},
	[LEDGER_POSITION] = {position_fields, N(position_fields), 2},
	[LEDGER_UNBOND] = {unbond_fields, N(unbond_fields), 3},
	[LEDGER_PARTNERSHIP] = {partnership_fields, N(partnership_fields), 1},
	[LEDGER_PERSON] = {person_fields, N(person_fields), 2},
	[LEDGER_BALANCE] = {balance_fields, N(balance_fields), 1},
	[LEDGER_SIGNER_KEY] = {signer_key_fields, N(signer_key_fields), 1},
	[LEDGER_HEADER] = {header_fields, N(header_fields), 1},
	[LEDGER_ROOT_CHAIN] = {root_chain_fields, N(root_chain_fields), 1},
	[LEDGER_EPOCH] = {epoch_fields, N(epoch_fields), 1},
	[LEDGER_FLOW] = {flow_fields, N(flow_fields), 1},
};

struct ledger_fields ledger_fields(enum ledger_kind kind)
{
	return all[kind];
}

void ledger_fields_select(struct buf *sql, enum ledger_kind kind)
{
	struct ledger_fields f = all[kind];

	buf_str(sql, "concat_ws(' '");
	for (unsigned i = 0; i < f.n; i++) {
		bool bytes = f.v[i].type == FIELD_ADDRESS || f.v[i].type == FIELD_HASH;

		buf_printf(sql, bytes ? ", encode(x.%s, 'hex')" : ", x.%s", f.v[i].column);
	}
	buf_chr(sql, ')');
}

static bool parse_hex(uint8_t *out, size_t want, const char *s, size_t n)
{
	char text[2 + 64] = "0x";

	if (n != 2 * want)
		return false;
	memcpy(text + 2, s, n);
	return hex_fixed(out, want, text, n + 2);
}

static bool parse_u64(uint64_t *out, const char *s, size_t n)
{
	bool minus = n && *s == '-';
	struct u256 v;

	if (!u256_parse_dec(&v, s + minus, n - minus) || !u256_fits_u64(v))
		return false;
	*out = minus ? 0 - v.w[0] : v.w[0];
	return true;
}

static bool parse_field(char *at, enum field_type type, const char *s, size_t n)
{
	uint64_t v;
	uint32_t small;

	switch (type) {
	case FIELD_U64: return parse_u64((uint64_t *)(void *)at, s, n);
	case FIELD_U256: return u256_parse_dec((struct u256 *)(void *)at, s, n);
	case FIELD_ADDRESS: return parse_hex((uint8_t *)at, 20, s, n);
	case FIELD_HASH: return parse_hex((uint8_t *)at, 32, s, n);
	case FIELD_U32: break;
	}
	if (!parse_u64(&v, s, n))
		return false;
	small = (uint32_t)v;
	memcpy(at, &small, sizeof(small));
	return true;
}

bool ledger_fields_parse(void *record, enum ledger_kind kind, const char *s, size_t n)
{
	struct ledger_fields f = all[kind];
	const char *end = s + n;

	memset(record, 0, ledger_record_size(kind));
	for (unsigned i = 0; i < f.n; i++) {
		const char *stop = memchr(s, ' ', (size_t)(end - s));

		if (!stop)
			stop = end;
		if (!parse_field((char *)record + f.v[i].offset, f.v[i].type, s, (size_t)(stop - s)))
			return false;
		s = stop < end ? stop + 1 : end;
	}
	return s == end;
}
