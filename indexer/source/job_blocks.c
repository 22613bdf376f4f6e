/*
 * Jobs for blocks: the head, a range by number, one by hash; and whether an account has code.
 *
 * `null` for a number means "not there" and has three reasons: the chain is not that long (the
 * answer is short), this node is behind others or has lost its way for a moment (ask again, also
 * elsewhere), or the head went down. A number below one that was answered must be there. One below
 * the highest head that any endpoint spoke of is asked for a few times before it is believed.
 */
#include "source/engine.h"

#include "base/clock.h"

#define NULLS_BELIEVED 3
#define OLD            4096 /* blocks below the head; no head falls so far */

struct blocks {
	struct call **calls; /* of each slot */
	bool *missing;       /* null, believed */
	uint64_t highest;    /* number answered */
};

static void open_slots(struct job_run *j, size_t n)
{
	j->pub.headers = arena_calloc(j->pub.mem, n, sizeof(*j->pub.headers));
	j->pub.txs = j->full ? arena_calloc(j->pub.mem, n, sizeof(*j->pub.txs)) : NULL;
	j->pub.tx_counts = arena_calloc(j->pub.mem, n, sizeof(*j->pub.tx_counts));
	j->pub.state_sync = arena_calloc(j->pub.mem, n, sizeof(*j->pub.state_sync));
}

/* Read a block into a slot. */
static enum err_kind fill(
	struct job_run *j, struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct parse p = job_parse(j, e);
	struct parsed_block b;

	if (parse_block(&p, v, c->full, &b))
		return e->kind;
	j->pub.headers[c->slot] = b.h;
	if (j->pub.txs)
		j->pub.txs[c->slot] = b.txs;
	j->pub.tx_counts[c->slot] = b.tx_count;
	j->pub.state_sync[c->slot] = b.state_sync;
	endpoint_saw_head(ep, b.h.number, c->method == M_TAG && c->tag == TAG_LATEST);
	return ERR_NONE;
}

/* ---- the head -------------------------------------------------------------------------------- */

static enum err_kind head_answer(struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct job *pub = &c->job->pub;
	struct parse p = job_parse(c->job, e);
	struct parsed_block b;

	if (c->tag == TAG_LATEST) {
		if (json_is_null(v))
			return err_set(e, ERR_AGAIN, "rpc", 0, "the newest block is null");
		if (fill(c->job, c, ep, v, e))
			return e->kind;
		pub->header_count = 1;
		pub->head = pub->headers[0].number;
		return ERR_NONE;
	}
	if (json_is_null(v))
		return ERR_NONE; /* a young chain: nothing is safe yet */
	if (parse_block(&p, v, false, &b))
		return e->kind;
	if (c->tag == TAG_SAFE) {
		pub->has_safe = true;
		pub->safe = b.h.number;
	} else {
		pub->has_final = true;
		pub->final = b.h.number;
	}
	return ERR_NONE;
}

/* A tag that a node does not know is no trouble: the caller has a rule without it. */
static bool head_refused(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e)
{
	if (c->tag == TAG_LATEST)
		return false;
	if (why != RPC_UNSUPPORTED && why != RPC_OTHER && why != RPC_HEAD)
		return false;
	if (why == RPC_UNSUPPORTED || e->code == -32602) {
		*(c->tag == TAG_SAFE ? &ep->no_safe : &ep->no_final) = true;
		log_info("source", "endpoint does not know a tag",
			"chain=%s endpoint=%s tag=%s why=%s", ep->s->chain->key, ep->name,
			c->tag == TAG_SAFE ? "safe" : "finalized", log_quotes(e->msg));
	}
	job_done(c);
	return true;
}

static const struct job_kind head_kind = {
	.name = "head", .answer = head_answer, .refused = head_refused};

static bool tag_known(const struct source *s, enum tag tag)
{
	for (size_t i = 0; i < s->ep_count; i++)
		if (!(tag == TAG_SAFE ? s->ep[i]->no_safe : s->ep[i]->no_final))
			return true;
	return false;
}

static void ask_tag(struct job_run *j, enum tag tag)
{
	struct call *c = job_call(j, M_TAG);

	c->tag = tag;
}

struct job *source_head(struct source *s, bool tags)
{
	struct job_run *j = job_new(s, &head_kind, true);

	open_slots(j, 1);
	ask_tag(j, TAG_LATEST);
	if (tags && s->chain->finality == FINALITY_TAGS) {
		if (s->dialect->tag_safe && tag_known(s, TAG_SAFE))
			ask_tag(j, TAG_SAFE);
		if (s->dialect->tag_final && tag_known(s, TAG_FINAL))
			ask_tag(j, TAG_FINAL);
	}
	return &j->pub;
}

/* ---- a range --------------------------------------------------------------------------------- */

static enum err_kind null_block(struct call *c, struct blocks *own, struct err *e)
{
	const uint64_t head = source_head_seen(c->job->s);

	if (c->from < own->highest)
		return err_set(e, ERR_AGAIN, "rpc", 0, "block %llu is null, but %llu is there",
			(unsigned long long)c->from, (unsigned long long)own->highest);
	if (c->from + OLD < head)
		return err_set(e, ERR_AGAIN, "rpc", 0,
			"block %llu is null, but the head was %llu: pruned?",
			(unsigned long long)c->from, (unsigned long long)head);
	if (c->from <= head && c->absent + 1 < NULLS_BELIEVED)
		return err_set(e, ERR_AGAIN, "rpc", 0, "block %llu is null, but the head was %llu",
			(unsigned long long)c->from, (unsigned long long)head);
	own->missing[c->slot] = true;
	return ERR_NONE;
}

static enum err_kind blocks_answer(
	struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct job_run *j = c->job;
	struct blocks *own = j->own;

	if (json_is_null(v))
		return null_block(c, own, e);
	if (fill(j, c, ep, v, e))
		return e->kind;
	if (j->pub.headers[c->slot].number != c->from)
		return err_set(e, ERR_REJECT, "rpc", 0, "number: %llu, asked for %llu",
			(unsigned long long)j->pub.headers[c->slot].number,
			(unsigned long long)c->from);
	if (c->from > own->highest)
		own->highest = c->from;
	return ERR_NONE;
}

/* A node that says "not found" as an error means null. */
static bool blocks_refused(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e)
{
	(void)ep;
	if (why != RPC_HEAD || null_block(c, c->job->own, e)) {
		c->absent += why == RPC_HEAD;
		return false;
	}
	job_done(c);
	return true;
}

/* What is there ends before the first one missing; one missing in between must be there. */
static enum err_kind blocks_finish(struct job_run *j, struct err *e)
{
	const size_t n = (size_t)(j->to - j->from) + 1;
	struct blocks *own = j->own;
	size_t have = 0;

	while (have < n && !own->missing[have])
		have++;
	for (size_t i = have; i < n; i++)
		if (own->missing[i] && j->from + i < own->highest) {
			own->missing[i] = false;
			job_wait(own->calls[i], clock_ms() + job_jitter(j->s, 100));
		}
	if (j->left)
		return ERR_NONE;
	(void)e;
	j->pub.header_count = have;
	j->pub.short_by_head = have < n;
	return ERR_NONE;
}

static const struct job_kind blocks_kind = {.name = "blocks",
	.answer = blocks_answer,
	.refused = blocks_refused,
	.finish = blocks_finish};

struct job *source_blocks(struct source *s, struct block_range r, bool with_txs)
{
	struct job_run *j = job_new(s, &blocks_kind, false);
	const size_t n = r.to >= r.from ? (size_t)(r.to - r.from) + 1 : 0;
	struct blocks *own = arena_calloc(j->pub.mem, 1, sizeof(*own));

	j->from = r.from;
	j->to = r.to;
	j->full = with_txs;
	j->own = own;
	open_slots(j, n);
	own->calls = arena_calloc(j->pub.mem, n, sizeof(*own->calls));
	own->missing = arena_calloc(j->pub.mem, n, sizeof(*own->missing));
	for (size_t i = 0; i < n; i++) {
		struct call *c = own->calls[i] = job_call(j, M_BLOCK);

		c->from = c->to = r.from + i;
		c->slot = (uint32_t)i;
		c->full = with_txs;
	}
	return &j->pub;
}

/* ---- one by hash ----------------------------------------------------------------------------- */

static enum err_kind by_hash_answer(
	struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct job_run *j = c->job;

	if (json_is_null(v)) {
		if (c->absent + 1 < NULLS_BELIEVED)
			return err_set(e, ERR_AGAIN, "rpc", 0, "null");
		return ERR_NONE;
	}
	if (fill(j, c, ep, v, e))
		return e->kind;
	if (!hash_eq(&j->pub.headers[0].hash, &c->hash))
		return err_set(e, ERR_REJECT, "rpc", 0, "hash: not the one asked for");
	j->pub.header_count = 1;
	return ERR_NONE;
}

static bool by_hash_refused(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e)
{
	(void)ep;
	(void)e;
	if (why != RPC_HEAD || c->absent < NULLS_BELIEVED)
		return false;
	job_done(c);
	return true;
}

static const struct job_kind by_hash_kind = {
	.name = "block", .answer = by_hash_answer, .refused = by_hash_refused};

struct job *source_block_by_hash(struct source *s, const struct hash32 *hash)
{
	struct job_run *j = job_new(s, &by_hash_kind, false);
	struct call *c;

	open_slots(j, 1);
	c = job_call(j, M_BLOCK_BY_HASH);
	c->by_hash = true;
	c->hash = *hash;
	return &j->pub;
}

/* ---- code ------------------------------------------------------------------------------------ */

static enum err_kind code_answer(struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	const char *s;
	size_t n;

	(void)ep;
	if (!json_str(v, &s, &n) || n < 2 || n % 2 || s[0] != '0' || s[1] != 'x')
		return err_set(e, ERR_REJECT, "rpc", 0, "result: expected hex bytes");
	c->job->pub.has_code = n > 2;
	return ERR_NONE;
}

static const struct job_kind code_kind = {.name = "code", .answer = code_answer};

struct job *source_code(struct source *s, const struct address *a)
{
	struct job_run *j = job_new(s, &code_kind, false);
	struct call *c = job_call(j, M_CODE);

	c->address = *a;
	return &j->pub;
}
