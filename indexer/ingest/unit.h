#ifndef INGEST_UNIT_H
#define INGEST_UNIT_H

/*
 * One range of blocks from the first question to blocks ready to be published: headers, then logs
 * of the blocks whose bloom may hold any, receipts where they are needed, the difference when
 * discovery makes the set grow. Troubles with answers are waited out and asked again inside.
 */
#include "ingest/body.h"

struct unit;

/**
 * Start asking for a range. head: NULL, or a finished head job whose header is that of r.from ==
 * r.to (then the header is not asked for again; the unit frees the job).
 */
struct unit *unit_new(struct unit_env *env, struct block_range r, struct job *head);
void unit_free(struct unit *u); /* cancels what is in flight */

/**
 * Use what has arrived and ask for what is missing.
 * Errors: ERR_REWIND answers were given up from which the set has grown already: free all units and
 * reset the set; ERR_FATAL no usable node, or answers that contradict each other again and again.
 */
MUST_USE enum err_kind unit_advance(struct unit *u, uint64_t now_ms, struct err *e);

struct block_range unit_range(const struct unit *u); /* shrinks when the node has fewer blocks */
bool unit_empty(const struct unit *u); /* the node has no block of the range: of no use any more */
uint64_t unit_wakes_ms(
	const struct unit *u); /* waits until then before it asks again; 0: does not */

/** Headers, in order, once they are there and linked among themselves; else count 0. */
size_t unit_headers(const struct unit *u);
const struct header *unit_header(const struct unit *u, size_t i);
const struct body *unit_bodies(const struct unit *u); /* as many */

/** Its headers turned out to be wrong: whoever gave them is asked last for a while. */
void unit_doubt(struct unit *u);
uint32_t unit_who(const struct unit *u); /* source_who of its headers */

/**
 * Everything is there for the current set. Only of the oldest unit is the question asked what it
 * discovers: unit_discover.
 */
bool unit_settled(const struct unit *u);

/**
 * For the oldest unit, once settled: find contracts and add them to the set. *done: nothing more
 * will be found (when the set has grown the unit has to settle again). Errors: as unit_advance.
 */
MUST_USE enum err_kind unit_discover(struct unit *u, uint64_t now_ms, bool *done, struct err *e);

/** The blocks, valid until unit_free. linked: the first one's parent was compared. */
struct block *unit_finish(struct unit *u, bool linked);

unsigned unit_troubles(const struct unit *u); /* times that it had to begin again */
bool unit_dense(const struct unit *u);   /* most of its blocks needed receipts */
size_t unit_bytes(const struct unit *u); /* memory in use by its answers */

#endif
