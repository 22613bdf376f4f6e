/*
 * Two states, value by value: what view functions can be asked for, under names that people know. What no
 * view tells is left out: balances, positions, who was partner of what.
 */
#include "ledger/fields.h"
#include "ledger/state.h"

#include "base/hex.h"

#include <stdio.h>

struct comparing {
	const struct ledger *a, *b;
	void (*tell)(void *arg, const struct ledger_difference *d);
	void *arg;
	size_t count;
};

struct text {
	char s[U256_DEC_MAX + 4];
};

static struct text value_text(const struct ledger_field *f, const void *record)
{
	const char *at = (const char *)record + f->offset;
	struct text t = {"0x"};
	uint64_t big;
	uint32_t small;
	struct u256 v;

	switch (f->type) {
	case FIELD_U64:
		memcpy(&big, at, sizeof(big));
		snprintf(t.s, sizeof(t.s), "%llu", (unsigned long long)big);
		break;
	case FIELD_U32:
		memcpy(&small, at, sizeof(small));
		snprintf(t.s, sizeof(t.s), "%u", small);
		break;
	case FIELD_U256:
		memcpy(&v, at, sizeof(v));
		t.s[u256_dec(t.s, v)] = 0;
		break;
	case FIELD_ADDRESS: hex_encode(t.s + 2, (const uint8_t *)at, 20); t.s[42] = 0; break;
	case FIELD_HASH: hex_encode(t.s + 2, (const uint8_t *)at, 32); t.s[66] = 0; break;
	}
	return t;
}

/* Of the record's own name and its key. */
static void field_name(
	char *out, size_t n, enum ledger_kind kind, const struct ledger_key *key, const char *column)
{
	char hex[41];

	if (kind == LEDGER_GLOBAL) {
		snprintf(out, n, "%s", strcmp(column, "staker_count") ? column : "validator_count");
	} else if (kind == LEDGER_ROOT_CHAIN) {
		snprintf(out, n, "%s/%llu",
			strcmp(column, "reward") ? "current_header_block_id" : "checkpoint_reward",
			(unsigned long long)key->n);
	} else if (kind == LEDGER_SHARE) {
		hex_encode(hex, key->a.b, 20);
		hex[40] = 0;
		snprintf(out, n, "share/0x%s/%s", hex, column);
	} else if (kind == LEDGER_VALIDATOR && key->n == LEDGER_SINK) {
		snprintf(out, n, "validator/sink/%s", column);
	} else {
		snprintf(out, n, "%s/%llu/%s", ledger_kind_name(kind), (unsigned long long)key->n, column);
	}
}

/* Views do not tell: an auction's open bid, whether a reward was ever set. */
static bool is_told(enum ledger_kind kind, const char *column)
{
	return !(kind == LEDGER_VALIDATOR && !strcmp(column, "auction_amount")) &&
	       !(kind == LEDGER_ROOT_CHAIN && !strcmp(column, "rewarded"));
}

static void compare_records(struct comparing *c, enum ledger_kind kind, const struct ledger_key *key,
	const void *x, const void *y)
{
	static const _Alignas(16) char none[LEDGER_RECORD_MAX];
	struct ledger_fields f = ledger_fields(kind);

	x = x ? x : none;
	y = y ? y : none;
	for (unsigned i = f.keys; i < f.n; i++) {
		struct ledger_difference d = {0};
		struct text a, b;
		char name[150];

		if (!is_told(kind, f.v[i].column))
			continue;
		c->count++;
		a = value_text(&f.v[i], x);
		b = value_text(&f.v[i], y);
		if (!strcmp(a.s, b.s))
			continue;
		field_name(name, sizeof(name), kind, key, f.v[i].column);
		d = (struct ledger_difference){.name = name, .a = a.s, .b = b.s};
		d.is_parameter = ledger_parameter_parse(&d.parameter, name) &&
				 u256_parse_dec(&d.value, b.s, strlen(b.s));
		c->tell(c->arg, &d);
	}
}

/* Records of either state, each once. */
static void compare_kind(struct comparing *c, enum ledger_kind kind)
{
	for (size_t i = 0; i < ledger_count(c->b, kind); i++) {
		const struct ledger_key *key = ledger_at(c->b, kind, i);

		compare_records(c, kind, key, ledger_record(c->a, kind, key), key);
	}
	for (size_t i = 0; i < ledger_count(c->a, kind); i++) {
		const struct ledger_key *key = ledger_at(c->a, kind, i);

		if (!ledger_record(c->b, kind, key))
			compare_records(c, kind, key, key, NULL);
	}
}

static void add_signers(struct buf *out, const struct ledger *l)
{
	size_t n;
	const struct address *a = ledger_signers(l, &n);

	buf_str(out, n ? "" : "none");
	for (size_t i = 0; i < n; i++) {
		buf_str(out, i ? " 0x" : "0x");
		buf_hex(out, a[i].b, sizeof(a[i].b));
	}
}

static void compare_signers(struct comparing *c)
{
	struct ledger_difference d = {.name = "signers"};
	struct buf a, b;

	buf_init(&a, 1u << 20);
	buf_init(&b, 1u << 20);
	add_signers(&a, c->a);
	add_signers(&b, c->b);
	c->count++;
	if (strcmp(a.p, b.p) != 0) {
		d.a = a.p;
		d.b = b.p;
		c->tell(c->arg, &d);
	}
	buf_free(&a);
	buf_free(&b);
}

size_t ledger_compare(const struct ledger *a, const struct ledger *b,
	void (*tell)(void *arg, const struct ledger_difference *d), void *arg)
{
	static const enum ledger_kind kinds[] = {
		LEDGER_GLOBAL, LEDGER_ROOT_CHAIN, LEDGER_VALIDATOR, LEDGER_SHARE};
	struct comparing c = {a, b, tell, arg, 0};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		compare_kind(&c, kinds[i]);
	compare_signers(&c);
	return c.count;
}
