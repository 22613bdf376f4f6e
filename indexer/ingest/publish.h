#ifndef INGEST_PUBLISH_H
#define INGEST_PUBLISH_H

/*
 * The writing end: what has been published, what follows it, and the steps that get from one to the
 * other. State changes here only after the stream has taken the steps.
 */
#include "ingest/head.h"
#include "ingest/ingest.h"
#include "ingest/ring.h"
#include "ingest/tally.h"

/** The block that the next published one has to follow. */
struct link {
	uint64_t next; /* number of the next block */
	bool known;    /* its parent's hash is known: */
	struct hash32 hash;
	bool has_time;
	uint64_t time;
};

struct publisher {
	const struct chain_conf *chain;
	struct stream_writer *out;
	struct source *src; /* driven while the stream says AGAIN */
	struct tally *tally;
	struct ingest_state *state;
	struct head head;
	struct ring *ring;
	struct link below;       /* link while the ring is empty */
	struct discovery *found; /* of published blocks, in order */
	size_t found_count, found_room;
	uint64_t next_seq;
	bool forked; /* blocks above `common` have to be undone with the next publication */
	uint64_t common;
};

void publisher_init(struct publisher *p, const struct chain_conf *chain,
	const struct ingest_past *past, uint64_t now_ms);
void publisher_close(struct publisher *p);

/** What the next block has to follow: the tip, or the common block of a pending fork. */
struct link publisher_link(const struct publisher *p);

/** Discoveries that hold up to the link. */
size_t publisher_found(const struct publisher *p);

/** Newest published block, forked or not. False: none (in the ring). */
bool publisher_tip(const struct publisher *p, uint64_t *number);

/** Show how far what was published is behind the node's head; after either moved. */
void publisher_lag(struct publisher *p);

/**
 * Publish pending UNDOs, then the blocks in chunks, then heights when they changed. n may be 0:
 * heights only, pending UNDOs wait for blocks. Errors: ERR_STOP, ERR_FATAL of the stream.
 */
MUST_USE enum err_kind publisher_put(
	struct publisher *p, struct block *blocks, size_t n, struct err *e);

#endif
