/*
 * Block headers: RLP, hash, and what Bor (BTTC's consensus) puts into extraData.
 *
 * A header is written in three pieces: the twelve fields before extraData into one stack array,
 * extraData where it lies, and the fields after it into a second array. So hashing allocates
 * nothing, whatever the length of extraData.
 *
 * Which of the optional fields belong to the hash depends on the fork rules of the chain, and nodes
 * report fields that do not (or leave out ones that do, as zero). keccak256 is the judge: only the
 * right layout hashes to the block hash, so trying all of them can not accept a false header.
 */
#include "chain/header.h"

#include "chain/keccak.h"
#include "chain/recover.h"
#include "chain/rlp.h"

#include <inttypes.h>
#include <string.h>

#define VANITY   32
#define SEAL     65
#define PRODUCER 40
#define MORE_MAX 4
#define SHORT_EXTRA 1024 /* a sprint end of 23 producers */

struct pieces {
	uint8_t front[9 + 560], back[260];
	size_t start;   /* where in front the list prefix begins */
	size_t front_n; /* end of front, prefix of extraData included */
	size_t back_n;
	struct bytes extra;
};

/* The writers below append at p and return the end. */
static uint8_t *put_fixed(uint8_t *p, const void *v, size_t n)
{
	*p++ = (uint8_t)(0x80 + n);
	memcpy(p, v, n);
	return p + n;
}

static uint8_t *put_be(uint8_t *p, const uint8_t *be, size_t n)
{
	while (n && !*be) {
		be++;
		n--;
	}
	if (n != 1 || *be >= 0x80)
		*p++ = (uint8_t)(0x80 + n);
	memcpy(p, be, n);
	return p + n;
}

static uint8_t *put_u64(uint8_t *p, uint64_t v)
{
	uint8_t be[8];

	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(v >> 8 * (7 - i));
	return put_be(p, be, 8);
}

static uint8_t *put_u256(uint8_t *p, struct u256 v)
{
	uint8_t be[32];

	u256_to_be(be, v);
	return put_be(p, be, 32);
}

static uint8_t *put_optional(uint8_t *p, const struct header *h, unsigned has)
{
	static const uint8_t absent = 0x80;

	if (has >= HEADER_BASE_FEE)
		p = has & HEADER_BASE_FEE ? put_u256(p, h->base_fee) : put_fixed(p, &absent, 0);
	if (has >= HEADER_WITHDRAWALS)
		p = put_fixed(p, h->withdrawals_root.b, has & HEADER_WITHDRAWALS ? 32 : 0);
	if (has >= HEADER_BLOB) {
		p = has & HEADER_BLOB ? put_u64(p, h->blob_gas_used) : put_fixed(p, &absent, 0);
		p = has & HEADER_BLOB ? put_u64(p, h->excess_blob_gas) : put_fixed(p, &absent, 0);
	}
	if (has >= HEADER_BEACON_ROOT)
		p = put_fixed(p, h->beacon_root.b, has & HEADER_BEACON_ROOT ? 32 : 0);
	if (has >= HEADER_REQUESTS)
		p = put_fixed(p, h->requests_hash.b, 32);
	return p;
}

/* Encode with the given extraData, layout and further items. */
static void encode(struct pieces *s, const struct header *h, struct bytes extra, unsigned has,
	struct bytes more)
{
	uint8_t head[9], *p = s->front + 9;
	size_t n;

	p = put_fixed(p, h->parent.b, 32);
	p = put_fixed(p, h->uncles.b, 32);
	p = put_fixed(p, h->miner.b, 20);
	p = put_fixed(p, h->state_root.b, 32);
	p = put_fixed(p, h->tx_root.b, 32);
	p = put_fixed(p, h->receipts_root.b, 32);
	*p++ = 0xb9;
	*p++ = 1;
	*p++ = 0;
	memcpy(p, h->bloom, sizeof(h->bloom));
	p += sizeof(h->bloom);
	p = put_u256(p, h->difficulty);
	p = put_u64(p, h->number);
	p = put_u64(p, h->gas_limit);
	p = put_u64(p, h->gas_used);
	p = put_u64(p, h->time);
	if (extra.n != 1 || extra.p[0] >= 0x80)
		p += rlp_prefix(p, 0x80, extra.n);
	s->front_n = (size_t)(p - s->front);
	s->extra = extra;
	p = put_fixed(s->back, h->mix_hash.b, 32);
	p = put_fixed(p, h->nonce, 8);
	p = put_optional(p, h, has);
	s->back_n = (size_t)(p - s->back);
	n = rlp_prefix(head, 0xc0, s->front_n - 9 + extra.n + s->back_n + more.n);
	s->start = 9 - n;
	memcpy(s->front + s->start, head, n);
}

static void hash_pieces(struct hash32 *out, const struct pieces *s, struct bytes more)
{
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, s->front + s->start, s->front_n - s->start);
	keccak_add(&k, s->extra.p, s->extra.n);
	keccak_add(&k, s->back, s->back_n);
	keccak_add(&k, more.p, more.n);
	keccak_done(&k, out);
}

void header_rlp(struct buf *out, const struct header *h)
{
	struct pieces s;

	encode(&s, h, h->extra, h->has & HEADER_ALL, (struct bytes){0});
	buf_reserve(out, s.front_n + s.extra.n + s.back_n);
	buf_add(out, s.front + s.start, s.front_n - s.start);
	buf_add(out, s.extra.p, s.extra.n);
	buf_add(out, s.back, s.back_n);
}

void header_hash(struct hash32 *out, const struct header *h)
{
	struct pieces s;

	encode(&s, h, h->extra, h->has & HEADER_ALL, (struct bytes){0});
	hash_pieces(out, &s, (struct bytes){0});
}

/* Pieces in two: front, and the rest put together behind each other. */
struct flat {
	struct pieces s;
	uint8_t rest[SHORT_EXTRA + sizeof(((struct pieces *)0)->back)];
};

/* False when extraData is too long to be put together. */
static bool flatten(
	struct flat *f, const struct header *h, size_t cut, unsigned has, struct keccak_input *out)
{
	struct bytes extra = {h->extra.p, h->extra.n > cut ? h->extra.n - cut : 0};

	if (extra.n > SHORT_EXTRA)
		return false;
	encode(&f->s, h, extra, has, (struct bytes){0});
	if (extra.n)
		memcpy(f->rest, extra.p, extra.n);
	memcpy(f->rest + extra.n, f->s.back, f->s.back_n);
	out->head = (struct bytes){f->s.front + f->s.start, f->s.front_n - f->s.start};
	out->body = (struct bytes){f->rest, extra.n + f->s.back_n};
	return true;
}

/* Those with a long extraData one by one, the others together. */
static void hash_many(struct hash32 *out, const struct header *h, size_t n, bool seal)
{
	struct keccak_input in[HEADERS_TOGETHER] = {0};
	struct hash32 hash[HEADERS_TOGETHER];
	struct flat flat[HEADERS_TOGETHER];
	size_t at[HEADERS_TOGETHER], count = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned has = seal ? 0 : h[i].has & HEADER_ALL;

		if (flatten(&flat[count], &h[i], seal ? SEAL : 0, has, &in[count]))
			at[count++] = i;
		else if (!seal)
			header_hash(&out[i], &h[i]);
		else if (!header_seal_hash(&out[i], &h[i]))
			memset(&out[i], 0, sizeof(out[i]));
	}
	if (count)
		keccak256_many(hash, in, count);
	for (size_t i = 0; i < count; i++)
		out[at[i]] = hash[i];
}

void header_hash_many(struct hash32 *out, const struct header *h, size_t n)
{
	hash_many(out, h, n, false);
}

void header_seal_hash_many(struct hash32 *out, const struct header *h, size_t n)
{
	hash_many(out, h, n, true);
}

static bool fits(const struct header *h, unsigned has, struct bytes more)
{
	struct hash32 got;
	struct pieces s;

	encode(&s, h, h->extra, has, more);
	hash_pieces(&got, &s, more);
	return hash_eq(&got, &h->hash);
}

/* Try every selection of the unknown items, in order, behind the fields that are present. */
static bool match_more(const struct header *h)
{
	struct bytes in = h->more, whole[MORE_MAX];
	uint8_t chosen[MORE_MAX * 33];
	struct rlp_item it;
	unsigned n = 0;

	while (n < MORE_MAX && rlp_next(&in, &it)) {
		if (it.list || it.whole.n > 33)
			return false;
		whole[n++] = it.whole;
	}
	for (unsigned set = 1; set < 1u << n; set++) {
		size_t len = 0;

		for (unsigned i = 0; i < n; i++) {
			if (!(set >> i & 1))
				continue;
			memcpy(chosen + len, whole[i].p, whole[i].n);
			len += whole[i].n;
		}
		if (fits(h, h->has & HEADER_ALL, (struct bytes){chosen, len}))
			return true;
	}
	return false;
}

bool header_match(const struct header *h, unsigned *layout)
{
	unsigned given = h->has & HEADER_ALL;
	bool found = false;

	if (fits(h, given, (struct bytes){0})) {
		*layout = given;
		return true;
	}
	/*
	 * Sets without a gap first: real forks, and equal to one with a gap when the field is zero.
	 */
	for (unsigned has = HEADER_ALL; !found; has >>= 1) {
		found = fits(h, has, (struct bytes){0});
		*layout = has;
		if (!has)
			break;
	}
	for (unsigned has = 0; !found && has <= HEADER_ALL; has++) {
		found = (has & (has + 1)) && fits(h, has, (struct bytes){0});
		*layout = has;
	}
	if (found)
		return true;
	if (!match_more(h))
		return false;
	*layout = given | HEADER_MORE;
	return true;
}

/* ---- decoding ------------------------------------------------------------------------------ */

struct reader {
	struct bytes in;
	const char *bad; /* first field that does not fit */
};

static bool take(struct reader *r, const char *name, struct rlp_item *it)
{
	if (r->bad)
		return false;
	if (!rlp_next(&r->in, it) || it->list) {
		r->bad = name;
		return false;
	}
	return true;
}

static void take_fixed(struct reader *r, const char *name, void *out, size_t n)
{
	struct rlp_item it;

	if (!take(r, name, &it))
		return;
	if (it.payload.n != n)
		r->bad = name;
	else
		memcpy(out, it.payload.p, n);
}

static void take_u64(struct reader *r, const char *name, uint64_t *out)
{
	struct rlp_item it;

	if (take(r, name, &it) && !rlp_item_u64(&it, out))
		r->bad = name;
}

static void take_u256(struct reader *r, const char *name, struct u256 *out)
{
	struct rlp_item it;

	if (take(r, name, &it) && !rlp_item_u256(&it, out))
		r->bad = name;
}

/* A hash that a later field may force to be there as the empty string; never the last field so. */
static void take_optional(struct reader *r, const char *name, struct hash32 *out, unsigned *has,
	unsigned bit)
{
	if (!r->in.n || r->bad)
		return;
	if (r->in.p[0] == 0x80) {
		r->in.p++;
		r->in.n--;
		if (!r->in.n)
			r->bad = name;
		return;
	}
	take_fixed(r, name, out->b, 32);
	*has |= bit;
}

static void decode_optional(struct reader *r, struct header *h)
{
	if (r->in.n) {
		take_u256(r, "baseFeePerGas", &h->base_fee);
		h->has |= HEADER_BASE_FEE;
	}
	take_optional(r, "withdrawalsRoot", &h->withdrawals_root, &h->has, HEADER_WITHDRAWALS);
	if (r->in.n) {
		take_u64(r, "blobGasUsed", &h->blob_gas_used);
		take_u64(r, "excessBlobGas", &h->excess_blob_gas);
		h->has |= HEADER_BLOB;
	}
	take_optional(r, "parentBeaconBlockRoot", &h->beacon_root, &h->has, HEADER_BEACON_ROOT);
	take_optional(r, "requestsHash", &h->requests_hash, &h->has, HEADER_REQUESTS);
}

enum err_kind header_decode(struct header *out, struct bytes rlp, struct arena *mem, struct err *e)
{
	struct bytes in = rlp;
	struct rlp_item it;
	struct reader r = {0};
	struct header h = {0};

	if (!rlp_next(&in, &it) || !it.list || in.n)
		return err_set(e, ERR_REJECT, "header", 0, "header: not one RLP list");
	r.in = it.payload;
	take_fixed(&r, "parentHash", h.parent.b, 32);
	take_fixed(&r, "sha3Uncles", h.uncles.b, 32);
	take_fixed(&r, "miner", h.miner.b, 20);
	take_fixed(&r, "stateRoot", h.state_root.b, 32);
	take_fixed(&r, "transactionsRoot", h.tx_root.b, 32);
	take_fixed(&r, "receiptsRoot", h.receipts_root.b, 32);
	take_fixed(&r, "logsBloom", h.bloom, sizeof(h.bloom));
	take_u256(&r, "difficulty", &h.difficulty);
	take_u64(&r, "number", &h.number);
	take_u64(&r, "gasLimit", &h.gas_limit);
	take_u64(&r, "gasUsed", &h.gas_used);
	take_u64(&r, "timestamp", &h.time);
	if (take(&r, "extraData", &it))
		h.extra = arena_bytes(mem, it.payload.p, it.payload.n);
	take_fixed(&r, "mixHash", h.mix_hash.b, 32);
	take_fixed(&r, "nonce", h.nonce, sizeof(h.nonce));
	decode_optional(&r, &h);
	if (r.bad)
		return err_set(e, ERR_REJECT, "header", 0,
			"header: field %s is missing or malformed", r.bad);
	if (r.in.n)
		return err_set(e, ERR_REJECT, "header", 0,
			"header: %zu bytes behind the last known field", r.in.n);
	keccak256(&h.hash, rlp.p, rlp.n);
	*out = h;
	return ERR_NONE;
}

/* ---- Bor ----------------------------------------------------------------------------------- */

bool header_seal_hash(struct hash32 *out, const struct header *h)
{
	struct pieces s;

	if (h->extra.n < VANITY + SEAL)
		return false;
	encode(&s, h, (struct bytes){h->extra.p, h->extra.n - SEAL}, 0, (struct bytes){0});
	hash_pieces(out, &s, (struct bytes){0});
	return true;
}

bool header_author(struct address *out, const struct header *h)
{
	const uint8_t *seal;
	struct hash32 hash;

	if (!h->number || !header_seal_hash(&hash, h))
		return false;
	seal = h->extra.p + h->extra.n - SEAL;
	return recover_address(out, &hash, seal, seal[64]);
}

/* Producer i of a sprint end whose length was checked. */
static struct u256 producer_at(const struct header *h, size_t i, const uint8_t **address)
{
	*address = h->extra.p + VANITY + i * PRODUCER;
	return u256_be_n(*address + 20, 20);
}

enum err_kind header_check_producers(const struct header *h, size_t *n, struct err *e)
{
	size_t len = h->extra.n, count;
	const uint8_t *address, *before = NULL;

	if ((h->number + 1) % BTTC_SPRINT)
		return err_set(e, ERR_REJECT, "header", 0, "block %" PRIu64 " ends no sprint",
			h->number);
	if (len <= VANITY + SEAL || (len - VANITY - SEAL) % PRODUCER)
		return err_set(e, ERR_REJECT, "header", 0,
			"extraData of sprint end %" PRIu64 " has %zu bytes, not 97 + 40 a producer",
			h->number, len);
	count = (len - VANITY - SEAL) / PRODUCER;
	for (size_t i = 0; i < count; i++, before = address) {
		struct u256 power = producer_at(h, i, &address);

		if (u256_is_zero(power) || !u256_fits_u64(power))
			return err_set(e, ERR_REJECT, "header", 0,
				"extraData of sprint end %" PRIu64
				": power of producer %zu is zero or over 64 bits", h->number, i);
		if (before && memcmp(before, address, 20) >= 0)
			return err_set(e, ERR_REJECT, "header", 0,
				"extraData of sprint end %" PRIu64
				": producer %zu is not above the one before", h->number, i);
	}
	*n = count;
	return ERR_NONE;
}

void header_copy_producers(const struct header *h, struct producer *out, size_t n)
{
	const uint8_t *address;

	for (size_t i = 0; i < n; i++) {
		out[i].power = producer_at(h, i, &address).w[0];
		memcpy(out[i].address.b, address, 20);
	}
}

enum err_kind header_producers(const struct header *h, struct arena *mem, struct producer **out,
	size_t *n, struct err *e)
{
	enum err_kind k = header_check_producers(h, n, e);

	if (k)
		return k;
	*out = arena_calloc(mem, *n, sizeof(**out));
	header_copy_producers(h, *out, *n);
	return ERR_NONE;
}
