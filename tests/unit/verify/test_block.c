/*
 * Checks of single blocks against every recorded block: golden and world, canonical and orphaned.
 * The recordings are what real nodes answered, so each must pass whole, and each must fail when one
 * value is changed.
 */
#include "verify/block.h"

#include "chain/header.h"
#include "chain/trie.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new(1u << 30);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

#define assert_ok(k, e)                                                                            \
	do {                                                                                       \
		if ((k) != ERR_NONE)                                                               \
			fail_msg("%s: %s", err_kind_name(k), (e).msg);                             \
	} while (0)

struct totals {
	size_t blocks, logs, txs, sync;
};

static void check_whole(enum header_kind kind, const struct rec_block *b, struct header_check *c,
	struct totals *t)
{
	struct block_body body = {b->receipts, b->receipt_count, b->txs, b->tx_count};
	struct err e;

	assert_ok(verify_header(kind, b->h.number, &b->h, c, &e), e);
	assert_int_equal(c->level, LEVEL_HASHED);
	assert_int_equal(c->layout, b->h.has);
	assert_ok(verify_receipts(kind, &b->h, &body, mem, &e), e);
	t->blocks++;
	for (size_t i = 0; i < b->receipt_count; i++) {
		const struct receipt *r = &b->receipts[i];

		t->logs += r->log_count;
		t->txs += !r->state_sync;
		t->sync += r->state_sync;
		assert_ok(verify_logs(kind, &b->h, r->logs, r->log_count, &e), e);
	}
}

static void check_recording(const char *name, enum header_kind kind, struct totals want)
{
	struct recording *r = recording_open(name);
	struct block_id parent = {0};
	uint64_t parent_time = 0;
	struct header_check c;
	struct totals t = {0};
	struct rec_block b;
	struct err e;

	while (recording_next(r, mem, &b)) {
		check_whole(kind, &b, &c, &t);
		if (t.blocks > 1)
			assert_ok(verify_link(kind, &parent, parent_time, &b.h, &e), e);
		parent = (struct block_id){b.h.number, b.h.hash};
		parent_time = b.h.time;
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(t.blocks, want.blocks);
	assert_int_equal(t.logs, want.logs);
	assert_int_equal(t.txs, want.txs);
	assert_int_equal(t.sync, want.sync);
}

static void golden_blocks(void **state)
{
	(void)state;
	check_recording("golden", HEADER_ETHEREUM, (struct totals){1076, 8339, 2532, 0});
}

static void world_root_blocks(void **state)
{
	(void)state;
	check_recording("world/root", HEADER_ETHEREUM, (struct totals){279, 2778, 783, 0});
}

static void world_bttc_blocks(void **state)
{
	(void)state;
	check_recording("world/bttc", HEADER_BTTC, (struct totals){7779, 41719, 19160, 69});
}


/* Both branches of every recorded fork. */
static void check_forks(const char *name, enum header_kind kind, size_t want)
{
	static const char *const branches[] = {"orphaned", "canonical"};
	struct json_parser *p;
	struct header_check c;
	struct totals t = {0};
	struct jval forks, fork, v;
	struct jiter it, blocks;
	struct rec_block b;
	char path[200];

	snprintf(path, sizeof(path), "recordings/%s/reorg.json.gz", name);
	p = rec_file(path, &forks);
	for (json_iter(forks, &it); json_next(&it, &fork);) {
		for (int i = 0; i < 2; i++) {
			for (json_iter(rec_get(fork, branches[i]), &blocks);
				json_next(&blocks, &v);) {
				rec_block(rec_get(v, "block"), rec_get(v, "receipts"), mem, &b);
				check_whole(kind, &b, &c, &t);
			}
		}
		arena_reset(mem);
	}
	rec_file_free(p);
	assert_int_equal(t.blocks, want);
}

static void forks(void **state)
{
	(void)state;
	check_forks("golden", HEADER_ETHEREUM, 94);
	check_forks("world/root", HEADER_ETHEREUM, 40);
	check_forks("world/bttc", HEADER_BTTC, 26);
}

/* ---- what must be refused ------------------------------------------------------------------ */

#define expect(call, want_kind, part, e)                                                           \
	do {                                                                                       \
		memset(&(e), 0, sizeof(e));                                                        \
		assert_int_equal((call), (want_kind));                                             \
		if (!strstr((e).msg, (part)))                                                      \
			fail_msg("\"%s\" has no \"%s\"", (e).msg, (part));                         \
	} while (0)

/*
 * The first block of a recording with at least n receipts and two logs in the first of them, or
 * with a state-sync receipt when n is 0.
 */
static void find_block(const char *name, size_t n, struct rec_block *b)
{
	struct recording *r = recording_open(name);
	bool found = false;

	while (!found) {
		arena_reset(mem);
		if (!recording_next(r, mem, b))
			fail_msg("%s has no such block", name);
		found = n ? b->receipt_count >= n && b->receipts[0].log_count > 1
			  : b->receipt_count > 1 && b->receipts[b->receipt_count - 1].state_sync;
	}
	recording_close(r);
}

static void changed_headers(void **state)
{
	struct header_check c = {.level = LEVEL_QUORUM};
	struct rec_block b;
	struct header h;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	expect(verify_header(HEADER_ETHEREUM, b.h.number + 1, &b.h, &c, &e), ERR_REJECT,
		"asked for", e);
#define CHANGE(field)                                                                              \
	do {                                                                                       \
		h = b.h;                                                                           \
		((uint8_t *)&h.field)[0] ^= 1;                                                     \
		expect(verify_header(HEADER_ETHEREUM, h.number, &h, &c, &e), ERR_REJECT,           \
			"does not hash", e);                                                       \
	} while (0)
	CHANGE(hash);
	CHANGE(parent);
	CHANGE(uncles);
	CHANGE(miner);
	CHANGE(state_root);
	CHANGE(tx_root);
	CHANGE(receipts_root);
	CHANGE(bloom);
	CHANGE(difficulty);
	CHANGE(number);
	CHANGE(gas_limit);
	CHANGE(gas_used);
	CHANGE(time);
	CHANGE(mix_hash);
	CHANGE(nonce);
	CHANGE(base_fee);
	CHANGE(withdrawals_root);
	CHANGE(beacon_root);
	CHANGE(requests_hash);
#undef CHANGE
	h = b.h;
	h.extra = (struct bytes){(const uint8_t *)"x", 1};
	expect(verify_header(HEADER_ETHEREUM, h.number, &h, &c, &e), ERR_REJECT, "does not hash",
		e);
	assert_int_equal(c.level, LEVEL_QUORUM);
}

/*
 * A field that is zero in the hash, shown as something else: the layout says that it is not proven.
 */
static void zero_field_shown_otherwise(void **state)
{
	struct header_check c;
	struct rec_block b;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	assert_int_equal(b.h.blob_gas_used, 0);
	assert_int_equal(b.h.excess_blob_gas, 0);
	b.h.blob_gas_used = 1;
	assert_ok(verify_header(HEADER_ETHEREUM, b.h.number, &b.h, &c, &e), e);
	assert_int_equal(c.layout, HEADER_ALL & ~HEADER_BLOB);
}

/*
 * The layout that the hash needs is found and reported when the node shows too much or too little.
 */
static void layout_is_reported(void **state)
{
	struct header_check c;
	struct rec_block b;
	struct err e;

	(void)state;
	find_block("golden", 1, &b);
	b.h.has = 0;
	assert_ok(verify_header(HEADER_ETHEREUM, b.h.number, &b.h, &c, &e), e);
	assert_int_equal(c.layout, HEADER_ALL);
	find_block("world/bttc", 1, &b);
	b.h.has = HEADER_BASE_FEE; /* "baseFeePerGas": "0x0" of a newer node */
	assert_ok(verify_header(HEADER_BTTC, b.h.number, &b.h, &c, &e), e);
	assert_int_equal(c.layout, 0);
}

/* A BTTC header changed and hashed again: only the rules of Bor can tell. */
static void bor_rules(void **state)
{
	uint8_t extra[200] = {0};
	struct header_check c;
	struct rec_block b;
	struct header h;
	struct err e;

	(void)state;
	find_block("world/bttc", 1, &b);
#define CHANGE(change, part)                                                                       \
	do {                                                                                       \
		h = b.h;                                                                           \
		change;                                                                            \
		header_hash(&h.hash, &h);                                                          \
		expect(verify_header(HEADER_BTTC, h.number, &h, &c, &e), ERR_REJECT, part, e);     \
	} while (0)
	CHANGE(h.miner.b[3] = 1, "miner");
	CHANGE(h.nonce[7] = 1, "nonce or mixHash");
	CHANGE(h.mix_hash.b[0] = 1, "nonce or mixHash");
	CHANGE(h.uncles.b[0] ^= 1, "sha3Uncles");
	CHANGE(h.difficulty = U256_ZERO, "difficulty");
	CHANGE(h.has = HEADER_BASE_FEE, "seal rule");
	CHANGE(h.extra.n = 96, "97 bytes");
	CHANGE((h.extra = (struct bytes){extra, 137}), "97 bytes");
	CHANGE((h.extra = (struct bytes){extra, 97}), "no account");
	CHANGE(h.number = 127, "sprint end 127");
	CHANGE((h.number = 127, h.extra = (struct bytes){extra, 137}), "power of producer 0");
	extra[32 + 39] = 1;
	CHANGE((h.number = 127, h.extra = (struct bytes){extra, 137}), "no account");
#undef CHANGE
	h = b.h; /* a foreign seal is another author, which verify_header can not know */
	h.time++;
	header_hash(&h.hash, &h);
	if (!verify_header(HEADER_BTTC, h.number, &h, &c, &e)) {
		struct address author;

		assert_true(header_author(&author, &b.h));
		assert_memory_not_equal(author.b, c.author.b, 20);
	}
}

static void genesis_has_no_author(void **state)
{
	struct recording *r = recording_open("world/bttc");
	struct header_check c = {.has_author = true};
	struct rec_block b;
	struct err e;

	(void)state;
	assert_true(recording_next(r, mem, &b));
	recording_close(r);
	assert_ok(verify_header(HEADER_BTTC, 0, &b.h, &c, &e), e);
	assert_false(c.has_author);
}

static void links(void **state)
{
	struct header h = {.number = 8, .time = 100};
	struct block_id parent = {7, {{1}}};
	struct err e;

	(void)state;
	h.parent = parent.hash;
	assert_ok(verify_link(HEADER_BTTC, &parent, 99, &h, &e), e);
	expect(verify_link(HEADER_BTTC, &parent, 100, &h, &e), ERR_REJECT, "time", e);
	assert_ok(verify_link(HEADER_ETHEREUM, &parent, 100, &h, &e), e);
	expect(verify_link(HEADER_ETHEREUM, &parent, 101, &h, &e), ERR_REJECT, "time", e);
	h.parent.b[31] = 1;
	expect(verify_link(HEADER_ETHEREUM, &parent, 99, &h, &e), ERR_REWIND, "another parent", e);
	h.number = 9;
	expect(verify_link(HEADER_ETHEREUM, &parent, 99, &h, &e), ERR_REJECT, "does not follow", e);
	h.number = 7;
	expect(verify_link(HEADER_TRON, &parent, 99, &h, &e), ERR_REJECT, "does not follow", e);
}

static void tron_headers(void **state)
{
	struct json_parser *p;
	struct header_check c;
	struct header h = {0};
	struct err e;
	struct jval v;

	(void)state;
	p = rec_file("vectors/tron_nile_block_66987565.json", &v);
	rec_fixed(rec_get(v, "blockID"), h.hash.b, 32);
	rec_file_free(p);
	h.number = 66987565;
	h.miner.b[0] = 5;
	assert_ok(verify_header(HEADER_TRON, h.number, &h, &c, &e), e);
	assert_int_equal(c.level, LEVEL_TRUSTED);
	assert_true(c.has_author);
	assert_int_equal(c.author.b[0], 5);
	h.hash.b[7] ^= 1;
	expect(verify_header(HEADER_TRON, h.number, &h, &c, &e), ERR_REJECT, "block id", e);
}

static void watches(void **state)
{
	struct log l = {.topic_count = 2};
	struct bloom_key address[2], topic[2], other;
	struct bloom_watch w = {0};
	uint8_t bloom[256] = {0};

	(void)state;
	l.address.b[0] = 1;
	l.topics[0].b[0] = 2;
	l.topics[1].b[0] = 3;
	bloom_add_log(bloom, &l);
	other = bloom_key("elsewhere", 9);
	address[0] = other;
	address[1] = bloom_key(l.address.b, 20);
	topic[0] = other;
	topic[1] = bloom_key(l.topics[1].b, 32);
	assert_true(verify_bloom_may(bloom, &w)); /* anything */
	w = (struct bloom_watch){.addresses = address, .address_count = 2};
	assert_true(verify_bloom_may(bloom, &w));
	w.address_count = 1;
	assert_false(verify_bloom_may(bloom, &w));
	w = (struct bloom_watch){.addresses = address, .address_count = 2};
	w.topics[1] = topic;
	w.topic_count[1] = 2;
	assert_true(verify_bloom_may(bloom, &w));
	w.topic_count[1] = 1;
	assert_false(verify_bloom_may(bloom, &w));
	memset(bloom, 0, sizeof(bloom));
	w = (struct bloom_watch){.addresses = address, .address_count = 2};
	assert_false(verify_bloom_may(bloom, &w));
	w = (struct bloom_watch){0};
	assert_true(verify_bloom_may(bloom, &w));
}

/* All logs of a block in one list, as eth_getLogs answers. */
static struct log *all_logs(const struct rec_block *b, size_t *n)
{
	struct log *list;

	*n = 0;
	for (size_t i = 0; i < b->receipt_count; i++)
		*n += b->receipts[i].log_count;
	list = arena_calloc(mem, *n, sizeof(*list));
	*n = 0;
	for (size_t i = 0; i < b->receipt_count; i++)
		for (size_t k = 0; k < b->receipts[i].log_count; k++)
			list[(*n)++] = b->receipts[i].logs[k];
	return list;
}

static void wrong_logs(void **state)
{
	struct rec_block b;
	size_t n, other = 1; /* first log of another transaction */
	struct log *l, keep;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	l = all_logs(&b, &n);
	assert_true(n >= 3 && l[0].tx_index != l[n - 1].tx_index);
	assert_ok(verify_logs(HEADER_ETHEREUM, &b.h, l, n, &e), e);
	assert_ok(verify_logs(HEADER_ETHEREUM, &b.h, l + 1, n - 1, &e), e); /* any selection */
#define CHANGE(at, change, part)                                                                   \
	do {                                                                                       \
		keep = l[at];                                                                      \
		change;                                                                            \
		expect(verify_logs(HEADER_ETHEREUM, &b.h, l, n, &e), ERR_REJECT, part, e);         \
		l[at] = keep;                                                                      \
	} while (0)
	CHANGE(0, l[0].address.b[0] ^= 1, "bloom denies");
	CHANGE(n - 1, l[n - 1].topics[0].b[0] ^= 1, "bloom denies");
	CHANGE(1, l[1].log_index = l[0].log_index, "not above");
	CHANGE(n - 1, l[n - 1].tx_index = 0, "below");
	assert_int_equal(l[0].tx_index, l[1].tx_index);
	while (l[other].tx_index == l[other - 1].tx_index)
		other++;
	CHANGE(1, l[1].tx_hash.b[0] ^= 1, "do not go together");
	CHANGE(other, l[other].tx_hash = l[other - 1].tx_hash, "do not go together");
	CHANGE(n - 1, l[n - 1].state_sync = true, "called state-sync");
#undef CHANGE
	memset(b.h.bloom, 0, sizeof(b.h.bloom));
	expect(verify_logs(HEADER_ETHEREUM, &b.h, l, n, &e), ERR_REJECT,
		"log 0: the header's bloom", e);
	assert_ok(verify_logs(HEADER_TRON, &b.h, l, n, &e), e); /* TRON's bloom means nothing */
}

static enum err_kind run(enum header_kind kind, const struct rec_block *b, struct err *e)
{
	struct block_body body = {b->receipts, b->receipt_count, b->txs, b->tx_count};

	return verify_receipts(kind, &b->h, &body, mem, e);
}

/* A deep enough copy to change receipts, logs and transactions. */
static void copy_block(const struct rec_block *from, struct rec_block *to)
{
	*to = *from;
	to->txs = arena_dup(mem, from->txs, from->tx_count * sizeof(*from->txs));
	to->receipts =
		arena_dup(mem, from->receipts, from->receipt_count * sizeof(*from->receipts));
	for (size_t i = 0; i < to->receipt_count; i++)
		to->receipts[i].logs = arena_dup(mem, from->receipts[i].logs,
			from->receipts[i].log_count * sizeof(*from->receipts[i].logs));
}

/* The first log that has data. */
static struct log *data_log(struct rec_block *b)
{
	for (size_t i = 0; i < b->receipt_count; i++)
		for (size_t k = 0; k < b->receipts[i].log_count; k++)
			if (b->receipts[i].logs[k].data.n)
				return &b->receipts[i].logs[k];
	fail_msg("no log has data");
	return NULL;
}

static void flip_data(struct log *l)
{
	uint8_t *data = arena_dup(mem, l->data.p, l->data.n);

	data[l->data.n - 1] ^= 1;
	l->data.p = data;
}

static void wrong_receipts(void **state)
{
	struct rec_block b, c;
	struct receipt swap;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
#define CHANGE(change, part)                                                                       \
	do {                                                                                       \
		copy_block(&b, &c);                                                                \
		change;                                                                            \
		expect(run(HEADER_ETHEREUM, &c, &e), ERR_REJECT, part, e);                         \
	} while (0)
	CHANGE(c.receipt_count--, "receipts");
	CHANGE((c.receipt_count--, c.tx_count--), "gasUsed");
	CHANGE((c.receipt_count--, c.txs = NULL), "gasUsed");
	CHANGE((swap = c.receipts[0], c.receipts[0] = c.receipts[1], c.receipts[1] = swap),
		"not its place");
	CHANGE(c.receipts[0].tx_hash.b[0] ^= 1, "another transaction");
	CHANGE(c.receipts[0].type ^= 3, "type");
	CHANGE(c.receipts[0].status ^= 1, "receiptsRoot");
	CHANGE(c.receipts[0].has_status = false, "receiptsRoot");
	CHANGE(c.receipts[0].gas_used++, "running sum");
	CHANGE((c.receipts[0].gas_used++, c.receipts[0].cumulative_gas++), "running sum");
	CHANGE(c.receipts[c.receipt_count - 1].cumulative_gas = 0, "running sum");
	CHANGE(c.h.gas_used++, "gasUsed");
	CHANGE(c.receipts[0].bloom[0] ^= 1, "receipt 0: logsBloom");
	CHANGE(c.h.bloom[0] ^= 1, "logsBloom is not that of the receipts");
	CHANGE(c.receipts[0].log_count--, "out of order"); /* one log of many omitted */
	CHANGE(c.receipts[0].logs[0].log_index++, "out of order");
	CHANGE(c.receipts[0].logs[0].tx_index++, "another transaction than its receipt");
	CHANGE(c.receipts[0].logs[0].tx_hash.b[1]++, "another transaction than its receipt");
	CHANGE(c.receipts[0].logs[0].address.b[0]++, "receipt 0: logsBloom");
	CHANGE(c.receipts[0].logs[0].topics[0].b[0]++, "receipt 0: logsBloom");
	CHANGE(flip_data(data_log(&c)), "receiptsRoot");
	CHANGE(data_log(&c)->data.n--, "receiptsRoot");
	CHANGE(c.receipts[0].state_sync = true, "state-sync");
	CHANGE(c.receipts[0].logs[0].state_sync = true, "state-sync");
#undef CHANGE
}

/* All logs of the last receipts gone, in a way that leaves no gap in the indexes. */
static void omitted_tail(void **state)
{
	struct rec_block b, c;
	struct receipt *last;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	copy_block(&b, &c);
	last = &c.receipts[c.receipt_count - 1];
	while (!last->log_count)
		last--;
	last->log_count--;
	expect(run(HEADER_ETHEREUM, &c, &e), ERR_REJECT, "logsBloom", e);
	memset(last->bloom, 0, 256);
	for (size_t i = 0; i < last->log_count; i++)
		bloom_add_log(last->bloom, &last->logs[i]);
	assert_int_equal(run(HEADER_ETHEREUM, &c, &e), ERR_REJECT);
}

static void wrong_transactions(void **state)
{
	struct rec_block b, c;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
#define CHANGE(change, part)                                                                       \
	do {                                                                                       \
		copy_block(&b, &c);                                                                \
		change;                                                                            \
		expect(run(HEADER_ETHEREUM, &c, &e), ERR_REJECT, part, e);                         \
	} while (0)
	CHANGE(c.txs[0].index = 1, "not its place");
	CHANGE(c.txs[0].value.w[0]++, "does not hash");
	CHANGE(c.txs[0].input.n--, "does not hash");
	CHANGE(c.txs[0].to.b[0]++, "does not hash");
	CHANGE(c.txs[0].nonce++, "does not hash");
	CHANGE(c.txs[0].s.w[0]++, "does not hash");
	CHANGE(c.txs[0].state_sync = true, "state-sync");
	CHANGE(c.h.tx_root.b[0]++, "transactionsRoot");
	CHANGE((c.receipts = NULL, c.receipt_count = 0, c.tx_count--), "transactionsRoot");
	CHANGE((c.txs[0].type = 9, c.receipts = NULL), "type 9");
	assert_int_equal(e.code, VERIFY_UNSUPPORTED);
	CHANGE((c.txs[0].type = 9, c.receipts[0].type = 9), "receiptsRoot");
	assert_int_equal(e.code, 0);
#undef CHANGE
	copy_block(&b, &c);
	c.receipts = NULL;
	assert_ok(run(HEADER_ETHEREUM, &c, &e), e); /* transactions alone */
	copy_block(&b, &c);
	c.txs = NULL;
	assert_ok(run(HEADER_ETHEREUM, &c, &e), e); /* receipts alone */
	copy_block(&b, &c);
	for (size_t i = 0; i < c.receipt_count; i++)
		c.receipts[i].type = 0;
	assert_ok(run(HEADER_ETHEREUM, &c, &e), e); /* types come from the transactions */
}

static void state_sync(void **state)
{
	struct rec_block b, c;
	struct hash32 hash;
	struct log *l;
	struct err e;
	size_t n, last;

	(void)state;
	find_block("world/bttc", 0, &b);
	last = b.receipt_count - 1;
	verify_state_sync_hash(&hash, b.h.number, &b.h.hash);
	assert_memory_equal(hash.b, b.receipts[last].tx_hash.b, 32);
	assert_memory_equal(hash.b, b.txs[last].hash.b, 32);
	l = all_logs(&b, &n);
	assert_true(l[n - 1].state_sync);
	assert_ok(verify_logs(HEADER_BTTC, &b.h, l, n, &e), e);
	expect(verify_logs(HEADER_ETHEREUM, &b.h, l, n, &e), ERR_REJECT, "called state-sync", e);
	l[n - 1].state_sync = false;
	l[n - 1].tx_index++;
	l[n - 1].tx_hash.b[0] ^= 1;
	expect(verify_logs(HEADER_BTTC, &b.h, l, n, &e), ERR_REJECT, "after a state-sync log", e);
	l[n - 1] = b.receipts[last].logs[b.receipts[last].log_count - 1];
	for (size_t i = 0; i < n; i++)
		l[i].state_sync = false;
	expect(verify_logs(HEADER_BTTC, &b.h, l, n, &e), ERR_REJECT, "not called so", e);
#define CHANGE(change, part)                                                                       \
	do {                                                                                       \
		copy_block(&b, &c);                                                                \
		change;                                                                            \
		expect(run(HEADER_BTTC, &c, &e), ERR_REJECT, part, e);                             \
	} while (0)
	CHANGE(c.receipts[last].state_sync = false, "state-sync mark");
	CHANGE(c.txs[last].state_sync = false, "state-sync mark");
	CHANGE(c.receipts[last].tx_hash.b[0] ^= 1, "state-sync mark");
	CHANGE(c.receipts[0].state_sync = true, "state-sync mark");
	CHANGE(c.receipts[last].logs[0].log_index++, "out of order");
	CHANGE(c.receipts[last].bloom[0] ^= 1, "logsBloom");
	CHANGE(c.h.number++, "state-sync mark"); /* not the start of a sprint */
#undef CHANGE
	copy_block(&b, &c);
	c.receipt_count--; /* a node that hides it */
	c.tx_count--;
	assert_ok(run(HEADER_BTTC, &c, &e), e);
}

static void tron_bodies(void **state)
{
	struct rec_block b, c;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	copy_block(&b, &c);
	memset(&c.h.bloom, 0, sizeof(c.h.bloom));
	memset(&c.h.receipts_root, 0, 32);
	memset(&c.h.tx_root, 0, 32);
	for (size_t i = 0; i < c.receipt_count; i++)
		memset(c.receipts[i].bloom, 0, 256);
	assert_ok(run(HEADER_TRON, &c, &e), e);
	c.txs[1].index = 0;
	expect(run(HEADER_TRON, &c, &e), ERR_REJECT, "not its place", e);
	c.txs[1].index = 1;
	c.receipts[1].tx_hash.b[0]++;
	expect(run(HEADER_TRON, &c, &e), ERR_REJECT, "another transaction", e);
}

static void senders(void **state)
{
	struct rec_block b;
	struct tx tx;
	struct err e;

	(void)state;
	find_block("golden", 3, &b);
	assert_ok(verify_sender(&b.txs[0], &e), e);
	tx = b.txs[0];
	tx.from.b[19] ^= 1;
	expect(verify_sender(&tx, &e), ERR_REJECT, "another account", e);
	tx.state_sync = true;
	assert_ok(verify_sender(&tx, &e), e);
	tx = b.txs[0];
	tx.r = U256_ZERO;
	expect(verify_sender(&tx, &e), ERR_REJECT, "no account", e);
	assert_int_equal(e.code, 0);
	tx.type = 77;
	expect(verify_sender(&tx, &e), ERR_REJECT, "type 77", e);
	assert_int_equal(e.code, VERIFY_UNSUPPORTED);
}

static void empty_blocks(void **state)
{
	struct receipt none;
	struct tx no_tx;
	struct block_body body = {&none, 0, &no_tx, 0};
	struct header h = {.receipts_root = trie_empty_root, .tx_root = trie_empty_root};
	struct err e;

	(void)state;
	assert_ok(verify_receipts(HEADER_ETHEREUM, &h, &body, mem, &e), e);
	h.gas_used = 1;
	expect(verify_receipts(HEADER_ETHEREUM, &h, &body, mem, &e), ERR_REJECT, "gasUsed", e);
	h.gas_used = 0;
	h.bloom[9] = 1; /* bits that no receipt explains */
	expect(verify_receipts(HEADER_ETHEREUM, &h, &body, mem, &e), ERR_REJECT, "logsBloom", e);
	h.bloom[9] = 0;
	h.receipts_root.b[0]++;
	expect(verify_receipts(HEADER_ETHEREUM, &h, &body, mem, &e), ERR_REJECT, "receiptsRoot", e);
	assert_ok(verify_logs(HEADER_ETHEREUM, &h, NULL, 0, &e), e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_blocks),
		cmocka_unit_test(world_root_blocks),
		cmocka_unit_test(world_bttc_blocks),
		cmocka_unit_test(forks),
		cmocka_unit_test(changed_headers),
		cmocka_unit_test(zero_field_shown_otherwise),
		cmocka_unit_test(layout_is_reported),
		cmocka_unit_test(bor_rules),
		cmocka_unit_test(genesis_has_no_author),
		cmocka_unit_test(links),
		cmocka_unit_test(tron_headers),
		cmocka_unit_test(watches),
		cmocka_unit_test(wrong_logs),
		cmocka_unit_test(wrong_receipts),
		cmocka_unit_test(omitted_tail),
		cmocka_unit_test(wrong_transactions),
		cmocka_unit_test(state_sync),
		cmocka_unit_test(tron_bodies),
		cmocka_unit_test(senders),
		cmocka_unit_test(empty_blocks),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
