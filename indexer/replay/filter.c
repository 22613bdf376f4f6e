/* Log filters: sets of alternatives, as JSON-RPC has them. */
#include "replay/filter.h"

#include "base/hex.h"

#define ADDRESSES_MAX 10000
#define TOPICS_MAX    10000

static bool read_address(struct address *out, struct jval v, bool tron)
{
	uint8_t long_form[21];

	if (json_hex_fixed(v, out->b, sizeof(out->b)))
		return true;
	if (!tron || !json_hex_fixed(v, long_form, sizeof(long_form)) || long_form[0] != 0x41)
		return false;
	memcpy(out->b, long_form + 1, sizeof(out->b));
	return true;
}

static bool add_address(struct filter *f, struct jval v, bool tron)
{
	struct address a;

	if (!read_address(&a, v, tron))
		return false;
	if (!f->addresses) {
		f->addresses = lookup_new(sizeof(a.b));
		f->address = a;
	}
	lookup_add(f->addresses, a.b, 1);
	return true;
}

static bool read_addresses(struct filter *f, struct jval v, bool tron)
{
	struct jiter it;
	struct jval x;

	if (json_is_null(v))
		return true;
	if (json_type(v) != JSON_ARRAY)
		return add_address(f, v, tron);
	if (json_count(v) > ADDRESSES_MAX)
		return false;
	for (json_iter(v, &it); json_next(&it, &x);)
		if (!add_address(f, x, tron))
			return false;
	return true;
}

static bool add_topic(struct filter *f, unsigned at, struct jval v)
{
	struct hash32 t;

	if (!json_hex_fixed(v, t.b, sizeof(t.b)))
		return false;
	if (!f->topics[at]) {
		f->topics[at] = lookup_new(sizeof(t.b));
		f->topic[at] = t;
	}
	lookup_add(f->topics[at], t.b, 1);
	return true;
}

/* One position: null, a topic, or a list; a null in the list means anything. */
static bool read_position(struct filter *f, unsigned at, struct jval v)
{
	struct jiter it;
	struct jval x;

	if (json_is_null(v))
		return true;
	if (json_type(v) != JSON_ARRAY)
		return add_topic(f, at, v);
	if (json_count(v) > TOPICS_MAX)
		return false;
	for (json_iter(v, &it); json_next(&it, &x);) {
		if (json_is_null(x)) {
			lookup_free(f->topics[at]);
			f->topics[at] = NULL;
			return true;
		}
		if (!add_topic(f, at, x))
			return false;
	}
	return true;
}

static bool read_topics(struct filter *f, struct jval v)
{
	struct jiter it;
	struct jval x;

	if (json_is_null(v))
		return true;
	if (json_type(v) != JSON_ARRAY)
		return false;
	for (json_iter(v, &it); json_next(&it, &x); f->positions++)
		if (f->positions == LOG_TOPICS_MAX || !read_position(f, f->positions, x))
			return false;
	return true;
}

bool filter_read(struct filter *f, struct jval object, bool tron, const char **why)
{
	struct jval v;

	*f = (struct filter){0};
	if (json_get(object, "address", &v) && !read_addresses(f, v, tron)) {
		*why = "invalid argument 0: address must be 20 bytes of hex, or at most 10000 of "
		       "them";
		return false;
	}
	if (json_get(object, "topics", &v) && !read_topics(f, v)) {
		*why = "invalid argument 0: topics must be at most 4 positions of 32 bytes of hex "
		       "or "
		       "lists of them";
		return false;
	}
	return true;
}

bool filter_match(const struct filter *f, const struct rec_log *log)
{
	if (f->addresses && !lookup_has(f->addresses, log->address.b))
		return false;
	if (log->topic_count < f->positions)
		return false;
	for (unsigned i = 0; i < f->positions; i++)
		if (f->topics[i] && !lookup_has(f->topics[i], log->topics[i].b))
			return false;
	return true;
}

void filter_clear(struct filter *f)
{
	lookup_free(f->addresses);
	for (unsigned i = 0; i < LOG_TOPICS_MAX; i++)
		lookup_free(f->topics[i]);
	*f = (struct filter){0};
}
