/*
 * What a person has to know, where every process can read it: the row of chain.halt of a chain that stopped,
 * and the rows of chain.dispute. Written on a connection of its own, because the writer's may be what failed.
 */
#include "store/writer_state.h"

#include "base/version.h"

enum err_kind store_halt(
	const char *url, const struct chain_conf *chain, const char *reason, struct err *e)
{
	struct pg_args a = {0};
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, url, "bttc-indexer halt", e);

	if (k)
		return k;
	pg_arg_i64(&a, (int64_t)chain->chain_id);
	pg_arg_text(&a, reason);
	k = pg_query(pg,
		"INSERT INTO chain.halt (chain_id, reason) VALUES ($1, $2) ON CONFLICT (chain_id)"
		" DO UPDATE SET reason = excluded.reason, since = CASE WHEN halt.reason ="
		" excluded.reason THEN halt.since ELSE excluded.since END",
		&a, e);
	pg_close(pg);
	return k;
}

enum err_kind writer_resumed(struct writer *w, struct err *e)
{
	struct pg_args a = {0};

	arg_chain(&a, w);
	pg_arg_text(&a, version_text());
	return pg_query(w->pg,
		"WITH gone AS (DELETE FROM chain.halt WHERE chain_id = $1 RETURNING chain_id, reason) SELECT"
		" chain.record_operation('resume', format('chain %s, which had stopped: %s; bttc-indexer %s',"
		" c.key, g.reason, $2)) FROM gone g JOIN chain.chain c USING (chain_id)",
		&a, e);
}

enum err_kind store_dispute(
	const char *url, const struct chain_conf *chain, const struct dispute *d, struct err *e)
{
	struct pg_args a = {0};
	struct pg *pg = NULL;
	enum err_kind k = pg_open(&pg, url, "bttc-indexer dispute", e);

	if (k)
		return k;
	pg_arg_i64(&a, (int64_t)chain->chain_id);
	pg_arg_i64(&a, (int64_t)d->block);
	pg_arg_i64(&a, d->log_index);
	pg_arg_text(&a, d->what);
	pg_arg_text(&a, d->endpoints[0]);
	pg_arg_text(&a, d->answers[0]);
	pg_arg_text(&a, d->endpoints[1]);
	pg_arg_text(&a, d->answers[1]);
	pg_arg_text(&a, d->outcome);
	k = pg_query(pg,
		"INSERT INTO chain.dispute (chain_id, block, log_index, what, endpoint, answer, other_endpoint,"
		" other_answer, outcome) VALUES ($1, $2, $3::bigint::int, $4, $5, $6, $7, $8, $9) ON CONFLICT"
		" (chain_id, block, log_index, what) DO UPDATE SET endpoint = excluded.endpoint, answer ="
		" excluded.answer, other_endpoint = excluded.other_endpoint, other_answer ="
		" excluded.other_answer, outcome = excluded.outcome, last_seen = now(), times ="
		" dispute.times + 1",
		&a, e);
	pg_close(pg);
	return k;
}
