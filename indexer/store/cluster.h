#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

/*
 * Files of the private PostgreSQL: the data directory, the server's programs, its configuration. No
 * server process is started here but initdb. Private to indexer/store.
 *
 *   DIR/lock               flock of the living bttc-indexer; its pid
 *   DIR/analyst.password   with --sql-listen; mode 0600
 *   DIR/pg                 the cluster, of the server's user, mode 0700
 *   DIR/pg/bttc.conf       settings, written at each start; DIR/pg/local.conf is read after it
 *   DIR/pg/bttc_hba.conf   who may connect how
 *   DIR/pg/server.log
 */
#include "base/err.h"
#include "store/spawn.h"

#include <limits.h>

struct cluster {
	char dir[PATH_MAX];     /* --data, absolute */
	char pg[PATH_MAX];      /* DIR/pg */
	char bin[PATH_MAX];     /* programs of the server */
	struct spawn_user user; /* who runs the server */
	int lock_fd;
	char listen_host[256]; /* "": no TCP */
	unsigned port;         /* also names the socket */
};

/**
 * Make or check DIR, lock it, find out who runs the server and with which programs, run initdb when
 * there is no cluster yet.
 * Errors: ERR_FATAL in use by a living bttc-indexer, another major version, no programs, not
 * reachable for the server's user; ERR_STOP.
 */
MUST_USE enum err_kind cluster_open(
	struct cluster *c, const char *data_dir, const char *sql_listen, struct err *e);
void cluster_close(struct cluster *c); /* gives the lock back */

/** Where the server of this directory runs, as postmaster.pid says; false: no file. */
struct cluster_server {
	pid_t pid;
	unsigned port;
	char socket_dir[PATH_MAX];
	bool stopping;
};
bool cluster_server(const struct cluster *c, struct cluster_server *out);

/** Is this process a PostgreSQL working in DIR/pg? */
bool cluster_is_server(const struct cluster *c, pid_t pid);

/** Is any process working in DIR/pg? (Backends may outlive a killed postmaster for a moment.) */
bool cluster_has_process(const struct cluster *c);

/** A new, empty directory for the socket, with a short path. */
MUST_USE enum err_kind cluster_socket_dir(
	const struct cluster *c, char *out, size_t n, struct err *e);
/** Make it again, should somebody have cleaned it away. */
MUST_USE enum err_kind cluster_keep_socket_dir(
	const struct cluster *c, const char *dir, struct err *e);
/** Remove a socket directory of ours that no server uses. */
void cluster_remove_socket_dir(const char *dir);

/** Write bttc.conf and bttc_hba.conf; *changed: a server that was started before has other
 * settings. */
MUST_USE enum err_kind cluster_configure(
	const struct cluster *c, const char *socket_dir, bool *changed, struct err *e);

/** Read or make DIR/analyst.password. */
MUST_USE enum err_kind cluster_password(
	const struct cluster *c, char *out, size_t n, struct err *e);

/** Append-only descriptor of the server's log; -1 when it cannot be opened. */
int cluster_log(const struct cluster *c);
/** Last line with an error in the server's log, or "". */
void cluster_log_tail(const struct cluster *c, char *out, size_t n);

#endif
