#ifndef API_CELLS_H
#define API_CELLS_H

#include "base/json.h"
#include "chain/types.h"

/*
 * One row of an answer, written once and shown in three forms: a JSON object inside a list, a line
 * of NDJSON, a line of CSV. A resource writes its row by calling cell_* in a fixed order; the CSV
 * header is the same calls with `names` set, so header and lines cannot drift apart.
 */
enum format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV };

struct cells {
	struct buf *b;
	struct jw w; /* JSON and NDJSON; in a JSON list the caller's array is open in it */
	enum format format;
	bool names; /* CSV: write the column names, not the values */
	bool first; /* CSV: no comma before the next field */
};

void cells_init(struct cells *c, enum format format, struct buf *b);

/** Around the cells of one row. */
void cells_begin(struct cells *c);
void cells_end(struct cells *c);

/* A NULL pointer is null in JSON and an empty field in CSV. Hex is 0x and lower-case digits. */
void cell_str(struct cells *c, const char *name, const char *s);
void cell_strn(struct cells *c, const char *name, const char *s, size_t n);
void cell_i64(struct cells *c, const char *name, int64_t v);
void cell_bool(struct cells *c, const char *name, bool v);
void cell_null(struct cells *c, const char *name);
void cell_hex(struct cells *c, const char *name, const void *p, size_t n);
void cell_time(struct cells *c, const char *name, int64_t unix_seconds);

/** A value that is JSON already; in CSV the text of it. NULL: null. */
void cell_json(struct cells *c, const char *name, const struct buf *json);

/**
 * An address and, where the chain is of kind tron, its sibling NAME_base58. CSV has both columns on
 * every chain, so that columns are stable. NULL and the zero address are null.
 */
void cell_address(struct cells *c, const char *name, const uint8_t *p, bool tron);

#endif
