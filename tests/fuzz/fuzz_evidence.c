/*
 * Evidence files: any text must be refused with a reason, or be read, checked without a crash, and read
 * the same from what is written for it.
 */
#include "evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_twice(const struct evidence *ev, struct arena *mem)
{
	static const struct evidence_trust nothing;
	static struct evidence_report first, second;
	struct evidence *back;
	struct buf one, two;
	struct err e;

	evidence_check(ev, &nothing, mem, &first);
	MUST(first.n && !first.anchored);
	buf_init(&one, EVIDENCE_FILE_MAX);
	buf_init(&two, EVIDENCE_FILE_MAX);
	evidence_write(&one, ev);
	MUST(!evidence_read(&back, one.p, one.n, mem, &e));
	evidence_check(back, &nothing, mem, &second);
	MUST(first.n == second.n && first.failed == second.failed);
	evidence_write(&two, back);
	MUST(one.n == two.n && !memcmp(one.p, two.p, one.n));
	buf_free(&one);
	buf_free(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_new(256u << 20);
	struct evidence *ev;
	struct err e;

	if (evidence_read(&ev, (const char *)data, size, mem, &e))
		MUST(e.kind == ERR_REJECT && e.msg[0]);
	else
		check_twice(ev, mem);
	arena_free(mem);
	return 0;
}
