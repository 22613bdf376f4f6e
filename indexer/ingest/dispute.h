#ifndef INGEST_DISPUTE_H
#define INGEST_DISPUTE_H

#include "base/buf.h"
#include "chain/types.h"
#include "ingest/ingest.h"
#include "ingest/tally.h"

/** Count a difference between endpoints, log it (limited), and hand it to who wants to know. */
void dispute_tell(const struct ingest_conf *conf, struct tally *tally, const struct ingest_dispute *d);

#define DISPUTE_ANSWER_MAX 4096

/** What one side says, for people: bytes under a name; a log (NULL: that there is none). */
void dispute_say_hex(struct buf *out, const char *name, const void *p, size_t n);
void dispute_say_log(struct buf *out, const struct log *g);

#endif
