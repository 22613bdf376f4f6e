/* What TRON and BTTC nodes do differently, the latter with blocks recorded from the real node. */
#include "rig.h"

#include "lib/recording.h"
#include "source/dialect.h"

/* ---- a node that serves recorded BTTC blocks --------------------------------------------------
 */

#define FIRST 60
#define LAST  330

struct served {
	struct rec_block b;
	char *full, *hashes;
	char **receipts; /* as eth_getTransactionReceiptsByBlock has them: no type */
	char **logs;
	size_t *log_receipt; /* which receipt a log is of */
	size_t log_count;
};

static struct served chain[LAST + 1];
static struct arena *mem;

static char *dumped(struct jval v, const char *drop)
{
	const size_t n = drop ? strlen(drop) : 0;
	struct buf b;
	char *at;

	buf_init(&b, 1 << 26);
	json_dump(&b, v);
	at = drop ? strstr(b.p, drop) : NULL;
	if (at) {
		char *end = strchr(at + n, '"');

		assert_non_null(end);
		end++;
		if (*end == ',')
			end++;
		else if (at[-1] == ',')
			at--;
		memmove(at, end, strlen(end) + 1);
	}
	return b.p;
}

static char *hashes_only(struct jval block)
{
	struct jval txs = rec_get(block, "transactions"), tx;
	char *full = dumped(block, NULL), *start, *end;
	struct buf list, out;
	struct jiter it;
	struct buf text;

	buf_init(&text, 1 << 26);
	buf_init(&list, 1 << 26);
	buf_init(&out, 1 << 26);
	json_dump(&text, txs);
	start = strstr(full, "\"transactions\":") + 15;
	end = start + text.n;
	buf_chr(&list, '[');
	for (json_iter(txs, &it); json_next(&it, &tx);) {
		if (list.n > 1)
			buf_chr(&list, ',');
		json_dump(&list, rec_get(tx, "hash"));
	}
	buf_chr(&list, ']');
	buf_add(&out, full, (size_t)(start - full));
	buf_add(&out, list.p, list.n);
	buf_str(&out, end);
	buf_free(&text);
	buf_free(&list);
	free(full);
	return out.p;
}

static void load_receipts(struct served *s, struct jval receipts)
{
	struct jval r, l;
	struct jiter it, li;
	size_t i = 0;

	s->receipts = arena_calloc(mem, s->b.receipt_count + 1, sizeof(char *));
	for (json_iter(receipts, &it); json_next(&it, &r);)
		s->log_count += json_count(rec_get(r, "logs"));
	s->logs = arena_calloc(mem, s->log_count + 1, sizeof(char *));
	s->log_receipt = arena_calloc(mem, s->log_count + 1, sizeof(size_t));
	s->log_count = 0;
	for (json_iter(receipts, &it); json_next(&it, &r); i++) {
		s->receipts[i] = dumped(r, "\"type\":\"");
		for (json_iter(rec_get(r, "logs"), &li); json_next(&li, &l);) {
			s->log_receipt[s->log_count] = i;
			s->logs[s->log_count++] = dumped(l, NULL);
		}
	}
}

static int load_chain(void **state)
{
	struct rec_lines *blocks = rec_lines_open("recordings/world/bttc/blocks.ndjson.gz");
	struct rec_lines *receipts = rec_lines_open("recordings/world/bttc/receipts.ndjson.gz");
	struct jval b, r;

	(void)state;
	mem = arena_new(1 << 28);
	for (unsigned n = 0; n <= LAST; n++) {
		struct served *s = &chain[n];

		assert_true(rec_lines_next(blocks, &b) && rec_lines_next(receipts, &r));
		if (n < FIRST)
			continue;
		rec_block(b, rec_get(r, "receipts"), mem, &s->b);
		s->full = dumped(b, NULL);
		s->hashes = hashes_only(b);
		load_receipts(s, rec_get(r, "receipts"));
	}
	rec_lines_close(blocks);
	rec_lines_close(receipts);
	return 0;
}

static int free_chain(void **state)
{
	(void)state;
	for (unsigned n = FIRST; n <= LAST; n++) {
		for (size_t i = 0; i < chain[n].b.receipt_count; i++)
			free(chain[n].receipts[i]);
		for (size_t i = 0; i < chain[n].log_count; i++)
			free(chain[n].logs[i]);
		free(chain[n].full);
		free(chain[n].hashes);
	}
	arena_free(mem);
	return 0;
}

/* How the node at hand is built. */
static struct {
	bool bor_logs_flag;  /* eth_getLogs has state-sync logs too */
	bool no_bor_logs;    /* no eth_getBorBlockLogs */
	bool other_receipts; /* eth_getBlockReceipts without the state-sync one, not by block */
} built;

static struct jval first_param(const struct fake_call *c)
{
	struct jval v = c->params;
	struct jiter it;

	json_iter(c->params, &it);
	(void)json_next(&it, &v);
	return v;
}

static unsigned find_block(const struct fake_node *n, struct jval v)
{
	struct hash32 h;
	uint64_t number;

	if (json_hex_u64(v, &number))
		return number >= FIRST && number <= atomic_load(&n->head) ? (unsigned)number : 0;
	if (!json_hex_fixed(v, h.b, 32))
		return (unsigned)atomic_load(&n->head); /* latest */
	for (unsigned i = FIRST; i <= LAST; i++)
		if (hash_eq(&chain[i].b.h.hash, &h))
			return i;
	return 0;
}

static bool is_state_sync(const struct served *s, size_t receipt)
{
	return s->b.txs[receipt].state_sync;
}

static void serve_logs(const struct fake_node *n, struct fake_call *c, bool plain, bool state_sync)
{
	uint64_t from = c->from, to = c->to;
	struct jval v;
	bool first = true;

	if (json_get(first_param(c), "blockHash", &v))
		from = to = find_block(n, v);
	buf_chr(c->result, '[');
	for (uint64_t b = from; b && b <= to && b <= atomic_load(&n->head); b++)
		for (size_t i = 0; i < chain[b].log_count; i++) {
			const bool mine = is_state_sync(&chain[b], chain[b].log_receipt[i]);

			if (mine ? !state_sync : !plain)
				continue;
			if (!first)
				buf_chr(c->result, ',');
			first = false;
			buf_str(c->result, chain[b].logs[i]);
		}
	buf_chr(c->result, ']');
}

static void serve_receipts(struct fake_call *c, unsigned block, bool with_state_sync)
{
	const struct served *s = &chain[block];
	bool first = true;

	if (!block) {
		buf_str(c->result, "null");
		return;
	}
	buf_chr(c->result, '[');
	for (size_t i = 0; i < s->b.receipt_count; i++) {
		if (is_state_sync(s, i) && !with_state_sync)
			continue;
		if (!first)
			buf_chr(c->result, ',');
		first = false;
		buf_str(c->result, s->receipts[i]);
	}
	buf_chr(c->result, ']');
}

static void serve_receipt(struct fake_call *c)
{
	struct hash32 h;

	assert_true(json_hex_fixed(first_param(c), h.b, 32));
	for (unsigned b = FIRST; b <= LAST; b++)
		for (size_t i = 0; i < chain[b].b.tx_count; i++)
			if (hash_eq(&chain[b].b.txs[i].hash, &h)) {
				buf_str(c->result, chain[b].receipts[i]);
				return;
			}
	buf_str(c->result, "null");
}

static bool bttc_call(struct fake_node *n, struct fake_call *c)
{
	if (!strncmp(c->method, "eth_getBlockBy", 14)) {
		const unsigned b = find_block(n, first_param(c));
		struct jiter it;
		struct jval v;
		bool full = false;

		for (json_iter(c->params, &it); json_next(&it, &v);)
			(void)json_bool(v, &full);
		buf_str(c->result, !b ? "null" : full ? chain[b].full : chain[b].hashes);
		return true;
	}
	if (!strcmp(c->method, "eth_getLogs")) {
		serve_logs(n, c, true, built.bor_logs_flag);
		return true;
	}
	if (!strcmp(c->method, "eth_getBorBlockLogs") && !built.no_bor_logs) {
		serve_logs(n, c, false, true);
		return true;
	}
	if (!strcmp(c->method, "eth_getTransactionReceiptsByBlock") && !built.other_receipts) {
		serve_receipts(c, find_block(n, first_param(c)), true);
		return true;
	}
	if (!strcmp(c->method, "eth_getBlockReceipts") && built.other_receipts) {
		serve_receipts(c, find_block(n, first_param(c)), false);
		return true;
	}
	if (!strcmp(c->method, "eth_getTransactionReceipt")) {
		serve_receipt(c);
		return true;
	}
	if (strcmp(c->method, "eth_chainId") && strcmp(c->method, "eth_blockNumber")) {
		c->error = -32601;
		c->message = "the method does not exist/is not available";
		return true;
	}
	return false;
}

static void open_bttc(struct rig *r)
{
	rig_init(r, 1);
	r->chain.kind = CHAIN_BTTC;
	r->chain.finality = FINALITY_DEPTH;
	r->node[0]->call = bttc_call;
	atomic_store(&r->node[0]->head, LAST);
	rig_open(r);
}

/* ---- BTTC ------------------------------------------------------------------------------------ */

static void state_sync_is_marked_in_blocks(void **state)
{
	unsigned marked = 0;
	struct rig r;

	(void)state;
	memset(&built, 0, sizeof(built));
	open_bttc(&r);
	for (int full = 0; full < 2; full++) {
		struct job *j = source_blocks(r.s, (struct block_range){FIRST, LAST}, full);

		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->header_count, LAST - FIRST + 1);
		for (size_t i = 0; i < j->header_count; i++) {
			const struct rec_block *b = &chain[FIRST + i].b;
			const bool want = b->tx_count && b->txs[b->tx_count - 1].state_sync;

			assert_int_equal(j->tx_counts[i], b->tx_count);
			assert_int_equal(j->state_sync[i], want);
			if (full && want)
				assert_true(j->txs[i][b->tx_count - 1].state_sync);
			marked += want;
		}
		job_free(j);
	}
	assert_true(marked >= 6);
	rig_close(&r);
}

/* All logs of the blocks as recorded, state-sync ones marked, nothing else. */
static void check_logs(const struct job *j, uint64_t from, uint64_t to)
{
	size_t at = 0, marked = 0;

	for (uint64_t n = from; n <= to; n++) {
		const struct rec_block *b = &chain[n].b;

		for (size_t i = 0; i < b->receipt_count; i++)
			for (size_t k = 0; k < b->receipts[i].log_count; k++, at++) {
				const struct log *want = &b->receipts[i].logs[k];

				assert_true(at < j->log_count);
				assert_int_equal(j->logs[at].block.number, n);
				assert_int_equal(j->logs[at].log.log_index, want->log_index);
				assert_memory_equal(j->logs[at].log.tx_hash.b, want->tx_hash.b, 32);
				assert_int_equal(j->logs[at].log.state_sync, b->txs[i].state_sync);
				marked += b->txs[i].state_sync;
			}
	}
	assert_int_equal(at, j->log_count);
	assert_true(marked > 0);
}

static void state_sync_logs_however_the_node_gives_them(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct rig r;
		struct job *j;

		memset(&built, 0, sizeof(built));
		built.bor_logs_flag = way == 1;
		built.no_bor_logs = way == 2;
		open_bttc(&r);
		for (int again = 0; again < 2; again++) {
			j = source_logs(r.s, (struct block_range){100, 320}, &rig_all, 1);
			assert_int_equal(rig_wait(&r, j), ERR_NONE);
			check_logs(j, 100, 320);
			job_free(j);
		}
		if (way == 2) /* found out once; then the receipts of 128, 192, 256, 320, twice */
			assert_int_equal(
				fake_node_count(r.node[0], "eth_getTransactionReceiptsByBlock"), 8);
		j = source_block_logs(
			r.s, &(struct block_id){128, chain[128].b.h.hash}, &rig_all, 1);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		check_logs(j, 128, 128);
		job_free(j);
		rig_close(&r);
	}
}

static void no_sprint_start_no_question(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	memset(&built, 0, sizeof(built));
	open_bttc(&r);
	j = source_logs(r.s, (struct block_range){129, 191}, &rig_all, 1);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	job_free(j);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBorBlockLogs"), 0);
	rig_close(&r);
}

static void receipts_of_a_sprint_start(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct block_id id = {192, chain[192].b.h.hash};
		const struct rec_block *b = &chain[192].b;
		struct rig r;
		struct job *j;

		memset(&built, 0, sizeof(built));
		built.other_receipts = way == 1;
		open_bttc(&r);
		j = source_receipts(r.s, &id, way ? b->txs : NULL, way ? b->tx_count : 0);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->receipt_count, b->tx_count);
		assert_true(b->tx_count > 1 && b->txs[b->tx_count - 1].state_sync);
		for (size_t i = 0; i < b->tx_count; i++) {
			assert_int_equal(j->receipts[i].tx_index, i);
			assert_int_equal(j->receipts[i].type, b->txs[i].type);
			assert_int_equal(j->receipts[i].state_sync, b->txs[i].state_sync);
			assert_int_equal(j->receipts[i].log_count, b->receipts[i].log_count);
		}
		assert_true(j->receipts[b->tx_count - 1].logs[0].state_sync);
		job_free(j);
		assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceipt"), way);
		rig_close(&r);
	}
}

static void the_head_may_go_down(void **state)
{
	struct rig r;
	struct job *j;
	struct err e;

	(void)state;
	memset(&built, 0, sizeof(built));
	open_bttc(&r);
	j = source_head(r.s, true);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->head, LAST);
	assert_false(j->has_safe || j->has_final);
	job_free(j);
	atomic_store(&r.node[0]->head, LAST - 9);
	/* blocks above it: a short answer, soon */
	j = source_blocks(r.s, (struct block_range){LAST - 10, LAST}, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->header_count, 2);
	assert_true(j->short_by_head);
	job_free(j);
	/* logs above it: no answer until they are there, although the node clips without a word */
	j = source_logs(r.s, (struct block_range){300, LAST}, &rig_all, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(source_poll(r.s, 50, &e), ERR_NONE);
	assert_int_equal(j->state, JOB_RUNNING);
	atomic_store(&r.node[0]->head, LAST);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	check_logs(j, 300, LAST);
	job_free(j);
	j = source_head(r.s, false);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->head, LAST);
	assert_int_equal(fake_node_count(r.node[0], "eth_getBlockByNumber") > 0, 1);
	job_free(j);
	rig_close(&r);
}

/* ---- TRON ------------------------------------------------------------------------------------ */

static void open_tron(struct rig *r, bool (*call)(struct fake_node *n, struct fake_call *c))
{
	rig_init(r, 1);
	r->chain.kind = CHAIN_TRON;
	r->conf.batch_max = 1000;
	r->conf.logs_range_max = 100000;
	r->node[0]->call = call;
	atomic_store(&r->node[0]->head, 30000);
	rig_open(r);
}

static void tron_limits_are_kept(void **state)
{
	struct address nobody = {.b = {[0] = 0xee}};
	struct log_filter f = {.addresses = &nobody, .address_count = 1};
	struct rig r;
	struct job *j;

	(void)state;
	open_tron(&r, NULL);
	r.node[0]->logs = 0;
	for (int i = 0; i < 5; i++) {
		j = source_logs(r.s, (struct block_range){1, 29000}, &f, 1);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		assert_int_equal(j->log_count, 0);
		job_free(j);
	}
	assert_int_equal(atomic_load(&r.node[0]->widest), 5001);
	assert_int_equal(source_logs_span(r.s), 5001);
	for (int i = 0; i < 3; i++) {
		j = source_blocks(r.s, (struct block_range){1, 2000}, false);
		assert_int_equal(rig_wait(&r, j), ERR_NONE);
		job_free(j);
	}
	assert_in_range(atomic_load(&r.node[0]->largest_batch), 50, 100);
	rig_close(&r);
}

static bool tron_call(struct fake_node *n, struct fake_call *c)
{
	const char *s;
	size_t len;

	(void)n;
	if (strcmp(c->method, "eth_getBlockByNumber") || !json_str(first_param(c), &s, &len) ||
		len != 4)
		return false;
	fail_msg("the tag safe was asked for");
	return true;
}

static void tron_knows_finalized_only(void **state)
{
	struct rig r;
	struct job *j;

	(void)state;
	open_tron(&r, tron_call);
	j = source_head(r.s, true);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_false(j->has_safe);
	assert_true(j->has_final);
	assert_int_equal(j->final, 30000 - 64);
	job_free(j);
	rig_close(&r);
}

static bool old_tron(struct fake_node *n, struct fake_call *c)
{
	(void)n;
	if (strcmp(c->method, "eth_getBlockReceipts"))
		return false;
	c->error = -32601;
	c->message = "method not found";
	return true;
}

static void old_tron_nodes_give_receipts_one_by_one(void **state)
{
	struct block_id b = {.number = 500};
	struct rig r;
	struct job *j;

	(void)state;
	open_tron(&r, old_tron);
	fake_block_hash(r.node[0], &b.hash, 500);
	j = source_receipts(r.s, &b, NULL, 0);
	assert_int_equal(rig_wait(&r, j), ERR_NONE);
	assert_int_equal(j->receipt_count, 3);
	job_free(j);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceipt"), 3);
	assert_int_equal(fake_node_count(r.node[0], "eth_getTransactionReceiptsByBlock"), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_sync_is_marked_in_blocks),
		cmocka_unit_test(state_sync_logs_however_the_node_gives_them),
		cmocka_unit_test(no_sprint_start_no_question),
		cmocka_unit_test(receipts_of_a_sprint_start),
		cmocka_unit_test(the_head_may_go_down),
		cmocka_unit_test(tron_limits_are_kept),
		cmocka_unit_test(tron_knows_finalized_only),
		cmocka_unit_test(old_tron_nodes_give_receipts_one_by_one),
	};

	return cmocka_run_group_tests(tests, load_chain, free_chain);
}
