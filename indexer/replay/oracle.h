#ifndef REPLAY_ORACLE_H
#define REPLAY_ORACLE_H

/*
 * What a recording knows of the contracts' state: its oracle (oracle.ndjson) has the answers of their view
 * functions at the end of some blocks. Enough to serve eth_call for those functions at those blocks.
 */
#include "base/buf.h"
#include "chain/types.h"

struct oracle;

enum oracle_answer {
	ORACLE_VALUE,    /* out has what the function returned; nothing at an address without code */
	ORACLE_REVERTED,
	ORACLE_NO_STATE, /* the recording does not say */
};

/** Of a recording's directory; one without an oracle has no state. Never fails. */
struct oracle *oracle_new(const char *dir);
void oracle_free(struct oracle *o); /* NULL is legal */

/** Answer a call in the state at the end of a canonical block. */
enum oracle_answer oracle_call(
	struct oracle *o, uint64_t block, const struct address *to, struct bytes input, struct buf *out);

#endif
