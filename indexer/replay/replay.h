#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

/*
 * Recordings (tests/recordings formats) and synthetic chains served as JSON-RPC nodes on loopback, a
 * chain at /<key>. Used by the demo, the tests and the benches.
 */
#include "base/err.h"
#include "network/network.h"

struct replay;

struct replay_chain {
	const char *key;           /* path it is served at */
	const char *dir;           /* recording directory, or NULL for a synthetic chain */
	bool tron_shape;
};

struct replay_conf {
	const char *listen;        /* "127.0.0.1:0": a free port */
	const struct replay_chain *chains;
	size_t chain_count;
	int64_t speed;             /* 0: everything at once; N: N times the recorded time, forks live */
	bool has_head;
	uint64_t head;             /* start with the head here */
	unsigned fork;             /* 1-based: start on the orphaned branch of that fork; 0: none */
	const char *const *faults; /* "--fault" texts; see replay/fault.h */
	size_t fault_count;
	uint64_t final_depth, safe_depth; /* for the tags */
	bool control;              /* POST /control {"root":{"head":700},...}: for tests */
};

/** Load, listen, and serve on a thread of its own. */
MUST_USE enum err_kind replay_start(struct replay **out, const struct replay_conf *conf, struct err *e);
unsigned replay_port(const struct replay *r);
void replay_stop(struct replay *r);

#endif
