#ifndef INGEST_BODY_H
#define INGEST_BODY_H

/*
 * One block between the node and the stream: its checked header, the logs and receipts that have
 * come in, what is still needed, and at the end the struct block that is published.
 */
#include "ingest/tally.h"
#include "ingest/watchset.h"
#include "verify/seals.h"

#define CONTRADICTIONS_MAX 50 /* refused answers in a row that end the run */

/** What the units of one chain share. */
struct ingest_conf;

struct unit_env {
	const struct ingest_conf *conf;
	const struct chain_conf *chain;
	enum header_kind kind;
	bool bloom;    /* headers have real blooms and roots (not on TRON) */
	bool with_txs; /* every block is fetched with its transactions */
	bool fees;     /* some watch is summed, not kept */
	bool prove;    /* rows are proven by receipts: headers commit to them, and it is required */
	struct source *src;
	struct watchset *ws;
	struct tally *tally;
	struct seals *seals;       /* of headers that came in */
	uint32_t branch;           /* who has the new branch, until some of it is published; 0: anybody */
	bool quorum;               /* TRON: a second endpoint is asked too */
	bool syncs;                /* BTTC: one is asked for state-sync logs */
	uint64_t mute_ms;          /*   until then nobody waits for its answers, which did not come lately */
	uint64_t sync_open;        /*   block that it said something else about; 0: none is open */
	bool others;               /*   there is one */
	bool three;                /*   and a third one where they differ */
	uint64_t disputed;         /* first block of the unit that endpoints last differed about; 0: none */
	uint64_t settled;          /* blocks up to here do not change any more, as the node says */
	unsigned receipts_running; /* receipt jobs in flight */
	bool dense; /* of late most blocks needed receipts: fetch transactions at once */
	unsigned contradictions; /* blocks that do not follow the link, since the last published */
};

struct body {
	const struct header *h;
	struct header_check check;
	const struct tx *txs; /* NULL: not fetched */
	size_t tx_count;      /* listed by the node, a state-sync transaction included */
	bool tx_count_known;
	uint32_t txs_who;     /* endpoints that txs are from (source_who) */
	bool state_sync;  /* the last one listed is the state-sync transaction */
	bool asked;       /* the node was asked for all its watched logs */
	struct log *logs; /* what is known, ascending: the node's answers, or all of the block
			     once have_receipts */
	size_t log_count;
	int8_t *status; /* by transaction index, with receipts */
	size_t status_count;
	struct block_values values; /* under the two roots, once proven */
	struct job *receipts; /* asked for */
	uint32_t receipts_who; /* endpoints that they came from */
	const char *receipts_endpoint; /*   the name of one */
	unsigned tries;       /* receipts that did not come or were refused */
	bool have_receipts;   /* they came and passed verify_receipts */
	bool proven;          /* and the header commits to them */
	bool signed_by_senders; /* body_check_senders: all kept transactions */
	bool need;            /* the rules want them: the block's level is RECEIPTS */
	bool force;   /* wanted for another reason: logs or transactions come no other way */
	bool judged;  /* need is decided for what is known now */
	bool settled; /* nothing is outstanding for the set version of the unit */
	bool agreed;  /* TRON: another endpoint says the same of all that is kept (witness.h): */
	const char *agreed_by[2]; /* names of the unit's own endpoint and the other one */
};

/**
 * First look, with header and transactions (if there) only: do the rules want receipts, whatever
 * the logs are? Sets need; and force, when transactions are missing or state-sync logs are there.
 */
void body_begin(const struct unit_env *env, struct body *b);

/**
 * Add logs of an answer (ascending). With receipts in hand only state-sync logs are added; on TRON
 * the receipts must then hold them all. Errors: ERR_REJECT.
 */
MUST_USE enum err_kind body_take_logs(const struct unit_env *env, struct body *b,
	const struct log *logs, size_t n, struct arena *mem, struct err *e);

/** Check a finished receipts job and take what is needed of it. Errors: ERR_REJECT. */
MUST_USE enum err_kind body_take_receipts(
	const struct unit_env *env, struct body *b, struct arena *mem, struct err *e);

/**
 * Roots commit to signatures, not to senders: compare those of the transactions that are kept, once the
 * body is settled. Errors: ERR_REJECT one was signed by another account; a type whose signature can not
 * be checked is none, the level then stays below RECEIPTS.
 */
MUST_USE enum err_kind body_check_senders(
	const struct unit_env *env, struct body *b, struct arena *mem, struct err *e);

/** Whose word is wrong when receipts are refused: do the transactions fit the header on their own? */
bool body_txs_hold(const struct unit_env *env, const struct body *b, struct arena *mem);

/** Is what becomes of it a matter of its status too: a call of a contract that is accounted for? */
bool body_candidate(const struct unit_env *env, const struct body *b, const struct tx *tx);

/** Equal in everything but what the header says of both. */
bool body_same_log(const struct log *a, const struct log *b);

/** With the logs complete for the set: decide whether receipts are needed; sets need and settled.
 */
void body_judge(const struct unit_env *env, struct body *b);

/** The block as published, in mem and the unit's jobs. linked: its parent was compared. */
void body_finish(const struct unit_env *env, struct body *b, bool linked, struct arena *mem,
	struct block *out);

#endif
