/*
 * Parsing of fault texts and the decision whether one strikes. What a strike does stands where the
 * answer is made (replay.c for HTTP, rpc.c for calls and batches, logs.c for logs).
 *
 * Decisions are a hash of the seed and a counter (or the log's place), so a run with the same
 * requests in the same order meets the same faults.
 */
#include "replay/fault.h"

#include "base/opt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FROM         "fault"
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum kind {
	KIND_429,
	KIND_503,
	KIND_RESET,
	KIND_TRUNCATED,
	KIND_NONJSON,
	KIND_HANG,
	KIND_NULL,
	KIND_HEAD_BACK,
	KIND_WRONG_CHAIN,
	KIND_SHUFFLE,
	KIND_MISSING,
	KIND_DROP_LOG,
	KIND_ALTER_LOG,
	KIND_DUPLICATE_LOG,
	KIND_FORGE_LOG,
};

struct kind_info {
	const char *name;
	enum fault_http http; /* FAULT_NONE: not a fault of HTTP */
	uint64_t seconds;     /* default */
	const char *help;
};

static const struct kind_info kinds[] = {
	[KIND_429] = {"429", FAULT_429, 1, "HTTP 429 with Retry-After; seconds=1"},
	[KIND_503] = {"503", FAULT_503, 0, "HTTP 503"},
	[KIND_RESET] = {"reset", FAULT_RESET, 0, "RST after half of the body"},
	[KIND_TRUNCATED] = {"truncated", FAULT_TRUNCATED, 0, "end after half of the body"},
	[KIND_NONJSON] = {"nonjson", FAULT_NONJSON, 0, "HTTP 200 and a body that is no JSON-RPC"},
	[KIND_HANG] = {"hang", FAULT_HANG, 30, "the answer comes late; seconds=30"},
	[KIND_NULL] = {"null", FAULT_NONE, 0, "null for a block or receipt that exists"},
	[KIND_HEAD_BACK] = {"head-back", FAULT_NONE, 0, "the head goes back; blocks=3, ms=300"},
	[KIND_WRONG_CHAIN] = {"wrong-chain", FAULT_NONE, 0, "another chain id; id=1"},
	[KIND_SHUFFLE] = {"shuffle", FAULT_NONE, 0, "answers of a batch in another order"},
	[KIND_MISSING] = {"missing", FAULT_NONE, 0, "one answer of a batch is left out"},
	[KIND_DROP_LOG] = {"drop-log", FAULT_NONE, 0, "logs are left out; log=INDEX"},
	[KIND_ALTER_LOG] = {"alter-log", FAULT_NONE, 0, "a digit of a log is changed; log=INDEX"},
	[KIND_DUPLICATE_LOG] = {"duplicate-log", FAULT_NONE, 0, "logs are listed twice; log=INDEX"},
	[KIND_FORGE_LOG] = {"forge-log", FAULT_NONE, 0, "one more log in a block"},
};

#define NO_LOG UINT64_MAX

struct fault {
	enum kind kind;
	char *text;
	char chain[40], method[64]; /* "": any */
	bool has_at;
	uint64_t at, rate, seed, count, after, seconds, blocks, ms, id, log;
	uint64_t seen, hits; /* opportunities and strikes so far */
	uint64_t until_ms;   /* head-back: lasts until then */
};

struct fault_set {
	struct fault *v;
	size_t n;
};

/* ---- parsing ---------------------------------------------------------------------------- */

struct key {
	const char *name;
	size_t offset;
	uint64_t max;
};

#define AT(f) offsetof(struct fault, f)
static const struct key keys[] = {
	{"at", AT(at), UINT64_MAX},
	{"rate", AT(rate), 1000},
	{"seed", AT(seed), UINT64_MAX},
	{"count", AT(count), UINT64_MAX},
	{"after", AT(after), UINT64_MAX},
	{"seconds", AT(seconds), 86400},
	{"blocks", AT(blocks), UINT64_MAX},
	{"ms", AT(ms), 86400000},
	{"id", AT(id), UINT64_MAX},
	{"log", AT(log), UINT32_MAX},
};

static const char *nearest_key(const char *word)
{
	const char *names[ARRAY_LEN(keys) + 3] = {"chain", "method"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		names[i + 2] = keys[i].name;
	return opt_nearest(word, names);
}

static const char *nearest_kind(const char *word)
{
	const char *names[ARRAY_LEN(kinds) + 1] = {0};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		names[i] = kinds[i].name;
	return opt_nearest(word, names);
}

static enum err_kind unknown(
	const char *text, const char *what, const char *word, const char *near, struct err *e)
{
	return err_set(e, ERR_REJECT, FROM, 0, "fault \"%.80s\": unknown %s \"%.40s\"%s%s%s", text,
		what, word, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static enum err_kind set_word(
	char *out, size_t size, const char *text, const char *key, const char *value, struct err *e)
{
	if (!*value || strlen(value) >= size)
		return err_set(e, ERR_REJECT, FROM, 0, "fault \"%.80s\": %s is empty or too long",
			text, key);
	memcpy(out, value, strlen(value) + 1);
	return ERR_NONE;
}

static enum err_kind set_number(
	struct fault *f, const struct key *k, const char *text, const char *value, struct err *e)
{
	char *end = NULL;
	unsigned long long v;

	errno = 0;
	v = strtoull(value, &end, 0);
	if (*value < '0' || *value > '9' || *end || errno || v > k->max)
		return err_set(e, ERR_REJECT, FROM, 0,
			"fault \"%.80s\": %s is a number from 0 to %" PRIu64 ", not \"%.40s\"",
			text, k->name, k->max, value);
	memcpy((char *)f + k->offset, &(uint64_t){v}, sizeof(uint64_t));
	if (k->offset == AT(at))
		f->has_at = true;
	return ERR_NONE;
}

static enum err_kind set_key(struct fault *f, const char *text, char *pair, struct err *e)
{
	char *value = strchr(pair, '=');

	if (!value)
		return err_set(e, ERR_REJECT, FROM, 0,
			"fault \"%.80s\": \"%.40s\" is not key=value", text, pair);
	*value++ = 0;
	if (!strcmp(pair, "chain"))
		return set_word(f->chain, sizeof(f->chain), text, pair, value, e);
	if (!strcmp(pair, "method"))
		return set_word(f->method, sizeof(f->method), text, pair, value, e);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strcmp(pair, keys[i].name))
			return set_number(f, &keys[i], text, value, e);
	return unknown(text, "key", pair, nearest_key(pair), e);
}

static bool is_log_kind(enum kind k)
{
	return k == KIND_DROP_LOG || k == KIND_ALTER_LOG || k == KIND_DUPLICATE_LOG ||
	       k == KIND_FORGE_LOG;
}

static enum err_kind set_kind(struct fault *f, const char *text, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, name)) {
			f->kind = (enum kind)i;
			f->seconds = kinds[i].seconds;
			return ERR_NONE;
		}
	return unknown(text, "kind", name, nearest_kind(name), e);
}

static enum err_kind parse(struct fault *f, const char *text, struct err *e)
{
	char *copy = strdup(text), *rest, *pair;
	enum err_kind k;

	if (!copy)
		abort();
	*f = (struct fault){.rate = 1000,
		.seed = 1,
		.count = UINT64_MAX,
		.blocks = 3,
		.ms = 300,
		.id = 1,
		.log = NO_LOG};
	rest = strchr(copy, ':');
	if (rest)
		*rest++ = 0;
	k = set_kind(f, text, copy, e);
	while (!k && (pair = strsep(&rest, ",")))
		k = set_key(f, text, pair, e);
	if (!k && is_log_kind(f->kind) && !f->method[0])
		strncpy(f->method, "eth_getLogs", sizeof(f->method) - 1);
	free(copy);
	if (!k)
		f->text = strdup(text);
	return k;
}

enum err_kind fault_set_parse(
	struct fault_set **out, const char *const *texts, size_t n, struct err *e)
{
	struct fault_set *s = calloc(1, sizeof(*s));
	enum err_kind k = ERR_NONE;

	if (!s)
		abort();
	s->v = calloc(n + 1, sizeof(*s->v));
	if (!s->v)
		abort();
	for (; !k && s->n < n; s->n++)
		k = parse(&s->v[s->n], texts[s->n], e);
	if (k) {
		fault_set_free(s);
		return k;
	}
	*out = s;
	return ERR_NONE;
}

void fault_set_free(struct fault_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i].text);
	free(s->v);
	free(s);
}

size_t fault_set_count(const struct fault_set *s)
{
	return s->n;
}

const char *fault_set_text(const struct fault_set *s, size_t i, uint64_t *hits)
{
	*hits = s->v[i].hits;
	return s->v[i].text;
}

void fault_help(FILE *to)
{
	fputs("Faults, as KIND[:key=value,...]:\n", to);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		fprintf(to, "  %-14s %s\n", kinds[i].name, kinds[i].help);
	fputs("Keys: chain=KEY method=NAME at=BLOCK rate=N (of 1000) seed=N count=N after=N\n", to);
}

/* ---- deciding --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t z = a * 0x9e3779b97f4a7c15ull + b;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* An opportunity: does it strike? `place` chooses together with the seed. */
static bool strikes(struct fault *f, uint64_t place)
{
	f->seen++;
	if (f->seen <= f->after || f->hits >= f->count || mix(f->seed, place) % 1000 >= f->rate)
		return false;
	f->hits++;
	return true;
}

static bool on_chain(const struct fault *f, const struct node *n)
{
	return !f->chain[0] || !strcmp(f->chain, n->key);
}

static bool on_call(const struct fault *f, const struct node *n, const struct rpc_call *c)
{
	if (f->method[0] && (!c->method || strcmp(c->method->name, f->method)))
		return false;
	return !f->has_at || rpc_concerns(n, c, f->at);
}

/* Some call of the batch is of that method and about that block. */
static bool on_batch(const struct fault *f, const struct node *n, const struct rpc_batch *b)
{
	if (!on_chain(f, n))
		return false;
	if (!f->method[0] && !f->has_at)
		return true;
	for (size_t i = 0; i < b->count; i++)
		if (on_call(f, n, &b->calls[i]))
			return true;
	return false;
}

enum fault_http fault_on_request(
	struct fault_set *s, const struct node *n, const struct rpc_batch *b, uint64_t *seconds)
{
	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (kinds[f->kind].http == FAULT_NONE || !on_batch(f, n, b) || !strikes(f, f->seen))
			continue;
		*seconds = f->seconds;
		return kinds[f->kind].http;
	}
	return FAULT_NONE;
}

uint64_t fault_on_head(
	struct fault_set *s, const struct node *n, const struct rpc_batch *b, uint64_t now_ms)
{
	uint64_t lag = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (f->kind != KIND_HEAD_BACK || !on_chain(f, n))
			continue;
		if (now_ms >= f->until_ms && on_batch(f, n, b) && strikes(f, f->seen))
			f->until_ms = now_ms + f->ms;
		if (now_ms < f->until_ms && f->blocks > lag)
			lag = f->blocks;
	}
	return lag;
}

bool fault_on_answer(struct fault_set *s, const struct node *n, const struct rpc_call *c)
{
	bool hit = false;

	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (f->kind == KIND_NULL && on_chain(f, n) && on_call(f, n, c))
			hit |= strikes(f, f->seen);
	}
	return hit;
}

uint64_t fault_on_chain_id(struct fault_set *s, const struct node *n)
{
	for (size_t i = 0; s && i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (f->kind == KIND_WRONG_CHAIN && on_chain(f, n) && strikes(f, f->seen))
			return f->id;
	}
	return n->body->chain_id;
}

/* A fault about logs of this call's answer, of this block. */
static bool on_logs(const struct fault *f, const struct ask *a, uint64_t block)
{
	return on_chain(f, a->node) && !strcmp(f->method, a->method->name) &&
	       (!f->has_at || f->at == block);
}

unsigned fault_on_log(struct fault_set *s, const struct ask *a, uint64_t block, uint32_t log)
{
	unsigned what = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];
		unsigned bit = f->kind == KIND_DROP_LOG        ? FAULT_DROP
			       : f->kind == KIND_ALTER_LOG     ? FAULT_ALTER
			       : f->kind == KIND_DUPLICATE_LOG ? FAULT_TWICE
							       : 0;

		if (bit && on_logs(f, a, block) && (f->log == NO_LOG || f->log == log) &&
			strikes(f, mix(block, log)))
			what |= bit;
	}
	return what;
}

bool fault_on_block_logs(struct fault_set *s, const struct ask *a, uint64_t block)
{
	bool hit = false;

	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (f->kind == KIND_FORGE_LOG && on_logs(f, a, block))
			hit |= strikes(f, block);
	}
	return hit;
}

static void shuffle(struct fault *f, size_t *order, size_t n)
{
	bool moved = false;

	for (size_t i = n; i-- > 1;) {
		size_t j = mix(f->seed ^ f->seen, i) % (i + 1);
		size_t t = order[i];

		order[i] = order[j];
		order[j] = t;
		moved |= i != j;
	}
	if (!moved && n > 1) {
		size_t t = order[0];

		order[0] = order[n - 1];
		order[n - 1] = t;
	}
}

void fault_on_batch(struct fault_set *s, const struct node *n, const struct rpc_batch *b,
	size_t *order, size_t *count)
{
	for (size_t i = 0; i < s->n; i++) {
		struct fault *f = &s->v[i];

		if (f->kind == KIND_SHUFFLE && *count > 1 && on_batch(f, n, b) &&
			strikes(f, f->seen)) {
			shuffle(f, order, *count);
		} else if (f->kind == KIND_MISSING && *count && on_batch(f, n, b) &&
			   strikes(f, f->seen)) {
			size_t gone = mix(f->seed, f->seen) % *count;

			memmove(order + gone, order + gone + 1,
				(*count - gone - 1) * sizeof(*order));
			(*count)--;
		}
	}
}
