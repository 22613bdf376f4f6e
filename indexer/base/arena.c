/*
 * Bump allocator in a list of blocks. A block is at least BLOCK_MIN bytes and doubles with use, so
 * that a large unit of work needs few calls of malloc. reset() keeps the largest block.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN  (64u * 1024)
#define BLOCK_MAX  (4u * 1024 * 1024)
#define ALIGN      16u

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct block *top;
	size_t cap, used;
	bool over;
};

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

struct arena *arena_new(size_t cap_bytes)
{
	struct arena *a = must(calloc(1, sizeof(*a)));

	a->cap = cap_bytes;
	return a;
}

static void free_list(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_list(a->top);
	free(a);
}

void arena_reset(struct arena *a)
{
	struct block *keep = NULL;

	for (struct block *b = a->top, *next; b; b = next) {
		next = b->next;
		if (b->size <= BLOCK_MAX && (!keep || b->size > keep->size)) {
			free(keep);
			keep = b;
		} else {
			free(b);
		}
	}
	if (keep) {
#ifdef BTTC_DEBUG
		memset(keep->data, 0xa5, keep->size);
#endif
		keep->next = NULL;
		keep->used = 0;
	}
	a->top = keep;
	a->used = 0;
	a->over = false;
}

static struct block *add_block(struct arena *a, size_t n)
{
	size_t size = a->top ? a->top->size * 2 : BLOCK_MIN;
	struct block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < n)
		size = n;
	b = must(malloc(sizeof(*b) + size));
	b->size = size;
	b->used = 0;
	b->next = a->top;
	a->top = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->top;
	void *p;

	if (n > SIZE_MAX / 2)
		must(NULL);
	n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (!b || b->size - b->used < n)
		b = add_block(a, n);
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	if (a->used > a->cap)
		a->over = true;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	size_t n;
	void *p;

	if (__builtin_mul_overflow(count, size, &n))
		must(NULL);
	p = arena_alloc(a, n);
	memset(p, 0, n);
	return p;
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
	void *q = arena_alloc(a, n);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_dup(a, s, strlen(s) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	s = arena_alloc(a, (size_t)n + 1);
	s[0] = 0;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

struct bytes arena_bytes(struct arena *a, const void *p, size_t n)
{
	return (struct bytes){arena_dup(a, p, n), n};
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

bool arena_over(const struct arena *a)
{
	return a->over;
}

void arena_grow(struct arena *a, void *p, size_t *cap, size_t need, size_t size)
{
	void **array = p;
	size_t n = *cap ? *cap : 8;
	void *q;

	if (need <= *cap)
		return;
	while (n < need)
		n *= 2;
	q = arena_calloc(a, n, size);
	if (*cap)
		memcpy(q, *array, *cap * size);
	*array = q;
	*cap = n;
}
