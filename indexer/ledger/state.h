#ifndef LEDGER_STATE_H
#define LEDGER_STATE_H

/* What the files of this stage share. Internal to the stage. */
#include "ledger/ledger.h"
#include "ledger/table.h"

/* ---- the state and its journal ---- */

struct journal_block {
	uint64_t number;
	size_t at;             /* of its first entry in journal.bytes */
	struct ledger_sum sum; /* before the block */
	uint64_t before;       /* newest block before it */
};

struct journal {
	char *bytes;
	size_t used, cap, first; /* entries live in [first, used) */
	struct journal_block *blocks;
	size_t block_first, block_count, block_cap; /* blocks live in [block_first, block_count) */
	uint64_t stamp;                             /* of the block in hand; never used twice */
	uint64_t window;                            /* in blocks */
	bool bounded;                               /* the oldest blocks were forgotten */
	bool signers_saved;                         /* in the block in hand */
	uint64_t floor;                             /* blocks at or below can not be undone */
};

enum contract_id {
	CONTRACT_STAKE_MANAGER,
	CONTRACT_ROOT_CHAIN,
	CONTRACT_STAKING_INFO,
	CONTRACT_TOKEN,
	CONTRACT_COUNT
};

struct dispatch;

struct ledger {
	const struct chain_conf *chain;
	struct address contracts[CONTRACT_COUNT];
	struct table tables[LEDGER_KIND_COUNT];
	struct address *signers;
	size_t signer_count, signer_cap;
	struct journal journal;
	struct ledger_sum sum;
	uint64_t block;
	struct dispatch *dispatch;
	const struct ledger_override *overrides; /* ascending by block */
	size_t override_count;
	bool partial_token; /* only transfers of our accounts are kept */
};

void state_init(struct ledger *l);

/** The record for change: found or made, saved for undo. Never NULL; its address does not move. */
void *state_edit(struct ledger *l, enum ledger_kind kind, const struct ledger_key *key);

/** The same for a record whose number is known. */
void *state_touch(struct ledger *l, enum ledger_kind kind, uint32_t i);

static inline struct ledger_key key_n(uint64_t n)
{
	return (struct ledger_key){.n = n};
}

static inline struct ledger_key key_a(const struct address *a)
{
	return (struct ledger_key){.a = *a};
}

static inline struct ledger_key key_ab(const struct address *a, const struct address *b)
{
	return (struct ledger_key){.a = *a, .b = *b};
}

struct ledger_global *edit_global(struct ledger *l);
struct ledger_validator *edit_validator(struct ledger *l, uint64_t id);
struct ledger_share *edit_share(struct ledger *l, const struct address *a);
struct ledger_position *edit_position(
	struct ledger *l, const struct ledger_share *s, const struct address *who);
struct ledger_unbond *edit_unbond(
	struct ledger *l, const struct ledger_position *p, uint64_t nonce);
struct ledger_partnership *edit_partnership(struct ledger *l, const struct address *a);
struct ledger_person *edit_person(
	struct ledger *l, const struct address *partnership, const struct address *who);

/** The list for change: saved for undo; room for `need`. */
struct address *edit_signers(struct ledger *l, size_t need);

void journal_begin(struct ledger *l, uint64_t number);
/** Close the block in hand: sums, the list of changes, and what is older than the window goes. */
void journal_end(struct ledger *l, struct arena *mem, struct ledger_outcome *out);
bool journal_undo(struct ledger *l, uint64_t from);
bool journal_any(const struct journal *j); /* a block was folded */
void journal_free(struct journal *j);
struct ledger_sum journal_hash(enum ledger_kind kind, const void *record, size_t n);

MUST_USE enum err_kind initial_read(struct ledger *l, const char *text, struct err *e);

/* ---- a block in hand ---- */

/** Which event it is: contract and name. Token approvals are left out of the fold's list. */
enum op {
	OP_OTHER,
	OP_TOKEN_TRANSFER,
	OP_NFT_TRANSFER,
	OP_SHARE_TRANSFER,
	OP_OWNER_UPDATE,
	OP_MAIN_CHECKPOINT,
	OP_SYNC_CHECKPOINT,
	OP_RESET_HEADER,
	OP_STAKED,
	OP_UNSTAKE_INIT,
	OP_UNSTAKED,
	OP_SIGNER_CHANGE,
	OP_RESTAKED,
	OP_STAKE_UPDATE,
	OP_CLAIM_REWARDS,
	OP_COMMISSION,
	OP_START_AUCTION,
	OP_CONFIRM_AUCTION,
	OP_TOP_UP_FEE,
	OP_CLAIM_FEE,
	OP_THRESHOLD,
	OP_DYNASTY,
	OP_PROPOSER_BONUS,
	OP_CHAIN_REWARD,
	OP_REWARD_PARAMS,
	OP_SHARE_MINTED,
	OP_SHARE_BURNED,
	OP_SHARE_BURNED_ID,
	OP_DELEGATOR_CLAIMED,
	OP_DELEGATOR_RESTAKED,
	OP_DELEGATOR_UNSTAKED,
	OP_DELEGATOR_UNSTAKE_ID,
	OP_PARTNERSHIP,
	OP_PROXY_UPDATED,
	OP_CONTRACT_MAP,
	OP_IGNORED, /* token approvals */
	OP_COUNT
};

struct dispatch *dispatch_new(const struct chain_conf *chain);
void dispatch_free(struct dispatch *d);
enum op dispatch_find(const struct dispatch *d, const struct event_row *row);

struct item {
	const struct log *log;
	enum op op;
	bool used;    /* a transfer that a payout was matched with */
	uint32_t row; /* of decoded->checkpoints or decoded->partnership */
};

/** A delegator's restake between its ShareMinted and its DelegatorRestaked. */
struct reinvest {
	bool open;
	uint64_t id;
	struct address user;
	struct u256 reward, bought, change;
	const struct log *log;
};

/** Rewards of a partnership that are being allocated or restaked within a transaction. */
struct allotting {
	bool open;
	struct address partnership, dust_partner;
	struct u256 amount;    /* RewardsReceived */
	struct u256 rest;      /* of it, after the parts of all but the dust partner */
	struct u256 dust_part; /* what the dust partner got */
	const struct log *log;
	struct address restaker;
	struct u256 restaked; /* RewardsRestaked: what following deposits are covered by it */
};

/** Units that moved to or from a holder in the transaction in hand and that no event explained yet. */
struct clearing {
	struct address holder;
	struct u256 balance; /* two's complement */
};

struct flow_said;
struct fold {
	struct ledger *l;
	const struct block *b;
	const struct decoded *d;
	const struct ledger_votes *votes;
	struct arena *mem;
	struct item *items;
	size_t count, at;  /* all items of the block; the one in hand */
	size_t first, end; /* items of the transaction in hand */
	struct reinvest reinvest;
	struct allotting allot;
	struct ledger_finding *findings;
	size_t finding_count, finding_cap;
	struct ledger_entry *entries;
	size_t entry_count, entry_cap;
	struct ledger_posting *postings;
	size_t posting_count, posting_cap;
	struct ledger_parameter_change *parameters;
	size_t parameter_count, parameter_cap;
	struct clearing *clearing; /* of the transaction in hand */
	size_t clearing_count, clearing_cap;
	const struct tx *call;    /* the call in hand, while no log is */
	size_t findings_before;   /* of earlier transactions */
	const struct rule_set *rules; /* of the block in hand; NULL: the default */
	struct u256 fees;         /* topped up in the transaction in hand */
	bool drained;             /* governance drained in it */
	struct flow_said *said;   /* of the transaction in hand: flow.c */
	size_t said_count, said_cap;
	bool bad; /* arithmetic that reverts was met in the event in hand */
};

/* Words of a log: topic i (1..), data word i (0..); zero when absent. */
struct u256 log_word(const struct log *g, unsigned i);
struct u256 log_topic(const struct log *g, unsigned i);
struct address log_topic_address(const struct log *g, unsigned i);
/** As an id: 2^256-1 and whatever else exceeds 64 bits is LEDGER_SINK. */
uint64_t log_topic_id(const struct log *g, unsigned i);
uint64_t u64_of(struct u256 v); /* saturating */

/** The item before or after `i` within the transaction; NULL: none. */
struct item *item_before(struct fold *f, size_t i);
struct item *item_after(struct fold *f, size_t i);

/* Arithmetic of the contracts: a result that reverts marks f->bad and gives 0. */
struct u256 safe_add(struct fold *f, struct u256 a, struct u256 b);
struct u256 safe_sub(struct fold *f, struct u256 a, struct u256 b);
struct u256 safe_mul(struct fold *f, struct u256 a, struct u256 b);
struct u256 safe_div(struct fold *f, struct u256 a, struct u256 b);

/* ---- check.c ---- */

struct finding_at {
	enum ledger_finding_kind kind;
	struct ledger_key subject;
	const struct log *log;
};
void check_equal(
	struct fold *f, const struct finding_at *at, struct u256 expected, struct u256 observed);
void check_fail(
	struct fold *f, const struct finding_at *at, struct u256 expected, struct u256 observed);
void check_u64(struct fold *f, enum ledger_finding_kind kind, uint64_t subject, uint64_t expected,
	struct u256 observed);
/** For the item in hand and a validator or another number. */
void check_value(struct fold *f, enum ledger_finding_kind kind, uint64_t subject,
	struct u256 expected, struct u256 observed);
/** A transfer from -> to of exactly that amount in this transaction, not yet used for another
 * payout. */
void check_payout(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount);

/* ---- entry.c: what moved ---- */

/** A new entry of the block, zero but for its kind and cause; valid until the next one. */
struct ledger_entry *entry_add(struct fold *f, enum ledger_entry_kind kind, const struct log *g);

/** Amounts of zero move nothing and give no entry. */
void entry_validator(struct fold *f, enum ledger_entry_kind kind, const struct ledger_validator *v,
	const struct address *to, struct u256 amount);
void entry_delegator(struct fold *f, enum ledger_entry_kind kind, uint64_t validator_id,
	const struct address *who, struct u256 amount);
/** The person as it is after the movement. */
struct ledger_entry *entry_partner(struct fold *f, enum ledger_entry_kind kind,
	const struct ledger_partnership *p, const struct ledger_person *w, struct u256 amount);
void entry_role(struct fold *f, enum ledger_entry_kind kind, const struct ledger_partnership *p,
	const char *role, const struct address *who);

/** View values of all validators before a checkpoint, and what they have grown by after it. */
struct growth;
struct growth *growth_before(struct fold *f);
struct proposal {
	uint64_t proposer; /* validator that gets the bonus */
	struct u256 bonus, reward; /* bonus included */
	uint64_t checkpoint_id;
	unsigned root_chain_id;
};
void growth_after(struct fold *f, const struct growth *before, const struct proposal *c);

/* ---- posting.c: who has what ---- */

static inline struct ledger_account account_n(enum ledger_account_kind kind, uint64_t n)
{
	return (struct ledger_account){kind, key_n(n)};
}

static inline struct ledger_account account_a(enum ledger_account_kind kind, const struct address *a)
{
	return (struct ledger_account){kind, key_a(a)};
}

static inline struct ledger_account account_ab(
	enum ledger_account_kind kind, const struct address *a, const struct address *b)
{
	return (struct ledger_account){kind, key_ab(a, b)};
}

/** Move amount; its cause is the item or call in hand. Nothing when it is zero or from is to. */
void post(struct fold *f, enum ledger_posting_kind kind, struct ledger_account from,
	struct ledger_account to, struct u256 amount);
/** The same against clearing of the StakeManager: out of it to an account, or into it from one. */
void post_out(struct fold *f, enum ledger_posting_kind kind, struct ledger_account to, struct u256 amount);
void post_in(struct fold *f, enum ledger_posting_kind kind, struct ledger_account from, struct u256 amount);
/** An account was worth `before` and is worth `after`: the reserve gives or takes. */
void post_adjusted(struct fold *f, struct ledger_account a, struct u256 before, struct u256 after);
/** A token transfer as logged. */
void post_transfer(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount);
/** A contract turns out to be a partnership: the tokens that it has are its own from here on. */
void post_adopt(struct fold *f, const struct address *partnership);
/** Whatever clearing still has is told: unsolicited, drained or unexplained. */
void post_end_tx(struct fold *f);

/* ---- parameter.c ---- */

/** Tell what differs from `before`; the cause is the item or call in hand. */
void parameters_changed(
	struct fold *f, const struct ledger_global *before, enum ledger_source source);
void parameter_chain_reward(
	struct fold *f, uint64_t chain, struct u256 before, struct u256 value, enum ledger_source source);
/** Overrides above block `after`, up to the block in hand. */
void parameters_override(struct fold *f, uint64_t after);

/* ---- explain.c ---- */

struct reward_case {
	struct ledger_global before; /* the checkpoint */
	struct u256 base, blocks, signed_stake, observed;
	uint64_t root_chain_id;
};
/** Say in a finding which parameter's other value gives the observed reward, where there is one. */
void explain_reward(const struct reward_case *c, struct ledger_finding *x);

/* ---- flow.c: partnerships seen from outside ---- */

/** Has it accounts of its own? Of an inferred partnership nobody knows what its tokens are for. */
static inline bool has_books(const struct ledger *l, const struct address *a)
{
	const struct ledger_partnership *p = ledger_partnership(l, a);

	return p && p->phase != PHASE_INFERRED;
}

/** A validator's NFT went there: a contract that is unknown so far becomes an inferred partnership. */
void flow_owner(struct fold *f, uint64_t id, const struct address *owner);
/** An inferred partnership's own event was met: what was inferred goes, its events count from here. */
void flow_adopt(struct fold *f, struct ledger_partnership *p);
void flow_transfer(
	struct fold *f, const struct address *from, const struct address *to, struct u256 amount);
/* What staking paid, and the own stake after it changed; of other accounts: nothing. */
void flow_reward(struct fold *f, const struct address *to, struct u256 amount);
void flow_principal(struct fold *f, const struct address *to, struct u256 amount);
void flow_own_stake(struct fold *f, const struct address *owner, const struct ledger_validator *v);
/** What a partnership's own event says of this transaction: received, deposited, claimed or returned. */
enum flow_side { FLOW_REWARD, FLOW_IN, FLOW_OUT };
void flow_say(struct fold *f, enum flow_side side, const struct address *partnership, struct u256 amount);
/** Compare both, unless another check of the transaction failed already. */
void flow_end_tx(struct fold *f, size_t findings_before);

/* ---- topics; each handles the item in hand ---- */

void token_transfer(struct fold *f, struct item *it);
/** The transfer right before item i, when it is one from -> StakeManager; else 0. */
struct u256 token_paid_in(struct fold *f, size_t i, const struct address *from);

/** Who takes part in a checkpoint. */
struct signing {
	struct u256 stake; /* S: of the valid signers */
	uint64_t *missed;  /* did not sign, in list order */
	uint64_t *leaving; /* signed and no longer in the list */
	uint64_t *signed_; /* all that signed, in order of the signatures */
	size_t missed_count, leaving_count, signed_count;
	size_t next; /* pointer into signers[] */
};

/** From the stated reward, as signatures in ascending order of the signers; `full`: what it would be if all
 * stake had signed. False: not clear. */
bool infer_signers(
	struct fold *f, struct ledger_vote *out, struct u256 full, struct u256 reward);

void checkpoint_event(struct fold *f, struct item *it);
/** A checkpoint of `blocks` blocks if everybody signed it; sets prevBlockInterval of g. */
struct u256 checkpoint_full_reward(
	struct fold *f, struct ledger_global *g, struct u256 base, struct u256 blocks);
void header_reset(struct fold *f, struct item *it);

void validator_event(struct fold *f, struct item *it);
void validator_settle(
	struct fold *f, struct ledger_validator *v, struct u256 current, struct u256 next);
/** update(v): settle unless the validator is leaving or has left. */
void validator_update(struct fold *f, struct ledger_validator *v);
bool signers_remove(struct ledger *l, const struct address *a);
void signers_insert(struct ledger *l, const struct address *a);

void delegator_event(struct fold *f, struct item *it);
void delegator_end_tx(struct fold *f);

void governance_event(struct fold *f, struct item *it);
/** A proxy or the registry points to other code. */
void upgrade_event(struct fold *f, struct item *it);
void governance_call(struct fold *f, const struct call_row *c);

void partnership_event(struct fold *f, struct item *it);
void partnership_call(struct fold *f, const struct call_row *c);
void partnership_end_tx(struct fold *f);
/* What validator events mean for the partnership that owns it. */
void partnership_restaked(struct fold *f, const struct ledger_validator *v, struct u256 paid_in,
	struct u256 increase);
void partnership_unstake_init(struct fold *f, const struct ledger_validator *v);
void partnership_unstaked(
	struct fold *f, uint64_t id, const struct address *user, struct u256 amount);
/* Postings of a partnership that claims, delegates and withdraws like anybody; of others: nothing. */
void partnership_paid(struct fold *f, const struct address *to, struct u256 reward);
void partnership_delegated(struct fold *f, const struct address *user, struct u256 amount);
void partnership_withdrawn(struct fold *f, const struct address *user, struct u256 amount);

#endif
