/* Whose turn it was: over the recorded chain, over forks, and with strangers. */
#include "ingest/turns.h"

#include "chain/header.h"
#include "chain/recover.h"
#include "unit/ingest/harness.h"

static struct network *world_net;
static const struct chain_conf *chain;
static struct source *bttc;
static struct body *bodies; /* of every block, author included */

static int setup(void **state)
{
	struct seals *s = seals_new();
	struct err e;

	(void)state;
	world_net = load_network("world");
	chain = network_chain(world_net, "bttc");
	bttc = fake_open("world/bttc", false);
	bodies = calloc(bttc->canon_count, sizeof(*bodies));
	for (size_t i = 0; i < bttc->canon_count; i++) {
		bodies[i].h = &bttc->canon[i].h;
		if (verify_headers(s, HEADER_BTTC, i, bodies[i].h, 1, &bodies[i].check, &e))
			fail_msg("%s", e.msg);
	}
	seals_free(s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(bodies);
	fake_close(bttc);
	network_free(world_net);
	return 0;
}

static void put(struct turns *t, size_t from, size_t to)
{
	struct err e;

	for (size_t n = 1 + from % 90; from < to; from += n) {
		n = n < to - from ? n : to - from;
		if (turns_check(t, from, bodies + from, n, &e))
			fail_msg("%s", e.msg);
		turns_take(t);
	}
}

static void expect(struct turns *t, size_t at, const struct body *b, const char *part)
{
	struct err e = {0};
	enum err_kind k = turns_check(t, at, b, 1, &e);

	assert_int_equal(k, part ? ERR_REJECT : ERR_NONE);
	if (part)
		assert_text(e.msg, part);
}

static void the_recorded_chain(void **state)
{
	struct turns *t = turns_new(chain, NULL, 0);
	struct header recent[200];

	(void)state;
	put(t, 0, bttc->canon_count);
	turns_free(t);
	for (size_t i = 0; i < 200; i++)
		recent[i] = bttc->canon[3000 + i].h;
	t = turns_new(chain, recent, 200);
	put(t, 3200, bttc->canon_count);
	turns_free(t);
}

/* The same block by another account, or with another place in the turn. */
static void strangers(void **state)
{
	static const size_t places[] = {64, 65, 127, 128, 1000, 4095, 7000};
	struct address stranger = {{0x77}};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		size_t at = places[i];
		struct turns *t = turns_new(chain, NULL, 0);
		struct body b = bodies[at];
		struct header h = *b.h;

		put(t, 0, at);
		b.check.author = stranger;
		expect(t, at, &b, "no producer of its sprint");
		b = bodies[at];
		b.h = &h;
		h.difficulty = u256_u64(99);
		expect(t, at, &b, "difficulty is not between");
		expect(t, at, &bodies[at], NULL); /* nothing of that stays */
		turns_take(t);
		put(t, at + 1, at + 100);
		turns_free(t);
	}
}

/* Within a sprint the in-turn producer is fixed by its first block. */
static void another_in_turn(void **state)
{
	size_t at = 2000;
	struct turns *t = turns_new(chain, NULL, 0);
	struct body b;
	struct header h;

	(void)state;
	while (at % 64 < 2 || address_eq(&bodies[at].check.author, &bodies[at - 1].check.author))
		at++;
	put(t, 0, at);
	b = bodies[at];
	h = *b.h;
	b.h = &h;
	h.difficulty = bodies[at - 1].h->difficulty; /* two authors of one difficulty */
	expect(t, at, &b, "earlier blocks of the sprint");
	turns_free(t);
}

/*
 * A fork in the middle of a sprint: what the undone blocks said about it is forgotten, what those below
 * said is not.
 */
static void forks(void **state)
{
	struct turns *t = turns_new(chain, NULL, 0);
	size_t at = 1280; /* first of a sprint */
	struct body b = bodies[at];
	struct header h = *b.h;

	(void)state;
	b.h = &h;
	h.difficulty = u256_u64(bodies[at].h->difficulty.w[0] > 1 ? bodies[at].h->difficulty.w[0] - 1
								  : 2);
	put(t, 0, at);
	expect(t, at, &b, NULL); /* somebody else in turn: possible, it is the first block */
	turns_take(t);
	expect(t, at + 1, &bodies[at + 1], "earlier blocks of the sprint");
	put(t, at, at + 30); /* the branch that wins */
	expect(t, at + 10, &bodies[at + 10], NULL);
	b.check.author = (struct address){{0x77}};
	h.number = at + 10;
	expect(t, at + 10, &b, "no producer");
	put(t, at + 10, 2400);
	put(t, 1400, 2400); /* 1000 blocks deep */
	turns_free(t);
}

static void ethereum_has_none(void **state)
{
	struct turns *t = turns_new(network_chain(world_net, "root"), NULL, 0);
	struct body b = bodies[100];

	(void)state;
	b.check.author = (struct address){{0x77}};
	expect(t, 100, &b, NULL);
	turns_free(t);
}

/* A node whose newest block was sealed by nobody of the sprint: everything before it is published. */
static void a_node_with_a_stranger(void **state)
{
	struct ingest_conf conf = {.range_blocks = 64, .window_ranges = 4, .has_to = true};
	struct rec_block *last = &bttc->canon[1000], kept = *last;
	uint8_t secret[32] = {[31] = 9}, *extra = arena_dup(bttc->mem, last->h.extra.p, last->h.extra.n);
	size_t all = bttc->canon_count;
	struct hash32 hash;
	unsigned recid;
	struct sink k;
	struct err e;

	(void)state;
	log_set_level(LOG_ERROR);
	last->h.extra.p = extra;
	assert_true(header_seal_hash(&hash, &last->h));
	assert_true(recover_sign(extra + 32, &recid, &hash, secret));
	extra[96] = (uint8_t)recid;
	header_hash(&last->h.hash, &last->h);
	for (size_t i = 0; i < last->receipt_count; i++)
		assert_int_equal(last->receipts[i].log_count, 0); /* an empty block */
	bttc->canon_count = 1001;
	sink_init(&k);
	fake_reset(bttc, 1);
	conf.to = 999;
	run(bttc, chain, &conf, &k);
	conf.to = 1000;
	assert_int_equal(run_once(bttc, chain, &conf, &k, &e), ERR_FATAL);
	assert_text(e.msg, "no producer of its sprint");
	assert_int_equal(sink_tip(&k), 999);
	*last = kept;
	fake_reset(bttc, 1);
	run(bttc, chain, &conf, &k);
	assert_int_equal(sink_tip(&k), 1000);
	sink_free(&k);
	bttc->canon_count = all;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_recorded_chain),
		cmocka_unit_test(strangers),
		cmocka_unit_test(another_in_turn),
		cmocka_unit_test(forks),
		cmocka_unit_test(ethereum_has_none),
		cmocka_unit_test(a_node_with_a_stranger),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
