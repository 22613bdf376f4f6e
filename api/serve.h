#ifndef API_SERVE_H
#define API_SERVE_H

/* The HTTP API on h2o (HTTP/1.1 only). Only this folder and indexer/replay use h2o. */
#include "base/err.h"
#include "network/network.h"
#include "source/source.h"

struct serve;

/** What the process itself knows of a chain that no table holds; NULL members in a lone `serve`. */
struct serve_live {
	void *arg;
	/** Endpoint states of a chain, from the ingest thread's last snapshot; returns how many. */
	size_t (*endpoints)(
		void *arg, const char *chain_key, struct endpoint_info *out, size_t max);
	/** Why this process does not follow the chain any more (text that stays valid), or NULL. */
	const char *(*trouble)(void *arg, const char *chain_key);
	/** What slows the chain down, though it goes on (a static text), or NULL. May be NULL. */
	const char *(*note)(void *arg, const char *chain_key);
};

struct serve_conf {
	const char *listen;   /* HOST:PORT; port 0: a free one */
	const char *url;      /* database, read-only role; NULL: only /healthz, /readyz and /metrics are
				 served, of what the process itself knows */
	int64_t connections;  /* pipelined libpq connections */
	int64_t lag_limit_ms; /* readyz: lag of a chain; 0: a multiple of the block period, at least
				 60 s */
	const struct serve_live *live;
};

/** Listen and serve on threads of its own. Errors: ERR_FATAL address in use, bad URL. */
MUST_USE enum err_kind serve_start(struct serve **out, const struct network *net,
	const struct serve_conf *conf, struct err *e);
unsigned serve_port(const struct serve *s);

/** Stop accepting, finish requests in flight within 2 s, free. NULL is legal. */
void serve_stop(struct serve *s);

#endif
