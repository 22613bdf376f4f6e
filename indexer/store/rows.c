/*
 * One block as rows. Only this file knows the columns of the tables that a block fills; the order
 * of fields below is that of the COPY statements in writer.c.
 *
 * Nothing a chain can send may stop the stream: a value that no column holds (an id over 63 bits)
 * parks the row that has it, with its log or calldata whole. Only a header that cannot be stored
 * (number, time or gas out of range) is fatal, because the chain of blocks would have a hole.
 */
#include "store/writer_state.h"

#include "chain/header.h"

#include <openssl/sha.h>

#include <endian.h>
#include <string.h>

#define PENDING_MAX (2u * 1024 * 1024) /* bytes of one table before they are sent */

static const char park_sql[] =
	"INSERT INTO chain.parked (chain_id, block, log_index, address, contract, event, reason, "
	"topics,"
	" raw, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";

/* What is parked: a log, a transaction (no log_index), or a stream record (no block either). */
struct parked {
	bool has_block, has_log;
	uint64_t block;
	uint32_t log_index;
	const struct address *address;
	const char *contract, *event, *reason;
	struct bytes topics, raw;
};

static enum err_kind park(struct writer *w, const struct parked *p, struct err *e)
{
	struct pg_args a = {0};
	uint8_t digest[32];

	if (w->apart)
		return ERR_NONE;
	SHA256(p->raw.n ? p->raw.p : (const uint8_t *)"", p->raw.n, digest);
	arg_chain(&a, w);
	pg_arg_opt_i64(&a, p->has_block, (int64_t)p->block);
	pg_arg_opt_i64(&a, p->has_log, p->log_index);
	pg_arg_bytes(&a, p->address ? p->address->b : NULL, 20);
	pg_arg_text(&a, p->contract);
	pg_arg_text(&a, p->event);
	pg_arg_text(&a, p->reason);
	pg_arg_bytes(&a, p->has_log ? (p->topics.n ? p->topics.p : (const uint8_t *)"") : NULL,
		p->topics.n);
	pg_arg_bytes(&a, p->raw.n ? p->raw.p : (const uint8_t *)"", p->raw.n);
	pg_arg_bytes(&a, digest, sizeof(digest));
	return pg_query(w->pg, park_sql, &a, e);
}

static enum err_kind park_log(struct writer *w, uint64_t block, const struct log *l,
	const char *contract, const char *event, const char *reason, struct err *e)
{
	struct parked p = {.has_block = true,
		.has_log = true,
		.block = block,
		.log_index = l->log_index,
		.address = &l->address,
		.contract = contract,
		.event = event,
		.reason = reason,
		.topics = {l->topics[0].b, l->topic_count * 32u},
		.raw = l->data};

	return park(w, &p, e);
}

static enum err_kind park_tx(
	struct writer *w, uint64_t block, const struct tx *t, const char *reason, struct err *e)
{
	struct parked p = {.has_block = true,
		.block = block,
		.address = t->creates ? NULL : &t->to,
		.reason = reason};
	enum err_kind k;
	struct buf raw;

	buf_init(&raw, COPY_ROW_MAX);
	buf_add(&raw, t->hash.b, 32);
	buf_add(&raw, t->from.b, 20);
	buf_add(&raw, t->input.p, t->input.n);
	p.raw = (struct bytes){(const uint8_t *)raw.p, raw.n};
	k = park(w, &p, e);
	buf_free(&raw);
	return k;
}

enum err_kind rows_park_record(struct writer *w, const struct bad_record *bad, struct err *e)
{
	struct parked p = {.reason = bad->reason, .raw = bad->raw};

	return park(w, &p, e);
}

/* -------- optional fields -------- */

static void put_hash(struct copy *c, const struct hash32 *h)
{
	copy_bytes(c, h->b, sizeof(h->b));
}

static void put_address(struct copy *c, const struct address *a)
{
	copy_bytes(c, a->b, sizeof(a->b));
}

static void opt_address(struct copy *c, bool has, const struct address *a)
{
	if (has)
		put_address(c, a);
	else
		copy_null(c);
}

static void opt_hash(struct copy *c, bool has, const struct hash32 *h)
{
	if (has)
		put_hash(c, h);
	else
		copy_null(c);
}

static void opt_i64(struct copy *c, bool has, uint64_t v)
{
	if (has)
		copy_i64(c, (int64_t)v);
	else
		copy_null(c);
}

static void opt_u256(struct copy *c, bool has, struct u256 v)
{
	if (has)
		copy_u256(c, v);
	else
		copy_null(c);
}

/* -------- tables -------- */

static enum err_kind bad_header(
	const struct writer *w, const struct block *b, const char *field, struct err *e)
{
	return err_set(e, ERR_FATAL, "store", 0,
		"chain %s, block %" PRIu64
		": %s is out of range, the block cannot be stored: check the "
		"node and the required verification level",
		w->chain->key, b->h.number, field);
}

static enum err_kind add_block(struct writer *w, const struct block *b, struct err *e)
{
	struct copy *c = &w->rows[T_BLOCK];
	const struct header *h = &b->h;

	if (!fits(h->number))
		return bad_header(w, b, "number", e);
	if (h->time > TIME_MAX)
		return bad_header(w, b, "time", e);
	if (!fits(h->gas_used))
		return bad_header(w, b, "gasUsed", e);
	if (b->tx_total > INT32_MAX || b->fee_count > INT32_MAX || b->level >= LEVEL_COUNT)
		return bad_header(w, b, "a count", e);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)h->number);
	put_hash(c, &h->hash);
	put_hash(c, &h->parent);
	copy_time(c, (int64_t)h->time);
	opt_address(c, b->has_author, &b->author);
	copy_i16(c, (int16_t)b->level);
	if (b->tx_total_known)
		copy_i32(c, (int32_t)b->tx_total);
	else
		copy_null(c);
	copy_i64(c, (int64_t)h->gas_used);
	copy_u256(c, h->difficulty);
	put_hash(c, &h->tx_root);
	put_hash(c, &h->receipts_root);
	opt_u256(c, b->fees_known, b->fee_sum);
	if (b->fees_known)
		copy_i32(c, (int32_t)b->fee_count);
	else
		copy_null(c);
	copy_bytes(c, h->extra.p, h->extra.n);
	if (b->agreed_by.n) {
		copy_bytes(c, b->agreed_by.p, b->agreed_by.n); /* text has the same form */
		put_hash(c, &b->agreed_digest);
	} else {
		copy_null(c);
		copy_null(c);
	}
	if (!w->ranged)
		w->levels[b->level]++;
	return ERR_NONE;
}

static bool no_column_holds(const struct log *l)
{
	return l->log_index > INT32_MAX || l->tx_index > INT32_MAX;
}

static enum err_kind add_log(
	struct writer *w, const struct block *b, const struct event_row *r, struct err *e)
{
	struct copy *c = &w->rows[T_LOG];
	const struct log *l = r->log;
	const char *contract = r->contract ? r->contract->name : "";
	const char *event = r->event ? r->event->name : NULL;

	if (no_column_holds(l))
		return park_log(w, b->h.number, l, contract, event, "index over 31 bits", e);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_i32(c, (int32_t)l->log_index);
	copy_i32(c, (int32_t)l->tx_index);
	copy_bool(c, l->state_sync);
	put_hash(c, &l->tx_hash);
	put_address(c, &l->address);
	copy_text(c, contract);
	copy_text(c, event);
	opt_i64(c, r->has_validator && fits(r->validator_id), r->validator_id);
	copy_bytes(c, l->topics[0].b, l->topic_count * 32u);
	copy_bytes(c, l->data.p, l->data.n);
	return ERR_NONE;
}

static enum err_kind add_tx(
	struct writer *w, const struct block *b, const struct call_row *r, struct err *e)
{
	struct copy *c = &w->rows[T_TX];
	const struct tx *t = r->tx;

	if (t->index > INT32_MAX)
		return park_tx(w, b->h.number, t, "index over 31 bits", e);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_i32(c, (int32_t)t->index);
	put_hash(c, &t->hash);
	put_address(c, &t->from);
	opt_address(c, !t->creates, &t->to);
	copy_u256(c, t->value);
	copy_i16(c, t->type);
	if (t->status < 0)
		copy_null(c);
	else
		copy_bool(c, t->status);
	copy_text(c, r->contract ? r->contract->name : NULL);
	copy_text(c, r->function ? r->function->name : NULL);
	copy_bytes(c, t->input.p, t->input.n);
	return ERR_NONE;
}

static enum err_kind add_contract(struct writer *w, const struct discovery *d, struct err *e)
{
	struct copy *c = &w->rows[T_CONTRACT];

	if (d->log_index > INT32_MAX || !fits(d->block))
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: discovery at an index out of range", w->chain->key);
	copy_row(c);
	copy_i64(c, w->chain_id);
	put_address(c, &d->address);
	copy_text(c, d->contract);
	copy_text(c, d->rule);
	copy_i64(c, (int64_t)d->block);
	copy_i32(c, (int32_t)d->log_index);
	opt_i64(c, d->has_validator && fits(d->validator_id), d->validator_id);
	return ERR_NONE;
}

static enum err_kind add_checkpoint(
	struct writer *w, const struct block *b, const struct checkpoint_row *r, struct err *e)
{
	struct copy *c = &w->rows[T_CHECKPOINT];

	if (!fits(r->checkpoint_id) || !fits(r->header_block_id) || !fits(r->start) ||
		!fits(r->end) || !fits(r->bttc_chain_id) || !fits(r->call_epoch) ||
		r->log->log_index > INT32_MAX)
		return park_log(w, b->h.number, r->log, NULL, "checkpoint",
			"a number of the checkpoint is over 63 bits", e);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_i32(c, (int32_t)r->log->log_index);
	put_hash(c, &r->log->tx_hash);
	copy_i16(c, (int16_t)r->kind);
	copy_i64(c, r->root_chain_id);
	copy_i64(c, (int64_t)r->checkpoint_id);
	opt_i64(c, r->has_header_block_id, r->header_block_id);
	put_address(c, &r->proposer);
	copy_i64(c, (int64_t)r->start);
	copy_i64(c, (int64_t)r->end);
	opt_hash(c, r->has_root, &r->root);
	opt_u256(c, r->has_reward, r->reward);
	opt_address(c, r->has_call, &r->submitted_by);
	opt_hash(c, r->has_call && r->has_account_root, &r->account_root);
	opt_i64(c, r->has_call && r->has_bttc_chain_id, r->bttc_chain_id);
	opt_i64(c, r->has_call && r->has_call_epoch, r->call_epoch);
	if (r->has_call) {
		copy_bytes(c, r->vote_data.p, r->vote_data.n);
		copy_bytes(c, r->signatures.p, r->signatures.n);
	} else {
		copy_null(c);
		copy_null(c);
	}
	return ERR_NONE;
}

static enum err_kind add_partnership(
	struct writer *w, const struct block *b, const struct partnership_row *r, struct err *e)
{
	struct copy *c = &w->rows[T_PARTNERSHIP];

	if (!fits(r->share_bps) || !fits(r->old_share_bps) || r->log->log_index > INT32_MAX)
		return park_log(w, b->h.number, r->log, NULL, r->map->event->name,
			"a share is over 63 bits", e);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_i32(c, (int32_t)r->log->log_index);
	put_hash(c, &r->log->tx_hash);
	put_address(c, &r->log->address);
	copy_i16(c, (int16_t)r->map->kind);
	opt_address(c, r->has[PF_PARTNER], &r->partner);
	opt_address(c, r->has[PF_ACCOUNT], &r->account);
	opt_address(c, r->has[PF_RECIPIENT], &r->recipient);
	opt_address(c, r->has[PF_OPERATOR], &r->operator_);
	opt_address(c, r->has[PF_ADMIN], &r->admin);
	opt_u256(c, r->has[PF_AMOUNT], r->amount);
	opt_u256(c, r->has[PF_TOTAL], r->total);
	opt_i64(c, r->has[PF_SHARE_BPS], r->share_bps);
	opt_i64(c, r->has[PF_OLD_SHARE_BPS], r->old_share_bps);
	opt_i64(c, r->has[PF_VALIDATOR_ID] && fits(r->validator_id), r->validator_id);
	opt_hash(c, r->has[PF_ROLE], &r->role);
	copy_text(c, r->role_name);
	return ERR_NONE;
}

/* What proves the rows of a block. */
static void add_evidence(struct writer *w, const struct block *b)
{
	struct copy *c = &w->rows[T_EVIDENCE];
	struct buf rlp;

	buf_init(&rlp, COPY_ROW_MAX);
	header_rlp(&rlp, &b->h);
	copy_row(c);
	copy_i64(c, w->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_bytes(c, rlp.p, rlp.n);
	copy_bytes(c, b->proof.p, b->proof.n);
	buf_free(&rlp);
}

/* chain.tx_head */
static int64_t tx_head(const struct hash32 *tx)
{
	uint64_t v;

	memcpy(&v, tx->b, sizeof(v));
	return (int64_t)be64toh(v);
}

/*
 * The transactions whose logs can be asked for: those in chain.log, by which an undo finds them again, not
 * parked ones. Logs of one transaction stand together.
 */
static void add_evidence_txs(struct writer *w, const struct block *b, const struct decoded *d)
{
	const struct log *last = NULL;

	for (size_t i = 0; i < d->event_count; i++) {
		struct copy *c = &w->rows[T_EVIDENCE_TX];
		const struct log *l = d->events[i].log;

		if (no_column_holds(l) || (last && l->tx_index == last->tx_index))
			continue;
		last = l;
		copy_row(c);
		copy_i64(c, w->chain_id);
		copy_i64(c, tx_head(&l->tx_hash));
		copy_i64(c, (int64_t)b->h.number);
	}
}

/* -------- a block -------- */

enum err_kind rows_decoded(
	struct writer *w, const struct block *b, const struct decoded *d, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < d->event_count; i++)
		k = add_log(w, b, &d->events[i], e);
	for (size_t i = 0; !k && i < d->call_count; i++)
		k = add_tx(w, b, &d->calls[i], e);
	for (size_t i = 0; !k && i < d->checkpoint_count; i++)
		k = add_checkpoint(w, b, &d->checkpoints[i], e);
	for (size_t i = 0; !k && i < d->partnership_count; i++)
		k = add_partnership(w, b, &d->partnership[i], e);
	for (size_t i = 0; !k && i < d->parked_count; i++) {
		const struct parked_row *p = &d->parked[i];

		k = park_log(w, b->h.number, p->log, p->contract ? p->contract->name : NULL,
			p->event, p->reason, e);
	}
	return k;
}

static enum err_kind park_all(
	struct writer *w, const struct block *b, const char *reason, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < b->log_count; i++)
		k = park_log(w, b->h.number, &b->logs[i], NULL, NULL, reason, e);
	for (size_t i = 0; !k && i < b->tx_count; i++)
		k = park_tx(w, b->h.number, &b->txs[i], reason, e);
	return k;
}

enum err_kind rows_add(struct writer *w, const struct write_step *s, struct err *e)
{
	const struct block *b = s->step->block;
	enum err_kind k = add_block(w, b, e);

	for (size_t i = 0; !k && i < b->found_count; i++)
		k = add_contract(w, &b->found[i], e);
	if (!k && b->proof.n)
		add_evidence(w, b);
	if (!k && !s->park && (b->proof.n || w->chain->kind == CHAIN_TRON))
		add_evidence_txs(w, b, s->decoded);
	if (!k)
		k = s->park ? park_all(w, b, s->park, e) : rows_decoded(w, b, s->decoded, e);
	for (int t = 0; !k && t < TABLE_COUNT; t++)
		if (w->rows[t].b.n > PENDING_MAX || w->rows[t].b.bad)
			return writer_flush(w, e);
	return k;
}
