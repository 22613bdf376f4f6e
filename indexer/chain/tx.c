/*
 * Transactions in the form that transactionsRoot commits to, and their signers.
 *
 * The signed form of a type is its fields without the signature; a legacy transaction with v >= 35
 * signs its chain id as well (EIP-155). Both forms come from one function, so that they can not
 * drift.
 */
#include "chain/tx.h"

#include "chain/keccak.h"
#include "chain/recover.h"
#include "chain/rlp.h"

enum form { SIGNED, TO_SIGN };

static void to_rlp(struct rlp_writer *w, const struct tx *tx)
{
	rlp_bytes(w, tx->to.b, tx->creates ? 0 : sizeof(tx->to.b));
}

static void access_rlp(struct rlp_writer *w, const struct tx *tx)
{
	rlp_list(w);
	for (size_t i = 0; i < tx->access_count; i++) {
		const struct access_item *a = &tx->access[i];

		rlp_list(w);
		rlp_bytes(w, a->address.b, sizeof(a->address.b));
		rlp_list(w);
		for (size_t k = 0; k < a->key_count; k++)
			rlp_bytes(w, a->keys[k].b, sizeof(a->keys[k].b));
		rlp_list_end(w);
		rlp_list_end(w);
	}
	rlp_list_end(w);
}

static void blobs_rlp(struct rlp_writer *w, const struct tx *tx)
{
	rlp_u256(w, tx->max_fee_per_blob_gas);
	rlp_list(w);
	for (size_t i = 0; i < tx->blob_hash_count; i++)
		rlp_bytes(w, tx->blob_hashes[i].b, sizeof(tx->blob_hashes[i].b));
	rlp_list_end(w);
}

static void auths_rlp(struct rlp_writer *w, const struct tx *tx)
{
	rlp_list(w);
	for (size_t i = 0; i < tx->auth_count; i++) {
		const struct authorization *a = &tx->auths[i];

		rlp_list(w);
		rlp_u256(w, a->chain_id);
		rlp_bytes(w, a->address.b, sizeof(a->address.b));
		rlp_u64(w, a->nonce);
		rlp_u64(w, a->y_parity);
		rlp_u256(w, a->r);
		rlp_u256(w, a->s);
		rlp_list_end(w);
	}
	rlp_list_end(w);
}

/* v of a legacy transaction is 35 + 2 * chain id + recovery id, or 27 + recovery id. */
static bool legacy_chain(const struct tx *tx, struct u256 *chain_id)
{
	struct u256 over;

	return u256_sub_ok(&over, tx->v, u256_u64(35)) &&
		u256_div(chain_id, NULL, over, u256_u64(2));
}

static void legacy_rlp(struct rlp_writer *w, const struct tx *tx, enum form form)
{
	struct u256 chain_id;

	rlp_u64(w, tx->nonce);
	rlp_u256(w, tx->gas_price);
	rlp_u64(w, tx->gas);
	to_rlp(w, tx);
	rlp_u256(w, tx->value);
	rlp_bytes(w, tx->input.p, tx->input.n);
	if (form == TO_SIGN && legacy_chain(tx, &chain_id)) {
		rlp_u256(w, chain_id);
		rlp_u64(w, 0);
		rlp_u64(w, 0);
	}
}

static void typed_rlp(struct rlp_writer *w, const struct tx *tx)
{
	rlp_u256(w, tx->chain_id);
	rlp_u64(w, tx->nonce);
	if (tx->type == 1) {
		rlp_u256(w, tx->gas_price);
	} else {
		rlp_u256(w, tx->max_priority_fee);
		rlp_u256(w, tx->max_fee);
	}
	rlp_u64(w, tx->gas);
	to_rlp(w, tx);
	rlp_u256(w, tx->value);
	rlp_bytes(w, tx->input.p, tx->input.n);
	access_rlp(w, tx);
	if (tx->type == 3)
		blobs_rlp(w, tx);
	if (tx->type == 4)
		auths_rlp(w, tx);
}

static enum err_kind encode(struct buf *out, const struct tx *tx, enum form form, struct err *e)
{
	struct rlp_writer w;

	if (tx->type > 4)
		return err_set(e, ERR_REJECT, "tx", 0,
			"transaction %u is of type %u, which this program can not encode",
			tx->index, tx->type);
	rlp_init(&w, out);
	if (tx->type)
		buf_chr(out, (char)tx->type);
	rlp_list(&w);
	if (tx->type)
		typed_rlp(&w, tx);
	else
		legacy_rlp(&w, tx, form);
	if (form == SIGNED) {
		rlp_u256(&w, tx->v);
		rlp_u256(&w, tx->r);
		rlp_u256(&w, tx->s);
	}
	rlp_list_end(&w);
	return ERR_NONE;
}

enum err_kind tx_encode(struct buf *out, const struct tx *tx, struct err *e)
{
	return encode(out, tx, SIGNED, e);
}

/* The recovery id of v; 4 when v is out of its range. */
static unsigned recovery_id(const struct tx *tx)
{
	if (tx->type)
		return u256_cmp(tx->v, u256_u64(1)) <= 0 ? (unsigned)tx->v.w[0] : 4;
	if (u256_cmp(tx->v, u256_u64(35)) >= 0)
		return (unsigned)(tx->v.w[0] + 1) & 1;
	return tx->v.w[0] == 27 || tx->v.w[0] == 28 ? (unsigned)tx->v.w[0] - 27 : 4;
}

enum err_kind tx_sender(struct address *out, const struct tx *tx, struct err *e)
{
	struct hash32 hash;
	uint8_t sig[64];
	enum err_kind k;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	k = encode(&b, tx, TO_SIGN, e);
	if (!k) {
		keccak256(&hash, b.p, b.n);
		u256_to_be(sig, tx->r);
		u256_to_be(sig + 32, tx->s);
		if (!recover_address(out, &hash, sig, recovery_id(tx)))
			k = err_set(e, ERR_REJECT, "tx", 0,
				"the signature of transaction %u recovers to no account",
				tx->index);
	}
	buf_free(&b);
	return k;
}

#define ITEMS_MAX 16 /* of an encoded transaction */

/* What was signed: all items but the last three; of a legacy transaction with a chain id that too. */
static void signed_rlp(struct buf *out, uint8_t type, const struct rlp_item *items, size_t n, struct u256 v)
{
	struct rlp_writer w;

	rlp_init(&w, out);
	if (type)
		buf_chr(out, (char)type);
	rlp_list(&w);
	for (size_t i = 0; i < n; i++)
		rlp_raw(&w, items[i].whole.p, items[i].whole.n);
	if (!type && u256_cmp(v, u256_u64(35)) >= 0) {
		rlp_u64(&w, (v.w[0] - 35) / 2);
		rlp_u64(&w, 0);
		rlp_u64(&w, 0);
	}
	rlp_list_end(&w);
}

enum err_kind tx_raw_sender(struct address *out, struct bytes raw, struct err *e)
{
	struct tx t = {.type = raw.n && raw.p[0] < 0x80 ? raw.p[0] : 0};
	struct bytes in = {raw.p + (t.type != 0), raw.n - (t.type != 0)};
	struct rlp_item list, items[ITEMS_MAX];
	struct hash32 hash;
	uint8_t sig[64];
	bool recovered;
	struct buf b;
	size_t n = 0;

	if (rlp_next(&in, &list) && list.list && !in.n)
		while (n < ITEMS_MAX && rlp_next(&list.payload, &items[n]))
			n++;
	if (n < 9 || list.payload.n || !rlp_item_u256(&items[n - 3], &t.v) ||
		!rlp_item_u256(&items[n - 2], &t.r) || !rlp_item_u256(&items[n - 1], &t.s) ||
		t.v.w[1] || t.v.w[2] || t.v.w[3])
		return err_set(e, ERR_REJECT, "tx", 0, "an encoded transaction is malformed");
	buf_init(&b, SIZE_MAX / 4);
	signed_rlp(&b, t.type, items, n - 3, t.v);
	keccak256(&hash, b.p, b.n);
	buf_free(&b);
	u256_to_be(sig, t.r);
	u256_to_be(sig + 32, t.s);
	recovered = recover_address(out, &hash, sig, recovery_id(&t));
	return recovered ? ERR_NONE
			 : err_set(e, ERR_REJECT, "tx", 0, "a signature recovers to no account");
}
