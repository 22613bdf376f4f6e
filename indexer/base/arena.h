#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A view of bytes that somebody else owns. p may be NULL when n is 0. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

/**
 * All variable data of one unit of work, freed by one call.
 *
 * Memory: arena_alloc() never returns NULL; running out of memory aborts. When more than `cap`
 * bytes are in use the arena is marked as over its cap (arena_over) and goes on; the unit of work
 * checks once, at its end, and gives up with a clear error.
 * Threads: one at a time.
 */
struct arena;

struct arena *arena_new(size_t cap_bytes);
void arena_free(struct arena *a); /* NULL is legal */

/** Forget everything allocated; keeps up to one block for reuse. */
void arena_reset(struct arena *a);

/** n bytes, aligned to 16, not cleared. n == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));

/** count * size bytes, cleared; aborts on overflow. */
void *arena_calloc(struct arena *a, size_t count, size_t size)
	__attribute__((malloc, returns_nonnull));

void *arena_dup(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull));
struct bytes arena_bytes(struct arena *a, const void *p, size_t n);

/** Bytes in use, and whether that has passed the cap since the last reset. */
size_t arena_used(const struct arena *a);
bool arena_over(const struct arena *a);

/**
 * Grow an array kept in an arena: *p holds *cap items of `size` bytes, `need` are wanted.
 * The old array is copied; it stays in the arena until the reset.
 */
void arena_grow(struct arena *a, void *p, size_t *cap, size_t need, size_t size);

#endif
