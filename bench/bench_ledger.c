/*
 * The fold alone, on one core: blocks are decoded and signatures recovered beforehand, and both of
 * these are shown apart.
 *
 *   golden   the recorded history, again and again from the start
 *   made     30 validators, 10,000 positions: purchases, claims and sales at random, a checkpoint
 * every hundred actions; the state does not fit the first caches
 *
 * Events are logs that the decoder gave to the fold. Each line is the median of five runs, with the
 * fastest and the slowest beside it, in time of this thread.
 */
#include "base/hex.h"
#include "decode/decode.h"
#include "ledger/ledger.h"
#include "lib/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS       5
#define VALIDATORS 30
#define USERS      10000
#define BLOCKS     4000
#define ACTIONS    25 /* a block */

struct unit {
	struct block b;
	struct decoded d;
	struct ledger_votes votes;
};

struct history {
	struct unit *units;
	size_t count;
	uint64_t events;
};

static struct arena *mem;
static struct network *net;
static const struct chain_conf *chain;

static void die(const char *what)
{
	fprintf(stderr, "bench_ledger: %s\n", what);
	exit(1);
}

/* Time of this thread: other programs of a shared machine are not in it. */
static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void show(const char *name, const char *what, uint64_t n, uint64_t us[RUNS])
{
	qsort(us, RUNS, sizeof(*us), by_value);
	printf("%-8s %-10s %9llu in %8.1f ms: %8.0f thousand/s (%.0f .. %.0f)\n", name, what,
		(unsigned long long)n, (double)us[RUNS / 2] / 1000,
		1000.0 * (double)n / (double)us[RUNS / 2],
		1000.0 * (double)n / (double)us[RUNS - 1], 1000.0 * (double)n / (double)us[0]);
}

static void run_fold(const struct history *h, const char *name)
{
	struct arena *work = arena_new(64 << 20);
	uint64_t us[RUNS], findings = 0, changes = 0;
	struct ledger_outcome out;
	struct err e;

	for (unsigned r = 0; r < RUNS; r++) {
		struct ledger *l;
		uint64_t start;

		if (ledger_new(&l, chain, net->initial_state, &e) != ERR_NONE)
			die(e.msg);
		start = cpu_us();
		for (size_t i = 0; i < h->count; i++) {
			const struct unit *u = &h->units[i];
			struct ledger_input in = {&u->b, &u->d, &u->votes};

			if (ledger_apply(l, &in, work, &out, &e) != ERR_NONE)
				die(e.msg);
			findings += out.finding_count;
			changes += out.change_count;
			arena_reset(work);
		}
		us[r] = cpu_us() - start;
		ledger_free(l);
	}
	show(name, "fold", h->events, us);
	printf("%-8s %-10s %llu changes, %llu findings a run\n", name, "",
		(unsigned long long)(changes / RUNS), (unsigned long long)(findings / RUNS));
	arena_free(work);
}

/* ---- golden -------------------------------------------------------------------------------- */

static struct block whole_block(const struct rec_block *r)
{
	struct block b = {.h = r->h, .txs = r->txs, .tx_count = r->tx_count};
	size_t n = 0;

	for (size_t i = 0; i < r->receipt_count; i++)
		n += r->receipts[i].log_count;
	b.logs = arena_calloc(mem, n + 1, sizeof(*b.logs));
	for (size_t i = 0; i < r->receipt_count; i++) {
		r->txs[i].status = (int8_t)r->receipts[i].status;
		for (size_t k = 0; k < r->receipts[i].log_count; k++)
			b.logs[b.log_count++] = r->receipts[i].logs[k];
	}
	return b;
}

/* The shares of meta.json, told before the first block. */
static void tell_shares(struct decoder *d)
{
	struct jval root, list, item;
	struct json_parser *p = rec_file("recordings/golden/meta.json", &root);
	struct jiter it;
	const char *key;
	size_t n;

	list = rec_get(root, "validatorShares");
	for (json_iter(list, &it); json_next_member(&it, &key, &n, &item);) {
		struct discovery f = {.contract = "ValidatorShare", .rule = "validator_share"};

		rec_fixed(item, f.address.b, 20);
		decoder_found(d, &f);
	}
	rec_file_free(p);
}

static void golden(void)
{
	struct recording *r = recording_open("golden");
	struct decoder *d = decoder_new(chain);
	struct history h = {0};
	uint64_t us[RUNS], checkpoints = 0;
	struct rec_block raw;
	size_t cap = 0;

	tell_shares(d);
	for (; recording_next(r, mem, &raw); h.count++) {
		struct unit *u;

		arena_grow(mem, &h.units, &cap, h.count + 1, sizeof(*h.units));
		u = &h.units[h.count];
		u->b = whole_block(&raw);
		decode_block(d, &u->b, mem, &u->d);
		h.events += u->d.event_count;
		checkpoints += u->d.checkpoint_count;
	}
	for (unsigned k = 0; k < RUNS; k++) {
		uint64_t start = cpu_us();

		for (size_t i = 0; i < h.count; i++)
			ledger_recover(&h.units[i].b, &h.units[i].d, mem, &h.units[i].votes);
		us[k] = cpu_us() - start;
	}
	show("golden", "recover", checkpoints, us);
	run_fold(&h, "golden");
	recording_close(r);
	decoder_free(d);
}

/* ---- made ---------------------------------------------------------------------------------- */

static struct maker {
	struct unit *u;
	const struct contract *info, *hub, *token, *nft, *root, *share;
	uint64_t random;
	uint64_t *shares; /* by user */
} mk;

static uint64_t next_random(void)
{
	mk.random = mk.random * 6364136223846793005ULL + 1442695040888963407ULL;
	return mk.random >> 33;
}

static struct hash32 number(uint64_t v)
{
	struct hash32 h;

	u256_to_be(h.b, u256_u64(v));
	return h;
}

static struct address account(unsigned kind, uint64_t n)
{
	struct address a = {{0}};

	a.b[0] = (uint8_t)(kind + 1);
	for (unsigned i = 0; i < 8; i++)
		a.b[19 - i] = (uint8_t)(n >> (8 * i));
	return a;
}

static struct hash32 word(struct address a)
{
	struct hash32 h = {{0}};

	memcpy(h.b + 12, a.b, 20);
	return h;
}

static void emit(const struct contract *c, struct address at, const char *name,
	const struct hash32 *words, size_t n)
{
	struct block *b = &mk.u->b;
	struct decoded *d = &mk.u->d;
	struct log *l = &b->logs[b->log_count];
	const struct abi_event *ev = NULL;

	for (size_t i = 0; i < c->event_count; i++)
		if (!strcmp(c->events[i]->name, name))
			ev = c->events[i];
	if (!ev)
		die(name);
	*l = (struct log){.address = at,
		.topic_count = (uint8_t)(1 + ev->indexed_count),
		.log_index = (uint32_t)b->log_count,
		.tx_index = (uint32_t)b->tx_total};
	l->topics[0] = ev->topic0;
	memcpy(l->topics + 1, words, ev->indexed_count * sizeof(*words));
	n -= ev->indexed_count;
	l->data = (struct bytes){arena_dup(mem, words + ev->indexed_count, 32 * n), 32 * n};
	d->events[d->event_count++] = (struct event_row){.log = l, .contract = c, .event = ev};
	b->log_count++;
}

#define EMIT(c, name, ...)                                                                         \
	emit(c, (c)->address, name, (struct hash32[]){__VA_ARGS__},                                \
		sizeof((struct hash32[]){__VA_ARGS__}) / sizeof(struct hash32))

static void start_unit(struct unit *u, uint64_t number_of)
{
	mk.u = u;
	*u = (struct unit){.b = {.h = {.number = number_of}}};
	u->b.logs = arena_calloc(mem, 16 * VALIDATORS, sizeof(*u->b.logs));
	u->d.events = arena_calloc(mem, 16 * VALIDATORS, sizeof(*u->d.events));
}

static void stake(uint64_t id)
{
	struct address none = {{0}}, owner = account(1, id);
	const struct address *sm = &network_contract(chain, "StakeManager")->address;
	struct hash32 update[2] = {word(*sm), word(none)};

	EMIT(mk.token, "Transfer", word(owner), word(*sm), number(1ULL << 40));
	emit(mk.share, account(2, id), "OwnerUpdate", update, 2);
	EMIT(mk.nft, "Transfer", word(none), word(owner), number(id));
	EMIT(mk.info, "Staked", word(account(0, id)), number(id), number(1), number(1),
		number(1ULL << 40), number(id << 40), number(128), number(64), number(1),
		number(2));
	mk.u->b.tx_total++;
}

/* buyVoucher or sellVoucher_new of a user at its validator. */
static void act(void)
{
	uint64_t n = next_random() % USERS, id = 1 + n % VALIDATORS;
	struct hash32 user = word(account(3, n)), none = {{0}};
	const struct address *sm = &network_contract(chain, "StakeManager")->address;
	uint64_t amount = 1 + next_random() % 1000;
	bool sell = mk.shares[n] > amount;
	struct hash32 move[3] = {sell ? user : none, sell ? none : user, number(amount)};

	EMIT(mk.token, "Transfer", word(*sm), user, number(0));
	EMIT(mk.info, "DelegatorClaimedRewards", number(id), user, number(0));
	emit(mk.share, account(2, id), "Transfer", move, 3);
	if (sell)
		EMIT(mk.info, "ShareBurned", number(id), user, number(amount), number(amount));
	else
		EMIT(mk.info, "ShareMinted", number(id), user, number(amount), number(amount));
	EMIT(mk.info, "StakeUpdate", number(id), number(0));
	if (!sell)
		EMIT(mk.token, "Transfer", user, word(*sm), number(amount));
	mk.shares[n] += sell ? 0 - amount : amount;
	mk.u->b.tx_total++;
}

static void checkpoint(uint64_t n)
{
	struct unit *u = mk.u;
	struct ledger_vote *v = arena_calloc(mem, 1, sizeof(*v));

	EMIT(mk.root, "NewHeaderBlock", word(account(0, 1)), number(n * 10000), number(0),
		number(0), number(1023), number(n));
	u->d.checkpoints = arena_calloc(mem, 1, sizeof(*u->d.checkpoints));
	u->d.checkpoints[0] = (struct checkpoint_row){.log = &u->b.logs[u->b.log_count - 1],
		.kind = CHECKPOINT_MAIN,
		.root_chain_id = 1,
		.checkpoint_id = n,
		.header_block_id = n * 10000,
		.proposer = account(0, 1),
		.end = 1023};
	u->d.checkpoint_count = 1;
	*v = (struct ledger_vote){.known = true, .count = VALIDATORS - 2};
	v->signers = arena_calloc(mem, v->count, sizeof(*v->signers));
	for (size_t i = 0; i < v->count; i++)
		v->signers[i] = account(0, 2 + i);
	u->votes = (struct ledger_votes){v, 1};
}

/* What the chain would have said: every statement of a log becomes what the fold computes. */
static void state_truth(struct ledger *l, struct unit *u)
{
	struct ledger_input in = {&u->b, &u->d, &u->votes};
	struct ledger_outcome out;
	struct err e;

	if (ledger_apply(l, &in, mem, &out, &e) != ERR_NONE)
		die(e.msg);
	for (size_t i = 0; i < out.finding_count; i++) {
		const struct ledger_finding *x = &out.findings[i];
		struct log *g = &u->b.logs[x->log_index];
		uint8_t *at = g->topics[3].b;

		if (x->kind == FINDING_STAKE_UPDATE)
			at = g->topics[2].b;
		else if (x->kind == FINDING_PAYOUT)
			at = (uint8_t *)(uintptr_t)g[-1].data.p;
		else if (x->kind == FINDING_CHECKPOINT_REWARD)
			u->d.checkpoints[0].reward = x->expected;
		u256_to_be(at, x->expected);
	}
}

static void made(void)
{
	struct ledger *l;
	struct err e;
	struct history h = {.count = BLOCKS};
	static uint64_t shares[USERS];

	mk = (struct maker){.random = 7, .shares = shares};
	mk.info = network_contract(chain, "StakingInfo");
	mk.token = network_contract(chain, "Token");
	mk.nft = network_contract(chain, "StakingNFT");
	mk.root = network_contract(chain, "RootChain");
	mk.share = network_template(chain, "ValidatorShare");
	h.units = arena_calloc(mem, BLOCKS, sizeof(*h.units));
	if (ledger_new(&l, chain, net->initial_state, &e) != ERR_NONE)
		die(e.msg);
	for (size_t i = 0; i < BLOCKS; i++) {
		start_unit(&h.units[i], 1000 + i);
		for (uint64_t id = 1; !i && id <= VALIDATORS; id++)
			stake(id);
		for (unsigned k = 0; i && k < ACTIONS; k++)
			act();
		if (i % 4 == 3)
			checkpoint(1 + i / 4);
		h.events += h.units[i].d.event_count;
		state_truth(l, &h.units[i]);
	}
	ledger_free(l);
	run_fold(&h, "made");
}

int main(void)
{
	struct err e;

	mem = arena_new((size_t)2 << 30);
	if (network_load(&net, "golden", &e) != ERR_NONE)
		die(e.msg);
	chain = network_chain(net, "root");
	golden();
	made();
	network_free(net);
	arena_free(mem);
	return 0;
}
