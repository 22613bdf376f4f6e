/*
 * A synthetic chain as a body: JSON put together from constant text, a few numbers and hashes. What
 * is the same for all logs of a block (number and hashes in hex) is rendered once and kept for the
 * next log; that cache makes a body usable by one thread at a time, which the server's lock
 * ensures.
 */
#include "replay/synthetic.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/opt.h"
#include "replay/synth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FROM         "synthetic"
#define PREFIX       "synthetic:"
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ADDRESS_HEX  40
#define HASH_HEX     64

/* What was rendered last. */
struct rendered {
	uint64_t number;
	bool valid;
	char quantity[20]; /* "0x1f", with quotes */
	size_t quantity_n;
	char hash[HASH_HEX];
	uint64_t tx; /* SIZE_MAX: none yet */
	char tx_hash[HASH_HEX];
};

/* A log of a class: text around data, and around what the block adds. */
struct log_text {
	char *head; /* up to the digits of data */
	char *tail; /* after transactionIndex's value: logIndex, removed */
	size_t head_n, tail_n;
};

struct made {
	struct synth s; /* first */
	struct rendered now;
	struct log_text *text; /* [classes][logs] */
};

static struct made *made(const struct body *b)
{
	return (struct made *)b;
}

/* ---- text ------------------------------------------------------------------------------- */

static void put_hash(struct buf *out, const char *key, const void *p, size_t n)
{
	buf_str(out, key);
	buf_str(out, "\"0x");
	buf_hex(out, p, n);
	buf_chr(out, '"');
}

static void put_number(struct buf *out, const char *key, uint64_t v)
{
	buf_printf(out, "%s\"0x%" PRIx64 "\"", key, v);
}

/* A 32-byte number without leading zeros. */
static void put_wide(struct buf *out, const char *key, const uint8_t b[32])
{
	char hex[64];
	size_t i = 0;

	hex_encode(hex, b, 32);
	while (i < 63 && hex[i] == '0')
		i++;
	buf_str(out, key);
	buf_str(out, "\"0x");
	buf_add(out, hex + i, 64 - i);
	buf_chr(out, '"');
}

static const struct rendered *render(struct made *m, uint64_t n, uint64_t tx)
{
	struct rendered *r = &m->now;

	if (!r->valid || r->number != n) {
		r->valid = true;
		r->number = n;
		r->tx = UINT64_MAX;
		r->quantity_n =
			(size_t)snprintf(r->quantity, sizeof(r->quantity), "\"0x%" PRIx64 "\"", n);
		hex_encode(r->hash, m->s.blocks[n].hash.b, 32);
	}
	if (r->tx != tx) {
		r->tx = tx;
		hex_encode(r->tx_hash, synth_tx_of(&m->s, n, tx)->hash.b, 32);
	}
	return r;
}

static void make_text(struct made *m)
{
	struct synth *s = &m->s;
	uint64_t n = s->classes * s->spec.logs;
	struct buf b;

	m->text = calloc(n + 1, sizeof(*m->text));
	if (!m->text)
		abort();
	buf_init(&b, 1u << 20);
	for (uint64_t i = 0; i < n; i++) {
		const struct rec_log *l = &s->logs[i];

		buf_clear(&b);
		put_hash(&b, "{\"address\":", l->address.b, 20);
		buf_str(&b, ",\"topics\":[");
		for (unsigned t = 0; t < l->topic_count; t++)
			put_hash(&b, t ? "," : "", l->topics[t].b, 32);
		buf_str(&b, "],\"data\":\"0x");
		m->text[i].head = strndup(b.p, b.n);
		m->text[i].head_n = b.n;
		buf_clear(&b);
		put_number(&b, ",\"transactionIndex\":", l->index / s->spec.per_tx);
		put_number(&b, ",\"logIndex\":", l->index);
		buf_str(&b, ",\"removed\":false}");
		m->text[i].tail = strndup(b.p, b.n);
		m->text[i].tail_n = b.n;
	}
	buf_free(&b);
}

static char *lay(char *at, const void *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

#define LAY(at, text) lay(at, text, sizeof(text) - 1)

static void syn_put_log(
	const struct body *b, const struct body_block *k, uint32_t log, struct buf *out)
{
	struct made *m = made(b);
	const struct synth *s = &m->s;
	const struct log_text *t = &m->text[synth_class(s, k->number) * s->spec.logs + log];
	const struct rendered *r = render(m, k->number, log / s->spec.per_tx);
	uint8_t data[32];
	size_t n = synth_data(s, k->number, log, data);
	char *at;

	if (!buf_reserve(out, t->head_n + 2 * n + t->tail_n + 256))
		return;
	at = lay(out->p + out->n, t->head, t->head_n);
	hex_encode(at, data, n);
	at = LAY(at + 2 * n, "\",\"blockNumber\":");
	at = lay(at, r->quantity, r->quantity_n);
	at = LAY(at, ",\"blockHash\":\"0x");
	at = lay(at, r->hash, HASH_HEX);
	at = LAY(at, "\",\"transactionHash\":\"0x");
	at = lay(at, r->tx_hash, HASH_HEX);
	at = LAY(at, "\"");
	at = lay(at, t->tail, t->tail_n);
	*at = 0;
	out->n = (size_t)(at - out->p);
}

/* ---- blocks ----------------------------------------------------------------------------- */

static bool give(const struct made *m, uint64_t n, struct body_block *out)
{
	if (n > m->s.spec.blocks)
		return false;
	*out = (struct body_block){
		.number = n,
		.time = m->s.spec.time + m->s.blocks[n].time,
		.hash = m->s.blocks[n].hash,
	};
	return true;
}

static bool syn_at(const struct body *b, unsigned fork, uint64_t n, struct body_block *out)
{
	(void)fork;
	return give(made(b), n, out);
}

static bool syn_by_hash(const struct body *b, const struct hash32 *hash, struct body_block *out)
{
	uint64_t n;
	size_t at;

	return lookup_get(made(b)->s.by_hash, hash->b, &n, &at) && give(made(b), n, out);
}

static bool syn_by_tx(const struct body *b, const struct hash32 *hash, size_t *cursor,
	struct body_block *out, uint32_t *index)
{
	uint64_t v;

	if (*cursor != SIZE_MAX || !lookup_get(made(b)->s.by_tx, hash->b, &v, cursor))
		return false;
	*index = (uint32_t)(v & 0xffff);
	return give(made(b), v >> 16, out);
}

static uint32_t syn_tx_count(const struct body *b, const struct body_block *k)
{
	return synth_active(&made(b)->s, k->number) ? (uint32_t)made(b)->s.txs : 0;
}

static bool syn_is_state_sync(const struct body *b, const struct body_block *k, uint32_t tx)
{
	(void)b;
	(void)k;
	(void)tx;
	return false;
}

static void syn_tx_hash(
	const struct body *b, const struct body_block *k, uint32_t tx, struct hash32 *out)
{
	*out = synth_tx_of(&made(b)->s, k->number, tx)->hash;
}

static void syn_put_tx(
	const struct body *b, const struct body_block *k, uint32_t i, struct buf *out)
{
	struct made *m = made(b);
	const struct synth_tx *kept = synth_tx_of(&m->s, k->number, i);
	uint8_t input[SYNTH_INPUT], price[32];
	struct tx tx;

	synth_tx(&m->s, k->number, i, &tx, input);
	u256_to_be(price, tx.gas_price);
	put_hash(out, "{\"hash\":", kept->hash.b, 32);
	put_number(out, ",\"nonce\":", tx.nonce);
	put_hash(out, ",\"blockHash\":", k->hash.b, 32);
	put_number(out, ",\"blockNumber\":", k->number);
	put_number(out, ",\"transactionIndex\":", i);
	put_hash(out, ",\"from\":", tx.from.b, 20);
	put_hash(out, ",\"to\":", tx.to.b, 20);
	buf_str(out, ",\"value\":\"0x0\"");
	put_wide(out, ",\"gasPrice\":", price);
	put_number(out, ",\"gas\":", tx.gas);
	put_hash(out, ",\"input\":", input, sizeof(input));
	put_number(out, ",\"chainId\":", m->s.spec.chain_id);
	buf_str(out, ",\"type\":\"0x0\"");
	put_number(out, ",\"v\":", m->s.spec.chain_id * 2 + 35 + kept->recid);
	put_wide(out, ",\"r\":", kept->sig);
	put_wide(out, ",\"s\":", kept->sig + 32);
	buf_chr(out, '}');
}

static void put_txs(const struct body *b, const struct body_block *k, bool full, struct buf *out)
{
	uint32_t n = syn_tx_count(b, k);

	buf_str(out, ",\"transactions\":[");
	for (uint32_t i = 0; i < n; i++) {
		if (full) {
			if (i)
				buf_chr(out, ',');
			syn_put_tx(b, k, i, out);
		} else {
			put_hash(out, i ? "," : "", synth_tx_of(&made(b)->s, k->number, i)->hash.b,
				32);
		}
	}
	buf_str(out, "],\"uncles\":[]");
}

static void syn_put_block(
	const struct body *b, const struct body_block *k, bool full, struct buf *out)
{
	const struct synth *s = &made(b)->s;
	uint8_t extra[97 + 40 * SYNTH_PRODUCERS];
	struct header h;

	synth_header(s, k->number, &h, extra);
	put_hash(out, "{\"hash\":", k->hash.b, 32);
	put_hash(out, ",\"parentHash\":", h.parent.b, 32);
	put_number(out, ",\"number\":", h.number);
	put_number(out, ",\"timestamp\":", h.time);
	put_hash(out, ",\"sha3Uncles\":", h.uncles.b, 32);
	put_hash(out, ",\"miner\":", h.miner.b, 20);
	put_hash(out, ",\"stateRoot\":", h.state_root.b, 32);
	put_hash(out, ",\"transactionsRoot\":", h.tx_root.b, 32);
	put_hash(out, ",\"receiptsRoot\":", h.receipts_root.b, 32);
	put_hash(out, ",\"logsBloom\":", h.bloom, sizeof(h.bloom));
	put_number(out, ",\"difficulty\":", h.difficulty.w[0]);
	put_number(out, ",\"totalDifficulty\":", s->blocks[k->number].difficulty);
	put_number(out, ",\"gasLimit\":", h.gas_limit);
	put_number(out, ",\"gasUsed\":", h.gas_used);
	put_hash(out, ",\"extraData\":", h.extra.p, h.extra.n);
	put_hash(out, ",\"mixHash\":", h.mix_hash.b, 32);
	put_hash(out, ",\"nonce\":", h.nonce, sizeof(h.nonce));
	put_number(out, ",\"size\":", 600 + 200 * syn_tx_count(b, k));
	if (h.has & HEADER_BASE_FEE)
		put_number(out, ",\"baseFeePerGas\":", h.base_fee.w[0]);
	if (h.has & HEADER_WITHDRAWALS) {
		put_hash(out, ",\"withdrawalsRoot\":", h.withdrawals_root.b, 32);
		buf_str(out, ",\"withdrawals\":[]");
	}
	put_txs(b, k, full, out);
	buf_chr(out, '}');
}

/* ---- receipts --------------------------------------------------------------------------- */

static void put_receipt_head(
	const struct body *b, const struct body_block *k, uint32_t i, struct buf *out)
{
	const struct synth *s = &made(b)->s;
	uint64_t gas = 0;

	for (uint64_t t = 0; t <= i; t++)
		gas += SYNTH_GAS(synth_tx_logs(s, t));
	put_hash(out, "{\"blockHash\":", k->hash.b, 32);
	put_number(out, ",\"blockNumber\":", k->number);
	buf_str(out, ",\"contractAddress\":null");
	put_number(out, ",\"cumulativeGasUsed\":", gas);
	put_number(out, ",\"gasUsed\":", SYNTH_GAS(synth_tx_logs(s, i)));
	buf_str(out, ",\"logs\":[");
}

static void syn_put_receipt(const struct body *b, const struct body_block *k, uint32_t i,
	enum receipt_form form, bool tail, struct buf *out)
{
	const struct synth *s = &made(b)->s;
	uint8_t input[SYNTH_INPUT];
	struct tx tx;

	if (!tail) {
		put_receipt_head(b, k, i, out);
		return;
	}
	synth_tx(s, k->number, i, &tx, input);
	put_hash(out, "],\"logsBloom\":", s->tx_bloom[synth_class(s, k->number) * s->txs + i], 256);
	buf_str(out, ",\"status\":\"0x1\"");
	put_hash(out, ",\"from\":", tx.from.b, 20);
	put_hash(out, ",\"to\":", tx.to.b, 20);
	put_hash(out, ",\"transactionHash\":", synth_tx_of(s, k->number, i)->hash.b, 32);
	put_number(out, ",\"transactionIndex\":", i);
	if (form == RECEIPT_PLAIN) {
		buf_str(out, ",\"type\":\"0x0\"");
		put_number(out, ",\"effectiveGasPrice\":", tx.gas_price.w[0]);
	}
	buf_chr(out, '}');
}

static uint32_t syn_logs(
	const struct body *b, const struct body_block *k, const struct rec_log **logs)
{
	const struct synth *s = &made(b)->s;

	if (!synth_active(s, k->number))
		return 0;
	*logs = &s->logs[synth_class(s, k->number) * s->spec.logs];
	return (uint32_t)s->spec.logs;
}

static void syn_tx_logs(const struct body *b, const struct body_block *k, uint32_t tx,
	uint32_t *first, uint32_t *count)
{
	(void)k;
	*first = (uint32_t)(tx * made(b)->s.spec.per_tx);
	*count = (uint32_t)synth_tx_logs(&made(b)->s, tx);
}

static void syn_roots(const struct body *b, const struct body_block *k, struct hash32 *txs,
	struct hash32 *receipts)
{
	*txs = made(b)->s.blocks[k->number].tx_root;
	*receipts = made(b)->s.blocks[k->number].receipts_root;
}

static bool syn_has_code(const struct body *b, const struct address *a)
{
	(void)b;
	return address_eq(a, &synthetic_contract);
}

static void syn_free(struct body *b)
{
	struct made *m = made(b);

	for (uint64_t i = 0; m->text && i < m->s.classes * m->s.spec.logs; i++) {
		free(m->text[i].head);
		free(m->text[i].tail);
	}
	free(m->text);
	synth_clear(&m->s);
	free(m);
}

static const struct body_ops synthetic_ops = {
	.at = syn_at,
	.by_hash = syn_by_hash,
	.by_tx = syn_by_tx,
	.put_block = syn_put_block,
	.tx_count = syn_tx_count,
	.is_state_sync = syn_is_state_sync,
	.tx_hash = syn_tx_hash,
	.put_tx = syn_put_tx,
	.put_receipt = syn_put_receipt,
	.logs = syn_logs,
	.tx_logs = syn_tx_logs,
	.put_log = syn_put_log,
	.roots = syn_roots,
	.has_code = syn_has_code,
	.free = syn_free,
};

/* ---- the text that describes a chain ---------------------------------------------------- */

struct key {
	const char *name;
	size_t offset;
	uint64_t min, max;
};

#define AT(f) offsetof(struct synth_spec, f)
static const struct key keys[] = {
	{"blocks", AT(blocks), 1, 100000000},
	{"logs", AT(logs), 0, 10000},
	{"per-tx", AT(per_tx), 1, 10000},
	{"every", AT(every), 1, 1000000},
	{"seed", AT(seed), 0, UINT64_MAX},
	{"step", AT(step), 1, 3600},
	{"time", AT(time), 0, UINT32_MAX},
	{"chain", AT(chain_id), 1, INT64_MAX / 4},
	{"head", AT(head), 0, 100000000},
	{"period", AT(period_ms), 0, 3600000},
};

static enum err_kind set(struct synth_spec *s, const char *name, const char *value, struct err *e)
{
	const char *names[ARRAY_LEN(keys) + 2] = {"kind"};
	const char *near;
	unsigned long long v;
	char *end;

	if (!strcmp(name, "kind")) {
		s->bttc = !strcmp(value, "bttc");
		if (s->bttc || !strcmp(value, "ethereum"))
			return ERR_NONE;
		return err_set(
			e, ERR_FATAL, FROM, 0, "kind is ethereum or bttc, not \"%.40s\"", value);
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		names[i + 1] = keys[i].name;
		if (strcmp(name, keys[i].name))
			continue;
		errno = 0;
		v = strtoull(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || v < keys[i].min ||
			v > keys[i].max)
			return err_set(e, ERR_FATAL, FROM, 0,
				"%s is a number from %" PRIu64 " to %" PRIu64 ", not \"%.40s\"",
				name, keys[i].min, keys[i].max, value);
		memcpy((char *)s + keys[i].offset, &(uint64_t){v}, sizeof(uint64_t));
		return ERR_NONE;
	}
	near = opt_nearest(name, names);
	return err_set(e, ERR_FATAL, FROM, 0, "unknown key \"%.40s\"%s%s%s", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static enum err_kind check(const struct synth_spec *s, struct err *e)
{
	if (s->head > s->blocks)
		return err_set(e, ERR_FATAL, FROM, 0,
			"head %" PRIu64 " is above the last of %" PRIu64 " blocks", s->head,
			s->blocks);
	if ((s->logs + s->per_tx - 1) / s->per_tx > 0xffff)
		return err_set(e, ERR_FATAL, FROM, 0, "more than 65535 transactions a block");
	if (s->blocks / s->every * s->logs > 2000000000)
		return err_set(e, ERR_FATAL, FROM, 0, "more than 2,000,000,000 logs");
	return ERR_NONE;
}

static enum err_kind parse(struct synth_spec *s, const char *text, struct err *e)
{
	char *copy = strdup(text + sizeof(PREFIX) - 1), *rest = copy, *pair, *value;
	enum err_kind k = ERR_NONE;

	if (!copy)
		abort();
	*s = (struct synth_spec){.blocks = 20000,
		.logs = 5,
		.per_tx = 5,
		.every = 1,
		.seed = 1,
		.step = 3,
		.time = 1704067200,
		.chain_id = 424242,
		.head = UINT64_MAX};
	while (!k && *copy && (pair = strsep(&rest, ","))) {
		value = strchr(pair, '=');
		if (!value) {
			k = err_set(e, ERR_FATAL, FROM, 0, "\"%.40s\" is not key=value", pair);
			break;
		}
		*value++ = 0;
		k = set(s, pair, value, e);
	}
	if (s->head == UINT64_MAX)
		s->head = s->blocks;
	if (!k)
		k = check(s, e);
	free(copy);
	return k ? err_wrap(e, "%.100s", text) : ERR_NONE;
}

bool synthetic_is(const char *text)
{
	return !strncmp(text, PREFIX, sizeof(PREFIX) - 1);
}

const char *synthetic_key(const char *text)
{
	return strstr(text, "kind=bttc") ? "bttc" : "root";
}

enum err_kind synthetic_make(
	struct body **out, const char *text, struct synthetic_live *live, struct err *e)
{
	struct made *m;
	struct synth_spec spec;
	enum err_kind k = parse(&spec, text, e);

	if (k)
		return k;
	m = calloc(1, sizeof(*m));
	if (!m)
		abort();
	m->s.spec = spec;
	synth_build(&m->s);
	make_text(m);
	m->s.body = (struct body){
		.ops = &synthetic_ops,
		.kind = spec.bttc ? REC_BTTC : REC_ETHEREUM,
		.key = synthetic_key(text),
		.chain_id = spec.chain_id,
		.client = "synthetic/v1",
		.first = 0,
		.last = spec.blocks,
	};
	live->head = spec.head;
	live->period_us = spec.period_ms * 1000;
	*out = &m->s.body;
	return ERR_NONE;
}

enum err_kind synthetic_network(FILE *to, const char *text, struct err *e)
{
	struct synth_spec s;
	char address[ADDRESS_HEX + 1] = {0};
	enum err_kind k = parse(&s, text, e);

	if (k)
		return k;
	hex_encode(address, synthetic_contract.b, 20);
	fprintf(to,
		"{\n"
		"  \"name\": \"synthetic\",\n"
		"  \"chains\": [\n"
		"    {\n"
		"      \"key\": \"%s\", \"kind\": \"%s\", \"role\": \"%s\", \"chain_id\": %" PRIu64
		",\n"
		"%s"
		"      \"first_block\": 0,\n"
		"      \"parent_hash\": \"0x%064d\",\n"
		"      \"finality\": {\"rule\": \"depth\", \"safe\": 10, \"final\": %d},\n"
		"      \"block_period_ms\": %" PRIu64 ",\n"
		"      \"required_level\": \"bloom\",\n"
		"      \"tx_scan\": \"none\",\n"
		"      \"contracts\": [\n"
		"        {\"name\": \"StakingInfo\", \"address\": \"0x%s\", \"abi\": "
		"[\"StakingInfo\"]}\n"
		"      ],\n"
		"      \"watches\": [{\"contract\": \"StakingInfo\"}]\n"
		"    }\n"
		"  ]\n"
		"}\n",
		synthetic_key(text), s.bttc ? "bttc" : "ethereum", s.bttc ? "child" : "mirror",
		s.chain_id, s.bttc ? "" : "      \"root_chain_id\": 2,\n", 0, s.bttc ? 0 : 64,
		s.period_ms ? s.period_ms : s.step * 1000, address);
	return ERR_NONE;
}
