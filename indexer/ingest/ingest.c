/*
 * The loop of one chain. It knows the node's newest block from polls (head) and what was published
 * (publisher); between both it keeps a window of ranges in flight, publishes the front one when it
 * is complete, and goes back to polling.
 *
 * Forks. Every poll brings the newest header: at or below the tip it is compared with what was
 * published, above it the parents of the fetched headers are. Where something differs, all ranges
 * are dropped, the common block is looked for, and the new branch is fetched from there; the old
 * one is undone only together with the first blocks of the new. If the node changes its mind
 * meanwhile, nothing has happened yet. A fork below a final block, or deeper than the ring, ends
 * the run.
 *
 * Several endpoints may stand on several branches. Which one is right their next blocks show: a branch
 * that is higher than ours is followed, one that is not only when nobody else has our newest block any more.
 * Until then both are told, and ours stands. Scouts see to it that each endpoint is heard.
 *
 * A restart begins with the same comparison before anything new is fetched.
 */
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/stop.h"
#include "ingest/dispute.h"
#include "ingest/fork.h"
#include "ingest/pace.h"
#include "ingest/publish.h"
#include "ingest/scout.h"
#include "ingest/turns.h"
#include "ingest/window.h"

#include <inttypes.h>

#define PAUSE_MAX_MS  2000
#define DOUBT_MS      50  /* a pause so long: a header did not fit for the third time */
#define SAY_MS        300 /* pauses from here on are no accident */
#define LOOP_MAX_MS   1000
#define TAGS_MIN_MS   500
#define CONFIRM_MS    300
#define HOLD_FIRST_MS 10
#define HOLD_MAX_MS   1000
#define LOW_HEAD_MS   2000 /* then a head that went down is where the chain ends */

/* A header that was not followed, because another endpoint has our newest block. */
struct stood {
	uint32_t who;
	struct hash32 other, ours;
};

enum phase { STARTING, BEHIND, AT_HEAD, STALLED, HALTED, DONE };

struct run {
	const struct chain_conf *chain;
	const struct ingest_conf *conf;
	struct ingest_state *state;
	struct tally tally;
	struct unit_env env;
	struct publisher pub;
	struct window window;
	struct pace pace;
	struct turns *turns;
	struct job *poll;  /* head job in flight */
	struct scout scout;
	uint64_t tags_ms;  /* when tags were asked for last */
	uint64_t target;   /* until_head: head at the start */
	uint64_t pause_ms; /* grows while forks are found that are none */
	uint64_t hold_ms;  /* nothing is planned before: the node lacked what it had announced */
	uint64_t hold_step_ms; /* grows until something is published */
	bool rested;           /* the newest poll was sent as one that can wait */
	uint64_t highest;      /* block published by this run: only above it is progress */
	uint64_t low_ms;       /* since then the head is below the target; 0: it is not */
	uint32_t denier;       /* endpoints whose header did not fit to what was published */
	struct stood stood;
	bool look;             /* compare branches before anything else */
	bool fresh;            /* the newest poll agreed with what was published */
};

/* ---- starting -------------------------------------------------------------------------------- */

static void open_env(struct run *r, struct source *src)
{
	const struct chain_conf *c = r->chain;
	static const enum header_kind kinds[] = {[CHAIN_ETHEREUM] = HEADER_ETHEREUM,
		[CHAIN_TRON] = HEADER_TRON,
		[CHAIN_BTTC] = HEADER_BTTC};

	r->env = (struct unit_env){.chain = c,
		.conf = r->conf,
		.kind = kinds[c->kind],
		.bloom = c->kind != CHAIN_TRON,
		.with_txs = c->tx_scan != TX_SCAN_NONE,
		.quorum = c->kind == CHAIN_TRON && c->required == LEVEL_QUORUM,
		.syncs = c->kind == CHAIN_BTTC && source_endpoint_count(src) >= 2,
		.others = source_endpoint_count(src) >= 2,
		.three = source_endpoint_count(src) >= 3,
		.prove = c->kind != CHAIN_TRON && c->required > LEVEL_HASHED,
		.src = src,
		.seals = seals_new(),
		.ws = watchset_new(c),
		.tally = &r->tally};
	for (size_t i = 0; i < c->watch_count; i++)
		r->env.fees = r->env.fees || c->watches[i].sum_only;
}

static void open_run(struct run *r, const struct ingest_past *past, struct source *src,
	struct stream_writer *out)
{
	uint64_t now = clock_ms();

	tally_init(&r->tally, r->chain->key);
	open_env(r, src);
	r->pub.out = out;
	r->pub.src = src;
	r->pub.tally = &r->tally;
	r->pub.state = r->state;
	publisher_init(&r->pub, r->chain, past, now);
	watchset_reset(r->env.ws, r->pub.found, r->pub.found_count);
	r->turns = turns_new(r->chain, past->recent, past->recent_count);
	window_init(&r->window, &r->env, r->conf);
	pace_init(&r->pace, r->chain->block_period_ms, (uint64_t)r->conf->poll_ms, clock_us());
	scout_init(&r->scout, source_endpoint_count(src), r->chain->block_period_ms, now);
	if (past->recent_count)
		r->state->published = past->recent[past->recent_count - 1].number;
	if (past->has_final)
		r->state->final = past->final;
	r->look = past->recent_count > 0;
	r->target = UINT64_MAX;
	r->state->phase = STARTING;
}

static void close_run(struct run *r)
{
	job_free(r->poll);
	scout_close(&r->scout);
	window_close(&r->window);
	watchset_free(r->env.ws);
	seals_free(r->env.seals);
	turns_free(r->turns);
	publisher_close(&r->pub);
}

/* ---- forks ----------------------------------------------------------------------------------- */

/* Drop what is in flight; the set holds what holds up to the link. */
static void drop_all(struct run *r)
{
	window_drop(&r->window, 0);
	watchset_reset(r->env.ws, r->pub.found, publisher_found(&r->pub));
}

static enum err_kind refuse_fork(struct run *r, const struct fork *f, struct err *e)
{
	uint64_t tip = 0;

	publisher_tip(&r->pub, &tip);
	if (f->kind == FORK_DEEP)
		return err_set(e, ERR_FATAL, "ingest", 0,
			"%s: the node's branch has none of our newest %zu blocks %" PRIu64
			"..%" PRIu64 ": deeper than the fork window; nothing was changed; check "
				     "that the node is on the "
			"right chain, then start again, or index this chain anew",
			r->chain->key, ring_count(r->pub.ring), ring_base(r->pub.ring)->id.number,
			tip);
	return err_set(e, ERR_FATAL, "ingest", 0,
		"%s: fork below final block %" PRIu64
		": the node's branch leaves ours after block %" PRIu64
		"; nothing was changed; check the node; if its chain is right, index this chain "
		"anew",
		r->chain->key, r->pub.head.final, f->common);
}

static bool is_fatal(const struct run *r, const struct fork *f)
{
	if (f->kind == FORK_DEEP)
		return true;
	return f->kind == FORK_FOUND && r->pub.head.has_final && f->common < r->pub.head.final;
}

static void say_block(char out[128], uint64_t number, const struct hash32 *hash)
{
	int n = snprintf(out, 60, "block %" PRIu64 " is 0x", number);

	hex_encode(out + n, hash->b, sizeof(hash->b));
	out[(size_t)n + 2 * sizeof(hash->b)] = 0;
}

/* Two endpoints have different blocks; ours stands. */
static void tell_stood(struct run *r, const struct fork *f, const char *holder)
{
	const struct block_id *ours = &ring_tip(r->pub.ring)->id;
	char mine[128], other[128];
	struct ingest_dispute t = {.block = f->other_number,
		.log_index = UINT32_MAX,
		.what = "hash",
		.endpoints = {holder, f->endpoint},
		.answers = {mine, other},
		.outcome = "the block stays pending until its child is there"};

	say_block(mine, ours->number, &ours->hash);
	say_block(other, f->other_number, &f->other);
	dispute_tell(r->conf, &r->tally, &t);
}

/* A branch that does not reach above ours: does somebody else have our newest block? Then none was found. */
static enum err_kind weigh_fork(struct run *r, struct fork *f, struct err *e)
{
	const struct ring_block *tip = ring_tip(r->pub.ring);
	const char *holder = NULL;
	enum err_kind k = ERR_NONE;

	if (f->kind == FORK_NONE || !r->env.others || !r->denier ||
		(f->head > tip->id.number && !is_fatal(r, f)))
		return ERR_NONE;
	k = fork_held(&r->env, &tip->id, r->denier, &holder, e);
	if (k || !holder)
		return k;
	tell_stood(r, f, holder);
	r->stood = (struct stood){r->denier, f->newest, tip->id.hash};
	f->kind = FORK_NONE;
	return ERR_NONE;
}

/* A finding that ends the run has to be made twice. */
static enum err_kind find_fork(struct run *r, struct fork *f, struct err *e)
{
	enum err_kind k = fork_find(&r->env, r->pub.ring, r->denier, f, e);

	if (!k)
		k = weigh_fork(r, f, e);
	if (k || !is_fatal(r, f))
		return k;
	k = fork_pause(r->env.src, CONFIRM_MS, e);
	if (!k)
		k = fork_find(&r->env, r->pub.ring, r->denier, f, e);
	if (!k && is_fatal(r, f))
		return refuse_fork(r, f, e);
	return k;
}

static enum err_kind no_ring(struct run *r, struct err *e)
{
	struct link below = publisher_link(&r->pub);

	return err_set(e, ERR_FATAL, "ingest", 0,
		"%s: block %" PRIu64
		" of the node is not the one, or does not follow the one, that the "
		"network file or the database names; nothing was changed; check that the node is "
		"on the "
		"right chain",
		r->chain->key, below.next);
}

/* Something differs: see how the node's branch and ours stand to each other. */
static enum err_kind resolve(struct run *r, struct err *e)
{
	struct fork f;
	enum err_kind k;

	drop_all(r);
	r->look = false;
	if (!ring_count(r->pub.ring)) /* a bad answer, or another chain: asked again some times */
		return ++r->env.contradictions > 10 ? no_ring(r, e)
						    : fork_pause(r->env.src, 100, e);
	k = find_fork(r, &f, e);
	if (k)
		return k;
	r->pub.forked = f.kind == FORK_FOUND;
	r->env.branch = r->pub.forked ? r->denier : 0;
	r->pub.common = f.common;
	r->pub.head.number = f.head;
	drop_all(r);
	if (r->pub.forked) {
		log_info_often("ingest", "fork", r->chain->key,
			"chain=%s common=%" PRIu64 " tip=%" PRIu64 " head=%" PRIu64, r->chain->key,
			f.common, ring_tip(r->pub.ring)->id.number, f.head);
		return ERR_NONE;
	}
	r->pause_ms = r->pause_ms * 2 < PAUSE_MAX_MS ? r->pause_ms * 2 + 10 : PAUSE_MAX_MS;
	if (r->pause_ms >= DOUBT_MS)
		source_doubt(r->env.src, r->denier);
	if (r->pause_ms >= SAY_MS) {
		err_set(e, ERR_REJECT, "ingest", 0,
			"block %" PRIu64
			" that we hold is the node's too, but what it says of later ones does not fit",
			f.common);
		tally_trouble(&r->tally, e);
	}
	return fork_pause(r->env.src, r->pause_ms, e);
}

/* ---- the head -------------------------------------------------------------------------------- */

static uint64_t goal(const struct run *r)
{
	uint64_t g = r->pub.head.number;

	if (r->conf->until_head && r->target < g)
		g = r->target;
	if (r->conf->has_to && r->conf->to < g)
		g = r->conf->to;
	return g;
}

static bool busy(const struct run *r)
{
	uint64_t next = publisher_link(&r->pub).next;

	return r->window.count && next + 1 < r->pub.head.number;
}

static void ask_head(struct run *r, uint64_t now_ms)
{
	uint64_t every = r->chain->block_period_ms / 2;
	bool tags =
		r->chain->finality == FINALITY_TAGS &&
		(!r->tags_ms || now_ms - r->tags_ms >= (every > TAGS_MIN_MS ? every : TAGS_MIN_MS));

	if (tags)
		r->tags_ms = now_ms;
	r->poll = source_head(r->env.src, tags);
	r->rested = busy(r);
	pace_polled(&r->pace, clock_us(), tags ? 3 : 1, r->rested);
	metric_add(r->tally.polls, 1);
}

/* Compare the newest header with what was published; true: something differs. */
static bool differs(struct run *r, const struct header *h, uint32_t who)
{
	struct link l = publisher_link(&r->pub);
	const struct ring_block *b, *tip = ring_tip(r->pub.ring);

	if (tip && who == r->stood.who && hash_eq(&h->hash, &r->stood.other) &&
		hash_eq(&tip->id.hash, &r->stood.ours))
		return false;
	if (r->pub.forked && h->number < l.next) /* the new branch is gone */
		return true;
	b = ring_at(r->pub.ring, h->number);
	if (b && !r->pub.forked)
		return !hash_eq(&b->id.hash, &h->hash);
	return h->number == l.next && l.known && !hash_eq(&l.hash, &h->parent);
}

/* A new block right above everything else: its header is here already. */
static bool take_as_unit(struct run *r, struct job *j)
{
	uint64_t next = publisher_link(&r->pub).next;

	if (r->window.count || j->head != next || goal(r) < next)
		return false;
	window_add(&r->window, next, j);
	return true;
}

/* Is what was heard a header that names itself right? */
static bool is_header(struct run *r, const struct job *j)
{
	struct header_check check;
	struct err e = {0};

	if (!verify_header(r->env.kind, j->head, &j->headers[0], &check, &e))
		return true;
	source_doubt(r->env.src, source_who(j));
	tally_trouble(&r->tally, &e);
	return false;
}

static void show_head(struct run *r)
{
	r->state->head = r->pub.head.number;
	r->state->head_time = (int64_t)r->pub.head.time;
	metric_set(r->tally.head, (int64_t)r->pub.head.number);
	publisher_lag(&r->pub);
}

static void take_head(struct run *r, struct job *j)
{
	uint64_t before = r->pub.head.number, now = clock_ms();
	bool known = r->pub.head.known;

	scout_heard(&r->scout, source_who(j), now);
	if (!is_header(r, j)) {
		job_free(j);
		return;
	}
	if (head_take(&r->pub.head, j, now) && known && r->pub.head.number > before)
		pace_seen(&r->pace, r->pub.head.number - before);
	if (!known)
		r->target = j->head;
	if (j->head >= r->target)
		r->low_ms = 0;
	else if (!r->low_ms)
		r->low_ms = now;
	r->fresh = !differs(r, &j->headers[0], source_who(j));
	if (!r->fresh)
		r->denier = source_who(j);
	r->look = r->look || !r->fresh;
	if (window_denies(&r->window, &j->headers[0]))
		drop_all(r);
	show_head(r);
	if (r->look || !take_as_unit(r, j))
		job_free(j);
}

/*
 * Another endpoint's newest block: of interest where it is above all that is known, or another one than what
 * was published.
 */
static void take_scout(struct run *r, struct job *j)
{
	uint32_t who = source_who(j);

	if (is_header(r, j) && !source_doubted(r->env.src, who)) {
		bool higher = j->head > r->pub.head.number;

		if (higher) {
			head_take(&r->pub.head, j, clock_ms());
			show_head(r);
		}
		if ((higher || j->head == r->pub.head.number) && differs(r, &j->headers[0], who)) {
			r->denier = who;
			r->look = true;
		}
	}
	job_free(j);
}

static void step_scout(struct run *r)
{
	uint64_t now = clock_ms();
	struct job *j = scout_take(&r->scout, now);

	if (j)
		take_scout(r, j);
	if (r->pub.head.known && !busy(r))
		scout_send(&r->scout, r->env.src, now);
}

static enum err_kind step_head(struct run *r, struct err *e)
{
	struct job *j = r->poll;

	if (!j) {
		if (!pace_wait_us(&r->pace, clock_us()))
			ask_head(r, clock_ms());
		return ERR_NONE;
	}
	if (j->state == JOB_RUNNING)
		return ERR_NONE;
	r->poll = NULL;
	if (j->state == JOB_DONE && j->header_count) {
		take_head(r, j);
		return ERR_NONE;
	}
	if (j->state == JOB_FAILED)
		*e = j->err;
	else
		err_set(e, ERR_AGAIN, "ingest", 0, "the node has no newest block");
	job_free(j);
	if (e->kind == ERR_FATAL)
		return ERR_FATAL;
	tally_trouble(&r->tally, e);
	return ERR_NONE;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

/* Does the front unit's first header follow what was published? */
static bool front_links(const struct run *r)
{
	const struct unit *u = r->window.count ? r->window.units[0] : NULL;
	struct link l = publisher_link(&r->pub);
	const struct ring_block *old;
	const struct header *h;

	if (!u || !unit_headers(u))
		return true;
	h = unit_header(u, 0);
	if (r->chain->has_first_hash && h->number == r->chain->first_block &&
		!hash_eq(&h->hash, &r->chain->first_hash))
		return false;
	old = ring_at(r->pub.ring, h->number);
	if (old && hash_eq(&old->id.hash, &h->hash)) /* back on the branch that was to be undone */
		return false;
	return !l.known || hash_eq(&l.hash, &h->parent);
}

static enum err_kind refuse_front(struct run *r, struct err *e)
{
	tally_trouble(&r->tally, e);
	if (++r->env.contradictions > CONTRADICTIONS_MAX)
		return e->kind = ERR_FATAL;
	return fork_pause(r->env.src, 100, e);
}

static enum err_kind publish_front(struct run *r, struct err *e)
{
	struct unit *u = r->window.units[0];
	struct link l = publisher_link(&r->pub);
	uint64_t last = unit_range(u).to;
	struct block *blocks;
	enum err_kind k = ERR_NONE;

	if (l.has_time) {
		struct block_id parent = {l.next - 1, l.hash};

		k = verify_link(r->env.kind, &parent, l.time, unit_header(u, 0), e);
	}
	if (!k)
		k = turns_check(r->turns, l.next, unit_bodies(u), unit_headers(u), e);
	if (k) {
		unit_doubt(u);
		drop_all(r);
		return refuse_front(r, e);
	}
	blocks = unit_finish(u, l.known);
	k = publisher_put(&r->pub, blocks, unit_headers(u), e);
	if (k)
		return k;
	turns_take(r->turns);
	r->env.contradictions = 0;
	r->env.branch = 0;
	r->pause_ms = r->hold_step_ms = 0;
	if (last > r->highest) {
		r->highest = last;
		head_progress(&r->pub.head, clock_ms());
	}
	window_done(&r->window);
	return ERR_NONE;
}

/*
 * Whoever makes a block up from its hash down is found out by the next one; so a block that is not the
 * newest waits for its child's header.
 */
static bool confirmed(const struct run *r)
{
	return unit_range(r->window.units[0]).to >= goal(r) || window_confirms(&r->window);
}

/* Publish the front unit once it is complete and has told what it discovers. */
static enum err_kind step_front(struct run *r, bool *more, struct err *e)
{
	bool done = false;
	enum err_kind k;

	*more = false;
	if (!r->window.count || !unit_settled(r->window.units[0]) || !confirmed(r))
		return ERR_NONE;
	k = unit_discover(r->window.units[0], clock_ms(), &done, e);
	if (k || !done)
		return k;
	*more = true;
	if (!unit_settled(r->window.units[0]))
		return ERR_NONE;
	return publish_front(r, e);
}

/* The node does not have what it announced, or mixes branches: look at its head again, then plan.
 */
static void hold(struct run *r)
{
	uint64_t now = clock_ms();

	r->hold_step_ms = r->hold_step_ms ? r->hold_step_ms * 2 : HOLD_FIRST_MS;
	if (r->hold_step_ms > HOLD_MAX_MS)
		r->hold_step_ms = HOLD_MAX_MS;
	r->hold_ms = now + r->hold_step_ms;
	pace_hurry(&r->pace, clock_us());
}

static enum err_kind step_window(struct run *r, struct err *e)
{
	bool more = true, cut = false;

	while (more) {
		enum err_kind k = window_advance(&r->window, clock_ms(), &cut, e);

		if (!k && cut)
			hold(r);
		if (!k && !front_links(r)) {
			r->denier = unit_who(r->window.units[0]);
			r->look = true;
			return ERR_NONE;
		}
		if (!k)
			k = step_front(r, &more, e);
		if (k == ERR_REWIND) {
			drop_all(r);
			return ERR_NONE;
		}
		if (k)
			return k;
		if (cut)
			return ERR_NONE;
	}
	return ERR_NONE;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void show_phase(struct run *r)
{
	int phase = busy(r) || (r->window.count > 1) ? BEHIND : AT_HEAD;
	bool stalled;

	if (!r->pub.head.known)
		phase = STARTING;
	stalled = head_stalled(&r->pub.head, clock_ms());
	if (stalled && r->state->phase != STALLED)
		log_warn_often("ingest", "head does not advance", r->chain->key,
			"chain=%s head=%" PRIu64, r->chain->key, r->pub.head.number);
	r->state->phase = stalled ? STALLED : phase;
	r->state->target = r->conf->has_to       ? r->conf->to
			   : r->conf->until_head ? r->target
						 : r->pub.head.number;
	metric_set(r->tally.stalled, stalled);
	r->state->disputed = r->env.disputed > r->state->published ? r->env.disputed : 0;
}

static bool reached(const struct run *r)
{
	uint64_t next = publisher_link(&r->pub).next;

	if (!r->pub.head.known || r->pub.forked || r->look || r->window.count)
		return false;
	if (r->conf->until_head && r->fresh && next > goal(r)) /* a head below the target may lag */
		return next > r->target || (r->conf->has_to && next > r->conf->to) ||
		       (r->low_ms && clock_ms() - r->low_ms >= LOW_HEAD_MS);
	return r->conf->has_to && next > r->conf->to;
}

static enum err_kind plan(struct run *r, struct err *e)
{
	if (!r->pub.head.known || r->look || clock_ms() < r->hold_ms)
		return ERR_NONE;
	r->env.settled = head_settled(&r->pub.head);
	window_plan(&r->window, publisher_link(&r->pub).next, goal(r));
	if (r->window.count)
		return ERR_NONE;
	if (r->rested && !r->poll) {
		r->rested = false;
		pace_hurry(&r->pace, clock_us());
	}
	return publisher_put(&r->pub, NULL, 0, e); /* heights may have changed */
}

static unsigned wait_ms(const struct run *r)
{
	uint64_t ms = LOOP_MAX_MS, now = clock_ms();

	if (r->hold_ms > now && r->hold_ms - now < ms)
		ms = r->hold_ms - now;
	if (!r->poll) {
		uint64_t poll = (pace_wait_us(&r->pace, clock_us()) + 999) / 1000;

		ms = poll < ms ? poll : ms;
	}
	return (unsigned)window_wait_ms(&r->window, now, ms);
}

static enum err_kind loop(struct run *r, struct err *e)
{
	enum err_kind k = ERR_NONE;

	while (!k) {
		if (stop_asked())
			return err_set(e, ERR_STOP, "ingest", 0, "stop asked for");
		k = step_head(r, e);
		step_scout(r);
		if (!k && r->look && r->pub.head.known)
			k = resolve(r, e);
		if (!k)
			k = plan(r, e);
		if (!k)
			k = step_window(r, e);
		if (!k && !r->look)
			k = plan(r, e);
		if (k)
			break;
		show_phase(r);
		if (reached(r))
			return ERR_NONE;
		if (!r->look || !r->pub.head.known)
			k = source_poll(r->env.src, wait_ms(r), e);
	}
	return k;
}

enum err_kind ingest_run(const struct chain_conf *chain, const struct ingest_conf *conf,
	const struct ingest_past *past, struct source *src, struct stream_writer *out,
	struct ingest_state *state, struct err *e)
{
	struct run r = {.chain = chain, .conf = conf, .state = state};
	enum err_kind k;

	open_run(&r, past, src, out);
	k = loop(&r, e);
	if (k == ERR_FATAL)
		state->phase = HALTED;
	else if (k == ERR_NONE)
		state->phase = DONE;
	close_run(&r);
	return k;
}
