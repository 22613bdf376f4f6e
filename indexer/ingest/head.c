/*
 * Heights. By depth: so many blocks below the node's head. By tags: what the node answers for
 * `safe` and `finalized`; where it refuses a tag, by depth. A depth of 0 means never. Only
 * published blocks are called safe or final, so a node that invents a high head can not make a fork
 * of blocks that we have not seen look final. Final never goes down: a node that reports a lower
 * one lags.
 */
#include "ingest/head.h"

void head_init(struct head *h, const struct chain_conf *chain, bool has_final, uint64_t final,
	uint64_t now_ms)
{
	*h = (struct head){
		.chain = chain, .has_final = has_final, .final = final, .progress_ms = now_ms};
}

bool head_take(struct head *h, const struct job *j, uint64_t now_ms)
{
	bool first = !h->known, advanced;

	h->known = true;
	h->number = j->head;
	h->time = j->headers[0].time;
	h->hash = j->headers[0].hash;
	if (j->has_safe) {
		h->tag_safe = true;
		h->safe_tag = j->safe;
	}
	if (j->has_final) {
		h->tag_final = true;
		h->final_tag = j->final;
	}
	advanced = first || h->number > h->best;
	if (advanced) {
		h->best = h->number;
		h->progress_ms = now_ms;
	}
	return advanced;
}

void head_progress(struct head *h, uint64_t now_ms)
{
	h->progress_ms = now_ms;
}

bool head_stalled(const struct head *h, uint64_t now_ms)
{
	uint64_t limit = h->chain->block_period_ms * 20;

	return now_ms - h->progress_ms > (limit > 30000 ? limit : 30000);
}

/* Height by tag or depth, not above the tip, not below the chain's first block. */
static bool height(const struct head *h, bool tag, uint64_t tag_value, uint64_t depth, uint64_t tip,
	uint64_t *out)
{
	uint64_t v;

	if (h->chain->finality == FINALITY_TAGS && tag)
		v = tag_value;
	else if (depth && h->number >= depth)
		v = h->number - depth;
	else
		return false;
	*out = v < tip ? v : tip;
	return *out >= h->chain->first_block;
}

uint64_t head_settled(const struct head *h)
{
	uint64_t v = 0;

	if (h->known &&
		height(h, h->tag_final, h->final_tag, h->chain->final_depth, UINT64_MAX, &v))
		return v;
	return 0;
}

bool head_heights(struct head *h, bool has_tip, uint64_t tip, struct step *out)
{
	const struct chain_conf *c = h->chain;
	uint64_t final;

	if (!h->known)
		return false;
	*out = (struct step){
		.kind = STEP_HEIGHTS, .head = h->number, .head_time = (int64_t)h->time};
	if (has_tip) {
		out->has_safe = height(h, h->tag_safe, h->safe_tag, c->safe_depth, tip, &out->safe);
		if (height(h, h->tag_final, h->final_tag, c->final_depth, tip, &final) &&
			(!h->has_final || final > h->final)) {
			h->has_final = true;
			h->final = final;
		}
	}
	out->has_final = h->has_final;
	out->final = h->final;
	if (!out->has_safe)
		out->safe = 0;
	if (out->has_final && (!out->has_safe || out->safe < out->final)) {
		out->has_safe = true;
		out->safe = out->final;
	}
	return !h->sent || out->head != h->last.head || out->head_time != h->last.head_time ||
	       out->has_safe != h->last.has_safe || out->safe != h->last.safe ||
	       out->has_final != h->last.has_final || out->final != h->last.final;
}

void head_sent(struct head *h, const struct step *s)
{
	h->sent = true;
	h->last = *s;
}
