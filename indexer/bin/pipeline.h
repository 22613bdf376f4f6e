#ifndef BIN_PIPELINE_H
#define BIN_PIPELINE_H

/* What `up` and `backfill` share: network, endpoints, database, chain runs, progress. */
#include "base/opt.h"
#include "bin/chain_run.h"
#include "bin/command.h"
#include "replay/replay.h"
#include "store/postgres.h"

#define CHAINS_MAX 16

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
extern const struct opt pipeline_opts[];

struct pipeline {
	const struct pipeline_conf *conf;
	struct network *net;
	struct postgres *postgres;    /* NULL with --database */
	const char *url, *api_url;
	struct replay *replay;        /* NULL unless a recorded chain has no --rpc */
	char *urls[CHAINS_MAX][16];
	size_t url_count[CHAINS_MAX];
	struct chain_run_conf run_conf[CHAINS_MAX];
	struct chain_run *run[CHAINS_MAX]; /* NULL: not started, or joined after it failed */
	uint64_t started_ms, line_ms;
	bool line_open;
};

/** Load the network and sort the endpoints; touches nothing outside. ERR_FATAL names the option. */
MUST_USE enum err_kind pipeline_plan(struct pipeline *p, const struct pipeline_conf *conf,
	struct err *e);

/** PostgreSQL, migrations, replay server. */
MUST_USE enum err_kind pipeline_open(struct pipeline *p, const char *sql_listen, struct err *e);

/** Start the run of one chain; ingest_conf and writer_conf come from the command. */
MUST_USE enum err_kind pipeline_start(struct pipeline *p, size_t chain, const struct ingest_conf *ic,
	const struct writer_conf *wc, struct err *e);

/**
 * Wait until every run has ended (then ERR_NONE) or a stop. Draws progress; watches the private
 * server. stay: go on after chains have halted (a server that keeps answering).
 */
MUST_USE enum err_kind pipeline_wait(struct pipeline *p, bool stay, struct err *e);

/** Join everything and stop what was started. The first chain's error, if any. */
enum err_kind pipeline_close(struct pipeline *p, struct err *e);

#endif
