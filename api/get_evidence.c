/*
 * /v1/evidence/{chain}/{tx}/{log_index}: the file that `bttc-indexer verify` checks offline
 * (schema/evidence). The stored nodes of the block's tries hold the proof of each kept log; for a BTTC
 * block the checkpoint that covers it is looked for, and the evidence of the root chain's log of it.
 *
 * Questions, one after the other: the log; a covering checkpoint; the leaves of its range; its log on
 * the root chain.
 */
#include "api/event_args.h"
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/hex.h"
#include "base/version.h"
#include "chain/header.h"
#include "chain/receipt.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "evidence/evidence.h"
#include "ledger/ledger.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 4096 /* nodes of one block's proof */

enum {
	TX_INDEX = LIST_OWN,
	STATE_SYNC,
	ADDRESS,
	CONTRACT,
	EVENT,
	TOPICS,
	DATA,
	HEADER,
	PROOF,
	SAME_BEFORE,
	AGREED_BY,
	AGREED_DIGEST
};

struct evidence_call {
	const struct chain_conf *chain, *root_chain;
	struct evidence ev, of;
	struct hash32 root_tx; /* of the checkpoint on the root chain */
	int64_t root_log_index;
	struct freshness fresh;
	char revision[64];
};

static const char ONE_SQL[] =
	"WITH " SQL_RESETS
	" SELECT 1::int8, b.indexed, b.indexed_hash, b.safe, b.final, r.resets, true,"
	" b.indexed, x.block, x.log_index, k.hash, extract(epoch FROM k.time)::int8, k.level, x.tx,"
	" false, x.tx_index, x.state_sync, x.address, x.contract, x.event, x.topics, x.data, e.header, e.proof,"
	" (SELECT count(*) FROM chain.log y WHERE y.chain_id = x.chain_id AND y.block = x.block"
	" AND y.tx_index = x.tx_index AND y.log_index < x.log_index AND y.address = x.address"
	" AND y.topics = x.topics AND y.data = x.data)::int8, k.agreed_by, k.agreed_digest"
	" FROM r LEFT JOIN chain.head b ON b.chain_id = $1::int8"
	" LEFT JOIN chain.evidence_tx t ON t.chain_id = b.chain_id AND t.tx_head = chain.tx_head($2::bytea)"
	" AND t.block <= b.indexed"
	" LEFT JOIN chain.log x ON x.chain_id = t.chain_id AND x.block = t.block"
	" AND x.log_index = $3::int4 AND x.tx = $2::bytea"
	" LEFT JOIN chain.block k ON k.chain_id = x.chain_id AND k.number = x.block"
	" LEFT JOIN chain.evidence e ON e.chain_id = x.chain_id AND e.block = x.block";

/* The main checkpoint first, then mirrors; of several the newest. Final ones only. */
static const char COVER_SQL[] =
	"SELECT c.chain_id, c.tx, c.log_index::int8, c.header_block_id, c.start_block, c.end_block, c.root"
	" FROM staking.checkpoint c JOIN chain.head h ON h.chain_id = c.chain_id AND c.block <= h.final"
	" WHERE c.kind IN (1, 3) AND c.start_block <= $1::int8 AND c.end_block >= $1::int8"
	" AND c.root IS NOT NULL AND c.header_block_id IS NOT NULL"
	" AND c.end_block <= $1::int8 + 65535"
	" ORDER BY c.kind, c.block DESC, c.log_index DESC LIMIT 1";

static const char LEAVES_SQL[] =
	"SELECT number, extract(epoch FROM time)::int8, tx_root, receipts_root FROM chain.block"
	" WHERE chain_id = $1::int8 AND number BETWEEN $2::int8 AND $3::int8 ORDER BY number";

static enum header_kind kind_of(const struct chain_conf *chain)
{
	return chain->kind == CHAIN_TRON ? HEADER_TRON
	     : chain->kind == CHAIN_BTTC ? HEADER_BTTC
					 : HEADER_ETHEREUM;
}

/* ---- a row of ONE_SQL to struct evidence ---- */

static void load_log(struct evidence *ev, const struct list_row *row, struct arena *mem)
{
	struct bytes topics = pgres_bytes(row->res, row->at, TOPICS);
	struct bytes data = pgres_bytes(row->res, row->at, DATA);
	struct bytes address = pgres_bytes(row->res, row->at, ADDRESS);
	struct bytes tx = pgres_bytes(row->res, row->at, LIST_TX);
	struct log *l = &ev->log;

	for (size_t i = 0; i < LOG_TOPICS_MAX && (i + 1) * 32 <= topics.n; i++, l->topic_count++)
		memcpy(l->topics[i].b, topics.p + i * 32, 32);
	memcpy(l->address.b, address.p, sizeof(l->address.b));
	memcpy(l->tx_hash.b, tx.p, sizeof(l->tx_hash.b));
	l->data = arena_bytes(mem, data.p, data.n);
	l->tx_index = (uint32_t)pgres_i64(row->res, row->at, TX_INDEX);
	l->log_index = (uint32_t)pgres_i64(row->res, row->at, LIST_LOG_INDEX);
}

static void load_event(struct evidence *ev, const struct list_row *row, struct arena *mem)
{
	const struct abi_event *found = NULL;
	struct abi_value *values;
	struct buf args;
	struct err e;
	struct jw w;

	if (ev->log.topic_count && !pgres_null(row->res, row->at, EVENT))
		found = event_of_log(row->chain, pgres_bytes(row->res, row->at, CONTRACT), &ev->log);
	if (!found || abi_decode_event(found, &ev->log, mem, &values, &e))
		return;
	ev->event = *found;
	ev->has_event = true;
	buf_init(&args, EVIDENCE_FILE_MAX);
	jw_init(&w, &args);
	event_args_json(&w, found, values, false);
	ev->args = arena_bytes(mem, args.p, args.n);
	buf_free(&args);
}

/* Which log of the receipt it is: after as many equal ones as stand before it in the block. */
static bool find_position(struct evidence *ev, const struct receipt *r, int64_t same_before)
{
	const struct log *want = &ev->log;

	for (size_t i = 0; i < r->log_count; i++) {
		const struct log *l = &r->logs[i];

		if (!address_eq(&l->address, &want->address) || l->topic_count != want->topic_count ||
			memcmp(l->topics, want->topics, l->topic_count * sizeof(l->topics[0])) ||
			l->data.n != want->data.n ||
			(l->data.n && memcmp(l->data.p, want->data.p, l->data.n)))
			continue;
		ev->log_position = (uint32_t)i;
		if (!same_before--)
			return true;
	}
	return false;
}

static size_t read_heap(struct bytes in, struct bytes heap[NODES_MAX])
{
	struct rlp_item it;
	size_t n = 0;

	while (in.n && n < NODES_MAX && rlp_next(&in, &it))
		heap[n++] = it.payload;
	return n;
}

/* The proofs out of the block's nodes. False: there are none, or not of this log. */
static bool load_proofs(struct evidence *ev, const struct list_row *row, struct arena *mem)
{
	struct bytes proof = pgres_bytes(row->res, row->at, PROOF);
	struct bytes rlp = pgres_bytes(row->res, row->at, HEADER);
	struct bytes *heap = arena_calloc(mem, NODES_MAX, sizeof(*heap)), value;
	struct receipt r;
	struct header h;
	struct err e;
	size_t n;

	if (pgres_null(row->res, row->at, PROOF) || pgres_bool(row->res, row->at, STATE_SYNC))
		return false;
	ev->header = arena_bytes(mem, rlp.p, rlp.n);
	n = read_heap(arena_bytes(mem, proof.p, proof.n), heap);
	return !header_decode(&h, ev->header, mem, &e) &&
	       !trie_pick(&h.receipts_root, ev->log.tx_index, heap, n, mem, &ev->receipt.nodes,
		       &ev->receipt.n, &e) &&
	       !trie_pick(&h.tx_root, ev->log.tx_index, heap, n, mem, &ev->tx.nodes, &ev->tx.n, &e) &&
	       !trie_verify(&h.receipts_root, ev->log.tx_index, ev->receipt.nodes, ev->receipt.n, &value,
		       &e) &&
	       !receipt_decode(&r, value, mem, &e) &&
	       find_position(ev, &r, pgres_i64(row->res, row->at, SAME_BEFORE));
}

/* TRON: who said the same of the block; names of host and port stand with ", " between them. */
static void load_witnesses(struct evidence *ev, const struct list_row *row, struct arena *mem)
{
	struct bytes names = pgres_bytes(row->res, row->at, AGREED_BY);
	struct bytes digest = pgres_bytes(row->res, row->at, AGREED_DIGEST);
	const char *at = (const char *)names.p;
	size_t left = names.n;

	if (!names.n || digest.n != 32)
		return;
	ev->endpoints = arena_calloc(mem, names.n, sizeof(*ev->endpoints));
	while (left) {
		const char *comma = memchr(at, ',', left);
		size_t n = comma ? (size_t)(comma - at) : left, step = comma ? n + 1 : n;
		struct evidence_endpoint *x = &ev->endpoints[ev->endpoint_count++];

		x->name = arena_printf(mem, "%.*s", (int)n, at);
		memcpy(x->digest.b, digest.p, 32);
		at += step;
		left -= step;
		for (; left && *at == ' '; at++)
			left--;
	}
}

static bool load_evidence(struct evidence *ev, const struct call *c, const struct list_row *row)
{
	const struct network *net = c->api->net;
	struct bytes hash = pgres_bytes(row->res, row->at, LIST_HASH);

	*ev = (struct evidence){.chain = row->chain->key, .chain_id = row->chain->chain_id,
		.kind = kind_of(row->chain)};
	ev->origin = (struct evidence_origin){.version = BTTC_VERSION, .network = net->name,
		.network_sha256 = net->digest, .rule_set = arena_printf(c->mem, "%d", API_RULES),
		.git_revision = version_git(), .ledger_rules = arena_printf(c->mem, "%d", LEDGER_RULES)};
	ev->block.number = (uint64_t)pgres_i64(row->res, row->at, LIST_BLOCK);
	if (row->chain->role == ROLE_STAKING) {
		const struct rule_set *set = network_rules_at(row->chain, ev->block.number);

		ev->origin.staking_rules = staking_rules_name(set ? set->rules : RULES_STAKE_2022_03);
	}
	memcpy(ev->block.hash.b, hash.p, sizeof(ev->block.hash.b));
	ev->time = (uint64_t)pgres_i64(row->res, row->at, LIST_TIME);
	load_log(ev, row, c->mem);
	load_event(ev, row, c->mem);
	load_witnesses(ev, row, c->mem);
	return ev->kind == HEADER_TRON || load_proofs(ev, row, c->mem);
}

/* ---- the answer ---- */

static void answer(struct call *c)
{
	struct evidence_call *x = c->state;

	buf_clear(&c->api->body);
	evidence_write(&c->api->body, &x->ev);
	respond_json(c, 200, &x->fresh);
}

static void ask_one(struct call *c, const struct chain_conf *chain, const struct hash32 *tx,
	int64_t log_index, pg_done *done)
{
	const char *values[3] = {arena_printf(c->mem, "%llu", (unsigned long long)chain->chain_id),
		list_bytea(c->mem, tx->b, sizeof(tx->b)),
		arena_printf(c->mem, "%lld", (long long)log_index)};

	call_ask(c, false, ONE_SQL, 3, values, done);
}

/* ---- BTTC: the checkpoint ---- */

static void on_root_log(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct evidence_call *x = c->state;
	struct list_row row = {c->api, res, 0, x->root_chain, LIST_LOG_INDEX};

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	if (!pgres_null(res, 0, LIST_BLOCK) && load_evidence(&x->of, c, &row))
		x->ev.checkpoint.of = &x->of;
	answer(c);
}

static void on_leaves(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct evidence_call *x = c->state;
	struct evidence_checkpoint *cp = &x->ev.checkpoint;
	size_t n, at = (size_t)(x->ev.block.number - cp->start);
	struct hash32 *leaves, root;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	n = (size_t)pgres_rows(res);
	leaves = arena_calloc(c->mem, n + 1, sizeof(*leaves));
	for (size_t i = 0; i < n; i++) {
		struct header h = {.number = (uint64_t)pgres_i64(res, (int)i, 0),
			.time = (uint64_t)pgres_i64(res, (int)i, 1)};

		memcpy(h.tx_root.b, pgres_bytes(res, (int)i, 2).p, 32);
		memcpy(h.receipts_root.b, pgres_bytes(res, (int)i, 3).p, 32);
		checkpoint_leaf(&leaves[i], &h);
	}
	if (n == cp->end - cp->start + 1)
		cp->path_n = checkpoint_path(cp->path, leaves, n, at, c->mem);
	else
		cp->path_n = SIZE_MAX;
	if (cp->path_n != SIZE_MAX)
		checkpoint_path_root(&root, &leaves[at], at, cp->path, cp->path_n);
	if (cp->path_n == SIZE_MAX || !hash_eq(&root, &cp->root)) {
		answer(c); /* blocks are missing here, or the checkpoint's root is wrong: nothing to prove */
		return;
	}
	x->ev.has_checkpoint = true;
	ask_one(c, x->root_chain, &x->root_tx, x->root_log_index, on_root_log);
}

static void on_cover(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct evidence_call *x = c->state;
	struct evidence_checkpoint *cp = &x->ev.checkpoint;
	const char *values[3];

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	for (size_t i = 0; pgres_rows(res) && i < c->api->net->chain_count; i++)
		if ((int64_t)c->api->net->chains[i].chain_id == pgres_i64(res, 0, 0))
			x->root_chain = &c->api->net->chains[i];
	if (!x->root_chain) {
		answer(c);
		return;
	}
	memcpy(x->root_tx.b, pgres_bytes(res, 0, 1).p, 32);
	x->root_log_index = pgres_i64(res, 0, 2);
	cp->header_block_id = (uint64_t)pgres_i64(res, 0, 3);
	cp->start = (uint64_t)pgres_i64(res, 0, 4);
	cp->end = (uint64_t)pgres_i64(res, 0, 5);
	memcpy(cp->root.b, pgres_bytes(res, 0, 6).p, 32);
	values[0] = arena_printf(c->mem, "%llu", (unsigned long long)x->chain->chain_id);
	values[1] = arena_printf(c->mem, "%llu", (unsigned long long)cp->start);
	values[2] = arena_printf(c->mem, "%llu", (unsigned long long)cp->end);
	call_ask(c, true, LEAVES_SQL, 3, values, on_leaves);
}

/* ---- the log ---- */

static void on_log(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct evidence_call *x = c->state;
	struct list_row row = {c->api, res, 0, x->chain, LIST_LOG_INDEX};
	const char *values[1];

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	if (pgres_null(res, 0, LIST_BLOCK)) {
		respond_problem(c, 404, NULL,
			"no such log among the indexed blocks, or its block was not verified to receipts");
		return;
	}
	if (!load_evidence(&x->ev, c, &row)) {
		respond_problem(c, 404, NULL, pgres_bool(res, 0, STATE_SYNC)
			? "a log of a state-sync transaction can not be proven: no header commits to it"
			: "no proof is stored for this log");
		return;
	}
	list_revision(x->revision, c->api, pgres_i64(res, 0, LIST_RESETS));
	/* A checkpoint may come to cover a BTTC block, or be voided, so its file is never settled. */
	list_row_freshness(c, &row, x->chain->kind != CHAIN_BTTC, x->revision, &x->fresh);
	if (x->chain->kind != CHAIN_BTTC) {
		if (!respond_cached(c, &x->fresh))
			answer(c);
		return;
	}
	values[0] = arena_printf(c->mem, "%llu", (unsigned long long)x->ev.block.number);
	call_ask(c, false, COVER_SQL, 1, values, on_cover);
}

void get_evidence(struct call *c)
{
	const struct text *a = c->args;
	const struct chain_conf *chain = network_chain(c->api->net, a[0].p);
	struct evidence_call *x = arena_calloc(c->mem, 1, sizeof(*x));
	struct hash32 tx;
	int64_t log_index;

	if (!chain || strlen(a[0].p) != a[0].n) {
		respond_problem(c, 404, NULL, "no such chain in this network");
	} else if (!hex_fixed(tx.b, sizeof(tx.b), a[1].p, a[1].n)) {
		respond_problem(c, 400, "tx", "must be a transaction hash: 0x and 64 hex digits");
	} else if (!query_int(&log_index, a[2]) || log_index < 0 || log_index > INT32_MAX) {
		respond_problem(c, 400, "log_index", "must be an integer");
	} else {
		c->state = x;
		x->chain = chain;
		ask_one(c, chain, &tx, log_index, on_log);
	}
}
