#ifndef TESTS_LIB_RECORDING_H
#define TESTS_LIB_RECORDING_H

/*
 * Recordings and vectors for tests: files of tests/recordings and tests/vectors as the program's
 * own structs. Whatever does not read as expected ends the test program with a message: these files
 * are part of the repository.
 */
#include "base/arena.h"
#include "base/json.h"
#include "chain/types.h"

/** A whole block as recorded. Everything points into the arena given. */
struct rec_block {
	struct header h;
	struct tx *txs; /* index order; a state-sync transaction is the last and marked */
	size_t tx_count;
	struct receipt *receipts;
	size_t receipt_count;
};

/** Lines of an .ndjson.gz file, one parsed at a time. */
struct rec_lines;
struct rec_lines *rec_lines_open(const char *path); /* under tests/ */
bool rec_lines_next(struct rec_lines *l, struct jval *out);
void rec_lines_close(struct rec_lines *l);

/** Blocks of a recording ("golden", "world/root", "world/bttc") in order, with their receipts. */
struct recording;
struct recording *recording_open(const char *name);
bool recording_next(struct recording *r, struct arena *mem, struct rec_block *out);
void recording_close(struct recording *r);

/** A whole JSON file, plain or gzip; valid until rec_file_free. */
struct json_parser *rec_file(const char *path, struct jval *root);
void rec_file_free(struct json_parser *p);

/* JSON forms of nodes. `what` names the place in a failure message. */
void rec_header(struct jval v, struct arena *mem, struct header *out);
struct tx *rec_txs(struct jval array, struct arena *mem, size_t *n);
struct receipt *rec_receipts(struct jval array, struct arena *mem, size_t *n);
void rec_block(struct jval block, struct jval receipts, struct arena *mem, struct rec_block *out);

struct jval rec_get(struct jval v, const char *key);          /* must be there */
struct bytes rec_hex(struct jval v, struct arena *mem);        /* "0x..." or bare digits */
void rec_fixed(struct jval v, void *out, size_t n);            /* exactly n bytes of hex */
uint64_t rec_u64(struct jval v);                               /* "0x.." or a JSON number */
const char *rec_str(struct jval v, struct arena *mem);

#endif
