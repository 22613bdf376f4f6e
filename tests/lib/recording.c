/* Reads the files of tests/recordings and tests/vectors; see recording.h. */
#include "lib/recording.h"

#include "base/hex.h"

#include <zlib.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (64u << 20)

struct rec_lines {
	gzFile f;
	struct json_parser *parser;
	char *text;
	size_t size;
	char path[512];
};

struct recording {
	struct rec_lines *blocks, *receipts;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void *must(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

/* ---- files --------------------------------------------------------------------------------- */

struct rec_lines *rec_lines_open(const char *path)
{
	struct rec_lines *l = must(calloc(1, sizeof(*l)));

	snprintf(l->path, sizeof(l->path), "%s/%s", TEST_DIR, path);
	l->f = gzopen(l->path, "rb");
	if (!l->f)
		die("%s: can not open", l->path);
	gzbuffer(l->f, 1u << 18);
	l->parser = json_parser_new(LINE_MAX_BYTES);
	l->size = 1u << 20;
	l->text = must(malloc(l->size));
	return l;
}

/* Read up to a newline or the end. Returns the length, 0 at the end of the file. */
static size_t read_line(struct rec_lines *l, bool whole_file)
{
	size_t n = 0;

	for (;;) {
		int got;

		if (l->size - n < 2) {
			if (l->size >= LINE_MAX_BYTES)
				die("%s: a line is too long", l->path);
			l->size *= 2;
			l->text = must(realloc(l->text, l->size));
		}
		if (whole_file) {
			got = gzread(l->f, l->text + n, (unsigned)(l->size - n - 1));
			if (got < 0)
				die("%s: not readable", l->path);
			if (!got)
				return n;
			n += (size_t)got;
			continue;
		}
		if (!gzgets(l->f, l->text + n, (int)(l->size - n)))
			return n;
		n += strlen(l->text + n);
		if (n && l->text[n - 1] == '\n')
			return n - 1;
	}
}

static void parse(struct rec_lines *l, size_t n, struct jval *out)
{
	struct err e;

	if (json_parse(l->parser, l->text, n, out, &e))
		die("%s: %s", l->path, e.msg);
}

bool rec_lines_next(struct rec_lines *l, struct jval *out)
{
	size_t n = read_line(l, false);

	if (!n)
		return false;
	parse(l, n, out);
	return true;
}

void rec_lines_close(struct rec_lines *l)
{
	gzclose(l->f);
	json_parser_free(l->parser);
	free(l->text);
	free(l);
}

struct json_parser *rec_file(const char *path, struct jval *root)
{
	struct rec_lines *l = rec_lines_open(path);
	struct json_parser *p;

	parse(l, read_line(l, true), root);
	p = l->parser;
	l->parser = NULL;
	rec_lines_close(l);
	return p;
}

void rec_file_free(struct json_parser *p)
{
	json_parser_free(p);
}

/* ---- values -------------------------------------------------------------------------------- */

struct jval rec_get(struct jval v, const char *key)
{
	struct jval out;

	if (!json_get(v, key, &out))
		die("recording: member %s is missing", key);
	return out;
}

static const char *digits(struct jval v, size_t *n)
{
	const char *s;

	if (!json_str(v, &s, n))
		die("recording: not a string");
	if (*n >= 2 && s[0] == '0' && s[1] == 'x') {
		s += 2;
		*n -= 2;
	}
	return s;
}

struct bytes rec_hex(struct jval v, struct arena *mem)
{
	size_t n;
	const char *s = digits(v, &n);
	uint8_t *p = arena_alloc(mem, n / 2);

	if (n % 2 || !hex_decode(p, s, n / 2))
		die("recording: bad hex %.*s", (int)n, s);
	return (struct bytes){p, n / 2};
}

void rec_fixed(struct jval v, void *out, size_t n)
{
	size_t len;
	const char *s = digits(v, &len);

	if (len != 2 * n || !hex_decode(out, s, n))
		die("recording: not %zu bytes of hex: %.*s", n, (int)len, s);
}

uint64_t rec_u64(struct jval v)
{
	uint64_t out;
	int64_t i;

	if (json_i64(v, &i))
		return (uint64_t)i;
	if (!json_hex_u64(v, &out))
		die("recording: not a quantity");
	return out;
}

static struct u256 rec_u256(struct jval v)
{
	struct u256 out;

	if (!json_hex_u256(v, &out))
		die("recording: not a quantity");
	return out;
}

const char *rec_str(struct jval v, struct arena *mem)
{
	const char *s;
	char *copy;
	size_t n;

	if (!json_str(v, &s, &n))
		die("recording: not a string");
	copy = arena_alloc(mem, n + 1);
	memcpy(copy, s, n);
	copy[n] = 0;
	return copy;
}

/* ---- blocks -------------------------------------------------------------------------------- */

static bool has_hash(struct jval v, const char *key, struct hash32 *out)
{
	struct jval x;

	if (!json_get(v, key, &x) || json_is_null(x))
		return false;
	rec_fixed(x, out->b, 32);
	return true;
}

static void optional_fields(struct jval v, struct header *h)
{
	struct jval x;

	if (json_get(v, "baseFeePerGas", &x)) {
		h->base_fee = rec_u256(x);
		h->has |= HEADER_BASE_FEE;
	}
	if (has_hash(v, "withdrawalsRoot", &h->withdrawals_root))
		h->has |= HEADER_WITHDRAWALS;
	if (json_get(v, "blobGasUsed", &x)) {
		h->blob_gas_used = rec_u64(x);
		h->excess_blob_gas = rec_u64(rec_get(v, "excessBlobGas"));
		h->has |= HEADER_BLOB;
	}
	if (has_hash(v, "parentBeaconBlockRoot", &h->beacon_root))
		h->has |= HEADER_BEACON_ROOT;
	if (has_hash(v, "requestsHash", &h->requests_hash))
		h->has |= HEADER_REQUESTS;
}

void rec_header(struct jval v, struct arena *mem, struct header *out)
{
	struct header h = {0};

	rec_fixed(rec_get(v, "hash"), h.hash.b, 32);
	rec_fixed(rec_get(v, "parentHash"), h.parent.b, 32);
	rec_fixed(rec_get(v, "sha3Uncles"), h.uncles.b, 32);
	rec_fixed(rec_get(v, "stateRoot"), h.state_root.b, 32);
	rec_fixed(rec_get(v, "transactionsRoot"), h.tx_root.b, 32);
	rec_fixed(rec_get(v, "receiptsRoot"), h.receipts_root.b, 32);
	rec_fixed(rec_get(v, "mixHash"), h.mix_hash.b, 32);
	rec_fixed(rec_get(v, "miner"), h.miner.b, 20);
	rec_fixed(rec_get(v, "logsBloom"), h.bloom, sizeof(h.bloom));
	rec_fixed(rec_get(v, "nonce"), h.nonce, sizeof(h.nonce));
	h.difficulty = rec_u256(rec_get(v, "difficulty"));
	h.number = rec_u64(rec_get(v, "number"));
	h.gas_limit = rec_u64(rec_get(v, "gasLimit"));
	h.gas_used = rec_u64(rec_get(v, "gasUsed"));
	h.time = rec_u64(rec_get(v, "timestamp"));
	h.extra = rec_hex(rec_get(v, "extraData"), mem);
	optional_fields(v, &h);
	*out = h;
}

static void rec_access(struct jval list, struct arena *mem, struct tx *tx)
{
	struct jval x, k;
	struct jiter it, keys;

	tx->access = arena_calloc(mem, json_count(list), sizeof(*tx->access));
	for (json_iter(list, &it); json_next(&it, &x); tx->access_count++) {
		struct access_item *a = &tx->access[tx->access_count];
		struct jval slots = rec_get(x, "storageKeys");

		rec_fixed(rec_get(x, "address"), a->address.b, 20);
		a->keys = arena_calloc(mem, json_count(slots), sizeof(*a->keys));
		for (json_iter(slots, &keys); json_next(&keys, &k);)
			rec_fixed(k, a->keys[a->key_count++].b, 32);
	}
}

/* What types 3 and 4 have beyond type 2. */
static void rec_blobs_auths(struct jval v, struct arena *mem, struct tx *tx)
{
	struct jval x, item;
	struct jiter it;

	if (json_get(v, "maxFeePerBlobGas", &x))
		tx->max_fee_per_blob_gas = rec_u256(x);
	if (json_get(v, "blobVersionedHashes", &x)) {
		tx->blob_hashes = arena_calloc(mem, json_count(x), sizeof(*tx->blob_hashes));
		for (json_iter(x, &it); json_next(&it, &item);)
			rec_fixed(item, tx->blob_hashes[tx->blob_hash_count++].b, 32);
	}
	if (!json_get(v, "authorizationList", &x))
		return;
	tx->auths = arena_calloc(mem, json_count(x), sizeof(*tx->auths));
	for (json_iter(x, &it); json_next(&it, &item); tx->auth_count++) {
		struct authorization *a = &tx->auths[tx->auth_count];

		a->chain_id = rec_u256(rec_get(item, "chainId"));
		rec_fixed(rec_get(item, "address"), a->address.b, 20);
		a->nonce = rec_u64(rec_get(item, "nonce"));
		a->y_parity = (uint8_t)rec_u64(rec_get(item, "yParity"));
		a->r = rec_u256(rec_get(item, "r"));
		a->s = rec_u256(rec_get(item, "s"));
	}
}

static bool is_zero(const void *p, size_t n)
{
	for (const uint8_t *b = p; n; b++, n--)
		if (*b)
			return false;
	return true;
}

static void rec_tx(struct jval v, struct arena *mem, struct tx *tx)
{
	struct jval x;

	rec_fixed(rec_get(v, "hash"), tx->hash.b, 32);
	rec_fixed(rec_get(v, "from"), tx->from.b, 20);
	tx->creates = json_is_null(rec_get(v, "to"));
	if (!tx->creates)
		rec_fixed(rec_get(v, "to"), tx->to.b, 20);
	tx->type = (uint8_t)rec_u64(rec_get(v, "type"));
	tx->index = (uint32_t)rec_u64(rec_get(v, "transactionIndex"));
	tx->status = -1;
	tx->nonce = rec_u64(rec_get(v, "nonce"));
	tx->gas = rec_u64(rec_get(v, "gas"));
	tx->value = rec_u256(rec_get(v, "value"));
	tx->v = rec_u256(rec_get(v, "v"));
	tx->r = rec_u256(rec_get(v, "r"));
	tx->s = rec_u256(rec_get(v, "s"));
	tx->input = rec_hex(rec_get(v, "input"), mem);
	if (json_get(v, "gasPrice", &x))
		tx->gas_price = rec_u256(x);
	if (json_get(v, "maxFeePerGas", &x))
		tx->max_fee = rec_u256(x);
	if (json_get(v, "maxPriorityFeePerGas", &x))
		tx->max_priority_fee = rec_u256(x);
	tx->has_chain_id = json_get(v, "chainId", &x) && !json_is_null(x);
	if (tx->has_chain_id)
		tx->chain_id = rec_u256(x);
	if (json_get(v, "accessList", &x))
		rec_access(x, mem, tx);
	rec_blobs_auths(v, mem, tx);
	tx->state_sync = is_zero(tx->from.b, 20) && !tx->creates && is_zero(tx->to.b, 20) &&
		u256_is_zero(tx->r);
}

struct tx *rec_txs(struct jval array, struct arena *mem, size_t *n)
{
	struct tx *list = arena_calloc(mem, json_count(array), sizeof(*list));
	struct jiter it;
	struct jval x;

	*n = 0;
	for (json_iter(array, &it); json_next(&it, &x);)
		rec_tx(x, mem, &list[(*n)++]);
	return list;
}

static void rec_log(struct jval v, struct arena *mem, struct log *l)
{
	struct jiter it;
	struct jval x;

	rec_fixed(rec_get(v, "address"), l->address.b, 20);
	rec_fixed(rec_get(v, "transactionHash"), l->tx_hash.b, 32);
	l->tx_index = (uint32_t)rec_u64(rec_get(v, "transactionIndex"));
	l->log_index = (uint32_t)rec_u64(rec_get(v, "logIndex"));
	l->data = rec_hex(rec_get(v, "data"), mem);
	for (json_iter(rec_get(v, "topics"), &it); json_next(&it, &x);) {
		if (l->topic_count == LOG_TOPICS_MAX)
			die("recording: a log with more than four topics");
		rec_fixed(x, l->topics[l->topic_count++].b, 32);
	}
}

static void rec_receipt(struct jval v, struct arena *mem, struct receipt *r)
{
	struct jval x, logs = rec_get(v, "logs");
	struct jiter it;
	uint8_t from[20];

	rec_fixed(rec_get(v, "transactionHash"), r->tx_hash.b, 32);
	r->tx_index = (uint32_t)rec_u64(rec_get(v, "transactionIndex"));
	if (json_get(v, "type", &x))
		r->type = (uint8_t)rec_u64(x);
	r->has_status = json_get(v, "status", &x);
	if (r->has_status)
		r->status = (uint8_t)rec_u64(x);
	else
		rec_fixed(rec_get(v, "root"), r->root.b, 32);
	r->cumulative_gas = rec_u64(rec_get(v, "cumulativeGasUsed"));
	r->gas_used = rec_u64(rec_get(v, "gasUsed"));
	rec_fixed(rec_get(v, "logsBloom"), r->bloom, sizeof(r->bloom));
	rec_fixed(rec_get(v, "from"), from, 20);
	r->state_sync = is_zero(from, 20) && !r->gas_used;
	r->logs = arena_calloc(mem, json_count(logs), sizeof(*r->logs));
	for (json_iter(logs, &it); json_next(&it, &x); r->log_count++) {
		rec_log(x, mem, &r->logs[r->log_count]);
		r->logs[r->log_count].state_sync = r->state_sync;
	}
}

struct receipt *rec_receipts(struct jval array, struct arena *mem, size_t *n)
{
	struct receipt *list = arena_calloc(mem, json_count(array), sizeof(*list));
	struct jiter it;
	struct jval x;

	*n = 0;
	for (json_iter(array, &it); json_next(&it, &x);)
		rec_receipt(x, mem, &list[(*n)++]);
	return list;
}

void rec_block(struct jval block, struct jval receipts, struct arena *mem, struct rec_block *out)
{
	rec_header(block, mem, &out->h);
	out->txs = rec_txs(rec_get(block, "transactions"), mem, &out->tx_count);
	out->receipts = rec_receipts(receipts, mem, &out->receipt_count);
	if (out->tx_count != out->receipt_count)
		die("recording: a block with %zu transactions and %zu receipts", out->tx_count,
			out->receipt_count);
}

struct recording *recording_open(const char *name)
{
	struct recording *r = must(calloc(1, sizeof(*r)));
	char path[512];

	snprintf(path, sizeof(path), "recordings/%s/blocks.ndjson.gz", name);
	r->blocks = rec_lines_open(path);
	snprintf(path, sizeof(path), "recordings/%s/receipts.ndjson.gz", name);
	r->receipts = rec_lines_open(path);
	return r;
}

bool recording_next(struct recording *r, struct arena *mem, struct rec_block *out)
{
	struct jval block, line;
	bool more = rec_lines_next(r->blocks, &block);

	if (more != rec_lines_next(r->receipts, &line))
		die("recording: blocks and receipts have not the same number of lines");
	if (more)
		rec_block(block, rec_get(line, "receipts"), mem, out);
	return more;
}

void recording_close(struct recording *r)
{
	rec_lines_close(r->blocks);
	rec_lines_close(r->receipts);
	free(r);
}
