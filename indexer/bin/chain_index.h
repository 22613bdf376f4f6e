#ifndef BIN_CHAIN_INDEX_H
#define BIN_CHAIN_INDEX_H

/* One chain of an `index` process: a thread that goes from Kafka to PostgreSQL. */
#include "index/index.h"
#include "stream/kafka.h"

struct chain_index;

struct chain_index_conf {
	const struct chain_conf *chain;
	const char *database;
	struct kafka_conf kafka;
	bool until_head; /* end when what the topic held at the start is applied */
};

/** Start the thread. conf and what it points to outlive it. */
MUST_USE enum err_kind chain_index_start(struct chain_index **out, const struct chain_index_conf *conf,
	struct err *e);

const struct index_state *chain_index_state(const struct chain_index *x);
/** Why the chain is not followed at the moment (valid until the join), or NULL; a standby is fine. */
const char *chain_index_trouble(const struct chain_index *x);

bool chain_index_ended(const struct chain_index *x);

/** Wait for the thread and free. ERR_NONE, ERR_STOP, or the error that ended the chain. */
enum err_kind chain_index_join(struct chain_index *x, struct err *e);

#endif
