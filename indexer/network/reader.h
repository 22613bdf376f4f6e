#ifndef NETWORK_READER_H
#define NETWORK_READER_H

/*
 * Reading checked values out of a JSON document: every refusal names the file and the JSON pointer.
 * Internal to the stage.
 */
#include "base/arena.h"
#include "base/err.h"
#include "chain/types.h"

struct json_t;

/** Where the reading stands. Plain value; owns nothing. */
struct reader {
	struct arena *mem; /* strings that are handed out live here */
	const char *file;
	struct err *e;     /* the first mistake; later ones are not reported */
	char at[512];      /* JSON pointer of the value in hand; cut when longer */
	size_t at_n;
};

void reader_init(struct reader *r, struct arena *mem, const char *file, struct err *e);

/** Refuse: fills *e with "file: pointer: text", ERR_FATAL. Always false. */
bool reader_fail(struct reader *r, const char *fmt, ...) PRINTF(2, 3);

/** Step into a member or item; the result is for reader_out(). */
size_t reader_in(struct reader *r, const char *key);
size_t reader_in_item(struct reader *r, size_t i);
void reader_out(struct reader *r, size_t mark);

/**
 * The value is an object whose members are among `keys` ("name! kind! note": words, "!" for a member
 * that must be there). An unknown member is refused with the nearest known one.
 */
bool reader_object(struct reader *r, const struct json_t *v, const char *keys);

/** The value is an array of at most max items. */
bool reader_array(struct reader *r, const struct json_t *v, size_t max);

/** A value itself: of this type and form, else refused. */
bool reader_text(struct reader *r, const struct json_t *v, const char **out); /* 1..1000 bytes */
bool reader_hash_value(struct reader *r, const struct json_t *v, struct hash32 *out);
bool reader_address_value(struct reader *r, const struct json_t *v, struct address *out);

/*
 * Members by key. A member that is absent leaves *out as it is and is no mistake (reader_object has
 * checked what must be there).
 */
bool reader_str(struct reader *r, const struct json_t *o, const char *key, const char **out);
bool reader_bool(struct reader *r, const struct json_t *o, const char *key, bool *out);
bool reader_hash(struct reader *r, const struct json_t *o, const char *key, struct hash32 *out);
bool reader_address(struct reader *r, const struct json_t *o, const char *key, struct address *out);

/** An integer from min to max. */
bool reader_u64(struct reader *r, const struct json_t *o, const char *key,
	const uint64_t range[2], uint64_t *out);

/** One of the words of a NULL-terminated list; *out is its index. */
bool reader_word(struct reader *r, const struct json_t *o, const char *key,
	const char *const *words, unsigned *out);

/** Text that begins with a letter and goes on with letters, digits and the characters of `more`. */
bool reader_name(struct reader *r, const char *text, const char *more, size_t max);

#endif
