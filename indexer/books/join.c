/*
 * A step locks the child's row of ledger.join_head, which the writer's UNDO of that chain locks first,
 * so the blocks that are read stay. Counters go forward block by block; the roots are made of whole
 * ranges, each as soon as its last block is there.
 */
#include "books/join.h"

#include "chain/checkpoint.h"
#include "verify/sprint.h"

#include <string.h>

#define STEP_BLOCKS     4096
#define STEP_RANGES     64
#define RANGE_BLOCKS    32768 /* a node makes no root over more */
#define SECONDS_PER_DAY 86400
#define TALLIES_MAX     4096

struct tally {
	struct address producer;
	int64_t day; /* since 1970 */
	int64_t blocks, in_turn, missed;
	struct u256 fees;
};

struct count {
	struct session *s;
	int64_t chain_id;
	struct sprint sprint;
	bool has_sprint;
	struct tally *v;
	size_t n;
};

static void arg_child(struct pg_args *a, const struct chain_conf *child)
{
	pg_arg_i64(a, (int64_t)child->chain_id);
}

/* ---- producers ---- */

static struct tally *tally_of(struct count *c, const struct address *producer, int64_t day)
{
	for (size_t i = c->n; i-- > 0;)
		if (c->v[i].day == day && address_eq(&c->v[i].producer, producer))
			return &c->v[i];
	c->v[c->n] = (struct tally){.producer = *producer, .day = day};
	return &c->v[c->n++];
}

/* Everybody between the in-turn producer and the author was passed over. */
static void count_turn(struct count *c, const struct header *h, const struct address *author, int64_t day)
{
	struct sprint *s = &c->sprint;
	unsigned succession;
	struct err e;

	if (!c->has_sprint || sprint_check(s, h, author, &succession, &e))
		return;
	if (!succession)
		tally_of(c, author, day)->in_turn++;
	for (unsigned k = 0; k < succession; k++) {
		size_t at = ((size_t)s->proposer + k) % s->count;

		tally_of(c, &s->list[at].address, day)->missed++;
	}
}

static void load_sprint(struct count *c, const struct header *end, uint64_t first)
{
	struct err e;

	c->has_sprint = sprint_load(&c->sprint, end, &e) == ERR_NONE;
	c->sprint.first = first;
}

/* The header that announces the producers of the sprint of `block`: the end of the one before; that of
 * the first sprint is announced by none, but its span goes on, so its own end says the same. */
static uint64_t announcer(uint64_t block)
{
	uint64_t first = block - block % BTTC_SPRINT;

	return first ? first - 1 : BTTC_SPRINT - 1;
}

static enum err_kind find_sprint(struct count *c, uint64_t block, struct err *e)
{
	struct header h = {.number = announcer(block)};
	struct pg_args a = {0};
	enum err_kind k;

	pg_arg_i64(&a, c->chain_id);
	pg_arg_i64(&a, (int64_t)h.number);
	k = pg_query(c->s->pg, "SELECT extra FROM chain.block WHERE chain_id = $1 AND number = $2", &a, e);
	c->has_sprint = false;
	if (k || !pg_count(c->s->pg))
		return k;
	h.extra.p = (const uint8_t *)pg_text(c->s->pg, 0, 0, &h.extra.n);
	load_sprint(c, &h, block - block % BTTC_SPRINT);
	return ERR_NONE;
}

static bool take_u256(struct u256 *out, const struct pg *pg, int row, int col)
{
	size_t n;
	const char *p = pg_text(pg, row, col, &n);

	return u256_parse_dec(out, p, n);
}

static enum err_kind count_rows(struct count *c, struct err *e)
{
	struct pg *pg = c->s->pg;

	for (int i = 0; i < pg_count(pg); i++) {
		struct header h = {.number = (uint64_t)pg_i64(pg, i, 0), .time = (uint64_t)pg_i64(pg, i, 1)};
		int64_t day = (int64_t)(h.time / SECONDS_PER_DAY);
		struct address author;
		struct tally *t;
		struct u256 fees = U256_ZERO;
		size_t n;
		const char *p = pg_text(pg, i, 2, &n);

		if (!pg_null(pg, i, 2) && n == sizeof(author.b)) {
			memcpy(author.b, p, n);
			if (!take_u256(&h.difficulty, pg, i, 3) ||
				(!pg_null(pg, i, 4) && !take_u256(&fees, pg, i, 4)))
				return err_set(e, ERR_FATAL, "books", 0, "a stored block is damaged");
			t = tally_of(c, &author, day);
			t->blocks++;
			t->fees = u256_add(t->fees, fees);
			count_turn(c, &h, &author, day);
		}
		if ((h.number + 1) % BTTC_SPRINT == 0) {
			h.extra.p = (const uint8_t *)pg_text(pg, i, 5, &h.extra.n);
			load_sprint(c, &h, h.number + 1);
		}
		if (c->n + SPRINT_PRODUCERS_MAX + 1 > TALLIES_MAX)
			return err_set(e, ERR_FATAL, "books", 0, "too many producers in one step");
	}
	return ERR_NONE;
}

static enum err_kind store_tallies(struct count *c, struct err *e)
{
	char fees[U256_DEC_MAX + 1];
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < c->n; i++) {
		const struct tally *t = &c->v[i];
		struct pg_args a = {0};

		pg_arg_i64(&a, c->chain_id);
		pg_arg_bytes(&a, t->producer.b, sizeof(t->producer.b));
		pg_arg_i64(&a, t->day);
		pg_arg_i64(&a, t->blocks);
		pg_arg_i64(&a, t->in_turn);
		pg_arg_i64(&a, t->missed);
		fees[u256_dec(fees, t->fees)] = 0;
		pg_arg_text(&a, fees);
		k = pg_query(c->s->pg,
			"INSERT INTO ledger.producer_day AS p (chain_id, producer, day, blocks, in_turn, missed,"
			" fees) VALUES ($1, $2, date '1970-01-01' + $3::integer, $4, $5, $6, $7::numeric) ON"
			" CONFLICT (chain_id, producer, day) DO UPDATE SET blocks = p.blocks + excluded.blocks,"
			" in_turn = p.in_turn + excluded.in_turn, missed = p.missed + excluded.missed, fees ="
			" p.fees + excluded.fees",
			&a, e);
	}
	return k;
}

static enum err_kind move_head(struct count *c, int64_t block, struct err *e)
{
	struct pg_args a = {0};

	pg_arg_i64(&a, c->chain_id);
	pg_arg_i64(&a, block);
	return pg_query_kept(c->s->pg, "UPDATE ledger.join_head SET block = $2 WHERE chain_id = $1", &a, e);
}

/* Count the blocks after `at`; the first sprint waits for its end. */
static enum err_kind count_blocks(struct session *s, const struct chain_conf *child, int64_t at,
	int64_t indexed, bool *any, struct err *e)
{
	struct count *c = arena_calloc(s->mem, 1, sizeof(*c));
	int64_t to = indexed - at > STEP_BLOCKS ? at + STEP_BLOCKS : indexed;
	struct pg_args a = {0};
	enum err_kind k;

	if (to <= at || (int64_t)announcer((uint64_t)at + 1) > indexed)
		return ERR_NONE;
	c->s = s;
	c->chain_id = (int64_t)child->chain_id;
	c->v = arena_alloc(s->mem, TALLIES_MAX * sizeof(*c->v));
	if ((k = find_sprint(c, (uint64_t)at + 1, e)))
		return k;
	arg_child(&a, child);
	pg_arg_i64(&a, at);
	pg_arg_i64(&a, to);
	k = pg_query(s->pg,
		"SELECT number, extract(epoch FROM time)::bigint, author, difficulty::text, fee_sum::text,"
		" CASE WHEN (number + 1) % 64 = 0 THEN extra END FROM chain.block WHERE chain_id = $1 AND"
		" number > $2 AND number <= $3 ORDER BY number",
		&a, e);
	if (k || (k = count_rows(c, e)) || (k = store_tallies(c, e)) || (k = move_head(c, to, e)))
		return k;
	*any = true;
	return ERR_NONE;
}

/* ---- roots ---- */

struct range {
	int64_t chain_id, block, first, last;
	int32_t log_index;
	bool has_root;
	struct hash32 root;
};

/* Checkpoints without a verdict whose blocks are there, oldest first. */
static enum err_kind find_ranges(
	struct session *s, int64_t indexed, struct range *out, size_t *n, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	pg_arg_i64(&a, indexed);
	pg_arg_i64(&a, STEP_RANGES);
	k = pg_query(s->pg,
		"SELECT c.chain_id, c.block, c.log_index, c.start_block, c.end_block, c.root FROM"
		" staking.checkpoint c WHERE c.end_block <= $1 AND NOT EXISTS (SELECT FROM ledger.verdict v"
		" WHERE v.chain_id = c.chain_id AND v.block = c.block AND v.log_index = c.log_index)"
		" ORDER BY c.chain_id, c.block, c.log_index LIMIT $2",
		&a, e);
	*n = k ? 0 : (size_t)pg_count(s->pg);
	for (size_t i = 0; i < *n; i++) {
		size_t len;
		const char *p = pg_text(s->pg, (int)i, 5, &len);

		out[i] = (struct range){.chain_id = pg_i64(s->pg, (int)i, 0),
			.block = pg_i64(s->pg, (int)i, 1),
			.log_index = (int32_t)pg_i64(s->pg, (int)i, 2),
			.first = pg_i64(s->pg, (int)i, 3),
			.last = pg_i64(s->pg, (int)i, 4),
			.has_root = !pg_null(s->pg, (int)i, 5) && len == 32};
		if (out[i].has_root)
			memcpy(out[i].root.b, p, 32);
	}
	return k;
}

/* The root of stored blocks; false: not all of them are stored. */
static enum err_kind range_root(struct session *s, const struct chain_conf *child,
	const struct range *r, bool *whole, struct hash32 *root, struct err *e)
{
	struct checkpoint_tree tree;
	struct pg_args a = {0};
	enum err_kind k;

	*whole = false;
	if (r->first < (int64_t)child->first_block || r->last < r->first ||
		r->last - r->first >= RANGE_BLOCKS)
		return ERR_NONE;
	arg_child(&a, child);
	pg_arg_i64(&a, r->first);
	pg_arg_i64(&a, r->last);
	k = pg_query_kept(s->pg,
		"SELECT number, extract(epoch FROM time)::bigint, tx_root, receipts_root FROM chain.block"
		" WHERE chain_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number",
		&a, e);
	if (k || pg_count(s->pg) != r->last - r->first + 1)
		return k;
	checkpoint_tree_init(&tree);
	for (int i = 0; i < pg_count(s->pg); i++) {
		struct header h = {.number = (uint64_t)pg_i64(s->pg, i, 0),
			.time = (uint64_t)pg_i64(s->pg, i, 1)};
		struct hash32 leaf;

		memcpy(h.tx_root.b, pg_text(s->pg, i, 2, NULL), 32);
		memcpy(h.receipts_root.b, pg_text(s->pg, i, 3, NULL), 32);
		checkpoint_leaf(&leaf, &h);
		checkpoint_tree_add(&tree, &leaf);
	}
	*whole = checkpoint_tree_root(root, &tree);
	return ERR_NONE;
}

/* A fork of the checkpoint's chain may have taken it away meanwhile. */
static enum err_kind store_verdict(struct session *s, const struct range *r, bool whole,
	const struct hash32 *root, struct err *e)
{
	const char *verdict = !whole          ? "gap"
			      : !r->has_root ? "unchecked"
			      : hash_eq(root, &r->root) ? "match"
							: "mismatch";
	struct pg_args a = {0};

	pg_arg_i64(&a, r->chain_id);
	pg_arg_i64(&a, r->block);
	pg_arg_i64(&a, r->log_index);
	pg_arg_i64(&a, r->first);
	pg_arg_i64(&a, r->last);
	pg_arg_bytes(&a, root->b, whole ? sizeof(root->b) : 0);
	pg_arg_text(&a, verdict);
	return pg_query_kept(s->pg,
		"INSERT INTO ledger.verdict (chain_id, block, log_index, start_block, end_block, computed_root,"
		" verdict) SELECT c.chain_id, c.block, c.log_index, $4, $5, nullif($6, ''::bytea), $7 FROM"
		" staking.checkpoint c WHERE c.chain_id = $1 AND c.block = $2 AND c.log_index = $3 FOR KEY"
		" SHARE",
		&a, e);
}

static enum err_kind judge(
	struct session *s, const struct chain_conf *child, int64_t indexed, bool *any, struct err *e)
{
	struct range *r = arena_alloc(s->mem, STEP_RANGES * sizeof(*r));
	enum err_kind k;
	size_t n;

	k = find_ranges(s, indexed, r, &n, e);
	for (size_t i = 0; !k && i < n; i++) {
		struct hash32 root = {{0}};
		bool whole;

		k = range_root(s, child, &r[i], &whole, &root, e);
		if (!k)
			k = store_verdict(s, &r[i], whole, &root, e);
	}
	*any |= n > 0;
	return k;
}

/* ---- a step ---- */

/* Counting begins with the first whole sprint. */
static int64_t before_first(const struct chain_conf *child)
{
	int64_t first = (int64_t)child->first_block;

	return (first + BTTC_SPRINT - 1) / BTTC_SPRINT * BTTC_SPRINT - 1;
}

static enum err_kind make_head(struct session *s, const struct chain_conf *child, struct err *e)
{
	struct pg_args a = {0};

	arg_child(&a, child);
	pg_arg_i64(&a, before_first(child));
	return pg_query(s->pg,
		"INSERT INTO ledger.join_head (chain_id, block) VALUES ($1, $2) ON CONFLICT DO NOTHING", &a, e);
}

/* Where the child chain stands; locks the row that its UNDO locks first. *has false: made just now. */
static enum err_kind lock_head(struct session *s, const struct chain_conf *child, bool *has, int64_t *at,
	int64_t *indexed, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_child(&a, child);
	k = pg_query_kept(s->pg, "SELECT block FROM ledger.join_head WHERE chain_id = $1 FOR UPDATE", &a, e);
	if (k)
		return k;
	*has = pg_count(s->pg) == 1;
	if (!*has)
		return make_head(s, child, e);
	*at = pg_i64(s->pg, 0, 0);
	k = pg_query_kept(s->pg, "SELECT coalesce(indexed, -1) FROM chain.head WHERE chain_id = $1", &a, e);
	*indexed = !k && pg_count(s->pg) ? pg_i64(s->pg, 0, 0) : -1;
	return k;
}

enum err_kind join_step(struct session *s, const struct chain_conf *child, bool *any, struct err *e)
{
	int64_t at = 0, indexed = -1;
	enum err_kind k;
	bool has;

	*any = false;
	if (!child)
		return ERR_NONE;
	arena_reset(s->mem);
	if ((k = pg_exec(s->pg, "BEGIN", e)) || (k = lock_head(s, child, &has, &at, &indexed, e)))
		return k;
	if (has && ((k = count_blocks(s, child, at, indexed, any, e)) ||
			   (k = judge(s, child, indexed, any, e))))
		return k;
	*any |= !has;
	return pg_exec(s->pg, "COMMIT", e);
}
