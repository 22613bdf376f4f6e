/*
 * Query strings. One table maps each parameter to its parser; a route says which of them it takes.
 * A parameter that is unknown, not of this path, given twice or out of range is refused by name, so
 * that a misspelt filter can never widen an answer.
 */
#include "api/query.h"

#include "base/clock.h"
#include "chain/base58.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct parse {
	const struct network *net;
	struct query *q;
	char detail[240];
};

static bool say(struct parse *p, const char *fmt, ...) PRINTF(2, 3);

static bool say(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->detail, sizeof(p->detail), fmt, ap);
	va_end(ap);
	return false;
}

static bool text_is(struct text t, const char *s)
{
	return t.n == strlen(s) && !memcmp(t.p, s, t.n);
}

/* -------- text -------- */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the UTF-8 sequence at s that is valid and no control character; 0: none. */
static size_t utf8_step(const uint8_t *s, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t k;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	k = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc0 || s[0] > 0xf4 || k > n)
		return 0;
	code = s[0] & (0x7fu >> k);
	for (size_t i = 1; i < k; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fu);
	}
	if (code < least[k] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return k;
}

static bool utf8_ok(const char *s, size_t n)
{
	size_t i = 0, k;

	for (; i < n; i += k)
		if (!(k = utf8_step((const uint8_t *)s + i, n - i)))
			return false;
	return true;
}

bool text_decode(struct text raw, struct arena *mem, struct text *out)
{
	char *to = arena_alloc(mem, raw.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] != '%') {
			to[n++] = raw.p[i];
			continue;
		}
		if (raw.n - i < 3 || digit(raw.p[i + 1]) < 0 || digit(raw.p[i + 2]) < 0)
			return false;
		to[n++] = (char)(digit(raw.p[i + 1]) << 4 | digit(raw.p[i + 2]));
		i += 2;
	}
	to[n] = 0;
	*out = (struct text){to, n};
	return utf8_ok(to, n);
}

bool query_int(int64_t *out, struct text t)
{
	uint64_t v = 0;

	if (!t.n || t.n > 19 || (t.p[0] == '0' && t.n > 1))
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(t.p[i] - '0');
	}
	if (v > INT64_MAX)
		return false;
	*out = (int64_t)v;
	return true;
}

/* -------- one parser a parameter -------- */

static bool parse_limit(struct parse *p, struct text v)
{
	int64_t n;

	if (!query_int(&n, v) || n < 1 || n > QUERY_LIMIT_MAX)
		return say(p, "must be an integer from 1 to %d", QUERY_LIMIT_MAX);
	p->q->limit = (unsigned)n;
	return true;
}

static bool parse_cursor(struct parse *p, struct text v)
{
	p->q->cursor = v;
	return v.n ? true : say(p, "must be the `next` of an earlier answer");
}

static bool parse_order(struct parse *p, struct text v)
{
	p->q->ascending = text_is(v, "asc");
	return p->q->ascending || text_is(v, "desc") ? true : say(p, "must be asc or desc");
}

/* A fraction that is not zero: the next whole second is the first one at or after it. */
static bool has_fraction(struct text v)
{
	const char *dot = memchr(v.p, '.', v.n);

	if (!dot)
		return false;
	for (dot++; dot < v.p + v.n && digit(*dot) >= 0; dot++)
		if (*dot != '0')
			return true;
	return false;
}

static bool parse_when(struct parse *p, struct text v, struct when *out)
{
	if (query_int(&out->value, v)) {
		out->kind = WHEN_BLOCK;
		return true;
	}
	if (clock_parse_rfc3339(&out->value, v.p, v.n))
		return say(p,
			"must be a block number or an RFC 3339 time such as 2024-01-31T00:00:00Z");
	out->kind = WHEN_TIME;
	return true;
}

static bool parse_from(struct parse *p, struct text v)
{
	if (!parse_when(p, v, &p->q->from))
		return false;
	if (p->q->from.kind == WHEN_TIME && has_fraction(v))
		p->q->from.value++;
	return true;
}

static bool parse_to(struct parse *p, struct text v)
{
	return parse_when(p, v, &p->q->to);
}

static bool parse_finality(struct parse *p, struct text v)
{
	if (text_is(v, "pending"))
		p->q->finality = FINALITY_PENDING;
	else if (text_is(v, "safe"))
		p->q->finality = FINALITY_SAFE;
	else if (text_is(v, "final") || text_is(v, "checkpointed"))
		p->q->finality = FINALITY_FINAL;
	else
		return say(p, "must be pending, safe, final or checkpointed");
	return true;
}

static bool parse_verification(struct parse *p, struct text v)
{
	for (int level = LEVEL_TRUSTED; level <= LEVEL_QUORUM; level++)
		if (text_is(v, level_name((enum level)level))) {
			p->q->verification = (enum level)level;
			return true;
		}
	return say(p, "must be trusted, linked, hashed, bloom, receipts or quorum");
}

static bool parse_chain(struct parse *p, struct text v)
{
	char known[160] = "";

	for (size_t i = 0; i < p->net->chain_count; i++) {
		size_t n = strlen(known);

		if (text_is(v, p->net->chains[i].key)) {
			p->q->chain = &p->net->chains[i];
			return true;
		}
		snprintf(
			known + n, sizeof(known) - n, "%s%s", i ? ", " : "", p->net->chains[i].key);
	}
	return say(p, "is no chain of this network; it has %s", known);
}

static bool parse_contract(struct parse *p, struct text v)
{
	for (size_t i = 0; i < p->net->chain_count; i++)
		for (size_t j = 0; j < p->net->chains[i].contract_count; j++)
			if (text_is(v, p->net->chains[i].contracts[j].name)) {
				p->q->contract = p->net->chains[i].contracts[j].name;
				return true;
			}
	return say(p, "is no contract of this network (names as in the ABI, such as StakeManager)");
}

static const struct abi_event *chain_event(const struct chain_conf *chain, struct text name)
{
	for (size_t i = 0; i < chain->contract_count; i++) {
		const struct contract *c = &chain->contracts[i];

		for (size_t j = 0; j < c->event_count; j++)
			if (text_is(name, c->events[j]->name))
				return c->events[j];
	}
	return NULL;
}

const struct abi_event *network_event(
	const struct network *net, const struct chain_conf *chain, const char *name)
{
	struct text t = {name, strlen(name)};
	const struct abi_event *ev = chain ? chain_event(chain, t) : NULL;

	for (size_t i = 0; !chain && !ev && i < net->chain_count; i++)
		ev = chain_event(&net->chains[i], t);
	return ev;
}

static bool parse_event(struct parse *p, struct text v)
{
	const struct abi_event *ev = NULL;

	for (size_t i = 0; !ev && i < p->net->chain_count; i++)
		ev = chain_event(&p->net->chains[i], v);
	if (!ev)
		return say(p, "is no event of the network's ABIs");
	p->q->event = ev->name;
	return true;
}

static bool parse_address(struct parse *p, struct text v, struct address *out)
{
	const char *why = "";

	if (address_parse(out, v.p, v.n, &why))
		return true;
	return say(p, "is no address: %s", why);
}

static bool parse_of_address(struct parse *p, struct text v)
{
	return parse_address(p, v, &p->q->address);
}

static bool parse_proposer(struct parse *p, struct text v)
{
	return parse_address(p, v, &p->q->proposer);
}

static bool parse_validator_id(struct parse *p, struct text v)
{
	return query_int(&p->q->validator_id, v) ? true : say(p, "must be an integer");
}

static bool parse_checkpoint_id(struct parse *p, struct text v)
{
	return query_int(&p->q->checkpoint_id, v) ? true : say(p, "must be an integer");
}

static const char *const KINDS[] = {NULL, "main", "sync", "mirror"};

unsigned checkpoint_kind_parse(struct text t)
{
	for (unsigned k = 1; k < sizeof(KINDS) / sizeof(KINDS[0]); k++)
		if (text_is(t, KINDS[k]))
			return k;
	return 0;
}

const char *checkpoint_kind_text(unsigned kind)
{
	return kind < sizeof(KINDS) / sizeof(KINDS[0]) ? KINDS[kind] : NULL;
}

static bool parse_kind(struct parse *p, struct text v)
{
	p->q->kind = checkpoint_kind_parse(v);
	return p->q->kind ? true : say(p, "must be main, sync or mirror");
}

static bool parse_root_chain_id(struct parse *p, struct text v)
{
	int64_t n;

	if (!query_int(&n, v) || n < 1 || n > UINT32_MAX)
		return say(p, "must be an integer: 1 (tron), 2 (ethereum), 3 (bsc)");
	p->q->root_chain_id = (unsigned)n;
	return true;
}

static bool parse_format(struct parse *p, struct text v)
{
	if (text_is(v, "json"))
		p->q->format = FORMAT_JSON;
	else if (text_is(v, "ndjson"))
		p->q->format = FORMAT_NDJSON;
	else if (text_is(v, "csv"))
		p->q->format = FORMAT_CSV;
	else
		return say(p, "must be json, ndjson or csv");
	return true;
}

static bool parse_rev(struct parse *p, struct text v)
{
	p->q->rev = v;
	return v.n && v.n <= 64 ? true : say(p, "must be the `revision` of an answer");
}

static bool parse_at(struct parse *p, struct text v)
{
	return query_int(&p->q->at, v) ? true : say(p, "must be a block number");
}

static bool parse_interval(struct parse *p, struct text v)
{
	static const char *const names[] = {"day", "week", "month", "year"};

	for (unsigned i = 0; i < 4; i++)
		if (text_is(v, names[i]))
			p->q->interval = i + 1;
	return p->q->interval ? true : say(p, "must be day, week, month or year");
}

static const struct {
	const char *name;
	bool (*parse)(struct parse *p, struct text v);
} PARAMS[PARAM_COUNT] = {
	[PARAM_LIMIT] = {"limit", parse_limit},
	[PARAM_CURSOR] = {"cursor", parse_cursor},
	[PARAM_ORDER] = {"order", parse_order},
	[PARAM_FROM] = {"from", parse_from},
	[PARAM_TO] = {"to", parse_to},
	[PARAM_FINALITY] = {"finality", parse_finality},
	[PARAM_VERIFICATION] = {"verification", parse_verification},
	[PARAM_CHAIN] = {"chain", parse_chain},
	[PARAM_CONTRACT] = {"contract", parse_contract},
	[PARAM_EVENT] = {"event", parse_event},
	[PARAM_ADDRESS] = {"address", parse_of_address},
	[PARAM_VALIDATOR_ID] = {"validator_id", parse_validator_id},
	[PARAM_KIND] = {"kind", parse_kind},
	[PARAM_ROOT_CHAIN_ID] = {"root_chain_id", parse_root_chain_id},
	[PARAM_PROPOSER] = {"proposer", parse_proposer},
	[PARAM_CHECKPOINT_ID] = {"checkpoint_id", parse_checkpoint_id},
	[PARAM_FORMAT] = {"format", parse_format},
	[PARAM_REV] = {"rev", parse_rev},
	[PARAM_AT] = {"at", parse_at},
	[PARAM_INTERVAL] = {"interval", parse_interval},
};

const char *param_name(enum param p)
{
	return p < PARAM_COUNT ? PARAMS[p].name : NULL;
}

/* -------- the whole -------- */

static bool fault_at(struct query_fault *fault, const char *name, size_t name_n, const char *detail)
{
	snprintf(fault->parameter, sizeof(fault->parameter), "%.*s",
		(int)(name_n < 64 ? name_n : 64), name);
	snprintf(fault->detail, sizeof(fault->detail), "%.*s", (int)sizeof(fault->detail) - 1, detail);
	return false;
}

static bool take_one(struct parse *p, unsigned allowed, struct text name, struct text value,
	struct query_fault *fault)
{
	enum param id = 0;
	char detail[320];

	while (id < PARAM_COUNT && !text_is(name, PARAMS[id].name))
		id++;
	if (id == PARAM_COUNT || !(allowed & PARAM_BIT(id)))
		return fault_at(fault, name.p, name.n, "is no parameter of this path");
	if (p->q->given & PARAM_BIT(id))
		return fault_at(fault, name.p, name.n, "is given twice");
	p->q->given |= PARAM_BIT(id);
	if (PARAMS[id].parse(p, value))
		return true;
	snprintf(detail, sizeof(detail), "%s", p->detail);
	return fault_at(fault, name.p, name.n, detail);
}

/* What only the parameters together can tell. */
static bool check_range(const struct query *q, struct query_fault *fault)
{
	if (q->from.kind != WHEN_NONE && q->from.kind == q->to.kind && q->from.value > q->to.value)
		return fault_at(fault, "from", 4, "is after `to`");
	return true;
}

bool query_parse(struct query *out, const struct network *net, unsigned allowed, struct text raw,
	struct arena *mem, struct query_fault *fault)
{
	const char *at = raw.p, *end = raw.p + raw.n;
	struct parse p = {.net = net, .q = out};

	*out = (struct query){.limit = QUERY_LIMIT_DEFAULT};
	*fault = (struct query_fault){0};
	while (at < end) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(at, '=', (size_t)(stop - at));
		struct text name, value = {"", 0};

		if (stop > at) {
			if (!text_decode(
				    (struct text){at, (size_t)((eq ? eq : stop) - at)}, mem, &name))
				return fault_at(
					fault, "", 0, "a parameter's name is no valid UTF-8 text");
			if (eq && !text_decode((struct text){eq + 1, (size_t)(stop - eq - 1)}, mem,
					  &value))
				return fault_at(fault, name.p, name.n,
					"is no valid percent-encoded UTF-8 text");
			if (!take_one(&p, allowed, name, value, fault))
				return false;
		}
		at = stop + 1;
	}
	return check_range(out, fault);
}

static void put_when(struct buf *out, const char *name, struct when w)
{
	if (w.kind != WHEN_NONE)
		buf_printf(out, "%s=%c%lld&", name, w.kind == WHEN_BLOCK ? 'b' : 't',
			(long long)w.value);
}

void query_canonical(const struct query *q, struct buf *out)
{
	buf_printf(out, "order=%s&finality=%d&verification=%d&", q->ascending ? "asc" : "desc",
		q->finality, q->verification);
	put_when(out, "from", q->from);
	put_when(out, "to", q->to);
	if (q->chain)
		buf_printf(out, "chain=%s&", q->chain->key);
	if (q->contract)
		buf_printf(out, "contract=%s&", q->contract);
	if (q->event)
		buf_printf(out, "event=%s&", q->event);
	if (q->given & PARAM_BIT(PARAM_ADDRESS)) {
		buf_str(out, "address=");
		buf_hex(out, q->address.b, sizeof(q->address.b));
	}
	if (q->given & PARAM_BIT(PARAM_PROPOSER)) {
		buf_str(out, "&proposer=");
		buf_hex(out, q->proposer.b, sizeof(q->proposer.b));
	}
	if (q->given & PARAM_BIT(PARAM_VALIDATOR_ID))
		buf_printf(out, "&validator_id=%lld", (long long)q->validator_id);
	if (q->given & PARAM_BIT(PARAM_CHECKPOINT_ID))
		buf_printf(out, "&checkpoint_id=%lld", (long long)q->checkpoint_id);
	buf_printf(out, "&kind=%u&root_chain_id=%u", q->kind, q->root_chain_id);
}
