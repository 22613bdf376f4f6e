/*
 * Whole runs of ingest over the recordings: what is published is what the receipts hold, however
 * the blocks were fetched.
 */
#include "ingest/ingest.h"

#include "chain/receipt.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "unit/ingest/harness.h"

static struct network *golden_net, *world_net;
static struct source *golden, *root, *bttc;

static int setup(void **state)
{
	(void)state;
	golden_net = load_network("golden");
	world_net = load_network("world");
	golden = fake_open("golden", false);
	root = fake_open("world/root", false);
	bttc = fake_open("world/bttc", false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close(golden);
	fake_close(root);
	fake_close(bttc);
	network_free(golden_net);
	network_free(world_net);
	return 0;
}

/* ---- an independent account of what has to be there --------------------------------------------
 */

static bool listed(const struct chain_conf *c, const struct address *a, bool watched)
{
	for (size_t i = 0; watched && i < c->watch_count; i++)
		if (c->watches[i].contract->fixed &&
			address_eq(&c->watches[i].contract->address, a))
			return true;
	for (size_t i = 0; !watched && i < c->contract_count; i++)
		if (c->contracts[i].fixed && c->contracts[i].accounted &&
			address_eq(&c->contracts[i].address, a))
			return true;
	return false;
}

struct share {
	struct address a;
	uint64_t validator;
};

/* Proxies and their validators as the recording's meta.json has them. */
static size_t read_shares(const char *dir, struct share *out, size_t max)
{
	struct jval meta, x;
	struct json_parser *p;
	struct jiter it;
	const char *key;
	size_t key_len, n = 0;
	char path[200];

	snprintf(path, sizeof(path), "recordings/%s/meta.json", dir);
	p = rec_file(path, &meta);
	for (json_iter(rec_get(meta, "validatorShares"), &it);
		json_next_member(&it, &key, &key_len, &x);) {
		assert_true(n < max);
		out[n].validator = strtoull(key, NULL, 10);
		rec_fixed(x, out[n++].a.b, 20);
	}
	rec_file_free(p);
	return n;
}

static const struct hash32 transfer = {{0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2,
	0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28,
	0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef}};

static bool expect_log(
	const struct chain_conf *c, const struct share *shares, size_t n, const struct log *l)
{
	const struct contract *token = network_contract(c, "Token");

	for (size_t i = 0; i < n; i++)
		if (address_eq(&shares[i].a, &l->address))
			return true;
	if (token && address_eq(&token->address, &l->address))
		return hash_eq(&l->topics[0], &transfer);
	return listed(c, &l->address, true);
}

static bool is_named(const struct chain_conf *c, const struct log *l, const char *name)
{
	for (size_t i = 0; i < c->contract_count; i++) {
		const struct contract *k = &c->contracts[i];

		for (size_t n = 0; n < k->event_count && l->topic_count; n++)
			if (hash_eq(&k->events[n]->topic0, &l->topics[0]))
				return !strcmp(k->events[n]->name, name);
	}
	return false;
}

/* What is kept of a block with receipts can be proven from the block's proof, and it holds nothing else. */
static void check_proof(const struct block *b)
{
	struct arena *mem = arena_new(1u << 26);
	struct bytes in = b->proof, heap[400], *nodes, value;
	size_t n = 0, count;
	struct rlp_item it;
	struct hash32 hash;
	struct receipt r;
	struct err e;

	for (; in.n; heap[n++] = it.payload)
		assert_true(n < 400 && rlp_next(&in, &it) && !it.list);
	assert_int_equal(!n, b->level != LEVEL_RECEIPTS || !(b->log_count + b->tx_count));
	for (size_t i = 0; n && i < b->log_count; i++) {
		const struct log *l = &b->logs[i];
		size_t same = 0;

		if (trie_pick(&b->h.receipts_root, l->tx_index, heap, n, mem, &nodes, &count, &e) ||
			trie_verify(&b->h.receipts_root, l->tx_index, nodes, count, &value, &e) ||
			receipt_decode(&r, value, mem, &e))
			fail_msg("block %" PRIu64 ": %s", b->h.number, e.msg);
		for (size_t k = 0; k < r.log_count; k++)
			same += address_eq(&r.logs[k].address, &l->address) &&
				r.logs[k].data.n == l->data.n &&
				!memcmp(r.logs[k].data.p, l->data.p, l->data.n);
		assert_true(same);
	}
	for (size_t i = 0; n && i < b->tx_count; i++) {
		if (trie_pick(&b->h.tx_root, b->txs[i].index, heap, n, mem, &nodes, &count, &e) ||
			trie_verify(&b->h.tx_root, b->txs[i].index, nodes, count, &value, &e))
			fail_msg("block %" PRIu64 ": %s", b->h.number, e.msg);
		keccak256(&hash, value.p, value.n);
		assert_memory_equal(hash.b, b->txs[i].hash.b, 32);
	}
	arena_free(mem);
}

static void check_staking_block(const struct chain_conf *c, const struct share *shares, size_t n,
	const struct rec_block *want, const struct block *got)
{
	size_t logs = 0, txs = 0;

	assert_memory_equal(want->h.hash.b, got->h.hash.b, 32);
	for (size_t i = 0; i < want->receipt_count; i++) {
		const struct receipt *r = &want->receipts[i];
		const struct contract *p = network_contract(c, "ValidatorPartnership");
		bool keep = !want->txs[i].creates && listed(c, &want->txs[i].to, false),
		     pship = false;

		for (; p && p < c->contracts + c->contract_count; p++)
			pship = pship || (p->mapping && p->fixed &&
						 address_eq(&p->address, &want->txs[i].to));
		keep = keep && (r->status || pship);
		for (size_t k = 0; k < r->log_count; k++) {
			keep = keep || is_named(c, &r->logs[k], "NewHeaderBlock") ||
			       is_named(c, &r->logs[k], "CheckpointSyncAck");
			if (!expect_log(c, shares, n, &r->logs[k]))
				continue;
			assert_true(logs < got->log_count);
			assert_int_equal(got->logs[logs].log_index, r->logs[k].log_index);
			assert_memory_equal(&got->logs[logs].address, &r->logs[k].address,
				sizeof(struct address));
			assert_int_equal(got->logs[logs].data.n, r->logs[k].data.n);
			assert_memory_equal(
				got->logs[logs].data.p, r->logs[k].data.p, r->logs[k].data.n);
			logs++;
		}
		if (!keep)
			continue;
		assert_true(txs < got->tx_count);
		assert_memory_equal(&got->txs[txs].hash, &want->txs[i].hash, 32);
		assert_int_equal(got->txs[txs].status, r->status);
		txs++;
	}
	assert_int_equal(got->log_count, logs);
	assert_int_equal(got->tx_count, txs);
	assert_true(got->tx_total_known);
	assert_int_equal(got->tx_total, want->tx_count);
	assert_int_equal(got->level, c->kind == CHAIN_TRON ? LEVEL_LINKED
				     : logs || txs         ? LEVEL_RECEIPTS
							   : got->level);
	assert_true(got->level >= (c->kind == CHAIN_TRON ? LEVEL_LINKED : LEVEL_BLOOM));
	check_proof(got);
}

/* Discoveries: one for each proxy, in the block of its first log, naming its validator. */
static void check_found(const struct sink *k, const struct share *shares, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < k->count; i++)
		for (size_t f = 0; f < k->chain[i].b.found_count; f++) {
			const struct discovery *d = &k->chain[i].b.found[f];
			size_t s = 0;

			while (s < n && !address_eq(&shares[s].a, &d->address))
				s++;
			assert_true(s < n);
			assert_true(d->has_validator);
			assert_int_equal(d->validator_id, shares[s].validator);
			assert_string_equal(d->contract, "ValidatorShare");
			assert_int_equal(d->block, k->chain[i].b.h.number);
			found++;
		}
	assert_int_equal(found, n);
}

static void check_staking(
	const struct source *s, const struct chain_conf *c, const char *dir, const struct sink *k)
{
	struct share shares[64];
	size_t n = read_shares(dir, shares, 64);

	assert_int_equal(k->count, s->canon_count);
	for (size_t i = 0; i < k->count; i++)
		check_staking_block(c, shares, n, &s->canon[i], &k->chain[i].b);
	check_found(k, shares, n);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static const struct ingest_conf plain = {
	.range_blocks = 64, .window_ranges = 4, .until_head = true};

static void golden_complete(void **state)
{
	const struct chain_conf *c = network_chain(golden_net, "root");
	uint64_t before;
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 1);
	before = golden->now_us;
	run(golden, c, &plain, &k);
	assert_true(golden->now_us - before <
		    1000 * (golden->requests + 100)); /* it never waits idly */
	check_staking(golden, c, "golden", &k);
	assert_int_equal(k.undos, 0);
	assert_int_equal(k.last_heights.head, 1184);
	assert_int_equal(k.last_heights.final, 1184 - 64);
	assert_int_equal(k.last_heights.safe, 1184 - 10);
	sink_free(&k);
}

/* The counts of golden/README.md, token approvals aside. */
static void golden_counts(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} want[] = {{"Transfer", 2669}, {"OwnerUpdate", 13}, {"OwnershipTransferred", 13},
		{"NewHeaderBlock", 440}, {"CheckpointSyncAck", 209}, {"ResetHeaderBlock", 2},
		{"Staked", 14}, {"UnstakeInit", 4}, {"Unstaked", 3}, {"SignerChange", 16},
		{"Restaked", 116}, {"StakeUpdate", 1010}, {"ClaimRewards", 228}, {"TopUpFee", 62},
		{"ClaimFee", 1}, {"StartAuction", 2}, {"ConfirmAuction", 1}, {"ShareMinted", 647},
		{"ShareBurned", 133}, {"ShareBurnedWithId", 114}, {"DelegatorClaimedRewards", 651},
		{"DelegatorRestaked", 161}, {"DelegatorUnstaked", 110},
		{"DelegatorUnstakeWithId", 61}, {"UpdateCommissionRate", 40},
		{"ThresholdChange", 2}, {"DynastyValueChange", 1}, {"ProposerBonusChange", 4},
		{"ChainRewardUpdate", 4}, {"RewardParams", 4}, {"PartnershipCreated", 3},
		{"PartnerAdded", 20}, {"PartnerRemoved", 3}, {"PartnerShareChanged", 19},
		{"DustPartnerChanged", 6}, {"RewardsReceived", 106}, {"RewardAllocated", 517},
		{"RewardClaimed", 83}, {"RewardsRestaked", 14}, {"StakeDeposited", 122},
		{"StakeReturned", 5}, {"RoleGranted", 30}, {"RoleRevoked", 7}, {"Paused", 2},
		{"Unpaused", 2}};
	const struct chain_conf *c = network_chain(golden_net, "root");
	size_t all = 0, sum = 0;
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(golden, 2);
	run(golden, c, &plain, &k);
	for (size_t w = 0; w < sizeof(want) / sizeof(*want); w++) {
		size_t n = 0;

		for (size_t i = 0; i < k.count; i++)
			for (size_t l = 0; l < k.chain[i].b.log_count; l++)
				n += is_named(c, &k.chain[i].b.logs[l], want[w].name);
		if (n != want[w].n)
			fail_msg("%s: %zu, not %zu", want[w].name, n, want[w].n);
		sum += n;
	}
	for (size_t i = 0; i < k.count; i++)
		all += k.chain[i].b.log_count;
	assert_int_equal(all, sum);
	assert_int_equal(all, 8339 - 665);
	sink_free(&k);
}

/* Range sizes, numbers in flight and orders of arrival change nothing. */
static void golden_any_way(void **state)
{
	static const int64_t sizes[] = {1, 7, 64, 500, 2000};
	static const int64_t windows[] = {1, 2, 3, 8};
	const struct chain_conf *c = network_chain(golden_net, "root");
	uint64_t before;
	struct sink first;

	(void)state;
	sink_init(&first);
	fake_reset(golden, 3);
	run(golden, c, &plain, &first);
	for (size_t i = 0; i < 5; i++)
		for (size_t w = 0; w < 4; w++) {
			struct ingest_conf conf = {.range_blocks = sizes[i],
				.window_ranges = windows[w],
				.until_head = true};
			struct sink k;

			sink_init(&k);
			fake_reset(golden, 100 * i + w);
			before = golden->now_us;
			run(golden, c, &conf, &k);
			assert_true(golden->now_us - before < 1000 * (golden->requests + 100));
			sink_equal(&first, &k);
			sink_free(&k);
		}
	sink_free(&first);
}

static void world_root_complete(void **state)
{
	const struct chain_conf *c = network_chain(world_net, "root");
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(root, 4);
	run(root, c, &plain, &k);
	check_staking(root, c, "world/root", &k);
	sink_free(&k);
}

/* TRON's form: nothing of logs in headers, ids that carry the number, receipts not provable. */
static void golden_tron(void **state)
{
	static const int64_t sizes[] = {1, 64, 2000};
	struct chain_conf c = *network_chain(golden_net, "root");
	struct source *s = fake_open("golden", true);
	struct sink first, k;

	(void)state;
	c.kind = CHAIN_TRON;
	c.required = LEVEL_LINKED;
	tron_hash(&c.parent_hash, 108);
	sink_init(&first);
	run(s, &c, &plain, &first);
	check_staking(s, &c, "golden", &first);
	for (size_t i = 0; i < 3; i++) {
		struct ingest_conf conf = {
			.range_blocks = sizes[i], .window_ranges = 5, .until_head = true};

		sink_init(&k);
		fake_reset(s, 70 + i);
		run(s, &c, &conf, &k);
		sink_equal(&first, &k);
		sink_free(&k);
	}
	sink_free(&first);
	fake_close(s);
}

/* A second endpoint that is sometimes behind, sometimes lacks a log. */
static void doubtful_second(struct source *s, struct fake_job *f)
{
	if (!f->elsewhere || f->j.state != JOB_DONE || rnd(&s->seed) % 4)
		return;
	if (f->kind == J_LOGS && f->j.log_count)
		f->j.log_count--;
	else if (f->kind == J_BLOCKS)
		f->j.headers[0].hash.b[20] ^= 1;
}

static void behind_second(struct source *s, struct fake_job *f)
{
	(void)s;
	if (f->elsewhere && f->kind == J_BLOCKS && f->j.headers[0].number > 1120)
		f->j.header_count = 0;
}

/* The level of every block; the rest is as without a quorum. */
static void check_levels(
	const struct sink *k, const struct sink *plain_run, uint64_t last, enum level up_to_last)
{
	assert_int_equal(k->count, plain_run->count);
	for (size_t i = 0; i < k->count; i++) {
		const struct block *a = &k->chain[i].b, *b = &plain_run->chain[i].b;

		assert_int_equal(a->level, a->h.number <= last ? up_to_last : LEVEL_LINKED);
		assert_int_equal(a->log_count, b->log_count);
		assert_int_equal(a->tx_count, b->tx_count);
		assert_int_equal(a->found_count, b->found_count);
	}
}

static void golden_quorum(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct source *s = fake_open("golden", true);
	struct sink without, k;

	(void)state;
	c.kind = CHAIN_TRON;
	c.required = LEVEL_LINKED;
	tron_hash(&c.parent_hash, 108);
	run_clean(s, &c, &without);
	c.required = LEVEL_QUORUM;
	run_clean(s, &c, &k); /* there is no other endpoint */
	check_levels(&k, &without, 0, LEVEL_LINKED);
	sink_free(&k);
	for (int i = 0; i < 3; i++) {
		sink_init(&k);
		fake_reset(s, 80 + (uint64_t)i);
		s->second = true;
		s->mangle = i == 1 ? doubtful_second : i == 2 ? behind_second : NULL;
		run(s, &c, &plain, &k);
		/* above the final height blocks are asked for one by one */
		check_levels(&k, &without, i == 2 ? 1120 : UINT64_MAX, LEVEL_QUORUM);
		sink_free(&k);
	}
	sink_free(&without);
	fake_close(s);
}

/* ---- endpoints that differ ---- */

#define LIE_AT 500 /* the first block from here on with more than one log */

static struct {
	uint64_t block;
	uint32_t log_index;
	char what[40], outcome[80], answers[2][200];
	size_t told;
} dispute;

static void note_dispute(void *arg, const struct ingest_dispute *d)
{
	(void)arg;
	dispute.block = d->block;
	dispute.log_index = d->log_index;
	snprintf(dispute.what, sizeof(dispute.what), "%s", d->what);
	snprintf(dispute.outcome, sizeof(dispute.outcome), "%s", d->outcome);
	for (int i = 0; i < 2; i++)
		snprintf(dispute.answers[i], sizeof(dispute.answers[i]), "%.199s", d->answers[i]);
	dispute.told++;
}

/* Leaves out the second log of a block, whoever is asked as number `liar`. */
static unsigned liar;
static uint64_t lie_block;

static void drop_second_log(struct source *s, struct fake_job *f)
{
	size_t i, first = SIZE_MAX;

	(void)s;
	if (f->j.state != JOB_DONE || f->elsewhere != liar || (f->kind != J_LOGS && f->kind != J_BLOCK_LOGS))
		return;
	for (i = 1; i < f->j.log_count && first == SIZE_MAX; i++)
		if (f->j.logs[i].block.number == f->j.logs[i - 1].block.number &&
			f->j.logs[i].block.number >= LIE_AT &&
			(!lie_block || f->j.logs[i].block.number == lie_block))
			first = i;
	if (first == SIZE_MAX)
		return;
	lie_block = f->j.logs[first].block.number;
	memmove(&f->j.logs[first], &f->j.logs[first + 1],
		(f->j.log_count - first - 1) * sizeof(f->j.logs[0]));
	f->j.log_count--;
}

static void lie_for_a_while(struct source *s, struct fake_job *f)
{
	if (dispute.told < 20)
		drop_second_log(s, f);
}

static void change_calldata(struct source *s, struct fake_job *f)
{
	(void)s;
	if (f->j.state != JOB_DONE || f->elsewhere != liar || f->kind != J_BLOCKS || !f->j.txs)
		return;
	for (size_t i = 0; i < f->j.header_count; i++)
		if (f->j.headers[i].number >= LIE_AT && f->j.tx_counts[i] && f->j.txs[i][0].input.n > 8 &&
			(!lie_block || lie_block == f->j.headers[i].number)) {
			struct tx *t = arena_dup(f->j.mem, f->j.txs[i], f->j.tx_counts[i] * sizeof(*t));
			uint8_t *input = arena_dup(f->j.mem, t->input.p, t->input.n);

			input[7] ^= 1;
			t->input.p = input;
			f->j.txs[i] = t;
			lie_block = f->j.headers[i].number;
			return;
		}
}

static void lie_until_doubted(struct source *s, struct fake_job *f)
{
	if (!doubted)
		change_calldata(s, f);
}

static void lie(struct source *s, const struct chain_conf *c, struct sink *out, unsigned who,
	void (*mangle)(struct source *s, struct fake_job *f))
{
	struct ingest_conf conf = plain;

	conf.dispute = note_dispute;
	memset(&dispute, 0, sizeof(dispute));
	lie_block = 0;
	liar = who;
	sink_init(out);
	fake_reset(s, 90 + who);
	s->second = true;
	s->third = mangle != lie_for_a_while;
	s->mangle = mangle;
	run(s, c, &conf, out);
	assert_true(dispute.told > 0);
	assert_int_equal(dispute.block, lie_block);
}

/* Two against one decide; one against one waits until they agree. Nothing wrong is published. */
static void golden_dispute(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct source *s = fake_open("golden", true);
	struct sink without, k;

	(void)state;
	c.kind = CHAIN_TRON;
	c.required = LEVEL_LINKED;
	tron_hash(&c.parent_hash, 108);
	run_clean(s, &c, &without);
	c.required = LEVEL_QUORUM;
	lie(s, &c, &k, 1, drop_second_log);
	check_levels(&k, &without, UINT64_MAX, LEVEL_QUORUM);
	assert_string_equal(dispute.what, "log");
	assert_string_equal(dispute.outcome, "a third endpoint says as the first");
	assert_true(dispute.log_index != UINT32_MAX);
	assert_string_equal(dispute.answers[1], "there is no such log");
	assert_non_null(strstr(dispute.answers[0], "address 0x"));
	assert_true(doubted > 0);
	sink_free(&k);
	lie(s, &c, &k, 0, lie_until_doubted);
	check_levels(&k, &without, UINT64_MAX, LEVEL_QUORUM);
	assert_string_equal(dispute.outcome, "a third endpoint says as the second");
	assert_string_equal(dispute.what, "transaction");
	sink_free(&k);
	fake_close(s);
	sink_free(&without);
}

static void golden_dispute_waits(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct source *s = fake_open("golden", true);
	struct sink without, k;

	(void)state;
	c.kind = CHAIN_TRON;
	c.required = LEVEL_LINKED;
	tron_hash(&c.parent_hash, 108);
	run_clean(s, &c, &without);
	c.required = LEVEL_QUORUM;
	lie(s, &c, &k, 1, lie_for_a_while);
	assert_int_equal(dispute.told, 20);
	check_levels(&k, &without, UINT64_MAX, LEVEL_QUORUM);
	assert_string_equal(dispute.outcome, "waits");
	sink_free(&k);
	lie(s, &c, &k, 1, change_calldata);
	check_levels(&k, &without, UINT64_MAX, LEVEL_QUORUM);
	assert_string_equal(dispute.what, "transaction");
	assert_non_null(strstr(dispute.answers[1], "input 0x"));
	sink_free(&k);
	sink_free(&without);
	fake_close(s);
}

/* Without a scan of all transactions: the same logs, and the transactions of checkpoints alone. */
static void golden_no_scan(void **state)
{
	struct chain_conf c = *network_chain(golden_net, "root");
	struct sink scan, none;
	size_t checkpoints = 0;

	(void)state;
	run_clean(golden, &c, &scan);
	c.tx_scan = TX_SCAN_NONE;
	run_clean(golden, &c, &none);
	assert_int_equal(scan.count, none.count);
	for (size_t i = 0; i < none.count; i++) {
		const struct block *a = &scan.chain[i].b, *b = &none.chain[i].b;

		assert_int_equal(a->log_count, b->log_count);
		assert_int_equal(a->found_count, b->found_count);
		assert_true(b->tx_total_known);
		assert_int_equal(a->tx_total, b->tx_total);
		for (size_t l = 0; l < a->log_count; l++)
			assert_int_equal(a->logs[l].log_index, b->logs[l].log_index);
		for (size_t t = 0; t < b->tx_count; t++) {
			bool has = false;

			for (size_t l = 0; l < b->log_count; l++)
				has = has || (b->logs[l].tx_index == b->txs[t].index &&
						     (is_named(&c, &b->logs[l], "NewHeaderBlock") ||
							     is_named(&c, &b->logs[l],
								     "CheckpointSyncAck")));
			assert_true(has);
			assert_int_equal(b->txs[t].status, 1);
			assert_true(b->txs[t].input.n > 4);
			checkpoints++;
		}
	}
	assert_true(checkpoints > 600 && checkpoints <= 440 + 209);
	sink_free(&scan);
	sink_free(&none);
}

/* The chain with its partnerships taken out of the file: addresses go to real[]. */
static size_t without_partnerships(const struct chain_conf *from, struct arena *mem,
	struct chain_conf *c, struct address *real)
{
	ptrdiff_t moved;
	size_t n = 0;

	*c = *from;
	c->contracts =
		arena_dup(mem, from->contracts, from->contract_count * sizeof(*c->contracts));
	c->watches = arena_dup(mem, from->watches, from->watch_count * sizeof(*c->watches));
	c->rules = arena_dup(mem, from->rules, from->rule_count * sizeof(*c->rules));
	for (size_t i = 0; i < c->watch_count; i++) {
		moved = c->watches[i].contract - from->contracts;
		c->watches[i].contract = c->contracts + moved;
	}
	for (size_t i = 0; i < c->rule_count; i++) {
		moved = c->rules[i].trigger_contract - from->contracts;
		c->rules[i].trigger_contract = c->contracts + moved;
		moved = c->rules[i].finds - from->contracts;
		c->rules[i].finds = c->contracts + moved;
	}
	for (size_t i = 0; i < c->contract_count; i++)
		if (c->contracts[i].fixed && c->contracts[i].mapping) {
			real[n++] = c->contracts[i].address;
			memset(c->contracts[i].address.b, (int)(0xd0 + n), 20);
		}
	return n;
}

static bool is_one_of(const struct address *list, size_t n, const struct address *a)
{
	while (n)
		if (address_eq(&list[--n], a))
			return true;
	return false;
}

/*
 * Partnerships that stand in no file: found when they receive a staking token, watched and
 * accounted from that block on, that whole block included.
 */
static void check_partnerships(
	const struct sink *all, const struct sink *k, const struct address *real, size_t n)
{
	uint64_t from[4] = {0};
	size_t found = 0, late = 0;

	for (size_t i = 0; i < k->count; i++) {
		const struct block *a = &all->chain[i].b, *b = &k->chain[i].b;
		size_t at = 0, tx = 0;

		for (size_t f = 0; f < b->found_count; f++)
			for (size_t p = 0; p < n; p++)
				if (address_eq(&b->found[f].address, &real[p])) {
					assert_string_equal(
						b->found[f].contract, "ValidatorPartnership");
					assert_true(b->found[f].has_validator);
					from[p] = b->h.number;
					found++;
				}
		for (size_t l = 0; l < a->log_count; l++) {
			size_t p = 0;

			while (p < n && !address_eq(&a->logs[l].address, &real[p]))
				p++;
			if (p < n && !from[p])
				continue;
			assert_true(at < b->log_count);
			assert_int_equal(a->logs[l].log_index, b->logs[at++].log_index);
			late += p < n;
		}
		assert_int_equal(at, b->log_count);
		for (size_t t = 0; t < a->tx_count; t++) {
			size_t p = 0;

			while (p < n && !address_eq(&a->txs[t].to, &real[p]))
				p++;
			if (p < n && !from[p])
				continue;
			assert_true(tx < b->tx_count);
			assert_memory_equal(&a->txs[t].hash, &b->txs[tx++].hash, 32);
		}
		assert_int_equal(tx, b->tx_count);
	}
	assert_int_equal(found, n);
	assert_true(late > 500);
}

static void nft_owners(void **state)
{
	static const int64_t sizes[] = {1, 7, 64, 2000};
	const struct chain_conf *from = network_chain(golden_net, "root");
	struct arena *mem = arena_new(1u << 20);
	struct chain_conf c;
	struct address real[8];
	struct sink all, first, k;
	size_t n = without_partnerships(from, mem, &c, real);

	(void)state;
	assert_int_equal(n, 3);
	run_clean(golden, from, &all);
	for (size_t i = 0; i < 4; i++) {
		struct ingest_conf conf = {
			.range_blocks = sizes[i], .window_ranges = 6, .until_head = true};

		sink_init(i ? &k : &first);
		fake_reset(golden, 50 + i);
		memcpy(golden->code, real, n * sizeof(*real));
		golden->code_count = n;
		run(golden, &c, &conf, i ? &k : &first);
		if (i) {
			sink_equal(&first, &k);
			sink_free(&k);
		}
	}
	check_partnerships(&all, &first, real, n);

	sink_init(&k); /* a node that can not say: nothing is found, nothing stops */
	fake_reset(golden, 60);
	golden->code_unknown = true;
	run(golden, &c, &plain, &k);
	for (size_t i = 0; i < k.count; i++)
		for (size_t f = 0; f < k.chain[i].b.found_count; f++)
			assert_false(is_one_of(real, n, &k.chain[i].b.found[f].address));
	sink_free(&k);
	sink_free(&first);
	sink_free(&all);
	arena_free(mem);
}

/* ---- BTTC ------------------------------------------------------------------------------------ */

static void check_bttc_block(const struct chain_conf *c, const struct rec_block *want,
	const struct block *got, size_t *rows)
{
	const struct watch *w = NULL;
	struct u256 fees = U256_ZERO;
	struct address system = {{0}};
	size_t logs = 0, fee_count = 0, real = 0;

	for (size_t i = 0; i < c->watch_count; i++)
		if (c->watches[i].sum_only)
			w = &c->watches[i];
	system.b[18] = 0x10;
	for (size_t i = 0; i < want->receipt_count; i++) {
		const struct receipt *r = &want->receipts[i];

		real += !r->state_sync;
		for (size_t k = 0; k < r->log_count; k++) {
			const struct log *l = &r->logs[k];
			struct address a = l->address;

			if (address_eq(&a, &w->contract->address) &&
				hash_eq(&l->topics[0], &w->topics[0][0])) {
				fees = u256_add(fees, u256_be(l->data.p));
				fee_count++;
			}
			a.b[19] &= 0xfe;
			if (!address_eq(&a, &system) && !is_named(c, l, "Deposit") &&
				!is_named(c, l, "Withdraw") && !is_named(c, l, "WithdrawTo"))
				continue;
			if (!address_eq(&a, &system) &&
				!address_eq(&l->address, &w->contract->address))
				continue;
			assert_true(logs < got->log_count);
			assert_int_equal(got->logs[logs].log_index, l->log_index);
			assert_int_equal(got->logs[logs].state_sync, r->state_sync);
			logs++;
		}
	}
	assert_int_equal(got->log_count, logs);
	assert_true(got->fees_known);
	assert_int_equal(got->fee_count, fee_count);
	assert_int_equal(u256_cmp(got->fee_sum, fees), 0);
	assert_true(got->tx_total_known);
	assert_int_equal(got->tx_total, real);
	assert_int_equal(got->has_author, want->h.number > 0);
	assert_true(got->level >= LEVEL_BLOOM);
	*rows += logs;
}

/* Authors as the real node's bor_getAuthor said. */
static void check_authors(const struct sink *k)
{
	struct rec_lines *l = rec_lines_open("recordings/world/bttc/oracle.ndjson.gz");
	struct address author;
	struct jval v;
	size_t n = 0;

	assert_true(rec_lines_next(l, &v)); /* the genesis has none */
	for (n = 1; rec_lines_next(l, &v); n++) {
		rec_fixed(rec_get(v, "author"), author.b, 20);
		assert_memory_equal(&k->chain[n].b.author, &author, 20);
	}
	assert_int_equal(n, k->count);
	rec_lines_close(l);
}

static void world_bttc_complete(void **state)
{
	const struct chain_conf *c = network_chain(world_net, "bttc");
	struct ingest_conf conf = {.range_blocks = 500, .window_ranges = 4, .until_head = true};
	size_t rows = 0;
	struct sink k;

	(void)state;
	sink_init(&k);
	fake_reset(bttc, 5);
	run(bttc, c, &conf, &k);
	assert_int_equal(k.count, 7779);
	for (size_t n = 0; n < k.count; n++)
		check_bttc_block(c, &bttc->canon[n], &k.chain[n].b, &rows);
	assert_true(rows > 0);
	assert_false(k.last_heights.has_final);
	assert_int_equal(k.last_heights.safe, 7778 - 10);
	check_authors(&k);
	/* sums are checked from the logs themselves: receipts only where rows or zero fees are */
	assert_true(bttc->asked[J_RECEIPTS] < 1000);
	sink_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_complete),
		cmocka_unit_test(golden_counts),
		cmocka_unit_test(golden_any_way),
		cmocka_unit_test(world_root_complete),
		cmocka_unit_test(golden_tron),
		cmocka_unit_test(golden_quorum),
		cmocka_unit_test(golden_dispute),
		cmocka_unit_test(golden_dispute_waits),
		cmocka_unit_test(golden_no_scan),
		cmocka_unit_test(nft_owners),
		cmocka_unit_test(world_bttc_complete),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
