/* Bounded ranges out of order: out of sight until they are joined, dropped when they do not fit. */
#include "pg/story.h"

static struct story golden;

static int make_story(void **state)
{
	(void)state;
	story_make(&golden, "golden", "golden", false, 0);
	return 0;
}

static int free_story(void **state)
{
	(void)state;
	story_free(&golden);
	return 0;
}

/* Blocks from..to of the story as the stream of a range: sequence from `seq` + 1. */
static struct step *range_steps(uint64_t from, uint64_t to, uint64_t seq, size_t *n)
{
	struct step *out = calloc(to - from + 1, sizeof(*out));

	*n = 0;
	for (size_t i = 0; i < golden.n; i++)
		if (golden.steps[i].id.number >= from && golden.steps[i].id.number <= to) {
			out[*n] = golden.steps[i];
			out[(*n)++].seq = ++seq;
		}
	return out;
}

static void write_part(struct pen *p, uint64_t from, uint64_t to)
{
	size_t n;
	struct step *s = range_steps(from, to, p->seq, &n);
	struct err e;

	ASSERT_OK(pen_write(p, s, n, &e), e);
	free(s);
}

static struct writer_conf range(uint64_t from, uint64_t to)
{
	return (struct writer_conf){.has_range = true, .from = from, .to = to};
}

/* Read from..to into the database; to is where it ends, `until` where it is broken off. */
static void backfill(struct test_db *db, uint64_t from, uint64_t to, uint64_t until)
{
	struct writer_conf conf = range(from, to);
	struct pen p;
	struct err e;

	ASSERT_OK(pen_open(&p, db, &golden, &conf, &e), e);
	if (p.start <= until)
		write_part(&p, p.start, until);
	pen_close(&p);
}

static void prefix(struct test_db *db, uint64_t until)
{
	struct pen p;
	struct err e;

	ASSERT_OK(pen_open(&p, db, &golden, NULL, &e), e);
	while (p.start <= until) {
		uint64_t to = p.start + 20 < until ? p.start + 20 : until;

		write_part(&p, p.start, to);
		p.start = to + 1;
	}
	pen_close(&p);
}

static void is_clean(struct test_db *db)
{
	struct test_db clean;

	story_write(&golden, &clean, 200);
	same_tables(db->c, clean.c, canonical_tables);
	db_close(&clean);
}

#define VISIBLE "SELECT count(*) FROM chain.visible_block"
#define INDEXED "SELECT indexed FROM chain.head"

static void test_joined_at_open(void **state)
{
	struct test_db db;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);             /* contracts are discovered at 115 to 122, 474 and 863 */
	backfill(&db, 701, 900, 900); /* with a discovery of its own */
	assert_int_equal(pg_number(db.c, INDEXED), 600);
	assert_int_equal(pg_number(db.c, VISIBLE), 600 - 108);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.block"), 600 - 108 + 200);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM staking.stake_update WHERE block > 600"), 0);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM chain.log WHERE block > 700") > 500, 1);
	assert_int_equal(pg_number(db.c, "SELECT sum(blocks) FROM chain.level_count"), 600 - 108);
	prefix(&db, 700); /* meets it */
	assert_int_equal(pg_number(db.c, INDEXED), 900);
	assert_int_equal(pg_number(db.c, VISIBLE), 900 - 108);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

static void test_several_in_any_order(void **state)
{
	struct test_db db;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	backfill(&db, 801, 850, 850);
	backfill(&db, 701, 750, 750);
	backfill(&db, 751, 800, 770); /* continues the range that ends at 750; broken off */
	backfill(&db, 751, 800, 800); /* and taken up */
	assert_string_equal(
		pg_value(db.c, "SELECT string_agg(from_block || '-' || to_block, ' ' ORDER BY"
			       " from_block) FROM chain.coverage"),
		"701-800 801-850");
	backfill(&db, 601, 700, 700); /* begins at the first missing block: part of the prefix */
	assert_int_equal(
		pg_number(db.c, INDEXED), 850); /* and everything above is joined with it */
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.coverage"), 0);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* The range was read with fewer contracts known than there were: its logs are not complete. */
static void test_contracts_differ(void **state)
{
	struct test_db db;

	(void)state;
	db_open_network(&db, golden.net);
	backfill(&db, 401, 500, 500); /* before anything: no ValidatorShare is known */
	prefix(&db, 400);
	assert_true(pg_number(db.c, "SELECT count(*) FROM chain.contract") > 8);
	assert_int_equal(pg_number(db.c, INDEXED), 400); /* dropped */
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.coverage"), 0);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.block WHERE number > 400"), 0);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.log WHERE block > 400"), 0);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM chain.contract WHERE block > 400"), 0);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* The range hangs on a block that is not ours. */
static void test_other_parent(void **state)
{
	struct writer_conf conf = range(701, 720);
	struct test_db db;
	struct step *s;
	struct pen p;
	struct err e;
	size_t n;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	ASSERT_OK(pen_open(&p, &db, &golden, &conf, &e), e);
	s = range_steps(701, 720, 0, &n);
	s[0].block->h.parent.b[5] ^= 1;
	s[0].parent = s[0].block->h.parent;
	ASSERT_OK(pen_write(&p, s, n, &e), e);
	s[0].block->h.parent.b[5] ^= 1; /* the story is shared */
	pen_close(&p);
	free(s);
	prefix(&db, 700);
	assert_int_equal(pg_number(db.c, INDEXED), 700);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* The stream goes on delivering blocks that a join has brought: compared, not written again. */
static void test_stream_behind_the_join(void **state)
{
	struct test_db db;
	struct pen p;
	struct err e;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	backfill(&db, 701, 800, 800);
	ASSERT_OK(pen_open(&p, &db, &golden, NULL, &e), e);
	write_part(&p, 601, 720); /* one batch across the border */
	assert_int_equal(pg_number(db.c, INDEXED), 800);
	pen_close(&p);
	ASSERT_OK(pen_open(&p, &db, &golden, NULL, &e), e); /* a restart in between */
	write_part(&p, 721, 850);
	pen_close(&p);
	assert_int_equal(pg_number(db.c, INDEXED), 850);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* The stream says otherwise than the joined range: the stream is right, the rest of the range is
 * void. */
static void test_range_was_on_a_fork(void **state)
{
	struct story forks, s;
	struct test_db db, clean;
	struct writer_conf conf = range(670, 690);
	size_t first = 0, at;
	struct pen p;
	struct err e;

	(void)state;
	story_make(&forks, "golden", "golden", true, 0);
	while (forks.steps[first].kind != STEP_UNDO)
		first++;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	/* the range is read while the loser (678..709) is canonical */
	ASSERT_OK(pen_open(&p, &db, &golden, &conf, &e), e);
	s = forks;
	at = 0;
	while (forks.steps[at].id.number != 670)
		at++;
	s.steps = calloc(30, sizeof(*s.steps));
	s.n = 0;
	for (; forks.steps[at].id.number <= 690; at++)
		if (forks.steps[at].kind == STEP_NEW) {
			s.steps[s.n] = forks.steps[at];
			s.steps[s.n].seq = s.n + 1;
			s.n++;
		}
	assert_int_equal(s.n, 21);
	ASSERT_OK(pen_write(&p, s.steps, s.n, &e), e);
	pen_close(&p);
	ASSERT_OK(pen_open(&p, &db, &golden, NULL, &e), e);
	write_part(&p, 601, 680); /* joins at 669, contradicts at 678 */
	assert_int_equal(pg_number(db.c, INDEXED), 680);
	assert_string_equal(
		pg_value(db.c, "SELECT common_block || ' ' || depth FROM chain.fork"), "677 13");
	pen_close(&p);
	prefix(&db, 1184);
	story_write(&golden, &clean, 300);
	same_tables(db.c, clean.c, canonical_tables);
	free(s.steps);
	story_free(&forks);
	db_close(&db);
	db_close(&clean);
}

static void test_refused(void **state)
{
	struct test_db db;
	struct pen a, b;
	struct writer_conf r;
	struct err e;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	backfill(&db, 701, 800, 750);
	r = range(690, 710);
	assert_int_equal(pen_open(&a, &db, &golden, &r, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "701 to 750"));
	r = range(701, 800);
	ASSERT_OK(pen_open(&a, &db, &golden, &r, &e), e);
	assert_int_equal(a.start, 751);
	assert_int_equal(pen_open(&b, &db, &golden, &r, &e), ERR_AGAIN);
	assert_int_equal(e.code, WRITER_BUSY);
	r = range(780, 820); /* being read by `a` */
	assert_int_equal(pen_open(&b, &db, &golden, &r, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "701 to 800"));
	r = range(801, 820); /* at the same time as `a` */
	ASSERT_OK(pen_open(&b, &db, &golden, &r, &e), e);
	write_part(&b, 801, 810);
	write_part(&a, 751, 760);
	write_part(&b, 811, 820);
	write_part(&a, 761, 800);
	pen_close(&a);
	pen_close(&b);
	r = range(300, 500); /* all of it visible: nothing to do */
	ASSERT_OK(pen_open(&a, &db, &golden, &r, &e), e);
	assert_int_equal(a.start, 601);
	pen_close(&a);
	prefix(&db, 700);
	assert_int_equal(pg_number(db.c, INDEXED), 820);
	db_close(&db);
}

/* A backfill that is overtaken by the prefix notices, and its rows are neither lost nor doubled. */
static void test_overtaken(void **state)
{
	struct writer_conf conf = range(650, 800);
	struct test_db db;
	struct step *s;
	struct pen slow;
	struct err e;
	size_t n;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 600);
	ASSERT_OK(pen_open(&slow, &db, &golden, &conf, &e), e);
	write_part(&slow, 650, 670);
	prefix(&db, 700); /* joins 650..670 and goes on */
	assert_int_equal(pg_number(db.c, INDEXED), 700);
	s = range_steps(671, 690, 21, &n);
	assert_int_equal(pen_write(&slow, s, n, &e), ERR_AGAIN);
	free(s);
	s = range_steps(701, 720, 21, &n); /* even where nobody has written yet */
	pen_close(&slow);
	free(s);
	ASSERT_OK(pen_open(&slow, &db, &golden, &conf, &e), e);
	assert_int_equal(slow.start, 701);
	write_part(&slow, 701, 800);
	pen_close(&slow);
	assert_int_equal(pg_number(db.c, INDEXED), 800);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* A range that was begun after the prefix's writer looked, and lies in its way. */
static void test_begun_across_the_path(void **state)
{
	struct writer_conf conf = range(650, 660);
	struct test_db db;
	struct pen main_pen, other;
	struct step *s;
	struct err e;
	size_t n;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 640);
	ASSERT_OK(pen_open(&main_pen, &db, &golden, NULL, &e), e);
	ASSERT_OK(pen_open(&other, &db, &golden, &conf, &e), e); /* reserved, empty */
	write_part(&main_pen, 641, 655); /* the reservation is dropped on the way */
	s = range_steps(650, 660, 0, &n);
	assert_int_equal(pen_write(&other, s, n, &e), ERR_AGAIN); /* block 650 is there */
	free(s);
	pen_close(&other);
	assert_int_equal(pen_open(&other, &db, &golden, &conf, &e), ERR_AGAIN); /* prefix is busy */
	assert_int_equal(e.code, WRITER_BUSY);
	write_part(&main_pen, 656, 700);
	ASSERT_OK(pen_open(&other, &db, &golden, &conf, &e), e); /* done by others */
	assert_int_equal(other.start, 701);
	pen_close(&other);
	pen_close(&main_pen);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

/* A fork inside a range while it is read. */
static void test_undo_in_a_range(void **state)
{
	struct writer_conf conf = range(700, 720);
	struct test_db db;
	struct step undo[3];
	struct pen p;
	struct err e;
	size_t at = 700 - 109;

	(void)state;
	db_open_network(&db, golden.net);
	prefix(&db, 650);
	ASSERT_OK(pen_open(&p, &db, &golden, &conf, &e), e);
	write_part(&p, 700, 705);
	for (size_t i = 0; i < 3; i++) {
		undo[i] = golden.steps[at + 5 - i];
		undo[i].kind = STEP_UNDO;
		undo[i].block = NULL;
		undo[i].seq = p.seq + 1 + i;
	}
	ASSERT_OK(pen_write(&p, undo, 3, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT to_block FROM chain.coverage"), 702);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.orphan_block"), 0);
	write_part(&p, 703, 720);
	pen_close(&p);
	prefix(&db, 699);
	assert_int_equal(pg_number(db.c, INDEXED), 720);
	prefix(&db, 1184);
	is_clean(&db);
	db_close(&db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joined_at_open),
		cmocka_unit_test(test_several_in_any_order),
		cmocka_unit_test(test_contracts_differ),
		cmocka_unit_test(test_other_parent),
		cmocka_unit_test(test_stream_behind_the_join),
		cmocka_unit_test(test_range_was_on_a_fork),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_begun_across_the_path),
		cmocka_unit_test(test_undo_in_a_range),
	};

	pg_server();
	return cmocka_run_group_tests(tests, make_story, free_story);
}
