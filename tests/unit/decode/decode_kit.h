#ifndef DECODE_KIT_H
#define DECODE_KIT_H

/* What the tests of decode share: a network, made-up logs, and recorded blocks as ingest keeps them. */
#include "lib/check.h"

#include "lib/recording.h"

#include "base/hex.h"
#include "decode/decode.h"

static inline struct network *kit_network(const char *name)
{
	struct network *n = NULL;
	struct err e = {0};

	if (network_load(&n, name, &e) != ERR_NONE)
		fail_msg("%s: %s", name, e.msg);
	return n;
}

/* "0x..", any length, into the arena. */
static inline struct bytes kit_hex(struct arena *mem, const char *hex)
{
	size_t n = (strlen(hex) - 2) / 2;
	uint8_t *p = arena_alloc(mem, n);

	if (!hex_fixed(p, n, hex, strlen(hex)))
		fail_msg("bad hex %.40s", hex);
	return (struct bytes){p, n};
}

static inline struct hash32 kit_word(uint64_t v)
{
	struct hash32 h = {0};

	for (unsigned i = 0; i < 8; i++)
		h.b[31 - i] = (uint8_t)(v >> (8 * i));
	return h;
}

static inline struct hash32 kit_address_word(const struct address *a)
{
	struct hash32 h = {0};

	memcpy(h.b + 12, a->b, 20);
	return h;
}

static inline const struct abi_event *kit_event(const struct contract *c, const char *name)
{
	for (size_t i = 0; i < c->event_count; i++)
		if (!strcmp(c->events[i]->name, name) || !strcmp(c->events[i]->signature, name))
			return c->events[i];
	fail_msg("%s has no event %s", c->name, name);
	return NULL;
}

/* A log of that event: topics and data words in the order of the ABI (indexed ones first). */
static inline struct log kit_log(struct arena *mem, const struct contract *c, const char *event,
	const struct hash32 *words, size_t n)
{
	const struct abi_event *ev = kit_event(c, event);
	struct log l = {.address = c->address, .topic_count = (uint8_t)(1 + ev->indexed_count)};
	size_t data = n - ev->indexed_count;

	assert_true(n >= ev->indexed_count);
	l.topics[0] = ev->topic0;
	for (unsigned i = 0; i < ev->indexed_count; i++)
		l.topics[1 + i] = words[i];
	l.data = (struct bytes){arena_dup(mem, words + ev->indexed_count, 32 * data), 32 * data};
	return l;
}

/* The shares of a recording's meta.json as discoveries of its first block. */
static inline struct discovery *kit_shares(const char *recording, uint64_t block, struct arena *mem,
	size_t *n)
{
	struct jval root, item;
	struct json_parser *p =
		rec_file(arena_printf(mem, "recordings/%s/meta.json", recording), &root);
	struct jval list = rec_get(root, "validatorShares");
	struct discovery *f = arena_calloc(mem, json_count(list) + 1, sizeof(*f));
	const char *key;
	size_t len;
	struct jiter it;

	*n = 0;
	for (json_iter(list, &it); json_next_member(&it, &key, &len, &item); (*n)++) {
		f[*n] = (struct discovery){.contract = "ValidatorShare",
			.rule = "validator_share",
			.block = block,
			.has_validator = true,
			.validator_id = strtoull(key, NULL, 10)};
		rec_fixed(item, f[*n].address.b, 20);
	}
	rec_file_free(p);
	return f;
}

/* A recorded block with every log and transaction, as if all were kept. */
static inline struct block kit_block(const struct rec_block *r, struct arena *mem)
{
	struct block b = {.h = r->h, .txs = r->txs, .tx_count = r->tx_count};
	size_t n = 0;

	for (size_t i = 0; i < r->receipt_count; i++)
		n += r->receipts[i].log_count;
	b.logs = arena_calloc(mem, n + 1, sizeof(*b.logs));
	for (size_t i = 0; i < r->receipt_count; i++) {
		r->txs[i].status = (int8_t)r->receipts[i].status;
		for (size_t k = 0; k < r->receipts[i].log_count; k++)
			b.logs[b.log_count++] = r->receipts[i].logs[k];
	}
	return b;
}

#endif
