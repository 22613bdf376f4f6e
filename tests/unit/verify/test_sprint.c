/* Turn order of producers against what the real node said about every block (world/bttc/oracle). */
#include "verify/sprint.h"

#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;

/* The node's word on one block. */
struct oracle {
	struct address author, proposer;
	struct hash32 set_hash;
	uint64_t number, validators, succession;
};

static bool next_oracle(struct rec_lines *l, struct oracle *o)
{
	struct jval v;

	if (!rec_lines_next(l, &v))
		return false;
	o->number = rec_u64(rec_get(v, "number"));
	if (!o->number)
		return true;
	rec_fixed(rec_get(v, "author"), o->author.b, 20);
	rec_fixed(rec_get(v, "proposer"), o->proposer.b, 20);
	rec_fixed(rec_get(v, "setHash"), o->set_hash.b, 32);
	o->validators = rec_u64(rec_get(v, "validators"));
	o->succession = rec_u64(rec_get(v, "succession"));
	return true;
}

static void compare(struct sprint *s, const struct header *h, const struct oracle *o)
{
	unsigned succession;
	struct hash32 set;
	struct err e;

	if (sprint_check(s, h, &o->author, &succession, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(succession, o->succession);
	assert_int_equal(s->count, o->validators);
	assert_memory_equal(s->list[s->proposer].address.b, o->proposer.b, 20);
	sprint_set_hash(&set, s);
	assert_memory_equal(set.b, o->set_hash.b, 32);
}

static void every_block_of_world(void **state)
{
	struct recording *r = recording_open("world/bttc");
	struct rec_lines *l = rec_lines_open("recordings/world/bttc/oracle.ndjson.gz");
	size_t blocks = 0, checked = 0, out_of_turn = 0;
	struct sprint s = {0};
	struct rec_block b;
	struct oracle o;
	struct address author;
	struct err e;

	(void)state;
	while (recording_next(r, mem, &b) && next_oracle(l, &o)) {
		assert_int_equal(o.number, b.h.number);
		blocks++;
		if (b.h.number) {
			assert_true(header_author(&author, &b.h));
			assert_memory_equal(author.b, o.author.b, 20);
			out_of_turn += o.succession > 0;
		}
		if (s.count) {
			compare(&s, &b.h, &o);
			checked++;
		}
		if ((b.h.number + 1) % BTTC_SPRINT == 0 && sprint_load(&s, &b.h, &e))
			fail_msg("%s", e.msg);
		arena_reset(mem);
	}
	recording_close(r);
	rec_lines_close(l);
	assert_int_equal(blocks, 7779);
	assert_int_equal(checked, 7779 - 64);
	assert_int_equal(out_of_turn, 1091);
}

/* A sprint of three producers with addresses 10.., 20.., 30.. and the header of its first block. */
static void small_sprint(struct sprint *s, struct header *h)
{
	*s = (struct sprint){.first = 128, .count = 3, .proposer = -1};
	for (unsigned i = 0; i < 3; i++) {
		memset(s->list[i].address.b, (int)(0x10 * (i + 1)), 20);
		s->list[i].power = 1;
	}
	*h = (struct header){.number = 128, .difficulty = u256_u64(3)};
}

static void expect_reject(struct sprint *s, const struct header *h, const struct address *a,
	const char *part)
{
	struct sprint before = *s;
	unsigned succession = 77;
	struct err e;

	assert_int_equal(sprint_check(s, h, a, &succession, &e), ERR_REJECT);
	if (!strstr(e.msg, part))
		fail_msg("\"%s\" has no \"%s\"", e.msg, part);
	assert_memory_equal(&before, s, sizeof(before));
	assert_int_equal(succession, 77);
}

static void turn_order(void **state)
{
	struct sprint s;
	struct header h;
	unsigned succession;
	struct err e;

	(void)state;
	small_sprint(&s, &h);
	assert_int_equal(sprint_check(&s, &h, &s.list[2].address, &succession, &e), ERR_NONE);
	assert_int_equal(succession, 0);
	assert_int_equal(s.proposer, 2);
	h.number = 191;
	h.difficulty = u256_u64(2);
	assert_int_equal(sprint_check(&s, &h, &s.list[0].address, &succession, &e), ERR_NONE);
	assert_int_equal(succession, 1);
	expect_reject(&s, &h, &s.list[1].address, "producer 0 in turn");
	h.difficulty = u256_u64(1);
	assert_int_equal(sprint_check(&s, &h, &s.list[1].address, &succession, &e), ERR_NONE);
	assert_int_equal(succession, 2);
}

static void wrong_seals(void **state)
{
	struct address stranger = {{1}};
	struct sprint s;
	struct header h;

	(void)state;
	small_sprint(&s, &h);
	expect_reject(&s, &h, &stranger, "no producer");
	h.number = 127;
	expect_reject(&s, &h, &s.list[0].address, "not in the sprint");
	h.number = 192;
	expect_reject(&s, &h, &s.list[0].address, "not in the sprint");
	h.number = 128;
	h.difficulty = u256_u64(0);
	expect_reject(&s, &h, &s.list[0].address, "difficulty");
	h.difficulty = u256_u64(4);
	expect_reject(&s, &h, &s.list[0].address, "difficulty");
	h.difficulty = (struct u256){{1, 0, 0, 1}};
	expect_reject(&s, &h, &s.list[0].address, "difficulty");
}

static void too_many_producers(void **state)
{
	size_t n = 97 + 40 * (SPRINT_PRODUCERS_MAX + 1);
	struct header h = {.number = 127};
	uint8_t *extra = calloc(1, n);
	struct sprint s = {.count = 5};
	struct err e;

	(void)state;
	for (unsigned i = 0; i <= SPRINT_PRODUCERS_MAX; i++) {
		extra[32 + 40 * i] = (uint8_t)i;
		extra[32 + 40 * i + 39] = 1;
	}
	h.extra = (struct bytes){extra, n};
	assert_int_equal(sprint_load(&s, &h, &e), ERR_REJECT);
	assert_non_null(strstr(e.msg, "129 producers"));
	assert_int_equal(s.count, 5);
	h.extra.n = 97 + 39;
	assert_int_equal(sprint_load(&s, &h, &e), ERR_REJECT);
	memmove(extra + 32 + 40 * SPRINT_PRODUCERS_MAX, extra + n - 65, 65);
	h.extra.n = n - 40;
	assert_int_equal(sprint_load(&s, &h, &e), ERR_NONE);
	assert_int_equal(s.count, SPRINT_PRODUCERS_MAX);
	assert_int_equal(s.first, 128);
	assert_int_equal(s.proposer, -1);
	free(extra);
}

static int open_arena(void **state)
{
	(void)state;
	mem = arena_new(1u << 30);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_of_world),
		cmocka_unit_test(turn_order),
		cmocka_unit_test(wrong_seals),
		cmocka_unit_test(too_many_producers),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
