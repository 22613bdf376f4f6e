/*
 * Forks: takes the newest block off the prefix and keeps its rows in the orphan tables, with the
 * number of the fork. A run of UNDO records is one fork, also when a crash or the end of a batch
 * cuts the run in two: it goes on when the record follows the last one of the newest fork
 * (chain.fork.last_seq).
 *
 * A range above the prefix was never seen by anybody: its rows are deleted.
 */
#include "store/writer_state.h"

#include "base/log.h"

#include <string.h>

/* Tables whose rows go with a block, and their column with the block number. orphan NULL: what they say
 * stands in other orphan tables. */
static const struct {
	const char *schema, *name, *column, *orphan;
	bool partitioned;
	const char *and; /* further condition, for an index that does not begin with the block */
} parts[] = {
	{"chain", "log", "block", "orphan_log", true, NULL},
	{"chain", "tx", "block", "orphan_tx", true, NULL},
	{"chain", "contract", "block", "orphan_contract", false, NULL},
	{"chain", "parked", "block", "orphan_parked", false, NULL},
	{"staking", "checkpoint", "block", "orphan_checkpoint", false, NULL},
	{"partnership", "event", "block", "orphan_event", false, NULL},
	{"chain", "evidence", "block", "orphan_evidence", false, NULL},
	{"chain", "evidence_tx", "block", NULL, false,
		" AND tx_head = ANY (ARRAY(SELECT chain.tx_head(l.tx) FROM chain.log l"
		" WHERE l.chain_id = $1 AND l.block = $2))"},
};
#define PART_COUNT (sizeof(parts) / sizeof(*parts))

static void table_name(struct buf *sql, const struct writer *w, size_t i)
{
	buf_printf(sql, "%s.%s", parts[i].schema, parts[i].name);
	if (parts[i].partitioned)
		buf_printf(sql, "_%" PRId64, w->chain_id);
}

/* $1 chain, $2 number, $3 hash, $4 fork. One statement moves everything; its row is the undone
 * block. */
static void move_sql(struct buf *sql, const struct writer *w)
{
	buf_printf(sql,
		"WITH b AS (DELETE FROM chain.block_%" PRId64
		" WHERE chain_id = $1 AND number = $2 AND"
		" hash = $3 RETURNING *)",
		w->chain_id);
	if (!w->ranged)
		buf_printf(sql,
			", o AS (INSERT INTO chain.orphan_block SELECT $4, b.* FROM b)"
			", c AS (UPDATE chain.level_count l SET blocks = l.blocks - 1 FROM b"
			" WHERE l.chain_id = $1 AND l.level = b.level)");
	for (size_t i = 0; i < PART_COUNT; i++) {
		buf_printf(sql, ", d%zu AS (DELETE FROM ", i);
		table_name(sql, w, i);
		buf_printf(sql, " WHERE chain_id = $1 AND %s = $2%s RETURNING *)", parts[i].column,
			parts[i].and ? parts[i].and : "");
		if (!w->ranged && parts[i].orphan)
			buf_printf(sql,
				", o%zu AS (INSERT INTO %s.%s SELECT $4, $3, d%zu.* FROM d%zu)", i,
				parts[i].schema, parts[i].orphan, i, i);
	}
	buf_printf(sql,
		" SELECT b.parent, extract(epoch FROM p.time)::bigint, $4::bigint FROM b"
		" LEFT JOIN chain.block_%" PRId64 " p ON p.chain_id = $1 AND p.number = $2 - 1",
		w->chain_id);
}

static enum err_kind move_block(struct writer *w, const struct tip *tip, struct hash32 *parent,
	uint64_t *time, struct err *e)
{
	struct pg_args a = {0};
	struct buf sql;
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)tip->id.number);
	arg_hash(&a, &tip->id.hash);
	pg_arg_i64(&a, tip->fork.number);
	buf_init(&sql, 16384);
	move_sql(&sql, w);
	k = pg_query(w->pg, sql.p, &a, e);
	buf_free(&sql);
	if (k)
		return k;
	if (pg_count(w->pg) != 1 || !col_hash(w->pg, 0, 0, parent))
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: block %" PRIu64 " to undo is not stored", w->chain->key,
			tip->id.number);
	*time = (uint64_t)pg_i64(w->pg, 0, 1);
	return ERR_NONE;
}

static enum err_kind write_fork(
	struct writer *w, const struct tip *tip, const struct hash32 *common, struct err *e)
{
	const struct fork_run *f = &tip->fork;
	struct pg_args a = {0};

	arg_chain(&a, w);
	pg_arg_i64(&a, f->number);
	pg_arg_i64(&a, (int64_t)tip->id.number - 1);
	arg_hash(&a, common);
	pg_arg_i64(&a, f->depth);
	pg_arg_i64(&a, (int64_t)f->first_seq);
	pg_arg_i64(&a, (int64_t)f->last_seq);
	return pg_query(w->pg,
		"INSERT INTO chain.fork (chain_id, fork, common_block, common_hash, depth, "
		"first_seq,"
		" last_seq) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (chain_id, fork) DO "
		"UPDATE SET"
		" common_block = excluded.common_block, common_hash = excluded.common_hash,"
		" depth = excluded.depth, last_seq = excluded.last_seq",
		&a, e);
}

/* Continue the newest fork, or begin another. A record may undo more than one block. */
static void take_fork(struct fork_run *f, uint64_t seq)
{
	if (!f->last_seq || f->last_seq + 1 != seq) {
		f->number++;
		f->depth = 0;
		f->first_seq = seq;
	}
	f->last_seq = seq;
}

/* What follows from the block goes first: its lock keeps others from reading what is about to go. */
static enum err_kind undo_ledger(struct writer *w, const struct tip *tip, struct err *e)
{
	struct pg_args a = {0};

	if (w->ranged || w->chain->role == ROLE_MIRROR)
		return ERR_NONE;
	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)tip->id.number);
	return pg_query(w->pg,
		w->chain->role == ROLE_STAKING ? "SELECT ledger.undo($1, $2)"
					       : "SELECT ledger.undo_child($1, $2)",
		&a, e);
}

static enum err_kind undo_one(struct writer *w, struct tip *tip, struct err *e)
{
	struct hash32 parent;
	uint64_t time = 0;
	enum err_kind k;

	if (!tip->has || tip->id.number < w->first)
		return err_set(e, ERR_FATAL, "store", 0, "chain %s: nothing stored to undo",
			w->chain->key);
	if (tip->has_final && tip->id.number <= tip->final && !w->ranged)
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: block %" PRIu64 " was called final (up to %" PRIu64
			") and should be undone: nothing was changed, check the node",
			w->chain->key, tip->id.number, tip->final);
	tip->fork.depth++;
	if ((k = undo_ledger(w, tip, e)) || (k = move_block(w, tip, &parent, &time, e)) ||
		(!w->ranged && (k = write_fork(w, tip, &parent, e))))
		return k;
	tip->has = tip->id.number > w->first;
	if (tip->has) {
		tip->id = (struct block_id){tip->id.number - 1, parent};
		tip->time = time;
	}
	return ERR_NONE;
}

enum err_kind undo_to(
	struct writer *w, struct tip *tip, uint64_t number, uint64_t seq, struct err *e)
{
	enum err_kind k = writer_flush(w, e);

	if (!w->ranged)
		take_fork(&tip->fork, seq);
	while (!k && tip->has && tip->id.number >= number)
		k = undo_one(w, tip, e);
	if (!k && !w->ranged) {
		struct pg_args a = {0};

		arg_chain(&a, w);
		k = pg_query(w->pg,
			"DELETE FROM chain.level_count WHERE chain_id = $1 AND blocks = 0", &a, e);
	}
	return k;
}
