/*
 * Bytes of message Step (schema/records/block.proto) to struct step.
 *
 * Each message has a table: field number, name, form, where the value goes. One loop reads a
 * message by its table and reports which fields were there; what a table can not say (a field that
 * needs another, the order of logs) is checked after it. Nothing is believed: a record may come
 * from another program.
 *
 * As proto3 wants it, unknown fields are skipped and the last of several values counts; a message
 * that stands twice where one belongs is refused instead of merged, because no writer of ours does
 * that.
 */
#include "stream/record.h"

#include "stream/wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define EXTRA_MAX  (1u << 20)
#define AGREED_MAX 1000 /* bytes of endpoints' names */
#define NAME_MAX_N 64
#define ITEM_MIN                                                                                   \
	56 /* a Log, Transaction or Discovery has two fixed fields of 20 and 32 or 20 bytes */
#define FOUND_MIN 26

/** What a field holds, and the C type that it goes to. */
enum form {
	F_U64,    /* uint64_t */
	F_I63,    /* uint64_t that PostgreSQL's bigint must hold */
	F_TIME,   /* int64_t, not negative */
	F_U32,    /* uint32_t or unsigned */
	F_U8,     /* uint8_t */
	F_BOOL,   /* bool */
	F_STATUS, /* int8_t, 0 or 1 */
	F_FIXED,  /* `size` bytes, or none when the field is not required */
	F_U256,   /* struct u256: at most 32 bytes, no leading zeros */
	F_BYTES,  /* struct bytes of at most `size` */
	F_TOPICS, /* struct log: topics and topic_count */
	F_NAME,   /* const char *: printable ASCII */
	F_MSG,    /* struct bytes: a message, at most once */
	F_LIST,   /* a message, any number of times: not stored */
};

struct field {
	const char *name;
	enum form form;
	size_t size;
	size_t offset;
	bool required;
};

/** Where we are, for messages: "block.logs[3]." */
struct at {
	const char *path;
	size_t index;
	bool indexed;
};

struct reader {
	struct arena *mem;
	struct err *e;
};

static enum err_kind bad(
	struct reader *r, const struct at *at, const char *name, const char *fmt, ...) PRINTF(4, 5);

static enum err_kind bad(
	struct reader *r, const struct at *at, const char *name, const char *fmt, ...)
{
	char why[160], where[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (at->indexed)
		snprintf(where, sizeof(where), "%s[%zu].", at->path, at->index);
	else
		snprintf(where, sizeof(where), "%s%s", at->path, *at->path ? "." : "");
	return err_set(r->e, ERR_REJECT, "record", 0, "%s%s: %s", where, name, why);
}

static enum err_kind take_number(
	struct reader *r, const struct at *at, const struct field *f, uint64_t v, uint8_t *to)
{
	static const uint64_t max[] = {
		[F_U64] = UINT64_MAX,
		[F_I63] = INT64_MAX,
		[F_TIME] = INT64_MAX,
		[F_U32] = UINT32_MAX,
		[F_U8] = UINT8_MAX,
		[F_BOOL] = 1,
		[F_STATUS] = 1,
	};

	if (v > max[f->form])
		return bad(r, at, f->name, "%" PRIu64 " is over %" PRIu64, v, max[f->form]);
	if (f->form == F_U32)
		memcpy(to, &(uint32_t){(uint32_t)v}, 4);
	else if (f->form == F_U64 || f->form == F_I63 || f->form == F_TIME)
		memcpy(to, &v, 8);
	else
		*to = (uint8_t)v;
	return ERR_NONE;
}

static enum err_kind take_topics(
	struct reader *r, const struct at *at, const struct field *f, struct bytes b, struct log *l)
{
	if (b.n % sizeof(struct hash32) || b.n > sizeof(l->topics))
		return bad(r, at, f->name, "%zu bytes are not 0 to %d topics of 32", b.n,
			LOG_TOPICS_MAX);
	if (b.n)
		memcpy(l->topics, b.p, b.n);
	l->topic_count = (uint8_t)(b.n / sizeof(struct hash32));
	return ERR_NONE;
}

static enum err_kind take_name(struct reader *r, const struct at *at, const struct field *f,
	struct bytes b, const char **to)
{
	char *s;

	if (!b.n || b.n > NAME_MAX_N)
		return bad(r, at, f->name, "%zu bytes, 1 to %d wanted", b.n, NAME_MAX_N);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] <= ' ' || b.p[i] > '~')
			return bad(r, at, f->name, "byte 0x%02x is not printable ASCII", b.p[i]);
	s = arena_alloc(r->mem, b.n + 1);
	memcpy(s, b.p, b.n);
	s[b.n] = 0;
	*to = s;
	return ERR_NONE;
}

static enum err_kind take_u256(struct reader *r, const struct at *at, const struct field *f,
	struct bytes b, struct u256 *to)
{
	if (b.n > 32)
		return bad(r, at, f->name, "%zu bytes are more than 256 bits", b.n);
	if (b.n && !b.p[0])
		return bad(r, at, f->name, "leading zero byte");
	*to = u256_be_n(b.p, b.n);
	return ERR_NONE;
}

static enum err_kind take_bytes(struct reader *r, const struct at *at, const struct field *f,
	struct bytes b, void *base, bool again)
{
	void *to = (uint8_t *)base + f->offset;

	if (f->form == F_TOPICS)
		return take_topics(r, at, f, b, base);
	if (f->form == F_NAME)
		return take_name(r, at, f, b, to);
	if (f->form == F_U256)
		return take_u256(r, at, f, b, to);
	if (f->form == F_FIXED) {
		if (b.n != f->size && (b.n || f->required))
			return bad(r, at, f->name, "%zu bytes, %zu wanted", b.n, f->size);
		if (b.n)
			memcpy(to, b.p, b.n);
		else
			memset(to, 0, f->size);
		return ERR_NONE;
	}
	if (f->form == F_LIST)
		return ERR_NONE;
	if (f->form == F_MSG && again)
		return bad(r, at, f->name, "given twice");
	if (b.n > f->size)
		return bad(r, at, f->name, "%zu bytes, at most %zu allowed", b.n, f->size);
	memcpy(to, &b, sizeof(b));
	return ERR_NONE;
}

static bool is_number(enum form form)
{
	return form <= F_STATUS;
}

static enum err_kind take(struct reader *r, const struct at *at, const struct field *f,
	const struct wire_field *w, void *base, uint32_t *seen)
{
	uint32_t bit = 1u << w->no;
	enum err_kind k;

	if (w->type != (is_number(f->form) ? WIRE_VARINT : WIRE_LEN))
		return bad(r, at, f->name, "wire type %d", (int)w->type);
	if (is_number(f->form))
		k = take_number(r, at, f, w->v, (uint8_t *)base + f->offset);
	else
		k = take_bytes(r, at, f, w->b, base, *seen & bit);
	if (f->form == F_FIXED && !w->b.n)
		*seen &= ~bit;
	else
		*seen |= bit;
	return k;
}

/**
 * Read one message into base (cleared before), which has the layout the table says. table[i] is
 * field number i; table[0].size is one more than the highest (at most 32). seen: bit i set when
 * field i was there.
 */
static enum err_kind read_msg(struct reader *r, const struct at *at, struct bytes raw,
	const struct field *table, void *base, uint32_t *seen)
{
	struct wire_in in = {raw.p, raw.p + raw.n};
	uint32_t n = (uint32_t)table[0].size;
	struct wire_field w;
	enum err_kind k;
	int more;

	*seen = 0;
	while ((more = wire_next(&in, &w)) > 0) {
		if (w.no >= n)
			continue;
		if ((k = take(r, at, &table[w.no], &w, base, seen)))
			return k;
	}
	if (more < 0)
		return bad(r, at, "bytes", "cut short or not in Protocol Buffers wire format");
	for (uint32_t i = 1; i < n; i++)
		if (table[i].required && !(*seen & 1u << i))
			return bad(r, at, table[i].name, "missing");
	return ERR_NONE;
}

#define REQ(name, form, type, m, n)                                                                \
	{                                                                                          \
		name, form, n, offsetof(struct type, m), true                                      \
	}
#define OPT(name, form, type, m, n)                                                                \
	{                                                                                          \
		name, form, n, offsetof(struct type, m), false                                     \
	}

/** Step and Block as they stand on the wire. */
struct step_wire {
	uint32_t version, kind;
	uint8_t stream_id[16];
	uint64_t seq, chain_id, number;
	struct hash32 hash, parent;
	struct bytes block, heights;
};

struct block_wire {
	uint32_t level, tx_total, fee_count;
	struct bytes header, proof, agreed_by;
	struct hash32 agreed_digest;
	struct address author;
	struct u256 fee_sum;
};

static const struct field step_fields[] = {
	{.size = 11},
	REQ("version", F_U32, step_wire, version, 0),
	REQ("kind", F_U32, step_wire, kind, 0),
	REQ("stream_id", F_FIXED, step_wire, stream_id, 16),
	OPT("seq", F_I63, step_wire, seq, 0),
	REQ("chain_id", F_U64, step_wire, chain_id, 0),
	OPT("number", F_I63, step_wire, number, 0),
	OPT("hash", F_FIXED, step_wire, hash, 32),
	OPT("parent", F_FIXED, step_wire, parent, 32),
	OPT("block", F_MSG, step_wire, block, RECORD_MAX_BYTES),
	OPT("heights", F_MSG, step_wire, heights, RECORD_MAX_BYTES),
};

static const struct field heights_fields[] = {
	{.size = 6},
	OPT("head", F_I63, step, head, 0),
	OPT("safe", F_I63, step, safe, 0),
	OPT("final", F_I63, step, final, 0),
	OPT("head_time", F_TIME, step, head_time, 0),
	OPT("after_seq", F_I63, step, after_seq, 0),
};

enum { BLOCK_LOGS = 4, BLOCK_TXS = 5, BLOCK_FOUND = 6 };

static const struct field block_fields[] = {
	{.size = 13},
	OPT("level", F_U32, block_wire, level, 0),
	REQ("header", F_MSG, block_wire, header, RECORD_MAX_BYTES),
	OPT("author", F_FIXED, block_wire, author, 20),
	[BLOCK_LOGS] = {"logs", F_LIST, 0, 0, false},
	[BLOCK_TXS] = {"txs", F_LIST, 0, 0, false},
	[BLOCK_FOUND] = {"found", F_LIST, 0, 0, false},
	OPT("tx_total", F_U32, block_wire, tx_total, 0),
	OPT("fee_sum", F_U256, block_wire, fee_sum, 0),
	OPT("fee_count", F_U32, block_wire, fee_count, 0),
	OPT("proof", F_BYTES, block_wire, proof, RECORD_MAX_BYTES),
	OPT("agreed_by", F_BYTES, block_wire, agreed_by, AGREED_MAX),
	OPT("agreed_digest", F_FIXED, block_wire, agreed_digest, 32),
};

static const struct field header_fields[] = {
	{.size = 21},
	REQ("uncles", F_FIXED, header, uncles, 32),
	REQ("miner", F_FIXED, header, miner, 20),
	REQ("state_root", F_FIXED, header, state_root, 32),
	REQ("tx_root", F_FIXED, header, tx_root, 32),
	REQ("receipts_root", F_FIXED, header, receipts_root, 32),
	OPT("bloom", F_FIXED, header, bloom, 256),
	OPT("difficulty", F_U256, header, difficulty, 0),
	OPT("gas_limit", F_U64, header, gas_limit, 0),
	OPT("gas_used", F_U64, header, gas_used, 0),
	OPT("time", F_I63, header, time, 0),
	OPT("extra", F_BYTES, header, extra, EXTRA_MAX),
	REQ("mix_hash", F_FIXED, header, mix_hash, 32),
	REQ("nonce", F_FIXED, header, nonce, 8),
	OPT("has", F_U32, header, has, 0),
	OPT("base_fee", F_U256, header, base_fee, 0),
	OPT("withdrawals_root", F_FIXED, header, withdrawals_root, 32),
	OPT("blob_gas_used", F_U64, header, blob_gas_used, 0),
	OPT("excess_blob_gas", F_U64, header, excess_blob_gas, 0),
	OPT("beacon_root", F_FIXED, header, beacon_root, 32),
	OPT("requests_hash", F_FIXED, header, requests_hash, 32),
};

static const struct field log_fields[] = {
	{.size = 8},
	REQ("address", F_FIXED, log, address, 20),
	OPT("topics", F_TOPICS, log, topics, 0),
	OPT("data", F_BYTES, log, data, RECORD_MAX_BYTES),
	REQ("tx_hash", F_FIXED, log, tx_hash, 32),
	OPT("tx_index", F_U32, log, tx_index, 0),
	OPT("log_index", F_U32, log, log_index, 0),
	OPT("state_sync", F_BOOL, log, state_sync, 0),
};

enum { TX_TO = 4, TX_SUCCEEDED = 8 };

static const struct field tx_fields[] = {
	{.size = 10},
	REQ("hash", F_FIXED, tx, hash, 32),
	OPT("index", F_U32, tx, index, 0),
	REQ("from", F_FIXED, tx, from, 20),
	[TX_TO] = OPT("to", F_FIXED, tx, to, 20),
	OPT("value", F_U256, tx, value, 0),
	OPT("input", F_BYTES, tx, input, RECORD_MAX_BYTES),
	OPT("type", F_U8, tx, type, 0),
	[TX_SUCCEEDED] = OPT("succeeded", F_STATUS, tx, status, 0),
	OPT("state_sync", F_BOOL, tx, state_sync, 0),
};

enum { FOUND_VALIDATOR = 5 };

static const struct field found_fields[] = {
	{.size = 6},
	REQ("address", F_FIXED, discovery, address, 20),
	REQ("contract", F_NAME, discovery, contract, 0),
	REQ("rule", F_NAME, discovery, rule, 0),
	OPT("log_index", F_U32, discovery, log_index, 0),
	[FOUND_VALIDATOR] = OPT("validator_id", F_U64, discovery, validator_id, 0),
};

/** Fields that belong to a bit of `has`: required with it, not allowed without it. */
static enum err_kind check_has(
	struct reader *r, const struct at *at, const struct header *h, uint32_t seen)
{
	static const struct {
		unsigned bit, field;
		bool always; /* a number of zero is not on the wire */
	} rules[] = {
		{HEADER_BASE_FEE, 15, false},
		{HEADER_WITHDRAWALS, 16, true},
		{HEADER_BLOB, 17, false},
		{HEADER_BLOB, 18, false},
		{HEADER_BEACON_ROOT, 19, true},
		{HEADER_REQUESTS, 20, true},
	};
	const unsigned known = HEADER_BASE_FEE | HEADER_WITHDRAWALS | HEADER_BLOB |
			       HEADER_BEACON_ROOT | HEADER_REQUESTS;

	if (h->has & ~known)
		return bad(r, at, "has", "unknown bits 0x%x", h->has & ~known);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const char *name = header_fields[rules[i].field].name;
		bool there = seen & 1u << rules[i].field, said = h->has & rules[i].bit;

		if (there && !said)
			return bad(r, at, name, "set, but not named in has");
		if (said && !there && rules[i].always)
			return bad(r, at, name, "named in has, but missing");
	}
	return ERR_NONE;
}

static enum err_kind read_header(struct reader *r, struct bytes raw, struct header *h)
{
	const struct at at = {.path = "block.header"};
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, header_fields, h, &seen)))
		return k;
	return check_has(r, &at, h, seen);
}

static enum err_kind read_log(struct reader *r, size_t i, struct bytes raw, struct block *b)
{
	const struct at at = {"block.logs", i, true};
	struct log *l = &b->logs[i];
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, log_fields, l, &seen)))
		return k;
	if (i && l->log_index <= l[-1].log_index)
		return bad(r, &at, "log_index", "%u is not above the one before (%u)", l->log_index,
			l[-1].log_index);
	return ERR_NONE;
}

static enum err_kind read_tx(struct reader *r, size_t i, struct bytes raw, struct block *b)
{
	const struct at at = {"block.txs", i, true};
	struct tx *t = &b->txs[i];
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, tx_fields, t, &seen)))
		return k;
	if (!(seen & 1u << TX_SUCCEEDED))
		t->status = -1;
	t->creates = !(seen & 1u << TX_TO);
	if (i && t->index <= t[-1].index)
		return bad(r, &at, "index", "%u is not above the one before (%u)", t->index,
			t[-1].index);
	return ERR_NONE;
}

static enum err_kind read_found(struct reader *r, size_t i, struct bytes raw, struct block *b)
{
	const struct at at = {"block.found", i, true};
	struct discovery *d = &b->found[i];
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, found_fields, d, &seen)))
		return k;
	d->has_validator = seen & 1u << FOUND_VALIDATOR;
	d->block = b->h.number;
	return ERR_NONE;
}

/** Count the items of the three lists and make room; first refuses what is too short for one. */
static enum err_kind make_lists(struct reader *r, struct bytes raw, struct block *b)
{
	struct wire_in in = {raw.p, raw.p + raw.n};
	const struct at at = {.path = "block"};
	struct wire_field w;

	while (wire_next(&in, &w) > 0) {
		if (w.no < BLOCK_LOGS || w.no > BLOCK_FOUND)
			continue;
		if (w.b.n < (w.no == BLOCK_FOUND ? FOUND_MIN : ITEM_MIN))
			return bad(r, &at, block_fields[w.no].name, "an item of only %zu bytes",
				w.b.n);
		b->log_count += w.no == BLOCK_LOGS;
		b->tx_count += w.no == BLOCK_TXS;
		b->found_count += w.no == BLOCK_FOUND;
	}
	b->logs = arena_calloc(r->mem, b->log_count, sizeof(*b->logs));
	b->txs = arena_calloc(r->mem, b->tx_count, sizeof(*b->txs));
	b->found = arena_calloc(r->mem, b->found_count, sizeof(*b->found));
	return ERR_NONE;
}

static enum err_kind read_lists(struct reader *r, struct bytes raw, struct block *b)
{
	struct wire_in in = {raw.p, raw.p + raw.n};
	size_t logs = 0, txs = 0, found = 0;
	struct wire_field w;
	enum err_kind k = make_lists(r, raw, b);

	while (!k && wire_next(&in, &w) > 0) {
		if (w.no == BLOCK_LOGS)
			k = read_log(r, logs++, w.b, b);
		else if (w.no == BLOCK_TXS)
			k = read_tx(r, txs++, w.b, b);
		else if (w.no == BLOCK_FOUND)
			k = read_found(r, found++, w.b, b);
	}
	return k;
}

static enum err_kind read_block(struct reader *r, struct bytes raw, struct block *b)
{
	const struct at at = {.path = "block"};
	struct block_wire w = {0};
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, block_fields, &w, &seen)))
		return k;
	if (w.level > LEVEL_QUORUM)
		return bad(r, &at, "level", "%u is unknown", w.level);
	b->level = (enum level)w.level;
	b->has_author = seen & 1u << 3;
	b->author = w.author;
	b->tx_total_known = seen & 1u << 7;
	b->tx_total = w.tx_total;
	b->fees_known = seen & 1u << 9;
	b->fee_count = w.fee_count;
	b->fee_sum = w.fee_sum;
	b->proof = w.proof;
	b->agreed_by = w.agreed_by;
	b->agreed_digest = w.agreed_digest;
	for (size_t i = 0; i < w.agreed_by.n; i++)
		if (w.agreed_by.p[i] < 0x20 || w.agreed_by.p[i] > 0x7e)
			return bad(r, &at, "agreed_by", "must be printable ASCII");
	if ((w.agreed_by.n > 0) != !!(seen & 1u << 12))
		return bad(r, &at, "agreed_digest", "goes with agreed_by");
	if (!b->fees_known && !u256_is_zero(b->fee_sum))
		return bad(r, &at, "fee_sum", "without fee_count");
	if ((k = read_header(r, w.header, &b->h)))
		return k;
	return read_lists(r, raw, b);
}

static enum err_kind check_step(
	struct reader *r, const struct step_wire *w, uint64_t chain_id, uint32_t seen)
{
	static const struct at top = {.path = ""};
	const bool heights = w->kind == STEP_HEIGHTS;

	if (w->version != RECORD_VERSION)
		return bad(r, &top, "version",
			"%u is unknown, this program reads %d: use the "
			"release that the writer has",
			w->version, RECORD_VERSION);
	if (w->kind < STEP_NEW || w->kind > STEP_HEIGHTS)
		return bad(r, &top, "kind", "%u is unknown", w->kind);
	if (w->chain_id != chain_id)
		return bad(r, &top, "chain_id", "%" PRIu64 ", this stream is of chain %" PRIu64,
			w->chain_id, chain_id);
	if (heights != !w->seq)
		return bad(r, &top, "seq", heights ? "set in HEIGHTS" : "missing");
	if (heights && w->number)
		return bad(r, &top, "number", "set in HEIGHTS");
	for (unsigned i = 7; i <= 8; i++)
		if (heights == !!(seen & 1u << i))
			return bad(r, &top, step_fields[i].name,
				heights ? "set in HEIGHTS" : "missing");
	if ((w->kind == STEP_NEW) != !!(seen & 1u << 9))
		return bad(r, &top, "block", w->kind == STEP_NEW ? "missing" : "set, but not NEW");
	if (heights != !!(seen & 1u << 10))
		return bad(r, &top, "heights", heights ? "missing" : "set, but not HEIGHTS");
	return ERR_NONE;
}

static enum err_kind read_heights(struct reader *r, struct bytes raw, struct step *s)
{
	const struct at at = {.path = "heights"};
	enum err_kind k;
	uint32_t seen;

	if ((k = read_msg(r, &at, raw, heights_fields, s, &seen)))
		return k;
	s->has_safe = seen & 1u << 2;
	s->has_final = seen & 1u << 3;
	return ERR_NONE;
}

static enum err_kind read_new(struct reader *r, struct bytes raw, struct step *s)
{
	s->block = arena_calloc(r->mem, 1, sizeof(*s->block));
	s->block->h.number = s->id.number;
	s->block->h.hash = s->id.hash;
	s->block->h.parent = s->parent;
	return read_block(r, raw, s->block);
}

enum err_kind record_decode(struct step *out, struct bytes raw, uint64_t chain_id,
	uint8_t stream_id[16], struct arena *mem, struct err *e)
{
	static const struct at top = {.path = ""};
	struct reader r = {mem, e};
	struct step_wire w = {0};
	struct step s = {0};
	enum err_kind k;
	uint32_t seen;

	if (raw.n > RECORD_MAX_BYTES)
		return bad(&r, &top, "record", "%zu bytes, at most %d allowed", raw.n,
			RECORD_MAX_BYTES);
	if ((k = read_msg(&r, &top, raw, step_fields, &w, &seen)) ||
		(k = check_step(&r, &w, chain_id, seen)))
		return k;
	s.kind = (enum step_kind)w.kind;
	s.seq = w.seq;
	s.id = (struct block_id){w.number, w.hash};
	s.parent = w.parent;
	if (s.kind == STEP_NEW)
		k = read_new(&r, w.block, &s);
	else if (s.kind == STEP_HEIGHTS)
		k = read_heights(&r, w.heights, &s);
	if (k)
		return k;
	memcpy(stream_id, w.stream_id, 16);
	*out = s;
	return ERR_NONE;
}
