/* Receipts in the form that receiptsRoot commits to (EIP-2718 envelope, RLP inside). */
#include "chain/receipt.h"

#include "chain/bloom.h"
#include "chain/rlp.h"

static void log_rlp(struct rlp_writer *w, const struct log *l)
{
	rlp_list(w);
	rlp_bytes(w, l->address.b, sizeof(l->address.b));
	rlp_list(w);
	for (unsigned i = 0; i < l->topic_count; i++)
		rlp_bytes(w, l->topics[i].b, sizeof(l->topics[i].b));
	rlp_list_end(w);
	rlp_bytes(w, l->data.p, l->data.n);
	rlp_list_end(w);
}

void receipt_encode(struct buf *out, const struct receipt *r)
{
	struct rlp_writer w;

	rlp_init(&w, out);
	if (r->type)
		buf_chr(out, (char)r->type);
	rlp_list(&w);
	if (r->has_status)
		rlp_u64(&w, r->status);
	else
		rlp_bytes(&w, r->root.b, sizeof(r->root.b));
	rlp_u64(&w, r->cumulative_gas);
	rlp_bytes(&w, r->bloom, sizeof(r->bloom));
	rlp_list(&w);
	for (size_t i = 0; i < r->log_count; i++)
		log_rlp(&w, &r->logs[i]);
	rlp_list_end(&w);
	rlp_list_end(&w);
}

void receipt_bloom(uint8_t out[256], const struct receipt *r)
{
	memset(out, 0, 256);
	for (size_t i = 0; i < r->log_count; i++)
		bloom_add_log(out, &r->logs[i]);
}

/* ---- reading ---- */

static enum err_kind bad(struct err *e, const char *what)
{
	return err_set(e, ERR_REJECT, "receipt", 0, "receipt: %s", what);
}

/* Take a string of exactly n bytes off a list. */
static bool take_fixed(struct bytes *in, void *out, size_t n)
{
	struct rlp_item it;

	if (!rlp_next(in, &it) || it.list || it.payload.n != n)
		return false;
	memcpy(out, it.payload.p, n);
	return true;
}

static bool read_topics(struct log *l, struct bytes in)
{
	while (in.n) {
		if (l->topic_count == LOG_TOPICS_MAX || !take_fixed(&in, l->topics[l->topic_count].b, 32))
			return false;
		l->topic_count++;
	}
	return true;
}

static bool read_log(struct log *l, struct bytes in)
{
	struct rlp_item topics, data;

	if (!take_fixed(&in, l->address.b, sizeof(l->address.b)) || !rlp_next(&in, &topics) ||
		!topics.list || !read_topics(l, topics.payload) || !rlp_next(&in, &data) ||
		data.list || in.n)
		return false;
	l->data = data.payload;
	return true;
}

static enum err_kind read_logs(
	struct receipt *out, struct bytes in, struct arena *mem, struct err *e)
{
	struct bytes at = in;
	struct rlp_item it;
	size_t n = 0;

	for (; at.n; n++)
		if (!rlp_next(&at, &it) || !it.list)
			return bad(e, "the logs are no list of lists");
	out->logs = arena_calloc(mem, n ? n : 1, sizeof(*out->logs));
	for (; out->log_count < n; out->log_count++)
		if (!rlp_next(&in, &it) || !read_log(&out->logs[out->log_count], it.payload))
			return err_set(e, ERR_REJECT, "receipt", 0, "receipt: log %zu is malformed",
				out->log_count);
	return ERR_NONE;
}

static bool read_outcome(struct receipt *out, const struct rlp_item *it)
{
	if (it->list)
		return false;
	if (it->payload.n == 32) {
		memcpy(out->root.b, it->payload.p, 32);
		return true;
	}
	out->has_status = true;
	if (it->payload.n == 1 && it->payload.p[0] == 1)
		out->status = 1;
	return !it->payload.n || out->status;
}

enum err_kind receipt_decode(
	struct receipt *out, struct bytes in, struct arena *mem, struct err *e)
{
	struct rlp_item whole, it;

	*out = (struct receipt){0};
	if (in.n && in.p[0] < 0x80) {
		out->type = in.p[0];
		in = (struct bytes){in.p + 1, in.n - 1};
		if (!out->type)
			return bad(e, "type 0 has no envelope");
	}
	if (!rlp_next(&in, &whole) || !whole.list || in.n)
		return bad(e, "is not one RLP list");
	in = whole.payload;
	if (!rlp_next(&in, &it) || !read_outcome(out, &it))
		return bad(e, "the status is neither 0, 1 nor a state root");
	if (!rlp_next(&in, &it) || !rlp_item_u64(&it, &out->cumulative_gas))
		return bad(e, "the cumulative gas is no 64-bit integer");
	if (!take_fixed(&in, out->bloom, sizeof(out->bloom)))
		return bad(e, "the bloom is not 256 bytes");
	if (!rlp_next(&in, &it) || !it.list || in.n)
		return bad(e, "the logs are no list, or something follows them");
	return read_logs(out, it.payload, mem, e);
}
