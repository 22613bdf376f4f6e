#ifndef SOURCE_PARSE_H
#define SOURCE_PARSE_H

/*
 * JSON of nodes -> chain/types.h. Strict: a field that is missing, of the wrong length, no hex, too
 * large or in contradiction to its surroundings is an error that names it ("[3]: topics[1]: ...").
 * Pure. All variable data goes to the arena.
 *
 * Errors of all: ERR_REJECT grammar or contradiction; ERR_AGAIN only where stated.
 */
#include "base/arena.h"
#include "base/json.h"
#include "source/dialect.h"
#include "source/source.h"

struct parse {
	const struct dialect *dialect;
	struct arena *mem;
	struct err *e;
};

/** A quantity of at most 64 bits. */
MUST_USE enum err_kind parse_u64(struct parse *p, struct jval v, uint64_t *out);

/** A block with what belongs to it. */
struct parsed_block {
	struct header h;
	struct tx *txs; /* NULL when full was not asked for */
	size_t tx_count;
	bool state_sync; /* BTTC: the last transaction is the state-sync one */
};

/**
 * A block object (not null). full: transactions are objects, else hashes, which are only counted.
 * Transactions must name this block and stand at their index.
 */
MUST_USE enum err_kind parse_block(
	struct parse *p, struct jval v, bool full, struct parsed_block *out);

/** Which blocks an answer may speak of: numbers from..to, and one hash when it is not NULL. */
struct parse_scope {
	uint64_t from, to;
	const struct hash32 *hash;
};

/**
 * An array of logs, in the order of the answer.
 * Errors: ERR_AGAIN a log is marked `removed`: true, or of another block of the right height.
 */
MUST_USE enum err_kind parse_logs(struct parse *p, struct jval v, const struct parse_scope *in,
	struct block_log **out, size_t *n);

/**
 * One receipt (an object) or all of a block (an array), in the order of the answer. All must be of
 * one block within the scope, which is put in *block. Logs must name that block and the receipt's
 * transaction. A receipt without `type` gets 0.
 * Errors: ERR_AGAIN as parse_logs.
 */
MUST_USE enum err_kind parse_receipt(struct parse *p, struct jval v, const struct parse_scope *in,
	struct receipt *out, struct block_id *block);
MUST_USE enum err_kind parse_receipts(struct parse *p, struct jval v, const struct parse_scope *in,
	struct receipt **out, size_t *n, struct block_id *block);

#endif
