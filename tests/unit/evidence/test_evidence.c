/*
 * Evidence made from every recorded log of golden and world verifies, also through its file; BTTC's with
 * the recorded checkpoint and the root chain's log of it; a changed byte anywhere in a proof is noticed;
 * real TRON headers.
 */
#include "evidence/evidence.h"

#include "base/hex.h"
#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/trie.h"
#include "chain/tx.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;
static const struct evidence_trust nothing;

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new((size_t)2 << 30);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static struct bytes keep(struct buf *b)
{
	struct bytes out = arena_bytes(mem, b->p, b->n);

	assert_false(b->bad);
	buf_free(b);
	return out;
}

/* The values under both roots of a block, without state-sync. */
struct tries {
	struct bytes *receipts, *txs;
	size_t n;
};

static void values_of(const struct rec_block *b, struct tries *t)
{
	struct err e;
	struct buf v;

	t->n = b->tx_count - (b->tx_count && b->txs[b->tx_count - 1].state_sync);
	t->receipts = arena_calloc(mem, t->n + 1, sizeof(*t->receipts));
	t->txs = arena_calloc(mem, t->n + 1, sizeof(*t->txs));
	for (size_t i = 0; i < t->n; i++) {
		struct receipt r = b->receipts[i];

		r.type = b->txs[i].type;
		buf_init(&v, 1 << 24);
		receipt_encode(&v, &r);
		t->receipts[i] = keep(&v);
		buf_init(&v, 1 << 24);
		assert_int_equal(tx_encode(&v, &b->txs[i], &e), ERR_NONE);
		t->txs[i] = keep(&v);
	}
}

static void origin(struct evidence *ev)
{
	ev->origin = (struct evidence_origin){.version = "0.1.0", .network = "golden", .rule_set = "1"};
}

static void make(struct evidence *ev, enum header_kind kind, const struct rec_block *b,
	const struct tries *t, size_t tx, size_t pos)
{
	struct buf rlp;

	*ev = (struct evidence){.chain = "root", .chain_id = 31337, .kind = kind};
	origin(ev);
	ev->block = (struct block_id){b->h.number, b->h.hash};
	ev->time = b->h.time;
	ev->log = b->receipts[tx].logs[pos];
	ev->log_position = (uint32_t)pos;
	buf_init(&rlp, 1 << 20);
	header_rlp(&rlp, &b->h);
	ev->header = keep(&rlp);
	trie_prove(t->receipts, t->n, tx, mem, &ev->receipt.nodes, &ev->receipt.n);
	trie_prove(t->txs, t->n, tx, mem, &ev->tx.nodes, &ev->tx.n);
}

static void assert_good(const struct evidence *ev, const struct evidence_trust *trust, bool anchored)
{
	struct evidence_report r;

	evidence_check(ev, trust, mem, &r);
	if (r.failed)
		fail_msg("block %llu log %u: %s", (unsigned long long)ev->block.number,
			ev->log.log_index, r.lines[r.n - 1].text);
	assert_int_equal(r.anchored, anchored);
}

/* Through its text: reads back, verifies, is written the same again. */
static void assert_file(const struct evidence *ev)
{
	struct evidence *back;
	struct buf one, two;
	struct err e;

	buf_init(&one, EVIDENCE_FILE_MAX);
	buf_init(&two, EVIDENCE_FILE_MAX);
	evidence_write(&one, ev);
	if (evidence_read(&back, one.p, one.n, mem, &e))
		fail_msg("%s in %s", e.msg, one.p);
	assert_good(back, &nothing, false);
	evidence_write(&two, back);
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.p, two.p, one.n);
	buf_free(&one);
	buf_free(&two);
}

static void all_logs_of(const char *name, enum header_kind kind, size_t want_logs, size_t every)
{
	struct recording *r = recording_open(name);
	struct rec_block b;
	struct evidence ev;
	struct tries t;
	size_t logs = 0;

	while (recording_next(r, mem, &b)) {
		values_of(&b, &t);
		for (size_t i = 0; i < t.n; i++)
			for (size_t k = 0; k < b.receipts[i].log_count; k++) {
				struct evidence_trust trust = {.blocks = &b.h.hash, .block_count = 1};

				if (logs++ % every)
					continue;
				make(&ev, kind, &b, &t, i, k);
				assert_good(&ev, &trust, true);
				if (logs % 7 == 1)
					assert_file(&ev);
			}
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(logs, want_logs);
}

static void golden_logs(void **state)
{
	(void)state;
	all_logs_of("golden", HEADER_ETHEREUM, 8339, 1);
}

static void world_logs(void **state)
{
	(void)state;
	all_logs_of("world/root", HEADER_ETHEREUM, 2778, 1);
}

/* ---- one log of each kind, for damage ---- */

static struct evidence golden_log(size_t wanted_topics, size_t min_nodes)
{
	struct recording *r = recording_open("golden");
	struct evidence ev = {0};
	struct rec_block b;
	struct tries t;

	while (!ev.chain && recording_next(r, mem, &b)) {
		values_of(&b, &t);
		for (size_t i = 0; i < t.n && !ev.chain; i++)
			for (size_t k = 0; k < b.receipts[i].log_count && !ev.chain; k++)
				if (b.receipts[i].logs[k].topic_count == wanted_topics) {
					make(&ev, HEADER_ETHEREUM, &b, &t, i, k);
					if (ev.receipt.n < min_nodes)
						ev.chain = NULL;
				}
	}
	recording_close(r);
	assert_non_null(ev.chain);
	return ev;
}

static bool fails(const struct evidence *ev, const char *prefix)
{
	struct evidence_report r;

	evidence_check(ev, &nothing, mem, &r);
	if (r.failed && prefix && strncmp(r.lines[r.n - 1].text, prefix, strlen(prefix)))
		fail_msg("\"%s\" should begin with \"%s\"", r.lines[r.n - 1].text, prefix);
	return r.failed;
}

/* Flip each bit's byte of a view that the evidence holds; every one must be noticed. */
static size_t flip_all(struct evidence *ev, struct bytes *view, const char *prefix)
{
	struct bytes old = *view;
	uint8_t *copy = arena_dup(mem, old.p, old.n);

	view->p = copy;
	for (size_t i = 0; i < old.n; i++) {
		copy[i] ^= 1;
		if (!fails(ev, prefix))
			fail_msg("byte %zu changed and not noticed (%s)", i, prefix);
		copy[i] ^= 1;
	}
	*view = old;
	assert_false(fails(ev, NULL));
	return old.n;
}

static void every_byte_counts(void **state)
{
	struct evidence ev = golden_log(4, 2);
	size_t flipped = 0;

	(void)state;
	flipped += flip_all(&ev, &ev.header, "header: ");
	for (size_t i = 0; i < ev.receipt.n; i++)
		flipped += flip_all(&ev, &ev.receipt.nodes[i], "receipt_proof: ");
	for (size_t i = 0; i < ev.tx.n; i++)
		flipped += flip_all(&ev, &ev.tx.nodes[i], "transaction_proof: ");
	flipped += flip_all(&ev, &ev.log.data, "claim.data: ");
	assert_true(flipped > 1000);
	ev.block.hash.b[31] ^= 1;
	assert_true(fails(&ev, "header: "));
	ev.block.hash.b[31] ^= 1;
	ev.log.tx_hash.b[0] ^= 1;
	assert_true(fails(&ev, "claim.tx: "));
	ev.log.tx_hash.b[0] ^= 1;
	ev.log.address.b[0] ^= 1;
	assert_true(fails(&ev, "claim.address: "));
	ev.log.address.b[0] ^= 1;
	ev.log.topics[3].b[31] ^= 1;
	assert_true(fails(&ev, "claim.topics[3]: "));
	ev.log.topics[3].b[31] ^= 1;
	ev.time++;
	assert_true(fails(&ev, "claim.time: "));
	ev.time--;
	ev.block.number++;
	assert_true(fails(&ev, "claim.block: "));
	ev.block.number--;
	ev.log.tx_index ^= 1;
	assert_true(fails(&ev, NULL));
	ev.log.tx_index ^= 1;
	ev.log_position += 40;
	assert_true(fails(&ev, "claim.log_position: "));
}

/* Proofs with nodes too many, too few, none, or of another key. */
static void odd_proofs(void **state)
{
	struct evidence ev = golden_log(3, 2);
	struct bytes nodes[EVIDENCE_NODES_MAX];
	struct evidence_proof good = ev.receipt;

	(void)state;
	memcpy(nodes, good.nodes, good.n * sizeof(*nodes));
	nodes[good.n] = good.nodes[good.n - 1];
	ev.receipt = (struct evidence_proof){nodes, good.n + 1};
	assert_true(fails(&ev, "receipt_proof: 1 superfluous"));
	ev.receipt.n = good.n - 1;
	assert_true(fails(&ev, "receipt_proof: the proof ends"));
	ev.receipt.n = 0;
	assert_true(fails(&ev, "receipt_proof: the proof ends"));
	ev.receipt = good;
	ev.log.tx_index += 200;
	assert_true(fails(&ev, "receipt_proof: "));
	ev.log.tx_index -= 200;
	ev.receipt = ev.tx; /* a proof of the other trie */
	assert_true(fails(&ev, "receipt_proof: "));
}

/* ---- the event ---- */

static void event_of(struct evidence *ev)
{
	static struct abi_param p[3] = {{.name = "from", .indexed = true}, {.name = "to", .indexed = true},
		{.name = "value"}};
	struct buf text;

	assert_true(abi_type_parse(&p[0].type, "address") && abi_type_parse(&p[1].type, "address") &&
		abi_type_parse(&p[2].type, "uint256"));
	ev->event = (struct abi_event){.name = "Transfer", .params = p, .param_count = 3,
		.indexed_count = 2, .signature = "Transfer(address,address,uint256)",
		.validator_param = -1};
	keccak256(&ev->event.topic0, ev->event.signature, strlen(ev->event.signature));
	ev->has_event = true;
	buf_init(&text, 1000);
	buf_str(&text, "{\"from\":\"0x");
	buf_hex(&text, ev->log.topics[1].b + 12, 20);
	buf_str(&text, "\",\"to\":\"0x");
	buf_hex(&text, ev->log.topics[2].b + 12, 20);
	buf_str(&text, "\",\"value\":\"");
	char dec[U256_DEC_MAX + 1];
	u256_dec(dec, u256_be(ev->log.data.p));
	buf_str(&text, dec);
	buf_str(&text, "\"}");
	ev->args = keep(&text);
}

static struct evidence golden_transfer(void)
{
	struct recording *r = recording_open("golden");
	struct evidence ev = {0};
	struct hash32 topic0;
	struct rec_block b;
	struct tries t;

	keccak256(&topic0, "Transfer(address,address,uint256)", 33);
	while (!ev.chain && recording_next(r, mem, &b)) {
		values_of(&b, &t);
		for (size_t i = 0; i < t.n && !ev.chain; i++)
			for (size_t k = 0; k < b.receipts[i].log_count && !ev.chain; k++) {
				const struct log *l = &b.receipts[i].logs[k];

				if (l->topic_count == 3 && l->data.n == 32 && hash_eq(&l->topics[0], &topic0))
					make(&ev, HEADER_ETHEREUM, &b, &t, i, k);
			}
	}
	recording_close(r);
	assert_non_null(ev.chain);
	return ev;
}

static void event_and_args(void **state)
{
	struct evidence ev = golden_transfer();
	struct bytes args;

	(void)state;
	event_of(&ev);
	assert_good(&ev, &nothing, false);
	assert_file(&ev);
	(void)flip_all(&ev, &ev.args, "claim.args: ");
	args = ev.args;
	ev.args.n--;
	assert_true(fails(&ev, "claim.args: "));
	ev.args = args;
	ev.event.topic0.b[0] ^= 1;
	assert_true(fails(&ev, "claim.event: topic 0"));
	ev.event.topic0.b[0] ^= 1;
	ev.event.params[1].indexed = false;
	assert_true(fails(&ev, "claim.event: "));
	ev.event.params[1].indexed = true;
}

/* ---- checkpoints: BTTC blocks under the roots that the root chain logged ---- */

#define BTTC_BLOCKS 8000

struct chain_blocks {
	struct hash32 leaf[BTTC_BLOCKS];
	size_t n;
};

static struct chain_blocks leaves;

/* The NewHeaderBlock log of world/root with the given header id. */
static struct evidence root_log(uint64_t header_id, struct evidence_checkpoint *cp)
{
	struct recording *r = recording_open("world/root");
	struct evidence ev = {0};
	struct rec_block b;
	struct hash32 topic0;
	struct tries t;

	keccak256(&topic0, "NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)", 63);
	while (!ev.chain && recording_next(r, mem, &b)) {
		values_of(&b, &t);
		for (size_t i = 0; i < t.n && !ev.chain; i++)
			for (size_t k = 0; k < b.receipts[i].log_count && !ev.chain; k++) {
				const struct log *l = &b.receipts[i].logs[k];

				if (l->topic_count != 4 || !hash_eq(&l->topics[0], &topic0) ||
					u256_be(l->topics[2].b).w[0] != header_id)
					continue;
				make(&ev, HEADER_ETHEREUM, &b, &t, i, k);
				cp->header_block_id = header_id;
				cp->start = u256_be(l->data.p).w[0];
				cp->end = u256_be(l->data.p + 32).w[0];
				memcpy(cp->root.b, l->data.p + 64, 32);
			}
	}
	recording_close(r);
	assert_non_null(ev.chain);
	return ev;
}

static void read_leaves(void)
{
	struct recording *r = recording_open("world/bttc");
	struct arena *small = arena_new(1 << 30);
	struct rec_block b;

	for (leaves.n = 0; recording_next(r, small, &b); arena_reset(small))
		checkpoint_leaf(&leaves.leaf[leaves.n++], &b.h);
	recording_close(r);
	arena_free(small);
	assert_true(leaves.n > 7000);
}

/* Evidence of a log of a block in [start, end] of world/bttc. */
static struct evidence bttc_log(const struct evidence_checkpoint *cp, struct evidence *of)
{
	struct recording *r = recording_open("world/bttc");
	struct evidence ev = {0};
	struct rec_block b;
	struct tries t;

	while (!ev.chain && recording_next(r, mem, &b)) {
		if (b.h.number < cp->start + 5)
			continue;
		values_of(&b, &t);
		for (size_t i = 0; i < t.n && !ev.chain; i++)
			if (b.receipts[i].log_count)
				make(&ev, HEADER_BTTC, &b, &t, i, 0);
	}
	recording_close(r);
	assert_true(ev.chain && ev.block.number <= cp->end);
	ev.chain = "bttc";
	ev.has_checkpoint = true;
	ev.checkpoint = *cp;
	ev.checkpoint.path_n = checkpoint_path(ev.checkpoint.path, leaves.leaf + cp->start,
		cp->end - cp->start + 1, ev.block.number - cp->start, mem);
	ev.checkpoint.of = of;
	return ev;
}

static void checkpoint_chain(void **state)
{
	struct evidence_checkpoint cp = {0};
	struct evidence of, ev;
	struct evidence_trust trust = {.blocks = &of.block.hash, .block_count = 1};
	struct evidence_trust by_root = {.roots = &ev.checkpoint.root, .root_count = 1};

	(void)state;
	read_leaves();
	of = root_log(200000, &cp);
	ev = bttc_log(&cp, &of);
	assert_int_equal(ev.checkpoint.path_n >= 6, 1);
	assert_good(&ev, &nothing, false);
	assert_good(&ev, &trust, true);
	assert_good(&ev, &by_root, true);
	assert_file(&ev);
	for (size_t i = 0; i < ev.checkpoint.path_n; i++)
		for (size_t k = 0; k < 32; k++) {
			ev.checkpoint.path[i].b[k] ^= 1;
			assert_true(fails(&ev, "checkpoint.path: "));
			ev.checkpoint.path[i].b[k] ^= 1;
		}
	ev.checkpoint.path_n--;
	assert_true(fails(&ev, "checkpoint.path: a tree over"));
	ev.checkpoint.path_n++;
	ev.checkpoint.root.b[0] ^= 1;
	assert_true(fails(&ev, "checkpoint.path: leads to"));
	ev.checkpoint.root.b[0] ^= 1;
	ev.checkpoint.header_block_id += 10000;
	assert_true(fails(&ev, "checkpoint.evidence: "));
	ev.checkpoint.header_block_id -= 10000;
	ev.checkpoint.start = ev.block.number + 1;
	assert_true(fails(&ev, "checkpoint: blocks"));
}

/* The root that is wrong on purpose can not be reached from any block. */
static void wrong_root(void **state)
{
	struct evidence_checkpoint cp = {0};
	struct evidence of, ev;

	(void)state;
	read_leaves();
	of = root_log(340000, &cp);
	assert_int_equal(cp.start, 3977);
	ev = bttc_log(&cp, &of);
	assert_true(fails(&ev, "checkpoint.path: leads to"));
}

/* ---- TRON ---- */

static struct evidence tron_file(const char *path)
{
	struct evidence ev = {.chain = "tron", .chain_id = 3448148188, .kind = HEADER_TRON};
	struct jval root, header, raw;
	struct json_parser *p = rec_file(path, &root);

	origin(&ev);
	header = rec_get(root, "block_header");
	raw = rec_get(header, "raw_data");
	ev.block.number = rec_u64(rec_get(raw, "number"));
	ev.time = rec_u64(rec_get(raw, "timestamp")) / 1000;
	rec_fixed(rec_get(root, "blockID"), ev.block.hash.b, 32);
	ev.header = rec_hex(rec_get(rec_get(root, "computed"), "rawDataHex"), mem);
	ev.witness_signature = rec_hex(rec_get(header, "witness_signature"), mem);
	rec_file_free(p);
	return ev;
}

static void tron_headers(void **state)
{
	struct evidence_endpoint two[2] = {{.name = "a.example"}, {.name = "b.example"}};
	static const char *const files[] = {"vectors/tron_nile_block_66987565.json",
		"vectors/tron_nile_block_66987627.json"};

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		struct evidence ev = tron_file(files[f]);
		struct evidence_report r;

		ev.endpoints = two;
		ev.endpoint_count = 2;
		assert_good(&ev, &nothing, false);
		assert_file(&ev);
		evidence_check(&ev, &nothing, mem, &r);
		assert_int_equal(r.lines[0].verdict, EVIDENCE_PROVEN);
		assert_int_equal(r.lines[1].verdict, EVIDENCE_PROVEN);
		assert_non_null(strstr(r.lines[4].text, "not provable"));
		(void)flip_all(&ev, &ev.header, "tron.raw_data: ");
	}
}

/* ---- files that are not evidence ---- */

static void refused(const char *text, const char *why)
{
	struct evidence *ev;
	struct err e;

	assert_int_equal(evidence_read(&ev, text, strlen(text), mem, &e), ERR_REJECT);
	if (strncmp(e.msg, why, strlen(why)))
		fail_msg("\"%s\" should begin with \"%s\"", e.msg, why);
}

/* The good file with one piece of its text replaced. */
static void refused_with(const char *good, const char *old, const char *new, const char *why)
{
	const char *at = strstr(good, old);

	assert_non_null(at);
	refused(arena_printf(mem, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old)), why);
}

static void bad_files(void **state)
{
	struct evidence ev = golden_transfer();
	struct buf b;
	char *good;

	(void)state;
	event_of(&ev);
	buf_init(&b, EVIDENCE_FILE_MAX);
	evidence_write(&b, &ev);
	good = arena_strdup(mem, b.p);
	buf_free(&b);
	refused("", "");
	refused("[]", "file: must be an object");
	refused("{}", "format: is missing");
	refused_with(good, "bttc-evidence/1", "bttc-evidence/9", "format: is not");
	refused_with(good, "\"tx_index\":", "\"tx_index\":-1", "claim.tx_index: must be an integer");
	refused_with(good, "\"log_index\":", "\"log_index\":99999999999", "claim.log_index: must be");
	refused_with(good, "\"chain_id\":31337", "\"chain_id\":\"31337\"", "claim.chain_id: must be");
	refused_with(good, "\"kind\":\"ethereum\"", "\"kind\":\"solana\"", "claim.kind: must be");
	refused_with(good, "\"kind\":\"ethereum\"", "\"kind\":\"tron\"", "header: is no member");
	refused_with(good, "\"topics\":[", "\"topics\":[\"0x12\",", "claim.topics[0]: must be 0x");
	refused_with(good, "\"data\":\"0x", "\"data\":\"0x1", "claim.data: must be 0x and an even");
	refused_with(good, "\"data\":\"0x", "\"data\":\"0xzz", "claim.data: has a character");
	refused_with(good, "\"claim\":{", "\"claim\":{\"extra\":1,", "claim.extra: is no member");
	refused_with(good, "\"claim\":{", "\"claim\":{\"chain\":\"x\",", "claim.chain: is there twice");
	refused_with(good, "\"type\":\"uint256\"", "\"type\":\"uint7\"",
		"claim.event.inputs[2].type: is no ABI type");
	refused_with(good, "\"indexed\":false", "\"indexed\":3", "claim.event.inputs[2].indexed: must");
	refused_with(good, "\"receipt_proof\":[", "\"receipt_proof\":[7,", "receipt_proof[0]: must be 0x");
	refused_with(good, "\"checkpoint\":null", "\"checkpoint\":{}", "checkpoint: only blocks of BTTC");
	refused_with(good, "\"checkpoint\":null", "\"checkpoint\":null,\"tron\":{}", "tron: is no member");
	for (size_t n = 0; n < strlen(good); n += 97) { /* truncated anywhere */
		struct evidence *out;
		struct err e;

		if (!evidence_read(&out, good, n, mem, &e))
			fail_msg("cut at %zu of %zu and read", n, strlen(good));
		assert_true(e.msg[0]);
	}
}

/* ---- receipts read back ---- */

static void receipts_round_trip(void **state)
{
	struct recording *r = recording_open("golden");
	struct rec_block b;
	struct tries t;
	size_t n = 0;

	(void)state;
	while (recording_next(r, mem, &b)) {
		values_of(&b, &t);
		for (size_t i = 0; i < t.n; i++, n++) {
			struct receipt back;
			struct err e;
			struct buf again;

			assert_int_equal(receipt_decode(&back, t.receipts[i], mem, &e), ERR_NONE);
			assert_int_equal(back.log_count, b.receipts[i].log_count);
			buf_init(&again, 1 << 24);
			receipt_encode(&again, &back);
			assert_int_equal(again.n, t.receipts[i].n);
			assert_memory_equal(again.p, t.receipts[i].p, again.n);
			buf_free(&again);
			for (size_t cut = 0; cut < t.receipts[i].n; cut += 31)
				assert_int_equal(receipt_decode(&back,
					(struct bytes){t.receipts[i].p, cut}, mem, &e), ERR_REJECT);
		}
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(n, 2532);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_logs),
		cmocka_unit_test(world_logs),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(odd_proofs),
		cmocka_unit_test(event_and_args),
		cmocka_unit_test(checkpoint_chain),
		cmocka_unit_test(wrong_root),
		cmocka_unit_test(tron_headers),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(receipts_round_trip),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
