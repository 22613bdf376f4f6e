/*
 * Order of questions: headers first, because they decide which logs can be there at all (bloom) and
 * of which block each answer has to be; then logs and receipts side by side. Reading logs after
 * headers also means that a fork in between shows: the logs then name another block.
 *
 * A block whose receipts are needed anyway (body.c) is left out of the eth_getLogs question where
 * receipts prove more. A unit made from a head's header has no transactions yet; where they are
 * wanted they come with the receipts, in one go. When a node's logs are refused three times
 * (outside the bloom, of another block), the unit gives up on eth_getLogs and takes all blocks
 * whose bloom may hold a watched log by receipts.
 *
 * On TRON nothing ties logs to headers, so a block that may still change is a unit of its own (see
 * window.c) and its logs are asked for by its hash.
 *
 * Discovery: the unit at the front of the window finds contracts in its settled blocks and adds
 * them to the set. It and every unit behind it then see that the set is newer than their logs, and
 * ask for the new members only (blocks with receipts know all their logs already).
 */
#include "ingest/unit.h"

#include "chain/agreed.h"
#include "chain/header.h"
#include "chain/trie.h"
#include "ingest/discover.h"
#include "ingest/sync_witness.h"
#include "ingest/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPTS_IN_FLIGHT 128 /* a few requests' worth */
#define LOG_REFUSALS_MAX   3
#define RECEIPT_TRIES      6 /* before the headers are doubted too */
#define WAIT_FIRST_MS      50
#define WAIT_MAX_MS        5000
#define UNIT_ARENA_MAX     (64u << 20)

enum unit_state { UNIT_HEADERS, UNIT_LOGS, UNIT_BODIES };

/* A contract that may be one of ours: code decides. */
struct find {
	struct discovery d;
	struct job *code; /* running question */
	bool asks, yes;
};

struct unit {
	struct unit_env *env;
	struct block_range range;
	enum unit_state state;
	bool empty;
	struct job *blocks;     /* its headers and transactions are used until the end */
	struct job *logs;       /* running question */
	struct witness witness; /* TRON, where a quorum is required */
	struct sync_witness syncs; /* BTTC, where there is another endpoint */
	struct job **done;      /* finished log jobs whose data are used */
	size_t done_count, done_room;
	uint32_t logs_who;  /* endpoints that they came from */
	struct body *bodies;
	size_t count;
	unsigned version;   /* of the set that the logs are complete for */
	unsigned asked;     /* version of the question that is running */
	unsigned refusals;  /* log answers refused */
	unsigned refused;   /* times that all was given up because of a refused answer */
	bool receipts_only; /* eth_getLogs is given up */
	uint64_t wake_ms;
	unsigned waits;
	struct arena *mem;
	bool finds_known;
	struct find *finds;
	size_t find_count, find_room;
	struct discovery *found; /* added to the set by this unit, in order; malloc */
	size_t found_count;
};

/*
 * A new branch is read from who showed it: the others may not have it. Where another endpoint is asked for
 * its opinion, one says all that the unit has of its own.
 */
static struct job *along(const struct unit *u, struct job *j)
{
	if (u->env->branch)
		source_only(j, u->env->branch);
	else if ((u->env->quorum || u->env->syncs) && u->blocks)
		source_only(j, source_who(u->blocks));
	return j;
}

/* One endpoint says all of it, so that two branches are not mixed and it is known whom to doubt. */
static struct job *ask_blocks(const struct unit *u)
{
	struct job *j = source_blocks(u->env->src, u->range, u->env->with_txs || u->env->dense);

	if (u->env->others)
		source_alone(j);
	return along(u, j);
}

struct unit *unit_new(struct unit_env *env, struct block_range r, struct job *head)
{
	struct unit *u = calloc(1, sizeof(*u));

	if (!u) {
		fputs("out of memory\n", stderr);
		abort();
	}
	u->env = env;
	u->range = r;
	u->blocks = head ? head : ask_blocks(u);
	u->mem = arena_new(UNIT_ARENA_MAX);
	return u;
}

/* ---- letting go ------------------------------------------------------------------------------ */

static void drop_receipts(struct unit *u, struct body *b)
{
	if (b->receipts)
		u->env->receipts_running--;
	job_free(b->receipts);
	b->receipts = NULL;
}

/* Back to the first question; nothing of the old answers is used. */
static void restart(struct unit *u)
{
	for (size_t i = 0; i < u->count; i++)
		drop_receipts(u, &u->bodies[i]);
	for (size_t i = 0; i < u->done_count; i++)
		job_free(u->done[i]);
	for (size_t i = 0; i < u->find_count; i++)
		job_free(u->finds[i].code);
	job_free(u->blocks);
	job_free(u->logs);
	witness_drop(&u->witness);
	sync_witness_drop(&u->syncs);
	u->blocks = u->logs = NULL;
	u->bodies = NULL;
	u->done = NULL;
	u->finds = NULL;
	u->count = u->done_count = u->done_room = u->find_count = u->find_room = 0;
	u->version = u->asked = 0;
	u->logs_who = 0;
	u->finds_known = false;
	u->state = UNIT_HEADERS;
	arena_reset(u->mem);
}

void unit_free(struct unit *u)
{
	if (!u)
		return;
	restart(u);
	arena_free(u->mem);
	free(u->found);
	free(u);
}

/* ---- trouble --------------------------------------------------------------------------------- */

/*
 * An answer did not come (AGAIN) or was refused (REJECT): count, and begin again from the headers,
 * which may be what was wrong, waiting a little longer each time.
 */
static enum err_kind trouble(struct unit *u, uint64_t now_ms, struct err *e)
{
	unsigned wait = WAIT_FIRST_MS << (u->waits < 7 ? u->waits : 7);

	restart(u);
	if (e->kind == ERR_FATAL)
		return ERR_FATAL;
	tally_trouble(u->env->tally, e);
	if (e->kind == ERR_REJECT && ++u->refused > CONTRADICTIONS_MAX) {
		e->kind = ERR_FATAL;
		return err_wrap(e,
			"%s: the nodes contradict each other or their headers again and again; "
			"nothing of it "
			"was used; check the nodes (or the version of this program) and start "
			"again; the last "
			"reason",
			u->env->chain->key);
	}
	u->waits++;
	u->wake_ms = now_ms + (wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
	return u->found_count ? e->kind = ERR_REWIND : ERR_NONE;
}

/* Take the error of a failed job; the job is gone afterwards. Who contradicted itself is asked last. */
static enum err_kind job_error(struct unit *u, struct job **j, struct err *e)
{
	*e = (*j)->err;
	if (e->kind == ERR_REJECT)
		source_doubt(u->env->src, source_who(*j));
	job_free(*j);
	*j = NULL;
	return e->kind;
}

uint32_t unit_who(const struct unit *u)
{
	return source_who(u->blocks);
}

void unit_doubt(struct unit *u)
{
	source_doubt(u->env->src, unit_who(u));
}

/* ---- headers --------------------------------------------------------------------------------- */

static enum err_kind check_headers(struct unit *u, struct body *bodies, struct err *e)
{
	const struct job *j = u->blocks;
	struct header_check *checks = arena_calloc(u->mem, j->header_count, sizeof(*checks));

	if (verify_headers(u->env->seals, u->env->kind, u->range.from, j->headers, j->header_count, checks,
		    e))
		return e->kind = ERR_REJECT;
	for (size_t i = 0; i < j->header_count; i++) {
		struct body *b = &bodies[i];
		enum err_kind k = ERR_NONE;

		b->h = &j->headers[i];
		b->check = checks[i];
		if (i) {
			struct block_id parent = {b[-1].h->number, b[-1].h->hash};

			k = verify_link(u->env->kind, &parent, b[-1].h->time, b->h, e);
		}
		if (k) /* a fork while the range was read is no different from a mixed answer */
			return e->kind = ERR_REJECT;
		b->txs = j->txs ? j->txs[i] : NULL;
		b->txs_who = source_who(j);
		b->tx_count_known = j->tx_counts;
		b->tx_count = j->tx_counts ? j->tx_counts[i] : 0;
		b->state_sync = j->state_sync && j->state_sync[i];
		body_begin(u->env, b);
	}
	return ERR_NONE;
}

static enum err_kind step_headers(struct unit *u, struct err *e)
{
	struct job *j = u->blocks;
	enum err_kind k;

	if (!j) {
		u->blocks = ask_blocks(u);
		return ERR_NONE;
	}
	if (j->state == JOB_RUNNING)
		return ERR_NONE;
	if (j->state == JOB_FAILED) {
		u->env->branch = 0;
		return job_error(u, &u->blocks, e);
	}
	u->empty = !j->header_count;
	if (u->empty)
		return ERR_NONE;
	u->bodies = arena_calloc(u->mem, j->header_count, sizeof(*u->bodies));
	k = check_headers(u, u->bodies, e);
	if (k) {
		unit_doubt(u);
		return k;
	}
	u->count = j->header_count;
	u->range.to = u->range.from + u->count - 1;
	u->state = UNIT_LOGS;
	return ERR_NONE;
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* Can an eth_getLogs answer teach us something about this block, for members newer than `since`? */
static bool wants_logs(const struct unit *u, const struct body *b, unsigned since)
{
	const struct unit_env *env = u->env;

	if (!env->bloom)
		return since == 0 || !b->have_receipts;
	if (b->have_receipts || b->need || b->force)
		return false;
	return watchset_bloom(env->ws, b->h->number, b->h->bloom, since, WATCH_KEEP | WATCH_SUM);
}

static void ask_logs(struct unit *u)
{
	uint64_t first = watchset_from(u->env->ws, u->version);
	struct block_range r = {UINT64_MAX, 0};
	struct log_filter *filters;
	struct arena *mem;
	size_t n;

	u->asked = watchset_version(u->env->ws);
	for (size_t i = 0; i < u->count; i++) {
		struct body *b = &u->bodies[i];

		b->judged = b->settled = false;
		body_begin(u->env, b); /* the set may have grown */
		if (b->h->number < first || !wants_logs(u, b, u->version))
			continue;
		if (u->receipts_only) {
			b->force = true;
			continue;
		}
		r.from = b->h->number < r.from ? b->h->number : r.from;
		r.to = b->h->number;
	}
	mem = arena_new(UNIT_ARENA_MAX);
	n = r.from <= r.to ? watchset_filters(u->env->ws, r, u->version, mem, &filters) : 0;
	if (n && r.from == r.to) {
		struct block_id id = {r.from, u->bodies[r.from - u->range.from].h->hash};

		u->logs = along(u, source_block_logs(u->env->src, &id, filters, n));
	} else if (n) {
		u->logs = along(u, source_logs(u->env->src, r, filters, n));
	} else {
		u->version = u->asked;
	}
	if (u->logs && (u->env->quorum || u->env->syncs))
		source_alone(u->logs);
	for (size_t i = 0; u->logs && !u->version && i < u->count; i++)
		u->bodies[i].asked =
			u->bodies[i].h->number >= r.from && u->bodies[i].h->number <= r.to;
	arena_free(mem);
	u->state = UNIT_BODIES;
}

/* Hand the answer's logs to their blocks. */
static enum err_kind give_logs(struct unit *u, const struct job *j, struct err *e)
{
	struct log *logs = arena_alloc(u->mem, j->log_count * sizeof(*logs));
	size_t i = 0;

	while (i < j->log_count) {
		uint64_t number = j->logs[i].block.number;
		struct body *b;
		size_t n = 0;

		if (number < u->range.from || number > u->range.to)
			return err_set(e, ERR_REJECT, "ingest", 0,
				"logs of %" PRIu64 "..%" PRIu64 ": one of block %" PRIu64,
				u->range.from, u->range.to, number);
		b = &u->bodies[number - u->range.from];
		for (; i < j->log_count && j->logs[i].block.number == number; i++) {
			if (!hash_eq(&j->logs[i].block.hash, &b->h->hash))
				return err_set(e, ERR_REJECT, "ingest", 0,
					"block %" PRIu64
					": a log names another block hash than the header",
					number);
			logs[n++] = j->logs[i].log;
		}
		if (body_take_logs(u->env, b, logs, n, u->mem, e)) {
			metric_add(u->env->tally->bloom_denied, u->env->bloom);
			return err_wrap(e, "block %" PRIu64, number);
		}
	}
	return ERR_NONE;
}

static void keep_job(struct unit *u, struct job *j)
{
	arena_grow(u->mem, &u->done, &u->done_room, u->done_count + 1, sizeof(struct job *));
	u->done[u->done_count++] = j;
	u->logs_who |= source_who(j);
}

static enum err_kind step_logs(struct unit *u, struct err *e)
{
	struct job *j = u->logs;

	if (!j || j->state == JOB_RUNNING)
		return ERR_NONE;
	if (j->state == JOB_FAILED)
		return job_error(u, &u->logs, e);
	if (give_logs(u, j, e)) {
		source_doubt(u->env->src, source_who(j));
		if (++u->refusals >= LOG_REFUSALS_MAX)
			u->receipts_only = true;
		return ERR_REJECT;
	}
	keep_job(u, j);
	u->logs = NULL;
	u->version = u->asked;
	return ERR_NONE;
}

/* ---- receipts -------------------------------------------------------------------------------- */

/* Receipts were refused: was it them, or the transactions, which were there before? */
static void doubt_body(struct unit *u, struct body *b)
{
	bool txs = b->txs && !body_txs_hold(u->env, b, u->mem);

	source_doubt(u->env->src, txs ? b->txs_who : source_who(b->receipts));
	if (txs)
		b->tries = RECEIPT_TRIES;
}

/* Are receipts part of what another endpoint is asked about? */
static bool pinned(const struct unit *u, const struct body *b)
{
	return u->env->quorum || (u->env->syncs && b->state_sync);
}

static enum err_kind step_receipts(struct unit *u, struct body *b, struct err *e)
{
	struct block_id id = {b->h->number, b->h->hash};
	enum err_kind k;

	if (!b->receipts) {
		if (u->env->receipts_running >= RECEIPTS_IN_FLIGHT)
			return ERR_NONE;
		b->receipts = source_receipts(u->env->src, &id, b->txs, b->txs ? b->tx_count : 0);
		if (u->env->branch || (!b->tries && pinned(u, b)))
			along(u, b->receipts);
		u->env->receipts_running++;
		return ERR_NONE;
	}
	if (b->receipts->state == JOB_RUNNING)
		return ERR_NONE;
	if (b->receipts->state == JOB_FAILED)
		*e = b->receipts->err;
	k = b->receipts->state == JOB_FAILED ? e->kind : body_take_receipts(u->env, b, u->mem, e);
	if (k == ERR_REJECT)
		doubt_body(u, b);
	drop_receipts(u, b);
	if (k && k != ERR_FATAL && ++b->tries < RECEIPT_TRIES) {
		tally_trouble(u->env->tally, e);
		return ERR_NONE;
	}
	return k;
}

/* Without receipts nobody has compared the transactions with their root yet: one may have been left out. */
static enum err_kind check_all_txs(struct unit *u, const struct body *b, struct err *e)
{
	bool none = b->tx_count_known && b->tx_count == b->state_sync;

	if (!u->env->with_txs || !u->env->prove || b->have_receipts)
		return ERR_NONE;
	if (none ? hash_eq(&b->h->tx_root, &trie_empty_root) : !b->txs || body_txs_hold(u->env, b, u->mem))
		return ERR_NONE;
	return err_set(e, ERR_REJECT, "ingest", 0,
		"block %" PRIu64 ": its transactions are not those under its transactionsRoot", b->h->number);
}

static enum err_kind step_bodies(struct unit *u, struct err *e)
{
	bool logs_known = u->state == UNIT_BODIES && !u->logs;

	for (size_t i = 0; i < u->count; i++) {
		struct body *b = &u->bodies[i];
		enum err_kind k = ERR_NONE;

		if (b->settled)
			continue;
		if (logs_known && !b->judged)
			body_judge(u->env, b);
		if (!b->have_receipts && (b->need || b->force))
			k = step_receipts(u, b, e);
		if (k)
			return k;
		if (logs_known && !b->judged)
			body_judge(u->env, b);
		if (b->settled && (check_all_txs(u, b, e) || body_check_senders(u->env, b, u->mem, e))) {
			source_doubt(u->env->src, b->txs_who);
			return ERR_REJECT;
		}
	}
	return ERR_NONE;
}

/* ---- second opinions -------------------------------------------------------------------------- */

static bool complete(const struct unit *u)
{
	if (u->state != UNIT_BODIES || u->logs || u->version != watchset_version(u->env->ws))
		return false;
	for (size_t i = 0; i < u->count; i++)
		if (!u->bodies[i].settled)
			return false;
	return true;
}

static enum err_kind step_witness(struct unit *u, struct err *e)
{
	const struct own_answers own = {u->bodies, u->count, u->blocks,
		u->done_count ? u->done[u->done_count - 1] : NULL, u->logs_who};
	enum err_kind k;

	if (u->env->syncs) {
		k = sync_witness_step(&u->syncs, u->env, &own, e);
	} else {
		if (u->witness.version != u->version)
			witness_ask(&u->witness, u->env, &own);
		k = witness_step(&u->witness, u->env, &own, e);
	}
	if (k)
		u->env->disputed = u->range.from;
	return k;
}

/* The other endpoint's opinion is there, or none is asked for. */
static bool has_opinion(const struct unit *u)
{
	if (u->env->syncs)
		return u->syncs.over && u->syncs.version == u->version;
	return !u->env->quorum || (u->witness.over && u->witness.version == u->version);
}

/* ---- the whole ------------------------------------------------------------------------------- */

enum err_kind unit_advance(struct unit *u, uint64_t now_ms, struct err *e)
{
	enum err_kind k = ERR_NONE;

	if (u->empty || now_ms < u->wake_ms)
		return ERR_NONE;
	u->wake_ms = 0;
	if (u->state == UNIT_HEADERS)
		k = step_headers(u, e);
	if (!k && u->state == UNIT_BODIES && !u->logs && u->version != watchset_version(u->env->ws))
		u->state = UNIT_LOGS;
	if (!k && u->state == UNIT_LOGS)
		ask_logs(u);
	if (!k && u->state == UNIT_BODIES)
		k = step_logs(u, e);
	if (!k && u->state != UNIT_HEADERS)
		k = step_bodies(u, e);
	if (!k && (u->env->quorum || u->env->syncs) && complete(u))
		k = step_witness(u, e);
	if (k)
		return trouble(u, now_ms, e);
	return ERR_NONE;
}

bool unit_settled(const struct unit *u)
{
	return complete(u) && has_opinion(u);
}

struct block_range unit_range(const struct unit *u)
{
	return u->range;
}

bool unit_empty(const struct unit *u)
{
	return u->empty;
}

uint64_t unit_wakes_ms(const struct unit *u)
{
	return u->wake_ms;
}

size_t unit_headers(const struct unit *u)
{
	return u->count;
}

const struct header *unit_header(const struct unit *u, size_t i)
{
	return u->bodies[i].h;
}

const struct body *unit_bodies(const struct unit *u)
{
	return u->bodies;
}

unsigned unit_troubles(const struct unit *u)
{
	return u->waits;
}

bool unit_dense(const struct unit *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->count; i++)
		n += u->bodies[i].need;
	return 2 * n > u->count;
}

size_t unit_bytes(const struct unit *u)
{
	size_t n = arena_used(u->mem);

	if (u->blocks && u->blocks->mem)
		n += arena_used(u->blocks->mem);
	for (size_t i = 0; i < u->done_count; i++)
		n += arena_used(u->done[i]->mem);
	return n;
}

/* ---- discovery ------------------------------------------------------------------------------- */

static void add_find(struct unit *u, const struct discovery *d, bool asks)
{
	if (watchset_knows(u->env->ws, &d->address))
		return;
	for (size_t i = 0; i < u->find_count; i++)
		if (address_eq(&u->finds[i].d.address, &d->address))
			return;
	arena_grow(u->mem, &u->finds, &u->find_room, u->find_count + 1, sizeof(*u->finds));
	u->finds[u->find_count++] = (struct find){.d = *d, .asks = asks, .yes = !asks};
}

static void look_for_finds(struct unit *u)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct body *b = &u->bodies[i];

		for (size_t k = 0; k < b->log_count; k++) {
			const struct log *l = &b->logs[k];
			const struct chain_conf *chain = u->env->chain;
			const struct discovery_rule *owner =
				discover_trigger(chain, DISCOVER_OWNER_UPDATE, l);
			const struct discovery_rule *nft =
				discover_trigger(chain, DISCOVER_NFT_OWNER, l);
			struct discovery d;

			if (owner && discover_owner_update(owner, b->h->number, b->logs, k, &d))
				add_find(u, &d, false);
			if (nft && discover_nft_owner(nft, b->h->number, l, &d))
				add_find(u, &d, true);
		}
	}
	u->finds_known = true;
}

/* Has it code? A node that can not say leaves the fixed contracts. */
static enum err_kind ask_code(struct unit *u, struct find *f, struct err *e)
{
	struct job *j = f->code;

	if (!j) {
		f->code = source_code(u->env->src, &f->d.address);
		return ERR_NONE;
	}
	if (j->state == JOB_RUNNING)
		return ERR_NONE;
	if (j->state == JOB_FAILED && j->err.kind != ERR_REJECT)
		return job_error(u, &f->code, e);
	f->yes = j->state == JOB_DONE && j->has_code;
	f->asks = false;
	job_free(j);
	f->code = NULL;
	return ERR_NONE;
}

static int by_place(const void *pa, const void *pb)
{
	const struct find *a = pa, *b = pb;

	if (a->d.block != b->d.block)
		return a->d.block < b->d.block ? -1 : 1;
	return (a->d.log_index > b->d.log_index) - (a->d.log_index < b->d.log_index);
}

enum err_kind unit_discover(struct unit *u, uint64_t now_ms, bool *done, struct err *e)
{
	bool asking = false;

	*done = false;
	if (now_ms < u->wake_ms)
		return ERR_NONE;
	if (!u->finds_known)
		look_for_finds(u);
	for (size_t i = 0; i < u->find_count; i++) {
		if (u->finds[i].asks && ask_code(u, &u->finds[i], e))
			return trouble(u, now_ms, e);
		asking = asking || u->finds[i].asks;
	}
	if (asking)
		return ERR_NONE;
	if (u->find_count)
		qsort(u->finds, u->find_count, sizeof(*u->finds), by_place);
	for (size_t i = 0; i < u->find_count; i++) {
		const struct discovery *d = &u->finds[i].d;

		if (!u->finds[i].yes || !watchset_add(u->env->ws, d))
			continue;
		u->found = realloc(u->found, (u->found_count + 1) * sizeof(*u->found));
		if (!u->found)
			abort();
		u->found[u->found_count++] = *d;
	}
	u->find_count = 0;
	*done = true;
	return ERR_NONE;
}

/* Who agreed, and about what; of blocks of which nothing is kept there is nothing to name. */
static void name_witnesses(struct unit *u, const struct body *b, struct block *out)
{
	const char *text;

	out->level = LEVEL_QUORUM;
	if (!out->log_count && !out->tx_count)
		return;
	text = arena_printf(u->mem, "%s, %s", b->agreed_by[0] ? b->agreed_by[0] : "?",
		b->agreed_by[1] ? b->agreed_by[1] : "?");
	out->agreed_by = (struct bytes){(const uint8_t *)text, strlen(text)};
	agreed_digest(&out->agreed_digest, out);
}

struct block *unit_finish(struct unit *u, bool linked)
{
	struct block *blocks = arena_calloc(u->mem, u->count, sizeof(*blocks));
	size_t f = 0;

	for (size_t i = 0; i < u->count; i++) {
		size_t first = f;

		body_finish(u->env, &u->bodies[i], linked || i, u->mem, &blocks[i]);
		if (u->bodies[i].agreed && blocks[i].level == LEVEL_LINKED)
			name_witnesses(u, &u->bodies[i], &blocks[i]);
		while (f < u->found_count && u->found[f].block == blocks[i].h.number)
			f++;
		blocks[i].found = u->found + first;
		blocks[i].found_count = f - first;
	}
	return blocks;
}
