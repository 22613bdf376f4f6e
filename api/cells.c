/*
 * The cells of a row in JSON, NDJSON and CSV. Names of cells are constants of this program, so they
 * need no escaping; values from the chain go through the JSON writer or csv_field.
 */
#include "api/cells.h"

#include "api/csv.h"
#include "base/clock.h"
#include "chain/base58.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cells_init(struct cells *c, enum format format, struct buf *b)
{
	*c = (struct cells){.b = b, .format = format};
	jw_init(&c->w, b);
}

void cells_begin(struct cells *c)
{
	c->first = true;
	if (c->format == FORMAT_NDJSON)
		jw_init(&c->w, c->b);
	if (c->format != FORMAT_CSV)
		jw_obj(&c->w);
}

void cells_end(struct cells *c)
{
	if (c->format != FORMAT_CSV)
		jw_obj_end(&c->w);
	if (c->format == FORMAT_NDJSON)
		buf_chr(c->b, '\n');
	if (c->format == FORMAT_CSV)
		csv_end(c->b);
}

/* CSV: the field; JSON: false, after writing the key. */
static bool field(struct cells *c, const char *name, const char *text, size_t n)
{
	if (c->format != FORMAT_CSV) {
		jw_key(&c->w, name);
		return false;
	}
	if (!c->first)
		buf_chr(c->b, ',');
	c->first = false;
	if (c->names)
		buf_str(c->b, name);
	else
		csv_field(c->b, text, n);
	return true;
}

void cell_null(struct cells *c, const char *name)
{
	if (!field(c, name, "", 0))
		jw_null(&c->w);
}

void cell_strn(struct cells *c, const char *name, const char *s, size_t n)
{
	if (!s)
		cell_null(c, name);
	else if (!field(c, name, s, n))
		jw_strn(&c->w, s, n);
}

void cell_str(struct cells *c, const char *name, const char *s)
{
	cell_strn(c, name, s, s ? strlen(s) : 0);
}

void cell_i64(struct cells *c, const char *name, int64_t v)
{
	char text[24] = "";
	int n = 0;

	if (c->format == FORMAT_CSV)
		n = snprintf(text, sizeof(text), "%lld", (long long)v);
	if (!field(c, name, text, (size_t)n))
		jw_i64(&c->w, v);
}

void cell_bool(struct cells *c, const char *name, bool v)
{
	if (!field(c, name, v ? "true" : "false", v ? 4 : 5))
		jw_bool(&c->w, v);
}

void cell_hex(struct cells *c, const char *name, const void *p, size_t n)
{
	if (!p) {
		cell_null(c, name);
		return;
	}
	if (field(c, name, "0x", 2)) {
		if (!c->names)
			buf_hex(c->b, p, n);
		return;
	}
	jw_hex(&c->w, p, n);
}

void cell_time(struct cells *c, const char *name, int64_t unix_seconds)
{
	char text[32];

	clock_rfc3339(text, unix_seconds);
	cell_str(c, name, text);
}

void cell_json(struct cells *c, const char *name, const struct buf *json)
{
	if (!json)
		cell_null(c, name);
	else if (!field(c, name, json->p, json->n))
		jw_raw(&c->w, json->p, json->n);
}

static bool zero_address(const uint8_t *p)
{
	static const uint8_t zero[20];

	return !memcmp(p, zero, sizeof(zero));
}

void cell_address(struct cells *c, const char *name, const uint8_t *p, bool tron)
{
	static const char suffix[] = "_base58";
	char sibling[64], text[BASE58_ADDRESS_LEN + 1] = "";
	size_t n = strlen(name);
	struct address a;

	if (p && zero_address(p))
		p = NULL;
	cell_hex(c, name, p, 20);
	if (!tron && c->format != FORMAT_CSV)
		return;
	if (n > sizeof(sibling) - sizeof(suffix))
		abort();
	memcpy(sibling, name, n);
	memcpy(sibling + n, suffix, sizeof(suffix));
	if (p && tron) {
		memcpy(a.b, p, sizeof(a.b));
		base58_address(text, &a);
	}
	cell_str(c, sibling, *text ? text : NULL);
}
