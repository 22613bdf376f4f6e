#ifndef REPLAY_SYNTHETIC_H
#define REPLAY_SYNTHETIC_H

/*
 * Synthetic chains for benches: "synthetic:blocks=N,logs=L,...".
 */
#include <stdbool.h>

bool synthetic_is(const char *text);
/** Key that the chain is served at when none is given: "root" or "bttc". */
const char *synthetic_key(const char *text);

#endif
