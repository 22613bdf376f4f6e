#ifndef NETWORK_LOAD_H
#define NETWORK_LOAD_H

/* What the files of this stage share while one network file is read. Internal to the stage. */
#include "base/buf.h"
#include "network/network.h"
#include "network/reader.h"

struct json_t;

/** A JSON file beside the network file (ABI, mapping), read once. */
struct side_file {
	const char *path;
	struct json_t *json;
	struct side_file *next;
};

struct load {
	struct reader r;         /* positions in the network file */
	struct arena *mem;       /* of the network */
	const char *dir;         /* directory of the network file */
	struct side_file *files;
	struct buf digests;      /* sha256 of each file read, in order */
	const struct json_t *mappings; /* member "mappings" of the network file, or NULL */
};

/** Read and parse a file (at most 16 MB). The result is json_decref'ed by the caller. */
bool load_json(struct load *l, const char *path, struct json_t **out, struct err *e);

/**
 * A side file: `ref` is a NAME (schema directory, `kind`/NAME.json) or a path relative to the network
 * file. Kept until load_close(). *path is where it was found.
 */
bool load_side(struct load *l, const char *kind, const char *ref, const struct json_t **out,
	const char **path);

/** Last part of a path without ".json". */
const char *load_base_name(struct arena *mem, const char *path);

void load_close(struct load *l);

/* ---- abi_file.c ---- */

/** Events and functions of one contract, gathered from one or more ABI files. */
struct abi_set {
	struct abi_event **events;
	size_t event_count, event_cap;
	struct abi_function **functions;
	size_t function_count, function_cap;
};

/**
 * Add what an ABI (array of the compiler's form) declares. The same event or function again is skipped
 * (a proxy and its implementation declare the same); two events that logs could not tell apart are
 * refused. r: positions in the ABI file.
 */
bool abi_file_add(struct reader *r, const struct json_t *abi, const char *contract,
	struct abi_set *set);

/* ---- mapping.c ---- */

/** Read a mapping against the events of a contract. */
bool mapping_read(struct reader *r, const struct json_t *v, const char *name,
	const struct contract *c, struct mapping **out);

/* ---- initial_state.c ---- */

bool initial_state_read(struct reader *r, const struct json_t *v, struct network *n);

/* ---- contracts.c, watches.c, chain_conf.c; the pointer stands at the chain ---- */

bool contracts_read(struct load *l, const struct json_t *v, struct chain_conf *c);
bool watches_read(struct load *l, const struct json_t *v, struct chain_conf *c);
bool rules_read(struct load *l, const struct json_t *v, struct chain_conf *c);

/** Chain facts without contracts, watches and rules. */
/** Member rule_sets of a chain; list NULL: absent. */
bool rule_sets_read(struct reader *r, const struct json_t *list, struct chain_conf *c);
bool chain_conf_read(struct load *l, const struct json_t *v, struct chain_conf *c);

/** The event of a contract by name or signature; NULL: none. *more: there are several of that name. */
const struct abi_event *contract_event(const struct contract *c, const char *name, bool *more);

#endif
