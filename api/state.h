#ifndef API_STATE_H
#define API_STATE_H

#include "api/call.h"
#include "api/cells.h"
#include "ledger/fields.h"
#include "ledger/view.h"

/*
 * Answers about the state of the staking contracts at the end of a block: of one key, or a list of
 * keys page by page. A resource says which keys there are and which records a row needs; the rows
 * come from the stored records and the ledger's own view functions.
 *
 * One question, in one snapshot, gives the head, the keys, and of every record the newest row at or
 * below the block, each by a walk of one index: the cost does not depend on the height.
 */
struct state;

/** A key of the list: an id or an address. */
struct state_key {
	uint64_t n;
	struct address a;
};

struct state_kind {
	bool by_address;        /* keys are addresses, else ids */
	const char *table, *column; /* of schema ledger: where the keys of a list are */
	/** Add the records that a row of relation `keys` (column k) needs. */
	void (*ask)(struct state *s);
	/** Put the records into the order in which rows want them; may be NULL. */
	void (*sort)(struct state *s);
	/** False: the key is not there (of a list: no row). NULL: it always is. */
	bool (*there)(const struct state *s, const struct state_key *k);
	const char *absent; /* said with 404 */
	void (*row)(const struct state *s, const struct state_key *k, struct cells *out);
};

/** Everything about one key. */
void state_one(struct call *c, const struct state_kind *kind, const struct state_key *key);
void state_list(struct call *c, const struct state_kind *kind);

/** Arguments of the path; false: answered with 400. */
bool state_id(struct call *c, struct state_key *out);
bool state_address(struct call *c, struct state_key *out);

/* -------- for `ask` -------- */

/** The newest row at the block of one key. where: conditions on y, the record's table. */
void state_newest(struct state *s, enum ledger_kind kind, const char *where);

/** The same of each row of a set; where: conditions on y and j, the set's alias. */
void state_each(struct state *s, enum ledger_kind kind, const char *set, const char *where);

/**
 * The same, of a set without repeats, as a relation that later sets may select from; all columns. There
 * is `g`, the global values.
 */
void state_relation(
	struct state *s, const char *name, enum ledger_kind kind, const char *set, const char *where);

/** Records of any form; from: what follows FROM, with the record's table as x. */
void state_rows(struct state *s, enum ledger_kind kind, const char *from);

/** The block, in a set or condition. */
#define STATE_AT "(SELECT at FROM h)"

/** Set of all keys of a table that existed at the block, joined with `keys`. */
#define STATE_CREATED(table, columns, condition)                                                   \
	"SELECT " columns " FROM keys JOIN ledger." table                                          \
	" z ON z.created AND z.chain_id = $1::int8 AND " condition " AND z.block <= (SELECT at FROM h)"

/* -------- for `row` -------- */

const struct chain_conf *state_chain(const struct state *s);
const struct ledger_global *state_global(const struct state *s);

/** The record with this id (a NULL) or this first address, or NULL. */
const void *state_find(
	const struct state *s, enum ledger_kind kind, uint64_t n, const struct address *a);
size_t state_count(const struct state *s, enum ledger_kind kind);
const void *state_at(const struct state *s, enum ledger_kind kind, size_t i);
void state_sort(struct state *s, enum ledger_kind kind, int (*cmp)(const void *, const void *));
const struct address *state_signers(const struct state *s, size_t *n);

/* Cells; ok false: the contract's view function reverts, null. */
void state_u256(struct cells *out, const char *name, struct u256 v);
void state_view(struct cells *out, const char *name, bool ok, struct u256 v);
void state_u64(struct cells *out, const char *name, uint64_t v);
/** A uint256 of the contract that is small in reality: an integer. */
void state_small(struct cells *out, const char *name, struct u256 v);
void state_address_cell(
	const struct state *s, struct cells *out, const char *name, const struct address *a);

/** A cell whose value is an array or object: write it into the cells given. One at a time. */
struct cells *state_inner(const struct state *s, bool array);
void state_inner_end(const struct state *s, struct cells *out, const char *name);

#endif
