#ifndef REPLAY_SLICE_H
#define REPLAY_SLICE_H

/*
 * Raw JSON text by reference. A recording is served byte for byte, so its values are found, not
 * parsed: a slice is the text of one JSON value inside a larger text that somebody else owns.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Text of one value, without surrounding space; p is NULL for "absent". */
struct slice {
	const char *p;
	size_t n;
};

/** The value that starts at text (space skipped); *used: where it ended. False: none. */
bool slice_value(struct slice *out, const char *text, size_t n, size_t *used);

/** Walk an object or array: init with its slice, then call next until false. */
struct slice_iter {
	const char *p, *end;
	bool bad; /* set when the walk ended because the text is no JSON */
};
void slice_iter(struct slice_iter *it, struct slice container);
bool slice_next(struct slice_iter *it, struct slice *item); /* array */
/** Next member of an object; the key is without its quotes. */
bool slice_member(struct slice_iter *it, struct slice *key, struct slice *value);

/** A member by name; absent slice (p NULL) when there is none. */
struct slice slice_get(struct slice object, const char *key);

bool slice_is(struct slice s, const char *text); /* the raw text is exactly this */

/** Content of a string value without escapes (hex and names have none). False otherwise. */
bool slice_str(struct slice s, const char **text, size_t *n);
bool slice_u64(struct slice s, uint64_t *out);          /* a JSON integer, or "0x..." */
bool slice_hex(struct slice s, uint8_t *out, size_t n); /* "0x" and exactly 2n digits */

#endif
