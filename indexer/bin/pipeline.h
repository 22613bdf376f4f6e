#ifndef BIN_PIPELINE_H
#define BIN_PIPELINE_H

/*
 * What `up` and `backfill` share: network, endpoints, database, chain runs, progress. `ingest` and
 * `index` use the half of it that they need.
 */
#include "base/opt.h"
#include "bin/chain_run.h"
#include "bin/command.h"
#include "books/books.h"
#include "replay/replay.h"
#include "store/postgres.h"

#define CHAINS_MAX 16
#define ALL_CHAINS SIZE_MAX

struct pipeline_conf {
	struct common_conf common; /* first: common_opts has offsets into it */
	char *network;
	struct opt_list rpc;       /* CHAIN=URL */
	char *data;
	char *database;
	int64_t timeout_ms, body_max, batch, in_flight, rate, logs_range;
	int64_t range_blocks, window, poll_ms, queue_bytes, replay_speed;
	bool progress;
};
extern const struct opt node_opts[];     /* network, endpoints and how they are asked */
extern const struct opt pipeline_opts[]; /* database, queue, progress */

struct pipeline {
	const struct pipeline_conf *conf;
	struct network *net;
	size_t only;                  /* index of the one chain that is worked on; ALL_CHAINS */
	struct postgres *postgres;    /* NULL with --database */
	const char *url, *api_url;
	struct replay *replay;        /* NULL unless a recorded chain has no --rpc */
	char *urls[CHAINS_MAX][16];
	size_t url_count[CHAINS_MAX];
	struct chain_run_conf run_conf[CHAINS_MAX];
	struct chain_run *run[CHAINS_MAX]; /* NULL: not started, or joined after it failed */
	struct books *books;          /* of the staking chain, where it is worked on; else NULL */
	uint64_t started_ms, line_ms;
	bool line_open;
};

/** Load the network and sort the endpoints; touches nothing outside. ERR_FATAL names the option. */
MUST_USE enum err_kind pipeline_plan(struct pipeline *p, const struct pipeline_conf *conf,
	struct err *e);

/** The part of it that needs no database. only: key of the one chain to work on; NULL: all. */
MUST_USE enum err_kind pipeline_load(struct pipeline *p, const struct pipeline_conf *conf,
	const char *only, struct err *e);

/** Start the replay server for recorded chains without --rpc, and take its endpoints. */
MUST_USE enum err_kind pipeline_replay(struct pipeline *p, struct err *e);

struct source_conf pipeline_source(const struct pipeline_conf *c);

/** Migrate, register the network; waits for a database that is away for a while. server may be NULL. */
MUST_USE enum err_kind schema_prepare(const char *url, const struct network *net,
	struct postgres *server, struct err *e);

/** PostgreSQL, migrations, replay server. */
MUST_USE enum err_kind pipeline_open(struct pipeline *p, const char *sql_listen, struct err *e);

/** Start the run of one chain; ingest_conf and writer_conf come from the command. */
MUST_USE enum err_kind pipeline_start(struct pipeline *p, size_t chain, const struct ingest_conf *ic,
	const struct writer_conf *wc, struct err *e);

/** Start the ledger of the network's staking chain; *out NULL: there is none. */
MUST_USE enum err_kind books_begin(struct books **out, const struct network *net, const char *database,
	struct err *e);

/**
 * Wait until every run has ended (then ERR_NONE) or a stop. Draws progress; watches the private
 * server. stay: go on after chains have halted (a server that keeps answering).
 */
MUST_USE enum err_kind pipeline_wait(struct pipeline *p, bool stay, struct err *e);

/** Join everything and stop what was started. The first chain's error, if any. */
enum err_kind pipeline_close(struct pipeline *p, struct err *e);

#endif
