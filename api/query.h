#ifndef API_QUERY_H
#define API_QUERY_H

#include "api/cells.h"
#include "base/arena.h"
#include "network/network.h"

/*
 * The parameters of a request, parsed and checked against the network. Pure. Names and meanings:
 * the API contract in schema/api/openapi.json.
 */

/** Text that somebody else owns; not NUL-terminated unless said. */
struct text {
	const char *p;
	size_t n;
};

enum param {
	PARAM_LIMIT,
	PARAM_CURSOR,
	PARAM_ORDER,
	PARAM_FROM,
	PARAM_TO,
	PARAM_FINALITY,
	PARAM_VERIFICATION,
	PARAM_CHAIN,
	PARAM_CONTRACT,
	PARAM_EVENT,
	PARAM_ADDRESS,
	PARAM_VALIDATOR_ID,
	PARAM_KIND,
	PARAM_ROOT_CHAIN_ID,
	PARAM_PROPOSER,
	PARAM_CHECKPOINT_ID,
	PARAM_FORMAT,
	PARAM_REV,
	PARAM_AT,
	PARAM_INTERVAL,
	PARAM_COUNT
};
#define PARAM_BIT(p) (1u << (p))

const char *param_name(enum param p);

/** How sure a row is; a filter means "at least". CHECKPOINTED (BTTC) ranks with FINAL. */
enum finality { FINALITY_PENDING, FINALITY_SAFE, FINALITY_FINAL };

enum when_kind { WHEN_NONE, WHEN_BLOCK, WHEN_TIME };

/** A bound in blocks, or in seconds since 1970. */
struct when {
	enum when_kind kind;
	int64_t value;
};

#define QUERY_LIMIT_DEFAULT 50
#define QUERY_LIMIT_MAX     500

struct query {
	unsigned given; /* PARAM_BIT of every parameter in the request */
	unsigned limit;
	struct text cursor;
	bool ascending;
	struct when from, to; /* both included */
	enum finality finality;
	enum level verification; /* LEVEL_TRUSTED: no filter */
	const struct chain_conf *chain;
	const char *contract; /* the network's own text */
	const char *event;    /* the network's own text */
	struct address address, proposer;
	int64_t validator_id, checkpoint_id;
	unsigned kind; /* 1 main, 2 sync, 3 mirror */
	unsigned root_chain_id;
	enum format format;
	struct text rev;
	int64_t at; /* block */
	unsigned interval; /* 0 none, 1 day, 2 week, 3 month, 4 year */
};

/** Why a request is refused (400). */
struct query_fault {
	char parameter[72]; /* empty: no parameter is at fault */
	char detail[240];
};

/** Percent-decode; false on a bad escape, bytes that are not UTF-8, or a control character. */
MUST_USE bool text_decode(struct text raw, struct arena *mem, struct text *out);

/**
 * Parse the part of a URL after '?'. `allowed`: PARAM_BITs of the path. '+' stands for itself
 * (offsets of times). Defaults fill what is not given. Texts in *out live in raw or mem.
 */
MUST_USE bool query_parse(struct query *out, const struct network *net, unsigned allowed,
	struct text raw, struct arena *mem, struct query_fault *fault);

/** Decimal without sign or leading zeros, at most 2^63-1. */
MUST_USE bool query_int(int64_t *out, struct text t);

/** "main", "sync", "mirror" and back; 0 and NULL for anything else. */
unsigned checkpoint_kind_parse(struct text t);
const char *checkpoint_kind_text(unsigned kind);

/** What the list is: all filters and the order, normalised, without page, format and revision. */
void query_canonical(const struct query *q, struct buf *out);

/** The event of that name in some contract of the chain (NULL: of any chain), or NULL. */
const struct abi_event *network_event(
	const struct network *net, const struct chain_conf *chain, const char *name);

#endif
