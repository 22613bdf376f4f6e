/*
 * struct step to bytes of message Step (schema/records/block.proto).
 *
 * Written straight in wire format, in the order of field numbers, with zero values left out: byte
 * for byte what protobuf-c packs (tests/unit/stream/test_record.c holds the two against each
 * other), but in one pass over our own structs, without a copy in protobuf-c's: 60 ns a log with
 * its share of the header, where filling, measuring and packing take about four times that. Every
 * part reserves room for the most it can need, then writes without further checks.
 *
 * A nested message is written before its length is known. Two bytes are kept free for the length;
 * when it turns out to need one or three, the message is moved.
 */
#include "stream/record.h"

#include "stream/wire.h"

#include <assert.h>
#include <inttypes.h>

#define FIXED_PART                                                                                 \
	1024 /* more than a Header, Log, Transaction or Discovery without variable fields */
#define LENGTH_ROOM 2
#define LENGTH_MAX  5

/** Where a message begins: at its length. */
struct open_msg {
	size_t at;
	bool ok;
};

static struct open_msg begin(struct buf *b, unsigned field, size_t room)
{
	uint8_t *p;

	if (!buf_reserve(b, FIXED_PART + LENGTH_MAX + room))
		return (struct open_msg){0};
	p = wire_tag((uint8_t *)b->p + b->n, field, WIRE_LEN);
	b->n = (size_t)(p - (uint8_t *)b->p) + LENGTH_ROOM;
	return (struct open_msg){b->n - LENGTH_ROOM, true};
}

static void end(struct buf *b, struct open_msg m)
{
	uint8_t len[WIRE_VARINT_MAX];
	size_t body = m.at + LENGTH_ROOM, n, k;

	if (b->bad)
		return;
	n = b->n - body;
	k = (size_t)(wire_varint(len, n) - len);
	if (k != LENGTH_ROOM) {
		if (!buf_reserve(b, LENGTH_MAX))
			return;
		memmove(b->p + m.at + k, b->p + body, n);
		b->n = m.at + k + n;
	}
	memcpy(b->p + m.at, len, k);
}

static inline uint8_t *tail(struct buf *b)
{
	return (uint8_t *)b->p + b->n;
}

static inline void wrote(struct buf *b, const uint8_t *p)
{
	b->n = (size_t)(p - (const uint8_t *)b->p);
}

static uint8_t *put_hash(uint8_t *p, unsigned field, const struct hash32 *h)
{
	return wire_bytes(p, field, h->b, sizeof(h->b));
}

static uint8_t *put_address(uint8_t *p, unsigned field, const struct address *a)
{
	return wire_bytes(p, field, a->b, sizeof(a->b));
}

static uint8_t *put_u256(uint8_t *p, unsigned field, struct u256 v)
{
	size_t n = (u256_bits(v) + 7) / 8;
	uint8_t be[32];

	if (!n)
		return p;
	u256_to_be(be, v);
	return wire_bytes(p, field, be + 32 - n, n);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

static uint8_t *put_optional_header(uint8_t *p, const struct header *h)
{
	p = wire_uint(p, 14, h->has);
	if (h->has & HEADER_BASE_FEE)
		p = put_u256(p, 15, h->base_fee);
	if (h->has & HEADER_WITHDRAWALS)
		p = put_hash(p, 16, &h->withdrawals_root);
	if (h->has & HEADER_BLOB) {
		p = wire_uint(p, 17, h->blob_gas_used);
		p = wire_uint(p, 18, h->excess_blob_gas);
	}
	if (h->has & HEADER_BEACON_ROOT)
		p = put_hash(p, 19, &h->beacon_root);
	if (h->has & HEADER_REQUESTS)
		p = put_hash(p, 20, &h->requests_hash);
	return p;
}

static void put_header(struct buf *b, const struct header *h)
{
	struct open_msg m = begin(b, 2, h->extra.n);
	uint8_t *p;

	if (!m.ok)
		return;
	p = put_hash(tail(b), 1, &h->uncles);
	p = put_address(p, 2, &h->miner);
	p = put_hash(p, 3, &h->state_root);
	p = put_hash(p, 4, &h->tx_root);
	p = put_hash(p, 5, &h->receipts_root);
	if (!all_zero(h->bloom, sizeof(h->bloom)))
		p = wire_bytes(p, 6, h->bloom, sizeof(h->bloom));
	p = put_u256(p, 7, h->difficulty);
	p = wire_uint(p, 8, h->gas_limit);
	p = wire_uint(p, 9, h->gas_used);
	p = wire_uint(p, 10, h->time);
	p = wire_bytes(p, 11, h->extra.p, h->extra.n);
	p = put_hash(p, 12, &h->mix_hash);
	p = wire_bytes(p, 13, h->nonce, sizeof(h->nonce));
	wrote(b, put_optional_header(p, h));
	end(b, m);
}

static void put_log(struct buf *b, const struct log *l)
{
	struct open_msg m = begin(b, 4, l->data.n);
	uint8_t *p;

	if (!m.ok)
		return;
	assert(l->topic_count <= LOG_TOPICS_MAX);
	p = put_address(tail(b), 1, &l->address);
	p = wire_bytes(p, 2, l->topics, l->topic_count * sizeof(struct hash32));
	p = wire_bytes(p, 3, l->data.p, l->data.n);
	p = put_hash(p, 4, &l->tx_hash);
	p = wire_uint(p, 5, l->tx_index);
	p = wire_uint(p, 6, l->log_index);
	wrote(b, wire_uint(p, 7, l->state_sync));
	end(b, m);
}

static void put_tx(struct buf *b, const struct tx *t)
{
	struct open_msg m = begin(b, 5, t->input.n);
	uint8_t *p;

	if (!m.ok)
		return;
	p = put_hash(tail(b), 1, &t->hash);
	p = wire_uint(p, 2, t->index);
	p = put_address(p, 3, &t->from);
	if (!t->creates)
		p = put_address(p, 4, &t->to);
	p = put_u256(p, 5, t->value);
	p = wire_bytes(p, 6, t->input.p, t->input.n);
	p = wire_uint(p, 7, t->type);
	if (t->status >= 0)
		p = wire_present(p, 8, t->status > 0);
	wrote(b, wire_uint(p, 9, t->state_sync));
	end(b, m);
}

static void put_discovery(struct buf *b, const struct discovery *d)
{
	size_t contract_n = strlen(d->contract), rule_n = strlen(d->rule);
	struct open_msg m = begin(b, 6, contract_n + rule_n);
	uint8_t *p;

	if (!m.ok)
		return;
	p = put_address(tail(b), 1, &d->address);
	p = wire_bytes(p, 2, d->contract, contract_n);
	p = wire_bytes(p, 3, d->rule, rule_n);
	p = wire_uint(p, 4, d->log_index);
	if (d->has_validator)
		p = wire_present(p, 5, d->validator_id);
	wrote(b, p);
	end(b, m);
}

static void put_block(struct buf *b, const struct block *k)
{
	struct open_msg m = begin(b, 9, 0);
	uint8_t *p;

	if (!m.ok)
		return;
	wrote(b, wire_uint(tail(b), 1, (uint64_t)k->level));
	put_header(b, &k->h);
	if (k->has_author && buf_reserve(b, FIXED_PART))
		wrote(b, put_address(tail(b), 3, &k->author));
	for (size_t i = 0; i < k->log_count; i++)
		put_log(b, &k->logs[i]);
	for (size_t i = 0; i < k->tx_count; i++)
		put_tx(b, &k->txs[i]);
	for (size_t i = 0; i < k->found_count; i++)
		put_discovery(b, &k->found[i]);
	if (!buf_reserve(b, FIXED_PART))
		return;
	p = tail(b);
	if (k->tx_total_known)
		p = wire_present(p, 7, k->tx_total);
	if (k->fees_known) {
		p = put_u256(p, 8, k->fee_sum);
		p = wire_present(p, 9, k->fee_count);
	}
	wrote(b, p);
	if (k->proof.n && buf_reserve(b, FIXED_PART + k->proof.n))
		wrote(b, wire_bytes(tail(b), 10, k->proof.p, k->proof.n));
	if (k->agreed_by.n && buf_reserve(b, FIXED_PART + k->agreed_by.n)) {
		p = wire_bytes(tail(b), 11, k->agreed_by.p, k->agreed_by.n);
		wrote(b, wire_bytes(p, 12, k->agreed_digest.b, sizeof(k->agreed_digest.b)));
	}
	end(b, m);
}

static void put_heights(struct buf *b, const struct step *s)
{
	struct open_msg m = begin(b, 10, 0);
	uint8_t *p;

	if (!m.ok)
		return;
	p = wire_uint(tail(b), 1, s->head);
	if (s->has_safe)
		p = wire_present(p, 2, s->safe);
	if (s->has_final)
		p = wire_present(p, 3, s->final);
	p = wire_uint(p, 4, (uint64_t)s->head_time);
	wrote(b, wire_uint(p, 5, s->after_seq));
	end(b, m);
}

static void put_step(
	struct buf *out, const struct step *s, uint64_t chain_id, const uint8_t stream_id[16])
{
	uint8_t *p;

	if (!buf_reserve(out, FIXED_PART))
		return;
	p = wire_uint(tail(out), 1, RECORD_VERSION);
	p = wire_uint(p, 2, (uint64_t)s->kind);
	p = wire_bytes(p, 3, stream_id, 16);
	if (s->kind != STEP_HEIGHTS)
		p = wire_uint(p, 4, s->seq);
	p = wire_uint(p, 5, chain_id);
	if (s->kind != STEP_HEIGHTS) {
		p = wire_uint(p, 6, s->id.number);
		p = put_hash(p, 7, &s->id.hash);
		p = put_hash(p, 8, &s->parent);
	}
	wrote(out, p);
	if (s->kind == STEP_NEW)
		put_block(out, s->block);
	else if (s->kind == STEP_HEIGHTS)
		put_heights(out, s);
}

enum err_kind record_encode(struct buf *out, const struct step *s, uint64_t chain_id,
	const uint8_t stream_id[16], struct err *e)
{
	const size_t at = out->n;

	put_step(out, s, chain_id, stream_id);
	if (out->bad || out->n - at > RECORD_MAX_BYTES)
		return err_set(e, ERR_FATAL, "record", 0,
			"block %" PRIu64
			" makes a record of more than %d bytes, which the stream does not "
			"carry: watch fewer contracts of this chain",
			s->id.number, RECORD_MAX_BYTES);
	out->p[out->n] = 0;
	return ERR_NONE;
}
