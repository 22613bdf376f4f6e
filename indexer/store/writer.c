/*
 * The writer of one chain: takes steps, encodes their rows as COPY BINARY buffers, and sends them
 * in one transaction together with the stream position (chain.head.seq, compared and set) and
 * everything that is counted (levels, forks, Kafka offset). What a reader sees and where the stream
 * goes on can therefore never differ, whatever is killed.
 *
 * A plain COPY is safe: only the holder of the chain's advisory lock writes, the lock dies with the
 * connection, and blocks are only ever appended above the stored ones. When the outcome of a COMMIT
 * is in doubt, the connection is gone, so the lock is too; the next writer reads the position and
 * skips what is stored.
 *
 * chain.head is read at open and kept in w->at; each call works on a copy that replaces it after
 * COMMIT.
 */
#include "store/writer_state.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/schema_version.h"

#include <stdlib.h>
#include <string.h>

#define BULK_NEAR_BLOCKS 2000 /* this close to the node's head indexes are kept */
#define BULK_EMPTY_ROWS 20000 /* a table with fewer logs may go without its indexes */

const struct writer_table writer_tables[TABLE_COUNT] = {
	[T_BLOCK] = {"chain.block",
		"chain_id, number, hash, parent, time, author, level, tx_total, gas_used, "
		"difficulty,"
		" tx_root, receipts_root, fee_sum, fee_count, extra, agreed_by, agreed_digest",
		true, 17},
	[T_LOG] = {"chain.log",
		"chain_id, block, log_index, tx_index, state_sync, tx, address, contract, event,"
		" validator_id, topics, data",
		true, 12},
	[T_TX] = {"chain.tx",
		"chain_id, block, tx_index, hash, sender, recipient, value, type, succeeded, "
		"contract,"
		" function, input",
		true, 12},
	[T_CONTRACT] = {"chain.contract",
		"chain_id, address, contract, rule, block, log_index, validator_id", false, 7},
	[T_CHECKPOINT] = {"staking.checkpoint",
		"chain_id, block, log_index, tx, kind, root_chain_id, checkpoint_id, "
		"header_block_id,"
		" proposer, start_block, end_block, root, reward, submitted_by, account_root,"
		" bttc_chain_id, call_epoch, vote_data, signatures",
		false, 19},
	[T_PARTNERSHIP] = {"partnership.event",
		"chain_id, block, log_index, tx, address, kind, partner, account, recipient, "
		"operator,"
		" admin, amount, total, share_bps, old_share_bps, validator_id, role, role_name",
		false, 18},
	[T_EVIDENCE] = {"chain.evidence", "chain_id, block, header, proof", false, 4},
	[T_EVIDENCE_TX] = {"chain.evidence_tx", "chain_id, tx_head, block", false, 3},
};

void arg_chain(struct pg_args *a, const struct writer *w)
{
	pg_arg_i64(a, w->chain_id);
}

void arg_hash(struct pg_args *a, const struct hash32 *h)
{
	pg_arg_bytes(a, h->b, sizeof(h->b));
}

bool col_hash(const struct pg *pg, int row, int col, struct hash32 *out)
{
	size_t n;
	const char *p = pg_text(pg, row, col, &n);

	if (n != sizeof(out->b))
		return false;
	memcpy(out->b, p, n);
	return true;
}

/* -------- open -------- */

static enum err_kind load_head(struct writer *w, struct err *e)
{
	struct pg_args a = {0};
	struct tip *t = &w->at;
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, w->conf.partition);
	k = pg_query(w->pg,
		"SELECT h.seq, h.indexed, h.indexed_hash, extract(epoch FROM "
		"h.indexed_time)::bigint,"
		" h.final, h.safe, h.node_head, extract(epoch FROM h.node_head_time)::bigint, "
		"h.fork_count,"
		" f.depth, f.first_seq, f.last_seq, p.next_offset, p.stream_id FROM chain.head h"
		" LEFT JOIN chain.fork f ON f.chain_id = h.chain_id AND f.fork = h.fork_count"
		" LEFT JOIN chain.position p ON p.chain_id = h.chain_id AND p.partition = $2"
		" WHERE h.chain_id = $1",
		&a, e);
	if (k)
		return k;
	if (!pg_count(w->pg))
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s is not registered in this database", w->chain->key);
	*t = (struct tip){.seq = (uint64_t)pg_i64(w->pg, 0, 0)};
	t->has = col_hash(w->pg, 0, 2, &t->id.hash);
	t->id.number = (uint64_t)pg_i64(w->pg, 0, 1);
	t->time = (uint64_t)pg_i64(w->pg, 0, 3);
	t->has_final = !pg_null(w->pg, 0, 4);
	t->final = (uint64_t)pg_i64(w->pg, 0, 4);
	t->has_safe = !pg_null(w->pg, 0, 5);
	t->safe = (uint64_t)pg_i64(w->pg, 0, 5);
	t->has_heights = !pg_null(w->pg, 0, 6);
	t->head = (uint64_t)pg_i64(w->pg, 0, 6);
	t->head_time = pg_i64(w->pg, 0, 7);
	t->fork = (struct fork_run){.number = pg_i64(w->pg, 0, 8),
		.depth = pg_i64(w->pg, 0, 9),
		.first_seq = (uint64_t)pg_i64(w->pg, 0, 10),
		.last_seq = (uint64_t)pg_i64(w->pg, 0, 11)};
	t->next_offset = pg_i64(w->pg, 0, 12);
	if (!pg_null(w->pg, 0, 13))
		memcpy(t->stream_id, pg_text(w->pg, 0, 13, NULL), sizeof(t->stream_id));
	return ERR_NONE;
}

static enum err_kind missing_indexes(struct writer *w, int64_t *n, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	k = pg_query(w->pg, "SELECT chain.missing_log_indexes($1)", &a, e);
	*n = k ? 0 : pg_i64(w->pg, 0, 0);
	return k;
}

/* Has the first load come so near to the node's head that it is over? */
static enum err_kind load_is_over(struct writer *w, bool *yes, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, BULK_NEAR_BLOCKS);
	k = pg_query(w->pg,
		"SELECT count(*) FROM chain.head WHERE chain_id = $1 AND node_head - indexed <= $2", &a, e);
	*yes = !k && pg_i64(w->pg, 0, 0) > 0;
	return k;
}

/*
 * Take the secondary indexes away when there is little under them and much to come: a process that
 * takes a small chain over at its head would build them again at once. Readers that are at work win.
 */
static enum err_kind begin_bulk(struct writer *w, struct err *e)
{
	struct pg_args a = {0};
	char sql[200];
	int64_t missing;
	enum err_kind k = missing_indexes(w, &missing, e);
	bool over = false;

	if (k || missing || (k = load_is_over(w, &over, e)) || over)
		return k;
	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM (SELECT FROM chain.log_%" PRId64 " LIMIT %d) l", w->chain_id,
		BULK_EMPTY_ROWS);
	if ((k = pg_query(w->pg, sql, NULL, e)) || pg_i64(w->pg, 0, 0) >= BULK_EMPTY_ROWS)
		return k;
	if ((k = pg_exec(w->pg, "SET lock_timeout = '1s'", e)))
		return k;
	arg_chain(&a, w);
	k = pg_query(w->pg, "SELECT chain.drop_log_indexes($1)", &a, e);
	if (k == ERR_AGAIN && !pg_lost(w->pg)) {
		log_info("store", "table is being read, keeping its indexes", "chain=%s",
			w->chain->key);
		k = ERR_NONE;
	}
	return k ? k : pg_exec(w->pg, "SET lock_timeout = 0", e);
}

/* Two connections, because a build is one process's work: the indexes are of about the same size. */
static enum err_kind build_indexes(struct writer *w, struct err *e)
{
	char mine[300], theirs[300];
	struct pg *second;
	enum err_kind k = pg_open(&second, w->url, "bttc-indexer index build", e);

	if (k)
		return k;
	snprintf(mine, sizeof(mine),
		"SET maintenance_work_mem = '256MB'; SELECT chain.build_log_index(%" PRId64
		", 'validator'); SELECT chain.build_log_index(%" PRId64
		", 'event'); RESET maintenance_work_mem",
		w->chain_id, w->chain_id);
	snprintf(theirs, sizeof(theirs),
		"SET maintenance_work_mem = '256MB'; SELECT chain.build_log_index(%" PRId64
		", 'address'); RESET maintenance_work_mem; SELECT chain.analyze_blocks()",
		w->chain_id);
	k = pg_exec_both(w->pg, mine, second, theirs, e);
	pg_close(second);
	return k ? k : pg_exec_cancellable(w->pg, "SELECT chain.analyze_logs()", e);
}

enum err_kind writer_finish_bulk(struct writer *w, struct err *e)
{
	int64_t missing;
	enum err_kind k = missing_indexes(w, &missing, e);

	if (k || !missing)
		return k;
	log_info("store", "building indexes", "chain=%s", w->chain->key);
	k = build_indexes(w, e);
	if (!k)
		log_info("store", "indexes built", "chain=%s", w->chain->key);
	return k;
}

/* Join what lies right above the prefix, before anything is asked of a node. */
static enum err_kind meet_at_open(struct writer *w, struct err *e)
{
	struct tip tip = w->at;
	enum err_kind k;

	if (w->ranged || w->complete)
		return ERR_NONE;
	if ((k = coverage_look(w, false, e)) || !w->upper.has)
		return k;
	if ((k = pg_exec(w->pg, "BEGIN", e)) || (k = coverage_meet(w, &tip, e)))
		return k;
	if (tip.id.number != w->at.id.number) {
		struct pg_args a = {0};

		arg_chain(&a, w);
		pg_arg_i64(&a, (int64_t)tip.id.number);
		arg_hash(&a, &tip.id.hash);
		pg_arg_i64(&a, (int64_t)tip.time);
		k = pg_query(w->pg,
			"UPDATE chain.head SET indexed = $2, indexed_hash = $3, indexed_time ="
			" to_timestamp($4), changed_at = now() WHERE chain_id = $1",
			&a, e);
	}
	if (!k)
		k = pg_exec(w->pg, "COMMIT", e);
	if (!k)
		w->at = tip;
	return k;
}

static enum err_kind open_checked(struct writer *w, struct err *e)
{
	enum err_kind k;

	if ((k = schema_version_check(w->pg, e)) || (k = load_head(w, e)) ||
		(k = coverage_open(w, e)))
		return k;
	/* Only now is the lock held: what was read before may be old. */
	if (!w->ranged && !w->complete && (k = load_head(w, e)))
		return k;
	if ((k = meet_at_open(w, e)))
		return k;
	if (w->complete)
		return ERR_NONE;
	return w->conf.bulk ? begin_bulk(w, e) : writer_finish_bulk(w, e);
}

static void open_metrics(struct writer *w)
{
	struct buf l;

	for (int t = 0; t < TABLE_COUNT; t++) {
		buf_init(&l, 1000);
		metric_label(&l, "chain", w->chain->key);
		metric_label(&l, "table", writer_tables[t].name);
		w->m_rows[t] = metric_get(METRIC_COUNTER, "bttc_store_rows_total",
			"Rows that are durable.", l.p);
		buf_free(&l);
	}
	buf_init(&l, 1000);
	metric_label(&l, "chain", w->chain->key);
	w->m_batch = metric_get(METRIC_SIZES, "bttc_store_batch_rows",
		"Rows of one transaction with blocks.", l.p);
	w->m_commit = metric_get(METRIC_HISTOGRAM, "bttc_store_commit_seconds",
		"Time of COMMIT alone.", l.p);
	buf_free(&l);
}

enum err_kind writer_open(struct writer **out, const char *url, const struct chain_conf *chain,
	const struct writer_conf *conf, struct err *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	char app[64];
	enum err_kind k;

	if (!w)
		abort();
	w->chain = chain;
	w->url = url;
	w->conf = *conf;
	w->chain_id = (int64_t)chain->chain_id;
	w->first = chain->first_block;
	for (int t = 0; t < TABLE_COUNT; t++)
		copy_init(&w->rows[t], writer_tables[t].count);
	open_metrics(w);
	snprintf(app, sizeof(app), "bttc-indexer %.32s", chain->key);
	if ((k = pg_open(&w->pg, url, app, e)) || (k = open_checked(w, e))) {
		writer_close(w);
		return k;
	}
	*out = w;
	return ERR_NONE;
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	pg_close(w->pg);
	for (int t = 0; t < TABLE_COUNT; t++)
		copy_free(&w->rows[t]);
	free(w);
}

/* -------- the past -------- */

static enum err_kind past_recent(struct writer *w, uint64_t window, struct arena *mem,
	struct writer_past *out, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;
	int n;

	if (!w->at.has)
		return ERR_NONE;
	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->at.id.number);
	pg_arg_i64(&a, (int64_t)w->first);
	pg_arg_i64(&a, window > INT32_MAX ? INT32_MAX : (int64_t)window);
	k = pg_query(w->pg,
		"SELECT number, hash, parent, extract(epoch FROM time)::bigint, difficulty::text, "
		"extra,"
		" tx_root, receipts_root, gas_used FROM chain.block WHERE chain_id = $1 AND number "
		"<= $2 AND"
		" number >= $3 ORDER BY number DESC LIMIT $4",
		&a, e);
	if (k)
		return k;
	n = pg_count(w->pg);
	out->recent = arena_calloc(mem, (size_t)n, sizeof(*out->recent));
	out->recent_count = (size_t)n;
	for (int i = 0; i < n; i++) {
		struct header *h = &out->recent[n - 1 - i];
		size_t len;
		const char *text = pg_text(w->pg, i, 4, &len);

		h->number = (uint64_t)pg_i64(w->pg, i, 0);
		h->time = (uint64_t)pg_i64(w->pg, i, 3);
		if (!col_hash(w->pg, i, 1, &h->hash) || !col_hash(w->pg, i, 2, &h->parent) ||
			!col_hash(w->pg, i, 6, &h->tx_root) ||
			!col_hash(w->pg, i, 7, &h->receipts_root) ||
			!u256_parse_dec(&h->difficulty, text, len))
			return err_set(e, ERR_FATAL, "store", 0,
				"chain %s: row of block %" PRIu64 " is damaged", w->chain->key,
				h->number);
		text = pg_text(w->pg, i, 5, &len);
		h->extra = arena_bytes(mem, text, len);
		h->gas_used = (uint64_t)pg_i64(w->pg, i, 8);
	}
	return ERR_NONE;
}

/* The network's own copy of a name, which lives as long as the network; NULL: not in the file. */
static const char *contract_name(const struct chain_conf *c, const char *name)
{
	for (size_t i = 0; i < c->contract_count; i++)
		if (!strcmp(c->contracts[i].name, name))
			return c->contracts[i].name;
	return NULL;
}

static const char *rule_name(const struct chain_conf *c, const char *name)
{
	for (size_t i = 0; i < c->rule_count; i++)
		if (!strcmp(c->rules[i].name, name))
			return c->rules[i].name;
	return NULL;
}

static enum err_kind past_found(
	struct writer *w, struct arena *mem, struct writer_past *out, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;
	int n;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)out->start);
	k = pg_query(w->pg,
		"SELECT address, contract, rule, block, log_index, validator_id FROM chain.contract"
		" WHERE chain_id = $1 AND block < $2 ORDER BY block, log_index, address",
		&a, e);
	if (k)
		return k;
	n = pg_count(w->pg);
	out->found = arena_calloc(mem, (size_t)n, sizeof(*out->found));
	out->found_count = (size_t)n;
	for (int i = 0; i < n; i++) {
		struct discovery *d = &out->found[i];

		memcpy(d->address.b, pg_text(w->pg, i, 0, NULL), sizeof(d->address.b));
		d->contract = contract_name(w->chain, pg_text(w->pg, i, 1, NULL));
		d->rule = rule_name(w->chain, pg_text(w->pg, i, 2, NULL));
		d->block = (uint64_t)pg_i64(w->pg, i, 3);
		d->log_index = (uint32_t)pg_i64(w->pg, i, 4);
		d->has_validator = !pg_null(w->pg, i, 5);
		d->validator_id = (uint64_t)pg_i64(w->pg, i, 5);
		if (!d->contract || !d->rule)
			return err_set(e, ERR_FATAL, "store", 0,
				"chain %s: the database has a contract %.60s found by rule %.60s, "
				"which the "
				"network file does not have any more: restore it or use another "
				"database",
				w->chain->key, pg_text(w->pg, i, 1, NULL),
				pg_text(w->pg, i, 2, NULL));
	}
	return ERR_NONE;
}

enum err_kind writer_past(struct writer *w, uint64_t window, struct arena *mem,
	struct writer_past *out, struct err *e)
{
	struct writer_past p = {
		.tail = {.seq = w->at.seq, .id = w->at.id, .has_id = w->at.has},
		.has_final = w->at.has_final,
		.final = w->at.final,
		.start = w->at.has ? w->at.id.number + 1 : w->first,
		.next_offset = w->at.next_offset,
	};
	enum err_kind k;

	memcpy(p.tail.stream_id, w->at.stream_id, sizeof(p.tail.stream_id));
	if ((k = past_recent(w, window, mem, &p, e)) || (k = past_found(w, mem, &p, e)))
		return k;
	*out = p;
	return ERR_NONE;
}

/* -------- one step -------- */

enum err_kind stored_hash(
	struct writer *w, uint64_t number, struct hash32 *out, bool *found, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)number);
	k = pg_query(
		w->pg, "SELECT hash FROM chain.block WHERE chain_id = $1 AND number = $2", &a, e);
	*found = !k && pg_count(w->pg) == 1 && col_hash(w->pg, 0, 0, out);
	return k;
}

static enum err_kind not_on_top(
	const struct writer *w, const struct tip *tip, const struct step *s, struct err *e)
{
	return err_set(e, ERR_FATAL, "store", 0,
		"chain %s: record %" PRIu64 " (block %" PRIu64
		") is not on top of the newest stored block "
		"(%" PRIu64 "): re-ingest from block %" PRIu64,
		w->chain->key, s->seq, s->id.number, tip->has ? tip->id.number : w->first - 1,
		tip->has ? tip->id.number + 1 : w->first);
}

/* Does the step's parent fit what is stored below it? The first block of all: the network file
 * says. */
static enum err_kind check_parent(
	struct writer *w, const struct tip *tip, const struct step *s, struct err *e)
{
	struct hash32 below;
	bool found = true;
	enum err_kind k;

	if (!tip->has) {
		if (s->id.number != w->first ||
			(!w->ranged && w->chain->has_parent_hash &&
				!hash_eq(&s->parent, &w->chain->parent_hash)))
			return not_on_top(w, tip, s, e);
		return ERR_NONE;
	}
	if (s->id.number > tip->id.number + 1 || s->id.number < w->first)
		return not_on_top(w, tip, s, e);
	if (s->id.number == tip->id.number + 1)
		below = tip->id.hash;
	else if (s->id.number == w->first)
		return ERR_NONE;
	else if ((k = stored_hash(w, s->id.number - 1, &below, &found, e)))
		return k;
	return found && hash_eq(&below, &s->parent) ? ERR_NONE : not_on_top(w, tip, s, e);
}

static enum err_kind step_new(
	struct writer *w, struct tip *tip, const struct write_step *ws, struct err *e)
{
	const struct step *s = ws->step;
	enum err_kind k = check_parent(w, tip, s, e);

	if (k)
		return k;
	if (tip->has && s->id.number <= tip->id.number) { /* from a range that was joined */
		struct hash32 have;
		bool found;

		if ((k = stored_hash(w, s->id.number, &have, &found, e)))
			return k;
		if (found && hash_eq(&have, &s->id.hash))
			return ERR_NONE;
		if ((k = undo_to(w, tip, s->id.number, s->seq - 1, e)))
			return k;
	}
	if ((k = rows_add(w, ws, e)))
		return k;
	tip->has = true;
	tip->id = s->id;
	tip->time = s->block->h.time;
	return w->ranged ? ERR_NONE : coverage_meet(w, tip, e);
}

static enum err_kind step_undo(
	struct writer *w, struct tip *tip, const struct step *s, struct err *e)
{
	struct hash32 have = tip->id.hash;
	bool found = tip->has && s->id.number <= tip->id.number;
	enum err_kind k;

	if (found && s->id.number < tip->id.number &&
		(k = stored_hash(w, s->id.number, &have, &found, e)))
		return k;
	if (!found || !hash_eq(&have, &s->id.hash))
		return not_on_top(w, tip, s, e);
	return undo_to(w, tip, s->id.number, s->seq, e);
}

static void step_heights(struct tip *tip, const struct step *s)
{
	tip->has_heights = true;
	tip->head = s->head;
	tip->head_time = s->head_time;
	if (s->has_safe) {
		tip->has_safe = true;
		tip->safe = s->safe;
	}
	if (s->has_final && (!tip->has_final || s->final > tip->final)) {
		tip->has_final = true;
		tip->final = s->final;
	}
}

static enum err_kind apply_step(
	struct writer *w, struct tip *tip, const struct write_step *ws, struct err *e)
{
	const struct step *s = ws->step;
	enum err_kind k = ERR_NONE;

	if (s->kind == STEP_HEIGHTS) {
		step_heights(tip, s);
		return ERR_NONE;
	}
	if (s->seq <= tip->seq)
		return ERR_NONE;
	if (s->seq != tip->seq + 1)
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: the stream has a gap: record %" PRIu64 " after %" PRIu64
			": re-ingest from block %" PRIu64,
			w->chain->key, s->seq, tip->seq, tip->has ? tip->id.number + 1 : w->first);
	if (w->complete)
		return err_set(e, ERR_FATAL, "store", 0, "chain %s: the range is stored already",
			w->chain->key);
	k = s->kind == STEP_NEW ? step_new(w, tip, ws, e) : step_undo(w, tip, s, e);
	if (!k)
		tip->seq = s->seq;
	return k;
}

/* -------- one transaction -------- */

static enum err_kind flush_levels(struct writer *w, struct err *e)
{
	struct pg_args a = {0};
	bool any = false;
	enum err_kind k;

	arg_chain(&a, w);
	for (int i = 0; i < LEVEL_COUNT; i++) {
		pg_arg_i64(&a, w->levels[i]);
		any |= w->levels[i] != 0;
	}
	if (!any)
		return ERR_NONE;
	k = pg_query(w->pg,
		"INSERT INTO chain.level_count (chain_id, level, blocks) SELECT $1, v.level, v.n "
		"FROM"
		" (VALUES (0, $2), (1, $3), (2, $4), (3, $5), (4, $6), (5, $7)) v (level, n) WHERE "
		"v.n > 0"
		" ON CONFLICT (chain_id, level) DO UPDATE SET blocks = level_count.blocks + "
		"excluded.blocks",
		&a, e);
	memset(w->levels, 0, sizeof(w->levels));
	return k;
}

static void writer_table_name(struct buf *sql, const struct writer *w, int t)
{
	if (w->apart) {
		apart_table_name(sql, t);
		return;
	}
	buf_str(sql, writer_tables[t].name);
	if (writer_tables[t].partitioned)
		buf_printf(sql, "_%" PRId64, w->chain_id);
}

static enum err_kind flush_table(struct writer *w, int t, struct err *e)
{
	struct copy *c = &w->rows[t];
	uint64_t rows = 0;
	struct buf sql;
	enum err_kind k;

	if (!c->rows)
		return ERR_NONE;
	if (!copy_end(c))
		return err_set(e, ERR_FATAL, "store", 0,
			"chain %s: the rows of one block are over 1 GiB", w->chain->key);
	buf_init(&sql, 2000);
	buf_str(&sql, "COPY ");
	writer_table_name(&sql, w, t);
	buf_printf(&sql, " (%s) FROM STDIN BINARY", writer_tables[t].columns);
	k = pg_copy(w->pg, sql.p, &c->b, &rows, e);
	buf_free(&sql);
	if (!k && rows != c->rows)
		k = err_set(e, ERR_FATAL, "store", 0,
			"PostgreSQL stored %" PRIu64 " of %" PRIu64 " rows", rows, c->rows);
	/* A block that is there already: a range was begun across our path. The next open sorts it
	 * out. */
	if (k == ERR_REJECT && t == T_BLOCK)
		k = e->kind = ERR_AGAIN;
	w->sent[t] += rows;
	copy_clear(c);
	return k;
}

enum err_kind writer_flush(struct writer *w, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (int t = 0; !k && t < TABLE_COUNT; t++)
		k = flush_table(w, t, e);
	return k ? k : flush_levels(w, e);
}

static enum err_kind advance_head(struct writer *w, const struct tip *t, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)t->seq);
	pg_arg_opt_i64(&a, t->has, (int64_t)t->id.number);
	pg_arg_bytes(&a, t->has ? t->id.hash.b : NULL, 32);
	pg_arg_opt_i64(&a, t->has, (int64_t)t->time);
	pg_arg_i64(&a, t->fork.number);
	pg_arg_opt_i64(&a, t->has_heights, (int64_t)t->head);
	pg_arg_opt_i64(&a, t->has_heights, t->head_time);
	pg_arg_opt_i64(&a, t->has_safe, (int64_t)t->safe);
	pg_arg_opt_i64(&a, t->has_final, (int64_t)t->final);
	pg_arg_i64(&a, (int64_t)w->at.seq);
	pg_arg_i64(&a, w->conf.partition);
	pg_arg_i64(&a, t->next_offset);
	pg_arg_bytes(&a, t->stream_id, sizeof(t->stream_id));
	k = pg_query(w->pg,
		"WITH p AS (INSERT INTO chain.position (chain_id, partition, next_offset,"
		" stream_id) VALUES ($1, $12, $13, $14) ON CONFLICT (chain_id, partition) DO "
		"UPDATE SET"
		" next_offset = excluded.next_offset, stream_id = excluded.stream_id)"
		"UPDATE chain.head SET seq = $2, indexed = $3, indexed_hash = $4, indexed_time ="
		" to_timestamp($5), fork_count = $6, node_head = $7, node_head_time = "
		"to_timestamp($8),"
		" safe = $9, final = $10, changed_at = now() WHERE chain_id = $1 AND seq = $11",
		&a, e);
	if (k)
		return k;
	if (pg_changed(w->pg) != 1)
		return err_set(e, ERR_AGAIN, "store", 0,
			"chain %s: another process moved the position", w->chain->key);
	return ERR_NONE;
}

static bool same_heights(const struct writer *w, const struct tip *t)
{
	const struct tip *o = &w->at;

	return t->has_heights == o->has_heights && t->head == o->head &&
	       t->head_time == o->head_time && t->has_safe == o->has_safe && t->safe == o->safe &&
	       t->has_final == o->has_final && t->final == o->final;
}

static bool any_new(const struct writer *w, const struct write_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->steps[i].step->kind != STEP_HEIGHTS && b->steps[i].step->seq > w->at.seq)
			return true;
	return false;
}

static enum err_kind apply_all(
	struct writer *w, struct tip *tip, const struct write_batch *b, struct err *e)
{
	enum err_kind k = ERR_NONE;

	for (size_t i = 0; !k && i < b->n; i++)
		k = apply_step(w, tip, &b->steps[i], e);
	for (size_t i = 0; !k && i < b->bad_n; i++)
		k = rows_park_record(w, &b->bad[i], e);
	return k ? k : writer_flush(w, e);
}

static void forget(struct writer *w)
{
	for (int t = 0; t < TABLE_COUNT; t++)
		copy_clear(&w->rows[t]);
	memset(w->levels, 0, sizeof(w->levels));
	memset(w->sent, 0, sizeof(w->sent));
	pg_rollback(w->pg);
}

static enum err_kind commit(struct writer *w, struct err *e)
{
	const uint64_t t0 = clock_us();
	uint64_t all = 0;
	enum err_kind k = pg_exec(w->pg, "COMMIT", e);

	if (k)
		return k;
	metric_observe_us(w->m_commit, clock_us() - t0);
	for (int t = 0; t < TABLE_COUNT; t++) {
		metric_add(w->m_rows[t], (int64_t)w->sent[t]);
		all += w->sent[t];
	}
	if (all)
		metric_observe_size(w->m_batch, all);
	memset(w->sent, 0, sizeof(w->sent));
	return ERR_NONE;
}

static enum err_kind transaction(
	struct writer *w, struct tip *tip, const struct write_batch *b, struct err *e)
{
	enum err_kind k;

	if (any_new(w, b) && !w->ranged && (k = coverage_look(w, false, e)))
		return k;
	if ((k = pg_exec(w->pg, "BEGIN", e)) || (k = apply_all(w, tip, b, e)))
		return k;
	if (w->ranged)
		k = coverage_advance(w, tip, e);
	else if (!w->complete)
		k = advance_head(w, tip, e);
	if (!k && tip->seq == w->at.seq && !b->bad_n) /* heights alone may get lost in a crash */
		k = pg_exec(w->pg, "SET LOCAL synchronous_commit = off", e);
	if (!k && w->chain->role == ROLE_STAKING && tip->seq != w->at.seq)
		k = pg_exec(w->pg, "NOTIFY bttc_head", e); /* the ledger waits for it */
	return k ? k : commit(w, e);
}

enum err_kind writer_apply(struct writer *w, const struct write_batch *b, struct err *e)
{
	struct tip tip = w->at;
	enum err_kind k;

	if (!any_new(w, b) && !b->bad_n) {
		for (size_t i = 0; i < b->n; i++)
			if (b->steps[i].step->kind == STEP_HEIGHTS)
				step_heights(&tip, b->steps[i].step);
		if (w->ranged || w->complete || same_heights(w, &tip))
			return ERR_NONE;
	}
	tip = w->at;
	tip.next_offset = b->next_offset;
	memcpy(tip.stream_id, b->stream_id, sizeof(tip.stream_id));
	if ((k = transaction(w, &tip, b, e))) {
		forget(w);
		return k;
	}
	w->at = tip;
	return ERR_NONE;
}
