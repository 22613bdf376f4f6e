/* Entries as rows: one table a kind of history. */
#include "books/body.h"

#include <string.h>

static const struct {
	const char *table, *columns;
} tables[] = {
	[TABLE_CHECKPOINT - TABLE_CHECKPOINT] = {"checkpoint",
		"chain_id, block, log_index, tx, time, checkpoint_id, root_chain_id, epoch, proposer_id, reward,"
		" bonus, signed_stake, total_stake, signed, missed, leaving"},
	[TABLE_ACCRUAL - TABLE_CHECKPOINT] = {"accrual",
		"chain_id, block, log_index, tx, time, validator_id, checkpoint_id, root_chain_id, own,"
		" delegators, proposer_bonus, commission"},
	[TABLE_VALIDATOR_PAYOUT - TABLE_CHECKPOINT] = {"validator_payout",
		"chain_id, block, log_index, tx, time, validator_id, kind, account, amount"},
	[TABLE_DELEGATOR_ENTRY - TABLE_CHECKPOINT] = {"delegator_entry",
		"chain_id, block, log_index, tx, time, delegator, kind, validator_id, amount"},
	[TABLE_PARTNER_ENTRY - TABLE_CHECKPOINT] = {"partner_entry",
		"chain_id, block, log_index, tx, time, partner, kind, partnership, validator_id, amount, origin,"
		" recipient, share_bps, terms_tx, claimable_after, claimed_after, contributed_after"},
	[TABLE_ROLE_ENTRY - TABLE_CHECKPOINT] = {"role_entry",
		"chain_id, block, log_index, tx, time, partnership, role, account, given"},
	[TABLE_POSTING - TABLE_CHECKPOINT] = {"posting",
		"chain_id, block, ordinal, log_index, tx, time, kind, debit, credit, amount"},
	[TABLE_PARAMETER - TABLE_CHECKPOINT] = {"parameter",
		"chain_id, block, ordinal, log_index, tx, time, parameter, value, previous, source, reason"},
};

static const char *const kind_names[ENTRY_KIND_COUNT] = {
	[ENTRY_VALIDATOR_CLAIM] = "claim",
	[ENTRY_VALIDATOR_RESTAKE] = "restake",
	[ENTRY_VALIDATOR_PRINCIPAL] = "principal",
	[ENTRY_DELEGATOR_CLAIM] = "claim",
	[ENTRY_DELEGATOR_RESTAKE] = "restake",
	[ENTRY_DELEGATOR_MIGRATION] = "migration",
	[ENTRY_DELEGATOR_UNSTAKE] = "unstake",
	[ENTRY_ALLOCATION] = "allocation",
	[ENTRY_PAYOUT] = "payout",
	[ENTRY_CONTRIBUTION] = "contribution",
	[ENTRY_RETURN] = "return",
};

const char *entries_table(unsigned t)
{
	return tables[t - TABLE_CHECKPOINT].table;
}

const char *entries_columns(unsigned t)
{
	return tables[t - TABLE_CHECKPOINT].columns;
}

unsigned entries_column_count(unsigned t)
{
	unsigned n = 1;

	for (const char *p = tables[t - TABLE_CHECKPOINT].columns; *p; p++)
		n += *p == ',';
	return n;
}

static struct copy *begin(struct session *s, unsigned t, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = &s->rows[t];

	copy_row(c);
	copy_i64(c, s->chain_id);
	copy_i64(c, (int64_t)b->h.number);
	copy_i32(c, (int32_t)x->log->log_index);
	copy_bytes(c, x->log->tx_hash.b, sizeof(x->log->tx_hash.b));
	copy_time(c, (int64_t)b->h.time);
	return c;
}

static void put_address(struct copy *c, const struct address *a)
{
	copy_bytes(c, a->b, sizeof(a->b));
}

/* Ids of validators that exist: 0 and the sink stand for nobody. */
static bool is_validator(uint64_t id)
{
	return id && id <= INT64_MAX;
}

static void put_validator(struct copy *c, uint64_t id)
{
	if (is_validator(id))
		copy_i64(c, (int64_t)id);
	else
		copy_null(c);
}

static void put_ids(struct session *s, struct copy *c, const uint64_t *ids, size_t n)
{
	int64_t *kept = arena_alloc(s->mem, (n + 1) * sizeof(*kept));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (is_validator(ids[i]))
			kept[k++] = (int64_t)ids[i];
	copy_i64_array(c, kept, k);
}

static void put_checkpoint(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = begin(s, TABLE_CHECKPOINT, b, x);

	copy_i64(c, (int64_t)x->checkpoint_id);
	copy_i16(c, (int16_t)x->root_chain_id);
	copy_i64(c, (int64_t)x->epoch);
	put_validator(c, x->validator_id);
	copy_u256(c, x->amount);
	copy_u256(c, x->bonus);
	copy_u256(c, x->signed_stake);
	copy_u256(c, x->total_stake);
	put_ids(s, c, x->signed_ids, x->signed_count);
	put_ids(s, c, x->missed_ids, x->missed_count);
	put_ids(s, c, x->leaving_ids, x->leaving_count);
}

static void put_accrual(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = begin(s, TABLE_ACCRUAL, b, x);

	copy_i64(c, (int64_t)x->validator_id);
	copy_i64(c, (int64_t)x->checkpoint_id);
	copy_i16(c, (int16_t)x->root_chain_id);
	copy_u256(c, x->amount);
	copy_u256(c, x->delegators);
	copy_u256(c, x->bonus);
	copy_u256(c, x->commission);
}

static void put_validator_payout(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = begin(s, TABLE_VALIDATOR_PAYOUT, b, x);

	copy_i64(c, (int64_t)x->validator_id);
	copy_text(c, kind_names[x->kind]);
	put_address(c, &x->account);
	copy_u256(c, x->amount);
}

static void put_delegator(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = begin(s, TABLE_DELEGATOR_ENTRY, b, x);

	put_address(c, &x->account);
	copy_text(c, kind_names[x->kind]);
	copy_i64(c, (int64_t)x->validator_id);
	copy_u256(c, x->amount);
}

static void put_partner(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	static const struct hash32 none;
	struct copy *c = begin(s, TABLE_PARTNER_ENTRY, b, x);

	put_address(c, &x->account);
	copy_text(c, kind_names[x->kind]);
	put_address(c, &x->partnership);
	put_validator(c, x->validator_id);
	copy_u256(c, x->amount);
	copy_text(c, x->kind != ENTRY_CONTRIBUTION ? NULL : x->income ? "restaked_reward" : "deposit");
	if (x->kind == ENTRY_PAYOUT)
		put_address(c, &x->recipient);
	else
		copy_null(c);
	copy_i64(c, (int64_t)x->share_bps);
	if (hash_eq(&x->terms_tx, &none))
		copy_null(c);
	else
		copy_bytes(c, x->terms_tx.b, sizeof(x->terms_tx.b));
	copy_u256(c, x->claimable_after);
	copy_u256(c, x->claimed_after);
	copy_u256(c, x->contributed_after);
}

static void put_role(struct session *s, const struct block *b, const struct ledger_entry *x)
{
	struct copy *c = begin(s, TABLE_ROLE_ENTRY, b, x);

	put_address(c, &x->partnership);
	copy_text(c, x->role);
	put_address(c, &x->account);
	copy_bool(c, x->kind == ENTRY_ROLE_GIVEN);
}

/* ---- movements between accounts ------------------------------------------------------------- */

/* What a checkpoint credits to each validator is a row of accrual already. */
static bool is_accrual(const struct ledger_posting *p)
{
	return p->kind == POSTING_CREDITED || p->kind == POSTING_COMMISSION;
}

static void put_account(struct session *s, struct copy *c, const struct ledger_account *a)
{
	char name[LEDGER_ACCOUNT_NAME_MAX];

	ledger_account_name(name, s->ledger, a);
	copy_text(c, name);
}

/* Before all logs: their indexes are below 0, in the order in which they are told. */
static void initial_role(struct session *s, int64_t block, int32_t *at,
	const struct ledger_partnership *p, const struct address *account, const char *role)
{
	static const struct address nobody;
	struct copy *c = &s->rows[TABLE_ROLE_ENTRY];

	if (address_eq(account, &nobody))
		return;
	copy_row(c);
	copy_i64(c, s->chain_id);
	copy_i64(c, block);
	copy_i32(c, (*at)++);
	copy_null(c);
	copy_null(c);
	put_address(c, &p->key.a);
	copy_text(c, role);
	put_address(c, account);
	copy_bool(c, true);
}

void entries_initial_roles(struct session *s, int64_t block)
{
	size_t people = ledger_count(s->ledger, LEDGER_PERSON);

	for (size_t i = 0; i < ledger_count(s->ledger, LEDGER_PARTNERSHIP); i++) {
		const struct ledger_partnership *p = ledger_at(s->ledger, LEDGER_PARTNERSHIP, i);
		int32_t at = -(int32_t)(people + 2);

		if (p->phase == PHASE_INFERRED)
			continue;
		initial_role(s, block, &at, p, &p->admin, "admin");
		initial_role(s, block, &at, p, &p->operator_, "operator");
		for (size_t k = 0; k < people; k++) {
			const struct ledger_person *w = ledger_at(s->ledger, LEDGER_PERSON, k);

			if (w->active && address_eq(&w->key.a, &p->key.a))
				initial_role(s, block, &at, p, &w->key.b, "partner");
		}
	}
}

void entries_postings(struct session *s, const struct block *b, int64_t block,
	const struct ledger_posting *p, size_t n)
{
	struct copy *c = &s->rows[TABLE_POSTING];

	for (size_t i = 0; i < n; i++) {
		if (is_accrual(&p[i]))
			continue;
		copy_row(c);
		copy_i64(c, s->chain_id);
		copy_i64(c, block);
		copy_i32(c, (int32_t)i);
		if (p[i].log_index == UINT32_MAX)
			copy_null(c);
		else
			copy_i32(c, (int32_t)p[i].log_index);
		if (b) {
			copy_bytes(c, p[i].tx_hash.b, sizeof(p[i].tx_hash.b));
			copy_time(c, (int64_t)b->h.time);
		} else {
			copy_null(c);
			copy_null(c);
		}
		copy_text(c, ledger_posting_name(p[i].kind));
		put_account(s, c, &p[i].from);
		put_account(s, c, &p[i].to);
		copy_u256(c, p[i].amount);
	}
}

/* ---- parameters ------------------------------------------------------------------------------ */

void entries_parameters(struct session *s, const struct block *b, int64_t block,
	const struct ledger_parameter_change *v, size_t n)
{
	struct copy *c = &s->rows[TABLE_PARAMETER];
	char name[LEDGER_PARAMETER_NAME_MAX];

	for (size_t i = 0; i < n; i++) {
		bool in_tx = v[i].source == SOURCE_EVENT || v[i].source == SOURCE_CALL;

		copy_row(c);
		copy_i64(c, s->chain_id);
		copy_i64(c, block);
		copy_i32(c, (int32_t)i);
		if (v[i].log_index == UINT32_MAX)
			copy_null(c);
		else
			copy_i32(c, (int32_t)v[i].log_index);
		if (in_tx)
			copy_bytes(c, v[i].tx_hash.b, sizeof(v[i].tx_hash.b));
		else
			copy_null(c);
		if (b)
			copy_time(c, (int64_t)b->h.time);
		else
			copy_null(c);
		ledger_parameter_name(name, v[i].parameter);
		copy_text(c, name);
		copy_u256(c, v[i].value);
		if (b)
			copy_u256(c, v[i].before);
		else
			copy_null(c);
		copy_text(c, ledger_source_name(v[i].source));
		if (v[i].reason)
			copy_text(c, v[i].reason);
		else
			copy_null(c);
	}
}

void entries_rows(struct session *s, const struct block *b, const struct ledger_outcome *out)
{
	for (size_t i = 0; i < out->entry_count; i++) {
		const struct ledger_entry *x = &out->entries[i];

		switch (x->kind) {
		case ENTRY_CHECKPOINT: put_checkpoint(s, b, x); break;
		case ENTRY_ACCRUAL: put_accrual(s, b, x); break;
		case ENTRY_VALIDATOR_CLAIM:
		case ENTRY_VALIDATOR_RESTAKE:
		case ENTRY_VALIDATOR_PRINCIPAL: put_validator_payout(s, b, x); break;
		case ENTRY_DELEGATOR_CLAIM:
		case ENTRY_DELEGATOR_RESTAKE:
		case ENTRY_DELEGATOR_MIGRATION:
		case ENTRY_DELEGATOR_UNSTAKE: put_delegator(s, b, x); break;
		case ENTRY_ALLOCATION:
		case ENTRY_PAYOUT:
		case ENTRY_CONTRIBUTION:
		case ENTRY_RETURN: put_partner(s, b, x); break;
		case ENTRY_ROLE_GIVEN:
		case ENTRY_ROLE_TAKEN: put_role(s, b, x); break;
		case ENTRY_KIND_COUNT: break;
		}
	}
	entries_postings(s, b, (int64_t)b->h.number, out->postings, out->posting_count);
	entries_parameters(s, b, (int64_t)b->h.number, out->parameters, out->parameter_count);
}
