/*
 * What an answer says, before anybody knows whom it is for. Nodes differ in little things: ids come
 * back as strings, errors as bare text or under "Error", details stand in `data` of any shape.
 */
#include "source/reply.h"

#include <string.h>
#include <strings.h>

#define TEXT_MAX 600

static void read_id(struct jval v, struct reply *r)
{
	const char *p;
	int64_t i;
	size_t n;

	if (json_i64(v, &i)) {
		r->id = (uint64_t)i;
		r->has_id = i >= 0;
	} else if (json_str(v, &p, &n) && n && n < 19) {
		r->id = 0;
		r->has_id = true;
		for (size_t k = 0; k < n; k++) {
			r->has_id = r->has_id && p[k] >= '0' && p[k] <= '9';
			r->id = r->id * 10 + (uint64_t)(p[k] & 15);
		}
	}
}

struct reply reply_read(struct jval v)
{
	struct reply r = {0};
	struct jiter it;
	const char *key;
	struct jval x;
	size_t n;

	json_iter(v, &it);
	while (json_next_member(&it, &key, &n, &x)) {
		if (n == 2 && !memcmp(key, "id", 2)) {
			read_id(x, &r);
		} else if (n == 6 && !memcmp(key, "result", 6)) {
			r.result = x;
			r.has_result = true;
		} else if (n == 5 && !strncasecmp(key, "error", 5) && !json_is_null(x)) {
			r.error = x;
			r.has_error = true;
		}
	}
	return r;
}

static void add_text(struct buf *text, struct jval v)
{
	const char *p;
	size_t n;

	if (json_str(v, &p, &n))
		buf_add(text, p, n < TEXT_MAX ? n : TEXT_MAX);
}

void reply_error(struct buf *text, struct jval error, int64_t *code)
{
	struct jval v;

	buf_clear(text);
	buf_str(text, "");
	*code = 0;
	add_text(text, error);
	if (json_get(error, "code", &v))
		(void)json_i64(v, code);
	if (json_get(error, "message", &v))
		add_text(text, v);
	if (!json_get(error, "data", &v) || json_is_null(v))
		return;
	buf_chr(text, ' ');
	add_text(text, v);
	if (json_type(v) == JSON_OBJECT && json_count(v) < 20) {
		struct jiter it;
		struct jval x;

		for (json_iter(v, &it); json_next(&it, &x) && text->n < 2 * TEXT_MAX;) {
			add_text(text, x);
			buf_chr(text, ' ');
		}
	}
}
