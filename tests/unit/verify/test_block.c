/*
 * Checks of single blocks against every recorded block: golden and world, canonical and orphaned. The
 * recordings are what real nodes answered, so each must pass whole, and each must fail when one value is
 * changed.
 */
#include "verify/block.h"

#include "base/hex.h"
#include "chain/header.h"
#include "chain/keccak.h"
#include "chain/trie.h"
#include "lib/check.h"
#include "lib/recording.h"

static struct arena *mem;

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

#define assert_ok(k, e)                                                                            \
	do {                                                                                       \
		if ((k) != ERR_NONE)                                                               \
			fail_msg("%s: %s", err_kind_name(k), (e).msg);                             \
	} while (0)

struct totals {
	size_t blocks, logs, txs, sync;
};

static void check_whole(enum header_kind kind, const struct rec_block *b, struct header_check *c,
	struct totals *t)
{
	struct block_body body = {b->receipts, b->receipt_count, b->txs, b->tx_count};
	struct err e;

	assert_ok(verify_header(kind, b->h.number, &b->h, c, &e), e);
	assert_int_equal(c->level, LEVEL_HASHED);
	assert_int_equal(c->layout, b->h.has);
	assert_ok(verify_receipts(kind, &b->h, &body, mem, &e), e);
	t->blocks++;
	for (size_t i = 0; i < b->receipt_count; i++) {
		const struct receipt *r = &b->receipts[i];

		t->logs += r->log_count;
		t->txs += !r->state_sync;
		t->sync += r->state_sync;
		assert_ok(verify_logs(kind, &b->h, r->logs, r->log_count, &e), e);
	}
}

static void check_recording(const char *name, enum header_kind kind, struct totals want)
{
	struct recording *r = recording_open(name);
	struct block_id parent = {0};
	uint64_t parent_time = 0;
	struct header_check c;
	struct totals t = {0};
	struct rec_block b;
	struct err e;

	while (recording_next(r, mem, &b)) {
		check_whole(kind, &b, &c, &t);
		if (t.blocks > 1)
			assert_ok(verify_link(kind, &parent, parent_time, &b.h, &e), e);
		parent = (struct block_id){b.h.number, b.h.hash};
		parent_time = b.h.time;
		arena_reset(mem);
	}
	recording_close(r);
	assert_int_equal(t.blocks, want.blocks);
	assert_int_equal(t.logs, want.logs);
	assert_int_equal(t.txs, want.txs);
	assert_int_equal(t.sync, want.sync);
}

static void golden_blocks(void **state)
{
	(void)state;
	check_recording("golden", HEADER_ETHEREUM, (struct totals){1076, 8339, 2532, 0});
}

static void world_root_blocks(void **state)
{
	(void)state;
	check_recording("world/root", HEADER_ETHEREUM, (struct totals){279, 2778, 783, 0});
}

static void world_bttc_blocks(void **state)
{
	(void)state;
	check_recording("world/bttc", HEADER_BTTC, (struct totals){7779, 41719, 19160, 69});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_blocks),
		cmocka_unit_test(world_root_blocks),
		cmocka_unit_test(world_bttc_blocks),
	};

	return cmocka_run_group_tests(tests, open_arena, close_arena);
}
