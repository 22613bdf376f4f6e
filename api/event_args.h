#ifndef API_EVENT_ARGS_H
#define API_EVENT_ARGS_H

#include "base/json.h"
#include "network/network.h"

/**
 * The event that a log of this contract (its name in the network file) is, by topic 0 and the number
 * of topics; NULL: none that is declared. The log has at least one topic.
 */
const struct abi_event *event_of_log(
	const struct chain_conf *chain, struct bytes contract, const struct log *log);

/** {"param": value, ...}; tron: an address has its base58 form beside it. */
void event_args_json(
	struct jw *w, const struct abi_event *ev, const struct abi_value *values, bool tron);

#endif
