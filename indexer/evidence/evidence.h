#ifndef EVIDENCE_EVIDENCE_H
#define EVIDENCE_EVIDENCE_H

/*
 * Evidence for one log: a self-contained file with which a stranger can check, offline, that the
 * log is part of a block, and a BTTC block part of a checkpoint. Format: schema/evidence.md. Pure.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "chain/abi.h"
#include "chain/checkpoint.h"
#include "verify/block.h"

#define EVIDENCE_FORMAT    "bttc-evidence/1"
#define EVIDENCE_FILE_MAX  (16u << 20) /* bytes */
#define EVIDENCE_NODES_MAX 32          /* of one trie proof */

/** Nodes of a trie from the root down (trie_verify). */
struct evidence_proof {
	struct bytes *nodes;
	size_t n;
};

/** An endpoint that gave the same answer, and the digest of what it gave. */
struct evidence_endpoint {
	const char *name;
	struct hash32 digest;
};

/** Who made the file: statements, nothing of it is checked. */
struct evidence_origin {
	const char *version, *network;
	struct hash32 network_sha256;
	const char *rule_set;
	const char *git_revision; /* of the program; NULL: not known, as are: */
	const char *ledger_rules, *staking_rules; /* rules by which amounts of the database are made */
};

struct evidence;

/** BTTC: the checkpoint that covers the block. */
struct evidence_checkpoint {
	uint64_t header_block_id, start, end;
	struct hash32 root;
	struct hash32 path[CHECKPOINT_PATH_MAX];
	size_t path_n;
	struct evidence *of; /* of the NewHeaderBlock log on the root chain; NULL: not in the file */
};

struct evidence {
	struct evidence_origin origin;
	const char *chain; /* the network file's key */
	uint64_t chain_id;
	enum header_kind kind;
	struct block_id block;
	uint64_t time;         /* seconds since 1970 */
	struct log log;        /* tx_hash, tx_index, log_index as claimed */
	uint32_t log_position; /* within its transaction, from 0 */
	bool has_event;
	struct abi_event event; /* name, inputs, signature, topic0 */
	struct bytes args;      /* compact JSON object; empty: none */
	struct bytes header;    /* RLP; TRON: raw_data as signed */
	struct evidence_proof receipt, tx; /* not for TRON; tx may be empty */
	struct bytes witness_signature;    /* TRON: 65 bytes, or empty */
	struct evidence_endpoint *endpoints; /* TRON */
	size_t endpoint_count;
	bool has_checkpoint;
	struct evidence_checkpoint checkpoint;
};

/**
 * Read a file's text. Strict: unknown members are allowed only in "origin"; every other deviation
 * is refused. *out lives in mem.
 * Errors: ERR_REJECT, the message begins with the field ("claim.topics[1]: ...").
 */
MUST_USE enum err_kind evidence_read(struct evidence **out, const char *text, size_t n,
	struct arena *mem, struct err *e);

/** The file's text for it. Everything that evidence_read would refuse is the caller's mistake. */
void evidence_write(struct buf *out, const struct evidence *ev);

/** What the reader trusts without proof. */
struct evidence_trust {
	const struct hash32 *blocks; /* hashes of blocks known to be canonical */
	size_t block_count;
	const struct hash32 *roots; /* checkpoint roots known to be accepted */
	size_t root_count;
};

enum evidence_verdict {
	EVIDENCE_PROVEN, /* follows from the hashes in the file */
	EVIDENCE_STATED, /* can not be proven by this file */
	EVIDENCE_FAILED, /* contradicted */
};
const char *evidence_verdict_name(enum evidence_verdict v); /* "proven", ... */

struct evidence_line {
	enum evidence_verdict verdict;
	char text[480]; /* for people */
};

#define EVIDENCE_LINES_MAX 48
struct evidence_report {
	struct evidence_line lines[EVIDENCE_LINES_MAX];
	size_t n;
	bool failed;   /* a line is EVIDENCE_FAILED */
	bool anchored; /* something that the reader trusts is at the root of all that is proven */
};

/** Check everything that the file allows; stops at the first contradiction. mem: scratch. */
void evidence_check(const struct evidence *ev, const struct evidence_trust *trust,
	struct arena *mem, struct evidence_report *out);

#endif
