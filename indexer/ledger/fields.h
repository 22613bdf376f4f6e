#ifndef LEDGER_FIELDS_H
#define LEDGER_FIELDS_H

/*
 * What a record is made of: one table, from which the store's columns, its COPY rows and its reading
 * follow, and the API's reading. Pure.
 */
#include "ledger/ledger.h"

#include "base/buf.h"

enum field_type {
	FIELD_U64,     /* bigint, two's complement: LEDGER_SINK is -1 */
	FIELD_U32,     /* integer */
	FIELD_U256,    /* numeric(78,0) */
	FIELD_ADDRESS, /* bytea, 20 bytes; zero address: 20 zero bytes */
	FIELD_HASH     /* bytea, 32 bytes */
};

struct ledger_field {
	const char *column;
	enum field_type type;
	size_t offset;
};

/** Table ledger.NAME (ledger_kind_name). The first `keys` fields are its key beside chain_id and
 * block. */
struct ledger_fields {
	const struct ledger_field *v;
	unsigned n, keys;
};

/** Not for LEDGER_SIGNERS: its table has one bytea of addresses. */
struct ledger_fields ledger_fields(enum ledger_kind kind);

/** SQL text that gives a record of the table's alias `x` as one text, values apart by spaces. */
void ledger_fields_select(struct buf *sql, enum ledger_kind kind);

/** Read such a text into a record of the kind. False: it is not of that form. */
MUST_USE bool ledger_fields_parse(void *record, enum ledger_kind kind, const char *s, size_t n);

/** Bytes of the largest record. */
#define LEDGER_RECORD_MAX 1024

#endif
