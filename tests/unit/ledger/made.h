#ifndef LEDGER_MADE_H
#define LEDGER_MADE_H

/*
 * Made-up blocks for rules that no recording exercises: logs and calls are encoded and go through
 * the decoder; signers of a checkpoint are given as if recovered.
 */
#include "lib/posting_book.h"
#include "unit/ledger/ledger_kit.h"

#define MADE_MAX 64

struct made {
	struct kit k;
	struct block b;
	struct log logs[MADE_MAX];
	struct tx txs[MADE_MAX];
	struct discovery found[MADE_MAX];
	struct ledger_vote votes[8];
	size_t vote_count;
	uint32_t tx;
	uint64_t pending; /* staked earlier in the block */
	struct ledger_outcome out;
	struct address sm;
	struct posting_book book;
};

/* Words of every kind. */
#define N(v) kit_word(v)
#define A(a) kit_address_word(a)

static inline struct address who(unsigned n)
{
	struct address a = {{0}};

	memset(a.b, 0x11, 4);
	a.b[18] = (uint8_t)(n >> 8);
	a.b[19] = (uint8_t)n;
	return a;
}

static inline struct hash32 big(struct u256 v)
{
	struct hash32 h;

	u256_to_be(h.b, v);
	return h;
}

static inline void made_open(struct made *m)
{
	memset(m, 0, sizeof(*m));
	kit_open(&m->k, "golden", arena_new(64 << 20));
	m->sm = *ledger_stake_manager(m->k.l);
	m->b.h.number = 1000;
	posting_book_open(&m->book, m->k.l, m->k.mem);
}

static inline void made_close(struct made *m)
{
	struct arena *mem = m->k.mem;

	posting_book_free(&m->book);
	kit_close(&m->k);
	arena_free(mem);
}

static inline void made_begin(struct made *m)
{
	uint64_t number = m->b.h.number + 1;

	m->b = (struct block){.h.number = number,
		.h.time = 5000 + number,
		.logs = m->logs,
		.txs = m->txs,
		.found = m->found};
	m->tx = 0;
	m->pending = 0;
	m->vote_count = 0;
}

/* The next transaction; the first one of a block needs none. */
static inline void made_tx(struct made *m)
{
	m->tx++;
}

static inline void made_log(struct made *m, const char *contract, const struct address *at,
	const char *event, const struct hash32 *words, size_t n)
{
	const struct contract *c = network_contract(m->k.chain, contract);
	struct log *l = &m->logs[m->b.log_count];

	assert_true(m->b.log_count < MADE_MAX);
	*l = kit_log(m->k.mem, c, event, words, n);
	if (at)
		l->address = *at;
	l->tx_index = m->tx;
	l->log_index = (uint32_t)m->b.log_count++;
	l->tx_hash = kit_word(m->b.h.number * 1000 + m->tx);
}

#define LOG(m, contract, event, ...)                                                               \
	made_log(m, contract, NULL, event, (struct hash32[]){__VA_ARGS__},                         \
		sizeof((struct hash32[]){__VA_ARGS__}) / sizeof(struct hash32))
#define LOG_AT(m, contract, at, event, ...)                                                        \
	made_log(m, contract, at, event, (struct hash32[]){__VA_ARGS__},                           \
		sizeof((struct hash32[]){__VA_ARGS__}) / sizeof(struct hash32))

static inline void made_call(
	struct made *m, const struct address *from, const struct address *to, struct bytes input)
{
	m->txs[m->b.tx_count++] = (struct tx){.hash = kit_word(m->b.h.number * 1000 + m->tx),
		.from = *from,
		.to = *to,
		.status = 1,
		.index = m->tx,
		.input = input};
}

/* Selector and words. */
static inline struct bytes made_input(struct made *m, const char *contract, const char *signature,
	const struct hash32 *words, size_t n)
{
	const struct contract *c = network_contract(m->k.chain, contract);
	uint8_t *p = arena_alloc(m->k.mem, 4 + 32 * n);

	for (size_t i = 0; i < c->function_count; i++)
		if (!strcmp(c->functions[i]->signature, signature))
			memcpy(p, c->functions[i]->selector, 4);
	memcpy(p + 4, words, 32 * n);
	return (struct bytes){p, 4 + 32 * n};
}

static inline struct address made_address(struct made *m, const char *contract)
{
	return network_contract(m->k.chain, contract)->address;
}

#define WORDS(...) (struct hash32[]){__VA_ARGS__}, sizeof((struct hash32[]){__VA_ARGS__}) / 32

static inline void direct(struct made *m, const char *contract, const char *signature,
	const struct hash32 *words, size_t n)
{
	struct address from = who(999), to = made_address(m, contract);

	made_call(m, &from, &to, made_input(m, contract, signature, words, n));
}

/* Governance.update(target, data). */
static inline void govern(struct made *m, const char *contract, const char *signature,
	const struct hash32 *words, size_t n)
{
	struct bytes in = made_input(m, contract, signature, words, n);
	struct address from = who(999), to = made_address(m, "Governance");
	struct address target = made_address(m, contract);
	size_t whole = (in.n + 31) / 32;
	struct hash32 *w = arena_calloc(m->k.mem, 3 + whole, sizeof(*w));

	w[0] = A(&target);
	w[1] = N(64);
	w[2] = N(in.n);
	memcpy(w + 3, in.p, in.n);
	made_call(
		m, &from, &to, made_input(m, "Governance", "update(address,bytes)", w, 3 + whole));
}

/* Fold what was made; the accounts must fit the state whatever was found. */
static inline void made_end(struct made *m)
{
	struct ledger_votes votes = {.v = m->votes, .count = m->vote_count};
	struct ledger_input in = {.block = &m->b, .votes = m->vote_count ? &votes : NULL};
	struct decoded d;
	struct err e;

	decode_block(m->k.decoder, &m->b, m->k.mem, &d);
	assert_int_equal(d.parked_count, 0);
	assert_int_equal(d.unknown_events, 0);
	in.decoded = &d;
	assert_int_equal(ledger_apply(m->k.l, &in, m->k.mem, &m->out, &e), ERR_NONE);
	posting_book_add(&m->book, m->k.l, m->out.postings, m->out.posting_count);
	if (!posting_book_check(&m->book, m->k.l))
		fail_msg("block %llu: %s", (unsigned long long)m->b.h.number, m->book.trouble);
}

/* ... and nothing was found. */
static inline void made_clean(struct made *m)
{
	made_end(m);
	kit_report(&m->k, &m->out);
	assert_int_equal(m->out.finding_count, 0);
}

static inline void pay(
	struct made *m, const struct address *from, const struct address *to, uint64_t amount)
{
	LOG(m, "Token", "Transfer", A(from), A(to), N(amount));
}

static inline uint64_t own_stake(const struct made *m, uint64_t id)
{
	const struct ledger_validator *v = ledger_validator(m->k.l, id);

	return v ? v->amount.w[0] : 0;
}

static inline struct address signer_of(uint64_t id)
{
	return who((unsigned)(100 + id));
}

static inline struct address owner_of(uint64_t id)
{
	return who((unsigned)(200 + id));
}

static inline struct address share_of(uint64_t id)
{
	return who((unsigned)(300 + id));
}

/* Logs of stakeFor by an owner, with a share contract or without. */
static inline void stake_for(
	struct made *m, const struct address *owner, uint64_t id, uint64_t amount, bool with_share)
{
	struct address nobody = {{0}}, signer = signer_of(id), share = share_of(id);
	const struct ledger_global *g = ledger_global(m->k.l);

	m->pending += amount;
	pay(m, owner, &m->sm, amount);
	if (with_share) {
		m->found[m->b.found_count++] = (struct discovery){.address = share,
			.contract = "ValidatorShare",
			.rule = "validator_share",
			.block = m->b.h.number,
			.log_index = (uint32_t)m->b.log_count};
		made_log(m, "ValidatorShare", &share, "OwnerUpdate(address,address)",
			WORDS(A(&m->sm), A(&nobody)));
	}
	LOG(m, "StakingNFT", "Transfer", A(&nobody), A(owner), N(id));
	LOG(m, "StakingInfo", "Staked", A(&signer), N(id), N(g->current_epoch), N(1), N(amount),
		N(g->total_staked.w[0] + m->pending), N(128), N(64), N(1), N(2));
}

static inline void stake(struct made *m, uint64_t id, uint64_t amount, bool with_share)
{
	struct address owner = owner_of(id);

	stake_for(m, &owner, id, amount, with_share);
}

/* buyVoucher without a reward, at 1:1. */
static inline void buy(struct made *m, uint64_t id, const struct address *user, uint64_t amount,
	uint64_t stake_after)
{
	struct address share = share_of(id), nobody = {{0}};

	LOG_AT(m, "ValidatorShare", &share, "Transfer", A(&nobody), A(user), N(amount));
	LOG(m, "StakingInfo", "ShareMinted", N(id), A(user), N(amount), N(amount));
	LOG(m, "StakingInfo", "StakeUpdate", N(id), N(stake_after));
	pay(m, user, &m->sm, amount);
}

/* A main checkpoint of one block, signed by these ids in this order. */
static inline void checkpoint(struct made *m, uint64_t reward, const uint64_t *ids, size_t n)
{
	struct ledger_vote *v = &m->votes[m->vote_count++];
	const struct ledger_global *g = ledger_global(m->k.l);
	struct address proposer = who(9999);

	*v = (struct ledger_vote){.known = true, .count = n};
	v->signers = arena_calloc(m->k.mem, n + 1, sizeof(*v->signers));
	for (size_t i = 0; i < n; i++)
		v->signers[i] = signer_of(ids[i]);
	LOG(m, "RootChain", "NewHeaderBlock", A(&proposer), N(g->next_header_block), N(reward),
		N(0), N(0), N(7));
}

#endif
