/*
 * Checked access to a parsed JSON document.
 *
 * The document is jansson's; what comes out are plain values and strings in the caller's arena, so
 * that the document can go. The reader keeps the JSON pointer (RFC 6901) of the value in hand: the
 * functions that take a key step in and out themselves, loops use reader_in() and reader_out().
 * Only the first refusal is kept; every function returns false from then on up to the caller who
 * gives up.
 */
#include "network/reader.h"

#include "base/hex.h"
#include "base/opt.h"
#include "chain/base58.h"

#include <jansson.h>

#include <stdarg.h>
#include <stdio.h>

#define KEYS_MAX 40

void reader_init(struct reader *r, struct arena *mem, const char *file, struct err *e)
{
	*r = (struct reader){.mem = mem, .file = file, .e = e};
}

bool reader_fail(struct reader *r, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(r->e, ERR_FATAL, "network", 0, "%s: %s: %s", r->file, r->at_n ? r->at : "/", text);
	return false;
}

static void put(struct reader *r, char c)
{
	if (r->at_n + 1 < sizeof(r->at)) {
		r->at[r->at_n++] = c;
		r->at[r->at_n] = 0;
	}
}

size_t reader_in(struct reader *r, const char *key)
{
	size_t mark = r->at_n;

	put(r, '/');
	for (; *key; key++) {
		if (*key == '~' || *key == '/') {
			put(r, '~');
			put(r, *key == '~' ? '0' : '1');
		} else {
			put(r, (unsigned char)*key < ' ' ? '?' : *key);
		}
	}
	return mark;
}

size_t reader_in_item(struct reader *r, size_t i)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", i);
	return reader_in(r, text);
}

void reader_out(struct reader *r, size_t mark)
{
	r->at_n = mark;
	r->at[mark] = 0;
}

static const char *type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "an array";
	case JSON_STRING: return "a string";
	case JSON_INTEGER: return "an integer";
	case JSON_REAL: return "a number with a fraction";
	case JSON_TRUE:
	case JSON_FALSE: return "a boolean";
	case JSON_NULL: break;
	}
	return "null";
}

/* The words of `keys` without their "!", copied; `must` marks those that had one. */
static size_t split_keys(struct reader *r, const char *keys, const char **names, bool *must)
{
	size_t n = 0;

	while (*keys && n < KEYS_MAX) {
		size_t len = strcspn(keys, " ");

		must[n] = keys[len - 1] == '!';
		names[n] = arena_printf(r->mem, "%.*s", (int)(len - must[n]), keys);
		n++;
		keys += len;
		keys += strspn(keys, " ");
	}
	names[n] = NULL;
	return n;
}

bool reader_object(struct reader *r, const json_t *v, const char *keys)
{
	const char *names[KEYS_MAX + 1], *key, *near;
	bool must[KEYS_MAX + 1];
	json_t *member;
	size_t n, i;

	if (!json_is_object(v))
		return reader_fail(r, "must be an object, not %s", type_name(v));
	n = split_keys(r, keys, names, must);
	json_object_foreach((json_t *)v, key, member)
	{
		for (i = 0; i < n && strcmp(names[i], key) != 0;)
			i++;
		if (i < n)
			continue;
		near = opt_nearest(key, names);
		reader_in(r, key);
		return reader_fail(r, "unknown member%s%s%s", near ? "; did you mean \"" : "",
			near ? near : "", near ? "\"?" : "");
	}
	for (i = 0; i < n; i++)
		if (must[i] && !json_object_get(v, names[i]))
			return reader_fail(r, "member \"%s\" is missing", names[i]);
	return true;
}

bool reader_array(struct reader *r, const json_t *v, size_t max)
{
	if (!json_is_array(v))
		return reader_fail(r, "must be an array, not %s", type_name(v));
	if (json_array_size(v) > max)
		return reader_fail(
			r, "has %zu items; at most %zu are allowed", json_array_size(v), max);
	return true;
}

bool reader_text(struct reader *r, const json_t *v, const char **out)
{
	if (!json_is_string(v))
		return reader_fail(r, "must be a string, not %s", type_name(v));
	if (!json_string_length(v) || json_string_length(v) > 1000)
		return reader_fail(
			r, "must be 1 to 1000 bytes long, not %zu", json_string_length(v));
	*out = arena_strdup(r->mem, json_string_value(v));
	return true;
}

bool reader_hash_value(struct reader *r, const json_t *v, struct hash32 *out)
{
	if (!json_is_string(v))
		return reader_fail(r, "must be a string, not %s", type_name(v));
	if (!hex_fixed(out->b, 32, json_string_value(v), json_string_length(v)))
		return reader_fail(r, "must be 0x and 64 hex digits");
	return true;
}

bool reader_address_value(struct reader *r, const json_t *v, struct address *out)
{
	const char *why;

	if (!json_is_string(v))
		return reader_fail(r, "must be a string, not %s", type_name(v));
	if (!address_parse(out, json_string_value(v), json_string_length(v), &why))
		return reader_fail(r, "is no address: %s", why);
	return true;
}

bool reader_str(struct reader *r, const json_t *o, const char *key, const char **out)
{
	const json_t *v = json_object_get(o, key);
	size_t mark = reader_in(r, key);

	if (v && !reader_text(r, v, out))
		return false;
	reader_out(r, mark);
	return true;
}

bool reader_bool(struct reader *r, const json_t *o, const char *key, bool *out)
{
	const json_t *v = json_object_get(o, key);
	size_t mark = reader_in(r, key);

	if (v && !json_is_boolean(v))
		return reader_fail(r, "must be true or false, not %s", type_name(v));
	if (v)
		*out = json_is_true(v);
	reader_out(r, mark);
	return true;
}

bool reader_hash(struct reader *r, const json_t *o, const char *key, struct hash32 *out)
{
	const json_t *v = json_object_get(o, key);
	size_t mark = reader_in(r, key);

	if (v && !reader_hash_value(r, v, out))
		return false;
	reader_out(r, mark);
	return true;
}

bool reader_address(struct reader *r, const json_t *o, const char *key, struct address *out)
{
	const json_t *v = json_object_get(o, key);
	size_t mark = reader_in(r, key);

	if (v && !reader_address_value(r, v, out))
		return false;
	reader_out(r, mark);
	return true;
}

bool reader_u64(
	struct reader *r, const json_t *o, const char *key, const uint64_t range[2], uint64_t *out)
{
	const json_t *v = json_object_get(o, key);
	size_t mark = reader_in(r, key);
	json_int_t n;

	if (v && !json_is_integer(v))
		return reader_fail(r, "must be an integer, not %s", type_name(v));
	n = v ? json_integer_value(v) : 0;
	if (v && (n < 0 || (uint64_t)n < range[0] || (uint64_t)n > range[1]))
		return reader_fail(r, "must be from %llu to %llu, not %lld",
			(unsigned long long)range[0], (unsigned long long)range[1], (long long)n);
	if (v)
		*out = (uint64_t)n;
	reader_out(r, mark);
	return true;
}

bool reader_word(
	struct reader *r, const json_t *o, const char *key, const char *const *words, unsigned *out)
{
	const char *text = NULL, *near;
	size_t mark;

	if (!reader_str(r, o, key, &text))
		return false;
	if (!text)
		return true;
	for (unsigned i = 0; words[i]; i++) {
		if (!strcmp(words[i], text)) {
			*out = i;
			return true;
		}
	}
	near = opt_nearest(text, words);
	mark = reader_in(r, key);
	reader_fail(r, "\"%.60s\" is not known here; %s \"%s\"", text,
		near ? "did you mean" : "one of the valid values is", near ? near : words[0]);
	reader_out(r, mark);
	return false;
}

bool reader_name(struct reader *r, const char *text, const char *more, size_t max)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		bool letter =
			(text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (!letter && !(i && digit) && !strchr(more, text[i]))
			return reader_fail(r, "\"%.60s\" is no valid name", text);
	}
	if (n > max)
		return reader_fail(r, "\"%.60s\" is longer than %zu characters", text, max);
	return true;
}
