/* JSON text into a buf. Strings from outside are made valid UTF-8, so output is always valid JSON. */
#include "base/json.h"

#include <string.h>

void jw_init(struct jw *w, struct buf *b)
{
	*w = (struct jw){.b = b};
}

static void sep(struct jw *w)
{
	if (w->comma)
		buf_chr(w->b, ',');
	w->comma = true;
}

static void open_with(struct jw *w, char c)
{
	sep(w);
	buf_chr(w->b, c);
	w->comma = false;
}

static void close_with(struct jw *w, char c)
{
	buf_chr(w->b, c);
	w->comma = true;
}

void jw_obj(struct jw *w)
{
	open_with(w, '{');
}

void jw_obj_end(struct jw *w)
{
	close_with(w, '}');
}

void jw_arr(struct jw *w)
{
	open_with(w, '[');
}

void jw_arr_end(struct jw *w)
{
	close_with(w, ']');
}

/* Length of the valid UTF-8 sequence at s, or 0. */
static size_t utf8_len(const uint8_t *s, size_t n)
{
	size_t k = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		: s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	if (!k || k > n)
		return 0;
	for (size_t i = 1; i < k; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return k;
}

static void put_escaped(struct buf *b, uint8_t c)
{
	switch (c) {
	case '"': buf_add(b, "\\\"", 2); break;
	case '\\': buf_add(b, "\\\\", 2); break;
	case '\n': buf_add(b, "\\n", 2); break;
	case '\r': buf_add(b, "\\r", 2); break;
	case '\t': buf_add(b, "\\t", 2); break;
	default: buf_printf(b, "\\u%04x", c); break;
	}
}

static void put_string(struct buf *b, const char *text, size_t n)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t from = 0, i = 0;

	buf_chr(b, '"');
	while (i < n) {
		if (s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\') {
			i++;
			continue;
		}
		size_t k = s[i] < 0x80 ? 0 : utf8_len(s + i, n - i);

		if (k) {
			i += k;
			continue;
		}
		buf_add(b, s + from, i - from);
		if (s[i] < 0x80)
			put_escaped(b, s[i]);
		else
			buf_add(b, "\xef\xbf\xbd", 3);
		from = ++i;
	}
	buf_add(b, s + from, n - from);
	buf_chr(b, '"');
}

void jw_key(struct jw *w, const char *key)
{
	sep(w);
	put_string(w->b, key, strlen(key));
	buf_chr(w->b, ':');
	w->comma = false;
}

void jw_str(struct jw *w, const char *s)
{
	if (!s)
		jw_null(w);
	else
		jw_strn(w, s, strlen(s));
}

void jw_strn(struct jw *w, const char *s, size_t n)
{
	sep(w);
	put_string(w->b, s, n);
}

void jw_u64(struct jw *w, uint64_t v)
{
	sep(w);
	buf_u64(w->b, v);
}

void jw_i64(struct jw *w, int64_t v)
{
	sep(w);
	buf_i64(w->b, v);
}

void jw_bool(struct jw *w, bool v)
{
	sep(w);
	buf_str(w->b, v ? "true" : "false");
}

void jw_null(struct jw *w)
{
	sep(w);
	buf_add(w->b, "null", 4);
}

void jw_hex(struct jw *w, const void *p, size_t n)
{
	sep(w);
	buf_add(w->b, "\"0x", 3);
	buf_hex(w->b, p, n);
	buf_chr(w->b, '"');
}

void jw_hex_u64(struct jw *w, uint64_t v)
{
	sep(w);
	buf_printf(w->b, "\"0x%llx\"", (unsigned long long)v);
}

void jw_u256(struct jw *w, struct u256 v)
{
	char t[U256_DEC_MAX + 1];
	size_t n = u256_dec(t, v);

	sep(w);
	buf_chr(w->b, '"');
	buf_add(w->b, t, n);
	buf_chr(w->b, '"');
}

void jw_raw(struct jw *w, const char *s, size_t n)
{
	sep(w);
	buf_add(w->b, s, n);
}
