/*
 * Records by kind, their sizes and names, and the way to read them.
 *
 * Every piece of state is a record in one of the tables, or the list of signers. Nothing else
 * survives a block, so the journal, which sees every edit, is all that undo needs.
 */
#include "ledger/state.h"

#include <stdlib.h>

static const struct {
	const char *name;
	size_t size;
} kinds[LEDGER_KIND_COUNT] = {
	[LEDGER_GLOBAL] = {"global", sizeof(struct ledger_global)},
	[LEDGER_SIGNERS] = {"signers", sizeof(struct ledger_key)},
	[LEDGER_VALIDATOR] = {"validator", sizeof(struct ledger_validator)},
	[LEDGER_SHARE] = {"share", sizeof(struct ledger_share)},
	[LEDGER_POSITION] = {"position", sizeof(struct ledger_position)},
	[LEDGER_UNBOND] = {"unbond", sizeof(struct ledger_unbond)},
	[LEDGER_PARTNERSHIP] = {"partnership", sizeof(struct ledger_partnership)},
	[LEDGER_PERSON] = {"person", sizeof(struct ledger_person)},
	[LEDGER_BALANCE] = {"balance", sizeof(struct ledger_balance)},
	[LEDGER_SIGNER_KEY] = {"signer_key", sizeof(struct ledger_signer_key)},
	[LEDGER_HEADER] = {"header", sizeof(struct ledger_header)},
	[LEDGER_ROOT_CHAIN] = {"root_chain", sizeof(struct ledger_root_chain)},
	[LEDGER_EPOCH] = {"epoch", sizeof(struct ledger_epoch)},
	[LEDGER_FLOW] = {"flow", sizeof(struct ledger_flow)},
};

/* No padding: the sum of the members is the size. */
_Static_assert(sizeof(struct ledger_global) == 48 + 20 * 32 + 32 + 5 * 8, "global");
_Static_assert(sizeof(struct ledger_validator) == 48 + 7 * 32 + 6 * 8 + 64, "validator");
_Static_assert(sizeof(struct ledger_share) == 48 + 5 * 32 + 16, "share");
_Static_assert(sizeof(struct ledger_position) == 48 + 2 * 32 + 16, "position");
_Static_assert(sizeof(struct ledger_unbond) == 48 + 32 + 16, "unbond");
_Static_assert(sizeof(struct ledger_partnership) == 48 + 3 * 32 + 16 + 72, "partnership");
_Static_assert(sizeof(struct ledger_person) == 48 + 6 * 32 + 24, "person");
_Static_assert(sizeof(struct ledger_header) == 48 + 32 + 24 + 24, "header");
_Static_assert(sizeof(struct ledger_root_chain) == 48 + 32 + 16, "root chain");
_Static_assert(sizeof(struct ledger_epoch) == 48 + 32 + 8, "epoch");
_Static_assert(sizeof(struct ledger_flow) == 48 + 6 * 32 + 8, "flow");

const char *ledger_kind_name(enum ledger_kind kind)
{
	return (unsigned)kind < LEDGER_KIND_COUNT && kinds[kind].name ? kinds[kind].name
								      : "unknown";
}

size_t ledger_record_size(enum ledger_kind kind)
{
	return (unsigned)kind < LEDGER_KIND_COUNT ? kinds[kind].size : 0;
}

static const char *const contract_names[CONTRACT_COUNT] = {
	[CONTRACT_STAKE_MANAGER] = "StakeManager",
	[CONTRACT_ROOT_CHAIN] = "RootChain",
	[CONTRACT_STAKING_INFO] = "StakingInfo",
	[CONTRACT_TOKEN] = "Token",
};

void state_init(struct ledger *l)
{
	struct ledger_key key;

	for (unsigned k = LEDGER_GLOBAL; k < LEDGER_KIND_COUNT; k++)
		table_init(&l->tables[k], kinds[k].size);
	key = key_n(0);
	state_edit(l, LEDGER_GLOBAL, &key);
	edit_validator(l, 0);
	edit_validator(l, LEDGER_SINK);
}

/* Partnerships with a fixed address are there before their first event; a mapping without events says
 * nothing of them. */
static void add_partnerships(struct ledger *l)
{
	for (size_t i = 0; i < l->chain->contract_count; i++) {
		const struct contract *c = &l->chain->contracts[i];

		if (c->fixed && c->mapping)
			edit_partnership(l, &c->address)->phase =
				c->mapping->event_count ? PHASE_NONE : PHASE_INFERRED;
	}
}

static bool partial_token(const struct chain_conf *chain)
{
	for (size_t i = 0; i < chain->watch_count; i++)
		if (!strcmp(chain->watches[i].contract->name, contract_names[CONTRACT_TOKEN]) &&
			chain->watches[i].accounted_from_to)
			return true;
	return false;
}

enum err_kind ledger_new(struct ledger **out, const struct chain_conf *chain,
	const char *initial_state, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));
	enum err_kind kind = ERR_NONE;

	if (!l)
		abort();
	l->chain = chain;
	l->journal.window = chain->fork_window;
	state_init(l);
	for (unsigned i = 0; i < CONTRACT_COUNT && kind == ERR_NONE; i++) {
		const struct contract *c = network_contract(chain, contract_names[i]);

		if (c && c->fixed)
			l->contracts[i] = c->address;
		else
			kind = err_set(e, ERR_FATAL, "ledger", 0,
				"chain %s of the network file has no contract %s: add it",
				chain->key, contract_names[i]);
	}
	l->dispatch = dispatch_new(chain);
	add_partnerships(l);
	l->partial_token = partial_token(chain);
	if (kind == ERR_NONE && initial_state)
		kind = initial_read(l, initial_state, e);
	if (kind != ERR_NONE) {
		ledger_free(l);
		return kind;
	}
	l->sum = ledger_checksum_full(l);
	*out = l;
	return ERR_NONE;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	for (unsigned k = LEDGER_GLOBAL; k < LEDGER_KIND_COUNT; k++)
		table_free(&l->tables[k]);
	free(l->signers);
	journal_free(&l->journal);
	dispatch_free(l->dispatch);
	free(l);
}

void ledger_load(struct ledger *l, enum ledger_kind kind, const void *record)
{
	void *to = state_edit(l, kind, (const struct ledger_key *)record);

	memcpy(to, record, kinds[kind].size);
}

void ledger_load_signers(struct ledger *l, const struct address *signers, size_t n)
{
	struct address *to = edit_signers(l, n);

	if (n)
		memcpy(to, signers, n * sizeof(*to));
	l->signer_count = n;
}

void ledger_load_end(struct ledger *l, uint64_t block)
{
	l->sum = ledger_checksum_full(l);
	l->block = block;
	l->journal.bounded = true;
	l->journal.floor = block;
}

enum err_kind ledger_undo(struct ledger *l, uint64_t from, struct err *e)
{
	if (journal_undo(l, from))
		return ERR_NONE;
	return err_set(e, ERR_FATAL, "ledger", 0,
		"block %llu can not be taken back, only those above %llu can: rebuild the ledger",
		(unsigned long long)from, (unsigned long long)l->journal.floor);
}

struct ledger_sum ledger_checksum(const struct ledger *l)
{
	return l->sum;
}

uint64_t ledger_block(const struct ledger *l)
{
	return l->block;
}

/* ---- edit ---------------------------------------------------------------------------------- */

struct ledger_global *edit_global(struct ledger *l)
{
	return state_touch(l, LEDGER_GLOBAL, 0); /* state_init made it */
}

struct ledger_validator *edit_validator(struct ledger *l, uint64_t id)
{
	struct ledger_key key = key_n(id);

	return state_edit(l, LEDGER_VALIDATOR, &key);
}

struct ledger_share *edit_share(struct ledger *l, const struct address *a)
{
	struct ledger_key key = key_a(a);

	return state_edit(l, LEDGER_SHARE, &key);
}

struct ledger_position *edit_position(
	struct ledger *l, const struct ledger_share *s, const struct address *who)
{
	struct ledger_key key = key_ab(&s->key.a, who);
	struct ledger_position *p = state_edit(l, LEDGER_POSITION, &key);

	p->validator_id = s->validator_id;
	return p;
}

struct ledger_unbond *edit_unbond(struct ledger *l, const struct ledger_position *p, uint64_t nonce)
{
	struct ledger_key key = p->key;
	struct ledger_unbond *u;

	key.n = nonce;
	u = state_edit(l, LEDGER_UNBOND, &key);
	u->validator_id = p->validator_id;
	return u;
}

struct ledger_partnership *edit_partnership(struct ledger *l, const struct address *a)
{
	struct ledger_key key = key_a(a);

	return state_edit(l, LEDGER_PARTNERSHIP, &key);
}

struct ledger_person *edit_person(
	struct ledger *l, const struct address *partnership, const struct address *who)
{
	struct ledger_key key = key_ab(partnership, who);

	return state_edit(l, LEDGER_PERSON, &key);
}

/* ---- read ---------------------------------------------------------------------------------- */

const void *ledger_record(
	const struct ledger *l, enum ledger_kind kind, const struct ledger_key *key)
{
	uint32_t i = table_find(&l->tables[kind], key);

	return i == UINT32_MAX ? NULL : table_record(&l->tables[kind], i);
}

size_t ledger_count(const struct ledger *l, enum ledger_kind kind)
{
	return l->tables[kind].count;
}

const void *ledger_at(const struct ledger *l, enum ledger_kind kind, size_t i)
{
	return table_record(&l->tables[kind], (uint32_t)i);
}

static const void *by_number(const struct ledger *l, enum ledger_kind kind, uint64_t n)
{
	struct ledger_key key = key_n(n);

	return ledger_record(l, kind, &key);
}

static const void *by_address(
	const struct ledger *l, enum ledger_kind kind, const struct address *a)
{
	struct ledger_key key = key_a(a);

	return ledger_record(l, kind, &key);
}

const struct ledger_global *ledger_global(const struct ledger *l)
{
	return table_record(&l->tables[LEDGER_GLOBAL], 0);
}

const struct address *ledger_signers(const struct ledger *l, size_t *n)
{
	*n = l->signer_count;
	return l->signers;
}

const struct address *ledger_stake_manager(const struct ledger *l)
{
	return &l->contracts[CONTRACT_STAKE_MANAGER];
}

const struct ledger_validator *ledger_validator(const struct ledger *l, uint64_t id)
{
	return by_number(l, LEDGER_VALIDATOR, id);
}

const struct ledger_share *ledger_share(const struct ledger *l, const struct address *contract)
{
	return by_address(l, LEDGER_SHARE, contract);
}

const struct ledger_position *ledger_position(
	const struct ledger *l, const struct address *delegator, uint64_t id)
{
	const struct ledger_validator *v = ledger_validator(l, id);
	struct ledger_key key;

	if (!v)
		return NULL;
	key = key_ab(&v->contract, delegator);
	return ledger_record(l, LEDGER_POSITION, &key);
}

const struct ledger_unbond *ledger_unbond(
	const struct ledger *l, const struct address *delegator, uint64_t id, uint64_t nonce)
{
	const struct ledger_validator *v = ledger_validator(l, id);
	struct ledger_key key;

	if (!v)
		return NULL;
	key = key_ab(&v->contract, delegator);
	key.n = nonce;
	return ledger_record(l, LEDGER_UNBOND, &key);
}

const struct ledger_partnership *ledger_partnership(const struct ledger *l, const struct address *a)
{
	return by_address(l, LEDGER_PARTNERSHIP, a);
}

const struct ledger_person *ledger_person(
	const struct ledger *l, const struct address *partnership, const struct address *person)
{
	struct ledger_key key = key_ab(partnership, person);

	return ledger_record(l, LEDGER_PERSON, &key);
}

struct u256 ledger_balance(const struct ledger *l, const struct address *account)
{
	const struct ledger_balance *b = by_address(l, LEDGER_BALANCE, account);

	return b ? b->amount : U256_ZERO;
}

uint64_t ledger_signer_to_validator(const struct ledger *l, const struct address *key)
{
	const struct ledger_signer_key *s = by_address(l, LEDGER_SIGNER_KEY, key);

	return s ? s->validator_id : 0;
}

const struct ledger_header *ledger_header(const struct ledger *l, uint64_t id)
{
	return by_number(l, LEDGER_HEADER, id);
}

const struct ledger_root_chain *ledger_root_chain(const struct ledger *l, uint64_t chain)
{
	return by_number(l, LEDGER_ROOT_CHAIN, chain);
}

const struct ledger_epoch *ledger_epoch(const struct ledger *l, uint64_t epoch)
{
	return by_number(l, LEDGER_EPOCH, epoch);
}
