#ifndef REPLAY_CONTROL_H
#define REPLAY_CONTROL_H

/*
 * The state of a running replay server: its nodes, their time, their faults; and the JSON by which
 * tests look at it and change it. Not locked here: the caller holds the lock.
 */
#include "replay/fault.h"
#include "replay/node.h"
#include "replay/timeline.h"

/** A node and where it is in its life. */
struct served {
	struct node node;
	char *key;
	struct timeline life; /* n == 0: not built, the head stands */
	size_t next;          /* next moment to come */
	bool live;            /* moments come by themselves */
	uint64_t start_head; /* synthetic: a block every period_us from there; 0: the head stands */
	uint64_t period_us;
};

struct stage {
	struct served *nodes;
	size_t count;
	struct fault_set *faults; /* never NULL after start */
	struct json_parser *parser;
	uint64_t zero_us;      /* clock_us() when the server started */
	uint64_t zero_wall_us; /* and the wall clock */
	uint64_t origin;       /* recorded time then, seconds */
	uint64_t speed;        /* 0: time stands still */
};

/** Move the heads of live nodes to where they belong at now_us. */
void stage_tick(struct stage *s, uint64_t now_us);

/**
 * Body of POST /control: {"<key>":{"head":N,"fork":K}, "faults":["..."]}. fork absent or 0:
 * canonical; head absent: the branch's tip. A node that was moved stands still from then on.
 * Errors: ERR_REJECT naming what is wrong; nothing is changed then.
 */
MUST_USE enum err_kind stage_control(struct stage *s, const char *json, size_t n, struct err *e);

/** Body of GET /control: heads, branches, counters. */
void stage_show(const struct stage *s, uint64_t now_us, struct buf *out);

#endif
