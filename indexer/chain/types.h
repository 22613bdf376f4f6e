#ifndef CHAIN_TYPES_H
#define CHAIN_TYPES_H

/*
 * What every EVM chain has, as plain values. Variable data (calldata, log data, extraData) points
 * into the arena of the unit of work that made it.
 */
#include "base/arena.h"
#include "base/u256.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct hash32 {
	uint8_t b[32];
};

struct address {
	uint8_t b[20];
};

static inline bool hash_eq(const struct hash32 *a, const struct hash32 *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

static inline bool address_eq(const struct address *a, const struct address *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

/** A block on one chain. */
struct block_id {
	uint64_t number;
	struct hash32 hash;
};

/** Block numbers, both included. */
struct block_range {
	uint64_t from, to;
};

/**
 * How far a node's word about a block was checked. STORED (chain.block.level): never renumber.
 * QUORUM is TRON's top level; a chain's required level decides what is served as verified.
 */
enum level {
	LEVEL_TRUSTED = 0,  /* the node said so */
	LEVEL_LINKED = 1,   /* parent hash equals the block before */
	LEVEL_HASHED = 2,   /* header hashes to its hash (BTTC: and its seal gives an author) */
	LEVEL_BLOOM = 3,    /* logs agree with the header's bloom, both ways */
	LEVEL_RECEIPTS = 4, /* receiptsRoot, transactionsRoot rebuilt: logs and calldata proven */
	LEVEL_QUORUM = 5,   /* two independent endpoints agree (TRON) */
};
const char *level_name(enum level level); /* "trusted" ... */
bool level_parse(enum level *out, const char *text);

/** Which optional header fields were present in the node's answer. */
enum {
	HEADER_BASE_FEE = 1,
	HEADER_WITHDRAWALS = 2,   /* withdrawalsRoot */
	HEADER_BLOB = 4,          /* blobGasUsed and excessBlobGas */
	HEADER_BEACON_ROOT = 8,   /* parentBeaconBlockRoot */
	HEADER_REQUESTS = 16,     /* requestsHash */
};

struct header {
	struct hash32 hash; /* as the node says; verify compares it with header_hash() */
	struct hash32 parent, uncles, state_root, tx_root, receipts_root, mix_hash;
	struct hash32 withdrawals_root, beacon_root, requests_hash; /* see `has` */
	struct address miner;
	uint8_t bloom[256];
	uint8_t nonce[8];
	struct u256 difficulty, base_fee;
	uint64_t number, gas_limit, gas_used;
	uint64_t time; /* seconds since 1970 */
	uint64_t blob_gas_used, excess_blob_gas;
	struct bytes extra;
	unsigned has; /* HEADER_* */
	/* RLP items of block members this program does not know and that look like header fields (a
	 * quantity or 32 bytes), in the order of the answer; only verify_header reads it. */
	struct bytes more;
};

#define LOG_TOPICS_MAX 4

struct log {
	struct address address;
	struct hash32 topics[LOG_TOPICS_MAX];
	struct bytes data;
	struct hash32 tx_hash;
	uint32_t tx_index;
	uint32_t log_index; /* within the block */
	uint8_t topic_count; /* 0..4 */
	bool state_sync;    /* of a BTTC state-sync receipt: no header commits to it */
};

struct access_item {
	struct address address;
	struct hash32 *keys;
	size_t key_count;
};

/** Type 4: one delegation of an account to a contract's code (EIP-7702). */
struct authorization {
	struct u256 chain_id, r, s;
	struct address address;
	uint64_t nonce;
	uint8_t y_parity;
};

/** A transaction as eth_getBlockByNumber(n, true) gives it. */
struct tx {
	struct hash32 hash;
	struct address from, to;
	bool creates;        /* `to` is null */
	bool state_sync;     /* BTTC: not a real transaction, in no root */
	uint8_t type;
	int8_t status;       /* 1 succeeded, 0 reverted, -1 not known (no receipt fetched) */
	uint32_t index;
	uint64_t nonce, gas;
	struct u256 gas_price, max_fee, max_priority_fee, value, v, r, s, chain_id;
	bool has_chain_id;
	struct bytes input;
	struct access_item *access;
	size_t access_count;
	struct u256 max_fee_per_blob_gas;  /* type 3 */
	struct hash32 *blob_hashes;
	size_t blob_hash_count;
	struct authorization *auths;       /* type 4 */
	size_t auth_count;
};

struct receipt {
	struct hash32 tx_hash;
	uint32_t tx_index;
	uint8_t type;          /* absent in some answers: taken from the block */
	bool has_status;       /* false: pre-Byzantium, `root` holds the state root */
	uint8_t status;
	struct hash32 root;
	uint64_t cumulative_gas, gas_used;
	uint8_t bloom[256];
	struct log *logs;
	size_t log_count;
	bool state_sync;
};

/** A contract that a discovery rule found; in force from this log on. */
struct discovery {
	struct address address;
	const char *contract;   /* name of the ABI set, "ValidatorShare"; static for the life of the
	                           network */
	const char *rule;       /* which rule found it; same life */
	uint64_t block;
	uint32_t log_index;
	bool has_validator;
	uint64_t validator_id;  /* the validator it belongs to, where the rule knows */
};

/** A block with what we keep of it. Logs and txs are in index order. */
struct block {
	struct header h;
	struct address author; /* BTTC: recovered from the seal; others: miner */
	bool has_author;
	enum level level;
	uint32_t tx_total;     /* real transactions (no state-sync); 0 if not fetched */
	bool tx_total_known;
	struct log *logs;      /* kept ones only */
	size_t log_count;
	struct tx *txs;        /* kept ones only */
	size_t tx_count;
	struct discovery *found;
	size_t found_count;
	struct u256 fee_sum;   /* BTTC: sum of LogFeeTransfer amounts, when fee logs were fetched */
	uint32_t fee_count;
	bool fees_known;
	/* Nodes of both tries that prove the kept logs (state-sync ones apart) and transactions
	 * (trie_prove_many), each as an RLP string, one after the other; empty below LEVEL_RECEIPTS. */
	struct bytes proof;
	/* LEVEL_QUORUM: names of the endpoints that said the same, ", " between them, printable ASCII;
	 * and the digest of what they said (agreed_digest of chain/agreed.h). Empty: not so. */
	struct bytes agreed_by;
	struct hash32 agreed_digest;
};

#endif
