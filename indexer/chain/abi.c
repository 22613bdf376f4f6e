/*
 * Contract ABI: type names, signatures and decoding.
 *
 * One decoder serves events and calldata. Every read is counted: in strict mode (events of
 * contracts whose compiler always writes the canonical form) each byte of the data must be read
 * exactly once, so surplus, gaps and overlaps are all seen; in lenient mode the count only bounds
 * the work that offsets pointing at the same place again and again can cause. Sizes are compared
 * with what is left of the data before anything is allocated.
 */
#include "chain/abi.h"

#include "chain/keccak.h"

#include <string.h>

#define WORD 32

static const struct abi_type hash_type = {.base = ABI_FIXED_BYTES, .bits = 256};

/* ---- types --------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	enum abi_base base;
} base_names[] = {
	{"uint", ABI_UINT},   {"int", ABI_INT},       {"address", ABI_ADDRESS}, {"bool", ABI_BOOL},
	{"bytes", ABI_BYTES}, {"string", ABI_STRING}, {"tuple", ABI_TUPLE},
};

/* Decimal without leading zeros at *s, up to max; moves *s behind it. 0 when there is none. */
static unsigned take_number(const char **s, unsigned max)
{
	unsigned v = 0;

	if (**s == '0')
		return 0;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		v = v * 10 + (unsigned)(**s - '0');
		if (v > max)
			return 0;
	}
	return v;
}

static bool parse_base(struct abi_type *t, const char **s)
{
	size_t n = strspn(*s, "abcdefghijklmnopqrstuvwxyz"), i;
	bool digits;

	for (i = 0; i < sizeof(base_names) / sizeof(*base_names); i++)
		if (strlen(base_names[i].text) == n && !strncmp(*s, base_names[i].text, n))
			break;
	if (i == sizeof(base_names) / sizeof(*base_names))
		return false;
	*s += n;
	t->base = base_names[i].base;
	digits = **s >= '0' && **s <= '9';
	if (t->base == ABI_UINT || t->base == ABI_INT) {
		t->bits = digits ? take_number(s, 256) : 256;
		return t->bits && t->bits % 8 == 0;
	}
	if (t->base == ABI_BYTES && digits) {
		t->base = ABI_FIXED_BYTES;
		t->bits = 8 * take_number(s, 32);
		return t->bits;
	}
	return true;
}

bool abi_type_parse(struct abi_type *out, const char *text)
{
	struct abi_type t = {0};
	const char *s = text;

	if (!parse_base(&t, &s))
		return false;
	while (*s == '[') {
		if (t.dim_count == sizeof(t.dims) / sizeof(*t.dims))
			return false;
		s++;
		t.dims[t.dim_count] = *s == ']' ? -1 : (int)take_number(&s, 1u << 20);
		if (!t.dims[t.dim_count++] || *s++ != ']')
			return false;
	}
	if (*s)
		return false;
	*out = t;
	return true;
}

static void type_text(struct buf *out, const struct abi_type *t);

static void params_text(struct buf *out, const struct abi_param *p, size_t n)
{
	buf_chr(out, '(');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_chr(out, ',');
		type_text(out, &p[i].type);
	}
	buf_chr(out, ')');
}

static void type_text(struct buf *out, const struct abi_type *t)
{
	switch (t->base) {
	case ABI_UINT: buf_printf(out, "uint%u", t->bits); break;
	case ABI_INT: buf_printf(out, "int%u", t->bits); break;
	case ABI_ADDRESS: buf_str(out, "address"); break;
	case ABI_BOOL: buf_str(out, "bool"); break;
	case ABI_FIXED_BYTES: buf_printf(out, "bytes%u", t->bits / 8); break;
	case ABI_BYTES: buf_str(out, "bytes"); break;
	case ABI_STRING: buf_str(out, "string"); break;
	case ABI_TUPLE: params_text(out, t->fields, t->field_count); break;
	}
	for (unsigned i = 0; i < t->dim_count; i++) {
		if (t->dims[i] < 0)
			buf_str(out, "[]");
		else
			buf_printf(out, "[%d]", t->dims[i]);
	}
}

void abi_signature(struct buf *out, const char *name, const struct abi_param *p, size_t n)
{
	buf_str(out, name);
	params_text(out, p, n);
}

static bool is_dynamic(const struct abi_type *t, unsigned dim)
{
	for (unsigned i = 0; i < dim; i++)
		if (t->dims[i] < 0)
			return true;
	if (t->base == ABI_BYTES || t->base == ABI_STRING)
		return true;
	for (size_t i = 0; t->base == ABI_TUPLE && i < t->field_count; i++)
		if (is_dynamic(&t->fields[i].type, t->fields[i].type.dim_count))
			return true;
	return false;
}

/* Bytes that a value takes in the head; SIZE_MAX when that is more than any data can hold. */
static size_t head_size(const struct abi_type *t, unsigned dim)
{
	size_t n = WORD;

	if (is_dynamic(t, dim))
		return WORD;
	if (t->base == ABI_TUPLE) {
		n = 0;
		for (size_t i = 0; i < t->field_count; i++) {
			const struct abi_type *f = &t->fields[i].type;

			if (__builtin_add_overflow(n, head_size(f, f->dim_count), &n))
				return SIZE_MAX;
		}
	}
	for (unsigned i = 0; i < dim; i++)
		if (__builtin_mul_overflow(n, (size_t)t->dims[i], &n))
			return SIZE_MAX;
	return n;
}

/* ---- decoding ------------------------------------------------------------------------------ */

struct decoder_state {
	bool strict;
	size_t read, limit; /* bytes read so far, and how many may be */
	struct arena *mem;
	const char *why; /* static; set at the first failure */
};

static bool fail(struct decoder_state *d, const char *why)
{
	if (!d->why)
		d->why = why;
	return false;
}

static bool count_read(struct decoder_state *d, size_t n)
{
	if (n > d->limit || d->read > d->limit - n)
		return fail(d, "parts of the data overlap");
	d->read += n;
	return true;
}

static const uint8_t *word_at(struct decoder_state *d, struct bytes frame, size_t at)
{
	if (frame.n < WORD || at > frame.n - WORD) {
		fail(d, "the data is too short");
		return NULL;
	}
	return count_read(d, WORD) ? frame.p + at : NULL;
}

/* An offset, length or count: a word that must be below 2^32 to mean anything here. */
static bool size_at(struct decoder_state *d, struct bytes frame, size_t at, size_t *out)
{
	const uint8_t *w = word_at(d, frame, at);
	struct u256 v;

	if (!w)
		return false;
	v = u256_be(w);
	if (!u256_fits_u64(v) || v.w[0] > UINT32_MAX)
		return fail(d, "an offset or length is outside the data");
	*out = (size_t)v.w[0];
	return true;
}

static bool all_bytes(const uint8_t *p, size_t n, uint8_t want)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != want)
			return false;
	return true;
}

/* Put a scalar word into *out; unused bits are checked (strict) or set to what they must be. */
static bool take_scalar(struct decoder_state *d, const struct abi_type *t, const uint8_t *w,
	struct abi_value *out)
{
	size_t used = t->base == ABI_ADDRESS ? 20 : t->base == ABI_BOOL ? 1 : t->bits / 8;
	size_t pad = WORD - used;
	bool left = t->base == ABI_FIXED_BYTES;
	uint8_t fill = t->base == ABI_INT && pad < WORD && w[pad] & 0x80 ? 0xff : 0;
	bool clean = all_bytes(left ? w + used : w, pad, fill);

	if (t->base == ABI_BOOL)
		clean = clean && w[31] <= 1;
	if (!clean && d->strict)
		return fail(d, "bits outside the type are set");
	memcpy(out->word, w, WORD);
	if (t->base == ABI_BOOL) {
		bool set = !all_bytes(w, WORD, 0);

		memset(out->word, 0, WORD);
		out->word[31] = set;
	} else {
		memset(left ? out->word + used : out->word, fill, pad);
	}
	return true;
}

static bool take_bytes(struct decoder_state *d, struct bytes frame, struct abi_value *out)
{
	size_t n, padded;

	if (!size_at(d, frame, 0, &n))
		return false;
	frame.p += WORD;
	frame.n -= WORD;
	padded = (n + WORD - 1) / WORD * WORD;
	if (n > frame.n || (d->strict && padded > frame.n))
		return fail(d, "an offset or length is outside the data");
	if (!count_read(d, d->strict ? padded : n))
		return false;
	if (d->strict && !all_bytes(frame.p + n, padded - n, 0))
		return fail(d, "padding is not zero");
	out->data = (struct bytes){frame.p, n};
	return true;
}

static bool take_value(struct decoder_state *d, struct bytes frame, size_t at,
	const struct abi_type *t, unsigned dim, struct abi_value *out);

static bool take_array(struct decoder_state *d, struct bytes frame, const struct abi_type *t,
	unsigned dim, struct abi_value *out)
{
	size_t n = (size_t)t->dims[dim - 1], head = head_size(t, dim - 1);

	if (t->dims[dim - 1] < 0) {
		if (!size_at(d, frame, 0, &n))
			return false;
		frame.p += WORD;
		frame.n -= WORD;
	}
	if (n && (!head || n > frame.n / head))
		return fail(d, "an offset or length is outside the data");
	out->items = arena_calloc(d->mem, n, sizeof(*out->items));
	out->item_count = n;
	for (size_t i = 0; i < n; i++)
		if (!take_value(d, frame, i * head, t, dim - 1, &out->items[i]))
			return false;
	return true;
}

static bool take_tuple(struct decoder_state *d, struct bytes frame, const struct abi_param *p,
	size_t n, struct abi_value *items)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct abi_type *t = &p[i].type;
		size_t head = head_size(t, t->dim_count);

		if (head > frame.n || at > frame.n - head)
			return fail(d, "the data is too short");
		if (!take_value(d, frame, at, t, t->dim_count, &items[i]))
			return false;
		at += head;
	}
	return true;
}

/* A value whose head is at `at` of frame; offsets count from the start of frame. */
static bool take_value(struct decoder_state *d, struct bytes frame, size_t at,
	const struct abi_type *t, unsigned dim, struct abi_value *out)
{
	const uint8_t *w;

	out->type = t;
	out->dim = dim;
	if (is_dynamic(t, dim) && !size_at(d, frame, at, &at))
		return false;
	if (at > frame.n)
		return fail(d, "an offset or length is outside the data");
	frame.p += at;
	frame.n -= at;
	if (dim)
		return take_array(d, frame, t, dim, out);
	if (t->base == ABI_BYTES || t->base == ABI_STRING)
		return take_bytes(d, frame, out);
	if (t->base == ABI_TUPLE) {
		out->items = arena_calloc(d->mem, t->field_count, sizeof(*out->items));
		out->item_count = t->field_count;
		return take_tuple(d, frame, t->fields, t->field_count, out->items);
	}
	w = word_at(d, frame, 0);
	return w && take_scalar(d, t, w, out);
}

/* ---- entry points -------------------------------------------------------------------------- */

static bool take_topic(struct decoder_state *d, const struct abi_type *t, const uint8_t word[32],
	struct abi_value *out)
{
	if (t->dim_count || t->base == ABI_BYTES || t->base == ABI_STRING || t->base == ABI_TUPLE)
		t = &hash_type;
	out->type = t;
	return take_scalar(d, t, word, out);
}

static enum err_kind event_error(const struct abi_event *ev, const struct log *l, const char *param,
	const char *why, struct err *e)
{
	return err_set(e, ERR_REJECT, "abi", 0, "event %s.%s of log %u: %s%s%s",
		ev->contract ? ev->contract : "?", ev->name, l->log_index, param,
		*param ? ": " : "", why);
}

/* Decode the parameters of an event that are in the data; *at names the one in work. */
static bool take_data(struct decoder_state *d, const struct abi_event *ev, struct bytes data,
	struct abi_value *out, size_t *at)
{
	size_t pos = 0;

	for (size_t i = 0; i < ev->param_count; i++) {
		const struct abi_type *t = &ev->params[i].type;
		size_t head = head_size(t, t->dim_count);

		if (ev->params[i].indexed)
			continue;
		*at = i;
		if (head > data.n || pos > data.n - head)
			return fail(d, "the data is too short");
		if (!take_value(d, data, pos, t, t->dim_count, &out[i]))
			return false;
		pos += head;
	}
	return true;
}

enum err_kind abi_decode_event(const struct abi_event *ev, const struct log *l, struct arena *mem,
	struct abi_value **values, struct err *e)
{
	struct decoder_state d = {.strict = true, .limit = l->data.n, .mem = mem};
	unsigned topic = ev->anonymous ? 0 : 1;
	struct abi_value *out;
	size_t at = 0;

	if (l->topic_count != ev->indexed_count + topic)
		return event_error(ev, l, "", "wrong number of topics", e);
	if (!ev->anonymous && !hash_eq(&l->topics[0], &ev->topic0))
		return event_error(ev, l, "", "topic 0 is another event's", e);
	out = arena_calloc(mem, ev->param_count, sizeof(*out));
	for (size_t i = 0; i < ev->param_count; i++) {
		if (!ev->params[i].indexed)
			continue;
		if (topic >= l->topic_count)
			return event_error(ev, l, "", "wrong number of topics", e);
		if (!take_topic(&d, &ev->params[i].type, l->topics[topic++].b, &out[i]))
			return event_error(ev, l, ev->params[i].name, d.why, e);
	}
	if (!take_data(&d, ev, l->data, out, &at))
		return event_error(ev, l, ev->params[at].name, d.why, e);
	if (d.read != l->data.n)
		return event_error(ev, l, "", "there is data that no parameter uses", e);
	*values = out;
	return ERR_NONE;
}

/* Work that lenient data may cause, in bytes read: far above what any encoder makes. */
static size_t lenient_limit(size_t n)
{
	return n > SIZE_MAX / 32 ? SIZE_MAX : 16 * n + 1024;
}

enum err_kind abi_decode_params(const struct abi_param *p, size_t n, struct bytes data,
	struct arena *mem, struct abi_value **values, struct err *e)
{
	struct decoder_state d = {.limit = lenient_limit(data.n), .mem = mem};
	struct abi_value *out = arena_calloc(mem, n, sizeof(*out));
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct abi_type *t = &p[i].type;
		size_t head = head_size(t, t->dim_count);

		if (head > data.n || at > data.n - head)
			fail(&d, "the data is too short");
		else
			(void)take_value(&d, data, at, t, t->dim_count, &out[i]);
		if (d.why)
			return err_set(e, ERR_REJECT, "abi", 0, "parameter %zu (%s): %s", i,
				p[i].name && *p[i].name ? p[i].name : "unnamed", d.why);
		at += head;
	}
	*values = out;
	return ERR_NONE;
}

enum err_kind abi_decode_call(const struct abi_function *f, struct bytes input, struct arena *mem,
	struct abi_value **values, struct err *e)
{
	enum err_kind k;

	if (input.n < 4 || memcmp(input.p, f->selector, 4))
		return err_set(e, ERR_REJECT, "abi", 0, "calldata has another selector than %s",
			f->name);
	k = abi_decode_params(f->params, f->param_count, (struct bytes){input.p + 4, input.n - 4},
		mem, values, e);
	return k ? err_wrap(e, "call of %s.%s", f->contract ? f->contract : "?", f->name)
		 : ERR_NONE;
}

static bool is_word(const struct abi_type *t)
{
	return !t->dim_count && t->base != ABI_BYTES && t->base != ABI_STRING && t->base != ABI_TUPLE;
}

bool abi_encode_call(struct buf *out, const struct abi_function *f, const struct u256 *args)
{
	uint8_t word[WORD];

	for (size_t i = 0; i < f->param_count; i++)
		if (!is_word(&f->params[i].type))
			return false;
	buf_add(out, f->selector, sizeof(f->selector));
	for (size_t i = 0; i < f->param_count; i++) {
		u256_to_be(word, args[i]);
		buf_add(out, word, sizeof(word));
	}
	return !out->bad;
}

enum err_kind abi_decode_result(const struct abi_function *f, struct bytes data, struct arena *mem,
	struct abi_value **values, struct err *e)
{
	enum err_kind k = abi_decode_params(f->outputs, f->output_count, data, mem, values, e);

	return k ? err_wrap(e, "result of %s.%s", f->contract ? f->contract : "?", f->name) : ERR_NONE;
}

struct u256 abi_u256(const struct abi_value *v)
{
	return u256_be(v->word);
}

struct address abi_address(const struct abi_value *v)
{
	struct address a;

	memcpy(a.b, v->word + 12, sizeof(a.b));
	return a;
}

bool abi_u64(const struct abi_value *v, uint64_t *out)
{
	struct u256 w = u256_be(v->word);

	*out = w.w[0];
	return u256_fits_u64(w);
}
