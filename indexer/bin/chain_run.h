#ifndef BIN_CHAIN_RUN_H
#define BIN_CHAIN_RUN_H

/*
 * One chain in one process: an ingest thread (source -> verify -> stream) and an index thread
 * (stream -> decode -> store) with a queue between them.
 */
#include "index/index.h"
#include "ingest/ingest.h"

struct chain_run;

struct chain_run_conf {
	const struct network *net;
	const struct chain_conf *chain;
	const char *database;            /* writer's DSN */
	const char *const *urls;         /* endpoints */
	size_t url_count;
	struct source_conf source;
	struct ingest_conf ingest;
	struct writer_conf writer;
	size_t queue_bytes;
};

/** Start both threads. conf and what it points to outlive the run. */
MUST_USE enum err_kind chain_run_start(struct chain_run **out, const struct chain_run_conf *conf,
	struct err *e);

/** What the threads tell; fields are atomics, read any time. */
const struct ingest_state *chain_run_ingest(const struct chain_run *r);
const struct index_state *chain_run_index(const struct chain_run *r);
const struct chain_conf *chain_run_chain(const struct chain_run *r);

/** Both threads have ended (target reached, stop, or an error). */
bool chain_run_ended(const struct chain_run *r);

/** Endpoint snapshot, refreshed by the ingest thread about once a second; any thread. */
size_t chain_run_endpoints(struct chain_run *r, struct endpoint_info *out, size_t max);

/** Why the chain is not followed at the moment (stays valid until the join), or NULL. Any thread. */
const char *chain_run_trouble(const struct chain_run *r);

/** What slows the chain down, though it goes on, or NULL. Any thread. */
const char *chain_run_note(const struct chain_run *r);

/** Wait for the threads and free. ERR_NONE, ERR_STOP, or the error that ended the chain. */
enum err_kind chain_run_join(struct chain_run *r, struct err *e);

#endif
