#ifndef INGEST_DISPUTE_H
#define INGEST_DISPUTE_H

#include "ingest/ingest.h"
#include "ingest/tally.h"

/** Count a difference between endpoints, log it (limited), and hand it to who wants to know. */
void dispute_tell(const struct ingest_conf *conf, struct tally *tally, const struct ingest_dispute *d);

#endif
