/*
 * Double entry over the recordings: after every block the trial balance is zero, the StakeManager
 * and every partnership have the tokens that the token's own transfers left them, and every account
 * has what the contracts' storage says.
 */
#include "unit/ledger/ledger_kit.h"

#include "lib/posting_book.h"

static void fold(const char *recording, const char *network, struct posting_book *book)
{
	struct arena *mem = arena_new(64 << 20);
	struct recording *r = recording_open(recording);
	struct rec_block raw;
	struct kit k;

	kit_open(&k, network, mem);
	posting_book_open(book, k.l, mem);
	for (; recording_next(r, mem, &raw); arena_reset(mem)) {
		struct block b = kit_block(&raw, mem);
		struct ledger_outcome out;

		kit_apply(&k, &b, &out);
		posting_book_add(book, k.l, out.postings, out.posting_count);
		if (out.posting_count && !posting_book_check(book, k.l))
			fail_msg("%s block %llu: %s", recording, (unsigned long long)b.h.number,
				book->trouble);
	}
	assert_int_equal(k.findings, 0);
	kit_close(&k);
	recording_close(r);
	arena_free(mem);
}

static void show(const struct posting_book *book)
{
	for (unsigned i = 1; i < POSTING_KIND_COUNT; i++)
		print_message("%s %zu\n", ledger_posting_name((enum ledger_posting_kind)i), book->kinds[i]);
}

static void golden(void **state)
{
	struct posting_book book;

	(void)state;
	fold("golden", "golden", &book);
	show(&book);
	for (unsigned i = POSTING_TRANSFER; i < POSTING_DRAINED; i++)
		if (i != POSTING_UNSOLICITED)
			assert_true(book.kinds[i] > 0);
	assert_int_equal(book.kinds[POSTING_UNEXPLAINED], 0);
	posting_book_free(&book);
}

static void world(void **state)
{
	struct posting_book book;

	(void)state;
	fold("world/root", "world", &book);
	show(&book);
	assert_int_equal(book.kinds[POSTING_UNEXPLAINED], 0);
	posting_book_free(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(world)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
