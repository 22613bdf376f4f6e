/*
 * Records: what is encoded comes back, byte for byte as protobuf-c packs the same message; and
 * every way to break a record gives ERR_REJECT with the name of the field.
 */
#include "stream/record.h"

#include "unit/stream/steps.h"

#include "block.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHAIN  1029
#define ROUNDS 3000

static const uint8_t stream_id[16] = "0123456789abcdef";
static const struct block_id genesis = {41, {{7}}};

/* -------- the same message made with protobuf-c: the independent side -------- */

static ProtobufCBinaryData pb_bytes(const void *p, size_t n)
{
	return (ProtobufCBinaryData){n, (uint8_t *)p};
}

static ProtobufCBinaryData pb_hash(const struct hash32 *h)
{
	return pb_bytes(h->b, 32);
}

static ProtobufCBinaryData pb_u256(struct arena *mem, struct u256 v)
{
	uint8_t be[32];
	size_t skip = 0;

	u256_to_be(be, v);
	while (skip < 32 && !be[skip])
		skip++;
	return pb_bytes(arena_dup(mem, be + skip, 32 - skip), 32 - skip);
}

static Bttc__V1__Header *pb_header(struct arena *mem, const struct header *h)
{
	static const uint8_t zero[256];
	Bttc__V1__Header *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__header__init(p);
	p->uncles = pb_hash(&h->uncles);
	p->miner = pb_bytes(h->miner.b, 20);
	p->state_root = pb_hash(&h->state_root);
	p->tx_root = pb_hash(&h->tx_root);
	p->receipts_root = pb_hash(&h->receipts_root);
	if (memcmp(h->bloom, zero, 256))
		p->bloom = pb_bytes(h->bloom, 256);
	p->difficulty = pb_u256(mem, h->difficulty);
	p->gas_limit = h->gas_limit;
	p->gas_used = h->gas_used;
	p->time = h->time;
	p->extra = pb_bytes(h->extra.p, h->extra.n);
	p->mix_hash = pb_hash(&h->mix_hash);
	p->nonce = pb_bytes(h->nonce, 8);
	p->has = h->has;
	p->base_fee = pb_u256(mem, h->base_fee);
	if (h->has & HEADER_WITHDRAWALS)
		p->withdrawals_root = pb_hash(&h->withdrawals_root);
	p->blob_gas_used = h->blob_gas_used;
	p->excess_blob_gas = h->excess_blob_gas;
	if (h->has & HEADER_BEACON_ROOT)
		p->beacon_root = pb_hash(&h->beacon_root);
	if (h->has & HEADER_REQUESTS)
		p->requests_hash = pb_hash(&h->requests_hash);
	return p;
}

static Bttc__V1__Log *pb_log(struct arena *mem, const struct log *l)
{
	Bttc__V1__Log *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__log__init(p);
	p->address = pb_bytes(l->address.b, 20);
	p->topics = pb_bytes(l->topics, 32u * l->topic_count);
	p->data = pb_bytes(l->data.p, l->data.n);
	p->tx_hash = pb_hash(&l->tx_hash);
	p->tx_index = l->tx_index;
	p->log_index = l->log_index;
	p->state_sync = l->state_sync;
	return p;
}

static Bttc__V1__Transaction *pb_tx(struct arena *mem, const struct tx *t)
{
	Bttc__V1__Transaction *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__transaction__init(p);
	p->hash = pb_hash(&t->hash);
	p->index = t->index;
	p->from = pb_bytes(t->from.b, 20);
	if (!t->creates)
		p->to = pb_bytes(t->to.b, 20);
	p->value = pb_u256(mem, t->value);
	p->input = pb_bytes(t->input.p, t->input.n);
	p->type = t->type;
	if (t->status >= 0)
		p->maybe_succeeded_case = BTTC__V1__TRANSACTION__MAYBE_SUCCEEDED_SUCCEEDED;
	p->succeeded = t->status == 1;
	p->state_sync = t->state_sync;
	return p;
}

static Bttc__V1__Discovery *pb_discovery(struct arena *mem, const struct discovery *d)
{
	Bttc__V1__Discovery *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__discovery__init(p);
	p->address = pb_bytes(d->address.b, 20);
	p->contract = (char *)d->contract;
	p->rule = (char *)d->rule;
	p->log_index = d->log_index;
	if (d->has_validator)
		p->maybe_validator_id_case = BTTC__V1__DISCOVERY__MAYBE_VALIDATOR_ID_VALIDATOR_ID;
	p->validator_id = d->validator_id;
	return p;
}

static Bttc__V1__Block *pb_block(struct arena *mem, const struct block *b)
{
	Bttc__V1__Block *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__block__init(p);
	p->level = (uint32_t)b->level;
	p->header = pb_header(mem, &b->h);
	if (b->has_author)
		p->author = pb_bytes(b->author.b, 20);
	p->n_logs = b->log_count;
	p->logs = arena_alloc(mem, b->log_count * sizeof(*p->logs));
	for (size_t i = 0; i < b->log_count; i++)
		p->logs[i] = pb_log(mem, &b->logs[i]);
	p->n_txs = b->tx_count;
	p->txs = arena_alloc(mem, b->tx_count * sizeof(*p->txs));
	for (size_t i = 0; i < b->tx_count; i++)
		p->txs[i] = pb_tx(mem, &b->txs[i]);
	p->n_found = b->found_count;
	p->found = arena_alloc(mem, b->found_count * sizeof(*p->found));
	for (size_t i = 0; i < b->found_count; i++)
		p->found[i] = pb_discovery(mem, &b->found[i]);
	if (b->tx_total_known)
		p->maybe_tx_total_case = BTTC__V1__BLOCK__MAYBE_TX_TOTAL_TX_TOTAL;
	p->tx_total = b->tx_total;
	if (b->fees_known)
		p->maybe_fee_count_case = BTTC__V1__BLOCK__MAYBE_FEE_COUNT_FEE_COUNT;
	p->fee_count = b->fee_count;
	p->fee_sum = pb_u256(mem, b->fee_sum);
	p->proof = pb_bytes(b->proof.p, b->proof.n);
	return p;
}

static Bttc__V1__Step *pb_step(struct arena *mem, const struct step *s)
{
	Bttc__V1__Step *p = arena_alloc(mem, sizeof(*p));

	bttc__v1__step__init(p);
	p->version = 1;
	p->kind = (Bttc__V1__Step__Kind)s->kind;
	p->stream_id = pb_bytes(stream_id, 16);
	p->chain_id = CHAIN;
	if (s->kind == STEP_HEIGHTS) {
		p->heights = arena_alloc(mem, sizeof(*p->heights));
		bttc__v1__heights__init(p->heights);
		p->heights->head = s->head;
		if (s->has_safe)
			p->heights->maybe_safe_case = BTTC__V1__HEIGHTS__MAYBE_SAFE_SAFE;
		p->heights->safe = s->safe;
		if (s->has_final)
			p->heights->maybe_final_case = BTTC__V1__HEIGHTS__MAYBE_FINAL_FINAL;
		p->heights->final = s->final;
		p->heights->head_time = s->head_time;
		p->heights->after_seq = s->after_seq;
		return p;
	}
	p->seq = s->seq;
	p->number = s->id.number;
	p->hash = pb_hash(&s->id.hash);
	p->parent = pb_hash(&s->parent);
	if (s->kind == STEP_NEW)
		p->block = pb_block(mem, s->block);
	return p;
}

static struct bytes pb_pack(struct arena *mem, const Bttc__V1__Step *p)
{
	size_t n = bttc__v1__step__get_packed_size(p);
	uint8_t *out = arena_alloc(mem, n);

	bttc__v1__step__pack(p, out);
	return (struct bytes){out, n};
}

/* -------- helpers -------- */

static struct bytes encode(struct arena *mem, const struct step *s)
{
	struct err e = {0};
	struct bytes raw;
	struct buf b;

	buf_init(&b, 2 * RECORD_MAX_BYTES);
	assert_int_equal(record_encode(&b, s, CHAIN, stream_id, &e), ERR_NONE);
	raw = arena_bytes(mem, b.p, b.n);
	buf_free(&b);
	return raw;
}

static struct step random_step(struct rng *r, struct arena *mem, uint64_t seq)
{
	struct step s;

	switch (rng_below(r, 4)) {
	case 0:
		s = undo_of(seq, (struct block_id){rng_u64(r, 63), {{1, 2}}}, genesis.hash);
		rng_fill(r, &s.id.hash, 32);
		return s;
	case 1:
		s = random_heights(r);
		s.after_seq = seq;
		return s;
	default: return random_new(r, mem, seq, genesis, 12, 300);
	}
}

static void assert_same(const struct step *want, const struct step *got)
{
	const char *d = step_differs(want, got);

	if (d)
		fail_msg("seq %" PRIu64 ": %s differs", want->seq, d);
	assert_int_equal(want->after_seq, got->after_seq);
}

/** Decode must refuse raw, and the message must hold `want`. */
static void refused(struct bytes raw, const char *want)
{
	struct arena *mem = arena_new(1u << 26);
	uint8_t id[16] = {0};
	struct err e = {0};
	struct step s;

	assert_int_equal(record_decode(&s, raw, CHAIN, id, mem, &e), ERR_REJECT);
	if (!strstr(e.msg, want))
		fail_msg("\"%s\" does not hold \"%s\"", e.msg, want);
	arena_free(mem);
}

/* -------- tests -------- */

static void test_round_trip(void **state)
{
	struct rng r = rng_seeded(20240101);
	struct arena *mem = arena_new(1u << 28);

	(void)state;
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct step s = random_step(&r, mem, i), back;
		struct bytes raw = encode(mem, &s);
		uint8_t id[16] = {0};
		struct err e = {0};

		if (record_decode(&back, raw, CHAIN, id, mem, &e))
			fail_msg("round %" PRIu64 ": %s", i, e.msg);
		assert_same(&s, &back);
		assert_memory_equal(id, stream_id, 16);
		arena_reset(mem);
	}
	arena_free(mem);
}

static void test_same_bytes_as_protobuf_c(void **state)
{
	struct rng r = rng_seeded(77);
	struct arena *mem = arena_new(1u << 28);

	(void)state;
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct step s = random_step(&r, mem, i);
		struct bytes ours = encode(mem, &s), theirs = pb_pack(mem, pb_step(mem, &s));
		Bttc__V1__Step *p;

		assert_int_equal(ours.n, theirs.n);
		assert_memory_equal(ours.p, theirs.p, ours.n);
		p = bttc__v1__step__unpack(NULL, ours.n, ours.p);
		assert_non_null(p);
		assert_int_equal(p->seq, s.seq);
		bttc__v1__step__free_unpacked(p, NULL);
		arena_reset(mem);
	}
	arena_free(mem);
}

/** Lengths of one, two, three and four bytes. */
static void test_lengths(void **state)
{
	static const size_t sizes[] = {
		0, 1, 70, 71, 126, 127, 128, 16000, 16383, 16384, 70000, 2097151, 2097152, 5000000};
	struct arena *mem = arena_new(1u << 28);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct log log = {.data = {arena_calloc(mem, sizes[i] + 1, 1), sizes[i]}};
		struct block b = {
			.h = {.number = 42, .parent = genesis.hash}, .logs = &log, .log_count = 1};
		struct step s = {STEP_NEW, .seq = 1, .id = {42, {{9}}}, .parent = genesis.hash,
				    .block = &b},
			    back;
		struct bytes ours = encode(mem, &s), theirs = pb_pack(mem, pb_step(mem, &s));
		uint8_t id[16];
		struct err e = {0};

		b.h.hash = s.id.hash;
		assert_int_equal(ours.n, theirs.n);
		assert_memory_equal(ours.p, theirs.p, ours.n);
		assert_int_equal(record_decode(&back, ours, CHAIN, id, mem, &e), ERR_NONE);
		assert_same(&s, &back);
		arena_reset(mem);
	}
	arena_free(mem);
}

static void test_too_big(void **state)
{
	static uint8_t data[RECORD_MAX_BYTES];
	struct log log = {.data = {data, sizeof(data)}};
	struct block b = {.logs = &log, .log_count = 1};
	struct step s = {STEP_NEW, .seq = 1, .id = {4711, {{9}}}, .block = &b};
	struct err e = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 2 * RECORD_MAX_BYTES);
	assert_int_equal(record_encode(&out, &s, CHAIN, stream_id, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "block 4711"));
	buf_free(&out);
	buf_init(&out, 1000);
	assert_int_equal(record_encode(&out, &s, CHAIN, stream_id, &e), ERR_FATAL);
	buf_free(&out);
	refused((struct bytes){data, sizeof(data) + 1}, "record: 16000001 bytes");
}

/** A block with one of everything, as protobuf-c message, to be damaged. */
static Bttc__V1__Step *whole(struct arena *mem)
{
	struct log *l = arena_calloc(mem, 2, sizeof(*l));
	struct tx *t = arena_calloc(mem, 2, sizeof(*t));
	struct discovery *d = arena_calloc(mem, 1, sizeof(*d));
	struct block *b = arena_calloc(mem, 1, sizeof(*b));
	struct step s = {STEP_NEW, .seq = 5, .id = {42, {{9}}}, .parent = genesis.hash, .block = b};

	l[0] = (struct log){.topic_count = 2, .log_index = 3};
	l[1] = (struct log){.log_index = 4, .data = {stream_id, sizeof(stream_id)}};
	t[0] = (struct tx){.index = 1, .status = 1};
	t[1] = (struct tx){.index = 2, .status = -1};
	*d = (struct discovery){.contract = "ValidatorShare", .rule = "staked"};
	*b = (struct block){.h = {.number = 42, .has = 31},
		.logs = l,
		.log_count = 2,
		.txs = t,
		.tx_count = 2,
		.found = d,
		.found_count = 1,
		.level = LEVEL_BLOOM,
		.has_author = true};
	return pb_step(mem, &s);
}

static Bttc__V1__Log no_log = BTTC__V1__LOG__INIT;

struct damage {
	void (*make)(Bttc__V1__Step *p);
	const char *want;
};

#define DAMAGE(name, text)                                                                         \
	static void name(Bttc__V1__Step *p)                                                        \
	{                                                                                          \
		text;                                                                              \
	}
DAMAGE(no_version, p->version = 0)
DAMAGE(new_version, p->version = 2)
DAMAGE(no_kind, p->kind = 0)
DAMAGE(odd_kind, p->kind = 9)
DAMAGE(no_stream, p->stream_id.len = 0)
DAMAGE(short_stream, p->stream_id.len = 15)
DAMAGE(no_seq, p->seq = 0)
DAMAGE(huge_seq, p->seq = UINT64_C(1) << 63)
DAMAGE(other_chain, p->chain_id = 5)
DAMAGE(huge_number, p->number = UINT64_MAX)
DAMAGE(no_hash, p->hash.len = 0)
DAMAGE(short_hash, p->hash.len = 31)
DAMAGE(no_parent, p->parent.len = 0)
DAMAGE(no_block, p->block = NULL)
DAMAGE(undo_block, p->kind = 2)
DAMAGE(no_header, p->block->header = NULL)
DAMAGE(level, p->block->level = 6)
DAMAGE(author, p->block->author.len = 19)
DAMAGE(fee_sum, p->block->fee_sum = pb_bytes("x", 1))
DAMAGE(big_fee, p->block->fee_sum = pb_bytes("123456789012345678901234567890123", 33))
DAMAGE(padded_fee, p->block->fee_sum = pb_bytes("\0x", 2))
DAMAGE(uncles, p->block->header->uncles.len = 0)
DAMAGE(miner, p->block->header->miner.len = 21)
DAMAGE(state_root, p->block->header->state_root.len = 20)
DAMAGE(tx_root, p->block->header->tx_root.len = 0)
DAMAGE(receipts_root, p->block->header->receipts_root.len = 0)
DAMAGE(bloom, p->block->header->bloom = pb_bytes(stream_id, 16))
DAMAGE(time63, p->block->header->time = UINT64_C(1) << 63)
DAMAGE(mix_hash, p->block->header->mix_hash.len = 1)
DAMAGE(nonce, p->block->header->nonce.len = 7)
DAMAGE(has, p->block->header->has = 32)
DAMAGE(base_fee, p->block->header->has = 30; p->block->header->base_fee = pb_bytes("x", 1))
DAMAGE(withdrawals, p->block->header->withdrawals_root.len = 0)
DAMAGE(beacon, p->block->header->has = 23)
DAMAGE(requests, p->block->header->requests_hash.len = 0)
DAMAGE(log_address, p->block->logs[0]->address.len = 0)
DAMAGE(log_topics, p->block->logs[0]->topics.len = 33)
DAMAGE(log_topics5, p->block->logs[0]->topics = pb_bytes(p->block->header, 160))
DAMAGE(log_tx, p->block->logs[0]->tx_hash.len = 31)
DAMAGE(log_order, p->block->logs[1]->log_index = 3)
DAMAGE(log_empty, p->block->logs[0] = &no_log)
DAMAGE(tx_hash, p->block->txs[1]->hash.len = 40)
DAMAGE(tx_from, p->block->txs[0]->from.len = 21)
DAMAGE(tx_to, p->block->txs[0]->to.len = 1)
DAMAGE(tx_type, p->block->txs[0]->type = 256)
DAMAGE(tx_order, p->block->txs[1]->index = 0)
DAMAGE(tx_value, p->block->txs[0]->value = pb_bytes("\0", 1))
DAMAGE(found_address, p->block->found[0]->address.len = 19)
DAMAGE(found_contract, p->block->found[0]->contract = (char *)"")
DAMAGE(found_ascii, p->block->found[0]->rule = (char *)"a b")
DAMAGE(found_long, p->block->found[0]->rule = (char *)"0123456789012345678901234567890123456789"
						      "0123456789012345678901234")
static Bttc__V1__Heights no_heights = BTTC__V1__HEIGHTS__INIT;
DAMAGE(heights, p->heights = &no_heights)
DAMAGE(heights_seq, p->kind = 3)
DAMAGE(heights_number, p->kind = 3; p->seq = 0)
DAMAGE(heights_hash, p->kind = 3; p->seq = p->number = 0)
DAMAGE(heights_parent, p->kind = 3; p->seq = p->number = 0; p->hash.len = 0)
DAMAGE(heights_block, p->kind = 3; p->seq = p->number = 0; p->hash.len = p->parent.len = 0)
DAMAGE(heights_none, p->kind = 3; p->seq = p->number = 0; p->hash.len = p->parent.len = 0;
	p->block = NULL)

static const struct damage damages[] = {
	{no_version, "version: missing"},
	{new_version, "version: 2 is unknown"},
	{no_kind, "kind: missing"},
	{odd_kind, "kind: 9 is unknown"},
	{no_stream, "stream_id: missing"},
	{short_stream, "stream_id: 15 bytes, 16 wanted"},
	{no_seq, "seq: missing"},
	{huge_seq, "seq: 9223372036854775808 is over"},
	{other_chain, "chain_id: 5, this stream is of chain 1029"},
	{huge_number, "number: 18446744073709551615 is over"},
	{no_hash, "hash: missing"},
	{short_hash, "hash: 31 bytes, 32 wanted"},
	{no_parent, "parent: missing"},
	{no_block, "block: missing"},
	{undo_block, "block: set, but not NEW"},
	{no_header, "block.header: missing"},
	{level, "block.level: 6 is unknown"},
	{author, "block.author: 19 bytes, 20 wanted"},
	{fee_sum, "block.fee_sum: without fee_count"},
	{big_fee, "block.fee_sum: 33 bytes are more than 256 bits"},
	{padded_fee, "block.fee_sum: leading zero byte"},
	{uncles, "block.header.uncles: missing"},
	{miner, "block.header.miner: 21 bytes, 20 wanted"},
	{state_root, "block.header.state_root: 20 bytes, 32 wanted"},
	{tx_root, "block.header.tx_root: missing"},
	{receipts_root, "block.header.receipts_root: missing"},
	{bloom, "block.header.bloom: 16 bytes, 256 wanted"},
	{time63, "block.header.time: 9223372036854775808 is over"},
	{mix_hash, "block.header.mix_hash: 1 bytes, 32 wanted"},
	{nonce, "block.header.nonce: 7 bytes, 8 wanted"},
	{has, "block.header.has: unknown bits 0x20"},
	{base_fee, "block.header.base_fee: set, but not named in has"},
	{withdrawals, "block.header.withdrawals_root: named in has, but missing"},
	{beacon, "block.header.beacon_root: set, but not named in has"},
	{requests, "block.header.requests_hash: named in has, but missing"},
	{log_address, "block.logs[0].address: missing"},
	{log_topics, "block.logs[0].topics: 33 bytes are not 0 to 4 topics of 32"},
	{log_topics5, "block.logs[0].topics: 160 bytes"},
	{log_tx, "block.logs[0].tx_hash: 31 bytes, 32 wanted"},
	{log_order, "block.logs[1].log_index: 3 is not above the one before (3)"},
	{log_empty, "block.logs: an item of only 0 bytes"},
	{tx_hash, "block.txs[1].hash: 40 bytes, 32 wanted"},
	{tx_from, "block.txs[0].from: 21 bytes, 20 wanted"},
	{tx_to, "block.txs[0].to: 1 bytes, 20 wanted"},
	{tx_type, "block.txs[0].type: 256 is over 255"},
	{tx_order, "block.txs[1].index: 0 is not above the one before (1)"},
	{tx_value, "block.txs[0].value: leading zero byte"},
	{found_address, "block.found[0].address: 19 bytes, 20 wanted"},
	{found_contract, "block.found[0].contract: missing"},
	{found_ascii, "block.found[0].rule: byte 0x20 is not printable ASCII"},
	{found_long, "block.found[0].rule: 65 bytes, 1 to 64 wanted"},
	{heights, "heights: set, but not HEIGHTS"},
	{heights_seq, "seq: set in HEIGHTS"},
	{heights_number, "number: set in HEIGHTS"},
	{heights_hash, "hash: set in HEIGHTS"},
	{heights_parent, "parent: set in HEIGHTS"},
	{heights_block, "block: set, but not NEW"},
	{heights_none, "heights: missing"},
};

static void test_damages(void **state)
{
	struct arena *mem = arena_new(1u << 24);
	uint8_t id[16];
	struct err e = {0};
	struct step s;

	(void)state;
	assert_int_equal(record_decode(&s, pb_pack(mem, whole(mem)), CHAIN, id, mem, &e), ERR_NONE);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		Bttc__V1__Step *p = whole(mem);

		damages[i].make(p);
		refused(pb_pack(mem, p), damages[i].want);
	}
	arena_free(mem);
}

/** A record cut anywhere is refused: lists excepted there is no place where the rest is optional.
 */
static void test_cut_short(void **state)
{
	struct arena *mem = arena_new(1u << 24);
	struct bytes raw = pb_pack(mem, whole(mem));

	(void)state;
	for (size_t n = 0; n < raw.n; n++)
		refused((struct bytes){raw.p, n}, "");
	arena_free(mem);
}

static void test_wire_forms(void **state)
{
	struct arena *mem = arena_new(1u << 24);
	struct bytes raw = pb_pack(mem, whole(mem)), more;
	static const struct {
		const char *bytes;
		size_t n;
		const char *want; /* NULL: accepted */
	} tails[] = {
		{"\xf8\x07\x01", 3, NULL}, /* field 127, varint */
		{"\xf9\x07"
		 "12345678",
			10, NULL}, /* fixed 64 */
		{"\xfd\x07"
		 "1234",
			6, NULL}, /* fixed 32 */
		{"\xfa\x07\x02"
		 "ab",
			5, NULL},               /* bytes */
		{"\xfb\x07", 2, "wire format"}, /* group */
		{"\x00\x01", 2, "wire format"}, /* field 0 */
		{"\xfa\x07\x03"
		 "ab",
			5, "wire format"}, /* longer than the rest */
		{"\xf8\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 12,
			"wire format"}, /* 65 bits */
		{"\xf8\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 13, "wire format"},
		{"\x20\x06", 2, NULL}, /* seq again: the last counts */
		{"\x22\x01"
		 "a",
			3, "seq: wire type 2"},
		{"\x4a\x00", 2, "block: given twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		uint8_t *p = arena_alloc(mem, raw.n + tails[i].n), id[16];
		struct err e = {0};
		struct step s;

		memcpy(p, raw.p, raw.n);
		memcpy(p + raw.n, tails[i].bytes, tails[i].n);
		more = (struct bytes){p, raw.n + tails[i].n};
		if (tails[i].want) {
			refused(more, tails[i].want);
			continue;
		}
		assert_int_equal(record_decode(&s, more, CHAIN, id, mem, &e), ERR_NONE);
		assert_int_equal(s.seq, i == 9 ? 6 : 5);
	}
	arena_free(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_same_bytes_as_protobuf_c),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_wire_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
