/*
 * The values that governance sets: their names, where each change came from, and an operator's overrides.
 *
 * Most have an event or a call that says the new value. What can not be seen (a call inside another
 * contract's call) an operator may state, dated by block; whatever the chain says later counts again.
 */
#include "ledger/state.h"

#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>

enum width { WIDE, NARROW, TRUTH };

static const struct {
	const char *name;
	size_t offset;
	enum width width;
	bool told; /* a change of it is told; others change at every checkpoint or stake */
} fields[] = {
#define FIELD(name, width, told) {#name, offsetof(struct ledger_global, name), width, told}
	FIELD(min_deposit, WIDE, true),
	FIELD(min_heimdall_fee, WIDE, true),
	FIELD(reward_decrease_per_checkpoint, WIDE, true),
	FIELD(max_rewarded_checkpoints, WIDE, true),
	FIELD(checkpoint_reward_delta, WIDE, true),
	FIELD(checkpoint_block_interval, WIDE, true),
	FIELD(proposer_bonus, WIDE, true),
	FIELD(withdrawal_delay, WIDE, true),
	FIELD(dynasty, WIDE, true),
	FIELD(auction_period, WIDE, true),
	FIELD(replacement_cool_down, WIDE, true),
	FIELD(signer_update_limit, WIDE, true),
	FIELD(validator_threshold, WIDE, true),
	FIELD(delegation_enabled, TRUTH, true),
	FIELD(prev_block_interval, WIDE, false),
	FIELD(total_stake, WIDE, false),
	FIELD(current_epoch, NARROW, false),
	{"validator_count", offsetof(struct ledger_global, staker_count), NARROW, false},
#undef FIELD
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

static const char chain_reward[] = "checkpoint_reward/";

static const char *const sources[SOURCE_COUNT] = {
	[SOURCE_NETWORK_FILE] = "network_file",
	[SOURCE_EVENT] = "event",
	[SOURCE_CALL] = "call",
	[SOURCE_OVERRIDE] = "override",
	[SOURCE_SNAPSHOT] = "snapshot",
};

const char *ledger_source_name(enum ledger_source s)
{
	return (unsigned)s < SOURCE_COUNT ? sources[s] : "unknown";
}

/* ---- names --------------------------------------------------------------------------------- */

bool ledger_parameter_parse(struct ledger_parameter *out, const char *name)
{
	size_t n = sizeof(chain_reward) - 1;

	*out = (struct ledger_parameter){0};
	for (; out->id < FIELDS; out->id++)
		if (!strcmp(fields[out->id].name, name))
			return true;
	if (strncmp(name, chain_reward, n) || name[n] < '1' || name[n] > '9' || name[n + 1])
		return false;
	out->chain = (uint64_t)(name[n] - '0');
	return true;
}

size_t ledger_parameter_name(char out[LEDGER_PARAMETER_NAME_MAX], struct ledger_parameter p)
{
	int n = p.id < FIELDS ? snprintf(out, LEDGER_PARAMETER_NAME_MAX, "%s", fields[p.id].name)
			      : snprintf(out, LEDGER_PARAMETER_NAME_MAX, "%s%llu", chain_reward,
					(unsigned long long)p.chain);

	return (size_t)n;
}

const char *ledger_parameter_near(const char *name)
{
	const char *names[FIELDS + 2];

	for (size_t i = 0; i < FIELDS; i++)
		names[i] = fields[i].name;
	names[FIELDS] = "checkpoint_reward/1";
	names[FIELDS + 1] = NULL;
	return opt_nearest(name, names);
}

bool ledger_parameter_fits(struct ledger_parameter p, struct u256 value)
{
	if (p.id >= FIELDS || fields[p.id].width == WIDE)
		return true;
	return u256_fits_u64(value) && value.w[0] <= (fields[p.id].width == TRUTH ? 1 : (uint64_t)INT64_MAX);
}

bool ledger_parameter_is_set(struct ledger_parameter p)
{
	return p.id >= FIELDS || fields[p.id].told;
}

/* ---- values -------------------------------------------------------------------------------- */

static struct u256 get(const struct ledger_global *g, size_t i)
{
	const char *at = (const char *)g + fields[i].offset;
	uint64_t small;
	struct u256 v;

	if (fields[i].width == WIDE) {
		memcpy(&v, at, sizeof(v));
		return v;
	}
	memcpy(&small, at, sizeof(small));
	return u256_u64(small);
}

static void set(struct ledger_global *g, size_t i, struct u256 v)
{
	char *at = (char *)g + fields[i].offset;

	if (fields[i].width == WIDE)
		memcpy(at, &v, sizeof(v));
	else
		memcpy(at, &v.w[0], sizeof(v.w[0]));
}

static void tell(struct fold *f, struct ledger_parameter p, struct u256 before, struct u256 value,
	enum ledger_source source)
{
	struct ledger_parameter_change c = {.parameter = p,
		.before = before,
		.value = value,
		.source = source,
		.log_index = UINT32_MAX};

	if (source == SOURCE_CALL) {
		c.tx_hash = f->call->hash;
	} else if (source == SOURCE_EVENT) {
		c.tx_hash = f->items[f->at].log->tx_hash;
		c.log_index = f->items[f->at].log->log_index;
	}
	arena_grow(f->mem, &f->parameters, &f->parameter_cap, f->parameter_count + 1, sizeof(c));
	f->parameters[f->parameter_count++] = c;
}

void parameters_changed(
	struct fold *f, const struct ledger_global *before, enum ledger_source source)
{
	const struct ledger_global *g = ledger_global(f->l);

	for (unsigned i = 0; i < FIELDS; i++) {
		struct u256 was = get(before, i), is = get(g, i);

		/* Whatever a call sets is told, also what else changes by itself. */
		if (u256_cmp(was, is) && (fields[i].told || source == SOURCE_CALL))
			tell(f, (struct ledger_parameter){.id = i}, was, is, source);
	}
}

void parameter_chain_reward(
	struct fold *f, uint64_t chain, struct u256 before, struct u256 value, enum ledger_source source)
{
	if (u256_cmp(before, value))
		tell(f, (struct ledger_parameter){FIELDS, chain}, before, value, source);
}

static void override_one(struct fold *f, const struct ledger_override *o)
{
	struct ledger_key key = key_n(o->parameter.chain);
	struct ledger_root_chain *c;
	struct ledger_global *g;
	struct u256 before;

	if (o->parameter.id >= FIELDS) {
		c = state_edit(f->l, LEDGER_ROOT_CHAIN, &key);
		before = c->reward;
		c->reward = o->value;
		c->rewarded = 1;
	} else {
		g = edit_global(f->l);
		before = get(g, o->parameter.id);
		set(g, o->parameter.id, o->value);
	}
	tell(f, o->parameter, before, o->value, o->source);
	f->parameters[f->parameter_count - 1].reason = o->reason;
}

void parameters_override(struct fold *f, uint64_t after)
{
	for (size_t i = 0; i < f->l->override_count; i++) {
		const struct ledger_override *o = &f->l->overrides[i];

		if (o->block > after && o->block <= f->b->h.number)
			override_one(f, o);
	}
}

void ledger_set_overrides(struct ledger *l, const struct ledger_override *v, size_t n)
{
	l->overrides = v;
	l->override_count = n;
}

void ledger_parameters(const struct ledger *l, struct arena *mem,
	const struct ledger_parameter_change **out, size_t *count)
{
	size_t chains = ledger_count(l, LEDGER_ROOT_CHAIN);
	struct ledger_parameter_change *v = arena_calloc(mem, FIELDS + chains, sizeof(*v));
	size_t n = 0;

	for (unsigned i = 0; i < FIELDS; i++)
		if (fields[i].told)
			v[n++] = (struct ledger_parameter_change){.parameter = {.id = i},
				.value = get(ledger_global(l), i)};
	for (size_t i = 0; i < chains; i++) {
		const struct ledger_root_chain *c = ledger_at(l, LEDGER_ROOT_CHAIN, i);

		if (c->rewarded)
			v[n++] = (struct ledger_parameter_change){
				.parameter = {FIELDS, c->key.n}, .value = c->reward};
	}
	for (size_t i = 0; i < n; i++)
		v[i].log_index = UINT32_MAX;
	*out = v;
	*count = n;
}
