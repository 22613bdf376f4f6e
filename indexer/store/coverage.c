/*
 * Ranges above the visible prefix.
 *
 * A bounded backfill that begins above the first missing block writes its rows into the same
 * tables; readers do not see them, because every view ends at chain.head.indexed. chain.coverage
 * has one row a range: how far it got, and what it rests on (the parent hash of its first block,
 * and a digest of the contracts that discovery had found by then, since that decides which logs
 * were asked for).
 *
 * The writer of the prefix meets a range when its tip is right below it: joined when both fit, else
 * deleted, and the stream's own blocks take its place. A backfill that is still filling a range
 * when it is joined or dropped notices at its next write (compare-and-set on the row) and opens
 * anew.
 */
#include "store/writer_state.h"

#include "base/log.h"

#include <string.h>

#define DIGEST_SQL                                                                                 \
	"sha256(coalesce(string_agg(address || convert_to(contract || ' ' || rule || ' ' || block" \
	" || ' ' || log_index, 'UTF8'), ''::bytea ORDER BY block, log_index, address), "           \
	"''::bytea))"

/* Advisory locks: one a chain, one a range. `brief`: given back at the end of the transaction. */
static enum err_kind try_lock(
	struct writer *w, const char *what, int64_t id, bool brief, bool *got, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_text(&a, what);
	pg_arg_i64(&a, id);
	pg_arg_i64(&a, brief);
	k = pg_query(w->pg,
		"WITH k AS (SELECT hashtextextended('bttc-indexer ' || $2 || ' ' || $1 || ' ' || "
		"$3, 0) AS v)"
		" SELECT CASE WHEN $4 = 1 THEN pg_try_advisory_xact_lock(v) ELSE "
		"pg_try_advisory_lock(v) END"
		" FROM k",
		&a, e);
	*got = !k && pg_i64(w->pg, 0, 0);
	return k;
}

static enum err_kind must_lock(struct writer *w, const char *what, int64_t id, struct err *e)
{
	bool got;
	enum err_kind k = try_lock(w, what, id, false, &got, e);

	if (k || got)
		return k;
	return err_set(e, ERR_AGAIN, "store", WRITER_BUSY,
		"chain %s is being written by another process", w->chain->key);
}

static enum err_kind drop_rows(struct writer *w, uint64_t from, uint64_t to, struct err *e)
{
	static const char *const fixed[] = {
		"chain.contract", "chain.parked", "staking.checkpoint", "partnership.event",
		"chain.evidence", "chain.evidence_tx"};
	struct buf sql;
	enum err_kind k;

	buf_init(&sql, 8192);
	buf_printf(&sql,
		"DELETE FROM chain.coverage WHERE chain_id = %" PRId64 " AND from_block = %" PRIu64
		";",
		w->chain_id, from);
	buf_printf(&sql,
		"DELETE FROM chain.block_%" PRId64 " WHERE number BETWEEN %" PRIu64 " AND %" PRIu64
		";",
		w->chain_id, from, to);
	for (int i = 0; i < 2; i++)
		buf_printf(&sql,
			"DELETE FROM chain.%s_%" PRId64 " WHERE block BETWEEN %" PRIu64
			" AND %" PRIu64 ";",
			i ? "tx" : "log", w->chain_id, from, to);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		buf_printf(&sql,
			"DELETE FROM %s WHERE chain_id = %" PRId64 " AND block BETWEEN %" PRIu64
			" AND %" PRIu64 ";",
			fixed[i], w->chain_id, from, to);
	k = pg_exec(w->pg, sql.p, e);
	buf_free(&sql);
	return k;
}

/* -------- meeting a range -------- */

enum err_kind coverage_look(struct writer *w, bool lock, struct err *e)
{
	static const char plain[] =
		"SELECT from_block, to_block, coalesce(from_parent, ''), coalesce(to_hash, ''),"
		" contracts_at_start FROM chain.coverage WHERE chain_id = $1 ORDER BY from_block "
		"LIMIT 1";
	static const char locked[] =
		"SELECT from_block, to_block, coalesce(from_parent, ''), coalesce(to_hash, ''),"
		" contracts_at_start FROM chain.coverage WHERE chain_id = $1 ORDER BY from_block "
		"LIMIT 1"
		" FOR UPDATE";
	struct pg_args a = {0};
	struct upper *u = &w->upper;
	enum err_kind k;

	*u = (struct upper){0};
	arg_chain(&a, w);
	k = pg_query(w->pg, lock ? locked : plain, &a, e);
	if (k || !pg_count(w->pg))
		return k;
	u->has = true;
	u->from = (uint64_t)pg_i64(w->pg, 0, 0);
	u->to = (uint64_t)pg_i64(w->pg, 0, 1);
	u->empty = !col_hash(w->pg, 0, 2, &u->from_parent) || !col_hash(w->pg, 0, 3, &u->to_hash);
	memcpy(u->contracts, pg_text(w->pg, 0, 4, NULL), sizeof(u->contracts));
	return ERR_NONE;
}

static enum err_kind digest_below(struct writer *w, uint64_t block, uint8_t out[32], struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)block);
	k = pg_query(w->pg,
		"SELECT " DIGEST_SQL " FROM chain.contract WHERE chain_id = $1 AND block < $2", &a,
		e);
	if (!k)
		memcpy(out, pg_text(w->pg, 0, 0, NULL), 32);
	return k;
}

static enum err_kind join(struct writer *w, struct tip *tip, struct err *e)
{
	const struct upper *u = &w->upper;
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)u->from);
	pg_arg_i64(&a, (int64_t)u->to);
	k = pg_query(w->pg,
		"WITH c AS (DELETE FROM chain.coverage WHERE chain_id = $1 AND from_block = $2),"
		" l AS (INSERT INTO chain.level_count SELECT chain_id, level, count(*) FROM "
		"chain.block"
		"  WHERE chain_id = $1 AND number BETWEEN $2 AND $3 GROUP BY chain_id, level"
		"  ON CONFLICT (chain_id, level) DO UPDATE SET blocks = level_count.blocks + "
		"excluded.blocks)"
		" SELECT extract(epoch FROM time)::bigint FROM chain.block WHERE chain_id = $1 AND "
		"number = $3",
		&a, e);
	if (k)
		return k;
	if (pg_count(w->pg) != 1)
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: block %" PRIu64 " of a stored range is missing", w->chain->key,
			u->to);
	tip->has = true;
	tip->id = (struct block_id){u->to, u->to_hash};
	tip->time = (uint64_t)pg_i64(w->pg, 0, 0);
	log_info("store", "range joined", "chain=%s from=%" PRIu64 " to=%" PRIu64, w->chain->key,
		u->from, u->to);
	return ERR_NONE;
}

/* The range right above the tip: why it does not fit, or NULL. */
static enum err_kind misfit(
	struct writer *w, const struct tip *tip, const char **why, struct err *e)
{
	uint8_t now[32];
	enum err_kind k = digest_below(w, w->upper.from, now, e);

	*why = NULL;
	if (!k && !hash_eq(&w->upper.from_parent, &tip->id.hash))
		*why = "its first block has another parent";
	else if (!k && memcmp(now, w->upper.contracts, sizeof(now)))
		*why = "contracts were discovered below it after it was read";
	return k;
}

enum err_kind coverage_meet(struct writer *w, struct tip *tip, struct err *e)
{
	enum err_kind k;

	while (w->upper.has && tip->has && w->upper.from <= tip->id.number + 1) {
		const struct upper *u = &w->upper;
		const char *why = "it is empty";

		if ((k = writer_flush(w, e)) || (k = coverage_look(w, true, e)))
			return k;
		if (!u->has || u->from > tip->id.number + 1) /* somebody dropped it meanwhile */
			return ERR_NONE;
		if (!u->empty && u->from == tip->id.number + 1 && (k = misfit(w, tip, &why, e)))
			return k;
		if (!why && (k = join(w, tip, e)))
			return k;
		if (why && (k = drop_rows(w, u->from, u->to, e)))
			return k;
		if (why && !u->empty)
			log_warn("store", "range dropped, reading it again",
				"chain=%s from=%" PRIu64 " to=%" PRIu64 " reason=\"%s\"",
				w->chain->key, u->from, u->to, why);
		if ((k = coverage_look(w, false, e)))
			return k;
	}
	return ERR_NONE;
}

/* -------- a range's own writer -------- */

enum err_kind coverage_advance(struct writer *w, const struct tip *tip, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->first);
	pg_arg_i64(&a, tip->has ? (int64_t)tip->id.number : (int64_t)w->first - 1);
	pg_arg_bytes(&a, tip->has ? tip->id.hash.b : NULL, 32);
	pg_arg_i64(&a, (int64_t)tip->seq);
	pg_arg_i64(&a, (int64_t)w->at.seq);
	k = pg_query(w->pg,
		"UPDATE chain.coverage SET to_block = $3, to_hash = $4, seq = $5, from_parent ="
		" CASE WHEN $4 IS NOT NULL THEN (SELECT parent FROM chain.block WHERE chain_id = "
		"$1 AND"
		" number = $2) END WHERE chain_id = $1 AND from_block = $2 AND seq = $6",
		&a, e);
	if (k)
		return k;
	if (pg_changed(w->pg) != 1)
		return err_set(e, ERR_AGAIN, "store", 0,
			"chain %s: the range from %" PRIu64 " was joined or dropped meanwhile",
			w->chain->key, w->first);
	return ERR_NONE;
}

/* Stored ranges that share blocks with from..to, other than one that can be continued. */
static enum err_kind check_overlap(struct writer *w, uint64_t begin, struct err *e)
{
	struct pg_args a = {0};
	int64_t from[64], to[64], target[64];
	int n;
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)begin);
	pg_arg_i64(&a, (int64_t)w->conf.to);
	k = pg_query(w->pg,
		"SELECT from_block, to_block, target FROM chain.coverage WHERE chain_id = $1 AND"
		" from_block <> $2 AND from_block <= $3 AND target >= $2 ORDER BY from_block LIMIT "
		"64",
		&a, e);
	if (k)
		return k;
	n = pg_count(w->pg);
	for (int i = 0; i < n; i++) {
		from[i] = pg_i64(w->pg, i, 0);
		to[i] = pg_i64(w->pg, i, 1);
		target[i] = pg_i64(w->pg, i, 2);
	}
	for (int i = 0; i < n; i++) {
		bool idle;

		if ((k = try_lock(w, "range", from[i], true, &idle, e)))
			return k;
		if (idle && to[i] < from[i]) { /* begun and given up before its first block */
			if ((k = drop_rows(w, (uint64_t)from[i], (uint64_t)from[i], e)))
				return k;
			continue;
		}
		if (idle && to[i] < (int64_t)begin)
			continue;
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: blocks %" PRId64 " to %" PRId64
			" are %s: ask for the blocks before or after "
			"them",
			w->chain->key, from[i], idle ? to[i] : target[i],
			idle ? "stored already" : "being read by another backfill");
	}
	return ERR_NONE;
}

/* Where from..to really begins: at its own start, or where a stored range that covers it does. */
static enum err_kind find_begin(struct writer *w, uint64_t *begin, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->conf.from);
	k = pg_query(w->pg,
		"SELECT from_block FROM chain.coverage WHERE chain_id = $1 AND from_block <= $2 AND"
		" (to_block >= $2 - 1 OR from_block = $2) ORDER BY from_block DESC LIMIT 1",
		&a, e);
	if (!k)
		*begin = pg_count(w->pg) ? (uint64_t)pg_i64(w->pg, 0, 0) : w->conf.from;
	return k;
}

static enum err_kind reserve(struct writer *w, struct err *e)
{
	struct pg_args a = {0};

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->first);
	pg_arg_i64(&a, (int64_t)w->conf.to);
	return pg_query(w->pg,
		"INSERT INTO chain.coverage AS c (chain_id, from_block, to_block, target,"
		" contracts_at_start) SELECT $1, $2, $2 - 1, $3, " DIGEST_SQL
		" FROM chain.contract WHERE chain_id = $1 AND block < $2"
		" ON CONFLICT (chain_id, from_block) DO UPDATE SET target ="
		" greatest(c.to_block, excluded.target)",
		&a, e);
}

static enum err_kind load_range(struct writer *w, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->first);
	k = pg_query(w->pg,
		"SELECT c.seq, c.to_block, c.to_hash, extract(epoch FROM b.time)::bigint"
		" FROM chain.coverage c LEFT JOIN chain.block b ON b.chain_id = $1 AND b.number = "
		"c.to_block"
		" WHERE c.chain_id = $1 AND c.from_block = $2",
		&a, e);
	if (k)
		return k;
	if (pg_count(w->pg) != 1)
		return err_set(e, ERR_AGAIN, "store", 0,
			"chain %s: the range from %" PRIu64 " is gone", w->chain->key, w->first);
	w->at.seq = (uint64_t)pg_i64(w->pg, 0, 0);
	w->at.id.number = (uint64_t)pg_i64(w->pg, 0, 1);
	w->at.has = col_hash(w->pg, 0, 2, &w->at.id.hash);
	w->at.time = (uint64_t)pg_i64(w->pg, 0, 3);
	return ERR_NONE;
}

static enum err_kind open_range(struct writer *w, struct err *e)
{
	uint64_t begin;
	enum err_kind k;

	if ((k = pg_exec(
		     w->pg, "BEGIN; LOCK TABLE chain.coverage IN SHARE ROW EXCLUSIVE MODE", e)) ||
		(k = find_begin(w, &begin, e)))
		return k;
	w->ranged = true;
	w->first = begin;
	if ((k = must_lock(w, "range", (int64_t)begin, e)) || (k = check_overlap(w, begin, e)) ||
		(k = reserve(w, e)) || (k = pg_exec(w->pg, "COMMIT", e)))
		return k;
	w->at = (struct tip){0};
	return load_range(w, e);
}

enum err_kind coverage_open(struct writer *w, struct err *e)
{
	uint64_t missing = w->at.has ? w->at.id.number + 1 : w->first;

	if (w->conf.has_range && w->conf.to < missing) {
		w->complete = true;
		return ERR_NONE;
	}
	if (w->conf.has_range && w->conf.from > missing)
		return open_range(w, e);
	return must_lock(w, "chain", 0, e);
}
