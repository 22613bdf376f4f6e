/*
 * The watch set over a small chain made here: a contract watched whole, a token watched by
 * transfers of accounted contracts, a summed event, a template that is discovered.
 */
#include "ingest/watchset.h"

#include "chain/bloom.h"
#include "lib/check.h"

static struct address addr(int n)
{
	struct address a;

	memset(a.b, n, sizeof(a.b));
	return a;
}

static struct hash32 topic(int n)
{
	struct hash32 t;

	memset(t.b, n, sizeof(t.b));
	return t;
}

static struct hash32 party(int n)
{
	struct hash32 t = {{0}};

	memset(t.b + 12, n, 20);
	return t;
}

enum { WHOLE, TOKEN, FEES, LATE, BANK, TEMPLATE, CONTRACTS };

static struct contract contracts[CONTRACTS];
static struct hash32 transfer[1], fee[1], pair[2];
static struct watch watches[6];
static struct chain_conf chain;

static int setup(void **state)
{
	static const char *const names[] = {"Whole", "Token", "Fees", "Late", "Bank", "Template"};

	(void)state;
	for (int i = 0; i < CONTRACTS; i++)
		contracts[i] = (struct contract){
			.name = names[i], .fixed = i != TEMPLATE, .address = addr(i + 1)};
	contracts[LATE].from_block = 100;
	contracts[BANK].accounted = contracts[TEMPLATE].accounted = true;
	transfer[0] = topic(0xd0);
	fee[0] = topic(0xfe);
	pair[0] = topic(0xa1);
	pair[1] = topic(0xa2);
	watches[0] = (struct watch){.contract = &contracts[WHOLE]};
	watches[1] = (struct watch){.contract = &contracts[TOKEN],
		.topics = {transfer},
		.topic_count = {1},
		.accounted_from_to = true};
	watches[2] = (struct watch){.contract = &contracts[FEES],
		.topics = {fee},
		.topic_count = {1},
		.sum_only = true};
	watches[3] =
		(struct watch){.contract = &contracts[FEES], .topics = {pair}, .topic_count = {2}};
	watches[4] = (struct watch){.contract = &contracts[LATE]};
	watches[5] = (struct watch){.contract = &contracts[TEMPLATE]};
	chain = (struct chain_conf){.key = "test",
		.contracts = contracts,
		.contract_count = CONTRACTS,
		.watches = watches,
		.watch_count = 6};
	return 0;
}

static struct log mk_log(
	int address, unsigned topics, struct hash32 t0, struct hash32 t1, struct hash32 t2)
{
	return (struct log){
		.address = addr(address), .topic_count = (uint8_t)topics, .topics = {t0, t1, t2}};
}

static const struct hash32 none;

static void matches(void **state)
{
	struct watchset *ws = watchset_new(&chain);
	struct log l = mk_log(1, 0, none, none, none);
	struct discovery d = {.address = addr(0x77), .contract = "Template", .block = 50};

	(void)state;
	assert_int_equal(watchset_match(ws, 5, &l), WATCH_KEEP); /* no topic at all */
	l = mk_log(9, 1, transfer[0], none, none);
	assert_int_equal(watchset_match(ws, 5, &l), 0);
	l = mk_log(3, 1, fee[0], none, none);
	assert_int_equal(watchset_match(ws, 5, &l), WATCH_SUM);
	l.topics[0] = pair[1];
	assert_int_equal(watchset_match(ws, 5, &l), WATCH_KEEP);
	l.topics[0] = transfer[0];
	assert_int_equal(watchset_match(ws, 5, &l), 0);
	l = mk_log(4, 1, topic(1), none, none);
	assert_int_equal(watchset_match(ws, 99, &l), 0);
	assert_int_equal(watchset_match(ws, 100, &l), WATCH_KEEP);

	l = mk_log(2, 3, transfer[0], party(0x10), party(BANK + 1));
	assert_int_equal(watchset_match(ws, 5, &l), WATCH_KEEP);
	l = mk_log(2, 3, transfer[0], party(BANK + 1), party(0x10));
	assert_int_equal(watchset_match(ws, 5, &l), WATCH_KEEP);
	l = mk_log(2, 3, transfer[0], party(0x77), party(0x10));
	assert_int_equal(watchset_match(ws, 60, &l), 0);
	l = mk_log(2, 3, transfer[0], topic(BANK + 1),
		none); /* no address: its first bytes are not 0 */
	assert_int_equal(watchset_match(ws, 5, &l), 0);

	assert_true(watchset_add(ws, &d));
	l = mk_log(2, 3, transfer[0], party(0x77), party(0x10));
	assert_int_equal(watchset_match(ws, 49, &l), 0);
	assert_int_equal(watchset_match(ws, 50, &l), WATCH_KEEP);
	l = mk_log(0x77, 1, topic(4), none, none);
	assert_int_equal(watchset_match(ws, 49, &l), 0);
	assert_int_equal(watchset_match(ws, 50, &l), WATCH_KEEP);
	watchset_free(ws);
}

static void versions(void **state)
{
	struct watchset *ws = watchset_new(&chain);
	struct discovery d[2] = {{.address = addr(0x77), .contract = "Template", .block = 50},
		{.address = addr(0x78), .contract = "Template", .block = 60}};
	struct discovery bad = {.address = addr(0x79), .contract = "Whole", .block = 60};
	struct address a = addr(0x78), bank = addr(BANK + 1);

	(void)state;
	assert_int_equal(watchset_version(ws), 1);
	assert_false(watchset_add(ws, &bad)); /* no template of that name */
	assert_true(watchset_add(ws, &d[0]));
	assert_false(watchset_add(ws, &d[0]));
	assert_int_equal(watchset_version(ws), 2);
	assert_int_equal(watchset_from(ws, 1), 50);
	assert_int_equal(watchset_from(ws, 0), 0);
	assert_int_equal(watchset_from(ws, 2), UINT64_MAX);
	assert_true(watchset_add(ws, &d[1]));
	assert_int_equal(watchset_from(ws, 2), 60);
	assert_true(watchset_knows(ws, &a));
	assert_ptr_equal(watchset_accounted(ws, 60, &a), &contracts[TEMPLATE]);
	assert_null(watchset_accounted(ws, 59, &a));
	assert_ptr_equal(watchset_accounted(ws, 0, &bank), &contracts[BANK]);
	watchset_reset(ws, d, 1);
	assert_false(watchset_knows(ws, &a));
	assert_int_equal(watchset_version(ws), 2);
	watchset_reset(ws, d, 0);
	assert_int_equal(watchset_version(ws), 1);
	assert_true(watchset_knows(ws, &bank));
	watchset_free(ws);
}

static void with(uint8_t bloom[256], const struct log *l)
{
	bloom_add_log(bloom, l);
}

static void blooms(void **state)
{
	struct watchset *ws = watchset_new(&chain);
	struct discovery d = {.address = addr(0x77), .contract = "Template", .block = 50};
	struct log out = mk_log(2, 3, transfer[0], party(BANK + 1), party(0x10));
	struct log in = mk_log(2, 3, transfer[0], party(0x10), party(0x77));
	uint8_t bloom[256] = {0};
	struct log other = mk_log(2, 3, transfer[0], party(0x10), party(0x11));

	(void)state;
	assert_false(watchset_bloom(ws, 5, bloom, 0, WATCH_KEEP | WATCH_SUM));
	with(bloom, &other);
	assert_false(watchset_bloom(ws, 5, bloom, 0, WATCH_KEEP | WATCH_SUM));
	assert_false(watchset_missing(ws, 5, bloom, NULL, 0));
	with(bloom, &out);
	assert_true(watchset_bloom(ws, 5, bloom, 0, WATCH_KEEP | WATCH_SUM));
	assert_true(watchset_missing(ws, 5, bloom, &other, 1));
	assert_false(watchset_missing(ws, 5, bloom, &out, 1));

	with(bloom, &in); /* a transfer of a member that is not there yet */
	assert_false(watchset_missing(ws, 60, bloom, &out, 1));
	assert_true(watchset_add(ws, &d));
	assert_true(watchset_bloom(ws, 60, bloom, 1, WATCH_KEEP | WATCH_SUM));
	assert_false(watchset_bloom(ws, 49, bloom, 1, WATCH_KEEP | WATCH_SUM));
	assert_false(watchset_missing(ws, 49, bloom, &out, 1));
	assert_true(
		watchset_missing(ws, 60, bloom, &out, 1)); /* one of two transfers is not enough */
	{
		struct log both[2] = {out, in};

		assert_false(watchset_missing(ws, 60, bloom, both, 2));
	}
	watchset_free(ws);
}

static bool has_address(const struct log_filter *f, int n)
{
	struct address a = addr(n);

	for (size_t i = 0; i < f->address_count; i++)
		if (address_eq(&f->addresses[i], &a))
			return true;
	return false;
}

static void filters(void **state)
{
	struct watchset *ws = watchset_new(&chain);
	struct arena *mem = arena_new(1u << 20);
	struct discovery d = {.address = addr(0x77), .contract = "Template", .block = 50};
	struct block_range r = {10, 20};
	struct log_filter *f;
	struct hash32 bank = party(BANK + 1), found = party(0x77);

	(void)state;
	assert_int_equal(watchset_filters(ws, r, 0, mem, &f), 4);
	assert_int_equal(f[0].address_count, 1); /* Late is not yet in force */
	assert_true(has_address(&f[0], WHOLE + 1));
	for (int i = 1; i <= 2; i++) { /* from, to */
		assert_true(has_address(&f[i], TOKEN + 1));
		assert_int_equal(f[i].topic_count[0], 1);
		assert_int_equal(f[i].topic_count[i], 1);
		assert_int_equal(f[i].topic_count[3 - i], 0);
		assert_memory_equal(f[i].topics[i], &bank, 32);
	}
	assert_true(has_address(&f[3], FEES + 1)); /* two watches of one contract, one question */
	assert_int_equal(f[3].topic_count[0], 3);

	assert_true(watchset_add(ws, &d));
	assert_int_equal(watchset_filters(ws, r, 1, mem, &f), 0);
	r.to = 50;
	assert_int_equal(watchset_filters(ws, r, 1, mem, &f), 3);
	assert_int_equal(f[0].address_count, 1);
	assert_true(has_address(&f[0], 0x77));
	assert_int_equal(f[1].topic_count[1], 1);
	assert_memory_equal(f[1].topics[1], &found, 32);
	assert_int_equal(f[2].topic_count[2], 1);
	assert_memory_equal(f[2].topics[2], &found, 32);
	r.to = 100;
	assert_int_equal(watchset_filters(ws, r, 0, mem, &f), 4);
	assert_int_equal(f[0].address_count, 3);
	assert_int_equal(f[1].topic_count[1], 2);
	arena_free(mem);
	watchset_free(ws);
}

/* More addresses than a node takes in one filter. */
static void many(void **state)
{
	struct watchset *ws = watchset_new(&chain);
	struct arena *mem = arena_new(1u << 24);
	struct block_range r = {10, 200};
	struct log_filter *f;
	size_t n, sum = 0, parties = 0;

	(void)state;
	for (int i = 0; i < 1300; i++) {
		struct discovery d = {.contract = "Template", .block = 1};

		memcpy(d.address.b, &i, sizeof(i));
		d.address.b[19] = 0xee;
		assert_true(watchset_add(ws, &d));
	}
	n = watchset_filters(ws, r, 0, mem, &f);
	for (size_t i = 0; i < n; i++) {
		assert_in_range(f[i].address_count, 1, 500);
		assert_true(f[i].topic_count[1] <= 500 && f[i].topic_count[2] <= 500);
		sum += f[i].topic_count[0] ? 0 : f[i].address_count;
		parties += f[i].topic_count[1];
	}
	assert_int_equal(sum, 1300 + 2);
	assert_int_equal(parties, 1300 + 1);
	arena_free(mem);
	watchset_free(ws);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches),
		cmocka_unit_test(versions),
		cmocka_unit_test(blooms),
		cmocka_unit_test(filters),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
