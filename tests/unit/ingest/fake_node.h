#ifndef TESTS_FAKE_NODE_H
#define TESTS_FAKE_NODE_H

/*
 * A node in memory behind the face of source/source.h: the test program defines source_* itself, so
 * ingest runs over recordings without HTTP. Jobs are answered in random order when source_poll is
 * called, from what the node's view of the chain is at that moment. Time is virtual: it passes when
 * jobs are answered and when nothing is in flight. Include it in one file of a test program only.
 */
#include "base/clock.h"
#include "chain/bloom.h"
#include "chain/keccak.h"
#include "lib/check.h"
#include "lib/recording.h"
#include "source/source.h"
#include "verify/block.h"

#include <inttypes.h>

#pragma GCC diagnostic ignored "-Wunused-function"

enum { J_HEAD, J_BLOCKS, J_HASH, J_LOGS, J_BLOCK_LOGS, J_RECEIPTS, J_CODE, J_KINDS };

struct fake_job {
	struct job j;
	struct source *s;
	struct fake_job *next;
	int kind;
	bool full, tags;
	struct block_range range;
	struct block_id id;
	struct address address;
	struct log_filter *filters;
	size_t filter_count;
	bool given_txs;
	uint32_t avoid;     /* endpoints that must not be asked */
	unsigned elsewhere; /* who is asked: 1 the second, 2 the third */
};

struct fake_fork {
	uint64_t point; /* last common block */
	struct rec_block *orphan, *winner;
	size_t orphan_count, winner_count;
	uint64_t jump; /* head when the winner takes over: may be below the losing head */
};

struct source {
	struct arena *mem;
	uint64_t first;
	struct rec_block *canon;
	size_t canon_count;
	struct fake_fork forks[8];
	size_t fork_count;
	bool tron, bttc;
	struct rec_block **view; /* what the node says now: [0] is block `first` */
	size_t view_count;
	uint64_t safe_tag, final_tag; /* 0: not answered */
	struct fake_job *jobs;
	uint64_t seed, polls, polls_max, idle, now_us, stop_at;
	size_t asked[J_KINDS], answered[J_KINDS], requests;
	void (*script)(struct source *s, bool idle);          /* before answers of a poll */
	void (*mangle)(struct source *s, struct fake_job *j); /* after an answer was made */
	void *arg;
	struct address code[4]; /* contracts that have code */
	size_t code_count;
	bool code_unknown, second, third; /* there are other endpoints */
};

static struct source *fake; /* the clock's */
static unsigned doubted;     /* answers that source_doubt was told of */

/* ---- clock ----------------------------------------------------------------------------------- */

uint64_t clock_us(void)
{
	return fake ? fake->now_us : 1;
}

uint64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	return (int64_t)clock_ms();
}

void clock_sleep_ms(unsigned ms)
{
	fake->now_us += ms * 1000ull;
}

void clock_rfc3339(char out[32], int64_t unix_seconds)
{
	snprintf(out, 32, "%lld", (long long)unix_seconds);
}

int clock_parse_rfc3339(int64_t *unix_seconds, const char *s, uint64_t len)
{
	(void)unix_seconds;
	(void)s;
	(void)len;
	return -1;
}

/* ---- the recording --------------------------------------------------------------------------- */

/* A hash as TRON has it: the number, then the tail of a hash of the hash. */
static void tron_hash(struct hash32 *h, uint64_t number)
{
	struct hash32 d;

	sha256(&d, h->b, 32);
	for (int i = 0; i < 8; i++)
		d.b[i] = (uint8_t)(number >> (56 - 8 * i));
	*h = d;
}

static void tron_block(struct rec_block *b)
{
	struct header *h = &b->h;
	struct header t = {.number = h->number,
		.hash = h->hash,
		.parent = h->parent,
		.tx_root = h->tx_root,
		.time = h->time,
		.gas_limit = h->gas_limit,
		.gas_used = h->gas_used};

	tron_hash(&t.hash, h->number);
	tron_hash(&t.parent, h->number - 1);
	*h = t;
	for (size_t i = 0; i < b->receipt_count; i++)
		memset(b->receipts[i].bloom, 0, sizeof(b->receipts[i].bloom));
}

static void fix_block(struct source *s, struct rec_block *b)
{
	if (s->tron)
		tron_block(b);
}

static struct rec_block *read_blocks(struct source *s, struct jval list, size_t *n)
{
	struct rec_block *out = arena_calloc(s->mem, json_count(list), sizeof(*out));
	struct jiter it;
	struct jval x;

	*n = 0;
	for (json_iter(list, &it); json_next(&it, &x); (*n)++) {
		rec_block(rec_get(x, "block"), rec_get(x, "receipts"), s->mem, &out[*n]);
		fix_block(s, &out[*n]);
	}
	return out;
}

/* The node's own head after the insertion that turned it to the winner. */
static uint64_t read_jump(struct jval fork, uint64_t otherwise)
{
	struct jval steps, x;
	struct jiter it;

	if (!json_get(fork, "steps", &steps))
		return otherwise;
	for (json_iter(steps, &it); json_next(&it, &x);) {
		struct hash32 before, after;

		rec_fixed(rec_get(x, "headBeforeHash"), before.b, 32);
		rec_fixed(rec_get(x, "headAfterHash"), after.b, 32);
		if (!hash_eq(&before, &after))
			return rec_u64(rec_get(x, "headAfter"));
	}
	return otherwise;
}

static void read_forks(struct source *s, const char *path)
{
	struct jval root, f;
	struct json_parser *p = rec_file(path, &root);
	struct jiter it;

	for (json_iter(root, &it); json_next(&it, &f); s->fork_count++) {
		struct fake_fork *k = &s->forks[s->fork_count];

		k->point = rec_u64(rec_get(f, "forkPoint"));
		k->orphan = read_blocks(s, rec_get(f, "orphaned"), &k->orphan_count);
		k->winner = read_blocks(s, rec_get(f, "canonical"), &k->winner_count);
		k->jump = read_jump(f, k->point + k->winner_count);
	}
	rec_file_free(p);
}

static void fake_view(struct source *s, uint64_t head)
{
	assert_true(head < s->first + s->canon_count);
	s->view_count = (size_t)(head + 1 - s->first);
	for (size_t i = 0; i < s->view_count; i++)
		s->view[i] = &s->canon[i];
}

/* The orphaned branch of fork k (from 0) is the node's chain, with n of its blocks. */
static void fake_orphan(struct source *s, size_t k, size_t n)
{
	struct fake_fork *f = &s->forks[k];

	fake_view(s, f->point);
	for (size_t i = 0; i < n; i++)
		s->view[s->view_count++] = &f->orphan[i];
}

static uint64_t fake_head(const struct source *s)
{
	return s->first + s->view_count - 1;
}

static uint64_t fake_last(const struct source *s)
{
	return s->first + s->canon_count - 1;
}

/* dir: "golden", "world/root", "world/bttc"; the view is the whole chain. */
static struct source *fake_open(const char *dir, bool tron)
{
	struct source *s = calloc(1, sizeof(*s));
	struct recording *r = recording_open(dir);
	size_t room = 0;
	char path[200];

	s->mem = arena_new(1u << 30);
	s->tron = tron;
	s->bttc = !strcmp(dir, "world/bttc");
	for (;;) {
		arena_grow(s->mem, &s->canon, &room, s->canon_count + 1, sizeof(*s->canon));
		s->canon[s->canon_count] = (struct rec_block){0};
		if (!recording_next(r, s->mem, &s->canon[s->canon_count]))
			break;
		s->canon_count++;
	}
	recording_close(r);
	s->first = s->canon[0].h.number;
	for (size_t i = 0; i < s->canon_count; i++)
		fix_block(s, &s->canon[i]);
	snprintf(path, sizeof(path), "recordings/%s/reorg.json.gz", dir);
	read_forks(s, path);
	s->view = arena_calloc(s->mem, s->canon_count + 2048, sizeof(*s->view));
	s->now_us = 1000000;
	s->polls_max = 2000000;
	fake_view(s, fake_last(s));
	fake = s;
	return s;
}

/* As after fake_open, with another seed of the order of answers; the recording stays. */
static void fake_reset(struct source *s, uint64_t seed)
{
	assert_null(s->jobs);
	s->seed = seed;
	s->polls = s->idle = s->stop_at = s->requests = 0;
	s->polls_max = 2000000;
	s->script = NULL;
	s->mangle = NULL;
	s->arg = NULL;
	s->code_count = 0;
	s->code_unknown = s->second = s->third = false;
	doubted = 0;
	s->safe_tag = s->final_tag = 0;
	memset(s->asked, 0, sizeof(s->asked));
	memset(s->answered, 0, sizeof(s->answered));
	fake_view(s, fake_last(s));
	fake = s;
}

static void fake_close(struct source *s)
{
	assert_null(s->jobs);
	arena_free(s->mem);
	free(s);
	fake = NULL;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct fake_job *ask(struct source *s, int kind)
{
	struct fake_job *j = calloc(1, sizeof(*j));

	j->s = s;
	j->kind = kind;
	j->j.mem = arena_new(1u << 30);
	j->next = s->jobs;
	s->jobs = j;
	s->asked[kind]++;
	return j;
}

struct job *source_head(struct source *s, bool tags)
{
	struct fake_job *j = ask(s, J_HEAD);

	j->tags = tags;
	return &j->j;
}

struct job *source_blocks(struct source *s, struct block_range r, bool with_txs)
{
	struct fake_job *j = ask(s, J_BLOCKS);

	assert_true(r.from <= r.to);
	j->range = r;
	j->full = with_txs;
	return &j->j;
}

struct job *source_block_by_hash(struct source *s, const struct hash32 *hash)
{
	struct fake_job *j = ask(s, J_HASH);

	j->id.hash = *hash;
	return &j->j;
}

static void copy_filters(struct fake_job *j, const struct log_filter *f, size_t n)
{
	j->filters = arena_dup(j->j.mem, f, n * sizeof(*f));
	j->filter_count = n;
	for (size_t i = 0; i < n; i++) {
		assert_true(f[i].address_count > 0);
		j->filters[i].addresses = arena_dup(
			j->j.mem, f[i].addresses, f[i].address_count * sizeof(struct address));
		for (int t = 0; t < LOG_TOPICS_MAX; t++)
			j->filters[i].topics[t] =
				f[i].topic_count[t]
					? arena_dup(j->j.mem, f[i].topics[t],
						  f[i].topic_count[t] * sizeof(struct hash32))
					: NULL;
	}
}

struct job *source_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count)
{
	struct fake_job *j = ask(s, J_LOGS);

	assert_true(r.from <= r.to);
	j->range = r;
	copy_filters(j, filters, filter_count);
	return &j->j;
}

struct job *source_sync_logs(struct source *s, struct block_range r, const struct log_filter *filters,
	size_t filter_count)
{
	return source_logs(s, r, filters, filter_count);
}

struct job *source_block_logs(struct source *s, const struct block_id *block,
	const struct log_filter *filters, size_t filter_count)
{
	struct fake_job *j = ask(s, J_BLOCK_LOGS);

	j->id = *block;
	copy_filters(j, filters, filter_count);
	return &j->j;
}

struct job *source_receipts(
	struct source *s, const struct block_id *block, const struct tx *txs, size_t tx_count)
{
	struct fake_job *j = ask(s, J_RECEIPTS);

	(void)tx_count;
	j->id = *block;
	j->given_txs = txs;
	return &j->j;
}

struct job *source_code(struct source *s, const struct address *a)
{
	struct fake_job *j = ask(s, J_CODE);

	j->address = *a;
	return &j->j;
}

void source_elsewhere(struct job *j, uint32_t who)
{
	struct fake_job *f = (struct fake_job *)j;

	f->avoid |= who;
	f->elsewhere = 0;
	while (f->avoid >> f->elsewhere & 1)
		f->elsewhere++;
	if (!f->elsewhere || (f->elsewhere == 1 ? f->s->second : f->elsewhere == 2 && f->s->third))
		return;
	j->state = JOB_FAILED;
	err_set(&j->err, ERR_AGAIN, "fake", 0, "no other endpoint");
}

uint32_t source_choose(struct source *s, uint32_t avoid)
{
	(void)s;
	(void)avoid;
	return 0;
}

void source_alone(struct job *j)
{
	assert_non_null(j);
}

void source_only(struct job *j, uint32_t who)
{
	assert_non_null(j);
	assert_int_not_equal(who, 0);
}

bool source_doubted(const struct source *s, uint32_t who)
{
	(void)s;
	(void)who;
	return false;
}

uint32_t source_who(const struct job *j)
{
	return j ? 1u << ((const struct fake_job *)j)->elsewhere : 0;
}

void source_doubt(struct source *s, uint32_t who)
{
	(void)s;
	doubted += who;
}

size_t source_endpoint_count(const struct source *s)
{
	return 1u + s->second + s->third;
}

uint64_t source_logs_span(const struct source *s)
{
	(void)s;
	return 5000;
}

size_t source_endpoints(struct source *s, struct endpoint_info *out, size_t max)
{
	(void)s;
	(void)out;
	(void)max;
	return 0;
}

void source_close(struct source *s)
{
	(void)s;
}

void job_free(struct job *j)
{
	struct fake_job *f = (struct fake_job *)j, **p;

	if (!j)
		return;
	for (p = &f->s->jobs; *p && *p != f; p = &(*p)->next)
		;
	assert_non_null(*p);
	*p = f->next;
	arena_free(j->mem);
	free(f);
}

/* ---- answering ------------------------------------------------------------------------------- */

static void job_fail(struct fake_job *f, enum err_kind kind, const char *why)
{
	f->j.state = JOB_FAILED;
	err_set(&f->j.err, kind, "fake", 0, "%s", why);
}

static const struct rec_block *by_number(const struct source *s, uint64_t n)
{
	return n >= s->first && n - s->first < s->view_count ? s->view[n - s->first] : NULL;
}

/* Also blocks of branches that lost: nodes keep them by hash. */
static const struct rec_block *by_hash(const struct source *s, const struct hash32 *h)
{
	for (size_t i = 0; i < s->view_count; i++)
		if (hash_eq(&s->view[i]->h.hash, h))
			return s->view[i];
	return NULL;
}

static void put_block(struct fake_job *f, const struct rec_block *b)
{
	struct job *j = &f->j;
	size_t i = j->header_count++;

	j->headers[i] = b->h;
	j->tx_counts[i] = b->tx_count;
	j->state_sync[i] = b->tx_count && b->txs[b->tx_count - 1].state_sync;
	if (j->txs)
		j->txs[i] = b->txs;
}

static void room_for(struct fake_job *f, size_t n, bool full)
{
	struct job *j = &f->j;

	j->headers = arena_calloc(j->mem, n, sizeof(*j->headers));
	j->tx_counts = arena_calloc(j->mem, n, sizeof(*j->tx_counts));
	j->state_sync = arena_calloc(j->mem, n, sizeof(*j->state_sync));
	j->txs = full ? arena_calloc(j->mem, n, sizeof(*j->txs)) : NULL;
}

static void answer_head(struct source *s, struct fake_job *f)
{
	room_for(f, 1, false);
	put_block(f, s->view[s->view_count - 1]);
	f->j.head = f->j.headers[0].number;
	if (f->tags && s->safe_tag) {
		f->j.has_safe = f->j.has_final = true;
		f->j.safe = s->safe_tag;
		f->j.final = s->final_tag;
	}
}

static void answer_blocks(struct source *s, struct fake_job *f)
{
	room_for(f, (size_t)(f->range.to - f->range.from + 1), f->full);
	for (uint64_t n = f->range.from; n <= f->range.to; n++) {
		const struct rec_block *b = by_number(s, n);

		if (!b) {
			f->j.short_by_head = true;
			return;
		}
		put_block(f, b);
	}
}

static bool in_set(const struct hash32 *set, size_t n, const struct hash32 *t)
{
	for (size_t i = 0; i < n; i++)
		if (hash_eq(&set[i], t))
			return true;
	return false;
}

static bool filter_match(const struct log_filter *f, const struct log *l)
{
	bool hit = false;

	for (size_t i = 0; i < f->address_count; i++)
		hit = hit || address_eq(&f->addresses[i], &l->address);
	for (unsigned t = 0; hit && t < LOG_TOPICS_MAX; t++)
		if (f->topic_count[t])
			hit = t < l->topic_count &&
			      in_set(f->topics[t], f->topic_count[t], &l->topics[t]);
	return hit;
}

static void put_logs(struct fake_job *f, const struct rec_block *b, size_t *room)
{
	struct job *j = &f->j;

	for (size_t i = 0; i < b->receipt_count; i++)
		for (size_t k = 0; k < b->receipts[i].log_count; k++) {
			const struct log *l = &b->receipts[i].logs[k];
			bool hit = false;

			for (size_t n = 0; n < f->filter_count; n++)
				hit = hit || filter_match(&f->filters[n], l);
			if (!hit)
				continue;
			arena_grow(j->mem, &j->logs, room, j->log_count + 1, sizeof(*j->logs));
			j->logs[j->log_count++] = (struct block_log){{b->h.number, b->h.hash}, *l};
		}
}

static void answer_logs(struct source *s, struct fake_job *f)
{
	size_t room = 0;

	if (f->range.to > fake_head(s)) {
		job_fail(f, ERR_AGAIN, "eth_getLogs beyond the head");
		return;
	}
	for (uint64_t n = f->range.from; n <= f->range.to; n++)
		put_logs(f, by_number(s, n), &room);
}

static void answer_block_logs(struct source *s, struct fake_job *f)
{
	const struct rec_block *b = by_hash(s, &f->id.hash);
	size_t room = 0;

	if (!b)
		job_fail(f, ERR_AGAIN, "block not found");
	else
		put_logs(f, b, &room);
}

static void answer_receipts(struct source *s, struct fake_job *f)
{
	const struct rec_block *b = by_hash(s, &f->id.hash);
	struct job *j = &f->j;

	if (!b) {
		job_fail(f, ERR_AGAIN, "receipts of a replaced block");
		return;
	}
	if (!f->given_txs) {
		room_for(f, 1, true);
		put_block(f, b);
	}
	j->receipts = arena_dup(j->mem, b->receipts, b->receipt_count * sizeof(*b->receipts));
	for (size_t i = 0; i < b->receipt_count; i++)
		j->receipts[i].logs = arena_dup(
			j->mem, b->receipts[i].logs, b->receipts[i].log_count * sizeof(struct log));
	j->receipt_count = b->receipt_count;
}

static void answer_code(struct source *s, struct fake_job *f)
{
	if (s->code_unknown)
		job_fail(f, ERR_REJECT, "method not found");
	for (size_t i = 0; i < s->code_count; i++)
		f->j.has_code = f->j.has_code || address_eq(&s->code[i], &f->address);
}

static void answer(struct source *s, struct fake_job *f)
{
	f->j.state = JOB_DONE;
	f->j.endpoint = "fake";
	s->answered[f->kind]++;
	switch (f->kind) {
	case J_HEAD: answer_head(s, f); break;
	case J_BLOCKS: answer_blocks(s, f); break;
	case J_HASH:
		room_for(f, 1, false);
		if (by_hash(s, &f->id.hash))
			put_block(f, by_hash(s, &f->id.hash));
		break;
	case J_LOGS: answer_logs(s, f); break;
	case J_BLOCK_LOGS: answer_block_logs(s, f); break;
	case J_RECEIPTS: answer_receipts(s, f); break;
	case J_CODE: answer_code(s, f); break;
	default: fail_msg("kind of job");
	}
	if (s->mangle)
		s->mangle(s, f);
}

static size_t running(const struct source *s)
{
	size_t n = 0;

	for (struct fake_job *f = s->jobs; f; f = f->next)
		n += f->j.state == JOB_RUNNING;
	return n;
}

/* Answer the i-th job in flight. */
static void answer_one(struct source *s, size_t i)
{
	for (struct fake_job *f = s->jobs; f; f = f->next)
		if (f->j.state == JOB_RUNNING && !i--) {
			answer(s, f);
			return;
		}
}

enum err_kind source_poll(struct source *s, unsigned timeout_ms, struct err *e)
{
	size_t n = running(s), some;

	if (++s->polls == s->stop_at)
		return err_set(e, ERR_STOP, "fake", 0, "stop");
	if (s->polls > s->polls_max)
		fail_msg("no end in sight after %" PRIu64 " polls", s->polls);
	if (s->script)
		s->script(s, !n);
	if (!n) {
		s->idle++;
		s->now_us += timeout_ms ? timeout_ms * 1000ull : 100;
		return ERR_NONE;
	}
	s->requests++;
	s->now_us += 300;
	for (some = 1 + (size_t)(rnd(&s->seed) % n); some; some--)
		answer_one(s, (size_t)(rnd(&s->seed) % running(s)));
	return ERR_NONE;
}

enum err_kind source_wait(struct source *s, struct job *j, struct err *e)
{
	while (j->state == JOB_RUNNING) {
		enum err_kind k = source_poll(s, 1000, e);

		if (k)
			return k;
	}
	if (j->state == JOB_FAILED)
		*e = j->err;
	return j->state == JOB_FAILED ? e->kind : ERR_NONE;
}

#endif
