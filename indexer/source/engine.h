#ifndef SOURCE_ENGINE_H
#define SOURCE_ENGINE_H

/*
 * What the parts of a source share. A *job* (source.h) consists of *calls*, one JSON-RPC request
 * each. schedule.c groups waiting calls into *transfers*, one HTTP request each, and picks an
 * *endpoint*; rpc.c sends, reads and hands every answer back to the job of its call.
 *
 *   job_*.c  what is asked, what an answer means     schedule.c  which call goes where, when
 *   rpc.c    one HTTP request with its answers       endpoint.c  health, budget, what a node can do
 */
#include "base/backoff.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "source/dialect.h"
#include "source/error_class.h"
#include "source/parse.h"
#include "source/source.h"

#include <stdatomic.h>

#define ENDPOINTS_MAX 32
#define LATER         UINT64_MAX /* a time that does not come by itself */

enum method {
	M_CHAIN_ID,
	M_BLOCK_NUMBER,
	M_TAG,   /* eth_getBlockByNumber(tag) */
	M_BLOCK, /* eth_getBlockByNumber(number) */
	M_BLOCK_BY_HASH,
	M_LOGS,
	M_BOR_LOGS,          /* eth_getBorBlockLogs */
	M_RECEIPTS,          /* eth_getBlockReceipts */
	M_RECEIPTS_BY_BLOCK, /* eth_getTransactionReceiptsByBlock */
	M_RECEIPT,           /* eth_getTransactionReceipt */
	M_CODE,
	M_CALL,
	M_COUNT
};
const char *method_name(enum method m);

enum tag { TAG_LATEST, TAG_SAFE, TAG_FINAL };

enum call_state { CALL_WAITING, CALL_SENT, CALL_DONE };

struct job_run;
struct endpoint;

/** One JSON-RPC request of a job. Lives in the job's arena. */
struct call {
	struct call *next; /* in the job's list of waiting calls */
	struct job_run *job;
	enum method method;
	enum call_state state;
	bool any_receipts; /* method is what the endpoint can do: chosen when it is sent */
	bool by_hash;      /* names a block by hash instead of numbers */
	bool full;         /* blocks with transactions */
	enum tag tag;      /* M_TAG */
	unsigned absent;   /* how often the answer was "not there" */
	unsigned broken;   /* how often the answer broke the grammar */
	unsigned refused;  /* how often it was refused in a row */
	uint32_t slot;     /* which block, filter or transaction of the job it is for */
	uint64_t from, to;
	struct hash32 hash; /* of a block or a transaction */
	struct address address;
	struct bytes data;  /* M_CALL: calldata */
	const char *filter; /* JSON members of a log filter, ready made */
	size_t filter_len;
	uint64_t ready_ms;           /* not before */
	uint64_t id;                 /* while it is sent */
	const struct endpoint *last; /* who failed it */
};

/** Behaviour of a kind of job. */
struct job_kind {
	const char *name;
	/*
	 * An answer (never a JSON-RPC error). ERR_NONE: taken. ERR_AGAIN: not there (yet), ask
	 * again. ERR_REJECT: it breaks the grammar, ask another.
	 */
	enum err_kind (*answer)(struct call *c, struct endpoint *ep, struct jval v, struct err *e);
	/*
	 * A refusal. True: dealt with, the call is waiting with another question, or done. False:
	 * the general rule applies. May be NULL.
	 */
	bool (*refused)(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e);
	/*
	 * The endpoint gives receipts one by one only: replace the call by one for each
	 * transaction. False: not possible yet. May be NULL: not possible at all.
	 */
	bool (*one_by_one)(struct call *c);
	/* No endpoint has the method: ask in another way. False: there is none. May be NULL. */
	bool (*nobody)(struct call *c);
	/* All calls are done. ERR_NONE ends the job, unless calls are waiting again. May be NULL.
	 */
	enum err_kind (*finish)(struct job_run *j, struct err *e);
	bool together; /* calls of several such jobs may share a batch */
};

/** A job with what the engine needs of it; source.h shows the first member. */
struct job_run {
	struct job pub;
	const struct job_kind *kind;
	struct source *s;
	struct job_run *next, **link;
	struct call *waiting, **waiting_end;
	size_t left;         /* calls not done */
	size_t in_flight;    /* calls in transfers */
	uint64_t trouble_ms; /* first failure since the last progress; 0: none */
	uint64_t from, to;
	bool full;
	uint32_t used;  /* endpoints that answered, by bit */
	uint32_t avoid; /* endpoints that must not be asked */
	uint32_t only;  /* endpoints that are asked as long as one of them can be; 0: any */
	bool alone;     /* one endpoint has to answer all of it: */
	struct endpoint *pinned; /* that one, once chosen */
	void *own;      /* the kind's data */
};

enum endpoint_state {
	EP_UNCHECKED, /* its chain id has to be asked */
	EP_OK,
	EP_WRONG_CHAIN,
};
enum trouble { TROUBLE_NONE, TROUBLE_LIMITED, TROUBLE_DOWN };

struct endpoint {
	struct source *s;
	unsigned index;
	char name[128];
	char *url;
	char *header; /* of every request; NULL: none. Secret. */
	bool loopback;
	enum endpoint_state state;
	enum trouble trouble;
	struct backoff backoff;
	uint64_t not_before; /* ms */
	uint64_t checked_us;
	unsigned in_flight;
	bool controlling;    /* a check or a probe is under way */
	unsigned failures;   /* in a row */
	uint64_t failing_ms; /* when the first of them was */
	uint64_t latency_us; /* moving average; 0: not known */
	unsigned health;     /* 0..1024, moving average of successes */
	unsigned doubts;     /* answers that did not hold */
	uint64_t doubted_ms; /* others are asked first until then */
	uint64_t tokens_ms;  /* rate budget: thousandths of requests */
	uint64_t tokens_at;
	/* what the node can do */
	unsigned batch; /* members in one batch now */
	unsigned batch_ceiling;
	unsigned batch_streak; /* successes at this size */
	uint64_t span;         /* blocks in one eth_getLogs now */
	uint64_t span_ceiling; /* refused above */
	uint64_t span_known;   /* widest taken since the last refusal at the ceiling */
	unsigned span_streak, span_patience;
	uint32_t lacks;    /* methods, by bit */
	uint64_t lacks_ms; /* since when */
	bool no_safe, no_final;
	bool receipts_by_number;
	uint32_t said;          /* log lines that come once, by bit */
	const char *told;       /* by endpoint_say_once */
	uint64_t head, head_ms; /* newest block it spoke of, and when */
	uint64_t cost[M_COUNT]; /* bytes of an answer for one block, moving average */
	/* for any thread */
	_Atomic int shown; /* index of the state's name */
	_Atomic uint64_t requests, errors, bytes;
	_Atomic unsigned latency_ms;
	struct metric_series *m_requests[M_COUNT], *m_errors[RPC_CLASS_COUNT];
	struct metric_series *m_retries, *m_bytes, *m_sent, *m_seconds, *m_repeats, *m_doubts;
	struct metric_series *m_in_flight, *m_batch, *m_usable;
};

struct transfer;

struct source {
	const struct chain_conf *chain;
	const struct dialect *dialect;
	struct source_conf conf;
	struct endpoint *ep[ENDPOINTS_MAX];
	size_t ep_count;
	void *multi; /* CURLM */
	struct transfer *idle, *active;
	struct json_parser *json;
	struct buf text; /* scratch */
	struct job_run *jobs, **jobs_end;
	size_t finished; /* jobs that ended since the last return of source_poll */
	uint64_t next_id;
	uint64_t wake_ms; /* when schedule has something to do again */
	uint64_t random;
	struct err trouble; /* of the endpoint that failed last */
};

/* ---- endpoint.c */
MUST_USE enum err_kind endpoint_open(
	struct endpoint **out, struct source *s, unsigned index, const char *url, struct err *e);
void endpoint_close(struct endpoint *ep);

/** What a call needs of an endpoint. */
struct need {
	enum method method;
	bool any_receipts;
	uint32_t avoid;
	uint64_t head; /* rather one that has this block */
	const struct endpoint *last;
};

struct choice {
	struct endpoint *ep; /* the best that may be asked now, or NULL */
	uint64_t wake;       /* NULL: when to try again; LATER: when a transfer ends */
	bool stuck;          /* NULL: all are in trouble, not only busy */
};
struct choice endpoint_pick(struct source *s, const struct need *n, uint64_t now);
/** Can any endpoint ever answer it? Fills e (ERR_AGAIN, ERR_FATAL) when none can. */
MUST_USE enum err_kind endpoint_any(struct source *s, const struct need *n, struct err *e);

/** Newest block that one of the least doubted endpoints spoke of lately; 0: none. */
uint64_t endpoint_head(const struct source *s, uint64_t now);

bool endpoint_lacks(const struct endpoint *ep, enum method m, bool any_receipts);
enum method endpoint_receipts_method(const struct endpoint *ep);
unsigned endpoint_tokens(struct endpoint *ep, uint64_t now); /* requests that may be sent now */
void endpoint_spend(struct endpoint *ep, unsigned requests);

void endpoint_succeeded(struct endpoint *ep, uint64_t us);
/** A failure of the endpoint itself. retry_after_ms: 0 when the answer named none. */
void endpoint_failed(
	struct endpoint *ep, enum rpc_class why, uint64_t retry_after_ms, const struct err *e);
void endpoint_count(struct endpoint *ep, enum rpc_class why); /* errors by class */
void endpoint_wrong_chain(struct endpoint *ep, uint64_t chain_id);
void endpoint_batch_refused(struct endpoint *ep, unsigned asked, const struct err *e);
void endpoint_batch_taken(struct endpoint *ep, unsigned n);
void endpoint_span_refused(struct endpoint *ep, uint64_t asked, uint64_t hint);
void endpoint_span_taken(struct endpoint *ep, uint64_t width);
void endpoint_lack(struct endpoint *ep, enum method m);
void endpoint_review(struct endpoint *ep, uint64_t now); /* what it lacked may be there by now */
void endpoint_say_once(struct endpoint *ep, const char *what); /* a static text */
void endpoint_saw_head(struct endpoint *ep, uint64_t head, bool exact);
void endpoint_weigh(struct endpoint *ep, const struct call *c, uint64_t blocks, uint64_t bytes);
uint64_t endpoint_cost(
	const struct endpoint *ep, const struct call *c); /* of one block; 0: unknown */
uint64_t source_head_seen(const struct source *s);        /* highest of all endpoints */

/* ---- method.c */
/** The call's request object, with id. */
void method_write(struct buf *b, const struct call *c, const struct endpoint *ep);
/** JSON members address and topics of a filter, for reuse. */
void method_filter(struct buf *b, const struct log_filter *f);

/* ---- rpc.c */
enum control { CONTROL_NONE, CONTROL_CHECK, CONTROL_PROBE };
MUST_USE enum err_kind rpc_open(struct source *s, struct err *e);
void rpc_close(struct source *s);
/** Send calls to an endpoint; guard: with the head number in front, in the same batch. */
void rpc_send(struct endpoint *ep, struct call **calls, size_t n, bool guard);
/** Ask for the chain id (CHECK) or the head (PROBE) of an endpoint. */
void rpc_control(struct endpoint *ep, enum control what);
/** Take in what arrived. Returns how many transfers ended. */
size_t rpc_work(struct source *s);
/** Wait for network, stop or time. */
void rpc_wait(struct source *s, unsigned ms);
void rpc_cancel(struct job_run *j);

/* ---- schedule.c */
/** Send what can be sent now; sets wake_ms. */
void schedule(struct source *s, uint64_t now);

/* ---- job.c */
struct job_run *job_new(struct source *s, const struct job_kind *kind, bool first);
struct call *job_call(struct job_run *j, enum method m); /* added behind the waiting ones */
void job_wait(struct call *c, uint64_t ready_ms);        /* back to the waiting ones, in front */
void job_done(struct call *c);
void job_answer(struct call *c, struct endpoint *ep, struct jval v);
/** e: what to say when the job fails of it. */
void job_refusal(struct call *c, struct endpoint *ep, enum rpc_class why, const struct err *e);
void job_settle(struct job_run *j); /* end it when nothing is left */
void job_fail(struct job_run *j, const struct err *e);
void job_trouble(struct job_run *j, const struct err *e, uint64_t now);
void job_expire(struct source *s, uint64_t now);
/** A parser of answers into the job's arena. */
struct parse job_parse(struct job_run *j, struct err *e);
/** Between half of it and all of it. */
uint64_t job_jitter(struct source *s, uint64_t ms);

#endif
