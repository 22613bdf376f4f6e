/*
 * The writer over whole recordings: what is stored is what the chain had, whatever the batches,
 * forks and repeats, and what must not be stored is refused.
 */
#include "base/metric.h"
#include "pg/story.h"

static struct story golden, golden_forks, bttc, bttc_forks;

static int make_stories(void **state)
{
	(void)state;
	story_make(&golden, "golden", "golden", false, 0);
	story_make(&golden_forks, "golden", "golden", true, 0);
	story_make(&bttc, "world", "world/bttc", false, 0);
	story_make(&bttc_forks, "world", "world/bttc", true, 0);
	return 0;
}

static int free_stories(void **state)
{
	(void)state;
	story_free(&golden);
	story_free(&golden_forks);
	story_free(&bttc);
	story_free(&bttc_forks);
	return 0;
}

/* Everything of the kept logs and blocks comes back byte for byte. */
static void check_log(PGresult *r, int row, const struct step *s, const struct log *l)
{
	assert_int_equal(strtoull(PQgetvalue(r, row, 0), NULL, 10), s->id.number);
	assert_int_equal(strtoul(PQgetvalue(r, row, 1), NULL, 10), l->log_index);
	assert_int_equal(strtoul(PQgetvalue(r, row, 2), NULL, 10), l->tx_index);
	assert_int_equal(PQgetvalue(r, row, 3)[0], l->state_sync ? 't' : 'f');
	for (int i = 0; i < 4; i++) {
		const struct bytes want[4] = {{l->tx_hash.b, 32}, {l->address.b, 20},
			{l->topics[0].b, l->topic_count * 32u}, l->data};
		size_t n;
		unsigned char *have =
			PQunescapeBytea((const unsigned char *)PQgetvalue(r, row, 4 + i), &n);

		assert_int_equal(n, want[i].n);
		assert_memory_equal(have, n ? want[i].p : have, n);
		PQfreemem(have);
	}
}

static void logs_match(const struct story *s, PGconn *c)
{
	char sql[300];
	PGresult *r;
	int row = 0;

	snprintf(sql, sizeof(sql),
		"SELECT block, log_index, tx_index, state_sync, tx, address, topics, data FROM "
		"chain.log"
		" WHERE chain_id = %llu ORDER BY block, log_index",
		(unsigned long long)s->chain->chain_id);
	r = pg_rows(c, sql);
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; s->steps[i].block && k < s->steps[i].block->log_count; k++) {
			assert_true(row < PQntuples(r));
			check_log(r, row++, &s->steps[i], &s->steps[i].block->logs[k]);
		}
	assert_int_equal(row, PQntuples(r));
	PQclear(r);
}

static void blocks_match(const struct story *s, PGconn *c)
{
	char sql[400];
	PGresult *r;

	snprintf(sql, sizeof(sql),
		"SELECT number, encode(hash, 'hex'), extract(epoch FROM time)::bigint, level, "
		"fee_sum, gas_used,"
		" author IS NULL, tx_total FROM chain.block WHERE chain_id = %llu ORDER BY number",
		(unsigned long long)s->chain->chain_id);
	r = pg_rows(c, sql);
	assert_int_equal(PQntuples(r), s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct block *b = s->steps[i].block;
		char hex[65], dec[80];

		for (int k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", b->h.hash.b[k]);
		dec[u256_dec(dec, b->fee_sum)] = 0;
		assert_int_equal(strtoull(PQgetvalue(r, (int)i, 0), NULL, 10), b->h.number);
		assert_string_equal(PQgetvalue(r, (int)i, 1), hex);
		assert_int_equal(strtoull(PQgetvalue(r, (int)i, 2), NULL, 10), b->h.time);
		assert_int_equal(strtoull(PQgetvalue(r, (int)i, 3), NULL, 10), b->level);
		assert_string_equal(PQgetvalue(r, (int)i, 4), b->fees_known ? dec : "");
		assert_int_equal(strtoull(PQgetvalue(r, (int)i, 5), NULL, 10), b->h.gas_used);
		assert_int_equal(PQgetvalue(r, (int)i, 6)[0], b->has_author ? 'f' : 't');
		assert_int_equal(strtoull(PQgetvalue(r, (int)i, 7), NULL, 10),
			b->tx_total_known ? b->tx_total : 0);
	}
	PQclear(r);
}

static void head_is(PGconn *c, const struct story *s)
{
	const struct step *last = &s->steps[s->n - 1];
	char sql[300], want[60];

	snprintf(sql, sizeof(sql),
		"SELECT seq || ' ' || indexed FROM chain.head WHERE chain_id = %llu",
		(unsigned long long)s->chain->chain_id);
	snprintf(want, sizeof(want), "%llu %llu", (unsigned long long)last->seq,
		(unsigned long long)last->id.number);
	assert_string_equal(pg_value(c, sql), want);
	assert_int_equal(
		pg_number(c,
			"SELECT count(*) FROM (SELECT chain_id, level, count(*) FROM chain.block"
			" GROUP BY 1, 2 EXCEPT SELECT chain_id, level, blocks FROM"
			" chain.level_count) x"),
		0);
}

/* Rows that metrics count are rows of the table. */
static void rows_counted(const struct story *s, PGconn *c, const char *table, int64_t before)
{
	char labels[100], sql[100];

	snprintf(labels, sizeof(labels), "chain=\"%s\",table=\"%s\"", s->chain->key, table);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	assert_int_equal(metric_value(metric_get(METRIC_COUNTER, "bttc_store_rows_total", "", labels)) - before,
		pg_number(c, sql));
}

static void test_metrics(void **state)
{
	static const char *const tables[] = {"chain.block", "chain.log", "chain.tx", "chain.contract",
		"staking.checkpoint", "partnership.event"};
	struct metric_series *batch, *commit;
	int64_t before[6], batches, commits;
	uint64_t rows = 0, sum;
	struct test_db db;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		char labels[100];

		snprintf(labels, sizeof(labels), "chain=\"root\",table=\"%s\"", tables[i]);
		before[i] = metric_value(
			metric_get(METRIC_COUNTER, "bttc_store_rows_total", "Rows that are durable.", labels));
	}
	batch = metric_get(METRIC_SIZES, "bttc_store_batch_rows", "", "chain=\"root\"");
	commit = metric_get(METRIC_HISTOGRAM, "bttc_store_commit_seconds", "", "chain=\"root\"");
	batches = metric_value(batch);
	commits = metric_value(commit);
	sum = metric_sum(batch);
	story_write(&golden, &db, 100);
	for (size_t i = 0; i < 6; i++) {
		char sql[100];

		rows_counted(&golden, db.c, tables[i], before[i]);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
		rows += (uint64_t)pg_number(db.c, sql);
	}
	rows += (uint64_t)pg_number(db.c, "SELECT count(*) FROM chain.evidence");
	rows += (uint64_t)pg_number(db.c, "SELECT count(*) FROM chain.evidence_tx");
	assert_int_equal(metric_value(batch) - batches, (golden.n + 99) / 100);
	assert_int_equal(metric_value(commit) - commits, (golden.n + 99) / 100);
	assert_int_equal(metric_sum(batch) - sum, rows);
	db_close(&db);
}

static void test_golden(void **state)
{
	struct test_db db;

	(void)state;
	story_write(&golden, &db, 100);
	logs_match(&golden, db.c);
	blocks_match(&golden, db.c);
	head_is(db.c, &golden);
	/* README of the recording */
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM staking.checkpoint WHERE kind = 1"), 440);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM staking.checkpoint WHERE kind = 2"), 209);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM staking.checkpoint WHERE vote_data IS NULL"),
		0);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM partnership.event"),
		3 + 20 + 3 + 19 + 6 + 106 + 517 + 83 + 14 + 122 + 5 + 30 + 7 + 2 + 2);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.contract"), 13);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.parked"), 0);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM chain.log WHERE event = 'Staked'"), 14);
	db_close(&db);
}

static void test_bttc(void **state)
{
	struct test_db db;
	uint64_t fees = 0;

	(void)state;
	for (size_t i = 0; i < bttc.n; i++)
		fees += bttc.steps[i].block->fee_count;
	assert_true(fees > 10000);
	story_write(&bttc, &db, 700);
	logs_match(&bttc, db.c);
	blocks_match(&bttc, db.c);
	head_is(db.c, &bttc);
	assert_int_equal(pg_number(db.c, "SELECT sum(fee_count) FROM chain.block"), fees);
	db_close(&db);
}

static void test_batches_do_not_matter(void **state)
{
	static const size_t sizes[] = {1, 7, 100000};
	struct test_db one, other;

	(void)state;
	story_write(&golden_forks, &one, 64);
	for (size_t i = 0; i < 3; i++) {
		story_write(&golden_forks, &other, sizes[i]);
		same_tables(one.c, other.c, story_tables);
		db_close(&other);
	}
	db_close(&one);
}

static void forks_leave_nothing(
	const struct story *forks, const struct story *clean, const char *expected)
{
	struct test_db a, b;

	story_write(forks, &a, 50);
	story_write(clean, &b, 50);
	same_tables(a.c, b.c, canonical_tables);
	assert_string_equal(
		pg_value(a.c, "SELECT string_agg(fork || ':' || common_block || '-' || depth, ' '"
			      " ORDER BY fork) FROM chain.fork"),
		expected);
	assert_string_equal(
		pg_value(a.c,
			"SELECT string_agg(DISTINCT x, ' ') FROM (SELECT CASE WHEN o.n = f.depth"
			" AND o.lo = f.common_block + 1 THEN 'ok' ELSE 'fork ' || f.fork END"
			" AS x FROM chain.fork f LEFT JOIN (SELECT fork, count(*) AS n,"
			" min(number) AS lo FROM chain.orphan_block GROUP BY fork) o USING"
			" (fork)) y"),
		"ok");
	/* the loser's blocks are stored whole: hashes link down to the common block */
	assert_int_equal(
		pg_number(a.c,
			"SELECT count(*) FROM chain.orphan_block o JOIN chain.fork f USING"
			" (chain_id, fork) WHERE o.number = f.common_block + 1 AND o.parent <>"
			" f.common_hash"),
		0);
	assert_int_equal(
		pg_number(a.c,
			"SELECT count(*) FROM chain.orphan_log l JOIN chain.orphan_block b ON"
			" b.fork = l.fork AND b.hash = l.block_hash AND b.number = l.block"),
		pg_number(a.c, "SELECT count(*) FROM chain.orphan_log"));
	db_close(&a);
	db_close(&b);
}

static void test_golden_forks(void **state)
{
	(void)state;
	forks_leave_nothing(&golden_forks, &golden, "1:677-32 2:938-4 3:1009-3 4:1079-8");
}

static void test_bttc_forks(void **state)
{
	(void)state;
	forks_leave_nothing(&bttc_forks, &bttc, "1:1684-1 2:3493-3 3:5435-9");
}

/* Orphaned rows are what was stored, column for column. */
static void test_orphans_are_whole(void **state)
{
	struct test_db a, b;
	struct story cut = golden_forks;
	struct pen p;
	struct err e;
	size_t i = 0;

	(void)state;
	while (cut.steps[i].kind != STEP_UNDO)
		i++;
	cut.n = i;
	story_write(&cut, &a, 50); /* right before the first fork */
	story_write(&cut, &b, 50);
	ASSERT_OK(pen_open(&p, &b, &golden_forks, NULL, &e), e);
	ASSERT_OK(pen_write(&p, golden_forks.steps + i, 32, &e), e);
	pen_close(&p);
	pg_do(a.c, "CREATE SCHEMA want");
	pg_do(b.c, "CREATE SCHEMA want");
	for (int t = 0; t < 5; t++) {
		static const char *const names[5][3] = {{"chain.log", "chain.orphan_log", "block"},
			{"chain.tx", "chain.orphan_tx", "block"},
			{"staking.checkpoint", "staking.orphan_checkpoint", "block"},
			{"partnership.event", "partnership.orphan_event", "block"},
			{"chain.block", "chain.orphan_block", "number"}};
		char sql[400];

		snprintf(sql, sizeof(sql),
			"CREATE OR REPLACE VIEW want.t%d AS SELECT 1 AS fork%s, x.* FROM %s x%s "
			"WHERE x.%s > 677",
			t, t == 4 ? "" : ", k.hash AS block_hash", names[t][0],
			t == 4 ? "" : " JOIN chain.block k ON k.number = x.block", names[t][2]);
		pg_do(a.c, sql);
		snprintf(sql, sizeof(sql), "CREATE VIEW want.t%d AS SELECT * FROM %s", t,
			names[t][1]);
		pg_do(b.c, sql);
		snprintf(sql, sizeof(sql), "want.t%d", t);
		assert_true(pg_number(b.c, "SELECT count(*) FROM chain.orphan_log") > 100);
		same_table(a.c, b.c, sql);
	}
	db_close(&a);
	db_close(&b);
}

/* A, then B instead, then A again, then B for good. */
static void test_block_comes_back(void **state)
{
	struct story s = golden_forks;
	struct test_db a, b;
	struct step *steps;
	size_t first = 0, n = 0, tail;
	struct err e;
	struct pen p;

	(void)state;
	while (s.steps[first].kind != STEP_UNDO)
		first++;
	/* ... 32 losers | 32 undo | 32 winners ... -> undo them, losers again, undo, winners again
	 */
	steps = calloc(s.n + 200, sizeof(*steps));
	tail = first + 64;
	memcpy(steps, s.steps, tail * sizeof(*steps));
	n = tail;
	for (size_t i = 0; i < 32; i++) { /* undo the winners */
		steps[n] = s.steps[tail - 1 - i];
		steps[n].kind = STEP_UNDO;
		steps[n++].block = NULL;
	}
	memcpy(steps + n, s.steps + first - 32, 32 * sizeof(*steps)); /* losers */
	n += 32;
	memcpy(steps + n, s.steps + first, 32 * sizeof(*steps)); /* undo */
	n += 32;
	memcpy(steps + n, s.steps + first + 32, 32 * sizeof(*steps)); /* winners */
	n += 32;
	memcpy(steps + n, s.steps + tail, (s.n - tail) * sizeof(*steps));
	n += s.n - tail;
	for (size_t i = 0, seq = 0; i < n; i++)
		if (steps[i].kind != STEP_HEIGHTS)
			steps[i].seq = ++seq;
	s.steps = steps;
	s.n = n;
	story_write(&s, &a, 33);
	story_write(&golden, &b, 33);
	same_tables(a.c, b.c, canonical_tables);
	assert_string_equal(
		pg_value(a.c,
			"SELECT string_agg(common_block || '-' || depth, ' ' ORDER BY fork) FROM"
			" chain.fork"),
		"677-32 677-32 677-32 938-4 1009-3 1079-8");
	assert_int_equal(
		pg_number(a.c, "SELECT count(*) FROM chain.orphan_block o WHERE EXISTS (SELECT FROM"
			       " chain.block b WHERE b.hash = o.hash)"),
		32); /* the winners of the first fork were orphaned once, and are canonical */
	ASSERT_OK(pen_open(&p, &a, &golden, NULL, &e), e);
	pen_close(&p);
	free(steps);
	db_close(&a);
	db_close(&b);
}

/* The same records again, in whole or in part, change nothing. */
static void test_repeats(void **state)
{
	struct test_db a, b;
	struct pen p;
	struct err e;

	(void)state;
	story_write(&golden_forks, &a, 100);
	db_open_network(&b, golden_forks.net);
	ASSERT_OK(pen_open(&p, &b, &golden_forks, NULL, &e), e);
	for (size_t at = 0; at < golden_forks.n;
		at += 60) { /* each window twice, and overlapping */
		size_t n = golden_forks.n - at < 100 ? golden_forks.n - at : 100;

		ASSERT_OK(pen_write(&p, golden_forks.steps + at, n, &e), e);
		ASSERT_OK(pen_write(&p, golden_forks.steps + at, n, &e), e);
	}
	pen_close(&p);
	same_tables(a.c, b.c, story_tables);
	db_close(&a);
	db_close(&b);
}

static void test_refused(void **state)
{
	struct story s = golden;
	struct step twisted[3];
	struct test_db db, same;
	struct pen p;
	struct err e;

	(void)state;
	s.n = 50;
	story_write(&s, &db, 50);
	story_write(&s, &same, 50);
	ASSERT_OK(pen_open(&p, &db, &s, NULL, &e), e);
	assert_int_equal(pen_write(&p, golden.steps + 51, 1, &e), ERR_FATAL); /* gap */
	assert_non_null(strstr(e.msg, "gap"));
	assert_non_null(strstr(e.msg, "re-ingest from block 159"));
	memcpy(twisted, golden.steps + 50, sizeof(twisted));
	twisted[1].parent.b[31] ^= 1; /* in the middle of a batch: nothing of it is stored */
	assert_int_equal(pen_write(&p, twisted, 3, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "re-ingest from block 160"));
	memcpy(twisted, golden.steps + 50, sizeof(twisted));
	twisted[0] = golden.steps[49];
	twisted[0].kind = STEP_UNDO;
	twisted[0].seq = 51;
	twisted[0].id.hash.b[0] ^= 1; /* an UNDO of another block */
	assert_int_equal(pen_write(&p, twisted, 1, &e), ERR_FATAL);
	twisted[0] = golden.steps[60]; /* right seq, wrong block */
	twisted[0].seq = 51;
	assert_int_equal(pen_write(&p, twisted, 1, &e), ERR_FATAL);
	same_tables(db.c, same.c, story_tables);
	ASSERT_OK(pen_write(&p, golden.steps + 50, 3, &e), e); /* and it goes on */
	pen_close(&p);
	db_close(&db);
	db_close(&same);
}

static void test_first_block(void **state)
{
	struct story s = golden;
	struct step odd = golden.steps[0], undo = golden.steps[0];
	struct test_db db;
	struct pen p;
	struct err e;

	(void)state;
	s.n = 1;
	db_open_network(&db, golden.net);
	ASSERT_OK(pen_open(&p, &db, &s, NULL, &e), e);
	assert_int_equal(p.start, golden.chain->first_block);
	odd.parent.b[0] ^= 1; /* the network file pins the hash before the first block */
	assert_int_equal(pen_write(&p, &odd, 1, &e), ERR_FATAL);
	ASSERT_OK(pen_write(&p, golden.steps, 1, &e), e);
	undo.kind = STEP_UNDO;
	undo.block = NULL;
	undo.seq = 2;
	ASSERT_OK(pen_write(&p, &undo, 1, &e), e); /* a fork at the very first block */
	assert_string_equal(pg_value(db.c, "SELECT indexed FROM chain.head"), "");
	assert_string_equal(
		pg_value(db.c, "SELECT common_block || ' ' || depth FROM chain.fork"), "108 1");
	pen_close(&p);
	db_close(&db);
}

static void test_final_is_final(void **state)
{
	struct story s = golden;
	struct test_db db, same;
	struct step h = {.kind = STEP_HEIGHTS, .head = 170, .has_final = true, .final = 157};
	struct step undo[3];
	struct pen p;
	struct err e;

	(void)state;
	s.n = 50; /* to block 158 */
	story_write(&s, &db, 50);
	story_write(&s, &same, 50);
	ASSERT_OK(pen_open(&p, &db, &s, NULL, &e), e);
	ASSERT_OK(pen_write(&p, &h, 1, &e), e);
	for (int i = 0; i < 2; i++) {
		undo[i] = golden.steps[49 - i];
		undo[i].kind = STEP_UNDO;
		undo[i].seq = 51 + (uint64_t)i;
	}
	assert_int_equal(pen_write(&p, undo, 2, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "157"));
	pen_close(&p);
	same_tables(db.c, same.c, canonical_tables);
	ASSERT_OK(pen_open(&p, &db, &s, NULL, &e), e); /* remembered */
	assert_int_equal(pen_write(&p, undo, 2, &e), ERR_FATAL);
	h.final = 120; /* never goes down */
	ASSERT_OK(pen_write(&p, &h, 1, &e), e);
	assert_int_equal(pen_write(&p, undo, 2, &e), ERR_FATAL);
	ASSERT_OK(pen_write(&p, undo, 1, &e), e); /* above it forks are fine */
	pen_close(&p);
	db_close(&db);
	db_close(&same);
}

static void test_past(void **state)
{
	struct arena *mem = arena_new(1 << 30);
	struct writer_conf conf = {0};
	struct writer_past past;
	struct test_db db;
	struct writer *w;
	struct err e;

	(void)state;
	story_write(&golden_forks, &db, 90);
	ASSERT_OK(writer_open(&w, db.dsn, golden_forks.chain, &conf, &e), e);
	ASSERT_OK(writer_past(w, 40, mem, &past, &e), e);
	assert_int_equal(past.tail.seq, golden_forks.steps[golden_forks.n - 1].seq);
	assert_int_equal(past.tail.id.number, 1184);
	assert_int_equal(past.start, 1185);
	assert_int_equal(past.recent_count, 40);
	assert_int_equal(past.recent[39].number, 1184);
	assert_int_equal(past.recent[0].number, 1145);
	for (size_t i = 0; i < 40; i++) {
		const struct header *h = &golden.steps[golden.n - 40 + i].block->h;

		assert_memory_equal(past.recent[i].hash.b, h->hash.b, 32);
		assert_memory_equal(past.recent[i].parent.b, h->parent.b, 32);
		assert_int_equal(past.recent[i].time, h->time);
		assert_int_equal(u256_cmp(past.recent[i].difficulty, h->difficulty), 0);
		assert_int_equal(past.recent[i].extra.n, h->extra.n);
	}
	assert_int_equal(past.found_count, 13);
	for (size_t i = 0; i < 13; i++) {
		assert_memory_equal(past.found[i].address.b, golden.found[i].address.b, 20);
		assert_ptr_equal(past.found[i].rule, golden_forks.chain->rules[0].name);
	}
	assert_true(past.has_final);
	assert_int_equal(past.final, 1039);
	writer_close(w);
	arena_free(mem);
	db_close(&db);
}

static void test_second_writer_waits(void **state)
{
	struct pen first, second;
	struct test_db db;
	struct err e;

	(void)state;
	db_open_network(&db, golden.net);
	ASSERT_OK(pen_open(&first, &db, &golden, NULL, &e), e);
	assert_int_equal(pen_open(&second, &db, &golden, NULL, &e), ERR_AGAIN);
	assert_int_equal(e.code, WRITER_BUSY);
	ASSERT_OK(pen_write(&first, golden.steps, 10, &e), e);
	pen_close(&first);
	ASSERT_OK(pen_open(&second, &db, &golden, NULL, &e), e);
	assert_int_equal(second.start, 119);
	pen_close(&second);
	db_close(&db);
}

/* Numbers that no column holds are parked with their log; the block is never missing. */
static void test_parked(void **state)
{
	struct story s = golden;
	struct bad_record bad[2] = {
		{.raw = {(const uint8_t *)"junk\0\xff", 6}, .reason = "not a record"},
		{.raw = {NULL, 0}, .reason = "empty"}};
	struct write_batch b = {.bad = bad, .bad_n = 2, .next_offset = 99};
	struct block block = *golden.steps[20].block;
	struct step step = golden.steps[20];
	struct write_step ws = {.step = &step, .park = "rows do not fit"};
	struct test_db db;
	struct pen p;
	struct err e;

	(void)state;
	block.proof = (struct bytes){(const uint8_t *)"\xc0", 1};
	step.block = &block;
	s.n = 20;
	story_write(&s, &db, 50);
	ASSERT_OK(pen_open(&p, &db, &s, NULL, &e), e);
	ASSERT_OK(writer_apply(p.w, &b, &e), e);
	ASSERT_OK(writer_apply(p.w, &b, &e), e); /* twice: once */
	assert_string_equal(
		pg_value(db.c, "SELECT string_agg(reason || ' ' || encode(raw, 'hex'), ',' ORDER BY"
			       " reason) FROM chain.parked WHERE block IS NULL"),
		"empty ,not a record 6a756e6b00ff");
	assert_int_equal(pg_number(db.c, "SELECT next_offset FROM chain.position"), 99);
	b = (struct write_batch){.steps = &ws, .n = 1};
	ASSERT_OK(writer_apply(p.w, &b, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT indexed FROM chain.head"), 129);
	assert_true(golden.steps[20].block->log_count > 0);
	assert_int_equal(
		pg_number(db.c,
			"SELECT count(*) FROM chain.parked WHERE block = 129 AND log_index IS NOT"
			" NULL AND reason = 'rows do not fit'"),
		golden.steps[20].block->log_count);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.log WHERE block = 129"), 0);
	/* a fork takes parked rows of its blocks along */
	ws = (struct write_step){.step = &(struct step){.kind = STEP_UNDO,
					 .seq = 22,
					 .id = golden.steps[20].id,
					 .parent = golden.steps[20].parent}};
	b = (struct write_batch){.steps = &ws, .n = 1};
	ASSERT_OK(writer_apply(p.w, &b, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.parked"), 2);
	assert_int_equal(
		pg_number(db.c,
			"SELECT count(*) FROM chain.orphan_parked WHERE log_index IS NOT NULL"),
		golden.steps[20].block->log_count);
	/* nothing of them is in the way of the same transactions in the block's place */
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM chain.evidence_tx WHERE block = 129"), 0);
	step.seq = 23;
	ws = (struct write_step){.step = &step, .park = "rows do not fit"};
	ASSERT_OK(writer_apply(p.w, &b, &e), e);
	assert_int_equal(pg_number(db.c, "SELECT indexed FROM chain.head"), 129);
	pen_close(&p);
	db_close(&db);
}

/* A stream made anew begins with blocks that contradict stored ones: one fork, then as if never. */
static void test_other_stream(void **state)
{
	static const uint8_t id[16] = {1, 2, 3};
	struct story loser = golden_forks;
	struct step *steps = calloc(golden.n, sizeof(*steps));
	struct block_id first;
	struct test_db a, b;
	struct hash32 none = {{0}};
	struct pen p;
	struct err e;
	size_t n = 0;
	bool fits;

	(void)state;
	for (loser.n = 0; loser.steps[loser.n].kind != STEP_UNDO;)
		loser.n++; /* 678..709 of the loser are stored */
	story_write(&loser, &a, 100);
	for (size_t i = 678 - 109; i < golden.n; i++) {
		steps[n] = golden.steps[i];
		steps[n].seq = n + 1;
		n++;
	}
	ASSERT_OK(pen_open(&p, &a, &golden, NULL, &e), e);
	first = steps[0].id;
	ASSERT_OK(writer_fits(p.w, &first, &none, &fits, &e), e);
	assert_false(fits);
	ASSERT_OK(writer_fits(p.w, &first, &steps[0].parent, &fits, &e), e);
	assert_true(fits);
	ASSERT_OK(writer_adopt(p.w, id, 0, &e), e);
	pen_close(&p);
	ASSERT_OK(pen_open(&p, &a, &golden, NULL, &e), e);
	assert_int_equal(p.seq, 0);
	ASSERT_OK(pen_write(&p, steps, 10, &e), e);
	ASSERT_OK(pen_write(&p, steps + 10, n - 10, &e), e);
	pen_close(&p);
	story_write(&golden, &b, 100);
	same_tables(a.c, b.c, canonical_tables);
	assert_string_equal(
		pg_value(a.c, "SELECT fork || ':' || common_block || '-' || depth FROM chain.fork"),
		"1:677-32");
	free(steps);
	db_close(&a);
	db_close(&b);
}

static void test_bulk(void **state)
{
	static const char indexes[] =
		"SELECT count(*) FROM pg_index WHERE indrelid = 'chain.log_31337'::regclass"
		" AND NOT indisprimary";
	struct writer_conf bulk = {.bulk = true};
	struct test_db a, b;
	struct pen p;
	struct err e;

	(void)state;
	story_write(&golden, &a, 100);
	assert_int_equal(pg_number(a.c, indexes), 3);
	db_open_network(&b, golden.net);
	ASSERT_OK(pen_open(&p, &b, &golden, &bulk, &e), e);
	assert_int_equal(pg_number(b.c, indexes), 0);
	ASSERT_OK(pen_write_all(&p, &golden, 100, &e), e);
	same_tables(a.c, b.c, story_tables); /* readers see everything meanwhile */
	ASSERT_OK(writer_finish_bulk(p.w, &e), e);
	assert_int_equal(pg_number(b.c, indexes), 3);
	ASSERT_OK(writer_finish_bulk(p.w, &e), e);
	pen_close(&p);
	/* at the head another first load can not begin: who takes over keeps them */
	pg_do(b.c, "UPDATE chain.head SET node_head = indexed + 5");
	ASSERT_OK(pen_open(&p, &b, &golden, &bulk, &e), e);
	assert_int_equal(pg_number(b.c, indexes), 3);
	pen_close(&p);
	/* killed before the end: the next writer makes up for it */
	pg_do(b.c, "SELECT chain.drop_log_indexes(31337)");
	ASSERT_OK(pen_open(&p, &b, &golden, NULL, &e), e);
	assert_int_equal(pg_number(b.c, indexes), 3);
	pen_close(&p);
	db_close(&a);
	db_close(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_bttc),
		cmocka_unit_test(test_batches_do_not_matter),
		cmocka_unit_test(test_golden_forks),
		cmocka_unit_test(test_bttc_forks),
		cmocka_unit_test(test_orphans_are_whole),
		cmocka_unit_test(test_block_comes_back),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_first_block),
		cmocka_unit_test(test_final_is_final),
		cmocka_unit_test(test_past),
		cmocka_unit_test(test_second_writer_waits),
		cmocka_unit_test(test_parked),
		cmocka_unit_test(test_other_stream),
		cmocka_unit_test(test_bulk),
	};

	pg_server();
	return cmocka_run_group_tests(tests, make_stories, free_stories);
}
