#ifndef BIN_PROGRESS_H
#define BIN_PROGRESS_H

#include "bin/chain_run.h"

/** Progress of the chain runs on stderr: a bar that is redrawn on a terminal, else a line every 10 s. */
struct progress {
	bool on, tty, drawn, finished;
	uint64_t started_ms, shown_ms;
	uint64_t first[16];      /* indexed block of each chain when it was first seen, plus one */
	unsigned lines;
};

void progress_init(struct progress *p, bool on);
void progress_show(struct progress *p, struct chain_run *const *runs, size_t n);
void progress_end(struct progress *p);

#endif
