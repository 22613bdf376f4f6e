#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

/*
 * A network file (schema/networks/NAME.json): every fact about chains and contracts that the program
 * needs. Loaded once at start, immutable afterwards, shared by all threads.
 */
#include "base/err.h"
#include "chain/abi.h"
#include "chain/types.h"

#include <stdio.h>

enum chain_kind { CHAIN_ETHEREUM, CHAIN_TRON, CHAIN_BTTC };
enum chain_role {
	ROLE_STAKING,  /* TRON: staking, rewards, partnerships, checkpoints */
	ROLE_MIRROR,   /* Ethereum, BSC: checkpoints and mirror validator set */
	ROLE_CHILD,    /* BTTC */
};
enum tx_scan { TX_SCAN_NONE, TX_SCAN_FULL, TX_SCAN_NATIVE };

enum finality_rule {
	FINALITY_DEPTH, /* final = head - final_depth */
	FINALITY_TAGS,  /* the node's `safe` and `finalized` tags, depth where a tag is refused */
};

/**
 * A contract with a fixed address, or a kind of contract that discovery rules find (template). An entry
 * of the file with several addresses gives one contract each, all of the same name; a template may
 * share its name with fixed ones (partnerships).
 */
struct contract {
	const char *name;        /* API name: "StakeManager"; may repeat, see above */
	struct address address;  /* zero for a template */
	bool fixed;              /* false: template; addresses come from discovery */
	bool accounted;          /* transactions to it are kept (tx scan), token moves counted */
	uint64_t from_block;     /* first block it is watched from; 0: the chain's first block */
	const struct abi_event *const *events;
	size_t event_count;
	const struct abi_function *const *functions;
	size_t function_count;
	const struct mapping *mapping;  /* partnership vocabulary; NULL elsewhere */
};

/**
 * Which logs to keep. Sets are alternatives; an empty set means anything. A watch of the file on a name
 * that several contracts have gives one watch each.
 */
struct watch {
	const struct contract *contract;  /* address: fixed, or all discovered ones of the template */
	struct hash32 *topics[LOG_TOPICS_MAX];
	size_t topic_count[LOG_TOPICS_MAX];
	bool accounted_from_to;  /* keep only token Transfers whose topic 1 or 2 is an accounted contract */
	bool sum_only;           /* BTTC LogFeeTransfer: summed per block, no rows */
};

enum discovery_kind {
	/* ValidatorShare: in a transaction with `trigger` (Staked), the log `announce` (OwnerUpdate)
	 * whose parameters name new owner and old owner; its address is the contract. */
	DISCOVER_OWNER_UPDATE,
	/* Partnership: `trigger` is an NFT Transfer; its `to` is the contract when it has code. */
	DISCOVER_NFT_OWNER,
};

struct discovery_rule {
	const char *name;
	enum discovery_kind kind;
	const struct contract *trigger_contract;
	struct hash32 trigger_topic0;
	struct hash32 announce_topic0;   /* OWNER_UPDATE */
	struct address new_owner, old_owner; /* parameters 0 and 1 of the announcement */
	bool has_old_owner;              /* false: any old owner (the factory is not known) */
	const struct contract *finds;    /* template */
};

/** Vocabulary of partnership events; STORED (partnership.event.kind), never renumber. */
enum partnership_kind {
	PARTNERSHIP_CREATED = 1,
	PARTNERSHIP_ROLE_GRANTED,
	PARTNERSHIP_ROLE_REVOKED,
	PARTNERSHIP_PARTNER_ADDED,
	PARTNERSHIP_PARTNER_REMOVED,
	PARTNERSHIP_SHARE_CHANGED,
	PARTNERSHIP_DUST_PARTNER,
	PARTNERSHIP_REWARD_RECEIVED,
	PARTNERSHIP_ALLOCATED,
	PARTNERSHIP_CLAIMED,
	PARTNERSHIP_RESTAKED,
	PARTNERSHIP_CAPITAL_IN,
	PARTNERSHIP_CAPITAL_OUT,
	PARTNERSHIP_PAUSED,
	PARTNERSHIP_UNPAUSED,
	PARTNERSHIP_KIND_COUNT
};
const char *partnership_kind_name(enum partnership_kind k); /* "created", "role_granted", ... */

/**
 * Fields that a mapping can fill from an event's parameters; each may be absent. Amounts are token
 * units; shares are basis points. PARTNERSHIP_DUST_PARTNER: partner is the new one, account the old one.
 */
enum partnership_field {
	PF_PARTNER, PF_ACCOUNT, PF_RECIPIENT, PF_AMOUNT, PF_TOTAL, PF_SHARE_BPS, PF_OLD_SHARE_BPS,
	PF_VALIDATOR_ID, PF_ROLE, PF_OPERATOR, PF_ADMIN, PF_COUNT
};
const char *partnership_field_name(enum partnership_field f);

struct mapping_event {
	const struct abi_event *event;
	enum partnership_kind kind;
	int param[PF_COUNT]; /* index of the event's parameter, or -1; its type fits the field */
};

struct mapping_role {
	const char *role;        /* "admin", "operator", "partner", "user" */
	struct hash32 id;
};

struct mapping {
	const char *name;
	struct mapping_event *events;
	size_t event_count;
	struct mapping_role *roles;
	size_t role_count;
};

/** Revisions of the staking contracts that the ledger can replay. */
enum staking_rules {
	RULES_STAKE_2022_03, /* protocol.md 6: contracts `stake` as of March 2022 */
	RULES_STAKE_2021_12, /* at launch: what a leaving validator sells leaves the total twice (6.10.5) */
};
const char *staking_rules_name(enum staking_rules rules); /* "stake-2022-03", ... */

/** Code that a contract's proxy or the registry may point to while a rule set is in force. */
struct implementation {
	const char *contract; /* "StakeManager", "RootChain", "EventsHub", "ValidatorShare" */
	struct address address;
};

struct rule_set {
	uint64_t from_block;
	enum staking_rules rules;
	struct implementation *implementations;
	size_t implementation_count;
};

struct chain_conf {
	const char *key;          /* "tron", "ethereum", "bsc", "bttc"; recorded: "root", "bttc" */
	uint64_t chain_id;
	enum chain_kind kind;
	enum chain_role role;
	const char *const *endpoints;
	size_t endpoint_count;
	const char *recording;    /* directory of a recording, absolute; NULL on real networks */
	bool recording_tron_shape;
	uint64_t first_block;
	bool has_parent_hash;     /* false: first_block's own parent is taken on trust */
	struct hash32 parent_hash; /* hash of the block before first_block; zero for a genesis */
	bool has_first_hash;      /* the hash of first_block itself is pinned (BTTC: the genesis) */
	struct hash32 first_hash;
	enum finality_rule finality;
	uint64_t safe_depth, final_depth;  /* BTTC: safe 10; final_depth 0 = never by depth */
	uint64_t fork_window;     /* headers kept to find a fork; default 256, BTTC 1024 */
	uint64_t block_period_ms;
	enum level required;      /* required verification level */
	enum tx_scan tx_scan;
	unsigned root_chain_id;   /* 1 tron, 2 eth, 3 bsc; 0 for BTTC */
	struct contract *contracts;
	size_t contract_count;
	struct watch *watches;
	size_t watch_count;
	struct discovery_rule *rules;
	size_t rule_count;
	struct rule_set *rule_sets; /* ascending; none: the default, upgrades are not checked */
	size_t rule_set_count;
};

struct network {
	const char *name;
	const char *path;          /* file it came from */
	struct hash32 digest;      /* over the sha256 of file and ABI files */
	char revision[17];         /* its first 16 hex digits */
	struct chain_conf *chains;
	size_t chain_count;
	/*
	 * JSON text of the staking contracts' state at the end of the block before the staking chain's
	 * first (form: the recordings' oracle records; member "sources" says where a value is from);
	 * NULL: none.
	 */
	const char *initial_state;
	/* private: owned memory */
	struct arena *mem;
};

/**
 * Load by NAME (looked up in the schema directory) or FILE (has a slash or ends in .json).
 * Reads the ABI and mapping files that it names: NAME in the schema directory, or a path (has a slash
 * or ends in .json) relative to the network file. Everything is checked; the first mistake ends it.
 * Errors: ERR_FATAL with "file:line: ..." for syntax and "file: /json/pointer: ..." for meaning.
 */
MUST_USE enum err_kind network_load(struct network **out, const char *name_or_file, struct err *e);
void network_free(struct network *n);

/** The rule set in force at a block, or NULL: the file names none. */
const struct rule_set *network_rules_at(const struct chain_conf *c, uint64_t block);

const struct chain_conf *network_chain(const struct network *n, const char *key); /* NULL: none */

/** Directory that holds networks/ and abi/: $BTTC_SCHEMA_DIR, next to the binary, or installed. */
const char *network_schema_dir(void);

/** The first contract of that name on a chain (fixed ones before a template), or NULL. */
const struct contract *network_contract(const struct chain_conf *c, const char *name);

/** A function of a contract by name (the first, where it is overloaded), or NULL. */
const struct abi_function *network_function(const struct contract *c, const char *name);

/** The chain whose staking contracts the ledger follows: of role staking, with a StakeManager; or NULL. */
const struct chain_conf *network_staking(const struct network *n);

/** The template of that name on a chain, or NULL. */
const struct contract *network_template(const struct chain_conf *c, const char *name);

/**
 * Print a network file for recordings (golden/README formats) to `to`. A directory is a staking chain
 * (meta.json has contracts.stakeManager; key "root"), a BTTC chain (chainConfig; key "bttc"), or holds
 * such directories. Recording paths become absolute. The shape of the file comes from
 * schema/recorded/{root,bttc}.json.
 *
 * tron_shape: the staking chain is to be replayed in TRON's form: kind tron, and the hash h of block n
 * is uint64be(n) followed by the last 24 bytes of sha256(h).
 * Errors: ERR_FATAL, nothing was printed: no recording there, meta.json incomplete or malformed, two
 * chains of one key.
 */
MUST_USE enum err_kind network_from_recording(const char *const *dirs, size_t n, bool tron_shape,
	FILE *to, struct err *e);

#endif
