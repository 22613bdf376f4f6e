#ifndef FOLD_PRINT_H
#define FOLD_PRINT_H

/* What the fold of the staking contracts says, as lines "name value"; zero values are left out. */
#include "ledger/ledger.h"
#include "ledger/view.h"

/** Entries of the canonical blocks so far, for sums. */
struct moves {
	struct move *v;
	size_t count, cap;
};
void moves_add(struct moves *m, uint64_t block, const struct ledger_outcome *out);
void moves_undo(struct moves *m, uint64_t from);

/** One line for each finding and each checkpoint of a block; a last line "; checksum". */
void print_outcome(const struct ledger *l, const struct ledger_outcome *out);

/** Records, view values, sums of entries; a last line ". checksum". */
void print_state(const struct ledger *l, const struct moves *m);

#endif
