/*
 * Finds JSON values in text. Strings are skipped with memchr, so long hex data costs almost
 * nothing. The walk checks only what it needs to stay inside the text; a recording with broken
 * grammar shows up as a missing value or as `bad`, never as a read outside.
 */
#include "replay/slice.h"

#include "base/hex.h"

#include <string.h>

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* p is at the opening quote; returns just after the closing one, or NULL. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		const char *q = memchr(p, '"', (size_t)(end - p));
		const char *b;

		if (!q)
			return NULL;
		for (b = q; b > p && b[-1] == '\\'; b--)
			;
		if ((q - b) % 2 == 0)
			return q + 1;
		p = q;
	}
	return NULL;
}

static const char *skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		switch (*p) {
		case '"':
			p = skip_string(p, end);
			if (!p)
				return NULL;
			continue;
		case '{':
		case '[': depth++; break;
		case '}':
		case ']':
			if (--depth == 0)
				return p + 1;
			break;
		default: break;
		}
		p++;
	}
	return NULL;
}

static const char *skip_word(const char *p, const char *end)
{
	const char *s = p;

	while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ':' && *p != ' ' &&
		*p != '\n' && *p != '\r' && *p != '\t')
		p++;
	return p == s ? NULL : p;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_nested(p, end);
	return skip_word(p, end);
}

bool slice_value(struct slice *out, const char *text, size_t n, size_t *used)
{
	const char *end = text + n;
	const char *p = skip_space(text, end);
	const char *q = skip_value(p, end);

	if (!q)
		return false;
	*out = (struct slice){p, (size_t)(q - p)};
	*used = (size_t)(q - text);
	return true;
}

void slice_iter(struct slice_iter *it, struct slice c)
{
	*it = (struct slice_iter){.bad = true};
	if (c.n < 2 || (c.p[0] != '{' && c.p[0] != '['))
		return;
	it->p = skip_space(c.p + 1, c.p + c.n - 1);
	it->end = c.p + c.n - 1;
	it->bad = false;
}

bool slice_next(struct slice_iter *it, struct slice *item)
{
	const char *q;

	if (it->bad || it->p >= it->end)
		return false;
	q = skip_value(it->p, it->end);
	if (!q) {
		it->bad = true;
		return false;
	}
	*item = (struct slice){it->p, (size_t)(q - it->p)};
	q = skip_space(q, it->end);
	if (q < it->end && *q != ',') {
		it->bad = true;
		return false;
	}
	it->p = q < it->end ? skip_space(q + 1, it->end) : q;
	return true;
}

bool slice_member(struct slice_iter *it, struct slice *key, struct slice *value)
{
	const char *q;

	if (it->bad || it->p >= it->end)
		return false;
	it->bad = true;
	if (*it->p != '"' || !(q = skip_string(it->p, it->end)))
		return false;
	*key = (struct slice){it->p + 1, (size_t)(q - it->p) - 2};
	q = skip_space(q, it->end);
	if (q >= it->end || *q != ':')
		return false;
	it->p = skip_space(q + 1, it->end);
	it->bad = false;
	if (slice_next(it, value))
		return true;
	it->bad = true;
	return false;
}

struct slice slice_get(struct slice object, const char *key)
{
	struct slice_iter it;
	struct slice k, v;
	size_t n = strlen(key);

	slice_iter(&it, object);
	while (slice_member(&it, &k, &v))
		if (k.n == n && !memcmp(k.p, key, n))
			return v;
	return (struct slice){NULL, 0};
}

bool slice_is(struct slice s, const char *text)
{
	return s.n == strlen(text) && !memcmp(s.p, text, s.n);
}

bool slice_str(struct slice s, const char **text, size_t *n)
{
	if (s.n < 2 || s.p[0] != '"' || memchr(s.p, '\\', s.n))
		return false;
	*text = s.p + 1;
	*n = s.n - 2;
	return true;
}

bool slice_u64(struct slice s, uint64_t *out)
{
	const char *t;
	size_t n;
	uint64_t v = 0;

	if (slice_str(s, &t, &n))
		return hex_u64(out, t, n);
	if (!s.n || s.n > 19)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

bool slice_hex(struct slice s, uint8_t *out, size_t n)
{
	const char *t;
	size_t len;

	return slice_str(s, &t, &len) && hex_fixed(out, n, t, len);
}
