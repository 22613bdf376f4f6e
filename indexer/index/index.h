#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

/* stream -> decode -> store for one chain. One thread. */
#include "base/err.h"
#include "network/network.h"
#include "store/store.h"
#include "stream/stream.h"

struct index_state {
	_Atomic uint64_t indexed;      /* newest durable block */
	_Atomic uint64_t events;       /* rows written since start */
	_Atomic int phase;             /* 0 starting, 1 running, 2 waiting for the database, 4 halted, 5 done */
};

/** Opens (and re-opens) the stream at the stored position. */
struct index_input {
	enum err_kind (*open)(void *arg, const struct writer_past *past, struct stream_reader **out,
		struct err *e);
	bool (*ended)(void *arg);      /* no more records will ever come (until-head); may be NULL */
	void *arg;
};

/**
 * Run until the input has ended, a stop, or an error for a person. Connection losses are waited out:
 * the writer is re-opened, the stored position read, and the stream taken up there.
 */
MUST_USE enum err_kind index_run(const char *url, const struct network *net,
	const struct chain_conf *chain, const struct writer_conf *conf, const struct index_input *in,
	struct index_state *state, struct err *e);

#endif
