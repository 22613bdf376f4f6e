#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

/* stream -> decode -> store for one chain. One thread. */
#include "base/err.h"
#include "network/network.h"
#include "store/store.h"
#include "stream/stream.h"

#include <stdatomic.h>

struct index_state {
	_Atomic uint64_t indexed; /* newest durable block */
	_Atomic uint64_t events;  /* rows written since start */
	_Atomic uint64_t parked;  /* rows and records set aside since start */
	_Atomic int phase;        /* enum index_phase */
	_Atomic bool keep_halt;   /* set by who feeds the stream and stopped: its note stays */
};

enum index_phase {
	INDEX_STARTING = 0,
	INDEX_RUNNING = 1,
	INDEX_WAITING = 2,  /* for the database or the stream */
	INDEX_BUILDING = 3, /* indexes after a first load */
	INDEX_HALTED = 4,   /* a person has to look */
	INDEX_DONE = 5,
	INDEX_STANDBY = 6,  /* another process has the chain; takes over when that one dies */
};

/**
 * Opens (and re-opens) the stream at the stored position. past lives until the next open. The
 * reader is closed by index_run before each re-open and at the end.
 */
struct index_input {
	/* Before each open; may be NULL. May take up another stream by writer_adopt, with past
	   changed to match. */
	enum err_kind (*resume)(
		void *arg, struct writer *w, struct writer_past *past, struct err *e);
	enum err_kind (*open)(void *arg, const struct writer_past *past, struct stream_reader **out,
		struct err *e);
	/* Bad records, before they are stored and the position moves; may be NULL. ERR_AGAIN: they
	   come again; any other error is logged and the stream goes on. */
	enum err_kind (*park)(void *arg, const struct bad_record *bad, size_t n, struct err *e);
	bool (*ended)(void *arg); /* no more records will ever come (until-head); may be NULL */
	void *arg;
};

/**
 * Run until the input has ended, a stop, or an error for a person. Connection losses are waited
 * out: the writer is re-opened, the stored position read, and the stream taken up there. Another
 * process that writes the chain is waited for.
 *
 * With conf->bulk the secondary indexes are built when the prefix is near the node's head, and at
 * the end of the input.
 *
 * An error for a person is left in chain.halt (store_halt), except that of a range.
 *
 * Errors: ERR_NONE the input ended and everything is durable; ERR_STOP; ERR_FATAL.
 */
MUST_USE enum err_kind index_run(const char *url, const struct chain_conf *chain,
	const struct writer_conf *conf, const struct index_input *in, struct index_state *state,
	struct err *e);

#endif
