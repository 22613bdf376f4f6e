/*
 * The typed views against the recordings: every row of every event view equals what the ABI decoder
 * makes of the recorded log, in order, and nothing is missing or added.
 */
#include "pg/story.h"

#include "base/hex.h"

static const struct {
	const char *signature, *contract, *view; /* contract NULL: any */
} views[] = {
	{"Staked(address,uint256,uint256,uint256,uint256,uint256,bytes)", NULL, "staking.staked"},
	{"Unstaked(address,uint256,uint256,uint256)", NULL, "staking.unstaked"},
	{"UnstakeInit(address,uint256,uint256,uint256,uint256)", NULL, "staking.unstake_init"},
	{"SignerChange(uint256,uint256,address,address,bytes)", NULL, "staking.signer_change"},
	{"Restaked(uint256,uint256,uint256)", NULL, "staking.restaked"},
	{"StakeUpdate(uint256,uint256)", NULL, "staking.stake_update"},
	{"ClaimRewards(uint256,uint256,uint256)", NULL, "staking.claim_rewards"},
	{"StartAuction(uint256,uint256,uint256)", NULL, "staking.start_auction"},
	{"ConfirmAuction(uint256,uint256,uint256)", NULL, "staking.confirm_auction"},
	{"TopUpFee(address,uint256)", NULL, "staking.top_up_fee"},
	{"ClaimFee(address,uint256)", NULL, "staking.claim_fee"},
	{"ShareMinted(uint256,address,uint256,uint256)", NULL, "staking.share_minted"},
	{"ShareBurned(uint256,address,uint256,uint256)", NULL, "staking.share_burned"},
	{"ShareBurnedWithId(uint256,address,uint256,uint256,uint256)", NULL,
		"staking.share_burned_with_id"},
	{"DelegatorClaimedRewards(uint256,address,uint256)", NULL,
		"staking.delegator_claimed_rewards"},
	{"DelegatorRestaked(uint256,address,uint256)", NULL, "staking.delegator_restaked"},
	{"DelegatorUnstaked(uint256,address,uint256)", NULL, "staking.delegator_unstaked"},
	{"DelegatorUnstakeWithId(uint256,address,uint256,uint256)", NULL,
		"staking.delegator_unstake_with_id"},
	{"UpdateCommissionRate(uint256,uint256,uint256)", NULL, "staking.update_commission_rate"},
	{"ThresholdChange(uint256,uint256)", NULL, "staking.threshold_change"},
	{"DynastyValueChange(uint256,uint256)", NULL, "staking.dynasty_value_change"},
	{"ProposerBonusChange(uint256,uint256)", NULL, "staking.proposer_bonus_change"},
	{"ChainRewardUpdate(uint256,uint256,uint256)", NULL, "staking.chain_reward_update"},
	{"RewardParams(uint256,uint256,uint256)", NULL, "staking.reward_params"},
	{"CheckpointSyncAck(address,uint256,uint256,uint256,uint256)", NULL,
		"staking.checkpoint_sync_ack"},
	{"NewHeaderBlock(address,uint256,uint256,uint256,uint256,bytes32)", NULL,
		"staking.new_header_block"},
	{"ResetHeaderBlock(address,uint256)", NULL, "staking.reset_header_block"},
	{"Transfer(address,address,uint256)", "StakingNFT", "staking.nft_transfer"},
	{"Transfer(address,address,uint256)", "Token", "staking.token_transfer"},
	{"Transfer(address,address,uint256)", "ValidatorShare", "staking.share_transfer"},
	{"OwnerUpdate(address,address)", NULL, "staking.owner_update"},
	{"OwnershipTransferred(address,address)", NULL, "staking.ownership_transferred"},
};
#define VIEWS (sizeof(views) / sizeof(*views))

/* A value as the views write it. */
static void value_text(struct buf *out, const struct abi_value *v)
{
	char dec[U256_DEC_MAX + 1];

	switch (v->type->base) {
	case ABI_UINT:
		dec[u256_dec(dec, abi_u256(v))] = 0;
		buf_str(out, dec);
		break;
	case ABI_ADDRESS:
		buf_str(out, "0x");
		buf_hex(out, v->word + 12, 20);
		break;
	case ABI_FIXED_BYTES:
		buf_str(out, "0x");
		buf_hex(out, v->word, v->type->bits / 8);
		break;
	case ABI_BYTES:
		buf_str(out, "0x");
		buf_hex(out, v->data.p, v->data.n);
		break;
	case ABI_INT:
	case ABI_BOOL:
	case ABI_STRING:
	case ABI_TUPLE:
	default: fail_msg("no view has such a type");
	}
}

struct cursor {
	PGresult *r;
	int row;
};

static void check_row(const struct story *s, struct cursor *c, const struct block *b,
	const struct event_row *ev, struct arena *mem)
{
	struct abi_value *v;
	struct buf want, have;
	struct err e;

	assert_true(c->row < PQntuples(c->r));
	buf_init(&want, 1 << 20);
	buf_init(&have, 1 << 20);
	buf_printf(&want, "%s|%llu|%u|0x", s->chain->key, (unsigned long long)b->h.number,
		ev->log->log_index);
	buf_hex(&want, ev->log->tx_hash.b, 32);
	buf_str(&want, "|0x");
	buf_hex(&want, ev->log->address.b, 20);
	buf_printf(&want, "|%llu|%s|0x", (unsigned long long)b->h.time, level_name(b->level));
	buf_hex(&want, b->h.hash.b, 32);
	ASSERT_OK(abi_decode_event(ev->event, ev->log, mem, &v, &e), e);
	for (size_t i = 0; i < ev->event->param_count; i++) {
		buf_chr(&want, '|');
		value_text(&want, &v[i]);
	}
	for (int i = 0; i < PQnfields(c->r); i++) {
		if (i)
			buf_chr(&have, '|');
		buf_str(&have, PQgetvalue(c->r, c->row, i));
	}
	assert_string_equal(have.p, want.p);
	c->row++;
	buf_free(&want);
	buf_free(&have);
}

/* First the columns that all views have, then the event's own in their order. */
static PGresult *view_rows(PGconn *c, const char *view)
{
	char sql[1000];
	const char *own;

	snprintf(sql, sizeof(sql),
		"SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
		"WHERE attrelid ="
		" '%s'::regclass AND attnum > 5 AND attname NOT IN ('address', 'finality', "
		"'verification',"
		" 'block_hash', 'chain_id')",
		view);
	own = pg_value(c, sql);
	snprintf(sql, sizeof(sql),
		"SELECT chain, block, log_index, tx, address, extract(epoch FROM time)::bigint, "
		"verification,"
		" block_hash, %s FROM %s ORDER BY block, log_index",
		own, view);
	return pg_rows(c, sql);
}

static void test_every_event(void **state)
{
	struct arena *mem = arena_new((size_t)1 << 30);
	struct cursor c[VIEWS];
	struct decoder *d;
	struct test_db db;
	struct story s;

	(void)state;
	story_make(&s, "golden", "golden", false, 0);
	story_write(&s, &db, 200);
	for (size_t i = 0; i < VIEWS; i++)
		c[i] = (struct cursor){view_rows(db.c, views[i].view), 0};
	d = decoder_new(s.chain);
	for (size_t i = 0; i < s.n; i++) {
		struct decoded out;

		decode_block(d, s.steps[i].block, mem, &out);
		for (size_t k = 0; k < out.event_count; k++) {
			const struct event_row *ev = &out.events[k];
			bool shown = false;

			for (size_t v = 0; v < VIEWS; v++)
				if (!strcmp(views[v].signature, ev->event->signature) &&
					(!views[v].contract ||
						!strcmp(views[v].contract, ev->contract->name))) {
					check_row(&s, &c[v], s.steps[i].block, ev, mem);
					shown = true;
				}
			if (!shown && strcmp(ev->contract->name, "ValidatorPartnership") &&
				strncmp(ev->event->signature, "Approval", 8))
				fail_msg("no view shows %s of %s", ev->event->signature,
					ev->contract->name);
		}
	}
	for (size_t i = 0; i < VIEWS; i++) {
		assert_int_equal(c[i].row, PQntuples(c[i].r));
		if (strcmp(views[i].view, "staking.reward_params") && !c[i].row)
			fail_msg("%s: the recording has none", views[i].view);
		PQclear(c[i].r);
	}
	decoder_free(d);
	arena_free(mem);
	db_close(&db);
	story_free(&s);
}

/* Each kind has its view, and together they are the history. */
static void test_partnership(void **state)
{
	char sql[300], want[300];
	struct test_db db;
	struct story s;

	(void)state;
	story_make(&s, "golden", "golden", false, 0);
	story_write(&s, &db, 200);
	for (int k = 1; k < PARTNERSHIP_KIND_COUNT; k++) {
		snprintf(sql, sizeof(sql), "SELECT partnership.kind_name(%d::smallint)", k);
		assert_string_equal(
			pg_value(db.c, sql), partnership_kind_name((enum partnership_kind)k));
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM partnership.%s",
			partnership_kind_name((enum partnership_kind)k));
		snprintf(want, sizeof(want),
			"SELECT count(*) FROM partnership.event WHERE kind = %d", k);
		assert_int_equal(pg_number(db.c, sql), pg_number(db.c, want));
		assert_true(pg_number(db.c, want) > 0);
	}
	assert_int_equal(pg_number(db.c, "SELECT count(*) FROM partnership.history"), 939);
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM partnership.claimed c JOIN "
				"staking.token_transfer t ON"
				" t.tx = c.tx AND t.from_address = c.partnership AND t.to_address ="
				" c.recipient AND t.amount = c.amount"),
		83); /* what was claimed was paid */
	assert_int_equal(
		pg_number(db.c, "SELECT count(*) FROM staking.checkpoints WHERE kind = 'main' AND"
				" signature_count BETWEEN 7 AND 20"),
		440);
	db_close(&db);
	story_free(&s);
}

static void test_functions(void **state)
{
	static const char *const cases[][2] = {
		/* protocol.md 1.4: RootChainProxy and the token of TRON mainnet */
		{"SELECT chain.tron_address('\\x8330108cfdd47544b398c15a3c252ad1d5a5566c')",
			"TMvs6n9qy1R13CPd1AfxhW41GBG21NSXNj"},
		{"SELECT chain.tron_address('\\x032017411f4663b317fe77c257d28d5cd1b26e3d')",
			"TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4"},
		{"SELECT chain.word_numeric(decode(repeat('ff', 32), 'hex'), 0)",
			"11579208923731619542357098500868790785326998466564056403945758400791312963"
			"9935"},
		{"SELECT chain.word_numeric(decode(repeat('00', 32) || '80' || repeat('00', 31), "
		 "'hex'), 1)",
			"57896044618658097711785492504343953926634992332820282019728792003956564819"
			"968"},
		{"SELECT chain.word_bigint(decode(repeat('00', 24) || '7fffffffffffffff', 'hex'), "
		 "0)",
			"9223372036854775807"},
		{"SELECT chain.word_bigint(decode(repeat('00', 24) || '8000000000000000', 'hex'), "
		 "0)",
			""},
		{"SELECT chain.word_bytes(decode(repeat('00', 31) || '20' || repeat('00', 31) || "
		 "'03' ||"
		 " 'aabbcc' || repeat('00', 29), 'hex'), 0)",
			"0xaabbcc"},
		{"SELECT chain.hex(chain.bytes('0xAbCd'))", "0xabcd"},
		{"SELECT chain.finality(5, 4, NULL) || chain.finality(5, 5, NULL) || "
		 "chain.finality(5, 9, 5) ||"
		 " chain.finality(5, NULL, NULL)",
			"pendingsafefinalpending"},
		{"SELECT string_agg(chain.level_name(l::smallint), ' ' ORDER BY l) FROM "
		 "generate_series(0, 5) l",
			"trusted linked hashed bloom receipts quorum"},
	};
	struct test_db db;
	struct err e;

	(void)state;
	db_open(&db);
	ASSERT_OK(migrate_up(db.dsn, NULL, &e), e);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(pg_value(db.c, cases[i][0]), cases[i][1]);
	db_close(&db);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event),
		cmocka_unit_test(test_partnership),
		cmocka_unit_test(test_functions),
	};

	pg_server();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
