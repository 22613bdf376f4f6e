/*
 * Double entry over the recordings: after every block the trial balance is zero, the StakeManager
 * and every partnership have the tokens that the token's own transfers left them, and every account
 * has what the contracts' storage says.
 */
#include "unit/ledger/made.h"

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

/* ---- what no recording has ------------------------------------------------------------------ */

/* The only posting of that kind in the block, of that amount; NULL: there is none. */
static const struct ledger_posting *only(
	const struct made *m, enum ledger_posting_kind kind, uint64_t amount)
{
	const struct ledger_posting *found = NULL;

	for (size_t i = 0; i < m->out.posting_count; i++) {
		if (m->out.postings[i].kind != kind)
			continue;
		assert_null(found);
		found = &m->out.postings[i];
		assert_int_equal(u256_cmp(found->amount, u256_u64(amount)), 0);
	}
	return found;
}

static void setup(struct made *m, struct address *pact)
{
	struct address ann = who(501);

	made_open(m);
	*pact = made_address(m, "ValidatorPartnership");
	made_begin(m);
	made_log(m, "ValidatorPartnership", pact, "PartnerAdded", WORDS(A(&ann), N(10000)));
	made_tx(m);
	pay(m, &ann, pact, 100);
	made_log(m, "ValidatorPartnership", pact, "StakeDeposited", WORDS(A(&ann), N(60)));
	made_clean(m);
	assert_non_null(only(m, POSTING_UNSOLICITED, 40));
}

static void is_outflow(const struct made *m, const struct address *of, uint64_t amount)
{
	assert_int_equal(m->out.finding_count, 1);
	assert_int_equal(m->out.findings[0].kind, FINDING_OUTFLOW);
	assert_true(address_eq(&m->out.findings[0].subject.a, of));
	assert_int_equal(m->out.findings[0].observed.w[0], amount);
	assert_non_null(only(m, POSTING_UNEXPLAINED, amount));
}

/* Nobody may take tokens out without an event that says for what. */
static void outflow(void **state)
{
	struct address thief = who(666), pact;
	struct made m;

	(void)state;
	setup(&m, &pact);
	made_begin(&m);
	pay(&m, &pact, &thief, 7);
	made_end(&m);
	is_outflow(&m, &pact, 7);
	made_begin(&m);
	pay(&m, &m.sm, &thief, 9);
	made_end(&m);
	is_outflow(&m, &m.sm, 9);
	/* Only the part that nothing explains. */
	made_begin(&m);
	pay(&m, &pact, &thief, 30);
	pay(&m, &thief, &pact, 25);
	made_end(&m);
	is_outflow(&m, &pact, 5);
	made_close(&m);
}

/* Governance may, and it is told apart; in another transaction of the block it is an outflow as any. */
static void drained(void **state)
{
	struct address chest = who(777);
	struct made m;

	(void)state;
	made_open(&m);
	made_begin(&m);
	govern(&m, "StakeManager", "drain(address,uint256)", WORDS(A(&chest), N(50)));
	pay(&m, &m.sm, &chest, 50);
	made_tx(&m);
	pay(&m, &m.sm, &chest, 3);
	made_end(&m);
	assert_non_null(only(&m, POSTING_DRAINED, 50));
	is_outflow(&m, &m.sm, 3);
	made_close(&m);
}

/* A fee may be paid from a partnership's own tokens. */
static void fee_of_a_partnership(void **state)
{
	struct address signer = who(5), pact;
	struct made m;

	(void)state;
	setup(&m, &pact);
	made_begin(&m);
	pay(&m, &pact, &m.sm, 8);
	LOG(&m, "StakingInfo", "TopUpFee", A(&signer), N(8));
	made_clean(&m);
	assert_null(only(&m, POSTING_UNEXPLAINED, 0));
	made_close(&m);
}

static void names(void **state)
{
	struct address a = who(1), b = who(2), pact;
	char name[LEDGER_ACCOUNT_NAME_MAX];
	struct made m;

	(void)state;
	setup(&m, &pact);
	assert_int_equal(ledger_account_name(name, m.k.l, &(struct ledger_account){ACCOUNT_REWARD, {.n = 7}}), 22);
	assert_string_equal(name, "stake_manager/reward/7");
	ledger_account_name(name, m.k.l, &(struct ledger_account){ACCOUNT_REWARD, {.n = LEDGER_SINK}});
	assert_string_equal(name, "stake_manager/reward/retired");
	ledger_account_name(name, m.k.l, &(struct ledger_account){ACCOUNT_CLEARING, {.a = m.sm}});
	assert_string_equal(name, "stake_manager/clearing");
	ledger_account_name(name, m.k.l, &(struct ledger_account){ACCOUNT_CLAIMABLE, {.a = a, .b = b}});
	assert_string_equal(name, "partnership/0x1111111100000000000000000000000000000001/claimable/"
				  "0x1111111100000000000000000000000000000002");
	ledger_account_name(name, m.k.l, &(struct ledger_account){ACCOUNT_DELEGATION, {.a = a, .b = b}});
	assert_string_equal(name, "stake_manager/delegation/0x1111111100000000000000000000000000000001/"
				  "0x1111111100000000000000000000000000000002");
	made_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(world),
		cmocka_unit_test(outflow),
		cmocka_unit_test(drained),
		cmocka_unit_test(fee_of_a_partnership),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
