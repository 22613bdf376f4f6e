#ifndef REPLAY_FILTER_H
#define REPLAY_FILTER_H

#include "base/json.h"
#include "replay/lookup.h"
#include "replay/recording.h"

/** What eth_getLogs asks for, blocks apart: alternatives of addresses and of topics by position. */
struct filter {
	struct lookup *addresses;              /* NULL: any */
	struct lookup *topics[LOG_TOPICS_MAX]; /* NULL: any */
	unsigned positions;                    /* the log must have at least so many topics */
	/* first of each set, for forged logs */
	struct address address;
	struct hash32 topic[LOG_TOPICS_MAX];
};

/**
 * Read members address and topics of a filter object. tron: addresses may have the 0x41 byte. False
 * with a message for the client in *why otherwise. Call filter_clear in both cases.
 */
bool filter_read(struct filter *f, struct jval object, bool tron, const char **why);
bool filter_match(const struct filter *f, const struct rec_log *log);
void filter_clear(struct filter *f);

#endif
