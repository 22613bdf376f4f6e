#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

/*
 * Recordings (tests/recordings formats) and synthetic chains served as JSON-RPC nodes on loopback,
 * a chain at /<key>. Used by the demo, the tests and the benches.
 */
#include "base/err.h"
#include "network/network.h"

struct replay;

struct replay_chain {
	const char *key; /* path it is served at; NULL: "root" or "bttc" by its meta.json */
	const char *dir; /* recording directory, or "synthetic:..." (replay/synthetic.h) */
	bool tron_shape; /* in the form of a TRON node */
	bool bor_logs;   /* BTTC: eth_getLogs lists state-sync logs (node flag --bor.logs) */
	uint64_t safe_depth, final_depth; /* of the tags; 0: those of the conf */
};

struct replay_conf {
	const char *listen; /* "127.0.0.1:0": a free port */
	const struct replay_chain *chains;
	size_t chain_count;
	int64_t speed; /* 0: everything at once; N: N times the recorded time, forks live */
	bool has_head;
	uint64_t head; /* the first chain's head stands here, others at the same time */
	unsigned fork; /* 1-based: first chain starts on that fork's orphaned branch, at its
			  tip unless head is given; 0: none */
	const char *const *faults; /* "--fault" texts; see replay/fault.h */
	size_t fault_count;
	uint64_t final_depth, safe_depth; /* for the tags; 0: 64 and 10 */
	bool control;                     /* POST /control {"root":{"head":700},...}: for tests */
};

/**
 * The chains of what --recording names: a recording, or a directory of recordings (world: root and
 * bttc), "KEY=DIR" to serve it at another path, "synthetic:..." (replay/synthetic.h). tron_shape:
 * chains that are no BTTC chain take the form of a TRON node. Fills at most max chains; their
 * strings belong to *out, which the caller frees with replay_dirs_free. Errors: ERR_FATAL no
 * recording there, a key twice, too many. *out is NULL then.
 */
struct replay_dirs;
MUST_USE enum err_kind replay_expand(struct replay_dirs **out, const char *const *texts, size_t n,
	bool tron_shape, struct replay_chain *chains, size_t max, size_t *count, struct err *e);
void replay_dirs_free(struct replay_dirs *d); /* NULL is legal */

/**
 * Load, listen, and serve on a thread of its own. Everything in conf is copied.
 * Errors: ERR_FATAL a recording, an address, a head, fork or fault that can not be; says which.
 */
MUST_USE enum err_kind replay_start(
	struct replay **out, const struct replay_conf *conf, struct err *e);
unsigned replay_port(const struct replay *r);

/**
 * Do what POST /control does, from any thread: {"<key>":{"head":N,"fork":K},...,"faults":[...]}.
 * Errors: ERR_REJECT naming what is wrong; nothing is changed then.
 */
MUST_USE enum err_kind replay_control(struct replay *r, const char *json, struct err *e);

/** What --fault takes, as a table. */
void replay_fault_help(FILE *to);

/** Close all connections and free everything; NULL is legal. */
void replay_stop(struct replay *r);

#endif
