/*
 * Makes the content: classes of logs, then for every block its transactions and roots (two threads,
 * they do not depend on each other), then the chain of hashes and, on BTTC, of seals.
 */
#include "replay/synth.h"

#include "chain/bloom.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/recover.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "chain/tx.h"
#include "replay/synthetic.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLASS_LOGS  8192 /* logs of all classes together, about */
#define CLASSES_MIN 16
#define CLASSES_MAX 1024
#define VALIDATORS  14
#define USERS       1000
#define THREADS_MAX 8
#define SPRINT      64

const struct address synthetic_contract = {{0x5e, 0xa1, 0xed, 0x00, 0xbe, 0x7c, 0x4a, 0x11, 0x57,
	0xa4, 0x15, 0x1f, 0x00, 0x0b, 0xe7, 0xc0, 0xff, 0xee, 0x50, 0x0d}};

/* keccak256("ShareMinted(uint256,address,uint256,uint256)"), ("StakeUpdate(uint256,uint256)") */
static const char minted_text[] = "ShareMinted(uint256,address,uint256,uint256)";
static const char update_text[] = "StakeUpdate(uint256,uint256)";

enum {
	SALT_LOG = 1,
	SALT_DATA,
	SALT_STATE,
	SALT_KEY,
	SALT_PRODUCER,
	SALT_TURN,
	SALT_USER,
	SALT_INPUT
};

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

uint64_t synth_mix(const struct synth *s, uint64_t a, uint64_t b)
{
	uint64_t z = s->spec.seed * 0x9e3779b97f4a7c15ull ^ a * 0xd1342543de82ef95ull ^ b << 48 ^ b;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z = (z ^ z >> 31) * 0x9e3779b97f4a7c15ull;
	return z ^ z >> 29;
}

static void fill(const struct synth *s, uint8_t *out, size_t n, uint64_t a, uint64_t salt)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = synth_mix(s, a * 64 + i, salt);

		memcpy(out + i, &v, n - i < 8 ? n - i : 8);
	}
}

/* An amount of 18 decimals: up to 2^88 wei, about 300 million tokens. */
static void amount(const struct synth *s, uint8_t out[32], uint64_t a, uint64_t salt)
{
	memset(out, 0, 32);
	fill(s, out + 21, 11, a, salt);
}

size_t synth_data(const struct synth *s, uint64_t n, uint64_t i, uint8_t out[32])
{
	if (i % 2)
		return 0;
	amount(s, out, n * s->spec.logs + i, SALT_DATA);
	return 32;
}

/* ---- classes ---------------------------------------------------------------------------- */

static void make_log(const struct synth *s, struct rec_log *l, uint64_t class, uint64_t i,
	const struct hash32 sig[2])
{
	uint64_t at = class * s->spec.logs + i, r = synth_mix(s, at, SALT_LOG);

	*l = (struct rec_log){.address = synthetic_contract, .index = (uint32_t)i};
	l->topics[0] = sig[i % 2];
	l->topics[1].b[31] = (uint8_t)(1 + r % VALIDATORS);
	l->topic_count = 2;
	if (i % 2 == 0)
		fill(s, l->topics[l->topic_count++].b + 12, 20, r / VALIDATORS % USERS, SALT_USER);
	amount(s, l->topics[l->topic_count++].b, at, SALT_LOG);
}

static void add_bloom(uint8_t bloom[256], const struct rec_log *l)
{
	bloom_add(bloom, bloom_key(l->address.b, 20));
	for (unsigned i = 0; i < l->topic_count; i++)
		bloom_add(bloom, bloom_key(l->topics[i].b, 32));
}

static void make_classes(struct synth *s)
{
	uint64_t logs = s->spec.logs, n = logs ? CLASS_LOGS / logs : 1;
	struct hash32 sig[2];

	s->classes = n < CLASSES_MIN ? CLASSES_MIN : n > CLASSES_MAX ? CLASSES_MAX : n;
	s->txs = (logs + s->spec.per_tx - 1) / s->spec.per_tx;
	s->logs = must(calloc(s->classes * logs + 1, sizeof(*s->logs)));
	s->bloom = must(calloc(s->classes, sizeof(*s->bloom)));
	s->tx_bloom = must(calloc(s->classes * s->txs + 1, sizeof(*s->tx_bloom)));
	keccak256(&sig[0], minted_text, sizeof(minted_text) - 1);
	keccak256(&sig[1], update_text, sizeof(update_text) - 1);
	for (uint64_t c = 0; c < s->classes; c++)
		for (uint64_t i = 0; i < logs; i++) {
			struct rec_log *l = &s->logs[c * logs + i];

			make_log(s, l, c, i, sig);
			add_bloom(s->bloom[c], l);
			add_bloom(s->tx_bloom[c * s->txs + i / s->spec.per_tx], l);
		}
}

static void make_keys(struct synth *s)
{
	for (uint64_t i = 0; i < SYNTH_SENDERS; i++) {
		fill(s, s->secret[i], 32, i, SALT_KEY);
		s->secret[i][0] &= 0x7f; /* below the order of the curve */
		if (!recover_secret_address(&s->sender[i], s->secret[i]))
			abort();
	}
	for (uint64_t i = 0; i < SYNTH_PRODUCERS; i++) {
		struct producer p = {.power = 1};
		uint8_t secret[32];
		uint64_t at = i;

		fill(s, secret, 32, i, SALT_PRODUCER);
		secret[0] &= 0x7f;
		if (!recover_secret_address(&p.address, secret))
			abort();
		for (; at && memcmp(p.address.b, s->producers[at - 1].address.b, 20) < 0; at--) {
			s->producers[at] = s->producers[at - 1];
			memcpy(s->producer_secret[at], s->producer_secret[at - 1], 32);
		}
		s->producers[at] = p;
		memcpy(s->producer_secret[at], secret, 32);
	}
}

/* ---- bodies ----------------------------------------------------------------------------- */

/* Transactions of the chain are numbered; sender and nonce follow from the number. */
static uint64_t tx_number(const struct synth *s, uint64_t n, uint64_t i)
{
	return (n / s->spec.every - 1) * s->txs + i;
}

void synth_tx(
	const struct synth *s, uint64_t n, uint64_t i, struct tx *tx, uint8_t input[SYNTH_INPUT])
{
	uint64_t number = tx_number(s, n, i);
	unsigned sender = (unsigned)(number % SYNTH_SENDERS);

	memcpy(input, "\x6a\xb1\x50\x71", 4); /* buyVoucher(uint256,uint256) */
	amount(s, input + 4, number, SALT_INPUT);
	memset(input + 36, 0, 32);
	*tx = (struct tx){
		.from = s->sender[sender],
		.to = synthetic_contract,
		.index = (uint32_t)i,
		.nonce = number / SYNTH_SENDERS,
		.gas = SYNTH_GAS(s->spec.per_tx),
		.gas_price = u256_u64(1000000000),
		.input = {input, SYNTH_INPUT},
		.chain_id = u256_u64(s->spec.chain_id),
		.has_chain_id = true,
		.v = u256_u64(s->spec.chain_id * 2 + 35),
	};
}

/* Sign; leaves the transaction as the trie holds it in out. */
static void sign_tx(
	const struct synth *s, uint64_t n, uint64_t i, struct synth_tx *keep, struct buf *out)
{
	uint8_t input[SYNTH_INPUT];
	struct rlp_writer w;
	struct hash32 hash;
	unsigned recid;
	struct tx tx;
	struct err e;

	synth_tx(s, n, i, &tx, input);
	buf_clear(out);
	rlp_init(&w, out);
	rlp_list(&w);
	rlp_u64(&w, tx.nonce);
	rlp_u256(&w, tx.gas_price);
	rlp_u64(&w, tx.gas);
	rlp_bytes(&w, tx.to.b, 20);
	rlp_u64(&w, 0);
	rlp_bytes(&w, tx.input.p, tx.input.n);
	rlp_u64(&w, s->spec.chain_id);
	rlp_u64(&w, 0);
	rlp_u64(&w, 0);
	rlp_list_end(&w);
	keccak256(&hash, out->p, out->n);
	if (!recover_sign(keep->sig, &recid, &hash, s->secret[tx_number(s, n, i) % SYNTH_SENDERS]))
		abort();
	keep->recid = (uint8_t)recid;
	tx.v = u256_u64(s->spec.chain_id * 2 + 35 + recid);
	tx.r = u256_be(keep->sig);
	tx.s = u256_be(keep->sig + 32);
	buf_clear(out);
	if (tx_encode(out, &tx, &e))
		abort();
	keccak256(&keep->hash, out->p, out->n);
}

static void encode_receipt(const struct synth *s, uint64_t n, uint64_t i, uint64_t gas,
	struct log *logs, uint8_t (*data)[32], struct buf *out)
{
	uint64_t class = synth_class(s, n), first = i * s->spec.per_tx, count = synth_tx_logs(s, i);
	struct receipt r = {.has_status = true,
		.status = 1,
		.cumulative_gas = gas,
		.logs = logs,
		.log_count = count};

	for (uint64_t k = 0; k < count; k++) {
		const struct rec_log *from = &s->logs[class * s->spec.logs + first + k];

		logs[k] = (struct log){.address = from->address, .topic_count = from->topic_count};
		memcpy(logs[k].topics, from->topics, sizeof(from->topics));
		logs[k].data = (struct bytes){data[k], synth_data(s, n, first + k, data[k])};
	}
	memcpy(r.bloom, s->tx_bloom[class * s->txs + i], 256);
	buf_clear(out);
	receipt_encode(out, &r);
}

/* Working memory of one thread. */
struct worker {
	pthread_t thread;
	struct synth *s;
	uint64_t from, to; /* [from, to) */
	struct buf *txs, *receipts;
	struct bytes *tx_values, *receipt_values;
	struct log *logs;
	uint8_t (*data)[32];
};

static void make_body(struct worker *w, uint64_t n)
{
	struct synth *s = w->s;
	struct synth_block *b = &s->blocks[n];
	uint64_t gas = 0;

	if (!synth_active(s, n)) {
		b->tx_root = b->receipts_root = trie_empty_root;
		return;
	}
	for (uint64_t i = 0; i < s->txs; i++) {
		sign_tx(s, n, i, (struct synth_tx *)synth_tx_of(s, n, i), &w->txs[i]);
		gas += SYNTH_GAS(synth_tx_logs(s, i));
		encode_receipt(s, n, i, gas, w->logs, w->data, &w->receipts[i]);
		w->tx_values[i] = (struct bytes){(uint8_t *)w->txs[i].p, w->txs[i].n};
		w->receipt_values[i] =
			(struct bytes){(uint8_t *)w->receipts[i].p, w->receipts[i].n};
	}
	trie_root(&b->tx_root, w->tx_values, s->txs);
	trie_root(&b->receipts_root, w->receipt_values, s->txs);
}

static void *work(void *p)
{
	struct worker *w = p;
	struct synth *s = w->s;
	size_t txs = s->txs + 1;

	w->txs = must(calloc(txs, sizeof(*w->txs)));
	w->receipts = must(calloc(txs, sizeof(*w->receipts)));
	w->tx_values = must(calloc(txs, sizeof(*w->tx_values)));
	w->receipt_values = must(calloc(txs, sizeof(*w->receipt_values)));
	w->logs = must(calloc(s->spec.per_tx, sizeof(*w->logs)));
	w->data = must(calloc(s->spec.per_tx, sizeof(*w->data)));
	for (size_t i = 0; i < txs; i++) {
		buf_init(&w->txs[i], SIZE_MAX / 4);
		buf_init(&w->receipts[i], SIZE_MAX / 4);
	}
	for (uint64_t n = w->from; n < w->to; n++)
		make_body(w, n);
	for (size_t i = 0; i < txs; i++) {
		buf_free(&w->txs[i]);
		buf_free(&w->receipts[i]);
	}
	free(w->txs);
	free(w->receipts);
	free(w->tx_values);
	free(w->receipt_values);
	free(w->logs);
	free(w->data);
	return NULL;
}

static void make_bodies(struct synth *s)
{
	struct worker w[THREADS_MAX] = {0};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (uint64_t)cores;
	uint64_t all = s->spec.blocks + 1;

	for (uint64_t i = 0; i < n; i++) {
		w[i].s = s;
		w[i].from = all * i / n;
		w[i].to = all * (i + 1) / n;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			abort();
	}
	for (uint64_t i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
}

/* ---- the chain -------------------------------------------------------------------------- */

/* Producers that are passed over at block n: mostly none. */
static unsigned succession(const struct synth *s, uint64_t n)
{
	unsigned r = (unsigned)(synth_mix(s, n, SALT_TURN) % 100);

	return r < 88 ? 0 : r < 98 ? 1 : 2;
}

static unsigned author(const struct synth *s, uint64_t n)
{
	return (unsigned)((n / SPRINT + succession(s, n)) % SYNTH_PRODUCERS);
}

static void bttc_fields(const struct synth *s, uint64_t n, struct header *h, uint8_t *extra)
{
	size_t at = 32;

	memset(extra, 0, 32);
	if (n % SPRINT == SPRINT - 1)
		for (int i = 0; i < SYNTH_PRODUCERS; i++, at += 40) {
			memcpy(extra + at, s->producers[i].address.b, 20);
			memset(extra + at + 20, 0, 20);
			extra[at + 39] = (uint8_t)s->producers[i].power;
		}
	memcpy(extra + at, s->seal[n], 65);
	h->extra = (struct bytes){extra, at + 65};
	h->difficulty = u256_u64(SYNTH_PRODUCERS - succession(s, n));
	if (!n) {
		h->difficulty = u256_u64(1);
		h->extra.n = 0;
	}
}

void synth_header(const struct synth *s, uint64_t n, struct header *h, uint8_t *extra)
{
	static const struct hash32 no_uncles = {{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a,
		0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a,
		0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

	*h = (struct header){.uncles = no_uncles,
		.number = n,
		.gas_limit = 100000000,
		.tx_root = s->blocks[n].tx_root,
		.receipts_root = s->blocks[n].receipts_root,
		.time = s->spec.time + s->blocks[n].time};
	if (n)
		h->parent = s->blocks[n - 1].hash;
	fill(s, h->state_root.b, 32, n, SALT_STATE);
	if (synth_active(s, n)) {
		memcpy(h->bloom, s->bloom[synth_class(s, n)], 256);
		for (uint64_t i = 0; i < s->txs; i++)
			h->gas_used += SYNTH_GAS(synth_tx_logs(s, i));
	}
	if (s->spec.bttc) {
		bttc_fields(s, n, h, extra);
		return;
	}
	h->miner = s->sender[0];
	fill(s, h->mix_hash.b, 32, n, SALT_TURN);
	h->base_fee = u256_u64(7);
	h->withdrawals_root = trie_empty_root;
	h->has = HEADER_BASE_FEE | HEADER_WITHDRAWALS;
}

static void seal(struct synth *s, uint64_t n, struct header *h, uint8_t *extra)
{
	struct hash32 hash;
	unsigned recid;

	if (!n)
		return;
	if (!header_seal_hash(&hash, h) ||
		!recover_sign(s->seal[n], &recid, &hash, s->producer_secret[author(s, n)]))
		abort();
	s->seal[n][64] = (uint8_t)recid;
	synth_header(s, n, h, extra);
}

static void make_chain(struct synth *s)
{
	uint8_t extra[97 + 40 * SYNTH_PRODUCERS];
	struct header h;

	for (uint64_t n = 0; n <= s->spec.blocks; n++) {
		struct synth_block *b = &s->blocks[n];

		if (n && s->spec.bttc) {
			b->time = b[-1].time + (n % SPRINT ? 2 : 6) + 2 * succession(s, n);
			b->difficulty = b[-1].difficulty + SYNTH_PRODUCERS - succession(s, n);
		} else if (n) {
			b->time = b[-1].time + (uint32_t)s->spec.step;
		}
		synth_header(s, n, &h, extra);
		if (s->spec.bttc)
			seal(s, n, &h, extra);
		header_hash(&b->hash, &h);
		lookup_add(s->by_hash, b->hash.b, n);
		for (uint64_t i = 0; synth_active(s, n) && i < s->txs; i++)
			lookup_add(s->by_tx, synth_tx_of(s, n, i)->hash.b, n << 16 | i);
	}
}

void synth_build(struct synth *s)
{
	uint64_t active = s->spec.blocks / s->spec.every;

	s->by_hash = lookup_new(32);
	s->by_tx = lookup_new(32);
	make_keys(s);
	make_classes(s);
	s->blocks = must(calloc(s->spec.blocks + 1, sizeof(*s->blocks)));
	s->tx = must(calloc(active * s->txs + 1, sizeof(*s->tx)));
	if (s->spec.bttc)
		s->seal = must(calloc(s->spec.blocks + 1, sizeof(*s->seal)));
	make_bodies(s);
	make_chain(s);
}

void synth_clear(struct synth *s)
{
	lookup_free(s->by_hash);
	lookup_free(s->by_tx);
	free(s->logs);
	free(s->bloom);
	free(s->tx_bloom);
	free(s->blocks);
	free(s->tx);
	free(s->seal);
}
