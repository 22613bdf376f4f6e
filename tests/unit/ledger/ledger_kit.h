#ifndef LEDGER_KIT_H
#define LEDGER_KIT_H

/* What the tests of the ledger share: recorded chains folded block by block, and oracle records. */
#include "unit/decode/decode_kit.h"

#include "ledger/ledger.h"
#include "ledger/view.h"

#include <stdio.h>
#include <stdlib.h>

struct kit {
	struct network *net;
	const struct chain_conf *chain;
	struct decoder *decoder;
	struct ledger *l;
	struct arena *mem;                            /* of the block in hand */
	struct u256 before_rewards, before_per_stake; /* at the block before the newest */
	uint64_t blocks, events, findings, changes;
	bool quiet; /* findings are expected */
};

static inline void kit_open(struct kit *k, const char *network, struct arena *mem)
{
	struct err e = {0};

	*k = (struct kit){.net = kit_network(network), .mem = mem};
	k->chain = network_chain(k->net, "root");
	k->decoder = decoder_new(k->chain);
	if (ledger_new(&k->l, k->chain, k->net->initial_state, &e) != ERR_NONE)
		fail_msg("%s", e.msg);
}

static inline void kit_close(struct kit *k)
{
	ledger_free(k->l);
	decoder_free(k->decoder);
	network_free(k->net);
}

/* Discovery of share contracts, as ingest does it: the OwnerUpdate to the StakeManager before a
 * Staked. */
static inline void kit_discover(struct kit *k, struct block *b)
{
	const struct contract *info = network_contract(k->chain, "StakingInfo");
	const struct contract *share = network_template(k->chain, "ValidatorShare");
	const struct hash32 staked = kit_event(info, "Staked")->topic0;
	const struct hash32 owner = kit_event(share, "OwnerUpdate(address,address)")->topic0;

	b->found = arena_calloc(k->mem, b->log_count + 1, sizeof(*b->found));
	b->found_count = 0;
	for (size_t i = 0; i < b->log_count; i++) {
		if (!b->logs[i].topic_count || !hash_eq(&b->logs[i].topics[0], &staked))
			continue;
		for (size_t j = i; j-- > 0 && b->logs[j].tx_index == b->logs[i].tx_index;) {
			if (!b->logs[j].topic_count)
				continue;
			if (hash_eq(&b->logs[j].topics[0], &staked))
				break;
			if (!hash_eq(&b->logs[j].topics[0], &owner))
				continue;
			b->found[b->found_count++] =
				(struct discovery){.address = b->logs[j].address,
					.contract = "ValidatorShare",
					.rule = "validator_share",
					.block = b->h.number,
					.log_index = b->logs[j].log_index};
			break;
		}
	}
}

static inline void kit_report(const struct kit *k, const struct ledger_outcome *out)
{
	for (size_t i = 0; i < out->finding_count && !k->quiet; i++) {
		const struct ledger_finding *x = &out->findings[i];
		char a[U256_DEC_MAX + 1], b[U256_DEC_MAX + 1];

		a[u256_dec(a, x->expected)] = 0;
		b[u256_dec(b, x->observed)] = 0;
		print_message("block %llu log %u: %s of %llu: expected %s, observed %s\n",
			(unsigned long long)ledger_block(k->l), x->log_index,
			ledger_finding_name(x->kind), (unsigned long long)x->subject.n, a, b);
	}
}

/* Decode and fold a block; out lives in k->mem, which the caller resets. */
static inline void kit_apply(struct kit *k, struct block *b, struct ledger_outcome *out)
{
	const struct ledger_global *g = ledger_global(k->l);
	struct ledger_input in = {.block = b};
	struct decoded d;
	struct err e;

	k->before_rewards = g->total_rewards;
	k->before_per_stake = g->reward_per_stake;
	kit_discover(k, b);
	decode_block(k->decoder, b, k->mem, &d);
	in.decoded = &d;
	if (ledger_apply(k->l, &in, k->mem, out, &e) != ERR_NONE)
		fail_msg("%s", e.msg);
	k->blocks++;
	k->events += d.event_count;
	k->findings += out->finding_count;
	k->changes += out->change_count;
	kit_report(k, out);
}

static inline void kit_undo(struct kit *k, uint64_t from)
{
	struct err e;

	if (ledger_undo(k->l, from, &e) != ERR_NONE)
		fail_msg("%s", e.msg);
	decoder_undo(k->decoder, from);
}

/* All records as bytes, to compare whole states. */
static inline void kit_snapshot(const struct kit *k, struct buf *out)
{
	size_t n;
	const struct address *s = ledger_signers(k->l, &n);

	buf_clear(out);
	buf_add(out, s, n * sizeof(*s));
	for (unsigned kind = LEDGER_GLOBAL; kind < LEDGER_KIND_COUNT; kind++) {
		size_t count = ledger_count(k->l, (enum ledger_kind)kind);

		buf_add(out, &count, sizeof(count));
		for (size_t i = 0; i < count && kind != LEDGER_SIGNERS; i++)
			buf_add(out, ledger_at(k->l, (enum ledger_kind)kind, i),
				ledger_record_size((enum ledger_kind)kind));
	}
}

/* A whole recording in memory. */
struct kit_chain {
	struct block *blocks;
	size_t count;
};

static inline void kit_load(struct kit_chain *c, const char *recording, struct arena *mem)
{
	struct recording *r = recording_open(recording);
	struct rec_block raw;
	size_t cap = 0;

	*c = (struct kit_chain){0};
	for (; recording_next(r, mem, &raw); c->count++) {
		arena_grow(mem, &c->blocks, &cap, c->count + 1, sizeof(*c->blocks));
		c->blocks[c->count] = kit_block(&raw, mem);
	}
	recording_close(r);
}

#endif
