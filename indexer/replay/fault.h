#ifndef REPLAY_FAULT_H
#define REPLAY_FAULT_H

struct fault_set;

#endif
