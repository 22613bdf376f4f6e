/*
 * Two endpoints agree when they name the same hashes and the same watched logs. What only one of
 * them says (a lagging one may not have the newest block) is no contradiction: the block then stays
 * at the level it has, and its row says so.
 */
#include "ingest/witness.h"

#include <inttypes.h>

static const struct job *than(const struct job *first[2], int i)
{
	return first[i] ? first[i] : first[0];
}

void witness_ask(struct witness *w, const struct unit_env *env, const struct body *bodies, size_t n,
	const struct job *first[2])
{
	struct block_range r = {bodies[0].h->number, bodies[n - 1].h->number};
	struct arena *mem = arena_new(1u << 24);
	struct log_filter *f;
	size_t count = watchset_filters(env->ws, r, 0, mem, &f);

	witness_drop(w);
	w->version = watchset_version(env->ws);
	w->blocks = source_blocks(env->src, r, false);
	if (first[0])
		source_elsewhere(w->blocks, first[0]);
	if (count)
		w->logs = source_logs(env->src, r, f, count);
	if (count && than(first, 1))
		source_elsewhere(w->logs, than(first, 1));
	arena_free(mem);
}

void witness_drop(struct witness *w)
{
	job_free(w->blocks);
	job_free(w->logs);
	*w = (struct witness){0};
}

static enum err_kind differ(struct err *e, uint64_t number, const char *what)
{
	return err_set(e, ERR_REJECT, "ingest", 0,
		"block %" PRIu64 ": two endpoints do not agree on its %s", number, what);
}

/* The next log of a list that the set keeps. */
static const struct log *next_kept(const struct unit_env *env, const struct body *b, size_t *at)
{
	for (; *at < b->log_count; ++*at)
		if (watchset_match(env->ws, b->h->number, &b->logs[*at]))
			return &b->logs[(*at)++];
	return NULL;
}

static enum err_kind compare_logs(const struct unit_env *env, const struct body *b,
	const struct job *j, size_t *at, struct err *e)
{
	uint64_t number = b->h->number;
	size_t own = 0;

	for (; j && *at < j->log_count && j->logs[*at].block.number == number; ++*at) {
		const struct log *theirs = &j->logs[*at].log, *ours;

		if (!hash_eq(&j->logs[*at].block.hash, &b->h->hash))
			return differ(e, number, "hash");
		if (!watchset_match(env->ws, number, theirs))
			continue;
		ours = next_kept(env, b, &own);
		if (!ours || !body_same_log(ours, theirs))
			return differ(e, number, "logs");
	}
	return next_kept(env, b, &own) ? differ(e, number, "logs") : ERR_NONE;
}

static bool running(const struct job *j)
{
	return j && j->state == JOB_RUNNING;
}

enum err_kind witness_step(struct witness *w, const struct unit_env *env, const struct body *bodies,
	size_t n, struct err *e)
{
	const struct job *j = w->blocks, *l = w->logs;
	enum err_kind k = ERR_NONE;
	size_t at = 0;

	if (w->over || running(j) || running(l))
		return ERR_NONE;
	w->over = true;
	if (j->state == JOB_FAILED || (l && l->state == JOB_FAILED) || j->header_count < n)
		return ERR_NONE;
	for (size_t i = 0; !k && i < n; i++) {
		if (!hash_eq(&j->headers[i].hash, &bodies[i].h->hash))
			k = differ(e, bodies[i].h->number, "hash");
		if (!k)
			k = compare_logs(env, &bodies[i], l, &at, e);
	}
	w->agrees = !k;
	return k;
}
