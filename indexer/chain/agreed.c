#include "chain/agreed.h"

#include "base/buf.h"
#include "chain/keccak.h"

static void put_int(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes--)
		buf_chr(b, (char)(v >> 8 * bytes));
}

static void put_data(struct buf *b, struct bytes data)
{
	put_int(b, data.n, 4);
	buf_add(b, data.p, data.n);
}

static void put_log(struct buf *b, const struct log *l)
{
	buf_add(b, l->tx_hash.b, 32);
	put_int(b, l->tx_index, 4);
	put_int(b, l->log_index, 4);
	buf_add(b, l->address.b, 20);
	put_int(b, l->topic_count, 1);
	buf_add(b, l->topics, 32u * l->topic_count);
	put_data(b, l->data);
}

static void put_tx(struct buf *b, const struct tx *t)
{
	static const struct address nobody;
	uint8_t value[32];

	u256_to_be(value, t->value);
	buf_add(b, t->hash.b, 32);
	put_int(b, t->index, 4);
	buf_add(b, t->from.b, 20);
	put_int(b, t->creates, 1);
	buf_add(b, t->creates ? nobody.b : t->to.b, 20);
	buf_add(b, value, 32);
	put_int(b, t->status < 0 ? 255 : (uint64_t)t->status, 1);
	put_data(b, t->input);
}

void agreed_digest(struct hash32 *out, const struct block *b)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 4);
	buf_str(&text, "bttc-agreed/1");
	put_int(&text, b->h.number, 8);
	buf_add(&text, b->h.hash.b, 32);
	put_int(&text, b->log_count, 4);
	for (size_t i = 0; i < b->log_count; i++)
		put_log(&text, &b->logs[i]);
	put_int(&text, b->tx_count, 4);
	for (size_t i = 0; i < b->tx_count; i++)
		put_tx(&text, &b->txs[i]);
	sha256(out, text.p, text.n);
	buf_free(&text);
}
