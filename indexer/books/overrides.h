#ifndef BOOKS_OVERRIDES_H
#define BOOKS_OVERRIDES_H

/*
 * An operator's word about parameters that the chain does not show. A file has a line each:
 *
 *   BLOCK PARAMETER VALUE REASON...      # begins a comment at the start of a line
 *
 * A reason of the form "snapshot of block NUMBER HASH by eth_call at ENDPOINT..." says that the value is the
 * contract's own at the end of that block (`snapshot` writes such lines).
 *
 * From that block on the parameter has that value, until the chain itself says another. The newest set
 * that was stored is in force; older ones stay in ledger.override_set.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "ledger/ledger.h"

#define SNAPSHOT_PREFIX "snapshot of block "

struct overrides {
	struct ledger_override *v; /* ascending by block, in the file's order within one */
	size_t n;
};

/**
 * Read a file's text; `file` is for messages. first_block: of the chain, overrides below it are refused.
 * The result lives in mem. Errors: ERR_FATAL naming file, line and field.
 */
MUST_USE enum err_kind overrides_parse(struct overrides *out, const char *text, const char *file,
	uint64_t first_block, struct arena *mem, struct err *e);

/** The first block from which two sets say something else; UINT64_MAX: they say the same. */
uint64_t overrides_differ(const struct overrides *a, const struct overrides *b);

/**
 * Read a file ("-": standard input), check it and put it in force as set *id.
 * Errors: ERR_FATAL, nothing is stored; also when a snapshot is of a block that the chain does not have.
 */
MUST_USE enum err_kind overrides_store(
	const char *database, const char *file, int64_t *id, size_t *count, struct err *e);

/** Append the text of the set in force; nothing when there is none. */
MUST_USE enum err_kind overrides_text(const char *database, struct buf *out, struct err *e);

/** Print the set in force and who stored it when. */
MUST_USE enum err_kind overrides_show(const char *database, struct err *e);

#endif
