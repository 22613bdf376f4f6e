#ifndef INGEST_HEAD_H
#define INGEST_HEAD_H

#include "network/network.h"
#include "source/source.h"
#include "stream/stream.h"

/** What the node says about its newest block, and the heights that follow from it. Plain value. */
struct head {
	const struct chain_conf *chain;
	bool known;
	uint64_t number, time;
	struct hash32 hash;
	bool tag_safe, tag_final; /* tags answered, newest values */
	uint64_t safe_tag, final_tag;
	bool has_final;       /* a block was called final, in this run or before */
	uint64_t final;       /* highest one; never goes down */
	uint64_t best;        /* highest number seen */
	uint64_t progress_ms; /* when the head last advanced */
	bool sent;            /* heights were published, these: */
	struct step last;
};

void head_init(struct head *h, const struct chain_conf *chain, bool has_final, uint64_t final,
	uint64_t now_ms);

/** Take the answer of a head job (with tags when it was asked for them). True: it advanced. */
bool head_take(struct head *h, const struct job *j, uint64_t now_ms);

void head_progress(struct head *h, uint64_t now_ms); /* published above all before: not stalled */

/** No progress for 20 block periods, at least 30 s. */
bool head_stalled(const struct head *h, uint64_t now_ms);

/**
 * The heights step for a published tip: safe and final by the chain's rule, never above the tip.
 * False: the same as was sent last, or no head is known. head_sent after it was published.
 */
bool head_heights(struct head *h, bool has_tip, uint64_t tip, struct step *out);
/** The block up to which the node calls its chain final, published or not; 0: none. */
uint64_t head_settled(const struct head *h);

void head_sent(struct head *h, const struct step *s);

#endif
