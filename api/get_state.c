/*
 * The state of the staking contracts at the end of a block. One question, in one snapshot, gives the
 * head and the newest row at or below the block of every record that the answer needs, each by a
 * walk of one index; amounts that the contracts compute come from the ledger's own view functions.
 */
#include "api/list.h"
#include "api/respond.h"
#include "api/route.h"
#include "base/clock.h"
#include "chain/base58.h"
#include "ledger/fields.h"
#include "ledger/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* $1 chain, $2 at or NULL. Lines are (kind of record, its text); the head is one row of kind 0. */
#define HEAD_SQL                                                                                   \
	"WITH " SQL_RESETS                                                                         \
	", h AS MATERIALIZED (SELECT c.first_block, least(ch.indexed, lh.block) AS top,"           \
	" coalesce($2::int8, least(ch.indexed, lh.block)) AS at, ch.final, ch.safe"                \
	" FROM chain.chain c JOIN chain.head ch ON ch.chain_id = c.chain_id"                       \
	" JOIN ledger.head lh ON lh.chain_id = c.chain_id WHERE c.chain_id = $1::int8)"            \
	" SELECT 0::int8, NULL::text, h.first_block, h.top, h.at, h.final, h.safe, r.resets,"      \
	" (SELECT b.hash FROM chain.block b WHERE b.chain_id = $1::int8 AND b.number = h.at),"     \
	" (SELECT extract(epoch FROM b.time)::int8 FROM chain.block b WHERE b.chain_id ="          \
	" $1::int8 AND b.number = h.at), (SELECT l.level::int8 FROM ledger.block l WHERE"          \
	" l.chain_id = $1::int8 AND l.block <= h.at ORDER BY l.block DESC LIMIT 1),"               \
	" (SELECT b.parent FROM chain.block b WHERE b.chain_id = $1::int8 AND b.number ="          \
	" h.first_block) FROM h, r"

enum { KIND, TEXT, FIRST, TOP, AT, FINAL, SAFE, RESETS, HASH, TIME, LEVEL, PARENT };

struct state {
	const struct chain_conf *chain;
	void (*write)(struct call *c, struct state *s, struct jw *w);
	bool (*there)(struct state *s);
	const char *absent;
	const struct pg_result *res;
	void **records[LEDGER_KIND_COUNT];
	size_t counts[LEDGER_KIND_COUNT];
	const struct address *signers;
	size_t signer_count;
	int64_t id;
	struct address address;
};

/* ---- the question ---- */

static void select_record(struct buf *q, enum ledger_kind kind)
{
	buf_printf(q, " UNION ALL SELECT %d::int8, ", (int)kind);
	if (kind == LEDGER_SIGNERS)
		buf_str(q, "encode(x.signers, 'hex')");
	else
		ledger_fields_select(q, kind);
	buf_str(q, ", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM ");
}

/* Newest row of one key. where: conditions on y, the table. */
static void newest(struct buf *q, enum ledger_kind kind, const char *where)
{
	buf_printf(q,
		"(SELECT y.* FROM ledger.%s y WHERE y.chain_id = $1::int8 AND %s AND y.block <="
		" (SELECT at FROM h) ORDER BY y.block DESC LIMIT 1)",
		ledger_kind_name(kind), where);
}

static void one(struct buf *q, enum ledger_kind kind, const char *where)
{
	select_record(q, kind);
	newest(q, kind, where);
	buf_str(q, " x");
}

/* Newest row of each key that `set` gives as k. */
static void each(struct buf *q, enum ledger_kind kind, const char *set, const char *where)
{
	select_record(q, kind);
	buf_printf(q, "(%s) k CROSS JOIN LATERAL ", set);
	newest(q, kind, where);
	buf_str(q, " x");
}

#define KEYS(table, columns, condition)                                                            \
	"SELECT " columns " FROM ledger." table                                                    \
	" z WHERE z.created AND z.chain_id = $1::int8 AND " condition                              \
	" AND z.block <= (SELECT at FROM h)"

/* ---- reading the answer ---- */

static bool keep(struct state *s, struct call *c, enum ledger_kind kind, struct bytes text)
{
	void *record;
	struct address *list;

	if (kind == LEDGER_SIGNERS) {
		list = arena_calloc(c->mem, text.n / 40 + 1, sizeof(*list));
		for (size_t i = 0; i < text.n / 40; i++)
			for (size_t j = 0; j < 20; j++) {
				char two[3] = {(char)text.p[40 * i + 2 * j],
					(char)text.p[40 * i + 2 * j + 1], 0};

				list[i].b[j] = (uint8_t)strtoul(two, NULL, 16);
			}
		s->signers = list;
		s->signer_count = text.n / 40;
		return true;
	}
	record = arena_calloc(c->mem, 1, ledger_record_size(kind));
	s->records[kind][s->counts[kind]++] = record;
	return ledger_fields_parse(record, kind, (const char *)text.p, text.n);
}

static bool keep_all(struct state *s, struct call *c)
{
	int n = pgres_rows(s->res);

	for (unsigned k = 0; k < LEDGER_KIND_COUNT; k++)
		s->records[k] = arena_calloc(c->mem, (size_t)n + 1, sizeof(void *));
	for (int i = 0; i < n; i++) {
		int64_t kind = pgres_i64(s->res, i, KIND);

		if (kind > 0 && kind < LEDGER_KIND_COUNT &&
			!keep(s, c, (enum ledger_kind)kind, pgres_bytes(s->res, i, TEXT)))
			return false;
	}
	return true;
}

static void *find(const struct state *s, enum ledger_kind kind, uint64_t n, const struct address *a)
{
	for (size_t i = 0; i < s->counts[kind]; i++) {
		const struct ledger_key *key = s->records[kind][i];

		if (a ? address_eq(&key->a, a) : key->n == n)
			return s->records[kind][i];
	}
	return NULL;
}

static int64_t head(const struct state *s, int col)
{
	return pgres_i64(s->res, 0, col);
}

/* ---- values ---- */

static void put_u256(struct jw *w, const char *key, struct u256 v)
{
	jw_key(w, key);
	jw_u256(w, v);
}

static void put_view(struct jw *w, const char *key, bool ok, struct u256 v)
{
	jw_key(w, key);
	if (ok)
		jw_u256(w, v);
	else
		jw_null(w);
}

static void put_u64(struct jw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_u64(w, v);
}

/* An integer of the contract that fits JSON; in reality all do. */
static void put_small(struct jw *w, const char *key, struct u256 v)
{
	jw_key(w, key);
	if (u256_fits_u64(v))
		jw_u64(w, v.w[0]);
	else
		jw_u256(w, v);
}

static void put_bool(struct jw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

static void put_address(const struct state *s, struct jw *w, const char *key, const struct address *a)
{
	static const struct address none;
	bool has = a && !address_eq(a, &none);
	char text[BASE58_ADDRESS_LEN + 1], name[64];

	jw_key(w, key);
	if (has)
		jw_hex(w, a->b, 20);
	else
		jw_null(w);
	if (s->chain->kind != CHAIN_TRON)
		return;
	snprintf(name, sizeof(name), "%s_base58", key);
	jw_key(w, name);
	if (has)
		base58_address(text, a);
	jw_str(w, has ? text : NULL);
}

static const char *finality(const struct state *s)
{
	int64_t at = head(s, AT);

	if (at < head(s, FIRST) || (!pgres_null(s->res, 0, FINAL) && at <= head(s, FINAL)))
		return "final";
	return !pgres_null(s->res, 0, SAFE) && at <= head(s, SAFE) ? "safe" : "pending";
}

static struct bytes at_hash(const struct state *s)
{
	return pgres_bytes(s->res, 0, head(s, AT) < head(s, FIRST) ? PARENT : HASH);
}

static void put_at(const struct state *s, struct jw *w)
{
	struct bytes hash = at_hash(s);
	char text[32];

	jw_key(w, "at");
	jw_obj(w);
	jw_key(w, "chain");
	jw_str(w, s->chain->key);
	jw_key(w, "block");
	jw_i64(w, head(s, AT));
	jw_key(w, "hash");
	if (hash.n == 32)
		jw_hex(w, hash.p, 32);
	else
		jw_null(w);
	jw_key(w, "time");
	if (pgres_null(s->res, 0, TIME))
		jw_null(w);
	else {
		clock_rfc3339(text, head(s, TIME));
		jw_str(w, text);
	}
	jw_key(w, "finality");
	jw_str(w, finality(s));
	jw_key(w, "verification");
	jw_str(w, level_name(head(s, AT) < head(s, FIRST) ? s->chain->required
							   : (enum level)head(s, LEVEL)));
	jw_obj_end(w);
}

/* ---- one answer ---- */

static bool in_range(struct call *c, const struct state *s)
{
	struct jw w;

	if (pgres_null(s->res, 0, TOP)) {
		respond_problem(c, 404, "at", "nothing is indexed yet");
		return false;
	}
	if (head(s, AT) >= head(s, FIRST) - 1 && head(s, AT) <= head(s, TOP))
		return true;
	buf_clear(&c->api->small);
	jw_init(&w, &c->api->small);
	jw_key(&w, "indexed_block");
	jw_i64(&w, head(s, TOP));
	respond_problem_with(c, 404, "at", &c->api->small,
		head(s, AT) > head(s, TOP) ? "this block is not indexed"
					   : "this block is before the first one of the network");
	return false;
}

static void fresh(struct call *c, const struct state *s, const char *revision, struct freshness *f)
{
	struct bytes hash = at_hash(s);
	struct buf *b = &c->api->small;

	*f = (struct freshness){.revision = revision,
		.settled = (c->q.given & PARAM_BIT(PARAM_AT)) && !strcmp(finality(s), "final")};
	buf_clear(b);
	buf_printf(b, "%s|", revision);
	buf_add(b, c->path.p, c->path.n);
	buf_printf(b, "|%lld|%s|", (long long)head(s, AT), finality(s));
	buf_hex(b, hash.p, hash.n);
	respond_tag(&f->tag, b);
}

static void on_state(void *arg, const struct pg_result *res, const struct err *e)
{
	struct call *c = arg;
	struct state *s = c->state;
	struct freshness f;
	char revision[64];
	struct jw w;

	c->ask = NULL;
	if (!res) {
		respond_err(c, e);
		return;
	}
	s->res = res;
	if (!pgres_rows(res)) {
		respond_problem(c, 404, "at", "nothing is indexed yet");
		return;
	}
	if (!in_range(c, s))
		return;
	if (!keep_all(s, c)) {
		respond_problem(c, 500, NULL, "a stored record is damaged");
		return;
	}
	list_revision(revision, c->api, head(s, RESETS));
	fresh(c, s, revision, &f);
	if (!s->there(s)) {
		respond_problem(c, 404, NULL, "%s", s->absent);
		return;
	}
	if (respond_cached(c, &f))
		return;
	buf_clear(&c->api->body);
	jw_init(&w, &c->api->body);
	jw_obj(&w);
	put_at(s, &w);
	s->write(c, s, &w);
	jw_key(&w, "revision");
	jw_str(&w, revision);
	jw_obj_end(&w);
	respond_json(c, 200, &f);
}

static struct state *begin(struct call *c)
{
	struct state *s = arena_calloc(c->mem, 1, sizeof(*s));

	c->state = s;
	for (size_t i = 0; i < c->api->net->chain_count; i++)
		if (c->api->net->chains[i].role == ROLE_STAKING)
			s->chain = &c->api->net->chains[i];
	if (!s->chain)
		respond_problem(c, 404, NULL, "this network has no staking chain");
	return s->chain ? s : NULL;
}

static void ask(struct call *c, struct state *s, struct buf *q, const char *key)
{
	const char *values[3] = {
		arena_printf(c->mem, "%llu", (unsigned long long)s->chain->chain_id), NULL, key};

	if (c->q.given & PARAM_BIT(PARAM_AT))
		values[1] = arena_printf(c->mem, "%lld", (long long)c->q.at);
	call_ask(c, false, arena_strdup(c->mem, q->p), 3, values, on_state);
	buf_free(q);
}

static void start_sql(struct buf *q)
{
	buf_init(q, 1 << 20);
	buf_str(q, HEAD_SQL);
	one(q, LEDGER_GLOBAL, "true");
}

static bool address_arg(struct call *c, struct state *s)
{
	const char *why = "";

	if (address_parse(&s->address, c->args[0].p, c->args[0].n, &why))
		return true;
	respond_problem(c, 400, "address", "is no address: %s", why);
	return false;
}

static const struct ledger_global *global(const struct state *s)
{
	return s->records[LEDGER_GLOBAL][0];
}

static bool has_global(struct state *s)
{
	return s->counts[LEDGER_GLOBAL] == 1;
}

/* ---- /v1/staking ---- */

static void put_chains(const struct state *s, struct jw *w)
{
	jw_key(w, "checkpoint_reward");
	jw_obj(w);
	for (size_t i = 0; i < s->counts[LEDGER_ROOT_CHAIN]; i++) {
		const struct ledger_root_chain *x = s->records[LEDGER_ROOT_CHAIN][i];
		char name[24];

		snprintf(name, sizeof(name), "%llu", (unsigned long long)x->key.n);
		if (x->rewarded)
			put_u256(w, name, x->reward);
	}
	jw_obj_end(w);
	jw_key(w, "current_header_block_id");
	jw_obj(w);
	for (uint64_t n = 2; n <= 3; n++) {
		const struct ledger_root_chain *x = find(s, LEDGER_ROOT_CHAIN, n, NULL);

		put_u64(w, n == 2 ? "2" : "3", x ? x->header_id : 0);
	}
	jw_obj_end(w);
}

static void put_root_chain(const struct state *s, struct jw *w)
{
	const struct ledger_header *h = find(s, LEDGER_HEADER, view_current_header(global(s)), NULL);

	jw_key(w, "root_chain");
	jw_obj(w);
	put_u64(w, "next_header_block", global(s)->next_header_block);
	put_u64(w, "current_header_block", view_current_header(global(s)));
	put_u64(w, "last_child_block", h ? h->end : 0);
	jw_obj_end(w);
}

static void put_signers(const struct state *s, struct jw *w)
{
	char text[BASE58_ADDRESS_LEN + 1];

	jw_key(w, "signers");
	jw_arr(w);
	for (size_t i = 0; i < s->signer_count; i++)
		jw_hex(w, s->signers[i].b, 20);
	jw_arr_end(w);
	if (s->chain->kind != CHAIN_TRON)
		return;
	jw_key(w, "signers_base58");
	jw_arr(w);
	for (size_t i = 0; i < s->signer_count; i++) {
		base58_address(text, &s->signers[i]);
		jw_str(w, text);
	}
	jw_arr_end(w);
}

static void write_staking(struct call *c, struct state *s, struct jw *w)
{
	const struct ledger_global *g = global(s);
	const struct ledger_balance *b =
		s->counts[LEDGER_BALANCE] ? s->records[LEDGER_BALANCE][0] : NULL;
	struct u256 lost = U256_ZERO;

	(void)c;
	for (size_t i = 0; i < s->counts[LEDGER_VALIDATOR]; i++)
		lost = u256_add(lost,
			((const struct ledger_validator *)s->records[LEDGER_VALIDATOR][i])->reward);
	put_u256(w, "reward_per_stake", g->reward_per_stake);
	put_u256(w, "total_staked", g->total_staked);
	put_u256(w, "total_rewards", g->total_rewards);
	put_u256(w, "total_rewards_liquidated", g->total_rewards_liquidated);
	put_u256(w, "total_stake", g->total_stake);
	put_u256(w, "token_balance", b ? b->amount : U256_ZERO);
	put_u256(w, "total_heimdall_fee", g->total_heimdall_fee);
	put_u256(w, "min_deposit", g->min_deposit);
	put_u256(w, "min_heimdall_fee", g->min_heimdall_fee);
	put_u256(w, "unattributed_rewards", lost);
	put_u64(w, "current_epoch", g->current_epoch);
	put_u64(w, "validator_count", g->staker_count);
	put_u64(w, "nft_counter", g->nft_counter);
	put_small(w, "prev_block_interval", g->prev_block_interval);
	put_small(w, "reward_decrease_per_checkpoint", g->reward_decrease_per_checkpoint);
	put_small(w, "max_rewarded_checkpoints", g->max_rewarded_checkpoints);
	put_small(w, "checkpoint_reward_delta", g->checkpoint_reward_delta);
	put_small(w, "checkpoint_block_interval", g->checkpoint_block_interval);
	put_small(w, "proposer_bonus", g->proposer_bonus);
	put_small(w, "withdrawal_delay", g->withdrawal_delay);
	put_small(w, "dynasty", g->dynasty);
	put_small(w, "auction_period", g->auction_period);
	put_small(w, "replacement_cool_down", g->replacement_cool_down);
	put_small(w, "signer_update_limit", g->signer_update_limit);
	put_small(w, "validator_threshold", g->validator_threshold);
	put_bool(w, "delegation_enabled", g->delegation_enabled);
	jw_key(w, "account_state_root");
	jw_hex(w, g->account_state_root.b, 32);
	put_chains(s, w);
	put_root_chain(s, w);
	put_signers(s, w);
}

void get_staking(struct call *c)
{
	struct state *s = begin(c);
	const struct contract *manager = s ? network_contract(s->chain, "StakeManager") : NULL;
	struct buf q;

	if (!s)
		return;
	start_sql(&q);
	one(&q, LEDGER_SIGNERS, "true");
	one(&q, LEDGER_BALANCE, "y.account = $3::bytea");
	one(&q, LEDGER_VALIDATOR, "y.id = 0");
	one(&q, LEDGER_VALIDATOR, "y.id = -1");
	each(&q, LEDGER_ROOT_CHAIN, KEYS("root_chain", "z.root_chain_id", "true"),
		"y.root_chain_id = k.root_chain_id");
	each(&q, LEDGER_HEADER,
		"SELECT g.next_header_block - 10000 AS id FROM ledger.global g WHERE g.chain_id ="
		" $1::int8 AND g.block <= (SELECT at FROM h) ORDER BY g.block DESC LIMIT 1",
		"y.header_block_id = k.id");
	s->write = write_staking;
	s->there = has_global;
	s->absent = "no state";
	ask(c, s, &q, manager ? list_bytea(c->mem, manager->address.b, 20) : NULL);
}

/* ---- /v1/validators/{id} ---- */

static const char *status_text(uint32_t status)
{
	static const char *const names[] = {"inactive", "active", "locked", "unstaked"};

	return status < 4 ? names[status] : NULL;
}

static void put_share(const struct state *s, struct jw *w, const struct ledger_validator *v,
	const struct ledger_share *share)
{
	struct u256 x = U256_ZERO;
	bool ok;

	jw_key(w, "share");
	if (!share) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	ok = view_exchange_rate(&x, share, v);
	put_view(w, "exchange_rate", ok, x);
	put_u256(w, "total_supply", share->total_supply);
	put_u256(w, "reward_per_share", share->reward_per_share);
	ok = view_reward_per_share(&x, share, v, global(s));
	put_view(w, "current_reward_per_share", ok, x);
	put_u256(w, "active_amount", share->active_amount);
	put_u256(w, "withdraw_pool", share->withdraw_pool);
	put_u256(w, "withdraw_shares", share->withdraw_shares);
	ok = view_withdraw_exchange_rate(&x, share);
	put_view(w, "withdraw_exchange_rate", ok, x);
	put_bool(w, "delegation", share->delegation);
	put_bool(w, "locked", share->locked);
	jw_obj_end(w);
}

static void put_validator(const struct state *s, struct jw *w, const struct ledger_validator *v)
{
	struct u256 x = U256_ZERO;
	bool ok;

	put_u64(w, "id", v->key.n);
	jw_key(w, "status");
	jw_str(w, status_text(v->status));
	put_bool(w, "is_active", view_is_validator(v, global(s)->current_epoch));
	put_address(s, w, "owner", &v->owner);
	put_address(s, w, "signer", &v->signer);
	put_address(s, w, "share_contract", &v->contract);
	put_u256(w, "own_stake", v->amount);
	put_u256(w, "delegated_stake", v->delegated_amount);
	put_u256(w, "total_stake", u256_add(v->amount, v->delegated_amount));
	ok = view_validator_reward(&x, v, global(s));
	put_view(w, "reward", ok, x);
	ok = view_delegators_reward(&x, v, global(s));
	put_view(w, "delegators_reward", ok, x);
	put_u256(w, "initial_reward_per_stake", v->initial_reward_per_stake);
	put_u256(w, "stored_reward", v->reward);
	put_u256(w, "stored_delegators_reward", v->delegators_reward);
	put_small(w, "commission_rate", v->commission_rate);
	put_u64(w, "last_commission_update", v->last_commission_update);
	put_u64(w, "activation_epoch", v->activation_epoch);
	put_u64(w, "deactivation_epoch", v->deactivation_epoch);
	put_u64(w, "jail_epoch", v->jail_epoch);
	put_u64(w, "nonce", v->nonce);
	put_u64(w, "latest_signer_update_epoch", v->latest_signer_update_epoch);
	put_share(s, w, v, find(s, LEDGER_SHARE, 0, &v->contract));
	put_address(s, w, "partnership",
		find(s, LEDGER_PARTNERSHIP, 0, &v->owner) ? &v->owner : NULL);
}

static bool has_validator(struct state *s)
{
	return has_global(s) && s->counts[LEDGER_VALIDATOR] == 1;
}

static void write_validator(struct call *c, struct state *s, struct jw *w)
{
	(void)c;
	put_validator(s, w, s->records[LEDGER_VALIDATOR][0]);
}

#define VALIDATOR_NOW                                                                              \
	"SELECT v.contract, v.owner FROM ledger.validator v WHERE v.chain_id = $1::int8 AND v.id ="    \
	" $3::int8 AND v.block <= (SELECT at FROM h) ORDER BY v.block DESC LIMIT 1"

void get_validator(struct call *c)
{
	struct state *s = begin(c);
	struct buf q;

	if (!s)
		return;
	if (!query_int(&s->id, c->args[0])) {
		respond_problem(c, 400, "id", "must be an integer");
		return;
	}
	start_sql(&q);
	one(&q, LEDGER_VALIDATOR, "y.id = $3::int8 AND y.id > 0");
	each(&q, LEDGER_SHARE, VALIDATOR_NOW, "y.contract = k.contract");
	each(&q, LEDGER_PARTNERSHIP, VALIDATOR_NOW, "y.address = k.owner");
	s->write = write_validator;
	s->there = has_validator;
	s->absent = "this validator id was never used";
	ask(c, s, &q, arena_printf(c->mem, "%lld", (long long)s->id));
}

/* ---- /v1/delegators/{address} ---- */

static void put_unbonds(const struct state *s, struct jw *w, const struct ledger_position *p)
{
	struct u256 claimable;

	jw_key(w, "unbonds");
	jw_arr(w);
	for (size_t i = 0; i < s->counts[LEDGER_UNBOND]; i++) {
		const struct ledger_unbond *u = s->records[LEDGER_UNBOND][i];

		if (u256_is_zero(u->shares) || !address_eq(&u->key.a, &p->key.a))
			continue;
		claimable = u256_add(u256_u64(u->withdraw_epoch), global(s)->withdrawal_delay);
		jw_obj(w);
		put_u64(w, "nonce", u->key.n);
		put_u256(w, "shares", u->shares);
		put_u64(w, "withdraw_epoch", u->withdraw_epoch);
		put_small(w, "claimable_epoch", claimable);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void put_position(const struct state *s, struct jw *w, const struct ledger_position *p)
{
	const struct ledger_validator *v = find(s, LEDGER_VALIDATOR, p->validator_id, NULL);
	const struct ledger_share *share = find(s, LEDGER_SHARE, 0, &p->key.a);
	struct u256 rate = U256_ZERO, x = U256_ZERO;
	bool known = v && share, has_rate = known && view_exchange_rate(&rate, share, v), ok;

	jw_obj(w);
	put_u64(w, "validator_id", p->validator_id);
	put_u256(w, "shares", p->shares);
	ok = has_rate && view_total_stake(&x, p, rate);
	put_view(w, "stake", ok, x);
	put_view(w, "exchange_rate", has_rate, rate);
	ok = known && view_reward_per_share(&x, share, v, global(s)) && view_liquid_rewards(&x, p, x);
	put_view(w, "reward", ok, x);
	put_u256(w, "initial_reward_per_share", p->initial_reward_per_share);
	put_u64(w, "unbond_nonce", p->unbond_nonce);
	put_unbonds(s, w, p);
	jw_obj_end(w);
}

static int by_validator(const void *a, const void *b)
{
	const struct ledger_position *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->validator_id != y->validator_id)
		return x->validator_id < y->validator_id ? -1 : 1;
	return memcmp(x->key.a.b, y->key.a.b, 20);
}

static int by_nonce(const void *a, const void *b)
{
	const struct ledger_unbond *x = *(void *const *)a, *y = *(void *const *)b;

	return x->key.n < y->key.n ? -1 : x->key.n > y->key.n;
}

static void write_delegator(struct call *c, struct state *s, struct jw *w)
{
	size_t n = s->counts[LEDGER_POSITION];

	(void)c;
	qsort(s->records[LEDGER_POSITION], n, sizeof(void *), by_validator);
	qsort(s->records[LEDGER_UNBOND], s->counts[LEDGER_UNBOND], sizeof(void *), by_nonce);
	put_address(s, w, "address", &s->address);
	jw_key(w, "positions");
	jw_arr(w);
	for (size_t i = 0; i < n; i++)
		put_position(s, w, s->records[LEDGER_POSITION][i]);
	jw_arr_end(w);
}

#define POSITIONS KEYS("position", "z.share_contract, z.validator_id", "z.delegator = $3::bytea")

void get_delegator(struct call *c)
{
	struct state *s = begin(c);
	struct buf q;

	if (!s || !address_arg(c, s))
		return;
	start_sql(&q);
	each(&q, LEDGER_POSITION, POSITIONS,
		"y.share_contract = k.share_contract AND y.delegator = $3::bytea");
	each(&q, LEDGER_SHARE, POSITIONS, "y.contract = k.share_contract");
	each(&q, LEDGER_VALIDATOR, POSITIONS, "y.id = k.validator_id");
	each(&q, LEDGER_UNBOND,
		"SELECT u.share_contract, u.nonce FROM (" POSITIONS ") p JOIN ledger.unbond u ON"
		" u.created AND u.chain_id = $1::int8 AND u.share_contract = p.share_contract AND"
		" u.delegator = $3::bytea AND u.block <= (SELECT at FROM h)",
		"y.share_contract = k.share_contract AND y.delegator = $3::bytea AND y.nonce = k.nonce");
	s->write = write_delegator;
	s->there = has_global;
	s->absent = "no state";
	ask(c, s, &q, list_bytea(c->mem, s->address.b, 20));
}

/* ---- /v1/partnerships/{address} ---- */

/* Present ones first, then past ones, in address order. */
static int by_presence(const void *a, const void *b)
{
	const struct ledger_person *x = *(void *const *)a, *y = *(void *const *)b;

	if (x->active != y->active)
		return x->active ? -1 : 1;
	return memcmp(x->key.b.b, y->key.b.b, 20);
}

static void put_person(const struct state *s, struct jw *w, const struct ledger_person *x)
{
	jw_obj(w);
	put_address(s, w, "address", &x->key.b);
	put_u64(w, "share_bps", x->share_bps);
	put_bool(w, "active", x->active);
	put_u256(w, "claimable", x->claimable);
	put_u256(w, "claimed", x->claimed);
	put_u256(w, "contributed", x->contributed);
	put_u256(w, "earned", u256_add(x->allocated, x->restaked));
	jw_obj_end(w);
}

static bool has_partnership(struct state *s)
{
	return has_global(s) && s->counts[LEDGER_PARTNERSHIP] == 1;
}

static void put_validator_id(struct jw *w, uint64_t id)
{
	jw_key(w, "validator_id");
	if (id)
		jw_u64(w, id);
	else
		jw_null(w);
}

static void write_partnership(struct call *c, struct state *s, struct jw *w)
{
	const struct ledger_partnership *p = s->records[LEDGER_PARTNERSHIP][0];
	const struct ledger_balance *b = find(s, LEDGER_BALANCE, 0, &p->key.a);

	(void)c;
	put_address(s, w, "address", &p->key.a);
	put_validator_id(w, p->validator_id);
	jw_key(w, "source");
	jw_str(w, "abi");
	put_u64(w, "phase", p->phase);
	put_bool(w, "paused", p->paused);
	put_address(s, w, "admin", &p->admin);
	put_address(s, w, "operator", &p->operator_);
	put_address(s, w, "dust_partner", &p->dust_partner);
	put_u256(w, "total_received", p->total_received);
	put_u256(w, "free_capital", p->free_capital);
	put_u256(w, "staked_capital", p->staked_capital);
	put_u256(w, "token_balance", b ? b->amount : U256_ZERO);
	qsort(s->records[LEDGER_PERSON], s->counts[LEDGER_PERSON], sizeof(void *), by_presence);
	jw_key(w, "partners");
	jw_arr(w);
	for (size_t i = 0; i < s->counts[LEDGER_PERSON]; i++)
		put_person(s, w, s->records[LEDGER_PERSON][i]);
	jw_arr_end(w);
}

void get_partnership(struct call *c)
{
	struct state *s = begin(c);
	struct buf q;

	if (!s || !address_arg(c, s))
		return;
	start_sql(&q);
	one(&q, LEDGER_PARTNERSHIP, "y.address = $3::bytea");
	one(&q, LEDGER_BALANCE, "y.account = $3::bytea");
	each(&q, LEDGER_PERSON, KEYS("person", "z.account", "z.partnership = $3::bytea"),
		"y.partnership = $3::bytea AND y.account = k.account");
	s->write = write_partnership;
	s->there = has_partnership;
	s->absent = "this address is no partnership";
	ask(c, s, &q, list_bytea(c->mem, s->address.b, 20));
}

/* ---- /v1/partners/{address} ---- */

/* The partner's part of what its validator earned and the partnership did not pull yet. */
static bool accrued(struct u256 *out, const struct state *s, const struct ledger_person *x,
	const struct ledger_validator *v)
{
	struct u256 all;

	*out = U256_ZERO;
	return !v || !x->active ||
	       (view_validator_reward(&all, v, global(s)) &&
		       u256_mul_ok(&all, all, u256_u64(x->share_bps)) &&
		       u256_div(out, NULL, all, u256_u64(10000)));
}

static void write_partner(struct call *c, struct state *s, struct jw *w)
{
	(void)c;
	put_address(s, w, "address", &s->address);
	jw_key(w, "partnerships");
	jw_arr(w);
	for (size_t i = 0; i < s->counts[LEDGER_PERSON]; i++) {
		const struct ledger_person *x = s->records[LEDGER_PERSON][i];
		const struct ledger_partnership *p = find(s, LEDGER_PARTNERSHIP, 0, &x->key.a);
		uint64_t id = p ? p->validator_id : 0;
		struct u256 v = U256_ZERO;
		bool ok = accrued(&v, s, x, id ? find(s, LEDGER_VALIDATOR, id, NULL) : NULL);

		jw_obj(w);
		put_address(s, w, "partnership", &x->key.a);
		put_validator_id(w, id);
		put_u64(w, "share_bps", x->share_bps);
		put_bool(w, "active", x->active);
		put_view(w, "accrued", ok, v);
		put_bool(w, "estimate", true);
		put_u256(w, "allocated", x->allocated);
		put_u256(w, "claimable", x->claimable);
		put_u256(w, "claimed", x->claimed);
		put_u256(w, "contributed", x->contributed);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

#define PARTNERSHIPS_OF KEYS("person", "z.partnership", "z.account = $3::bytea")

void get_partner(struct call *c)
{
	struct state *s = begin(c);
	struct buf q;

	if (!s || !address_arg(c, s))
		return;
	start_sql(&q);
	each(&q, LEDGER_PERSON, PARTNERSHIPS_OF,
		"y.partnership = k.partnership AND y.account = $3::bytea");
	each(&q, LEDGER_PARTNERSHIP, PARTNERSHIPS_OF, "y.address = k.partnership");
	each(&q, LEDGER_VALIDATOR,
		"SELECT DISTINCT n.validator_id FROM (" PARTNERSHIPS_OF ") m CROSS JOIN LATERAL (SELECT"
		" p.validator_id FROM ledger.partnership p WHERE p.chain_id = $1::int8 AND p.address ="
		" m.partnership AND p.block <= (SELECT at FROM h) ORDER BY p.block DESC LIMIT 1) n",
		"y.id = k.validator_id");
	s->write = write_partner;
	s->there = has_global;
	s->absent = "no state";
	ask(c, s, &q, list_bytea(c->mem, s->address.b, 20));
}
