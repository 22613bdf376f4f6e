/*
 * A share contract is created inside the transaction that stakes: its constructor logs OwnerUpdate
 * (new owner, old owner), and the next Staked of that transaction names the validator it belongs
 * to. Several actions in one transaction are normal, and anybody may log an OwnerUpdate with the
 * same parameters. The contract logs a fee (or the end of an auction) before it creates the share,
 * and nothing of others can come between that and Staked: so only an announcement between Staked
 * and the log before it of the same contract counts.
 *
 * A partnership is the receiver of a staking token (NFT) that has code.
 */
#include "ingest/discover.h"

static bool topic_address(struct address *a, const struct hash32 *t)
{
	static const uint8_t zero[12];

	memcpy(a->b, t->b + 12, sizeof(a->b));
	return !memcmp(t->b, zero, sizeof(zero));
}

static bool topic_u64(uint64_t *out, const struct hash32 *t)
{
	struct u256 v = u256_be(t->b);

	*out = v.w[0];
	return u256_fits_u64(v);
}

static bool triggers(const struct discovery_rule *r, const struct log *l)
{
	return l->topic_count && hash_eq(&l->topics[0], &r->trigger_topic0) &&
	       address_eq(&l->address, &r->trigger_contract->address);
}

const struct discovery_rule *discover_trigger(
	const struct chain_conf *chain, enum discovery_kind kind, const struct log *l)
{
	for (size_t i = 0; i < chain->rule_count; i++)
		if (chain->rules[i].kind == kind && triggers(&chain->rules[i], l))
			return &chain->rules[i];
	return NULL;
}

/* Two address parameters, indexed or not, that are new owner and old owner. */
static bool announces(const struct discovery_rule *r, const struct log *l)
{
	struct hash32 word[2];
	struct address a, b;
	size_t n = 0;

	if (!l->topic_count || !hash_eq(&l->topics[0], &r->announce_topic0))
		return false;
	if (l->topic_count - 1u + l->data.n / 32 != 2 || l->data.n % 32)
		return false;
	for (unsigned t = 1; t < l->topic_count; t++)
		word[n++] = l->topics[t];
	for (size_t at = 0; at < l->data.n; at += 32)
		memcpy(word[n++].b, l->data.p + at, 32);
	return topic_address(&a, &word[0]) && topic_address(&b, &word[1]) &&
	       address_eq(&a, &r->new_owner) &&
	       (!r->has_old_owner || address_eq(&b, &r->old_owner));
}

/* The validator id among the indexed parameters of the trigger event. */
static void validator_of(const struct discovery_rule *r, const struct log *l, struct discovery *out)
{
	const struct contract *c = r->trigger_contract;

	for (size_t i = 0; i < c->event_count; i++) {
		const struct abi_event *ev = c->events[i];
		unsigned topic = 1;

		if (!hash_eq(&ev->topic0, &r->trigger_topic0) || ev->validator_param < 0)
			continue;
		for (int k = 0; k < ev->validator_param; k++)
			topic += ev->params[k].indexed;
		if (!ev->params[ev->validator_param].indexed || topic >= l->topic_count)
			continue;
		out->has_validator = topic_u64(&out->validator_id, &l->topics[topic]);
		return;
	}
}

bool discover_owner_update(const struct discovery_rule *rule, uint64_t number,
	const struct log *logs, size_t i, struct discovery *out)
{
	for (size_t k = i; k-- > 0 && logs[k].tx_index == logs[i].tx_index;) {
		if (address_eq(&logs[k].address, &rule->trigger_contract->address))
			return false;
		if (!announces(rule, &logs[k]))
			continue;
		*out = (struct discovery){.address = logs[k].address,
			.contract = rule->finds->name,
			.rule = rule->name,
			.block = number,
			.log_index = logs[k].log_index};
		validator_of(rule, &logs[i], out);
		return true;
	}
	return false;
}

bool discover_nft_owner(const struct discovery_rule *rule, uint64_t number, const struct log *l,
	struct discovery *out)
{
	static const struct address nobody;
	struct address to;

	if (l->topic_count != 4 || !topic_address(&to, &l->topics[2]) || address_eq(&to, &nobody))
		return false;
	*out = (struct discovery){.address = to,
		.contract = rule->finds->name,
		.rule = rule->name,
		.block = number,
		.log_index = l->log_index};
	out->has_validator = topic_u64(&out->validator_id, &l->topics[3]);
	return true;
}

/* Events whose transaction carries what no log repeats: signatures of a checkpoint, mirrored ids.
 */
static const char *const with_calldata[] = {"NewHeaderBlock", "CheckpointSyncAck", "StakeAck"};

bool discover_checkpoint(const struct chain_conf *chain, const struct log *l)
{
	if (!l->topic_count || l->state_sync)
		return false;
	for (size_t i = 0; i < chain->contract_count; i++) {
		const struct contract *c = &chain->contracts[i];

		if (!c->fixed || !address_eq(&c->address, &l->address))
			continue;
		for (size_t k = 0; k < c->event_count; k++)
			if (hash_eq(&c->events[k]->topic0, &l->topics[0]))
				for (size_t n = 0;
					n < sizeof(with_calldata) / sizeof(*with_calldata); n++)
					if (!strcmp(c->events[k]->name, with_calldata[n]))
						return true;
	}
	return false;
}
