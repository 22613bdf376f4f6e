#ifndef REPLAY_SYNTH_H
#define REPLAY_SYNTH_H

/*
 * Content of a synthetic chain. Blocks repeat in classes: block n is of class n mod classes, which
 * fixes address and topics of its logs and so its bloom; data, transactions and all roots are its
 * own.
 */
#include "replay/body.h"

#include "chain/header.h"

enum { SYNTH_PRODUCERS = 7, SYNTH_SENDERS = 16, SYNTH_INPUT = 4 + 64 };

struct synth_spec {
	bool bttc;
	uint64_t blocks, logs, per_tx, every, seed, step, time, chain_id, head, period_ms;
};

/** What is kept of a transaction. */
struct synth_tx {
	struct hash32 hash;
	uint8_t sig[64];
	uint8_t recid;
};

/** What is kept of a block. */
struct synth_block {
	struct hash32 hash, tx_root, receipts_root;
	uint32_t time;       /* seconds after the genesis block */
	uint32_t difficulty; /* total */
};

struct synth {
	struct body body; /* first */
	struct synth_spec spec;
	uint64_t txs; /* of a block that has any */
	uint64_t classes;
	struct rec_log *logs;       /* [classes][spec.logs], text empty */
	uint8_t (*bloom)[256];      /* [classes] */
	uint8_t (*tx_bloom)[256];   /* [classes][txs] */
	struct synth_block *blocks; /* [0..spec.blocks] */
	struct synth_tx *tx;        /* [active block][txs] */
	uint8_t (*seal)[65];        /* bttc: [0..spec.blocks] */
	uint8_t secret[SYNTH_SENDERS][32];
	struct address sender[SYNTH_SENDERS];
	uint8_t producer_secret[SYNTH_PRODUCERS][32]; /* in address order */
	struct producer producers[SYNTH_PRODUCERS];
	struct lookup *by_hash, *by_tx;
};

/** 64 well mixed bits of the seed and two numbers. */
uint64_t synth_mix(const struct synth *s, uint64_t a, uint64_t b);

static inline bool synth_active(const struct synth *s, uint64_t n)
{
	return n && n % s->spec.every == 0 && s->spec.logs;
}

static inline uint64_t synth_class(const struct synth *s, uint64_t n)
{
	return n / s->spec.every % s->classes;
}

static inline const struct synth_tx *synth_tx_of(const struct synth *s, uint64_t n, uint64_t i)
{
	return &s->tx[(n / s->spec.every - 1) * s->txs + i];
}

static inline uint64_t synth_tx_logs(const struct synth *s, uint64_t i)
{
	uint64_t left = s->spec.logs - i * s->spec.per_tx;

	return left < s->spec.per_tx ? left : s->spec.per_tx;
}

/** Data of log i of block n: 32 bytes, or none (returns 0). */
size_t synth_data(const struct synth *s, uint64_t n, uint64_t i, uint8_t out[32]);

#define SYNTH_GAS(logs) (30000 + 20000 * (logs))

/** Transaction i of block n without hash and signature; input is the caller's buffer. */
void synth_tx(
	const struct synth *s, uint64_t n, uint64_t i, struct tx *tx, uint8_t input[SYNTH_INPUT]);

/** Header of block n but for its hash; extra: buffer of 97 + 40 * SYNTH_PRODUCERS bytes. */
void synth_header(const struct synth *s, uint64_t n, struct header *h, uint8_t *extra);

/** Fill everything from spec. */
void synth_build(struct synth *s);
void synth_clear(struct synth *s);

#endif
