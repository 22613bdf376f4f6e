#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

/*
 * The state of the staking contracts, folded from the canonical blocks of the staking chain. Pure:
 * no I/O, no clock, no floating point. Rules: protocol.md 3, 5, 6 of the project's fact sheet.
 *
 * State is a set of records, each a plain struct that begins with its key. What the contracts store
 * is stored; what their view functions compute is in view.h. One thread at a time.
 */
#include "decode/decode.h"

/** Raised when rows that stand in the tables would come out otherwise. */
#define LEDGER_RULES 7

/** validators[2^256-1]: where credits to a retired signer go. Id 0 collects those to unknown ones.
 */
#define LEDGER_SINK UINT64_MAX

/** Kinds of records. STORED, never renumber. */
enum ledger_kind {
	LEDGER_GLOBAL = 1,
	LEDGER_SIGNERS,     /* signers[] as a whole; no struct, see ledger_signers */
	LEDGER_VALIDATOR,   /* key.n = id */
	LEDGER_SHARE,       /* key.a = contract */
	LEDGER_POSITION,    /* key.a = share contract, key.b = delegator */
	LEDGER_UNBOND,      /* as a position, key.n = nonce; 0: the legacy slot */
	LEDGER_PARTNERSHIP, /* key.a = contract */
	LEDGER_PERSON,      /* key.a = partnership, key.b = person */
	LEDGER_BALANCE,     /* key.a = account: units of the staking token */
	LEDGER_SIGNER_KEY,  /* key.a = signer key: signerToValidator */
	LEDGER_HEADER,      /* key.n = header block id: headerBlocks */
	LEDGER_ROOT_CHAIN,  /* key.n = root chain id: CHAIN_CHECKPOINT_REWARD, currentHeaderBlockId
			     */
	LEDGER_EPOCH,       /* key.n = epoch: validatorStateChanges */
	LEDGER_FLOW,        /* key.a = partnership: its tokens seen from outside */
	LEDGER_KIND_COUNT
};
const char *ledger_kind_name(enum ledger_kind kind); /* "global", "signers", ... */

struct ledger_key {
	uint64_t n;
	struct address a, b;
};

/* Records have no padding: they are compared and hashed as bytes. */

struct ledger_global {
	struct ledger_key key;
	struct u256 reward_per_stake, total_staked, total_rewards, total_rewards_liquidated;
	struct u256 total_stake; /* validatorState.amount */
	struct u256 total_heimdall_fee, min_deposit, min_heimdall_fee;
	struct u256 prev_block_interval, reward_decrease_per_checkpoint, max_rewarded_checkpoints;
	struct u256 checkpoint_reward_delta, checkpoint_block_interval, proposer_bonus;
	struct u256 withdrawal_delay, dynasty, auction_period, replacement_cool_down;
	struct u256 signer_update_limit, validator_threshold;
	struct hash32 account_state_root;
	uint64_t current_epoch;
	uint64_t staker_count; /* validatorState.stakerCount, modulo 2^64 */
	uint64_t nft_counter;
	uint64_t next_header_block;
	uint64_t delegation_enabled; /* 0 or 1 */
};

enum ledger_status { STATUS_INACTIVE, STATUS_ACTIVE, STATUS_LOCKED, STATUS_UNSTAKED };

/** validators(id), StakingInfo.validatorNonce, latestSignerUpdateEpoch, owner of the StakingNFT. */
struct ledger_validator {
	struct ledger_key key;
	struct u256 amount, reward, delegators_reward, delegated_amount, initial_reward_per_stake;
	struct u256 commission_rate;
	struct u256 auction_amount; /* open bid, 0: none */
	uint64_t activation_epoch, deactivation_epoch, jail_epoch, last_commission_update;
	uint64_t latest_signer_update_epoch, nonce;
	struct address signer, contract, owner; /* contract, owner: zero for none */
	uint32_t status;                        /* enum ledger_status */
};

/** A ValidatorShare contract. */
struct ledger_share {
	struct ledger_key key;
	struct u256 total_supply, reward_per_share, active_amount, withdraw_pool, withdraw_shares;
	uint64_t validator_id;
	uint32_t delegation, locked; /* 0 or 1 */
};

struct ledger_position {
	struct ledger_key key;
	struct u256 shares, initial_reward_per_share;
	uint64_t validator_id;
	uint64_t unbond_nonce; /* of the last sellVoucher_new */
};

/** Open while shares is not 0. */
struct ledger_unbond {
	struct ledger_key key;
	struct u256 shares;
	uint64_t withdraw_epoch;
	uint64_t validator_id;
};

/** PHASE_INFERRED: none of its events is known; everything follows from transfers and staking events. */
enum ledger_phase {
	PHASE_NONE,
	PHASE_INITIALIZED,
	PHASE_STAKED,
	PHASE_UNSTAKING,
	PHASE_CLOSED,
	PHASE_INFERRED
};

struct ledger_partnership {
	struct ledger_key key;
	struct u256 total_received, free_capital, staked_capital;
	uint64_t validator_id; /* 0 until staked */
	uint64_t next_order;   /* for ledger_person.order */
	struct address admin, operator_, dust_partner;
	uint32_t phase; /* enum ledger_phase */
	uint32_t paused, partner_count;
};

/** Somebody who is or was a partner or depositor. */
struct ledger_person {
	struct ledger_key key;
	struct u256 claimable, claimed, contributed;
	struct u256 allocated; /* all time */
	struct u256 restaked;  /* its part of restaked rewards, all time: also contributed */
	uint64_t share_bps;
	struct hash32 terms_tx; /* the transaction that set share_bps; zero: the initial state */
	uint64_t order;         /* active partners by this: the contract's list */
	uint64_t active; /* 0 or 1 */
};

struct ledger_balance {
	struct ledger_key key;
	struct u256 amount;
};

struct ledger_signer_key {
	struct ledger_key key;
	uint64_t validator_id; /* LEDGER_SINK: retired */
};

/** Present once submitted; after a reset all but the key is zero. */
struct ledger_header {
	struct ledger_key key;
	struct hash32 root;
	uint64_t start, end, created_at;
	struct address proposer;
	uint32_t present; /* 0 or 1 */
};

struct ledger_root_chain {
	struct ledger_key key;
	struct u256 reward;
	uint64_t header_id; /* currentHeaderBlockId */
	uint64_t rewarded;  /* a reward was ever set */
};

struct ledger_epoch {
	struct ledger_key key;
	struct u256 amount;    /* two's complement */
	uint64_t staker_count; /* two's complement */
};

/* ---- a block ---- */

struct ledger_change {
	enum ledger_kind kind;
	bool created;
	struct ledger_key key;
};

/** What the chain says about itself, compared with the fold. */
enum ledger_finding_kind {
	FINDING_CHECKPOINT_REWARD = 1, /* NewHeaderBlock.reward */
	FINDING_CHECKPOINT_ID,         /* NewHeaderBlock, CheckpointSyncAck: ids count */
	FINDING_CHECKPOINT_RELAYED,    /* signatures were found inside another call's data */
	FINDING_CHECKPOINT_SIGNERS,    /* signatures not known: who signed is an assumption */
	FINDING_STAKE_UPDATE,          /* StakeUpdate.newAmount */
	FINDING_CLAIM_AMOUNT,          /* ClaimRewards.amount */
	FINDING_CLAIM_TOTAL,           /* ClaimRewards.totalAmount */
	FINDING_NONCE,                 /* validator nonces count */
	FINDING_TOTAL_STAKED,          /* total of Staked, Restaked, Unstaked */
	FINDING_OWN_STAKE,             /* own stake in Restaked, Unstaked, UnstakeInit */
	FINDING_DELEGATOR_REWARD,      /* DelegatorClaimedRewards.rewards, reinvested rewards */
	FINDING_UNBOND,                /* nonce or amount of an unbond */
	FINDING_ALLOCATION,            /* floor(amount*bps/10000) plus dust */
	FINDING_TOTAL_RECEIVED,        /* RewardsReceived.totalReceived */
	FINDING_PARTNER_CLAIM,         /* RewardClaimed.amount against claimable */
	FINDING_PAYOUT,                /* a payout without its token transfer */
	FINDING_PARAMETER,             /* an event's old value */
	FINDING_BALANCE,               /* an account of ours would be negative */
	FINDING_ARITHMETIC,            /* the contract would have reverted here */
	FINDING_CHECKPOINT_INFERRED,   /* signatures not known; the reward says who signed */
	FINDING_IMPLEMENTATION,        /* an upgrade to code that no rule set names */
	FINDING_OUTFLOW,               /* tokens left an account of ours and nothing says why */
	FINDING_PARTNERSHIP_FLOW,      /* its events and its transfers differ: reward, deposits, payouts */
	FINDING_KIND_COUNT
};
const char *ledger_finding_name(enum ledger_finding_kind kind); /* "checkpoint_reward", ... */

/* ---- parameters ---- */

/** A value that governance sets. Names: those of /v1/staking; chain: of checkpoint_reward/CHAIN, else 0. */
struct ledger_parameter {
	unsigned id;
	uint64_t chain;
};
#define LEDGER_PARAMETER_NAME_MAX 64
/** False: there is no parameter of that name. */
MUST_USE bool ledger_parameter_parse(struct ledger_parameter *out, const char *name);
size_t ledger_parameter_name(char out[LEDGER_PARAMETER_NAME_MAX], struct ledger_parameter p);
/** The nearest name, for a message. */
const char *ledger_parameter_near(const char *name);
/** False: the contract could not hold that value. */
bool ledger_parameter_fits(struct ledger_parameter p, struct u256 value);

/** STORED as names. */
enum ledger_source {
	SOURCE_NETWORK_FILE,
	SOURCE_EVENT,
	SOURCE_CALL,
	SOURCE_OVERRIDE,
	SOURCE_SNAPSHOT, /* an override whose value the contract's own view function gave */
	SOURCE_COUNT
};
const char *ledger_source_name(enum ledger_source s); /* "network_file", ... */

struct ledger_parameter_change {
	struct ledger_parameter parameter;
	struct u256 before, value;
	enum ledger_source source;
	struct hash32 tx_hash; /* zero: of no transaction */
	uint32_t log_index;    /* UINT32_MAX: of no log */
	const char *reason;    /* of an override or a snapshot, else NULL; lives as long as it */
};

/** An operator's word: from the first folded block at or above `block` on, until the chain says otherwise. */
struct ledger_override {
	uint64_t block;
	struct ledger_parameter parameter;
	struct u256 value;
	enum ledger_source source; /* SOURCE_OVERRIDE or SOURCE_SNAPSHOT */
	const char *reason;        /* what the operator wrote */
};

struct ledger_finding {
	enum ledger_finding_kind kind;
	struct ledger_key
		subject; /* n: validator, chain, header or nonce; a: contract or account */
	struct u256 expected, observed;
	struct hash32 tx_hash;
	uint32_t log_index; /* UINT32_MAX: a call, not a log */
	/* Of a checkpoint's reward: a parameter that would explain it if it had this value. */
	bool explained;
	struct ledger_parameter parameter;
	struct u256 value;
};

/** What a log moved, for histories: the state has only sums. STORED, never renumber. */
enum ledger_entry_kind {
	ENTRY_CHECKPOINT = 1, /* what a checkpoint is worth and who took part */
	ENTRY_ACCRUAL,        /* growth of a validator's view values at a checkpoint */
	ENTRY_VALIDATOR_CLAIM,
	ENTRY_VALIDATOR_RESTAKE,   /* amount: the part of it that was reward */
	ENTRY_VALIDATOR_PRINCIPAL, /* stake that came back */
	ENTRY_DELEGATOR_CLAIM,
	ENTRY_DELEGATOR_RESTAKE,
	ENTRY_DELEGATOR_MIGRATION, /* stake that left for another validator */
	ENTRY_DELEGATOR_UNSTAKE,   /* stake that came back */
	ENTRY_ALLOCATION,
	ENTRY_PAYOUT,
	ENTRY_CONTRIBUTION,
	ENTRY_RETURN,
	ENTRY_ROLE_GIVEN,
	ENTRY_ROLE_TAKEN,
	ENTRY_KIND_COUNT
};

/** Members that a kind does not name are zero. */
struct ledger_entry {
	enum ledger_entry_kind kind;
	const struct log *log; /* its cause */
	uint64_t validator_id; /* of partners' entries: of the partnership, 0: none yet */
	struct address account; /* who is paid: owner, delegator, partner; who has the role */
	struct u256 amount;     /* of an accrual: own, bonus and commission included */

	/* checkpoints and accruals */
	uint64_t checkpoint_id, epoch;
	unsigned root_chain_id;
	struct u256 delegators, bonus, commission; /* of a checkpoint: bonus alone */
	struct u256 signed_stake, total_stake;
	/* Validators that signed, those of signers[] that count as not having signed, and those that
	   signed and were in signers[] no more. */
	const uint64_t *signed_ids, *missed_ids, *leaving_ids;
	size_t signed_count, missed_count, leaving_count;

	/* partners and roles */
	struct address partnership, recipient;
	const char *role; /* "admin", "operator", "partner", or the contract's own name */
	bool income;      /* of a contribution: restaked reward, no deposit */
	uint64_t share_bps;
	struct hash32 terms_tx;
	struct u256 claimable_after, claimed_after, contributed_after;
};

/*
 * Double entry: every movement of token units goes from one account to another. The balance of an
 * account is what went to it less what went from it, two's complement where it may be negative.
 * Every token in the StakeManager and in a partnership is in exactly one account of that holder, so
 * their sum is the holder's token balance. Principal and income never share an account.
 */
enum ledger_account_kind {
	ACCOUNT_OPENING = 1, /* the other side of what was there before the first block */
	ACCOUNT_WALLET,      /* a: whose tokens are not told apart; zero address: minted and burnt */
	/* In a holder: a: StakeManager or partnership. */
	ACCOUNT_CLEARING, /* moved, and not yet explained; nothing after each transaction */
	/* In the StakeManager; n: validator id. */
	ACCOUNT_RESERVE,             /* owed to nobody: what rewards are credited from; can be negative */
	ACCOUNT_DUST,                /* of credited rewards: what truncation leaves to nobody */
	ACCOUNT_FEE,                 /* totalHeimdallFee */
	ACCOUNT_STAKE,               /* n: own stake */
	ACCOUNT_BID,                 /* n: open auction bid */
	ACCOUNT_ACCRUED,             /* n: credited to the validator, not settled */
	ACCOUNT_REWARD,              /* n: settled, claimable */
	ACCOUNT_DELEGATORS_ACCRUED,  /* n: credited to its delegators, not settled */
	ACCOUNT_DELEGATORS_REWARD,   /* n: settled, not shared out */
	ACCOUNT_SHARE_REWARD,        /* a: share contract: shared out, not paid */
	ACCOUNT_DELEGATION,          /* a: share contract, b: delegator */
	ACCOUNT_UNBONDING,           /* a: share contract, b: delegator */
	/* In a partnership a. */
	ACCOUNT_FREE_CAPITAL,
	ACCOUNT_INCOME,              /* rewards that came and are not allocated */
	ACCOUNT_CLAIMABLE,           /* b: partner */
	ACCOUNT_UNSOLICITED,         /* whatever else came, less what left unexplained */
	/* Claims on a partnership's capital, free and staked: no tokens. */
	ACCOUNT_ENTRUSTED,           /* a: the other side of its partners' contributions */
	ACCOUNT_CONTRIBUTED,         /* a: partnership, b: partner */
	ACCOUNT_KIND_COUNT
};

struct ledger_account {
	enum ledger_account_kind kind;
	struct ledger_key key;
};

struct ledger;

/** Bytes that a name takes at most, the final zero included. */
#define LEDGER_ACCOUNT_NAME_MAX 128
/**
 * "stake_manager/reward/5", "partnership/0x../claimable/0x..", "wallet/0x..": all accounts of a holder, and
 * only they, begin with "stake_manager/" or "partnership/0x../". Returns its length.
 */
size_t ledger_account_name(char out[LEDGER_ACCOUNT_NAME_MAX], const struct ledger *l,
	const struct ledger_account *a);

/** Why units moved. STORED as names, never rename. */
enum ledger_posting_kind {
	POSTING_OPENING = 1,
	POSTING_TRANSFER,    /* as the token logs it */
	POSTING_CREDITED,    /* by a checkpoint */
	POSTING_COMMISSION,  /* by a checkpoint: of the delegators' part, to the validator */
	POSTING_BONUS,       /* by a checkpoint: to the proposer */
	POSTING_DUST,
	POSTING_SETTLED,
	POSTING_SHARED_OUT,  /* the delegators' reward over all shares */
	POSTING_CLAIMED,
	POSTING_RESTAKED,    /* reward that became stake */
	POSTING_STAKED,
	POSTING_UNSTAKED,    /* own stake that came back */
	POSTING_DELEGATED,
	POSTING_UNBONDED,    /* sold, waiting for its delay */
	POSTING_WITHDRAWN,   /* a delegator's stake that came back */
	POSTING_MIGRATED,    /* delegation that left for another validator, or came */
	POSTING_SHARE_TRANSFER,
	POSTING_FEE,         /* of the Delivery layer: paid in */
	POSTING_FEE_CLAIMED,
	POSTING_BID,
	POSTING_BID_REFUNDED,
	POSTING_RECEIVED,    /* a partnership's reward */
	POSTING_ALLOCATED,
	POSTING_PAID,        /* to a partner or its recipient */
	POSTING_CONTRIBUTED,
	POSTING_RETURNED,
	POSTING_UNSOLICITED, /* came, and no event says why */
	POSTING_DRAINED,     /* taken out of the StakeManager by governance */
	POSTING_UNEXPLAINED, /* left, and no event says why */
	POSTING_UNSEEN,      /* explained by transfers before its tokens were watched */
	POSTING_ADJUSTED,    /* a value that governance or an upgrade set */
	POSTING_KIND_COUNT
};
const char *ledger_posting_name(enum ledger_posting_kind kind); /* "credited", ... */

struct ledger_posting {
	enum ledger_posting_kind kind;
	struct ledger_account from, to; /* never the same */
	struct u256 amount;             /* not zero */
	struct hash32 tx_hash;          /* zero: an opening */
	uint32_t log_index;             /* UINT32_MAX: a call or an opening */
};

/**
 * Tokens of a partnership as transfers and staking events show them, all time from when it was known.
 * Of an inferred one: total_received is rewards, staked_capital its validator's own stake; persons are
 * who paid in (contributed) or was paid (claimed, order: how often), active from the second payment on.
 */
struct ledger_flow {
	struct ledger_key key;
	struct u256 rewards, principal; /* paid by staking as reward, as principal */
	struct u256 from_manager, to_manager; /* all transfers from and to the StakeManager */
	struct u256 paid_in, paid_out;        /* from and to everybody else */
	uint64_t validator_id;                /* whose NFT it got last; 0: none */
};

struct ledger_outcome {
	const struct ledger_change *changes; /* records whose bytes differ from before the block */
	size_t change_count;
	const struct ledger_finding *findings;
	size_t finding_count;
	const struct ledger_entry *entries; /* in order of their logs */
	size_t entry_count;
	const struct ledger_posting *postings; /* in the order in which units moved */
	size_t posting_count;
	const struct ledger_parameter_change *parameters;
	size_t parameter_count;
};

struct ledger_sum {
	uint64_t w[2];
};

/* ---- votes: the costly part of a checkpoint, pure, may run on another thread ---- */

/** Recovered signers of each checkpoint of a block, parallel to decoded->checkpoints. */
struct ledger_vote {
	bool known;   /* false: signatures are nowhere in the transaction */
	bool relayed; /* found inside another call's data */
	struct address
		*signers; /* in order of the signatures; zero where the contract recovers none */
	size_t count;
	bool has_account_root;
	struct hash32 account_root;
};
struct ledger_votes {
	struct ledger_vote *v;
	size_t count;
};
void ledger_recover(const struct block *b, const struct decoded *d, struct arena *mem,
	struct ledger_votes *out);

/* ---- the fold ---- */

/**
 * initial_state: JSON text in the form of the recordings' oracle records (network->initial_state);
 * NULL: everything zero. The chain must outlive the ledger.
 * Errors: ERR_FATAL the chain lacks a contract that staking needs; the text is not of that form.
 */
MUST_USE enum err_kind ledger_new(struct ledger **out, const struct chain_conf *chain,
	const char *initial_state, struct err *e);
void ledger_free(struct ledger *l); /* NULL is legal */

/**
 * The overrides in force, ascending by block; they outlive the ledger. Before the first block that they
 * could concern: those at or below the newest block folded have no effect any more.
 */
void ledger_set_overrides(struct ledger *l, const struct ledger_override *v, size_t n);

/** Parameters that governance sets (others change with every checkpoint or stake). */
bool ledger_parameter_is_set(struct ledger_parameter p);

/** All parameters as they are, with source SOURCE_NETWORK_FILE; in mem. */
void ledger_parameters(const struct ledger *l, struct arena *mem,
	const struct ledger_parameter_change **out, size_t *count);

/*
 * Going on from a saved state: after ledger_new without an initial state, before the first block,
 * give every record that ledger_at() had (any order) and the signers, then say which block they are
 * of. Blocks at or below it can not be taken back: load an older state for that.
 */
void ledger_load(struct ledger *l, enum ledger_kind kind, const void *record);
void ledger_load_signers(struct ledger *l, const struct address *signers, size_t n);
void ledger_load_end(struct ledger *l, uint64_t block);

/** What every account has in the state in hand, as postings from ACCOUNT_OPENING; in mem. */
void ledger_opening(const struct ledger *l, struct arena *mem, const struct ledger_posting **out,
	size_t *count);

struct ledger_input {
	const struct block *block;
	const struct decoded *decoded;
	const struct ledger_votes *votes; /* NULL: recovered here */
};

/**
 * Fold one canonical block. Blocks without anything kept may be left out.
 * Results live in mem. Errors: ERR_FATAL the block is not above the newest one; nothing changed.
 */
MUST_USE enum err_kind ledger_apply(struct ledger *l, const struct ledger_input *in,
	struct arena *mem, struct ledger_outcome *out, struct err *e);

/**
 * Take back every block at or above `from`, exactly.
 * Errors: ERR_FATAL when that is deeper than the chain's fork window; nothing changed.
 */
MUST_USE enum err_kind ledger_undo(struct ledger *l, uint64_t from, struct err *e);

/** A hash of the whole state, kept up to date by each block; equal states have equal sums. */
struct ledger_sum ledger_checksum(const struct ledger *l);
/** The same from all records; costs a pass over the state. */
struct ledger_sum ledger_checksum_full(const struct ledger *l);

/** The newest block folded, 0 before the first. */
uint64_t ledger_block(const struct ledger *l);

/* ---- reading; pointers are valid until the next apply or undo ---- */

const struct ledger_global *ledger_global(const struct ledger *l);
const struct address *ledger_signers(const struct ledger *l, size_t *n);
const struct ledger_validator *ledger_validator(const struct ledger *l, uint64_t id);
const struct ledger_share *ledger_share(const struct ledger *l, const struct address *contract);
/** In the share contract that the validator has now. */
const struct ledger_position *ledger_position(
	const struct ledger *l, const struct address *delegator, uint64_t id);
const struct ledger_unbond *ledger_unbond(
	const struct ledger *l, const struct address *delegator, uint64_t id, uint64_t nonce);
const struct ledger_partnership *ledger_partnership(
	const struct ledger *l, const struct address *a);
const struct ledger_person *ledger_person(
	const struct ledger *l, const struct address *partnership, const struct address *person);
struct u256 ledger_balance(const struct ledger *l, const struct address *account);
uint64_t ledger_signer_to_validator(const struct ledger *l, const struct address *key);
const struct ledger_header *ledger_header(const struct ledger *l, uint64_t id);
const struct ledger_root_chain *ledger_root_chain(const struct ledger *l, uint64_t chain);
const struct ledger_epoch *ledger_epoch(const struct ledger *l, uint64_t epoch);

/** A value that differs; names: "proposer_bonus", "checkpoint_reward/2", "validator/3/amount", "signers". */
struct ledger_difference {
	const char *name, *a, *b;          /* decimal or hex text; valid during the call */
	bool is_parameter;                 /* the name of one */
	struct ledger_parameter parameter;
	struct u256 value;                 /*   in b */
};

/**
 * What the StakeManager and its share contracts tell of themselves, in two states: tell() for each value that
 * differs. A record that one state lacks is all zeros there. Returns how many values were compared.
 */
size_t ledger_compare(const struct ledger *a, const struct ledger *b,
	void (*tell)(void *arg, const struct ledger_difference *d), void *arg);

/** Address of the StakeManager. */
const struct address *ledger_stake_manager(const struct ledger *l);

/** Any record; NULL: none. For LEDGER_SIGNERS use ledger_signers. */
const void *ledger_record(
	const struct ledger *l, enum ledger_kind kind, const struct ledger_key *key);
/** Records of a kind, in order of creation: 0 .. ledger_count()-1. */
size_t ledger_count(const struct ledger *l, enum ledger_kind kind);
const void *ledger_at(const struct ledger *l, enum ledger_kind kind, size_t i);
size_t ledger_record_size(enum ledger_kind kind);

#endif
