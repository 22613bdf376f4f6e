/*
 * Another stream for a chain: the topic was made again, or filled anew from some block on (`ingest
 * --from`), or the chain was loaded without Kafka before. Sequence numbers of the old stream mean
 * nothing in the new one, so the position begins at 0; what keeps the history whole is that the new
 * stream begins on a stored block.
 */
#include "store/operation.h"
#include "store/writer_state.h"

#include <string.h>

enum err_kind writer_fits(struct writer *w, const struct block_id *first,
	const struct hash32 *parent, bool *fits, struct err *e)
{
	const struct chain_conf *c = w->chain;
	const bool is_first = first->number == w->first;
	struct hash32 have;
	bool found;
	enum err_kind k;

	*fits = false;
	if (w->ranged || first->number < w->first)
		return ERR_NONE;
	if (!w->at.has) {
		*fits = is_first && (!c->has_parent_hash || hash_eq(parent, &c->parent_hash));
		return ERR_NONE;
	}
	if (first->number > w->at.id.number + 1)
		return ERR_NONE;
	k = stored_hash(w, is_first ? first->number : first->number - 1, &have, &found, e);
	*fits = !k && found && hash_eq(&have, is_first ? &first->hash : parent);
	return k;
}

static enum err_kind move_position(
	struct writer *w, const uint8_t stream_id[16], int64_t next_offset, struct err *e)
{
	struct pg_args a = {0};
	enum err_kind k;

	arg_chain(&a, w);
	pg_arg_i64(&a, (int64_t)w->at.seq);
	pg_arg_i64(&a, w->conf.partition);
	pg_arg_i64(&a, next_offset);
	pg_arg_bytes(&a, stream_id, 16);
	/* A last_seq of 0 ends the newest fork: no UNDO of the new stream is a part of it. */
	k = pg_query(w->pg,
		"WITH p AS (INSERT INTO chain.position (chain_id, partition, next_offset, "
		"stream_id)"
		" VALUES ($1, $3, $4, $5) ON CONFLICT (chain_id, partition) DO UPDATE SET"
		" next_offset = excluded.next_offset, stream_id = excluded.stream_id),"
		" f AS (UPDATE chain.fork SET last_seq = 0 WHERE chain_id = $1 AND fork ="
		" (SELECT fork_count FROM chain.head WHERE chain_id = $1))"
		"UPDATE chain.head SET seq = 0, changed_at = now() WHERE chain_id = $1 AND seq = "
		"$2",
		&a, e);
	if (k)
		return k;
	if (pg_changed(w->pg) != 1)
		return err_set(e, ERR_AGAIN, "store", 0,
			"chain %s: another process moved the position", w->chain->key);
	return ERR_NONE;
}

enum err_kind writer_adopt(
	struct writer *w, const uint8_t stream_id[16], int64_t next_offset, struct err *e)
{
	enum err_kind k;

	if ((k = pg_exec(w->pg, "BEGIN", e)) || (k = move_position(w, stream_id, next_offset, e)) ||
		(k = operation_record(w->pg, e, "stream", "chain %s goes on with another stream after block %"
			PRIu64, w->chain->key, w->at.has ? w->at.id.number : 0)) ||
		(k = pg_exec(w->pg, "COMMIT", e))) {
		pg_rollback(w->pg);
		return k;
	}
	w->at.seq = w->at.fork.last_seq = 0;
	w->at.next_offset = next_offset;
	memcpy(w->at.stream_id, stream_id, sizeof(w->at.stream_id));
	return ERR_NONE;
}
