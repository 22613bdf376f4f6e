#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "base/err.h"

/*
 * The private PostgreSQL server of `up`: a cluster in DIR/pg, reached by a unix socket in a short
 * runtime directory. As root it runs as an unprivileged user (postgres, else nobody).
 */
struct postgres;

struct postgres_conf {
	const char *data_dir;   /* --data DIR; made when missing */
	const char *sql_listen; /* HOST:PORT or NULL; then TCP with scram and the analyst role */
};

/**
 * Create the cluster when missing, start it (or adopt one that a killed process left behind), wait
 * until it answers.
 * Errors: ERR_FATAL no server binaries (says what to install), directory of another major version,
 * in use by a living bttc-indexer, or not reachable for the unprivileged user (with a hint).
 */
MUST_USE enum err_kind postgres_start(
	struct postgres **out, const struct postgres_conf *conf, struct err *e);

/** libpq DSNs, valid until postgres_stop: owner (migrations, writer) and read-only API role. */
const char *postgres_url(const struct postgres *p);
const char *postgres_api_url(const struct postgres *p);

/** Call now and then: restarts a server that died. ERR_AGAIN while it is not up. */
MUST_USE enum err_kind postgres_watch(struct postgres *p, struct err *e);

/** Fast shutdown, waits for it; NULL is legal. */
void postgres_stop(struct postgres *p);

#endif
