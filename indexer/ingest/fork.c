/*
 * Finding where two branches part, by comparing hashes at equal numbers from the tip down. The
 * node's head may be below the tip: on BTTC a shorter branch wins when it has more difficulty, and
 * above its head numbers answer null. So the walk starts at the lower of both. A node whose head is
 * a block of ours has no other branch, it is behind: nothing is undone for that.
 *
 * Steps are 1, 16, 64, 256 headers: most forks are a block or two deep.
 */
#include "ingest/fork.h"

#include "base/clock.h"

#include <inttypes.h>

#define PAUSE_FIRST_MS 20
#define PAUSE_MAX_MS   2000
#define STEP_MAX       256

enum err_kind fork_pause(struct source *src, uint64_t ms, struct err *e)
{
	uint64_t end = clock_ms() + ms, now = clock_ms();

	do {
		enum err_kind k = source_poll(src, (unsigned)(end - now), e);

		if (k)
			return k;
		now = clock_ms();
	} while (now < end);
	return ERR_NONE;
}

static enum err_kind unfit(struct err *e, uint64_t number)
{
	return err_set(e, ERR_AGAIN, "ingest", 0,
		"fork: the node's branch changed while it was read near block %" PRIu64, number);
}

/* Headers of a piece of the walk, checked and linked among themselves and to the piece above. */
static enum err_kind check_piece(const struct unit_env *env, const struct job *j, uint64_t lo,
	const struct hash32 *above, struct err *e)
{
	for (size_t i = 0; i < j->header_count; i++) {
		struct header_check check;
		enum err_kind k = verify_header(env->kind, lo + i, &j->headers[i], &check, e);

		if (k)
			return k;
		if (i && !hash_eq(&j->headers[i].parent, &j->headers[i - 1].hash))
			return unfit(e, lo + i);
	}
	if (above && !hash_eq(&j->headers[j->header_count - 1].hash, above))
		return unfit(e, lo + j->header_count - 1);
	return ERR_NONE;
}

struct walk {
	uint32_t who;    /* endpoints to ask; 0: any */
	uint64_t lo, hi; /* the piece */
	bool has_above;
	struct hash32 above; /* parent named by the piece above */
	bool ended;
};

static void compare_piece(
	const struct ring *ring, const struct job *j, struct walk *w, struct fork *out)
{
	if (!w->has_above)
		out->newest = j->headers[j->header_count - 1].hash;
	for (size_t i = j->header_count; i-- > 0;) {
		const struct header *h = &j->headers[i];

		if (hash_eq(&h->hash, &ring_at(ring, w->lo + i)->id.hash)) {
			out->common = w->lo + i;
			w->ended = true;
			return;
		}
		out->kind = FORK_FOUND;
		out->other = h->hash;
		out->other_number = w->lo + i;
	}
	w->above = j->headers[0].parent;
	w->has_above = true;
	if (w->lo > ring_base(ring)->id.number)
		return;
	w->ended = true;
	out->kind = FORK_DEEP;
	if (w->lo && hash_eq(&w->above, &ring_base(ring)->parent)) {
		out->kind = FORK_FOUND;
		out->common = w->lo - 1;
	}
}

static enum err_kind ask_these(struct unit_env *env, struct job *j, uint32_t who, struct err *e)
{
	if (who)
		source_only(j, who);
	return source_wait(env->src, j, e);
}

static enum err_kind walk_piece(struct unit_env *env, const struct ring *ring, struct walk *w,
	struct fork *out, struct err *e)
{
	struct job *j = source_blocks(env->src, (struct block_range){w->lo, w->hi}, false);
	enum err_kind k = ask_these(env, j, w->who, e);

	if (!k && j->header_count != w->hi - w->lo + 1)
		k = unfit(e, w->hi);
	if (!k)
		k = check_piece(env, j, w->lo, w->has_above ? &w->above : NULL, e);
	if (!k)
		compare_piece(ring, j, w, out);
	job_free(j);
	return k;
}

static enum err_kind walk(struct unit_env *env, const struct ring *ring, uint32_t who,
	struct fork *out, struct err *e)
{
	uint64_t base = ring_base(ring)->id.number, tip = ring_tip(ring)->id.number, step = 1;
	struct job *j = source_head(env->src, false);
	enum err_kind k = ask_these(env, j, who, e);
	struct walk w = {.who = who};

	*out = (struct fork){.kind = FORK_NONE, .common = tip, .head = j->head, .endpoint = j->endpoint};
	job_free(j);
	if (k)
		return k;
	w.hi = out->head < tip ? out->head : tip;
	if (w.hi < base) /* far behind: nothing to compare */
		return ERR_NONE;
	for (;;) {
		w.lo = w.hi - base >= step ? w.hi - step + 1 : base;
		k = walk_piece(env, ring, &w, out, e);
		if (k || w.ended)
			return k;
		w.hi = w.lo - 1;
		step = step == 1 ? 16 : step * 4 < STEP_MAX ? step * 4 : STEP_MAX;
	}
}

enum err_kind fork_find(struct unit_env *env, const struct ring *ring, uint32_t who,
	struct fork *out, struct err *e)
{
	uint64_t pause = PAUSE_FIRST_MS;

	for (;;) {
		enum err_kind k = walk(env, ring, who, out, e);

		if (k == ERR_NONE || k == ERR_STOP || k == ERR_FATAL)
			return k;
		tally_trouble(env->tally, e);
		k = fork_pause(env->src, pause, e);
		if (k)
			return k;
		pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
	}
}

enum err_kind fork_held(struct unit_env *env, const struct block_id *block, uint32_t who,
	const char **holder, struct err *e)
{
	struct job *j = source_blocks(env->src, (struct block_range){block->number, block->number}, false);
	enum err_kind k = ask_these(env, j, ~who, e);

	*holder = NULL;
	if (!k && j->header_count && !(source_who(j) & who) && hash_eq(&j->headers[0].hash, &block->hash))
		*holder = j->endpoint;
	job_free(j);
	return k == ERR_STOP || k == ERR_FATAL ? k : ERR_NONE;
}
