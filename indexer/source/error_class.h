#ifndef SOURCE_ERROR_CLASS_H
#define SOURCE_ERROR_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a failed answer means for the one who asked; one value per reaction. */
enum rpc_class {
	RPC_TRANSPORT,   /* no answer: connect, reset, cut short, timeout */
	RPC_RATE,        /* asked too often: wait */
	RPC_BUSY,        /* the node or something before it is in trouble: wait, ask another */
	RPC_RANGE,       /* block range too wide: ask for fewer blocks */
	RPC_RESULTS,     /* too many results, answer too large: ask for fewer blocks */
	RPC_HEAD,        /* the block is not there (yet, or any more) */
	RPC_UNSUPPORTED, /* this endpoint will never answer this method (or tag) */
	RPC_BATCH,       /* batch refused or too large: ask in smaller ones */
	RPC_AUTH,        /* key missing, wrong or used up */
	RPC_GRAMMAR,     /* not JSON-RPC, or fields that break the grammar */
	RPC_REVERTED,    /* eth_call: the contract says no; asking again says the same */
	RPC_OTHER,       /* an error no rule knows */
	RPC_CLASS_COUNT
};
const char *rpc_class_name(enum rpc_class c); /* "transport", "rate", ... for metrics */

/** A failed answer, as far as it is known. */
struct rpc_failure {
	int http;     /* HTTP status; 0: none */
	int64_t code; /* JSON-RPC error code; 0: none */
	const char *
		text; /* error.message and error.data, or the start of a body that is no JSON-RPC */
	size_t text_len;
	bool json_rpc;    /* text and code come from a JSON-RPC error object */
	bool whole_batch; /* it answers a batch of more than one as a whole */
};

/** By table: what providers and nodes are known to say; then by code and status. Pure. */
enum rpc_class rpc_classify(const struct rpc_failure *f);

/**
 * How many blocks a refusal (RPC_RANGE, RPC_RESULTS) says would do: from a proposed range, or from
 * a limit that is named. 0 when nothing smaller than `asked` is named.
 */
uint64_t rpc_range_hint(enum rpc_class c, const char *text, size_t n, uint64_t asked);

#endif
