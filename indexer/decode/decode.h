#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

/*
 * Raw block -> typed rows, by the ABIs and mappings of the network. Pure.
 */
#include "base/err.h"
#include "network/network.h"

struct decoder;

/** Builds the lookup (address, topic0, indexed count) -> event for one chain. */
struct decoder *decoder_new(const struct chain_conf *chain);
void decoder_free(struct decoder *d);

/** Contracts found so far; must be told in chain order, and taken back on UNDO. */
void decoder_found(struct decoder *d, const struct discovery *f);
void decoder_undo(struct decoder *d, uint64_t from_block); /* forget those found at or above */

/** A kept log with what it means. */
struct event_row {
	const struct log *log;
	const struct contract *contract;   /* NULL: address known to no contract (never kept) */
	const struct abi_event *event;     /* NULL: unknown event of a watched contract */
	bool has_validator;
	uint64_t validator_id;             /* id 0 and ids over 63 bits: has_validator false */
};

struct parked_row {
	const struct log *log;
	const struct contract *contract;
	const char *event;                 /* name that it should have been, or NULL */
	char reason[200];
};

enum checkpoint_kind { CHECKPOINT_MAIN = 1, CHECKPOINT_SYNC = 2, CHECKPOINT_MIRROR = 3 }; /* STORED */

/** NewHeaderBlock or CheckpointSyncAck with what its transaction's calldata adds. */
struct checkpoint_row {
	const struct log *log;
	enum checkpoint_kind kind;
	unsigned root_chain_id;            /* 1, 2, 3: the chain that the checkpoint is of */
	uint64_t checkpoint_id;            /* n, not x10000 */
	bool has_header_block_id;
	uint64_t header_block_id;
	struct address proposer;
	uint64_t start, end;
	bool has_root;
	struct hash32 root;
	bool has_reward;
	struct u256 reward;
	bool has_call;                     /* calldata of this very transaction, matching the event */
	struct address submitted_by;
	bool has_account_root;
	struct hash32 account_root;
	bool has_bttc_chain_id, has_call_epoch;
	uint64_t bttc_chain_id, call_epoch;
	struct bytes vote_data;            /* the signed bytes, as received */
	struct bytes signatures;           /* 96 bytes each, as received */
	size_t signature_count;
};

/** One event of a partnership contract in the common vocabulary. */
struct partnership_row {
	const struct log *log;
	const struct mapping_event *map;
	bool has[PF_COUNT];
	struct address partner, account, recipient, operator_, admin;
	struct u256 amount, total;
	uint64_t share_bps, old_share_bps, validator_id;
	struct hash32 role;
	const char *role_name;             /* NULL: a role id that the mapping does not name */
};

/** A kept transaction with its decoded call, where the ABI knows it. */
struct call_row {
	const struct tx *tx;
	const struct contract *contract;
	const struct abi_function *function; /* NULL: unknown selector */
	const struct contract *target;       /* Governance.update: the inner call */
	const struct abi_function *inner;
	struct bytes inner_input;
};

struct decoded {
	struct event_row *events;
	size_t event_count;
	struct parked_row *parked;
	size_t parked_count;
	struct checkpoint_row *checkpoints;
	size_t checkpoint_count;
	struct partnership_row *partnership;
	size_t partnership_count;
	struct call_row *calls;
	size_t call_count;
	uint64_t unknown_events;
};

/**
 * Decode one block. Never fails: what can not be decoded is in `parked` (malformed) or has event
 * NULL (unknown). block->found is applied before its logs. Results point into block and mem.
 */
void decode_block(struct decoder *d, const struct block *b, struct arena *mem, struct decoded *out);

#endif
