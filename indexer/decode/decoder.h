#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

/* What the files of this stage share. Internal to the stage. */
#include "decode/decode.h"

/** Where a parameter stands in a log: topic 1..3, or a word of the data's head. at < 0: nowhere. */
struct place {
	bool topic;
	int at;
};

/** A word of which some bytes must be zero: lead of them first, tail of them last. */
struct word_check {
	struct place place;
	uint8_t lead, tail;
	bool boolean;
};

#define CHECKS_MAX 12

enum checkpoint_field { CF_PROPOSER, CF_START, CF_END, CF_ID, CF_CHAIN, CF_REWARD, CF_ROOT, CF_COUNT };

/** How to read one event of one contract. */
struct plan {
	const struct abi_event *event;
	const struct mapping_event *map; /* NULL: not in a mapping */
	const struct mapping *mapping;
	unsigned group;                  /* contracts that share their events */
	unsigned topics;                 /* topics that a log of it has */
	bool simple;                     /* only scalars: the checks below say all */
	size_t data_size;                /* bytes; simple only */
	struct word_check checks[CHECKS_MAX];
	unsigned check_count;
	struct place validator;
	enum checkpoint_kind checkpoint; /* 0: none */
	struct place checkpoint_at[CF_COUNT];
};

/** A known address. contract NULL: an empty slot. */
struct known {
	struct address address;
	const struct contract *contract;
	unsigned group;
};

struct found {
	struct address address;
	const struct contract *contract;
	uint64_t block;
};

struct decoder {
	const struct chain_conf *chain;
	struct arena *mem;      /* plans and tables that never change */
	struct plan *plans;
	size_t plan_count;
	uint32_t *plan_slots;   /* index + 1 of a plan; 0: empty */
	size_t plan_mask;
	unsigned *groups;       /* of each contract of the chain */
	struct known *slots;    /* malloc'ed, grows */
	size_t slot_mask, slot_used;
	struct found *found;    /* malloc'ed, in the order told */
	size_t found_count, found_cap;
};

/* ---- plan.c ---- */

void plan_make(struct plan *p, const struct chain_conf *chain, const struct contract *c,
	const struct abi_event *ev);

/** Does the log have the form of a simple plan's event? (topic count is checked already) */
bool plan_fits(const struct plan *p, const struct log *l);

/** Where the named parameter stands; at < 0 when there is none of that base type. */
struct place plan_place(const struct abi_event *ev, const char *name, enum abi_base base);
struct place plan_place_of(const struct abi_event *ev, size_t param);

/** The word at a place; zeros when the data is too short (not possible once the log was accepted). */
const uint8_t *plan_word(const struct log *l, struct place at);

/* ---- decoder.c ---- */

const struct known *decoder_find(const struct decoder *d, const struct address *a);

/** The plan for a log of a group. NULL and *other: the event is known with other topics. */
const struct plan *decoder_plan(const struct decoder *d, unsigned group, const struct log *l,
	const struct plan **other);

const struct abi_function *decoder_function(const struct contract *c, struct bytes input);

/* ---- checkpoint.c, partnership.c, call.c ---- */

/** False when a number of the event is out of range; *why says which. */
bool checkpoint_read(const struct decoder *d, const struct plan *p, const struct log *l,
	struct checkpoint_row *out, const char **why);

/** Add what the calldata says, where it belongs to the event without doubt. */
void checkpoint_calls(const struct decoder *d, const struct block *b, struct decoded *out);

void partnership_read(const struct plan *p, const struct log *l, struct partnership_row *out);

void call_read(const struct decoder *d, const struct tx *tx, struct call_row *out);

/** Bytes of the dynamic parameter whose offset is head word `at`; false when it does not fit. */
bool call_bytes(struct bytes args, size_t at, struct bytes *out);

/** The word as a number that fits 63 bits. */
bool word_u63(const uint8_t w[32], uint64_t *out);

#endif
