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
