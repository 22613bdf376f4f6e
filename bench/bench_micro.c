/*
 * One operation at a time, hot in the cache: what one core does when nothing else is in the way.
 * Each line is the median of five runs of at least 100 ms, with the fastest and the slowest beside
 * it, so that a busy machine shows. Inputs are made here, of the sizes that real blocks have.
 *
 *   bench_micro [WORD]   only the operations whose name holds WORD
 */
#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/u256.h"
#include "chain/abi.h"
#include "chain/base58.h"
#include "chain/bloom.h"
#include "chain/checkpoint.h"
#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/known_key.h"
#include "chain/receipt.h"
#include "chain/recover.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "chain/tx.h"
#include "verify/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define RUNS     5
#define RUN_US   100000
#define RECEIPTS 150
#define LOGS     3

static uint8_t bytes[1024];
static struct header header;
static struct receipt receipts[RECEIPTS];
static struct log logs[RECEIPTS][LOGS];
static struct tx txs[RECEIPTS];
static struct bytes encoded[RECEIPTS];
static struct hash32 leaves[1024];
static struct abi_param params[6];
static struct abi_event event = {.contract = "RootChain", .name = "NewHeaderBlock",
	.params = params, .param_count = 6, .indexed_count = 3};
static struct log event_log = {.topic_count = 4};
static struct buf scratch;
static struct arena *mem;
static uint8_t signature[64];
static unsigned recid;
static struct known_key *known; /* of signature */
static volatile uint8_t sink; /* results go here, so that no work is dropped */

static void op_keccak_32(void)
{
	struct hash32 h;

	keccak256(&h, bytes, 32);
	sink ^= h.b[0];
}

/* 64 at once; the time is that of one. */
static void keccak_many(size_t n)
{
	static struct keccak_input in[64];
	static struct hash32 out[64];
	static unsigned used = 64;

	if (used == 64) {
		for (unsigned i = 0; i < 64; i++)
			in[i].body = (struct bytes){bytes, n};
		keccak256_many(out, in, 64);
		used = 0;
	}
	sink ^= out[used++].b[0];
}

static void op_keccak_many_32(void)
{
	keccak_many(32);
}

static void op_keccak_many_600(void)
{
	keccak_many(600);
}

static void op_keccak_600(void)
{
	struct hash32 h;

	keccak256(&h, bytes, 600);
	sink ^= h.b[0];
}

static void op_header_rlp(void)
{
	buf_clear(&scratch);
	header_rlp(&scratch, &header);
	sink ^= (uint8_t)scratch.p[5];
}

static void op_header_hash(void)
{
	struct hash32 h;

	header_hash(&h, &header);
	sink ^= h.b[0];
}

static void op_verify_header(void)
{
	struct header_check c;
	struct err e;

	if (verify_header(HEADER_ETHEREUM, header.number, &header, &c, &e))
		abort();
	sink ^= c.author.b[0];
}

static void op_author(void)
{
	struct address a;

	if (!header_author(&a, &header))
		abort();
	sink ^= a.b[0];
}

static void op_recover(void)
{
	struct address a;

	if (!recover_address(&a, &header.hash, signature, recid))
		abort();
	sink ^= a.b[0];
}

/* A batch of 256; the time is that of one. */
static void op_known_key(void)
{
	static struct signature v[256];
	static unsigned used = 256;

	if (used == 256) {
		for (unsigned i = 0; i < 256; i++)
			v[i] = (struct signature){.key = known, .hash = header.hash, .sig = signature,
				.recid = recid};
		known_keys_check(v, 256);
		used = 0;
	}
	if (!v[used++].proven)
		abort();
}

static void op_known_table(void)
{
	uint8_t key[64];

	if (!recover_pubkey(key, &header.hash, signature, recid))
		abort();
	known_key_free(known_key_new(key));
}

static void op_abi_event(void)
{
	struct abi_value *v;
	struct err e;

	if (abi_decode_event(&event, &event_log, mem, &v, &e))
		abort();
	sink ^= v[5].word[0];
	arena_reset(mem);
}

static void op_abi_json(void)
{
	struct abi_value *v;
	struct jw w;
	struct err e;

	if (abi_decode_event(&event, &event_log, mem, &v, &e))
		abort();
	buf_clear(&scratch);
	jw_init(&w, &scratch);
	jw_arr(&w);
	for (size_t i = 0; i < 6; i++)
		abi_value_json(&w, &v[i]);
	jw_arr_end(&w);
	sink ^= (uint8_t)scratch.p[3];
	arena_reset(mem);
}

static void op_bloom_key(void)
{
	sink ^= (uint8_t)bloom_key(bytes, 20).bit[0];
}

static void op_bloom_log(void)
{
	sink ^= bloom_has_log(header.bloom, &event_log);
}

static void op_bloom_watch(void)
{
	static struct bloom_key keys[20];
	struct bloom_watch w = {.addresses = keys, .address_count = 20};

	if (!keys[0].bit[0])
		for (uint8_t i = 0; i < 20; i++)
			keys[i] = bloom_key(bytes + i, 20);
	sink ^= verify_bloom_may(header.bloom, &w);
}

static void op_receipts(void)
{
	struct bytes values[RECEIPTS];
	size_t end[RECEIPTS];
	struct hash32 root;

	buf_clear(&scratch);
	for (size_t i = 0; i < RECEIPTS; i++) {
		receipt_encode(&scratch, &receipts[i]);
		end[i] = scratch.n;
	}
	for (size_t i = 0, at = 0; i < RECEIPTS; at = end[i++])
		values[i] = (struct bytes){(uint8_t *)scratch.p + at, end[i] - at};
	trie_root(&root, values, RECEIPTS);
	sink ^= root.b[0];
}

static void op_trie_root(void)
{
	struct hash32 root;

	trie_root(&root, encoded, RECEIPTS);
	sink ^= root.b[0];
}

static void op_trie_prove(void)
{
	struct bytes *nodes;
	size_t n;

	trie_prove(encoded, RECEIPTS, 77, mem, &nodes, &n);
	sink ^= nodes[0].p[5];
	arena_reset(mem);
}

static void op_verify_block(void)
{
	struct block_body body = {receipts, RECEIPTS, txs, RECEIPTS};
	struct err e;

	if (verify_receipts(HEADER_ETHEREUM, &header, &body, mem, &e)) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	arena_reset(mem);
}

static void op_checkpoint(void)
{
	struct hash32 root;

	checkpoint_root(&root, leaves, 1024);
	sink ^= root.b[0];
}

static void op_base58(void)
{
	char text[BASE58_ADDRESS_LEN + 1];
	struct address a;

	memcpy(a.b, bytes, 20);
	base58_address(text, &a);
	sink ^= (uint8_t)text[5];
}

static void op_sha256_600(void)
{
	struct hash32 h;

	sha256(&h, bytes, 600);
	sink ^= h.b[0];
}

/* ---- inputs -------------------------------------------------------------------------------- */

static void fill(void *p, size_t n)
{
	static uint64_t s = 88172645463325252ull;
	uint8_t *b = p;

	while (n--) {
		s ^= s << 13;
		s ^= s >> 7;
		s ^= s << 17;
		*b++ = (uint8_t)s;
	}
}

static void make_event(void)
{
	static const char *const types[] = {"address", "uint256", "uint256", "uint256", "uint256",
		"bytes32"};
	static uint8_t data[96];
	struct buf b;

	for (size_t i = 0; i < 6; i++) {
		params[i].name = "p";
		params[i].indexed = i < 3;
		if (!abi_type_parse(&params[i].type, types[i]))
			abort();
	}
	buf_init(&b, 1000);
	abi_signature(&b, event.name, params, 6);
	keccak256(&event.topic0, b.p, b.n);
	buf_free(&b);
	event_log.topics[0] = event.topic0;
	fill(event_log.topics[1].b + 12, 20);
	fill(event_log.topics[2].b + 24, 8);
	fill(event_log.topics[3].b + 18, 14);
	fill(data + 64, 32);
	event_log.data = (struct bytes){data, sizeof(data)};
}

static void make_txs(void)
{
	static uint8_t input[200];

	fill(input, sizeof(input));
	for (uint32_t i = 0; i < RECEIPTS; i++) {
		struct tx *t = &txs[i];
		struct err e;

		*t = (struct tx){.index = i, .nonce = i, .gas = 200000, .type = 2, .status = 1,
			.input = {input, sizeof(input)}, .chain_id = u256_u64(199)};
		fill(t->to.b, 20);
		t->max_fee = u256_u64(1000000000 + i);
		fill(&t->r, sizeof(t->r));
		fill(&t->s, sizeof(t->s));
		buf_clear(&scratch);
		if (tx_encode(&scratch, t, &e))
			abort();
		keccak256(&t->hash, scratch.p, scratch.n);
	}
}

static void make_receipts(void)
{
	for (uint32_t i = 0; i < RECEIPTS; i++) {
		struct receipt *r = &receipts[i];

		*r = (struct receipt){.tx_hash = txs[i].hash, .tx_index = i, .type = 2,
			.has_status = true, .status = 1, .gas_used = 50000,
			.cumulative_gas = 50000 * (i + 1), .logs = logs[i], .log_count = LOGS};
		for (uint32_t k = 0; k < LOGS; k++) {
			logs[i][k] = event_log;
			fill(logs[i][k].address.b, 20);
			logs[i][k].tx_hash = r->tx_hash;
			logs[i][k].tx_index = i;
			logs[i][k].log_index = i * LOGS + k;
		}
		receipt_bloom(r->bloom, r);
		for (int k = 0; k < 256; k++)
			header.bloom[k] |= r->bloom[k];
		buf_clear(&scratch);
		receipt_encode(&scratch, r);
		encoded[i] = (struct bytes){malloc(scratch.n), scratch.n};
		memcpy((uint8_t *)encoded[i].p, scratch.p, scratch.n);
	}
}

static void make_header(void)
{
	static uint8_t extra[97];
	static struct bytes tx_bytes[RECEIPTS];
	uint8_t secret[32] = {[31] = 7}, key[64];
	struct hash32 seal;
	struct err e;

	fill(extra, sizeof(extra));
	fill(header.parent.b, 32);
	fill(header.state_root.b, 32);
	header.number = 48000000;
	header.time = 1700000000;
	header.gas_limit = 30000000;
	header.gas_used = 50000 * RECEIPTS;
	header.difficulty = u256_u64(11);
	header.extra = (struct bytes){extra, sizeof(extra)};
	for (size_t i = 0; i < RECEIPTS; i++) {
		buf_clear(&scratch);
		if (tx_encode(&scratch, &txs[i], &e))
			abort();
		tx_bytes[i] = (struct bytes){malloc(scratch.n), scratch.n};
		memcpy((uint8_t *)tx_bytes[i].p, scratch.p, scratch.n);
	}
	trie_root(&header.tx_root, tx_bytes, RECEIPTS);
	trie_root(&header.receipts_root, encoded, RECEIPTS);
	header_seal_hash(&seal, &header);
	recover_sign(signature, &recid, &seal, secret);
	memcpy(extra + 32, signature, 64);
	extra[96] = (uint8_t)recid;
	header_hash(&header.hash, &header);
	recover_sign(signature, &recid, &header.hash, secret);
	if (!recover_pubkey(key, &header.hash, signature, recid))
		abort();
	known = known_key_new(key);
}

/* ---- measuring ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*op)(void);
	size_t bytes; /* per operation, for MB/s; 0: none */
} ops[] = {
	{"keccak-256, 32 B", op_keccak_32, 32},
	{"keccak-256, 600 B", op_keccak_600, 600},
	{"keccak-256, 32 B, 64 at once", op_keccak_many_32, 32},
	{"keccak-256, 600 B, 64 at once", op_keccak_many_600, 600},
	{"sha-256, 600 B (OpenSSL)", op_sha256_600, 600},
	{"RLP of a header (15 fields)", op_header_rlp, 0},
	{"block hash (RLP + keccak)", op_header_hash, 0},
	{"verify_header", op_verify_header, 0},
	{"BTTC author (seal hash + recover)", op_author, 0},
	{"recover address", op_recover, 0},
	{"signature of a known key, 256 at once", op_known_key, 0},
	{"tables of a known key", op_known_table, 0},
	{"ABI: decode NewHeaderBlock", op_abi_event, 0},
	{"ABI: decode and write as JSON", op_abi_json, 0},
	{"bloom: key of an address", op_bloom_key, 0},
	{"bloom: log with 4 topics, no cache", op_bloom_log, 0},
	{"bloom: watch of 20 addresses", op_bloom_watch, 0},
	{"receiptsRoot, 150 receipts, 450 logs", op_receipts, 0},
	{"trie root, 150 values", op_trie_root, 0},
	{"trie proof, 150 values", op_trie_prove, 0},
	{"verify_receipts, 150 txs, 450 logs", op_verify_block, 0},
	{"checkpoint root, 1024 leaves", op_checkpoint, 0},
	{"base58check of an address", op_base58, 0},
};

static double run_ns(void (*op)(void), uint64_t n)
{
	uint64_t start = clock_us();

	for (uint64_t i = 0; i < n; i++)
		op();
	return (double)(clock_us() - start) * 1000.0 / (double)n;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const char *name, void (*op)(void), size_t size)
{
	double ns[RUNS];
	uint64_t n = 1;

	while (run_ns(op, n) * (double)n < RUN_US * 1000.0)
		n *= 2;
	for (int i = 0; i < RUNS; i++)
		ns[i] = run_ns(op, n);
	qsort(ns, RUNS, sizeof(*ns), by_value);
	printf("%-38s %12.1f ns %14.0f /s   %.1f .. %.1f", name, ns[RUNS / 2], 1e9 / ns[RUNS / 2],
		ns[0], ns[RUNS - 1]);
	if (size)
		printf("   %.0f MB/s", (double)size * 1000.0 / ns[RUNS / 2]);
	putchar('\n');
	fflush(stdout);
}

static void print_machine(void)
{
	char line[256], *model = NULL;
	FILE *f = fopen("/proc/cpuinfo", "r");
	struct utsname u;

	while (f && !model && fgets(line, sizeof(line), f))
		if (!strncmp(line, "model name", 10) && (model = strchr(line, ':')))
			model[strcspn(model, "\n")] = 0;
	uname(&u);
	printf("bttc-indexer %s, compiler %s, %s %s, %s\n", BTTC_VERSION, __VERSION__, u.sysname,
		u.release, model ? model + 2 : "unknown processor");
	if (f)
		fclose(f);
	f = fopen("/proc/loadavg", "r");
	if (f && fgets(line, sizeof(line), f))
		printf("load before: %s", line);
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	buf_init(&scratch, 1u << 26);
	mem = arena_new(1u << 26);
	fill(bytes, sizeof(bytes));
	fill(leaves, sizeof(leaves));
	make_event();
	make_txs();
	make_receipts();
	make_header();
	print_machine();
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (argc < 2 || strstr(ops[i].name, argv[1]))
			measure(ops[i].name, ops[i].op, ops[i].bytes);
	return 0;
}
