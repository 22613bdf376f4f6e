/*
 * Amounts of the logs are taken from the ledger's own view functions before the block is folded, so
 * within a block no two actions touch the same reward.
 *
 * Signing 7.8 million votes the ordinary way takes longer than all the rest. Nonces are therefore
 * taken from a pool whose inverses are known, which leaves two multiplications a signature; keys
 * of this chain guard nothing.
 */
#include "at_chain.h"

#include "chain/keccak.h"
#include "chain/recover.h"
#include "ledger/view.h"

#include <secp256k1.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGS_MAX    128
#define TXS_MAX     16
#define NONCES      1024
#define FIRST_TIME  1638958041u /* 2021-12-08, when BTTC began */
#define ROUND_TIME  600u
#define BUYS        AT_VALIDATORS /* a block of the start: each at another validator */
#define FOUNDERS    2000 /* delegators at the start; then one more every ARRIVAL rounds */
#define ARRIVAL     32
#define PULL_ROUNDS 48
#define PAY_ROUNDS  336
#define WORDS_DATA  7
#define SIG_SIZE    96

struct validator_key {
	uint8_t secret[32];
	struct address address;
	unsigned id;
};

struct nonce {
	uint8_t r[32], inverse[32];
	unsigned parity;
};

struct at_chain {
	const struct chain_conf *conf;
	const struct contract *manager, *info, *hub, *token, *nft, *root, *share, *partnership;
	struct address partnerships[AT_PARTNERSHIPS];
	struct validator_key keys[AT_VALIDATORS]; /* in order of the addresses */
	struct nonce nonces[NONCES];
	struct block_id last; /* number 0: none yet */

	/* of the block at hand */
	const struct ledger *l;
	struct arena *mem;
	struct block *b;
	uint64_t random;
	struct hash32 tx;
	struct address voters[AT_VALIDATORS];
	size_t voter_count;
	struct hash32 account_root;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_at: %s\n", what);
	exit(1);
}

/* ---- names and numbers --------------------------------------------------------------------- */

static struct hash32 name_hash(unsigned kind, uint64_t n)
{
	char text[64];
	struct hash32 h;
	int len = snprintf(text, sizeof(text), "bench at %u %llu", kind, (unsigned long long)n);

	keccak256(&h, text, (size_t)len);
	return h;
}

struct address at_account(enum at_account kind, uint64_t n)
{
	struct hash32 h = name_hash(kind, n);
	struct address a;

	memcpy(a.b, h.b + 12, sizeof(a.b));
	return a;
}

static uint64_t next_random(struct at_chain *c)
{
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return c->random >> 33;
}

static struct hash32 word(struct u256 v)
{
	struct hash32 h;

	u256_to_be(h.b, v);
	return h;
}

static struct hash32 number(uint64_t v)
{
	return word(u256_u64(v));
}

static struct hash32 account_word(struct address a)
{
	struct hash32 h = {{0}};

	memcpy(h.b + 12, a.b, sizeof(a.b));
	return h;
}

/* Token units between 1/2 and 1 of tokens * 10^18, with all digits in use. */
static struct u256 units(struct at_chain *c, uint64_t tokens)
{
	uint64_t part = tokens / 2 + next_random(c) % (tokens / 2 + 1);
	struct u256 fine = u256_u64(next_random(c) * 400000007ULL % 1000000000000000000ULL);

	return u256_add(u256_mul(u256_u64(part), u256_u64(1000000000000000000ULL)), fine);
}

static struct u256 divided(struct u256 a, struct u256 b)
{
	struct u256 q;

	if (!u256_div(&q, NULL, a, b))
		die("division by zero");
	return q;
}

static struct u256 seen(bool ok, struct u256 v)
{
	if (!ok)
		die("a view reverts");
	return v;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void must(int ok)
{
	if (!ok)
		die("a made key or nonce is out of range");
}

/* 1/k modulo the order n of the curve: k^(n-2). */
static void invert(uint8_t out[32], const uint8_t k[32])
{
	static const uint8_t power[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf,
		0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x3f};
	uint8_t copy[32];

	memcpy(out, k, 32); /* the highest bit is set */
	for (unsigned i = 1; i < 256; i++) {
		memcpy(copy, out, 32);
		must(secp256k1_ec_seckey_tweak_mul(secp256k1_context_static, out, copy));
		if (power[i / 8] >> (7 - i % 8) & 1)
			must(secp256k1_ec_seckey_tweak_mul(secp256k1_context_static, out, k));
	}
}

static void make_nonces(struct at_chain *c)
{
	secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

	for (unsigned i = 0; i < NONCES; i++) {
		struct nonce *n = &c->nonces[i];
		struct hash32 k = name_hash(100, i);
		uint8_t point[33];
		size_t len = sizeof(point);
		secp256k1_pubkey key;

		must(secp256k1_ec_pubkey_create(ctx, &key, k.b));
		must(secp256k1_ec_pubkey_serialize(ctx, point, &len, &key, SECP256K1_EC_COMPRESSED));
		memcpy(n->r, point + 1, 32);
		must(secp256k1_ec_seckey_verify(ctx, n->r));
		n->parity = point[0] & 1;
		invert(n->inverse, k.b);
	}
	secp256k1_context_destroy(ctx);
}

/* r, s, v as 96 bytes; s = (hash + r * secret) / k, the smaller of s and -s. */
static void sign(const struct nonce *n, const struct hash32 *hash, const uint8_t secret[32],
	uint8_t out[SIG_SIZE])
{
	static const uint8_t half[16] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff};
	const secp256k1_context *ctx = secp256k1_context_static;
	uint8_t *s = out + 32;
	unsigned parity = n->parity;

	memset(out, 0, SIG_SIZE);
	memcpy(out, n->r, 32);
	memcpy(s, secret, 32);
	must(secp256k1_ec_seckey_tweak_mul(ctx, s, n->r));
	must(secp256k1_ec_seckey_tweak_add(ctx, s, hash->b));
	must(secp256k1_ec_seckey_tweak_mul(ctx, s, n->inverse));
	if (memcmp(s, half, sizeof(half)) >= 0) {
		must(secp256k1_ec_seckey_negate(ctx, s));
		parity ^= 1;
	}
	out[SIG_SIZE - 1] = (uint8_t)(27 + parity);
}

static int by_address(const void *a, const void *b)
{
	const struct validator_key *x = a, *y = b;

	return memcmp(x->address.b, y->address.b, sizeof(x->address.b));
}

static void make_keys(struct at_chain *c)
{
	for (unsigned i = 0; i < AT_VALIDATORS; i++) {
		struct hash32 secret = name_hash(AT_SIGNER, i + 1);

		c->keys[i].id = i + 1;
		memcpy(c->keys[i].secret, secret.b, 32);
		if (!recover_secret_address(&c->keys[i].address, secret.b))
			die("a made key is out of range");
	}
	qsort(c->keys, AT_VALIDATORS, sizeof(*c->keys), by_address);
}

/* ---- logs ---------------------------------------------------------------------------------- */

static const struct abi_event *event_of(const struct contract *c, const char *name)
{
	for (size_t i = 0; i < c->event_count; i++)
		if (!strcmp(c->events[i]->name, name))
			return c->events[i];
	die(name);
	return NULL;
}

/* words: the indexed parameters, then the data. */
static void emit(struct at_chain *c, const struct contract *of, struct address at, const char *name,
	const struct hash32 *words, size_t n)
{
	const struct abi_event *ev = event_of(of, name);
	struct block *b = c->b;
	struct log *l = &b->logs[b->log_count];

	if (b->log_count == LOGS_MAX)
		die("too many logs in a block");
	*l = (struct log){.address = at,
		.topic_count = (uint8_t)(1 + ev->indexed_count),
		.log_index = (uint32_t)b->log_count++,
		.tx_index = b->tx_total,
		.tx_hash = c->tx};
	l->topics[0] = ev->topic0;
	memcpy(l->topics + 1, words, ev->indexed_count * sizeof(*words));
	n -= ev->indexed_count;
	l->data = (struct bytes){arena_dup(c->mem, words + ev->indexed_count, 32 * n), 32 * n};
}

#define EMIT_AT(c, of, at, name, ...)                                                              \
	emit(c, of, at, name, (struct hash32[]){__VA_ARGS__},                                      \
		sizeof((struct hash32[]){__VA_ARGS__}) / sizeof(struct hash32))
#define EMIT(c, of, name, ...) EMIT_AT(c, (c)->of, (c)->of->address, name, __VA_ARGS__)

static void begin_tx(struct at_chain *c)
{
	uint64_t id[2] = {c->b->h.number, c->b->tx_total};

	keccak256(&c->tx, id, sizeof(id));
}

static void end_tx(struct at_chain *c)
{
	c->b->tx_total++;
}

/* The transaction at hand went to a contract whose calls are kept. */
static void keep_tx(struct at_chain *c, struct address from, struct address to, struct bytes input)
{
	struct block *b = c->b;

	if (b->tx_count == TXS_MAX)
		die("too many transactions in a block");
	b->txs[b->tx_count++] = (struct tx){.hash = c->tx,
		.from = from,
		.to = to,
		.status = 1,
		.index = b->tx_total,
		.input = input};
}

static struct bytes call_of(struct at_chain *c, const char *signature, struct address arg)
{
	struct hash32 h, w = account_word(arg);
	uint8_t *p = arena_alloc(c->mem, 36);

	keccak256(&h, signature, strlen(signature));
	memcpy(p, h.b, 4);
	memcpy(p + 4, w.b, 32);
	return (struct bytes){p, strstr(signature, "()") ? 4 : 36};
}

static void pay(struct at_chain *c, struct address from, struct address to, struct u256 amount)
{
	EMIT(c, token, "Transfer", account_word(from), account_word(to), word(amount));
}

/* ---- the start ----------------------------------------------------------------------------- */

static struct address partner_of(unsigned partnership, unsigned k)
{
	return at_account(AT_PARTNER, partnership * 6 + k);
}

static struct address owner_of(const struct at_chain *c, uint64_t id)
{
	return id <= AT_PARTNERSHIPS ? c->partnerships[id - 1] : at_account(AT_OWNER, id);
}

static struct hash32 role_id(const char *name)
{
	struct hash32 h;

	keccak256(&h, name, strlen(name));
	return h;
}

static void found_partnership(struct at_chain *c, unsigned p)
{
	struct address at = c->partnerships[p], admin = at_account(AT_STRANGER, 10 + p);
	struct address operator_ = at_account(AT_STRANGER, 20 + p);
	struct hash32 sender = account_word(admin);

	begin_tx(c);
	EMIT_AT(c, c->partnership, at, "RoleGranted", number(0), account_word(admin), sender);
	EMIT_AT(c, c->partnership, at, "RoleGranted", role_id("OPERATOR_ROLE"), account_word(operator_),
		sender);
	for (unsigned k = 0; k < AT_TERMS; k++)
		EMIT_AT(c, c->partnership, at, "PartnerAdded", account_word(partner_of(p, k)),
			number(10000 / AT_TERMS));
	EMIT_AT(c, c->partnership, at, "DustPartnerChanged", number(0), account_word(partner_of(p, 0)));
	end_tx(c);
	for (unsigned k = 0; k < AT_TERMS; k++) {
		struct u256 amount = units(c, 1000000000000ULL);

		begin_tx(c);
		pay(c, partner_of(p, k), at, amount);
		EMIT_AT(c, c->partnership, at, "StakeDeposited", account_word(partner_of(p, k)),
			word(amount));
		end_tx(c);
	}
}

static void found(struct at_chain *c)
{
	begin_tx(c); /* rewards come from here */
	pay(c, at_account(AT_STRANGER, 0), c->manager->address,
		u256_mul(u256_u64(1000000000000000000ULL), u256_u64(1000000000000000ULL)));
	end_tx(c);
	for (unsigned p = 0; p < AT_PARTNERSHIPS; p++)
		found_partnership(c, p);
}

static const struct validator_key *key_of(const struct at_chain *c, uint64_t id)
{
	for (unsigned i = 0; i < AT_VALIDATORS; i++)
		if (c->keys[i].id == id)
			return &c->keys[i];
	return NULL;
}

static void stake(struct at_chain *c, uint64_t id)
{
	struct address owner = owner_of(c, id), none = {{0}}, sm = c->manager->address;
	struct u256 amount = units(c, 2000000000000ULL), total;
	struct block *b = c->b;

	total = u256_add(ledger_global(c->l)->total_staked, amount);
	begin_tx(c);
	pay(c, owner, sm, amount);
	EMIT_AT(c, c->share, at_account(AT_SHARE, id), "OwnerUpdate", account_word(sm),
		account_word(none));
	b->found[b->found_count++] = (struct discovery){.address = at_account(AT_SHARE, id),
		.contract = c->share->name,
		.rule = "validator_share",
		.block = b->h.number,
		.log_index = (uint32_t)b->log_count - 1,
		.has_validator = true,
		.validator_id = id};
	EMIT(c, nft, "Transfer", account_word(none), account_word(owner), number(id));
	EMIT(c, info, "Staked", account_word(key_of(c, id)->address), number(id), number(1), number(1),
		word(amount), word(total), number(128), number(64), name_hash(AT_SIGNER, id),
		name_hash(AT_SIGNER, id + 1000));
	if (id <= AT_PARTNERSHIPS)
		EMIT_AT(c, c->partnership, owner, "PartnershipCreated", number(id),
			account_word(at_account(AT_STRANGER, 10 + id - 1)),
			account_word(at_account(AT_STRANGER, 20 + id - 1)));
	end_tx(c);
}

/* ---- delegators ---------------------------------------------------------------------------- */

struct holder {
	uint64_t id;
	struct address user;
	const struct ledger_validator *v;
	const struct ledger_share *s;
	const struct ledger_position *p; /* NULL: none yet */
};

static struct holder holder_of(const struct at_chain *c, uint64_t n)
{
	struct holder h = {.id = 1 + n % AT_VALIDATORS, .user = at_account(AT_DELEGATOR, n)};

	h.v = ledger_validator(c->l, h.id);
	h.s = h.v ? ledger_share(c->l, &h.v->contract) : NULL;
	if (!h.s)
		die("a validator is missing");
	h.p = ledger_position(c->l, &h.user, h.id);
	return h;
}

/* What every action pays first. */
static void pay_reward(struct at_chain *c, const struct holder *h)
{
	struct u256 per_share, reward = U256_ZERO;

	if (h->p) {
		bool ok = view_reward_per_share(&per_share, h->s, h->v, ledger_global(c->l)) &&
			  view_liquid_rewards(&reward, h->p, per_share);

		reward = seen(ok, reward);
	}
	if (u256_is_zero(reward))
		return;
	pay(c, c->manager->address, h->user, reward);
	EMIT(c, info, "DelegatorClaimedRewards", number(h->id), account_word(h->user), word(reward));
}

static void stake_update(struct at_chain *c, const struct holder *h, struct u256 total)
{
	EMIT(c, info, "StakeUpdate", number(h->id), word(total));
}

static void buy(struct at_chain *c, const struct holder *h, uint64_t tokens)
{
	struct u256 amount = units(c, tokens);

	begin_tx(c);
	pay_reward(c, h);
	pay(c, h->user, c->manager->address, amount);
	EMIT_AT(c, c->share, h->v->contract, "Transfer", number(0), account_word(h->user), word(amount));
	EMIT(c, info, "ShareMinted", number(h->id), account_word(h->user), word(amount), word(amount));
	stake_update(c, h, u256_add(view_total_validator_stake(h->v, h->s), amount));
	end_tx(c);
}

static void sell(struct at_chain *c, const struct holder *h)
{
	struct u256 amount = divided(h->p->shares, u256_u64(4));

	begin_tx(c);
	pay_reward(c, h);
	EMIT_AT(c, c->share, h->v->contract, "Transfer", account_word(h->user), number(0), word(amount));
	EMIT(c, hub, "ShareBurnedWithId", number(h->id), account_word(h->user), word(amount),
		word(amount), number(h->p->unbond_nonce + 1));
	stake_update(c, h, u256_sub(view_total_validator_stake(h->v, h->s), amount));
	end_tx(c);
}

static void unstake_claim(struct at_chain *c, const struct holder *h, const struct ledger_unbond *u)
{
	struct u256 rate = U256_ZERO, amount;

	rate = seen(view_withdraw_exchange_rate(&rate, h->s), rate);
	amount = divided(u256_mul(rate, u->shares), view_rate_precision(h->id));
	begin_tx(c);
	pay(c, c->manager->address, h->user, amount);
	EMIT(c, hub, "DelegatorUnstakeWithId", number(h->id), account_word(h->user), word(amount),
		number(u->key.n));
	end_tx(c);
}

static void delegate(struct at_chain *c, uint64_t round)
{
	uint64_t known = FOUNDERS + round / ARRIVAL, n = known;
	const struct ledger_unbond *u = NULL;
	uint64_t choice = next_random(c) % 10;
	struct holder h;

	if (known >= AT_DELEGATORS || round % ARRIVAL)
		n = next_random(c) % (known < AT_DELEGATORS ? known : AT_DELEGATORS);
	h = holder_of(c, n);

	if (h.p && h.p->unbond_nonce)
		u = ledger_unbond(c->l, &h.user, h.id, h.p->unbond_nonce);
	if (u && !u256_is_zero(u->shares)) {
		unstake_claim(c, &h, u);
	} else if (choice < 3 || !h.p) {
		buy(c, &h, 20000000);
	} else if (choice < 5) {
		sell(c, &h);
	} else {
		begin_tx(c);
		pay_reward(c, &h);
		end_tx(c);
	}
}

/* ---- owners and partners ------------------------------------------------------------------- */

/* The owner's claim; what was paid. */
static struct u256 claim_rewards(struct at_chain *c, uint64_t id)
{
	const struct ledger_global *g = ledger_global(c->l);
	const struct ledger_validator *v = ledger_validator(c->l, id);
	struct u256 amount = U256_ZERO;

	amount = seen(v && view_validator_reward(&amount, v, g), amount);
	pay(c, c->manager->address, v->owner, amount);
	EMIT(c, info, "ClaimRewards", number(id), word(amount),
		word(u256_add(g->total_rewards_liquidated, amount)));
	return amount;
}

/* pullRewards: claimed from the StakeManager and allocated to partners at once. */
static void pull(struct at_chain *c, unsigned p)
{
	struct address at = c->partnerships[p];
	struct u256 amount, part, rest;

	begin_tx(c);
	keep_tx(c, at_account(AT_STRANGER, 20 + p), at, call_of(c, "pullRewards()", at));
	rest = amount = claim_rewards(c, p + 1);
	EMIT_AT(c, c->partnership, at, "RewardsReceived", word(amount),
		word(u256_add(ledger_partnership(c->l, &at)->total_received, amount)));
	part = divided(u256_mul(amount, u256_u64(10000 / AT_TERMS)), u256_u64(10000));
	for (unsigned k = 1; k < AT_TERMS; k++) {
		EMIT_AT(c, c->partnership, at, "RewardAllocated", account_word(partner_of(p, k)),
			word(part));
		rest = u256_sub(rest, part);
	}
	EMIT_AT(c, c->partnership, at, "RewardAllocated", account_word(partner_of(p, 0)), word(rest));
	end_tx(c);
}

static void partner_claim(struct at_chain *c, unsigned p, unsigned k)
{
	struct address at = c->partnerships[p], who = partner_of(p, k);
	const struct ledger_person *w = ledger_person(c->l, &at, &who);

	if (!w || u256_is_zero(w->claimable))
		return;
	begin_tx(c);
	keep_tx(c, who, at, call_of(c, "claim(address)", who));
	pay(c, at, who, w->claimable);
	EMIT_AT(c, c->partnership, at, "RewardClaimed", account_word(who), account_word(who),
		word(w->claimable));
	end_tx(c);
}

static void actions(struct at_chain *c, uint64_t round)
{
	if (round % PULL_ROUNDS < AT_PARTNERSHIPS)
		pull(c, round % PULL_ROUNDS);
	if (round % PAY_ROUNDS > AT_PARTNERSHIPS && round % PAY_ROUNDS <= AT_VALIDATORS) {
		begin_tx(c);
		claim_rewards(c, round % PAY_ROUNDS);
		end_tx(c);
	}
	delegate(c, round);
}

/* ---- checkpoints --------------------------------------------------------------------------- */

/* Who signs; the sum of their stakes. */
static struct u256 choose_voters(struct at_chain *c)
{
	uint64_t away[2] = {1 + next_random(c) % AT_VALIDATORS, 1 + next_random(c) % (4 * AT_VALIDATORS)};
	struct u256 stake = U256_ZERO;

	for (unsigned i = 0; i < AT_VALIDATORS; i++) {
		const struct ledger_validator *v = ledger_validator(c->l, c->keys[i].id);

		if (!v || c->keys[i].id == away[0] || c->keys[i].id == away[1])
			continue;
		c->voters[c->voter_count++] = c->keys[i].address;
		stake = u256_add(stake, u256_add(v->amount, v->delegated_amount));
	}
	return stake;
}

/* submitCheckpoint(bytes,uint256[3][]) over the seven signed words. */
static struct bytes submission(struct at_chain *c, const struct hash32 *data)
{
	size_t n = 4 + 32 * (3 + WORDS_DATA + 1) + c->voter_count * SIG_SIZE;
	uint8_t *p = arena_calloc(c->mem, 1, n), *at = p + 4;
	struct hash32 head[3] = {number(64), number(64 + 32 + 32 * WORDS_DATA), number(32 * WORDS_DATA)};
	struct hash32 count = number(c->voter_count), vote;
	struct keccak k;

	memcpy(p, "\x4e\x43\xe4\x95", 4);
	memcpy(at, head, sizeof(head));
	memcpy(at + 96, data, 32 * WORDS_DATA);
	memcpy(at + 96 + 32 * WORDS_DATA, count.b, 32);
	at += 96 + 32 * WORDS_DATA + 32;
	keccak_init(&k);
	keccak_add(&k, "\x01", 1);
	keccak_add(&k, data, 32 * WORDS_DATA);
	keccak_done(&k, &vote);
	for (size_t i = 0, voter = 0; voter < c->voter_count; i++) {
		if (!address_eq(&c->keys[i].address, &c->voters[voter]))
			continue;
		sign(&c->nonces[next_random(c) % NONCES], &vote, c->keys[i].secret, at);
		at += SIG_SIZE;
		voter++;
	}
	return (struct bytes){p, n};
}

static void checkpoint(struct at_chain *c, uint64_t round)
{
	const struct ledger_global *g = ledger_global(c->l);
	const struct ledger_header *before = ledger_header(c->l, view_current_header(g));
	const struct ledger_root_chain *chain = ledger_root_chain(c->l, 1);
	struct address proposer = key_of(c, 1 + round % AT_VALIDATORS)->address;
	uint64_t start = before && before->present ? before->end + 1 : 0, blocks = 256 + next_random(c) % 513;
	struct hash32 root = name_hash(101, round), data[WORDS_DATA];
	struct u256 reward, stake = choose_voters(c);

	c->account_root = name_hash(102, round / 50);
	reward = divided(u256_mul(u256_u64(blocks), chain->reward), g->checkpoint_block_interval);
	reward = divided(u256_mul(reward, stake), g->total_stake);
	data[0] = account_word(proposer);
	data[1] = number(start);
	data[2] = number(start + blocks - 1);
	data[3] = root;
	data[4] = c->account_root;
	data[5] = number(199);
	data[6] = number(g->current_epoch);
	begin_tx(c);
	keep_tx(c, proposer, c->root->address, submission(c, data));
	EMIT(c, root, "NewHeaderBlock", data[0], number(g->next_header_block), word(reward), data[1],
		data[2], root);
	end_tx(c);
}

void at_chain_votes(const struct at_chain *c, const struct decoded *d, struct arena *mem,
	struct ledger_votes *out)
{
	struct ledger_vote *v = arena_calloc(mem, 1, sizeof(*v));

	*out = (struct ledger_votes){v, d->checkpoint_count};
	if (!d->checkpoint_count)
		return;
	if (d->checkpoint_count != 1 || !d->checkpoints[0].has_call)
		die("a checkpoint does not decode");
	v->known = v->has_account_root = true;
	v->account_root = c->account_root;
	v->count = c->voter_count;
	v->signers = arena_dup(mem, c->voters, c->voter_count * sizeof(*c->voters));
}

/* ---- blocks -------------------------------------------------------------------------------- */

uint64_t at_chain_start(const struct at_chain *c)
{
	(void)c;
	return 1 + AT_VALIDATORS + (FOUNDERS + BUYS - 1) / BUYS;
}

static void fill(struct at_chain *c, uint64_t i)
{
	uint64_t round = i < at_chain_start(c) ? 0 : (i - at_chain_start(c)) / AT_ROUND;

	if (!i) {
		found(c);
	} else if (i <= AT_VALIDATORS) {
		stake(c, i);
	} else if (i < at_chain_start(c)) {
		uint64_t n = (i - 1 - AT_VALIDATORS) * BUYS;

		for (unsigned k = 0; k < BUYS && n + k < FOUNDERS; k++) {
			struct holder h = holder_of(c, n + k);

			buy(c, &h, 100000000);
		}
	} else if ((i - at_chain_start(c)) % AT_ROUND == 0) {
		actions(c, round);
	} else if ((i - at_chain_start(c)) % AT_ROUND == 1) {
		if (round % 14 < AT_PARTNERSHIPS)
			partner_claim(c, round % 14, (unsigned)(next_random(c) % AT_TERMS));
	} else if ((i - at_chain_start(c)) % AT_ROUND == 2) {
		checkpoint(c, round);
	}
}

/* As TRON's ids are: the number first. */
static struct hash32 block_hash(uint64_t n)
{
	struct hash32 h = name_hash(103, n);

	for (unsigned i = 0; i < 8; i++)
		h.b[i] = (uint8_t)(n >> (56 - 8 * i));
	return h;
}

void at_chain_next(struct at_chain *c, const struct ledger *l, struct arena *mem, struct block *out)
{
	uint64_t number = c->last.number ? c->last.number + 1 : c->conf->first_block;
	uint64_t i = number - c->conf->first_block;

	*out = (struct block){.h = {.number = number, .hash = block_hash(number)},
		.level = LEVEL_LINKED,
		.tx_total_known = true};
	out->h.parent = c->last.number ? c->last.hash : block_hash(number - 1);
	out->h.time = FIRST_TIME + i * (ROUND_TIME / AT_ROUND);
	out->h.gas_limit = 30000000;
	out->h.tx_root = name_hash(104, number);
	out->h.receipts_root = name_hash(105, number);
	out->logs = arena_alloc(mem, LOGS_MAX * sizeof(*out->logs));
	out->txs = arena_alloc(mem, TXS_MAX * sizeof(*out->txs));
	out->found = arena_alloc(mem, sizeof(*out->found));
	c->l = l;
	c->mem = mem;
	c->b = out;
	c->random = number * 0x9e3779b97f4a7c15ULL;
	next_random(c);
	c->random ^= c->random >> 29;
	c->voter_count = 0;
	fill(c, i);
	c->last = (struct block_id){number, out->h.hash};
}

void at_chain_resume(struct at_chain *c, const struct block_id *last)
{
	c->last = *last;
}

static const struct contract *contract(const struct chain_conf *conf, const char *name)
{
	const struct contract *c = network_contract(conf, name);

	if (!c)
		c = network_template(conf, name);
	if (!c)
		die(name);
	return c;
}

struct at_chain *at_chain_new(const struct chain_conf *conf)
{
	struct at_chain *c = calloc(1, sizeof(*c));
	size_t n = 0;

	if (!c)
		abort();
	c->conf = conf;
	c->manager = contract(conf, "StakeManager");
	c->info = contract(conf, "StakingInfo");
	c->hub = contract(conf, "EventsHub");
	c->token = contract(conf, "Token");
	c->nft = contract(conf, "StakingNFT");
	c->root = contract(conf, "RootChain");
	c->share = contract(conf, "ValidatorShare");
	c->partnership = contract(conf, "ValidatorPartnership");
	for (size_t i = 0; i < conf->contract_count && n < AT_PARTNERSHIPS; i++)
		if (conf->contracts[i].fixed && conf->contracts[i].mapping)
			c->partnerships[n++] = conf->contracts[i].address;
	if (n < AT_PARTNERSHIPS)
		die("the network has no three partnerships");
	make_keys(c);
	make_nonces(c);
	return c;
}

void at_chain_free(struct at_chain *c)
{
	free(c);
}
