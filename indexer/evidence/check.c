/*
 * What a file proves. Each step takes only what the step before has proven: the block hash gives
 * the header, the header the two roots, a root the receipt, the receipt the log. What no hash
 * commits to is said to be stated only.
 */
#include "evidence/evidence.h"

#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/receipt.h"
#include "chain/recover.h"
#include "chain/trie.h"
#include "tron_header.pb-c.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32) of RootChain. */
static const char NEW_HEADER_BLOCK[] =
	"NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)";

struct check {
	const struct evidence_trust *trust;
	struct arena *mem;
	struct evidence_report *out;
};

const char *evidence_verdict_name(enum evidence_verdict v)
{
	static const char *const names[] = {"proven", "stated", "FAILED"};

	return names[v];
}

static bool PRINTF(3, 4) say(struct check *c, enum evidence_verdict v, const char *fmt, ...)
{
	struct evidence_report *r = c->out;
	va_list ap;

	r->failed = r->failed || v == EVIDENCE_FAILED;
	if (r->n < EVIDENCE_LINES_MAX) {
		r->lines[r->n].verdict = v;
		va_start(ap, fmt);
		vsnprintf(r->lines[r->n].text, sizeof(r->lines[r->n].text), fmt, ap);
		va_end(ap);
		r->n++;
	}
	return v != EVIDENCE_FAILED;
}

struct hex {
	char s[67];
};

static struct hex hash_text(const struct hash32 *h)
{
	struct hex out = {"0x"};

	for (size_t i = 0; i < 32; i++)
		snprintf(out.s + 2 + 2 * i, 3, "%02x", h->b[i]);
	return out;
}

static struct hex address_text(const struct address *a)
{
	struct hex out = {"0x"};

	for (size_t i = 0; i < 20; i++)
		snprintf(out.s + 2 + 2 * i, 3, "%02x", a->b[i]);
	return out;
}

static bool holds(const struct hash32 *list, size_t n, const struct hash32 *h)
{
	for (size_t i = 0; i < n; i++)
		if (hash_eq(&list[i], h))
			return true;
	return false;
}

/* ---- chains whose headers commit to receipts ---- */

static bool check_header(struct check *c, const struct evidence *ev, struct header *h)
{
	struct header_check hc;
	struct err e;

	if (header_decode(h, ev->header, c->mem, &e))
		return say(c, EVIDENCE_FAILED, "header: %s", e.msg);
	if (!hash_eq(&h->hash, &ev->block.hash))
		return say(c, EVIDENCE_FAILED, "header: hashes to %s, claim.block_hash is another",
			hash_text(&h->hash).s);
	if (h->number != ev->block.number)
		return say(c, EVIDENCE_FAILED, "claim.block: the header is of block %" PRIu64, h->number);
	if (h->time != ev->time)
		return say(c, EVIDENCE_FAILED, "claim.time: the header's time is %" PRIu64, h->time);
	if (verify_header(ev->kind, h->number, h, &hc, &e))
		return say(c, EVIDENCE_FAILED, "header: %s", e.msg);
	say(c, EVIDENCE_PROVEN,
		"block %" PRIu64 " of chain %s: the header, its time and its roots hash to %s",
		h->number, ev->chain, hash_text(&h->hash).s);
	if (ev->kind == HEADER_BTTC && hc.has_author)
		say(c, EVIDENCE_PROVEN, "block sealed by %s", address_text(&hc.author).s);
	return true;
}

static bool check_log(struct check *c, const struct evidence *ev, const struct receipt *r)
{
	const struct log *want = &ev->log, *got;

	if (r->has_status && !r->status)
		return say(c, EVIDENCE_FAILED, "receipt: the transaction was reverted");
	if (ev->log_position >= r->log_count)
		return say(c, EVIDENCE_FAILED, "claim.log_position: the receipt has only %zu logs",
			r->log_count);
	got = &r->logs[ev->log_position];
	if (!address_eq(&got->address, &want->address))
		return say(c, EVIDENCE_FAILED, "claim.address: the log is of %s",
			address_text(&got->address).s);
	if (got->topic_count != want->topic_count)
		return say(c, EVIDENCE_FAILED, "claim.topics: the log has %u", got->topic_count);
	for (unsigned i = 0; i < got->topic_count; i++)
		if (!hash_eq(&got->topics[i], &want->topics[i]))
			return say(c, EVIDENCE_FAILED, "claim.topics[%u]: the log has %s", i,
				hash_text(&got->topics[i]).s);
	if (got->data.n != want->data.n || memcmp(got->data.p, want->data.p, got->data.n))
		return say(c, EVIDENCE_FAILED, "claim.data: the log has other data");
	return say(c, EVIDENCE_PROVEN,
		"log %u of transaction %u: address, topics and data are under receiptsRoot",
		ev->log_position, want->tx_index);
}

static bool check_receipt(struct check *c, const struct evidence *ev, const struct header *h)
{
	struct receipt r;
	struct bytes value;
	struct err e;

	if (trie_verify(&h->receipts_root, ev->log.tx_index, ev->receipt.nodes, ev->receipt.n, &value,
		&e))
		return say(c, EVIDENCE_FAILED, "receipt_proof: %s", e.msg);
	if (receipt_decode(&r, value, c->mem, &e))
		return say(c, EVIDENCE_FAILED, "receipt_proof: %s", e.msg);
	return check_log(c, ev, &r);
}

static bool check_tx(struct check *c, const struct evidence *ev, const struct header *h)
{
	struct hash32 hash;
	struct bytes value;
	struct err e;

	if (!ev->tx.n)
		return say(c, EVIDENCE_STATED, "transaction hash: no transaction_proof in the file");
	if (trie_verify(&h->tx_root, ev->log.tx_index, ev->tx.nodes, ev->tx.n, &value, &e))
		return say(c, EVIDENCE_FAILED, "transaction_proof: %s", e.msg);
	keccak256(&hash, value.p, value.n);
	if (!hash_eq(&hash, &ev->log.tx_hash))
		return say(c, EVIDENCE_FAILED, "claim.tx: the transaction at index %u is %s",
			ev->log.tx_index, hash_text(&hash).s);
	return say(c, EVIDENCE_PROVEN, "transaction %s is at index %u under transactionsRoot",
		hash_text(&hash).s, ev->log.tx_index);
}

/* ---- what the log means ---- */

static bool same_args(const struct evidence *ev, const struct abi_value *values)
{
	struct buf b;
	struct jw w;
	bool same;

	buf_init(&b, EVIDENCE_FILE_MAX);
	jw_init(&w, &b);
	jw_obj(&w);
	for (size_t i = 0; i < ev->event.param_count; i++) {
		char unnamed[32];

		snprintf(unnamed, sizeof(unnamed), "arg%zu", i);
		jw_key(&w, *ev->event.params[i].name ? ev->event.params[i].name : unnamed);
		abi_value_json(&w, &values[i]);
	}
	jw_obj_end(&w);
	same = !b.bad && b.n == ev->args.n && !memcmp(b.p, ev->args.p, b.n);
	buf_free(&b);
	return same;
}

static bool check_event(struct check *c, const struct evidence *ev)
{
	struct abi_value *values;
	struct err e;

	if (!ev->has_event)
		return say(c, EVIDENCE_STATED, "meaning of the log: no event in the file");
	if (!ev->log.topic_count || !hash_eq(&ev->log.topics[0], &ev->event.topic0))
		return say(c, EVIDENCE_FAILED, "claim.event: topic 0 is not the hash of %.200s",
			ev->event.signature);
	if (abi_decode_event(&ev->event, &ev->log, c->mem, &values, &e))
		return say(c, EVIDENCE_FAILED, "claim.event: %s", e.msg);
	if (!same_args(ev, values))
		return say(c, EVIDENCE_FAILED, "claim.args: differ from what topics and data say");
	say(c, EVIDENCE_PROVEN, "the log is %.200s, its arguments are as claimed", ev->event.signature);
	return say(c, EVIDENCE_STATED,
		"names of event and parameters: the contract's ABI (topic 0 commits to the types)");
}

/* ---- checkpoints ---- */

static uint64_t word_u64(const uint8_t *p)
{
	struct u256 v = u256_be(p);

	return u256_fits_u64(v) ? v.w[0] : UINT64_MAX;
}

/* Does the proven log on the root chain announce this checkpoint? */
static bool announces(const struct log *l, const struct evidence_checkpoint *cp)
{
	struct hash32 topic0;

	keccak256(&topic0, NEW_HEADER_BLOCK, sizeof(NEW_HEADER_BLOCK) - 1);
	return l->topic_count == 4 && l->data.n == 96 && hash_eq(&l->topics[0], &topic0) &&
		word_u64(l->topics[2].b) == cp->header_block_id && word_u64(l->data.p) == cp->start &&
		word_u64(l->data.p + 32) == cp->end && !memcmp(l->data.p + 64, cp->root.b, 32);
}

static size_t depth_of(uint64_t blocks)
{
	size_t n = 0;

	while (n < 64 && (uint64_t)1 << n < blocks)
		n++;
	return n;
}

static bool check_path(struct check *c, const struct evidence *ev, const struct header *h)
{
	const struct evidence_checkpoint *cp = &ev->checkpoint;
	struct hash32 leaf, root;

	if (cp->start > h->number || cp->end < h->number)
		return say(c, EVIDENCE_FAILED, "checkpoint: blocks %" PRIu64 " to %" PRIu64
			" do not cover block %" PRIu64, cp->start, cp->end, h->number);
	if (cp->path_n != depth_of(cp->end - cp->start + 1))
		return say(c, EVIDENCE_FAILED, "checkpoint.path: a tree over %" PRIu64
			" blocks has %zu levels, not %zu", cp->end - cp->start + 1,
			depth_of(cp->end - cp->start + 1), cp->path_n);
	checkpoint_leaf(&leaf, h);
	checkpoint_path_root(&root, &leaf, h->number - cp->start, cp->path, cp->path_n);
	if (!hash_eq(&root, &cp->root))
		return say(c, EVIDENCE_FAILED, "checkpoint.path: leads to %s, not to checkpoint.root",
			hash_text(&root).s);
	return say(c, EVIDENCE_PROVEN, "checkpoint %" PRIu64 ": number, time and roots of block %" PRIu64
		" are under root %s", cp->header_block_id, h->number, hash_text(&root).s);
}

static bool check_whole(struct check *c, const struct evidence *ev, bool inner);

static bool check_checkpoint(struct check *c, const struct evidence *ev, const struct header *h)
{
	const struct evidence_checkpoint *cp = &ev->checkpoint;

	if (!ev->has_checkpoint)
		return true;
	if (!check_path(c, ev, h))
		return false;
	if (holds(c->trust->roots, c->trust->root_count, &cp->root)) {
		c->out->anchored = true;
		say(c, EVIDENCE_PROVEN, "the checkpoint's root is one that you trust");
	}
	if (!cp->of)
		return say(c, EVIDENCE_STATED,
			"the root chain accepted that root: no evidence of it in the file");
	if (!check_whole(c, cp->of, true))
		return false;
	if (!announces(&cp->of->log, cp))
		return say(c, EVIDENCE_FAILED,
			"checkpoint.evidence: its log is not NewHeaderBlock of this range and root");
	if (cp->of->kind == HEADER_TRON)
		return say(c, EVIDENCE_STATED, "the root was logged in block %" PRIu64 " of chain %s",
			cp->of->block.number, cp->of->chain);
	return say(c, EVIDENCE_PROVEN, "the root was logged in block %" PRIu64 " of chain %s by %s",
		cp->of->block.number, cp->of->chain, address_text(&cp->of->log.address).s);
}

/* ---- TRON: a header commits to no log ---- */

/* Block id and witness signature over the signed part of the header. */
static bool check_tron_header(struct check *c, const struct evidence *ev,
	const Bttc__Tron__HeaderRaw *raw)
{
	const uint8_t *sig = ev->witness_signature.p;
	unsigned v = sig[64] >= 27 ? sig[64] - 27u : sig[64];
	struct hash32 digest, id;
	struct address signer;

	sha256(&digest, ev->header.p, ev->header.n);
	id = digest;
	for (int i = 0; i < 8; i++)
		id.b[i] = (uint8_t)((uint64_t)raw->number >> 8 * (7 - i));
	if (!hash_eq(&id, &ev->block.hash))
		return say(c, EVIDENCE_FAILED,
			"tron.raw_data: gives block id %s, claim.block_hash is another",
			hash_text(&id).s);
	if ((uint64_t)raw->number != ev->block.number)
		return say(c, EVIDENCE_FAILED, "claim.block: the header is of block %" PRId64,
			(int64_t)raw->number);
	if ((uint64_t)raw->timestamp / 1000 != ev->time)
		return say(c, EVIDENCE_FAILED, "claim.time: the header's time is %" PRId64 " ms",
			(int64_t)raw->timestamp);
	say(c, EVIDENCE_PROVEN, "block %" PRIu64 " of chain %s: the header hashes to its id",
		ev->block.number, ev->chain);
	if (v > 1 || !recover_address(&signer, &digest, sig, v))
		return say(c, EVIDENCE_FAILED, "tron.witness_signature: recovers to nothing");
	if (raw->witness_address.len != 21 || memcmp(raw->witness_address.data + 1, signer.b, 20))
		return say(c, EVIDENCE_STATED, "block signed by %s, which is not the witness address (a "
			"witness may sign with a permission key)", address_text(&signer).s);
	return say(c, EVIDENCE_PROVEN, "block signed by its witness %s", address_text(&signer).s);
}

static bool check_tron(struct check *c, const struct evidence *ev)
{
	Bttc__Tron__HeaderRaw *raw;
	bool ok;

	if (ev->header.n) {
		raw = bttc__tron__header_raw__unpack(NULL, ev->header.n, ev->header.p);
		if (!raw)
			return say(c, EVIDENCE_FAILED, "tron.raw_data: is no block header");
		ok = check_tron_header(c, ev, raw);
		bttc__tron__header_raw__free_unpacked(raw, NULL);
		if (!ok)
			return false;
	} else {
		say(c, EVIDENCE_STATED, "block header: not in the file");
	}
	for (size_t i = 0; i < ev->endpoint_count; i++)
		say(c, EVIDENCE_STATED, "endpoint %.100s says the same of what is kept, digest %s",
			ev->endpoints[i].name, hash_text(&ev->endpoints[i].digest).s);
	return say(c, EVIDENCE_STATED, "log %u of block %" PRIu64 ": not provable, a TRON header commits "
		"to no log", ev->log.log_index, ev->block.number) && check_event(c, ev);
}

/* ---- */

static bool check_provable(struct check *c, const struct evidence *ev)
{
	struct header h;

	if (!check_header(c, ev, &h) || !check_receipt(c, ev, &h) || !check_tx(c, ev, &h) ||
		!check_event(c, ev))
		return false;
	say(c, EVIDENCE_STATED, "log_index %u: counts the logs of all receipts before, which are not in "
		"the file", ev->log.log_index);
	return check_checkpoint(c, ev, &h);
}

static bool check_whole(struct check *c, const struct evidence *ev, bool inner)
{
	bool ok = ev->kind == HEADER_TRON ? check_tron(c, ev) : check_provable(c, ev);

	if (ok && holds(c->trust->blocks, c->trust->block_count, &ev->block.hash)) {
		c->out->anchored = true;
		say(c, EVIDENCE_PROVEN, "block %s is one that you trust", hash_text(&ev->block.hash).s);
	} else if (ok && !inner && !c->out->anchored) {
		say(c, EVIDENCE_STATED, "block %s is canonical: compare it with a source that you trust",
			hash_text(&ev->block.hash).s);
	}
	return ok;
}

void evidence_check(const struct evidence *ev, const struct evidence_trust *trust,
	struct arena *mem, struct evidence_report *out)
{
	struct check c = {.trust = trust, .mem = mem, .out = out};

	*out = (struct evidence_report){0};
	(void)check_whole(&c, ev, false);
}
