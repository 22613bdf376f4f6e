#ifndef INGEST_SCOUT_H
#define INGEST_SCOUT_H

/*
 * Polls ask the endpoint that answers best; a scout asks every other one now and then, so that a node that
 * stands still, or made its newest block up, is found out by those that do not.
 */
#include "source/source.h"

#define SCOUT_ENDPOINTS_MAX 32 /* as source_open takes */

struct scout {
	size_t endpoints;
	uint64_t every_ms;
	uint64_t heard_ms[SCOUT_ENDPOINTS_MAX]; /* when its newest block was last heard of, or asked for */
	struct job *job;
	uint64_t sent_ms;
};

void scout_init(struct scout *s, size_t endpoints, uint64_t block_period_ms, uint64_t now_ms);
void scout_close(struct scout *s);

/** A poll was answered by these endpoints (source_who). */
void scout_heard(struct scout *s, uint32_t who, uint64_t now_ms);

/** Ask who was not heard of for long; nothing where there is one endpoint. */
void scout_send(struct scout *s, struct source *src, uint64_t now_ms);

/** The answer, a head job that is done with a header: the caller's. NULL: none came (yet). */
struct job *scout_take(struct scout *s, uint64_t now_ms);

#endif
